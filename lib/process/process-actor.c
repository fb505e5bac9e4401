/* SPDX-License-Identifier: LGPL-2.1-or-later */

/* Thread: WORKER. Only the functions of process-actor.h may be called from others. */

#include "config.h"

#include "process/process-actor.h"

#include <errno.h>
#include <glib/gi18n-lib.h>
#include <signal.h>
#include <unistd.h>

#include "io/collector.h"
#include "io/pipe-sink.h"
#include "io/pipe-source.h"
#include "process/spawn-job.h"
#include "runtime/runtime.h"
#include "spawn/spawn.h"
#include "stream/read-channel.h"
#include "stream/write-channel.h"

#define DEFAULT_STOP_GRACE (5 * G_TIME_SPAN_SECOND)
#define LONGEST_STOP_GRACE (G_MAXINT64 / 2)
#define DEFAULT_RUN_DRAIN_GRACE (2 * G_TIME_SPAN_SECOND)

/* One of the child's outputs. */
typedef struct
{
  PipeSource source;
  ReadChannel *channel; /* owned; NULL: a run's, which nobody reads but the run */
  Collector collector;
  ProcessActor *actor;
  gboolean captured; /* it is, or was, a pipe */
} Output;

/* The life of a process, as its actor sees it:
 *
 *   made → starting (a spawner has the job) → running → exited → released
 *
 * `starting` ends with the job's message. The exit may be reported before that message comes; it is then handled after it.
 *
 * The actor holds a reference to itself from the start until it is released: the child has been reaped, nobody can ask for
 * anything any more (the handle is gone, or there never was one), and the pipes are closed.
 *
 * The pipes of a spawned process are read and written through channels, by its streams. `communication` is the operation that
 * has taken them over: a communicate, or a run from its beginning, which needs no channels. What was read for one that was
 * cancelled goes back to the channels.
 */
struct _ProcessActor
{
  Actor actor;

  /* immutable after construction */
  CommandSpec *spec;
  OwnEnviron *own_environ;
  ProctorChildWatcher *watcher;
  ProcessLink *link;
  char *description;
  LaunchKind launch_kind;

  /* atomic */
  int drop_posted;
  Message drop_message;
  Message release_message;

  /* worker only */
  SpawnJob *job;         /* owned while starting */
  ChildId *child;        /* owned; NULL until it runs */
  gboolean started;      /* the job has come back */
  gboolean exit_reported;
  gboolean exited;       /* the exit has been handled */
  gboolean has_handle;
  gboolean released;
  gboolean timed_out;
  gint64 start_time;
  gint64 start_monotonic;

  Operation *launch;        /* the spawn or run until it is finished */
  Operation *communication; /* see above; a run is both */
  GQueue waits;             /* of Operation: waits and stops, finished by the exit */
  GError *transfer_error;   /* why an output could not be read on */

  PipeSink input;
  WriteChannel *writer; /* owned; NULL: a run's */
  gboolean has_input;   /* stdin is, or was, a pipe */
  Output outputs[2];

  Timer timeout_timer;
  Timer drain_timer;
  Timer stop_timer;
};

static void begin_communication (ProcessActor *self,
                                 Operation    *operation);
static void check_communication (ProcessActor *self,
                                 gboolean      gave_up);
static void release_if_done (ProcessActor *self);

static gint64
now (void)
{
  return g_get_monotonic_time ();
}

/* ---- stopping */

static void
kill_in_worker (Timer *timer)
{
  ProcessActor *self = (ProcessActor *) (gpointer) ((char *) timer - G_STRUCT_OFFSET (ProcessActor, stop_timer));

  child_id_signal (self->child, SIGKILL, NULL);
}

/* When the KILL is due. However long the grace is, this does not overflow. */
static gint64
stop_deadline (GTimeSpan grace)
{
  return now () + (grace < 0 ? DEFAULT_STOP_GRACE : MIN (grace, LONGEST_STOP_GRACE));
}

/* TERM, and CONT for a child that is stopped and would not see it; KILL after the grace. A second stop can only bring the KILL
 * nearer.
 */
