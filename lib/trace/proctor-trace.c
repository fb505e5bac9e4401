/* SPDX-License-Identifier: LGPL-2.1-or-later */

/* Thread: ANY. */

#include "config.h"

#include <proctor/proctor.h>

#include "base/base-thread.h"
#include "trace/trace-session.h"

/**
 * proctor_trace_start:
 * @path: (type filename): the file to write, which is emptied first; `-` is stderr
 * @format: its format; %PROCTOR_TRACE_FORMAT_AUTO goes by the name: `.json` and `.svg`, else text
 * @error: return location for an error
 *
 * Begins to record what happens to processes and writes it to a file: each step of a process, in
 * which thread it was, and the messages between threads.
 *
 * The whole is in the file after [func@trace_stop], or when the program ends by `exit()`. A thread
 * writes most of it earlier, in steps of 50 milliseconds. What a program records faster than that
 * can be written is lost, and the trace says how much. Commands are shown with their arguments, and
 * without their environment.
 *
 * The environment variable `PROCTOR_TRACE` does the same for a program that never calls this, from
 * its first process on; `PROCTOR_TRACE_FORMAT` is the format then: `text`, `chrome` or `svg`.
 *
 * Errors: %G_IO_ERROR_PENDING where this program is being traced already; %G_IO_ERROR_BUSY where
 * another one writes its trace to that file; what opening the file says; %PROCTOR_ERROR_FORKED.
 *
 * Returns: whether it was begun
 *
 * Thread safety: any thread.
 *
 * Since: 1.0
 */
gboolean
proctor_trace_start (const char          *path,
                     ProctorTraceFormat   format,
                     GError             **error)
{
  g_return_val_if_fail (path != NULL, FALSE);

  return program_check_not_forked (error) && trace_session_start (path, format, error);
}

/**
 * proctor_trace_stop:
 * @error: return location for an error
 *
 * Writes what has been recorded to the end, and closes the file. What has not ended by now is shown
 * as if it ended here. Does nothing where nothing is recorded.
 *
 * Errors: what could not be written, now or before; %PROCTOR_ERROR_FORKED.
 *
 * Returns: whether all was written
 *
 * Thread safety: any thread.
 *
 * Since: 1.0
 */
gboolean
proctor_trace_stop (GError **error)
{
  return program_check_not_forked (error) && trace_session_stop (error);
}
