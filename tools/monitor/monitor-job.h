/* A command line and what became of it: the item of the window's list.
 *
 * SPDX-License-Identifier: LGPL-2.1-or-later
 */

#pragma once

#include <proctor/proctor.h>

#include "monitor-output.h"
#include "monitor-usage.h"

G_BEGIN_DECLS

typedef enum
{
  MONITOR_JOB_STARTING,
  MONITOR_JOB_RUNNING,
  MONITOR_JOB_SUSPENDED,
  MONITOR_JOB_STOPPING,
  MONITOR_JOB_SUCCEEDED,
  MONITOR_JOB_FAILED,
} MonitorJobState;

#define MONITOR_TYPE_JOB (monitor_job_get_type ())
G_DECLARE_FINAL_TYPE (MonitorJob, monitor_job, MONITOR, JOB, GObject)

MonitorJob *monitor_job_new (const char *command_line,
                             const char *cwd); /* or NULL: the program's own */

/* Errors come with the signal "problem". */
void monitor_job_start (MonitorJob *self);
void monitor_job_stop (MonitorJob *self);
void monitor_job_kill (MonitorJob *self);
void monitor_job_suspend (MonitorJob *self);
void monitor_job_resume (MonitorJob *self);
void monitor_job_send (MonitorJob *self,
                       const char *text);
void monitor_job_end_input (MonitorJob *self);

const char *monitor_job_get_command_line (MonitorJob *self);
MonitorJobState monitor_job_get_state (MonitorJob *self);
gboolean monitor_job_is_running (MonitorJob *self);
guint monitor_job_get_n_left (MonitorJob *self);   /* processes that run on after it has ended */
gboolean monitor_job_is_alive (MonitorJob *self); /* one or the other */
gboolean monitor_job_takes_input (MonitorJob *self);
MonitorOutput *monitor_job_get_output (MonitorJob *self);
ProctorProcess *monitor_job_get_process (MonitorJob *self); /* NULL before it has started */
const char *monitor_job_get_error (MonitorJob *self);       /* NULL unless it has failed */
MonitorUsage *monitor_job_get_usage (MonitorJob *self);     /* NULL if nothing is known */

/* Whether it has processes to look at; and what was seen, once a second. */
gboolean monitor_job_wants_usage (MonitorJob *self);
void monitor_job_end_second (MonitorJob   *self,
                             MonitorUsage *usage); /* (transfer full), or NULL */

G_END_DECLS
