/* Transports of processes whose stdin, stdout and stderr are files, sockets or a pseudo-terminal.
 *
 * SPDX-License-Identifier: LGPL-2.1-or-later
 */

#include "config.h"

#include "transport-testing.h"

/* ---- which of the three have transports */

static void
test_stdios (void)
{
  const struct
  {
    ProctorStdio stdios[3];
    const char *lost; /* in any order, after `m` and the data */
  } table[] = {
    { { PROCTOR_STDIO_DEFAULT, PROCTOR_STDIO_DEFAULT, PROCTOR_STDIO_DEFAULT }, "ABC" },
    { { PROCTOR_STDIO_PIPE, PROCTOR_STDIO_PIPE, PROCTOR_STDIO_PIPE }, "ABC" },
    { { PROCTOR_STDIO_DEVNULL, PROCTOR_STDIO_PIPE, PROCTOR_STDIO_DEVNULL }, "B" },
    { { PROCTOR_STDIO_INHERIT, PROCTOR_STDIO_DEVNULL, PROCTOR_STDIO_PIPE }, "C" },
    { { PROCTOR_STDIO_PIPE, PROCTOR_STDIO_DEVNULL, PROCTOR_STDIO_DEVNULL }, "A" },
    { { PROCTOR_STDIO_DEFAULT, PROCTOR_STDIO_DEFAULT, PROCTOR_STDIO_STDOUT }, "AB" },
    { { PROCTOR_STDIO_DEVNULL, PROCTOR_STDIO_DEVNULL, PROCTOR_STDIO_STDOUT }, "" },
    { { PROCTOR_STDIO_INHERIT, PROCTOR_STDIO_DEVNULL, PROCTOR_STDIO_DEVNULL }, "" },
    { { PROCTOR_STDIO_SOCKET, PROCTOR_STDIO_SOCKET, PROCTOR_STDIO_SOCKET }, "ABC" },
    { { PROCTOR_STDIO_DEVNULL, PROCTOR_STDIO_SOCKET, PROCTOR_STDIO_STDOUT }, "B" },
    { { PROCTOR_STDIO_SOCKET, PROCTOR_STDIO_PIPE, PROCTOR_STDIO_PTY }, "ABC" },
    { { PROCTOR_STDIO_PTY, PROCTOR_STDIO_PIPE, PROCTOR_STDIO_SOCKET }, "ABC" },
    { { PROCTOR_STDIO_DEVNULL, PROCTOR_STDIO_PTY, PROCTOR_STDIO_STDOUT }, "B" },
    /* What both write to a terminal comes out as one. */
    { { PROCTOR_STDIO_PTY, PROCTOR_STDIO_PTY, PROCTOR_STDIO_PTY }, "AB" },
    { { PROCTOR_STDIO_PTY, PROCTOR_STDIO_DEVNULL, PROCTOR_STDIO_PTY }, "AC" },
  };

  for (guint i = 0; i < G_N_ELEMENTS (table); i++)
    {
      g_auto(Log) log = { 0 };
      g_autoptr(ProctorCommand) command = child_command ("say", "out", "err", NULL);
      g_autoptr(ProctorSubprocessTransport) transport = NULL;
      gboolean is_one = table[i].stdios[2] == PROCTOR_STDIO_STDOUT ||
                        (table[i].stdios[1] == PROCTOR_STDIO_PTY &&
                         table[i].stdios[2] == PROCTOR_STDIO_PTY);

      proctor_command_set_stdin (command, table[i].stdios[0]);
      proctor_command_set_stdout (command, table[i].stdios[1]);
      proctor_command_set_stderr (command, table[i].stdios[2]);
      log_init (&log);
      transport = open_or_abort (command, &log);
      for (int fd = -1; fd < 5; fd++)
        {
          gboolean is_pipe = fd >= 0 && fd < 3 && strchr (table[i].lost, "ABC"[fd]) != NULL;
          GObject *pipe_transport = proctor_subprocess_transport_get_pipe_transport (transport, fd);

          g_assert_true ((pipe_transport != NULL) == is_pipe);
        }
      AWAIT (&log, log.lost);
      for (int fd = 0; fd < 3; fd++)
        {
          g_assert_true (log.pipe_lost[fd] == (strchr (table[i].lost, "ABC"[fd]) != NULL));
          g_assert_no_error (log.errors[fd]);
        }
      if (log.pipe_lost[1])
        assert_data (&log, 1, is_one ? "outerr" : "out");
      if (log.pipe_lost[2])
        assert_data (&log, 2, "err");
      g_assert_true (log.exited);
    }
}

