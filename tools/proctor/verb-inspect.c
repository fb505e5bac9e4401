/* `proctor inspect`: looks into running programs that allow it.
 *
 * SPDX-License-Identifier: LGPL-2.1-or-later
 */

/* Thread: MAIN. */

#include "config.h"

#include <locale.h>
#include <string.h>
#include <unistd.h>

#include <glib-unix.h>
#include <glib/gi18n.h>
#include <json-glib/json-glib.h>

#include "inspect-client.h"
#include "inspect-table.h"
#include "inspect-text.h"
#include "inspect-why.h"
#include "tool-table.h"
#include "tool.h"

/* --why has found something. */
#define EXIT_FOUND 1

#define MIN_INTERVAL 0.1
#define MAX_INTERVAL 3600.0

typedef struct
{
  char *program; /* a pid or a name; NULL: all */
  int why;       /* a pid, of a process or a program; 0: not wanted */
  int stop;      /* a pid; 0: not wanted */
  char *signal;  /* "SIGNAL:PID"; NULL: not wanted */
  int signum;
  int signal_pid;
  gboolean follow;
  double interval; /* seconds */
  gboolean json;
} Options;

static void
options_clear (Options *options)
{
  g_free (options->program);
  g_free (options->signal);
}

G_DEFINE_AUTO_CLEANUP_CLEAR_FUNC (Options, options_clear)

/* ---- the command line */

static gboolean
parse_signal (Options *options)
{
  const char *colon = strrchr (options->signal, ':');
  g_autofree char *name =
    colon != NULL ? g_strndup (options->signal, (gsize) (colon - options->signal)) : NULL;
  gint64 pid;

  if (name == NULL || !tool_parse_signal (name, &options->signum) ||
      !g_ascii_string_to_signed (colon + 1, 10, 1, G_MAXINT, &pid, NULL))
    return FALSE;

  options->signal_pid = (int) pid;
  return TRUE;
}

static char *
dup_complaint (Options *options)
{
  int n_actions = (options->why != 0) + (options->stop != 0) + (options->signal != NULL) +
                  options->follow;

  if (n_actions > 1)
    return g_strdup (_("only one of --why, --follow, --signal and --stop can be given"));
  if (options->follow && options->json)
    return g_strdup (_("--follow has no JSON"));
  if (options->why < 0 || options->stop < 0)
    return g_strdup (_("a process has a pid that is greater than 0"));
  if (options->signal != NULL && !parse_signal (options))
    return g_strdup_printf (_("“%s” is no signal and pid, as TERM:1234"), options->signal);
  if (!(options->interval >= MIN_INTERVAL && options->interval <= MAX_INTERVAL))
    return g_strdup (_("--interval takes from 0.1 to 3600 seconds"));

  return NULL;
}

static gboolean
parse (Options   *options,
       int        argc,
       char     **argv,
       int       *exit_code)
{
  g_auto(GStrv) words = NULL;
  const GOptionEntry entries[] = {
    { "why", 'w', 0, G_OPTION_ARG_INT, &options->why,
      N_("Tell what holds the process PID up, or each process of the program PID"), N_("PID") },
    { "follow", 'f', 0, G_OPTION_ARG_NONE, &options->follow,
      N_("Look again and again, as top does"), NULL },
    { "interval", 0, 0, G_OPTION_ARG_DOUBLE, &options->interval,
      N_("With --follow, look every SECONDS (default: 1)"), N_("SECONDS") },
    { "signal", 0, 0, G_OPTION_ARG_STRING, &options->signal,
      N_("Send a signal to a process, as TERM:1234"), N_("SIGNAL:PID") },
    { "stop", 0, 0, G_OPTION_ARG_INT, &options->stop,
      N_("Stop the process PID as its command says, and wait for its end"), N_("PID") },
    { "json", 0, 0, G_OPTION_ARG_NONE, &options->json, N_("Print JSON; times are in microseconds"),
      NULL },
    { G_OPTION_REMAINING, 0, 0, G_OPTION_ARG_STRING_ARRAY, &words, NULL, NULL },
    G_OPTION_ENTRY_NULL,
  };
  g_autoptr(GOptionContext) context = g_option_context_new (_("[PID|NAME]"));
  g_autofree char *description = g_strdup_printf (
    "%s\n\n%s\n%s",
    _("A program that uses the library lets its user look into it when it runs with\n"
      "PROCTOR_INSPECT=1, or calls proctor_inspect_start(). It answers although its main loop or\n"
      "one of the library’s threads hangs. Without PID or NAME all such programs are shown. The\n"
      "exit code is 1 when --why has found something."),
    _("Examples:"),
    "  proctor inspect\n"
    "  proctor inspect --follow my-program\n"
    "  proctor inspect --why 4711\n"
    "  proctor inspect --signal TERM:4711");
  g_autoptr(GError) error = NULL;
  g_autofree char *complaint = NULL;

  g_option_context_add_main_entries (context, entries, GETTEXT_PACKAGE);
  g_option_context_set_summary (context, _("Looks into running programs that allow it."));
  g_option_context_set_description (context, description);
  if (!g_option_context_parse (context, &argc, &argv, &error))
    {
      *exit_code = tool_usage_error ("inspect", error->message);
      return FALSE;
    }

  complaint = words != NULL && words[0] != NULL && words[1] != NULL
              ? g_strdup (_("only one program can be named"))
              : dup_complaint (options);
  if (complaint != NULL)
    {
      *exit_code = tool_usage_error ("inspect", complaint);
      return FALSE;
    }
  if (words != NULL)
    options->program = g_strdup (words[0]);
  return TRUE;
}

