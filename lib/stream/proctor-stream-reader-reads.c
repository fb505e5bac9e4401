/* SPDX-License-Identifier: LGPL-2.1-or-later */

/* Thread: the reading thread. asyncio's reads: lines, records, exact lengths, everything. */

#include "config.h"

#include "stream/proctor-stream-reader-private.h"

#include <string.h>

#include "base/base-thread.h"
#include "stream/read-question.h"

/* ---- what all reads share */

ReadRequest
proctor_stream_reader_new_request (ProctorStreamReader *self,
                                   ReadKind             kind)
{
  return (ReadRequest){
    .kind = kind,
    .limit = read_channel_get_limit (self->channel),
    .split = g_atomic_int_get (&self->long_lines) == PROCTOR_LONG_LINES_SPLIT,
  };
}

/* Clears @request. */
GBytes *
proctor_stream_reader_read_blocking (ProctorStreamReader  *self,
                                     ReadRequest          *request,
                                     GCancellable         *cancellable,
                                     GError              **error)
{
  GBytes *bytes = NULL;

  if (g_input_stream_set_pending (G_INPUT_STREAM (self), error))
    {
      proctor_stream_reader_give_back (self);
      if (read_question_ask_blocking (self->channel, request, self->watcher, cancellable, error))
        bytes = g_steal_pointer (&request->bytes);
      self->consumed = request->consumed;
      g_input_stream_clear_pending (G_INPUT_STREAM (self));
    }
  read_request_clear (request);
  return bytes;
}

static void
return_bytes (GTask       *task,
              ReadRequest *request,
              GError      *error)
{
  ProctorStreamReader *self = g_task_get_source_object (task);

  self->consumed = request->consumed;
  g_input_stream_clear_pending (G_INPUT_STREAM (self));
  if (error != NULL)
    g_task_return_error (task, error);
  else
    g_task_return_pointer (task, g_steal_pointer (&request->bytes), (GDestroyNotify) g_bytes_unref);
}

/* Takes what @request owns. */
static void
read_async (ProctorStreamReader *self,
            ReadRequest         *request,
            GCancellable        *cancellable,
            GAsyncReadyCallback  callback,
            gpointer             user_data,
            gpointer             source_tag)
{
  g_autoptr(GTask) task = g_task_new (self, cancellable, callback, user_data);
  GError *error = NULL;

  g_task_set_source_tag (task, source_tag);
  /* Whether it was cancelled is decided with the bytes in view: those that were taken out are not
   * thrown away.
   */
  g_task_set_check_cancellable (task, FALSE);
  if (!program_check_not_forked (&error) ||
      !g_input_stream_set_pending (G_INPUT_STREAM (self), &error))
    {
      read_request_clear (request);
      g_task_return_error (task, error);
      return;
    }

  proctor_stream_reader_give_back (self);
  read_question_ask_async (self->channel, request, g_steal_pointer (&task), return_bytes);
}

static GBytes *
read_finish (ProctorStreamReader  *self,
             GAsyncResult         *result,
             gpointer              source_tag,
             GError              **error)
{
  g_return_val_if_fail (g_task_is_valid (result, self), NULL);
  g_return_val_if_fail (g_async_result_is_tagged (result, source_tag), NULL);

  return g_task_propagate_pointer (G_TASK (result), error);
}

/* Text out of bytes that were checked, or NULL for the end; NULL for NULL. Takes @bytes. */
static char *
text_from_bytes (GBytes *bytes)
{
  gsize length;
  const char *data;
  char *text = NULL;

  if (bytes == NULL)
    return NULL;

  data = g_bytes_get_data (bytes, &length);
  if (length > 0)
    text = g_strndup (data, length);
  g_bytes_unref (bytes);
  return text;
}

static gsize
length_of_line (const char *data,
                gsize       length)
{
  const char *end = memchr (data, '\n', length);

  return end != NULL ? (gsize) (end - data) + 1 : length;
}

/* Each line as a slice of the whole. Takes @bytes. */
static GPtrArray *
lines_from_bytes (GBytes *bytes)
{
  g_autoptr(GPtrArray) lines = NULL;
  gsize length;
  const char *data;

  if (bytes == NULL)
    return NULL;

  lines = g_ptr_array_new_with_free_func ((GDestroyNotify) g_bytes_unref);
  data = g_bytes_get_data (bytes, &length);
  for (gsize done = 0; done < length;)
    {
      gsize line = length_of_line (data + done, length - done);

      g_ptr_array_add (lines, g_bytes_new_from_bytes (bytes, done, line));
      done += line;
    }
  g_bytes_unref (bytes);
  return g_steal_pointer (&lines);
}

