/* SPDX-License-Identifier: LGPL-2.1-or-later */

/* Thread: ANY. */

#include "config.h"

#include "process-table.h"

#include <stdlib.h>
#include <string.h>

/* proc(5): "pid (name) state ppid …", and the start time is the 22nd field. The name may hold
 * spaces and parentheses, so the fields are counted from its last parenthesis.
 */
enum
{
  FIELD_STATE,
  FIELD_PARENT = FIELD_STATE + 1,
  FIELD_START_TIME = FIELD_STATE + 19,
};

gboolean
process_entry_parse (const char   *line,
                     ProcessEntry *entry)
{
  const char *after_name = strrchr (line, ')');
  g_auto(GStrv) fields = NULL;

  if (after_name == NULL || after_name[1] != ' ')
    return FALSE;
  fields = g_strsplit (after_name + 2, " ", FIELD_START_TIME + 2);
  if (g_strv_length (fields) <= FIELD_START_TIME)
    return FALSE;

  entry->pid = strtol (line, NULL, 10);
  entry->parent = strtol (fields[FIELD_PARENT], NULL, 10);
  entry->start_time = g_ascii_strtoull (fields[FIELD_START_TIME], NULL, 10);

  return TRUE;
}

GArray *
process_table_read (void)
{
  GArray *table = g_array_new (FALSE, FALSE, sizeof (ProcessEntry));
  g_autoptr(GDir) proc = g_dir_open ("/proc", 0, NULL);
  const char *name;

  while (proc != NULL && (name = g_dir_read_name (proc)) != NULL)
    {
      g_autofree char *path = NULL;
      g_autofree char *line = NULL;
      ProcessEntry entry;

      if (!g_ascii_isdigit (*name))
        continue;
      path = g_build_filename ("/proc", name, "stat", NULL);
      /* A process may end at any moment, also between two reads. */
      if (g_file_get_contents (path, &line, NULL, NULL) && process_entry_parse (line, &entry))
        g_array_append_val (table, entry);
    }

  return table;
}
