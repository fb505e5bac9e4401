/* Processes whose protocol is told of them.
 *
 * SPDX-License-Identifier: LGPL-2.1-or-later
 */

#include "config.h"

#include "transport-testing.h"

/* What a transport can be of. What is special to the last two is in test-transport-stdio.c. */
static const ProctorStdio kinds[] = { PROCTOR_STDIO_PIPE, PROCTOR_STDIO_SOCKET, PROCTOR_STDIO_PTY };

/* ---- the order of things */

static void
test_order (void)
{
  g_auto(Log) log = { 0 };
  g_autoptr(ProctorCommand) command = child_command ("say", "out", "err", "3", NULL);
  g_autoptr(ProctorSubprocessTransport) transport = NULL;

  log_init (&log);
  transport = open_or_abort (command, &log);
  g_assert_true (log.made);
  /* A child that is fast may have ended by now. */
  g_assert_true (log.lost ||
                 TEST_IS_RECORDER (proctor_subprocess_transport_get_protocol (transport)));
  g_assert_cmpint (proctor_subprocess_transport_get_pid (transport), >, 1);
  AWAIT (&log, log.lost);

  assert_data (&log, 1, "out");
  assert_data (&log, 2, "err");
  for (guint i = 0; i < 3; i++)
    {
      g_assert_true (log.pipe_lost[i]);
      g_assert_no_error (log.errors[i]);
    }
  g_assert_true (log.exited);
  g_assert_no_error (log.error);
  g_assert_cmpuint (log.text->len, ==, strlen ("m12ABCxl"));
  assert_ended_with (transport, 3);
  g_assert_true (proctor_subprocess_transport_is_closing (transport));
  g_assert_null (proctor_subprocess_transport_get_protocol (transport));
  g_assert_cmpint (proctor_read_transport_get_fd (get_output (transport, 1)), ==, -1);
  g_assert_cmpint (proctor_write_transport_get_fd (get_stdin (transport)), ==, -1);
  iterate_for (&log, 5 * G_TIME_SPAN_MILLISECOND);
}

static void
test_much (void)
{
  gsize length = MAX (1, (gsize) (10 * test_scale ())) * MIB + 123;
  g_autofree char *argument = g_strdup_printf ("%" G_GSIZE_FORMAT, length);
  g_auto(Log) log = { 0 };
  g_autoptr(ProctorCommand) command = child_command ("patterns", argument, NULL);
  g_autoptr(ProctorSubprocessTransport) transport = NULL;

  log_init (&log);
  log.seeds[1] = 1;
  log.seeds[2] = 2;
  transport = open_or_abort (command, &log);
  AWAIT (&log, log.lost);
  g_assert_cmpuint (log.received[1], ==, length);
  g_assert_cmpuint (log.received[2], ==, length);
  assert_ended_with (transport, 0);
}

static void
test_many (void)
{
  guint n = scaled (200);
  Log *logs = g_new0 (Log, n);

  for (guint i = 0; i < n; i++)
    {
      g_autofree char *number = g_strdup_printf ("%u", i);
      g_autoptr(ProctorCommand) command = child_command ("say", number, "", NULL);

      proctor_command_set_stdout (command, kinds[i % G_N_ELEMENTS (kinds)]);
      log_init (&logs[i]);
      /* Nobody else holds it. */
      g_object_unref (open_or_abort (command, &logs[i]));
    }
  for (guint i = 0; i < n; i++)
    {
      g_autofree char *number = g_strdup_printf ("%u", i);

      AWAIT (&logs[i], logs[i].lost);
      assert_data (&logs[i], 1, number);
      log_clear (&logs[i]);
    }
  g_free (logs);
}

/* ---- stdin */

