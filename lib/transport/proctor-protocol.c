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
 * ProctorPipeProtocol:
 *
 * What is told of a pipe that is read, see [func@connect_read_pipe]: asyncio's Protocol.
 *
 * Since: 1.0
 */
G_DEFINE_INTERFACE (ProctorPipeProtocol, proctor_pipe_protocol, PROCTOR_TYPE_BASE_PROTOCOL)

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
