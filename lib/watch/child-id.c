/* SPDX-License-Identifier: LGPL-2.1-or-later */

/* Thread: ANY. */

#include "config.h"

#include "watch/child-id.h"

#include <errno.h>
#include <glib/gi18n-lib.h>
#include <poll.h>
#include <signal.h>
#include <stdatomic.h>
#include <string.h>
#include <sys/syscall.h>
#include <sys/wait.h>
#include <unistd.h>

#include <proctor/proctor.h>

#include "base/proc-table.h"
#include "trace/trace.h"
#include "watch/exit-info.h"

/* 100 ms in all. */
#define REMOVAL_LOOKS 20
#define REMOVAL_LOOK_MS 5

/* How long a process may take until a SIGSTOP has really stopped it. */
#define SUSPENDING_TIME (G_TIME_SPAN_SECOND / 10)

/* From the moment in which a child is reaped its pid may be another process's. So reaping, sending
 * a signal and closing the pidfd exclude each other by reap_lock, and a signal goes out only while
 * `reaped` is FALSE.
 *
 * Whoever learns how the child ended writes `outcome` and then `state`; from then on the outcome
 * never changes and every thread may read it.
 */
struct _ChildId
{
  gatomicrefcount ref_count;

  /* immutable after construction */
  pid_t pid;
  guint64 serial;
  ChildExitFunc exit_func;
  gpointer exit_data;
  GDestroyNotify exit_data_free;

  /* immutable once the child is watched */
  guint64 token;
  gpointer watch_data;
  Worker *worker; /* owned; nullable */
  guint32 trace_number;

  /* immutable after construction; without a pidfd */
  guint64 start_time; /* 0: not known */

  /* atomic */
  atomic_bool has_outcome;
  atomic_bool announced;
  atomic_bool let_go;
  atomic_bool exit_traced;
  atomic_bool suspend_tracked;
  atomic_bool suspended;          /* as it was noted */
  _Atomic gint64 suspended_until; /* not tracked: until then a SIGSTOP of ours may be on its way */

  /* guarded by reap_lock */
  GMutex reap_lock;
  int pidfd;
  gboolean reaped;
  ChildTree *tree;      /* owned; NULL: it has none of its own. The pointer is immutable */
  ChildOutcome outcome; /* and immutable once has_outcome is set */
};

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

