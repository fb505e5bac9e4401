/* A child's stdio that the library opens or makes: paths, sockets, pipes of a chosen size, pipes
 * between commands; also in a program with many files, and in one without stdio.
 *
 * SPDX-License-Identifier: LGPL-2.1-or-later
 */

#include "config.h"

#include "api-testing.h"

/* ---- paths */

static void
test_path_modes (void)
{
  g_autofree char *path = work_path ("modes");
  g_autoptr(ProctorCommand) command = child_command ("say", "one", "", NULL);
  struct stat status;
  mode_t old_mask = umask (027);

  for (guint i = 0; i < 4; i++)
    {
      g_autoptr(ProctorResult) result = NULL;

      proctor_command_set_stdout_path (command, path, i == 1 || i == 3);
      result = run_or_abort (command, NULL);
      g_assert_cmpint (proctor_result_get_returncode (result), ==, 0);
      assert_file (path, i % 2 == 0 ? "one" : "oneone");
    }
  umask (old_mask);
  g_assert_cmpint (stat (path, &status), ==, 0);
  g_assert_cmpint (status.st_mode & 0777, ==, 0640);
}

/* Two children append to one file, and neither overwrites the other's. */
static void
test_append_together (void)
{
  g_autofree char *path = work_path ("together");
  g_autoptr(GPtrArray) commands = g_ptr_array_new_with_free_func (g_object_unref);
  g_autoptr(GPtrArray) results = NULL;
  g_autoptr(GError) error = NULL;
  g_autofree char *content = NULL;
  gsize length;

  for (guint i = 0; i < 8; i++)
    {
      ProctorCommand *command = child_command ("lines", "200", NULL);

      proctor_command_set_stdout_path (command, path, TRUE);
      g_ptr_array_add (commands, command);
    }
  results = way_gather (commands, 0, NULL, &error);
  g_assert_no_error (error);
  for (guint i = 0; i < results->len; i++)
    g_assert_true (proctor_result_check (results->pdata[i], NULL));
  g_assert_true (g_file_get_contents (path, &content, &length, NULL));
  g_assert_cmpuint (length % 8, ==, 0);
  g_assert_cmpuint (length, >, 8 * 200);
}

static void
test_path_bytes (void)
{
  g_autofree char *path = work_path ("out \377\n latin");
  g_autofree char *gone = work_path ("gone \377/file");
  g_autoptr(ProctorCommand) writes = child_command ("say", "bytes", "", NULL);
  g_autoptr(ProctorCommand) reads = child_command ("cat", NULL);
  g_autoptr(ProctorCommand) fails = child_command ("cat", NULL);
  g_autoptr(ProctorResult) written = NULL;
  g_autoptr(ProctorResult) read = NULL;
  g_autoptr(GError) error = NULL;

  proctor_command_set_stdout_path (writes, path, FALSE);
  written = run_or_abort (writes, NULL);
  proctor_command_set_stdin_path (reads, path);
  read = run_or_abort (reads, NULL);
  assert_bytes (proctor_result_get_stdout (read), "bytes");

  proctor_command_set_stderr_path (fails, gone, TRUE);
  g_assert_null (way_run (fails, NULL, NULL, &error));
  g_assert_error (error, G_IO_ERROR, G_IO_ERROR_NOT_FOUND);
  g_assert_true (g_utf8_validate (error->message, -1, NULL));
  g_assert_nonnull (strstr (error->message, "gone"));
}

/* ---- sockets and pipe sizes */

static void
test_sockets (void)
{
  g_autoptr(ProctorCommand) command = child_command ("stdio", NULL);
  g_autoptr(ProctorCommand) cat = child_command ("cat", NULL);
  g_autoptr(GBytes) input = make_pattern (3000001, 5);
  g_autoptr(ProctorResult) kinds = NULL;
  g_autoptr(ProctorResult) echoed = NULL;

  proctor_command_set_stdin (command, PROCTOR_STDIO_SOCKET);
  proctor_command_set_stdout (command, PROCTOR_STDIO_SOCKET);
  proctor_command_set_stderr (command, PROCTOR_STDIO_SOCKET);
  kinds = run_or_abort (command, NULL);
  assert_bytes (proctor_result_get_stdout (kinds), "socket rw 0\nsocket rw 0\nsocket rw 0\n");
  assert_bytes (proctor_result_get_stderr (kinds), "");

  proctor_command_set_stdin (cat, PROCTOR_STDIO_SOCKET);
  proctor_command_set_stdout (cat, PROCTOR_STDIO_SOCKET);
  echoed = run_or_abort (cat, input);
  assert_same_bytes (proctor_result_get_stdout (echoed), input);
  g_assert_cmpint (proctor_result_get_returncode (echoed), ==, 0);
}

