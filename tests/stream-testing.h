/* For tests of the streams: each operation in the current way, and a child to talk to.
 *
 * SPDX-License-Identifier: LGPL-2.1-or-later
 */

#pragma once

#include "api-testing.h"

#define KIB ((gsize) 1024)
#define MIB ((gsize) 1024 * 1024)

/* ---- the operations, in the current way */

#define DEFINE_WAY_READ(Type, name) \
  G_GNUC_UNUSED static Type \
  way_ ## name (ProctorStreamReader  *reader, \
                GCancellable         *cancellable, \
                GError              **error) \
  { \
    g_auto(Reply) reply = { 0 }; \
    \
    if (!way->is_async) \
      return proctor_stream_reader_ ## name (reader, cancellable, error); \
    \
    reply_init (&reply); \
    proctor_stream_reader_ ## name ## _async (reader, cancellable, reply_arrived, &reply); \
    g_assert_null (reply.result); \
    return proctor_stream_reader_ ## name ## _finish (reader, reply_wait (&reply), error); \
  }

DEFINE_WAY_READ (GBytes *, read_line)
DEFINE_WAY_READ (char *, read_line_utf8)
DEFINE_WAY_READ (GPtrArray *, read_lines)
DEFINE_WAY_READ (GStrv, read_lines_utf8)
DEFINE_WAY_READ (GBytes *, read_to_end)

static inline GBytes *
way_read_until (ProctorStreamReader  *reader,
                const char           *separator,
                GCancellable         *cancellable,
                GError              **error)
{
  g_auto(Reply) reply = { 0 };
  gsize length = strlen (separator);

  if (!way->is_async)
    return proctor_stream_reader_read_until (reader, separator, length, cancellable, error);

  reply_init (&reply);
  proctor_stream_reader_read_until_async (reader, separator, length, cancellable, reply_arrived,
                                          &reply);
  return proctor_stream_reader_read_until_finish (reader, reply_wait (&reply), error);
}

static inline GBytes *
way_read_exactly (ProctorStreamReader  *reader,
                  gsize                 length,
                  GCancellable         *cancellable,
                  GError              **error)
{
  g_auto(Reply) reply = { 0 };

  if (!way->is_async)
    return proctor_stream_reader_read_exactly (reader, length, cancellable, error);

  reply_init (&reply);
  proctor_stream_reader_read_exactly_async (reader, length, cancellable, reply_arrived, &reply);
  return proctor_stream_reader_read_exactly_finish (reader, reply_wait (&reply), error);
}

/* Not GIO's own asynchronous one, which throws away what it has read when it is cancelled just
 * then.
 */
static inline GBytes *
way_read_bytes (gpointer       stream,
                gsize          count,
                GCancellable  *cancellable,
                GError       **error)
{
  g_auto(Reply) reply = { 0 };
  g_autofree guint8 *buffer = NULL;
  gssize n_read;

  if (!way->is_async)
    return g_input_stream_read_bytes (stream, count, cancellable, error);

  buffer = g_malloc (count);
  reply_init (&reply);
  g_input_stream_read_async (stream, buffer, count, G_PRIORITY_DEFAULT, cancellable, reply_arrived,
                             &reply);
  n_read = g_input_stream_read_finish (stream, reply_wait (&reply), error);
  return n_read >= 0 ? g_bytes_new (buffer, (gsize) n_read) : NULL;
}

static inline gssize
way_skip (gpointer       stream,
          gsize          count,
          GError       **error)
{
  g_auto(Reply) reply = { 0 };

  if (!way->is_async)
    return g_input_stream_skip (stream, count, NULL, error);

  reply_init (&reply);
  g_input_stream_skip_async (stream, count, G_PRIORITY_DEFAULT, NULL, reply_arrived, &reply);
  return g_input_stream_skip_finish (stream, reply_wait (&reply), error);
}

static inline gboolean
way_read_all (gpointer   stream,
              void      *buffer,
              gsize      count,
              gsize     *n_read,
              GError   **error)
{
  g_auto(Reply) reply = { 0 };

  if (!way->is_async)
    return g_input_stream_read_all (stream, buffer, count, n_read, NULL, error);

  reply_init (&reply);
  g_input_stream_read_all_async (stream, buffer, count, G_PRIORITY_DEFAULT, NULL, reply_arrived,
                                 &reply);
  return g_input_stream_read_all_finish (stream, reply_wait (&reply), n_read, error);
}

static inline gboolean
way_close_reader (gpointer   stream,
                  GError   **error)
{
  g_auto(Reply) reply = { 0 };

  if (!way->is_async)
    return g_input_stream_close (stream, NULL, error);

  reply_init (&reply);
  g_input_stream_close_async (stream, G_PRIORITY_DEFAULT, NULL, reply_arrived, &reply);
  return g_input_stream_close_finish (stream, reply_wait (&reply), error);
}

