/* What asyncio's StreamReader has: lines, records, exact lengths, limits, pausing. As a
 * GInputStream it is tested in test-stream-input.c.
 *
 * SPDX-License-Identifier: LGPL-2.1-or-later
 */

#include "config.h"

#include "stream-testing.h"

/* ---- lines */

static void
test_lines (void)
{
  g_auto(Talk) talk = { 0 };

  talk_start (&talk, child_command ("say", "one\n\nthree\r\nlast", "", NULL), 0);
  assert_line (&talk, "one\n");
  assert_line (&talk, "\n");
  assert_line (&talk, "three\r\n");
  g_assert_false (proctor_stream_reader_at_eof (talk.out));
  assert_line (&talk, "last");
  g_assert_true (proctor_stream_reader_at_eof (talk.out));
  assert_line (&talk, "");
  assert_line (&talk, "");
  assert_rest (&talk, "");
  g_assert_cmpuint (proctor_stream_reader_get_limit (talk.out), ==, 65536);
  assert_returncode (talk.process, 0);
}

static void
test_line_in_chunks (void)
{
  g_auto(Talk) talk = { 0 };

  talk_start (&talk, child_command ("cat", NULL), 0);
  feed (&talk, "on");
  feed (&talk, "e\ntw");
  g_assert_cmpuint (proctor_stream_reader_get_buffered (talk.out), ==, 6);
  assert_line (&talk, "one\n");
  g_assert_cmpuint (proctor_stream_reader_get_buffered (talk.out), ==, 2);
  feed (&talk, "o");
  feed (&talk, "\n");
  assert_line (&talk, "two\n");
  g_assert_cmpuint (proctor_stream_reader_get_buffered (talk.out), ==, 0);
  g_assert_false (proctor_stream_reader_at_eof (talk.out));
  feed_end (&talk);
  assert_line (&talk, "");
  g_assert_true (proctor_stream_reader_at_eof (talk.out));
}

/* A read that has to wait for its bytes. */
typedef struct
{
  Talk *talk;
  const char **pieces;
  GThread *thread;
} Feeder;

static gpointer
feeder_thread (gpointer data)
{
  Feeder *self = data;

  for (const char **piece = self->pieces; *piece != NULL; piece++)
    {
      queue_text (self->talk->in, *piece);
      g_usleep (2000);
    }
  return NULL;
}

static void
feeder_start (Feeder      *self,
              Talk        *talk,
              const char **pieces)
{
  self->talk = talk;
  self->pieces = pieces;
  self->thread = g_thread_new ("feeder", feeder_thread, self);
}

static void
test_waiting (void)
{
  static const char *pieces[] = { "a", "b\nc", "d", "e-", "-f", "gh", "i\n", NULL };
  g_auto(Talk) talk = { 0 };
  g_autoptr(GError) error = NULL;
  Feeder feeder;

  talk_start (&talk, child_command ("cat", NULL), 0);
  feeder_start (&feeder, &talk, pieces);
  assert_line (&talk, "ab\n");
  assert_takes_bytes (way_read_until (talk.out, "--", NULL, &error), "cde--");
  assert_takes_bytes (way_read_exactly (talk.out, 2, NULL, &error), "fg");
  assert_line (&talk, "hi\n");
  g_thread_join (feeder.thread);
  feed_end (&talk);
  assert_rest (&talk, "");
}

static void
assert_text_line (Talk       *talk,
                  const char *expected)
{
  g_autoptr(GError) error = NULL;
  g_autofree char *line = way_read_line_utf8 (talk->out, NULL, &error);

  g_assert_no_error (error);
  g_assert_cmpstr (line, ==, expected);
}

static void
test_text_lines (void)
{
  g_auto(Talk) talk = { 0 };
  g_autoptr(GError) error = NULL;

  talk_start (&talk, child_command ("cat", NULL), 0);
  feed (&talk, "gr\xc3");
  feed (&talk, "\xbc\xc3");
  feed (&talk, "\x9f" "e\n\n");
  feed (&talk, "\xff bad\nend");
  assert_text_line (&talk, "grüße\n");
  assert_text_line (&talk, "\n");
  g_assert_null (way_read_line_utf8 (talk.out, NULL, &error));
  g_assert_error (error, G_IO_ERROR, G_IO_ERROR_INVALID_DATA);
  g_clear_error (&error);

  /* It is still there. */
  assert_line (&talk, "\xff bad\n");
  feed_end (&talk);
  assert_text_line (&talk, "end");
  assert_text_line (&talk, NULL);
  assert_text_line (&talk, NULL);
}

static void
assert_lines (Talk       *talk,
              const char *joined)
{
  g_autoptr(GError) error = NULL;
  g_autoptr(GPtrArray) lines = way_read_lines (talk->out, NULL, &error);
  g_autoptr(GString) all = g_string_new (NULL);

  g_assert_no_error (error);
  for (guint i = 0; i < lines->len; i++)
    {
      gsize length;
      const char *data = g_bytes_get_data (lines->pdata[i], &length);

      g_string_append_len (all, data, (gssize) length);
      g_string_append_c (all, '|');
    }
  g_assert_cmpstr (all->str, ==, joined);
}

