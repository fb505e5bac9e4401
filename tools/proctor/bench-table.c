/* SPDX-License-Identifier: LGPL-2.1-or-later */

/* Thread: MAIN. */

#include "config.h"

#include "bench-table.h"

#include <string.h>

#include <glib/gi18n.h>

#include "tool.h"

#define TABLE_WIDTH 80
#define TITLE_WIDTH 16
#define UNIT_WIDTH 6

/* Three digits that mean something, and no more. */
static char *
dup_number (double value)
{
  return g_strdup_printf ("%.*f", value >= 100 ? 0 : value >= 10 ? 1 : 2, value);
}

static guint
get_width (guint peer)
{
  return MAX (8, (guint) strlen (bench_peers[peer].title) + 1);
}

/* @width is in columns of a terminal, which a translation may fill with fewer characters. */
static void
append_padded (GString    *table,
               const char *text,
               guint       width)
{
  guint has = tool_get_text_width (text);

  g_string_append_printf (table, "%s%*s", text, has < width ? (int) (width - has) : 0, "");
}

static void
append_cell (GString    *table,
             guint       peer,
             const char *text)
{
  g_string_append_printf (table, "%*s", (int) get_width (peer), text);
}

static void
append_cells (GString      *table,
              BenchResults *results,
              guint         row,
              gboolean (*get) (BenchResults *, guint, BenchPeerId, double *),
              gboolean      is_ratio)
{
  for (guint peer = 0; peer < N_BENCH_PEERS; peer++)
    {
      g_autofree char *text = NULL;
      double value;

      if (!results->has_peer[peer])
        continue;
      if (get (results, row, peer, &value))
        text = is_ratio ? g_strdup_printf ("%.2f", value) : dup_number (value);
      append_cell (table, peer, text != NULL ? text : "-");
    }
}

static void
append_goal (GString      *table,
             BenchResults *results,
             guint         index,
             gboolean      is_ratio)
{
  const BenchRow *row = g_ptr_array_index (results->rows, index);
  double goal = bench_row_get_goal (row);
  gboolean reached;

  if (!results->has_peer[BENCH_PEER_PROCTOR] || goal <= 0 ||
      row->scenario->goal_is_ratio != is_ratio)
    return;
  g_string_append_printf (table, "  %s%g", row->scenario->less_is_better ? "<=" : ">=", goal);
  if (bench_results_get_reached (results, index, &reached) && !reached)
    g_string_append (table, " !");
}

static gboolean
has_ratio (BenchResults *results,
           guint         row)
{
  double ratio;

  for (guint peer = 0; peer < N_BENCH_PEERS; peer++)
    if (results->has_peer[peer] && bench_results_get_ratio (results, row, peer, &ratio))
      return TRUE;

  return FALSE;
}

static void
append_row (GString      *table,
            BenchResults *results,
            guint         index)
{
  BenchRow *row = g_ptr_array_index (results->rows, index);
  g_autofree char *title = bench_row_dup_title (row);
  g_autofree char *ratio = NULL;

  g_string_append_printf (table, "%-*s %-*s", TITLE_WIDTH, title, UNIT_WIDTH, row->scenario->unit);
  append_cells (table, results, index, bench_results_get_median, FALSE);
  append_goal (table, results, index, FALSE);
  g_string_append_c (table, '\n');

  if (!has_ratio (results, index))
    return;

  /* Translators: below a figure of the table: how it is to the first of its row's series, or to the
   * floor, which is what the bare kernel takes.
   */
  ratio = g_strconcat ("  ", row->scenario->of_first ? _("of its first") : _("of the floor"), NULL);
  append_padded (table, ratio, TITLE_WIDTH + 1 + UNIT_WIDTH);
  append_cells (table, results, index, bench_results_get_ratio, TRUE);
  append_goal (table, results, index, TRUE);
  g_string_append_c (table, '\n');
}

/* Where a peer has the same to say. */
typedef struct
{
  guint peer;
  const char *text;
  GString *titles;
} Note;

static void
note_clear (gpointer data)
{
  Note *note = data;

  g_string_free (note->titles, TRUE);
}

static void
add_note (GArray     *notes,
          guint       peer,
          const char *text,
          const char *title)
{
  Note note = { peer, text, NULL };

  for (guint i = 0; i < notes->len; i++)
    {
      Note *other = &g_array_index (notes, Note, i);

      if (other->peer == peer && strcmp (other->text, text) == 0)
        {
          g_string_append_printf (other->titles, ", %s", title);
          return;
        }
    }
  note.titles = g_string_new (title);
  g_array_append_val (notes, note);
}

static void
append_wrapped (GString    *table,
                const char *text)
{
  g_auto(GStrv) words = g_strsplit (text, " ", -1);
  guint column = 0;

  for (gsize i = 0; words[i] != NULL; i++)
    {
      guint width = tool_get_text_width (words[i]);

      if (column > 0 && column + 1 + width > TABLE_WIDTH)
        {
          g_string_append (table, "\n ");
          column = 1;
        }
      g_string_append_printf (table, "%s%s", i > 0 ? " " : "", words[i]);
      column += (i > 0) + width;
    }
  g_string_append_c (table, '\n');
}

/* Why a figure is missing, or what is to be said of one. */
static void
append_notes (GString      *table,
              BenchResults *results)
{
  g_autoptr(GArray) notes = g_array_new (FALSE, FALSE, sizeof (Note));

  g_array_set_clear_func (notes, note_clear);
  for (guint peer = 0; peer < N_BENCH_PEERS; peer++)
    for (guint i = 0; i < results->rows->len; i++)
      {
        const BenchRow *row = g_ptr_array_index (results->rows, i);
        g_autofree char *title = bench_row_dup_title (row);

        if (row->note[peer] != NULL)
          add_note (notes, peer, row->note[peer], title);
        if (row->left_out[peer] != NULL)
          add_note (notes, peer, row->left_out[peer], title);
      }
  if (notes->len > 0)
    g_string_append_c (table, '\n');
  for (guint i = 0; i < notes->len; i++)
    {
      const Note *note = &g_array_index (notes, Note, i);
      const char *who = bench_peers[note->peer].title;
      g_autofree char *line = g_strdup_printf ("%s: %s (%s)", who, note->text, note->titles->str);

      append_wrapped (table, line);
    }
}

char *
bench_table_dup (BenchResults *results)
{
  GString *table = g_string_new (NULL);

  append_padded (table, _("scenario"), TITLE_WIDTH + 1);
  append_padded (table, _("unit"), UNIT_WIDTH);
  for (guint peer = 0; peer < N_BENCH_PEERS; peer++)
    if (results->has_peer[peer])
      append_cell (table, peer, bench_peers[peer].title);
  if (results->has_peer[BENCH_PEER_PROCTOR])
    g_string_append_printf (table, "  %s", _("goal"));
  g_string_append_c (table, '\n');
  for (guint i = 0; i < results->rows->len; i++)
    append_row (table, results, i);
  append_notes (table, results);

  return g_string_free (table, FALSE);
}
