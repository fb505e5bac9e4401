/* SPDX-License-Identifier: LGPL-2.1-or-later */

/* Thread: what GOutputStream has: one thread at a time; everything else ANY. */

#include "config.h"

#include "stream/proctor-stream-writer-private.h"

#include <errno.h>
#include <glib/gi18n-lib.h>

#include "base/base-thread.h"
#include "stream/stream-source.h"

/* See may_push(). */
#define SMALL_WRITE (4 * 1024)
#define LARGE_WRITE (256 * 1024)
#define QUICK_SUCCESSION 20 /* microseconds */

/**
 * ProctorStreamWriter:
 *
 * Writes to the stdin of a process.
 *
 * It has two faces. asyncio's StreamWriter: [method@StreamWriter.queue] takes everything and never
 * waits, [method@StreamWriter.drain] waits until there is room again. And it is a
 * [class@Gio.OutputStream], pollable: write waits for room and then takes everything, flush waits
 * until all is sent, close sends the rest and closes the pipe. So splicing a file or a network
 * connection into it goes as fast as the process reads, and no faster.
 *
 * The pipe is written in the background, and by a write itself what it takes at once. When the
 * process has gone, or has closed its stdin, that is noticed without a write; drain, write, flush
 * and close then fail with %G_IO_ERROR_BROKEN_PIPE. The program never gets SIGPIPE, and what it
 * does with that signal is not touched.
 *
 * Dropping the last reference never blocks: what is queued is still sent, then the pipe is closed.
 *
 * [Streams and backpressure](streams.html) shows both directions.
 *
 * Thread safety: queueing, draining and every getter: any thread, at any time. The operations of
 * GOutputStream: one thread at a time.
 *
 * Since: 1.0
 */
struct _ProctorStreamWriter
{
  GOutputStream parent_instance;

  /* immutable after construction */
  WriteChannel *channel;        /* owned */
  Actor *actor;                 /* owned: it is posted to by the channel */
  ProctorChildWatcher *watcher; /* owned */

  /* the writing thread only */
  gint64 last_write; /* monotonic */

  /* the disposing thread only */
  gboolean dropped; /* closing must not wait */
};

static void pollable_init (GPollableOutputStreamInterface *iface);

G_DEFINE_FINAL_TYPE_WITH_CODE (ProctorStreamWriter, proctor_stream_writer, G_TYPE_OUTPUT_STREAM,
                               G_IMPLEMENT_INTERFACE (G_TYPE_POLLABLE_OUTPUT_STREAM, pollable_init))

ProctorStreamWriter *
proctor_stream_writer_new (WriteChannel        *channel,
                           Actor               *actor,
                           ProctorChildWatcher *watcher)
{
  ProctorStreamWriter *self = g_object_new (PROCTOR_TYPE_STREAM_WRITER, NULL);

  self->channel = write_channel_ref (channel);
  self->actor = actor_ref (actor);
  self->watcher = g_object_ref (watcher);
  return self;
}

/* ---- waiting for a goal */

typedef struct
{
  WriteWaiter waiter;
  WriteChannel *channel; /* owned, for a task */
  WriteGoal goal;
} WriteQuestion;

static gboolean
try_again (gpointer      data,
           StreamWaiter *waiter)
{
  WriteQuestion *self = data;

  return write_channel_try (self->channel, self->goal, &self->waiter, waiter);
}

static void
forget (gpointer      data,
        StreamWaiter *waiter)
{
  WriteQuestion *self = data;

  write_channel_forget (self->channel, &self->waiter);
}

static void
return_answer (gpointer  data,
               GTask    *task,
               gboolean  cancelled)
{
  WriteQuestion *self = data;
  GError *error = NULL;

  write_channel_let_go_of_sent (self->channel);
  if (cancelled)
    g_task_return_new_error (task, G_IO_ERROR, G_IO_ERROR_CANCELLED, _("Operation was cancelled"));
  else if (!write_channel_check (self->channel, self->goal != WRITE_ROOM, &error))
    g_task_return_error (task, error);
  else
    g_task_return_boolean (task, TRUE);
}

static void
free_question (gpointer data)
{
  WriteQuestion *self = data;

  write_channel_unref (self->channel);
  g_free (self);
}

static const StreamQuestion write_question = {
  .try_again = try_again,
  .forget = forget,
  .return_answer = return_answer,
  .free_question = free_question,
};

