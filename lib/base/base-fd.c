/* SPDX-License-Identifier: LGPL-2.1-or-later */

/* Thread: ANY. */

#include "config.h"

#include "base/base-fd.h"

#include <errno.h>
#include <fcntl.h>
#include <sys/socket.h>
#include <unistd.h>

const char * const fd_stdio_names[3] = { "stdin", "stdout", "stderr" };

int
fd_above_stdio (int fd)
{
  int copy;
  int error_number;

  if (fd < 0 || fd > STDERR_FILENO)
    return fd;

  copy = fcntl (fd, F_DUPFD_CLOEXEC, STDERR_FILENO + 1);
  error_number = errno;
  close (fd);
  errno = error_number;
  return copy;
}

/* Both ends above 2, or both closed. */
static gboolean
raise_ends (const int ends[2],
            int       fds[2])
{
  int error_number;

  fds[0] = fd_above_stdio (ends[0]);
  error_number = errno;
  fds[1] = fd_above_stdio (ends[1]);
  if (fds[0] >= 0 && fds[1] >= 0)
    return TRUE;

  if (fds[1] < 0)
    error_number = errno;
  fd_clear (&fds[0]);
  fd_clear (&fds[1]);
  errno = error_number;
  return FALSE;
}

gboolean
fd_pipe (int fds[2])
{
  int ends[2];

  return pipe2 (ends, O_CLOEXEC) == 0 && raise_ends (ends, fds);
}

gboolean
fd_socket_pair (int fds[2])
{
  int ends[2];

  return socketpair (AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0, ends) == 0 && raise_ends (ends, fds);
}

void
fd_fill_stdio (StdioFilling *self)
{
  *self = (StdioFilling){ { FALSE } };
  for (int i = 0; i <= STDERR_FILENO; i++)
    {
      int fd;

      if (fcntl (i, F_GETFD) >= 0)
        continue;
      /* The lowest that is free: this one, unless another thread was faster. */
      fd = open ("/dev/null", O_RDWR | O_CLOEXEC);
      if (fd > STDERR_FILENO)
        close (fd);
      else if (fd >= 0)
        self->filled[fd] = TRUE;
    }
}

void
fd_leave_stdio (const StdioFilling *self)
{
  for (int i = 0; i <= STDERR_FILENO; i++)
    {
      if (self->filled[i])
        close (i);
    }
}

void
fd_clear (int *fd)
{
  if (*fd >= 0)
    close (*fd);
  *fd = -1;
}
