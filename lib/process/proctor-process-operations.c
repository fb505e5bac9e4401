/* SPDX-License-Identifier: LGPL-2.1-or-later */

/* Thread: ANY. What is waited for: wait, communicate. */

#include "config.h"

#include "process/proctor-process-private.h"
#include "process/streamed-launch.h"

#include <glib/gi18n-lib.h>

#include "base/base-thread.h"
#include "runtime/worker.h"
#include "watch/child-watcher-private.h"
#include "stream/proctor-stream-reader-private.h"

/* ---- what all operations share */

Operation *
handle_run_blocking (ProctorProcess  *self,
                     Operation       *operation,
                     GCancellable    *cancellable,
                     GError         **error)
{
  operation_run_blocking (operation, cancellable, self->parts->watcher);
  if (operation->error != NULL)
    {
      g_propagate_error (error, g_steal_pointer (&operation->error));
      g_clear_pointer (&operation, operation_unref);
    }
  return operation;
}

gboolean
handle_may_block (ProctorProcess  *self,
                  GError         **error)
{
  return program_check_not_forked (error) && worker_check_may_block (error) &&
         child_watcher_check_may_block (self->parts->watcher, error);
}

void
handle_start_async (Operation           *operation,
                    GCancellable        *cancellable,
                    GTask               *task,
                    OperationReturnFunc  return_func)
{
  operation_start_async (operation, cancellable, task, return_func);
  operation_unref (operation);
}

gboolean
handle_refuse_if_forked (GTask *task)
{
  GError *error = NULL;

  if (program_check_not_forked (&error))
    return FALSE;

  g_task_return_error (task, error);
  g_object_unref (task);
  return TRUE;
}

/* ---- wait */

static gboolean
returncode_from_outcome (const ResultData  *data,
                         int               *returncode,
                         GError           **error)
{
  if (data->outcome.lost)
    {
      g_propagate_error (error, outcome_to_error (&data->outcome, data->description, NULL));
      return FALSE;
    }

  if (returncode != NULL)
    *returncode = returncode_from_wait_status (data->outcome.wait_status);
  return TRUE;
}

static gboolean
check_outcome (const ResultData  *data,
               GError           **error)
{
  GError *wrong = outcome_to_error (&data->outcome, data->description, NULL);

  if (wrong == NULL)
    return TRUE;

  g_propagate_error (error, wrong);
  return FALSE;
}

static ResultData *
wait_blocking (ProctorProcess  *self,
               GCancellable    *cancellable,
               GError         **error)
{
  g_autoptr(Operation) operation = NULL;

  if (!handle_may_block (self, error))
    return NULL;

  operation = handle_run_blocking (self, process_actor_new_wait (self->parts->actor), cancellable,
                                   error);
  return operation != NULL ? g_steal_pointer (&operation->result) : NULL;
}

void
handle_return_data (Operation *operation,
                    GTask     *task)
{
  if (operation->error != NULL)
    g_task_return_error (task, g_steal_pointer (&operation->error));
  else
    g_task_return_pointer (task, g_steal_pointer (&operation->result),
                           (GDestroyNotify) result_data_free);
}

static void
wait_async (ProctorProcess *self,
            GCancellable   *cancellable,
            GTask          *task)
{
  if (!handle_refuse_if_forked (task))
    handle_start_async (process_actor_new_wait (self->parts->actor), cancellable, task,
                 handle_return_data);
}

/**
 * proctor_process_wait:
 * @self: a process
 * @cancellable: (nullable): a cancellable
 * @returncode: (out) (optional): return location for the exit code, or -N if signal N ended the
 *   process
 * @error: return location for an error
 *
 * Waits until the process has exited, whatever still holds its pipes.
 *
 * This does not read the pipes: a process that writes more than a pipe holds waits until somebody
 * reads, and so does this. [method@Process.communicate] does both. Many threads may wait at once.
 * Cancelling leaves the process alone, unless its cancel policy says otherwise.
 *
 * Errors: %PROCTOR_ERROR_STATUS_LOST; %G_IO_ERROR_CANCELLED; %PROCTOR_ERROR_WOULD_DEADLOCK;
 * %PROCTOR_ERROR_FORKED.
 *
 * Thread safety: any thread.
 *
 * Returns: whether the returncode is known
 *
 * Since: 1.0
 */
gboolean
proctor_process_wait (ProctorProcess  *self,
                      GCancellable    *cancellable,
                      int             *returncode,
                      GError         **error)
{
  g_autoptr(ResultData) data = NULL;

  g_return_val_if_fail (PROCTOR_IS_PROCESS (self), FALSE);

  data = wait_blocking (self, cancellable, error);
  return data != NULL && returncode_from_outcome (data, returncode, error);
}

/**
 * proctor_process_wait_async:
 * @self: a process
 * @cancellable: (nullable): a cancellable
 * @callback: (scope async): called when the process has exited, in the context that is
 *   thread-default now
 * @user_data: data for @callback
 *
 * Waits until the process has exited. See [method@Process.wait].
 *
 * Thread safety: any thread.
 *
 * Since: 1.0
 */
