/* How a stream reader goes with all else: it pauses its child, the child exits, the handles go,
 * communicate takes over, other threads read.
 *
 * SPDX-License-Identifier: LGPL-2.1-or-later
 */

#include "config.h"

#include "stream-testing.h"

/* ---- pausing */

/* A child that writes for ever, and how much it has written so far. */
typedef struct
{
  Talk talk;
  const volatile guint64 *counter;
  GMappedFile *file;
  guint64 n_read;
} Pump;

static void
pump_start (Pump  *self,
            gsize  limit)
{
  g_autofree char *path = work_path ("counter");
  g_autoptr(GError) error = NULL;

  g_assert_true (g_file_set_contents (path, "\0\0\0\0\0\0\0\0", 8, NULL));
  *self = (Pump){ 0 };
  /* Not a writable one: that would be private. */
  self->file = g_mapped_file_new (path, FALSE, &error);
  g_assert_no_error (error);
  self->counter =
    (const volatile guint64 *) (gconstpointer) g_mapped_file_get_contents (self->file);
  talk_start (&self->talk, child_command ("pump", path, NULL), limit);
}

/* It sleeps in its write: for 30 looks in a row it neither runs nor gets further. */
static void
pump_await_blocked (Pump *self)
{
  gint64 deadline = g_get_monotonic_time () + 60 * G_TIME_SPAN_SECOND;
  guint64 before = 0;

  for (guint n_same = 0; n_same < 30;)
    {
      guint64 now = *self->counter;

      n_same = now > 0 && now == before &&
                   process_letter (proctor_process_get_pid (self->talk.process)) == 'S'
               ? n_same + 1
               : 0;
      before = now;
      g_assert_cmpint (g_get_monotonic_time (), <, deadline);
      g_usleep (1000);
    }
}

static void
pump_read (Pump  *self,
           gsize  length)
{
  g_autoptr(GError) error = NULL;
  g_autoptr(GBytes) bytes = way_read_exactly (self->talk.out, length, NULL, &error);
  g_autoptr(GBytes) expected = NULL;

  g_assert_no_error (error);
  g_assert_cmpuint (self->n_read % 8, ==, 0);
  expected = make_pattern (length, self->n_read / 8);
  assert_same_bytes (bytes, expected);
  self->n_read += length;
}

static void
pump_end (Pump *self)
{
  talk_kill (&self->talk);
  talk_clear (&self->talk);
  g_mapped_file_unref (self->file);
}

#define LARGEST_PIPE (1 * MIB)

static void
test_pause (void)
{
  static const gsize limits[] = { 1, 1000, 65536, 300000 };

  for (guint i = 0; i < G_N_ELEMENTS (limits); i++)
    {
      gsize limit = limits[i];
      Pump pump;
      guint64 before;

      pump_start (&pump, limit);
      for (guint round = 0; round < 4; round++)
        {
          /* All that is read ahead; the child may sleep earlier, when this program is slow. */
          await (proctor_stream_reader_get_buffered (pump.talk.out) == 2 * limit + 1);
          pump_await_blocked (&pump);
          before = *pump.counter;
          g_assert_cmpuint (proctor_stream_reader_get_buffered (pump.talk.out), >, limit);
          g_assert_cmpuint (proctor_stream_reader_get_buffered (pump.talk.out), <=, 2 * limit + 1);
          g_assert_cmpuint (before - pump.n_read, <=, 2 * limit + 1 + LARGEST_PIPE);

          /* Less than what brings it down to the limit changes nothing; more lets it go on. */
          if (limit > 100000)
            {
              pump_read (&pump, 80000);
              pump_await_blocked (&pump);
              g_assert_cmpuint (*pump.counter, ==, before);
            }
          pump_read (&pump, 2 * MIB);
          await (*pump.counter > before);
        }
      pump_end (&pump);
    }
}

/* However much comes, and however long nobody reads. */
static void
test_stays_bounded (void)
{
  Pump pump;

  pump_start (&pump, 4096);
  for (guint i = 0; i < scaled (2000); i++)
    {
      g_assert_cmpuint (proctor_stream_reader_get_buffered (pump.talk.out), <=, 2 * 4096 + 1);
      pump_read (&pump, 4096);
    }
  pump_end (&pump);
}

