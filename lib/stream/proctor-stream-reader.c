/* SPDX-License-Identifier: LGPL-2.1-or-later */

/* Thread: reading: one thread at a time; everything else ANY. */

#include "config.h"

#include "stream/proctor-stream-reader-private.h"

#include <errno.h>
#include <glib/gi18n-lib.h>
#include <string.h>

#include "base/base-thread.h"
#include "stream/read-question.h"
#include "stream/stream-source.h"

static void pollable_init (GPollableInputStreamInterface *iface);

/**
 * ProctorStreamReader:
 *
 * Reads what a process writes to its stdout or stderr.
 *
 * It is a [class@Gio.InputStream] and pollable, so that all of GIO's tools work on it, and has
 * besides what asyncio's StreamReader has: lines, records, exact lengths, everything to the end.
 *
 * The pipe is read ahead in the background, until more than twice the limit is held, and again when
 * it is the limit or less. When nobody reads, the process waits in its write. A read that waits
 * lets the pipe flow, whatever the limit.
 *
 * Nothing is ever lost: a read that fails or is cancelled takes no byte out. Closing the reader
 * closes the pipe; the process gets SIGPIPE when it writes on. Dropping the last reference closes
 * it, too.
 *
 * [Streams and backpressure](streams.html) shows both directions.
 *
 * Thread safety: reads come from one thread at a time, and the reader may be handed from one to
 * another; a second read while one is pending is %G_IO_ERROR_PENDING. The getters may be called in
 * any thread.
 *
 * Since: 1.0
 */
G_DEFINE_FINAL_TYPE_WITH_CODE (ProctorStreamReader, proctor_stream_reader, G_TYPE_INPUT_STREAM,
                               G_IMPLEMENT_INTERFACE (G_TYPE_POLLABLE_INPUT_STREAM, pollable_init))

ProctorStreamReader *
proctor_stream_reader_new (ReadChannel         *channel,
                           Actor               *actor,
                           ProctorChildWatcher *watcher)
{
  ProctorStreamReader *self = g_object_new (PROCTOR_TYPE_STREAM_READER, NULL);

  self->channel = read_channel_ref (channel);
  self->actor = actor_ref (actor);
  self->watcher = g_object_ref (watcher);
  self->lent = read_channel_get_lent_place (channel);
  self->limit = read_channel_get_limit (channel);
  return self;
}

void
proctor_stream_reader_give_back (ProctorStreamReader *self)
{
  if (self->lines.first == NULL)
    return;

  read_channel_give_back (self->channel, &self->lines);
}

/* ---- asking */

/**
 * proctor_stream_reader_at_eof:
 * @self: a reader
 *
 * Whether the stream has ended and everything was read.
 *
 * Thread safety: any thread.
 *
 * Returns: whether the next read finds the end
 *
 * Since: 1.0
 */
gboolean
proctor_stream_reader_at_eof (ProctorStreamReader *self)
{
  g_return_val_if_fail (PROCTOR_IS_STREAM_READER (self), TRUE);

  return read_channel_at_eof (self->channel);
}

/**
 * proctor_stream_reader_get_buffered:
 * @self: a reader
 *
 * How much has been read from the pipe and was not asked for yet.
 *
 * Thread safety: any thread.
 *
 * Returns: bytes
 *
 * Since: 1.0
 */
gsize
proctor_stream_reader_get_buffered (ProctorStreamReader *self)
{
  g_return_val_if_fail (PROCTOR_IS_STREAM_READER (self), 0);

  return read_channel_get_held (self->channel);
}

/**
 * proctor_stream_reader_get_consumed:
 * @self: a reader
 *
 * How much the last read that failed with %PROCTOR_ERROR_LIMIT_OVERRUN had looked at: so many bytes
 * belong to the line or record that is too long. They are still held.
 *
 * Thread safety: the reading thread.
 *
 * Returns: bytes
 *
 * Since: 1.0
 */
gsize
proctor_stream_reader_get_consumed (ProctorStreamReader *self)
{
  g_return_val_if_fail (PROCTOR_IS_STREAM_READER (self), 0);

  return self->consumed;
}

