/* JSON that a verb prints in one piece.
 *
 * SPDX-License-Identifier: LGPL-2.1-or-later
 */

#pragma once

#include <json-glib/json-glib.h>

G_BEGIN_DECLS

/* A member; @value may be NULL, and is UTF-8. */
void tool_json_add_string (JsonBuilder *builder,
                           const char  *name,
                           const char  *value);
void tool_json_add_int (JsonBuilder *builder,
                        const char  *name,
                        gint64       value);
void tool_json_add_boolean (JsonBuilder *builder,
                            const char  *name,
                            gboolean     value);

/* To stdout, as UTF-8 in every locale. */
void tool_json_print (JsonBuilder *builder);

G_END_DECLS
