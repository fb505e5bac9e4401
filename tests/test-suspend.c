/* Suspending a process and letting it go on, and who is told of it; what it has used.
 *
 * SPDX-License-Identifier: LGPL-2.1-or-later
 */

#include "config.h"

#include "process-testing.h"

static ProctorProcess *
spawn_with (ProctorCommandFlags flags)
{
  g_autofree char *mark = work_path ("mark");
  g_autoptr(ProctorCommand) command = child_command ("on-term", mark, NULL);
  ProctorProcess *process;

  g_unlink (mark);
  proctor_command_set_flags (command, flags);
  proctor_command_set_stdout (command, PROCTOR_STDIO_DEVNULL);
  process = spawn_or_abort (command);
  await_pid (mark);
  return process;
}

static void
count_cb (GObject    *object,
          GParamSpec *pspec,
          gpointer    data)
{
  guint *n = data;

  g_assert_true (g_main_context_is_owner (g_main_context_get_thread_default () != NULL
                                            ? g_main_context_get_thread_default ()
                                            : g_main_context_default ()));
  (*n)++;
}

static void
await_count (guint *n,
             guint  wanted)
{
  g_autoptr(GMainContext) context = g_main_context_ref_thread_default ();

  while (*n < wanted)
    g_main_context_iteration (context, TRUE);
}

static void
iterate_a_while (void)
{
  g_autoptr(GMainContext) context = g_main_context_ref_thread_default ();

  for (guint i = 0; i < 20; i++)
    {
      while (g_main_context_iteration (context, FALSE))
        ;
      g_usleep (1000);
    }
}

static void
end (ProctorProcess *process,
     int             expected)
{
  g_assert_true (way_stop (process, -1, NULL, NULL));
  assert_returncode (process, expected);
}

/* With and without somebody who tracks it. */
static void
check_state (ProctorCommandFlags flags)
{
  g_autoptr(ProctorProcess) process = spawn_with (flags);
  g_autoptr(GError) error = NULL;

  for (guint i = 0; i < 20; i++)
    {
      g_assert_true (proctor_process_suspend (process, NULL));
      g_assert_cmpint (proctor_process_get_state (process), ==, PROCTOR_PROCESS_SUSPENDED);
      if (i % 2 == 0)
        {
          g_usleep (200 * i);
          g_assert_cmpint (proctor_process_get_state (process), ==, PROCTOR_PROCESS_SUSPENDED);
        }
      g_assert_true (proctor_process_resume (process, NULL));
      if (i % 2 == 0)
        await_state (process, PROCTOR_PROCESS_RUNNING);
    }
  await_state (process, PROCTOR_PROCESS_RUNNING);

  kill (proctor_process_get_pid (process), SIGSTOP);
  await_state (process, PROCTOR_PROCESS_SUSPENDED);
  kill (proctor_process_get_pid (process), SIGCONT);
  await_state (process, PROCTOR_PROCESS_RUNNING);

  g_assert_true (proctor_process_suspend (process, NULL));
  end (process, SIGTERM);
  g_assert_cmpint (proctor_process_get_state (process), ==, PROCTOR_PROCESS_EXITED);
  g_assert_false (proctor_process_suspend (process, &error));
  g_assert_error (error, PROCTOR_ERROR, PROCTOR_ERROR_PROCESS_LOOKUP);
  g_clear_error (&error);
  g_assert_false (proctor_process_resume (process, &error));
  g_assert_error (error, PROCTOR_ERROR, PROCTOR_ERROR_PROCESS_LOOKUP);
}

static void
test_state (void)
{
  check_state (PROCTOR_COMMAND_NONE);
  check_state (PROCTOR_COMMAND_TRACK_SUSPEND);
  check_state (PROCTOR_COMMAND_TRACK_SUSPEND | PROCTOR_COMMAND_OWN_TREE);
}

static void
test_notified (void)
{
  g_autoptr(ProctorProcess) process = spawn_with (PROCTOR_COMMAND_TRACK_SUSPEND);
  pid_t pid = proctor_process_get_pid (process);
  guint n = 0;

  g_signal_connect (process, "notify::state", G_CALLBACK (count_cb), &n);
  g_assert_true (proctor_process_suspend (process, NULL));
  await_count (&n, 1);
  g_assert_cmpint (proctor_process_get_state (process), ==, PROCTOR_PROCESS_SUSPENDED);
  g_assert_true (proctor_process_resume (process, NULL));
  await_count (&n, 2);
  await_state (process, PROCTOR_PROCESS_RUNNING);

  /* By somebody else. */
  n = 0;
  kill (pid, SIGSTOP);
  await_count (&n, 1);
  await_state (process, PROCTOR_PROCESS_SUSPENDED);
  kill (pid, SIGCONT);
  await_state (process, PROCTOR_PROCESS_RUNNING);
  await_count (&n, 2);
  end (process, SIGTERM);
  g_signal_handlers_disconnect_by_data (process, &n);
}

