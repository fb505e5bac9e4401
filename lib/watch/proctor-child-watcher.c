/* SPDX-License-Identifier: LGPL-2.1-or-later */

/* Thread: ANY. */

#include "config.h"

#include "watch/child-watcher-private.h"

#include <glib/gi18n-lib.h>
#include <stdatomic.h>

#include "base/base-thread.h"
#include "watch/child-tokens.h"
#include "watch/foreign-watcher.h"

/**
 * ProctorChildWatcher:
 *
 * Notices the exit of child processes.
 *
 * A watcher is told of each child by a token and its pid, and reports the exit under that token,
 * once, with [method@ChildWatcher.report]. The default one is [class@MainChildWatcher];
 * [class@PidfdChildWatcher] and [class@ThreadedChildWatcher] do without its limits.
 *
 * # Writing one
 *
 * A subclass from outside the library has to be attached to a context
 * ([method@ChildWatcher.attach]) before it is used ([func@set_child_watcher]). Its functions are
 * called there and nowhere else. Only `watch` has to be written. It reaps its children by itself,
 * by pid or pidfd and never with `waitpid (-1)`, and may report from any thread. If `watch` fails
 * the library waits for that child in a thread of its own. With `reap_now` a thread that runs the
 * watcher's context can call blocking functions of the library; without, those are
 * %PROCTOR_ERROR_WOULD_DEADLOCK there. A complete one is in
 * [Writing a watcher](writing-a-watcher.html).
 *
 * Thread safety: children may be given to it by any thread.
 *
 * Since: 1.0
 */
typedef struct
{
  /* immutable after construction */
  ForeignWatcher *foreign; /* NULL: one of the library's own */

  /* atomic; of a foreign one */
  atomic_bool closed;
} ProctorChildWatcherPrivate;

G_DEFINE_ABSTRACT_TYPE_WITH_PRIVATE (ProctorChildWatcher, proctor_child_watcher, G_TYPE_OBJECT)

/**
 * ProctorChildWatcherClass::watch:
 * @self: a watcher
 * @token: the name under which the exit is to be reported
 * @pid: the child
 *
 * Starts to watch a child. Its exit is reported once, with [method@ChildWatcher.report], which may
 * be called before this returns.
 *
 * Errors: whatever hinders it; the library then waits for this child in a thread of its own.
 *
 * Thread safety: called in the context that the watcher is attached to.
 *
 * Returns: %TRUE if the child is watched
 *
 * Since: 1.0
 */

/**
 * ProctorChildWatcherClass::unwatch:
 * @self: a watcher
 * @token: the name of a child
 *
 * Forgets a child: nothing is to be reported for it any more.
 *
 * Thread safety: called in the context that the watcher is attached to.
 *
 * Since: 1.0
 */

/**
 * ProctorChildWatcherClass::reap_now:
 * @self: a watcher
 * @token: the name of a child
 *
 * Looks whether a child has exited, and if so reports that before it returns. Without this function
 * the blocking calls of the library are %PROCTOR_ERROR_WOULD_DEADLOCK in the thread that runs the
 * watcher's context.
 *
 * Thread safety: called in the context that the watcher is attached to.
 *
 * Since: 1.0
 */

static ProctorChildWatcherPrivate *
get_private (ProctorChildWatcher *self)
{
  return proctor_child_watcher_get_instance_private (self);
}

static ForeignWatcher *
get_foreign (ProctorChildWatcher *self)
{
  return get_private (self)->foreign;
}

void
child_watcher_set_builtin (ProctorChildWatcher *self)
{
  g_clear_pointer (&get_private (self)->foreign, foreign_watcher_free);
}

gboolean
child_watcher_watch (ProctorChildWatcher  *self,
                     ChildId              *child,
                     Worker               *worker,
                     GError              **error)
{
  ProctorChildWatcherClass *klass = PROCTOR_CHILD_WATCHER_GET_CLASS (self);
  ForeignWatcher *foreign = get_foreign (self);
  ChildId *held;

  child_id_set_worker (child, worker);
  child_tokens_add (child, self);
  if (foreign != NULL)
    {
      foreign_watcher_watch (foreign, child);
      return TRUE;
    }
  if (klass->watch (self, child_id_get_token (child), child_id_get_pid (child), error))
    return TRUE;

  held = child_tokens_steal (child_id_get_token (child));
  g_clear_pointer (&held, child_id_unref);
  return FALSE;
}

