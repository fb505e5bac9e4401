/* What a process has open, as /proc tells it (proc(5)).
 *
 * SPDX-License-Identifier: LGPL-2.1-or-later
 */

#pragma once

#include <sys/stat.h>
#include <sys/types.h>

#include <glib.h>

G_BEGIN_DECLS

typedef struct
{
  int fd;           /* its number there */
  int folder;       /* /proc/PID/fd */
  const char *name; /* of its link in there */
} ProcFile;

/* FALSE: that is enough. */
typedef gboolean (*ProcFileFunc) (const ProcFile *file,
                                  gpointer        data);

/* Thread: ANY. Calls @func for each file, in no order. 0, or an errno: another user's process, or
 * there is none. A file may be closed meanwhile, then it is not there for what follows.
 */
int proc_files_list (pid_t        pid,
                     ProcFileFunc func,
                     gpointer     data);

/* Of what is open. */
gboolean proc_file_stat (const ProcFile *file,
                         struct stat    *status);

gboolean proc_file_get_access (const ProcFile *file,
                               gboolean       *reads,
                               gboolean       *writes);

/* What the link names: "pipe:[12345]", "/dev/pts/3"; it need not be UTF-8. Or NULL. */
char *proc_file_dup_target (const ProcFile *file);

G_END_DECLS