/**
 * proctor_stream_reader_get_limit:
 * @self: a reader
 *
 * The limit of the command, see [method@Command.set_limit].
 *
 * Thread safety: any thread.
 *
 * Returns: bytes
 *
 * Since: 1.0
 */
gsize
proctor_stream_reader_get_limit (ProctorStreamReader *self)
{
  g_return_val_if_fail (PROCTOR_IS_STREAM_READER (self), 0);

  return read_channel_get_limit (self->channel);
}

/**
 * proctor_stream_reader_set_long_lines:
 * @self: a reader
 * @long_lines: what to do with them
 *
 * Sets what is done with lines and records that are longer than the limit. They are an error unless
 * this is called.
 *
 * Thread safety: any thread.
 *
 * Since: 1.0
 */
void
proctor_stream_reader_set_long_lines (ProctorStreamReader *self,
                                      ProctorLongLines     long_lines)
{
  g_return_if_fail (PROCTOR_IS_STREAM_READER (self));

  g_atomic_int_set (&self->long_lines, (int) long_lines);
}

/**
 * proctor_stream_reader_get_long_lines:
 * @self: a reader
 *
 * What is done with lines and records that are longer than the limit.
 *
 * Thread safety: any thread.
 *
 * Returns: what is done with them
 *
 * Since: 1.0
 */
ProctorLongLines
proctor_stream_reader_get_long_lines (ProctorStreamReader *self)
{
  g_return_val_if_fail (PROCTOR_IS_STREAM_READER (self), PROCTOR_LONG_LINES_ERROR);

  return (ProctorLongLines) g_atomic_int_get (&self->long_lines);
}

/* ---- lines without a copy */

/* Gives the line at the front, if all of it lies in the first chunk. */
static gboolean
lend_from_first_chunk (ProctorStreamReader  *self,
                       const char          **line,
                       gsize                *length)
{
  ByteChunk *chunk = self->lines.first;
  const guint8 *start = chunk->data + chunk->start;
  const guint8 *end = memchr (start, '\n', chunk->end - chunk->start);

  if (end == NULL || (gsize) (end - start) > self->limit)
    return FALSE;

  *line = (const char *) start;
  *length = (gsize) (end - start) + 1;
  /* The chunk itself stays, even if it is empty now: the line is in it. It goes with the next call.
   */
  chunk->start += *length;
  self->lines.length -= *length;
  __atomic_store_n (self->lent, self->lines.length, __ATOMIC_RELEASE);
  return TRUE;
}

static void
drop_empty_chunk (ProctorStreamReader *self)
{
  if (self->lines.first != NULL && self->lines.first->start == self->lines.first->end)
    byte_chunk_free (byte_queue_pop_chunk (&self->lines));
}

/* The long way: the line may have to be put together, waited for, or refused. */
static gboolean
next_line_slowly (ProctorStreamReader  *self,
                  const char          **line,
                  gsize                *length,
                  GCancellable         *cancellable,
                  GError              **error)
{
  ReadRequest request = proctor_stream_reader_new_request (self, READ_LINE);
  g_autoptr(GBytes) bytes =
    proctor_stream_reader_read_blocking (self, &request, cancellable, error);
  gsize size;
  const guint8 *data;

  if (bytes == NULL)
    return FALSE;

  data = g_bytes_get_data (bytes, &size);
  if (self->line == NULL)
    self->line = g_byte_array_new ();
  g_byte_array_set_size (self->line, 0);
  g_byte_array_append (self->line, data, (guint) size);

  /* What has come with it is for the calls that follow. */
  read_channel_lend_all (self->channel, &self->lines);

  *line = (const char *) self->line->data;
  *length = size;
  return size > 0;
}