/* What the command was given is the child's alone. */
static void
test_files (void)
{
  g_auto(Log) log = { 0 };
  g_autofree char *in = work_file ("in", "from a file");
  g_autofree char *out = work_path ("out");
  g_autofree char *written = NULL;
  g_autoptr(ProctorCommand) command = child_command ("cat", NULL);
  g_autoptr(ProctorSubprocessTransport) transport = NULL;
  int ends[2];
  char byte;

  g_assert_no_errno (pipe2 (ends, O_CLOEXEC));
  proctor_command_set_stdin_path (command, in);
  proctor_command_set_stdout_path (command, out, FALSE);
  proctor_command_take_stderr_fd (command, ends[1]);
  log_init (&log);
  transport = open_or_abort (command, &log);
  for (int fd = 0; fd < 3; fd++)
    g_assert_null (proctor_subprocess_transport_get_pipe_transport (transport, fd));
  AWAIT (&log, log.lost);
  g_assert_cmpstr (log.text->str, ==, "mxl");
  assert_ended_with (transport, 0);
  g_assert_true (g_file_get_contents (out, &written, NULL, NULL));
  g_assert_cmpstr (written, ==, "from a file");
  proctor_command_release_fds (command);
  g_assert_cmpint (read (ends[0], &byte, 1), ==, 0);
  close (ends[0]);
}

/* The pid is the shell's. */
static void
test_shell (void)
{
  g_auto(Log) log = { 0 };
  g_autoptr(ProctorCommand) command =
    proctor_command_new_shell ("read line; echo \"$$ $line\"; exit 9");
  g_autoptr(ProctorSubprocessTransport) transport = NULL;
  g_autofree char *expected = NULL;

  log_init (&log);
  transport = open_or_abort (command, &log);
  expected = g_strdup_printf ("%d and more\n", proctor_subprocess_transport_get_pid (transport));
  write_text (get_stdin (transport), "and more\n");
  AWAIT (&log, log.lost);
  assert_data (&log, 1, expected);
  assert_data (&log, 2, "");
  assert_ended_with (transport, 9);
}

/* ---- sockets and terminals alike */

static const ProctorStdio kinds[] = { PROCTOR_STDIO_SOCKET, PROCTOR_STDIO_PTY };

static ProctorSubprocessTransport *
open_with (ProctorCommand *command,
           ProctorStdio    kind,
           Log            *log)
{
  proctor_command_set_stdin (command, kind);
  proctor_command_set_stdout (command, kind);
  proctor_command_set_stderr (command, kind);
  log_init (log);
  return open_or_abort (command, log);
}

/* Says "ready" and reads nothing. Its terminal takes every byte as it is. */
static ProctorSubprocessTransport *
open_deaf (ProctorStdio  kind,
           Log          *log)
{
  g_autoptr(ProctorCommand) command = proctor_command_new_shell (
    kind == PROCTOR_STDIO_PTY ? "stty raw -echo; printf ready; exec sleep 1000"
                              : "printf ready; exec sleep 1000");
  ProctorSubprocessTransport *transport = open_with (command, kind, log);

  AWAIT (log, log->received[1] == 5);
  assert_data (log, 1, "ready");
  return transport;
}

static void
assert_killed (Log                        *log,
               ProctorSubprocessTransport *transport)
{
  AWAIT (log, log->lost);
  g_assert_true (log->exited);
  g_assert_true (log->pipe_lost[0] && log->pipe_lost[1]);
  g_assert_no_error (log->errors[1]);
  g_assert_no_error (log->errors[2]);
  g_assert_no_error (log->error);
  assert_ended_with (transport, -SIGKILL);
  g_assert_cmpint (proctor_write_transport_get_fd (get_stdin (transport)), ==, -1);
  g_assert_cmpint (proctor_read_transport_get_fd (get_output (transport, 1)), ==, -1);
  g_assert_cmpuint (proctor_write_transport_get_write_buffer_size (get_stdin (transport)), ==, 0);
}

static void
test_shut (void)
{
  for (guint i = 0; i < G_N_ELEMENTS (kinds); i++)
    {
      g_auto(Log) log = { 0 };
      g_autoptr(ProctorSubprocessTransport) transport = open_deaf (kinds[i], &log);

      proctor_subprocess_transport_shut (transport);
      g_assert_true (proctor_write_transport_is_closing (get_stdin (transport)));
      g_assert_true (proctor_read_transport_is_closing (get_output (transport, 1)));
      assert_killed (&log, transport);
    }
}

