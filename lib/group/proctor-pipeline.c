/* SPDX-License-Identifier: LGPL-2.1-or-later */

/* Thread: the one that sets it; ANY may run one that nobody sets any more. */

#include "config.h"

#include <errno.h>
#include <glib/gi18n-lib.h>

#include <proctor/proctor.h>

#include "base/base-fd.h"
#include "base/base-thread.h"
#include "command/command-validate.h"
#include "command/proctor-command-private.h"
#include "group/group-results.h"
#include "group/pipeline-actor.h"
#include "group/pipeline-private.h"
#include "runtime/worker.h"
#include "watch/child-watcher-private.h"
#include "watch/default-watcher.h"

/**
 * ProctorPipeline:
 *
 * Commands that are run together, the stdout of each connected to the stdin of the next by a pipe
 * that goes past this program.
 *
 * ```c
 * g_autoptr(ProctorPipeline) pipeline = proctor_pipeline_new ();
 * g_autoptr(ProctorCommand) numbers = proctor_command_new ("seq", "1000000", NULL);
 * g_autoptr(ProctorCommand) first = proctor_command_new ("head", "-n", "3", NULL);
 *
 * proctor_pipeline_add (pipeline, numbers);
 * proctor_pipeline_add (pipeline, first);
 * result = proctor_pipeline_run (pipeline, NULL, NULL, &error);
 * ```
 *
 * Each stage is run as [method@Command.run] does it, with its own environment, timeout and so on:
 * what it writes to its stderr is captured, unless the command says otherwise, and its result tells
 * how it ended. A stage whose successor does not read any more gets SIGPIPE, as in a shell.
 *
 * A run takes a snapshot of the commands; one pipeline can be run any number of times, also several
 * times at once.
 *
 * Thread safety: as a [class@Command], it belongs to one thread while it is being set; after that
 * any thread may run it.
 *
 * Since: 1.0
 */
struct _ProctorPipeline
{
  GObject parent_instance;

  /* the thread that sets it */
  GPtrArray *commands; /* of ProctorCommand */
  gboolean pipefail;
  GTimeSpan timeout;
};

G_DEFINE_FINAL_TYPE (ProctorPipeline, proctor_pipeline, G_TYPE_OBJECT)

static void
proctor_pipeline_finalize (GObject *object)
{
  ProctorPipeline *self = PROCTOR_PIPELINE (object);

  g_ptr_array_unref (self->commands);

  G_OBJECT_CLASS (proctor_pipeline_parent_class)->finalize (object);
}

static void
proctor_pipeline_class_init (ProctorPipelineClass *klass)
{
  G_OBJECT_CLASS (klass)->finalize = proctor_pipeline_finalize;
}

static void
proctor_pipeline_init (ProctorPipeline *self)
{
  self->commands = g_ptr_array_new_with_free_func (g_object_unref);
  self->timeout = -1;
}

/**
 * proctor_pipeline_new:
 *
 * Makes a pipeline without a stage.
 *
 * Thread safety: any thread.
 *
 * Returns: (transfer full): a new pipeline
 *
 * Since: 1.0
 */
ProctorPipeline *
proctor_pipeline_new (void)
{
  return g_object_new (PROCTOR_TYPE_PIPELINE, NULL);
}

/**
 * proctor_pipeline_add:
 * @self: a pipeline
 * @command: what the new stage runs; the same command may be added several times
 *
 * Adds a stage to the end of the pipeline.
 *
 * The stdout of every stage but the last one, and the stdin of every stage but the first, are the
 * pipeline's.
 *
 * Errors: %PROCTOR_ERROR_INVALID_COMMAND at the run if the command has set one that is the
 * pipeline's.
 *
 * Thread safety: the thread that the pipeline belongs to.
 *
 * Since: 1.0
 */
void
proctor_pipeline_add (ProctorPipeline *self,
                      ProctorCommand  *command)
{
  g_return_if_fail (PROCTOR_IS_PIPELINE (self));
  g_return_if_fail (PROCTOR_IS_COMMAND (command));

  g_ptr_array_add (self->commands, g_object_ref (command));
}

/**
 * proctor_pipeline_get_n_stages:
 * @self: a pipeline
 *
 * How many stages were added.
 *
 * Thread safety: the thread that the pipeline belongs to.
 *
 * Returns: their number
 *
 * Since: 1.0
 */
guint
proctor_pipeline_get_n_stages (ProctorPipeline *self)
{
  g_return_val_if_fail (PROCTOR_IS_PIPELINE (self), 0);

  return self->commands->len;
}

