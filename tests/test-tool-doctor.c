/* `proctor doctor` where something is missing: it says what is so, and ends well.
 *
 * SPDX-License-Identifier: LGPL-2.1-or-later
 */

/* Thread: MAIN. */

#include "config.h"

#include <errno.h>
#include <fcntl.h>
#include <signal.h>
#include <stdlib.h>
#include <string.h>
#include <sys/resource.h>
#include <sys/wait.h>
#include <unistd.h>

#include "test-deadline.h"
#include "tool-testing.h"

#define MAX_WORDS 8

/* @wrapper, @option and @variable may be NULL; @setup runs in the child before its exec. */
static void
run_tool (const char           *wrapper,
          const char           *option,
          const char           *variable,
          const char           *value,
          GSpawnChildSetupFunc  setup,
          Outcome              *outcome)
{
  const char *words[MAX_WORDS] = { NULL };
  g_auto(GStrv) environment = g_get_environ ();
  guint n = 0;

  if (wrapper != NULL)
    words[n++] = wrapper;
  words[n++] = g_getenv ("PROCTOR_TEST_TOOL");
  words[n++] = "doctor";
  words[n++] = option;
  if (variable != NULL)
    environment = g_environ_setenv (environment, variable, value, TRUE);

  outcome_run (outcome, words, environment, setup);
}

static void
examine (const char           *wrapper,
         GSpawnChildSetupFunc  setup,
         Outcome              *outcome)
{
  run_tool (wrapper, "--json", NULL, NULL, setup, outcome);
  g_assert_cmpstr (outcome->err, ==, "");
  outcome_parse (outcome);
}

static JsonObject *
find (Outcome    *outcome,
      const char *name)
{
  JsonObject *root = json_node_get_object (json_parser_get_root (outcome->parser));
  JsonArray *findings = json_object_get_array_member (root, "findings");

  for (guint i = 0; i < json_array_get_length (findings); i++)
    {
      JsonObject *finding = json_array_get_object_element (findings, i);

      if (strcmp (json_object_get_string_member (finding, "name"), name) == 0)
        return finding;
    }

  g_error ("there is no finding %s", name);
}

static JsonObject *
values_of (Outcome    *outcome,
           const char *name)
{
  return json_object_get_object_member (find (outcome, name), "values");
}

static void
assert_state (Outcome    *outcome,
              const char *name,
              const char *state)
{
  JsonObject *finding = find (outcome, name);

  g_assert_cmpstr (json_object_get_string_member (finding, "state"), ==, state);
  g_assert_cmpstr (json_object_get_string_member (finding, "sentence"), !=, "");
}

static const char *
result_of (Outcome    *outcome,
           const char *name,
           const char *key)
{
  return json_object_get_string_member (values_of (outcome, name), key);
}

/* The exit code says what the whole says, and that is the worst of all. */
static void
assert_verdict (Outcome *outcome)
{
  JsonObject *root = json_node_get_object (json_parser_get_root (outcome->parser));
  const char *state = json_object_get_string_member (root, "state");

  g_assert_cmpint (outcome->exit_code, ==, strcmp (state, "broken") == 0 ? 1 : 0);
  g_assert_cmpint (outcome->exit_code, ==, strstr (outcome->out, ": \"broken\"") != NULL ||
                                             strstr (outcome->out, ":\"broken\"") != NULL);
}

static void
test_here (void)
{
  g_auto(Outcome) outcome = { 0 };

  examine (NULL, NULL, &outcome);
  assert_verdict (&outcome);
  assert_state (&outcome, "shell", "good");
  assert_state (&outcome, "kernel", "good");
  if (strcmp (result_of (&outcome, "cgroup", "join"), "ok") == 0 &&
      strcmp (result_of (&outcome, "clone3", "clone3"), "ok") == 0)
    g_assert_cmpstr (result_of (&outcome, "cgroup", "birth"), ==, "ok");
  g_assert_cmpint (json_object_get_int_member (values_of (&outcome, "file-descriptors"), "used"),
                   >=, 3);
}

/* ---- where something is missing */

