/* A forked copy of the program: every function of the public interface is called in it. What can
 * fail is FORKED, the rest does nothing and does not hang, and the original notices none of it.
 *
 * SPDX-License-Identifier: LGPL-2.1-or-later
 */

#include "config.h"

#include "transport-testing.h"

/* One of each, made before the fork. */
typedef struct
{
  ProctorCommand *command;
  ProctorProcess *process;
  ProctorStreamWriter *in;
  ProctorStreamReader *out;
  ProctorResult *result;
  Log log;
  Log read_log;
  Log write_log;
  ProctorSubprocessProtocol *protocol;
  ProctorSubprocessTransport *transport;
  ProctorWriteTransport *transport_in;
  ProctorReadTransport *transport_out;
  int read_pipe[2];
  int write_pipe[2];
  ProctorReadTransport *pipe_reader;
  ProctorWriteTransport *pipe_writer;
  ProctorChildWatcher *watchers[4];
  GBytes *bytes;
} Things;

/* Whether it has succeeded, which it must not. */
typedef gboolean (*CallFunc) (Things  *things,
                              GError **error);

#define CALL(name, expression) \
  static gboolean call_##name (Things *t, GError **error) { return (expression); }

/* The start calls reply_arrived with &reply, the end takes `result`. */
#define CALL_ASYNC(name, start, end) \
  static gboolean call_##name##_async (Things *t, GError **error) \
  { \
    g_auto(Reply) reply = { 0 }; \
    GAsyncResult *result; \
    reply_init (&reply); \
    start; \
    result = reply_wait (&reply); \
    return (end); \
  }

#define ARRIVES NULL, reply_arrived, &reply

CALL (init, proctor_init (error))
CALL (dup_child_watcher, proctor_dup_child_watcher (error) != NULL)
CALL (set_child_watcher, proctor_set_child_watcher (NULL, error))
CALL (main_child_watcher_new, proctor_main_child_watcher_new (error) != NULL)
CALL (pidfd_child_watcher_new, proctor_pidfd_child_watcher_new (error) != NULL)
CALL (threaded_child_watcher_new, proctor_threaded_child_watcher_new (error) != NULL)
CALL (child_watcher_attach, proctor_child_watcher_attach (t->watchers[0], NULL, error))
CALL (shutdown, proctor_shutdown (PROCTOR_SHUTDOWN_STOP, NULL, error))
CALL_ASYNC (shutdown, proctor_shutdown_async (PROCTOR_SHUTDOWN_DETACH, ARRIVES),
            proctor_shutdown_finish (result, error))

CALL (run, proctor_command_run (t->command, t->bytes, NULL, error) != NULL)
CALL_ASYNC (run, proctor_command_run_async (t->command, t->bytes, ARRIVES),
            proctor_command_run_finish (t->command, result, error) != NULL)
CALL (run_check, proctor_command_run_check (t->command, NULL, NULL, error) != NULL)
CALL_ASYNC (run_check, proctor_command_run_check_async (t->command, NULL, ARRIVES),
            proctor_command_run_check_finish (t->command, result, error) != NULL)
CALL (spawn, proctor_command_spawn (t->command, NULL, error) != NULL)
CALL_ASYNC (spawn, proctor_command_spawn_async (t->command, ARRIVES),
            proctor_command_spawn_finish (t->command, result, error) != NULL)
CALL (gather, proctor_gather (&t->command, 1, 0, NULL, error) != NULL)
CALL (gather_none, proctor_gather (NULL, 0, 0, NULL, error) != NULL)
CALL_ASYNC (gather, proctor_gather_async (&t->command, 1, 0, ARRIVES),
            proctor_gather_finish (result, error) != NULL)
CALL (open_transport, proctor_command_open_transport (t->command, t->protocol, NULL, error) != NULL)
CALL_ASYNC (open_transport, proctor_command_open_transport_async (t->command, t->protocol, ARRIVES),
            proctor_command_open_transport_finish (t->command, result, error) != NULL)

CALL (wait, proctor_process_wait (t->process, NULL, NULL, error))
CALL_ASYNC (wait, proctor_process_wait_async (t->process, ARRIVES),
            proctor_process_wait_finish (t->process, result, NULL, error))
