/* SPDX-License-Identifier: LGPL-2.1-or-later */

/* Thread: each function says its own. */

#include "config.h"

#include "process/operation.h"

#include <glib/gi18n-lib.h>

#include "base/base-macros.h"
#include "runtime/worker.h"
#include "trace/trace.h"

Operation *
operation_new (Actor         *actor,
               OperationFunc  start_func,
               OperationFunc  cancel_func,
               GBytes        *input)
{
  Operation *self = g_new0 (Operation, 1);

  g_atomic_ref_count_init (&self->ref_count);
  self->actor = actor_ref (actor);
  self->start_func = start_func;
  self->cancel_func = cancel_func;
  self->input = input != NULL ? g_bytes_ref (input) : NULL;
  return self;
}

Operation *
operation_ref (Operation *self)
{
  g_atomic_ref_count_inc (&self->ref_count);
  return self;
}

/* The last reference may be a late cancellation's, on the worker: nothing of the user's is left by
 * then.
 */
void
operation_unref (Operation *self)
{
  if (!g_atomic_ref_count_dec (&self->ref_count))
    return;

  g_assert (self->task == NULL && self->cancellable == NULL && self->input == NULL);
  g_clear_error (&self->error);
  g_clear_pointer (&self->result, result_data_free);
  g_clear_pointer (&self->plan, proctor_stop_plan_free);
  if (self->payload != NULL)
    self->payload_free (self->payload);
  g_clear_pointer (&self->asker, actor_unref);
  actor_unref (self->actor);
  g_free (self);
}

/* ---- asking */

static void
start_in_worker (Actor   *actor,
                 Message *message)
{
  Operation *self = (Operation *) message;

  self->started = TRUE;
  self->start_func (actor, self);
}

static void
cancel_in_worker (Actor   *actor,
                  Message *message)
{
  Operation *self = CONTAINER_OF (message, Operation, cancel_message);

  if (!self->finished && !self->cancelled)
    {
      self->cancelled = TRUE;
      if (self->started)
        self->cancel_func (actor, self);
    }
  operation_unref (self);
}

/* In whatever thread cancels. A cancellable that is reset can be cancelled again, so it may come
 * more than once.
 */
static void
cancelled_cb (GCancellable *cancellable,
              gpointer      data)
{
  operation_cancel (data);
}

void
operation_cancel (Operation *self)
{
  if (!g_atomic_int_compare_and_exchange (&self->cancel_posted, FALSE, TRUE))
    return;

  operation_ref (self);
  actor_post (self->actor, &self->cancel_message, cancel_in_worker);
}

/* The cancellable is connected before the operation is posted: the answer disconnects it, maybe at
 * once, in another thread.
 */
static void
post (Operation    *self,
      GCancellable *cancellable)
{
  if (cancellable != NULL)
    {
      self->cancellable = g_object_ref (cancellable);
      self->cancelled_id =
        g_cancellable_connect (cancellable, G_CALLBACK (cancelled_cb), operation_ref (self),
                               (GDestroyNotify) operation_unref);
    }

  operation_ref (self);
  actor_post_and_help (self->actor, &self->message, start_in_worker);
}

static void
let_go_of_callers_things (Operation *self)
{
  if (self->cancellable != NULL)
    g_cancellable_disconnect (self->cancellable, self->cancelled_id);
  g_clear_object (&self->cancellable);
  g_clear_pointer (&self->input, g_bytes_unref);
}

void
operation_start_async (Operation           *self,
                       GCancellable        *cancellable,
                       GTask               *task,
                       OperationReturnFunc  return_func)
{
  self->task = task;
  self->return_func = return_func;
  self->caller = caller_context_ref_thread_default ();
  post (self, cancellable);
}

void
operation_start_for_actor (Operation          *self,
                           Actor              *asker,
                           OperationReplyFunc  reply_func,
                           gpointer            asker_data)
{
  self->asker = actor_ref (asker);
  self->reply_func = reply_func;
  self->asker_data = asker_data;
  post (self, NULL);
}

