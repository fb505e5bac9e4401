/* The default child watcher: its limits, and what it makes of exits; and the identity of a child
 * beneath it.
 *
 * SPDX-License-Identifier: LGPL-2.1-or-later
 */

#include "config.h"

#include <sys/syscall.h>

#include "api-testing.h"
#include "spawn/spawn-features.h"
#include "watch/child-id.h"

/* ---- in a program that has just started */

/* The tests that need one run once more by themselves; the function is called there only. */
static void
in_fresh_process (void (*func) (void))
{
  if (g_test_subprocess ())
    {
      func ();
      return;
    }

  g_test_trap_subprocess (NULL, 100 * G_USEC_PER_SEC, G_TEST_SUBPROCESS_INHERIT_STDERR);
  g_test_trap_assert_passed ();
}

static void
run_in_thread (GThreadFunc func)
{
  g_thread_join (g_thread_new ("test", func, NULL));
}

static void
assert_no_watcher (GError **error)
{
  g_assert_error (*error, PROCTOR_ERROR, PROCTOR_ERROR_NO_CHILD_WATCHER);
  /* It says what to call and where. */
  g_assert_nonnull (strstr ((*error)->message, "proctor_init"));
  g_assert_nonnull (strstr ((*error)->message, "main thread"));
  g_clear_error (error);
}

static gpointer
expect_no_watcher_async (gpointer data)
{
  g_autoptr(GMainContext) context = g_main_context_new ();
  g_autoptr(ProctorCommand) command = child_command ("exit", "0", NULL);
  GError *error = NULL;

  g_main_context_push_thread_default (context);
  {
    g_auto(Reply) reply = { 0 };

    reply_init (&reply);
    proctor_command_spawn_async (command, NULL, reply_arrived, &reply);
    g_assert_null (proctor_command_spawn_finish (command, reply_wait (&reply), &error));
    assert_no_watcher (&error);
  }
  {
    g_auto(Reply) reply = { 0 };

    reply_init (&reply);
    proctor_command_run_async (command, NULL, NULL, reply_arrived, &reply);
    g_assert_null (proctor_command_run_finish (command, reply_wait (&reply), &error));
    assert_no_watcher (&error);
  }
  {
    g_auto(Reply) reply = { 0 };

    reply_init (&reply);
    proctor_gather_async (&command, 1, 0, NULL, reply_arrived, &reply);
    g_assert_null (proctor_gather_finish (reply_wait (&reply), &error));
    assert_no_watcher (&error);
  }
  g_main_context_pop_thread_default (context);

  return NULL;
}

static gpointer
expect_no_watcher (gpointer data)
{
  g_autoptr(ProctorCommand) command = child_command ("exit", "0", NULL);
  GError *error = NULL;

  g_assert_null (proctor_command_spawn (command, NULL, &error));
  assert_no_watcher (&error);
  g_assert_null (proctor_command_run (command, NULL, NULL, &error));
  assert_no_watcher (&error);
  g_assert_null (proctor_gather (&command, 1, 0, NULL, &error));
  assert_no_watcher (&error);
  g_assert_null (proctor_dup_child_watcher (&error));
  assert_no_watcher (&error);
  g_assert_false (proctor_init (&error));
  assert_no_watcher (&error);
  return NULL;
}

static gpointer
spawn_and_wait_thread (gpointer data)
{
  g_autoptr(ProctorCommand) command = child_command ("exit", "3", NULL);
  g_autoptr(ProctorProcess) process = NULL;
  g_autoptr(GError) error = NULL;
  int returncode = 0;

  process = proctor_command_spawn (command, NULL, &error);
  g_assert_no_error (error);
  g_assert_true (proctor_process_wait (process, NULL, &returncode, &error));
  g_assert_no_error (error);
  g_assert_cmpint (returncode, ==, 3);

  if (data != NULL)
    g_atomic_int_inc ((int *) data);
  g_main_context_wakeup (NULL);
  return NULL;
}

