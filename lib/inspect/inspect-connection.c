/* SPDX-License-Identifier: LGPL-2.1-or-later */

/* Thread: INSPECT. */

#include "config.h"

#include "inspect/inspect-connection.h"

gboolean
inspect_connection_open (InspectConnection      *self,
                         GDBusConnection        *connection,
                         InspectConnectionFunc   closed,
                         gpointer                data,
                         GError                **error)
{
  inspect_calls_track (self->calls, connection);
  self->connection = connection;
  self->closed_id = g_signal_connect (connection, "closed", G_CALLBACK (closed), data);
  self->registration = inspect_calls_register (self->calls, connection, error);
  return self->registration != 0;
}

void
inspect_connection_refuse (InspectConnection *self,
                           GDBusConnection   *connection)
{
  inspect_calls_track (self->calls, connection);
  g_dbus_connection_close (connection, NULL, NULL, NULL);
  g_object_unref (connection);
}

static void
closed_cb (GObject      *source,
           GAsyncResult *result,
           gpointer      data)
{
  InspectCalls *calls = data;

  g_dbus_connection_close_finish (G_DBUS_CONNECTION (source), result, NULL);
  (*calls->n_pending)--;
}

void
inspect_connection_close (InspectConnection *self)
{
  if (self->connection == NULL)
    return;

  if (self->registration != 0)
    g_dbus_connection_unregister_object (self->connection, self->registration);
  g_signal_handler_disconnect (self->connection, self->closed_id);
  (*self->calls->n_pending)++;
  g_dbus_connection_close (self->connection, NULL, closed_cb, self->calls);
  g_clear_object (&self->connection);
}

GSource *
inspect_timeout_new (guint       milliseconds,
                     GSourceFunc func,
                     gpointer    data)
{
  GSource *source = g_timeout_source_new (milliseconds);

  g_source_set_callback (source, func, data, NULL);
  g_source_attach (source, g_main_context_get_thread_default ());
  return source;
}

void
inspect_source_clear (GSource **source)
{
  if (*source != NULL)
    g_source_destroy (*source);
  g_clear_pointer (source, g_source_unref);
}
