/* The program's child watcher.
 *
 * SPDX-License-Identifier: LGPL-2.1-or-later
 */

#pragma once

#include <proctor/proctor.h>

G_BEGIN_DECLS

/* The watcher for new children. Makes the main one when there is none and this is the main thread;
 * elsewhere that is NO_CHILD_WATCHER.
 */
ProctorChildWatcher *default_watcher_dup (GError **error);

G_END_DECLS
