/* The builder of commands: what is refused and in which words, snapshots, and the short form for
 * messages.
 *
 * SPDX-License-Identifier: LGPL-2.1-or-later
 */

#include "config.h"

#include <string.h>

#include <proctor/proctor.h>

#include "command/launch-plan.h"
#include "command/proctor-command-private.h"

/* The value of every variable here. No message may show it. */
#define SECRET "hunter2"

typedef enum
{
  EDIT_NONE,
  EDIT_EXECUTABLE,
  EDIT_CWD,
  EDIT_ENVIRON, /* text: entries with a line break between them */
  EDIT_SETENV,
  EDIT_UNSETENV,
  EDIT_CLEAR_ENVIRON,
  EDIT_STDIN,
  EDIT_STDOUT,
  EDIT_STDERR,
  EDIT_STDIN_PATH,
  EDIT_STDOUT_PATH, /* number: whether to append */
  EDIT_STDERR_PATH,
  EDIT_FLAGS,
  EDIT_PROCESS_GROUP,
  EDIT_LIMIT,
  EDIT_TIMEOUT,
  EDIT_DRAIN_GRACE,
} EditKind;

/* One call of a setter. */
typedef struct
{
  EditKind kind;
  const char *text;
  gint64 number;
} Edit;

static void
apply_environment_edit (ProctorCommand *command,
                        const Edit     *edit)
{
  g_auto(GStrv) entries = edit->text != NULL ? g_strsplit (edit->text, "\n", -1) : NULL;

  if (edit->kind == EDIT_ENVIRON)
    proctor_command_set_environ (command, (const char * const *) entries);
  else if (edit->kind == EDIT_SETENV)
    proctor_command_setenv (command, edit->text, SECRET);
  else if (edit->kind == EDIT_UNSETENV)
    proctor_command_unsetenv (command, edit->text);
  else
    proctor_command_clear_environ (command);
}

static void
apply_edit (ProctorCommand *command,
            const Edit     *edit)
{
  switch (edit->kind)
    {
    case EDIT_NONE:
      break;
    case EDIT_EXECUTABLE:
      proctor_command_set_executable (command, edit->text);
      break;
    case EDIT_CWD:
      proctor_command_set_cwd (command, edit->text);
      break;
    case EDIT_ENVIRON:
    case EDIT_SETENV:
    case EDIT_UNSETENV:
    case EDIT_CLEAR_ENVIRON:
      apply_environment_edit (command, edit);
      break;
    case EDIT_STDIN:
      proctor_command_set_stdin (command, (ProctorStdio) edit->number);
      break;
    case EDIT_STDOUT:
      proctor_command_set_stdout (command, (ProctorStdio) edit->number);
      break;
    case EDIT_STDERR:
      proctor_command_set_stderr (command, (ProctorStdio) edit->number);
      break;
    case EDIT_STDIN_PATH:
      proctor_command_set_stdin_path (command, edit->text);
      break;
    case EDIT_STDOUT_PATH:
      proctor_command_set_stdout_path (command, edit->text, edit->number != 0);
      break;
    case EDIT_STDERR_PATH:
      proctor_command_set_stderr_path (command, edit->text, edit->number != 0);
      break;
    case EDIT_FLAGS:
      proctor_command_set_flags (command, (ProctorCommandFlags) edit->number);
      break;
    case EDIT_PROCESS_GROUP:
      proctor_command_set_process_group (command, (int) edit->number);
      break;
    case EDIT_LIMIT:
      proctor_command_set_limit (command, (gsize) edit->number);
      break;
    case EDIT_TIMEOUT:
      proctor_command_set_timeout (command, edit->number);
      break;
    case EDIT_DRAIN_GRACE:
      proctor_command_set_drain_grace (command, edit->number);
      break;
    default:
      g_assert_not_reached ();
    }
}

#define NO_PROGRAM ((const char *) 1)

typedef struct
{
  const char *name;
  const char *program; /* NULL: "true"; NO_PROGRAM: an empty argument vector */
  Edit edits[2];
  const char *message; /* NULL: nothing is wrong. What the message must contain otherwise */
} ValidationCase;