/**
 * proctor_stream_reader_next_line: (skip)
 * @self: a reader
 * @line: (out) (transfer none): return location for the line, with its line feed; not terminated by
 *   NUL
 * @length: (out): return location for its length in bytes
 * @cancellable: (nullable): a cancellable
 * @error: return location for an error
 *
 * Lends the next line, without a copy where it lies in one piece: the fast way through many lines
 * in a thread of one's own.
 *
 * The line belongs to the reader and is valid until the next call that reads from it, or closes it.
 *
 * Many lines are taken out at once. While they are given out, the pipe is read ahead behind them,
 * so that up to twice as much is held as otherwise.
 *
 * Errors: those of [method@StreamReader.read_line].
 *
 * Thread safety: one reading thread at a time.
 *
 * Returns: %FALSE without an error at the end of the stream
 *
 * Since: 1.0
 */
gboolean
proctor_stream_reader_next_line (ProctorStreamReader  *self,
                                 const char          **line,
                                 gsize                *length,
                                 GCancellable         *cancellable,
                                 GError              **error)
{
  if (!program_check_not_forked (error))
    return FALSE;

  drop_empty_chunk (self);
  if (self->lines.first != NULL && lend_from_first_chunk (self, line, length))
    return TRUE;

  return next_line_slowly (self, line, length, cancellable, error);
}

/* ---- as a GInputStream */

static gssize
proctor_stream_reader_read (GInputStream  *stream,
                            void          *buffer,
                            gsize          count,
                            GCancellable  *cancellable,
                            GError       **error)
{
  ProctorStreamReader *self = PROCTOR_STREAM_READER (stream);
  ReadRequest request = proctor_stream_reader_new_request (self, READ_SOME);
  gboolean done;

  request.buffer = buffer;
  request.length = count;
  proctor_stream_reader_give_back (self);
  done = read_question_ask_blocking (self->channel, &request, self->watcher, cancellable, error);
  read_request_clear (&request);
  return done ? (gssize) request.n_read : -1;
}

static void
return_n_read (GTask       *task,
               ReadRequest *request,
               GError      *error)
{
  if (error != NULL)
    g_task_return_error (task, error);
  else
    g_task_return_int (task, (gssize) request->n_read);
}

/* GIO's own would make a source for each read, and skip in a thread. */
static void
proctor_stream_reader_read_async (GInputStream        *stream,
                                  void                *buffer,
                                  gsize                count,
                                  int                  io_priority,
                                  GCancellable        *cancellable,
                                  GAsyncReadyCallback  callback,
                                  gpointer             user_data)
{
  ProctorStreamReader *self = PROCTOR_STREAM_READER (stream);
  g_autoptr(GTask) task = g_task_new (self, cancellable, callback, user_data);
  ReadRequest request = proctor_stream_reader_new_request (self, READ_SOME);
  GError *error = NULL;

  g_task_set_source_tag (task, proctor_stream_reader_read_async);
  g_task_set_priority (task, io_priority);
  g_task_set_check_cancellable (task, FALSE);
  if (!program_check_not_forked (&error))
    {
      g_task_return_error (task, error);
      return;
    }

  request.buffer = buffer;
  request.length = count;
  proctor_stream_reader_give_back (self);
  read_question_ask_async (self->channel, &request, g_steal_pointer (&task), return_n_read);
}

static gssize
proctor_stream_reader_read_finish (GInputStream  *stream,
                                   GAsyncResult  *result,
                                   GError       **error)
{
  return g_task_propagate_int (G_TASK (result), error);
}

static gboolean
proctor_stream_reader_close (GInputStream  *stream,
                             GCancellable  *cancellable,
                             GError       **error)
{
  ProctorStreamReader *self = PROCTOR_STREAM_READER (stream);

  byte_queue_clear (&self->lines);
  /* The copy in a forked program has no part in the pipe. */
  if (self->channel != NULL && !program_is_forked_copy ())
    read_channel_close (self->channel);
  return TRUE;
}

/* Closing waits for nothing. */
static void
proctor_stream_reader_close_async (GInputStream        *stream,
                                   int                  io_priority,
                                   GCancellable        *cancellable,
                                   GAsyncReadyCallback  callback,
                                   gpointer             user_data)
{
  g_autoptr(GTask) task = g_task_new (stream, cancellable, callback, user_data);

  g_task_set_source_tag (task, proctor_stream_reader_close_async);
  g_task_set_priority (task, io_priority);
  g_task_set_check_cancellable (task, FALSE);
  proctor_stream_reader_close (stream, NULL, NULL);
  g_task_return_boolean (task, TRUE);
}

