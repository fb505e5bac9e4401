/* What a command's processes use, as /proc says.
 *
 * SPDX-License-Identifier: LGPL-2.1-or-later
 */

#pragma once

#include <proctor/proctor.h>

G_BEGIN_DECLS

typedef struct
{
  GPid pid;
  GPid parent;
  char *name;         /* UTF-8 */
  double cpu_seconds; /* with those of its children that have ended */
  guint64 memory;     /* bytes that are resident */
} MonitorUsageEntry;

/* Of a tree of processes. */
typedef struct
{
  double cpu_seconds;
  guint64 memory;
  GPtrArray *entries; /* of MonitorUsageEntry, without those that have ended */
} MonitorUsage;

void monitor_usage_free (MonitorUsage *self);
G_DEFINE_AUTOPTR_CLEANUP_FUNC (MonitorUsage, monitor_usage_free)

/* Of many processes and all that they have started, in a thread of its own: it takes its time. */
void monitor_usage_read_async (GPtrArray           *processes, /* of ProctorProcess */
                               GAsyncReadyCallback  callback,
                               gpointer             user_data);

/* A MonitorUsage for each process. */
GPtrArray *monitor_usage_read_finish (GAsyncResult *result);

G_END_DECLS
