/* A line per step of a process, as it happens, and one more with its durations when it is over.
 *
 * SPDX-License-Identifier: LGPL-2.1-or-later
 */

/* Thread: one at a time, see trace-writer.h. */

#include "config.h"

#include "trace/trace-writer.h"

#define BOLD "\033[1m"
#define DIM "\033[2m"
#define RED "\033[31m"
#define GREEN "\033[32m"
#define YELLOW "\033[33m"
#define CYAN "\033[36m"
#define PLAIN "\033[0m"

/* The moments of a process that its durations are made of; 0: not yet. */
typedef struct
{
  gint64 last;
  gint64 asked;
  gint64 queued;
  gint64 spawning;
  gint64 spawned;
  gint64 reaped;
  guint n_answers_due;
  gboolean released;
} TextProcess;

typedef struct
{
  TraceWriter writer;
  gboolean coloured;
  gboolean has_header;
  GHashTable *processes; /* number → owned TextProcess */
} TraceText;

static const char *
colour_of (TraceText *self,
           TraceStep  step)
{
  if (!self->coloured)
    return "";

  switch ((int) step)
    {
    case TRACE_COMMAND:
      return BOLD;
    case TRACE_SPAWN_FAILED:
    case TRACE_LOST:
      return RED;
    case TRACE_SIGNAL:
    case TRACE_PAUSE:
      return YELLOW;
    case TRACE_SPAWN_END:
    case TRACE_REAPED:
    case TRACE_DELIVERED:
      return GREEN;
    case TRACE_FIRST_INPUT:
    case TRACE_FIRST_OUTPUT:
    case TRACE_RESUME:
    case TRACE_EOF:
      return CYAN;
    default:
      return "";
    }
}

static double
to_ms (gint64 nanoseconds)
{
  return (double) nanoseconds / 1e6;
}

static void
print_header (TraceText *self)
{
  if (self->has_header)
    return;

  self->has_header = TRUE;
  g_string_append_printf (self->writer.out, "%s%12s %11s  %-6s %-15s  %-14s %s%s\n",
                          self->coloured ? BOLD : "", "TIME ms", "SINCE ms", "PROC", "THREAD",
                          "STEP", "DETAIL", self->coloured ? PLAIN : "");
}

static void
add_duration (GString    *line,
              const char *what,
              gint64      from,
              gint64      to)
{
  if (from != 0 && to >= from)
    g_string_append_printf (line, "%s%s %.3f", line->len > 0 ? ", " : "", what, to_ms (to - from));
}

static void
print_durations (TraceText   *self,
                 guint32      number,
                 TextProcess *process)
{
  g_autoptr(GString) line = g_string_new (NULL);
  g_autofree char *label = g_strdup_printf ("#%u", number);

  add_duration (line, "asked", process->asked, process->queued);
  add_duration (line, "queued", process->queued, process->spawning);
  add_duration (line, "spawned", process->spawning, process->spawned);
  add_duration (line, "ran", process->spawned, process->reaped);
  add_duration (line, "told", process->reaped, process->last);
  add_duration (line, "all", process->asked, process->last);
  g_string_append_printf (self->writer.out, "%s%12.3f %11s  %-6s %-15s  %-14s %s%s\n",
                          self->coloured ? DIM : "", to_ms (process->last - self->writer.start),
                          "=", label, "", "durations ms", line->str, self->coloured ? PLAIN : "");
}

static void
note_step (TextProcess       *process,
           const TraceRecord *record)
{
  switch ((int) record->step)
    {
    case TRACE_COMMAND:
      process->asked = record->time;
      break;
    case TRACE_QUEUED:
      process->queued = record->time;
      break;
    case TRACE_SPAWN_BEGIN:
      process->spawning = record->time;
      break;
    case TRACE_SPAWN_END:
      process->spawned = record->time;
      break;
    case TRACE_REAPED:
      process->reaped = record->time;
      break;
    case TRACE_ANSWERED:
      process->n_answers_due++;
      break;
    case TRACE_DELIVERED:
      process->n_answers_due -= process->n_answers_due > 0 ? 1 : 0;
      break;
    case TRACE_RELEASED:
      process->released = TRUE;
      break;
    default:
      break;
    }
  process->last = record->time;
}

