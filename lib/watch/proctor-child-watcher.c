/* SPDX-License-Identifier: LGPL-2.1-or-later */

/* Thread: ANY. */

#include "config.h"

#include "watch/child-watcher-private.h"

/**
 * ProctorChildWatcher:
 *
 * Notices the exit of child processes.
 *
 * A watcher is told of each child by a token and its pid, and reports the exit under that token,
 * once, with [method@ChildWatcher.report]. The default one is [class@MainChildWatcher].
 *
 * Thread safety: children may be given to it by any thread.
 *
 * Since: 1.0
 */
G_DEFINE_ABSTRACT_TYPE (ProctorChildWatcher, proctor_child_watcher, G_TYPE_OBJECT)

/* Children that are watched and were not announced yet, under their tokens. */
static GMutex tokens_lock;
static GHashTable *children_by_token; /* guint64 * → owned ChildId; guarded by tokens_lock */
static guint64 last_token;            /* guarded by tokens_lock */

static void
add_token (ChildId *child)
{
  guint64 *key = g_new (guint64, 1);

  g_mutex_lock (&tokens_lock);
  if (children_by_token == NULL)
    children_by_token = g_hash_table_new_full (g_int64_hash, g_int64_equal, g_free, NULL);
  *key = ++last_token;
  child_id_set_token (child, *key);
  g_hash_table_insert (children_by_token, key, child_id_ref (child));
  g_mutex_unlock (&tokens_lock);
}

/* The reference that the table had. */
static ChildId *
steal_token (guint64 token)
{
  gpointer child = NULL;
  gpointer key = NULL;

  g_mutex_lock (&tokens_lock);
  if (children_by_token != NULL)
    g_hash_table_steal_extended (children_by_token, &token, &key, &child);
  g_mutex_unlock (&tokens_lock);

  g_free (key);
  return child;
}

ChildId *
child_watcher_dup_child (guint64 token)
{
  ChildId *child = NULL;

  g_mutex_lock (&tokens_lock);
  if (children_by_token != NULL)
    child = g_hash_table_lookup (children_by_token, &token);
  if (child != NULL)
    child_id_ref (child);
  g_mutex_unlock (&tokens_lock);

  return child;
}

gboolean
child_watcher_watch (ProctorChildWatcher  *self,
                     ChildId              *child,
                     GError              **error)
{
  ChildId *held;

  add_token (child);
  if (PROCTOR_CHILD_WATCHER_GET_CLASS (self)->watch (self, child_id_get_token (child),
                                                     child_id_get_pid (child), error))
    return TRUE;

  held = steal_token (child_id_get_token (child));
  g_clear_pointer (&held, child_id_unref);
  return FALSE;
}

void
child_watcher_reap_now (ProctorChildWatcher *self,
                        ChildId             *child)
{
  if (!child_id_get_outcome (child, NULL))
    PROCTOR_CHILD_WATCHER_GET_CLASS (self)->reap_now (self, child_id_get_token (child));
}

void
child_watcher_announce (ProctorChildWatcher *self,
                        ChildId             *child)
{
  ChildId *held = steal_token (child_id_get_token (child));

  child_id_announce (child);
  g_clear_pointer (&held, child_id_unref);
}

/**
 * proctor_child_watcher_report:
 * @self: a child watcher
 * @token: the token under which @self was told to watch the child
 * @wait_status: how it ended, as waitpid tells it, or -1 if that is lost
 *
 * Reports that a child has exited and was reaped.
 *
 * To be called by implementations of [class@ChildWatcher]. A token that is not known, or was
 * reported already, is ignored.
 *
 * Thread safety: any thread. Since: 1.0
 */
void
proctor_child_watcher_report (ProctorChildWatcher *self,
                              guint64              token,
                              int                  wait_status)
{
  g_autoptr(ChildId) child = NULL;

  g_return_if_fail (PROCTOR_IS_CHILD_WATCHER (self));

  child = child_watcher_dup_child (token);
  if (child == NULL)
    return;

  child_id_set_outcome (child, wait_status == -1 ? NULL : &wait_status);
  child_watcher_announce (self, child);
}

/**
 * proctor_child_watcher_attach:
 * @self: a child watcher
 * @context: (nullable): the context to work in; %NULL detaches
 * @error: return location for an error
 *
 * Ties the watcher to a main context, in which it works from then on.
 *
 * Errors: %PROCTOR_ERROR_NOT_MAIN_THREAD and whatever the kind of watcher says; see there.
 *
 * Returns: whether it was done
 *
 * Thread safety: as the kind of watcher says. Since: 1.0
 */
gboolean
proctor_child_watcher_attach (ProctorChildWatcher  *self,
                              GMainContext         *context,
                              GError              **error)
{
  g_return_val_if_fail (PROCTOR_IS_CHILD_WATCHER (self), FALSE);

  return PROCTOR_CHILD_WATCHER_GET_CLASS (self)->attach (self, context, error);
}

/**
 * proctor_child_watcher_close:
 * @self: a child watcher
 *
 * Ends the watcher: it accepts no more children. Children that it watches are still reported where
 * that is possible.
 *
 * Thread safety: any thread. Since: 1.0
 */
void
proctor_child_watcher_close (ProctorChildWatcher *self)
{
  g_return_if_fail (PROCTOR_IS_CHILD_WATCHER (self));

  PROCTOR_CHILD_WATCHER_GET_CLASS (self)->close (self);
}

/**
 * proctor_child_watcher_is_active:
 * @self: a child watcher
 *
 * Whether children can be watched now: it is attached to what it needs, and not closed.
 *
 * Returns: whether it is active
 *
 * Thread safety: any thread. Since: 1.0
 */
gboolean
proctor_child_watcher_is_active (ProctorChildWatcher *self)
{
  g_return_val_if_fail (PROCTOR_IS_CHILD_WATCHER (self), FALSE);

  return PROCTOR_CHILD_WATCHER_GET_CLASS (self)->is_active (self);
}

static void
proctor_child_watcher_class_init (ProctorChildWatcherClass *klass)
{
}

static void
proctor_child_watcher_init (ProctorChildWatcher *self)
{
}
