/* SPDX-License-Identifier: LGPL-2.1-or-later */

#include "config.h"

#include "pipes-testing.h"

static void
test_source_order_and_end (void)
{
  gsize length = scaled (32 * 1024) * KIB;
  Reader reader;
  int ours;
  int theirs;

  make_pipe (&ours, &theirs, 0);
  reader_init (&reader, ours);
  call_in_worker (reader.worker, start_reader, &reader);
  write_all (theirs, 0, length);
  await_taken (&reader, length);
  g_assert_cmpint (atomic_load (&reader.n_ended), ==, 0);
  close (theirs);
  await_ended (&reader);
  g_assert_cmpint (atomic_load (&reader.error_number), ==, 0);
  g_assert_cmpuint (atomic_load (&reader.n_taken), ==, length);
  call_in_worker (reader.worker, close_reader, &reader);
}

/* Into the consumer's own memory, of any size. */
static void
test_source_reserved (void)
{
  static const gsize sizes[] = { 1, 100, 65536, 600 * KIB };

  for (guint i = 0; i < G_N_ELEMENTS (sizes); i++)
    {
      gsize length = MIN (scaled (2048) * KIB, sizes[i] * 5000);
      Reader reader;
      int ours;
      int theirs;

      make_pipe (&ours, &theirs, 0);
      reader_init (&reader, ours);
      reader.room_size = sizes[i];
      reader.room = g_malloc (reader.room_size);
      call_in_worker (reader.worker, start_reader, &reader);
      write_all (theirs, 0, length);
      close (theirs);
      await_ended (&reader);
      g_assert_cmpuint (atomic_load (&reader.n_taken), ==, length);
      g_free (reader.room);
    }
}

/* The end is found behind bytes that came before the start, and without any bytes. */
static void
test_source_end_at_start (void)
{
  for (gsize length = 0; length <= 3000; length += 1000)
    {
      Reader reader;
      int ours;
      int theirs;

      make_pipe (&ours, &theirs, 0);
      write_all (theirs, 0, length);
      close (theirs);
      reader_init (&reader, ours);
      call_in_worker (reader.worker, start_reader, &reader);
      await_ended (&reader);
      g_assert_cmpuint (atomic_load (&reader.n_taken), ==, length);
    }
}

static void
test_source_stop_and_start (void)
{
  Reader reader;
  gsize length = 0;
  int ours;
  int theirs;
  guint n_rounds = scaled (300);

  make_pipe (&ours, &theirs, 0);
  reader_init (&reader, ours);
  for (guint round = 0; round < n_rounds; round++)
    {
      gsize before = atomic_load (&reader.n_taken);

      write_all (theirs, length, 1000);
      length += 1000;
      call_in_worker (reader.worker, do_nothing, NULL);
      g_assert_cmpuint (atomic_load (&reader.n_taken), ==, before);

      call_in_worker (reader.worker, start_reader, &reader);
      await_taken (&reader, length);
      call_in_worker (reader.worker, stop_reader, &reader);
    }

  /* What is written while nobody reads stays, and so does the end. */
  write_all (theirs, length, 10);
  close (theirs);
  call_in_worker (reader.worker, do_nothing, NULL);
  g_assert_cmpint (atomic_load (&reader.n_ended), ==, 0);
  call_in_worker (reader.worker, start_reader, &reader);
  await_ended (&reader);
  g_assert_cmpuint (atomic_load (&reader.n_taken), ==, length + 10);
}

/* The consumer stops or closes the source while it is handed bytes. */
static void
test_source_stopped_by_consumer (void)
{
  Reader reader;
  int ours;
  int theirs;

  make_pipe (&ours, &theirs, 0);
  reader_init (&reader, ours);
  reader.room_size = 100;
  reader.room = g_malloc (reader.room_size);
  reader.stop_after_take = TRUE;
  write_all (theirs, 0, 300);
  close (theirs);

  for (gsize expected = 100; expected <= 300; expected += 100)
    {
      call_in_worker (reader.worker, start_reader, &reader);
      await_taken (&reader, expected);
      call_in_worker (reader.worker, do_nothing, NULL);
      g_assert_cmpuint (atomic_load (&reader.n_taken), ==, expected);
      g_assert_cmpint (atomic_load (&reader.n_ended), ==, 0);
    }
  call_in_worker (reader.worker, start_reader, &reader);
  await_ended (&reader);
  g_free (reader.room);

  make_pipe (&ours, &theirs, 0);
  reader_init (&reader, ours);
  reader.close_after_take = TRUE;
  write_all (theirs, 0, 300);
  call_in_worker (reader.worker, start_reader, &reader);
  await_taken (&reader, 300);
  call_in_worker (reader.worker, do_nothing, NULL);
  g_assert_cmpint (atomic_load (&reader.n_ended), ==, 0);
  g_assert_false (pipe_source_is_open (&reader.source));
  close (theirs);
}

static void
test_source_refused (void)
{
  Reader reader;
  int ours;
  int theirs;

  make_pipe (&ours, &theirs, 0);
  reader_init (&reader, ours);
  reader.refuse = TRUE;
  call_in_worker (reader.worker, start_reader, &reader);
  write_all (theirs, 0, 10);
  await_ended (&reader);
  g_assert_cmpint (atomic_load (&reader.error_number), ==, ENOMEM);
  close (theirs);
}

