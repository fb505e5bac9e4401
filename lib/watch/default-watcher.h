/* The program's child watcher.
 *
 * SPDX-License-Identifier: LGPL-2.1-or-later
 */

#pragma once

#include <proctor/proctor.h>

G_BEGIN_DECLS

/* Thread: ANY. The watcher for new children. Where there is none, makes the one that
 * PROCTOR_WATCHER names, or the main one; that one on the main thread only, elsewhere it is
 * NO_CHILD_WATCHER.
 */
ProctorChildWatcher *default_watcher_dup (GError **error);

/* The type of what would be made; G_TYPE_NONE if PROCTOR_WATCHER names none. */
GType default_watcher_get_wanted_type (void);

/* As above, and it can watch: NO_CHILD_WATCHER if it is closed, or not attached. */
ProctorChildWatcher *default_watcher_dup_active (GError **error);

/* The one there is, or NULL. */
ProctorChildWatcher *default_watcher_dup_existing (void);

/* The name of its type, or NULL. Nobody gets a reference, the last of which may not be dropped
 * everywhere.
 */
const char *default_watcher_get_type_name (void);

/* For children from now on; NULL: the default one is made when it is needed. */
void default_watcher_set (ProctorChildWatcher *watcher);

G_END_DECLS