/* ---- programs */

static gint64
get_pid (const char *text)
{
  gint64 pid = 0;

  return g_ascii_string_to_signed (text, 10, 1, G_MAXINT, &pid, NULL) ? pid : 0;
}

/* A number may be that of one of its processes. */
static gboolean
has_process (GVariant *report,
             gint64    pid)
{
  g_autoptr(GPtrArray) processes = report_dup_dicts (report, "processes");

  for (guint i = 0; i < processes->len; i++)
    {
      if (report_get_number (processes->pdata[i], "pid") == pid)
        return TRUE;
    }
  return FALSE;
}

static gboolean
is_named (InspectedProgram *program,
          const char       *wanted)
{
  gint64 pid = wanted != NULL ? get_pid (wanted) : 0;

  return wanted == NULL || (pid != 0 ? program->pid == pid
                                     : inspected_program_has_name (program, wanted));
}

/* A program that was looked at. */
typedef struct
{
  InspectedProgram *program; /* borrowed */
  GVariant *report;          /* owned */
} Sight;

static void
sight_clear (gpointer data)
{
  g_variant_unref (((Sight *) data)->report);
}

/* FALSE: it does not answer as it should, which has been said. */
static gboolean
add_sight (GArray           *sights,
           InspectedProgram *program,
           gint64            process)
{
  g_autoptr(GError) error = NULL;
  Sight sight = { program, inspected_program_look (program, &error) };

  if (sight.report == NULL)
    {
      g_autofree char *title = inspected_program_dup_title (program);

      tool_message (_("Could not look into %s: %s"), title, error->message);
      return FALSE;
    }
  if (process == 0 || program->pid == process || has_process (sight.report, process))
    g_array_append_val (sights, sight);
  else
    g_variant_unref (sight.report);
  return TRUE;
}

static void
complain_of_none (const char *wanted,
                  gint64      process)
{
  if (process != 0)
    tool_message (_("no program that can be looked into has a process %d"), (int) process);
  else if (wanted != NULL)
    tool_message (_("there is no program “%s” that can be looked into"), wanted);
  else
    tool_message (_("there is no program that can be looked into: one allows it by "
                    "PROCTOR_INSPECT=1 or proctor_inspect_start()"));
}

/* Those that are meant, looked at: by their own pid or name; where none has that pid, those with
 * such a process. @process, if it is not 0, has to be theirs. Where there is none, that is said.
 */
static GArray *
look_at_programs (GPtrArray  *programs,
                  const char *wanted,
                  gint64      process)
{
  GArray *sights = g_array_new (FALSE, FALSE, sizeof (Sight));
  gboolean found = FALSE;
  gboolean all_answer = TRUE;

  g_array_set_clear_func (sights, sight_clear);
  for (guint i = 0; i < programs->len; i++)
    {
      if (!is_named (programs->pdata[i], wanted))
        continue;
      found = TRUE;
      all_answer &= add_sight (sights, programs->pdata[i], process);
    }

  if (!found && wanted != NULL && get_pid (wanted) != 0)
    {
      for (guint i = 0; i < programs->len; i++)
        all_answer &= add_sight (sights, programs->pdata[i], get_pid (wanted));
    }
  if (sights->len == 0 && all_answer)
    complain_of_none (wanted, process);
  return sights;
}

