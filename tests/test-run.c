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

/* ---- files */

static void
test_paths (void)
{
  g_autofree char *in = work_file ("in", "from the file");
  g_autofree char *out = work_file ("out", "this is longer than what comes");
  g_autofree char *err = work_path ("err");
  g_autoptr(ProctorCommand) cat = child_command ("cat", NULL);
  g_autoptr(ProctorCommand) say = child_command ("say", "more", "wrong", NULL);
  g_autoptr(ProctorResult) truncated = NULL;
  g_autoptr(ProctorResult) appended = NULL;

  proctor_command_set_stdin_path (cat, in);
  proctor_command_set_stdout_path (cat, out, FALSE);
  truncated = run_or_abort (cat, NULL);
  g_assert_cmpint (proctor_result_get_returncode (truncated), ==, 0);
  g_assert_null (proctor_result_get_stdout (truncated));
  assert_file (out, "from the file");

  proctor_command_set_stdout_path (say, out, TRUE);
  proctor_command_set_stderr_path (say, err, FALSE);
  appended = run_or_abort (say, NULL);
  g_assert_null (proctor_result_get_stdout (appended));
  g_assert_null (proctor_result_get_stderr (appended));
  assert_file (out, "from the filemore");
  assert_file (err, "wrong");
}

static void
test_stderr_to_stdout_path (void)
{
  g_autofree char *both = work_path ("both");
  g_autoptr(ProctorCommand) command = child_command ("say", "one ", "two", NULL);
  g_autoptr(ProctorResult) result = NULL;

  proctor_command_set_stderr (command, PROCTOR_STDIO_STDOUT);
  proctor_command_set_stdout_path (command, both, FALSE);
  result = run_or_abort (command, NULL);
  g_assert_cmpint (proctor_result_get_returncode (result), ==, 0);
  assert_file (both, "one two");
}

static void
test_paths_that_fail (void)
{
  g_autofree char *missing = work_path ("missing");
  g_autofree char *deep = work_path ("no/such/folder/file");
  g_autoptr(ProctorCommand) reads = child_command ("cat", NULL);
  g_autoptr(ProctorCommand) writes = child_command ("exit", "0", NULL);
  g_autoptr(GError) error = NULL;

  proctor_command_set_stdin_path (reads, missing);
  g_assert_null (way_run (reads, NULL, NULL, &error));
  g_assert_error (error, G_IO_ERROR, G_IO_ERROR_NOT_FOUND);
  g_assert_nonnull (strstr (error->message, missing));
  g_assert_true (g_str_has_suffix (error->message, g_strerror (ENOENT)));
  g_clear_error (&error);

  proctor_command_set_stdout_path (writes, deep, FALSE);
  g_assert_null (way_run (writes, NULL, NULL, &error));
  g_assert_error (error, G_IO_ERROR, G_IO_ERROR_NOT_FOUND);
  g_assert_nonnull (strstr (error->message, deep));
}

/* ---- surroundings */

static void
test_cwd (void)
{
  g_autofree char *real = realpath (work_directory, NULL);
  g_autofree char *line = g_strdup_printf ("\ncwd %s\n", real);
  g_autofree char *file = work_file ("here", "found");
  g_autoptr(ProctorCommand) ids = child_command ("ids", NULL);
  g_autoptr(ProctorCommand) cat = child_command ("cat", NULL);
  g_autoptr(ProctorResult) ids_result = NULL;
  g_autoptr(ProctorResult) cat_result = NULL;
  g_autofree char *out = NULL;

  proctor_command_set_cwd (ids, work_directory);
  ids_result = run_or_abort (ids, NULL);
  out = proctor_result_dup_stdout_utf8 (ids_result, NULL);
  g_assert_nonnull (strstr (out, line));

  /* A relative path is one of the child's. */
  proctor_command_set_cwd (cat, work_directory);
  proctor_command_set_stdin_path (cat, "here");
  cat_result = run_or_abort (cat, NULL);
  assert_bytes (proctor_result_get_stdout (cat_result), "found");
}

