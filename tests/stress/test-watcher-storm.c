/* Under each child watcher 64 threads talk with processes, signal them, cancel and drop, at random.
 * Every byte and every status is checked. PROCTOR_TEST_SCALE=3 makes it a minute each.
 *
 * SPDX-License-Identifier: LGPL-2.1-or-later
 */

#include "config.h"

#include "crew.h"

#define N_MEMBERS 64
#define SECONDS 20

#define MAX_LINES 30
#define MAX_LINE 3000

/* ---- cancelling, from a thread of its own: under the main watcher alone does a main loop run */

static GAsyncQueue *to_be_cancelled; /* of owned GCancellable; the queue itself is the end */

static gpointer
canceller_main (gpointer data)
{
  g_autoptr(GRand) random = g_rand_new_with_seed ((guint32) g_test_rand_int ());
  gpointer next;

  while ((next = g_async_queue_pop (to_be_cancelled)) != to_be_cancelled)
    {
      /* Not so slow that they pile up. */
      if (g_async_queue_length (to_be_cancelled) < N_MEMBERS)
        g_usleep ((gulong) g_rand_int_range (random, 0, 200));
      g_cancellable_cancel (next);
      g_object_unref (next);
    }
  return NULL;
}

/* NULL, one that is cancelled, or one that will be. */
static GCancellable *
any_cancellable (GRand *random)
{
  GCancellable *cancellable;
  int what = g_rand_int_range (random, 0, 8);

  if (what < 5)
    return NULL;

  cancellable = g_cancellable_new ();
  if (what == 5)
    g_cancellable_cancel (cancellable);
  else
    g_async_queue_push (to_be_cancelled, g_object_ref (cancellable));
  return cancellable;
}

/* ---- a talk with a cat */

typedef struct
{
  GRand *random;
  gboolean is_async;
  ProctorProcess *process;
  ProctorStreamWriter *writer;
  ProctorStreamReader *reader;
  GString *expected; /* what was sent and has not come back */
} Talk;

static gboolean
is_cancelled (GError **error)
{
  gboolean cancelled = g_error_matches (*error, G_IO_ERROR, G_IO_ERROR_CANCELLED);

  if (!cancelled)
    g_assert_no_error (*error);
  g_clear_error (error);
  return cancelled;
}

static gboolean
talk_begin (Talk   *self,
            Member *member)
{
  g_autoptr(ProctorCommand) command = child_command ("cat", NULL);
  g_autoptr(GCancellable) cancellable = any_cancellable (member->random);
  g_autoptr(GError) error = NULL;
  g_auto(Reply) reply = { 0 };

  *self = (Talk){ .random = member->random, .is_async = g_rand_boolean (member->random) };
  proctor_command_set_stdin (command, PROCTOR_STDIO_PIPE);
  proctor_command_set_stdout (command, PROCTOR_STDIO_PIPE);
  if (g_rand_boolean (self->random))
    proctor_command_set_flags (command, PROCTOR_COMMAND_KILL_ON_DROP);

  if (self->is_async)
    {
      reply_init (&reply);
      proctor_command_spawn_async (command, cancellable, reply_arrived, &reply);
      self->process = proctor_command_spawn_finish (command, reply_wait (&reply), &error);
    }
  else
    {
      self->process = proctor_command_spawn (command, cancellable, &error);
    }
  if (self->process == NULL)
    {
      g_assert_true (is_cancelled (&error));
      return FALSE;
    }

  self->writer = g_object_ref (proctor_process_get_stdin (self->process));
  self->reader = g_object_ref (proctor_process_get_stdout (self->process));
  self->expected = g_string_new (NULL);
  return TRUE;
}

static void
talk_clear (Talk *self)
{
  g_clear_object (&self->process);
  g_clear_object (&self->writer);
  g_clear_object (&self->reader);
  g_string_free (self->expected, TRUE);
}

static void
talk_write (Talk *self)
{
  gsize length = (gsize) g_rand_int_range (self->random, 0, MAX_LINE);
  g_autofree char *line = g_malloc (length + 1);

  for (gsize i = 0; i < length; i++)
    line[i] = (char) g_rand_int_range (self->random, '\n' + 1, 256);
  line[length] = '\n';

  proctor_stream_writer_queue (self->writer, line, length + 1);
  g_string_append_len (self->expected, line, (gssize) length + 1);
}

