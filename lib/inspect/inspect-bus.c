/* SPDX-License-Identifier: LGPL-2.1-or-later */

/* Thread: INSPECT. */

#include "config.h"

#include "inspect/inspect-bus.h"

#include <glib/gi18n-lib.h>
#include <stdlib.h>
#include <unistd.h>

#include "inspect/inspect-protocol.h"

/* For a bus that does not answer, to connect and to give a name. */
#define PATIENCE_MS 2000

#define REQUEST_NAME_DO_NOT_QUEUE 4
#define REQUEST_NAME_PRIMARY_OWNER 1

struct _InspectBus
{
  InspectCalls *calls;        /* borrowed */
  InspectBusFunc func;
  gpointer data;
  GCancellable *cancellable;  /* owned */
  GSource *patience;          /* owned */
  GDBusConnection *connection; /* owned */
  guint registration;
  gulong closed_id;
  guint n_uses; /* its owner, and calls under way */
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
  (*self->calls->n_pending)++;
}

static void
end_call (InspectBus *self)
{
  (*self->calls->n_pending)--;
  inspect_bus_unref (self);
}

static void
stop_patience (InspectBus *self)
{
  if (self->patience != NULL)
    g_source_destroy (self->patience);
  g_clear_pointer (&self->patience, g_source_unref);
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

  stop_patience (self);
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
  g_dbus_connection_call (self->connection, "org.freedesktop.DBus", "/org/freedesktop/DBus",
                          "org.freedesktop.DBus", "RequestName",
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

  if (connection != NULL)
    inspect_calls_track (self->calls, connection);
  if (connection != NULL && self->func == NULL)
    {
      g_dbus_connection_close (connection, NULL, NULL, NULL);
      g_object_unref (connection);
    }
  else if (connection != NULL)
    {
      self->connection = connection;
      self->closed_id = g_signal_connect (connection, "closed", G_CALLBACK (closed_cb), self);
      self->registration = inspect_calls_register (self->calls, connection, &error);
      if (self->registration != 0)
        request_name (self);
    }

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

  self->calls = calls;
  self->func = func;
  self->data = data;
  self->cancellable = g_cancellable_new ();
  self->n_uses = 1;
  self->patience = g_timeout_source_new (PATIENCE_MS);
  g_source_set_callback (self->patience, patience_is_over_cb, self, NULL);
  g_source_attach (self->patience, g_main_context_get_thread_default ());

  begin_call (self);
  g_dbus_connection_new_for_address (address,
                                     G_DBUS_CONNECTION_FLAGS_AUTHENTICATION_CLIENT |
                                       G_DBUS_CONNECTION_FLAGS_MESSAGE_BUS_CONNECTION,
                                     NULL, self->cancellable, connected_cb, self);
  return self;
}

static void
connection_closed_cb (GObject      *source,
                      GAsyncResult *result,
                      gpointer      data)
{
  InspectBus *self = data;

  g_dbus_connection_close_finish (G_DBUS_CONNECTION (source), result, NULL);
  end_call (self);
}

void
inspect_bus_close (InspectBus *self)
{
  self->func = NULL;
  stop_patience (self);
  g_cancellable_cancel (self->cancellable);
  if (self->connection != NULL)
    {
      if (self->registration != 0)
        g_dbus_connection_unregister_object (self->connection, self->registration);
      g_signal_handler_disconnect (self->connection, self->closed_id);
      begin_call (self);
      g_dbus_connection_close (self->connection, NULL, connection_closed_cb, self);
      g_clear_object (&self->connection);
    }
  inspect_bus_unref (self);
}
