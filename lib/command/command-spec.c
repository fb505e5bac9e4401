/* What to run, as plain data: life, and a short form for people.
 *
 * SPDX-License-Identifier: LGPL-2.1-or-later
 */

/* Thread: ANY for a shared snapshot; no function here changes one. */

#include "config.h"

#include "command/command-spec.h"

#include <proctor/proctor.h>

/* Long enough to recognise a command in a message, short enough for a line of a log. */
#define DESCRIPTION_MAX_CHARS 200

static void
env_change_free (gpointer data)
{
  CommandEnvChange *change = data;

  g_free (change->name);
  g_free (change->value);
  g_free (change);
}

static gpointer
env_change_copy (gconstpointer data,
                 gpointer      user_data)
{
  const CommandEnvChange *change = data;
  CommandEnvChange *copy = g_new (CommandEnvChange, 1);

  copy->name = g_strdup (change->name);
  copy->value = g_strdup (change->value);

  return copy;
}

CommandSpec *
command_spec_new (void)
{
  CommandSpec *self = g_new0 (CommandSpec, 1);

  g_atomic_ref_count_init (&self->ref_count);
  self->env_changes = g_ptr_array_new_with_free_func (env_change_free);
  command_files_init (&self->files);
  command_attributes_init (&self->attributes);
  self->process_group = COMMAND_NO_PROCESS_GROUP;
  command_policy_init (&self->policy);
  self->limit = COMMAND_DEFAULT_LIMIT;
  self->timeout = COMMAND_TIME_UNSET;
  self->drain_grace = COMMAND_TIME_UNSET;

  return self;
}

CommandSpec *
command_spec_copy (const CommandSpec *self)
{
  const gsize first = G_STRUCT_OFFSET (CommandSpec, argv);
  CommandSpec *copy = g_new (CommandSpec, 1);

  /* Members that own nothing come with this; every pointer is replaced below. Without the count,
   * which spawns of the original change meanwhile.
   */
  memcpy (G_STRUCT_MEMBER_P (copy, first), G_STRUCT_MEMBER_P (self, first), sizeof *copy - first);
  g_atomic_ref_count_init (&copy->ref_count);
  command_policy_copy (&copy->policy, &self->policy);
  copy->argv = g_strdupv (self->argv);
  copy->shell_script = g_strdup (self->shell_script);
  copy->executable = g_strdup (self->executable);
  if (self->executable_fd != NULL)
    shared_fd_ref (self->executable_fd);
  copy->cwd = g_strdup (self->cwd);
  copy->environ = g_strdupv (self->environ);
  /* g_ptr_array_copy() keeps the free function. */
  copy->env_changes = g_ptr_array_copy (self->env_changes, (GCopyFunc) env_change_copy, NULL);
  command_files_copy (&copy->files, &self->files);
  command_attributes_copy (&copy->attributes, &self->attributes);

  return copy;
}

CommandSpec *
command_spec_ref (CommandSpec *self)
{
  g_atomic_ref_count_inc (&self->ref_count);

  return self;
}

void
command_spec_unref (CommandSpec *self)
{
  if (!g_atomic_ref_count_dec (&self->ref_count))
    return;

  command_policy_clear (&self->policy);
  g_strfreev (self->argv);
  g_free (self->shell_script);
  g_free (self->executable);
  g_clear_pointer (&self->executable_fd, shared_fd_unref);
  g_free (self->cwd);
  g_strfreev (self->environ);
  g_ptr_array_unref (self->env_changes);
  command_files_clear (&self->files);
  command_attributes_clear (&self->attributes);
  g_free (self);
}

gboolean
command_spec_let_go_of_fds (CommandSpec **self)
{
  CommandSpec *copy;

  if (!command_files_have_fds (&(*self)->files) && (*self)->executable_fd == NULL)
    return FALSE;

  copy = command_spec_copy (*self);
  command_files_release_fds (&copy->files);
  command_spec_release_executable_fd (copy);
  command_spec_unref (*self);
  *self = copy;
  return TRUE;
}

void
command_spec_release_executable_fd (CommandSpec *self)
{
  if (self->executable_fd == NULL)
    return;

  g_clear_pointer (&self->executable_fd, shared_fd_unref);
  self->executable_fd_released = TRUE;
}

void
command_spec_set_string (char       **slot,
                         const char  *value)
{
  g_free (*slot);
  *slot = g_strdup (value);
}

const char * const *
command_spec_get_argv (const CommandSpec *self,
                       const char        *shell_argv[COMMAND_SHELL_ARGV_LENGTH])
{
  if (self->shell_script == NULL)
    return (gpointer) self->argv;

  shell_argv[0] = self->executable != NULL ? self->executable : COMMAND_SHELL;
  shell_argv[1] = "-c";
  shell_argv[2] = self->shell_script;
  shell_argv[3] = NULL;

  return shell_argv;
}

char *
command_spec_describe (const CommandSpec *self)
{
  g_autofree char *joined = NULL;
  g_autofree char *valid = NULL;
  const char *bytes = "";

  if (self->shell_script != NULL)
    bytes = self->shell_script;
  else if (self->argv != NULL)
    bytes = joined = proctor_shell_join ((const char * const *) self->argv);

  if (strnlen (bytes, DESCRIPTION_MAX_CHARS + 1) <= DESCRIPTION_MAX_CHARS && g_str_is_ascii (bytes))
    return joined != NULL ? g_steal_pointer (&joined) : g_strdup (bytes);

  /* A character has at most 4 bytes, so this is more than is shown, and a character cut at its
   * end is not shown.
   */
  valid = g_utf8_make_valid (bytes, (gssize) strnlen (bytes, 4 * (DESCRIPTION_MAX_CHARS + 2)));
  if (g_utf8_strlen (valid, -1) > DESCRIPTION_MAX_CHARS)
    {
      g_autofree char *head = g_utf8_substring (valid, 0, DESCRIPTION_MAX_CHARS - 1);

      return g_strconcat (head, "…", NULL);
    }

  return g_steal_pointer (&valid);
}
