/* The handle of a process: what it says, what can be done with it and when, and its end.
 *
 * SPDX-License-Identifier: LGPL-2.1-or-later
 */

#include "config.h"

#include <malloc.h>

#include "process-testing.h"

/* What only a spawn needs goes with it, also where there is much: here an environment. */
static void
test_held_memory (void)
{
  enum { N_PROCESSES = 20, MUCH = 1 << 20 };
  g_autofree char *much = g_strnfill (MUCH / 16, 'x');
  ProctorProcess *processes[N_PROCESSES];
  gsize before;

  for (guint i = 0; i < 16; i++)
    {
      g_autofree char *name = g_strdup_printf ("PROCTOR_TEST_MUCH_%u", i);

      g_setenv (name, much, TRUE);
    }
  kill_and_wait (processes[0] = spawn_cat (PROCTOR_COMMAND_NONE));
  g_object_unref (processes[0]);

  before = mallinfo2 ().uordblks + mallinfo2 ().hblkhd;
  for (guint i = 0; i < N_PROCESSES; i++)
    {
      /* So that no two share a copy. */
      g_autofree char *count = g_strdup_printf ("%u", i);

      g_setenv ("PROCTOR_TEST_COUNT", count, TRUE);
      processes[i] = spawn_cat (PROCTOR_COMMAND_NONE);
    }
  g_assert_cmpuint (mallinfo2 ().uordblks + mallinfo2 ().hblkhd, <, before + 4 * MUCH);

  for (guint i = 0; i < N_PROCESSES; i++)
    {
      kill_and_wait (processes[i]);
      g_object_unref (processes[i]);
    }
  g_unsetenv ("PROCTOR_TEST_COUNT");
  for (guint i = 0; i < 16; i++)
    {
      g_autofree char *name = g_strdup_printf ("PROCTOR_TEST_MUCH_%u", i);

      g_unsetenv (name);
    }
}

/* For children whose handle has gone. They are reaped on the main thread. */
static void
await_end_of (pid_t pid)
{
  gint64 deadline = g_get_monotonic_time () + 20 * G_TIME_SPAN_SECOND;

  while (kill (pid, 0) == 0)
    {
      g_assert_cmpint (g_get_monotonic_time (), <, deadline);
      if (!way->in_thread)
        g_main_context_iteration (NULL, FALSE);
      g_usleep (200);
    }
}

/* ---- asking */

static void
test_pid (void)
{
  g_autoptr(ProctorCommand) command = child_command ("ids", NULL);
  g_autoptr(ProctorProcess) process = NULL;
  g_autoptr(ProctorResult) result = NULL;
  g_autofree char *wanted = NULL;
  g_autofree char *out = NULL;
  int property = 0;

  proctor_command_set_stdout (command, PROCTOR_STDIO_PIPE);
  process = spawn_or_abort (command);
  g_object_get (process, "pid", &property, NULL);
  g_assert_cmpint (property, ==, proctor_process_get_pid (process));

  wanted = g_strdup_printf ("pid %d\nppid %d\n", proctor_process_get_pid (process), getpid ());
  result = communicate_or_abort (process, NULL);
  out = proctor_result_dup_stdout_utf8 (result, NULL);
  g_assert_true (g_str_has_prefix (out, wanted));
  g_assert_cmpint (proctor_process_get_pid (process), ==, property);
}

/* A stream for what is a pipe, a socket or a terminal, and none for the rest. The limit is that of
 * both readers.
 */