/**
 * proctor_pipeline_set_pipefail:
 * @self: a pipeline
 * @pipefail: whether the failure of any stage is one of the whole
 *
 * Sets what the returncode and the check of the result speak of: by default of the last stage, with
 * pipefail of the last stage that has failed.
 *
 * Thread safety: the thread that the pipeline belongs to.
 *
 * Since: 1.0
 */
void
proctor_pipeline_set_pipefail (ProctorPipeline *self,
                               gboolean         pipefail)
{
  g_return_if_fail (PROCTOR_IS_PIPELINE (self));

  self->pipefail = pipefail;
}

/**
 * proctor_pipeline_get_pipefail:
 * @self: a pipeline
 *
 * Whether the failure of any stage is one of the whole; in a new pipeline it is not.
 *
 * Thread safety: the thread that the pipeline belongs to.
 *
 * Returns: whether it is
 *
 * Since: 1.0
 */
gboolean
proctor_pipeline_get_pipefail (ProctorPipeline *self)
{
  g_return_val_if_fail (PROCTOR_IS_PIPELINE (self), FALSE);

  return self->pipefail;
}

/**
 * proctor_pipeline_set_timeout:
 * @self: a pipeline
 * @timeout: microseconds, or -1 for no timeout
 *
 * Sets how long a run of the pipeline may take; a new one has no timeout.
 *
 * Each stage that takes longer is stopped, as with [method@Command.set_timeout]. All negative
 * values mean the same.
 *
 * Thread safety: the thread that the pipeline belongs to.
 *
 * Since: 1.0
 */
void
proctor_pipeline_set_timeout (ProctorPipeline *self,
                              GTimeSpan        timeout)
{
  g_return_if_fail (PROCTOR_IS_PIPELINE (self));

  self->timeout = MAX (timeout, -1);
}

/* ---- the run */

static gboolean
check_stage (ProctorPipeline    *self,
             guint               index,
             const CommandSpec  *spec,
             GError            **error)
{
  const CommandFiles *files = &spec->files;

  if (index > 0 && command_files_stdio_is_set (files, 0))
    return command_fail (error,
                         _("The stdin of stage %u (from 0) is set, but the pipeline connects it"),
                         index);
  if (index + 1 < self->commands->len && command_files_stdio_is_set (files, 1))
    return command_fail (error,
                         _("The stdout of stage %u (from 0) is set, but the pipeline connects it"),
                         index);
  if (command_files_have_streams (files))
    return command_fail (error,
                         _("Stage %u (from 0) of a pipeline cannot have a stream as stdio"), index);

  return command_spec_validate (spec, error);
}

static gboolean
connect_stages (CommandSpec  *first,
                CommandSpec  *second,
                GError      **error)
{
  int ends[2];

  if (!fd_pipe (ends))
    {
      int error_number = errno;

      g_set_error (error, G_IO_ERROR, g_io_error_from_errno (error_number),
                   _("Could not make a pipe between two commands: %s"), g_strerror (error_number));
      return FALSE;
    }

  first->files.stdio[1].fd = shared_fd_new_once (ends[1]);
  second->files.stdio[0].fd = shared_fd_new_once (ends[0]);
  return TRUE;
}

/* Snapshots of the commands, connected; NULL with nothing left of them. */
static GPtrArray *
new_specs (ProctorPipeline  *self,
           GError          **error)
{
  g_autoptr(GPtrArray) specs =
    g_ptr_array_new_with_free_func ((GDestroyNotify) command_spec_unref);

  if (self->commands->len == 0)
    {
      command_fail (error, _("The pipeline has no commands"));
      return NULL;
    }

  for (guint i = 0; i < self->commands->len; i++)
    {
      g_autoptr(CommandSpec) shared = proctor_command_dup_spec (self->commands->pdata[i]);
      CommandSpec *spec;

      if (!check_stage (self, i, shared, error))
        return NULL;
      spec = command_spec_copy (shared);
      g_ptr_array_add (specs, spec);
      if (self->timeout >= 0 && (spec->timeout < 0 || self->timeout < spec->timeout))
        spec->timeout = self->timeout;
      if (i > 0 && !connect_stages (specs->pdata[i - 1], spec, error))
        return NULL;
    }

  return g_steal_pointer (&specs);
}

static PipelineActor *
prepare (ProctorPipeline      *self,
         gboolean              blocking,
         ProctorChildWatcher **ret_watcher,
         GError              **error)
{
  g_autoptr(ProctorChildWatcher) watcher = NULL;
  PipelineActor *actor = NULL;
  GPtrArray *specs;

  if (!program_check_not_forked (error))
    return NULL;
  watcher = default_watcher_dup_active (error);
  if (watcher == NULL || (blocking && !child_watcher_check_may_block (watcher, error)))
    return NULL;

  specs = new_specs (self, error);
  if (specs != NULL)
    actor = pipeline_actor_new (specs, watcher, error);
  if (actor != NULL)
    *ret_watcher = g_steal_pointer (&watcher);
  return actor;
}

