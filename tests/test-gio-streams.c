/* Streams of GIO as stdin, stdout and stderr of a command: what arrives, backpressure, errors on
 * each side, ends.
 *
 * SPDX-License-Identifier: LGPL-2.1-or-later
 */

#include "config.h"

#include <gio/gunixinputstream.h>
#include <gio/gunixoutputstream.h>

#include "api-testing.h"

/* ---- streams that count and fail */

/* Gives a pattern, and says how far ahead of the other side it was. */
#define TEST_TYPE_SOURCE (test_source_get_type ())
G_DECLARE_FINAL_TYPE (TestSource, test_source, TEST, SOURCE, GInputStream)

struct _TestSource
{
  GInputStream parent_instance;
  gsize length;
  gsize given;
  gsize fail_at; /* 0: never */
};

G_DEFINE_FINAL_TYPE (TestSource, test_source, G_TYPE_INPUT_STREAM)

static gssize
test_source_read (GInputStream  *stream,
                  void          *buffer,
                  gsize          count,
                  GCancellable  *cancellable,
                  GError       **error)
{
  TestSource *self = TEST_SOURCE (stream);
  gsize now = MIN (count, self->length - self->given);

  if (self->fail_at != 0 && self->given >= self->fail_at)
    {
      g_set_error_literal (error, G_IO_ERROR, G_IO_ERROR_HOST_NOT_FOUND, "the source has failed");
      return -1;
    }
  memset (buffer, 'x', now);
  self->given += now;
  return (gssize) now;
}

static void
test_source_class_init (TestSourceClass *klass)
{
  G_INPUT_STREAM_CLASS (klass)->read_fn = test_source_read;
}

static void
test_source_init (TestSource *self)
{
}

static TestSource *
new_source (gsize length,
            gsize fail_at)
{
  TestSource *source = g_object_new (TEST_TYPE_SOURCE, NULL);

  source->length = length;
  source->fail_at = fail_at;
  return source;
}

#define TEST_TYPE_TARGET (test_target_get_type ())
G_DECLARE_FINAL_TYPE (TestTarget, test_target, TEST, TARGET, GOutputStream)

struct _TestTarget
{
  GOutputStream parent_instance;
  gsize taken;
  gsize fail_at; /* 0: never */
  char *gate;    /* or NULL: see take_when_exited() */
  gboolean flushed;
};

G_DEFINE_FINAL_TYPE (TestTarget, test_target, G_TYPE_OUTPUT_STREAM)

/* The first that comes is the child's pid. It goes on when there is the file, and the first write
 * ends when the child is gone; a moment later, so that what the exit leads to most likely happens
 * during it.
 */
static void
take_when_exited (TestTarget *self,
                  const char *pid)
{
  g_assert_true (g_file_set_contents (self->gate, "", 0, NULL));
  while (kill (atoi (pid), 0) == 0)
    g_usleep (500);
  g_usleep (20 * 1000);
}

static gssize
test_target_write (GOutputStream  *stream,
                   const void     *buffer,
                   gsize           count,
                   GCancellable   *cancellable,
                   GError        **error)
{
  TestTarget *self = TEST_TARGET (stream);

  if (self->fail_at != 0 && self->taken >= self->fail_at)
    {
      g_set_error_literal (error, G_IO_ERROR, G_IO_ERROR_NO_SPACE, "the target is full");
      return -1;
    }
  count = MIN (count, 5000);
  if (self->gate != NULL && self->taken == 0)
    take_when_exited (self, buffer);
  self->taken += count;
  return (gssize) count;
}

static gboolean
test_target_flush (GOutputStream  *stream,
                   GCancellable   *cancellable,
                   GError        **error)
{
  TEST_TARGET (stream)->flushed = TRUE;
  return TRUE;
}

static void
test_target_class_init (TestTargetClass *klass)
{
  G_OUTPUT_STREAM_CLASS (klass)->write_fn = test_target_write;
  G_OUTPUT_STREAM_CLASS (klass)->flush = test_target_flush;
}

