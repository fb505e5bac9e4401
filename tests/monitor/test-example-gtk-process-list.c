/* The window with a ProctorProcessList: the program itself, and beside it somebody who looks at it.
 *
 * SPDX-License-Identifier: LGPL-2.1-or-later
 */

#include "config.h"

#include "../test-leaks.h"
#include "display-testing.h"

int example_main (void);
#define main example_main
#include "../examples/example-gtk-process-list.c"
#undef main

static gboolean
has_label (GtkWidget  *widget,
           const char *text)
{
  if (GTK_IS_LABEL (widget) && g_str_equal (gtk_label_get_label (GTK_LABEL (widget)), text))
    return TRUE;
  for (GtkWidget *child = gtk_widget_get_first_child (widget); child != NULL;
       child = gtk_widget_get_next_sibling (child))
    if (has_label (child, text))
      return TRUE;
  return FALSE;
}

static gboolean
has_command (GtkWidget  *window,
             const char *script)
{
  g_autofree char *line = g_strdup_printf ("/bin/sh -c '%s'", script);

  return has_label (window, line);
}

/* "sleep" is seen while it runs and when it has ended. Where it was over before there was anything
 * to see, a longer one is looked at.
 */
static gboolean
look_cb (gpointer data)
{
  static guint seconds = 1;
  gboolean *seen = data;
  gboolean *running = seen + 1;
  g_autofree char *script = g_strdup_printf ("sleep %u", seconds);
  g_autoptr(GtkWidget) window = g_list_model_get_item (gtk_window_get_toplevels (), 0);

  if (window == NULL || !has_command (window, script) || !has_command (window, "echo hello") ||
      !has_command (window, "exit 3") || !has_label (window, "ended with 3"))
    return G_SOURCE_CONTINUE;
  if (has_label (window, "running"))
    {
      *running = TRUE;
      return G_SOURCE_CONTINUE;
    }
  if (!*running)
    {
      g_autofree char *longer = g_strdup_printf ("sleep %u", seconds *= 2);
      g_autoptr(ProctorCommand) command = proctor_command_new_shell (longer);

      proctor_command_run_async (command, NULL, NULL, NULL, NULL);
      return G_SOURCE_CONTINUE;
    }

  *seen = TRUE;
  g_application_quit (g_application_get_default ());
  return G_SOURCE_REMOVE;
}

static void
test_window (void)
{
  gboolean seen[2] = { FALSE, FALSE }; /* all, and what runs */

  g_timeout_add (10, look_cb, seen);
  g_assert_cmpint (example_main (), ==, 0);
  g_assert_true (seen[0]);
}

int
main (int    argc,
      char **argv)
{
  if (!display_start ())
    {
      g_print ("1..0 # SKIP there is no Xvfb\n");
      return 0;
    }
  g_test_init (&argc, &argv, NULL);
  deadline_start ("test-example-gtk-process-list", 60);

  g_test_add_func ("/example-gtk/process-list", test_window);

  return g_test_run ();
}