static inline gssize
way_splice (gpointer                   out,
            gpointer                   in,
            GOutputStreamSpliceFlags   flags,
            GError                   **error)
{
  g_auto(Reply) reply = { 0 };

  if (!way->is_async)
    return g_output_stream_splice (out, in, flags, NULL, error);

  reply_init (&reply);
  g_output_stream_splice_async (out, in, flags, G_PRIORITY_DEFAULT, NULL, reply_arrived, &reply);
  return g_output_stream_splice_finish (out, reply_wait (&reply), error);
}

static inline gboolean
way_drain (ProctorStreamWriter  *writer,
           GCancellable         *cancellable,
           GError              **error)
{
  g_auto(Reply) reply = { 0 };

  if (!way->is_async)
    return proctor_stream_writer_drain (writer, cancellable, error);

  reply_init (&reply);
  proctor_stream_writer_drain_async (writer, cancellable, reply_arrived, &reply);
  g_assert_null (reply.result);
  return proctor_stream_writer_drain_finish (writer, reply_wait (&reply), error);
}

static inline gboolean
way_write_all (gpointer        stream,
               const void     *data,
               gsize           length,
               gsize          *written,
               GCancellable   *cancellable,
               GError        **error)
{
  g_auto(Reply) reply = { 0 };

  if (!way->is_async)
    return g_output_stream_write_all (stream, data, length, written, cancellable, error);

  reply_init (&reply);
  g_output_stream_write_all_async (stream, data, length, G_PRIORITY_DEFAULT, cancellable,
                                   reply_arrived, &reply);
  return g_output_stream_write_all_finish (stream, reply_wait (&reply), written, error);
}

static inline gboolean
way_flush (gpointer        stream,
           GCancellable   *cancellable,
           GError        **error)
{
  g_auto(Reply) reply = { 0 };

  if (!way->is_async)
    return g_output_stream_flush (stream, cancellable, error);

  reply_init (&reply);
  g_output_stream_flush_async (stream, G_PRIORITY_DEFAULT, cancellable, reply_arrived, &reply);
  return g_output_stream_flush_finish (stream, reply_wait (&reply), error);
}

static inline gboolean
way_close_writer (gpointer        stream,
                  GCancellable   *cancellable,
                  GError        **error)
{
  g_auto(Reply) reply = { 0 };

  if (!way->is_async)
    return g_output_stream_close (stream, cancellable, error);

  reply_init (&reply);
  g_output_stream_close_async (stream, G_PRIORITY_DEFAULT, cancellable, reply_arrived, &reply);
  return g_output_stream_close_finish (stream, reply_wait (&reply), error);
}

/* ---- what tests of streams say often */

/* A child with stdin and stdout; its streams are borrowed from it. */
typedef struct
{
  ProctorProcess *process;
  ProctorStreamWriter *in;
  ProctorStreamReader *out;
} Talk;

/* Takes @command; @limit 0: the default. */
static inline void
talk_start (Talk           *self,
            ProctorCommand *command,
            gsize           limit)
{
  proctor_command_set_stdin (command, PROCTOR_STDIO_PIPE);
  proctor_command_set_stdout (command, PROCTOR_STDIO_PIPE);
  if (limit > 0)
    proctor_command_set_limit (command, limit);
  self->process = spawn_or_abort (command);
  self->in = proctor_process_get_stdin (self->process);
  self->out = proctor_process_get_stdout (self->process);
  g_assert_true (PROCTOR_IS_STREAM_WRITER (self->in));
  g_assert_true (PROCTOR_IS_STREAM_READER (self->out));
  g_object_unref (command);
}

static inline void
talk_clear (Talk *self)
{
  g_clear_object (&self->process);
}

G_DEFINE_AUTO_CLEANUP_CLEAR_FUNC (Talk, talk_clear)

static inline void
talk_kill (Talk *self)
{
  g_assert_true (proctor_process_kill (self->process, NULL));
  assert_returncode (self->process, -SIGKILL);
}

static inline void
queue_text (ProctorStreamWriter *writer,
            const char          *text)
{
  proctor_stream_writer_queue (writer, text, strlen (text));
}

/* Waits for what another thread or the child does; the context of the test goes on meanwhile. */
#define await(condition) \
  G_STMT_START \
  { \
    gint64 await_deadline_ = g_get_monotonic_time () + 60 * G_TIME_SPAN_SECOND; \
    while (!(condition)) \
      { \
        g_assert_cmpint (g_get_monotonic_time (), <, await_deadline_); \
        g_main_context_iteration (g_main_context_get_thread_default (), FALSE); \
        g_usleep (200); \
      } \
  } \
  G_STMT_END

