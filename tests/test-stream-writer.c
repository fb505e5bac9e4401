/* Writing to a process: asyncio's StreamWriter, and the GOutputStream.
 *
 * SPDX-License-Identifier: LGPL-2.1-or-later
 */

#include "config.h"

#include <sys/prctl.h>
#include <sys/socket.h>

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

static void
assert_digest (Talk  *talk,
               gsize  length,
               guint64 digest)
{
  g_autofree char *expected = digest_text (length, digest);

  assert_rest (talk, expected);
  assert_returncode (talk->process, 0);
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

/* A child that reads nothing before the gate is opened, and as much in its pipe as that holds. */
static void
start_behind_gate (Talk *talk)
{
  g_autofree char *gate = work_path ("gate");

  talk_start (talk, child_command ("gate", gate, "digest", NULL), 0);
}

static void
open_gate (void)
{
  g_free (work_file ("gate", ""));
}

static gpointer
open_gate_thread (gpointer data)
{
  g_usleep (5000);
  open_gate ();
  return NULL;
}

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

/* ---- from elsewhere, with backpressure */

static void
test_splice_file (void)
{
  g_autoptr(GBytes) bytes = make_pattern (5 * MIB, 1);
  g_autofree char *path = work_path ("data");
  g_autoptr(GFile) file = g_file_new_for_path (path);
  g_autoptr(GFileInputStream) source = NULL;
  g_autoptr(GError) error = NULL;
  GThread *opener;
  g_auto(Talk) talk = { 0 };

  g_assert_true (g_file_set_contents (path, g_bytes_get_data (bytes, NULL), 5 * MIB, NULL));
  source = g_file_read (file, NULL, &error);
  g_assert_no_error (error);
  start_behind_gate (&talk);
  opener = g_thread_new ("opener", open_gate_thread, NULL);
  /* Blocking in all ways: GIO reads files in threads of its own. */
  g_assert_cmpint (g_output_stream_splice (G_OUTPUT_STREAM (talk.in), G_INPUT_STREAM (source),
                                           G_OUTPUT_STREAM_SPLICE_CLOSE_SOURCE |
                                             G_OUTPUT_STREAM_SPLICE_CLOSE_TARGET,
                                           NULL, &error),
                   ==, 5 * MIB);
  g_assert_no_error (error);
  g_thread_join (opener);
  assert_digest (&talk, 5 * MIB,
                 digest_add (DIGEST_START, g_bytes_get_data (bytes, NULL), 5 * MIB));
}

typedef struct
{
  int fd;
  GBytes *bytes;
  gsize sent; /* atomic */
} Sender;

static gpointer
sender_thread (gpointer data)
{
  Sender *self = data;
  gsize length;
  const char *bytes = g_bytes_get_data (self->bytes, &length);

  while (self->sent < length)
    {
      gssize now =
        send (self->fd, bytes + self->sent, MIN (length - self->sent, 50000), MSG_NOSIGNAL);

      g_assert_cmpint (now, >, 0);
      g_atomic_pointer_set (&self->sent, self->sent + (gsize) now);
    }
  close (self->fd);
  return NULL;
}

static void
test_splice_socket (void)
{
  g_autoptr(GBytes) bytes = make_pattern (6 * MIB, 1);
  int fds[2];
  g_autoptr(GSocket) socket = NULL;
  g_autoptr(GSocketConnection) connection = NULL;
  GInputStream *source;
  g_autoptr(GError) error = NULL;
  Sender sender = { .bytes = bytes };
  GThread *thread;
  g_auto(Reply) reply = { 0 };
  g_auto(Talk) talk = { 0 };

  g_assert_no_errno (socketpair (AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0, fds));
  socket = g_socket_new_from_fd (fds[0], &error);
  g_assert_no_error (error);
  connection = g_socket_connection_factory_create_connection (socket);
  source = g_io_stream_get_input_stream (G_IO_STREAM (connection));
  sender.fd = fds[1];
  start_behind_gate (&talk);
  thread = g_thread_new ("sender", sender_thread, &sender);
  reply_init (&reply);
  /* Closing the source would start a thread of GIO's. */
  g_output_stream_splice_async (G_OUTPUT_STREAM (talk.in), source,
                                G_OUTPUT_STREAM_SPLICE_CLOSE_TARGET, G_PRIORITY_DEFAULT, NULL,
                                reply_arrived, &reply);
  /* The child does not read: what is on its way is bounded, and the sender gets no further. */
  await_no_room (talk.in);
  for (guint i = 0; i < 100; i++)
    {
      g_main_context_iteration (reply.context, FALSE);
      g_usleep (100);
      g_assert_cmpuint (proctor_stream_writer_get_write_buffer_size (talk.in), <,
                        64 * KIB + 16 * KIB);
    }
  g_assert_cmpuint ((gsize) g_atomic_pointer_get (&sender.sent), <, 3 * MIB);
  open_gate ();
  g_assert_cmpint (g_output_stream_splice_finish (G_OUTPUT_STREAM (talk.in), reply_wait (&reply),
                                                  &error),
                   ==, 6 * MIB);
  g_assert_no_error (error);
  g_thread_join (thread);
  assert_digest (&talk, 6 * MIB,
                 digest_add (DIGEST_START, g_bytes_get_data (bytes, NULL), 6 * MIB));
}

typedef struct
{
  GBytes *bytes;
  gsize written;
  guint n_calls;
} Polled;

static gboolean
polled_ready (GObject  *stream,
              gpointer  data)
{
  Polled *self = data;
  g_autoptr(GError) error = NULL;
  gsize length;
  const char *bytes = g_bytes_get_data (self->bytes, &length);
  gssize now;

  self->n_calls++;
  now =
    g_pollable_output_stream_write_nonblocking (G_POLLABLE_OUTPUT_STREAM (stream),
                                                bytes + self->written,
                                                MIN (length - self->written, 40000), NULL, &error);
  if (now < 0)
    g_assert_error (error, G_IO_ERROR, G_IO_ERROR_WOULD_BLOCK);
  else
    self->written += (gsize) now;
  return G_SOURCE_CONTINUE;
}

static void
test_pollable (void)
{
  GMainContext *context = g_main_context_get_thread_default ();
  g_autoptr(GBytes) bytes = make_pattern (2 * MIB, 5);
  Polled polled = { .bytes = bytes };
  GPollableOutputStream *pollable;
  GSource *source;
  guint n_calls;
  g_auto(Talk) talk = { 0 };

  start_behind_gate (&talk);
  pollable = G_POLLABLE_OUTPUT_STREAM (talk.in);
  g_assert_true (g_pollable_output_stream_can_poll (pollable));
  g_assert_true (g_pollable_output_stream_is_writable (pollable));
  source = g_pollable_output_stream_create_source (pollable, NULL);
  g_source_set_callback (source, (GSourceFunc) (void (*) (void)) polled_ready, &polled, NULL);
  g_source_attach (source, context);
  await_no_room (talk.in);
  while (g_main_context_iteration (context, FALSE))
    ;
  n_calls = polled.n_calls;
  for (guint i = 0; i < 50; i++)
    g_main_context_iteration (context, FALSE);
  if (!g_pollable_output_stream_is_writable (pollable))
    g_assert_cmpuint (polled.n_calls, ==, n_calls);
  g_assert_cmpuint (polled.written, <, 2 * MIB);

  open_gate ();
  while (polled.written < 2 * MIB)
    g_main_context_iteration (context, TRUE);
  g_source_destroy (source);
  g_source_unref (source);
  proctor_stream_writer_write_eof (talk.in);
  assert_digest (&talk, 2 * MIB,
                 digest_add (DIGEST_START, g_bytes_get_data (bytes, NULL), 2 * MIB));
}

/* Sources come and go while the library makes them ready: attached or not, destroyed, or ended with
 * their context.
 */
static void
test_pollable_come_and_go (void)
{
  GMainContext *context = g_main_context_get_thread_default ();
  g_autoptr(GBytes) bytes = make_pattern (100 * KIB, 5);
  g_auto(Talk) talk = { 0 };

  talk_start (&talk, child_command ("digest", NULL), 0);
  for (guint i = 0; i < scaled (3000); i++)
    {
      g_autoptr(GMainContext) own = i % 8 == 7 ? g_main_context_new () : NULL;
      GSource *source;

      source = g_pollable_output_stream_create_source (G_POLLABLE_OUTPUT_STREAM (talk.in), NULL);
      g_source_set_dummy_callback (source);
      if (i % 4 != 0)
        g_source_attach (source, own != NULL ? own : context);
      if (i % 16 == 1)
        proctor_stream_writer_queue_bytes (talk.in, bytes);
      if (i % 3 != 0)
        g_main_context_iteration (own != NULL ? own : context, FALSE);
      if (i % 4 != 0 && own == NULL)
        g_source_destroy (source);
      g_source_unref (source);
    }
  proctor_stream_writer_write_eof (talk.in);
  assert_returncode (talk.process, 0);
}

/* A loss makes it ready, too: who waits for room has to hear of it. */
static void
test_pollable_loss (void)
{
  GMainContext *context = g_main_context_get_thread_default ();
  g_autoptr(GBytes) bytes = make_pattern (2 * MIB, 5);
  g_autoptr(GError) error = NULL;
  g_auto(Talk) talk = { 0 };
  GSource *source;
  gboolean called = FALSE;

  start_behind_gate (&talk);
  proctor_stream_writer_queue_bytes (talk.in, bytes);
  g_assert_false (g_pollable_output_stream_is_writable (G_POLLABLE_OUTPUT_STREAM (talk.in)));
  source = g_pollable_output_stream_create_source (G_POLLABLE_OUTPUT_STREAM (talk.in), NULL);
  g_source_set_dummy_callback (source);
  g_source_attach (source, context);
  g_assert_true (proctor_process_kill (talk.process, NULL));
  while (!called)
    {
      g_main_context_iteration (context, TRUE);
      called = g_pollable_output_stream_is_writable (G_POLLABLE_OUTPUT_STREAM (talk.in));
    }
  g_source_destroy (source);
  g_source_unref (source);
  g_assert_cmpint (g_pollable_output_stream_write_nonblocking (G_POLLABLE_OUTPUT_STREAM (talk.in),
                                                               "x", 1, NULL, &error),
                   ==, -1);
  g_assert_error (error, G_IO_ERROR, G_IO_ERROR_BROKEN_PIPE);
  assert_returncode (talk.process, -SIGKILL);
}

/* ---- many threads */

#define N_WRITERS 6
#define RECORD_TEXT "writer %u record %06u of many, and then some more so that it is not so short\n"

typedef struct
{
  ProctorStreamWriter *writer;
  guint index;
  guint n_records;
} RecordWriter;

static gpointer
record_thread (gpointer data)
{
  RecordWriter *self = data;

  for (guint i = 0; i < self->n_records; i++)
    {
      g_autofree char *record = g_strdup_printf (RECORD_TEXT, self->index, i);
      g_autoptr(GBytes) bytes = g_bytes_new (record, strlen (record));
      g_autoptr(GError) error = NULL;

      if (i % 3 == 0)
        {
          proctor_stream_writer_queue (self->writer, record, strlen (record));
        }
      else if (i % 3 == 1)
        {
          proctor_stream_writer_queue_bytes (self->writer, bytes);
        }
      else
        {
          g_autoptr(GBytes) first = g_bytes_new_from_bytes (bytes, 0, 5);
          g_autoptr(GBytes) second = g_bytes_new_from_bytes (bytes, 5, strlen (record) - 5);
          GBytes *pieces[] = { first, second };

          proctor_stream_writer_queue_all (self->writer, pieces, G_N_ELEMENTS (pieces));
        }
      if (i % 7 == 0)
        g_assert_true (proctor_stream_writer_drain (self->writer, NULL, &error));
      g_assert_no_error (error);
    }
  return NULL;
}

static void
test_many_threads (void)
{
  guint n_records = scaled (5000);
  RecordWriter writers[N_WRITERS];
  GThread *threads[N_WRITERS];
  guint next[N_WRITERS] = { 0 };
  g_auto(Talk) talk = { 0 };

  talk_start (&talk, child_command ("cat", NULL), 0);
  for (guint i = 0; i < N_WRITERS; i++)
    {
      writers[i] = (RecordWriter){ talk.in, i, n_records };
      threads[i] = g_thread_new ("writer", record_thread, &writers[i]);
    }
  for (guint n = 0; n < N_WRITERS * n_records; n++)
    {
      g_autoptr(GError) error = NULL;
      g_autofree char *expected = NULL;
      const char *line;
      gsize length;
      guint writer;

      g_assert_true (proctor_stream_reader_next_line (talk.out, &line, &length, NULL, &error));
      writer = (guint) (line[strlen ("writer ")] - '0');
      g_assert_cmpuint (writer, <, N_WRITERS);
      expected = g_strdup_printf (RECORD_TEXT, writer, next[writer]++);
      g_assert_cmpmem (line, length, expected, strlen (expected));
    }
  for (guint i = 0; i < N_WRITERS; i++)
    g_thread_join (threads[i]);
  proctor_stream_writer_write_eof (talk.in);
  assert_rest (&talk, "");
}

/* ---- who does not read any more */

static int n_sigpipes;

static void
note_sigpipe (int signum)
{
  n_sigpipes++;
}

#define assert_broken(call) \
  G_STMT_START \
  { \
    g_assert_false (call); \
    g_assert_error (error, G_IO_ERROR, G_IO_ERROR_BROKEN_PIPE); \
    g_clear_error (&error); \
  } \
  G_STMT_END

/* Everything that can be done with a writer whose process has gone. */
static void
use_dead (Talk *talk)
{
  g_autoptr(GError) error = NULL;

  assert_broken (way_drain (talk->in, NULL, &error));
  assert_broken (way_write_all (talk->in, "x", 1, NULL, NULL, &error));
  g_assert_true (proctor_stream_writer_get_closing (talk->in));
  queue_text (talk->in, "lost");
  assert_broken (way_flush (talk->in, NULL, &error));
  assert_broken (way_drain (talk->in, NULL, &error));
  proctor_stream_writer_write_eof (talk->in);
  assert_broken (way_close_writer (talk->in, NULL, &error));
  g_assert_cmpuint (proctor_stream_writer_get_write_buffer_size (talk->in), ==, 0);
}

static void
test_dead_child (void)
{
  static void (*dispositions[]) (int) = { SIG_DFL, SIG_IGN, note_sigpipe };
  struct sigaction original;

  g_assert_no_errno (sigaction (SIGPIPE, NULL, &original));
  n_sigpipes = 0;
  for (guint i = 0; i < G_N_ELEMENTS (dispositions); i++)
    {
      struct sigaction action = { .sa_handler = dispositions[i] };
      struct sigaction after;
      g_autoptr(GBytes) bytes = make_pattern (2 * MIB, 1);
      g_autoptr(GError) error = NULL;
      g_auto(Talk) idle = { 0 };
      g_auto(Talk) busy = { 0 };

      /* If the signal arrived by its default, it would end this program. */
      g_assert_no_errno (sigaction (SIGPIPE, &action, NULL));
      talk_start (&idle, child_command ("exit", "4", NULL), 0);
      assert_returncode (idle.process, 4);
      await (proctor_stream_writer_get_closing (idle.in));
      use_dead (&idle);

      talk_start (&busy, child_command ("sleep", "100", NULL), 0);
      proctor_stream_writer_queue_bytes (busy.in, bytes);
      g_assert_true (proctor_process_kill (busy.process, NULL));
      assert_broken (way_drain (busy.in, NULL, &error));
      use_dead (&busy);
      assert_returncode (busy.process, -SIGKILL);

      g_assert_no_errno (sigaction (SIGPIPE, NULL, &after));
      g_assert_true (after.sa_handler == dispositions[i]);
    }
  g_assert_cmpint (n_sigpipes, ==, 0);
  g_assert_no_errno (sigaction (SIGPIPE, &original, NULL));
}

/* Where nothing was lost nothing is wrong. */
static void
test_dead_child_without_loss (void)
{
  g_auto(Talk) talk = { 0 };
  g_autoptr(GError) error = NULL;

  talk_start (&talk, child_command ("cat", NULL), 0);
  g_assert_true (way_write_all (talk.in, "all", 3, NULL, NULL, &error));
  assert_takes_bytes (way_read_exactly (talk.out, 3, NULL, &error), "all");
  g_assert_true (proctor_process_kill (talk.process, NULL));
  assert_returncode (talk.process, -SIGKILL);
  await (proctor_stream_writer_get_closing (talk.in));
  g_assert_true (way_flush (talk.in, NULL, &error));
  g_assert_true (way_close_writer (talk.in, NULL, &error));
  g_assert_no_error (error);
}

/* Nobody writes, and the loss is noticed all the same. */
static void
test_loss_is_noticed (void)
{
  g_auto(Talk) talk = { 0 };
  g_autofree char *path = work_path ("deaf");
  g_autoptr(GError) error = NULL;

  talk_start (&talk, child_command ("deaf", path, NULL), 0);
  await_pid (path);
  await (proctor_stream_writer_get_closing (talk.in));
  assert_broken (way_drain (talk.in, NULL, &error));
  g_assert_cmpint (proctor_process_get_state (talk.process), ==, PROCTOR_PROCESS_RUNNING);
  talk_kill (&talk);
}

/* A call that waits hears of it at once: before the child is reaped, and without another write. */
static void
test_waiting_hears_of_loss (void)
{
  for (guint i = 0; i < 3; i++)
    {
      g_autofree char *name = g_strdup_printf ("gate-%u", i);
      g_autofree char *gate = work_path (name);
      g_autofree char *deaf = g_strconcat (gate, "-deaf", NULL);
      g_autoptr(GBytes) bytes = make_pattern (2 * MIB, 1);
      g_autoptr(GError) error = NULL;
      g_auto(Reply) reply = { 0 };
      g_auto(Talk) talk = { 0 };

      talk_start (&talk, child_command ("gate", gate, "deaf", deaf, NULL), 0);
      proctor_stream_writer_queue_bytes (talk.in, bytes);
      reply_init (&reply);
      if (i == 0)
        proctor_stream_writer_drain_async (talk.in, NULL, reply_arrived, &reply);
      else if (i == 1)
        g_output_stream_flush_async (G_OUTPUT_STREAM (talk.in), G_PRIORITY_DEFAULT, NULL,
                                     reply_arrived, &reply);
      else
        g_output_stream_close_async (G_OUTPUT_STREAM (talk.in), G_PRIORITY_DEFAULT, NULL,
                                     reply_arrived, &reply);
      for (guint k = 0; k < 20; k++)
        g_main_context_iteration (reply.context, FALSE);
      g_assert_null (reply.result);

      g_free (work_file (name, ""));
      reply_wait (&reply);
      if (i == 0)
        assert_broken (proctor_stream_writer_drain_finish (talk.in, reply.result, &error));
      else if (i == 1)
        assert_broken (
          g_output_stream_flush_finish (G_OUTPUT_STREAM (talk.in), reply.result, &error));
      else
        assert_broken (
          g_output_stream_close_finish (G_OUTPUT_STREAM (talk.in), reply.result, &error));
      talk_kill (&talk);
    }
}

/* A descendant could still read it, and does not. */
static void
test_drain_grace (void)
{
  g_auto(Talk) talk = { 0 };
  g_autofree char *path = work_path ("holder");
  g_autoptr(GBytes) bytes = make_pattern (2 * MIB, 1);
  g_autoptr(GError) error = NULL;
  ProctorCommand *command = child_command ("hold", path, "0", "", NULL);

  proctor_command_set_drain_grace (command, 10 * G_TIME_SPAN_MILLISECOND);
  talk_start (&talk, command, 0);
  proctor_stream_writer_queue_bytes (talk.in, bytes);
  assert_broken (way_flush (talk.in, NULL, &error));
  assert_broken (way_close_writer (talk.in, NULL, &error));
  assert_returncode (talk.process, 0);
  g_assert_no_errno (kill (await_pid (path), SIGKILL));
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
    { "no-copy", test_no_copy, ALL_WAYS },
    { "whose-thread-frees", test_whose_thread_frees, ALL_WAYS },
    { "freed-after-a-loss", test_freed_after_a_loss, ALL_WAYS },
    { "marks", test_marks, ALL_WAYS },
    { "many-drains", test_many_drains, TWO_WAYS },
    { "cancel", test_cancel, ALL_WAYS },
    { "cancelled-before", test_cancelled_before, ALL_WAYS },
    { "close", test_close, ALL_WAYS },
    { "dropped", test_dropped, ALL_WAYS },
    { "splice-file", test_splice_file, TWO_WAYS },
    { "splice-socket", test_splice_socket, TWO_WAYS },
    { "pollable", test_pollable, TWO_WAYS },
    { "pollable-come-and-go", test_pollable_come_and_go, TWO_WAYS },
    { "pollable-loss", test_pollable_loss, TWO_WAYS },
    { "many-threads", test_many_threads, TWO_WAYS },
    { "dead-child", test_dead_child, ALL_WAYS },
    { "dead-child-without-loss", test_dead_child_without_loss, ALL_WAYS },
    { "loss-is-noticed", test_loss_is_noticed, ALL_WAYS },
    { "waiting-hears-of-loss", test_waiting_hears_of_loss, TWO_WAYS },
    { "drain-grace", test_drain_grace, ALL_WAYS },
  };

  return RUN_API_TESTS (argc, argv, "stream-writer", tests);
}
