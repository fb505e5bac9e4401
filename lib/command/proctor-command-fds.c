/* The builder of a command: the child's file descriptors.
 *
 * SPDX-License-Identifier: LGPL-2.1-or-later
 */

/* Thread: the one that sets the command. */

#include "config.h"

#include "command/proctor-command-private.h"

#include <errno.h>
#include <glib/gi18n-lib.h>

#include "base/base-fd.h"

/* Takes @fd. */
static void
give_stdio (ProctorCommand *self,
            int             target,
            SharedFd       *fd)
{
  CommandStdio *stdio = &proctor_command_edit_spec (self)->files.stdio[target];

  command_stdio_reset (stdio);
  stdio->fd = fd;
  proctor_command_set_stream (self, target, NULL);
}

/**
 * proctor_command_set_stdin_fd:
 * @self: a command
 * @fd: an open file descriptor
 *
 * Connects the child's stdin to the file that @fd is open on, instead of what was set before.
 *
 * The command duplicates it, so @fd may be closed as soon as this returns. What the command holds
 * is shared by its spawns, and closed when the command and the spawns from it are done with it; see
 * [method@Command.release_fds].
 *
 * Errors: at the spawn, %PROCTOR_ERROR_INVALID_COMMAND if @fd is not open, and what the system said
 * if it could not be duplicated.
 *
 * Thread safety: the thread that the command belongs to.
 *
 * Since: 1.0
 */
void
proctor_command_set_stdin_fd (ProctorCommand *self,
                              int             fd)
{
  g_return_if_fail (PROCTOR_IS_COMMAND (self));

  give_stdio (self, 0, shared_fd_new_dup (fd));
}

/**
 * proctor_command_take_stdin_fd:
 * @self: a command
 * @fd: an open file descriptor, which is the command's from now on
 *
 * Connects the child's stdin to the file that @fd is open on, instead of what was set before.
 *
 * The command closes it when it and the spawns from it are done with it; see
 * [method@Command.release_fds]. @fd becomes close-on-exec, unless it is 0, 1 or 2.
 *
 * Errors: %PROCTOR_ERROR_INVALID_COMMAND at the spawn if @fd is not open.
 *
 * Thread safety: the thread that the command belongs to.
 *
 * Since: 1.0
 */
void
proctor_command_take_stdin_fd (ProctorCommand *self,
                               int             fd)
{
  g_return_if_fail (PROCTOR_IS_COMMAND (self));

  give_stdio (self, 0, shared_fd_new_take (fd));
}

/**
 * proctor_command_set_stdout_fd:
 * @self: a command
 * @fd: an open file descriptor
 *
 * Connects the child's stdout to the file that @fd is open on, instead of what was set before.
 *
 * The command duplicates it, so @fd may be closed as soon as this returns. What the command holds
 * is shared by its spawns, and closed when the command and the spawns from it are done with it; see
 * [method@Command.release_fds].
 *
 * Errors: at the spawn, %PROCTOR_ERROR_INVALID_COMMAND if @fd is not open, and what the system said
 * if it could not be duplicated.
 *
 * Thread safety: the thread that the command belongs to.
 *
 * Since: 1.0
 */
void
proctor_command_set_stdout_fd (ProctorCommand *self,
                               int             fd)
{
  g_return_if_fail (PROCTOR_IS_COMMAND (self));

  give_stdio (self, 1, shared_fd_new_dup (fd));
}

/**
 * proctor_command_take_stdout_fd:
 * @self: a command
 * @fd: an open file descriptor, which is the command's from now on
 *
 * Connects the child's stdout to the file that @fd is open on, instead of what was set before.
 *
 * The command closes it when it and the spawns from it are done with it; see
 * [method@Command.release_fds]. @fd becomes close-on-exec, unless it is 0, 1 or 2.
 *
 * Errors: %PROCTOR_ERROR_INVALID_COMMAND at the spawn if @fd is not open.
 *
 * Thread safety: the thread that the command belongs to.
 *
 * Since: 1.0
 */
void
proctor_command_take_stdout_fd (ProctorCommand *self,
                                int             fd)
{
  g_return_if_fail (PROCTOR_IS_COMMAND (self));

  give_stdio (self, 1, shared_fd_new_take (fd));
}

/**
 * proctor_command_set_stderr_fd:
 * @self: a command
 * @fd: an open file descriptor
 *
 * Connects the child's stderr to the file that @fd is open on, instead of what was set before.
 *
 * The command duplicates it, so @fd may be closed as soon as this returns. What the command holds
 * is shared by its spawns, and closed when the command and the spawns from it are done with it; see
 * [method@Command.release_fds].
 *
 * Errors: at the spawn, %PROCTOR_ERROR_INVALID_COMMAND if @fd is not open, and what the system said
 * if it could not be duplicated.
 *
 * Thread safety: the thread that the command belongs to.
 *
 * Since: 1.0
 */
void
proctor_command_set_stderr_fd (ProctorCommand *self,
                               int             fd)
{
  g_return_if_fail (PROCTOR_IS_COMMAND (self));

  give_stdio (self, 2, shared_fd_new_dup (fd));
}

