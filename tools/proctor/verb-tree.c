/* `proctor tree`: what descends from a process, and the pipes between these processes.
 *
 * SPDX-License-Identifier: LGPL-2.1-or-later
 */

/* Thread: MAIN. */

#include "config.h"

#include <errno.h>
#include <string.h>
#include <unistd.h>

#include <glib/gi18n.h>
#include <proctor/proctor.h>

#include "tool-json.h"
#include "tool-table.h"
#include "tool.h"
#include "tree-scan.h"

#define EXIT_NOT_FOUND 1

/* Of the processes outside of the tree that share a pipe with it. */
#define MOST_OUTSIDE 3

static const struct
{
  char letter;
  const char *name; /* for machines, and before it is translated */
  ToolColor color;
} states[] = {
  { 'R', NC_ ("process", "running"), TOOL_COLOR_GOOD },
  { 'S', NC_ ("process", "sleeping"), TOOL_COLOR_NONE },
  { 'D', NC_ ("process", "waiting for a device"), TOOL_COLOR_WARNING },
  { 'T', NC_ ("process", "stopped"), TOOL_COLOR_WARNING },
  { 't', NC_ ("process", "traced"), TOOL_COLOR_WARNING },
  { 'Z', NC_ ("process", "zombie"), TOOL_COLOR_BAD },
  { 'X', NC_ ("process", "dead"), TOOL_COLOR_BAD },
  { 'I', NC_ ("process", "idle"), TOOL_COLOR_NONE },
};

static const char * const kinship_names[] = {
  [TREE_BY_PARENT] = "parent",
  [TREE_BY_SESSION] = "session",
  [TREE_BY_CGROUP] = "cgroup",
};

/* NULL: one that is not known here. */
static const char *
find_state (char       letter,
            ToolColor *ret_color)
{
  for (gsize i = 0; i < G_N_ELEMENTS (states); i++)
    if (states[i].letter == letter)
      {
        *ret_color = states[i].color;
        return states[i].name;
      }

  *ret_color = TOOL_COLOR_NONE;
  return NULL;
}

/* ---- for people */

static char *
quote_command (const TreeProcess *process)
{
  /* As ps(1) shows what has no command line. */
  if (process->command[0] == NULL)
    return g_strdup_printf ("[%s]", process->name);

  return proctor_shell_join ((const char * const *) process->command);
}

/* Whether another process with the same parent follows. */
static gboolean
has_sibling_below (GPtrArray *processes,
                   guint      index,
                   guint      depth)
{
  for (guint i = index + 1; i < processes->len; i++)
    {
      const TreeProcess *other = processes->pdata[i];

      if (other->depth <= depth)
        return other->depth == depth;
    }

  return FALSE;
}

/* The lines that lead to it. */
static char *
draw_branch (GPtrArray *processes,
             guint      index)
{
  const TreeProcess *process = processes->pdata[index];
  GString *branch = g_string_new (NULL);

  for (guint depth = 1; depth < process->depth; depth++)
    g_string_append (branch, has_sibling_below (processes, index, depth) ? "│  " : "   ");
  if (process->depth > 0)
    g_string_append (branch, has_sibling_below (processes, index, process->depth) ? "├─ " : "└─ ");
  return g_string_free (branch, FALSE);
}

static void
add_number (ToolTable *table,
            int        number)
{
  tool_table_add_take (table, TOOL_COLOR_NONE, g_strdup_printf ("%d", number));
}

static void
add_process_row (ToolTable *table,
                 GPtrArray *processes,
                 guint      index)
{
  const TreeProcess *process = processes->pdata[index];
  const ProcEntry *entry = &process->entry;
  g_autofree char *branch = draw_branch (processes, index);
  g_autofree char *command = quote_command (process);
  const char letter[] = { entry->state, '\0' };
  ToolColor color;
  const char *state = find_state (entry->state, &color);

  add_number (table, entry->pid);
  add_number (table, entry->group);
  add_number (table, entry->session);
  tool_table_add (table, color, state != NULL ? g_dpgettext2 (NULL, "process", state) : letter);
  tool_table_add (table, TOOL_COLOR_DIM, process->cgroup != NULL ? process->cgroup : "-");
  tool_table_add_take (table, TOOL_COLOR_NONE, g_strconcat (branch, command, NULL));
}

