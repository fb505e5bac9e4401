/* SPDX-License-Identifier: LGPL-2.1-or-later */

/* Thread: MAIN. The last reference may be dropped in any thread. */

#include "config.h"

#include <string.h>

#include <glib/gi18n-lib.h>

#include <proctor/proctor.h>

#include "base/base-thread.h"
#include "list/process-hub.h"
#include "list/process-info-private.h"
#include "list/process-list-private.h"

/* If what changes at once lies in more places than this, all between the first and the last is said
 * to have changed.
 */
#define MAX_EMISSIONS 16

/**
 * ProctorProcessList:
 *
 * The processes of this program, as a [iface@Gio.ListModel] of [class@ProcessInfo] for the main
 * thread: those that run, in the order in which they were started, and for as long as is asked
 * ([method@ProcessList.set_keep_finished]) those that have ended.
 *
 * It has all processes that this library starts, in whichever thread and with whichever call:
 * spawns, runs, groups, pipelines and transports. Its items are no handles and keep nothing alive;
 * they notify what changes, so that expressions and bindings of GTK show them with no code.
 *
 * Changes come in batches, when the main context is iterated: a process that is started and ends
 * between two of them is not seen if finished ones are not kept. However much happens, the list
 * takes no more than half of the main loop's time. A handler of
 * [signal@Gio.ListModel::items-changed] that iterates the main context finds the lists unchanged
 * until it returns.
 *
 * Where there is no list, processes cost nothing for it.
 *
 * Thread safety: the main thread; the last reference may be dropped in any thread.
 *
 * Since: 1.0
 */
struct _ProctorProcessList
{
  GObject parent_instance;

  /* immutable after construction */
  gboolean is_known; /* to the hub */
  gint64 made_at;    /* monotonic */

  /* main only */
  GPtrArray *items; /* of owned ProctorProcessInfo, by serial */
  GQueue finished;  /* of owned ProctorProcessInfo, in the order of their ends */
  guint keep_finished;
  gboolean clear_wanted;
};

enum
{
  PROP_0,
  PROP_KEEP_FINISHED,
  PROP_ITEM_TYPE,
  PROP_N_ITEMS,
  N_PROPERTIES
};

static GParamSpec *properties[N_PROPERTIES];

static void list_model_init (GListModelInterface *interface);

G_DEFINE_FINAL_TYPE_WITH_CODE (ProctorProcessList, proctor_process_list, G_TYPE_OBJECT,
                               G_IMPLEMENT_INTERFACE (G_TYPE_LIST_MODEL, list_model_init))

/* ---- items */

static guint64
serial_at (GPtrArray *items,
           guint      position)
{
  return proctor_process_info_get_serial (g_ptr_array_index (items, position));
}

/* Of the first item that has this serial, or a greater one. */
static guint
position_of (GPtrArray *items,
             guint64    serial)
{
  guint low = 0, high = items->len;

  if (high > 0 && serial_at (items, high - 1) < serial)
    return high;

  while (low < high)
    {
      guint middle = low + (high - low) / 2;

      if (serial_at (items, middle) < serial)
        low = middle + 1;
      else
        high = middle;
    }
  return low;
}

static gboolean
has_item (ProctorProcessList *self,
          ProctorProcessInfo *info)
{
  guint position = position_of (self->items, proctor_process_info_get_serial (info));

  return position < self->items->len && g_ptr_array_index (self->items, position) == info;
}

/* Puts @n items of others in the place of @n_removed, and tells. */
static void
replace (ProctorProcessList *self,
         guint               position,
         guint               n_removed,
         gpointer           *added,
         guint               n)
{
  GPtrArray *items = self->items;
  g_autoptr(GPtrArray) removed = g_ptr_array_new_with_free_func (g_object_unref);
  guint n_behind = items->len - position - n_removed;

  for (guint i = 0; i < n_removed; i++)
    g_ptr_array_add (removed, items->pdata[position + i]);
  if (n > n_removed)
    g_ptr_array_set_size (items, (int) (items->len + n - n_removed));
  memmove (items->pdata + position + n, items->pdata + position + n_removed,
           n_behind * sizeof (gpointer));
  for (guint i = 0; i < n; i++)
    items->pdata[position + i] = g_object_ref (added[i]);
  if (n < n_removed)
    {
      /* What is cut off has been moved. */
      memset (items->pdata + position + n + n_behind, 0, (n_removed - n) * sizeof (gpointer));
      items->len -= n_removed - n;
    }

  process_hub_begin_emission ();
  g_list_model_items_changed (G_LIST_MODEL (self), position, n_removed, n);
  process_hub_end_emission ();
}

