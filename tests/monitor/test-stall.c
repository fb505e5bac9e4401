/* What a user sees of a program that starts many commands: the longest time between two frames.
 *
 * The program has a gigabyte of its own, as an image editor may. GSubprocess does the same beside
 * it. Times are printed and never judged.
 *
 * SPDX-License-Identifier: LGPL-2.1-or-later
 */

#include "config.h"

#include <proctor/proctor.h>

#include "../test-leaks.h"
#include "display-testing.h"

#define N_COMMANDS 500

/* GSubprocess starts each with fork, which copies the page tables: nobody waits for all of them. */
#define PATIENCE (10 * G_TIME_SPAN_SECOND)

#define FRAMES_WITHOUT 60

/* ---- frames */

/* A window that is drawn anew in each frame, as in an animation. */
typedef struct
{
  GtkWidget *window;
  gint64 last;
  GArray *gaps; /* microseconds between frames */
} Frames;

static gboolean
frame_cb (GtkWidget     *widget,
          GdkFrameClock *clock,
          gpointer       data)
{
  Frames *self = data;
  gint64 now = g_get_monotonic_time ();

  if (self->last > 0)
    {
      gint64 gap = now - self->last;

      g_array_append_val (self->gaps, gap);
    }
  self->last = now;
  gtk_progress_bar_pulse (GTK_PROGRESS_BAR (widget));
  return G_SOURCE_CONTINUE;
}

static int
compare_gaps (gconstpointer a,
              gconstpointer b)
{
  gint64 one = *(const gint64 *) a;
  gint64 other = *(const gint64 *) b;

  return (one > other) - (one < other);
}

static void
frames_open (Frames *self)
{
  GtkWidget *bar = gtk_progress_bar_new ();

  self->last = 0;
  self->gaps = g_array_new (FALSE, FALSE, sizeof (gint64));
  self->window = gtk_window_new ();
  gtk_window_set_child (GTK_WINDOW (self->window), bar);
  gtk_window_present (GTK_WINDOW (self->window));
  gtk_widget_add_tick_callback (bar, frame_cb, self, NULL);
  display_run_until (self->gaps->len >= FRAMES_WITHOUT);
  g_array_set_size (self->gaps, 0);
}

static void
frames_close (Frames     *self,
              const char *what,
              guint       n_commands,
              gint64      time)
{
  const gint64 *gaps;
  guint n = self->gaps->len;

  /* What has held up everything is in the frame after it. */
  display_run_until (self->gaps->len > n);
  g_array_sort (self->gaps, compare_gaps);
  gaps = (gpointer) self->gaps->data;
  n = self->gaps->len;
  g_test_message ("%s: %u commands in %.0f ms, %u frames, the longest gap %.1f ms, median %.1f ms",
                  what, n_commands, (double) time / 1000, n, (double) gaps[n - 1] / 1000,
                  (double) gaps[n / 2] / 1000);
  gtk_window_destroy (GTK_WINDOW (self->window));
  g_array_unref (self->gaps);
}

/* ---- the commands, all at once; each is waited for */

static guint n_ended;

static void
proctor_ended_cb (GObject      *command,
                  GAsyncResult *result,
                  gpointer      data)
{
  g_autoptr(GError) error = NULL;
  g_autoptr(ProctorResult) done =
    proctor_command_run_finish (PROCTOR_COMMAND (command), result, &error);

  g_assert_no_error (error);
  g_assert_cmpint (proctor_result_get_returncode (done), ==, 0);
  n_ended++;
}

static void
test_proctor (void)
{
  g_autoptr(ProctorCommand) command = proctor_command_new ("true", NULL);
  Frames frames;
  gint64 start;

  frames_open (&frames);
  n_ended = 0;
  start = g_get_monotonic_time ();
  for (guint i = 0; i < N_COMMANDS; i++)
    proctor_command_run_async (command, NULL, NULL, proctor_ended_cb, NULL);
  display_run_until (n_ended == N_COMMANDS);
  frames_close (&frames, "Proctor", N_COMMANDS, g_get_monotonic_time () - start);
}

static void
gsubprocess_ended_cb (GObject      *process,
                      GAsyncResult *result,
                      gpointer      data)
{
  g_autoptr(GError) error = NULL;

  g_subprocess_communicate_finish (G_SUBPROCESS (process), result, NULL, NULL, &error);
  g_assert_no_error (error);
  g_assert_cmpint (g_subprocess_get_exit_status (G_SUBPROCESS (process)), ==, 0);
  n_ended++;
}

static void
test_gsubprocess (void)
{
  const GSubprocessFlags flags = G_SUBPROCESS_FLAGS_STDOUT_PIPE | G_SUBPROCESS_FLAGS_STDERR_PIPE;
  guint n_started = 0;
  Frames frames;
  gint64 start;

  frames_open (&frames);
  n_ended = 0;
  start = g_get_monotonic_time ();
  while (n_started < N_COMMANDS && g_get_monotonic_time () - start < PATIENCE)
    {
      g_autoptr(GError) error = NULL;
      g_autoptr(GSubprocess) process = g_subprocess_new (flags, &error, "true", NULL);

      g_assert_no_error (error);
      g_subprocess_communicate_async (process, NULL, NULL, gsubprocess_ended_cb, NULL);
      n_started++;
    }
  display_run_until (n_ended == n_started);
  frames_close (&frames, "GSubprocess", n_started, g_get_monotonic_time () - start);
}

int
main (int    argc,
      char **argv)
{
  gsize size = (gsize) (G_GUINT64_CONSTANT (1) << 30);
  g_autofree char *memory = NULL;
  int status;

  if (!display_start ())
    {
      g_print ("1..0 # SKIP there is no Xvfb\n");
      return 0;
    }
  g_test_init (&argc, &argv, NULL);
  deadline_start ("test-stall", TEST_DEADLINE_SECONDS);
  gtk_init ();

  /* Touched, so that there are page tables for it. */
  memory = g_malloc (size);
  memset (memory, 1, size);

  g_test_add_func ("/stall/proctor", test_proctor);
  g_test_add_func ("/stall/gsubprocess", test_gsubprocess);

  status = g_test_run ();
  g_assert_cmpint (memory[size / 2], ==, 1);
  return status;
}