static void
test_target_init (TestTarget *self)
{
}

static TestTarget *
new_target (gsize fail_at)
{
  TestTarget *target = g_object_new (TEST_TYPE_TARGET, NULL);

  target->fail_at = fail_at;
  return target;
}

/* ---- what arrives */

static void
test_memory (void)
{
  static const gsize lengths[] = { 0, 1, 65536, 65537, 5000000 };

  for (guint i = 0; i < G_N_ELEMENTS (lengths); i++)
    {
      g_autoptr(GBytes) input = make_pattern (lengths[i], 7);
      g_autoptr(GInputStream) source = g_memory_input_stream_new_from_bytes (input);
      g_autoptr(GOutputStream) target = g_memory_output_stream_new_resizable ();
      g_autoptr(ProctorCommand) command = proctor_command_new_shell ("cat; echo done >&2");
      g_autoptr(ProctorResult) result = NULL;
      g_autoptr(GBytes) output = NULL;

      proctor_command_set_stdin_stream (command, source);
      proctor_command_set_stdout_stream (command, target);
      result = run_or_abort (command, NULL);
      g_assert_true (proctor_result_check (result, NULL));
      g_assert_null (proctor_result_get_stdout (result));
      assert_bytes (proctor_result_get_stderr (result), "done\n");
      g_assert_false (proctor_result_is_incomplete (result));
      g_assert_false (g_input_stream_is_closed (source));
      g_assert_false (g_output_stream_is_closed (target));
      g_output_stream_close (target, NULL, NULL);
      output = g_memory_output_stream_steal_as_bytes (G_MEMORY_OUTPUT_STREAM (target));
      assert_same_bytes (output, input);
    }
}

/* Files, whose operations GIO does in threads of its own. */
static void
test_files (void)
{
  g_autofree char *in_path = work_path ("in");
  g_autofree char *out_path = work_path ("out");
  g_autoptr(GBytes) input = make_pattern (700001, 1);
  g_autoptr(GFile) in_file = g_file_new_for_path (in_path);
  g_autoptr(GFile) out_file = g_file_new_for_path (out_path);
  g_autoptr(GFileInputStream) source = NULL;
  g_autoptr(GFileOutputStream) target = NULL;
  g_autoptr(ProctorCommand) command = child_command ("cat", NULL);
  g_autoptr(ProctorResult) result = NULL;
  g_autoptr(GBytes) output = NULL;
  g_autoptr(GError) error = NULL;

  g_file_set_contents (in_path, g_bytes_get_data (input, NULL), (gssize) g_bytes_get_size (input),
                       &error);
  source = g_file_read (in_file, NULL, &error);
  target = g_file_replace (out_file, NULL, FALSE, G_FILE_CREATE_NONE, NULL, &error);
  g_assert_no_error (error);
  proctor_command_set_stdin_stream (command, G_INPUT_STREAM (source));
  proctor_command_set_stdout_stream (command, G_OUTPUT_STREAM (target));
  result = run_or_abort (command, NULL);
  g_assert_true (proctor_result_check (result, NULL));
  g_output_stream_close (G_OUTPUT_STREAM (target), NULL, &error);
  g_assert_no_error (error);
  output = g_file_load_bytes (out_file, NULL, NULL, &error);
  assert_same_bytes (output, input);
}

static void
test_both_outputs (void)
{
  g_autoptr(GOutputStream) out = g_memory_output_stream_new_resizable ();
  g_autoptr(GOutputStream) err = g_memory_output_stream_new_resizable ();
  g_autoptr(ProctorCommand) command = child_command ("flood", "400000", "500000", NULL);
  g_autoptr(ProctorResult) result = NULL;

  proctor_command_set_stdout_stream (command, out);
  proctor_command_set_stderr_stream (command, err);
  result = run_or_abort (command, NULL);
  g_assert_true (proctor_result_check (result, NULL));
  g_assert_cmpuint (g_memory_output_stream_get_data_size (G_MEMORY_OUTPUT_STREAM (out)), ==,
                    400000);
  g_assert_cmpuint (g_memory_output_stream_get_data_size (G_MEMORY_OUTPUT_STREAM (err)), ==,
                    500000);
}

