/* What proctor tree tells of processes whose state and pipes are known.
 *
 * SPDX-License-Identifier: LGPL-2.1-or-later
 */

#include "config.h"

#include <errno.h>
#include <fcntl.h>
#include <signal.h>
#include <string.h>
#include <sys/stat.h>
#include <sys/wait.h>
#include <unistd.h>

#include <glib/gstdio.h>

#include "test-deadline.h"
#include "tool-testing.h"


/* ---- the tool */

static void
run_tool (const char * const   *words,
          GSpawnChildSetupFunc  setup,
          Outcome              *outcome)
{
  g_autoptr(GPtrArray) argv = g_ptr_array_new ();

  g_ptr_array_add (argv, (gpointer) g_getenv ("PROCTOR_TEST_TOOL"));
  g_ptr_array_add (argv, (gpointer) "tree");
  for (guint i = 0; words[i] != NULL; i++)
    g_ptr_array_add (argv, (gpointer) words[i]);
  g_ptr_array_add (argv, NULL);

  outcome_run (outcome, (gpointer) argv->pdata, NULL, setup);
}

static void
show (pid_t    root,
      Outcome *outcome)
{
  g_autofree char *pid = g_strdup_printf ("%d", (int) root);

  run_tool ((const char *[]) { pid, NULL }, NULL, outcome);
  g_assert_cmpint (outcome->exit_code, ==, 0);
}

static void
examine (pid_t    root,
         Outcome *outcome)
{
  g_autofree char *pid = g_strdup_printf ("%d", (int) root);

  run_tool ((const char *[]) { "--json", pid, NULL }, NULL, outcome);
  g_assert_cmpint (outcome->exit_code, ==, 0);
  outcome_parse (outcome);
}

static JsonArray *
get_array (Outcome    *outcome,
           const char *name)
{
  return json_object_get_array_member (
    json_node_get_object (json_parser_get_root (outcome->parser)), name);
}

/* By the word that its command begins with; NULL: there is none. */
static JsonObject *
find_process (Outcome    *outcome,
              const char *word)
{
  JsonArray *processes = get_array (outcome, "processes");

  for (guint i = 0; i < json_array_get_length (processes); i++)
    {
      JsonObject *process = json_array_get_object_element (processes, i);
      JsonArray *command = json_object_get_array_member (process, "command");

      if (json_array_get_length (command) > 0 &&
          strcmp (json_array_get_string_element (command, 0), word) == 0)
        return process;
    }

  return NULL;
}

static JsonObject *
find_pid (Outcome *outcome,
          pid_t    pid)
{
  JsonArray *processes = get_array (outcome, "processes");

  for (guint i = 0; i < json_array_get_length (processes); i++)
    {
      JsonObject *process = json_array_get_object_element (processes, i);

      if (json_object_get_int_member (process, "pid") == pid)
        return process;
    }

  return NULL;
}

static gboolean
has_end (JsonObject *pipe,
         const char *side,
         pid_t       pid,
         int         fd)
{
  JsonArray *ends = json_object_get_array_member (pipe, side);

  for (guint i = 0; i < json_array_get_length (ends); i++)
    {
      JsonObject *end = json_array_get_object_element (ends, i);

      if (json_object_get_int_member (end, "pid") == pid &&
          json_object_get_int_member (end, "fd") == fd)
        return TRUE;
    }

  return FALSE;
}

/* The pipe that goes from one to the other; NULL: there is none. */
static JsonObject *
find_pipe (Outcome *outcome,
           pid_t    writer,
           int      writer_fd,
           pid_t    reader,
           int      reader_fd)
{
  JsonArray *pipes = get_array (outcome, "pipes");

  for (guint i = 0; i < json_array_get_length (pipes); i++)
    {
      JsonObject *pipe = json_array_get_object_element (pipes, i);

      if (has_end (pipe, "writers", writer, writer_fd) &&
          has_end (pipe, "readers", reader, reader_fd))
        return pipe;
    }

  return NULL;
}

/* ---- the processes that are looked at */

