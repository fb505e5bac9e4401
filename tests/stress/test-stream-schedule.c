/* Random schedules: children that read and write in pieces of all sizes with pauses, writers and
 * readers in threads of their own that do whatever can be done, and cancel each other at any
 * moment. What comes back is compared byte by byte.
 *
 * SPDX-License-Identifier: LGPL-2.1-or-later
 */

#include "config.h"

#include "../stream-testing.h"

#define N_MEMBERS 6

/* Both sides of one conversation with a child. */
typedef struct
{
  ProctorStreamWriter *in;
  ProctorStreamReader *out;
  GBytes *bytes;
  gsize limit;

  /* each side's own */
  GRand *writer_random;
  GRand *reader_random;
  GByteArray *answer;

  /* guarded by cancel_lock */
  GMutex cancel_lock;
  GCancellable *cancellables[2]; /* borrowed: of what each side does now */

  /* atomic */
  int writer_has_ended;
} Conversation;

enum { WRITER, READER };

typedef struct
{
  guint32 seed;
  guint n_runs;
  guint n_reads;
  guint n_empty;
} Member;

static int n_members_ended; /* atomic */

/* ---- cancelling each other */

static GCancellable *
begin_cancellable (Conversation *self,
                   guint         side)
{
  GCancellable *cancellable = g_cancellable_new ();

  g_mutex_lock (&self->cancel_lock);
  self->cancellables[side] = cancellable;
  g_mutex_unlock (&self->cancel_lock);
  return cancellable;
}

static void
end_cancellable (Conversation *self,
                 guint         side,
                 GCancellable *cancellable)
{
  g_mutex_lock (&self->cancel_lock);
  self->cancellables[side] = NULL;
  g_mutex_unlock (&self->cancel_lock);
  g_object_unref (cancellable);
}

static void
cancel_other (Conversation *self,
              guint         side)
{
  GCancellable *cancellable = NULL;

  g_mutex_lock (&self->cancel_lock);
  if (self->cancellables[side] != NULL)
    cancellable = g_object_ref (self->cancellables[side]);
  g_mutex_unlock (&self->cancel_lock);

  if (cancellable != NULL)
    g_cancellable_cancel (cancellable);
  g_clear_object (&cancellable);
}

static gsize
random_length (GRand *random)
{
  switch (g_rand_int_range (random, 0, 10))
    {
    case 0:
      return (gsize) g_rand_int_range (random, 1, 100000);
    case 1:
    case 2:
      return (gsize) g_rand_int_range (random, 1, 5000);
    default:
      return (gsize) g_rand_int_range (random, 1, 150);
    }
}

static void
random_pause (GRand *random)
{
  switch (g_rand_int_range (random, 0, 12))
    {
    case 0:
      g_usleep ((gulong) g_rand_int_range (random, 1, 300));
      break;
    case 1:
      g_thread_yield ();
      break;
    default:
      break;
    }
}

/* ---- the writer's side */

static void
assert_at_most_cancelled (GError *error)
{
  if (error != NULL)
    g_assert_error (error, G_IO_ERROR, G_IO_ERROR_CANCELLED);
}

/* How much of it went in. */
static gsize
write_somehow (Conversation *self,
               const guint8 *data,
               gsize         length)
{
  GRand *random = self->writer_random;
  gsize half = (gsize) g_rand_int_range (random, 0, (gint32) length + 1);
  g_autoptr(GBytes) first = g_bytes_new (data, half);
  g_autoptr(GBytes) second = g_bytes_new (data + half, length - half);
  GBytes *pieces[] = { first, second };
  GCancellable *cancellable = begin_cancellable (self, WRITER);
  g_autoptr(GError) error = NULL;
  gsize written = length;

  switch (g_rand_int_range (random, 0, 5))
    {
    case 0:
      proctor_stream_writer_queue (self->in, data, length);
      break;
    case 1:
      proctor_stream_writer_queue_all (self->in, pieces, 2);
      break;
    case 2:
      /* GIO's asynchronous write may say that it was cancelled when it has written. */
      way_write_all (self->in, data, length, &written, way->is_async ? NULL : cancellable, &error);
      break;
    default:
      proctor_stream_writer_queue_bytes (self->in, first);
      proctor_stream_writer_queue_bytes (self->in, second);
      way_drain (self->in, cancellable, &error);
      break;
    }
  assert_at_most_cancelled (error);
  end_cancellable (self, WRITER, cancellable);
  return written;
}

