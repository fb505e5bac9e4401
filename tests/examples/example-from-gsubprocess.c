/* The same with GSubprocess and with Proctor: both halves print the same.
 *
 * SPDX-License-Identifier: LGPL-2.1-or-later
 */

#include <proctor/proctor.h>

#include <signal.h>

/* guide: capture-gsubprocess */
static gboolean
capture_gsubprocess (GError **error)
{
  g_autoptr(GSubprocess) process = NULL;
  g_autofree char *out = NULL;

  process = g_subprocess_new (G_SUBPROCESS_FLAGS_STDIN_PIPE | G_SUBPROCESS_FLAGS_STDOUT_PIPE, error,
                              "sort", NULL);
  if (process == NULL ||
      !g_subprocess_communicate_utf8 (process, "b\na\n", NULL, &out, NULL, error) ||
      !g_subprocess_wait_check (process, NULL, error))
    return FALSE;

  g_print ("%s", out);
  return TRUE;
}
/* guide: end */

/* guide: capture */
static gboolean
capture (GError **error)
{
  g_autoptr(ProctorCommand) command = proctor_command_new ("sort", NULL);
  g_autoptr(GBytes) input = g_bytes_new_static ("b\na\n", 4);
  g_autoptr(ProctorResult) result = NULL;
  g_autofree char *out = NULL;

  result = proctor_command_run_check (command, input, NULL, error);
  if (result == NULL || (out = proctor_result_dup_stdout_utf8 (result, error)) == NULL)
    return FALSE;

  g_print ("%s", out);
  return TRUE;
}
/* guide: end */

/* guide: launcher-gsubprocess */
static gboolean
launcher_gsubprocess (GError **error)
{
  g_autoptr(GSubprocessLauncher) launcher = g_subprocess_launcher_new (G_SUBPROCESS_FLAGS_NONE);
  g_autoptr(GSubprocess) process = NULL;

  g_subprocess_launcher_set_cwd (launcher, "/");
  g_subprocess_launcher_setenv (launcher, "GREETING", "hello", TRUE);
  g_subprocess_launcher_set_stdout_file_path (launcher, "/dev/null");
  process = g_subprocess_launcher_spawn (launcher, error, "sh", "-c", "echo $GREETING; pwd", NULL);

  return process != NULL && g_subprocess_wait_check (process, NULL, error);
}
/* guide: end */

/* guide: launcher */
static gboolean
launcher (GError **error)
{
  g_autoptr(ProctorCommand) command = proctor_command_new_shell ("echo $GREETING; pwd");
  g_autoptr(ProctorProcess) process = NULL;

  proctor_command_set_cwd (command, "/");
  proctor_command_setenv (command, "GREETING", "hello");
  proctor_command_set_stdout_path (command, "/dev/null", FALSE);
  process = proctor_command_spawn (command, NULL, error);

  return process != NULL && proctor_process_wait_check (process, NULL, error);
}
/* guide: end */

/* guide: lines-gsubprocess */
static gboolean
lines_gsubprocess (GError **error)
{
  g_autoptr(GSubprocess) process = NULL;
  g_autoptr(GDataInputStream) lines = NULL;
  g_autoptr(GError) read_error = NULL;
  char *line;

  process = g_subprocess_new (G_SUBPROCESS_FLAGS_STDOUT_PIPE, error, "seq", "2", NULL);
  if (process == NULL)
    return FALSE;

  lines = g_data_input_stream_new (g_subprocess_get_stdout_pipe (process));
  while ((line = g_data_input_stream_read_line (lines, NULL, NULL, &read_error)) != NULL)
    {
      g_print ("line %s\n", line);
      g_free (line);
    }
  if (read_error != NULL)
    {
      g_propagate_error (error, g_steal_pointer (&read_error));
      return FALSE;
    }
  return g_subprocess_wait_check (process, NULL, error);
}
/* guide: end */

/* guide: lines */
static gboolean
lines (GError **error)
{
  g_autoptr(ProctorCommand) command = proctor_command_new ("seq", "2", NULL);
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
  return proctor_process_wait_check (process, NULL, error);
}
/* guide: end */

/* guide: status-gsubprocess */
static gboolean
status_gsubprocess (GError **error)
{
  g_autoptr(GSubprocess) process = NULL;

  process = g_subprocess_new (G_SUBPROCESS_FLAGS_NONE, error, "sleep", "60", NULL);
  if (process == NULL)
    return FALSE;

  g_subprocess_send_signal (process, SIGTERM);
  if (!g_subprocess_wait (process, NULL, error))
    return FALSE;

  if (g_subprocess_get_if_exited (process))
    g_print ("exit code %d\n", g_subprocess_get_exit_status (process));
  else
    g_print ("signal %d\n", g_subprocess_get_term_sig (process));
  return TRUE;
}
/* guide: end */

/* guide: status */
static gboolean
status (GError **error)
{
  g_autoptr(ProctorCommand) command = proctor_command_new ("sleep", "60", NULL);
  g_autoptr(ProctorProcess) process = proctor_command_spawn (command, NULL, error);
  int returncode;

  if (process == NULL || !proctor_process_terminate (process, error) ||
      !proctor_process_wait (process, NULL, &returncode, error))
    return FALSE;

  if (returncode >= 0)
    g_print ("exit code %d\n", returncode);
  else
    g_print ("signal %d\n", -returncode);
  return TRUE;
}
/* guide: end */

int
main (void)
{
  g_autoptr(GError) error = NULL;

  if (!capture_gsubprocess (&error) || !launcher_gsubprocess (&error) ||
      !lines_gsubprocess (&error) || !status_gsubprocess (&error) || !capture (&error) ||
      !launcher (&error) || !lines (&error) || !status (&error))
    {
      g_printerr ("%s\n", error->message);
      return 1;
    }
  return 0;
}
