/* Starting a child that gets a copy of the memory, where sharing it is impossible or not wanted.
 *
 * SPDX-License-Identifier: LGPL-2.1-or-later
 */

#pragma once

#include "spawn/spawn-birth.h"
#include "spawn/spawn-child.h"

G_BEGIN_DECLS

/* Like a clone with shared memory: returns the pid when the child has called execve or ended, with
 * job->report filled in. Or -1, with the failure in job->report. `job->kept` must have room for one
 * more. To be called inside a guard, and between spawn_birth_begin() and spawn_birth_end().
 */
pid_t spawn_fork (SpawnChildJob *job,
                  SpawnBirth    *birth,
                  gboolean       want_pidfd);

G_END_DECLS