CALL (wait_check, proctor_process_wait_check (t->process, NULL, error))
CALL_ASYNC (wait_check, proctor_process_wait_check_async (t->process, ARRIVES),
            proctor_process_wait_check_finish (t->process, result, error))
CALL (communicate, proctor_process_communicate (t->process, NULL, NULL, error) != NULL)
CALL_ASYNC (communicate, proctor_process_communicate_async (t->process, t->bytes, ARRIVES),
            proctor_process_communicate_finish (t->process, result, error) != NULL)
CALL (stop, proctor_process_stop (t->process, 0, NULL, error))
CALL_ASYNC (stop, proctor_process_stop_async (t->process, 0, ARRIVES),
            proctor_process_stop_finish (t->process, result, error))
CALL (send_signal, proctor_process_send_signal (t->process, SIGUSR1, error))
CALL (terminate, proctor_process_terminate (t->process, error))
CALL (kill, proctor_process_kill (t->process, error))

CALL (read_line, proctor_stream_reader_read_line (t->out, NULL, error) != NULL)
CALL_ASYNC (read_line, proctor_stream_reader_read_line_async (t->out, ARRIVES),
            proctor_stream_reader_read_line_finish (t->out, result, error) != NULL)
CALL (read_line_utf8, proctor_stream_reader_read_line_utf8 (t->out, NULL, error) != NULL)
CALL_ASYNC (read_line_utf8, proctor_stream_reader_read_line_utf8_async (t->out, ARRIVES),
            proctor_stream_reader_read_line_utf8_finish (t->out, result, error) != NULL)
CALL (read_lines, proctor_stream_reader_read_lines (t->out, NULL, error) != NULL)
CALL_ASYNC (read_lines, proctor_stream_reader_read_lines_async (t->out, ARRIVES),
            proctor_stream_reader_read_lines_finish (t->out, result, error) != NULL)
CALL (read_lines_utf8, proctor_stream_reader_read_lines_utf8 (t->out, NULL, error) != NULL)
CALL_ASYNC (read_lines_utf8, proctor_stream_reader_read_lines_utf8_async (t->out, ARRIVES),
            proctor_stream_reader_read_lines_utf8_finish (t->out, result, error) != NULL)
CALL (read_until, proctor_stream_reader_read_until (t->out, "x", 1, NULL, error) != NULL)
CALL_ASYNC (read_until, proctor_stream_reader_read_until_async (t->out, "x", 1, ARRIVES),
            proctor_stream_reader_read_until_finish (t->out, result, error) != NULL)
CALL (read_exactly, proctor_stream_reader_read_exactly (t->out, 1, NULL, error) != NULL)
CALL_ASYNC (read_exactly, proctor_stream_reader_read_exactly_async (t->out, 1, ARRIVES),
            proctor_stream_reader_read_exactly_finish (t->out, result, error) != NULL)
CALL (read_to_end, proctor_stream_reader_read_to_end (t->out, NULL, error) != NULL)
CALL_ASYNC (read_to_end, proctor_stream_reader_read_to_end_async (t->out, ARRIVES),
            proctor_stream_reader_read_to_end_finish (t->out, result, error) != NULL)
CALL (drain, proctor_stream_writer_drain (t->in, NULL, error))
CALL_ASYNC (drain, proctor_stream_writer_drain_async (t->in, ARRIVES),
            proctor_stream_writer_drain_finish (t->in, result, error))
CALL (flush, g_output_stream_flush (G_OUTPUT_STREAM (t->in), NULL, error))
CALL_ASYNC (flush, g_output_stream_flush_async (G_OUTPUT_STREAM (t->in), 0, ARRIVES),
            g_output_stream_flush_finish (G_OUTPUT_STREAM (t->in), result, error))
CALL (write, g_output_stream_write (G_OUTPUT_STREAM (t->in), "x", 1, NULL, error) >= 0)
CALL_ASYNC (write, g_output_stream_write_async (G_OUTPUT_STREAM (t->in), "x", 1, 0, ARRIVES),
            g_output_stream_write_finish (G_OUTPUT_STREAM (t->in), result, error) >= 0)
