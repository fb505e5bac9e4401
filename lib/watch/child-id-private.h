/* What child-id and child-id-signals share.
 *
 * SPDX-License-Identifier: LGPL-2.1-or-later
 */

#pragma once

#include <signal.h>
#include <stdatomic.h>
#include <sys/resource.h>

#include "watch/child-id.h"

G_BEGIN_DECLS

/* From the moment in which a child is reaped its pid may be another process's. So reaping, sending
 * a signal and closing the pidfd exclude each other by reap_lock, and a signal goes out only while
 * `reaped` is FALSE.
 *
 * Whoever learns how the child ended writes `outcome` and then `state`; from then on the outcome
 * never changes and every thread may read it.
 */
struct _ChildId
{
  gatomicrefcount ref_count;

  /* immutable after construction */
  pid_t pid;
  guint64 serial;
  ChildExitFunc exit_func;
  gpointer exit_data;
  GDestroyNotify exit_data_free;

  /* immutable once the child is watched */
  guint64 token;
  gpointer watch_data;
  Worker *worker; /* owned; nullable */
  guint32 trace_number;

  /* immutable after construction; without a pidfd */
  guint64 start_time; /* 0: not known */

  /* atomic */
  atomic_bool has_outcome;
  atomic_bool announced;
  atomic_bool let_go;
  atomic_bool exit_traced;
  atomic_bool suspend_tracked;
  atomic_bool suspended;          /* as it was noted */
  _Atomic gint64 suspended_until; /* not tracked: until then a SIGSTOP of ours may be on its way */

  /* guarded by reap_lock */
  GMutex reap_lock;
  int pidfd;
  gboolean reaped;
  ChildTree *tree;      /* owned; NULL: it has none of its own. The pointer is immutable */
  ChildOutcome outcome; /* and immutable once has_outcome is set */
};

/* waitid as the kernel has it: the fifth argument, which glibc hides, gives the rusage. */
int child_id_wait_locked (ChildId       *self,
                          siginfo_t     *info,
                          int            options,
                          struct rusage *rusage);

/* A later child of this program may have the pid by now, if somebody else has reaped this one. */
gboolean child_id_pid_is_another_locked (ChildId *self);

G_END_DECLS
