/* Works with a child watcher from outside the library: its functions are called in the context that
 * it is attached to, and nowhere else.
 *
 * SPDX-License-Identifier: LGPL-2.1-or-later
 */

#pragma once

#include "watch/child-watcher-private.h"

G_BEGIN_DECLS

/* Owned by the watcher. Thread: ANY, but for foreign_watcher_work(). */
typedef struct _ForeignWatcher ForeignWatcher;

ForeignWatcher *foreign_watcher_new (ProctorChildWatcher *watcher);
void foreign_watcher_free (ForeignWatcher *self);

/* @context is nullable: it is in none. */
void foreign_watcher_set_context (ForeignWatcher *self,
                                  GMainContext   *context);
gboolean foreign_watcher_is_attached (ForeignWatcher *self);

/* Whether the calling thread is the one that runs the context, so that nobody else would if this
 * one were blocked.
 */
gboolean foreign_watcher_is_here (ForeignWatcher *self);

/* Has the watcher called, later and in its context. */
void foreign_watcher_watch (ForeignWatcher *self,
                            ChildId        *child);
void foreign_watcher_unwatch (ForeignWatcher *self,
                              guint64         token);

/* For g_object_unref() of the watcher, later and in its context. */
void foreign_watcher_drop (ForeignWatcher *self);

/* The exit of that child was reported. Whether the watcher was watching it. */
gboolean foreign_watcher_forget (ForeignWatcher *self,
                                 guint64         token);

/* In the thread that runs the context: does what waits to be done, and has the watcher look at all
 * its children.
 */
void foreign_watcher_work (ForeignWatcher *self);

G_END_DECLS
