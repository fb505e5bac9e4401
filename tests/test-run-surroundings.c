/* What a command that is run finds: files, directories, variables, users' and the system's
 * settings.
 *
 * SPDX-License-Identifier: LGPL-2.1-or-later
 */

#include "config.h"

#include "api-testing.h"

/* ---- files */

static void
test_paths (void)
{
  g_autofree char *in = work_file ("in", "from the file");
  g_autofree char *out = work_file ("out", "this is longer than what comes");
  g_autofree char *err = work_path ("err");
  g_autoptr(ProctorCommand) cat = child_command ("cat", NULL);
  g_autoptr(ProctorCommand) say = child_command ("say", "more", "wrong", NULL);
  g_autoptr(ProctorResult) truncated = NULL;
  g_autoptr(ProctorResult) appended = NULL;

  proctor_command_set_stdin_path (cat, in);
  proctor_command_set_stdout_path (cat, out, FALSE);
  truncated = run_or_abort (cat, NULL);
  g_assert_cmpint (proctor_result_get_returncode (truncated), ==, 0);
  g_assert_null (proctor_result_get_stdout (truncated));
  assert_file (out, "from the file");

  proctor_command_set_stdout_path (say, out, TRUE);
  proctor_command_set_stderr_path (say, err, FALSE);
  appended = run_or_abort (say, NULL);
  g_assert_null (proctor_result_get_stdout (appended));
  g_assert_null (proctor_result_get_stderr (appended));
  assert_file (out, "from the filemore");
  assert_file (err, "wrong");
}

static void
test_stderr_to_stdout_path (void)
{
  g_autofree char *both = work_path ("both");
  g_autoptr(ProctorCommand) command = child_command ("say", "one ", "two", NULL);
  g_autoptr(ProctorResult) result = NULL;

  proctor_command_set_stderr (command, PROCTOR_STDIO_STDOUT);
  proctor_command_set_stdout_path (command, both, FALSE);
  result = run_or_abort (command, NULL);
  g_assert_cmpint (proctor_result_get_returncode (result), ==, 0);
  assert_file (both, "one two");
}

static void
test_paths_that_fail (void)
{
  g_autofree char *missing = work_path ("missing");
  g_autofree char *deep = work_path ("no/such/folder/file");
  g_autoptr(ProctorCommand) reads = child_command ("cat", NULL);
  g_autoptr(ProctorCommand) writes = child_command ("exit", "0", NULL);
  g_autoptr(GError) error = NULL;

  proctor_command_set_stdin_path (reads, missing);
  g_assert_null (way_run (reads, NULL, NULL, &error));
  g_assert_error (error, G_IO_ERROR, G_IO_ERROR_NOT_FOUND);
  g_assert_nonnull (strstr (error->message, missing));
  g_assert_true (g_str_has_suffix (error->message, g_strerror (ENOENT)));
  g_clear_error (&error);

  proctor_command_set_stdout_path (writes, deep, FALSE);
  g_assert_null (way_run (writes, NULL, NULL, &error));
  g_assert_error (error, G_IO_ERROR, G_IO_ERROR_NOT_FOUND);
  g_assert_nonnull (strstr (error->message, deep));
}

/* ---- surroundings */

static void
test_cwd (void)
{
  g_autofree char *real = realpath (work_directory, NULL);
  g_autofree char *line = g_strdup_printf ("\ncwd %s\n", real);
  g_autofree char *file = work_file ("here", "found");
  g_autoptr(ProctorCommand) ids = child_command ("ids", NULL);
  g_autoptr(ProctorCommand) cat = child_command ("cat", NULL);
  g_autoptr(ProctorResult) ids_result = NULL;
  g_autoptr(ProctorResult) cat_result = NULL;
  g_autofree char *out = NULL;

  proctor_command_set_cwd (ids, work_directory);
  ids_result = run_or_abort (ids, NULL);
  out = proctor_result_dup_stdout_utf8 (ids_result, NULL);
  g_assert_nonnull (strstr (out, line));

  /* A relative path is one of the child's. */
  proctor_command_set_cwd (cat, work_directory);
  proctor_command_set_stdin_path (cat, "here");
  cat_result = run_or_abort (cat, NULL);
  assert_bytes (proctor_result_get_stdout (cat_result), "found");
}

