/* The children that are watched and were not announced yet, under their tokens.
 *
 * SPDX-License-Identifier: LGPL-2.1-or-later
 */

#pragma once

#include "watch/child-id.h"

G_BEGIN_DECLS

/* Thread: ANY. Gives @child a new token; @watcher is only compared. */
void child_tokens_add (ChildId       *child,
                       gconstpointer  watcher);

/* The reference that the table had; NULL for whoever comes second. */
ChildId *child_tokens_steal (guint64 token);

ChildId *child_tokens_dup (guint64 token);

/* The first child of @watcher that is like that; NULL: none. @is_like_that takes no lock but
 * reap_lock.
 */
ChildId *child_tokens_find (gconstpointer watcher,
                            gboolean (*is_like_that) (ChildId *child));

G_END_DECLS