static void
talk_drain (Talk *self)
{
  g_autoptr(GCancellable) cancellable = any_cancellable (self->random);
  g_autoptr(GError) error = NULL;
  g_auto(Reply) reply = { 0 };

  if (self->is_async)
    {
      reply_init (&reply);
      proctor_stream_writer_drain_async (self->writer, cancellable, reply_arrived, &reply);
      proctor_stream_writer_drain_finish (self->writer, reply_wait (&reply), &error);
    }
  else
    {
      proctor_stream_writer_drain (self->writer, cancellable, &error);
    }
  if (error != NULL)
    g_assert_true (is_cancelled (&error));
}

static GBytes *
talk_try_read_line (Talk    *self,
                    GError **error)
{
  g_autoptr(GCancellable) cancellable = any_cancellable (self->random);
  g_auto(Reply) reply = { 0 };

  if (!self->is_async)
    return proctor_stream_reader_read_line (self->reader, cancellable, error);

  reply_init (&reply);
  proctor_stream_reader_read_line_async (self->reader, cancellable, reply_arrived, &reply);
  return proctor_stream_reader_read_line_finish (self->reader, reply_wait (&reply), error);
}

/* However often it is cancelled, the next line comes, and whole. */
static void
talk_read (Talk *self)
{
  g_autoptr(GBytes) line = NULL;
  g_autoptr(GError) error = NULL;
  gsize length;

  if (self->expected->len == 0)
    return;
  while ((line = talk_try_read_line (self, &error)) == NULL)
    g_assert_true (is_cancelled (&error));

  length = g_bytes_get_size (line);
  g_assert_cmpuint (length, ==, strcspn (self->expected->str, "\n") + 1);
  g_assert_true (memcmp (g_bytes_get_data (line, NULL), self->expected->str, length) == 0);
  g_string_erase (self->expected, 0, (gssize) length);
}

/* What is left to be read is what was sent, or its beginning if the cat did not come to its end. */
static void
talk_read_rest (Talk     *self,
                gboolean  whole)
{
  g_autoptr(GError) error = NULL;
  g_autoptr(GBytes) rest = NULL;
  const char *held;
  gsize length;

  rest = proctor_stream_reader_read_to_end (self->reader, NULL, &error);
  g_assert_no_error (error);
  held = g_bytes_get_data (rest, &length);
  if (whole)
    g_assert_cmpuint (length, ==, self->expected->len);
  g_assert_cmpuint (length, <=, self->expected->len);
  g_assert_true (length == 0 || memcmp (held, self->expected->str, length) == 0);
  g_assert_true (proctor_stream_reader_at_eof (self->reader));
}

static void
talk_await (Talk *self,
            int   expected)
{
  g_autoptr(GError) error = NULL;
  int returncode = G_MAXINT;
  gboolean waited = FALSE;

  while (!waited)
    {
      g_autoptr(GCancellable) cancellable = any_cancellable (self->random);
      g_auto(Reply) reply = { 0 };

      if (self->is_async)
        {
          reply_init (&reply);
          proctor_process_wait_async (self->process, cancellable, reply_arrived, &reply);
          waited = proctor_process_wait_finish (self->process, reply_wait (&reply), &returncode,
                                                &error);
        }
      else
        {
          waited = proctor_process_wait (self->process, cancellable, &returncode, &error);
        }
      if (!waited)
        g_assert_true (is_cancelled (&error));
    }
  g_assert_cmpint (returncode, ==, expected);
  g_assert_false (proctor_process_kill (self->process, &error));
  g_assert_error (error, PROCTOR_ERROR, PROCTOR_ERROR_PROCESS_LOOKUP);
}

/* ---- its ends */

static void
end_by_eof (Talk *self)
{
  proctor_stream_writer_write_eof (self->writer);
  talk_read_rest (self, TRUE);
  talk_await (self, 0);
}

static void
end_by_signal (Talk *self)
{
  int signum = g_rand_boolean (self->random) ? SIGKILL : SIGTERM;
  g_autoptr(GError) error = NULL;

  g_assert_true (proctor_process_send_signal (self->process, signum, &error));
  g_assert_no_error (error);
  if (g_rand_boolean (self->random))
    {
      talk_await (self, -signum);
      talk_read_rest (self, FALSE);
    }
  else
    {
      talk_read_rest (self, FALSE);
      talk_await (self, -signum);
    }
}