static void
test_many_lines (void)
{
  g_auto(Talk) talk = { 0 };
  g_auto(GStrv) texts = NULL;
  g_autoptr(GError) error = NULL;

  talk_start (&talk, child_command ("cat", NULL), 0);
  feed (&talk, "a\nb\n\nc");
  assert_lines (&talk, "a\n|b\n|\n|");
  feed (&talk, "c\nd\ne");
  assert_lines (&talk, "cc\n|d\n|");
  feed (&talk, "\xc3");
  feed (&talk, "\xa4\nx\n");
  texts = way_read_lines_utf8 (talk.out, NULL, &error);
  g_assert_no_error (error);
  g_assert_cmpuint (g_strv_length (texts), ==, 2);
  g_assert_cmpstr (texts[0], ==, "eä\n");
  g_assert_cmpstr (texts[1], ==, "x\n");
  feed (&talk, "y\nlast");
  feed_end (&talk);
  await (proctor_stream_reader_get_buffered (talk.out) == 6);
  /* The end may be known by now or not: the last line comes with the others or after them. */
  {
    g_autoptr(GPtrArray) lines = way_read_lines (talk.out, NULL, &error);

    g_assert_cmpuint (lines->len, >=, 1);
    assert_bytes (lines->pdata[0], "y\n");
    if (lines->len == 1)
      assert_lines (&talk, "last|");
    else
      assert_bytes (lines->pdata[1], "last");
  }
  assert_lines (&talk, "");
  g_clear_pointer (&texts, g_strfreev);
  texts = way_read_lines_utf8 (talk.out, NULL, &error);
  g_assert_no_error (error);
  g_assert_cmpuint (g_strv_length (texts), ==, 0);
}

/* All the lines of a child that writes many, by the batch. */
static void
test_batches (void)
{
  guint n_lines = scaled (50000);
  g_autofree char *count = g_strdup_printf ("%u", n_lines);
  g_auto(Talk) talk = { 0 };
  guint number = 0;
  guint n_batches = 0;

  talk_start (&talk, child_command ("lines", count, NULL), 0);
  for (;;)
    {
      g_autoptr(GError) error = NULL;
      g_auto(GStrv) lines = way_read_lines_utf8 (talk.out, NULL, &error);

      g_assert_no_error (error);
      if (lines[0] == NULL)
        break;
      for (guint i = 0; lines[i] != NULL; i++, number++)
        {
          g_autofree char *expected = g_strdup_printf ("line %u\n", number);

          g_assert_cmpstr (lines[i], ==, expected);
        }
      n_batches++;
    }
  g_assert_cmpuint (number, ==, n_lines);
  g_test_message ("%u lines in %u batches", number, n_batches);
}

/* ---- records, lengths, everything */

static void
test_until (void)
{
  g_auto(Talk) talk = { 0 };
  g_autoptr(GError) error = NULL;

  talk_start (&talk, child_command ("cat", NULL), 0);
  feed (&talk, "one-");
  feed (&talk, "-two-----th");
  assert_takes_bytes (way_read_until (talk.out, "--", NULL, &error), "one--");
  assert_takes_bytes (way_read_until (talk.out, "---", NULL, &error), "two---");
  assert_takes_bytes (way_read_until (talk.out, "--", NULL, &error), "--");
  feed_end (&talk);
  for (guint i = 0; i < 2; i++)
    {
      g_assert_null (way_read_until (talk.out, "--", NULL, &error));
      g_assert_error (error, PROCTOR_ERROR, PROCTOR_ERROR_INCOMPLETE_READ);
      g_clear_error (&error);
      g_assert_cmpuint (proctor_stream_reader_get_buffered (talk.out), ==, 2);
    }
  assert_rest (&talk, "th");
  g_assert_null (way_read_until (talk.out, "-", NULL, &error));
  g_assert_error (error, PROCTOR_ERROR, PROCTOR_ERROR_INCOMPLETE_READ);
}

static void
test_exactly (void)
{
  g_auto(Talk) talk = { 0 };
  g_autoptr(GError) error = NULL;

  talk_start (&talk, child_command ("cat", NULL), 0);
  assert_takes_bytes (way_read_exactly (talk.out, 0, NULL, &error), "");
  feed (&talk, "abc");
  feed (&talk, "defgh");
  assert_takes_bytes (way_read_exactly (talk.out, 1, NULL, &error), "a");
  assert_takes_bytes (way_read_exactly (talk.out, 5, NULL, &error), "bcdef");
  feed_end (&talk);
  g_assert_null (way_read_exactly (talk.out, 3, NULL, &error));
  g_assert_error (error, PROCTOR_ERROR, PROCTOR_ERROR_INCOMPLETE_READ);
  g_clear_error (&error);
  assert_takes_bytes (way_read_exactly (talk.out, 1, NULL, &error), "g");
  assert_rest (&talk, "h");
  g_assert_null (way_read_exactly (talk.out, 1, NULL, &error));
  g_assert_error (error, PROCTOR_ERROR, PROCTOR_ERROR_INCOMPLETE_READ);
  g_clear_error (&error);
  assert_takes_bytes (way_read_exactly (talk.out, 0, NULL, &error), "");
}

/* ---- what is too long */

static void
assert_overrun (Talk  *talk,
                gsize  consumed)
{
  g_autoptr(GError) error = NULL;
  gsize before = proctor_stream_reader_get_buffered (talk->out);

  g_assert_null (way_read_line (talk->out, NULL, &error));
  g_assert_error (error, PROCTOR_ERROR, PROCTOR_ERROR_LIMIT_OVERRUN);
  g_assert_cmpuint (proctor_stream_reader_get_consumed (talk->out), ==, consumed);
  g_assert_cmpuint (proctor_stream_reader_get_buffered (talk->out), ==, before);
}

static void
test_limit (void)
{
  g_auto(Talk) talk = { 0 };
  g_autoptr(GError) error = NULL;

  talk_start (&talk, child_command ("cat", NULL), 8);
  g_assert_cmpuint (proctor_stream_reader_get_limit (talk.out), ==, 8);
  /* The limit does not count the line feed. */
  feed (&talk, "12345678\n");
  assert_line (&talk, "12345678\n");

  feed (&talk, "123456789\nok\n");
  assert_overrun (&talk, 9);
  assert_overrun (&talk, 9);
  g_assert_null (way_read_lines (talk.out, NULL, &error));
  g_assert_error (error, PROCTOR_ERROR, PROCTOR_ERROR_LIMIT_OVERRUN);
  g_clear_error (&error);
  assert_takes_bytes (way_read_exactly (talk.out, 10, NULL, &error), "123456789\n");
  assert_line (&talk, "ok\n");

  /* No end in sight. */
  feed (&talk, "abcdefghi");
  assert_overrun (&talk, 9);
  assert_takes_bytes (way_read_exactly (talk.out, 9, NULL, &error), "abcdefghi");
  feed (&talk, "jk\n");
  assert_line (&talk, "jk\n");
  feed (&talk, "endendend");
  feed_end (&talk);
  assert_overrun (&talk, 9);
  assert_rest (&talk, "endendend");
}