/* Takes @bytes. */
static GStrv
texts_from_bytes (GBytes *bytes)
{
  g_autoptr(GStrvBuilder) lines = NULL;
  gsize length;
  const char *data;

  if (bytes == NULL)
    return NULL;

  lines = g_strv_builder_new ();
  data = g_bytes_get_data (bytes, &length);
  for (gsize done = 0; done < length;)
    {
      gsize line = length_of_line (data + done, length - done);
      g_autofree char *text = g_strndup (data + done, line);

      g_strv_builder_add (lines, text);
      done += line;
    }
  g_bytes_unref (bytes);
  return g_strv_builder_end (lines);
}

/**
 * proctor_stream_reader_read_line:
 * @self: a reader
 * @cancellable: (nullable): a cancellable
 * @error: return location for an error
 *
 * Reads a line, with its line feed. The last line of the stream may have none.
 *
 * Errors: %PROCTOR_ERROR_LIMIT_OVERRUN if it is longer than the limit; %G_IO_ERROR_PENDING;
 * %G_IO_ERROR_CLOSED;
 * %G_IO_ERROR_CANCELLED; %PROCTOR_ERROR_WOULD_DEADLOCK; %PROCTOR_ERROR_FORKED. After an error the
 * bytes are still held.
 *
 * Thread safety: one reading thread at a time.
 *
 * Returns: (transfer full): the line; empty at the end
 *
 * Since: 1.0
 */
GBytes *
proctor_stream_reader_read_line (ProctorStreamReader  *self,
                                 GCancellable         *cancellable,
                                 GError              **error)
{
  ReadRequest request;

  g_return_val_if_fail (PROCTOR_IS_STREAM_READER (self), NULL);

  request = proctor_stream_reader_new_request (self, READ_LINE);
  return proctor_stream_reader_read_blocking (self, &request, cancellable, error);
}

/**
 * proctor_stream_reader_read_line_async:
 * @self: a reader
 * @cancellable: (nullable): a cancellable
 * @callback: (scope async): called when it is done, in the context that is thread-default now
 * @user_data: data for @callback
 *
 * Reads a line, with its line feed. The last line of the stream may have none. See
 * [method@StreamReader.read_line].
 *
 * Thread safety: one reading thread at a time.
 *
 * Since: 1.0
 */
void
proctor_stream_reader_read_line_async (ProctorStreamReader *self,
                                       GCancellable        *cancellable,
                                       GAsyncReadyCallback  callback,
                                       gpointer             user_data)
{
  ReadRequest request;

  g_return_if_fail (PROCTOR_IS_STREAM_READER (self));

  request = proctor_stream_reader_new_request (self, READ_LINE);
  read_async (self, &request, cancellable, callback, user_data,
              proctor_stream_reader_read_line_async);
}

/**
 * proctor_stream_reader_read_line_finish:
 * @self: a reader
 * @result: what the callback was given
 * @error: return location for an error
 *
 * Takes the result of [method@StreamReader.read_line_async].
 *
 * Errors: see [method@StreamReader.read_line].
 *
 * Thread safety: the callback's thread.
 *
 * Returns: (transfer full): the line; empty at the end
 *
 * Since: 1.0
 */
GBytes *
proctor_stream_reader_read_line_finish (ProctorStreamReader  *self,
                                        GAsyncResult         *result,
                                        GError              **error)
{
  return read_finish (self, result, proctor_stream_reader_read_line_async, error);
}

/**
 * proctor_stream_reader_read_line_utf8:
 * @self: a reader
 * @cancellable: (nullable): a cancellable
 * @error: return location for an error
 *
 * Reads a line as text, with its line feed. The last line of the stream may have none.
 *
 * Errors: %PROCTOR_ERROR_LIMIT_OVERRUN if it is longer than the limit; %G_IO_ERROR_INVALID_DATA if
 * it is not UTF-8; %G_IO_ERROR_PENDING; %G_IO_ERROR_CLOSED; %G_IO_ERROR_CANCELLED;
 * %PROCTOR_ERROR_WOULD_DEADLOCK;
 * %PROCTOR_ERROR_FORKED. After an error the bytes are still held.
 *
 * Thread safety: one reading thread at a time.
 *
 * Returns: (transfer full) (nullable): the line; %NULL without an error at the end
 *
 * Since: 1.0
 */