/* Items of @changes that stand, or would stand, beside each other in the list. */
typedef struct
{
  guint position; /* in the list */
  guint first;    /* in changes */
  guint n;
} Run;

/* @step is how far the next one of a run is from the last one: 1 for items that are there, 0 for
 * those that would come in.
 */
static GArray *
find_runs (GPtrArray *items,
           GPtrArray *changes,
           guint      step)
{
  GArray *runs = g_array_new (FALSE, FALSE, sizeof (Run));

  for (guint i = 0; i < changes->len; i++)
    {
      guint position = position_of (items, serial_at (changes, i));
      Run *last = runs->len > 0 ? &g_array_index (runs, Run, runs->len - 1) : NULL;

      if (last != NULL && last->position + last->n * step == position)
        last->n++;
      else
        g_array_append_val (runs, ((Run) { position, i, 1 }));
    }
  return runs;
}

static void
add_items (ProctorProcessList *self,
           GPtrArray          *added)
{
  g_autoptr(GArray) runs = find_runs (self->items, added, 0);
  g_autoptr(GPtrArray) merged = g_ptr_array_new ();
  guint first, end, next = 0;

  if (runs->len == 0)
    return;
  if (runs->len <= MAX_EMISSIONS)
    {
      /* Backwards, so that positions that were found stay what they are. */
      for (guint i = runs->len; i > 0; i--)
        {
          Run *run = &g_array_index (runs, Run, i - 1);

          replace (self, run->position, 0, added->pdata + run->first, run->n);
        }
      return;
    }

  first = g_array_index (runs, Run, 0).position;
  end = g_array_index (runs, Run, runs->len - 1).position;
  for (guint i = first; i <= end; i++)
    {
      while (next < added->len &&
             (i == end || serial_at (added, next) < serial_at (self->items, i)))
        g_ptr_array_add (merged, added->pdata[next++]);
      if (i < end)
        g_ptr_array_add (merged, self->items->pdata[i]);
    }
  replace (self, first, end - first, merged->pdata, merged->len);
}

static void
remove_items (ProctorProcessList *self,
              GPtrArray          *removed)
{
  g_autoptr(GArray) runs = find_runs (self->items, removed, 1);
  g_autoptr(GPtrArray) left = g_ptr_array_new ();
  Run *last;
  guint first, end, next = 0;

  if (runs->len == 0)
    return;
  if (runs->len <= MAX_EMISSIONS)
    {
      for (guint i = runs->len; i > 0; i--)
        {
          Run *run = &g_array_index (runs, Run, i - 1);

          replace (self, run->position, run->n, NULL, 0);
        }
      return;
    }

  last = &g_array_index (runs, Run, runs->len - 1);
  first = g_array_index (runs, Run, 0).position;
  end = last->position + last->n;
  for (guint i = first; i < end; i++)
    {
      if (self->items->pdata[i] == removed->pdata[next])
        next++;
      else
        g_ptr_array_add (left, self->items->pdata[i]);
    }
  replace (self, first, end - first, left->pdata, left->len);
}

/* ---- finished ones */

/* G_MININT64: at once; G_MAXINT64: never. */
static gint64
get_expiry (ProctorProcessList *self,
            ProctorProcessInfo *info)
{
  gint64 end = process_info_get_over_since (info);

  if (end == PROCESS_INFO_LET_GO || self->clear_wanted)
    return G_MININT64;
  return self->keep_finished == G_MAXUINT ? G_MAXINT64
                                          : end + (gint64) self->keep_finished * 1000;
}

/* Takes out what was kept long enough; when the next one will have been. */
static gint64
expire (ProctorProcessList *self)
{
  g_autoptr(GPtrArray) expired = g_ptr_array_new_with_free_func (g_object_unref);
  gint64 now = g_get_monotonic_time ();
  ProctorProcessInfo *oldest;
  gint64 next = G_MAXINT64;

  while ((oldest = g_queue_peek_head (&self->finished)) != NULL)
    {
      next = get_expiry (self, oldest);
      if (next > now)
        break;
      g_ptr_array_add (expired, g_queue_pop_head (&self->finished));
      next = G_MAXINT64;
    }
  self->clear_wanted = FALSE;
  g_ptr_array_sort (expired, process_info_compare);
  remove_items (self, expired);
  return next;
}

/* Of those that came and went between two turns the ones that are not kept are never shown. Nor are
 * those of which the hub hears late: they had ended when this list was made.
 */
static GPtrArray *
choose_new_items (ProctorProcessList *self,
                  GPtrArray          *started)
{
  GPtrArray *chosen = g_ptr_array_new ();

  for (guint i = 0; i < started->len; i++)
    {
      ProctorProcessInfo *info = g_ptr_array_index (started, i);
      gint64 end = process_info_get_over_since (info);

      if (end == PROCESS_INFO_LET_GO || (end != 0 && self->keep_finished == 0) ||
          process_info_ended_before (info, self->made_at) || has_item (self, info))
        continue;
      g_ptr_array_add (chosen, info);
    }
  return chosen;
}