CALL (write_nonblocking,
      g_pollable_output_stream_write_nonblocking (G_POLLABLE_OUTPUT_STREAM (t->in), "x", 1, NULL,
                                                  error) >= 0)

static gboolean
call_next_line (Things  *t,
                GError **error)
{
  const char *line;
  gsize length;

  return proctor_stream_reader_next_line (t->out, &line, &length, NULL, error);
}

static gboolean
call_read (Things  *t,
           GError **error)
{
  char byte;

  return g_input_stream_read (G_INPUT_STREAM (t->out), &byte, 1, NULL, error) >= 0;
}

static gboolean
call_read_nonblocking (Things  *t,
                       GError **error)
{
  char byte;

  return g_pollable_input_stream_read_nonblocking (G_POLLABLE_INPUT_STREAM (t->out), &byte, 1, NULL,
                                                   error) >= 0;
}

static char read_byte;

CALL_ASYNC (read, g_input_stream_read_async (G_INPUT_STREAM (t->out), &read_byte, 1, 0, ARRIVES),
            g_input_stream_read_finish (G_INPUT_STREAM (t->out), result, error) >= 0)
CALL (skip, g_input_stream_skip (G_INPUT_STREAM (t->out), 1, NULL, error) >= 0)

CALL (transport_send_signal,
      proctor_subprocess_transport_send_signal (t->transport, SIGUSR1, error))
CALL (transport_terminate, proctor_subprocess_transport_terminate (t->transport, error))
CALL (transport_kill, proctor_subprocess_transport_kill (t->transport, error))
CALL (connect_read_pipe,
      proctor_connect_read_pipe (dup (t->read_pipe[0]), PROCTOR_PIPE_PROTOCOL (t->protocol), NULL,
                                 error) != NULL)
CALL_ASYNC (connect_read_pipe,
            proctor_connect_read_pipe_async (dup (t->read_pipe[0]),
                                             PROCTOR_PIPE_PROTOCOL (t->protocol), ARRIVES),
            proctor_connect_read_pipe_finish (result, error) != NULL)
CALL (connect_write_pipe,
      proctor_connect_write_pipe (dup (t->write_pipe[1]), PROCTOR_BASE_PROTOCOL (t->protocol), NULL,
                                  error) != NULL)
CALL_ASYNC (connect_write_pipe,
            proctor_connect_write_pipe_async (dup (t->write_pipe[1]),
                                              PROCTOR_BASE_PROTOCOL (t->protocol), ARRIVES),
            proctor_connect_write_pipe_finish (result, error) != NULL)

#define ENTRY(name) { #name, call_##name }
#define ENTRIES(name) { #name, call_##name }, { #name "_async", call_##name##_async }

static const struct
{
  const char *name;
  CallFunc call;
} calls[] = {
  ENTRY (init), ENTRY (dup_child_watcher), ENTRY (set_child_watcher),
  ENTRY (main_child_watcher_new), ENTRY (pidfd_child_watcher_new),
  ENTRY (threaded_child_watcher_new), ENTRY (child_watcher_attach), ENTRIES (shutdown),
  ENTRIES (run), ENTRIES (run_check), ENTRIES (spawn), ENTRIES (gather), ENTRY (gather_none),
  ENTRIES (open_transport), ENTRIES (wait), ENTRIES (wait_check), ENTRIES (communicate),
  ENTRIES (stop), ENTRY (send_signal), ENTRY (terminate), ENTRY (kill), ENTRIES (read_line),
  ENTRIES (read_line_utf8), ENTRIES (read_lines), ENTRIES (read_lines_utf8), ENTRIES (read_until),
  ENTRIES (read_exactly), ENTRIES (read_to_end), ENTRIES (drain), ENTRIES (flush), ENTRIES (write),
  ENTRY (write_nonblocking), ENTRY (next_line), ENTRIES (read), ENTRY (read_nonblocking),
  ENTRY (skip), ENTRY (transport_send_signal), ENTRY (transport_terminate),
  ENTRY (transport_kill), ENTRIES (connect_read_pipe), ENTRIES (connect_write_pipe),
};

