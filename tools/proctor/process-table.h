/* All processes as /proc shows them at one moment: who is whose child.
 *
 * SPDX-License-Identifier: LGPL-2.1-or-later
 */

#pragma once

#include <glib.h>

G_BEGIN_DECLS

typedef struct
{
  GPid pid;
  GPid parent;
  guint64 start_time; /* in ticks since boot; with the pid it names a process for good */
} ProcessEntry;

/* An array of ProcessEntry; empty where there is no /proc. */
GArray *process_table_read (void);

/* One line of /proc/PID/stat. */
gboolean process_entry_parse (const char   *line,
                              ProcessEntry *entry);

G_END_DECLS
