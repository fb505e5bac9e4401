/* SPDX-License-Identifier: LGPL-2.1-or-later */

/* Thread: INSPECT. */

#include "config.h"

#include "inspect/inspect-socket.h"

#include <errno.h>
#include <glib-unix.h>
#include <glib/gi18n-lib.h>
#include <stdio.h>
#include <string.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <sys/un.h>
#include <unistd.h>

#include "base/base-fd.h"
#include "inspect/inspect-connection.h"
#include "inspect/inspect-protocol.h"

/* One that says nothing is not kept; nor more at once than anybody needs. */
#define HANDSHAKE_PATIENCE_MS 5000
#define MAX_PEERS 16

/* When there was no fd for a peer, it is looked again after this. */
#define FD_PATIENCE_MS 1000

struct _InspectSocket
{
  InspectCalls *calls; /* borrowed */
  char *path;          /* owned */
  int fd;              /* owned */
  GSource *source;     /* owned; NULL while there is no fd for a peer */
  GSource *fd_patience; /* owned; instead of it */
  GPtrArray *peers;    /* of borrowed Peer */
  char *guid;
};

/* Lives until its connection is closed. */
typedef struct
{
  InspectSocket *socket;        /* NULL: it has been closed */
  GCancellable *cancellable;    /* owned; of the handshake */
  GSource *patience;            /* owned; for it */
  InspectConnection connection; /* once the handshake is over */
  guint n_uses;                 /* the socket's, and the handshake's */
  gboolean has_gone;
} Peer;

/* ---- peers */

static void
peer_unref (Peer *self)
{
  if (--self->n_uses > 0)
    return;

  g_object_unref (self->cancellable);
  g_free (self);
}

/* Out of the socket's list, and out of all that could call it. */
static void
peer_leave (Peer *self)
{
  if (self->has_gone)
    return;

  self->has_gone = TRUE;
  inspect_source_clear (&self->patience);
  g_cancellable_cancel (self->cancellable);
  if (self->socket != NULL)
    g_ptr_array_remove_fast (self->socket->peers, self);
  self->socket = NULL;
  inspect_connection_close (&self->connection);
  peer_unref (self);
}

static void
peer_gone_cb (GDBusConnection *connection,
              gboolean         remote_peer_vanished,
              GError          *error,
              gpointer         data)
{
  peer_leave (data);
}

static gboolean
peer_is_too_slow_cb (gpointer data)
{
  peer_leave (data);
  return G_SOURCE_REMOVE;
}

/* Who cannot show whose it is must not come in. In GDBus's thread. */
static gboolean
allow_mechanism_cb (GDBusAuthObserver *observer,
                    const char        *mechanism,
                    gpointer           data)
{
  return strcmp (mechanism, "EXTERNAL") == 0;
}

static void
peer_connected_cb (GObject      *source,
                   GAsyncResult *result,
                   gpointer      data)
{
  Peer *self = data;
  GDBusConnection *connection = g_dbus_connection_new_finish (result, NULL);

  if (connection != NULL && self->has_gone)
    {
      inspect_connection_refuse (&self->connection, connection);
    }
  else if (connection != NULL)
    {
      inspect_source_clear (&self->patience);
      inspect_connection_open (&self->connection, connection, peer_gone_cb, self, NULL);
      g_dbus_connection_start_message_processing (connection);
      if (g_dbus_connection_is_closed (connection))
        peer_leave (self);
    }
  else
    {
      peer_leave (self);
    }
  (*self->connection.calls->n_pending)--;
  peer_unref (self);
}

/* Takes @stream, whose other end is this user's. */
static void
peer_new (InspectSocket *socket,
          GIOStream     *stream)
{
  Peer *self = g_new0 (Peer, 1);
  g_autoptr(GDBusAuthObserver) observer = g_dbus_auth_observer_new ();

  self->socket = socket;
  self->connection.calls = socket->calls;
  self->cancellable = g_cancellable_new ();
  self->n_uses = 2;
  self->patience = inspect_timeout_new (HANDSHAKE_PATIENCE_MS, peer_is_too_slow_cb, self);
  g_ptr_array_add (socket->peers, self);

  g_signal_connect (observer, "allow-mechanism", G_CALLBACK (allow_mechanism_cb), NULL);
  (*self->connection.calls->n_pending)++;
  g_dbus_connection_new (stream, socket->guid,
                         G_DBUS_CONNECTION_FLAGS_AUTHENTICATION_SERVER |
                           G_DBUS_CONNECTION_FLAGS_AUTHENTICATION_REQUIRE_SAME_USER |
                           G_DBUS_CONNECTION_FLAGS_DELAY_MESSAGE_PROCESSING,
                         observer, self->cancellable, peer_connected_cb, self);
  g_object_unref (stream);
}

/* ---- listening */

/* Whoever runs the other end, as it was when it connected. */
static gboolean
peer_is_this_user (int fd)
{
  struct ucred credentials;
  socklen_t size = sizeof credentials;

  return getsockopt (fd, SOL_SOCKET, SO_PEERCRED, &credentials, &size) == 0 &&
         credentials.uid == geteuid ();
}

