/* SPDX-License-Identifier: LGPL-2.1-or-later */

/* Thread: ANY. */

#include "config.h"

#include "watch/child-id-private.h"

#include <errno.h>
#include <poll.h>
#include <string.h>
#include <sys/syscall.h>
#include <sys/wait.h>
#include <unistd.h>

#include "base/proc-table.h"
#include "trace/trace.h"
#include "watch/exit-info.h"

/* 100 ms in all. */
#define REMOVAL_LOOKS 20
#define REMOVAL_LOOK_MS 5

/* 0 where /proc is not there, or not that of this pid namespace. */
static guint64
read_start_time (pid_t pid)
{
  ProcEntry entry;

  return proc_entry_read (pid, &entry) && entry.parent == getpid () ? entry.start_time : 0;
}

ChildId *
child_id_new (pid_t          pid,
              int            pidfd,
              ChildExitFunc  exit_func,
              gpointer       exit_data,
              GDestroyNotify exit_data_free)
{
  static _Atomic guint64 last_serial;
  ChildId *self = g_new0 (ChildId, 1);

  g_atomic_ref_count_init (&self->ref_count);
  self->pid = pid;
  self->serial = atomic_fetch_add_explicit (&last_serial, 1, memory_order_relaxed) + 1;
  self->exit_func = exit_func;
  self->exit_data = exit_data;
  self->exit_data_free = exit_data_free;
  g_mutex_init (&self->reap_lock);
  self->pidfd = pidfd;
  if (pidfd < 0)
    self->start_time = read_start_time (pid);
  return self;
}

ChildId *
child_id_ref (ChildId *self)
{
  g_atomic_ref_count_inc (&self->ref_count);
  return self;
}

void
child_id_unref (ChildId *self)
{
  if (!g_atomic_ref_count_dec (&self->ref_count))
    return;

  if (self->pidfd >= 0)
    close (self->pidfd);
  if (self->exit_data_free != NULL)
    self->exit_data_free (self->exit_data);
  g_clear_pointer (&self->worker, worker_unref);
  g_clear_pointer (&self->tree, child_tree_free);
  g_mutex_clear (&self->reap_lock);
  g_free (self);
}

pid_t
child_id_get_pid (const ChildId *self)
{
  return self->pid;
}

guint64
child_id_get_serial (const ChildId *self)
{
  return self->serial;
}

gboolean
child_id_get_outcome (ChildId      *self,
                      ChildOutcome *outcome)
{
  if (!atomic_load_explicit (&self->has_outcome, memory_order_acquire))
    return FALSE;

  if (outcome != NULL)
    *outcome = self->outcome;
  return TRUE;
}

/* ---- reaping */

int
child_id_wait_locked (ChildId       *self,
                      siginfo_t     *info,
                      int            options,
                      struct rusage *rusage)
{
  int result;

  memset (info, 0, sizeof *info);
  do
    {
      if (self->pidfd >= 0)
        result = (int) syscall (SYS_waitid, P_PIDFD, self->pidfd, info, options, rusage);
      else
        result = (int) syscall (SYS_waitid, P_PID, self->pid, info, options, rusage);
    }
  while (result < 0 && errno == EINTR);

  return result;
}

gboolean
child_id_pid_is_another_locked (ChildId *self)
{
  ProcEntry entry;

  return self->pidfd < 0 && self->start_time != 0 && proc_entry_read (self->pid, &entry) &&
         entry.start_time != self->start_time;
}

static int
wait_status_from_info (const siginfo_t *info)
{
  switch (info->si_code)
    {
    case CLD_EXITED:
      return W_EXITCODE (info->si_status, 0);
    case CLD_DUMPED:
      return W_EXITCODE (0, info->si_status) | WCOREFLAG;
    default:
      return W_EXITCODE (0, info->si_status);
    }
}

static void
publish_outcome_locked (ChildId *self)
{
  child_id_trace_exit (self);
  trace_step (TRACE_REAPED, self->trace_number,
              self->outcome.lost ? TRACE_STATUS_LOST : self->outcome.wait_status);
  self->reaped = TRUE;
  self->outcome.exit_time = g_get_monotonic_time ();
  if (self->tree != NULL)
    {
      child_tree_leader_is_gone (self->tree);
      child_tree_get_peak_memory (self->tree, &self->outcome.peak_memory);
    }
  atomic_store_explicit (&self->has_outcome, TRUE, memory_order_release);
}

gboolean
child_statuses_are_ignored (void)
{
  struct sigaction action;

  return sigaction (SIGCHLD, NULL, &action) == 0 &&
         (action.sa_handler == SIG_IGN || (action.sa_flags & SA_NOCLDWAIT) != 0);
}

/* A status is lost mostly because the program ignores SIGCHLD; who does not know that wants to be
 * told, once.
 */
static void
explain_lost_status (ChildId *self)
{
  static gsize explained;

  if (atomic_load (&self->let_go) || !g_once_init_enter (&explained))
    return;

  if (child_statuses_are_ignored ())
    g_warning ("The exit status of process %d is lost: this program ignores SIGCHLD",
               (int) self->pid);
  else
    g_warning (
      "The exit status of process %d is lost: another part of this program has waited for it",
      (int) self->pid);
  g_once_init_leave (&explained, 1);
}

/* Somebody else has reaped the child, or nobody had to. The kernel lets nobody wait for it from
 * that moment on, but tells its status only a little later, when it has been removed altogether; a
 * hang-up of the pidfd says so. Where that does not come soon, this kernel does not keep statuses.
 */