/* Threads spawn while this one iterates the main context. */
static void
run_spawning_threads (guint n_threads)
{
  g_autofree GThread **threads = g_new (GThread *, n_threads);
  int n_ended = 0;

  for (guint i = 0; i < n_threads; i++)
    threads[i] = g_thread_new ("spawner", spawn_and_wait_thread, &n_ended);
  while ((guint) g_atomic_int_get (&n_ended) < n_threads)
    g_main_context_iteration (NULL, TRUE);
  for (guint i = 0; i < n_threads; i++)
    g_thread_join (threads[i]);
}

static void
fresh_no_child_watcher (void)
{
  g_autoptr(GError) error = NULL;

  run_in_thread (expect_no_watcher);
  run_in_thread (expect_no_watcher_async);

  g_assert_true (proctor_init (&error));
  g_assert_no_error (error);
  g_assert_true (proctor_init (&error));
  run_spawning_threads (3);
}

static void
test_no_child_watcher (void)
{
  in_fresh_process (fresh_no_child_watcher);
}

/* A first spawn on the main thread makes it as well. */
static void
fresh_first_spawn (void)
{
  spawn_and_wait_thread (NULL);
  run_spawning_threads (3);
}

static void
test_first_spawn (void)
{
  in_fresh_process (fresh_first_spawn);
}

static gpointer
expect_not_main_thread (gpointer data)
{
  GError *error = NULL;

  g_assert_null (proctor_main_child_watcher_new (&error));
  g_assert_error (error, PROCTOR_ERROR, PROCTOR_ERROR_NOT_MAIN_THREAD);
  g_clear_error (&error);
  return NULL;
}

static gpointer
expect_no_attach (gpointer data)
{
  g_autoptr(ProctorChildWatcher) watcher = NULL;
  GError *error = NULL;

  /* There is one by now. */
  watcher = proctor_dup_child_watcher (&error);
  g_assert_no_error (error);
  g_assert_true (PROCTOR_IS_MAIN_CHILD_WATCHER (watcher));
  g_assert_true (proctor_init (&error));
  g_assert_false (proctor_child_watcher_attach (watcher, g_main_context_default (), &error));
  g_assert_error (error, PROCTOR_ERROR, PROCTOR_ERROR_NOT_MAIN_THREAD);
  g_clear_error (&error);
  return NULL;
}

static void
fresh_not_main_thread (void)
{
  GError *error = NULL;

  run_in_thread (expect_not_main_thread);
  g_assert_true (proctor_init (&error));
  g_assert_no_error (error);
  run_in_thread (expect_not_main_thread);
  run_in_thread (expect_no_attach);
}

static void
test_not_main_thread (void)
{
  in_fresh_process (fresh_not_main_thread);
}

/* ---- one that nobody uses */

static void
test_alone (void)
{
  g_autoptr(GMainContext) other = g_main_context_new ();
  g_autoptr(ProctorChildWatcher) watcher = NULL;
  g_autoptr(ProctorChildWatcher) first = NULL;
  g_autoptr(ProctorChildWatcher) second = NULL;
  GError *error = NULL;
  Leaks before;

  first = proctor_dup_child_watcher (&error);
  second = proctor_dup_child_watcher (&error);
  g_assert_true (first == second);

  leaks_take (&before);
  watcher = proctor_main_child_watcher_new (&error);
  g_assert_no_error (error);
  g_assert_true (watcher != first);
  g_assert_true (proctor_child_watcher_is_active (watcher));
  g_assert_false (proctor_child_watcher_attach (watcher, other, &error));
  g_assert_error (error, G_IO_ERROR, G_IO_ERROR_NOT_SUPPORTED);
  g_clear_error (&error);
  g_assert_true (proctor_child_watcher_attach (watcher, g_main_context_default (), &error));

  /* A child that it does not know is no child of its. */
  proctor_child_watcher_report (watcher, G_MAXUINT64, 0);

  proctor_child_watcher_close (watcher);
  g_assert_false (proctor_child_watcher_is_active (watcher));
  g_clear_object (&watcher);
  leaks_check (&before);
}

