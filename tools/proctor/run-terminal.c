/* SPDX-License-Identifier: LGPL-2.1-or-later */

/* Thread: MAIN. */

#include "config.h"

#include "run-terminal.h"

#include <errno.h>
#include <fcntl.h>
#include <signal.h>
#include <unistd.h>

/* It is not kept open: a fd less for the commands. */
static int
open_terminal (void)
{
  return open ("/dev/tty", O_RDWR | O_NOCTTY | O_CLOEXEC);
}

/* In the background the settings are those of whoever has the terminal now: a shell in the middle
 * of reading a line has its own.
 */
void
run_terminal_remember (RunTerminal *self)
{
  int fd = open_terminal ();

  self->is_known = fd >= 0 && tcgetpgrp (fd) == getpgrp () && tcgetattr (fd, &self->settings) == 0;
  if (fd >= 0)
    close (fd);
}

/* Somebody who made a group of its own the foreground, as an interactive shell does, was perhaps
 * killed, too.
 */
static gboolean
is_ours (int fd)
{
  pid_t foreground = tcgetpgrp (fd);

  return foreground == getpgrp () ||
         (foreground > 0 && kill (-foreground, 0) < 0 && errno == ESRCH);
}

void
run_terminal_restore (const RunTerminal *self)
{
  int fd;

  if (!self->is_known || (fd = open_terminal ()) < 0)
    return;

  if (is_ours (fd))
    {
      sigset_t mask, old_mask;

      /* Who changes a terminal from the background is stopped by this signal. */
      sigemptyset (&mask);
      sigaddset (&mask, SIGTTOU);
      sigprocmask (SIG_BLOCK, &mask, &old_mask);
      tcsetpgrp (fd, getpgrp ());
      /* At once: output that the terminal holds back (Ctrl-S) would be waited for. */
      tcsetattr (fd, TCSANOW, &self->settings);
      sigprocmask (SIG_SETMASK, &old_mask, NULL);
    }
  close (fd);
}
