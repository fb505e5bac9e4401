/* The bytes that a reader holds, against a plain array.
 *
 * SPDX-License-Identifier: LGPL-2.1-or-later
 */

#include "config.h"

#include <string.h>

#include "io/byte-queue.h"
#include "test-leaks.h"

/* A queue and what should be in it. Few different bytes, so that a search finds much, and much that
 * is nearly right.
 */
typedef struct
{
  ByteQueue queue;
  GByteArray *model;
} Pair;

/* What was taken out must not change any more: with a copy. */
typedef struct
{
  GBytes *bytes;
  guint8 *copy;
} Taken;

static void
pair_init (Pair *self)
{
  *self = (Pair){ .model = g_byte_array_new () };
}

static void
pair_check (Pair *self)
{
  gsize length = 0;
  const ByteChunk *last = NULL;

  for (const ByteChunk *chunk = self->queue.first; chunk != NULL; chunk = chunk->next)
    {
      gsize here = chunk->end - chunk->start;

      g_assert_cmpuint (chunk->start, <, chunk->end);
      g_assert_cmpuint (chunk->end, <=, chunk->size);
      g_assert_cmpuint (length + here, <=, self->model->len);
      g_assert_true (memcmp (chunk->data + chunk->start, self->model->data + length, here) == 0);
      length += here;
      last = chunk;
    }
  g_assert_true (self->queue.last == last);
  g_assert_cmpuint (self->queue.length, ==, length);
  g_assert_cmpuint (self->model->len, ==, length);
}

static void
pair_clear (Pair *self)
{
  byte_queue_clear (&self->queue);
  g_byte_array_set_size (self->model, 0);
  pair_check (self);
  g_byte_array_unref (self->model);
}

static gsize
random_length (GRand *random)
{
  switch (g_rand_int_range (random, 0, 8))
    {
    case 0:
      return 0;
    case 1:
      return (gsize) g_rand_int_range (random, 1, 40000);
    case 2:
      return (gsize) g_rand_int_range (random, 1, 2000);
    default:
      return (gsize) g_rand_int_range (random, 1, 20);
    }
}

static guint8 *
random_bytes (GRand *random,
              gsize  length)
{
  guint8 *data = g_malloc (length + 1);

  for (gsize i = 0; i < length; i++)
    data[i] =
      (guint8) (g_rand_int_range (random, 0, 40) == 0 ? '\n'
                                                      : 'a' + g_rand_int_range (random, 0, 2));
  return data;
}

/* As it may come: copied in, in a chunk that has room left and some of it read, or in the bytes of
 * somebody else.
 */
static void
add (Pair  *self,
     GRand *random)
{
  gsize length = random_length (random);
  g_autofree guint8 *data = random_bytes (random, length);
  gsize before = (gsize) g_rand_int_range (random, 0, 5);
  gsize behind = (gsize) g_rand_int_range (random, 0, 5);
  ByteChunk *chunk;

  switch (g_rand_int_range (random, 0, 4))
    {
    case 0:
      chunk = byte_chunk_new (before + length + behind);
      chunk->start = before;
      chunk->end = before + length;
      memcpy (chunk->data + before, data, length);
      byte_queue_append_chunk (&self->queue, chunk);
      break;
    case 1:
      byte_queue_append_chunk (&self->queue,
                               byte_chunk_new_from_bytes (g_bytes_new (data, length)));
      break;
    default:
      byte_queue_append (&self->queue, data, length);
      break;
    }
  g_byte_array_append (self->model, data, (guint) length);
}

static gsize
some_of (Pair  *self,
         GRand *random)
{
  gsize length = random_length (random);

  if (self->queue.first != NULL && g_rand_int_range (random, 0, 4) == 0)
    return self->queue.first->end - self->queue.first->start;
  return MIN (length, self->queue.length);
}

static void
remove_by_read (Pair  *self,
                GRand *random)
{
  gsize wanted = random_length (random);
  gsize there = MIN (wanted, self->model->len);
  g_autofree guint8 *data = g_malloc (wanted + 1);

  g_assert_cmpuint (byte_queue_read (&self->queue, data, wanted), ==, there);
  g_assert_true (there == 0 || memcmp (data, self->model->data, there) == 0);
  g_byte_array_remove_range (self->model, 0, (guint) there);
}

static void
remove_by_take (Pair   *self,
                GRand  *random,
                GArray *all_taken)
{
  gsize length = some_of (self, random);
  Taken taken = { .bytes = byte_queue_take (&self->queue, length) };

  g_assert_cmpuint (g_bytes_get_size (taken.bytes), ==, length);
  taken.copy = g_memdup2 (self->model->data, length);
  g_byte_array_remove_range (self->model, 0, (guint) length);
  g_array_append_val (all_taken, taken);
}

static void
remove_by_pop (Pair *self)
{
  ByteChunk *chunk = byte_queue_pop_chunk (&self->queue);
  gsize length;

  if (chunk == NULL)
    {
      g_assert_cmpuint (self->model->len, ==, 0);
      return;
    }

  length = chunk->end - chunk->start;
  g_assert_true (chunk->next == NULL);
  g_assert_true (memcmp (chunk->data + chunk->start, self->model->data, length) == 0);
  g_byte_array_remove_range (self->model, 0, (guint) length);
  byte_chunk_free (chunk);
}

