/* A window with all processes that the program has started, and how they are.
 *
 * SPDX-License-Identifier: LGPL-2.1-or-later
 */

#include <gtk/gtk.h>
#include <proctor/proctor.h>

static void
setup (GtkSignalListItemFactory *factory,
       GtkListItem              *item)
{
  gtk_list_item_set_child (item, gtk_label_new (NULL));
}

static char *
describe (ProctorProcessInfo *info,
          int                 returncode)
{
  if (returncode == PROCTOR_RETURNCODE_NONE)
    return g_strdup ("running");
  return g_strdup_printf ("ended with %d", returncode);
}

/* The label follows the property from now on. */
static void
bind (GtkSignalListItemFactory *factory,
      GtkListItem              *item,
      const char               *property)
{
  GtkExpression *expression =
    gtk_property_expression_new (PROCTOR_TYPE_PROCESS_INFO, NULL, property);

  if (g_str_equal (property, "returncode"))
    expression = gtk_cclosure_expression_new (G_TYPE_STRING, NULL, 1, &expression,
                                              G_CALLBACK (describe), NULL, NULL);
  gtk_expression_bind (expression, gtk_list_item_get_child (item), "label",
                       gtk_list_item_get_item (item));
}

static void
add_column (GtkColumnView *view,
            const char    *title,
            const char    *property)
{
  GtkListItemFactory *factory = gtk_signal_list_item_factory_new ();
  g_autoptr(GtkColumnViewColumn) column = gtk_column_view_column_new (title, factory);

  g_signal_connect (factory, "setup", G_CALLBACK (setup), NULL);
  g_signal_connect (factory, "bind", G_CALLBACK (bind), (gpointer) property);
  gtk_column_view_append_column (view, column);
}

static void
activate (GtkApplication *application)
{
  const char *const scripts[] = { "sleep 1", "echo hello", "exit 3" };
  g_autoptr(GError) error = NULL;
  ProctorProcessList *processes = proctor_process_list_new (&error);
  GtkSelectionModel *model;
  GtkWidget *view;
  GtkWidget *window = gtk_application_window_new (application);

  if (processes == NULL)
    g_error ("%s", error->message);
  proctor_process_list_set_keep_finished (processes, 60000);
  model = GTK_SELECTION_MODEL (gtk_no_selection_new (G_LIST_MODEL (processes)));
  view = gtk_column_view_new (model);
  add_column (GTK_COLUMN_VIEW (view), "Command", "command-line");
  add_column (GTK_COLUMN_VIEW (view), "PID", "pid");
  add_column (GTK_COLUMN_VIEW (view), "Status", "returncode");
  gtk_window_set_child (GTK_WINDOW (window), view);
  gtk_window_present (GTK_WINDOW (window));

  for (guint i = 0; i < G_N_ELEMENTS (scripts); i++)
    {
      g_autoptr(ProctorCommand) command = proctor_command_new_shell (scripts[i]);

      proctor_command_run_async (command, NULL, NULL, NULL, NULL);
    }
}

int
main (void)
{
  g_autoptr(GtkApplication) application = gtk_application_new (NULL, G_APPLICATION_DEFAULT_FLAGS);

  g_signal_connect (application, "activate", G_CALLBACK (activate), NULL);
  return g_application_run (G_APPLICATION (application), 0, NULL);
}
