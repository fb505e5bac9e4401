/* Which thread is this, and is this still the program that started.
 *
 * SPDX-License-Identifier: LGPL-2.1-or-later
 */

#pragma once

#include <glib.h>

G_BEGIN_DECLS

/* The thread that main() runs in: the one whose id is the process's id. */
gboolean thread_is_main (void);

/* Whether this is a forked copy of the program that first called this. Costs one memory read. */
gboolean program_is_forked_copy (void);

/* FORKED where it is; the first statement of every entry point. */
gboolean program_check_not_forked (GError **error);

/* For what a getter looks at. In a forked copy a lock may be held for ever, by a thread that it
 * does not have, and there is nobody to keep out.
 */
static inline void
program_lock (GMutex *lock)
{
  if (G_LIKELY (!program_is_forked_copy ()))
    g_mutex_lock (lock);
}

static inline void
program_unlock (GMutex *lock)
{
  if (G_LIKELY (!program_is_forked_copy ()))
    g_mutex_unlock (lock);
}

/* For finalizers: a lock that is held must not be cleared. */
static inline void
program_clear_lock (GMutex *lock)
{
  if (G_LIKELY (!program_is_forked_copy ()))
    g_mutex_clear (lock);
}

/* Blocks every signal but the synchronous ones (SEGV, BUS, FPE, ILL, TRAP, SYS, ABRT) in the
 * calling thread.
 */
void thread_block_signals (void);

/* Starts a detached thread for each of many: with a small stack, which a GThread cannot have, and
 * all signals blocked. 0, or an errno.
 */
int thread_start_small (void   *(*function) (void *),
                        void    *data);

G_END_DECLS
