/* SPDX-License-Identifier: LGPL-2.1-or-later */

/* Thread: MAIN. */

#include "config.h"

#include "inspect-client.h"

#include <errno.h>
#include <fcntl.h>
#include <glib/gi18n.h>
#include <glib/gstdio.h>
#include <signal.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <sys/un.h>
#include <unistd.h>

#include "lib/inspect/inspect-protocol.h"

/* For a program, or a bus, that does not answer. */
#define PATIENCE_MS 5000

void
inspected_program_free (InspectedProgram *self)
{
  g_free (self->socket_path);
  g_clear_object (&self->connection);
  g_free (self);
}

/* ---- waiting, with an end */

typedef struct
{
  GCancellable *cancellable;
  GAsyncResult *result;
  gboolean is_over;
} Wait;

static void
answered_cb (GObject      *source,
             GAsyncResult *result,
             gpointer      data)
{
  ((Wait *) data)->result = g_object_ref (result);
}

static gboolean
patience_is_over_cb (gpointer data)
{
  Wait *wait = data;

  wait->is_over = TRUE;
  g_cancellable_cancel (wait->cancellable);
  return G_SOURCE_CONTINUE;
}

/* A handshake with somebody who says nothing would last for ever. */
static void
wait_for_answer (Wait *wait)
{
  guint patience = g_timeout_add (PATIENCE_MS, patience_is_over_cb, wait);

  while (wait->result == NULL)
    g_main_context_iteration (NULL, TRUE);
  g_source_remove (patience);
}

static void
clear_wait (Wait *wait)
{
  g_object_unref (wait->result);
  g_object_unref (wait->cancellable);
}

/* ---- the bus */

/* NULL without an error: there is none, and none is started for this. */
static GDBusConnection *
connect_to_bus (GError **error)
{
  const char *address = g_getenv ("DBUS_SESSION_BUS_ADDRESS");
  g_autofree char *path = g_build_filename (g_get_user_runtime_dir (), "bus", NULL);
  g_autofree char *escaped = g_dbus_address_escape_value (path);
  g_autofree char *usual = g_strconcat ("unix:path=", escaped, NULL);
  GDBusConnection *connection;
  Wait wait = { NULL };

  if (address == NULL || *address == '\0')
    {
      if (!g_file_test (path, G_FILE_TEST_EXISTS))
        return NULL;
      address = usual;
    }

  wait.cancellable = g_cancellable_new ();
  g_dbus_connection_new_for_address (address,
                                     G_DBUS_CONNECTION_FLAGS_AUTHENTICATION_CLIENT |
                                       G_DBUS_CONNECTION_FLAGS_MESSAGE_BUS_CONNECTION,
                                     NULL, wait.cancellable, answered_cb, &wait);
  wait_for_answer (&wait);
  connection = g_dbus_connection_new_for_address_finish (wait.result, error);
  if (connection == NULL && wait.is_over)
    {
      g_clear_error (error);
      g_set_error_literal (error, G_IO_ERROR, G_IO_ERROR_TIMED_OUT,
                           _("The session bus does not answer"));
    }
  clear_wait (&wait);
  return connection;
}

static gboolean
add_program (GPtrArray       *programs,
             const char      *number,
             char            *socket_path,
             GDBusConnection *connection)
{
  InspectedProgram *program;
  gint64 pid;

  if (!g_ascii_string_to_signed (number, 10, 1, G_MAXINT, &pid, NULL))
    {
      g_free (socket_path);
      return FALSE;
    }

  program = g_new0 (InspectedProgram, 1);
  program->pid = (int) pid;
  program->socket_path = socket_path;
  program->connection = connection != NULL ? g_object_ref (connection) : NULL;
  g_ptr_array_add (programs, program);
  return TRUE;
}

static gboolean
find_on_bus (GPtrArray  *programs,
             GError    **error)
{
  g_autoptr(GError) local_error = NULL;
  g_autoptr(GDBusConnection) connection = connect_to_bus (&local_error);
  g_autoptr(GVariant) reply = NULL;
  g_autofree const char **names = NULL;

  if (connection != NULL)
    reply = g_dbus_connection_call_sync (connection, "org.freedesktop.DBus",
                                         "/org/freedesktop/DBus", "org.freedesktop.DBus",
                                         "ListNames", NULL, G_VARIANT_TYPE ("(as)"),
                                         G_DBUS_CALL_FLAGS_NONE, PATIENCE_MS, NULL, &local_error);
  if (local_error != NULL)
    {
      g_propagate_error (error, g_steal_pointer (&local_error));
      return FALSE;
    }
  if (reply == NULL)
    return TRUE;

  g_variant_get (reply, "(^a&s)", &names);
  for (guint i = 0; names[i] != NULL; i++)
    {
      if (g_str_has_prefix (names[i], INSPECT_BUS_NAME_PREFIX))
        add_program (programs, names[i] + strlen (INSPECT_BUS_NAME_PREFIX), NULL, connection);
    }
  return TRUE;
}

