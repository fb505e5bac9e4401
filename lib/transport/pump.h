/* Carries what happens at a channel to a transport, in the transport's context.
 *
 * SPDX-License-Identifier: LGPL-2.1-or-later
 */

#pragma once

#include "runtime/caller-context.h"
#include "stream/stream-wait.h"

G_BEGIN_DECLS

typedef struct _Pump Pump;

/* Looks at the channel and tells the transport what there is. Called in the context, one call at a
 * time but for nested main loops, first by pump_start() and then whenever the waiter is woken or
 * pump_poke() asks for it. FALSE ends the pump.
 */
typedef gboolean (*PumpFunc) (gpointer      transport,
                              StreamWaiter *waiter);

/* Life: from pump_start() until the function says FALSE it holds the transport, and lets go of it
 * in the context.
 */
struct _Pump
{
  StreamWaiter waiter;
  Delivery delivery;

  /* immutable after construction */
  CallerContext *caller; /* owned */
  PumpFunc func;
  gpointer transport;    /* a GObject; owned while it runs */

  /* atomic */
  int posted;

  /* context only */
  gboolean running;
};

/* Embedded in @transport, which is a GObject. */
void pump_init (Pump          *self,
                CallerContext *caller,
                PumpFunc       func,
                gpointer       transport);
void pump_clear (Pump *self);

/* In the context. */
void pump_start (Pump *self);

/* Any thread that holds the transport. */
void pump_poke (Pump *self);

/* Whether this thread is the one that runs the context, or would. */
gboolean pump_is_in_context (Pump *self);

/* Calls @func with @transport in the context: now if this thread is the one that runs it, or would,
 * else soon.
 */
void pump_begin_in_context (CallerContext *caller,
                            gpointer       transport,
                            void         (*func) (gpointer transport));

G_END_DECLS