static void
test_streams (void)
{
  static const struct
  {
    ProctorStdio stdios[3];
    const char *streams;
  } table[] = {
    { { PROCTOR_STDIO_DEFAULT, PROCTOR_STDIO_DEFAULT, PROCTOR_STDIO_DEFAULT }, "" },
    { { PROCTOR_STDIO_INHERIT, PROCTOR_STDIO_DEVNULL, PROCTOR_STDIO_STDOUT }, "" },
    { { PROCTOR_STDIO_DEVNULL, PROCTOR_STDIO_PIPE, PROCTOR_STDIO_STDOUT }, "1" },
    { { PROCTOR_STDIO_PIPE, PROCTOR_STDIO_DEVNULL, PROCTOR_STDIO_PIPE }, "02" },
    { { PROCTOR_STDIO_PIPE, PROCTOR_STDIO_PIPE, PROCTOR_STDIO_PIPE }, "012" },
    { { PROCTOR_STDIO_SOCKET, PROCTOR_STDIO_SOCKET, PROCTOR_STDIO_SOCKET }, "012" },
    { { PROCTOR_STDIO_PTY, PROCTOR_STDIO_PTY, PROCTOR_STDIO_PTY }, "01" },
    { { PROCTOR_STDIO_DEVNULL, PROCTOR_STDIO_PIPE, PROCTOR_STDIO_PTY }, "12" },
  };

  for (guint i = 0; i < G_N_ELEMENTS (table); i++)
    {
      g_autoptr(ProctorCommand) command = child_command ("exit", "0", NULL);
      g_autoptr(ProctorProcess) process = NULL;
      ProctorStreamReader *readers[2];

      proctor_command_set_stdin (command, table[i].stdios[0]);
      proctor_command_set_stdout (command, table[i].stdios[1]);
      proctor_command_set_stderr (command, table[i].stdios[2]);
      proctor_command_set_limit (command, 123);
      process = spawn_or_abort (command);
      readers[0] = proctor_process_get_stdout (process);
      readers[1] = proctor_process_get_stderr (process);
      g_assert_true ((proctor_process_get_stdin (process) != NULL) ==
                     (strchr (table[i].streams, '0') != NULL));
      for (int k = 0; k < 2; k++)
        {
          g_assert_true ((readers[k] != NULL) == (strchr (table[i].streams, '1' + k) != NULL));
          if (readers[k] != NULL)
            g_assert_cmpuint (proctor_stream_reader_get_limit (readers[k]), ==, 123);
        }
      assert_returncode (process, 0);
    }
}

static void
test_state (void)
{
  g_autoptr(ProctorProcess) process = spawn_cat (PROCTOR_COMMAND_NONE);
  g_autoptr(GError) error = NULL;
  ProctorProcessState state = PROCTOR_PROCESS_STATUS_LOST;
  int returncode = 77;

  g_assert_cmpint (proctor_process_get_state (process), ==, PROCTOR_PROCESS_RUNNING);
  g_assert_false (proctor_process_get_returncode (process, &returncode));
  g_assert_cmpint (returncode, ==, 77);
  g_object_get (process, "state", &state, "returncode", &returncode, NULL);
  g_assert_cmpint (state, ==, PROCTOR_PROCESS_RUNNING);
  g_assert_cmpint (returncode, ==, PROCTOR_RETURNCODE_NONE);

  g_assert_true (proctor_process_send_signal (process, SIGSTOP, &error));
  await_state (process, PROCTOR_PROCESS_SUSPENDED);
  g_assert_false (proctor_process_get_returncode (process, NULL));
  g_assert_true (proctor_process_send_signal (process, SIGCONT, &error));
  await_state (process, PROCTOR_PROCESS_RUNNING);

  kill_and_wait (process);
  g_assert_cmpint (proctor_process_get_state (process), ==, PROCTOR_PROCESS_EXITED);
  g_assert_true (proctor_process_get_returncode (process, NULL));
  g_assert_true (proctor_process_get_returncode (process, &returncode));
  g_assert_cmpint (returncode, ==, -SIGKILL);
  g_object_get (process, "state", &state, "returncode", &returncode, NULL);
  g_assert_cmpint (state, ==, PROCTOR_PROCESS_EXITED);
  g_assert_cmpint (returncode, ==, -SIGKILL);
}

/* A program that only asks sees the end, and so do its callbacks later. */
static void
test_polled (void)
{
  for (guint i = 0; i < scaled (20); i++)
    {
      g_autoptr(ProctorProcess) by_state = spawn_exit ("3");
      g_autoptr(ProctorProcess) by_returncode = spawn_exit ("4");
      gint64 deadline = g_get_monotonic_time () + 20 * G_TIME_SPAN_SECOND;
      int returncode = -1;

      await_state (by_state, PROCTOR_PROCESS_EXITED);
      while (!proctor_process_get_returncode (by_returncode, &returncode))
        g_assert_cmpint (g_get_monotonic_time (), <, deadline);
      g_assert_cmpint (returncode, ==, 4);

      assert_returncode (by_state, 3);
      assert_returncode (by_returncode, 4);
    }
}

/* ---- signals */

