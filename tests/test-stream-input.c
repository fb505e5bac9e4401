/* A reader as the GInputStream that it is, and under GIO's own streams.
 *
 * SPDX-License-Identifier: LGPL-2.1-or-later
 */

#include "config.h"

#include "stream-testing.h"

static GBytes *
take_all (gpointer stream)
{
  g_autoptr(GByteArray) all = g_byte_array_new ();

  for (;;)
    {
      g_autoptr(GError) error = NULL;
      g_autoptr(GBytes) bytes = way_read_bytes (stream, 100000, NULL, &error);

      g_assert_no_error (error);
      if (g_bytes_get_size (bytes) == 0)
        return g_byte_array_free_to_bytes (g_steal_pointer (&all));
      g_byte_array_append (all, g_bytes_get_data (bytes, NULL), (guint) g_bytes_get_size (bytes));
    }
}

static void
test_read (void)
{
  g_auto(Talk) talk = { 0 };
  g_autoptr(GError) error = NULL;
  char buffer[8] = "";
  gsize n_read = 0;

  talk_start (&talk, child_command ("cat", NULL), 0);
  g_assert_false (g_input_stream_has_pending (G_INPUT_STREAM (talk.out)));
  /* Nothing, and at once. */
  g_assert_true (way_read_all (talk.out, buffer, 0, &n_read, &error));
  g_assert_cmpint (g_input_stream_read (G_INPUT_STREAM (talk.out), buffer, 0, NULL, &error), ==, 0);
  g_assert_no_error (error);
  feed (&talk, "abc");
  feed (&talk, "defghij");
  assert_takes_bytes (way_read_bytes (talk.out, 2, NULL, &error), "ab");
  g_assert_cmpint (way_skip (talk.out, 2, &error), ==, 2);
  g_assert_true (way_read_all (talk.out, buffer, 3, &n_read, &error));
  g_assert_cmpuint (n_read, ==, 3);
  g_assert_cmpstr (buffer, ==, "efg");
  /* What is there, if it is less than what is wanted. */
  assert_takes_bytes (way_read_bytes (talk.out, 100, NULL, &error), "hij");

  feed (&talk, "end");
  feed_end (&talk);
  g_assert_true (way_read_all (talk.out, buffer, sizeof buffer, &n_read, &error));
  g_assert_cmpuint (n_read, ==, 3);
  g_assert_cmpint (way_skip (talk.out, 5, &error), ==, 0);
  assert_takes_bytes (way_read_bytes (talk.out, 100, NULL, &error), "");
  g_assert_no_error (error);
}

static void
test_all_of_much (void)
{
  g_autoptr(GBytes) expected = make_pattern (5 * MIB + 3, 8);
  g_autoptr(GBytes) bytes = NULL;
  g_autoptr(GError) error = NULL;
  g_autofree char *buffer = g_malloc (6 * MIB);
  gsize n_read = 0;
  g_auto(Talk) first = { 0 };
  g_auto(Talk) second = { 0 };

  talk_start (&first, child_command ("pattern", "5242883", "8", NULL), 0);
  bytes = take_all (first.out);
  assert_same_bytes (bytes, expected);

  talk_start (&second, child_command ("pattern", "5242883", "8", NULL), 777);
  g_assert_true (way_read_all (second.out, buffer, 6 * MIB, &n_read, &error));
  g_assert_no_error (error);
  g_assert_cmpuint (n_read, ==, 5 * MIB + 3);
  g_assert_true (memcmp (buffer, g_bytes_get_data (expected, NULL), n_read) == 0);
}

