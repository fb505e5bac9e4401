/* What makes a file of a trace: one per format.
 *
 * SPDX-License-Identifier: LGPL-2.1-or-later
 */

#pragma once

#include "trace/trace-step.h"

G_BEGIN_DECLS

/* A thread that has recorded something; later another one of the same number. */
typedef struct
{
  pid_t id;
  char *name;
} TraceThread;

/* A record in its place among those of all threads: they come by time, and one that follows from
 * another comes after it.
 */
typedef struct
{
  TraceRecord record;
  guint64 sequence;
  TraceThread *thread; /* NULL: of TRACE_LOST, not known */
  char *text;          /* owned; NULL: none */
} TraceEvent;

typedef struct _TraceWriter TraceWriter;

/* Everything is appended to `out`, which whoever owns the writer empties into the file. Thread: one
 * at a time.
 */
struct _TraceWriter
{
  void (* event) (TraceWriter      *self,
                  const TraceEvent *event);
  void (* finish) (TraceWriter *self,
                   gint64       time);
  void (* free) (TraceWriter *self);

  GString *out; /* borrowed */
  gint64 start; /* the times are told from here on, where that is better to read */
};

TraceWriter *trace_text_new (gboolean coloured);
TraceWriter *trace_chrome_new (void);
TraceWriter *trace_svg_new (void);

G_END_DECLS
