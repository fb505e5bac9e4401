/* A trace as slices on tracks, for pictures: a track per thread and one per process.
 *
 * SPDX-License-Identifier: LGPL-2.1-or-later
 */

#pragma once

#include "trace/trace-writer.h"

G_BEGIN_DECLS

typedef enum
{
  TRACE_TRACK_THREAD,
  TRACE_TRACK_PROCESS,
} TraceTrackKind;

typedef struct
{
  TraceTrackKind kind;
  guint32 number; /* of the thread, as the system has it; or of the process */
  char *name;
  gint64 last;    /* nothing on this track comes before it */
  GArray *open;   /* of guint: what the open slices are, from outside */
  gpointer data;  /* the painter's */
} TraceTrack;

/* On each track the calls come by time. Every slice that begins ends, the innermost first. Both
 * ends of a flow come, the start first, each while a slice is open on its track; the number is its
 * own.
 */
typedef struct
{
  void (* track) (gpointer    painter,
                  TraceTrack *track); /* it is new, or has another name */
  void (* begin) (gpointer    painter,
                  TraceTrack *track,
                  gint64      time,
                  const char *name,
                  guint32     process,
                  const char *detail);
  void (* end) (gpointer    painter,
                TraceTrack *track,
                gint64      time);
  void (* instant) (gpointer    painter,
                    TraceTrack *track,
                    gint64      time,
                    const char *name,
                    guint32     process,
                    const char *detail);
  void (* flow) (gpointer    painter,
                 TraceTrack *track,
                 gint64      time,
                 gboolean    starts,
                 guint64     number);
} TracePainter;

typedef struct _TraceTracks TraceTracks;

TraceTracks *trace_tracks_new (const TracePainter *painter,
                               gpointer            painter_data);
void trace_tracks_free (TraceTracks *self);

void trace_tracks_event (TraceTracks      *self,
                         const TraceEvent *event);

/* Closes what is open. */
void trace_tracks_finish (TraceTracks *self,
                          gint64       time);

G_END_DECLS
