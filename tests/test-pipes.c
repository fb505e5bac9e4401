/* Our ends of a child's pipes, without a child: the test has the other end.
 *
 * SPDX-License-Identifier: LGPL-2.1-or-later
 */

#include "config.h"

#include "io/pipe-sink.h"
#include "io/pipe-source.h"

#include <fcntl.h>
#include <poll.h>
#include <stdatomic.h>
#include <sys/socket.h>

#include "base/base-thread.h"
#include "io/pipe-size.h"

#include "test-leaks.h"
#include "worker-testing.h"

#define KIB 1024

static void
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
static guint8
byte_at (gsize position)
{
  return (guint8) (((guint32) position * 2654435761u) >> 24);
}

static void
fill (guint8 *data,
      gsize   position,
      gsize   length)
{
  for (gsize i = 0; i < length; i++)
    data[i] = byte_at (position + i);
}

static void
check_bytes (const guint8 *data,
             gsize         position,
             gsize         length)
{
  for (gsize i = 0; i < length; i++)
    g_assert_cmpint (data[i], ==, byte_at (position + i));
}

static GBytes *
bytes_at (gsize position,
          gsize length)
{
  guint8 *data = g_malloc (length);

  fill (data, position, length);
  return g_bytes_new_take (data, length);
}

static void
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

static guint8 *
reader_reserve (gpointer  consumer,
                gsize    *ret_size)
{
  Reader *self = consumer;

  g_assert_true (worker_is_current (self->worker));
  *ret_size = self->room_size;
  return self->room;
}

static gboolean
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

static void
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

static void
reader_init (Reader *self,
             int     fd)
{
  *self = (Reader){ .worker = pick_worker (), .fd = fd };
  pipe_source_init (&self->source, self->worker, fd);
}

static void
start_reader (gpointer data)
{
  Reader *self = data;

  pipe_source_start (&self->source, &reader_consumer, self);
}

static void
stop_reader (gpointer data)
{
  Reader *self = data;

  pipe_source_stop (&self->source);
  pipe_source_stop (&self->source);
  g_assert_true (pipe_source_is_open (&self->source));
  g_assert_false (pipe_source_is_reading (&self->source));
}

static void
drain_reader (gpointer data)
{
  pipe_source_drain (&((Reader *) data)->source);
}

static void
close_reader (gpointer data)
{
  Reader *self = data;

  pipe_source_close (&self->source);
  pipe_source_close (&self->source);
  g_assert_false (pipe_source_is_open (&self->source));
}

static void
do_nothing (gpointer data)
{
}

static void
await_taken (Reader *reader,
             gsize   length)
{
  while (atomic_load (&reader->n_taken) < length)
    g_thread_yield ();
}

static void
await_ended (Reader *reader)
{
  while (atomic_load (&reader->n_ended) == 0)
    g_thread_yield ();
}

static void
test_source_order_and_end (void)
{
  gsize length = scaled (32 * 1024) * KIB;
  Reader reader;
  int ours;
  int theirs;

  make_pipe (&ours, &theirs, 0);
  reader_init (&reader, ours);
  call_in_worker (reader.worker, start_reader, &reader);
  write_all (theirs, 0, length);
  await_taken (&reader, length);
  g_assert_cmpint (atomic_load (&reader.n_ended), ==, 0);
  close (theirs);
  await_ended (&reader);
  g_assert_cmpint (atomic_load (&reader.error_number), ==, 0);
  g_assert_cmpuint (atomic_load (&reader.n_taken), ==, length);
  call_in_worker (reader.worker, close_reader, &reader);
}

