/* SPDX-License-Identifier: LGPL-2.1-or-later */

/* Thread: ANY. */

#include "config.h"

#include "command/own-environ.h"

#include <string.h>
#include <unistd.h>

#include "command/environ-entries.h"

/* The last one that was made. */
static OwnEnviron *latest;
/* Innermost: nothing else is locked under it. */
static GMutex latest_lock;

/* Leaves out what comes a second time. */
static void
find_variables (OwnEnviron *self,
                guint       n_entries)
{
  EnvironEntries entries;

  environ_entries_init (&entries, n_entries);
  environ_entries_add_base (&entries, (const char * const *) self->entries);
  self->variables = (const char * const *) environ_entries_finish (&entries);
}

/* The text is measured while it is copied: another thread may be so bold as to change a variable
 * meanwhile.
 */
static OwnEnviron *
copy_environ (void)
{
  OwnEnviron *self = g_new (OwnEnviron, 1);
  guint n_most = environ != NULL ? g_strv_length (environ) : 0;
  gsize size = 4096;
  gsize used = 0;
  guint n = 0;

  g_atomic_ref_count_init (&self->ref_count);
  self->text = g_malloc (size);
  self->entries = g_new (char *, n_most + 1);
  for (; n < n_most && environ[n] != NULL; n++)
    {
      gsize length = strlen (environ[n]);

      if (size - used <= length)
        {
          size = MAX (size * 2, used + length + 1);
          self->text = g_realloc (self->text, size);
        }
      /* Where it begins, until the text does not move any more. */
      self->entries[n] = GSIZE_TO_POINTER (used);
      memcpy (self->text + used, environ[n], length);
      self->text[used + length] = '\0';
      used += length + 1;
    }

  for (guint i = 0; i < n; i++)
    self->entries[i] = self->text + GPOINTER_TO_SIZE (self->entries[i]);
  self->entries[n] = NULL;
  find_variables (self, n);
  return self;
}

static gboolean
is_now (const OwnEnviron *self)
{
  guint i = 0;

  if (environ == NULL)
    return self->entries[0] == NULL;

  while (self->entries[i] != NULL && environ[i] != NULL &&
         strcmp (self->entries[i], environ[i]) == 0)
    i++;
  return self->entries[i] == NULL && environ[i] == NULL;
}

OwnEnviron *
own_environ_get (void)
{
  g_autoptr(OwnEnviron) old = NULL;
  OwnEnviron *self;

  g_mutex_lock (&latest_lock);
  if (latest == NULL || !is_now (latest))
    {
      old = latest;
      latest = copy_environ ();
    }
  self = own_environ_ref (latest);
  g_mutex_unlock (&latest_lock);

  return self;
}

OwnEnviron *
own_environ_ref (OwnEnviron *self)
{
  g_atomic_ref_count_inc (&self->ref_count);
  return self;
}

void
own_environ_unref (OwnEnviron *self)
{
  if (!g_atomic_ref_count_dec (&self->ref_count))
    return;

  g_free ((gpointer) self->variables);
  g_free (self->entries);
  g_free (self->text);
  g_free (self);
}
