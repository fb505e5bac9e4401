/* SPDX-License-Identifier: LGPL-2.1-or-later */

/* Thread: ANY. */

#include "config.h"

#include "spawn/spawn-features.h"

#include <errno.h>
#include <fcntl.h>

#include "spawn/spawn-clone.h"
#include "spawn/spawn-child.h"

/* To unshare a table takes the kernel longer than to copy and close so many entries; from 400 on it
 * is the other way round (measured).
 */
#define MANY_FDS 128

/* No feature is concluded from another one or from the kernel's version: a sandbox may refuse any
 * system call by itself, emulators leave some out, and old kernels ignore flags of clone that they
 * do not know.
 */

static gboolean
probe_close_range (unsigned flags)
{
  /* The last number is never in use, so nothing is closed. */
  return syscall (SYS_close_range, ~0U, ~0U, flags) == 0;
}

/* CLONE_PIDFD gave @pidfd for a child that has not been reaped, unless by the kernel itself, since
 * the program ignores SIGCHLD: then ECHILD and ESRCH are the answers of a kernel that knows pidfds.
 */
static gboolean
probe_pidfd (int pidfd)
{
  siginfo_t info;

  if (pidfd < 0)
    return FALSE;
  if (waitid (KERNEL_P_PIDFD, (id_t) pidfd, &info, WEXITED | WNOWAIT) < 0 && errno != ECHILD)
    return FALSE;

  /* Signal 0 to a zombie is fine. */
  return syscall (SYS_pidfd_send_signal, pidfd, 0, NULL, 0) == 0 || errno == ESRCH;
}

static void
probe_clone (SpawnFeatures *features)
{
  SpawnProbe probe = { .fd = -1 };
  int pidfd = -1;
  pid_t pid;

  pid = spawn_clone (spawn_probe_main, &probe, CLONE_PIDFD, &pidfd);
  if (pid < 0)
    {
      pidfd = -1;
      pid = spawn_clone (spawn_probe_main, &probe, 0, NULL);
    }
  if (pid < 0)
    return;

  /* Looked at before waiting: only a parent that really slept has it by now. */
  features->clone_vm = probe.done;
  features->pidfd = probe_pidfd (pidfd);

  spawn_reap (pid, features->pidfd ? pidfd : -1);
  if (pidfd >= 0)
    close (pidfd);
}

/* The child unshares the table and then closes a fd, which must stay open here. Only tried where
 * memory is known to be shared: valgrind, which does not share it, stops the whole program at
 * CLONE_FILES.
 */
static void
probe_clone_files (SpawnFeatures *features)
{
  SpawnProbe probe = { .unshare_files = TRUE };
  pid_t pid;

  if (!features->clone_vm || !features->close_range)
    return;

  probe.fd = open ("/dev/null", O_RDONLY | O_CLOEXEC);
  if (probe.fd < 0)
    return;

  pid = spawn_clone (spawn_probe_main, &probe, CLONE_FILES, NULL);
  if (pid > 0)
    {
      features->clone_files = probe.done && probe.errnum == 0 && fcntl (probe.fd, F_GETFD) >= 0;
      spawn_reap (pid, -1);
    }
  close (probe.fd);
}

/* As above, only where memory is shared; and the child must have run on the stack that it was
 * given.
 */
static void
probe_clone3 (SpawnFeatures *features)
{
  SpawnProbe probe = { .fd = -1 };
  pid_t pid;

  if (!features->clone_vm)
    return;

  pid = spawn_clone3 (spawn_probe_main, &probe, 0, NULL, -1);
  if (pid > 0)
    {
      features->clone3 = probe.done;
      spawn_reap (pid, -1);
    }
}

static gboolean
environment_says (const char *name,
                  const char *value)
{
  return g_strcmp0 (g_getenv (name), value) == 0;
}

static void
probe_all (SpawnFeatures *features)
{
  SpawnGuard guard;

  features->many_fds = MANY_FDS;
  features->close_range = probe_close_range (0);
  features->close_range_cloexec = features->close_range && probe_close_range (CLOSE_RANGE_CLOEXEC);

  if (spawn_stack_prepare ())
    {
      spawn_guard_enter (&guard);
      probe_clone (features);
      probe_clone_files (features);
      probe_clone3 (features);
      spawn_guard_leave (&guard);
    }

  if (environment_says ("PROCTOR_NO_PIDFD", "1"))
    features->pidfd = FALSE;
  if (environment_says ("PROCTOR_SPAWN", "fork"))
    features->clone_vm = features->clone_files = features->clone3 = FALSE;
  if (environment_says ("PROCTOR_SPAWN", "clone"))
    features->clone3 = FALSE;
}

const SpawnFeatures *
spawn_features_get (void)
{
  static gsize initialized;
  static SpawnFeatures features;

  if (g_once_init_enter (&initialized))
    {
      int saved_errno = errno;

      probe_all (&features);
      errno = saved_errno;
      g_once_init_leave (&initialized, 1);
    }

  return &features;
}