/* Without a turn of the context: what is attached to it might take the bytes. */
static inline void
await_buffered (ProctorStreamReader *reader,
                gsize                length)
{
  gint64 deadline = g_get_monotonic_time () + 60 * G_TIME_SPAN_SECOND;

  while (proctor_stream_reader_get_buffered (reader) < length)
    {
      g_assert_cmpint (g_get_monotonic_time (), <, deadline);
      g_usleep (200);
    }
}

/* Until no more goes in, for 30 looks in a row: the child does not read, and its pipe is full. */
static inline void
await_no_room (ProctorStreamWriter *writer)
{
  for (guint n_looks = 0; n_looks < 30;)
    {
      await (!g_pollable_output_stream_is_writable (G_POLLABLE_OUTPUT_STREAM (writer)));
      g_main_context_iteration (g_main_context_get_thread_default (), FALSE);
      g_usleep (500);
      n_looks =
        g_pollable_output_stream_is_writable (G_POLLABLE_OUTPUT_STREAM (writer)) ? 0 : n_looks + 1;
    }
}

/* To a cat, whose output is read: the bytes are there when this returns, in a chunk of their own.
 */
static inline void
feed (Talk       *self,
      const char *text)
{
  gsize before = proctor_stream_reader_get_buffered (self->out);

  queue_text (self->in, text);
  await_buffered (self->out, before + strlen (text));
}

/* No more will come, and the reader knows it. */
static inline void
feed_end (Talk *self)
{
  proctor_stream_writer_write_eof (self->in);
  assert_returncode (self->process, 0);
}

/* Takes @bytes. */
static inline void
assert_takes_bytes (GBytes     *bytes,
                    const char *text)
{
  assert_bytes (bytes, text);
  g_bytes_unref (bytes);
}

static inline void
assert_line (Talk       *self,
             const char *text)
{
  g_autoptr(GError) error = NULL;
  GBytes *line = way_read_line (self->out, NULL, &error);

  g_assert_no_error (error);
  assert_takes_bytes (line, text);
}

static inline void
assert_rest (Talk       *self,
             const char *text)
{
  g_autoptr(GError) error = NULL;
  GBytes *rest = way_read_to_end (self->out, NULL, &error);

  g_assert_no_error (error);
  assert_takes_bytes (rest, text);
}

/* FNV-1a, as mode_digest of the test child. */
static inline guint64
digest_add (guint64       digest,
            const guint8 *data,
            gsize         length)
{
  for (gsize i = 0; i < length; i++)
    digest = (digest ^ data[i]) * G_GUINT64_CONSTANT (1099511628211);
  return digest;
}

#define DIGEST_START G_GUINT64_CONSTANT (14695981039346656037)

static inline char *
digest_text (gsize   length,
             guint64 digest)
{
  return g_strdup_printf ("%" G_GSIZE_FORMAT " %016" G_GINT64_MODIFIER "x\n", length, digest);
}

/* Whether there was one; NULL: none is expected. */
static inline gboolean
next_line (Talk       *talk,
           const char *expected)
{
  g_autoptr(GError) error = NULL;
  const char *line = NULL;
  gsize length = 0;

  if (!proctor_stream_reader_next_line (talk->out, &line, &length, NULL, &error))
    {
      g_assert_no_error (error);
      g_assert_null (expected);
      return FALSE;
    }
  g_assert_nonnull (expected);
  g_assert_cmpmem (line, length, expected, strlen (expected));
  return TRUE;
}

static inline void
assert_digest (Talk    *talk,
               gsize    length,
               guint64  digest)
{
  g_autofree char *expected = digest_text (length, digest);

  assert_rest (talk, expected);
  assert_returncode (talk->process, 0);
}

/* A child that reads nothing before the gate is opened, and as much in its pipe as that holds. */
static inline void
start_behind_gate (Talk *talk)
{
  g_autofree char *gate = work_path ("gate");

  talk_start (talk, child_command ("gate", gate, "digest", NULL), 0);
}

static inline void
open_gate (void)
{
  g_free (work_file ("gate", ""));
}

static inline gpointer
open_gate_thread (gpointer data)
{
  g_usleep (5000);
  open_gate ();
  return NULL;
}

/* The state of a process as a letter, see proc(5): `S` sleeps, `R` runs. */
static inline char
process_letter (GPid pid)
{
  g_autofree char *path = g_strdup_printf ("/proc/%d/stat", (int) pid);
  g_autofree char *stat = NULL;
  const char *behind;

  g_assert_true (g_file_get_contents (path, &stat, NULL, NULL));
  behind = strrchr (stat, ')');
  g_assert_nonnull (behind);
  return behind[2];
}
