/* SPDX-License-Identifier: LGPL-2.1-or-later */

/* Thread: the owner's. Pure data, no lock, no I/O. */

#include "config.h"

#include "io/byte-queue.h"

#include <string.h>

/* Small pieces are gathered in chunks of this size. */
#define CHUNK_SIZE ((gsize) 16 * 1024 - sizeof (ByteChunk))

ByteChunk *
byte_chunk_new (gsize size)
{
  ByteChunk *self = g_malloc (sizeof (ByteChunk) + size);

  *self = (ByteChunk){ .size = size };
  self->data = self->memory;
  return self;
}

ByteChunk *
byte_chunk_new_from_bytes (GBytes *bytes)
{
  ByteChunk *self = g_new0 (ByteChunk, 1);
  gsize length;

  /* Nothing is written to it: it has no room left. */
  self->data = (guint8 *) g_bytes_get_data (bytes, &length);
  self->end = self->size = length;
  self->bytes = bytes;
  return self;
}

void
byte_chunk_free (ByteChunk *self)
{
  g_clear_pointer (&self->bytes, g_bytes_unref);
  g_free (self);
}

void
byte_queue_clear (ByteQueue *self)
{
  ByteChunk *chunk;

  while ((chunk = byte_queue_pop_chunk (self)) != NULL)
    byte_chunk_free (chunk);
}

void
byte_queue_append_chunk (ByteQueue *self,
                         ByteChunk *chunk)
{
  if (chunk->start == chunk->end)
    {
      byte_chunk_free (chunk);
      return;
    }

  chunk->next = NULL;
  if (self->last != NULL)
    self->last->next = chunk;
  else
    self->first = chunk;
  self->last = chunk;
  self->length += chunk->end - chunk->start;
}

void
byte_queue_append (ByteQueue    *self,
                   const guint8 *data,
                   gsize         length)
{
  ByteChunk *last = self->last;
  gsize fits = last != NULL ? MIN (length, last->size - last->end) : 0;
  ByteChunk *chunk;

  if (fits > 0)
    {
      memcpy (last->data + last->end, data, fits);
      last->end += fits;
      self->length += fits;
    }
  if (fits == length)
    return;

  chunk = byte_chunk_new (MAX (length - fits, CHUNK_SIZE));
  chunk->end = length - fits;
  memcpy (chunk->data, data + fits, chunk->end);
  byte_queue_append_chunk (self, chunk);
}

void
byte_queue_append_queue (ByteQueue *self,
                         ByteQueue *other)
{
  if (other->first == NULL)
    return;

  if (self->last != NULL)
    self->last->next = other->first;
  else
    self->first = other->first;
  self->last = other->last;
  self->length += other->length;
  *other = (ByteQueue){ 0 };
}

void
byte_queue_prepend_queue (ByteQueue *self,
                          ByteQueue *other)
{
  ByteQueue behind = *self;

  *self = *other;
  *other = (ByteQueue){ 0 };
  byte_queue_append_queue (self, &behind);
}

ByteChunk *
byte_queue_pop_chunk (ByteQueue *self)
{
  ByteChunk *chunk = self->first;

  if (chunk == NULL)
    return NULL;

  self->first = chunk->next;
  if (self->first == NULL)
    self->last = NULL;
  self->length -= chunk->end - chunk->start;
  chunk->next = NULL;
  return chunk;
}

gsize
byte_queue_read (ByteQueue *self,
                 guint8    *data,
                 gsize      length)
{
  gsize done = 0;

  while (done < length && self->first != NULL)
    {
      ByteChunk *chunk = self->first;
      gsize piece = MIN (length - done, chunk->end - chunk->start);

      memcpy (data + done, chunk->data + chunk->start, piece);
      done += piece;
      if (piece == chunk->end - chunk->start)
        {
          byte_chunk_free (byte_queue_pop_chunk (self));
        }
      else
        {
          chunk->start += piece;
          self->length -= piece;
        }
    }
  return done;
}

GBytes *
byte_queue_take (ByteQueue *self,
                 gsize      length)
{
  ByteChunk *first = self->first;
  guint8 *data;

  if (length == 0)
    return g_bytes_new (NULL, 0);

  /* A chunk that is well filled is handed on as it is. */
  if (length == first->end - first->start && length > first->size / 2)
    {
      byte_queue_pop_chunk (self);
      return g_bytes_new_with_free_func (first->data + first->start, length,
                                         (GDestroyNotify) byte_chunk_free, first);
    }

  data = g_malloc (length);
  byte_queue_read (self, data, length);
  return g_bytes_new_take (data, length);
}

/* Whether @wanted is at @offset of @chunk, and goes on in the chunks behind it. */
static gboolean
matches_at (const ByteChunk *chunk,
            gsize            offset,
            const guint8    *wanted,
            gsize            length)
{
  while (length > 0 && chunk != NULL)
    {
      gsize piece = MIN (length, chunk->end - offset);

      if (memcmp (chunk->data + offset, wanted, piece) != 0)
        return FALSE;
      wanted += piece;
      length -= piece;
      chunk = chunk->next;
      offset = chunk != NULL ? chunk->start : 0;
    }
  return length == 0;
}

gboolean
byte_queue_find (const ByteQueue *self,
                 gsize            from,
                 const guint8    *wanted,
                 gsize            length,
                 gsize           *ret_position)
{
  gsize passed = 0;

  for (const ByteChunk *chunk = self->first; chunk != NULL; chunk = chunk->next)
    {
      gsize here = chunk->end - chunk->start;
      const guint8 *end = chunk->data + chunk->end;
      const guint8 *place =
        chunk->data + chunk->start + MIN (here, from > passed ? from - passed : 0);

      while (place < end && (place = memchr (place, wanted[0], (gsize) (end - place))) != NULL)
        {
          if (matches_at (chunk, (gsize) (place - chunk->data), wanted, length))
            {
              *ret_position = passed + (gsize) (place - chunk->data) - chunk->start;
              return TRUE;
            }
          place++;
        }
      passed += here;
    }
  return FALSE;
}
