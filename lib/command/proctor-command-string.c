/* A command as a shell would need it, for people.
 *
 * SPDX-License-Identifier: LGPL-2.1-or-later
 */

/* Thread: the one that sets the command. */

#include "config.h"

#include "command/proctor-command-private.h"

#include <string.h>

#define HIDDEN_VALUE "…"

/* Whether single quotes do: nothing in it that would be lost on a terminal or in a log. */
static gboolean
is_printable (const char *word)
{
  const char *p = word;

  if (!g_utf8_validate (word, -1, NULL))
    return FALSE;
  for (; *p != '\0'; p = g_utf8_next_char (p))
    {
      gunichar character = g_utf8_get_char (p);

      if (character != '\n' && g_unichar_iscntrl (character))
        return FALSE;
    }

  return TRUE;
}

/* Bytes that are no text as octal numbers, in the quotes that bash, ksh and POSIX 2024 know. */
static void
append_dollar_quoted (GString    *text,
                      const char *word)
{
  g_string_append (text, "$'");
  while (*word != '\0')
    {
      gunichar character = g_utf8_get_char_validated (word, -1);
      gboolean is_text = character < 0x80000000 && !g_unichar_iscntrl (character);

      if (*word == '\'' || *word == '\\')
        g_string_append_printf (text, "\\%c", *word++);
      else if (!is_text)
        g_string_append_printf (text, "\\%03o", (guchar) *word++);
      else
        {
          const char *next = g_utf8_next_char (word);

          g_string_append_len (text, word, next - word);
          word = next;
        }
    }
  g_string_append_c (text, '\'');
}

static void
append_word (GString    *text,
             const char *word)
{
  g_autofree char *quoted = NULL;

  if (text->len > 0 && strchr (" <>(", text->str[text->len - 1]) == NULL)
    g_string_append_c (text, ' ');

  if (!is_printable (word))
    {
      append_dollar_quoted (text, word);
      return;
    }
  quoted = proctor_shell_quote (word);
  g_string_append (text, quoted);
}

char *
words_to_string (const char * const *words)
{
  GString *text = g_string_new (NULL);

  for (guint i = 0; words[i] != NULL; i++)
    append_word (text, words[i]);
  return g_string_free (text, FALSE);
}

static void
append_assignment (GString    *text,
                   const char *name,
                   gsize       length)
{
  g_autofree char *copy = g_strndup (name, length);

  append_word (text, copy);
  g_string_append (text, "=" HIDDEN_VALUE);
}

/* A variable may be set and removed many times; the last change counts. */
static gboolean
is_last_change (const CommandSpec *spec,
                guint              index)
{
  const CommandEnvChange *change = g_ptr_array_index (spec->env_changes, index);

  for (guint i = index + 1; i < spec->env_changes->len; i++)
    {
      const CommandEnvChange *later = g_ptr_array_index (spec->env_changes, i);

      if (strcmp (later->name, change->name) == 0)
        return FALSE;
    }

  return TRUE;
}

/* "env -i", or "env" with the names that are removed; assignments alone need no env. */
static void
append_removals (GString           *text,
                 const CommandSpec *spec)
{
  gboolean has_env = FALSE;

  if (spec->environ != NULL)
    {
      append_word (text, "env");
      append_word (text, "-i");
      return;
    }

  for (guint i = 0; i < spec->env_changes->len; i++)
    {
      const CommandEnvChange *change = g_ptr_array_index (spec->env_changes, i);

      if (change->value != NULL || !is_last_change (spec, i))
        continue;
      if (!has_env)
        append_word (text, "env");
      has_env = TRUE;
      append_word (text, "-u");
      append_word (text, change->name);
    }
}

static gboolean
is_changed (const CommandSpec *spec,
            const char        *entry)
{
  gsize length = strcspn (entry, "=");

  for (guint i = 0; i < spec->env_changes->len; i++)
    {
      const CommandEnvChange *change = g_ptr_array_index (spec->env_changes, i);

      if (strlen (change->name) == length && memcmp (change->name, entry, length) == 0)
        return TRUE;
    }

  return FALSE;
}

