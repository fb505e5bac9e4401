/* SPDX-License-Identifier: LGPL-2.1-or-later */

/* Thread: WORKER. */

#include "config.h"

#include "io/pipe-source.h"

#include <errno.h>
#include <poll.h>
#include <sys/ioctl.h>
#include <unistd.h>

#include "io/pipe-size.h"
#include "trace/trace.h"

/* So that one child that writes for ever leaves the worker time for others. */
#define MAX_READS_PER_EVENT 4

/* After so many reads in a row that found the pipe full it is worth growing. */
#define GROW_AFTER_FULL_READS 3

void
pipe_source_init (PipeSource *self,
                  Worker     *worker,
                  int         fd)
{
  *self = (PipeSource){ .worker = worker, .fd = fd };
}

gboolean
pipe_source_is_open (const PipeSource *self)
{
  return self->fd >= 0;
}

gboolean
pipe_source_is_reading (const PipeSource *self)
{
  return self->watch.slot != 0;
}

guint64
pipe_source_count_arrived (const PipeSource *self)
{
  int n_unread = 0;

  if (self->fd < 0 || ioctl (self->fd, FIONREAD, &n_unread) < 0)
    return self->n_read;
  return self->n_read + (guint64) n_unread;
}

static void
note_size_of_read (PipeSource *self,
                   gssize      length)
{
  if (length < PIPE_FULL_READ)
    {
      self->n_full_reads = 0;
      return;
    }

  self->n_full_reads++;
  if (self->n_full_reads == GROW_AFTER_FULL_READS && !self->grown && !self->fixed_size)
    self->grown = pipe_size_grow (self->fd);
}

static void
end (PipeSource *self,
     int         error_number)
{
  trace_step_pipe (TRACE_EOF, self->trace_number, self->trace_stdio, error_number);
  pipe_source_close (self);
  self->consumer->ended (self->consumer_data, error_number);
}

gssize
pipe_source_read (PipeSource *self,
                  guint8     *room,
                  gsize       size)
{
  gssize length;

  do
    length = read (self->fd, room, MIN (size, WORKER_SCRATCH_SIZE));
  while (length < 0 && errno == EINTR);

  if (length < 0 && errno == EAGAIN)
    return -1;
  if (length <= 0)
    {
      /* What the master of a terminal says when nobody has the other side open. */
      gboolean is_end = length == 0 || (self->kind == PIPE_KIND_TERMINAL && errno == EIO);

      end (self, is_end ? 0 : errno);
      return -1;
    }

  if (G_UNLIKELY (self->n_read == 0))
    trace_step_pipe (TRACE_FIRST_OUTPUT, self->trace_number, self->trace_stdio, length);
  trace_log_pipe (TRACE_READ, self->trace_number, self->trace_stdio, length);
  self->n_read += (guint64) length;
  note_size_of_read (self, length);
  return length;
}

/* One read. Whether another one is worth trying. */
static gboolean
read_once (PipeSource *self,
           gboolean    writers_gone)
{
  gsize size = 0;
  guint8 *room = self->consumer->reserve (self->consumer_data, &size);
  gssize length;

  if (room == NULL)
    {
      room = worker_get_scratch (self->worker);
      size = WORKER_SCRATCH_SIZE;
    }

  length = pipe_source_read (self, room, size);
  if (length < 0)
    return FALSE;

  if (!self->consumer->take (self->consumer_data, room, (gsize) length))
    {
      if (pipe_source_is_open (self))
        end (self, errno);
      return FALSE;
    }

  /* A small read has most likely emptied the pipe; if it did not, the event queue says so. */
  return pipe_source_is_reading (self) && (writers_gone || length >= PIPE_FULL_READ);
}

static void
readable_in_worker (EventWatch *watch,
                    EventMask   events)
{
  PipeSource *self = (PipeSource *) watch;

  for (guint i = 0; i < MAX_READS_PER_EVENT; i++)
    {
      if (!read_once (self, (events & EVENT_HANG_UP) != 0))
        break;
    }
}

void
pipe_source_start (PipeSource         *self,
                   const PipeConsumer *consumer,
                   gpointer            consumer_data)
{
  g_return_if_fail (worker_is_current (self->worker));
  g_return_if_fail (pipe_source_is_open (self) && !pipe_source_is_reading (self));

  self->consumer = consumer;
  self->consumer_data = consumer_data;
  if (!event_queue_add (worker_get_event_queue (self->worker), &self->watch, self->fd, EVENT_IN,
                        readable_in_worker))
    end (self, errno);
}

void
pipe_source_drain (PipeSource *self,
                   guint       n_most)
{
  for (guint i = 0; i < n_most && pipe_source_is_reading (self); i++)
    {
      if (!read_once (self, TRUE))
        break;
    }
}

void
pipe_source_end_if_empty (PipeSource *self)
{
  struct pollfd poll_fd = { .fd = self->fd, .events = POLLIN };

  if (!pipe_source_is_open (self) || pipe_source_is_reading (self))
    return;

  /* A hang-up comes for good, so that what is counted after it is all there will ever be. */
  if (poll (&poll_fd, 1, 0) > 0 && (poll_fd.revents & POLLHUP) != 0 &&
      pipe_source_count_arrived (self) == self->n_read)
    end (self, 0);
}

void
pipe_source_stop (PipeSource *self)
{
  event_queue_remove (worker_get_event_queue (self->worker), &self->watch);
}

void
pipe_source_close (PipeSource *self)
{
  if (self->fd < 0)
    return;

  /* Before the close, see event-queue.h. */
  event_queue_remove (worker_get_event_queue (self->worker), &self->watch);
  close (self->fd);
  self->fd = -1;
  if (self->grown)
    pipe_size_release ();
  self->grown = FALSE;
}
