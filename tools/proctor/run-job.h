/* One command of `proctor run`, from its spawn to its result.
 *
 * SPDX-License-Identifier: LGPL-2.1-or-later
 */

#pragma once

#include <gio/gio.h>

#include <proctor/proctor.h>

#include "run-options.h"

G_BEGIN_DECLS

typedef struct _RunJob RunJob;

/* Called once per started job, in the main loop. */
typedef void (* RunJobFunc) (RunJob  *job,
                             gpointer user_data);

typedef enum
{
  RUN_STOP_NONE,
  RUN_STOP_TIMED_OUT,
  RUN_STOP_INTERRUPTED,
} RunStopReason;

/* The number counts from 1. The options outlive the job. Before a job is stopped, @stopping_func is
 * called.
 */
RunJob *run_job_new (const RunOptions *options,
                     guint             number,
                     RunJobFunc        stopping_func,
                     RunJobFunc        done_func,
                     gpointer          user_data);
RunJob *run_job_ref (RunJob *self);
void run_job_unref (RunJob *self);

/* Before both are started: what @self writes, @next reads. */
gboolean run_job_pipe_to (RunJob  *self,
                          RunJob  *next,
                          GError **error);

void run_job_start (RunJob *self);
/* As the stop plan says. Does nothing where it does not run or is being stopped already. */
void run_job_stop (RunJob        *self,
                   RunStopReason  reason);
/* SIGKILL at once. */
void run_job_kill (RunJob *self);

/* Whether it could not be started because the system has no more fds or processes for us. */
gboolean run_job_lacks_room (RunJob *self);

/* As if it had never been started. */
void run_job_put_back (RunJob *self);

guint run_job_get_number (RunJob *self);
const char *run_job_get_text (RunJob *self);
gboolean run_job_is_started (RunJob *self);
gboolean run_job_is_done (RunJob *self);
/* Whether the child may or may not exist at this moment. */
gboolean run_job_is_spawning (RunJob *self);
/* 0 where there is no child, or none any more. */
GPid run_job_get_pid (RunJob *self);
RunStopReason run_job_get_stop_reason (RunJob *self);
/* NULL where there is none: not done yet, or it could not be started. */
ProctorResult *run_job_get_result (RunJob *self);
/* Why it could not be started, or has no returncode; else NULL. */
const GError *run_job_get_error (RunJob *self);
/* Whether it was stopped because it has written too much. */
gboolean run_job_is_over_limit (RunJob *self);
gboolean run_job_is_failed (RunJob *self);
/* What happened, for people; NULL where all went well. */
char *run_job_dup_complaint (RunJob *self);
/* What a shell would exit with. */
int run_job_get_exit_code (RunJob *self);

G_DEFINE_AUTOPTR_CLEANUP_FUNC (RunJob, run_job_unref)

G_END_DECLS