static const ValidationCase validation_cases[] = {
  { "plain", .message = NULL },
  { "empty-argv", NO_PROGRAM, .message = "argument vector is empty" },
  { "empty-argv-executable", NO_PROGRAM, { { EDIT_EXECUTABLE, "true" } }, "vector is empty" },
  { "empty-program", "", .message = "“”" },
  { "empty-program-executable", "", { { EDIT_EXECUTABLE, "true" } }, NULL },
  { "empty-executable", NULL, { { EDIT_EXECUTABLE, "" } }, "executable “”" },
  { "executable-reset", NULL, { { EDIT_EXECUTABLE, "" }, { EDIT_EXECUTABLE, NULL } }, NULL },
  { "empty-cwd", NULL, { { EDIT_CWD, "" } }, "working directory “”" },
  { "cwd-reset", NULL, { { EDIT_CWD, "" }, { EDIT_CWD, NULL } }, NULL },

  { "stdin-stdout", NULL, { { EDIT_STDIN, NULL, PROCTOR_STDIO_STDOUT } }, "stdin" },
  { "stdout-stdout", NULL, { { EDIT_STDOUT, NULL, PROCTOR_STDIO_STDOUT } }, "for stdout" },
  { "stdout-named", NULL, { { EDIT_STDOUT, NULL, PROCTOR_STDIO_STDOUT } }, "PROCTOR_STDIO_STDOUT" },
  { "stderr-stdout", NULL, { { EDIT_STDERR, NULL, PROCTOR_STDIO_STDOUT } }, NULL },
  { "stdin-unknown", NULL, { { EDIT_STDIN, NULL, 7 } }, "7 is not" },
  { "stdout-unknown", NULL, { { EDIT_STDOUT, NULL, 1000 } }, "1000 is not" },
  { "stderr-unknown", NULL, { { EDIT_STDERR, NULL, -7 } }, "-7 is not" },
  { "stderr-unknown-named", NULL, { { EDIT_STDERR, NULL, -7 } }, "stderr" },
  { "unknown-then-path", NULL, { { EDIT_STDERR, NULL, 77 }, { EDIT_STDERR_PATH, "log" } }, NULL },
  { "stdin-path-empty", NULL, { { EDIT_STDIN_PATH, "" } }, "“” for stdin" },
  { "stdout-path-empty", NULL, { { EDIT_STDOUT_PATH, "" } }, "“” for stdout" },
  { "stderr-path-empty", NULL, { { EDIT_STDERR_PATH, "", 1 } }, "“” for stderr" },

  { "setenv-empty", NULL, { { EDIT_SETENV, "" } }, "“”" },
  { "setenv-equals", NULL, { { EDIT_SETENV, "BAD=NAME" } }, "“BAD=NAME”" },
  { "setenv-equals-first", NULL, { { EDIT_SETENV, "=C:" } }, "“=C:”" },
  { "setenv-not-utf8", NULL, { { EDIT_SETENV, "B\xff=" } }, "“B\357\277\275=”" },
  { "unsetenv-empty", NULL, { { EDIT_UNSETENV, "" } }, "“”" },
  { "unsetenv-equals", NULL, { { EDIT_UNSETENV, "A=B" } }, "“A=B”" },
  { "setenv-then-clear", NULL, { { EDIT_SETENV, "BAD=NAME" }, { EDIT_CLEAR_ENVIRON } }, NULL },
  { "setenv-then-environ", NULL, { { EDIT_SETENV, "" }, { EDIT_ENVIRON, "A=" SECRET } }, NULL },
  { "environ-no-equals", NULL, { { EDIT_ENVIRON, "A=" SECRET "\nNOTHING" } }, "“NOTHING”" },
  { "environ-no-name", NULL, { { EDIT_ENVIRON, "A=" SECRET "\n=" SECRET } }, "Entry 1" },
  { "environ-empty-entry", NULL, { { EDIT_ENVIRON, "" } }, NULL },
  { "environ-blank-entry", NULL, { { EDIT_ENVIRON, "A=\n\nB=" } }, "“”" },
  { "environ-duplicate", NULL, { { EDIT_ENVIRON, "A=1\nA=2" } }, NULL },
  { "environ-empty-value", NULL, { { EDIT_ENVIRON, "A=" } }, NULL },
  { "environ-reset", NULL, { { EDIT_ENVIRON, "NOTHING" }, { EDIT_ENVIRON, NULL } }, NULL },

  { "flags-known", NULL, { { EDIT_FLAGS, NULL, 31 } }, NULL },
  { "flags-unknown", NULL, { { EDIT_FLAGS, NULL, 0x40000005 } }, "0x40000000" },
  { "flags-negative", NULL, { { EDIT_FLAGS, NULL, -1 } }, "The flags 0xff" },
  { "group-own", NULL, { { EDIT_PROCESS_GROUP, NULL, 0 } }, NULL },
  { "group-none", NULL, { { EDIT_PROCESS_GROUP, NULL, -1 } }, NULL },
  { "group-negative", NULL, { { EDIT_PROCESS_GROUP, NULL, -2 } }, "-2" },
  { "group-minimum", NULL, { { EDIT_PROCESS_GROUP, NULL, G_MININT } }, "-2147483648" },
  { "session",
    NULL,
    { { EDIT_FLAGS, NULL, PROCTOR_COMMAND_NEW_SESSION }, { EDIT_PROCESS_GROUP, NULL, -1 } },
    NULL },
  { "session-own-group",
    NULL,
    { { EDIT_FLAGS, NULL, PROCTOR_COMMAND_NEW_SESSION }, { EDIT_PROCESS_GROUP, NULL, 0 } },
    "PROCTOR_COMMAND_NEW_SESSION" },
  { "session-group",
    NULL,
    { { EDIT_FLAGS, NULL, PROCTOR_COMMAND_NEW_SESSION }, { EDIT_PROCESS_GROUP, NULL, 4711 } },
    "4711" },
  { "limit-zero", NULL, { { EDIT_LIMIT, NULL, 0 } }, "0 bytes" },
  { "limit-one", NULL, { { EDIT_LIMIT, NULL, 1 } }, NULL },
  { "limit-huge", NULL, { { EDIT_LIMIT, NULL, -1 } }, NULL },
  { "timeout-zero", NULL, { { EDIT_TIMEOUT, NULL, 0 } }, NULL },
  { "times-negative",
    NULL,
    { { EDIT_TIMEOUT, NULL, G_MININT64 }, { EDIT_DRAIN_GRACE, NULL, -5 } },
    NULL },
};

