/* The results of `proctor run` for machines.
 *
 * SPDX-License-Identifier: LGPL-2.1-or-later
 */

#pragma once

#include <glib.h>

#include "run-job.h"

G_BEGIN_DECLS

/* One object on one line, newline included, for a job that is done or will never be started. */
char *run_json_dup_line (RunJob *job);

G_END_DECLS