/**
 * proctor_command_take_stderr_fd:
 * @self: a command
 * @fd: an open file descriptor, which is the command's from now on
 *
 * Connects the child's stderr to the file that @fd is open on, instead of what was set before.
 *
 * The command closes it when it and the spawns from it are done with it; see
 * [method@Command.release_fds]. @fd becomes close-on-exec, unless it is 0, 1 or 2.
 *
 * Errors: %PROCTOR_ERROR_INVALID_COMMAND at the spawn if @fd is not open.
 *
 * Thread safety: the thread that the command belongs to.
 *
 * Since: 1.0
 */
void
proctor_command_take_stderr_fd (ProctorCommand *self,
                                int             fd)
{
  g_return_if_fail (PROCTOR_IS_COMMAND (self));

  give_stdio (self, 2, shared_fd_new_take (fd));
}

/**
 * proctor_command_set_fd:
 * @self: a command
 * @source_fd: an open file descriptor
 * @target_fd: its number in the child
 *
 * Gives the child the file that @source_fd is open on, as the file descriptor @target_fd.
 *
 * The command duplicates it, so @source_fd may be closed as soon as this returns; it may be any,
 * also 0 to 2, one that is given several times, or the target of another one. What the command
 * holds is shared by its spawns; see [method@Command.release_fds].
 *
 * A target of 0, 1 or 2 stands for the child's stdin, stdout or stderr, which must not be set in
 * another way then.
 *
 * Errors: at the spawn, %PROCTOR_ERROR_INVALID_COMMAND if @source_fd is not open, for a target that
 * is negative or given twice, and what the system said of one that is too high.
 *
 * Thread safety: the thread that the command belongs to.
 *
 * Since: 1.0
 */
void
proctor_command_set_fd (ProctorCommand *self,
                        int             source_fd,
                        int             target_fd)
{
  g_return_if_fail (PROCTOR_IS_COMMAND (self));

  command_files_add_fd (&proctor_command_edit_spec (self)->files, shared_fd_new_dup (source_fd),
                        target_fd);
}

/**
 * proctor_command_take_fd:
 * @self: a command
 * @source_fd: an open file descriptor, which is the command's from now on
 * @target_fd: its number in the child
 *
 * Gives the child the file that @source_fd is open on, as the file descriptor @target_fd. See
 * [method@Command.set_fd].
 *
 * The command closes it when it and the spawns from it are done with it. @source_fd becomes
 * close-on-exec, unless it is 0, 1 or 2. The same fd can be taken once only.
 *
 * Errors: see [method@Command.set_fd].
 *
 * Thread safety: the thread that the command belongs to.
 *
 * Since: 1.0
 */
void
proctor_command_take_fd (ProctorCommand *self,
                         int             source_fd,
                         int             target_fd)
{
  g_return_if_fail (PROCTOR_IS_COMMAND (self));

  command_files_add_fd (&proctor_command_edit_spec (self)->files, shared_fd_new_take (source_fd),
                        target_fd);
}

/**
 * proctor_command_release_fds:
 * @self: a command
 *
 * Gives up the file descriptors that the command was given with the `set_…_fd` and `take_…_fd`
 * functions.
 *
 * They are closed now, or when the last spawn that is under way has started its process. Needed,
 * for example, after a spawn that has been given the writing end of a pipe: whoever reads the other
 * end does not see its end as long as the command holds it.
 *
 * Later spawns are %G_IO_ERROR_CLOSED, unless what had a file descriptor is set anew.
 *
 * Thread safety: the thread that the command belongs to.
 *
 * Since: 1.0
 */
void
proctor_command_release_fds (ProctorCommand *self)
{
  CommandSpec *spec;

  g_return_if_fail (PROCTOR_IS_COMMAND (self));

  spec = proctor_command_edit_spec (self);
  command_files_release_fds (&spec->files);
  command_spec_release_executable_fd (spec);
}

/**
 * proctor_command_pipe_to:
 * @self: the command that writes
 * @next: the command that reads
 * @error: return location for an error
 *
 * Connects the stdout of @self to the stdin of @next, instead of what was set for them before, with
 * a pipe that goes past this program.
 *
 * The pipe is for one process on each side: its ends go to the first spawn of each command, and
 * this program has none of them any more when both have been spawned, or could not be. Before the
 * next spawn the two have to be connected again; else that is %G_IO_ERROR_CLOSED. Spawn both before
 * waiting for one of them.
 *
 * A [class@Pipeline] does all this for any number of commands, and collects their results.
 *
 * Errors: what the system says where it has no pipe to give; then nothing has changed.
 *
 * Thread safety: the thread that both commands belong to.
 *
 * Returns: whether they are connected
 *
 * Since: 1.0
 */
gboolean
proctor_command_pipe_to (ProctorCommand  *self,
                         ProctorCommand  *next,
                         GError         **error)
{
  int ends[2];

  g_return_val_if_fail (PROCTOR_IS_COMMAND (self), FALSE);
  g_return_val_if_fail (PROCTOR_IS_COMMAND (next), FALSE);

  if (!fd_pipe (ends))
    {
      int error_number = errno;

      g_set_error (error, G_IO_ERROR, g_io_error_from_errno (error_number),
                   _("Could not make a pipe between two commands: %s"), g_strerror (error_number));
      return FALSE;
    }

  give_stdio (self, 1, shared_fd_new_once (ends[1]));
  give_stdio (next, 0, shared_fd_new_once (ends[0]));
  return TRUE;
}
