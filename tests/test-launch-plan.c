/* What is computed before a child is started: its arguments, its environment, and where its program
 * is found.
 *
 * SPDX-License-Identifier: LGPL-2.1-or-later
 */

#include "config.h"

#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include <glib/gstdio.h>

#include <proctor/proctor.h>

#include "command/launch-plan.h"
#include "command/proctor-command-private.h"

static LaunchPlan *
plan_command (ProctorCommand  *command,
              GError         **error)
{
  g_autoptr(CommandSpec) spec = proctor_command_dup_spec (command);

  return launch_plan_new (spec, NULL, error);
}

static LaunchPlan *
must_plan (ProctorCommand *command)
{
  g_autoptr(GError) error = NULL;
  LaunchPlan *plan = plan_command (command, &error);

  g_assert_no_error (error);
  g_assert_nonnull (plan);

  return plan;
}

static void
assert_strv (const char * const *strv,
             const char         *separator,
             const char         *expected)
{
  g_autofree char *joined = g_strjoinv (separator, (GStrv) strv);

  g_assert_cmpstr (joined, ==, expected);
}

/* ---- arguments ---- */

static void
test_argv (void)
{
  static const struct
  {
    const char *script; /* NULL: `tool a b` */
    const char *executable;
    const char *argv;
    const char *candidate;
  } cases[] = {
    { NULL, "/x/tool", "tool|a b", "/x/tool" },
    { NULL, "x/tool", "tool|a b", "x/tool" },
    { "echo hi", NULL, "/bin/sh|-c|echo hi", "/bin/sh" },
    { "", NULL, "/bin/sh|-c|", "/bin/sh" },
    { "echo hi", "/bin/other-shell", "/bin/other-shell|-c|echo hi", "/bin/other-shell" },
    { "echo hi", "sh", "sh|-c|echo hi", "/bin/sh" },
  };

  for (gsize i = 0; i < G_N_ELEMENTS (cases); i++)
    {
      g_autoptr(ProctorCommand) command = NULL;
      g_autoptr(LaunchPlan) plan = NULL;

      if (cases[i].script != NULL)
        command = proctor_command_new_shell (cases[i].script);
      else
        command = proctor_command_new ("tool", "a b", NULL);
      proctor_command_set_executable (command, cases[i].executable);
      proctor_command_setenv (command, "PATH", "/bin");

      plan = must_plan (command);
      assert_strv (plan->argv, "|", cases[i].argv);
      assert_strv (plan->candidates, "|", cases[i].candidate);
    }
}

static void
test_argv_bytes (void)
{
  g_autoptr(ProctorCommand) command = proctor_command_new ("/no\xff", "", "\xfe'\n", NULL);
  g_autoptr(LaunchPlan) plan = must_plan (command);

  g_assert_cmpuint (g_strv_length ((GStrv) plan->argv), ==, 3);
  assert_strv (plan->argv, "|", "/no\xff||\xfe'\n");
  assert_strv (plan->candidates, "|", "/no\xff");
}

/* ---- environment ---- */

typedef struct
{
  const char *name;
  const char *base[6];
  const char *changes[8]; /* "NAME=VALUE" sets, "NAME" removes */
  const char *envp;       /* with "|" between the entries */
} EnvironmentCase;

