/* `proctor inspect --why`: each kind of hang is made on purpose and has to be named, and none in a
 * healthy program.
 *
 * SPDX-License-Identifier: LGPL-2.1-or-later
 */

/* Thread: MAIN; the tool is another process. */

#include "config.h"

#include <sys/wait.h>

#include <gio/gunixinputstream.h>
#include <gio/gunixoutputstream.h>
#include <glib-unix.h>

#include "runtime/runtime.h"
#include "runtime/worker.h"
#include "tool-inspect-testing.h"
#include "transport-testing.h"
#include "tree-testing.h"

/* ---- hangs */

static void
test_paused (void)
{
  g_autoptr(ProctorCommand) command = child_command ("pattern", "10000000", NULL);
  g_autoptr(ProctorProcess) process = NULL;

  proctor_command_set_stdout (command, PROCTOR_STDIO_PIPE);
  process = spawn_or_abort (command);
  assert_why (proctor_process_get_pid (process), "paused", "nobody has read stdout for");
  kill_and_wait (process);
}

/* A thread that takes large pieces reads the pipe by itself, and then does not come again. */
static void
test_paused_after_large_reads (void)
{
  g_autoptr(ProctorCommand) command = child_command ("pattern", "100000000", NULL);
  g_autoptr(ProctorProcess) process = NULL;
  g_autofree char *buffer = g_malloc (1 << 20);
  GInputStream *stream;

  proctor_command_set_stdout (command, PROCTOR_STDIO_PIPE);
  process = spawn_or_abort (command);
  stream = G_INPUT_STREAM (proctor_process_get_stdout (process));
  for (guint i = 0; i < 20; i++)
    g_assert_cmpint (g_input_stream_read (stream, buffer, 1 << 20, NULL, NULL), >, 0);
  assert_why (proctor_process_get_pid (process), "paused", "nobody has read stdout for");
  kill_and_wait (process);
}

static void
test_stdin_blocked (void)
{
  g_autoptr(ProctorCommand) command = child_command ("sleep", "1000", NULL);
  g_autoptr(ProctorProcess) process = NULL;
  g_autofree char *data = g_malloc0 (1000000);

  proctor_command_set_stdin (command, PROCTOR_STDIO_PIPE);
  process = spawn_or_abort (command);
  proctor_stream_writer_queue (proctor_process_get_stdin (process), data, 1000000);
  assert_why (proctor_process_get_pid (process), "stdin", "does not read its stdin (");
  kill_and_wait (process);
}

/* The shell ends, and its child has its stdout. */
static void
test_descendant (void)
{
  g_autoptr(ProctorCommand) command = proctor_command_new_shell ("sleep 1000 & echo $!");
  g_autoptr(ProctorProcess) process = NULL;
  g_autoptr(ProctorResult) result = NULL;
  g_autoptr(GCancellable) cancellable = g_cancellable_new ();
  g_autoptr(GBytes) line = NULL;
  g_autofree char *holder = NULL;
  g_auto(Reply) reply = { 0 };
  pid_t pid;

  proctor_command_set_stdout (command, PROCTOR_STDIO_PIPE);
  process = spawn_or_abort (command);
  line = proctor_stream_reader_read_line (proctor_process_get_stdout (process), NULL, NULL);
  pid = (pid_t) g_ascii_strtoll (g_bytes_get_data (line, NULL), NULL, 10);
  g_assert_cmpint (pid, >, 1);
  assert_returncode (process, 0);
  /* As long as nobody waits for the end, nothing is held up. */
  assert_healthy (proctor_process_get_pid (process));

  reply_init (&reply);
  proctor_process_communicate_async (process, NULL, cancellable, reply_arrived, &reply);
  holder = g_strdup_printf ("pid %d (sleep, a grandchild) still holds its stdout", (int) pid);
  assert_why (proctor_process_get_pid (process), "descendant", holder);

  kill (pid, SIGKILL);
  result = proctor_process_communicate_finish (process, reply_wait (&reply), NULL);
  g_assert_nonnull (result);
}