/**
 * proctor_pipeline_run:
 * @self: a pipeline
 * @input: (nullable): what to send to the stdin of the first stage
 * @cancellable: (nullable): a cancellable
 * @error: return location for an error
 *
 * Runs the stages, all at the same time, and waits for all of them.
 *
 * If a stage cannot be started the others are stopped, and its error is returned when they have
 * been reaped. A non-zero exit is no error here, see [method@PipelineResult.check].
 *
 * Cancelling stops all stages, and returns when they have been reaped.
 *
 * Errors: %PROCTOR_ERROR_INVALID_COMMAND for a pipeline without stages, and for a stage that cannot
 * be one; those of [method@Command.run].
 *
 * Thread safety: the thread that sets up @self, which may be any.
 *
 * Returns: (transfer full): how the stages ended, and what the last one wrote
 *
 * Since: 1.0
 */
ProctorPipelineResult *
proctor_pipeline_run (ProctorPipeline  *self,
                      GBytes           *input,
                      GCancellable     *cancellable,
                      GError          **error)
{
  g_autoptr(ProctorChildWatcher) watcher = NULL;
  g_autoptr(PipelineActor) actor = NULL;
  g_autoptr(Operation) operation = NULL;

  g_return_val_if_fail (PROCTOR_IS_PIPELINE (self), NULL);

  if (!worker_check_may_block (error))
    return NULL;
  actor = prepare (self, TRUE, &watcher, error);
  if (actor == NULL)
    return NULL;

  operation = pipeline_actor_new_run (actor, input);
  operation_run_blocking (operation, cancellable, watcher);
  if (operation->error != NULL)
    {
      g_propagate_error (error, g_steal_pointer (&operation->error));
      return NULL;
    }
  return proctor_pipeline_result_new (group_results_take (operation), self->pipefail);
}

static void
return_pipeline_result (Operation *operation,
                        GTask     *task)
{
  gboolean pipefail = GPOINTER_TO_INT (g_task_get_task_data (task));

  if (operation->error != NULL)
    g_task_return_error (task, g_steal_pointer (&operation->error));
  else
    g_task_return_pointer (task,
                           proctor_pipeline_result_new (group_results_take (operation), pipefail),
                           g_object_unref);
}

/**
 * proctor_pipeline_run_async:
 * @self: a pipeline
 * @input: (nullable): what to send to the stdin of the first stage
 * @cancellable: (nullable): a cancellable
 * @callback: (scope async): called when all stages have ended, in the context that is
 *   thread-default now
 * @user_data: data for @callback
 *
 * Runs the stages, all at the same time. See [method@Pipeline.run].
 *
 * Thread safety: the thread that sets up @self, which may be any.
 *
 * Since: 1.0
 */
void
proctor_pipeline_run_async (ProctorPipeline     *self,
                            GBytes              *input,
                            GCancellable        *cancellable,
                            GAsyncReadyCallback  callback,
                            gpointer             user_data)
{
  g_autoptr(GTask) task = NULL;
  g_autoptr(ProctorChildWatcher) watcher = NULL;
  g_autoptr(PipelineActor) actor = NULL;
  g_autoptr(Operation) operation = NULL;
  GError *error = NULL;

  g_return_if_fail (PROCTOR_IS_PIPELINE (self));

  task = operation_task_new (self, cancellable, callback, user_data, proctor_pipeline_run_async);
  g_task_set_task_data (task, GINT_TO_POINTER (self->pipefail), NULL);
  actor = prepare (self, FALSE, &watcher, &error);
  if (actor == NULL)
    {
      g_task_return_error (task, error);
      return;
    }

  operation = pipeline_actor_new_run (actor, input);
  operation_start_async (operation, cancellable, g_steal_pointer (&task), return_pipeline_result);
}

/**
 * proctor_pipeline_run_finish:
 * @self: a pipeline
 * @result: what the callback was given
 * @error: return location for an error
 *
 * Takes the result of [method@Pipeline.run_async].
 *
 * Errors: see [method@Pipeline.run].
 *
 * Thread safety: the callback's thread.
 *
 * Returns: (transfer full): how the stages ended, and what the last one wrote
 *
 * Since: 1.0
 */
ProctorPipelineResult *
proctor_pipeline_run_finish (ProctorPipeline  *self,
                             GAsyncResult     *result,
                             GError          **error)
{
  g_return_val_if_fail (g_task_is_valid (result, self), NULL);
  g_return_val_if_fail (g_async_result_is_tagged (result, proctor_pipeline_run_async), NULL);

  return g_task_propagate_pointer (G_TASK (result), error);
}
