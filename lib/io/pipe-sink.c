/* SPDX-License-Identifier: LGPL-2.1-or-later */

/* Thread: WORKER, which lets no SIGPIPE through. */

#include "config.h"

#include "io/pipe-sink.h"

#include <errno.h>
#include <string.h>
#include <sys/socket.h>
#include <sys/uio.h>
#include <termios.h>
#include <unistd.h>

#include "io/pipe-size.h"
#include "trace/trace.h"

#define MAX_PIECES_PER_WRITE 64
#define MAX_WRITES_PER_EVENT 4

#define MAX_READS_AT_SHUTDOWN 16

#define DEFAULT_EOF_CHARACTER 4 /* ^D */

void
pipe_sink_init (PipeSink     *self,
                Worker       *worker,
                int           fd,
                PipeSinkFunc  func,
                gpointer      func_data)
{
  *self = (PipeSink){ .worker = worker, .fd = fd, .func = func, .func_data = func_data };
  g_queue_init (&self->queue);
}

gboolean
pipe_sink_is_open (const PipeSink *self)
{
  return self->fd >= 0;
}

void
pipe_sink_close (PipeSink *self)
{
  g_queue_clear_full (&self->queue, (GDestroyNotify) g_bytes_unref);
  self->head_offset = 0;
  self->unsent = 0;
  self->blocked_since = 0;
  if (self->fd < 0)
    return;

  trace_step_pipe (TRACE_EOF, self->trace_number, STDIN_FILENO, self->error_number);
  /* Before the close, see event-queue.h. */
  event_queue_remove (worker_get_event_queue (self->worker), &self->watch);
  close (self->fd);
  self->fd = -1;
  if (self->grown)
    pipe_size_release ();
  self->grown = FALSE;
}

static void
lose (PipeSink *self,
      int       error_number)
{
  self->error_number = error_number;
  pipe_sink_close (self);
  self->func (self, self->func_data);
}

static guint
fill_pieces (PipeSink     *self,
             struct iovec *pieces,
             gsize        *ret_length)
{
  guint n_pieces = 0;
  gsize offset = self->head_offset;
  gsize total = 0;

  for (GList *link = self->queue.head; link != NULL && n_pieces < MAX_PIECES_PER_WRITE;
       link = link->next)
    {
      gsize length;
      const guint8 *data = g_bytes_get_data (link->data, &length);

      pieces[n_pieces].iov_base = (void *) (data + offset);
      pieces[n_pieces].iov_len = length - offset;
      total += length - offset;
      offset = 0;
      n_pieces++;
    }

  *ret_length = total;
  return n_pieces;
}

static void
drop_sent (PipeSink *self,
           gsize     sent)
{
  self->unsent -= sent;
  self->head_offset += sent;
  while (!g_queue_is_empty (&self->queue) &&
         self->head_offset >= g_bytes_get_size (g_queue_peek_head (&self->queue)))
    {
      GBytes *done = g_queue_pop_head (&self->queue);

      self->head_offset -= g_bytes_get_size (done);
      g_bytes_unref (done);
    }
}

/* One write of @length bytes in all. How many were sent; -1 when there is no room, or the pipe is
 * lost.
 */
static gssize
write_pieces (PipeSink           *self,
              const struct iovec *pieces,
              guint               n_pieces,
              gsize               length)
{
  HeldSigpipe held;
  gssize sent;
  int error_number;

  worker_hold_sigpipe (self->worker, &held);
  do
    sent = writev (self->fd, pieces, (int) n_pieces);
  while (sent < 0 && errno == EINTR);
  error_number = errno;
  worker_release_sigpipe (&held, sent < 0 && error_number == EPIPE);

  if (sent < 0 && error_number == EAGAIN)
    return -1;
  if (sent < 0)
    {
      /* EIO is a terminal's word for a reader that has gone. */
      lose (self, self->kind == PIPE_KIND_TERMINAL && error_number == EIO ? EPIPE : error_number);
      return -1;
    }

  if (!self->grown && !self->fixed_size && length > PIPE_FULL_READ && (gsize) sent < length)
    self->grown = pipe_size_grow (self->fd);
  if (G_UNLIKELY (self->n_sent == 0))
    trace_step_pipe (TRACE_FIRST_INPUT, self->trace_number, STDIN_FILENO, sent);
  trace_log_pipe (TRACE_WRITTEN, self->trace_number, STDIN_FILENO, sent);
  self->n_sent += (guint64) sent;
  return sent;
}

/* Whether another write is worth trying. */
static gboolean
write_once (PipeSink *self)
{
  struct iovec pieces[MAX_PIECES_PER_WRITE];
  gsize length;
  guint n_pieces = fill_pieces (self, pieces, &length);
  gssize sent = write_pieces (self, pieces, n_pieces, length);

  if (sent < 0)
    return FALSE;

  drop_sent (self, (gsize) sent);
  return !g_queue_is_empty (&self->queue);
}

