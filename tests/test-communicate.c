/* Talking to a process through its pipes: nothing is lost, whatever happens on the way.
 *
 * SPDX-License-Identifier: LGPL-2.1-or-later
 */

#include "config.h"

#include "api-testing.h"

#define MIB ((gsize) 1024 * 1024)

static ProctorCommand *
with_pipes (ProctorCommand *command)
{
  proctor_command_set_stdin (command, PROCTOR_STDIO_PIPE);
  proctor_command_set_stdout (command, PROCTOR_STDIO_PIPE);
  proctor_command_set_stderr (command, PROCTOR_STDIO_PIPE);
  return command;
}

/* A child with all pipes that does nothing before open_gate(). */
static ProctorProcess *
spawn_behind_gate (const char *mode,
                   const char *argument)
{
  g_autofree char *gate = work_path ("gate");
  g_autoptr(ProctorCommand) command =
    with_pipes (child_command ("gate", gate, mode, argument, NULL));

  g_unlink (gate);
  return spawn_or_abort (command);
}

static void
open_gate (void)
{
  g_free (work_file ("gate", ""));
}

/* ---- plainly */

static void
test_both_outputs (void)
{
  g_autoptr(ProctorCommand) command = with_pipes (child_command ("say", "out", "err", "3", NULL));
  g_autoptr(ProctorProcess) process = spawn_or_abort (command);
  g_autoptr(ProctorResult) result = communicate_or_abort (process, NULL);
  g_autoptr(GError) error = NULL;

  assert_bytes (proctor_result_get_stdout (result), "out");
  assert_bytes (proctor_result_get_stderr (result), "err");
  g_assert_cmpint (proctor_result_get_returncode (result), ==, 3);
  g_assert_false (proctor_result_check (result, &error));
  g_assert_error (error, PROCTOR_ERROR, PROCTOR_ERROR_EXIT_STATUS);
}

static void
test_input (void)
{
  g_autoptr(GBytes) empty = g_bytes_new_static ("", 0);
  g_autoptr(GBytes) some = make_pattern (300001, 1);
  GBytes *inputs[] = { NULL, empty, some };

  for (guint i = 0; i < G_N_ELEMENTS (inputs); i++)
    {
      g_autoptr(ProctorCommand) command = with_pipes (child_command ("cat", NULL));
      g_autoptr(ProctorProcess) process = spawn_or_abort (command);
      g_autoptr(ProctorResult) result = communicate_or_abort (process, inputs[i]);

      assert_same_bytes (proctor_result_get_stdout (result), inputs[i] != NULL ? inputs[i] : empty);
      g_assert_cmpint (proctor_result_get_returncode (result), ==, 0);
    }
}

/* What is no pipe is not there. */
static void
test_without_pipes (void)
{
  g_autoptr(ProctorCommand) command = child_command ("exit", "6", NULL);
  g_autoptr(ProctorProcess) process = NULL;
  g_autoptr(ProctorResult) result = NULL;

  proctor_command_set_stdin (command, PROCTOR_STDIO_DEVNULL);
  proctor_command_set_stderr (command, PROCTOR_STDIO_PIPE);
  process = spawn_or_abort (command);
  result = communicate_or_abort (process, NULL);
  g_assert_null (proctor_result_get_stdout (result));
  assert_bytes (proctor_result_get_stderr (result), "");
  g_assert_cmpint (proctor_result_get_returncode (result), ==, 6);
}

static void
test_input_without_pipe (void)
{
  g_autoptr(GBytes) input = g_bytes_new_static ("lost", 4);
  g_autoptr(ProctorCommand) command = child_command ("echo", "there", NULL);
  g_autoptr(ProctorProcess) process = NULL;
  g_autoptr(ProctorResult) result = NULL;
  g_autoptr(GError) error = NULL;

  proctor_command_set_stdin (command, PROCTOR_STDIO_DEVNULL);
  proctor_command_set_stdout (command, PROCTOR_STDIO_PIPE);
  process = spawn_or_abort (command);
  g_assert_null (way_communicate (process, input, NULL, &error));
  g_assert_error (error, G_IO_ERROR, G_IO_ERROR_INVALID_ARGUMENT);

  /* That has changed nothing. */
  result = communicate_or_abort (process, NULL);
  assert_bytes (proctor_result_get_stdout (result), "there\n");
}

