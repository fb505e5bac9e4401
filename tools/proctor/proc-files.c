/* SPDX-License-Identifier: LGPL-2.1-or-later */

/* Thread: ANY. */

#include "config.h"

#include "proc-files.h"

#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <limits.h>
#include <stdlib.h>
#include <unistd.h>

int
proc_files_list (pid_t        pid,
                 ProcFileFunc func,
                 gpointer     data)
{
  g_autofree char *path = g_strdup_printf ("/proc/%d/fd", (int) pid);
  DIR *directory = opendir (path);
  struct dirent *entry;
  gboolean goes_on = TRUE;

  if (directory == NULL)
    return errno;

  while (goes_on && (entry = readdir (directory)) != NULL)
    {
      ProcFile file = { .folder = dirfd (directory), .name = entry->d_name };

      if (!g_ascii_isdigit (entry->d_name[0]))
        continue;
      file.fd = atoi (entry->d_name);
      goes_on = func (&file, data);
    }
  closedir (directory);
  return 0;
}

gboolean
proc_file_stat (const ProcFile *file,
                struct stat    *status)
{
  return fstatat (file->folder, file->name, status, 0) == 0;
}

/* The permissions of the link say how the file is open. */
gboolean
proc_file_get_access (const ProcFile *file,
                      gboolean       *reads,
                      gboolean       *writes)
{
  struct stat link;

  if (fstatat (file->folder, file->name, &link, AT_SYMLINK_NOFOLLOW) < 0)
    return FALSE;

  *reads = (link.st_mode & S_IRUSR) != 0;
  *writes = (link.st_mode & S_IWUSR) != 0;
  return TRUE;
}

char *
proc_file_dup_target (const ProcFile *file)
{
  char target[PATH_MAX];
  ssize_t length = readlinkat (file->folder, file->name, target, sizeof target);

  return length > 0 ? g_strndup (target, (gsize) length) : NULL;
}
