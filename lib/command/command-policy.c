/* SPDX-License-Identifier: LGPL-2.1-or-later */

/* Thread: the owner's. Pure. */

#include "config.h"

#include "command/command-policy.h"

#include <glib/gi18n-lib.h>

void
command_policy_init (CommandPolicy *self)
{
  *self = (CommandPolicy){
    .cancel = PROCTOR_CANCEL_POLICY_LEAVE,
    .output_limit = -1,
    .output = PROCTOR_OUTPUT_POLICY_FAIL,
  };
}

void
command_policy_clear (CommandPolicy *self)
{
  g_clear_pointer (&self->stop_plan, proctor_stop_plan_free);
}

void
command_policy_copy (CommandPolicy       *self,
                     const CommandPolicy *other)
{
  *self = *other;
  if (other->stop_plan != NULL)
    self->stop_plan = proctor_stop_plan_copy (other->stop_plan);
}

ProctorStopPlan *
command_policy_dup_stop_plan (const CommandPolicy *self)
{
  return self->stop_plan != NULL ? proctor_stop_plan_copy (self->stop_plan)
                                 : stop_plan_new_default ();
}

gboolean
stop_plan_validate (const ProctorStopPlan  *self,
                    GError                **error)
{
  int signum;

  if (!stop_plan_find_invalid (self, &signum))
    return TRUE;

  g_set_error (error, PROCTOR_ERROR, PROCTOR_ERROR_INVALID_COMMAND,
               _("%d is not a signal, but a step of a stop plan"), signum);
  return FALSE;
}

gboolean
command_policy_validate (const CommandPolicy  *self,
                         GError              **error)
{
  if (self->cancel < PROCTOR_CANCEL_POLICY_LEAVE || self->cancel > PROCTOR_CANCEL_POLICY_KILL)
    {
      g_set_error (error, PROCTOR_ERROR, PROCTOR_ERROR_INVALID_COMMAND,
                   _("%d is not a ProctorCancelPolicy"), (int) self->cancel);
      return FALSE;
    }
  if (self->output < PROCTOR_OUTPUT_POLICY_FAIL || self->output > PROCTOR_OUTPUT_POLICY_KEEP_TAIL)
    {
      g_set_error (error, PROCTOR_ERROR, PROCTOR_ERROR_INVALID_COMMAND,
                   _("%d is not a ProctorOutputPolicy"), (int) self->output);
      return FALSE;
    }
  return self->stop_plan == NULL || stop_plan_validate (self->stop_plan, error);
}
