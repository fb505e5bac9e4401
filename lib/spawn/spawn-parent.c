/* SPDX-License-Identifier: LGPL-2.1-or-later */

/* Thread: ANY. */

#include "config.h"

#include "spawn/spawn.h"

#include <errno.h>
#include <fcntl.h>
#include <stdatomic.h>
#include <stdlib.h>
#include <sys/resource.h>

#include "base/base-fd.h"
#include "spawn/spawn-birth.h"
#include "spawn/spawn-child.h"
#include "spawn/spawn-clone.h"
#include "spawn/spawn-features.h"
#include "spawn/spawn-fork.h"
#include "spawn/spawn-inject.h"

/* A program that was written a moment ago cannot be executed while any process has it open for
 * writing, and a child of another thread may hold such a copy until its own exec. So this is tried
 * again, after 5, 10, 15 … ms: 225 ms in all.
 */
#define BUSY_ATTEMPTS 10
#define BUSY_DELAY_USEC (5 * 1000)

#define FIRST_FREE_FD 3

SpawnInjection spawn_injection;

/* As the last spawn found it; unknown at first, and for ever where there are no pidfds. */
static atomic_int lowest_free_fd = G_MAXINT;

/* What one spawn_child() needs, on its stack: the child reads and writes `job` there. */
typedef struct
{
  const SpawnRequest *request;
  const SpawnFeatures *features;
  SpawnBirth *birth;
  FdPlan plan;
  int cgroup; /* its directory, or -1 */
  SpawnChildJob job;
} Spawn;

typedef enum
{
  ATTEMPT_STARTED,
  ATTEMPT_FAILED,  /* the report says why */
  ATTEMPT_REFUSED, /* this way of making a child is not to be had here; the report says why */
} AttemptResult;

static void
set_failure (SpawnChildJob *job,
             SpawnStep      step,
             int            index,
             int            errnum)
{
  job->report = (SpawnFailure) { .step = step, .index = index, .errnum = errnum };
}

static gboolean
check_fd_limit (Spawn *self)
{
  struct rlimit limit;

  /* Nothing is put above the targets then. */
  if (self->job.only_stdio && self->plan.n_moved == 0)
    return TRUE;

  if (getrlimit (RLIMIT_NOFILE, &limit) == 0 && (rlim_t) self->plan.floor >= limit.rlim_cur)
    {
      set_failure (&self->job, SPAWN_STEP_PREPARE, -1, EMFILE);
      return FALSE;
    }

  return TRUE;
}

/* Which of them are open is looked at here, before any fd is made for this spawn: the child could
 * not tell a source that is not from an internal fd that got its number.
 */
static gboolean
check_sources (Spawn *self)
{
  for (guint i = 0; i < self->request->n_fds; i++)
    {
      if (self->request->fds[i].source < 0 || self->request->fds[i].target < 0)
        {
          set_failure (&self->job, SPAWN_STEP_FDS, -1, EBADF);
          return FALSE;
        }
    }

  if (self->request->has_executable_fd && fcntl (self->request->executable_fd, F_GETFD) < 0)
    {
      set_failure (&self->job, SPAWN_STEP_EXEC, 0, errno);
      return FALSE;
    }

  for (guint i = 0; i < self->plan.n_ops; i++)
    {
      const FdOp *op = &self->plan.ops[i];

      if (op->fd >= 0 && !op->is_open && fcntl (op->fd, F_GETFD) < 0)
        {
          set_failure (&self->job, SPAWN_STEP_FDS, (int) i, errno);
          return FALSE;
        }
    }

  return TRUE;
}

static int
compare_fds (const void *a,
             const void *b)
{
  int left = *(const int *) a;
  int right = *(const int *) b;

  return (left > right) - (left < right);
}

static void
list_kept (SpawnChildJob      *job,
           const SpawnRequest *request)
{
  guint n_unique = 0;

  job->kept = g_new (int, request->n_fds + 2); /* for the executable and the error pipe, too */
  if (request->has_executable_fd && request->executable_fd >= FIRST_FREE_FD)
    job->kept[job->n_kept++] = request->executable_fd;
  for (guint i = 0; i < request->n_fds; i++)
    {
      if (request->fds[i].source >= FIRST_FREE_FD)
        job->kept[job->n_kept++] = request->fds[i].source;
    }
  qsort (job->kept, job->n_kept, sizeof job->kept[0], compare_fds);

  for (guint i = 0; i < job->n_kept; i++)
    {
      if (n_unique == 0 || job->kept[n_unique - 1] != job->kept[i])
        job->kept[n_unique++] = job->kept[i];
    }
  job->n_kept = n_unique;
}

