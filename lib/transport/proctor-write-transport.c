/* SPDX-License-Identifier: LGPL-2.1-or-later */

/* Thread: methods ANY; the protocol is called in the transport's context. */

#include "config.h"

#include "transport/write-transport-private.h"

#include "base/base-thread.h"
#include "transport/pipe-actor.h"
#include "transport/protocol-calls.h"
#include "transport/pump.h"

/**
 * ProctorWriteTransport:
 *
 * A pipe that is written in the background: asyncio's WriteTransport.
 *
 * Its protocol is told when more than the high mark is queued (`pause_writing`), and when that has
 * come down to the low one (`resume_writing`). It lives until its connection is lost, whoever holds
 * it.
 *
 * Thread safety: any thread.
 *
 * Since: 1.0
 */
struct _ProctorWriteTransport
{
  GObject parent_instance;

  /* immutable after construction */
  WriteChannel *channel; /* owned */
  Actor *actor;          /* owned: it is posted to by the channel */
  int fd;
  const WriteTransportUser *kind;
  Pump pump;

  /* atomic */
  int aborted;
  int closed;

  /* context only */
  gpointer user; /* owned until it is closed */
  gboolean told_to_pause;

  /* guarded by the channel's lock */
  WriteWaiter room_waiter;
  WriteWaiter sent_waiter;
  WriteWaiter close_waiter;
};

G_DEFINE_FINAL_TYPE (ProctorWriteTransport, proctor_write_transport, G_TYPE_OBJECT)

static void
tell_flow (ProctorWriteTransport *self)
{
  gboolean room = write_channel_try (self->channel, WRITE_ROOM, NULL, NULL);
  g_autoptr(GObject) user = NULL;

  if (self->told_to_pause == !room || self->user == NULL)
    return;

  /* A nested main loop may come to the end, and let go of it. */
  user = g_object_ref (self->user);
  self->told_to_pause = !room;
  if (room)
    self->kind->resume_writing (user);
  else
    self->kind->pause_writing (user);
}

static void
tell_closed (ProctorWriteTransport *self)
{
  gpointer user = g_steal_pointer (&self->user);
  g_autoptr(GError) error = NULL;

  write_channel_let_go_of_sent (self->channel);
  if (!g_atomic_int_get (&self->aborted))
    write_channel_check (self->channel, TRUE, &error);
  g_atomic_int_set (&self->closed, TRUE);
  self->kind->closed (user, error);
  g_object_unref (user);
}

static gboolean
pump_changes (gpointer      transport,
              StreamWaiter *waiter)
{
  ProctorWriteTransport *self = transport;

  if (self->user == NULL)
    return FALSE;

  write_channel_let_go_of_sent (self->channel);
  if (write_channel_try (self->channel, WRITE_CLOSED, &self->close_waiter, waiter))
    {
      write_channel_forget (self->channel, &self->room_waiter);
      write_channel_forget (self->channel, &self->sent_waiter);
      tell_closed (self);
      return FALSE;
    }

  tell_flow (self);
  if (self->user == NULL || !self->told_to_pause)
    return TRUE;

  /* That all is sent is of interest because then the user's memory is given back, which is much of
   * it.
   */
  if (write_channel_try (self->channel, WRITE_ROOM, &self->room_waiter, waiter) ||
      write_channel_try (self->channel, WRITE_SENT, &self->sent_waiter, waiter))
    pump_poke (&self->pump);
  return TRUE;
}

/* After something was queued: at once where that may be done, else soon. */
static void
note_queued (ProctorWriteTransport *self)
{
  if (pump_is_in_context (&self->pump))
    tell_flow (self);
  pump_poke (&self->pump);
}

ProctorWriteTransport *
proctor_write_transport_new (WriteChannel             *channel,
                             Actor                    *actor,
                             CallerContext            *caller,
                             int                       fd,
                             const WriteTransportUser *kind,
                             gpointer                  user)
{
  ProctorWriteTransport *self = g_object_new (PROCTOR_TYPE_WRITE_TRANSPORT, NULL);

  self->channel = write_channel_ref (channel);
  self->actor = actor_ref (actor);
  self->fd = fd;
  self->kind = kind;
  self->user = g_object_ref (user);
  pump_init (&self->pump, caller, pump_changes, self);
  return self;
}

