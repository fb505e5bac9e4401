/* Writing to a process: asyncio's StreamWriter, and the GOutputStream.
 *
 * SPDX-License-Identifier: LGPL-2.1-or-later
 */

#include "config.h"

#include <sys/prctl.h>

#include "stream-testing.h"

/* ---- queueing */

static void
test_queue (void)
{
  g_auto(Talk) talk = { 0 };
  g_autoptr(GBytes) three = g_bytes_new_static ("three ", 6);
  g_autoptr(GBytes) four = g_bytes_new ("four ", 5);
  g_autoptr(GBytes) empty = g_bytes_new (NULL, 0);
  GBytes *pieces[] = { three, empty, four, four };
  g_autoptr(GError) error = NULL;

  talk_start (&talk, child_command ("cat", NULL), 0);
  g_assert_true (proctor_stream_writer_can_write_eof (talk.in));
  g_assert_false (proctor_stream_writer_get_closing (talk.in));
  queue_text (talk.in, "one ");
  proctor_stream_writer_queue (talk.in, NULL, 0);
  queue_text (talk.in, "two ");
  proctor_stream_writer_queue_bytes (talk.in, three);
  proctor_stream_writer_queue_all (talk.in, NULL, 0);
  proctor_stream_writer_queue_all (talk.in, pieces, G_N_ELEMENTS (pieces));
  g_assert_true (way_drain (talk.in, NULL, &error));
  g_assert_true (way_flush (talk.in, NULL, &error));
  g_assert_cmpuint (proctor_stream_writer_get_write_buffer_size (talk.in), ==, 0);
  g_assert_true (way_write_all (talk.in, "five", 4, NULL, NULL, &error));
  g_assert_no_error (error);
  g_assert_false (proctor_stream_writer_get_closing (talk.in));
  proctor_stream_writer_write_eof (talk.in);
  g_assert_true (proctor_stream_writer_get_closing (talk.in));
  assert_rest (&talk, "one two three three four four five");

  /* Nothing comes after the end. */
  queue_text (talk.in, "six");
  proctor_stream_writer_write_eof (talk.in);
  g_assert_false (way_write_all (talk.in, "six", 3, NULL, NULL, &error));
  g_assert_error (error, G_IO_ERROR, G_IO_ERROR_CLOSED);
  g_clear_error (&error);
  g_assert_true (way_close_writer (talk.in, NULL, &error));
  g_assert_no_error (error);
  assert_returncode (talk.process, 0);
}

/* What the caller has queued it may change at once. */
static void
test_queue_copies (void)
{
  g_auto(Talk) talk = { 0 };
  char text[] = "as it was";

  talk_start (&talk, child_command ("cat", NULL), 0);
  queue_text (talk.in, text);
  memset (text, 'x', strlen (text));
  proctor_stream_writer_write_eof (talk.in);
  assert_rest (&talk, "as it was");
}

/* In pieces of all sizes and all kinds, more than anything holds. */
static void
test_much (void)
{
  g_autoptr(GRand) random = g_rand_new_with_seed ((guint32) g_test_rand_int ());
  gsize total = MAX (1, (gsize) (64 * test_scale ())) * MIB;
  gsize done = 0;
  guint64 digest = DIGEST_START;
  g_auto(Talk) talk = { 0 };

  talk_start (&talk, child_command ("digest", NULL), 0);
  while (done < total)
    {
      gsize length =
        (gsize) g_rand_int_range (random, 1,
                                  g_rand_int_range (random, 0, 10) == 0 ? 1 << 20 : 1 << 12);
      g_autoptr(GBytes) bytes = make_pattern (length, done);
      const guint8 *data = g_bytes_get_data (bytes, NULL);
      g_autoptr(GBytes) first = g_bytes_new_from_bytes (bytes, 0, length / 2);
      g_autoptr(GBytes) second = g_bytes_new_from_bytes (bytes, length / 2, length - length / 2);
      GBytes *pieces[] = { first, second };
      g_autoptr(GError) error = NULL;

      switch (g_rand_int_range (random, 0, 5))
        {
        case 0:
          proctor_stream_writer_queue (talk.in, data, length);
          break;
        case 1:
          proctor_stream_writer_queue_bytes (talk.in, bytes);
          break;
        case 2:
          proctor_stream_writer_queue_all (talk.in, pieces, 2);
          break;
        case 3:
          g_assert_true (way_write_all (talk.in, data, length, NULL, NULL, &error));
          break;
        default:
          proctor_stream_writer_queue_bytes (talk.in, bytes);
          g_assert_true (way_drain (talk.in, NULL, &error));
          break;
        }
      g_assert_no_error (error);
      digest = digest_add (digest, data, length);
      done += length;
    }
  proctor_stream_writer_write_eof (talk.in);
  assert_digest (&talk, done, digest);
}

