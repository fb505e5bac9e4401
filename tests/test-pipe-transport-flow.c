/* Pipes of the user's with much in them, and what callbacks may do: flow control, calls out of
 * callbacks, contexts of other threads.
 *
 * SPDX-License-Identifier: LGPL-2.1-or-later
 */

#include "config.h"

#include "pipe-transport-testing.h"

/* ---- flow */

static gpointer
read_in_thread (gpointer data)
{
  guint8 buffer[5000];
  gsize position = 0;
  ssize_t length;

  while ((length = read (GPOINTER_TO_INT (data), buffer, sizeof buffer)) > 0)
    {
      check_pattern (buffer, (gsize) length, position, 0);
      position += (gsize) length;
    }
  close (GPOINTER_TO_INT (data));
  return GSIZE_TO_POINTER (position);
}

static void
test_pausing_writer (void)
{
  g_auto(Log) log = { 0 };
  g_autoptr(ProctorWriteTransport) transport = NULL;
  gsize total = (1 + scaled (16)) * 512 * KIB;
  GThread *thread = NULL;
  int ends[2];

  make_ends (KIND_PIPE, ends);
  log_init (&log);
  transport = connect_write_or_abort (ends[1], &log);
  for (gsize written = 0; written < total; written += 512 * KIB)
    {
      write_pattern (transport, 512 * KIB, written / 8);
      if (written == 512 * KIB)
        thread = g_thread_new ("reader", read_in_thread, GINT_TO_POINTER (ends[0]));
      if (written > 0)
        AWAIT (&log, !log.paused);
    }
  proctor_write_transport_write_eof (transport);
  AWAIT (&log, log.lost);
  g_assert_cmpuint (GPOINTER_TO_SIZE (g_thread_join (thread)), ==, total);
  g_assert_cmpuint (log.n_pauses, >=, 1);
}

static void
empty_hook (Log      *self,
            Recorder *recorder,
            Event     event,
            int       fd)
{
  if (event == EVENT_RESUME)
    g_assert_cmpuint (
      proctor_write_transport_get_write_buffer_size (PROCTOR_WRITE_TRANSPORT (self->transport)), ==,
      0);
}

/* A high mark of 0 pauses whenever something is held, a low one of 0 until nothing is. */
static void
test_marks_of_zero (void)
{
  for (guint i = 0; i < 2; i++)
    {
      g_auto(Log) log = { 0 };
      g_autoptr(ProctorWriteTransport) transport = NULL;
      GThread *thread;
      int ends[2];

      make_ends (KIND_PIPE, ends);
      log_init (&log);
      log.hook = empty_hook;
      transport = connect_write_or_abort (ends[1], &log);
      proctor_write_transport_set_write_buffer_limits (transport, 0, i * 1000);
      write_pattern (transport, 1000, 0);
      /* With the lower mark it is one byte too many, if it is not sent by then. */
      g_assert_cmpuint (log.n_pauses, <=, 1 - i);
      write_pattern (transport, 2 * MIB, 125);
      g_assert_true (log.paused);
      thread = g_thread_new ("reader", read_in_thread, GINT_TO_POINTER (ends[0]));
      AWAIT (&log, !log.paused);
      proctor_write_transport_shut (transport);
      AWAIT (&log, log.lost);
      g_assert_cmpuint (GPOINTER_TO_SIZE (g_thread_join (thread)), ==, 1000 + 2 * MIB);
      g_assert_cmpuint (log.n_pauses, ==, log.n_resumes);
    }
}

static void
await_full (ProctorWriteTransport *transport,
            Log                   *log)
{
  gsize before;

  do
    {
      before = proctor_write_transport_get_write_buffer_size (transport);
      iterate_for (log, 20 * G_TIME_SPAN_MILLISECOND);
    }
  while (proctor_write_transport_get_write_buffer_size (transport) != before || before == 2 * MIB);
}

/* As much as the high mark is not too much, and as much as the low one is little enough. */
static void
test_exact_marks (void)
{
  g_auto(Log) log = { 0 };
  g_autoptr(ProctorWriteTransport) transport = NULL;
  gsize held;
  int ends[2];

  make_ends (KIND_PIPE, ends);
  log_init (&log);
  transport = connect_write_or_abort (ends[1], &log);
  proctor_write_transport_set_write_buffer_limits (transport, 0, 2 * MIB);
  write_pattern (transport, 2 * MIB, 0);
  await_full (transport, &log);
  held = proctor_write_transport_get_write_buffer_size (transport);
  proctor_write_transport_set_write_buffer_limits (transport, 0, held);
  g_assert_false (log.paused);
  write_text (transport, "1");
  g_assert_true (log.paused);
  proctor_write_transport_set_write_buffer_limits (transport, held, held);
  g_assert_true (log.paused);
  proctor_write_transport_set_write_buffer_limits (transport, held + 1, held + 1);
  g_assert_false (log.paused);
  g_assert_cmpuint (log.n_pauses, ==, 1);
  proctor_write_transport_abort (transport);
  AWAIT (&log, log.lost);
  close (ends[0]);
}