void
proctor_write_transport_begin (ProctorWriteTransport *self)
{
  pump_start (&self->pump);
}

/**
 * proctor_write_transport_write:
 * @self: a transport
 * @data: what to send
 *
 * Sends the bytes in the background, after what was written before, without a copy. Never waits.
 * `pause_writing` is called before this returns, if it is due and this is the transport's context.
 *
 * When the connection is lost or closing they are dropped.
 *
 * Thread safety: any thread.
 *
 * Since: 1.0
 */
void
proctor_write_transport_write (ProctorWriteTransport *self,
                               GBytes                *data)
{
  g_return_if_fail (PROCTOR_IS_WRITE_TRANSPORT (self));
  g_return_if_fail (data != NULL);

  proctor_write_transport_write_all (self, &data, 1);
}

/**
 * proctor_write_transport_write_all:
 * @self: a transport
 * @pieces: (array length=n_pieces): what to send
 * @n_pieces: how many pieces
 *
 * Sends many pieces in the background, in order and without a copy. See
 * [method@WriteTransport.write].
 *
 * Thread safety: any thread.
 *
 * Since: 1.0
 */
void
proctor_write_transport_write_all (ProctorWriteTransport *self,
                                   GBytes * const        *pieces,
                                   gsize                  n_pieces)
{
  g_return_if_fail (PROCTOR_IS_WRITE_TRANSPORT (self));
  g_return_if_fail (n_pieces == 0 || pieces != NULL);

  if (program_is_forked_copy ())
    return;

  write_channel_queue (self->channel, pieces, n_pieces, TRUE);
  note_queued (self);
}

/**
 * proctor_write_transport_write_eof:
 * @self: a transport
 *
 * Closes the pipe when everything that was written is sent. Nothing can be written after it.
 *
 * Thread safety: any thread.
 *
 * Since: 1.0
 */
void
proctor_write_transport_write_eof (ProctorWriteTransport *self)
{
  g_return_if_fail (PROCTOR_IS_WRITE_TRANSPORT (self));

  if (!program_is_forked_copy ())
    write_channel_queue_eof (self->channel);
}

/**
 * proctor_write_transport_can_write_eof:
 * @self: a transport
 *
 * Whether [method@WriteTransport.write_eof] can be used. It always can.
 *
 * Thread safety: any thread.
 *
 * Returns: whether it can
 *
 * Since: 1.0
 */
gboolean
proctor_write_transport_can_write_eof (ProctorWriteTransport *self)
{
  g_return_val_if_fail (PROCTOR_IS_WRITE_TRANSPORT (self), FALSE);

  return TRUE;
}

/**
 * proctor_write_transport_abort:
 * @self: a transport
 *
 * Closes the pipe at once; what was not sent yet is dropped. The protocol's connection is lost
 * then, without an error.
 *
 * Thread safety: any thread.
 *
 * Since: 1.0
 */
void
proctor_write_transport_abort (ProctorWriteTransport *self)
{
  g_return_if_fail (PROCTOR_IS_WRITE_TRANSPORT (self));

  if (program_is_forked_copy ())
    return;

  g_atomic_int_set (&self->aborted, TRUE);
  write_channel_queue_abort (self->channel);
}

/**
 * proctor_write_transport_shut:
 * @self: a transport
 *
 * Sends what was written, then closes the pipe: asyncio's close. The protocol's connection is lost
 * then, without an error.
 *
 * Thread safety: any thread.
 *
 * Since: 1.0
 */
void
proctor_write_transport_shut (ProctorWriteTransport *self)
{
  proctor_write_transport_write_eof (self);
}

/**
 * proctor_write_transport_is_closing:
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
proctor_write_transport_is_closing (ProctorWriteTransport *self)
{
  g_return_val_if_fail (PROCTOR_IS_WRITE_TRANSPORT (self), TRUE);

  return write_channel_is_closing (self->channel);
}

/**
 * proctor_write_transport_set_write_buffer_limits:
 * @self: a transport
 * @low: bytes at which the protocol is told to resume
 * @high: bytes above which it is told to pause, at least @low
 *
 * Sets the marks for `pause_writing` and `resume_writing`. They are 16 KiB and 64 KiB unless this
 * is called.
 *
 * Thread safety: any thread.
 *
 * Since: 1.0
 */