/* Its stdout has gone to a child of its own, and to another child of the program. */
static void
test_two_holders (void)
{
  g_autofree char *mark = work_path ("mark");
  g_autoptr(ProctorCommand) command = child_command ("hold", mark, "1", "", NULL);
  g_autoptr(ProctorCommand) other_command = child_command ("sleep", "1000", NULL);
  g_autoptr(ProctorProcess) process = NULL;
  g_autoptr(ProctorProcess) other = NULL;
  g_autoptr(ProctorResult) result = NULL;
  g_autofree char *path = NULL;
  g_autofree char *holder = NULL;
  g_auto(Reply) reply = { 0 };
  pid_t descendant;
  int fd;

  proctor_command_set_stdout (command, PROCTOR_STDIO_PIPE);
  process = spawn_or_abort (command);
  descendant = await_pid (mark);
  path = g_strdup_printf ("/proc/%d/fd/1", (int) descendant);
  fd = open (path, O_WRONLY | O_CLOEXEC);
  g_assert_cmpint (fd, >=, 0);
  proctor_command_take_fd (other_command, fd, 1);
  other = spawn_or_abort (other_command);
  g_clear_object (&other_command);
  assert_returncode (process, 0);

  reply_init (&reply);
  proctor_process_communicate_async (process, NULL, NULL, reply_arrived, &reply);
  assert_why (proctor_process_get_pid (process), "descendant",
              "and 1 more process still hold its stdout");
  kill (descendant, SIGKILL);
  await_gone (&descendant, 1);
  holder =
    g_strdup_printf ("pid %d (test-child, another child of the program) still holds its stdout",
                     (int) proctor_process_get_pid (other));
  assert_why (proctor_process_get_pid (process), "descendant", holder);

  kill_and_wait (other);
  result = proctor_process_communicate_finish (process, reply_wait (&reply), NULL);
  g_assert_nonnull (result);
}

static void
test_main_loop (void)
{
  g_autoptr(ProctorCommand) command = child_command ("cat", NULL);
  g_autoptr(ProctorProcess) process = NULL;
  int pid;

  if (g_strcmp0 (g_getenv ("PROCTOR_WATCHER"), NULL) != 0)
    {
      g_test_skip ("Another watcher does without the main loop");
      return;
    }

  proctor_command_set_stdin (command, PROCTOR_STDIO_PIPE);
  process = spawn_or_abort (command);
  pid = proctor_process_get_pid (process);
  while (g_main_context_iteration (NULL, FALSE))
    ;
  main_loop_runs = FALSE;
  g_assert_true (proctor_process_kill (process, NULL));
  assert_why (pid, "main-loop", "the watcher’s context has not run for");
  main_loop_runs = TRUE;
  kill_and_wait (process);
}

static void
test_suspended (void)
{
  g_autoptr(ProctorCommand) command = child_command ("sleep", "1000", NULL);
  g_autoptr(ProctorProcess) process = spawn_or_abort (command);

  g_assert_true (proctor_process_send_signal (process, SIGSTOP, NULL));
  assert_why (proctor_process_get_pid (process), "suspended", "suspended by a signal");
  kill_and_wait (process);
}

/* The tracer is a process; NULL where tracing is not allowed, and then the test is skipped. */
static ProctorProcess *
trace_or_skip (ProctorProcess *process,
               const char     *gate,
               gboolean        stop)
{
  g_autofree char *ready = work_path ("ready");
  g_autofree char *number = g_strdup_printf ("%d", (int) proctor_process_get_pid (process));
  g_autoptr(ProctorCommand) command =
    child_command ("trace", number, ready, gate, stop ? "stop" : NULL, NULL);
  g_autoptr(ProctorProcess) tracer = spawn_or_abort (command);

  while (!g_file_test (ready, G_FILE_TEST_EXISTS))
    {
      int returncode;

      if (proctor_process_get_returncode (tracer, &returncode))
        {
          g_assert_cmpint (returncode, ==, 1);
          g_test_skip ("Tracing is not allowed");
          return NULL;
        }
      g_main_context_iteration (NULL, FALSE);
      g_usleep (1000);
    }
  return g_steal_pointer (&tracer);
}

static void
test_traced (void)
{
  g_autofree char *gate = work_path ("gate");
  g_autoptr(ProctorCommand) command = child_command ("sleep", "1000", NULL);
  g_autoptr(ProctorProcess) process = spawn_or_abort (command);
  g_autoptr(ProctorProcess) tracer = trace_or_skip (process, gate, TRUE);

  if (tracer != NULL)
    {
      assert_why (proctor_process_get_pid (process), "traced", "held by a debugger");
      g_free (work_file ("gate", ""));
      assert_returncode (tracer, 0);
    }
  kill_and_wait (process);
}

