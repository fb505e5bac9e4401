/* The program as its users see it. It is started here with GLib's own means, not with the library.
 *
 * SPDX-License-Identifier: LGPL-2.1-or-later
 */

/* Thread: MAIN. */

#include "config.h"

#include <fcntl.h>
#include <signal.h>
#include <stdlib.h>
#include <string.h>
#include <sys/ioctl.h>
#include <unistd.h>

#include <gio/gio.h>
#include <glib/gstdio.h>
#include <json-glib/json-glib.h>

#include "folder-testing.h"

#define DEADLINE_SECONDS 60

typedef struct
{
  int exit_code;
  char *out;
  gsize out_length;
  char *err;
} Outcome;

typedef struct
{
  char *folder;
} Fixture;

static const char *tool_path;

static void
outcome_clear (Outcome *outcome)
{
  g_free (outcome->out);
  g_free (outcome->err);
}

G_DEFINE_AUTO_CLEANUP_CLEAR_FUNC (Outcome, outcome_clear)

static void
fixture_set_up (Fixture       *fixture,
                gconstpointer  data)
{
  fixture->folder = test_folder_new ("proctor-tool-XXXXXX");
}

static void
fixture_tear_down (Fixture       *fixture,
                   gconstpointer  data)
{
  test_folder_remove (fixture->folder);
}

/* A background job of a script ignores SIGINT, and so would what it starts. */
static void
reset_signals_in_child (gpointer data)
{
  signal (SIGINT, SIG_DFL);
  signal (SIGTERM, SIG_DFL);
  signal (SIGHUP, SIG_DFL);
}

static GSubprocess *
start_tool (const char         *folder,
            const char * const *words)
{
  g_autoptr(GSubprocessLauncher) launcher = NULL;
  g_autoptr(GPtrArray) argv = g_ptr_array_new ();
  g_autoptr(GError) error = NULL;
  GSubprocess *process;

  g_ptr_array_add (argv, (gpointer) tool_path);
  for (gsize i = 0; words[i] != NULL; i++)
    g_ptr_array_add (argv, (gpointer) words[i]);
  g_ptr_array_add (argv, NULL);

  launcher = g_subprocess_launcher_new (G_SUBPROCESS_FLAGS_STDIN_PIPE |
                                        G_SUBPROCESS_FLAGS_STDOUT_PIPE |
                                        G_SUBPROCESS_FLAGS_STDERR_PIPE);
  g_subprocess_launcher_set_child_setup (launcher, reset_signals_in_child, NULL, NULL);
  g_subprocess_launcher_set_cwd (launcher, folder);
  process = g_subprocess_launcher_spawnv (launcher, (const char * const *) argv->pdata, &error);
  g_assert_no_error (error);

  return process;
}

static void
finish_tool (GSubprocess *process,
             const char  *input,
             Outcome     *outcome)
{
  g_autoptr(GBytes) input_bytes = g_bytes_new (input, input != NULL ? strlen (input) : 0);
  g_autoptr(GBytes) out = NULL;
  g_autoptr(GBytes) err = NULL;
  g_autoptr(GError) error = NULL;
  g_autofree char *shown_out = NULL;

  g_subprocess_communicate (process, input_bytes, NULL, &out, &err, &error);
  g_assert_no_error (error);
  g_assert_true (g_subprocess_get_if_exited (process));
  outcome->exit_code = g_subprocess_get_exit_status (process);
  outcome->out_length = g_bytes_get_size (out);
  outcome->out = g_strndup (g_bytes_get_data (out, NULL), outcome->out_length);
  if (outcome->out == NULL)
    outcome->out = g_strdup ("");
  outcome->err = g_strndup (g_bytes_get_data (err, NULL), g_bytes_get_size (err));
  if (outcome->err == NULL)
    outcome->err = g_strdup ("");
  shown_out = g_strescape (outcome->out, "\n\"'");
  g_test_message ("exit code %d\nstdout: %s\nstderr: %s", outcome->exit_code, shown_out,
                  outcome->err);
}

static Outcome
run_in (const char *folder,
        const char *input,
        const char *first_word,
        ...) G_GNUC_NULL_TERMINATED;

