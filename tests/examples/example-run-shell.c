/* The first example: run a shell command and see how it ended and what it wrote.
 *
 * SPDX-License-Identifier: LGPL-2.1-or-later
 */

/* guide: program */
#include <proctor/proctor.h>

static gboolean
run (const char  *script,
     GError     **error)
{
  g_autoptr(ProctorCommand) command = proctor_command_new_shell (script);
  g_autoptr(ProctorResult) result = proctor_command_run (command, NULL, NULL, error);
  g_autofree char *out = NULL;
  g_autofree char *err = NULL;

  if (result == NULL)
    return FALSE;

  out = proctor_result_dup_stdout_utf8 (result, NULL);
  err = proctor_result_dup_stderr_utf8 (result, NULL);
  g_print ("['%s' exited with %d]\n", script, proctor_result_get_returncode (result));
  if (out != NULL && *out != '\0')
    g_print ("[stdout]\n%s", out);
  if (err != NULL && *err != '\0')
    g_print ("[stderr]\n%s", err);
  return TRUE;
}

int
main (void)
{
  g_autoptr(GError) error = NULL;

  if (!run ("ls /zzz", &error))
    {
      g_printerr ("%s\n", error->message);
      return 1;
    }
  return 0;
}
/* guide: end */
