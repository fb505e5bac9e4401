/* SPDX-License-Identifier: LGPL-2.1-or-later */

/* Thread: that of the context in which they run, but for what stream-pump.h says ANY of. */

#include "config.h"

#include "process/stream-pump.h"

#include <glib/gi18n-lib.h>

#include "base/base-macros.h"
#include "base/base-thread.h"
#include "command/command-validate.h"
#include "command/proctor-command-private.h"
#include "stream/proctor-stream-reader-private.h"
#include "stream/proctor-stream-writer-private.h"

#define BLOCK_SIZE (64 * 1024)

/* From a stream to the child's stdin. It begins when the process has, so that nothing is taken from
 * a stream for a process that cannot be started, and is woken once more when the pipe is closed, so
 * that it does not go on waiting for a stream that has nothing to say.
 */
typedef struct
{
  GInputStream *source;        /* owned; NULL: there is none */
  ProctorStreamWriter *writer; /* owned; NULL: it has ended */
  WriteChannel *channel;       /* owned */
  GCancellable *cancellable;   /* owned */
  CallerContext *caller;       /* owned; where the notice comes */
  StreamWaiter waiter;
  WriteWaiter channel_waiter;
  Notice notice;
  gboolean begun;
} InputPump;

/* From one of the child's outputs to a stream. */
typedef struct
{
  StreamPumps *pumps;          /* borrowed */
  GOutputStream *target;       /* owned; NULL: there is none */
  ProctorStreamReader *reader; /* owned; NULL: it has ended */
  GBytes *block;               /* owned; what is being written */
} OutputPump;

/* Every asynchronous operation holds a reference. */
struct _StreamPumps
{
  gatomicrefcount ref_count;

  /* immutable after construction */
  GMainContext *context; /* owned */
  GCancellable *cancellable; /* owned */
  GTimeSpan timeout;     /* of a run; negative: none */
  GTimeSpan drain_grace; /* negative: no bound */

  /* the context's thread only */
  InputPump input;
  OutputPump outputs[2];
  guint n_pumping;
  gboolean given_up;
  StreamPumpsFunc func;
  gpointer func_data;

  /* guarded by pumps_lock */
  GMutex pumps_lock;
  gboolean ended;
  GError *error;
  GPtrArray *listeners; /* of owned Listener */
  ResultData *result;   /* owned; of a communicate that was cancelled */
};

typedef struct
{
  CallerContext *caller; /* borrowed from who waits */
  Delivery *delivery;
  DeliveryFunc func;
  Sleeper *sleeper; /* of who sleeps instead */
} Listener;

gboolean
stream_pumps_check (ProctorCommand  *command,
                    GError         **error)
{
  GObject *out = proctor_command_get_stream (command, 1);

  if (out != NULL && out == proctor_command_get_stream (command, 2))
    return command_fail (error, _("stdout and stderr cannot have the same stream; "
                                  "PROCTOR_STDIO_STDOUT does what is meant"));
  return TRUE;
}

StreamPumps *
stream_pumps_new (ProctorCommand      *command,
                  ProcessActor        *actor,
                  ProctorChildWatcher *watcher)
{
  Actor *base = process_actor_get_actor (actor);
  g_autoptr(CommandSpec) spec = NULL;
  StreamPumps *self;

  if (!proctor_command_has_streams (command))
    return NULL;

  self = g_new0 (StreamPumps, 1);
  g_atomic_ref_count_init (&self->ref_count);
  g_mutex_init (&self->pumps_lock);
  self->context = g_main_context_ref_thread_default ();
  self->cancellable = g_cancellable_new ();
  spec = proctor_command_dup_spec (command);
  self->timeout = spec->timeout;
  self->drain_grace =
    spec->drain_grace != COMMAND_TIME_UNSET ? spec->drain_grace : DEFAULT_RUN_DRAIN_GRACE;
  self->listeners = g_ptr_array_new_with_free_func (g_free);

  if (proctor_command_get_stream (command, 0) != NULL)
    {
      InputPump *input = &self->input;

      input->source = G_INPUT_STREAM (g_object_ref (proctor_command_get_stream (command, 0)));
      input->channel = process_actor_add_writer (actor);
      input->writer = proctor_stream_writer_new (input->channel, base, watcher);
      input->cancellable = g_cancellable_new ();
    }
  for (int i = 0; i < 2; i++)
    {
      OutputPump *output = &self->outputs[i];
      ReadChannel *channel;

      output->pumps = self;
      if (proctor_command_get_stream (command, i + 1) == NULL)
        continue;
      output->target = G_OUTPUT_STREAM (g_object_ref (proctor_command_get_stream (command, i + 1)));
      channel = process_actor_add_reader (actor, i);
      output->reader = proctor_stream_reader_new (channel, base, watcher);
      read_channel_unref (channel);
    }
  return self;
}

