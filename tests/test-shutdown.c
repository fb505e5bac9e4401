/* SPDX-License-Identifier: LGPL-2.1-or-later */

/* The end of the service, and a new beginning. */

#include "config.h"

#include <proctor/proctor.h>

#include "stream-testing.h"
#include "tree-testing.h"

#define N_CHILDREN 12

static gboolean
way_shutdown (ProctorShutdownMode   mode,
              GCancellable         *cancellable,
              GError              **error)
{
  g_auto(Reply) reply = { 0 };

  if (!way->is_async)
    return proctor_shutdown (mode, cancellable, error);

  reply_init (&reply);
  proctor_shutdown_async (mode, cancellable, reply_arrived, &reply);
  return proctor_shutdown_finish (reply_wait (&reply), error);
}

static void
shutdown_or_abort (ProctorShutdownMode mode)
{
  g_autoptr(GError) error = NULL;

  g_assert_true (way_shutdown (mode, NULL, &error));
  g_assert_no_error (error);
}

static gboolean
init_in_main (gpointer data)
{
  g_autoptr(GError) error = NULL;

  g_assert_true (proctor_init (&error));
  g_assert_no_error (error);
  warm_up ();
  g_atomic_int_set ((int *) data, TRUE);
  return G_SOURCE_REMOVE;
}

/* The main watcher is made on the main thread, which runs its loop while a test is on another. */
static void
begin_again (void)
{
  int done = FALSE;

  g_main_context_invoke (NULL, init_in_main, &done);
  while (!g_atomic_int_get (&done))
    g_usleep (100);
}

/* What every test begins with. */
static void
check_that_all_works (void)
{
  g_autoptr(ProctorCommand) command = child_command ("echo", "alive", NULL);
  g_autoptr(ProctorResult) result = run_or_abort (command, NULL);

  assert_bytes (proctor_result_get_stdout (result), "alive\n");
}

static ProctorProcess *
spawn_sleeper (ProctorStdio stdio)
{
  g_autoptr(ProctorCommand) command = child_command ("sleep", "1000", NULL);
  g_autoptr(GError) error = NULL;
  ProctorProcess *process;

  proctor_command_set_stdin (command, stdio);
  proctor_command_set_stdout (command, stdio);
  process = way_spawn (command, NULL, &error);
  g_assert_no_error (error);
  return process;
}

static gboolean
is_there (pid_t pid)
{
  return kill (pid, 0) == 0;
}

/* Nobody else reaps a child that the pidfd watcher has let go; the others do. */
static void
await_reaped (pid_t pid)
{
  gboolean ours = g_strcmp0 (g_getenv ("PROCTOR_WATCHER"), "pidfd") == 0;

  while (is_there (pid))
    {
      if (ours)
        waitpid (pid, NULL, WNOHANG);
      else if (!way->in_thread)
        g_main_context_iteration (NULL, FALSE);
      g_usleep (500);
    }
}

static void
test_nothing (void)
{
  begin_again ();
  shutdown_or_abort (PROCTOR_SHUTDOWN_STOP);
  shutdown_or_abort (PROCTOR_SHUTDOWN_DETACH);
  begin_again ();
  check_that_all_works ();
}

static void
test_stop (void)
{
  ProctorProcess *processes[N_CHILDREN];
  g_autoptr(GError) error = NULL;
  int returncode = 0;

  for (guint i = 0; i < N_CHILDREN; i++)
    processes[i] = spawn_sleeper (i % 2 == 0 ? PROCTOR_STDIO_PIPE : PROCTOR_STDIO_DEVNULL);

  shutdown_or_abort (PROCTOR_SHUTDOWN_STOP);
  for (guint i = 0; i < N_CHILDREN; i++)
    {
      g_assert_false (is_there (proctor_process_get_pid (processes[i])));
      g_assert_true (proctor_process_get_returncode (processes[i], &returncode));
      g_assert_cmpint (returncode, ==, -SIGTERM);
      /* The handle answers as before. */
      assert_returncode (processes[i], -SIGTERM);
      g_assert_true (way_stop (processes[i], 0, NULL, &error));
      g_assert_no_error (error);
      g_assert_false (proctor_process_kill (processes[i], &error));
      g_assert_error (error, PROCTOR_ERROR, PROCTOR_ERROR_PROCESS_LOOKUP);
      g_clear_error (&error);
      if (i % 2 == 0)
        {
          g_autoptr(ProctorResult) result = communicate_or_abort (processes[i], NULL);

          assert_bytes (proctor_result_get_stdout (result), "");
        }
      /* Half of the handles outlive the next service. */
      if (i % 3 == 0)
        g_clear_object (&processes[i]);
    }

  begin_again ();
  check_that_all_works ();
  for (guint i = 0; i < N_CHILDREN; i++)
    {
      if (processes[i] != NULL)
        assert_returncode (processes[i], -SIGTERM);
      g_clear_object (&processes[i]);
    }
}

