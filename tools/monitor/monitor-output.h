/* What a command has written: its last lines, as text for a GtkTextView.
 *
 * SPDX-License-Identifier: LGPL-2.1-or-later
 */

#pragma once

#include <gtk/gtk.h>

G_BEGIN_DECLS

#define MONITOR_TYPE_OUTPUT (monitor_output_get_type ())
G_DECLARE_FINAL_TYPE (MonitorOutput, monitor_output, MONITOR, OUTPUT, GObject)

/* Of the older ones only the number is kept. */
#define MONITOR_OUTPUT_MAX_LINES 10000
#define MONITOR_OUTPUT_MAX_CHARACTERS (4 * 1024 * 1024)

/* How many seconds of history there are. */
#define MONITOR_OUTPUT_RATES 60

/* The tag of what was searched for. */
#define MONITOR_OUTPUT_MATCH "match"

MonitorOutput *monitor_output_new (void);

/* Reads @stream to its end; one at a time. */
void monitor_output_follow (MonitorOutput *self,
                            GInputStream  *stream);
void monitor_output_stop_following (MonitorOutput *self);
void monitor_output_clear (MonitorOutput *self);

GtkTextBuffer *monitor_output_get_buffer (MonitorOutput *self);
guint64 monitor_output_get_dropped (MonitorOutput *self);
guint64 monitor_output_get_received (MonitorOutput *self);

/* Bytes a second, the oldest first; ends the current second. */
const guint64 *monitor_output_get_rates (MonitorOutput *self);
void monitor_output_end_second (MonitorOutput *self);

G_END_DECLS
