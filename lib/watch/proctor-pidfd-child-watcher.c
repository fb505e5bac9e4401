/* SPDX-License-Identifier: LGPL-2.1-or-later */

/* Thread: watching ANY; events on the worker of the child's actor. */

#include "config.h"

#include "watch/child-watcher-private.h"

#include <errno.h>
#include <glib/gi18n-lib.h>
#include <stdatomic.h>

#include "base/base-thread.h"
#include "spawn/spawn-features.h"
#include "watch/threaded-wait.h"

/**
 * ProctorPidfdChildWatcher:
 *
 * A child watcher that needs no main loop: each child's pidfd is watched by the library's own
 * worker thread that has its pipes, too.
 *
 * It has none of the limits of [class@MainChildWatcher]: any thread may make it, and may start
 * processes first. It needs a kernel with pidfds (Linux 5.4).
 *
 * Thread safety: any thread.
 *
 * Since: 1.0
 */
struct _ProctorPidfdChildWatcher
{
  ProctorChildWatcher parent_instance;

  /* atomic */
  atomic_bool active;
};

/* Made by the spawner's thread, complete before it is in the worker's event queue; from then on the
 * worker's.
 */
typedef struct
{
  EventWatch watch;
  ProctorPidfdChildWatcher *watcher; /* owned */
  ChildId *child;                    /* owned */
} PidfdWatch;

G_DEFINE_FINAL_TYPE (ProctorPidfdChildWatcher,
                     proctor_pidfd_child_watcher,
                     PROCTOR_TYPE_CHILD_WATCHER)

static void
pidfd_watch_free (PidfdWatch *self)
{
  g_object_unref (self->watcher);
  child_id_unref (self->child);
  g_free (self);
}

static void
exited_in_worker (EventWatch *event,
                  EventMask   events)
{
  PidfdWatch *watch = (PidfdWatch *) event;

  /* A readable pidfd need not be a child that can be reaped: a tracer may have it first. The kernel
   * reports again.
   */
  if (!child_id_reap (watch->child))
    return;

  event_queue_remove (worker_get_event_queue (child_id_get_worker (watch->child)), event);
  child_watcher_announce (PROCTOR_CHILD_WATCHER (watch->watcher), watch->child);
  pidfd_watch_free (watch);
}

/* The worker's queue may be used from here, though this is the spawner: adding is for any thread,
 * and as long as there is a child whose actor has not heard of its exit the worker lives.
 */
static gboolean
proctor_pidfd_child_watcher_watch (ProctorChildWatcher  *watcher,
                                   guint64               token,
                                   GPid                  pid,
                                   GError              **error)
{
  g_autoptr(ChildId) child = child_watcher_dup_child (token);
  PidfdWatch *watch;
  int error_number;

  g_return_val_if_fail (child != NULL, FALSE);

  /* The system had pidfds when it was asked, and has refused this one. */
  if (child_id_get_pidfd (child) < 0)
    return threaded_wait_start (watcher, child, error);

  watch = g_new0 (PidfdWatch, 1);
  watch->watcher = g_object_ref (PROCTOR_PIDFD_CHILD_WATCHER (watcher));
  watch->child = child_id_ref (child);
  child_id_set_watch_data (child, watch);
  if (worker_watch_fd (child_id_get_worker (child), &watch->watch, child_id_get_pidfd (child),
                       EVENT_IN | EVENT_EDGE, exited_in_worker))
    return TRUE;

  error_number = errno;
  child_id_set_watch_data (child, NULL);
  pidfd_watch_free (watch);
  g_set_error (error, G_IO_ERROR, g_io_error_from_errno (error_number),
               _("Could not watch process %d: %s"), (int) pid, g_strerror (error_number));
  return FALSE;
}

static void
proctor_pidfd_child_watcher_unwatch (ProctorChildWatcher *watcher,
                                     guint64              token)
{
  g_autoptr(ChildId) child = child_watcher_dup_child (token);
  PidfdWatch *watch;

  watch = child != NULL ? child_id_get_watch_data (child) : NULL;
  if (watch == NULL)
    return;

  event_queue_remove (worker_get_event_queue (child_id_get_worker (child)), &watch->watch);
  pidfd_watch_free (watch);
}

/* The library does that by itself: whoever looks first reaps, and the worker finds the outcome
 * there and tells it.
 */
static void
proctor_pidfd_child_watcher_reap_now (ProctorChildWatcher *watcher,
                                      guint64              token)
{
}

static gboolean
proctor_pidfd_child_watcher_attach (ProctorChildWatcher  *watcher,
                                    GMainContext         *context,
                                    GError              **error)
{
  atomic_store (&PROCTOR_PIDFD_CHILD_WATCHER (watcher)->active, TRUE);
  return TRUE;
}

static void
proctor_pidfd_child_watcher_close (ProctorChildWatcher *watcher)
{
  atomic_store (&PROCTOR_PIDFD_CHILD_WATCHER (watcher)->active, FALSE);
}

static gboolean
proctor_pidfd_child_watcher_is_active (ProctorChildWatcher *watcher)
{
  return atomic_load (&PROCTOR_PIDFD_CHILD_WATCHER (watcher)->active);
}

static void
proctor_pidfd_child_watcher_class_init (ProctorPidfdChildWatcherClass *klass)
{
  ProctorChildWatcherClass *watcher_class = PROCTOR_CHILD_WATCHER_CLASS (klass);

  watcher_class->watch = proctor_pidfd_child_watcher_watch;
  watcher_class->unwatch = proctor_pidfd_child_watcher_unwatch;
  watcher_class->reap_now = proctor_pidfd_child_watcher_reap_now;
  watcher_class->attach = proctor_pidfd_child_watcher_attach;
  watcher_class->close = proctor_pidfd_child_watcher_close;
  watcher_class->is_active = proctor_pidfd_child_watcher_is_active;
}

static void
proctor_pidfd_child_watcher_init (ProctorPidfdChildWatcher *self)
{
  child_watcher_set_builtin (PROCTOR_CHILD_WATCHER (self));
  atomic_store (&self->active, TRUE);
}

/**
 * proctor_pidfd_child_watcher_new:
 * @error: return location for an error
 *
 * Makes a child watcher that works on the library's own threads.
 *
 * Errors: %G_IO_ERROR_NOT_SUPPORTED where the system has no pidfds; use
 * [class@ThreadedChildWatcher] there. %PROCTOR_ERROR_FORKED.
 *
 * Thread safety: any thread.
 *
 * Returns: (transfer full): the watcher
 *
 * Since: 1.0
 */
ProctorChildWatcher *
proctor_pidfd_child_watcher_new (GError **error)
{
  if (!program_check_not_forked (error))
    return NULL;
  if (!spawn_features_get ()->pidfd)
    {
      g_set_error_literal (error, G_IO_ERROR, G_IO_ERROR_NOT_SUPPORTED,
                           _("This system has no pidfds: the threaded child watcher works without"));
      return NULL;
    }

  return g_object_new (PROCTOR_TYPE_PIDFD_CHILD_WATCHER, NULL);
}
