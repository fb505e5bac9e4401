/* What is recorded, as messages of GLib's log with fields: PROCTOR_DEBUG.
 *
 * SPDX-License-Identifier: LGPL-2.1-or-later
 */

#pragma once

#include "trace/trace-step.h"

G_BEGIN_DECLS

/* Thread: ANY, as all that follows. Reads the environment, once, and starts the thread if anything
 * is logged.
 */
void trace_log_begin (void);

/* Queues a message, which waits for nothing but the others that queue one. @text may be NULL. */
void trace_log_add (TraceStep   step,
                    guint32     process,
                    gint64      value,
                    const char *text);

/* The service has ended: logs what there is and lets the thread go. */
void trace_log_rest (void);

G_END_DECLS