static Outcome
run_in (const char *folder,
        const char *input,
        const char *first_word,
        ...)
{
  g_autoptr(GPtrArray) words = g_ptr_array_new ();
  g_autoptr(GSubprocess) process = NULL;
  Outcome outcome = { 0 };
  va_list args;

  va_start (args, first_word);
  for (const char *word = first_word; word != NULL; word = va_arg (args, const char *))
    g_ptr_array_add (words, (gpointer) word);
  va_end (args);
  g_ptr_array_add (words, NULL);

  process = start_tool (folder, (const char * const *) words->pdata);
  finish_tool (process, input, &outcome);

  return outcome;
}

#define assert_contains(text, part) \
  G_STMT_START \
    { \
      if (strstr ((text), (part)) == NULL) \
        g_error ("“%s” is not in: %s", (part), (text)); \
    } \
  G_STMT_END

/* ---- the program itself */

static void
test_version (Fixture       *fixture,
              gconstpointer  data)
{
  g_auto(Outcome) outcome = run_in (fixture->folder, NULL, "--version", NULL);

  g_assert_cmpint (outcome.exit_code, ==, 0);
  g_assert_cmpstr (outcome.out, ==, "proctor " PROCTOR_VERSION "\n");
  g_assert_cmpstr (outcome.err, ==, "");
}

static void
test_help (Fixture       *fixture,
           gconstpointer  data)
{
  g_auto(Outcome) overall = run_in (fixture->folder, NULL, "--help", NULL);
  g_auto(Outcome) of_run = run_in (fixture->folder, NULL, "run", "--help", NULL);
  static const char * const options[] = {
    "--shell", "--jobs", "--timeout", "--cwd", "--env", "--input", "--capture", "--json",
    "--label", "--from", "--grace", "--stop-plan", "--tree", "--max-output", "--stdin", "--stdout",
    "--stderr", "--append", "--pty", "--pipe", "--pipefail",
  };

  g_assert_cmpint (overall.exit_code, ==, 0);
  assert_contains (overall.out, "Examples:");
  assert_contains (overall.out, "run ");
  g_assert_cmpint (of_run.exit_code, ==, 0);
  assert_contains (of_run.out, "proctor run [OPTION");
  assert_contains (of_run.out, "Examples:");
  for (gsize i = 0; i < G_N_ELEMENTS (options); i++)
    assert_contains (of_run.out, options[i]);
}

static void
test_usage_errors (Fixture       *fixture,
                   gconstpointer  data)
{
  static const struct
  {
    const char *words[6];
    const char *message;
  } cases[] = {
    { { "walk" }, "“walk”" },
    { { "run" }, "no command" },
    { { "run", "--frobnicate", "true" }, "--frobnicate" },
    { { "run", "--timeout", "soon", "true" }, "“soon”" },
    { { "run", "--timeout", "0", "true" }, "“0”" },
    { { "run", "--grace", "-1", "true" }, "“-1”" },
    { { "run", "--stop-plan", "TERM:1,NONE", "true" }, "“NONE”" },
    { { "run", "--stop-plan", "TERM:soon", "true" }, "“soon”" },
    { { "run", "--stop-plan", "", "true" }, "“”" },
    { { "run", "--grace=1", "--stop-plan", "TERM", "true" }, "exclude" },
    { { "run", "--max-output", "many", "true" }, "“many”" },
    { { "run", "--max-output", "1:middle", "true" }, "“1:middle”" },
    { { "run", "--max-output", "-1", "true" }, "“-1”" },
    { { "run", "--max-output", "9999999999G", "true" }, "“9999999999G”" },
    { { "run", "--jobs", "-2", "true" }, "-2" },
    { { "run", "--env", "NAME", "true" }, "“NAME”" },
    { { "run", "--env", "=value", "true" }, "“=value”" },
    { { "run", "--from", "-", "--input", "-" }, "stdin" },
    { { "run", "--pipe", "true" }, "--pipe" },
    { { "run", "--pipefail", "true" }, "--pipefail" },
    { { "run", "--append", "true" }, "--append" },
    { { "run", "--stdin=x", "--input=x", "true" }, "--stdin" },
    { { "run", "--shell", "true", "--jobs", "2" }, "“--jobs”" },
    { { "run", "-sj" }, "-j" },
    { { "--frobnicate" }, "--frobnicate" },
    { { NULL }, "Usage:" },
  };

  for (gsize i = 0; i < G_N_ELEMENTS (cases); i++)
    {
      g_autoptr(GSubprocess) process = start_tool (fixture->folder, cases[i].words);
      g_auto(Outcome) outcome = { 0 };

      finish_tool (process, NULL, &outcome);
      g_assert_cmpint (outcome.exit_code, ==, 2);
      g_assert_cmpstr (outcome.out, ==, "");
      assert_contains (outcome.err, cases[i].message);
    }
}

