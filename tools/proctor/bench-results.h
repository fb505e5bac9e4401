/* The figures of a benchmark: rounds, medians, ratios.
 *
 * SPDX-License-Identifier: LGPL-2.1-or-later
 */

#pragma once

#include "bench-scenario.h"

G_BEGIN_DECLS

/* A scenario at one point of its curve, if it is one. */
typedef struct
{
  const BenchScenario *scenario;
  int point;                     /* or -1 */
  GArray *values[N_BENCH_PEERS]; /* of double, one per round */
  char *left_out[N_BENCH_PEERS]; /* why, or NULL */
  char *note[N_BENCH_PEERS];     /* what is to be said of the figure, or NULL */
  gboolean has_failed[N_BENCH_PEERS];
} BenchRow;

typedef struct
{
  GPtrArray *rows; /* of BenchRow, those of a curve one after another */
  gboolean has_peer[N_BENCH_PEERS];
  char *missing[N_BENCH_PEERS]; /* why a peer that was asked for is not there, or NULL */
  guint rounds;
  gboolean quick;
  gboolean is_read; /* from files: of other machines, perhaps */
} BenchResults;

BenchResults *bench_results_new (guint    rounds,
                                 gboolean quick);
void bench_results_free (BenchResults *self);
G_DEFINE_AUTOPTR_CLEANUP_FUNC (BenchResults, bench_results_free)

void bench_results_add_scenario (BenchResults        *self,
                                 const BenchScenario *scenario);

/* Rows of which nobody has said anything. */
void bench_results_drop_empty_rows (BenchResults *self);

/* In the scenario's unit; FALSE where there is no figure. */
gboolean bench_results_get_median (BenchResults *self,
                                   guint         row,
                                   BenchPeerId   peer,
                                   double       *median);

/* To the floor, or to the peer's own first point. FALSE where one of the two figures is missing. */
gboolean bench_results_get_ratio (BenchResults *self,
                                  guint         row,
                                  BenchPeerId   peer,
                                  double       *ratio);

/* Whether Proctor has reached what the row asks for; FALSE where that cannot be told. */
gboolean bench_results_get_reached (BenchResults *self,
                                    guint         row,
                                    gboolean     *reached);

/* What is asked of Proctor there, or 0. */
double bench_row_get_goal (const BenchRow *self);

/* "live 3000"; to be freed. */
char *bench_row_dup_title (const BenchRow *self);

G_END_DECLS
