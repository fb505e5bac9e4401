/* A picture for a report: a row per thread and per process, with time running to the right.
 *
 * SPDX-License-Identifier: LGPL-2.1-or-later
 */

/* Thread: one at a time, see trace-writer.h. */

#include "config.h"

#include <string.h>

#include "trace/trace-tracks.h"

#define WIDTH 1200.0
#define LEFT 230.0
#define RIGHT 30.0
#define TOP 74.0
#define BOTTOM 20.0
#define ROW_HEIGHT 24.0
#define GROUP_GAP 26.0
#define BAR_HEIGHT 16.0
#define NEST_STEP 3.0
#define CHARACTER_WIDTH 6.2
#define LABEL_CHARACTERS 34

/* A picture of more is none. */
#define MAX_SHAPES 20000
#define MAX_ROWS 120

#define MAX_DEPTH 3
#define WANTED_GRID_LINES 8

typedef struct
{
  TraceTrackKind kind;
  char *name;
  GArray *open; /* of guint: bars that have not ended */
  double y;
} Row;

typedef struct
{
  guint row;
  guint depth;
  gint64 begin;
  gint64 end;
  char *name;
} Bar;

typedef struct
{
  guint row;
  gint64 time;
  char *name;
  char *detail;
} Tick;

typedef struct
{
  guint from_row;
  gint64 from;
  guint to_row;
  gint64 to; /* 0: it has not arrived */
} Arrow;

typedef struct
{
  TraceWriter writer;
  TraceTracks *tracks;
  GPtrArray *rows; /* of owned Row */
  GArray *bars;    /* of Bar */
  GArray *ticks;   /* of Tick */
  GHashTable *arrows; /* flow number → owned Arrow */
  guint n_left_out;
  gint64 end;
  double processes_y;
  double height;
} TraceSvg;

typedef struct
{
  const char *name;
  const char *colour;
} Colour;

/* Of bars, and of ticks; what has none of its own is grey. */
static const Colour colours[] = {
  { "asked", "#d9d9d9" },         { "queued", "#bdbdbd" },
  { "spawn", "#f5a742" },         { "runs", "#6aa9e9" },
  { "ends", "#8bc48a" },          { "delivered", "#3f9142" },
  { "first byte in", "#0b7285" }, { "first byte out", "#0b7285" },
  { "eof", "#5f3dc4" },           { "paused", "#e8590c" },
  { "resumed", "#2b8a3e" },       { "signal", "#c92a2a" },
  { "spawn failed", "#c92a2a" },  { "lost", "#c92a2a" },
  { "exited", "#212529" },        { "reaped", "#212529" },
};

static const char *
colour_of (const char *name)
{
  for (gsize i = 0; i < G_N_ELEMENTS (colours); i++)
    {
      if (strcmp (colours[i].name, name) == 0)
        return colours[i].colour;
    }
  return "#9aa5b1";
}

/* ---- collecting */

static gboolean
has_room (TraceSvg *self)
{
  if (self->bars->len + self->ticks->len < MAX_SHAPES)
    return TRUE;

  self->n_left_out++;
  return FALSE;
}

/* The row's number and one, as 0 is a track that has none. */
static gboolean
get_row (TraceTrack *track,
         guint      *row)
{
  *row = GPOINTER_TO_UINT (track->data) - 1;
  return track->data != NULL;
}

static void
row_free (gpointer data)
{
  Row *row = data;

  g_free (row->name);
  g_array_unref (row->open);
  g_free (row);
}

static void
paint_track (gpointer    painter,
             TraceTrack *track)
{
  TraceSvg *self = painter;
  Row *row;

  if (track->data != NULL || self->rows->len == MAX_ROWS)
    {
      self->n_left_out += track->data == NULL ? 1 : 0;
      return;
    }

  row = g_new0 (Row, 1);
  row->kind = track->kind;
  row->name = g_strdup (track->name);
  row->open = g_array_new (FALSE, FALSE, sizeof (guint));
  g_ptr_array_add (self->rows, row);
  track->data = GUINT_TO_POINTER (self->rows->len);
}