static void
test_environment (void)
{
  static const char * const base[] = { "ONE=1", "TWO=2", "THREE=3", NULL };
  g_autoptr(ProctorCommand) changed =
    child_command ("env", "PROCTOR_T_A", "PROCTOR_T_B", "HOME", NULL);
  g_autoptr(ProctorCommand) replaced = child_command ("env", NULL);
  g_autoptr(ProctorCommand) cleared = child_command ("env", NULL);
  g_autoptr(ProctorResult) changed_result = NULL;
  g_autoptr(ProctorResult) replaced_result = NULL;
  g_autoptr(ProctorResult) cleared_result = NULL;

  proctor_command_setenv (changed, "PROCTOR_T_A", "a = \377");
  proctor_command_setenv (changed, "PROCTOR_T_B", "");
  proctor_command_unsetenv (changed, "HOME");
  changed_result = run_or_abort (changed, NULL);
  assert_bytes (proctor_result_get_stdout (changed_result), "PROCTOR_T_A=a = \377\nPROCTOR_T_B=\n");

  proctor_command_set_environ (replaced, base);
  proctor_command_unsetenv (replaced, "TWO");
  replaced_result = run_or_abort (replaced, NULL);
  assert_bytes (proctor_result_get_stdout (replaced_result), "ONE=1\nTHREE=3\n");

  proctor_command_clear_environ (cleared);
  cleared_result = run_or_abort (cleared, NULL);
  assert_bytes (proctor_result_get_stdout (cleared_result), "");
}

/* What counts is the program's environment, and the command, at the time of the call. */
static void
test_snapshot (void)
{
  g_autoptr(ProctorCommand) command =
    child_command ("env", "PROCTOR_T_SNAP", "PROCTOR_T_OWN", NULL);
  g_autoptr(ProctorResult) result = NULL;
  g_autoptr(GError) error = NULL;
  g_auto(Reply) reply = { 0 };

  reply_init (&reply);
  g_setenv ("PROCTOR_T_SNAP", "before", TRUE);
  proctor_command_setenv (command, "PROCTOR_T_OWN", "mine");
  proctor_command_run_async (command, NULL, NULL, reply_arrived, &reply);
  g_setenv ("PROCTOR_T_SNAP", "after", TRUE);
  proctor_command_setenv (command, "PROCTOR_T_OWN", "changed");
  result = proctor_command_run_finish (command, reply_wait (&reply), &error);
  g_unsetenv ("PROCTOR_T_SNAP");
  g_assert_no_error (error);
  assert_bytes (proctor_result_get_stdout (result), "PROCTOR_T_SNAP=before\nPROCTOR_T_OWN=mine\n");
}

static void
test_executable (void)
{
  g_autoptr(ProctorCommand) command = proctor_command_new ("-another-name", "args", "x", NULL);
  g_autoptr(ProctorResult) result = NULL;
  gsize length;
  const char *data;

  proctor_command_set_executable (command, child_path);
  result = run_or_abort (command, NULL);
  data = g_bytes_get_data (proctor_result_get_stdout (result), &length);
  g_assert_cmpmem (data, length, "-another-name\0args\0x", 21);
}

static void
test_program_in_path (void)
{
  g_autofree char *folder = g_path_get_dirname (child_path);
  g_autofree char *name = g_path_get_basename (child_path);
  g_autoptr(ProctorCommand) command = proctor_command_new (name, "echo", "found", NULL);
  g_autoptr(ProctorCommand) not_found = proctor_command_new (name, "echo", "found", NULL);
  g_autoptr(ProctorResult) result = NULL;
  g_autoptr(GError) error = NULL;

  proctor_command_setenv (command, "PATH", folder);
  result = run_or_abort (command, NULL);
  assert_bytes (proctor_result_get_stdout (result), "found\n");

  proctor_command_setenv (not_found, "PATH", work_directory);
  g_assert_null (way_run (not_found, NULL, NULL, &error));
  g_assert_error (error, G_IO_ERROR, G_IO_ERROR_NOT_FOUND);
}

