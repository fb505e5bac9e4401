/* SPDX-License-Identifier: LGPL-2.1-or-later */

/* Thread: ANY. Processes come and go while this looks at them: what has ended is as it was seen
 * last, or not there.
 */

#include "config.h"

#include "tree-scan.h"

#include <errno.h>
#include <glib/gi18n.h>
#include <stdio.h>
#include <string.h>

#include "proc-files.h"

static void
process_free (gpointer data)
{
  TreeProcess *self = data;

  g_free (self->name);
  g_strfreev (self->command);
  g_free (self->cgroup);
  g_free (self);
}

static void
pipe_free (gpointer data)
{
  TreePipe *self = data;

  g_free (self->path);
  g_array_unref (self->writers);
  g_array_unref (self->readers);
  g_free (self);
}

/* ---- who belongs to it */

/* Everything that is known while the tree is put together. */
typedef struct
{
  GArray *table;       /* of ProcEntry; `marked` is in the tree */
  ProcEntry root;
  GHashTable *members; /* pid → ProcEntry of the table, in the tree */
  GHashTable *kinship; /* pid → TreeKinship */
  GHashTable *cgroups; /* pid → owned path, of all processes that have one */
} Kin;

/* proc(5): the line of version 2 is "0::PATH". */
static char *
read_cgroup (pid_t pid)
{
  g_autofree char *path = g_strdup_printf ("/proc/%d/cgroup", (int) pid);
  g_autofree char *content = NULL;
  g_auto(GStrv) lines = NULL;

  if (!g_file_get_contents (path, &content, NULL, NULL))
    return NULL;

  lines = g_strsplit (content, "\n", -1);
  for (guint i = 0; lines[i] != NULL; i++)
    if (g_str_has_prefix (lines[i], "0::"))
      return g_utf8_make_valid (lines[i] + strlen ("0::"), -1);

  return NULL;
}

/* The library names the cgroup that it makes for a tree after the program that started it. */
static pid_t
find_maker (const char *cgroup)
{
  const char *name = g_strrstr (cgroup, "/proctor-");
  int maker;
  int number;

  if (name == NULL || sscanf (name, "/proctor-%d-%d", &maker, &number) != 2)
    return 0;
  return maker;
}

static void
add_member (Kin         *kin,
            ProcEntry   *entry,
            TreeKinship  kinship)
{
  entry->marked = TRUE;
  g_hash_table_insert (kin->members, GINT_TO_POINTER (entry->pid), entry);
  g_hash_table_insert (kin->kinship, GINT_TO_POINTER (entry->pid), GINT_TO_POINTER (kinship));
}

/* A number that names a parent, a session or a cgroup was given to a process that is older. */
static const ProcEntry *
find_older_member (Kin             *kin,
                   pid_t            pid,
                   const ProcEntry *entry)
{
  const ProcEntry *member = g_hash_table_lookup (kin->members, GINT_TO_POINTER (pid));

  return member != NULL && member->start_time <= entry->start_time ? member : NULL;
}

static gboolean
is_in_session_of_member (Kin             *kin,
                         const ProcEntry *entry)
{
  const ProcEntry *leader = find_older_member (kin, entry->session, entry);

  return leader != NULL && leader->session == leader->pid;
}

/* Whether it is in a cgroup that a program of the tree has made, or that was made for the root. */
static gboolean
is_in_cgroup_of_tree (Kin             *kin,
                      const ProcEntry *entry)
{
  const char *cgroup = g_hash_table_lookup (kin->cgroups, GINT_TO_POINTER (entry->pid));
  pid_t maker = cgroup != NULL ? find_maker (cgroup) : 0;
  const char *of_root;

  if (maker == 0)
    return FALSE;
  if (find_older_member (kin, maker, entry) != NULL)
    return TRUE;

  of_root = g_hash_table_lookup (kin->cgroups, GINT_TO_POINTER (kin->root.pid));
  return maker == kin->root.parent && of_root != NULL && g_str_has_prefix (cgroup, of_root);
}

