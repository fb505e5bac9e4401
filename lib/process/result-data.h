/* The outcome of a run as plain data; a ProctorResult wraps one.
 *
 * SPDX-License-Identifier: LGPL-2.1-or-later
 */

#pragma once

#include <proctor/proctor.h>

#include "watch/child-id.h"

G_BEGIN_DECLS

/* Thread: the owner's, then immutable. */
typedef struct
{
  char *description;     /* of the command */
  GError *error;         /* why there was no process; nothing else counts then */
  ChildOutcome outcome;
  GBytes *captured[2];   /* stdout and stderr; NULL: not captured */
  gboolean timed_out;
  gboolean incomplete;
  gint64 start_time;     /* microseconds since 1970 */
  GTimeSpan wall_time;   /* microseconds from the spawn until the exit was noticed */
} ResultData;

ResultData *result_data_new (void);
void result_data_free (ResultData *self);

/* Takes @data. */
ProctorResult *proctor_result_new (ResultData *data);

/* -N for signal N, else the exit code. */
int returncode_from_wait_status (int wait_status);

/* What is wrong with an outcome: EXIT_STATUS, SIGNALLED or STATUS_LOST; NULL if nothing is. */
GError *outcome_to_error (const ChildOutcome *outcome,
                          const char         *description);

G_DEFINE_AUTOPTR_CLEANUP_FUNC (ResultData, result_data_free)

G_END_DECLS