static GPtrArray *
find_programs (void)
{
  g_autoptr(GError) error = NULL;
  GPtrArray *programs = inspect_client_find_programs (&error);

  if (programs == NULL)
    tool_message (_("Could not look for programs: %s"), error->message);
  return programs;
}

/* ---- what is wanted */

static void
print_json (JsonNode *root)
{
  g_autofree char *text = json_to_string (root, TRUE);

  g_print ("%s\n", text);
  json_node_unref (root);
}

static void
print_reports_as_json (GArray *sights)
{
  JsonArray *programs = json_array_new ();
  JsonObject *object = json_object_new ();
  JsonNode *root = json_node_new (JSON_NODE_OBJECT);

  for (guint i = 0; i < sights->len; i++)
    json_array_add_element (programs,
                            json_gvariant_serialize (g_array_index (sights, Sight, i).report));
  json_object_set_array_member (object, "programs", programs);
  json_node_take_object (root, object);
  print_json (root);
}

static void
print_tables (GArray *sights)
{
  for (guint i = 0; i < sights->len; i++)
    {
      g_autofree char *table =
        inspect_table_dup (g_array_index (sights, Sight, i).report, tool_wants_color ());

      g_print ("%s%s", i > 0 ? "\n" : "", table);
    }
}

static int
show (GPtrArray     *programs,
      const Options *options)
{
  g_autoptr(GArray) sights = NULL;

  /* For a machine it is no trouble that there is none. */
  if (options->json && programs->len == 0)
    sights = g_array_new (FALSE, FALSE, sizeof (Sight));
  else
    sights = look_at_programs (programs, options->program, 0);
  if (sights->len == 0 && (programs->len > 0 || !options->json))
    return TOOL_EXIT_TROUBLE;

  if (options->json)
    print_reports_as_json (sights);
  else
    print_tables (sights);
  return 0;
}

static JsonObject *
explain_as_json (GVariant  *process,
                 GPtrArray *causes)
{
  JsonObject *object = json_object_new ();
  JsonArray *array = json_array_new ();

  for (guint i = 0; i < causes->len; i++)
    {
      const InspectCause *cause = causes->pdata[i];
      JsonObject *entry = json_object_new ();

      json_object_set_string_member (entry, "kind", cause->kind);
      json_object_set_string_member (entry, "text", cause->text);
      json_array_add_object_element (array, entry);
    }
  json_object_set_int_member (object, "pid", report_get_number (process, "pid"));
  json_object_set_string_member (object, "command", report_get_string (process, "command"));
  json_object_set_array_member (object, "causes", array);
  return object;
}

/* One line per cause, after the process. */
static void
explain (GVariant  *process,
         GPtrArray *causes)
{
  g_autoptr(ToolTable) table = tool_table_new (1);
  g_autofree char *text = NULL;
  g_autofree char *activity = NULL;
  g_autofree char *title =
    report_has (process, "pid")
    ? g_strdup_printf ("%d (%s)", (int) report_get_number (process, "pid"),
                       report_get_string (process, "command"))
    : g_strdup (report_get_string (process, "command"));

  for (guint i = 0; i < causes->len; i++)
    tool_table_add_take (table, TOOL_COLOR_WARNING,
                         g_strdup_printf ("%s: %s", title,
                                          ((InspectCause *) causes->pdata[i])->text));
  if (causes->len == 0)
    {
      activity = inspect_dup_activity (process);
      tool_table_add_take (table, TOOL_COLOR_NONE, g_strdup_printf ("%s: %s", title, activity));
    }
  text = tool_table_dup (table, tool_wants_color ());
  g_print ("%s", text);
}

/* Of one program. Whether something was found. */
static gboolean
explain_program (const Sight *sight,
                 int          pid,
                 JsonArray   *json)
{
  g_autoptr(GPtrArray) processes = report_dup_dicts (sight->report, "processes");
  gboolean found = FALSE;

  for (guint i = 0; i < processes->len; i++)
    {
      GVariant *process = processes->pdata[i];
      g_autoptr(GPtrArray) causes = NULL;

      if (sight->program->pid != pid && report_get_number (process, "pid") != pid)
        continue;
      causes = inspect_find_causes (sight->report, process);
      found |= causes->len > 0;
      if (json != NULL)
        json_array_add_object_element (json, explain_as_json (process, causes));
      else
        explain (process, causes);
    }
  return found;
}