/* ---- sockets */

/* What a program that was killed has left behind is not a program. */
static gboolean
has_left (int         pid,
          const char *path)
{
  if (kill (pid, 0) == 0 || errno != ESRCH)
    return FALSE;

  g_unlink (path);
  return TRUE;
}

static gboolean
find_sockets (GPtrArray  *programs,
              GError    **error)
{
  g_autofree char *folder = g_build_filename (g_get_user_runtime_dir (), INSPECT_FOLDER, NULL);
  g_autoptr(GError) local_error = NULL;
  g_autoptr(GDir) dir = g_dir_open (folder, 0, &local_error);
  const char *file;

  if (dir == NULL && !g_error_matches (local_error, G_FILE_ERROR, G_FILE_ERROR_NOENT))
    {
      g_propagate_error (error, g_steal_pointer (&local_error));
      return FALSE;
    }

  while (dir != NULL && (file = g_dir_read_name (dir)) != NULL)
    {
      g_autofree char *path = g_build_filename (folder, file, NULL);
      g_autofree char *number = NULL;

      if (!g_str_has_suffix (file, INSPECT_SOCKET_SUFFIX))
        continue;
      number = g_strndup (file, strlen (file) - strlen (INSPECT_SOCKET_SUFFIX));
      if (!has_left (atoi (number), path))
        add_program (programs, number, g_steal_pointer (&path), NULL);
    }
  return TRUE;
}

static int
compare_pids (gconstpointer a,
              gconstpointer b)
{
  const InspectedProgram *left = *(InspectedProgram * const *) a;
  const InspectedProgram *right = *(InspectedProgram * const *) b;

  return left->pid < right->pid ? -1 : left->pid > right->pid;
}

GPtrArray *
inspect_client_find_programs (GError **error)
{
  g_autoptr(GPtrArray) programs =
    g_ptr_array_new_with_free_func ((GDestroyNotify) inspected_program_free);
  g_autoptr(GError) bus_error = NULL;
  g_autoptr(GError) socket_error = NULL;

  find_on_bus (programs, &bus_error);
  find_sockets (programs, &socket_error);
  g_ptr_array_sort (programs, compare_pids);
  if (programs->len > 0 || (bus_error == NULL && socket_error == NULL))
    return g_steal_pointer (&programs);

  g_propagate_error (error, bus_error != NULL ? g_steal_pointer (&bus_error)
                                              : g_steal_pointer (&socket_error));
  return NULL;
}

/* -1 with an error. Never waits: a socket whose owner accepts nobody is full at some time. */
static int
connect_to_socket (const InspectedProgram  *self,
                   GError                 **error)
{
  struct sockaddr_un address = { .sun_family = AF_UNIX };
  struct ucred credentials = { 0 };
  socklen_t size = sizeof credentials;
  int fd = -1;
  int error_number = ENAMETOOLONG;

  if (strlen (self->socket_path) < sizeof address.sun_path)
    {
      strcpy (address.sun_path, self->socket_path);
      fd = socket (AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC | SOCK_NONBLOCK, 0);
      error_number = errno;
    }
  if (fd >= 0 && (connect (fd, (struct sockaddr *) &address, sizeof address) != 0 ||
                  getsockopt (fd, SOL_SOCKET, SO_PEERCRED, &credentials, &size) != 0))
    {
      error_number = errno;
      close (fd);
      fd = -1;
    }
  if (fd < 0)
    {
      g_set_error (error, G_IO_ERROR, g_io_error_from_errno (error_number),
                   _("Could not connect to “%s”: %s"), self->socket_path,
                   g_strerror (error_number));
      return -1;
    }

  if (credentials.uid != geteuid () || credentials.pid != self->pid)
    {
      close (fd);
      g_set_error (error, G_IO_ERROR, G_IO_ERROR_PERMISSION_DENIED,
                   _("“%s” does not belong to program %d of this user"), self->socket_path,
                   self->pid);
      return -1;
    }
  return fd;
}

static gboolean
open_socket (InspectedProgram  *self,
             GError           **error)
{
  g_autoptr(GSocket) socket = NULL;
  g_autoptr(GSocketConnection) stream = NULL;
  g_autoptr(GError) local_error = NULL;
  Wait wait = { NULL };
  int fd = connect_to_socket (self, error);

  if (fd < 0)
    return FALSE;
  socket = g_socket_new_from_fd (fd, error);
  if (socket == NULL)
    {
      close (fd);
      return FALSE;
    }

  stream = g_socket_connection_factory_create_connection (socket);
  wait.cancellable = g_cancellable_new ();
  g_dbus_connection_new (G_IO_STREAM (stream), NULL,
                         G_DBUS_CONNECTION_FLAGS_AUTHENTICATION_CLIENT, NULL, wait.cancellable,
                         answered_cb, &wait);
  wait_for_answer (&wait);
  self->connection = g_dbus_connection_new_finish (wait.result, &local_error);
  if (self->connection == NULL && wait.is_over)
    g_set_error (error, G_IO_ERROR, G_IO_ERROR_TIMED_OUT, _("Program %d does not answer"),
                 self->pid);
  else if (self->connection == NULL)
    g_set_error (error, G_IO_ERROR, G_IO_ERROR_FAILED,
                 _("Program %d does not speak D-Bus as it should: %s"), self->pid,
                 local_error->message);
  clear_wait (&wait);
  return self->connection != NULL;
}

