/* A thread that sleeps until one child exits.
 *
 * SPDX-License-Identifier: LGPL-2.1-or-later
 */

#pragma once

#include "watch/child-watcher-private.h"

G_BEGIN_DECLS

/* Thread: ANY. Has a thread of its own wait for @child, reap it, and announce its exit for
 * @watcher. FALSE where no thread can be had; then nothing happens.
 */
gboolean threaded_wait_start (ProctorChildWatcher  *watcher,
                              ChildId              *child,
                              GError              **error);

G_END_DECLS
