/* SPDX-License-Identifier: LGPL-2.1-or-later */

/* Thread: poking ANY; everything else in the transport's context. */

#include "config.h"

#include "transport/pump.h"

#include <glib-object.h>

#include "base/base-macros.h"
#include "base/base-thread.h"

static void
deliver (Delivery *delivery)
{
  Pump *self = CONTAINER_OF (delivery, Pump, delivery);
  GObject *transport = self->transport;

  g_atomic_int_set (&self->posted, FALSE);
  if (self->running && !self->func (transport, &self->waiter) && self->running)
    {
      self->running = FALSE;
      g_object_unref (transport);
    }
  /* The delivery's own. */
  g_object_unref (transport);
}

void
pump_poke (Pump *self)
{
  if (!g_atomic_int_compare_and_exchange (&self->posted, FALSE, TRUE))
    return;

  g_object_ref (self->transport);
  caller_context_post (self->caller, &self->delivery, deliver);
}

static void
wake (StreamWaiter *waiter)
{
  pump_poke ((Pump *) waiter);
}

void
pump_init (Pump          *self,
           CallerContext *caller,
           PumpFunc       func,
           gpointer       transport)
{
  *self = (Pump){
    .waiter.wake = wake,
    .caller = caller_context_ref (caller),
    .func = func,
    .transport = transport,
  };
}

void
pump_clear (Pump *self)
{
  g_clear_pointer (&self->caller, caller_context_unref);
}

void
pump_start (Pump *self)
{
  self->running = TRUE;
  g_object_ref (self->transport);
  pump_poke (self);
}

static gboolean
is_in_context (CallerContext *caller)
{
  GMainContext *context = caller_context_get_context (caller);
  g_autoptr(GMainContext) here = g_main_context_ref_thread_default ();

  /* A thread without a context of its own has the global one as its default, too; that is the main
   * thread's.
   */
  return g_main_context_is_owner (context) ||
         (here == context && (context != g_main_context_default () || thread_is_main ()));
}

gboolean
pump_is_in_context (Pump *self)
{
  return is_in_context (self->caller);
}

/* ---- the beginning */

typedef struct
{
  Delivery delivery;
  CallerContext *caller; /* owned */
  GObject *transport;    /* owned */
  void (*func) (gpointer transport);
} LateBegin;

static void
begin_in_context (Delivery *delivery)
{
  LateBegin *self = (LateBegin *) delivery;

  self->func (self->transport);
  g_object_unref (self->transport);
  caller_context_unref (self->caller);
  g_free (self);
}

void
pump_begin_in_context (CallerContext *caller,
                       gpointer       transport,
                       void         (*func) (gpointer transport))
{
  LateBegin *late;

  if (is_in_context (caller))
    {
      func (transport);
      return;
    }

  late = g_new0 (LateBegin, 1);
  late->caller = caller_context_ref (caller);
  late->transport = g_object_ref (transport);
  late->func = func;
  caller_context_post (caller, &late->delivery, begin_in_context);
}
