/* SPDX-License-Identifier: LGPL-2.1-or-later */

/* Thread: WORKER. Only the functions of process-actor.h may be called from others. */

#include "config.h"

#include "process/process-actor-private.h"

#include <errno.h>
#include <glib/gi18n-lib.h>
#include <signal.h>
#include <unistd.h>

#include "base/base-macros.h"
#include "process/process-look.h"
#include "process/stream-pump.h"
#include "runtime/runtime.h"
#include "spawn/spawn.h"
#include "stream/read-channel.h"
#include "stream/write-channel.h"
#include "trace/trace.h"
#include "watch/child-watcher-private.h"

/* How long a spawn that is not wanted any more may take to come to its end by itself. */
#define BIRTH_PATIENCE (100 * G_TIME_SPAN_MILLISECOND)

static gint64
now (void)
{
  return g_get_monotonic_time ();
}

/* ---- waiting */

void
process_finish_wait (ProcessActor *self,
                     Operation    *operation)
{
  operation->result = result_data_new ();
  operation->result->description = g_strdup (self->description);
  child_id_get_outcome (self->child, &operation->result->outcome);
  operation_finish (operation);
}

static void
start_wait (Actor     *actor,
            Operation *operation)
{
  ProcessActor *self = (ProcessActor *) actor;

  if (operation->cancelled)
    {
      process_apply_cancel_policy (self);
      operation_fail_cancelled (operation);
    }
  else if (self->exited)
    process_finish_wait (self, operation);
  else if (self->detached)
    operation_fail_shut_down (operation);
  else
    g_queue_push_tail (&self->waits, operation);
}

static void
cancel_wait (Actor     *actor,
             Operation *operation)
{
  ProcessActor *self = (ProcessActor *) actor;

  g_queue_remove (&self->waits, operation);
  process_apply_cancel_policy (self);
  operation_fail_cancelled (operation);
}

/* ---- the exit */

static void
finish_given_up_launch (ProcessActor *self)
{
  Operation *launch = g_steal_pointer (&self->launch);

  if (self->communication == launch)
    process_steal_communication (self);
  process_close_pipes (self);
  process_fail_given_up (self, launch);
}

/* Mostly the outputs end with the process, and there is nothing to wait for. */
static void
wait_for_ends (ProcessActor *self)
{
  process_read_after_exit (self);
  if (!process_pipes_are_closed (self))
    process_arm_drain_timer (self);
}

void
process_finish_end (ProcessActor *self)
{
  if (self->terminal != NULL)
    terminal_close (self->terminal);
  if (self->launch != NULL && process_launch_is_given_up (self))
    finish_given_up_launch (self);
  else if (self->shutting_down)
    process_give_up_pipes (self);
  else
    wait_for_ends (self);

  process_check_communication (self, FALSE);
}

static void
handle_exit (ProcessActor *self)
{
  Operation *waiting;

  self->exited = TRUE;
  child_id_close_pidfd (self->child);
  while ((waiting = g_queue_pop_head (&self->waits)) != NULL)
    process_finish_wait (self, waiting);

  process_stop_after_exit (self);
}

static void
exited_in_worker (Actor   *actor,
                  Message *message)
{
  ProcessActor *self = (ProcessActor *) actor;

  self->exit_reported = TRUE;
  if (self->started)
    handle_exit (self);
}

/* ---- the timeout of a run */

static void
abort_birth_in_worker (Timer *timer)
{
  ProcessActor *self = CONTAINER_OF (timer, ProcessActor, stop_timer);

  spawn_birth_abort (self->job->birth);
}

/* A child that is stuck before exec can only be killed. But one that is not may run its program
 * already, although the job is not back yet, and deserves a SIGTERM: so the job gets a moment.
 */
void
process_give_up_birth (ProcessActor *self)
{
  if (self->stop_timer.position == 0)
    worker_arm_timer (self->actor.worker, &self->stop_timer, now () + BIRTH_PATIENCE,
                      abort_birth_in_worker);
}