static int
tell_why (GPtrArray     *programs,
          const Options *options)
{
  g_autoptr(GArray) sights = look_at_programs (programs, options->program, options->why);
  JsonArray *json = options->json ? json_array_new () : NULL;
  gboolean found = FALSE;

  if (sights->len == 0)
    {
      g_clear_pointer (&json, json_array_unref);
      return TOOL_EXIT_TROUBLE;
    }

  for (guint i = 0; i < sights->len; i++)
    found |= explain_program (&g_array_index (sights, Sight, i), options->why, json);
  if (json != NULL)
    {
      JsonNode *root = json_node_new (JSON_NODE_ARRAY);

      json_node_take_array (root, json);
      print_json (root);
    }
  return found ? EXIT_FOUND : 0;
}

static int
act (GPtrArray     *programs,
     const Options *options)
{
  int pid = options->stop != 0 ? options->stop : options->signal_pid;
  g_autoptr(GArray) sights = look_at_programs (programs, options->program, pid);
  g_autoptr(GError) error = NULL;
  g_autofree char *ending = NULL;
  InspectedProgram *program;

  if (sights->len == 0)
    return TOOL_EXIT_TROUBLE;

  program = g_array_index (sights, Sight, 0).program;
  if (options->stop != 0)
    {
      ending = inspected_program_stop (program, pid, &error);
      if (ending != NULL)
        g_print ("%s\n", ending);
    }
  else
    {
      inspected_program_signal (program, pid, options->signum, &error);
    }
  if (error == NULL)
    return 0;

  tool_message ("%s", error->message);
  return TOOL_EXIT_TROUBLE;
}

/* ---- again and again */

static gboolean
quit_cb (gpointer data)
{
  *(gboolean *) data = TRUE;
  return G_SOURCE_CONTINUE;
}

static gboolean
passed_cb (gpointer data)
{
  *(gboolean *) data = TRUE;
  return G_SOURCE_REMOVE;
}

static gboolean
is_still_there (GPtrArray  *programs,
                const char *wanted)
{
  for (guint i = 0; i < programs->len; i++)
    {
      if (is_named (programs->pdata[i], wanted))
        return TRUE;
    }
  return FALSE;
}

/* In the terminal's own page each look is drawn over the last; elsewhere they follow each other. */
static void
draw (GArray   *sights,
      gboolean  is_terminal)
{
  if (is_terminal)
    g_print ("\033[H\033[2J");
  print_tables (sights);
  if (!is_terminal)
    g_print ("\n");
}

static int
follow (const Options *options)
{
  gboolean is_terminal = isatty (STDOUT_FILENO);
  gboolean quit = FALSE;
  gboolean drawn = FALSE;
  guint on_int = g_unix_signal_add (SIGINT, quit_cb, &quit);
  guint on_term = g_unix_signal_add (SIGTERM, quit_cb, &quit);
  int exit_code = 0;

  while (!quit && exit_code == 0)
    {
      g_autoptr(GPtrArray) programs = find_programs ();
      g_autoptr(GArray) sights = NULL;
      gboolean passed = FALSE;
      guint timer;

      /* That it has ended is no trouble for who has watched it. */
      if (drawn && programs != NULL && !is_still_there (programs, options->program))
        break;
      sights = programs != NULL ? look_at_programs (programs, options->program, 0) : NULL;
      if (sights == NULL || sights->len == 0)
        {
          exit_code = TOOL_EXIT_TROUBLE;
          break;
        }
      draw (sights, is_terminal);
      drawn = TRUE;

      timer = g_timeout_add ((guint) (options->interval * 1000), passed_cb, &passed);
      while (!quit && !passed)
        g_main_context_iteration (NULL, TRUE);
      if (!passed)
        g_source_remove (timer);
    }

  g_source_remove (on_int);
  g_source_remove (on_term);
  return exit_code;
}

int
verb_inspect (int    argc,
              char **argv)
{
  g_auto(Options) options = { .interval = 1 };
  g_autoptr(GPtrArray) programs = NULL;
  int exit_code = 0;

  if (!parse (&options, argc, argv, &exit_code))
    return exit_code;
  if (options.follow)
    return follow (&options);

  programs = find_programs ();
  if (programs == NULL)
    return TOOL_EXIT_TROUBLE;
  if (options.why != 0)
    return tell_why (programs, &options);
  if (options.stop != 0 || options.signal != NULL)
    return act (programs, &options);

  return show (programs, &options);
}