/* That is no error, whatever the system calls it. */
static void
test_child_closes_stdin (void)
{
  static const ProctorStdio kinds[] = {
    PROCTOR_STDIO_PIPE, PROCTOR_STDIO_SOCKET, PROCTOR_STDIO_PTY,
  };
  g_autofree char *text = g_strnfill (4 * MIB, 'x');
  g_autoptr(GBytes) input = g_bytes_new_static (text, 4 * MIB);

  for (guint i = 0; i < G_N_ELEMENTS (kinds); i++)
    {
      g_autoptr(ProctorCommand) command =
        with_pipes (child_command ("close-stdin", "enough", NULL));
      g_autoptr(ProctorProcess) process = NULL;
      g_autoptr(ProctorResult) result = NULL;

      proctor_command_set_stdin (command, kinds[i]);
      process = spawn_or_abort (command);
      result = communicate_or_abort (process, input);
      assert_bytes (proctor_result_get_stdout (result), "enough");
      g_assert_cmpint (proctor_result_get_returncode (result), ==, 0);
      g_assert_false (proctor_result_is_incomplete (result));
    }
}

/* ---- much of it */

/* There and back again. */
static void
send_through_cat (gsize length)
{
  g_autoptr(GBytes) input = make_pattern (length, 17);
  g_autoptr(ProctorCommand) command = with_pipes (child_command ("cat", NULL));
  g_autoptr(ProctorProcess) process = spawn_or_abort (command);
  gint64 start = g_get_monotonic_time ();
  g_autoptr(ProctorResult) result = communicate_or_abort (process, input);
  double seconds = (double) (g_get_monotonic_time () - start) / G_TIME_SPAN_SECOND;

  assert_same_bytes (proctor_result_get_stdout (result), input);
  assert_bytes (proctor_result_get_stderr (result), "");
  g_assert_true (proctor_result_check (result, NULL));
  g_test_message ("%" G_GSIZE_FORMAT " MiB in %.2f s, %.0f MiB/s", length / MIB, seconds,
                  (double) length / MIB / seconds);
}

static void
test_much (void)
{
  send_through_cat (MAX (1, (gsize) (64 * test_scale ())) * MIB + 12345);
}

static void
test_very_much (void)
{
  send_through_cat (MAX (1, (gsize) (1024 * MIN (1, test_scale ()))) * MIB);
}

/* Every size around the limits of pipes and buffers. */
static void
test_sizes (void)
{
  static const gsize sizes[] = {
    1, 4095, 4096, 4097, 32767, 32768, 32769, 65535, 65536, 65537, 131072, 262143, 262144, 262145,
    524287, 524288, 524289, 4194303, 4194304, 4194305,
  };

  for (guint i = 0; i < G_N_ELEMENTS (sizes); i++)
    {
      g_autoptr(GBytes) input = make_pattern (sizes[i], i);
      g_autoptr(ProctorCommand) command = with_pipes (child_command ("cat", NULL));
      g_autoptr(ProctorProcess) process = spawn_or_abort (command);
      g_autoptr(ProctorResult) result = communicate_or_abort (process, input);

      assert_same_bytes (proctor_result_get_stdout (result), input);
    }
}

static void
test_side_by_side (void)
{
  gsize length = MAX (1, (gsize) (32 * test_scale ())) * MIB;
  ProctorProcess *processes[4];
  GBytes *inputs[4];
  Reply replies[4];

  for (guint i = 0; i < G_N_ELEMENTS (processes); i++)
    {
      g_autoptr(ProctorCommand) command = with_pipes (child_command ("cat", NULL));

      processes[i] = spawn_or_abort (command);
      inputs[i] = make_pattern (length + i, i * 1000);
      reply_init (&replies[i]);
      proctor_process_communicate_async (processes[i], inputs[i], NULL, reply_arrived, &replies[i]);
    }
  for (guint i = 0; i < G_N_ELEMENTS (processes); i++)
    {
      g_autoptr(ProctorResult) result = NULL;
      g_autoptr(GError) error = NULL;

      result = proctor_process_communicate_finish (processes[i], reply_wait (&replies[i]), &error);
      g_assert_no_error (error);
      assert_same_bytes (proctor_result_get_stdout (result), inputs[i]);
      g_bytes_unref (inputs[i]);
      g_object_unref (processes[i]);
      reply_clear (&replies[i]);
    }
}