static void
timed_out_in_worker (Timer *timer)
{
  ProcessActor *self = CONTAINER_OF (timer, ProcessActor, timeout_timer);

  self->timed_out = TRUE;
  if (!self->started)
    process_give_up_birth (self);
  else
    process_begin_stop (self);
  if (self->exited && !self->tree_ends)
    process_drain_grace_passed (&self->drain_timer);
}

/* ---- launching */

static void
finish_failed_launch (ProcessActor *self,
                      GError       *error)
{
  Operation *launch = g_steal_pointer (&self->launch);

  worker_disarm_timer (self->actor.worker, &self->timeout_timer);
  if (launch->cancelled || self->shutting_down)
    {
      g_error_free (error);
      process_fail_given_up (self, launch);
    }
  else if (self->timed_out)
    {
      g_error_free (error);
      operation_fail (launch,
                      g_error_new (G_IO_ERROR, G_IO_ERROR_TIMED_OUT,
                                   _("“%s” could not be started in time"), self->description));
    }
  else
    {
      operation_fail (launch, error);
    }
}

static void
finish_spawn (ProcessActor *self)
{
  Operation *launch = g_steal_pointer (&self->launch);
  ProcessParts *parts = g_new0 (ProcessParts, 1);

  parts->actor = process_actor_ref (self);
  parts->link = process_link_ref (self->link);
  parts->child = child_id_ref (self->child);
  parts->watcher = g_object_ref (self->watcher);
  parts->start_time = self->start_time;
  parts->start_monotonic = self->start_monotonic;
  parts->fds[0] = self->input.fd;
  parts->fds[1] = self->outputs[0].source.fd;
  parts->fds[2] = self->outputs[1].source.fd;
  parts->terminal = self->terminal != NULL ? terminal_ref (self->terminal) : NULL;
  parts->writer =
    self->writer != NULL && !self->input_pumped ? write_channel_ref (self->writer) : NULL;
  for (guint i = 0; i < G_N_ELEMENTS (self->outputs); i++)
    {
      if (self->outputs[i].channel != NULL && !self->outputs[i].pumped)
        parts->readers[i] = read_channel_ref (self->outputs[i].channel);
    }
  launch->payload = parts;
  launch->payload_free = (GDestroyNotify) process_parts_free;

  self->has_handle = TRUE;
  operation_finish (launch);
}


static void
stop_cancelled_launch (ProcessActor *self)
{
  if (self->spec->policy.cancel == PROCTOR_CANCEL_POLICY_KILL)
    process_begin_kill (self);
  else
    process_begin_stop (self);
}

/* Whoever makes a list at this moment sees `born` and finds the process, or has said before that it
 * wants to know of those to come.
 */
static void
tell_lists_of_birth (ProcessActor *self)
{
  g_autoptr(ProcessRecord) record = NULL;

  g_atomic_int_set (&self->born, TRUE);
  if (G_LIKELY (!process_records_are_wanted ()))
    return;

  record = process_link_ref_record (self->link, self->child, self->spec, self->start_time,
                                    self->start_monotonic, LISTED_ALWAYS);
  if (record != NULL)
    process_record_changed (record);
}

static void
job_done_in_worker (Actor   *actor,
                    Message *message)
{
  ProcessActor *self = (ProcessActor *) actor;
  g_autoptr(SpawnJob) job = g_steal_pointer (&self->job);

  self->started = TRUE;
  worker_disarm_timer (self->actor.worker, &self->stop_timer);
  /* Before anybody is answered: a command's fds are not held beyond its spawn. Nor is the memory
   * that only a spawn needs, of which an environment is most.
   */
  g_clear_pointer (&self->own_environ, own_environ_unref);
  spawn_job_let_go_of_spec (job);
  command_spec_let_go_of_fds (&self->spec);
  if (job->error != NULL)
    {
      self->exited = TRUE;
      process_fail_channels (self);
      finish_failed_launch (self, g_steal_pointer (&job->error));
      process_release_if_done (self);
      return;
    }

  g_atomic_pointer_set (&self->child, g_steal_pointer (&job->child));
  self->start_time = job->start_time;
  self->start_monotonic = job->start_monotonic;
  tell_lists_of_birth (self);
  process_adopt_pipes (self, job);

  if (self->launch->cancelled)
    stop_cancelled_launch (self);
  else if (self->shutting_down || self->timed_out)
    process_begin_stop (self);
  if (self->launch_kind == LAUNCH_RUN)
    process_begin_communication (self, self->launch);
  else if (!process_launch_is_given_up (self))
    {
      process_open_channels (self);
      finish_spawn (self);
    }

  if (self->exit_reported)
    handle_exit (self);
}