/* Into the consumer's own memory, of any size. */
static void
test_source_reserved (void)
{
  static const gsize sizes[] = { 1, 100, 65536, 600 * KIB };

  for (guint i = 0; i < G_N_ELEMENTS (sizes); i++)
    {
      gsize length = MIN (scaled (2048) * KIB, sizes[i] * 5000);
      Reader reader;
      int ours;
      int theirs;

      make_pipe (&ours, &theirs, 0);
      reader_init (&reader, ours);
      reader.room_size = sizes[i];
      reader.room = g_malloc (reader.room_size);
      call_in_worker (reader.worker, start_reader, &reader);
      write_all (theirs, 0, length);
      close (theirs);
      await_ended (&reader);
      g_assert_cmpuint (atomic_load (&reader.n_taken), ==, length);
      g_free (reader.room);
    }
}

/* The end is found behind bytes that came before the start, and without any bytes. */
static void
test_source_end_at_start (void)
{
  for (gsize length = 0; length <= 3000; length += 1000)
    {
      Reader reader;
      int ours;
      int theirs;

      make_pipe (&ours, &theirs, 0);
      write_all (theirs, 0, length);
      close (theirs);
      reader_init (&reader, ours);
      call_in_worker (reader.worker, start_reader, &reader);
      await_ended (&reader);
      g_assert_cmpuint (atomic_load (&reader.n_taken), ==, length);
    }
}

static void
test_source_stop_and_start (void)
{
  Reader reader;
  gsize length = 0;
  int ours;
  int theirs;
  guint n_rounds = scaled (300);

  make_pipe (&ours, &theirs, 0);
  reader_init (&reader, ours);
  for (guint round = 0; round < n_rounds; round++)
    {
      gsize before = atomic_load (&reader.n_taken);

      write_all (theirs, length, 1000);
      length += 1000;
      call_in_worker (reader.worker, do_nothing, NULL);
      g_assert_cmpuint (atomic_load (&reader.n_taken), ==, before);

      call_in_worker (reader.worker, start_reader, &reader);
      await_taken (&reader, length);
      call_in_worker (reader.worker, stop_reader, &reader);
    }

  /* What is written while nobody reads stays, and so does the end. */
  write_all (theirs, length, 10);
  close (theirs);
  call_in_worker (reader.worker, do_nothing, NULL);
  g_assert_cmpint (atomic_load (&reader.n_ended), ==, 0);
  call_in_worker (reader.worker, start_reader, &reader);
  await_ended (&reader);
  g_assert_cmpuint (atomic_load (&reader.n_taken), ==, length + 10);
}

/* The consumer stops or closes the source while it is handed bytes. */
static void
test_source_stopped_by_consumer (void)
{
  Reader reader;
  int ours;
  int theirs;

  make_pipe (&ours, &theirs, 0);
  reader_init (&reader, ours);
  reader.room_size = 100;
  reader.room = g_malloc (reader.room_size);
  reader.stop_after_take = TRUE;
  write_all (theirs, 0, 300);
  close (theirs);

  for (gsize expected = 100; expected <= 300; expected += 100)
    {
      call_in_worker (reader.worker, start_reader, &reader);
      await_taken (&reader, expected);
      call_in_worker (reader.worker, do_nothing, NULL);
      g_assert_cmpuint (atomic_load (&reader.n_taken), ==, expected);
      g_assert_cmpint (atomic_load (&reader.n_ended), ==, 0);
    }
  call_in_worker (reader.worker, start_reader, &reader);
  await_ended (&reader);
  g_free (reader.room);

  make_pipe (&ours, &theirs, 0);
  reader_init (&reader, ours);
  reader.close_after_take = TRUE;
  write_all (theirs, 0, 300);
  call_in_worker (reader.worker, start_reader, &reader);
  await_taken (&reader, 300);
  call_in_worker (reader.worker, do_nothing, NULL);
  g_assert_cmpint (atomic_load (&reader.n_ended), ==, 0);
  g_assert_false (pipe_source_is_open (&reader.source));
  close (theirs);
}

static void
test_source_refused (void)
{
  Reader reader;
  int ours;
  int theirs;

  make_pipe (&ours, &theirs, 0);
  reader_init (&reader, ours);
  reader.refuse = TRUE;
  call_in_worker (reader.worker, start_reader, &reader);
  write_all (theirs, 0, 10);
  await_ended (&reader);
  g_assert_cmpint (atomic_load (&reader.error_number), ==, ENOMEM);
  close (theirs);
}