/* What the child would have to compute otherwise. A cgroup that cannot be opened here is tried by
 * the child, which then has the error to tell.
 */
static void
prepare_attributes (Spawn                   *self,
                    const CommandAttributes *attributes)
{
  SpawnChildJob *job = &self->job;

  if (attributes == NULL)
    return;

  if ((attributes->set & PROCTOR_ATTRIBUTE_OOM_SCORE_ADJ) != 0)
    job->oom_score_adj_length = (gsize) g_snprintf (job->oom_score_adj, sizeof job->oom_score_adj,
                                                    "%d", attributes->oom_score_adj);

  if ((attributes->set & PROCTOR_ATTRIBUTE_CGROUP) != 0)
    {
      job->cgroup_procs = g_strconcat (attributes->cgroup, "/cgroup.procs", NULL);
      self->cgroup =
        fd_above_stdio (open (attributes->cgroup, O_PATH | O_DIRECTORY | O_CLOEXEC));
    }
}

static gboolean
wants_parent_death (const SpawnRequest *request)
{
  return request->attributes != NULL && request->attributes->parent_death_signal != 0;
}

static gboolean
wants_only_stdio (const SpawnRequest *request,
                  const FdPlan       *plan)
{
  return plan->floor == FIRST_FREE_FD && request->n_opens == 0 && !request->has_executable_fd &&
         !request->has_terminal && !request->inherit_fds;
}

static void
spawn_init (Spawn              *self,
            const SpawnRequest *request)
{
  *self = (Spawn) {
    .request = request,
    .features = spawn_features_get (),
    .birth = request->birth != NULL ? spawn_birth_ref (request->birth) : spawn_birth_new (),
    .cgroup = -1,
  };

  fd_plan_init (&self->plan, request->fds, request->n_fds);
  for (guint i = 0; i < request->n_opens; i++)
    self->plan.floor = MAX (self->plan.floor, MIN (request->opens[i].target, G_MAXINT - 1) + 1);

  self->job = (SpawnChildJob) {
    .request = request,
    .plan = &self->plan,
    .only_stdio = wants_only_stdio (request, &self->plan),
    .close_range = self->features->close_range,
    .report_fd = -1,
    .aborted = &self->birth->aborted,
    .parent = wants_parent_death (request) ? getpid () : 0,
    .moved = g_new (int, self->plan.n_moved),
    .opened = g_new (int, request->n_opens),
  };
  list_kept (&self->job, request);
  prepare_attributes (self, request->attributes);
}

static void
spawn_clear (Spawn *self)
{
  fd_clear (&self->cgroup);
  g_free (self->job.cgroup_procs);
  g_free (self->job.kept);
  g_free (self->job.moved);
  g_free (self->job.opened);
  fd_plan_clear (&self->plan);
  spawn_birth_unref (self->birth);
}

static gboolean
is_injected (int flags)
{
  if (spawn_injection.errnum == 0 || (flags & spawn_injection.flags) != spawn_injection.flags)
    return FALSE;

  errno = spawn_injection.errnum;
  return TRUE;
}

static void
drop_child (pid_t pid,
            int   pidfd)
{
  spawn_reap (pid, pidfd);
  if (pidfd >= 0)
    close (pidfd);
}

/* A pidfd that lies where stdin, stdout or stderr belong would be taken for one by the rest of the
 * program.
 */
static gboolean
raise_pidfd (Spawn *self,
             pid_t  pid,
             int   *pidfd)
{
  int low = *pidfd;
  int high;

  if (low < 0 || low >= FIRST_FREE_FD)
    return TRUE;

  high = fcntl (low, F_DUPFD_CLOEXEC, FIRST_FREE_FD);
  if (high < 0)
    {
      set_failure (&self->job, SPAWN_STEP_CLONE, -1, errno);
      kill (pid, SIGKILL);
      drop_child (pid, low);
      return FALSE;
    }

  close (low);
  *pidfd = high;
  return TRUE;
}