static void
append_environment (GString           *text,
                    const CommandSpec *spec)
{
  append_removals (text, spec);

  for (guint i = 0; spec->environ != NULL && spec->environ[i] != NULL; i++)
    {
      if (!is_changed (spec, spec->environ[i]))
        append_assignment (text, spec->environ[i], strcspn (spec->environ[i], "="));
    }
  for (guint i = 0; i < spec->env_changes->len; i++)
    {
      const CommandEnvChange *change = g_ptr_array_index (spec->env_changes, i);

      if (change->value != NULL && is_last_change (spec, i))
        append_assignment (text, change->name, strlen (change->name));
    }
}

/* The file to be run, where that is not what argv[0] says. */
static char *
dup_executable (const CommandSpec *spec)
{
  if (spec->executable_fd != NULL)
    return g_strdup_printf ("/dev/fd/%d", shared_fd_get_given (spec->executable_fd));

  return g_strdup (spec->executable);
}

static void
append_program (GString           *text,
                const CommandSpec *spec)
{
  g_autofree char *executable = dup_executable (spec);

  if (spec->shell_script != NULL)
    {
      append_word (text, executable != NULL ? executable : COMMAND_SHELL);
      append_word (text, "-c");
      append_word (text, spec->shell_script);
      return;
    }

  if (spec->argv == NULL || spec->argv[0] == NULL)
    return;

  if (executable != NULL && strcmp (executable, spec->argv[0]) != 0)
    {
      append_word (text, "exec");
      append_word (text, "-a");
      append_word (text, spec->argv[0]);
      append_word (text, executable);
    }
  else
    {
      append_word (text, spec->argv[0]);
    }
  for (guint i = 1; spec->argv[i] != NULL; i++)
    append_word (text, spec->argv[i]);
}

static void
append_stdio (GString           *text,
              const CommandSpec *spec)
{
  static const char * const operators[] = { " <", " >", " 2>" };

  for (guint fd = 0; fd < G_N_ELEMENTS (spec->files.stdio); fd++)
    {
      const CommandStdio *stdio = &spec->files.stdio[fd];

      if (stdio->path == NULL && stdio->kind == PROCTOR_STDIO_STDOUT)
        {
          g_string_append (text, " 2>&1");
          continue;
        }
      if (stdio->path == NULL && stdio->kind != PROCTOR_STDIO_DEVNULL)
        continue;

      g_string_append (text, operators[fd]);
      if (stdio->path != NULL && stdio->append)
        g_string_append_c (text, '>');
      append_word (text, stdio->path != NULL ? stdio->path : "/dev/null");
    }
}

/**
 * proctor_command_to_string:
 * @self: a command
 *
 * Shows the command as a shell would need it, for logs and messages to people.
 *
 * For example `cd /srv/data && LC_ALL=… sort -n <numbers.txt`: the working directory, the names of
 * the variables that are set or removed, the words of the command, and the files that its stdin,
 * stdout and stderr are connected to. Words are quoted; what is not UTF-8, and control characters,
 * are shown in `$'…'`, as bash knows it.
 *
 * The values of variables may be secrets and are never shown, so what is returned is not for
 * running it. Pipes, streams, terminals, file descriptors, the user, limits and other attributes
 * are not shown either.
 *
 * Thread safety: the thread that the command belongs to.
 *
 * Returns: (transfer full): the command as a text
 *
 * Since: 1.0
 */
char *
proctor_command_to_string (ProctorCommand *self)
{
  g_autoptr(CommandSpec) spec = NULL;
  GString *text;

  g_return_val_if_fail (PROCTOR_IS_COMMAND (self), NULL);

  spec = proctor_command_dup_spec (self);
  text = g_string_new (NULL);
  if (spec->cwd != NULL)
    {
      append_word (text, "cd");
      append_word (text, spec->cwd);
      g_string_append (text, " &&");
    }
  append_environment (text, spec);
  append_program (text, spec);
  append_stdio (text, spec);

  return g_string_free (text, FALSE);
}