/* All at once, without a drain: the writer takes everything. */
static void
test_much_at_once (void)
{
  gsize total = MAX (1, (gsize) (64 * test_scale ())) * MIB;
  g_autoptr(GBytes) bytes = make_pattern (total, 0);
  g_autoptr(GError) error = NULL;
  g_auto(Talk) talk = { 0 };

  talk_start (&talk, child_command ("digest", NULL), 0);
  proctor_stream_writer_queue_bytes (talk.in, bytes);
  g_assert_true (way_close_writer (talk.in, NULL, &error));
  g_assert_no_error (error);
  g_assert_cmpuint (proctor_stream_writer_get_write_buffer_size (talk.in), ==, 0);
  assert_digest (&talk, total, digest_add (DIGEST_START, g_bytes_get_data (bytes, NULL), total));
}

/* What the pipe does not take is kept, so that nobody needs to read meanwhile; and what comes
 * afterwards comes behind it.
 */
static void
test_write_takes_all (void)
{
  g_autoptr(GBytes) bytes = make_pattern (3 * MIB + 5, 0);
  const guint8 *data = g_bytes_get_data (bytes, NULL);
  g_autoptr(GError) error = NULL;
  gsize written = 0;
  g_auto(Talk) talk = { 0 };

  start_behind_gate (&talk);
  g_assert_true (way_write_all (talk.in, data, 2 * MIB, &written, NULL, &error));
  g_assert_no_error (error);
  g_assert_cmpuint (written, ==, 2 * MIB);
  g_assert_cmpuint (proctor_stream_writer_get_write_buffer_size (talk.in), >, MIB);
  proctor_stream_writer_queue (talk.in, data + 2 * MIB, 5);
  open_gate ();
  g_assert_true (way_write_all (talk.in, data + 2 * MIB + 5, MIB, &written, NULL, &error));
  g_assert_no_error (error);
  g_assert_cmpuint (written, ==, MIB);
  proctor_stream_writer_write_eof (talk.in);
  assert_digest (&talk, 3 * MIB + 5, digest_add (DIGEST_START, data, 3 * MIB + 5));
}

/* ---- the user's own bytes */

typedef struct
{
  int n_freed;    /* atomic */
  int n_elsewhere; /* atomic: in a thread of the library */
} Freed;

typedef struct
{
  Freed *freed;
  guint8 data[1];
} Own;

static void
own_free (gpointer data)
{
  Own *self = data;
  char name[32] = "";

  prctl (PR_GET_NAME, name);
  if (g_str_has_prefix (name, "proctor-"))
    g_atomic_int_inc (&self->freed->n_elsewhere);
  g_atomic_int_inc (&self->freed->n_freed);
  g_free (self);
}

static GBytes *
own_bytes (Freed *freed,
           gsize  length)
{
  Own *own = g_malloc (sizeof (Own) + length);

  own->freed = freed;
  memset (own->data, 'o', length);
  return g_bytes_new_with_free_func (own->data, length, own_free, own);
}

