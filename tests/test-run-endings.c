/* Running a command that does not just end: in time, with descendants that keep its pipes open, or
 * because it is cancelled.
 *
 * SPDX-License-Identifier: LGPL-2.1-or-later
 */

#include "config.h"

#include "api-testing.h"

/* ---- time */

/* Runs a child that stays, with a timeout that is long enough for it to have begun, also on a
 * machine that has much to do. Also returns by how much the call took longer.
 */
static ProctorResult *
run_until_timeout (const char *mode,
                   GTimeSpan  *ret_beyond_timeout)
{
  g_autofree char *mark = work_path ("mark");
  g_autoptr(ProctorCommand) command = child_command (mode, mark, NULL);

  for (GTimeSpan timeout = 500 * G_TIME_SPAN_MILLISECOND;; timeout *= 4)
    {
      gint64 begin = g_get_monotonic_time ();
      g_autoptr(ProctorResult) result = run_until_timed_out (command, timeout);

      if (g_unlink (mark) == 0 && result != NULL)
        {
          *ret_beyond_timeout = g_get_monotonic_time () - begin - timeout;
          return g_steal_pointer (&result);
        }
    }
}

static void
test_timeout (void)
{
  GTimeSpan beyond_timeout;
  g_autoptr(ProctorResult) result = run_until_timeout ("on-term", &beyond_timeout);
  g_autofree char *wanted =
    g_strdup_printf ("“%s on-term %s/mark” did not end in time and was stopped", child_path,
                     work_directory);
  g_autoptr(GError) error = NULL;

  g_assert_cmpint (proctor_result_get_returncode (result), ==, SIGTERM);
  assert_bytes (proctor_result_get_stdout (result), "ready\nbye\n");
  g_assert_cmpint (beyond_timeout, >=, 0);
  g_assert_false (proctor_result_check (result, &error));
  g_assert_error (error, G_IO_ERROR, G_IO_ERROR_TIMED_OUT);
  g_assert_cmpstr (error->message, ==, wanted);
}

/* Only the KILL ends it, after the grace of five seconds. */
static void
test_timeout_of_one_that_ignores_term (void)
{
  GTimeSpan beyond_timeout;
  g_autoptr(ProctorResult) result = run_until_timeout ("ignore-term", &beyond_timeout);

  g_assert_cmpint (proctor_result_get_returncode (result), ==, -SIGKILL);
  assert_bytes (proctor_result_get_stdout (result), "ready\n");
  g_assert_cmpint (beyond_timeout, >=, 5 * G_TIME_SPAN_SECOND);
}

static void
test_timeout_not_reached (void)
{
  g_autoptr(ProctorCommand) command = child_command ("echo", "quick", NULL);
  g_autoptr(ProctorResult) result = NULL;

  proctor_command_set_timeout (command, 100 * G_TIME_SPAN_SECOND);
  result = run_or_abort (command, NULL);
  g_assert_false (proctor_result_is_timed_out (result));
  g_assert_true (proctor_result_check (result, NULL));
}

/* However short it is, the call ends, and what was started has gone. */
static void
test_tiny_timeouts (void)
{
  for (guint i = 0; i < scaled (40); i++)
    {
      g_autoptr(ProctorCommand) command = child_command ("sleep", "100", NULL);
      g_autoptr(ProctorResult) result = NULL;
      g_autoptr(GError) error = NULL;

      proctor_command_set_timeout (command, i * 50);
      result = way_run (command, NULL, NULL, &error);
      if (result == NULL)
        {
          g_assert_error (error, G_IO_ERROR, G_IO_ERROR_TIMED_OUT);
          g_assert_nonnull (strstr (error->message, "sleep 100"));
        }
      else
        {
          g_assert_true (proctor_result_is_timed_out (result));
          /* What ends a child before its exec, KILL, may reach it a moment after. */
          if (proctor_result_get_returncode (result) != -SIGKILL)
            g_assert_cmpint (proctor_result_get_returncode (result), ==, -SIGTERM);
        }
    }
}

/* ---- descendants that keep the pipes open */

