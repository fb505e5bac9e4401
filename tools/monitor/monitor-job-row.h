/* A job in the window's list.
 *
 * SPDX-License-Identifier: LGPL-2.1-or-later
 */

#pragma once

#include "monitor-job.h"

G_BEGIN_DECLS

#define MONITOR_TYPE_JOB_ROW (monitor_job_row_get_type ())
G_DECLARE_FINAL_TYPE (MonitorJobRow, monitor_job_row, MONITOR, JOB_ROW, GtkBox)

void monitor_job_row_set_job (MonitorJobRow *self,
                              MonitorJob    *job); /* or NULL */

G_END_DECLS
