/* SPDX-License-Identifier: LGPL-2.1-or-later */

/* Thread: SPAWNER. */

#include "config.h"

#include "process/stdio-plan.h"

#include <errno.h>
#include <fcntl.h>
#include <glib/gi18n-lib.h>
#include <proctor/proctor.h>
#include <sys/resource.h>
#include <sys/socket.h>
#include <unistd.h>

#include "base/base-fd.h"

/* One /dev/null for all children, opened when it is first needed and then kept. */
static int
get_devnull (void)
{
  static GMutex devnull_lock;
  static int devnull = -1; /* guarded by devnull_lock */
  int fd;

  g_mutex_lock (&devnull_lock);
  if (devnull < 0)
    {
      devnull = fd_above_stdio (open ("/dev/null", O_RDWR | O_CLOEXEC));
      if (devnull >= 0)
        low_fds_reserve (devnull);
    }
  fd = devnull;
  g_mutex_unlock (&devnull_lock);

  return fd;
}

void
stdio_plan_prepare (void)
{
  (void) get_devnull ();
}

static void
map_fd (StdioPlan *self,
        int        source,
        int        target)
{
  self->fds[self->n_fds++] = (FdMapping){ .source = source, .target = target, .is_open = TRUE };
}

/* The file that a target is made of so far, or -1. */
static int
find_source (const StdioPlan *self,
             int              target)
{
  for (guint i = 0; i < self->n_fds; i++)
    {
      if (self->fds[i].target == target)
        return self->fds[i].source;
    }
  return -1;
}

static gboolean
fail_with_errno (int      target,
                 GError **error)
{
  int error_number = errno;

  /* Translators: the first one is stdin, stdout or stderr, which stay as they are. */
  g_set_error (error, G_IO_ERROR, g_io_error_from_errno (error_number),
               _("Could not set up the %s of a process: %s"), fd_stdio_names[target],
               g_strerror (error_number));
  return FALSE;
}

/* ---- the ways to connect a stdio */

/* Only our end is nonblocking: the flag belongs to the open file, which the child shares. */
static gboolean
connect_ends (StdioPlan *self,
              int        target,
              PipeKind   kind,
              int        ours,
              int        childs)
{
  self->ours[target] = (OurEnd){ .fd = ours, .kind = kind };
  self->childs[self->n_childs++] = childs;
  map_fd (self, childs, target);
  return fcntl (ours, F_SETFL, O_NONBLOCK) == 0;
}

static gboolean
make_pipe (StdioPlan  *self,
           int         target,
           gsize       size,
           GError    **error)
{
  int ends[2];
  int ours = target == STDIN_FILENO ? 1 : 0;

  if (!fd_pipe (ends) ||
      !connect_ends (self, target, PIPE_KIND_PIPE, ends[ours], ends[1 - ours]))
    return fail_with_errno (target, error);

  if (size != 0 && fcntl (ends[ours], F_SETPIPE_SZ, (int) size) < 0)
    {
      int error_number = errno;

      g_set_error (error, G_IO_ERROR, g_io_error_from_errno (error_number),
                   /* Translators: the second one is stdin, stdout or stderr, which stay so. */
                   g_dngettext (GETTEXT_PACKAGE,
                                "Could not make a pipe of %lu byte for the %s of a process: %s",
                                "Could not make a pipe of %lu bytes for the %s of a process: %s",
                                size),
                   (gulong) size, fd_stdio_names[target], g_strerror (error_number));
      return FALSE;
    }
  return TRUE;
}

static gboolean
make_socket (StdioPlan  *self,
             int         target,
             GError    **error)
{
  int ends[2];

  if (!fd_socket_pair (ends) ||
      !connect_ends (self, target, PIPE_KIND_SOCKET, ends[0], ends[1]))
    return fail_with_errno (target, error);
  return TRUE;
}

/* The first of the three that is a terminal makes it. What both outputs write to it comes out of it
 * in one stream, which is then stdout's.
 */
static gboolean
use_terminal (StdioPlan           *self,
              int                  target,
              const CommandFiles  *files,
              GError             **error)
{
  gboolean is_read_as_stdout;

  if (self->terminal == NULL)
    {
      self->terminal = terminal_new (files->rows, files->columns, &self->slave);
      if (self->terminal == NULL)
        return fail_with_errno (target, error);
      self->childs[self->n_childs++] = self->slave;
    }
  map_fd (self, self->slave, target);

  is_read_as_stdout =
    target == STDERR_FILENO && self->ours[STDOUT_FILENO].kind == PIPE_KIND_TERMINAL;
  if (!is_read_as_stdout)
    {
      self->ours[target] =
        (OurEnd){ .fd = terminal_dup_master (self->terminal), .kind = PIPE_KIND_TERMINAL };
      if (self->ours[target].fd < 0)
        return fail_with_errno (target, error);
    }
  return TRUE;
}

static void
open_path (StdioPlan          *self,
           int                 target,
           const CommandStdio *stdio)
{
  int flags =
    target == STDIN_FILENO ? O_RDONLY : O_WRONLY | O_CREAT | (stdio->append ? O_APPEND : O_TRUNC);

  self->opens[self->n_opens++] =
    (SpawnOpen){ .path = stdio->path, .flags = flags, .target = target };
}

