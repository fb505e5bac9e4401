/* Pseudo-terminals as stdio: what the child has, what comes out, ends, sizes.
 *
 * SPDX-License-Identifier: LGPL-2.1-or-later
 */

#include "config.h"

#include "api-testing.h"

static void
use_terminal (ProctorCommand *command)
{
  proctor_command_set_stdin (command, PROCTOR_STDIO_PTY);
  proctor_command_set_stdout (command, PROCTOR_STDIO_PTY);
  proctor_command_set_stderr (command, PROCTOR_STDIO_PTY);
}

static char *
read_line (ProctorProcess *process)
{
  g_autoptr(GError) error = NULL;
  g_autoptr(GBytes) line =
    proctor_stream_reader_read_line (proctor_process_get_stdout (process), NULL, &error);

  g_assert_no_error (error);
  /* At the end there is none, and no data. */
  return g_bytes_get_size (line) > 0
           ? g_strndup (g_bytes_get_data (line, NULL), g_bytes_get_size (line))
           : g_strdup ("");
}

static void
assert_line (ProctorProcess *process,
             const char     *expected)
{
  g_autofree char *line = read_line (process);

  g_assert_cmpstr (line, ==, expected);
}

static void
test_run (void)
{
  g_autoptr(ProctorCommand) kinds = child_command ("stdio", NULL);
  g_autoptr(ProctorCommand) command = child_command ("terminal", NULL);
  g_autoptr(ProctorCommand) sized = child_command ("terminal", NULL);
  g_autoptr(ProctorResult) of_kinds = NULL;
  g_autoptr(ProctorResult) result = NULL;
  g_autoptr(ProctorResult) of_sized = NULL;

  use_terminal (kinds);
  of_kinds = run_or_abort (kinds, NULL);
  assert_bytes (proctor_result_get_stdout (of_kinds), "tty rw 0\r\ntty rw 0\r\ntty rw 0\r\n");
  g_assert_null (proctor_result_get_stderr (of_kinds));

  use_terminal (command);
  result = run_or_abort (command, NULL);
  assert_bytes (proctor_result_get_stdout (result), "leader foreground 24 80\r\n");

  use_terminal (sized);
  proctor_command_set_window_size (sized, 50, 132);
  of_sized = run_or_abort (sized, NULL);
  assert_bytes (proctor_result_get_stdout (of_sized), "leader foreground 50 132\r\n");
}

/* Each of the three alone on a terminal, and the others elsewhere. */
static void
test_one_of_three (void)
{
  for (int fd = 0; fd < 3; fd++)
    {
      g_autofree char *path = work_path ("kinds");
      g_autoptr(ProctorCommand) command =
        proctor_command_new ("/bin/sh", "-c",
                             "\"$0\" stdio \"$1\"; \"$0\" terminal; echo messages >&2", child_path,
                             path, NULL);
      g_autoptr(ProctorResult) result = NULL;
      g_autofree char *kinds = NULL;
      g_auto(GStrv) lines = NULL;

      if (fd == 0)
        proctor_command_set_stdin (command, PROCTOR_STDIO_PTY);
      else if (fd == 1)
        proctor_command_set_stdout (command, PROCTOR_STDIO_PTY);
      else
        proctor_command_set_stderr (command, PROCTOR_STDIO_PTY);
      result = run_or_abort (command, NULL);
      g_assert_cmpint (proctor_result_get_returncode (result), ==, 0);
      g_assert_true (g_file_get_contents (path, &kinds, NULL, NULL));
      lines = g_strsplit (kinds, "\n", -1);
      for (int i = 0; i < 3; i++)
        g_assert_cmpint (g_str_has_prefix (lines[i], "tty"), ==, i == fd);
      assert_bytes (proctor_result_get_stdout (result),
                    fd == 1 ? "member foreground 24 80\r\n" : "member foreground 24 80\n");
      assert_bytes (proctor_result_get_stderr (result), fd == 2 ? "messages\r\n" : "messages\n");
    }
}

