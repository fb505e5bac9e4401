/* What cannot be started, and what others take away: the right error each time, and nothing is
 * left.
 *
 * SPDX-License-Identifier: LGPL-2.1-or-later
 */

#include "config.h"

#include "failures-testing.h"

#include <grp.h>
#include <sys/utsname.h>

#include "runtime/runtime.h"
#include "runtime/worker.h"
#include "spawn/spawn-features.h"
#include "spawn/spawn-inject.h"
#include "spawn/spawn-kernel.h"

/* ---- a thousand times */

/* Runs or spawns it. The error is always the same. */
static void
fail_once (ProctorCommand *command,
           gboolean        run,
           GQuark          domain,
           int             code,
           const char     *message)
{
  g_autoptr(GError) error = NULL;

  if (run)
    g_assert_null (way_run (command, NULL, NULL, &error));
  else
    g_assert_null (way_spawn (command, NULL, &error));
  g_assert_error (error, domain, code);
  g_assert_cmpstr (error->message, ==, message);
}

static void
fail_often (ProctorCommand *command,
            GQuark          domain,
            int             code,
            const char     *message)
{
  Leaks before, after;
  gsize bytes_before;

  /* What is kept from the first times on is no leak. */
  for (guint i = 0; i < 10; i++)
    fail_once (command, i % 2 == 0, domain, code, message);

  leaks_take (&before);
  bytes_before = count_bytes ();
  for (guint i = 0; i < scaled (1000); i++)
    fail_once (command, i % 2 == 0, domain, code, message);
  assert_no_bytes (bytes_before, scaled (1000));

  /* The check at the end of the test waits until all is as it was; here there may be a little more,
   * but not a thousand.
   */
  leaks_take (&after);
  g_assert_cmpuint (after.n_fds, <=, before.n_fds + 10);
  g_assert_cmpuint (after.n_threads, <=, before.n_threads + 2);
  g_assert_cmpuint (after.n_spawners, <=, before.n_spawners + 10);
}

static void
test_no_such_program (void)
{
  g_autoptr(ProctorCommand) path = proctor_command_new ("/nowhere/to/be/found", "x", NULL);
  g_autoptr(ProctorCommand) name = proctor_command_new ("there-is-no-such-program", NULL);

  fail_often (path, G_IO_ERROR, G_IO_ERROR_NOT_FOUND,
              "Could not execute “/nowhere/to/be/found”: No such file or directory");
  fail_often (name, G_IO_ERROR, G_IO_ERROR_NOT_FOUND,
              "Could not find “there-is-no-such-program” in PATH: No such file or directory");
}

static void
test_not_executable (void)
{
  g_autofree char *file = work_file ("file", "not a program");
  g_autofree char *message = g_strdup_printf ("Could not execute “%s”: Permission denied", file);
  g_autoptr(ProctorCommand) command = proctor_command_new (file, NULL);

  fail_often (command, G_IO_ERROR, G_IO_ERROR_PERMISSION_DENIED, message);
}

static void
test_directory (void)
{
  g_autofree char *message =
    g_strdup_printf ("Could not execute “%s”: Permission denied", work_directory);
  g_autoptr(ProctorCommand) command = proctor_command_new (work_directory, NULL);

  fail_often (command, G_IO_ERROR, G_IO_ERROR_PERMISSION_DENIED, message);
}

static void
test_script_without_interpreter (void)
{
  g_autofree char *file = work_file ("script", "echo no\n");
  g_autofree char *message = NULL;
  g_autoptr(ProctorCommand) command = proctor_command_new (file, NULL);

  g_assert_cmpint (g_chmod (file, 0700), ==, 0);
  message = g_strdup_printf ("Could not execute “%s” (a script needs a “#!” line): %s", file,
                             g_strerror (ENOEXEC));
  fail_often (command, G_IO_ERROR, (int) g_io_error_from_errno (ENOEXEC), message);
}

