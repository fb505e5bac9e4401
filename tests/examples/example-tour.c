/* The same program as example-tour.py, .js and .vala: what the library does, in each language.
 *
 * SPDX-License-Identifier: LGPL-2.1-or-later
 */

#include <signal.h>

#include <proctor/proctor.h>

/* guide: capture */
/* Arguments and outputs are bytes. These are Latin-1, and no UTF-8. */
static gboolean
capture (GError **error)
{
  g_autoptr(ProctorCommand) command = proctor_command_new ("printf", "%s", "caf\xe9", NULL);
  g_autoptr(ProctorResult) result = proctor_command_run_check (command, NULL, NULL, error);
  const guint8 *bytes;
  gsize length;

  if (result == NULL)
    return FALSE;
  bytes = g_bytes_get_data (proctor_result_get_stdout (result), &length);
  g_print ("bytes:");
  for (gsize i = 0; i < length; i++)
    g_print (" %02x", bytes[i]);
  g_print ("\n");
  return TRUE;
}
/* guide: end */

/* guide: lines */
static gboolean
lines (GError **error)
{
  g_autoptr(ProctorCommand) command =
    proctor_command_new_shell ("for i in 1 2 3; do echo line $i; done");
  g_autoptr(ProctorProcess) process = NULL;
  g_autoptr(GError) read_error = NULL;
  char *line;

  proctor_command_set_stdout (command, PROCTOR_STDIO_PIPE);
  process = proctor_command_spawn (command, NULL, error);
  if (process == NULL)
    return FALSE;
  while ((line = proctor_stream_reader_read_line_utf8 (proctor_process_get_stdout (process), NULL,
                                                       &read_error)) != NULL)
    {
      g_print ("%s", line);
      g_free (line);
    }
  if (read_error != NULL)
    {
      g_propagate_error (error, g_steal_pointer (&read_error));
      return FALSE;
    }
  return proctor_process_wait_check (process, NULL, error);
}
/* guide: end */

/* guide: stdin */
static gboolean
feed (GError **error)
{
  g_autoptr(ProctorCommand) command = proctor_command_new ("tr", "a-z", "A-Z", NULL);
  g_autoptr(ProctorProcess) process = NULL;
  g_autofree char *line = NULL;
  ProctorStreamWriter *writer;

  proctor_command_set_stdin (command, PROCTOR_STDIO_PIPE);
  proctor_command_set_stdout (command, PROCTOR_STDIO_PIPE);
  process = proctor_command_spawn (command, NULL, error);
  if (process == NULL)
    return FALSE;
  writer = proctor_process_get_stdin (process);
  if (!g_output_stream_write_all (G_OUTPUT_STREAM (writer), "upper case\n", 11, NULL, NULL,
                                  error) ||
      !g_output_stream_close (G_OUTPUT_STREAM (writer), NULL, error))
    return FALSE;
  line = proctor_stream_reader_read_line_utf8 (proctor_process_get_stdout (process), NULL, error);
  if (line == NULL)
    return FALSE;
  g_print ("%s", line);
  return proctor_process_wait_check (process, NULL, error);
}
/* guide: end */

/* guide: group */
/* Two at a time. */
static gboolean
group (GError **error)
{
  ProctorCommand *commands[4];
  g_autoptr(GPtrArray) results = NULL;

  for (guint i = 0; i < G_N_ELEMENTS (commands); i++)
    {
      g_autofree char *script = g_strdup_printf ("exit %u", i);

      commands[i] = proctor_command_new_shell (script);
    }
  results = proctor_gather (commands, G_N_ELEMENTS (commands), 2, NULL, error);
  for (guint i = 0; i < G_N_ELEMENTS (commands); i++)
    g_object_unref (commands[i]);
  if (results == NULL)
    return FALSE;
  g_print ("codes:");
  for (guint i = 0; i < results->len; i++)
    g_print (" %d", proctor_result_get_returncode (results->pdata[i]));
  g_print ("\n");
  return TRUE;
}
/* guide: end */

/* guide: stop */
/* SIGTERM, and if it is still there after five seconds, SIGKILL. */
static gboolean
stop (GError **error)
{
  g_autoptr(ProctorCommand) command = proctor_command_new ("sleep", "1000", NULL);
  g_autoptr(ProctorProcess) process = proctor_command_spawn (command, NULL, error);
  int returncode;

  if (process == NULL || !proctor_process_stop (process, 5 * G_TIME_SPAN_SECOND, NULL, error) ||
      !proctor_process_get_returncode (process, &returncode))
    return FALSE;
  g_print ("stopped: %d\n", returncode);
  return TRUE;
}
/* guide: end */

/* guide: errors */
static void
errors (void)
{
  g_autoptr(ProctorCommand) missing = proctor_command_new ("no-such-program", NULL);
  g_autoptr(ProctorCommand) failing = proctor_command_new_shell ("exit 3");
  g_autoptr(ProctorResult) none = NULL;
  g_autoptr(ProctorResult) checked = NULL;
  g_autoptr(GError) missing_error = NULL;
  g_autoptr(GError) failing_error = NULL;

  none = proctor_command_run (missing, NULL, NULL, &missing_error);
  if (g_error_matches (missing_error, G_IO_ERROR, G_IO_ERROR_NOT_FOUND))
    g_print ("there is no such program\n");

  checked = proctor_command_run_check (failing, NULL, NULL, &failing_error);
  if (g_error_matches (failing_error, PROCTOR_ERROR, PROCTOR_ERROR_EXIT_STATUS))
    g_print ("it has failed\n");
}
/* guide: end */

int
main (void)
{
  g_autoptr(GError) error = NULL;

  if (!capture (&error) || !lines (&error) || !feed (&error) || !group (&error) || !stop (&error))
    {
      g_printerr ("%s\n", error != NULL ? error->message : "the status is lost");
      return 1;
    }
  errors ();
  return 0;
}
