/* What a command says of the child's file descriptors: paths, given fds, extra ones at chosen
 * numbers, pipes between commands, sockets, and a program whose own stdio is closed.
 *
 * SPDX-License-Identifier: LGPL-2.1-or-later
 */

#include "config.h"

#include <sys/socket.h>

#include "api-testing.h"

static void
assert_open (int      fd,
             gboolean expected)
{
  g_assert_cmpint (fcntl (fd, F_GETFD) >= 0, ==, expected);
}

static void
make_pipe (int ends[2])
{
  g_assert_cmpint (pipe2 (ends, O_CLOEXEC), ==, 0);
}

/* All that comes out of a pipe until its end. */
static char *
read_all (int fd)
{
  GString *text = g_string_new (NULL);
  char buffer[4096];
  ssize_t length;

  while ((length = read (fd, buffer, sizeof buffer)) > 0)
    g_string_append_len (text, buffer, length);
  g_assert_cmpint (length, ==, 0);
  return g_string_free (text, FALSE);
}

/* ---- fds as stdio */

static void
test_set_stdin_fd (void)
{
  g_autofree char *path = work_file ("in", "from a file");
  g_autoptr(ProctorCommand) command = child_command ("cat", NULL);
  int fd = open (path, O_RDONLY | O_CLOEXEC);

  proctor_command_set_stdin_fd (command, fd);
  close (fd);
  for (guint i = 0; i < 2; i++)
    {
      g_autoptr(ProctorResult) result = run_or_abort (command, NULL);

      /* The second one has the same open file, and finds it read. */
      assert_bytes (proctor_result_get_stdout (result), i == 0 ? "from a file" : "");
    }
}

static void
test_take_outputs (void)
{
  g_autofree char *out = work_path ("out");
  g_autofree char *err = work_path ("err");
  g_autoptr(ProctorCommand) command = child_command ("say", "to out", "to err", NULL);
  int out_fd = open (out, O_WRONLY | O_CREAT, 0600);
  int err_fd = open (err, O_WRONLY | O_CREAT, 0600);
  g_autoptr(ProctorResult) result = NULL;

  proctor_command_take_stdout_fd (command, out_fd);
  proctor_command_take_stderr_fd (command, err_fd);
  g_assert_cmpint (fcntl (out_fd, F_GETFD), ==, FD_CLOEXEC);
  result = run_or_abort (command, NULL);
  g_assert_null (proctor_result_get_stdout (result));
  g_assert_null (proctor_result_get_stderr (result));
  assert_file (out, "to out");
  assert_file (err, "to err");

  assert_open (out_fd, TRUE);
  g_clear_object (&command);
  assert_open (out_fd, FALSE);
  assert_open (err_fd, FALSE);
}

/* The last call counts, and what an earlier one took is closed at once. */
static void
test_replace (void)
{
  g_autoptr(ProctorCommand) command = child_command ("stdio", NULL);
  g_autoptr(ProctorResult) result = NULL;
  g_autofree char *out = NULL;
  int ends[2];

  make_pipe (ends);
  proctor_command_take_stdin_fd (command, ends[0]);
  proctor_command_set_stdin (command, PROCTOR_STDIO_DEVNULL);
  assert_open (ends[0], FALSE);
  proctor_command_take_stdin_fd (command, ends[1]);
  proctor_command_set_stdin_path (command, "/dev/null");
  assert_open (ends[1], FALSE);

  result = run_or_abort (command, NULL);
  out = proctor_result_dup_stdout_utf8 (result, NULL);
  g_assert_true (g_str_has_prefix (out, "other r 0\npipe w"));
}

