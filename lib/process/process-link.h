/* What a process's actor, its watcher and its handle share: who it is, and whom to tell that it has
 * exited.
 *
 * SPDX-License-Identifier: LGPL-2.1-or-later
 */

#pragma once

#include <proctor/proctor.h>

#include "runtime/actor.h"
#include "runtime/caller-context.h"
#include "watch/child-id.h"

G_BEGIN_DECLS

typedef struct _ProcessLink ProcessLink;

/* Called in the owner's context when the process has exited, or its state changed, with its handle.
 */
typedef void (*ProcessExitedFunc) (ProctorProcess *process);

/* @actor gets @exited_func as a message when the child has exited; the link holds it until then. */
ProcessLink *process_link_new (Actor       *actor,
                               MessageFunc  exited_func);
ProcessLink *process_link_ref (ProcessLink *self);
void process_link_unref (ProcessLink *self);

/* The exit function and data for child_id_new(). */
void process_link_child_exited (ChildId *child,
                                gpointer link);

/* For the actor, when no exit will be reported to it: it was already, or there was never a child.
 */
void process_link_abandon (ProcessLink *self);

/* From now on @process is told in @owner, also of an exit that was before. Without a reference to
 * it. Takes @owner.
 */
void process_link_set_handle (ProcessLink       *self,
                              ProctorProcess    *process,
                              CallerContext     *owner,
                              ProcessExitedFunc  exited_func,
                              ProcessExitedFunc  state_func);

/* The process was suspended, or goes on; its handle is told in the owner's context. */
void process_link_state_changed (ProcessLink *self);

/* When the handle is disposed of. */
void process_link_clear_handle (ProcessLink *self);

G_DEFINE_AUTOPTR_CLEANUP_FUNC (ProcessLink, process_link_unref)

G_END_DECLS
