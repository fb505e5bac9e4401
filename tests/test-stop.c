/* Ending a process: asked first, then made to.
 *
 * SPDX-License-Identifier: LGPL-2.1-or-later
 */

#include "config.h"

#include "api-testing.h"

#define SHORT_GRACE (300 * G_TIME_SPAN_MILLISECOND)
#define LONG_GRACE (100 * G_TIME_SPAN_SECOND)

/* One that has told that it is ready, so that its handling of SIGTERM is in place. */
static ProctorProcess *
spawn_ready (const char *mode)
{
  g_autofree char *mark = work_path ("ready");
  g_autoptr(ProctorCommand) command = child_command (mode, mark, NULL);
  ProctorProcess *process;

  g_unlink (mark);
  proctor_command_set_stdout (command, PROCTOR_STDIO_DEVNULL);
  process = spawn_or_abort (command);
  g_assert_cmpint (await_pid (mark), ==, proctor_process_get_pid (process));
  return process;
}

static void
stop_or_abort (ProctorProcess *process,
               GTimeSpan       grace)
{
  g_autoptr(GError) error = NULL;

  g_assert_true (way_stop (process, grace, NULL, &error));
  g_assert_no_error (error);
  g_assert_cmpint (proctor_process_get_state (process), ==, PROCTOR_PROCESS_EXITED);
}

static void
assert_ended_with (ProctorProcess *process,
                   int             expected)
{
  int returncode = G_MAXINT;

  g_assert_true (proctor_process_get_returncode (process, &returncode));
  g_assert_cmpint (returncode, ==, expected);
}

/* The grace is not waited for by one that obeys. */
static void
test_obedient (void)
{
  g_autoptr(ProctorProcess) handles = spawn_ready ("on-term");
  g_autoptr(ProctorProcess) dies = NULL;
  g_autoptr(ProctorCommand) command = child_command ("sleep", "100", NULL);
  gint64 start = g_get_monotonic_time ();

  stop_or_abort (handles, LONG_GRACE);
  assert_ended_with (handles, SIGTERM);

  dies = spawn_or_abort (command);
  stop_or_abort (dies, -1);
  assert_ended_with (dies, -SIGTERM);
  g_assert_cmpint (g_get_monotonic_time () - start, <, 20 * G_TIME_SPAN_SECOND);
}

static void
test_already_ended (void)
{
  g_autoptr(ProctorCommand) command = child_command ("exit", "3", NULL);
  g_autoptr(ProctorProcess) process = spawn_or_abort (command);

  assert_returncode (process, 3);
  for (guint i = 0; i < 5; i++)
    stop_or_abort (process, LONG_GRACE);
  assert_ended_with (process, 3);
}

static void
test_killed_after_the_grace (void)
{
  g_autoptr(ProctorProcess) process = spawn_ready ("ignore-term");
  gint64 start = g_get_monotonic_time ();
  gint64 took;

  stop_or_abort (process, SHORT_GRACE);
  took = g_get_monotonic_time () - start;
  assert_ended_with (process, -SIGKILL);
  g_assert_cmpint (took, >=, SHORT_GRACE);
  g_assert_cmpint (took, <, 20 * G_TIME_SPAN_SECOND);
}

static void
test_endless_grace (void)
{
  g_autoptr(ProctorProcess) process = spawn_ready ("ignore-term");
  g_auto(Reply) reply = { 0 };

  reply_init (&reply);
  proctor_process_stop_async (process, G_MAXINT64, NULL, reply_arrived, &reply);
  g_usleep (50000);
  g_assert_cmpint (proctor_process_get_state (process), ==, PROCTOR_PROCESS_RUNNING);
  g_assert_true (proctor_process_kill (process, NULL));
  g_assert_true (proctor_process_stop_finish (process, reply_wait (&reply), NULL));
  assert_ended_with (process, -SIGKILL);
}

static void
test_default_grace (void)
{
  g_autoptr(ProctorProcess) process = spawn_ready ("ignore-term");
  gint64 start = g_get_monotonic_time ();

  stop_or_abort (process, -1);
  assert_ended_with (process, -SIGKILL);
  g_assert_cmpint (g_get_monotonic_time () - start, >=, 5 * G_TIME_SPAN_SECOND);
}

/* No grace: nothing is asked. */
static void
test_no_grace (void)
{
  g_autoptr(ProctorProcess) ignores = spawn_ready ("ignore-term");
  g_autoptr(ProctorProcess) handles = spawn_ready ("on-term");

  stop_or_abort (ignores, 0);
  assert_ended_with (ignores, -SIGKILL);
  stop_or_abort (handles, 0);
  assert_ended_with (handles, -SIGKILL);
}

