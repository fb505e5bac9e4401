/* Children that end, or hang, before they have become another program; and many spawns at once.
 *
 * SPDX-License-Identifier: LGPL-2.1-or-later
 */

#include "config.h"

#include "spawn-testing.h"

#include <poll.h>

/* A thread that waits for a child of this process to have opened a file, and then ends it. */
typedef struct
{
  SpawnBirth *birth;
  const char *marker; /* the file */
  int pipe_read;      /* a pipe whose other end the child must not hold */
  int pipe_write;
  gboolean by_signal; /* kill instead of abort */
} Aborter;

static gboolean
has_open (const char *pid,
          const char *target)
{
  g_autofree char *path = g_build_filename ("/proc", pid, "fd", NULL);
  DIR *directory = opendir (path);
  gboolean found = FALSE;
  struct dirent *entry;

  if (directory == NULL)
    return FALSE;
  while (!found && (entry = readdir (directory)) != NULL)
    {
      char link[4096];
      ssize_t length = readlinkat (dirfd (directory), entry->d_name, link, sizeof link);

      found = length > 0 && strlen (target) == (size_t) length
              && memcmp (link, target, (size_t) length) == 0;
    }
  closedir (directory);

  return found;
}

static gboolean
is_child (const char *pid)
{
  g_autofree char *path = g_build_filename ("/proc", pid, "stat", NULL);
  g_autofree char *stat_line = NULL;
  const char *state;

  if (!g_file_get_contents (path, &stat_line, NULL, NULL))
    return FALSE;
  state = strrchr (stat_line, ')');

  return state != NULL && atoi (state + strlen (") S ")) == getpid ();
}

/* 0 if there is no such child. */
static pid_t
find_child_with (const char *file)
{
  DIR *directory = opendir ("/proc");
  struct dirent *entry;
  pid_t found = 0;

  while (found == 0 && (entry = readdir (directory)) != NULL)
    {
      const char *pid = entry->d_name;

      if (g_ascii_isdigit (pid[0]) && is_child (pid) && has_open (pid, file))
        found = atoi (pid);
    }
  closedir (directory);

  return found;
}

static gpointer
abort_when_stuck (gpointer data)
{
  Aborter *self = data;
  struct pollfd end = { .fd = self->pipe_read, .events = POLLIN };
  gboolean hung_up;
  gint64 deadline = g_get_monotonic_time () + DEADLINE_MSEC * 1000;
  pid_t pid;

  while ((pid = find_child_with (self->marker)) == 0 && g_get_monotonic_time () < deadline)
    g_usleep (500);

  close (self->pipe_write);
  hung_up = poll (&end, 1, DEADLINE_MSEC) == 1 && (end.revents & POLLHUP) != 0;
  close (self->pipe_read);

  /* If it was not found the spawner, which wants to see the step, says so. */
  if (self->by_signal && pid != 0)
    kill (pid, SIGKILL);
  else
    spawn_birth_abort (self->birth);

  /* Not before: a child that is left hanging would outlive the test. */
  g_assert_true (hung_up);

  return NULL;
}

/* A child that opens a file and then hangs in opening a FIFO. */
static char *
run_init_stuck (Run        *run,
                const char *marker)
{
  char *fifo = work_path ("fifo");

  unlink (fifo);
  g_assert_cmpint (mkfifo (fifo, 0600), ==, 0);
  run_init (run, "exit", "0");
  if (marker != NULL)
    run_open (run, marker, O_RDONLY, 1);
  run_open (run, fifo, O_RDONLY, 0);

  return fifo;
}

static void
end_stuck_child (gboolean by_signal)
{
  g_autofree char *marker_name = work_file ("marker", "", 0600);
  g_autofree char *marker = realpath (marker_name, NULL);
  Resources before;

  resources_take (&before);
  for (guint i = 0; i < scaled (20); i++)
    {
      g_autoptr(SpawnBirth) birth = spawn_birth_new ();
      Aborter aborter = { .birth = birth, .marker = marker, .by_signal = by_signal };
      g_autofree char *fifo = NULL;
      GThread *thread;
      int fds[2];
      Run run;

      fifo = run_init_stuck (&run, marker);
      run.request.birth = birth;
      g_assert_cmpint (pipe2 (fds, O_CLOEXEC), ==, 0);
      aborter.pipe_read = fds[0];
      aborter.pipe_write = fds[1];

      thread = g_thread_new ("aborter", abort_when_stuck, &aborter);
      g_assert_false (run_start (&run));
      g_thread_join (thread);
      g_assert_cmpint (run.failure.step, ==, SPAWN_STEP_OPEN);
      g_assert_cmpint (run.failure.errnum, ==, ECANCELED);
    }
  resources_check (&before);
}

static void
test_stuck (void)
{
  end_stuck_child (FALSE);
}

static void
test_killed (void)
{
  end_stuck_child (TRUE);
}

