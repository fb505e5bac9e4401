/* The answer of a gather and of a pipeline: the results of all its runs, in their order.
 *
 * SPDX-License-Identifier: LGPL-2.1-or-later
 */

#pragma once

#include "process/operation.h"

G_BEGIN_DECLS

/* Of ResultData; each is NULL until its run has ended. */
GPtrArray *group_results_new (guint n_runs);

/* On the actor's worker: finishes @group, which is taken, with @results, which are taken, too. */
void group_results_answer (GPtrArray *results,
                           Operation *group);

/* On the caller's side: the answer of @group, as an array of ProctorResult. */
GPtrArray *group_results_take (Operation *group);

G_END_DECLS