static void
suspend (ProctorProcess *process)
{
  gint64 deadline = g_get_monotonic_time () + 20 * G_TIME_SPAN_SECOND;

  g_assert_true (proctor_process_send_signal (process, SIGSTOP, NULL));
  while (proctor_process_get_state (process) != PROCTOR_PROCESS_SUSPENDED)
    {
      g_assert_cmpint (g_get_monotonic_time (), <, deadline);
      g_usleep (200);
    }
}

/* It gets to see the TERM, and ends by its own hand. */
static void
test_suspended (void)
{
  g_autoptr(ProctorProcess) handles = spawn_ready ("on-term");
  g_autoptr(ProctorProcess) ignores = spawn_ready ("ignore-term");

  suspend (handles);
  stop_or_abort (handles, LONG_GRACE);
  assert_ended_with (handles, SIGTERM);

  suspend (ignores);
  stop_or_abort (ignores, SHORT_GRACE);
  assert_ended_with (ignores, -SIGKILL);
}

/* terminate is SIGTERM and nothing else: a suspended process stays suspended. */
static void
test_terminate_does_not_continue (void)
{
  g_autoptr(ProctorProcess) process = spawn_ready ("on-term");

  suspend (process);
  g_assert_true (proctor_process_terminate (process, NULL));
  g_usleep (20000);
  g_assert_cmpint (proctor_process_get_state (process), ==, PROCTOR_PROCESS_SUSPENDED);
  stop_or_abort (process, LONG_GRACE);
  assert_ended_with (process, SIGTERM);
}

static gpointer
stop_in_thread (gpointer data)
{
  g_autoptr(GError) error = NULL;

  g_assert_true (proctor_process_stop (data, LONG_GRACE, NULL, &error));
  g_assert_no_error (error);
  return NULL;
}

/* The shortest of many graces counts. */
static void
test_many_at_once (void)
{
  g_autoptr(ProctorProcess) process = spawn_ready ("ignore-term");
  GThread *threads[8];
  Reply replies[8];
  gint64 start = g_get_monotonic_time ();

  for (guint i = 0; i < G_N_ELEMENTS (threads); i++)
    {
      threads[i] = g_thread_new ("stops", stop_in_thread, process);
      reply_init (&replies[i]);
      proctor_process_stop_async (process, LONG_GRACE, NULL, reply_arrived, &replies[i]);
    }
  stop_or_abort (process, SHORT_GRACE);
  assert_ended_with (process, -SIGKILL);
  g_assert_cmpint (g_get_monotonic_time () - start, <, 20 * G_TIME_SPAN_SECOND);
  for (guint i = 0; i < G_N_ELEMENTS (threads); i++)
    {
      g_thread_join (threads[i]);
      g_assert_true (proctor_process_stop_finish (process, reply_wait (&replies[i]), NULL));
      reply_clear (&replies[i]);
    }
}

/* FALSE if the process ended before it was cancelled. */
static gboolean
stop_is_cancelled (ProctorProcess *process,
                   GTimeSpan       grace,
                   GTimeSpan       delay)
{
  g_autoptr(GCancellable) cancellable = g_cancellable_new ();
  g_autoptr(GError) error = NULL;
  gboolean stopped;
  Canceller canceller;

  if (delay < 0)
    g_cancellable_cancel (cancellable);
  else
    canceller_start (&canceller, cancellable, delay);
  stopped = way_stop (process, grace, cancellable, &error);
  if (delay >= 0)
    canceller_join (&canceller);
  if (stopped)
    return FALSE;

  g_assert_error (error, G_IO_ERROR, G_IO_ERROR_CANCELLED);
  return TRUE;
}

/* The TERM has been sent, the KILL does not come. */
static gboolean
cancel_stop (GTimeSpan grace)
{
  g_autoptr(ProctorProcess) process = spawn_ready ("ignore-term");

  if (!stop_is_cancelled (process, grace, 20000))
    return FALSE;

  g_usleep ((gulong) grace);
  g_assert_cmpint (proctor_process_get_state (process), ==, PROCTOR_PROCESS_RUNNING);
  stop_or_abort (process, 0);
  assert_ended_with (process, -SIGKILL);
  return TRUE;
}

static void
test_cancelled (void)
{
  try_with_longer_times (SHORT_GRACE, cancel_stop);
}

