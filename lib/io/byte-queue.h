/* Bytes in the order in which they came, in chunks: what a reader holds. Pure data.
 *
 * SPDX-License-Identifier: LGPL-2.1-or-later
 */

#pragma once

#include <glib.h>

G_BEGIN_DECLS

typedef struct _ByteChunk ByteChunk;

/* Memory for `size` bytes, of which those from `start` to `end` are there. */
struct _ByteChunk
{
  ByteChunk *next;
  guint8 *data;
  gsize start;
  gsize end;
  gsize size;
  GBytes *bytes; /* owns the data; NULL: it is in `memory` */
  guint8 memory[];
};

/* Thread: the owner's. All zero is an empty queue. No chunk in a queue is empty. */
typedef struct
{
  ByteChunk *first;
  ByteChunk *last;
  gsize length;
} ByteQueue;

ByteChunk *byte_chunk_new (gsize size);

/* A full chunk without a copy. Takes @bytes. */
ByteChunk *byte_chunk_new_from_bytes (GBytes *bytes);
void byte_chunk_free (ByteChunk *self);

void byte_queue_clear (ByteQueue *self);

void byte_queue_append (ByteQueue    *self,
                        const guint8 *data,
                        gsize         length);

/* Takes @chunk, without a copy. */
void byte_queue_append_chunk (ByteQueue *self,
                              ByteChunk *chunk);

/* All of @other goes behind, or before, what is in @self; @other is empty then. */
void byte_queue_append_queue (ByteQueue *self,
                              ByteQueue *other);
void byte_queue_prepend_queue (ByteQueue *self,
                               ByteQueue *other);

/* Takes up to @length bytes out. How many there were. */
gsize byte_queue_read (ByteQueue *self,
                       guint8    *data,
                       gsize      length);

/* Takes exactly @length bytes out, which have to be there. */
GBytes *byte_queue_take (ByteQueue *self,
                         gsize      length);

/* The first chunk, taken out; NULL when empty. */
ByteChunk *byte_queue_pop_chunk (ByteQueue *self);

/* Looks for the @length > 0 bytes of @wanted in what begins at @from. Where the first place begins
 * goes to @ret_position.
 */
gboolean byte_queue_find (const ByteQueue *self,
                          gsize            from,
                          const guint8    *wanted,
                          gsize            length,
                          gsize           *ret_position);

G_END_DECLS
