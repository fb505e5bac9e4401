/* SPDX-License-Identifier: LGPL-2.1-or-later */

/* Thread: one at a time, see trace-writer.h. */

#include "config.h"

#include "trace/trace-tracks.h"

/* What a slice is. On a process's track there is one around all, and in it one after another. */
enum
{
  SLICE_MESSAGE,
  SLICE_SPAWN,
  SLICE_DELIVERY,
  SLICE_PROCESS,
  SLICE_PHASE,
};

typedef enum
{
  PHASE_NONE,
  PHASE_ASKED,
  PHASE_QUEUED,
  PHASE_SPAWNS,
  PHASE_RUNS,
  PHASE_ENDS,
} Phase;

static const char *const phase_names[] = { NULL, "asked", "queued", "spawn", "runs", "ends" };

typedef struct
{
  TraceTrack *track; /* owned */
  Phase phase;
  guint n_answers_due;
  gboolean released;
} Process;

/* The slice of a message is named after the first step within it, so it waits for that. */
typedef struct
{
  TraceTrack *track; /* owned */
  gboolean waits;
  gint64 wait_time;
  guint64 wait_flow;
  guint32 wait_process;
} Thread;

struct _TraceTracks
{
  const TracePainter *painter;
  gpointer data;
  GHashTable *threads;   /* id → owned Thread */
  GHashTable *processes; /* number → owned Process */
  GHashTable *flows;     /* flow of the records → owned OpenFlow */
  guint64 n_flows;
};

/* A start whose end has not come. */
typedef struct
{
  guint64 flow;
  guint64 number;
  Thread *thread;
} OpenFlow;

static void
track_free (TraceTrack *track)
{
  g_free (track->name);
  g_array_unref (track->open);
  g_free (track);
}

static TraceTrack *
track_new (TraceTracks    *self,
           TraceTrackKind  kind,
           guint32         number,
           char           *name)
{
  TraceTrack *track = g_new0 (TraceTrack, 1);

  track->kind = kind;
  track->number = number;
  track->name = name;
  track->open = g_array_new (FALSE, FALSE, sizeof (guint));
  self->painter->track (self->data, track);
  return track;
}

static void
thread_free (Thread *thread)
{
  track_free (thread->track);
  g_free (thread);
}

static void
process_free (Process *process)
{
  track_free (process->track);
  g_free (process);
}

/* ---- drawing */

/* A thread may have been stopped between reading the clock and recording. What it says then comes
 * late on the track of a process, and is told as of now.
 */
static gint64
move_on (TraceTrack *track,
         gint64      time)
{
  track->last = MAX (track->last, time);
  return track->last;
}

static void
begin (TraceTracks *self,
       TraceTrack  *track,
       guint        slice,
       gint64       time,
       const char  *name,
       guint32      process,
       const char  *detail)
{
  g_array_append_val (track->open, slice);
  self->painter->begin (self->data, track, move_on (track, time), name, process, detail);
}

static void
end_innermost (TraceTracks *self,
               TraceTrack  *track,
               gint64       time)
{
  g_array_set_size (track->open, track->open->len - 1);
  self->painter->end (self->data, track, move_on (track, time));
}

/* With all that is open in it. Where records were lost there may be none. */
static void
end (TraceTracks *self,
     TraceTrack  *track,
     guint        slice,
     gint64       time)
{
  for (guint depth = track->open->len; depth > 0; depth--)
    {
      if (g_array_index (track->open, guint, depth - 1) != slice)
        continue;
      while (track->open->len >= depth)
        end_innermost (self, track, time);
      return;
    }
}

static void
end_all (TraceTracks *self,
         TraceTrack  *track,
         gint64       time)
{
  while (track->open->len > 0)
    end_innermost (self, track, time);
}

static void
instant (TraceTracks *self,
         TraceTrack  *track,
         gint64       time,
         const char  *name,
         guint32      process,
         const char  *detail)
{
  self->painter->instant (self->data, track, move_on (track, time), name, process, detail);
}

/* ---- flows */

/* An arrow hangs at a slice. Where a thread does something else than our work there is none, so it
 * gets one, without a width.
 */
