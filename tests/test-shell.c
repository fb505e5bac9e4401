/* Quoting for shells: the results of Python's shlex, and arguments that come back unchanged from a
 * shell.
 *
 * SPDX-License-Identifier: LGPL-2.1-or-later
 */

#include "config.h"

#include <string.h>
#include <unistd.h>

#include <glib/gstdio.h>

#include <proctor/proctor.h>

#include "test-deadline.h"

static const struct
{
  const char *argument;
  const char *quoted;
} quote_cases[] = {
  { "", "''" },
  { "plain", "plain" },
  { "AZaz09@%+=:,./_-", "AZaz09@%+=:,./_-" },
  { "-", "-" },
  { "two words", "'two words'" },
  { " ", "' '" },
  { "\n", "'\n'" },
  { "\t", "'\t'" },
  { "'", "''\"'\"''" },
  { "''", "''\"'\"''\"'\"''" },
  { "it's", "'it'\"'\"'s'" },
  { "'begin", "''\"'\"'begin'" },
  { "end'", "'end'\"'\"''" },
  { "\"", "'\"'" },
  { "\\", "'\\'" },
  { "$HOME", "'$HOME'" },
  { "`id`", "'`id`'" },
  { "~", "'~'" },
  { "#", "'#'" },
  { "!", "'!'" },
  { "a*", "'a*'" },
  { "a;b", "'a;b'" },
  { "a&b", "'a&b'" },
  { "a^b", "'a^b'" },
  { "{a,b}", "'{a,b}'" },
  { "a[1]", "'a[1]'" },
  { "\x7f", "'\x7f'" },
  { "\x01", "'\x01'" },
  { "caf\xc3\xa9", "'caf\xc3\xa9'" },
  { "caf\xe9", "'caf\xe9'" },
  { "\xff", "'\xff'" },
};

static void
test_quote (void)
{
  for (gsize i = 0; i < G_N_ELEMENTS (quote_cases); i++)
    {
      const char * const alone[] = { quote_cases[i].argument, NULL };
      g_autofree char *quoted = proctor_shell_quote (quote_cases[i].argument);
      g_autofree char *joined = proctor_shell_join (alone);

      g_assert_cmpstr (quoted, ==, quote_cases[i].quoted);
      g_assert_cmpstr (joined, ==, quote_cases[i].quoted);
    }
}

static void
test_join (void)
{
  static const struct
  {
    const char *argv[5];
    const char *joined;
  } cases[] = {
    { { NULL }, "" },
    { { "", NULL }, "''" },
    { { "", "", NULL }, "'' ''" },
    { { "echo", "a b", NULL }, "echo 'a b'" },
    { { "echo", "it's", "-n", "x=y", NULL }, "echo 'it'\"'\"'s' -n x=y" },
    { { "printf", "\xff\xfe", "", "end", NULL }, "printf '\xff\xfe' '' end" },
  };

  for (gsize i = 0; i < G_N_ELEMENTS (cases); i++)
    {
      g_autofree char *joined = proctor_shell_join (cases[i].argv);

      g_assert_cmpstr (joined, ==, cases[i].joined);
    }
}

/* Bytes that have a meaning somewhere are as likely as all others together. */
static char *
random_argument (void)
{
  static const char special[] = " '\"\\$`~#!*?[]{}()<>|&;^=%\t\n\r-_.,:/@+aZ0";
  gsize length = (gsize) g_test_rand_int_range (0, 24);
  char *argument = g_new0 (char, length + 1);

  for (gsize i = 0; i < length; i++)
    {
      if (g_test_rand_bit ())
        argument[i] = special[g_test_rand_int_range (0, sizeof special - 1)];
      else
        argument[i] = (char) g_test_rand_int_range (1, 256);
    }

  return argument;
}

static GPtrArray *
random_arguments (guint n)
{
  GPtrArray *arguments = g_ptr_array_new_with_free_func (g_free);

  for (guint i = 0; i < n; i++)
    g_ptr_array_add (arguments, random_argument ());

  return arguments;
}

static guint
scaled (guint n)
{
  const char *scale = g_getenv ("PROCTOR_TEST_SCALE");
  double wanted = n * (scale != NULL ? g_ascii_strtod (scale, NULL) : 1.0);

  return (guint) CLAMP (wanted, 100, 1000000);
}

static void
append_record (GString    *records,
               const char *record)
{
  g_string_append_len (records, record, (gssize) strlen (record) + 1);
}

static const char python_program[] =
    "import os, shlex, sys\n"
    "with open(sys.argv[1], 'rb') as f:\n"
    "    items = [os.fsdecode(item) for item in f.read().split(b'\\0')[:-1]]\n"
    "n = int(sys.argv[2])\n"
    "out = [shlex.quote(item) for item in items]\n"
    "out += [shlex.join(items[i:i + n]) for i in range(0, len(items), n)]\n"
    "sys.stdout.buffer.write(b''.join(os.fsencode(text) + b'\\0' for text in out))\n";

#define JOIN_LENGTH 7

