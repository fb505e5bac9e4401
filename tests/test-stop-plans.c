/* Stopping by a plan: of a call, of a command; and what cancelling does.
 *
 * SPDX-License-Identifier: LGPL-2.1-or-later
 */

#include "config.h"

#include "api-testing.h"

/* The child has to say what it was sent before the next signal comes; a machine that is too busy for
 * that gets a longer time.
 */
#define SHORT (300 * G_TIME_SPAN_MILLISECOND)
#define LONG (100 * G_TIME_SPAN_SECOND)

static ProctorStopPlan *
make_plan (int       first,
           GTimeSpan first_time,
           int       second,
           GTimeSpan second_time)
{
  ProctorStopPlan *plan = proctor_stop_plan_new ();

  proctor_stop_plan_add_step (plan, first, first_time);
  if (second != 0)
    proctor_stop_plan_add_step (plan, second, second_time);
  return plan;
}

static gboolean
way_stop_with_plan (ProctorProcess         *process,
                    const ProctorStopPlan  *plan,
                    GError                **error)
{
  g_auto(Reply) reply = { 0 };

  if (!way->is_async)
    return proctor_process_stop_with_plan (process, plan, NULL, error);

  reply_init (&reply);
  proctor_process_stop_with_plan_async (process, plan, NULL, reply_arrived, &reply);
  return proctor_process_stop_with_plan_finish (process, reply_wait (&reply), error);
}

/* One that writes down what it is sent. */
static ProctorCommand *
log_command (const char *mark)
{
  ProctorCommand *command = child_command ("log-signals", mark, NULL);

  proctor_command_set_stdout (command, PROCTOR_STDIO_PIPE);
  return command;
}

static ProctorProcess *
spawn_log (void)
{
  g_autofree char *mark = work_path ("mark");
  g_autoptr(ProctorCommand) command = log_command (mark);
  ProctorProcess *process;

  g_unlink (mark);
  process = spawn_or_abort (command);
  await_pid (mark);
  return process;
}

static gboolean
has_logged (ProctorProcess *process,
            const char     *expected)
{
  g_autoptr(ProctorResult) result = communicate_or_abort (process, NULL);
  g_autofree char *said = proctor_result_dup_stdout_utf8 (result, NULL);

  g_assert_cmpint (proctor_result_get_returncode (result), ==, -SIGKILL);
  if (strcmp (said, expected) != 0)
    g_test_message ("It has said %s", said);
  return strcmp (said, expected) == 0;
}

static void
assert_log (ProctorProcess *process,
            const char     *expected)
{
  g_assert_true (has_logged (process, expected));
}

static gboolean
stop_in_order (GTimeSpan time)
{
  g_autoptr(ProctorStopPlan) plan = make_plan (SIGINT, time, SIGTERM, time);
  g_autoptr(ProctorProcess) process = spawn_log ();
  g_autoptr(GError) error = NULL;

  g_assert_true (way_stop_with_plan (process, plan, &error));
  g_assert_no_error (error);
  return has_logged (process, "INT\nTERM\n");
}

static void
test_order (void)
{
  try_with_longer_times (SHORT, stop_in_order);
}

/* Whoever ends at the first step does not wait for the next. */
static void
test_ends_early (void)
{
  g_autoptr(ProctorStopPlan) plan = make_plan (SIGINT, LONG, SIGTERM, LONG);
  g_autoptr(ProctorCommand) command = child_command ("sleep", "100", NULL);
  g_autoptr(ProctorProcess) process = spawn_or_abort (command);

  g_assert_true (way_stop_with_plan (process, plan, NULL));
  assert_returncode (process, -SIGINT);
  g_assert_true (way_stop_with_plan (process, plan, NULL));
}

static void
test_empty (void)
{
  g_autoptr(ProctorStopPlan) plan = proctor_stop_plan_new ();
  g_autoptr(ProctorProcess) process = spawn_log ();

  g_assert_true (way_stop_with_plan (process, plan, NULL));
  assert_log (process, "");
}

static void
test_invalid (void)
{
  g_autoptr(ProctorStopPlan) plan = make_plan (SIGTERM, SHORT, 4711, SHORT);
  g_autoptr(ProctorProcess) process = spawn_log ();
  g_autoptr(ProctorCommand) command = child_command ("exit", "0", NULL);
  g_autoptr(GError) error = NULL;

  g_assert_false (way_stop_with_plan (process, plan, &error));
  g_assert_error (error, PROCTOR_ERROR, PROCTOR_ERROR_INVALID_COMMAND);
  g_assert_nonnull (strstr (error->message, "4711"));
  g_clear_error (&error);
  proctor_process_kill (process, NULL);
  assert_log (process, "");

  proctor_command_set_stop_plan (command, plan);
  g_assert_null (way_run (command, NULL, NULL, &error));
  g_assert_error (error, PROCTOR_ERROR, PROCTOR_ERROR_INVALID_COMMAND);
  g_clear_error (&error);
  proctor_command_set_stop_plan (command, NULL);
  g_clear_object (&process);
  process = spawn_or_abort (command);
  assert_returncode (process, 0);
}

