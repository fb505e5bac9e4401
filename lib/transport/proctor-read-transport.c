/* SPDX-License-Identifier: LGPL-2.1-or-later */

/* Thread: methods ANY; the protocol is called in the transport's context. */

#include "config.h"

#include "transport/read-transport-private.h"

#include <glib/gi18n-lib.h>

#include "base/base-thread.h"
#include "command/command-spec.h"
#include "transport/pipe-actor.h"
#include "transport/protocol-calls.h"
#include "transport/pump.h"

/* So that one pipe leaves the context time for others. */
#define MAX_CHUNKS_PER_TURN 8

/**
 * ProctorReadTransport:
 *
 * A pipe that is read in the background, whose protocol is told what comes: asyncio's
 * ReadTransport.
 *
 * It lives until its connection is lost, whoever holds it.
 *
 * Thread safety: any thread.
 *
 * Since: 1.0
 */
struct _ProctorReadTransport
{
  GObject parent_instance;

  /* immutable after construction */
  ReadChannel *channel; /* owned */
  Actor *actor;         /* owned: it is posted to by the channel */
  int fd;
  const ReadTransportUser *kind;
  Pump pump;

  /* atomic; `paused` changes under pause_lock only, together with what the channel is told */
  int paused;
  int closing;
  int closed;
  GMutex pause_lock;

  /* context only; the channel looks at the request while the pump waits */
  gpointer user; /* owned until it is closed */
  int tag;
  ReadRequest request;
};

G_DEFINE_FINAL_TYPE (ProctorReadTransport, proctor_read_transport, G_TYPE_OBJECT)

static void
tell_closed (ProctorReadTransport *self)
{
  gpointer user = g_steal_pointer (&self->user);
  gboolean was_shut = g_atomic_int_get (&self->closing);
  int error_number = was_shut ? 0 : read_channel_get_error (self->channel);
  g_autoptr(GError) error = NULL;

  if (error_number != 0)
    error = g_error_new (G_IO_ERROR, g_io_error_from_errno (error_number),
                         _("Could not read from the pipe: %s"), g_strerror (error_number));
  g_atomic_int_set (&self->closing, TRUE);
  g_atomic_int_set (&self->closed, TRUE);
  if (!was_shut && error == NULL && self->kind->eof_received != NULL)
    self->kind->eof_received (user);
  self->kind->closed (user, self->tag, error);
  g_object_unref (user);
}

static gboolean
is_held_up (ProctorReadTransport *self)
{
  return g_atomic_int_get (&self->paused) && !g_atomic_int_get (&self->closing);
}

static gboolean
pump_data (gpointer      transport,
           StreamWaiter *waiter)
{
  ProctorReadTransport *self = transport;

  for (guint i = 0; i < MAX_CHUNKS_PER_TURN; i++)
    {
      g_autoptr(GObject) user = NULL;
      g_autoptr(GBytes) data = NULL;

      if (self->user == NULL)
        return FALSE;
      if (is_held_up (self) || !read_channel_try (self->channel, &self->request, waiter))
        return TRUE;

      data = g_steal_pointer (&self->request.bytes);
      if (g_bytes_get_size (data) == 0)
        {
          tell_closed (self);
          return FALSE;
        }
      /* A nested main loop may come to the end, and let go of it. */
      user = g_object_ref (self->user);
      self->kind->data_received (user, self->tag, data);
    }

  pump_poke (&self->pump);
  return TRUE;
}

ProctorReadTransport *
proctor_read_transport_new (ReadChannel             *channel,
                            Actor                   *actor,
                            CallerContext           *caller,
                            int                      fd,
                            const ReadTransportUser *kind,
                            gpointer                 user,
                            int                      tag)
{
  ProctorReadTransport *self = g_object_new (PROCTOR_TYPE_READ_TRANSPORT, NULL);

  self->channel = read_channel_ref (channel);
  self->actor = actor_ref (actor);
  self->fd = fd;
  self->kind = kind;
  self->user = g_object_ref (user);
  self->tag = tag;
  self->request.kind = READ_CHUNK;
  pump_init (&self->pump, caller, pump_data, self);
  return self;
}

void
proctor_read_transport_begin (ProctorReadTransport *self)
{
  pump_start (&self->pump);
}

/* Whether that changes anything. */
static gboolean
set_paused (ProctorReadTransport *self,
            gboolean              paused)
{
  gboolean changes;

  g_mutex_lock (&self->pause_lock);
  changes = g_atomic_int_compare_and_exchange (&self->paused, !paused, paused);
  if (changes && paused)
    read_channel_forget (self->channel, &self->pump.waiter);
  if (changes)
    read_channel_hold_back (self->channel, paused);
  g_mutex_unlock (&self->pause_lock);

  return changes;
}