static void
test_no_copy (void)
{
  enum { N = 200 };
  Freed freed = { 0 };
  g_autoptr(GError) error = NULL;
  g_auto(Talk) talk = { 0 };

  talk_start (&talk, child_command ("digest", NULL), 0);
  for (guint i = 0; i < N; i++)
    {
      g_autoptr(GBytes) bytes = own_bytes (&freed, 1000 + i * 100);

      proctor_stream_writer_queue_bytes (talk.in, bytes);
      if (i % 10 == 0)
        g_assert_true (way_drain (talk.in, NULL, &error));
    }
  g_assert_true (way_flush (talk.in, NULL, &error));
  g_assert_no_error (error);
  /* All is sent, and a call of the writer's user lets go of it. */
  g_assert_true (way_drain (talk.in, NULL, &error));
  g_assert_cmpint (freed.n_freed, ==, N);
  g_assert_cmpint (freed.n_elsewhere, ==, 0);
  proctor_stream_writer_write_eof (talk.in);
  assert_returncode (talk.process, 0);
}

/* Given up, since the child ends; or sent after the writer has gone. */
static void
test_whose_thread_frees (void)
{
  for (guint child_reads = 0; child_reads < 2; child_reads++)
    {
      Freed freed = { 0 };
      g_autofree char *gate = work_path (child_reads ? "gate-1" : "gate-0");
      g_auto(Talk) talk = { 0 };

      talk_start (&talk, child_command ("gate", gate, child_reads ? "digest" : "exit", "3", NULL),
                  0);
      for (guint i = 0; i < 10; i++)
        {
          g_autoptr(GBytes) bytes = own_bytes (&freed, 300 * KIB);

          proctor_stream_writer_queue_bytes (talk.in, bytes);
        }
      talk_clear (&talk);
      g_free (work_file (child_reads ? "gate-1" : "gate-0", ""));
      await (g_atomic_int_get (&freed.n_freed) == 10);
      g_assert_cmpint (freed.n_elsewhere, ==, 0);
    }
}

static void
test_freed_after_a_loss (void)
{
  Freed freed = { 0 };
  g_autoptr(GError) error = NULL;
  g_auto(Talk) talk = { 0 };

  talk_start (&talk, child_command ("sleep", "100", NULL), 0);
  for (guint i = 0; i < 10; i++)
    {
      g_autoptr(GBytes) bytes = own_bytes (&freed, 300 * KIB);

      proctor_stream_writer_queue_bytes (talk.in, bytes);
    }
  talk_kill (&talk);
  g_assert_false (way_flush (talk.in, NULL, &error));
  g_assert_error (error, G_IO_ERROR, G_IO_ERROR_BROKEN_PIPE);
  g_clear_error (&error);
  g_assert_false (way_drain (talk.in, NULL, &error));
  g_assert_error (error, G_IO_ERROR, G_IO_ERROR_BROKEN_PIPE);
  g_assert_cmpint (freed.n_freed, ==, 10);
  g_assert_cmpint (freed.n_elsewhere, ==, 0);
}

/* ---- waiting for room */

static void
test_marks (void)
{
  g_autoptr(GBytes) bytes = make_pattern (2 * MIB, 1);
  g_autoptr(GError) error = NULL;
  g_auto(Talk) talk = { 0 };
  gsize low = 0;
  gsize high = 0;
  gsize in_pipe;

  start_behind_gate (&talk);
  proctor_stream_writer_get_write_buffer_limits (talk.in, &low, &high);
  proctor_stream_writer_get_write_buffer_limits (talk.in, NULL, NULL);
  g_assert_cmpuint (low, ==, 16 * KIB);
  g_assert_cmpuint (high, ==, 64 * KIB);

  /* Until the pipe is full and grows no more, whatever its size. */
  proctor_stream_writer_queue (talk.in, g_bytes_get_data (bytes, NULL), MIB);
  await (proctor_stream_writer_get_write_buffer_size (talk.in) < MIB);
  for (gsize before = MIB, same = 0; same < 20; same++)
    {
      gsize now = proctor_stream_writer_get_write_buffer_size (talk.in);

      same = now == before ? same : 0;
      before = now;
      g_usleep (1000);
    }
  in_pipe = MIB - proctor_stream_writer_get_write_buffer_size (talk.in);
  g_assert_cmpuint (in_pipe, <, MIB);

  /* Room is a question of the marks. */
  proctor_stream_writer_set_write_buffer_limits (talk.in, MIB, MIB);
  g_assert_true (way_drain (talk.in, NULL, &error));
  proctor_stream_writer_set_write_buffer_limits (talk.in, 0, MIB - in_pipe);
  g_assert_true (way_drain (talk.in, NULL, &error));
  proctor_stream_writer_set_write_buffer_limits (talk.in, 10, MIB - in_pipe - 1);
  proctor_stream_writer_get_write_buffer_limits (talk.in, &low, &high);
  g_assert_cmpuint (low, ==, 10);
  g_assert_cmpuint (high, ==, MIB - in_pipe - 1);

  /* Now it waits, and then for the low one. */
  {
    GThread *opener = g_thread_new ("opener", open_gate_thread, NULL);

    g_assert_true (way_drain (talk.in, NULL, &error));
    g_assert_no_error (error);
    g_assert_cmpuint (proctor_stream_writer_get_write_buffer_size (talk.in), <=, 10);
    g_thread_join (opener);
  }
  proctor_stream_writer_write_eof (talk.in);
  assert_digest (&talk, MIB, digest_add (DIGEST_START, g_bytes_get_data (bytes, NULL), MIB));
}

