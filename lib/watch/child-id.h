/* The identity of a child process: the one thing that its handles, its actor and its watcher share.
 *
 * SPDX-License-Identifier: LGPL-2.1-or-later
 */

#pragma once

#include <sys/resource.h>
#include <sys/types.h>

#include <gio/gio.h>

#include "base/proc-table.h"
#include "runtime/worker.h"
#include "watch/child-tree.h"

G_BEGIN_DECLS

typedef struct _ChildId ChildId;

/* How a child ended. */
typedef struct
{
  gboolean lost;   /* nobody can tell any more how */
  int wait_status; /* as of waitpid; only if not lost */
  gboolean has_rusage;
  struct rusage rusage;
  gint64 exit_time; /* monotonic microseconds at which it was reaped */
  guint64 peak_memory; /* of its cgroup, in bytes; 0: not known */
} ChildOutcome;

/* Called once, in the thread that reports the exit, after the outcome is visible to every thread.
 * Posts messages and nothing else.
 */
typedef void (*ChildExitFunc) (ChildId *child,
                               gpointer data);

/* @pidfd is adopted; -1 where there is none. */
ChildId *child_id_new (pid_t          pid,
                       int            pidfd,
                       ChildExitFunc  exit_func,
                       gpointer       exit_data,
                       GDestroyNotify exit_data_free);
ChildId *child_id_ref (ChildId *self);
void child_id_unref (ChildId *self);

pid_t child_id_get_pid (const ChildId *self);

/* No other child of this program has, or had, the same; those that are started later have a greater
 * one. Never 0.
 */
guint64 child_id_get_serial (const ChildId *self);

/* Any thread. FALSE as long as it runs, or the end was not noticed. */
gboolean child_id_get_outcome (ChildId      *self,
                               ChildOutcome *outcome);

/* Whether it is stopped by a signal at this moment. */
gboolean child_id_is_suspended (ChildId *self);

/* Suspends it and its tree, or lets them go on. @changed: whether that is news, and somebody tracks
 * it.
 */
gboolean child_id_set_suspended (ChildId   *self,
                                 gboolean   suspended,
                                 gboolean  *changed,
                                 GError   **error);

/* For whoever tracks it, by a thread in waitid: from now on; takes what has happened, if it is no
 * exit (TRUE if the state has changed); and believes the kernel where a SIGSTOP that was sent did
 * not arrive in time, or came too late (the same).
 */
void child_id_set_suspend_tracked (ChildId *self);
gboolean child_id_take_suspend_event (ChildId *self);
gboolean child_id_expects_stop (ChildId *self);
gboolean child_id_give_up_stop (ChildId *self);

/* Sends a signal to this child and to no other process, at once. PROCESS_LOOKUP when it has been
 * reaped.
 */
gboolean child_id_signal (ChildId  *self,
                          int       signum,
                          GError  **error);

/* For PROCTOR_COMMAND_OWN_TREE: that of this child. Takes it; before the child is watched. */
void child_id_set_tree (ChildId   *self,
                        ChildTree *tree);
gboolean child_id_has_tree (const ChildId *self);

/* The same for the child and all its tree, or the child alone if it has none. */
gboolean child_id_signal_tree (ChildId  *self,
                               int       signum,
                               GError  **error);

/* The same, and if the child has exited, for what is left of its tree. */
void child_id_signal_whoever_is_left (ChildId *self,
                                      int      signum);

/* Whether something is left of a tree that was asked to end. */
gboolean child_id_has_survivors (ChildId *self);

/* Whatever is alive and descends from the child: of ProcEntry. */
GArray *child_id_list_descendants (ChildId  *self,
                                   GError  **error);

/* ---- for watchers */

/* The pidfd, which is open until child_id_close_pidfd(), or -1. */
int child_id_get_pidfd (ChildId *self);
void child_id_close_pidfd (ChildId *self);

/* Whether the program wants no zombies, as it is at this moment: then the kernel keeps no status.
 */
gboolean child_statuses_are_ignored (void);

/* Nobody wants to know the outcome any more: that it is lost is no news then. */
void child_id_let_go (ChildId *self);

/* Reaps the child if it has exited, without waiting. Whether its outcome is known now. */
gboolean child_id_reap (ChildId *self);

/* Sets the outcome where something else has reaped the child; NULL: it is lost. Without effect if
 * it is known.
 */
void child_id_set_outcome (ChildId   *self,
                           const int *wait_status);

/* Calls the exit function, once; needs the outcome. */
void child_id_announce (ChildId *self);

/* What a watcher keeps of its own with the child. Set before the child is watched. */
void child_id_set_watch_data (ChildId *self,
                              gpointer data);
gpointer child_id_get_watch_data (ChildId *self);

/* The worker of the child's actor, on which a watcher may watch it. Set before it is watched. */
void child_id_set_worker (ChildId *self,
                          Worker  *worker);
Worker *child_id_get_worker (const ChildId *self);

/* Sleeps until the child has exited, and leaves it to be reaped; or until nobody can wait for it
 * any more.
 */
void child_id_await_exit (ChildId *self);

/* Whether it has exited and waits to be reaped. */
gboolean child_id_is_zombie (ChildId *self);

/* The number of its process in traces. Set before it is watched. */
void child_id_set_trace_number (ChildId *self,
                                guint32  number);

/* For a trace: the exit is known, and the child not reaped yet. Only the first call counts; reaping
 * is one, so where nobody looks before that, both come at the same moment.
 */
void child_id_trace_exit (ChildId *self);

/* The token under which a watcher knows it. */
void child_id_set_token (ChildId *self,
                         guint64  token);
guint64 child_id_get_token (const ChildId *self);

G_DEFINE_AUTOPTR_CLEANUP_FUNC (ChildId, child_id_unref)

G_END_DECLS