static void
test_release (void)
{
  g_autoptr(ProctorCommand) command = child_command ("echo", "through", NULL);
  g_autoptr(ProctorProcess) process = NULL;
  g_autoptr(GError) error = NULL;
  g_autofree char *text = NULL;
  int ends[2];

  make_pipe (ends);
  proctor_command_take_stdout_fd (command, ends[1]);
  process = spawn_or_abort (command);
  proctor_command_release_fds (command);

  /* The handle lives, and holds nothing. */
  text = read_all (ends[0]);
  g_assert_cmpstr (text, ==, "through\n");
  assert_open (ends[1], FALSE);
  assert_returncode (process, 0);
  close (ends[0]);

  g_assert_null (way_spawn (command, NULL, &error));
  g_assert_error (error, G_IO_ERROR, G_IO_ERROR_CLOSED);
  g_assert_nonnull (strstr (error->message, "stdout"));

  proctor_command_set_stdout (command, PROCTOR_STDIO_PIPE);
  g_clear_object (&process);
  process = spawn_or_abort (command);
  assert_returncode (process, 0);
}

/* A spawn that fails gives its share back, too. */
static void
test_release_after_failure (void)
{
  g_autoptr(ProctorCommand) command = proctor_command_new ("/no/such/program", NULL);
  g_autoptr(GError) error = NULL;
  g_autofree char *text = NULL;
  int ends[2];

  make_pipe (ends);
  proctor_command_take_stdout_fd (command, ends[1]);
  proctor_command_set_fd (command, ends[0], 9);
  g_assert_null (way_spawn (command, NULL, &error));
  g_assert_error (error, G_IO_ERROR, G_IO_ERROR_NOT_FOUND);
  assert_open (ends[1], TRUE);
  proctor_command_release_fds (command);
  text = read_all (ends[0]);
  g_assert_cmpstr (text, ==, "");
  close (ends[0]);
}

/* Each of the three may be made of another one's. */
static void
test_swapped_stdio (void)
{
  g_autofree char *path = work_path ("swapped");
  g_autoptr(ProctorCommand) command = child_command ("say", "out", "err", NULL);
  g_autoptr(ProctorProcess) process = NULL;
  int saved = dup (STDERR_FILENO);
  int file = open (path, O_RDWR | O_CREAT | O_CLOEXEC, 0600);

  dup2 (file, STDERR_FILENO);
  proctor_command_set_stdout_fd (command, STDERR_FILENO);
  proctor_command_set_stderr (command, PROCTOR_STDIO_STDOUT);
  process = spawn_or_abort (command);
  assert_returncode (process, 0);
  dup2 (saved, STDERR_FILENO);
  close (saved);
  close (file);
  assert_file (path, "outerr");
}

/* ---- extra fds */

static void
test_set_fd (void)
{
  g_autofree char *path = work_file ("numbers", "");
  g_autoptr(ProctorCommand) command = child_command ("fds", NULL);
  g_autoptr(ProctorResult) result = NULL;
  g_autofree char *real = realpath (path, NULL);
  g_autofree char *wanted = g_strdup_printf ("\n5 %s\n17 %s\n", real, real);
  g_autofree char *out = NULL;
  int fd = open (path, O_RDONLY | O_CLOEXEC);

  proctor_command_set_fd (command, fd, 5);
  proctor_command_take_fd (command, fd, 17);
  result = run_or_abort (command, NULL);
  out = proctor_result_dup_stdout_utf8 (result, NULL);
  g_assert_nonnull (strstr (out, wanted));
  g_clear_object (&command);
  assert_open (fd, FALSE);
}

/* A target of 0, 1 or 2 is that stdio. */
static void
test_set_fd_as_stdio (void)
{
  g_autofree char *in = work_file ("in", "text");
  g_autofree char *both = work_path ("both");
  g_autoptr(ProctorCommand) command = child_command ("cat", NULL);
  g_autoptr(ProctorResult) result = NULL;
  g_autoptr(GBytes) input = g_bytes_new_static ("x", 1);
  g_autoptr(GError) error = NULL;
  int in_fd = open (in, O_RDONLY | O_CLOEXEC);
  int out_fd = open (both, O_WRONLY | O_CREAT | O_CLOEXEC, 0600);

  proctor_command_take_fd (command, in_fd, 0);
  proctor_command_take_fd (command, out_fd, 1);
  proctor_command_set_stderr (command, PROCTOR_STDIO_STDOUT);
  g_assert_null (way_run (command, input, NULL, &error));
  g_assert_error (error, G_IO_ERROR, G_IO_ERROR_INVALID_ARGUMENT);

  result = run_or_abort (command, NULL);
  g_assert_null (proctor_result_get_stdout (result));
  g_assert_null (proctor_result_get_stderr (result));
  assert_file (both, "text");
}

