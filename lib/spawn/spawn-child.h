/* The child half of a spawn: what it is given, what it gives back.
 *
 * SPDX-License-Identifier: LGPL-2.1-or-later
 */

#pragma once

#include "spawn/spawn.h"

G_BEGIN_DECLS

/* Made by the parent; the child of a clone uses the parent's own one, that of a fork its copy. */
typedef struct
{
  /* immutable while there is a child */
  const SpawnRequest *request;
  const FdPlan *plan;
  int *kept; /* fds above 2 that are needed: sources, executable, `report_fd`; ascending */
  guint n_kept;
  gboolean only_stdio;   /* all that is wanted goes to 0, 1 and 2, and is at hand from the start */
  gboolean close_range;  /* the system call can be used */
  gboolean shared_files; /* CLONE_FILES: the table must be unshared before anything else */
  int report_fd;         /* where `report` goes if memory is not shared, above all targets; or -1 */
  const int *aborted;    /* atomic; see spawn-birth.h */
  pid_t parent;          /* whom getppid() names while the parent lives, if that matters */
  gboolean in_cgroup;    /* the kernel makes the child in its cgroup */
  gboolean without_handlers; /* and without a signal that has one */
  char *cgroup_procs;    /* the file that puts a process into its cgroup */
  char oom_score_adj[8]; /* what is to be written */
  gsize oom_score_adj_length;

  /* written by the child only, read by the parent when the child has gone */
  SpawnFailure report; /* step and index before something is tried, errnum if it failed */
  int unshare_errnum;  /* why the table could not be unshared; then nothing at all was done */
  int *moved;          /* a slot for each of the plan's moves */
  int *opened;         /* a slot for each of the request's opens */
  int executable_fd;   /* where it is out of the fd plan's way */
} SpawnChildJob;

/* Thread: CHILD. @job is a SpawnChildJob. Does not return. */
int spawn_child_main (void *job);

typedef struct
{
  gboolean unshare_files;
  int fd; /* to be closed when the table was unshared */

  int errnum;    /* of unsharing */
  gboolean done; /* the child was here, in this memory */
} SpawnProbe;

/* Thread: CHILD. @probe is a SpawnProbe. Does not return. */
int spawn_probe_main (void *probe);

G_END_DECLS
