/* `proctor inspect`: each kind of hang is made on purpose and has to be named, and none in a healthy
 * program; signals and stops; and programs that do not answer as they should.
 *
 * SPDX-License-Identifier: LGPL-2.1-or-later
 */

/* Thread: MAIN; the tool is another process. */

#include "config.h"

#include <sys/socket.h>
#include <sys/un.h>
#include <sys/wait.h>

#include <gio/gunixinputstream.h>
#include <gio/gunixoutputstream.h>
#include <glib-unix.h>
#include <json-glib/json-glib.h>

#include "inspect-testing.h"
#include "runtime/runtime.h"
#include "runtime/worker.h"
#include "transport-testing.h"
#include "tree-testing.h"

#define DEADLINE (60 * G_TIME_SPAN_SECOND)

static const char *tool_path;

/* ---- the tool */

typedef struct
{
  char *out;
  char *err;
  int exit_code;
} Answer;

static void
answer_clear (Answer *self)
{
  g_clear_pointer (&self->out, g_free);
  g_clear_pointer (&self->err, g_free);
}

G_DEFINE_AUTO_CLEANUP_CLEAR_FUNC (Answer, answer_clear)

static void
tool_ended_cb (GObject      *source,
               GAsyncResult *result,
               gpointer      data)
{
  *(GAsyncResult **) data = g_object_ref (result);
}

/* Whether the main loop runs meanwhile. */
static gboolean main_loop_runs = TRUE;

static Answer G_GNUC_NULL_TERMINATED
run_tool (const char *first,
          ...)
{
  g_autoptr(GPtrArray) argv = g_ptr_array_new ();
  g_autoptr(GSubprocess) process = NULL;
  g_autoptr(GAsyncResult) result = NULL;
  g_autoptr(GError) error = NULL;
  Answer answer = { NULL };
  va_list args;

  g_ptr_array_add (argv, (gpointer) tool_path);
  g_ptr_array_add (argv, (gpointer) "inspect");
  va_start (args, first);
  for (const char *word = first; word != NULL; word = va_arg (args, const char *))
    g_ptr_array_add (argv, (gpointer) word);
  va_end (args);
  g_ptr_array_add (argv, NULL);

  process = g_subprocess_newv ((const char * const *) argv->pdata,
                               G_SUBPROCESS_FLAGS_STDOUT_PIPE | G_SUBPROCESS_FLAGS_STDERR_PIPE,
                               &error);
  g_assert_no_error (error);
  if (main_loop_runs)
    {
      g_subprocess_communicate_utf8_async (process, NULL, NULL, tool_ended_cb, &result);
      while (result == NULL)
        g_main_context_iteration (NULL, TRUE);
      g_subprocess_communicate_utf8_finish (process, result, &answer.out, &answer.err, &error);
    }
  else
    {
      g_subprocess_communicate_utf8 (process, NULL, NULL, &answer.out, &answer.err, &error);
    }
  g_assert_no_error (error);
  answer.exit_code =
    g_subprocess_get_if_exited (process) ? g_subprocess_get_exit_status (process)
                                         : -g_subprocess_get_term_sig (process);
  return answer;
}

/* The causes of a process; NULL: there is no such one. */
static JsonNode *
ask_why (int pid)
{
  g_autofree char *number = g_strdup_printf ("%d", pid);
  g_auto(Answer) answer = run_tool ("--json", "--why", number, NULL);
  g_autoptr(GError) error = NULL;
  JsonNode *root;

  if (answer.exit_code > 1)
    {
      g_test_message ("%s", answer.err);
      return NULL;
    }
  root = json_from_string (answer.out, &error);
  g_assert_no_error (error);
  return root;
}

static JsonArray *
get_causes (JsonNode *root)
{
  JsonArray *processes = json_node_get_array (root);

  g_assert_cmpuint (json_array_get_length (processes), ==, 1);
  return json_object_get_array_member (json_array_get_object_element (processes, 0), "causes");
}