static const EnvironmentCase environment_cases[] = {
  { "empty", { NULL }, { NULL }, "" },
  { "as-given", { "B=2", "A=1", NULL }, { NULL }, "B=2|A=1" },
  { "set-new", { "A=1", NULL }, { "B=2", NULL }, "A=1|B=2" },
  { "set-in-place", { "A=1", "B=2", NULL }, { "A=3", NULL }, "A=3|B=2" },
  { "set-in-empty", { NULL }, { "A=1", NULL }, "A=1" },
  { "last-counts", { "A=0", NULL }, { "A=1", "A=2", "A=3", NULL }, "A=3" },
  { "empty-value", { "A=1", NULL }, { "A=", "B=", NULL }, "A=|B=" },
  { "value-with-equals", { "A=b=c", NULL }, { "D=e=f", NULL }, "A=b=c|D=e=f" },
  { "unset", { "A=1", "B=2", "C=3", NULL }, { "B", NULL }, "A=1|C=3" },
  { "unset-missing", { "A=1", NULL }, { "B", NULL }, "A=1" },
  { "unset-all", { "A=1", "B=2", NULL }, { "A", "B", NULL }, "" },
  { "unset-then-set", { "A=1", "B=2", NULL }, { "A", "A=3", NULL }, "B=2|A=3" },
  { "set-then-unset", { "B=2", NULL }, { "A=1", "A", NULL }, "B=2" },
  { "set-unset-set", { "B=2", NULL }, { "A=1", "A", "A=2", NULL }, "B=2|A=2" },
  { "unset-twice", { "A=1", NULL }, { "A", "A", NULL }, "" },
  { "prefixes", { "AB=1", "A=2", "ABC=3", NULL }, { "A=4", "ABC", NULL }, "AB=1|A=4" },
  { "case-matters", { "a=1", "A=2", NULL }, { "a", NULL }, "A=2" },
  { "duplicate", { "A=1", "B=2", "A=3", NULL }, { NULL }, "A=1|B=2" },
  { "duplicate-set", { "A=1", "A=2", "B=3", NULL }, { "A=4", NULL }, "A=4|B=3" },
  { "duplicate-unset", { "A=1", "A=2", "B=3", NULL }, { "A", NULL }, "B=3" },
  { "not-utf8", { "N\xff=\xfe", NULL }, { "M\xfd=\xfc", NULL }, "N\xff=\xfe|M\xfd=\xfc" },
  { "not-utf8-same", { "N\xff=1", "N\xfe=2", NULL }, { "N\xff=3", "N\xfe", NULL }, "N\xff=3" },
};

static void
apply_changes (ProctorCommand     *command,
               const char * const *changes)
{
  for (gsize i = 0; changes[i] != NULL; i++)
    {
      const char *equals = strchr (changes[i], '=');

      if (equals != NULL)
        {
          g_autofree char *name = g_strndup (changes[i], (gsize) (equals - changes[i]));

          proctor_command_setenv (command, name, equals + 1);
        }
      else
        {
          proctor_command_unsetenv (command, changes[i]);
        }
    }
}

static void
test_environment (gconstpointer data)
{
  const EnvironmentCase *test = data;
  g_autoptr(ProctorCommand) command = proctor_command_new ("/bin/true", NULL);
  g_autoptr(LaunchPlan) plan = NULL;

  proctor_command_setenv (command, "FORGOTTEN", "1");
  proctor_command_set_environ (command, test->base);
  apply_changes (command, test->changes);

  plan = must_plan (command);
  assert_strv (plan->environ.variables, "|", test->envp);
}

static void
test_environment_own (void)
{
  g_autoptr(ProctorCommand) command = proctor_command_new ("/bin/true", NULL);
  g_autoptr(LaunchPlan) plan = NULL;
  g_autoptr(LaunchPlan) cleared = NULL;
  g_autoptr(LaunchPlan) own_again = NULL;

  /* The program's own environment counts at the time of the spawn. */
  proctor_command_setenv (command, "PROCTOR_TEST_SET", "set");
  proctor_command_unsetenv (command, "PROCTOR_TEST_REMOVED");
  g_setenv ("PROCTOR_TEST_OWN", "own\xff", TRUE);
  g_setenv ("PROCTOR_TEST_REMOVED", "1", TRUE);
  plan = must_plan (command);
  g_assert_cmpstr (g_environ_getenv ((GStrv) plan->environ.variables, "PROCTOR_TEST_OWN"), ==,
                   "own\xff");
  g_assert_cmpstr (g_environ_getenv ((GStrv) plan->environ.variables, "PROCTOR_TEST_SET"), ==,
                   "set");
  g_assert_null (g_environ_getenv ((GStrv) plan->environ.variables, "PROCTOR_TEST_REMOVED"));

  proctor_command_clear_environ (command);
  cleared = must_plan (command);
  g_assert_cmpuint (g_strv_length ((GStrv) cleared->environ.variables), ==, 0);

  proctor_command_set_environ (command, NULL);
  own_again = must_plan (command);
  g_assert_cmpstr (g_environ_getenv ((GStrv) own_again->environ.variables, "PROCTOR_TEST_REMOVED"),
                   ==, "1");
  g_assert_null (g_environ_getenv ((GStrv) own_again->environ.variables, "PROCTOR_TEST_SET"));

  g_unsetenv ("PROCTOR_TEST_OWN");
  g_unsetenv ("PROCTOR_TEST_REMOVED");
}

