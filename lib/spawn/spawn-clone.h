/* clone with shared memory: what has to be so in the calling thread, and the child's stack.
 *
 * SPDX-License-Identifier: LGPL-2.1-or-later
 */

#pragma once

#include <sys/types.h>

#include <glib.h>

#include "spawn/spawn-kernel.h"

G_BEGIN_DECLS

/* What a thread is put into around a clone or fork: no signal, no cancellation. A handler of the
 * program's would otherwise run in the child, on the parent's memory.
 */
typedef struct
{
  KernelSigset old_mask;
  int old_cancel_state;
} SpawnGuard;

void spawn_guard_enter (SpawnGuard *guard);
void spawn_guard_leave (const SpawnGuard *guard);

/* Makes sure that the calling thread has a stack for its children. FALSE with errno set if there is
 * no memory.
 */
gboolean spawn_stack_prepare (void);

/* Runs @function in a child that shares this program's memory, and returns when that child has
 * called execve or ended. @flags are added to CLONE_VM | CLONE_VFORK | SIGCHLD; @id_location is
 * where CLONE_PIDFD or CLONE_PARENT_SETTID write. Returns the pid, or -1 with errno set. To be
 * called inside a guard, after spawn_stack_prepare().
 */
pid_t spawn_clone (int   (*function) (void *),
                   void   *data,
                   int     flags,
                   int    *id_location);

/* The same by clone3: no signal has a handler in the child, and if @cgroup is not -1 it is born in
 * the cgroup whose directory that is. ENOSYS where this is not to be had.
 */
pid_t spawn_clone3 (int   (*function) (void *),
                    void   *data,
                    int     flags,
                    int    *id_location,
                    int     cgroup);

/* Waits for a child that has ended or is about to. Signals may interrupt it; a child that somebody
 * else has reaped, or that the kernel has dropped because SIGCHLD is ignored, is as good.
 */
void spawn_reap (pid_t pid,
                 int   pidfd);

G_END_DECLS
