/* SPDX-License-Identifier: LGPL-2.1-or-later */

/* Thread: ANY. */

#include "config.h"

#include "base/proc-table.h"

#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

/* Numbers come first; the line of a process with the longest name fits well. */
#define LONGEST_LINE 2048

/* proc(5): "pid (name) state ppid pgrp …"; the start time is the 22nd field. The name may hold
 * spaces and parentheses, so the fields are counted from its last parenthesis.
 */
gboolean
proc_entry_parse (const char *line,
                  ProcEntry  *entry)
{
  const char *name = strchr (line, '(');
  const char *after_name = strrchr (line, ')');
  ProcEntry parsed = { 0 };
  gsize length;
  int parent;
  int group;
  int session;

  if (name == NULL || after_name == NULL || after_name < name)
    return FALSE;

  parsed.pid = (pid_t) strtol (line, NULL, 10);
  if (sscanf (after_name + 1,
              " %c %d %d %d %*d %*d %*u %*u %*u %*u %*u %*u %*u %*d %*d %*d %*d %*d %*d "
              "%" G_GUINT64_FORMAT,
              &parsed.state, &parent, &group, &session, &parsed.start_time) != 5)
    return FALSE;

  parsed.parent = parent;
  parsed.group = group;
  parsed.session = session;
  length = MIN ((gsize) (after_name - name - 1), sizeof parsed.name - 1);
  memcpy (parsed.name, name + 1, length);
  *entry = parsed;
  return TRUE;
}

static gboolean
read_entry_at (int         proc,
               const char *pid,
               ProcEntry  *entry)
{
  char path[32];
  char line[LONGEST_LINE];
  ssize_t length;
  int fd;

  g_snprintf (path, sizeof path, "%s/stat", pid);
  fd = openat (proc, path, O_RDONLY | O_CLOEXEC);
  if (fd < 0)
    return FALSE;
  length = read (fd, line, sizeof line - 1);
  close (fd);
  if (length <= 0)
    return FALSE;

  line[length] = '\0';
  return proc_entry_parse (line, entry);
}

gboolean
proc_entry_read (pid_t      pid,
                 ProcEntry *entry)
{
  char path[32];

  g_snprintf (path, sizeof path, "/proc/%d", (int) pid);
  return read_entry_at (AT_FDCWD, path, entry);
}

gboolean
proc_entry_is_dead (const ProcEntry *entry)
{
  return entry->state == 'Z' || entry->state == 'X' || entry->state == 'x';
}

GArray *
proc_table_read (void)
{
  DIR *proc = opendir ("/proc");
  struct dirent *file;
  GArray *table;

  if (proc == NULL)
    return NULL;

  table = g_array_new (FALSE, FALSE, sizeof (ProcEntry));
  while ((file = readdir (proc)) != NULL)
    {
      ProcEntry entry;

      if (g_ascii_isdigit (file->d_name[0]) && read_entry_at (dirfd (proc), file->d_name, &entry))
        g_array_append_val (table, entry);
    }
  closedir (proc);

  return table;
}

/* A parent that is younger than its child is another process with the pid of the real one, which
 * ended while the table was read.
 */
static gboolean
is_child_of_marked (const ProcEntry *entry,
                    GHashTable      *marked)
{
  const ProcEntry *parent = g_hash_table_lookup (marked, GINT_TO_POINTER (entry->parent));

  return parent != NULL && parent->start_time <= entry->start_time;
}

/* Once per generation. */
void
proc_table_mark_descendants (GArray *table)
{
  g_autoptr(GHashTable) marked = g_hash_table_new (NULL, NULL);
  gboolean found;

  for (guint i = 0; i < table->len; i++)
    {
      ProcEntry *entry = &g_array_index (table, ProcEntry, i);

      if (entry->marked)
        g_hash_table_insert (marked, GINT_TO_POINTER (entry->pid), entry);
    }

  do
    {
      found = FALSE;
      for (guint i = 0; i < table->len; i++)
        {
          ProcEntry *entry = &g_array_index (table, ProcEntry, i);

          if (entry->marked || !is_child_of_marked (entry, marked))
            continue;
          entry->marked = TRUE;
          g_hash_table_insert (marked, GINT_TO_POINTER (entry->pid), entry);
          found = TRUE;
        }
    }
  while (found);
}