static void
open_gate (const char *gate)
{
  g_assert_true (g_file_set_contents (gate, "", 0, NULL));
}

/* ---- exits */

#define SLEEP_LONG "1000"

typedef struct
{
  GPtrArray *processes;
  guint n_exited;
  guint n_notified;
} Crowd;

static void
count_exited (ProctorProcess *process,
              gpointer        data)
{
  ((Crowd *) data)->n_exited++;
}

static void
count_notified (ProctorProcess *process,
                GParamSpec     *pspec,
                gpointer        data)
{
  ((Crowd *) data)->n_notified++;
}

static void
crowd_init (Crowd *self,
            guint  n_processes)
{
  g_autoptr(ProctorCommand) command = child_command ("sleep", SLEEP_LONG, NULL);

  *self = (Crowd){ .processes = g_ptr_array_new_with_free_func (g_object_unref) };
  for (guint i = 0; i < n_processes; i++)
    {
      g_autoptr(GError) error = NULL;
      ProctorProcess *process = proctor_command_spawn (command, NULL, &error);

      g_assert_no_error (error);
      g_signal_connect (process, "exited", G_CALLBACK (count_exited), self);
      g_signal_connect (process, "notify::returncode", G_CALLBACK (count_notified), self);
      g_ptr_array_add (self->processes, process);
    }
}

static void
crowd_kill (Crowd *self)
{
  for (guint i = 0; i < self->processes->len; i++)
    {
      g_autoptr(GError) error = NULL;

      g_assert_true (proctor_process_kill (self->processes->pdata[i], &error));
      g_assert_no_error (error);
    }
}

/* Until all of them are zombies, which stay, or have been reaped already: by GLib's own thread,
 * where it has one.
 */
static void
crowd_await_death (Crowd *self)
{
  for (guint i = 0; i < self->processes->len; i++)
    {
      id_t pid = (id_t) proctor_process_get_pid (self->processes->pdata[i]);
      siginfo_t info;

      while (waitid (P_PID, pid, &info, WEXITED | WNOWAIT) < 0 && errno == EINTR)
        ;
    }
}

static void
crowd_await_reports (Crowd *self)
{
  while (self->n_exited < self->processes->len)
    g_main_context_iteration (NULL, TRUE);
  for (guint i = 0; i < self->processes->len; i++)
    {
      int returncode = 0;

      g_assert_true (proctor_process_get_returncode (self->processes->pdata[i], &returncode));
      g_assert_cmpint (returncode, ==, -SIGKILL);
    }
  while (g_main_context_iteration (NULL, FALSE))
    ;
  g_assert_cmpuint (self->n_exited, ==, self->processes->len);
  g_assert_cmpuint (self->n_notified, ==, self->processes->len);
}

static void
crowd_clear (Crowd *self)
{
  g_ptr_array_unref (self->processes);
}

/* Many exits before anybody looks: each is reported, once. */
static void
test_coalesced (void)
{
  Crowd crowd;
  Leaks before;

  leaks_take (&before);
  crowd_init (&crowd, MAX (10, scaled (200)));
  crowd_kill (&crowd);
  crowd_await_death (&crowd);
  crowd_await_reports (&crowd);
  crowd_clear (&crowd);
  leaks_check (&before);
}

/* The same while this thread is blocked in a wait for one of them, and then another. */
static void
test_coalesced_while_blocked (void)
{
  Crowd crowd;
  Leaks before;

  leaks_take (&before);
  crowd_init (&crowd, MAX (10, scaled (100)));
  crowd_kill (&crowd);
  crowd_await_death (&crowd);
  for (guint i = crowd.processes->len; i-- > 0;)
    {
      g_autoptr(GError) error = NULL;
      int returncode = 0;

      g_assert_true (proctor_process_wait (crowd.processes->pdata[i], NULL, &returncode, &error));
      g_assert_no_error (error);
      g_assert_cmpint (returncode, ==, -SIGKILL);
      g_assert_cmpuint (crowd.n_exited, ==, 0);
    }
  crowd_await_reports (&crowd);
  crowd_clear (&crowd);
  leaks_check (&before);
}

