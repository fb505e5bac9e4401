/* SPDX-License-Identifier: LGPL-2.1-or-later */

/* Thread: ANY. */

#include "config.h"

#include "command/child-environ.h"

#include "command/environ-entries.h"

static void
apply_changes (ChildEnviron    *self,
               EnvironEntries  *entries,
               const GPtrArray *changes)
{
  guint n_changed = 0;

  self->changed = g_new0 (char *, changes->len + 1);
  for (guint i = 0; i < changes->len; i++)
    {
      const CommandEnvChange *change = g_ptr_array_index (changes, i);
      char *entry = NULL;

      if (change->value != NULL)
        self->changed[n_changed++] = entry = g_strconcat (change->name, "=", change->value, NULL);
      environ_entries_change (entries, change->name, entry);
    }
}

void
child_environ_init (ChildEnviron      *self,
                    const CommandSpec *spec,
                    OwnEnviron        *own)
{
  const char * const *base = (const char * const *) spec->environ;
  EnvironEntries entries;

  *self = (ChildEnviron){ NULL };
  if (base == NULL)
    {
      self->own = own != NULL ? own_environ_ref (own) : own_environ_get ();
      base = self->own->variables;
      if (spec->env_changes->len == 0)
        {
          self->variables = base;
          return;
        }
    }

  environ_entries_init (&entries, g_strv_length ((GStrv) base) + spec->env_changes->len);
  environ_entries_add_base (&entries, base);
  apply_changes (self, &entries, spec->env_changes);
  self->made = environ_entries_finish (&entries);
  self->variables = (const char * const *) self->made;
}

void
child_environ_clear (ChildEnviron *self)
{
  g_free (self->made);
  g_strfreev (self->changed);
  g_clear_pointer (&self->own, own_environ_unref);
}