static void
test_shell (void)
{
  const char *script = "echo out; echo err >&2; read x; echo \"<$x>\"; exit 5";
  g_autoptr(ProctorCommand) command = proctor_command_new_shell (script);
  g_autoptr(GBytes) input = g_bytes_new_static ("a line\n", 7);
  g_autoptr(ProctorResult) result = run_or_abort (command, input);

  assert_bytes (proctor_result_get_stdout (result), "out\n<a line>\n");
  assert_bytes (proctor_result_get_stderr (result), "err\n");
  g_assert_cmpint (proctor_result_get_returncode (result), ==, 5);
}

static long
find_id (ProctorResult *result,
         const char    *name)
{
  g_autofree char *out = proctor_result_dup_stdout_utf8 (result, NULL);
  g_autofree char *start = g_strdup_printf ("\n%s ", name);
  g_autofree char *whole = g_strconcat ("\n", out, NULL);
  const char *line = strstr (whole, start);

  g_assert_nonnull (line);
  return strtol (line + strlen (start), NULL, 10);
}

static void
test_session_and_group (void)
{
  g_autoptr(ProctorCommand) plain = child_command ("ids", NULL);
  g_autoptr(ProctorCommand) session = child_command ("ids", NULL);
  g_autoptr(ProctorCommand) own_group = child_command ("ids", NULL);
  g_autoptr(ProctorResult) result = run_or_abort (plain, NULL);

  g_assert_cmpint (find_id (result, "ppid"), ==, getpid ());
  g_assert_cmpint (find_id (result, "sid"), ==, getsid (0));
  g_assert_cmpint (find_id (result, "pgid"), ==, getpgrp ());
  g_clear_object (&result);

  proctor_command_set_flags (session, PROCTOR_COMMAND_NEW_SESSION);
  result = run_or_abort (session, NULL);
  g_assert_cmpint (find_id (result, "sid"), ==, find_id (result, "pid"));
  g_assert_cmpint (find_id (result, "pgid"), ==, find_id (result, "pid"));
  g_clear_object (&result);

  proctor_command_set_process_group (own_group, 0);
  result = run_or_abort (own_group, NULL);
  g_assert_cmpint (find_id (result, "sid"), ==, getsid (0));
  g_assert_cmpint (find_id (result, "pgid"), ==, find_id (result, "pid"));
}

/* Into the group of another child, which still lives. */
static void
test_joining_a_group (void)
{
  g_autoptr(ProctorCommand) leads = child_command ("cat", NULL);
  g_autoptr(ProctorCommand) joins = child_command ("ids", NULL);
  g_autoptr(ProctorProcess) leader = NULL;
  g_autoptr(ProctorResult) result = NULL;

  proctor_command_set_process_group (leads, 0);
  proctor_command_set_stdin (leads, PROCTOR_STDIO_PIPE);
  leader = spawn_or_abort (leads);
  proctor_command_set_process_group (joins, proctor_process_get_pid (leader));
  result = run_or_abort (joins, NULL);
  g_assert_cmpint (find_id (result, "pgid"), ==, proctor_process_get_pid (leader));
  g_assert_true (way_stop (leader, 0, NULL, NULL));
}

/* The signals that this program ignores, as /proc tells it. */
static guint64
get_ignored_signals (void)
{
  g_autofree char *status = NULL;
  const char *line;

  g_assert_true (g_file_get_contents ("/proc/self/status", &status, NULL, NULL));
  line = strstr (status, "\nSigIgn:\t");
  g_assert_nonnull (line);
  return g_ascii_strtoull (line + strlen ("\nSigIgn:\t"), NULL, 16);
}