static StdioDefaults
stdio_defaults (ProcessActor    *self,
                const Operation *launch)
{
  if (self->launch_kind == LAUNCH_SPAWN)
    return STDIO_DEFAULTS_INHERIT;
  if (self->launch_kind == LAUNCH_RUN && launch->input == NULL)
    return STDIO_DEFAULTS_CAPTURE;
  return STDIO_DEFAULTS_PIPES;
}

/* Not where the child's death is bound to the thread's, nor where opening a file may take as long
 * as another program likes: while the caller sleeps it may have to reap.
 */
static gboolean
may_be_spawned_by_caller (const CommandSpec *spec)
{
  for (guint i = 0; i < G_N_ELEMENTS (spec->files.stdio); i++)
    {
      if (spec->files.stdio[i].path != NULL)
        return FALSE;
    }
  return spec->attributes.parent_death_signal == 0;
}

static void
spawn_in_caller (gpointer job)
{
  spawn_job_do (job, job_done_in_worker);
}

static void
start_launch (Actor     *actor,
              Operation *operation)
{
  ProcessActor *self = (ProcessActor *) actor;
  g_autoptr(GError) error = NULL;

  if (operation->cancelled || self->shutting_down ||
      (operation->input != NULL &&
       !command_files_stdio_may_be_ours (&self->spec->files, STDIN_FILENO)))
    {
      self->started = self->exited = TRUE;
      command_spec_let_go_of_fds (&self->spec);
      process_fail_channels (self);
      if (operation->cancelled || self->shutting_down)
        process_fail_given_up (self, operation);
      else
        operation_fail (operation, process_error_no_pipe_for_input ());
      process_release_if_done (self);
      return;
    }

  self->launch = operation;
  self->job = spawn_job_new (self->spec, self->own_environ, stdio_defaults (self, operation),
                             self->watcher, self->link, actor);
  if (self->launch_kind == LAUNCH_RUN && self->spec->timeout >= 0)
    worker_arm_timer (actor->worker, &self->timeout_timer, now () + self->spec->timeout,
                      timed_out_in_worker);

  self->job->message.trace_flow = trace_send (TRACE_QUEUED, actor->trace_number);
  if (may_be_spawned_by_caller (self->spec) &&
      operation_give_errand (operation, spawn_in_caller, self->job))
    return;
  if (!spawn_job_post (self->job, job_done_in_worker, &error))
    {
      self->started = self->exited = TRUE;
      g_clear_pointer (&self->job, spawn_job_free);
      command_spec_let_go_of_fds (&self->spec);
      process_fail_channels (self);
      finish_failed_launch (self, g_steal_pointer (&error));
      process_release_if_done (self);
    }
}

/* What was started is stopped; the launch ends when it has been reaped. */
static void
cancel_launch (Actor     *actor,
               Operation *operation)
{
  ProcessActor *self = (ProcessActor *) actor;

  if (!self->started)
    {
      process_give_up_birth (self);
      return;
    }

  stop_cancelled_launch (self);
  if (self->exited && !self->tree_ends)
    {
      finish_given_up_launch (self);
      process_release_if_done (self);
    }
}

/* ---- the end of the actor */

