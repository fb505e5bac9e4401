/* SPDX-License-Identifier: LGPL-2.1-or-later */

#include "config.h"

#include "io/collector.h"

#include "test-leaks.h"

#define KIB 1024

/* A collector and what it must contain. */
typedef struct
{
  Collector collector;
  GByteArray *model;
  guint32 next;
} Pair;

static void
pair_init (Pair *self)
{
  *self = (Pair){ .model = g_byte_array_new () };
}

/* No two places look alike. */
static void
fill (Pair   *self,
      guint8 *data,
      gsize   length)
{
  for (gsize i = 0; i < length; i++)
    {
      guint32 value = self->next++ * 2654435761u;

      data[i] = (guint8) (value >> 24);
    }
}

static void
pair_append (Pair  *self,
             gsize  length)
{
  g_autofree guint8 *data = g_malloc (length + 1);

  fill (self, data, length);
  g_byte_array_append (self->model, data, (guint) length);
  g_assert_true (collector_append (&self->collector, data, length));
}

/* As a pipe does it: into what was reserved, or into memory of its own. */
static void
pair_read (Pair  *self,
           gsize  wanted,
           gsize  length)
{
  gsize size = 0;
  guint8 *room = collector_reserve (&self->collector, wanted, &size);

  if (room == NULL)
    {
      g_assert_cmpuint (self->collector.length, <, 256 * KIB);
      pair_append (self, length);
      return;
    }

  g_assert_cmpuint (size, >=, wanted);
  g_assert_true (room == self->collector.data + self->collector.length);
  fill (self, room, length);
  g_byte_array_append (self->model, room, (guint) length);
  collector_commit (&self->collector, length);
}

static void
pair_check_and_steal (Pair *self)
{
  g_autoptr(GBytes) bytes = NULL;

  g_assert_cmpuint (self->collector.length, ==, self->model->len);
  bytes = collector_steal (&self->collector);

  g_assert_cmpuint (g_bytes_get_size (bytes), ==, self->model->len);
  g_assert_true (self->model->len == 0 ||
                 memcmp (g_bytes_get_data (bytes, NULL), self->model->data, self->model->len) == 0);

  /* And starts again. */
  g_assert_null (self->collector.data);
  g_assert_cmpuint (self->collector.length, ==, 0);
  g_assert_false (self->collector.mapped);
  g_byte_array_set_size (self->model, 0);
}

static void
pair_clear (Pair *self)
{
  collector_clear (&self->collector);
  g_assert_null (self->collector.data);
  g_byte_array_unref (self->model);
}

static void
test_empty (void)
{
  Pair pair;
  gsize size = 1;

  pair_init (&pair);
  pair_check_and_steal (&pair);
  g_assert_null (collector_reserve (&pair.collector, 10, &size));
  g_assert_true (collector_append (&pair.collector, NULL, 0));
  pair_check_and_steal (&pair);
  pair_clear (&pair);
}

/* Every way over the limits between small memory, larger memory and a mapping, and one mapping and
 * the next.
 */
static void
test_sizes (void)
{
  static const gsize sizes[] = {
    1,
    511,
    512,
    513,
    4096,
    256 * KIB - 1,
    256 * KIB,
    256 * KIB + 1,
    512 * KIB - 1,
    512 * KIB,
    512 * KIB + 1,
    4096 * KIB - 1,
    4096 * KIB,
    4096 * KIB + 1,
    8192 * KIB + 1,
  };

  for (guint i = 0; i < G_N_ELEMENTS (sizes); i++)
    {
      for (guint more = 0; more < 4; more++)
        {
          Pair pair;

          pair_init (&pair);
          pair_append (&pair, sizes[i]);
          if (more == 1)
            pair_append (&pair, 1);
          else if (more == 2)
            pair_read (&pair, 256 * KIB, 100);
          else if (more == 3)
            pair_read (&pair, 256 * KIB, 256 * KIB);
          pair_check_and_steal (&pair);

          pair_append (&pair, 10);
          pair_check_and_steal (&pair);
          pair_clear (&pair);
        }
    }
}

static void
test_random (void)
{
  guint n_rounds = scaled (60);

  for (guint round = 0; round < n_rounds; round++)
    {
      Pair pair;
      guint n_steps = (guint) g_test_rand_int_range (1, 60);
      int largest = g_test_rand_bit () ? 256 * KIB : 3000;

      pair_init (&pair);
      for (guint step = 0; step < n_steps; step++)
        {
          gsize length = (gsize) g_test_rand_int_range (0, largest + 1);

          if (g_test_rand_int_range (0, 3) == 0)
            pair_append (&pair, length);
          else
            pair_read (&pair, 256 * KIB, length);
          if (g_test_rand_int_range (0, 100) == 0)
            pair_check_and_steal (&pair);
        }
      if (g_test_rand_bit ())
        pair_check_and_steal (&pair);
      pair_clear (&pair);
    }
}

/* A mapping that was stolen keeps no more memory than it needs, and lives as long as any part of
 * it.
 */
static void
test_steal_outlives (void)
{
  Pair pair;
  g_autoptr(GBytes) bytes = NULL;
  g_autoptr(GBytes) part = NULL;
  guint8 last;

  pair_init (&pair);
  pair_append (&pair, 5000 * KIB + 17);
  last = pair.model->data[pair.model->len - 1];
  bytes = collector_steal (&pair.collector);
  part = g_bytes_new_from_bytes (bytes, 5000 * KIB, 17);
  g_clear_pointer (&bytes, g_bytes_unref);
  g_assert_cmpuint (((const guint8 *) g_bytes_get_data (part, NULL))[16], ==, last);
  pair_clear (&pair);
}

int
main (int argc, char **argv)
{
  g_test_init (&argc, &argv, NULL);
  deadline_start ("test-collector", TEST_DEADLINE_SECONDS);

  g_test_add_func ("/collector/empty", test_empty);
  g_test_add_func ("/collector/sizes", test_sizes);
  g_test_add_func ("/collector/random", test_random);
  g_test_add_func ("/collector/steal-outlives", test_steal_outlives);

  return g_test_run ();
}
