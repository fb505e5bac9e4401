/* For tests of what lives on a worker.
 *
 * SPDX-License-Identifier: LGPL-2.1-or-later
 */

#pragma once

#include "runtime/runtime.h"

typedef void (*WorkerCallFunc) (gpointer data);

typedef struct
{
  Message message; /* of no actor: the worker calls its function at once */
  WorkerCallFunc func;
  gpointer data;
  GMutex lock;
  GCond cond;
  gboolean done;
} WorkerCall;

static inline void
worker_call_in_worker (Actor   *actor,
                       Message *message)
{
  WorkerCall *self = (WorkerCall *) message;

  g_assert_true (worker_is_current (NULL));
  self->func (self->data);

  g_mutex_lock (&self->lock);
  self->done = TRUE;
  g_cond_signal (&self->cond);
  g_mutex_unlock (&self->lock);
}

/* Calls @func on the worker and waits until it has returned. */
static inline void
call_in_worker (Worker         *worker,
                WorkerCallFunc  func,
                gpointer        data)
{
  WorkerCall call = { .message.func = worker_call_in_worker, .func = func, .data = data };

  g_mutex_init (&call.lock);
  g_cond_init (&call.cond);
  worker_post (worker, &call.message);
  g_mutex_lock (&call.lock);
  while (!call.done)
    g_cond_wait (&call.cond, &call.lock);
  g_mutex_unlock (&call.lock);
  g_mutex_clear (&call.lock);
  g_cond_clear (&call.cond);
}

static inline Worker *
pick_worker (void)
{
  g_autoptr(GError) error = NULL;
  Worker *worker = runtime_pick_worker (&error);

  g_assert_no_error (error);
  g_assert_nonnull (worker);
  return worker;
}
