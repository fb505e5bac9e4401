/* The environment of a child: the program's, or one that the command brings, and changes to it.
 *
 * SPDX-License-Identifier: LGPL-2.1-or-later
 */

#pragma once

#include "command/command-spec.h"
#include "command/own-environ.h"

G_BEGIN_DECLS

/* Thread: ANY. Immutable once made. Not used beyond the spec that it is made of: most of the
 * variables are those of its base, and not copied.
 */
typedef struct
{
  const char * const *variables; /* NAME=VALUE, with NULL at the end; strings of somebody else's */
  char **made;                   /* owned, the strings are not; NULL: it is the array of @own */
  OwnEnviron *own;               /* owned; NULL: the command brings its own base */
  GStrv changed;                 /* owned; NULL: none */
} ChildEnviron;

/* @own is the program's environment as it was when the caller asked; NULL: as it is now. */
void child_environ_init (ChildEnviron      *self,
                         const CommandSpec *spec,
                         OwnEnviron        *own);
void child_environ_clear (ChildEnviron *self);

G_END_DECLS