static void
test_both_outputs_large (void)
{
  g_autoptr(ProctorCommand) command =
    with_pipes (child_command ("flood", "3000000", "2999999", NULL));
  g_autoptr(ProctorProcess) process = spawn_or_abort (command);
  g_autoptr(ProctorResult) result = communicate_or_abort (process, NULL);

  g_assert_cmpuint (g_bytes_get_size (proctor_result_get_stdout (result)), ==, 3000000);
  g_assert_cmpuint (g_bytes_get_size (proctor_result_get_stderr (result)), ==, 2999999);
}

/* ---- one after the other, and at once */

static void
test_second_call (void)
{
  g_autoptr(GBytes) input = g_bytes_new_static ("once", 4);
  g_autoptr(GBytes) empty = g_bytes_new_static ("", 0);
  g_autoptr(ProctorCommand) command = with_pipes (child_command ("cat", NULL));
  g_autoptr(ProctorProcess) process = spawn_or_abort (command);
  g_autoptr(ProctorResult) first = communicate_or_abort (process, input);
  g_autoptr(ProctorResult) second = communicate_or_abort (process, NULL);
  g_autoptr(ProctorResult) third = communicate_or_abort (process, empty);
  g_autoptr(GError) error = NULL;

  assert_bytes (proctor_result_get_stdout (first), "once");
  assert_bytes (proctor_result_get_stdout (second), "");
  assert_bytes (proctor_result_get_stderr (second), "");
  g_assert_cmpint (proctor_result_get_returncode (second), ==, 0);
  assert_bytes (proctor_result_get_stdout (third), "");

  g_assert_null (way_communicate (process, input, NULL, &error));
  g_assert_error (error, G_IO_ERROR, G_IO_ERROR_CLOSED);
}

static void
test_two_at_once (void)
{
  g_autoptr(ProctorProcess) process = spawn_behind_gate ("echo", "for one");
  g_autoptr(ProctorResult) result = NULL;
  g_autoptr(GError) error = NULL;
  g_auto(Reply) reply = { 0 };

  reply_init (&reply);
  proctor_process_communicate_async (process, NULL, NULL, reply_arrived, &reply);
  g_assert_null (way_communicate (process, NULL, NULL, &error));
  g_assert_error (error, G_IO_ERROR, G_IO_ERROR_PENDING);
  g_clear_error (&error);

  open_gate ();
  result = proctor_process_communicate_finish (process, reply_wait (&reply), &error);
  g_assert_no_error (error);
  assert_bytes (proctor_result_get_stdout (result), "for one\n");
}

/* ---- around the exit */

static void
test_after_the_exit (void)
{
  g_autoptr(ProctorCommand) command =
    with_pipes (child_command ("say", "written before", "also", "2", NULL));
  g_autoptr(ProctorProcess) process = spawn_or_abort (command);
  g_autoptr(ProctorResult) result = NULL;

  assert_returncode (process, 2);
  result = communicate_or_abort (process, NULL);
  assert_bytes (proctor_result_get_stdout (result), "written before");
  assert_bytes (proctor_result_get_stderr (result), "also");
  g_assert_cmpint (proctor_result_get_returncode (result), ==, 2);
}

static void
test_input_after_the_exit (void)
{
  g_autoptr(GBytes) input = make_pattern (MIB, 1);
  g_autoptr(ProctorCommand) command = with_pipes (child_command ("say", "gone", "", NULL));
  g_autoptr(ProctorProcess) process = spawn_or_abort (command);
  g_autoptr(ProctorResult) result = NULL;

  assert_returncode (process, 0);
  result = communicate_or_abort (process, input);
  assert_bytes (proctor_result_get_stdout (result), "gone");
  g_assert_false (proctor_result_is_incomplete (result));
}

