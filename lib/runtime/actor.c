/* SPDX-License-Identifier: LGPL-2.1-or-later */

/* Thread: ANY. */

#include "config.h"

#include "runtime/actor.h"

#include "runtime/runtime.h"
#include "runtime/worker.h"
#include "trace/trace.h"

void
actor_init (Actor     *self,
            Worker    *worker,
            ActorFunc  free_func)
{
  self->ref_count = 1;
  self->worker = worker != NULL ? worker_ref (worker) : NULL;
  self->free_func = free_func;
}

Actor *
actor_ref (Actor *self)
{
  g_atomic_int_inc (&self->ref_count);
  return self;
}

void
actor_unref (Actor *self)
{
  Worker *worker = self->worker;
  int count = g_atomic_int_get (&self->ref_count);

  while (count > 1)
    {
      if (g_atomic_int_compare_and_exchange_full (&self->ref_count, count, count - 1, &count))
        return;
    }

  if (runtime_drop_actor (self))
    {
      self->free_func (self);
      worker_unref (worker);
    }
}

void
actor_post (Actor       *self,
            Message     *message,
            MessageFunc  func)
{
  message->actor = actor_ref (self);
  message->func = func;
  message->trace_flow = trace_send (TRACE_MESSAGE_SENT, self->trace_number);
  worker_post (self->worker, message);
}

void
actor_post_and_help (Actor       *self,
                     Message     *message,
                     MessageFunc  func)
{
  message->actor = actor_ref (self);
  message->func = func;
  message->trace_flow = trace_send (TRACE_MESSAGE_SENT, self->trace_number);
  worker_post_and_help (self->worker, message);
}
