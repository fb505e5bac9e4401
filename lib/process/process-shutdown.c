/* SPDX-License-Identifier: LGPL-2.1-or-later */

/* Thread: WORKER. */

#include "config.h"

#include "process/process-actor-private.h"

#include <proctor/proctor.h>

#include "runtime/runtime.h"
#include "stream/read-channel.h"
#include "watch/child-watcher-private.h"

/* The service ends in this order: nothing new is started any more; what is being started is
 * stopped; running processes are stopped and reaped, or let go; their pipes are closed, and whoever
 * waits for anything gets an answer. Then the actor owes the runtime nothing, and the workers may
 * end. The handle may live on: what it asks for later is answered at once, since everything is
 * decided.
 */

gboolean
process_launch_is_given_up (ProcessActor *self)
{
  return self->launch->cancelled || self->shutting_down;
}

void
process_fail_given_up (ProcessActor *self,
                       Operation    *launch)
{
  if (launch->cancelled)
    operation_fail_cancelled (launch);
  else
    operation_fail_shut_down (launch);
}

/* What is in the pipes at this moment is kept, as far as the readers have room. */
void
process_give_up_pipes (ProcessActor *self)
{
  process_drain_grace_passed (&self->drain_timer);
  process_close_pipes (self);
}

/* The child goes on without us: it finds its pipes closed, and nobody waits for it. */
static void
detach (ProcessActor *self)
{
  Operation *operation;

  self->detached = TRUE;
  process_link_let_go (self->link);
  process_give_up_stops (self);
  worker_disarm_timer (self->actor.worker, &self->timeout_timer);

  while ((operation = g_queue_pop_head (&self->waits)) != NULL)
    operation_fail_shut_down (operation);

  operation = self->communication != NULL ? process_steal_communication (self) : NULL;
  process_close_pipes (self);
  if (operation != NULL)
    operation_fail_shut_down (operation);
}

/* The process has exited, and what is left of its tree is being stopped, as slowly as somebody's
 * plan says.
 */
static void
shut_down_tree (ProcessActor *self)
{
  if (runtime_get_end () == RUNTIME_DETACH_CHILDREN)
    process_give_up_tree (self);
  else
    process_begin_stop (self);
}

void
process_shut_down_in_worker (Actor   *actor,
                             Message *message)
{
  ProcessActor *self = (ProcessActor *) actor;

  self->shutting_down = TRUE;
  if (!self->started)
    {
      if (self->job != NULL)
        process_give_up_birth (self);
    }
  else if (self->exited)
    {
      if (self->tree_ends)
        shut_down_tree (self);
      process_give_up_pipes (self);
    }
  else if (runtime_get_end () == RUNTIME_DETACH_CHILDREN &&
           child_watcher_let_go (self->watcher, self->child))
    {
      detach (self);
    }
  else
    {
      process_begin_stop (self);
    }

  process_release_if_done (self);
}

void
process_check_shutdown (ProcessActor *self)
{
  gboolean has_child = self->job != NULL || self->tree_ends ||
                       (self->child != NULL && !self->exited && !self->detached);

  if (self->shutting_down && !has_child && self->launch == NULL && self->communication == NULL &&
      g_queue_is_empty (&self->waits) && process_pipes_are_closed (self))
    runtime_actor_ended (&self->actor);
}
