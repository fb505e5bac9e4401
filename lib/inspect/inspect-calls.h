/* What a peer may ask for, the same on the bus and at the socket.
 *
 * SPDX-License-Identifier: LGPL-2.1-or-later
 */

#pragma once

#include <gio/gio.h>

#include "inspect/inspect-look.h"
#include "inspect/inspect-loop.h"

G_BEGIN_DECLS

/* Thread: INSPECT. */
typedef struct
{
  InspectLooker *looker; /* owned */
  InspectLoop *loop;     /* owned */
  GCancellable *cancellable; /* borrowed; ends what is under way */
  guint *n_pending;          /* borrowed; how much is */
  GMainContext *context;     /* borrowed */

  /* guarded by connections_lock */
  guint n_connections; /* that are not finalized */
} InspectCalls;

void inspect_calls_init (InspectCalls *self,
                         GMainContext *context,
                         GCancellable *cancellable,
                         guint        *n_pending);
void inspect_calls_clear (InspectCalls *self);

/* To be said of each connection. GDBus's own thread keeps them for a while after they were closed,
 * and as long as it does, it may add something to the context.
 */
void inspect_calls_track (InspectCalls    *self,
                          GDBusConnection *connection);

/* Whether none is left. */
gboolean inspect_calls_are_alone (InspectCalls *self);

/* 0 with an error. @self has to live until the last call is answered. */
guint inspect_calls_register (InspectCalls     *self,
                              GDBusConnection  *connection,
                              GError          **error);

G_END_DECLS
