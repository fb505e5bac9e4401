/* Ten thousand children alive at once. What one exit costs with all of them and with ten is
 * printed, not checked.
 *
 * SPDX-License-Identifier: LGPL-2.1-or-later
 */

#include "config.h"

#include "crew.h"

#define N_MANY 10000
#define N_FEW 10
#define N_MEASURED 200
/* What the test itself needs beside one pidfd for each child. */
#define N_SPARE_FDS 200
/* More in flight would only make a longer queue. */
#define MAX_IN_FLIGHT 64

typedef struct
{
  ProctorCommand *command; /* owned */
  GPtrArray *processes;    /* of owned ProctorProcess */
  guint n_in_flight;
  guint n_ended;
} Crowd;

static void
spawned (GObject      *source,
         GAsyncResult *result,
         gpointer      data)
{
  Crowd *self = data;
  g_autoptr(GError) error = NULL;
  ProctorProcess *process = proctor_command_spawn_finish (PROCTOR_COMMAND (source), result, &error);

  g_assert_no_error (error);
  g_ptr_array_add (self->processes, process);
  self->n_in_flight--;
}

static void
ended (GObject      *source,
       GAsyncResult *result,
       gpointer      data)
{
  Crowd *self = data;
  g_autoptr(GError) error = NULL;
  int returncode = 0;

  g_assert_true (proctor_process_wait_finish (PROCTOR_PROCESS (source), result, &returncode,
                                              &error));
  g_assert_no_error (error);
  g_assert_cmpint (returncode, ==, -SIGKILL);
  self->n_ended++;
}

static void
grow_to (Crowd *self,
         guint  n_processes)
{
  while (self->processes->len < n_processes)
    {
      while (self->n_in_flight < MAX_IN_FLIGHT &&
             self->processes->len + self->n_in_flight < n_processes)
        {
          proctor_command_spawn_async (self->command, NULL, spawned, self);
          self->n_in_flight++;
        }
      g_main_context_iteration (NULL, TRUE);
    }
}

static void
kill_last (Crowd *self)
{
  g_autoptr(ProctorProcess) process =
    g_ptr_array_steal_index (self->processes, self->processes->len - 1);
  g_autoptr(GError) error = NULL;

  proctor_process_wait_async (process, NULL, ended, self);
  g_assert_true (proctor_process_kill (process, &error));
  g_assert_no_error (error);
}

static gint64
cpu_time (void)
{
  struct timespec now;

  clock_gettime (CLOCK_PROCESS_CPUTIME_ID, &now);
  return now.tv_sec * G_TIME_SPAN_SECOND + now.tv_nsec / 1000;
}

/* One after another; what it costs this program, in microseconds of CPU. */
static gint64
measure_exits (Crowd *self)
{
  guint n = scaled (N_MEASURED);
  gint64 start = cpu_time ();

  for (guint i = 0; i < n; i++)
    {
      guint n_before = self->n_ended;

      kill_last (self);
      while (self->n_ended == n_before)
        g_main_context_iteration (NULL, TRUE);
    }
  return (cpu_time () - start) / n;
}

static guint
many (void)
{
  struct rlimit limit;

  g_assert_cmpint (getrlimit (RLIMIT_NOFILE, &limit), ==, 0);
  return MIN (scaled (N_MANY), (guint) MIN (limit.rlim_cur, G_MAXINT) - N_SPARE_FDS);
}

static void
run_crowd (ProctorChildWatcher *(*make) (GError **error))
{
  g_autoptr(GError) error = NULL;
  g_autoptr(ProctorChildWatcher) watcher = make (&error);
  Crowd crowd = { 0 };
  gint64 few, all;
  guint n = many ();

  if (g_error_matches (error, G_IO_ERROR, G_IO_ERROR_NOT_SUPPORTED))
    {
      g_test_skip (error->message);
      return;
    }
  g_assert_no_error (error);
  g_assert_true (proctor_set_child_watcher (watcher, &error));
  crowd.command = child_command ("sleep", "1000", NULL);
  crowd.processes = g_ptr_array_new_with_free_func (g_object_unref);

  grow_to (&crowd, N_FEW + scaled (N_MEASURED));
  few = measure_exits (&crowd);
  grow_to (&crowd, n);
  for (guint i = 0; i < crowd.processes->len; i++)
    g_assert_cmpint (proctor_process_get_state (crowd.processes->pdata[i]), ==,
                     PROCTOR_PROCESS_RUNNING);
  all = measure_exits (&crowd);
  g_test_message ("CPU of one exit: %" G_GINT64_FORMAT " µs with %d alive, %" G_GINT64_FORMAT
                  " µs with %u", few, N_FEW, all, n);

  crowd.n_ended = 0;
  n = crowd.processes->len;
  while (crowd.processes->len > 0)
    kill_last (&crowd);
  while (crowd.n_ended < n)
    g_main_context_iteration (NULL, TRUE);

  g_ptr_array_unref (crowd.processes);
  g_object_unref (crowd.command);
  g_assert_true (proctor_set_child_watcher (NULL, &error));
  g_clear_object (&watcher);
  warm_up ();
}

static void
test_main (void)
{
  run_crowd (proctor_main_child_watcher_new);
}

static void
test_pidfd (void)
{
  run_crowd (proctor_pidfd_child_watcher_new);
}

int
main (int argc, char **argv)
{
  static const ApiTest tests[] = {
    { "main", test_main, ONE_WAY },
    { "pidfd", test_pidfd, ONE_WAY },
  };

  g_unsetenv ("PROCTOR_WATCHER");
  raise_fd_limit ();
  return RUN_API_TESTS (argc, argv, "many-children", tests);
}
