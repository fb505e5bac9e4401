/* What a message quotes of stderr, and names of signals, by table.
 *
 * SPDX-License-Identifier: LGPL-2.1-or-later
 */

#include "config.h"

#include <signal.h>
#include <string.h>

#include "base/signal-name.h"
#include "process/result-data.h"

static void
assert_last_lines (const char *output,
                   const char *expected)
{
  g_autoptr(GBytes) bytes = g_bytes_new (output, strlen (output));
  g_autofree char *lines = dup_last_lines (bytes);

  g_assert_cmpstr (lines, ==, expected);
}

static void
test_last_lines (void)
{
  g_assert_null (dup_last_lines (NULL));
  assert_last_lines ("", NULL);
  assert_last_lines (" \n\n", NULL);
  assert_last_lines ("one", "one");
  assert_last_lines ("one\n", "one");
  assert_last_lines ("one\ntwo\n\n", "one\ntwo");
  assert_last_lines ("1\n2\n3\n4\n5\n", "1\n2\n3\n4\n5");
  assert_last_lines ("1\n2\n3\n4\n5\n6\n", "2\n3\n4\n5\n6");
  assert_last_lines ("a\xff" "b", "a\xef\xbf\xbd" "b");
}

/* Wherever a long line is cut, it is at the beginning of a character. */
static void
test_long_line (void)
{
  for (gsize shift = 0; shift < 4; shift++)
    {
      g_autoptr(GString) text = g_string_new (NULL);
      g_autoptr(GBytes) bytes = NULL;
      g_autofree char *lines = NULL;

      for (guint i = 0; i < 2000; i++)
        g_string_append (text, "€");
      for (gsize i = 0; i < shift; i++)
        g_string_append_c (text, 'x');
      bytes = g_bytes_new (text->str, text->len);
      lines = dup_last_lines (bytes);
      g_assert_true (g_utf8_validate (lines, -1, NULL));
      g_assert_null (strstr (lines, "\xef\xbf\xbd"));
      g_assert_true (g_str_has_prefix (lines, "…€"));
      g_assert_cmpuint (strlen (lines), <=, 610);
      g_assert_cmpuint (strlen (lines), >=, 590);
    }
}

static void
test_signal_names (void)
{
  static const struct
  {
    int signum;
    const char *name;
  } rows[] = {
    { SIGTERM, "SIGTERM" }, { SIGKILL, "SIGKILL" }, { SIGHUP, "SIGHUP" }, { 1000, "SIG1000" },
  };
  g_autofree char *realtime = dup_signal_name (SIGRTMIN + 3);

  for (guint i = 0; i < G_N_ELEMENTS (rows); i++)
    {
      g_autofree char *name = dup_signal_name (rows[i].signum);

      g_assert_cmpstr (name, ==, rows[i].name);
    }
  g_assert_cmpstr (realtime, ==, "SIGRTMIN+3");
}

int
main (int    argc,
      char **argv)
{
  g_test_init (&argc, &argv, NULL);
  g_test_add_func ("/outcome/last-lines", test_last_lines);
  g_test_add_func ("/outcome/long-line", test_long_line);
  g_test_add_func ("/outcome/signal-names", test_signal_names);
  return g_test_run ();
}
