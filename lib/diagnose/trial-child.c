/* Thread: CHILD. Runs in a forked copy of the program, which has none of its other threads: no
 * malloc, no lock, nothing of GLib's, system calls only. Sanitizers do not instrument it, since
 * their run time may have been left in the middle of something by another thread.
 *
 * SPDX-License-Identifier: LGPL-2.1-or-later
 */

#include "config.h"

#include "diagnose/trial-child.h"

#include <errno.h>
#include <fcntl.h>
#include <poll.h>
#include <sys/prctl.h>
#include <time.h>

#include "spawn/child-report.h"
#include "spawn/spawn-child.h"
#include "spawn/spawn-clone.h"
#include "spawn/spawn-kernel.h"
#include "watch/exit-info.h"

#define PATIENCE_MSEC 2000
#define LOOK_NSEC (1000 * 1000)
#define TRIED_STATUS 42

/* 0 or an errno. */
IN_CHILD static int
outcome_of (long result)
{
  return result < 0 ? errno : 0;
}

/* Signals are blocked, so that nothing of the program's runs here; SIGCHLD is as it is in a program
 * that does not care.
 */
IN_CHILD _Noreturn void
trial_child_main (TrialFunc  func,
                  Trial     *trial)
{
  signal (SIGCHLD, SIG_DFL);
  syscall (SYS_prctl, PR_SET_PDEATHSIG, SIGKILL, 0, 0, 0);
  func (trial->data);
  trial->done = TRUE;
  leave (0);
}

IN_CHILD static void
sleep_a_little (void)
{
  struct timespec time = { .tv_nsec = LOOK_NSEC };

  ppoll (NULL, 0, &time, NULL);
}

/* A child that waits to be killed. It does not outlive its parent. */
IN_CHILD static pid_t
fork_sleeper (void)
{
  pid_t pid = _Fork ();

  if (pid == 0)
    {
      struct timespec time = { .tv_sec = 60 };

      syscall (SYS_prctl, PR_SET_PDEATHSIG, SIGKILL, 0, 0, 0);
      ppoll (NULL, 0, &time, NULL);
      leave (0);
    }

  return pid;
}

IN_CHILD static int
poll_pidfd (int pidfd,
            int msec)
{
  struct timespec time = { .tv_sec = msec / 1000, .tv_nsec = msec % 1000 * 1000 * 1000 };
  struct pollfd pollfd = { .fd = pidfd, .events = POLLIN };
  int n = ppoll (&pollfd, 1, &time, NULL);

  if (n < 0)
    return errno;
  return n == 0 ? ETIME : 0;
}

/* The kernel tells the status a little after the child was reaped. */
IN_CHILD static int
ask_exit_info (int pidfd)
{
  int result = ESRCH;

  for (int i = 0; i < PATIENCE_MSEC / 10 && result == ESRCH; i++)
    {
      PidfdInfo info = { .mask = PIDFD_INFO_EXIT_BIT };

      result = outcome_of (syscall (SYS_ioctl, pidfd, PIDFD_GET_INFO_REQUEST, &info));
      if (result == 0 && (info.mask & PIDFD_INFO_EXIT_BIT) == 0)
        result = ESRCH;
      else if (result == 0 &&
               !(WIFSIGNALED (info.exit_code) && WTERMSIG (info.exit_code) == SIGKILL))
        result = EBADMSG;
      if (result == ESRCH)
        sleep_a_little ();
    }

  return result;
}