/* ---- one command */

static void
test_exit_codes (Fixture       *fixture,
                 gconstpointer  data)
{
  static const struct
  {
    const char *words[7];
    int exit_code;
  } cases[] = {
    { { "run", "true" }, 0 },
    { { "run", "false" }, 1 },
    { { "run", "sh", "-c", "exit 200" }, 200 },
    { { "run", "--", "sh", "-c", "exit 7" }, 7 },
    { { "run", "--shell", "exit 3" }, 3 },
    { { "run", "--capture", "--shell", "exit 4" }, 4 },
    { { "run", "sh", "-c", "kill -TERM $$" }, 128 + SIGTERM },
    { { "run", "--json", "sh", "-c", "kill -KILL $$" }, 128 + SIGKILL },
    { { "run", "proctor-no-such-program" }, 127 },
    { { "run", "./no-such-program" }, 127 },
    { { "run", "" }, 127 },
    { { "run", "./plain-file" }, 126 },
    { { "run", "/" }, 126 },
    { { "run", "--cwd", "no-such-folder", "true" }, 125 },
    { { "run", "--input", "no-such-file", "cat" }, 125 },
    { { "run", "--from", "no-such-file" }, 125 },
  };
  g_autofree char *plain_file = g_build_filename (fixture->folder, "plain-file", NULL);

  g_assert_true (g_file_set_contents (plain_file, "text\n", -1, NULL));
  for (gsize i = 0; i < G_N_ELEMENTS (cases); i++)
    {
      g_autoptr(GSubprocess) process = start_tool (fixture->folder, cases[i].words);
      g_auto(Outcome) outcome = { 0 };

      g_test_message ("case %" G_GSIZE_FORMAT, i);
      finish_tool (process, NULL, &outcome);
      g_assert_cmpint (outcome.exit_code, ==, cases[i].exit_code);
      if (cases[i].exit_code >= 125 && cases[i].exit_code <= 127)
        g_assert_true (g_str_has_prefix (outcome.err, "proctor: "));
    }
}

static void
test_one_command_is_itself (Fixture       *fixture,
                            gconstpointer  data)
{
  /* Its own options are not ours, its input is ours, nothing is added to its output. */
  g_auto(Outcome) outcome = run_in (fixture->folder, "from stdin", "run", "sh", "-c",
                                    "cat; echo; echo \"$1 $2\"; echo err >&2; exit 5", "--label",
                                    "--shell", "--", NULL);

  g_assert_cmpint (outcome.exit_code, ==, 5);
  g_assert_cmpstr (outcome.out, ==, "from stdin\n--shell --\n");
  g_assert_cmpstr (outcome.err, ==, "err\n");
}

static void
test_capture (Fixture       *fixture,
              gconstpointer  data)
{
  g_auto(Outcome) outcome = run_in (fixture->folder, "in", "run", "--capture", "--shell",
                                    "cat; echo err >&2; exit 6", NULL);

  g_assert_cmpint (outcome.exit_code, ==, 6);
  g_assert_cmpstr (outcome.out, ==, "in");
  g_assert_cmpstr (outcome.err, ==, "err\n");
}

static void
test_cwd_and_env (Fixture       *fixture,
                  gconstpointer  data)
{
  g_auto(Outcome) outcome = run_in (fixture->folder, NULL, "run", "--cwd", "/", "--env", "A=1=2",
                                    "--env", "B=", "--shell", "pwd; echo \"$A|${B-unset}\"", NULL);

  g_assert_cmpint (outcome.exit_code, ==, 0);
  g_assert_cmpstr (outcome.out, ==, "/\n1=2|\n");
}

static void
test_input (Fixture       *fixture,
            gconstpointer  data)
{
  g_autofree char *path = g_build_filename (fixture->folder, "input", NULL);

  g_assert_true (g_file_set_contents (path, "b\na\n", -1, NULL));
  {
    g_auto(Outcome) outcome = run_in (fixture->folder, NULL, "run", "--input", "input", "sort",
                                      NULL);

    g_assert_cmpint (outcome.exit_code, ==, 0);
    g_assert_cmpstr (outcome.out, ==, "a\nb\n");
  }
  {
    g_auto(Outcome) outcome = run_in (fixture->folder, "d\nc\n", "run", "--input", "-", "--shell",
                                      "--label", "sort", "cat", NULL);
    g_auto(GStrv) lines = g_strsplit (outcome.out, "\n", -1);
    const char * const *strv = (const char * const *) lines;

    g_assert_cmpint (outcome.exit_code, ==, 0);
    g_assert_true (g_strv_contains (strv, "[1] c"));
    g_assert_true (g_strv_contains (strv, "[2] d"));
    g_assert_cmpint (g_strv_length (lines), ==, 5);
  }
}

