/* The builder of a command: how long a run may take, and how much is held of its output.
 *
 * SPDX-License-Identifier: LGPL-2.1-or-later
 */

/* Thread: the one that sets the command. */

#include "config.h"

#include "command/proctor-command-private.h"

/* So that a deadline, now plus this, cannot overflow. About 146,000 years. */
#define LONGEST_TIME (G_MAXINT64 / 2)

/**
 * proctor_command_set_limit:
 * @self: a command
 * @limit: a number of bytes, at least 1
 *
 * Sets the limit of the stream readers of the child's stdout and stderr; a new command has 65536
 * bytes.
 *
 * It is the length of the longest line that can be read, and a reader that holds more than twice as
 * much stops to read from its pipe until it is asked for data.
 *
 * Errors: %PROCTOR_ERROR_INVALID_COMMAND at the spawn for 0.
 *
 * Thread safety: the thread that the command belongs to.
 *
 * Since: 1.0
 */
void
proctor_command_set_limit (ProctorCommand *self,
                           gsize           limit)
{
  g_return_if_fail (PROCTOR_IS_COMMAND (self));

  proctor_command_edit_spec (self)->limit = limit;
}

/* All negative values mean the same, but COMMAND_TIME_UNSET is not for callers. */
static GTimeSpan
normalize_time (GTimeSpan time)
{
  return time < 0 ? -1 : MIN (time, LONGEST_TIME);
}

/**
 * proctor_command_set_timeout:
 * @self: a command
 * @timeout: microseconds, or -1 for no timeout
 *
 * Sets how long a run of the command may take, from its start on; a new command has no timeout.
 *
 * A run that takes longer is stopped, as its stop plan says. That is a result and not an error: see
 * [method@Result.is_timed_out]. Where others still hold the outputs open after the stop they are
 * read for the drain grace; where the process itself had ended before the time was over, no longer.
 * All negative values mean the same. For one call it can be given with that:
 * [method@Command.run_with_timeout].
 *
 * Thread safety: the thread that the command belongs to.
 *
 * Since: 1.0
 */
void
proctor_command_set_timeout (ProctorCommand *self,
                             GTimeSpan       timeout)
{
  g_return_if_fail (PROCTOR_IS_COMMAND (self));

  proctor_command_edit_spec (self)->timeout = normalize_time (timeout);
}

ProctorCommand *
proctor_command_copy_with_timeout (ProctorCommand *self,
                                   GTimeSpan       timeout)
{
  ProctorCommand *copy = proctor_command_copy (self);

  proctor_command_set_timeout (copy, timeout);
  return copy;
}

/**
 * proctor_command_set_drain_grace:
 * @self: a command
 * @drain_grace: microseconds, or -1 for no bound
 *
 * Sets how long the output is still read after the child has exited, while a descendant of it keeps
 * a pipe open.
 *
 * When the time is over, the result has what came until then, and [method@Result.is_incomplete] is
 * %TRUE. A new command has the default of each call: 2 seconds for [method@Command.run], no bound
 * for [method@Process.communicate]. 0 takes only what is in the pipes already. All negative values
 * mean the same.
 *
 * Thread safety: the thread that the command belongs to.
 *
 * Since: 1.0
 */
void
proctor_command_set_drain_grace (ProctorCommand *self,
                                 GTimeSpan       drain_grace)
{
  g_return_if_fail (PROCTOR_IS_COMMAND (self));

  proctor_command_edit_spec (self)->drain_grace = normalize_time (drain_grace);
}
