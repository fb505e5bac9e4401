/* The start of every way to run a command.
 *
 * SPDX-License-Identifier: LGPL-2.1-or-later
 */

#pragma once

#include "process/process-actor.h"

G_BEGIN_DECLS

/* Thread: ANY. Starts a command and sleeps until the launch is answered; NULL with the error if it
 * failed.
 */
Operation *launch_blocking (ProctorCommand  *command,
                            LaunchKind       kind,
                            GBytes          *input,
                            GCancellable    *cancellable,
                            GError         **error);

/* Thread: ANY. Takes @task, which gets its answer by @return_func. */
void launch_async (ProctorCommand      *command,
                   LaunchKind           kind,
                   GBytes              *input,
                   GTask               *task,
                   OperationReturnFunc  return_func);

G_END_DECLS