/**
 * proctor_read_transport_pause_reading:
 * @self: a transport
 *
 * Stops reading from the pipe; the protocol gets no data until
 * [method@ReadTransport.resume_reading]. The writer blocks when the pipe is full.
 *
 * Thread safety: any thread; data that is being delivered at this moment in the transport's context
 * may still arrive.
 *
 * Since: 1.0
 */
void
proctor_read_transport_pause_reading (ProctorReadTransport *self)
{
  g_return_if_fail (PROCTOR_IS_READ_TRANSPORT (self));

  if (!program_is_forked_copy ())
    set_paused (self, TRUE);
}

/**
 * proctor_read_transport_resume_reading:
 * @self: a transport
 *
 * Reads on after [method@ReadTransport.pause_reading].
 *
 * Thread safety: any thread.
 *
 * Since: 1.0
 */
void
proctor_read_transport_resume_reading (ProctorReadTransport *self)
{
  g_return_if_fail (PROCTOR_IS_READ_TRANSPORT (self));

  if (!program_is_forked_copy () && set_paused (self, FALSE))
    pump_poke (&self->pump);
}

/**
 * proctor_read_transport_is_reading:
 * @self: a transport
 *
 * Whether it is neither paused nor closing.
 *
 * Thread safety: any thread.
 *
 * Returns: whether it reads
 *
 * Since: 1.0
 */
gboolean
proctor_read_transport_is_reading (ProctorReadTransport *self)
{
  g_return_val_if_fail (PROCTOR_IS_READ_TRANSPORT (self), FALSE);

  return !g_atomic_int_get (&self->paused) && !g_atomic_int_get (&self->closing);
}

/**
 * proctor_read_transport_shut:
 * @self: a transport
 *
 * Closes the pipe. What was not delivered yet is dropped; the protocol's connection is lost without
 * an error.
 *
 * Thread safety: any thread.
 *
 * Since: 1.0
 */
void
proctor_read_transport_shut (ProctorReadTransport *self)
{
  g_return_if_fail (PROCTOR_IS_READ_TRANSPORT (self));

  if (program_is_forked_copy () || !g_atomic_int_compare_and_exchange (&self->closing, FALSE, TRUE))
    return;

  read_channel_close (self->channel);
  pump_poke (&self->pump);
}

/**
 * proctor_read_transport_is_closing:
 * @self: a transport
 *
 * Whether it is closed or will be.
 *
 * Thread safety: any thread.
 *
 * Returns: whether it is closing
 *
 * Since: 1.0
 */
gboolean
proctor_read_transport_is_closing (ProctorReadTransport *self)
{
  g_return_val_if_fail (PROCTOR_IS_READ_TRANSPORT (self), TRUE);

  return g_atomic_int_get (&self->closing);
}

/**
 * proctor_read_transport_get_fd:
 * @self: a transport
 *
 * The file descriptor of the pipe, for looking at only: it belongs to the transport.
 *
 * Thread safety: any thread.
 *
 * Returns: the file descriptor, or -1 when the connection is lost
 *
 * Since: 1.0
 */
int
proctor_read_transport_get_fd (ProctorReadTransport *self)
{
  g_return_val_if_fail (PROCTOR_IS_READ_TRANSPORT (self), -1);

  return g_atomic_int_get (&self->closed) ? -1 : self->fd;
}

/* ---- for a pipe of the user's */

static void
tell_data (gpointer user,
           int      tag,
           GBytes  *data)
{
  pipe_protocol_data_received (user, data);
}

static void
tell_eof (gpointer user)
{
  pipe_protocol_eof_received (user);
}

static void
tell_lost (gpointer      user,
           int           tag,
           const GError *error)
{
  base_protocol_connection_lost (user, error);
}

static const ReadTransportUser pipe_user = {
  .data_received = tell_data,
  .eof_received = tell_eof,
  .closed = tell_lost,
};

static void
begin_pipe_in_context (gpointer transport)
{
  ProctorReadTransport *self = transport;

  base_protocol_connection_made (self->user, self);
  proctor_read_transport_begin (self);
}

static ProctorReadTransport *
connect_read_pipe (int                   fd,
                   ProctorPipeProtocol  *protocol,
                   CallerContext        *caller,
                   GError              **error)
{
  g_autoptr(PipeActor) actor = pipe_actor_new_reader (fd, COMMAND_DEFAULT_LIMIT, error);
  ProctorReadTransport *self;

  if (actor == NULL)
    return NULL;

  self =
    proctor_read_transport_new (pipe_actor_get_read_channel (actor), pipe_actor_get_actor (actor),
                                caller, fd, &pipe_user, protocol, 0);
  pipe_actor_start (actor);
  pump_begin_in_context (caller, self, begin_pipe_in_context);
  return self;
}

