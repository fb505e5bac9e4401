/* All that came out of a pipe, in one piece of memory that is never copied when it is large.
 *
 * SPDX-License-Identifier: LGPL-2.1-or-later
 */

#pragma once

#include <glib.h>

G_BEGIN_DECLS

/* Thread: the owner's. Pure data. All zero is an empty collector. */
typedef struct
{
  guint8 *data;
  gsize length;
  gsize size;      /* of the memory at `data` */
  gboolean mapped; /* with mmap, not malloc */
} Collector;

/* Room to read into directly, at least @wanted bytes, or NULL as long as little was collected: then
 * the caller reads into memory of its own and calls collector_append(). Also NULL when there is no
 * memory.
 */
guint8 *collector_reserve (Collector *self,
                           gsize      wanted,
                           gsize     *ret_size);

/* @length bytes were read into what collector_reserve() gave. */
void collector_commit (Collector *self,
                       gsize      length);

/* Copies. FALSE when there is no memory; nothing changes then. */
gboolean collector_append (Collector    *self,
                           const guint8 *data,
                           gsize         length);

/* Everything, without a copy; the collector is empty then. */
GBytes *collector_steal (Collector *self);

void collector_clear (Collector *self);

G_END_DECLS
