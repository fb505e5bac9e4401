/* SPDX-License-Identifier: LGPL-2.1-or-later */

/* Thread: ANY. */

#include "config.h"

#include "command/shared-fd.h"

#include <errno.h>
#include <fcntl.h>
#include <glib/gi18n-lib.h>
#include <unistd.h>

#include "base/base-fd.h"
#include "command/command-validate.h"

struct _SharedFd
{
  gatomicrefcount ref_count;

  /* immutable after construction */
  int given;
  int errnum; /* why there is none; 0: there is, or was */
  gboolean once;

  /* atomic */
  int fd; /* owned; -1: none, or another spawn has it */
};

static SharedFd *
new_shared (int      given,
            int      fd,
            gboolean once)
{
  SharedFd *self = g_new (SharedFd, 1);

  *self = (SharedFd){ .given = given, .errnum = fd < 0 ? errno : 0, .once = once, .fd = fd };
  g_atomic_ref_count_init (&self->ref_count);
  return self;
}

SharedFd *
shared_fd_new_dup (int fd)
{
  return new_shared (fd, fcntl (fd, F_DUPFD_CLOEXEC, STDERR_FILENO + 1), FALSE);
}

/* It shall not leak into children that others start. 0, 1 and 2 are left as they are: children that
 * inherit them need them.
 */
SharedFd *
shared_fd_new_take (int fd)
{
  int flags = fcntl (fd, F_GETFD);

  if (flags >= 0 && fd > STDERR_FILENO)
    fcntl (fd, F_SETFD, flags | FD_CLOEXEC);
  return new_shared (fd, flags < 0 ? -1 : fd, FALSE);
}

SharedFd *
shared_fd_new_once (int fd)
{
  return new_shared (fd, fd, TRUE);
}

SharedFd *
shared_fd_ref (SharedFd *self)
{
  g_atomic_ref_count_inc (&self->ref_count);
  return self;
}

void
shared_fd_unref (SharedFd *self)
{
  if (!g_atomic_ref_count_dec (&self->ref_count))
    return;

  if (self->fd >= 0)
    close (self->fd);
  g_free (self);
}

int
shared_fd_get_given (const SharedFd *self)
{
  return self->given;
}

static gboolean
fail_not_open (const SharedFd  *self,
               int              target,
               GError         **error)
{
  if (target == SHARED_FD_EXECUTABLE)
    return command_fail (error, _("File descriptor %d, given for the executable, is not open"),
                         self->given);
  if (target <= STDERR_FILENO)
    /* Translators: the second one is stdin, stdout or stderr, which stay as they are. */
    return command_fail (error, _("File descriptor %d, given for %s, is not open"), self->given,
                         fd_stdio_names[target]);

  /* Translators: the target is the number that the file descriptor gets in the child. */
  return command_fail (error, _("File descriptor %d, given for target %d, is not open"),
                       self->given, target);
}

static gboolean
fail_not_duplicated (const SharedFd  *self,
                     int              target,
                     GError         **error)
{
  int code = g_io_error_from_errno (self->errnum);
  const char *reason = g_strerror (self->errnum);

  if (target == SHARED_FD_EXECUTABLE)
    g_set_error (error, G_IO_ERROR, code,
                 _("Could not duplicate file descriptor %d for the executable: %s"), self->given,
                 reason);
  else if (target <= STDERR_FILENO)
    g_set_error (error, G_IO_ERROR, code,
                 /* Translators: the second one is stdin, stdout or stderr, which stay so. */
                 _("Could not duplicate file descriptor %d for %s: %s"), self->given,
                 fd_stdio_names[target], reason);
  else
    g_set_error (error, G_IO_ERROR, code,
                 /* Translators: the target is the number that it gets in the child. */
                 _("Could not duplicate file descriptor %d for target %d: %s"), self->given,
                 target, reason);
  return FALSE;
}

gboolean
shared_fd_check (const SharedFd  *self,
                 int              target,
                 GError         **error)
{
  if (self->errnum == 0)
    return TRUE;

  return self->errnum == EBADF ? fail_not_open (self, target, error)
                               : fail_not_duplicated (self, target, error);
}

int
shared_fd_claim (SharedFd *self,
                 gboolean *ret_is_callers)
{
  *ret_is_callers = self->once;
  if (!self->once)
    return self->fd;

  for (int fd = g_atomic_int_get (&self->fd); fd >= 0; fd = g_atomic_int_get (&self->fd))
    {
      if (g_atomic_int_compare_and_exchange (&self->fd, fd, -1))
        return fd;
    }
  return -1;
}