StreamPumps *
stream_pumps_ref (StreamPumps *self)
{
  g_atomic_ref_count_inc (&self->ref_count);
  return self;
}

void
stream_pumps_unref (StreamPumps *self)
{
  if (!g_atomic_ref_count_dec (&self->ref_count))
    return;

  g_clear_object (&self->input.source);
  g_clear_object (&self->input.writer);
  g_clear_object (&self->input.cancellable);
  g_clear_pointer (&self->input.channel, write_channel_unref);
  g_clear_pointer (&self->input.caller, caller_context_unref);
  for (guint i = 0; i < G_N_ELEMENTS (self->outputs); i++)
    {
      g_clear_object (&self->outputs[i].target);
      g_clear_object (&self->outputs[i].reader);
      g_clear_pointer (&self->outputs[i].block, g_bytes_unref);
    }
  g_clear_error (&self->error);
  g_clear_pointer (&self->result, result_data_free);
  g_ptr_array_unref (self->listeners);
  g_object_unref (self->cancellable);
  g_main_context_unref (self->context);
  g_mutex_clear (&self->pumps_lock);
  g_free (self);
}

/* ---- the end */

/* Takes @error. The first one counts. */
static void
note_error (StreamPumps *self,
            GError      *error)
{
  gboolean counts =
    !self->given_up || !g_error_matches (error, G_IO_ERROR, G_IO_ERROR_CANCELLED);

  g_mutex_lock (&self->pumps_lock);
  if (self->error == NULL && counts)
    self->error = g_steal_pointer (&error);
  g_mutex_unlock (&self->pumps_lock);

  g_clear_error (&error);
}

static void
tell_listener (const Listener *listener)
{
  if (listener->sleeper != NULL)
    sleeper_wake (listener->sleeper);
  else
    caller_context_post (listener->caller, listener->delivery, listener->func);
}

static void
pump_ended (StreamPumps *self)
{
  g_autoptr(GPtrArray) listeners = NULL;

  if (--self->n_pumping > 0)
    return;

  g_mutex_lock (&self->pumps_lock);
  self->ended = TRUE;
  listeners = g_steal_pointer (&self->listeners);
  self->listeners = g_ptr_array_new_with_free_func (g_free);
  g_mutex_unlock (&self->pumps_lock);

  for (guint i = 0; i < listeners->len; i++)
    tell_listener (g_ptr_array_index (listeners, i));
  if (self->func != NULL)
    self->func (self->func_data);
  stream_pumps_unref (self);
}

/* ---- input */

static void read_block (StreamPumps *self);

static void
end_input (StreamPumps *self)
{
  InputPump *input = &self->input;

  if (input->writer == NULL)
    return;

  write_channel_forget (input->channel, &input->channel_waiter);
  caller_context_take_back (input->caller, &input->notice);
  proctor_stream_writer_write_eof (input->writer);
  g_clear_object (&input->writer);
  g_clear_object (&input->source);
  pump_ended (self);
}

static void
drained_cb (GObject      *object,
            GAsyncResult *result,
            gpointer      data)
{
  g_autoptr(StreamPumps) self = data;

  /* A child that does not want more is no error, as for communicate. */
  if (proctor_stream_writer_drain_finish (PROCTOR_STREAM_WRITER (object), result, NULL))
    read_block (self);
  else
    end_input (self);
}