/* A wait does not take anything away, whether it comes before, during or after. */
static void
test_wait_meanwhile (void)
{
  g_autoptr(ProctorProcess) process = spawn_behind_gate ("echo", "kept");
  g_autoptr(ProctorResult) result = NULL;
  g_autoptr(GError) error = NULL;
  g_auto(Reply) waits = { 0 };
  int returncode = -1;

  reply_init (&waits);
  proctor_process_wait_async (process, NULL, reply_arrived, &waits);
  open_gate ();
  result = communicate_or_abort (process, NULL);
  assert_bytes (proctor_result_get_stdout (result), "kept\n");
  g_assert_true (proctor_process_wait_finish (process, reply_wait (&waits), &returncode, &error));
  g_assert_no_error (error);
  g_assert_cmpint (returncode, ==, 0);
  assert_returncode (process, 0);
}

static void
test_killed_meanwhile (void)
{
  g_autofree char *mark = work_path ("mark");
  g_autoptr(ProctorCommand) command = with_pipes (child_command ("ignore-term", mark, NULL));
  g_autoptr(ProctorProcess) process = spawn_or_abort (command);
  g_autoptr(ProctorResult) result = NULL;
  g_autoptr(GError) error = NULL;
  g_auto(Reply) reply = { 0 };

  reply_init (&reply);
  proctor_process_communicate_async (process, NULL, NULL, reply_arrived, &reply);
  await_pid (mark);
  g_assert_true (proctor_process_kill (process, &error));
  result = proctor_process_communicate_finish (process, reply_wait (&reply), &error);
  g_assert_no_error (error);
  g_assert_cmpint (proctor_result_get_returncode (result), ==, -SIGKILL);
  assert_bytes (proctor_result_get_stdout (result), "ready\n");
}

/* ---- descendants */

/* As long as a descendant keeps a pipe, and then to the very end. */
static void
test_pipes_held (void)
{
  g_autofree char *mark = work_path ("mark");
  g_autoptr(ProctorCommand) command =
    with_pipes (child_command ("hold", mark, "12", "early ", "late", NULL));
  g_autoptr(ProctorProcess) process = spawn_or_abort (command);
  g_autoptr(GCancellable) cancellable = g_cancellable_new ();
  g_autoptr(ProctorResult) result = NULL;
  g_autoptr(GError) error = NULL;
  Canceller canceller;
  pid_t holder;

  assert_returncode (process, 0);
  holder = await_pid (mark);

  canceller_start (&canceller, cancellable, 200 * G_TIME_SPAN_MILLISECOND);
  g_assert_null (way_communicate (process, NULL, cancellable, &error));
  g_assert_error (error, G_IO_ERROR, G_IO_ERROR_CANCELLED);
  canceller_join (&canceller);

  await_late (mark);
  kill (holder, SIGKILL);
  result = communicate_or_abort (process, NULL);
  assert_bytes (proctor_result_get_stdout (result), "early late");
  g_assert_false (proctor_result_is_incomplete (result));
}

static void
test_drain_grace (void)
{
  static const char * const held[] = { "0", "1", "2", "012" };

  for (guint i = 0; i < G_N_ELEMENTS (held); i++)
    {
      g_autofree char *name = g_strconcat ("holds-", held[i], NULL);
      g_autofree char *mark = work_path (name);
      g_autoptr(ProctorCommand) command =
        with_pipes (child_command ("hold", mark, held[i], "text", NULL));
      g_autoptr(GBytes) input = make_pattern (MIB, 1);
      g_autoptr(ProctorProcess) process = NULL;
      g_autoptr(ProctorResult) result = NULL;
      g_autoptr(ProctorResult) again = NULL;

      proctor_command_set_drain_grace (command, 100 * G_TIME_SPAN_MILLISECOND);
      process = spawn_or_abort (command);
      result = communicate_or_abort (process, input);
      kill (await_pid (mark), SIGKILL);
      g_assert_true (proctor_result_is_incomplete (result));
      g_assert_cmpint (proctor_result_get_returncode (result), ==, 0);
      assert_bytes (proctor_result_get_stdout (result), "text");

      /* That was the end of the pipes. */
      again = communicate_or_abort (process, NULL);
      assert_bytes (proctor_result_get_stdout (again), "");
    }
}

/* ---- cancelling */

/* Cancels one communicate with @input, @delay after it has begun or before if that is negative.
 * Whether it was cancelled; if not it was done before, and has the result.
 */