static void
test_detach (void)
{
  ProctorProcess *processes[N_CHILDREN];
  g_autoptr(GError) error = NULL;

  for (guint i = 0; i < N_CHILDREN; i++)
    processes[i] = spawn_sleeper (i % 2 == 0 ? PROCTOR_STDIO_PIPE : PROCTOR_STDIO_DEVNULL);

  shutdown_or_abort (PROCTOR_SHUTDOWN_DETACH);
  for (guint i = 0; i < N_CHILDREN; i++)
    {
      pid_t pid = proctor_process_get_pid (processes[i]);

      g_assert_true (is_there (pid));
      g_assert_false (way_wait (processes[i], NULL, NULL, &error));
      g_assert_error (error, PROCTOR_ERROR, PROCTOR_ERROR_SHUT_DOWN);
      g_clear_error (&error);
      g_assert_null (way_communicate (processes[i], NULL, NULL, &error));
      g_assert_error (error, PROCTOR_ERROR, PROCTOR_ERROR_SHUT_DOWN);
      g_clear_error (&error);
      /* The child is ours still, to be signalled and to be reaped. */
      g_assert_true (proctor_process_kill (processes[i], &error));
      await_reaped (pid);
      g_clear_object (&processes[i]);
    }

  /* What the main watcher has kept it lets go of; on the main thread, which does so by itself when
   * the test is on another.
   */
  while (!way->in_thread && g_main_context_iteration (NULL, FALSE))
    ;
  begin_again ();
  check_that_all_works ();
}

/* ---- while others do something */

typedef struct
{
  ProctorProcess *process;
  GError *error;
  int returncode;
} Waiter;

typedef struct
{
  const char *mark; /* a file that there is when it runs */
  GError *error;
} Runner;

static gpointer
wait_thread (gpointer data)
{
  Waiter *self = data;

  proctor_process_wait (self->process, NULL, &self->returncode, &self->error);
  return NULL;
}

static gpointer
run_thread (gpointer data)
{
  Runner *self = data;
  g_autoptr(ProctorCommand) command =
    child_command ("mark", self->mark, "sleep", "1000", NULL);

  g_assert_null (proctor_command_run (command, NULL, NULL, &self->error));
  return NULL;
}

