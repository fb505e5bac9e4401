/* What `proctor run` prints for people: the outputs, labels, progress and the closing line.
 *
 * SPDX-License-Identifier: LGPL-2.1-or-later
 */

#pragma once

#include <glib.h>

#include "run-job.h"
#include "run-options.h"

G_BEGIN_DECLS

typedef struct _RunOutput RunOutput;

RunOutput *run_output_new (const RunOptions *options,
                           GPtrArray        *jobs);
void run_output_free (RunOutput *self);

/* Prints what there is to print now that @job is done. Fails where stdout cannot be written. */
gboolean run_output_job_done (RunOutput  *self,
                              RunJob     *job,
                              GError    **error);
/* The progress line is wiped, and what is still owed is printed: objects of jobs never started, the
 * count.
 */
gboolean run_output_close (RunOutput  *self,
                           GError    **error);

G_DEFINE_AUTOPTR_CLEANUP_FUNC (RunOutput, run_output_free)

G_END_DECLS