/* A socket that is read and written, each through an fd of its own. The end of what is written is
 * seen when both are closed.
 */
static void
test_both_ways (void)
{
  g_auto(Log) log = { 0 };
  g_auto(Log) writer_log = { 0 };
  g_autoptr(ProctorReadTransport) reader = NULL;
  g_autoptr(ProctorWriteTransport) writer = NULL;
  char buffer[16];
  int ends[2];
  int copy;

  make_ends (KIND_SOCKET, ends);
  copy = fcntl (ends[0], F_DUPFD_CLOEXEC, 3);
  log_init (&log);
  log_init (&writer_log);
  reader = connect_read_or_abort (ends[0], &log);
  writer = connect_write_or_abort (copy, &writer_log);
  write_text (writer, "question");
  proctor_write_transport_shut (writer);
  AWAIT (&log, writer_log.lost);
  g_assert_no_error (writer_log.error);
  g_assert_cmpint (read (ends[1], buffer, sizeof buffer), ==, 8);
  g_assert_cmpint (recv (ends[1], buffer, 1, MSG_DONTWAIT), ==, -1);
  put (ends[1], "answer");
  AWAIT (&log, log.received[0] == 6);
  proctor_read_transport_shut (reader);
  AWAIT (&log, log.lost);
  g_assert_cmpint (read (ends[1], buffer, sizeof buffer), ==, 0);
  close (ends[1]);
}

/* Large memory is given back when it is sent, though the pipe stays open. */
static void
test_memory_comes_back (void)
{
  g_auto(Log) log = { 0 };
  g_autoptr(ProctorWriteTransport) transport = NULL;
  GThread *thread;
  int ends[2];

  make_ends (KIND_PIPE, ends);
  log_init (&log);
  transport = connect_write_or_abort (ends[1], &log);
  write_pattern (transport, 3 * MIB, 0);
  thread = g_thread_new ("reader", read_in_thread, GINT_TO_POINTER (ends[0]));
  AWAIT (&log, g_atomic_int_get (&n_lent_bytes) == 0);
  g_assert_false (log.lost);
  g_assert_cmpuint (proctor_write_transport_get_write_buffer_size (transport), ==, 0);
  proctor_write_transport_shut (transport);
  AWAIT (&log, log.lost);
  g_assert_cmpuint (GPOINTER_TO_SIZE (g_thread_join (thread)), ==, 3 * MIB);
}

typedef struct
{
  ProctorReadTransport *reader;
  ProctorWriteTransport *writer;
  gsize total;
  guint seed;
} RandomUser;

/* Writes, and pauses and resumes the other end, at any time. */
static gpointer
use_randomly (gpointer data)
{
  RandomUser *self = data;
  g_autoptr(GRand) random = g_rand_new_with_seed (self->seed);
  gsize written = 0;

  while (written < self->total)
    {
      gsize length = 8 * (gsize) g_rand_int_range (random, 1, 2500);

      length = MIN (length, self->total - written);
      write_pattern (self->writer, length, written / 8);
      written += length;
      switch (g_rand_int_range (random, 0, 8))
        {
        case 0:
          proctor_read_transport_pause_reading (self->reader);
          break;
        case 1:
          proctor_read_transport_resume_reading (self->reader);
          break;
        case 2:
          g_usleep ((gulong) g_rand_int_range (random, 0, 200));
          break;
        default:
          break;
        }
    }
  proctor_read_transport_resume_reading (self->reader);
  proctor_write_transport_write_eof (self->writer);
  return NULL;
}

