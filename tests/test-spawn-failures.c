/* Spawns that fail: every step says what it was, and nothing is left behind.
 *
 * SPDX-License-Identifier: LGPL-2.1-or-later
 */

#include "config.h"

#include "spawn-testing.h"

#include <sched.h>
#include <sys/resource.h>

#include "spawn/spawn-inject.h"

typedef struct
{
  SpawnStep step;
  int index;
  int errnum;
  int code;
  const char *message; /* %s stands for the work directory */
} Expectation;

static void
expect_failure (Run               *run,
                const Expectation *expected)
{
  g_auto(GStrv) parts = g_strsplit (expected->message, "%s", -1);
  g_autofree char *message = g_strjoinv (work_directory, parts);
  g_autoptr(GError) error = NULL;
  Resources before;

  resources_take (&before);
  for (guint i = 0; i < scaled (200); i++)
    {
      run->child = (SpawnedChild) { .pid = -5, .pidfd = -6 };
      g_assert_false (run_start (run));
      g_assert_cmpint (run->failure.step, ==, expected->step);
      g_assert_cmpint (run->failure.index, ==, expected->index);
      g_assert_cmpint (run->failure.errnum, ==, expected->errnum);
      g_assert_cmpint (run->child.pid, ==, -5);
      g_assert_cmpint (run->child.pidfd, ==, -6);
    }
  resources_check (&before);

  error = spawn_failure_to_error (&run->failure, &run->request);
  g_assert_error (error, G_IO_ERROR, expected->code);
  g_assert_cmpstr (error->message, ==, message);
}

static void
test_exec_failures (void)
{
  g_autofree char *denied = work_file ("denied", "text", 0644);
  g_autofree char *script = work_file ("script", "echo hello\n", 0755);
  g_autofree char *lost = work_file ("lost", "#!/nonexistent/shell\n", 0755);
  g_autofree char *below = g_build_filename (denied, "x", NULL);
  const struct
  {
    const char *path;
    Expectation expected;
  } cases[] = {
    { "/nonexistent/program",
      { SPAWN_STEP_EXEC, 0, ENOENT, G_IO_ERROR_NOT_FOUND,
        "Could not execute “/nonexistent/program”: No such file or directory" } },
    { denied,
      { SPAWN_STEP_EXEC, 0, EACCES, G_IO_ERROR_PERMISSION_DENIED,
        "Could not execute “%s/denied”: Permission denied" } },
    { work_directory,
      { SPAWN_STEP_EXEC, 0, EACCES, G_IO_ERROR_PERMISSION_DENIED,
        "Could not execute “%s”: Permission denied" } },
    { below,
      { SPAWN_STEP_EXEC, 0, ENOTDIR, G_IO_ERROR_NOT_DIRECTORY,
        "Could not execute “%s/denied/x”: Not a directory" } },
    { script,
      { SPAWN_STEP_EXEC, 0, ENOEXEC, G_IO_ERROR_FAILED,
        "Could not execute “%s/script” (a script needs a “#!” line): Exec format error" } },
    { lost,
      { SPAWN_STEP_EXEC, 0, ENOENT, G_IO_ERROR_NOT_FOUND,
        "Could not execute “%s/lost” (its interpreter is missing): No such file or directory" } },
  };

  for (guint i = 0; i < G_N_ELEMENTS (cases); i++)
    {
      Run run;

      /* There an execve that fails for what the kernel finds inside the file ends the process. */
      if (is_in_valgrind () && (cases[i].path == script || cases[i].path == lost))
        continue;
      run_init (&run, "exit", "0");
      run.candidates[0] = cases[i].path;
      expect_failure (&run, &cases[i].expected);
    }
}