static TextProcess *
get_process (TraceText *self,
             guint32    number)
{
  TextProcess *process = g_hash_table_lookup (self->processes, GUINT_TO_POINTER (number));

  if (process == NULL)
    {
      process = g_new0 (TextProcess, 1);
      g_hash_table_insert (self->processes, GUINT_TO_POINTER (number), process);
    }
  return process;
}

/* What a command or an error says may have several lines, and characters that a terminal obeys. */
static void
append_detail (GString    *out,
               const char *detail)
{
  for (const char *c = detail; *c != '\0'; c++)
    g_string_append_c (out, (guint8) *c < 0x20 || *c == 0x7F ? ' ' : *c);
}

static void
print_step (TraceText        *self,
            const TraceEvent *event,
            gint64            since)
{
  const TraceRecord *record = &event->record;
  g_autofree char *detail = trace_record_describe (record, event->text);
  g_autofree char *label =
    record->process != 0 ? g_strdup_printf ("#%u", record->process) : g_strdup ("-");
  g_autofree char *since_text =
    since >= 0 ? g_strdup_printf ("+%.3f", to_ms (since)) : g_strdup ("");
  const char *colour = colour_of (self, record->step);
  gsize end;

  g_string_append_printf (self->writer.out, "%12.3f %11s  %-6s %-15s  %s%-14s%s ",
                          to_ms (record->time - self->writer.start), since_text, label,
                          event->thread != NULL ? event->thread->name : "-", colour,
                          trace_step_get_name (record->step), *colour != '\0' ? PLAIN : "");
  if (detail != NULL)
    append_detail (self->writer.out, detail);

  for (end = self->writer.out->len; self->writer.out->str[end - 1] == ' '; end--)
    ;
  g_string_truncate (self->writer.out, end);
  g_string_append_c (self->writer.out, '\n');
}

static void
event (TraceWriter      *writer,
       const TraceEvent *event)
{
  TraceText *self = (TraceText *) writer;
  const TraceRecord *record = &event->record;
  TextProcess *process;
  gint64 since = -1;

  if (!trace_step_is_of_process (record->step) && record->step != TRACE_LOST)
    return;

  print_header (self);
  if (record->process == 0)
    {
      print_step (self, event, since);
      return;
    }

  process = get_process (self, record->process);
  if (process->last != 0)
    since = MAX (0, record->time - process->last);
  note_step (process, record);
  print_step (self, event, since);
  if (process->released && process->n_answers_due == 0)
    {
      print_durations (self, record->process, process);
      g_hash_table_remove (self->processes, GUINT_TO_POINTER (record->process));
    }
}

static int
compare_numbers (gconstpointer a,
                 gconstpointer b)
{
  guint left = GPOINTER_TO_UINT (a);
  guint right = GPOINTER_TO_UINT (b);

  return (left > right) - (left < right);
}

/* Those that are not over have durations, too. */
static void
finish (TraceWriter *writer,
        gint64       time)
{
  TraceText *self = (TraceText *) writer;
  g_autoptr(GList) numbers =
    g_list_sort (g_hash_table_get_keys (self->processes), compare_numbers);

  for (GList *link = numbers; link != NULL; link = link->next)
    print_durations (self, GPOINTER_TO_UINT (link->data),
                     g_hash_table_lookup (self->processes, link->data));
  g_hash_table_remove_all (self->processes);
}

static void
text_free (TraceWriter *writer)
{
  TraceText *self = (TraceText *) writer;

  g_hash_table_unref (self->processes);
  g_free (self);
}

TraceWriter *
trace_text_new (gboolean coloured)
{
  TraceText *self = g_new0 (TraceText, 1);

  self->writer = (TraceWriter) { .event = event, .finish = finish, .free = text_free };
  self->coloured = coloured;
  self->processes = g_hash_table_new_full (NULL, NULL, NULL, g_free);
  return &self->writer;
}
