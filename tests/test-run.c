/* Running a command to its end: what a user gets of it, in all ways of calling.
 *
 * SPDX-License-Identifier: LGPL-2.1-or-later
 */

#include "config.h"

#include "api-testing.h"

/* ---- how it ends */

static void
test_exit_codes (void)
{
  static const int codes[] = { 0, 1, 2, 127, 128, 255 };

  for (guint i = 0; i < G_N_ELEMENTS (codes); i++)
    {
      g_autofree char *code = g_strdup_printf ("%d", codes[i]);
      g_autoptr(ProctorCommand) command = child_command ("exit", code, NULL);
      g_autoptr(ProctorResult) result = run_or_abort (command, NULL);
      g_autoptr(GError) error = NULL;

      g_assert_cmpint (proctor_result_get_returncode (result), ==, codes[i]);
      g_assert_false (proctor_result_is_timed_out (result));
      g_assert_false (proctor_result_is_incomplete (result));
      g_assert_null (proctor_result_get_error (result));
      if (codes[i] == 0)
        {
          g_assert_true (proctor_result_check (result, &error));
          g_assert_no_error (error);
        }
      else
        {
          g_autofree char *wanted = g_strdup_printf ("“%s exit %d” exited with %d", child_path,
                                                     codes[i], codes[i]);

          g_assert_false (proctor_result_check (result, &error));
          g_assert_error (error, PROCTOR_ERROR, PROCTOR_ERROR_EXIT_STATUS);
          g_assert_cmpstr (error->message, ==, wanted);
        }
    }
}

static void
test_signals (void)
{
  static const int signums[] = { SIGHUP, SIGINT, SIGKILL, SIGTERM, SIGUSR1, SIGPIPE };

  for (guint i = 0; i < G_N_ELEMENTS (signums); i++)
    {
      g_autofree char *signum = g_strdup_printf ("%d", signums[i]);
      g_autoptr(ProctorCommand) command = child_command ("kill-self", signum, NULL);
      g_autoptr(ProctorResult) result = run_or_abort (command, NULL);
      g_autofree char *wanted = g_strdup_printf ("“%s kill-self %d” was ended by SIG%s",
                                                 child_path, signums[i], sigabbrev_np (signums[i]));
      g_autoptr(GError) error = NULL;

      g_assert_cmpint (proctor_result_get_returncode (result), ==, -signums[i]);
      g_assert_false (proctor_result_check (result, &error));
      g_assert_error (error, PROCTOR_ERROR, PROCTOR_ERROR_SIGNALLED);
      g_assert_cmpstr (error->message, ==, wanted);
    }
}

static void
test_run_check (void)
{
  g_autoptr(ProctorCommand) good = child_command ("say", "fine", "", NULL);
  g_autoptr(ProctorCommand) bad = child_command ("say", "lost", "", "3", NULL);
  g_autoptr(ProctorCommand) killed = child_command ("kill-self", "9", NULL);
  g_autoptr(ProctorCommand) missing = proctor_command_new ("/nowhere/to/be/found", NULL);
  g_autoptr(ProctorResult) result = NULL;
  g_autoptr(GError) error = NULL;

  result = way_run_check (good, NULL, NULL, &error);
  g_assert_no_error (error);
  assert_bytes (proctor_result_get_stdout (result), "fine");

  g_assert_null (way_run_check (bad, NULL, NULL, &error));
  g_assert_error (error, PROCTOR_ERROR, PROCTOR_ERROR_EXIT_STATUS);
  g_assert_nonnull (strstr (error->message, "exited with 3"));
  g_clear_error (&error);

  g_assert_null (way_run_check (killed, NULL, NULL, &error));
  g_assert_error (error, PROCTOR_ERROR, PROCTOR_ERROR_SIGNALLED);
  g_clear_error (&error);

  g_assert_null (way_run_check (missing, NULL, NULL, &error));
  g_assert_error (error, G_IO_ERROR, G_IO_ERROR_NOT_FOUND);
}