char *
proctor_stream_reader_read_line_utf8 (ProctorStreamReader  *self,
                                      GCancellable         *cancellable,
                                      GError              **error)
{
  ReadRequest request;

  g_return_val_if_fail (PROCTOR_IS_STREAM_READER (self), NULL);

  request = proctor_stream_reader_new_request (self, READ_LINE);
  request.utf8 = TRUE;
  return text_from_bytes (proctor_stream_reader_read_blocking (self, &request, cancellable, error));
}

/**
 * proctor_stream_reader_read_line_utf8_async:
 * @self: a reader
 * @cancellable: (nullable): a cancellable
 * @callback: (scope async): called when it is done, in the context that is thread-default now
 * @user_data: data for @callback
 *
 * Reads a line as text, with its line feed. The last line of the stream may have none. See
 * [method@StreamReader.read_line_utf8].
 *
 * Thread safety: one reading thread at a time.
 *
 * Since: 1.0
 */
void
proctor_stream_reader_read_line_utf8_async (ProctorStreamReader *self,
                                            GCancellable        *cancellable,
                                            GAsyncReadyCallback  callback,
                                            gpointer             user_data)
{
  ReadRequest request;

  g_return_if_fail (PROCTOR_IS_STREAM_READER (self));

  request = proctor_stream_reader_new_request (self, READ_LINE);
  request.utf8 = TRUE;
  read_async (self, &request, cancellable, callback, user_data,
              proctor_stream_reader_read_line_utf8_async);
}

/**
 * proctor_stream_reader_read_line_utf8_finish:
 * @self: a reader
 * @result: what the callback was given
 * @error: return location for an error
 *
 * Takes the result of [method@StreamReader.read_line_utf8_async].
 *
 * Errors: see [method@StreamReader.read_line_utf8].
 *
 * Thread safety: the callback's thread.
 *
 * Returns: (transfer full) (nullable): the line; %NULL without an error at the end
 *
 * Since: 1.0
 */
char *
proctor_stream_reader_read_line_utf8_finish (ProctorStreamReader  *self,
                                             GAsyncResult         *result,
                                             GError              **error)
{
  return text_from_bytes (
    read_finish (self, result, proctor_stream_reader_read_line_utf8_async, error));
}

/**
 * proctor_stream_reader_read_lines:
 * @self: a reader
 * @cancellable: (nullable): a cancellable
 * @error: return location for an error
 *
 * Reads all the complete lines that are at hand, and waits for one if there is none: one wake-up
 * for many lines.
 *
 * Errors: %PROCTOR_ERROR_LIMIT_OVERRUN if the first is longer than the limit; %G_IO_ERROR_PENDING;
 * %G_IO_ERROR_CLOSED; %G_IO_ERROR_CANCELLED; %PROCTOR_ERROR_WOULD_DEADLOCK; %PROCTOR_ERROR_FORKED.
 * After an error the bytes are still held.
 *
 * Thread safety: one reading thread at a time.
 *
 * Returns: (transfer container) (element-type GBytes): the lines, each with its line feed; none at
 * the end
 *
 * Since: 1.0
 */
GPtrArray *
proctor_stream_reader_read_lines (ProctorStreamReader  *self,
                                  GCancellable         *cancellable,
                                  GError              **error)
{
  ReadRequest request;

  g_return_val_if_fail (PROCTOR_IS_STREAM_READER (self), NULL);

  request = proctor_stream_reader_new_request (self, READ_LINES);
  return lines_from_bytes (
    proctor_stream_reader_read_blocking (self, &request, cancellable, error));
}

/**
 * proctor_stream_reader_read_lines_async:
 * @self: a reader
 * @cancellable: (nullable): a cancellable
 * @callback: (scope async): called when it is done, in the context that is thread-default now
 * @user_data: data for @callback
 *
 * Reads all the complete lines that are at hand, and waits for one if there is none: one wake-up
 * for many lines. See [method@StreamReader.read_lines].
 *
 * Thread safety: one reading thread at a time.
 *
 * Since: 1.0
 */