static gboolean
find_plainly (const GByteArray *model,
              gsize             from,
              const guint8     *wanted,
              gsize             length,
              gsize            *position)
{
  for (gsize i = from; i + length <= model->len; i++)
    {
      if (memcmp (model->data + i, wanted, length) == 0)
        {
          *position = i;
          return TRUE;
        }
    }
  return FALSE;
}

static void
search (Pair  *self,
        GRand *random)
{
  gsize length = (gsize) g_rand_int_range (random, 1, 7);
  g_autofree guint8 *wanted = random_bytes (random, length);
  gsize from = (gsize) g_rand_int_range (random, 0, (gint32) MIN (self->model->len, 100) + 3);
  gsize expected = 1234567;
  gsize found = 1234567;

  g_assert_true (byte_queue_find (&self->queue, from, wanted, length, &found) ==
                 find_plainly (self->model, from, wanted, length, &expected));
  g_assert_cmpuint (found, ==, expected);
}

static void
join (Pair     *self,
      GRand    *random,
      gboolean  before)
{
  Pair other;

  pair_init (&other);
  for (gint32 n = g_rand_int_range (random, 0, 4); n > 0; n--)
    add (&other, random);

  if (before)
    {
      byte_queue_prepend_queue (&self->queue, &other.queue);
      g_byte_array_prepend (self->model, other.model->data, other.model->len);
    }
  else
    {
      byte_queue_append_queue (&self->queue, &other.queue);
      g_byte_array_append (self->model, other.model->data, other.model->len);
    }

  g_assert_null (other.queue.first);
  g_assert_null (other.queue.last);
  g_assert_cmpuint (other.queue.length, ==, 0);
  pair_clear (&other);
}

static void
one_step (Pair   *self,
          GRand  *random,
          GArray *all_taken)
{
  switch (g_rand_int_range (random, 0, 12))
    {
    case 0:
    case 1:
    case 2:
    case 3:
      add (self, random);
      break;
    case 4:
    case 5:
      remove_by_read (self, random);
      break;
    case 6:
    case 7:
      remove_by_take (self, random, all_taken);
      break;
    case 8:
      remove_by_pop (self);
      break;
    case 9:
      join (self, random, TRUE);
      break;
    case 10:
      join (self, random, FALSE);
      break;
    default:
      search (self, random);
      break;
    }
  pair_check (self);
}

static void
test_against_model (void)
{
  g_autoptr(GRand) random = g_rand_new_with_seed ((guint32) g_test_rand_int ());

  for (guint round = 0; round < scaled (400); round++)
    {
      g_autoptr(GArray) all_taken = g_array_new (FALSE, FALSE, sizeof (Taken));
      Pair pair;

      pair_init (&pair);
      for (guint step = 0; step < 200; step++)
        one_step (&pair, random, all_taken);
      pair_clear (&pair);

      for (guint i = 0; i < all_taken->len; i++)
        {
          Taken *taken = &g_array_index (all_taken, Taken, i);
          gsize length;
          const guint8 *data = g_bytes_get_data (taken->bytes, &length);

          g_assert_true (length == 0 || memcmp (data, taken->copy, length) == 0);
          g_bytes_unref (taken->bytes);
          g_free (taken->copy);
        }
    }
}

static void
test_without_copy (void)
{
  ByteQueue queue = { 0 };
  ByteChunk *chunk = byte_chunk_new (10000);
  const guint8 *memory = chunk->data;
  GBytes *taken;

  memset (chunk->data, 'x', 10000);
  chunk->end = 10000;
  byte_queue_append_chunk (&queue, chunk);
  taken = byte_queue_take (&queue, 10000);
  g_assert_true (g_bytes_get_data (taken, NULL) == memory);
  g_assert_null (queue.first);
  g_bytes_unref (taken);
}

/* A little in much memory is not kept with all of it. */
static void
test_does_not_keep_much_for_little (void)
{
  ByteQueue queue = { 0 };
  ByteChunk *chunk = byte_chunk_new (10000);
  const guint8 *memory = chunk->data;
  GBytes *taken;

  memset (chunk->data, 'x', 10);
  chunk->end = 10;
  byte_queue_append_chunk (&queue, chunk);
  taken = byte_queue_take (&queue, 10);
  g_assert_true (g_bytes_get_data (taken, NULL) != memory);
  g_bytes_unref (taken);
}

int
main (int    argc,
      char **argv)
{
  g_test_init (&argc, &argv, NULL);
  deadline_start ("The byte queue's test", TEST_DEADLINE_SECONDS);

  g_test_add_func ("/byte-queue/against-model", test_against_model);
  g_test_add_func ("/byte-queue/without-copy", test_without_copy);
  g_test_add_func ("/byte-queue/does-not-keep-much-for-little", test_does_not_keep_much_for_little);

  return g_test_run ();
}