#define MAX_TARGET 40

/* What a fd is open on, in the words of /proc. */
static void
add_fd (GString *text,
        int      target,
        int      source)
{
  char link[64];
  char name[512] = "";
  ssize_t length;

  g_snprintf (link, sizeof link, "/proc/self/fd/%d", source);
  length = readlink (link, name, sizeof name - 1);
  g_assert_cmpint (length, >, 0);
  g_string_append_printf (text, "%d %.*s\n", target, (int) length, name);
}

/* Sources of all kinds and numbers, some taken and some not, to targets that are sources of others;
 * the child says what it has.
 */
static void
run_random_map (guint round)
{
  g_autoptr(ProctorCommand) command = NULL;
  g_autofree char *seen_path = g_strdup_printf ("%s/seen-%u", work_directory, round);
  g_autoptr(GString) expected = g_string_new (NULL);
  g_autoptr(ProctorProcess) process = NULL;
  g_autofree char *seen = NULL;
  int sources[12];
  int by_target[MAX_TARGET];
  guint n_sources = 1 + (guint) g_test_rand_int_range (0, G_N_ELEMENTS (sources));

  command = child_command ("fds", seen_path, NULL);
  for (guint i = 0; i < MAX_TARGET; i++)
    by_target[i] = -1;
  for (guint i = 0; i < n_sources; i++)
    {
      g_autofree char *name = g_strdup_printf ("source-%u", i);
      g_autofree char *path = work_file (name, "");
      int fd = open (path, O_RDWR | O_CLOEXEC);

      /* At numbers that collide with targets. */
      sources[i] = fcntl (fd, g_test_rand_bit () ? F_DUPFD : F_DUPFD_CLOEXEC,
                          g_test_rand_int_range (3, MAX_TARGET));
      close (fd);
    }

  for (int target = 0; target < MAX_TARGET; target++)
    {
      int source = sources[g_test_rand_int_range (0, (int) n_sources)];

      if (g_test_rand_int_range (0, 3) != 0)
        continue;
      if (g_test_rand_int_range (0, 8) == 0)
        source = g_test_rand_int_range (0, 3);
      by_target[target] = source;
      proctor_command_set_fd (command, source, target);
    }
  for (int target = 0; target < MAX_TARGET; target++)
    {
      if (by_target[target] >= 0)
        add_fd (expected, target, by_target[target]);
      else if (target < 3)
        add_fd (expected, target, target);
    }

  process = spawn_or_abort (command);
  assert_returncode (process, 0);
  for (guint i = 0; i < n_sources; i++)
    close (sources[i]);
  g_assert_true (g_file_get_contents (seen_path, &seen, NULL, NULL));
  g_assert_cmpstr (seen, ==, expected->str);
}

static void
test_random_maps (void)
{
  for (guint round = 0; round < scaled (500); round++)
    run_random_map (round);
}

/* ---- bad input */

typedef struct
{
  const char *name;
  void (*set) (ProctorCommand *command);
  int code; /* of PROCTOR_ERROR, or, with `io`, of G_IO_ERROR */
  gboolean io;
  const char *words;
} Refusal;

static void
set_closed_stdin (ProctorCommand *command)
{
  proctor_command_set_stdin_fd (command, 987);
}

static void
take_closed_stdout (ProctorCommand *command)
{
  proctor_command_take_stdout_fd (command, 986);
}

static void
set_negative_stderr (ProctorCommand *command)
{
  proctor_command_set_stderr_fd (command, -4);
}

static void
set_negative_source (ProctorCommand *command)
{
  proctor_command_set_fd (command, -1, 7);
}

static void
set_negative_target (ProctorCommand *command)
{
  proctor_command_set_fd (command, 1, -7);
}

static void
set_target_twice (ProctorCommand *command)
{
  proctor_command_set_fd (command, 1, 33);
  proctor_command_set_fd (command, 2, 33);
}