/* A second drain waits, too; all are woken; each may be cancelled. */
static void
test_many_drains (void)
{
  g_autoptr(GBytes) bytes = make_pattern (2 * MIB, 1);
  g_autoptr(GCancellable) cancellable = g_cancellable_new ();
  g_autoptr(GError) error = NULL;
  Reply replies[5];
  g_auto(Talk) talk = { 0 };

  start_behind_gate (&talk);
  proctor_stream_writer_queue_bytes (talk.in, bytes);
  for (guint i = 0; i < G_N_ELEMENTS (replies); i++)
    {
      reply_init (&replies[i]);
      proctor_stream_writer_drain_async (talk.in, i == 2 ? cancellable : NULL, reply_arrived,
                                         &replies[i]);
    }
  for (guint i = 0; i < 100; i++)
    {
      g_main_context_iteration (replies[0].context, FALSE);
      g_usleep (50);
    }
  for (guint i = 0; i < G_N_ELEMENTS (replies); i++)
    g_assert_null (replies[i].result);

  g_cancellable_cancel (cancellable);
  g_assert_false (proctor_stream_writer_drain_finish (talk.in, reply_wait (&replies[2]), &error));
  g_assert_error (error, G_IO_ERROR, G_IO_ERROR_CANCELLED);
  g_clear_error (&error);
  g_assert_null (replies[0].result);

  open_gate ();
  for (guint i = 0; i < G_N_ELEMENTS (replies); i++)
    {
      if (i != 2)
        g_assert_true (
          proctor_stream_writer_drain_finish (talk.in, reply_wait (&replies[i]), &error));
      g_assert_no_error (error);
      reply_clear (&replies[i]);
    }
  proctor_stream_writer_write_eof (talk.in);
  assert_returncode (talk.process, 0);
}

/* Nothing of what was queued is lost by a cancellation. There is more than any pipe takes, so that
 * everything has to wait.
 */
static void
test_cancel (void)
{
  g_autoptr(GBytes) bytes = make_pattern (2 * MIB, 1);
  g_autoptr(GError) error = NULL;
  g_auto(Talk) talk = { 0 };

  start_behind_gate (&talk);
  proctor_stream_writer_queue_bytes (talk.in, bytes);
  for (guint i = 0; i < 4; i++)
    {
      g_autoptr(GCancellable) cancellable = g_cancellable_new ();
      Canceller canceller;

      canceller_start (&canceller, cancellable, 3000);
      if (i == 0)
        g_assert_false (way_write_all (talk.in, "not sent", 8, NULL, cancellable, &error));
      else if (i == 1)
        g_assert_false (way_drain (talk.in, cancellable, &error));
      else if (i == 2)
        g_assert_false (way_flush (talk.in, cancellable, &error));
      else
        g_assert_false (way_close_writer (talk.in, cancellable, &error));
      g_assert_error (error, G_IO_ERROR, G_IO_ERROR_CANCELLED);
      g_clear_error (&error);
      canceller_join (&canceller);
    }
  open_gate ();
  assert_digest (&talk, 2 * MIB,
                 digest_add (DIGEST_START, g_bytes_get_data (bytes, NULL), 2 * MIB));
}

