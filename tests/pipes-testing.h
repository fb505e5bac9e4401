/* For tests of our ends of a child's pipes, without a child: the test has the other end.
 *
 * SPDX-License-Identifier: LGPL-2.1-or-later
 */

#pragma once

#include "io/pipe-sink.h"
#include "io/pipe-source.h"

#include <fcntl.h>
#include <stdatomic.h>

#include "test-leaks.h"
#include "worker-testing.h"

#define KIB 1024

static inline void
make_pipe (int *our_end,
           int *their_end,
           int  ours)
{
  int fds[2];

  g_assert_cmpint (pipe2 (fds, O_CLOEXEC), ==, 0);
  g_assert_cmpint (fcntl (fds[ours], F_SETFL, O_NONBLOCK), ==, 0);
  *our_end = fds[ours];
  *their_end = fds[1 - ours];
}

/* No two places look alike. */
static inline guint8
byte_at (gsize position)
{
  return (guint8) (((guint32) position * 2654435761u) >> 24);
}

static inline void
fill (guint8 *data,
      gsize   position,
      gsize   length)
{
  for (gsize i = 0; i < length; i++)
    data[i] = byte_at (position + i);
}

static inline void
check_bytes (const guint8 *data,
             gsize         position,
             gsize         length)
{
  for (gsize i = 0; i < length; i++)
    g_assert_cmpint (data[i], ==, byte_at (position + i));
}

static inline GBytes *
bytes_at (gsize position,
          gsize length)
{
  guint8 *data = g_malloc (length);

  fill (data, position, length);
  return g_bytes_new_take (data, length);
}

static inline void
write_all (int   fd,
           gsize position,
           gsize length)
{
  guint8 data[4096];

  while (length > 0)
    {
      gsize piece = MIN (length, sizeof data);
      gssize written;

      fill (data, position, piece);
      written = write (fd, data, piece);
      g_assert_cmpint (written, >, 0);
      position += (gsize) written;
      length -= (gsize) written;
    }
}

/* ---- the source */

typedef struct
{
  PipeSource source;
  Worker *worker;
  int fd;
  guint8 *room; /* what reserve gives, or NULL */
  gsize room_size;
  gboolean refuse; /* the next bytes, with ENOMEM */
  gboolean stop_after_take;
  gboolean close_after_take;

  /* atomic, for the test's thread */
  atomic_size_t n_taken;
  atomic_int n_takes;
  atomic_int n_ended;
  atomic_int error_number;
} Reader;

static inline guint8 *
reader_reserve (gpointer  consumer,
                gsize    *ret_size)
{
  Reader *self = consumer;

  g_assert_true (worker_is_current (self->worker));
  *ret_size = self->room_size;
  return self->room;
}

static inline gboolean
reader_take (gpointer      consumer,
             const guint8 *data,
             gsize         length)
{
  Reader *self = consumer;

  g_assert_true (worker_is_current (self->worker));
  g_assert_cmpuint (length, >, 0);
  g_assert_cmpint (atomic_load (&self->n_ended), ==, 0);
  g_assert_true (self->room == NULL || data == self->room);
  g_assert_cmpuint (length, <=, self->room != NULL ? self->room_size : WORKER_SCRATCH_SIZE);
  if (self->refuse)
    {
      errno = ENOMEM;
      return FALSE;
    }

  check_bytes (data, atomic_load (&self->n_taken), length);
  if (self->stop_after_take)
    pipe_source_stop (&self->source);
  if (self->close_after_take)
    pipe_source_close (&self->source);
  atomic_fetch_add (&self->n_taken, length);
  atomic_fetch_add (&self->n_takes, 1);
  return TRUE;
}

static inline void
reader_ended (gpointer consumer,
              int      error_number)
{
  Reader *self = consumer;

  g_assert_true (worker_is_current (self->worker));
  g_assert_false (pipe_source_is_open (&self->source));
  g_assert_false (pipe_source_is_reading (&self->source));
  atomic_store (&self->error_number, error_number);
  g_assert_cmpint (atomic_fetch_add (&self->n_ended, 1), ==, 0);
}

static const PipeConsumer reader_consumer = {
  .reserve = reader_reserve,
  .take = reader_take,
  .ended = reader_ended,
};