static void
test_close_ends_a_writer (void)
{
  Pump pump;
  g_autoptr(GError) error = NULL;

  pump_start (&pump, 0);
  pump_await_blocked (&pump);
  g_assert_true (way_close_reader (pump.talk.out, &error));
  assert_returncode (pump.talk.process, -SIGPIPE);
  g_assert_true (g_input_stream_is_closed (G_INPUT_STREAM (pump.talk.out)));
  talk_clear (&pump.talk);
  g_mapped_file_unref (pump.file);
}

/* One that ignores the signal gets the error. */
static void
test_close_fails_a_writer (void)
{
  g_auto(Talk) talk = { 0 };
  g_autoptr(GError) error = NULL;

  talk_start (&talk,
              proctor_command_new (
                "sh", "-c", "trap '' PIPE; while echo x 2> /dev/null; do :; done; exit 7", NULL),
              0);
  assert_line (&talk, "x\n");
  g_assert_true (way_close_reader (talk.out, &error));
  assert_returncode (talk.process, 7);
}

/* ---- the ends of processes and of handles */

static void
test_after_the_exit (void)
{
  g_auto(Talk) talk = { 0 };
  g_autoptr(GBytes) expected = make_pattern (60000, 1);
  g_autoptr(GBytes) first = NULL;
  g_autoptr(GBytes) rest = NULL;
  g_autoptr(GError) error = NULL;

  /* More than twice the limit, so that most of it is still in the pipe. */
  talk_start (&talk, child_command ("pattern", "60000", "1", NULL), 100);
  assert_returncode (talk.process, 0);
  first = way_read_exactly (talk.out, 30000, NULL, &error);
  rest = way_read_to_end (talk.out, NULL, &error);
  g_assert_true (
    memcmp (g_bytes_get_data (first, NULL), g_bytes_get_data (expected, NULL), 30000) == 0);
  g_assert_cmpuint (g_bytes_get_size (rest), ==, 30000);
  g_assert_true (memcmp (g_bytes_get_data (rest, NULL),
                         (const char *) g_bytes_get_data (expected, NULL) + 30000, 30000) == 0);
  g_assert_true (proctor_stream_reader_at_eof (talk.out));
}

static void
kill_descendant (const char *path)
{
  g_assert_no_errno (kill (await_pid (path), SIGKILL));
}

/* Somebody else holds the pipe: without a drain grace reading goes on until that one ends, too. */
static void
test_descendant_holds (void)
{
  g_auto(Talk) talk = { 0 };
  g_autofree char *path = work_path ("holder");

  talk_start (&talk, child_command ("hold", path, "1", "early\n", "late\n", NULL), 0);
  assert_line (&talk, "early\n");
  assert_returncode (talk.process, 0);
  assert_line (&talk, "late\n");
  g_assert_false (proctor_stream_reader_at_eof (talk.out));
  kill_descendant (path);
  assert_line (&talk, "");
}

static void
test_descendant_and_drain_grace (void)
{
  g_auto(Talk) talk = { 0 };
  g_autofree char *path = work_path ("holder");
  ProctorCommand *command = child_command ("hold", path, "1", "early\n", NULL);

  proctor_command_set_drain_grace (command, 20 * G_TIME_SPAN_MILLISECOND);
  talk_start (&talk, command, 0);
  assert_returncode (talk.process, 0);
  assert_rest (&talk, "early\n");
  g_assert_true (proctor_stream_reader_at_eof (talk.out));
  kill_descendant (path);
}

/* Nobody reads for longer than the grace: what is in the pipe is not given up. */
static void
test_drain_grace_while_paused (void)
{
  g_auto(Talk) talk = { 0 };
  g_autoptr(GBytes) expected = make_pattern (50000, 0);
  g_autoptr(GBytes) bytes = NULL;
  g_autoptr(GError) error = NULL;
  ProctorCommand *command = child_command ("pattern", "50000", "0", NULL);

  proctor_command_set_drain_grace (command, 0);
  talk_start (&talk, command, 100);
  assert_returncode (talk.process, 0);
  g_usleep (5000);
  bytes = way_read_to_end (talk.out, NULL, &error);
  g_assert_no_error (error);
  assert_same_bytes (bytes, expected);
}

