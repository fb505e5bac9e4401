/* SPDX-License-Identifier: LGPL-2.1-or-later */

/* Thread: INSPECT. */

#include "config.h"

#include "inspect/inspect-bus.h"

#include <glib/gi18n-lib.h>
#include <stdlib.h>
#include <unistd.h>

#include "inspect/inspect-connection.h"
#include "inspect/inspect-protocol.h"

/* For a bus that does not answer, to connect and to give a name. */
#define PATIENCE_MS 2000

#define REQUEST_NAME_DO_NOT_QUEUE 4
#define REQUEST_NAME_PRIMARY_OWNER 1

struct _InspectBus
{
  InspectConnection connection;
  InspectBusFunc func;
  gpointer data;
  GCancellable *cancellable; /* owned */
  GSource *patience;         /* owned */
  guint n_uses;              /* its owner, and calls under way */
};

static void
inspect_bus_unref (InspectBus *self)
{
  if (--self->n_uses > 0)
    return;

  g_object_unref (self->cancellable);
  g_free (self);
}

static void
begin_call (InspectBus *self)
{
  self->n_uses++;
  (*self->connection.calls->n_pending)++;
}

static void
end_call (InspectBus *self)
{
  (*self->connection.calls->n_pending)--;
  inspect_bus_unref (self);
}

static gboolean
patience_is_over_cb (gpointer data)
{
  InspectBus *self = data;

  g_cancellable_cancel (self->cancellable);
  return G_SOURCE_REMOVE;
}

/* Nothing is told once it is closed. */
static void
tell (InspectBus   *self,
      const GError *error)
{
  InspectBusFunc func = self->func;

  inspect_source_clear (&self->patience);
  if (func != NULL)
    func (error, self->data);
}

/* A cancellation is ours, for want of patience. */
static void
tell_failure (InspectBus *self,
              GError     *error)
{
  g_autoptr(GError) told = error;

  if (g_error_matches (error, G_IO_ERROR, G_IO_ERROR_CANCELLED))
    {
      g_clear_error (&told);
      told = g_error_new_literal (G_IO_ERROR, G_IO_ERROR_TIMED_OUT,
                                  _("The session bus does not answer"));
    }
  tell (self, told);
}

static void
closed_cb (GDBusConnection *connection,
           gboolean         remote_peer_vanished,
           GError          *error,
           gpointer         data)
{
  tell_failure (data, g_error_new_literal (G_IO_ERROR, G_IO_ERROR_CLOSED,
                                           _("The session bus has closed the connection")));
}

static void
name_given_cb (GObject      *source,
               GAsyncResult *result,
               gpointer      data)
{
  InspectBus *self = data;
  GError *error = NULL;
  g_autoptr(GVariant) reply =
    g_dbus_connection_call_finish (G_DBUS_CONNECTION (source), result, &error);
  guint32 answer = 0;

  if (reply != NULL)
    g_variant_get (reply, "(u)", &answer);
  if (self->func == NULL)
    g_clear_error (&error);
  else if (answer == REQUEST_NAME_PRIMARY_OWNER)
    tell (self, NULL);
  else
    tell_failure (self, error != NULL
                          ? error
                          : g_error_new (G_IO_ERROR, G_IO_ERROR_EXISTS,
                                         _("Another program has the name %s%d on the session bus"),
                                         INSPECT_BUS_NAME_PREFIX, (int) getpid ()));
  end_call (self);
}

static void
request_name (InspectBus *self)
{
  g_autofree char *name = g_strdup_printf (INSPECT_BUS_NAME_PREFIX "%d", (int) getpid ());

  begin_call (self);
  g_dbus_connection_call (self->connection.connection, "org.freedesktop.DBus",
                          "/org/freedesktop/DBus", "org.freedesktop.DBus", "RequestName",
                          g_variant_new ("(su)", name, REQUEST_NAME_DO_NOT_QUEUE),
                          G_VARIANT_TYPE ("(u)"), G_DBUS_CALL_FLAGS_NONE, PATIENCE_MS,
                          self->cancellable, name_given_cb, self);
}

static void
connected_cb (GObject      *source,
              GAsyncResult *result,
              gpointer      data)
{
  InspectBus *self = data;
  GError *error = NULL;
  GDBusConnection *connection = g_dbus_connection_new_for_address_finish (result, &error);

  if (connection != NULL && self->func == NULL)
    inspect_connection_refuse (&self->connection, connection);
  else if (connection != NULL &&
           inspect_connection_open (&self->connection, connection, closed_cb, self, &error))
    request_name (self);

  if (self->func == NULL)
    g_clear_error (&error);
  else if (error != NULL)
    tell_failure (self, error);
  end_call (self);
}

/* What GDBus would do to find it may start a bus, which then stays. */
char *
inspect_bus_dup_address (void)
{
  const char *address = secure_getenv ("DBUS_SESSION_BUS_ADDRESS");
  g_autofree char *path = NULL;
  g_autofree char *escaped = NULL;

  if (address != NULL && *address != '\0')
    return g_strdup (address);

  path = g_build_filename (g_get_user_runtime_dir (), "bus", NULL);
  if (!g_file_test (path, G_FILE_TEST_EXISTS))
    return NULL;
  escaped = g_dbus_address_escape_value (path);
  return g_strconcat ("unix:path=", escaped, NULL);
}

InspectBus *
inspect_bus_open (const char     *address,
                  InspectCalls   *calls,
                  InspectBusFunc  func,
                  gpointer        data)
{
  InspectBus *self = g_new0 (InspectBus, 1);

  self->connection.calls = calls;
  self->func = func;
  self->data = data;
  self->cancellable = g_cancellable_new ();
  self->n_uses = 1;
  self->patience = inspect_timeout_new (PATIENCE_MS, patience_is_over_cb, self);

  begin_call (self);
  g_dbus_connection_new_for_address (address,
                                     G_DBUS_CONNECTION_FLAGS_AUTHENTICATION_CLIENT |
                                       G_DBUS_CONNECTION_FLAGS_MESSAGE_BUS_CONNECTION,
                                     NULL, self->cancellable, connected_cb, self);
  return self;
}

void
inspect_bus_close (InspectBus *self)
{
  self->func = NULL;
  inspect_source_clear (&self->patience);
  g_cancellable_cancel (self->cancellable);
  inspect_connection_close (&self->connection);
  inspect_bus_unref (self);
}
