/* What descends from a process at one moment, and the pipes that connect these processes.
 *
 * SPDX-License-Identifier: LGPL-2.1-or-later
 */

#pragma once

#include <gio/gio.h>

#include "base/proc-table.h"

G_BEGIN_DECLS

/* Why it is taken for a descendant. */
typedef enum
{
  TREE_BY_PARENT,  /* it is the root, or its parent is in the tree */
  TREE_BY_SESSION, /* its parent has ended, and its session began in the tree */
  TREE_BY_CGROUP,  /* its parent has ended, and it is in a cgroup that was made for the tree */
} TreeKinship;

typedef struct
{
  ProcEntry entry;
  TreeKinship kinship;
  guint depth;
  char *name;       /* UTF-8 */
  GStrv command;    /* UTF-8; empty of kernel threads and zombies */
  char *cgroup;     /* of version 2, UTF-8; NULL: none, or it has ended */
  int files_error;  /* why its open files cannot be looked at, or 0 */
} TreeProcess;

typedef struct
{
  pid_t pid;
  int fd;
  gboolean in_tree;
} TreePipeEnd;

typedef struct
{
  guint64 device;
  guint64 inode;
  char *path;      /* of a FIFO with a name, UTF-8; NULL: a pipe */
  GArray *writers; /* of TreePipeEnd; an end that is open for both is in both */
  GArray *readers;
} TreePipe;

typedef struct
{
  GPtrArray *processes; /* of owned TreeProcess: the root first, each parent before its children */
  GPtrArray *pipes;     /* of owned TreePipe: those a process of the tree shares with another */
} TreeScan;

/* NOT_FOUND where there is no such process, NOT_SUPPORTED where there is no /proc. */
TreeScan *tree_scan_new (pid_t    root,
                         GError **error);
void tree_scan_free (TreeScan *self);

G_DEFINE_AUTOPTR_CLEANUP_FUNC (TreeScan, tree_scan_free)

G_END_DECLS
