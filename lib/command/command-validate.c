/* What can be wrong with a command and is seen without asking the system.
 *
 * SPDX-License-Identifier: LGPL-2.1-or-later
 */

/* Thread: ANY, for a shared snapshot. */

#include "config.h"

#include "command/command-validate.h"

#include <glib/gi18n-lib.h>

#include <proctor/proctor.h>

#define KNOWN_FLAGS \
  (PROCTOR_COMMAND_INHERIT_FDS | PROCTOR_COMMAND_NEW_SESSION | PROCTOR_COMMAND_KILL_ON_DROP | \
   PROCTOR_COMMAND_NO_NEW_PRIVS | PROCTOR_COMMAND_CONTROLLING_TERMINAL | \
   PROCTOR_COMMAND_OWN_TREE | PROCTOR_COMMAND_TRACK_SUSPEND)

gboolean
command_fail (GError     **error,
              const char  *format,
              ...)
{
  va_list args;

  va_start (args, format);
  if (error != NULL)
    *error = g_error_new_valist (PROCTOR_ERROR, PROCTOR_ERROR_INVALID_COMMAND, format, args);
  va_end (args);

  return FALSE;
}

static gboolean
check_program (const CommandSpec  *self,
               GError            **error)
{
  if (self->shell_script == NULL && (self->argv == NULL || self->argv[0] == NULL))
    return command_fail (error,
                         _("The argument vector is empty; its first argument names the program"));

  if (self->executable != NULL && self->executable[0] == '\0')
    return command_fail (error, _("The executable “” has an empty name"));

  if (self->executable_fd_released)
    {
      g_set_error_literal (error, G_IO_ERROR, G_IO_ERROR_CLOSED,
                           _("The command has given its file descriptors back"));
      return FALSE;
    }

  if (self->executable_fd != NULL &&
      !shared_fd_check (self->executable_fd, SHARED_FD_EXECUTABLE, error))
    return FALSE;

  if (self->shell_script == NULL && self->executable == NULL && self->executable_fd == NULL &&
      self->argv[0][0] == '\0')
    return command_fail (error, _("The program “” has an empty name"));

  if (self->cwd != NULL && self->cwd[0] == '\0')
    return command_fail (error, _("The working directory “” has an empty name"));

  return TRUE;
}

/* The values of variables may be secrets and stay out of every message. */
static gboolean
check_environment (const CommandSpec  *self,
                   GError            **error)
{
  for (guint i = 0; self->environ != NULL && self->environ[i] != NULL; i++)
    {
      const char *equals = strchr (self->environ[i], '=');

      if (equals == NULL)
        {
          g_autofree char *entry = g_utf8_make_valid (self->environ[i], -1);

          return command_fail (error, _("The entry “%s” of the environment has no “=”"), entry);
        }
      if (equals == self->environ[i])
        return command_fail (error,
                             _("Entry %u (from 0) of the environment has the empty name “”"),
                             i);
    }

  for (guint i = 0; i < self->env_changes->len; i++)
    {
      const CommandEnvChange *change = g_ptr_array_index (self->env_changes, i);

      if (change->name[0] == '\0')
        return command_fail (error,
                             _("“” cannot be the name of an environment variable: it is empty"));
      if (strchr (change->name, '=') != NULL)
        {
          g_autofree char *name = g_utf8_make_valid (change->name, -1);

          return command_fail (error,
                               _("“%s” cannot be the name of an environment variable: "
                                 "it has a “=”"),
                               name);
        }
    }

  return TRUE;
}

static gboolean
check_settings (const CommandSpec  *self,
                GError            **error)
{
  guint unknown = (guint) self->flags & ~(guint) KNOWN_FLAGS;

  if (unknown != 0)
    return command_fail (error, _("The flags 0x%x are not known"), unknown);

  if (self->process_group < COMMAND_NO_PROCESS_GROUP)
    return command_fail (error, _("%d is not a process group"), self->process_group);

  /* A session leader leads its own group and cannot leave it: setpgid (2) would be EPERM. */
  if ((self->flags & PROCTOR_COMMAND_NEW_SESSION) != 0 &&
      self->process_group != COMMAND_NO_PROCESS_GROUP)
    return command_fail (error,
                         _("PROCTOR_COMMAND_NEW_SESSION makes a process group of its own and "
                           "cannot be combined with the process group %d"),
                         self->process_group);
  if (command_files_want_terminal (&self->files) &&
      self->process_group != COMMAND_NO_PROCESS_GROUP)
    return command_fail (error,
                         _("PROCTOR_STDIO_PTY makes a session and a process group of its own and "
                           "cannot be combined with the process group %d"),
                         self->process_group);
  if ((self->flags & PROCTOR_COMMAND_CONTROLLING_TERMINAL) != 0 &&
      self->process_group != COMMAND_NO_PROCESS_GROUP)
    return command_fail (error,
                         _("PROCTOR_COMMAND_CONTROLLING_TERMINAL makes a session of its own and "
                           "cannot be combined with the process group %d"),
                         self->process_group);

  /* The group of others is never signalled. */
  if ((self->flags & PROCTOR_COMMAND_OWN_TREE) != 0 && self->process_group > 0)
    return command_fail (error,
                         _("PROCTOR_COMMAND_OWN_TREE wants a process group of the child’s own and "
                           "cannot be combined with the process group %d"),
                         self->process_group);

  if (self->limit == 0)
    return command_fail (error,
                         _("The limit of the stream readers is 0 bytes; it must be at least 1"));

  return TRUE;
}

gboolean
command_spec_validate (const CommandSpec  *self,
                       GError            **error)
{
  if (!check_program (self, error) || !check_environment (self, error))
    return FALSE;

  return command_files_validate (&self->files, error) && check_settings (self, error) &&
         command_attributes_validate (&self->attributes, error) &&
         command_policy_validate (&self->policy, error);
}
