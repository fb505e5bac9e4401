/* How `proctor run` ends its commands, and how much of their output it keeps, as its options say.
 *
 * SPDX-License-Identifier: LGPL-2.1-or-later
 */

#pragma once

#include <proctor/proctor.h>

G_BEGIN_DECLS

typedef struct
{
  ProctorStopPlan *plan; /* NULL: SIGTERM, and SIGKILL after the grace */
  gint64 max_output;     /* bytes of each output; -1: no limit */
  ProctorOutputPolicy policy;
  gboolean tree;
} RunEnding;

void run_ending_clear (RunEnding *self);

/* "INT:2,TERM:5,KILL". NULL with an error that names what is wrong. */
ProctorStopPlan *run_ending_parse_plan (const char  *text,
                                        GError     **error);

/* "BYTES[:POLICY]", with K, M or G for larger units. */
gboolean run_ending_parse_max_output (RunEnding   *self,
                                      const char  *text,
                                      GError     **error);

/* Makes sure that there is a plan. */
void run_ending_complete (RunEnding *self,
                          GTimeSpan  grace);

/* The time of the whole plan until its SIGKILL. */
GTimeSpan run_ending_get_duration (const RunEnding *self);

void run_ending_apply (const RunEnding *self,
                       ProctorCommand  *command);

G_END_DECLS
