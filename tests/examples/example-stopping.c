/* The ways in which a process ends.
 *
 * SPDX-License-Identifier: LGPL-2.1-or-later
 */

#include <proctor/proctor.h>

#include <signal.h>

/* It says so when it can be stopped: a shell that has not set its trap dies of any signal. */
static gboolean
wait_until_ready (ProctorProcess  *process,
                  GError         **error)
{
  g_autoptr(GBytes) line =
    proctor_stream_reader_read_line (proctor_process_get_stdout (process), NULL, error);

  return line != NULL;
}

/* guide: stop */
/* SIGTERM, and SIGKILL after 200 ms if it is still there then. */
static gboolean
stop_stubborn (GError **error)
{
  g_autoptr(ProctorCommand) command =
    proctor_command_new_shell ("trap '' TERM; echo ready; while :; do sleep 0.05; done");
  g_autoptr(ProctorProcess) process = NULL;
  int returncode;

  proctor_command_set_stdout (command, PROCTOR_STDIO_PIPE);
  process = proctor_command_spawn (command, NULL, error);
  if (process == NULL || !wait_until_ready (process, error) ||
      !proctor_process_stop (process, 200 * G_TIME_SPAN_MILLISECOND, NULL, error) ||
      !proctor_process_wait (process, NULL, &returncode, error))
    return FALSE;

  g_print ("the stubborn one: %d\n", returncode);
  return TRUE;
}
/* guide: end */

/* guide: plan */
/* For a program that ends cleanly on SIGINT: two seconds for that, five more for SIGTERM. */
static gboolean
stop_with_plan (GError **error)
{
  g_autoptr(ProctorCommand) command = proctor_command_new_shell (
    "trap 'echo saved; exit 0' INT; echo ready; while :; do sleep 0.05; done");
  g_autoptr(ProctorStopPlan) plan = proctor_stop_plan_new ();
  g_autoptr(ProctorProcess) process = NULL;
  g_autofree char *line = NULL;

  proctor_stop_plan_add_step (plan, SIGINT, 2 * G_TIME_SPAN_SECOND);
  proctor_stop_plan_add_step (plan, SIGTERM, 5 * G_TIME_SPAN_SECOND);

  proctor_command_set_stop_plan (command, plan);
  proctor_command_set_stdout (command, PROCTOR_STDIO_PIPE);
  process = proctor_command_spawn (command, NULL, error);
  if (process == NULL || !wait_until_ready (process, error) ||
      !proctor_process_stop (process, -1, NULL, error)) /* -1: as the command's plan says */
    return FALSE;

  line =
    proctor_stream_reader_read_line_utf8 (proctor_process_get_stdout (process), NULL, error);
  if (line == NULL)
    return FALSE;
  g_print ("the polite one: %s", line);
  return TRUE;
}
/* guide: end */

/* guide: tree */
/* A shell that starts two more processes: all three are stopped. */
static gboolean
stop_tree (GError **error)
{
  g_autoptr(ProctorCommand) command =
    proctor_command_new_shell ("sleep 60 & sleep 60 & echo ready; wait");
  g_autoptr(ProctorProcess) process = NULL;

  proctor_command_set_flags (command, PROCTOR_COMMAND_OWN_TREE);
  proctor_command_set_stdout (command, PROCTOR_STDIO_PIPE);
  process = proctor_command_spawn (command, NULL, error);
  if (process == NULL || !wait_until_ready (process, error) ||
      !proctor_process_stop (process, -1, NULL, error))
    return FALSE;

  g_print ("the tree: nothing is left\n");
  return TRUE;
}
/* guide: end */

/* guide: timeout */
/* A timeout is a result: what was written until then is in it. */
static gboolean
time_out (GError **error)
{
  g_autoptr(ProctorCommand) command = proctor_command_new_shell ("echo begun; exec sleep 60");
  g_autoptr(ProctorResult) result = NULL;
  g_autofree char *out = NULL;

  result =
    proctor_command_run_with_timeout (command, NULL, 500 * G_TIME_SPAN_MILLISECOND, NULL, error);
  if (result == NULL || (out = proctor_result_dup_stdout_utf8 (result, error)) == NULL)
    return FALSE;

  g_print ("the slow one: %s, %s", proctor_result_is_timed_out (result) ? "timed out" : "in time",
           *out != '\0' ? out : "nothing\n");
  return TRUE;
}
/* guide: end */

/* guide: cancel */
static gpointer
cancel_soon (gpointer cancellable)
{
  g_usleep (100 * G_TIME_SPAN_MILLISECOND);
  g_cancellable_cancel (cancellable);
  return NULL;
}

/* A cancelled run stops what it has started, and returns when that is gone. */
static gboolean
cancel_run (GError **error)
{
  g_autoptr(ProctorCommand) command = proctor_command_new ("sleep", "60", NULL);
  g_autoptr(GCancellable) cancellable = g_cancellable_new ();
  g_autoptr(GError) cancelled = NULL;
  GThread *thread = g_thread_new ("cancels", cancel_soon, cancellable);
  g_autoptr(ProctorResult) result = proctor_command_run (command, NULL, cancellable, &cancelled);

  g_thread_join (thread);
  if (g_error_matches (cancelled, G_IO_ERROR, G_IO_ERROR_CANCELLED))
    {
      g_print ("the cancelled one: it is gone\n");
      return TRUE;
    }
  if (cancelled != NULL)
    g_propagate_error (error, g_steal_pointer (&cancelled));
  return result != NULL;
}
/* guide: end */

/* guide: shutdown */
int
main (void)
{
  g_autoptr(GError) error = NULL;

  if (!stop_stubborn (&error) || !stop_with_plan (&error) || !stop_tree (&error) ||
      !time_out (&error) || !cancel_run (&error) ||
      !proctor_shutdown (PROCTOR_SHUTDOWN_STOP, NULL, &error))
    {
      g_printerr ("%s\n", error->message);
      return 1;
    }
  return 0;
}
/* guide: end */
