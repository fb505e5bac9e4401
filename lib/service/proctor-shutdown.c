/* SPDX-License-Identifier: LGPL-2.1-or-later */

/* Thread: ANY. */

#include "config.h"

#include <proctor/proctor.h>

#include "base/base-macros.h"
#include "base/base-thread.h"
#include "inspect/inspect-service.h"
#include "runtime/runtime.h"
#include "runtime/worker.h"
#include "stream/stream-wait.h"
#include "trace/trace-session.h"
#include "watch/child-watcher-private.h"
#include "watch/default-watcher.h"
#include "watch/main-child-watcher-private.h"

/* Waiting for the end, as for anything else that is waited for. */
typedef struct
{
  RuntimeWaiter waiter;
  StreamWaiter *stream_waiter;
  RuntimeEndState state;
} EndQuestion;

static void
wake (RuntimeWaiter *waiter)
{
  EndQuestion *self = CONTAINER_OF (waiter, EndQuestion, waiter);

  self->stream_waiter->wake (self->stream_waiter);
}

static gboolean
try_again (gpointer      question,
           StreamWaiter *waiter)
{
  EndQuestion *self = question;

  self->stream_waiter = waiter;
  self->state = runtime_await_end (&self->waiter);
  return self->state != RUNTIME_ENDING;
}

static void
forget (gpointer      question,
        StreamWaiter *waiter)
{
  runtime_stop_waiting (&((EndQuestion *) question)->waiter);
}

static void
let_the_rest_go (void)
{
  inspect_service_rest ();
  default_watcher_set (NULL);
  trace_session_rest ();
}

/* Only one of those that wait is told to. */
static void
finish_if_told_to (EndQuestion *self)
{
  if (self->state == RUNTIME_TO_BE_FINISHED)
    runtime_finish_end (let_the_rest_go);
}

static void
return_answer (gpointer  question,
               GTask    *task,
               gboolean  cancelled)
{
  if (cancelled)
    {
      g_task_return_error_if_cancelled (task);
      return;
    }

  finish_if_told_to (question);
  g_task_return_boolean (task, TRUE);
}

static const StreamQuestion end_question = {
  .try_again = try_again,
  .forget = forget,
  .return_answer = return_answer,
  .free_question = g_free,
};

static RuntimeEnd
end_from_mode (ProctorShutdownMode mode)
{
  return mode == PROCTOR_SHUTDOWN_DETACH ? RUNTIME_DETACH_CHILDREN : RUNTIME_STOP_CHILDREN;
}

/* Children of the main watcher may be left when another one was set since. */
static ProctorChildWatcher *
dup_watcher_to_drive (void)
{
  ProctorChildWatcher *watcher = thread_is_main () ? main_child_watcher_dup_last () : NULL;

  return watcher != NULL ? watcher : default_watcher_dup_existing ();
}

/**
 * proctor_shutdown:
 * @mode: what to do with processes that still run
 * @cancellable: (nullable): a cancellable
 * @error: return location for an error
 *
 * Ends the service: when this returns, no process is left that it watches, no pipe, and no thread
 * but those that only start processes.
 *
 * In this order: nothing can be started any more (%PROCTOR_ERROR_SHUT_DOWN); what is being started
 * is stopped; running processes are stopped and reaped, or detached, as @mode says; their pipes are
 * closed, so that readers find the end and writers a broken pipe; calls that wait for a process
 * that was detached, and runs, fail with %PROCTOR_ERROR_SHUT_DOWN; the worker threads end; the
 * child watcher is let go.
 *
 * Handles stay valid, and tell what they know. After that a new service can start, with
 * [func@init] or with the first process. Where nothing was started this does nothing; a second call
 * during a shutdown waits for its end, whatever its own @mode says. A program that just exits need
 * not call it.
 *
 * A detached process is still a child of this program: nobody but the main child watcher, as long
 * as its main loop runs, and the threaded one reap it.
 *
 * Cancelling gives up waiting; the shutdown goes on, and is completed by the next call.
 *
 * Errors: %PROCTOR_ERROR_WOULD_DEADLOCK, %PROCTOR_ERROR_FORKED, %G_IO_ERROR_CANCELLED.
 *
 * Thread safety: any thread; with the main child watcher and processes to be stopped, on other
 * threads than the main one only while the main loop runs.
 *
 * Returns: whether the service has ended
 *
 * Since: 1.0
 */
gboolean
proctor_shutdown (ProctorShutdownMode   mode,
                  GCancellable         *cancellable,
                  GError              **error)
{
  g_autoptr(ProctorChildWatcher) watcher = NULL;
  EndQuestion question = { .waiter.wake = wake };

  if (!program_check_not_forked (error) || !worker_check_may_block (error))
    return FALSE;
  watcher = dup_watcher_to_drive ();
  if (watcher != NULL && !child_watcher_check_may_block (watcher, error))
    return FALSE;
  if (g_cancellable_set_error_if_cancelled (cancellable, error))
    return FALSE;

  runtime_begin_end (end_from_mode (mode));
  if (!stream_wait_blocking (&end_question, &question, watcher, cancellable, error))
    return FALSE;

  finish_if_told_to (&question);
  return TRUE;
}

/**
 * proctor_shutdown_async:
 * @mode: what to do with processes that still run
 * @cancellable: (nullable): a cancellable
 * @callback: (scope async): called when the service has ended, in the context that is
 *   thread-default now
 * @user_data: data for @callback
 *
 * Ends the service. See [func@shutdown].
 *
 * Thread safety: any thread.
 *
 * Since: 1.0
 */
void
proctor_shutdown_async (ProctorShutdownMode  mode,
                        GCancellable        *cancellable,
                        GAsyncReadyCallback  callback,
                        gpointer             user_data)
{
  GTask *task = g_task_new (NULL, cancellable, callback, user_data);
  GError *error = NULL;
  EndQuestion *question;

  g_task_set_source_tag (task, proctor_shutdown_async);
  g_task_set_check_cancellable (task, FALSE);
  if (!program_check_not_forked (&error))
    {
      g_task_return_error (task, error);
      g_object_unref (task);
      return;
    }

  question = g_new0 (EndQuestion, 1);
  question->waiter.wake = wake;
  if (!g_cancellable_is_cancelled (cancellable))
    runtime_begin_end (end_from_mode (mode));
  stream_wait_async (&end_question, question, task);
}

/**
 * proctor_shutdown_finish:
 * @result: what the callback was given
 * @error: return location for an error
 *
 * Takes the result of [func@shutdown_async].
 *
 * Errors: see [func@shutdown].
 *
 * Thread safety: the callback's thread.
 *
 * Returns: whether the service has ended
 *
 * Since: 1.0
 */
gboolean
proctor_shutdown_finish (GAsyncResult  *result,
                         GError       **error)
{
  g_return_val_if_fail (g_task_is_valid (result, NULL), FALSE);
  g_return_val_if_fail (g_async_result_is_tagged (result, proctor_shutdown_async), FALSE);

  return g_task_propagate_boolean (G_TASK (result), error);
}
