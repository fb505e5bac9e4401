/* SPDX-License-Identifier: LGPL-2.1-or-later */

/* Thread: ANY. */

#include "config.h"

#include "command/own-environ.h"

#include <string.h>
#include <unistd.h>

/* What g_get_environ() gives, in three pieces of memory instead of one for each variable, since it is
 * made for each process. The text is measured while it is copied: another thread may be so bold as to
 * change a variable meanwhile.
 */
OwnEnviron *
own_environ_new (void)
{
  OwnEnviron *self = g_new (OwnEnviron, 1);
  gsize n_variables = environ != NULL ? g_strv_length (environ) : 0;
  gsize size = 4096;
  gsize used = 0;
  gsize n = 0;

  g_atomic_ref_count_init (&self->ref_count);
  self->text = g_malloc (size);
  self->variables = g_new (char *, n_variables + 1);
  for (; n < n_variables && environ[n] != NULL; n++)
    {
      gsize length = strlen (environ[n]);

      if (size - used <= length)
        {
          size = MAX (size * 2, used + length + 1);
          self->text = g_realloc (self->text, size);
        }
      /* Where it begins, until the text does not move any more. */
      self->variables[n] = GSIZE_TO_POINTER (used);
      memcpy (self->text + used, environ[n], length);
      self->text[used + length] = '\0';
      used += length + 1;
    }

  for (gsize i = 0; i < n; i++)
    self->variables[i] = self->text + GPOINTER_TO_SIZE (self->variables[i]);
  self->variables[n] = NULL;
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

  g_free (self->variables);
  g_free (self->text);
  g_free (self);
}
