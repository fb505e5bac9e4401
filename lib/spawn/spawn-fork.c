/* SPDX-License-Identifier: LGPL-2.1-or-later */

/* Thread: ANY. */

#include "config.h"

#include "spawn/spawn-fork.h"

#include <errno.h>
#include <fcntl.h>
#include <string.h>

#include "spawn/spawn-kernel.h"

static void
set_failure (SpawnChildJob *job,
             SpawnStep      step,
             int            errnum)
{
  job->report = (SpawnFailure) { .step = step, .index = -1, .errnum = errnum };
}

/* The end that the child writes to must not lie where the fd plan puts something. */
static gboolean
make_report_pipe (int fds[2],
                  int floor)
{
  int low;
  int saved_errno;

  if (pipe2 (fds, O_CLOEXEC) < 0)
    return FALSE;

  low = fds[1];
  fds[1] = fcntl (low, F_DUPFD_CLOEXEC, floor);
  saved_errno = errno;
  close (low);
  if (fds[1] >= 0)
    return TRUE;

  close (fds[0]);
  errno = saved_errno;
  return FALSE;
}

/* The list, with the pipe's end put where it belongs. There is room for it. */
static guint
insert_kept (int   *kept,
             guint  n_kept,
             int    fd)
{
  guint i = n_kept;

  while (i > 0 && kept[i - 1] > fd)
    {
      kept[i] = kept[i - 1];
      i--;
    }
  kept[i] = fd;

  return n_kept + 1;
}

/* The last record counts. The end comes with execve, which closes the child's end, or with the
 * child's own end.
 */
static void
read_reports (SpawnChildJob *job,
              int            fd)
{
  set_failure (job, SPAWN_STEP_NONE, 0);

  for (;;)
    {
      SpawnFailure record;
      ssize_t length = read (fd, &record, sizeof record);

      if (length < 0 && errno == EINTR)
        continue;
      if (length != sizeof record)
        return;
      job->report = record;
    }
}

/* _Fork and not fork: what the program registered with pthread_atfork is for children that go on
 * running its code, and may take locks that other threads hold.
 */
static pid_t
fork_child (SpawnChildJob *job)
{
  pid_t pid = _Fork ();

  if (pid == 0)
    spawn_child_main (job);

  return pid;
}

pid_t
spawn_fork (SpawnChildJob *job,
            SpawnBirth    *birth,
            gboolean       want_pidfd)
{
  int fds[2];
  pid_t pid;
  int errnum;

  if (!make_report_pipe (fds, job->plan->floor))
    {
      set_failure (job, SPAWN_STEP_PREPARE, errno);
      return -1;
    }

  job->shared_files = FALSE;
  job->report_fd = fds[1];
  job->n_kept = insert_kept (job->kept, job->n_kept, fds[1]);
  set_failure (job, SPAWN_STEP_NONE, 0);

  pid = fork_child (job);
  errnum = errno;
  close (fds[1]);
  if (pid > 0)
    {
      /* The child is ours to reap, so the pid is still its own. Without a pidfd, for want of a free
       * fd, the pid will do.
       */
      spawn_birth_publish (birth, pid, want_pidfd ? (int) syscall (SYS_pidfd_open, pid, 0) : -1);
      read_reports (job, fds[0]);
    }
  else
    {
      set_failure (job, SPAWN_STEP_CLONE, errnum);
    }
  close (fds[0]);

  return pid;
}