/* One copy is shared as long as nothing changes, wherever in the environment that is, also in
 * place.
 */
static void
test_environment_shared (void)
{
  char in_place[] = "PROCTOR_TEST_IN_PLACE=1";
  g_autoptr(OwnEnviron) first = NULL;
  g_autoptr(OwnEnviron) again = NULL;
  g_autoptr(OwnEnviron) changed = NULL;
  g_autoptr(OwnEnviron) removed = NULL;

  g_assert_cmpint (putenv (in_place), ==, 0);
  first = own_environ_get ();
  again = own_environ_get ();
  g_assert_true (first == again);
  g_assert_cmpstr (g_environ_getenv ((GStrv) first->variables, "PROCTOR_TEST_IN_PLACE"), ==, "1");

  in_place[sizeof in_place - 2] = '2';
  changed = own_environ_get ();
  g_assert_cmpstr (g_environ_getenv ((GStrv) changed->variables, "PROCTOR_TEST_IN_PLACE"), ==, "2");
  g_assert_cmpstr (g_environ_getenv ((GStrv) first->variables, "PROCTOR_TEST_IN_PLACE"), ==, "1");

  g_unsetenv ("PROCTOR_TEST_IN_PLACE");
  removed = own_environ_get ();
  g_assert_null (g_environ_getenv ((GStrv) removed->variables, "PROCTOR_TEST_IN_PLACE"));
}

/* What execve allows in a program's own environment, though nobody should put it there, goes on. */
static void
test_environment_own_odd (void)
{
  static const char * const odd[] = { "no variable", "=C:=x", "A=1", "",
                                      "A=2", "no variable", "B=1", NULL };
  g_autoptr(ProctorCommand) command = proctor_command_new ("/bin/true", NULL);
  g_autoptr(LaunchPlan) plan = NULL;
  char **own = environ;

  proctor_command_setenv (command, "B", "2");
  environ = (char **) odd;
  plan = must_plan (command);
  environ = own;

  assert_strv (plan->environ.variables, "|", "no variable|=C:=x|A=1||no variable|B=2");
}

/* A composition that is quadratic takes minutes here. */
static void
test_environment_large (void)
{
  g_autoptr(ProctorCommand) command = proctor_command_new ("/bin/true", NULL);
  g_autoptr(GPtrArray) base = g_ptr_array_new_with_free_func (g_free);
  g_autoptr(LaunchPlan) plan = NULL;
  const guint n = 50000;

  for (guint i = 0; i < n; i++)
    g_ptr_array_add (base, g_strdup_printf ("VARIABLE_%u=%u", i, i));
  g_ptr_array_add (base, NULL);
  proctor_command_set_environ (command, (const char * const *) base->pdata);
  for (guint i = 0; i < n; i++)
    {
      g_autofree char *name = g_strdup_printf ("VARIABLE_%u", 2 * i);

      if (i % 3 == 0)
        proctor_command_unsetenv (command, name);
      else
        proctor_command_setenv (command, name, "changed");
    }

  plan = must_plan (command);
  g_assert_null (g_environ_getenv ((GStrv) plan->environ.variables, "VARIABLE_0"));
  g_assert_cmpstr (g_environ_getenv ((GStrv) plan->environ.variables, "VARIABLE_1"), ==, "1");
  g_assert_cmpstr (g_environ_getenv ((GStrv) plan->environ.variables, "VARIABLE_2"), ==, "changed");
  g_assert_cmpstr (g_environ_getenv ((GStrv) plan->environ.variables, "VARIABLE_99998"), ==,
                   "changed");
  /* Of every third, those of the base go and the others never come. */
  g_assert_cmpuint (g_strv_length ((GStrv) plan->environ.variables), ==,
                    n - (n / 2 + 2) / 3 + n / 2 - (n / 2) / 3);
}

/* ---- PATH ---- */

typedef struct
{
  char kind;        /* d: directory; x: executable; n: not executable; l: symbolic link; f: FIFO */
  const char *path; /* below the test's directory, which is also the working directory */
  const char *to;   /* of a link */
} TreeEntry;