/* FALSE if the grace was too short for the descendant to write what it writes after the exit. */
static gboolean
hold_and_run (const char *fds,
              GTimeSpan   grace)
{
  g_autofree char *name = g_strdup_printf ("holds-%s-%" G_GINT64_FORMAT, fds, grace);
  g_autofree char *mark = work_path (name);
  g_autoptr(ProctorCommand) command = child_command ("hold", mark, fds, "early ", "late", NULL);
  /* A stdin that is held is a pipe that nobody reads. */
  gboolean with_input = strchr (fds, '0') != NULL;
  gboolean writes_late = strchr (fds, '1') != NULL;
  g_autoptr(GBytes) input = with_input ? make_pattern (1024 * 1024, 1) : NULL;
  g_autoptr(ProctorResult) result = NULL;
  gint64 start;
  gint64 took;

  proctor_command_set_drain_grace (command, grace);
  start = g_get_monotonic_time ();
  result = run_or_abort (command, input);
  took = g_get_monotonic_time () - start;
  kill (await_pid (mark), SIGKILL);

  g_assert_cmpint (proctor_result_get_returncode (result), ==, 0);
  g_assert_true (proctor_result_check (result, NULL));
  g_assert_cmpint (proctor_result_is_incomplete (result), ==, *fds != '\0');
  if (*fds != '\0')
    g_assert_cmpint (took, >=, grace);
  g_assert_cmpint (took, <, grace + 20 * G_TIME_SPAN_SECOND);
  if (writes_late && g_bytes_get_size (proctor_result_get_stdout (result)) == strlen ("early "))
    return FALSE;
  assert_bytes (proctor_result_get_stdout (result), writes_late ? "early late" : "early ");
  return TRUE;
}

static void
test_pipes_held (void)
{
  static const char * const held[] = { "", "0", "1", "2", "01", "02", "12", "012" };

  for (guint i = 0; i < G_N_ELEMENTS (held); i++)
    {
      GTimeSpan grace = 100 * G_TIME_SPAN_MILLISECOND;

      while (!hold_and_run (held[i], grace))
        grace *= 4;
    }
}

static void
test_no_drain_grace (void)
{
  g_autofree char *mark = work_path ("mark");
  g_autoptr(ProctorCommand) command =
    child_command ("hold", mark, "12", "all that was written", NULL);
  g_autoptr(ProctorResult) result = NULL;

  proctor_command_set_drain_grace (command, 0);
  result = run_or_abort (command, NULL);
  kill (await_pid (mark), SIGKILL);
  g_assert_true (proctor_result_is_incomplete (result));
  g_assert_cmpint (proctor_result_get_returncode (result), ==, 0);
  assert_bytes (proctor_result_get_stdout (result), "all that was written");
}

/* A grace of nothing is enough for a command that leaves nobody behind, and takes all that is in
 * the pipe.
 */
static void
test_no_drain_grace_needed (void)
{
  for (guint i = 0; i < scaled (30); i++)
    {
      g_autoptr(ProctorCommand) command = child_command ("flood", "60000", "60000", NULL);
      g_autoptr(ProctorResult) result = NULL;

      proctor_command_set_drain_grace (command, 0);
      result = run_or_abort (command, NULL);
      g_assert_false (proctor_result_is_incomplete (result));
      g_assert_cmpuint (g_bytes_get_size (proctor_result_get_stdout (result)), ==, 60000);
      g_assert_cmpuint (g_bytes_get_size (proctor_result_get_stderr (result)), ==, 60000);
    }
}

static void
test_default_drain_grace (void)
{
  g_autofree char *mark = work_path ("mark");
  g_autoptr(ProctorCommand) command = child_command ("hold", mark, "1", "text", NULL);
  gint64 start = g_get_monotonic_time ();
  g_autoptr(ProctorResult) result = run_or_abort (command, NULL);
  gint64 took = g_get_monotonic_time () - start;

  kill (await_pid (mark), SIGKILL);
  g_assert_true (proctor_result_is_incomplete (result));
  g_assert_cmpint (took, >=, 2 * G_TIME_SPAN_SECOND);
  assert_bytes (proctor_result_get_stdout (result), "text");
}