static void
test_long_lines_in_pieces (void)
{
  g_auto(Talk) talk = { 0 };

  talk_start (&talk, child_command ("cat", NULL), 4);
  g_assert_cmpint (proctor_stream_reader_get_long_lines (talk.out), ==, PROCTOR_LONG_LINES_ERROR);
  proctor_stream_reader_set_long_lines (talk.out, PROCTOR_LONG_LINES_SPLIT);
  g_assert_cmpint (proctor_stream_reader_get_long_lines (talk.out), ==, PROCTOR_LONG_LINES_SPLIT);
  queue_text (talk.in, "abcdefghij\nk\n1234\na𝄞\nlonglast");
  feed_end (&talk);
  assert_line (&talk, "abcd");
  assert_line (&talk, "efgh");
  assert_line (&talk, "ij\n");
  assert_line (&talk, "k\n");
  assert_line (&talk, "1234\n");
  /* No character is cut. */
  assert_text_line (&talk, "a");
  assert_text_line (&talk, "𝄞\n");
  assert_line (&talk, "long");
  assert_line (&talk, "last");
  assert_line (&talk, "");
}

/* A waiting read lets the pipe flow, whatever the limit is. */
static void
test_beyond_the_limit (void)
{
  g_autoptr(GBytes) all = make_pattern (10 * MIB + 5, 3);
  g_autoptr(GBytes) start = g_bytes_new_from_bytes (all, 0, 10 * MIB);
  g_autoptr(GError) error = NULL;
  g_auto(Talk) exactly = { 0 };
  g_auto(Talk) to_end = { 0 };
  g_auto(Talk) until = { 0 };
  g_autoptr(GBytes) bytes = NULL;

  talk_start (&exactly, child_command ("pattern", "10485765", "3", NULL), 1024);
  await_buffered (exactly.out, 2049);
  bytes = way_read_exactly (exactly.out, 10 * MIB, NULL, &error);
  g_assert_no_error (error);
  assert_same_bytes (bytes, start);
  g_clear_pointer (&bytes, g_bytes_unref);
  bytes = way_read_exactly (exactly.out, 5, NULL, &error);
  g_assert_cmpmem (g_bytes_get_data (bytes, NULL), 5,
                   (const char *) g_bytes_get_data (all, NULL) + 10 * MIB, 5);
  g_clear_pointer (&bytes, g_bytes_unref);

  talk_start (&to_end, child_command ("pattern", "10485765", "3", NULL), 1);
  bytes = way_read_to_end (to_end.out, NULL, &error);
  g_assert_no_error (error);
  assert_same_bytes (bytes, all);
  g_clear_pointer (&bytes, g_bytes_unref);

  /* There is no such separator. The reader holds no more than it may, and gives it to who asks. */
  talk_start (&until, child_command ("flood", "1000000", "0", NULL), 1024);
  g_assert_null (way_read_until (until.out, "xyz", NULL, &error));
  g_assert_error (error, PROCTOR_ERROR, PROCTOR_ERROR_LIMIT_OVERRUN);
  g_clear_error (&error);
  g_assert_cmpuint (proctor_stream_reader_get_consumed (until.out), >, 1024);
  bytes = way_read_to_end (until.out, NULL, &error);
  g_assert_cmpuint (g_bytes_get_size (bytes), ==, 1000000);
}

/* ---- lines that are lent */

static gboolean
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

static void
test_next_line (void)
{
  g_auto(Talk) talk = { 0 };
  g_autoptr(GError) error = NULL;
  const char *line;
  gsize length;

  talk_start (&talk, child_command ("cat", NULL), 10);
  feed (&talk, "one\ntwo\nth");
  next_line (&talk, "one\n");
  next_line (&talk, "two\n");
  feed (&talk, "ree\nfour\nfive\nsix\nse");
  next_line (&talk, "three\n");
  next_line (&talk, "four\n");

  /* Mixed with all the others: what is held but not lent is read by whoever comes. */
  g_assert_cmpuint (proctor_stream_reader_get_buffered (talk.out), >=, 11);
  assert_line (&talk, "five\n");
  next_line (&talk, "six\n");
  feed (&talk, "ven\n8\n9\n");
  assert_takes_bytes (way_read_exactly (talk.out, 2, NULL, &error), "se");
  next_line (&talk, "ven\n");
  assert_takes_bytes (way_read_bytes (talk.out, 1, NULL, &error), "8");
  next_line (&talk, "\n");
  next_line (&talk, "9\n");
  g_assert_cmpuint (proctor_stream_reader_get_buffered (talk.out), ==, 0);

  /* Too long, once behind other lines and once in front. */
  feed (&talk, "a\n0123456789x\nb\n");
  next_line (&talk, "a\n");
  for (guint i = 0; i < 2; i++)
    {
      g_assert_false (proctor_stream_reader_next_line (talk.out, &line, &length, NULL, &error));
      g_assert_error (error, PROCTOR_ERROR, PROCTOR_ERROR_LIMIT_OVERRUN);
      g_assert_cmpuint (proctor_stream_reader_get_consumed (talk.out), ==, 11);
      g_clear_error (&error);
    }
  proctor_stream_reader_set_long_lines (talk.out, PROCTOR_LONG_LINES_SPLIT);
  next_line (&talk, "0123456789");
  next_line (&talk, "x\n");
  next_line (&talk, "b\n");
  g_assert_false (proctor_stream_reader_at_eof (talk.out));

  feed (&talk, "last");
  feed_end (&talk);
  next_line (&talk, "last");
  g_assert_true (proctor_stream_reader_at_eof (talk.out));
  next_line (&talk, NULL);
  next_line (&talk, NULL);
}

