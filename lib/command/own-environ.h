/* The program's environment as it was at one moment. Reading it copies it, and a child may be
 * started some time later.
 *
 * SPDX-License-Identifier: LGPL-2.1-or-later
 */

#pragma once

#include <glib.h>

G_BEGIN_DECLS

/* Thread: ANY. Immutable. */
typedef struct
{
  gatomicrefcount ref_count;
  char **variables; /* NAME=VALUE, with NULL at the end */
  char *text;       /* what they point into */
} OwnEnviron;

OwnEnviron *own_environ_new (void);
OwnEnviron *own_environ_ref (OwnEnviron *self);
void own_environ_unref (OwnEnviron *self);

G_DEFINE_AUTOPTR_CLEANUP_FUNC (OwnEnviron, own_environ_unref)

G_END_DECLS
