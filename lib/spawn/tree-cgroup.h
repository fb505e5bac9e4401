/* A control group of a child's own, in which all its descendants stay, also those that cut all
 * other ties. An optimisation: most programs may not make one.
 *
 * SPDX-License-Identifier: LGPL-2.1-or-later
 */

#pragma once

#include <sys/types.h>

#include <gio/gio.h>

G_BEGIN_DECLS

typedef struct _TreeCgroup TreeCgroup;

/* The directory of the group of version 2 that this program is in at this moment, to be freed; NULL
 * where there is none.
 */
char *tree_cgroup_dup_own_directory (void);

/* Makes one below that of this program. An error where that cannot be: no cgroup v2, or none that
 * was delegated, or a kernel that cannot kill it as a whole (Linux 5.14).
 */
TreeCgroup *tree_cgroup_new (GError **error);

/* Removes it. If there are still processes in it, that is tried again whenever another one is made
 * or freed.
 */
void tree_cgroup_free (TreeCgroup *self);

const char *tree_cgroup_get_path (const TreeCgroup *self);

/* Whether a process, which may be dead but was not reaped, is in it. */
gboolean tree_cgroup_contains (const TreeCgroup *self,
                               pid_t             pid);

/* The pids in it, and in the groups below it, that have not ended; NULL where it cannot be read. */
GArray *tree_cgroup_list (const TreeCgroup *self);

/* SIGKILL to all that is in it, in one step. */
gboolean tree_cgroup_kill (const TreeCgroup *self);

/* The most memory that all in it had at once, in bytes. FALSE where the kernel does not count. */
gboolean tree_cgroup_get_peak_memory (const TreeCgroup *self,
                                      guint64          *ret_bytes);

G_END_DECLS
