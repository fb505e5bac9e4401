/* SPDX-License-Identifier: LGPL-2.1-or-later */

/* Thread: ANY. */

#include "config.h"

#include "runtime/actor.h"

#include "runtime/worker.h"

void
actor_init (Actor   *self,
            Worker  *worker,
            void   (*free_func) (Actor *self))
{
  g_atomic_ref_count_init (&self->ref_count);
  self->worker = worker;
  self->free_func = free_func;
}

Actor *
actor_ref (Actor *self)
{
  g_atomic_ref_count_inc (&self->ref_count);
  return self;
}

void
actor_unref (Actor *self)
{
  if (g_atomic_ref_count_dec (&self->ref_count))
    self->free_func (self);
}

void
actor_post (Actor       *self,
            Message     *message,
            MessageFunc  func)
{
  message->actor = actor_ref (self);
  message->func = func;
  worker_post (self->worker, message);
}