static gboolean
communicate_cancelled (ProctorProcess  *process,
                       GBytes          *input,
                       GTimeSpan        delay,
                       ProctorResult  **ret_result)
{
  g_autoptr(GCancellable) cancellable = g_cancellable_new ();
  g_autoptr(GError) error = NULL;
  Canceller canceller;

  if (delay < 0)
    g_cancellable_cancel (cancellable);
  else
    canceller_start (&canceller, cancellable, delay);
  *ret_result = way_communicate (process, input, cancellable, &error);
  if (*ret_result == NULL)
    g_assert_error (error, G_IO_ERROR, G_IO_ERROR_CANCELLED);
  if (delay >= 0)
    canceller_join (&canceller);
  return *ret_result == NULL;
}

/* The child does not read before the cancelling: nearly all of the input is unsent then. */
static void
test_cancelled_before_it_is_sent (void)
{
  for (int delay = -1; delay < 20; delay++)
    {
      g_autoptr(GBytes) input = make_pattern (3 * MIB, (guint64) (delay + 1));
      g_autoptr(ProctorProcess) process = spawn_behind_gate ("cat", NULL);
      g_autoptr(ProctorResult) result = NULL;
      g_autoptr(ProctorResult) none = NULL;

      g_assert_true (communicate_cancelled (process, input, delay < 0 ? -1 : delay * 20, &none));
      open_gate ();
      result = communicate_or_abort (process, NULL);
      assert_same_bytes (proctor_result_get_stdout (result), input);
      g_assert_true (proctor_result_check (result, NULL));
    }
}

/* Again and again, while it goes both ways. */
static void
test_cancelled_in_the_middle (void)
{
  for (guint i = 0; i < scaled (8); i++)
    {
      g_autoptr(GBytes) input = make_pattern (8 * MIB + i, i);
      g_autoptr(ProctorCommand) command = with_pipes (child_command ("cat", NULL));
      g_autoptr(ProctorProcess) process = spawn_or_abort (command);
      g_autoptr(ProctorResult) result = NULL;
      guint n_cancelled = 0;

      while (communicate_cancelled (process, n_cancelled == 0 ? input : NULL,
                                    (i + n_cancelled) * 150, &result))
        n_cancelled++;
      g_test_message ("cancelled %u times", n_cancelled);
      assert_same_bytes (proctor_result_get_stdout (result), input);
      g_assert_true (proctor_result_check (result, NULL));
    }
}

/* All that was written is there, from its start. */
static void
test_cancelled_while_reading (void)
{
  g_autoptr(ProctorCommand) command = with_pipes (child_command ("lines", "30000", NULL));
  g_autoptr(ProctorProcess) process = spawn_or_abort (command);
  g_autoptr(ProctorResult) result = NULL;
  const char *data;
  gsize length;
  guint n_cancelled = 0;
  guint n = 0;

  while (communicate_cancelled (process, NULL, (GTimeSpan) n_cancelled * 100, &result))
    n_cancelled++;
  g_test_message ("cancelled %u times", n_cancelled);

  data = g_bytes_get_data (proctor_result_get_stdout (result), &length);
  for (gsize used = 0; used < length; n++)
    {
      g_autofree char *line = g_strdup_printf ("line %u\n", n);

      g_assert_cmpuint (length - used, >=, strlen (line));
      g_assert_true (memcmp (data + used, line, strlen (line)) == 0);
      used += strlen (line);
    }
  g_assert_cmpuint (n, ==, 30000);
}

/* The caller's memory is not needed any more when a call has been cancelled. */
static void
test_cancelled_input_is_given_back (void)
{
  g_autoptr(ProctorProcess) process = spawn_behind_gate ("cat", NULL);
  g_autoptr(GBytes) expected = make_pattern (MIB, 4);
  g_autoptr(ProctorResult) result = NULL;
  g_autoptr(ProctorResult) none = NULL;
  GBytes *input = make_pattern (MIB, 4);
  gsize size = 0;
  gpointer data = (gpointer) g_bytes_get_data (input, &size);

  g_assert_true (communicate_cancelled (process, input, 1000, &none));
  g_assert_true (g_bytes_unref_to_data (input, &size) == data);
  memset (data, 'x', size);
  g_free (data);

  open_gate ();
  result = communicate_or_abort (process, NULL);
  assert_same_bytes (proctor_result_get_stdout (result), expected);
}