static void
test_bad_cwd (void)
{
  g_autofree char *missing = work_path ("missing");
  g_autofree char *message = NULL;
  g_autoptr(ProctorCommand) command = child_command ("exit", "0", NULL);

  message = g_strdup_printf ("Could not change to the working directory “%s”: %s", missing,
                             g_strerror (ENOENT));
  proctor_command_set_cwd (command, missing);
  fail_often (command, G_IO_ERROR, G_IO_ERROR_NOT_FOUND, message);
}

static void
test_bad_file (void)
{
  g_autofree char *message =
    g_strdup_printf ("Could not open “%s”: Is a directory", work_directory);
  g_autoptr(ProctorCommand) command = child_command ("exit", "0", NULL);

  proctor_command_set_stdout_path (command, work_directory, FALSE);
  fail_often (command, G_IO_ERROR, G_IO_ERROR_IS_DIRECTORY, message);
}

static void
test_invalid (void)
{
  g_autoptr(ProctorCommand) command = child_command ("exit", "0", NULL);

  proctor_command_set_cwd (command, "");
  fail_often (command, PROCTOR_ERROR, PROCTOR_ERROR_INVALID_COMMAND,
              "The working directory “” has an empty name");
}

/* ---- no room */

static gboolean
is_tracker_missing (const GError *error)
{
  return error != NULL &&
         g_str_has_prefix (error->message, "Could not start a thread to track process ");
}

/* With one free fd more each time, so that each step on the way is the one that finds none; also
 * where some of the numbers above the first free one are taken. How often it was the last step,
 * where one tracks the process.
 */
static guint
fail_without_fds (ProctorCommand *command)
{
  struct rlimit limit, old_limit;
  guint n_failed = 0;
  guint n_untracked = 0;

  g_assert_cmpint (getrlimit (RLIMIT_NOFILE, &old_limit), ==, 0);
  for (guint i = 0; i < scaled (1000); i++)
    {
      g_autoptr(ProctorResult) result = NULL;
      g_autoptr(GError) error = NULL;
      int lowest_free = fcntl (STDIN_FILENO, F_DUPFD_CLOEXEC, 3);

      close (lowest_free);
      limit = old_limit;
      limit.rlim_cur = (rlim_t) lowest_free + i % 20;
      g_assert_cmpint (setrlimit (RLIMIT_NOFILE, &limit), ==, 0);
      result = way_run (command, NULL, NULL, &error);
      g_assert_cmpint (setrlimit (RLIMIT_NOFILE, &old_limit), ==, 0);

      if (result == NULL)
        {
          g_assert_error (error, G_IO_ERROR, G_IO_ERROR_TOO_MANY_OPEN_FILES);
          g_assert_true (g_str_has_suffix (error->message, g_strerror (EMFILE)));
          n_failed++;
          n_untracked += is_tracker_missing (error);
        }
      else
        {
          g_assert_true (proctor_result_check (result, NULL));
          assert_bytes (proctor_result_get_stdout (result), "text\n");
        }
    }
  g_test_message ("%u of %u had no room, %u at the last step", n_failed, scaled (1000),
                  n_untracked);
  g_assert_cmpuint (n_failed, >, 0);
  return n_untracked;
}

static void
test_no_fds (void)
{
  g_autoptr(ProctorCommand) command = child_command ("echo", "text", NULL);

  g_assert_cmpuint (fail_without_fds (command), ==, 0);
}

/* The program runs already when it is found that nobody can track it. */
static void
test_no_fds_to_track (void)
{
  g_autoptr(ProctorCommand) command = child_command ("echo", "text", NULL);
  guint n_untracked;

  proctor_command_set_flags (command, PROCTOR_COMMAND_TRACK_SUSPEND | PROCTOR_COMMAND_OWN_TREE);
  n_untracked = fail_without_fds (command);
  /* Fork has wanted more before that, so that there is room; and how much there is varies a little
   * with what else is open for a moment.
   */
  if (spawn_features_get ()->pidfd && spawn_features_get ()->clone_vm && scaled (1000) >= 500)
    g_assert_cmpuint (n_untracked, >, 0);
}

