/* Children that die with their parent: the parent is this program, started a second time.
 *
 * SPDX-License-Identifier: LGPL-2.1-or-later
 */

#include "config.h"

#include "api-testing.h"
#include "report-testing.h"

#include <sys/prctl.h>

#define PARENT_ARGUMENT "--be-the-parent"
#define READY "ready\n"

/* ---- the parent */

/* The child's stdin, stdout and stderr are the parent's. */
static gpointer
spawn_in_thread (gpointer data)
{
  ProctorCommand *command = data;
  g_autoptr(GError) error = NULL;
  ProctorProcess *process = proctor_command_spawn (command, NULL, &error);

  if (process == NULL)
    g_error ("%s", error->message);
  return process;
}

/* Arguments: the signal, and perhaps a path that the child's stdin is opened to. The thread that
 * has spawned ends, and nothing must come of that.
 */
static int
be_the_parent (int    argc,
               char **argv)
{
  g_autoptr(ProctorCommand) command =
    proctor_command_new (g_getenv ("PROCTOR_TEST_REPORT"), "hold", "0", NULL);
  GThread *thread;

  if (!proctor_init (NULL))
    return 1;

  proctor_command_set_parent_death_signal (command, atoi (argv[2]));
  if (argc > 3)
    proctor_command_set_stdin_path (command, argv[3]);
  thread = g_thread_new ("spawns", spawn_in_thread, command);
  g_thread_join (thread);

  if (write (STDOUT_FILENO, READY, strlen (READY)) < 0)
    return 1;
  for (;;)
    pause ();
}

/* ---- the test */

static ProctorProcess *
start_parent (int         signum,
              const char *path,
              gboolean    by_fork)
{
  g_autofree char *number = g_strdup_printf ("%d", signum);
  /* Not the link itself, which is valgrind's own program where that runs this one. */
  g_autofree char *program = g_file_read_link ("/proc/self/exe", NULL);
  g_autoptr(ProctorCommand) command =
    proctor_command_new (program, PARENT_ARGUMENT, number, path, NULL);

  proctor_command_set_stdin (command, PROCTOR_STDIO_PIPE);
  proctor_command_set_stdout (command, PROCTOR_STDIO_PIPE);
  if (by_fork)
    proctor_command_setenv (command, "PROCTOR_SPAWN", "fork");

  return spawn_or_abort (command);
}

static char *
read_until_ready (ProctorProcess *parent)
{
  ProctorStreamReader *reader = proctor_process_get_stdout (parent);
  GString *text = g_string_new (NULL);

  while (strstr (text->str, READY) == NULL || strstr (text->str, "}\n") == NULL)
    {
      g_autoptr(GError) error = NULL;
      g_autoptr(GBytes) line = proctor_stream_reader_read_line (reader, NULL, &error);

      g_assert_no_error (error);
      g_assert_cmpuint (g_bytes_get_size (line), >, 0);
      g_string_append_len (text, g_bytes_get_data (line, NULL), (gssize) g_bytes_get_size (line));
    }

  return g_string_free (text, FALSE);
}

/* All processes that have the pipe's end are gone, and have said nothing more. */
static void
assert_end (ProctorProcess *parent)
{
  g_autoptr(GError) error = NULL;
  g_autoptr(GBytes) rest =
    proctor_stream_reader_read_to_end (proctor_process_get_stdout (parent), NULL, &error);

  g_assert_no_error (error);
  g_assert_cmpuint (g_bytes_get_size (rest), ==, 0);
}

static void
check_death (int      signum,
             gboolean by_fork)
{
  g_autoptr(ProctorProcess) parent = start_parent (signum, NULL, by_fork);
  g_autofree char *report = read_until_ready (parent);
  pid_t child = (pid_t) report_get_number (report, "pid");

  g_assert_cmpint (report_get_number (report, "ppid"), ==, proctor_process_get_pid (parent));
  g_assert_cmpint (report_get_number (report, "parent_death_signal"), ==, signum);
  g_assert_cmpint (kill (child, 0), ==, 0);

  g_assert_true (proctor_process_kill (parent, NULL));
  assert_end (parent);
  assert_returncode (parent, -SIGKILL);
}

