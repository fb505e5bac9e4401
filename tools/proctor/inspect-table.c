/* SPDX-License-Identifier: LGPL-2.1-or-later */

/* Thread: MAIN. */

#include "config.h"

#include "inspect-table.h"

#include <string.h>

#include <glib/gi18n.h>

#include "base/signal-name.h"
#include "inspect-text.h"
#include "tool-table.h"
#include "tool.h"

/* From this on it is worth a colour. */
#define LONG_TIME (1 * G_TIME_SPAN_SECOND)

/* ---- processes */

static const char *
get_state_name (const char *state,
                GVariant   *process)
{
  char system_state = *report_get_string (process, "system_state");

  if (!report_get_boolean (process, "answered") && *state == '\0')
    return _("unknown");
  if (strcmp (state, "running") == 0 && system_state == 'Z')
    return _("zombie");
  if (strcmp (state, "running") == 0 && report_get_boolean (process, "stops"))
    return _("stopping");
  if (strcmp (state, "running") == 0 && report_get_boolean (process, "suspended"))
    return _("suspended");
  if (strcmp (state, "queued") == 0)
    return _("queued");
  if (strcmp (state, "starting") == 0)
    return _("starting");
  if (strcmp (state, "running") == 0)
    return _("running");
  if (strcmp (state, "failed") == 0)
    return _("failed");

  return _("exited");
}

static char *
dup_exit (GVariant *process)
{
  gint64 returncode = report_get_number (process, "returncode");

  if (!report_has (process, "returncode"))
    return g_strdup (_("exited"));
  if (returncode < 0)
    return dup_signal_name ((int) -returncode);

  return g_strdup_printf (_("exit %d"), (int) returncode);
}

static void
add_state (ToolTable *table,
           GVariant  *process)
{
  const char *state = report_get_string (process, "state");
  char system_state = *report_get_string (process, "system_state");
  gboolean is_odd = strcmp (state, "running") == 0 &&
                    (system_state == 'Z' || system_state == 'T' || system_state == 't');

  if (strcmp (state, "exited") == 0)
    tool_table_add_take (table, TOOL_COLOR_DIM, dup_exit (process));
  else
    tool_table_add (table, is_odd ? TOOL_COLOR_WARNING : TOOL_COLOR_NONE,
                    get_state_name (state, process));
}

/* "131K", "131K +128K" with what is held, "paused 12 s" or "blocked 12 s", "closed". */
static void
add_pipe (ToolTable  *table,
          GVariant   *process,
          const char *name)
{
  g_autoptr(GVariant) pipe = report_dup_dict (process, name);
  gint64 held = pipe != NULL ? report_get_number (pipe, "held") : 0;
  gint64 since;
  g_autofree char *bytes = NULL;
  GString *text;

  if (pipe == NULL)
    {
      tool_table_add (table, TOOL_COLOR_DIM, "-");
      return;
    }

  bytes = inspect_dup_size (report_get_number (pipe, "bytes"));
  text = g_string_new (bytes);
  if (held > 0)
    {
      g_autofree char *size = inspect_dup_size (held);

      g_string_append_printf (text, " +%s", size);
    }
  since = MAX (report_get_number (pipe, "paused_us"), report_get_number (pipe, "blocked_us"));
  if (!report_get_boolean (pipe, "open"))
    g_string_append_printf (text, " %s", _("closed"));
  if (report_has (pipe, "paused_us") || (report_has (pipe, "blocked_us") && since >= LONG_TIME))
    {
      g_autofree char *duration = inspect_dup_duration (since);
      g_autofree char *what =
        g_strdup_printf (report_has (pipe, "paused_us") ? _("paused %s") : _("blocked %s"),
                         duration);

      g_string_append_printf (text, " %s", what);
    }
  tool_table_add_take (table, since >= LONG_TIME ? TOOL_COLOR_WARNING : TOOL_COLOR_NONE,
                       g_string_free (text, FALSE));
}

static gint64
count_waiters (GVariant *process)
{
  static const char * const names[] = { "stdin", "stdout", "stderr" };
  gint64 n_waiters = report_get_number (process, "waits") +
                     report_get_number (process, "stop_calls") +
                     report_get_boolean (process, "communicates");

  for (guint i = 0; i < G_N_ELEMENTS (names); i++)
    {
      g_autoptr(GVariant) pipe = report_dup_dict (process, names[i]);

      n_waiters += pipe != NULL ? report_get_number (pipe, "waiting") : 0;
    }
  return n_waiters;
}

static void
add_number (ToolTable *table,
            gint64     number)
{
  tool_table_add_take (table, TOOL_COLOR_NONE,
                       g_strdup_printf ("%d", (int) CLAMP (number, 0, G_MAXINT)));
}

static void
add_process (ToolTable *table,
             GVariant  *process)
{
  gboolean answered = report_get_boolean (process, "answered");

  if (report_has (process, "pid"))
    add_number (table, report_get_number (process, "pid"));
  else
    tool_table_add (table, TOOL_COLOR_DIM, "-");
  add_state (table, process);
  tool_table_add_take (table, TOOL_COLOR_NONE,
                       inspect_dup_duration (report_get_number (process, "age_us")));
  add_number (table, report_get_number (process, "worker"));
  if (answered)
    {
      add_pipe (table, process, "stdin");
      add_pipe (table, process, "stdout");
      add_pipe (table, process, "stderr");
      add_number (table, count_waiters (process));
      add_number (table, report_get_number (process, "mailbox"));
    }
  else
    {
      for (guint i = 0; i < 5; i++)
        tool_table_add (table, TOOL_COLOR_DIM, "?");
    }
  tool_table_add (table, TOOL_COLOR_NONE, report_get_string (process, "command"));
}

