/* What the library does with a child watcher.
 *
 * SPDX-License-Identifier: LGPL-2.1-or-later
 */

#pragma once

#include <proctor/proctor.h>

#include "watch/child-id.h"

G_BEGIN_DECLS

/* Watches @child with a token of its own; its exit is announced once, before or after this returns.
 * Any thread. On failure nobody watches it.
 */
gboolean child_watcher_watch (ProctorChildWatcher  *self,
                              ChildId              *child,
                              GError              **error);

/* Looks at once whether @child has exited, as far as this watcher can from the calling thread. */
void child_watcher_reap_now (ProctorChildWatcher *self,
                             ChildId             *child);

/* For watchers of the library: announces a child whose outcome is known, and forgets its token. */
void child_watcher_announce (ProctorChildWatcher *self,
                             ChildId             *child);

/* The child that a token names, or NULL when it has been announced. */
ChildId *child_watcher_dup_child (guint64 token);

G_END_DECLS