static void
test_next_line_to_the_last (void)
{
  g_auto(Talk) talk = { 0 };

  talk_start (&talk, child_command ("say", "a\nb\nc\n", "", NULL), 0);
  assert_returncode (talk.process, 0);
  await_buffered (talk.out, 6);
  next_line (&talk, "a\n");
  next_line (&talk, "b\n");
  next_line (&talk, "c\n");
  await (proctor_stream_reader_at_eof (talk.out));
  next_line (&talk, NULL);
}

static void
test_next_line_after_close (void)
{
  g_auto(Talk) talk = { 0 };
  g_autoptr(GError) error = NULL;
  const char *line;
  gsize length;

  talk_start (&talk, child_command ("cat", NULL), 0);
  feed (&talk, "one\ntwo\nthree\n");
  next_line (&talk, "one\n");
  g_assert_true (way_close_reader (talk.out, &error));
  g_assert_false (proctor_stream_reader_next_line (talk.out, &line, &length, NULL, &error));
  g_assert_error (error, G_IO_ERROR, G_IO_ERROR_CLOSED);
  g_clear_error (&error);
  g_assert_null (way_read_line (talk.out, NULL, &error));
  g_assert_error (error, G_IO_ERROR, G_IO_ERROR_CLOSED);
  g_assert_cmpuint (proctor_stream_reader_get_buffered (talk.out), ==, 0);
  feed_end (&talk);
}

/* A million short lines, with other reads in between, across all chunks. */
static void
test_next_line_many (void)
{
  guint n_lines = scaled (300000);
  g_autofree char *count = g_strdup_printf ("%u", n_lines);
  g_auto(Talk) talk = { 0 };

  talk_start (&talk, child_command ("lines", count, NULL), 0);
  for (guint i = 0; i < n_lines; i++)
    {
      char expected[32];

      g_snprintf (expected, sizeof expected, "line %u\n", i);
      if (i % 5003 == 5002)
        assert_line (&talk, expected);
      else
        next_line (&talk, expected);
    }
  next_line (&talk, NULL);
}

/* ---- one at a time */

static void
test_second_read (void)
{
  g_auto(Talk) talk = { 0 };
  g_autoptr(GError) error = NULL;
  g_auto(Reply) reply = { 0 };
  g_autoptr(GBytes) bytes = NULL;
  const char *line;
  gsize length;
  char byte;

  talk_start (&talk, child_command ("cat", NULL), 0);
  reply_init (&reply);
  proctor_stream_reader_read_line_async (talk.out, NULL, reply_arrived, &reply);

#define assert_pending(call) \
  G_STMT_START \
  { \
    (void) (call); \
    g_assert_error (error, G_IO_ERROR, G_IO_ERROR_PENDING); \
    g_clear_error (&error); \
  } \
  G_STMT_END
  assert_pending (way_read_line (talk.out, NULL, &error));
  assert_pending (way_read_lines (talk.out, NULL, &error));
  assert_pending (way_read_exactly (talk.out, 0, NULL, &error));
  assert_pending (way_read_until (talk.out, "x", NULL, &error));
  assert_pending (way_read_to_end (talk.out, NULL, &error));
  assert_pending (way_read_bytes (talk.out, 1, NULL, &error));
  assert_pending (g_input_stream_read (G_INPUT_STREAM (talk.out), &byte, 1, NULL, &error));
  assert_pending (proctor_stream_reader_next_line (talk.out, &line, &length, NULL, &error));
  assert_pending (g_input_stream_close (G_INPUT_STREAM (talk.out), NULL, &error));

  queue_text (talk.in, "for the first\n");
  bytes = proctor_stream_reader_read_line_finish (talk.out, reply_wait (&reply), &error);
  g_assert_no_error (error);
  assert_bytes (bytes, "for the first\n");
  feed_end (&talk);
  assert_rest (&talk, "");
}

/* ---- cancelling */

static void
test_cancelled_before (void)
{
  g_auto(Talk) talk = { 0 };
  g_autoptr(GCancellable) cancellable = g_cancellable_new ();
  g_autoptr(GError) error = NULL;

  talk_start (&talk, child_command ("cat", NULL), 0);
  feed (&talk, "part");
  g_cancellable_cancel (cancellable);
  g_assert_null (way_read_line (talk.out, cancellable, &error));
  g_assert_error (error, G_IO_ERROR, G_IO_ERROR_CANCELLED);
  g_assert_cmpuint (proctor_stream_reader_get_buffered (talk.out), ==, 4);
  feed (&talk, "ly\n");
  assert_line (&talk, "partly\n");
  feed_end (&talk);
}

/* One read of some kind; NULL: cancelled, or it has to be another kind. */
static GBytes *
read_somehow (Talk         *talk,
              GRand        *random,
              GCancellable *cancellable)
{
  g_autoptr(GError) error = NULL;
  GBytes *bytes = NULL;
  gsize length = (gsize) g_rand_int_range (random, 1, g_rand_boolean (random) ? 100 : 20000);
  char separator[] = { (char) g_rand_int_range (random, 1, 256), 0 };

  switch (g_rand_int_range (random, 0, 6))
    {
    case 0:
      bytes = way_read_exactly (talk->out, length, cancellable, &error);
      break;
    case 1:
      bytes = way_read_until (talk->out, separator, cancellable, &error);
      break;
    case 2:
      bytes = way_read_bytes (talk->out, length, cancellable, &error);
      break;
    case 3:
      /* Cancelled, if it is not nearly all. */
      if (g_rand_int_range (random, 0, 5) == 0)
        bytes = way_read_to_end (talk->out, cancellable, &error);
      break;
    default:
      bytes = way_read_line (talk->out, cancellable, &error);
      break;
    }

  if (error != NULL && error->domain == PROCTOR_ERROR)
    g_assert_true (error->code == PROCTOR_ERROR_INCOMPLETE_READ ||
                   error->code == PROCTOR_ERROR_LIMIT_OVERRUN);
  else if (error != NULL)
    g_assert_error (error, G_IO_ERROR, G_IO_ERROR_CANCELLED);
  return bytes;
}