/* For a goal that only the loss of something makes fail, or (WRITE_ROOM) any loss of the pipe. */
static gboolean
wait_blocking (ProctorStreamWriter  *self,
               WriteGoal             goal,
               GCancellable         *cancellable,
               GError              **error)
{
  WriteQuestion question = { .channel = self->channel, .goal = goal };

  if (!program_check_not_forked (error))
    return FALSE;

  write_channel_let_go_of_sent (self->channel);
  if (!write_channel_try (self->channel, goal, NULL, NULL) &&
      !stream_wait_blocking (&write_question, &question, self->watcher, cancellable, error))
    return FALSE;

  write_channel_let_go_of_sent (self->channel);
  return write_channel_check (self->channel, goal != WRITE_ROOM, error);
}

static void
wait_async (ProctorStreamWriter *self,
            WriteGoal            goal,
            int                  io_priority,
            GCancellable        *cancellable,
            GAsyncReadyCallback  callback,
            gpointer             user_data,
            gpointer             source_tag)
{
  g_autoptr(GTask) task = g_task_new (self, cancellable, callback, user_data);
  WriteQuestion *question;
  GError *error = NULL;

  g_task_set_source_tag (task, source_tag);
  g_task_set_priority (task, io_priority);
  g_task_set_check_cancellable (task, FALSE);
  if (!program_check_not_forked (&error))
    {
      g_task_return_error (task, error);
      return;
    }

  question = g_new0 (WriteQuestion, 1);
  question->channel = write_channel_ref (self->channel);
  question->goal = goal;
  stream_wait_async (&write_question, question, g_steal_pointer (&task));
}

/* ---- queueing */

/**
 * proctor_stream_writer_queue:
 * @self: a writer
 * @data: (array length=length) (element-type guint8): what to send
 * @length: how many bytes
 *
 * Takes a copy of all the bytes and sends them in the background, after what was queued before.
 * Never waits; see [method@StreamWriter.drain].
 *
 * When the pipe is lost or closing they are dropped; drain tells of a loss.
 *
 * Thread safety: any thread.
 *
 * Since: 1.0
 */
void
proctor_stream_writer_queue (ProctorStreamWriter *self,
                             gconstpointer        data,
                             gsize                length)
{
  g_autoptr(GBytes) bytes = NULL;

  g_return_if_fail (PROCTOR_IS_STREAM_WRITER (self));
  g_return_if_fail (length == 0 || data != NULL);

  if (program_is_forked_copy ())
    return;

  write_channel_let_go_of_sent (self->channel);
  bytes = g_bytes_new (data, length);
  write_channel_queue (self->channel, &bytes, 1, FALSE);
}

/**
 * proctor_stream_writer_queue_bytes:
 * @self: a writer
 * @bytes: what to send
 *
 * Sends the bytes in the background, after what was queued before, without a copy. Never waits.
 *
 * A reference is kept until they are sent, and is dropped in a thread that calls this writer, never
 * in one of the library's.
 *
 * Thread safety: any thread.
 *
 * Since: 1.0
 */
void
proctor_stream_writer_queue_bytes (ProctorStreamWriter *self,
                                   GBytes              *bytes)
{
  g_return_if_fail (PROCTOR_IS_STREAM_WRITER (self));
  g_return_if_fail (bytes != NULL);

  proctor_stream_writer_queue_all (self, &bytes, 1);
}

/**
 * proctor_stream_writer_queue_all:
 * @self: a writer
 * @pieces: (array length=n_pieces): what to send
 * @n_pieces: how many pieces
 *
 * Sends many pieces in the background, in order and without a copy. Never waits. Nothing that other
 * threads queue comes between them.
 *
 * Thread safety: any thread.
 *
 * Since: 1.0
 */
void
proctor_stream_writer_queue_all (ProctorStreamWriter *self,
                                 GBytes * const      *pieces,
                                 gsize                n_pieces)
{
  g_return_if_fail (PROCTOR_IS_STREAM_WRITER (self));
  g_return_if_fail (n_pieces == 0 || pieces != NULL);

  if (program_is_forked_copy ())
    return;

  write_channel_let_go_of_sent (self->channel);
  write_channel_queue (self->channel, pieces, n_pieces, TRUE);
}

/**
 * proctor_stream_writer_drain:
 * @self: a writer
 * @cancellable: (nullable): a cancellable
 * @error: return location for an error
 *
 * Waits for room: returns at once unless more than the high mark is queued, else when it is the low
 * mark or less.
 *
 * Errors: %G_IO_ERROR_BROKEN_PIPE when the process does not read any more; %G_IO_ERROR_CANCELLED;
 * %PROCTOR_ERROR_WOULD_DEADLOCK; %PROCTOR_ERROR_FORKED.
 *
 * Thread safety: any thread.
 *
 * Returns: whether there is room
 *
 * Since: 1.0
 */