static void
lead_group (gpointer data)
{
  setpgid (0, 0);
}

/* In a process group of its own, which is killed as a whole at the end. */
static pid_t
start_script (const char *script)
{
  const char * const argv[] = { "/bin/sh", "-c", script, NULL };
  g_autoptr(GError) error = NULL;
  GPid pid;

  g_spawn_async (NULL, (char **) argv, NULL, G_SPAWN_DO_NOT_REAP_CHILD, lead_group, NULL, &pid,
                 &error);
  g_assert_no_error (error);
  return pid;
}

static void
end_group (pid_t leader)
{
  g_assert_cmpint (kill (-leader, SIGKILL), ==, 0);
  g_assert_cmpint (waitpid (leader, NULL, 0), ==, leader);
}

/* Until a process that has become @word descends from @root. */
static void
await_process (pid_t       root,
               const char *word,
               Outcome    *outcome)
{
  for (;;)
    {
      examine (root, outcome);
      if (find_process (outcome, word) != NULL)
        return;
      outcome_clear (outcome);
      g_usleep (5000);
    }
}

static pid_t
pid_of (JsonObject *process)
{
  return (pid_t) json_object_get_int_member (process, "pid");
}

/* ---- the tests */

static void
test_pipeline (void)
{
  pid_t shell = start_script ("tail -f /dev/null | sort & wait");
  g_auto(Outcome) other = { 0 };
  g_auto(Outcome) outcome = { 0 };
  JsonObject *root;
  JsonObject *writer;
  JsonObject *reader;
  JsonObject *pipe;

  await_process (shell, "tail", &other);
  await_process (shell, "sort", &outcome);
  root = json_array_get_object_element (get_array (&outcome, "processes"), 0);
  writer = find_process (&outcome, "tail");
  reader = find_process (&outcome, "sort");

  g_assert_cmpint (pid_of (root), ==, shell);
  g_assert_cmpint (json_object_get_int_member (root, "parent"), ==, getpid ());
  g_assert_cmpint (json_object_get_int_member (root, "depth"), ==, 0);
  g_assert_cmpint (json_object_get_int_member (writer, "parent"), ==, shell);
  g_assert_cmpint (json_object_get_int_member (writer, "depth"), ==, 1);
  g_assert_cmpint (json_object_get_int_member (writer, "group"), ==, shell);
  g_assert_cmpint (json_object_get_int_member (writer, "session"), ==, getsid (0));
  g_assert_cmpstr (json_object_get_string_member (writer, "found_by"), ==, "parent");
  g_assert_cmpstr (json_object_get_string_member (writer, "name"), ==, "tail");
  g_assert_true (json_object_get_boolean_member (writer, "files_readable"));
  g_assert_cmpuint (json_array_get_length (get_array (&outcome, "processes")), ==, 3);

  pipe = find_pipe (&outcome, pid_of (writer), 1, pid_of (reader), 0);
  g_assert_nonnull (pipe);
  g_assert_true (json_object_get_null_member (pipe, "path"));
  g_assert_false (has_end (pipe, "readers", pid_of (writer), 1));
  end_group (shell);
}

static char *
read_own_cgroup (void)
{
  g_autofree char *content = NULL;
  char *line;

  if (!g_file_get_contents ("/proc/self/cgroup", &content, NULL, NULL))
    return NULL;
  line = strstr (content, "0::");
  return line != NULL ? g_strndup (line + 3, strcspn (line + 3, "\n")) : NULL;
}

static void
test_cgroup_and_state (void)
{
  pid_t shell = start_script ("kill -STOP $$");
  g_autofree char *cgroup = read_own_cgroup ();
  g_auto(Outcome) outcome = { 0 };
  g_auto(Outcome) text = { 0 };
  JsonObject *root;
  int status;

  g_assert_cmpint (waitpid (shell, &status, WUNTRACED), ==, shell);
  examine (shell, &outcome);
  root = find_pid (&outcome, shell);
  g_assert_cmpstr (json_object_get_string_member (root, "state"), ==, "stopped");
  if (cgroup != NULL)
    g_assert_cmpstr (json_object_get_string_member (root, "cgroup"), ==, cgroup);
  show (shell, &text);
  g_assert_nonnull (strstr (text.out, "stopped"));
  end_group (shell);
}