static void
test_seccomp (void)
{
  g_auto(Outcome) outcome = { 0 };

  examine (g_getenv ("PROCTOR_TEST_NO_PIDFD"), NULL, &outcome);
  assert_verdict (&outcome);
  assert_state (&outcome, "pidfd", "limited");
  assert_state (&outcome, "clone3", "limited");
  assert_state (&outcome, "exit-info", "limited");
  assert_state (&outcome, "seccomp", "limited");
  g_assert_cmpint (json_object_get_int_member (values_of (&outcome, "seccomp"), "mode"), ==, 2);
  g_assert_cmpstr (json_object_get_string_member (values_of (&outcome, "pidfd"), "open"), ==,
                   "ENOSYS");
  g_assert_false (json_object_get_boolean_member (values_of (&outcome, "spawn"), "pidfd"));
}

static void
ignore_sigchld (gpointer data)
{
  signal (SIGCHLD, SIG_IGN);
}

/* What is lost where the kernel does not tell it afterwards. */
static void
test_ignored_sigchld (void)
{
  g_auto(Outcome) outcome = { 0 };
  g_auto(Outcome) without = { 0 };
  gboolean told;

  examine (NULL, ignore_sigchld, &outcome);
  assert_verdict (&outcome);
  g_assert_cmpstr (json_object_get_string_member (values_of (&outcome, "sigchld"), "disposition"),
                   ==, "ignored");
  told = json_object_get_boolean_member (values_of (&outcome, "sigchld"), "status-told");
  assert_state (&outcome, "sigchld", told ? "limited" : "broken");
  /* That there is nothing to wait for does not mean that there are no pidfds. */
  if (strcmp (json_object_get_string_member (find (&outcome, "pidfd"), "state"), "good") == 0)
    g_assert_true (json_object_get_boolean_member (values_of (&outcome, "spawn"), "pidfd"));

  examine (g_getenv ("PROCTOR_TEST_NO_PIDFD"), ignore_sigchld, &without);
  assert_verdict (&without);
  assert_state (&without, "sigchld", "broken");
}

/* The fds that GLib leaves open until exec have numbers above these. */
static void
leave_20_fds (gpointer data)
{
  const struct rlimit limit = { 20, 20 };

  setrlimit (RLIMIT_NOFILE, &limit);
}

static void
leave_6_fds (gpointer data)
{
  const struct rlimit limit = { 6, 6 };

  setrlimit (RLIMIT_NOFILE, &limit);
}

static void
test_20_fds (void)
{
  g_auto(Outcome) outcome = { 0 };

  examine (NULL, leave_20_fds, &outcome);
  assert_verdict (&outcome);
  assert_state (&outcome, "file-descriptors", "limited");
  assert_state (&outcome, "shell", "good");
  g_assert_cmpint (json_object_get_int_member (values_of (&outcome, "file-descriptors"),
                                               "soft-limit"),
                   ==, 20);
}

static void
test_6_fds (void)
{
  g_auto(Outcome) outcome = { 0 };

  examine (NULL, leave_6_fds, &outcome);
  assert_verdict (&outcome);
  g_assert_cmpint (outcome.exit_code, ==, 1);
  assert_state (&outcome, "file-descriptors", "broken");
}

static void
test_no_proc (void)
{
  g_auto(Outcome) outcome = { 0 };

#if defined(__SANITIZE_ADDRESS__) || defined(__SANITIZE_THREAD__)
  g_test_skip ("a sanitizer does not do without /proc");
  return;
#endif

  if (!can (unmount_proc))
    {
      g_test_skip ("only root can unmount /proc");
      return;
    }

  show_library ();
  examine (NULL, unmount_proc_in_child, &outcome);
  g_unsetenv ("LD_LIBRARY_PATH");
  assert_verdict (&outcome);
  assert_state (&outcome, "proc", "limited");
  assert_state (&outcome, "cgroup", "limited");
  assert_state (&outcome, "shell", "good");
  g_assert_false (json_object_get_boolean_member (values_of (&outcome, "proc"), "own-process"));
  g_assert_cmpint (json_object_get_int_member (values_of (&outcome, "file-descriptors"), "used"),
                   >=, 3);
}

/* After the ids have changed, or exec would be refused. */
static void
become_nobody_alone_in_child (gpointer data)
{
  const struct rlimit limit = { 1, 1 };

  become_nobody_in_child (NULL);
  setrlimit (RLIMIT_NPROC, &limit);
}