void
proctor_write_transport_set_write_buffer_limits (ProctorWriteTransport *self,
                                                 gsize                  low,
                                                 gsize                  high)
{
  g_return_if_fail (PROCTOR_IS_WRITE_TRANSPORT (self));
  g_return_if_fail (low <= high);

  if (program_is_forked_copy ())
    return;

  write_channel_set_limits (self->channel, low, high);
  note_queued (self);
}

/**
 * proctor_write_transport_get_write_buffer_limits:
 * @self: a transport
 * @low: (out) (optional): return location for the low mark
 * @high: (out) (optional): return location for the high mark
 *
 * The marks for `pause_writing` and `resume_writing`.
 *
 * Thread safety: any thread.
 *
 * Since: 1.0
 */
void
proctor_write_transport_get_write_buffer_limits (ProctorWriteTransport *self,
                                                 gsize                 *low,
                                                 gsize                 *high)
{
  gsize low_mark;
  gsize high_mark;

  g_return_if_fail (PROCTOR_IS_WRITE_TRANSPORT (self));

  write_channel_get_limits (self->channel, &low_mark, &high_mark);
  if (low != NULL)
    *low = low_mark;
  if (high != NULL)
    *high = high_mark;
}

/**
 * proctor_write_transport_get_write_buffer_size:
 * @self: a transport
 *
 * How much was written and is not in the pipe yet.
 *
 * Thread safety: any thread.
 *
 * Returns: bytes
 *
 * Since: 1.0
 */
gsize
proctor_write_transport_get_write_buffer_size (ProctorWriteTransport *self)
{
  g_return_val_if_fail (PROCTOR_IS_WRITE_TRANSPORT (self), 0);

  return write_channel_get_queued (self->channel);
}

/**
 * proctor_write_transport_get_fd:
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
proctor_write_transport_get_fd (ProctorWriteTransport *self)
{
  g_return_val_if_fail (PROCTOR_IS_WRITE_TRANSPORT (self), -1);

  return g_atomic_int_get (&self->closed) ? -1 : self->fd;
}

/* ---- for a pipe of the user's */

static void
tell_pause (gpointer user)
{
  base_protocol_pause_writing (user);
}

static void
tell_resume (gpointer user)
{
  base_protocol_resume_writing (user);
}

static void
tell_lost (gpointer      user,
           const GError *error)
{
  base_protocol_connection_lost (user, error);
}

static const WriteTransportUser pipe_user = {
  .pause_writing = tell_pause,
  .resume_writing = tell_resume,
  .closed = tell_lost,
};

static void
begin_pipe_in_context (gpointer transport)
{
  ProctorWriteTransport *self = transport;

  base_protocol_connection_made (self->user, self);
  proctor_write_transport_begin (self);
}

static ProctorWriteTransport *
connect_write_pipe (int                   fd,
                    ProctorBaseProtocol  *protocol,
                    CallerContext        *caller,
                    GError              **error)
{
  g_autoptr(PipeActor) actor = pipe_actor_new_writer (fd, error);
  ProctorWriteTransport *self;

  if (actor == NULL)
    return NULL;

  self =
    proctor_write_transport_new (pipe_actor_get_write_channel (actor), pipe_actor_get_actor (actor),
                                 caller, fd, &pipe_user, protocol);
  pipe_actor_start (actor);
  pump_begin_in_context (caller, self, begin_pipe_in_context);
  return self;
}

/**
 * proctor_connect_write_pipe:
 * @fd: a file descriptor: a pipe, FIFO, socket or character device
 * @protocol: what is told of it
 * @cancellable: (nullable): a cancellable
 * @error: return location for an error
 *
 * Writes to a pipe in the background. @protocol is told of it in the context that is thread-default
 * now; `connection_made` is called before this returns.
 *
 * @fd belongs to the transport from now on, also if there is an error, and is made nonblocking.
 * The reader of a socket sees the end when no other copy of @fd is open either.
 *
 * Errors: %G_IO_ERROR_NOT_SUPPORTED for a regular file, a directory, or a device that cannot be
 * waited for (/dev/null); %G_IO_ERROR_INVALID_ARGUMENT if @fd is not open for writing; %G_IO_ERROR
 * with the system's reason; %G_IO_ERROR_CANCELLED; %PROCTOR_ERROR_FORKED.
 *
 * Thread safety: any thread.
 *
 * Returns: (transfer full): the transport
 *
 * Since: 1.0
 */