static void
test_cancelled_before (void)
{
  g_autoptr(GCancellable) cancellable = g_cancellable_new ();
  g_autoptr(GError) error = NULL;
  g_auto(Talk) talk = { 0 };

  talk_start (&talk, child_command ("cat", NULL), 0);
  g_cancellable_cancel (cancellable);
  g_assert_false (way_write_all (talk.in, "no", 2, NULL, cancellable, &error));
  g_assert_error (error, G_IO_ERROR, G_IO_ERROR_CANCELLED);
  g_clear_error (&error);
  g_assert_true (way_write_all (talk.in, "yes", 3, NULL, NULL, &error));
  proctor_stream_writer_write_eof (talk.in);
  assert_rest (&talk, "yes");
}

/* close sends the rest and waits for it. */
static void
test_close (void)
{
  g_autoptr(GBytes) bytes = make_pattern (3 * MIB, 1);
  g_autoptr(GError) error = NULL;
  GThread *opener;
  g_auto(Talk) talk = { 0 };

  start_behind_gate (&talk);
  proctor_stream_writer_queue_bytes (talk.in, bytes);
  opener = g_thread_new ("opener", open_gate_thread, NULL);
  g_assert_true (way_close_writer (talk.in, NULL, &error));
  g_assert_no_error (error);
  g_thread_join (opener);
  g_assert_cmpuint (proctor_stream_writer_get_write_buffer_size (talk.in), ==, 0);
  g_assert_true (proctor_stream_writer_get_closing (talk.in));
  g_assert_true (g_output_stream_is_closed (G_OUTPUT_STREAM (talk.in)));
  g_assert_true (g_output_stream_close (G_OUTPUT_STREAM (talk.in), NULL, &error));
  g_assert_false (way_write_all (talk.in, "x", 1, NULL, NULL, &error));
  g_assert_error (error, G_IO_ERROR, G_IO_ERROR_CLOSED);
  assert_digest (&talk, 3 * MIB,
                 digest_add (DIGEST_START, g_bytes_get_data (bytes, NULL), 3 * MIB));
}

static void
test_dropped (void)
{
  g_autoptr(GBytes) bytes = make_pattern (3 * MIB, 1);
  g_autoptr(ProctorStreamWriter) writer = NULL;
  g_autoptr(ProctorStreamReader) reader = NULL;
  g_autofree char *expected = NULL;
  g_autoptr(GBytes) answer = NULL;
  g_autoptr(GError) error = NULL;
  g_auto(Talk) talk = { 0 };

  expected =
    digest_text (3 * MIB, digest_add (DIGEST_START, g_bytes_get_data (bytes, NULL), 3 * MIB));
  start_behind_gate (&talk);
  writer = g_object_ref (talk.in);
  reader = g_object_ref (talk.out);
  proctor_stream_writer_queue_bytes (writer, bytes);
  talk_clear (&talk);
  /* Nobody can read yet, so waiting here would be for ever. */
  g_clear_object (&writer);
  open_gate ();
  answer = way_read_to_end (reader, NULL, &error);
  g_assert_no_error (error);
  assert_bytes (answer, expected);
}

int
main (int    argc,
      char **argv)
{
  static const ApiTest tests[] = {
    { "queue", test_queue, ALL_WAYS },
    { "queue-copies", test_queue_copies, TWO_WAYS },
    { "much", test_much, ALL_WAYS },
    { "much-at-once", test_much_at_once, ALL_WAYS },
    { "write-takes-all", test_write_takes_all, ALL_WAYS },
    { "no-copy", test_no_copy, ALL_WAYS },
    { "whose-thread-frees", test_whose_thread_frees, ALL_WAYS },
    { "freed-after-a-loss", test_freed_after_a_loss, ALL_WAYS },
    { "marks", test_marks, ALL_WAYS },
    { "many-drains", test_many_drains, TWO_WAYS },
    { "cancel", test_cancel, ALL_WAYS },
    { "cancelled-before", test_cancelled_before, ALL_WAYS },
    { "close", test_close, ALL_WAYS },
    { "dropped", test_dropped, ALL_WAYS },
  };

  return RUN_API_TESTS (argc, argv, "stream-writer", tests);
}
