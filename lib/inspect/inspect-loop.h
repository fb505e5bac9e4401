/* Whether the main loop runs, seen from outside of it.
 *
 * SPDX-License-Identifier: LGPL-2.1-or-later
 */

#pragma once

#include <glib.h>

G_BEGIN_DECLS

typedef struct _InspectLoop InspectLoop;

/* Thread: ANY. Begins to note the turns of the global default main context; never wakes it up but
 * for the first time.
 */
InspectLoop *inspect_loop_new (void);
void inspect_loop_free (InspectLoop *self);

/* For how long its present turn has lasted, or nobody has run it; 0: it sleeps, or would wake up.
 * @has_run: whether it did since inspect_loop_new(). Thread: ANY.
 */
GTimeSpan inspect_loop_get_silence (InspectLoop *self,
                                    gboolean    *has_run);

G_END_DECLS