static void
paint_begin (gpointer    painter,
             TraceTrack *track,
             gint64      time,
             const char *name,
             guint32     process,
             const char *detail)
{
  TraceSvg *self = painter;
  guint bar_number = G_MAXUINT;
  guint row_number;
  Row *row;

  if (!get_row (track, &row_number))
    return;

  row = g_ptr_array_index (self->rows, row_number);
  if (has_room (self))
    {
      Bar bar = { .row = row_number, .depth = MIN (row->open->len, MAX_DEPTH), .begin = time,
                  .end = time, .name = g_strdup (name) };

      bar_number = self->bars->len;
      g_array_append_val (self->bars, bar);
    }
  g_array_append_val (row->open, bar_number);
}

static void
paint_end (gpointer    painter,
           TraceTrack *track,
           gint64      time)
{
  TraceSvg *self = painter;
  guint row_number;
  guint bar_number;
  Row *row;

  if (!get_row (track, &row_number))
    return;

  row = g_ptr_array_index (self->rows, row_number);
  bar_number = g_array_index (row->open, guint, row->open->len - 1);
  g_array_set_size (row->open, row->open->len - 1);
  if (bar_number != G_MAXUINT)
    g_array_index (self->bars, Bar, bar_number).end = time;
}

/* On a thread's row the bars say enough. */
static void
paint_instant (gpointer    painter,
               TraceTrack *track,
               gint64      time,
               const char *name,
               guint32     process,
               const char *detail)
{
  TraceSvg *self = painter;
  Tick tick = { .time = time };

  if (track->kind == TRACE_TRACK_PROCESS && get_row (track, &tick.row) && has_room (self))
    {
      tick.name = g_strdup (name);
      tick.detail = g_strdup (detail);
      g_array_append_val (self->ticks, tick);
    }
}

static void
paint_flow (gpointer    painter,
            TraceTrack *track,
            gint64      time,
            gboolean    starts,
            guint64     number)
{
  TraceSvg *self = painter;
  Arrow *arrow = g_hash_table_lookup (self->arrows, &number);
  guint row;

  if (!get_row (track, &row))
    return;

  if (!starts && arrow != NULL)
    {
      arrow->to_row = row;
      arrow->to = time;
    }
  else if (starts && g_hash_table_size (self->arrows) < MAX_SHAPES)
    {
      guint64 *key = g_memdup2 (&number, sizeof number);

      arrow = g_new (Arrow, 1);
      *arrow = (Arrow) { .from_row = row, .from = time };
      g_hash_table_insert (self->arrows, key, arrow);
    }
}

static const TracePainter svg_painter = {
  .track = paint_track,
  .begin = paint_begin,
  .end = paint_end,
  .instant = paint_instant,
  .flow = paint_flow,
};

static void
event (TraceWriter      *writer,
       const TraceEvent *event)
{
  TraceSvg *self = (TraceSvg *) writer;

  self->end = MAX (self->end, event->record.time);
  trace_tracks_event (self->tracks, event);
}

/* ---- drawing */

/* With a point, whatever the locale. */
static void
append (TraceSvg   *self,
        const char *before,
        double      number)
{
  char text[G_ASCII_DTOSTR_BUF_SIZE];

  g_string_append (self->writer.out, before);
  g_string_append (self->writer.out, g_ascii_formatd (text, sizeof text, "%.2f", number));
}

static void
append_escaped (TraceSvg   *self,
                const char *text)
{
  g_autofree char *plain = g_strdup (text);
  g_autofree char *escaped = NULL;

  /* XML has no way to write these. */
  for (char *c = plain; *c != '\0'; c++)
    {
      if ((guint8) *c < 0x20 || *c == 0x7F)
        *c = ' ';
    }
  escaped = g_markup_escape_text (plain, -1);
  g_string_append (self->writer.out, escaped);
}

