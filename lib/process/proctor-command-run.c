/* SPDX-License-Identifier: LGPL-2.1-or-later */

/* Thread: ANY. */

#include "config.h"

#include <proctor/proctor.h>

#include "command/proctor-command-private.h"
#include "process/launch.h"
#include "process/proctor-process-private.h"
#include "process/result-data.h"

/* ---- spawn */

/**
 * proctor_command_spawn:
 * @self: a command
 * @cancellable: (nullable): a cancellable
 * @error: return location for an error
 *
 * Starts a process and returns when it has executed the program.
 *
 * Cancelling stops the process if it was started, and reaps it.
 *
 * Errors: %PROCTOR_ERROR_INVALID_COMMAND names what is wrong with the command;
 * %PROCTOR_ERROR_NO_CHILD_WATCHER on another thread than the main one before [func@init];
 * %G_IO_ERROR with the step that failed, the path and the system's reason;
 * %PROCTOR_ERROR_WOULD_DEADLOCK; %PROCTOR_ERROR_FORKED. Nothing is left of a process that could not
 * be started.
 *
 * Thread safety: the thread that sets up @self, which may be any.
 *
 * Returns: (transfer full): the process
 *
 * Since: 1.0
 */
ProctorProcess *
proctor_command_spawn (ProctorCommand  *self,
                       GCancellable    *cancellable,
                       GError         **error)
{
  g_autoptr(Operation) operation = NULL;

  g_return_val_if_fail (PROCTOR_IS_COMMAND (self), NULL);

  operation = launch_blocking (self, LAUNCH_SPAWN, NULL, cancellable, error);
  if (operation == NULL)
    return NULL;
  return proctor_process_new (g_steal_pointer (&operation->payload),
                              caller_context_ref_thread_default ());
}

static void
return_process (Operation *operation,
                GTask     *task)
{
  if (operation->error != NULL)
    {
      g_task_return_error (task, g_steal_pointer (&operation->error));
      return;
    }

  g_task_return_pointer (task, proctor_process_new (g_steal_pointer (&operation->payload), NULL),
                         g_object_unref);
}

/**
 * proctor_command_spawn_async:
 * @self: a command
 * @cancellable: (nullable): a cancellable
 * @callback: (scope async): called when the program runs, in the context that is thread-default now
 * @user_data: data for @callback
 *
 * Starts a process. See [method@Command.spawn].
 *
 * Thread safety: the thread that sets up @self, which may be any.
 *
 * Since: 1.0
 */
void
proctor_command_spawn_async (ProctorCommand      *self,
                             GCancellable        *cancellable,
                             GAsyncReadyCallback  callback,
                             gpointer             user_data)
{
  g_return_if_fail (PROCTOR_IS_COMMAND (self));

  launch_async (self, LAUNCH_SPAWN, NULL,
                operation_task_new (self, cancellable, callback, user_data,
                                    proctor_command_spawn_async),
                return_process);
}

/**
 * proctor_command_spawn_finish:
 * @self: a command
 * @result: what the callback was given
 * @error: return location for an error
 *
 * Takes the result of [method@Command.spawn_async].
 *
 * Errors: see [method@Command.spawn].
 *
 * Thread safety: the callback's thread.
 *
 * Returns: (transfer full): the process
 *
 * Since: 1.0
 */
ProctorProcess *
proctor_command_spawn_finish (ProctorCommand  *self,
                              GAsyncResult    *result,
                              GError         **error)
{
  ProctorProcess *process;

  g_return_val_if_fail (g_task_is_valid (result, self), NULL);
  g_return_val_if_fail (g_async_result_is_tagged (result, proctor_command_spawn_async), NULL);

  /* Only from here on can anybody listen to `exited`, so it is not emitted before. */
  process = g_task_propagate_pointer (G_TASK (result), error);
  if (process != NULL)
    proctor_process_set_owner (process,
                               caller_context_ref_for (g_task_get_context (G_TASK (result))));
  return process;
}

/* ---- run */