/* All signals are let through, and none is ignored, but those that the program ignores itself; and
 * not even all of those.
 */
static void
test_signal_state (void)
{
  g_autoptr(ProctorCommand) command = child_command ("signals", NULL);
  g_autoptr(ProctorResult) result = NULL;
  g_autofree char *out = NULL;
  g_autofree char *wanted = NULL;
  const guint64 never_ignored = (1 << (SIGPIPE - 1)) | (1 << (SIGXFSZ - 1));
  struct sigaction ignore = { .sa_handler = SIG_IGN };
  struct sigaction old_pipe, old_usr1;
  guint64 ignored;
  sigset_t mask, old_mask;

  sigemptyset (&mask);
  sigaddset (&mask, SIGUSR2);
  pthread_sigmask (SIG_BLOCK, &mask, &old_mask);
  sigaction (SIGPIPE, &ignore, &old_pipe);
  sigaction (SIGUSR1, &ignore, &old_usr1);
  ignored = get_ignored_signals ();
  result = run_or_abort (command, NULL);
  sigaction (SIGPIPE, &old_pipe, NULL);
  sigaction (SIGUSR1, &old_usr1, NULL);
  pthread_sigmask (SIG_SETMASK, &old_mask, NULL);

  g_assert_true ((ignored & (1 << (SIGPIPE - 1))) != 0 && (ignored & (1 << (SIGUSR1 - 1))) != 0);
  wanted = g_strdup_printf ("SigIgn:\t%016" G_GINT64_MODIFIER "x\n", ignored & ~never_ignored);
  out = proctor_result_dup_stdout_utf8 (result, NULL);
  g_assert_nonnull (strstr (out, "SigBlk:\t0000000000000000\n"));
  g_assert_nonnull (strstr (out, wanted));
}

/* ---- time */

/* Runs a child that stays, with a timeout that is long enough for it to have begun, also on a
 * machine that has much to do.
 */
static ProctorResult *
run_until_timeout (const char *mode,
                   GTimeSpan  *ret_timeout)
{
  g_autofree char *mark = work_path ("mark");
  g_autoptr(ProctorCommand) command = child_command (mode, mark, NULL);

  for (GTimeSpan timeout = 500 * G_TIME_SPAN_MILLISECOND;; timeout *= 4)
    {
      ProctorResult *result;

      proctor_command_set_timeout (command, timeout);
      result = run_or_abort (command, NULL);
      g_assert_true (proctor_result_is_timed_out (result));
      if (g_unlink (mark) == 0)
        {
          *ret_timeout = timeout;
          return result;
        }
      g_object_unref (result);
    }
}

static void
test_timeout (void)
{
  GTimeSpan timeout;
  g_autoptr(ProctorResult) result = run_until_timeout ("on-term", &timeout);
  g_autofree char *wanted =
    g_strdup_printf ("“%s on-term %s/mark” did not end in time and was stopped", child_path,
                     work_directory);
  g_autoptr(GError) error = NULL;

  g_assert_cmpint (proctor_result_get_returncode (result), ==, SIGTERM);
  assert_bytes (proctor_result_get_stdout (result), "ready\nbye\n");
  g_assert_cmpint (proctor_result_get_wall_time (result), >=,
                   timeout - 100 * G_TIME_SPAN_MILLISECOND);
  g_assert_cmpint (proctor_result_get_wall_time (result), <, timeout + 5 * G_TIME_SPAN_SECOND);
  g_assert_false (proctor_result_check (result, &error));
  g_assert_error (error, G_IO_ERROR, G_IO_ERROR_TIMED_OUT);
  g_assert_cmpstr (error->message, ==, wanted);
}

