/* SPDX-License-Identifier: LGPL-2.1-or-later */

/* Thread: starting ANY; the rest on the thread of the child. */

#include "config.h"

#include "watch/threaded-wait.h"

#include <glib/gi18n-lib.h>
#include <pthread.h>
#include <signal.h>
#include <string.h>

#include "base/base-thread.h"

/* Enough for a system call and a message; there may be thousands of these threads. */
#define STACK_SIZE (128 * 1024)

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
    child_id_await_exit (self->child);
  while (!child_id_reap (self->child));

  child_watcher_announce (self->watcher, self->child);
  threaded_wait_free (self);
  return NULL;
}

/* Not a GThread, whose stack has the default size of 8 MiB. */
static int
start_thread (ThreadedWait *self)
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
  result = pthread_create (&thread, &attributes, wait_thread, self);
  pthread_sigmask (SIG_SETMASK, &mask, NULL);

  pthread_attr_destroy (&attributes);
  return result;
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
  result = start_thread (self);
  if (result == 0)
    return TRUE;

  threaded_wait_free (self);
  g_set_error (error, G_IO_ERROR, g_io_error_from_errno (result),
               _("Could not start a thread to wait for process %d: %s"),
               (int) child_id_get_pid (child), g_strerror (result));
  return FALSE;
}