/**
 * proctor_command_run:
 * @self: a command
 * @input: (nullable): what to send to the stdin of the process
 * @cancellable: (nullable): a cancellable
 * @error: return location for an error
 *
 * Runs a command to its end: starts it, sends the input, reads both outputs and waits for the exit.
 *
 * Where the command does not say otherwise, both outputs are captured, and stdin is /dev/null
 * unless there is input. The command's timeout, if it has one, stops the process; the result says
 * so and has the output until then. An exit with another code than 0 is no error here, see
 * [method@Command.run_check].
 *
 * Cancelling stops the process, as its stop plan says, or kills it if its cancel policy says that,
 * and returns when it has been reaped.
 *
 * Errors: those of [method@Command.spawn]; %G_IO_ERROR_TIMED_OUT if not even the program could be
 * executed in time;
 * %G_IO_ERROR_INVALID_ARGUMENT if there is input and the command's stdin is no pipe.
 *
 * Thread safety: the thread that sets up @self, which may be any.
 *
 * Returns: (transfer full): how it ended and what it wrote
 *
 * Since: 1.0
 */
ProctorResult *
proctor_command_run (ProctorCommand  *self,
                     GBytes          *input,
                     GCancellable    *cancellable,
                     GError         **error)
{
  g_autoptr(Operation) operation = NULL;

  g_return_val_if_fail (PROCTOR_IS_COMMAND (self), NULL);

  operation = launch_blocking (self, LAUNCH_RUN, input, cancellable, error);
  return operation != NULL ? proctor_result_new (g_steal_pointer (&operation->result)) : NULL;
}

/**
 * proctor_command_run_async:
 * @self: a command
 * @input: (nullable): what to send to the stdin of the process
 * @cancellable: (nullable): a cancellable
 * @callback: (scope async): called when the process has ended, in the context that is
 *   thread-default now
 * @user_data: data for @callback
 *
 * Runs a command to its end. See [method@Command.run].
 *
 * Thread safety: the thread that sets up @self, which may be any.
 *
 * Since: 1.0
 */
void
proctor_command_run_async (ProctorCommand      *self,
                           GBytes              *input,
                           GCancellable        *cancellable,
                           GAsyncReadyCallback  callback,
                           gpointer             user_data)
{
  g_return_if_fail (PROCTOR_IS_COMMAND (self));

  launch_async (self, LAUNCH_RUN, input,
                operation_task_new (self, cancellable, callback, user_data,
                                    proctor_command_run_async),
                operation_return_result);
}

/**
 * proctor_command_run_finish:
 * @self: a command
 * @result: what the callback was given
 * @error: return location for an error
 *
 * Takes the result of [method@Command.run_async].
 *
 * Errors: see [method@Command.run].
 *
 * Thread safety: the callback's thread.
 *
 * Returns: (transfer full): how it ended and what it wrote
 *
 * Since: 1.0
 */
ProctorResult *
proctor_command_run_finish (ProctorCommand  *self,
                            GAsyncResult    *result,
                            GError         **error)
{
  g_return_val_if_fail (g_task_is_valid (result, self), NULL);
  g_return_val_if_fail (g_async_result_is_tagged (result, proctor_command_run_async), NULL);

  return g_task_propagate_pointer (G_TASK (result), error);
}

/**
 * proctor_command_run_with_timeout:
 * @self: a command
 * @input: (nullable): what to send to the stdin of the process
 * @timeout: microseconds, or -1 for no timeout
 * @cancellable: (nullable): a cancellable
 * @error: return location for an error
 *
 * Runs a command to its end, as [method@Command.run] does, with a timeout for this call instead of
 * the command's. Other threads may run the same command with others at the same time.
 *
 * Errors: those of [method@Command.run].
 *
 * Thread safety: the thread that sets up @self, which may be any.
 *
 * Returns: (transfer full): how it ended and what it wrote
 *
 * Since: 1.0
 */
ProctorResult *
proctor_command_run_with_timeout (ProctorCommand  *self,
                                  GBytes          *input,
                                  GTimeSpan        timeout,
                                  GCancellable    *cancellable,
                                  GError         **error)
{
  g_autoptr(ProctorCommand) timed = NULL;

  g_return_val_if_fail (PROCTOR_IS_COMMAND (self), NULL);

  timed = proctor_command_copy_with_timeout (self, timeout);
  return proctor_command_run (timed, input, cancellable, error);
}

/**
 * proctor_command_run_with_timeout_async:
 * @self: a command
 * @input: (nullable): what to send to the stdin of the process
 * @timeout: microseconds, or -1 for no timeout
 * @cancellable: (nullable): a cancellable
 * @callback: (scope async): called when the process has ended, in the context that is
 *   thread-default now
 * @user_data: data for @callback
 *
 * Runs a command to its end. See [method@Command.run_with_timeout].
 *
 * Thread safety: the thread that sets up @self, which may be any.
 *
 * Since: 1.0
 */
