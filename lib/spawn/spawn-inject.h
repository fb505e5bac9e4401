/* For tests only: makes clone and fork fail.
 *
 * SPDX-License-Identifier: LGPL-2.1-or-later
 */

#pragma once

#include <glib.h>

G_BEGIN_DECLS

/* Attempts that would use all of `flags` fail with `errnum` instead. Without flags these are all
 * attempts; with CLONE_VM all but fork; with CLONE_FILES or CLONE_PIDFD those that want that. To be
 * set while no spawn is under way.
 */
typedef struct
{
  int errnum; /* 0: nothing fails */
  int flags;
} SpawnInjection;

extern SpawnInjection spawn_injection;

G_END_DECLS
