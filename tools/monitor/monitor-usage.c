/* SPDX-License-Identifier: LGPL-2.1-or-later */

/* Thread: MAIN, but for what ends in _in_thread.
 *
 * All of /proc is read once, however many commands there are, and each process goes to the command
 * that it descends from; to the one whose process group it is in, if its parent has ended. The pid
 * of a command that has ended may be somebody else's now, so what it has left behind is asked of
 * the library.
 */

#include "config.h"

#include "monitor-usage.h"

#include <stdio.h>
#include <string.h>
#include <unistd.h>

static void
entry_free (gpointer data)
{
  MonitorUsageEntry *self = data;

  g_free (self->name);
  g_free (self);
}

void
monitor_usage_free (MonitorUsage *self)
{
  /* GPtrArray frees also what was stolen from it. */
  if (self == NULL)
    return;

  g_ptr_array_unref (self->entries);
  g_free (self);
}

/* ---- the table of processes */

typedef struct
{
  MonitorUsageEntry *entry;
  GPid group;
  gboolean looked_at;
  MonitorUsage *usage; /* of whom it belongs to, once looked at; or NULL */
} Row;

static void
row_free (gpointer data)
{
  Row *self = data;

  g_clear_pointer (&self->entry, entry_free);
  g_free (self);
}

/* NULL if the process has ended. See proc(5) for the fields. */
static Row *
read_row_in_thread (GPid pid)
{
  g_autofree char *path = g_strdup_printf ("/proc/%d/stat", (int) pid);
  g_autofree char *stat = NULL;
  char *name;
  char *fields;
  char state;
  int parent;
  int group;
  unsigned long user;
  unsigned long system;
  long children_user;
  long children_system;
  long pages;
  Row *self;

  if (!g_file_get_contents (path, &stat, NULL, NULL))
    return NULL;
  /* The name is in parentheses and may itself contain some. */
  name = strchr (stat, '(');
  fields = strrchr (stat, ')');
  if (name == NULL || fields == NULL ||
      sscanf (fields + 1,
              " %c %d %d %*d %*d %*d %*u %*u %*u %*u %*u %lu %lu %ld %ld"
              " %*d %*d %*d %*d %*u %*u %ld",
              &state, &parent, &group, &user, &system, &children_user, &children_system,
              &pages) != 8 ||
      state == 'Z' || state == 'X')
    return NULL;

  self = g_new0 (Row, 1);
  self->group = group;
  self->entry = g_new0 (MonitorUsageEntry, 1);
  self->entry->pid = pid;
  self->entry->parent = parent;
  self->entry->name = g_utf8_make_valid (name + 1, fields - name - 1);
  self->entry->cpu_seconds =
    ((double) user + (double) system + (double) children_user + (double) children_system) /
    (double) sysconf (_SC_CLK_TCK);
  self->entry->memory = (guint64) MAX (0, pages) * (guint64) sysconf (_SC_PAGESIZE);
  return self;
}

static GHashTable *
read_table_in_thread (void)
{
  GHashTable *table = g_hash_table_new_full (NULL, NULL, NULL, row_free);
  g_autoptr(GDir) proc = g_dir_open ("/proc", 0, NULL);
  const char *name;

  while (proc != NULL && (name = g_dir_read_name (proc)) != NULL)
    {
      GPid pid = (GPid) g_ascii_strtoull (name, NULL, 10);
      Row *row = pid > 0 ? read_row_in_thread (pid) : NULL;

      if (row != NULL)
        g_hash_table_insert (table, GINT_TO_POINTER (pid), row);
    }
  return table;
}

/* Whose processes go to @usage. */
static void
add_roots_in_thread (GHashTable     *usages,
                     MonitorUsage   *usage,
                     ProctorProcess *process)
{
  g_autoptr(GPtrArray) left = NULL;

  if (!proctor_process_get_returncode (process, NULL))
    {
      g_hash_table_insert (usages, GINT_TO_POINTER (proctor_process_get_pid (process)), usage);
      return;
    }

  left = proctor_process_list_descendants (process, NULL);
  for (guint i = 0; left != NULL && i < left->len; i++)
    g_hash_table_insert (usages, GINT_TO_POINTER (proctor_descendant_get_pid (left->pdata[i])),
                         usage);
}

/* Whose @row is; @usages are by pid. */
static MonitorUsage *
find_usage_in_thread (GHashTable *table,
                      GHashTable *usages,
                      Row        *row)
{
  Row *parent;

  if (row->looked_at)
    return row->usage;

  /* First, so that parents that are read at different times cannot make a circle. */
  row->looked_at = TRUE;
  row->usage = g_hash_table_lookup (usages, GINT_TO_POINTER (row->entry->pid));
  if (row->usage == NULL)
    row->usage = g_hash_table_lookup (usages, GINT_TO_POINTER (row->group));
  parent = g_hash_table_lookup (table, GINT_TO_POINTER (row->entry->parent));
  if (row->usage == NULL && parent != NULL)
    row->usage = find_usage_in_thread (table, usages, parent);
  return row->usage;
}

static void
read_in_thread (GTask        *task,
                gpointer      source,
                gpointer      task_data,
                GCancellable *cancellable)
{
  GPtrArray *processes = task_data;
  g_autoptr(GHashTable) table = read_table_in_thread ();
  g_autoptr(GHashTable) by_pid = g_hash_table_new (NULL, NULL);
  g_autoptr(GPtrArray) usages =
    g_ptr_array_new_with_free_func ((GDestroyNotify) monitor_usage_free);
  GHashTableIter iter;
  gpointer row;

  for (guint i = 0; i < processes->len; i++)
    {
      MonitorUsage *usage = g_new0 (MonitorUsage, 1);

      usage->entries = g_ptr_array_new_with_free_func (entry_free);
      g_ptr_array_add (usages, usage);
      add_roots_in_thread (by_pid, usage, processes->pdata[i]);
    }

  g_hash_table_iter_init (&iter, table);
  while (g_hash_table_iter_next (&iter, NULL, &row))
    {
      MonitorUsageEntry *entry = ((Row *) row)->entry;
      MonitorUsage *usage = find_usage_in_thread (table, by_pid, row);

      if (usage == NULL)
        continue;
      usage->cpu_seconds += entry->cpu_seconds;
      usage->memory += entry->memory;
      g_ptr_array_add (usage->entries, entry);
    }
  /* Those that were added are the usages' now; the walk above needed them until its end. */
  g_hash_table_iter_init (&iter, table);
  while (g_hash_table_iter_next (&iter, NULL, &row))
    if (((Row *) row)->usage != NULL)
      ((Row *) row)->entry = NULL;

  g_task_return_pointer (task, g_steal_pointer (&usages), (GDestroyNotify) g_ptr_array_unref);
}

void
monitor_usage_read_async (GPtrArray           *processes,
                          GAsyncReadyCallback  callback,
                          gpointer             user_data)
{
  g_autoptr(GTask) task = g_task_new (NULL, NULL, callback, user_data);

  g_task_set_task_data (task, g_ptr_array_ref (processes), (GDestroyNotify) g_ptr_array_unref);
  g_task_run_in_thread (task, read_in_thread);
}

GPtrArray *
monitor_usage_read_finish (GAsyncResult *result)
{
  return g_task_propagate_pointer (G_TASK (result), NULL);
}
