/* SPDX-License-Identifier: LGPL-2.1-or-later */

/* Thread: that of the caller's context. */

#include "config.h"

#include "process/streamed-launch.h"

#include <glib/gi18n-lib.h>

#include "process/proctor-process-private.h"

/* The data of its task until the answer. */
typedef struct
{
  LaunchKind kind;
  StreamPumps *pumps; /* owned */
  OperationReturnFunc return_func;
  GCancellable *cancellable; /* owned; nullable */
  gulong cancelled_id;
  gint64 begin;

  /* once the process has ended */
  Operation *operation; /* owned */
  GTask *task;          /* owned */
  GSource *deadline;    /* owned; NULL: none */
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

  if (self->deadline != NULL)
    g_source_destroy (self->deadline);
  g_clear_pointer (&self->deadline, g_source_unref);
  /* Not g_cancellable_disconnect(), which waits for the handlers of the signal: a stream that ends
   * its operation in one of those may have called this. Ours needs only what it has a reference to.
   */
  if (self->cancelled_id != 0)
    g_signal_handler_disconnect (self->cancellable, self->cancelled_id);
  streamed_launch_add_error (operation, self->pumps);
  self->return_func (operation, task);
}

/* The timeout of a run is that of its streams, too. */
static gboolean
deadline_passed (gpointer data)
{
  StreamedLaunch *self = data;

  self->operation->result->timed_out = TRUE;
  self->operation->result->incomplete = TRUE;
  stream_pumps_give_up (self->pumps);
  return G_SOURCE_REMOVE;
}

static void
set_deadline (StreamedLaunch *self)
{
  gint64 deadline =
    stream_pumps_get_deadline (self->pumps, self->begin, self->operation->result->timed_out);
  gint64 left = deadline - g_get_monotonic_time ();

  if (deadline < 0 || stream_pumps_have_ended (self->pumps))
    return;

  self->deadline = g_timeout_source_new ((guint) CLAMP (left / 1000 + 1, 0, G_MAXUINT));
  g_source_set_callback (self->deadline, deadline_passed, self, NULL);
  g_source_attach (self->deadline, stream_pumps_get_context (self->pumps));
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
    {
      stream_pumps_end_input (self->pumps);
      set_deadline (self);
    }
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
  self->begin = g_get_monotonic_time ();
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
  gulong cancelled_id;
  gboolean cancelled; /* the streams have not ended */
} LateAnswer;

static void
fail_cancelled (LateAnswer *self)
{
  stream_pumps_keep_result (self->pumps, g_steal_pointer (&self->operation->result));
  self->operation->error = g_error_new_literal (G_IO_ERROR, G_IO_ERROR_CANCELLED,
                                                _("Operation was cancelled"));
}

static void
answer_late (Delivery *delivery)
{
  LateAnswer *self = (LateAnswer *) delivery;

  /* Waits for cancelled_late_cb(). */
  g_cancellable_disconnect (g_task_get_cancellable (self->task), self->cancelled_id);
  if (self->cancelled)
    fail_cancelled (self);
  else
    streamed_launch_add_error (self->operation, self->pumps);
  operation_return_result (self->operation, self->task);

  operation_unref (self->operation);
  g_object_unref (self->task);
  stream_pumps_unref (self->pumps);
  caller_context_unref (self->caller);
  g_free (self);
}

/* In whatever thread cancels. */
static void
cancelled_late_cb (GCancellable *cancellable,
                   gpointer      data)
{
  LateAnswer *self = data;

  if (!stream_pumps_take_back (self->pumps, &self->delivery))
    return;
  self->cancelled = TRUE;
  caller_context_post (self->caller, &self->delivery, answer_late);
}

void
streamed_launch_restore_result (Operation   *operation,
                                StreamPumps *pumps)
{
  ResultData *kept = stream_pumps_steal_result (pumps);

  if (kept == NULL)
    return;
  result_data_free (operation->result);
  operation->result = kept;
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

  streamed_launch_restore_result (operation, pumps);
  late = g_new0 (LateAnswer, 1);
  late->caller = caller_context_ref_for (g_task_get_context (task));
  late->operation = operation_ref (operation);
  late->task = g_object_ref (task);
  late->pumps = stream_pumps_ref (pumps);
  stream_pumps_notify_end (pumps, late->caller, &late->delivery, answer_late);
  /* It is answered in this context, so not before this is done. */
  if (g_task_get_cancellable (task) != NULL)
    late->cancelled_id = g_cancellable_connect (g_task_get_cancellable (task),
                                                G_CALLBACK (cancelled_late_cb), late, NULL);
}