/* ---- what has no error */

static void
ask_everything (Things *t)
{
  gsize low;
  gsize high;

  proctor_process_get_pid (t->process);
  proctor_process_get_state (t->process);
  proctor_process_get_returncode (t->process, NULL);
  proctor_process_get_stdin (t->process);
  proctor_process_get_stdout (t->process);
  proctor_process_get_stderr (t->process);
  proctor_result_get_returncode (t->result);
  proctor_stream_reader_at_eof (t->out);
  proctor_stream_reader_get_buffered (t->out);
  proctor_stream_reader_get_consumed (t->out);
  proctor_stream_reader_get_limit (t->out);
  proctor_stream_reader_get_long_lines (t->out);
  g_pollable_input_stream_is_readable (G_POLLABLE_INPUT_STREAM (t->out));
  proctor_stream_writer_can_write_eof (t->in);
  proctor_stream_writer_get_closing (t->in);
  proctor_stream_writer_get_write_buffer_limits (t->in, &low, &high);
  proctor_stream_writer_get_write_buffer_size (t->in);
  g_pollable_output_stream_is_writable (G_POLLABLE_OUTPUT_STREAM (t->in));
  proctor_subprocess_transport_get_pid (t->transport);
  proctor_subprocess_transport_get_returncode (t->transport, NULL);
  proctor_subprocess_transport_get_pipe_transport (t->transport, 1);
  proctor_subprocess_transport_is_closing (t->transport);
  proctor_subprocess_transport_get_protocol (t->transport);
  proctor_subprocess_transport_get_process (t->transport);
  proctor_read_transport_is_reading (t->transport_out);
  proctor_read_transport_is_closing (t->transport_out);
  proctor_read_transport_get_fd (t->transport_out);
  proctor_write_transport_can_write_eof (t->transport_in);
  proctor_write_transport_is_closing (t->transport_in);
  proctor_write_transport_get_fd (t->transport_in);
  proctor_write_transport_get_write_buffer_limits (t->transport_in, &low, &high);
  proctor_write_transport_get_write_buffer_size (t->transport_in);
  proctor_child_watcher_is_active (t->watchers[0]);
}

static void
do_everything (Things *t)
{
  proctor_stream_reader_set_long_lines (t->out, PROCTOR_LONG_LINES_SPLIT);
  proctor_stream_writer_queue (t->in, "copy", 4);
  proctor_stream_writer_queue_bytes (t->in, t->bytes);
  proctor_stream_writer_queue_all (t->in, &t->bytes, 1);
  proctor_stream_writer_set_write_buffer_limits (t->in, 1, 2);
  proctor_stream_writer_write_eof (t->in);
  g_output_stream_close (G_OUTPUT_STREAM (t->in), NULL, NULL);
  g_input_stream_close (G_INPUT_STREAM (t->out), NULL, NULL);
  proctor_write_transport_write (t->transport_in, t->bytes);
  proctor_write_transport_write_all (t->transport_in, &t->bytes, 1);
  proctor_write_transport_set_write_buffer_limits (t->transport_in, 1, 2);
  proctor_write_transport_write_eof (t->transport_in);
  proctor_write_transport_abort (t->pipe_writer);
  proctor_write_transport_shut (t->transport_in);
  proctor_read_transport_pause_reading (t->transport_out);
  proctor_read_transport_resume_reading (t->transport_out);
  proctor_read_transport_shut (t->transport_out);
  proctor_read_transport_shut (t->pipe_reader);
  proctor_subprocess_transport_set_protocol (t->transport, t->protocol);
  proctor_subprocess_transport_shut (t->transport);
  proctor_child_watcher_report (t->watchers[0], 1, 0);
  proctor_child_watcher_close (t->watchers[0]);
}

static void
things_drop (Things *t)
{
  g_clear_object (&t->process);
  g_clear_object (&t->command);
  g_clear_object (&t->result);
  g_clear_object (&t->transport);
  g_clear_object (&t->pipe_reader);
  g_clear_object (&t->pipe_writer);
  g_clear_object (&t->protocol);
  for (guint i = 0; i < G_N_ELEMENTS (t->watchers); i++)
    g_clear_object (&t->watchers[i]);
  g_clear_pointer (&t->bytes, g_bytes_unref);
}