static void
test_one_for_both (void)
{
  g_autoptr(GOutputStream) both = g_memory_output_stream_new_resizable ();
  g_autoptr(ProctorCommand) command = child_command ("say", "out", "err", NULL);
  g_autoptr(ProctorResult) result = NULL;
  g_autoptr(GError) error = NULL;

  proctor_command_set_stdout_stream (command, both);
  proctor_command_set_stderr_stream (command, both);
  g_assert_null (way_run (command, NULL, NULL, &error));
  g_assert_error (error, PROCTOR_ERROR, PROCTOR_ERROR_INVALID_COMMAND);

  proctor_command_set_stderr (command, PROCTOR_STDIO_STDOUT);
  result = run_or_abort (command, NULL);
  g_assert_cmpmem (g_memory_output_stream_get_data (G_MEMORY_OUTPUT_STREAM (both)),
                   g_memory_output_stream_get_data_size (G_MEMORY_OUTPUT_STREAM (both)), "outerr",
                   6);
}

/* ---- ends and backpressure */

/* The child reads nothing: what was taken from the stream is a few blocks and the pipe. */
static void
test_backpressure (void)
{
  g_autoptr(TestSource) source = new_source (100 << 20, 0);
  g_autoptr(ProctorCommand) command = proctor_command_new_shell ("sleep 0.3; head -c 3");
  g_autoptr(ProctorResult) result = NULL;

  proctor_command_set_stdin_stream (command, G_INPUT_STREAM (source));
  result = run_or_abort (command, NULL);
  assert_bytes (proctor_result_get_stdout (result), "xxx");
  g_assert_cmpuint (source->given, <=, 1 << 20);
}

/* A stream that has nothing to say does not keep a process that has ended from being done with. */
static void
test_silent_source (void)
{
  int ends[2];

  g_assert_cmpint (pipe2 (ends, O_CLOEXEC | O_NONBLOCK), ==, 0);
  {
    g_autoptr(GInputStream) source = g_unix_input_stream_new (ends[0], TRUE);
    g_autoptr(ProctorCommand) command = child_command ("exit", "3", NULL);
    g_autoptr(ProctorResult) result = NULL;

    proctor_command_set_stdin_stream (command, source);
    result = run_or_abort (command, NULL);
    g_assert_cmpint (proctor_result_get_returncode (result), ==, 3);
  }
  close (ends[1]);
}

static gpointer
slow_reader (gpointer data)
{
  int fd = GPOINTER_TO_INT (data);
  gsize *n_read = g_new0 (gsize, 1);
  char buffer[3000];
  ssize_t length;

  while ((length = read (fd, buffer, sizeof buffer)) > 0)
    {
      *n_read += (gsize) length;
      g_usleep (1000);
    }
  close (fd);
  return n_read;
}

/* What is left in the pipe when the child exits reaches a stream that is slow, however long that
 * takes.
 */
static void
test_slow_target (void)
{
  int ends[2];
  g_autoptr(GBytes) expected = make_pattern (300000, 0);
  g_autofree char *path = work_path ("content");
  g_autoptr(ProctorCommand) command = NULL;
  g_autoptr(ProctorResult) result = NULL;
  g_autoptr(GOutputStream) target = NULL;
  GThread *thread;
  gsize *n_read;

  g_file_set_contents (path, g_bytes_get_data (expected, NULL),
                       (gssize) g_bytes_get_size (expected), NULL);
  command = proctor_command_new ("cat", path, NULL);
  proctor_command_set_drain_grace (command, 0);
  g_assert_cmpint (pipe2 (ends, O_CLOEXEC), ==, 0);
  g_assert_cmpint (fcntl (ends[1], F_SETFL, O_NONBLOCK), ==, 0);
  fcntl (ends[1], F_SETPIPE_SZ, 4096);
  target = g_unix_output_stream_new (ends[1], TRUE);
  thread = g_thread_new ("slow reader", slow_reader, GINT_TO_POINTER (ends[0]));
  proctor_command_set_stdout_stream (command, target);
  proctor_command_set_limit (command, 1000);
  result = run_or_abort (command, NULL);
  g_assert_true (proctor_result_check (result, NULL));
  g_assert_false (proctor_result_is_incomplete (result));
  g_output_stream_close (target, NULL, NULL);
  n_read = g_thread_join (thread);
  g_assert_cmpuint (*n_read, ==, 300000);
  g_free (n_read);
}