IN_CHILD void
trial_pidfd (void *data)
{
  PidfdTrial *trial = data;
  siginfo_t info;
  pid_t pid = fork_sleeper ();
  int pidfd;

  if (pid < 0)
    {
      trial->open = errno;
      return;
    }

  pidfd = (int) syscall (SYS_pidfd_open, pid, 0);
  trial->open = outcome_of (pidfd);
  if (pidfd >= 0)
    {
      trial->poll = poll_pidfd (pidfd, 0) == ETIME ? 0 : EBADMSG;
      trial->send_signal =
        outcome_of (syscall (SYS_pidfd_send_signal, pidfd, SIGKILL, NULL, 0));
    }
  if (trial->send_signal != 0)
    kill (pid, SIGKILL);
  if (pidfd >= 0)
    {
      if (trial->poll == 0)
        trial->poll = poll_pidfd (pidfd, PATIENCE_MSEC);
      trial->wait = outcome_of (
        syscall (SYS_waitid, KERNEL_P_PIDFD, pidfd, &info, WEXITED | WNOWAIT, NULL));
    }
  syscall (SYS_wait4, pid, NULL, 0, NULL);
  if (pidfd >= 0)
    trial->exit_info = ask_exit_info (pidfd);
}

IN_CHILD static void
try_clone (CloneTrial *trial)
{
  SpawnProbe probe = { .fd = -1 };
  int pidfd = -1;
  pid_t pid = spawn_clone (spawn_probe_main, &probe, CLONE_PIDFD, &pidfd);

  trial->pidfd = outcome_of (pid);
  if (pid >= 0 && pidfd < 0)
    trial->pidfd = EOPNOTSUPP;
  if (pid < 0)
    pid = spawn_clone (spawn_probe_main, &probe, 0, NULL);
  trial->clone = outcome_of (pid);
  /* Looked at before waiting: only a parent that really slept has it by now. */
  trial->memory_shared = pid >= 0 && probe.done;
  if (pid >= 0)
    syscall (SYS_wait4, pid, NULL, 0, NULL);
}

/* Only tried where memory is known to be shared, as the library does. */
IN_CHILD static int
try_clone3 (int cgroup)
{
  SpawnProbe probe = { .fd = -1 };
  pid_t pid = spawn_clone3 (spawn_probe_main, &probe, 0, NULL, cgroup);
  int result = outcome_of (pid);

  if (pid >= 0)
    {
      result = probe.done ? 0 : EBADMSG;
      syscall (SYS_wait4, pid, NULL, 0, NULL);
    }

  return result;
}

IN_CHILD void
trial_clone (void *data)
{
  CloneTrial *trial = data;

  try_clone (trial);
  if (trial->memory_shared)
    trial->clone3 = try_clone3 (-1);
}

IN_CHILD static int
open_null (void)
{
  return (int) syscall (SYS_openat, AT_FDCWD, "/dev/null", O_RDONLY | O_CLOEXEC, 0);
}

/* By the file that stands behind the fd in the program's own table. */
IN_CHILD void
trial_close_range (void *data)
{
  CloseRangeTrial *trial = data;
  SpawnProbe probe = { .unshare_files = TRUE };
  int fd = open_null ();
  pid_t pid;

  if (fd < 0)
    {
      trial->close = errno;
      return;
    }

  syscall (SYS_fcntl, fd, F_SETFD, 0);
  trial->cloexec = outcome_of (syscall (SYS_close_range, fd, fd, CLOSE_RANGE_CLOEXEC));
  if (trial->cloexec == 0 && syscall (SYS_fcntl, fd, F_GETFD) != FD_CLOEXEC)
    trial->cloexec = EBADMSG;
  trial->close = outcome_of (syscall (SYS_close_range, fd, fd, 0));
  if (trial->close == 0 && syscall (SYS_fcntl, fd, F_GETFD) >= 0)
    trial->close = EBADMSG;
  if (trial->close != 0 || !trial->memory_shared)
    return;

  probe.fd = open_null ();
  if (probe.fd < 0)
    {
      trial->unshare = errno;
      return;
    }
  pid = spawn_clone (spawn_probe_main, &probe, CLONE_FILES, NULL);
  trial->unshare = outcome_of (pid);
  if (pid < 0)
    return;
  syscall (SYS_wait4, pid, NULL, 0, NULL);
  if (!probe.done)
    trial->unshare = EBADMSG;
  else if (probe.errnum != 0)
    trial->unshare = probe.errnum;
  else if (syscall (SYS_fcntl, probe.fd, F_GETFD) < 0)
    trial->unshare = EBADMSG;
}

