/* Reads what bench-json.c has written.
 *
 * SPDX-License-Identifier: LGPL-2.1-or-later
 */

/* Thread: MAIN. */

#include "config.h"

#include "bench-table.h"

#include <gio/gio.h>
#include <glib/gi18n.h>
#include <json-glib/json-glib.h>

/* NULL where there is none, or something else has its name. */
static JsonArray *
get_array (JsonObject *object,
           const char *name)
{
  JsonNode *node = json_object_get_member (object, name);

  return node != NULL && JSON_NODE_HOLDS_ARRAY (node) ? json_node_get_array (node) : NULL;
}

static JsonObject *
get_object (JsonObject *object,
            const char *name)
{
  JsonNode *node = json_object_get_member (object, name);

  return node != NULL && JSON_NODE_HOLDS_OBJECT (node) ? json_node_get_object (node) : NULL;
}

static JsonObject *
get_element (JsonArray *array,
             guint      index)
{
  JsonNode *node = json_array_get_element (array, index);

  return JSON_NODE_HOLDS_OBJECT (node) ? json_node_get_object (node) : NULL;
}

static void
take_string (JsonObject  *object,
             const char  *name,
             char       **string)
{
  const char *value = json_object_get_string_member_with_default (object, name, NULL);

  if (value == NULL)
    return;
  g_free (*string);
  *string = g_strdup (value);
}

static void
read_figures (JsonObject *figures,
              BenchRow   *row,
              guint       peer)
{
  JsonArray *rounds = get_array (figures, "rounds");

  for (guint i = 0; rounds != NULL && i < json_array_get_length (rounds); i++)
    {
      double value = json_array_get_double_element (rounds, i) / row->scenario->scale;

      g_array_append_val (row->values[peer], value);
    }
  take_string (figures, "note", &row->note[peer]);
  take_string (figures, "left_out", &row->left_out[peer]);
}

static BenchRow *
find_row (BenchResults *results,
          JsonObject   *object)
{
  const char *name = json_object_get_string_member_with_default (object, "scenario", "");

  for (guint i = 0; i < results->rows->len; i++)
    {
      BenchRow *row = g_ptr_array_index (results->rows, i);
      const BenchScenario *scenario = row->scenario;

      if (g_strcmp0 (scenario->name, name) == 0 &&
          (scenario->parameter == NULL ||
           json_object_get_int_member_with_default (object, scenario->parameter, -1) == row->point))
        return row;
    }

  return NULL;
}

static void
read_row (BenchResults *results,
          JsonObject   *object)
{
  BenchRow *row = find_row (results, object);
  JsonObject *all = get_object (object, "figures");

  for (guint peer = 0; row != NULL && all != NULL && peer < N_BENCH_PEERS; peer++)
    {
      JsonObject *figures = get_object (all, bench_peers[peer].name);

      if (figures != NULL)
        read_figures (figures, row, peer);
    }
}

static void
read_peers (BenchResults   *results,
            JsonObject     *root,
            const gboolean *wanted)
{
  JsonArray *peers = get_array (root, "peers");

  for (guint i = 0; peers != NULL && i < json_array_get_length (peers); i++)
    {
      JsonObject *object = get_element (peers, i);

      for (guint peer = 0; object != NULL && peer < N_BENCH_PEERS; peer++)
        if (g_strcmp0 (json_object_get_string_member_with_default (object, "name", NULL),
                       bench_peers[peer].name) == 0)
          results->has_peer[peer] |=
            wanted[peer] &&
            json_object_get_boolean_member_with_default (object, "measured", FALSE);
    }
}

gboolean
bench_results_read (BenchResults    *results,
                    const char      *path,
                    const gboolean  *wanted,
                    GError         **error)
{
  g_autoptr(JsonParser) parser = json_parser_new ();
  JsonNode *root_node;
  JsonObject *root;
  JsonArray *rows;

  if (!json_parser_load_from_file (parser, path, error))
    return FALSE;
  root_node = json_parser_get_root (parser);
  root = root_node != NULL && JSON_NODE_HOLDS_OBJECT (root_node) ? json_node_get_object (root_node)
                                                                 : NULL;
  rows = root != NULL ? get_array (root, "results") : NULL;
  if (rows == NULL)
    {
      g_set_error (error, G_IO_ERROR, G_IO_ERROR_INVALID_DATA,
                   _("“%s” has no figures of proctor bench"), path);
      return FALSE;
    }

  read_peers (results, root, wanted);
  results->rounds =
    MAX (results->rounds, (guint) json_object_get_int_member_with_default (root, "rounds", 0));
  for (guint i = 0; i < json_array_get_length (rows); i++)
    {
      JsonObject *row = get_element (rows, i);

      if (row != NULL)
        read_row (results, row);
    }

  return TRUE;
}
