/* SPDX-License-Identifier: LGPL-2.1-or-later */

/* Thread: ANY. */

#include "config.h"

#include "inspect-holders.h"

#include "base/proc-table.h"
#include "proc-files.h"

typedef struct
{
  const char *name;
  gboolean reads;
  gboolean found;
} WantedFile;

static gboolean
is_other_file (const ProcFile *file,
               gpointer        data)
{
  WantedFile *wanted = data;
  g_autofree char *target = proc_file_dup_target (file);
  gboolean reads;
  gboolean writes;

  if (g_strcmp0 (target, wanted->name) == 0 && proc_file_get_access (file, &reads, &writes))
    wanted->found = wanted->reads ? reads : writes;
  return !wanted->found;
}

static gboolean
has_open (int         pid,
          const char *file,
          gboolean    reads)
{
  WantedFile wanted = { .name = file, .reads = reads };

  proc_files_list (pid, is_other_file, &wanted);
  return wanted.found;
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
