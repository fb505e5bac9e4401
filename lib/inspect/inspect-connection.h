/* What the connection to the bus and those of peers at the socket have in common: the patience
 * until there is one, that it can be asked, and its end.
 *
 * SPDX-License-Identifier: LGPL-2.1-or-later
 */

#pragma once

#include <gio/gio.h>

#include "inspect/inspect-calls.h"

G_BEGIN_DECLS

/* Thread: INSPECT. */
typedef struct
{
  InspectCalls *calls;         /* borrowed */
  GDBusConnection *connection; /* owned; NULL: there is none yet, or none any more */
  guint registration;
  gulong closed_id;
} InspectConnection;

/* Called when somebody else has closed it. */
typedef void (*InspectConnectionFunc) (GDBusConnection *connection,
                                       gboolean         remote_peer_vanished,
                                       GError          *error,
                                       gpointer         data);

/* Takes @connection. FALSE with an error if it cannot be asked; it is there nevertheless. */
gboolean inspect_connection_open (InspectConnection      *self,
                                  GDBusConnection        *connection,
                                  InspectConnectionFunc   closed,
                                  gpointer                data,
                                  GError                **error);

/* Takes @connection, which has come when it was not wanted any more. */
void inspect_connection_refuse (InspectConnection *self,
                                GDBusConnection   *connection);

/* Its end is one of the calls that are under way; @self may be gone before. */
void inspect_connection_close (InspectConnection *self);

/* A timeout in the thread's context. */
GSource *inspect_timeout_new (guint       milliseconds,
                              GSourceFunc func,
                              gpointer    data);

/* May be NULL, and is then. */
void inspect_source_clear (GSource **source);

G_END_DECLS