gboolean
proctor_stream_writer_drain (ProctorStreamWriter  *self,
                             GCancellable         *cancellable,
                             GError              **error)
{
  g_return_val_if_fail (PROCTOR_IS_STREAM_WRITER (self), FALSE);

  return !g_cancellable_set_error_if_cancelled (cancellable, error) &&
         wait_blocking (self, WRITE_ROOM, cancellable, error);
}

/**
 * proctor_stream_writer_drain_async:
 * @self: a writer
 * @cancellable: (nullable): a cancellable
 * @callback: (scope async): called when there is room, in the context that is thread-default now
 * @user_data: data for @callback
 *
 * Waits for room. See [method@StreamWriter.drain].
 *
 * Thread safety: any thread.
 *
 * Since: 1.0
 */
void
proctor_stream_writer_drain_async (ProctorStreamWriter *self,
                                   GCancellable        *cancellable,
                                   GAsyncReadyCallback  callback,
                                   gpointer             user_data)
{
  g_return_if_fail (PROCTOR_IS_STREAM_WRITER (self));

  wait_async (self, WRITE_ROOM, G_PRIORITY_DEFAULT, cancellable, callback, user_data,
              proctor_stream_writer_drain_async);
}

/**
 * proctor_stream_writer_drain_finish:
 * @self: a writer
 * @result: what the callback was given
 * @error: return location for an error
 *
 * Takes the result of [method@StreamWriter.drain_async].
 *
 * Errors: see [method@StreamWriter.drain].
 *
 * Thread safety: the callback's thread.
 *
 * Returns: whether there is room
 *
 * Since: 1.0
 */
gboolean
proctor_stream_writer_drain_finish (ProctorStreamWriter  *self,
                                    GAsyncResult         *result,
                                    GError              **error)
{
  g_return_val_if_fail (g_task_is_valid (result, self), FALSE);
  g_return_val_if_fail (g_async_result_is_tagged (result, proctor_stream_writer_drain_async),
                        FALSE);

  return g_task_propagate_boolean (G_TASK (result), error);
}

/**
 * proctor_stream_writer_write_eof:
 * @self: a writer
 *
 * Closes the pipe when everything that was queued is sent, so that the process finds the end of its
 * input. Never waits. Nothing can be queued after it.
 *
 * Thread safety: any thread.
 *
 * Since: 1.0
 */
void
proctor_stream_writer_write_eof (ProctorStreamWriter *self)
{
  g_return_if_fail (PROCTOR_IS_STREAM_WRITER (self));

  if (!program_is_forked_copy ())
    write_channel_queue_eof (self->channel);
}

/**
 * proctor_stream_writer_can_write_eof:
 * @self: a writer
 *
 * Whether [method@StreamWriter.write_eof] can be used. It always can, with the pipes of a process.
 *
 * Thread safety: any thread.
 *
 * Returns: whether it can
 *
 * Since: 1.0
 */
gboolean
proctor_stream_writer_can_write_eof (ProctorStreamWriter *self)
{
  g_return_val_if_fail (PROCTOR_IS_STREAM_WRITER (self), FALSE);

  return TRUE;
}

/**
 * proctor_stream_writer_get_closing:
 * @self: a writer
 *
 * Whether the pipe is closed, is lost, or will be closed when everything is sent: nothing can be
 * queued any more.
 *
 * Thread safety: any thread.
 *
 * Returns: whether it is closing
 *
 * Since: 1.0
 */
gboolean
proctor_stream_writer_get_closing (ProctorStreamWriter *self)
{
  g_return_val_if_fail (PROCTOR_IS_STREAM_WRITER (self), TRUE);

  return write_channel_is_closing (self->channel);
}

/**
 * proctor_stream_writer_set_write_buffer_limits:
 * @self: a writer
 * @low: bytes at which a drain ends
 * @high: bytes above which a drain waits, at least @low
 *
 * Sets the marks for [method@StreamWriter.drain]. They are 16 KiB and 64 KiB unless this is called.
 *
 * Thread safety: any thread.
 *
 * Since: 1.0
 */
void
proctor_stream_writer_set_write_buffer_limits (ProctorStreamWriter *self,
                                               gsize                low,
                                               gsize                high)
{
  g_return_if_fail (PROCTOR_IS_STREAM_WRITER (self));
  g_return_if_fail (low <= high);

  if (!program_is_forked_copy ())
    write_channel_set_limits (self->channel, low, high);
}

