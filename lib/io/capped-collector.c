/* SPDX-License-Identifier: LGPL-2.1-or-later */

/* Thread: the owner's. */

#include "config.h"

#include "io/capped-collector.h"

#include <string.h>

void
capped_collector_set_limit (CappedCollector *self,
                            gint64           limit,
                            gboolean         keeps_tail)
{
  self->has_limit = limit >= 0;
  self->limit = self->has_limit ? (gsize) MIN ((guint64) limit, G_MAXSSIZE) : 0;
  self->keeps_tail = keeps_tail;
}

static gsize
get_room (const CappedCollector *self)
{
  return self->has_limit ? self->limit - self->kept.length : G_MAXSIZE;
}

guint8 *
capped_collector_reserve (CappedCollector *self,
                          gsize            wanted,
                          gsize           *ret_size)
{
  guint8 *data;
  gsize size;

  if (get_room (self) < wanted)
    return NULL;

  data = collector_reserve (&self->kept, wanted, &size);
  if (data != NULL)
    *ret_size = MIN (size, get_room (self));
  return data;
}

void
capped_collector_commit (CappedCollector *self,
                         gsize            length)
{
  collector_commit (&self->kept, length);
}

gboolean
capped_collector_has (const CappedCollector *self,
                      const guint8          *data)
{
  return self->kept.data != NULL && data == self->kept.data + self->kept.length;
}

/* The ring is full: each byte takes the place of the oldest one. */
static void
overwrite_oldest (CappedCollector *self,
                  const guint8    *data,
                  gsize            length)
{
  gsize first;

  if (self->limit == 0 || length == 0)
    return;
  if (length >= self->limit)
    {
      memcpy (self->kept.data, data + (length - self->limit), self->limit);
      self->ring_start = 0;
      return;
    }

  first = MIN (length, self->limit - self->ring_start);
  memcpy (self->kept.data + self->ring_start, data, first);
  memcpy (self->kept.data, data + first, length - first);
  self->ring_start = (self->ring_start + length) % self->limit;
}

gboolean
capped_collector_append (CappedCollector *self,
                         const guint8    *data,
                         gsize            length)
{
  gsize fitting = MIN (length, get_room (self));

  if (!collector_append (&self->kept, data, fitting))
    return FALSE;
  if (fitting == length)
    return TRUE;

  self->n_cut += length - fitting;
  if (self->keeps_tail)
    overwrite_oldest (self, data + fitting, length - fitting);
  return TRUE;
}

static void
reverse (guint8 *data,
         gsize   length)
{
  for (gsize i = 0; i < length / 2; i++)
    {
      guint8 other = data[length - 1 - i];

      data[length - 1 - i] = data[i];
      data[i] = other;
    }
}

/* In place: the limit may be a good part of the memory. */
Collector *
capped_collector_straighten (CappedCollector *self)
{
  if (self->ring_start > 0)
    {
      reverse (self->kept.data, self->ring_start);
      reverse (self->kept.data + self->ring_start, self->kept.length - self->ring_start);
      reverse (self->kept.data, self->kept.length);
      self->ring_start = 0;
    }

  return &self->kept;
}

void
capped_collector_apply_limit (CappedCollector *self)
{
  gsize surplus;

  if (!self->has_limit || self->kept.length <= self->limit)
    return;

  surplus = self->kept.length - self->limit;
  if (self->keeps_tail && self->limit > 0)
    memmove (self->kept.data, self->kept.data + surplus, self->limit);
  self->kept.length = self->limit;
  self->n_cut += surplus;
}

GBytes *
capped_collector_steal (CappedCollector *self)
{
  GBytes *bytes = collector_steal (capped_collector_straighten (self));

  self->n_cut = 0;
  return bytes;
}

void
capped_collector_clear (CappedCollector *self)
{
  collector_clear (&self->kept);
  self->ring_start = 0;
  self->n_cut = 0;
}
