/* The builder of a command: where the child works, and with which variables.
 *
 * SPDX-License-Identifier: LGPL-2.1-or-later
 */

/* Thread: the one that sets the command. */

#include "config.h"

#include "command/proctor-command-private.h"

/**
 * proctor_command_set_cwd:
 * @self: a command
 * @cwd: (type filename) (nullable): a path, or %NULL for the working directory of this program
 *
 * Sets the working directory of the child.
 *
 * A relative path is meant as seen from this program's working directory at the time of the spawn.
 *
 * Errors: at the spawn, %PROCTOR_ERROR_INVALID_COMMAND for an empty path, and what the system says
 * of a directory that cannot be used, for example %G_IO_ERROR_NOT_FOUND; the message names the
 * directory.
 *
 * Thread safety: the thread that the command belongs to.
 *
 * Since: 1.0
 */
void
proctor_command_set_cwd (ProctorCommand *self,
                         const char     *cwd)
{
  g_return_if_fail (PROCTOR_IS_COMMAND (self));

  command_spec_set_string (&proctor_command_edit_spec (self)->cwd, cwd);
}

static void
replace_environ (ProctorCommand *self,
                 GStrv           base)
{
  CommandSpec *spec = proctor_command_edit_spec (self);

  g_strfreev (spec->environ);
  spec->environ = base;
  g_ptr_array_set_size (spec->env_changes, 0);
}

/**
 * proctor_command_set_environ:
 * @self: a command
 * @environ_: (array zero-terminated=1) (element-type filename) (nullable): entries of the form
 *   `NAME=VALUE`, or %NULL for this program's own environment at the time of the spawn
 *
 * Sets the whole environment of the child, and forgets the changes that were made before.
 *
 * Later calls of [method@Command.setenv] and [method@Command.unsetenv] change this environment.
 * Where a variable occurs twice, the first one counts.
 *
 * Errors: %PROCTOR_ERROR_INVALID_COMMAND at the spawn for an entry without a name or without `=`.
 *
 * Thread safety: the thread that the command belongs to.
 *
 * Since: 1.0
 */
void
proctor_command_set_environ (ProctorCommand     *self,
                             const char * const *environ_)
{
  g_return_if_fail (PROCTOR_IS_COMMAND (self));

  replace_environ (self, g_strdupv ((GStrv) environ_));
}

/**
 * proctor_command_clear_environ:
 * @self: a command
 *
 * Makes the environment of the child empty, and forgets the changes that were made before.
 *
 * Later calls of [method@Command.setenv] add to the empty environment. A program without a `/` in
 * its name is then looked up in `/bin:/usr/bin`, unless `PATH` is set again.
 *
 * Thread safety: the thread that the command belongs to.
 *
 * Since: 1.0
 */
void
proctor_command_clear_environ (ProctorCommand *self)
{
  g_return_if_fail (PROCTOR_IS_COMMAND (self));

  replace_environ (self, g_new0 (char *, 1));
}

static void
add_env_change (ProctorCommand *self,
                const char     *name,
                const char     *value)
{
  CommandEnvChange *change = g_new (CommandEnvChange, 1);

  change->name = g_strdup (name);
  change->value = g_strdup (value);
  g_ptr_array_add (proctor_command_edit_spec (self)->env_changes, change);
}

/**
 * proctor_command_setenv:
 * @self: a command
 * @name: (type filename): the name of a variable
 * @value: (type filename): its value, which may be empty
 *
 * Sets a variable in the environment of the child.
 *
 * The last call for a name counts.
 *
 * Errors: %PROCTOR_ERROR_INVALID_COMMAND at the spawn for a name that is empty or has a `=`.
 *
 * Thread safety: the thread that the command belongs to.
 *
 * Since: 1.0
 */
void
proctor_command_setenv (ProctorCommand *self,
                        const char     *name,
                        const char     *value)
{
  g_return_if_fail (PROCTOR_IS_COMMAND (self));
  g_return_if_fail (name != NULL);
  g_return_if_fail (value != NULL);

  add_env_change (self, name, value);
}

/**
 * proctor_command_unsetenv:
 * @self: a command
 * @name: (type filename): the name of a variable
 *
 * Removes a variable from the environment of the child; one that is not there may be removed, too.
 *
 * The last call for a name counts.
 *
 * Errors: %PROCTOR_ERROR_INVALID_COMMAND at the spawn for a name that is empty or has a `=`.
 *
 * Thread safety: the thread that the command belongs to.
 *
 * Since: 1.0
 */
void
proctor_command_unsetenv (ProctorCommand *self,
                          const char     *name)
{
  g_return_if_fail (PROCTOR_IS_COMMAND (self));
  g_return_if_fail (name != NULL);

  add_env_change (self, name, NULL);
}
