/* One job: its output, its processes, what it is sent.
 *
 * SPDX-License-Identifier: LGPL-2.1-or-later
 */

#pragma once

#include <adwaita.h>

#include "monitor-job.h"

G_BEGIN_DECLS

#define MONITOR_TYPE_JOB_PAGE (monitor_job_page_get_type ())
G_DECLARE_FINAL_TYPE (MonitorJobPage, monitor_job_page, MONITOR, JOB_PAGE, GtkBox)

void monitor_job_page_set_job (MonitorJobPage *self,
                               MonitorJob     *job); /* or NULL */
void monitor_job_page_start_search (MonitorJobPage *self);

G_END_DECLS
