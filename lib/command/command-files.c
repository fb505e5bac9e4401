/* SPDX-License-Identifier: LGPL-2.1-or-later */

/* Thread: ANY for a shared snapshot; before it is shared, the one that sets the command. */

#include "config.h"

#include "command/command-files.h"

#include <glib/gi18n-lib.h>

#include <proctor/proctor.h>
#include <unistd.h>

#include "base/base-fd.h"
#include "command/command-validate.h"

/* What TIOCSWINSZ can carry. */
#define LARGEST_WINDOW G_MAXUINT16

void
command_files_init (CommandFiles *self)
{
  *self = (CommandFiles){ .rows = COMMAND_DEFAULT_ROWS, .columns = COMMAND_DEFAULT_COLUMNS };
}

static void
clear_fd (gpointer data)
{
  CommandFd *entry = data;

  g_clear_pointer (&entry->fd, shared_fd_unref);
}

static GArray *
new_fds (void)
{
  GArray *fds = g_array_new (FALSE, FALSE, sizeof (CommandFd));

  g_array_set_clear_func (fds, clear_fd);
  return fds;
}

void
command_files_copy (CommandFiles       *self,
                    const CommandFiles *other)
{
  *self = *other;
  for (guint i = 0; i < G_N_ELEMENTS (self->stdio); i++)
    {
      self->stdio[i].path = g_strdup (other->stdio[i].path);
      if (other->stdio[i].fd != NULL)
        shared_fd_ref (other->stdio[i].fd);
    }
  if (other->fds == NULL)
    return;

  self->fds = new_fds ();
  g_array_append_vals (self->fds, other->fds->data, other->fds->len);
  for (guint i = 0; i < self->fds->len; i++)
    {
      CommandFd *entry = &g_array_index (self->fds, CommandFd, i);

      if (entry->fd != NULL)
        shared_fd_ref (entry->fd);
    }
}

void
command_files_clear (CommandFiles *self)
{
  for (guint i = 0; i < G_N_ELEMENTS (self->stdio); i++)
    command_stdio_reset (&self->stdio[i]);
  g_clear_pointer (&self->fds, g_array_unref);
}

void
command_stdio_reset (CommandStdio *self)
{
  g_free (self->path);
  g_clear_pointer (&self->fd, shared_fd_unref);
  *self = (CommandStdio){ .kind = PROCTOR_STDIO_DEFAULT };
}

gboolean
command_stdio_is_set (const CommandStdio *self)
{
  return self->kind != PROCTOR_STDIO_DEFAULT || self->path != NULL || self->fd != NULL ||
         self->fd_released || self->streamed;
}

void
command_files_add_fd (CommandFiles *self,
                      SharedFd     *fd,
                      int           target)
{
  CommandFd entry = { .fd = fd, .target = target };

  if (self->fds == NULL)
    self->fds = new_fds ();
  for (guint i = 0; i < self->fds->len; i++)
    {
      CommandFd *other = &g_array_index (self->fds, CommandFd, i);

      if (other->target == target && other->fd == NULL)
        {
          other->fd = fd;
          return;
        }
    }
  g_array_append_val (self->fds, entry);
}

void
command_files_release_fds (CommandFiles *self)
{
  for (guint i = 0; i < G_N_ELEMENTS (self->stdio); i++)
    {
      CommandStdio *stdio = &self->stdio[i];

      stdio->fd_released |= stdio->fd != NULL;
      g_clear_pointer (&stdio->fd, shared_fd_unref);
    }
  for (guint i = 0; self->fds != NULL && i < self->fds->len; i++)
    clear_fd (&g_array_index (self->fds, CommandFd, i));
}

gboolean
command_files_have_fds (const CommandFiles *self)
{
  for (guint i = 0; i < G_N_ELEMENTS (self->stdio); i++)
    {
      if (self->stdio[i].fd != NULL)
        return TRUE;
    }
  for (guint i = 0; self->fds != NULL && i < self->fds->len; i++)
    {
      if (g_array_index (self->fds, CommandFd, i).fd != NULL)
        return TRUE;
    }
  return FALSE;
}

gboolean
command_files_have_released_fds (const CommandFiles *self)
{
  for (guint i = 0; i < G_N_ELEMENTS (self->stdio); i++)
    {
      if (self->stdio[i].fd_released)
        return TRUE;
    }
  for (guint i = 0; self->fds != NULL && i < self->fds->len; i++)
    {
      if (g_array_index (self->fds, CommandFd, i).fd == NULL)
        return TRUE;
    }
  return FALSE;
}

gboolean
command_files_have_streams (const CommandFiles *self)
{
  for (guint i = 0; i < G_N_ELEMENTS (self->stdio); i++)
    {
      if (self->stdio[i].streamed)
        return TRUE;
    }
  return FALSE;
}

/* Those beyond the three are looked through from the end of the list: nobody gives many. */
static const CommandFd *
find_target (const CommandFiles *self,
             int                 target,
             guint               n_fds)
{
  for (guint i = n_fds; i > 0; i--)
    {
      const CommandFd *entry = &g_array_index (self->fds, CommandFd, i - 1);

      if (entry->target == target)
        return entry;
    }
  return NULL;
}