static void
test_not_asked_for (void)
{
  g_autoptr(ProctorProcess) process = spawn_with (PROCTOR_COMMAND_NONE);
  guint n = 0;

  g_signal_connect (process, "notify::state", G_CALLBACK (count_cb), &n);
  g_assert_true (proctor_process_suspend (process, NULL));
  await_state (process, PROCTOR_PROCESS_SUSPENDED);
  iterate_a_while ();
  g_assert_true (proctor_process_resume (process, NULL));
  iterate_a_while ();
  g_assert_cmpuint (n, ==, 0);
  end (process, SIGTERM);
  await_count (&n, 1);
  g_signal_handlers_disconnect_by_data (process, &n);
}

/* A handle that goes with news on their way. */
static void
test_dropped (void)
{
  for (guint i = 0; i < 10; i++)
    {
      ProctorProcess *process =
        spawn_with (PROCTOR_COMMAND_TRACK_SUSPEND | PROCTOR_COMMAND_KILL_ON_DROP);

      g_assert_true (proctor_process_suspend (process, NULL));
      if (i % 2 == 0)
        iterate_a_while ();
      g_object_unref (process);
    }
}

static guint
count_trackers (void)
{
  g_autoptr(GDir) tasks = g_dir_open ("/proc/self/task", 0, NULL);
  const char *task;
  guint n = 0;

  while ((task = g_dir_read_name (tasks)) != NULL)
    {
      g_autofree char *path = g_build_filename ("/proc/self/task", task, "comm", NULL);
      g_autofree char *name = NULL;

      n += g_file_get_contents (path, &name, NULL, NULL) &&
           strcmp (name, "proctor-suspend\n") == 0;
    }
  return n;
}

/* It dies before a SIGSTOP of ours has arrived, and nobody reaps it: who tracks it does not wait
 * for that.
 */
static void
test_dies_meanwhile (void)
{
  ProctorProcess *processes[20];
  gint64 deadline;

  for (guint i = 0; i < G_N_ELEMENTS (processes); i++)
    processes[i] = spawn_with (PROCTOR_COMMAND_TRACK_SUSPEND);
  for (guint i = 0; i < G_N_ELEMENTS (processes); i++)
    {
      g_assert_true (proctor_process_suspend (processes[i], NULL));
      g_usleep (1000);
      g_assert_true (proctor_process_resume (processes[i], NULL));
      g_usleep (10 * i);
      g_assert_true (proctor_process_suspend (processes[i], NULL));
      g_assert_true (proctor_process_kill (processes[i], NULL));
    }

  deadline = g_get_monotonic_time () + 20 * G_TIME_SPAN_SECOND;
  while (count_trackers () > 0)
    {
      g_assert_cmpint (g_get_monotonic_time (), <, deadline);
      g_usleep (5000);
    }
  for (guint i = 0; i < G_N_ELEMENTS (processes); i++)
    {
      assert_returncode (processes[i], -SIGKILL);
      g_object_unref (processes[i]);
    }
}

static void
test_usage (void)
{
  g_autoptr(ProctorCommand) command =
    proctor_command_new_shell ("i=0; while [ $i -lt 20000 ]; do i=$((i+1)); done");
  g_autoptr(ProctorProcess) process = spawn_or_abort (command);
  gint64 before = g_get_real_time ();
  struct rusage usage = { .ru_maxrss = 77 };
  guint64 peak = 77;

  g_assert_cmpint (proctor_process_get_start_time (process), <=, before);
  g_assert_cmpint (proctor_process_get_start_time (process), >,
                   before - 100 * G_TIME_SPAN_SECOND);
  assert_returncode (process, 0);
  g_assert_cmpint (proctor_process_get_wall_time (process), >, 0);
  g_assert_cmpint (proctor_process_get_wall_time (process), ==,
                   proctor_process_get_wall_time (process));
  if (proctor_process_get_rusage (process, &usage))
    {
      g_assert_cmpint (usage.ru_maxrss, ==, 0);
      g_assert_cmpint (proctor_process_get_user_time (process), >=, 0);
      g_assert_cmpint (proctor_process_get_user_time (process)
                         + proctor_process_get_system_time (process), >, 0);
    }
  else
    {
      g_assert_cmpint (proctor_process_get_user_time (process), ==, -1);
    }
  /* Without a cgroup nobody counts. */
  g_assert_false (proctor_process_get_peak_memory (process, &peak));
  g_assert_cmpuint (peak, ==, 77);
}

static const ApiTest tests[] = {
  { "state", test_state },
  { "notified", test_notified },
  { "not-asked-for", test_not_asked_for },
  { "dropped", test_dropped },
  { "dies-meanwhile", test_dies_meanwhile },
  { "usage", test_usage },
};

int
main (int    argc,
      char **argv)
{
  return RUN_API_TESTS (argc, argv, "suspend", tests);
}
