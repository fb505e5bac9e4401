/* SPDX-License-Identifier: LGPL-2.1-or-later */

/* Thread: ANY. */

#include "config.h"

#include "process/launch.h"

#include "base/base-thread.h"
#include "command/proctor-command-private.h"
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
  if (!command_spec_validate (spec, error))
    return NULL;

  watcher = default_watcher_dup_active (error);
  if (watcher == NULL || (blocking && !child_watcher_check_may_block (watcher, error)))
    return NULL;

  own_environ = own_environ_new ();
  actor = process_actor_new (spec, own_environ, watcher, error);
  if (actor != NULL)
    *ret_watcher = g_steal_pointer (&watcher);
  return actor;
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

  operation = process_actor_new_launch (actor, kind, input);
  operation_run_blocking (operation, cancellable, watcher);
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
  GError *error = NULL;

  actor = prepare (command, FALSE, &watcher, &error);
  if (actor == NULL)
    {
      g_task_return_error (task, error);
      g_object_unref (task);
      return;
    }

  operation = process_actor_new_launch (actor, kind, input);
  operation_start_async (operation, g_task_get_cancellable (task), task, return_func);
}
