/* SPDX-License-Identifier: LGPL-2.1-or-later */

/* Thread: ANY. */

#include "config.h"

#include "inspect-holders.h"

#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>

#include "process-table.h"

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

static char *
dup_stat (int pid)
{
  g_autofree char *path = g_strdup_printf ("/proc/%d/stat", pid);
  char *line;

  return g_file_get_contents (path, &line, NULL, NULL) ? line : NULL;
}

char
holders_get_state (int pid)
{
  g_autofree char *line = dup_stat (pid);
  const char *after_name = line != NULL ? strrchr (line, ')') : NULL;

  return after_name != NULL && after_name[1] == ' ' ? after_name[2] : '\0';
}

static void
fill_name (Holder *holder)
{
  g_autofree char *line = dup_stat (holder->pid);
  const char *name = line != NULL ? strchr (line, '(') : NULL;
  const char *end = line != NULL ? strrchr (line, ')') : NULL;
  g_autofree char *copy = NULL;
  g_autofree char *valid = NULL;

  if (name == NULL || end == NULL || end < name)
    return;
  copy = g_strndup (name + 1, (gsize) (end - name - 1));
  valid = g_utf8_make_valid (copy, -1);
  g_strlcpy (holder->name, valid, sizeof holder->name);
}

GArray *
holders_find (const char *file,
              gboolean    reads,
              int         program,
              int         process)
{
  g_autoptr(GArray) table = process_table_read ();
  GArray *holders = g_array_new (FALSE, TRUE, sizeof (Holder));

  for (guint i = 0; i < table->len; i++)
    {
      const ProcessEntry *entry = &g_array_index (table, ProcessEntry, i);
      Holder holder = { .pid = entry->pid, .kin = HOLDER_DESCENDANT };

      if (entry->pid == program || entry->pid == process || !has_open (entry->pid, file, reads))
        continue;
      /* Who has lost his parents is nobody's child, and whoever adopts him is not this program as a
       * rule.
       */
      if (entry->parent == program)
        holder.kin = HOLDER_CHILD;
      fill_name (&holder);
      g_array_append_val (holders, holder);
    }
  return holders;
}
