/* The program's environment as it was at one moment. Reading it copies it, since a child may be
 * started some time later; as long as it does not change all share one copy.
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
  const char * const *variables; /* NAME=VALUE, each once, with NULL at the end */
  char **entries;                /* all that is there, the same way; often that */
  char *text;                    /* what they point into */
} OwnEnviron;

/* As it is now. */
OwnEnviron *own_environ_get (void);
OwnEnviron *own_environ_ref (OwnEnviron *self);
void own_environ_unref (OwnEnviron *self);

G_DEFINE_AUTOPTR_CLEANUP_FUNC (OwnEnviron, own_environ_unref)

G_END_DECLS
