/* SPDX-License-Identifier: LGPL-2.1-or-later */

/* Thread: CHILD. The rules for this code stand at the beginning of spawn-child.c. */

#include "config.h"

#include "spawn/child-attributes.h"

#include <errno.h>
#include <fcntl.h>
#include <sys/ioctl.h>
#include <sys/prctl.h>
#include <sys/resource.h>

#include "spawn/child-report.h"

/* The step has failed: the end, unless the child can do without it. */
IN_CHILD static void
fail_unless_optional (SpawnChildJob     *job,
                      ProctorAttributes  attribute,
                      int                errnum)
{
  if ((job->request->attributes->optional & attribute) == 0)
    fail (job, errnum);
}

IN_CHILD static gboolean
is_set (const SpawnChildJob *job,
        ProctorAttributes    attribute)
{
  const CommandAttributes *attributes = job->request->attributes;

  return attributes != NULL && (attributes->set & attribute) != 0;
}

/* 0 or an errno. The fd is closed again before anything is placed on its number. */
IN_CHILD static int
write_file (const char *path,
            const char *content,
            gsize       length)
{
  int errnum = 0;
  long fd = syscall (SYS_openat, AT_FDCWD, path, O_WRONLY | O_CLOEXEC, 0);

  if (fd < 0)
    return errno;
  if (syscall (SYS_write, fd, content, length) < 0)
    errnum = errno;
  syscall (SYS_close, fd);

  return errnum;
}

void IN_CHILD
child_enter_cgroup (SpawnChildJob *job)
{
  int errnum;

  if (!is_set (job, PROCTOR_ATTRIBUTE_CGROUP) || job->in_cgroup)
    return;

  /* 0 is the process that writes. */
  enter_step (job, SPAWN_STEP_CGROUP, -1);
  errnum = write_file (job->cgroup_procs, "0", 1);
  if (errnum != 0)
    fail_unless_optional (job, PROCTOR_ATTRIBUTE_CGROUP, errnum);
}

void IN_CHILD
child_take_terminal (SpawnChildJob *job)
{
  if (!job->request->controlling_terminal)
    return;

  /* Without the argument 1, which would take it away from another session. */
  enter_step (job, SPAWN_STEP_CONTROLLING_TERMINAL, -1);
  if (syscall (SYS_ioctl, STDIN_FILENO, TIOCSCTTY, 0) != 0
      && (job->request->attributes == NULL
          || (job->request->attributes->optional & PROCTOR_ATTRIBUTE_CONTROLLING_TERMINAL) == 0))
    fail (job, errno);
}

IN_CHILD static void
set_rlimits (SpawnChildJob *job)
{
  const CommandAttributes *attributes = job->request->attributes;

  for (guint i = 0; i < attributes->n_rlimits; i++)
    {
      const CommandRlimit *rlimit = &attributes->rlimits[i];
      struct rlimit64 limit = { .rlim_cur = rlimit->soft, .rlim_max = rlimit->hard };

      enter_step (job, SPAWN_STEP_RLIMIT, (int) i);
      if (syscall (SYS_prlimit64, 0, rlimit->resource, &limit, NULL) != 0)
        fail_unless_optional (job, PROCTOR_ATTRIBUTE_RLIMITS, errno);
    }
}

IN_CHILD static void
set_priorities (SpawnChildJob *job)
{
  const SpawnRequest *request = job->request;
  const CommandAttributes *attributes = request->attributes;

  if (is_set (job, PROCTOR_ATTRIBUTE_NICE))
    {
      enter_step (job, SPAWN_STEP_NICE, -1);
      if (syscall (SYS_setpriority, PRIO_PROCESS, 0, attributes->nice) != 0)
        fail_unless_optional (job, PROCTOR_ATTRIBUTE_NICE, errno);
    }

  if (is_set (job, PROCTOR_ATTRIBUTE_IO_PRIORITY))
    {
      int priority = (int) attributes->io_class << KERNEL_IOPRIO_CLASS_SHIFT | attributes->io_level;

      enter_step (job, SPAWN_STEP_IO_PRIORITY, -1);
      if (syscall (SYS_ioprio_set, KERNEL_IOPRIO_WHO_PROCESS, 0, priority) != 0)
        fail_unless_optional (job, PROCTOR_ATTRIBUTE_IO_PRIORITY, errno);
    }

  if (is_set (job, PROCTOR_ATTRIBUTE_CPU_AFFINITY))
    {
      enter_step (job, SPAWN_STEP_CPU_AFFINITY, -1);
      if (syscall (SYS_sched_setaffinity, 0, request->cpu_mask_bytes, request->cpu_mask) != 0)
        fail_unless_optional (job, PROCTOR_ATTRIBUTE_CPU_AFFINITY, errno);
    }
}