/* There is nothing to reap before the debugger has let go of it. */
static void
test_dead_and_traced (void)
{
  g_autofree char *gate = work_path ("gate");
  g_autoptr(ProctorCommand) command = child_command ("sleep", "1000", NULL);
  g_autoptr(ProctorProcess) process = NULL;
  g_autoptr(ProctorProcess) tracer = NULL;

  if (!library_uses_pidfds ())
    {
      g_test_skip ("GLib may take it for reaped, and make a status up");
      return;
    }

  process = spawn_or_abort (command);
  tracer = trace_or_skip (process, gate, FALSE);
  if (tracer != NULL)
    {
      g_assert_true (proctor_process_kill (process, NULL));
      assert_why (proctor_process_get_pid (process), "traced",
                  "a debugger has not let go of it");
      g_free (work_file ("gate", ""));
      assert_returncode (tracer, 0);
    }
  kill_and_wait (process);
}

/* Until a child of vfork() is another program, the kernel holds its parent. */
static void
test_kernel (void)
{
  g_autofree char *mark = work_path ("mark");
  g_autoptr(ProctorCommand) command = child_command ("vfork", mark, NULL);
  g_autoptr(ProctorProcess) process = spawn_or_abort (command);
  pid_t child = await_pid (mark);

  assert_why (proctor_process_get_pid (process), "kernel", "stuck in the kernel (state D)");
  kill_and_wait (process);
  kill (child, SIGKILL);
}

/* Nobody has the FIFO open for writing, so that its opening does not end; there is no pid yet. */
static void
test_start (void)
{
  g_autofree char *fifo = work_path ("fifo");
  g_autoptr(ProctorCommand) command = child_command ("cat", NULL);
  g_autoptr(GCancellable) cancellable = g_cancellable_new ();
  g_autoptr(GError) error = NULL;
  g_auto(Reply) reply = { 0 };

  g_assert_cmpint (mkfifo (fifo, 0600), ==, 0);
  proctor_command_set_stdin_path (command, fifo);
  reply_init (&reply);
  proctor_command_spawn_async (command, cancellable, reply_arrived, &reply);
  assert_why (getpid (), "start", "being started for");

  g_cancellable_cancel (cancellable);
  g_assert_null (proctor_command_spawn_finish (command, reply_wait (&reply), &error));
  g_assert_error (error, G_IO_ERROR, G_IO_ERROR_CANCELLED);
}

static void
test_stopping (void)
{
  g_autofree char *mark = work_path ("mark");
  g_autoptr(ProctorCommand) command = child_command ("ignore-term", mark, NULL);
  g_autoptr(ProctorProcess) process = NULL;
  g_auto(Reply) reply = { 0 };

  proctor_command_set_stdout (command, PROCTOR_STDIO_PIPE);
  process = spawn_or_abort (command);
  g_bytes_unref (
    proctor_stream_reader_read_line (proctor_process_get_stdout (process), NULL, NULL));
  reply_init (&reply);
  proctor_process_stop_async (process, 1000 * G_TIME_SPAN_SECOND, NULL, reply_arrived, &reply);
  assert_why (proctor_process_get_pid (process), "stopping", "the next signal comes in");
  g_assert_true (proctor_process_kill (process, NULL));
  g_assert_true (proctor_process_stop_finish (process, reply_wait (&reply), NULL));
}

/* The first one obeys, and the others do not. */
static void
test_tree (void)
{
  g_autofree char *mark = work_path ("brood");
  g_autoptr(ProctorCommand) command = brood_command (mark, "obey", "ignore");
  g_autoptr(ProctorProcess) process = spawn_or_abort (command);
  pid_t pids[BROOD_SIZE];
  g_auto(Reply) reply = { 0 };

  await_brood (mark, pids);
  reply_init (&reply);
  proctor_process_stop_async (process, 1000 * G_TIME_SPAN_SECOND, NULL, reply_arrived, &reply);
  assert_returncode (process, -SIGTERM);
  assert_why (proctor_process_get_pid (process), "tree", "what is left of its tree of processes");
  g_assert_null (reply.result);

  for (guint i = 0; i < BROOD_SIZE; i++)
    kill (pids[i], SIGKILL);
  g_assert_true (proctor_process_stop_finish (process, reply_wait (&reply), NULL));
}

