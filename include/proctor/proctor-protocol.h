/* Proctor: subprocesses for C programs on GLib
 *
 * SPDX-License-Identifier: LGPL-2.1-or-later
 */

#pragma once

#include <gio/gio.h>

#include <proctor/proctor-macros.h>
#include <proctor/proctor-types.h>

G_BEGIN_DECLS

#define PROCTOR_TYPE_BASE_PROTOCOL (proctor_base_protocol_get_type ())

PROCTOR_AVAILABLE_IN_1_0
G_DECLARE_INTERFACE (ProctorBaseProtocol, proctor_base_protocol, PROCTOR, BASE_PROTOCOL, GObject)

/**
 * ProctorBaseProtocolInterface:
 * @connection_made: the transport is there; called once, first
 * @connection_lost: the transport is closed; called once, last; @error is %NULL if it has ended or
 *   was shut
 * @pause_writing: more than the high mark is queued for writing
 * @resume_writing: what is queued has come down to the low mark
 *
 * What every protocol has. Each function may be left out.
 *
 * Since: 1.0
 */
struct _ProctorBaseProtocolInterface
{
  GTypeInterface parent_iface;

  void (* connection_made) (ProctorBaseProtocol *self,
                            GObject             *transport);
  void (* connection_lost) (ProctorBaseProtocol *self,
                            const GError        *error);
  void (* pause_writing)   (ProctorBaseProtocol *self);
  void (* resume_writing)  (ProctorBaseProtocol *self);
};

#define PROCTOR_TYPE_PIPE_PROTOCOL (proctor_pipe_protocol_get_type ())

PROCTOR_AVAILABLE_IN_1_0
G_DECLARE_INTERFACE (ProctorPipeProtocol,
                     proctor_pipe_protocol,
                     PROCTOR,
                     PIPE_PROTOCOL,
                     ProctorBaseProtocol)

/**
 * ProctorPipeProtocolInterface:
 * @data_received: bytes have come, at least one
 * @eof_received: the writer has closed its end; connection_lost follows
 *
 * The protocol of a pipe that is read. Each function may be left out.
 *
 * Since: 1.0
 */
struct _ProctorPipeProtocolInterface
{
  GTypeInterface parent_iface;

  void (* data_received) (ProctorPipeProtocol *self,
                          GBytes              *data);
  void (* eof_received)  (ProctorPipeProtocol *self);
};

#define PROCTOR_TYPE_SUBPROCESS_PROTOCOL (proctor_subprocess_protocol_get_type ())

PROCTOR_AVAILABLE_IN_1_0
G_DECLARE_INTERFACE (ProctorSubprocessProtocol,
                     proctor_subprocess_protocol,
                     PROCTOR,
                     SUBPROCESS_PROTOCOL,
                     ProctorBaseProtocol)

/**
 * ProctorSubprocessProtocolInterface:
 * @pipe_data_received: the process has written to its stdout (@fd is 1) or stderr (2)
 * @pipe_connection_lost: the pipe of the process's stdin (@fd is 0), stdout or stderr is closed;
 *   @error is %NULL unless it broke
 * @process_exited: the process has exited; its pipes may still be open
 *
 * The protocol of a process. Each function may be left out.
 *
 * Since: 1.0
 */
struct _ProctorSubprocessProtocolInterface
{
  GTypeInterface parent_iface;

  void (* pipe_data_received)   (ProctorSubprocessProtocol *self,
                                 int                        fd,
                                 GBytes                    *data);
  void (* pipe_connection_lost) (ProctorSubprocessProtocol *self,
                                 int                        fd,
                                 const GError              *error);
  void (* process_exited)       (ProctorSubprocessProtocol *self);
};

G_END_DECLS
