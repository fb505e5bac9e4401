/* SPDX-License-Identifier: LGPL-2.1-or-later */

/* Thread: ANY. `exited` and notify are emitted in the owner's context. */

#include "config.h"

#include "process/proctor-process-private.h"

#include <glib/gi18n-lib.h>
#include <signal.h>

#include "base/base-thread.h"
#include "stream/proctor-stream-reader-private.h"
#include "stream/proctor-stream-writer-private.h"
#include "runtime/worker.h"
#include "watch/child-watcher-private.h"

/**
 * ProctorProcess:
 *
 * A process that was started with [method@Command.spawn].
 *
 * All methods may be called in any thread at any time. The `exited` signal and notifications of properties come only in the
 * main context that was thread-default where the process was spawned.
 *
 * A process whose stdin, stdout or stderr is a pipe is written and read through streams ([method@Process.get_stdin],
 * [method@Process.get_stdout], [method@Process.get_stderr]), or all at once with [method@Process.communicate]. What nobody reads is
 * held up to a limit; then the process waits.
 *
 * Dropping the last reference leaves a running process alone, unless %PROCTOR_COMMAND_KILL_ON_DROP is set: it goes on, it is
 * still reaped, and its streams are closed unless somebody else holds them.
 *
 * Thread safety: any thread.
 *
 * Since: 1.0
 */
struct _ProctorProcess
{
  GObject parent_instance;

  /* immutable after construction */
  ProcessParts *parts;             /* owned */
  ProctorStreamWriter *writer;     /* owned; NULL: stdin is no pipe */
  ProctorStreamReader *readers[2]; /* owned; the same for stdout and stderr */
};

enum
{
  PROP_0,
  PROP_PID,
  PROP_STATE,
  PROP_RETURNCODE,
  N_PROPERTIES
};

enum
{
  SIGNAL_EXITED,
  N_SIGNALS
};

static GParamSpec *properties[N_PROPERTIES];
static guint signals[N_SIGNALS];

G_DEFINE_FINAL_TYPE (ProctorProcess, proctor_process, G_TYPE_OBJECT)

static void
tell_exited (ProctorProcess *self)
{
  g_object_freeze_notify (G_OBJECT (self));
  g_object_notify_by_pspec (G_OBJECT (self), properties[PROP_STATE]);
  g_object_notify_by_pspec (G_OBJECT (self), properties[PROP_RETURNCODE]);
  g_object_thaw_notify (G_OBJECT (self));
  g_signal_emit (self, signals[SIGNAL_EXITED], 0);
}

/* From here on the streams have the channels. */
static void
open_streams (ProctorProcess *self)
{
  ProcessParts *parts = self->parts;
  Actor *actor = process_actor_get_actor (parts->actor);

  if (parts->writer != NULL)
    self->writer = proctor_stream_writer_new (parts->writer, actor, parts->watcher);
  g_clear_pointer (&parts->writer, write_channel_unref);

  for (guint i = 0; i < G_N_ELEMENTS (self->readers); i++)
    {
      if (parts->readers[i] != NULL)
        self->readers[i] = proctor_stream_reader_new (parts->readers[i], actor, parts->watcher);
      g_clear_pointer (&parts->readers[i], read_channel_unref);
    }
}

ProctorProcess *
proctor_process_new (ProcessParts  *parts,
                     CallerContext *owner)
{
  ProctorProcess *self = g_object_new (PROCTOR_TYPE_PROCESS, NULL);

  self->parts = parts;
  open_streams (self);
  process_link_set_handle (parts->link, self, owner, tell_exited);
  return self;
}

/* ---- asking */

/**
 * proctor_process_get_pid:
 * @self: a process
 *
 * The process id. It belongs to this process until that has been reaped; after that it may be another's.
 *
 * For a shell command this is the pid of the shell.
 *
 * Returns: the pid
 *
 * Thread safety: any thread. Since: 1.0
 */
GPid
proctor_process_get_pid (ProctorProcess *self)
{
  g_return_val_if_fail (PROCTOR_IS_PROCESS (self), 0);

  return child_id_get_pid (self->parts->child);
}

/* On the main thread the watcher is asked first, so that a loop that only asks sees the exit. */
static gboolean
get_outcome (ProctorProcess *self,
             ChildOutcome   *outcome)
{
  if (child_id_get_outcome (self->parts->child, outcome))
    return TRUE;
  if (program_is_forked_copy ())
    return FALSE;

  child_watcher_reap_now (self->parts->watcher, self->parts->child);
  return child_id_get_outcome (self->parts->child, outcome);
}

