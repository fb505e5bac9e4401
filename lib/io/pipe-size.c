/* SPDX-License-Identifier: LGPL-2.1-or-later */

/* Thread: ANY. */

#include "config.h"

#include "io/pipe-size.h"

#include <fcntl.h>
#include <stdatomic.h>

#define GROWN_SIZE (256 * 1024)
#define MAX_GROWN 64

static atomic_int n_grown;

gboolean
pipe_size_grow (int fd)
{
  if (atomic_fetch_add (&n_grown, 1) >= MAX_GROWN || fcntl (fd, F_SETPIPE_SZ, GROWN_SIZE) < 0)
    {
      /* EPERM: the user's budget is used up, by this program or others. The pipe works as it is. */
      atomic_fetch_sub (&n_grown, 1);
      return FALSE;
    }
  return TRUE;
}

void
pipe_size_release (void)
{
  atomic_fetch_sub (&n_grown, 1);
}
