/* Ending a process together with all that descends from it, and nobody else.
 *
 * SPDX-License-Identifier: LGPL-2.1-or-later
 */

#include "config.h"

#include "tree-testing.h"

#define SHORT_GRACE (200 * G_TIME_SPAN_MILLISECOND)
#define LONG_GRACE (100 * G_TIME_SPAN_SECOND)

/* A process with its brood, all of it ready. */
static ProctorProcess *
spawn_brood (const char *leader,
             const char *others,
             pid_t       pids[BROOD_SIZE])
{
  g_autofree char *mark = new_mark ();
  g_autoptr(ProctorCommand) command = brood_command (mark, leader, others);
  ProctorProcess *process = spawn_or_abort (command);

  await_brood (mark, pids);
  return process;
}

static void
stop_or_abort (ProctorProcess *process,
               GTimeSpan       grace)
{
  g_autoptr(GError) error = NULL;

  g_assert_true (way_stop (process, grace, NULL, &error));
  g_assert_no_error (error);
}

static void
test_kill (void)
{
  pid_t pids[BROOD_SIZE];
  g_autoptr(ProctorProcess) process = spawn_brood ("ignore", "ignore", pids);

  g_assert_true (proctor_process_kill (process, NULL));
  assert_returncode (process, -SIGKILL);
  await_gone (pids, BROOD_SIZE);
  g_assert_false (proctor_process_kill (process, NULL));
}

static void
test_terminate (void)
{
  pid_t pids[BROOD_SIZE];
  g_autoptr(ProctorProcess) process = spawn_brood ("obey", "obey", pids);

  g_assert_true (proctor_process_terminate (process, NULL));
  assert_returncode (process, -SIGTERM);
  await_gone (pids, BROOD_SIZE);
}

/* When the stop is over nothing is left, long before the grace is. */
static void
test_stop_obedient (void)
{
  pid_t pids[BROOD_SIZE];
  g_autoptr(ProctorProcess) process = spawn_brood ("obey", "obey", pids);

  stop_or_abort (process, LONG_GRACE);
  assert_gone (pids, BROOD_SIZE);
  assert_returncode (process, -SIGTERM);
}

static void
test_stop_stubborn (void)
{
  pid_t pids[BROOD_SIZE];
  g_autoptr(ProctorProcess) process = spawn_brood ("ignore", "ignore", pids);

  stop_or_abort (process, SHORT_GRACE);
  assert_gone (pids, BROOD_SIZE);
  assert_returncode (process, -SIGKILL);
}

static void
test_stop_at_once (void)
{
  pid_t pids[BROOD_SIZE];
  g_autoptr(ProctorProcess) process = spawn_brood ("ignore", "ignore", pids);

  stop_or_abort (process, 0);
  assert_gone (pids, BROOD_SIZE);
  assert_returncode (process, -SIGKILL);
}

/* The exit is reported when it is one, and the stop when the others are gone, too. */
static gboolean
stop_only_leader_obeys (GTimeSpan grace)
{
  pid_t pids[BROOD_SIZE];
  g_autoptr(ProctorProcess) process = spawn_brood ("obey", "ignore", pids);
  gboolean in_time;
  g_auto(Reply) reply = { 0 };

  reply_init (&reply);
  proctor_process_stop_async (process, grace, NULL, reply_arrived, &reply);
  assert_returncode (process, -SIGTERM);
  in_time = is_alive (pids[0]) && reply.result == NULL;
  g_assert_true (proctor_process_stop_finish (process, reply_wait (&reply), NULL));
  assert_gone (pids, BROOD_SIZE);
  return in_time;
}

static void
test_leader_obeys_others_do_not (void)
{
  try_with_longer_times (SHORT_GRACE, stop_only_leader_obeys);
}

/* Born by the signal, and known to nobody but by the group. */
static gboolean
fork_on_term (GTimeSpan grace)
{
  g_autofree char *mark = new_mark ();
  g_autoptr(ProctorCommand) command = child_command ("fork-on-term", mark, NULL);
  g_autoptr(ProctorProcess) process = NULL;
  int returncode;
  pid_t born;

  proctor_command_set_flags (command, PROCTOR_COMMAND_OWN_TREE);
  process = spawn_or_abort (command);
  await_pid (mark);
  stop_or_abort (process, grace);
  returncode = returncode_or_abort (process);
  if (returncode == -SIGKILL)
    return FALSE;

  g_assert_cmpint (returncode, ==, SIGTERM);
  born = await_numbered_pid (mark, 0);
  assert_gone (&born, 1);
  return TRUE;
}