/* Input, its echo, the end of input in the middle of a line and after one. */
static void
test_input (void)
{
  static const struct
  {
    const char *input;
    const char *output;
  } cases[] = {
    { "one line\n", "one line\r\none line\r\n" },
    { "no end", "no endno end" },
    { "a\nb", "a\r\nba\r\nb" },
    { "", "" },
  };

  for (guint i = 0; i < G_N_ELEMENTS (cases); i++)
    {
      g_autoptr(ProctorCommand) command = child_command ("cat", NULL);
      g_autoptr(GBytes) input = g_bytes_new_static (cases[i].input, strlen (cases[i].input));
      g_autoptr(ProctorResult) result = NULL;
      GString *seen;

      use_terminal (command);
      result = run_or_abort (command, input);
      g_assert_cmpint (proctor_result_get_returncode (result), ==, 0);

      /* Where the echo of what is typed and what cat writes meet depends on who is faster, and the
       * characters for the end are echoed as ^D and two backspaces.
       */
      seen = g_string_new_len (g_bytes_get_data (proctor_result_get_stdout (result), NULL),
                               (gssize) g_bytes_get_size (proctor_result_get_stdout (result)));
      g_string_replace (seen, "^D\b\b", "", 0);
      g_assert_cmpuint (seen->len, ==, strlen (cases[i].output));
      g_string_free (seen, TRUE);
    }
}

/* More than any buffer of a terminal holds, in lines, there and back. */
static void
test_much (void)
{
  g_autoptr(ProctorCommand) command =
    proctor_command_new_shell ("stty -echo -onlcr; echo ready; exec cat");
  g_autoptr(ProctorProcess) process = NULL;
  g_autoptr(GString) text = g_string_new (NULL);
  g_autoptr(GError) error = NULL;
  g_autoptr(GBytes) back = NULL;

  for (guint i = 0; i < 20000; i++)
    g_string_append_printf (text, "line %u of many\n", i);
  use_terminal (command);
  process = spawn_or_abort (command);
  g_assert_null (proctor_process_get_stderr (process));
  assert_line (process, "ready\n");
  proctor_stream_writer_queue (proctor_process_get_stdin (process), text->str, text->len);
  proctor_stream_writer_write_eof (proctor_process_get_stdin (process));
  back = proctor_stream_reader_read_to_end (proctor_process_get_stdout (process), NULL, &error);
  g_assert_no_error (error);
  assert_bytes (back, text->str);
  assert_returncode (process, 0);
}

static void
test_window_size (void)
{
  g_autoptr(ProctorCommand) command = child_command ("terminal", "2", NULL);
  g_autoptr(ProctorCommand) plain = child_command ("exit", NULL);
  g_autoptr(ProctorProcess) process = NULL;
  g_autoptr(ProctorProcess) without = NULL;
  g_autoptr(GError) error = NULL;

  use_terminal (command);
  process = spawn_or_abort (command);
  assert_line (process, "leader foreground 24 80\r\n");
  g_assert_true (proctor_process_set_window_size (process, 30, 100, &error));
  assert_line (process, "leader foreground 30 100\r\n");

  g_assert_false (proctor_process_set_window_size (process, 0, 100, &error));
  g_assert_error (error, G_IO_ERROR, G_IO_ERROR_INVALID_ARGUMENT);
  g_clear_error (&error);
  g_assert_false (proctor_process_set_window_size (process, 20, 70000, &error));
  g_assert_error (error, G_IO_ERROR, G_IO_ERROR_INVALID_ARGUMENT);
  g_clear_error (&error);

  g_assert_true (proctor_process_set_window_size (process, 31, 101, &error));
  assert_line (process, "leader foreground 31 101\r\n");
  assert_line (process, "");
  assert_returncode (process, 0);
  g_assert_false (proctor_process_set_window_size (process, 20, 70, &error));
  g_assert_error (error, PROCTOR_ERROR, PROCTOR_ERROR_PROCESS_LOOKUP);
  g_clear_error (&error);

  without = spawn_or_abort (plain);
  g_assert_false (proctor_process_set_window_size (without, 20, 70, &error));
  g_assert_error (error, G_IO_ERROR, G_IO_ERROR_NOT_SUPPORTED);
  assert_returncode (without, 0);
}

/* Typing ^C reaches the child as SIGINT. */
static void
test_interrupt (void)
{
  g_autoptr(ProctorCommand) command = proctor_command_new_shell ("echo ready; exec sleep 1000");
  g_autoptr(ProctorProcess) process = NULL;

  use_terminal (command);
  process = spawn_or_abort (command);
  assert_line (process, "ready\r\n");
  proctor_stream_writer_queue (proctor_process_get_stdin (process), "\003", 1);
  assert_returncode (process, -SIGINT);
}