static void
begin_stop (ProcessActor *self,
            GTimeSpan     grace)
{
  gint64 deadline = stop_deadline (grace);

  if (self->child == NULL || self->exited)
    return;

  if (grace != 0)
    {
      child_id_signal (self->child, SIGTERM, NULL);
      child_id_signal (self->child, SIGCONT, NULL);
    }
  if (grace == 0)
    child_id_signal (self->child, SIGKILL, NULL);
  else if (self->stop_timer.position == 0 || deadline < self->stop_timer.deadline)
    worker_arm_timer (self->actor.worker, &self->stop_timer, deadline, kill_in_worker);
}

/* ---- pipes */

static guint8 *
reserve_for_collector (gpointer consumer,
                       gsize   *ret_size)
{
  Output *output = consumer;

  return collector_reserve (&output->collector, WORKER_SCRATCH_SIZE, ret_size);
}

static gboolean
take_into_collector (gpointer      consumer,
                     const guint8 *data,
                     gsize         length)
{
  Output *output = consumer;

  if (data == output->collector.data + output->collector.length)
    {
      collector_commit (&output->collector, length);
      return TRUE;
    }
  if (collector_append (&output->collector, data, length))
    return TRUE;

  errno = ENOMEM;
  return FALSE;
}

static void
note_transfer_error (ProcessActor *self,
                     int           error_number)
{
  if (self->transfer_error == NULL)
    self->transfer_error = g_error_new (G_IO_ERROR, g_io_error_from_errno (error_number),
                                        _("Could not read the output of “%s”: %s"), self->description,
                                        g_strerror (error_number));
}

static void
output_ended (gpointer consumer,
              int      error_number)
{
  Output *output = consumer;
  ProcessActor *self = output->actor;

  if (error_number != 0)
    note_transfer_error (self, error_number);
  check_communication (self, FALSE);
}

static const PipeConsumer collector_consumer = {
  .reserve = reserve_for_collector,
  .take = take_into_collector,
  .ended = output_ended,
};

static void
input_changed (PipeSink *sink,
               gpointer  data)
{
  check_communication (data, FALSE);
}

static void
pipes_changed_in_worker (Actor *actor)
{
  check_communication ((ProcessActor *) actor, FALSE);
}

/* The streams, if there are any, find the end. */
static void
close_pipes (ProcessActor *self)
{
  if (self->writer != NULL)
    write_channel_abort (self->writer);
  else
    pipe_sink_close (&self->input);

  for (guint i = 0; i < G_N_ELEMENTS (self->outputs); i++)
    {
      Output *output = &self->outputs[i];

      pipe_source_close (&output->source);
      if (output->channel != NULL)
        read_channel_end (output->channel, 0);
    }
}

static gboolean
pipes_are_closed (ProcessActor *self)
{
  return !pipe_sink_is_open (&self->input) && !pipe_source_is_open (&self->outputs[0].source) &&
         !pipe_source_is_open (&self->outputs[1].source);
}

static void
adopt_pipes (ProcessActor *self,
             SpawnJob     *job)
{
  self->has_input = job->pipes[0] >= 0;
  pipe_sink_init (&self->input, self->actor.worker, job->pipes[0], input_changed, self);
  job->pipes[0] = -1;

  for (guint i = 0; i < G_N_ELEMENTS (self->outputs); i++)
    {
      self->outputs[i].captured = job->pipes[i + 1] >= 0;
      pipe_source_init (&self->outputs[i].source, self->actor.worker, job->pipes[i + 1]);
      job->pipes[i + 1] = -1;
    }
}

/* For a process that is not a run. */
static void
open_channels (ProcessActor *self)
{
  if (self->has_input)
    {
      self->writer = write_channel_new (&self->actor, pipes_changed_in_worker);
      write_channel_start (self->writer, &self->input);
    }

  for (guint i = 0; i < G_N_ELEMENTS (self->outputs); i++)
    {
      Output *output = &self->outputs[i];

      if (!output->captured)
        continue;
      output->channel = read_channel_new (&self->actor, self->spec->limit, pipes_changed_in_worker);
      read_channel_start (output->channel, &output->source);
    }
}

/* ---- communicating */