/* Not a pipe that anybody can wait for. */
static void
test_source_unwatchable (void)
{
  g_autofree char *path = NULL;
  int fd = g_file_open_tmp ("proctor-pipes-XXXXXX", &path, NULL);
  Reader reader;

  g_assert_cmpint (fd, >=, 0);
  unlink (path);
  if (g_strcmp0 (g_getenv ("PROCTOR_EVENT_QUEUE"), "poll") == 0)
    {
      close (fd);
      return;
    }

  reader_init (&reader, fd);
  call_in_worker (reader.worker, start_reader, &reader);
  g_assert_cmpint (atomic_load (&reader.n_ended), ==, 1);
  g_assert_cmpint (atomic_load (&reader.error_number), ==, EPERM);
}

static void
write_and_drain (gpointer data)
{
  Reader *self = data;
  gsize length = 60000;
  int theirs = self->fd;

  pipe_source_start (&self->source, &reader_consumer, self);
  write_all (theirs, 0, length);
  pipe_source_drain (&self->source, PIPE_SOURCE_ALL);
  g_assert_cmpuint (atomic_load (&self->n_taken), ==, length);
  pipe_source_drain (&self->source, PIPE_SOURCE_ALL);
  g_assert_cmpint (atomic_load (&self->n_ended), ==, 0);

  write_all (theirs, length, 5);
  close (theirs);
  pipe_source_drain (&self->source, PIPE_SOURCE_ALL);
  g_assert_cmpuint (atomic_load (&self->n_taken), ==, length + 5);
  g_assert_cmpint (atomic_load (&self->n_ended), ==, 1);
  pipe_source_drain (&self->source, PIPE_SOURCE_ALL);
}

/* Takes all that is there without an event, and comes back when there is no more, with the writer
 * alive.
 */
static void
test_source_drain (void)
{
  Reader reader;
  int ours;
  int theirs;

  make_pipe (&ours, &theirs, 0);
  reader_init (&reader, ours);
  reader.fd = theirs;
  call_in_worker (reader.worker, write_and_drain, &reader);

  /* Nothing to drain in one that does not read. */
  make_pipe (&ours, &theirs, 0);
  reader_init (&reader, ours);
  write_all (theirs, 0, 10);
  call_in_worker (reader.worker, drain_reader, &reader);
  g_assert_cmpuint (atomic_load (&reader.n_taken), ==, 0);
  call_in_worker (reader.worker, close_reader, &reader);
  close (theirs);
}

static void
end_if_empty (gpointer data)
{
  Reader *self = data;
  int theirs = self->fd;

  /* It is for one that does not read. */
  pipe_source_start (&self->source, &reader_consumer, self);
  pipe_source_end_if_empty (&self->source);
  pipe_source_stop (&self->source);
  pipe_source_end_if_empty (&self->source);
  write_all (theirs, 0, 10);
  close (theirs);
  pipe_source_end_if_empty (&self->source);
  g_assert_cmpint (atomic_load (&self->n_ended), ==, 0);
  g_assert_cmpuint (atomic_load (&self->n_taken), ==, 0);
}

static void
take_and_end_if_empty (gpointer data)
{
  Reader *self = data;

  /* Before it comes to the end. */
  self->stop_after_take = TRUE;
  pipe_source_start (&self->source, &reader_consumer, self);
  pipe_source_drain (&self->source, PIPE_SOURCE_ALL);
  g_assert_cmpuint (atomic_load (&self->n_taken), ==, 10);
  g_assert_cmpint (atomic_load (&self->n_ended), ==, 0);
  pipe_source_end_if_empty (&self->source);
  g_assert_cmpint (atomic_load (&self->n_ended), ==, 1);
  g_assert_cmpint (atomic_load (&self->error_number), ==, 0);
  pipe_source_end_if_empty (&self->source);
}

/* Not while there is a writer, and not while there are bytes. */
static void
test_source_end_if_empty (void)
{
  Reader reader;
  int ours;
  int theirs;

  make_pipe (&ours, &theirs, 0);
  reader_init (&reader, ours);
  reader.fd = theirs;
  call_in_worker (reader.worker, end_if_empty, &reader);
  call_in_worker (reader.worker, take_and_end_if_empty, &reader);
  g_assert_cmpint (atomic_load (&reader.n_ended), ==, 1);
}

static const struct
{
  const char *name;
  void (*run) (void);
} tests[] = {
  { "order-and-end", test_source_order_and_end },
  { "reserved", test_source_reserved },
  { "end-at-start", test_source_end_at_start },
  { "stop-and-start", test_source_stop_and_start },
  { "stopped-by-consumer", test_source_stopped_by_consumer },
  { "refused", test_source_refused },
  { "unwatchable", test_source_unwatchable },
  { "drain", test_source_drain },
  { "end-if-empty", test_source_end_if_empty },
};

int
main (int argc, char **argv)
{
  Leaks before;
  int result;

  g_test_init (&argc, &argv, NULL);
  deadline_start ("test-pipe-source", TEST_DEADLINE_SECONDS);

  for (guint i = 0; i < G_N_ELEMENTS (tests); i++)
    {
      g_autofree char *path = g_strconcat ("/pipe-source/", tests[i].name, NULL);

      g_test_add_func (path, tests[i].run);
    }

  g_main_context_default ();
  leaks_take (&before);
  result = g_test_run ();
  runtime_stop ();
  leaks_check (&before);
  return result;
}
