/* `proctor doctor`: what this system lets programs do with processes, and what is in the way.
 *
 * SPDX-License-Identifier: LGPL-2.1-or-later
 */

/* Thread: MAIN. */

#include "config.h"

#include <glib/gi18n.h>
#include <proctor/proctor.h>

#include "tool-json.h"
#include "tool-table.h"
#include "tool.h"

#define EXIT_BROKEN 1

enum
{
  COLUMN_STATE,
  COLUMN_NAME,
  COLUMN_SENTENCE,
  N_COLUMNS,
};

static const struct
{
  const char *name; /* for machines, and before it is translated */
  ToolColor color;
} states[] = {
  [PROCTOR_FINDING_GOOD] = { NC_("state", "good"), TOOL_COLOR_GOOD },
  [PROCTOR_FINDING_LIMITED] = { NC_("state", "limited"), TOOL_COLOR_WARNING },
  [PROCTOR_FINDING_BROKEN] = { NC_("state", "broken"), TOOL_COLOR_BAD },
};

static ProctorFindingState
find_worst (GPtrArray *findings)
{
  ProctorFindingState worst = PROCTOR_FINDING_GOOD;

  for (guint i = 0; i < findings->len; i++)
    worst = MAX (worst, proctor_finding_get_state (findings->pdata[i]));

  return worst;
}

static void
print_table (GPtrArray *findings)
{
  g_autoptr(ToolTable) table = tool_table_new (N_COLUMNS);
  g_autofree char *text = NULL;

  for (guint i = 0; i < findings->len; i++)
    {
      const ProctorFinding *finding = findings->pdata[i];
      ProctorFindingState state = proctor_finding_get_state (finding);
      const char *way_out = proctor_finding_get_way_out (finding);

      tool_table_add (table, states[state].color, g_dpgettext2 (NULL, "state", states[state].name));
      tool_table_add (table, TOOL_COLOR_BOLD, proctor_finding_get_name (finding));
      tool_table_add (table, TOOL_COLOR_NONE, proctor_finding_get_sentence (finding));
      if (way_out != NULL)
        tool_table_add_note (table, COLUMN_SENTENCE, TOOL_COLOR_DIM,
                             g_strdup_printf ("→ %s", way_out));
    }

  text = tool_table_dup (table, tool_wants_color ());
  g_print ("%s", text);
}

static void
print_json (GPtrArray *findings)
{
  g_autoptr(JsonBuilder) builder = json_builder_new ();

  json_builder_begin_object (builder);
  tool_json_add_string (builder, "state", states[find_worst (findings)].name);
  json_builder_set_member_name (builder, "findings");
  json_builder_begin_array (builder);
  for (guint i = 0; i < findings->len; i++)
    {
      const ProctorFinding *finding = findings->pdata[i];

      json_builder_begin_object (builder);
      tool_json_add_string (builder, "name", proctor_finding_get_name (finding));
      tool_json_add_string (builder, "state", states[proctor_finding_get_state (finding)].name);
      tool_json_add_string (builder, "sentence", proctor_finding_get_sentence (finding));
      tool_json_add_string (builder, "way_out", proctor_finding_get_way_out (finding));
      json_builder_set_member_name (builder, "values");
      json_builder_add_value (builder,
                              json_gvariant_serialize (proctor_finding_get_values (finding)));
      json_builder_end_object (builder);
    }
  json_builder_end_array (builder);
  json_builder_end_object (builder);
  tool_json_print (builder);
}

int
verb_doctor (int    argc,
             char **argv)
{
  gboolean as_json = FALSE;
  const GOptionEntry entries[] = {
    { "json", 0, 0, G_OPTION_ARG_NONE, &as_json, N_("Print it for machines, with values"), NULL },
    G_OPTION_ENTRY_NULL,
  };
  g_autoptr(GOptionContext) context = g_option_context_new (NULL);
  g_autoptr(GPtrArray) findings = NULL;
  g_autoptr(GError) error = NULL;

  g_option_context_add_main_entries (context, entries, GETTEXT_PACKAGE);
  g_option_context_set_summary (
    context,
    _(
      "Tries out what this system lets programs do with processes, and tells what is in the way."));
  if (!g_option_context_parse (context, &argc, &argv, &error))
    return tool_usage_error ("doctor", error->message);
  if (argc > 1)
    {
      g_autofree char *message = g_strdup_printf (_("“%s” is too much"), argv[1]);

      return tool_usage_error ("doctor", message);
    }

  findings = proctor_diagnose (NULL, &error);
  if (findings == NULL)
    {
      tool_message ("%s", error->message);
      return TOOL_EXIT_TROUBLE;
    }

  if (as_json)
    print_json (findings);
  else
    print_table (findings);
  return find_worst (findings) == PROCTOR_FINDING_BROKEN ? EXIT_BROKEN : 0;
}