static void
test_without_the_process (void)
{
  g_auto(Talk) talk = { 0 };
  g_autoptr(ProctorStreamReader) reader = NULL;
  g_autoptr(GBytes) expected = make_pattern (3 * MIB, 5);
  g_autoptr(GBytes) bytes = NULL;
  g_autoptr(GError) error = NULL;

  talk_start (&talk, child_command ("pattern", "3145728", "5", NULL), 1000);
  reader = g_object_ref (talk.out);
  talk_clear (&talk);
  bytes = way_read_to_end (reader, NULL, &error);
  g_assert_no_error (error);
  assert_same_bytes (bytes, expected);
}

/* Then the pipe is closed. */
static void
test_dropped_reader (void)
{
  Pump pump;
  g_autoptr(ProctorStreamReader) reader = NULL;
  GPid pid;

  pump_start (&pump, 1000);
  pump_await_blocked (&pump);
  pid = proctor_process_get_pid (pump.talk.process);
  reader = g_object_ref (pump.talk.out);
  talk_clear (&pump.talk);
  g_clear_object (&reader);
  /* It is ended by the signal, and is reaped by the watcher, which wants the main context. */
  if (way->in_thread)
    await (kill (pid, 0) < 0 && errno == ESRCH);
  else
    while (kill (pid, 0) == 0)
      if (!g_main_context_iteration (NULL, FALSE))
        g_usleep (1000);
  g_mapped_file_unref (pump.file);
}

/* ---- with communicate */

static void
test_communicate_after_reads (void)
{
  g_auto(Talk) talk = { 0 };
  g_autoptr(GBytes) input = g_bytes_new_static ("last\n", 5);
  g_autoptr(ProctorResult) result = NULL;

  talk_start (&talk, child_command ("cat", NULL), 0);
  feed (&talk, "one\ntwo\nthree\n");
  assert_line (&talk, "one\n");
  next_line (&talk, "two\n");
  result = communicate_or_abort (talk.process, input);
  assert_bytes (proctor_result_get_stdout (result), "three\nlast\n");
  assert_rest (&talk, "");
  g_assert_true (proctor_stream_reader_at_eof (talk.out));
  g_assert_true (proctor_stream_writer_get_closing (talk.in));
}

static void
test_cancelled_communicate (void)
{
  g_auto(Talk) talk = { 0 };
  g_autofree char *gate = work_path ("gate");
  g_autoptr(GBytes) input = g_bytes_new_static ("input\n", 6);
  g_autoptr(GCancellable) cancellable = g_cancellable_new ();
  g_autoptr(GError) error = NULL;
  g_auto(Reply) reply = { 0 };

  talk_start (&talk, child_command ("gate", gate, "cat", NULL), 0);
  queue_text (talk.in, "queued\n");
  reply_init (&reply);
  proctor_process_communicate_async (talk.process, input, cancellable, reply_arrived, &reply);
  g_cancellable_cancel (cancellable);
  g_assert_null (proctor_process_communicate_finish (talk.process, reply_wait (&reply), &error));
  g_assert_error (error, G_IO_ERROR, G_IO_ERROR_CANCELLED);
  g_free (work_file ("gate", ""));

  /* The reader has it all. */
  await_buffered (talk.out, 13);
  assert_line (&talk, "queued\n");
  assert_rest (&talk, "input\n");
}

static void
test_cancelled_communicate_gives_back (void)
{
  g_auto(Talk) talk = { 0 };
  g_autofree char *path = work_path ("holder");
  g_autoptr(GCancellable) cancellable = g_cancellable_new ();
  g_autoptr(GError) error = NULL;
  g_auto(Reply) reply = { 0 };

  talk_start (&talk, child_command ("hold", path, "1", "some output\n", NULL), 3);
  assert_takes_bytes (way_read_exactly (talk.out, 5, NULL, &error), "some ");
  reply_init (&reply);
  proctor_process_communicate_async (talk.process, NULL, cancellable, reply_arrived, &reply);
  assert_returncode (talk.process, 0);
  g_cancellable_cancel (cancellable);
  g_assert_null (proctor_process_communicate_finish (talk.process, reply_wait (&reply), &error));
  g_assert_error (error, G_IO_ERROR, G_IO_ERROR_CANCELLED);
  g_clear_error (&error);
  /* What was read is held again; the rest may have been in the pipe still. */
  await_buffered (talk.out, 7);
  proctor_stream_reader_set_long_lines (talk.out, PROCTOR_LONG_LINES_SPLIT);
  assert_line (&talk, "out");
  assert_line (&talk, "put\n");
  kill_descendant (path);
  assert_rest (&talk, "");
}