static ProctorCommand *
make_command (const ValidationCase *test)
{
  ProctorCommand *command;

  if (test->program == NO_PROGRAM)
    command = proctor_command_new (NULL, NULL);
  else
    command = proctor_command_new (test->program != NULL ? test->program : "true", NULL);

  for (gsize i = 0; i < G_N_ELEMENTS (test->edits); i++)
    apply_edit (command, &test->edits[i]);

  return command;
}

static void
test_validation (gconstpointer data)
{
  const ValidationCase *test = data;
  g_autoptr(ProctorCommand) command = make_command (test);
  g_autoptr(CommandSpec) spec = proctor_command_dup_spec (command);
  g_autoptr(LaunchPlan) plan = NULL;
  g_autoptr(GError) error = NULL;
  g_autoptr(GError) plan_error = NULL;
  gboolean valid = command_spec_validate (spec, &error);

  if (test->message == NULL)
    {
      g_assert_no_error (error);
      g_assert_true (valid);
      g_assert_true (command_spec_validate (spec, NULL));
      return;
    }

  g_assert_error (error, PROCTOR_ERROR, PROCTOR_ERROR_INVALID_COMMAND);
  g_assert_false (valid);
  g_assert_true (g_utf8_validate (error->message, -1, NULL));
  g_assert_null (strstr (error->message, SECRET));
  if (strstr (error->message, test->message) == NULL)
    g_error ("“%s” is not in “%s”", test->message, error->message);

  g_assert_false (command_spec_validate (spec, NULL));

  /* A spawn meets it first thing. */
  plan = launch_plan_new (spec, NULL, &plan_error);
  g_assert_null (plan);
  g_assert_error (plan_error, PROCTOR_ERROR, PROCTOR_ERROR_INVALID_COMMAND);
  g_assert_cmpstr (plan_error->message, ==, error->message);
}

