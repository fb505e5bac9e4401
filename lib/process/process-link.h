/* What a process's actor, its watcher and its handle share: who it is, and whom to tell that it has
 * exited: the actor, the handle, and the lists of processes.
 *
 * SPDX-License-Identifier: LGPL-2.1-or-later
 */

#pragma once

#include <proctor/proctor.h>

#include "process/process-record.h"
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

/* The process was suspended, or goes on; its handle is told in the owner's context, and lists, too.
 */
void process_link_state_changed (ProcessLink *self);

/* The same for lists only: nobody tracks it, but it was done by a call of ours. */
void process_link_tell_lists (ProcessLink *self);

/* ---- lists of processes */

typedef enum
{
  LISTED_UNLESS_OVER, /* a process that has run for a while */
  LISTED_ALWAYS,      /* one that was just started, and may have exited already */
} ListedWhen;

/* Lists hear of the process from now on, with this record of it. A new reference. NULL: it has
 * exited, or nobody watches it any more; or a list has heard of that.
 */
ProcessRecord *process_link_ref_record (ProcessLink *self,
                                        ChildId     *child,
                                        CommandSpec *spec,
                                        gint64       start_time,
                                        gint64       start_monotonic,
                                        ListedWhen   when);

/* The service ends and lets the process go: lists hear that, and nothing more of it. */
void process_link_let_go (ProcessLink *self);

/* When the handle is disposed of. */
void process_link_clear_handle (ProcessLink *self);

G_DEFINE_AUTOPTR_CLEANUP_FUNC (ProcessLink, process_link_unref)

G_END_DECLS