static void
test_signals (void)
{
  /* None that whoever starts the tests may ignore, as a shell does for what runs behind it. */
  static const int signums[] = { SIGUSR1, SIGUSR2, SIGTERM, SIGKILL };

  for (guint i = 0; i < G_N_ELEMENTS (signums); i++)
    {
      g_autoptr(ProctorProcess) process = spawn_cat (PROCTOR_COMMAND_NONE);
      g_autoptr(GError) error = NULL;

      if (signums[i] == SIGTERM)
        g_assert_true (proctor_process_terminate (process, &error));
      else if (signums[i] == SIGKILL)
        g_assert_true (proctor_process_kill (process, &error));
      else
        g_assert_true (proctor_process_send_signal (process, signums[i], &error));
      g_assert_no_error (error);
      assert_returncode (process, -signums[i]);
    }
}

static void
test_signal_after_the_end (void)
{
  g_autoptr(ProctorProcess) process = spawn_exit ("0");
  g_autofree char *wanted = NULL;
  g_autoptr(GError) error = NULL;

  wanted = g_strdup_printf ("Could not send signal 15 to process %d: the process has ended",
                            proctor_process_get_pid (process));
  assert_returncode (process, 0);
  g_assert_false (proctor_process_terminate (process, &error));
  g_assert_error (error, PROCTOR_ERROR, PROCTOR_ERROR_PROCESS_LOOKUP);
  g_assert_cmpstr (error->message, ==, wanted);
  g_clear_error (&error);
  g_assert_false (proctor_process_kill (process, &error));
  g_assert_error (error, PROCTOR_ERROR, PROCTOR_ERROR_PROCESS_LOOKUP);
  g_clear_error (&error);
  g_assert_false (proctor_process_send_signal (process, 0, &error));
  g_assert_error (error, PROCTOR_ERROR, PROCTOR_ERROR_PROCESS_LOOKUP);
}

static void
test_invalid_signal (void)
{
  g_autoptr(ProctorProcess) process = spawn_cat (PROCTOR_COMMAND_NONE);
  g_autoptr(GError) error = NULL;

  g_assert_true (proctor_process_send_signal (process, 0, &error));
  g_assert_no_error (error);
  g_assert_false (proctor_process_send_signal (process, 9999, &error));
  g_assert_error (error, G_IO_ERROR, G_IO_ERROR_INVALID_ARGUMENT);
  g_clear_error (&error);
  g_assert_false (proctor_process_send_signal (process, -1, &error));
  g_assert_error (error, G_IO_ERROR, G_IO_ERROR_INVALID_ARGUMENT);
  kill_and_wait (process);
}

static gpointer
signal_in_thread (gpointer data)
{
  while (proctor_process_send_signal (data, 0, NULL))
    ;
  return NULL;
}

/* Signals from many threads while the process ends. */
static void
test_signals_and_the_end (void)
{
  for (guint i = 0; i < scaled (10); i++)
    {
      g_autoptr(ProctorProcess) process = spawn_exit ("0");
      GThread *threads[4];

      for (guint j = 0; j < G_N_ELEMENTS (threads); j++)
        threads[j] = g_thread_new ("signals", signal_in_thread, process);
      assert_returncode (process, 0);
      for (guint j = 0; j < G_N_ELEMENTS (threads); j++)
        g_thread_join (threads[j]);
    }
}

/* ---- dropping */

static void
test_kill_on_drop (void)
{
  ProctorProcess *process = spawn_cat (PROCTOR_COMMAND_KILL_ON_DROP);
  pid_t pid = proctor_process_get_pid (process);
  g_autofree char *mark = work_path ("mark");
  g_autoptr(ProctorCommand) command = child_command ("ignore-term", mark, NULL);

  g_object_unref (process);
  await_end_of (pid);

  proctor_command_set_flags (command, PROCTOR_COMMAND_KILL_ON_DROP);
  proctor_command_set_stdout (command, PROCTOR_STDIO_DEVNULL);
  process = spawn_or_abort (command);
  pid = await_pid (mark);
  g_assert_cmpint (pid, ==, proctor_process_get_pid (process));
  g_object_unref (process);
  await_end_of (pid);
}

