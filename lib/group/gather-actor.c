/* SPDX-License-Identifier: LGPL-2.1-or-later */

/* Thread: WORKER. Only the functions of gather-actor.h may be called from others. */

#include "config.h"

#include "group/gather-actor.h"

#include <glib/gi18n-lib.h>

#include "base/base-macros.h"
#include "command/command-validate.h"
#include "group/group-results.h"
#include "process/process-actor.h"
#include "runtime/runtime.h"
#include "watch/child-watcher-private.h"

/* When nothing of ours runs and the system still has no room for one more process, it is asked
 * again so often.
 */
#define MAX_BACK_OFFS 6
#define FIRST_BACK_OFF (10 * G_TIME_SPAN_MILLISECOND)

/* Each command is an operation on a process actor of its own, asked for by this actor. A command
 * that the system has no room for (fds, processes) goes back to the queue while others of the group
 * run, and is tried again when one of them has ended.
 *
 * The operation of the gather holds the actor; when it is finished there is nothing left to do.
 */
struct _GatherActor
{
  Actor actor;

  /* immutable after construction */
  GPtrArray *specs; /* of CommandSpec */
  OwnEnviron *own_environ;
  ProctorChildWatcher *watcher;
  guint max_running; /* 0: no bound */

  /* worker only */
  Operation *gather;      /* until it is finished */
  GPtrArray *results;     /* of ResultData, in the order of the specs; NULL: not yet */
  GPtrArray *running;     /* of borrowed Operation */
  GQueue waiting;         /* of indexes into specs */
  guint n_done;
  guint n_back_offs;
  Timer back_off_timer;
  gboolean shutting_down; /* the service ends */
};

static void start_more (GatherActor *self);

static void
finish_if_done (GatherActor *self)
{
  if (self->running->len > 0)
    return;

  if (self->shutting_down)
    {
      worker_disarm_timer (self->actor.worker, &self->back_off_timer);
      runtime_actor_ended (&self->actor);
    }
  if (self->gather == NULL)
    return;

  if (self->gather->cancelled)
    {
      worker_disarm_timer (self->actor.worker, &self->back_off_timer);
      operation_fail_cancelled (g_steal_pointer (&self->gather));
    }
  else if (self->shutting_down)
    {
      operation_fail_shut_down (g_steal_pointer (&self->gather));
    }
  else if (self->n_done == self->specs->len)
    {
      group_results_answer (g_steal_pointer (&self->results), g_steal_pointer (&self->gather));
    }
}

/* Takes @result. */
static void
set_result (GatherActor *self,
            guint        index,
            ResultData  *result)
{
  g_ptr_array_index (self->results, index) = result;
  self->n_done++;
}

/* Takes @error. */
static void
set_error (GatherActor *self,
           guint        index,
           GError      *error)
{
  ResultData *result = result_data_new ();

  result->description = command_spec_describe (g_ptr_array_index (self->specs, index));
  result->error = error;
  set_result (self, index, result);
}

static gboolean
is_lack_of_room (const GError *error)
{
  return g_error_matches (error, G_IO_ERROR, G_IO_ERROR_TOO_MANY_OPEN_FILES) ||
         g_error_matches (error, G_IO_ERROR,
                          G_IO_ERROR_WOULD_BLOCK) ||               /* EAGAIN: too many processes */
         g_error_matches (error, G_IO_ERROR, G_IO_ERROR_NO_SPACE); /* ENOSPC: too many watches */
}

static void
back_off_passed_in_worker (Timer *timer)
{
  GatherActor *self = CONTAINER_OF (timer, GatherActor, back_off_timer);

  start_more (self);
}

/* The fds that it was given are gone, so that whoever waits for their end sees it. */
static gboolean
can_be_started_again (GatherActor *self,
                      guint        index)
{
  const CommandSpec *spec = g_ptr_array_index (self->specs, index);

  return !command_files_have_released_fds (&spec->files);
}

/* Whether the command will be tried again. */
static gboolean
try_again_later (GatherActor *self,
                 guint        index)
{
  if (self->running->len == 0)
    {
      if (self->n_back_offs == MAX_BACK_OFFS)
        return FALSE;
      worker_arm_timer (self->actor.worker, &self->back_off_timer,
                        g_get_monotonic_time () + (FIRST_BACK_OFF << self->n_back_offs),
                        back_off_passed_in_worker);
      self->n_back_offs++;
    }
  else
    {
      /* So many are possible at this time, and not more. */
      self->max_running = self->running->len;
    }

  g_queue_push_head (&self->waiting, GUINT_TO_POINTER (index));
  return TRUE;
}