static void
dropped_in_worker (Actor   *actor,
                   Message *message)
{
  ProcessActor *self = (ProcessActor *) actor;

  self->has_handle = FALSE;
  /* Streams that are still held keep copies. */
  if (self->terminal != NULL)
    terminal_close (self->terminal);
  if (!self->exited && (self->spec->flags & PROCTOR_COMMAND_KILL_ON_DROP) != 0)
    child_id_signal_tree (self->child, SIGKILL, NULL);

  process_release_if_done (self);
}

static void
released_in_worker (Actor   *actor,
                    Message *message)
{
  actor_unref (actor);
}

/* A handle that is still there can ask for more, and a stream that is still there can be read or
 * written. The actor's own reference goes by a message, later: what calls this may be in the middle
 * of a pipe's or a timer's event, and still need it.
 */
void
process_release_if_done (ProcessActor *self)
{
  process_check_shutdown (self);
  if (self->released || self->has_handle || !(self->exited || self->detached) || self->tree_ends ||
      self->launch != NULL || self->communication != NULL || !process_pipes_are_closed (self))
    return;

  self->released = TRUE;
  trace_step (TRACE_RELEASED, self->actor.trace_number, 0);
  /* Where there never was a child the link still holds the actor, as the actor holds the link. */
  process_link_abandon (self->link);
  actor_post (&self->actor, &self->release_message, released_in_worker);
}

static void
process_actor_free (Actor *actor)
{
  ProcessActor *self = (ProcessActor *) actor;

  command_spec_unref (self->spec);
  g_clear_pointer (&self->own_environ, own_environ_unref);
  child_watcher_unref (self->watcher);
  process_link_unref (self->link);
  g_clear_pointer (&self->child, child_id_unref);
  g_clear_error (&self->transfer_error);
  g_clear_pointer (&self->terminal, terminal_unref);
  g_clear_pointer (&self->own_plan, proctor_stop_plan_free);
  g_clear_pointer (&self->writer, write_channel_unref);
  for (guint i = 0; i < G_N_ELEMENTS (self->outputs); i++)
    {
      g_clear_pointer (&self->outputs[i].channel, read_channel_unref);
      capped_collector_clear (&self->outputs[i].collector);
    }
  g_free (self->description);
  g_free (self);
}

/* ---- from any thread */

ProcessActor *
process_actor_new (CommandSpec          *spec,
                   OwnEnviron           *own_environ,
                   ProctorChildWatcher  *watcher,
                   GError              **error)
{
  ProcessActor *self = g_new0 (ProcessActor, 1);

  trace_begin_if_due ();
  actor_init (&self->actor, NULL, process_actor_free);
  self->actor.trace_number = trace_new_process ();
  self->spec = command_spec_ref (spec);
  self->own_environ = own_environ_ref (own_environ);
  self->watcher = g_object_ref (watcher);
  self->description = command_spec_describe (spec);
  self->birth = now ();
  self->link = process_link_new (&self->actor, exited_in_worker);
  g_queue_init (&self->waits);
  g_queue_init (&self->stops);
  pipe_sink_init (&self->input, NULL, -1, NULL, NULL);
  for (guint i = 0; i < G_N_ELEMENTS (self->outputs); i++)
    {
      pipe_source_init (&self->outputs[i].source, NULL, -1);
      self->outputs[i].actor = self;
    }
  /* The reference that process_release_if_done() drops. */
  process_actor_ref (self);

  if (!runtime_add_actor (&self->actor, process_shut_down_in_worker, error))
    {
      process_actor_free (&self->actor);
      return NULL;
    }
  trace_step_text (TRACE_COMMAND, self->actor.trace_number, self->description);
  return self;
}

ProcessActor *
process_actor_ref (ProcessActor *self)
{
  actor_ref (&self->actor);
  return self;
}

void
process_actor_unref (ProcessActor *self)
{
  actor_unref (&self->actor);
}

Actor *
process_actor_get_actor (ProcessActor *self)
{
  return &self->actor;
}