/* One that is told of the same signal by two stops has it once; the earliest SIGKILL counts. */
static gboolean
stop_twice (GTimeSpan time)
{
  g_autoptr(ProctorStopPlan) patient = make_plan (SIGTERM, LONG, 0, 0);
  g_autoptr(ProctorStopPlan) other = make_plan (SIGUSR1, time, SIGTERM, 2 * time);
  g_autoptr(ProctorProcess) process = spawn_log ();
  g_autoptr(ProctorResult) result = NULL;
  g_autofree char *said = NULL;
  g_auto(Reply) reply = { 0 };

  reply_init (&reply);
  proctor_process_stop_with_plan_async (process, patient, NULL, reply_arrived, &reply);
  g_assert_true (way_stop_with_plan (process, other, NULL));
  g_assert_true (proctor_process_stop_with_plan_finish (process, reply_wait (&reply), NULL));
  result = communicate_or_abort (process, NULL);
  said = proctor_result_dup_stdout_utf8 (result, NULL);

  /* Two signals that wait at the same time come in the order of their numbers. */
  return strcmp (said, "USR1\nTERM\n") == 0 || strcmp (said, "TERM\nUSR1\n") == 0;
}

static void
test_two_at_once (void)
{
  try_with_longer_times (SHORT, stop_twice);
}

/* A grace of -1 is the command's plan. */
static gboolean
stop_by_command (GTimeSpan time)
{
  g_autofree char *mark = new_mark ();
  g_autoptr(ProctorCommand) command = log_command (mark);
  g_autoptr(ProctorStopPlan) plan = make_plan (SIGUSR1, time, SIGINT, time);
  g_autoptr(ProctorProcess) process = NULL;

  proctor_command_set_stop_plan (command, plan);
  process = spawn_or_abort (command);
  await_pid (mark);
  proctor_command_set_stop_plan (command, NULL);
  g_assert_true (way_stop (process, -1, NULL, NULL));
  return has_logged (process, "USR1\nINT\n");
}

static void
test_of_the_command (void)
{
  try_with_longer_times (SHORT, stop_by_command);
}

static ProctorResult *
way_run_with_timeout (ProctorCommand  *command,
                      GTimeSpan        timeout,
                      GError         **error)
{
  g_auto(Reply) reply = { 0 };

  if (!way->is_async)
    return proctor_command_run_with_timeout (command, NULL, timeout, NULL, error);

  reply_init (&reply);
  proctor_command_run_with_timeout_async (command, NULL, timeout, NULL, reply_arrived, &reply);
  return proctor_command_run_with_timeout_finish (command, reply_wait (&reply), error);
}

static gboolean
run_with_timeout (GTimeSpan time)
{
  g_autofree char *mark = new_mark ();
  g_autoptr(ProctorCommand) command = log_command (mark);
  g_autoptr(ProctorStopPlan) plan = make_plan (SIGUSR1, time, SIGINT, time);
  g_autoptr(ProctorResult) result = NULL;
  g_autoptr(GError) error = NULL;
  g_autofree char *said = NULL;

  proctor_command_set_stop_plan (command, plan);
  result = way_run_with_timeout (command, 2 * time, &error);
  if (g_error_matches (error, G_IO_ERROR, G_IO_ERROR_TIMED_OUT))
    return FALSE;

  g_assert_no_error (error);
  g_assert_true (proctor_result_is_timed_out (result));
  g_assert_false (proctor_result_check (result, &error));
  g_assert_error (error, G_IO_ERROR, G_IO_ERROR_TIMED_OUT);
  said = proctor_result_dup_stdout_utf8 (result, NULL);
  return strcmp (said, "USR1\nINT\n") == 0;
}

static void
test_timeout (void)
{
  try_with_longer_times (SHORT, run_with_timeout);
}

/* ---- the cancel policy */

static void
cancel_wait_of (ProctorProcess *process,
                gboolean        early)
{
  g_autoptr(GCancellable) cancellable = g_cancellable_new ();
  g_autoptr(GError) error = NULL;
  Canceller canceller;

  if (early)
    g_cancellable_cancel (cancellable);
  else
    canceller_start (&canceller, cancellable, 20000);
  g_assert_false (way_wait (process, cancellable, NULL, &error));
  g_assert_error (error, G_IO_ERROR, G_IO_ERROR_CANCELLED);
  if (!early)
    canceller_join (&canceller);
}