static void
test_injected (void)
{
  static const int errnums[] = { ENOMEM, EAGAIN };
  g_autoptr(ProctorCommand) command = child_command ("exit", "0", NULL);

  for (guint i = 0; i < G_N_ELEMENTS (errnums); i++)
    {
      g_autofree char *message =
        g_strdup_printf ("Could not create a child process: %s", g_strerror (errnums[i]));

      spawn_injection = (SpawnInjection){ .errnum = errnums[i] };
      fail_often (command, G_IO_ERROR, (int) g_io_error_from_errno (errnums[i]), message);
      spawn_injection = (SpawnInjection){ 0 };
    }
}

/* What a sandbox takes away while the program runs is done without. */
static void
test_refused_later (void)
{
  static const SpawnInjection injections[] = {
    { ENOSYS, CLONE_PIDFD }, { EPERM, CLONE_PIDFD }, { EINVAL, CLONE_FILES },
    { EPERM, CLONE_VM },     { ENOSYS, CLONE_VM },
  };
  g_autoptr(ProctorCommand) command = child_command ("say", "out", "err", "3", NULL);
  g_autoptr(ProctorCommand) silent = child_command ("exit", "3", NULL);
  /* Nobody else asks at this time, and the library keeps them in writable memory. */
  SpawnFeatures *features = (SpawnFeatures *) spawn_features_get ();
  int many_fds = features->many_fds;

  features->many_fds = 0;
  for (guint i = 0; i < G_N_ELEMENTS (injections) * scaled (5); i++)
    {
      g_autoptr(ProctorResult) result = NULL;
      g_autoptr(ProctorProcess) process = NULL;

      spawn_injection = injections[i % G_N_ELEMENTS (injections)];
      result = run_or_abort (command, NULL);
      process = spawn_or_abort (silent);
      assert_returncode (process, 3);
      spawn_injection = (SpawnInjection){ 0 };
      assert_bytes (proctor_result_get_stdout (result), "out");
      assert_bytes (proctor_result_get_stderr (result), "err");
      g_assert_cmpint (proctor_result_get_returncode (result), ==, 3);
    }
  features->many_fds = many_fds;
}

/* A process of its own for what cannot be undone. It ends by _exit: the tests around it have no
 * part in it.
 */
static void
run_subprocess (const char *name)
{
  g_autofree char *path = g_strdup_printf ("/failures/subprocess/%s/blocking", name);

  g_test_trap_subprocess (path, 100 * G_TIME_SPAN_SECOND, G_TEST_SUBPROCESS_INHERIT_STDERR);
  g_test_trap_assert_passed ();
}

static void
test_no_processes (void)
{
  if (geteuid () != 0)
    {
      g_test_skip ("Only root can become somebody else");
      return;
    }
  run_subprocess ("no-processes");
}

#define NOBODY 65534

static void
subprocess_no_processes (void)
{
  static const Way ways[] = { { "blocking", FALSE, FALSE }, { "async", TRUE, FALSE } };
  g_autoptr(ProctorCommand) command = child_command ("exit", "0", NULL);
  struct rlimit limit = { 1, 1 };

  warm_up ();
  g_assert_cmpint (setgroups (0, NULL), ==, 0);
  g_assert_cmpint (setresgid (NOBODY, NOBODY, NOBODY), ==, 0);
  g_assert_cmpint (setresuid (NOBODY, NOBODY, NOBODY), ==, 0);
  g_assert_cmpint (setrlimit (RLIMIT_NPROC, &limit), ==, 0);
  for (guint i = 0; i < G_N_ELEMENTS (ways); i++)
    {
      way = &ways[i];
      fail_often (command, G_IO_ERROR, G_IO_ERROR_WOULD_BLOCK,
                  "Could not create a child process: Resource temporarily unavailable");
    }
  _exit (0);
}

static void
test_no_threads (void)
{
  if (geteuid () != 0)
    {
      g_test_skip ("Only root can become somebody else");
      return;
    }
  run_subprocess ("no-threads");
}

/* Nobody else is that, nor the same test beside this one, so that what is counted is what is here.
 */