static void
test_fork_on_term (void)
{
  try_with_longer_times (SHORT_GRACE, fork_on_term);
}

static void
test_suspended (void)
{
  pid_t pids[BROOD_SIZE];
  g_autoptr(ProctorProcess) process = spawn_brood ("obey", "obey", pids);

  g_assert_true (proctor_process_suspend (process, NULL));
  stop_or_abort (process, LONG_GRACE);
  assert_gone (pids, BROOD_SIZE);
  assert_returncode (process, -SIGTERM);
}

/* Only a cgroup reaches a daemon; without, it is left alone, and so is everybody else. */
static gboolean
stop_daemon (GTimeSpan grace)
{
  g_autofree char *mark = new_mark ();
  g_autoptr(ProctorCommand) command = child_command ("daemon", mark, NULL);
  g_autoptr(ProctorProcess) process = NULL;
  gboolean reached;
  pid_t daemon_pid;
  int returncode;

  proctor_command_set_flags (command, PROCTOR_COMMAND_OWN_TREE);
  process = spawn_or_abort (command);
  reached = has_own_cgroup (proctor_process_get_pid (process));
  await_pid (mark);
  daemon_pid = await_numbered_pid (mark, 0);
  stop_or_abort (process, grace);
  returncode = returncode_or_abort (process);
  if (reached)
    {
      assert_gone (&daemon_pid, 1);
    }
  else
    {
      g_assert_true (is_alive (daemon_pid));
      kill (daemon_pid, SIGKILL);
    }
  if (returncode == -SIGKILL)
    return FALSE;

  g_assert_cmpint (returncode, ==, -SIGTERM);
  return TRUE;
}

static void
test_daemon (void)
{
  try_with_longer_times (SHORT_GRACE, stop_daemon);
}

/* NULL where it has none of its own. */
static char *
own_cgroup_path (pid_t pid)
{
  static const char *const mountpoints[] = { "/sys/fs/cgroup", "/sys/fs/cgroup/unified" };
  g_autofree char *file = g_strdup_printf ("/proc/%d/cgroup", (int) pid);
  g_autofree char *content = NULL;
  const char *begin;

  if (!has_own_cgroup (pid) || !g_file_get_contents (file, &content, NULL, NULL))
    return NULL;
  begin = strstr (content, "0::/");
  g_assert_nonnull (begin);
  for (guint i = 0; i < G_N_ELEMENTS (mountpoints); i++)
    {
      g_autofree char *path =
        g_strdup_printf ("%s%.*s", mountpoints[i], (int) strcspn (begin + 3, "\n"), begin + 3);

      if (g_file_test (path, G_FILE_TEST_IS_DIR))
        return g_steal_pointer (&path);
    }

  return NULL;
}

/* A tree may divide its cgroup further. That takes nobody out of it, and nothing is left. */
static void
test_divided_cgroup (void)
{
  pid_t pids[BROOD_SIZE];
  ProctorProcess *process = spawn_brood ("obey", "obey", pids);
  g_autofree char *path = own_cgroup_path (proctor_process_get_pid (process));
  g_autofree char *part = path != NULL ? g_build_filename (path, "part", NULL) : NULL;
  g_autofree char *procs = path != NULL ? g_build_filename (part, "cgroup.procs", NULL) : NULL;
  gint64 deadline = g_get_monotonic_time () + 20 * G_TIME_SPAN_SECOND;

  if (path != NULL)
    {
      g_autofree char *moved = g_strdup_printf ("%d", (int) pids[1]);
      int fd;

      g_assert_cmpint (g_mkdir (part, 0755), ==, 0);
      fd = open (procs, O_WRONLY | O_CLOEXEC);
      g_assert_cmpint (write (fd, moved, strlen (moved)), ==, (gssize) strlen (moved));
      close (fd);
    }

  stop_or_abort (process, LONG_GRACE);
  assert_gone (pids, BROOD_SIZE);
  g_object_unref (process);
  while (path != NULL && g_file_test (path, G_FILE_TEST_EXISTS))
    {
      g_assert_cmpint (g_get_monotonic_time (), <, deadline);
      g_usleep (500);
    }
}