void IN_CHILD
child_set_limits (SpawnChildJob *job)
{
  if (job->request->attributes == NULL)
    return;

  /* First what opens a file, before the number of files is limited. The kernel does not make the
   * adjustment the parent's, too, although memory is shared: a child of vfork is an exception.
   */
  if (is_set (job, PROCTOR_ATTRIBUTE_OOM_SCORE_ADJ))
    {
      int errnum;

      enter_step (job, SPAWN_STEP_OOM_SCORE_ADJ, -1);
      errnum = write_file ("/proc/self/oom_score_adj", job->oom_score_adj,
                           job->oom_score_adj_length);
      if (errnum != 0)
        fail_unless_optional (job, PROCTOR_ATTRIBUTE_OOM_SCORE_ADJ, errnum);
    }

  /* Before the priorities: RLIMIT_NICE and RLIMIT_RTPRIO may allow them. */
  set_rlimits (job);
  set_priorities (job);
}

/* Also what the kernel says it has done is not taken on trust: a child with more rights than it
 * should have is worse than none.
 */
IN_CHILD static gboolean
has_identity (const IdentityPlan *identity)
{
  uid_t uid[3];
  gid_t gid[3];

  if (identity->set_user
      && (syscall (KERNEL_GETRESUID, &uid[0], &uid[1], &uid[2]) != 0 || uid[0] != identity->uid
          || uid[1] != identity->uid || uid[2] != identity->uid))
    return FALSE;

  return !identity->set_group
         || (syscall (KERNEL_GETRESGID, &gid[0], &gid[1], &gid[2]) == 0 && gid[0] == identity->gid
             && gid[1] == identity->gid && gid[2] == identity->gid);
}

void IN_CHILD
child_set_identity (SpawnChildJob *job)
{
  const IdentityPlan *identity = job->request->identity;

  if (identity == NULL)
    return;

  /* In this order: who has given up the user may not change the groups any more. */
  if (identity->set_extra_groups)
    {
      enter_step (job, SPAWN_STEP_SETGROUPS, -1);
      if (syscall (KERNEL_SETGROUPS, identity->n_extra_groups, identity->extra_groups) != 0)
        fail (job, errno);
    }

  if (identity->set_group)
    {
      enter_step (job, SPAWN_STEP_SETGID, -1);
      if (syscall (KERNEL_SETRESGID, identity->gid, identity->gid, identity->gid) != 0)
        fail (job, errno);
    }

  if (identity->set_user)
    {
      enter_step (job, SPAWN_STEP_SETUID, -1);
      /* Ambient capabilities would outlive execve, whoever executes. Kernels before 4.3 have none.
       */
      if (identity->uid != 0)
        syscall (SYS_prctl, PR_CAP_AMBIENT, PR_CAP_AMBIENT_CLEAR_ALL, 0, 0, 0);
      if (syscall (KERNEL_SETRESUID, identity->uid, identity->uid, identity->uid) != 0)
        fail (job, errno);
    }

  if (!has_identity (identity))
    fail (job, EPERM);
}

/* The parent may have died before the kernel was asked to tell of it. It is not looked for process
 * 1 as the new parent: a subreaper may be it instead. The signal is blocked until execve, unless it
 * is SIGKILL, so it does what it would have done a moment later.
 */
IN_CHILD static void
set_parent_death_signal (SpawnChildJob *job,
                         int            signum)
{
  enter_step (job, SPAWN_STEP_PARENT_DEATH_SIGNAL, -1);
  if (syscall (SYS_prctl, PR_SET_PDEATHSIG, signum, 0, 0, 0) != 0)
    fail (job, errno);

  if (syscall (SYS_getppid) != job->parent)
    syscall (SYS_kill, syscall (SYS_getpid), signum);
}

void IN_CHILD
child_set_bonds (SpawnChildJob *job)
{
  const CommandAttributes *attributes = job->request->attributes;

  if (job->request->no_new_privs)
    {
      enter_step (job, SPAWN_STEP_NO_NEW_PRIVS, -1);
      if (syscall (SYS_prctl, PR_SET_NO_NEW_PRIVS, 1, 0, 0, 0) != 0)
        fail (job, errno);
    }

  if (attributes != NULL && attributes->parent_death_signal != 0)
    set_parent_death_signal (job, attributes->parent_death_signal);
}
