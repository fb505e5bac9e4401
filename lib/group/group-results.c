/* SPDX-License-Identifier: LGPL-2.1-or-later */

/* Thread: the actor's WORKER until they are the answer, then the caller's. */

#include "config.h"

#include "group/group-results.h"

static void
free_result (gpointer data)
{
  g_clear_pointer ((ResultData **) &data, result_data_free);
}

GPtrArray *
group_results_new (guint n_runs)
{
  GPtrArray *results = g_ptr_array_new_with_free_func (free_result);

  g_ptr_array_set_size (results, (int) n_runs);
  return results;
}

void
group_results_answer (GPtrArray *results,
                      Operation *group)
{
  group->payload = results;
  group->payload_free = (GDestroyNotify) g_ptr_array_unref;
  operation_finish (group);
}

GPtrArray *
group_results_take (Operation *group)
{
  g_autoptr(GPtrArray) data = g_steal_pointer (&group->payload);
  GPtrArray *results = g_ptr_array_new_full (data->len, g_object_unref);

  for (guint i = 0; i < data->len; i++)
    g_ptr_array_add (results, proctor_result_new (g_steal_pointer (&g_ptr_array_index (data, i))));
  return results;
}
