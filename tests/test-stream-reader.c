/* What asyncio's StreamReader has: lines, records, exact lengths, limits. As a
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
  };

  return RUN_API_TESTS (argc, argv, "stream-reader", tests);
}
