/* What example-from-asyncio.py does, with Proctor: both print the same, but for the order of two
 * that run at once.
 *
 * SPDX-License-Identifier: LGPL-2.1-or-later
 */

#include <proctor/proctor.h>

static void
show (const char    *script,
      ProctorResult *result)
{
  g_autofree char *out = proctor_result_dup_stdout_utf8 (result, NULL);
  g_autofree char *err = proctor_result_dup_stderr_utf8 (result, NULL);

  g_print ("['%s' exited with %d]\n", script, proctor_result_get_returncode (result));
  if (out != NULL && *out != '\0')
    g_print ("[stdout]\n%s", out);
  if (err != NULL && *err != '\0')
    g_print ("[stderr]\n%s", err);
}

/* guide: run */
static gboolean
run (const char  *script,
     GError     **error)
{
  g_autoptr(ProctorCommand) command = proctor_command_new_shell (script);
  g_autoptr(ProctorResult) result = NULL;

  result = proctor_command_run (command, NULL, NULL, error);
  if (result == NULL)
    return FALSE;

  show (script, result);
  return TRUE;
}
/* guide: end */

/* guide: gather */
static gboolean
both (GError **error)
{
  g_autoptr(ProctorCommand) first = proctor_command_new_shell ("echo first");
  g_autoptr(ProctorCommand) second = proctor_command_new_shell ("echo second");
  ProctorCommand *commands[] = { first, second };
  g_autoptr(GPtrArray) results = NULL;

  results = proctor_gather (commands, 2, 0, NULL, error);
  if (results == NULL)
    return FALSE;

  show ("echo first", g_ptr_array_index (results, 0));
  show ("echo second", g_ptr_array_index (results, 1));
  return TRUE;
}
/* guide: end */

/* guide: lines */
static gboolean
lines (GError **error)
{
  g_autoptr(ProctorCommand) command = proctor_command_new ("seq", "3", NULL);
  g_autoptr(ProctorProcess) process = NULL;
  g_autoptr(GError) read_error = NULL;
  const char *line;
  gsize length;

  proctor_command_set_stdout (command, PROCTOR_STDIO_PIPE);
  process = proctor_command_spawn (command, NULL, error);
  if (process == NULL)
    return FALSE;

  while (proctor_stream_reader_next_line (proctor_process_get_stdout (process), &line, &length,
                                          NULL, &read_error))
    g_print ("line %.*s", (int) length, line);
  if (read_error != NULL)
    {
      g_propagate_error (error, g_steal_pointer (&read_error));
      return FALSE;
    }
  return proctor_process_wait (process, NULL, NULL, error);
}
/* guide: end */

/* guide: feed */
static gboolean
feed (GError **error)
{
  g_autoptr(ProctorCommand) command = proctor_command_new ("tr", "a-z", "A-Z", NULL);
  g_autoptr(ProctorProcess) process = NULL;
  g_autoptr(GBytes) output = NULL;
  const char *words[] = { "up\n", "and up\n" };
  ProctorStreamWriter *input;

  proctor_command_set_stdin (command, PROCTOR_STDIO_PIPE);
  proctor_command_set_stdout (command, PROCTOR_STDIO_PIPE);
  process = proctor_command_spawn (command, NULL, error);
  if (process == NULL)
    return FALSE;

  input = proctor_process_get_stdin (process);
  for (gsize i = 0; i < G_N_ELEMENTS (words); i++)
    {
      proctor_stream_writer_queue (input, words[i], strlen (words[i]));
      if (!proctor_stream_writer_drain (input, NULL, error))
        return FALSE;
    }
  if (!g_output_stream_close (G_OUTPUT_STREAM (input), NULL, error))
    return FALSE;

  output = proctor_stream_reader_read_to_end (proctor_process_get_stdout (process), NULL, error);
  if (output == NULL)
    return FALSE;
  g_print ("%.*s", (int) g_bytes_get_size (output), (const char *) g_bytes_get_data (output, NULL));
  return proctor_process_wait (process, NULL, NULL, error);
}
/* guide: end */

/* guide: timeout */
static gboolean
timeout (GError **error)
{
  g_autoptr(ProctorCommand) command = proctor_command_new ("sleep", "60", NULL);
  g_autoptr(ProctorResult) result = NULL;

  proctor_command_set_timeout (command, G_TIME_SPAN_SECOND);
  result = proctor_command_run (command, NULL, NULL, error);
  if (result == NULL)
    return FALSE;

  if (proctor_result_is_timed_out (result))
    g_print ("it took too long: %d\n", proctor_result_get_returncode (result));
  return TRUE;
}
/* guide: end */

/* guide: stop */
static gboolean
stop (GError **error)
{
  g_autoptr(ProctorCommand) command = proctor_command_new ("sleep", "60", NULL);
  g_autoptr(ProctorProcess) process = proctor_command_spawn (command, NULL, error);
  int returncode;

  if (process == NULL ||
      !proctor_process_stop (process, 5 * G_TIME_SPAN_SECOND, NULL, error) ||
      !proctor_process_wait (process, NULL, &returncode, error))
    return FALSE;

  g_print ("stopped: %d\n", returncode);
  return TRUE;
}
/* guide: end */

/* guide: missing */
static gboolean
missing (GError **error)
{
  g_autoptr(ProctorCommand) command = proctor_command_new ("no-such-program", NULL);
  g_autoptr(GError) spawn_error = NULL;
  g_autoptr(ProctorProcess) process = proctor_command_spawn (command, NULL, &spawn_error);

  if (g_error_matches (spawn_error, G_IO_ERROR, G_IO_ERROR_NOT_FOUND))
    {
      g_print ("there is no such program\n");
      return TRUE;
    }
  if (spawn_error != NULL)
    {
      g_propagate_error (error, g_steal_pointer (&spawn_error));
      return FALSE;
    }
  return proctor_process_wait (process, NULL, NULL, error);
}
/* guide: end */

/* guide: main */
int
main (void)
{
  g_autoptr(GError) error = NULL;

  if (!run ("echo out; echo err >&2; exit 3", &error) || !both (&error) || !lines (&error) ||
      !feed (&error) || !timeout (&error) || !stop (&error) || !missing (&error))
    {
      g_printerr ("%s\n", error->message);
      return 1;
    }
  return 0;
}
/* guide: end */