static gboolean
add_by_other_signs (Kin *kin)
{
  gboolean found = FALSE;

  for (guint i = 0; i < kin->table->len; i++)
    {
      ProcEntry *entry = &g_array_index (kin->table, ProcEntry, i);

      if (entry->marked)
        continue;
      if (is_in_session_of_member (kin, entry))
        add_member (kin, entry, TREE_BY_SESSION);
      else if (is_in_cgroup_of_tree (kin, entry))
        add_member (kin, entry, TREE_BY_CGROUP);
      found = found || entry->marked;
    }

  return found;
}

static void
add_by_parent (Kin *kin)
{
  gboolean found;

  do
    {
      found = FALSE;
      for (guint i = 0; i < kin->table->len; i++)
        {
          ProcEntry *entry = &g_array_index (kin->table, ProcEntry, i);

          if (entry->marked || find_older_member (kin, entry->parent, entry) == NULL)
            continue;
          add_member (kin, entry, TREE_BY_PARENT);
          found = TRUE;
        }
    }
  while (found);
}

static void
read_cgroups (Kin *kin)
{
  for (guint i = 0; i < kin->table->len; i++)
    {
      pid_t pid = g_array_index (kin->table, ProcEntry, i).pid;
      char *cgroup = read_cgroup (pid);

      if (cgroup != NULL)
        g_hash_table_insert (kin->cgroups, GINT_TO_POINTER (pid), cgroup);
    }
}

static ProcEntry *
find_entry (Kin   *kin,
            pid_t  pid)
{
  for (guint i = 0; i < kin->table->len; i++)
    if (g_array_index (kin->table, ProcEntry, i).pid == pid)
      return &g_array_index (kin->table, ProcEntry, i);

  return NULL;
}

static gboolean
kin_init (Kin     *kin,
          pid_t    root,
          GError **error)
{
  ProcEntry *entry;

  *kin = (Kin) { .table = proc_table_read () };
  if (kin->table == NULL || kin->table->len == 0)
    {
      int error_number = kin->table == NULL ? errno : ENOENT;

      g_set_error (error, G_IO_ERROR, G_IO_ERROR_NOT_SUPPORTED,
                   _("Could not read /proc: %s"), g_strerror (error_number));
      return FALSE;
    }

  kin->members = g_hash_table_new (NULL, NULL);
  kin->kinship = g_hash_table_new (NULL, NULL);
  kin->cgroups = g_hash_table_new_full (NULL, NULL, NULL, g_free);
  entry = find_entry (kin, root);
  if (entry == NULL)
    {
      g_set_error (error, G_IO_ERROR, G_IO_ERROR_NOT_FOUND, _("There is no process %d"),
                   (int) root);
      return FALSE;
    }

  read_cgroups (kin);
  kin->root = *entry;
  add_member (kin, entry, TREE_BY_PARENT);
  do
    add_by_parent (kin);
  while (add_by_other_signs (kin));
  return TRUE;
}

static void
kin_clear (Kin *kin)
{
  g_clear_pointer (&kin->table, g_array_unref);
  g_clear_pointer (&kin->members, g_hash_table_unref);
  g_clear_pointer (&kin->kinship, g_hash_table_unref);
  g_clear_pointer (&kin->cgroups, g_hash_table_unref);
}

/* ---- what each of them is */

static GStrv
read_command (pid_t pid)
{
  g_autofree char *path = g_strdup_printf ("/proc/%d/cmdline", (int) pid);
  g_autofree char *content = NULL;
  g_autoptr(GStrvBuilder) words = g_strv_builder_new ();
  gsize length = 0;

  /* Each word ends with a NUL; a program that has written over them may have left none. */
  if (g_file_get_contents (path, &content, &length, NULL))
    {
      for (gsize at = 0; at < length; at += strlen (content + at) + 1)
        {
          g_autofree char *word = g_utf8_make_valid (content + at, -1);

          g_strv_builder_add (words, word);
        }
    }

  return g_strv_builder_end (words);
}

