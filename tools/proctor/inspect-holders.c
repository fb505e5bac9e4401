/* SPDX-License-Identifier: LGPL-2.1-or-later */

/* Thread: ANY. */

#include "config.h"

#include "inspect-holders.h"

#include <sys/stat.h>

#include "base/proc-table.h"

/* The link's own permissions say how the file is open (proc(5)). */
static gboolean
has_open (int         pid,
          const char *file,
          gboolean    reads)
{
  g_autofree char *folder = g_strdup_printf ("/proc/%d/fd", pid);
  g_autoptr(GDir) dir = g_dir_open (folder, 0, NULL);
  const char *name;

  while (dir != NULL && (name = g_dir_read_name (dir)) != NULL)
    {
      g_autofree char *path = g_build_filename (folder, name, NULL);
      g_autofree char *target = g_file_read_link (path, NULL);
      struct stat link;

      if (g_strcmp0 (target, file) == 0 && lstat (path, &link) == 0 &&
          (link.st_mode & (reads ? S_IRUSR : S_IWUSR)) != 0)
        return TRUE;
    }
  return FALSE;
}

char
holders_get_state (int pid)
{
  ProcEntry entry;

  return proc_entry_read (pid, &entry) ? entry.state : '\0';
}

GArray *
holders_find (const char *file,
              gboolean    reads,
              int         program,
              int         process)
{
  g_autoptr(GArray) table = proc_table_read ();
  GArray *holders = g_array_new (FALSE, TRUE, sizeof (Holder));

  for (guint i = 0; table != NULL && i < table->len; i++)
    {
      const ProcEntry *entry = &g_array_index (table, ProcEntry, i);
      Holder holder = { .pid = entry->pid, .kin = HOLDER_DESCENDANT };
      g_autofree char *name = NULL;

      if (entry->pid == program || entry->pid == process || !has_open (entry->pid, file, reads))
        continue;
      /* Who has lost his parents is nobody's child, and whoever adopts him is not this program as a
       * rule.
       */
      if (entry->parent == program)
        holder.kin = HOLDER_CHILD;
      name = g_utf8_make_valid (entry->name, -1);
      g_strlcpy (holder.name, name, sizeof holder.name);
      g_array_append_val (holders, holder);
    }
  return holders;
}
