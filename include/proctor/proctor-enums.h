/* Proctor: subprocesses for C programs on GLib
 *
 * SPDX-License-Identifier: LGPL-2.1-or-later
 */

#pragma once

#if !defined(PROCTOR_INSIDE) && !defined(PROCTOR_COMPILATION)
#error "Only <proctor/proctor.h> can be included directly."
#endif

#include <glib-object.h>

G_BEGIN_DECLS

/**
 * ProctorStdio:
 * @PROCTOR_STDIO_DEFAULT: inherited by a spawn; captured by a run, whose stdin is /dev/null unless
 *   there is input
 * @PROCTOR_STDIO_INHERIT: the same file as in this program
 * @PROCTOR_STDIO_PIPE: a pipe to this program
 * @PROCTOR_STDIO_DEVNULL: /dev/null
 * @PROCTOR_STDIO_STDOUT: for stderr only: the same file as the child's stdout
 * @PROCTOR_STDIO_SOCKET: a stream socket of the UNIX domain to this program, each stdio its own; it
 *   is read and written as a pipe is
 * @PROCTOR_STDIO_PTY: a pseudo-terminal, one for all stdios that are set to it. The child leads a
 *   new session and has it as controlling terminal
 *
 * What a child's stdin, stdout or stderr is connected to.
 *
 * Since: 1.0
 */
typedef enum
{
  PROCTOR_STDIO_DEFAULT = 0,
  PROCTOR_STDIO_INHERIT = 1,
  PROCTOR_STDIO_PIPE = 2,
  PROCTOR_STDIO_DEVNULL = 3,
  PROCTOR_STDIO_STDOUT = 4,
  PROCTOR_STDIO_SOCKET = 5,
  PROCTOR_STDIO_PTY = 6,
} ProctorStdio;

/**
 * ProctorCommandFlags:
 * @PROCTOR_COMMAND_NONE: nothing special
 * @PROCTOR_COMMAND_INHERIT_FDS: the child keeps the file descriptors of this program that are not
 *   close-on-exec
 * @PROCTOR_COMMAND_NEW_SESSION: the child leads a new session (and a new process group), without a
 *   terminal
 * @PROCTOR_COMMAND_KILL_ON_DROP: dropping the last reference to the [class@Process] kills a child
 *   that still runs
 *
 * Flags of a command.
 *
 * Since: 1.0
 */
typedef enum /*< flags >*/
{
  PROCTOR_COMMAND_NONE = 0,
  PROCTOR_COMMAND_INHERIT_FDS = 1 << 0,
  PROCTOR_COMMAND_NEW_SESSION = 1 << 1,
  PROCTOR_COMMAND_KILL_ON_DROP = 1 << 2,
} ProctorCommandFlags;

/**
 * ProctorProcessState:
 * @PROCTOR_PROCESS_RUNNING: it runs
 * @PROCTOR_PROCESS_SUSPENDED: it is stopped by a signal (SIGSTOP, SIGTSTP …) and can be continued
 * @PROCTOR_PROCESS_EXITED: it has ended and its returncode is known
 * @PROCTOR_PROCESS_STATUS_LOST: it has ended, but another part of the program took its exit status
 *   away
 *
 * The state of a process.
 *
 * Since: 1.0
 */
typedef enum
{
  PROCTOR_PROCESS_RUNNING = 0,
  PROCTOR_PROCESS_SUSPENDED = 1,
  PROCTOR_PROCESS_EXITED = 2,
  PROCTOR_PROCESS_STATUS_LOST = 3,
} ProctorProcessState;

/**
 * ProctorShutdownMode:
 * @PROCTOR_SHUTDOWN_STOP: running processes are stopped (TERM, and KILL after five seconds) and reaped
 * @PROCTOR_SHUTDOWN_DETACH: running processes go on, and are not waited for any more
 *
 * What [func@shutdown] does with processes that still run.
 *
 * Since: 1.0
 */
typedef enum
{
  PROCTOR_SHUTDOWN_STOP = 0,
  PROCTOR_SHUTDOWN_DETACH = 1,
} ProctorShutdownMode;

/**
 * ProctorLongLines:
 * @PROCTOR_LONG_LINES_ERROR: reading one is %PROCTOR_ERROR_LIMIT_OVERRUN, and it stays where it is
 * @PROCTOR_LONG_LINES_SPLIT: they come in pieces of the limit's size
 *
 * What is done with lines and records that are longer than the limit of a [class@StreamReader].
 *
 * Since: 1.0
 */
typedef enum
{
  PROCTOR_LONG_LINES_ERROR = 0,
  PROCTOR_LONG_LINES_SPLIT = 1,
} ProctorLongLines;

G_END_DECLS