/* A process that has exited, while what it has left behind is stopped by a plan that never ends. */
static void
shut_down_with_tree (ProctorShutdownMode mode)
{
  gboolean stops = mode == PROCTOR_SHUTDOWN_STOP;
  g_autofree char *mark = work_path (stops ? "stopped" : "detached");
  g_autoptr(ProctorCommand) command = brood_command (mark, "exit", "ignore");
  g_autoptr(ProctorStopPlan) short_plan = proctor_stop_plan_new ();
  g_autoptr(ProctorStopPlan) endless_plan = proctor_stop_plan_new ();
  g_autoptr(ProctorProcess) process = NULL;
  g_autoptr(GCancellable) cancellable = g_cancellable_new ();
  g_autoptr(GError) error = NULL;
  g_auto(Reply) reply = { 0 };
  pid_t pids[BROOD_SIZE];

  proctor_stop_plan_add_step (short_plan, SIGTERM, 50 * G_TIME_SPAN_MILLISECOND);
  proctor_stop_plan_add_step (endless_plan, SIGTERM, -1);
  proctor_command_set_stop_plan (command, short_plan);
  process = spawn_or_abort (command);
  await_brood (mark, pids);
  assert_returncode (process, 0);
  reply_init (&reply);
  proctor_process_stop_with_plan_async (process, endless_plan, NULL, reply_arrived, &reply);

  shutdown_or_abort (mode);
  g_assert_true (proctor_process_stop_with_plan_finish (process, reply_wait (&reply), &error) ==
                 stops);
  if (!stops)
    g_assert_error (error, PROCTOR_ERROR, PROCTOR_ERROR_SHUT_DOWN);
  g_clear_error (&error);
  g_assert_true (is_alive (pids[0]) == !stops);
  g_assert_true (is_alive (pids[2]) == !stops);

  /* The handle does not begin anew. */
  g_assert_true (way_stop (process, 0, NULL, &error) == stops);
  if (!stops)
    g_assert_error (error, PROCTOR_ERROR, PROCTOR_ERROR_SHUT_DOWN);
  g_clear_error (&error);
  g_cancellable_cancel (cancellable);
  g_assert_false (way_wait (process, cancellable, NULL, &error));
  g_assert_error (error, G_IO_ERROR, G_IO_ERROR_CANCELLED);
  for (guint i = 0; i < BROOD_SIZE; i++)
    kill (pids[i], SIGKILL);
  await_gone (pids, BROOD_SIZE);
  g_clear_error (&error);
  g_assert_true (way_stop (process, 0, NULL, NULL));

  begin_again ();
  check_that_all_works ();
}

static void
test_tree (void)
{
  shut_down_with_tree (PROCTOR_SHUTDOWN_STOP);
  shut_down_with_tree (PROCTOR_SHUTDOWN_DETACH);
}

/* The wait may begin only afterwards, which makes no difference to it. */
static void
test_waiting_calls (void)
{
  g_autofree char *mark = work_path ("mark");
  Waiter waiter = { 0 };
  Runner runner = { .mark = mark };
  GThread *threads[2];

  check_that_all_works ();
  waiter.process = spawn_sleeper (PROCTOR_STDIO_DEVNULL);
  threads[0] = g_thread_new ("waits", wait_thread, &waiter);
  threads[1] = g_thread_new ("runs", run_thread, &runner);
  await_pid (mark);

  shutdown_or_abort (PROCTOR_SHUTDOWN_STOP);
  for (guint i = 0; i < G_N_ELEMENTS (threads); i++)
    g_thread_join (threads[i]);
  g_assert_no_error (waiter.error);
  g_assert_cmpint (waiter.returncode, ==, -SIGTERM);
  g_assert_error (runner.error, PROCTOR_ERROR, PROCTOR_ERROR_SHUT_DOWN);
  g_error_free (runner.error);
  g_clear_object (&waiter.process);
  begin_again ();
}

/* Readers find the end, and writers a broken pipe. */
static void
test_streams (void)
{
  g_autoptr(GBytes) pattern = make_pattern (1024 * 1024, 3);
  g_autoptr(ProctorStreamReader) reader = NULL;
  g_autoptr(ProctorStreamWriter) writer = NULL;
  g_autoptr(ProctorProcess) process = spawn_sleeper (PROCTOR_STDIO_PIPE);
  g_autoptr(GBytes) line = NULL;
  g_autoptr(GError) error = NULL;
  g_auto(Reply) read_reply = { 0 };
  g_auto(Reply) drain_reply = { 0 };

  reader = g_object_ref (proctor_process_get_stdout (process));
  writer = g_object_ref (proctor_process_get_stdin (process));
  g_clear_object (&process);
  proctor_stream_writer_queue_bytes (writer, pattern);
  reply_init (&read_reply);
  proctor_stream_reader_read_line_async (reader, NULL, reply_arrived, &read_reply);
  reply_init (&drain_reply);
  proctor_stream_writer_drain_async (writer, NULL, reply_arrived, &drain_reply);

  shutdown_or_abort (PROCTOR_SHUTDOWN_STOP);
  line = proctor_stream_reader_read_line_finish (reader, reply_wait (&read_reply), &error);
  g_assert_no_error (error);
  assert_bytes (line, "");
  g_assert_false (proctor_stream_writer_drain_finish (writer, reply_wait (&drain_reply), &error));
  g_assert_error (error, G_IO_ERROR, G_IO_ERROR_BROKEN_PIPE);
  g_clear_error (&error);
  g_clear_pointer (&line, g_bytes_unref);

  line = proctor_stream_reader_read_line (reader, NULL, &error);
  g_assert_no_error (error);
  assert_bytes (line, "");
  g_assert_false (proctor_stream_writer_drain (writer, NULL, &error));
  g_assert_error (error, G_IO_ERROR, G_IO_ERROR_BROKEN_PIPE);
  g_clear_error (&error);
  g_output_stream_close (G_OUTPUT_STREAM (writer), NULL, &error);
  g_clear_error (&error);
  g_input_stream_close (G_INPUT_STREAM (reader), NULL, &error);
  g_assert_no_error (error);
  begin_again ();
}

