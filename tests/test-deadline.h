/* The end of a test that hangs.
 *
 * SPDX-License-Identifier: LGPL-2.1-or-later
 */

#pragma once

#include <signal.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include <glib.h>

#define TEST_DEADLINE_SECONDS 240

static char deadline_message[512];

static void
deadline_passed (int signum)
{
  ssize_t ignored = write (STDERR_FILENO, deadline_message, strlen (deadline_message));

  (void) ignored;
  abort ();
}

/* Ends this program, with a core if wanted, unless the next call comes before. The library's own
 * threads block the signal.
 */
static inline void
deadline_start (const char *what,
                guint       seconds)
{
  struct sigaction action = { .sa_handler = deadline_passed, .sa_flags = SA_RESTART };

  g_snprintf (deadline_message, sizeof deadline_message,
              "Bail out! %s did not end in %u seconds\n", what, seconds);
  sigemptyset (&action.sa_mask);
  sigaction (SIGALRM, &action, NULL);
  alarm (seconds);
}
