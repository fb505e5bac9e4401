/* The actor behind a gather: runs many commands, so many at once, and puts their results in order.
 *
 * SPDX-License-Identifier: LGPL-2.1-or-later
 */

#pragma once

#include "command/command-spec.h"
#include "process/operation.h"

G_BEGIN_DECLS

typedef struct _GatherActor GatherActor;

/* Thread: ANY. @specs (of CommandSpec) is taken. @max_running: 0 is no bound. */
GatherActor *gather_actor_new (GPtrArray            *specs,
                               guint                 max_running,
                               ProctorChildWatcher  *watcher,
                               GError              **error);
void gather_actor_unref (GatherActor *self);

/* Its one operation; the payload is a GPtrArray of ResultData in the order of the commands. */
Operation *gather_actor_new_gather (GatherActor *self);

G_DEFINE_AUTOPTR_CLEANUP_FUNC (GatherActor, gather_actor_unref)

G_END_DECLS