/* While a child does not end nothing can be started; and who gives up waiting has not stopped it.
 */
static void
test_while_it_ends (void)
{
  g_autofree char *mark = work_path ("mark");
  g_autoptr(ProctorCommand) stubborn = child_command ("ignore-term", mark, NULL);
  g_autoptr(ProctorCommand) command = child_command ("exit", "0", NULL);
  g_autoptr(ProctorStopPlan) endless_plan = proctor_stop_plan_new ();
  g_autoptr(GCancellable) cancellable = g_cancellable_new ();
  g_autoptr(ProctorProcess) process = NULL;
  g_autoptr(GError) error = NULL;
  g_auto(Reply) reply = { 0 };

  proctor_stop_plan_add_step (endless_plan, SIGTERM, -1);
  proctor_command_set_stop_plan (stubborn, endless_plan);
  proctor_command_set_stdout (stubborn, PROCTOR_STDIO_DEVNULL);
  process = way_spawn (stubborn, NULL, &error);
  g_assert_no_error (error);
  await_pid (mark);

  reply_init (&reply);
  proctor_shutdown_async (PROCTOR_SHUTDOWN_STOP, cancellable, reply_arrived, &reply);
  g_assert_null (way_run (command, NULL, NULL, &error));
  g_assert_error (error, PROCTOR_ERROR, PROCTOR_ERROR_SHUT_DOWN);
  g_clear_error (&error);
  g_assert_null (way_spawn (command, NULL, &error));
  g_assert_error (error, PROCTOR_ERROR, PROCTOR_ERROR_SHUT_DOWN);
  g_clear_error (&error);
  g_assert_false (proctor_init (&error));
  g_assert_error (error, PROCTOR_ERROR, PROCTOR_ERROR_SHUT_DOWN);
  g_clear_error (&error);

  g_cancellable_cancel (cancellable);
  g_assert_false (proctor_shutdown_finish (reply_wait (&reply), &error));
  g_assert_error (error, G_IO_ERROR, G_IO_ERROR_CANCELLED);
  g_clear_error (&error);
  g_assert_true (is_there (proctor_process_get_pid (process)));

  g_assert_true (proctor_process_kill (process, &error));
  shutdown_or_abort (PROCTOR_SHUTDOWN_DETACH);
  g_assert_false (is_there (proctor_process_get_pid (process)));
  g_clear_object (&process);
  begin_again ();
}

/* ---- again and again */

typedef struct
{
  guint32 seed;
  int stop;
  guint n_done;
  guint n_refused;
} Worker;

static void
expect_shut_down (Worker *self,
                  GError *error)
{
  if (error == NULL)
    {
      self->n_done++;
      return;
    }
  g_assert_error (error, PROCTOR_ERROR, PROCTOR_ERROR_SHUT_DOWN);
  self->n_refused++;
  g_thread_yield ();
}

