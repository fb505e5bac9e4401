/* Threads that do nothing but start children: the caller of a vfork sleeps until exec.
 *
 * SPDX-License-Identifier: LGPL-2.1-or-later
 */

#pragma once

#include <glib.h>

G_BEGIN_DECLS

typedef struct _SpawnerJob SpawnerJob;
typedef void (*SpawnerFunc) (SpawnerJob *job);

/* Embedded in what the spawner shall do; the function owns it. */
struct _SpawnerJob
{
  SpawnerJob *next;
  SpawnerFunc func;
};

/* Runs @func on a spawner thread. Any thread. Where no thread can be started at all, FALSE, and
 * nothing happens.
 */
gboolean spawner_post (SpawnerJob   *job,
                       SpawnerFunc   func,
                       GError      **error);

/* How many threads there are. */
guint spawner_count_threads (void);

G_END_DECLS