/* Large reads, which a blocked thread does by itself, among small ones, exact ones and looks. */
static void
test_large_and_small (void)
{
  static const gsize sizes[] = {
    256 * 1024, 300 * 1024, 100, 32 * 1024, 64 * 1024, 1, 1024 * 1024
  };
  gsize total = (gsize) scaled (32) * MIB;
  g_autofree char *text = g_strdup_printf ("%" G_GSIZE_FORMAT, total);
  g_autoptr(GBytes) expected = make_pattern (total, 5);
  g_autoptr(GByteArray) actual = g_byte_array_new ();
  g_autoptr(GBytes) actual_bytes = NULL;
  g_auto(Talk) talk = { 0 };
  gsize length = 1;

  talk_start (&talk, child_command ("pattern", text, "5", NULL), 0);
  for (guint i = 0; length > 0; i++)
    {
      gsize size = sizes[i % G_N_ELEMENTS (sizes)];
      g_autoptr(GError) error = NULL;
      g_autoptr(GBytes) bytes = NULL;

      if (i % 11 == 10 && actual->len + size <= total)
        bytes = way_read_exactly (talk.out, size, NULL, &error);
      else
        bytes = way_read_bytes (talk.out, size, NULL, &error);
      g_assert_no_error (error);
      length = g_bytes_get_size (bytes);
      g_byte_array_append (actual, g_bytes_get_data (bytes, NULL), (guint) length);
      if (i % 13 == 12)
        g_pollable_input_stream_is_readable (G_POLLABLE_INPUT_STREAM (talk.out));
    }

  actual_bytes = g_byte_array_free_to_bytes (g_steal_pointer (&actual));
  assert_same_bytes (actual_bytes, expected);
  g_assert_true (proctor_stream_reader_at_eof (talk.out));
  assert_returncode (talk.process, 0);
}

/* After such a read nobody needs to read for it to be seen that there is more, and that it ends. */
static void
test_look_after_large_read (void)
{
  g_auto(Talk) talk = { 0 };

  for (guint i = 0; i < 20; i++)
    {
      g_autoptr(GError) error = NULL;
      g_autoptr(GBytes) bytes = NULL;

      talk_start (&talk, child_command ("cat", NULL), 0);
      queue_text (talk.in, "one");
      bytes = way_read_bytes (talk.out, MIB, NULL, &error);
      g_assert_no_error (error);
      assert_bytes (bytes, "one");

      feed (&talk, "two");
      await (g_pollable_input_stream_is_readable (G_POLLABLE_INPUT_STREAM (talk.out)));
      g_bytes_unref (bytes);
      bytes = way_read_bytes (talk.out, MIB, NULL, &error);
      g_assert_no_error (error);
      assert_bytes (bytes, "two");

      feed_end (&talk);
      await (proctor_stream_reader_at_eof (talk.out));
      talk_clear (&talk);
    }
}

static void
test_skip_much (void)
{
  g_auto(Talk) talk = { 0 };
  g_autoptr(GError) error = NULL;
  gsize skipped = 0;
  gssize now;

  talk_start (&talk, child_command ("pattern", "3000000", NULL), 1000);
  while ((now = way_skip (talk.out, 5000000 - skipped, &error)) > 0)
    skipped += (gsize) now;
  g_assert_no_error (error);
  g_assert_cmpuint (skipped, ==, 3000000);
  g_assert_true (proctor_stream_reader_at_eof (talk.out));
}

static void
test_close (void)
{
  g_auto(Talk) talk = { 0 };
  g_autoptr(GError) error = NULL;
  char byte;

  talk_start (&talk, child_command ("cat", NULL), 0);
  feed (&talk, "unread");
  g_assert_true (way_close_reader (talk.out, &error));
  g_assert_no_error (error);
  g_assert_true (way_close_reader (talk.out, &error));
  g_assert_null (way_read_bytes (talk.out, 1, NULL, &error));
  g_assert_error (error, G_IO_ERROR, G_IO_ERROR_CLOSED);
  g_clear_error (&error);
  g_assert_cmpint (g_pollable_input_stream_read_nonblocking (G_POLLABLE_INPUT_STREAM (talk.out),
                                                             &byte, 1, NULL, &error),
                   ==, -1);
  g_assert_error (error, G_IO_ERROR, G_IO_ERROR_CLOSED);
  g_clear_error (&error);
  g_assert_null (way_read_to_end (talk.out, NULL, &error));
  g_assert_error (error, G_IO_ERROR, G_IO_ERROR_CLOSED);

  /* The next write of the child is its last. */
  queue_text (talk.in, "for nobody");
  assert_returncode (talk.process, -SIGPIPE);
}