static void
flush_somehow (Conversation *self)
{
  GCancellable *cancellable = begin_cancellable (self, WRITER);
  g_autoptr(GError) error = NULL;

  way_flush (self->in, cancellable, &error);
  assert_at_most_cancelled (error);
  end_cancellable (self, WRITER, cancellable);
}

/* With the end of input, by any of the ways. */
static void
end_somehow (Conversation *self)
{
  GCancellable *cancellable = begin_cancellable (self, WRITER);
  g_autoptr(GError) error = NULL;

  switch (g_rand_int_range (self->writer_random, 0, 3))
    {
    case 0:
      proctor_stream_writer_write_eof (self->in);
      break;
    case 1:
      way_close_writer (self->in, cancellable, &error);
      assert_at_most_cancelled (error);
      break;
    default:
      proctor_stream_writer_write_eof (self->in);
      way_close_writer (self->in, NULL, &error);
      g_assert_no_error (error);
      break;
    }
  end_cancellable (self, WRITER, cancellable);
}

static gpointer
writer_thread (gpointer data)
{
  Conversation *self = data;
  GRand *random = self->writer_random;
  g_autoptr(GMainContext) context = g_main_context_new ();
  gsize length;
  const guint8 *bytes = g_bytes_get_data (self->bytes, &length);

  g_main_context_push_thread_default (context);
  for (gsize done = 0; done < length;)
    {
      gsize wanted = random_length (random);

      done += write_somehow (self, bytes + done, MIN (wanted, length - done));
      if (g_rand_int_range (random, 0, 20) == 0)
        flush_somehow (self);
      if (g_rand_int_range (random, 0, 8) == 0)
        cancel_other (self, READER);
      random_pause (random);
    }
  end_somehow (self);
  g_clear_object (&self->in);
  while (g_main_context_iteration (context, FALSE))
    ;
  g_main_context_pop_thread_default (context);
  g_atomic_int_set (&self->writer_has_ended, TRUE);
  return NULL;
}

/* ---- the reader's side */

static void
add_answer (Conversation *self,
            const void   *data,
            gsize         length)
{
  gsize total;
  const guint8 *expected = g_bytes_get_data (self->bytes, &total);

  /* Here, and not only at the end: so that the first wrong byte is found by the read that gave it.
   */
  g_assert_cmpuint (self->answer->len + length, <=, total);
  g_assert_true (length == 0 || memcmp (data, expected + self->answer->len, length) == 0);
  g_byte_array_append (self->answer, data, (guint) length);
}

/* Takes @bytes, which may be NULL. */
static void
add_bytes (Conversation *self,
           GBytes       *bytes)
{
  if (bytes == NULL)
    return;

  add_answer (self, g_bytes_get_data (bytes, NULL), g_bytes_get_size (bytes));
  g_bytes_unref (bytes);
}

static void
read_many_lines (Conversation  *self,
                 GCancellable  *cancellable,
                 GError       **error)
{
  GPtrArray *lines = way_read_lines (self->out, cancellable, error);

  for (guint i = 0; lines != NULL && i < lines->len; i++)
    add_bytes (self, g_bytes_ref (lines->pdata[i]));
  g_clear_pointer (&lines, g_ptr_array_unref);
}

static void
read_next_lines (Conversation  *self,
                 GCancellable  *cancellable,
                 GError       **error)
{
  const char *line;
  gsize length;

  for (gint32 n = g_rand_int_range (self->reader_random, 1, 6); n > 0; n--)
    {
      if (!proctor_stream_reader_next_line (self->out, &line, &length, cancellable, error))
        return;
      add_answer (self, line, length);
    }
}

static void
read_into_buffer (Conversation  *self,
                  gsize          length,
                  GCancellable  *cancellable,
                  GError       **error)
{
  g_autofree guint8 *buffer = g_malloc (length);
  gssize n_read =
    g_input_stream_read (G_INPUT_STREAM (self->out), buffer, length, cancellable, error);

  if (n_read > 0)
    add_answer (self, buffer, (gsize) n_read);
}

