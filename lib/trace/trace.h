/* The points at which a program's life with its processes is recorded. Each is one line where it
 * stands, and one predictable branch while nobody traces.
 *
 * SPDX-License-Identifier: LGPL-2.1-or-later
 */

#pragma once

#include <glib.h>
#include <stdatomic.h>

#include "trace/trace-step.h"

G_BEGIN_DECLS

/* Where what is recorded goes, as bits of trace-step.h: 0 while nobody wants it. And whether a
 * session may have to be begun, or woken up. Only trace-session.c and trace-log.c write them.
 */
G_GNUC_INTERNAL extern atomic_uint trace_on;
G_GNUC_INTERNAL extern atomic_bool trace_session_is_due;

/* The worker whose work the calling thread does, from 1; 0: none. Only worker.c writes it. */
G_GNUC_INTERNAL extern _Thread_local guint trace_worker_number;

/* Thread: ANY, and never CHILD. Writes into the calling thread's ring, which waits for nothing, and
 * into the log. @text is copied, as much of it as a record holds. In a forked copy nothing is
 * written.
 */
void trace_record (TraceStep   step,
                   guint32     process,
                   guint64     flow,
                   gint64      value,
                   const char *text);

/* A number that ties the record of what is sent to that of its arrival; never 0. */
guint64 trace_record_sent (TraceStep step,
                           guint32   process);

/* Begins the session and the log that the environment asks for; and lets them go on after a
 * shutdown.
 */
void trace_session_begin_if_due (void);

/* The number of a new process in traces. It has one also while nobody traces, as that may begin
 * later.
 */
guint32 trace_new_process (void);

static inline gboolean
trace_is_on (void)
{
  return G_UNLIKELY (atomic_load_explicit (&trace_on, memory_order_relaxed) != 0);
}

static inline void
trace_begin_if_due (void)
{
  if (G_UNLIKELY (atomic_load_explicit (&trace_session_is_due, memory_order_relaxed)))
    trace_session_begin_if_due ();
}

static inline void
trace_step (TraceStep step,
            guint32   process,
            gint64    value)
{
  if (trace_is_on ())
    trace_record (step, process, 0, value, NULL);
}

static inline void
trace_step_text (TraceStep   step,
                 guint32     process,
                 const char *text)
{
  if (trace_is_on ())
    trace_record (step, process, 0, 0, text);
}

/* @stdio is the child's number of the pipe; both come out again with trace_pipe_*(). */
static inline void
trace_step_pipe (TraceStep step,
                 guint32   process,
                 int       stdio,
                 gint64    value)
{
  if (trace_is_on ())
    trace_record (step, process, 0, TRACE_PIPE_VALUE (stdio, value), NULL);
}

/* The same for what happens so often that it is logged only. */
static inline void
trace_log_pipe (TraceStep step,
                guint32   process,
                int       stdio,
                gint64    value)
{
  if (G_UNLIKELY ((atomic_load_explicit (&trace_on, memory_order_relaxed) & TRACE_LOG_IO) != 0))
    trace_record (step, process, 0, TRACE_PIPE_VALUE (stdio, value), NULL);
}

/* The flow, for trace_receive(), or 0. */
static inline guint64
trace_send (TraceStep step,
            guint32   process)
{
  return trace_is_on () ? trace_record_sent (step, process) : 0;
}

static inline void
trace_receive (TraceStep step,
               guint32   process,
               guint64   flow)
{
  if (trace_is_on ())
    trace_record (step, process, flow, 0, NULL);
}

G_END_DECLS