static void
test_zombie (void)
{
  pid_t shell = start_script ("exit 0");
  siginfo_t info;
  g_auto(Outcome) outcome = { 0 };
  g_auto(Outcome) text = { 0 };
  JsonObject *root;

  g_assert_cmpint (waitid (P_PID, (id_t) shell, &info, WEXITED | WNOWAIT), ==, 0);
  examine (shell, &outcome);
  root = find_pid (&outcome, shell);
  g_assert_cmpstr (json_object_get_string_member (root, "state"), ==, "zombie");
  g_assert_cmpuint (json_array_get_length (json_object_get_array_member (root, "command")), ==, 0);
  g_assert_true (json_object_get_boolean_member (root, "files_readable"));
  show (shell, &text);
  g_assert_nonnull (strstr (text.out, "[sh]"));
  g_assert_cmpstr (text.err, ==, "");
  g_assert_cmpint (waitpid (shell, NULL, 0), ==, shell);
}

/* Its parent has ended, and the leader of its session has not. */
static void
test_orphan (void)
{
  pid_t shell = start_script ("exec setsid -w sh -c '(tail -f /dev/null &); sleep 1000; :'");
  g_auto(Outcome) other = { 0 };
  g_auto(Outcome) outcome = { 0 };
  pid_t leader;
  JsonObject *orphan;

  await_process (shell, "sleep", &other);
  await_process (shell, "tail", &outcome);
  orphan = find_process (&outcome, "tail");
  if (strcmp (json_object_get_string_member (orphan, "found_by"), "parent") == 0)
    {
      /* The shell in between had not ended yet. */
      do
        {
          outcome_clear (&outcome);
          await_process (shell, "tail", &outcome);
          orphan = find_process (&outcome, "tail");
        }
      while (strcmp (json_object_get_string_member (orphan, "found_by"), "parent") == 0);
    }

  g_assert_cmpstr (json_object_get_string_member (orphan, "found_by"), ==, "session");
  g_assert_cmpint (json_object_get_int_member (orphan, "depth"), ==, 1);
  leader = (pid_t) json_object_get_int_member (orphan, "session");
  g_assert_nonnull (find_pid (&outcome, leader));
  g_assert_cmpint (kill (-leader, SIGKILL), ==, 0);
  end_group (shell);
}

/* Who has left the session, too, is found by the cgroup; where there is none it ends by itself. */
static void
test_daemon (void)
{
  g_autofree char *script =
    g_strdup_printf ("exec '%s' run --tree "
                     "sh -c '(setsid tail --pid=$$ -f /dev/null &); sleep 1000; :'",
                     g_getenv ("PROCTOR_TEST_TOOL"));
  pid_t tool = start_script (script);
  g_auto(Outcome) other = { 0 };
  g_auto(Outcome) outcome = { 0 };
  JsonObject *sleeper;
  JsonObject *daemon;
  const char *cgroup;

  await_process (tool, "sleep", &other);
  sleeper = find_process (&other, "sleep");
  cgroup = json_object_get_null_member (sleeper, "cgroup")
             ? ""
             : json_object_get_string_member (sleeper, "cgroup");
  if (strstr (cgroup, "/proctor-") == NULL)
    {
      g_test_skip ("no cgroup can be made here");
    }
  else
    {
      do
        {
          outcome_clear (&outcome);
          outcome = (Outcome) { 0 };
          await_process (tool, "tail", &outcome);
          daemon = find_process (&outcome, "tail");
        }
      while (strcmp (json_object_get_string_member (daemon, "found_by"), "parent") == 0);
      g_assert_cmpstr (json_object_get_string_member (daemon, "found_by"), ==, "cgroup");
      g_assert_cmpstr (json_object_get_string_member (daemon, "cgroup"), ==, cgroup);
    }

  g_assert_cmpint (kill (tool, SIGTERM), ==, 0);
  g_assert_cmpint (waitpid (tool, NULL, 0), ==, tool);
}