/**
 * proctor_stream_writer_get_write_buffer_limits:
 * @self: a writer
 * @low: (out) (optional): return location for the low mark
 * @high: (out) (optional): return location for the high mark
 *
 * The marks for [method@StreamWriter.drain].
 *
 * Thread safety: any thread.
 *
 * Since: 1.0
 */
void
proctor_stream_writer_get_write_buffer_limits (ProctorStreamWriter *self,
                                               gsize               *low,
                                               gsize               *high)
{
  gsize low_mark;
  gsize high_mark;

  g_return_if_fail (PROCTOR_IS_STREAM_WRITER (self));

  write_channel_get_limits (self->channel, &low_mark, &high_mark);
  if (low != NULL)
    *low = low_mark;
  if (high != NULL)
    *high = high_mark;
}

/**
 * proctor_stream_writer_get_write_buffer_size:
 * @self: a writer
 *
 * How much is queued and was not written to the pipe yet.
 *
 * Thread safety: any thread.
 *
 * Returns: bytes
 *
 * Since: 1.0
 */
gsize
proctor_stream_writer_get_write_buffer_size (ProctorStreamWriter *self)
{
  g_return_val_if_fail (PROCTOR_IS_STREAM_WRITER (self), 0);

  return write_channel_get_queued (self->channel);
}

/* ---- as a GOutputStream */

/* Small pieces in quick succession are queued, and sent together by the worker: for them a system
 * call each would cost more than waking it once. Large ones are, too, since the worker would have
 * to wait while what the pipe does not take of them is copied.
 */
static gboolean
may_push (ProctorStreamWriter *self,
          gsize                count)
{
  gint64 before = self->last_write;

  self->last_write = g_get_monotonic_time ();
  return count <= LARGE_WRITE &&
         (count >= SMALL_WRITE || self->last_write - before > QUICK_SUCCESSION);
}

/* Where there is room, or has been a moment ago: takes everything. */
static gssize
write_now (ProctorStreamWriter  *self,
           const void           *buffer,
           gsize                 count,
           GError              **error)
{
  gboolean lost = FALSE;

  if (!program_check_not_forked (error) || !write_channel_check (self->channel, FALSE, error))
    return -1;
  if (write_channel_is_closing (self->channel))
    {
      g_set_error_literal (error, G_IO_ERROR, G_IO_ERROR_CLOSED,
                           _("The stdin of the process is closed already"));
      return -1;
    }

  write_channel_let_go_of_sent (self->channel);
  if (!may_push (self, count) || !write_channel_push (self->channel, buffer, count, &lost))
    proctor_stream_writer_queue (self, buffer, count);
  else if (lost && !write_channel_check (self->channel, FALSE, error))
    return -1;

  return (gssize) count;
}

static gssize
proctor_stream_writer_write (GOutputStream  *stream,
                             const void     *buffer,
                             gsize           count,
                             GCancellable   *cancellable,
                             GError        **error)
{
  ProctorStreamWriter *self = PROCTOR_STREAM_WRITER (stream);

  if (!proctor_stream_writer_drain (self, cancellable, error))
    return -1;
  return write_now (self, buffer, count, error);
}

static gboolean
proctor_stream_writer_flush (GOutputStream  *stream,
                             GCancellable   *cancellable,
                             GError        **error)
{
  ProctorStreamWriter *self = PROCTOR_STREAM_WRITER (stream);

  return self->dropped || wait_blocking (self, WRITE_SENT, cancellable, error);
}

static void
proctor_stream_writer_flush_async (GOutputStream       *stream,
                                   int                  io_priority,
                                   GCancellable        *cancellable,
                                   GAsyncReadyCallback  callback,
                                   gpointer             user_data)
{
  wait_async (PROCTOR_STREAM_WRITER (stream), WRITE_SENT, io_priority, cancellable, callback,
              user_data, proctor_stream_writer_flush_async);
}

static gboolean
proctor_stream_writer_wait_finish (GOutputStream  *stream,
                                   GAsyncResult   *result,
                                   GError        **error)
{
  return g_task_propagate_boolean (G_TASK (result), error);
}

static gboolean
proctor_stream_writer_close (GOutputStream  *stream,
                             GCancellable   *cancellable,
                             GError        **error)
{
  ProctorStreamWriter *self = PROCTOR_STREAM_WRITER (stream);

  /* The copy in a forked program has no part in the pipe. */
  if (self->channel == NULL || program_is_forked_copy ())
    return TRUE;

  write_channel_queue_eof (self->channel);
  return self->dropped || wait_blocking (self, WRITE_CLOSED, cancellable, error);
}