static void
block_read_cb (GObject      *object,
               GAsyncResult *result,
               gpointer      data)
{
  g_autoptr(StreamPumps) self = data;
  g_autoptr(GError) error = NULL;
  g_autoptr(GBytes) block =
    g_input_stream_read_bytes_finish (G_INPUT_STREAM (object), result, &error);

  if (block == NULL || g_bytes_get_size (block) == 0)
    {
      if (error != NULL && !g_cancellable_is_cancelled (self->input.cancellable))
        note_error (self, g_steal_pointer (&error));
      end_input (self);
      return;
    }

  proctor_stream_writer_queue_bytes (self->input.writer, block);
  proctor_stream_writer_drain_async (self->input.writer, self->input.cancellable, drained_cb,
                                     stream_pumps_ref (self));
}

static void
read_block (StreamPumps *self)
{
  g_input_stream_read_bytes_async (self->input.source, BLOCK_SIZE, G_PRIORITY_DEFAULT,
                                   self->input.cancellable, block_read_cb, stream_pumps_ref (self));
}

/* On whatever thread changes the channel, under its lock. */
static void
input_woken (StreamWaiter *waiter)
{
  InputPump *input = CONTAINER_OF (waiter, InputPump, waiter);

  caller_context_notify (input->caller, &input->notice, input->notice.func);
}

/* Woken when the pipe is there, or will never be, and then when it is closed. */
static void
input_changed_in_context (Notice *notice)
{
  StreamPumps *self = CONTAINER_OF (notice, StreamPumps, input.notice);
  InputPump *input = &self->input;

  if (input->writer == NULL)
    return;
  if (!input->begun)
    {
      input->begun = TRUE;
      if (write_channel_try (input->channel, WRITE_CLOSED, &input->channel_waiter,
                             &input->waiter) ||
          g_cancellable_is_cancelled (input->cancellable))
        end_input (self);
      else
        read_block (self);
      return;
    }

  g_cancellable_cancel (input->cancellable);
}

static void
begin_input (StreamPumps *self)
{
  InputPump *input = &self->input;

  input->caller = caller_context_ref_for (self->context);
  input->waiter.wake = input_woken;
  input->notice.func = input_changed_in_context;
  if (write_channel_try (input->channel, WRITE_STARTED, &input->channel_waiter, &input->waiter))
    caller_context_notify (input->caller, &input->notice, input_changed_in_context);
}

void
stream_pumps_end_input (StreamPumps *self)
{
  if (self->input.source == NULL)
    return;

  g_cancellable_cancel (self->input.cancellable);
  /* No operation is under way that could be cancelled. */
  if (!self->input.begun)
    end_input (self);
}

/* ---- outputs */

static void read_output (OutputPump *output);

static void
end_output (OutputPump *output)
{
  /* If it is not at its end the child finds its pipe closed. */
  g_clear_object (&output->reader);
  g_clear_object (&output->target);
  pump_ended (output->pumps);
}

static void
flushed_cb (GObject      *object,
            GAsyncResult *result,
            gpointer      data)
{
  OutputPump *output = data;
  g_autoptr(StreamPumps) self = output->pumps;
  GError *error = NULL;

  if (!g_output_stream_flush_finish (G_OUTPUT_STREAM (object), result, &error))
    note_error (self, error);
  end_output (output);
}

static void
block_written_cb (GObject      *object,
                  GAsyncResult *result,
                  gpointer      data)
{
  OutputPump *output = data;
  g_autoptr(StreamPumps) self = output->pumps;
  GError *error = NULL;

  g_clear_pointer (&output->block, g_bytes_unref);
  if (g_output_stream_write_all_finish (G_OUTPUT_STREAM (object), result, NULL, &error))
    {
      read_output (output);
      return;
    }

  note_error (self, error);
  end_output (output);
}