static const TreeEntry tree[] = {
  { 'd', "a" },
  { 'x', "a/tool" },
  { 'd', "b" },
  { 'x', "b/tool" },
  { 'x', "b/only-b" },
  { 'd', "plain" },
  { 'n', "plain/tool" },
  { 'd', "dir" },
  { 'd', "dir/tool" },
  { 'd', "fifo" },
  { 'f', "fifo/tool" },
  { 'd', "link" },
  { 'l', "link/tool", "../a/tool" },
  { 'd', "dangling" },
  { 'l', "dangling/tool", "nowhere" },
  { 'd', "loop" },
  { 'l', "loop/tool", "tool" },
  { 'd', "empty" },
  { 'd', "work" },
  { 'd', "work/bin" },
  { 'x', "work/bin/tool" },
  { 'x', "work/bin/only-work" },
  { 'd', "byte\xff" },
  { 'x', "byte\xff/tool\xfe" },
  { 'n', "file" },
  { 'x', "tool" },
};

static char *test_dir;

static void
make_tree (void)
{
  g_autoptr(GError) error = NULL;

  test_dir = g_dir_make_tmp ("proctor-launch-XXXXXX", &error);
  g_assert_no_error (error);
  g_assert_no_errno (chdir (test_dir));

  for (gsize i = 0; i < G_N_ELEMENTS (tree); i++)
    {
      switch (tree[i].kind)
        {
        case 'd':
          g_assert_no_errno (mkdir (tree[i].path, 0755));
          break;
        case 'l':
          g_assert_no_errno (symlink (tree[i].to, tree[i].path));
          break;
        case 'f':
          g_assert_no_errno (mkfifo (tree[i].path, 0700));
          g_assert_no_errno (chmod (tree[i].path, 0755));
          break;
        default:
          g_file_set_contents (tree[i].path, "#!/bin/sh\n", -1, &error);
          g_assert_no_error (error);
          g_assert_no_errno (chmod (tree[i].path, tree[i].kind == 'x' ? 0755 : 0644));
        }
    }
}

static void
remove_tree (void)
{
  for (gsize i = G_N_ELEMENTS (tree); i > 0; i--)
    g_assert_no_errno (g_remove (tree[i - 1].path));
  g_assert_no_errno (chdir ("/"));
  g_assert_no_errno (rmdir (test_dir));
  g_free (test_dir);
}

typedef struct
{
  const char *name;
  const char *program;
  const char *path;       /* "@" is the test's directory; NULL: no PATH */
  const char *cwd;        /* the same */
  const char *candidates; /* with "|" between them; NULL: an error */
  int code;               /* of G_IO_ERROR */
  const char *message;    /* the whole of it */
} PathCase;

