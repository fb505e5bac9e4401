/* The workers of the program: started when first needed, stopped in an orderly way.
 *
 * SPDX-License-Identifier: LGPL-2.1-or-later
 */

#pragma once

#include "runtime/worker.h"

G_BEGIN_DECLS

/* A worker for a new actor, in turn. Starts the workers if there are none. NULL where no thread can
 * be started.
 */
Worker *runtime_pick_worker (GError **error);

/* Ends all workers and joins them, after the messages that are under way. The caller makes sure
 * that no actor lives and none is made meanwhile. Not from a worker. Without effect when nothing
 * was started.
 */
void runtime_stop (void);

guint runtime_count_workers (void);

G_END_DECLS
