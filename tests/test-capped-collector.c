/* What is kept of an output, and how much is cut.
 *
 * SPDX-License-Identifier: LGPL-2.1-or-later
 */

#include "config.h"

#include <string.h>

#include "io/capped-collector.h"

/* As a pipe source does it: into reserved memory where there is some. */
static void
feed (CappedCollector *collector,
      const guint8    *data,
      gsize            length,
      GRand           *random)
{
  while (length > 0)
    {
      gsize now = MIN (length, (gsize) g_rand_int_range (random, 1, 9000));
      gsize size = 0;
      guint8 *reserved = capped_collector_reserve (collector, 4096, &size);

      if (reserved != NULL)
        {
          g_assert_cmpuint (size, >=, 4096);
          g_assert_true (capped_collector_has (collector, reserved));
          now = MIN (now, size);
          memcpy (reserved, data, now);
          capped_collector_commit (collector, now);
        }
      else
        {
          g_assert_false (capped_collector_has (collector, data));
          g_assert_true (capped_collector_append (collector, data, now));
        }
      data += now;
      length -= now;
    }
}

static void
check (gint64  limit,
       gboolean tail,
       gsize   length,
       GRand  *random)
{
  g_autofree guint8 *data = g_malloc (length + 1);
  CappedCollector collector = { 0 };
  gsize kept = limit < 0 ? length : MIN (length, (gsize) limit);
  g_autoptr(GBytes) bytes = NULL;

  for (gsize i = 0; i < length; i++)
    data[i] = (guint8) g_rand_int (random);
  capped_collector_set_limit (&collector, limit, tail);
  feed (&collector, data, length, random);
  g_assert_cmpuint (collector.n_cut, ==, length - kept);
  bytes = capped_collector_steal (&collector);
  g_assert_cmpmem (g_bytes_get_data (bytes, NULL), g_bytes_get_size (bytes),
                   tail ? data + (length - kept) : data, kept);
  g_assert_cmpuint (collector.n_cut, ==, 0);
  capped_collector_clear (&collector);
}

static void
test_sizes (void)
{
  static const gint64 limits[] = { -1, 0, 1, 7, 4096, 8999, 100000, 700000 };
  static const gsize lengths[] = { 0, 1, 6, 7, 8, 4095, 4097, 99999, 100000, 100001, 1500000 };
  g_autoptr(GRand) random = g_rand_new_with_seed (5);

  for (guint i = 0; i < G_N_ELEMENTS (limits); i++)
    {
      for (guint j = 0; j < G_N_ELEMENTS (lengths); j++)
        {
          check (limits[i], FALSE, lengths[j], random);
          check (limits[i], TRUE, lengths[j], random);
        }
    }
}

/* What was held elsewhere is put in at once, and only then cut. */
static void
test_apply_limit (void)
{
  for (guint tail = 0; tail < 2; tail++)
    {
      CappedCollector collector = { 0 };
      g_autoptr(GBytes) bytes = NULL;

      capped_collector_set_limit (&collector, 4, tail);
      collector_append (capped_collector_straighten (&collector), (const guint8 *) "abcdefg", 7);
      capped_collector_apply_limit (&collector);
      g_assert_cmpuint (collector.n_cut, ==, 3);
      g_assert_true (capped_collector_append (&collector, (const guint8 *) "hi", 2));
      g_assert_cmpuint (collector.n_cut, ==, 5);
      bytes = capped_collector_steal (&collector);
      g_assert_cmpmem (g_bytes_get_data (bytes, NULL), g_bytes_get_size (bytes),
                       tail ? "fghi" : "abcd", 4);
    }
}

int
main (int    argc,
      char **argv)
{
  g_test_init (&argc, &argv, NULL);
  g_test_add_func ("/capped-collector/sizes", test_sizes);
  g_test_add_func ("/capped-collector/apply-limit", test_apply_limit);
  return g_test_run ();
}
