/* SPDX-License-Identifier: LGPL-2.1-or-later */

#pragma once

#include <proctor/proctor.h>

#include "process/process-record.h"

G_BEGIN_DECLS

/* Thread: MAIN, all of it. Says nothing of the state yet: the next does. */
ProctorProcessInfo *process_info_new (const ProcessRecord *record);

/* Looks at the process, and notifies what has changed. */
void process_info_update (ProctorProcessInfo  *self,
                          const ProcessRecord *record);

/* Whether the last look found it ended. */
gboolean process_info_has_ended (ProctorProcessInfo *self);

/* And whether that was before this moment (monotonic). */
gboolean process_info_ended_before (ProctorProcessInfo *self,
                                    gint64              moment);

/* Nothing more is to be heard of it: it has ended, or the service has let it go. */
void process_info_set_over (ProctorProcessInfo *self,
                            gboolean            let_go);

/* 0: it is not over. Else since when (monotonic), or: */
#define PROCESS_INFO_LET_GO G_MININT64
gint64 process_info_get_over_since (ProctorProcessInfo *self);

/* By serial, for g_ptr_array_sort(). */
int process_info_compare (gconstpointer a,
                          gconstpointer b);

G_END_DECLS