/* By the protocol, and not because there is too much. */
static void
test_held_back (void)
{
  g_autoptr(ProctorCommand) command = child_command ("pattern", "10000000", NULL);
  g_autoptr(ProctorSubprocessTransport) transport = NULL;
  g_auto(Log) log = { 0 };

  log_init (&log);
  log.seeds[1] = 0;
  transport = open_or_abort (command, &log);
  proctor_read_transport_pause_reading (get_output (transport, 1));
  assert_why (proctor_subprocess_transport_get_pid (transport), "held-back",
              "the program itself has paused stdout");
  proctor_read_transport_resume_reading (get_output (transport, 1));
  AWAIT (&log, log.lost);
  assert_ended_with (transport, 0);
}

/* A stream of GIO that takes nothing. */
static void
test_stream_paused (void)
{
  g_autoptr(ProctorCommand) command = child_command ("pattern", "10000000", NULL);
  g_autoptr(ProctorProcess) process = NULL;
  g_autoptr(GOutputStream) stream = NULL;
  g_autoptr(GInputStream) input = NULL;
  int fds[2];
  int pid;

  g_assert_true (g_unix_open_pipe (fds, FD_CLOEXEC, NULL));
  /* Else a write would wait for the reader, in the main thread. */
  g_assert_true (g_unix_set_fd_nonblocking (fds[1], TRUE, NULL));
  stream = g_unix_output_stream_new (fds[1], TRUE);
  input = g_unix_input_stream_new (fds[0], TRUE);
  proctor_command_set_stdout_stream (command, stream);
  process = spawn_or_abort (command);
  pid = proctor_process_get_pid (process);
  assert_why (pid, "paused", "the stream that gets its stdout has taken nothing for");

  g_input_stream_close (input, NULL, NULL);
  proctor_process_kill (process, NULL);
  assert_returncode (process, -SIGKILL);
}

/* ---- a watcher of the program's that sleeps */

typedef struct
{
  ProctorChildWatcher parent_instance;
  pid_t pid; /* of its only child */
  gboolean sleeps;
} SleepyWatcher;

typedef ProctorChildWatcherClass SleepyWatcherClass;

GType sleepy_watcher_get_type (void);
G_DEFINE_TYPE (SleepyWatcher, sleepy_watcher, PROCTOR_TYPE_CHILD_WATCHER)

static gboolean
sleepy_watcher_watch (ProctorChildWatcher  *watcher,
                      guint64               token,
                      GPid                  pid,
                      GError              **error)
{
  ((SleepyWatcher *) watcher)->pid = pid;
  return TRUE;
}

static void
sleepy_watcher_unwatch (ProctorChildWatcher *watcher,
                        guint64              token)
{
}

static void
sleepy_watcher_reap_now (ProctorChildWatcher *watcher,
                         guint64              token)
{
  SleepyWatcher *self = (SleepyWatcher *) watcher;
  int status;

  if (!self->sleeps && waitpid (self->pid, &status, WNOHANG) == self->pid)
    proctor_child_watcher_report (watcher, token, status);
}

static void
sleepy_watcher_class_init (SleepyWatcherClass *klass)
{
  klass->watch = sleepy_watcher_watch;
  klass->unwatch = sleepy_watcher_unwatch;
  klass->reap_now = sleepy_watcher_reap_now;
}

static void
sleepy_watcher_init (SleepyWatcher *self)
{
  self->sleeps = TRUE;
}

static void
test_watcher (void)
{
  g_autoptr(ProctorChildWatcher) watcher = g_object_new (sleepy_watcher_get_type (), NULL);
  g_autoptr(ProctorCommand) command = child_command ("exit", "3", NULL);
  g_autoptr(ProctorProcess) process = NULL;
  g_autoptr(GError) error = NULL;

  g_assert_true (proctor_child_watcher_attach (watcher, g_main_context_default (), &error));
  g_assert_no_error (error);
  g_assert_true (proctor_set_child_watcher (watcher, &error));
  g_assert_no_error (error);
  process = spawn_or_abort (command);
  assert_why (proctor_process_get_pid (process), "watcher",
              "its child watcher (SleepyWatcher) has not noticed it");

  ((SleepyWatcher *) watcher)->sleeps = FALSE;
  assert_returncode (process, 3);
  g_assert_true (proctor_set_child_watcher (NULL, &error));
  g_assert_no_error (error);
}

/* ---- a worker */

static GMutex stuck_lock;
static GCond stuck_cond;
static gboolean is_free; /* guarded by stuck_lock */

static void
hang_in_worker (Actor   *actor,
                Message *message)
{
  g_mutex_lock (&stuck_lock);
  while (!is_free)
    g_cond_wait (&stuck_cond, &stuck_lock);
  g_mutex_unlock (&stuck_lock);
}