static const PathCase path_cases[] = {
  { "found", "tool", "@/a", NULL, "@/a/tool" },
  { "order", "tool", "@/b:@/a", NULL, "@/b/tool|@/a/tool" },
  { "twice", "tool", "@/a:@/a", NULL, "@/a/tool|@/a/tool" },
  { "second", "only-b", "@/a:@/b", NULL, "@/b/only-b" },
  { "slash-at-end", "tool", "@/a/", NULL, "@/a//tool" },
  { "empty-entries", "tool", ":@/a:", NULL, "@/a/tool" },
  { "empty-entries-between", "tool", "@/a:::@/b", NULL, "@/a/tool|@/b/tool" },
  { "missing-directory", "tool", "@/none:@/a", NULL, "@/a/tool" },
  { "file-as-directory", "tool", "@/file:@/a", NULL, "@/a/tool" },
  { "directory-named-so", "tool", "@/dir:@/a", NULL, "@/a/tool" },
  { "fifo-named-so", "tool", "@/fifo:@/a", NULL, "@/a/tool" },
  { "not-executable-first", "tool", "@/plain:@/a:@/plain", NULL, "@/a/tool" },
  { "link", "tool", "@/dangling:@/loop:@/link", NULL, "@/link/tool" },
  { "not-utf8", "tool\xfe", "@/byte\xff", NULL, "@/byte\xff/tool\xfe" },

  { "relative", "tool", "a:./b", NULL, "a/tool|./b/tool" },
  { "dot", "tool", ".", NULL, "./tool" },
  { "relative-cwd", "tool", "bin", "@/work", "bin/tool" },
  { "relative-cwd-only", "only-work", "bin:@/a", "@/work", "bin/only-work" },
  { "relative-cwd-up", "tool", "../a", "@/work", "../a/tool" },
  { "relative-relative-cwd", "tool", "bin", "work", "bin/tool" },
  { "absolute-cwd", "tool", "@/a", "@/work", "@/a/tool" },
  { "absolute-missing-cwd", "tool", "@/a", "@/none", "@/a/tool" },
  { "relative-not-own", "tool", "a", "@/work", NULL, G_IO_ERROR_NOT_FOUND,
    "Could not find “tool” in PATH: No such file or directory" },

  { "path-absolute", "@/a/tool", "@/b", NULL, "@/a/tool" },
  { "path-relative", "bin/tool", "@/a", "@/work", "bin/tool" },
  { "path-dot", "./tool", NULL, NULL, "./tool" },
  { "path-missing", "@/none/tool", "@/a", NULL, "@/none/tool" },
  { "path-not-executable", "@/plain/tool", "@/a", NULL, "@/plain/tool" },
  { "path-missing-cwd", "bin/tool", "@/a", "@/none", "bin/tool" },
  { "path-slash-only", "/", "@/a", NULL, "/" },

  { "not-found", "no-such-tool", "@/a:@/b", NULL, NULL, G_IO_ERROR_NOT_FOUND,
    "Could not find “no-such-tool” in PATH: No such file or directory" },
  { "not-found-not-utf8", "no\xff", "@/a", NULL, NULL, G_IO_ERROR_NOT_FOUND,
    "Could not find “no\357\277\275” in PATH: No such file or directory" },
  { "empty-path", "tool", "", NULL, NULL, G_IO_ERROR_NOT_FOUND,
    "Could not find “tool” in PATH: No such file or directory" },
  { "colons", "tool", "::", NULL, NULL, G_IO_ERROR_NOT_FOUND,
    "Could not find “tool” in PATH: No such file or directory" },
  { "dangling", "tool", "@/dangling", NULL, NULL, G_IO_ERROR_NOT_FOUND,
    "Could not find “tool” in PATH: No such file or directory" },
  { "file-only", "tool", "@/file", NULL, NULL, G_IO_ERROR_NOT_FOUND,
    "Could not find “tool” in PATH: No such file or directory" },
  { "loop", "tool", "@/none:@/loop:@/file", NULL, NULL, G_IO_ERROR_TOO_MANY_LINKS,
    "Could not find “tool” in PATH: Too many levels of symbolic links" },
  { "dot-dot", "..", "@/a", NULL, NULL, G_IO_ERROR_PERMISSION_DENIED,
    "Could not execute “..”: Permission denied" },

  { "denied-file", "tool", "@/empty:@/plain", NULL, NULL, G_IO_ERROR_PERMISSION_DENIED,
    "Could not execute “tool”: Permission denied" },
  { "denied-directory", "tool", "@/dir", NULL, NULL, G_IO_ERROR_PERMISSION_DENIED,
    "Could not execute “tool”: Permission denied" },
  { "denied-fifo", "tool", "@/fifo", NULL, NULL, G_IO_ERROR_PERMISSION_DENIED,
    "Could not execute “tool”: Permission denied" },
  { "denied-and-others", "tool", "@/loop:@/plain:@/loop:@/none", NULL, NULL,
    G_IO_ERROR_PERMISSION_DENIED, "Could not execute “tool”: Permission denied" },

  { "cwd-missing", "tool", "bin", "/proctor-none", NULL, G_IO_ERROR_NOT_FOUND,
    "Could not change to the working directory “/proctor-none”: No such file or directory" },
  { "cwd-missing-relative", "tool", "bin", "none", NULL, G_IO_ERROR_NOT_FOUND,
    "Could not change to the working directory “none”: No such file or directory" },
  { "cwd-missing-not-found", "no-such-tool", "@/a", "none\xff", NULL, G_IO_ERROR_NOT_FOUND,
    "Could not change to the working directory “none\357\277\275”: No such file or directory" },
  { "cwd-missing-denied", "tool", "@/plain", "none", NULL, G_IO_ERROR_NOT_FOUND,
    "Could not change to the working directory “none”: No such file or directory" },
  { "cwd-file", "tool", "bin", "file", NULL, G_IO_ERROR_NOT_DIRECTORY,
    "Could not change to the working directory “file”: Not a directory" },
  { "cwd-below-file", "tool", "bin", "file/sub", NULL, G_IO_ERROR_NOT_DIRECTORY,
    "Could not change to the working directory “file/sub”: Not a directory" },
  { "cwd-good-not-found", "no-such-tool", "bin", "work", NULL, G_IO_ERROR_NOT_FOUND,
    "Could not find “no-such-tool” in PATH: No such file or directory" },
};