static void
test_killed_with_data (void)
{
  for (guint i = 0; i < G_N_ELEMENTS (kinds); i++)
    {
      g_auto(Log) log = { 0 };
      g_autoptr(ProctorSubprocessTransport) transport = open_deaf (kinds[i], &log);

      write_pattern (get_stdin (transport), MIB, 0);
      g_assert_true (log.paused);
      iterate_for (&log, 5 * G_TIME_SPAN_MILLISECOND);
      g_assert_true (log.paused);
      g_assert_true (proctor_subprocess_transport_kill (transport, NULL));
      assert_killed (&log, transport);
      g_assert_error (log.errors[0], G_IO_ERROR, G_IO_ERROR_BROKEN_PIPE);
      g_clear_object (&transport);
      assert_all_bytes_back ();
    }
}

static void
test_abort (void)
{
  for (guint i = 0; i < G_N_ELEMENTS (kinds); i++)
    {
      g_auto(Log) log = { 0 };
      g_autoptr(ProctorSubprocessTransport) transport = open_deaf (kinds[i], &log);

      write_pattern (get_stdin (transport), MIB, 0);
      proctor_write_transport_abort (get_stdin (transport));
      AWAIT (&log, log.pipe_lost[0]);
      g_assert_no_error (log.errors[0]);
      g_assert_false (log.exited || log.pipe_lost[1]);
      assert_all_bytes_back ();
      proctor_subprocess_transport_shut (transport);
      assert_killed (&log, transport);
    }
}

/* The output goes on after the end of the input. */
static void
test_end_of_input (void)
{
  static const char * const scripts[] = {
    "echo back >&0; printf ready; cat; echo after",
    "stty -echo -onlcr; printf ready; cat; echo after",
  };

  for (guint i = 0; i < G_N_ELEMENTS (kinds); i++)
    {
      g_auto(Log) log = { 0 };
      g_autoptr(ProctorCommand) command = proctor_command_new_shell (scripts[i]);
      g_autoptr(ProctorSubprocessTransport) transport = open_with (command, kinds[i], &log);

      AWAIT (&log, log.received[1] == 5);
      write_text (get_stdin (transport), "one\n");
      write_text (get_stdin (transport), "two\n");
      proctor_write_transport_write_eof (get_stdin (transport));
      AWAIT (&log, log.lost);
      assert_data (&log, 1, "readyone\ntwo\nafter\n");
      for (guint k = 0; k < 3; k++)
        g_assert_no_error (log.errors[k]);
      assert_ended_with (transport, 0);
    }
}

/* Who holds them after the exit holds nobody up longer than the grace. */
static void
test_drain_grace (void)
{
  for (guint i = 0; i < G_N_ELEMENTS (kinds); i++)
    {
      g_auto(Log) log = { 0 };
      g_autoptr(ProctorCommand) command =
        proctor_command_new_shell ("trap '' HUP; sleep 1000 & echo $!; exit 3");
      g_autoptr(ProctorSubprocessTransport) transport = NULL;
      pid_t holder;

      proctor_command_set_drain_grace (command, 20 * G_TIME_SPAN_MILLISECOND);
      transport = open_with (command, kinds[i], &log);
      AWAIT (&log, log.lost);
      for (guint k = 0; k < 3; k++)
        g_assert_no_error (log.errors[k]);
      assert_ended_with (transport, 3);
      g_byte_array_append (log.data[1], (const guint8 *) "", 1);
      holder = (pid_t) g_ascii_strtoll ((const char *) log.data[1]->data, NULL, 10);
      g_assert_cmpint (holder, >, 1);
      g_assert_no_errno (kill (holder, SIGKILL));
    }
}

/* ---- what differs */

static void
test_much_through_sockets (void)
{
  gsize total = 8 * MIB;
  g_auto(Log) log = { 0 };
  g_autoptr(ProctorCommand) command = child_command ("cat", NULL);
  g_autoptr(ProctorSubprocessTransport) transport = open_with (command, PROCTOR_STDIO_SOCKET, &log);

  log.seeds[1] = 0;
  for (gsize written = 0; written < total; written += MIB)
    {
      write_pattern (get_stdin (transport), MIB, written / 8);
      AWAIT (&log, !log.paused);
    }
  proctor_write_transport_shut (get_stdin (transport));
  AWAIT (&log, log.lost);
  g_assert_cmpuint (log.received[1], ==, total);
  for (guint i = 0; i < 3; i++)
    g_assert_no_error (log.errors[i]);
  assert_ended_with (transport, 0);
  g_clear_object (&transport);
  assert_all_bytes_back ();
}