/* A stream holds all that its pipe had, and that is at its end, although it is not read. */
static void
test_stopped_at_its_end (void)
{
  g_autofree char *gate = work_path ("gate");
  g_autoptr(TestTarget) target = new_target (0);
  g_autoptr(ProctorCommand) command = proctor_command_new (
    "sh", "-c", "echo $$; until test -e $0; do sleep 0.01; done; exec head -c 2001 /dev/zero", gate,
    NULL);
  g_autoptr(ProctorResult) result = NULL;

  g_remove (gate);
  target->gate = gate;
  proctor_command_set_stdout_stream (command, G_OUTPUT_STREAM (target));
  proctor_command_set_limit (command, 1000);
  proctor_command_set_drain_grace (command, 0);
  result = run_or_abort (command, NULL);
  g_assert_true (proctor_result_check (result, NULL));
  g_assert_false (proctor_result_is_incomplete (result));
  g_assert_cmpuint (target->taken, >, 2001);
}

/* But what a descendant goes on writing after the exit is not waited for. It may not have come to
 * write anything.
 */
static void
test_endless_descendant (void)
{
  gsize taken = 0;

  for (GTimeSpan grace = 50 * G_TIME_SPAN_MILLISECOND; taken == 0; grace *= 4)
    {
      g_autoptr(TestTarget) target = new_target (0);
      g_autoptr(ProctorCommand) command = proctor_command_new_shell ("yes &");
      g_autoptr(ProctorResult) result = NULL;

      proctor_command_set_stdout_stream (command, G_OUTPUT_STREAM (target));
      proctor_command_set_drain_grace (command, grace);
      result = run_or_abort (command, NULL);
      g_assert_true (proctor_result_is_incomplete (result));
      taken = target->taken;
    }
}

/* ---- errors */

static void
test_source_fails (void)
{
  g_autoptr(TestSource) source = new_source (1 << 20, 200000);
  g_autoptr(ProctorCommand) command = child_command ("cat", NULL);
  g_autoptr(GError) error = NULL;

  proctor_command_set_stdin_stream (command, G_INPUT_STREAM (source));
  g_assert_null (way_run (command, NULL, NULL, &error));
  g_assert_error (error, G_IO_ERROR, G_IO_ERROR_HOST_NOT_FOUND);
}

static void
test_target_fails (void)
{
  g_autoptr(TestTarget) target = new_target (150000);
  g_autoptr(ProctorCommand) command = proctor_command_new ("yes", NULL);
  g_autoptr(GError) error = NULL;

  /* It ends, by SIGPIPE. */
  proctor_command_set_stdout_stream (command, G_OUTPUT_STREAM (target));
  g_assert_null (way_run (command, NULL, NULL, &error));
  g_assert_error (error, G_IO_ERROR, G_IO_ERROR_NO_SPACE);
  g_assert_false (target->flushed);
}

static void
test_flush (void)
{
  g_autoptr(TestTarget) target = new_target (0);
  g_autoptr(ProctorCommand) command = child_command ("flood", "300000", "0", NULL);
  g_autoptr(ProctorResult) result = NULL;

  proctor_command_set_stdout_stream (command, G_OUTPUT_STREAM (target));
  result = run_or_abort (command, NULL);
  g_assert_cmpuint (target->taken, ==, 300000);
  g_assert_true (target->flushed);
}

