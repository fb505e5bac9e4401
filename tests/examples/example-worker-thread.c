/* Processes from other threads. The child watcher is made on the main thread first, and the main
 * thread runs its main loop; then any thread may start processes and wait for them.
 *
 * SPDX-License-Identifier: LGPL-2.1-or-later
 */

#include <proctor/proctor.h>

static gboolean
quit (gpointer loop)
{
  g_main_loop_quit (loop);
  return G_SOURCE_REMOVE;
}

/* guide: work */
static gpointer
work (gpointer loop)
{
  g_autoptr(GError) error = NULL;
  g_autoptr(ProctorCommand) command =
    proctor_command_new ("echo", "hello from a worker thread", NULL);
  g_autoptr(ProctorResult) result = proctor_command_run_check (command, NULL, NULL, &error);
  g_autofree char *out = NULL;

  if (result == NULL)
    {
      g_printerr ("%s\n", error->message);
    }
  else
    {
      out = proctor_result_dup_stdout_utf8 (result, NULL);
      g_print ("%s", out);
    }

  g_idle_add (quit, loop);
  return NULL;
}

int
main (void)
{
  g_autoptr(GMainLoop) loop = g_main_loop_new (NULL, FALSE);
  g_autoptr(GError) error = NULL;
  GThread *thread;

  if (!proctor_init (&error))
    {
      g_printerr ("%s\n", error->message);
      return 1;
    }

  thread = g_thread_new ("worker", work, loop);
  g_main_loop_run (loop);
  g_thread_join (thread);
  return 0;
}
/* guide: end */