static void
test_random_use (void)
{
  for (guint i = 0; i < scaled (50); i++)
    {
      g_auto(Log) log = { 0 };
      g_auto(Log) writer_log = { 0 };
      RandomUser user = { .total = 64 * KIB * (1 + i % 8), .seed = i };
      GThread *thread;
      int ends[2];

      make_ends (i % 2 == 0 ? KIND_PIPE : KIND_SOCKET, ends);
      log_init (&log);
      log_init (&writer_log);
      log.seeds[0] = 0;
      user.reader = connect_read_or_abort (ends[0], &log);
      user.writer = connect_write_or_abort (ends[1], &writer_log);
      thread = g_thread_new ("user", use_randomly, &user);
      AWAIT (&log, log.lost && writer_log.lost);
      g_thread_join (thread);
      g_assert_cmpuint (log.received[0], ==, user.total);
      g_assert_true (log.eof);
      g_assert_no_error (writer_log.error);
      g_object_unref (user.reader);
      g_object_unref (user.writer);
    }
  assert_all_bytes_back ();
}

static void
test_many (void)
{
  guint n = scaled (200);
  Log *logs = g_new0 (Log, 2 * n);

  for (guint i = 0; i < n; i++)
    {
      g_autofree char *number = g_strdup_printf ("%u", i);
      g_autoptr(ProctorWriteTransport) writer = NULL;
      int ends[2];

      make_ends (i % 2 == 0 ? KIND_PIPE : KIND_SOCKET, ends);
      log_init (&logs[2 * i]);
      log_init (&logs[2 * i + 1]);
      /* Nobody else holds them. */
      g_object_unref (connect_read_or_abort (ends[0], &logs[2 * i]));
      writer = connect_write_or_abort (ends[1], &logs[2 * i + 1]);
      write_text (writer, number);
      proctor_write_transport_write_eof (writer);
    }
  for (guint i = 0; i < n; i++)
    {
      g_autofree char *number = g_strdup_printf ("%u", i);
      GByteArray *received;

      AWAIT (&logs[2 * i], logs[2 * i].lost && logs[2 * i + 1].lost);
      received = logs[2 * i].data[0];
      g_assert_cmpmem (received->data, received->len, number, strlen (number));
      log_clear (&logs[2 * i]);
      log_clear (&logs[2 * i + 1]);
    }
  g_free (logs);
}

/* ---- callbacks */

static void
test_bare_protocol (void)
{
  g_auto(Log) log = { 0 };
  g_autoptr(GObject) bare = g_object_new (bare_get_type (), NULL);
  g_autoptr(GError) error = NULL;
  gpointer reader;
  gpointer writer;
  int ends[2];

  make_ends (KIND_PIPE, ends);
  log_init (&log);
  reader = way_connect_read (ends[0], bare, NULL, &error);
  g_assert_no_error (error);
  writer = way_connect_write (ends[1], bare, NULL, &error);
  g_assert_no_error (error);
  g_object_add_weak_pointer (reader, &reader);
  g_object_add_weak_pointer (writer, &writer);
  write_pattern (writer, MIB, 0);
  proctor_write_transport_write_eof (writer);
  g_object_unref (writer);
  g_object_unref (reader);
  AWAIT (&log, reader == NULL && writer == NULL);
  g_assert_cmpuint (bare->ref_count, ==, 1);
  assert_all_bytes_back ();
}

/* Of whoever waits for the protocol to go: it does not while it is in a call. */
static void
nested_hook (Log      *self,
             Recorder *recorder,
             Event     event,
             int       fd)
{
  int *other_end = self->hook_data;

  if (event != EVENT_DATA && event != EVENT_PAUSE)
    return;
  self->hook = NULL;
  if (event == EVENT_DATA)
    proctor_read_transport_shut (PROCTOR_READ_TRANSPORT (self->transport));
  close (*other_end);
  AWAIT (self, self->lost);
  iterate_for (self, G_TIME_SPAN_MILLISECOND);
  g_assert_true (TEST_IS_RECORDER (recorder));
  g_assert_true (recorder->log == self);
}

static void
test_nested_loops (void)
{
  for (guint i = 0; i < 2; i++)
    {
      g_auto(Log) log = { 0 };
      int ends[2];

      make_ends (KIND_PIPE, ends);
      log_init (&log);
      log.hook = nested_hook;
      log.hook_data = &ends[1 - i];
      if (i == 0)
        {
          put (ends[1], "hello");
          g_object_unref (connect_read_or_abort (ends[0], &log));
          AWAIT (&log, log.lost);
          g_assert_cmpstr (log.text->str, ==, "mdl");
        }
      else
        {
          g_autoptr(ProctorWriteTransport) transport = connect_write_or_abort (ends[1], &log);

          write_pattern (transport, MIB, 0);
          g_assert_true (log.lost);
        }
    }
  assert_all_bytes_back ();
}