/* Its loss is told without a write, while the process lives. */
static void
test_stdin_closed (void)
{
  g_auto(Log) log = { 0 };
  g_autofree char *file = work_path ("pid");
  g_autoptr(ProctorCommand) command = child_command ("deaf", file, NULL);
  g_autoptr(ProctorSubprocessTransport) transport = NULL;
  g_autoptr(GError) error = NULL;

  log_init (&log);
  transport = open_or_abort (command, &log);
  AWAIT (&log, log.pipe_lost[0]);
  g_assert_no_error (log.errors[0]);
  g_assert_cmpstr (log.text->str, ==, "mA");
  g_assert_true (proctor_write_transport_is_closing (get_stdin (transport)));
  g_assert_false (proctor_subprocess_transport_is_closing (transport));
  write_text (get_stdin (transport), "nobody hears");

  g_assert_true (proctor_subprocess_transport_kill (transport, &error));
  g_assert_no_error (error);
  AWAIT (&log, log.lost);
  assert_ended_with (transport, -SIGKILL);
  g_assert_no_error (log.error);
}

static void
test_stdin_lost_with_data (void)
{
  g_auto(Log) log = { 0 };
  g_autoptr(ProctorCommand) command = gated_command ("digest");
  g_autoptr(ProctorSubprocessTransport) transport = NULL;

  log_init (&log);
  transport = open_or_abort (command, &log);
  write_pattern (get_stdin (transport), MIB, 0);
  g_assert_true (proctor_subprocess_transport_kill (transport, NULL));
  AWAIT (&log, log.lost);
  g_assert_error (log.errors[0], G_IO_ERROR, G_IO_ERROR_BROKEN_PIPE);
  g_assert_no_error (log.errors[1]);
  g_assert_no_error (log.error);
  g_assert_cmpuint (proctor_write_transport_get_write_buffer_size (get_stdin (transport)), ==, 0);
  g_clear_object (&transport);
  assert_all_bytes_back ();
}

static void
test_write (void)
{
  g_auto(Log) log = { 0 };
  g_autofree char *expected = digest_line (300000, 0);
  g_autoptr(ProctorCommand) command = child_command ("digest", NULL);
  g_autoptr(ProctorSubprocessTransport) transport = NULL;
  g_autoptr(GBytes) all = lend_bytes (300000, 0);
  GBytes *pieces[3] = {
    g_bytes_new_from_bytes (all, 0, 1),
    g_bytes_new_from_bytes (all, 1, 200000),
    g_bytes_new_from_bytes (all, 200001, 99999),
  };
  ProctorWriteTransport *in;

  log_init (&log);
  transport = open_or_abort (command, &log);
  in = get_stdin (transport);
  g_assert_true (proctor_write_transport_can_write_eof (in));
  g_assert_false (proctor_write_transport_is_closing (in));
  proctor_write_transport_write_all (in, pieces, G_N_ELEMENTS (pieces));
  for (guint i = 0; i < G_N_ELEMENTS (pieces); i++)
    g_bytes_unref (pieces[i]);
  proctor_write_transport_write_eof (in);
  g_assert_true (proctor_write_transport_is_closing (in));
  write_text (in, "too late");
  AWAIT (&log, log.lost);
  assert_data (&log, 1, expected);
  g_assert_no_error (log.errors[0]);
  g_assert_cmpuint (log.n_pauses, <=, 1); /* none where the child was faster */

  g_clear_pointer (&all, g_bytes_unref);
  g_clear_object (&transport);
  assert_all_bytes_back ();
}

static void
resume_hook (Log      *self,
             Recorder *recorder,
             Event     event,
             int       fd)
{
  ProctorWriteTransport *in = self->hook_data;

  if (event == EVENT_RESUME)
    g_assert_cmpuint (proctor_write_transport_get_write_buffer_size (in), <=, 16 * KIB);
}

