/* A program's output as it comes, in a main loop, and its end: what a GTK application does.
 *
 * SPDX-License-Identifier: LGPL-2.1-or-later
 */

/* guide: head */
#include <proctor/proctor.h>

typedef struct
{
  GMainLoop *loop;
  ProctorProcess *process;
} View;
/* guide: end */

/* guide: lines */
static void
ended (GObject      *source,
       GAsyncResult *result,
       gpointer      data)
{
  View *view = data;
  g_autoptr(GError) error = NULL;

  if (proctor_process_wait_check_finish (PROCTOR_PROCESS (source), result, &error))
    g_print ("It has ended well.\n");
  else
    g_print ("%s\n", error->message);
  g_main_loop_quit (view->loop);
}

static void
line_read (GObject      *source,
           GAsyncResult *result,
           gpointer      data)
{
  View *view = data;
  ProctorStreamReader *output = PROCTOR_STREAM_READER (source);
  g_autoptr(GError) error = NULL;
  g_autofree char *line = proctor_stream_reader_read_line_utf8_finish (output, result, &error);

  if (line != NULL)
    {
      g_print ("> %s", line);
      proctor_stream_reader_read_line_utf8_async (output, NULL, line_read, view);
      return;
    }

  if (error != NULL)
    g_printerr ("%s\n", error->message);
  proctor_process_wait_check_async (view->process, NULL, ended, view);
}
/* guide: end */

/* guide: spawn */
static void
spawned (GObject      *source,
         GAsyncResult *result,
         gpointer      data)
{
  View *view = data;
  g_autoptr(GError) error = NULL;

  view->process = proctor_command_spawn_finish (PROCTOR_COMMAND (source), result, &error);
  if (view->process == NULL)
    {
      g_printerr ("%s\n", error->message);
      g_main_loop_quit (view->loop);
      return;
    }
  proctor_stream_reader_read_line_utf8_async (proctor_process_get_stdout (view->process), NULL,
                                              line_read, view);
}

int
main (void)
{
  View view = { .loop = g_main_loop_new (NULL, FALSE) };
  g_autoptr(ProctorCommand) command =
    proctor_command_new_shell ("echo one; echo two; echo 'no three' >&2; exit 4");

  proctor_command_set_stdout (command, PROCTOR_STDIO_PIPE);
  proctor_command_set_stderr (command, PROCTOR_STDIO_STDOUT);
  proctor_command_spawn_async (command, NULL, spawned, &view);
  g_main_loop_run (view.loop);

  g_clear_object (&view.process);
  g_main_loop_unref (view.loop);
  return 0;
}
/* guide: end */
