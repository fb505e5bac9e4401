/* SPDX-License-Identifier: LGPL-2.1-or-later */

/* Thread: ANY. One at a time for each group. */

#include "config.h"

#include "spawn/tree-cgroup.h"

#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <glib/gi18n-lib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

/* In the list of a group that was killed a moment ago its processes may still be seen. */
#define REMOVE_LOOKS 20
#define REMOVE_LOOK_USEC 500

struct _TreeCgroup
{
  /* immutable after construction */
  char *path;
};

/* proc_pid_mountinfo(5): "id parent major:minor root mountpoint options … - type source options".
 * The mountpoint of the cgroup v2 hierarchy whose root is the whole of it, or what this namespace
 * takes for that.
 */
static char *
find_mountpoint (void)
{
  g_autofree char *content = NULL;
  g_auto(GStrv) lines = NULL;

  if (!g_file_get_contents ("/proc/self/mountinfo", &content, NULL, NULL))
    return NULL;

  lines = g_strsplit (content, "\n", -1);
  for (guint i = 0; lines[i] != NULL; i++)
    {
      const char *separator = strstr (lines[i], " - ");
      g_auto(GStrv) fields = NULL;

      if (separator == NULL || !g_str_has_prefix (separator, " - cgroup2 "))
        continue;
      fields = g_strsplit (lines[i], " ", 6);
      if (g_strv_length (fields) == 6 && strcmp (fields[3], "/") == 0)
        return g_strcompress (fields[4]);
    }

  return NULL;
}

char *
tree_cgroup_dup_own_directory (void)
{
  g_autofree char *mountpoint = NULL;
  g_autofree char *content = NULL;
  g_auto(GStrv) lines = NULL;

  if (!g_file_get_contents ("/proc/self/cgroup", &content, NULL, NULL))
    return NULL;

  lines = g_strsplit (content, "\n", -1);
  for (guint i = 0; lines[i] != NULL; i++)
    {
      const char *path = lines[i] + strlen ("0::/");

      /* One that is above the root of this namespace begins with "..". */
      if (!g_str_has_prefix (lines[i], "0::/") || g_str_has_prefix (path, ".."))
        continue;
      mountpoint = find_mountpoint ();
      return mountpoint != NULL ? g_build_filename (mountpoint, path, NULL) : NULL;
    }

  return NULL;
}

static char *
file_of (const TreeCgroup *self,
         const char       *name)
{
  return g_build_filename (self->path, name, NULL);
}

/* ---- groups in the group: those in it may divide it, as a program with this library does */

/* The paths of the groups directly below. */
static GPtrArray *
list_groups_in (const char *path)
{
  GPtrArray *groups = g_ptr_array_new_with_free_func (g_free);
  DIR *directory = opendir (path);
  struct dirent *entry;

  while (directory != NULL && (entry = readdir (directory)) != NULL)
    {
      if (entry->d_type == DT_DIR && entry->d_name[0] != '.')
        g_ptr_array_add (groups, g_build_filename (path, entry->d_name, NULL));
    }
  if (directory != NULL)
    closedir (directory);

  return groups;
}

/* FALSE if this group itself, and not only one in it, cannot be read. */
static gboolean
add_pids (const char *path,
          GArray     *pids)
{
  g_autofree char *file = g_build_filename (path, "cgroup.procs", NULL);
  g_autoptr(GPtrArray) groups = NULL;
  g_autofree char *content = NULL;
  char *line;

  if (!g_file_get_contents (file, &content, NULL, NULL))
    return FALSE;

  for (line = content; line != NULL && *line != '\0';)
    {
      pid_t pid = (pid_t) g_ascii_strtoll (line, &line, 10);

      /* 0 is a process of another namespace. */
      if (pid > 0)
        g_array_append_val (pids, pid);
      line = strchr (line, '\n');
      if (line != NULL)
        line++;
    }

  groups = list_groups_in (path);
  for (guint i = 0; i < groups->len; i++)
    add_pids (groups->pdata[i], pids);
  return TRUE;
}

/* Whether it is done with, in any way but that there are processes in it. What is empty is removed
 * from the inside out; whoever uses a group in it is in this one, too, or below it.
 */
static gboolean
try_to_remove (const char *path)
{
  g_autoptr(GPtrArray) groups = NULL;
  g_autoptr(GArray) pids = NULL;

  if (rmdir (path) == 0 || errno != EBUSY)
    return TRUE;
  groups = list_groups_in (path);
  if (groups->len == 0)
    return FALSE;

  pids = g_array_new (FALSE, FALSE, sizeof (pid_t));
  if (!add_pids (path, pids) || pids->len > 0)
    return FALSE;
  for (guint i = 0; i < groups->len; i++)
    try_to_remove (groups->pdata[i]);
  return rmdir (path) == 0 || errno != EBUSY;
}

/* ---- making and removing one */

/* @path, if it is not NULL, goes to those whose processes have outlived their handles; those that
 * are empty by now are removed. Takes @path.
 */