static void
test_flow_control (void)
{
  g_auto(Log) log = { 0 };
  g_autofree char *expected = digest_line (64 * KIB + 2 * MIB, 0);
  g_autoptr(ProctorCommand) command = gated_command ("digest");
  g_autoptr(ProctorSubprocessTransport) transport = NULL;
  g_autoptr(GBytes) all = make_pattern (64 * KIB + 2 * MIB, 0);
  g_autoptr(GBytes) first = g_bytes_new_from_bytes (all, 0, 64 * KIB);
  g_autoptr(GBytes) second = g_bytes_new_from_bytes (all, 64 * KIB, 2 * MIB);
  ProctorWriteTransport *in;
  gsize low;
  gsize high;

  log_init (&log);
  transport = open_or_abort (command, &log);
  in = log.hook_data = get_stdin (transport);
  log.hook = resume_hook;
  proctor_write_transport_get_write_buffer_limits (in, &low, &high);
  g_assert_cmpuint (low, ==, 16 * KIB);
  g_assert_cmpuint (high, ==, 64 * KIB);

  proctor_write_transport_write (in, first);
  g_assert_false (log.paused);
  /* At once, before the main loop runs. */
  proctor_write_transport_write (in, second);
  g_assert_true (log.paused);
  g_assert_cmpuint (proctor_write_transport_get_write_buffer_size (in), >=, MIB);
  iterate_for (&log, 5 * G_TIME_SPAN_MILLISECOND);
  g_assert_true (log.paused);

  open_gate ();
  AWAIT (&log, !log.paused);
  g_assert_cmpuint (log.n_pauses, ==, 1);
  proctor_write_transport_shut (in);
  AWAIT (&log, log.lost);
  assert_data (&log, 1, expected);
  g_assert_cmpuint (log.n_resumes, ==, 1);
}

static gpointer
write_in_thread (gpointer data)
{
  for (guint i = 0; i < 32; i++)
    write_pattern (data, 64 * KIB, i * 8 * KIB);
  return NULL;
}

static void
test_write_from_another_thread (void)
{
  g_auto(Log) log = { 0 };
  g_autofree char *expected = digest_line (2 * MIB, 0);
  g_autoptr(ProctorCommand) command = gated_command ("digest");
  g_autoptr(ProctorSubprocessTransport) transport = NULL;
  GThread *thread;

  log_init (&log);
  transport = open_or_abort (command, &log);
  thread = g_thread_new ("writer", write_in_thread, get_stdin (transport));
  AWAIT (&log, log.paused);
  g_thread_join (thread);
  open_gate ();
  AWAIT (&log, !log.paused);
  proctor_write_transport_write_eof (get_stdin (transport));
  AWAIT (&log, log.lost);
  assert_data (&log, 1, expected);
  g_clear_object (&transport);
  assert_all_bytes_back ();
}

static void
test_limits (void)
{
  g_auto(Log) log = { 0 };
  g_autoptr(ProctorCommand) command = gated_command ("cat");
  g_autoptr(ProctorSubprocessTransport) transport = NULL;
  ProctorWriteTransport *in;
  gsize low;
  gsize high;

  log_init (&log);
  transport = open_or_abort (command, &log);
  in = get_stdin (transport);

  /* Every byte is too much, unless it is sent by then: the pipe takes some. */
  proctor_write_transport_set_write_buffer_limits (in, 0, 0);
  write_text (in, "x");
  AWAIT (&log, proctor_write_transport_get_write_buffer_size (in) == 0 && !log.paused);
  g_assert_cmpuint (log.n_pauses, <=, 1);
  log.n_pauses = 0;

  /* Nothing is not too much. */
  write_text (in, "");
  proctor_write_transport_write_all (in, NULL, 0);
  g_assert_false (log.paused);
  g_test_expect_message ("Proctor", G_LOG_LEVEL_CRITICAL, "*low <= high*");
  proctor_write_transport_set_write_buffer_limits (in, 2, 1);
  g_test_assert_expected_messages ();
  proctor_write_transport_get_write_buffer_limits (in, &low, &high);
  g_assert_cmpuint (low, ==, 0);
  g_assert_cmpuint (high, ==, 0);
  g_assert_cmpuint (log.n_pauses, ==, 0);

  write_pattern (in, MIB, 0);
  g_assert_true (log.paused);
  proctor_write_transport_set_write_buffer_limits (in, 2 * MIB, 3 * MIB);
  g_assert_false (log.paused);
  write_pattern (in, MIB / 2, 0);
  g_assert_false (log.paused);
  proctor_write_transport_set_write_buffer_limits (in, 1, 2);
  g_assert_true (log.paused);
  g_assert_cmpuint (log.n_pauses, ==, 2);

  open_gate ();
  AWAIT (&log, !log.paused);
  proctor_write_transport_write_eof (in);
  AWAIT (&log, log.lost);
  g_assert_cmpuint (log.received[1], ==, 1 + MIB + MIB / 2);
}