static void
test_times (void)
{
  gint64 before = g_get_real_time ();
  g_autoptr(ProctorCommand) command = child_command ("sleep", "0.1", NULL);
  g_autoptr(ProctorResult) result = run_or_abort (command, NULL);
  gint64 after = g_get_real_time ();
  struct rusage rusage;

  g_assert_cmpint (proctor_result_get_start_time (result), >=, before);
  g_assert_cmpint (proctor_result_get_start_time (result), <=, after);
  g_assert_cmpint (proctor_result_get_wall_time (result), >=, 100 * G_TIME_SPAN_MILLISECOND);
  g_assert_cmpint (proctor_result_get_wall_time (result), <=, after - before + G_TIME_SPAN_SECOND);

  if (proctor_result_get_rusage (result, &rusage))
    {
      g_assert_cmpint (proctor_result_get_user_time (result), >=, 0);
      g_assert_cmpint (proctor_result_get_user_time (result), <, 20 * G_TIME_SPAN_SECOND);
      g_assert_cmpint (proctor_result_get_system_time (result), >=, 0);
      g_assert_cmpint (proctor_result_get_user_time (result), ==,
                       rusage.ru_utime.tv_sec * G_TIME_SPAN_SECOND + rusage.ru_utime.tv_usec);
      g_assert_cmpint (rusage.ru_maxrss, ==, 0);
    }
  else
    {
      /* GLib has reaped it. */
      g_assert_cmpint (proctor_result_get_user_time (result), ==, -1);
      g_assert_cmpint (proctor_result_get_system_time (result), ==, -1);
    }
}

/* The child's own time, and not that of the program. */
static void
test_user_time (void)
{
  const char *script = "i=0; while [ $i -lt 100000 ]; do i=$((i + 1)); done";
  g_autoptr(ProctorCommand) command = proctor_command_new_shell (script);
  g_autoptr(ProctorResult) result = run_or_abort (command, NULL);
  GTimeSpan used = proctor_result_get_user_time (result) + proctor_result_get_system_time (result);
  struct rusage rusage;

  if (!proctor_result_get_rusage (result, &rusage))
    {
      g_test_skip ("GLib has reaped the child, and keeps no rusage");
      return;
    }
  g_assert_cmpint (used, >, 0);
  g_assert_cmpint (used, <=, proctor_result_get_wall_time (result) + 100 * G_TIME_SPAN_MILLISECOND);
}

static void
test_properties (void)
{
  g_autoptr(ProctorCommand) command = child_command ("say", "out", "err", "4", NULL);
  g_autoptr(ProctorResult) result = run_or_abort (command, NULL);
  g_autoptr(GBytes) out = NULL;
  g_autoptr(GBytes) err = NULL;
  gboolean timed_out = TRUE;
  gboolean incomplete = TRUE;
  int returncode = 0;

  g_object_get (result, "returncode", &returncode, "stdout", &out, "stderr", &err,
                "timed-out", &timed_out, "incomplete", &incomplete, NULL);
  g_assert_cmpint (returncode, ==, 4);
  assert_bytes (out, "out");
  assert_bytes (err, "err");
  g_assert_false (timed_out);
  g_assert_false (incomplete);
}

/* ---- what it writes */

static void
test_captured_apart (void)
{
  g_autoptr(ProctorCommand) command = child_command ("say", "to stdout", "to stderr", NULL);
  g_autoptr(ProctorResult) result = run_or_abort (command, NULL);
  g_autofree char *out = proctor_result_dup_stdout_utf8 (result, NULL);
  g_autofree char *err = proctor_result_dup_stderr_utf8 (result, NULL);

  assert_bytes (proctor_result_get_stdout (result), "to stdout");
  assert_bytes (proctor_result_get_stderr (result), "to stderr");
  g_assert_cmpstr (out, ==, "to stdout");
  g_assert_cmpstr (err, ==, "to stderr");
}

static void
test_nothing_written (void)
{
  g_autoptr(ProctorCommand) command = child_command ("exit", "0", NULL);
  g_autoptr(ProctorResult) result = run_or_abort (command, NULL);
  g_autofree char *out = proctor_result_dup_stdout_utf8 (result, NULL);

  assert_bytes (proctor_result_get_stdout (result), "");
  assert_bytes (proctor_result_get_stderr (result), "");
  g_assert_cmpstr (out, ==, "");
}

static void
test_stderr_only (void)
{
  g_autoptr(ProctorCommand) command = child_command ("flood", "0", "300000", NULL);
  g_autoptr(ProctorResult) result = run_or_abort (command, NULL);
  const char *data;
  gsize length;

  assert_bytes (proctor_result_get_stdout (result), "");
  data = g_bytes_get_data (proctor_result_get_stderr (result), &length);
  g_assert_cmpuint (length, ==, 300000);
  g_assert_true (data[0] == 'e' && memcmp (data, data + 1, length - 1) == 0);
}

