/* SPDX-License-Identifier: LGPL-2.1-or-later */

/* Thread: ANY. */

#include "config.h"

#include "command/environ-entries.h"

#include <string.h>

void
environ_entries_init (EnvironEntries *self,
                      guint           n_most)
{
  guint n_slots = 16;

  while (n_slots < 2 * n_most)
    n_slots *= 2;
  *self = (EnvironEntries){ g_new (char *, n_most + 1), 0, g_new0 (guint32, n_slots), n_slots - 1 };
}

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
find_slot (const EnvironEntries *self,
           const char           *name,
           gsize                 length)
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
append (EnvironEntries *self,
        guint32        *slot,
        char           *entry)
{
  self->entries[self->n_entries++] = entry;
  if (slot != NULL)
    *slot = self->n_entries;
}

/* The base does not need to be clean: a program's own environment may hold entries that are no
 * variables, which go to the child as they are, and a variable twice, of which getenv() knows only
 * the first. A shell may see the last, so the others do not go on.
 */
void
environ_entries_add_base (EnvironEntries     *self,
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

void
environ_entries_change (EnvironEntries *self,
                        const char     *name,
                        char           *entry)
{
  guint32 *slot = find_slot (self, name, strlen (name));

  if (*slot != 0)
    self->entries[*slot - 1] = entry;
  else if (entry != NULL)
    append (self, slot, entry);
}

/* Closes the gaps. */
char **
environ_entries_finish (EnvironEntries *self)
{
  guint n = 0;

  for (guint i = 0; i < self->n_entries; i++)
    {
      if (self->entries[i] != NULL)
        self->entries[n++] = self->entries[i];
    }
  self->entries[n] = NULL;
  g_clear_pointer (&self->slots, g_free);
  return g_steal_pointer (&self->entries);
}
