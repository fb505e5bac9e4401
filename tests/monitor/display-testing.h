/* For tests with windows: an X server that nobody sees, for as long as the test runs.
 *
 * SPDX-License-Identifier: LGPL-2.1-or-later
 */

#pragma once

#include <signal.h>
#include <stdio.h>
#include <sys/prctl.h>
#include <sys/wait.h>
#include <unistd.h>

#include <gtk/gtk.h>

/* What meson takes for "skipped". */
#define DISPLAY_SKIPPED 77

static GPid display_pid;

static void
display_stop (void)
{
  if (display_pid == 0)
    return;

  kill (display_pid, SIGTERM);
  waitpid (display_pid, NULL, 0);
  display_pid = 0;
}

static void
display_end_with_parent (gpointer data)
{
  prctl (PR_SET_PDEATHSIG, SIGTERM);
}

/* Starts the server, which chooses a number that is free, and makes it everybody's DISPLAY. FALSE
 * if there is none on this machine. The server is no process of the library's, which the tests shut
 * down. To be called first in main(), since it sets the environment.
 */
static inline gboolean
display_start (void)
{
  /* The last one is a file descriptor: the server's stdout. */
  const char *const argv[] = { "Xvfb",      "-screen", "0",         "1280x1024x24",
                               "-nolisten", "tcp",     "-displayfd", "1",
                               NULL };
  const GSpawnFlags flags =
    G_SPAWN_SEARCH_PATH | G_SPAWN_DO_NOT_REAP_CHILD | G_SPAWN_STDERR_TO_DEV_NULL;
  g_autofree char *display = NULL;
  GString *number = g_string_new (NULL);
  char c = '\0';
  int out;

  if (!g_spawn_async_with_pipes (NULL, (char **) argv, NULL, flags, display_end_with_parent, NULL,
                                 &display_pid, NULL, &out, NULL, NULL))
    return FALSE;

  atexit (display_stop);
  /* The server gives up if its line cannot be written to the end. */
  while (c != '\n' && (read (out, &c, 1) == 1 || errno == EINTR))
    g_string_append_c (number, c);
  close (out);
  g_assert_cmpint (c, ==, '\n');
  display = g_strdup_printf (":%s", g_strchomp (number->str));
  g_string_free (number, TRUE);
  g_setenv ("DISPLAY", display, TRUE);

  /* Drawn by this program's own processor, seen by nobody's tools, set by nobody's settings. */
  g_setenv ("GDK_BACKEND", "x11", TRUE);
  g_setenv ("GSK_RENDERER", "cairo", TRUE);
  g_setenv ("GTK_A11Y", "none", TRUE);
  g_setenv ("ADW_DISABLE_PORTAL", "1", TRUE);
  g_setenv ("GSETTINGS_BACKEND", "memory", TRUE);
  g_setenv ("DBUS_SESSION_BUS_ADDRESS", "disabled:", TRUE);
  return TRUE;
}

/* Between two turns of the main loop. */
static gint64 display_last_turn;
static gint64 display_longest_gap;

static inline gboolean
display_tick_cb (gpointer data)
{
  gint64 now = g_get_monotonic_time ();

  if (display_last_turn > 0)
    display_longest_gap = MAX (display_longest_gap, now - display_last_turn);
  display_last_turn = now;
  return G_SOURCE_CONTINUE;
}

/* In milliseconds, and from the beginning again. */
static inline double
display_take_longest_gap (void)
{
  double gap = (double) display_longest_gap / 1000;

  display_longest_gap = 0;
  return gap;
}

/* The main loop, until @condition or a deadline that no machine needs. */
#define display_run_until(condition)                                                             \
  G_STMT_START                                                                                   \
  {                                                                                              \
    guint display_tick = g_timeout_add (5, display_tick_cb, NULL);                               \
    gint64 display_deadline = g_get_monotonic_time () + 30 * G_TIME_SPAN_SECOND;                 \
                                                                                                 \
    display_last_turn = 0;                                                                       \
    while (!(condition))                                                                         \
      {                                                                                          \
        if (g_get_monotonic_time () > display_deadline)                                          \
          g_error ("Not in half a minute: %s", #condition);                                      \
        g_main_context_iteration (NULL, TRUE);                                                   \
      }                                                                                          \
    g_source_remove (display_tick);                                                              \
  }                                                                                              \
  G_STMT_END

static inline GskRenderNode *
display_draw (GdkPaintable *paintable)
{
  GtkSnapshot *snapshot = gtk_snapshot_new ();

  gdk_paintable_snapshot (paintable, snapshot, gdk_paintable_get_intrinsic_width (paintable),
                          gdk_paintable_get_intrinsic_height (paintable));
  return gtk_snapshot_free_to_node (snapshot);
}

/* What a widget looks like, as a PNG file. There is nothing to see between a change and the next
 * frame.
 */
static inline void
display_save_picture (GtkWidget  *widget,
                      const char *path)
{
  g_autoptr(GdkPaintable) paintable = gtk_widget_paintable_new (widget);
  g_autoptr(GskRenderNode) node = NULL;
  g_autoptr(GdkTexture) texture = NULL;

  display_run_until ((node = display_draw (paintable)) != NULL);
  texture =
    gsk_renderer_render_texture (gtk_native_get_renderer (gtk_widget_get_native (widget)), node,
                                 NULL);
  g_assert_true (gdk_texture_save_to_png (texture, path));
}