/* There is a child, and it has called execve or ended. */
static AttemptResult
settle (Spawn        *self,
        pid_t         pid,
        int           pidfd,
        SpawnMethod   method,
        SpawnedChild *child)
{
  SpawnFailure *report = &self->job.report;

  if (report->step != SPAWN_STEP_EXEC || report->errnum != 0)
    {
      if (report->errnum == 0)
        report->errnum = ECANCELED; /* it was killed */
      drop_child (pid, pidfd);
      return ATTEMPT_FAILED;
    }

  if (!raise_pidfd (self, pid, &pidfd))
    return ATTEMPT_FAILED;

  if (pidfd >= 0)
    atomic_store_explicit (&lowest_free_fd, pidfd, memory_order_relaxed);
  *child = (SpawnedChild) {
    .pid = pid,
    .pidfd = pidfd,
    .method = method,
    .clone3 = self->job.without_handlers,
  };
  return ATTEMPT_STARTED;
}

/* Old kernels, sandboxes and emulators have different words for "not here". */
static gboolean
is_refusal (int errnum)
{
  return errnum == ENOSYS || errnum == EPERM || errnum == EINVAL;
}

/* How clone is called. */
typedef enum
{
  CLONE_INTO_ITS_CGROUP,  /* clone3 */
  CLONE_WITHOUT_HANDLERS, /* clone3 */
  CLONE_PLAIN,
} CloneWay;

static pid_t
clone_child (Spawn    *self,
             int       flags,
             CloneWay  way)
{
  SpawnBirth *birth = self->birth;
  int *id_location = &birth->pidfd;

  if (is_injected (flags | CLONE_VM))
    return -1;

  if ((flags & CLONE_PIDFD) == 0)
    {
      flags |= CLONE_PARENT_SETTID;
      id_location = &birth->pid;
    }

  if (way != CLONE_PLAIN)
    return spawn_clone3 (spawn_child_main, &self->job, flags, id_location,
                         way == CLONE_INTO_ITS_CGROUP ? self->cgroup : -1);

  return spawn_clone (spawn_child_main, &self->job, flags, id_location);
}

static AttemptResult
attempt_one_clone (Spawn        *self,
                   int           flags,
                   CloneWay      way,
                   SpawnedChild *child)
{
  SpawnChildJob *job = &self->job;
  pid_t pid;
  int errnum;
  int pidfd;

  set_failure (job, SPAWN_STEP_NONE, -1, ECANCELED);
  if (!spawn_birth_begin (self->birth))
    return ATTEMPT_FAILED;

  job->report.errnum = 0;
  job->unshare_errnum = 0;
  job->shared_files = (flags & CLONE_FILES) != 0;
  job->in_cgroup = way == CLONE_INTO_ITS_CGROUP;
  job->without_handlers = way != CLONE_PLAIN;

  pid = clone_child (self, flags, way);
  errnum = errno;
  pidfd = spawn_birth_end (self->birth);

  if (pid < 0)
    {
      set_failure (job, SPAWN_STEP_CLONE, -1, errnum);
      if (way == CLONE_INTO_ITS_CGROUP && errnum != EAGAIN && errnum != ENOMEM)
        return ATTEMPT_REFUSED;
      return is_refusal (errnum) ? ATTEMPT_REFUSED : ATTEMPT_FAILED;
    }

  if (job->unshare_errnum != 0)
    {
      set_failure (job, SPAWN_STEP_FDS, -1, job->unshare_errnum);
      drop_child (pid, pidfd);
      return ATTEMPT_REFUSED;
    }

  return settle (self, pid, pidfd,
                 (flags & CLONE_FILES) != 0 ? SPAWN_METHOD_CLONE_FILES : SPAWN_METHOD_CLONE, child);
}

/* clone knows no cgroups, and leaves the child to look at each signal's handler. Where clone3 does
 * not put the child into its cgroup, for whatever reason, the child joins it by itself: that takes
 * longer, and has a step that says what is wrong.
 */