static void
test_cancel (void)
{
  g_auto(Talk) talk = { 0 };
  g_autoptr(GCancellable) cancellable = g_cancellable_new ();
  g_autoptr(GError) error = NULL;
  Canceller canceller;

  talk_start (&talk, child_command ("cat", NULL), 0);
  canceller_start (&canceller, cancellable, 3000);
  g_assert_null (way_read_bytes (talk.out, 10, cancellable, &error));
  g_assert_error (error, G_IO_ERROR, G_IO_ERROR_CANCELLED);
  g_clear_error (&error);
  canceller_join (&canceller);
  queue_text (talk.in, "later");
  assert_takes_bytes (way_read_bytes (talk.out, 10, NULL, &error), "later");
  feed_end (&talk);
}

/* ---- under GIO's streams */

static void
test_splice (void)
{
  g_auto(Talk) talk = { 0 };
  g_autoptr(GBytes) expected = make_pattern (2 * MIB + 1, 4);
  g_autoptr(GOutputStream) memory = g_memory_output_stream_new_resizable ();
  g_autoptr(GBytes) bytes = NULL;
  g_autoptr(GError) error = NULL;

  talk_start (&talk, child_command ("pattern", "2097153", "4", NULL), 5000);
  g_assert_cmpint (way_splice (memory, talk.out,
                               G_OUTPUT_STREAM_SPLICE_CLOSE_SOURCE |
                                 G_OUTPUT_STREAM_SPLICE_CLOSE_TARGET,
                               &error),
                   ==, 2 * MIB + 1);
  g_assert_no_error (error);
  bytes = g_memory_output_stream_steal_as_bytes (G_MEMORY_OUTPUT_STREAM (memory));
  assert_same_bytes (bytes, expected);
  g_assert_true (g_input_stream_is_closed (G_INPUT_STREAM (talk.out)));
}

static char *
way_data_line (GDataInputStream  *data,
               gsize             *length,
               GError           **error)
{
  g_auto(Reply) reply = { 0 };

  if (!way->is_async)
    return g_data_input_stream_read_line (data, length, NULL, error);

  reply_init (&reply);
  g_data_input_stream_read_line_async (data, G_PRIORITY_DEFAULT, NULL, reply_arrived, &reply);
  return g_data_input_stream_read_line_finish (data, reply_wait (&reply), length, error);
}

static void
test_data_stream (void)
{
  g_auto(Talk) talk = { 0 };
  g_autoptr(GDataInputStream) data = NULL;
  g_autoptr(GError) error = NULL;
  char *line;
  gsize length;

  talk_start (&talk, child_command ("lines", "2000", NULL), 100);
  data = g_data_input_stream_new (G_INPUT_STREAM (talk.out));
  for (guint i = 0; i < 2000; i++)
    {
      char expected[32];

      g_snprintf (expected, sizeof expected, "line %u", i);
      line = way_data_line (data, &length, &error);
      g_assert_no_error (error);
      g_assert_cmpstr (line, ==, expected);
      g_free (line);
    }
  g_assert_null (way_data_line (data, &length, &error));
  g_assert_no_error (error);
}

static GBytes *
compress (GBytes *bytes)
{
  g_autoptr(GOutputStream) memory = g_memory_output_stream_new_resizable ();
  g_autoptr(GConverter) compressor =
    G_CONVERTER (g_zlib_compressor_new (G_ZLIB_COMPRESSOR_FORMAT_GZIP, 1));
  g_autoptr(GOutputStream) stream = g_converter_output_stream_new (memory, compressor);

  g_assert_true (g_output_stream_write_all (stream, g_bytes_get_data (bytes, NULL),
                                            g_bytes_get_size (bytes), NULL, NULL, NULL));
  g_assert_true (g_output_stream_close (stream, NULL, NULL));
  return g_memory_output_stream_steal_as_bytes (G_MEMORY_OUTPUT_STREAM (memory));
}