/* Asking reaps; the event that was there already finds nothing more to do. */
static void
test_asked_before_event (void)
{
  Crowd crowd;
  Leaks before;

  leaks_take (&before);
  crowd_init (&crowd, 20);
  crowd_kill (&crowd);
  crowd_await_death (&crowd);
  for (guint i = 0; i < crowd.processes->len; i += 2)
    {
      ProctorProcess *process = crowd.processes->pdata[i];

      while (proctor_process_get_state (process) != PROCTOR_PROCESS_EXITED)
        g_thread_yield ();
      g_assert_cmpint (proctor_process_get_state (process), ==, PROCTOR_PROCESS_EXITED);
    }
  g_assert_cmpuint (crowd.n_exited, ==, 0);
  crowd_await_reports (&crowd);
  crowd_clear (&crowd);
  leaks_check (&before);
}

/* The handles go while the exits are on their way; nobody is told, and all are reaped. */
static void
test_dropped_before_report (void)
{
  Crowd crowd;
  Leaks before;

  leaks_take (&before);
  for (guint pause = 0; pause < 4; pause++)
    {
      crowd_init (&crowd, 10);
      crowd_kill (&crowd);
      crowd_await_death (&crowd);
      for (guint i = 0; i < pause; i++)
        g_main_context_iteration (NULL, FALSE);
      crowd_clear (&crowd);
      leaks_check (&before);
    }
}

static void
test_spawn_from_threads (void)
{
  guint n_rounds = scaled (10);

  for (guint i = 0; i < n_rounds; i++)
    run_spawning_threads (16);
}

static gboolean
kernel_has_pidfds (void)
{
  int fd = (int) syscall (SYS_pidfd_open, getpid (), 0);

  if (fd >= 0)
    close (fd);
  return fd >= 0;
}

/* The pidfd of a traced child is readable when it has died, but until the tracer lets go of it
 * there is nothing to reap. The main loop must not spin meanwhile, and must notice the end then.
 */
static void
test_traced (void)
{
  g_autofree char *ready = work_path ("ready");
  g_autofree char *gate = work_path ("gate");
  g_autofree char *pid_text = NULL;
  g_autoptr(ProctorCommand) tracer_command = NULL;
  g_autoptr(ProctorProcess) tracer = NULL;
  g_autoptr(GError) error = NULL;
  int returncode = 0;
  guint n_turns = 0;
  gint64 end;
  Crowd crowd;
  Leaks before;

  /* GLib 2.74 with a pidfd of its own takes the child for reaped, and makes a status up. */
  if (!spawn_features_get ()->pidfd && kernel_has_pidfds ())
    return;

  leaks_take (&before);
  crowd_init (&crowd, 1);
  pid_text = g_strdup_printf ("%d", proctor_process_get_pid (crowd.processes->pdata[0]));
  tracer_command = child_command ("trace", pid_text, ready, gate, NULL);
  tracer = spawn_or_abort (tracer_command);
  while (!g_file_test (ready, G_FILE_TEST_EXISTS) &&
         !proctor_process_get_returncode (tracer, &returncode))
    g_usleep (1000);

  crowd_kill (&crowd);
  end = g_get_monotonic_time () + 100 * G_TIME_SPAN_MILLISECOND;
  while (returncode == 0 && g_get_monotonic_time () < end)
    {
      if (g_main_context_iteration (NULL, FALSE))
        n_turns++;
      g_usleep (100);
      g_assert_cmpuint (crowd.n_exited, ==, 0);
    }
  if (spawn_features_get ()->pidfd && g_strcmp0 (g_getenv ("PROCTOR_EVENT_QUEUE"), "poll") != 0)
    g_assert_cmpuint (n_turns, <, 50);
  if (returncode != 0)
    g_test_message ("Tracing is not allowed here");

  open_gate (gate);
  crowd_await_reports (&crowd);
  g_assert_true (proctor_process_wait (tracer, NULL, NULL, &error));
  g_unlink (ready);
  g_unlink (gate);
  g_clear_object (&tracer);
  crowd_clear (&crowd);
  leaks_check (&before);
}