/* The timeout counts until the end of the call, also when only a descendant is left. */
static void
test_timeout_while_draining (void)
{
  for (GTimeSpan timeout = 500 * G_TIME_SPAN_MILLISECOND;; timeout *= 4)
    {
      g_autofree char *mark = new_mark ();
      g_autoptr(ProctorCommand) command = child_command ("hold", mark, "1", "text", NULL);
      g_autoptr(ProctorResult) result = NULL;

      /* Where the child is stopped the descendant is waited for all the same. */
      proctor_command_set_drain_grace (command, 10 * timeout);
      result = run_until_timed_out (command, timeout);
      if (g_file_test (mark, G_FILE_TEST_EXISTS))
        kill (await_pid (mark), SIGKILL);
      if (result == NULL || proctor_result_get_returncode (result) < 0)
        continue; /* The child itself had not ended by then. */

      g_assert_true (proctor_result_is_incomplete (result));
      g_assert_cmpint (proctor_result_get_returncode (result), ==, 0);
      assert_bytes (proctor_result_get_stdout (result), "text");
      return;
    }
}

/* ---- cancelling */

static void
assert_cancelled (ProctorCommand *command,
                  GCancellable   *cancellable)
{
  g_autoptr(GError) error = NULL;

  g_assert_null (way_run (command, NULL, cancellable, &error));
  g_assert_error (error, G_IO_ERROR, G_IO_ERROR_CANCELLED);
}

static void
test_cancelled_before (void)
{
  g_autofree char *mark = work_path ("mark");
  g_autoptr(ProctorCommand) command = child_command ("mark", mark, "sleep", "100", NULL);
  g_autoptr(GCancellable) cancellable = g_cancellable_new ();

  g_cancellable_cancel (cancellable);
  assert_cancelled (command, cancellable);
  g_assert_false (g_file_test (mark, G_FILE_TEST_EXISTS));
}

/* From the moment of the call on, in small steps, over the spawn and into the run. */
static void
test_cancelled_at_any_time (void)
{
  for (guint i = 0; i < scaled (60); i++)
    {
      g_autoptr(ProctorCommand) command = child_command ("sleep", "100", NULL);
      g_autoptr(GCancellable) cancellable = g_cancellable_new ();
      Canceller canceller;

      canceller_start (&canceller, cancellable, i * 30);
      assert_cancelled (command, cancellable);
      canceller_join (&canceller);
      if (!way->in_thread)
        g_assert_false (have_children ());
    }
}

/* A child that wants to end orderly may do so. */
static void
test_cancelled_while_it_runs (void)
{
  g_autofree char *mark = work_path ("mark");
  g_autofree char *out = work_path ("out");
  g_autoptr(ProctorCommand) command = child_command ("on-term", mark, NULL);
  g_autoptr(GCancellable) cancellable = g_cancellable_new ();
  g_autoptr(GError) error = NULL;
  g_auto(Reply) reply = { 0 };
  pid_t pid;

  proctor_command_set_stdout_path (command, out, FALSE);
  reply_init (&reply);
  proctor_command_run_async (command, NULL, cancellable, reply_arrived, &reply);
  pid = await_pid (mark);
  g_cancellable_cancel (cancellable);
  g_assert_null (proctor_command_run_finish (command, reply_wait (&reply), &error));
  g_assert_error (error, G_IO_ERROR, G_IO_ERROR_CANCELLED);
  assert_file (out, "ready\nbye\n");
  g_assert_cmpint (kill (pid, 0), ==, -1);
}

typedef struct
{
  GCancellable *cancellable;
  const char *mark;
} LateCanceller;

static gpointer
cancel_late (gpointer data)
{
  LateCanceller *self = data;

  await_late (self->mark);
  /* The exit is noticed soon. If it is not by then the other way is tested, a child that ends while
   * it is being stopped.
   */
  g_usleep (20 * G_TIME_SPAN_MILLISECOND);
  g_cancellable_cancel (self->cancellable);
  return NULL;
}

/* When the process has gone already, and only a descendant keeps a pipe. */
static void
test_cancelled_while_draining (void)
{
  g_autofree char *mark = work_path ("mark");
  g_autoptr(ProctorCommand) command = child_command ("hold", mark, "12", "text", NULL);
  g_autoptr(GCancellable) cancellable = g_cancellable_new ();
  LateCanceller late = { cancellable, mark };
  g_autoptr(GError) error = NULL;
  GThread *thread;

  proctor_command_set_drain_grace (command, 100 * G_TIME_SPAN_SECOND);
  thread = g_thread_new ("canceller", cancel_late, &late);
  g_assert_null (way_run (command, NULL, cancellable, &error));
  g_assert_error (error, G_IO_ERROR, G_IO_ERROR_CANCELLED);
  g_thread_join (thread);
  kill (await_pid (mark), SIGKILL);
}