/* A file that stdout is opened to exists in the child only; there stderr is made a copy of it. */
static void
copy_stdout (StdioPlan          *self,
             int                 target,
             const CommandFiles *files)
{
  int source = find_source (self, STDOUT_FILENO);

  if (files->stdio[STDOUT_FILENO].path != NULL)
    self->opens[self->n_opens++] = (SpawnOpen){ .path = NULL, .target = target };
  else if (source >= 0)
    map_fd (self, source, target);
  else
    self->without_stderr = TRUE;
}

static gboolean
claim_fd (StdioPlan  *self,
          SharedFd   *shared,
          int         target,
          GError    **error)
{
  gboolean is_ours;
  int fd = shared_fd_claim (shared, &is_ours);

  if (fd < 0)
    {
      g_set_error (error, G_IO_ERROR, G_IO_ERROR_CLOSED,
                   _("The pipe between two commands, file descriptor %d of this one, "
                     "was used by an earlier spawn"),
                   target);
      return FALSE;
    }

  if (is_ours)
    self->childs[self->n_childs++] = fd;
  map_fd (self, fd, target);
  self->fds[self->n_fds - 1].is_open = is_ours;
  return TRUE;
}

static gboolean
plan_one_stdio (StdioPlan           *self,
                const CommandFiles  *files,
                ProctorStdio         kind,
                int                  target,
                GError             **error)
{
  SharedFd *given = command_files_get_stdio_fd (files, target);

  if (given != NULL)
    return claim_fd (self, given, target, error);
  if (files->stdio[target].path != NULL)
    {
      open_path (self, target, &files->stdio[target]);
      return TRUE;
    }

  switch (kind)
    {
    case PROCTOR_STDIO_PIPE:
      return make_pipe (self, target, files->pipe_size, error);

    case PROCTOR_STDIO_SOCKET:
      return make_socket (self, target, error);

    case PROCTOR_STDIO_PTY:
      return use_terminal (self, target, files, error);

    case PROCTOR_STDIO_DEVNULL:
      if (get_devnull () < 0)
        return fail_with_errno (target, error);
      map_fd (self, get_devnull (), target);
      return TRUE;

    case PROCTOR_STDIO_STDOUT:
      copy_stdout (self, target, files);
      return TRUE;

    case PROCTOR_STDIO_DEFAULT:
    case PROCTOR_STDIO_INHERIT:
    default:
      /* A stdio that this program has closed is closed in the child, too. */
      if (fcntl (target, F_GETFD) >= 0)
        map_fd (self, target, target);
      return TRUE;
    }
}

/* ---- the others */

/* As the spawn itself would see it, but with the number in the message. */
static gboolean
check_limit (int      target,
             GError **error)
{
  struct rlimit limit;

  if (getrlimit (RLIMIT_NOFILE, &limit) < 0 || (rlim_t) target + 1 < limit.rlim_cur)
    return TRUE;

  g_set_error (error, PROCTOR_ERROR, PROCTOR_ERROR_INVALID_COMMAND,
               _("The target file descriptor %d is beyond this program’s limit of %lu"), target,
               (gulong) limit.rlim_cur);
  return FALSE;
}

static gboolean
plan_others (StdioPlan           *self,
             const CommandFiles  *files,
             GError             **error)
{
  for (guint i = 0; files->fds != NULL && i < files->fds->len; i++)
    {
      const CommandFd *entry = &g_array_index (files->fds, CommandFd, i);

      if (entry->target <= STDERR_FILENO)
        continue;
      if (!check_limit (entry->target, error) ||
          !claim_fd (self, entry->fd, entry->target, error))
        return FALSE;
    }
  return TRUE;
}

static gboolean
plan_all (StdioPlan           *self,
          const CommandFiles  *files,
          const ProctorStdio   kinds[3],
          GError             **error)
{
  for (int target = 0; target < 3; target++)
    {
      if (!plan_one_stdio (self, files, kinds[target], target, error))
        return FALSE;
    }
  return plan_others (self, files, error);
}

gboolean
stdio_plan_init (StdioPlan           *self,
                 const CommandFiles  *files,
                 const ProctorStdio   kinds[3],
                 GError             **error)
{
  gsize n_max = 3 + (files->fds != NULL ? files->fds->len : 0);

  *self = (StdioPlan){
    .fds = g_new (FdMapping, n_max),
    .childs = g_new (int, n_max),
    .ours = { { .fd = -1 }, { .fd = -1 }, { .fd = -1 } },
    .slave = -1,
  };
  if (plan_all (self, files, kinds, error))
    {
      if (get_devnull () >= 0)
        low_fds_take (&self->low_fds, self->fds, self->n_fds, &self->slave, get_devnull ());
      return TRUE;
    }

  stdio_plan_clear (self);
  return FALSE;
}

void
stdio_plan_clear (StdioPlan *self)
{
  if (self->fds == NULL)
    return;

  low_fds_give_back (&self->low_fds, get_devnull ());
  for (guint i = 0; i < self->n_childs; i++)
    fd_clear (&self->childs[i]);
  for (guint i = 0; i < G_N_ELEMENTS (self->ours); i++)
    fd_clear (&self->ours[i].fd);
  g_clear_pointer (&self->terminal, terminal_unref);
  g_clear_pointer (&self->childs, g_free);
  g_clear_pointer (&self->fds, g_free);
}