static void
test_abort (void)
{
  g_auto(Log) log = { 0 };
  g_autoptr(ProctorCommand) command = gated_command ("digest");
  g_autoptr(ProctorSubprocessTransport) transport = NULL;

  log_init (&log);
  transport = open_or_abort (command, &log);
  write_pattern (get_stdin (transport), MIB, 0);
  proctor_write_transport_abort (get_stdin (transport));
  g_assert_true (proctor_write_transport_is_closing (get_stdin (transport)));
  write_text (get_stdin (transport), "too late");
  AWAIT (&log, log.pipe_lost[0]);
  /* That is what was wanted. */
  g_assert_no_error (log.errors[0]);
  g_assert_false (log.exited);

  open_gate ();
  AWAIT (&log, log.lost);
  g_assert_cmpuint (g_ascii_strtoull ((const char *) log.data[1]->data, NULL, 10), <, MIB);
  assert_ended_with (transport, 0);
  g_clear_object (&transport);
  assert_all_bytes_back ();
}

static void
test_shut_of_stdin_flushes (void)
{
  g_auto(Log) log = { 0 };
  g_autofree char *expected = digest_line (MIB, 5);
  g_autoptr(ProctorCommand) command = gated_command ("digest");
  g_autoptr(ProctorSubprocessTransport) transport = NULL;

  log_init (&log);
  transport = open_or_abort (command, &log);
  write_pattern (get_stdin (transport), MIB, 5);
  proctor_write_transport_shut (get_stdin (transport));
  write_text (get_stdin (transport), "too late");
  open_gate ();
  AWAIT (&log, log.lost);
  assert_data (&log, 1, expected);
  g_assert_no_error (log.errors[0]);
}

/* ---- what never starts */

static void
assert_fails (ProctorCommand *command,
              GCancellable   *cancellable,
              GQuark          domain,
              int             code)
{
  g_auto(Log) log = { 0 };
  g_autoptr(GError) error = NULL;
  Recorder *recorder;

  log_init (&log);
  recorder = recorder_new (&log);
  g_assert_null (way_open (command, recorder, cancellable, &error));
  g_assert_error (error, domain, code);
  iterate_for (&log, 2 * G_TIME_SPAN_MILLISECOND);
  g_assert_false (log.made);
  g_assert_cmpuint (G_OBJECT (recorder)->ref_count, ==, 1);
  g_object_unref (recorder);
}

static void
test_errors (void)
{
  g_autoptr(ProctorCommand) absent = proctor_command_new ("/proctor/no/such/program", NULL);
  g_autoptr(ProctorCommand) invalid = proctor_command_new ("", NULL);
  g_autoptr(ProctorCommand) nowhere = child_command ("exit", NULL);

  proctor_command_set_cwd (nowhere, "/proctor/no/such/folder");
  for (guint i = 0; i < G_N_ELEMENTS (kinds); i++)
    {
      proctor_command_set_stdin (absent, kinds[i]);
      proctor_command_set_stdout (absent, kinds[i]);
      proctor_command_set_stderr (absent, kinds[i]);
      assert_fails (absent, NULL, G_IO_ERROR, G_IO_ERROR_NOT_FOUND);
    }
  assert_fails (invalid, NULL, PROCTOR_ERROR, PROCTOR_ERROR_INVALID_COMMAND);
  assert_fails (nowhere, NULL, G_IO_ERROR, G_IO_ERROR_NOT_FOUND);
}

static void
test_cancel (void)
{
  g_autoptr(GCancellable) cancelled = g_cancellable_new ();
  g_autoptr(ProctorCommand) command = child_command ("sleep", "100", NULL);
  g_autofree char *fifo = work_path ("fifo");

  g_cancellable_cancel (cancelled);
  assert_fails (command, cancelled, G_IO_ERROR, G_IO_ERROR_CANCELLED);

  /* Before its program runs the child opens this, and waits for a writer. */
  g_assert_cmpint (mkfifo (fifo, 0600), ==, 0);
  proctor_command_set_stdin_path (command, fifo);
  for (guint i = 0; i < G_N_ELEMENTS (kinds); i++)
    {
      g_autoptr(GCancellable) cancellable = g_cancellable_new ();
      Canceller canceller;

      proctor_command_set_stdout (command, kinds[i]);
      canceller_start (&canceller, cancellable, 5 * G_TIME_SPAN_MILLISECOND);
      assert_fails (command, cancellable, G_IO_ERROR, G_IO_ERROR_CANCELLED);
      canceller_join (&canceller);
    }
}