void
proctor_stream_reader_read_lines_async (ProctorStreamReader *self,
                                        GCancellable        *cancellable,
                                        GAsyncReadyCallback  callback,
                                        gpointer             user_data)
{
  ReadRequest request;

  g_return_if_fail (PROCTOR_IS_STREAM_READER (self));

  request = proctor_stream_reader_new_request (self, READ_LINES);
  read_async (self, &request, cancellable, callback, user_data,
              proctor_stream_reader_read_lines_async);
}

/**
 * proctor_stream_reader_read_lines_finish:
 * @self: a reader
 * @result: what the callback was given
 * @error: return location for an error
 *
 * Takes the result of [method@StreamReader.read_lines_async].
 *
 * Errors: see [method@StreamReader.read_lines].
 *
 * Thread safety: the callback's thread.
 *
 * Returns: (transfer container) (element-type GBytes): the lines, each with its line feed; none at
 * the end
 *
 * Since: 1.0
 */
GPtrArray *
proctor_stream_reader_read_lines_finish (ProctorStreamReader  *self,
                                         GAsyncResult         *result,
                                         GError              **error)
{
  return lines_from_bytes (
    read_finish (self, result, proctor_stream_reader_read_lines_async, error));
}

/**
 * proctor_stream_reader_read_lines_utf8:
 * @self: a reader
 * @cancellable: (nullable): a cancellable
 * @error: return location for an error
 *
 * Reads all the complete lines that are at hand as text, and waits for one if there is none.
 *
 * Errors: %PROCTOR_ERROR_LIMIT_OVERRUN if the first is longer than the limit;
 * %G_IO_ERROR_INVALID_DATA if they are not UTF-8; %G_IO_ERROR_PENDING; %G_IO_ERROR_CLOSED;
 * %G_IO_ERROR_CANCELLED; %PROCTOR_ERROR_WOULD_DEADLOCK;
 * %PROCTOR_ERROR_FORKED. After an error the bytes are still held.
 *
 * Thread safety: one reading thread at a time.
 *
 * Returns: (transfer full): the lines, each with its line feed; none at the end
 *
 * Since: 1.0
 */
GStrv
proctor_stream_reader_read_lines_utf8 (ProctorStreamReader  *self,
                                       GCancellable         *cancellable,
                                       GError              **error)
{
  ReadRequest request;

  g_return_val_if_fail (PROCTOR_IS_STREAM_READER (self), NULL);

  request = proctor_stream_reader_new_request (self, READ_LINES);
  request.utf8 = TRUE;
  return texts_from_bytes (
    proctor_stream_reader_read_blocking (self, &request, cancellable, error));
}

/**
 * proctor_stream_reader_read_lines_utf8_async:
 * @self: a reader
 * @cancellable: (nullable): a cancellable
 * @callback: (scope async): called when it is done, in the context that is thread-default now
 * @user_data: data for @callback
 *
 * Reads all the complete lines that are at hand as text, and waits for one if there is none. See
 * [method@StreamReader.read_lines_utf8].
 *
 * Thread safety: one reading thread at a time.
 *
 * Since: 1.0
 */
void
proctor_stream_reader_read_lines_utf8_async (ProctorStreamReader *self,
                                             GCancellable        *cancellable,
                                             GAsyncReadyCallback  callback,
                                             gpointer             user_data)
{
  ReadRequest request;

  g_return_if_fail (PROCTOR_IS_STREAM_READER (self));

  request = proctor_stream_reader_new_request (self, READ_LINES);
  request.utf8 = TRUE;
  read_async (self, &request, cancellable, callback, user_data,
              proctor_stream_reader_read_lines_utf8_async);
}

/**
 * proctor_stream_reader_read_lines_utf8_finish:
 * @self: a reader
 * @result: what the callback was given
 * @error: return location for an error
 *
 * Takes the result of [method@StreamReader.read_lines_utf8_async].
 *
 * Errors: see [method@StreamReader.read_lines_utf8].
 *
 * Thread safety: the callback's thread.
 *
 * Returns: (transfer full): the lines, each with its line feed; none at the end
 *
 * Since: 1.0
 */
GStrv
proctor_stream_reader_read_lines_utf8_finish (ProctorStreamReader  *self,
                                              GAsyncResult         *result,
                                              GError              **error)
{
  return texts_from_bytes (
    read_finish (self, result, proctor_stream_reader_read_lines_utf8_async, error));
}