static void
test_cwd_failures (void)
{
  g_autofree char *file = work_file ("denied", "text", 0644);
  const Expectation missing = {
    SPAWN_STEP_CHDIR, -1, ENOENT, G_IO_ERROR_NOT_FOUND,
    "Could not change to the working directory “/nope”: No such file or directory"
  };
  const Expectation not_directory = {
    SPAWN_STEP_CHDIR, -1, ENOTDIR, G_IO_ERROR_NOT_DIRECTORY,
    "Could not change to the working directory “%s/denied”: Not a directory"
  };
  Run run;

  run_init (&run, "exit", "0");
  run.request.cwd = "/nope";
  expect_failure (&run, &missing);
  run.request.cwd = file;
  expect_failure (&run, &not_directory);
}

static void
test_fd_failures (void)
{
  const Expectation not_open = {
    SPAWN_STEP_FDS, 1, EBADF, G_IO_ERROR_FAILED,
    "Could not pass file descriptor 777 to the child: Bad file descriptor"
  };
  const Expectation too_many = {
    SPAWN_STEP_PREPARE, -1, EMFILE, G_IO_ERROR_TOO_MANY_OPEN_FILES,
    "Could not prepare to start a child process: Too many open files"
  };
  const Expectation no_file = {
    SPAWN_STEP_OPEN, 1, ENOENT, G_IO_ERROR_NOT_FOUND,
    "Could not open “nonexistent”: No such file or directory"
  };
  struct rlimit old_limit;
  struct rlimit limit;
  Run run;

  run_init (&run, "exit", "0");
  run_map (&run, 0, 0);
  run_map (&run, 777, 1);
  expect_failure (&run, &not_open);

  run_init (&run, "exit", "0");
  run_open (&run, "/dev/null", O_RDONLY, 0);
  run_open (&run, "nonexistent", O_RDONLY, 1);
  expect_failure (&run, &no_file);

  g_assert_cmpint (getrlimit (RLIMIT_NOFILE, &old_limit), ==, 0);
  limit = old_limit;
  limit.rlim_cur = 64;
  g_assert_cmpint (setrlimit (RLIMIT_NOFILE, &limit), ==, 0);
  run_init (&run, "exit", "0");
  run_map (&run, 0, 64);
  expect_failure (&run, &too_many);
  run_init (&run, "exit", "0");
  run_open (&run, "/dev/null", O_RDONLY, 64);
  expect_failure (&run, &too_many);
  g_assert_cmpint (setrlimit (RLIMIT_NOFILE, &old_limit), ==, 0);
}

static void
test_group_failure (void)
{
  const Expectation expected = {
    SPAWN_STEP_SETPGID, -1, EPERM, G_IO_ERROR_PERMISSION_DENIED,
    "Could not put the child into process group 1: Operation not permitted"
  };
  Run run;

  run_init (&run, "exit", "0");
  run.request.process_group = 1;
  if (getsid (1) == getsid (0))
    g_test_skip ("process 1 is in this session");
  else
    expect_failure (&run, &expected);
}

static void
test_injected (void)
{
  const Expectation no_memory = {
    SPAWN_STEP_CLONE, -1, ENOMEM, G_IO_ERROR_NO_SPACE,
    "Could not create a child process: Cannot allocate memory"
  };
  const Expectation again = {
    SPAWN_STEP_CLONE, -1, EAGAIN, G_IO_ERROR_WOULD_BLOCK,
    "Could not create a child process: Resource temporarily unavailable"
  };
  Run run;

  run_init (&run, "exit", "0");
  spawn_injection = (SpawnInjection) { .errnum = ENOMEM };
  expect_failure (&run, &no_memory);
  spawn_injection = (SpawnInjection) { .errnum = EAGAIN };
  expect_failure (&run, &again);
  spawn_injection = (SpawnInjection) { 0 };
}