/* More than both pipes hold, in turns: who reads them one after the other never ends. */
static void
test_both_outputs_large (void)
{
  g_autoptr(ProctorCommand) command = child_command ("flood", "2000003", "1000001", NULL);
  g_autoptr(ProctorResult) result = run_or_abort (command, NULL);
  const char *data;
  gsize length;

  g_assert_cmpint (proctor_result_get_returncode (result), ==, 0);
  data = g_bytes_get_data (proctor_result_get_stdout (result), &length);
  g_assert_cmpuint (length, ==, 2000003);
  g_assert_true (data[0] == 'o' && memcmp (data, data + 1, length - 1) == 0);
  data = g_bytes_get_data (proctor_result_get_stderr (result), &length);
  g_assert_cmpuint (length, ==, 1000001);
  g_assert_true (data[0] == 'e' && memcmp (data, data + 1, length - 1) == 0);
}

static void
test_stderr_to_stdout (void)
{
  g_autoptr(ProctorCommand) command = child_command ("say", "first ", "second", NULL);
  g_autoptr(ProctorResult) result = NULL;
  g_autoptr(GError) error = NULL;

  proctor_command_set_stderr (command, PROCTOR_STDIO_STDOUT);
  result = run_or_abort (command, NULL);
  assert_bytes (proctor_result_get_stdout (result), "first second");
  g_assert_null (proctor_result_get_stderr (result));
  g_assert_null (proctor_result_dup_stderr_utf8 (result, &error));
  g_assert_no_error (error);
}

static void
test_devnull (void)
{
  g_autoptr(ProctorCommand) command = child_command ("fds", NULL);
  g_autoptr(ProctorCommand) silent = child_command ("say", "out", "err", NULL);
  g_autoptr(ProctorResult) result = NULL;
  g_autoptr(ProctorResult) silent_result = NULL;
  g_autofree char *out = NULL;

  proctor_command_set_stdin (command, PROCTOR_STDIO_DEVNULL);
  proctor_command_set_stderr (command, PROCTOR_STDIO_DEVNULL);
  result = run_or_abort (command, NULL);
  out = proctor_result_dup_stdout_utf8 (result, NULL);
  g_assert_true (g_str_has_prefix (out, "0 /dev/null\n1 pipe:"));
  g_assert_true (g_str_has_suffix (out, "\n2 /dev/null\n"));
  g_assert_null (proctor_result_get_stderr (result));

  proctor_command_set_stdout (silent, PROCTOR_STDIO_DEVNULL);
  proctor_command_set_stderr (silent, PROCTOR_STDIO_STDOUT);
  silent_result = run_or_abort (silent, NULL);
  g_assert_cmpint (proctor_result_get_returncode (silent_result), ==, 0);
  g_assert_null (proctor_result_get_stdout (silent_result));
  g_assert_null (proctor_result_get_stderr (silent_result));
}

/* In a child of a run nothing is open but the three. */
static void
test_no_fds_inherited (void)
{
  g_autoptr(ProctorCommand) command = child_command ("fds", NULL);
  g_autoptr(ProctorResult) result = NULL;
  g_autofree char *out = NULL;
  g_auto(GStrv) lines = NULL;
  int leaky = open ("/dev/null", O_RDONLY);

  result = run_or_abort (command, NULL);
  close (leaky);
  out = proctor_result_dup_stdout_utf8 (result, NULL);
  lines = g_strsplit (out, "\n", -1);
  g_assert_cmpuint (g_strv_length (lines), ==, 4);
  g_assert_true (g_str_has_prefix (lines[0], "0 /dev/null"));
  g_assert_true (g_str_has_prefix (lines[1], "1 pipe:"));
  g_assert_true (g_str_has_prefix (lines[2], "2 pipe:"));
}

static void
test_inherit_fds (void)
{
  g_autoptr(ProctorCommand) command = child_command ("fds", NULL);
  g_autoptr(ProctorResult) result = NULL;
  g_autofree char *out = NULL;
  g_autofree char *wanted = NULL;
  g_autofree char *unwanted = NULL;
  int kept = open ("/dev/zero", O_RDONLY);
  int closed = open ("/dev/full", O_RDONLY | O_CLOEXEC);

  proctor_command_set_flags (command, PROCTOR_COMMAND_INHERIT_FDS);
  g_assert_cmpint (proctor_command_get_flags (command), ==, PROCTOR_COMMAND_INHERIT_FDS);
  result = run_or_abort (command, NULL);
  wanted = g_strdup_printf ("\n%d /dev/zero\n", kept);
  unwanted = g_strdup_printf ("\n%d /dev/full\n", closed);
  close (kept);
  close (closed);
  out = proctor_result_dup_stdout_utf8 (result, NULL);
  g_assert_nonnull (strstr (out, wanted));
  g_assert_null (strstr (out, unwanted));
}