/* Only the KILL ends it, after the grace of five seconds. */
static void
test_timeout_of_one_that_ignores_term (void)
{
  GTimeSpan timeout;
  g_autoptr(ProctorResult) result = run_until_timeout ("ignore-term", &timeout);

  g_assert_cmpint (proctor_result_get_returncode (result), ==, -SIGKILL);
  assert_bytes (proctor_result_get_stdout (result), "ready\n");
  g_assert_cmpint (proctor_result_get_wall_time (result), >=,
                   timeout + 4900 * G_TIME_SPAN_MILLISECOND);
}

static void
test_timeout_not_reached (void)
{
  g_autoptr(ProctorCommand) command = child_command ("echo", "quick", NULL);
  g_autoptr(ProctorResult) result = NULL;

  proctor_command_set_timeout (command, 100 * G_TIME_SPAN_SECOND);
  result = run_or_abort (command, NULL);
  g_assert_false (proctor_result_is_timed_out (result));
  g_assert_true (proctor_result_check (result, NULL));
}

/* However short it is, the call ends, and what was started has gone. */
static void
test_tiny_timeouts (void)
{
  for (guint i = 0; i < scaled (40); i++)
    {
      g_autoptr(ProctorCommand) command = child_command ("sleep", "100", NULL);
      g_autoptr(ProctorResult) result = NULL;
      g_autoptr(GError) error = NULL;

      proctor_command_set_timeout (command, i * 50);
      result = way_run (command, NULL, NULL, &error);
      if (result == NULL)
        {
          g_assert_error (error, G_IO_ERROR, G_IO_ERROR_TIMED_OUT);
          g_assert_nonnull (strstr (error->message, "sleep 100"));
        }
      else
        {
          g_assert_true (proctor_result_is_timed_out (result));
          /* What ends a child before its exec, KILL, may reach it a moment after. */
          if (proctor_result_get_returncode (result) != -SIGKILL)
            g_assert_cmpint (proctor_result_get_returncode (result), ==, -SIGTERM);
        }
    }
}

/* ---- descendants that keep the pipes open */

/* FALSE if the grace was too short for the descendant to write what it writes after the exit. */
static gboolean
hold_and_run (const char *fds,
              GTimeSpan   grace)
{
  g_autofree char *name = g_strdup_printf ("holds-%s-%" G_GINT64_FORMAT, fds, grace);
  g_autofree char *mark = work_path (name);
  g_autoptr(ProctorCommand) command = child_command ("hold", mark, fds, "early ", "late", NULL);
  /* A stdin that is held is a pipe that nobody reads. */
  gboolean with_input = strchr (fds, '0') != NULL;
  gboolean writes_late = strchr (fds, '1') != NULL;
  g_autoptr(GBytes) input = with_input ? make_pattern (1024 * 1024, 1) : NULL;
  g_autoptr(ProctorResult) result = NULL;
  gint64 start;
  gint64 took;

  proctor_command_set_drain_grace (command, grace);
  start = g_get_monotonic_time ();
  result = run_or_abort (command, input);
  took = g_get_monotonic_time () - start;
  kill (await_pid (mark), SIGKILL);

  g_assert_cmpint (proctor_result_get_returncode (result), ==, 0);
  g_assert_true (proctor_result_check (result, NULL));
  g_assert_cmpint (proctor_result_is_incomplete (result), ==, *fds != '\0');
  if (*fds != '\0')
    g_assert_cmpint (took, >=, grace);
  g_assert_cmpint (took, <, grace + 20 * G_TIME_SPAN_SECOND);
  if (writes_late && g_bytes_get_size (proctor_result_get_stdout (result)) == strlen ("early "))
    return FALSE;
  assert_bytes (proctor_result_get_stdout (result), writes_late ? "early late" : "early ");
  return TRUE;
}

static void
test_pipes_held (void)
{
  static const char * const held[] = { "", "0", "1", "2", "01", "02", "12", "012" };

  for (guint i = 0; i < G_N_ELEMENTS (held); i++)
    {
      GTimeSpan grace = 100 * G_TIME_SPAN_MILLISECOND;

      while (!hold_and_run (held[i], grace))
        grace *= 4;
    }
}

