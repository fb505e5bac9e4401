/* What a command says of the child's file descriptors: given ones as stdio, extra ones at chosen
 * numbers, and what is no file descriptor, path or pipe at all.
 *
 * SPDX-License-Identifier: LGPL-2.1-or-later
 */

#include "config.h"

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

      /* valgrind 3.19 says that a socket pair was made which it has closed, since it is too much.
       */
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
};

int
main (int    argc,
      char **argv)
{
  return RUN_API_TESTS (argc, argv, "files", tests);
}