/* Whoever was seen in the group is not taken for reached by it for ever. */
static void
test_leaves_group (void)
{
  g_autofree char *mark = work_path ("mark");
  g_autoptr(ProctorCommand) command = child_command ("leave-group", mark, NULL);
  g_autoptr(ProctorProcess) process = NULL;
  pid_t member;

  proctor_command_set_flags (command, PROCTOR_COMMAND_OWN_TREE);
  process = spawn_or_abort (command);
  await_pid (mark);
  member = await_numbered_pid (mark, 0);
  g_assert_true (proctor_process_terminate (process, NULL));
  await_numbered_pid (mark, 1);
  stop_or_abort (process, 0);
  assert_gone (&member, 1);
  assert_returncode (process, -SIGKILL);
}

/* What it has left behind is stopped, as far as it is known. */
static void
test_already_exited (void)
{
  pid_t pids[BROOD_SIZE];
  g_autoptr(ProctorProcess) process = spawn_brood ("exit", "ignore", pids);

  assert_returncode (process, 0);
  g_assert_true (is_alive (pids[0]));
  g_assert_true (is_alive (pids[2]));
  stop_or_abort (process, SHORT_GRACE);
  await_gone (pids, 1);
  /* The second child had a group of its own and is an orphan: found if it was seen in time. */
  for (guint i = 0; i < BROOD_SIZE; i++)
    kill (pids[i], SIGKILL);
  stop_or_abort (process, SHORT_GRACE);
  stop_or_abort (process, 0);
}

static void
test_exits_without_anybody (void)
{
  g_autoptr(ProctorCommand) command = child_command ("exit", "3", NULL);
  g_autoptr(ProctorProcess) process = NULL;

  proctor_command_set_flags (command, PROCTOR_COMMAND_OWN_TREE);
  process = spawn_or_abort (command);
  assert_returncode (process, 3);
  stop_or_abort (process, LONG_GRACE);
  stop_or_abort (process, -1);
}

/* An own session is an own group, too. */
static void
test_session (void)
{
  g_autofree char *mark = work_path ("brood");
  g_autoptr(ProctorCommand) command = brood_command (mark, "ignore", "ignore");
  g_autoptr(ProctorProcess) process = NULL;
  pid_t pids[BROOD_SIZE];

  proctor_command_set_flags (command, PROCTOR_COMMAND_OWN_TREE | PROCTOR_COMMAND_NEW_SESSION);
  process = spawn_or_abort (command);
  await_brood (mark, pids);
  stop_or_abort (process, 0);
  assert_gone (pids, BROOD_SIZE);
}

static void
test_foreign_group (void)
{
  g_autoptr(ProctorCommand) command = child_command ("exit", "0", NULL);
  g_autoptr(GError) error = NULL;

  proctor_command_set_flags (command, PROCTOR_COMMAND_OWN_TREE);
  proctor_command_set_process_group (command, getpgrp ());
  g_assert_null (way_spawn (command, NULL, &error));
  g_assert_error (error, PROCTOR_ERROR, PROCTOR_ERROR_INVALID_COMMAND);
}

/* Its siblings, with trees and without, see nothing of it; nor do the descendants of one that has
 * none of its own.
 */
static void
test_nobody_else (void)
{
  pid_t pids[BROOD_SIZE];
  pid_t others[BROOD_SIZE];
  g_autofree char *mark = work_path ("other");
  g_autoptr(ProctorCommand) command = brood_command (mark, "obey", "obey");
  g_autoptr(ProctorProcess) other = NULL;
  g_autoptr(ProctorProcess) process = NULL;

  proctor_command_set_flags (command, PROCTOR_COMMAND_NONE);
  other = spawn_or_abort (command);
  await_brood (mark, others);
  process = spawn_brood ("obey", "obey", pids);
  stop_or_abort (process, LONG_GRACE);
  g_assert_cmpint (proctor_process_get_state (other), ==, PROCTOR_PROCESS_RUNNING);
  for (guint i = 0; i < BROOD_SIZE; i++)
    g_assert_true (is_alive (others[i]));

  stop_or_abort (other, LONG_GRACE);
  for (guint i = 0; i < BROOD_SIZE; i++)
    {
      g_assert_true (is_alive (others[i]));
      kill (others[i], SIGKILL);
    }
  await_gone (others, BROOD_SIZE);
}