#define NOBODY_ELSE ((uid_t) (60000 + getpid () % 5000))

static guint
count_own_threads (void)
{
  g_autoptr(GDir) tasks = g_dir_open ("/proc/self/task", 0, NULL);
  guint n = 0;

  while (g_dir_read_name (tasks) != NULL)
    n++;
  return n;
}

/* There is room for one more, which is the child. */
static void
subprocess_no_threads (void)
{
  static const Way ways[] = { { "blocking", FALSE, FALSE }, { "async", TRUE, FALSE } };
  /* A program that anybody may execute. */
  g_autoptr(ProctorCommand) command = proctor_command_new ("sleep", "1000", NULL);
  guint n_untracked = 0;
  siginfo_t info;

  proctor_command_set_flags (command, PROCTOR_COMMAND_TRACK_SUSPEND | PROCTOR_COMMAND_OWN_TREE);
  warm_up ();
  g_assert_cmpint (setgroups (0, NULL), ==, 0);
  g_assert_cmpint (setresgid (NOBODY_ELSE, NOBODY_ELSE, NOBODY_ELSE), ==, 0);
  g_assert_cmpint (setresuid (NOBODY_ELSE, NOBODY_ELSE, NOBODY_ELSE), ==, 0);
  for (guint i = 0; i < 20; i++)
    {
      g_autoptr(GError) error = NULL;
      struct rlimit limit;

      way = &ways[i % G_N_ELEMENTS (ways)];
      g_assert_cmpint (getrlimit (RLIMIT_NPROC, &limit), ==, 0);
      limit.rlim_cur = count_own_threads () + 1;
      g_assert_cmpint (setrlimit (RLIMIT_NPROC, &limit), ==, 0);
      g_assert_null (way_spawn (command, NULL, &error));
      g_assert_error (error, G_IO_ERROR, G_IO_ERROR_WOULD_BLOCK);
      n_untracked += is_tracker_missing (error);
      /* Nobody is left behind, not even to be waited for. */
      g_assert_cmpint (waitid (P_ALL, 0, &info, WEXITED | WNOHANG | WNOWAIT), <, 0);
      g_assert_cmpint (errno, ==, ECHILD);
    }
  g_assert_cmpuint (n_untracked, >, 0);
  _exit (0);
}

/* ---- a status that others took */

/* Both libraries warn of a lost status, and here that is no reason to stop. */
static GLogLevelFlags
let_warn (void)
{
  return g_log_set_always_fatal (G_LOG_FATAL_MASK | G_LOG_LEVEL_CRITICAL);
}

/* GLib that notices exits by SIGCHLD says 0 when somebody else has reaped a child, and nothing can
 * be done about that.
 */
static gboolean
glib_makes_up_statuses (void)
{
  int fd = (int) syscall (SYS_pidfd_open, getpid (), 0);

  if (fd >= 0)
    close (fd);
  return fd < 0 && !spawn_features_get ()->pidfd;
}

/* Since Linux 6.15 a pidfd tells the status all the same; if it is there from birth, that is. A
 * forked child has none before fork returns, and where SIGCHLD is ignored it may be gone by then.
 */
static gboolean
kernel_keeps_statuses (void)
{
  const SpawnFeatures *features = spawn_features_get ();
  struct utsname name;
  int major = 0;
  int minor = 0;

  g_assert_cmpint (uname (&name), ==, 0);
  return features->pidfd && features->clone_vm &&
         sscanf (name.release, "%d.%d", &major, &minor) == 2 &&
         (major > 6 || (major == 6 && minor >= 15));
}

