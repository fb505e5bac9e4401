/* Proctor: subprocesses for C programs on GLib
 *
 * SPDX-License-Identifier: LGPL-2.1-or-later
 */

#pragma once

#include <proctor/proctor-protocol.h>

G_BEGIN_DECLS

#define PROCTOR_TYPE_SUBPROCESS_TRANSPORT (proctor_subprocess_transport_get_type ())

PROCTOR_AVAILABLE_IN_1_0
G_DECLARE_FINAL_TYPE (ProctorSubprocessTransport,
                      proctor_subprocess_transport,
                      PROCTOR,
                      SUBPROCESS_TRANSPORT,
                      GObject)

PROCTOR_AVAILABLE_IN_1_0
ProctorSubprocessTransport *proctor_command_open_transport (ProctorCommand             *self,
                                                            ProctorSubprocessProtocol  *protocol,
                                                            GCancellable               *cancellable,
                                                            GError                    **error);
PROCTOR_AVAILABLE_IN_1_0
void proctor_command_open_transport_async (ProctorCommand            *self,
                                           ProctorSubprocessProtocol *protocol,
                                           GCancellable              *cancellable,
                                           GAsyncReadyCallback        callback,
                                           gpointer                   user_data);
PROCTOR_AVAILABLE_IN_1_0
ProctorSubprocessTransport *proctor_command_open_transport_finish (ProctorCommand  *self,
                                                                   GAsyncResult    *result,
                                                                   GError         **error);

PROCTOR_AVAILABLE_IN_1_0
GPid proctor_subprocess_transport_get_pid (ProctorSubprocessTransport *self);
PROCTOR_AVAILABLE_IN_1_0
gboolean proctor_subprocess_transport_get_returncode (ProctorSubprocessTransport *self,
                                                      int                        *returncode);
PROCTOR_AVAILABLE_IN_1_0
GObject *proctor_subprocess_transport_get_pipe_transport (ProctorSubprocessTransport *self,
                                                          int                         fd);
PROCTOR_AVAILABLE_IN_1_0
gboolean proctor_subprocess_transport_send_signal (ProctorSubprocessTransport  *self,
                                                   int                          signum,
                                                   GError                     **error);
PROCTOR_AVAILABLE_IN_1_0
gboolean proctor_subprocess_transport_terminate (ProctorSubprocessTransport  *self,
                                                 GError                     **error);
PROCTOR_AVAILABLE_IN_1_0
gboolean proctor_subprocess_transport_kill (ProctorSubprocessTransport  *self,
                                            GError                     **error);
PROCTOR_AVAILABLE_IN_1_0
void proctor_subprocess_transport_shut (ProctorSubprocessTransport *self);
PROCTOR_AVAILABLE_IN_1_0
gboolean proctor_subprocess_transport_is_closing (ProctorSubprocessTransport *self);
PROCTOR_AVAILABLE_IN_1_0
ProctorSubprocessProtocol *
proctor_subprocess_transport_get_protocol (ProctorSubprocessTransport *self);
PROCTOR_AVAILABLE_IN_1_0
void proctor_subprocess_transport_set_protocol (ProctorSubprocessTransport *self,
                                                ProctorSubprocessProtocol  *protocol);
PROCTOR_AVAILABLE_IN_1_0
ProctorProcess *proctor_subprocess_transport_get_process (ProctorSubprocessTransport *self);

G_END_DECLS