/* The program's own stdout is also where the test's messages go, so there may be more in it. */
static void
test_inherit (void)
{
  g_autofree char *content = NULL;
  g_autofree char *path = work_path ("out");
  g_autofree char *input = work_file ("in", "given to the program");
  g_autoptr(ProctorCommand) command = child_command ("cat", NULL);
  g_autoptr(ProctorResult) result = NULL;
  int saved_in = fcntl (STDIN_FILENO, F_DUPFD_CLOEXEC, 10);
  int saved_out = fcntl (STDOUT_FILENO, F_DUPFD_CLOEXEC, 10);
  int in = open (input, O_RDONLY | O_CLOEXEC);
  int out = open (path, O_WRONLY | O_CREAT | O_CLOEXEC, 0600);

  proctor_command_set_stdin (command, PROCTOR_STDIO_INHERIT);
  proctor_command_set_stdout (command, PROCTOR_STDIO_INHERIT);
  fflush (stdout);
  dup2 (in, STDIN_FILENO);
  dup2 (out, STDOUT_FILENO);
  result = run_or_abort (command, NULL);
  dup2 (saved_in, STDIN_FILENO);
  dup2 (saved_out, STDOUT_FILENO);
  close (saved_in);
  close (saved_out);
  close (in);
  close (out);

  g_assert_null (proctor_result_get_stdout (result));
  assert_bytes (proctor_result_get_stderr (result), "");
  g_assert_true (g_file_get_contents (path, &content, NULL, NULL));
  g_assert_nonnull (strstr (content, "given to the program"));
}

/* ---- what it reads */

static void
test_input (void)
{
  g_autoptr(GBytes) input = g_bytes_new_static ("what is sent", 12);
  g_autoptr(GBytes) empty = g_bytes_new_static ("", 0);
  g_autoptr(ProctorCommand) command = child_command ("cat", NULL);
  g_autoptr(ProctorResult) with_input = run_or_abort (command, input);
  g_autoptr(ProctorResult) with_empty = run_or_abort (command, empty);
  g_autoptr(ProctorResult) without = run_or_abort (command, NULL);
  g_autoptr(ProctorResult) with_pipe = NULL;

  assert_bytes (proctor_result_get_stdout (with_input), "what is sent");
  assert_bytes (proctor_result_get_stdout (with_empty), "");
  assert_bytes (proctor_result_get_stdout (without), "");

  proctor_command_set_stdin (command, PROCTOR_STDIO_PIPE);
  with_pipe = run_or_abort (command, NULL);
  assert_bytes (proctor_result_get_stdout (with_pipe), "");
}

/* A child without input cannot take the terminal's; one with input has a pipe. */
static void
test_stdin_of_a_run (void)
{
  g_autoptr(GBytes) input = g_bytes_new_static ("x", 1);
  g_autoptr(ProctorCommand) command = child_command ("fds", NULL);
  g_autoptr(ProctorResult) without = run_or_abort (command, NULL);
  g_autoptr(ProctorResult) with_input = run_or_abort (command, input);
  g_autofree char *out = proctor_result_dup_stdout_utf8 (without, NULL);
  g_autofree char *out_with_input = proctor_result_dup_stdout_utf8 (with_input, NULL);

  g_assert_true (g_str_has_prefix (out, "0 /dev/null\n"));
  g_assert_true (g_str_has_prefix (out_with_input, "0 pipe:"));
}

static void
test_input_without_pipe (void)
{
  g_autoptr(GBytes) input = g_bytes_new_static ("lost", 4);
  g_autofree char *path = work_file ("in", "other input");

  for (guint i = 0; i < 3; i++)
    {
      g_autoptr(ProctorCommand) command = child_command ("cat", NULL);
      g_autoptr(GError) error = NULL;

      if (i == 0)
        proctor_command_set_stdin (command, PROCTOR_STDIO_DEVNULL);
      else if (i == 1)
        proctor_command_set_stdin (command, PROCTOR_STDIO_INHERIT);
      else
        proctor_command_set_stdin_path (command, path);
      g_assert_null (way_run (command, input, NULL, &error));
      g_assert_error (error, G_IO_ERROR, G_IO_ERROR_INVALID_ARGUMENT);
    }
}