/* Not even the TERM is sent. */
static void
test_cancelled_before (void)
{
  g_autoptr(ProctorProcess) process = spawn_ready ("on-term");

  g_assert_true (stop_is_cancelled (process, LONG_GRACE, -1));
  g_assert_true (stop_is_cancelled (process, 0, -1));
  g_usleep (20000);
  g_assert_cmpint (proctor_process_get_state (process), ==, PROCTOR_PROCESS_RUNNING);
  stop_or_abort (process, LONG_GRACE);
  assert_ended_with (process, SIGTERM);
}

/* One of two is cancelled; the other one's KILL comes all the same. */
static gboolean
cancel_one_of_two (GTimeSpan grace)
{
  g_autoptr(ProctorProcess) process = spawn_ready ("ignore-term");
  gboolean cancelled;
  g_auto(Reply) reply = { 0 };

  reply_init (&reply);
  proctor_process_stop_async (process, grace, NULL, reply_arrived, &reply);
  cancelled = stop_is_cancelled (process, LONG_GRACE, 20000);
  g_assert_true (proctor_process_stop_finish (process, reply_wait (&reply), NULL));
  assert_ended_with (process, -SIGKILL);
  return cancelled;
}

static void
test_one_of_two_cancelled (void)
{
  try_with_longer_times (SHORT_GRACE, cancel_one_of_two);
}

/* With the shorter of two graces gone, the longer one counts. */
static gboolean
cancel_shorter_of_two (GTimeSpan grace)
{
  g_autoptr(ProctorProcess) process = spawn_ready ("ignore-term");
  gint64 start = g_get_monotonic_time ();
  gboolean cancelled;
  g_auto(Reply) reply = { 0 };

  reply_init (&reply);
  proctor_process_stop_async (process, 2 * grace, NULL, reply_arrived, &reply);
  cancelled = stop_is_cancelled (process, grace, 20000);
  g_assert_true (proctor_process_stop_finish (process, reply_wait (&reply), NULL));
  assert_ended_with (process, -SIGKILL);
  if (cancelled)
    g_assert_cmpint (g_get_monotonic_time () - start, >=, 2 * grace);
  return cancelled;
}

static void
test_shorter_of_two_cancelled (void)
{
  try_with_longer_times (SHORT_GRACE, cancel_shorter_of_two);
}

/* What was written until the end is there. */
static void
test_output_is_kept (void)
{
  g_autofree char *mark = work_path ("ready");
  g_autoptr(ProctorCommand) command = child_command ("on-term", mark, NULL);
  g_autoptr(ProctorProcess) process = NULL;
  g_autoptr(ProctorResult) result = NULL;

  proctor_command_set_stdout (command, PROCTOR_STDIO_PIPE);
  process = spawn_or_abort (command);
  await_pid (mark);
  stop_or_abort (process, LONG_GRACE);
  result = communicate_or_abort (process, NULL);
  assert_bytes (proctor_result_get_stdout (result), "ready\nbye\n");
  g_assert_cmpint (proctor_result_get_returncode (result), ==, SIGTERM);
}

/* The process that is stopped has a descendant that keeps its pipes. */
static void
test_needs_no_pipes (void)
{
  g_autofree char *mark = work_path ("mark");
  g_autofree char *script =
    g_strdup_printf ("'%s' hold '%s' 012 ''; exec sleep 100", child_path, mark);
  g_autoptr(ProctorCommand) command = proctor_command_new_shell (script);
  g_autoptr(ProctorProcess) process = NULL;
  pid_t holder;

  proctor_command_set_stdout (command, PROCTOR_STDIO_PIPE);
  proctor_command_set_stderr (command, PROCTOR_STDIO_PIPE);
  process = spawn_or_abort (command);
  holder = await_pid (mark);
  stop_or_abort (process, LONG_GRACE);
  kill (holder, SIGKILL);
}

static const ApiTest tests[] = {
  { "obedient", test_obedient },
  { "already-ended", test_already_ended },
  { "killed-after-the-grace", test_killed_after_the_grace },
  { "endless-grace", test_endless_grace },
  { "default-grace", test_default_grace, TWO_WAYS },
  { "no-grace", test_no_grace },
  { "suspended", test_suspended },
  { "terminate-does-not-continue", test_terminate_does_not_continue },
  { "many-at-once", test_many_at_once },
  { "cancelled", test_cancelled, TWO_WAYS },
  { "cancelled-before", test_cancelled_before },
  { "one-of-two-cancelled", test_one_of_two_cancelled },
  { "shorter-of-two-cancelled", test_shorter_of_two_cancelled, TWO_WAYS },
  { "output-is-kept", test_output_is_kept },
  { "needs-no-pipes", test_needs_no_pipes },
};

int
main (int    argc,
      char **argv)
{
  return RUN_API_TESTS (argc, argv, "stop", tests);
}
