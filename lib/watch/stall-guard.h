/* Notices that a child has exited and the main loop does not run.
 *
 * SPDX-License-Identifier: LGPL-2.1-or-later
 */

#pragma once

#include "runtime/event-queue.h"
#include "watch/child-watcher-private.h"

G_BEGIN_DECLS

typedef struct _StallGuard StallGuard;

/* Thread: ANY. Warns once if events wait in @queue, in which @watcher (borrowed, for its name only)
 * has its children, and nobody takes them for five seconds. NULL where that cannot be had.
 */
StallGuard *stall_guard_new (ProctorChildWatcher *watcher,
                             EventQueue          *queue);
void stall_guard_free (StallGuard *self);

/* Whether it has ended, with the service. */
gboolean stall_guard_is_closed (StallGuard *self);

/* Thread: the queue's. It was looked into. */
void stall_guard_note_turn (StallGuard *self);

G_END_DECLS