/* Without the flag it goes on, and is reaped when it ends. */
static void
test_drop (void)
{
  g_autofree char *gate = work_path ("gate");
  g_autofree char *mark = work_path ("mark");
  g_autoptr(ProctorCommand) command = child_command ("gate", gate, "mark", mark, "exit", "0", NULL);
  ProctorProcess *process = spawn_or_abort (command);
  pid_t pid = proctor_process_get_pid (process);

  g_object_unref (process);
  g_free (work_file ("gate", ""));
  g_assert_cmpint (await_pid (mark), ==, pid);
  await_end_of (pid);
}

/* A stdin that nobody can write to any more is closed. */
static void
test_drop_closes_pipes (void)
{
  ProctorProcess *process = spawn_cat (PROCTOR_COMMAND_NONE);
  pid_t pid = proctor_process_get_pid (process);

  g_object_unref (process);
  await_end_of (pid);
}

static gpointer
unref_in_thread (gpointer data)
{
  g_object_unref (data);
  return NULL;
}

static void
test_dropped_in_another_thread (void)
{
  for (guint i = 0; i < scaled (20); i++)
    {
      ProctorProcess *running = spawn_cat (PROCTOR_COMMAND_KILL_ON_DROP);
      ProctorProcess *ended = spawn_exit ("0");

      g_thread_join (g_thread_new ("drops", unref_in_thread, running));
      g_thread_join (g_thread_new ("drops", unref_in_thread, ended));
    }
}

static gpointer
spawn_in_short_thread (gpointer data)
{
  g_autoptr(GMainContext) context = g_main_context_new ();
  ProctorProcess *process;

  g_main_context_push_thread_default (context);
  process = proctor_command_spawn (data, NULL, NULL);
  g_main_context_pop_thread_default (context);
  g_assert_nonnull (process);
  return process;
}

/* The thread and the context that a process was spawned in have ended. */
static void
test_owner_gone (void)
{
  g_autoptr(ProctorCommand) command = child_command ("cat", NULL);
  g_autoptr(ProctorProcess) process = NULL;
  GThread *thread;

  proctor_command_set_stdin (command, PROCTOR_STDIO_PIPE);
  thread = g_thread_new ("short", spawn_in_short_thread, command);
  process = g_thread_join (thread);
  g_assert_cmpint (proctor_process_get_state (process), ==, PROCTOR_PROCESS_RUNNING);
  kill_and_wait (process);
}

/* ---- the spawn itself */

static void
test_spawn_cancelled (void)
{
  g_autoptr(ProctorCommand) command = child_command ("cat", NULL);
  guint n_spawned = 0;

  proctor_command_set_stdin (command, PROCTOR_STDIO_PIPE);
  for (int i = -1; i < (int) scaled (100); i++)
    {
      g_autoptr(GCancellable) cancellable = g_cancellable_new ();
      g_autoptr(ProctorProcess) process = NULL;
      g_autoptr(GError) error = NULL;
      Canceller canceller;

      if (i < 0)
        g_cancellable_cancel (cancellable);
      else
        canceller_start (&canceller, cancellable, i * 7);
      process = way_spawn (command, cancellable, &error);
      g_assert_true ((process == NULL) == (error != NULL));
      if (error != NULL)
        g_assert_error (error, G_IO_ERROR, G_IO_ERROR_CANCELLED);
      if (i >= 0)
        canceller_join (&canceller);
      else
        g_assert_null (process);
      if (process == NULL && !way->in_thread)
        g_assert_false (have_children ());
      if (process != NULL)
        {
          /* What was cancelled is the spawn; a process that is there stays. */
          g_assert_cmpint (proctor_process_get_state (process), ==, PROCTOR_PROCESS_RUNNING);
          kill_and_wait (process);
          n_spawned++;
        }
    }
  g_test_message ("%u of %u were spawned", n_spawned, scaled (100));
}

static void
test_many_at_once (void)
{
  ProctorProcess *processes[50];

  for (guint i = 0; i < G_N_ELEMENTS (processes); i++)
    processes[i] = spawn_cat (PROCTOR_COMMAND_NONE);
  for (guint i = 0; i < G_N_ELEMENTS (processes); i++)
    g_assert_true (proctor_process_kill (processes[i], NULL));
  for (guint i = 0; i < G_N_ELEMENTS (processes); i++)
    {
      assert_returncode (processes[i], -SIGKILL);
      g_object_unref (processes[i]);
    }
}