static void
append_strv (GString            *text,
             const char * const *strv)
{
  for (gsize i = 0; strv != NULL && strv[i] != NULL; i++)
    g_string_append_printf (text, "[%s]", strv[i]);
  g_string_append (text, strv != NULL ? "; " : "none; ");
}

/* All that a spec says. */
static char *
dump_spec (const CommandSpec *spec)
{
  GString *text = g_string_new (NULL);

  append_strv (text, (const char * const *) spec->argv);
  g_string_append_printf (text, "script %s; ", spec->shell_script);
  g_string_append_printf (text, "executable %s; cwd %s; ", spec->executable, spec->cwd);
  append_strv (text, (const char * const *) spec->environ);
  for (guint i = 0; i < spec->env_changes->len; i++)
    {
      const CommandEnvChange *change = g_ptr_array_index (spec->env_changes, i);

      g_string_append_printf (text, "%s to %s; ", change->name, change->value);
    }
  for (gsize i = 0; i < G_N_ELEMENTS (spec->files.stdio); i++)
    g_string_append_printf (text, "%d %s %d; ", (int) spec->files.stdio[i].kind,
                            spec->files.stdio[i].path, spec->files.stdio[i].append);
  g_string_append_printf (text, "flags %u; group %d; limit %" G_GSIZE_FORMAT "; ",
                          (guint) spec->flags, spec->process_group, spec->limit);
  g_string_append_printf (text, "times %" G_GINT64_FORMAT " %" G_GINT64_FORMAT, spec->timeout,
                          spec->drain_grace);

  return g_string_free (text, FALSE);
}

/* Every setter once, with a value that is not the one it had. */
static const Edit all_edits[] = {
  { EDIT_EXECUTABLE, "/bin/false" },
  { EDIT_CWD, "/tmp" },
  { EDIT_SETENV, "NEW" },
  { EDIT_UNSETENV, "OLD" },
  { EDIT_ENVIRON, "A=1\nB=2" },
  { EDIT_CLEAR_ENVIRON },
  { EDIT_ENVIRON, NULL },
  { EDIT_STDIN, NULL, PROCTOR_STDIO_PIPE },
  { EDIT_STDOUT, NULL, PROCTOR_STDIO_DEVNULL },
  { EDIT_STDERR, NULL, PROCTOR_STDIO_STDOUT },
  { EDIT_STDIN_PATH, "in" },
  { EDIT_STDOUT_PATH, "out", 1 },
  { EDIT_STDERR_PATH, "err" },
  { EDIT_STDERR_PATH, "err", 1 },
  { EDIT_STDIN, NULL, PROCTOR_STDIO_INHERIT },
  { EDIT_FLAGS, NULL, PROCTOR_COMMAND_INHERIT_FDS },
  { EDIT_PROCESS_GROUP, NULL, 0 },
  { EDIT_LIMIT, NULL, 1 },
  { EDIT_TIMEOUT, NULL, G_USEC_PER_SEC },
  { EDIT_DRAIN_GRACE, NULL, -1 },
  { EDIT_CWD, NULL },
  { EDIT_EXECUTABLE, NULL },
};

static void
test_snapshot (void)
{
  g_autoptr(ProctorCommand) command = proctor_command_new ("echo", "a", NULL);

  for (gsize i = 0; i < G_N_ELEMENTS (all_edits); i++)
    {
      g_autoptr(CommandSpec) snapshot = proctor_command_dup_spec (command);
      g_autoptr(CommandSpec) same = proctor_command_dup_spec (command);
      g_autoptr(CommandSpec) later = NULL;
      g_autofree char *before = dump_spec (snapshot);
      g_autofree char *after = NULL;
      g_autofree char *changed = NULL;

      g_assert_true (snapshot == same);

      apply_edit (command, &all_edits[i]);

      after = dump_spec (snapshot);
      g_assert_cmpstr (after, ==, before);
      later = proctor_command_dup_spec (command);
      g_assert_true (later != snapshot);
      changed = dump_spec (later);
      g_assert_cmpstr (changed, !=, before);
    }
}