/**
 * proctor_process_get_state:
 * @self: a process
 *
 * What the process does at this moment. With the main child watcher an exit is seen by the main thread at once, and by other
 * threads when it has been reported.
 *
 * Returns: the state
 *
 * Thread safety: any thread. Since: 1.0
 */
ProctorProcessState
proctor_process_get_state (ProctorProcess *self)
{
  ChildOutcome outcome;

  g_return_val_if_fail (PROCTOR_IS_PROCESS (self), PROCTOR_PROCESS_STATUS_LOST);

  if (get_outcome (self, &outcome))
    return outcome.lost ? PROCTOR_PROCESS_STATUS_LOST : PROCTOR_PROCESS_EXITED;
  /* In a forked copy the lock of the child may be held, for ever. */
  if (!program_is_forked_copy () && child_id_is_suspended (self->parts->child))
    return PROCTOR_PROCESS_SUSPENDED;
  return PROCTOR_PROCESS_RUNNING;
}

/**
 * proctor_process_get_returncode:
 * @self: a process
 * @returncode: (out) (optional): return location for the exit code, or -N if signal N ended the process
 *
 * How the process has ended, without waiting.
 *
 * Returns: %FALSE, with @returncode untouched, while it runs, and if its status is lost
 *
 * Thread safety: any thread. Since: 1.0
 */
gboolean
proctor_process_get_returncode (ProctorProcess *self,
                                int            *returncode)
{
  ChildOutcome outcome;

  g_return_val_if_fail (PROCTOR_IS_PROCESS (self), FALSE);

  if (!get_outcome (self, &outcome) || outcome.lost)
    return FALSE;

  if (returncode != NULL)
    *returncode = returncode_from_wait_status (outcome.wait_status);
  return TRUE;
}

/* ---- streams */

/**
 * proctor_process_get_stdin:
 * @self: a process
 *
 * The stream that writes to the stdin of the process.
 *
 * Returns: (transfer none) (nullable): the stream; %NULL if stdin is no pipe
 *
 * Thread safety: any thread. Since: 1.0
 */
ProctorStreamWriter *
proctor_process_get_stdin (ProctorProcess *self)
{
  g_return_val_if_fail (PROCTOR_IS_PROCESS (self), NULL);

  return self->writer;
}

/**
 * proctor_process_get_stdout:
 * @self: a process
 *
 * The stream that reads what the process writes to its stdout.
 *
 * Returns: (transfer none) (nullable): the stream; %NULL if stdout is no pipe
 *
 * Thread safety: any thread. Since: 1.0
 */
ProctorStreamReader *
proctor_process_get_stdout (ProctorProcess *self)
{
  g_return_val_if_fail (PROCTOR_IS_PROCESS (self), NULL);

  return self->readers[0];
}

/**
 * proctor_process_get_stderr:
 * @self: a process
 *
 * The stream that reads what the process writes to its stderr.
 *
 * Returns: (transfer none) (nullable): the stream; %NULL if stderr is no pipe
 *
 * Thread safety: any thread. Since: 1.0
 */
ProctorStreamReader *
proctor_process_get_stderr (ProctorProcess *self)
{
  g_return_val_if_fail (PROCTOR_IS_PROCESS (self), NULL);

  return self->readers[1];
}

/* ---- signals */

/**
 * proctor_process_send_signal:
 * @self: a process
 * @signum: the number of a signal
 * @error: return location for an error
 *
 * Sends a signal to this process, at once, from the calling thread. It never reaches another process.
 *
 * Errors: %PROCTOR_ERROR_PROCESS_LOOKUP when the process has been reaped; %G_IO_ERROR with the system's reason, for example
 * %G_IO_ERROR_INVALID_ARGUMENT for a signal that does not exist or %G_IO_ERROR_PERMISSION_DENIED; %PROCTOR_ERROR_FORKED.
 *
 * Returns: whether it was sent
 *
 * Thread safety: any thread. Since: 1.0
 */
gboolean
proctor_process_send_signal (ProctorProcess  *self,
                             int              signum,
                             GError         **error)
{
  g_return_val_if_fail (PROCTOR_IS_PROCESS (self), FALSE);

  return program_check_not_forked (error) && child_id_signal (self->parts->child, signum, error);
}

/**
 * proctor_process_terminate:
 * @self: a process
 * @error: return location for an error
 *
 * Asks the process to end: sends SIGTERM and nothing else.
 *
 * Errors: see [method@Process.send_signal].
 *
 * Returns: whether it was sent
 *
 * Thread safety: any thread. Since: 1.0
 */