static ResultData *
make_result (ProcessActor *self,
             gboolean      incomplete)
{
  ResultData *result = result_data_new ();

  result->description = g_strdup (self->description);
  child_id_get_outcome (self->child, &result->outcome);
  result->timed_out = self->timed_out;
  result->incomplete = incomplete;
  result->start_time = self->start_time;
  result->wall_time = result->outcome.exit_time - self->start_monotonic;
  for (guint i = 0; i < G_N_ELEMENTS (self->outputs); i++)
    {
      if (self->outputs[i].captured)
        result->captured[i] = collector_steal (&self->outputs[i].collector);
    }
  return result;
}

/* The end of a run is the end of its launch, too. */
static Operation *
steal_communication (ProcessActor *self)
{
  if (self->launch == self->communication)
    self->launch = NULL;
  worker_disarm_timer (self->actor.worker, &self->drain_timer);
  worker_disarm_timer (self->actor.worker, &self->timeout_timer);
  return g_steal_pointer (&self->communication);
}

/* Finishes the communication if all its parts have come to their end, or (@gave_up) if nothing more is to be waited for. */
static void
check_communication (ProcessActor *self,
                     gboolean      gave_up)
{
  Operation *operation;

  if (self->communication == NULL || !self->exited || !(gave_up || pipes_are_closed (self)))
    {
      release_if_done (self);
      return;
    }

  /* Taken first: closing the pipes comes here again. */
  operation = steal_communication (self);
  close_pipes (self);
  if (self->transfer_error != NULL)
    {
      operation_fail (operation, g_steal_pointer (&self->transfer_error));
    }
  else
    {
      operation->result = make_result (self, gave_up);
      operation_finish (operation);
    }
  release_if_done (self);
}

static void
drain_grace_passed_in_worker (Timer *timer)
{
  ProcessActor *self = (ProcessActor *) (gpointer) ((char *) timer - G_STRUCT_OFFSET (ProcessActor, drain_timer));

  /* What is there by now is not lost; reading it may find the end, and finish everything. */
  if (self->communication != NULL)
    {
      for (guint i = 0; i < G_N_ELEMENTS (self->outputs); i++)
        pipe_source_drain (&self->outputs[i].source);
      check_communication (self, TRUE);
      return;
    }

  for (guint i = 0; i < G_N_ELEMENTS (self->outputs); i++)
    {
      if (self->outputs[i].channel != NULL)
        read_channel_finish (self->outputs[i].channel);
    }
  if (self->writer != NULL)
    write_channel_abort (self->writer);
}

/* After the exit somebody else may hold the pipes open. */
static void
arm_drain_timer (ProcessActor *self)
{
  GTimeSpan grace = self->spec->drain_grace;

  if (grace == COMMAND_TIME_UNSET)
    grace = self->communication != NULL && self->communication == self->launch ? DEFAULT_RUN_DRAIN_GRACE : -1;
  if (grace >= 0)
    worker_arm_timer (self->actor.worker, &self->drain_timer, now () + grace, drain_grace_passed_in_worker);
}

static void
give_input (ProcessActor *self,
            GBytes       *input)
{
  if (self->writer != NULL)
    {
      write_channel_send_last (self->writer, input);
      return;
    }
  if (!pipe_sink_is_open (&self->input))
    return;

  if (input != NULL)
    pipe_sink_queue (&self->input, input);
  pipe_sink_queue_eof (&self->input);
  pipe_sink_flush (&self->input);
}

/* What the streams hold comes first, then what is in the pipe. */
static void
collect_output (ProcessActor *self,
                Output       *output)
{
  if (output->channel != NULL && !read_channel_detach (output->channel, &output->collector))
    note_transfer_error (self, ENOMEM);
  if (pipe_source_is_open (&output->source))
    pipe_source_start (&output->source, &collector_consumer, output);
}

static void
begin_communication (ProcessActor *self,
                     Operation    *operation)
{
  self->communication = operation;
  for (guint i = 0; i < G_N_ELEMENTS (self->outputs); i++)
    collect_output (self, &self->outputs[i]);
  give_input (self, operation->input);

  if (self->communication == operation && self->exited)
    arm_drain_timer (self);
  check_communication (self, FALSE);
}

