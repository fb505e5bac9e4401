/* Trying something out in a copy of this program, which may be killed for it, and whose files,
 * children and signals are nobody else's.
 *
 * SPDX-License-Identifier: LGPL-2.1-or-later
 */

#pragma once

#include <sys/types.h>

#include <gio/gio.h>

G_BEGIN_DECLS

/* Thread: CHILD, in a forked copy; every signal is blocked, SIGCHLD has its default action. @shared
 * is seen by the program, too.
 */
typedef void (*TrialFunc) (void *shared);

/* Runs @func in a forked copy, with a copy of @data, and copies back what that has written there.
 * FALSE if no copy could be made, or if it did not come to its end; @data is what it was by then.
 *
 * Thread: ANY; returns in the end, even if the copy hangs.
 */
gboolean trial_run (TrialFunc   func,
                    void       *data,
                    gsize       size,
                    GError    **error);

/* How a child of this program ended. */
typedef struct
{
  gboolean has_status; /* FALSE: waitid says that there is no such child */
  int status;          /* a wait status */
  gboolean hung;       /* it had to be killed */
} TrialEnd;

/* Waits for a child, which is killed when it takes too long. */
void trial_reap (pid_t     pid,
                 TrialEnd *end);

G_END_DECLS
