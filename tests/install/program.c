/* Built against the installed library as a user of it would, as C and as C++, with what pkg-config
 * says and no more.
 *
 * SPDX-License-Identifier: LGPL-2.1-or-later
 */

#include <stdio.h>

#include <proctor/proctor.h>

#if !PROCTOR_CHECK_VERSION (1, 0, 0)
#error "These are not the headers of this version."
#endif

int
main (void)
{
  GError *error = NULL;
  ProctorCommand *command = proctor_command_new ("echo", "installed", NULL);
  ProctorResult *result = proctor_command_run_check (command, NULL, NULL, &error);
  char *text;

  if (result == NULL)
    {
      fprintf (stderr, "%s\n", error->message);
      return 1;
    }

  text = proctor_result_dup_stdout_utf8 (result, NULL);
  printf ("%s %s", PROCTOR_VERSION_STRING, text);
  g_free (text);
  g_object_unref (result);
  g_object_unref (command);

  return 0;
}
