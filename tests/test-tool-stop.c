/* Commands that the tool stops: for want of time, at a signal, with all that descends from them;
 * and what a terminal has to do with it.
 *
 * SPDX-License-Identifier: LGPL-2.1-or-later
 */

/* Thread: MAIN. */

#include "config.h"

#include <errno.h>
#include <fcntl.h>
#include <stdlib.h>
#include <sys/ioctl.h>

#include <glib/gstdio.h>

#include "tool-run-testing.h"

/* ---- stopping */

static void
test_timeout (Fixture       *fixture,
              gconstpointer  data)
{
  g_auto(Outcome) outcome = run_in (fixture->folder, NULL, "run", "--timeout", "0.1", "sleep",
                                    "1000", NULL);

  g_assert_cmpint (outcome.exit_code, ==, 124);
  assert_contains (outcome.err, "timed out");
}

/* How far a command gets before its time-out depends on the machine: tried with more time until it
 * got far enough to see what is to be seen.
 */
static const char * const timeouts[] = { "0.2", "2", "20", NULL };

static void
test_timeout_of_several (Fixture       *fixture,
                         gconstpointer  data)
{
  for (gsize i = 0; timeouts[i] != NULL; i++)
    {
      g_auto(Outcome) outcome = run_in (fixture->folder, NULL, "run", "--timeout", timeouts[i],
                                        "--grace", "0.1", "--shell", "--json",
                                        "trap '' TERM; echo ready; while :; do sleep 0.02; done",
                                        "sleep 1000", NULL);
      g_autoptr(GPtrArray) objects = parse_objects (outcome.out);
      JsonObject *stubborn;

      g_assert_cmpint (outcome.exit_code, ==, 1);
      assert_contains (outcome.err, "2 commands: 2 failed, 2 of them timed out\n");
      g_assert_cmpuint (objects->len, ==, 2);
      stubborn = objects->pdata[0];
      g_assert_true (json_object_get_boolean_member (stubborn, "timed_out"));
      g_assert_true (json_object_get_boolean_member (objects->pdata[1], "timed_out"));
      if (g_strcmp0 (json_object_get_string_member_with_default (stubborn, "stdout", ""), "") == 0)
        continue;

      g_assert_cmpstr (json_object_get_string_member (stubborn, "stdout"), ==, "ready\n");
      g_assert_cmpstr (json_object_get_string_member (stubborn, "signal"), ==, "SIGKILL");
      return;
    }
  g_test_fail_printf ("the command never began");
}

static void
wait_for_file (const char *folder,
               const char *name)
{
  g_autofree char *path = g_build_filename (folder, name, NULL);
  gint64 deadline = g_get_monotonic_time () + DEADLINE_SECONDS * G_USEC_PER_SEC;

  while (!g_file_test (path, G_FILE_TEST_EXISTS))
    {
      g_assert_cmpint (g_get_monotonic_time (), <, deadline);
      g_usleep (5000);
    }
}

/* A process that holds the FIFO open ends when nobody else does; the open for reading succeeds
 * at once, and end of file tells that no writer is left.
 */
static int
make_witness (const char *folder)
{
  g_autofree char *path = g_build_filename (folder, "witness", NULL);
  g_autofree char *command = g_strconcat ("mkfifo ", path, NULL);
  int fd;

  g_assert_true (g_spawn_command_line_sync (command, NULL, NULL, NULL, NULL));
  fd = g_open (path, O_RDONLY | O_NONBLOCK | O_CLOEXEC, 0);
  g_assert_cmpint (fd, >=, 0);

  return fd;
}

/* At the end of file right away: with a tree, whoever had it open has gone before the tool has. */
static void
assert_nothing_left (int witness)
{
  char byte;

  g_assert_cmpint (read (witness, &byte, 1), ==, 0);
  close (witness);
}

/* Without one, the tool waits for the commands themselves; what they have started is told to end
 * together with them.
 */