/* The output of the whole tree is there, to its end. */
static gboolean
run_brood_with_timeout (GTimeSpan timeout)
{
  g_autofree char *mark = new_mark ();
  g_autofree char *script =
    g_strdup_printf ("echo begin; exec '%s' brood '%s' obey ignore", child_path, mark);
  g_autoptr(ProctorCommand) command = proctor_command_new_shell (script);
  g_autoptr(ProctorStopPlan) plan = proctor_stop_plan_new ();
  g_autoptr(ProctorResult) result = NULL;
  g_autoptr(GError) error = NULL;
  pid_t pids[BROOD_SIZE];

  proctor_stop_plan_add_step (plan, SIGTERM, SHORT_GRACE);
  proctor_command_set_flags (command, PROCTOR_COMMAND_OWN_TREE);
  proctor_command_set_stop_plan (command, plan);
  proctor_command_set_timeout (command, timeout);
  result = way_run (command, NULL, NULL, &error);
  if (!g_file_test (mark, G_FILE_TEST_EXISTS))
    return FALSE;

  g_assert_no_error (error);
  await_brood (mark, pids);
  assert_gone (pids, BROOD_SIZE);
  g_assert_true (proctor_result_is_timed_out (result));
  g_assert_false (proctor_result_is_incomplete (result));
  assert_bytes (proctor_result_get_stdout (result), "begin\n");
  g_assert_false (proctor_result_check (result, &error));
  g_assert_error (error, G_IO_ERROR, G_IO_ERROR_TIMED_OUT);
  return TRUE;
}

static void
test_run_timed_out (void)
{
  try_with_longer_times (SHORT_GRACE, run_brood_with_timeout);
}

/* Only a descendant is left when the time is over; it holds the pipes. */
static gboolean
run_holder_with_timeout (GTimeSpan timeout)
{
  g_autofree char *mark = new_mark ();
  g_autoptr(ProctorCommand) command = child_command ("hold", mark, "12", "text", NULL);
  g_autoptr(ProctorResult) result = NULL;
  g_autoptr(GError) error = NULL;
  pid_t holder;

  proctor_command_set_flags (command, PROCTOR_COMMAND_OWN_TREE);
  proctor_command_set_drain_grace (command, -1);
  proctor_command_set_timeout (command, timeout);
  result = way_run (command, NULL, NULL, &error);
  if (result == NULL || proctor_result_get_returncode (result) == -SIGTERM)
    {
      g_assert_true (result != NULL || g_error_matches (error, G_IO_ERROR, G_IO_ERROR_TIMED_OUT));
      return FALSE;
    }

  holder = await_pid (mark);
  await_gone (&holder, 1);
  g_assert_true (proctor_result_is_timed_out (result));
  g_assert_false (proctor_result_is_incomplete (result));
  g_assert_cmpint (proctor_result_get_returncode (result), ==, 0);
  assert_bytes (proctor_result_get_stdout (result), "text");
  return TRUE;
}

static void
test_run_timed_out_after_exit (void)
{
  try_with_longer_times (SHORT_GRACE, run_holder_with_timeout);
}

static gboolean
cancel_run_of_brood (GTimeSpan delay)
{
  g_autofree char *mark = new_mark ();
  g_autoptr(ProctorCommand) command = brood_command (mark, "obey", "ignore");
  g_autoptr(ProctorStopPlan) plan = proctor_stop_plan_new ();
  g_autoptr(GCancellable) cancellable = g_cancellable_new ();
  g_autoptr(GError) error = NULL;
  pid_t pids[BROOD_SIZE];
  Canceller canceller;

  proctor_stop_plan_add_step (plan, SIGTERM, SHORT_GRACE);
  proctor_command_set_stop_plan (command, plan);
  canceller_start (&canceller, cancellable, delay);
  g_assert_null (way_run (command, NULL, cancellable, &error));
  g_assert_error (error, G_IO_ERROR, G_IO_ERROR_CANCELLED);
  canceller_join (&canceller);
  if (!g_file_test (mark, G_FILE_TEST_EXISTS))
    return FALSE;

  await_brood (mark, pids);
  assert_gone (pids, BROOD_SIZE);
  return TRUE;
}

static void
test_run_cancelled (void)
{
  try_with_longer_times (SHORT_GRACE, cancel_run_of_brood);
}

