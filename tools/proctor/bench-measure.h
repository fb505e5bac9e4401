/* Running the peers' programs.
 *
 * SPDX-License-Identifier: LGPL-2.1-or-later
 */

#pragma once

#include "bench-results.h"

G_BEGIN_DECLS

typedef struct _BenchMeasure BenchMeasure;

/* `folder` (nullable) is where the programs are; by default they are looked for. NULL and an error
 * where they are not.
 */
BenchMeasure *bench_measure_new (const char  *folder,
                                 GError     **error);
void bench_measure_free (BenchMeasure *self);
G_DEFINE_AUTOPTR_CLEANUP_FUNC (BenchMeasure, bench_measure_free)

/* Fills `has_peer` and `missing`. */
void bench_measure_find_peer (BenchMeasure *self,
                              BenchResults *results,
                              BenchPeerId   peer);

/* All rounds of all rows; in each round and row the peers take their turns. */
gboolean bench_measure_all (BenchMeasure  *self,
                            BenchResults  *results,
                            GError       **error);

G_END_DECLS
