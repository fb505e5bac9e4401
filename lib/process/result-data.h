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
  guint64 n_cut[2];      /* how many bytes of them were thrown away */
  gboolean timed_out;
  gboolean over_limit;   /* it was stopped because of those */
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

/* Microseconds; -1 where it is not known. */
GTimeSpan outcome_get_user_time (const ChildOutcome *outcome);
GTimeSpan outcome_get_system_time (const ChildOutcome *outcome);
gboolean outcome_get_rusage (const ChildOutcome *outcome,
                             struct rusage      *rusage);

/* What is wrong with an outcome: EXIT_STATUS, SIGNALLED or STATUS_LOST; NULL if nothing is. What
 * was captured of stderr, or NULL, is quoted at the end.
 */
GError *outcome_to_error (const ChildOutcome *outcome,
                          const char         *description,
                          GBytes             *standard_error);

/* The last lines of an output, as far as they fit into a message, valid UTF-8; NULL if there are
 * none, or @bytes is NULL.
 */
char *dup_last_lines (GBytes *bytes);

/* @last_lines may be NULL. */
void error_add_last_lines (GError     *error,
                           const char *last_lines);

G_DEFINE_AUTOPTR_CLEANUP_FUNC (ResultData, result_data_free)

G_END_DECLS
