/* From what a command writes, which is any bytes, to text that can be shown.
 *
 * SPDX-License-Identifier: LGPL-2.1-or-later
 */

#pragma once

#include <glib.h>

G_BEGIN_DECLS

/* Longer lines are broken: laying one out takes a time that grows with its length. */
#define MONITOR_TEXT_FILTER_MAX_LINE 1024

/* Zero-initialized. Where in a character, an escape sequence and a line the bytes have ended. */
typedef struct
{
  char partial[4];
  gsize n_partial;
  enum
  {
    MONITOR_TEXT_PLAIN,
    MONITOR_TEXT_ESCAPE,         /* ESC */
    MONITOR_TEXT_CONTROL,        /* ESC [ … until a letter */
    MONITOR_TEXT_STRING,         /* ESC ] … until BEL or ESC \ */
    MONITOR_TEXT_STRING_ESCAPE,
  } state;
  gboolean returned; /* to the beginning of the line, which the next character overwrites */
  guint column;
} MonitorTextFilter;

/* The text for the next bytes; at the end, with @length 0, what was left of a character.
 * @erase_line is set where it replaces the last line that was given before.
 */
GString *monitor_text_filter_feed (MonitorTextFilter *self,
                                   const char        *data,
                                   gsize              length,
                                   gboolean          *erase_line);

G_END_DECLS