/**
 * proctor_stream_reader_read_until:
 * @self: a reader
 * @separator: (array length=separator_length) (element-type guint8): one byte or more
 * @separator_length: how many
 * @cancellable: (nullable): a cancellable
 * @error: return location for an error
 *
 * Reads up to a separator, and it, too.
 *
 * Errors: %PROCTOR_ERROR_LIMIT_OVERRUN if more than the limit is before the separator;
 * %PROCTOR_ERROR_INCOMPLETE_READ if the stream ends before it; %G_IO_ERROR_PENDING;
 * %G_IO_ERROR_CLOSED;
 * %G_IO_ERROR_CANCELLED; %PROCTOR_ERROR_WOULD_DEADLOCK; %PROCTOR_ERROR_FORKED. After an error the
 * bytes are still held.
 *
 * Thread safety: one reading thread at a time.
 *
 * Returns: (transfer full): the bytes with the separator
 *
 * Since: 1.0
 */
GBytes *
proctor_stream_reader_read_until (ProctorStreamReader  *self,
                                  gconstpointer         separator,
                                  gsize                 separator_length,
                                  GCancellable         *cancellable,
                                  GError              **error)
{
  ReadRequest request;

  g_return_val_if_fail (PROCTOR_IS_STREAM_READER (self), NULL);
  g_return_val_if_fail (separator != NULL && separator_length > 0, NULL);

  request = proctor_stream_reader_new_request (self, READ_UNTIL);
  request.separator = g_bytes_new (separator, separator_length);
  return proctor_stream_reader_read_blocking (self, &request, cancellable, error);
}

/**
 * proctor_stream_reader_read_until_async:
 * @self: a reader
 * @separator: (array length=separator_length) (element-type guint8): one byte or more
 * @separator_length: how many
 * @cancellable: (nullable): a cancellable
 * @callback: (scope async): called when it is done, in the context that is thread-default now
 * @user_data: data for @callback
 *
 * Reads up to a separator, and it, too. See [method@StreamReader.read_until].
 *
 * Thread safety: one reading thread at a time.
 *
 * Since: 1.0
 */
void
proctor_stream_reader_read_until_async (ProctorStreamReader *self,
                                        gconstpointer        separator,
                                        gsize                separator_length,
                                        GCancellable        *cancellable,
                                        GAsyncReadyCallback  callback,
                                        gpointer             user_data)
{
  ReadRequest request;

  g_return_if_fail (PROCTOR_IS_STREAM_READER (self));
  g_return_if_fail (separator != NULL && separator_length > 0);

  request = proctor_stream_reader_new_request (self, READ_UNTIL);
  request.separator = g_bytes_new (separator, separator_length);
  read_async (self, &request, cancellable, callback, user_data,
              proctor_stream_reader_read_until_async);
}

/**
 * proctor_stream_reader_read_until_finish:
 * @self: a reader
 * @result: what the callback was given
 * @error: return location for an error
 *
 * Takes the result of [method@StreamReader.read_until_async].
 *
 * Errors: see [method@StreamReader.read_until].
 *
 * Thread safety: the callback's thread.
 *
 * Returns: (transfer full): the bytes with the separator
 *
 * Since: 1.0
 */
GBytes *
proctor_stream_reader_read_until_finish (ProctorStreamReader  *self,
                                         GAsyncResult         *result,
                                         GError              **error)
{
  return read_finish (self, result, proctor_stream_reader_read_until_async, error);
}

/**
 * proctor_stream_reader_read_exactly:
 * @self: a reader
 * @length: how many
 * @cancellable: (nullable): a cancellable
 * @error: return location for an error
 *
 * Reads so many bytes, neither more nor less.
 *
 * Errors: %PROCTOR_ERROR_INCOMPLETE_READ if the stream ends before; %G_IO_ERROR_PENDING;
 * %G_IO_ERROR_CLOSED;
 * %G_IO_ERROR_CANCELLED; %PROCTOR_ERROR_WOULD_DEADLOCK; %PROCTOR_ERROR_FORKED. After an error the
 * bytes are still held.
 *
 * Thread safety: one reading thread at a time.
 *
 * Returns: (transfer full): the bytes
 *
 * Since: 1.0
 */
GBytes *
proctor_stream_reader_read_exactly (ProctorStreamReader  *self,
                                    gsize                 length,
                                    GCancellable         *cancellable,
                                    GError              **error)
{
  ReadRequest request;

  g_return_val_if_fail (PROCTOR_IS_STREAM_READER (self), NULL);

  request = proctor_stream_reader_new_request (self, READ_EXACTLY);
  request.length = length;
  return proctor_stream_reader_read_blocking (self, &request, cancellable, error);
}

