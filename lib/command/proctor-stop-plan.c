/* SPDX-License-Identifier: LGPL-2.1-or-later */

/* Thread: the owner's. Plain data. */

#include "config.h"

#include "command/stop-plan.h"

/**
 * ProctorStopPlan:
 *
 * How a process is ended: signals, and how long the process may take after each.
 *
 * ```c
 * g_autoptr(ProctorStopPlan) plan = proctor_stop_plan_new ();
 *
 * proctor_stop_plan_add_step (plan, SIGINT, 2 * G_TIME_SPAN_SECOND);
 * proctor_stop_plan_add_step (plan, SIGTERM, 5 * G_TIME_SPAN_SECOND);
 * ```
 *
 * SIGKILL comes last in any case, when the time of the last step is over, and nothing comes after
 * it: a plan without steps kills at once. Every other signal is followed by SIGCONT, so that a
 * process that is suspended sees it. A plan ends the moment the process does.
 *
 * Thread safety: one thread at a time; whatever takes a plan takes a copy.
 *
 * Since: 1.0
 */
G_DEFINE_BOXED_TYPE (ProctorStopPlan, proctor_stop_plan, proctor_stop_plan_copy,
                     proctor_stop_plan_free)

/**
 * proctor_stop_plan_new:
 *
 * Makes a plan without steps.
 *
 * Thread safety: any thread.
 *
 * Returns: (transfer full): a plan
 *
 * Since: 1.0
 */
ProctorStopPlan *
proctor_stop_plan_new (void)
{
  ProctorStopPlan *self = g_new (ProctorStopPlan, 1);

  self->steps = g_array_new (FALSE, FALSE, sizeof (StopStep));
  return self;
}

/**
 * proctor_stop_plan_copy:
 * @self: a plan
 *
 * Copies a plan.
 *
 * Thread safety: the thread that @self belongs to.
 *
 * Returns: (transfer full): a plan with the same steps
 *
 * Since: 1.0
 */
ProctorStopPlan *
proctor_stop_plan_copy (const ProctorStopPlan *self)
{
  ProctorStopPlan *copy;

  g_return_val_if_fail (self != NULL, NULL);

  copy = g_new (ProctorStopPlan, 1);
  copy->steps = g_array_copy (self->steps);
  return copy;
}

/**
 * proctor_stop_plan_free:
 * @self: a plan
 *
 * Frees a plan.
 *
 * Thread safety: the thread that @self belongs to.
 *
 * Since: 1.0
 */
void
proctor_stop_plan_free (ProctorStopPlan *self)
{
  g_return_if_fail (self != NULL);

  g_array_unref (self->steps);
  g_free (self);
}

/**
 * proctor_stop_plan_add_step:
 * @self: a plan
 * @signum: the number of a signal
 * @time: microseconds that the process may take before the next step; -1: as long as it wants, so
 *   that nothing comes after this step
 *
 * Adds a step to the end of a plan. All negative times mean the same.
 *
 * Errors: a signal that does not exist is %PROCTOR_ERROR_INVALID_COMMAND where the plan is used.
 *
 * Thread safety: the thread that @self belongs to.
 *
 * Since: 1.0
 */
void
proctor_stop_plan_add_step (ProctorStopPlan *self,
                            int              signum,
                            GTimeSpan        time)
{
  StopStep step = { .signum = signum, .time = MAX (time, -1) };

  g_return_if_fail (self != NULL);

  g_array_append_val (self->steps, step);
}

/**
 * proctor_stop_plan_get_n_steps:
 * @self: a plan
 *
 * How many steps a plan has, the SIGKILL at its end not counted unless it was added.
 *
 * Thread safety: the thread that @self belongs to.
 *
 * Returns: the number
 *
 * Since: 1.0
 */
guint
proctor_stop_plan_get_n_steps (const ProctorStopPlan *self)
{
  g_return_val_if_fail (self != NULL, 0);

  return self->steps->len;
}

/**
 * proctor_stop_plan_get_step:
 * @self: a plan
 * @index: the number of a step, from 0
 * @signum: (out) (optional): return location for its signal
 * @time: (out) (optional): return location for its time in microseconds, or -1
 *
 * Gets a step of a plan.
 *
 * Thread safety: the thread that @self belongs to.
 *
 * Returns: %FALSE, with the locations untouched, if there is no such step
 *
 * Since: 1.0
 */
gboolean
proctor_stop_plan_get_step (const ProctorStopPlan *self,
                            guint                  index,
                            int                   *signum,
                            GTimeSpan             *time)
{
  const StopStep *step;

  g_return_val_if_fail (self != NULL, FALSE);

  if (index >= self->steps->len)
    return FALSE;

  step = &g_array_index (self->steps, StopStep, index);
  if (signum != NULL)
    *signum = step->signum;
  if (time != NULL)
    *time = step->time;
  return TRUE;
}