static void
await_nothing_left (int witness)
{
  gint64 deadline = g_get_monotonic_time () + DEADLINE_SECONDS * G_USEC_PER_SEC;
  char byte;

  while (read (witness, &byte, 1) != 0)
    {
      g_assert_cmpint (errno, ==, EAGAIN);
      g_assert_cmpint (g_get_monotonic_time (), <, deadline);
      g_usleep (1000);
    }
  close (witness);
}

static void
check_interrupt (Fixture            *fixture,
                 int                 signum,
                 gboolean            again,
                 const char * const *words,
                 Outcome            *outcome)
{
  int witness = make_witness (fixture->folder);
  g_autoptr(GSubprocess) process = start_tool (fixture->folder, words);

  wait_for_file (fixture->folder, "ready1");
  wait_for_file (fixture->folder, "ready2");
  g_subprocess_send_signal (process, signum);
  if (again)
    {
      wait_for_file (fixture->folder, "told1");
      wait_for_file (fixture->folder, "told2");
      g_subprocess_send_signal (process, signum);
    }
  finish_tool (process, NULL, outcome);
  g_assert_cmpint (outcome->exit_code, ==, 128 + signum);
  await_nothing_left (witness);
}

static void
test_interrupt (Fixture       *fixture,
                gconstpointer  data)
{
  /* The first waits for a program of its own, the second ignores SIGTERM. */
  static const char * const words[] = {
    "run", "--jobs", "2", "--grace", "0.3", "--label", "--shell",
    "exec 9>witness; echo begun; : >ready1; sleep 1000; echo never",
    "exec 9>witness; trap '' TERM; : >ready2; while :; do sleep 0.02; done", "echo third", NULL,
  };
  g_auto(Outcome) outcome = { 0 };

  check_interrupt (fixture, SIGINT, FALSE, words, &outcome);
  g_assert_cmpstr (outcome.out, ==, "[1] begun\n");
  assert_contains (outcome.err, "was stopped\n");
  assert_contains (outcome.err, "3 commands: 2 failed, 2 of them stopped, 1 not started\n");
}

static void
test_second_interrupt_kills (Fixture       *fixture,
                             gconstpointer  data)
{
  static const char * const words[] = {
    "run", "--grace", "1000", "--json", "--shell",
    "exec 9>witness; echo begun; trap ': >told1' TERM; : >ready1; while :; do sleep 0.02; done",
    "exec 9>witness; trap ': >told2' TERM; : >ready2; sleep 1000 & while :; do sleep 0.02; done",
    NULL,
  };
  g_auto(Outcome) outcome = { 0 };
  g_autoptr(GPtrArray) objects = NULL;

  check_interrupt (fixture, SIGTERM, TRUE, words, &outcome);
  objects = parse_objects (outcome.out);
  g_assert_cmpuint (objects->len, ==, 2);
  g_assert_cmpstr (json_object_get_string_member (objects->pdata[0], "signal"), ==, "SIGKILL");
  g_assert_cmpstr (json_object_get_string_member (objects->pdata[0], "stdout"), ==, "begun\n");
  g_assert_cmpstr (json_object_get_string_member (objects->pdata[0], "error"), ==, "stopped");
  g_assert_cmpstr (json_object_get_string_member (objects->pdata[1], "signal"), ==, "SIGKILL");
}

static void
test_interrupt_one (Fixture       *fixture,
                    gconstpointer  data)
{
  static const char * const words[] = {
    "run", "--grace", "5", "sh", "-c",
    "exec 9>witness; : >ready1; : >ready2; sleep 1000; true", NULL,
  };
  g_auto(Outcome) outcome = { 0 };

  check_interrupt (fixture, SIGHUP, FALSE, words, &outcome);
  assert_contains (outcome.err, "was stopped\n");
}

