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
  CommandStdio *stdio = &proctor_command_edit_spec (self)->files.stdio[fd];
  /* It may be the command's own. */
  char *copy = g_strdup (path);

  command_stdio_reset (stdio);
  stdio->kind = kind;
  stdio->append = append;
  stdio->path = copy;
  proctor_command_set_stream (self, fd, NULL);
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

/* Takes the place of whatever was set for that stdio. */
static void
set_stream (ProctorCommand *self,
            int             fd,
            gpointer        stream)
{
  CommandStdio *stdio = &proctor_command_edit_spec (self)->files.stdio[fd];

  command_stdio_reset (stdio);
  stdio->streamed = stream != NULL;
  proctor_command_set_stream (self, fd, stream);
}

/**
 * proctor_command_set_stdin_stream:
 * @self: a command
 * @stream: (nullable): where the input comes from, or %NULL for none
 *
 * Feeds the child's stdin from a stream of GIO, instead of what was set before.
 *
 * The stream is read with asynchronous operations, a few blocks ahead of the child and not more, in
 * the context that is thread-default at the spawn. A blocking [method@Command.run] runs them itself
 * while it waits, and nothing else. The child's stdin is a pipe that ends with the stream;
 * [method@Process.get_stdin] is %NULL. The stream is not closed. It can be used for one process at
 * a time.
 *
 * An error of the stream ends the child's stdin, and is the error of the run or
 * [method@Process.communicate]. If the child stops to read, the rest stays in the stream, apart
 * from what has been read ahead.
 *
 * Thread safety: the thread that the command belongs to.
 *
 * Since: 1.0
 */
void
proctor_command_set_stdin_stream (ProctorCommand *self,
                                  GInputStream   *stream)
{
  g_return_if_fail (PROCTOR_IS_COMMAND (self));
  g_return_if_fail (stream == NULL || G_IS_INPUT_STREAM (stream));

  set_stream (self, 0, stream);
}

/**
 * proctor_command_set_stdout_stream:
 * @self: a command
 * @stream: (nullable): where the output goes, or %NULL for nowhere in particular
 *
 * Sends what the child writes to its stdout to a stream of GIO, instead of what was set before.
 *
 * The stream is written with asynchronous operations, in the context that is thread-default at the
 * spawn. A blocking [method@Command.run] runs them itself while it waits, and nothing else. If the
 * stream is slow the child waits; no more than a few times the command's limit is held. At the end
 * the stream is flushed, but not closed. It is not captured, and [method@Process.get_stdout] is
 * %NULL.
 *
 * An error of the stream closes the child's stdout, and is the error of the run or
 * [method@Process.communicate]. A run with a timeout that the stream does not keep to gives it up;
 * its result is timed out and incomplete.
 *
 * Thread safety: the thread that the command belongs to.
 *
 * Since: 1.0
 */
void
proctor_command_set_stdout_stream (ProctorCommand *self,
                                   GOutputStream  *stream)
{
  g_return_if_fail (PROCTOR_IS_COMMAND (self));
  g_return_if_fail (stream == NULL || G_IS_OUTPUT_STREAM (stream));

  set_stream (self, 1, stream);
}

/**
 * proctor_command_set_stderr_stream:
 * @self: a command
 * @stream: (nullable): where the messages go, or %NULL for nowhere in particular
 *
 * Sends what the child writes to its stderr to a stream of GIO, instead of what was set before. See
 * [method@Command.set_stdout_stream]. To send both to one stream, in the order in which they are
 * written, give it to stdout and %PROCTOR_STDIO_STDOUT to stderr.
 *
 * Thread safety: the thread that the command belongs to.
 *
 * Since: 1.0
 */
void
proctor_command_set_stderr_stream (ProctorCommand *self,
                                   GOutputStream  *stream)
{
  g_return_if_fail (PROCTOR_IS_COMMAND (self));
  g_return_if_fail (stream == NULL || G_IS_OUTPUT_STREAM (stream));

  set_stream (self, 2, stream);
}

/**
 * proctor_command_set_pipe_size:
 * @self: a command
 * @size: how many bytes each pipe to the child holds, or 0 for the library's choice
 *
 * Sets the size of the pipes of the child's stdin, stdout and stderr; a new command has 0.
 *
 * The library begins with what the system gives, 64 KiB as a rule, and makes pipes larger through
 * which much is sent. The system rounds a size up to whole pages and powers of two.
 *
 * Errors: at the spawn, %PROCTOR_ERROR_INVALID_COMMAND for a size that no pipe can have, and
 * %G_IO_ERROR_PERMISSION_DENIED for one above what the system allows this user.
 *
 * Thread safety: the thread that the command belongs to.
 *
 * Since: 1.0
 */
void
proctor_command_set_pipe_size (ProctorCommand *self,
                               gsize           size)
{
  g_return_if_fail (PROCTOR_IS_COMMAND (self));

  proctor_command_edit_spec (self)->files.pipe_size = size;
}

/**
 * proctor_command_set_window_size:
 * @self: a command
 * @rows: the height of the window in lines of text
 * @columns: its width in characters
 *
 * Sets the size that the child's pseudo-terminal has at first, if it has one (%PROCTOR_STDIO_PTY);
 * a new command has 24 rows and 80 columns. [method@Process.set_window_size] changes it later.
 *
 * Errors: %PROCTOR_ERROR_INVALID_COMMAND at the spawn for 0, and for more than 65535.
 *
 * Thread safety: the thread that the command belongs to.
 *
 * Since: 1.0
 */
void
proctor_command_set_window_size (ProctorCommand *self,
                                 guint           rows,
                                 guint           columns)
{
  CommandFiles *files;

  g_return_if_fail (PROCTOR_IS_COMMAND (self));

  files = &proctor_command_edit_spec (self)->files;
  files->rows = rows;
  files->columns = columns;
}