static void
write_hook (Log      *self,
            Recorder *recorder,
            Event     event,
            int       fd)
{
  if (event == EVENT_MADE)
    {
      write_text (PROCTOR_WRITE_TRANSPORT (self->transport), "first");
      write_pattern (PROCTOR_WRITE_TRANSPORT (self->transport), MIB, 0);
      g_assert_true (self->paused);
    }
  else if (event == EVENT_RESUME)
    {
      self->hook = NULL;
      proctor_write_transport_shut (PROCTOR_WRITE_TRANSPORT (self->transport));
    }
}

static gpointer
drop_in_thread (gpointer data)
{
  char buffer[4096];
  gsize total = 0;
  ssize_t length;

  while ((length = read (GPOINTER_TO_INT (data), buffer, sizeof buffer)) > 0)
    total += (gsize) length;
  close (GPOINTER_TO_INT (data));
  return GSIZE_TO_POINTER (total);
}

static void
test_write_in_callbacks (void)
{
  g_auto(Log) log = { 0 };
  GThread *thread;
  int ends[2];

  make_ends (KIND_PIPE, ends);
  log_init (&log);
  log.hook = write_hook;
  g_object_unref (connect_write_or_abort (ends[1], &log));
  thread = g_thread_new ("dropper", drop_in_thread, GINT_TO_POINTER (ends[0]));
  AWAIT (&log, log.lost);
  g_assert_cmpuint (GPOINTER_TO_SIZE (g_thread_join (thread)), ==, MIB + 5);
  assert_all_bytes_back ();
}

/* ---- contexts */

static void
test_context_of_the_call (void)
{
  g_autoptr(GMainContext) context = g_main_context_new ();
  g_auto(Log) log = { 0 };
  g_auto(Reply) reply = { 0 };
  g_autoptr(Recorder) recorder = NULL;
  g_autoptr(ProctorReadTransport) transport = NULL;
  int ends[2];

  make_ends (KIND_PIPE, ends);
  put (ends[1], "hello");
  close (ends[1]);
  g_main_context_push_thread_default (context);
  log_init (&log);
  reply_init (&reply);
  recorder = recorder_new (&log);
  proctor_connect_read_pipe_async (ends[0], PROCTOR_PIPE_PROTOCOL (recorder), NULL, reply_arrived,
                                   &reply);
  g_main_context_pop_thread_default (context);

  transport = proctor_connect_read_pipe_finish (reply_wait (&reply), NULL);
  g_assert_nonnull (transport);
  AWAIT (&log, log.lost);
  g_assert_cmpstr (log.text->str, ==, "mdel");
}

typedef struct
{
  Log log;
  int fd;
} ForeignPipe;

static gpointer
connect_in_thread (gpointer data)
{
  ForeignPipe *self = data;
  g_autoptr(Recorder) recorder = recorder_new (&self->log);
  g_autoptr(ProctorReadTransport) transport = NULL;

  transport = proctor_connect_read_pipe (self->fd, PROCTOR_PIPE_PROTOCOL (recorder), NULL, NULL);
  g_assert_nonnull (transport);
  return NULL;
}

static void
test_thread_without_context (void)
{
  for (guint i = 0; i < scaled (50); i++)
    {
      ForeignPipe foreign;
      GThread *thread;
      int ends[2];

      make_ends (KIND_PIPE, ends);
      put (ends[1], "hello");
      close (ends[1]);
      foreign.fd = ends[0];
      log_init (&foreign.log);
      thread = g_thread_new ("foreign", connect_in_thread, &foreign);
      AWAIT (&foreign.log, foreign.log.lost);
      g_thread_join (thread);
      g_assert_cmpstr (foreign.log.text->str, ==, "mdel");
      log_clear (&foreign.log);
    }
}

int
main (int    argc,
      char **argv)
{
  static const ApiTest tests[] = {
    { "pausing-writer", test_pausing_writer, ALL_WAYS },
    { "marks-of-zero", test_marks_of_zero, ALL_WAYS },
    { "exact-marks", test_exact_marks, ALL_WAYS },
    { "both-ways", test_both_ways, ALL_WAYS },
    { "memory-comes-back", test_memory_comes_back, ALL_WAYS },
    { "random-use", test_random_use, ALL_WAYS },
    { "many", test_many, ALL_WAYS },
    { "bare-protocol", test_bare_protocol, ALL_WAYS },
    { "nested-loops", test_nested_loops, ALL_WAYS },
    { "write-in-callbacks", test_write_in_callbacks, ALL_WAYS },
    { "context-of-the-call", test_context_of_the_call, ONE_WAY },
    { "thread-without-context", test_thread_without_context, ONE_WAY },
  };

  return RUN_API_TESTS (argc, argv, "pipe-transport-flow", tests);
}