gint64
process_list_update (ProctorProcessList *self,
                     GPtrArray          *started,
                     GPtrArray          *finished)
{
  g_autoptr(GPtrArray) added = choose_new_items (self, started);
  guint n_before = self->items->len;
  gint64 next;

  add_items (self, added);
  for (guint i = 0; i < finished->len; i++)
    {
      ProctorProcessInfo *info = g_ptr_array_index (finished, i);

      if (!has_item (self, info))
        continue;
      if (process_info_get_over_since (info) == PROCESS_INFO_LET_GO)
        g_queue_push_head (&self->finished, g_object_ref (info));
      else
        g_queue_push_tail (&self->finished, g_object_ref (info));
    }
  next = expire (self);
  if (self->items->len != n_before)
    g_object_notify_by_pspec (G_OBJECT (self), properties[PROP_N_ITEMS]);
  return next;
}

/* Unless handlers of a change are running: then in the next turn. The hub has to learn when the
 * next one will have been kept long enough in any case.
 */
static void
expire_now (ProctorProcessList *self)
{
  guint n_before = self->items->len;

  g_object_ref (self);
  if (!process_hub_is_emitting ())
    expire (self);
  process_hub_wake ();
  if (self->items->len != n_before)
    g_object_notify_by_pspec (G_OBJECT (self), properties[PROP_N_ITEMS]);
  g_object_unref (self);
}

/* ---- public */

/**
 * proctor_process_list_new:
 * @error: return location for an error
 *
 * Makes a list of the processes that run now, and of those that will be started.
 *
 * Errors: %PROCTOR_ERROR_NOT_MAIN_THREAD, %PROCTOR_ERROR_FORKED.
 *
 * Thread safety: the main thread.
 *
 * Returns: (transfer full): the list
 *
 * Since: 1.0
 */
ProctorProcessList *
proctor_process_list_new (GError **error)
{
  if (!program_check_not_forked (error))
    return NULL;
  if (!thread_is_main ())
    {
      g_set_error_literal (error, PROCTOR_ERROR, PROCTOR_ERROR_NOT_MAIN_THREAD,
                           _("A list of processes can be made on the main thread only"));
      return NULL;
    }

  return g_object_new (PROCTOR_TYPE_PROCESS_LIST, NULL);
}

/**
 * proctor_process_list_set_keep_finished:
 * @self: a list
 * @milliseconds: for how long; %G_MAXUINT: until [method@ProcessList.clear_finished]
 *
 * For how long processes that have ended stay in the list, from the moment at which it hears of
 * their end. 0, which is the default: not at all. Those that are in the list are kept for as long,
 * too.
 *
 * Thread safety: the main thread.
 *
 * Since: 1.0
 */
void
proctor_process_list_set_keep_finished (ProctorProcessList *self,
                                        guint               milliseconds)
{
  g_return_if_fail (PROCTOR_IS_PROCESS_LIST (self));
  g_return_if_fail (thread_is_main ());

  if (self->keep_finished == milliseconds)
    return;

  self->keep_finished = milliseconds;
  g_object_notify_by_pspec (G_OBJECT (self), properties[PROP_KEEP_FINISHED]);
  if (self->is_known)
    expire_now (self);
}

/**
 * proctor_process_list_get_keep_finished:
 * @self: a list
 *
 * For how long processes that have ended stay in the list.
 *
 * Thread safety: the main thread.
 *
 * Returns: milliseconds; %G_MAXUINT: until [method@ProcessList.clear_finished]
 *
 * Since: 1.0
 */
guint
proctor_process_list_get_keep_finished (ProctorProcessList *self)
{
  g_return_val_if_fail (PROCTOR_IS_PROCESS_LIST (self), 0);

  return self->keep_finished;
}

/**
 * proctor_process_list_clear_finished:
 * @self: a list
 *
 * Takes out what has ended: at once, or where a handler of
 * [signal@Gio.ListModel::items-changed] calls this, afterwards.
 *
 * Thread safety: the main thread.
 *
 * Since: 1.0
 */
void
proctor_process_list_clear_finished (ProctorProcessList *self)
{
  g_return_if_fail (PROCTOR_IS_PROCESS_LIST (self));
  g_return_if_fail (thread_is_main ());

  self->clear_wanted = TRUE;
  expire_now (self);
}

/* ---- GListModel */

static GType
get_item_type (GListModel *model)
{
  return PROCTOR_TYPE_PROCESS_INFO;
}