gsize
pipe_sink_write (PipeSink     *self,
                 const guint8 *data,
                 gsize         length)
{
  struct iovec piece = { .iov_base = (void *) data, .iov_len = length };
  gssize sent;

  g_return_val_if_fail (pipe_sink_is_open (self) && g_queue_is_empty (&self->queue), 0);

  sent = write_pieces (self, &piece, 1, length);
  return sent < 0 ? 0 : (gsize) sent;
}

static void writable_in_worker (EventWatch *watch,
                                EventMask   events);

/* An open sink is always watched: while it has nothing to send only for the loss of its reader,
 * which is then an error event that ends the watch.
 */
static void
watch_for (PipeSink  *self,
           EventMask  wanted)
{
  EventQueue *events = worker_get_event_queue (self->worker);

  if (self->watch.slot != 0)
    event_queue_modify (events, &self->watch, wanted);
  else if (!event_queue_add (events, &self->watch, self->fd, wanted, writable_in_worker))
    lose (self, errno);
}

/* A program that reads in raw mode gets the character itself; most take it for the end, too, and
 * would take a second one for more.
 */
static void
queue_eof_characters (PipeSink *self)
{
  struct termios modes;
  guint8 characters[2] = { DEFAULT_EOF_CHARACTER, DEFAULT_EOF_CHARACTER };
  gsize n_characters = self->in_line ? 2 : 1;
  GBytes *bytes;

  if (tcgetattr (self->fd, &modes) == 0)
    {
      memset (characters, modes.c_cc[VEOF], sizeof characters);
      if ((modes.c_lflag & ICANON) == 0)
        n_characters = 1;
    }

  bytes = g_bytes_new (characters, n_characters);
  pipe_sink_queue (self, bytes);
  g_bytes_unref (bytes);
  self->eof_characters = TRUE;
}

/* What the child may have written to its stdin is read by nobody, and would turn the end into an
 * error on its side.
 */
static void
shut_socket (PipeSink *self)
{
  shutdown (self->fd, SHUT_WR);
  for (guint i = 0; i < MAX_READS_AT_SHUTDOWN; i++)
    {
      if (recv (self->fd, worker_get_scratch (self->worker), WORKER_SCRATCH_SIZE,
                MSG_DONTWAIT) <= 0)
        break;
    }
}

void
pipe_sink_flush (PipeSink *self)
{
  gsize unsent_before;
  guint n_writes = 0;

  if (!pipe_sink_is_open (self))
    return;

  if (self->eof_queued && self->kind == PIPE_KIND_TERMINAL && !self->eof_characters)
    queue_eof_characters (self);
  unsent_before = self->unsent;

  while (!g_queue_is_empty (&self->queue) && n_writes++ < MAX_WRITES_PER_EVENT && write_once (self))
    ;

  if (!pipe_sink_is_open (self))
    return;
  if (g_queue_is_empty (&self->queue))
    self->blocked_since = 0;
  else if (self->unsent < unsent_before || self->blocked_since == 0)
    self->blocked_since = g_get_monotonic_time ();
  if (!g_queue_is_empty (&self->queue))
    {
      watch_for (self, EVENT_OUT);
      if (pipe_sink_is_open (self) && self->unsent < unsent_before)
        self->func (self, self->func_data);
    }
  else if (self->eof_queued)
    {
      if (self->kind == PIPE_KIND_SOCKET)
        shut_socket (self);
      pipe_sink_close (self);
      self->func (self, self->func_data);
    }
  else
    {
      watch_for (self, 0);
      if (pipe_sink_is_open (self))
        self->func (self, self->func_data);
    }
}

static void
writable_in_worker (EventWatch *watch,
                    EventMask   events)
{
  PipeSink *self = (PipeSink *) watch;

  if ((events & (EVENT_ERROR | EVENT_HANG_UP)) != 0)
    lose (self, EPIPE);
  else
    pipe_sink_flush (self);
}

void
pipe_sink_queue (PipeSink *self,
                 GBytes   *bytes)
{
  if (!pipe_sink_is_open (self) || g_bytes_get_size (bytes) == 0)
    return;

  g_queue_push_tail (&self->queue, g_bytes_ref (bytes));
  self->unsent += g_bytes_get_size (bytes);
  if (self->kind == PIPE_KIND_TERMINAL)
    {
      gsize length;
      const char *data = g_bytes_get_data (bytes, &length);

      self->in_line = data[length - 1] != '\n';
    }
}

void
pipe_sink_queue_eof (PipeSink *self)
{
  self->eof_queued = TRUE;
}

void
pipe_sink_copy_unsent (PipeSink *self)
{
  for (GList *link = self->queue.head; link != NULL; link = link->next)
    {
      gsize length;
      const guint8 *data = g_bytes_get_data (link->data, &length);
      GBytes *copy = g_bytes_new (data + self->head_offset, length - self->head_offset);

      g_bytes_unref (link->data);
      link->data = copy;
      self->head_offset = 0;
    }
}