static void
read_by_polling (Conversation  *self,
                 gsize          length,
                 GError       **error)
{
  g_autofree guint8 *buffer = g_malloc (length);
  gssize n_read = g_pollable_input_stream_read_nonblocking (G_POLLABLE_INPUT_STREAM (self->out),
                                                            buffer, length, NULL, error);

  if (n_read > 0)
    add_answer (self, buffer, (gsize) n_read);
  if (g_error_matches (*error, G_IO_ERROR, G_IO_ERROR_WOULD_BLOCK))
    g_clear_error (error);
}

/* A separator of up to three bytes that may be in what is still to come. */
static void
read_a_record (Conversation  *self,
               GCancellable  *cancellable,
               GError       **error)
{
  gsize total;
  const guint8 *expected = g_bytes_get_data (self->bytes, &total);
  gsize length = (gsize) g_rand_int_range (self->reader_random, 1, 4);
  gsize ahead = random_length (self->reader_random);
  gsize from = MIN (self->answer->len + ahead, total - MIN (total, length));
  char separator[4] = "";

  memcpy (separator, expected + from, MIN (length, total));
  if (strlen (separator) > 0)
    add_bytes (self, way_read_until (self->out, separator, cancellable, error));
}

static void
read_somehow (Conversation  *self,
              GCancellable  *cancellable,
              GError       **error)
{
  GRand *random = self->reader_random;
  gsize length = random_length (random);

  switch (g_rand_int_range (random, 0, 11))
    {
    case 0:
      add_bytes (self, way_read_exactly (self->out, length, cancellable, error));
      break;
    case 1:
      read_a_record (self, cancellable, error);
      break;
    case 2:
      read_into_buffer (self, length, cancellable, error);
      break;
    case 3:
      add_bytes (self, way_read_bytes (self->out, length, cancellable, error));
      break;
    case 4:
      read_by_polling (self, length, error);
      break;
    case 5:
      read_many_lines (self, cancellable, error);
      break;
    case 6:
      proctor_stream_reader_set_long_lines (self->out, g_rand_boolean (random)
                                                         ? PROCTOR_LONG_LINES_SPLIT
                                                         : PROCTOR_LONG_LINES_ERROR);
      break;
    case 7:
      if (g_rand_int_range (random, 0, 10) == 0)
        add_bytes (self, way_read_to_end (self->out, cancellable, error));
      break;
    case 8:
      add_bytes (self, way_read_line (self->out, cancellable, error));
      break;
    default:
      read_next_lines (self, cancellable, error);
      break;
    }
}

/* Behind a line that is too long. */
static void
pass_long_line (Conversation *self)
{
  g_autoptr(GError) error = NULL;
  gsize consumed = proctor_stream_reader_get_consumed (self->out);

  g_assert_cmpuint (consumed, >, self->limit);
  g_assert_cmpuint (consumed, <=, proctor_stream_reader_get_buffered (self->out));
  add_bytes (self, way_read_exactly (self->out, consumed, NULL, &error));
  g_assert_no_error (error);
}

static void
read_once (Conversation *self,
           Member       *member)
{
  GCancellable *cancellable = begin_cancellable (self, READER);
  g_autoptr(GError) error = NULL;
  guint before = self->answer->len;

  read_somehow (self, cancellable, &error);
  end_cancellable (self, READER, cancellable);
  member->n_reads++;
  member->n_empty += self->answer->len == before;

  if (g_error_matches (error, PROCTOR_ERROR, PROCTOR_ERROR_LIMIT_OVERRUN))
    pass_long_line (self);
  else if (!g_error_matches (error, PROCTOR_ERROR, PROCTOR_ERROR_INCOMPLETE_READ))
    assert_at_most_cancelled (error);
}

static void
read_all (Conversation *self,
          Member       *member)
{
  while (!proctor_stream_reader_at_eof (self->out))
    {
      read_once (self, member);
      if (g_rand_int_range (self->reader_random, 0, 8) == 0)
        cancel_other (self, WRITER);
      random_pause (self->reader_random);
    }
}

/* ---- conversations */

