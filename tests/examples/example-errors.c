/* What can go wrong, and how a program sees it.
 *
 * SPDX-License-Identifier: LGPL-2.1-or-later
 */

#include <proctor/proctor.h>

/* guide: spawn */
/* Nothing was started: an error that names the step, the file and the reason. */
static void
not_started (void)
{
  g_autoptr(ProctorCommand) missing = proctor_command_new ("no-such-program", NULL);
  g_autoptr(ProctorCommand) nowhere = proctor_command_new ("true", NULL);
  g_autoptr(GError) error = NULL;
  g_autoptr(GError) cwd_error = NULL;
  g_autoptr(ProctorResult) result = proctor_command_run (missing, NULL, NULL, &error);
  g_autoptr(ProctorResult) other = NULL;

  proctor_command_set_cwd (nowhere, "/no/such/folder");
  other = proctor_command_run (nowhere, NULL, NULL, &cwd_error);

  if (result == NULL && g_error_matches (error, G_IO_ERROR, G_IO_ERROR_NOT_FOUND))
    g_print ("%s\n", error->message);
  if (other == NULL && g_error_matches (cwd_error, G_IO_ERROR, G_IO_ERROR_NOT_FOUND))
    g_print ("%s\n", cwd_error->message);
}
/* guide: end */

/* guide: status */
/* It ran and failed: a result, which can be made an error. */
static void
failed (void)
{
  g_autoptr(ProctorCommand) command = proctor_command_new_shell ("echo 'no room' >&2; exit 3");
  g_autoptr(GError) error = NULL;
  g_autoptr(ProctorResult) result = proctor_command_run (command, NULL, NULL, &error);

  if (result == NULL)
    {
      g_printerr ("%s\n", error->message);
      return;
    }
  if (!proctor_result_check (result, &error))
    {
      if (g_error_matches (error, PROCTOR_ERROR, PROCTOR_ERROR_EXIT_STATUS))
        g_print ("exit code %d\n", proctor_result_get_returncode (result));
      else if (g_error_matches (error, PROCTOR_ERROR, PROCTOR_ERROR_SIGNALLED))
        g_print ("signal %d\n", -proctor_result_get_returncode (result));
      g_print ("%s\n", error->message);
    }
}
/* guide: end */

/* guide: gone */
/* A signal to a process that has ended is an error and reaches nobody else. */
static void
gone (void)
{
  g_autoptr(ProctorCommand) command = proctor_command_new ("true", NULL);
  g_autoptr(GError) error = NULL;
  g_autoptr(ProctorProcess) process = proctor_command_spawn (command, NULL, &error);

  if (process == NULL || !proctor_process_wait (process, NULL, NULL, &error))
    {
      g_printerr ("%s\n", error->message);
      return;
    }
  if (!proctor_process_terminate (process, &error) &&
      g_error_matches (error, PROCTOR_ERROR, PROCTOR_ERROR_PROCESS_LOOKUP))
    g_print ("it has ended already\n");
}
/* guide: end */

/* guide: gather */
/* One that fails does not disturb the others. */
static void
among_others (void)
{
  g_autoptr(ProctorCommand) good = proctor_command_new ("echo", "fine", NULL);
  g_autoptr(ProctorCommand) missing = proctor_command_new ("no-such-program", NULL);
  ProctorCommand *commands[] = { good, missing };
  g_autoptr(GError) error = NULL;
  g_autoptr(GPtrArray) results = proctor_gather (commands, 2, 0, NULL, &error);

  if (results == NULL)
    {
      g_printerr ("%s\n", error->message);
      return;
    }
  for (guint i = 0; i < results->len; i++)
    {
      ProctorResult *result = g_ptr_array_index (results, i);
      const GError *spawn_error = proctor_result_get_error (result);

      if (spawn_error != NULL)
        g_print ("%u did not start\n", i);
      else
        g_print ("%u exited with %d\n", i, proctor_result_get_returncode (result));
    }
}
/* guide: end */

int
main (void)
{
  not_started ();
  failed ();
  gone ();
  among_others ();
  return 0;
}