static void
test_stop_plan (Fixture       *fixture,
                gconstpointer  data)
{
  /* Each signal's time is the machine's for the command to see it, and grows as well. */
  static const char * const plans[] = {
    "USR1:0.3,SIGINT:0.3,15:0.3", "USR1:2,SIGINT:2,15:2", "USR1:10,SIGINT:10,15:10",
  };

  G_STATIC_ASSERT (G_N_ELEMENTS (plans) == G_N_ELEMENTS (timeouts) - 1);
  for (gsize i = 0; timeouts[i] != NULL; i++)
    {
      g_auto(Outcome) outcome = run_in (fixture->folder, NULL, "run", "--timeout", timeouts[i],
                                        "--stop-plan", plans[i], "--capture", "--shell",
                                        "trap 'echo usr1' USR1; trap 'echo int' INT; "
                                        "trap 'echo term' TERM; echo ready; "
                                        "while :; do sleep 0.02; done", NULL);

      g_assert_cmpint (outcome.exit_code, ==, 124);
      if (strcmp (outcome.out, "ready\nusr1\nint\nterm\n") == 0)
        return;
    }
  g_test_fail_printf ("the command never began");
}

/* The descendant has made itself independent of everything but a group that is not its own. */
static void
test_tree (Fixture       *fixture,
           gconstpointer  data)
{
  int witness = make_witness (fixture->folder);
  g_auto(Outcome) outcome = run_in (fixture->folder, NULL, "run", "--tree", "--timeout", "1",
                                    "--grace", "0.2", "--shell",
                                    "exec 9>witness; trap '' TERM; (sleep 1000; :) & sleep 1000",
                                    NULL);

  g_assert_cmpint (outcome.exit_code, ==, 124);
  assert_nothing_left (witness);
}

static void
test_max_output (Fixture       *fixture,
                 gconstpointer  data)
{
  g_auto(Outcome) head = run_in (fixture->folder, NULL, "run", "--max-output", "3:head", "--shell",
                                 "echo abcdef; exit 4", NULL);
  g_auto(Outcome) tail = run_in (fixture->folder, NULL, "run", "--max-output", "3:tail", "--json",
                                 "--shell", "echo abcdef; echo error >&2", NULL);
  g_auto(Outcome) fail = run_in (fixture->folder, NULL, "run", "--max-output", "1K", "yes", NULL);
  g_autoptr(GPtrArray) objects = parse_objects (tail.out);

  g_assert_cmpint (head.exit_code, ==, 4);
  g_assert_cmpstr (head.out, ==, "abc");
  g_assert_cmpint (tail.exit_code, ==, 0);
  g_assert_cmpstr (json_object_get_string_member (objects->pdata[0], "stdout"), ==, "ef\n");
  g_assert_cmpint (json_object_get_int_member (objects->pdata[0], "stdout_cut"), ==, 4);
  g_assert_cmpint (json_object_get_int_member (objects->pdata[0], "stderr_cut"), ==, 3);
  g_assert_cmpint (fail.exit_code, ==, 125);
  g_assert_cmpuint (strlen (fail.out), ==, 1024);
  assert_contains (fail.err, "“yes” wrote more than it may");
}

/* A time-out of one of several takes along what that one has started. */
static void
test_timeout_takes_descendants (Fixture       *fixture,
                                gconstpointer  data)
{
  for (gsize i = 0; timeouts[i] != NULL; i++)
    {
      int witness = make_witness (fixture->folder);
      g_autofree char *witness_path = g_build_filename (fixture->folder, "witness", NULL);
      g_auto(Outcome) outcome = run_in (fixture->folder, NULL, "run", "--timeout", timeouts[i],
                                        "--shell", "exec 9>witness; echo begun; (sleep 1000; :); :",
                                        "echo fine", NULL);

      g_assert_cmpint (outcome.exit_code, ==, 1);
      await_nothing_left (witness);
      g_assert_cmpint (g_remove (witness_path), ==, 0);
      if (strcmp (outcome.out, "fine\nbegun\n") != 0)
        continue;

      assert_contains (outcome.err, "2 commands: 1 failed, 1 of them timed out\n");
      return;
    }
  g_test_fail_printf ("the commands never began");
}