static void
test_death (void)
{
  check_death (SIGKILL, FALSE);
  check_death (SIGTERM, FALSE);
  check_death (SIGKILL, TRUE);
}

/* A child of this process that sleeps, or 0. */
static pid_t
find_sleeping_child_of (pid_t parent)
{
  GDir *directory = g_dir_open ("/proc", 0, NULL);
  const char *name;
  pid_t found = 0;

  while (found == 0 && (name = g_dir_read_name (directory)) != NULL)
    {
      g_autofree char *path = g_build_filename ("/proc", name, "stat", NULL);
      g_autofree char *content = NULL;
      const char *end;
      char state;
      int ppid;

      if (g_ascii_isdigit (name[0]) && g_file_get_contents (path, &content, NULL, NULL)
          && (end = strrchr (content, ')')) != NULL
          && sscanf (end, ") %c %d", &state, &ppid) == 2 && ppid == parent && state == 'S')
        found = atoi (name);
    }
  g_dir_close (directory);

  return found;
}

/* Waits for a child that has not said anything yet. The library tries what it can do with children,
 * too, but those do not stay.
 */
static void
await_child_of (pid_t parent)
{
  gint64 deadline = g_get_monotonic_time () + 20 * G_TIME_SPAN_SECOND;
  pid_t last = 0;
  guint n_seen = 0;

  while (n_seen < 5)
    {
      pid_t child = find_sleeping_child_of (parent);

      n_seen = child != 0 && child == last ? n_seen + 1 : 0;
      last = child;
      g_assert_cmpint (g_get_monotonic_time (), <, deadline);
      g_usleep (500);
    }
}

/* The parent dies while its child is still on its way to exec, held up by a FIFO: the kernel has
 * not been asked yet to tell of it.
 */
static void
check_early_death (int      signum,
                   gboolean by_fork)
{
  g_autofree char *fifo = work_path ("fifo");
  g_autoptr(ProctorProcess) parent = NULL;
  int fd;

  g_assert_cmpint (mkfifo (fifo, 0600), ==, 0);
  parent = start_parent (signum, fifo, by_fork);
  await_child_of (proctor_process_get_pid (parent));

  g_assert_true (proctor_process_kill (parent, NULL));
  assert_returncode (parent, -SIGKILL);

  fd = open (fifo, O_RDWR | O_CLOEXEC);
  g_assert_cmpint (fd, >=, 0);
  assert_end (parent);
  close (fd);
  g_unlink (fifo);
}

static void
test_early_death (void)
{
  for (guint i = 0; i < scaled (10); i++)
    {
      check_early_death (SIGKILL, FALSE);
      check_early_death (SIGTERM, FALSE);
      check_early_death (SIGKILL, TRUE);
    }
}

/* Without the attribute the child outlives its parent. */
static void
test_no_death (void)
{
  g_autoptr(ProctorProcess) parent = start_parent (0, NULL, FALSE);
  g_autofree char *report = read_until_ready (parent);
  pid_t child = (pid_t) report_get_number (report, "pid");

  g_assert_true (proctor_process_kill (parent, NULL));
  assert_returncode (parent, -SIGKILL);
  g_assert_cmpint (kill (child, 0), ==, 0);
  g_assert_false (proctor_stream_reader_at_eof (proctor_process_get_stdout (parent)));

  /* It ends with its stdin. */
  g_assert_true (g_output_stream_close (G_OUTPUT_STREAM (proctor_process_get_stdin (parent)), NULL,
                                        NULL));
  assert_end (parent);
}

static const ApiTest tests[] = {
  { "death", test_death },
  { "early-death", test_early_death, TWO_WAYS },
  { "no-death", test_no_death },
};

int
main (int    argc,
      char **argv)
{
  if (argc > 2 && strcmp (argv[1], PARENT_ARGUMENT) == 0)
    return be_the_parent (argc, argv);

  return RUN_API_TESTS (argc, argv, "parent-death", tests);
}
