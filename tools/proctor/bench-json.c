/* SPDX-License-Identifier: LGPL-2.1-or-later */

/* Thread: MAIN. */

#include "config.h"

#include <sys/utsname.h>
#include <unistd.h>

#include <json-glib/json-glib.h>

#include "bench-table.h"

static void
add_string (JsonBuilder *builder,
            const char  *name,
            const char  *value)
{
  json_builder_set_member_name (builder, name);
  json_builder_add_string_value (builder, value);
}

static void
add_machine (JsonBuilder *builder)
{
  struct utsname names;

  json_builder_set_member_name (builder, "machine");
  json_builder_begin_object (builder);
  if (uname (&names) == 0)
    {
      add_string (builder, "system", names.sysname);
      add_string (builder, "release", names.release);
      add_string (builder, "architecture", names.machine);
    }
  json_builder_set_member_name (builder, "processors");
  json_builder_add_int_value (builder, g_get_num_processors ());
  json_builder_end_object (builder);
}

static void
add_peers (JsonBuilder  *builder,
           BenchResults *results)
{
  json_builder_set_member_name (builder, "peers");
  json_builder_begin_array (builder);
  for (guint peer = 0; peer < N_BENCH_PEERS; peer++)
    if (results->has_peer[peer] || results->missing[peer] != NULL)
      {
        json_builder_begin_object (builder);
        add_string (builder, "name", bench_peers[peer].name);
        json_builder_set_member_name (builder, "measured");
        json_builder_add_boolean_value (builder, results->has_peer[peer]);
        if (results->missing[peer] != NULL)
          add_string (builder, "reason", results->missing[peer]);
        json_builder_end_object (builder);
      }
  json_builder_end_array (builder);
}

static void
add_figures (JsonBuilder  *builder,
             BenchResults *results,
             guint         index,
             guint         peer)
{
  BenchRow *row = g_ptr_array_index (results->rows, index);
  double value;

  json_builder_set_member_name (builder, bench_peers[peer].name);
  json_builder_begin_object (builder);
  json_builder_set_member_name (builder, "rounds");
  json_builder_begin_array (builder);
  for (guint i = 0; i < row->values[peer]->len; i++)
    json_builder_add_double_value (builder, g_array_index (row->values[peer], double, i) *
                                              row->scenario->scale);
  json_builder_end_array (builder);
  if (bench_results_get_median (results, index, peer, &value))
    {
      json_builder_set_member_name (builder, "median");
      json_builder_add_double_value (builder, value);
    }
  if (bench_results_get_ratio (results, index, peer, &value))
    {
      json_builder_set_member_name (builder, "ratio");
      json_builder_add_double_value (builder, value);
    }
  if (row->note[peer] != NULL)
    add_string (builder, "note", row->note[peer]);
  if (row->left_out[peer] != NULL)
    add_string (builder, "left_out", row->left_out[peer]);
  json_builder_end_object (builder);
}

static void
add_row (JsonBuilder  *builder,
         BenchResults *results,
         guint         index)
{
  BenchRow *row = g_ptr_array_index (results->rows, index);
  gboolean reached;

  json_builder_begin_object (builder);
  add_string (builder, "scenario", row->scenario->name);
  if (row->point >= 0)
    {
      json_builder_set_member_name (builder, row->scenario->parameter);
      json_builder_add_int_value (builder, row->point);
    }
  add_string (builder, "unit", row->scenario->unit);
  json_builder_set_member_name (builder, "less_is_better");
  json_builder_add_boolean_value (builder, row->scenario->less_is_better);
  add_string (builder, "ratio_to", row->scenario->of_first ? "first" : "floor");
  if (bench_row_get_goal (row) > 0)
    {
      json_builder_set_member_name (builder, row->scenario->goal_is_ratio ? "goal_ratio" : "goal");
      json_builder_add_double_value (builder, bench_row_get_goal (row));
    }
  if (bench_results_get_reached (results, index, &reached))
    {
      json_builder_set_member_name (builder, "reached");
      json_builder_add_boolean_value (builder, reached);
    }
  json_builder_set_member_name (builder, "figures");
  json_builder_begin_object (builder);
  for (guint peer = 0; peer < N_BENCH_PEERS; peer++)
    if (results->has_peer[peer])
      add_figures (builder, results, index, peer);
  json_builder_end_object (builder);
  json_builder_end_object (builder);
}

char *
bench_json_dup (BenchResults *results)
{
  g_autoptr(JsonBuilder) builder = json_builder_new ();
  g_autoptr(JsonNode) root = NULL;

  json_builder_begin_object (builder);
  add_string (builder, "version", PROCTOR_VERSION);
  if (!results->is_read)
    add_machine (builder);
  json_builder_set_member_name (builder, "rounds");
  json_builder_add_int_value (builder, results->rounds);
  json_builder_set_member_name (builder, "quick");
  json_builder_add_boolean_value (builder, results->quick);
  add_peers (builder, results);
  json_builder_set_member_name (builder, "results");
  json_builder_begin_array (builder);
  for (guint i = 0; i < results->rows->len; i++)
    add_row (builder, results, i);
  json_builder_end_array (builder);
  json_builder_end_object (builder);
  root = json_builder_get_root (builder);

  return json_to_string (root, TRUE);
}