static inline void
reader_init (Reader *self,
             int     fd)
{
  *self = (Reader){ .worker = pick_worker (), .fd = fd };
  pipe_source_init (&self->source, self->worker, fd);
}

static inline void
start_reader (gpointer data)
{
  Reader *self = data;

  pipe_source_start (&self->source, &reader_consumer, self);
}

static inline void
stop_reader (gpointer data)
{
  Reader *self = data;

  pipe_source_stop (&self->source);
  pipe_source_stop (&self->source);
  g_assert_true (pipe_source_is_open (&self->source));
  g_assert_false (pipe_source_is_reading (&self->source));
}

static inline void
drain_reader (gpointer data)
{
  pipe_source_drain (&((Reader *) data)->source, PIPE_SOURCE_ALL);
}

static inline void
close_reader (gpointer data)
{
  Reader *self = data;

  pipe_source_close (&self->source);
  pipe_source_close (&self->source);
  g_assert_false (pipe_source_is_open (&self->source));
}

static inline void
do_nothing (gpointer data)
{
}

static inline void
await_taken (Reader *reader,
             gsize   length)
{
  while (atomic_load (&reader->n_taken) < length)
    g_thread_yield ();
}

static inline void
await_ended (Reader *reader)
{
  while (atomic_load (&reader->n_ended) == 0)
    g_thread_yield ();
}

/* ---- the sink */

typedef struct
{
  PipeSink sink;
  Worker *worker;
  GBytes *bytes;
  gsize length;      /* of all that was queued */
  gsize last_unsent; /* what the last call saw */

  /* atomic, for the test's thread */
  atomic_int n_calls; /* with nothing left to send */
  atomic_int n_ended; /* of these: with the sink closed */
} Writer;

static inline void
writer_changed (PipeSink *sink,
                gpointer  data)
{
  Writer *self = data;
  gboolean ended;

  g_assert_true (sink == &self->sink);
  g_assert_true (worker_is_current (self->worker));
  g_assert_cmpint (g_queue_is_empty (&sink->queue), ==, sink->unsent == 0);

  /* In between it tells that something was sent. */
  if (sink->unsent > 0)
    {
      g_assert_true (pipe_sink_is_open (sink));
      g_assert_cmpuint (sink->unsent, <, self->last_unsent);
      self->last_unsent = sink->unsent;
      return;
    }
  self->last_unsent = G_MAXSIZE;
  g_assert_cmpint (atomic_load (&self->n_ended), ==, 0);
  ended = !pipe_sink_is_open (sink);
  atomic_fetch_add (&self->n_calls, 1);
  /* The last that is done with it. */
  if (ended)
    atomic_fetch_add (&self->n_ended, 1);
}

static inline void
writer_init (Writer *self,
             int     fd)
{
  *self = (Writer){ .worker = pick_worker (), .last_unsent = G_MAXSIZE };
  pipe_sink_init (&self->sink, self->worker, fd, writer_changed, self);
}

static inline void
queue_and_flush (gpointer data)
{
  Writer *self = data;

  pipe_sink_queue (&self->sink, self->bytes);
  pipe_sink_flush (&self->sink);
}

static inline void
queue_eof_and_flush (gpointer data)
{
  Writer *self = data;

  pipe_sink_queue_eof (&self->sink);
  pipe_sink_flush (&self->sink);
}

static inline void
close_writer (gpointer data)
{
  Writer *self = data;

  pipe_sink_close (&self->sink);
  pipe_sink_close (&self->sink);
  g_assert_false (pipe_sink_is_open (&self->sink));
}

static inline void
await_calls (Writer *writer,
             int     n_calls)
{
  while (atomic_load (&writer->n_calls) < n_calls)
    g_thread_yield ();
  g_assert_cmpint (atomic_load (&writer->n_calls), ==, n_calls);
}

/* How often it was called before depends on who was faster. */
static inline void
await_writer_ended (Writer *writer)
{
  while (atomic_load (&writer->n_ended) == 0)
    g_thread_yield ();
}

/* Reads to the end and checks it; how much it was. */
static inline gsize
read_to_end (int   fd,
             gsize position)
{
  guint8 data[5000];
  gsize total = 0;

  for (;;)
    {
      gssize length = read (fd, data, sizeof data);

      g_assert_cmpint (length, >=, 0);
      if (length == 0)
        return total;
      check_bytes (data, position + total, (gsize) length);
      total += (gsize) length;
    }
}