static char *
expand (const char *text)
{
  g_auto(GStrv) parts = text != NULL ? g_strsplit (text, "@", -1) : NULL;

  return parts != NULL ? g_strjoinv (test_dir, parts) : NULL;
}

static void
test_path (gconstpointer data)
{
  const PathCase *test = data;
  g_autofree char *program = expand (test->program);
  g_autofree char *path = expand (test->path);
  g_autofree char *cwd = expand (test->cwd);
  g_autofree char *candidates = expand (test->candidates);
  g_autoptr(ProctorCommand) command = proctor_command_new (program, "an argument", NULL);
  g_autoptr(LaunchPlan) plan = NULL;
  g_autoptr(GError) error = NULL;

  proctor_command_set_cwd (command, cwd);
  if (path != NULL)
    proctor_command_setenv (command, "PATH", path);
  else
    proctor_command_unsetenv (command, "PATH");

  plan = plan_command (command, &error);
  if (candidates != NULL)
    {
      g_assert_no_error (error);
      assert_strv (plan->candidates, "|", candidates);
      g_assert_cmpstr (plan->argv[0], ==, program);
    }
  else
    {
      g_assert_null (plan);
      g_assert_error (error, G_IO_ERROR, test->code);
      g_assert_cmpstr (error->message, ==, test->message);
    }
}

/* The PATH that counts is the one that the child gets, not the one of this program. */
static void
test_path_of_child (void)
{
  g_autofree char *in_a = g_build_filename (test_dir, "a", NULL);
  g_autofree char *in_b = g_build_filename (test_dir, "b", NULL);
  g_autofree char *a_entry = g_strconcat ("PATH=", in_a, NULL);
  g_autofree char *b_entry = g_strconcat ("PATH=", in_b, NULL);
  g_autofree char *own_path = g_strdup (g_getenv ("PATH"));
  const char * const base[] = { a_entry, b_entry, NULL };
  g_autoptr(ProctorCommand) command = proctor_command_new ("tool", NULL);
  g_autoptr(LaunchPlan) own = NULL;
  g_autoptr(LaunchPlan) child = NULL;
  g_autoptr(LaunchPlan) changed = NULL;

  g_setenv ("PATH", in_b, TRUE);
  own = must_plan (command);
  g_assert_true (g_str_has_prefix (own->candidates[0], in_b));

  /* In a base with two, the first is the child's. */
  proctor_command_set_environ (command, base);
  child = must_plan (command);
  g_assert_cmpuint (g_strv_length ((GStrv) child->candidates), ==, 1);
  g_assert_true (g_str_has_prefix (child->candidates[0], in_a));

  proctor_command_setenv (command, "PATH", in_b);
  changed = must_plan (command);
  g_assert_cmpuint (g_strv_length ((GStrv) changed->candidates), ==, 1);
  g_assert_true (g_str_has_prefix (changed->candidates[0], in_b));

  g_setenv ("PATH", own_path, TRUE);
}

static void
test_path_unset (void)
{
  g_autoptr(ProctorCommand) command = proctor_command_new ("sh", NULL);
  g_autoptr(ProctorCommand) elsewhere = proctor_command_new ("tool", NULL);
  g_autoptr(LaunchPlan) plan = NULL;
  g_autoptr(LaunchPlan) none = NULL;
  g_autoptr(GError) error = NULL;

  proctor_command_clear_environ (command);
  plan = must_plan (command);
  g_assert_cmpstr (plan->candidates[0], ==, "/bin/sh");

  /* The working directory has one and is not looked at. */
  proctor_command_clear_environ (elsewhere);
  none = plan_command (elsewhere, &error);
  g_assert_error (error, G_IO_ERROR, G_IO_ERROR_NOT_FOUND);
}

