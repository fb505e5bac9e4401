/* SPDX-License-Identifier: LGPL-2.1-or-later */

/* Thread: ANY. */

#include "config.h"

#include "diagnose/trial.h"

#include <errno.h>
#include <glib/gi18n-lib.h>
#include <signal.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/wait.h>
#include <unistd.h>

#include "diagnose/trial-child.h"
#include "spawn/spawn-clone.h"

/* Whatever is tried takes milliseconds, or two seconds where it does not work. */
#define TRIAL_TIME (10 * G_TIME_SPAN_SECOND)
#define LONGEST_SLEEP_USEC 5000

/* Looked at again and again, since where there are no pidfds, or not one fd left, only that has an
 * end for sure. As long as the kernel says that the child is there, its pid is its own.
 */
void
trial_reap (pid_t     pid,
            TrialEnd *end)
{
  gint64 deadline = g_get_monotonic_time () + TRIAL_TIME;
  gulong sleep = 100;

  *end = (TrialEnd) { 0 };
  for (;;)
    {
      pid_t result = waitpid (pid, &end->status, WNOHANG);

      if (result == pid)
        {
          end->has_status = TRUE;
          return;
        }
      if (result < 0 && errno != EINTR)
        return;
      if (!end->hung && g_get_monotonic_time () > deadline)
        {
          end->hung = TRUE;
          kill (pid, SIGKILL);
        }
      g_usleep (sleep);
      sleep = MIN (sleep * 2, LONGEST_SLEEP_USEC);
    }
}

static void
set_errno_error (GError **error)
{
  int error_number = errno;

  g_set_error (error, G_IO_ERROR, g_io_error_from_errno (error_number),
               _("Could not make a process: %s"), g_strerror (error_number));
}

static void
set_end_error (GError         **error,
               const TrialEnd  *end)
{
  if (end->hung)
    g_set_error_literal (error, G_IO_ERROR, G_IO_ERROR_TIMED_OUT,
                         _("A process that tried it had to be killed after ten seconds"));
  else if (end->has_status && WIFSIGNALED (end->status))
    g_set_error (error, G_IO_ERROR, G_IO_ERROR_FAILED,
                 _("A process that tried it was killed by signal %d"), WTERMSIG (end->status));
  else
    g_set_error_literal (error, G_IO_ERROR, G_IO_ERROR_FAILED,
                         _("A process that tried it did not come to its end"));
}

static pid_t
fork_trial (TrialFunc  func,
            Trial     *trial)
{
  SpawnGuard guard;
  int error_number;
  pid_t pid;

  spawn_guard_enter (&guard);
  pid = _Fork ();
  if (pid == 0)
    trial_child_main (func, trial);
  error_number = errno;
  spawn_guard_leave (&guard);

  errno = error_number;
  return pid;
}

gboolean
trial_run (TrialFunc   func,
           void       *data,
           gsize       size,
           GError    **error)
{
  gsize length = sizeof (Trial) + size;
  Trial *trial = mmap (NULL, length, PROT_READ | PROT_WRITE, MAP_SHARED | MAP_ANONYMOUS, -1, 0);
  TrialEnd end;
  gboolean done;
  pid_t pid;

  if (trial == MAP_FAILED)
    {
      set_errno_error (error);
      return FALSE;
    }

  memcpy (trial->data, data, size);
  pid = fork_trial (func, trial);
  if (pid < 0)
    {
      set_errno_error (error);
      munmap (trial, length);
      return FALSE;
    }

  trial_reap (pid, &end);
  done = trial->done && !end.hung;
  memcpy (data, trial->data, size);
  munmap (trial, length);
  if (!done)
    set_end_error (error, &end);
  return done;
}
