/* SPDX-License-Identifier: LGPL-2.1-or-later */

/* Thread: ANY. */

#include "config.h"

#include "process/terminal.h"

#include <errno.h>
#include <fcntl.h>
#include <stdlib.h>
#include <sys/ioctl.h>
#include <unistd.h>

#include "base/base-fd.h"

/* Linux 4.13; younger than some C libraries' headers. */
#ifndef TIOCGPTPEER
#define TIOCGPTPEER _IO ('T', 0x41)
#endif

#define SLAVE_FLAGS (O_RDWR | O_NOCTTY | O_CLOEXEC)
#define NAME_SIZE 64

struct _Terminal
{
  gatomicrefcount ref_count;

  /* guarded by master_lock */
  GMutex master_lock;
  int master; /* owned; -1: closed */
};

/* By the master where the kernel can do that: the name may mean another terminal, or nothing, in a
 * container.
 */
static int
open_slave (int master)
{
  char name[NAME_SIZE];
  int slave = ioctl (master, TIOCGPTPEER, SLAVE_FLAGS);

  if (slave >= 0 || (errno != EINVAL && errno != ENOTTY))
    return slave;

  errno = ptsname_r (master, name, sizeof name);
  return errno == 0 ? open (name, SLAVE_FLAGS) : -1;
}

static gboolean
set_window_size (int   master,
                 guint rows,
                 guint columns)
{
  struct winsize size = { .ws_row = (unsigned short) rows, .ws_col = (unsigned short) columns };

  return ioctl (master, TIOCSWINSZ, &size) == 0;
}

Terminal *
terminal_new (guint  rows,
              guint  columns,
              int   *ret_slave)
{
  int master = fd_above_stdio (posix_openpt (O_RDWR | O_NOCTTY | O_CLOEXEC | O_NONBLOCK));
  int slave = -1;
  Terminal *self;

  if (master >= 0 && unlockpt (master) == 0 && set_window_size (master, rows, columns))
    slave = fd_above_stdio (open_slave (master));
  if (slave < 0)
    {
      int error_number = errno;

      fd_clear (&master);
      errno = error_number;
      return NULL;
    }

  self = g_new (Terminal, 1);
  g_atomic_ref_count_init (&self->ref_count);
  g_mutex_init (&self->master_lock);
  self->master = master;
  *ret_slave = slave;
  return self;
}

Terminal *
terminal_ref (Terminal *self)
{
  g_atomic_ref_count_inc (&self->ref_count);
  return self;
}

void
terminal_unref (Terminal *self)
{
  if (!g_atomic_ref_count_dec (&self->ref_count))
    return;

  fd_clear (&self->master);
  g_mutex_clear (&self->master_lock);
  g_free (self);
}

int
terminal_dup_master (Terminal *self)
{
  int copy;

  g_mutex_lock (&self->master_lock);
  copy = fcntl (self->master, F_DUPFD_CLOEXEC, STDERR_FILENO + 1);
  g_mutex_unlock (&self->master_lock);

  return copy;
}

void
terminal_close (Terminal *self)
{
  g_mutex_lock (&self->master_lock);
  fd_clear (&self->master);
  g_mutex_unlock (&self->master_lock);
}

gboolean
terminal_set_window_size (Terminal *self,
                          guint     rows,
                          guint     columns)
{
  gboolean done;
  int error_number;

  g_mutex_lock (&self->master_lock);
  errno = EIO;
  done = self->master >= 0 && set_window_size (self->master, rows, columns);
  error_number = errno;
  g_mutex_unlock (&self->master_lock);

  errno = error_number;
  return done;
}