/* A hang has to have lasted for a second. */
static void
assert_why (int         pid,
            const char *kind,
            const char *text)
{
  gint64 deadline = g_get_monotonic_time () + DEADLINE;

  for (;;)
    {
      g_autoptr(JsonNode) root = ask_why (pid);
      JsonArray *causes = root != NULL ? get_causes (root) : NULL;
      JsonObject *cause;

      g_assert_cmpint (g_get_monotonic_time (), <, deadline);
      if (causes == NULL || json_array_get_length (causes) == 0)
        continue;

      cause = json_array_get_object_element (causes, 0);
      g_test_message ("%s", json_object_get_string_member (cause, "text"));
      g_assert_cmpstr (json_object_get_string_member (cause, "kind"), ==, kind);
      g_assert_nonnull (strstr (json_object_get_string_member (cause, "text"), text));
      g_assert_cmpuint (json_array_get_length (causes), ==, 1);
      return;
    }
}

static void
assert_healthy (int pid)
{
  g_autoptr(JsonNode) root = ask_why (pid);

  g_assert_nonnull (root);
  if (json_array_get_length (get_causes (root)) > 0)
    {
      g_autofree char *text = json_to_string (root, TRUE);

      g_error ("It is healthy: %s", text);
    }
}

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
  holder = g_strdup_printf ("pid %d (test-child, another child of the program) still holds its stdout",
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
  g_bytes_unref (proctor_stream_reader_read_line (proctor_process_get_stdout (process), NULL, NULL));
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

/* ---- what else the tool does */

static void
test_table (void)
{
  g_autoptr(ProctorCommand) command = child_command ("sleep", "1000", NULL);
  g_autoptr(ProctorProcess) process = spawn_or_abort (command);
  g_autofree char *number = g_strdup_printf ("%d", (int) getpid ());
  g_autofree char *of_process = g_strdup_printf ("%d", (int) proctor_process_get_pid (process));
  const char *ways[] = { number, of_process, "test-tool-inspect", NULL };

  for (guint i = 0; i < G_N_ELEMENTS (ways); i++)
    {
      g_auto(Answer) answer = run_tool (ways[i] != NULL ? ways[i] : "--", NULL);

      g_assert_cmpstr (answer.err, ==, "");
      g_assert_cmpint (answer.exit_code, ==, 0);
      g_assert_nonnull (strstr (answer.out, "sleep 1000"));
      g_assert_nonnull (strstr (answer.out, of_process));
      g_assert_nonnull (strstr (answer.out, "running"));
      g_assert_nonnull (strstr (answer.out, "LONGEST TURN"));
      g_assert_null (strchr (answer.out, '\033'));
    }
  kill_and_wait (process);
}

static void
test_json (void)
{
  g_autoptr(ProctorCommand) command = child_command ("sleep", "1000", NULL);
  g_autoptr(ProctorProcess) process = spawn_or_abort (command);
  g_auto(Answer) answer = run_tool ("--json", NULL);
  g_autoptr(GError) error = NULL;
  g_autoptr(JsonNode) root = json_from_string (answer.out, &error);
  JsonObject *program;

  g_assert_no_error (error);
  program = json_array_get_object_element (
    json_object_get_array_member (json_node_get_object (root), "programs"), 0);
  g_assert_cmpint (json_object_get_int_member (program, "pid"), ==, getpid ());
  g_assert_cmpuint (json_array_get_length (json_object_get_array_member (program, "workers")), >, 0);
  kill_and_wait (process);
}

static void
test_stop (void)
{
  g_autoptr(ProctorCommand) command = child_command ("sleep", "1000", NULL);
  g_autoptr(ProctorProcess) process = spawn_or_abort (command);
  g_autofree char *number = g_strdup_printf ("%d", (int) proctor_process_get_pid (process));
  g_auto(Answer) answer = run_tool ("--stop", number, NULL);
  g_auto(Answer) again = { NULL };

  g_assert_cmpstr (answer.err, ==, "");
  g_assert_cmpint (answer.exit_code, ==, 0);
  g_assert_nonnull (strstr (answer.out, "SIGTERM"));
  assert_returncode (process, -SIGTERM);

  g_clear_object (&process);
  again = run_tool ("--stop", "1", NULL);
  g_assert_cmpint (again.exit_code, ==, 125);
  g_assert_nonnull (strstr (again.err, "process 1"));
}

static void
test_follow (void)
{
  g_autoptr(ProctorCommand) command = child_command ("sleep", "1000", NULL);
  g_autoptr(ProctorProcess) process = spawn_or_abort (command);
  g_autoptr(ProctorCommand) follow = proctor_command_new (tool_path, "inspect", "--follow", "--interval",
                                                          "0.1", "test-tool-inspect", NULL);
  g_autoptr(ProctorProcess) tool = NULL;
  guint n_looks = 0;

  proctor_command_set_stdout (follow, PROCTOR_STDIO_PIPE);
  tool = spawn_or_abort (follow);
  while (n_looks < 3)
    {
      g_autoptr(GBytes) line =
        proctor_stream_reader_read_line (proctor_process_get_stdout (tool), NULL, NULL);

      g_assert_nonnull (line);
      n_looks += g_bytes_get_size (line) > 4 && memcmp (g_bytes_get_data (line, NULL), "test", 4) == 0;
    }
  g_assert_true (proctor_process_send_signal (tool, SIGINT, NULL));
  assert_returncode (tool, 0);
  kill_and_wait (process);
}

static void
test_usage (void)
{
  static const char * const wrong[][2] = {
    { "--signal", "TERM" },   { "--signal", "NONE:5" }, { "--stop", "-4" },
    { "--interval", "0" },    { "--why", "x" },         { "one", "two" },
    { "--follow", "--json" },
  };

  for (guint i = 0; i < G_N_ELEMENTS (wrong); i++)
    {
      g_auto(Answer) answer = run_tool (wrong[i][0], wrong[i][1], NULL);

      g_assert_cmpint (answer.exit_code, ==, 2);
      g_assert_cmpstr (answer.out, ==, "");
      g_assert_nonnull (strstr (answer.err, "proctor inspect --help"));
    }
}

static void
test_none (void)
{
  g_auto(Answer) answer = { NULL };
  g_auto(Answer) json = { NULL };

  proctor_inspect_stop ();
  answer = run_tool ("--", NULL);
  g_assert_cmpint (answer.exit_code, ==, 125);
  g_assert_nonnull (strstr (answer.err, "PROCTOR_INSPECT=1"));
  json = run_tool ("--json", NULL);
  g_assert_cmpint (json.exit_code, ==, 0);
}

/* ---- programs that are none */

typedef enum
{
  IMPOSTOR_SILENT,  /* takes the connection and says nothing */
  IMPOSTOR_DEAF,    /* does not even take it */
  IMPOSTOR_GARBAGE, /* says something else than D-Bus */
  IMPOSTOR_CLOSES,  /* closes at once */
  IMPOSTOR_BREAKS,  /* closes in the middle of the handshake */
} Impostor;

typedef struct
{
  Impostor kind;
  GArray *peers; /* of int, open */
} ImpostorState;

static gboolean
impostor_cb (int          fd,
             GIOCondition condition,
             gpointer     data)
{
  static const char garbage[] = "HTTP/1.1 200 OK\r\n\r\n";
  static const char half[] = "OK 00";
  ImpostorState *state = data;
  int peer = accept4 (fd, NULL, NULL, SOCK_CLOEXEC);

  g_assert_cmpint (peer, >=, 0);
  if (state->kind == IMPOSTOR_GARBAGE)
    g_assert_cmpint (send (peer, garbage, sizeof garbage, MSG_NOSIGNAL), >, 0);
  if (state->kind == IMPOSTOR_BREAKS)
    g_assert_cmpint (send (peer, half, sizeof half - 1, MSG_NOSIGNAL), >, 0);
  if (state->kind == IMPOSTOR_SILENT)
    g_array_append_val (state->peers, peer);
  else
    close (peer);
  return G_SOURCE_CONTINUE;
}

/* At the socket of this program, which does not listen there itself. */
static void
check_impostor (Impostor    kind,
                const char *expected)
{
  g_autofree char *path = inspect_socket_dup_path ();
  ImpostorState state = { kind, g_array_new (FALSE, FALSE, sizeof (int)) };
  struct sockaddr_un address = { .sun_family = AF_UNIX };
  g_auto(Answer) answer = { NULL };
  int fd = socket (AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0);
  guint source = 0;

  g_strlcpy (address.sun_path, path, sizeof address.sun_path);
  g_unlink (path);
  g_assert_cmpint (bind (fd, (struct sockaddr *) &address, sizeof address), ==, 0);
  g_assert_cmpint (listen (fd, 8), ==, 0);
  if (kind != IMPOSTOR_DEAF)
    source = g_unix_fd_add (fd, G_IO_IN, impostor_cb, &state);

  answer = run_tool ("--", NULL);
  g_test_message ("%s", answer.err);
  g_assert_cmpint (answer.exit_code, ==, 125);
  g_assert_cmpstr (answer.out, ==, "");
  g_assert_nonnull (strstr (answer.err, expected));

  if (source != 0)
    g_source_remove (source);
  for (guint i = 0; i < state.peers->len; i++)
    close (g_array_index (state.peers, int, i));
  g_array_unref (state.peers);
  close (fd);
  g_unlink (path);
}

static void
test_impostors (void)
{
  proctor_inspect_stop ();
  check_impostor (IMPOSTOR_SILENT, "does not answer");
  check_impostor (IMPOSTOR_DEAF, "does not answer");
  check_impostor (IMPOSTOR_GARBAGE, "does not speak D-Bus as it should");
  check_impostor (IMPOSTOR_CLOSES, "does not speak D-Bus as it should");
  check_impostor (IMPOSTOR_BREAKS, "does not speak D-Bus as it should");
}

/* What a program that was killed has left behind is not told of, and taken away. */
static void
test_leftover (void)
{
  g_autofree char *own = inspect_socket_dup_path ();
  g_autofree char *folder = g_path_get_dirname (own);
  g_autofree char *path = g_build_filename (folder, "2147483646.socket", NULL);
  g_auto(Answer) answer = { NULL };

  g_assert_true (g_file_set_contents (path, "", 0, NULL));
  answer = run_tool ("--", NULL);
  g_assert_cmpstr (answer.err, ==, "");
  g_assert_false (g_file_test (path, G_FILE_TEST_EXISTS));
}

static void
test_bus (void)
{
  GSubprocess *bus;
  g_autoptr(ProctorCommand) command = child_command ("sleep", "1000", NULL);
  g_autoptr(ProctorProcess) process = spawn_or_abort (command);
  g_auto(Answer) answer = { NULL };

  proctor_inspect_stop ();
  bus = start_bus ();
  if (bus != NULL)
    {
      start_or_abort ();
      g_assert_false (have_socket ());
      answer = run_tool ("--", NULL);
      g_assert_cmpstr (answer.err, ==, "");
      g_assert_nonnull (strstr (answer.out, "sleep 1000"));
      assert_healthy (proctor_process_get_pid (process));
      proctor_inspect_stop ();
      stop_bus (bus);
    }
  kill_and_wait (process);
}

/* ---- all of them */

typedef struct
{
  const char *name;
  void (*run) (void);
} Test;

static void
run_test (gconstpointer data)
{
  const Test *test = data;

  deadline_start (g_test_get_path (), TEST_DEADLINE_SECONDS);
  work_directory = g_dir_make_tmp ("proctor-test-XXXXXX", NULL);
  start_or_abort ();
  test->run ();
  proctor_inspect_stop ();
  remove_tree (work_directory);
  g_clear_pointer (&work_directory, g_free);
}

int
main (int    argc,
      char **argv)
{
  static const Test tests[] = {
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
    { "table", test_table },
    { "json", test_json },
    { "stop", test_stop },
    { "follow", test_follow },
    { "usage", test_usage },
    { "none", test_none },
    { "impostors", test_impostors },
    { "leftover", test_leftover },
    { "bus", test_bus },
  };
  int result;

  g_test_init (&argc, &argv, NULL);
  deadline_start ("The start", TEST_DEADLINE_SECONDS);
  tool_path = g_getenv ("PROCTOR_TEST_TOOL");
  g_assert_nonnull (tool_path);
  reset_ignored_signals ();
  inspect_testing_init ();
  for (guint i = 0; i < G_N_ELEMENTS (tests); i++)
    {
      g_autofree char *path = g_strconcat ("/tool-inspect/", tests[i].name, NULL);

      g_test_add_data_func (path, &tests[i], run_test);
    }
  result = g_test_run ();
  inspect_testing_clear ();
  return result;
}