/* Not a pipe that anybody can wait for. */
static void
test_source_unwatchable (void)
{
  g_autofree char *path = NULL;
  int fd = g_file_open_tmp ("proctor-pipes-XXXXXX", &path, NULL);
  Reader reader;

  g_assert_cmpint (fd, >=, 0);
  unlink (path);
  if (g_strcmp0 (g_getenv ("PROCTOR_EVENT_QUEUE"), "poll") == 0)
    {
      close (fd);
      return;
    }

  reader_init (&reader, fd);
  call_in_worker (reader.worker, start_reader, &reader);
  g_assert_cmpint (atomic_load (&reader.n_ended), ==, 1);
  g_assert_cmpint (atomic_load (&reader.error_number), ==, EPERM);
}

static void
write_and_drain (gpointer data)
{
  Reader *self = data;
  gsize length = 60000;
  int theirs = self->fd;

  pipe_source_start (&self->source, &reader_consumer, self);
  write_all (theirs, 0, length);
  pipe_source_drain (&self->source);
  g_assert_cmpuint (atomic_load (&self->n_taken), ==, length);
  pipe_source_drain (&self->source);
  g_assert_cmpint (atomic_load (&self->n_ended), ==, 0);

  write_all (theirs, length, 5);
  close (theirs);
  pipe_source_drain (&self->source);
  g_assert_cmpuint (atomic_load (&self->n_taken), ==, length + 5);
  g_assert_cmpint (atomic_load (&self->n_ended), ==, 1);
  pipe_source_drain (&self->source);
}

/* Takes all that is there without an event, and comes back when there is no more, with the writer
 * alive.
 */
