/* A child that is stuck before its program begins: it can be given up, and holds nobody else up;
 * nothing is left.
 *
 * SPDX-License-Identifier: LGPL-2.1-or-later
 */

#include "config.h"

#include "failures-testing.h"

#include "runtime/spawner.h"

/* ---- stuck before exec */

/* A child that opens it sleeps until somebody opens the other end. */
static char *
make_fifo (const char *name)
{
  char *path = work_path (name);

  g_assert_cmpint (mkfifo (path, 0600), ==, 0);
  return path;
}

static ProctorCommand *
stuck_command (const char *fifo)
{
  ProctorCommand *command = child_command ("cat", NULL);

  proctor_command_set_stdin_path (command, fifo);
  return command;
}

static void
test_stuck_and_cancelled (void)
{
  g_autofree char *fifo = make_fifo ("fifo");
  g_autoptr(ProctorCommand) command = stuck_command (fifo);

  for (guint i = 0; i < scaled (60); i++)
    {
      g_autoptr(GCancellable) cancellable = g_cancellable_new ();
      g_autoptr(GError) error = NULL;
      Canceller canceller;

      canceller_start (&canceller, cancellable, i * 100);
      if (i % 2 == 0)
        g_assert_null (way_run (command, NULL, cancellable, &error));
      else
        g_assert_null (way_spawn (command, cancellable, &error));
      g_assert_error (error, G_IO_ERROR, G_IO_ERROR_CANCELLED);
      canceller_join (&canceller);
      if (!way->in_thread)
        g_assert_false (have_children ());
    }
}

#define STUCK_BATCH 50

/* Starts fifty that get stuck and cancels each. With @all_at_once none is cancelled before the last
 * one has its spawner, else some are while they wait for one, or are about to get stuck.
 */
static void
cancel_a_batch (ProctorCommand *command,
                gboolean        all_at_once)
{
  Reply replies[STUCK_BATCH];
  GCancellable *cancellables[STUCK_BATCH];

  for (guint i = 0; i < STUCK_BATCH; i++)
    {
      reply_init (&replies[i]);
      cancellables[i] = g_cancellable_new ();
      if (i % 2 == 0)
        proctor_command_run_async (command, NULL, cancellables[i], reply_arrived, &replies[i]);
      else
        proctor_command_spawn_async (command, cancellables[i], reply_arrived, &replies[i]);
    }
  while (all_at_once && spawner_count_threads () < STUCK_BATCH)
    g_usleep (1000);

  for (guint i = 0; i < STUCK_BATCH; i++)
    {
      if (!all_at_once && i % 10 == 0)
        g_usleep (g_test_rand_int_range (0, 2000));
      g_cancellable_cancel (cancellables[i]);
    }
  for (guint i = 0; i < STUCK_BATCH; i++)
    {
      g_autoptr(GError) error = NULL;
      GAsyncResult *result = reply_wait (&replies[i]);

      if (i % 2 == 0)
        g_assert_null (proctor_command_run_finish (command, result, &error));
      else
        g_assert_null (proctor_command_spawn_finish (command, result, &error));
      g_assert_error (error, G_IO_ERROR, G_IO_ERROR_CANCELLED);
      reply_clear (&replies[i]);
      g_object_unref (cancellables[i]);
    }
}

/* The first batches make the spawners that the others need, and the memory that is then kept. */
static void
test_a_thousand_stuck (void)
{
  g_autofree char *fifo = make_fifo ("fifo");
  g_autoptr(ProctorCommand) command = stuck_command (fifo);
  guint n_batches = scaled (20);
  gsize bytes_before;
  Leaks before, after;

  cancel_a_batch (command, TRUE);
  cancel_a_batch (command, FALSE);
  leaks_take (&before);
  bytes_before = count_bytes ();
  for (guint i = 0; i < n_batches; i++)
    {
      cancel_a_batch (command, i % 2 == 0);
      g_assert_false (have_children ());
    }
  assert_no_bytes (bytes_before, n_batches * STUCK_BATCH);

  leaks_check (&before);
  leaks_take (&after);
  g_test_message ("%u spawners", after.n_spawners);
  /* One for each that is stuck; a slow machine may look like a few more. */
  g_assert_cmpuint (after.n_spawners, <=, before.n_spawners + STUCK_BATCH / 2);
}