static guint
get_n_items (GListModel *model)
{
  return PROCTOR_PROCESS_LIST (model)->items->len;
}

static gpointer
get_item (GListModel *model,
          guint       position)
{
  ProctorProcessList *self = PROCTOR_PROCESS_LIST (model);

  if (position >= self->items->len)
    return NULL;

  return g_object_ref (g_ptr_array_index (self->items, position));
}

static void
list_model_init (GListModelInterface *interface)
{
  interface->get_item_type = get_item_type;
  interface->get_n_items = get_n_items;
  interface->get_item = get_item;
}

/* ---- the class */

/* A binding, or a GtkBuilder, makes its objects without the constructor function. */
static void
proctor_process_list_constructed (GObject *object)
{
  ProctorProcessList *self = PROCTOR_PROCESS_LIST (object);

  G_OBJECT_CLASS (proctor_process_list_parent_class)->constructed (object);

  if (program_is_forked_copy () || !thread_is_main ())
    {
      g_critical ("A list of processes that was not made on the program's main thread stays empty");
      return;
    }

  self->is_known = TRUE;
  self->made_at = g_get_monotonic_time ();
  g_ptr_array_unref (self->items);
  self->items = process_hub_add_list (self);
}

static void
proctor_process_list_get_property (GObject    *object,
                                   guint       property_id,
                                   GValue     *value,
                                   GParamSpec *pspec)
{
  ProctorProcessList *self = PROCTOR_PROCESS_LIST (object);

  switch (property_id)
    {
    case PROP_KEEP_FINISHED:
      g_value_set_uint (value, self->keep_finished);
      break;
    case PROP_ITEM_TYPE:
      g_value_set_gtype (value, PROCTOR_TYPE_PROCESS_INFO);
      break;
    case PROP_N_ITEMS:
      g_value_set_uint (value, self->items->len);
      break;
    default:
      G_OBJECT_WARN_INVALID_PROPERTY_ID (object, property_id, pspec);
    }
}

static void
proctor_process_list_set_property (GObject      *object,
                                   guint         property_id,
                                   const GValue *value,
                                   GParamSpec   *pspec)
{
  switch (property_id)
    {
    case PROP_KEEP_FINISHED:
      proctor_process_list_set_keep_finished (PROCTOR_PROCESS_LIST (object),
                                              g_value_get_uint (value));
      break;
    default:
      G_OBJECT_WARN_INVALID_PROPERTY_ID (object, property_id, pspec);
    }
}

static void
proctor_process_list_finalize (GObject *object)
{
  ProctorProcessList *self = PROCTOR_PROCESS_LIST (object);

  if (self->is_known && !program_is_forked_copy ())
    process_hub_list_gone ();
  g_queue_clear_full (&self->finished, g_object_unref);
  g_ptr_array_unref (self->items);

  G_OBJECT_CLASS (proctor_process_list_parent_class)->finalize (object);
}

static void
proctor_process_list_class_init (ProctorProcessListClass *klass)
{
  GObjectClass *object_class = G_OBJECT_CLASS (klass);
  const GParamFlags readable = G_PARAM_READABLE | G_PARAM_STATIC_STRINGS | G_PARAM_EXPLICIT_NOTIFY;

  object_class->constructed = proctor_process_list_constructed;
  object_class->get_property = proctor_process_list_get_property;
  object_class->set_property = proctor_process_list_set_property;
  object_class->finalize = proctor_process_list_finalize;

  /**
   * ProctorProcessList:keep-finished: (getter get_keep_finished) (setter set_keep_finished)
   *
   * For how many milliseconds processes that have ended stay in the list.
   *
   * Since: 1.0
   */
  properties[PROP_KEEP_FINISHED] = g_param_spec_uint ("keep-finished", NULL, NULL, 0, G_MAXUINT, 0,
                                                      readable | G_PARAM_WRITABLE);

  /**
   * ProctorProcessList:item-type:
   *
   * The type of the items, [class@ProcessInfo].
   *
   * Since: 1.0
   */
  properties[PROP_ITEM_TYPE] =
    g_param_spec_gtype ("item-type", NULL, NULL, G_TYPE_OBJECT, readable);

  /**
   * ProctorProcessList:n-items:
   *
   * How many items there are.
   *
   * Since: 1.0
   */
  properties[PROP_N_ITEMS] = g_param_spec_uint ("n-items", NULL, NULL, 0, G_MAXUINT, 0, readable);

  g_object_class_install_properties (object_class, N_PROPERTIES, properties);
}

static void
proctor_process_list_init (ProctorProcessList *self)
{
  self->items = g_ptr_array_new_with_free_func (g_object_unref);
  g_queue_init (&self->finished);
}