/* Right or lost, and wherever it is asked for the same. */
static void
check_outcome (ProctorProcess *process,
               int             expected)
{
  int returncode = G_MAXINT;
  g_autoptr(GError) error = NULL;
  g_autoptr(GError) check_error = NULL;
  g_autoptr(ProctorResult) result = NULL;

  if (way_wait (process, NULL, &returncode, &error))
    {
      g_assert_no_error (error);
      if (!glib_makes_up_statuses ())
        g_assert_cmpint (returncode, ==, expected);
      g_assert_cmpint (proctor_process_get_state (process), ==, PROCTOR_PROCESS_EXITED);
      return;
    }

  g_assert_error (error, PROCTOR_ERROR, PROCTOR_ERROR_STATUS_LOST);
  g_assert_false (kernel_keeps_statuses ());
  g_assert_cmpint (returncode, ==, G_MAXINT);
  g_assert_cmpint (proctor_process_get_state (process), ==, PROCTOR_PROCESS_STATUS_LOST);
  g_assert_false (proctor_process_get_returncode (process, &returncode));
  g_assert_cmpint (returncode, ==, G_MAXINT);
  g_assert_false (way_wait_check (process, NULL, &check_error));
  g_assert_error (check_error, PROCTOR_ERROR, PROCTOR_ERROR_STATUS_LOST);
  g_clear_error (&check_error);

  /* The outputs are there all the same. */
  result = communicate_or_abort (process, NULL);
  assert_bytes (proctor_result_get_stdout (result), "out");
  g_assert_cmpint (proctor_result_get_returncode (result), ==, PROCTOR_RETURNCODE_NONE);
  g_assert_false (proctor_result_check (result, &check_error));
  g_assert_error (check_error, PROCTOR_ERROR, PROCTOR_ERROR_STATUS_LOST);
}

static ProctorProcess *
spawn_say (const char *code)
{
  g_autoptr(ProctorCommand) command = child_command ("say", "out", "", code, NULL);

  proctor_command_set_stdout (command, PROCTOR_STDIO_PIPE);
  return spawn_or_abort (command);
}

/* Nobody looks at the main watcher between the exit and the theft. */
static void
test_stolen (void)
{
  GLogLevelFlags fatal = let_warn ();

  for (guint i = 0; i < scaled (20); i++)
    {
      g_autofree char *code = g_strdup_printf ("%u", i % 3);
      g_autoptr(ProctorProcess) process = spawn_say (code);
      g_autoptr(GError) error = NULL;
      int status = -1;

      if (waitpid (proctor_process_get_pid (process), &status, 0) > 0)
        g_assert_cmpint (WEXITSTATUS (status), ==, i % 3);
      /* Its pid may be another's from here on; no signal goes there. */
      if (proctor_process_terminate (process, &error))
        g_assert_cmpint (spawn_features_get ()->pidfd, ==, FALSE);
      check_outcome (process, (int) i % 3);
      g_assert_false (proctor_process_terminate (process, NULL));
    }
  g_log_set_always_fatal (fatal);
}

static gpointer
thief_thread (gpointer data)
{
  while (waitpid (proctor_process_get_pid (data), NULL, 0) < 0 && errno == EINTR)
    ;
  return NULL;
}

/* A thief and the watcher at the same time. */
static void
test_race_with_a_thief (void)
{
  GLogLevelFlags fatal = let_warn ();

  for (guint i = 0; i < scaled (100); i++)
    {
      g_autofree char *code = g_strdup_printf ("%u", i % 3);
      g_autoptr(ProctorProcess) process = spawn_say (code);
      GThread *thief = g_thread_new ("thief", thief_thread, process);

      check_outcome (process, (int) i % 3);
      g_thread_join (thief);
    }
  g_log_set_always_fatal (fatal);
}

static void
test_sigchld_ignored (void)
{
  run_subprocess ("sigchld-ignored");
}

