/* The window of the first steps: the program itself, and beside it somebody who looks at it.
 *
 * SPDX-License-Identifier: LGPL-2.1-or-later
 */

#include "config.h"

#include "../test-leaks.h"
#include "display-testing.h"

int example_main (void);
#define main example_main
#include "../examples/example-gtk-window.c"
#undef main

/* The text of the only window; NULL before there is one. */
static char *
dup_text (void)
{
  GListModel *windows = gtk_window_get_toplevels ();
  g_autoptr(GtkWindow) window = g_list_model_get_item (windows, 0);
  char *text;

  if (window == NULL)
    return NULL;
  g_object_get (gtk_text_view_get_buffer (GTK_TEXT_VIEW (gtk_window_get_child (window))), "text",
                &text, NULL);
  return text;
}

static gboolean
window_is_mapped (void)
{
  g_autoptr(GtkWidget) window = g_list_model_get_item (gtk_window_get_toplevels (), 0);

  return gtk_widget_get_mapped (window);
}

/* The first line is there while the command runs, which may be over before the window is shown; in
 * the end all is, and the window is closed.
 */
static gboolean
look_cb (gpointer data)
{
  guint *lines_seen = data;
  g_autofree char *text = dup_text ();
  g_auto(GStrv) lines = g_strsplit (text != NULL ? text : "", "\n", -1);

  if (*lines_seen == 0 && g_strv_length (lines) == 2)
    *lines_seen = 1;
  if (g_strv_length (lines) < 3 || *lines[2] == '\0' || !window_is_mapped ())
    return G_SOURCE_CONTINUE;

  g_assert_cmpuint (*lines_seen, ==, 1);
  *lines_seen = 2;
  g_assert_cmpstr (lines[2], ==, "It has ended.");
  g_assert_cmpuint (g_strv_length (lines), ==, 3);
  g_application_quit (g_application_get_default ());
  return G_SOURCE_REMOVE;
}

static void
test_window (void)
{
  guint lines_seen = 0;

  g_timeout_add (10, look_cb, &lines_seen);
  g_assert_cmpint (example_main (), ==, 0);
  g_assert_cmpuint (lines_seen, ==, 2);
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
  deadline_start ("test-example-gtk-window", 60);

  g_test_add_func ("/example-gtk/window", test_window);

  return g_test_run ();
}
