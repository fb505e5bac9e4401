/* Starting children: what they get of their parent, and what the parent keeps.
 *
 * SPDX-License-Identifier: LGPL-2.1-or-later
 */

#include "config.h"

#include "spawn-testing.h"

#include <stdio.h>

/* Success */

static void
test_output (void)
{
  Resources before;

  resources_take (&before);
  for (guint i = 0; i < scaled (200); i++)
    {
      g_autofree char *output = NULL;
      Run run;

      run_init (&run, "echo", "héllo");
      output = run_for_output (&run);
      g_assert_cmpstr (output, ==, "héllo\n");
    }
  resources_check (&before);
}

static void
test_environment_and_status (void)
{
  g_autofree char *output = NULL;
  Run run;

  run_init (&run, "env", NULL);
  output = run_for_output (&run);
  g_assert_cmpstr (output, ==, "LC_ALL=C\nPROCTOR_TEST=1\n");

  run_init (&run, "exit", "42");
  run_start_or_abort (&run);
  g_assert_cmpint (run_finish (&run), ==, 42);

  run_init (&run, "kill-self", "15");
  run_start_or_abort (&run);
  g_assert_cmpint (run_finish (&run), ==, -SIGTERM);
}

static void
test_candidates (void)
{
  g_autofree char *denied = work_file ("denied", "text", 0644);
  g_autofree char *below = g_build_filename (denied, "x", NULL);
  Run run;

  run_init (&run, "exit", "7");
  run.candidates[0] = "/nonexistent/program";
  run.candidates[1] = denied;
  run.candidates[2] = below;
  run.candidates[3] = child_path;
  run_start_or_abort (&run);
  g_assert_cmpint (run_finish (&run), ==, 7);

  /* Without a good one, the one that may not be executed is the reason. */
  run.candidates[3] = "/nonexistent";
  g_assert_false (run_start (&run));
  g_assert_cmpint (run.failure.step, ==, SPAWN_STEP_EXEC);
  g_assert_cmpint (run.failure.index, ==, 1);
  g_assert_cmpint (run.failure.errnum, ==, EACCES);
}

static void
test_cwd (void)
{
  g_autofree char *link_path = work_path ("relative-child");
  g_autofree char *real = realpath (work_directory, NULL);
  g_autofree char *expected = g_strdup_printf ("\ncwd %s\n", real);
  g_autofree char *output = NULL;
  Run run;

  g_assert_cmpint (symlink (child_path, link_path), ==, 0);
  run_init (&run, "ids", NULL);
  run.request.cwd = work_directory;
  run.candidates[0] = "./relative-child";
  output = run_for_output (&run);
  g_assert_nonnull (strstr (output, expected));
  unlink (link_path);
}

static int
id_of (const char *report,
       const char *name)
{
  g_autofree char *start = g_strdup_printf ("%s ", name);
  const char *found = g_str_has_prefix (report, start) ? report : strstr (report, start);

  g_assert_nonnull (found);
  return atoi (found + strlen (start));
}

static void
test_session_and_group (void)
{
  g_autofree char *same = NULL;
  g_autofree char *session = NULL;
  g_autofree char *own = NULL;
  g_autofree char *joined = NULL;
  Run run;
  Run leader;

  run_init (&run, "ids", NULL);
  same = run_for_output (&run);
  g_assert_cmpint (id_of (same, "pid"), ==, run.child.pid);
  g_assert_cmpint (id_of (same, "ppid"), ==, getpid ());
  g_assert_cmpint (id_of (same, "sid"), ==, getsid (0));
  g_assert_cmpint (id_of (same, "pgid"), ==, getpgrp ());

  run_init (&run, "ids", NULL);
  run.request.new_session = TRUE;
  session = run_for_output (&run);
  g_assert_cmpint (id_of (session, "sid"), ==, run.child.pid);
  g_assert_cmpint (id_of (session, "pgid"), ==, run.child.pid);

  run_init (&run, "ids", NULL);
  run.request.process_group = 0;
  own = run_for_output (&run);
  g_assert_cmpint (id_of (own, "sid"), ==, getsid (0));
  g_assert_cmpint (id_of (own, "pgid"), ==, run.child.pid);

  run_init (&leader, "sleep", "100");
  leader.request.process_group = 0;
  run_start_or_abort (&leader);
  run_init (&run, "ids", NULL);
  run.request.process_group = leader.child.pid;
  joined = run_for_output (&run);
  g_assert_cmpint (id_of (joined, "pgid"), ==, leader.child.pid);
  kill (leader.child.pid, SIGKILL);
  g_assert_cmpint (run_finish (&leader), ==, -SIGKILL);
}

