/* Who else has a pipe of a child open.
 *
 * SPDX-License-Identifier: LGPL-2.1-or-later
 */

#pragma once

#include <glib.h>

G_BEGIN_DECLS

typedef enum
{
  HOLDER_CHILD,       /* of the program, but another one */
  HOLDER_DESCENDANT,  /* a child of the process, or deeper */
} HolderKin;

typedef struct
{
  int pid;
  HolderKin kin;
  char name[64];
} Holder;

/* Thread: ANY. An array of Holder: those who can write to @file (or read, with @reads), a name as
 * "pipe:[12345]" or "/dev/pts/3", but for @program and @process themselves. What belongs to other
 * users is not seen.
 */
GArray *holders_find (const char *file,
                      gboolean    reads,
                      int         program,
                      int         process);

/* The first letter of what /proc says of its state; '\0': it is not there. */
char holders_get_state (int pid);

G_END_DECLS