static void
print_processes (TreeScan *scan)
{
  g_autoptr(ToolTable) table = tool_table_new (6);
  g_autofree char *text = NULL;

  for (guint column = 0; column < 3; column++)
    tool_table_align_right (table, column);
  tool_table_add (table, TOOL_COLOR_BOLD, _("PID"));
  tool_table_add (table, TOOL_COLOR_BOLD, _("GROUP"));
  tool_table_add (table, TOOL_COLOR_BOLD, _("SESSION"));
  tool_table_add (table, TOOL_COLOR_BOLD, _("STATE"));
  tool_table_add (table, TOOL_COLOR_BOLD, _("CGROUP"));
  tool_table_add (table, TOOL_COLOR_BOLD, _("COMMAND"));
  for (guint i = 0; i < scan->processes->len; i++)
    add_process_row (table, scan->processes, i);

  text = tool_table_dup (table, tool_wants_color ());
  g_print ("%s", text);
}

/* Those of one process follow each other. Processes outside of the tree are in parentheses; of many
 * only the first are named.
 */
static char *
describe_ends (GArray *ends)
{
  static const char * const names[] = { "stdin", "stdout", "stderr" };
  GString *text = g_string_new (NULL);
  guint n_outside = 0;

  for (guint i = 0; i < ends->len; i++)
    {
      const TreePipeEnd *end = &g_array_index (ends, TreePipeEnd, i);
      gboolean is_other = i == 0 || (end - 1)->pid != end->pid;

      n_outside += is_other && !end->in_tree;
      if (n_outside > MOST_OUTSIDE && !end->in_tree)
        continue;
      if (is_other)
        g_string_append_printf (text, end->in_tree ? "%s%d" : "%s(%d)", i > 0 ? ", " : "",
                                (int) end->pid);
      if (end->fd <= STDERR_FILENO)
        g_string_append_printf (text, " %s", names[end->fd]);
      else
        g_string_append_printf (text, " fd %d", end->fd);
    }

  if (n_outside > MOST_OUTSIDE)
    g_string_append_printf (text, ", (+%u)", n_outside - MOST_OUTSIDE);
  return g_string_free (text, FALSE);
}

/* What nobody holds who may be seen. */
static void
add_ends (ToolTable *table,
          GArray    *ends)
{
  if (ends->len > 0)
    tool_table_add_take (table, TOOL_COLOR_NONE, describe_ends (ends));
  else
    tool_table_add (table, TOOL_COLOR_WARNING, _("nobody"));
}

static void
print_pipes (TreeScan *scan)
{
  g_autoptr(ToolTable) table = tool_table_new (3);
  g_autofree char *text = NULL;

  if (scan->pipes->len == 0)
    return;

  tool_table_add (table, TOOL_COLOR_BOLD, _("PIPE"));
  tool_table_add (table, TOOL_COLOR_BOLD, _("WRITTEN BY"));
  tool_table_add (table, TOOL_COLOR_BOLD, _("READ BY"));
  for (guint i = 0; i < scan->pipes->len; i++)
    {
      const TreePipe *pipe = scan->pipes->pdata[i];

      tool_table_add_take (table, TOOL_COLOR_NONE,
                           pipe->path != NULL
                             ? g_strdup (pipe->path)
                             : g_strdup_printf ("%" G_GUINT64_FORMAT, pipe->inode));
      add_ends (table, pipe->writers);
      add_ends (table, pipe->readers);
    }

  text = tool_table_dup (table, tool_wants_color ());
  g_print ("\n%s", text);
}

/* A process that has ended meanwhile has none, which is nothing to tell. */
static guint
count_hidden (TreeScan *scan)
{
  guint n = 0;

  for (guint i = 0; i < scan->processes->len; i++)
    {
      int error = ((TreeProcess *) scan->processes->pdata[i])->files_error;

      n += error != 0 && error != ENOENT && error != ESRCH;
    }

  return n;
}

static void
print_table (TreeScan *scan)
{
  guint n_hidden = count_hidden (scan);

  print_processes (scan);
  print_pipes (scan);
  if (n_hidden > 0)
    tool_message (g_dngettext (NULL, "the pipes of %u process may not be looked at",
                               "the pipes of %u processes may not be looked at", n_hidden),
                  n_hidden);
}

/* ---- for machines */

