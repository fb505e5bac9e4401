/* SPDX-License-Identifier: LGPL-2.1-or-later */

/* Thread: MAIN. */

#include "config.h"

#include "tool.h"

#include <math.h>
#include <signal.h>
#include <string.h>

#include <glib/gi18n.h>

#include "base/signal-name.h"

void
tool_message (const char *format,
              ...)
{
  g_autofree char *message = NULL;
  va_list args;

  va_start (args, format);
  message = g_strdup_vprintf (format, args);
  va_end (args);

  g_printerr ("proctor: %s\n", message);
}

int
tool_usage_error (const char *verb,
                  const char *message)
{
  tool_message ("%s", message);
  if (verb != NULL)
    g_printerr (_("Try “proctor %s --help”.\n"), verb);
  else
    g_printerr (_("Try “proctor --help”.\n"));

  return TOOL_EXIT_USAGE;
}

guint
tool_get_text_width (const char *text)
{
  guint width = 0;

  for (const char *p = text; *p != '\0'; p = g_utf8_next_char (p))
    {
      gunichar c = g_utf8_get_char (p);

      if (!g_unichar_iszerowidth (c))
        width += g_unichar_iswide (c) ? 2 : 1;
    }

  return width;
}

gboolean
tool_parse_signal (const char *text,
                   int        *signum)
{
  gint64 number;

  if (g_ascii_string_to_signed (text, 10, 1, SIGRTMAX, &number, NULL))
    {
      *signum = (int) number;
      return TRUE;
    }

  for (int i = 1; i <= SIGRTMAX; i++)
    {
      g_autofree char *name = dup_signal_name (i);

      if (g_ascii_strcasecmp (name, text) == 0 ||
          g_ascii_strcasecmp (name + strlen ("SIG"), text) == 0)
        {
          *signum = i;
          return TRUE;
        }
    }

  return FALSE;
}

gboolean
tool_parse_seconds (const char *text,
                    double     *seconds)
{
  char *end = NULL;
  double number = g_ascii_strtod (text, &end);

  if (end == text || *end != '\0' || !isfinite (number) || number < 0)
    return FALSE;

  *seconds = number;
  return TRUE;
}
