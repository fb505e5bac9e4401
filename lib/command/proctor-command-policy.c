/* The builder of a command: how its process is ended, and how much of its output is kept.
 *
 * SPDX-License-Identifier: LGPL-2.1-or-later
 */

/* Thread: the one that sets the command. */

#include "config.h"

#include "command/proctor-command-private.h"

/**
 * proctor_command_set_stop_plan:
 * @self: a command
 * @plan: (nullable): a plan, which is copied; %NULL for the default: SIGTERM, and SIGKILL after
 *   five seconds
 *
 * Sets how a process of this command is stopped: by its timeout, by a cancelled spawn or run, by
 * %PROCTOR_CANCEL_POLICY_STOP, by an output that is too large, by [func@shutdown], and by
 * [method@Process.stop] with a grace of -1.
 *
 * Errors: %PROCTOR_ERROR_INVALID_COMMAND at the spawn for a signal that does not exist.
 *
 * Thread safety: the thread that the command belongs to.
 *
 * Since: 1.0
 */
void
proctor_command_set_stop_plan (ProctorCommand        *self,
                               const ProctorStopPlan *plan)
{
  CommandPolicy *policy;

  g_return_if_fail (PROCTOR_IS_COMMAND (self));

  policy = &proctor_command_edit_spec (self)->policy;
  g_clear_pointer (&policy->stop_plan, proctor_stop_plan_free);
  if (plan != NULL)
    policy->stop_plan = proctor_stop_plan_copy (plan);
}

/**
 * proctor_command_set_cancel_policy:
 * @self: a command
 * @policy: what cancelling does
 *
 * Sets what happens to a process when [method@Process.wait], [method@Process.wait_check] or
 * [method@Process.communicate] is cancelled; a new command has %PROCTOR_CANCEL_POLICY_LEAVE.
 *
 * The cancelled call itself returns at once; the process ends afterwards. Cancelling a spawn or run
 * stops the process in any case, and %PROCTOR_CANCEL_POLICY_KILL makes that a SIGKILL. Cancelling
 * [method@Process.stop] takes only that stop back. Streams are not concerned.
 *
 * Errors: %PROCTOR_ERROR_INVALID_COMMAND at the spawn for unknown values.
 *
 * Thread safety: the thread that the command belongs to.
 *
 * Since: 1.0
 */
void
proctor_command_set_cancel_policy (ProctorCommand      *self,
                                   ProctorCancelPolicy  policy)
{
  g_return_if_fail (PROCTOR_IS_COMMAND (self));

  proctor_command_edit_spec (self)->policy.cancel = policy;
}

/**
 * proctor_command_set_output_limit:
 * @self: a command
 * @limit: a number of bytes, or -1 for no limit
 * @policy: what to do with more
 *
 * Sets how much [method@Command.run] and [method@Process.communicate] collect of each output; a new
 * command has no limit.
 *
 * The limit is one of memory and counts bytes: a character or a line may be cut in the middle. What
 * is kept is always in the result, which says of each output how many bytes were thrown away
 * ([method@Result.get_stdout_cut], [method@Result.get_stderr_cut]). With
 * %PROCTOR_OUTPUT_POLICY_FAIL the process is stopped with the first byte that is too much, as its
 * stop plan says, and what it writes until its end is thrown away.
 *
 * Streams are not concerned; they have [method@Command.set_limit].
 *
 * Errors: %PROCTOR_ERROR_INVALID_COMMAND at the spawn for unknown policies.
 *
 * Thread safety: the thread that the command belongs to.
 *
 * Since: 1.0
 */
void
proctor_command_set_output_limit (ProctorCommand      *self,
                                  gint64               limit,
                                  ProctorOutputPolicy  policy)
{
  CommandPolicy *values;

  g_return_if_fail (PROCTOR_IS_COMMAND (self));

  values = &proctor_command_edit_spec (self)->policy;
  values->output_limit = MAX (limit, -1);
  values->output = policy;
}