IN_CHILD void
trial_fds (void *data)
{
  FdTrial *trial = data;

  for (trial->opened = 0; trial->opened < trial->wanted; trial->opened++)
    {
      trial->error = outcome_of (open_null ());
      if (trial->error != 0)
        return;
    }
}

IN_CHILD void
trial_pipes (void *data)
{
  PipeTrial *trial = data;

  for (trial->grown = 0; trial->grown < trial->wanted; trial->grown++)
    {
      int fds[2];

      trial->error = outcome_of (syscall (SYS_pipe2, fds, O_CLOEXEC));
      if (trial->error != 0)
        return;
      if (trial->born_size == 0)
        trial->born_size = (int) syscall (SYS_fcntl, fds[0], F_GETPIPE_SZ);
      trial->error =
        outcome_of (syscall (SYS_fcntl, fds[0], F_SETPIPE_SZ, trial->wanted_size));
      if (trial->error != 0)
        return;
    }
}

IN_CHILD static int
write_to (const char *path,
          const char *character)
{
  int fd = (int) syscall (SYS_openat, AT_FDCWD, path, O_WRONLY | O_CLOEXEC, 0);

  return outcome_of (fd < 0 ? -1 : syscall (SYS_write, fd, character, 1));
}

IN_CHILD void
trial_cgroup (void *data)
{
  CgroupTrial *trial = data;
  int result;

  if (trial->memory_shared)
    {
      int fd = (int) syscall (SYS_openat, AT_FDCWD, trial->directory,
                              O_PATH | O_DIRECTORY | O_CLOEXEC, 0);

      trial->birth = fd < 0 ? errno : try_clone3 (fd);
    }
  trial->join = write_to (trial->procs, "0");
  if (trial->join != 0)
    return;
  result = write_to (trial->kill_file, "1");
  trial->kill = result != 0 ? result : EBADMSG;
}

/* The one in the middle: tells its parent who its child is, and ends once that is ready. The memory
 * is the program's, so all of them see it.
 */
IN_CHILD static _Noreturn void
be_parent (ParentDeathTrial *trial)
{
  pid_t pid = _Fork ();

  if (pid == 0)
    {
      struct timespec time = { .tv_sec = 60 };

      trial->set = outcome_of (syscall (SYS_prctl, PR_SET_PDEATHSIG, SIGKILL, 0, 0, 0));
      trial->ready = TRUE;
      ppoll (NULL, 0, &time, NULL);
      leave (0);
    }

  trial->grandchild = pid;
  if (pid < 0)
    trial->set = errno;
  while (pid > 0 && !trial->ready)
    sleep_a_little ();
  leave (0);
}

/* This copy adopts the grandchild, so that it can be reaped here, whatever came of it. */
IN_CHILD void
trial_parent_death (void *data)
{
  ParentDeathTrial *trial = data;
  int status = 0;
  pid_t reaped = 0;
  pid_t pid;

  syscall (SYS_prctl, PR_SET_CHILD_SUBREAPER, 1, 0, 0, 0);
  pid = _Fork ();
  if (pid == 0)
    be_parent (trial);
  if (pid < 0)
    {
      trial->set = errno;
      return;
    }
  syscall (SYS_wait4, pid, NULL, 0, NULL);
  if (trial->grandchild <= 0)
    return;

  for (int i = 0; i < PATIENCE_MSEC && reaped == 0; i++)
    {
      reaped = (pid_t) syscall (SYS_wait4, trial->grandchild, &status, WNOHANG, NULL);
      if (reaped == 0)
        sleep_a_little ();
    }
  trial->died = reaped > 0 && WIFSIGNALED (status) && WTERMSIG (status) == SIGKILL;
  if (reaped == 0)
    {
      kill (trial->grandchild, SIGKILL);
      syscall (SYS_wait4, trial->grandchild, NULL, 0, NULL);
    }
}