static double
get_x (TraceSvg *self,
       gint64    time)
{
  gint64 all = MAX (1, self->end - self->writer.start);
  gint64 part = CLAMP (time - self->writer.start, 0, all);

  return LEFT + (WIDTH - LEFT - RIGHT) * (double) part / (double) all;
}

static void
draw_text (TraceSvg   *self,
           double      x,
           double      y,
           const char *style,
           const char *text)
{
  append (self, "<text x=\"", x);
  append (self, "\" y=\"", y);
  g_string_append_printf (self->writer.out, "\" %s>", style);
  append_escaped (self, text);
  g_string_append (self->writer.out, "</text>\n");
}

/* Threads above, processes below, each group as they came. */
static void
place_rows (TraceSvg *self)
{
  double y = TOP;

  for (TraceTrackKind kind = TRACE_TRACK_THREAD; kind <= TRACE_TRACK_PROCESS; kind++)
    {
      y += GROUP_GAP;
      if (kind == TRACE_TRACK_PROCESS)
        self->processes_y = y;
      for (guint i = 0; i < self->rows->len; i++)
        {
          Row *row = g_ptr_array_index (self->rows, i);

          if (row->kind != kind)
            continue;
          row->y = y;
          y += ROW_HEIGHT;
        }
    }
  self->height = y + BOTTOM;
}

static char *
dup_label (const char *name)
{
  g_autofree char *head = NULL;

  if (g_utf8_strlen (name, -1) <= LABEL_CHARACTERS)
    return g_strdup (name);

  head = g_utf8_substring (name, 0, LABEL_CHARACTERS - 1);
  return g_strconcat (head, "…", NULL);
}

static void
draw_rows (TraceSvg *self)
{
  draw_text (self, 12, TOP + GROUP_GAP - 8, "class=\"group\"", "threads");
  draw_text (self, 12, self->processes_y - 8, "class=\"group\"", "processes");
  for (guint i = 0; i < self->rows->len; i++)
    {
      const Row *row = g_ptr_array_index (self->rows, i);
      g_autofree char *label = dup_label (row->name);

      append (self, "<rect class=\"row\" x=\"", LEFT);
      append (self, "\" y=\"", row->y + 1);
      append (self, "\" width=\"", WIDTH - LEFT - RIGHT);
      append (self, "\" height=\"", ROW_HEIGHT - 2);
      g_string_append (self->writer.out, "\"/>\n");
      draw_text (self, LEFT - 10, row->y + 16, "text-anchor=\"end\"", label);
    }
}

/* The first of 1, 2, 5, 10 … nanoseconds that does not give too many lines. */
static gint64
get_grid_step (gint64 all)
{
  static const int factors[] = { 2, 5, 10 };
  gint64 power = 1;

  for (;;)
    {
      for (gsize i = 0; i < G_N_ELEMENTS (factors); i++)
        {
          if (power * factors[i] * WANTED_GRID_LINES >= all)
            return power * factors[i];
        }
      power *= 10;
    }
}

static void
draw_grid (TraceSvg *self)
{
  gint64 all = MAX (1, self->end - self->writer.start);
  gint64 step = get_grid_step (all);

  for (gint64 time = 0; time <= all; time += step)
    {
      double x = get_x (self, self->writer.start + time);
      char number[G_ASCII_DTOSTR_BUF_SIZE];
      g_autofree char *label = g_strconcat (
        g_ascii_formatd (number, sizeof number, "%g", (double) time / 1e6), " ms", NULL);

      append (self, "<path class=\"grid\" d=\"M", x);
      append (self, " ", TOP);
      append (self, "V", self->height - BOTTOM + 4);
      g_string_append (self->writer.out, "\"/>\n");
      draw_text (self, x, TOP - 6, "text-anchor=\"middle\"", label);
    }
}

