/* SPDX-License-Identifier: LGPL-2.1-or-later */

/* Thread: poking ANY; everything else in the transport's context. */

#include "config.h"

#include "transport/pump.h"

#include <glib-object.h>

#include "base/base-thread.h"

static void
deliver (Delivery *delivery)
{
  Pump *self = (Pump *) (gpointer) ((char *) delivery - G_STRUCT_OFFSET (Pump, delivery));
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
pump_init (Pump     *self,
           PumpFunc  func,
           gpointer  transport)
{
  *self = (Pump){
    .waiter.wake = wake,
    .caller = caller_context_ref_thread_default (),
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

gboolean
pump_is_in_context (Pump *self)
{
  GMainContext *context = caller_context_get_context (self->caller);
  g_autoptr(GMainContext) here = g_main_context_ref_thread_default ();

  /* A thread without a context of its own has the global one as its default, too; that is the main thread's. */
  return g_main_context_is_owner (context) ||
         (here == context && (context != g_main_context_default () || thread_is_main ()));
}
