/* The builder of a command: the child's stdin, stdout and stderr.
 *
 * SPDX-License-Identifier: LGPL-2.1-or-later
 */

/* Thread: the one that sets the command. */

#include "config.h"

#include "command/proctor-command-private.h"

static void
set_stdio (ProctorCommand *self,
           int             fd,
           ProctorStdio    kind,
           const char     *path,
           gboolean        append)
{
  CommandStdio *stdio = &proctor_command_edit_spec (self)->stdio[fd];

  stdio->kind = kind;
  stdio->append = append;
  command_spec_set_string (&stdio->path, path);
}

/**
 * proctor_command_set_stdin:
 * @self: a command
 * @stdio: what the child reads from
 *
 * Sets what the child's stdin is connected to, instead of what was set before, also by path.
 *
 * Errors: %PROCTOR_ERROR_INVALID_COMMAND at the spawn for %PROCTOR_STDIO_STDOUT and for unknown
 * values.
 *
 * Thread safety: the thread that the command belongs to.
 *
 * Since: 1.0
 */
void
proctor_command_set_stdin (ProctorCommand *self,
                           ProctorStdio    stdio)
{
  g_return_if_fail (PROCTOR_IS_COMMAND (self));

  set_stdio (self, 0, stdio, NULL, FALSE);
}

/**
 * proctor_command_set_stdout:
 * @self: a command
 * @stdio: what the child writes to
 *
 * Sets what the child's stdout is connected to, instead of what was set before, also by path.
 *
 * Errors: %PROCTOR_ERROR_INVALID_COMMAND at the spawn for %PROCTOR_STDIO_STDOUT and for unknown
 * values.
 *
 * Thread safety: the thread that the command belongs to.
 *
 * Since: 1.0
 */
void
proctor_command_set_stdout (ProctorCommand *self,
                            ProctorStdio    stdio)
{
  g_return_if_fail (PROCTOR_IS_COMMAND (self));

  set_stdio (self, 1, stdio, NULL, FALSE);
}

/**
 * proctor_command_set_stderr:
 * @self: a command
 * @stdio: what the child writes its messages to
 *
 * Sets what the child's stderr is connected to, instead of what was set before, also by path.
 *
 * With %PROCTOR_STDIO_STDOUT it is the same file as the child's stdout, whatever that is.
 *
 * Errors: %PROCTOR_ERROR_INVALID_COMMAND at the spawn for unknown values.
 *
 * Thread safety: the thread that the command belongs to.
 *
 * Since: 1.0
 */
void
proctor_command_set_stderr (ProctorCommand *self,
                            ProctorStdio    stdio)
{
  g_return_if_fail (PROCTOR_IS_COMMAND (self));

  set_stdio (self, 2, stdio, NULL, FALSE);
}

/**
 * proctor_command_set_stdin_path:
 * @self: a command
 * @path: (type filename): the path of a file to read
 *
 * Connects the child's stdin to a file, instead of what was set before.
 *
 * The file is opened by the child, so a relative path is meant as seen from its working directory.
 *
 * Errors: at the spawn, %PROCTOR_ERROR_INVALID_COMMAND for an empty path, and what the system says
 * of a file that cannot be opened.
 *
 * Thread safety: the thread that the command belongs to.
 *
 * Since: 1.0
 */
void
proctor_command_set_stdin_path (ProctorCommand *self,
                                const char     *path)
{
  g_return_if_fail (PROCTOR_IS_COMMAND (self));
  g_return_if_fail (path != NULL);

  set_stdio (self, 0, PROCTOR_STDIO_DEFAULT, path, FALSE);
}

/**
 * proctor_command_set_stdout_path:
 * @self: a command
 * @path: (type filename): the path of a file to write; it is made if it does not exist
 * @append: %TRUE to write after what the file holds, %FALSE to empty it first
 *
 * Connects the child's stdout to a file, instead of what was set before.
 *
 * The file is opened by the child, so a relative path is meant as seen from its working directory.
 *
 * Errors: at the spawn, %PROCTOR_ERROR_INVALID_COMMAND for an empty path, and what the system says
 * of a file that cannot be opened.
 *
 * Thread safety: the thread that the command belongs to.
 *
 * Since: 1.0
 */
void
proctor_command_set_stdout_path (ProctorCommand *self,
                                 const char     *path,
                                 gboolean        append)
{
  g_return_if_fail (PROCTOR_IS_COMMAND (self));
  g_return_if_fail (path != NULL);

  set_stdio (self, 1, PROCTOR_STDIO_DEFAULT, path, append);
}

/**
 * proctor_command_set_stderr_path:
 * @self: a command
 * @path: (type filename): the path of a file to write; it is made if it does not exist
 * @append: %TRUE to write after what the file holds, %FALSE to empty it first
 *
 * Connects the child's stderr to a file, instead of what was set before.
 *
 * The file is opened by the child, so a relative path is meant as seen from its working directory.
 * To send stdout and stderr to one file, give the path to stdout and %PROCTOR_STDIO_STDOUT to
 * stderr.
 *
 * Errors: at the spawn, %PROCTOR_ERROR_INVALID_COMMAND for an empty path, and what the system says
 * of a file that cannot be opened.
 *
 * Thread safety: the thread that the command belongs to.
 *
 * Since: 1.0
 */
void
proctor_command_set_stderr_path (ProctorCommand *self,
                                 const char     *path,
                                 gboolean        append)
{
  g_return_if_fail (PROCTOR_IS_COMMAND (self));
  g_return_if_fail (path != NULL);

  set_stdio (self, 2, PROCTOR_STDIO_DEFAULT, path, append);
}