/* ---- calls */

/* What a program says is an error of its own, without the name that D-Bus has for it. */
static GVariant *
call (InspectedProgram    *self,
      const char          *method,
      GVariant            *parameters,
      const GVariantType  *reply_type,
      int                  timeout_ms,
      GError             **error)
{
  g_autoptr(GVariant) own = parameters != NULL ? g_variant_ref_sink (parameters) : NULL;
  g_autofree char *name = NULL;
  GError *local_error = NULL;
  GVariant *reply;

  if (self->connection == NULL && !open_socket (self, error))
    return NULL;

  if (self->socket_path == NULL)
    name = g_strdup_printf (INSPECT_BUS_NAME_PREFIX "%d", self->pid);
  reply = g_dbus_connection_call_sync (self->connection, name, INSPECT_PATH, INSPECT_INTERFACE,
                                       method, own, reply_type, G_DBUS_CALL_FLAGS_NONE,
                                       timeout_ms, NULL, &local_error);
  if (reply != NULL)
    return reply;

  g_dbus_error_strip_remote_error (local_error);
  if (g_error_matches (local_error, G_IO_ERROR, G_IO_ERROR_TIMED_OUT) ||
      g_error_matches (local_error, G_DBUS_ERROR, G_DBUS_ERROR_NO_REPLY))
    {
      g_clear_error (&local_error);
      g_set_error (error, G_IO_ERROR, G_IO_ERROR_TIMED_OUT, _("Program %d does not answer"),
                   self->pid);
    }
  else if (g_error_matches (local_error, G_IO_ERROR, G_IO_ERROR_CLOSED))
    {
      g_clear_error (&local_error);
      g_set_error (error, G_IO_ERROR, G_IO_ERROR_CLOSED,
                   _("Program %d has closed the connection"), self->pid);
    }
  else
    {
      g_propagate_error (error, local_error);
    }
  return NULL;
}

GVariant *
inspected_program_look (InspectedProgram  *self,
                        GError           **error)
{
  g_autoptr(GVariant) reply =
    call (self, "Look", NULL, G_VARIANT_TYPE ("(a{sv})"), PATIENCE_MS, error);

  return reply != NULL ? g_variant_get_child_value (reply, 0) : NULL;
}

gboolean
inspected_program_signal (InspectedProgram  *self,
                          int                pid,
                          int                signum,
                          GError           **error)
{
  g_autoptr(GVariant) reply =
    call (self, "Signal", g_variant_new ("(ii)", pid, signum),
          G_VARIANT_TYPE ("()"), PATIENCE_MS, error);

  return reply != NULL;
}

char *
inspected_program_stop (InspectedProgram  *self,
                        int                pid,
                        GError           **error)
{
  g_autoptr(GVariant) reply =
    call (self, "Stop", g_variant_new ("(i)", pid), G_VARIANT_TYPE ("(s)"),
          G_MAXINT, error);
  char *ending = NULL;

  if (reply != NULL)
    g_variant_get (reply, "(s)", &ending);
  return ending;
}

/* ---- names */

static char *
dup_file (int         pid,
          const char *file)
{
  g_autofree char *path = g_strdup_printf ("/proc/%d/%s", pid, file);
  char *content = NULL;

  if (!g_file_get_contents (path, &content, NULL, NULL))
    return NULL;
  return g_strchomp (content);
}

gboolean
inspected_program_has_name (const InspectedProgram *self,
                            const char             *name)
{
  g_autofree char *link = g_strdup_printf ("/proc/%d/exe", self->pid);
  g_autofree char *executable = g_file_read_link (link, NULL);
  g_autofree char *comm = dup_file (self->pid, "comm");
  g_autofree char *arguments = dup_file (self->pid, "cmdline");
  const char *candidates[] = { executable, comm, arguments };

  for (guint i = 0; i < G_N_ELEMENTS (candidates); i++)
    {
      g_autofree char *base =
        candidates[i] != NULL ? g_path_get_basename (candidates[i]) : NULL;

      if (g_strcmp0 (base, name) == 0)
        return TRUE;
    }
  return FALSE;
}

char *
inspected_program_dup_title (const InspectedProgram *self)
{
  g_autofree char *comm = dup_file (self->pid, "comm");

  return g_strdup_printf ("%s (%d)", comm != NULL ? comm : "?", self->pid);
}
