/* SPDX-License-Identifier: LGPL-2.1-or-later */

#pragma once

#include "bench-results.h"

G_BEGIN_DECLS

/* For people, 80 columns wide; to be freed. */
char *bench_table_dup (BenchResults *results);

/* For machines; to be freed. */
char *bench_json_dup (BenchResults *results);

G_END_DECLS
