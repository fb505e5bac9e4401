/* SPDX-License-Identifier: LGPL-2.1-or-later */

/* Thread: ANY. */

#include "config.h"

#include "watch/threaded-wait.h"

#include <stdatomic.h>

#include "base/base-thread.h"

/**
 * ProctorThreadedChildWatcher:
 *
 * A child watcher that waits for each child in a thread of its own.
 *
 * It needs no main loop and nothing of the system but waitid, so that it works everywhere and with
 * any thread; but each running child costs a thread. It has none of the limits of
 * [class@MainChildWatcher].
 *
 * Thread safety: any thread.
 *
 * Since: 1.0
 */
struct _ProctorThreadedChildWatcher
{
  ProctorChildWatcher parent_instance;

  /* atomic */
  atomic_bool active;
};

G_DEFINE_FINAL_TYPE (ProctorThreadedChildWatcher,
                     proctor_threaded_child_watcher,
                     PROCTOR_TYPE_CHILD_WATCHER)

static gboolean
proctor_threaded_child_watcher_watch (ProctorChildWatcher  *watcher,
                                      guint64               token,
                                      GPid                  pid,
                                      GError              **error)
{
  g_autoptr(ChildId) child = child_watcher_dup_child (token);

  g_return_val_if_fail (child != NULL, FALSE);

  return threaded_wait_start (watcher, child, error);
}

/* The thread waits on; what it reports then, nobody hears. */
static void
proctor_threaded_child_watcher_unwatch (ProctorChildWatcher *watcher,
                                        guint64              token)
{
}

/* Only the thread reaps: where it waits for a pid, that must not become another child's. */
static void
proctor_threaded_child_watcher_reap_now (ProctorChildWatcher *watcher,
                                         guint64              token)
{
}

static gboolean
proctor_threaded_child_watcher_attach (ProctorChildWatcher  *watcher,
                                       GMainContext         *context,
                                       GError              **error)
{
  atomic_store (&PROCTOR_THREADED_CHILD_WATCHER (watcher)->active, TRUE);
  return TRUE;
}

static void
proctor_threaded_child_watcher_close (ProctorChildWatcher *watcher)
{
  atomic_store (&PROCTOR_THREADED_CHILD_WATCHER (watcher)->active, FALSE);
}

static gboolean
proctor_threaded_child_watcher_is_active (ProctorChildWatcher *watcher)
{
  return atomic_load (&PROCTOR_THREADED_CHILD_WATCHER (watcher)->active);
}

static void
proctor_threaded_child_watcher_class_init (ProctorThreadedChildWatcherClass *klass)
{
  ProctorChildWatcherClass *watcher_class = PROCTOR_CHILD_WATCHER_CLASS (klass);

  watcher_class->watch = proctor_threaded_child_watcher_watch;
  watcher_class->unwatch = proctor_threaded_child_watcher_unwatch;
  watcher_class->reap_now = proctor_threaded_child_watcher_reap_now;
  watcher_class->attach = proctor_threaded_child_watcher_attach;
  watcher_class->close = proctor_threaded_child_watcher_close;
  watcher_class->is_active = proctor_threaded_child_watcher_is_active;
}

static void
proctor_threaded_child_watcher_init (ProctorThreadedChildWatcher *self)
{
  child_watcher_set_builtin (PROCTOR_CHILD_WATCHER (self));
  atomic_store (&self->active, TRUE);
}

/**
 * proctor_threaded_child_watcher_new:
 * @error: return location for an error
 *
 * Makes a child watcher that has a thread wait for each child.
 *
 * Errors: %PROCTOR_ERROR_FORKED.
 *
 * Thread safety: any thread.
 *
 * Returns: (transfer full): the watcher
 *
 * Since: 1.0
 */
ProctorChildWatcher *
proctor_threaded_child_watcher_new (GError **error)
{
  if (!program_check_not_forked (error))
    return NULL;

  return g_object_new (PROCTOR_TYPE_THREADED_CHILD_WATCHER, NULL);
}
