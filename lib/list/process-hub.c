/* SPDX-License-Identifier: LGPL-2.1-or-later */

/* Thread: MAIN. Only process_hub_list_gone() and process_hub_wake() may be called from others. */

#include "config.h"

#include "list/process-hub.h"

#include <stdatomic.h>
#include <stdbool.h>

#include "base/base-thread.h"
#include "list/process-info-private.h"
#include "list/process-list-private.h"
#include "process/process-actor.h"
#include "process/process-record.h"

/* How long a turn looks at processes. Then it waits for as long as it took with all it did, so that
 * half of the main loop's time is left for others whatever happens, and many changes are one.
 */
#define TURN_USEC 4000
#define RECORDS_BETWEEN_CLOCKS 8

/* A process has one item, which its record holds as long as it runs and there is a list. The source
 * is made with the first list and stays: it costs nothing while nobody wants records.
 *
 * Handlers that are called here may do anything, also iterate the main context, so that there is a
 * turn within the turn. Therefore nothing is kept in a turn's own variables while they run that
 * another turn could change: what is to be done is taken out of here one by one.
 */
typedef struct
{
  /* main only */
  GSource *source;
  GHashTable *live;         /* set of owned ProcessRecord: those with an item */
  ProcessRecord *unseen;    /* owned, oldest first, linked by `next`: to be looked at */
  ProcessRecord **unseen_end;
  GPtrArray *started;       /* of owned ProctorProcessInfo: for the lists, */
  GPtrArray *finished;      /* and the same */
  guint n_emissions;
  gboolean put_off;         /* a turn that came during one of them */

  /* guarded by lists_lock */
  GMutex lists_lock;
  GPtrArray *lists;         /* of owned GWeakRef, each locks itself */

  /* atomic */
  atomic_bool awake;        /* a turn was asked for, and has not begun */
} ProcessHub;

static ProcessHub hub;

void
process_hub_wake (void)
{
  atomic_store (&hub.awake, true);
  process_records_wake ();
}

void
process_hub_list_gone (void)
{
  process_records_remove_reader ();
  process_hub_wake ();
}

gboolean
process_hub_is_emitting (void)
{
  return hub.n_emissions > 0;
}

void
process_hub_begin_emission (void)
{
  hub.n_emissions++;
}

void
process_hub_end_emission (void)
{
  hub.n_emissions--;
  if (hub.n_emissions == 0 && hub.put_off)
    {
      hub.put_off = FALSE;
      process_hub_wake ();
    }
}

/* ---- lists */

static void
weak_ref_free (gpointer data)
{
  g_weak_ref_clear (data);
  g_free (data);
}

static void
remember_list (ProctorProcessList *list)
{
  GWeakRef *weak_ref = g_new (GWeakRef, 1);

  g_weak_ref_init (weak_ref, list);
  g_mutex_lock (&hub.lists_lock);
  g_ptr_array_add (hub.lists, weak_ref);
  g_mutex_unlock (&hub.lists_lock);
}

/* Those that live, each with a reference that is not dropped under the lock. */
static GPtrArray *
dup_lists (void)
{
  GPtrArray *lists = g_ptr_array_new_with_free_func (g_object_unref);

  g_mutex_lock (&hub.lists_lock);
  for (guint i = 0; i < hub.lists->len;)
    {
      ProctorProcessList *list = g_weak_ref_get (g_ptr_array_index (hub.lists, i));

      if (list != NULL)
        {
          g_ptr_array_add (lists, list);
          i++;
        }
      else
        {
          g_ptr_array_remove_index (hub.lists, i);
        }
    }
  g_mutex_unlock (&hub.lists_lock);

  return lists;
}

static GPtrArray *
new_infos (void)
{
  return g_ptr_array_new_with_free_func (g_object_unref);
}

/* When the next turn is due because an item was kept long enough. All lists get the same in the
 * same turn, whatever their handlers do.
 */
static gint64
update_lists (GPtrArray *lists)
{
  g_autoptr(GPtrArray) started = g_steal_pointer (&hub.started);
  g_autoptr(GPtrArray) finished = g_steal_pointer (&hub.finished);
  gint64 next = G_MAXINT64;

  hub.started = new_infos ();
  hub.finished = new_infos ();
  g_ptr_array_sort (started, process_info_compare);
  process_hub_begin_emission ();
  for (guint i = 0; i < lists->len; i++)
    {
      gint64 next_of_list = process_list_update (lists->pdata[i], started, finished);

      next = MIN (next, next_of_list);
    }
  process_hub_end_emission ();
  return next;
}

/* ---- processes */

/* From now on the process has an item. */
static void
begin_to_list (ProcessRecord *record)
{
  record->info = G_OBJECT (process_info_new (record));
  process_info_update (PROCTOR_PROCESS_INFO (record->info), record);
  g_hash_table_add (hub.live, process_record_ref (record));
  g_ptr_array_add (hub.started, g_object_ref (record->info));
}

static void
forget (ProcessRecord *record)
{
  g_autoptr(GObject) info = g_steal_pointer (&record->info);

  g_hash_table_remove (hub.live, record);
}

static void
finish (ProcessRecord *record,
        gboolean       let_go)
{
  process_info_set_over (PROCTOR_PROCESS_INFO (record->info), let_go);
  g_ptr_array_add (hub.finished, g_object_ref (record->info));
  record->is_over = TRUE;
  forget (record);
}