/* Nobody reads what it prints: it ends as a command in a pipeline does, and stops the rest. */
static void
test_broken_pipe (Fixture       *fixture,
                  gconstpointer  data)
{
  static const char * const words[] = {
    "run", "--shell", "while [ ! -e go ]; do sleep 0.01; done; echo text",
    "exec 9>witness; sleep 1000; true", NULL,
  };
  int witness = make_witness (fixture->folder);
  g_autoptr(GSubprocess) process = start_tool (fixture->folder, words);
  g_autofree char *go = g_build_filename (fixture->folder, "go", NULL);
  g_autoptr(GError) error = NULL;

  g_input_stream_close (g_subprocess_get_stdout_pipe (process), NULL, &error);
  g_assert_no_error (error);
  g_assert_true (g_file_set_contents (go, "", 0, NULL));
  g_subprocess_wait (process, NULL, &error);
  g_assert_no_error (error);
  g_assert_cmpint (g_subprocess_get_exit_status (process), ==, 128 + SIGPIPE);
  await_nothing_left (witness);
}

/* Even if there is nothing to print. */
static void
test_reader_gone (Fixture       *fixture,
                  gconstpointer  data)
{
  static const char * const words[] = {
    "run", "--capture", "sh", "-c", "exec 9>witness; sleep 1000; true", NULL,
  };
  int witness = make_witness (fixture->folder);
  g_autoptr(GSubprocess) process = start_tool (fixture->folder, words);
  g_autoptr(GError) error = NULL;

  g_input_stream_close (g_subprocess_get_stdout_pipe (process), NULL, &error);
  g_assert_no_error (error);
  g_subprocess_wait (process, NULL, &error);
  g_assert_no_error (error);
  g_assert_cmpint (g_subprocess_get_exit_status (process), ==, 128 + SIGPIPE);
  await_nothing_left (witness);
}

static void
lead_group_in_child (gpointer data)
{
  setpgid (0, 0);
  reset_signals_in_child (NULL);
}

/* A Ctrl-C at a terminal goes to the commands as well, and they are faster at ending. */
static void
test_interrupt_of_all (Fixture       *fixture,
                       gconstpointer  data)
{
  for (guint i = 0; i < 20; i++)
    {
      g_autoptr(GSubprocessLauncher) launcher =
        g_subprocess_launcher_new (G_SUBPROCESS_FLAGS_STDIN_PIPE |
                                   G_SUBPROCESS_FLAGS_STDOUT_PIPE |
                                   G_SUBPROCESS_FLAGS_STDERR_PIPE);
      g_autofree char *ready1 = g_build_filename (fixture->folder, "ready1", NULL);
      g_autofree char *ready2 = g_build_filename (fixture->folder, "ready2", NULL);
      g_autoptr(GSubprocess) process = NULL;
      g_autoptr(GError) error = NULL;
      g_auto(Outcome) outcome = { 0 };

      g_subprocess_launcher_set_cwd (launcher, fixture->folder);
      g_subprocess_launcher_set_child_setup (launcher, lead_group_in_child, NULL, NULL);
      process = g_subprocess_launcher_spawn (launcher, &error, tool_path, "run", "--shell",
                                             ": >ready1; exec sleep 1000",
                                             ": >ready2; exec sleep 1000", NULL);
      g_assert_no_error (error);
      wait_for_file (fixture->folder, "ready1");
      wait_for_file (fixture->folder, "ready2");
      g_assert_cmpint (kill (-atoi (g_subprocess_get_identifier (process)), SIGINT), ==, 0);
      finish_tool (process, NULL, &outcome);
      g_assert_cmpint (outcome.exit_code, ==, 128 + SIGINT);
      assert_contains (outcome.err, "2 commands: 2 failed");
      g_assert_cmpint (g_remove (ready1), ==, 0);
      g_assert_cmpint (g_remove (ready2), ==, 0);
    }
}