/* Less high the deeper they lie, so that what is around them is seen. */
static void
draw_bar (TraceSvg  *self,
          const Bar *bar)
{
  const Row *row = g_ptr_array_index (self->rows, bar->row);
  double x = get_x (self, bar->begin);
  double width = MAX (get_x (self, bar->end) - x, 0.8);
  double inset = (ROW_HEIGHT - BAR_HEIGHT) / 2 + bar->depth * NEST_STEP - NEST_STEP;
  gboolean is_frame = row->kind == TRACE_TRACK_PROCESS && bar->depth == 0;
  char number[G_ASCII_DTOSTR_BUF_SIZE];

  append (self, "<rect x=\"", x);
  append (self, "\" y=\"", row->y + inset);
  append (self, "\" width=\"", width);
  append (self, "\" height=\"", ROW_HEIGHT - 2 * inset);
  g_string_append_printf (self->writer.out, "\" fill=\"%s\"><title>",
                          is_frame ? "#e7edf3" : colour_of (bar->name));
  append_escaped (self, bar->name);
  g_string_append_printf (self->writer.out, ": %s ms</title></rect>\n",
                          g_ascii_formatd (number, sizeof number, "%.3f",
                                           (double) (bar->end - bar->begin) / 1e6));
  if (!is_frame && width > CHARACTER_WIDTH * (double) strlen (bar->name) + 4)
    draw_text (self, x + width / 2, row->y + 16, "class=\"bar\"", bar->name);
}

static void
draw_tick (TraceSvg   *self,
           const Tick *tick)
{
  const Row *row = g_ptr_array_index (self->rows, tick->row);

  append (self, "<path class=\"tick\" d=\"M", get_x (self, tick->time));
  append (self, " ", row->y + 2);
  append (self, "v", ROW_HEIGHT - 4);
  g_string_append_printf (self->writer.out, "\" stroke=\"%s\"><title>", colour_of (tick->name));
  append_escaped (self, tick->name);
  if (tick->detail != NULL)
    {
      g_string_append (self->writer.out, ": ");
      append_escaped (self, tick->detail);
    }
  g_string_append (self->writer.out, "</title></path>\n");
}

static void
draw_arrow (TraceSvg    *self,
            const Arrow *arrow)
{
  const Row *from = g_ptr_array_index (self->rows, arrow->from_row);
  const Row *to = g_ptr_array_index (self->rows, arrow->to_row);
  double from_x = get_x (self, arrow->from);
  double to_x = get_x (self, arrow->to);
  double from_y = from->y + ROW_HEIGHT / 2;
  double to_y = to->y + ROW_HEIGHT / 2;

  if (from == to)
    return;

  append (self, "<path class=\"flow\" d=\"M", from_x);
  append (self, " ", from_y);
  append (self, "C", from_x);
  append (self, " ", (from_y + to_y) / 2);
  append (self, " ", to_x);
  append (self, " ", (from_y + to_y) / 2);
  append (self, " ", to_x);
  append (self, " ", to_y);
  g_string_append (self->writer.out, "\"/>\n");
}

static void
draw_legend (TraceSvg *self)
{
  static const char *const names[] = {
    "queued", "spawn", "runs", "ends", "first byte out", "eof", "paused", "resumed", "signal",
    "exited",
  };
  double x = LEFT;

  for (gsize i = 0; i < G_N_ELEMENTS (names); i++)
    {
      append (self, "<rect x=\"", x);
      g_string_append_printf (self->writer.out,
                              "\" y=\"32\" width=\"10\" height=\"10\" fill=\"%s\"/>\n",
                              colour_of (names[i]));
      draw_text (self, x + 14, 41, "", names[i]);
      x += 30 + CHARACTER_WIDTH * (double) strlen (names[i]);
    }
}

