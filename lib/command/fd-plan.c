/* SPDX-License-Identifier: LGPL-2.1-or-later */

/* Thread: ANY. Pure: no system call. */

#include "config.h"

#include "command/fd-plan.h"

#include <stdlib.h>

/* The operations run in two rounds. First, every source that another mapping is going to overwrite
 * is moved to or above `floor`, where no target lies. After that no operation writes on a fd that a
 * later one reads, so the second round, which gives every target its file, may go in any order. A
 * source that nobody overwrites stays where it is: that is the usual case and saves a system call.
 */

#define LOWEST_FLOOR 3 /* above stdin, stdout and stderr even if nothing is mapped */

/* With no more targets than this nothing is allocated for them. */
#define N_FEW 8

/* What is going to be written on. */
typedef struct
{
  int fd;
  int source;
  int slot; /* where its file is moved to before that; -1: nowhere, nobody reads it */
} Target;

static int
compare_targets (const void *a,
                 const void *b)
{
  int left = ((const Target *) a)->fd;
  int right = ((const Target *) b)->fd;

  return (left > right) - (left < right);
}

/* NULL: @fd is no target. */
static Target *
find_target (Target *targets,
             guint   n_targets,
             int     fd)
{
  const Target key = { .fd = fd };

  return bsearch (&key, targets, n_targets, sizeof key, compare_targets);
}

static void
plan_moves (FdPlan          *self,
            const FdMapping *mappings,
            guint            n_mappings,
            Target          *targets)
{
  for (guint i = 0; i < n_mappings; i++)
    {
      const FdMapping *mapping = &mappings[i];
      Target *overwritten = find_target (targets, n_mappings, mapping->source);

      if (overwritten == NULL || overwritten->source == mapping->source || overwritten->slot >= 0)
        continue;

      overwritten->slot = (int) self->n_moved;
      self->ops[self->n_ops++] = (FdOp) {
        .kind = FD_OP_MOVE,
        .fd = mapping->source,
        .target = -1,
        .index = self->n_moved++,
        .is_open = mapping->is_open,
      };
    }
}

static void
plan_targets (FdPlan          *self,
              const FdMapping *mappings,
              guint            n_mappings,
              Target          *targets)
{
  for (guint i = 0; i < n_mappings; i++)
    {
      const FdMapping *mapping = &mappings[i];
      const Target *overwritten = find_target (targets, n_mappings, mapping->source);
      FdOp op = {
        .kind = FD_OP_DUP,
        .fd = mapping->source,
        .target = mapping->target,
        .is_open = mapping->is_open,
      };

      if (mapping->source == mapping->target)
        op.kind = FD_OP_CLEAR_CLOEXEC;
      else if (overwritten != NULL && overwritten->slot >= 0)
        op = (FdOp) {
          .kind = FD_OP_DUP,
          .fd = -1,
          .target = mapping->target,
          .index = (guint) overwritten->slot,
        };
      self->ops[self->n_ops++] = op;
    }
}

void
fd_plan_init (FdPlan          *self,
              const FdMapping *mappings,
              guint            n_mappings)
{
  g_autofree Target *many = n_mappings > N_FEW ? g_new (Target, n_mappings) : NULL;
  Target few[N_FEW];
  Target *targets = many != NULL ? many : few;

  *self = (FdPlan) { .floor = LOWEST_FLOOR, .ops = g_new (FdOp, 2 * (gsize) n_mappings) };

  for (guint i = 0; i < n_mappings; i++)
    {
      const FdMapping *mapping = &mappings[i];

      self->floor = MAX (self->floor, MIN (mapping->target, G_MAXINT - 1) + 1);
      targets[i] = (Target) { .fd = mapping->target, .source = mapping->source, .slot = -1 };
    }
  qsort (targets, n_mappings, sizeof targets[0], compare_targets);

  plan_moves (self, mappings, n_mappings, targets);
  plan_targets (self, mappings, n_mappings, targets);
}

void
fd_plan_clear (FdPlan *self)
{
  g_clear_pointer (&self->ops, g_free);
  self->n_moved = 0;
  self->n_ops = 0;
}