static void
test_cancel_at_any_moment (void)
{
  g_autoptr(GRand) random = g_rand_new_with_seed ((guint32) g_test_rand_int ());
  g_autofree char *seed = g_strdup_printf ("%u", g_rand_int (random));
  g_autoptr(GBytes) input = make_pattern (scaled (1000000), 9);
  g_autoptr(GByteArray) output = g_byte_array_new ();
  g_autoptr(GBytes) all = NULL;
  g_auto(Talk) talk = { 0 };
  guint n_given = 0;
  guint n_not = 0;

  talk_start (&talk, child_command ("chop", seed, NULL), 500);
  proctor_stream_writer_queue_bytes (talk.in, input);
  proctor_stream_writer_write_eof (talk.in);
  while (!proctor_stream_reader_at_eof (talk.out))
    {
      g_autoptr(GCancellable) cancellable = g_cancellable_new ();
      g_autoptr(GBytes) bytes = NULL;
      Canceller canceller;

      canceller_start (&canceller, cancellable, g_rand_int_range (random, 0, 600));
      bytes = read_somehow (&talk, random, cancellable);
      canceller_join (&canceller);
      if (bytes != NULL)
        g_byte_array_append (output, g_bytes_get_data (bytes, NULL),
                             (guint) g_bytes_get_size (bytes));
      else
        n_not++;
      n_given += bytes != NULL;
    }
  g_test_message ("%u reads gave something, %u did not", n_given, n_not);
  all = g_byte_array_free_to_bytes (g_steal_pointer (&output));
  assert_same_bytes (all, input);
  assert_returncode (talk.process, 0);
}

/* ---- pausing */

/* A child that writes for ever, and how much it has written so far. */
typedef struct
{
  Talk talk;
  const volatile guint64 *counter;
  GMappedFile *file;
  guint64 n_read;
} Pump;

static void
pump_start (Pump  *self,
            gsize  limit)
{
  g_autofree char *path = work_path ("counter");
  g_autoptr(GError) error = NULL;

  g_assert_true (g_file_set_contents (path, "\0\0\0\0\0\0\0\0", 8, NULL));
  *self = (Pump){ 0 };
  /* Not a writable one: that would be private. */
  self->file = g_mapped_file_new (path, FALSE, &error);
  g_assert_no_error (error);
  self->counter =
    (const volatile guint64 *) (gconstpointer) g_mapped_file_get_contents (self->file);
  talk_start (&self->talk, child_command ("pump", path, NULL), limit);
}

/* It sleeps in its write: for 30 looks in a row it neither runs nor gets further. */
static void
pump_await_blocked (Pump *self)
{
  gint64 deadline = g_get_monotonic_time () + 60 * G_TIME_SPAN_SECOND;
  guint64 before = 0;

  for (guint n_same = 0; n_same < 30;)
    {
      guint64 now = *self->counter;

      n_same = now > 0 && now == before &&
                   process_letter (proctor_process_get_pid (self->talk.process)) == 'S'
               ? n_same + 1
               : 0;
      before = now;
      g_assert_cmpint (g_get_monotonic_time (), <, deadline);
      g_usleep (1000);
    }
}

static void
pump_read (Pump  *self,
           gsize  length)
{
  g_autoptr(GError) error = NULL;
  g_autoptr(GBytes) bytes = way_read_exactly (self->talk.out, length, NULL, &error);
  g_autoptr(GBytes) expected = NULL;

  g_assert_no_error (error);
  g_assert_cmpuint (self->n_read % 8, ==, 0);
  expected = make_pattern (length, self->n_read / 8);
  assert_same_bytes (bytes, expected);
  self->n_read += length;
}

static void
pump_end (Pump *self)
{
  talk_kill (&self->talk);
  talk_clear (&self->talk);
  g_mapped_file_unref (self->file);
}

#define LARGEST_PIPE (1 * MIB)

static void
test_pause (void)
{
  static const gsize limits[] = { 1, 1000, 65536, 300000 };

  for (guint i = 0; i < G_N_ELEMENTS (limits); i++)
    {
      gsize limit = limits[i];
      Pump pump;
      guint64 before;

      pump_start (&pump, limit);
      for (guint round = 0; round < 4; round++)
        {
          /* All that is read ahead; the child may sleep earlier, when this program is slow. */
          await (proctor_stream_reader_get_buffered (pump.talk.out) == 2 * limit + 1);
          pump_await_blocked (&pump);
          before = *pump.counter;
          g_assert_cmpuint (proctor_stream_reader_get_buffered (pump.talk.out), >, limit);
          g_assert_cmpuint (proctor_stream_reader_get_buffered (pump.talk.out), <=, 2 * limit + 1);
          g_assert_cmpuint (before - pump.n_read, <=, 2 * limit + 1 + LARGEST_PIPE);

          /* Less than what brings it down to the limit changes nothing; more lets it go on. */
          if (limit > 100000)
            {
              pump_read (&pump, 80000);
              pump_await_blocked (&pump);
              g_assert_cmpuint (*pump.counter, ==, before);
            }
          pump_read (&pump, 2 * MIB);
          await (*pump.counter > before);
        }
      pump_end (&pump);
    }
}

/* However much comes, and however long nobody reads. */
static void
test_stays_bounded (void)
{
  Pump pump;

  pump_start (&pump, 4096);
  for (guint i = 0; i < scaled (2000); i++)
    {
      g_assert_cmpuint (proctor_stream_reader_get_buffered (pump.talk.out), <=, 2 * 4096 + 1);
      pump_read (&pump, 4096);
    }
  pump_end (&pump);
}

