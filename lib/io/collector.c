/* SPDX-License-Identifier: LGPL-2.1-or-later */

/* Thread: the owner's. */

#include "config.h"

#include "io/collector.h"

#include <string.h>
#include <sys/mman.h>
#include <unistd.h>

/* From this size on the memory is mapped: it grows by mremap, which moves page tables and no bytes.
 * From the second on huge pages are asked for: filling memory is bound by page faults, and they
 * make it two to four times as fast.
 */
#define MAP_FROM ((gsize) 256 * 1024)
#define FIRST_MAPPING ((gsize) 4 * 1024 * 1024)

typedef struct
{
  guint8 *data;
  gsize size;
} Mapping;

static void
mapping_free (gpointer data)
{
  Mapping *mapping = data;

  munmap (mapping->data, mapping->size);
  g_free (mapping);
}

static gboolean
grow_mapping (Collector *self,
              gsize      needed)
{
  gsize size = MAX (self->size, FIRST_MAPPING);
  void *data;

  while (size < needed)
    {
      if (size > G_MAXSIZE / 2)
        return FALSE;
      size *= 2;
    }

  if (self->mapped)
    data = mremap (self->data, self->size, size, MREMAP_MAYMOVE);
  else
    data = mmap (NULL, size, PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);
  if (data == MAP_FAILED)
    return FALSE;

  /* Advice; a kernel without huge pages refuses. */
  madvise (data, size, MADV_HUGEPAGE);

  if (!self->mapped)
    {
      if (self->length > 0)
        memcpy (data, self->data, self->length);
      g_free (self->data);
      self->mapped = TRUE;
    }
  self->data = data;
  self->size = size;
  return TRUE;
}

static gboolean
grow_heap (Collector *self,
           gsize      needed)
{
  /* Most output is small and comes in one piece: the first allocation fits exactly. */
  gsize size = self->data == NULL ? needed : MAX (needed, self->size * 2);
  guint8 *data = g_try_realloc (self->data, size);

  if (data == NULL)
    return FALSE;

  self->data = data;
  self->size = size;
  return TRUE;
}

guint8 *
collector_reserve (Collector *self,
                   gsize      wanted,
                   gsize     *ret_size)
{
  if (self->length < MAP_FROM)
    return NULL;
  if ((!self->mapped || self->size - self->length < wanted) &&
      !grow_mapping (self, self->length + wanted))
    return NULL;

  *ret_size = self->size - self->length;
  return self->data + self->length;
}

void
collector_commit (Collector *self,
                  gsize      length)
{
  self->length += length;
}

gboolean
collector_append (Collector    *self,
                  const guint8 *data,
                  gsize         length)
{
  gsize needed = self->length + length;

  if (length == 0)
    return TRUE;
  if (needed > self->size && !(self->mapped || needed > MAP_FROM * 2 ? grow_mapping (self, needed)
                                                                     : grow_heap (self, needed)))
    return FALSE;

  memcpy (self->data + self->length, data, length);
  self->length = needed;
  return TRUE;
}

static GBytes *
steal_mapping (Collector *self)
{
  gsize page = (gsize) sysconf (_SC_PAGESIZE);
  gsize size = (self->length + page - 1) / page * page;
  Mapping *mapping = g_new (Mapping, 1);

  /* Gives the rest back; the data stays where it is. */
  if (size < self->size)
    munmap (self->data + size, self->size - size);

  mapping->data = self->data;
  mapping->size = size;
  return g_bytes_new_with_free_func (self->data, self->length, mapping_free, mapping);
}

GBytes *
collector_steal (Collector *self)
{
  GBytes *bytes;

  if (self->mapped)
    bytes = steal_mapping (self);
  else if (self->size > self->length + 512)
    bytes = g_bytes_new_take (g_realloc (self->data, self->length), self->length);
  else
    bytes = g_bytes_new_take (self->data, self->length);

  memset (self, 0, sizeof *self);
  return bytes;
}

void
collector_clear (Collector *self)
{
  if (self->mapped)
    munmap (self->data, self->size);
  else
    g_free (self->data);
  memset (self, 0, sizeof *self);
}
