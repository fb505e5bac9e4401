/* The streams of a process: read one line of what it says, then wait for its end.
 *
 * SPDX-License-Identifier: LGPL-2.1-or-later
 */

#include <proctor/proctor.h>

static char *
get_date (GError **error)
{
  g_autoptr(ProctorCommand) command = proctor_command_new ("date", "+%Y-%m-%d %H:%M:%S", NULL);
  g_autoptr(ProctorProcess) process = NULL;
  g_autofree char *line = NULL;

  /* Create the process; redirect the standard output into a pipe. */
  proctor_command_set_stdout (command, PROCTOR_STDIO_PIPE);
  process = proctor_command_spawn (command, NULL, error);
  if (process == NULL)
    return NULL;

  /* Read one line of output. At the end of the output it would be NULL, without an error. */
  line = proctor_stream_reader_read_line_utf8 (proctor_process_get_stdout (process), NULL, error);
  if (line == NULL)
    {
      if (error != NULL && *error == NULL)
        g_set_error_literal (error, G_IO_ERROR, G_IO_ERROR_FAILED,
                             "The program has printed nothing");
      return NULL;
    }

  /* Wait for the process to exit. */
  if (!proctor_process_wait (process, NULL, NULL, error))
    return NULL;
  return g_strchomp (g_steal_pointer (&line));
}

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
