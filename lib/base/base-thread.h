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

/* Blocks every signal but the synchronous ones (SEGV, BUS, FPE, ILL, TRAP, SYS, ABRT) in the
 * calling thread.
 */
void thread_block_signals (void);

G_END_DECLS