static void
test_much_through_a_terminal (void)
{
  g_auto(Log) log = { 0 };
  g_autoptr(ProctorCommand) command =
    proctor_command_new_shell ("stty -echo -onlcr; printf ready; exec cat");
  g_autoptr(ProctorSubprocessTransport) transport = open_with (command, PROCTOR_STDIO_PTY, &log);
  g_autoptr(GString) text = g_string_new ("ready");

  g_assert_null (proctor_subprocess_transport_get_pipe_transport (transport, 2));
  AWAIT (&log, log.received[1] == 5);
  for (guint i = 0; i < scaled (20000); i++)
    g_string_append_printf (text, "line %u of many\n", i);
  write_text (get_stdin (transport), text->str + 5);
  proctor_write_transport_write_eof (get_stdin (transport));
  AWAIT (&log, log.lost);
  assert_data (&log, 1, text->str);
  g_assert_false (log.pipe_lost[2]);
  g_assert_no_error (log.errors[0]);
  g_assert_no_error (log.errors[1]);
  assert_ended_with (transport, 0);
}

/* A socket that the child closes is lost at once, without a write. A terminal is not, as long as it
 * has it open otherwise.
 */
static void
test_child_closes_stdin (void)
{
  for (guint i = 0; i < G_N_ELEMENTS (kinds); i++)
    {
      g_auto(Log) log = { 0 };
      g_autofree char *file = work_path ("pid");
      g_autoptr(ProctorCommand) command = child_command ("deaf", file, NULL);
      g_autoptr(ProctorSubprocessTransport) transport = NULL;

      g_unlink (file);
      transport = open_with (command, kinds[i], &log);
      if (kinds[i] == PROCTOR_STDIO_SOCKET)
        {
          AWAIT (&log, log.pipe_lost[0]);
        }
      else
        {
          await_pid (file);
          iterate_for (&log, 10 * G_TIME_SPAN_MILLISECOND);
          g_assert_false (log.pipe_lost[0]);
        }
      g_assert_no_error (log.errors[0]);
      g_assert_false (log.exited || log.pipe_lost[1]);
      proctor_subprocess_transport_shut (transport);
      assert_killed (&log, transport);
    }
}

static void
test_window_size (void)
{
  g_auto(Log) log = { 0 };
  g_autoptr(ProctorCommand) command = child_command ("terminal", "1", NULL);
  g_autoptr(ProctorSubprocessTransport) transport = open_with (command, PROCTOR_STDIO_PTY, &log);
  ProctorProcess *process = proctor_subprocess_transport_get_process (transport);
  g_autoptr(GError) error = NULL;

  AWAIT (&log, log.received[1] == strlen ("leader foreground 24 80\r\n"));
  g_assert_true (proctor_process_set_window_size (process, 30, 100, &error));
  g_assert_no_error (error);
  AWAIT (&log, log.lost);
  assert_data (&log, 1, "leader foreground 24 80\r\nleader foreground 30 100\r\n");
  g_assert_false (proctor_process_set_window_size (process, 30, 100, &error));
  g_assert_error (error, PROCTOR_ERROR, PROCTOR_ERROR_PROCESS_LOOKUP);
}

int
main (int    argc,
      char **argv)
{
  static const ApiTest tests[] = {
    { "stdios", test_stdios, ALL_WAYS },
    { "files", test_files, ALL_WAYS },
    { "shell", test_shell, ALL_WAYS },
    { "shut", test_shut, ALL_WAYS },
    { "killed-with-data", test_killed_with_data, ALL_WAYS },
    { "abort", test_abort, ALL_WAYS },
    { "end-of-input", test_end_of_input, ALL_WAYS },
    { "drain-grace", test_drain_grace, ALL_WAYS },
    { "much-through-sockets", test_much_through_sockets, ALL_WAYS },
    { "much-through-a-terminal", test_much_through_a_terminal, ALL_WAYS },
    { "child-closes-stdin", test_child_closes_stdin, ALL_WAYS },
    { "window-size", test_window_size, ALL_WAYS },
  };

  return RUN_API_TESTS (argc, argv, "transport-stdio", tests);
}