/* Nothing is taken from a stream for a process that cannot be started. */
static void
test_failed_spawn (void)
{
  g_autoptr(TestSource) source = new_source (1 << 20, 0);
  g_autoptr(TestTarget) target = new_target (0);
  g_autoptr(ProctorCommand) command = proctor_command_new ("/no/such/program", NULL);
  g_autoptr(GError) error = NULL;

  proctor_command_set_stdin_stream (command, G_INPUT_STREAM (source));
  proctor_command_set_stdout_stream (command, G_OUTPUT_STREAM (target));
  g_assert_null (way_run (command, NULL, NULL, &error));
  g_assert_error (error, G_IO_ERROR, G_IO_ERROR_NOT_FOUND);
  g_clear_error (&error);
  g_assert_null (way_spawn (command, NULL, &error));
  g_assert_error (error, G_IO_ERROR, G_IO_ERROR_NOT_FOUND);
  g_assert_cmpuint (source->given, ==, 0);
}

static void
test_cancel (void)
{
  for (guint i = 0; i < 10; i++)
    {
      g_autoptr(TestSource) source = new_source (G_MAXSIZE / 2, 0);
      g_autoptr(TestTarget) target = new_target (0);
      g_autoptr(ProctorCommand) command = child_command ("cat", NULL);
      g_autoptr(GCancellable) cancellable = g_cancellable_new ();
      g_autoptr(GError) error = NULL;
      Canceller canceller;

      proctor_command_set_stdin_stream (command, G_INPUT_STREAM (source));
      proctor_command_set_stdout_stream (command, G_OUTPUT_STREAM (target));
      canceller_start (&canceller, cancellable, (GTimeSpan) (i * i * 400));
      g_assert_null (way_run (command, NULL, cancellable, &error));
      g_assert_error (error, G_IO_ERROR, G_IO_ERROR_CANCELLED);
      canceller_join (&canceller);
    }
}

static void
test_timeout (void)
{
  g_autoptr(ProctorResult) result = NULL;

  for (GTimeSpan timeout = 50 * G_TIME_SPAN_MILLISECOND; result == NULL; timeout *= 4)
    {
      g_autoptr(TestTarget) target = new_target (0);
      g_autoptr(ProctorCommand) command = child_command ("sleep", "1000", NULL);

      proctor_command_set_stdout_stream (command, G_OUTPUT_STREAM (target));
      result = run_until_timed_out (command, timeout);
    }
}

/* A stream that takes nothing, and ends its operation in the handler of `cancelled`. */
#define TEST_TYPE_STUCK (test_stuck_get_type ())
G_DECLARE_FINAL_TYPE (TestStuck, test_stuck, TEST, STUCK, GOutputStream)

struct _TestStuck
{
  GOutputStream parent_instance;
};

G_DEFINE_FINAL_TYPE (TestStuck, test_stuck, G_TYPE_OUTPUT_STREAM)

static void
stuck_cancelled_cb (GCancellable *cancellable,
                    gpointer      data)
{
  g_autoptr(GTask) task = data;

  g_task_return_error_if_cancelled (task);
}

static void
test_stuck_write_async (GOutputStream       *stream,
                        const void          *buffer,
                        gsize                count,
                        int                  priority,
                        GCancellable        *cancellable,
                        GAsyncReadyCallback  callback,
                        gpointer             user_data)
{
  GTask *task = g_task_new (stream, cancellable, callback, user_data);

  g_signal_connect (cancellable, "cancelled", G_CALLBACK (stuck_cancelled_cb), task);
}

static gssize
test_stuck_write_finish (GOutputStream  *stream,
                         GAsyncResult   *result,
                         GError        **error)
{
  return g_task_propagate_int (G_TASK (result), error);
}

static void
test_stuck_class_init (TestStuckClass *klass)
{
  G_OUTPUT_STREAM_CLASS (klass)->write_async = test_stuck_write_async;
  G_OUTPUT_STREAM_CLASS (klass)->write_finish = test_stuck_write_finish;
}