/* ---- children of others */

/* Without the library. A program of its own: what valgrind has forked does not exit with the code
 * that it says.
 */
static pid_t G_GNUC_NULL_TERMINATED
start_foreign (const char *mode,
               ...)
{
  const char *argv[8] = { child_path, mode };
  guint n = 2;
  va_list args;
  pid_t pid;

  va_start (args, mode);
  while (n < G_N_ELEMENTS (argv) - 1 && (argv[n] = va_arg (args, const char *)) != NULL)
    n++;
  va_end (args);

  pid = fork ();
  if (pid == 0)
    {
      execv (child_path, (char **) argv);
      _exit (127);
    }
  g_assert_cmpint (pid, >, 0);
  return pid;
}

static void
await_zombie (pid_t pid)
{
  siginfo_t info;

  while (waitid (P_PID, (id_t) pid, &info, WEXITED | WNOWAIT) < 0)
    g_assert_cmpint (errno, ==, EINTR);
}

static void
reap (pid_t pid,
      int   expected)
{
  int status;

  g_assert_cmpint (waitpid (pid, &status, 0), ==, pid);
  g_assert_true (WIFEXITED (status));
  g_assert_cmpint (WEXITSTATUS (status), ==, expected);
}

static void
test_children_of_others (void)
{
  g_autofree char *gate = work_path ("gate");
  Leaks before;
  pid_t dead;
  pid_t alive;

  leaks_take (&before);
  dead = start_foreign ("exit", "41", NULL);
  await_zombie (dead);
  alive = start_foreign ("gate", gate, "exit", "42", NULL);

  spawn_and_wait_thread (NULL);
  run_spawning_threads (8);
  for (guint i = 0; i < 20; i++)
    g_main_context_iteration (NULL, FALSE);

  reap (dead, 41);
  open_gate (gate);
  reap (alive, 42);
  g_unlink (gate);
  leaks_check (&before);
}

/* ---- the identity of a child */

typedef struct
{
  guint n_exited;
  guint n_freed;
} Link;

static void
link_exited (ChildId *child,
             gpointer data)
{
  g_assert_true (child_id_get_outcome (child, NULL));
  ((Link *) data)->n_exited++;
}

static void
link_freed (gpointer data)
{
  ((Link *) data)->n_freed++;
}

static int
open_pidfd (pid_t pid)
{
  return spawn_features_get ()->pidfd ? (int) syscall (SYS_pidfd_open, pid, 0) : -1;
}

