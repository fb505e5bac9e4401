/* What this kernel really does, probed once, each feature by itself.
 *
 * SPDX-License-Identifier: LGPL-2.1-or-later
 */

#pragma once

#include <glib.h>

G_BEGIN_DECLS

typedef struct
{
  gboolean clone_vm;    /* really shares memory (not so in valgrind and qemu-user) */
  gboolean clone_files; /* with close_range (CLOSE_RANGE_UNSHARE); only where clone_vm */
  gboolean clone3;      /* with CLONE_CLEAR_SIGHAND; only where clone_vm */
  gboolean pidfd;       /* CLONE_PIDFD gives one; P_PIDFD and pidfd_send_signal accept it */
  gboolean close_range; /* the system call exists */
  gboolean close_range_cloexec;
  int many_fds; /* with so many fds open a copy of their table costs more than CLONE_FILES does */
} SpawnFeatures;

/* Thread: ANY. PROCTOR_NO_PIDFD=1 clears `pidfd`; PROCTOR_SPAWN=fork clears `clone_vm`,
 * `clone_files` and `clone3`, PROCTOR_SPAWN=clone only the last.
 */
const SpawnFeatures *spawn_features_get (void);

G_END_DECLS