static TreeProcess *
process_new (Kin             *kin,
             const ProcEntry *entry,
             guint            depth)
{
  TreeProcess *self = g_new0 (TreeProcess, 1);
  gpointer key = GINT_TO_POINTER (entry->pid);

  self->entry = *entry;
  self->depth = depth;
  self->kinship = (TreeKinship) GPOINTER_TO_INT (g_hash_table_lookup (kin->kinship, key));
  self->name = g_utf8_make_valid (entry->name, -1);
  self->command = read_command (entry->pid);
  self->cgroup = g_strdup (g_hash_table_lookup (kin->cgroups, key));
  return self;
}

static int
compare_age (gconstpointer a,
             gconstpointer b)
{
  const ProcEntry *left = a;
  const ProcEntry *right = b;

  if (left->start_time != right->start_time)
    return left->start_time < right->start_time ? -1 : 1;
  return (left->pid > right->pid) - (left->pid < right->pid);
}

static void
add_processes (TreeScan        *self,
               Kin             *kin,
               const ProcEntry *entry,
               guint            depth)
{
  g_ptr_array_add (self->processes, process_new (kin, entry, depth));
  for (guint i = 0; i < kin->table->len; i++)
    {
      const ProcEntry *child = &g_array_index (kin->table, ProcEntry, i);

      if (child->marked && child->parent == entry->pid && child != entry &&
          child->start_time >= entry->start_time &&
          g_hash_table_lookup (kin->kinship, GINT_TO_POINTER (child->pid)) ==
            GINT_TO_POINTER (TREE_BY_PARENT))
        add_processes (self, kin, child, depth + 1);
    }
}

/* Those whose parents have ended stand below the root, after its own children. */
static void
list_processes (TreeScan *self,
                Kin      *kin,
                pid_t     root)
{
  /* From here on the entries lie elsewhere than the hash table says. */
  g_array_sort (kin->table, compare_age);
  add_processes (self, kin, find_entry (kin, root), 0);
  for (guint i = 0; i < kin->table->len; i++)
    {
      const ProcEntry *entry = &g_array_index (kin->table, ProcEntry, i);

      if (entry->marked && entry->pid != root &&
          g_hash_table_lookup (kin->kinship, GINT_TO_POINTER (entry->pid)) !=
            GINT_TO_POINTER (TREE_BY_PARENT))
        add_processes (self, kin, entry, 1);
    }
}

/* ---- pipes */

static guint
hash_pipe (gconstpointer key)
{
  const TreePipe *self = key;

  return g_int64_hash (&self->inode) ^ g_int64_hash (&self->device);
}

static gboolean
equal_pipes (gconstpointer a,
             gconstpointer b)
{
  const TreePipe *left = a;
  const TreePipe *right = b;

  return left->device == right->device && left->inode == right->inode;
}

/* The link of a pipe that has no name is "pipe:[INODE]". */
static char *
read_fifo_path (const ProcFile *file)
{
  g_autofree char *target = proc_file_dup_target (file);

  return target != NULL && target[0] == '/' ? g_utf8_make_valid (target, -1) : NULL;
}

static TreePipe *
get_pipe (GHashTable        *pipes,
          const struct stat *st,
          gboolean           in_tree)
{
  TreePipe key = { .device = st->st_dev, .inode = st->st_ino };
  TreePipe *self = g_hash_table_lookup (pipes, &key);

  if (self == NULL && in_tree)
    {
      self = g_new0 (TreePipe, 1);
      self->device = key.device;
      self->inode = key.inode;
      self->writers = g_array_new (FALSE, FALSE, sizeof (TreePipeEnd));
      self->readers = g_array_new (FALSE, FALSE, sizeof (TreePipeEnd));
      g_hash_table_add (pipes, self);
    }
  return self;
}