/* A program in raw mode gets the character for the end, once. */
static void
test_raw_end (void)
{
  g_autoptr(ProctorCommand) command = child_command ("raw-read", "2", NULL);
  g_autoptr(ProctorProcess) process = NULL;
  g_autofree char *first = NULL;

  use_terminal (command);
  process = spawn_or_abort (command);
  first = read_line (process);
  g_assert_true (g_str_has_prefix (first, "raw"));
  proctor_stream_writer_queue (proctor_process_get_stdin (process), "x", 1);
  proctor_stream_writer_write_eof (proctor_process_get_stdin (process));
  assert_line (process, "120\n");
  assert_line (process, "4\n");
  assert_line (process, "");
  assert_returncode (process, 0);
}

/* The end of the input does not hang up a child that has only its stdin on the terminal. */
static void
test_end_is_no_hang_up (void)
{
  g_autoptr(ProctorCommand) command = proctor_command_new_shell ("cat; sleep 0.1; echo alive");
  g_autoptr(GBytes) input = g_bytes_new_static ("text\n", 5);
  g_autoptr(ProctorResult) result = NULL;

  proctor_command_set_stdin (command, PROCTOR_STDIO_PTY);
  result = run_or_abort (command, input);
  assert_bytes (proctor_result_get_stdout (result), "text\nalive\n");
  g_assert_cmpint (proctor_result_get_returncode (result), ==, 0);
}

/* When nobody holds the terminal any more its session is told. */
static void
test_drop (void)
{
  g_autofree char *mark = work_path ("hung-up");
  g_autofree char *script =
    g_strdup_printf ("trap 'echo $$ > %s.new; mv %s.new %s; exit' HUP; echo ready; "
                     "while :; do sleep 0.01; done",
                     mark, mark, mark);
  g_autoptr(ProctorCommand) command = proctor_command_new_shell (script);
  g_autoptr(ProctorProcess) process = NULL;

  use_terminal (command);
  process = spawn_or_abort (command);
  assert_line (process, "ready\r\n");
  g_clear_object (&process);
  await_pid (mark);
}

/* A grandchild that stays on the terminal is no reason to wait for it for ever. */
static void
test_grandchild (void)
{
  g_autoptr(ProctorCommand) command =
    proctor_command_new_shell ("trap '' HUP; sleep 1000 & echo $!; exit 3");
  g_autoptr(ProctorResult) result = NULL;
  g_autofree char *text = NULL;
  pid_t holder;

  use_terminal (command);
  proctor_command_set_drain_grace (command, 50 * G_TIME_SPAN_MILLISECOND);
  result = run_or_abort (command, NULL);
  g_assert_cmpint (proctor_result_get_returncode (result), ==, 3);
  g_assert_true (proctor_result_is_incomplete (result));
  text = proctor_result_dup_stdout_utf8 (result, NULL);
  holder = (pid_t) g_ascii_strtoll (text, NULL, 10);
  g_assert_cmpint (holder, >, 1);
  g_assert_no_errno (kill (holder, SIGKILL));
}

static void
test_failures (void)
{
  g_autoptr(ProctorCommand) missing = proctor_command_new ("/no/such/program", NULL);
  g_autoptr(ProctorCommand) cwd = child_command ("exit", NULL);
  g_autoptr(GError) error = NULL;

  use_terminal (missing);
  g_assert_null (way_run (missing, NULL, NULL, &error));
  g_assert_error (error, G_IO_ERROR, G_IO_ERROR_NOT_FOUND);
  g_clear_error (&error);

  use_terminal (cwd);
  proctor_command_set_cwd (cwd, "/no/such/directory");
  g_assert_null (way_spawn (cwd, NULL, &error));
  g_assert_error (error, G_IO_ERROR, G_IO_ERROR_NOT_FOUND);
}

static const ApiTest tests[] = {
  { "run", test_run, ALL_WAYS },
  { "one-of-three", test_one_of_three, ALL_WAYS },
  { "input", test_input, ALL_WAYS },
  { "much", test_much, TWO_WAYS },
  { "window-size", test_window_size, ALL_WAYS },
  { "interrupt", test_interrupt, ALL_WAYS },
  { "raw-end", test_raw_end, ALL_WAYS },
  { "end-is-no-hang-up", test_end_is_no_hang_up, ALL_WAYS },
  { "drop", test_drop, ALL_WAYS },
  { "grandchild", test_grandchild, ALL_WAYS },
  { "failures", test_failures, ALL_WAYS },
};

int
main (int    argc,
      char **argv)
{
  return RUN_API_TESTS (argc, argv, "terminal", tests);
}
