/* What is tried out in a copy of this program.
 *
 * SPDX-License-Identifier: LGPL-2.1-or-later
 */

#pragma once

#include <limits.h>
#include <stddef.h>

#include "diagnose/trial.h"

G_BEGIN_DECLS

/* In memory that the copy shares with the program. */
typedef struct
{
  int done; /* it came to its end */
  max_align_t data[];
} Trial;

/* Thread: CHILD, as all that follows. Does not return. */
_Noreturn void trial_child_main (TrialFunc  func,
                                 Trial     *trial);

/* What came of each step: 0, an errno, or that it was not reached. */
#define TRIAL_NOT_REACHED (-1)

/* A child that is watched and killed by its pidfd, and then reaped by its pid. */
typedef struct
{
  int open;
  int send_signal;
  int poll; /* ETIME: it did not become readable */
  int wait;
  int exit_info;
} PidfdTrial;

void trial_pidfd (void *data);

/* Children that share the memory; spawn_stack_prepare() comes first. */
typedef struct
{
  int clone;
  gboolean memory_shared;
  int pidfd; /* EOPNOTSUPP: the kernel has ignored the flag */
  int clone3;
} CloneTrial;

void trial_clone (void *data);

typedef struct
{
  gboolean memory_shared; /* else CLONE_FILES is not tried: valgrind would stop the copy */
  int close;
  int cloexec;
  int unshare; /* and the table was really the child's own */
} CloseRangeTrial;

void trial_close_range (void *data);

/* How many fds can be opened, up to a number. */
typedef struct
{
  guint wanted;
  guint opened;
  int error; /* why no more */
} FdTrial;

void trial_fds (void *data);

/* How many pipes get the size that is asked for, up to a number. */
typedef struct
{
  guint wanted;
  int wanted_size;
  int born_size; /* of the first; 0: there was none */
  guint grown;
  int error; /* why no more */
} PipeTrial;

void trial_pipes (void *data);

/* Has a child born in a cgroup, goes there itself, and kills all that is in it: what works does not
 * come to its end.
 */
typedef struct
{
  char directory[PATH_MAX];
  char procs[PATH_MAX];
  char kill_file[PATH_MAX];
  gboolean memory_shared; /* else the birth is not tried */

  int birth;
  int join;
  int kill; /* EBADMSG: nothing came of it */
} CgroupTrial;

void trial_cgroup (void *data);

/* A grandchild whose parent dies. */
typedef struct
{
  int set;
  gboolean died;

  volatile int ready;        /* the grandchild waits for that death */
  volatile pid_t grandchild; /* its parent says so before it dies */
} ParentDeathTrial;

void trial_parent_death (void *data);

G_END_DECLS
