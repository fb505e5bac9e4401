/* SPDX-License-Identifier: LGPL-2.1-or-later */

/* Thread: ANY. */

#include "config.h"

#include "process/proctor-process-private.h"

#include "base/base-thread.h"
#include "command/command-policy.h"

/* NULL: the command's. */
static ProctorStopPlan *
plan_for_grace (GTimeSpan grace)
{
  return grace < 0 ? NULL : stop_plan_new_for_grace (grace);
}

static gboolean
stop_blocking (ProctorProcess         *self,
               const ProctorStopPlan  *plan,
               GCancellable           *cancellable,
               GError                **error)
{
  g_autoptr(Operation) operation = NULL;

  if (!handle_may_block (self, error))
    return FALSE;

  operation = handle_run_blocking (self, process_actor_new_stop (self->parts->actor, plan),
                                   cancellable, error);
  return operation != NULL;
}

/* Takes @task. */
static void
stop_async (ProctorProcess        *self,
            const ProctorStopPlan *plan,
            GTask                 *task)
{
  if (!handle_refuse_if_forked (task))
    handle_start_async (process_actor_new_stop (self->parts->actor, plan),
                        g_task_get_cancellable (task), task, handle_return_data);
}

static gboolean
finish_stop (ProctorProcess  *self,
             GAsyncResult    *result,
             gpointer         tag,
             GError         **error)
{
  g_autoptr(ResultData) data = NULL;

  g_return_val_if_fail (g_task_is_valid (result, self), FALSE);
  g_return_val_if_fail (g_async_result_is_tagged (result, tag), FALSE);

  data = g_task_propagate_pointer (G_TASK (result), error);
  return data != NULL;
}

/**
 * proctor_process_stop:
 * @self: a process
 * @grace: microseconds between SIGTERM and SIGKILL; 0 kills at once; -1 is the stop plan of the
 *   command, SIGTERM and five seconds unless it has another
 * @cancellable: (nullable): a cancellable
 * @error: return location for an error
 *
 * Ends the process: SIGTERM, and SIGCONT for one that is suspended; SIGKILL if it is still there
 * after @grace. Returns when it has exited, and at once if it has already.
 *
 * With %PROCTOR_COMMAND_OWN_TREE the signals go to all of its tree, and this returns when nothing
 * of that is left, also if the process itself had exited before; a descendant that not even SIGKILL
 * ends, because it is stuck in the kernel, is not waited for.
 *
 * May be called by many at once: a signal that one call has sent is not sent again by another, and
 * the earliest SIGKILL counts. Cancelling leaves the process alone from then on: SIGTERM has been
 * sent, SIGKILL is not, unless another call wants it.
 *
 * Errors: %G_IO_ERROR_CANCELLED; %PROCTOR_ERROR_SHUT_DOWN if [func@shutdown] has let the process or
 * its tree go; %PROCTOR_ERROR_WOULD_DEADLOCK; %PROCTOR_ERROR_FORKED.
 *
 * Thread safety: any thread.
 *
 * Returns: %TRUE when it has exited
 *
 * Since: 1.0
 */
gboolean
proctor_process_stop (ProctorProcess  *self,
                      GTimeSpan        grace,
                      GCancellable    *cancellable,
                      GError         **error)
{
  g_autoptr(ProctorStopPlan) plan = plan_for_grace (grace);

  g_return_val_if_fail (PROCTOR_IS_PROCESS (self), FALSE);

  return stop_blocking (self, plan, cancellable, error);
}

/**
 * proctor_process_stop_async:
 * @self: a process
 * @grace: microseconds between SIGTERM and SIGKILL; 0 kills at once; -1 is the stop plan of the
 *   command, SIGTERM and five seconds unless it has another
 * @cancellable: (nullable): a cancellable
 * @callback: (scope async): called when the process has exited, in the context that is
 *   thread-default now
 * @user_data: data for @callback
 *
 * Ends the process. See [method@Process.stop].
 *
 * Thread safety: any thread.
 *
 * Since: 1.0
 */
