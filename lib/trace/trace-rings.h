/* The rings of all threads.
 *
 * SPDX-License-Identifier: LGPL-2.1-or-later
 */

#pragma once

#include "trace/trace-ring.h"

G_BEGIN_DECLS

/* Consumer only: calls @func for each ring that there is. Rings whose threads have ended and that
 * are empty afterwards go.
 */
typedef void (* TraceRingFunc) (TraceRing *ring,
                                gpointer   data);

void trace_rings_visit (TraceRingFunc func,
                        gpointer      data);

/* Records of threads that had no memory for a ring, since this was asked for last. */
guint64 trace_rings_take_lost (void);

/* For tests. */
guint trace_rings_count (void);

G_END_DECLS