/* What is unsent goes out without a second call, too, also when nobody holds the process any more.
 */
static void
test_cancelled_and_dropped (void)
{
  g_autofree char *gate = work_path ("gate");
  g_autofree char *out = work_path ("out");
  g_autoptr(ProctorCommand) command = child_command ("gate", gate, "cat", NULL);
  g_autoptr(GBytes) input = make_pattern (2 * MIB, 9);
  g_autoptr(ProctorResult) none = NULL;
  ProctorProcess *process;
  gint64 deadline = g_get_monotonic_time () + 20 * G_TIME_SPAN_SECOND;
  GStatBuf st = { 0 };

  proctor_command_set_stdin (command, PROCTOR_STDIO_PIPE);
  proctor_command_set_stdout_path (command, out, FALSE);
  process = spawn_or_abort (command);
  g_assert_true (communicate_cancelled (process, input, 1000, &none));
  g_object_unref (process);
  open_gate ();

  while (g_stat (out, &st) < 0 || st.st_size < (goffset) g_bytes_get_size (input))
    {
      g_assert_cmpint (g_get_monotonic_time (), <, deadline);
      g_usleep (1000);
    }
  g_assert_cmpint (st.st_size, ==, g_bytes_get_size (input));
}

/* A cancelled call has closed stdin for input, so more of it is refused; the process is left alone.
 */
static void
test_input_after_cancelling (void)
{
  for (int delay = -1; delay < 2; delay++)
    {
      g_autoptr(ProctorProcess) process = spawn_behind_gate ("cat", NULL);
      g_autoptr(GBytes) input = g_bytes_new_static ("some", 4);
      g_autoptr(ProctorResult) none = NULL;
      g_autoptr(ProctorResult) result = NULL;
      g_autoptr(GError) error = NULL;

      g_assert_true (communicate_cancelled (process, input, delay * 500, &none));
      g_assert_null (way_communicate (process, input, NULL, &error));
      g_assert_error (error, G_IO_ERROR, G_IO_ERROR_CLOSED);
      g_assert_cmpint (proctor_process_get_state (process), ==, PROCTOR_PROCESS_RUNNING);

      open_gate ();
      result = communicate_or_abort (process, NULL);
      assert_bytes (proctor_result_get_stdout (result), "some");
    }
}

/* Dropped with unread output: the child gets a broken pipe and ends. */
static void
test_dropped_unread (void)
{
  g_autoptr(ProctorCommand) command = with_pipes (child_command ("flood", "100000000", "0", NULL));
  ProctorProcess *process = spawn_or_abort (command);

  g_object_unref (process);
  /* The check at the end of each test sees that it has gone. */
}

static const ApiTest tests[] = {
  { "both-outputs", test_both_outputs },
  { "input", test_input },
  { "without-pipes", test_without_pipes },
  { "input-without-pipe", test_input_without_pipe },
  { "child-closes-stdin", test_child_closes_stdin },
  { "much", test_much },
  { "very-much", test_very_much, ONE_WAY },
  { "sizes", test_sizes },
  { "side-by-side", test_side_by_side, TWO_WAYS },
  { "both-outputs-large", test_both_outputs_large },
  { "second-call", test_second_call },
  { "two-at-once", test_two_at_once },
  { "after-the-exit", test_after_the_exit },
  { "input-after-the-exit", test_input_after_the_exit },
  { "wait-meanwhile", test_wait_meanwhile },
  { "killed-meanwhile", test_killed_meanwhile, TWO_WAYS },
  { "pipes-held", test_pipes_held },
  { "drain-grace", test_drain_grace },
  { "cancelled-before-it-is-sent", test_cancelled_before_it_is_sent },
  { "cancelled-in-the-middle", test_cancelled_in_the_middle },
  { "cancelled-while-reading", test_cancelled_while_reading },
  { "cancelled-input-is-given-back", test_cancelled_input_is_given_back },
  { "cancelled-and-dropped", test_cancelled_and_dropped },
  { "input-after-cancelling", test_input_after_cancelling },
  { "dropped-unread", test_dropped_unread },
};

int
main (int    argc,
      char **argv)
{
  return RUN_API_TESTS (argc, argv, "communicate", tests);
}
