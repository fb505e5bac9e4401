/* Stepping through a stop plan: what is due, and when something is due next. No signal is sent
 * here.
 *
 * SPDX-License-Identifier: LGPL-2.1-or-later
 */

#pragma once

#include <proctor/proctor.h>

G_BEGIN_DECLS

typedef struct
{
  int signum;
  GTimeSpan time; /* microseconds until the next step; -1: there is none */
} StopStep;

struct _ProctorStopPlan
{
  GArray *steps; /* of StopStep; SIGKILL comes after the last one */
};

/* TERM, this time, KILL; 0: KILL at once. */
ProctorStopPlan *stop_plan_new_for_grace (GTimeSpan grace);

/* The default: five seconds. */
ProctorStopPlan *stop_plan_new_default (void);

/* A plan for now: the steps with their signals beginning at a moment. */
typedef struct
{
  const ProctorStopPlan *plan; /* borrowed */
  guint next;                  /* the step that comes next; one more than there are: all is done */
  gint64 deadline;             /* when; G_MAXINT64: never */
} StopProgress;

void stop_progress_begin (StopProgress          *self,
                          const ProctorStopPlan *plan,
                          gint64                 now);

/* Goes to the end: SIGKILL is due. */
void stop_progress_skip_to_kill (StopProgress *self,
                                 gint64        now);

/* The signal of the step that is due at @now, which is then done: its time begins. 0: none is. */
int stop_progress_take_step (StopProgress *self,
                             gint64        now);

/* Whether SIGKILL was taken. */
gboolean stop_progress_is_over (const StopProgress *self);

/* How often @signum was taken. */
guint stop_progress_count (const StopProgress *self,
                           int                 signum);

/* Whether a step has a signal that does not exist; which. */
gboolean stop_plan_find_invalid (const ProctorStopPlan *self,
                                 int                   *ret_signum);

G_END_DECLS
