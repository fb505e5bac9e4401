/* SPDX-License-Identifier: LGPL-2.1-or-later */

#pragma once

#include "bench-results.h"

G_BEGIN_DECLS

/* For people, 80 columns wide; to be freed. */
char *bench_table_dup (BenchResults *results);

/* For machines; to be freed. */
char *bench_json_dup (BenchResults *results);

/* Adds the figures of such a file to those rows that there are, for the peers that are wanted. */
gboolean bench_results_read (BenchResults    *results,
                             const char      *path,
                             const gboolean  *wanted,
                             GError         **error);

G_END_DECLS
