/* What the library does with the main child watcher beyond what every watcher can.
 *
 * SPDX-License-Identifier: LGPL-2.1-or-later
 */

#pragma once

#include <proctor/proctor.h>

G_BEGIN_DECLS

/* Thread: MAIN, outside of the main context's run. Sleeps until @is_over says so, reaping meanwhile
 * every watched child that exits, and running nothing else of the main context. @is_over is asked
 * again after each child and each main_child_watcher_wake().
 */
void main_child_watcher_sleep (ProctorMainChildWatcher *self,
                               gboolean               (*is_over) (gpointer data),
                               gpointer                 data);

/* The same for a main thread that iterates a context of its own meanwhile, to which this source is
 * attached. Thread: MAIN.
 */
GSource *main_child_watcher_new_work_source (ProctorMainChildWatcher *self);

/* The last one that was made and is still there, or NULL. Thread: ANY. */
ProctorChildWatcher *main_child_watcher_dup_last (void);

/* Has main_child_watcher_sleep() look again, also one that has not begun yet. Thread: ANY. */
void main_child_watcher_wake (ProctorMainChildWatcher *self);

G_END_DECLS