static void
test_converter (void)
{
  g_auto(Talk) talk = { 0 };
  g_autoptr(GBytes) expected = make_pattern (700000, 2);
  g_autoptr(GBytes) packed = compress (expected);
  g_autoptr(GConverter) unpacker =
    G_CONVERTER (g_zlib_decompressor_new (G_ZLIB_COMPRESSOR_FORMAT_GZIP));
  g_autoptr(GInputStream) stream = NULL;
  g_autoptr(GBytes) bytes = NULL;

  talk_start (&talk, child_command ("cat", NULL), 3000);
  proctor_stream_writer_queue_bytes (talk.in, packed);
  proctor_stream_writer_write_eof (talk.in);
  stream = g_converter_input_stream_new (G_INPUT_STREAM (talk.out), unpacker);
  bytes = take_all (stream);
  assert_same_bytes (bytes, expected);
}

/* ---- polled */

typedef struct
{
  GByteArray *all;
  guint n_calls;
  guint n_pending; /* of them, while another read was going on */
  gboolean ended;
} Polled;

static gboolean
polled_ready (GObject  *stream,
              gpointer  data)
{
  Polled *self = data;
  g_autoptr(GError) error = NULL;
  char buffer[5000];
  gssize length;

  self->n_calls++;
  length = g_pollable_input_stream_read_nonblocking (G_POLLABLE_INPUT_STREAM (stream), buffer,
                                                     sizeof buffer, NULL, &error);
  if (length < 0)
    {
      self->n_pending += g_error_matches (error, G_IO_ERROR, G_IO_ERROR_PENDING);
      if (!g_error_matches (error, G_IO_ERROR, G_IO_ERROR_PENDING))
        g_assert_error (error, G_IO_ERROR, G_IO_ERROR_WOULD_BLOCK);
      return G_SOURCE_CONTINUE;
    }
  g_byte_array_append (self->all, (const guint8 *) buffer, (guint) length);
  self->ended = length == 0;
  return G_SOURCE_CONTINUE;
}

static void
test_pollable (void)
{
  GMainContext *context = g_main_context_get_thread_default ();
  g_auto(Talk) talk = { 0 };
  g_autoptr(GBytes) expected = make_pattern (300000, 6);
  g_autoptr(GBytes) bytes = NULL;
  g_autoptr(GError) error = NULL;
  Polled polled = { .all = g_byte_array_new () };
  GPollableInputStream *pollable;
  GSource *source;
  char byte;

  talk_start (&talk, child_command ("cat", NULL), 2000);
  pollable = G_POLLABLE_INPUT_STREAM (talk.out);
  g_assert_true (g_pollable_input_stream_can_poll (pollable));
  g_assert_false (g_pollable_input_stream_is_readable (pollable));
  g_assert_cmpint (g_pollable_input_stream_read_nonblocking (pollable, &byte, 1, NULL, &error), ==,
                   -1);
  g_assert_error (error, G_IO_ERROR, G_IO_ERROR_WOULD_BLOCK);
  g_clear_error (&error);

  source = g_pollable_input_stream_create_source (pollable, NULL);
  g_source_set_callback (source, (GSourceFunc) (void (*) (void)) polled_ready, &polled, NULL);
  g_source_attach (source, context);
  for (guint i = 0; i < 50; i++)
    g_main_context_iteration (context, FALSE);
  g_assert_cmpuint (polled.n_calls, ==, 0);

  proctor_stream_writer_queue_bytes (talk.in, expected);
  proctor_stream_writer_write_eof (talk.in);
  while (!polled.ended)
    g_main_context_iteration (context, TRUE);
  g_source_destroy (source);
  g_source_unref (source);
  g_assert_true (g_pollable_input_stream_is_readable (pollable));
  g_assert_cmpint (g_pollable_input_stream_read_nonblocking (pollable, &byte, 1, NULL, &error), ==,
                   0);

  bytes = g_byte_array_free_to_bytes (polled.all);
  assert_same_bytes (bytes, expected);
}