static void
start_flow (TraceTracks       *self,
            Thread            *thread,
            const TraceRecord *record)
{
  gboolean is_bare = thread->track->open->len == 0;
  OpenFlow *flow;

  if (record->flow == 0)
    return;

  flow = g_new (OpenFlow, 1);
  *flow = (OpenFlow) { .flow = record->flow, .number = ++self->n_flows, .thread = thread };
  if (is_bare)
    begin (self, thread->track, SLICE_MESSAGE, record->time, "send", record->process, NULL);
  self->painter->flow (self->data, thread->track, move_on (thread->track, record->time), TRUE,
                       flow->number);
  if (is_bare)
    end (self, thread->track, SLICE_MESSAGE, record->time);
  g_hash_table_replace (self->flows, &flow->flow, flow);
}

static void
end_flow (TraceTracks *self,
          TraceTrack  *track,
          gint64       time,
          guint64      flow_of_record)
{
  OpenFlow *flow = g_hash_table_lookup (self->flows, &flow_of_record);

  if (flow == NULL)
    return;

  self->painter->flow (self->data, track, move_on (track, time), FALSE, flow->number);
  g_hash_table_remove (self->flows, &flow_of_record);
}

/* Nobody has received it, or nobody could record that any more. */
static void
end_flow_at_its_start (TraceTracks *self,
                       OpenFlow    *flow,
                       gint64       time)
{
  TraceTrack *track = flow->thread->track;

  begin (self, track, SLICE_MESSAGE, time, "not received", 0, NULL);
  self->painter->flow (self->data, track, move_on (track, time), FALSE, flow->number);
  end (self, track, SLICE_MESSAGE, time);
}

/* ---- threads */

static Thread *
get_thread (TraceTracks       *self,
            const TraceThread *named)
{
  Thread *thread = g_hash_table_lookup (self->threads, GINT_TO_POINTER (named->id));

  if (thread == NULL)
    {
      thread = g_new0 (Thread, 1);
      thread->track =
        track_new (self, TRACE_TRACK_THREAD, (guint32) named->id, g_strdup (named->name));
      g_hash_table_insert (self->threads, GINT_TO_POINTER (named->id), thread);
    }
  else if (g_strcmp0 (thread->track->name, named->name) != 0)
    {
      g_free (thread->track->name);
      thread->track->name = g_strdup (named->name);
      self->painter->track (self->data, thread->track);
    }
  return thread;
}

static void
begin_waiting_message (TraceTracks       *self,
                       Thread            *thread,
                       const TraceRecord *next)
{
  const char *name = trace_step_get_name (TRACE_MESSAGE_BEGIN);

  if (!thread->waits)
    return;

  thread->waits = FALSE;
  if (next != NULL && trace_step_is_of_process (next->step))
    name = trace_step_get_name (next->step);
  begin (self, thread->track, SLICE_MESSAGE, thread->wait_time, name, thread->wait_process, NULL);
  end_flow (self, thread->track, thread->wait_time, thread->wait_flow);
}

static void
thread_event (TraceTracks      *self,
              const TraceEvent *event,
              const char       *detail)
{
  const TraceRecord *record = &event->record;
  const char *name = trace_step_get_name (record->step);
  Thread *thread = get_thread (self, event->thread);

  begin_waiting_message (self, thread, record);
  switch ((int) record->step)
    {
    case TRACE_MESSAGE_SENT:
      start_flow (self, thread, record);
      break;
    case TRACE_MESSAGE_BEGIN:
      thread->waits = TRUE;
      thread->wait_time = record->time;
      thread->wait_flow = record->flow;
      thread->wait_process = record->process;
      break;
    case TRACE_MESSAGE_END:
      end (self, thread->track, SLICE_MESSAGE, record->time);
      break;
    case TRACE_SPAWN_BEGIN:
      begin (self, thread->track, SLICE_SPAWN, record->time, "spawn", record->process, NULL);
      end_flow (self, thread->track, record->time, record->flow);
      break;
    case TRACE_DELIVERED:
      begin (self, thread->track, SLICE_DELIVERY, record->time, name, record->process, NULL);
      end_flow (self, thread->track, record->time, record->flow);
      break;
    case TRACE_RETURNED:
      end (self, thread->track, SLICE_DELIVERY, record->time);
      break;
    case TRACE_LOST:
      end_all (self, thread->track, record->time);
      instant (self, thread->track, record->time, name, 0, detail);
      break;
    default:
      instant (self, thread->track, record->time, name, record->process, detail);
      if (record->step == TRACE_SPAWN_END || record->step == TRACE_SPAWN_FAILED)
        end (self, thread->track, SLICE_SPAWN, record->time);
      if (record->step == TRACE_QUEUED || record->step == TRACE_ANSWERED)
        start_flow (self, thread, record);
      break;
    }
}

/* ---- processes */

