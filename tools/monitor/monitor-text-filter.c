/* SPDX-License-Identifier: LGPL-2.1-or-later */

/* Thread: ANY. No state but its own. */

#include "config.h"

#include "monitor-text-filter.h"

#include <string.h>

/* How many bytes at the end of @data may be the beginning of a character. */
static gsize
length_of_partial (const char *data,
                   gsize       length)
{
  for (gsize n = 1; n <= MIN (length, 3); n++)
    {
      guchar byte = (guchar) data[length - n];

      if (byte >= 0xc0)
        return n < (byte >= 0xf0 ? 4U : byte >= 0xe0 ? 3U : 2U) ? n : 0;
      if (byte < 0x80)
        break;
    }
  return 0;
}

/* The bytes as UTF-8, without the beginning of a character, which is kept for the next time. */
static char *
take_valid (MonitorTextFilter *self,
            const char        *data,
            gsize              length)
{
  g_autoptr(GString) bytes = g_string_new_len (self->partial, (gssize) self->n_partial);
  gsize complete;

  g_string_append_len (bytes, data, (gssize) length);
  self->n_partial = length > 0 ? length_of_partial (bytes->str, bytes->len) : 0;
  complete = bytes->len - self->n_partial;
  memcpy (self->partial, bytes->str + complete, self->n_partial);
  return g_utf8_make_valid (bytes->str, (gssize) complete);
}

/* Whether @c belongs to something that only a terminal understands. */
static gboolean
skip_escape (MonitorTextFilter *self,
             char               c)
{
  switch (self->state)
    {
    case MONITOR_TEXT_PLAIN:
      if (c != '\033')
        return FALSE;
      self->state = MONITOR_TEXT_ESCAPE;
      return TRUE;
    case MONITOR_TEXT_ESCAPE:
      if (c == '[')
        self->state = MONITOR_TEXT_CONTROL;
      else if (c == ']' || c == 'P')
        self->state = MONITOR_TEXT_STRING;
      else if (c < ' ' || c > '/')
        self->state = MONITOR_TEXT_PLAIN;
      return TRUE;
    case MONITOR_TEXT_CONTROL:
      if (c >= '@')
        self->state = MONITOR_TEXT_PLAIN;
      return TRUE;
    case MONITOR_TEXT_STRING:
      if (c == '\a')
        self->state = MONITOR_TEXT_PLAIN;
      else if (c == '\033')
        self->state = MONITOR_TEXT_STRING_ESCAPE;
      return TRUE;
    default:
      self->state = c == '\\' ? MONITOR_TEXT_PLAIN : MONITOR_TEXT_STRING;
      return TRUE;
    }
}

/* As a progress bar does that draws itself again and again. */
static void
erase_line_of (GString  *text,
               gboolean *erase_line)
{
  const char *newline = strrchr (text->str, '\n');

  if (newline == NULL)
    *erase_line = TRUE;
  g_string_truncate (text, newline != NULL ? (gsize) (newline + 1 - text->str) : 0);
}

GString *
monitor_text_filter_feed (MonitorTextFilter *self,
                          const char        *data,
                          gsize              length,
                          gboolean          *erase_line)
{
  g_autofree char *valid = take_valid (self, data, length);
  GString *text = g_string_sized_new (length + 1);

  *erase_line = FALSE;
  for (const char *p = valid; *p != '\0'; p = g_utf8_next_char (p))
    {
      if (skip_escape (self, *p))
        continue;
      if (*p == '\r')
        {
          self->returned = TRUE;
          continue;
        }
      if (g_ascii_iscntrl (*p) && *p != '\n' && *p != '\t')
        continue;

      if (self->returned && *p != '\n')
        {
          erase_line_of (text, erase_line);
          self->column = 0;
        }
      self->returned = FALSE;
      if (*p != '\n' && self->column == MONITOR_TEXT_FILTER_MAX_LINE)
        {
          g_string_append_c (text, '\n');
          self->column = 0;
        }
      self->column = *p == '\n' ? 0 : self->column + 1;
      g_string_append_len (text, p, g_utf8_next_char (p) - p);
    }
  return text;
}
