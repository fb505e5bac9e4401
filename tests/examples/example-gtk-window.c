/* A window that shows what a command writes, as it comes.
 *
 * SPDX-License-Identifier: LGPL-2.1-or-later
 */

/* guide: program */
#include <gtk/gtk.h>
#include <proctor/proctor.h>

static void
line_read (GObject      *output,
           GAsyncResult *result,
           gpointer      data)
{
  g_autoptr(GtkTextBuffer) text = data;
  g_autoptr(GError) error = NULL;
  g_autofree char *line =
    proctor_stream_reader_read_line_utf8_finish (PROCTOR_STREAM_READER (output), result, &error);
  GtkTextIter end;

  gtk_text_buffer_get_end_iter (text, &end);
  gtk_text_buffer_insert (text, &end, line ? line : error ? error->message : "It has ended.", -1);
  if (line != NULL)
    proctor_stream_reader_read_line_utf8_async (PROCTOR_STREAM_READER (output), NULL, line_read,
                                                g_steal_pointer (&text));
}

static void
spawned (GObject      *command,
         GAsyncResult *result,
         gpointer      data)
{
  g_autoptr(GtkTextBuffer) text = data;
  g_autoptr(GError) error = NULL;
  g_autoptr(ProctorProcess) process =
    proctor_command_spawn_finish (PROCTOR_COMMAND (command), result, &error);

  if (process != NULL)
    proctor_stream_reader_read_line_utf8_async (proctor_process_get_stdout (process), NULL,
                                                line_read, g_steal_pointer (&text));
  else
    gtk_text_buffer_set_text (text, error->message, -1);
}

static void
activate (GtkApplication *application)
{
  g_autoptr(ProctorCommand) command = proctor_command_new_shell ("date; sleep 2; date");
  GtkTextBuffer *text = gtk_text_buffer_new (NULL);
  GtkWidget *window = gtk_application_window_new (application);

  gtk_window_set_child (GTK_WINDOW (window), gtk_text_view_new_with_buffer (text));
  gtk_window_present (GTK_WINDOW (window));
  proctor_command_set_stdout (command, PROCTOR_STDIO_PIPE);
  proctor_command_spawn_async (command, NULL, spawned, text);
}

int
main (void)
{
  g_autoptr(GtkApplication) application = gtk_application_new (NULL, G_APPLICATION_DEFAULT_FLAGS);

  g_signal_connect (application, "activate", G_CALLBACK (activate), NULL);
  return g_application_run (G_APPLICATION (application), 0, NULL);
}
/* guide: end */
