/* SPDX-License-Identifier: LGPL-2.1-or-later */

#pragma once

#include "bench-results.h"

G_BEGIN_DECLS

/* Draws the ratios into an SVG file. Without cairo that is an error. */
gboolean bench_plot_write (BenchResults  *results,
                           const char    *path,
                           GError       **error);

G_END_DECLS