void
child_watcher_reap_now (ProctorChildWatcher *self,
                        ChildId             *child)
{
  ForeignWatcher *foreign = get_foreign (self);

  if (child_id_get_outcome (child, NULL))
    return;
  if (PROCTOR_IS_PIDFD_CHILD_WATCHER (self) && child_id_get_pidfd (child) >= 0)
    child_id_reap (child); /* also one that was let go */
  else if (foreign == NULL)
    PROCTOR_CHILD_WATCHER_GET_CLASS (self)->reap_now (self, child_id_get_token (child));
  else if (foreign_watcher_is_here (foreign))
    foreign_watcher_work (foreign);
}

gboolean
child_watcher_let_go (ProctorChildWatcher *self,
                      ChildId             *child)
{
  ForeignWatcher *foreign = get_foreign (self);
  guint64 token = child_id_get_token (child);
  ChildId *held;

  if (foreign == NULL)
    PROCTOR_CHILD_WATCHER_GET_CLASS (self)->unwatch (self, token);
  held = child_tokens_steal (token);
  if (held == NULL)
    return FALSE;

  child_id_let_go (held);
  if (foreign != NULL)
    foreign_watcher_unwatch (foreign, token);
  child_id_unref (held);
  return TRUE;
}

static void
default_reap_now (ProctorChildWatcher *self,
                  guint64              token)
{
}

gboolean
child_watcher_check_may_block (ProctorChildWatcher  *self,
                               GError              **error)
{
  ForeignWatcher *foreign = get_foreign (self);

  if (foreign == NULL || !foreign_watcher_is_here (foreign) ||
      PROCTOR_CHILD_WATCHER_GET_CLASS (self)->reap_now != default_reap_now)
    return TRUE;

  g_set_error (error, PROCTOR_ERROR, PROCTOR_ERROR_WOULD_DEADLOCK,
               _("A blocking call in the thread of the child watcher would never end, since %s "
                 "cannot look at its children meanwhile"),
               G_OBJECT_TYPE_NAME (self));
  return FALSE;
}

gboolean
child_watcher_works_here (ProctorChildWatcher *self)
{
  ForeignWatcher *foreign = get_foreign (self);

  return foreign != NULL && foreign_watcher_is_here (foreign);
}

void
child_watcher_work (ProctorChildWatcher *self)
{
  foreign_watcher_work (get_foreign (self));
}

void
child_watcher_unref (ProctorChildWatcher *self)
{
  ForeignWatcher *foreign = get_foreign (self);

  if (foreign != NULL && foreign_watcher_is_attached (foreign) &&
      !foreign_watcher_is_here (foreign))
    foreign_watcher_drop (foreign);
  else
    g_object_unref (self);
}

void
child_watcher_announce (ProctorChildWatcher *self,
                        ChildId             *child)
{
  ChildId *held = child_tokens_steal (child_id_get_token (child));

  if (held == NULL)
    return;

  child_id_announce (held);
  child_id_unref (held);
}

ChildId *
child_watcher_dup_child (guint64 token)
{
  return child_tokens_dup (token);
}

static gboolean
is_zombie_with_pidfd (ChildId *child)
{
  return child_id_get_pidfd (child) >= 0 && child_id_is_zombie (child);
}

