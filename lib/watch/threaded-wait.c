/* SPDX-License-Identifier: LGPL-2.1-or-later */

/* Thread: starting ANY; the rest on the thread of the child. */

#include "config.h"

#include "watch/threaded-wait.h"

#include <glib/gi18n-lib.h>
#include <pthread.h>
#include <signal.h>
#include <string.h>

#include "base/base-thread.h"

typedef struct
{
  ProctorChildWatcher *watcher; /* owned */
  ChildId *child;               /* owned */
} ThreadedWait;

static void
threaded_wait_free (ThreadedWait *self)
{
  child_watcher_unref (self->watcher);
  child_id_unref (self->child);
  g_free (self);
}

static void *
wait_thread (void *data)
{
  ThreadedWait *self = data;

  pthread_setname_np (pthread_self (), "proctor-child");
  do
    {
      child_id_await_exit (self->child);
      child_id_trace_exit (self->child);
    }
  while (!child_id_reap (self->child));

  child_watcher_announce (self->watcher, self->child);
  threaded_wait_free (self);
  return NULL;
}

gboolean
threaded_wait_start (ProctorChildWatcher  *watcher,
                     ChildId              *child,
                     GError              **error)
{
  ThreadedWait *self = g_new (ThreadedWait, 1);
  int result;

  self->watcher = g_object_ref (watcher);
  self->child = child_id_ref (child);
  result = thread_start_small (wait_thread, self);
  if (result == 0)
    return TRUE;

  threaded_wait_free (self);
  g_set_error (error, G_IO_ERROR, g_io_error_from_errno (result),
               _("Could not start a thread to wait for process %d: %s"),
               (int) child_id_get_pid (child), g_strerror (result));
  return FALSE;
}