static void
test_child_closes_stdin (void)
{
  g_autoptr(GBytes) input = make_pattern (4 * 1024 * 1024, 1);
  g_autoptr(ProctorCommand) closes = child_command ("close-stdin", "no thanks", NULL);
  g_autoptr(ProctorCommand) exits = child_command ("exit", "7", NULL);
  g_autoptr(ProctorResult) closed = run_or_abort (closes, input);
  g_autoptr(ProctorResult) exited = run_or_abort (exits, input);

  assert_bytes (proctor_result_get_stdout (closed), "no thanks");
  g_assert_cmpint (proctor_result_get_returncode (closed), ==, 0);
  g_assert_false (proctor_result_is_incomplete (closed));
  g_assert_cmpint (proctor_result_get_returncode (exited), ==, 7);
  g_assert_false (proctor_result_is_incomplete (exited));
}

static void
test_every_byte_value (void)
{
  g_autoptr(ProctorCommand) command = child_command ("cat", NULL);
  g_autoptr(ProctorResult) result = NULL;
  g_autoptr(GBytes) input = NULL;
  guint8 *data = g_malloc (256 * 513);

  for (guint i = 0; i < 256 * 513; i++)
    data[i] = (guint8) (i + i / 256);
  input = g_bytes_new_take (data, 256 * 513);
  result = run_or_abort (command, input);
  assert_same_bytes (proctor_result_get_stdout (result), input);
}

/* The input may be a part of something larger, and nobody keeps it. */
static void
test_input_is_given_back (void)
{
  g_autoptr(GBytes) whole = make_pattern (1024 * 1024, 3);
  g_autoptr(GBytes) part = g_bytes_new_from_bytes (whole, 5, 1000000);
  g_autoptr(ProctorCommand) command = child_command ("cat", NULL);
  g_autoptr(ProctorResult) result = run_or_abort (command, part);
  gsize size = 0;
  gpointer data;

  assert_same_bytes (proctor_result_get_stdout (result), part);
  g_clear_pointer (&part, g_bytes_unref);
  /* Would copy, and so give another address, if there were another reference. */
  data = (gpointer) g_bytes_get_data (whole, &size);
  g_assert_true (g_bytes_unref_to_data (g_steal_pointer (&whole), &size) == data);
  g_free (data);
}

/* ---- text */

static void
test_utf8 (void)
{
  static const struct
  {
    const char *data;
    gsize length;
    gboolean is_text;
  } cases[] = {
    { "plain", 5, TRUE },
    { "gr\303\274n \342\202\254 \360\237\220\247", 14, TRUE },
    { "ends early \342\202", 13, FALSE },
    { "\377\376", 2, FALSE },
    { "latin-1 \374ber", 12, FALSE },
    { "with \0 inside", 13, FALSE },
  };

  for (guint i = 0; i < G_N_ELEMENTS (cases); i++)
    {
      g_autoptr(ProctorCommand) command = child_command ("cat", NULL);
      g_autoptr(GBytes) input = g_bytes_new_static (cases[i].data, cases[i].length);
      g_autoptr(ProctorResult) result = run_or_abort (command, input);
      g_autoptr(GError) error = NULL;
      g_autofree char *text = proctor_result_dup_stdout_utf8 (result, &error);

      assert_same_bytes (proctor_result_get_stdout (result), input);
      if (cases[i].is_text)
        {
          g_assert_no_error (error);
          g_assert_cmpstr (text, ==, cases[i].data);
        }
      else
        {
          g_assert_null (text);
          g_assert_error (error, G_IO_ERROR, G_IO_ERROR_INVALID_DATA);
          g_assert_true (g_utf8_validate (error->message, -1, NULL));
          g_assert_nonnull (strstr (error->message, "stdout"));
        }
    }
}

static void
test_arguments_not_utf8 (void)
{
  const char *argv[] = {
    child_path, "args", "\377\376 latin \374", "", " sp ace ", "new\nline", "*", NULL,
  };
  g_autoptr(ProctorCommand) command = proctor_command_newv (argv);
  g_autoptr(ProctorResult) result = run_or_abort (command, NULL);
  g_autoptr(GString) wanted = g_string_new (NULL);
  gsize length;
  const char *data = g_bytes_get_data (proctor_result_get_stdout (result), &length);

  for (guint i = 0; argv[i] != NULL; i++)
    g_string_append_len (wanted, argv[i], (gssize) strlen (argv[i]) + 1);
  g_assert_cmpmem (data, length, wanted->str, wanted->len);
}