static void
test_stuck_init (TestStuck *self)
{
}

static gboolean
cancel_in_context (gpointer cancellable)
{
  g_cancellable_cancel (cancellable);
  return G_SOURCE_REMOVE;
}

/* In the context of the test, while it waits for the stream. */
static void
cancel_later (GCancellable *cancellable)
{
  g_autoptr(GSource) source = g_timeout_source_new (300);
  g_autoptr(GMainContext) context = g_main_context_ref_thread_default ();

  g_source_set_callback (source, cancel_in_context, cancellable, NULL);
  g_source_attach (source, context);
}

/* The process has ended, its stream has not: cancelling in the thread that serves it. */
static void
test_cancel_stuck_target (void)
{
  g_autoptr(GOutputStream) target = g_object_new (TEST_TYPE_STUCK, NULL);
  g_autoptr(ProctorCommand) command = child_command ("say", "out", "err", NULL);
  g_autoptr(GCancellable) cancellable = g_cancellable_new ();
  g_autoptr(GError) error = NULL;
  g_auto(Reply) reply = { 0 };

  proctor_command_set_stdout_stream (command, target);
  reply_init (&reply);
  proctor_command_run_async (command, NULL, cancellable, reply_arrived, &reply);
  cancel_later (cancellable);
  g_assert_null (proctor_command_run_finish (command, reply_wait (&reply), &error));
  g_assert_error (error, G_IO_ERROR, G_IO_ERROR_CANCELLED);
}

/* A stream that takes nothing does not keep a run from its timeout: neither where the process has
 * ended by itself, nor where it had to be stopped.
 */
static void
test_timeout_of_stuck_target (void)
{
  static const char * const scripts[] = { "echo out; echo err >&2",
                                          "echo out; echo err >&2; exec sleep 1000" };
  GTimeSpan timeout = 300 * G_TIME_SPAN_MILLISECOND;

  for (guint i = 0; i < G_N_ELEMENTS (scripts);)
    {
      g_autoptr(GOutputStream) target = g_object_new (TEST_TYPE_STUCK, NULL);
      g_autoptr(ProctorCommand) command = proctor_command_new_shell (scripts[i]);
      g_autoptr(ProctorResult) result = NULL;
      g_autoptr(GError) error = NULL;

      proctor_command_set_drain_grace (command, 100 * G_TIME_SPAN_MILLISECOND);
      proctor_command_set_stdout_stream (command, target);
      result = run_until_timed_out (command, timeout);
      if (result == NULL || g_bytes_get_size (proctor_result_get_stderr (result)) == 0)
        {
          /* It did not come to say anything. */
          timeout *= 4;
          continue;
        }

      g_assert_true (proctor_result_is_incomplete (result));
      assert_bytes (proctor_result_get_stderr (result), "err\n");
      g_assert_false (proctor_result_check (result, &error));
      g_assert_error (error, G_IO_ERROR, G_IO_ERROR_TIMED_OUT);
      g_assert_false (g_output_stream_has_pending (target));
      i++;
    }
}

/* ---- spawned */

typedef struct
{
  ProctorProcess *process;
  GCancellable *cancellable;
  GMainLoop *loop;
} Communicator;

static gpointer
communicate_and_quit (gpointer data)
{
  Communicator *self = data;
  GError *error = NULL;

  g_assert_null (proctor_process_communicate (self->process, NULL, self->cancellable, &error));
  g_assert_error (error, G_IO_ERROR, G_IO_ERROR_CANCELLED);
  g_clear_error (&error);
  g_main_loop_quit (self->loop);
  return NULL;
}