typedef struct
{
  GHashTable *pipes;
  pid_t pid;
  gboolean in_tree;
} FilesOwner;

static gboolean
note_file (const ProcFile *file,
           gpointer        data)
{
  const FilesOwner *owner = data;
  TreePipeEnd end = { .pid = owner->pid, .fd = file->fd, .in_tree = owner->in_tree };
  struct stat status;
  gboolean reads;
  gboolean writes;
  TreePipe *pipe;

  if (!proc_file_stat (file, &status) || !S_ISFIFO (status.st_mode) ||
      !proc_file_get_access (file, &reads, &writes))
    return TRUE;
  pipe = get_pipe (owner->pipes, &status, owner->in_tree);
  if (pipe == NULL)
    return TRUE;

  if (pipe->path == NULL)
    pipe->path = read_fifo_path (file);
  if (writes)
    g_array_append_val (pipe->writers, end);
  if (reads)
    g_array_append_val (pipe->readers, end);
  return TRUE;
}

/* 0 or an errno. Of processes outside of the tree only those pipes are looked at that are known. */
static int
note_files (GHashTable *pipes,
            pid_t       pid,
            gboolean    in_tree)
{
  FilesOwner owner = { .pipes = pipes, .pid = pid, .in_tree = in_tree };

  return proc_files_list (pid, note_file, &owner);
}

/* Whether it connects one process with another. */
static gboolean
connects (const TreePipe *self)
{
  pid_t first = 0;

  for (guint i = 0; i < self->writers->len + self->readers->len; i++)
    {
      pid_t pid = i < self->writers->len
                    ? g_array_index (self->writers, TreePipeEnd, i).pid
                    : g_array_index (self->readers, TreePipeEnd, i - self->writers->len).pid;

      if (first != 0 && pid != first)
        return TRUE;
      first = pid;
    }

  return FALSE;
}

static int
compare_pipes (gconstpointer a,
               gconstpointer b)
{
  const TreePipe *left = *(const TreePipe * const *) a;
  const TreePipe *right = *(const TreePipe * const *) b;

  return (left->inode > right->inode) - (left->inode < right->inode);
}

static void
list_pipes (TreeScan *self,
            Kin      *kin)
{
  g_autoptr(GHashTable) pipes = g_hash_table_new (hash_pipe, equal_pipes);
  GHashTableIter iter;
  gpointer pipe;

  for (guint i = 0; i < self->processes->len; i++)
    {
      TreeProcess *process = self->processes->pdata[i];

      if (!proc_entry_is_dead (&process->entry))
        process->files_error = note_files (pipes, process->entry.pid, TRUE);
    }
  for (guint i = 0; i < kin->table->len; i++)
    {
      const ProcEntry *entry = &g_array_index (kin->table, ProcEntry, i);

      if (!entry->marked && g_hash_table_size (pipes) > 0)
        note_files (pipes, entry->pid, FALSE);
    }

  g_hash_table_iter_init (&iter, pipes);
  while (g_hash_table_iter_next (&iter, &pipe, NULL))
    {
      if (connects (pipe))
        g_ptr_array_add (self->pipes, pipe);
      else
        pipe_free (pipe);
    }
  g_ptr_array_sort (self->pipes, compare_pipes);
}

/* ---- the whole */

TreeScan *
tree_scan_new (pid_t    root,
               GError **error)
{
  TreeScan *self = NULL;
  Kin kin;

  if (kin_init (&kin, root, error))
    {
      self = g_new (TreeScan, 1);
      self->processes = g_ptr_array_new_with_free_func (process_free);
      self->pipes = g_ptr_array_new_with_free_func (pipe_free);
      list_processes (self, &kin, root);
      list_pipes (self, &kin);
    }

  kin_clear (&kin);
  return self;
}

void
tree_scan_free (TreeScan *self)
{
  g_ptr_array_unref (self->processes);
  g_ptr_array_unref (self->pipes);
  g_free (self);
}