static void
set_stdout_twice (ProctorCommand *command)
{
  proctor_command_set_stdout (command, PROCTOR_STDIO_PIPE);
  proctor_command_set_fd (command, 2, 1);
}

static void
set_stdin_twice (ProctorCommand *command)
{
  proctor_command_set_stdin_path (command, "/dev/null");
  proctor_command_set_fd (command, 2, 0);
}

static void
set_stderr_twice (ProctorCommand *command)
{
  proctor_command_set_stderr_fd (command, 2);
  proctor_command_set_fd (command, 1, 2);
}

static void
set_target_too_high (ProctorCommand *command)
{
  proctor_command_set_fd (command, 1, G_MAXINT - 1);
}

static void
set_target_highest (ProctorCommand *command)
{
  proctor_command_set_fd (command, 1, G_MAXINT);
}

static void
set_pipe_too_large (ProctorCommand *command)
{
  proctor_command_set_pipe_size (command, (gsize) G_MAXINT + 1);
}

static void
set_window_too_flat (ProctorCommand *command)
{
  proctor_command_set_window_size (command, 0, 81);
}

static void
set_window_too_wide (ProctorCommand *command)
{
  proctor_command_set_window_size (command, 24, 65536);
}

static void
set_terminal_and_group (ProctorCommand *command)
{
  proctor_command_set_stdout (command, PROCTOR_STDIO_PTY);
  proctor_command_set_process_group (command, 0);
}

static void
set_empty_path (ProctorCommand *command)
{
  proctor_command_set_stderr_path (command, "", TRUE);
}

static void
set_missing_path (ProctorCommand *command)
{
  proctor_command_set_stdin_path (command, "/no/such/\377file");
}

static void
set_directory_path (ProctorCommand *command)
{
  proctor_command_set_stdout_path (command, "/", FALSE);
}

static const Refusal refusals[] = {
  { "stdin-closed", set_closed_stdin, PROCTOR_ERROR_INVALID_COMMAND, FALSE, "987" },
  { "stdin-closed-named", set_closed_stdin, PROCTOR_ERROR_INVALID_COMMAND, FALSE, "stdin" },
  { "stdout-closed", take_closed_stdout, PROCTOR_ERROR_INVALID_COMMAND, FALSE, "986" },
  { "stderr-negative", set_negative_stderr, PROCTOR_ERROR_INVALID_COMMAND, FALSE, "-4" },
  { "source-negative", set_negative_source, PROCTOR_ERROR_INVALID_COMMAND, FALSE, "-1" },
  { "target-negative", set_negative_target, PROCTOR_ERROR_INVALID_COMMAND, FALSE, "-7" },
  { "target-twice", set_target_twice, PROCTOR_ERROR_INVALID_COMMAND, FALSE, "33" },
  { "stdin-twice", set_stdin_twice, PROCTOR_ERROR_INVALID_COMMAND, FALSE, "stdin" },
  { "stdout-twice", set_stdout_twice, PROCTOR_ERROR_INVALID_COMMAND, FALSE, "stdout" },
  { "stderr-twice", set_stderr_twice, PROCTOR_ERROR_INVALID_COMMAND, FALSE, "stderr" },
  { "target-high", set_target_too_high, PROCTOR_ERROR_INVALID_COMMAND, FALSE, "2147483646" },
  { "target-highest", set_target_highest, PROCTOR_ERROR_INVALID_COMMAND, FALSE, "2147483647" },
  { "pipe-size", set_pipe_too_large, PROCTOR_ERROR_INVALID_COMMAND, FALSE, "2147483648" },
  { "window-flat", set_window_too_flat, PROCTOR_ERROR_INVALID_COMMAND, FALSE, "0 rows and 81" },
  { "window-wide", set_window_too_wide, PROCTOR_ERROR_INVALID_COMMAND, FALSE, "65536" },
  { "terminal-group", set_terminal_and_group, PROCTOR_ERROR_INVALID_COMMAND, FALSE, "group 0" },
  { "path-empty", set_empty_path, PROCTOR_ERROR_INVALID_COMMAND, FALSE, "stderr" },
  { "path-missing", set_missing_path, G_IO_ERROR_NOT_FOUND, TRUE, "/no/such/" },
  { "path-directory", set_directory_path, G_IO_ERROR_IS_DIRECTORY, TRUE, "“/”" },
};

