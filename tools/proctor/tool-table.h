/* Tables for people: aligned columns, coloured on a terminal.
 *
 * SPDX-License-Identifier: LGPL-2.1-or-later
 */

#pragma once

#include <glib.h>

G_BEGIN_DECLS

typedef enum
{
  TOOL_COLOR_NONE,
  TOOL_COLOR_BOLD,
  TOOL_COLOR_DIM,
  TOOL_COLOR_GOOD,
  TOOL_COLOR_WARNING,
  TOOL_COLOR_BAD,
} ToolColor;

/* Whether stdout is a terminal that shows colours, and NO_COLOR does not say otherwise. */
gboolean tool_wants_color (void);

typedef struct _ToolTable ToolTable;

ToolTable *tool_table_new (guint n_columns);
void tool_table_free (ToolTable *self);

/* Numbers are read better with their ends below each other. */
void tool_table_align_right (ToolTable *self,
                             guint      column);

/* Cells go from left to right, and then into the next row. */
void tool_table_add (ToolTable  *self,
                     ToolColor   color,
                     const char *text);
void tool_table_add_take (ToolTable *self,
                          ToolColor  color,
                          char      *text);

/* A line of its own below the last row, which begins under this column; its text may be longer than
 * that. Takes @text.
 */
void tool_table_add_note (ToolTable *self,
                          guint      column,
                          ToolColor  color,
                          char      *text);

/* The whole, to be freed. What could move the cursor is replaced. */
char *tool_table_dup (ToolTable *self,
                      gboolean   with_color);

G_DEFINE_AUTOPTR_CLEANUP_FUNC (ToolTable, tool_table_free)

G_END_DECLS