static void
check_child_id (gboolean with_pidfd)
{
  g_autofree char *gate = work_path ("gate");
  GError *error = NULL;
  ChildOutcome outcome;
  Link link = { 0 };
  ChildId *child;
  pid_t pid;

  pid = start_foreign ("gate", gate, "exit", "9", NULL);
  child = child_id_new (pid, with_pidfd ? open_pidfd (pid) : -1, link_exited, &link, link_freed);
  g_assert_cmpint (child_id_get_pid (child), ==, pid);
  g_assert_false (child_id_reap (child));
  g_assert_false (child_id_get_outcome (child, &outcome));
  g_assert_false (child_id_is_suspended (child));

  g_assert_true (child_id_signal (child, 0, &error));
  g_assert_true (child_id_signal (child, SIGSTOP, &error));
  while (!child_id_is_suspended (child))
    g_thread_yield ();
  g_assert_false (child_id_reap (child));
  g_assert_true (child_id_signal (child, SIGCONT, &error));
  while (child_id_is_suspended (child))
    g_thread_yield ();
  g_assert_false (child_id_signal (child, 12345, &error));
  g_assert_error (error, G_IO_ERROR, G_IO_ERROR_INVALID_ARGUMENT);
  g_clear_error (&error);

  open_gate (gate);
  await_zombie (pid);
  g_unlink (gate);
  /* A zombie can still be signalled: it is this child and no other process. */
  g_assert_true (child_id_signal (child, SIGTERM, &error));
  g_assert_true (child_id_reap (child));
  g_assert_true (child_id_reap (child));
  g_assert_true (child_id_get_outcome (child, &outcome));
  g_assert_false (outcome.lost);
  g_assert_true (WIFEXITED (outcome.wait_status));
  g_assert_cmpint (WEXITSTATUS (outcome.wait_status), ==, 9);
  g_assert_true (outcome.has_rusage);
  g_assert_cmpint (outcome.exit_time, >, 0);

  g_assert_false (child_id_signal (child, SIGKILL, &error));
  g_assert_error (error, PROCTOR_ERROR, PROCTOR_ERROR_PROCESS_LOOKUP);
  g_clear_error (&error);
  g_assert_false (child_id_is_suspended (child));

  /* What comes late changes nothing. */
  child_id_set_outcome (child, &(int){ 0 });
  child_id_set_outcome (child, NULL);
  g_assert_true (child_id_get_outcome (child, &outcome));
  g_assert_cmpint (WEXITSTATUS (outcome.wait_status), ==, 9);

  g_assert_cmpuint (link.n_exited, ==, 0);
  child_id_announce (child);
  child_id_announce (child);
  g_assert_cmpuint (link.n_exited, ==, 1);
  child_id_close_pidfd (child);
  g_assert_cmpint (child_id_get_pidfd (child), ==, -1);
  child_id_close_pidfd (child);
  child_id_unref (child_id_ref (child));
  g_assert_cmpuint (link.n_freed, ==, 0);
  child_id_unref (child);
  g_assert_cmpuint (link.n_freed, ==, 1);
}

static void
test_child_id (void)
{
  Leaks before;

  leaks_take (&before);
  check_child_id (FALSE);
  check_child_id (TRUE);
  leaks_check (&before);
}

/* Killed by a signal, with and without a core; and reaped by somebody else who says so. */
static void
test_child_id_outcomes (void)
{
  ChildOutcome outcome;
  ChildId *child;
  pid_t pid;

  pid = start_foreign ("sleep", SLEEP_LONG, NULL);
  child = child_id_new (pid, open_pidfd (pid), NULL, NULL, NULL);
  g_assert_true (child_id_signal (child, SIGKILL, NULL));
  await_zombie (pid);
  g_assert_true (child_id_reap (child));
  g_assert_true (child_id_get_outcome (child, &outcome));
  g_assert_true (WIFSIGNALED (outcome.wait_status));
  g_assert_cmpint (WTERMSIG (outcome.wait_status), ==, SIGKILL);
  child_id_unref (child);

  pid = start_foreign ("exit", "5", NULL);
  child = child_id_new (pid, open_pidfd (pid), NULL, NULL, NULL);
  await_zombie (pid);
  reap (pid, 5);
  g_assert_false (child_id_signal (child, SIGKILL, NULL));
  child_id_set_outcome (child, &(int){ 5 << 8 });
  g_assert_true (child_id_get_outcome (child, &outcome));
  g_assert_cmpint (WEXITSTATUS (outcome.wait_status), ==, 5);
  g_assert_false (outcome.has_rusage);
  child_id_unref (child);
}

/* Kernel 6.15 tells it afterwards, to whoever had the pidfd before. */
static gboolean
kernel_tells_afterwards (void)
{
  g_autofree char *release = NULL;
  int major = 0;
  int minor = 0;

  g_assert_true (g_file_get_contents ("/proc/sys/kernel/osrelease", &release, NULL, NULL));
  g_assert_cmpint (sscanf (release, "%d.%d", &major, &minor), ==, 2);
  return spawn_features_get ()->pidfd && (major > 6 || (major == 6 && minor >= 15));
}