/* Takes @fd. */
static void
let_in (InspectSocket *self,
        int            fd)
{
  g_autoptr(GSocket) socket = NULL;

  if (!peer_is_this_user (fd) || self->peers->len >= MAX_PEERS ||
      (socket = g_socket_new_from_fd (fd, NULL)) == NULL)
    {
      close (fd);
      return;
    }

  peer_new (self, G_IO_STREAM (g_socket_connection_factory_create_connection (socket)));
}

static void watch (InspectSocket *self);

static gboolean
look_again_cb (gpointer data)
{
  InspectSocket *self = data;

  g_clear_pointer (&self->fd_patience, g_source_unref);
  watch (self);
  return G_SOURCE_REMOVE;
}

/* Where there is no fd for it, the peer goes on waiting, and the socket would go on telling that.
 */
static void
wait_for_fd (InspectSocket *self)
{
  g_clear_pointer (&self->source, g_source_unref);
  self->fd_patience = inspect_timeout_new (FD_PATIENCE_MS, look_again_cb, self);
}

static gboolean
peer_waits_cb (int          fd,
               GIOCondition condition,
               gpointer     data)
{
  InspectSocket *self = data;
  int peer = fd_above_stdio (accept4 (fd, NULL, NULL, SOCK_CLOEXEC | SOCK_NONBLOCK));

  if (peer >= 0)
    {
      let_in (self, peer);
      return G_SOURCE_CONTINUE;
    }
  if (errno != EMFILE && errno != ENFILE && errno != ENOBUFS && errno != ENOMEM)
    return G_SOURCE_CONTINUE;

  wait_for_fd (self);
  return G_SOURCE_REMOVE;
}

static void
watch (InspectSocket *self)
{
  self->source = g_unix_fd_source_new (self->fd, G_IO_IN);
  g_source_set_callback (self->source, G_SOURCE_FUNC (peer_waits_cb), self, NULL);
  g_source_attach (self->source, g_main_context_get_thread_default ());
}

char *
inspect_socket_dup_path (void)
{
  g_autofree char *name = g_strdup_printf ("%d" INSPECT_SOCKET_SUFFIX, (int) getpid ());

  return g_build_filename (g_get_user_runtime_dir (), INSPECT_FOLDER, name, NULL);
}

/* Nobody else may put anything there, or look. */
static gboolean
make_folder (const char  *path,
             GError     **error)
{
  g_autofree char *folder = g_path_get_dirname (path);
  struct stat status;

  if (g_mkdir_with_parents (folder, 0700) != 0 || lstat (folder, &status) != 0)
    {
      int error_number = errno;

      g_set_error (error, G_IO_ERROR, g_io_error_from_errno (error_number),
                   _("Could not make the folder “%s”: %s"), folder, g_strerror (error_number));
      return FALSE;
    }
  if (S_ISDIR (status.st_mode) && status.st_uid == geteuid () && (status.st_mode & 0077) == 0)
    return TRUE;

  g_set_error (error, G_IO_ERROR, G_IO_ERROR_PERMISSION_DENIED,
               _("“%s” is not a folder that only its user may enter"), folder);
  return FALSE;
}

/* -1 with errno. It gets its name when it listens: whoever finds it can connect. */
static int
listen_at (const char *path)
{
  struct sockaddr_un address = { .sun_family = AF_UNIX };
  int error_number;
  int fd;

  if (g_snprintf (address.sun_path, sizeof address.sun_path, "%s~", path) >=
      (int) sizeof address.sun_path)
    {
      errno = ENAMETOOLONG;
      return -1;
    }
  fd = fd_above_stdio (socket (AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC | SOCK_NONBLOCK, 0));
  if (fd < 0)
    return -1;

  unlink (address.sun_path);
  if (bind (fd, (struct sockaddr *) &address, sizeof address) == 0 &&
      listen (fd, MAX_PEERS) == 0 && rename (address.sun_path, path) == 0)
    return fd;

  error_number = errno;
  unlink (address.sun_path);
  close (fd);
  errno = error_number;
  return -1;
}

InspectSocket *
inspect_socket_open (const char    *path,
                     InspectCalls  *calls,
                     GError       **error)
{
  InspectSocket *self;
  int fd;

  if (!make_folder (path, error))
    return NULL;

  fd = listen_at (path);
  if (fd < 0)
    {
      int error_number = errno;

      g_set_error (error, G_IO_ERROR, g_io_error_from_errno (error_number),
                   _("Could not listen at “%s”: %s"), path, g_strerror (error_number));
      return NULL;
    }

  self = g_new0 (InspectSocket, 1);
  self->calls = calls;
  self->path = g_strdup (path);
  self->fd = fd;
  self->peers = g_ptr_array_new ();
  self->guid = g_dbus_generate_guid ();
  watch (self);
  return self;
}

void
inspect_socket_close (InspectSocket *self)
{
  inspect_source_clear (&self->source);
  inspect_source_clear (&self->fd_patience);
  unlink (self->path);
  fd_clear (&self->fd);
  while (self->peers->len > 0)
    peer_leave (self->peers->pdata[0]);

  g_ptr_array_unref (self->peers);
  g_free (self->guid);
  g_free (self->path);
  g_free (self);
}
