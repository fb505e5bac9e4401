/* Writing more than a child reads: from files and streams, from many threads, and to a child that
 * does not read any more.
 *
 * SPDX-License-Identifier: LGPL-2.1-or-later
 */

#include "config.h"

#include <sys/socket.h>

#include "stream-testing.h"

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

/* A child that reads it and ends has taken it, however soon it ends. */
static void
test_last_word (void)
{
  for (guint i = 0; i < scaled (200); i++)
    {
      g_autoptr(GError) error = NULL;
      gsize written = 0;
      g_auto(Talk) talk = { 0 };

      talk_start (&talk, proctor_command_new ("sh", "-c", "read word", NULL), 0);
      g_assert_true (way_write_all (talk.in, "quit\n", 5, &written, NULL, &error));
      g_assert_no_error (error);
      g_assert_cmpuint (written, ==, 5);
      assert_returncode (talk.process, 0);
    }
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
    { "splice-file", test_splice_file, TWO_WAYS },
    { "splice-socket", test_splice_socket, TWO_WAYS },
    { "pollable", test_pollable, TWO_WAYS },
    { "pollable-come-and-go", test_pollable_come_and_go, TWO_WAYS },
    { "pollable-loss", test_pollable_loss, TWO_WAYS },
    { "many-threads", test_many_threads, TWO_WAYS },
    { "last-word", test_last_word, ALL_WAYS },
    { "dead-child", test_dead_child, ALL_WAYS },
    { "dead-child-without-loss", test_dead_child_without_loss, ALL_WAYS },
    { "loss-is-noticed", test_loss_is_noticed, ALL_WAYS },
    { "waiting-hears-of-loss", test_waiting_hears_of_loss, TWO_WAYS },
    { "drain-grace", test_drain_grace, ALL_WAYS },
  };

  return RUN_API_TESTS (argc, argv, "stream-writer-flow", tests);
}