/* Somebody else in this program has waited for the child. */
static void
fresh_stolen (void)
{
  g_autoptr(ProctorCommand) command = child_command ("sleep", SLEEP_LONG, NULL);
  gboolean told = kernel_tells_afterwards ();

  for (guint round = 0; round < 3; round++)
    {
      g_autoptr(ProctorProcess) process = NULL;
      g_autoptr(GError) error = NULL;
      int returncode = 77;
      int status;

      process = proctor_command_spawn (command, NULL, &error);
      g_assert_no_error (error);
      g_assert_true (proctor_process_kill (process, &error));
      g_assert_cmpint (waitpid (proctor_process_get_pid (process), &status, 0), >, 0);

      /* It is said once only. */
      if (!told && round == 0)
        g_test_expect_message ("Proctor", G_LOG_LEVEL_WARNING, "*is lost*");
      if (told)
        {
          g_assert_true (proctor_process_wait (process, NULL, &returncode, &error));
          g_assert_no_error (error);
          g_assert_cmpint (returncode, ==, -SIGKILL);
          g_assert_cmpint (proctor_process_get_state (process), ==, PROCTOR_PROCESS_EXITED);
        }
      else
        {
          g_assert_false (proctor_process_wait (process, NULL, &returncode, &error));
          g_assert_error (error, PROCTOR_ERROR, PROCTOR_ERROR_STATUS_LOST);
          g_assert_cmpint (returncode, ==, 77);
          g_assert_cmpint (proctor_process_get_state (process), ==, PROCTOR_PROCESS_STATUS_LOST);
        }
      if (!told && round == 0)
        g_test_assert_expected_messages ();
      g_assert_false (proctor_process_kill (process, NULL));
    }
}

static void
test_stolen (void)
{
  /* There GLib's thread reaps at once, and nobody can be faster for sure. */
  if (kernel_has_pidfds ())
    in_fresh_process (fresh_stolen);
}

int
main (int argc, char **argv)
{
  static const Way blocking = { "blocking", FALSE, FALSE };
  int result;

  g_unsetenv ("PROCTOR_WATCHER");
  g_test_init (&argc, &argv, NULL);
  deadline_start ("test-watcher", TEST_DEADLINE_SECONDS);
  child_path = g_getenv ("PROCTOR_TEST_CHILD");
  g_assert_nonnull (child_path);
  way = &blocking;

  g_test_add_func ("/watcher/fresh/no-child-watcher", test_no_child_watcher);
  g_test_add_func ("/watcher/fresh/first-spawn", test_first_spawn);
  g_test_add_func ("/watcher/fresh/not-main-thread", test_not_main_thread);
  g_test_add_func ("/watcher/fresh/stolen", test_stolen);
  if (!g_test_subprocess ())
    {
      warm_up ();
      work_directory = g_dir_make_tmp ("proctor-watcher-XXXXXX", NULL);
      g_assert_nonnull (work_directory);
      g_test_add_func ("/watcher/alone", test_alone);
      g_test_add_func ("/watcher/coalesced", test_coalesced);
      g_test_add_func ("/watcher/coalesced-while-blocked", test_coalesced_while_blocked);
      g_test_add_func ("/watcher/asked-before-event", test_asked_before_event);
      g_test_add_func ("/watcher/dropped-before-report", test_dropped_before_report);
      g_test_add_func ("/watcher/spawn-from-threads", test_spawn_from_threads);
      g_test_add_func ("/watcher/traced", test_traced);
      g_test_add_func ("/watcher/children-of-others", test_children_of_others);
      g_test_add_func ("/watcher/child-id", test_child_id);
      g_test_add_func ("/watcher/child-id-outcomes", test_child_id_outcomes);
    }

  result = g_test_run ();
  if (work_directory != NULL)
    remove_tree (work_directory);
  g_clear_pointer (&work_directory, g_free);
  return result;
}