static gboolean
ask_kernel_for_status_locked (ChildId *self)
{
  struct pollfd removed = { .fd = self->pidfd };

  for (guint i = 0; i < REMOVAL_LOOKS && self->pidfd >= 0; i++)
    {
      int error_number = exit_info_ask (self->pidfd, &self->outcome.wait_status);

      if (error_number == 0)
        return TRUE;
      if (error_number != ESRCH)
        return FALSE;
      poll (&removed, 1, REMOVAL_LOOK_MS);
    }

  return FALSE;
}

/* What the child leaves behind is known as the tree's only until it is reaped. */
static void
look_after_tree_locked (ChildId *self)
{
  siginfo_t info;

  if (self->tree != NULL &&
      child_id_wait_locked (self, &info, WEXITED | WNOHANG | WNOWAIT, NULL) == 0 &&
      info.si_pid == self->pid)
    {
      child_id_trace_exit (self);
      child_tree_leader_exits (self->tree);
    }
}

gboolean
child_id_reap (ChildId *self)
{
  siginfo_t info;
  gboolean lost = FALSE;

  if (child_id_get_outcome (self, NULL))
    return TRUE;

  g_mutex_lock (&self->reap_lock);
  if (!self->reaped)
    {
      look_after_tree_locked (self);
      if (!child_id_pid_is_another_locked (self) &&
          child_id_wait_locked (self, &info, WEXITED | WNOHANG, &self->outcome.rusage) == 0)
        {
          if (info.si_pid == self->pid)
            {
              self->outcome.wait_status = wait_status_from_info (&info);
              self->outcome.has_rusage = TRUE;
              publish_outcome_locked (self);
            }
        }
      else
        {
          lost = !ask_kernel_for_status_locked (self);
          self->outcome.lost = lost;
          publish_outcome_locked (self);
        }
    }
  g_mutex_unlock (&self->reap_lock);

  if (lost)
    explain_lost_status (self);
  return child_id_get_outcome (self, NULL);
}

void
child_id_let_go (ChildId *self)
{
  atomic_store (&self->let_go, TRUE);
}

void
child_id_set_outcome (ChildId   *self,
                      const int *wait_status)
{
  gboolean lost = FALSE;

  g_mutex_lock (&self->reap_lock);
  if (!self->reaped)
    {
      if (wait_status != NULL)
        {
          self->outcome.wait_status = *wait_status;
        }
      else
        {
          lost = !ask_kernel_for_status_locked (self);
          self->outcome.lost = lost;
        }
      publish_outcome_locked (self);
    }
  g_mutex_unlock (&self->reap_lock);

  if (lost)
    explain_lost_status (self);
}

void
child_id_announce (ChildId *self)
{
  g_return_if_fail (child_id_get_outcome (self, NULL));

  if (!atomic_exchange (&self->announced, TRUE))
    self->exit_func (self, self->exit_data);
}

/* ---- for watchers */

int
child_id_get_pidfd (ChildId *self)
{
  int pidfd;

  g_mutex_lock (&self->reap_lock);
  pidfd = self->pidfd;
  g_mutex_unlock (&self->reap_lock);

  return pidfd;
}

void
child_id_close_pidfd (ChildId *self)
{
  int pidfd;

  g_mutex_lock (&self->reap_lock);
  pidfd = self->pidfd;
  self->pidfd = -1;
  g_mutex_unlock (&self->reap_lock);

  if (pidfd >= 0)
    close (pidfd);
}

void
child_id_set_watch_data (ChildId *self,
                         gpointer data)
{
  self->watch_data = data;
}

gpointer
child_id_get_watch_data (ChildId *self)
{
  return self->watch_data;
}

void
child_id_set_worker (ChildId *self,
                     Worker  *worker)
{
  self->worker = worker_ref (worker);
}

Worker *
child_id_get_worker (const ChildId *self)
{
  return self->worker;
}

/* Without the lock, which a signal may want meanwhile. Nobody reaps a child that a thread sleeps
 * over but that thread, and the pidfd is closed only when the exit has been reported: so neither
 * the pid nor the pidfd comes to mean something else.
 */
void
child_id_await_exit (ChildId *self)
{
  int pidfd = child_id_get_pidfd (self);
  siginfo_t info;
  int result;

  do
    {
      memset (&info, 0, sizeof info);
      result = (int) syscall (SYS_waitid, pidfd >= 0 ? P_PIDFD : P_PID,
                              pidfd >= 0 ? pidfd : self->pid, &info, WEXITED | WNOWAIT, NULL);
    }
  while (result < 0 && errno == EINTR);
}

gboolean
child_id_is_zombie (ChildId *self)
{
  siginfo_t info;
  gboolean is_zombie;

  g_mutex_lock (&self->reap_lock);
  is_zombie = !self->reaped &&
              child_id_wait_locked (self, &info, WEXITED | WNOHANG | WNOWAIT, NULL) == 0 &&
              info.si_pid == self->pid;
  g_mutex_unlock (&self->reap_lock);

  return is_zombie;
}

void
child_id_set_trace_number (ChildId *self,
                           guint32  number)
{
  self->trace_number = number;
}

void
child_id_trace_exit (ChildId *self)
{
  if (trace_is_on () && !atomic_exchange (&self->exit_traced, TRUE))
    trace_step (TRACE_EXITED, self->trace_number, 0);
}

void
child_id_set_token (ChildId *self,
                    guint64  token)
{
  self->token = token;
}

guint64
child_id_get_token (const ChildId *self)
{
  return self->token;
}