/* What was captured is not lost by giving up the wait for the stream. */
static void
test_cancel_communicate (void)
{
  for (guint i = 0; i < 2; i++)
    {
      int ends[2];
      g_autoptr(GOutputStream) target = NULL;
      g_autoptr(ProctorCommand) command =
        proctor_command_new_shell ("head -c 60000 /dev/zero; echo err >&2");
      g_autoptr(ProctorProcess) process = NULL;
      g_autoptr(ProctorResult) result = NULL;
      g_autoptr(GCancellable) cancellable = g_cancellable_new ();
      g_autoptr(GMainContext) context = g_main_context_ref_thread_default ();
      g_autoptr(GMainLoop) loop = g_main_loop_new (context, FALSE);
      g_autoptr(GError) error = NULL;
      Communicator communicator;
      GThread *thread;
      gpointer n_read;

      g_assert_cmpint (pipe2 (ends, O_CLOEXEC), ==, 0);
      g_assert_cmpint (fcntl (ends[1], F_SETFL, O_NONBLOCK), ==, 0);
      fcntl (ends[1], F_SETPIPE_SZ, 4096);
      target = g_unix_output_stream_new (ends[1], TRUE);
      proctor_command_set_stdout_stream (command, target);
      proctor_command_set_stderr (command, PROCTOR_STDIO_PIPE);
      process = spawn_or_abort (command);
      cancel_later (cancellable);
      if (i == 0)
        {
          g_auto(Reply) reply = { 0 };

          reply_init (&reply);
          proctor_process_communicate_async (process, NULL, cancellable, reply_arrived, &reply);
          g_assert_null (proctor_process_communicate_finish (process, reply_wait (&reply), &error));
          g_assert_error (error, G_IO_ERROR, G_IO_ERROR_CANCELLED);
          g_clear_error (&error);
        }
      else
        {
          communicator = (Communicator){ process, cancellable, loop };
          thread = g_thread_new ("communicator", communicate_and_quit, &communicator);
          g_main_loop_run (loop);
          g_thread_join (thread);
        }

      thread = g_thread_new ("slow reader", slow_reader, GINT_TO_POINTER (ends[0]));
      {
        g_auto(Reply) reply = { 0 };

        reply_init (&reply);
        proctor_process_communicate_async (process, NULL, NULL, reply_arrived, &reply);
        result = proctor_process_communicate_finish (process, reply_wait (&reply), &error);
        g_assert_no_error (error);
      }
      assert_bytes (proctor_result_get_stderr (result), "err\n");
      g_output_stream_close (target, NULL, NULL);
      n_read = g_thread_join (thread);
      g_assert_cmpuint (*(gsize *) n_read, ==, 60000);
      g_free (n_read);
    }
}

static void
test_spawn (void)
{
  g_autoptr(GBytes) input = make_pattern (1000000, 2);
  g_autoptr(GInputStream) source = g_memory_input_stream_new_from_bytes (input);
  g_autoptr(GOutputStream) target = g_memory_output_stream_new_resizable ();
  g_autoptr(ProctorCommand) command = proctor_command_new_shell ("cat; echo done >&2");
  g_autoptr(ProctorProcess) process = NULL;
  g_autoptr(ProctorResult) result = NULL;
  g_autoptr(GError) error = NULL;
  g_auto(Reply) reply = { 0 };

  proctor_command_set_stdin_stream (command, source);
  proctor_command_set_stdout_stream (command, target);
  proctor_command_set_stderr (command, PROCTOR_STDIO_PIPE);
  process = spawn_or_abort (command);
  g_assert_null (proctor_process_get_stdin (process));
  g_assert_null (proctor_process_get_stdout (process));
  g_assert_nonnull (proctor_process_get_stderr (process));

  /* This thread would have to iterate the context. */
  g_assert_null (proctor_process_communicate (process, NULL, NULL, &error));
  g_assert_error (error, PROCTOR_ERROR, PROCTOR_ERROR_WOULD_DEADLOCK);
  g_clear_error (&error);

  reply_init (&reply);
  proctor_process_communicate_async (process, NULL, NULL, reply_arrived, &reply);
  result = proctor_process_communicate_finish (process, reply_wait (&reply), &error);
  g_assert_no_error (error);
  assert_bytes (proctor_result_get_stderr (result), "done\n");
  g_assert_null (proctor_result_get_stdout (result));
  g_assert_cmpmem (g_memory_output_stream_get_data (G_MEMORY_OUTPUT_STREAM (target)),
                   g_memory_output_stream_get_data_size (G_MEMORY_OUTPUT_STREAM (target)),
                   g_bytes_get_data (input, NULL), g_bytes_get_size (input));
}