/* ---- the original */

/* The process and the transport have a cat each. */
static void
things_init (Things *self)
{
  g_autoptr(ProctorCommand) cat = child_command ("cat", NULL);
  g_autoptr(GError) error = NULL;

  *self = (Things){ .command = child_command ("exit", "0", NULL), .bytes = g_bytes_new ("x", 1) };
  proctor_command_set_stdin (cat, PROCTOR_STDIO_PIPE);
  proctor_command_set_stdout (cat, PROCTOR_STDIO_PIPE);
  proctor_command_set_flags (cat, PROCTOR_COMMAND_KILL_ON_DROP);
  self->process = spawn_or_abort (cat);
  self->in = proctor_process_get_stdin (self->process);
  self->out = proctor_process_get_stdout (self->process);
  self->result = run_or_abort (self->command, NULL);

  log_init (&self->log);
  log_init (&self->read_log);
  log_init (&self->write_log);
  self->protocol = PROCTOR_SUBPROCESS_PROTOCOL (recorder_new (&self->log));
  self->transport = proctor_command_open_transport (cat, self->protocol, NULL, &error);
  g_assert_no_error (error);
  self->transport_in =
    PROCTOR_WRITE_TRANSPORT (proctor_subprocess_transport_get_pipe_transport (self->transport, 0));
  self->transport_out =
    PROCTOR_READ_TRANSPORT (proctor_subprocess_transport_get_pipe_transport (self->transport, 1));

  g_assert_cmpint (pipe2 (self->read_pipe, O_CLOEXEC), ==, 0);
  g_assert_cmpint (pipe2 (self->write_pipe, O_CLOEXEC), ==, 0);
  {
    g_autoptr(Recorder) reads = recorder_new (&self->read_log);
    g_autoptr(Recorder) writes = recorder_new (&self->write_log);

    self->pipe_reader = proctor_connect_read_pipe (dup (self->read_pipe[0]),
                                                   PROCTOR_PIPE_PROTOCOL (reads), NULL, &error);
    g_assert_no_error (error);
    self->pipe_writer = proctor_connect_write_pipe (dup (self->write_pipe[1]),
                                                    PROCTOR_BASE_PROTOCOL (writes), NULL, &error);
    g_assert_no_error (error);
  }

  self->watchers[0] = proctor_dup_child_watcher (&error);
  g_assert_no_error (error);
  self->watchers[1] = proctor_pidfd_child_watcher_new (NULL);
  self->watchers[2] = proctor_threaded_child_watcher_new (NULL);
  if (!way->in_thread)
    self->watchers[3] = proctor_main_child_watcher_new (NULL);
}

/* All that the copies did has changed nothing here. */
static void
things_end (Things *self)
{
  g_autoptr(ProctorResult) again = NULL;
  g_autoptr(GBytes) line = NULL;
  g_autoptr(GError) error = NULL;

  proctor_stream_writer_queue (self->in, "original\n", 9);
  line = proctor_stream_reader_read_line (self->out, NULL, &error);
  g_assert_no_error (error);
  assert_bytes (line, "original\n");
  g_assert_false (proctor_subprocess_transport_is_closing (self->transport));
  proctor_write_transport_write (self->transport_in, self->bytes);
  AWAIT (&self->log, self->log.data[1]->len > 0);
  g_assert_cmpmem (self->log.data[1]->data, self->log.data[1]->len, "x", 1);
  proctor_write_transport_write (self->pipe_writer, self->bytes);
  g_assert_cmpint (read (self->write_pipe[0], &read_byte, 1), ==, 1);
  g_assert_cmpint (read_byte, ==, 'x');
  g_assert_cmpint (write (self->read_pipe[1], "y", 1), ==, 1);
  AWAIT (&self->read_log, self->read_log.data[0]->len > 0);
  g_assert_true (proctor_child_watcher_is_active (self->watchers[0]));
  again = run_or_abort (self->command, NULL);
  g_assert_true (proctor_result_check (again, NULL));

  proctor_subprocess_transport_shut (self->transport);
  proctor_read_transport_shut (self->pipe_reader);
  proctor_write_transport_shut (self->pipe_writer);
  AWAIT (&self->log, self->log.lost && self->read_log.lost && self->write_log.lost);
  for (guint i = 0; i < 2; i++)
    {
      close (self->read_pipe[i]);
      close (self->write_pipe[i]);
    }
  g_assert_true (proctor_process_kill (self->process, NULL));
  assert_returncode (self->process, -SIGKILL);
  things_drop (self);
  log_clear (&self->log);
  log_clear (&self->read_log);
  log_clear (&self->write_log);
}