static void
run_without_zombies (void)
{
  static const Way ways[] = { { "blocking", FALSE, FALSE }, { "async", TRUE, FALSE } };

  for (guint i = 0; i < 3 * scaled (40); i++)
    {
      g_autofree char *code = g_strdup_printf ("%u", i % 3);
      g_autoptr(ProctorCommand) command = child_command ("say", "out", "", code, NULL);
      g_autoptr(ProctorProcess) process = NULL;
      g_autoptr(ProctorResult) result = NULL;
      g_autoptr(GError) error = NULL;

      way = &ways[i / 3 % 2];
      process = spawn_say (code);
      check_outcome (process, (int) i % 3);

      result = run_or_abort (command, NULL);
      assert_bytes (proctor_result_get_stdout (result), "out");
      if (proctor_result_get_returncode (result) == PROCTOR_RETURNCODE_NONE)
        {
          g_assert_false (kernel_keeps_statuses ());
          g_assert_false (proctor_result_check (result, &error));
          g_assert_error (error, PROCTOR_ERROR, PROCTOR_ERROR_STATUS_LOST);
        }
      else if (!glib_makes_up_statuses ())
        {
          g_assert_cmpint (proctor_result_get_returncode (result), ==, i % 3);
        }
    }
}

static void
subprocess_sigchld_ignored (void)
{
  struct sigaction action = { .sa_handler = SIG_IGN };

  warm_up ();
  let_warn ();
  sigaction (SIGCHLD, &action, NULL);
  run_without_zombies ();

  action = (struct sigaction){ .sa_handler = SIG_DFL, .sa_flags = SA_NOCLDWAIT };
  sigaction (SIGCHLD, &action, NULL);
  run_without_zombies ();
  _exit (0);
}

/* ---- threads */

typedef struct
{
  Message message;
  ProctorCommand *command;
  ProctorProcess *process;
  int done; /* atomic */
} WorkerCall;

/* On a thread of the library's own, which is needed for the answer. */
static void
block_in_worker (Actor   *actor,
                 Message *message)
{
  WorkerCall *call = (WorkerCall *) message;
  GError *errors[6] = { NULL };

  g_assert_null (proctor_command_run (call->command, NULL, NULL, &errors[0]));
  g_assert_null (proctor_command_spawn (call->command, NULL, &errors[1]));
  g_assert_null (proctor_gather (&call->command, 1, 0, NULL, &errors[2]));
  g_assert_false (proctor_process_wait (call->process, NULL, NULL, &errors[3]));
  g_assert_null (proctor_process_communicate (call->process, NULL, NULL, &errors[4]));
  g_assert_false (proctor_process_stop (call->process, 0, NULL, &errors[5]));
  for (guint i = 0; i < G_N_ELEMENTS (errors); i++)
    {
      g_assert_error (errors[i], PROCTOR_ERROR, PROCTOR_ERROR_WOULD_DEADLOCK);
      g_error_free (errors[i]);
    }
  g_atomic_int_set (&call->done, TRUE);
}

static void
test_blocking_in_worker (void)
{
  g_autoptr(ProctorCommand) command = child_command ("sleep", "100", NULL);
  g_autoptr(ProctorProcess) process = spawn_or_abort (command);
  WorkerCall call = { .message.func = block_in_worker, .command = command, .process = process };

  worker_post (runtime_pick_worker (NULL), &call.message);
  while (!g_atomic_int_get (&call.done))
    g_usleep (1000);
  g_assert_cmpint (proctor_process_get_state (process), ==, PROCTOR_PROCESS_RUNNING);
  g_assert_true (way_stop (process, 0, NULL, NULL));
}

static void
test_before_init (void)
{
  run_subprocess ("before-init");
}

