/* SPDX-License-Identifier: LGPL-2.1-or-later */

/* Thread: ANY. */

#include "config.h"

#include <proctor/proctor.h>

#include "base/base-thread.h"
#include "command/proctor-command-private.h"
#include "group/gather-actor.h"
#include "group/group-results.h"
#include "runtime/worker.h"
#include "watch/child-watcher-private.h"
#include "watch/default-watcher.h"

static GatherActor *
prepare_gather (ProctorCommand * const  *commands,
                gsize                    n_commands,
                guint                    max_running,
                gboolean                 blocking,
                ProctorChildWatcher    **ret_watcher,
                GError                 **error)
{
  g_autoptr(ProctorChildWatcher) watcher = NULL;
  GPtrArray *specs;
  GatherActor *actor;

  if (!program_check_not_forked (error))
    return NULL;
  watcher = default_watcher_dup_active (error);
  if (watcher == NULL || (blocking && !child_watcher_check_may_block (watcher, error)))
    return NULL;

  specs = g_ptr_array_new_full ((guint) n_commands, (GDestroyNotify) command_spec_unref);
  for (gsize i = 0; i < n_commands; i++)
    g_ptr_array_add (specs, proctor_command_dup_spec (commands[i]));

  actor = gather_actor_new (specs, max_running, watcher, error);
  if (actor != NULL)
    *ret_watcher = g_steal_pointer (&watcher);
  return actor;
}

/**
 * proctor_gather:
 * @commands: (array length=n_commands) (nullable): the commands
 * @n_commands: how many there are
 * @max_running: how many may run at once; 0 for no bound
 * @cancellable: (nullable): a cancellable
 * @error: return location for an error
 *
 * Runs many commands at once and waits for all of them.
 *
 * Each is run as [method@Command.run] does it, without input. They are started in order. A command
 * that cannot be started does not keep the others from it: its result has the error, see
 * [method@Result.get_error]. Where the system has no room for all of them at once, the rest waits
 * until some have ended.
 *
 * Cancelling stops those that run, and returns when they have been reaped.
 *
 * Errors: %PROCTOR_ERROR_NO_CHILD_WATCHER; %G_IO_ERROR_CANCELLED; %PROCTOR_ERROR_WOULD_DEADLOCK;
 * %PROCTOR_ERROR_FORKED.
 *
 * Thread safety: any thread.
 *
 * Returns: (transfer container) (element-type ProctorResult): the results, in the order of the
 * commands
 *
 * Since: 1.0
 */
GPtrArray *
proctor_gather (ProctorCommand * const  *commands,
                gsize                    n_commands,
                guint                    max_running,
                GCancellable            *cancellable,
                GError                 **error)
{
  g_autoptr(ProctorChildWatcher) watcher = NULL;
  g_autoptr(GatherActor) actor = NULL;
  g_autoptr(Operation) operation = NULL;

  g_return_val_if_fail (n_commands == 0 || commands != NULL, NULL);

  if (!worker_check_may_block (error))
    return NULL;
  actor = prepare_gather (commands, n_commands, max_running, TRUE, &watcher, error);
  if (actor == NULL)
    return NULL;

  operation = gather_actor_new_gather (actor);
  operation_run_blocking (operation, cancellable, watcher);
  if (operation->error != NULL)
    {
      g_propagate_error (error, g_steal_pointer (&operation->error));
      return NULL;
    }
  return group_results_take (operation);
}

static void
return_results (Operation *operation,
                GTask     *task)
{
  if (operation->error != NULL)
    g_task_return_error (task, g_steal_pointer (&operation->error));
  else
    g_task_return_pointer (task, group_results_take (operation),
                           (GDestroyNotify) g_ptr_array_unref);
}

/**
 * proctor_gather_async:
 * @commands: (array length=n_commands) (nullable): the commands
 * @n_commands: how many there are
 * @max_running: how many may run at once; 0 for no bound
 * @cancellable: (nullable): a cancellable
 * @callback: (scope async): called when all have ended, in the context that is thread-default now
 * @user_data: data for @callback
 *
 * Runs many commands at once. See [func@gather].
 *
 * Thread safety: any thread.
 *
 * Since: 1.0
 */
void
proctor_gather_async (ProctorCommand * const *commands,
                      gsize                   n_commands,
                      guint                   max_running,
                      GCancellable           *cancellable,
                      GAsyncReadyCallback     callback,
                      gpointer                user_data)
{
  g_autoptr(GTask) task = NULL;
  g_autoptr(ProctorChildWatcher) watcher = NULL;
  g_autoptr(GatherActor) actor = NULL;
  g_autoptr(Operation) operation = NULL;
  GError *error = NULL;

  g_return_if_fail (n_commands == 0 || commands != NULL);

  task = operation_task_new (NULL, cancellable, callback, user_data, proctor_gather_async);
  actor = prepare_gather (commands, n_commands, max_running, FALSE, &watcher, &error);
  if (actor == NULL)
    {
      g_task_return_error (task, error);
      return;
    }

  operation = gather_actor_new_gather (actor);
  operation_start_async (operation, cancellable, g_steal_pointer (&task), return_results);
}

/**
 * proctor_gather_finish:
 * @result: what the callback was given
 * @error: return location for an error
 *
 * Takes the result of [func@gather_async].
 *
 * Errors: see [func@gather].
 *
 * Thread safety: the callback's thread.
 *
 * Returns: (transfer container) (element-type ProctorResult): the results, in the order of the
 * commands
 *
 * Since: 1.0
 */
GPtrArray *
proctor_gather_finish (GAsyncResult  *result,
                       GError       **error)
{
  g_return_val_if_fail (g_task_is_valid (result, NULL), NULL);
  g_return_val_if_fail (g_async_result_is_tagged (result, proctor_gather_async), NULL);

  return g_task_propagate_pointer (G_TASK (result), error);
}
