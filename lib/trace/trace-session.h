/* A trace while it is being written to its file.
 *
 * SPDX-License-Identifier: LGPL-2.1-or-later
 */

#pragma once

#include <proctor/proctor.h>

G_BEGIN_DECLS

/* Thread: ANY. @path "-" is stderr. */
gboolean trace_session_start (const char          *path,
                              ProctorTraceFormat   format,
                              GError             **error);
gboolean trace_session_stop (GError **error);

/* The service has ended: writes what there is and lets the thread go. */
void trace_session_rest (void);

/* For tests: what the rings hold goes to the file now; and how many records were lost so far. */
void trace_session_drain (void);
guint64 trace_session_count_lost (void);

G_END_DECLS