static void
test_no_drain_grace (void)
{
  g_autofree char *mark = work_path ("mark");
  g_autoptr(ProctorCommand) command =
    child_command ("hold", mark, "12", "all that was written", NULL);
  g_autoptr(ProctorResult) result = NULL;

  proctor_command_set_drain_grace (command, 0);
  result = run_or_abort (command, NULL);
  kill (await_pid (mark), SIGKILL);
  g_assert_true (proctor_result_is_incomplete (result));
  g_assert_cmpint (proctor_result_get_returncode (result), ==, 0);
  assert_bytes (proctor_result_get_stdout (result), "all that was written");
}

/* A grace of nothing is enough for a command that leaves nobody behind, and takes all that is in
 * the pipe.
 */
static void
test_no_drain_grace_needed (void)
{
  for (guint i = 0; i < scaled (30); i++)
    {
      g_autoptr(ProctorCommand) command = child_command ("flood", "60000", "60000", NULL);
      g_autoptr(ProctorResult) result = NULL;

      proctor_command_set_drain_grace (command, 0);
      result = run_or_abort (command, NULL);
      g_assert_false (proctor_result_is_incomplete (result));
      g_assert_cmpuint (g_bytes_get_size (proctor_result_get_stdout (result)), ==, 60000);
      g_assert_cmpuint (g_bytes_get_size (proctor_result_get_stderr (result)), ==, 60000);
    }
}

static void
test_default_drain_grace (void)
{
  g_autofree char *mark = work_path ("mark");
  g_autoptr(ProctorCommand) command = child_command ("hold", mark, "1", "text", NULL);
  gint64 start = g_get_monotonic_time ();
  g_autoptr(ProctorResult) result = run_or_abort (command, NULL);
  gint64 took = g_get_monotonic_time () - start;

  kill (await_pid (mark), SIGKILL);
  g_assert_true (proctor_result_is_incomplete (result));
  g_assert_cmpint (took, >=, 2 * G_TIME_SPAN_SECOND);
  assert_bytes (proctor_result_get_stdout (result), "text");
}

/* The timeout counts until the end of the call, also when only a descendant is left. */
static void
test_timeout_while_draining (void)
{
  g_autofree char *mark = work_path ("mark");
  g_autofree char *late = g_strconcat (mark, ".late", NULL);
  g_autoptr(ProctorCommand) command = child_command ("hold", mark, "1", "text", NULL);

  proctor_command_set_drain_grace (command, 100 * G_TIME_SPAN_SECOND);
  for (GTimeSpan timeout = 500 * G_TIME_SPAN_MILLISECOND;; timeout *= 4)
    {
      g_autoptr(ProctorResult) result = NULL;

      proctor_command_set_timeout (command, timeout);
      result = run_or_abort (command, NULL);
      g_assert_true (proctor_result_is_timed_out (result));
      if (g_file_test (mark, G_FILE_TEST_EXISTS))
        kill (await_pid (mark), SIGKILL);
      g_unlink (mark);
      if (g_unlink (late) < 0)
        continue; /* The child itself had not ended by then. */

      g_assert_true (proctor_result_is_incomplete (result));
      g_assert_cmpint (proctor_result_get_returncode (result), ==, 0);
      assert_bytes (proctor_result_get_stdout (result), "text");
      return;
    }
}

/* ---- cancelling */

static void
assert_cancelled (ProctorCommand *command,
                  GCancellable   *cancellable)
{
  g_autoptr(GError) error = NULL;

  g_assert_null (way_run (command, NULL, cancellable, &error));
  g_assert_error (error, G_IO_ERROR, G_IO_ERROR_CANCELLED);
}

