/* SPDX-License-Identifier: LGPL-2.1-or-later */

#pragma once

#include <proctor/proctor.h>

#include "runtime/caller-context.h"
#include "stream/write-channel.h"

G_BEGIN_DECLS

/* Who is told by a write transport, in its context. */
typedef struct
{
  void (*pause_writing) (gpointer user);
  void (*resume_writing) (gpointer user);
  /* The last call. */
  void (*closed) (gpointer      user,
                  const GError *error);
} WriteTransportUser;

/* A transport for a channel; @user (a GObject) is held until it is closed, and told in @caller.
 * Nothing is told before proctor_write_transport_begin(), which is called there, too.
 */
ProctorWriteTransport *proctor_write_transport_new (WriteChannel             *channel,
                                                    Actor                    *actor,
                                                    CallerContext            *caller,
                                                    int                       fd,
                                                    const WriteTransportUser *kind,
                                                    gpointer                  user);
void proctor_write_transport_begin (ProctorWriteTransport *self);

G_END_DECLS
