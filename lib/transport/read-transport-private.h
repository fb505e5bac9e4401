/* SPDX-License-Identifier: LGPL-2.1-or-later */

#pragma once

#include <proctor/proctor.h>

#include "runtime/caller-context.h"
#include "stream/read-channel.h"

G_BEGIN_DECLS

/* Who is told by a read transport, in its context. */
typedef struct
{
  void (*data_received) (gpointer user,
                         int      tag,
                         GBytes  *data);
  /* Nullable. The writer has closed its end; `closed` follows. */
  void (*eof_received) (gpointer user);

  /* The last call. */
  void (*closed) (gpointer      user,
                  int           tag,
                  const GError *error);
} ReadTransportUser;

/* A transport for a channel; @user (a GObject) is held until it is closed, and told in @caller,
 * with @tag. Nothing is told before proctor_read_transport_begin(), which is called there, too.
 */
ProctorReadTransport *proctor_read_transport_new (ReadChannel             *channel,
                                                  Actor                   *actor,
                                                  CallerContext           *caller,
                                                  int                      fd,
                                                  const ReadTransportUser *kind,
                                                  gpointer                 user,
                                                  int                      tag);
void proctor_read_transport_begin (ProctorReadTransport *self);

G_END_DECLS