/**
 * proctor_stream_reader_read_exactly_async:
 * @self: a reader
 * @length: how many
 * @cancellable: (nullable): a cancellable
 * @callback: (scope async): called when it is done, in the context that is thread-default now
 * @user_data: data for @callback
 *
 * Reads so many bytes, neither more nor less. See [method@StreamReader.read_exactly].
 *
 * Thread safety: one reading thread at a time.
 *
 * Since: 1.0
 */
void
proctor_stream_reader_read_exactly_async (ProctorStreamReader *self,
                                          gsize                length,
                                          GCancellable        *cancellable,
                                          GAsyncReadyCallback  callback,
                                          gpointer             user_data)
{
  ReadRequest request;

  g_return_if_fail (PROCTOR_IS_STREAM_READER (self));

  request = proctor_stream_reader_new_request (self, READ_EXACTLY);
  request.length = length;
  read_async (self, &request, cancellable, callback, user_data,
              proctor_stream_reader_read_exactly_async);
}

/**
 * proctor_stream_reader_read_exactly_finish:
 * @self: a reader
 * @result: what the callback was given
 * @error: return location for an error
 *
 * Takes the result of [method@StreamReader.read_exactly_async].
 *
 * Errors: see [method@StreamReader.read_exactly].
 *
 * Thread safety: the callback's thread.
 *
 * Returns: (transfer full): the bytes
 *
 * Since: 1.0
 */
GBytes *
proctor_stream_reader_read_exactly_finish (ProctorStreamReader  *self,
                                           GAsyncResult         *result,
                                           GError              **error)
{
  return read_finish (self, result, proctor_stream_reader_read_exactly_async, error);
}

/**
 * proctor_stream_reader_read_to_end:
 * @self: a reader
 * @cancellable: (nullable): a cancellable
 * @error: return location for an error
 *
 * Reads everything until the stream ends.
 *
 * Errors: %G_IO_ERROR_PENDING; %G_IO_ERROR_CLOSED; %G_IO_ERROR_CANCELLED;
 * %PROCTOR_ERROR_WOULD_DEADLOCK;
 * %PROCTOR_ERROR_FORKED. After an error the bytes are still held.
 *
 * Thread safety: one reading thread at a time.
 *
 * Returns: (transfer full): the bytes; empty at the end
 *
 * Since: 1.0
 */
GBytes *
proctor_stream_reader_read_to_end (ProctorStreamReader  *self,
                                   GCancellable         *cancellable,
                                   GError              **error)
{
  ReadRequest request;

  g_return_val_if_fail (PROCTOR_IS_STREAM_READER (self), NULL);

  request = proctor_stream_reader_new_request (self, READ_TO_END);
  return proctor_stream_reader_read_blocking (self, &request, cancellable, error);
}

/**
 * proctor_stream_reader_read_to_end_async:
 * @self: a reader
 * @cancellable: (nullable): a cancellable
 * @callback: (scope async): called when it is done, in the context that is thread-default now
 * @user_data: data for @callback
 *
 * Reads everything until the stream ends. See [method@StreamReader.read_to_end].
 *
 * Thread safety: one reading thread at a time.
 *
 * Since: 1.0
 */
void
proctor_stream_reader_read_to_end_async (ProctorStreamReader *self,
                                         GCancellable        *cancellable,
                                         GAsyncReadyCallback  callback,
                                         gpointer             user_data)
{
  ReadRequest request;

  g_return_if_fail (PROCTOR_IS_STREAM_READER (self));

  request = proctor_stream_reader_new_request (self, READ_TO_END);
  read_async (self, &request, cancellable, callback, user_data,
              proctor_stream_reader_read_to_end_async);
}

/**
 * proctor_stream_reader_read_to_end_finish:
 * @self: a reader
 * @result: what the callback was given
 * @error: return location for an error
 *
 * Takes the result of [method@StreamReader.read_to_end_async].
 *
 * Errors: see [method@StreamReader.read_to_end].
 *
 * Thread safety: the callback's thread.
 *
 * Returns: (transfer full): the bytes; empty at the end
 *
 * Since: 1.0
 */
GBytes *
proctor_stream_reader_read_to_end_finish (ProctorStreamReader  *self,
                                          GAsyncResult         *result,
                                          GError              **error)
{
  return read_finish (self, result, proctor_stream_reader_read_to_end_async, error);
}
