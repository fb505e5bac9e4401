/* SPDX-License-Identifier: LGPL-2.1-or-later */

/* Thread: that of the caller's context. */

#include "config.h"

#include "process/streamed-launch.h"

#include "process/proctor-process-private.h"

/* The data of its task until the answer. */
typedef struct
{
  LaunchKind kind;
  StreamPumps *pumps; /* owned */
  OperationReturnFunc return_func;
  GCancellable *cancellable; /* owned; nullable */
  gulong cancelled_id;

  /* once the process has ended */
  Operation *operation; /* owned */
  GTask *task;          /* owned */
} StreamedLaunch;

static GQuark
streamed_launch_quark (void)
{
  return g_quark_from_static_string ("proctor-streamed-launch");
}

static void
streamed_launch_free (gpointer data)
{
  StreamedLaunch *self = data;

  stream_pumps_unref (self->pumps);
  g_clear_object (&self->cancellable);
  g_free (self);
}

void
streamed_launch_add_error (Operation   *operation,
                           StreamPumps *pumps)
{
  if (operation->error == NULL)
    operation->error = stream_pumps_dup_error (pumps);
}

void
streamed_launch_begin (Operation   *operation,
                       StreamPumps *pumps)
{
  ProcessParts *parts = operation->payload;

  parts->pumps = stream_pumps_ref (pumps);
  stream_pumps_begin (pumps);
}

static void
run_ended (gpointer data)
{
  StreamedLaunch *self = data;
  g_autoptr(GTask) task = g_steal_pointer (&self->task);
  g_autoptr(Operation) operation = g_steal_pointer (&self->operation);

  if (self->cancellable != NULL)
    g_cancellable_disconnect (self->cancellable, self->cancelled_id);
  streamed_launch_add_error (operation, self->pumps);
  self->return_func (operation, task);
}

static void
return_streamed (Operation *operation,
                 GTask     *task)
{
  StreamedLaunch *self = g_object_get_qdata (G_OBJECT (task), streamed_launch_quark ());

  if (self->kind != LAUNCH_RUN)
    {
      if (operation->error == NULL)
        streamed_launch_begin (operation, self->pumps);
      self->return_func (operation, task);
      return;
    }

  self->operation = operation_ref (operation);
  self->task = g_object_ref (task);
  if (operation->error != NULL)
    stream_pumps_cancel (self->pumps);
  else
    stream_pumps_end_input (self->pumps);
  stream_pumps_set_func (self->pumps, run_ended, self);
}

/* In whatever thread cancels. The outputs may have to be given up after the process has ended. */
static void
cancelled_cb (GCancellable *cancellable,
              gpointer      data)
{
  g_cancellable_cancel (data);
}

void
streamed_launch_async (Operation           *operation,
                       LaunchKind           kind,
                       StreamPumps         *pumps,
                       GTask               *task,
                       OperationReturnFunc  return_func)
{
  StreamedLaunch *self = g_new0 (StreamedLaunch, 1);
  GCancellable *cancellable = g_task_get_cancellable (task);

  self->kind = kind;
  self->pumps = stream_pumps_ref (pumps);
  self->return_func = return_func;
  g_object_set_qdata_full (G_OBJECT (task), streamed_launch_quark (), self, streamed_launch_free);

  if (kind == LAUNCH_RUN)
    {
      if (cancellable != NULL)
        {
          self->cancellable = g_object_ref (cancellable);
          self->cancelled_id =
            g_cancellable_connect (cancellable, G_CALLBACK (cancelled_cb),
                                   g_object_ref (stream_pumps_get_cancellable (pumps)),
                                   g_object_unref);
        }
      stream_pumps_begin (pumps);
    }
  operation_start_async (operation, cancellable, task, return_streamed);
}

/* ---- communicate */

/* An answer that waits for the streams. */
typedef struct
{
  Delivery delivery;
  CallerContext *caller; /* owned */
  Operation *operation;  /* owned */
  GTask *task;           /* owned */
  StreamPumps *pumps;    /* owned */
} LateAnswer;

static void
answer_late (Delivery *delivery)
{
  LateAnswer *self = (LateAnswer *) delivery;

  streamed_launch_add_error (self->operation, self->pumps);
  operation_return_result (self->operation, self->task);

  operation_unref (self->operation);
  g_object_unref (self->task);
  stream_pumps_unref (self->pumps);
  caller_context_unref (self->caller);
  g_free (self);
}

void
streamed_return_communicated (Operation *operation,
                              GTask     *task)
{
  ProctorProcess *process = g_task_get_source_object (task);
  StreamPumps *pumps = process->parts->pumps;
  LateAnswer *late;

  if (pumps == NULL || operation->error != NULL)
    {
      operation_return_result (operation, task);
      return;
    }

  late = g_new0 (LateAnswer, 1);
  late->caller = caller_context_ref_for (g_task_get_context (task));
  late->operation = operation_ref (operation);
  late->task = g_object_ref (task);
  late->pumps = stream_pumps_ref (pumps);
  stream_pumps_notify_end (pumps, late->caller, &late->delivery, answer_late);
}
