/* A process of one's own: start it with a pipe, send it something, read what it says.
 *
 * SPDX-License-Identifier: LGPL-2.1-or-later
 */

#include <proctor/proctor.h>

/* guide: date */
static char *
get_date (GError **error)
{
  g_autoptr(ProctorCommand) command = proctor_command_new ("sh", NULL);
  g_autoptr(GBytes) input = g_bytes_new_static ("date +%Y-%m-%d\n", 15);
  g_autoptr(ProctorProcess) process = NULL;
  g_autoptr(ProctorResult) result = NULL;
  char *date;

  proctor_command_set_stdin (command, PROCTOR_STDIO_PIPE);
  proctor_command_set_stdout (command, PROCTOR_STDIO_PIPE);
  process = proctor_command_spawn (command, NULL, error);
  if (process == NULL)
    return NULL;

  result = proctor_process_communicate (process, input, NULL, error);
  if (result == NULL || !proctor_result_check (result, error))
    return NULL;

  date = proctor_result_dup_stdout_utf8 (result, error);
  return date != NULL ? g_strchomp (date) : NULL;
}
/* guide: end */

int
main (void)
{
  g_autoptr(GError) error = NULL;
  g_autofree char *date = get_date (&error);

  if (date == NULL)
    {
      g_printerr ("%s\n", error->message);
      return 1;
    }
  g_print ("Current date: %s\n", date);
  return 0;
}
