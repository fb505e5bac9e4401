/* What all lists of processes have in common: one item for a process, however many lists there are,
 * and one source that brings them up to date.
 *
 * SPDX-License-Identifier: LGPL-2.1-or-later
 */

#pragma once

#include <proctor/proctor.h>

G_BEGIN_DECLS

/* Thread: MAIN. The list hears of what changes from now on. Returns an item for each process that
 * runs, by serial.
 */
GPtrArray *process_hub_add_list (ProctorProcessList *list);

/* Thread: ANY. One of them is finalized. */
void process_hub_list_gone (void);

/* Thread: ANY. A turn is wanted now. */
void process_hub_wake (void);

/* Thread: MAIN. While lists tell of changes a handler can cause no others: it may iterate the main
 * context, and GListModel has no word for a change within a change.
 */
gboolean process_hub_is_emitting (void);
void process_hub_begin_emission (void);
void process_hub_end_emission (void);

G_END_DECLS