static gsize
random_limit (GRand *random)
{
  return (gsize) 1 << g_rand_int_range (random, 0, 18);
}

static void
converse (Member *member,
          GRand  *random)
{
  g_autofree char *seed = g_strdup_printf ("%u", g_rand_int (random));
  gsize longest = g_rand_int_range (random, 0, 20) == 0 ? 600000 : 15000;
  Conversation talk = { .limit = random_limit (random), .answer = g_byte_array_new () };
  g_autoptr(ProctorCommand) command = child_command ("chop", seed, NULL);
  ProctorProcess *process;
  gboolean drop = g_rand_int_range (random, 0, 4) == 0;
  GThread *writer;

  proctor_command_set_stdin (command, PROCTOR_STDIO_PIPE);
  proctor_command_set_stdout (command, PROCTOR_STDIO_PIPE);
  proctor_command_set_limit (command, talk.limit);
  process = spawn_or_abort (command);
  talk.in = g_object_ref (proctor_process_get_stdin (process));
  talk.out = g_object_ref (proctor_process_get_stdout (process));
  talk.bytes =
    make_pattern ((gsize) g_rand_int_range (random, 1, (gint32) longest), g_rand_int (random));
  talk.writer_random = g_rand_new_with_seed (g_rand_int (random));
  talk.reader_random = g_rand_new_with_seed (g_rand_int (random));
  g_mutex_init (&talk.cancel_lock);
  if (g_rand_boolean (random))
    {
      gsize high = random_limit (random);

      proctor_stream_writer_set_write_buffer_limits (
        talk.in, (gsize) g_rand_int_range (random, 0, (gint32) high + 1), high);
    }
  if (drop)
    g_clear_object (&process);

  writer = g_thread_new ("writer", writer_thread, &talk);
  read_all (&talk, member);
  g_thread_join (writer);
  g_assert_true (talk.writer_has_ended);
  g_assert_cmpuint (talk.answer->len, ==, g_bytes_get_size (talk.bytes));
  if (process != NULL)
    assert_returncode (process, 0);

  g_clear_object (&process);
  g_object_unref (talk.out);
  g_bytes_unref (talk.bytes);
  g_byte_array_unref (talk.answer);
  g_rand_free (talk.writer_random);
  g_rand_free (talk.reader_random);
  g_mutex_clear (&talk.cancel_lock);
}

static gpointer
member_thread (gpointer data)
{
  Member *self = data;
  g_autoptr(GMainContext) context = g_main_context_new ();
  g_autoptr(GRand) random = g_rand_new_with_seed (self->seed);

  g_main_context_push_thread_default (context);
  for (guint i = 0; i < self->n_runs; i++)
    converse (self, random);
  while (g_main_context_iteration (context, FALSE))
    ;
  g_main_context_pop_thread_default (context);

  g_atomic_int_inc (&n_members_ended);
  g_main_context_wakeup (NULL);
  return NULL;
}

static void
test_schedules (void)
{
  Member members[N_MEMBERS];
  GThread *threads[N_MEMBERS];
  guint n_runs = 0;
  guint n_reads = 0;
  guint n_empty = 0;

  n_members_ended = 0;
  for (guint i = 0; i < N_MEMBERS; i++)
    {
      members[i] =
        (Member){ .seed = (guint32) g_test_rand_int (), .n_runs = scaled (1500) / N_MEMBERS + 1 };
      threads[i] = g_thread_new ("member", member_thread, &members[i]);
    }
  while (g_atomic_int_get (&n_members_ended) < N_MEMBERS)
    g_main_context_iteration (NULL, TRUE);
  for (guint i = 0; i < N_MEMBERS; i++)
    {
      g_thread_join (threads[i]);
      n_runs += members[i].n_runs;
      n_reads += members[i].n_reads;
      n_empty += members[i].n_empty;
    }
  g_test_message ("%u conversations, %u reads, %u of them took nothing", n_runs, n_reads, n_empty);
}

int
main (int    argc,
      char **argv)
{
  static const ApiTest tests[] = {
    { "schedules", test_schedules, MAIN_WAYS },
  };

  return RUN_API_TESTS (argc, argv, "stream-stress", tests);
}