static void
test_cancelled_before (void)
{
  g_autofree char *mark = work_path ("mark");
  g_autoptr(ProctorCommand) command = child_command ("mark", mark, "sleep", "100", NULL);
  g_autoptr(GCancellable) cancellable = g_cancellable_new ();

  g_cancellable_cancel (cancellable);
  assert_cancelled (command, cancellable);
  g_assert_false (g_file_test (mark, G_FILE_TEST_EXISTS));
}

/* From the moment of the call on, in small steps, over the spawn and into the run. */
static void
test_cancelled_at_any_time (void)
{
  for (guint i = 0; i < scaled (60); i++)
    {
      g_autoptr(ProctorCommand) command = child_command ("sleep", "100", NULL);
      g_autoptr(GCancellable) cancellable = g_cancellable_new ();
      Canceller canceller;

      canceller_start (&canceller, cancellable, i * 30);
      assert_cancelled (command, cancellable);
      canceller_join (&canceller);
      if (!way->in_thread)
        g_assert_false (have_children ());
    }
}

/* A child that wants to end orderly may do so. */
static void
test_cancelled_while_it_runs (void)
{
  g_autofree char *mark = work_path ("mark");
  g_autofree char *out = work_path ("out");
  g_autoptr(ProctorCommand) command = child_command ("on-term", mark, NULL);
  g_autoptr(GCancellable) cancellable = g_cancellable_new ();
  g_autoptr(GError) error = NULL;
  g_auto(Reply) reply = { 0 };
  pid_t pid;

  proctor_command_set_stdout_path (command, out, FALSE);
  reply_init (&reply);
  proctor_command_run_async (command, NULL, cancellable, reply_arrived, &reply);
  pid = await_pid (mark);
  g_cancellable_cancel (cancellable);
  g_assert_null (proctor_command_run_finish (command, reply_wait (&reply), &error));
  g_assert_error (error, G_IO_ERROR, G_IO_ERROR_CANCELLED);
  assert_file (out, "ready\nbye\n");
  g_assert_cmpint (kill (pid, 0), ==, -1);
}

typedef struct
{
  GCancellable *cancellable;
  const char *mark;
} LateCanceller;

static gpointer
cancel_late (gpointer data)
{
  LateCanceller *self = data;

  await_late (self->mark);
  /* The exit is noticed soon. If it is not by then the other way is tested, a child that ends while
   * it is being stopped.
   */
  g_usleep (20 * G_TIME_SPAN_MILLISECOND);
  g_cancellable_cancel (self->cancellable);
  return NULL;
}

/* When the process has gone already, and only a descendant keeps a pipe. */
static void
test_cancelled_while_draining (void)
{
  g_autofree char *mark = work_path ("mark");
  g_autoptr(ProctorCommand) command = child_command ("hold", mark, "12", "text", NULL);
  g_autoptr(GCancellable) cancellable = g_cancellable_new ();
  LateCanceller late = { cancellable, mark };
  g_autoptr(GError) error = NULL;
  GThread *thread;

  proctor_command_set_drain_grace (command, 100 * G_TIME_SPAN_SECOND);
  thread = g_thread_new ("canceller", cancel_late, &late);
  g_assert_null (way_run (command, NULL, cancellable, &error));
  g_assert_error (error, G_IO_ERROR, G_IO_ERROR_CANCELLED);
  g_thread_join (thread);
  kill (await_pid (mark), SIGKILL);
}

/* One cancellable for one call after the other; a cancelled one works again when it is reset. */
static void
test_cancellable_reused (void)
{
  g_autoptr(ProctorCommand) quick = child_command ("echo", "done", NULL);
  g_autoptr(ProctorCommand) slow = child_command ("sleep", "100", NULL);
  g_autoptr(GCancellable) cancellable = g_cancellable_new ();

  for (guint i = 0; i < scaled (10); i++)
    {
      g_autoptr(ProctorResult) result = NULL;
      g_autoptr(GError) error = NULL;
      Canceller canceller;

      result = way_run (quick, NULL, cancellable, &error);
      g_assert_no_error (error);
      assert_bytes (proctor_result_get_stdout (result), "done\n");

      canceller_start (&canceller, cancellable, i * 300);
      assert_cancelled (slow, cancellable);
      canceller_join (&canceller);
      g_cancellable_reset (cancellable);
    }
}