/* waitid as the kernel has it: the fifth argument, which glibc hides, gives the rusage. */
static int
wait_locked (ChildId       *self,
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

/* A later child of this program may have the pid by now, if somebody else has reaped this one. */
static gboolean
pid_is_another_child_locked (ChildId *self)
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
    g_warning ("The exit status of process %d is lost: this program ignores SIGCHLD", (int) self->pid);
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

  if (self->tree != NULL && wait_locked (self, &info, WEXITED | WNOHANG | WNOWAIT, NULL) == 0 &&
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
      if (!pid_is_another_child_locked (self) &&
          wait_locked (self, &info, WEXITED | WNOHANG, &self->outcome.rusage) == 0)
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

/* ---- signals */

/* Where something else reaps, the child may have been reaped without our knowledge. As long as the
 * kernel says that it is our child (or our zombie), and the one that it was, it was not. Between
 * this question and the kill it could be, which only a pidfd can exclude.
 */
static gboolean
is_still_ours_locked (ChildId *self)
{
  siginfo_t info;

  if (self->reaped)
    return FALSE;
  if (self->pidfd >= 0)
    return TRUE;
  return wait_locked (self, &info, WEXITED | WNOHANG | WNOWAIT, NULL) == 0 &&
         !pid_is_another_child_locked (self);
}

/* 0 only asks. */
static void
trace_signal (ChildId *self,
              int      signum)
{
  if (signum != 0)
    trace_step (TRACE_SIGNAL, self->trace_number, signum);
}

/* 0, or an errno. */
static int
send_locked (ChildId *self,
             int      signum)
{
  int result;

  if (!is_still_ours_locked (self))
    return ESRCH;

  result = self->pidfd >= 0 ? (int) syscall (SYS_pidfd_send_signal, self->pidfd, signum, NULL, 0)
                            : kill (self->pid, signum);
  if (result != 0)
    return errno;

  trace_signal (self, signum);
  return 0;
}

static gboolean
report_sending (ChildId  *self,
                int       signum,
                int       error_number,
                GError  **error)
{
  /* The SIGCONT undoes a SIGSTOP that is still on its way. */
  if (error_number == 0 && signum == SIGCONT)
    atomic_store (&self->suspended_until, 0);
  if (error_number == 0)
    return TRUE;

  if (error_number == ESRCH)
    g_set_error (error, PROCTOR_ERROR, PROCTOR_ERROR_PROCESS_LOOKUP,
                 _("Could not send signal %d to process %d: the process has ended"), signum,
                 (int) self->pid);
  else
    g_set_error (error, G_IO_ERROR, g_io_error_from_errno (error_number),
                 _("Could not send signal %d to process %d: %s"), signum, (int) self->pid,
                 g_strerror (error_number));
  return FALSE;
}

gboolean
child_id_signal (ChildId  *self,
                 int       signum,
                 GError  **error)
{
  int error_number;

  g_mutex_lock (&self->reap_lock);
  error_number = send_locked (self, signum);
  g_mutex_unlock (&self->reap_lock);

  return report_sending (self, signum, error_number, error);
}

/* ---- the tree */

void
child_id_set_tree (ChildId   *self,
                   ChildTree *tree)
{
  self->tree = tree;
}

gboolean
child_id_has_tree (const ChildId *self)
{
  return self->tree != NULL;
}

/* The signal to the group reaches the child, too; so first it is only asked whether it is there. */
static int
send_to_tree_locked (ChildId *self,
                     int      signum)
{
  int error_number;

  if (self->tree == NULL)
    return send_locked (self, signum);

  error_number = send_locked (self, 0);
  if (error_number == 0 && !child_tree_signal (self->tree, signum))
    error_number = send_locked (self, signum);
  else if (error_number == 0)
    trace_signal (self, signum);
  return error_number;
}

gboolean
child_id_signal_tree (ChildId  *self,
                      int       signum,
                      GError  **error)
{
  int error_number;

  g_mutex_lock (&self->reap_lock);
  error_number = send_to_tree_locked (self, signum);
  g_mutex_unlock (&self->reap_lock);

  return report_sending (self, signum, error_number, error);
}

/* Whether the leader is still there is decided under the lock: that it has gone may not have been
 * announced yet, or not even been reported.
 */
void
child_id_signal_whoever_is_left (ChildId *self,
                                 int      signum)
{
  int error_number;

  g_mutex_lock (&self->reap_lock);
  error_number = send_to_tree_locked (self, signum);
  if (error_number == ESRCH && self->tree != NULL)
    {
      child_tree_leader_is_gone (self->tree);
      child_tree_signal (self->tree, signum);
    }
  g_mutex_unlock (&self->reap_lock);

  report_sending (self, signum, error_number, NULL);
}

gboolean
child_id_has_survivors (ChildId *self)
{
  gboolean has_survivors;

  g_mutex_lock (&self->reap_lock);
  has_survivors = self->tree != NULL && child_tree_has_survivors (self->tree);
  g_mutex_unlock (&self->reap_lock);

  return has_survivors;
}

void
child_id_set_suspend_tracked (ChildId *self)
{
  atomic_store (&self->suspend_tracked, TRUE);
}

/* Whether it is news, and somebody tracks it. */
static gboolean
note_suspended_locked (ChildId  *self,
                       gboolean  suspended)
{
  return atomic_exchange (&self->suspended, suspended) != suspended &&
         atomic_load (&self->suspend_tracked);
}

gboolean
child_id_set_suspended (ChildId   *self,
                        gboolean   suspended,
                        gboolean  *changed,
                        GError   **error)
{
  int signum = suspended ? SIGSTOP : SIGCONT;
  int error_number;

  g_mutex_lock (&self->reap_lock);
  error_number = send_to_tree_locked (self, signum);
  if (error_number == 0)
    {
      atomic_store (&self->suspended_until,
                    suspended ? g_get_monotonic_time () + SUSPENDING_TIME : 0);
      *changed = note_suspended_locked (self, suspended);
    }
  g_mutex_unlock (&self->reap_lock);

  return report_sending (self, signum, error_number, error);
}

/* Under the lock, so that what happened before a call of ours is not taken for news after it. A
 * SIGSTOP of ours needs a moment to arrive, and until then the kernel may still tell that the child
 * had gone on before.
 */
gboolean
child_id_take_suspend_event (ChildId *self)
{
  siginfo_t info;
  gboolean changed = FALSE;

  g_mutex_lock (&self->reap_lock);
  if (!self->reaped && wait_locked (self, &info, WSTOPPED | WCONTINUED | WNOHANG, NULL) == 0 &&
      info.si_pid == self->pid)
    {
      if (info.si_code == CLD_CONTINUED)
        {
          if (g_get_monotonic_time () >= atomic_load (&self->suspended_until))
            changed = note_suspended_locked (self, FALSE);
        }
      else
        {
          atomic_store (&self->suspended_until, 0);
          changed = note_suspended_locked (self, TRUE);
        }
    }
  g_mutex_unlock (&self->reap_lock);

  return changed;
}

gboolean
child_id_expects_stop (ChildId *self)
{
  return atomic_load (&self->suspended_until) != 0;
}

/* It was stopped and continued before anybody looked, by somebody else; or it has died, and may stay
 * a zombie for long.
 */
gboolean
child_id_give_up_stop (ChildId *self)
{
  gboolean changed = FALSE;
  siginfo_t info;

  g_mutex_lock (&self->reap_lock);
  if (!self->reaped && atomic_load (&self->suspended_until) != 0 &&
      g_get_monotonic_time () >= atomic_load (&self->suspended_until))
    {
      gboolean is_child = wait_locked (self, &info, WSTOPPED | WNOHANG | WNOWAIT, NULL) == 0;

      if (!is_child || info.si_pid == 0)
        {
          atomic_store (&self->suspended_until, 0);
          changed = note_suspended_locked (self, FALSE) && is_child;
        }
    }
  g_mutex_unlock (&self->reap_lock);

  return changed;
}

/* Whoever tracks it has taken the kernel's word away. */
gboolean
child_id_is_suspended (ChildId *self)
{
  siginfo_t info;
  gboolean suspended;

  if (atomic_load (&self->suspend_tracked))
    return atomic_load (&self->suspended);
  if (g_get_monotonic_time () < atomic_load (&self->suspended_until))
    return TRUE;

  g_mutex_lock (&self->reap_lock);
  suspended = !self->reaped && wait_locked (self, &info, WSTOPPED | WNOHANG | WNOWAIT, NULL) == 0 &&
              info.si_pid == self->pid &&
              (info.si_code == CLD_STOPPED || info.si_code == CLD_TRAPPED);
  g_mutex_unlock (&self->reap_lock);

  return suspended;
}

/* The table, which takes its time with many processes, is read without the lock. If the child was
 * not reaped afterwards either, its pid in the table means nobody else.
 */
GArray *
child_id_list_descendants (ChildId  *self,
                           GError  **error)
{
  g_autoptr(GArray) table = proc_table_read ();
  gboolean is_there;

  if (table == NULL)
    {
      int error_number = errno;

      g_set_error (error, G_IO_ERROR, g_io_error_from_errno (error_number),
                   _("Could not read the table of processes: %s"), g_strerror (error_number));
      return NULL;
    }

  g_mutex_lock (&self->reap_lock);
  if (self->tree != NULL)
    child_tree_mark (self->tree, table);
  is_there = send_locked (self, 0) != ESRCH;
  g_mutex_unlock (&self->reap_lock);

  for (guint i = 0; is_there && i < table->len; i++)
    {
      ProcEntry *entry = &g_array_index (table, ProcEntry, i);

      if (entry->pid == self->pid)
        entry->marked = TRUE;
    }
  proc_table_mark_descendants (table);
  for (guint i = table->len; i > 0; i--)
    {
      const ProcEntry *entry = &g_array_index (table, ProcEntry, i - 1);

      if (!entry->marked || entry->pid == self->pid || proc_entry_is_dead (entry))
        g_array_remove_index_fast (table, i - 1);
    }
  return g_steal_pointer (&table);
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
  is_zombie = !self->reaped && wait_locked (self, &info, WEXITED | WNOHANG | WNOWAIT, NULL) == 0 &&
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