static void
test_close_ends_a_writer (void)
{
  Pump pump;
  g_autoptr(GError) error = NULL;

  pump_start (&pump, 0);
  pump_await_blocked (&pump);
  g_assert_true (way_close_reader (pump.talk.out, &error));
  assert_returncode (pump.talk.process, -SIGPIPE);
  g_assert_true (g_input_stream_is_closed (G_INPUT_STREAM (pump.talk.out)));
  talk_clear (&pump.talk);
  g_mapped_file_unref (pump.file);
}

/* One that ignores the signal gets the error. */
static void
test_close_fails_a_writer (void)
{
  g_auto(Talk) talk = { 0 };
  g_autoptr(GError) error = NULL;

  talk_start (&talk,
              proctor_command_new (
                "sh", "-c", "trap '' PIPE; while echo x 2> /dev/null; do :; done; exit 7", NULL),
              0);
  assert_line (&talk, "x\n");
  g_assert_true (way_close_reader (talk.out, &error));
  assert_returncode (talk.process, 7);
}

/* ---- the ends of processes and of handles */

static void
test_after_the_exit (void)
{
  g_auto(Talk) talk = { 0 };
  g_autoptr(GBytes) expected = make_pattern (60000, 1);
  g_autoptr(GBytes) first = NULL;
  g_autoptr(GBytes) rest = NULL;
  g_autoptr(GError) error = NULL;

  /* More than twice the limit, so that most of it is still in the pipe. */
  talk_start (&talk, child_command ("pattern", "60000", "1", NULL), 100);
  assert_returncode (talk.process, 0);
  first = way_read_exactly (talk.out, 30000, NULL, &error);
  rest = way_read_to_end (talk.out, NULL, &error);
  g_assert_true (
    memcmp (g_bytes_get_data (first, NULL), g_bytes_get_data (expected, NULL), 30000) == 0);
  g_assert_cmpuint (g_bytes_get_size (rest), ==, 30000);
  g_assert_true (memcmp (g_bytes_get_data (rest, NULL),
                         (const char *) g_bytes_get_data (expected, NULL) + 30000, 30000) == 0);
  g_assert_true (proctor_stream_reader_at_eof (talk.out));
}

static void
kill_descendant (const char *path)
{
  g_assert_no_errno (kill (await_pid (path), SIGKILL));
}

/* Somebody else holds the pipe: without a drain grace reading goes on until that one ends, too. */
static void
test_descendant_holds (void)
{
  g_auto(Talk) talk = { 0 };
  g_autofree char *path = work_path ("holder");

  talk_start (&talk, child_command ("hold", path, "1", "early\n", "late\n", NULL), 0);
  assert_line (&talk, "early\n");
  assert_returncode (talk.process, 0);
  assert_line (&talk, "late\n");
  g_assert_false (proctor_stream_reader_at_eof (talk.out));
  kill_descendant (path);
  assert_line (&talk, "");
}

static void
test_descendant_and_drain_grace (void)
{
  g_auto(Talk) talk = { 0 };
  g_autofree char *path = work_path ("holder");
  ProctorCommand *command = child_command ("hold", path, "1", "early\n", NULL);

  proctor_command_set_drain_grace (command, 20 * G_TIME_SPAN_MILLISECOND);
  talk_start (&talk, command, 0);
  assert_returncode (talk.process, 0);
  assert_rest (&talk, "early\n");
  g_assert_true (proctor_stream_reader_at_eof (talk.out));
  kill_descendant (path);
}

/* Nobody reads for longer than the grace: what is in the pipe is not given up. */
static void
test_drain_grace_while_paused (void)
{
  g_auto(Talk) talk = { 0 };
  g_autoptr(GBytes) expected = make_pattern (50000, 0);
  g_autoptr(GBytes) bytes = NULL;
  g_autoptr(GError) error = NULL;
  ProctorCommand *command = child_command ("pattern", "50000", "0", NULL);

  proctor_command_set_drain_grace (command, 0);
  talk_start (&talk, command, 100);
  assert_returncode (talk.process, 0);
  g_usleep (5000);
  bytes = way_read_to_end (talk.out, NULL, &error);
  g_assert_no_error (error);
  assert_same_bytes (bytes, expected);
}

static void
test_without_the_process (void)
{
  g_auto(Talk) talk = { 0 };
  g_autoptr(ProctorStreamReader) reader = NULL;
  g_autoptr(GBytes) expected = make_pattern (3 * MIB, 5);
  g_autoptr(GBytes) bytes = NULL;
  g_autoptr(GError) error = NULL;

  talk_start (&talk, child_command ("pattern", "3145728", "5", NULL), 1000);
  reader = g_object_ref (talk.out);
  talk_clear (&talk);
  bytes = way_read_to_end (reader, NULL, &error);
  g_assert_no_error (error);
  assert_same_bytes (bytes, expected);
}

/* Then the pipe is closed. */
static void
test_dropped_reader (void)
{
  Pump pump;
  g_autoptr(ProctorStreamReader) reader = NULL;
  GPid pid;

  pump_start (&pump, 1000);
  pump_await_blocked (&pump);
  pid = proctor_process_get_pid (pump.talk.process);
  reader = g_object_ref (pump.talk.out);
  talk_clear (&pump.talk);
  g_clear_object (&reader);
  /* It is ended by the signal, and is reaped by the watcher, which wants the main context. */
  if (way->in_thread)
    await (kill (pid, 0) < 0 && errno == ESRCH);
  else
    while (kill (pid, 0) == 0)
      if (!g_main_context_iteration (NULL, FALSE))
        g_usleep (1000);
  g_mapped_file_unref (pump.file);
}

/* ---- with communicate */