void
proctor_command_run_with_timeout_async (ProctorCommand      *self,
                                        GBytes              *input,
                                        GTimeSpan            timeout,
                                        GCancellable        *cancellable,
                                        GAsyncReadyCallback  callback,
                                        gpointer             user_data)
{
  g_autoptr(ProctorCommand) timed = NULL;

  g_return_if_fail (PROCTOR_IS_COMMAND (self));

  timed = proctor_command_copy_with_timeout (self, timeout);
  launch_async (timed, LAUNCH_RUN, input,
                operation_task_new (self, cancellable, callback, user_data,
                                    proctor_command_run_with_timeout_async),
                operation_return_result);
}

/**
 * proctor_command_run_with_timeout_finish:
 * @self: a command
 * @result: what the callback was given
 * @error: return location for an error
 *
 * Takes the result of [method@Command.run_with_timeout_async].
 *
 * Errors: see [method@Command.run_with_timeout].
 *
 * Thread safety: the callback's thread.
 *
 * Returns: (transfer full): how it ended and what it wrote
 *
 * Since: 1.0
 */
ProctorResult *
proctor_command_run_with_timeout_finish (ProctorCommand  *self,
                                         GAsyncResult    *result,
                                         GError         **error)
{
  g_return_val_if_fail (g_task_is_valid (result, self), NULL);
  g_return_val_if_fail (g_async_result_is_tagged (result, proctor_command_run_with_timeout_async),
                        NULL);

  return g_task_propagate_pointer (G_TASK (result), error);
}

/* The result, unless something is wrong with it. Takes @result. */
static ProctorResult *
check_result (ProctorResult  *result,
              GError        **error)
{
  if (result != NULL && !proctor_result_check (result, error))
    g_clear_object (&result);
  return result;
}

/**
 * proctor_command_run_check:
 * @self: a command
 * @input: (nullable): what to send to the stdin of the process
 * @cancellable: (nullable): a cancellable
 * @error: return location for an error
 *
 * Runs a command that is expected to succeed: [method@Command.run], then [method@Result.check].
 *
 * Who wants to see the output of a failure calls the two.
 *
 * Errors: those of both.
 *
 * Thread safety: the thread that sets up @self, which may be any.
 *
 * Returns: (transfer full): the result of a process that exited with 0
 *
 * Since: 1.0
 */
ProctorResult *
proctor_command_run_check (ProctorCommand  *self,
                           GBytes          *input,
                           GCancellable    *cancellable,
                           GError         **error)
{
  return check_result (proctor_command_run (self, input, cancellable, error), error);
}

/**
 * proctor_command_run_check_async:
 * @self: a command
 * @input: (nullable): what to send to the stdin of the process
 * @cancellable: (nullable): a cancellable
 * @callback: (scope async): called when the process has ended, in the context that is
 *   thread-default now
 * @user_data: data for @callback
 *
 * Runs a command that is expected to succeed. See [method@Command.run_check].
 *
 * Thread safety: the thread that sets up @self, which may be any.
 *
 * Since: 1.0
 */
void
proctor_command_run_check_async (ProctorCommand      *self,
                                 GBytes              *input,
                                 GCancellable        *cancellable,
                                 GAsyncReadyCallback  callback,
                                 gpointer             user_data)
{
  g_return_if_fail (PROCTOR_IS_COMMAND (self));

  launch_async (self, LAUNCH_RUN, input,
                operation_task_new (self, cancellable, callback, user_data,
                                    proctor_command_run_check_async),
                operation_return_result);
}

/**
 * proctor_command_run_check_finish:
 * @self: a command
 * @result: what the callback was given
 * @error: return location for an error
 *
 * Takes the result of [method@Command.run_check_async].
 *
 * Errors: see [method@Command.run_check].
 *
 * Thread safety: the callback's thread.
 *
 * Returns: (transfer full): the result of a process that exited with 0
 *
 * Since: 1.0
 */
ProctorResult *
proctor_command_run_check_finish (ProctorCommand  *self,
                                  GAsyncResult    *result,
                                  GError         **error)
{
  g_return_val_if_fail (g_task_is_valid (result, self), NULL);
  g_return_val_if_fail (g_async_result_is_tagged (result, proctor_command_run_check_async), NULL);

  return check_result (g_task_propagate_pointer (G_TASK (result), error), error);
}