/* ---- threads */

typedef struct
{
  ProctorStreamReader *reader;
  guint from;
  guint to;
} LineReader;

static gpointer
line_reader_thread (gpointer data)
{
  LineReader *self = data;

  for (guint i = self->from; i < self->to; i++)
    {
      g_autoptr(GError) error = NULL;
      const char *line;
      gsize length;
      char expected[32];

      g_snprintf (expected, sizeof expected, "line %u\n", i);
      g_assert_true (proctor_stream_reader_next_line (self->reader, &line, &length, NULL, &error));
      g_assert_cmpmem (line, length, expected, strlen (expected));
    }
  return NULL;
}

static void
test_two_threads (void)
{
  guint n_lines = scaled (20000);
  g_autofree char *count = g_strdup_printf ("%u", n_lines);
  Talk talks[3];
  LineReader readers[3];
  GThread *threads[3];

  for (guint i = 0; i < 3; i++)
    {
      talk_start (&talks[i], child_command ("lines", count, NULL), 2000);
      readers[i] = (LineReader){ talks[i].out, 0, n_lines };
      threads[i] = g_thread_new ("reader", line_reader_thread, &readers[i]);
    }
  for (guint i = 0; i < 3; i++)
    {
      g_thread_join (threads[i]);
      assert_rest (&talks[i], "");
      talk_clear (&talks[i]);
    }
}

static void
test_handed_over (void)
{
  g_auto(Talk) talk = { 0 };
  char expected[32];

  talk_start (&talk, child_command ("lines", "5000", NULL), 1000);
  for (guint i = 0; i < 5000; i += 500)
    {
      LineReader part = { talk.out, i, i + 499 };

      g_thread_join (g_thread_new ("reader", line_reader_thread, &part));
      g_snprintf (expected, sizeof expected, "line %u\n", i + 499);
      assert_line (&talk, expected);
    }
  assert_rest (&talk, "");
}

/* Threads without contexts of their own, whose answers come in the main thread: that may have one
 * before the call has returned, and the more so if it is cancelled by then.
 */
typedef struct
{
  Talk *talk;
  guint n_calls;
  guint n_answers; /* main thread only */
  int n_read_answers; /* atomic */
} ForeignReads;

static void
foreign_read_arrived (GObject      *object,
                      GAsyncResult *result,
                      gpointer      data)
{
  ForeignReads *self = data;
  g_autoptr(GError) error = NULL;
  GBytes *line = proctor_stream_reader_read_line_finish (PROCTOR_STREAM_READER (object), result,
                                                         &error);

  g_assert_null (line);
  g_assert_error (error, G_IO_ERROR, G_IO_ERROR_CANCELLED);
  self->n_answers++;
  g_atomic_int_inc (&self->n_read_answers);
}

static void
foreign_drain_arrived (GObject      *object,
                       GAsyncResult *result,
                       gpointer      data)
{
  ForeignReads *self = data;
  g_autoptr(GError) error = NULL;

  if (!proctor_stream_writer_drain_finish (PROCTOR_STREAM_WRITER (object), result, &error))
    g_assert_error (error, G_IO_ERROR, G_IO_ERROR_CANCELLED);
  self->n_answers++;
}

static gpointer
foreign_reads_thread (gpointer data)
{
  ForeignReads *self = data;

  for (guint i = 0; i < self->n_calls; i += 2)
    {
      g_autoptr(GCancellable) cancellable = g_cancellable_new ();

      if (i % 4 == 0)
        g_cancellable_cancel (cancellable);
      proctor_stream_reader_read_line_async (self->talk->out, cancellable, foreign_read_arrived,
                                             self);
      proctor_stream_writer_drain_async (self->talk->in, cancellable, foreign_drain_arrived, self);
      g_cancellable_cancel (cancellable);
      /* One at a time, unlike drains. */
      while (g_atomic_int_get (&self->n_read_answers) <= (int) i / 2)
        g_thread_yield ();
    }
  return NULL;
}