static void
test_dropped (void)
{
  g_autofree char *mark = work_path ("brood");
  g_autoptr(ProctorCommand) command = brood_command (mark, "ignore", "ignore");
  ProctorProcess *process;
  pid_t pids[BROOD_SIZE];

  proctor_command_set_flags (command, PROCTOR_COMMAND_OWN_TREE | PROCTOR_COMMAND_KILL_ON_DROP);
  process = spawn_or_abort (command);
  await_brood (mark, pids);
  g_object_unref (process);
  await_gone (pids, BROOD_SIZE);
}

/* Nobody is hurt by the exit itself. */
static void
test_dropped_and_left (void)
{
  pid_t pids[BROOD_SIZE];
  ProctorProcess *process = spawn_brood ("exit", "ignore", pids);

  assert_returncode (process, 0);
  g_object_unref (process);
  g_usleep (20000);
  for (guint i = 0; i < BROOD_SIZE; i++)
    {
      g_assert_true (is_alive (pids[i]));
      kill (pids[i], SIGKILL);
    }
}

static gpointer
stop_in_thread (gpointer data)
{
  g_assert_true (proctor_process_stop (data, SHORT_GRACE, NULL, NULL));
  return NULL;
}

static void
test_many_stops (void)
{
  pid_t pids[BROOD_SIZE];
  g_autoptr(ProctorProcess) process = spawn_brood ("obey", "ignore", pids);
  GThread *threads[6];

  for (guint i = 0; i < G_N_ELEMENTS (threads); i++)
    threads[i] = g_thread_new ("stops", stop_in_thread, process);
  stop_or_abort (process, LONG_GRACE);
  assert_gone (pids, BROOD_SIZE);
  for (guint i = 0; i < G_N_ELEMENTS (threads); i++)
    g_thread_join (threads[i]);
}

static void
test_list_descendants (void)
{
  pid_t pids[BROOD_SIZE];
  g_autoptr(ProctorProcess) process = spawn_brood ("obey", "obey", pids);
  g_autoptr(GPtrArray) infos = NULL;
  g_autoptr(GError) error = NULL;

  infos = proctor_process_list_descendants (process, &error);
  g_assert_no_error (error);
  g_assert_cmpuint (infos->len, ==, BROOD_SIZE);
  for (guint i = 0; i < BROOD_SIZE; i++)
    {
      GPid parent = i < 2 ? proctor_process_get_pid (process) : pids[i - 2];
      guint n = 0;

      for (guint j = 0; j < infos->len; j++)
        {
          const ProctorDescendant *info = infos->pdata[j];

          if (proctor_descendant_get_pid (info) != pids[i])
            continue;
          n++;
          g_assert_cmpint (proctor_descendant_get_parent_pid (info), ==, parent);
          g_assert_cmpstr (proctor_descendant_get_name (info), ==, "test-child");
        }
      g_assert_cmpuint (n, ==, 1);
    }

  stop_or_abort (process, LONG_GRACE);
  g_clear_pointer (&infos, g_ptr_array_unref);
  infos = proctor_process_list_descendants (process, &error);
  g_assert_no_error (error);
  g_assert_cmpuint (infos->len, ==, 0);
}

static const ApiTest tests[] = {
  { "kill", test_kill },
  { "terminate", test_terminate },
  { "stop-obedient", test_stop_obedient },
  { "stop-stubborn", test_stop_stubborn },
  { "stop-at-once", test_stop_at_once },
  { "leader-obeys-others-do-not", test_leader_obeys_others_do_not },
  { "fork-on-term", test_fork_on_term },
  { "suspended", test_suspended },
  { "daemon", test_daemon },
  { "divided-cgroup", test_divided_cgroup },
  { "leaves-group", test_leaves_group },
  { "already-exited", test_already_exited },
  { "exits-without-anybody", test_exits_without_anybody },
  { "session", test_session },
  { "foreign-group", test_foreign_group },
  { "nobody-else", test_nobody_else },
  { "run-timed-out", test_run_timed_out, TWO_WAYS },
  { "run-timed-out-after-exit", test_run_timed_out_after_exit, TWO_WAYS },
  { "run-cancelled", test_run_cancelled, TWO_WAYS },
  { "dropped", test_dropped },
  { "dropped-and-left", test_dropped_and_left },
  { "many-stops", test_many_stops, THREAD_WAYS },
  { "list-descendants", test_list_descendants },
};

int
main (int    argc,
      char **argv)
{
  return RUN_API_TESTS (argc, argv, "tree", tests);
}
