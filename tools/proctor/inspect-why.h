/* Why a process does not come to its end, in words.
 *
 * SPDX-License-Identifier: LGPL-2.1-or-later
 */

#pragma once

#include <glib.h>

G_BEGIN_DECLS

/* @kind is the same in every language: "worker", "start", "main-loop", "watcher", "suspended",
 * "traced", "kernel", "stdin", "held-back", "paused", "descendant", "tree", "stopping".
 */
typedef struct
{
  const char *kind;
  char *text;
} InspectCause;

void inspect_cause_free (InspectCause *self);

/* Thread: MAIN. What holds it up, of owned InspectCause, the worst first; empty: nothing does.
 * @report is the program's, @process one of its processes. Looks at /proc, for half a second at
 * most.
 */
GPtrArray *inspect_find_causes (GVariant *report,
                                GVariant *process);

/* What it does, where nothing holds it up; to be freed. */
char *inspect_dup_activity (GVariant *process);

G_END_DECLS
