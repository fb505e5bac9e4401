/* SPDX-License-Identifier: LGPL-2.1-or-later */

/* Thread: starting ANY; the rest on the thread of the child. */

#include "config.h"

#include "watch/suspend-tracker.h"

#include <errno.h>
#include <fcntl.h>
#include <glib/gi18n-lib.h>
#include <pthread.h>
#include <signal.h>
#include <string.h>
#include <sys/syscall.h>
#include <sys/wait.h>
#include <unistd.h>

#include "base/base-thread.h"

/* Why a thread: a pidfd becomes readable by an exit only (pidfd_open(2)), SIGCHLD belongs to the
 * application, and looking again and again costs all the time. waitid(2) alone waits for a stop or
 * its end, without taking the exit from the watcher: each event is only looked at first, and taken
 * if it is no exit. So this is for those who ask for it.
 */

/* Only for a moment after a call of ours that has crossed another event. */
#define LOOK_USEC 1000

typedef struct
{
  ChildId *child; /* owned */
  int pidfd;      /* a copy of its own, or -1: the child's is closed at some time */
  SuspendFunc func;
  gpointer data; /* owned */
  GDestroyNotify data_free;
} SuspendTracker;

static void
suspend_tracker_free (SuspendTracker *self)
{
  if (self->pidfd >= 0)
    close (self->pidfd);
  self->data_free (self->data);
  child_id_unref (self->child);
  g_free (self);
}

/* FALSE when it has exited, or nobody can wait for it any more. */
static gboolean
wait_for_event (SuspendTracker *self)
{
  idtype_t type = self->pidfd >= 0 ? P_PIDFD : P_PID;
  int id = self->pidfd >= 0 ? self->pidfd : child_id_get_pid (self->child);
  siginfo_t info;
  int result;

  do
    {
      memset (&info, 0, sizeof info);
      result = (int) syscall (SYS_waitid, type, id, &info,
                              WSTOPPED | WCONTINUED | WEXITED | WNOWAIT, NULL);
    }
  while (result < 0 && errno == EINTR);

  return result == 0 && (info.si_code == CLD_STOPPED || info.si_code == CLD_CONTINUED);
}

/* The event may have been older than a SIGSTOP of ours. That arrives within a moment, and else the
 * child has gone on again before it was looked at.
 */
static void
await_expected_stop (SuspendTracker *self)
{
  while (child_id_expects_stop (self->child) && !child_id_get_outcome (self->child, NULL))
    {
      if (child_id_take_suspend_event (self->child) || child_id_give_up_stop (self->child))
        self->func (self->data);
      g_usleep (LOOK_USEC);
    }
}

static void *
track_thread (void *data)
{
  SuspendTracker *self = data;

  pthread_setname_np (pthread_self (), "proctor-suspend");
  while (!child_id_get_outcome (self->child, NULL) && wait_for_event (self))
    {
      if (child_id_take_suspend_event (self->child))
        self->func (self->data);
      await_expected_stop (self);
    }

  suspend_tracker_free (self);
  return NULL;
}

gboolean
suspend_tracker_start (ChildId         *child,
                       SuspendFunc      func,
                       gpointer         data,
                       GDestroyNotify   data_free,
                       GError         **error)
{
  SuspendTracker *self = g_new (SuspendTracker, 1);
  int pidfd = child_id_get_pidfd (child);
  int result;

  *self = (SuspendTracker){
    .child = child_id_ref (child),
    .pidfd = pidfd >= 0 ? fcntl (pidfd, F_DUPFD_CLOEXEC, 3) : -1,
    .func = func,
    .data = data,
    .data_free = data_free,
  };
  result = pidfd >= 0 && self->pidfd < 0 ? errno : thread_start_small (track_thread, self);
  if (result == 0)
    {
      child_id_set_suspend_tracked (child);
      return TRUE;
    }

  suspend_tracker_free (self);
  g_set_error (error, G_IO_ERROR, g_io_error_from_errno (result),
               _("Could not start a thread to track process %d: %s"),
               (int) child_id_get_pid (child), g_strerror (result));
  return FALSE;
}
