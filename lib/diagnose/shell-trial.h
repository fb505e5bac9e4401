/* A shell, started as the library starts every child.
 *
 * SPDX-License-Identifier: LGPL-2.1-or-later
 */

#pragma once

#include "spawn/spawn.h"

G_BEGIN_DECLS

#define SHELL_TRIAL_PATH "/bin/sh"

/* It says something, sends itself a SIGTERM, and exits with 3 if that does not end it. */
typedef struct
{
  GError *error;      /* owned; it could not be started, or read */
  SpawnMethod method; /* where there is no error: how it was started */
  gboolean clone3;    /* whether by clone3 */
  gboolean pidfd;     /* and whether it had a pidfd */
  gboolean spoke;     /* what was to be said has come */
  gboolean hung;      /* it had to be killed */
  gboolean kept;      /* its status was there for who waits */
  gboolean told;      /* else the kernel has told it afterwards */
  gboolean obeyed;    /* the SIGTERM has ended it */
} ShellTrial;

/* Thread: ANY; returns in the end, even if the shell hangs. */
void shell_trial_run (ShellTrial *self);
void shell_trial_clear (ShellTrial *self);

G_END_DECLS