/* ---- blocking on the main thread */

static gboolean
count_up (gpointer data)
{
  (*(guint *) data)++;
  return G_SOURCE_CONTINUE;
}

/* Nothing else of the main context runs meanwhile. */
static void
test_blocking_runs_nothing_else (void)
{
  g_autoptr(ProctorCommand) command = child_command ("echo", "text", NULL);
  g_autoptr(ProctorCommand) with_input = child_command ("cat", NULL);
  g_autoptr(GBytes) input = make_pattern (1000000, 1);
  g_autoptr(GPtrArray) results = NULL;
  ProctorCommand *commands[] = { command, command, command };
  guint n_calls = 0;
  guint idle = g_idle_add_full (G_PRIORITY_HIGH, count_up, &n_calls, NULL);
  guint timeout = g_timeout_add_full (G_PRIORITY_HIGH, 1, count_up, &n_calls, NULL);

  proctor_command_set_stdout (command, PROCTOR_STDIO_PIPE);
  proctor_command_set_stdin (with_input, PROCTOR_STDIO_PIPE);
  proctor_command_set_stdout (with_input, PROCTOR_STDIO_PIPE);
  for (guint i = 0; i < scaled (10); i++)
    {
      g_autoptr(ProctorResult) result = run_or_abort (command, NULL);
      g_autoptr(ProctorProcess) waited = spawn_or_abort (command);
      g_autoptr(ProctorProcess) stopped = spawn_or_abort (with_input);
      g_autoptr(ProctorProcess) talked_to = spawn_or_abort (with_input);
      g_autoptr(ProctorResult) talk = communicate_or_abort (talked_to, input);

      assert_returncode (waited, 0);
      g_assert_true (proctor_process_stop (stopped, -1, NULL, NULL));
      g_assert_cmpint (proctor_process_get_state (stopped), ==, PROCTOR_PROCESS_EXITED);
    }
  results = proctor_gather (commands, G_N_ELEMENTS (commands), 2, NULL, NULL);
  g_assert_cmpuint (results->len, ==, 3);
  g_assert_cmpuint (n_calls, ==, 0);

  g_main_context_iteration (NULL, FALSE);
  g_assert_cmpuint (n_calls, >, 0);
  g_source_remove (idle);
  g_source_remove (timeout);
}

static gboolean
run_in_callback (gpointer data)
{
  GMainLoop *loop = data;
  g_autoptr(ProctorCommand) command = child_command ("echo", "inside", NULL);
  g_autoptr(ProctorResult) result = NULL;
  g_autoptr(ProctorProcess) process = NULL;

  result = proctor_command_run (command, NULL, NULL, NULL);
  assert_bytes (proctor_result_get_stdout (result), "inside\n");

  proctor_command_set_stdout (command, PROCTOR_STDIO_DEVNULL);
  process = proctor_command_spawn (command, NULL, NULL);
  g_assert_true (proctor_process_wait_check (process, NULL, NULL));
  g_main_loop_quit (loop);
  return G_SOURCE_REMOVE;
}

static void
test_blocking_in_a_callback (void)
{
  g_autoptr(GMainContext) context = g_main_context_ref_thread_default ();
  g_autoptr(GMainLoop) loop = g_main_loop_new (context, FALSE);
  g_autoptr(GSource) source = g_idle_source_new ();

  g_source_set_callback (source, run_in_callback, loop, NULL);
  g_source_attach (source, context);
  g_main_loop_run (loop);
}

static void
run_in_completion (GObject      *source,
                   GAsyncResult *result,
                   gpointer      data)
{
  g_autoptr(ProctorCommand) command = child_command ("echo", "inside", NULL);
  g_autoptr(ProctorResult) first =
    proctor_command_run_finish (PROCTOR_COMMAND (source), result, NULL);
  g_autoptr(ProctorResult) second = proctor_command_run (command, NULL, NULL, NULL);

  g_assert_nonnull (first);
  assert_bytes (proctor_result_get_stdout (second), "inside\n");
  (*(guint *) data)++;
}

