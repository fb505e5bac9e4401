/* What the lists of processes know of one, and how they hear of a change.
 *
 * SPDX-License-Identifier: LGPL-2.1-or-later
 */

#pragma once

#include "command/command-spec.h"
#include "watch/child-id.h"

G_BEGIN_DECLS

typedef struct _ProcessRecord ProcessRecord;

/* Made for a process only if somebody wants to know of it. Until the process is over its link holds
 * it.
 */
struct _ProcessRecord
{
  gatomicrefcount ref_count;

  /* immutable after construction */
  ChildId *child;    /* owned */
  CommandSpec *spec; /* owned */
  gint64 start_time; /* real time */
  gint64 start_monotonic;

  /* atomic */
  int pending; /* it is on its way to the main thread */
  int let_go;  /* the service has ended, and nobody watches the process any more */

  /* whoever has it on its way */
  ProcessRecord *next;

  /* main only */
  GObject *info;   /* owned; NULL: no list has it, or it is over */
  gboolean is_over;
};

ProcessRecord *process_record_new (ChildId     *child,
                                   CommandSpec *spec,
                                   gint64       start_time,
                                   gint64       start_monotonic);
ProcessRecord *process_record_ref (ProcessRecord *self);
void process_record_unref (ProcessRecord *self);

/* Any thread. Something about the process has changed: the main thread looks at it when it comes to
 * that. Several changes may be one.
 */
void process_record_changed (ProcessRecord *self);

/* ---- the other end */

/* Whether there is somebody who wants records; and from now on there is one more, or one less. */
gboolean process_records_are_wanted (void);
void process_records_add_reader (void);
void process_records_remove_reader (void);

/* The source of the main context that is made ready when something has changed; for good. Takes it.
 */
void process_records_set_source (GSource *source);

/* It is not made ready for changes that come before this moment (monotonic). */
void process_records_set_not_before (gint64 time);

/* Whether something has changed that was not taken; makes the source ready, too, if it has. */
gboolean process_records_are_pending (void);

/* Makes the source ready at once. */
void process_records_wake (void);

/* All that have changed, oldest first, linked by `next`. The caller owns a reference to each, and
 * says with `pending` when it begins to look at it.
 */
ProcessRecord *process_records_take (void);

G_DEFINE_AUTOPTR_CLEANUP_FUNC (ProcessRecord, process_record_unref)

G_END_DECLS