static void
proctor_stream_writer_close_async (GOutputStream       *stream,
                                   int                  io_priority,
                                   GCancellable        *cancellable,
                                   GAsyncReadyCallback  callback,
                                   gpointer             user_data)
{
  ProctorStreamWriter *self = PROCTOR_STREAM_WRITER (stream);

  proctor_stream_writer_write_eof (self);
  wait_async (self, WRITE_CLOSED, io_priority, cancellable, callback, user_data,
              proctor_stream_writer_close_async);
}

/* ---- as a GPollableOutputStream */

/* There is room, or no sense in waiting for it. */
static gboolean
channel_is_ready (gpointer channel)
{
  return write_channel_try (channel, WRITE_ROOM, NULL, NULL);
}

static void
channel_add_source (gpointer  channel,
                    GSource  *source)
{
  write_channel_add_source (channel, source);
}

static void
channel_remove_source (gpointer  channel,
                       GSource  *source)
{
  write_channel_remove_source (channel, source);
}

static void
channel_wake_source (gpointer  channel,
                     GSource  *source)
{
  write_channel_wake_source (channel, source);
}

static void
channel_unref (gpointer channel)
{
  write_channel_unref (channel);
}

static const StreamSourceChannel source_channel = {
  .is_ready = channel_is_ready,
  .add = channel_add_source,
  .remove = channel_remove_source,
  .wake = channel_wake_source,
  .unref = channel_unref,
};

static gboolean
pollable_is_writable (GPollableOutputStream *pollable)
{
  /* In a forked copy there is nothing to wait for: the write says why. */
  return program_is_forked_copy () ||
         write_channel_try (PROCTOR_STREAM_WRITER (pollable)->channel, WRITE_ROOM, NULL, NULL);
}

/* GIO's own looks first and then writes, and would wait there if another thread has queued
 * something in between.
 */
static gssize
pollable_write_nonblocking (GPollableOutputStream  *pollable,
                            const void             *buffer,
                            gsize                   count,
                            GError                **error)
{
  ProctorStreamWriter *self = PROCTOR_STREAM_WRITER (pollable);

  if (!pollable_is_writable (pollable))
    {
      g_set_error_literal (error, G_IO_ERROR, G_IO_ERROR_WOULD_BLOCK, g_strerror (EAGAIN));
      return -1;
    }
  return write_now (self, buffer, count, error);
}

static GSource *
pollable_create_source (GPollableOutputStream *pollable,
                        GCancellable          *cancellable)
{
  ProctorStreamWriter *self = PROCTOR_STREAM_WRITER (pollable);

  return stream_source_new (self, &source_channel, write_channel_ref (self->channel),
                            "[Proctor] writable", cancellable);
}

static void
pollable_init (GPollableOutputStreamInterface *iface)
{
  iface->is_writable = pollable_is_writable;
  iface->write_nonblocking = pollable_write_nonblocking;
  iface->create_source = pollable_create_source;
}

/* ---- the class */

static void
proctor_stream_writer_dispose (GObject *object)
{
  /* GOutputStream closes itself when it is disposed of, and would wait for it. */
  PROCTOR_STREAM_WRITER (object)->dropped = TRUE;

  G_OBJECT_CLASS (proctor_stream_writer_parent_class)->dispose (object);
}

static void
proctor_stream_writer_finalize (GObject *object)
{
  ProctorStreamWriter *self = PROCTOR_STREAM_WRITER (object);

  if (!program_is_forked_copy ())
    {
      write_channel_let_go_later (self->channel);
      g_clear_pointer (&self->channel, write_channel_unref);
      g_clear_pointer (&self->actor, actor_unref);
    }
  g_clear_object (&self->watcher);

  G_OBJECT_CLASS (proctor_stream_writer_parent_class)->finalize (object);
}

static void
proctor_stream_writer_class_init (ProctorStreamWriterClass *klass)
{
  GObjectClass *object_class = G_OBJECT_CLASS (klass);
  GOutputStreamClass *stream_class = G_OUTPUT_STREAM_CLASS (klass);

  object_class->dispose = proctor_stream_writer_dispose;
  object_class->finalize = proctor_stream_writer_finalize;

  stream_class->write_fn = proctor_stream_writer_write;
  stream_class->flush = proctor_stream_writer_flush;
  stream_class->flush_async = proctor_stream_writer_flush_async;
  stream_class->flush_finish = proctor_stream_writer_wait_finish;
  stream_class->close_fn = proctor_stream_writer_close;
  stream_class->close_async = proctor_stream_writer_close_async;
  stream_class->close_finish = proctor_stream_writer_wait_finish;
}

static void
proctor_stream_writer_init (ProctorStreamWriter *self)
{
}
