/* `proctor trace`: runs commands as `proctor run` does, and records every step.
 *
 * SPDX-License-Identifier: LGPL-2.1-or-later
 */

/* Thread: MAIN. */

#include "config.h"

#include <string.h>

#include <glib/gi18n.h>

#include <proctor/proctor.h>

#include "run-commands.h"
#include "run-options.h"
#include "tool.h"

static const struct
{
  const char *name;
  ProctorTraceFormat format;
} formats[] = {
  { "text", PROCTOR_TRACE_FORMAT_TEXT },
  { "chrome", PROCTOR_TRACE_FORMAT_CHROME },
  { "svg", PROCTOR_TRACE_FORMAT_SVG },
};

typedef struct
{
  char *format_name; /* NULL: by the name of the file */
  char *path;        /* NULL: stderr */
  ProctorTraceFormat format;
} TraceOptions;

static void
trace_options_clear (TraceOptions *options)
{
  g_free (options->format_name);
  g_free (options->path);
}

G_DEFINE_AUTO_CLEANUP_CLEAR_FUNC (TraceOptions, trace_options_clear)

static gboolean
find_format (TraceOptions *options)
{
  if (options->format_name == NULL)
    return TRUE;

  for (gsize i = 0; i < G_N_ELEMENTS (formats); i++)
    {
      if (strcmp (options->format_name, formats[i].name) == 0)
        {
          options->format = formats[i].format;
          return TRUE;
        }
    }
  return FALSE;
}

static char *
dup_complaint (TraceOptions *options)
{
  if (!find_format (options))
    return g_strdup_printf (_("“%s” is no format; there are text, chrome and svg"),
                            options->format_name);
  /* A picture in the middle of messages is of no use. */
  if (options->path == NULL && options->format != PROCTOR_TRACE_FORMAT_AUTO &&
      options->format != PROCTOR_TRACE_FORMAT_TEXT)
    return g_strdup_printf (_("--format %s wants --output FILE"), options->format_name);

  return NULL;
}

static RunOptions *
parse (int            argc,
       char         **argv,
       TraceOptions  *options,
       int           *exit_code)
{
  const GOptionEntry entries[] = {
    { "format", 0, 0, G_OPTION_ARG_STRING, &options->format_name,
      N_("text, chrome or svg (default: by the name of the output, else text)"), N_("FORMAT") },
    { "output", 'o', 0, G_OPTION_ARG_FILENAME, &options->path,
      N_("Write the trace to FILE (default: to stderr)"), N_("FILE") },
    G_OPTION_ENTRY_NULL,
  };
  g_autofree char *description = g_strdup_printf (
    "%s\n\n%s\n%s",
    _("The commands run, and the program ends, as with “proctor run --capture”, whose options all\n"
      "can be given. The trace goes to a file or to stderr: each step with its time, the thread it\n"
      "was in, and the time since the step before. chrome is for Perfetto and chrome://tracing,\n"
      "svg is a picture."),
    _("Examples:"),
    "  proctor trace ls -l /tmp\n"
    "  proctor trace --output trace.json --shell 'ls /zzz' 'sleep 1; echo hello'\n"
    "  proctor trace --format svg --output trace.svg --jobs 4 --from commands.txt");
  const RunVerb verb = {
    .name = "trace",
    .summary = _("Runs commands, and tells where their time goes."),
    .description = description,
    .entries = entries,
    .captures = TRUE,
  };
  g_autoptr(RunOptions) run_options = run_options_parse (&verb, argc, argv, exit_code);
  g_autofree char *complaint = NULL;

  if (run_options == NULL)
    return NULL;

  complaint = dup_complaint (options);
  if (complaint != NULL)
    {
      *exit_code = tool_usage_error (verb.name, complaint);
      return NULL;
    }
  return g_steal_pointer (&run_options);
}

int
verb_trace (int    argc,
            char **argv)
{
  g_auto(TraceOptions) options = { .format = PROCTOR_TRACE_FORMAT_AUTO };
  g_autoptr(RunOptions) run_options = NULL;
  g_autoptr(GError) error = NULL;
  int exit_code = 0;

  run_options = parse (argc, argv, &options, &exit_code);
  if (run_options == NULL || run_options->commands->len == 0)
    return exit_code;

  if (!proctor_trace_start (options.path != NULL ? options.path : "-", options.format, &error))
    {
      tool_message ("%s", error->message);
      return TOOL_EXIT_TROUBLE;
    }

  exit_code = run_commands (run_options);
  /* What is on its way yet belongs to the picture. What was left behind is let alone. */
  proctor_shutdown (PROCTOR_SHUTDOWN_DETACH, NULL, NULL);
  if (!proctor_trace_stop (&error))
    {
      tool_message ("%s", error->message);
      return exit_code != 0 ? exit_code : TOOL_EXIT_TROUBLE;
    }

  return exit_code;
}
