/* SPDX-License-Identifier: LGPL-2.1-or-later */

/* Thread: the context in which the protocol was connected. */

#include "config.h"

#include "transport/protocol-calls.h"

/**
 * ProctorBaseProtocol:
 *
 * What is told of a connection: asyncio's BaseProtocol.
 *
 * All functions of protocols are called in the main context that was thread-default when the
 * transport was made: `connection_made` first, `connection_lost` last, and between them the rest as
 * it happens.
 *
 * Since: 1.0
 */
G_DEFINE_INTERFACE (ProctorBaseProtocol, proctor_base_protocol, G_TYPE_OBJECT)

/**
 * ProctorBaseProtocolInterface::connection_made:
 * @self: a protocol
 * @transport: the transport that the protocol is told of
 *
 * The transport is there. Called once, before anything else.
 *
 * Thread safety: called in the context of the transport.
 *
 * Since: 1.0
 */

/**
 * ProctorBaseProtocolInterface::connection_lost:
 * @self: a protocol
 * @error: (nullable): what broke it; %NULL if it has ended or was shut
 *
 * The transport is closed. Called once, after everything else.
 *
 * Thread safety: called in the context of the transport.
 *
 * Since: 1.0
 */

/**
 * ProctorBaseProtocolInterface::pause_writing:
 * @self: a protocol
 *
 * More than the high mark is queued for writing: whoever writes should wait. See
 * [method@WriteTransport.set_write_buffer_limits].
 *
 * Thread safety: called in the context of the transport.
 *
 * Since: 1.0
 */

/**
 * ProctorBaseProtocolInterface::resume_writing:
 * @self: a protocol
 *
 * What is queued has come down to the low mark: writing may go on.
 *
 * Thread safety: called in the context of the transport.
 *
 * Since: 1.0
 */

/**
 * ProctorPipeProtocol:
 *
 * What is told of a pipe that is read, see [func@connect_read_pipe]: asyncio's Protocol.
 *
 * Since: 1.0
 */
G_DEFINE_INTERFACE (ProctorPipeProtocol, proctor_pipe_protocol, PROCTOR_TYPE_BASE_PROTOCOL)

/**
 * ProctorPipeProtocolInterface::data_received:
 * @self: a protocol
 * @data: what was read, at least one byte
 *
 * Bytes have come.
 *
 * Thread safety: called in the context of the transport.
 *
 * Since: 1.0
 */

/**
 * ProctorPipeProtocolInterface::eof_received:
 * @self: a protocol
 *
 * The writer has closed its end. `connection_lost` follows.
 *
 * Thread safety: called in the context of the transport.
 *
 * Since: 1.0
 */

/**
 * ProctorSubprocessProtocol:
 *
 * What is told of a process and its pipes, see [method@Command.open_transport]: asyncio's
 * SubprocessProtocol.
 *
 * Since: 1.0
 */
G_DEFINE_INTERFACE (ProctorSubprocessProtocol,
                    proctor_subprocess_protocol,
                    PROCTOR_TYPE_BASE_PROTOCOL)

/**
 * ProctorSubprocessProtocolInterface::pipe_data_received:
 * @self: a protocol
 * @fd: 1 for stdout, 2 for stderr
 * @data: what was read, at least one byte
 *
 * The process has written something.
 *
 * Thread safety: called in the context of the transport.
 *
 * Since: 1.0
 */

/**
 * ProctorSubprocessProtocolInterface::pipe_connection_lost:
 * @self: a protocol
 * @fd: 0 for stdin, 1 for stdout, 2 for stderr
 * @error: (nullable): what broke it; %NULL if it was closed
 *
 * A pipe of the process is closed.
 *
 * Thread safety: called in the context of the transport.
 *
 * Since: 1.0
 */

/**
 * ProctorSubprocessProtocolInterface::process_exited:
 * @self: a protocol
 *
 * The process has exited. Its pipes may still be open: a child of its own may hold them.
 *
 * Thread safety: called in the context of the transport.
 *
 * Since: 1.0
 */

static void
proctor_base_protocol_default_init (ProctorBaseProtocolInterface *iface)
{
}

static void
proctor_pipe_protocol_default_init (ProctorPipeProtocolInterface *iface)
{
}

static void
proctor_subprocess_protocol_default_init (ProctorSubprocessProtocolInterface *iface)
{
}

void
base_protocol_connection_made (ProctorBaseProtocol *self,
                               gpointer             transport)
{
  ProctorBaseProtocolInterface *iface = PROCTOR_BASE_PROTOCOL_GET_IFACE (self);

  if (iface->connection_made != NULL)
    iface->connection_made (self, transport);
}

void
base_protocol_connection_lost (ProctorBaseProtocol *self,
                               const GError        *error)
{
  ProctorBaseProtocolInterface *iface = PROCTOR_BASE_PROTOCOL_GET_IFACE (self);

  if (iface->connection_lost != NULL)
    iface->connection_lost (self, error);
}

void
base_protocol_pause_writing (ProctorBaseProtocol *self)
{
  ProctorBaseProtocolInterface *iface = PROCTOR_BASE_PROTOCOL_GET_IFACE (self);

  if (iface->pause_writing != NULL)
    iface->pause_writing (self);
}

void
base_protocol_resume_writing (ProctorBaseProtocol *self)
{
  ProctorBaseProtocolInterface *iface = PROCTOR_BASE_PROTOCOL_GET_IFACE (self);

  if (iface->resume_writing != NULL)
    iface->resume_writing (self);
}

void
pipe_protocol_data_received (ProctorPipeProtocol *self,
                             GBytes              *data)
{
  ProctorPipeProtocolInterface *iface = PROCTOR_PIPE_PROTOCOL_GET_IFACE (self);

  if (iface->data_received != NULL)
    iface->data_received (self, data);
}

void
pipe_protocol_eof_received (ProctorPipeProtocol *self)
{
  ProctorPipeProtocolInterface *iface = PROCTOR_PIPE_PROTOCOL_GET_IFACE (self);

  if (iface->eof_received != NULL)
    iface->eof_received (self);
}

void
subprocess_protocol_pipe_data_received (ProctorSubprocessProtocol *self,
                                        int                        fd,
                                        GBytes                    *data)
{
  ProctorSubprocessProtocolInterface *iface = PROCTOR_SUBPROCESS_PROTOCOL_GET_IFACE (self);

  if (iface->pipe_data_received != NULL)
    iface->pipe_data_received (self, fd, data);
}

void
subprocess_protocol_pipe_connection_lost (ProctorSubprocessProtocol *self,
                                          int                        fd,
                                          const GError              *error)
{
  ProctorSubprocessProtocolInterface *iface = PROCTOR_SUBPROCESS_PROTOCOL_GET_IFACE (self);

  if (iface->pipe_connection_lost != NULL)
    iface->pipe_connection_lost (self, fd, error);
}

void
subprocess_protocol_process_exited (ProctorSubprocessProtocol *self)
{
  ProctorSubprocessProtocolInterface *iface = PROCTOR_SUBPROCESS_PROTOCOL_GET_IFACE (self);

  if (iface->process_exited != NULL)
    iface->process_exited (self);
}