static void
test_path_executable (void)
{
  g_autofree char *path = g_build_filename (test_dir, "b", NULL);
  g_autofree char *expected = g_build_filename (path, "only-b", NULL);
  g_autoptr(ProctorCommand) command = proctor_command_new ("shown", "x", NULL);
  g_autoptr(LaunchPlan) plan = NULL;

  proctor_command_setenv (command, "PATH", path);
  proctor_command_set_executable (command, "only-b");
  plan = must_plan (command);
  assert_strv (plan->candidates, "|", expected);
  assert_strv (plan->argv, "|", "shown|x");
}

static void
test_path_long_name (void)
{
  g_autofree char *name = g_strnfill (300, 'x');
  g_autoptr(ProctorCommand) command = proctor_command_new (name, NULL);
  g_autoptr(LaunchPlan) plan = NULL;
  g_autoptr(GError) error = NULL;

  proctor_command_setenv (command, "PATH", "a:b");
  plan = plan_command (command, &error);
  g_assert_error (error, G_IO_ERROR, G_IO_ERROR_FILENAME_TOO_LONG);
  g_assert_true (g_str_has_suffix (error->message, ": File name too long"));
}

/* Directories that may not be searched. They stop nobody who is root. */
static void
test_path_no_search (void)
{
  g_autoptr(ProctorCommand) command = proctor_command_new ("tool", NULL);
  g_autoptr(LaunchPlan) denied = NULL;
  g_autoptr(LaunchPlan) found = NULL;
  g_autoptr(LaunchPlan) bad_cwd = NULL;
  g_autoptr(GError) error = NULL;
  g_autoptr(GError) cwd_error = NULL;

  if (geteuid () == 0)
    {
      g_test_skip ("root may search every directory");
      return;
    }

  g_assert_no_errno (chmod ("a", 0600));

  proctor_command_setenv (command, "PATH", "a:empty");
  denied = plan_command (command, &error);
  g_assert_error (error, G_IO_ERROR, G_IO_ERROR_PERMISSION_DENIED);
  g_assert_cmpstr (error->message, ==, "Could not execute “tool”: Permission denied");

  proctor_command_setenv (command, "PATH", "a:b");
  found = must_plan (command);
  assert_strv (found->candidates, "|", "b/tool");

  proctor_command_setenv (command, "PATH", ".");
  proctor_command_set_cwd (command, "a");
  bad_cwd = plan_command (command, &cwd_error);
  g_assert_error (cwd_error, G_IO_ERROR, G_IO_ERROR_PERMISSION_DENIED);
  g_assert_cmpstr (cwd_error->message, ==,
                   "Could not change to the working directory “a”: Permission denied");

  g_assert_no_errno (chmod ("a", 0755));
}

int
main (int    argc,
      char **argv)
{
  int result;

  g_test_init (&argc, &argv, NULL);
  make_tree ();

  g_test_add_func ("/launch-plan/argv", test_argv);
  g_test_add_func ("/launch-plan/argv-bytes", test_argv_bytes);
  for (gsize i = 0; i < G_N_ELEMENTS (environment_cases); i++)
    {
      const EnvironmentCase *test = &environment_cases[i];
      g_autofree char *path = g_strconcat ("/launch-plan/environment/", test->name, NULL);

      g_test_add_data_func (path, test, test_environment);
    }
  g_test_add_func ("/launch-plan/environment/own", test_environment_own);
  g_test_add_func ("/launch-plan/environment/own-odd", test_environment_own_odd);
  g_test_add_func ("/launch-plan/environment/shared", test_environment_shared);
  g_test_add_func ("/launch-plan/environment/large", test_environment_large);
  for (gsize i = 0; i < G_N_ELEMENTS (path_cases); i++)
    {
      g_autofree char *path = g_strconcat ("/launch-plan/path/", path_cases[i].name, NULL);

      g_test_add_data_func (path, &path_cases[i], test_path);
    }
  g_test_add_func ("/launch-plan/path/of-child", test_path_of_child);
  g_test_add_func ("/launch-plan/path/unset", test_path_unset);
  g_test_add_func ("/launch-plan/path/executable", test_path_executable);
  g_test_add_func ("/launch-plan/path/long-name", test_path_long_name);
  g_test_add_func ("/launch-plan/path/no-search", test_path_no_search);

  result = g_test_run ();
  remove_tree ();

  return result;
}