/* ---- signals and shutting */

static void
test_signals (void)
{
  g_auto(Log) log = { 0 };
  g_autofree char *file = work_path ("pid");
  g_autoptr(ProctorCommand) command = child_command ("on-term", file, NULL);
  g_autoptr(ProctorSubprocessTransport) transport = NULL;
  g_autoptr(GError) error = NULL;
  int returncode = 77;

  log_init (&log);
  transport = open_or_abort (command, &log);
  g_assert_cmpint (await_pid (file), ==, proctor_subprocess_transport_get_pid (transport));
  g_assert_false (proctor_subprocess_transport_get_returncode (transport, &returncode));
  g_assert_cmpint (returncode, ==, 77);
  g_assert_true (proctor_subprocess_transport_send_signal (transport, SIGCONT, &error));
  g_assert_true (proctor_subprocess_transport_terminate (transport, &error));
  g_assert_no_error (error);
  AWAIT (&log, log.lost);
  assert_data (&log, 1, "ready\nbye\n");
  assert_ended_with (transport, SIGTERM);

  g_assert_false (proctor_subprocess_transport_kill (transport, &error));
  g_assert_error (error, PROCTOR_ERROR, PROCTOR_ERROR_PROCESS_LOOKUP);
  g_clear_error (&error);
  g_assert_false (proctor_subprocess_transport_send_signal (transport, 0, &error));
  g_assert_error (error, PROCTOR_ERROR, PROCTOR_ERROR_PROCESS_LOOKUP);
}

static void
test_shut_kills (void)
{
  g_auto(Log) log = { 0 };
  g_autofree char *file = work_path ("pid");
  g_autoptr(ProctorCommand) command = child_command ("ignore-term", file, NULL);
  g_autoptr(ProctorSubprocessTransport) transport = NULL;

  log_init (&log);
  transport = open_or_abort (command, &log);
  g_free (await_file (file));
  g_assert_false (proctor_subprocess_transport_is_closing (transport));
  proctor_subprocess_transport_shut (transport);
  g_assert_true (proctor_subprocess_transport_is_closing (transport));
  g_assert_false (proctor_read_transport_is_reading (get_output (transport, 1)));
  g_assert_true (proctor_read_transport_is_closing (get_output (transport, 1)));
  g_assert_true (proctor_write_transport_is_closing (get_stdin (transport)));
  proctor_subprocess_transport_shut (transport);
  AWAIT (&log, log.lost);
  assert_ended_with (transport, -SIGKILL);
  for (guint i = 0; i < 3; i++)
    g_assert_true (log.pipe_lost[i] && log.errors[i] == NULL);
  g_assert_true (log.exited);
  proctor_subprocess_transport_shut (transport);
}

static void
pause_stderr_hook (Log      *self,
                   Recorder *recorder,
                   Event     event,
                   int       fd)
{
  ProctorSubprocessTransport *transport = PROCTOR_SUBPROCESS_TRANSPORT (self->transport);

  if (event == EVENT_MADE)
    proctor_read_transport_pause_reading (get_output (transport, 2));
}

/* It is there still, since nobody reads what it has written; but it has ended, and with what it
 * wanted.
 */
static void
test_shut_of_finished (void)
{
  g_auto(Log) log = { 0 };
  g_autoptr(ProctorCommand) command = child_command ("say", "out", "", "3", NULL);
  g_autoptr(ProctorSubprocessTransport) transport = NULL;

  log_init (&log);
  log.hook = pause_stderr_hook;
  transport = open_or_abort (command, &log);
  AWAIT (&log, log.exited && log.pipe_lost[0] && log.pipe_lost[1]);
  iterate_for (&log, 2 * G_TIME_SPAN_MILLISECOND);
  g_assert_false (log.lost);
  proctor_subprocess_transport_shut (transport);
  AWAIT (&log, log.lost);
  assert_ended_with (transport, 3);
}