static void
test_unprivileged (void)
{
  g_auto(Outcome) outcome = { 0 };

  if (!can (nobody_can_run_it))
    {
      g_test_skip ("only root can become another user, who has to be able to run the tool");
      return;
    }

  examine (NULL, become_nobody_in_child, &outcome);
  assert_verdict (&outcome);
  assert_state (&outcome, "shell", "good");
  assert_state (&outcome, "cgroup", "limited");
}

/* A user who may have no process more. */
static void
test_no_processes (void)
{
  g_auto(Outcome) outcome = { 0 };

#if defined(__SANITIZE_ADDRESS__) || defined(__SANITIZE_THREAD__)
  g_test_skip ("a sanitizer looks for leaks in a process of its own");
  return;
#endif

  if (!can (nobody_can_run_it))
    {
      g_test_skip ("only root can become another user, who has to be able to run the tool");
      return;
    }

  examine (NULL, become_nobody_alone_in_child, &outcome);
  assert_verdict (&outcome);
  g_assert_cmpint (outcome.exit_code, ==, 1);
  assert_state (&outcome, "spawn", "broken");
  assert_state (&outcome, "processes", "broken");
  assert_state (&outcome, "pidfd", "limited");
}

static void
block_and_ignore (gpointer data)
{
  sigset_t blocked;

  signal (SIGHUP, SIG_IGN);
  sigemptyset (&blocked);
  sigaddset (&blocked, SIGUSR2);
  sigprocmask (SIG_BLOCK, &blocked, NULL);
}

static void
test_signals (void)
{
  g_auto(Outcome) outcome = { 0 };
  JsonArray *names;

  examine (NULL, block_and_ignore, &outcome);
  assert_state (&outcome, "signals", "limited");
  names = json_object_get_array_member (values_of (&outcome, "signals"), "blocked");
  g_assert_cmpuint (json_array_get_length (names), ==, 1);
  g_assert_cmpstr (json_array_get_string_element (names, 0), ==, "SIGUSR2");
  g_assert_nonnull (strstr (json_object_get_string_member (find (&outcome, "signals"), "sentence"),
                            "SIGHUP"));
}

static void
test_path (void)
{
  g_auto(Outcome) outcome = { 0 };
  g_auto(Outcome) unusable = { 0 };

  run_tool (NULL, NULL, "PATH", "/usr/bin::relative:/nonexistent", NULL, &outcome);
  g_assert_nonnull (strstr (outcome.out, "(empty), relative"));
  run_tool (NULL, NULL, "PATH", "/nonexistent", NULL, &unusable);
  g_assert_cmpint (unusable.exit_code, ==, 1);
}

static void
test_watcher (void)
{
  g_auto(Outcome) unknown = { 0 };
  g_auto(Outcome) threaded = { 0 };

  run_tool (NULL, NULL, "PROCTOR_WATCHER", "nonesuch", NULL, &unknown);
  g_assert_cmpint (unknown.exit_code, ==, 1);
  g_assert_nonnull (strstr (unknown.out, "nonesuch"));
  run_tool (NULL, NULL, "PROCTOR_WATCHER", "threaded", NULL, &threaded);
  g_assert_nonnull (strstr (threaded.out, "a thread for each process"));
}

/* ---- the table */

/* What it prints on a terminal. */
static char *
run_on_terminal (const char *variable,
                 const char *value)
{
  const char * const words[] = { g_getenv ("PROCTOR_TEST_TOOL"), "doctor", NULL };
  g_autoptr(GSubprocessLauncher) launcher = g_subprocess_launcher_new (G_SUBPROCESS_FLAGS_NONE);
  g_autoptr(GSubprocess) process = NULL;
  g_autoptr(GError) error = NULL;
  GString *output = g_string_new (NULL);
  int master = posix_openpt (O_RDWR | O_NOCTTY | O_CLOEXEC);
  char buffer[4096];
  ssize_t n;
  int slave;

  g_assert_cmpint (master, >=, 0);
  g_assert_cmpint (grantpt (master), ==, 0);
  g_assert_cmpint (unlockpt (master), ==, 0);
  slave = open (ptsname (master), O_RDWR | O_NOCTTY | O_CLOEXEC);
  g_assert_cmpint (slave, >=, 0);

  g_subprocess_launcher_take_stdout_fd (launcher, slave);
  g_subprocess_launcher_setenv (launcher, "TERM", "xterm", TRUE);
  g_subprocess_launcher_unsetenv (launcher, "NO_COLOR");
  if (variable != NULL)
    g_subprocess_launcher_setenv (launcher, variable, value, TRUE);
  process = g_subprocess_launcher_spawnv (launcher, words, &error);
  g_assert_no_error (error);
  g_subprocess_launcher_close (launcher);
  while ((n = read (master, buffer, sizeof buffer)) > 0 || (n < 0 && errno == EINTR))
    g_string_append_len (output, buffer, MAX (n, 0));
  g_assert_true (g_subprocess_wait (process, NULL, &error));
  close (master);

  return g_string_free (output, FALSE);
}

