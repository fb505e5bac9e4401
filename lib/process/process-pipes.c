/* SPDX-License-Identifier: LGPL-2.1-or-later */

/* Thread: WORKER. */

#include "config.h"

#include "process/process-actor-private.h"

#include <errno.h>
#include <glib/gi18n-lib.h>

#include "base/base-macros.h"

/* Its rest, and its end. */
#define READS_AFTER_EXIT 2

#define SLOW_STREAM_PATIENCE (100 * G_TIME_SPAN_MILLISECOND)

/* ---- pipes */

static guint8 *
reserve_for_collector (gpointer consumer,
                       gsize   *ret_size)
{
  Output *output = consumer;

  return capped_collector_reserve (&output->collector, WORKER_SCRATCH_SIZE, ret_size);
}

/* It is read on, so that it does not wait for us instead of ending. */
static void
stop_if_over_limit (ProcessActor *self)
{
  if (self->over_limit || self->spec->policy.output != PROCTOR_OUTPUT_POLICY_FAIL ||
      (self->outputs[0].collector.n_cut == 0 && self->outputs[1].collector.n_cut == 0))
    return;

  self->over_limit = TRUE;
  process_begin_stop (self);
}

static gboolean
take_into_collector (gpointer      consumer,
                     const guint8 *data,
                     gsize         length)
{
  Output *output = consumer;

  if (capped_collector_has (&output->collector, data))
    {
      capped_collector_commit (&output->collector, length);
      return TRUE;
    }
  if (capped_collector_append (&output->collector, data, length))
    {
      stop_if_over_limit (output->actor);
      return TRUE;
    }

  errno = ENOMEM;
  return FALSE;
}

static void
note_transfer_error (ProcessActor *self,
                     int           error_number)
{
  if (self->transfer_error == NULL)
    self->transfer_error = g_error_new (G_IO_ERROR, g_io_error_from_errno (error_number),
                                        _("Could not read the output of “%s”: %s"),
                                        self->description, g_strerror (error_number));
}

static void
output_ended (gpointer consumer,
              int      error_number)
{
  Output *output = consumer;
  ProcessActor *self = output->actor;

  if (error_number != 0)
    note_transfer_error (self, error_number);
  process_check_communication (self, FALSE);
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
  process_check_communication (data, FALSE);
}

void
process_pipes_changed_in_worker (Actor *actor)
{
  process_check_communication ((ProcessActor *) actor, FALSE);
}

/* The streams, if there are any, find the end. */
void
process_close_pipes (ProcessActor *self)
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

gboolean
process_pipes_are_closed (ProcessActor *self)
{
  return !pipe_sink_is_open (&self->input) && !pipe_source_is_open (&self->outputs[0].source) &&
         !pipe_source_is_open (&self->outputs[1].source);
}

void
process_adopt_pipes (ProcessActor *self,
                     SpawnJob     *job)
{
  gboolean fixed_size = self->spec->files.pipe_size != 0;

  self->has_input = job->ends[0].fd >= 0 && !self->input_pumped;
  pipe_sink_init (&self->input, self->actor.worker, job->ends[0].fd, input_changed, self);
  self->input.kind = job->ends[0].kind;
  self->input.fixed_size = fixed_size || self->input.kind != PIPE_KIND_PIPE;
  self->input.trace_number = self->actor.trace_number;
  job->ends[0].fd = -1;

  for (guint i = 0; i < G_N_ELEMENTS (self->outputs); i++)
    {
      OurEnd *end = &job->ends[i + 1];
      PipeSource *source = &self->outputs[i].source;

      self->outputs[i].captured = end->fd >= 0 && !self->outputs[i].pumped;
      capped_collector_set_limit (&self->outputs[i].collector, self->spec->policy.output_limit,
                                  self->spec->policy.output == PROCTOR_OUTPUT_POLICY_KEEP_TAIL);
      pipe_source_init (source, self->actor.worker, end->fd);
      source->kind = end->kind;
      source->trace_number = self->actor.trace_number;
      source->trace_stdio = (guint8) (i + 1);
      source->fixed_size = fixed_size || end->kind != PIPE_KIND_PIPE;
      end->fd = -1;
    }
  self->terminal = g_steal_pointer (&job->terminal);

  if (self->input_pumped)
    write_channel_start (self->writer, &self->input);
  for (guint i = 0; i < G_N_ELEMENTS (self->outputs); i++)
    {
      if (self->outputs[i].pumped)
        read_channel_start (self->outputs[i].channel, &self->outputs[i].source);
    }
}

