/* For a library that was built without it: nobody can look into a program.
 *
 * SPDX-License-Identifier: LGPL-2.1-or-later
 */

/* Thread: ANY. */

#include "config.h"

#include "inspect/inspect-service.h"

#include <glib/gi18n-lib.h>

gboolean
inspect_service_start (GError **error)
{
  g_set_error_literal (error, G_IO_ERROR, G_IO_ERROR_NOT_SUPPORTED,
                       _("This library was built without inspection"));
  return FALSE;
}

void
inspect_service_stop (void)
{
}

void
inspect_service_rest (void)
{
}