static void
draw_title (TraceSvg *self)
{
  const char *program = g_get_prgname () != NULL ? g_get_prgname () : "program";
  g_autofree char *valid = g_utf8_make_valid (program, -1);
  g_autofree char *title = NULL;
  char number[G_ASCII_DTOSTR_BUF_SIZE];

  g_ascii_formatd (number, sizeof number, "%.3f", (double) (self->end - self->writer.start) / 1e6);
  title = self->n_left_out > 0
          ? g_strdup_printf ("%s: %s ms (%u rows, bars and marks are left out)", valid, number,
                             self->n_left_out)
          : g_strdup_printf ("%s: %s ms", valid, number);
  draw_text (self, 12, 20, "class=\"title\"", title);
}

static void
draw (TraceSvg *self)
{
  GHashTableIter iter;
  gpointer arrow;

  place_rows (self);
  append (self, "<svg xmlns=\"http://www.w3.org/2000/svg\" width=\"", WIDTH);
  append (self, "\" height=\"", self->height);
  append (self, "\" viewBox=\"0 0 ", WIDTH);
  append (self, " ", self->height);
  g_string_append (
    self->writer.out,
    "\">\n<style>text{font:11px sans-serif;fill:#212529}.title{font-size:14px;font-weight:bold}"
    ".group{font-weight:bold}.bar{font-size:10px;text-anchor:middle}.row{fill:#f8f9fa}"
    ".grid{stroke:#dee2e6;fill:none}.tick{stroke-width:1.4}"
    ".flow{stroke:#495057;stroke-width:.7;fill:none;opacity:.55;marker-end:url(#head)}</style>\n"
    "<defs><marker id=\"head\" viewBox=\"0 0 6 6\" refX=\"6\" refY=\"3\" markerWidth=\"6\" "
    "markerHeight=\"6\" orient=\"auto\">"
    "<path d=\"M0 0L6 3L0 6z\" fill=\"#495057\"/></marker></defs>\n"
    "<rect width=\"100%\" height=\"100%\" fill=\"#fff\"/>\n");
  draw_title (self);
  draw_legend (self);
  draw_rows (self);
  draw_grid (self);
  for (guint i = 0; i < self->bars->len; i++)
    draw_bar (self, &g_array_index (self->bars, Bar, i));
  for (guint i = 0; i < self->ticks->len; i++)
    draw_tick (self, &g_array_index (self->ticks, Tick, i));
  g_hash_table_iter_init (&iter, self->arrows);
  while (g_hash_table_iter_next (&iter, NULL, &arrow))
    {
      if (((Arrow *) arrow)->to != 0)
        draw_arrow (self, arrow);
    }
  g_string_append (self->writer.out, "</svg>\n");
}

static void
finish (TraceWriter *writer,
        gint64       time)
{
  TraceSvg *self = (TraceSvg *) writer;

  self->end = MAX (self->end, self->writer.start);
  trace_tracks_finish (self->tracks, self->end);
  draw (self);
}

static void
svg_free (TraceWriter *writer)
{
  TraceSvg *self = (TraceSvg *) writer;

  for (guint i = 0; i < self->bars->len; i++)
    g_free (g_array_index (self->bars, Bar, i).name);
  for (guint i = 0; i < self->ticks->len; i++)
    {
      g_free (g_array_index (self->ticks, Tick, i).name);
      g_free (g_array_index (self->ticks, Tick, i).detail);
    }
  trace_tracks_free (self->tracks);
  g_ptr_array_unref (self->rows);
  g_array_unref (self->bars);
  g_array_unref (self->ticks);
  g_hash_table_unref (self->arrows);
  g_free (self);
}

TraceWriter *
trace_svg_new (void)
{
  TraceSvg *self = g_new0 (TraceSvg, 1);

  self->writer = (TraceWriter) { .event = event, .finish = finish, .free = svg_free };
  self->tracks = trace_tracks_new (&svg_painter, self);
  self->rows = g_ptr_array_new_with_free_func (row_free);
  self->bars = g_array_new (FALSE, FALSE, sizeof (Bar));
  self->ticks = g_array_new (FALSE, FALSE, sizeof (Tick));
  self->arrows = g_hash_table_new_full (g_int64_hash, g_int64_equal, g_free, g_free);
  return &self->writer;
}
