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

#define STACK_SIZE (128 * 1024)

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

static int
wait_for (SuspendTracker *self,
          siginfo_t      *info,
          int             options)
{
  int result;

  do
    {
      memset (info, 0, sizeof *info);
      result = (int) syscall (SYS_waitid, self->pidfd >= 0 ? P_PIDFD : P_PID,
                              self->pidfd >= 0 ? self->pidfd : child_id_get_pid (self->child), info,
                              options, NULL);
    }
  while (result < 0 && errno == EINTR);

  return result;
}

static gboolean
is_exit (const siginfo_t *info)
{
  return info->si_code != CLD_STOPPED && info->si_code != CLD_CONTINUED;
}

static void *
track_thread (void *data)
{
  SuspendTracker *self = data;
  siginfo_t info;

  pthread_setname_np (pthread_self (), "proctor-suspend");
  while (!child_id_get_outcome (self->child, NULL) &&
         wait_for (self, &info, WSTOPPED | WCONTINUED | WEXITED | WNOWAIT) == 0 && !is_exit (&info))
    {
      if (wait_for (self, &info, WSTOPPED | WCONTINUED | WNOHANG) != 0)
        break;
      /* It may have changed again since. */
      if (info.si_pid == child_id_get_pid (self->child) &&
          child_id_note_suspended (self->child, info.si_code == CLD_STOPPED))
        self->func (self->data);
    }

  suspend_tracker_free (self);
  return NULL;
}

static int
start_thread (SuspendTracker *self)
{
  pthread_attr_t attributes;
  pthread_t thread;
  sigset_t mask;
  int result;

  pthread_attr_init (&attributes);
  pthread_attr_setstacksize (&attributes, STACK_SIZE);
  pthread_attr_setdetachstate (&attributes, PTHREAD_CREATE_DETACHED);

  pthread_sigmask (SIG_SETMASK, NULL, &mask);
  thread_block_signals ();
  result = pthread_create (&thread, &attributes, track_thread, self);
  pthread_sigmask (SIG_SETMASK, &mask, NULL);

  pthread_attr_destroy (&attributes);
  return result;
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
  result = pidfd >= 0 && self->pidfd < 0 ? errno : start_thread (self);
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
