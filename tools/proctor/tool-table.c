/* SPDX-License-Identifier: LGPL-2.1-or-later */

/* Thread: ANY; each table one thread's own. */

#include "config.h"

#include "tool-table.h"

#include <string.h>
#include <unistd.h>

#include "tool.h"

#define GAP 2

typedef struct
{
  char *text;
  ToolColor color;
  gboolean is_note;
  guint column;
} Cell;

struct _ToolTable
{
  guint n_columns;
  gboolean *right;  /* of n_columns */
  guint *widths;    /* of n_columns; of the cells so far */
  guint next;       /* column */
  GArray *cells;    /* of Cell */
};

static const char * const color_codes[] = {
  [TOOL_COLOR_NONE] = "",          [TOOL_COLOR_BOLD] = "\033[1m",
  [TOOL_COLOR_DIM] = "\033[2m",    [TOOL_COLOR_GOOD] = "\033[32m",
  [TOOL_COLOR_WARNING] = "\033[33m", [TOOL_COLOR_BAD] = "\033[1;31m",
};

gboolean
tool_wants_color (void)
{
  const char *no_color = g_getenv ("NO_COLOR");

  /* no-color.org: present and not empty. */
  if (no_color != NULL && *no_color != '\0')
    return FALSE;

  return isatty (STDOUT_FILENO) && g_strcmp0 (g_getenv ("TERM"), "dumb") != 0;
}

static void
clear_cell (gpointer cell)
{
  g_free (((Cell *) cell)->text);
}

ToolTable *
tool_table_new (guint n_columns)
{
  ToolTable *self = g_new0 (ToolTable, 1);

  self->n_columns = n_columns;
  self->right = g_new0 (gboolean, n_columns);
  self->widths = g_new0 (guint, n_columns);
  self->cells = g_array_new (FALSE, FALSE, sizeof (Cell));
  g_array_set_clear_func (self->cells, clear_cell);
  return self;
}

void
tool_table_free (ToolTable *self)
{
  g_free (self->right);
  g_free (self->widths);
  g_array_unref (self->cells);
  g_free (self);
}

void
tool_table_align_right (ToolTable *self,
                        guint      column)
{
  self->right[column] = TRUE;
}

/* A name of a process or file may hold anything. */
static char *
make_printable (char *text)
{
  char *valid = g_utf8_make_valid (text, -1);

  for (char *p = valid; *p != '\0'; p++)
    if (g_ascii_iscntrl (*p))
      *p = '?';
  g_free (text);

  return valid;
}

void
tool_table_add_take (ToolTable *self,
                     ToolColor  color,
                     char      *text)
{
  Cell cell = { .text = make_printable (text), .color = color, .column = self->next };

  self->widths[cell.column] = MAX (self->widths[cell.column], tool_get_text_width (cell.text));
  g_array_append_val (self->cells, cell);
  self->next = (self->next + 1) % self->n_columns;
}

void
tool_table_add (ToolTable  *self,
                ToolColor   color,
                const char *text)
{
  tool_table_add_take (self, color, g_strdup (text));
}

void
tool_table_add_note (ToolTable *self,
                     guint      column,
                     ToolColor  color,
                     char      *text)
{
  Cell cell = { .text = make_printable (text), .color = color, .is_note = TRUE, .column = column };

  g_array_append_val (self->cells, cell);
}

static void
append_spaces (GString *string,
               guint    n)
{
  g_string_append_printf (string, "%*s", (int) n, "");
}

static void
append_colored (GString    *string,
                const Cell *cell,
                gboolean    with_color)
{
  gboolean colored = with_color && cell->color != TOOL_COLOR_NONE && *cell->text != '\0';

  g_string_append_printf (string, "%s%s%s", colored ? color_codes[cell->color] : "", cell->text,
                          colored ? "\033[0m" : "");
}

static void
append_cell (ToolTable  *self,
             GString    *string,
             const Cell *cell,
             gboolean    with_color)
{
  guint padding = self->widths[cell->column] - tool_get_text_width (cell->text);
  gboolean is_last = cell->column == self->n_columns - 1;

  if (self->right[cell->column])
    append_spaces (string, padding);
  append_colored (string, cell, with_color);
  if (!self->right[cell->column] && !is_last)
    append_spaces (string, padding);
  if (!is_last)
    append_spaces (string, GAP);
}

static void
strip_trailing_spaces (GString *string)
{
  while (string->len > 0 && string->str[string->len - 1] == ' ')
    g_string_truncate (string, string->len - 1);
}

char *
tool_table_dup (ToolTable *self,
                gboolean   with_color)
{
  GString *string = g_string_new (NULL);

  for (guint i = 0; i < self->cells->len; i++)
    {
      const Cell *cell = &g_array_index (self->cells, Cell, i);

      if (cell->is_note)
        {
          for (guint column = 0; column < cell->column; column++)
            append_spaces (string, self->widths[column] + GAP);
          append_colored (string, cell, with_color);
        }
      else
        {
          append_cell (self, string, cell, with_color);
        }
      if (cell->is_note || cell->column == self->n_columns - 1)
        {
          strip_trailing_spaces (string);
          g_string_append_c (string, '\n');
        }
    }

  return g_string_free (string, FALSE);
}