static void
test_answers_elsewhere (void)
{
  g_auto(Talk) talk = { 0 };
  ForeignReads reads = { .talk = &talk, .n_calls = 2 * scaled (10000) };
  GThread *thread;

  talk_start (&talk, child_command ("cat", NULL), 0);
  thread = g_thread_new ("foreign", foreign_reads_thread, &reads);
  while (reads.n_answers < reads.n_calls)
    g_main_context_iteration (NULL, TRUE);
  g_thread_join (thread);
  feed (&talk, "line\n");
  assert_line (&talk, "line\n");
  feed_end (&talk);
}

/* A forked copy has no part in the pipes, and is told so. */
static void
test_forked_copy (void)
{
  g_auto(Talk) talk = { 0 };
  const char *line;
  gsize length;
  int status;
  pid_t pid;

  talk_start (&talk, child_command ("cat", NULL), 0);
  feed (&talk, "one\ntwo\nthree\n");
  next_line (&talk, "one\n");
  next_line (&talk, "two\n");
  pid = fork ();
  if (pid == 0)
    {
      GError *error = NULL;
      char byte;

#define refused(call) \
  (!(call) && g_error_matches (error, PROCTOR_ERROR, PROCTOR_ERROR_FORKED) && \
   (g_clear_error (&error), TRUE))
      if (refused (
            proctor_stream_reader_next_line (talk.out, &line, &length, NULL, &error)) &&
          refused (proctor_stream_reader_read_line (talk.out, NULL, &error)) &&
          refused (proctor_stream_reader_read_to_end (talk.out, NULL, &error)) &&
          refused (g_input_stream_read (G_INPUT_STREAM (talk.out), &byte, 1, NULL, &error) != -1) &&
          refused (proctor_stream_writer_drain (talk.in, NULL, &error)) &&
          refused (g_output_stream_write (G_OUTPUT_STREAM (talk.in), "x", 1, NULL, &error) != -1) &&
          refused (g_output_stream_flush (G_OUTPUT_STREAM (talk.in), NULL, &error)))
        /* An end in which no tool that looks for leaks has a say. */
        kill (getpid (), SIGKILL);
      _exit (1);
    }
  g_assert_cmpint (waitpid (pid, &status, 0), ==, pid);
  g_assert_true (WIFSIGNALED (status) && WTERMSIG (status) == SIGKILL);
  feed_end (&talk);
  assert_rest (&talk, "three\n");
}

int
main (int    argc,
      char **argv)
{
  static const ApiTest tests[] = {
    { "pause", test_pause, TWO_WAYS },
    { "stays-bounded", test_stays_bounded, ALL_WAYS },
    { "close-ends-a-writer", test_close_ends_a_writer, ALL_WAYS },
    { "close-fails-a-writer", test_close_fails_a_writer, ALL_WAYS },
    { "after-the-exit", test_after_the_exit, ALL_WAYS },
    { "descendant-holds", test_descendant_holds, ALL_WAYS },
    { "descendant-and-drain-grace", test_descendant_and_drain_grace, ALL_WAYS },
    { "drain-grace-while-paused", test_drain_grace_while_paused, ALL_WAYS },
    { "without-the-process", test_without_the_process, ALL_WAYS },
    { "dropped-reader", test_dropped_reader, ALL_WAYS },
    { "communicate-after-reads", test_communicate_after_reads, ALL_WAYS },
    { "cancelled-communicate", test_cancelled_communicate, ALL_WAYS },
    { "cancelled-communicate-gives-back", test_cancelled_communicate_gives_back, ALL_WAYS },
    { "two-threads", test_two_threads, TWO_WAYS },
    { "handed-over", test_handed_over, ALL_WAYS },
    { "answers-elsewhere", test_answers_elsewhere, ONE_WAY },
    { "forked-copy", test_forked_copy, TWO_WAYS },
  };

  return RUN_API_TESTS (argc, argv, "stream-reader-flow", tests);
}