/* In a completion of the library's own, with more of them to come. */
static void
test_blocking_in_a_completion (void)
{
  g_autoptr(GMainContext) context = g_main_context_ref_thread_default ();
  g_autoptr(ProctorCommand) command = child_command ("exit", "0", NULL);
  guint n_done = 0;

  for (guint i = 0; i < 5; i++)
    proctor_command_run_async (command, NULL, NULL, run_in_completion, &n_done);
  while (n_done < 5)
    g_main_context_iteration (context, TRUE);
}

static void
wait_for_other (ProctorProcess *process,
                ProctorProcess *other)
{
  g_assert_true (proctor_process_kill (other, NULL));
  g_assert_true (proctor_process_wait (other, NULL, NULL, NULL));
}

/* In the signal that tells of another's end. */
static void
test_blocking_in_exited (void)
{
  g_autoptr(GMainContext) context = g_main_context_ref_thread_default ();
  g_autoptr(ProctorProcess) other = spawn_cat (PROCTOR_COMMAND_NONE);
  g_autoptr(ProctorProcess) process = spawn_exit ("0");

  g_signal_connect (process, "exited", G_CALLBACK (wait_for_other), other);
  while (proctor_process_get_state (other) != PROCTOR_PROCESS_EXITED)
    g_main_context_iteration (context, TRUE);
}

/* While the main thread is blocked the calls of others end, too. */
static void
test_blocked_on_two_threads (void)
{
  g_autofree char *gate = work_path ("gate");
  g_autoptr(ProctorCommand) command = child_command ("gate", gate, "exit", "5", NULL);
  g_autoptr(ProctorProcess) others = spawn_cat (PROCTOR_COMMAND_NONE);
  g_autoptr(ProctorProcess) own = spawn_or_abort (command);
  GThread *thread = g_thread_new ("waits", wait_in_thread, others);

  g_assert_true (proctor_process_kill (others, NULL));
  g_free (work_file ("gate", ""));
  assert_returncode (own, 5);
  /* Nobody runs the main context here: the thread's call needs this thread to be in a call, too. */
  assert_returncode (others, -SIGKILL);
  g_assert_cmpint (GPOINTER_TO_INT (g_thread_join (thread)), ==, -SIGKILL);
}

/* ---- a forked copy */

