/* SPDX-License-Identifier: LGPL-2.1-or-later */

/* Thread: ANY; trace_rings_visit() only the drainer. */

#include "config.h"

#include "trace/trace.h"

#include "base/base-thread.h"
#include "trace/trace-log.h"
#include "trace/trace-rings.h"

/* A thread's ring is made with its first record and belongs to it until it ends. Only the consumer
 * frees rings, so neither side needs a lock for what is inside.
 */
atomic_uint trace_on;
atomic_bool trace_session_is_due = TRUE;

_Thread_local guint trace_worker_number;

static _Thread_local TraceRing *own_ring;

static atomic_uint n_processes;
static atomic_ullong n_lost_without_ring;

static GMutex rings_lock;
static GPtrArray *rings;      /* of owned TraceRing; guarded by rings_lock */
static guint32 n_rings_ever;  /* guarded by rings_lock */

/* What a destructor that runs later records goes into another ring. */
static void
thread_has_ended (gpointer ring)
{
  own_ring = NULL;
  atomic_store_explicit (&((TraceRing *) ring)->abandoned, TRUE, memory_order_release);
}

static GPrivate ring_of_thread = G_PRIVATE_INIT (thread_has_ended);

static TraceRing *
make_own_ring (void)
{
  g_mutex_lock (&rings_lock);
  own_ring = trace_ring_new (n_rings_ever + 1);
  if (own_ring != NULL)
    {
      n_rings_ever++;
      if (rings == NULL)
        rings = g_ptr_array_new ();
      g_ptr_array_add (rings, own_ring);
    }
  g_mutex_unlock (&rings_lock);

  if (own_ring != NULL)
    g_private_set (&ring_of_thread, own_ring);
  return own_ring;
}

/* NULL: nothing can be recorded here. */
static TraceRing *
get_own_ring (void)
{
  if (G_UNLIKELY (program_is_forked_copy ()))
    return NULL;
  if (G_LIKELY (own_ring != NULL) || make_own_ring () != NULL)
    return own_ring;

  atomic_fetch_add_explicit (&n_lost_without_ring, 1, memory_order_relaxed);
  return NULL;
}

void
trace_record (TraceStep   step,
              guint32     process,
              guint64     flow,
              gint64      value,
              const char *text)
{
  guint on = atomic_load_explicit (&trace_on, memory_order_relaxed);
  TraceRing *ring;

  if ((on & trace_step_get_log_bit (step)) != 0 && !program_is_forked_copy ())
    trace_log_add (step, process, value, text);
  if ((on & TRACE_TO_RINGS) == 0 || step == TRACE_READ || step == TRACE_WRITTEN)
    return;

  ring = get_own_ring ();
  if (ring != NULL)
    trace_ring_push (ring,
                     &(TraceRecord) {
                       .time = trace_now (),
                       .flow = flow,
                       .value = value,
                       .process = process,
                       .step = (guint16) step,
                     },
                     text);
}

guint64
trace_record_sent (TraceStep step,
                   guint32   process)
{
  gboolean to_rings =
    (atomic_load_explicit (&trace_on, memory_order_relaxed) & TRACE_TO_RINGS) != 0;
  TraceRing *ring = to_rings ? get_own_ring () : NULL;
  guint64 flow = 0;

  if (ring != NULL)
    flow = (guint64) ring->number << 32 | ++ring->n_flows;
  trace_record (step, process, flow, 0, NULL);
  return flow;
}

guint32
trace_new_process (void)
{
  return atomic_fetch_add_explicit (&n_processes, 1, memory_order_relaxed) + 1;
}

/* ---- the consumer's side */

/* Asked before the ring is emptied: what its thread has recorded is all there by then. */
static gboolean
visit (TraceRing     *ring,
       TraceRingFunc  func,
       gpointer       data)
{
  gboolean abandoned = atomic_load_explicit (&ring->abandoned, memory_order_acquire);

  func (ring, data);
  return abandoned;
}

void
trace_rings_visit (TraceRingFunc func,
                   gpointer      data)
{
  g_autoptr(GPtrArray) known = g_ptr_array_new ();

  g_mutex_lock (&rings_lock);
  if (rings != NULL)
    g_ptr_array_extend (known, rings, NULL, NULL);
  g_mutex_unlock (&rings_lock);

  for (guint i = 0; i < known->len; i++)
    {
      TraceRing *ring = known->pdata[i];

      if (!visit (ring, func, data))
        continue;
      g_mutex_lock (&rings_lock);
      g_ptr_array_remove_fast (rings, ring);
      g_mutex_unlock (&rings_lock);
      trace_ring_free (ring);
    }
}

guint64
trace_rings_take_lost (void)
{
  return atomic_exchange_explicit (&n_lost_without_ring, 0, memory_order_relaxed);
}

guint
trace_rings_count (void)
{
  guint n_rings;

  g_mutex_lock (&rings_lock);
  n_rings = rings != NULL ? rings->len : 0;
  g_mutex_unlock (&rings_lock);

  return n_rings;
}