void
proctor_process_wait_async (ProctorProcess      *self,
                            GCancellable        *cancellable,
                            GAsyncReadyCallback  callback,
                            gpointer             user_data)
{
  g_return_if_fail (PROCTOR_IS_PROCESS (self));

  wait_async (self, cancellable,
              operation_task_new (self, cancellable, callback, user_data,
                                  proctor_process_wait_async));
}

/**
 * proctor_process_wait_finish:
 * @self: a process
 * @result: what the callback was given
 * @returncode: (out) (optional): return location for the exit code, or -N if signal N ended the
 *   process
 * @error: return location for an error
 *
 * Takes the result of [method@Process.wait_async].
 *
 * Errors: see [method@Process.wait].
 *
 * Thread safety: the callback's thread.
 *
 * Returns: whether the returncode is known
 *
 * Since: 1.0
 */
gboolean
proctor_process_wait_finish (ProctorProcess  *self,
                             GAsyncResult    *result,
                             int             *returncode,
                             GError         **error)
{
  g_autoptr(ResultData) data = NULL;

  g_return_val_if_fail (g_task_is_valid (result, self), FALSE);
  g_return_val_if_fail (g_async_result_is_tagged (result, proctor_process_wait_async), FALSE);

  data = g_task_propagate_pointer (G_TASK (result), error);
  return data != NULL && returncode_from_outcome (data, returncode, error);
}

/**
 * proctor_process_wait_check:
 * @self: a process
 * @cancellable: (nullable): a cancellable
 * @error: return location for an error
 *
 * Waits until the process has exited, and makes an error of every end but an exit with 0.
 *
 * Errors: those of [method@Process.wait]; %PROCTOR_ERROR_EXIT_STATUS; %PROCTOR_ERROR_SIGNALLED.
 *
 * Thread safety: any thread.
 *
 * Returns: whether it exited with 0
 *
 * Since: 1.0
 */
gboolean
proctor_process_wait_check (ProctorProcess  *self,
                            GCancellable    *cancellable,
                            GError         **error)
{
  g_autoptr(ResultData) data = NULL;

  g_return_val_if_fail (PROCTOR_IS_PROCESS (self), FALSE);

  data = wait_blocking (self, cancellable, error);
  return data != NULL && check_outcome (data, error);
}

/**
 * proctor_process_wait_check_async:
 * @self: a process
 * @cancellable: (nullable): a cancellable
 * @callback: (scope async): called when the process has exited, in the context that is
 *   thread-default now
 * @user_data: data for @callback
 *
 * Waits until the process has exited. See [method@Process.wait_check].
 *
 * Thread safety: any thread.
 *
 * Since: 1.0
 */
void
proctor_process_wait_check_async (ProctorProcess      *self,
                                  GCancellable        *cancellable,
                                  GAsyncReadyCallback  callback,
                                  gpointer             user_data)
{
  g_return_if_fail (PROCTOR_IS_PROCESS (self));

  wait_async (self, cancellable,
              operation_task_new (self, cancellable, callback, user_data,
                                  proctor_process_wait_check_async));
}

/**
 * proctor_process_wait_check_finish:
 * @self: a process
 * @result: what the callback was given
 * @error: return location for an error
 *
 * Takes the result of [method@Process.wait_check_async].
 *
 * Errors: see [method@Process.wait_check].
 *
 * Thread safety: the callback's thread.
 *
 * Returns: whether it exited with 0
 *
 * Since: 1.0
 */
gboolean
proctor_process_wait_check_finish (ProctorProcess  *self,
                                   GAsyncResult    *result,
                                   GError         **error)
{
  g_autoptr(ResultData) data = NULL;

  g_return_val_if_fail (g_task_is_valid (result, self), FALSE);
  g_return_val_if_fail (g_async_result_is_tagged (result, proctor_process_wait_check_async), FALSE);

  data = g_task_propagate_pointer (G_TASK (result), error);
  return data != NULL && check_outcome (data, error);
}

/* ---- communicate */

/* Communicating takes the streams over, which cannot be while somebody reads from one of them. */
static gboolean
take_streams_over (ProctorProcess  *self,
                   GError         **error)
{
  for (guint i = 0; i < G_N_ELEMENTS (self->readers); i++)
    {
      if (self->readers[i] == NULL)
        continue;
      if (g_input_stream_has_pending (G_INPUT_STREAM (self->readers[i])))
        {
          g_set_error_literal (error, G_IO_ERROR, G_IO_ERROR_PENDING,
                               _("Another call reads from the output of the process"));
          return FALSE;
        }
      proctor_stream_reader_give_back (self->readers[i]);
    }
  return TRUE;
}