static void
test_environment (void)
{
  static const char * const base[] = { "ONE=1", "TWO=2", "THREE=3", NULL };
  g_autoptr(ProctorCommand) changed =
    child_command ("env", "PROCTOR_T_A", "PROCTOR_T_B", "HOME", NULL);
  g_autoptr(ProctorCommand) replaced = child_command ("env", NULL);
  g_autoptr(ProctorCommand) cleared = child_command ("env", NULL);
  g_autoptr(ProctorResult) changed_result = NULL;
  g_autoptr(ProctorResult) replaced_result = NULL;
  g_autoptr(ProctorResult) cleared_result = NULL;

  proctor_command_setenv (changed, "PROCTOR_T_A", "a = \377");
  proctor_command_setenv (changed, "PROCTOR_T_B", "");
  proctor_command_unsetenv (changed, "HOME");
  changed_result = run_or_abort (changed, NULL);
  assert_bytes (proctor_result_get_stdout (changed_result), "PROCTOR_T_A=a = \377\nPROCTOR_T_B=\n");

  proctor_command_set_environ (replaced, base);
  proctor_command_unsetenv (replaced, "TWO");
  replaced_result = run_or_abort (replaced, NULL);
  assert_bytes (proctor_result_get_stdout (replaced_result), "ONE=1\nTHREE=3\n");

  proctor_command_clear_environ (cleared);
  cleared_result = run_or_abort (cleared, NULL);
  assert_bytes (proctor_result_get_stdout (cleared_result), "");
}

/* What counts is the program's environment, and the command, at the time of the call. */
static void
test_snapshot (void)
{
  g_autoptr(ProctorCommand) command =
    child_command ("env", "PROCTOR_T_SNAP", "PROCTOR_T_OWN", NULL);
  g_autoptr(ProctorResult) result = NULL;
  g_autoptr(GError) error = NULL;
  g_auto(Reply) reply = { 0 };

  reply_init (&reply);
  g_setenv ("PROCTOR_T_SNAP", "before", TRUE);
  proctor_command_setenv (command, "PROCTOR_T_OWN", "mine");
  proctor_command_run_async (command, NULL, NULL, reply_arrived, &reply);
  g_setenv ("PROCTOR_T_SNAP", "after", TRUE);
  proctor_command_setenv (command, "PROCTOR_T_OWN", "changed");
  result = proctor_command_run_finish (command, reply_wait (&reply), &error);
  g_unsetenv ("PROCTOR_T_SNAP");
  g_assert_no_error (error);
  assert_bytes (proctor_result_get_stdout (result), "PROCTOR_T_SNAP=before\nPROCTOR_T_OWN=mine\n");
}

static void
test_executable (void)
{
  g_autoptr(ProctorCommand) command = proctor_command_new ("-another-name", "args", "x", NULL);
  g_autoptr(ProctorResult) result = NULL;
  gsize length;
  const char *data;

  proctor_command_set_executable (command, child_path);
  result = run_or_abort (command, NULL);
  data = g_bytes_get_data (proctor_result_get_stdout (result), &length);
  g_assert_cmpmem (data, length, "-another-name\0args\0x", 21);
}

static void
test_program_in_path (void)
{
  g_autofree char *folder = g_path_get_dirname (child_path);
  g_autofree char *name = g_path_get_basename (child_path);
  g_autoptr(ProctorCommand) command = proctor_command_new (name, "echo", "found", NULL);
  g_autoptr(ProctorCommand) not_found = proctor_command_new (name, "echo", "found", NULL);
  g_autoptr(ProctorResult) result = NULL;
  g_autoptr(GError) error = NULL;

  proctor_command_setenv (command, "PATH", folder);
  result = run_or_abort (command, NULL);
  assert_bytes (proctor_result_get_stdout (result), "found\n");

  proctor_command_setenv (not_found, "PATH", work_directory);
  g_assert_null (way_run (not_found, NULL, NULL, &error));
  g_assert_error (error, G_IO_ERROR, G_IO_ERROR_NOT_FOUND);
}

static void
test_shell (void)
{
  const char *script = "echo out; echo err >&2; read x; echo \"<$x>\"; exit 5";
  g_autoptr(ProctorCommand) command = proctor_command_new_shell (script);
  g_autoptr(GBytes) input = g_bytes_new_static ("a line\n", 7);
  g_autoptr(ProctorResult) result = run_or_abort (command, input);

  assert_bytes (proctor_result_get_stdout (result), "out\n<a line>\n");
  assert_bytes (proctor_result_get_stderr (result), "err\n");
  g_assert_cmpint (proctor_result_get_returncode (result), ==, 5);
}

static long
find_id (ProctorResult *result,
         const char    *name)
{
  g_autofree char *out = proctor_result_dup_stdout_utf8 (result, NULL);
  g_autofree char *start = g_strdup_printf ("\n%s ", name);
  g_autofree char *whole = g_strconcat ("\n", out, NULL);
  const char *line = strstr (whole, start);

  g_assert_nonnull (line);
  return strtol (line + strlen (start), NULL, 10);
}

