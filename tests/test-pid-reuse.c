/* In a pid namespace of its own a pid comes again when the test wants it: no signal may ever reach
 * the process that has it then.
 *
 * SPDX-License-Identifier: LGPL-2.1-or-later
 */

#include "config.h"

#include <poll.h>
#include <sched.h>
#include <stdatomic.h>
#include <sys/mount.h>
#include <sys/prctl.h>
#include <sys/syscall.h>

#include "api-testing.h"

#define INSIDE "PROCTOR_TEST_INSIDE_NAMESPACE"
#define LAST_PID "/proc/sys/kernel/ns_last_pid"

/* The next process of this namespace gets this pid, unless there is one. */
static gboolean
choose_next_pid (pid_t pid)
{
  g_autofree char *text = g_strdup_printf ("%d", (int) pid - 1);
  int fd = open (LAST_PID, O_WRONLY | O_CLOEXEC);
  gboolean chosen = fd >= 0 && write (fd, text, strlen (text)) == (ssize_t) strlen (text);

  if (fd >= 0)
    close (fd);
  return chosen;
}

/* ---- the one that must not be hit: not a child of this program, but a grandchild */

typedef struct
{
  pid_t parent; /* ours, which reaps it */
  pid_t pid;
  int alive;    /* the reading end of a pipe: it ends when the victim does */
} Victim;

static void
victim_in_parent (pid_t pid,
                  int   alive,
                  int   report)
{
  pid_t victim;

  /* Whoever gets the pid first has lost nothing: then it is tried again. */
  choose_next_pid (pid);
  victim = fork ();
  if (victim == 0)
    {
      close (report);
      /* Every signal that can be would end it. */
      for (;;)
        pause ();
    }
  close (alive);
  if (victim < 0)
    _exit (1);
  if (write (report, &victim, sizeof victim) != sizeof victim)
    _exit (1);
  close (report);
  waitpid (victim, NULL, 0);
  _exit (0);
}

/* FALSE where another one has got the pid. */
static gboolean
victim_start (Victim *self,
              pid_t   pid)
{
  int alive[2];
  int report[2];

  g_assert_cmpint (pipe2 (alive, O_CLOEXEC), ==, 0);
  g_assert_cmpint (pipe2 (report, O_CLOEXEC), ==, 0);
  self->alive = alive[0];
  self->parent = fork ();
  g_assert_cmpint (self->parent, >=, 0);
  if (self->parent == 0)
    {
      close (alive[0]);
      victim_in_parent (pid, alive[1], report[1]);
    }
  close (alive[1]);
  close (report[1]);
  g_assert_cmpint (read (report[0], &self->pid, sizeof self->pid), ==, sizeof self->pid);
  close (report[0]);
  return self->pid == pid;
}

/* Its end is that which this gives it, and no other. */
static void
victim_check_and_end (Victim *self)
{
  struct pollfd alive = { .fd = self->alive };

  g_assert_cmpint (poll (&alive, 1, 0), ==, 0);
  g_assert_cmpint (kill (self->pid, SIGKILL), ==, 0);
  waitpid (self->parent, NULL, 0);
  close (self->alive);
}

/* ---- the tests, in the namespace */

static ProctorProcess *
spawn_child_that (const char *mode,
                  const char *argument)
{
  g_autoptr(ProctorCommand) command = child_command (mode, argument, NULL);

  return spawn_or_abort (command);
}

static void
expect_no_such_process (ProctorProcess *process)
{
  g_autoptr(GError) error = NULL;

  g_assert_false (proctor_process_kill (process, &error));
  g_assert_error (error, PROCTOR_ERROR, PROCTOR_ERROR_PROCESS_LOOKUP);
  g_clear_error (&error);
  g_assert_false (proctor_process_terminate (process, &error));
  g_assert_error (error, PROCTOR_ERROR, PROCTOR_ERROR_PROCESS_LOOKUP);
}

/* After the exit was reported. */
static void
test_after_exit (void)
{
  for (guint i = 0; i < scaled (50); i++)
    {
      g_autoptr(ProctorProcess) process = spawn_child_that ("exit", "0");
      pid_t pid = proctor_process_get_pid (process);
      g_autoptr(GError) error = NULL;
      Victim victim;

      assert_returncode (process, 0);
      if (!victim_start (&victim, pid))
        {
          victim_check_and_end (&victim);
          continue;
        }
      expect_no_such_process (process);
      g_assert_true (way_stop (process, 0, NULL, &error));
      victim_check_and_end (&victim);
    }
}

/* Somebody else has reaped the child, and the library does not know yet. */
static void
test_after_theft (void)
{
  GLogLevelFlags fatal = g_log_set_always_fatal (G_LOG_LEVEL_ERROR | G_LOG_LEVEL_CRITICAL);

  for (guint i = 0; i < scaled (50); i++)
    {
      g_autoptr(ProctorProcess) process = spawn_child_that ("sleep", "0.01");
      pid_t pid = proctor_process_get_pid (process);
      Victim victim;

      if (waitpid (pid, NULL, 0) == pid)
        {
          gboolean same_pid = victim_start (&victim, pid);

          if (same_pid)
            expect_no_such_process (process);
          victim_check_and_end (&victim);
        }
      proctor_process_wait (process, NULL, NULL, NULL);
    }
  g_log_set_always_fatal (fatal);
}

