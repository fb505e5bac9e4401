/* Signals to a child and to its tree, and what they need to know: whether it is still there,
 * whether it is suspended, who descends from it.
 *
 * SPDX-License-Identifier: LGPL-2.1-or-later
 */

/* Thread: ANY. */

#include "config.h"

#include "watch/child-id-private.h"

#include <errno.h>
#include <glib/gi18n-lib.h>
#include <sys/syscall.h>
#include <sys/wait.h>
#include <unistd.h>

#include <proctor/proctor.h>

#include "base/proc-table.h"
#include "trace/trace.h"

/* How long a process may take until a SIGSTOP has really stopped it. */
#define SUSPENDING_TIME (G_TIME_SPAN_SECOND / 10)

/* ---- to the child */

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
  return child_id_wait_locked (self, &info, WEXITED | WNOHANG | WNOWAIT, NULL) == 0 &&
         !child_id_pid_is_another_locked (self);
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

/* ---- to its tree */

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

/* ---- whether it is suspended */

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
  if (!self->reaped &&
      child_id_wait_locked (self, &info, WSTOPPED | WCONTINUED | WNOHANG, NULL) == 0 &&
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

/* It was stopped and continued before anybody looked, by somebody else; or it has died, and may
 * stay a zombie for long.
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
      gboolean is_child =
        child_id_wait_locked (self, &info, WSTOPPED | WNOHANG | WNOWAIT, NULL) == 0;

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
  suspended = !self->reaped &&
              child_id_wait_locked (self, &info, WSTOPPED | WNOHANG | WNOWAIT, NULL) == 0 &&
              info.si_pid == self->pid &&
              (info.si_code == CLD_STOPPED || info.si_code == CLD_TRAPPED);
  g_mutex_unlock (&self->reap_lock);

  return suspended;
}

/* ---- who descends from it */

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