/* One cancellable for one call after the other; a cancelled one works again when it is reset. */
static void
test_cancellable_reused (void)
{
  g_autoptr(ProctorCommand) quick = child_command ("echo", "done", NULL);
  g_autoptr(ProctorCommand) slow = child_command ("sleep", "100", NULL);
  g_autoptr(GCancellable) cancellable = g_cancellable_new ();

  for (guint i = 0; i < scaled (10); i++)
    {
      g_autoptr(ProctorResult) result = NULL;
      g_autoptr(GError) error = NULL;
      Canceller canceller;

      result = way_run (quick, NULL, cancellable, &error);
      g_assert_no_error (error);
      assert_bytes (proctor_result_get_stdout (result), "done\n");

      canceller_start (&canceller, cancellable, i * 300);
      assert_cancelled (slow, cancellable);
      canceller_join (&canceller);
      g_cancellable_reset (cancellable);
    }
}

/* What is finished is told as it is, also when the cancellable is cancelled before the answer is
 * looked at.
 */
static void
test_cancelled_after_the_end (void)
{
  g_autofree char *mark = work_path ("mark");
  g_autofree char *out = work_path ("out");
  g_autoptr(ProctorCommand) command = child_command ("mark", mark, "say", "kept", "", NULL);
  g_autoptr(GCancellable) cancellable = g_cancellable_new ();
  g_autoptr(ProctorResult) result = NULL;
  g_autoptr(GError) error = NULL;
  g_auto(Reply) reply = { 0 };

  reply_init (&reply);
  proctor_command_run_async (command, NULL, cancellable, reply_arrived, &reply);
  reply_wait (&reply);
  g_cancellable_cancel (cancellable);
  result = proctor_command_run_finish (command, reply.result, &error);
  g_assert_no_error (error);
  assert_bytes (proctor_result_get_stdout (result), "kept");
}

/* The two meet: either there is all of the output or there is CANCELLED, and nothing else. */
static void
test_cancelled_at_the_end (void)
{
  guint n_results = 0;

  for (guint i = 0; i < scaled (100); i++)
    {
      g_autoptr(ProctorCommand) command = child_command ("say", "all of it", "", NULL);
      g_autoptr(GCancellable) cancellable = g_cancellable_new ();
      g_autoptr(ProctorResult) result = NULL;
      g_autoptr(GError) error = NULL;
      Canceller canceller;

      canceller_start (&canceller, cancellable, 20 * i);
      result = way_run (command, NULL, cancellable, &error);
      if (result != NULL)
        {
          assert_bytes (proctor_result_get_stdout (result), "all of it");
          g_assert_true (proctor_result_check (result, &error));
          n_results++;
        }
      else
        {
          g_assert_error (error, G_IO_ERROR, G_IO_ERROR_CANCELLED);
        }
      canceller_join (&canceller);
    }
  g_test_message ("%u of %u were done before", n_results, scaled (100));
}

static const ApiTest tests[] = {
  { "timeout", test_timeout },
  { "timeout-of-one-that-ignores-term", test_timeout_of_one_that_ignores_term, TWO_WAYS },
  { "timeout-not-reached", test_timeout_not_reached },
  { "tiny-timeouts", test_tiny_timeouts },
  { "pipes-held", test_pipes_held },
  { "no-drain-grace", test_no_drain_grace },
  { "no-drain-grace-needed", test_no_drain_grace_needed },
  { "default-drain-grace", test_default_drain_grace, TWO_WAYS },
  { "timeout-while-draining", test_timeout_while_draining, TWO_WAYS },
  { "cancelled-before", test_cancelled_before },
  { "cancelled-at-any-time", test_cancelled_at_any_time },
  { "cancelled-while-it-runs", test_cancelled_while_it_runs, TWO_WAYS },
  { "cancelled-while-draining", test_cancelled_while_draining },
  { "cancellable-reused", test_cancellable_reused },
  { "cancelled-after-the-end", test_cancelled_after_the_end, TWO_WAYS },
  { "cancelled-at-the-end", test_cancelled_at_the_end },
};

int
main (int    argc,
      char **argv)
{
  return RUN_API_TESTS (argc, argv, "run-endings", tests);
}