pid_t
child_watcher_find_zombie (ProctorChildWatcher *self)
{
  g_autoptr(ChildId) child = child_tokens_find (self, is_zombie_with_pidfd);

  return child != NULL ? child_id_get_pid (child) : 0;
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
 * Thread safety: any thread.
 *
 * Since: 1.0
 */
void
proctor_child_watcher_report (ProctorChildWatcher *self,
                              guint64              token,
                              int                  wait_status)
{
  g_autoptr(ChildId) child = NULL;

  g_return_if_fail (PROCTOR_IS_CHILD_WATCHER (self));

  if (program_is_forked_copy ())
    return;

  if (get_foreign (self) != NULL)
    foreign_watcher_forget (get_foreign (self), token);
  child = child_tokens_dup (token);
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
 * Ties the watcher to a main context, in which it works from then on. The pidfd watcher and the
 * threaded one need none.
 *
 * Errors: %PROCTOR_ERROR_NOT_MAIN_THREAD and whatever the kind of watcher says; see there.
 * %PROCTOR_ERROR_FORKED.
 *
 * Thread safety: as the kind of watcher says.
 *
 * Returns: whether it was done
 *
 * Since: 1.0
 */
gboolean
proctor_child_watcher_attach (ProctorChildWatcher  *self,
                              GMainContext         *context,
                              GError              **error)
{
  g_return_val_if_fail (PROCTOR_IS_CHILD_WATCHER (self), FALSE);

  if (!program_check_not_forked (error) ||
      !PROCTOR_CHILD_WATCHER_GET_CLASS (self)->attach (self, context, error))
    return FALSE;

  if (get_foreign (self) != NULL)
    foreign_watcher_set_context (get_foreign (self), context);
  return TRUE;
}

/**
 * proctor_child_watcher_close:
 * @self: a child watcher
 *
 * Ends the watcher: it accepts no more children. Children that it watches are still reported where
 * that is possible.
 *
 * Thread safety: any thread.
 *
 * Since: 1.0
 */
void
proctor_child_watcher_close (ProctorChildWatcher *self)
{
  g_return_if_fail (PROCTOR_IS_CHILD_WATCHER (self));

  if (program_is_forked_copy ())
    return;
  PROCTOR_CHILD_WATCHER_GET_CLASS (self)->close (self);
  atomic_store (&get_private (self)->closed, TRUE);
}

/**
 * proctor_child_watcher_is_active:
 * @self: a child watcher
 *
 * Whether children can be watched now: it is attached to what it needs, and not closed.
 *
 * Thread safety: any thread.
 *
 * Returns: whether it is active
 *
 * Since: 1.0
 */
gboolean
proctor_child_watcher_is_active (ProctorChildWatcher *self)
{
  g_return_val_if_fail (PROCTOR_IS_CHILD_WATCHER (self), FALSE);

  return PROCTOR_CHILD_WATCHER_GET_CLASS (self)->is_active (self);
}

/* ---- what a subclass need not write */

static gboolean
default_watch (ProctorChildWatcher  *self,
               guint64               token,
               GPid                  pid,
               GError              **error)
{
  g_set_error (error, G_IO_ERROR, G_IO_ERROR_NOT_SUPPORTED, _("%s cannot watch anything"),
               G_OBJECT_TYPE_NAME (self));
  return FALSE;
}

static void
default_unwatch (ProctorChildWatcher *self,
                 guint64              token)
{
}

static gboolean
default_attach (ProctorChildWatcher  *self,
                GMainContext         *context,
                GError              **error)
{
  return TRUE;
}

static void
default_close (ProctorChildWatcher *self)
{
}

static gboolean
default_is_active (ProctorChildWatcher *self)
{
  return get_foreign (self) != NULL && foreign_watcher_is_attached (get_foreign (self)) &&
         !atomic_load (&get_private (self)->closed);
}

static void
proctor_child_watcher_finalize (GObject *object)
{
  if (!program_is_forked_copy ())
    g_clear_pointer (&get_private (PROCTOR_CHILD_WATCHER (object))->foreign, foreign_watcher_free);

  G_OBJECT_CLASS (proctor_child_watcher_parent_class)->finalize (object);
}

static void
proctor_child_watcher_class_init (ProctorChildWatcherClass *klass)
{
  G_OBJECT_CLASS (klass)->finalize = proctor_child_watcher_finalize;

  klass->watch = default_watch;
  klass->unwatch = default_unwatch;
  klass->reap_now = default_reap_now;
  klass->attach = default_attach;
  klass->close = default_close;
  klass->is_active = default_is_active;
}

static void
proctor_child_watcher_init (ProctorChildWatcher *self)
{
  get_private (self)->foreign = foreign_watcher_new (self);
}
