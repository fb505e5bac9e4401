/* Processes without a main loop: a watcher that needs none, and a context of one's own in a thread.
 *
 * SPDX-License-Identifier: LGPL-2.1-or-later
 */

#include <proctor/proctor.h>

/* guide: context */
static void
done (GObject      *source,
      GAsyncResult *result,
      gpointer      data)
{
  g_autoptr(GError) error = NULL;
  g_autoptr(ProctorResult) run =
    proctor_command_run_check_finish (PROCTOR_COMMAND (source), result, &error);
  g_autofree char *out = run != NULL ? proctor_result_dup_stdout_utf8 (run, NULL) : NULL;

  g_print ("%s", out != NULL ? out : error->message);
  g_main_loop_quit (data);
}

/* What a thread with a thread-default context starts is answered in that context. */
static gpointer
work (gpointer data)
{
  g_autoptr(GMainContext) context = g_main_context_new ();
  g_autoptr(GMainLoop) loop = g_main_loop_new (context, FALSE);
  g_autoptr(ProctorCommand) command = proctor_command_new ("echo", "from a thread", NULL);

  g_main_context_push_thread_default (context);
  proctor_command_run_check_async (command, NULL, NULL, done, loop);
  g_main_loop_run (loop);
  g_main_context_pop_thread_default (context);
  return NULL;
}
/* guide: end */

/* guide: watcher */
int
main (void)
{
  g_autoptr(GError) error = NULL;
  g_autoptr(ProctorChildWatcher) watcher = proctor_threaded_child_watcher_new (&error);
  GThread *thread;

  /* From now on exits are noticed without a main loop on the main thread. */
  if (watcher == NULL || !proctor_set_child_watcher (watcher, &error))
    {
      g_printerr ("%s\n", error->message);
      return 1;
    }

  thread = g_thread_new ("work", work, NULL);
  g_thread_join (thread);
  return 0;
}
/* guide: end */