static void
test_fifo (void)
{
  g_autofree char *folder = g_dir_make_tmp ("proctor-tree-XXXXXX", NULL);
  g_autofree char *path = g_build_filename (folder, "fifo", NULL);
  g_autofree char *script =
    g_strdup_printf ("sort < '%s' 5>&- & exec 5> '%s'; tail -f /dev/null", path, path);
  g_auto(Outcome) other = { 0 };
  g_auto(Outcome) outcome = { 0 };
  g_auto(Outcome) text = { 0 };
  JsonObject *pipe;
  pid_t shell;

  g_assert_cmpint (mkfifo (path, 0600), ==, 0);
  shell = start_script (script);
  await_process (shell, "tail", &other);
  await_process (shell, "sort", &outcome);
  pipe = find_pipe (&outcome, shell, 5, pid_of (find_process (&outcome, "sort")), 0);
  g_assert_nonnull (pipe);
  g_assert_cmpstr (json_object_get_string_member (pipe, "path"), ==, path);
  show (shell, &text);
  g_assert_nonnull (strstr (text.out, path));
  g_assert_nonnull (strstr (text.out, " fd 5"));
  end_group (shell);
  g_assert_cmpint (g_remove (path), ==, 0);
  g_assert_cmpint (g_rmdir (folder), ==, 0);
}

/* This program is not in the tree, and holds the other end. */
static void
test_end_outside (void)
{
  const char * const argv[] = { "cat", NULL };
  g_autoptr(GError) error = NULL;
  g_auto(Outcome) outcome = { 0 };
  g_auto(Outcome) text = { 0 };
  g_autofree char *in_parentheses = g_strdup_printf ("(%d) fd ", (int) getpid ());
  JsonObject *pipe;
  int input;
  GPid pid;

  g_spawn_async_with_pipes (NULL, (char **) argv, NULL,
                            G_SPAWN_SEARCH_PATH | G_SPAWN_DO_NOT_REAP_CHILD, NULL, NULL, &pid,
                            &input, NULL, NULL, &error);
  g_assert_no_error (error);
  await_process (pid, "cat", &outcome);
  pipe = find_pipe (&outcome, getpid (), input, pid, 0);
  g_assert_nonnull (pipe);
  show (pid, &text);
  g_assert_nonnull (strstr (text.out, in_parentheses));
  close (input);
  g_assert_cmpint (waitpid (pid, NULL, 0), ==, pid);
}

/* The command is anything; the terminal is told nothing by it. */
static void
test_hostile_command (void)
{
  const char * const argv[] = { "tail", "-f", "/dev/null", "\033[31mred\n\xff", NULL };
  g_autoptr(GError) error = NULL;
  g_auto(Outcome) outcome = { 0 };
  g_auto(Outcome) text = { 0 };
  GPid pid;

  g_spawn_async (NULL, (char **) argv, NULL,
                 G_SPAWN_SEARCH_PATH | G_SPAWN_DO_NOT_REAP_CHILD | G_SPAWN_STDERR_TO_DEV_NULL |
                   G_SPAWN_STDOUT_TO_DEV_NULL,
                 NULL, NULL, &pid, &error);
  g_assert_no_error (error);
  await_process (pid, "tail", &outcome);
  show (pid, &text);
  g_assert_null (strchr (text.out, '\033'));
  g_assert_true (g_utf8_validate (text.out, -1, NULL));
  g_assert_nonnull (strstr (text.out, "red"));
  g_assert_cmpint (kill (pid, SIGKILL), ==, 0);
  g_assert_cmpint (waitpid (pid, NULL, 0), ==, pid);
}

/* Of two that were started in the same tick of the clock the lower number comes first, which is the
 * second one's where the numbers have begun anew in between.
 */