/* Streams over sockets: the end of what is written is seen as on a pipe, also after the child has
 * written into its stdin, which nobody reads.
 */
static void
test_socket_streams (void)
{
  g_autoptr(ProctorCommand) command =
    proctor_command_new_shell ("echo back >&0; cat; echo done");
  g_autoptr(ProctorProcess) process = NULL;
  g_autoptr(GError) error = NULL;
  g_autoptr(GBytes) text = NULL;

  proctor_command_set_stdin (command, PROCTOR_STDIO_SOCKET);
  proctor_command_set_stdout (command, PROCTOR_STDIO_SOCKET);
  process = spawn_or_abort (command);
  proctor_stream_writer_queue (proctor_process_get_stdin (process), "hello\n", 6);
  text = proctor_stream_reader_read_line (proctor_process_get_stdout (process), NULL, &error);
  g_assert_no_error (error);
  assert_bytes (text, "hello\n");
  proctor_stream_writer_write_eof (proctor_process_get_stdin (process));
  g_clear_pointer (&text, g_bytes_unref);
  text = proctor_stream_reader_read_to_end (proctor_process_get_stdout (process), NULL, &error);
  g_assert_no_error (error);
  assert_bytes (text, "done\n");
  assert_returncode (process, 0);
}

static void
test_pipe_size (void)
{
  g_autoptr(ProctorCommand) command = child_command ("stdio", NULL);
  g_autoptr(ProctorResult) result = NULL;

  proctor_command_set_stdin (command, PROCTOR_STDIO_PIPE);
  proctor_command_set_pipe_size (command, 16384);
  result = run_or_abort (command, NULL);
  assert_bytes (proctor_result_get_stdout (result), "pipe r 16384\npipe w 16384\npipe w 16384\n");
}

/* ---- a pipe between two commands */

static void
test_pipe_to (void)
{
  g_autoptr(ProctorCommand) first = child_command ("echo", "through", "the", "kernel", NULL);
  g_autoptr(ProctorCommand) second = child_command ("cat", NULL);
  g_autoptr(ProctorProcess) process = NULL;
  g_autoptr(ProctorProcess) late = NULL;
  g_autoptr(ProctorResult) result = NULL;
  g_autoptr(GError) error = NULL;

  g_assert_true (proctor_command_pipe_to (first, second, &error));
  process = spawn_or_abort (first);
  result = run_or_abort (second, NULL);
  assert_bytes (proctor_result_get_stdout (result), "through the kernel\n");
  assert_returncode (process, 0);

  /* Its end of the pipe is gone. */
  late = way_spawn (first, NULL, &error);
  g_assert_error (error, G_IO_ERROR, G_IO_ERROR_CLOSED);
  g_assert_null (late);
}

/* Whatever becomes of one side, the other one sees the end of the pipe. */
static void
test_pipe_to_nobody (void)
{
  g_autoptr(ProctorCommand) never = child_command ("exit", NULL);
  g_autoptr(ProctorCommand) fails = proctor_command_new ("/no/such/program", NULL);
  g_autoptr(ProctorCommand) reads = child_command ("cat", NULL);
  g_autoptr(ProctorCommand) writes = child_command ("flood", "1000000", "0", NULL);
  g_autoptr(ProctorResult) end = NULL;
  g_autoptr(ProctorResult) broken = NULL;
  g_autoptr(ProctorResult) end_again = NULL;
  g_autoptr(GError) error = NULL;

  g_assert_true (proctor_command_pipe_to (never, reads, &error));
  g_clear_object (&never);
  end = run_or_abort (reads, NULL);
  assert_bytes (proctor_result_get_stdout (end), "");

  g_assert_true (proctor_command_pipe_to (fails, reads, &error));
  g_assert_null (way_spawn (fails, NULL, NULL));
  end_again = run_or_abort (reads, NULL);
  assert_bytes (proctor_result_get_stdout (end_again), "");

  g_assert_true (proctor_command_pipe_to (writes, fails, &error));
  g_assert_null (way_spawn (fails, NULL, NULL));
  broken = run_or_abort (writes, NULL);
  g_assert_cmpint (proctor_result_get_returncode (broken), ==, -SIGPIPE);
}

