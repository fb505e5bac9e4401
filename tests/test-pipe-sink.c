/* SPDX-License-Identifier: LGPL-2.1-or-later */

#include "config.h"

#include "io/pipe-size.h"

#include <sys/socket.h>

#include "pipes-testing.h"

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
  { "order-and-end", test_sink_order_and_end },
  { "many-pieces", test_sink_many_pieces },
  { "socket", test_sink_socket },
  { "loss-while-idle", test_sink_loss_while_idle },
  { "loss-while-full", test_sink_loss_while_full },
  { "loss-at-write", test_sink_loss_at_write },
  { "end-at-start", test_sink_end_at_start },
  { "copy-unsent", test_sink_copy_unsent },
  { "close", test_sink_close },
  { "through-each-other", test_through_each_other },
  { "grow", test_grow },
};

int
main (int argc, char **argv)
{
  Leaks before;
  int result;

  g_test_init (&argc, &argv, NULL);
  deadline_start ("test-pipe-sink", TEST_DEADLINE_SECONDS);

  for (guint i = 0; i < G_N_ELEMENTS (tests); i++)
    {
      g_autofree char *path = g_strconcat ("/pipe-sink/", tests[i].name, NULL);

      g_test_add_func (path, tests[i].run);
    }

  g_main_context_default ();
  leaks_take (&before);
  result = g_test_run ();
  runtime_stop ();
  leaks_check (&before);
  return result;
}