/* ---- several */

static void
test_several (Fixture       *fixture,
              gconstpointer  data)
{
  /* The first ends last; where the tool is slow it finds both at once. */
  g_auto(Outcome) outcome = run_in (fixture->folder, "not for them", "run", "--shell", "--label",
                                    "while [ ! -e done ]; do sleep 0.01; done; echo one; "
                                    "echo uno; printf 'no newline'",
                                    "cat; echo two; echo dos >&2; : >done; exit 9", NULL);

  g_assert_cmpint (outcome.exit_code, ==, 1);
  if (g_str_has_prefix (outcome.out, "[2]"))
    g_assert_cmpstr (outcome.out, ==, "[2] two\n[1] one\n[1] uno\n[1] no newline\n");
  else
    g_assert_cmpstr (outcome.out, ==, "[1] one\n[1] uno\n[1] no newline\n[2] two\n");
  assert_contains (outcome.err, "[2] dos\n[2] proctor: “cat; ");
  assert_contains (outcome.err, "exited with 9\n");
  g_assert_true (g_str_has_suffix (outcome.err, "\n2 commands: 1 failed\n"));
  g_assert_null (strchr (outcome.err, '\r'));
}

static void
test_several_without_label (Fixture       *fixture,
                            gconstpointer  data)
{
  g_auto(Outcome) outcome = run_in (fixture->folder, NULL, "run", "--jobs", "1", "--shell",
                                    "echo one", "echo two", "echo three", NULL);

  g_assert_cmpint (outcome.exit_code, ==, 0);
  g_assert_cmpstr (outcome.out, ==, "one\ntwo\nthree\n");
  g_assert_cmpstr (outcome.err, ==, "3 commands: none failed\n");
}

static void
test_jobs_bound (Fixture       *fixture,
                 gconstpointer  data)
{
  /* Each holds a place for a moment and counts the places; mkdir is atomic. */
  static const char script[] =
    "for n in 1 2 3 4; do mkdir place$n 2>/dev/null && break; done; "
    "echo $n; sleep 0.05; rmdir place$n";
  g_auto(Outcome) outcome = run_in (fixture->folder, NULL, "run", "--jobs", "2", "--shell", script,
                                    script, script, script, script, script, NULL);

  g_assert_cmpint (outcome.exit_code, ==, 0);
  g_assert_cmpuint (outcome.out_length, ==, 12);
  g_assert_null (strchr (outcome.out, '3'));
  g_assert_null (strchr (outcome.out, '4'));
}

static void
test_several_that_cannot_start (Fixture       *fixture,
                                gconstpointer  data)
{
  g_auto(Outcome) outcome = run_in (fixture->folder, NULL, "run", "--cwd", "no-such-folder",
                                    "--shell", "true", "true", NULL);

  g_assert_cmpint (outcome.exit_code, ==, 1);
  g_assert_cmpstr (outcome.out, ==, "");
  assert_contains (outcome.err, "no-such-folder");
  assert_contains (outcome.err, "2 commands: 2 failed\n");
}