static void
test_source_drain (void)
{
  Reader reader;
  int ours;
  int theirs;

  make_pipe (&ours, &theirs, 0);
  reader_init (&reader, ours);
  reader.fd = theirs;
  call_in_worker (reader.worker, write_and_drain, &reader);

  /* Nothing to drain in one that does not read. */
  make_pipe (&ours, &theirs, 0);
  reader_init (&reader, ours);
  write_all (theirs, 0, 10);
  call_in_worker (reader.worker, drain_reader, &reader);
  g_assert_cmpuint (atomic_load (&reader.n_taken), ==, 0);
  call_in_worker (reader.worker, close_reader, &reader);
  close (theirs);
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

static void
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

static void
writer_init (Writer *self,
             int     fd)
{
  *self = (Writer){ .worker = pick_worker (), .last_unsent = G_MAXSIZE };
  pipe_sink_init (&self->sink, self->worker, fd, writer_changed, self);
}

static void
queue_and_flush (gpointer data)
{
  Writer *self = data;

  pipe_sink_queue (&self->sink, self->bytes);
  pipe_sink_flush (&self->sink);
}

static void
queue_eof_and_flush (gpointer data)
{
  Writer *self = data;

  pipe_sink_queue_eof (&self->sink);
  pipe_sink_flush (&self->sink);
}

static void
close_writer (gpointer data)
{
  Writer *self = data;

  pipe_sink_close (&self->sink);
  pipe_sink_close (&self->sink);
  g_assert_false (pipe_sink_is_open (&self->sink));
}

static void
await_calls (Writer *writer,
             int     n_calls)
{
  while (atomic_load (&writer->n_calls) < n_calls)
    g_thread_yield ();
  g_assert_cmpint (atomic_load (&writer->n_calls), ==, n_calls);
}

/* How often it was called before depends on who was faster. */
static void
await_writer_ended (Writer *writer)
{
  while (atomic_load (&writer->n_ended) == 0)
    g_thread_yield ();
}

/* Reads to the end and checks it; how much it was. */
static gsize
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

static void
test_sink_order_and_end (void)
{
  gsize length = scaled (32 * 1024) * KIB;
  Writer writer;
  int ours;
  int theirs;

  make_pipe (&ours, &theirs, 1);
  writer_init (&writer, ours);
  writer.bytes = bytes_at (0, length);
  call_in_worker (writer.worker, queue_and_flush, &writer);
  call_in_worker (writer.worker, queue_eof_and_flush, &writer);
  g_assert_cmpuint (read_to_end (theirs, 0), ==, length);
  await_writer_ended (&writer);
  g_assert_cmpint (writer.sink.error_number, ==, 0);
  g_bytes_unref (writer.bytes);
  close (theirs);
}

static void
queue_many (gpointer data)
{
  Writer *self = data;
  gsize position = 0;

  for (guint i = 0; i < 3000; i++)
    {
      gsize length = i % 7 == 0 ? 0 : i % 300;
      g_autoptr(GBytes) bytes = bytes_at (position, length);

      pipe_sink_queue (&self->sink, bytes);
      position += length;
    }
  self->length = position;
  g_assert_cmpuint (self->sink.unsent, ==, position);
  pipe_sink_queue_eof (&self->sink);
  pipe_sink_flush (&self->sink);
}

static void
test_sink_many_pieces (void)
{
  Writer writer;
  int ours;
  int theirs;

  make_pipe (&ours, &theirs, 1);
  writer_init (&writer, ours);
  call_in_worker (writer.worker, queue_many, &writer);
  g_assert_cmpuint (read_to_end (theirs, 0), ==, writer.length);
  await_calls (&writer, 1);
  await_writer_ended (&writer);
  close (theirs);
}

/* A socket takes a part of a piece now and then. */
static void
test_sink_socket (void)
{
  gsize length = scaled (4096) * KIB;
  Writer writer;
  int fds[2];

  g_assert_cmpint (socketpair (AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0, fds), ==, 0);
  g_assert_cmpint (fcntl (fds[0], F_SETFL, O_NONBLOCK), ==, 0);
  writer_init (&writer, fds[0]);
  writer.bytes = bytes_at (0, length);
  call_in_worker (writer.worker, queue_and_flush, &writer);
  call_in_worker (writer.worker, queue_eof_and_flush, &writer);
  g_assert_cmpuint (read_to_end (fds[1], 0), ==, length);
  await_writer_ended (&writer);
  g_bytes_unref (writer.bytes);
  close (fds[1]);
}

/* The function is called each time that all is sent, and when the reader goes, without a write. */
static void
test_sink_loss_while_idle (void)
{
  Writer writer;
  guint8 byte;
  int ours;
  int theirs;

  make_pipe (&ours, &theirs, 1);
  writer_init (&writer, ours);
  writer.bytes = bytes_at (0, 1);
  for (int i = 1; i <= 3; i++)
    {
      call_in_worker (writer.worker, queue_and_flush, &writer);
      await_calls (&writer, i);
      g_assert_cmpint (atomic_load (&writer.n_ended), ==, 0);
      g_assert_cmpint (read (theirs, &byte, 1), ==, 1);
    }

  close (theirs);
  await_calls (&writer, 4);
  await_writer_ended (&writer);
  g_assert_cmpint (writer.sink.error_number, ==, EPIPE);

  /* And is not called again. */
  call_in_worker (writer.worker, queue_and_flush, &writer);
  call_in_worker (writer.worker, queue_eof_and_flush, &writer);
  g_assert_cmpint (atomic_load (&writer.n_calls), ==, 4);
  call_in_worker (writer.worker, close_writer, &writer);
  g_bytes_unref (writer.bytes);
}

static void
test_sink_loss_while_full (void)
{
  Writer writer;
  int ours;
  int theirs;

  make_pipe (&ours, &theirs, 1);
  writer_init (&writer, ours);
  writer.bytes = bytes_at (0, 4096 * KIB);
  call_in_worker (writer.worker, queue_and_flush, &writer);
  g_assert_cmpint (atomic_load (&writer.n_calls), ==, 0);
  close (theirs);
  await_calls (&writer, 1);
  await_writer_ended (&writer);
  g_assert_cmpint (writer.sink.error_number, ==, EPIPE);
  g_bytes_unref (writer.bytes);
}

/* The reader is gone before the first write, and the signal reaches nobody. */
static void
test_sink_loss_at_write (void)
{
  Writer writer;
  int ours;
  int theirs;

  make_pipe (&ours, &theirs, 1);
  close (theirs);
  writer_init (&writer, ours);
  writer.bytes = bytes_at (0, 10);
  call_in_worker (writer.worker, queue_and_flush, &writer);
  await_calls (&writer, 1);
  await_writer_ended (&writer);
  g_assert_cmpint (writer.sink.error_number, ==, EPIPE);
  g_bytes_unref (writer.bytes);
}

static void
queue_eof_only (gpointer data)
{
  Writer *self = data;

  pipe_sink_queue_eof (&self->sink);
  pipe_sink_flush (&self->sink);
  g_assert_false (pipe_sink_is_open (&self->sink));
}

static void
test_sink_end_at_start (void)
{
  Writer writer;
  int ours;
  int theirs;

  make_pipe (&ours, &theirs, 1);
  writer_init (&writer, ours);
  call_in_worker (writer.worker, queue_eof_only, &writer);
  g_assert_cmpuint (read_to_end (theirs, 0), ==, 0);
  await_calls (&writer, 1);
  await_writer_ended (&writer);
  close (theirs);

  writer_init (&writer, -1);
  call_in_worker (writer.worker, queue_eof_and_flush, &writer);
  call_in_worker (writer.worker, close_writer, &writer);
  g_assert_cmpint (atomic_load (&writer.n_calls), ==, 0);
}

static void
note_freed (gpointer data)
{
  atomic_store ((atomic_int *) data, TRUE);
}

static void
copy_unsent (gpointer data)
{
  pipe_sink_copy_unsent (&((Writer *) data)->sink);
}

/* A part is sent when the rest is copied; the caller's memory is free then, and no byte is sent
 * twice or lost.
 */
static void
test_sink_copy_unsent (void)
{
  static guint8 data[1024 * KIB];
  gsize length = sizeof data;
  atomic_int freed = FALSE;
  Writer writer;
  int ours;
  int theirs;

  fill (data, 0, length);
  make_pipe (&ours, &theirs, 1);
  writer_init (&writer, ours);
  writer.bytes = g_bytes_new_with_free_func (data, length, note_freed, &freed);
  call_in_worker (writer.worker, queue_and_flush, &writer);
  g_bytes_unref (writer.bytes);
  g_assert_false (atomic_load (&freed));

  call_in_worker (writer.worker, copy_unsent, &writer);
  g_assert_true (atomic_load (&freed));
  memset (data, 0, length);
  call_in_worker (writer.worker, copy_unsent, &writer);
  call_in_worker (writer.worker, queue_eof_and_flush, &writer);
  g_assert_cmpuint (read_to_end (theirs, 0), ==, length);
  await_writer_ended (&writer);
  close (theirs);
}

/* What was queued is given up, without a call. */
static void
test_sink_close (void)
{
  Writer writer;
  int ours;
  int theirs;

  make_pipe (&ours, &theirs, 1);
  writer_init (&writer, ours);
  writer.bytes = bytes_at (0, 1024 * KIB);
  call_in_worker (writer.worker, queue_and_flush, &writer);
  call_in_worker (writer.worker, close_writer, &writer);
  g_assert_cmpuint (read_to_end (theirs, 0), <, 1024 * KIB);
  g_assert_cmpint (atomic_load (&writer.n_calls), ==, 0);
  g_bytes_unref (writer.bytes);
  close (theirs);
}

/* ---- both, through each other */

static void
test_through_each_other (void)
{
  enum { N_PAIRS = 16 };
  gsize length = scaled (2048) * KIB;
  g_autofree Writer *writers = g_new0 (Writer, N_PAIRS);
  g_autofree Reader *readers = g_new0 (Reader, N_PAIRS);
  g_autoptr(GBytes) bytes = bytes_at (0, length);

  for (guint i = 0; i < N_PAIRS; i++)
    {
      int fds[2];

      g_assert_cmpint (pipe2 (fds, O_CLOEXEC | O_NONBLOCK), ==, 0);
      reader_init (&readers[i], fds[0]);
      writer_init (&writers[i], fds[1]);
      writers[i].bytes = bytes;
      call_in_worker (readers[i].worker, start_reader, &readers[i]);
      call_in_worker (writers[i].worker, queue_and_flush, &writers[i]);
      call_in_worker (writers[i].worker, queue_eof_and_flush, &writers[i]);
    }
  for (guint i = 0; i < N_PAIRS; i++)
    {
      await_ended (&readers[i]);
      await_writer_ended (&writers[i]);
      g_assert_cmpuint (atomic_load (&readers[i].n_taken), ==, length);
      g_assert_cmpint (atomic_load (&readers[i].error_number), ==, 0);
    }
}

/* ---- the budget for large pipes */

static void
test_grow (void)
{
  int fds[70][2];
  guint n_grown = 0;

  for (guint i = 0; i < G_N_ELEMENTS (fds); i++)
    {
      int before;

      g_assert_cmpint (pipe2 (fds[i], O_CLOEXEC), ==, 0);
      before = fcntl (fds[i][0], F_GETPIPE_SZ);
      if (pipe_size_grow (fds[i][0]))
        {
          n_grown++;
          g_assert_cmpint (fcntl (fds[i][0], F_GETPIPE_SZ), >=, before);
        }
      else
        {
          g_assert_cmpint (fcntl (fds[i][0], F_GETPIPE_SZ), ==, before);
        }
    }
  g_assert_cmpuint (n_grown, <=, 64);
  for (guint i = 0; i < n_grown; i++)
    pipe_size_release ();

  /* The budget is there again, though the user's may be used up. */
  g_assert_cmpint (pipe_size_grow (fds[0][0]), ==, n_grown > 0);
  if (n_grown > 0)
    pipe_size_release ();
  for (guint i = 0; i < G_N_ELEMENTS (fds); i++)
    {
      close (fds[i][0]);
      close (fds[i][1]);
    }
}

static const struct
{
  const char *name;
  void (*run) (void);
} tests[] = {
  { "source/order-and-end", test_source_order_and_end },
  { "source/reserved", test_source_reserved },
  { "source/end-at-start", test_source_end_at_start },
  { "source/stop-and-start", test_source_stop_and_start },
  { "source/stopped-by-consumer", test_source_stopped_by_consumer },
  { "source/refused", test_source_refused },
  { "source/unwatchable", test_source_unwatchable },
  { "source/drain", test_source_drain },
  { "sink/order-and-end", test_sink_order_and_end },
  { "sink/many-pieces", test_sink_many_pieces },
  { "sink/socket", test_sink_socket },
  { "sink/loss-while-idle", test_sink_loss_while_idle },
  { "sink/loss-while-full", test_sink_loss_while_full },
  { "sink/loss-at-write", test_sink_loss_at_write },
  { "sink/end-at-start", test_sink_end_at_start },
  { "sink/copy-unsent", test_sink_copy_unsent },
  { "sink/close", test_sink_close },
  { "through-each-other", test_through_each_other },
  { "grow", test_grow },
};

int
main (int argc, char **argv)
{
  Leaks before;
  int result;

  g_test_init (&argc, &argv, NULL);
  deadline_start ("test-pipes", TEST_DEADLINE_SECONDS);

  for (guint i = 0; i < G_N_ELEMENTS (tests); i++)
    {
      g_autofree char *path = g_strconcat ("/pipes/", tests[i].name, NULL);

      g_test_add_func (path, tests[i].run);
    }

  g_main_context_default ();
  leaks_take (&before);
  result = g_test_run ();
  runtime_stop ();
  leaks_check (&before);
  return result;
}
