/* What the commands have started themselves and leave behind when they are stopped.
 *
 * SPDX-License-Identifier: LGPL-2.1-or-later
 */

#pragma once

#include <glib.h>

#include "run-job.h"

G_BEGIN_DECLS

typedef struct _RunOrphans RunOrphans;

RunOrphans *run_orphans_new (GTimeSpan grace);
void run_orphans_free (RunOrphans *self);

/* To be called before a job is stopped: from now on orphans of this program's descendants become
 * its children.
 */
void run_orphans_adopt (RunOrphans *self);
/* To be called before one of several jobs is stopped: a shell may end at once, and then nothing
 * tells any more what it had started.
 */
void run_orphans_note_descendants (RunOrphans *self,
                                   RunJob     *job);
/* They get SIGKILL from now on. */
void run_orphans_end_grace (RunOrphans *self);

/* One round: signals and reaps what the jobs that are being stopped have left behind; with @all,
 * what any job has. Gives how many are still there. To be repeated until all jobs that are being
 * stopped are done and there are none.
 */
guint run_orphans_sweep (RunOrphans *self,
                         GPtrArray  *jobs,
                         gboolean    all);
/* Whether even SIGKILL has not helped for long. */
gboolean run_orphans_is_hopeless (RunOrphans *self);

G_DEFINE_AUTOPTR_CLEANUP_FUNC (RunOrphans, run_orphans_free)

G_END_DECLS
