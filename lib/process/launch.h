/* The start of every way to run a command.
 *
 * SPDX-License-Identifier: LGPL-2.1-or-later
 */

#pragma once

#include "process/process-actor.h"

G_BEGIN_DECLS

/* What every launch needs: a program that has not forked, a watcher, a valid command, an actor. Thread: ANY. */
ProcessActor *launch_prepare (ProctorCommand       *command,
                              ProctorChildWatcher **ret_watcher,
                              GError              **error);

G_END_DECLS