static const CommandFd *
find_stdio (const CommandFiles *self,
            int                 target)
{
  return self->fds != NULL ? find_target (self, target, self->fds->len) : NULL;
}

SharedFd *
command_files_get_stdio_fd (const CommandFiles *self,
                            int                 target)
{
  const CommandFd *entry = find_stdio (self, target);

  return entry != NULL ? entry->fd : self->stdio[target].fd;
}

gboolean
command_files_stdio_may_be_ours (const CommandFiles *self,
                                 int                 target)
{
  const CommandStdio *stdio = &self->stdio[target];

  if (stdio->path != NULL || stdio->fd != NULL || stdio->streamed ||
      find_stdio (self, target) != NULL)
    return FALSE;

  return stdio->kind == PROCTOR_STDIO_DEFAULT || stdio->kind == PROCTOR_STDIO_PIPE ||
         stdio->kind == PROCTOR_STDIO_SOCKET || stdio->kind == PROCTOR_STDIO_PTY;
}

gboolean
command_files_stdio_is_set (const CommandFiles *self,
                            int                 target)
{
  return command_stdio_is_set (&self->stdio[target]) || find_stdio (self, target) != NULL;
}

gboolean
command_files_want_terminal (const CommandFiles *self)
{
  for (guint i = 0; i < G_N_ELEMENTS (self->stdio); i++)
    {
      if (self->stdio[i].kind == PROCTOR_STDIO_PTY)
        return TRUE;
    }
  return FALSE;
}

/* ---- checks */

static gboolean
fail_released (GError **error,
               int      target)
{
  if (target <= STDERR_FILENO)
    g_set_error (error, G_IO_ERROR, G_IO_ERROR_CLOSED,
                 _("The command has given back the file descriptor for %s"),
                 fd_stdio_names[target]);
  else
    g_set_error (error, G_IO_ERROR, G_IO_ERROR_CLOSED,
                 _("The command has given back the file descriptor for target %d"), target);
  return FALSE;
}

static gboolean
check_kind (ProctorStdio   kind,
            guint          fd,
            GError       **error)
{
  switch (kind)
    {
    case PROCTOR_STDIO_DEFAULT:
    case PROCTOR_STDIO_INHERIT:
    case PROCTOR_STDIO_PIPE:
    case PROCTOR_STDIO_DEVNULL:
    case PROCTOR_STDIO_SOCKET:
    case PROCTOR_STDIO_PTY:
      return TRUE;

    case PROCTOR_STDIO_STDOUT:
      if (fd == 2)
        return TRUE;
      return command_fail (error,
                           _("PROCTOR_STDIO_STDOUT is for stderr only, it cannot be used for %s"),
                           fd_stdio_names[fd]);

    default:
      return command_fail (error, _("%d is not a ProctorStdio; it was given for %s"), (int) kind,
                           fd_stdio_names[fd]);
    }
}

static gboolean
check_stdio (const CommandFiles  *self,
             guint                fd,
             GError             **error)
{
  const CommandStdio *stdio = &self->stdio[fd];

  if (stdio->path != NULL)
    return stdio->path[0] != '\0' ||
           command_fail (error, _("The path “” for %s is empty"), fd_stdio_names[fd]);
  if (stdio->fd_released)
    return fail_released (error, (int) fd);
  if (stdio->fd != NULL)
    return shared_fd_check (stdio->fd, (int) fd, error);

  return check_kind (stdio->kind, fd, error);
}

static gboolean
check_target (const CommandFiles  *self,
              guint                index,
              GError             **error)
{
  const CommandFd *entry = &g_array_index (self->fds, CommandFd, index);

  if (entry->target < 0)
    return command_fail (error, _("%d cannot be the target of a file descriptor"), entry->target);
  if (find_target (self, entry->target, index) != NULL)
    return command_fail (error, _("The target file descriptor %d is given twice"), entry->target);
  if (entry->target <= 2 && command_stdio_is_set (&self->stdio[entry->target]))
    return command_fail (error, _("%s is set twice, once as the target file descriptor %d"),
                         fd_stdio_names[entry->target], entry->target);
  if (entry->fd == NULL)
    return fail_released (error, entry->target);

  return shared_fd_check (entry->fd, entry->target, error);
}

gboolean
command_files_validate (const CommandFiles  *self,
                        GError             **error)
{
  for (guint fd = 0; fd < G_N_ELEMENTS (self->stdio); fd++)
    {
      if (!check_stdio (self, fd, error))
        return FALSE;
    }
  for (guint i = 0; self->fds != NULL && i < self->fds->len; i++)
    {
      if (!check_target (self, i, error))
        return FALSE;
    }

  if (self->pipe_size > G_MAXINT)
    return command_fail (error,
                         g_dngettext (GETTEXT_PACKAGE, "A pipe cannot hold %lu byte",
                                      "A pipe cannot hold %lu bytes", self->pipe_size),
                         (gulong) self->pipe_size);
  if (self->rows == 0 || self->rows > LARGEST_WINDOW || self->columns == 0 ||
      self->columns > LARGEST_WINDOW)
    return command_fail (error, _("A terminal cannot have %u rows and %u columns"), self->rows,
                         self->columns);
  return TRUE;
}
