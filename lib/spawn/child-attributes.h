/* Whom the child runs as, and with which limits: the steps of the child that set it, in the order
 * in which they have to come.
 *
 * SPDX-License-Identifier: LGPL-2.1-or-later
 */

/* Thread: CHILD. A step that fails does not return. */

#pragma once

#include "spawn/spawn-child.h"

G_BEGIN_DECLS

/* Before chdir: the path is meant as seen from the parent's directory. Before everything that uses
 * memory or time, which shall be counted in the right place.
 */
void child_enter_cgroup (SpawnChildJob *job);

/* After stdin has been placed, in a new session. */
void child_take_terminal (SpawnChildJob *job);

/* After the files: a lower limit of open files would not let them be placed. */
void child_set_limits (SpawnChildJob *job);

/* After all that needs privileges. */
void child_set_identity (SpawnChildJob *job);

/* After the identity, which would undo it. */
void child_set_bonds (SpawnChildJob *job);

G_END_DECLS