static void
test_session_and_group (void)
{
  g_autoptr(ProctorCommand) plain = child_command ("ids", NULL);
  g_autoptr(ProctorCommand) session = child_command ("ids", NULL);
  g_autoptr(ProctorCommand) own_group = child_command ("ids", NULL);
  g_autoptr(ProctorResult) result = run_or_abort (plain, NULL);

  g_assert_cmpint (find_id (result, "ppid"), ==, getpid ());
  g_assert_cmpint (find_id (result, "sid"), ==, getsid (0));
  g_assert_cmpint (find_id (result, "pgid"), ==, getpgrp ());
  g_clear_object (&result);

  proctor_command_set_flags (session, PROCTOR_COMMAND_NEW_SESSION);
  result = run_or_abort (session, NULL);
  g_assert_cmpint (find_id (result, "sid"), ==, find_id (result, "pid"));
  g_assert_cmpint (find_id (result, "pgid"), ==, find_id (result, "pid"));
  g_clear_object (&result);

  proctor_command_set_process_group (own_group, 0);
  result = run_or_abort (own_group, NULL);
  g_assert_cmpint (find_id (result, "sid"), ==, getsid (0));
  g_assert_cmpint (find_id (result, "pgid"), ==, find_id (result, "pid"));
}

/* Into the group of another child, which still lives. */
static void
test_joining_a_group (void)
{
  g_autoptr(ProctorCommand) leads = child_command ("cat", NULL);
  g_autoptr(ProctorCommand) joins = child_command ("ids", NULL);
  g_autoptr(ProctorProcess) leader = NULL;
  g_autoptr(ProctorResult) result = NULL;

  proctor_command_set_process_group (leads, 0);
  proctor_command_set_stdin (leads, PROCTOR_STDIO_PIPE);
  leader = spawn_or_abort (leads);
  proctor_command_set_process_group (joins, proctor_process_get_pid (leader));
  result = run_or_abort (joins, NULL);
  g_assert_cmpint (find_id (result, "pgid"), ==, proctor_process_get_pid (leader));
  g_assert_true (way_stop (leader, 0, NULL, NULL));
}

/* The signals that this program ignores, as /proc tells it. */
static guint64
get_ignored_signals (void)
{
  g_autofree char *status = NULL;
  const char *line;

  g_assert_true (g_file_get_contents ("/proc/self/status", &status, NULL, NULL));
  line = strstr (status, "\nSigIgn:\t");
  g_assert_nonnull (line);
  return g_ascii_strtoull (line + strlen ("\nSigIgn:\t"), NULL, 16);
}

/* All signals are let through, and none is ignored, but those that the program ignores itself; and
 * not even all of those.
 */
static void
test_signal_state (void)
{
  g_autoptr(ProctorCommand) command = child_command ("signals", NULL);
  g_autoptr(ProctorResult) result = NULL;
  g_autofree char *out = NULL;
  g_autofree char *wanted = NULL;
  const guint64 never_ignored = (1 << (SIGPIPE - 1)) | (1 << (SIGXFSZ - 1));
  struct sigaction ignore = { .sa_handler = SIG_IGN };
  struct sigaction old_pipe, old_usr1;
  guint64 ignored;
  sigset_t mask, old_mask;

  sigemptyset (&mask);
  sigaddset (&mask, SIGUSR2);
  pthread_sigmask (SIG_BLOCK, &mask, &old_mask);
  sigaction (SIGPIPE, &ignore, &old_pipe);
  sigaction (SIGUSR1, &ignore, &old_usr1);
  ignored = get_ignored_signals ();
  result = run_or_abort (command, NULL);
  sigaction (SIGPIPE, &old_pipe, NULL);
  sigaction (SIGUSR1, &old_usr1, NULL);
  pthread_sigmask (SIG_SETMASK, &old_mask, NULL);

  g_assert_true ((ignored & (1 << (SIGPIPE - 1))) != 0 && (ignored & (1 << (SIGUSR1 - 1))) != 0);
  wanted = g_strdup_printf ("SigIgn:\t%016" G_GINT64_MODIFIER "x\n", ignored & ~never_ignored);
  out = proctor_result_dup_stdout_utf8 (result, NULL);
  g_assert_nonnull (strstr (out, "SigBlk:\t0000000000000000\n"));
  g_assert_nonnull (strstr (out, wanted));
}

static const ApiTest tests[] = {
  { "paths", test_paths },
  { "stderr-to-stdout-path", test_stderr_to_stdout_path },
  { "paths-that-fail", test_paths_that_fail },
  { "cwd", test_cwd },
  { "environment", test_environment },
  { "snapshot", test_snapshot, TWO_WAYS },
  { "executable", test_executable },
  { "program-in-path", test_program_in_path },
  { "shell", test_shell },
  { "session-and-group", test_session_and_group },
  { "joining-a-group", test_joining_a_group },
  { "signal-state", test_signal_state },
};

int
main (int    argc,
      char **argv)
{
  return RUN_API_TESTS (argc, argv, "run-surroundings", tests);
}