static void
end_by_communicate (Talk *self)
{
  g_autoptr(ProctorResult) result = NULL;
  g_autoptr(GError) error = NULL;
  GBytes *output;

  while (result == NULL)
    {
      g_autoptr(GCancellable) cancellable = any_cancellable (self->random);

      result = proctor_process_communicate (self->process, NULL, cancellable, &error);
      if (result == NULL)
        g_assert_true (is_cancelled (&error));
    }
  output = proctor_result_get_stdout (result);
  g_assert_cmpmem (g_bytes_get_data (output, NULL), g_bytes_get_size (output),
                   self->expected->str, self->expected->len);
  g_assert_cmpint (proctor_result_get_returncode (result), ==, 0);
}

static void
end_by_stop (Talk *self)
{
  g_autoptr(GError) error = NULL;

  g_assert_true (proctor_process_stop (self->process, 60 * G_TIME_SPAN_SECOND, NULL, &error));
  g_assert_no_error (error);
  talk_await (self, -SIGTERM);
  talk_read_rest (self, FALSE);
}

static void
end_by_nothing (Talk *self)
{
}

static void (*const ends[]) (Talk *self) = {
  end_by_eof, end_by_signal, end_by_communicate, end_by_stop, end_by_nothing,
};

/* ---- the storm */

typedef struct
{
  gint64 deadline;

  /* atomic */
  int n_talks;
  int n_refused;
} Storm;

static void
talk (Member *member,
      Storm  *storm)
{
  Talk self;

  if (!talk_begin (&self, member))
    {
      g_atomic_int_inc (&storm->n_refused);
      return;
    }

  for (int n_left = g_rand_int_range (self.random, 0, MAX_LINES); n_left > 0; n_left--)
    switch (g_rand_int_range (self.random, 0, 5))
      {
      case 0:
        talk_drain (&self);
        break;
      case 1:
      case 2:
        talk_read (&self);
        break;
      default:
        talk_write (&self);
      }
  ends[g_rand_int_range (self.random, 0, G_N_ELEMENTS (ends))] (&self);
  talk_clear (&self);
  g_atomic_int_inc (&storm->n_talks);
}

static void
talk_on (Member *member)
{
  Storm *storm = member->crew->data;

  while (g_get_monotonic_time () < storm->deadline)
    talk (member, storm);
  while (g_main_context_iteration (member->context, FALSE))
    ;
}

typedef ProctorChildWatcher *(*MakeFunc) (GError **error);

static void
run_storm (MakeFunc make,
           gboolean needs_main_loop)
{
  g_autoptr(GError) error = NULL;
  g_autoptr(ProctorChildWatcher) watcher = make (&error);
  Storm storm = { 0 };
  GThread *canceller;
  Crew crew;

  if (g_error_matches (error, G_IO_ERROR, G_IO_ERROR_NOT_SUPPORTED))
    {
      g_test_skip (error->message);
      return;
    }
  g_assert_no_error (error);
  g_assert_true (proctor_set_child_watcher (watcher, &error));

  to_be_cancelled = g_async_queue_new ();
  canceller = g_thread_new ("canceller", canceller_main, NULL);
  storm.deadline = g_get_monotonic_time () +
                   (gint64) (SECONDS * test_scale () * G_TIME_SPAN_SECOND);
  crew_start (&crew, N_MEMBERS, talk_on, &storm);
  if (needs_main_loop)
    crew_attend (&crew);
  else
    crew_join (&crew);
  g_async_queue_push (to_be_cancelled, to_be_cancelled);
  g_thread_join (canceller);
  g_async_queue_unref (to_be_cancelled);
  g_test_message ("%d talks, %d cancelled at their start", storm.n_talks, storm.n_refused);
  g_assert_cmpint (storm.n_talks, >, 0);

  g_assert_true (proctor_set_child_watcher (NULL, &error));
  g_clear_object (&watcher);
  warm_up ();
}

static void
test_main (void)
{
  run_storm (proctor_main_child_watcher_new, TRUE);
}

static void
test_pidfd (void)
{
  run_storm (proctor_pidfd_child_watcher_new, FALSE);
}

static void
test_threaded (void)
{
  run_storm (proctor_threaded_child_watcher_new, FALSE);
}

int
main (int argc, char **argv)
{
  static const ApiTest tests[] = {
    { "main", test_main, ONE_WAY },
    { "pidfd", test_pidfd, ONE_WAY },
    { "threaded", test_threaded, ONE_WAY },
  };

  g_unsetenv ("PROCTOR_WATCHER");
  raise_fd_limit ();
  return RUN_API_TESTS (argc, argv, "watcher-storm", tests);
}