static void
check_cancel_policy (ProctorCancelPolicy policy,
                     gboolean            early)
{
  g_autofree char *mark = work_path ("mark");
  g_autoptr(ProctorCommand) command = child_command ("on-term", mark, NULL);
  g_autoptr(ProctorProcess) process = NULL;

  g_unlink (mark);
  proctor_command_set_cancel_policy (command, policy);
  proctor_command_set_stdout (command, PROCTOR_STDIO_DEVNULL);
  process = spawn_or_abort (command);
  await_pid (mark);
  cancel_wait_of (process, early);
  if (policy == PROCTOR_CANCEL_POLICY_LEAVE)
    {
      g_usleep (20000);
      g_assert_cmpint (proctor_process_get_state (process), ==, PROCTOR_PROCESS_RUNNING);
      proctor_process_kill (process, NULL);
    }
  assert_returncode (process, policy == PROCTOR_CANCEL_POLICY_STOP ? SIGTERM : -SIGKILL);
}

static void
test_cancel_wait (void)
{
  for (ProctorCancelPolicy policy = PROCTOR_CANCEL_POLICY_LEAVE;
       policy <= PROCTOR_CANCEL_POLICY_KILL; policy++)
    {
      check_cancel_policy (policy, FALSE);
      check_cancel_policy (policy, TRUE);
    }
}

/* What it says when it is stopped is not lost. */
static void
test_cancel_communicate (void)
{
  g_autofree char *mark = work_path ("mark");
  g_autoptr(ProctorCommand) command = child_command ("on-term", mark, NULL);
  g_autoptr(GCancellable) cancellable = g_cancellable_new ();
  g_autoptr(ProctorProcess) process = NULL;
  g_autoptr(ProctorResult) result = NULL;
  g_autoptr(GError) error = NULL;
  Canceller canceller;

  proctor_command_set_cancel_policy (command, PROCTOR_CANCEL_POLICY_STOP);
  proctor_command_set_stdout (command, PROCTOR_STDIO_PIPE);
  process = spawn_or_abort (command);
  await_pid (mark);
  canceller_start (&canceller, cancellable, 20000);
  g_assert_null (way_communicate (process, NULL, cancellable, &error));
  g_assert_error (error, G_IO_ERROR, G_IO_ERROR_CANCELLED);
  canceller_join (&canceller);
  result = communicate_or_abort (process, NULL);
  assert_bytes (proctor_result_get_stdout (result), "ready\nbye\n");
  g_assert_cmpint (proctor_result_get_returncode (result), ==, SIGTERM);
}

/* A run is killed at once, if that is the policy, and else stopped. */
static void
test_cancel_run (void)
{
  g_autofree char *mark = work_path ("mark");
  g_autoptr(ProctorCommand) command = child_command ("ignore-term", mark, NULL);
  g_autoptr(GCancellable) cancellable = g_cancellable_new ();
  g_autoptr(GError) error = NULL;
  gint64 start = g_get_monotonic_time ();
  Canceller canceller;

  proctor_command_set_cancel_policy (command, PROCTOR_CANCEL_POLICY_KILL);
  canceller_start (&canceller, cancellable, 100000);
  g_assert_null (way_run (command, NULL, cancellable, &error));
  g_assert_error (error, G_IO_ERROR, G_IO_ERROR_CANCELLED);
  canceller_join (&canceller);
  g_assert_cmpint (g_get_monotonic_time () - start, <, 100 * G_TIME_SPAN_SECOND);
}

static void
test_invalid_policy (void)
{
  g_autoptr(ProctorCommand) command = child_command ("exit", "0", NULL);
  g_autoptr(GError) error = NULL;

  proctor_command_set_cancel_policy (command, (ProctorCancelPolicy) 77);
  g_assert_null (way_spawn (command, NULL, &error));
  g_assert_error (error, PROCTOR_ERROR, PROCTOR_ERROR_INVALID_COMMAND);
  g_assert_nonnull (strstr (error->message, "77"));
}

/* ---- what errors say */

static void
test_messages (void)
{
  g_autoptr(ProctorCommand) command =
    proctor_command_new_shell ("for i in 1 2 3 4 5 6 7; do echo line $i >&2; done; exit 3");
  g_autoptr(GError) error = NULL;

  g_assert_null (way_run_check (command, NULL, NULL, &error));
  g_assert_error (error, PROCTOR_ERROR, PROCTOR_ERROR_EXIT_STATUS);
  g_assert_cmpstr (error->message, ==,
                   "“for i in 1 2 3 4 5 6 7; do echo line $i >&2; done; exit 3” exited with 3:\n"
                   "line 3\nline 4\nline 5\nline 6\nline 7");
}

static const ApiTest tests[] = {
  { "order", test_order },
  { "ends-early", test_ends_early },
  { "empty", test_empty },
  { "invalid", test_invalid },
  { "two-at-once", test_two_at_once },
  { "of-the-command", test_of_the_command },
  { "timeout", test_timeout },
  { "cancel-wait", test_cancel_wait },
  { "cancel-communicate", test_cancel_communicate },
  { "cancel-run", test_cancel_run },
  { "invalid-policy", test_invalid_policy },
  { "messages", test_messages },
};

int
main (int    argc,
      char **argv)
{
  return RUN_API_TESTS (argc, argv, "stop-plans", tests);
}
