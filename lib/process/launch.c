/* SPDX-License-Identifier: LGPL-2.1-or-later */

/* Thread: ANY. */

#include "config.h"

#include "process/launch.h"

#include "base/base-thread.h"
#include "command/proctor-command-private.h"
#include "process/streamed-launch.h"
#include "runtime/worker.h"
#include "watch/child-watcher-private.h"
#include "watch/default-watcher.h"

/* What every launch needs: a program that has not forked, a watcher, a valid command, an actor. */
static ProcessActor *
prepare (ProctorCommand       *command,
         gboolean              blocking,
         ProctorChildWatcher **ret_watcher,
         GError              **error)
{
  g_autoptr(ProctorChildWatcher) watcher = NULL;
  g_autoptr(CommandSpec) spec = NULL;
  g_autoptr(OwnEnviron) own_environ = NULL;
  ProcessActor *actor;

  if (!program_check_not_forked (error))
    return NULL;

  spec = proctor_command_dup_spec (command);
  if (!command_spec_validate (spec, error) || !stream_pumps_check (command, error))
    return NULL;

  watcher = default_watcher_dup_active (error);
  if (watcher == NULL || (blocking && !child_watcher_check_may_block (watcher, error)))
    return NULL;

  own_environ = own_environ_get ();
  actor = process_actor_new (spec, own_environ, watcher, error);
  if (actor != NULL)
    *ret_watcher = g_steal_pointer (&watcher);
  return actor;
}

/* The end of a streamed run that a thread waits for. */
typedef struct
{
  Operation *operation;
  gboolean ended; /* and nothing of it is left in the context */
} BlockedRun;

static void
run_returned (Operation *operation,
              GTask     *task)
{
  BlockedRun *self = g_task_get_task_data (task);

  self->operation = operation_ref (operation);
  g_task_return_boolean (task, TRUE);
}

static void
run_ended_cb (GObject      *object,
              GAsyncResult *result,
              gpointer      data)
{
  ((BlockedRun *) data)->ended = TRUE;
}

/* The streams are served in a context that nobody else knows, by this thread. */
static Operation *
run_with_streams (ProctorCommand      *command,
                  ProcessActor        *actor,
                  GBytes              *input,
                  ProctorChildWatcher *watcher,
                  GCancellable        *cancellable)
{
  g_autoptr(GMainContext) context = g_main_context_new ();
  g_autoptr(StreamPumps) pumps = NULL;
  g_autoptr(Operation) operation = NULL;
  BlockedRun self = { NULL, FALSE };
  Sleeper sleeper;
  GTask *task;

  g_main_context_push_thread_default (context);
  sleeper_init (&sleeper, watcher);
  sleeper_attach (&sleeper, context);

  pumps = stream_pumps_new (command, actor, watcher);
  operation = process_actor_new_launch (actor, LAUNCH_RUN, input);
  task = operation_task_new (NULL, cancellable, run_ended_cb, &self, run_with_streams);
  g_task_set_task_data (task, &self, NULL);
  streamed_launch_async (operation, LAUNCH_RUN, pumps, task, run_returned);
  while (!self.ended)
    g_main_context_iteration (context, TRUE);

  sleeper_clear (&sleeper);
  g_main_context_pop_thread_default (context);
  return self.operation;
}

static Operation *
launch_and_wait (ProctorCommand      *command,
                 ProcessActor        *actor,
                 LaunchKind           kind,
                 GBytes              *input,
                 ProctorChildWatcher *watcher,
                 GCancellable        *cancellable)
{
  g_autoptr(StreamPumps) pumps = NULL;
  Operation *operation;

  if (kind == LAUNCH_RUN && proctor_command_has_streams (command))
    return run_with_streams (command, actor, input, watcher, cancellable);

  pumps = stream_pumps_new (command, actor, watcher);
  operation = process_actor_new_launch (actor, kind, input);
  operation_run_blocking (operation, cancellable, watcher);
  if (pumps != NULL && operation->error == NULL)
    streamed_launch_begin (operation, pumps);
  return operation;
}

Operation *
launch_blocking (ProctorCommand  *command,
                 LaunchKind       kind,
                 GBytes          *input,
                 GCancellable    *cancellable,
                 GError         **error)
{
  g_autoptr(ProctorChildWatcher) watcher = NULL;
  g_autoptr(ProcessActor) actor = NULL;
  g_autoptr(Operation) operation = NULL;

  if (!worker_check_may_block (error))
    return NULL;
  actor = prepare (command, TRUE, &watcher, error);
  if (actor == NULL)
    return NULL;

  operation = launch_and_wait (command, actor, kind, input, watcher, cancellable);
  if (operation->error != NULL)
    {
      g_propagate_error (error, g_steal_pointer (&operation->error));
      return NULL;
    }
  return g_steal_pointer (&operation);
}

void
launch_async (ProctorCommand      *command,
              LaunchKind           kind,
              GBytes              *input,
              GTask               *task,
              OperationReturnFunc  return_func)
{
  g_autoptr(ProctorChildWatcher) watcher = NULL;
  g_autoptr(ProcessActor) actor = NULL;
  g_autoptr(Operation) operation = NULL;
  g_autoptr(StreamPumps) pumps = NULL;
  GError *error = NULL;

  actor = prepare (command, FALSE, &watcher, &error);
  if (actor == NULL)
    {
      g_task_return_error (task, error);
      g_object_unref (task);
      return;
    }

  pumps = stream_pumps_new (command, actor, watcher);
  operation = process_actor_new_launch (actor, kind, input);
  if (pumps != NULL)
    streamed_launch_async (operation, kind, pumps, task, return_func);
  else
    operation_start_async (operation, g_task_get_cancellable (task), task, return_func);
}