static void
look_at (ProcessRecord *record)
{
  gboolean let_go = g_atomic_int_get (&record->let_go);
  g_autoptr(ProctorProcessInfo) info = NULL;

  if (record->is_over)
    return;
  if (record->info == NULL)
    {
      begin_to_list (record);
      info = g_object_ref (PROCTOR_PROCESS_INFO (record->info));
    }
  else
    {
      info = g_object_ref (PROCTOR_PROCESS_INFO (record->info));
      process_info_update (info, record);
    }

  /* Handlers may have caused another look at it, or the end of the last list. */
  if (record->info == G_OBJECT (info) && (let_go || process_info_has_ended (info)))
    finish (record, let_go);
}

static void
take_changes (void)
{
  *hub.unseen_end = process_records_take ();
  while (*hub.unseen_end != NULL)
    hub.unseen_end = &(*hub.unseen_end)->next;
}

/* What changes from now on is a change again. */
static ProcessRecord *
pop_unseen (void)
{
  ProcessRecord *record = hub.unseen;

  if (record == NULL)
    return NULL;

  hub.unseen = record->next;
  if (hub.unseen == NULL)
    hub.unseen_end = &hub.unseen;
  g_atomic_int_set (&record->pending, FALSE);
  return record;
}

static void
look_at_some (gint64 until)
{
  ProcessRecord *record;
  guint n = 0;

  while ((record = pop_unseen ()) != NULL)
    {
      look_at (record);
      process_record_unref (record);
      if (++n % RECORDS_BETWEEN_CLOCKS == 0 && g_get_monotonic_time () >= until)
        return;
    }
}

/* There is no list any more. Processes that run keep their records, for a list to come. */
static void
forget_all (void)
{
  g_autoptr(GPtrArray) started = g_steal_pointer (&hub.started);
  g_autoptr(GPtrArray) finished = g_steal_pointer (&hub.finished);
  g_autofree gpointer *records = NULL;
  ProcessRecord *record;
  guint n;

  hub.started = new_infos ();
  hub.finished = new_infos ();
  while ((record = pop_unseen ()) != NULL)
    process_record_unref (record);
  records = g_hash_table_get_keys_as_array (hub.live, &n);
  for (guint i = 0; i < n; i++)
    forget (records[i]);
}

/* ---- the source */

/* When the next turn is due. */
static gint64
take_turn (gint64 begin)
{
  g_autoptr(GPtrArray) lists = dup_lists ();
  gint64 next;

  take_changes ();
  if (lists->len == 0)
    {
      forget_all ();
      return G_MAXINT64;
    }

  look_at_some (begin + TURN_USEC);
  next = update_lists (lists);
  if (hub.unseen != NULL)
    next = 0;
  return next;
}

/* Others make the source ready at any moment, so whatever they want is asked for once more after
 * its time has been set.
 */
static gboolean
dispatch_in_main (GSource     *source,
                  GSourceFunc  func,
                  gpointer     data)
{
  gint64 begin = g_get_monotonic_time ();
  gint64 next, not_before;

  if (program_is_forked_copy ())
    {
      g_source_set_ready_time (source, -1);
      return G_SOURCE_CONTINUE;
    }
  if (process_hub_is_emitting ())
    {
      hub.put_off = TRUE;
      g_source_set_ready_time (source, -1);
      return G_SOURCE_CONTINUE;
    }

  atomic_store (&hub.awake, false);
  next = take_turn (begin);
  not_before = 2 * g_get_monotonic_time () - begin;
  process_records_set_not_before (not_before);
  g_source_set_ready_time (source, next == G_MAXINT64 ? -1 : MAX (next, not_before));
  process_records_are_pending ();
  if (atomic_load (&hub.awake))
    process_records_wake ();
  return G_SOURCE_CONTINUE;
}

static GSourceFuncs source_funcs = {
  .dispatch = dispatch_in_main,
};

static void
ensure_source (void)
{
  if (hub.source != NULL)
    return;

  hub.live = g_hash_table_new_full (NULL, NULL, (GDestroyNotify) process_record_unref, NULL);
  hub.unseen_end = &hub.unseen;
  hub.started = new_infos ();
  hub.finished = new_infos ();
  hub.lists = g_ptr_array_new_with_free_func (weak_ref_free);
  hub.source = g_source_new (&source_funcs, sizeof (GSource));
  g_source_set_static_name (hub.source, "[Proctor] lists of processes");
  g_source_set_can_recurse (hub.source, TRUE);
  g_source_attach (hub.source, g_main_context_default ());
  process_records_set_source (hub.source);
}

/* Some may have ended since the last turn. */
static gboolean
still_runs (ProcessRecord *record)
{
  ChildOutcome outcome;

  return !g_atomic_int_get (&record->let_go) && !child_id_get_outcome (record->child, &outcome);
}

/* Who is born from now on is told by its record, and who was born before is found. Other lists may
 * not have heard of what is found: they do in the next turn.
 */
GPtrArray *
process_hub_add_list (ProctorProcessList *list)
{
  g_autoptr(GPtrArray) records = NULL;
  GPtrArray *items = new_infos ();
  GHashTableIter iter;
  gpointer record;

  g_assert (thread_is_main ());

  ensure_source ();
  remember_list (list);
  process_records_add_reader ();
  records = process_actor_list_records ();
  for (guint i = 0; i < records->len; i++)
    {
      ProcessRecord *found = g_ptr_array_index (records, i);

      if (found->info == NULL && !found->is_over)
        begin_to_list (found);
    }

  g_hash_table_iter_init (&iter, hub.live);
  while (g_hash_table_iter_next (&iter, &record, NULL))
    {
      if (still_runs (record))
        g_ptr_array_add (items, g_object_ref (((ProcessRecord *) record)->info));
    }
  g_ptr_array_sort (items, process_info_compare);
  process_hub_wake ();
  return items;
}
