/* Calls to a protocol of the user's, which may leave out whatever it does not want.
 *
 * SPDX-License-Identifier: LGPL-2.1-or-later
 */

#pragma once

#include <proctor/proctor.h>

G_BEGIN_DECLS

/* All: in the protocol's context, with no lock held. */
void base_protocol_connection_made (ProctorBaseProtocol *self,
                                    gpointer             transport);
void base_protocol_connection_lost (ProctorBaseProtocol *self,
                                    const GError        *error);
void base_protocol_pause_writing (ProctorBaseProtocol *self);
void base_protocol_resume_writing (ProctorBaseProtocol *self);

void pipe_protocol_data_received (ProctorPipeProtocol *self,
                                  GBytes              *data);
void pipe_protocol_eof_received (ProctorPipeProtocol *self);

void subprocess_protocol_pipe_data_received (ProctorSubprocessProtocol *self,
                                             int                        fd,
                                             GBytes                    *data);
void subprocess_protocol_pipe_connection_lost (ProctorSubprocessProtocol *self,
                                               int                        fd,
                                               const GError              *error);
void subprocess_protocol_process_exited (ProctorSubprocessProtocol *self);

G_END_DECLS