static GError *
error_no_pipe_for_input (void)
{
  return g_error_new_literal (G_IO_ERROR, G_IO_ERROR_INVALID_ARGUMENT,
                              _("There is input, but the stdin of the process is not a pipe"));
}

static GError *
refuse_communication (ProcessActor *self,
                      Operation    *operation)
{
  if (self->communication != NULL)
    return g_error_new_literal (G_IO_ERROR, G_IO_ERROR_PENDING, _("Another call communicates with the process"));
  if (operation->input != NULL && !self->has_input)
    return error_no_pipe_for_input ();
  if (operation->input != NULL && g_bytes_get_size (operation->input) > 0 &&
      write_channel_has_eof (self->writer))
    return g_error_new_literal (G_IO_ERROR, G_IO_ERROR_CLOSED,
                                _("There is input, but the stdin of the process is closed already"));
  return NULL;
}

/* Whoever cancels cannot know whether the call had begun, so the input goes out in any case. */
static void
communicate_cancelled_early (ProcessActor *self,
                             Operation    *operation)
{
  give_input (self, operation->input);
  pipe_sink_copy_unsent (&self->input);
  operation_fail_cancelled (operation);
  pipe_sink_flush (&self->input);
}

static void
start_communicate (Actor     *actor,
                   Operation *operation)
{
  ProcessActor *self = (ProcessActor *) actor;
  GError *error = refuse_communication (self, operation);

  if (error != NULL)
    operation_fail (operation, error);
  else if (operation->cancelled)
    communicate_cancelled_early (self, operation);
  else
    begin_communication (self, operation);
}

/* The process goes on. What is not sent yet still goes out; what was read stays for the next call. */
static void
cancel_communicate (Actor     *actor,
                    Operation *operation)
{
  ProcessActor *self = (ProcessActor *) actor;

  for (guint i = 0; i < G_N_ELEMENTS (self->outputs); i++)
    {
      if (self->outputs[i].channel != NULL)
        read_channel_attach (self->outputs[i].channel, &self->outputs[i].collector);
    }
  pipe_sink_copy_unsent (&self->input);
  operation_fail_cancelled (steal_communication (self));
  if (self->exited)
    arm_drain_timer (self);
}

/* ---- waiting and stopping */

static void
finish_wait (ProcessActor *self,
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
    operation_fail_cancelled (operation);
  else if (self->exited)
    finish_wait (self, operation);
  else
    g_queue_push_tail (&self->waits, operation);
}

static void
cancel_wait (Actor     *actor,
             Operation *operation)
{
  ProcessActor *self = (ProcessActor *) actor;

  g_queue_remove (&self->waits, operation);
  operation_fail_cancelled (operation);
}

static void
start_stop (Actor     *actor,
            Operation *operation)
{
  if (!operation->cancelled)
    {
      operation->deadline = stop_deadline (operation->grace);
      begin_stop ((ProcessActor *) actor, operation->grace);
    }
  start_wait (actor, operation);
}

/* The process is left alone: the KILL does not come, unless somebody else wants it, and then not before that one does. */
static void
cancel_stop (Actor     *actor,
             Operation *operation)
{
  ProcessActor *self = (ProcessActor *) actor;
  gint64 earliest = G_MAXINT64;

  cancel_wait (actor, operation);
  for (GList *link = self->waits.head; link != NULL; link = link->next)
    {
      const Operation *other = link->data;

      if (other->start_func == start_stop)
        earliest = MIN (earliest, other->deadline);
    }

  if (earliest == G_MAXINT64)
    worker_disarm_timer (self->actor.worker, &self->stop_timer);
  else if (self->stop_timer.position != 0)
    worker_arm_timer (self->actor.worker, &self->stop_timer, earliest, kill_in_worker);
}

/* ---- the exit */

static void
finish_cancelled_launch (ProcessActor *self)
{
  Operation *launch = g_steal_pointer (&self->launch);

  if (self->communication == launch)
    steal_communication (self);
  close_pipes (self);
  operation_fail_cancelled (launch);
}