/* ---- who holds what */

static void
test_set_protocol (void)
{
  g_auto(Log) log = { 0 };
  g_auto(Log) other_log = { 0 };
  g_autoptr(ProctorCommand) command = gated_command ("cat");
  g_autoptr(ProctorSubprocessTransport) transport = NULL;
  Recorder *other;
  gpointer first;

  log_init (&log);
  log_init (&other_log);
  other_log.made = TRUE;
  other = recorder_new (&other_log);
  transport = open_or_abort (command, &log);
  first = proctor_subprocess_transport_get_protocol (transport);
  g_object_add_weak_pointer (first, &first);
  proctor_subprocess_transport_set_protocol (transport, PROCTOR_SUBPROCESS_PROTOCOL (other));
  if (!way->is_async)
    g_assert_null (first);
  g_assert_true (proctor_subprocess_transport_get_protocol (transport) == (gpointer) other);

  open_gate ();
  write_text (get_stdin (transport), "hello");
  proctor_write_transport_write_eof (get_stdin (transport));
  AWAIT (&log, other_log.lost);
  g_assert_null (first);
  assert_data (&other_log, 1, "hello");
  g_assert_cmpuint (other_log.text->len, ==, strlen ("1ABCxl"));
  g_assert_cmpstr (log.text->str, ==, "m");
  g_assert_cmpuint (G_OBJECT (other)->ref_count, ==, 1);
  /* Without effect. */
  proctor_subprocess_transport_set_protocol (transport, PROCTOR_SUBPROCESS_PROTOCOL (other));
  g_assert_null (proctor_subprocess_transport_get_protocol (transport));
  g_object_unref (other);
}

static void
test_process (void)
{
  g_auto(Log) log = { 0 };
  g_autoptr(ProctorCommand) command = child_command ("say", "out", "err", "4", NULL);
  ProctorSubprocessTransport *transport;
  g_autoptr(ProctorProcess) process = NULL;

  log_init (&log);
  transport = open_or_abort (command, &log);
  process = g_object_ref (proctor_subprocess_transport_get_process (transport));
  g_object_unref (transport);
  g_assert_null (proctor_process_get_stdin (process));
  g_assert_null (proctor_process_get_stdout (process));
  g_assert_null (proctor_process_get_stderr (process));
  assert_returncode (process, 4);
  AWAIT (&log, log.lost);
  g_assert_cmpint (proctor_process_get_state (process), ==, PROCTOR_PROCESS_EXITED);
}

/* Nobody holds the transport and the protocol but the library, and that until the end and no
 * longer.
 */
static void
test_held_until_lost (void)
{
  g_auto(Log) log = { 0 };
  g_autoptr(ProctorCommand) command = gated_command ("echo");
  gpointer transport;
  gpointer protocol;
  gpointer pipes[3];

  proctor_command_set_flags (command, PROCTOR_COMMAND_KILL_ON_DROP);
  log_init (&log);
  transport = open_or_abort (command, &log);
  g_object_add_weak_pointer (transport, &transport);
  protocol = proctor_subprocess_transport_get_protocol (transport);
  g_object_add_weak_pointer (protocol, &protocol);
  for (int fd = 0; fd < 3; fd++)
    {
      pipes[fd] = proctor_subprocess_transport_get_pipe_transport (transport, fd);
      g_object_add_weak_pointer (pipes[fd], &pipes[fd]);
    }
  g_object_unref (transport);
  iterate_for (&log, 2 * G_TIME_SPAN_MILLISECOND);
  g_assert_nonnull (transport);
  g_assert_nonnull (protocol);

  /* So it is not dropped, and not killed. */
  open_gate ();
  AWAIT (&log, transport == NULL);
  g_assert_true (log.lost);
  g_assert_null (protocol);
  for (int fd = 0; fd < 3; fd++)
    g_assert_null (pipes[fd]);
  assert_data (&log, 1, "\n");
}

