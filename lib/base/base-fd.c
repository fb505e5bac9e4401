/* SPDX-License-Identifier: LGPL-2.1-or-later */

/* Thread: ANY. */

#include "config.h"

#include "base/base-fd.h"

#include <errno.h>
#include <fcntl.h>
#include <unistd.h>

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

gboolean
fd_pipe (int fds[2])
{
  int ends[2];

  if (pipe2 (ends, O_CLOEXEC) < 0)
    return FALSE;

  ends[0] = fd_above_stdio (ends[0]);
  if (ends[0] >= 0)
    {
      ends[1] = fd_above_stdio (ends[1]);
      if (ends[1] >= 0)
        {
          fds[0] = ends[0];
          fds[1] = ends[1];
          return TRUE;
        }
    }

  int error_number = errno;
  if (ends[0] >= 0)
    close (ends[0]);
  else
    close (ends[1]);
  errno = error_number;
  return FALSE;
}

void
fd_clear (int *fd)
{
  if (*fd >= 0)
    close (*fd);
  *fd = -1;
}
