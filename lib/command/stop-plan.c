/* SPDX-License-Identifier: LGPL-2.1-or-later */

/* Thread: the owner's. Pure. */

#include "config.h"

#include "command/stop-plan.h"

#include <signal.h>

#define DEFAULT_GRACE (5 * G_TIME_SPAN_SECOND)

/* However long a time is, a deadline does not overflow. About 146,000 years. */
#define LONGEST_TIME (G_MAXINT64 / 2)

ProctorStopPlan *
stop_plan_new_for_grace (GTimeSpan grace)
{
  ProctorStopPlan *self = proctor_stop_plan_new ();

  if (grace > 0)
    proctor_stop_plan_add_step (self, SIGTERM, grace);
  return self;
}

ProctorStopPlan *
stop_plan_new_default (void)
{
  return stop_plan_new_for_grace (DEFAULT_GRACE);
}

gboolean
stop_plan_find_invalid (const ProctorStopPlan *self,
                        int                   *ret_signum)
{
  for (guint i = 0; i < self->steps->len; i++)
    {
      int signum = g_array_index (self->steps, StopStep, i).signum;

      if (signum < 1 || signum > SIGRTMAX)
        {
          *ret_signum = signum;
          return TRUE;
        }
    }

  return FALSE;
}

void
stop_progress_begin (StopProgress          *self,
                     const ProctorStopPlan *plan,
                     gint64                 now)
{
  *self = (StopProgress){ .plan = plan, .deadline = now };
}

void
stop_progress_skip_to_kill (StopProgress *self,
                            gint64        now)
{
  if (stop_progress_is_over (self))
    return;

  self->next = self->plan->steps->len;
  self->deadline = now;
}

static int
signal_of_step (const StopProgress *self,
                guint               index)
{
  const GArray *steps = self->plan->steps;

  return index < steps->len ? g_array_index (steps, StopStep, index).signum : SIGKILL;
}

/* A step that is late, on a loaded machine, takes nothing of the time of the process: that counts
 * from when the signal was taken.
 */
int
stop_progress_take_step (StopProgress *self,
                         gint64        now)
{
  int signum;
  GTimeSpan time;

  if (stop_progress_is_over (self) || now < self->deadline)
    return 0;

  signum = signal_of_step (self, self->next);
  if (signum == SIGKILL)
    {
      self->next = self->plan->steps->len + 1;
      self->deadline = G_MAXINT64;
      return SIGKILL;
    }

  time = g_array_index (self->plan->steps, StopStep, self->next).time;
  self->next++;
  self->deadline = time < 0 ? G_MAXINT64 : now + MIN (time, LONGEST_TIME);
  return signum;
}

gboolean
stop_progress_is_over (const StopProgress *self)
{
  return self->next > self->plan->steps->len;
}

guint
stop_progress_count (const StopProgress *self,
                     int                 signum)
{
  guint n = 0;

  for (guint i = 0; i < MIN (self->next, self->plan->steps->len); i++)
    n += signal_of_step (self, i) == signum;
  return n;
}