/* A sandbox that says no to one way of making a child leaves the plainer ones. */
static void
test_fallback (void)
{
  static const int refusals[] = { ENOSYS, EPERM, EINVAL };
  static const int flags[] = { CLONE_FILES, CLONE_PIDFD, CLONE_VM };
  Resources before;

  resources_take (&before);
  for (guint i = 0; i < G_N_ELEMENTS (refusals) * G_N_ELEMENTS (flags); i++)
    {
      Run run;

      spawn_injection = (SpawnInjection) { .errnum = refusals[i % 3], .flags = flags[i / 3] };
      run_init (&run, "exit", "9");
      g_assert_true (run_start (&run));
      g_assert_cmpint (run_finish (&run), ==, 9);
    }
  spawn_injection = (SpawnInjection) { 0 };
  resources_check (&before);
}

/* In a process of its own: 0 if the spawn fails as it should. */
static int
spawn_beyond_process_limit (void)
{
  const struct rlimit none = { 0, 0 };
  Run run;

  if (setrlimit (RLIMIT_NPROC, &none) < 0 || setresuid (65534, 65534, 65534) < 0)
    return 1;

  run_init (&run, "exit", "0");
  if (run_start (&run))
    return 2;
  if (run.failure.step != SPAWN_STEP_CLONE || run.failure.errnum != EAGAIN)
    return 3;

  return waitpid (-1, NULL, WNOHANG) == -1 && errno == ECHILD ? 0 : 4;
}

static void
test_process_limit (void)
{
  pid_t pid;
  int status;

  if (getuid () != 0)
    {
      g_test_skip ("needs root to become nobody");
      return;
    }

  pid = fork ();
  if (pid == 0)
    _exit (spawn_beyond_process_limit ());
  g_assert_cmpint (waitpid (pid, &status, 0), ==, pid);
  g_assert_cmpint (status, ==, 0);
}

/* A program that is open for writing. */

static gpointer
close_later (gpointer data)
{
  g_usleep (40 * 1000);
  close (GPOINTER_TO_INT (data));

  return NULL;
}

static void
test_busy (void)
{
  g_autofree char *content = NULL;
  g_autofree char *path = work_path ("busy");
  g_autoptr(GError) error = NULL;
  Resources before;
  gboolean started;
  GThread *thread;
  gsize length;
  Run run;
  int fd;

  if (is_in_valgrind ())
    {
      g_test_skip ("valgrind cannot survive this");
      return;
    }

  g_assert_true (g_file_get_contents (child_path, &content, &length, NULL));
  g_assert_true (g_file_set_contents (path, content, (gssize) length, NULL));
  g_assert_cmpint (chmod (path, 0755), ==, 0);
  resources_take (&before);
  fd = open (path, O_WRONLY | O_CLOEXEC);

  run_init (&run, "exit", "8");
  run.candidates[0] = path;
  g_assert_false (run_start (&run));
  error = spawn_failure_to_error (&run.failure, &run.request);
  g_assert_cmpint (run.failure.errnum, ==, ETXTBSY);
  g_assert_cmpint (run.failure.step, ==, SPAWN_STEP_EXEC);
  g_assert_true (g_str_has_suffix (error->message, ": Text file busy"));

  /* A thread that is late, on a machine that has much to do, is later than the spawn is patient. */
  for (guint attempt = 1;; attempt++)
    {
      thread = g_thread_new ("closer", close_later, GINT_TO_POINTER (fd));
      started = run_start (&run);
      g_thread_join (thread);
      if (started)
        break;
      g_assert_cmpint (run.failure.errnum, ==, ETXTBSY);
      g_assert_cmpuint (attempt, <, 10);
      fd = open (path, O_WRONLY | O_CLOEXEC);
    }
  g_assert_cmpint (run_finish (&run), ==, 8);
  resources_check (&before);
}

int
main (int    argc,
      char **argv)
{
  static const SpawnTest tests[] = {
    { "exec-failures", test_exec_failures },
    { "cwd-failures", test_cwd_failures },
    { "fd-failures", test_fd_failures },
    { "group-failure", test_group_failure },
    { "injected", test_injected },
    { "fallback", test_fallback },
    { "process-limit", test_process_limit },
    { "busy", test_busy },
  };

  return run_in_all_ways (&argc, &argv, "spawn-failures", tests, G_N_ELEMENTS (tests));
}
