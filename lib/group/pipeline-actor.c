/* SPDX-License-Identifier: LGPL-2.1-or-later */

/* Thread: WORKER. Only the functions of pipeline-actor.h may be called from others. */

#include "config.h"

#include "group/pipeline-actor.h"

#include "group/group-results.h"
#include "process/process-actor.h"
#include "runtime/runtime.h"
#include "watch/child-watcher-private.h"

/* Each stage is a run of a process actor of its own, asked for by this actor; all are asked for at
 * once. The ends of the pipes between them are in the specs and go to the spawns; a spec is let go
 * of when its stage has been asked for, so that nobody but the children has them in the end.
 *
 * The operation of the run holds the actor; when it is finished there is nothing left to do.
 */
struct _PipelineActor
{
  Actor actor;

  /* immutable after construction */
  OwnEnviron *own_environ;
  ProctorChildWatcher *watcher;

  /* worker only */
  GPtrArray *specs;   /* of CommandSpec; NULL: the stage has been asked for */
  Operation *run;     /* until it is finished */
  GPtrArray *results; /* of ResultData, in the order of the stages; NULL: not yet */
  GPtrArray *running; /* of borrowed Operation */
  GError *failure;    /* of the first stage that failed to run */
  gboolean shutting_down; /* the service ends */
};

static void
finish_if_done (PipelineActor *self)
{
  Operation *run;

  if (self->running->len > 0)
    return;
  if (self->shutting_down)
    runtime_actor_ended (&self->actor);
  if (self->run == NULL)
    return;

  run = g_steal_pointer (&self->run);
  if (run->cancelled)
    {
      operation_fail_cancelled (run);
    }
  else if (self->shutting_down)
    {
      operation_fail_shut_down (run);
    }
  else if (self->failure != NULL)
    {
      operation_fail (run, g_steal_pointer (&self->failure));
    }
  else
    {
      group_results_answer (g_steal_pointer (&self->results), run);
    }
}

static void
stop_all (PipelineActor *self)
{
  for (guint i = 0; i < self->running->len; i++)
    operation_cancel (g_ptr_array_index (self->running, i));
}

/* Takes @error. What comes after the first one is only its consequence. */
static void
note_failure (PipelineActor *self,
              GError        *error)
{
  if (self->failure != NULL)
    {
      g_error_free (error);
      return;
    }

  self->failure = error;
  stop_all (self);
}

static void
stage_ended_in_worker (Actor     *actor,
                       Operation *stage)
{
  PipelineActor *self = (PipelineActor *) actor;

  g_ptr_array_remove_fast (self->running, stage);
  /* The last reference to it is the caller's, in the operation of the pipeline. */
  g_clear_pointer (&stage->input, g_bytes_unref);
  if (stage->error != NULL)
    note_failure (self, g_steal_pointer (&stage->error));
  else
    g_ptr_array_index (self->results, GPOINTER_TO_UINT (stage->asker_data)) =
      g_steal_pointer (&stage->result);
  operation_unref (stage);

  finish_if_done (self);
}

static void
start_stage (PipelineActor *self,
             guint          index)
{
  g_autoptr(CommandSpec) spec = g_steal_pointer (&g_ptr_array_index (self->specs, index));
  g_autoptr(ProcessActor) process = NULL;
  GError *error = NULL;
  Operation *stage;

  process = process_actor_new (spec, self->own_environ, self->watcher, &error);
  if (process == NULL)
    {
      note_failure (self, error);
      return;
    }

  stage = process_actor_new_launch (process, LAUNCH_RUN, index == 0 ? self->run->input : NULL);
  g_ptr_array_add (self->running, stage);
  operation_start_for_actor (stage, &self->actor, stage_ended_in_worker, GUINT_TO_POINTER (index));
  operation_unref (stage);
}

static void
start_run (Actor     *actor,
           Operation *operation)
{
  PipelineActor *self = (PipelineActor *) actor;

  self->run = operation;
  for (guint i = 0; i < self->specs->len; i++)
    {
      if (!operation->cancelled && !self->shutting_down && self->failure == NULL)
        start_stage (self, i);
    }
  finish_if_done (self);
}

/* What runs is stopped; the run ends when all of it has been reaped. */
static void
cancel_run (Actor     *actor,
            Operation *operation)
{
  PipelineActor *self = (PipelineActor *) actor;

  stop_all (self);
  finish_if_done (self);
}

/* Its processes are told by themselves. */
static void
shut_down_in_worker (Actor   *actor,
                     Message *message)
{
  PipelineActor *self = (PipelineActor *) actor;

  self->shutting_down = TRUE;
  finish_if_done (self);
}

static void
free_spec (gpointer data)
{
  g_clear_pointer ((CommandSpec **) &data, command_spec_unref);
}

static void
pipeline_actor_free (Actor *actor)
{
  PipelineActor *self = (PipelineActor *) actor;

  g_ptr_array_unref (self->specs);
  own_environ_unref (self->own_environ);
  child_watcher_unref (self->watcher);
  g_clear_pointer (&self->results, g_ptr_array_unref);
  g_ptr_array_unref (self->running);
  g_clear_error (&self->failure);
  g_free (self);
}

PipelineActor *
pipeline_actor_new (GPtrArray            *specs,
                    ProctorChildWatcher  *watcher,
                    GError              **error)
{
  PipelineActor *self = g_new0 (PipelineActor, 1);

  actor_init (&self->actor, NULL, pipeline_actor_free);
  self->specs = specs;
  g_ptr_array_set_free_func (specs, free_spec);
  self->own_environ = own_environ_get ();
  self->watcher = g_object_ref (watcher);
  self->results = group_results_new (specs->len);
  self->running = g_ptr_array_new ();

  if (!runtime_add_actor (&self->actor, shut_down_in_worker, error))
    {
      pipeline_actor_free (&self->actor);
      return NULL;
    }
  return self;
}

void
pipeline_actor_unref (PipelineActor *self)
{
  actor_unref (&self->actor);
}

Operation *
pipeline_actor_new_run (PipelineActor *self,
                        GBytes        *input)
{
  return operation_new (&self->actor, start_run, cancel_run, input);
}