static void
test_branches (void)
{
  pid_t shell = start_script ("(sleep 1000; :) & (tail -f /dev/null; :) & wait");
  g_auto(Outcome) other = { 0 };
  g_auto(Outcome) outcome = { 0 };
  g_auto(Outcome) text = { 0 };
  gboolean swapped;

  await_process (shell, "sleep", &other);
  await_process (shell, "tail", &outcome);
  show (shell, &text);
  swapped = strstr (text.out, "│  └─ tail") != NULL;
  g_assert_true (g_str_has_prefix (g_strchug (text.out), "PID"));
  g_assert_nonnull (strstr (text.out, "├─ /bin/sh -c"));
  g_assert_nonnull (strstr (text.out, swapped ? "│  └─ tail -f /dev/null" : "│  └─ sleep 1000"));
  g_assert_nonnull (strstr (text.out, "└─ /bin/sh -c"));
  g_assert_nonnull (strstr (text.out, swapped ? "   └─ sleep 1000" : "   └─ tail -f /dev/null"));
  g_assert_null (strchr (text.out, '\033'));
  end_group (shell);
}

static void
test_foreign_process (void)
{
  g_autofree char *own_pid = g_strdup_printf ("%d", (int) getpid ());
  g_auto(Outcome) outcome = { 0 };

  if (!can (nobody_can_run_it))
    {
      g_test_skip ("only root can become another user, who has to be able to run the tool");
      return;
    }

  run_tool ((const char *[]) { own_pid, NULL }, become_nobody_in_child, &outcome);
  g_assert_cmpint (outcome.exit_code, ==, 0);
  g_assert_nonnull (strstr (outcome.out, own_pid));
  g_assert_nonnull (strstr (outcome.err, "may not be looked at"));
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
  run_tool ((const char *[]) { "1", NULL }, unmount_proc_in_child, &outcome);
  g_unsetenv ("LD_LIBRARY_PATH");
  g_assert_cmpint (outcome.exit_code, ==, 125);
  g_assert_cmpstr (outcome.out, ==, "");
  g_assert_nonnull (strstr (outcome.err, "/proc"));
}

static void
test_usage (void)
{
  static const struct
  {
    const char *words[3];
    int exit_code;
  } cases[] = {
    { { NULL }, 2 },           { { "x", NULL }, 2 },  { { "0", NULL }, 2 },
    { { "-1", NULL }, 2 },     { { "1", "2" }, 2 },   { { "--nonesuch", NULL }, 2 },
    { { "99999999", NULL }, 1 },
  };

  for (gsize i = 0; i < G_N_ELEMENTS (cases); i++)
    {
      g_auto(Outcome) outcome = { 0 };

      run_tool (cases[i].words, NULL, &outcome);
      g_test_message ("%s", outcome.err);
      g_assert_cmpint (outcome.exit_code, ==, cases[i].exit_code);
      g_assert_cmpstr (outcome.out, ==, "");
      g_assert_true (g_str_has_prefix (outcome.err, "proctor: "));
    }
}

int
main (int    argc,
      char **argv)
{
  g_test_init (&argc, &argv, NULL);
  deadline_start ("test-tool-tree", TEST_DEADLINE_SECONDS);

  g_test_add_func ("/tool-tree/pipeline", test_pipeline);
  g_test_add_func ("/tool-tree/cgroup-and-state", test_cgroup_and_state);
  g_test_add_func ("/tool-tree/zombie", test_zombie);
  g_test_add_func ("/tool-tree/orphan", test_orphan);
  g_test_add_func ("/tool-tree/daemon", test_daemon);
  g_test_add_func ("/tool-tree/fifo", test_fifo);
  g_test_add_func ("/tool-tree/end-outside", test_end_outside);
  g_test_add_func ("/tool-tree/hostile-command", test_hostile_command);
  g_test_add_func ("/tool-tree/branches", test_branches);
  g_test_add_func ("/tool-tree/foreign-process", test_foreign_process);
  g_test_add_func ("/tool-tree/no-proc", test_no_proc);
  g_test_add_func ("/tool-tree/usage", test_usage);

  return g_test_run ();
}
