/* SPDX-License-Identifier: LGPL-2.1-or-later */

/* Thread: MAIN. */

#include "config.h"

#include "bench-results.h"

static void
bench_row_free (gpointer data)
{
  BenchRow *self = data;

  for (guint i = 0; i < N_BENCH_PEERS; i++)
    {
      g_array_unref (self->values[i]);
      g_free (self->left_out[i]);
      g_free (self->note[i]);
    }
  g_free (self);
}

BenchResults *
bench_results_new (guint    rounds,
                   gboolean quick)
{
  BenchResults *self = g_new0 (BenchResults, 1);

  self->rows = g_ptr_array_new_with_free_func (bench_row_free);
  self->rounds = rounds;
  self->quick = quick;

  return self;
}

void
bench_results_free (BenchResults *self)
{
  g_ptr_array_unref (self->rows);
  for (guint i = 0; i < N_BENCH_PEERS; i++)
    g_free (self->missing[i]);
  g_free (self);
}

static void
add_row (BenchResults        *self,
         const BenchScenario *scenario,
         int                  point)
{
  BenchRow *row = g_new0 (BenchRow, 1);

  row->scenario = scenario;
  row->point = point;
  for (guint i = 0; i < N_BENCH_PEERS; i++)
    row->values[i] = g_array_new (FALSE, FALSE, sizeof (double));
  g_ptr_array_add (self->rows, row);
}

void
bench_results_add_scenario (BenchResults        *self,
                            const BenchScenario *scenario)
{
  if (scenario->parameter == NULL)
    add_row (self, scenario, -1);
  else
    for (gsize i = 0; scenario->points[i] >= 0; i++)
      if (!self->quick || scenario->points[i] <= scenario->quick_point)
        add_row (self, scenario, scenario->points[i]);
}

static gboolean
is_empty (const BenchRow *self)
{
  for (guint i = 0; i < N_BENCH_PEERS; i++)
    if (self->values[i]->len > 0 || self->left_out[i] != NULL)
      return FALSE;

  return TRUE;
}

void
bench_results_drop_empty_rows (BenchResults *self)
{
  for (guint i = self->rows->len; i > 0; i--)
    if (is_empty (g_ptr_array_index (self->rows, i - 1)))
      g_ptr_array_remove_index (self->rows, i - 1);
}

static int
compare_values (gconstpointer a,
                gconstpointer b)
{
  double left = *(const double *) a;
  double right = *(const double *) b;

  return (left > right) - (left < right);
}

gboolean
bench_results_get_median (BenchResults *self,
                          guint         row,
                          BenchPeerId   peer,
                          double       *median)
{
  BenchRow *of_row = g_ptr_array_index (self->rows, row);
  GArray *values = of_row->values[peer];
  g_autoptr(GArray) sorted = NULL;
  double middle;

  if (values->len == 0)
    return FALSE;

  sorted = g_array_copy (values);
  g_array_sort (sorted, compare_values);
  middle = g_array_index (sorted, double, sorted->len / 2);
  if (sorted->len % 2 == 0)
    middle = (middle + g_array_index (sorted, double, sorted->len / 2 - 1)) / 2;
  *median = middle * of_row->scenario->scale;

  return TRUE;
}

gboolean
bench_results_get_ratio (BenchResults *self,
                         guint         row,
                         BenchPeerId   peer,
                         double       *ratio)
{
  const BenchScenario *scenario = ((BenchRow *) g_ptr_array_index (self->rows, row))->scenario;
  guint first = row;
  double value, reference;

  while (first > 0 &&
         ((BenchRow *) g_ptr_array_index (self->rows, first - 1))->scenario == scenario)
    first--;
  if (!bench_results_get_median (self, row, peer, &value) ||
      !bench_results_get_median (self, scenario->of_first ? first : row,
                                 scenario->of_first ? peer : BENCH_PEER_FLOOR, &reference) ||
      reference <= 0)
    return FALSE;

  *ratio = value / reference;
  return TRUE;
}

gboolean
bench_results_get_reached (BenchResults *self,
                           guint         row,
                           gboolean     *reached)
{
  const BenchRow *of_row = g_ptr_array_index (self->rows, row);
  const BenchScenario *scenario = of_row->scenario;
  double goal = bench_row_get_goal (of_row);
  double value;

  if (goal <= 0)
    return FALSE;
  if (scenario->goal_is_ratio ? !bench_results_get_ratio (self, row, BENCH_PEER_PROCTOR, &value)
                              : !bench_results_get_median (self, row, BENCH_PEER_PROCTOR, &value))
    return FALSE;

  *reached = scenario->less_is_better ? value <= goal : value >= goal;
  return TRUE;
}

double
bench_row_get_goal (const BenchRow *self)
{
  const BenchScenario *scenario = self->scenario;

  return self->point == scenario->points[0] && scenario->first_goal > 0 ? scenario->first_goal
                                                                        : scenario->goal;
}

char *
bench_row_dup_title (const BenchRow *self)
{
  if (self->point < 0)
    return g_strdup (self->scenario->name);

  return g_strdup_printf ("%s %d", self->scenario->name, self->point);
}
