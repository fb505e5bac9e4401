/* The files of one child, made ready for its spawn: pipes, sockets, a terminal, and what was given.
 *
 * SPDX-License-Identifier: LGPL-2.1-or-later
 */

#pragma once

#include <gio/gio.h>

#include "command/command-files.h"
#include "io/pipe-kind.h"
#include "process/low-fds.h"
#include "process/terminal.h"
#include "spawn/spawn.h"

G_BEGIN_DECLS

/* Our end of one of the three. */
typedef struct
{
  int fd; /* nonblocking, owned; -1: there is none */
  PipeKind kind;
} OurEnd;

/* Thread: SPAWNER. All zero is an empty plan. */
typedef struct
{
  FdMapping *fds; /* owned */
  guint n_fds;
  SpawnOpen opens[3];
  guint n_opens;
  gboolean without_stderr; /* it shall be stdout, which this program has closed */
  OurEnd ours[3];
  Terminal *terminal; /* owned; NULL: none of the three is one */
  int slave;          /* its other side, owned by `childs` */
  LowFds low_fds;
  int *childs;        /* owned: to be closed when there is a child, or will be none */
  guint n_childs;
} StdioPlan;

/* Thread: ANY. What is opened once and then kept, while the program has few files open. */
void stdio_plan_prepare (void);

/* @kinds are the command's with the defaults filled in. On failure the plan is empty, with all
 * that was made or claimed closed again.
 */
gboolean stdio_plan_init (StdioPlan           *self,
                          const CommandFiles  *files,
                          const ProctorStdio   kinds[3],
                          GError             **error);

/* After the spawn. What is still in the plan is closed: who takes an end of ours or the terminal
 * takes it out.
 */
void stdio_plan_clear (StdioPlan *self);

G_END_DECLS