static gboolean
proctor_stream_reader_close_finish (GInputStream  *stream,
                                    GAsyncResult  *result,
                                    GError       **error)
{
  return g_task_propagate_boolean (G_TASK (result), error);
}

/* ---- as a GPollableInputStream */

static gboolean
channel_is_ready (gpointer channel)
{
  return read_channel_is_readable (channel);
}

static void
channel_add_source (gpointer  channel,
                    GSource  *source)
{
  read_channel_add_source (channel, source);
}

static void
channel_remove_source (gpointer  channel,
                       GSource  *source)
{
  read_channel_remove_source (channel, source);
}

static void
channel_wake_source (gpointer  channel,
                     GSource  *source)
{
  read_channel_wake_source (channel, source);
}

static void
channel_unref (gpointer channel)
{
  read_channel_unref (channel);
}

static const StreamSourceChannel source_channel = {
  .is_ready = channel_is_ready,
  .add = channel_add_source,
  .remove = channel_remove_source,
  .wake = channel_wake_source,
  .unref = channel_unref,
};

static gboolean
pollable_is_readable (GPollableInputStream *pollable)
{
  /* In a forked copy there is nothing to wait for: the read says why. */
  return program_is_forked_copy () ||
         read_channel_is_readable (PROCTOR_STREAM_READER (pollable)->channel);
}

/* GIO's own does not look whether another read is pending, or the stream is closed. */
static gssize
pollable_read_nonblocking (GPollableInputStream  *pollable,
                           void                  *buffer,
                           gsize                  count,
                           GError               **error)
{
  GInputStream *stream = G_INPUT_STREAM (pollable);
  gssize n_read = -1;

  if (!g_input_stream_set_pending (stream, error))
    return -1;

  if (pollable_is_readable (pollable))
    n_read = proctor_stream_reader_read (stream, buffer, count, NULL, error);
  else
    g_set_error_literal (error, G_IO_ERROR, G_IO_ERROR_WOULD_BLOCK, g_strerror (EAGAIN));
  g_input_stream_clear_pending (stream);
  return n_read;
}

static GSource *
pollable_create_source (GPollableInputStream *pollable,
                        GCancellable         *cancellable)
{
  ProctorStreamReader *self = PROCTOR_STREAM_READER (pollable);

  return stream_source_new (self, &source_channel, read_channel_ref (self->channel),
                            "[Proctor] readable", cancellable);
}

static void
pollable_init (GPollableInputStreamInterface *iface)
{
  iface->is_readable = pollable_is_readable;
  iface->read_nonblocking = pollable_read_nonblocking;
  iface->create_source = pollable_create_source;
}

/* ---- the class */

static void
proctor_stream_reader_finalize (GObject *object)
{
  ProctorStreamReader *self = PROCTOR_STREAM_READER (object);

  byte_queue_clear (&self->lines);
  g_clear_pointer (&self->line, g_byte_array_unref);
  if (!program_is_forked_copy ())
    {
      g_clear_pointer (&self->channel, read_channel_unref);
      g_clear_pointer (&self->actor, actor_unref);
    }
  g_clear_object (&self->watcher);

  G_OBJECT_CLASS (proctor_stream_reader_parent_class)->finalize (object);
}

static void
proctor_stream_reader_class_init (ProctorStreamReaderClass *klass)
{
  GInputStreamClass *stream_class = G_INPUT_STREAM_CLASS (klass);

  G_OBJECT_CLASS (klass)->finalize = proctor_stream_reader_finalize;

  stream_class->read_fn = proctor_stream_reader_read;
  stream_class->read_async = proctor_stream_reader_read_async;
  stream_class->read_finish = proctor_stream_reader_read_finish;
  stream_class->close_fn = proctor_stream_reader_close;
  stream_class->close_async = proctor_stream_reader_close_async;
  stream_class->close_finish = proctor_stream_reader_close_finish;
}

static void
proctor_stream_reader_init (ProctorStreamReader *self)
{
}