static guint64
mask_of (const char *report,
         const char *name)
{
  const char *found = strstr (report, name);

  g_assert_nonnull (found);
  return g_ascii_strtoull (found + strlen (name) + 1, NULL, 16);
}

static void
handle_nothing (int signum)
{
}

#define SIGNAL_BIT(signum) (G_GUINT64_CONSTANT (1) << ((signum) - 1))

/* Signals 32 and 33 are the C library's. That the parent's own dispositions and mask are unharmed
 * is half of the test.
 */
static void
test_signals (void)
{
  const guint64 crash_signals = SIGNAL_BIT (SIGSEGV) | SIGNAL_BIT (SIGBUS) | SIGNAL_BIT (SIGFPE)
                                | SIGNAL_BIT (SIGILL) | SIGNAL_BIT (SIGABRT) | SIGNAL_BIT (SIGTRAP);
  static const int ignored[] = { SIGHUP, SIGPIPE, SIGXFSZ };
  struct sigaction old_usr1;
  struct sigaction old_ignored[G_N_ELEMENTS (ignored)];
  struct sigaction seen;
  struct sigaction handle = { .sa_handler = handle_nothing };
  struct sigaction ignore = { .sa_handler = SIG_IGN };
  g_autofree char *output = NULL;
  Resources before;
  sigset_t some;
  sigset_t old_mask;
  Run run;

  sigaction (SIGUSR1, &handle, &old_usr1);
  for (guint i = 0; i < G_N_ELEMENTS (ignored); i++)
    sigaction (ignored[i], &ignore, &old_ignored[i]);
  sigemptyset (&some);
  sigaddset (&some, SIGTERM);
  sigaddset (&some, SIGUSR2);
  sigprocmask (SIG_BLOCK, &some, &old_mask);

  resources_take (&before);
  run_init (&run, "signals", NULL);
  output = run_for_output (&run);
  resources_check (&before);

  g_assert_cmphex (mask_of (output, "SigBlk:"), ==, 0);
  /* The run time of a sanitizer, if the child has one, handles crashes. */
  g_assert_cmphex (mask_of (output, "SigCgt:") & ~crash_signals, ==, 0);
  g_assert_cmphex (mask_of (output, "SigIgn:") & SIGNAL_BIT (SIGHUP), !=, 0);
  g_assert_cmphex (mask_of (output, "SigIgn:") & SIGNAL_BIT (SIGPIPE), ==, 0);
  g_assert_cmphex (mask_of (output, "SigIgn:") & SIGNAL_BIT (SIGXFSZ), ==, 0);
  g_assert_cmphex (mask_of (output, "SigIgn:") & (SIGNAL_BIT (32) | SIGNAL_BIT (33)), ==, 0);

  sigaction (SIGUSR1, &old_usr1, &seen);
  g_assert_true (seen.sa_handler == handle_nothing);
  for (guint i = 0; i < G_N_ELEMENTS (ignored); i++)
    {
      sigaction (ignored[i], &old_ignored[i], &seen);
      g_assert_true (seen.sa_handler == SIG_IGN);
    }
  sigprocmask (SIG_SETMASK, &old_mask, NULL);
}

static void
test_errno (void)
{
  Run run;

  run_init (&run, "exit", "0");
  errno = 4711;
  run_start_or_abort (&run);
  run_finish (&run);

  errno = 4711;
  g_assert_true (run_start (&run));
  g_assert_cmpint (errno, ==, 4711);
  run_finish (&run);

  run.candidates[0] = "/nonexistent";
  errno = 4711;
  g_assert_false (run_start (&run));
  g_assert_cmpint (errno, ==, 4711);
}

/* File descriptors */

/* The numbers of the fds in the child's report, like "0 1 2". */
static char *
fd_numbers (const char *report)
{
  g_auto(GStrv) lines = g_strsplit (report, "\n", -1);
  g_autoptr(GString) numbers = g_string_new (NULL);

  for (guint i = 0; lines[i][0] != '\0'; i++)
    g_string_append_printf (numbers, "%s%d", i > 0 ? " " : "", atoi (lines[i]));

  return g_string_free (g_steal_pointer (&numbers), FALSE);
}