ProcessActor *
process_actor_from_actor (Actor *actor)
{
  return actor->free_func == process_actor_free ? (ProcessActor *) actor : NULL;
}

ChildId *
process_actor_dup_child (ProcessActor *self)
{
  ChildId *child = g_atomic_pointer_get (&self->child);

  return child != NULL ? child_id_ref (child) : NULL;
}

gint64
process_actor_get_birth (ProcessActor *self)
{
  return self->birth;
}

ProctorChildWatcher *
process_actor_get_watcher (ProcessActor *self)
{
  return self->watcher;
}

WriteChannel *
process_actor_add_writer (ProcessActor *self)
{
  self->input_pumped = TRUE;
  self->writer = write_channel_new (&self->actor, process_pipes_changed_in_worker);
  return write_channel_ref (self->writer);
}

ReadChannel *
process_actor_add_reader (ProcessActor *self,
                          int           output)
{
  Output *pumped = &self->outputs[output];

  pumped->pumped = TRUE;
  pumped->channel =
    read_channel_new (&self->actor, self->spec->limit, process_pipes_changed_in_worker);
  return read_channel_ref (pumped->channel);
}

Operation *
process_actor_new_launch (ProcessActor *self,
                          LaunchKind    kind,
                          GBytes       *input)
{
  self->launch_kind = kind;
  return operation_new (&self->actor, start_launch, cancel_launch, input);
}

Operation *
process_actor_new_wait (ProcessActor *self)
{
  return operation_new (&self->actor, start_wait, cancel_wait, NULL);
}

Operation *
process_actor_new_communicate (ProcessActor *self,
                               GBytes       *input)
{
  return operation_new (&self->actor, process_start_communicate, process_cancel_communicate, input);
}

Operation *
process_actor_new_stop (ProcessActor          *self,
                        const ProctorStopPlan *plan)
{
  Operation *operation =
    operation_new (&self->actor, process_start_stop, process_cancel_stop, NULL);

  operation->plan = plan != NULL ? proctor_stop_plan_copy (plan) : NULL;
  return operation;
}

void
process_actor_drop (ProcessActor *self)
{
  if (g_atomic_int_compare_and_exchange (&self->drop_posted, FALSE, TRUE))
    actor_post_and_help (&self->actor, &self->drop_message, dropped_in_worker);
}

GPtrArray *
process_actor_list_records (void)
{
  g_autoptr(GPtrArray) actors = runtime_list_actors (process_shut_down_in_worker);
  GPtrArray *records = g_ptr_array_new_with_free_func ((GDestroyNotify) process_record_unref);

  for (guint i = 0; i < actors->len; i++)
    {
      ProcessActor *self = g_ptr_array_index (actors, i);
      ProcessRecord *record;

      if (!g_atomic_int_get (&self->born))
        continue;
      record = process_link_ref_record (self->link, self->child, self->spec, self->start_time,
                                        self->start_monotonic, LISTED_UNLESS_OVER);
      if (record != NULL)
        g_ptr_array_add (records, record);
    }
  return records;
}

char *
process_actor_describe (ProcessActor *self)
{
  return g_strdup (self->description);
}

void
process_parts_free (ProcessParts *self)
{
  /* If a handle was never made nobody has the streams, but the process may live. */
  if (self->writer != NULL)
    {
      write_channel_queue_eof (self->writer);
      write_channel_unref (self->writer);
    }
  for (guint i = 0; i < G_N_ELEMENTS (self->readers); i++)
    {
      if (self->readers[i] == NULL)
        continue;
      read_channel_close (self->readers[i]);
      read_channel_unref (self->readers[i]);
    }

  process_actor_drop (self->actor);
  process_actor_unref (self->actor);
  process_link_unref (self->link);
  child_id_unref (self->child);
  child_watcher_unref (self->watcher);
  g_clear_pointer (&self->terminal, terminal_unref);
  g_clear_pointer (&self->pumps, stream_pumps_unref);
  g_free (self);
}
