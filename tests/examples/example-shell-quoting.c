/* Whatever goes into a shell command from outside has to be quoted, or it can become a command of
 * its own.
 *
 * SPDX-License-Identifier: LGPL-2.1-or-later
 */

#include <proctor/proctor.h>

int
main (void)
{
  const char *file_name = "somefile; echo this was not meant to run";
  g_autoptr(GError) error = NULL;
  g_autofree char *quoted = proctor_shell_quote (file_name);
  g_autofree char *script = g_strdup_printf ("echo looking at %s", quoted);
  g_autoptr(ProctorCommand) command = proctor_command_new_shell (script);
  g_autoptr(ProctorResult) result = proctor_command_run_check (command, NULL, NULL, &error);
  g_autofree char *out = NULL;

  if (result == NULL)
    {
      g_printerr ("%s\n", error->message);
      return 1;
    }

  out = proctor_result_dup_stdout_utf8 (result, NULL);
  g_print ("$ %s\n%s", script, out);
  return 0;
}