static GString *
quote_all (GPtrArray *arguments)
{
  GString *records = g_string_new (NULL);

  for (guint i = 0; i < arguments->len; i++)
    {
      g_autofree char *quoted = proctor_shell_quote (g_ptr_array_index (arguments, i));

      append_record (records, quoted);
    }

  for (guint i = 0; i < arguments->len; i += JOIN_LENGTH)
    {
      const char *argv[JOIN_LENGTH + 1] = { NULL };
      g_autofree char *joined = NULL;

      for (guint k = 0; k < JOIN_LENGTH && i + k < arguments->len; k++)
        argv[k] = g_ptr_array_index (arguments, i + k);
      joined = proctor_shell_join (argv);
      append_record (records, joined);
    }

  return records;
}

/* What a shell prints. Through a file: g_spawn_sync() does not tell the length of an output with
 * NULs.
 */
static char *
output_of_sh (const char *command,
              gsize      *length)
{
  g_autoptr(GError) error = NULL;
  g_autofree char *path = NULL;
  g_autofree char *script = NULL;
  char *argv[] = { (char *) "/bin/sh", (char *) "-c", NULL, NULL };
  char *output = NULL;
  int wait_status = -1;
  int fd = g_file_open_tmp ("proctor-shell-XXXXXX", &path, &error);

  g_assert_no_error (error);
  g_close (fd, NULL);

  argv[2] = script = g_strdup_printf ("exec >%s; %s", path, command);
  g_spawn_sync (NULL, argv, NULL, G_SPAWN_DEFAULT, NULL, NULL, NULL, NULL, &wait_status, &error);
  g_assert_no_error (error);
  g_spawn_check_wait_status (wait_status, &error);
  g_assert_no_error (error);

  g_file_get_contents (path, &output, length, &error);
  g_assert_no_error (error);
  g_unlink (path);

  return output;
}

/* Both are records that end with a NUL each. The first that differs is shown before the whole is
 * compared.
 */
static void
assert_records (const char    *text,
                gsize          length,
                const GString *expected)
{
  for (gsize i = 0; i < MIN (length, expected->len); i += strlen (expected->str + i) + 1)
    g_assert_cmpstr (text + i, ==, expected->str + i);

  g_assert_cmpmem (text, length, expected->str, expected->len);
}

static void
test_same_as_python (void)
{
  g_autofree char *python = g_find_program_in_path ("python3");
  g_autoptr(GPtrArray) arguments = NULL;
  g_autoptr(GString) input = g_string_new (NULL);
  g_autoptr(GString) expected = NULL;
  g_autoptr(GError) error = NULL;
  g_autofree char *path = NULL;
  g_autofree char *command = NULL;
  g_autofree char *output = NULL;
  gsize length = 0;
  int fd;

  if (python == NULL)
    {
      g_test_skip ("there is no python3");
      return;
    }

  arguments = random_arguments (scaled (5000));
  for (gsize i = 0; i < G_N_ELEMENTS (quote_cases); i++)
    g_ptr_array_add (arguments, g_strdup (quote_cases[i].argument));
  for (guint i = 0; i < arguments->len; i++)
    append_record (input, g_ptr_array_index (arguments, i));

  fd = g_file_open_tmp ("proctor-shell-XXXXXX", &path, &error);
  g_assert_no_error (error);
  g_close (fd, NULL);
  g_file_set_contents (path, input->str, (gssize) input->len, &error);
  g_assert_no_error (error);

  {
    const char * const argv[] = { python, "-I", "-X", "utf8", "-c", python_program, path,
                                  G_STRINGIFY (JOIN_LENGTH), NULL };

    command = proctor_shell_join (argv);
  }
  output = output_of_sh (command, &length);
  g_unlink (path);

  expected = quote_all (arguments);
  assert_records (output, length, expected);
}

/* The shell itself says whether it reads the words back. */
static void
test_back_from_sh (void)
{
  guint rounds = scaled (1000) / 100;

  for (guint round = 0; round < rounds; round++)
    {
      g_autoptr(GPtrArray) arguments = random_arguments (100);
      g_autoptr(GString) expected = g_string_new (NULL);
      g_autofree char *words = NULL;
      g_autofree char *command = NULL;
      g_autofree char *output = NULL;
      gsize length = 0;

      for (guint i = 0; i < arguments->len; i++)
        append_record (expected, g_ptr_array_index (arguments, i));
      g_ptr_array_add (arguments, NULL);
      words = proctor_shell_join ((const char * const *) arguments->pdata);
      command = g_strdup_printf ("printf '%%s\\0' %s", words);

      output = output_of_sh (command, &length);
      assert_records (output, length, expected);
    }
}

int
main (int    argc,
      char **argv)
{
  g_test_init (&argc, &argv, NULL);
  /* A deadline for the children, too: they are waited for. */
  deadline_start ("test-shell", TEST_DEADLINE_SECONDS);

  g_test_add_func ("/shell/quote", test_quote);
  g_test_add_func ("/shell/join", test_join);
  g_test_add_func ("/shell/same-as-python", test_same_as_python);
  g_test_add_func ("/shell/back-from-sh", test_back_from_sh);

  return g_test_run ();
}
