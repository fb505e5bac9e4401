/* The trace event format that Perfetto and chrome://tracing open: an array of JSON objects, one a
 * line. Readers take one without its closing bracket, so what a program that was killed has left
 * behind can be opened, too.
 *
 * https://docs.google.com/document/d/1CvAClvFfyA5R-PhYUmn5OOQtYMH4h6I0nSsKchNAySU
 *
 * SPDX-License-Identifier: LGPL-2.1-or-later
 */

/* Thread: one at a time, see trace-writer.h. */

#include "config.h"

#include <unistd.h>

#include "trace/trace-tracks.h"

/* Above all pids (PID_MAX_LIMIT, include/linux/threads.h): the tracks of the processes form a group
 * beside that of this program's threads.
 */
#define PROCESSES_GROUP (4 * 1024 * 1024)

typedef struct
{
  TraceWriter writer;
  TraceTracks *tracks;
  int pid;
  gboolean has_begun;
} TraceChrome;

/* printf would take most of the time that a trace costs. */
static void
append_number (GString *out,
               guint64  number)
{
  char digits[20];
  guint n = sizeof digits;

  do
    digits[--n] = (char) ('0' + number % 10);
  while ((number /= 10) > 0);
  g_string_append_len (out, digits + n, (gssize) sizeof digits - n);
}

static void
append_string (GString    *out,
               const char *text)
{
  g_string_append_c (out, '"');
  for (const char *c = text; *c != '\0'; c++)
    {
      if (*c == '"' || *c == '\\')
        g_string_append_c (out, '\\');
      if ((guint8) *c < 0x20 || *c == 0x7F)
        g_string_append_printf (out, "\\u%04x", (guint) *c);
      else
        g_string_append_c (out, *c);
    }
  g_string_append_c (out, '"');
}

static int
get_group (TraceChrome      *self,
           const TraceTrack *track)
{
  return track->kind == TRACE_TRACK_THREAD ? self->pid : self->pid + PROCESSES_GROUP;
}

static GString *
begin_object (TraceChrome *self,
              char         phase,
              int          group,
              guint32      thread)
{
  GString *out = self->writer.out;

  g_string_append (out, self->has_begun ? ",\n{\"ph\":\"" : "[\n{\"ph\":\"");
  self->has_begun = TRUE;
  g_string_append_c (out, phase);
  g_string_append (out, "\",\"pid\":");
  append_number (out, (guint64) group);
  g_string_append (out, ",\"tid\":");
  append_number (out, thread);
  return out;
}

/* In microseconds. */
static GString *
begin_event (TraceChrome      *self,
             char              phase,
             const TraceTrack *track,
             gint64            time)
{
  GString *out = begin_object (self, phase, get_group (self, track), track->number);
  guint nanoseconds = (guint) (time % 1000);
  char fraction[] = { '.', (char) ('0' + nanoseconds / 100), (char) ('0' + nanoseconds / 10 % 10),
                      (char) ('0' + nanoseconds % 10) };

  g_string_append (out, ",\"ts\":");
  append_number (out, (guint64) time / 1000);
  g_string_append_len (out, fraction, sizeof fraction);
  return out;
}

static void
append_name_and_args (GString          *out,
                      const TraceTrack *track,
                      const char       *name,
                      guint32           process,
                      const char       *detail)
{
  g_string_append (out, track->kind == TRACE_TRACK_THREAD ? ",\"cat\":\"thread\",\"name\":"
                                                          : ",\"cat\":\"process\",\"name\":");
  append_string (out, name);
  g_string_append (out, ",\"args\":{");
  if (process != 0)
    {
      g_string_append (out, "\"process\":");
      append_number (out, process);
    }
  if (detail != NULL)
    {
      g_string_append (out, process != 0 ? ",\"detail\":" : "\"detail\":");
      append_string (out, detail);
    }
  g_string_append (out, "}}");
}

static void
name_object (TraceChrome *self,
             int          group,
             guint32      thread,
             const char  *kind,
             const char  *name)
{
  GString *out = begin_object (self, 'M', group, thread);

  g_string_append (out, ",\"name\":");
  append_string (out, kind);
  g_string_append (out, ",\"args\":{\"name\":");
  append_string (out, name);
  g_string_append (out, "}}");
}

static void
paint_track (gpointer    painter,
             TraceTrack *track)
{
  TraceChrome *self = painter;

  name_object (self, get_group (self, track), track->number, "thread_name", track->name);
}

static void
paint_begin (gpointer    painter,
             TraceTrack *track,
             gint64      time,
             const char *name,
             guint32     process,
             const char *detail)
{
  append_name_and_args (begin_event (painter, 'B', track, time), track, name, process, detail);
}

static void
paint_end (gpointer    painter,
           TraceTrack *track,
           gint64      time)
{
  g_string_append_c (begin_event (painter, 'E', track, time), '}');
}

static void
paint_instant (gpointer    painter,
               TraceTrack *track,
               gint64      time,
               const char *name,
               guint32     process,
               const char *detail)
{
  GString *out = begin_event (painter, 'i', track, time);

  g_string_append (out, ",\"s\":\"t\"");
  append_name_and_args (out, track, name, process, detail);
}

static void
paint_flow (gpointer    painter,
            TraceTrack *track,
            gint64      time,
            gboolean    starts,
            guint64     number)
{
  GString *out = begin_event (painter, starts ? 's' : 'f', track, time);

  g_string_append (out, starts ? ",\"id\":" : ",\"bp\":\"e\",\"id\":");
  append_number (out, number);
  g_string_append (out, ",\"cat\":\"message\",\"name\":\"message\"}");
}

static const TracePainter chrome_painter = {
  .track = paint_track,
  .begin = paint_begin,
  .end = paint_end,
  .instant = paint_instant,
  .flow = paint_flow,
};

static void
name_groups (TraceChrome *self)
{
  const char *program = g_get_prgname () != NULL ? g_get_prgname () : "program";
  g_autofree char *valid = g_utf8_make_valid (program, -1);
  g_autofree char *processes = g_strconcat (valid, ": processes", NULL);

  name_object (self, self->pid, (guint32) self->pid, "process_name", valid);
  name_object (self, self->pid + PROCESSES_GROUP, 0, "process_name", processes);
}

static void
event (TraceWriter      *writer,
       const TraceEvent *event)
{
  TraceChrome *self = (TraceChrome *) writer;

  if (!self->has_begun)
    name_groups (self);
  trace_tracks_event (self->tracks, event);
}

static void
finish (TraceWriter *writer,
        gint64       time)
{
  TraceChrome *self = (TraceChrome *) writer;

  if (!self->has_begun)
    name_groups (self);
  trace_tracks_finish (self->tracks, time);
  g_string_append (writer->out, "\n]\n");
}

static void
chrome_free (TraceWriter *writer)
{
  TraceChrome *self = (TraceChrome *) writer;

  trace_tracks_free (self->tracks);
  g_free (self);
}

TraceWriter *
trace_chrome_new (void)
{
  TraceChrome *self = g_new0 (TraceChrome, 1);

  self->writer = (TraceWriter) { .event = event, .finish = finish, .free = chrome_free };
  self->tracks = trace_tracks_new (&chrome_painter, self);
  self->pid = getpid ();
  return &self->writer;
}
