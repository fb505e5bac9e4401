/* SPDX-License-Identifier: LGPL-2.1-or-later */

/* Thread: ANY. Pure. */

#include "config.h"

#include "base/signal-name.h"

#include <signal.h>
#include <string.h>

char *
dup_signal_name (int signum)
{
  const char *abbreviation = sigabbrev_np (signum);

  if (abbreviation != NULL)
    return g_strconcat ("SIG", abbreviation, NULL);
  if (signum >= SIGRTMIN && signum <= SIGRTMAX)
    return g_strdup_printf ("SIGRTMIN+%d", signum - SIGRTMIN);

  return g_strdup_printf ("SIG%d", signum);
}