/* What is wrong is told with the command's name, also when that is no text. */
static void
test_message_of_arguments_not_utf8 (void)
{
  const char *argv[] = { child_path, "exit", "9", "\377", NULL };
  g_autoptr(ProctorCommand) command = proctor_command_newv (argv);
  g_autoptr(ProctorResult) result = run_or_abort (command, NULL);
  g_autoptr(GError) error = NULL;

  g_assert_false (proctor_result_check (result, &error));
  g_assert_error (error, PROCTOR_ERROR, PROCTOR_ERROR_EXIT_STATUS);
  g_assert_true (g_utf8_validate (error->message, -1, NULL));
}

/* ---- commands */

static void
test_one_command_many_times (void)
{
  g_autoptr(ProctorCommand) command = child_command ("echo", "again", NULL);
  Reply replies[20];

  for (guint i = 0; i < G_N_ELEMENTS (replies); i++)
    {
      reply_init (&replies[i]);
      proctor_command_run_async (command, NULL, NULL, reply_arrived, &replies[i]);
    }
  for (guint i = 0; i < G_N_ELEMENTS (replies); i++)
    {
      g_autoptr(ProctorResult) result = NULL;
      g_autoptr(GError) error = NULL;

      result = proctor_command_run_finish (command, reply_wait (&replies[i]), &error);
      g_assert_no_error (error);
      assert_bytes (proctor_result_get_stdout (result), "again\n");
      reply_clear (&replies[i]);
    }
}

/* A command may go as soon as the call has begun. */
static void
test_command_dropped (void)
{
  ProctorCommand *command = child_command ("echo", "still", NULL);
  g_autoptr(ProctorResult) result = NULL;
  g_autoptr(GError) error = NULL;
  g_auto(Reply) reply = { 0 };

  reply_init (&reply);
  proctor_command_run_async (command, NULL, NULL, reply_arrived, &reply);
  g_object_unref (command);
  result = proctor_command_run_finish (command, reply_wait (&reply), &error);
  g_assert_no_error (error);
  assert_bytes (proctor_result_get_stdout (result), "still\n");
}

static void
test_invalid_command (void)
{
  g_autoptr(ProctorCommand) command = child_command ("echo", NULL);
  g_autoptr(GError) error = NULL;

  proctor_command_set_stdout (command, PROCTOR_STDIO_STDOUT);
  g_assert_null (way_run (command, NULL, NULL, &error));
  g_assert_error (error, PROCTOR_ERROR, PROCTOR_ERROR_INVALID_COMMAND);
  g_clear_error (&error);
  g_assert_null (way_spawn (command, NULL, &error));
  g_assert_error (error, PROCTOR_ERROR, PROCTOR_ERROR_INVALID_COMMAND);
}

static const ApiTest tests[] = {
  { "exit-codes", test_exit_codes },
  { "signals", test_signals },
  { "run-check", test_run_check },
  { "times", test_times },
  { "user-time", test_user_time, TWO_WAYS },
  { "properties", test_properties },
  { "captured-apart", test_captured_apart },
  { "nothing-written", test_nothing_written },
  { "stderr-only", test_stderr_only },
  { "both-outputs-large", test_both_outputs_large },
  { "stderr-to-stdout", test_stderr_to_stdout },
  { "devnull", test_devnull },
  { "no-fds-inherited", test_no_fds_inherited },
  { "inherit-fds", test_inherit_fds },
  { "inherit", test_inherit },
  { "input", test_input },
  { "stdin-of-a-run", test_stdin_of_a_run },
  { "input-without-pipe", test_input_without_pipe },
  { "child-closes-stdin", test_child_closes_stdin },
  { "every-byte-value", test_every_byte_value },
  { "input-is-given-back", test_input_is_given_back },
  { "utf8", test_utf8 },
  { "arguments-not-utf8", test_arguments_not_utf8 },
  { "message-of-arguments-not-utf8", test_message_of_arguments_not_utf8 },
  { "one-command-many-times", test_one_command_many_times, TWO_WAYS },
  { "command-dropped", test_command_dropped, TWO_WAYS },
  { "invalid-command", test_invalid_command },
};

int
main (int    argc,
      char **argv)
{
  return RUN_API_TESTS (argc, argv, "run", tests);
}