/* ---- at a terminal */

static int
open_terminal (int *slave)
{
  int master = posix_openpt (O_RDWR | O_NOCTTY | O_CLOEXEC);

  g_assert_cmpint (master, >=, 0);
  g_assert_cmpint (grantpt (master), ==, 0);
  g_assert_cmpint (unlockpt (master), ==, 0);
  *slave = open (ptsname (master), O_RDWR | O_NOCTTY | O_CLOEXEC);
  g_assert_cmpint (*slave, >=, 0);

  return master;
}

static void
lead_session_in_child (gpointer data)
{
  setsid ();
  ioctl (STDIN_FILENO, TIOCSCTTY, 0);
  reset_signals_in_child (NULL);
}

/* Runs the words in a script that has a terminal of its own: when its first process ends, the
 * kernel resets the terminal. Returns what the script has written to the file "result".
 */
static char *
run_in_terminal (const char         *folder,
                 const char         *script,
                 const char * const *words)
{
  int slave;
  int master = open_terminal (&slave);
  g_autoptr(GSubprocessLauncher) launcher = g_subprocess_launcher_new (G_SUBPROCESS_FLAGS_NONE);
  g_autoptr(GPtrArray) argv = g_ptr_array_new ();
  g_autoptr(GSubprocess) process = NULL;
  g_autoptr(GError) error = NULL;
  g_autofree char *path = g_build_filename (folder, "result", NULL);
  char *result = NULL;

  g_ptr_array_add (argv, (gpointer) "sh");
  g_ptr_array_add (argv, (gpointer) "-c");
  g_ptr_array_add (argv, (gpointer) script);
  g_ptr_array_add (argv, (gpointer) tool_path);
  for (gsize i = 0; words[i] != NULL; i++)
    g_ptr_array_add (argv, (gpointer) words[i]);
  g_ptr_array_add (argv, NULL);

  g_subprocess_launcher_set_cwd (launcher, folder);
  g_subprocess_launcher_set_child_setup (launcher, lead_session_in_child, NULL, NULL);
  g_subprocess_launcher_take_stdout_fd (launcher, fcntl (slave, F_DUPFD_CLOEXEC, 3));
  g_subprocess_launcher_take_stderr_fd (launcher, fcntl (slave, F_DUPFD_CLOEXEC, 3));
  g_subprocess_launcher_take_stdin_fd (launcher, slave);
  process = g_subprocess_launcher_spawnv (launcher, (const char * const *) argv->pdata, &error);
  g_assert_no_error (error);
  g_subprocess_wait (process, NULL, &error);
  g_assert_no_error (error);
  close (master);

  g_file_get_contents (path, &result, NULL, &error);
  g_assert_no_error (error);
  g_test_message ("result: %s", result);
  return result;
}

/* What a command did to the terminal stays if it ended by itself, and else does not. */
static void
test_terminal_settings (Fixture       *fixture,
                        gconstpointer  data)
{
  static const char script[] =
    "before=$(stty -g); \"$0\" \"$@\"; code=$?; after=$(stty -g); "
    "[ \"$before\" = \"$after\" ] && echo $code restored >result || echo $code changed >result";
  static const char own_foreground[] =
    "echo 'stty raw -echo; : >ready; sleep 1000' >rc; exec bash --noprofile --init-file ./rc -i";
  static const struct
  {
    const char *command;
    int exit_code;
    gboolean is_restored;
  } cases[] = {
    { "stty raw -echo; : >ready", 0, FALSE },
    { "stty raw -echo; : >ready; exit 7", 7, FALSE },
    { "stty raw -echo; : >ready; kill -KILL $$", 128 + SIGKILL, TRUE },
    { "stty raw -echo; : >ready; exec sleep 1000", 124, TRUE },
    { "stty raw -echo; : >ready; trap '' TERM; while :; do sleep 0.02; done", 124, TRUE },
    { "stty raw -echo; trap 'kill 0' TERM; : >ready; sleep 1000 & wait", 124, TRUE },
    { own_foreground, 124, TRUE },
  };
  g_autofree char *ready = g_build_filename (fixture->folder, "ready", NULL);

  for (gsize i = 0; i < G_N_ELEMENTS (cases); i++)
    {
      g_autofree char *expected =
        g_strdup_printf ("%d %s\n", cases[i].exit_code,
                         cases[i].is_restored ? "restored" : "changed");
      gboolean was_ready = FALSE;

      for (gsize j = 0; timeouts[j] != NULL && !was_ready; j++)
        {
          const char * const words[] = {
            "run", "--timeout", timeouts[j], "--grace", "0.1", "--", "sh", "-c", cases[i].command,
            NULL,
          };
          g_autofree char *result = run_in_terminal (fixture->folder, script, words);

          was_ready = g_remove (ready) == 0;
          if (was_ready && (cases[i].exit_code == 124 || !g_str_has_prefix (result, "124")))
            g_assert_cmpstr (result, ==, expected);
          else
            was_ready = FALSE;
        }
      g_assert_true (was_ready);
    }
}