static char *
dup_processes (GVariant *report,
               gboolean  with_color)
{
  const char *titles[] = { _("PID"),    _("STATE"),  _("AGE"),     _("WORKER"), _("STDIN"),
                           _("STDOUT"), _("STDERR"), _("WAITERS"), _("MAIL"),   _("COMMAND") };
  g_autoptr(ToolTable) table = tool_table_new (G_N_ELEMENTS (titles));
  g_autoptr(GPtrArray) processes = report_dup_dicts (report, "processes");

  if (processes->len == 0)
    return g_strdup ("");

  tool_table_align_right (table, 0);
  tool_table_align_right (table, 2);
  for (guint i = 0; i < G_N_ELEMENTS (titles); i++)
    tool_table_add (table, TOOL_COLOR_BOLD, titles[i]);
  for (guint i = 0; i < processes->len; i++)
    add_process (table, processes->pdata[i]);
  return tool_table_dup (table, with_color);
}

/* ---- workers */

static void
add_worker (ToolTable *table,
            GVariant  *worker)
{
  gint64 counted = report_get_number (worker, "counted_us");
  gint64 load = counted > 0 ? report_get_number (worker, "busy_us") * 100 / counted : 0;
  double longest = (double) report_get_number (worker, "longest_turn_us") / 1000;

  add_number (table, report_get_number (worker, "index"));
  tool_table_add_take (table, TOOL_COLOR_NONE,
                       g_strdup_printf ("%d %%", (int) CLAMP (load, 0, 100)));
  tool_table_add_take (table, TOOL_COLOR_NONE, g_strdup_printf (_("%.1f ms"), longest));
  add_number (table, report_get_number (worker, "processes"));
  if (report_get_boolean (worker, "answered"))
    {
      tool_table_add (table, TOOL_COLOR_NONE, _("yes"));
    }
  else
    {
      g_autofree char *silence = inspect_dup_duration (report_get_number (worker, "silent_us"));

      tool_table_add_take (table, TOOL_COLOR_BAD, g_strdup_printf (_("not for %s"), silence));
    }
}

static char *
dup_workers (GVariant *report,
             gboolean  with_color)
{
  const char *titles[] = {
    _("WORKER"), _("LOAD"), _("LONGEST TURN"), _("PROCESSES"), _("ANSWERS"),
  };
  g_autoptr(ToolTable) table = tool_table_new (G_N_ELEMENTS (titles));
  g_autoptr(GPtrArray) workers = report_dup_dicts (report, "workers");

  if (workers->len == 0)
    return g_strdup ("");

  for (guint i = 0; i < 4; i++)
    tool_table_align_right (table, i);
  for (guint i = 0; i < G_N_ELEMENTS (titles); i++)
    tool_table_add (table, TOOL_COLOR_BOLD, titles[i]);
  for (guint i = 0; i < workers->len; i++)
    add_worker (table, workers->pdata[i]);
  return tool_table_dup (table, with_color);
}

/* ---- the program */

static char *
dup_loop (GVariant *report)
{
  g_autoptr(GVariant) loop = report_dup_dict (report, "main_loop");
  g_autofree char *duration = NULL;
  gint64 silence;

  if (loop == NULL)
    return g_strdup ("");

  silence = report_get_number (loop, "silent_us");
  duration = inspect_dup_duration (silence);
  if (silence < LONG_TIME)
    return g_strdup (_("The main loop runs."));
  if (report_get_boolean (loop, "has_run"))
    return g_strdup_printf (_("The main loop has not run for %s."), duration);

  return g_strdup (_("No main loop has run."));
}

char *
inspect_table_dup (GVariant *report,
                   gboolean  with_color)
{
  g_autofree char *loop = dup_loop (report);
  g_autofree char *processes = dup_processes (report, with_color);
  g_autofree char *workers = dup_workers (report, with_color);
  g_autoptr(GPtrArray) list = report_dup_dicts (report, "processes");
  g_autofree char *count = g_strdup_printf (ngettext ("%d process", "%d processes", list->len),
                                            (int) list->len);
  const char *watcher = report_get_string (report, "watcher");
  g_autofree char *title = g_strdup_printf ("%s (%d): %s", report_get_string (report, "name"),
                                            (int) report_get_number (report, "pid"), count);
  g_autoptr(ToolTable) head = tool_table_new (1);
  g_autofree char *first = NULL;

  tool_table_add (head, TOOL_COLOR_BOLD, title);
  if (*watcher != '\0')
    tool_table_add_take (head, TOOL_COLOR_NONE,
                         g_strdup_printf (_("Exits are noticed by %s. %s"), watcher, loop));
  first = tool_table_dup (head, with_color);
  return g_strconcat (first, *processes != '\0' ? "\n" : "", processes,
                      *workers != '\0' ? "\n" : "", workers, NULL);
}