/* A source outlives its stream's process, and is made where lines have been lent. */
static void
test_pollable_after_lines (void)
{
  g_auto(Talk) talk = { 0 };
  g_autoptr(GCancellable) cancellable = g_cancellable_new ();
  g_autoptr(GError) error = NULL;
  GMainContext *context = g_main_context_get_thread_default ();
  Polled polled = { .all = g_byte_array_new () };
  GSource *source;
  const char *line;
  gsize length;

  talk_start (&talk, child_command ("cat", NULL), 0);
  feed (&talk, "one\ntwo\nthree\n");
  g_assert_true (proctor_stream_reader_next_line (talk.out, &line, &length, NULL, &error));
  g_assert_true (proctor_stream_reader_next_line (talk.out, &line, &length, NULL, &error));
  g_assert_true (g_pollable_input_stream_is_readable (G_POLLABLE_INPUT_STREAM (talk.out)));
  source = g_pollable_input_stream_create_source (G_POLLABLE_INPUT_STREAM (talk.out), cancellable);
  g_source_set_callback (source, (GSourceFunc) (void (*) (void)) polled_ready, &polled, NULL);
  g_source_attach (source, context);
  while (polled.all->len < 6)
    g_main_context_iteration (context, TRUE);
  g_assert_cmpmem (polled.all->data, polled.all->len, "three\n", 6);

  /* Cancelled, a source is ready. */
  polled.n_calls = 0;
  g_cancellable_cancel (cancellable);
  while (polled.n_calls == 0)
    g_main_context_iteration (context, TRUE);
  g_source_destroy (source);
  g_source_unref (source);
  g_byte_array_unref (polled.all);
  feed_end (&talk);
}

/* A line at each wake-up, though the reader takes many at once out of what it holds: the source
 * goes on to be ready for the others.
 */
typedef struct
{
  guint n_lines;
  gboolean ended;
} PolledLines;

static gboolean
next_line_ready (GObject  *stream,
                 gpointer  data)
{
  PolledLines *self = data;
  g_autoptr(GError) error = NULL;
  const char *line;
  gsize length;

  g_assert_true (g_pollable_input_stream_is_readable (G_POLLABLE_INPUT_STREAM (stream)));
  self->ended =
    !proctor_stream_reader_next_line (PROCTOR_STREAM_READER (stream), &line, &length, NULL, &error);
  g_assert_no_error (error);
  self->n_lines += !self->ended;
  return G_SOURCE_CONTINUE;
}

static void
test_pollable_by_lines (void)
{
  g_auto(Talk) talk = { 0 };
  GMainContext *context = g_main_context_get_thread_default ();
  PolledLines polled = { 0 };
  GSource *source;

  talk_start (&talk, child_command ("cat", NULL), 0);
  source = g_pollable_input_stream_create_source (G_POLLABLE_INPUT_STREAM (talk.out), NULL);
  g_source_set_callback (source, (GSourceFunc) (void (*) (void)) next_line_ready, &polled, NULL);
  feed (&talk, "one\ntwo\nthree\nfour\n");
  g_source_attach (source, context);
  while (polled.n_lines < 4)
    g_main_context_iteration (context, TRUE);
  g_assert_cmpuint (proctor_stream_reader_get_buffered (talk.out), ==, 0);
  g_assert_false (g_pollable_input_stream_is_readable (G_POLLABLE_INPUT_STREAM (talk.out)));

  feed (&talk, "five\nsix\n");
  while (polled.n_lines < 5)
    g_main_context_iteration (context, TRUE);
  g_assert_cmpuint (proctor_stream_reader_get_buffered (talk.out), ==, strlen ("six\n"));
  while (polled.n_lines < 6)
    g_main_context_iteration (context, TRUE);
  g_assert_cmpuint (proctor_stream_reader_get_buffered (talk.out), ==, 0);
  feed_end (&talk);
  while (!polled.ended)
    g_main_context_iteration (context, TRUE);
  g_source_destroy (source);
  g_source_unref (source);
}

/* What comes while a read waits for more than that makes a source ready, too: the read may be
 * cancelled.
 */
