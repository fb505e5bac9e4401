/* A report as a table.
 *
 * SPDX-License-Identifier: LGPL-2.1-or-later
 */

#pragma once

#include <glib.h>

G_BEGIN_DECLS

/* Thread: MAIN. The whole, to be freed. */
char *inspect_table_dup (GVariant *report,
                         gboolean  with_color);

G_END_DECLS