static void
keep_for_later (char *path)
{
  static GMutex left_lock;
  static GPtrArray *left; /* guarded by left_lock; of char */

  g_mutex_lock (&left_lock);
  if (left == NULL)
    left = g_ptr_array_new_with_free_func (g_free);
  for (guint i = left->len; i > 0; i--)
    {
      if (try_to_remove (left->pdata[i - 1]))
        g_ptr_array_remove_index_fast (left, i - 1);
    }
  if (path != NULL)
    g_ptr_array_add (left, path);
  g_mutex_unlock (&left_lock);
}

static void
set_error (GError     **error,
           const char  *path)
{
  int error_number = errno;
  g_autofree char *shown = g_utf8_make_valid (path, -1);

  g_set_error (error, G_IO_ERROR, g_io_error_from_errno (error_number),
               _("Could not use the cgroup “%s”: %s"), shown, g_strerror (error_number));
}

/* Makes the directory. A kernel that cannot kill the group as a whole has no file for that. */
static gboolean
make_directory (TreeCgroup  *self,
                GError     **error)
{
  g_autofree char *kill_file = file_of (self, "cgroup.kill");

  if (mkdir (self->path, 0755) != 0)
    {
      set_error (error, self->path);
      return FALSE;
    }
  if (access (kill_file, W_OK) != 0)
    {
      set_error (error, kill_file);
      rmdir (self->path);
      return FALSE;
    }

  return TRUE;
}

TreeCgroup *
tree_cgroup_new (GError **error)
{
  static int counter; /* atomic */
  g_autofree char *own = NULL;
  g_autofree char *own_procs = NULL;
  TreeCgroup *self;

  if (g_strcmp0 (g_getenv ("PROCTOR_NO_CGROUP"), "1") == 0)
    {
      g_set_error_literal (error, G_IO_ERROR, G_IO_ERROR_NOT_SUPPORTED,
                           _("PROCTOR_NO_CGROUP=1 says that none is made"));
      return NULL;
    }
  own = tree_cgroup_dup_own_directory ();
  if (own == NULL)
    {
      g_set_error_literal (error, G_IO_ERROR, G_IO_ERROR_NOT_SUPPORTED,
                           _("This program is in no cgroup of version 2"));
      return NULL;
    }
  /* Without this right the kernel moves nobody (cgroups(7), Delegation). */
  own_procs = g_build_filename (own, "cgroup.procs", NULL);
  if (access (own_procs, W_OK) != 0)
    {
      set_error (error, own_procs);
      return NULL;
    }

  keep_for_later (NULL);
  self = g_new0 (TreeCgroup, 1);
  self->path = g_strdup_printf ("%s/proctor-%d-%d", own, (int) getpid (),
                                g_atomic_int_add (&counter, 1));
  if (make_directory (self, error))
    return self;

  g_free (self->path);
  g_free (self);
  return NULL;
}

void
tree_cgroup_free (TreeCgroup *self)
{
  gboolean removed = try_to_remove (self->path);

  for (guint i = 0; !removed && i < REMOVE_LOOKS; i++)
    {
      g_autoptr(GArray) pids = tree_cgroup_list (self);

      if (pids == NULL || pids->len > 0)
        break;
      g_usleep (REMOVE_LOOK_USEC);
      removed = try_to_remove (self->path);
    }

  keep_for_later (removed ? NULL : g_steal_pointer (&self->path));
  g_free (self->path);
  g_free (self);
}

/* The last part of the path is a name that nothing else bears: pid and counter. */
gboolean
tree_cgroup_contains (const TreeCgroup *self,
                      pid_t             pid)
{
  g_autofree char *file = g_strdup_printf ("/proc/%d/cgroup", (int) pid);
  g_autofree char *name = g_path_get_basename (self->path);
  g_autofree char *ending = g_strdup_printf ("/%s\n", name);
  g_autofree char *content = NULL;

  return g_file_get_contents (file, &content, NULL, NULL) && strstr (content, ending) != NULL;
}

const char *
tree_cgroup_get_path (const TreeCgroup *self)
{
  return self->path;
}

GArray *
tree_cgroup_list (const TreeCgroup *self)
{
  g_autoptr(GArray) pids = g_array_new (FALSE, FALSE, sizeof (pid_t));

  return add_pids (self->path, pids) ? g_steal_pointer (&pids) : NULL;
}

gboolean
tree_cgroup_kill (const TreeCgroup *self)
{
  g_autofree char *file = file_of (self, "cgroup.kill");
  int fd = open (file, O_WRONLY | O_CLOEXEC);
  gboolean written;

  if (fd < 0)
    return FALSE;

  written = write (fd, "1", 1) == 1;
  close (fd);
  return written;
}

gboolean
tree_cgroup_get_peak_memory (const TreeCgroup *self,
                             guint64          *ret_bytes)
{
  g_autofree char *file = file_of (self, "memory.peak");
  g_autofree char *content = NULL;

  if (!g_file_get_contents (file, &content, NULL, NULL))
    return FALSE;

  *ret_bytes = g_ascii_strtoull (content, NULL, 10);
  return TRUE;
}