static void
add_process (JsonBuilder       *builder,
             const TreeProcess *process)
{
  const ProcEntry *entry = &process->entry;
  const char letter[] = { entry->state, '\0' };
  ToolColor color;
  const char *state = find_state (entry->state, &color);

  json_builder_begin_object (builder);
  tool_json_add_int (builder, "pid", entry->pid);
  tool_json_add_int (builder, "parent", entry->parent);
  tool_json_add_int (builder, "depth", process->depth);
  tool_json_add_string (builder, "found_by", kinship_names[process->kinship]);
  tool_json_add_string (builder, "state", state != NULL ? state : letter);
  tool_json_add_int (builder, "group", entry->group);
  tool_json_add_int (builder, "session", entry->session);
  tool_json_add_string (builder, "cgroup", process->cgroup);
  tool_json_add_string (builder, "name", process->name);
  json_builder_set_member_name (builder, "command");
  json_builder_begin_array (builder);
  for (guint i = 0; process->command[i] != NULL; i++)
    json_builder_add_string_value (builder, process->command[i]);
  json_builder_end_array (builder);
  tool_json_add_boolean (builder, "files_readable", process->files_error == 0);
  json_builder_end_object (builder);
}

static void
add_pipe_ends (JsonBuilder *builder,
               const char  *name,
               GArray      *ends)
{
  json_builder_set_member_name (builder, name);
  json_builder_begin_array (builder);
  for (guint i = 0; i < ends->len; i++)
    {
      const TreePipeEnd *end = &g_array_index (ends, TreePipeEnd, i);

      json_builder_begin_object (builder);
      tool_json_add_int (builder, "pid", end->pid);
      tool_json_add_int (builder, "fd", end->fd);
      tool_json_add_boolean (builder, "in_tree", end->in_tree);
      json_builder_end_object (builder);
    }
  json_builder_end_array (builder);
}

static void
print_json (TreeScan *scan)
{
  g_autoptr(JsonBuilder) builder = json_builder_new ();

  json_builder_begin_object (builder);
  json_builder_set_member_name (builder, "processes");
  json_builder_begin_array (builder);
  for (guint i = 0; i < scan->processes->len; i++)
    add_process (builder, scan->processes->pdata[i]);
  json_builder_end_array (builder);
  json_builder_set_member_name (builder, "pipes");
  json_builder_begin_array (builder);
  for (guint i = 0; i < scan->pipes->len; i++)
    {
      const TreePipe *pipe = scan->pipes->pdata[i];

      json_builder_begin_object (builder);
      tool_json_add_int (builder, "inode", (gint64) pipe->inode);
      tool_json_add_string (builder, "path", pipe->path);
      add_pipe_ends (builder, "writers", pipe->writers);
      add_pipe_ends (builder, "readers", pipe->readers);
      json_builder_end_object (builder);
    }
  json_builder_end_array (builder);
  json_builder_end_object (builder);
  tool_json_print (builder);
}

/* ---- the verb */

static char *
dup_complaint (int     argc,
               char  **argv,
               pid_t  *ret_root)
{
  gint64 number = 0;

  if (argc < 2)
    return g_strdup (_("a process’s number is missing"));
  if (argc > 2)
    return g_strdup_printf (_("“%s” is too much"), argv[2]);
  if (!g_ascii_string_to_signed (argv[1], 10, 1, G_MAXINT, &number, NULL))
    return g_strdup_printf (_("“%s” is no process’s number"), argv[1]);

  *ret_root = (pid_t) number;
  return NULL;
}

int
verb_tree (int    argc,
           char **argv)
{
  gboolean as_json = FALSE;
  const GOptionEntry entries[] = {
    { "json", 0, 0, G_OPTION_ARG_NONE, &as_json, N_("Print it for machines"), NULL },
    G_OPTION_ENTRY_NULL,
  };
  g_autoptr(GOptionContext) context = g_option_context_new (_("PID"));
  g_autoptr(TreeScan) scan = NULL;
  g_autoptr(GError) error = NULL;
  g_autofree char *complaint = NULL;
  pid_t root = 0;

  g_option_context_add_main_entries (context, entries, GETTEXT_PACKAGE);
  g_option_context_set_summary (context, _("Shows what descends from a process, and the pipes that "
                                           "connect these processes."));
  if (!g_option_context_parse (context, &argc, &argv, &error))
    return tool_usage_error ("tree", error->message);
  complaint = dup_complaint (argc, argv, &root);
  if (complaint != NULL)
    return tool_usage_error ("tree", complaint);

  scan = tree_scan_new (root, &error);
  if (scan == NULL)
    {
      tool_message ("%s", error->message);
      return g_error_matches (error, G_IO_ERROR, G_IO_ERROR_NOT_FOUND) ? EXIT_NOT_FOUND
                                                                       : TOOL_EXIT_TROUBLE;
    }

  if (as_json)
    print_json (scan);
  else
    print_table (scan);
  return 0;
}
