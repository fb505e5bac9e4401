/* What of a report becomes words and numbers for people.
 *
 * SPDX-License-Identifier: LGPL-2.1-or-later
 */

#pragma once

#include <glib.h>

G_BEGIN_DECLS

/* Thread: ANY. A report is another program's: what it does not have, or has of another type, is 0,
 * FALSE, "" or NULL.
 */
gint64 report_get_number (GVariant   *dict,
                          const char *name);
gboolean report_get_boolean (GVariant   *dict,
                             const char *name);
const char *report_get_string (GVariant   *dict,
                               const char *name);
gboolean report_has (GVariant   *dict,
                     const char *name);

/* A reference; NULL where there is none. */
GVariant *report_dup_dict (GVariant   *dict,
                           const char *name);

/* Those of an array of them: of owned GVariant. */
GPtrArray *report_dup_dicts (GVariant   *dict,
                             const char *name);

/* "0.3 s", "12 s", "3 min 5 s", "2 h 3 min"; to be freed. */
char *inspect_dup_duration (gint64 microseconds);

/* "131,072", with the language's own mark between thousands, if it has one. */
char *inspect_dup_count (gint64 count);

/* "512", "64K", "1.5M". */
char *inspect_dup_size (gint64 bytes);

G_END_DECLS
