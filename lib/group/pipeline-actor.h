/* The actor behind a pipeline: runs its stages, which kernel pipes connect, and puts their results
 * in order.
 *
 * SPDX-License-Identifier: LGPL-2.1-or-later
 */

#pragma once

#include "command/command-spec.h"
#include "process/operation.h"

G_BEGIN_DECLS

typedef struct _PipelineActor PipelineActor;

/* Thread: ANY. @specs (of CommandSpec, connected already) is taken. */
PipelineActor *pipeline_actor_new (GPtrArray            *specs,
                                   ProctorChildWatcher  *watcher,
                                   GError              **error);
void pipeline_actor_unref (PipelineActor *self);

/* Its one operation; @input goes to the first stage. The payload is a GPtrArray of ResultData in
 * the order of the stages. If one of them cannot be started the others are stopped, and its error
 * is the answer.
 */
Operation *pipeline_actor_new_run (PipelineActor *self,
                                   GBytes        *input);

G_DEFINE_AUTOPTR_CLEANUP_FUNC (PipelineActor, pipeline_actor_unref)

G_END_DECLS
