/* What one thread has recorded and nobody has taken yet: one producer, one consumer, no lock.
 *
 * SPDX-License-Identifier: LGPL-2.1-or-later
 */

#pragma once

#include <stdatomic.h>

#include "trace/trace-step.h"

G_BEGIN_DECLS

/* A power of two. At 32 bytes each a ring has 256 KiB, of which only what was written once is
 * memory.
 */
#define TRACE_RING_SLOTS 8192

#define TRACE_THREAD_NAME_SIZE 16

/* `head` and `tail` run on and wrap; what lies between them is the consumer's, all else the
 * producer's. Where there is no room a record is counted as lost, and the count becomes a record of
 * its own, at its place, as soon as there is room again.
 */
typedef struct
{
  /* immutable after construction */
  guint32 number;
  pid_t thread_id;
  char thread_name[TRACE_THREAD_NAME_SIZE];

  /* producer only */
  guint32 n_flows;

  /* atomic */
  atomic_uint head;
  atomic_uint tail;
  atomic_ullong n_lost;  /* and not in a record yet; written by the producer */
  atomic_bool abandoned; /* its thread has ended */

  /* see above */
  TraceRecord slots[TRACE_RING_SLOTS];
} TraceRing;

/* For the calling thread. NULL: there is no memory. */
TraceRing *trace_ring_new (guint32 number);
void trace_ring_free (TraceRing *self);

/* Producer only. @text may be NULL. Whether there was room. */
gboolean trace_ring_push (TraceRing         *self,
                          const TraceRecord *record,
                          const char        *text);

/* Consumer only: the oldest record. @text is filled and ends with a NUL. */
gboolean trace_ring_pop (TraceRing   *self,
                         TraceRecord *record,
                         char         text[TRACE_TEXT_SIZE + 1]);

G_END_DECLS
