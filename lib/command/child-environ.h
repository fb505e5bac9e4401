/* The environment of a child: the program's, or one that the command brings, and changes to it.
 *
 * SPDX-License-Identifier: LGPL-2.1-or-later
 */

#pragma once

#include "command/command-spec.h"

G_BEGIN_DECLS

/* Thread: ANY. Immutable once made. Not used beyond what it is made of: most of the variables are
 * those of its base, and not copied.
 */
typedef struct
{
  char **variables; /* NAME=VALUE, with NULL at the end; the strings are owned elsewhere */
  GStrv base;       /* owned; NULL: somebody else's */
  GStrv changed;    /* owned; NULL: none */
} ChildEnviron;

/* @own is the program's environment as it was when the caller asked; NULL: as it is now. */
void child_environ_init (ChildEnviron       *self,
                         const CommandSpec  *spec,
                         const char * const *own);
void child_environ_clear (ChildEnviron *self);

G_END_DECLS