static AttemptResult
attempt_clone (Spawn        *self,
               int           flags,
               SpawnedChild *child)
{
  if (self->cgroup >= 0)
    {
      AttemptResult result = attempt_one_clone (self, flags, CLONE_INTO_ITS_CGROUP, child);

      if (result != ATTEMPT_REFUSED)
        return result;
      fd_clear (&self->cgroup);
    }
  if (self->features->clone3)
    {
      AttemptResult result = attempt_one_clone (self, flags, CLONE_WITHOUT_HANDLERS, child);

      if (result != ATTEMPT_REFUSED)
        return result;
    }

  return attempt_one_clone (self, flags, CLONE_PLAIN, child);
}

static AttemptResult
attempt_fork (Spawn        *self,
              SpawnedChild *child)
{
  SpawnChildJob *job = &self->job;
  guint n_kept = job->n_kept;
  pid_t pid;
  int pidfd;

  if (is_injected (0))
    {
      set_failure (job, SPAWN_STEP_CLONE, -1, errno);
      return ATTEMPT_FAILED;
    }

  job->in_cgroup = FALSE;
  job->without_handlers = FALSE;
  set_failure (job, SPAWN_STEP_NONE, -1, ECANCELED);
  if (!spawn_birth_begin (self->birth))
    return ATTEMPT_FAILED;

  pid = spawn_fork (job, self->birth, self->features->pidfd);
  pidfd = spawn_birth_end (self->birth);
  job->n_kept = n_kept;

  return pid < 0 ? ATTEMPT_FAILED : settle (self, pid, pidfd, SPAWN_METHOD_FORK, child);
}

/* A child that changes its ids while it shares the parent's memory makes the parent lose its
 * dumpable flag: no debugger, no core, a /proc of root's.
 */
static gboolean
changes_identity (const SpawnRequest *request)
{
  return request->identity != NULL && !identity_plan_is_empty (request->identity);
}

/* Is only a hint of how many are open, and nothing but speed depends on it. */
static gboolean
has_many_fds (const SpawnFeatures *features)
{
  return atomic_load_explicit (&lowest_free_fd, memory_order_relaxed) >= features->many_fds;
}

/* From the best way of making a child to the plainest, down to the first that is to be had. What
 * the probe has found may be refused later: a program can put itself into a sandbox at any time.
 */
static AttemptResult
attempt (Spawn        *self,
         SpawnedChild *child)
{
  const SpawnFeatures *features = self->features;
  int flags = features->pidfd ? CLONE_PIDFD : 0;
  AttemptResult result;

  if (!features->clone_vm || changes_identity (self->request))
    return attempt_fork (self, child);

  /* A child that shall inherit all fds may not be shown only a part of the table. */
  if (features->clone_files && !self->request->inherit_fds && has_many_fds (features))
    {
      result = attempt_clone (self, flags | CLONE_FILES, child);
      if (result != ATTEMPT_REFUSED)
        return result;
    }

  result = attempt_clone (self, flags, child);
  if (result == ATTEMPT_REFUSED && flags != 0)
    result = attempt_clone (self, 0, child);
  if (result == ATTEMPT_REFUSED)
    result = attempt_fork (self, child);

  return result;
}

static gboolean
is_busy (const SpawnFailure *failure)
{
  return failure->step == SPAWN_STEP_EXEC && failure->errnum == ETXTBSY;
}

static gboolean
spawn_run (Spawn        *self,
           SpawnedChild *child)
{
  if (!check_fd_limit (self) || !check_sources (self))
    return FALSE;

  if (self->features->clone_vm && !spawn_stack_prepare ())
    {
      set_failure (&self->job, SPAWN_STEP_PREPARE, -1, errno);
      return FALSE;
    }

  for (guint n = 1;; n++)
    {
      SpawnGuard guard;
      AttemptResult result;

      spawn_guard_enter (&guard);
      result = attempt (self, child);
      spawn_guard_leave (&guard);

      if (result == ATTEMPT_STARTED)
        return TRUE;
      if (!is_busy (&self->job.report) || n == BUSY_ATTEMPTS)
        return FALSE;

      g_usleep (n * BUSY_DELAY_USEC);
    }
}

gboolean
spawn_child (const SpawnRequest *request,
             SpawnedChild       *child,
             SpawnFailure       *failure)
{
  int saved_errno = errno;
  Spawn self;
  gboolean started;

  spawn_init (&self, request);
  started = spawn_run (&self, child);
  if (!started)
    *failure = self.job.report;
  spawn_clear (&self);

  errno = saved_errno;
  return started;
}