static gpointer
use_before_init (gpointer data)
{
  g_autoptr(GMainContext) context = g_main_context_new ();
  g_autoptr(ProctorCommand) command = child_command ("exit", "0", NULL);
  ProctorCommand *commands[] = { command };
  static const Way ways[] = { { "blocking", FALSE, FALSE }, { "async", TRUE, FALSE } };

  /* A limit of the default watcher; the others do not have it. */
  g_unsetenv ("PROCTOR_WATCHER");
  g_main_context_push_thread_default (context);
  for (guint i = 0; i < G_N_ELEMENTS (ways); i++)
    {
      g_autoptr(GError) error = NULL;

      way = &ways[i];
      g_assert_null (way_run (command, NULL, NULL, &error));
      g_assert_error (error, PROCTOR_ERROR, PROCTOR_ERROR_NO_CHILD_WATCHER);
      g_assert_nonnull (strstr (error->message, "proctor_init()"));
      g_assert_nonnull (strstr (error->message, "main thread"));
      g_clear_error (&error);
      g_assert_null (way_spawn (command, NULL, &error));
      g_assert_error (error, PROCTOR_ERROR, PROCTOR_ERROR_NO_CHILD_WATCHER);
      g_clear_error (&error);
      g_assert_null (proctor_gather (commands, 1, 0, NULL, &error));
      g_assert_error (error, PROCTOR_ERROR, PROCTOR_ERROR_NO_CHILD_WATCHER);
      g_clear_error (&error);
      g_assert_false (proctor_init (&error));
      g_assert_error (error, PROCTOR_ERROR, PROCTOR_ERROR_NO_CHILD_WATCHER);
      g_clear_error (&error);
      g_assert_null (proctor_dup_child_watcher (&error));
      g_assert_error (error, PROCTOR_ERROR, PROCTOR_ERROR_NO_CHILD_WATCHER);
      g_clear_error (&error);
      g_assert_null (proctor_main_child_watcher_new (&error));
      g_assert_error (error, PROCTOR_ERROR, PROCTOR_ERROR_NOT_MAIN_THREAD);
    }
  g_main_context_pop_thread_default (context);
  return NULL;
}

static gpointer
use_after_init (gpointer data)
{
  g_autoptr(ProctorCommand) command = child_command ("exit", "0", NULL);
  g_autoptr(ProctorResult) result = NULL;
  g_autoptr(GError) error = NULL;

  g_assert_true (proctor_init (&error));
  result = proctor_command_run_check (command, NULL, NULL, &error);
  g_assert_no_error (error);
  g_assert_nonnull (result);
  g_main_loop_quit (data);
  return NULL;
}

static void
subprocess_before_init (void)
{
  g_autoptr(GMainLoop) loop = g_main_loop_new (NULL, FALSE);
  g_autoptr(ProctorChildWatcher) watcher = NULL;
  g_autoptr(GError) error = NULL;
  GThread *thread;

  g_thread_join (g_thread_new ("early", use_before_init, NULL));
  g_assert_true (proctor_init (&error));
  g_assert_no_error (error);
  g_assert_true (proctor_init (&error));
  watcher = proctor_dup_child_watcher (&error);
  g_assert_true (PROCTOR_IS_MAIN_CHILD_WATCHER (watcher));
  g_assert_true (proctor_child_watcher_is_active (watcher));

  thread = g_thread_new ("late", use_after_init, loop);
  g_main_loop_run (loop);
  g_thread_join (thread);
  _exit (0);
}

static const ApiTest tests[] = {
  { "no-such-program", test_no_such_program },
  { "not-executable", test_not_executable },
  { "directory", test_directory },
  { "script-without-interpreter", test_script_without_interpreter },
  { "bad-cwd", test_bad_cwd },
  { "bad-file", test_bad_file },
  { "invalid", test_invalid },
  { "no-fds", test_no_fds },
  { "no-fds-to-track", test_no_fds_to_track },
  { "injected", test_injected },
  { "refused-later", test_refused_later },
  { "no-processes", test_no_processes, ONE_WAY },
  { "no-threads", test_no_threads, ONE_WAY },
  { "stolen", test_stolen },
  { "race-with-a-thief", test_race_with_a_thief },
  { "sigchld-ignored", test_sigchld_ignored, ONE_WAY },
  { "blocking-in-worker", test_blocking_in_worker, ONE_WAY },
  { "before-init", test_before_init, ONE_WAY },
  { "subprocess/no-processes", subprocess_no_processes, ONE_WAY },
  { "subprocess/no-threads", subprocess_no_threads, ONE_WAY },
  { "subprocess/sigchld-ignored", subprocess_sigchld_ignored, ONE_WAY },
  { "subprocess/before-init", subprocess_before_init, ONE_WAY },
};

int
main (int    argc,
      char **argv)
{
  return RUN_API_TESTS (argc, argv, "failures", tests);
}