gboolean
proctor_process_terminate (ProctorProcess  *self,
                           GError         **error)
{
  return proctor_process_send_signal (self, SIGTERM, error);
}

/**
 * proctor_process_kill:
 * @self: a process
 * @error: return location for an error
 *
 * Ends the process: sends SIGKILL, which it can neither ignore nor see.
 *
 * Errors: see [method@Process.send_signal].
 *
 * Returns: whether it was sent
 *
 * Thread safety: any thread. Since: 1.0
 */
gboolean
proctor_process_kill (ProctorProcess  *self,
                      GError         **error)
{
  return proctor_process_send_signal (self, SIGKILL, error);
}

/* ---- what all operations share */

/* Runs an operation to its end in this thread; its error, if it has one, goes to @error. Takes @operation. */
static Operation *
run_blocking (ProctorProcess  *self,
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

static gboolean
may_block (GError **error)
{
  return program_check_not_forked (error) && worker_check_may_block (error);
}

/* Takes @operation and @task. */
static void
start_async (Operation           *operation,
             GCancellable        *cancellable,
             GTask               *task,
             OperationReturnFunc  return_func)
{
  operation_start_async (operation, cancellable, task, return_func);
  operation_unref (operation);
}

/* In a forked copy there is nobody who could do it. Whether it is one; @task has been answered then, and is taken. */
static gboolean
refuse_if_forked (GTask *task)
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
      g_propagate_error (error, outcome_to_error (&data->outcome, data->description));
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
  GError *wrong = outcome_to_error (&data->outcome, data->description);

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

  if (!may_block (error))
    return NULL;

  operation = run_blocking (self, process_actor_new_wait (self->parts->actor), cancellable, error);
  return operation != NULL ? g_steal_pointer (&operation->result) : NULL;
}

static void
return_result_data (Operation *operation,
                    GTask     *task)
{
  if (operation->error != NULL)
    g_task_return_error (task, g_steal_pointer (&operation->error));
  else
    g_task_return_pointer (task, g_steal_pointer (&operation->result), (GDestroyNotify) result_data_free);
}

static void
wait_async (ProctorProcess *self,
            GCancellable   *cancellable,
            GTask          *task)
{
  if (!refuse_if_forked (task))
    start_async (process_actor_new_wait (self->parts->actor), cancellable, task, return_result_data);
}

/**
 * proctor_process_wait:
 * @self: a process
 * @cancellable: (nullable): a cancellable
 * @returncode: (out) (optional): return location for the exit code, or -N if signal N ended the process
 * @error: return location for an error
 *
 * Waits until the process has exited, whatever still holds its pipes.
 *
 * This does not read the pipes: a process that writes more than a pipe holds waits until somebody reads, and so does this.
 * [method@Process.communicate] does both. Many threads may wait at once. Cancelling leaves the process alone.
 *
 * Errors: %PROCTOR_ERROR_STATUS_LOST; %G_IO_ERROR_CANCELLED; %PROCTOR_ERROR_WOULD_DEADLOCK; %PROCTOR_ERROR_FORKED.
 *
 * Returns: whether the returncode is known
 *
 * Thread safety: any thread. Since: 1.0
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
 * @callback: (scope async): called when the process has exited, in the context that is thread-default now
 * @user_data: data for @callback
 *
 * Waits until the process has exited. See [method@Process.wait].
 *
 * Thread safety: any thread. Since: 1.0
 */
void
proctor_process_wait_async (ProctorProcess      *self,
                            GCancellable        *cancellable,
                            GAsyncReadyCallback  callback,
                            gpointer             user_data)
{
  g_return_if_fail (PROCTOR_IS_PROCESS (self));

  wait_async (self, cancellable,
              operation_task_new (self, cancellable, callback, user_data, proctor_process_wait_async));
}

/**
 * proctor_process_wait_finish:
 * @self: a process
 * @result: what the callback was given
 * @returncode: (out) (optional): return location for the exit code, or -N if signal N ended the process
 * @error: return location for an error
 *
 * Takes the result of [method@Process.wait_async].
 *
 * Errors: see [method@Process.wait].
 *
 * Returns: whether the returncode is known
 *
 * Thread safety: the callback's thread. Since: 1.0
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
 * Returns: whether it exited with 0
 *
 * Thread safety: any thread. Since: 1.0
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
 * @callback: (scope async): called when the process has exited, in the context that is thread-default now
 * @user_data: data for @callback
 *
 * Waits until the process has exited. See [method@Process.wait_check].
 *
 * Thread safety: any thread. Since: 1.0
 */
