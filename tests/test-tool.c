/* The program as its users see it: what it runs, and what it says of that.
 *
 * SPDX-License-Identifier: LGPL-2.1-or-later
 */

/* Thread: MAIN. */

#include "config.h"

#include "tool-run-testing.h"

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
  g_test_skip (
    "Without fds ThreadSanitizer finds no names, and so none of GLib's that is suppressed");
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
  g_auto(Outcome) read = run_in (fixture->folder, "not this", "run", "--stdin", "out", "cat", NULL);
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

int
main (int    argc,
      char **argv)
{
  tool_run_testing_init (&argc, &argv);

  add_test ("/tool/version", test_version);
  add_test ("/tool/help", test_help);
  add_test ("/tool/usage-errors", test_usage_errors);
  add_test ("/tool/run/exit-codes", test_exit_codes);
  add_test ("/tool/run/one-command-is-itself", test_one_command_is_itself);
  add_test ("/tool/run/capture", test_capture);
  add_test ("/tool/run/cwd-and-env", test_cwd_and_env);
  add_test ("/tool/run/input", test_input);
  add_test ("/tool/run/several", test_several);
  add_test ("/tool/run/several-without-label", test_several_without_label);
  add_test ("/tool/run/jobs-bound", test_jobs_bound);
  add_test ("/tool/run/several-that-cannot-start", test_several_that_cannot_start);
  add_test ("/tool/run/from", test_from);
  add_test ("/tool/run/short-options", test_short_options);
  add_test ("/tool/run/closed-files", test_closed_files);
  add_test ("/tool/run/few-fds", test_few_fds);
  add_test ("/tool/run/json", test_json);
  add_test ("/tool/run/json-bytes", test_json_bytes);
  add_test ("/tool/run/json-error", test_json_error);
  add_test ("/tool/run/files", test_files);
  add_test ("/tool/run/pty", test_pty);
  add_test ("/tool/run/pipe", test_pipe);

  return g_test_run ();
}