static void
test_communicate_after_reads (void)
{
  g_auto(Talk) talk = { 0 };
  g_autoptr(GBytes) input = g_bytes_new_static ("last\n", 5);
  g_autoptr(ProctorResult) result = NULL;

  talk_start (&talk, child_command ("cat", NULL), 0);
  feed (&talk, "one\ntwo\nthree\n");
  assert_line (&talk, "one\n");
  next_line (&talk, "two\n");
  result = communicate_or_abort (talk.process, input);
  assert_bytes (proctor_result_get_stdout (result), "three\nlast\n");
  assert_rest (&talk, "");
  g_assert_true (proctor_stream_reader_at_eof (talk.out));
  g_assert_true (proctor_stream_writer_get_closing (talk.in));
}

static void
test_cancelled_communicate (void)
{
  g_auto(Talk) talk = { 0 };
  g_autofree char *gate = work_path ("gate");
  g_autoptr(GBytes) input = g_bytes_new_static ("input\n", 6);
  g_autoptr(GCancellable) cancellable = g_cancellable_new ();
  g_autoptr(GError) error = NULL;
  g_auto(Reply) reply = { 0 };

  talk_start (&talk, child_command ("gate", gate, "cat", NULL), 0);
  queue_text (talk.in, "queued\n");
  reply_init (&reply);
  proctor_process_communicate_async (talk.process, input, cancellable, reply_arrived, &reply);
  g_cancellable_cancel (cancellable);
  g_assert_null (proctor_process_communicate_finish (talk.process, reply_wait (&reply), &error));
  g_assert_error (error, G_IO_ERROR, G_IO_ERROR_CANCELLED);
  g_free (work_file ("gate", ""));

  /* The reader has it all. */
  await_buffered (talk.out, 13);
  assert_line (&talk, "queued\n");
  assert_rest (&talk, "input\n");
}

static void
test_cancelled_communicate_gives_back (void)
{
  g_auto(Talk) talk = { 0 };
  g_autofree char *path = work_path ("holder");
  g_autoptr(GCancellable) cancellable = g_cancellable_new ();
  g_autoptr(GError) error = NULL;
  g_auto(Reply) reply = { 0 };

  talk_start (&talk, child_command ("hold", path, "1", "some output\n", NULL), 3);
  assert_takes_bytes (way_read_exactly (talk.out, 5, NULL, &error), "some ");
  reply_init (&reply);
  proctor_process_communicate_async (talk.process, NULL, cancellable, reply_arrived, &reply);
  assert_returncode (talk.process, 0);
  g_cancellable_cancel (cancellable);
  g_assert_null (proctor_process_communicate_finish (talk.process, reply_wait (&reply), &error));
  g_assert_error (error, G_IO_ERROR, G_IO_ERROR_CANCELLED);
  g_clear_error (&error);
  /* What was read is held again; the rest may have been in the pipe still. */
  await_buffered (talk.out, 7);
  proctor_stream_reader_set_long_lines (talk.out, PROCTOR_LONG_LINES_SPLIT);
  assert_line (&talk, "out");
  assert_line (&talk, "put\n");
  kill_descendant (path);
  assert_rest (&talk, "");
}

/* ---- threads */

typedef struct
{
  ProctorStreamReader *reader;
  guint from;
  guint to;
} LineReader;

static gpointer
line_reader_thread (gpointer data)
{
  LineReader *self = data;

  for (guint i = self->from; i < self->to; i++)
    {
      g_autoptr(GError) error = NULL;
      const char *line;
      gsize length;
      char expected[32];

      g_snprintf (expected, sizeof expected, "line %u\n", i);
      g_assert_true (proctor_stream_reader_next_line (self->reader, &line, &length, NULL, &error));
      g_assert_cmpmem (line, length, expected, strlen (expected));
    }
  return NULL;
}

static void
test_two_threads (void)
{
  guint n_lines = scaled (20000);
  g_autofree char *count = g_strdup_printf ("%u", n_lines);
  Talk talks[3];
  LineReader readers[3];
  GThread *threads[3];

  for (guint i = 0; i < 3; i++)
    {
      talk_start (&talks[i], child_command ("lines", count, NULL), 2000);
      readers[i] = (LineReader){ talks[i].out, 0, n_lines };
      threads[i] = g_thread_new ("reader", line_reader_thread, &readers[i]);
    }
  for (guint i = 0; i < 3; i++)
    {
      g_thread_join (threads[i]);
      assert_rest (&talks[i], "");
      talk_clear (&talks[i]);
    }
}

static void
test_handed_over (void)
{
  g_auto(Talk) talk = { 0 };
  char expected[32];

  talk_start (&talk, child_command ("lines", "5000", NULL), 1000);
  for (guint i = 0; i < 5000; i += 500)
    {
      LineReader part = { talk.out, i, i + 499 };

      g_thread_join (g_thread_new ("reader", line_reader_thread, &part));
      g_snprintf (expected, sizeof expected, "line %u\n", i + 499);
      assert_line (&talk, expected);
    }
  assert_rest (&talk, "");
}

/* Threads without contexts of their own, whose answers come in the main thread: that may have one
 * before the call has returned, and the more so if it is cancelled by then.
 */
typedef struct
{
  Talk *talk;
  guint n_calls;
  guint n_answers; /* main thread only */
  int n_read_answers; /* atomic */
} ForeignReads;

static void
foreign_read_arrived (GObject      *object,
                      GAsyncResult *result,
                      gpointer      data)
{
  ForeignReads *self = data;
  g_autoptr(GError) error = NULL;
  GBytes *line = proctor_stream_reader_read_line_finish (PROCTOR_STREAM_READER (object), result,
                                                         &error);

  g_assert_null (line);
  g_assert_error (error, G_IO_ERROR, G_IO_ERROR_CANCELLED);
  self->n_answers++;
  g_atomic_int_inc (&self->n_read_answers);
}

static void
foreign_drain_arrived (GObject      *object,
                       GAsyncResult *result,
                       gpointer      data)
{
  ForeignReads *self = data;
  g_autoptr(GError) error = NULL;

  if (!proctor_stream_writer_drain_finish (PROCTOR_STREAM_WRITER (object), result, &error))
    g_assert_error (error, G_IO_ERROR, G_IO_ERROR_CANCELLED);
  self->n_answers++;
}