ProctorWriteTransport *
proctor_connect_write_pipe (int                   fd,
                            ProctorBaseProtocol  *protocol,
                            GCancellable         *cancellable,
                            GError              **error)
{
  g_autoptr(CallerContext) caller = NULL;

  g_return_val_if_fail (PROCTOR_IS_BASE_PROTOCOL (protocol), NULL);

  if (g_cancellable_set_error_if_cancelled (cancellable, error))
    {
      pipe_actor_close_fd (fd);
      return NULL;
    }
  caller = caller_context_ref_thread_default ();
  return connect_write_pipe (fd, protocol, caller, error);
}

static void
connect_write_pipe_in_context (GTask *task,
                               int    fd)
{
  g_autoptr(CallerContext) caller = caller_context_ref_for (g_task_get_context (task));
  GError *error = NULL;
  ProctorWriteTransport *self =
    connect_write_pipe (fd, g_task_get_task_data (task), caller, &error);

  if (self == NULL)
    g_task_return_error (task, error);
  else
    g_task_return_pointer (task, self, g_object_unref);
}

/**
 * proctor_connect_write_pipe_async:
 * @fd: a file descriptor: a pipe, FIFO, socket or character device
 * @protocol: what is told of it
 * @cancellable: (nullable): a cancellable
 * @callback: (scope async): called when it is connected, in the context that is thread-default now
 * @user_data: data for @callback
 *
 * Writes to a pipe in the background. See [func@connect_write_pipe]; `connection_made` is called in
 * the context before @callback.
 *
 * Thread safety: any thread.
 *
 * Since: 1.0
 */
void
proctor_connect_write_pipe_async (int                  fd,
                                  ProctorBaseProtocol *protocol,
                                  GCancellable        *cancellable,
                                  GAsyncReadyCallback  callback,
                                  gpointer             user_data)
{
  g_return_if_fail (PROCTOR_IS_BASE_PROTOCOL (protocol));

  pipe_actor_connect_later (fd, G_OBJECT (protocol), cancellable, callback, user_data,
                            proctor_connect_write_pipe_async, connect_write_pipe_in_context);
}

/**
 * proctor_connect_write_pipe_finish:
 * @result: what the callback was given
 * @error: return location for an error
 *
 * Takes the result of [func@connect_write_pipe_async].
 *
 * Errors: see [func@connect_write_pipe].
 *
 * Thread safety: the callback's thread.
 *
 * Returns: (transfer full): the transport
 *
 * Since: 1.0
 */
ProctorWriteTransport *
proctor_connect_write_pipe_finish (GAsyncResult  *result,
                                   GError       **error)
{
  g_return_val_if_fail (g_task_is_valid (result, NULL), NULL);
  g_return_val_if_fail (g_async_result_is_tagged (result, proctor_connect_write_pipe_async), NULL);

  return g_task_propagate_pointer (G_TASK (result), error);
}

/* ---- the class */

static void
proctor_write_transport_finalize (GObject *object)
{
  ProctorWriteTransport *self = PROCTOR_WRITE_TRANSPORT (object);

  g_clear_object (&self->user);
  pump_clear (&self->pump);
  if (!program_is_forked_copy ())
    {
      write_channel_let_go_later (self->channel);
      g_clear_pointer (&self->channel, write_channel_unref);
      g_clear_pointer (&self->actor, actor_unref);
    }

  G_OBJECT_CLASS (proctor_write_transport_parent_class)->finalize (object);
}

static void
proctor_write_transport_class_init (ProctorWriteTransportClass *klass)
{
  G_OBJECT_CLASS (klass)->finalize = proctor_write_transport_finalize;
}

static void
proctor_write_transport_init (ProctorWriteTransport *self)
{
}
