/* SPDX-License-Identifier: LGPL-2.1-or-later */

/* Thread: ANY. */

#include "config.h"

#include "command/child-environ.h"

#include <string.h>

/* While it is being made: the entries, and a hash table of their positions by name, with open
 * addressing and room for all that may come.
 */
typedef struct
{
  char **entries; /* NULL: removed */
  guint n_entries;
  guint32 *slots; /* 0: free; else a position, counted from 1 */
  guint mask;
} Making;

static guint32
hash_name (const char *name,
           gsize       length)
{
  guint32 hash = 5381;

  for (gsize i = 0; i < length; i++)
    hash = hash * 33 + (guchar) name[i];
  return hash;
}

/* Where the name is, or would be. */
static guint32 *
find_slot (const Making *self,
           const char   *name,
           gsize         length)
{
  guint index = hash_name (name, length) & self->mask;

  for (; self->slots[index] != 0; index = (index + 1) & self->mask)
    {
      const char *entry = self->entries[self->slots[index] - 1];

      if (entry != NULL && strncmp (entry, name, length) == 0 && entry[length] == '=')
        break;
    }
  return &self->slots[index];
}

static void
append (Making  *self,
        guint32 *slot,
        char    *entry)
{
  self->entries[self->n_entries++] = entry;
  if (slot != NULL)
    *slot = self->n_entries;
}

/* Adds entries of a base that does not need to be clean: a program's own environment may hold
 * entries that are no variables, which go to the child as they are, and a variable twice, of which
 * getenv() knows only the first. A shell may see the last, so the others do not go on.
 */
static void
add_base (Making             *self,
          const char * const *base)
{
  for (gsize i = 0; base[i] != NULL; i++)
    {
      const char *equals = strchr (base[i], '=');
      guint32 *slot = NULL;

      if (equals != NULL && equals != base[i])
        {
          slot = find_slot (self, base[i], (gsize) (equals - base[i]));
          if (*slot != 0)
            continue;
        }
      append (self, slot, (char *) base[i]);
    }
}

/* A changed variable keeps its place. @entry is NULL for one that is removed. */
static void
apply_change (Making                 *self,
              const CommandEnvChange *change,
              char                   *entry)
{
  guint32 *slot = find_slot (self, change->name, strlen (change->name));

  if (*slot != 0)
    self->entries[*slot - 1] = entry;
  else if (entry != NULL)
    append (self, slot, entry);
}

static void
apply_changes (ChildEnviron      *self,
               Making            *making,
               const CommandSpec *spec)
{
  guint n_changed = 0;

  if (spec->env_changes->len == 0)
    return;

  self->changed = g_new0 (char *, spec->env_changes->len + 1);
  for (guint i = 0; i < spec->env_changes->len; i++)
    {
      const CommandEnvChange *change = g_ptr_array_index (spec->env_changes, i);
      char *entry = NULL;

      if (change->value != NULL)
        self->changed[n_changed++] = entry = g_strconcat (change->name, "=", change->value, NULL);
      apply_change (making, change, entry);
    }
}

/* Closes the gaps. */
static char **
finish (Making *making)
{
  guint n = 0;

  for (guint i = 0; i < making->n_entries; i++)
    {
      if (making->entries[i] != NULL)
        making->entries[n++] = making->entries[i];
    }
  making->entries[n] = NULL;
  g_free (making->slots);
  return making->entries;
}

void
child_environ_init (ChildEnviron       *self,
                    const CommandSpec  *spec,
                    const char * const *own)
{
  const char * const *base = spec->environ != NULL ? (const char * const *) spec->environ : own;
  Making making = { NULL };
  guint n_slots = 16;
  guint n_most;

  *self = (ChildEnviron){ NULL };
  if (base == NULL)
    base = (const char * const *) (self->base = g_get_environ ());

  n_most = g_strv_length ((GStrv) base) + spec->env_changes->len;
  while (n_slots < 2 * n_most)
    n_slots *= 2;
  making.entries = g_new (char *, n_most + 1);
  making.slots = g_new0 (guint32, n_slots);
  making.mask = n_slots - 1;

  add_base (&making, base);
  apply_changes (self, &making, spec);
  self->variables = finish (&making);
}

void
child_environ_clear (ChildEnviron *self)
{
  g_free (self->variables);
  g_strfreev (self->base);
  g_strfreev (self->changed);
}
