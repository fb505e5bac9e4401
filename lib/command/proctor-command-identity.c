/* The builder of a command: as whom the child runs, and what it belongs to.
 *
 * SPDX-License-Identifier: LGPL-2.1-or-later
 */

/* Thread: the one that sets the command. */

#include "config.h"

#include "command/proctor-command-private.h"

/**
 * proctor_command_set_process_group:
 * @self: a command
 * @process_group: the id of an existing process group of this session, 0 for a new one that the
 *   child leads, or -1 for the group of this program
 *
 * Sets the process group of the child; a new command has -1.
 *
 * Errors: at the spawn, %PROCTOR_ERROR_INVALID_COMMAND for other negative values and for a process
 * group together with %PROCTOR_COMMAND_NEW_SESSION, and what the system says of a group that the
 * child may not join.
 *
 * Thread safety: the thread that the command belongs to.
 *
 * Since: 1.0
 */
void
proctor_command_set_process_group (ProctorCommand *self,
                                   int             process_group)
{
  g_return_if_fail (PROCTOR_IS_COMMAND (self));

  proctor_command_edit_spec (self)->process_group = process_group;
}
