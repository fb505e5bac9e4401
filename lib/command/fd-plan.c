/* SPDX-License-Identifier: LGPL-2.1-or-later */

/* Thread: ANY. Pure: no system call. */

#include "config.h"

#include "command/fd-plan.h"

/* The operations run in two rounds. First, every source that another mapping is going to overwrite
 * is moved to or above `floor`, where no target lies. After that no operation writes on a fd that a
 * later one reads, so the second round, which gives every target its file, may go in any order. A
 * source that nobody overwrites stays where it is: that is the usual case and saves a system call.
 */

#define LOWEST_FLOOR 3 /* above stdin, stdout and stderr even if nothing is mapped */

/* `key` may be 0, which as a pointer is NULL: only _lookup_extended() tells that from a missing
 * one.
 */
static gboolean
lookup (GHashTable *table,
        int         key,
        int        *value)
{
  gpointer found;

  if (!g_hash_table_lookup_extended (table, GINT_TO_POINTER (key), NULL, &found))
    return FALSE;

  *value = GPOINTER_TO_INT (found);
  return TRUE;
}

static void
add_op (FdPlan   *self,
        FdOpKind  kind,
        int       fd,
        int       target,
        guint     index)
{
  self->ops[self->n_ops++] = (FdOp) { .kind = kind, .fd = fd, .target = target, .index = index };
}

/* @moved: source → slot, filled here. @sources: target → source. */
static void
plan_moves (FdPlan          *self,
            const FdMapping *mappings,
            guint            n_mappings,
            GHashTable      *sources,
            GHashTable      *moved)
{
  for (guint i = 0; i < n_mappings; i++)
    {
      int source = mappings[i].source;
      int overwritten_by;

      if (!lookup (sources, source, &overwritten_by) || overwritten_by == source)
        continue;
      if (g_hash_table_contains (moved, GINT_TO_POINTER (source)))
        continue;

      g_hash_table_insert (moved, GINT_TO_POINTER (source), GINT_TO_POINTER ((int) self->n_moved));
      add_op (self, FD_OP_MOVE, source, -1, self->n_moved);
      self->n_moved++;
    }
}

void
fd_plan_init (FdPlan          *self,
              const FdMapping *mappings,
              guint            n_mappings)
{
  g_autoptr(GHashTable) sources = g_hash_table_new (NULL, NULL);
  g_autoptr(GHashTable) moved = g_hash_table_new (NULL, NULL);

  *self = (FdPlan) { .floor = LOWEST_FLOOR, .ops = g_new (FdOp, 2 * (gsize) n_mappings) };

  for (guint i = 0; i < n_mappings; i++)
    {
      const FdMapping *mapping = &mappings[i];

      self->floor = MAX (self->floor, MIN (mapping->target, G_MAXINT - 1) + 1);
      g_hash_table_insert (sources, GINT_TO_POINTER (mapping->target),
                           GINT_TO_POINTER (mapping->source));
    }

  plan_moves (self, mappings, n_mappings, sources, moved);

  for (guint i = 0; i < n_mappings; i++)
    {
      const FdMapping *mapping = &mappings[i];
      int slot;

      if (mapping->source == mapping->target)
        add_op (self, FD_OP_CLEAR_CLOEXEC, mapping->source, mapping->target, 0);
      else if (lookup (moved, mapping->source, &slot))
        add_op (self, FD_OP_DUP, -1, mapping->target, (guint) slot);
      else
        add_op (self, FD_OP_DUP, mapping->source, mapping->target, 0);
    }
}

void
fd_plan_clear (FdPlan *self)
{
  g_clear_pointer (&self->ops, g_free);
  self->n_moved = 0;
  self->n_ops = 0;
}