static void
test_stuck_and_timed_out (void)
{
  g_autofree char *fifo = make_fifo ("fifo");
  g_autoptr(ProctorCommand) command = stuck_command (fifo);
  g_autofree char *message = g_strdup_printf ("“%s cat” could not be started in time", child_path);

  for (guint i = 0; i < scaled (20); i++)
    {
      g_autoptr(GError) error = NULL;

      proctor_command_set_timeout (command, i * G_TIME_SPAN_MILLISECOND);
      fail_to_run (command, &error);
      g_assert_error (error, G_IO_ERROR, G_IO_ERROR_TIMED_OUT);
      g_assert_cmpstr (error->message, ==, message);
      if (!way->in_thread)
        g_assert_false (have_children ());
    }
}

/* Children that are stuck, more than there are threads to start others, keep nobody from it. */
static void
test_many_stuck (void)
{
  g_autofree char *fifo = make_fifo ("fifo");
  g_autoptr(ProctorCommand) stuck = stuck_command (fifo);
  g_autoptr(ProctorCommand) free_command = child_command ("echo", "free", NULL);
  g_autoptr(GCancellable) cancellable = g_cancellable_new ();
  Reply replies[8];

  for (guint i = 0; i < G_N_ELEMENTS (replies); i++)
    {
      reply_init (&replies[i]);
      proctor_command_run_async (stuck, NULL, cancellable, reply_arrived, &replies[i]);
    }
  for (guint i = 0; i < 10; i++)
    {
      g_autoptr(ProctorResult) result = run_or_abort (free_command, NULL);

      assert_bytes (proctor_result_get_stdout (result), "free\n");
    }

  g_cancellable_cancel (cancellable);
  for (guint i = 0; i < G_N_ELEMENTS (replies); i++)
    {
      g_autoptr(GError) error = NULL;

      g_assert_null (proctor_command_run_finish (stuck, reply_wait (&replies[i]), &error));
      g_assert_error (error, G_IO_ERROR, G_IO_ERROR_CANCELLED);
      reply_clear (&replies[i]);
    }
}

/* Others are read and written while one is stuck: nothing of theirs is held by it. */
static void
test_stuck_holds_nothing (void)
{
  g_autofree char *fifo = make_fifo ("fifo");
  g_autoptr(ProctorCommand) stuck = stuck_command (fifo);
  g_autoptr(ProctorCommand) cat = child_command ("cat", NULL);
  g_autoptr(GBytes) input = make_pattern (1000000, 1);
  g_autoptr(GCancellable) cancellable = g_cancellable_new ();
  g_autoptr(ProctorProcess) process = NULL;
  g_autoptr(ProctorResult) result = NULL;
  g_autoptr(GError) error = NULL;
  g_auto(Reply) reply = { 0 };

  proctor_command_set_stdin (cat, PROCTOR_STDIO_PIPE);
  proctor_command_set_stdout (cat, PROCTOR_STDIO_PIPE);
  process = spawn_or_abort (cat);
  reply_init (&reply);
  proctor_command_run_async (stuck, NULL, cancellable, reply_arrived, &reply);
  g_usleep (5000);
  result = communicate_or_abort (process, input);
  assert_same_bytes (proctor_result_get_stdout (result), input);

  g_cancellable_cancel (cancellable);
  g_assert_null (proctor_command_run_finish (stuck, reply_wait (&reply), &error));
  g_assert_error (error, G_IO_ERROR, G_IO_ERROR_CANCELLED);
}

static gpointer
write_to_fifo (gpointer data)
{
  int fd = open (data, O_WRONLY | O_CLOEXEC);

  g_assert_cmpint (fd, >=, 0);
  g_assert_cmpint (write (fd, "at last", 7), ==, 7);
  close (fd);
  return NULL;
}

/* It may be only late. */
static void
test_stuck_for_a_while (void)
{
  g_autofree char *fifo = make_fifo ("fifo");
  g_autoptr(ProctorCommand) command = stuck_command (fifo);
  GThread *thread = g_thread_new ("writes", write_to_fifo, fifo);
  g_autoptr(ProctorResult) result = run_or_abort (command, NULL);

  g_thread_join (thread);
  assert_bytes (proctor_result_get_stdout (result), "at last");
}

static const ApiTest tests[] = {
  { "stuck-and-cancelled", test_stuck_and_cancelled },
  { "a-thousand-stuck", test_a_thousand_stuck, ONE_WAY },
  { "stuck-and-timed-out", test_stuck_and_timed_out },
  { "many-stuck", test_many_stuck },
  { "stuck-holds-nothing", test_stuck_holds_nothing },
  { "stuck-for-a-while", test_stuck_for_a_while },
};

int
main (int    argc,
      char **argv)
{
  return RUN_API_TESTS (argc, argv, "stuck", tests);
}