static void
test_spawn_target_fails (void)
{
  g_autoptr(TestTarget) target = new_target (1);
  g_autoptr(ProctorCommand) command = proctor_command_new ("yes", NULL);
  g_autoptr(ProctorProcess) process = NULL;
  g_autoptr(GError) error = NULL;
  g_auto(Reply) reply = { 0 };

  proctor_command_set_stdout_stream (command, G_OUTPUT_STREAM (target));
  process = spawn_or_abort (command);
  reply_init (&reply);
  proctor_process_communicate_async (process, NULL, NULL, reply_arrived, &reply);
  g_assert_null (proctor_process_communicate_finish (process, reply_wait (&reply), &error));
  g_assert_error (error, G_IO_ERROR, G_IO_ERROR_NO_SPACE);
}

/* Input to run in bytes excludes a stream. */
static void
test_two_inputs (void)
{
  g_autoptr(TestSource) source = new_source (10, 0);
  g_autoptr(ProctorCommand) command = child_command ("cat", NULL);
  g_autoptr(GBytes) input = g_bytes_new_static ("x", 1);
  g_autoptr(GError) error = NULL;

  proctor_command_set_stdin_stream (command, G_INPUT_STREAM (source));
  g_assert_null (way_run (command, input, NULL, &error));
  g_assert_error (error, G_IO_ERROR, G_IO_ERROR_INVALID_ARGUMENT);
  g_assert_cmpuint (source->given, ==, 0);
}

static const ApiTest tests[] = {
  { "memory", test_memory, ALL_WAYS },
  { "files", test_files, ALL_WAYS },
  { "both-outputs", test_both_outputs, ALL_WAYS },
  { "one-for-both", test_one_for_both, ALL_WAYS },
  { "backpressure", test_backpressure, ALL_WAYS },
  { "silent-source", test_silent_source, ALL_WAYS },
  { "slow-target", test_slow_target, TWO_WAYS },
  { "stopped-at-its-end", test_stopped_at_its_end },
  { "endless-descendant", test_endless_descendant, TWO_WAYS },
  { "source-fails", test_source_fails, ALL_WAYS },
  { "target-fails", test_target_fails, ALL_WAYS },
  { "flush", test_flush, ALL_WAYS },
  { "failed-spawn", test_failed_spawn, ALL_WAYS },
  { "cancel", test_cancel, ALL_WAYS },
  { "timeout", test_timeout, ALL_WAYS },
  { "cancel-stuck-target", test_cancel_stuck_target, TWO_WAYS },
  { "timeout-of-stuck-target", test_timeout_of_stuck_target, ALL_WAYS },
  { "spawn", test_spawn, ALL_WAYS },
  { "spawn-target-fails", test_spawn_target_fails, ALL_WAYS },
  { "cancel-communicate", test_cancel_communicate, TWO_WAYS },
  { "two-inputs", test_two_inputs, ALL_WAYS },
};

/* The threads in which GIO serves streams that only block: they stay. */
static void
warm_up_io (void)
{
  g_autoptr(TestSource) source = new_source (1 << 20, 0);
  g_autoptr(TestTarget) target = new_target (0);
  g_auto(Reply) reply = { 0 };

  reply_init (&reply);
  g_output_stream_splice_async (G_OUTPUT_STREAM (target), G_INPUT_STREAM (source),
                                G_OUTPUT_STREAM_SPLICE_NONE, G_PRIORITY_DEFAULT, NULL,
                                reply_arrived, &reply);
  reply_wait (&reply);
}

int
main (int    argc,
      char **argv)
{
  warm_up_io ();
  return RUN_API_TESTS (argc, argv, "gio-streams", tests);
}