static void
test_color (void)
{
  g_autofree char *colored = run_on_terminal (NULL, NULL);
  g_autofree char *plain = run_on_terminal ("NO_COLOR", "1");
  g_autofree char *dumb = run_on_terminal ("TERM", "dumb");

  g_assert_nonnull (strstr (colored, "\033["));
  g_assert_nonnull (strstr (plain, "kernel"));
  g_assert_null (strchr (plain, '\033'));
  g_assert_null (strchr (dumb, '\033'));
}

/* Everything stands where it stands in the first line. */
static void
test_table (void)
{
  g_auto(Outcome) outcome = { 0 };
  g_auto(GStrv) lines = NULL;
  g_autoptr(GHashTable) columns = g_hash_table_new (NULL, NULL);

  run_tool (NULL, NULL, NULL, NULL, NULL, &outcome);
  g_assert_null (strchr (outcome.out, '\033'));
  lines = g_strsplit (outcome.out, "\n", -1);
  for (guint i = 0; lines[i] != NULL && *lines[i] != '\0'; i++)
    {
      const char *name = lines[i] + strcspn (lines[i], " ");

      g_assert_false (g_str_has_suffix (lines[i], " "));
      if (lines[i][0] == ' ')
        continue;
      name += strspn (name, " ");
      g_hash_table_add (columns, GINT_TO_POINTER (name - lines[i]));
    }
  g_assert_cmpuint (g_hash_table_size (columns), ==, 1);
}

static void
test_usage (void)
{
  g_auto(Outcome) outcome = { 0 };

  run_tool (NULL, "--nonesuch", NULL, NULL, NULL, &outcome);
  g_assert_cmpint (outcome.exit_code, ==, 2);
}

static void
test_too_much (void)
{
  g_auto(Outcome) outcome = { 0 };

  run_tool (NULL, "word", NULL, NULL, NULL, &outcome);
  g_assert_cmpint (outcome.exit_code, ==, 2);
  g_assert_nonnull (strstr (outcome.err, "“word”"));
}

int
main (int    argc,
      char **argv)
{
  g_test_init (&argc, &argv, NULL);
  deadline_start ("test-tool-doctor", TEST_DEADLINE_SECONDS);
  signal (SIGHUP, SIG_DFL);

  g_test_add_func ("/tool-doctor/here", test_here);
  g_test_add_func ("/tool-doctor/seccomp", test_seccomp);
  g_test_add_func ("/tool-doctor/ignored-sigchld", test_ignored_sigchld);
  g_test_add_func ("/tool-doctor/20-fds", test_20_fds);
  g_test_add_func ("/tool-doctor/6-fds", test_6_fds);
  g_test_add_func ("/tool-doctor/no-proc", test_no_proc);
  g_test_add_func ("/tool-doctor/unprivileged", test_unprivileged);
  g_test_add_func ("/tool-doctor/no-processes", test_no_processes);
  g_test_add_func ("/tool-doctor/signals", test_signals);
  g_test_add_func ("/tool-doctor/path", test_path);
  g_test_add_func ("/tool-doctor/watcher", test_watcher);
  g_test_add_func ("/tool-doctor/color", test_color);
  g_test_add_func ("/tool-doctor/table", test_table);
  g_test_add_func ("/tool-doctor/usage", test_usage);
  g_test_add_func ("/tool-doctor/too-much", test_too_much);

  return g_test_run ();
}