/* Without a snapshot there is nothing to copy. */
static void
test_no_copy (void)
{
  g_autoptr(ProctorCommand) command = proctor_command_new ("echo", "a", NULL);
  CommandSpec *spec = proctor_command_dup_spec (command);

  command_spec_unref (spec);
  for (gsize i = 0; i < G_N_ELEMENTS (all_edits); i++)
    {
      g_autoptr(CommandSpec) now = NULL;

      apply_edit (command, &all_edits[i]);
      now = proctor_command_dup_spec (command);
      g_assert_true (now == spec);
    }
}

static void
test_snapshot_outlives (void)
{
  ProctorCommand *command = proctor_command_new ("echo", "a b", NULL);
  g_autoptr(CommandSpec) spec = proctor_command_dup_spec (command);

  g_assert_finalize_object (command);
  g_assert_cmpstr (spec->argv[1], ==, "a b");
  g_assert_true (command_spec_validate (spec, NULL));
}

static gpointer
snapshot_often (gpointer data)
{
  ProctorCommand *command = data;

  for (guint i = 0; i < 2000; i++)
    {
      g_autoptr(CommandSpec) spec = proctor_command_dup_spec (command);
      g_autoptr(GError) error = NULL;

      g_assert_true (command_spec_validate (spec, &error));
      g_assert_no_error (error);
    }

  return NULL;
}

/* Many threads may spawn a command that nobody sets; afterwards it can be set again. */
static void
test_snapshot_threads (void)
{
  g_autoptr(ProctorCommand) command = proctor_command_new ("echo", "a", NULL);
  GThread *threads[4];

  for (guint round = 0; round < 3; round++)
    {
      proctor_command_setenv (command, "ROUND", round % 2 == 0 ? "even" : "odd");
      for (gsize i = 0; i < G_N_ELEMENTS (threads); i++)
        threads[i] = g_thread_new ("snapshot", snapshot_often, command);
      for (gsize i = 0; i < G_N_ELEMENTS (threads); i++)
        g_thread_join (threads[i]);
    }
}

static void
test_defaults (void)
{
  g_autoptr(ProctorCommand) command = proctor_command_new ("true", NULL);
  g_autoptr(CommandSpec) spec = proctor_command_dup_spec (command);

  g_assert_null (spec->executable);
  g_assert_null (spec->cwd);
  g_assert_null (spec->environ);
  g_assert_cmpuint (spec->env_changes->len, ==, 0);
  for (gsize i = 0; i < G_N_ELEMENTS (spec->files.stdio); i++)
    {
      g_assert_cmpint (spec->files.stdio[i].kind, ==, PROCTOR_STDIO_DEFAULT);
      g_assert_null (spec->files.stdio[i].path);
    }
  g_assert_cmpuint (proctor_command_get_flags (command), ==, PROCTOR_COMMAND_NONE);
  g_assert_cmpint (spec->process_group, ==, COMMAND_NO_PROCESS_GROUP);
  g_assert_cmpuint (spec->limit, ==, 65536);
  g_assert_cmpint (spec->timeout, ==, COMMAND_TIME_UNSET);
  g_assert_cmpint (spec->drain_grace, ==, COMMAND_TIME_UNSET);
}

/* The command keeps copies of all that it is given. */
static void
test_copies (void)
{
  char program[] = "tool";
  char argument[] = "\xff\xfe";
  char entry[] = "A=\xff";
  const char *argv[] = { program, argument, NULL };
  const char *base[] = { entry, NULL };
  g_autoptr(ProctorCommand) command = proctor_command_newv (argv);
  g_autoptr(CommandSpec) spec = NULL;

  proctor_command_set_environ (command, base);
  memset (program, 'x', 1);
  memset (argument, 'x', 1);
  memset (entry, 'x', 1);
  argv[0] = base[0] = NULL;

  spec = proctor_command_dup_spec (command);
  g_assert_cmpuint (g_strv_length (spec->argv), ==, 2);
  g_assert_cmpstr (spec->argv[0], ==, "tool");
  g_assert_cmpstr (spec->argv[1], ==, "\xff\xfe");
  g_assert_cmpstr (spec->environ[0], ==, "A=\xff");
}