void
process_fail_channels (ProcessActor *self)
{
  if (self->input_pumped)
    write_channel_fail (self->writer);
  for (guint i = 0; i < G_N_ELEMENTS (self->outputs); i++)
    {
      if (self->outputs[i].pumped)
        read_channel_end (self->outputs[i].channel, 0);
    }
}

/* For a process that is not a run. */
void
process_open_channels (ProcessActor *self)
{
  if (self->has_input)
    {
      self->writer = write_channel_new (&self->actor, process_pipes_changed_in_worker);
      write_channel_start (self->writer, &self->input);
    }

  for (guint i = 0; i < G_N_ELEMENTS (self->outputs); i++)
    {
      Output *output = &self->outputs[i];

      if (!output->captured)
        continue;
      output->channel =
        read_channel_new (&self->actor, self->spec->limit, process_pipes_changed_in_worker);
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
  result->over_limit = self->over_limit;
  result->incomplete = incomplete;
  result->start_time = self->start_time;
  result->wall_time = result->outcome.exit_time - self->start_monotonic;
  for (guint i = 0; i < G_N_ELEMENTS (self->outputs); i++)
    {
      if (!self->outputs[i].captured)
        continue;
      result->n_cut[i] = self->outputs[i].collector.n_cut;
      result->captured[i] = capped_collector_steal (&self->outputs[i].collector);
    }
  return result;
}

/* The end of a run is the end of its launch, too. */
Operation *
process_steal_communication (ProcessActor *self)
{
  if (self->launch == self->communication)
    self->launch = NULL;
  worker_disarm_timer (self->actor.worker, &self->drain_timer);
  worker_disarm_timer (self->actor.worker, &self->timeout_timer);
  return g_steal_pointer (&self->communication);
}

/* Finishes the communication if all its parts have come to their end, or (@gave_up) if nothing more
 * is to be waited for.
 */
void
process_check_communication (ProcessActor *self,
                             gboolean      gave_up)
{
  Operation *operation;

  if (self->communication == NULL || !self->exited || self->tree_ends ||
      !(gave_up || process_pipes_are_closed (self)))
    {
      process_release_if_done (self);
      return;
    }

  /* Taken first: closing the pipes comes here again. */
  operation = process_steal_communication (self);
  process_close_pipes (self);
  if (self->transfer_error != NULL)
    {
      operation_fail (operation, g_steal_pointer (&self->transfer_error));
    }
  else
    {
      operation->result = make_result (self, gave_up);
      operation_finish (operation);
    }
  process_release_if_done (self);
}

/* What is in the pipe of a stream that is slow is not given up while the stream takes it. But what
 * a descendant writes later is not waited for: that may never end.
 */
static gboolean
waits_for_stream (ProcessActor *self)
{
  gboolean waits = FALSE;

  for (guint i = 0; i < G_N_ELEMENTS (self->outputs); i++)
    {
      Output *output = &self->outputs[i];

      if (!output->pumped || !pipe_source_is_open (&output->source))
        continue;
      if (!self->counted_due)
        output->n_due = pipe_source_count_arrived (&output->source);
      waits |= output->source.n_read < output->n_due;
    }
  self->counted_due = TRUE;
  return waits;
}

void
process_drain_grace_passed (Timer *timer)
{
  ProcessActor *self = CONTAINER_OF (timer, ProcessActor, drain_timer);

  if (!self->timed_out && !self->shutting_down && waits_for_stream (self))
    {
      worker_arm_timer (self->actor.worker, &self->drain_timer,
                        g_get_monotonic_time () + SLOW_STREAM_PATIENCE, process_drain_grace_passed);
      return;
    }

  /* What is there by now is not lost; reading it may find the end, and finish everything. A slow
   * stream's pipe is perhaps not read at the moment, but may be at its end nevertheless.
   */
  if (self->communication != NULL)
    {
      for (guint i = 0; i < G_N_ELEMENTS (self->outputs); i++)
        {
          pipe_source_drain (&self->outputs[i].source, PIPE_SOURCE_ALL);
          pipe_source_end_if_empty (&self->outputs[i].source);
        }
      process_check_communication (self, TRUE);
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

void
process_read_after_exit (ProcessActor *self)
{
  for (guint i = 0; i < G_N_ELEMENTS (self->outputs) && self->communication != NULL; i++)
    {
      if (!self->outputs[i].pumped)
        pipe_source_drain (&self->outputs[i].source, READS_AFTER_EXIT);
    }
}

/* After the exit somebody else may hold the pipes open. */
void
process_arm_drain_timer (ProcessActor *self)
{
  GTimeSpan grace = self->spec->drain_grace;

  if (grace == COMMAND_TIME_UNSET)
    grace = self->communication != NULL && self->communication == self->launch
            ? DEFAULT_RUN_DRAIN_GRACE
            : -1;
  if (grace >= 0)
    worker_arm_timer (self->actor.worker, &self->drain_timer, g_get_monotonic_time () + grace,
                      process_drain_grace_passed);
}

static void
give_input (ProcessActor *self,
            GBytes       *input)
{
  if (self->input_pumped)
    return;
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
  if (output->channel != NULL)
    {
      if (!read_channel_detach (output->channel, capped_collector_straighten (&output->collector)))
        note_transfer_error (self, ENOMEM);
      capped_collector_apply_limit (&output->collector);
    }
  if (pipe_source_is_open (&output->source))
    pipe_source_start (&output->source, &collector_consumer, output);
}

void
process_begin_communication (ProcessActor *self,
                             Operation    *operation)
{
  self->communication = operation;
  for (guint i = 0; i < G_N_ELEMENTS (self->outputs); i++)
    {
      if (!self->outputs[i].pumped)
        collect_output (self, &self->outputs[i]);
    }
  stop_if_over_limit (self);
  give_input (self, operation->input);

  if (self->communication == operation && self->exited)
    process_arm_drain_timer (self);
  process_check_communication (self, FALSE);
}

GError *
process_error_no_pipe_for_input (void)
{
  return g_error_new_literal (G_IO_ERROR, G_IO_ERROR_INVALID_ARGUMENT,
                              _("There is input, but the stdin of the process is not a pipe"));
}

static GError *
refuse_communication (ProcessActor *self,
                      Operation    *operation)
{
  if (self->detached)
    return g_error_new_literal (PROCTOR_ERROR, PROCTOR_ERROR_SHUT_DOWN,
                                _("Proctor was shut down meanwhile"));
  if (self->communication != NULL)
    return g_error_new_literal (G_IO_ERROR, G_IO_ERROR_PENDING,
                                _("Another call communicates with the process"));
  if (operation->input != NULL && !self->has_input)
    return process_error_no_pipe_for_input ();
  if (operation->input != NULL && g_bytes_get_size (operation->input) > 0 &&
      write_channel_has_eof (self->writer))
    return g_error_new_literal (
      G_IO_ERROR, G_IO_ERROR_CLOSED,
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
  process_apply_cancel_policy (self);
  operation_fail_cancelled (operation);
  pipe_sink_flush (&self->input);
}

void
process_start_communicate (Actor     *actor,
                           Operation *operation)
{
  ProcessActor *self = (ProcessActor *) actor;
  GError *error = refuse_communication (self, operation);

  if (error != NULL)
    operation_fail (operation, error);
  else if (operation->cancelled)
    communicate_cancelled_early (self, operation);
  else
    process_begin_communication (self, operation);
}

/* The process goes on. What is not sent yet still goes out; what was read stays for the next call.
 */
void
process_cancel_communicate (Actor *actor, Operation *operation)
{
  ProcessActor *self = (ProcessActor *) actor;

  for (guint i = 0; i < G_N_ELEMENTS (self->outputs); i++)
    {
      if (self->outputs[i].channel != NULL && !self->outputs[i].pumped)
        read_channel_attach (self->outputs[i].channel,
                             capped_collector_straighten (&self->outputs[i].collector));
    }
  pipe_sink_copy_unsent (&self->input);
  process_apply_cancel_policy (self);
  operation_fail_cancelled (process_steal_communication (self));
  if (self->exited)
    process_arm_drain_timer (self);
}