/* What is finished is told as it is, also when the cancellable is cancelled before the answer is
 * looked at.
 */
static void
test_cancelled_after_the_end (void)
{
  g_autofree char *mark = work_path ("mark");
  g_autofree char *out = work_path ("out");
  g_autoptr(ProctorCommand) command = child_command ("mark", mark, "say", "kept", "", NULL);
  g_autoptr(GCancellable) cancellable = g_cancellable_new ();
  g_autoptr(ProctorResult) result = NULL;
  g_autoptr(GError) error = NULL;
  g_auto(Reply) reply = { 0 };

  reply_init (&reply);
  proctor_command_run_async (command, NULL, cancellable, reply_arrived, &reply);
  reply_wait (&reply);
  g_cancellable_cancel (cancellable);
  result = proctor_command_run_finish (command, reply.result, &error);
  g_assert_no_error (error);
  assert_bytes (proctor_result_get_stdout (result), "kept");
}

/* The two meet: either there is all of the output or there is CANCELLED, and nothing else. */
static void
test_cancelled_at_the_end (void)
{
  guint n_results = 0;

  for (guint i = 0; i < scaled (100); i++)
    {
      g_autoptr(ProctorCommand) command = child_command ("say", "all of it", "", NULL);
      g_autoptr(GCancellable) cancellable = g_cancellable_new ();
      g_autoptr(ProctorResult) result = NULL;
      g_autoptr(GError) error = NULL;
      Canceller canceller;

      canceller_start (&canceller, cancellable, 20 * i);
      result = way_run (command, NULL, cancellable, &error);
      if (result != NULL)
        {
          assert_bytes (proctor_result_get_stdout (result), "all of it");
          g_assert_true (proctor_result_check (result, &error));
          n_results++;
        }
      else
        {
          g_assert_error (error, G_IO_ERROR, G_IO_ERROR_CANCELLED);
        }
      canceller_join (&canceller);
    }
  g_test_message ("%u of %u were done before", n_results, scaled (100));
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
  { "paths", test_paths },
  { "stderr-to-stdout-path", test_stderr_to_stdout_path },
  { "paths-that-fail", test_paths_that_fail },
  { "cwd", test_cwd },
  { "environment", test_environment },
  { "snapshot", test_snapshot, TWO_WAYS },
  { "executable", test_executable },
  { "program-in-path", test_program_in_path },
  { "shell", test_shell },
  { "session-and-group", test_session_and_group },
  { "joining-a-group", test_joining_a_group },
  { "signal-state", test_signal_state },
  { "timeout", test_timeout },
  { "timeout-of-one-that-ignores-term", test_timeout_of_one_that_ignores_term, TWO_WAYS },
  { "timeout-not-reached", test_timeout_not_reached },
  { "tiny-timeouts", test_tiny_timeouts },
  { "pipes-held", test_pipes_held },
  { "no-drain-grace", test_no_drain_grace },
  { "no-drain-grace-needed", test_no_drain_grace_needed },
  { "default-drain-grace", test_default_drain_grace, TWO_WAYS },
  { "timeout-while-draining", test_timeout_while_draining, TWO_WAYS },
  { "cancelled-before", test_cancelled_before },
  { "cancelled-at-any-time", test_cancelled_at_any_time },
  { "cancelled-while-it-runs", test_cancelled_while_it_runs, TWO_WAYS },
  { "cancelled-while-draining", test_cancelled_while_draining },
  { "cancellable-reused", test_cancellable_reused },
  { "cancelled-after-the-end", test_cancelled_after_the_end, TWO_WAYS },
  { "cancelled-at-the-end", test_cancelled_at_the_end },
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