static void
output_read_cb (GObject      *object,
                GAsyncResult *result,
                gpointer      data)
{
  OutputPump *output = data;
  g_autoptr(StreamPumps) self = output->pumps;
  GError *error = NULL;
  gsize length;
  gconstpointer bytes;

  output->block = g_input_stream_read_bytes_finish (G_INPUT_STREAM (object), result, &error);
  if (output->block == NULL)
    {
      note_error (self, error);
      end_output (output);
      return;
    }

  bytes = g_bytes_get_data (output->block, &length);
  if (length > 0)
    g_output_stream_write_all_async (output->target, bytes, length, G_PRIORITY_DEFAULT,
                                     self->cancellable, block_written_cb, output);
  else
    g_output_stream_flush_async (output->target, G_PRIORITY_DEFAULT, self->cancellable, flushed_cb,
                                 output);
  stream_pumps_ref (self);
}

static void
read_output (OutputPump *output)
{
  g_clear_pointer (&output->block, g_bytes_unref);
  stream_pumps_ref (output->pumps);
  g_input_stream_read_bytes_async (G_INPUT_STREAM (output->reader), BLOCK_SIZE, G_PRIORITY_DEFAULT,
                                   output->pumps->cancellable, output_read_cb, output);
}

/* ---- the whole */

void
stream_pumps_begin (StreamPumps *self)
{
  /* The reference that the last pump drops. */
  stream_pumps_ref (self);
  self->n_pumping = (self->input.source != NULL) + (self->outputs[0].target != NULL) +
                    (self->outputs[1].target != NULL);
  for (guint i = 0; i < G_N_ELEMENTS (self->outputs); i++)
    {
      if (self->outputs[i].target != NULL)
        read_output (&self->outputs[i]);
    }
  if (self->input.source != NULL)
    begin_input (self);
}

void
stream_pumps_cancel (StreamPumps *self)
{
  /* A stream may end its operation at once, and that be the last. */
  stream_pumps_ref (self);
  g_cancellable_cancel (self->cancellable);
  stream_pumps_end_input (self);
  stream_pumps_unref (self);
}

void
stream_pumps_give_up (StreamPumps *self)
{
  self->given_up = TRUE;
  stream_pumps_cancel (self);
}

GCancellable *
stream_pumps_get_cancellable (StreamPumps *self)
{
  return self->cancellable;
}

GMainContext *
stream_pumps_get_context (StreamPumps *self)
{
  return self->context;
}

/* A stream that works gets what is held as the last, also of a process that was stopped. */
gint64
stream_pumps_get_deadline (StreamPumps *self,
                           gint64       begin,
                           gboolean     timed_out)
{
  if (self->timeout < 0 || (timed_out && self->drain_grace < 0))
    return -1;

  return timed_out ? g_get_monotonic_time () + self->drain_grace : begin + self->timeout;
}

void
stream_pumps_set_func (StreamPumps     *self,
                       StreamPumpsFunc  func,
                       gpointer         data)
{
  if (stream_pumps_have_ended (self))
    {
      func (data);
      return;
    }

  self->func = func;
  self->func_data = data;
}

/* ---- any thread */

gboolean
stream_pumps_have_ended (StreamPumps *self)
{
  gboolean ended;

  g_mutex_lock (&self->pumps_lock);
  ended = self->ended;
  g_mutex_unlock (&self->pumps_lock);

  return ended;
}

gboolean
stream_pumps_check_may_block (StreamPumps  *self,
                              GError      **error)
{
  /* Who has pushed a context owns it. The default one is the main thread's where nobody iterates it
   * now; it is not that of every thread that has pushed none.
   */
  gboolean would_iterate =
    g_main_context_is_owner (self->context) ||
    (self->context == g_main_context_default () && thread_is_main ());

  if (stream_pumps_have_ended (self) || !would_iterate)
    return TRUE;

  g_set_error_literal (error, PROCTOR_ERROR, PROCTOR_ERROR_WOULD_DEADLOCK,
                       _("The streams of the process need the main context of this thread, "
                         "which a blocking call would not iterate"));
  return FALSE;
}