/* Forks, and has @func do what it wants in the copy, which ends by SIGKILL when all was right: an
 * end in which no tool that looks for leaks has a say.
 */
static void
in_copy (Things *things,
         void  (*func) (Things *things))
{
  int status;
  pid_t pid = fork ();

  if (pid == 0)
    {
      alarm (60);
      func (things);
      kill (getpid (), SIGKILL);
    }
  g_assert_cmpint (pid, >, 0);
  while (waitpid (pid, &status, 0) < 0)
    g_assert_cmpint (errno, ==, EINTR);
  g_assert_true (WIFSIGNALED (status));
  g_assert_cmpint (WTERMSIG (status), ==, SIGKILL);
}

static void
complain (const char   *name,
          const GError *error)
{
  g_printerr ("# %s in a forked copy: %s\n", name,
              error != NULL ? error->message : "there is no error");
  _exit (1);
}

static void
call_all (Things *things)
{
  g_autoptr(GMainContext) context = g_main_context_new ();

  g_main_context_push_thread_default (context);
  for (guint i = 0; i < G_N_ELEMENTS (calls); i++)
    {
      g_autoptr(GError) error = NULL;
      gboolean done = calls[i].call (things, &error);

      if (done || !g_error_matches (error, PROCTOR_ERROR, PROCTOR_ERROR_FORKED))
        complain (calls[i].name, error);
    }
  g_main_context_pop_thread_default (context);
}

static void
call_all_and_drop (Things *things)
{
  call_all (things);
  ask_everything (things);
  do_everything (things);
  ask_everything (things);
  things_drop (things);
}

static void
test_everything (void)
{
  Things things;

  things_init (&things);
  in_copy (&things, call_all_and_drop);
  things_end (&things);
}

/* ---- while others hold the library's locks */

typedef struct
{
  Things *things;
  int over; /* atomic */
} Chatter;

/* Through all that the copies look at. */
static gpointer
chatter_thread (gpointer data)
{
  Chatter *self = data;
  char buffer[64];

  while (!g_atomic_int_get (&self->over))
    {
      proctor_stream_writer_queue (self->things->in, "0123456789", 10);
      for (gsize n = 0; n < 10;)
        n += (gsize) g_input_stream_read (G_INPUT_STREAM (self->things->out), buffer, 10 - n, NULL,
                                          NULL);
    }
  return NULL;
}

static gpointer
asking_thread (gpointer data)
{
  Chatter *self = data;

  while (!g_atomic_int_get (&self->over))
    {
      ask_everything (self->things);
      g_thread_yield ();
    }
  return NULL;
}

static void
ask_and_drop (Things *things)
{
  ask_everything (things);
  do_everything (things);
  things_drop (things);
}

static void
test_while_busy (void)
{
  Things things;
  Chatter chatter = { &things, FALSE };
  GThread *chats;
  GThread *asks;

  things_init (&things);
  chats = g_thread_new ("chatter", chatter_thread, &chatter);
  asks = g_thread_new ("asking", asking_thread, &chatter);
  for (guint i = 0; i < scaled (300); i++)
    in_copy (&things, ask_and_drop);
  g_atomic_int_set (&chatter.over, TRUE);
  g_thread_join (chats);
  g_thread_join (asks);
  things_end (&things);
}

int
main (int    argc,
      char **argv)
{
  static const ApiTest tests[] = {
    { "everything", test_everything, TWO_WAYS },
    { "while-busy", test_while_busy, TWO_WAYS },
  };

  return RUN_API_TESTS (argc, argv, "forked-copy", tests);
}
