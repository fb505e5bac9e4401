/* Proctor: subprocesses for C programs on GLib
 *
 * SPDX-License-Identifier: LGPL-2.1-or-later
 */

#pragma once

#include <proctor/proctor-macros.h>

G_BEGIN_DECLS

/**
 * PROCTOR_ERROR:
 *
 * The domain of the library's own errors.
 *
 * Since: 1.0
 */
#define PROCTOR_ERROR (proctor_error_quark ())

/**
 * ProctorError:
 * @PROCTOR_ERROR_FAILED: none of the others
 * @PROCTOR_ERROR_NO_CHILD_WATCHER: no child watcher exists yet and this thread cannot make one; see
 *   [func@init]
 * @PROCTOR_ERROR_NOT_MAIN_THREAD: the call is for the main thread only
 * @PROCTOR_ERROR_WOULD_DEADLOCK: a blocking call in a place where it could never end
 * @PROCTOR_ERROR_FORKED: the call was made in a forked copy of the program
 * @PROCTOR_ERROR_SHUT_DOWN: the service is being shut down
 * @PROCTOR_ERROR_INVALID_COMMAND: the command cannot be run as it is described; the message names
 *   the value
 * @PROCTOR_ERROR_PROCESS_LOOKUP: the process has ended and cannot be signalled any more
 * @PROCTOR_ERROR_STATUS_LOST: the exit status was taken away by another part of the program
 * @PROCTOR_ERROR_EXIT_STATUS: the process exited with another status than 0
 * @PROCTOR_ERROR_SIGNALLED: the process was ended by a signal
 * @PROCTOR_ERROR_INCOMPLETE_READ: the stream ended before all the wanted bytes came
 * @PROCTOR_ERROR_LIMIT_OVERRUN: a line or record is longer than the reader's limit
 * @PROCTOR_ERROR_OUTPUT_LIMIT: the output is larger than allowed
 *
 * Errors of the library. What the operating system says is reported in the %G_IO_ERROR domain. See
 * [Errors](errors.html) for what comes where.
 *
 * Since: 1.0
 */
typedef enum
{
  PROCTOR_ERROR_FAILED,
  PROCTOR_ERROR_NO_CHILD_WATCHER,
  PROCTOR_ERROR_NOT_MAIN_THREAD,
  PROCTOR_ERROR_WOULD_DEADLOCK,
  PROCTOR_ERROR_FORKED,
  PROCTOR_ERROR_SHUT_DOWN,
  PROCTOR_ERROR_INVALID_COMMAND,
  PROCTOR_ERROR_PROCESS_LOOKUP,
  PROCTOR_ERROR_STATUS_LOST,
  PROCTOR_ERROR_EXIT_STATUS,
  PROCTOR_ERROR_SIGNALLED,
  PROCTOR_ERROR_INCOMPLETE_READ,
  PROCTOR_ERROR_LIMIT_OVERRUN,
  PROCTOR_ERROR_OUTPUT_LIMIT,
} ProctorError;

PROCTOR_AVAILABLE_IN_1_0
GQuark proctor_error_quark (void);

G_END_DECLS