GError *
stream_pumps_dup_error (StreamPumps *self)
{
  GError *error;

  g_mutex_lock (&self->pumps_lock);
  error = self->error != NULL ? g_error_copy (self->error) : NULL;
  g_mutex_unlock (&self->pumps_lock);

  return error;
}

/* Whether it was added: they had not ended. */
static gboolean
add_listener (StreamPumps    *self,
              const Listener *listener)
{
  gboolean ended;

  g_mutex_lock (&self->pumps_lock);
  ended = self->ended;
  if (!ended)
    g_ptr_array_add (self->listeners, g_memdup2 (listener, sizeof *listener));
  g_mutex_unlock (&self->pumps_lock);

  return !ended;
}

void
stream_pumps_notify_end (StreamPumps   *self,
                         CallerContext *caller,
                         Delivery      *delivery,
                         DeliveryFunc   func)
{
  Listener listener = { .caller = caller, .delivery = delivery, .func = func };

  if (!add_listener (self, &listener))
    caller_context_post (caller, delivery, func);
}

/* Whether it was there still: nobody has told it, or will. */
static gboolean
remove_listener (StreamPumps   *self,
                 gconstpointer  delivery,
                 gconstpointer  sleeper)
{
  gboolean removed = FALSE;

  g_mutex_lock (&self->pumps_lock);
  for (guint i = 0; i < self->listeners->len && !removed; i++)
    {
      const Listener *listener = g_ptr_array_index (self->listeners, i);

      removed = listener->delivery == delivery && listener->sleeper == sleeper;
      if (removed)
        g_ptr_array_remove_index_fast (self->listeners, i);
    }
  g_mutex_unlock (&self->pumps_lock);

  return removed;
}

gboolean
stream_pumps_take_back (StreamPumps *self,
                        Delivery    *delivery)
{
  return remove_listener (self, delivery, NULL);
}

typedef struct
{
  StreamPumps *pumps;
  Sleeper sleeper;
  gboolean cancelled;
} BlockedWait;

/* In whatever thread cancels. */
static void
cancel_wait_cb (GCancellable *cancellable,
                gpointer      data)
{
  BlockedWait *self = data;

  if (!remove_listener (self->pumps, NULL, &self->sleeper))
    return;
  self->cancelled = TRUE;
  sleeper_wake (&self->sleeper);
}

gboolean
stream_pumps_wait (StreamPumps          *self,
                   ProctorChildWatcher  *watcher,
                   GCancellable         *cancellable,
                   GError              **error)
{
  BlockedWait wait = { .pumps = self };
  Listener listener = { .sleeper = &wait.sleeper };
  gulong cancelled_id = 0;

  sleeper_init (&wait.sleeper, watcher);
  if (add_listener (self, &listener))
    {
      if (cancellable != NULL)
        cancelled_id =
          g_cancellable_connect (cancellable, G_CALLBACK (cancel_wait_cb), &wait, NULL);
      sleeper_sleep (&wait.sleeper);
      if (cancellable != NULL)
        g_cancellable_disconnect (cancellable, cancelled_id);
    }
  sleeper_clear (&wait.sleeper);

  if (wait.cancelled)
    g_set_error_literal (error, G_IO_ERROR, G_IO_ERROR_CANCELLED, _("Operation was cancelled"));
  return !wait.cancelled;
}

void
stream_pumps_keep_result (StreamPumps *self,
                          ResultData  *result)
{
  ResultData *old;

  g_mutex_lock (&self->pumps_lock);
  old = self->result;
  self->result = result;
  g_mutex_unlock (&self->pumps_lock);

  g_clear_pointer (&old, result_data_free);
}

ResultData *
stream_pumps_steal_result (StreamPumps *self)
{
  ResultData *result;

  g_mutex_lock (&self->pumps_lock);
  result = g_steal_pointer (&self->result);
  g_mutex_unlock (&self->pumps_lock);

  return result;
}
