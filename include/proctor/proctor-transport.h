/* Proctor: subprocesses for C programs on GLib
 *
 * SPDX-License-Identifier: LGPL-2.1-or-later
 */

#pragma once

#include <proctor/proctor-protocol.h>

G_BEGIN_DECLS

#define PROCTOR_TYPE_READ_TRANSPORT (proctor_read_transport_get_type ())

PROCTOR_AVAILABLE_IN_1_0
G_DECLARE_FINAL_TYPE (ProctorReadTransport,
                      proctor_read_transport,
                      PROCTOR,
                      READ_TRANSPORT,
                      GObject)

PROCTOR_AVAILABLE_IN_1_0
ProctorReadTransport *proctor_connect_read_pipe (int                   fd,
                                                 ProctorPipeProtocol  *protocol,
                                                 GCancellable         *cancellable,
                                                 GError              **error);
PROCTOR_AVAILABLE_IN_1_0
void proctor_connect_read_pipe_async (int                  fd,
                                      ProctorPipeProtocol *protocol,
                                      GCancellable        *cancellable,
                                      GAsyncReadyCallback  callback,
                                      gpointer             user_data);
PROCTOR_AVAILABLE_IN_1_0
ProctorReadTransport *proctor_connect_read_pipe_finish (GAsyncResult  *result,
                                                        GError       **error);

PROCTOR_AVAILABLE_IN_1_0
void proctor_read_transport_pause_reading (ProctorReadTransport *self);
PROCTOR_AVAILABLE_IN_1_0
void proctor_read_transport_resume_reading (ProctorReadTransport *self);
PROCTOR_AVAILABLE_IN_1_0
gboolean proctor_read_transport_is_reading (ProctorReadTransport *self);
PROCTOR_AVAILABLE_IN_1_0
void proctor_read_transport_shut (ProctorReadTransport *self);
PROCTOR_AVAILABLE_IN_1_0
gboolean proctor_read_transport_is_closing (ProctorReadTransport *self);
PROCTOR_AVAILABLE_IN_1_0
int proctor_read_transport_get_fd (ProctorReadTransport *self);

#define PROCTOR_TYPE_WRITE_TRANSPORT (proctor_write_transport_get_type ())

PROCTOR_AVAILABLE_IN_1_0
G_DECLARE_FINAL_TYPE (ProctorWriteTransport,
                      proctor_write_transport,
                      PROCTOR,
                      WRITE_TRANSPORT,
                      GObject)

PROCTOR_AVAILABLE_IN_1_0
ProctorWriteTransport *proctor_connect_write_pipe (int                   fd,
                                                   ProctorBaseProtocol  *protocol,
                                                   GCancellable         *cancellable,
                                                   GError              **error);
PROCTOR_AVAILABLE_IN_1_0
void proctor_connect_write_pipe_async (int                  fd,
                                       ProctorBaseProtocol *protocol,
                                       GCancellable        *cancellable,
                                       GAsyncReadyCallback  callback,
                                       gpointer             user_data);
PROCTOR_AVAILABLE_IN_1_0
ProctorWriteTransport *proctor_connect_write_pipe_finish (GAsyncResult  *result,
                                                          GError       **error);

PROCTOR_AVAILABLE_IN_1_0
void proctor_write_transport_write (ProctorWriteTransport *self,
                                    GBytes                *data);
PROCTOR_AVAILABLE_IN_1_0
void proctor_write_transport_write_all (ProctorWriteTransport *self,
                                        GBytes * const        *pieces,
                                        gsize                  n_pieces);
PROCTOR_AVAILABLE_IN_1_0
void proctor_write_transport_write_eof (ProctorWriteTransport *self);
PROCTOR_AVAILABLE_IN_1_0
gboolean proctor_write_transport_can_write_eof (ProctorWriteTransport *self);
PROCTOR_AVAILABLE_IN_1_0
void proctor_write_transport_abort (ProctorWriteTransport *self);
PROCTOR_AVAILABLE_IN_1_0
void proctor_write_transport_set_write_buffer_limits (ProctorWriteTransport *self,
                                                      gsize                  low,
                                                      gsize                  high);
PROCTOR_AVAILABLE_IN_1_0
void proctor_write_transport_get_write_buffer_limits (ProctorWriteTransport *self,
                                                      gsize                 *low,
                                                      gsize                 *high);
PROCTOR_AVAILABLE_IN_1_0
gsize proctor_write_transport_get_write_buffer_size (ProctorWriteTransport *self);
PROCTOR_AVAILABLE_IN_1_0
void proctor_write_transport_shut (ProctorWriteTransport *self);
PROCTOR_AVAILABLE_IN_1_0
gboolean proctor_write_transport_is_closing (ProctorWriteTransport *self);
PROCTOR_AVAILABLE_IN_1_0
int proctor_write_transport_get_fd (ProctorWriteTransport *self);

G_END_DECLS