void
proctor_process_stop_async (ProctorProcess      *self,
                            GTimeSpan            grace,
                            GCancellable        *cancellable,
                            GAsyncReadyCallback  callback,
                            gpointer             user_data)
{
  g_autoptr(ProctorStopPlan) plan = plan_for_grace (grace);

  g_return_if_fail (PROCTOR_IS_PROCESS (self));

  stop_async (self, plan,
              operation_task_new (self, cancellable, callback, user_data,
                                  proctor_process_stop_async));
}

/**
 * proctor_process_stop_finish:
 * @self: a process
 * @result: what the callback was given
 * @error: return location for an error
 *
 * Takes the result of [method@Process.stop_async].
 *
 * Errors: see [method@Process.stop].
 *
 * Thread safety: the callback's thread.
 *
 * Returns: %TRUE when it has exited
 *
 * Since: 1.0
 */
gboolean
proctor_process_stop_finish (ProctorProcess  *self,
                             GAsyncResult    *result,
                             GError         **error)
{
  return finish_stop (self, result, proctor_process_stop_async, error);
}

/**
 * proctor_process_stop_with_plan:
 * @self: a process
 * @plan: a plan, which is copied
 * @cancellable: (nullable): a cancellable
 * @error: return location for an error
 *
 * Ends the process as [method@Process.stop] does, with the signals and times of a plan of one's
 * own.
 *
 * Errors: those of [method@Process.stop]; %PROCTOR_ERROR_INVALID_COMMAND for a signal that does not
 * exist, and then nothing is sent.
 *
 * Thread safety: any thread.
 *
 * Returns: %TRUE when it has exited
 *
 * Since: 1.0
 */
gboolean
proctor_process_stop_with_plan (ProctorProcess         *self,
                                const ProctorStopPlan  *plan,
                                GCancellable           *cancellable,
                                GError                **error)
{
  g_return_val_if_fail (PROCTOR_IS_PROCESS (self), FALSE);
  g_return_val_if_fail (plan != NULL, FALSE);

  return stop_plan_validate (plan, error) && stop_blocking (self, plan, cancellable, error);
}

/**
 * proctor_process_stop_with_plan_async:
 * @self: a process
 * @plan: a plan, which is copied
 * @cancellable: (nullable): a cancellable
 * @callback: (scope async): called when the process has exited, in the context that is
 *   thread-default now
 * @user_data: data for @callback
 *
 * Ends the process. See [method@Process.stop_with_plan].
 *
 * Thread safety: any thread.
 *
 * Since: 1.0
 */
void
proctor_process_stop_with_plan_async (ProctorProcess        *self,
                                      const ProctorStopPlan *plan,
                                      GCancellable          *cancellable,
                                      GAsyncReadyCallback    callback,
                                      gpointer               user_data)
{
  GError *error = NULL;
  GTask *task;

  g_return_if_fail (PROCTOR_IS_PROCESS (self));
  g_return_if_fail (plan != NULL);

  task = operation_task_new (self, cancellable, callback, user_data,
                             proctor_process_stop_with_plan_async);
  if (stop_plan_validate (plan, &error))
    {
      stop_async (self, plan, task);
      return;
    }

  g_task_return_error (task, error);
  g_object_unref (task);
}

/**
 * proctor_process_stop_with_plan_finish:
 * @self: a process
 * @result: what the callback was given
 * @error: return location for an error
 *
 * Takes the result of [method@Process.stop_with_plan_async].
 *
 * Errors: see [method@Process.stop_with_plan].
 *
 * Thread safety: the callback's thread.
 *
 * Returns: %TRUE when it has exited
 *
 * Since: 1.0
 */
gboolean
proctor_process_stop_with_plan_finish (ProctorProcess  *self,
                                       GAsyncResult    *result,
                                       GError         **error)
{
  return finish_stop (self, result, proctor_process_stop_with_plan_async, error);
}