#define EXPECT_FORKED(expression) \
  G_STMT_START \
  { \
    g_autoptr(GError) error_ = NULL; \
    GError **error = &error_; \
    if ((expression) || !g_error_matches (error_, PROCTOR_ERROR, PROCTOR_ERROR_FORKED)) \
      { \
        g_printerr ("not refused: %s\n", #expression); \
        _exit (1); \
      } \
  } \
  G_STMT_END

static void
call_everything_in_copy (ProctorCommand *command,
                         ProctorProcess *process)
{
  g_autoptr(GPtrArray) commands = g_ptr_array_new ();

  g_ptr_array_add (commands, command);
  EXPECT_FORKED (way_run (command, NULL, NULL, error) != NULL);
  EXPECT_FORKED (way_run_check (command, NULL, NULL, error) != NULL);
  EXPECT_FORKED (way_spawn (command, NULL, error) != NULL);
  EXPECT_FORKED (way_gather (commands, 0, NULL, error) != NULL);
  EXPECT_FORKED (way_wait (process, NULL, NULL, error));
  EXPECT_FORKED (way_wait_check (process, NULL, error));
  EXPECT_FORKED (way_communicate (process, NULL, NULL, error) != NULL);
  EXPECT_FORKED (way_stop (process, 0, NULL, error));
  EXPECT_FORKED (proctor_process_terminate (process, error));
  EXPECT_FORKED (proctor_process_kill (process, error));
  EXPECT_FORKED (proctor_process_send_signal (process, SIGUSR1, error));
  EXPECT_FORKED (proctor_init (error));
  EXPECT_FORKED (proctor_dup_child_watcher (error) != NULL);
  EXPECT_FORKED (proctor_main_child_watcher_new (error) != NULL);

  /* Getters have no error; they say what was known. */
  if (proctor_process_get_state (process) != PROCTOR_PROCESS_RUNNING)
    _exit (2);
  if (proctor_process_get_returncode (process, NULL))
    _exit (3);
}

static void
test_forked_copy (void)
{
  g_autoptr(ProctorCommand) command = child_command ("exit", "0", NULL);
  g_autoptr(ProctorProcess) process = spawn_cat (PROCTOR_COMMAND_KILL_ON_DROP);
  g_autoptr(ProctorResult) result = NULL;
  int done[2];
  char byte;
  pid_t copy;

  g_assert_cmpint (pipe2 (done, O_CLOEXEC), ==, 0);
  copy = fork ();
  g_assert_cmpint (copy, >=, 0);
  if (copy == 0)
    {
      call_everything_in_copy (command, process);
      g_object_unref (process);
      g_object_unref (command);
      /* The exit code is valgrind's, which counts what the copy does not free as lost. */
      _exit (write (done[1], "", 1) == 1 ? 0 : 4);
    }
  close (done[1]);
  g_assert_cmpint (read (done[0], &byte, 1), ==, 1);
  close (done[0]);
  while (waitpid (copy, NULL, 0) < 0)
    g_assert_cmpint (errno, ==, EINTR);

  /* Here all is as it was. */
  g_assert_cmpint (proctor_process_get_state (process), ==, PROCTOR_PROCESS_RUNNING);
  result = run_or_abort (command, NULL);
  g_assert_true (proctor_result_check (result, NULL));
  kill_and_wait (process);
}

/* A copy that goes on with its main loop, while children of the original end, takes none of our
 * events away. (The wake-ups of the GMainContext itself are shared with a copy, so the original
 * does not sleep in it here.)
 */
static void
test_forked_copy_with_a_loop (void)
{
  g_autoptr(ProctorCommand) command = child_command ("exit", "0", NULL);
  g_autoptr(ProctorProcess) process = spawn_cat (PROCTOR_COMMAND_NONE);
  g_autoptr(ProctorResult) result = NULL;
  gint64 deadline = g_get_monotonic_time () + 100 * G_TIME_SPAN_SECOND;
  int ready[2];
  char byte;
  pid_t copy;

  g_assert_cmpint (pipe2 (ready, O_CLOEXEC), ==, 0);
  copy = fork ();
  g_assert_cmpint (copy, >=, 0);
  if (copy == 0)
    {
      while (g_get_monotonic_time () < deadline)
        {
          if (write (ready[1], "", 1) != 1)
            _exit (1);
          g_main_context_iteration (NULL, FALSE);
        }
      _exit (0);
    }

  close (ready[1]);
  for (guint i = 0; i < 10; i++)
    g_assert_cmpint (read (ready[0], &byte, 1), ==, 1);
  g_assert_true (proctor_process_kill (process, NULL));
  for (guint i = 0; i < 100; i++)
    g_assert_cmpint (read (ready[0], &byte, 1), ==, 1);
  assert_returncode (process, -SIGKILL);
  result = run_or_abort (command, NULL);
  g_assert_true (proctor_result_check (result, NULL));

  kill (copy, SIGKILL);
  while (waitpid (copy, NULL, 0) < 0)
    g_assert_cmpint (errno, ==, EINTR);
  close (ready[0]);
}

static const ApiTest tests[] = {
  { "pid", test_pid },
  { "streams", test_streams },
  { "held-memory", test_held_memory },
  { "state", test_state },
  { "polled", test_polled },
  { "signals", test_signals },
  { "signal-after-the-end", test_signal_after_the_end },
  { "invalid-signal", test_invalid_signal },
  { "signals-and-the-end", test_signals_and_the_end },
  { "kill-on-drop", test_kill_on_drop },
  { "drop", test_drop },
  { "drop-closes-pipes", test_drop_closes_pipes },
  { "dropped-in-another-thread", test_dropped_in_another_thread },
  { "owner-gone", test_owner_gone },
  { "spawn-cancelled", test_spawn_cancelled },
  { "many-at-once", test_many_at_once },
  { "blocking-runs-nothing-else", test_blocking_runs_nothing_else, ONE_WAY },
  { "blocking-in-a-callback", test_blocking_in_a_callback, TWO_WAYS },
  { "blocking-in-a-completion", test_blocking_in_a_completion, TWO_WAYS },
  { "blocking-in-exited", test_blocking_in_exited, TWO_WAYS },
  { "blocked-on-two-threads", test_blocked_on_two_threads },
  { "forked-copy", test_forked_copy },
  { "forked-copy-with-a-loop", test_forked_copy_with_a_loop, ONE_WAY },
};

int
main (int    argc,
      char **argv)
{
  return RUN_API_TESTS (argc, argv, "process", tests);
}
