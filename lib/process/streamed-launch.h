/* The launch of a command whose stdios are streams of GIO.
 *
 * SPDX-License-Identifier: LGPL-2.1-or-later
 */

#pragma once

#include "process/stream-pump.h"

G_BEGIN_DECLS

/* Thread: ANY. Takes @task, and answers it by @return_func: a run when also the streams are done
 * with, a spawn as soon as the process runs.
 */
void streamed_launch_async (Operation           *operation,
                            LaunchKind           kind,
                            StreamPumps         *pumps,
                            GTask               *task,
                            OperationReturnFunc  return_func);

/* Makes the operation's result an error if a stream had one. */
void streamed_launch_add_error (Operation   *operation,
                                StreamPumps *pumps);

/* A spawn has succeeded: the pumps begin, and the handle gets them. */
void streamed_launch_begin (Operation   *operation,
                            StreamPumps *pumps);

/* After a communicate that was cancelled while it waited for the streams: the operation's result
 * becomes what that one had.
 */
void streamed_launch_restore_result (Operation   *operation,
                                     StreamPumps *pumps);

/* An OperationReturnFunc for a communicate: the task gets its result when also the streams of the
 * process, if it has any, are done with.
 */
void streamed_return_communicated (Operation *operation,
                                   GTask     *task);

G_END_DECLS
