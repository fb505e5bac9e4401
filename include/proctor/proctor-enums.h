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
 * @PROCTOR_COMMAND_NO_NEW_PRIVS: neither the child nor what it starts gains privileges by executing
 *   a program: set-user-ID and file capabilities do nothing
 * @PROCTOR_COMMAND_CONTROLLING_TERMINAL: the terminal that is the child's stdin becomes its
 *   controlling terminal; the child leads a new session, as with %PROCTOR_COMMAND_NEW_SESSION
 * @PROCTOR_COMMAND_OWN_TREE: ending the child ends its descendants, too: [method@Process.stop],
 *   [method@Process.terminate], [method@Process.kill] and everything else that stops it reach all
 *   of them. It gets a process group of its own, unless it leads a session, which takes it out of
 *   the foreground of a terminal
 * @PROCTOR_COMMAND_TRACK_SUSPEND: [property@Process:state] is notified when the child is suspended
 *   and when it goes on, whoever does that; this costs a thread as long as the child runs
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
  PROCTOR_COMMAND_NO_NEW_PRIVS = 1 << 3,
  PROCTOR_COMMAND_CONTROLLING_TERMINAL = 1 << 4,
  PROCTOR_COMMAND_OWN_TREE = 1 << 5,
  PROCTOR_COMMAND_TRACK_SUSPEND = 1 << 6,
} ProctorCommandFlags;

/**
 * ProctorAttributes:
 * @PROCTOR_ATTRIBUTE_NONE: none
 * @PROCTOR_ATTRIBUTE_RLIMITS: all of [method@Command.set_rlimit]
 * @PROCTOR_ATTRIBUTE_NICE: [method@Command.set_nice]
 * @PROCTOR_ATTRIBUTE_CPU_AFFINITY: [method@Command.set_cpu_affinity]
 * @PROCTOR_ATTRIBUTE_IO_PRIORITY: [method@Command.set_io_priority]
 * @PROCTOR_ATTRIBUTE_OOM_SCORE_ADJ: [method@Command.set_oom_score_adj]
 * @PROCTOR_ATTRIBUTE_CGROUP: [method@Command.set_cgroup]
 * @PROCTOR_ATTRIBUTE_CONTROLLING_TERMINAL: %PROCTOR_COMMAND_CONTROLLING_TERMINAL
 *
 * Attributes of a command that a child can do without; see [method@Command.set_optional].
 *
 * Since: 1.0
 */
typedef enum /*< flags >*/
{
  PROCTOR_ATTRIBUTE_NONE = 0,
  PROCTOR_ATTRIBUTE_RLIMITS = 1 << 0,
  PROCTOR_ATTRIBUTE_NICE = 1 << 1,
  PROCTOR_ATTRIBUTE_CPU_AFFINITY = 1 << 2,
  PROCTOR_ATTRIBUTE_IO_PRIORITY = 1 << 3,
  PROCTOR_ATTRIBUTE_OOM_SCORE_ADJ = 1 << 4,
  PROCTOR_ATTRIBUTE_CGROUP = 1 << 5,
  PROCTOR_ATTRIBUTE_CONTROLLING_TERMINAL = 1 << 6,
} ProctorAttributes;

/**
 * ProctorIoClass:
 * @PROCTOR_IO_CLASS_NONE: the kernel's choice, which goes by the niceness
 * @PROCTOR_IO_CLASS_REALTIME: before all others
 * @PROCTOR_IO_CLASS_BEST_EFFORT: the usual one
 * @PROCTOR_IO_CLASS_IDLE: only while nobody else uses the disk
 *
 * How the kernel serves a child's use of disks; see ioprio_set(2).
 *
 * Since: 1.0
 */
typedef enum
{
  PROCTOR_IO_CLASS_NONE = 0,
  PROCTOR_IO_CLASS_REALTIME = 1,
  PROCTOR_IO_CLASS_BEST_EFFORT = 2,
  PROCTOR_IO_CLASS_IDLE = 3,
} ProctorIoClass;

/**
 * PROCTOR_RLIMIT_INFINITY:
 *
 * No limit, for [method@Command.set_rlimit].
 *
 * Since: 1.0
 */
#define PROCTOR_RLIMIT_INFINITY ((guint64) 0xffffffffffffffff)

/**
 * ProctorCancelPolicy:
 * @PROCTOR_CANCEL_POLICY_LEAVE: the process is left alone
 * @PROCTOR_CANCEL_POLICY_STOP: it is stopped, as the stop plan of its command says
 * @PROCTOR_CANCEL_POLICY_KILL: it is killed at once
 *
 * What happens to a process when somebody cancels a call that waits for it.
 *
 * Since: 1.0
 */
typedef enum
{
  PROCTOR_CANCEL_POLICY_LEAVE = 0,
  PROCTOR_CANCEL_POLICY_STOP = 1,
  PROCTOR_CANCEL_POLICY_KILL = 2,
} ProctorCancelPolicy;

/**
 * ProctorOutputPolicy:
 * @PROCTOR_OUTPUT_POLICY_FAIL: the process is stopped; the result has the beginning of the output,
 *   and its check is %PROCTOR_ERROR_OUTPUT_LIMIT
 * @PROCTOR_OUTPUT_POLICY_KEEP_HEAD: the beginning is kept and the rest thrown away
 * @PROCTOR_OUTPUT_POLICY_KEEP_TAIL: the end is kept and the rest thrown away
 *
 * What happens when a process writes more than is to be collected.
 *
 * Since: 1.0
 */
typedef enum
{
  PROCTOR_OUTPUT_POLICY_FAIL = 0,
  PROCTOR_OUTPUT_POLICY_KEEP_HEAD = 1,
  PROCTOR_OUTPUT_POLICY_KEEP_TAIL = 2,
} ProctorOutputPolicy;

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
 * @PROCTOR_SHUTDOWN_STOP: running processes are stopped, as their stop plans say, and reaped
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

/**
 * ProctorTraceFormat:
 * @PROCTOR_TRACE_FORMAT_AUTO: by the file's name: `.json` is chrome, `.svg` is svg, all else is
 *   text
 * @PROCTOR_TRACE_FORMAT_TEXT: a line per step, with durations; coloured on a terminal
 * @PROCTOR_TRACE_FORMAT_CHROME: trace-event JSON, which Perfetto and chrome://tracing open
 * @PROCTOR_TRACE_FORMAT_SVG: a picture
 *
 * What [func@trace_start] writes.
 *
 * Since: 1.0
 */
typedef enum
{
  PROCTOR_TRACE_FORMAT_AUTO = 0,
  PROCTOR_TRACE_FORMAT_TEXT = 1,
  PROCTOR_TRACE_FORMAT_CHROME = 2,
  PROCTOR_TRACE_FORMAT_SVG = 3,
} ProctorTraceFormat;

/**
 * ProctorFindingState:
 * @PROCTOR_FINDING_GOOD: it is as it should be
 * @PROCTOR_FINDING_LIMITED: things work, but with something missing or near a limit
 * @PROCTOR_FINDING_BROKEN: starting processes, or noticing their exits, does not work
 *
 * How grave a [struct@Finding] is.
 *
 * Since: 1.0
 */
typedef enum
{
  PROCTOR_FINDING_GOOD = 0,
  PROCTOR_FINDING_LIMITED = 1,
  PROCTOR_FINDING_BROKEN = 2,
} ProctorFindingState;

G_END_DECLS