static void
test_stdio_last_call_counts (void)
{
  g_autoptr(ProctorCommand) command = proctor_command_new ("true", NULL);
  g_autoptr(CommandSpec) with_paths = NULL;
  g_autoptr(CommandSpec) with_kinds = NULL;

  proctor_command_set_stdin (command, PROCTOR_STDIO_PIPE);
  proctor_command_set_stdout (command, PROCTOR_STDIO_PIPE);
  proctor_command_set_stderr (command, PROCTOR_STDIO_STDOUT);
  proctor_command_set_stdin_path (command, "in");
  proctor_command_set_stdout_path (command, "out", TRUE);
  proctor_command_set_stderr_path (command, "err", FALSE);
  with_paths = proctor_command_dup_spec (command);
  for (gsize i = 0; i < 3; i++)
    {
      static const char * const paths[] = { "in", "out", "err" };

      g_assert_cmpint (with_paths->files.stdio[i].kind, ==, PROCTOR_STDIO_DEFAULT);
      g_assert_cmpstr (with_paths->files.stdio[i].path, ==, paths[i]);
      g_assert_cmpint (with_paths->files.stdio[i].append, ==, i == 1);
    }

  proctor_command_set_stdin (command, PROCTOR_STDIO_DEVNULL);
  proctor_command_set_stdout (command, PROCTOR_STDIO_DEVNULL);
  proctor_command_set_stderr (command, PROCTOR_STDIO_DEVNULL);
  with_kinds = proctor_command_dup_spec (command);
  for (gsize i = 0; i < 3; i++)
    {
      g_assert_cmpint (with_kinds->files.stdio[i].kind, ==, PROCTOR_STDIO_DEVNULL);
      g_assert_null (with_kinds->files.stdio[i].path);
      g_assert_false (with_kinds->files.stdio[i].append);
    }
}

/* Whatever is set, a deadline can be computed of it, and it is not taken for "not set". */
static void
test_times (void)
{
  static const struct
  {
    GTimeSpan given;
    GTimeSpan kept;
  } cases[] = {
    { 0, 0 },
    { 1, 1 },
    { 2 * G_TIME_SPAN_SECOND, 2 * G_TIME_SPAN_SECOND },
    { -1, -1 },
    { -2, -1 },
    { G_MININT64, -1 },
    { G_MAXINT64, G_MAXINT64 / 2 },
  };

  for (gsize i = 0; i < G_N_ELEMENTS (cases); i++)
    {
      g_autoptr(ProctorCommand) command = proctor_command_new ("true", NULL);
      g_autoptr(CommandSpec) spec = NULL;

      proctor_command_set_timeout (command, cases[i].given);
      proctor_command_set_drain_grace (command, cases[i].given);
      spec = proctor_command_dup_spec (command);
      g_assert_cmpint (spec->timeout, ==, cases[i].kept);
      g_assert_cmpint (spec->drain_grace, ==, cases[i].kept);
    }
}

static void
test_flags (void)
{
  g_autoptr(ProctorCommand) command = proctor_command_new ("true", NULL);

  proctor_command_set_flags (command, PROCTOR_COMMAND_NEW_SESSION | PROCTOR_COMMAND_KILL_ON_DROP);
  g_assert_cmpuint (proctor_command_get_flags (command), ==,
                    PROCTOR_COMMAND_NEW_SESSION | PROCTOR_COMMAND_KILL_ON_DROP);
  proctor_command_set_flags (command, PROCTOR_COMMAND_INHERIT_FDS);
  g_assert_cmpuint (proctor_command_get_flags (command), ==, PROCTOR_COMMAND_INHERIT_FDS);
}

