/* A collector that keeps a part of what comes: the head or the tail.
 *
 * SPDX-License-Identifier: LGPL-2.1-or-later
 */

#pragma once

#include "io/collector.h"

G_BEGIN_DECLS

/* Thread: the owner's. Pure data. All zero is one without a limit. */
typedef struct
{
  Collector kept;     /* with a tail, a ring once it is full */
  gsize ring_start;   /* where the oldest byte is */
  gboolean has_limit;
  gboolean keeps_tail;
  gsize limit;
  guint64 n_cut;      /* bytes that were thrown away */
} CappedCollector;

/* Of an empty one. @limit negative: none. */
void capped_collector_set_limit (CappedCollector *self,
                                 gint64           limit,
                                 gboolean         keeps_tail);

/* As collector_reserve(); never more than what will be kept. */
guint8 *capped_collector_reserve (CappedCollector *self,
                                  gsize            wanted,
                                  gsize           *ret_size);
void capped_collector_commit (CappedCollector *self,
                              gsize            length);

/* Whether @data lies where the next bytes go, so that it is to be committed and not appended. */
gboolean capped_collector_has (const CappedCollector *self,
                               const guint8          *data);

/* FALSE when there is no memory; nothing changes then. */
gboolean capped_collector_append (CappedCollector *self,
                                  const guint8    *data,
                                  gsize            length);

/* What is kept, in one piece and in its order; it may be put more into, and then apply_limit() is to
 * be called.
 */
Collector *capped_collector_straighten (CappedCollector *self);
void capped_collector_apply_limit (CappedCollector *self);

/* Everything that is kept. The limit stays, and nothing is cut yet. */
GBytes *capped_collector_steal (CappedCollector *self);

void capped_collector_clear (CappedCollector *self);

G_END_DECLS