static void
test_nothing_inherited (void)
{
  static const int fds[] = { 30, 31, 200, 500 };
  g_autofree char *closed = NULL;
  g_autofree char *inherited = NULL;
  g_autofree char *mapped = NULL;
  g_autofree char *numbers = NULL;
  Run run;

  for (guint i = 0; i < G_N_ELEMENTS (fds); i++)
    g_assert_cmpint (dup2 (2, fds[i]), ==, fds[i]);

  run_init (&run, "fds", NULL);
  closed = run_for_output (&run);
  numbers = fd_numbers (closed);
  g_assert_cmpstr (numbers, ==, "0 1 2");
  g_free (numbers);

  run_init (&run, "fds", NULL);
  run_map (&run, 200, 31);
  run_map (&run, 31, 3);
  run_map (&run, 30, 30);
  mapped = run_for_output (&run);
  numbers = fd_numbers (mapped);
  g_assert_cmpstr (numbers, ==, "0 1 2 3 30 31");

  run_init (&run, "fds", NULL);
  run.request.inherit_fds = TRUE;
  inherited = run_for_output (&run);
  g_assert_nonnull (strstr (inherited, "\n30 "));
  g_assert_nonnull (strstr (inherited, "\n200 "));
  g_assert_nonnull (strstr (inherited, "\n500 "));

  for (guint i = 0; i < G_N_ELEMENTS (fds); i++)
    close (fds[i]);
}

static void
test_swapped (void)
{
  g_autofree char *out = NULL;
  g_autofree char *link_out = NULL;
  int saved_out = fcntl (1, F_DUPFD_CLOEXEC, 3);
  int saved_err = fcntl (2, F_DUPFD_CLOEXEC, 3);
  g_autofree char *path_out = work_path ("out");
  g_autofree char *path_err = work_path ("err");
  g_autofree char *path_report = work_path ("report");
  g_autofree char *expected = NULL;
  int file_out = open (path_out, O_WRONLY | O_CREAT | O_TRUNC | O_CLOEXEC, 0600);
  int file_err = open (path_err, O_WRONLY | O_CREAT | O_TRUNC | O_CLOEXEC, 0600);
  gboolean started;
  Run run;

  fflush (stdout);
  fflush (stderr);
  dup2 (file_out, 1);
  dup2 (file_err, 2);
  run_init (&run, "fds", path_report);
  run_map (&run, 1, 2);
  run_map (&run, 2, 1);
  run_map (&run, 1, 0);
  run_map (&run, 0, 5);
  started = run_start (&run);
  dup2 (saved_out, 1);
  dup2 (saved_err, 2);
  close (saved_out);
  close (saved_err);
  close (file_out);
  close (file_err);

  g_assert_true (started);
  g_assert_cmpint (run_finish (&run), ==, 0);
  link_out = g_file_read_link ("/proc/self/fd/0", NULL);
  expected = g_strdup_printf ("0 %s\n1 %s\n2 %s\n5 %s\n", path_out, path_err, path_out, link_out);
  g_assert_true (g_file_get_contents (path_report, &out, NULL, NULL));
  g_assert_cmpstr (out, ==, expected);
}

/* Runs in a process of its own, which has lost some of its stdios: 0 if all is well. */
static int
spawn_without_stdio (guint       closed,
                     const char *report,
                     gboolean    mapped)
{
  g_autofree char *seen = NULL;
  g_autofree char *lines = NULL;
  int fds[2];
  Run run;

  for (int fd = 0; fd < 3; fd++)
    {
      if (closed & (1U << fd))
        close (fd);
    }

  run_init (&run, "fds", report);
  if (mapped)
    {
      /* The pipe lies where the stdios were. */
      if (pipe2 (fds, O_CLOEXEC) < 0)
        return 1;
      run_map (&run, fds[0], 0);
      run_map (&run, fds[1], 1);
      run_map (&run, fds[1], 2);
    }
  if (!run_start (&run))
    return 10 + (int) run.failure.step;
  if (run.child.pidfd >= 0 && run.child.pidfd < 3)
    return 2;
  if (run_finish (&run) != 0)
    return 3;
  if (!g_file_get_contents (report, &seen, NULL, NULL))
    return 4;

  lines = g_strconcat ("\n", seen, NULL);
  for (int fd = 0; fd < 3; fd++)
    {
      g_autofree char *line = g_strdup_printf ("\n%d ", fd);
      gboolean is_there = strstr (lines, line) != NULL;
      gboolean is_wanted = mapped || !(closed & (1U << fd));

      if (is_there != is_wanted)
        return 5 + fd;
    }
  for (int fd = 0; mapped && fd < 3; fd++)
    {
      g_autofree char *line = g_strdup_printf ("\n%d pipe:", fd);

      if (strstr (lines, line) == NULL)
        return 9;
    }

  return 0;
}