static void
test_bare_protocol (void)
{
  g_auto(Log) log = { 0 };
  g_autoptr(GObject) bare = g_object_new (bare_get_type (), NULL);
  g_autoptr(ProctorCommand) command = child_command ("cat", NULL);
  gpointer transport;
  g_autoptr(GError) error = NULL;

  log_init (&log);
  transport = way_open (command, bare, NULL, &error);
  g_assert_no_error (error);
  write_pattern (get_stdin (transport), MIB, 0);
  proctor_write_transport_write_eof (get_stdin (transport));
  g_object_add_weak_pointer (transport, &transport);
  g_object_unref (transport);
  AWAIT (&log, transport == NULL);
  g_assert_cmpuint (bare->ref_count, ==, 1);
  assert_all_bytes_back ();
}

/* ---- descendants that hold a pipe */

static void
test_grandchild (void)
{
  g_auto(Log) log = { 0 };
  g_autofree char *file = work_path ("pid");
  g_autoptr(ProctorCommand) command = child_command ("hold", file, "1", "text", NULL);
  g_autoptr(ProctorSubprocessTransport) transport = NULL;

  log_init (&log);
  transport = open_or_abort (command, &log);
  AWAIT (&log, log.exited && log.pipe_lost[0] && log.pipe_lost[2]);
  iterate_for (&log, 20 * G_TIME_SPAN_MILLISECOND);
  g_assert_false (log.lost);
  g_assert_false (log.pipe_lost[1]);
  assert_ended_with (transport, 0);
  g_assert_cmpint (kill (await_pid (file), SIGKILL), ==, 0);
  AWAIT (&log, log.lost);
  assert_data (&log, 1, "text");
}

static void
test_drain_grace (void)
{
  g_auto(Log) log = { 0 };
  g_autofree char *file = work_path ("pid");
  g_autoptr(ProctorCommand) command = child_command ("hold", file, "012", "text", NULL);
  g_autoptr(ProctorSubprocessTransport) transport = NULL;

  proctor_command_set_drain_grace (command, 20 * G_TIME_SPAN_MILLISECOND);
  log_init (&log);
  transport = open_or_abort (command, &log);
  AWAIT (&log, log.lost);
  assert_data (&log, 1, "text");
  for (guint i = 0; i < 3; i++)
    g_assert_no_error (log.errors[i]);
  assert_ended_with (transport, 0);
  g_assert_cmpint (kill (await_pid (file), SIGKILL), ==, 0);
}

int
main (int    argc,
      char **argv)
{
  static const ApiTest tests[] = {
    { "order", test_order, ALL_WAYS },
    { "much", test_much, ALL_WAYS },
    { "many", test_many, ALL_WAYS },
    { "stdin-closed", test_stdin_closed, ALL_WAYS },
    { "stdin-lost-with-data", test_stdin_lost_with_data, ALL_WAYS },
    { "write", test_write, ALL_WAYS },
    { "flow-control", test_flow_control, ALL_WAYS },
    { "write-from-another-thread", test_write_from_another_thread, ALL_WAYS },
    { "limits", test_limits, ALL_WAYS },
    { "abort", test_abort, ALL_WAYS },
    { "shut-of-stdin-flushes", test_shut_of_stdin_flushes, ALL_WAYS },
    { "errors", test_errors, ALL_WAYS },
    { "cancel", test_cancel, ALL_WAYS },
    { "signals", test_signals, ALL_WAYS },
    { "shut-kills", test_shut_kills, ALL_WAYS },
    { "shut-of-finished", test_shut_of_finished, ALL_WAYS },
    { "set-protocol", test_set_protocol, ALL_WAYS },
    { "process", test_process, ALL_WAYS },
    { "held-until-lost", test_held_until_lost, ALL_WAYS },
    { "bare-protocol", test_bare_protocol, ALL_WAYS },
    { "grandchild", test_grandchild, ALL_WAYS },
    { "drain-grace", test_drain_grace, ALL_WAYS },
  };

  return RUN_API_TESTS (argc, argv, "transport", tests);
}