static void
test_progress (Fixture       *fixture,
               gconstpointer  data)
{
  static const char script[] = "while [ ! -e go ]; do sleep 0.01; done";
  int slave;
  int master = open_terminal (&slave);
  g_autoptr(GSubprocessLauncher) launcher = g_subprocess_launcher_new (G_SUBPROCESS_FLAGS_NONE);
  g_autoptr(GSubprocess) process = NULL;
  g_autoptr(GError) error = NULL;
  g_autoptr(GString) screen = g_string_new (NULL);
  g_autofree char *go = g_build_filename (fixture->folder, "go", NULL);
  char buffer[512];
  gssize n_read;

  g_subprocess_launcher_setenv (launcher, "TERM", "xterm", TRUE);
  g_subprocess_launcher_set_cwd (launcher, fixture->folder);
  g_subprocess_launcher_take_stderr_fd (launcher, slave);
  process = g_subprocess_launcher_spawn (launcher, &error, tool_path, "run", "--shell", "true",
                                         script, NULL);
  g_assert_no_error (error);
  /* The terminal is to hang up when the tool ends, so our copy of its end has to go. */
  g_clear_object (&launcher);

  while ((n_read = read (master, buffer, sizeof buffer)) > 0)
    {
      g_string_append_len (screen, buffer, n_read);
      if (strstr (screen->str, "\r\033[K1 of 2 done, 0 failed, 1 running") != NULL)
        g_assert_true (g_file_set_contents (go, "", 0, NULL));
    }
  g_subprocess_wait_check (process, NULL, &error);
  g_assert_no_error (error);
  g_assert_true (g_str_has_suffix (screen->str, "\r\033[K2 commands: none failed\r\n"));
  close (master);
}

int
main (int    argc,
      char **argv)
{
  tool_run_testing_init (&argc, &argv);

  add_test ("/tool-stop/timeout", test_timeout);
  add_test ("/tool-stop/timeout-of-several", test_timeout_of_several);
  add_test ("/tool-stop/timeout-takes-descendants", test_timeout_takes_descendants);
  add_test ("/tool-stop/stop-plan", test_stop_plan);
  add_test ("/tool-stop/tree", test_tree);
  add_test ("/tool-stop/max-output", test_max_output);
  add_test ("/tool-stop/interrupt", test_interrupt);
  add_test ("/tool-stop/interrupt-one", test_interrupt_one);
  add_test ("/tool-stop/second-interrupt-kills", test_second_interrupt_kills);
  add_test ("/tool-stop/broken-pipe", test_broken_pipe);
  add_test ("/tool-stop/reader-gone", test_reader_gone);
  add_test ("/tool-stop/interrupt-of-all", test_interrupt_of_all);
  add_test ("/tool-stop/terminal-settings", test_terminal_settings);
  add_test ("/tool-stop/progress", test_progress);

  return g_test_run ();
}