static void
test_closed_stdio (void)
{
  g_autofree char *report = work_path ("report");

  for (guint code = 0; code < 16; code++)
    {
      pid_t pid = fork ();
      int status;

      if (pid == 0)
        _exit (spawn_without_stdio (code % 8, report, code >= 8));
      g_assert_cmpint (waitpid (pid, &status, 0), ==, pid);
      g_assert_cmpint (status, ==, 0);
    }
}

static void
test_opens (void)
{
  g_autofree char *input = NULL;
  g_autofree char *output = work_file ("output", "first\n", 0644);
  g_autofree char *text = NULL;
  Run run;

  input = work_file ("input", "from a file\n", 0644);
  run_init (&run, "cat", NULL);
  run.request.cwd = work_directory;
  run_open (&run, "input", O_RDONLY, 0);
  run_open (&run, "output", O_WRONLY | O_APPEND | O_CREAT, 1);
  run_map (&run, 1, 2); /* a target of an open may be a source */
  run_start_or_abort (&run);
  g_assert_cmpint (run_finish (&run), ==, 0);
  g_assert_true (g_file_get_contents (output, &text, NULL, NULL));
  g_assert_cmpstr (text, ==, "first\nfrom a file\n");
}

/* An open without a path: stderr goes where stdout has got to, with one file offset. */
static void
test_open_copy (void)
{
  g_autofree char *report = work_path ("report");
  g_autofree char *output = work_path ("output");
  g_autofree char *real = realpath (work_directory, NULL);
  g_autofree char *expected = g_strdup_printf ("\n1 %s/output\n2 %s/output\n", real, real);
  g_autofree char *text = NULL;
  Run run;

  run_init (&run, "fds", report);
  run_open (&run, output, O_WRONLY | O_CREAT, 1);
  run_open (&run, NULL, 0, 2);
  run_start_or_abort (&run);
  g_assert_cmpint (run_finish (&run), ==, 0);
  g_assert_true (g_file_get_contents (report, &text, NULL, NULL));
  g_assert_nonnull (strstr (text, expected));
}

/* The number of the executable's fd is wanted for something else. */
static void
test_executable_fd (void)
{
  g_autofree char *report = work_path ("report");
  g_autofree char *file_path = work_file ("file", "", 0600);
  g_autofree char *real = realpath (file_path, NULL);
  g_autofree char *expected = NULL;
  g_autofree char *text = NULL;
  int null = open ("/dev/null", O_RDWR | O_CLOEXEC);
  int file = open (file_path, O_RDONLY | O_CLOEXEC);
  int program = open (child_path, O_RDONLY | O_CLOEXEC);
  Run run;

  run_init (&run, "fds", report);
  run.candidates[0] = "/nowhere";
  run.request.has_executable_fd = TRUE;
  run.request.executable_fd = program;
  for (int target = 0; target < 3; target++)
    run_map (&run, null, target);
  run_map (&run, file, program);
  run_start_or_abort (&run);
  g_assert_cmpint (run_finish (&run), ==, 0);

  expected = g_strdup_printf ("0 /dev/null\n1 /dev/null\n2 /dev/null\n%d %s\n", program, real);
  g_assert_true (g_file_get_contents (report, &text, NULL, NULL));
  g_assert_cmpstr (text, ==, expected);

  close (program);
  g_assert_false (run_start (&run));
  g_assert_cmpint (run.failure.step, ==, SPAWN_STEP_EXEC);
  g_assert_cmpint (run.failure.errnum, ==, EBADF);
  close (file);
  close (null);
}

int
main (int    argc,
      char **argv)
{
  static const SpawnTest tests[] = {
    { "output", test_output },
    { "environment-and-status", test_environment_and_status },
    { "candidates", test_candidates },
    { "cwd", test_cwd },
    { "session-and-group", test_session_and_group },
    { "signals", test_signals },
    { "errno", test_errno },
    { "nothing-inherited", test_nothing_inherited },
    { "swapped", test_swapped },
    { "closed-stdio", test_closed_stdio },
    { "opens", test_opens },
    { "open-copy", test_open_copy },
    { "executable-fd", test_executable_fd },
  };

  return run_in_all_ways (&argc, &argv, "spawn", tests, G_N_ELEMENTS (tests));
}