static gpointer
start_and_drop_thread (gpointer data)
{
  Worker *self = data;
  g_autoptr(GRand) random = g_rand_new_with_seed (self->seed);

  while (!g_atomic_int_get (&self->stop))
    {
      g_autoptr(ProctorCommand) command = child_command ("say", "out", "err", "0", NULL);
      g_autoptr(ProctorResult) result = NULL;
      g_autoptr(ProctorProcess) process = NULL;
      g_autoptr(GError) error = NULL;
      int what = g_rand_int_range (random, 0, 3);

      if (what > 0)
        {
          proctor_command_set_stdout (command, PROCTOR_STDIO_DEVNULL);
          proctor_command_set_stderr (command, PROCTOR_STDIO_DEVNULL);
        }
      switch (what)
        {
        case 0:
          result = proctor_command_run (command, NULL, NULL, &error);
          break;
        case 1:
          process = proctor_command_spawn (command, NULL, &error);
          if (process != NULL)
            proctor_process_wait (process, NULL, NULL, &error);
          break;
        default:
          process = proctor_command_spawn (command, NULL, &error);
          break;
        }
      expect_shut_down (self, error);
    }
  return NULL;
}

/* The threaded watcher, as the threads would need the main loop with the main one, and it is the
 * one that can be made anywhere.
 */
static void
test_storm (void)
{
  g_autofree char *watcher = g_strdup (g_getenv ("PROCTOR_WATCHER"));
  Worker workers[4];
  GThread *threads[4];

  shutdown_or_abort (PROCTOR_SHUTDOWN_STOP);
  g_setenv ("PROCTOR_WATCHER", "threaded", TRUE);
  for (guint i = 0; i < G_N_ELEMENTS (threads); i++)
    {
      workers[i] = (Worker){ .seed = (guint32) g_test_rand_int () };
      threads[i] = g_thread_new ("starts", start_and_drop_thread, &workers[i]);
    }
  for (guint i = 0; i < scaled (300); i++)
    {
      g_usleep ((gulong) g_test_rand_int_range (0, 4000));
      shutdown_or_abort (PROCTOR_SHUTDOWN_STOP);
    }
  for (guint i = 0; i < G_N_ELEMENTS (threads); i++)
    {
      g_atomic_int_set (&workers[i].stop, TRUE);
      g_thread_join (threads[i]);
      g_test_message ("%u done, %u refused", workers[i].n_done, workers[i].n_refused);
    }
  shutdown_or_abort (PROCTOR_SHUTDOWN_STOP);
  if (watcher != NULL)
    g_setenv ("PROCTOR_WATCHER", watcher, TRUE);
  else
    g_unsetenv ("PROCTOR_WATCHER");
  begin_again ();
}

/* ---- a forked copy */

static void
test_forked_copy (void)
{
  g_autoptr(ProctorChildWatcher) watcher = proctor_threaded_child_watcher_new (NULL);
  pid_t pid;
  int status;

  check_that_all_works ();
  pid = fork ();
  if (pid == 0)
    {
      gboolean refused = !proctor_shutdown (PROCTOR_SHUTDOWN_STOP, NULL, NULL) &&
                         !proctor_set_child_watcher (watcher, NULL) &&
                         proctor_pidfd_child_watcher_new (NULL) == NULL &&
                         proctor_threaded_child_watcher_new (NULL) == NULL &&
                         !proctor_child_watcher_attach (watcher, NULL, NULL);

      proctor_child_watcher_close (watcher);
      /* An exit code would be valgrind's, which counts what the copy does not free as lost. */
      if (refused)
        kill (getpid (), SIGKILL);
      _exit (1);
    }
  g_assert_cmpint (waitpid (pid, &status, 0), ==, pid);
  g_assert_true (WIFSIGNALED (status));
  g_assert_cmpint (WTERMSIG (status), ==, SIGKILL);
  g_assert_true (proctor_child_watcher_is_active (watcher));
  check_that_all_works ();
}

int
main (int    argc,
      char **argv)
{
  static const ApiTest tests[] = {
    { "nothing", test_nothing, ALL_WAYS },
    { "stop", test_stop, ALL_WAYS },
    { "detach", test_detach, ALL_WAYS },
    { "tree", test_tree, ALL_WAYS },
    { "waiting-calls", test_waiting_calls, ALL_WAYS },
    { "streams", test_streams, ALL_WAYS },
    { "while-it-ends", test_while_it_ends, ALL_WAYS },
    { "storm", test_storm, TWO_WAYS },
    { "forked-copy", test_forked_copy, TWO_WAYS },
  };

  return RUN_API_TESTS (argc, argv, "shutdown", tests);
}
