/* What the library does with a child watcher.
 *
 * SPDX-License-Identifier: LGPL-2.1-or-later
 */

#pragma once

#include <proctor/proctor.h>

#include "watch/child-id.h"

G_BEGIN_DECLS

/* Watches @child with a token of its own; its exit is announced once, before or after this returns.
 * @worker is that of the child's actor. Any thread. On failure nobody watches it.
 */
gboolean child_watcher_watch (ProctorChildWatcher  *self,
                              ChildId              *child,
                              Worker               *worker,
                              GError              **error);

/* Looks at once whether @child has exited, as far as this watcher can from the calling thread. */
void child_watcher_reap_now (ProctorChildWatcher *self,
                             ChildId             *child);

/* On the worker that was given to child_watcher_watch(): the exit of @child will not be announced.
 * FALSE if it was, or is at this moment.
 */
gboolean child_watcher_let_go (ProctorChildWatcher *self,
                               ChildId             *child);

/* WOULD_DEADLOCK where a blocking call of this thread would keep the watcher from its work. */
gboolean child_watcher_check_may_block (ProctorChildWatcher  *self,
                                        GError              **error);

/* Whether a blocked thread has to do the watcher's work: the calling one runs the context of a
 * watcher from outside the library. Then child_watcher_work() has to be called again and again.
 */
gboolean child_watcher_works_here (ProctorChildWatcher *self);
void child_watcher_work (ProctorChildWatcher *self);

/* For g_object_unref() in any thread: one from outside the library ends in its own context. */
void child_watcher_unref (ProctorChildWatcher *self);

/* ---- for watchers of the library */

/* Its functions may be called in any thread. To be called when it is made. */
void child_watcher_set_builtin (ProctorChildWatcher *self);

/* Announces a child whose outcome is known, and forgets its token. Without effect on one that was
 * let go.
 */
void child_watcher_announce (ProctorChildWatcher *self,
                             ChildId             *child);

/* The child that a token names, or NULL when it has been announced. */
ChildId *child_watcher_dup_child (guint64 token);

/* The pid of a child that has exited and was not reaped yet, among those with a pidfd that @self
 * watches; 0: none.
 */
pid_t child_watcher_find_zombie (ProctorChildWatcher *self);

G_END_DECLS
