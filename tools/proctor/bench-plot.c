/* A row per scenario, a dot per peer, on a logarithmic scale of ratios: right is better, and the
 * floor is a line.
 *
 * SPDX-License-Identifier: LGPL-2.1-or-later
 */

/* Thread: MAIN. */

#include "config.h"

#include "bench-plot.h"

#include <math.h>

#include <cairo-svg.h>
#include <gio/gio.h>
#include <glib/gi18n.h>

#define WIDTH 860.0
#define LEFT 150.0
#define RIGHT 30.0
#define TOP 70.0
#define BOTTOM 50.0
#define ROW_HEIGHT 20.0
#define DOT_RADIUS 4.5
#define FONT_SIZE 12.0

typedef struct
{
  cairo_t *cairo;
  GArray *rows; /* of guint: those with a ratio */
  double height;
  double low; /* decimal logarithms of the ends of the scale */
  double high;
} Plot;

/* How many times as fast as the floor, or as at the first point. */
static gboolean
get_speed (BenchResults *results,
           guint         row,
           guint         peer,
           double       *speed)
{
  const BenchScenario *scenario = ((BenchRow *) g_ptr_array_index (results->rows, row))->scenario;
  double ratio;

  if (!results->has_peer[peer] || !bench_results_get_ratio (results, row, peer, &ratio) ||
      ratio <= 0)
    return FALSE;

  *speed = scenario->less_is_better ? 1 / ratio : ratio;
  return TRUE;
}

static void
find_rows (Plot         *plot,
           BenchResults *results)
{
  for (guint row = 0; row < results->rows->len; row++)
    {
      gboolean is_drawn = FALSE;
      double speed;

      for (guint peer = 0; peer < N_BENCH_PEERS; peer++)
        if (get_speed (results, row, peer, &speed))
          {
            is_drawn = TRUE;
            plot->low = MIN (plot->low, floor (log10 (speed)));
            plot->high = MAX (plot->high, ceil (log10 (speed)));
          }
      if (is_drawn)
        g_array_append_val (plot->rows, row);
    }
}

static double
get_x (const Plot *plot,
       double      speed)
{
  return LEFT + (WIDTH - LEFT - RIGHT) * (log10 (speed) - plot->low) / (plot->high - plot->low);
}

static double
get_y (guint row)
{
  return TOP + (row + 0.5) * ROW_HEIGHT;
}

/* `at` is the part of the text left of x: 0, 0.5 or 1. */
static void
draw_text (const Plot *plot,
           double      x,
           double      y,
           double      at,
           const char *text)
{
  cairo_text_extents_t extents;

  cairo_text_extents (plot->cairo, text, &extents);
  cairo_move_to (plot->cairo, x - at * extents.x_advance, y);
  cairo_show_text (plot->cairo, text);
}

static void
draw_line (const Plot *plot,
           double      x,
           double      width,
           double      grey)
{
  cairo_set_source_rgb (plot->cairo, grey, grey, grey);
  cairo_set_line_width (plot->cairo, width);
  cairo_move_to (plot->cairo, x, TOP);
  cairo_line_to (plot->cairo, x, plot->height - BOTTOM);
  cairo_stroke (plot->cairo);
}

static void
draw_scale (const Plot *plot)
{
  for (double power = plot->low; power <= plot->high; power++)
    {
      g_autofree char *label = g_strdup_printf ("%g", pow (10, power));

      for (int digit = 2; digit < 10 && power < plot->high; digit++)
        draw_line (plot, get_x (plot, digit * pow (10, power)), 0.5, 0.9);
      draw_line (plot, get_x (plot, pow (10, power)), 0.8, 0.75);
      cairo_set_source_rgb (plot->cairo, 0, 0, 0);
      draw_text (plot, get_x (plot, pow (10, power)), plot->height - BOTTOM + 16, 0.5, label);
    }
  draw_line (plot, get_x (plot, 1), 2, 0.35);
  cairo_set_source_rgb (plot->cairo, 0, 0, 0);
  draw_text (plot, (LEFT + WIDTH - RIGHT) / 2, plot->height - BOTTOM + 36, 0.5,
             _ (
               "times as fast as the floor (curves of parent, live, fds: as its own first point)"));
}

static void
draw_dot (const Plot *plot,
          guint       peer,
          double      x,
          double      y)
{
  const BenchPeerInfo *info = &bench_peers[peer];

  cairo_set_source_rgba (plot->cairo, info->red, info->green, info->blue, 0.85);
  cairo_arc (plot->cairo, x, y, DOT_RADIUS, 0, 2 * G_PI);
  cairo_fill (plot->cairo);
}

static void
draw_legend (const Plot   *plot,
             BenchResults *results)
{
  double x = LEFT;

  cairo_set_source_rgb (plot->cairo, 0, 0, 0);
  draw_text (plot, LEFT, 22, 0, _("proctor bench: more to the right is faster"));
  for (guint peer = 0; peer < N_BENCH_PEERS; peer++)
    if (results->has_peer[peer])
      {
        draw_dot (plot, peer, x, 44);
        cairo_set_source_rgb (plot->cairo, 0, 0, 0);
        draw_text (plot, x + 10, 48, 0, bench_peers[peer].title);
        x += 120;
      }
}

static void
draw (const Plot   *plot,
      BenchResults *results)
{
  cairo_set_source_rgb (plot->cairo, 1, 1, 1);
  cairo_paint (plot->cairo);
  cairo_select_font_face (plot->cairo, "sans-serif", CAIRO_FONT_SLANT_NORMAL,
                          CAIRO_FONT_WEIGHT_NORMAL);
  cairo_set_font_size (plot->cairo, FONT_SIZE);
  draw_scale (plot);
  draw_legend (plot, results);

  for (guint i = 0; i < plot->rows->len; i++)
    {
      guint row = g_array_index (plot->rows, guint, i);
      g_autofree char *title = bench_row_dup_title (g_ptr_array_index (results->rows, row));
      double speed;

      cairo_set_source_rgb (plot->cairo, 0, 0, 0);
      draw_text (plot, LEFT - 10, get_y (i) + 4, 1, title);
      for (guint peer = 0; peer < N_BENCH_PEERS; peer++)
        if (get_speed (results, row, peer, &speed))
          draw_dot (plot, peer, get_x (plot, speed), get_y (i));
    }
}

gboolean
bench_plot_write (BenchResults  *results,
                  const char    *path,
                  GError       **error)
{
  Plot plot = { .low = -1, .high = 1 };
  cairo_surface_t *surface;
  cairo_status_t status;

  plot.rows = g_array_new (FALSE, FALSE, sizeof (guint));
  find_rows (&plot, results);
  plot.height = TOP + BOTTOM + ROW_HEIGHT * plot.rows->len;
  surface = cairo_svg_surface_create (path, WIDTH, plot.height);
  plot.cairo = cairo_create (surface);
  draw (&plot, results);
  status = cairo_status (plot.cairo);
  cairo_destroy (plot.cairo);
  cairo_surface_finish (surface);
  if (status == CAIRO_STATUS_SUCCESS)
    status = cairo_surface_status (surface);
  cairo_surface_destroy (surface);
  g_array_unref (plot.rows);
  if (status == CAIRO_STATUS_SUCCESS)
    return TRUE;

  g_set_error (error, G_IO_ERROR, G_IO_ERROR_FAILED, _("cannot write “%s”: %s"), path,
               cairo_status_to_string (status));
  return FALSE;
}