/**
 * proctor_connect_read_pipe:
 * @fd: a file descriptor: a pipe, FIFO, socket or character device
 * @protocol: what is told of it
 * @cancellable: (nullable): a cancellable
 * @error: return location for an error
 *
 * Reads from a pipe in the background and tells @protocol what comes, in the context that is
 * thread-default now. `connection_made` is called before this returns, unless that context is
 * another thread's.
 *
 * @fd belongs to the transport from now on, also if there is an error, and is made nonblocking.
 *
 * Errors: %G_IO_ERROR_NOT_SUPPORTED for a regular file, a directory, or a device that cannot be
 * waited for (/dev/null); %G_IO_ERROR_INVALID_ARGUMENT if @fd is not open for reading; %G_IO_ERROR
 * with the system's reason; %G_IO_ERROR_CANCELLED; %PROCTOR_ERROR_FORKED.
 *
 * Thread safety: any thread.
 *
 * Returns: (transfer full): the transport
 *
 * Since: 1.0
 */
ProctorReadTransport *
proctor_connect_read_pipe (int                   fd,
                           ProctorPipeProtocol  *protocol,
                           GCancellable         *cancellable,
                           GError              **error)
{
  g_autoptr(CallerContext) caller = NULL;

  g_return_val_if_fail (PROCTOR_IS_PIPE_PROTOCOL (protocol), NULL);

  if (g_cancellable_set_error_if_cancelled (cancellable, error))
    {
      pipe_actor_close_fd (fd);
      return NULL;
    }
  caller = caller_context_ref_thread_default ();
  return connect_read_pipe (fd, protocol, caller, error);
}

static void
connect_read_pipe_in_context (GTask *task,
                              int    fd)
{
  g_autoptr(CallerContext) caller = caller_context_ref_for (g_task_get_context (task));
  GError *error = NULL;
  ProctorReadTransport *self = connect_read_pipe (fd, g_task_get_task_data (task), caller, &error);

  if (self == NULL)
    g_task_return_error (task, error);
  else
    g_task_return_pointer (task, self, g_object_unref);
}

/**
 * proctor_connect_read_pipe_async:
 * @fd: a file descriptor: a pipe, FIFO, socket or character device
 * @protocol: what is told of it
 * @cancellable: (nullable): a cancellable
 * @callback: (scope async): called when it is connected, in the context that is thread-default now
 * @user_data: data for @callback
 *
 * Reads from a pipe in the background. See [func@connect_read_pipe]; `connection_made` is called in
 * the context before @callback.
 *
 * Thread safety: any thread.
 *
 * Since: 1.0
 */
void
proctor_connect_read_pipe_async (int                  fd,
                                 ProctorPipeProtocol *protocol,
                                 GCancellable        *cancellable,
                                 GAsyncReadyCallback  callback,
                                 gpointer             user_data)
{
  g_return_if_fail (PROCTOR_IS_PIPE_PROTOCOL (protocol));

  pipe_actor_connect_later (fd, G_OBJECT (protocol), cancellable, callback, user_data,
                            proctor_connect_read_pipe_async, connect_read_pipe_in_context);
}

/**
 * proctor_connect_read_pipe_finish:
 * @result: what the callback was given
 * @error: return location for an error
 *
 * Takes the result of [func@connect_read_pipe_async].
 *
 * Errors: see [func@connect_read_pipe].
 *
 * Thread safety: the callback's thread.
 *
 * Returns: (transfer full): the transport
 *
 * Since: 1.0
 */
ProctorReadTransport *
proctor_connect_read_pipe_finish (GAsyncResult  *result,
                                  GError       **error)
{
  g_return_val_if_fail (g_task_is_valid (result, NULL), NULL);
  g_return_val_if_fail (g_async_result_is_tagged (result, proctor_connect_read_pipe_async), NULL);

  return g_task_propagate_pointer (G_TASK (result), error);
}

/* ---- the class */

static void
proctor_read_transport_finalize (GObject *object)
{
  ProctorReadTransport *self = PROCTOR_READ_TRANSPORT (object);

  g_clear_object (&self->user);
  read_request_clear (&self->request);
  program_clear_lock (&self->pause_lock);
  pump_clear (&self->pump);
  if (!program_is_forked_copy ())
    {
      g_clear_pointer (&self->channel, read_channel_unref);
      g_clear_pointer (&self->actor, actor_unref);
    }

  G_OBJECT_CLASS (proctor_read_transport_parent_class)->finalize (object);
}

static void
proctor_read_transport_class_init (ProctorReadTransportClass *klass)
{
  G_OBJECT_CLASS (klass)->finalize = proctor_read_transport_finalize;
}

static void
proctor_read_transport_init (ProctorReadTransport *self)
{
  g_mutex_init (&self->pause_lock);
}