GTask *
operation_task_new (gpointer             source_object,
                    GCancellable        *cancellable,
                    GAsyncReadyCallback  callback,
                    gpointer             user_data,
                    gpointer             source_tag)
{
  GTask *task = g_task_new (source_object, cancellable, callback, user_data);

  g_task_set_source_tag (task, source_tag);
  /* The actor decides, once; data that has arrived is not thrown away. */
  g_task_set_check_cancellable (task, FALSE);
  return task;
}

void
operation_return_result (Operation *self,
                         GTask     *task)
{
  if (self->error != NULL)
    g_task_return_error (task, g_steal_pointer (&self->error));
  else
    g_task_return_pointer (task, proctor_result_new (g_steal_pointer (&self->result)),
                           g_object_unref);
}

void
operation_run_blocking (Operation           *self,
                        GCancellable        *cancellable,
                        ProctorChildWatcher *watcher)
{
  Sleeper sleeper;

  sleeper_init (&sleeper, watcher);
  self->sleeper = &sleeper;
  g_atomic_pointer_set (&self->errand_thread, g_thread_self ());
  post (self, cancellable);
  g_atomic_pointer_set (&self->errand_thread, NULL);
  if (self->errand_func != NULL)
    self->errand_func (self->errand_data);
  sleeper_sleep (&sleeper);
  trace_receive (TRACE_DELIVERED, self->actor->trace_number, self->trace_flow);
  trace_step (TRACE_RETURNED, self->actor->trace_number, 0);
  sleeper_clear (&sleeper);

  let_go_of_callers_things (self);
}

gboolean
operation_give_errand (Operation           *self,
                       OperationErrandFunc  func,
                       gpointer             data)
{
  if (g_atomic_pointer_get (&self->errand_thread) != g_thread_self ())
    return FALSE;

  self->errand_func = func;
  self->errand_data = data;
  return TRUE;
}

/* ---- answering */

static void
deliver_in_caller (Delivery *delivery)
{
  Operation *self = CONTAINER_OF (delivery, Operation, delivery);
  GTask *task = g_steal_pointer (&self->task);

  trace_receive (TRACE_DELIVERED, self->actor->trace_number, self->trace_flow);
  let_go_of_callers_things (self);
  g_clear_pointer (&self->caller, caller_context_unref);
  self->return_func (self, task);
  g_object_unref (task);
  trace_step (TRACE_RETURNED, self->actor->trace_number, 0);
  operation_unref (self);
}

static void
reply_in_worker (Actor   *actor,
                 Message *message)
{
  Operation *self = (Operation *) message;

  trace_receive (TRACE_DELIVERED, self->actor->trace_number, self->trace_flow);
  trace_step (TRACE_RETURNED, self->actor->trace_number, 0);
  self->reply_func (actor, self);
}

void
operation_finish (Operation *self)
{
  g_return_if_fail (worker_is_current (self->actor->worker));
  g_return_if_fail (!self->finished);

  self->finished = TRUE;
  self->trace_flow = trace_send (TRACE_ANSWERED, self->actor->trace_number);
  if (self->task != NULL)
    {
      caller_context_post (self->caller, &self->delivery, deliver_in_caller);
      return;
    }
  if (self->asker != NULL)
    {
      actor_post (self->asker, &self->message, reply_in_worker);
      return;
    }

  sleeper_wake (self->sleeper);
  operation_unref (self);
}

void
operation_fail (Operation *self,
                GError    *error)
{
  self->error = error;
  operation_finish (self);
}

void
operation_fail_cancelled (Operation *self)
{
  operation_fail (self, g_error_new_literal (G_IO_ERROR, G_IO_ERROR_CANCELLED,
                                             _("Operation was cancelled")));
}

void
operation_fail_shut_down (Operation *self)
{
  operation_fail (self, g_error_new_literal (PROCTOR_ERROR, PROCTOR_ERROR_SHUT_DOWN,
                                             _("Proctor was shut down meanwhile")));
}