static void
test_from (Fixture       *fixture,
           gconstpointer  data)
{
  static const char list[] =
    "# a comment\n\necho one; exit 1\n   \n  # another\necho two # no comment";
  g_autofree char *path = g_build_filename (fixture->folder, "list", NULL);

  g_assert_true (g_file_set_contents (path, list, -1, NULL));
  {
    g_auto(Outcome) outcome = run_in (fixture->folder, NULL, "run", "--jobs", "1", "--from", "list",
                                      NULL);

    g_assert_cmpint (outcome.exit_code, ==, 1);
    g_assert_cmpstr (outcome.out, ==, "one\ntwo\n");
    assert_contains (outcome.err, "2 commands: 1 failed\n");
  }
  {
    g_auto(Outcome) outcome = run_in (fixture->folder, list, "run", "--jobs", "1", "--label",
                                      "--from", "-", "echo", "zero", NULL);

    g_assert_cmpint (outcome.exit_code, ==, 1);
    g_assert_cmpstr (outcome.out, ==, "[1] zero\n[2] one\n[3] two\n");
  }
  {
    g_auto(Outcome) outcome = run_in (fixture->folder, "# nothing\n", "run", "--from", "-", NULL);

    g_assert_cmpint (outcome.exit_code, ==, 0);
    g_assert_cmpstr (outcome.err, ==, "");
  }
  {
    g_auto(Outcome) outcome = run_in (fixture->folder, "echo one\r\n\r\n# no\r\necho \377",
                                      "run", "-j1", "-f-", NULL);

    g_assert_cmpint (outcome.exit_code, ==, 0);
    g_assert_cmpstr (outcome.out, ==, "one\n\377\n");
    g_assert_cmpstr (outcome.err, ==, "2 commands: none failed\n");
  }
}

/* Options as people write them; those of the command are its own. */
static void
test_short_options (Fixture       *fixture,
                    gconstpointer  data)
{
  g_auto(Outcome) joined = run_in (fixture->folder, "x", "run", "-t50", "-C/", "-eA=-j4", "-i-",
                                   "-sc", "pwd; echo $A; cat", NULL);
  g_auto(Outcome) apart = run_in (fixture->folder, NULL, "run", "-sj1", "-e", "-j4=1", "-l",
                                  "echo one", "echo two", NULL);
  g_auto(Outcome) others = run_in (fixture->folder, NULL, "run", "printf", "%s,", "-j4", "--",
                                   "-t5", NULL);

  g_assert_cmpstr (joined.out, ==, "/\n-j4\nx");
  g_assert_cmpstr (apart.out, ==, "[1] one\n[2] two\n");
  g_assert_cmpstr (others.out, ==, "-j4,--,-t5,");
}

static int
run_shell (const char *folder,
           const char *script)
{
  char *argv[] = { "sh", "-c", (char *) script, NULL };
  g_autoptr(GError) error = NULL;
  int status = 0;

  g_spawn_sync (folder, argv, NULL,
                G_SPAWN_SEARCH_PATH | G_SPAWN_STDOUT_TO_DEV_NULL | G_SPAWN_STDERR_TO_DEV_NULL, NULL,
                NULL, NULL, NULL, &status, &error);
  g_assert_no_error (error);
  g_assert_true (WIFEXITED (status));
  return WEXITSTATUS (status);
}

/* What is closed here is of no use to the command either: nothing of ours lies in its place. */
static void
test_closed_files (Fixture       *fixture,
                   gconstpointer  data)
{
  static const struct
  {
    const char *words;
    int exit_code;
  } cases[] = {
    { "cat <&-", 1 },
    { "echo x >&-", 1 },
    { "sh -c 'echo x >&2 || exit 3' 2>&-", 3 },
    { "-c echo x <&-", 0 },
    { "-c echo x >&-", 125 },
    { "-c echo x 2>&-", 0 },
    { "-s 'exit 0' 'exit 0' <&- >&- 2>&-", 0 },
  };

  for (gsize i = 0; i < G_N_ELEMENTS (cases); i++)
    {
      g_autofree char *script = g_strdup_printf ("%s run %s", tool_path, cases[i].words);

      g_test_message ("%s", script);
      g_assert_cmpint (run_shell (fixture->folder, script), ==, cases[i].exit_code);
    }
}

/* More at once than there are fds for: they take turns. */
static void
test_few_fds (Fixture       *fixture,
              gconstpointer  data)
{
  g_autofree char *script =
    g_strdup_printf ("ulimit -n 40; seq 300 | sed 's/^/echo /' | %s run --jobs 0 --from -",
                     tool_path);
  g_autofree char *out = NULL;
  g_autofree char *err = NULL;
  g_auto(GStrv) lines = NULL;
  int status = 0;

#ifdef __SANITIZE_THREAD__
  g_test_skip ("Without fds ThreadSanitizer finds no names, and so none of GLib's that is suppressed");
  return;
#endif

  g_assert_true (g_spawn_sync (fixture->folder, (char *[]){ "sh", "-c", script, NULL }, NULL,
                               G_SPAWN_SEARCH_PATH, NULL, NULL, &out, &err, &status, NULL));
  g_assert_cmpstr (err, ==, "300 commands: none failed\n");
  g_assert_cmpint (status, ==, 0);
  lines = g_strsplit (out, "\n", -1);
  g_assert_cmpuint (g_strv_length (lines), ==, 301);
}