/* The pid goes to another child of this program. */
static void
test_own_child (void)
{
  GLogLevelFlags fatal = g_log_set_always_fatal (G_LOG_LEVEL_ERROR | G_LOG_LEVEL_CRITICAL);

  for (guint i = 0; i < scaled (50); i++)
    {
      g_autoptr(ProctorProcess) process = spawn_child_that ("sleep", "0.01");
      g_autoptr(ProctorProcess) other = NULL;
      pid_t pid = proctor_process_get_pid (process);
      gboolean stolen = waitpid (pid, NULL, 0) == pid;

      if (!stolen)
        continue;
      choose_next_pid (pid);
      other = spawn_child_that ("sleep", "1000");
      if (proctor_process_get_pid (other) == pid)
        expect_no_such_process (process);
      g_assert_true (proctor_process_terminate (other, NULL));
      assert_returncode (other, -SIGTERM);
      proctor_process_wait (process, NULL, NULL, NULL);
    }
  g_log_set_always_fatal (fatal);
}

/* ---- signals on their way at the moment of the exit */

typedef struct
{
  ProctorProcess *process;
  atomic_bool refused;
} Sender;

static gpointer
send_until_refused (gpointer data)
{
  Sender *self = data;

  while (proctor_process_send_signal (self->process, SIGURG, NULL) &&
         proctor_process_send_signal (self->process, SIGKILL, NULL))
    ;
  self->refused = TRUE;
  g_main_context_wakeup (NULL);
  return NULL;
}

static void
race_once (void)
{
  g_autoptr(ProctorProcess) process = spawn_child_that ("sleep", "1000");
  pid_t pid = proctor_process_get_pid (process);
  Sender sender = { .process = process };
  Victim victim = { 0 };
  gboolean same_pid = FALSE;
  GThread *threads[2];

  for (guint i = 0; i < G_N_ELEMENTS (threads); i++)
    threads[i] = g_thread_new ("sender", send_until_refused, &sender);
  /* As soon as the pid is free, and the senders may not have noticed. */
  while (kill (pid, 0) == 0)
    g_main_context_iteration (NULL, FALSE);
  same_pid = victim_start (&victim, pid);
  while (!sender.refused)
    g_main_context_iteration (NULL, FALSE);
  for (guint i = 0; i < G_N_ELEMENTS (threads); i++)
    g_thread_join (threads[i]);
  victim_check_and_end (&victim);
  assert_returncode (process, -SIGKILL);
  if (!same_pid)
    g_test_message ("pid %d went to another process", (int) pid);
}

/* Where GLib reaps, on a thread of its own, nothing can exclude that between asking whether the
 * child is still there and signalling it.
 */
static gboolean
glib_reaps (void)
{
  g_autoptr(ProctorChildWatcher) watcher = proctor_dup_child_watcher (NULL);

  return !library_uses_pidfds () && PROCTOR_IS_MAIN_CHILD_WATCHER (watcher);
}

static void
test_race (void)
{
  if (glib_reaps ())
    {
      g_test_skip ("GLib reaps");
      return;
    }

  for (guint i = 0; i < scaled (100); i++)
    race_once ();
}

/* ---- the namespace */

static gboolean
enter_namespace (void)
{
  if (unshare (CLONE_NEWPID) == 0)
    return TRUE;

  /* Not root: in a user namespace one is. */
  return unshare (CLONE_NEWUSER | CLONE_NEWPID) == 0;
}

/* Where that cannot be, /proc tells of the processes outside. */
static void
mount_own_proc (void)
{
  if (unshare (CLONE_NEWNS) == 0 && mount (NULL, "/", NULL, MS_REC | MS_PRIVATE, NULL) == 0)
    mount ("proc", "/proc", "proc", 0, NULL);
}

static int
skip_all (const char *reason)
{
  printf ("1..0 # SKIP %s\n", reason);
  return 0;
}

/* LeakSanitizer stops the threads by the numbers that it finds in /proc, which are not those of the
 * namespace.
 */
static void
look_for_no_leaks (void)
{
  g_autofree char *options = asan_options_without_leaks ();

  g_setenv ("ASAN_OPTIONS", options, TRUE);
}

/* The program anew, since the library refuses to work in a forked copy. As process 1 of the
 * namespace it takes with it whatever a test that has failed leaves. What waits for it must not
 * look for leaks either, and so does not return.
 */
static void G_GNUC_NORETURN
run_in_namespace (char **argv)
{
  int status;
  pid_t pid = fork ();

  if (pid < 0)
    exit (skip_all ("nothing can be started in a pid namespace"));
  if (pid == 0)
    {
      prctl (PR_SET_PDEATHSIG, SIGKILL);
      if (!choose_next_pid (300))
        exit (skip_all (LAST_PID " cannot be written here"));
      mount_own_proc ();
      g_setenv (INSIDE, "1", TRUE);
      look_for_no_leaks ();
      execv ("/proc/self/exe", argv);
      _exit (127);
    }
  if (waitpid (pid, &status, 0) != pid)
    _exit (1);
  _exit (WIFEXITED (status) ? WEXITSTATUS (status) : 1);
}

int
main (int    argc,
      char **argv)
{
  static const ApiTest tests[] = {
    { "after-exit", test_after_exit, MAIN_WAYS },
    { "after-theft", test_after_theft, ONE_WAY },
    { "own-child", test_own_child, ONE_WAY },
    { "race", test_race, ONE_WAY },
  };

  if (g_getenv (INSIDE) != NULL)
    return RUN_API_TESTS (argc, argv, "pid-reuse", tests);
  if (is_in_valgrind ())
    return skip_all ("valgrind does not follow the program into the namespace");
  if (!enter_namespace ())
    return skip_all ("no pid namespace can be made here");
  run_in_namespace (argv);
}
