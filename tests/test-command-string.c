/* A command as a shell would need it: what is shown and what never is.
 *
 * SPDX-License-Identifier: LGPL-2.1-or-later
 */

#include "config.h"

#include <string.h>

#include <proctor/proctor.h>

#define SECRET "s3cret-value"

static void
assert_shown (ProctorCommand *command,
              const char     *expected)
{
  g_autofree char *text = proctor_command_to_string (command);

  g_assert_cmpstr (text, ==, expected);
  g_assert_true (g_utf8_validate (text, -1, NULL));
  g_assert_null (strstr (text, SECRET));
}

static void
test_words (void)
{
  g_autoptr(ProctorCommand) plain = proctor_command_new ("sort", "-n", "a file", "it's", "", NULL);
  g_autoptr(ProctorCommand) empty = proctor_command_new (NULL, NULL);
  g_autoptr(ProctorCommand) lines = proctor_command_new ("echo", "a\nb", NULL);
  g_autoptr(ProctorCommand) umlaut = proctor_command_new ("echo", "Grüße", NULL);

  assert_shown (plain, "sort -n 'a file' 'it'\"'\"'s' ''");
  assert_shown (empty, "");
  assert_shown (lines, "echo 'a\nb'");
  assert_shown (umlaut, "echo 'Grüße'");
}

static void
test_bytes (void)
{
  g_autoptr(ProctorCommand) command =
    proctor_command_new ("echo", "a\xff", "\x1b[31m'\\ü", "\t", NULL);

  proctor_command_set_cwd (command, "/d\xfe");
  assert_shown (command, "cd $'/d\\376' && echo $'a\\377' $'\\033[31m\\'\\\\ü' $'\\011'");
}

static void
test_shell (void)
{
  g_autoptr(ProctorCommand) command = proctor_command_new_shell ("ls | wc -l");

  assert_shown (command, "/bin/sh -c 'ls | wc -l'");
  proctor_command_set_executable (command, "bash");
  assert_shown (command, "bash -c 'ls | wc -l'");
}

static void
test_executable (void)
{
  g_autoptr(ProctorCommand) command = proctor_command_new ("ls", "-l", NULL);

  proctor_command_set_executable (command, "/bin/busy box");
  assert_shown (command, "exec -a ls '/bin/busy box' -l");
  proctor_command_set_executable (command, "ls");
  assert_shown (command, "ls -l");
}

static void
test_environment (void)
{
  const char * const base[] = { "A=" SECRET, "B=" SECRET, NULL };
  g_autoptr(ProctorCommand) command = proctor_command_new ("make", NULL);

  proctor_command_setenv (command, "LC_ALL", SECRET);
  proctor_command_setenv (command, "TOKEN", SECRET);
  assert_shown (command, "LC_ALL=… TOKEN=… make");

  proctor_command_setenv (command, "GONE", SECRET);
  proctor_command_unsetenv (command, "GONE");
  proctor_command_unsetenv (command, "LC_ALL");
  proctor_command_setenv (command, "LC_ALL", SECRET);
  assert_shown (command, "env -u GONE TOKEN=… LC_ALL=… make");

  proctor_command_set_environ (command, base);
  assert_shown (command, "env -i A=… B=… make");
  proctor_command_setenv (command, "C", SECRET);
  proctor_command_unsetenv (command, "A");
  assert_shown (command, "env -i B=… C=… make");

  proctor_command_clear_environ (command);
  assert_shown (command, "env -i make");
}

static void
test_files (void)
{
  g_autoptr(ProctorCommand) command = proctor_command_new ("sort", NULL);

  proctor_command_set_cwd (command, "/srv/data");
  proctor_command_set_stdin_path (command, "numbers.txt");
  proctor_command_set_stdout_path (command, "out put", FALSE);
  proctor_command_set_stderr (command, PROCTOR_STDIO_STDOUT);
  assert_shown (command, "cd /srv/data && sort <numbers.txt >'out put' 2>&1");

  proctor_command_set_cwd (command, NULL);
  proctor_command_set_stdin (command, PROCTOR_STDIO_DEVNULL);
  proctor_command_set_stdout_path (command, "log", TRUE);
  proctor_command_set_stderr_path (command, "errors", TRUE);
  assert_shown (command, "sort </dev/null >>log 2>>errors");

  proctor_command_set_stdin (command, PROCTOR_STDIO_PIPE);
  proctor_command_set_stdout (command, PROCTOR_STDIO_INHERIT);
  proctor_command_set_stderr (command, PROCTOR_STDIO_DEFAULT);
  assert_shown (command, "sort");
}

/* What was wrong with a command does not tell its secrets either. */
static void
test_errors (void)
{
  const char * const base[] = { "A=" SECRET, "=" SECRET, NULL };
  g_autoptr(ProctorCommand) command = proctor_command_new ("true", NULL);
  g_autoptr(GError) error = NULL;

  g_assert_true (proctor_init (&error));
  proctor_command_set_environ (command, base);
  g_assert_null (proctor_command_spawn (command, NULL, &error));
  g_assert_error (error, PROCTOR_ERROR, PROCTOR_ERROR_INVALID_COMMAND);
  g_assert_null (strstr (error->message, SECRET));
}

int
main (int    argc,
      char **argv)
{
  g_test_init (&argc, &argv, NULL);
  g_test_add_func ("/command-string/words", test_words);
  g_test_add_func ("/command-string/bytes", test_bytes);
  g_test_add_func ("/command-string/shell", test_shell);
  g_test_add_func ("/command-string/executable", test_executable);
  g_test_add_func ("/command-string/environment", test_environment);
  g_test_add_func ("/command-string/files", test_files);
  g_test_add_func ("/command-string/errors", test_errors);

  return g_test_run ();
}