/* ---- JSON */

static GPtrArray *
parse_objects (const char *text)
{
  GPtrArray *objects = g_ptr_array_new_with_free_func ((GDestroyNotify) json_object_unref);
  g_auto(GStrv) lines = g_strsplit (text, "\n", -1);

  for (char **line = lines; *line != NULL && **line != '\0'; line++)
    {
      g_autoptr(GError) error = NULL;
      g_autoptr(JsonNode) node = json_from_string (*line, &error);

      g_assert_no_error (error);
      g_ptr_array_add (objects, json_node_dup_object (node));
    }

  return objects;
}

static void
test_json (Fixture       *fixture,
           gconstpointer  data)
{
  static const char * const names[] = {
    "index", "command", "returncode", "signal", "stdout", "stderr", "stdout_cut", "stderr_cut",
    "timed_out", "incomplete",
    "start_time", "wall_time", "user_time", "system_time", "error",
  };
  g_auto(Outcome) outcome = run_in (fixture->folder, NULL, "run", "--json", "--shell",
                                    "while [ ! -e done ]; do sleep 0.01; done; echo 'é \"x\"\\'",
                                    ": >done; echo err >&2; kill -TERM $$", NULL);
  g_autoptr(GPtrArray) objects = parse_objects (outcome.out);
  g_autoptr(GDateTime) start = NULL;
  g_autoptr(GDateTime) now = g_date_time_new_now_utc ();
  JsonObject *first;
  JsonObject *second;

  g_assert_cmpint (outcome.exit_code, ==, 1);
  g_assert_cmpstr (outcome.err, ==, "2 commands: 1 failed\n");
  g_assert_cmpuint (objects->len, ==, 2);
  first = objects->pdata[0];
  second = objects->pdata[1];
  for (gsize i = 0; i < G_N_ELEMENTS (names); i++)
    g_assert_true (json_object_has_member (first, names[i]));

  g_assert_cmpint (json_object_get_int_member (first, "index"), ==, 1);
  g_assert_true (g_str_has_prefix (json_object_get_string_member (first, "command"), "while"));
  g_assert_cmpint (json_object_get_int_member (first, "returncode"), ==, 0);
  g_assert_true (json_object_get_null_member (first, "signal"));
  g_assert_cmpstr (json_object_get_string_member (first, "stdout"), ==, "é \"x\"\\\n");
  g_assert_cmpstr (json_object_get_string_member (first, "stderr"), ==, "");
  g_assert_false (json_object_get_boolean_member (first, "timed_out"));
  g_assert_false (json_object_get_boolean_member (first, "incomplete"));
  g_assert_true (json_object_get_null_member (first, "error"));
  g_assert_cmpfloat (json_object_get_double_member (first, "wall_time"), >, 0);
  g_assert_cmpfloat (json_object_get_double_member (first, "wall_time"), <, DEADLINE_SECONDS);
  start = g_date_time_new_from_iso8601 (json_object_get_string_member (first, "start_time"), NULL);
  g_assert_nonnull (start);
  g_assert_cmpint (ABS (g_date_time_difference (now, start)), <,
                   DEADLINE_SECONDS * G_TIME_SPAN_SECOND);

  g_assert_cmpint (json_object_get_int_member (second, "index"), ==, 2);
  g_assert_cmpint (json_object_get_int_member (second, "returncode"), ==, -SIGTERM);
  g_assert_cmpstr (json_object_get_string_member (second, "signal"), ==, "SIGTERM");
  g_assert_cmpstr (json_object_get_string_member (second, "stderr"), ==, "err\n");
}

static void
test_json_bytes (Fixture       *fixture,
                 gconstpointer  data)
{
  g_auto(Outcome) outcome = run_in (fixture->folder, NULL, "run", "--json", "--shell",
                                    "printf '\\377\\000x'; printf 'a\\000b' >&2", NULL);
  g_autoptr(GPtrArray) objects = parse_objects (outcome.out);
  JsonObject *object;

  g_assert_cmpint (outcome.exit_code, ==, 0);
  g_assert_cmpuint (objects->len, ==, 1);
  object = objects->pdata[0];
  g_assert_false (json_object_has_member (object, "stdout"));
  g_assert_cmpstr (json_object_get_string_member (object, "stdout_base64"), ==, "/wB4");
  g_assert_cmpstr (json_object_get_string_member (object, "stderr_base64"), ==, "YQBi");
}

