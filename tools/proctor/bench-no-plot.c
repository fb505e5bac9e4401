/* Where there is no cairo.
 *
 * SPDX-License-Identifier: LGPL-2.1-or-later
 */

/* Thread: ANY. */

#include "config.h"

#include <gio/gio.h>
#include <glib/gi18n.h>

#include "bench-plot.h"

gboolean
bench_plot_write (BenchResults  *results,
                  const char    *path,
                  GError       **error)
{
  g_set_error_literal (error, G_IO_ERROR, G_IO_ERROR_NOT_SUPPORTED,
                       _("this proctor was built without cairo, which draws plots"));
  return FALSE;
}
