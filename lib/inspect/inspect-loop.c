/* SPDX-License-Identifier: LGPL-2.1-or-later */

/* Thread: ANY; the source's functions run wherever the main context does. */

#include "config.h"

#include "inspect/inspect-loop.h"

#include <stdatomic.h>

/* A source that is never ready. The context asks it before each sleep and after it: between the two
 * the loop can be woken up, after the second it is at work, or nobody runs it. The one of the
 * highest priority is asked in any case.
 */
struct _InspectLoop
{
  GSource source;

  /* atomic */
  _Atomic gint64 awake_since; /* 0: it sleeps */
  atomic_bool has_run;
};

static gboolean
loop_prepare (GSource *source,
              int     *timeout)
{
  InspectLoop *self = (InspectLoop *) source;

  atomic_store (&self->awake_since, 0);
  atomic_store (&self->has_run, TRUE);
  *timeout = -1;
  return FALSE;
}

static gboolean
loop_check (GSource *source)
{
  atomic_store (&((InspectLoop *) source)->awake_since, g_get_monotonic_time ());
  return FALSE;
}

static gboolean
loop_dispatch (GSource     *source,
               GSourceFunc  callback,
               gpointer     user_data)
{
  return G_SOURCE_CONTINUE;
}

static GSourceFuncs loop_source_funcs = {
  .prepare = loop_prepare,
  .check = loop_check,
  .dispatch = loop_dispatch,
};

InspectLoop *
inspect_loop_new (void)
{
  GSource *source = g_source_new (&loop_source_funcs, sizeof (InspectLoop));
  InspectLoop *self = (InspectLoop *) source;

  atomic_store (&self->awake_since, g_get_monotonic_time ());
  g_source_set_static_name (source, "[Proctor] whether the main loop runs");
  g_source_set_priority (source, G_MININT);
  g_source_set_can_recurse (source, TRUE);
  g_source_attach (source, NULL);
  return self;
}

void
inspect_loop_free (InspectLoop *self)
{
  g_source_destroy (&self->source);
  g_source_unref (&self->source);
}

GTimeSpan
inspect_loop_get_silence (InspectLoop *self,
                          gboolean    *has_run)
{
  gint64 awake_since = atomic_load (&self->awake_since);

  *has_run = atomic_load (&self->has_run);
  return awake_since != 0 ? g_get_monotonic_time () - awake_since : 0;
}