static void
test_json_error (Fixture       *fixture,
                 gconstpointer  data)
{
  g_auto(Outcome) outcome = run_in (fixture->folder, NULL, "run", "--json",
                                    "proctor-no-such-program", "an argument", NULL);
  g_autoptr(GPtrArray) objects = parse_objects (outcome.out);
  JsonObject *object;

  g_assert_cmpint (outcome.exit_code, ==, 127);
  g_assert_cmpuint (objects->len, ==, 1);
  object = objects->pdata[0];
  g_assert_cmpstr (json_object_get_string_member (object, "command"), ==,
                   "proctor-no-such-program 'an argument'");
  g_assert_true (json_object_get_null_member (object, "returncode"));
  g_assert_true (json_object_get_null_member (object, "stdout"));
  g_assert_true (json_object_get_null_member (object, "wall_time"));
  assert_contains (json_object_get_string_member (object, "error"), "No such file or directory");
}

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

/* At the end of file right away: whoever had it open has gone before the tool has. */
static void
assert_nothing_left (int witness)
{
  char byte;

  g_assert_cmpint (read (witness, &byte, 1), ==, 0);
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
  assert_nothing_left (witness);
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
  for (gsize i = 0; timeouts[i] != NULL; i++)
    {
      g_auto(Outcome) outcome = run_in (fixture->folder, NULL, "run", "--timeout", timeouts[i],
                                        "--stop-plan", "USR1:0.3,SIGINT:0.3,15:0.3", "--capture",
                                        "--shell",
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
      assert_nothing_left (witness);
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
  assert_nothing_left (witness);
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
  assert_nothing_left (witness);
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

/* Runs the words in a script that has a terminal of its own: when its first process ends, the kernel
 * resets the terminal. Returns what the script has written to the file "result".
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

/* ---- files, terminals, pipes */

static void
assert_content (Fixture    *fixture,
                const char *name,
                const char *expected)
{
  g_autofree char *path = g_build_filename (fixture->folder, name, NULL);
  g_autofree char *content = NULL;

  g_assert_true (g_file_get_contents (path, &content, NULL, NULL));
  g_assert_cmpstr (content, ==, expected);
}

static void
test_files (Fixture       *fixture,
            gconstpointer  data)
{
  g_auto(Outcome) made = run_in (fixture->folder, NULL, "run", "--stdout", "out", "--stderr", "err",
                                 "sh", "-c", "echo one; echo two >&2", NULL);
  g_auto(Outcome) appended = run_in (fixture->folder, NULL, "run", "--stdout=out", "--append",
                                     "echo", "three", NULL);
  /* Not with an input from here: who writes what nobody reads may get SIGPIPE. */
  g_autofree char *unread =
    g_strdup_printf ("echo not this | %s run --stdin out cat", tool_path);
  g_auto(Outcome) read = run_in (fixture->folder, NULL, "run", "--shell", unread, NULL);
  g_auto(Outcome) missing = run_in (fixture->folder, NULL, "run", "--stdin", "none", "cat", NULL);

  g_assert_cmpint (made.exit_code, ==, 0);
  g_assert_cmpstr (made.out, ==, "");
  g_assert_cmpint (appended.exit_code, ==, 0);
  assert_content (fixture, "out", "one\nthree\n");
  assert_content (fixture, "err", "two\n");
  g_assert_cmpstr (read.out, ==, "one\nthree\n");
  g_assert_cmpint (missing.exit_code, ==, 125);
  assert_contains (missing.err, "none");
}

static void
test_pty (Fixture       *fixture,
          gconstpointer  data)
{
  g_auto(Outcome) sized = run_in (fixture->folder, NULL, "run", "--pty", "sh", "-c",
                                  "test -t 0 && test -t 1 && test -t 2 && stty size; exit 5", NULL);
  g_auto(Outcome) fed = run_in (fixture->folder, "typed\n", "run", "--pty", "sh", "-c",
                                "read word; echo got $word", NULL);
  g_auto(Outcome) captured = run_in (fixture->folder, NULL, "run", "--pty", "--json", "--shell",
                                     "test -t 1 && echo yes", "test -t 2 && echo too >&2", NULL);

  g_assert_cmpint (sized.exit_code, ==, 5);
  assert_contains (sized.out, "24 80\r\n");
  g_assert_cmpint (fed.exit_code, ==, 0);
  assert_contains (fed.out, "typed\r\n");
  assert_contains (fed.out, "got typed\r\n");
  assert_contains (captured.out, "yes\\r\\n");
  assert_contains (captured.out, "too\\r\\n");
}

static void
test_pipe (Fixture       *fixture,
           gconstpointer  data)
{
  g_auto(Outcome) sorted = run_in (fixture->folder, "b\na\n", "run", "--shell", "--pipe", "cat",
                                   "sort", "tr ab AB; exit 3", NULL);
  g_auto(Outcome) endless = run_in (fixture->folder, NULL, "run", "--shell", "--pipe", "yes",
                                    "head -n 2", NULL);
  g_auto(Outcome) failing = run_in (fixture->folder, NULL, "run", "--shell", "--pipe", "--pipefail",
                                    "exit 3", "exit 4", "true", NULL);
  g_auto(Outcome) fed = run_in (fixture->folder, "x", "run", "--shell", "--pipe", "--input", "-",
                                "cat", "tr x y", NULL);

  g_assert_cmpint (sorted.exit_code, ==, 3);
  g_assert_cmpstr (sorted.out, ==, "A\nB\n");
  g_assert_cmpint (endless.exit_code, ==, 0);
  g_assert_cmpstr (endless.out, ==, "y\ny\n");
  g_assert_cmpstr (endless.err, ==, "");
  g_assert_cmpint (failing.exit_code, ==, 4);
  g_assert_cmpstr (fed.out, ==, "y");
}

static void
add (const char *path,
     void      (* func) (Fixture       *fixture,
                         gconstpointer  data))
{
  g_test_add (path, Fixture, NULL, fixture_set_up, func, fixture_tear_down);
}

int
main (int    argc,
      char **argv)
{
  g_test_init (&argc, &argv, NULL);
  tool_path = g_getenv ("PROCTOR_TEST_TOOL");
  if (tool_path == NULL)
    {
      g_printerr ("PROCTOR_TEST_TOOL is not set\n");
      return 1;
    }
  /* Ends the whole test, and with it the pipes of what it has started. */
  alarm (4 * DEADLINE_SECONDS);

  add ("/tool/version", test_version);
  add ("/tool/help", test_help);
  add ("/tool/usage-errors", test_usage_errors);
  add ("/tool/run/exit-codes", test_exit_codes);
  add ("/tool/run/one-command-is-itself", test_one_command_is_itself);
  add ("/tool/run/capture", test_capture);
  add ("/tool/run/cwd-and-env", test_cwd_and_env);
  add ("/tool/run/input", test_input);
  add ("/tool/run/several", test_several);
  add ("/tool/run/several-without-label", test_several_without_label);
  add ("/tool/run/jobs-bound", test_jobs_bound);
  add ("/tool/run/several-that-cannot-start", test_several_that_cannot_start);
  add ("/tool/run/from", test_from);
  add ("/tool/run/short-options", test_short_options);
  add ("/tool/run/closed-files", test_closed_files);
  add ("/tool/run/few-fds", test_few_fds);
  add ("/tool/run/json", test_json);
  add ("/tool/run/json-bytes", test_json_bytes);
  add ("/tool/run/json-error", test_json_error);
  add ("/tool/run/timeout", test_timeout);
  add ("/tool/run/timeout-of-several", test_timeout_of_several);
  add ("/tool/run/timeout-takes-descendants", test_timeout_takes_descendants);
  add ("/tool/run/stop-plan", test_stop_plan);
  add ("/tool/run/tree", test_tree);
  add ("/tool/run/max-output", test_max_output);
  add ("/tool/run/files", test_files);
  add ("/tool/run/pty", test_pty);
  add ("/tool/run/pipe", test_pipe);
  add ("/tool/run/interrupt", test_interrupt);
  add ("/tool/run/interrupt-one", test_interrupt_one);
  add ("/tool/run/second-interrupt-kills", test_second_interrupt_kills);
  add ("/tool/run/broken-pipe", test_broken_pipe);
  add ("/tool/run/reader-gone", test_reader_gone);
  add ("/tool/run/interrupt-of-all", test_interrupt_of_all);
  add ("/tool/run/terminal-settings", test_terminal_settings);
  add ("/tool/run/progress", test_progress);

  return g_test_run ();
}