static void
check_description (ProctorCommand *command,
                   const char     *expected)
{
  g_autoptr(CommandSpec) spec = proctor_command_dup_spec (command);
  g_autofree char *description = command_spec_describe (spec);

  g_assert_cmpstr (description, ==, expected);
}

static void
test_describe (void)
{
  static const struct
  {
    const char *argv[4];
    const char *description;
  } cases[] = {
    { { NULL }, "" },
    { { "true", NULL }, "true" },
    { { "echo", "it's a word", "", NULL }, "echo 'it'\"'\"'s a word' ''" },
    { { "caf\xc3\xa9", NULL }, "'café'" },
    { { "a\xff", "b", NULL }, "'a\357\277\275' b" },
  };

  for (gsize i = 0; i < G_N_ELEMENTS (cases); i++)
    {
      g_autoptr(ProctorCommand) command = proctor_command_newv (cases[i].argv);

      proctor_command_set_executable (command, "other");
      proctor_command_setenv (command, "PASSWORD", SECRET);
      check_description (command, cases[i].description);
    }
}

static void
test_describe_script (void)
{
  static const struct
  {
    const char *script;
    const char *description;
  } cases[] = {
    { "", "" },
    { "echo \"$HOME\" | wc -c\n", "echo \"$HOME\" | wc -c\n" },
    { "echo \xff", "echo \357\277\275" },
  };

  for (gsize i = 0; i < G_N_ELEMENTS (cases); i++)
    {
      g_autoptr(ProctorCommand) command = proctor_command_new_shell (cases[i].script);

      check_description (command, cases[i].description);
    }
}

/* Characters of every length in bytes, and bytes that are none, around the length where text is
 * cut.
 */
static void
test_describe_long (void)
{
  static const char * const units[] = { "x", "é", "€", "𝄞", "\xff" };

  for (gsize i = 0; i < G_N_ELEMENTS (units); i++)
    {
      for (guint n = 195; n < 450; n++)
        {
          g_autoptr(GString) script = g_string_new (NULL);
          g_autoptr(ProctorCommand) command = NULL;
          g_autoptr(CommandSpec) spec = NULL;
          g_autofree char *description = NULL;

          for (guint k = 0; k < n; k++)
            g_string_append (script, units[i]);
          command = proctor_command_new_shell (script->str);
          spec = proctor_command_dup_spec (command);
          description = command_spec_describe (spec);

          g_assert_true (g_utf8_validate (description, -1, NULL));
          g_assert_cmpint (g_utf8_strlen (description, -1), ==, MIN (n, 200));
          g_assert_cmpint (g_str_has_suffix (description, "…"), ==, n > 200);
          if (*units[i] != '\xff')
            g_assert_true (g_str_has_prefix (description, units[i]));
        }
    }
}

int
main (int    argc,
      char **argv)
{
  g_test_init (&argc, &argv, NULL);

  for (gsize i = 0; i < G_N_ELEMENTS (validation_cases); i++)
    {
      g_autofree char *path = g_strconcat ("/command/validation/", validation_cases[i].name, NULL);

      g_test_add_data_func (path, &validation_cases[i], test_validation);
    }
  g_test_add_func ("/command/snapshot/every-setter", test_snapshot);
  g_test_add_func ("/command/snapshot/no-copy", test_no_copy);
  g_test_add_func ("/command/snapshot/outlives", test_snapshot_outlives);
  g_test_add_func ("/command/snapshot/threads", test_snapshot_threads);
  g_test_add_func ("/command/defaults", test_defaults);
  g_test_add_func ("/command/copies", test_copies);
  g_test_add_func ("/command/stdio-last-call-counts", test_stdio_last_call_counts);
  g_test_add_func ("/command/times", test_times);
  g_test_add_func ("/command/flags", test_flags);
  g_test_add_func ("/command/describe/argv", test_describe);
  g_test_add_func ("/command/describe/script", test_describe_script);
  g_test_add_func ("/command/describe/long", test_describe_long);

  return g_test_run ();
}