static void
test_pollable_beside_a_read (void)
{
  g_auto(Talk) talk = { 0 };
  g_auto(Reply) reply = { 0 };
  g_autoptr(GCancellable) cancellable = g_cancellable_new ();
  g_autoptr(GError) error = NULL;
  GMainContext *context = g_main_context_get_thread_default ();
  Polled polled = { .all = g_byte_array_new () };
  GSource *source;

  talk_start (&talk, child_command ("cat", NULL), 0);
  source = g_pollable_input_stream_create_source (G_POLLABLE_INPUT_STREAM (talk.out), NULL);
  g_source_set_callback (source, (GSourceFunc) (void (*) (void)) polled_ready, &polled, NULL);
  reply_init (&reply);
  proctor_stream_reader_read_line_async (talk.out, cancellable, reply_arrived, &reply);
  g_source_attach (source, context);
  for (guint i = 0; i < 20; i++)
    g_main_context_iteration (context, FALSE);
  g_assert_cmpuint (polled.n_calls, ==, 0);
  feed (&talk, "no end");
  while (polled.n_pending == 0)
    g_main_context_iteration (context, TRUE);
  g_cancellable_cancel (cancellable);
  g_assert_null (
    proctor_stream_reader_read_line_finish (talk.out, reply_wait (&reply), &error));
  g_assert_error (error, G_IO_ERROR, G_IO_ERROR_CANCELLED);
  while (polled.all->len < 6)
    g_main_context_iteration (context, TRUE);
  g_assert_cmpmem (polled.all->data, polled.all->len, "no end", 6);
  g_source_destroy (source);
  g_source_unref (source);
  g_byte_array_unref (polled.all);
  feed_end (&talk);
}

/* Bytes through two children: one's reader into the other's writer, as slowly as the second one
 * reads.
 */
static void
test_splice_into_writer (void)
{
  g_autoptr(GBytes) pattern = make_pattern (8 * MIB, 12);
  g_autofree char *gate = work_path ("gate");
  g_autofree char *expected = NULL;
  g_autoptr(GError) error = NULL;
  g_auto(Reply) reply = { 0 };
  g_auto(Talk) from = { 0 };
  g_auto(Talk) to = { 0 };

  expected =
    digest_text (8 * MIB, digest_add (DIGEST_START, g_bytes_get_data (pattern, NULL), 8 * MIB));
  talk_start (&from, child_command ("pattern", "8388608", "12", NULL), 10000);
  talk_start (&to, child_command ("gate", gate, "digest", NULL), 0);
  reply_init (&reply);
  g_output_stream_splice_async (G_OUTPUT_STREAM (to.in), G_INPUT_STREAM (from.out),
                                G_OUTPUT_STREAM_SPLICE_CLOSE_SOURCE |
                                  G_OUTPUT_STREAM_SPLICE_CLOSE_TARGET,
                                G_PRIORITY_DEFAULT, NULL, reply_arrived, &reply);
  await_no_room (to.in);
  for (guint i = 0; i < 50; i++)
    {
      g_main_context_iteration (reply.context, FALSE);
      g_assert_cmpuint (proctor_stream_writer_get_write_buffer_size (to.in), <=,
                        64 * KIB + 16 * KIB);
    }
  g_free (work_file ("gate", ""));
  g_assert_cmpint (g_output_stream_splice_finish (G_OUTPUT_STREAM (to.in), reply_wait (&reply),
                                                  &error),
                   ==, 8 * MIB);
  g_assert_no_error (error);
  assert_rest (&to, expected);
  assert_returncode (from.process, 0);
  assert_returncode (to.process, 0);
}

int
main (int    argc,
      char **argv)
{
  static const ApiTest tests[] = {
    { "read", test_read, ALL_WAYS },
    { "all-of-much", test_all_of_much, ALL_WAYS },
    { "large-and-small", test_large_and_small, ALL_WAYS },
    { "look-after-large-read", test_look_after_large_read, ALL_WAYS },
    { "skip-much", test_skip_much, ALL_WAYS },
    { "close", test_close, ALL_WAYS },
    { "cancel", test_cancel, ALL_WAYS },
    { "splice", test_splice, ALL_WAYS },
    { "data-stream", test_data_stream, ALL_WAYS },
    { "converter", test_converter, ALL_WAYS },
    { "pollable", test_pollable, ALL_WAYS },
    { "pollable-after-lines", test_pollable_after_lines, ALL_WAYS },
    { "pollable-by-lines", test_pollable_by_lines, ALL_WAYS },
    { "pollable-beside-a-read", test_pollable_beside_a_read, ALL_WAYS },
    { "splice-into-writer", test_splice_into_writer, ALL_WAYS },
  };

  return RUN_API_TESTS (argc, argv, "stream-input", tests);
}
