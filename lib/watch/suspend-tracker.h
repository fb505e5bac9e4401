/* A thread that is told when a child is suspended and when it goes on.
 *
 * SPDX-License-Identifier: LGPL-2.1-or-later
 */

#pragma once

#include "watch/child-id.h"

G_BEGIN_DECLS

/* On a thread of its own. Posts messages and nothing else. */
typedef void (*SuspendFunc) (gpointer data);

/* Thread: ANY. Calls @func after every change that child_id_note_suspended() takes for news, until
 * the child has exited. Before it is watched. Takes @data; where no thread can be had FALSE, and then
 * nothing happens but that @data is let go.
 */
gboolean suspend_tracker_start (ChildId         *child,
                                SuspendFunc      func,
                                gpointer         data,
                                GDestroyNotify   data_free,
                                GError         **error);

G_END_DECLS
