/* Quoting for POSIX shells, with the same results as Python's shlex.
 *
 * SPDX-License-Identifier: LGPL-2.1-or-later
 */

/* Thread: ANY. Pure functions. */

#include "config.h"

#include <proctor/proctor.h>

/* Only these bytes mean themselves wherever they stand. Bytes above ASCII do not: what they are
 * depends on the locale of the shell.
 */
static gboolean
is_safe (const char *argument)
{
  static const char others[] = "@%+=:,./_-";

  for (const char *p = argument; *p != '\0'; p++)
    {
      if (!g_ascii_isalnum (*p) && strchr (others, *p) == NULL)
        return FALSE;
    }

  return argument[0] != '\0';
}

static void
append_quoted (GString    *text,
               const char *argument)
{
  if (is_safe (argument))
    {
      g_string_append (text, argument);
      return;
    }

  g_string_append_c (text, '\'');
  for (const char *rest = argument;;)
    {
      gsize plain = strcspn (rest, "'");

      g_string_append_len (text, rest, plain);
      rest += plain;
      if (*rest == '\0')
        break;
      /* Nothing can be escaped between single quotes, so they end, and the quote stands between
       * double ones.
       */
      g_string_append (text, "'\"'\"'");
      rest++;
    }
  g_string_append_c (text, '\'');
}

/**
 * proctor_shell_quote:
 * @argument: (type filename): any bytes
 *
 * Quotes one argument for a POSIX shell, so that the shell reads it as one word with exactly these
 * bytes.
 *
 * The result is the one of Python's `shlex.quote`: arguments of ASCII letters, digits and
 * `@%+=:,./_-` stay as they are, an empty one becomes `''`, and all others are put between single
 * quotes. It is meant for text that goes to `sh`, [ctor@Command.new_shell] for example, or that a
 * person may copy; a command made from an argument vector needs no quotes.
 *
 * Thread safety: any thread.
 *
 * Returns: (transfer full) (type filename): the quoted argument
 *
 * Since: 1.0
 */
char *
proctor_shell_quote (const char *argument)
{
  GString *text;

  g_return_val_if_fail (argument != NULL, NULL);

  text = g_string_sized_new (strlen (argument) + 2);
  append_quoted (text, argument);

  return g_string_free (text, FALSE);
}

/**
 * proctor_shell_join:
 * @argv: (array zero-terminated=1) (element-type filename): the arguments, any bytes; may be empty
 *
 * Quotes arguments for a POSIX shell and joins them with one space each, as Python's `shlex.join`
 * does.
 *
 * The shell reads the result as exactly the words of @argv. No arguments give the empty text.
 *
 * Thread safety: any thread.
 *
 * Returns: (transfer full) (type filename): the quoted arguments
 *
 * Since: 1.0
 */
char *
proctor_shell_join (const char * const *argv)
{
  GString *text;
  gsize length = 0;

  g_return_val_if_fail (argv != NULL, NULL);

  /* Enough for most arguments, which need no more than a pair of quotes. */
  for (gsize i = 0; argv[i] != NULL; i++)
    length += strlen (argv[i]) + sizeof "'' ";
  text = g_string_sized_new (length);
  for (gsize i = 0; argv[i] != NULL; i++)
    {
      if (i > 0)
        g_string_append_c (text, ' ');
      append_quoted (text, argv[i]);
    }

  return g_string_free (text, FALSE);
}