static Process *
get_process (TraceTracks       *self,
             const TraceRecord *record,
             const char        *detail)
{
  Process *process = g_hash_table_lookup (self->processes, GUINT_TO_POINTER (record->process));
  const char *command = record->step == TRACE_COMMAND ? detail : NULL;

  if (process != NULL)
    return process;

  process = g_new0 (Process, 1);
  process->track = track_new (self, TRACE_TRACK_PROCESS, record->process,
                              command != NULL ? g_strdup_printf ("#%u %s", record->process, command)
                                              : g_strdup_printf ("#%u", record->process));
  g_hash_table_insert (self->processes, GUINT_TO_POINTER (record->process), process);
  begin (self, process->track, SLICE_PROCESS, record->time, process->track->name, record->process,
         NULL);
  return process;
}

static Phase
phase_of (TraceStep step)
{
  switch ((int) step)
    {
    case TRACE_COMMAND:
      return PHASE_ASKED;
    case TRACE_QUEUED:
      return PHASE_QUEUED;
    case TRACE_SPAWN_BEGIN:
      return PHASE_SPAWNS;
    case TRACE_SPAWN_END:
      return PHASE_RUNS;
    case TRACE_SPAWN_FAILED:
    case TRACE_REAPED:
      return PHASE_ENDS;
    default:
      return PHASE_NONE;
    }
}

/* Only forward: what comes late opens nothing again. */
static void
enter_phase (TraceTracks *self,
             Process     *process,
             Phase        phase,
             gint64       time,
             guint32      number)
{
  if (phase <= process->phase)
    return;

  process->phase = phase;
  end (self, process->track, SLICE_PHASE, time);
  begin (self, process->track, SLICE_PHASE, time, phase_names[phase], number, NULL);
}

static void
process_event (TraceTracks      *self,
               const TraceEvent *event,
               const char       *detail)
{
  const TraceRecord *record = &event->record;
  Process *process = get_process (self, record, detail);

  enter_phase (self, process, phase_of (record->step), record->time, record->process);
  instant (self, process->track, record->time, trace_step_get_name (record->step), record->process,
           detail);

  if (record->step == TRACE_ANSWERED)
    process->n_answers_due++;
  else if (record->step == TRACE_DELIVERED && process->n_answers_due > 0)
    process->n_answers_due--;
  else if (record->step == TRACE_RELEASED)
    process->released = TRUE;

  if (process->released && process->n_answers_due == 0)
    {
      end_all (self, process->track, record->time);
      g_hash_table_remove (self->processes, GUINT_TO_POINTER (record->process));
    }
}

/* ---- the whole */

void
trace_tracks_event (TraceTracks      *self,
                    const TraceEvent *event)
{
  g_autofree char *detail = trace_record_describe (&event->record, event->text);

  if (event->thread != NULL)
    thread_event (self, event, detail);
  if (event->record.process != 0 && trace_step_is_of_process (event->record.step))
    process_event (self, event, detail);
}

void
trace_tracks_finish (TraceTracks *self,
                     gint64       time)
{
  GHashTableIter iter;
  gpointer value;

  g_hash_table_iter_init (&iter, self->threads);
  while (g_hash_table_iter_next (&iter, NULL, &value))
    {
      begin_waiting_message (self, value, NULL);
      end_all (self, ((Thread *) value)->track, time);
    }

  g_hash_table_iter_init (&iter, self->flows);
  while (g_hash_table_iter_next (&iter, NULL, &value))
    end_flow_at_its_start (self, value, time);
  g_hash_table_remove_all (self->flows);

  g_hash_table_iter_init (&iter, self->processes);
  while (g_hash_table_iter_next (&iter, NULL, &value))
    end_all (self, ((Process *) value)->track, time);
}

TraceTracks *
trace_tracks_new (const TracePainter *painter,
                  gpointer            painter_data)
{
  TraceTracks *self = g_new0 (TraceTracks, 1);

  self->painter = painter;
  self->data = painter_data;
  self->threads = g_hash_table_new_full (NULL, NULL, NULL, (GDestroyNotify) thread_free);
  self->processes = g_hash_table_new_full (NULL, NULL, NULL, (GDestroyNotify) process_free);
  self->flows = g_hash_table_new_full (g_int64_hash, g_int64_equal, NULL, g_free);
  return self;
}

void
trace_tracks_free (TraceTracks *self)
{
  g_hash_table_unref (self->flows);
  g_hash_table_unref (self->threads);
  g_hash_table_unref (self->processes);
  g_free (self);
}