static void
test_refusals (void)
{
  for (guint i = 0; i < G_N_ELEMENTS (refusals); i++)
    {
      const Refusal *refusal = &refusals[i];
      g_autofree char *mark = work_path (refusal->name);
      g_autoptr(ProctorCommand) command = child_command ("mark", mark, NULL);
      g_autoptr(GError) error = NULL;
      GQuark domain = refusal->io ? G_IO_ERROR : PROCTOR_ERROR;

      g_test_message ("%s", refusal->name);
      refusal->set (command);
      g_assert_null (way_spawn (command, NULL, &error));
      g_assert_error (error, domain, refusal->code);
      g_assert_nonnull (strstr (error->message, refusal->words));
      g_assert_true (g_utf8_validate (error->message, -1, NULL));
      g_assert_false (g_file_test (mark, G_FILE_TEST_EXISTS));
    }
}

/* The fds run out at each step of making ready in turn: nothing is left of any. */
static void
test_no_more_fds (void)
{
  static const ProctorStdio kinds[] = { PROCTOR_STDIO_PIPE, PROCTOR_STDIO_SOCKET,
                                        PROCTOR_STDIO_PTY };
  struct rlimit old;
  struct rlimit none;
  int highest = open ("/dev/null", O_RDONLY | O_CLOEXEC);

  close (highest);
  g_assert_cmpint (getrlimit (RLIMIT_NOFILE, &old), ==, 0);
  none = old;
  for (guint i = 0; i < G_N_ELEMENTS (kinds); i++)
    {
      gboolean succeeded = FALSE;
      guint n_failures = 0;

      /* valgrind 3.19 says that a socket pair was made which it has closed, since it is too much. */
      if (is_in_valgrind () && kinds[i] == PROCTOR_STDIO_SOCKET)
        continue;

      /* Something of the spawn before may be open for a moment. */
      for (rlim_t room = 0; room < 32; room++)
        {
          g_autoptr(ProctorCommand) command = child_command ("exit", "0", NULL);
          g_autoptr(GError) error = NULL;
          g_autoptr(ProctorProcess) process = NULL;

          proctor_command_set_stdin (command, kinds[i]);
          proctor_command_set_stdout (command, kinds[i]);
          proctor_command_set_stderr (command, kinds[i]);
          none.rlim_cur = (rlim_t) highest + room;
          g_assert_cmpint (setrlimit (RLIMIT_NOFILE, &none), ==, 0);
          process = way_spawn (command, NULL, &error);
          g_assert_cmpint (setrlimit (RLIMIT_NOFILE, &old), ==, 0);
          succeeded = process != NULL;
          n_failures += !succeeded;
          if (!succeeded)
            g_assert_error (error, G_IO_ERROR, G_IO_ERROR_TOO_MANY_OPEN_FILES);
          else
            assert_returncode (process, 0);
        }
      g_assert_true (succeeded);
      g_assert_cmpuint (n_failures, >, 2);
    }
}

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
  { "set-stdin-fd", test_set_stdin_fd, ALL_WAYS },
  { "take-outputs", test_take_outputs, ALL_WAYS },
  { "replace", test_replace, ALL_WAYS },
  { "release", test_release, ALL_WAYS },
  { "release-after-failure", test_release_after_failure, ALL_WAYS },
  { "swapped-stdio", test_swapped_stdio, ALL_WAYS },
  { "set-fd", test_set_fd, ALL_WAYS },
  { "set-fd-as-stdio", test_set_fd_as_stdio, ALL_WAYS },
  { "random-maps", test_random_maps, ONE_WAY },
  { "refusals", test_refusals, ALL_WAYS },
  { "no-more-fds", test_no_more_fds, ONE_WAY },
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
  return RUN_API_TESTS (argc, argv, "files", tests);
}