static void
test_too_early (void)
{
  g_autoptr(SpawnBirth) birth = spawn_birth_new ();
  g_autoptr(GError) error = NULL;
  Resources before;
  Run run;

  resources_take (&before);
  spawn_birth_abort (birth);
  run_init (&run, "exit", "0");
  run.request.birth = birth;
  g_assert_false (run_start (&run));
  g_assert_cmpint (run.failure.step, ==, SPAWN_STEP_NONE);
  g_assert_cmpint (run.failure.errnum, ==, ECANCELED);
  resources_check (&before);

  error = spawn_failure_to_error (&run.failure, &run.request);
  g_assert_error (error, G_IO_ERROR, G_IO_ERROR_CANCELLED);
  g_assert_cmpstr (error->message, ==, "Could not start a child process: Operation canceled");
}

static void
test_too_late (void)
{
  g_autoptr(SpawnBirth) birth = spawn_birth_new ();
  Run run;

  run_init (&run, "cat", NULL);
  run.request.birth = birth;
  run_open (&run, "/dev/null", O_RDONLY, 0);
  run_start_or_abort (&run);
  spawn_birth_abort (birth);
  g_assert_cmpint (run_finish (&run), ==, 0);
}

typedef struct
{
  SpawnBirth *birth;
  guint delay_usec;
} LateAbort;

static gpointer
abort_after (gpointer data)
{
  LateAbort *self = data;

  g_usleep (self->delay_usec);
  spawn_birth_abort (self->birth);

  return NULL;
}

/* Whenever the abort comes, the spawn of a child that hangs ends, and says the same. */
static void
test_any_moment (void)
{
  Resources before;

  resources_take (&before);
  for (guint i = 0; i < scaled (200); i++)
    {
      g_autoptr(SpawnBirth) birth = spawn_birth_new ();
      LateAbort late = { .birth = birth, .delay_usec = (guint) g_test_rand_int_range (0, 500) };
      g_autofree char *fifo = NULL;
      GThread *thread;
      Run run;

      fifo = run_init_stuck (&run, NULL);
      run.request.birth = birth;
      thread = g_thread_new ("aborter", abort_after, &late);
      g_assert_false (run_start (&run));
      g_thread_join (thread);
      g_assert_cmpint (run.failure.errnum, ==, ECANCELED);
      g_assert_cmpint (run.failure.step, <=, SPAWN_STEP_FDS);
    }
  resources_check (&before);
}

/* The abort meets a child that ends by itself, well or badly. */
static void
test_race (void)
{
  Resources before;

  resources_take (&before);
  for (guint i = 0; i < scaled (200); i++)
    {
      g_autoptr(SpawnBirth) birth = spawn_birth_new ();
      LateAbort late = { .birth = birth, .delay_usec = (guint) g_test_rand_int_range (0, 400) };
      gboolean good = i % 2 == 0;
      GThread *thread;
      Run run;

      run_init (&run, "exit", "0");
      if (!good)
        run.candidates[0] = "/nonexistent";
      run.request.birth = birth;
      thread = g_thread_new ("aborter", abort_after, &late);
      if (run_start (&run))
        {
          int code = run_finish (&run);

          g_assert_true (code == 0 || code == -SIGKILL);
        }
      else if (run.failure.errnum != ECANCELED)
        {
          g_assert_false (good);
          g_assert_cmpint (run.failure.errnum, ==, ENOENT);
        }
      g_thread_join (thread);
    }
  resources_check (&before);
}

static gpointer
spawn_many (gpointer data)
{
  const char *word = data;

  for (guint i = 0; i < scaled (40); i++)
    {
      g_autofree char *output = NULL;
      Run run;

      run_init (&run, "echo", word);
      output = run_for_output (&run);
      g_assert_true (g_str_has_prefix (output, word));

      run_init (&run, "echo", word);
      run.request.cwd = "/nonexistent";
      g_assert_false (run_start (&run));
      g_assert_cmpint (run.failure.step, ==, SPAWN_STEP_CHDIR);
    }

  return NULL;
}

static void
test_threads (void)
{
  static const char *words[] = { "one", "two", "three", "four", "five", "six", "seven", "eight" };
  GThread *threads[G_N_ELEMENTS (words)];
  Resources before;

  resources_take (&before);
  for (guint i = 0; i < G_N_ELEMENTS (words); i++)
    threads[i] = g_thread_new (words[i], spawn_many, (gpointer) words[i]);
  for (guint i = 0; i < G_N_ELEMENTS (words); i++)
    g_thread_join (threads[i]);
  resources_check (&before);
}

int
main (int    argc,
      char **argv)
{
  static const SpawnTest tests[] = {
    { "stuck", test_stuck },
    { "killed", test_killed },
    { "too-early", test_too_early },
    { "too-late", test_too_late },
    { "any-moment", test_any_moment },
    { "race", test_race },
    { "threads", test_threads },
  };

  return run_in_all_ways (&argc, &argv, "spawn-abort", tests, G_N_ELEMENTS (tests));
}