static void
test_worker (void)
{
  g_autoptr(GPtrArray) workers = g_ptr_array_new_with_free_func ((GDestroyNotify) worker_unref);
  g_autoptr(GPtrArray) actors = g_ptr_array_new_with_free_func ((GDestroyNotify) actor_unref);
  g_autoptr(ProctorCommand) command = child_command ("sleep", "1000", NULL);
  g_autoptr(ProctorProcess) process = NULL;
  static Message messages[64];
  g_autofree char *signal_text = NULL;
  g_auto(Answer) answer = { NULL };

  process = spawn_or_abort (command);
  runtime_list (workers, actors);
  g_ptr_array_set_size (actors, 0);
  is_free = FALSE;
  for (guint i = 0; i < workers->len; i++)
    {
      messages[i].func = hang_in_worker;
      worker_post (workers->pdata[i], &messages[i]);
    }
  assert_why (proctor_process_get_pid (process), "worker", "has not answered for");

  /* A signal needs no worker. */
  signal_text = g_strdup_printf ("KILL:%d", (int) proctor_process_get_pid (process));
  answer = run_tool ("--signal", signal_text, NULL);
  g_assert_cmpstr (answer.err, ==, "");
  g_assert_cmpint (answer.exit_code, ==, 0);

  g_mutex_lock (&stuck_lock);
  is_free = TRUE;
  g_cond_broadcast (&stuck_cond);
  g_mutex_unlock (&stuck_lock);
  assert_returncode (process, -SIGKILL);
}

/* ---- healthy */

static gboolean
is_over_cb (gpointer data)
{
  *(gboolean *) data = TRUE;
  return G_SOURCE_REMOVE;
}

/* One that writes and is read, one that waits for its input, one that runs, one that has ended; all
 * for longer than any hang has to last.
 */
static void
test_healthy (void)
{
  g_autoptr(ProctorCommand) cat_command = child_command ("cat", NULL);
  g_autoptr(ProctorCommand) sleep_command = child_command ("sleep", "1000", NULL);
  g_autoptr(ProctorCommand) exit_command = child_command ("exit", "0", NULL);
  g_autoptr(ProctorProcess) cat = NULL;
  g_autoptr(ProctorProcess) idle = NULL;
  g_autoptr(ProctorProcess) sleeper = NULL;
  g_autoptr(ProctorProcess) ended = NULL;
  gboolean is_over = FALSE;

  proctor_command_set_stdin (cat_command, PROCTOR_STDIO_PIPE);
  proctor_command_set_stdout (cat_command, PROCTOR_STDIO_PIPE);
  cat = spawn_or_abort (cat_command);
  idle = spawn_or_abort (cat_command);
  sleeper = spawn_or_abort (sleep_command);
  ended = spawn_or_abort (exit_command);
  assert_returncode (ended, 0);

  g_timeout_add (2500, is_over_cb, &is_over);
  while (!is_over)
    {
      g_autoptr(GBytes) line = NULL;

      proctor_stream_writer_queue (proctor_process_get_stdin (cat), "line\n", 5);
      line = proctor_stream_reader_read_line (proctor_process_get_stdout (cat), NULL, NULL);
      g_assert_cmpuint (g_bytes_get_size (line), ==, 5);
      assert_healthy (proctor_process_get_pid (cat));
      assert_healthy (proctor_process_get_pid (idle));
      assert_healthy (proctor_process_get_pid (sleeper));
      assert_healthy (proctor_process_get_pid (ended));
    }
  kill_and_wait (cat);
  kill_and_wait (idle);
  kill_and_wait (sleeper);
}

int
main (int    argc,
      char **argv)
{
  static const InspectTest tests[] = {
    { "paused", test_paused },
    { "paused-after-large-reads", test_paused_after_large_reads },
    { "stdin-blocked", test_stdin_blocked },
    { "descendant", test_descendant },
    { "two-holders", test_two_holders },
    { "main-loop", test_main_loop },
    { "suspended", test_suspended },
    { "traced", test_traced },
    { "dead-and-traced", test_dead_and_traced },
    { "kernel", test_kernel },
    { "start", test_start },
    { "stopping", test_stopping },
    { "tree", test_tree },
    { "held-back", test_held_back },
    { "stream-paused", test_stream_paused },
    { "watcher", test_watcher },
    { "worker", test_worker },
    { "healthy", test_healthy },
  };

  return run_inspect_tests (&argc, &argv, "tool-why", tests, G_N_ELEMENTS (tests));
}