static void
run_ended_in_worker (Actor     *actor,
                     Operation *run)
{
  GatherActor *self = (GatherActor *) actor;
  guint index = GPOINTER_TO_UINT (run->asker_data);

  g_ptr_array_remove_fast (self->running, run);
  if (run->error == NULL)
    {
      self->n_back_offs = 0;
      set_result (self, index, g_steal_pointer (&run->result));
    }
  else if (!is_lack_of_room (run->error) || self->gather->cancelled || self->shutting_down ||
           !can_be_started_again (self, index) || !try_again_later (self, index))
    {
      set_error (self, index, g_steal_pointer (&run->error));
    }
  operation_unref (run);

  start_more (self);
}

static gboolean
check_spec (const CommandSpec  *spec,
            GError            **error)
{
  if (command_files_have_streams (&spec->files))
    return command_fail (error, _("A command of a group cannot have a stream as stdio"));

  return command_spec_validate (spec, error);
}

static void
start_one (GatherActor *self,
           guint        index)
{
  CommandSpec *spec = g_ptr_array_index (self->specs, index);
  g_autoptr(ProcessActor) process = NULL;
  g_autoptr(Operation) run = NULL;
  GError *error = NULL;

  if (check_spec (spec, &error))
    process = process_actor_new (spec, self->own_environ, self->watcher, &error);
  if (process == NULL)
    {
      set_error (self, index, error);
      return;
    }

  run = process_actor_new_launch (process, LAUNCH_RUN, NULL);
  g_ptr_array_add (self->running, run);
  operation_start_for_actor (run, &self->actor, run_ended_in_worker, GUINT_TO_POINTER (index));
  command_spec_let_go_of_fds ((CommandSpec **) &g_ptr_array_index (self->specs, index));
}

static void
start_more (GatherActor *self)
{
  while (!self->gather->cancelled && !self->shutting_down && self->back_off_timer.position == 0 &&
         !g_queue_is_empty (&self->waiting) &&
         (self->max_running == 0 || self->running->len < self->max_running))
    start_one (self, GPOINTER_TO_UINT (g_queue_pop_head (&self->waiting)));

  finish_if_done (self);
}

static void
start_gather (Actor     *actor,
              Operation *operation)
{
  GatherActor *self = (GatherActor *) actor;

  self->gather = operation;
  for (guint i = 0; i < self->specs->len; i++)
    g_queue_push_tail (&self->waiting, GUINT_TO_POINTER (i));
  start_more (self);
}

/* What runs is stopped; the gather ends when all of it has been reaped. */
static void
cancel_gather (Actor     *actor,
               Operation *operation)
{
  GatherActor *self = (GatherActor *) actor;

  for (guint i = 0; i < self->running->len; i++)
    operation_cancel (g_ptr_array_index (self->running, i));
  finish_if_done (self);
}

/* Its processes are told by themselves. */
static void
shut_down_in_worker (Actor   *actor,
                     Message *message)
{
  GatherActor *self = (GatherActor *) actor;

  self->shutting_down = TRUE;
  finish_if_done (self);
}

static void
gather_actor_free (Actor *actor)
{
  GatherActor *self = (GatherActor *) actor;

  g_ptr_array_unref (self->specs);
  own_environ_unref (self->own_environ);
  child_watcher_unref (self->watcher);
  g_clear_pointer (&self->results, g_ptr_array_unref);
  g_ptr_array_unref (self->running);
  g_queue_clear (&self->waiting);
  g_free (self);
}

GatherActor *
gather_actor_new (GPtrArray            *specs,
                  guint                 max_running,
                  ProctorChildWatcher  *watcher,
                  GError              **error)
{
  GatherActor *self = g_new0 (GatherActor, 1);

  actor_init (&self->actor, NULL, gather_actor_free);
  self->specs = specs;
  self->own_environ = own_environ_get ();
  self->watcher = g_object_ref (watcher);
  self->max_running = max_running;
  self->results = group_results_new (specs->len);
  self->running = g_ptr_array_new ();
  g_queue_init (&self->waiting);

  if (!runtime_add_actor (&self->actor, shut_down_in_worker, error))
    {
      gather_actor_free (&self->actor);
      return NULL;
    }
  return self;
}

void
gather_actor_unref (GatherActor *self)
{
  actor_unref (&self->actor);
}

Operation *
gather_actor_new_gather (GatherActor *self)
{
  return operation_new (&self->actor, start_gather, cancel_gather, NULL);
}