/**
 * proctor_process_communicate:
 * @self: a process
 * @input: (nullable): what to send to its stdin
 * @cancellable: (nullable): a cancellable
 * @error: return location for an error
 *
 * Sends the input, closes stdin, reads both outputs to their end, and waits for the exit.
 *
 * Everything happens at once, so that no pipe can block another. That the process does not read its
 * input to the end is not an error. What is no pipe is left alone, and is %NULL in the result. The
 * output is held in memory.
 *
 * If a descendant keeps a pipe open after the exit, this waits for it, at most for the command's
 * drain grace if one is set; then the result is incomplete.
 *
 * Cancelling leaves the process alone, unless its cancel policy says otherwise, and loses nothing:
 * what was not sent yet still goes out, and calling this again, without input, returns all the
 * output from the start. After it has succeeded once, it returns empty outputs.
 *
 * If the command has streams of GIO as stdio ([method@Command.set_stdin_stream]), this also waits
 * until they are done with, or until it is cancelled. A blocking call cannot do that in the thread
 * whose main context they need; it is %PROCTOR_ERROR_WOULD_DEADLOCK there.
 *
 * Errors: those of such streams; %G_IO_ERROR_INVALID_ARGUMENT if there is input and stdin is no
 * pipe; %G_IO_ERROR_CLOSED if there is input and stdin was closed by an earlier call;
 * %G_IO_ERROR_PENDING while another call communicates; %G_IO_ERROR_CANCELLED;
 * %PROCTOR_ERROR_WOULD_DEADLOCK; %PROCTOR_ERROR_FORKED. A lost status is a result whose check
 * fails.
 *
 * Thread safety: any thread.
 *
 * Returns: (transfer full): how it ended and what it wrote
 *
 * Since: 1.0
 */
ProctorResult *
proctor_process_communicate (ProctorProcess  *self,
                             GBytes          *input,
                             GCancellable    *cancellable,
                             GError         **error)
{
  g_autoptr(Operation) operation = NULL;
  StreamPumps *pumps;

  g_return_val_if_fail (PROCTOR_IS_PROCESS (self), NULL);

  pumps = self->parts->pumps;
  if (!handle_may_block (self, error) || !take_streams_over (self, error) ||
      (pumps != NULL && !stream_pumps_check_may_block (pumps, error)))
    return NULL;

  operation = handle_run_blocking (self, process_actor_new_communicate (self->parts->actor, input),
                            cancellable, error);
  if (operation != NULL && pumps != NULL)
    {
      GError *stream_error;

      streamed_launch_restore_result (operation, pumps);
      if (!stream_pumps_wait (pumps, self->parts->watcher, cancellable, error))
        {
          stream_pumps_keep_result (pumps, g_steal_pointer (&operation->result));
          return NULL;
        }
      stream_error = stream_pumps_dup_error (pumps);
      if (stream_error != NULL)
        {
          g_propagate_error (error, stream_error);
          return NULL;
        }
    }
  return operation != NULL ? proctor_result_new (g_steal_pointer (&operation->result)) : NULL;
}

/**
 * proctor_process_communicate_async:
 * @self: a process
 * @input: (nullable): what to send to its stdin
 * @cancellable: (nullable): a cancellable
 * @callback: (scope async): called when it is done, in the context that is thread-default now
 * @user_data: data for @callback
 *
 * Sends the input, reads the outputs and waits for the exit. See [method@Process.communicate].
 *
 * Thread safety: any thread.
 *
 * Since: 1.0
 */
void
proctor_process_communicate_async (ProctorProcess      *self,
                                   GBytes              *input,
                                   GCancellable        *cancellable,
                                   GAsyncReadyCallback  callback,
                                   gpointer             user_data)
{
  GError *error = NULL;
  GTask *task;

  g_return_if_fail (PROCTOR_IS_PROCESS (self));

  task =
    operation_task_new (self, cancellable, callback, user_data, proctor_process_communicate_async);
  if (!take_streams_over (self, &error))
    {
      g_task_return_error (task, error);
      g_object_unref (task);
    }
  else if (!handle_refuse_if_forked (task))
    handle_start_async (process_actor_new_communicate (self->parts->actor, input), cancellable,
                        task, streamed_return_communicated);
}

/**
 * proctor_process_communicate_finish:
 * @self: a process
 * @result: what the callback was given
 * @error: return location for an error
 *
 * Takes the result of [method@Process.communicate_async].
 *
 * Errors: see [method@Process.communicate].
 *
 * Thread safety: the callback's thread.
 *
 * Returns: (transfer full): how it ended and what it wrote
 *
 * Since: 1.0
 */
ProctorResult *
proctor_process_communicate_finish (ProctorProcess  *self,
                                    GAsyncResult    *result,
                                    GError         **error)
{
  g_return_val_if_fail (g_task_is_valid (result, self), NULL);
  g_return_val_if_fail (g_async_result_is_tagged (result, proctor_process_communicate_async), NULL);

  return g_task_propagate_pointer (G_TASK (result), error);
}
