/* What to run, as plain data: life, validation, and a short form for people.
 *
 * SPDX-License-Identifier: LGPL-2.1-or-later
 */

/* Thread: ANY for a shared snapshot; no function here changes one. */

#include "config.h"

#include "command/command-spec.h"

#include <glib/gi18n-lib.h>

#include <proctor/proctor.h>

/* Long enough to recognise a command in a message, short enough for a line of a log. */
#define DESCRIPTION_MAX_CHARS 200

#define KNOWN_FLAGS \
  (PROCTOR_COMMAND_INHERIT_FDS | PROCTOR_COMMAND_NEW_SESSION | PROCTOR_COMMAND_KILL_ON_DROP)

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
  self->process_group = COMMAND_NO_PROCESS_GROUP;
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
  copy->argv = g_strdupv (self->argv);
  copy->shell_script = g_strdup (self->shell_script);
  copy->executable = g_strdup (self->executable);
  copy->cwd = g_strdup (self->cwd);
  copy->environ = g_strdupv (self->environ);
  /* g_ptr_array_copy() keeps the free function. */
  copy->env_changes = g_ptr_array_copy (self->env_changes, (GCopyFunc) env_change_copy, NULL);
  for (gsize i = 0; i < G_N_ELEMENTS (copy->stdio); i++)
    copy->stdio[i].path = g_strdup (self->stdio[i].path);

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

  g_strfreev (self->argv);
  g_free (self->shell_script);
  g_free (self->executable);
  g_free (self->cwd);
  g_strfreev (self->environ);
  g_ptr_array_unref (self->env_changes);
  for (gsize i = 0; i < G_N_ELEMENTS (self->stdio); i++)
    g_free (self->stdio[i].path);
  g_free (self);
}

/* FALSE, so that a check can return it. */
static gboolean G_GNUC_PRINTF (2, 3)
fail_invalid (GError     **error,
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
    return fail_invalid (error,
                         _("The argument vector is empty; its first argument names the program"));

  if (self->executable != NULL && self->executable[0] == '\0')
    return fail_invalid (error, _("The executable “” has an empty name"));

  if (self->shell_script == NULL && self->executable == NULL && self->argv[0][0] == '\0')
    return fail_invalid (error, _("The program “” has an empty name"));

  if (self->cwd != NULL && self->cwd[0] == '\0')
    return fail_invalid (error, _("The working directory “” has an empty name"));

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

          return fail_invalid (error, _("The entry “%s” of the environment has no “=”"), entry);
        }
      if (equals == self->environ[i])
        return fail_invalid (error,
                             _("Entry %u (from 0) of the environment has the empty name “”"),
                             i);
    }

  for (guint i = 0; i < self->env_changes->len; i++)
    {
      const CommandEnvChange *change = g_ptr_array_index (self->env_changes, i);

      if (change->name[0] == '\0')
        return fail_invalid (error,
                             _("“” cannot be the name of an environment variable: it is empty"));
      if (strchr (change->name, '=') != NULL)
        {
          g_autofree char *name = g_utf8_make_valid (change->name, -1);

          return fail_invalid (error,
                               _("“%s” cannot be the name of an environment variable: "
                                 "it has a “=”"),
                               name);
        }
    }

  return TRUE;
}

static gboolean
check_stdio (const CommandSpec  *self,
             guint               fd,
             GError            **error)
{
  static const char * const names[] = { "stdin", "stdout", "stderr" };
  const CommandStdio *stdio = &self->stdio[fd];

  if (stdio->path != NULL)
    {
      if (stdio->path[0] == '\0')
        return fail_invalid (error, _("The path “” for %s is empty"), names[fd]);
      return TRUE;
    }

  switch (stdio->kind)
    {
    case PROCTOR_STDIO_DEFAULT:
    case PROCTOR_STDIO_INHERIT:
    case PROCTOR_STDIO_PIPE:
    case PROCTOR_STDIO_DEVNULL:
      return TRUE;

    case PROCTOR_STDIO_STDOUT:
      if (fd == 2)
        return TRUE;
      return fail_invalid (error,
                           _("PROCTOR_STDIO_STDOUT is for stderr only, it cannot be used for %s"),
                           names[fd]);

    default:
      return fail_invalid (error, _("%d is not a ProctorStdio; it was given for %s"),
                           (int) stdio->kind, names[fd]);
    }
}

static gboolean
check_attributes (const CommandSpec  *self,
                  GError            **error)
{
  guint unknown = (guint) self->flags & ~(guint) KNOWN_FLAGS;

  if (unknown != 0)
    return fail_invalid (error, _("The flags 0x%x are not known"), unknown);

  if (self->process_group < COMMAND_NO_PROCESS_GROUP)
    return fail_invalid (error, _("%d is not a process group"), self->process_group);

  /* A session leader leads its own group and cannot leave it: setpgid (2) would be EPERM. */
  if ((self->flags & PROCTOR_COMMAND_NEW_SESSION) != 0 &&
      self->process_group != COMMAND_NO_PROCESS_GROUP)
    return fail_invalid (error,
                         _("PROCTOR_COMMAND_NEW_SESSION makes a process group of its own and "
                           "cannot be combined with the process group %d"),
                         self->process_group);

  if (self->limit == 0)
    return fail_invalid (error,
                         _("The limit of the stream readers is 0 bytes; it must be at least 1"));

  return TRUE;
}

gboolean
command_spec_validate (const CommandSpec  *self,
                       GError            **error)
{
  if (!check_program (self, error) || !check_environment (self, error))
    return FALSE;

  for (guint fd = 0; fd < G_N_ELEMENTS (self->stdio); fd++)
    {
      if (!check_stdio (self, fd, error))
        return FALSE;
    }

  return check_attributes (self, error);
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
