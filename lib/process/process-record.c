/* SPDX-License-Identifier: LGPL-2.1-or-later */

/* Thread: ANY. */

#include "config.h"

#include "process/process-record.h"

#include <stdatomic.h>

/* A stack without a lock, as that of a mailbox: workers and watchers push a record that has
 * changed, unless it is there already, and the main thread takes all at once. So neither a worker
 * nor the main thread ever waits for the other here, and ten thousand changes are one wake-up.
 */
static _Atomic (ProcessRecord *) changed; /* newest first */
static atomic_int n_readers;
static _Atomic (GSource *) source; /* set once */
static _Atomic gint64 not_before;

ProcessRecord *
process_record_new (ChildId     *child,
                    CommandSpec *spec,
                    gint64       start_time,
                    gint64       start_monotonic)
{
  ProcessRecord *self = g_new0 (ProcessRecord, 1);

  g_atomic_ref_count_init (&self->ref_count);
  self->child = child_id_ref (child);
  self->spec = command_spec_ref (spec);
  self->start_time = start_time;
  self->start_monotonic = start_monotonic;
  return self;
}

ProcessRecord *
process_record_ref (ProcessRecord *self)
{
  g_atomic_ref_count_inc (&self->ref_count);
  return self;
}

/* What is the user's is not dropped here, since this may be a worker: who has put `info` in takes
 * it out.
 */
void
process_record_unref (ProcessRecord *self)
{
  if (!g_atomic_ref_count_dec (&self->ref_count))
    return;

  g_assert (self->info == NULL);
  child_id_unref (self->child);
  command_spec_unref (self->spec);
  g_free (self);
}

void
process_record_changed (ProcessRecord *self)
{
  ProcessRecord *newest;

  if (g_atomic_int_exchange (&self->pending, TRUE))
    return;

  process_record_ref (self);
  newest = atomic_load_explicit (&changed, memory_order_relaxed);
  do
    self->next = newest;
  while (!atomic_compare_exchange_weak (&changed, &newest, self));

  if (newest == NULL)
    process_records_are_pending ();
}

/* ---- the other end */

gboolean
process_records_are_wanted (void)
{
  return atomic_load (&n_readers) > 0;
}

void
process_records_add_reader (void)
{
  atomic_fetch_add (&n_readers, 1);
}

void
process_records_remove_reader (void)
{
  atomic_fetch_sub (&n_readers, 1);
}

void
process_records_set_source (GSource *main_source)
{
  atomic_store (&source, main_source);
}

void
process_records_set_not_before (gint64 time)
{
  atomic_store (&not_before, time);
}

gboolean
process_records_are_pending (void)
{
  if (atomic_load (&changed) == NULL)
    return FALSE;

  g_source_set_ready_time (atomic_load (&source), atomic_load (&not_before));
  return TRUE;
}

void
process_records_wake (void)
{
  g_source_set_ready_time (atomic_load (&source), 0);
}

ProcessRecord *
process_records_take (void)
{
  ProcessRecord *newest = atomic_exchange (&changed, NULL);
  ProcessRecord *oldest = NULL;

  while (newest != NULL)
    {
      ProcessRecord *older = newest->next;

      newest->next = oldest;
      oldest = newest;
      newest = older;
    }
  return oldest;
}