void
proctor_process_wait_check_async (ProctorProcess      *self,
                                  GCancellable        *cancellable,
                                  GAsyncReadyCallback  callback,
                                  gpointer             user_data)
{
  g_return_if_fail (PROCTOR_IS_PROCESS (self));

  wait_async (self, cancellable,
              operation_task_new (self, cancellable, callback, user_data, proctor_process_wait_check_async));
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
 * Returns: whether it exited with 0
 *
 * Thread safety: the callback's thread. Since: 1.0
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
 * Everything happens at once, so that no pipe can block another. That the process does not read its input to the end is not an
 * error. What is no pipe is left alone, and is %NULL in the result. The output is held in memory.
 *
 * If a descendant keeps a pipe open after the exit, this waits for it, at most for the command's drain grace if one is set;
 * then the result is incomplete.
 *
 * Cancelling leaves the process alone and loses nothing: what was not sent yet still goes out, and calling this again, without
 * input, returns all the output from the start. After it has succeeded once, it returns empty outputs.
 *
 * Errors: %G_IO_ERROR_INVALID_ARGUMENT if there is input and stdin is no pipe; %G_IO_ERROR_CLOSED if there is input and stdin
 * was closed by an earlier call; %G_IO_ERROR_PENDING while another call communicates; %G_IO_ERROR_CANCELLED;
 * %PROCTOR_ERROR_WOULD_DEADLOCK; %PROCTOR_ERROR_FORKED. A lost status is a result whose check fails.
 *
 * Returns: (transfer full): how it ended and what it wrote
 *
 * Thread safety: any thread. Since: 1.0
 */
ProctorResult *
proctor_process_communicate (ProctorProcess  *self,
                             GBytes          *input,
                             GCancellable    *cancellable,
                             GError         **error)
{
  g_autoptr(Operation) operation = NULL;

  g_return_val_if_fail (PROCTOR_IS_PROCESS (self), NULL);

  if (!may_block (error) || !take_streams_over (self, error))
    return NULL;

  operation = run_blocking (self, process_actor_new_communicate (self->parts->actor, input), cancellable, error);
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
 * Thread safety: any thread. Since: 1.0
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

  task = operation_task_new (self, cancellable, callback, user_data, proctor_process_communicate_async);
  if (!take_streams_over (self, &error))
    {
      g_task_return_error (task, error);
      g_object_unref (task);
    }
  else if (!refuse_if_forked (task))
    start_async (process_actor_new_communicate (self->parts->actor, input), cancellable, task, operation_return_result);
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
 * Returns: (transfer full): how it ended and what it wrote
 *
 * Thread safety: the callback's thread. Since: 1.0
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

/* ---- stop */

/**
 * proctor_process_stop:
 * @self: a process
 * @grace: microseconds between SIGTERM and SIGKILL; 0 kills at once; -1 is the default of 5 seconds
 * @cancellable: (nullable): a cancellable
 * @error: return location for an error
 *
 * Ends the process: SIGTERM, and SIGCONT for one that is suspended; SIGKILL if it is still there after @grace. Returns when it
 * has exited, and at once if it has already.
 *
 * May be called by many at once; the shortest grace counts. Cancelling leaves the process alone from then on: SIGTERM has been
 * sent, SIGKILL is not.
 *
 * Errors: %G_IO_ERROR_CANCELLED; %PROCTOR_ERROR_WOULD_DEADLOCK; %PROCTOR_ERROR_FORKED.
 *
 * Returns: %TRUE when it has exited
 *
 * Thread safety: any thread. Since: 1.0
 */
gboolean
proctor_process_stop (ProctorProcess  *self,
                      GTimeSpan        grace,
                      GCancellable    *cancellable,
                      GError         **error)
{
  g_autoptr(Operation) operation = NULL;

  g_return_val_if_fail (PROCTOR_IS_PROCESS (self), FALSE);

  if (!may_block (error))
    return FALSE;

  operation = run_blocking (self, process_actor_new_stop (self->parts->actor, grace), cancellable, error);
  return operation != NULL;
}

/**
 * proctor_process_stop_async:
 * @self: a process
 * @grace: microseconds between SIGTERM and SIGKILL; 0 kills at once; -1 is the default of 5 seconds
 * @cancellable: (nullable): a cancellable
 * @callback: (scope async): called when the process has exited, in the context that is thread-default now
 * @user_data: data for @callback
 *
 * Ends the process. See [method@Process.stop].
 *
 * Thread safety: any thread. Since: 1.0
 */
void
proctor_process_stop_async (ProctorProcess      *self,
                            GTimeSpan            grace,
                            GCancellable        *cancellable,
                            GAsyncReadyCallback  callback,
                            gpointer             user_data)
{
  GTask *task;

  g_return_if_fail (PROCTOR_IS_PROCESS (self));

  task = operation_task_new (self, cancellable, callback, user_data, proctor_process_stop_async);
  if (!refuse_if_forked (task))
    start_async (process_actor_new_stop (self->parts->actor, grace), cancellable, task, return_result_data);
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
 * Returns: %TRUE when it has exited
 *
 * Thread safety: the callback's thread. Since: 1.0
 */
gboolean
proctor_process_stop_finish (ProctorProcess  *self,
                             GAsyncResult    *result,
                             GError         **error)
{
  g_autoptr(ResultData) data = NULL;

  g_return_val_if_fail (g_task_is_valid (result, self), FALSE);
  g_return_val_if_fail (g_async_result_is_tagged (result, proctor_process_stop_async), FALSE);

  data = g_task_propagate_pointer (G_TASK (result), error);
  return data != NULL;
}

/* ---- the class */

static void
proctor_process_get_property (GObject    *object,
                              guint       property_id,
                              GValue     *value,
                              GParamSpec *pspec)
{
  ProctorProcess *self = PROCTOR_PROCESS (object);
  int returncode = 0;

  switch (property_id)
    {
    case PROP_PID:
      g_value_set_int (value, proctor_process_get_pid (self));
      break;
    case PROP_STATE:
      g_value_set_enum (value, proctor_process_get_state (self));
      break;
    case PROP_RETURNCODE:
      g_value_set_int (value,
                       proctor_process_get_returncode (self, &returncode) ? returncode : PROCTOR_RETURNCODE_NONE);
      break;
    default:
      G_OBJECT_WARN_INVALID_PROPERTY_ID (object, property_id, pspec);
    }
}

/* The copy of a handle in a forked program has no part in the process, and no worker to post to. */
static void
proctor_process_finalize (GObject *object)
{
  ProctorProcess *self = PROCTOR_PROCESS (object);

  if (!program_is_forked_copy ())
    {
      process_link_clear_handle (self->parts->link);
      g_clear_pointer (&self->parts, process_parts_free);
    }

  g_clear_object (&self->writer);
  for (guint i = 0; i < G_N_ELEMENTS (self->readers); i++)
    g_clear_object (&self->readers[i]);

  G_OBJECT_CLASS (proctor_process_parent_class)->finalize (object);
}

static void
proctor_process_class_init (ProctorProcessClass *klass)
{
  GObjectClass *object_class = G_OBJECT_CLASS (klass);
  const GParamFlags flags = G_PARAM_READABLE | G_PARAM_STATIC_STRINGS | G_PARAM_EXPLICIT_NOTIFY;

  object_class->get_property = proctor_process_get_property;
  object_class->finalize = proctor_process_finalize;

  /**
   * ProctorProcess:pid: (getter get_pid)
   *
   * The process id.
   *
   * Since: 1.0
   */
  properties[PROP_PID] = g_param_spec_int ("pid", NULL, NULL, 0, G_MAXINT, 0, flags);

  /**
   * ProctorProcess:state: (getter get_state)
   *
   * What the process does. Notified when it has ended.
   *
   * Since: 1.0
   */
  properties[PROP_STATE] = g_param_spec_enum ("state", NULL, NULL, PROCTOR_TYPE_PROCESS_STATE,
                                              PROCTOR_PROCESS_RUNNING, flags);

  /**
   * ProctorProcess:returncode:
   *
   * The exit code, or -N for signal N; %PROCTOR_RETURNCODE_NONE while it runs, and if its status is lost. Notified when it has
   * ended.
   *
   * Since: 1.0
   */
  properties[PROP_RETURNCODE] = g_param_spec_int ("returncode", NULL, NULL, G_MININT, G_MAXINT,
                                                  PROCTOR_RETURNCODE_NONE, flags);

  g_object_class_install_properties (object_class, N_PROPERTIES, properties);

  /**
   * ProctorProcess::exited:
   * @self: a process
   *
   * The process has exited. Emitted once, in the context that was thread-default at the spawn, and also for a process that had
   * exited before the handler was connected, if that is done before the context is iterated again.
   *
   * Since: 1.0
   */
  signals[SIGNAL_EXITED] = g_signal_new ("exited", G_TYPE_FROM_CLASS (klass), G_SIGNAL_RUN_LAST, 0, NULL, NULL, NULL,
                                         G_TYPE_NONE, 0);
}

static void
proctor_process_init (ProctorProcess *self)
{
}
