/* SPDX-License-Identifier: LGPL-2.1-or-later */

/* Thread: ANY. */

#include "config.h"

#include "command/own-environ.h"

OwnEnviron *
own_environ_new (void)
{
  OwnEnviron *self = g_new (OwnEnviron, 1);

  g_atomic_ref_count_init (&self->ref_count);
  self->variables = g_get_environ ();
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

  g_strfreev (self->variables);
  g_free (self);
}