/* ---- a program with many files */

static int
compare_times (gconstpointer a,
               gconstpointer b)
{
  gint64 left = *(const gint64 *) a;
  gint64 right = *(const gint64 *) b;

  return (left > right) - (left < right);
}

/* Microseconds, the median. */
static gint64
time_runs (guint n)
{
  g_autofree gint64 *times = g_new (gint64, n);
  g_autoptr(ProctorCommand) command = child_command ("exit", NULL);

  for (guint i = 0; i < n; i++)
    {
      gint64 start = g_get_monotonic_time ();
      g_autoptr(ProctorResult) result = run_or_abort (command, NULL);

      times[i] = g_get_monotonic_time () - start;
      g_assert_cmpint (proctor_result_get_returncode (result), ==, 0);
    }
  qsort (times, n, sizeof times[0], compare_times);
  return times[n / 2];
}

/* The figures are for who reads them; what counts is what the children have. */
static void
test_many_fds (void)
{
  g_autofree int *fds = NULL;
  g_autoptr(GPtrArray) commands = g_ptr_array_new_with_free_func (g_object_unref);
  g_autoptr(GPtrArray) results = NULL;
  g_autoptr(GError) error = NULL;
  struct rlimit old;
  struct rlimit many;
  guint n_fds = scaled (15000);
  gint64 with_few;

  g_assert_cmpint (getrlimit (RLIMIT_NOFILE, &old), ==, 0);
  many = old;
  many.rlim_cur = MIN (old.rlim_max, 16384);
  n_fds = MIN (n_fds, (guint) many.rlim_cur - 500);
  g_assert_cmpint (setrlimit (RLIMIT_NOFILE, &many), ==, 0);

  with_few = time_runs (scaled (200));
  fds = g_new (int, n_fds);
  for (guint i = 0; i < n_fds; i++)
    {
      fds[i] = open ("/dev/null", O_RDONLY | O_CLOEXEC);
      g_assert_cmpint (fds[i], >=, 0);
    }
  g_test_message ("a run takes %d us, with %u open files %d us", (int) with_few, n_fds,
                  (int) time_runs (scaled (200)));

  for (guint i = 0; i < 24; i++)
    {
      ProctorCommand *command = child_command ("fds", NULL);

      for (guint j = 0; j < i % 12; j++)
        proctor_command_set_fd (command, fds[n_fds - 1 - j], 3 + (int) j);
      if (i % 2 == 1)
        proctor_command_set_stdin (command, PROCTOR_STDIO_PTY);
      g_ptr_array_add (commands, command);
    }
  results = way_gather (commands, 0, NULL, &error);
  g_assert_no_error (error);
  for (guint i = 0; i < results->len; i++)
    {
      g_autofree char *text = proctor_result_dup_stdout_utf8 (results->pdata[i], NULL);
      g_auto(GStrv) lines = g_strsplit (text, "\n", -1);

      g_assert_cmpuint (g_strv_length (lines), ==, 3 + i % 12 + 1);
      g_assert_true (g_str_has_prefix (lines[0], i % 2 == 1 ? "0 /dev/pts/" : "0 /dev/null"));
      g_assert_true (g_str_has_prefix (lines[1], "1 pipe:"));
      for (guint j = 0; j < i % 12; j++)
        g_assert_true (g_str_has_suffix (lines[3 + j], " /dev/null"));
    }

  for (guint i = 0; i < n_fds; i++)
    close (fds[i]);
  g_assert_cmpint (setrlimit (RLIMIT_NOFILE, &old), ==, 0);
}

/* ---- a program without stdio */

static const ProctorStdio all_kinds[] = {
  PROCTOR_STDIO_INHERIT, PROCTOR_STDIO_PIPE, PROCTOR_STDIO_DEVNULL,
  PROCTOR_STDIO_SOCKET,  PROCTOR_STDIO_PTY,  PROCTOR_STDIO_STDOUT,
};

static const char * const kind_words[] = { NULL, "pipe", "other", "socket", "tty", NULL };

/* What the child should say of one of the three. */
static const char *
expected_word (guint kind,
               guint other,
               guint closed,
               guint fd)
{
  if (all_kinds[kind] == PROCTOR_STDIO_STDOUT)
    return expected_word (other, 0, closed, 1);
  if (all_kinds[kind] == PROCTOR_STDIO_INHERIT)
    return (closed & (1U << fd)) != 0 ? "closed" : NULL;
  return kind_words[kind];
}