static void
handle_exit (ProcessActor *self)
{
  Operation *waiting;

  self->exited = TRUE;
  child_id_close_pidfd (self->child);
  worker_disarm_timer (self->actor.worker, &self->stop_timer);

  while ((waiting = g_queue_pop_head (&self->waits)) != NULL)
    finish_wait (self, waiting);

  if (self->launch != NULL && self->launch->cancelled)
    finish_cancelled_launch (self);
  else
    arm_drain_timer (self);

  check_communication (self, FALSE);
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
timed_out_in_worker (Timer *timer)
{
  ProcessActor *self = (ProcessActor *) (gpointer) ((char *) timer - G_STRUCT_OFFSET (ProcessActor, timeout_timer));

  self->timed_out = TRUE;
  if (!self->started)
    spawn_birth_abort (self->job->birth);
  else if (self->exited)
    drain_grace_passed_in_worker (&self->drain_timer);
  else
    begin_stop (self, -1);
}

/* ---- launching */

static void
finish_failed_launch (ProcessActor *self,
                      GError       *error)
{
  Operation *launch = g_steal_pointer (&self->launch);

  worker_disarm_timer (self->actor.worker, &self->timeout_timer);
  if (launch->cancelled)
    {
      g_error_free (error);
      operation_fail_cancelled (launch);
    }
  else if (self->timed_out)
    {
      g_error_free (error);
      operation_fail (launch, g_error_new (G_IO_ERROR, G_IO_ERROR_TIMED_OUT, _("“%s” could not be started in time"),
                                           self->description));
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
  parts->fds[0] = self->input.fd;
  parts->fds[1] = self->outputs[0].source.fd;
  parts->fds[2] = self->outputs[1].source.fd;
  parts->writer = self->writer != NULL ? write_channel_ref (self->writer) : NULL;
  for (guint i = 0; i < G_N_ELEMENTS (self->outputs); i++)
    {
      if (self->outputs[i].channel != NULL)
        parts->readers[i] = read_channel_ref (self->outputs[i].channel);
    }
  launch->payload = parts;
  launch->payload_free = (GDestroyNotify) process_parts_free;

  self->has_handle = TRUE;
  operation_finish (launch);
}


static void
job_done_in_worker (Actor   *actor,
                    Message *message)
{
  ProcessActor *self = (ProcessActor *) actor;
  g_autoptr(SpawnJob) job = g_steal_pointer (&self->job);

  self->started = TRUE;
  if (job->error != NULL)
    {
      self->exited = TRUE;
      finish_failed_launch (self, g_steal_pointer (&job->error));
      release_if_done (self);
      return;
    }

  self->child = g_steal_pointer (&job->child);
  self->start_time = job->start_time;
  self->start_monotonic = job->start_monotonic;
  adopt_pipes (self, job);

  if (self->launch->cancelled || self->timed_out)
    begin_stop (self, -1);
  if (self->launch_kind == LAUNCH_RUN)
    begin_communication (self, self->launch);
  else if (!self->launch->cancelled)
    {
      open_channels (self);
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

static gboolean
stdin_can_be_a_pipe (const CommandSpec *spec)
{
  const CommandStdio *stdio = &spec->stdio[STDIN_FILENO];

  return stdio->path == NULL && (stdio->kind == PROCTOR_STDIO_DEFAULT || stdio->kind == PROCTOR_STDIO_PIPE);
}

static void
start_launch (Actor     *actor,
              Operation *operation)
{
  ProcessActor *self = (ProcessActor *) actor;
  g_autoptr(GError) error = NULL;

  if (operation->cancelled || (operation->input != NULL && !stdin_can_be_a_pipe (self->spec)))
    {
      self->started = self->exited = TRUE;
      if (operation->cancelled)
        operation_fail_cancelled (operation);
      else
        operation_fail (operation, error_no_pipe_for_input ());
      release_if_done (self);
      return;
    }

  self->launch = operation;
  self->job = spawn_job_new (self->spec, self->own_environ, stdio_defaults (self, operation), self->watcher, self->link, actor);
  if (self->launch_kind == LAUNCH_RUN && self->spec->timeout >= 0)
    worker_arm_timer (actor->worker, &self->timeout_timer, now () + self->spec->timeout, timed_out_in_worker);

  if (!spawn_job_post (self->job, job_done_in_worker, &error))
    {
      self->started = self->exited = TRUE;
      g_clear_pointer (&self->job, spawn_job_free);
      finish_failed_launch (self, g_steal_pointer (&error));
      release_if_done (self);
    }
}

/* What was started is stopped; the launch ends when it has been reaped. */
static void
cancel_launch (Actor     *actor,
               Operation *operation)
{
  ProcessActor *self = (ProcessActor *) actor;

  if (!self->started)
    spawn_birth_abort (self->job->birth);
  else if (!self->exited)
    begin_stop (self, -1);
  else
    {
      finish_cancelled_launch (self);
      release_if_done (self);
    }
}

/* ---- the end of the actor */

static void
dropped_in_worker (Actor   *actor,
                   Message *message)
{
  ProcessActor *self = (ProcessActor *) actor;

  self->has_handle = FALSE;
  if (!self->exited && (self->spec->flags & PROCTOR_COMMAND_KILL_ON_DROP) != 0)
    child_id_signal (self->child, SIGKILL, NULL);

  release_if_done (self);
}

static void
released_in_worker (Actor   *actor,
                    Message *message)
{
  actor_unref (actor);
}

/* A handle that is still there can ask for more, and a stream that is still there can be read or written. The actor's own reference goes by a message, later: what calls this may be in
 * the middle of a pipe's or a timer's event, and still need it.
 */
static void
release_if_done (ProcessActor *self)
{
  if (self->released || self->has_handle || !self->exited || self->launch != NULL || self->communication != NULL ||
      !pipes_are_closed (self))
    return;

  self->released = TRUE;
  /* Where there never was a child the link still holds the actor, as the actor holds the link. */
  process_link_abandon (self->link);
  actor_post (&self->actor, &self->release_message, released_in_worker);
}

static void
process_actor_free (Actor *actor)
{
  ProcessActor *self = (ProcessActor *) actor;

  command_spec_unref (self->spec);
  own_environ_unref (self->own_environ);
  g_object_unref (self->watcher);
  process_link_unref (self->link);
  g_clear_pointer (&self->child, child_id_unref);
  g_clear_error (&self->transfer_error);
  g_clear_pointer (&self->writer, write_channel_unref);
  for (guint i = 0; i < G_N_ELEMENTS (self->outputs); i++)
    {
      g_clear_pointer (&self->outputs[i].channel, read_channel_unref);
      collector_clear (&self->outputs[i].collector);
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
  Worker *worker = runtime_pick_worker (error);
  ProcessActor *self;

  if (worker == NULL)
    return NULL;

  self = g_new0 (ProcessActor, 1);
  actor_init (&self->actor, worker, process_actor_free);
  self->spec = command_spec_ref (spec);
  self->own_environ = own_environ_ref (own_environ);
  self->watcher = g_object_ref (watcher);
  self->description = command_spec_describe (spec);
  self->link = process_link_new (&self->actor, exited_in_worker);
  g_queue_init (&self->waits);
  pipe_sink_init (&self->input, worker, -1, NULL, NULL);
  for (guint i = 0; i < G_N_ELEMENTS (self->outputs); i++)
    {
      pipe_source_init (&self->outputs[i].source, worker, -1);
      self->outputs[i].actor = self;
    }
  /* The reference that release_if_done() drops. */
  process_actor_ref (self);
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
  return operation_new (&self->actor, start_communicate, cancel_communicate, input);
}

Operation *
process_actor_new_stop (ProcessActor *self,
                        GTimeSpan     grace)
{
  Operation *operation = operation_new (&self->actor, start_stop, cancel_stop, NULL);

  operation->grace = grace;
  return operation;
}

void
process_actor_drop (ProcessActor *self)
{
  if (g_atomic_int_compare_and_exchange (&self->drop_posted, FALSE, TRUE))
    actor_post (&self->actor, &self->drop_message, dropped_in_worker);
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
  g_object_unref (self->watcher);
  g_free (self);
}
