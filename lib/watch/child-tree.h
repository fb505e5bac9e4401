/* A child and all that descends from it, as far as it can be known.
 *
 * SPDX-License-Identifier: LGPL-2.1-or-later
 */

#pragma once

#include <sys/types.h>

#include "spawn/tree-cgroup.h"

G_BEGIN_DECLS

/* Thread: whoever holds the reap_lock of the child's ChildId. */
typedef struct _ChildTree ChildTree;

/* @leader is the child, which leads a process group that was made for it, and was born in @cgroup,
 * if there is one. Takes @cgroup.
 */
ChildTree *child_tree_new (pid_t       leader,
                           TreeCgroup *cgroup);
void child_tree_free (ChildTree *self);

/* Sends a signal to all of the tree. FALSE if that cannot have reached the leader, which is not in
 * its group any more.
 */
gboolean child_tree_signal (ChildTree *self,
                            int        signum);

/* The leader has exited, and is about to be reaped: whoever is left is found as long as the group is
 * known to be the tree's.
 */
void child_tree_leader_exits (ChildTree *self);

/* The leader was reaped: its group is not touched any more, since it might be another's. */
void child_tree_leader_is_gone (ChildTree *self);

/* Whether anything of the tree is left but the leader, after it was asked to end. Who was born since
 * the last signal gets that, too.
 */
gboolean child_tree_has_survivors (ChildTree *self);

/* Marks those of a table of processes that are known to belong to the tree, the leader too. */
void child_tree_mark (ChildTree *self,
                      GArray    *table);

gboolean child_tree_get_peak_memory (ChildTree *self,
                                     guint64   *ret_bytes);

G_END_DECLS
