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

/**
 * proctor_command_set_user:
 * @self: a command
 * @user: (type filename) (nullable): the name of a user, or a decimal number, or %NULL for the user
 *   of this program
 *
 * Sets the user that the child runs as; a new command has none.
 *
 * The child gets the real, effective and saved user ID of @user. Unless they are set, too, its
 * group becomes the user's own, and its extra groups those that the user is in: nothing of this
 * program's groups is left to it, and no way back. A text of digits only is a number. A number that
 * the user database does not know has no group of its own: set one with [method@Command.set_group].
 *
 * The name is looked up when the command is spawned, on a thread of the library. The user changes
 * after the working directory, the files, the limits and the cgroup have been set up, which
 * therefore happens with the rights of this program; the program itself is executed with the rights
 * of @user. Ambient capabilities do not survive a change to another user than root. A child whose
 * user or groups change is started with fork, so that this program keeps its dumpable flag; in a
 * program of much memory that takes longer than other spawns.
 *
 * Errors: at the spawn, %PROCTOR_ERROR_INVALID_COMMAND for an unknown user or a number that is out
 * of range, and what the system says where this program may not change the user.
 *
 * Thread safety: the thread that the command belongs to.
 *
 * Since: 1.0
 */
void
proctor_command_set_user (ProctorCommand *self,
                          const char     *user)
{
  g_return_if_fail (PROCTOR_IS_COMMAND (self));

  command_spec_set_string (&proctor_command_edit_spec (self)->attributes.user, user);
}

/**
 * proctor_command_set_group:
 * @self: a command
 * @group: (type filename) (nullable): the name of a group, or a decimal number, or %NULL for the
 *   group of the user that was set, or else of this program
 *
 * Sets the group that the child runs as; a new command has none.
 *
 * The child gets the real, effective and saved group ID of @group. Without a user its extra groups
 * stay those of this program, unless [method@Command.set_extra_groups] sets them. A text of digits
 * only is a number.
 *
 * Errors: at the spawn, %PROCTOR_ERROR_INVALID_COMMAND for an unknown group or a number that is out
 * of range, and what the system says where this program may not change the group.
 *
 * Thread safety: the thread that the command belongs to.
 *
 * Since: 1.0
 */
void
proctor_command_set_group (ProctorCommand *self,
                           const char     *group)
{
  g_return_if_fail (PROCTOR_IS_COMMAND (self));

  command_spec_set_string (&proctor_command_edit_spec (self)->attributes.group, group);
}

/**
 * proctor_command_set_extra_groups:
 * @self: a command
 * @groups: (array zero-terminated=1) (element-type filename) (nullable): names or decimal numbers
 *   of groups, or %NULL for those of the user that was set, or else of this program
 *
 * Sets the supplementary groups of the child; an empty array is no group at all.
 *
 * Errors: at the spawn, %PROCTOR_ERROR_INVALID_COMMAND for an unknown group or a number that is out
 * of range, and what the system says where this program may not change its groups.
 *
 * Thread safety: the thread that the command belongs to.
 *
 * Since: 1.0
 */
void
proctor_command_set_extra_groups (ProctorCommand     *self,
                                  const char * const *groups)
{
  CommandAttributes *attributes;

  g_return_if_fail (PROCTOR_IS_COMMAND (self));

  attributes = &proctor_command_edit_spec (self)->attributes;
  g_strfreev (attributes->extra_groups);
  attributes->extra_groups = g_strdupv ((GStrv) groups);
}

/**
 * proctor_command_set_umask:
 * @self: a command
 * @mask: the permissions that files made by the child do not get, from 0 to 0777 (octal), or -1 for
 *   the umask of this program
 *
 * Sets the file mode creation mask of the child; a new command has -1.
 *
 * It also counts for the files that the child's stdout and stderr are opened to by path.
 *
 * Errors: %PROCTOR_ERROR_INVALID_COMMAND at the spawn for other values.
 *
 * Thread safety: the thread that the command belongs to.
 *
 * Since: 1.0
 */
void
proctor_command_set_umask (ProctorCommand *self,
                           int             mask)
{
  g_return_if_fail (PROCTOR_IS_COMMAND (self));

  proctor_command_edit_spec (self)->attributes.umask = mask;
}

/**
 * proctor_command_ignore_signal:
 * @self: a command
 * @signum: the number of a signal
 *
 * Makes the child's program begin with this signal ignored, as nohup(1) does with SIGHUP; may be
 * called for any number of signals.
 *
 * Otherwise signals that this program handles have their default in the child, and those that it
 * ignores stay ignored, but for SIGPIPE and SIGXFSZ.
 *
 * Errors: %PROCTOR_ERROR_INVALID_COMMAND at the spawn for what is not a signal or cannot be
 * ignored.
 *
 * Thread safety: the thread that the command belongs to.
 *
 * Since: 1.0
 */
void
proctor_command_ignore_signal (ProctorCommand *self,
                               int             signum)
{
  CommandAttributes *attributes;

  g_return_if_fail (PROCTOR_IS_COMMAND (self));

  attributes = &proctor_command_edit_spec (self)->attributes;
  attributes->ignored_signals =
    g_renew (int, attributes->ignored_signals, attributes->n_ignored_signals + 1);
  attributes->ignored_signals[attributes->n_ignored_signals++] = signum;
}

/**
 * proctor_command_set_parent_death_signal:
 * @self: a command
 * @signum: the number of a signal, or 0 for none
 *
 * Sets a signal that the kernel sends to the child when this program dies, however it does; a new
 * command has 0.
 *
 * It is sent also if this program dies while the child is being started, and if it executes another
 * program, but not when the thread ends that has spawned the child. It reaches the child only, not
 * what the child has started, and a child that executes a set-user-ID program loses it; see
 * PR_SET_PDEATHSIG in prctl(2).
 *
 * Errors: %PROCTOR_ERROR_INVALID_COMMAND at the spawn for what is not a signal.
 *
 * Thread safety: the thread that the command belongs to.
 *
 * Since: 1.0
 */
void
proctor_command_set_parent_death_signal (ProctorCommand *self,
                                         int             signum)
{
  g_return_if_fail (PROCTOR_IS_COMMAND (self));

  proctor_command_edit_spec (self)->attributes.parent_death_signal = signum;
}