/* 0, or where it was wrong. */
static int
check_without_stdio (guint       closed,
                     guint       kind,
                     guint       other,
                     const char *path)
{
  g_autoptr(ProctorCommand) command = child_command ("stdio", path, NULL);
  g_autoptr(ProctorProcess) process = NULL;
  g_autoptr(ProctorResult) result = NULL;
  g_autofree char *text = NULL;
  g_auto(GStrv) lines = NULL;

  if (all_kinds[kind] != PROCTOR_STDIO_STDOUT)
    proctor_command_set_stdin (command, all_kinds[kind]);
  else
    proctor_command_set_stdin (command, PROCTOR_STDIO_PIPE);
  proctor_command_set_stdout (command, all_kinds[other]);
  proctor_command_set_stderr (command, all_kinds[kind]);
  process = proctor_command_spawn (command, NULL, NULL);
  if (process == NULL)
    return 1;
  result = proctor_process_communicate (process, NULL, NULL, NULL);
  if (result == NULL || proctor_result_get_returncode (result) != 0)
    return 2;
  for (int fd = 0; fd < 3; fd++)
    {
      /* Nothing of the library's lies there, but for a moment. */
      for (guint i = 0; ((closed & (1U << fd)) != 0) != (fcntl (fd, F_GETFD) < 0); i++)
        {
          if (i == 5000)
            return 3;
          g_usleep (1000);
        }
    }

  if (!g_file_get_contents (path, &text, NULL, NULL))
    return 4;
  lines = g_strsplit (text, "\n", -1);
  for (guint fd = 0; fd < 3; fd++)
    {
      guint its = fd == 1 ? other : kind;
      const char *word;

      if (fd == 0 && all_kinds[its] == PROCTOR_STDIO_STDOUT)
        its = 1;
      word = expected_word (its, other, closed, fd);
      if (word != NULL && !g_str_has_prefix (lines[fd], word))
        return 10 + (int) fd;
      if (word == NULL && strcmp (lines[fd], "closed") == 0)
        return 20 + (int) fd;
    }
  return 0;
}

static void
test_closed_stdio (void)
{
  g_autofree char *path = NULL;
  guint n_checked = 0;

  if (!g_test_subprocess ())
    {
      g_test_trap_subprocess (NULL, 0, G_TEST_SUBPROCESS_INHERIT_STDERR);
      g_test_trap_assert_passed ();
      return;
    }

  path = work_path ("stdio");
  for (guint closed = 0; closed < 8; closed++)
    {
      int saved[3];

      for (int fd = 0; fd < 3; fd++)
        {
          saved[fd] = fcntl (fd, F_DUPFD_CLOEXEC, 50);
          if ((closed & (1U << fd)) != 0)
            close (fd);
        }
      for (guint kind = 0; kind < G_N_ELEMENTS (all_kinds); kind++)
        {
          /* stdout is never PROCTOR_STDIO_STDOUT. */
          for (guint other = 0; other + 1 < G_N_ELEMENTS (all_kinds); other++, n_checked++)
            {
              int wrong = check_without_stdio (closed, kind, other, path);

              if (wrong != 0)
                {
                  dup2 (saved[2], 2);
                  g_error ("closed %u, stdin and stderr %u, stdout %u: %d", closed, kind, other,
                           wrong);
                }
            }
        }
      for (int fd = 0; fd < 3; fd++)
        {
          dup2 (saved[fd], fd);
          close (saved[fd]);
        }
    }
  g_assert_cmpuint (n_checked, ==, 8 * 6 * 5);
}

static const ApiTest tests[] = {
  { "path-modes", test_path_modes, ALL_WAYS },
  { "append-together", test_append_together, ALL_WAYS },
  { "path-bytes", test_path_bytes, ALL_WAYS },
  { "sockets", test_sockets, ALL_WAYS },
  { "socket-streams", test_socket_streams, ALL_WAYS },
  { "pipe-size", test_pipe_size, ALL_WAYS },
  { "pipe-to", test_pipe_to, ALL_WAYS },
  { "pipe-to-nobody", test_pipe_to_nobody, ALL_WAYS },
  { "many-fds", test_many_fds, MAIN_WAYS },
  { "closed-stdio", test_closed_stdio, ONE_WAY },
};

int
main (int    argc,
      char **argv)
{
  return RUN_API_TESTS (argc, argv, "stdio", tests);
}