static gpointer
foreign_reads_thread (gpointer data)
{
  ForeignReads *self = data;

  for (guint i = 0; i < self->n_calls; i += 2)
    {
      g_autoptr(GCancellable) cancellable = g_cancellable_new ();

      if (i % 4 == 0)
        g_cancellable_cancel (cancellable);
      proctor_stream_reader_read_line_async (self->talk->out, cancellable, foreign_read_arrived,
                                             self);
      proctor_stream_writer_drain_async (self->talk->in, cancellable, foreign_drain_arrived, self);
      g_cancellable_cancel (cancellable);
      /* One at a time, unlike drains. */
      while (g_atomic_int_get (&self->n_read_answers) <= (int) i / 2)
        g_thread_yield ();
    }
  return NULL;
}

static void
test_answers_elsewhere (void)
{
  g_auto(Talk) talk = { 0 };
  ForeignReads reads = { .talk = &talk, .n_calls = 2 * scaled (10000) };
  GThread *thread;

  talk_start (&talk, child_command ("cat", NULL), 0);
  thread = g_thread_new ("foreign", foreign_reads_thread, &reads);
  while (reads.n_answers < reads.n_calls)
    g_main_context_iteration (NULL, TRUE);
  g_thread_join (thread);
  feed (&talk, "line\n");
  assert_line (&talk, "line\n");
  feed_end (&talk);
}

/* A forked copy has no part in the pipes, and is told so. */
static void
test_forked_copy (void)
{
  g_auto(Talk) talk = { 0 };
  const char *line;
  gsize length;
  int status;
  pid_t pid;

  talk_start (&talk, child_command ("cat", NULL), 0);
  feed (&talk, "one\ntwo\nthree\n");
  next_line (&talk, "one\n");
  next_line (&talk, "two\n");
  pid = fork ();
  if (pid == 0)
    {
      GError *error = NULL;
      char byte;

#define refused(call) \
  (!(call) && g_error_matches (error, PROCTOR_ERROR, PROCTOR_ERROR_FORKED) && \
   (g_clear_error (&error), TRUE))
      if (refused (
            proctor_stream_reader_next_line (talk.out, &line, &length, NULL, &error)) &&
          refused (proctor_stream_reader_read_line (talk.out, NULL, &error)) &&
          refused (proctor_stream_reader_read_to_end (talk.out, NULL, &error)) &&
          refused (g_input_stream_read (G_INPUT_STREAM (talk.out), &byte, 1, NULL, &error) != -1) &&
          refused (proctor_stream_writer_drain (talk.in, NULL, &error)) &&
          refused (g_output_stream_write (G_OUTPUT_STREAM (talk.in), "x", 1, NULL, &error) != -1) &&
          refused (g_output_stream_flush (G_OUTPUT_STREAM (talk.in), NULL, &error)))
        /* An end in which no tool that looks for leaks has a say. */
        kill (getpid (), SIGKILL);
      _exit (1);
    }
  g_assert_cmpint (waitpid (pid, &status, 0), ==, pid);
  g_assert_true (WIFSIGNALED (status) && WTERMSIG (status) == SIGKILL);
  feed_end (&talk);
  assert_rest (&talk, "three\n");
}

int
main (int    argc,
      char **argv)
{
  static const ApiTest tests[] = {
    { "lines", test_lines, ALL_WAYS },
    { "line-in-chunks", test_line_in_chunks, ALL_WAYS },
    { "waiting", test_waiting, ALL_WAYS },
    { "text-lines", test_text_lines, ALL_WAYS },
    { "many-lines", test_many_lines, ALL_WAYS },
    { "batches", test_batches, ALL_WAYS },
    { "until", test_until, ALL_WAYS },
    { "exactly", test_exactly, ALL_WAYS },
    { "limit", test_limit, ALL_WAYS },
    { "long-lines-in-pieces", test_long_lines_in_pieces, ALL_WAYS },
    { "beyond-the-limit", test_beyond_the_limit, ALL_WAYS },
    { "next-line", test_next_line, ALL_WAYS },
    { "next-line-to-the-last", test_next_line_to_the_last, TWO_WAYS },
    { "next-line-after-close", test_next_line_after_close, ALL_WAYS },
    { "next-line-many", test_next_line_many, TWO_WAYS },
    { "second-read", test_second_read, ALL_WAYS },
    { "cancelled-before", test_cancelled_before, ALL_WAYS },
    { "cancel-at-any-moment", test_cancel_at_any_moment, ALL_WAYS },
    { "pause", test_pause, TWO_WAYS },
    { "stays-bounded", test_stays_bounded, ALL_WAYS },
    { "close-ends-a-writer", test_close_ends_a_writer, ALL_WAYS },
    { "close-fails-a-writer", test_close_fails_a_writer, ALL_WAYS },
    { "after-the-exit", test_after_the_exit, ALL_WAYS },
    { "descendant-holds", test_descendant_holds, ALL_WAYS },
    { "descendant-and-drain-grace", test_descendant_and_drain_grace, ALL_WAYS },
    { "drain-grace-while-paused", test_drain_grace_while_paused, ALL_WAYS },
    { "without-the-process", test_without_the_process, ALL_WAYS },
    { "dropped-reader", test_dropped_reader, ALL_WAYS },
    { "communicate-after-reads", test_communicate_after_reads, ALL_WAYS },
    { "cancelled-communicate", test_cancelled_communicate, ALL_WAYS },
    { "cancelled-communicate-gives-back", test_cancelled_communicate_gives_back, ALL_WAYS },
    { "two-threads", test_two_threads, TWO_WAYS },
    { "handed-over", test_handed_over, ALL_WAYS },
    { "answers-elsewhere", test_answers_elsewhere, ONE_WAY },
    { "forked-copy", test_forked_copy, TWO_WAYS },
  };

  return RUN_API_TESTS (argc, argv, "stream-reader", tests);
}
