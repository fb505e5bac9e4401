/* The monitor: what a person does with it, and what is then seen.
 *
 * Pictures of it are left in MONITOR_PICTURES.
 *
 * SPDX-License-Identifier: LGPL-2.1-or-later
 */

#include "config.h"

#include <adwaita.h>
#include <string.h>

#include "../tree-testing.h"
#include "display-testing.h"
#include "monitor-application.h"
#include "monitor-job-page.h"
#include "monitor-job-row.h"
#include "monitor-tree-graph.h"
#include "monitor-window.h"

static GtkApplication *application;

/* ---- a person's eyes and hands */

/* A part of a widget by its name in the template. */
static gpointer
part (gpointer    widget,
      const char *name)
{
  GObject *found =
    gtk_widget_get_template_child (GTK_WIDGET (widget), G_OBJECT_TYPE (widget), name);

  if (found == NULL)
    g_error ("%s has no “%s”", G_OBJECT_TYPE_NAME (widget), name);
  return found;
}

/* A part of the page of the job that is shown. */
static gpointer
page_part (MonitorWindow *window,
           const char    *name)
{
  return part (part (window, "page"), name);
}

static MonitorWindow *
open_window (void)
{
  MonitorWindow *window = monitor_window_new (application);

  gtk_window_present (GTK_WINDOW (window));
  display_run_until (gtk_widget_get_mapped (GTK_WIDGET (window)));
  return window;
}

static void
close_window (MonitorWindow *window)
{
  GListModel *jobs = monitor_window_get_jobs (window);

  for (guint i = 0; i < g_list_model_get_n_items (jobs); i++)
    {
      g_autoptr(MonitorJob) job = g_list_model_get_item (jobs, i);

      monitor_job_kill (job);
      display_run_until (!monitor_job_is_running (job));
    }
  gtk_window_destroy (GTK_WINDOW (window));
}

/* Seconds in which nothing is waited for but the clock. */
static void
let_time_pass (double seconds)
{
  gint64 end = g_get_monotonic_time () + (gint64) (seconds * G_TIME_SPAN_SECOND);

  display_run_until (g_get_monotonic_time () > end);
}

/* As it is when animations have ended. */
static void
take_picture (gpointer    window,
              const char *name)
{
  g_autofree char *path = g_strconcat (MONITOR_PICTURES, "/", name, ".png", NULL);

  let_time_pass (0.5);
  display_save_picture (GTK_WIDGET (window), path);
}

/* Types it and presses Enter. */
static MonitorJob *
type_command (MonitorWindow *window,
              const char    *command_line)
{
  GListModel *jobs = monitor_window_get_jobs (window);
  guint before = g_list_model_get_n_items (jobs);
  g_autoptr(MonitorJob) job = NULL;

  gtk_editable_set_text (part (window, "command"), command_line);
  g_signal_emit_by_name (part (window, "command"), "activate");
  g_assert_cmpuint (g_list_model_get_n_items (jobs), ==, before + 1);
  job = g_list_model_get_item (jobs, 0);
  return job;
}

static void
send_line (MonitorWindow *window,
           const char    *line)
{
  gtk_editable_set_text (page_part (window, "input"), line);
  g_signal_emit_by_name (page_part (window, "input"), "activate");
}

static void
press (MonitorWindow *window,
       const char    *button)
{
  g_assert_true (gtk_widget_get_visible (part (window, button)));
  g_signal_emit_by_name (part (window, button), "clicked");
}

static void
do_action (MonitorWindow *window,
           const char    *action)
{
  gtk_widget_activate_action (GTK_WIDGET (window), action, NULL);
}

static gboolean
can_see (gpointer widget)
{
  return gtk_widget_get_mapped (GTK_WIDGET (widget)) &&
         gtk_widget_get_child_visible (GTK_WIDGET (widget));
}

static char *
dup_output (MonitorWindow *window)
{
  char *text;

  g_object_get (gtk_text_view_get_buffer (page_part (window, "view")), "text", &text, NULL);
  return text;
}

static gboolean
output_is (MonitorWindow *window,
           const char    *expected)
{
  g_autofree char *text = dup_output (window);

  return strcmp (text, expected) == 0;
}

static gboolean
output_has (MonitorWindow *window,
            const char    *expected)
{
  g_autofree char *text = dup_output (window);

  return strstr (text, expected) != NULL;
}

static gboolean
label_has (gpointer    label,
           const char *expected)
{
  return strstr (gtk_label_get_label (label), expected) != NULL;
}

static gboolean
status_is (MonitorWindow *window,
           const char    *expected)
{
  return strcmp (gtk_label_get_label (page_part (window, "status")), expected) == 0;
}

/* The first of its kind that is somewhere in @widget and for which @name has @value. */
static GtkWidget *
find_widget (GtkWidget  *widget,
             GType       type,
             const char *name,
             const char *value)
{
  if (G_TYPE_CHECK_INSTANCE_TYPE (widget, type))
    {
      g_autofree char *text = NULL;

      if (name == NULL)
        return widget;
      g_object_get (widget, name, &text, NULL);
      if (g_strcmp0 (text, value) == 0)
        return widget;
    }
  for (GtkWidget *child = gtk_widget_get_first_child (widget); child != NULL;
       child = gtk_widget_get_next_sibling (child))
    {
      GtkWidget *found = find_widget (child, type, name, value);

      if (found != NULL)
        return found;
    }
  return NULL;
}

/* As its button shows. */
static gboolean
can_do (MonitorWindow *window,
        const char    *action)
{
  GtkWidget *button = find_widget (GTK_WIDGET (window), GTK_TYPE_BUTTON, "action-name", action);

  return gtk_widget_get_visible (button) && gtk_widget_get_sensitive (button);
}

/* ---- running */

static void
test_empty (void)
{
  MonitorWindow *window = open_window ();

  display_run_until (can_see (part (window, "empty")));
  g_assert_false (can_see (part (window, "stop_button")));
  g_assert_false (can_do (window, "win.run"));
  g_assert_false (can_do (window, "win.stop"));
  g_assert_false (can_do (window, "win.find"));
  take_picture (window, "empty");

  /* Blanks are no command. */
  gtk_editable_set_text (part (window, "command"), "  ");
  g_signal_emit_by_name (part (window, "command"), "activate");
  g_assert_cmpuint (g_list_model_get_n_items (monitor_window_get_jobs (window)), ==, 0);
  close_window (window);
}

static void
test_run (void)
{
  MonitorWindow *window = open_window ();
  MonitorJob *job = type_command (window, " echo one; echo two >&2; printf 'no newline' ");
  GtkWidget *label;

  g_assert_cmpstr (gtk_editable_get_text (part (window, "command")), ==, "");
  display_run_until (output_is (window, "one\ntwo\nno newline") && status_is (window, "Succeeded"));
  g_assert_cmpint (monitor_job_get_state (job), ==, MONITOR_JOB_SUCCEEDED);
  g_assert_null (monitor_job_get_error (job));
  g_assert_false (can_see (part (window, "empty")));
  g_assert_false (gtk_widget_get_visible (page_part (window, "input_box")));
  g_assert_false (gtk_revealer_get_reveal_child (page_part (window, "error_revealer")));

  label = find_widget (part (window, "list"), GTK_TYPE_LABEL, "label",
                       "echo one; echo two >&2; printf 'no newline'");
  g_assert_nonnull (label);
  g_assert_true (can_see (label));
  close_window (window);
}

static void
test_exit_status (void)
{
  MonitorWindow *window = open_window ();
  MonitorJob *job = type_command (window, "echo so far; exit 3");

  display_run_until (status_is (window, "Failed") && output_is (window, "so far\n"));
  g_assert_cmpstr (monitor_job_get_error (job), ==, "“echo so far; exit 3” exited with 3");
  display_run_until (can_see (page_part (window, "error")));
  g_assert_true (label_has (page_part (window, "error"), "exited with 3"));
  take_picture (window, "failed");
  close_window (window);
}

/* The kernel takes no argument of this size, so there is no process. */
static void
test_cannot_start (void)
{
  MonitorWindow *window = open_window ();
  g_autofree char *line = g_strnfill (200 * 1024, 'x');
  MonitorJob *job;
  GtkWidget *toast;

  memcpy (line, "true ", 5);
  job = monitor_window_run (window, line, NULL);
  display_run_until (status_is (window, "Failed"));
  g_assert_null (monitor_job_get_process (job));
  g_assert_nonnull (strstr (monitor_job_get_error (job), g_strerror (E2BIG)));
  display_run_until (can_see (page_part (window, "error")));
  toast = find_widget (part (window, "toasts"), g_type_from_name ("AdwToastWidget"), NULL, NULL);
  g_assert_nonnull (toast);
  take_picture (window, "cannot-start");

  /* What there was to try is tried again. */
  press (window, "again_button");
  display_run_until (status_is (window, "Failed"));
  close_window (window);
}

static void
test_run_again (void)
{
  MonitorWindow *window = open_window ();
  MonitorJob *job = type_command (window, "echo $$");
  g_autofree char *first = NULL;

  display_run_until (status_is (window, "Succeeded") && output_has (window, "\n"));
  first = dup_output (window);
  press (window, "again_button");
  g_assert_true (monitor_job_is_alive (job));
  display_run_until (status_is (window, "Succeeded") && output_has (window, "\n"));
  g_assert_false (output_is (window, first));
  g_assert_cmpuint (g_list_model_get_n_items (monitor_window_get_jobs (window)), ==, 1);
  close_window (window);
}

static void
test_many (void)
{
  MonitorWindow *window = open_window ();
  GListModel *jobs = monitor_window_get_jobs (window);

  for (guint i = 0; i < 100; i++)
    {
      g_autofree char *line = g_strdup_printf ("echo %u; exit %u", i, i % 2);

      type_command (window, line);
      /* On a slow machine all of them take longer than a main loop may stand still. */
      g_main_context_iteration (NULL, FALSE);
    }
  for (guint i = 0; i < 100; i++)
    {
      g_autoptr(MonitorJob) job = g_list_model_get_item (jobs, i);

      display_run_until (!monitor_job_is_running (job));
      g_assert_cmpint (monitor_job_get_state (job), ==,
                       i % 2 == 0 ? MONITOR_JOB_FAILED : MONITOR_JOB_SUCCEEDED);
    }
  type_command (window, "sleep 1000");

  /* What runs stays. */
  do_action (window, "win.clear-finished");
  g_assert_cmpuint (g_list_model_get_n_items (jobs), ==, 1);
  close_window (window);
}

static void
test_select (void)
{
  MonitorWindow *window = open_window ();
  GtkSelectionModel *model = gtk_list_view_get_model (part (window, "list"));

  type_command (window, "echo the first");
  display_run_until (output_is (window, "the first\n"));
  type_command (window, "echo the second");
  display_run_until (output_is (window, "the second\n"));

  gtk_selection_model_select_item (model, 1, TRUE);
  g_assert_true (output_is (window, "the first\n"));
  g_assert_cmpstr (adw_window_title_get_title (part (window, "job_title")), ==, "echo the first");
  close_window (window);
}

/* ---- stdin, and signals */

static void
test_input (void)
{
  MonitorWindow *window = open_window ();

  type_command (window, "cat; echo end");
  display_run_until (can_see (page_part (window, "input_box")));
  send_line (window, "a line");
  g_assert_cmpstr (gtk_editable_get_text (page_part (window, "input")), ==, "");
  display_run_until (output_is (window, "a line\n"));
  send_line (window, "żółw");
  display_run_until (output_is (window, "a line\nżółw\n"));
  g_signal_emit_by_name (page_part (window, "end_input"), "clicked");
  display_run_until (output_is (window, "a line\nżółw\nend\n") && status_is (window, "Succeeded"));
  g_assert_false (gtk_widget_get_visible (page_part (window, "input_box")));
  close_window (window);
}

static void
test_suspend (void)
{
  MonitorWindow *window = open_window ();
  MonitorJob *job = type_command (window, "sleep 1000");

  display_run_until (status_is (window, "Running"));
  press (window, "suspend_button");
  display_run_until (status_is (window, "Suspended"));
  g_assert_false (gtk_widget_get_visible (part (window, "suspend_button")));
  press (window, "resume_button");
  display_run_until (status_is (window, "Running"));

  /* Somebody else does it. */
  kill (proctor_process_get_pid (monitor_job_get_process (job)), SIGSTOP);
  display_run_until (status_is (window, "Suspended"));
  kill (proctor_process_get_pid (monitor_job_get_process (job)), SIGCONT);
  display_run_until (status_is (window, "Running"));

  /* Who is suspended can be stopped. */
  press (window, "suspend_button");
  display_run_until (status_is (window, "Suspended"));
  press (window, "stop_button");
  display_run_until (status_is (window, "Failed"));
  g_assert_nonnull (strstr (monitor_job_get_error (job), "SIGTERM"));
  close_window (window);
}

static void
test_stop (void)
{
  MonitorWindow *window = open_window ();

  type_command (window,
                "trap 'echo stopped well; exit 0' TERM; echo ready; while :; do sleep 0.1; done");
  display_run_until (output_is (window, "ready\n"));
  press (window, "stop_button");
  g_assert_true (status_is (window, "Stopping"));
  g_assert_false (can_do (window, "win.stop"));
  display_run_until (status_is (window, "Succeeded") && output_has (window, "stopped well"));
  close_window (window);
}

static guint
count_processes (MonitorWindow *window)
{
  return monitor_tree_graph_get_n_processes (page_part (window, "graph"));
}

static void
test_tree (void)
{
  MonitorWindow *window = open_window ();
  MonitorJob *job =
    type_command (window, "trap '' TERM; sleep 1000 & (sleep 1001 & sleep 1002; true); true");
  GPid pids[4];

  display_run_until (count_processes (window) == 5);
  adw_view_stack_set_visible_child_name (page_part (window, "stack"), "processes");
  display_run_until (can_see (page_part (window, "graph")));
  take_picture (window, "processes");
  for (guint i = 0; i < 4; i++)
    {
      const MonitorUsageEntry *entry = monitor_job_get_usage (job)->entries->pdata[i];

      g_assert_cmpuint (entry->memory, >, 0);
      pids[i] = entry->pid;
    }

  press (window, "kill_button");
  display_run_until (status_is (window, "Failed"));
  display_run_until (can_see (page_part (window, "no_processes")));
  for (guint i = 0; i < 4; i++)
    display_run_until (!is_alive (pids[i]));
  close_window (window);
}

/* Before it has started. */
static void
test_stop_at_once (void)
{
  MonitorWindow *window = open_window ();

  for (guint i = 0; i < 20; i++)
    {
      MonitorJob *job = type_command (window, "sleep 1000");

      if (i % 2 == 0)
        press (window, "stop_button");
      else
        press (window, "kill_button");
      display_run_until (status_is (window, "Failed"));
      g_assert_nonnull (monitor_job_get_error (job));
    }
  close_window (window);
}

/* A command that leaves something running behind. */
static void
test_left (void)
{
  MonitorWindow *window = open_window ();
  MonitorJob *job = type_command (window, "sleep 1000 & echo started");
  GPid pid;

  display_run_until (status_is (window, "Ended, 1 process left"));
  g_assert_true (output_is (window, "started\n"));
  g_assert_true (monitor_job_is_alive (job));
  g_assert_false (can_do (window, "win.run-again"));
  do_action (window, "win.clear-finished");
  g_assert_cmpuint (g_list_model_get_n_items (monitor_window_get_jobs (window)), ==, 1);
  pid = ((MonitorUsageEntry *) monitor_job_get_usage (job)->entries->pdata[0])->pid;
  press (window, "stop_button");
  display_run_until (status_is (window, "Succeeded"));
  g_assert_false (is_alive (pid));
  close_window (window);
}

/* ---- the output */

static void
test_any_bytes (void)
{
  MonitorWindow *window = open_window ();

  /* Not UTF-8; a character in two pieces; colours, a title, a progress bar, NUL and a bell. */
  type_command (
    window, "printf 'a\\377b '; printf '\\342\\202'; sleep 0.2; printf '\\254 ';"
            "printf '\\033[1;31mred\\033[0m \\033]0;title\\007'; printf 'nul\\000 bell\\007\\n';"
            "printf '1 %%\\r'; sleep 0.2; printf '20 %%\\r100 %%\\r\\n'; printf '\\303'");
  display_run_until (status_is (window, "Succeeded"));
  display_run_until (
    output_is (window, "a\357\277\275b € red nul\357\277\275 bell\n100 %\n\357\277\275"));
  close_window (window);
}

static void
test_flood (void)
{
  MonitorWindow *window = open_window ();
  MonitorJob *job = type_command (window, "seq 30000");
  GtkTextBuffer *buffer = monitor_output_get_buffer (monitor_job_get_output (job));
  GtkAdjustment *adjustment = gtk_scrolled_window_get_vadjustment (page_part (window, "scroller"));

  display_take_longest_gap ();
  display_run_until (monitor_output_get_received (monitor_job_get_output (job)) == 168894 &&
                     status_is (window, "Succeeded"));
  g_assert_true (output_has (window, "\n30000\n"));
  g_assert_cmpint (gtk_text_buffer_get_line_count (buffer), ==, MONITOR_OUTPUT_MAX_LINES + 1);
  g_assert_cmpuint (monitor_output_get_dropped (monitor_job_get_output (job)), ==,
                    30000 - MONITOR_OUTPUT_MAX_LINES);
  g_assert_true (label_has (page_part (window, "dropped"), "20"));

  /* It has been followed. */
  display_run_until (gtk_adjustment_get_value (adjustment) +
                       gtk_adjustment_get_page_size (adjustment) >=
                     gtk_adjustment_get_upper (adjustment) - 1);

  g_test_message ("the longest gap with many lines: %.1f ms", display_take_longest_gap ());

  /* One endless line. */
  job = type_command (window, "head -c 300000 /dev/zero | tr '\\0' x");
  buffer = monitor_output_get_buffer (monitor_job_get_output (job));
  display_run_until (status_is (window, "Succeeded") &&
                     monitor_output_get_received (monitor_job_get_output (job)) == 300000);
  g_assert_cmpint (gtk_text_buffer_get_char_count (buffer), <=, MONITOR_OUTPUT_MAX_CHARACTERS);
  let_time_pass (1);
  g_test_message ("the longest gap with one line: %.1f ms", display_take_longest_gap ());
  close_window (window);
}

/* A command that writes without end is slowed down, and the window is not: what it does meanwhile
 * is done. And it has its sparkline.
 */
static void
test_endless (void)
{
  MonitorWindow *window = open_window ();
  MonitorJob *job = type_command (window, "yes");
  const guint64 *rates = monitor_output_get_rates (monitor_job_get_output (job));

  display_run_until (rates[MONITOR_OUTPUT_RATES - 3] > 0);
  type_command (window, "echo another");
  display_run_until (output_is (window, "another\n"));
  gtk_selection_model_select_item (gtk_list_view_get_model (part (window, "list")), 1, TRUE);
  press (window, "kill_button");
  display_run_until (status_is (window, "Failed"));
  close_window (window);
}

static void
test_search (void)
{
  MonitorWindow *window = open_window ();
  gpointer entry = page_part (window, "search_entry");
  GtkTextBuffer *buffer;
  GtkTextIter start;
  GtkTextIter end;

  type_command (window, "seq 1000; echo Ärger; seq 1000");
  display_run_until (status_is (window, "Succeeded") && output_has (window, "Ärger\n"));
  do_action (window, "win.find");
  display_run_until (can_see (entry));
  gtk_editable_set_text (entry, "ärg");
  buffer = gtk_text_view_get_buffer (page_part (window, "view"));
  display_run_until (gtk_text_buffer_get_selection_bounds (buffer, &start, &end));
  g_assert_cmpint (gtk_text_iter_get_line (&start), ==, 1000);
  g_assert_false (gtk_toggle_button_get_active (page_part (window, "follow")));
  take_picture (window, "search");

  /* Around, and back. */
  gtk_editable_set_text (entry, "777");
  display_run_until (gtk_text_buffer_get_selection_bounds (buffer, &start, &end) &&
                     gtk_text_iter_get_line (&start) == 1777);
  g_signal_emit_by_name (entry, "next-match");
  gtk_text_buffer_get_selection_bounds (buffer, &start, &end);
  g_assert_cmpint (gtk_text_iter_get_line (&start), ==, 776);
  g_signal_emit_by_name (entry, "previous-match");
  gtk_text_buffer_get_selection_bounds (buffer, &start, &end);
  g_assert_cmpint (gtk_text_iter_get_line (&start), ==, 1777);

  gtk_editable_set_text (entry, "nowhere");
  display_run_until (gtk_widget_has_css_class (entry, "error"));
  close_window (window);
}

/* ---- the window */

static void
test_pictures (void)
{
  MonitorWindow *window = open_window ();

  type_command (window, "cp notes.txt /backup");
  type_command (window, "du -sh /usr/include");
  display_run_until (status_is (window, "Succeeded"));
  type_command (window, "cat");
  display_run_until (status_is (window, "Running"));
  press (window, "suspend_button");
  type_command (window, "gzip -9 < /dev/zero | wc -c");
  type_command (window,
                "find /usr/share/doc -name copyright -exec sleep 0.03 \\; -exec wc -l {} \\;");
  let_time_pass (4);
  take_picture (window, "running");

  g_action_group_activate_action (G_ACTION_GROUP (application), "dark", NULL);
  take_picture (window, "dark");
  g_action_group_activate_action (G_ACTION_GROUP (application), "dark", NULL);
  close_window (window);
}

static void
test_narrow (void)
{
  MonitorWindow *window = open_window ();

  gtk_window_set_default_size (GTK_WINDOW (window), 320, 560);
  display_run_until (adw_leaflet_get_folded (part (window, "leaflet")));
  display_run_until (can_see (part (window, "command")));
  take_picture (window, "narrow-empty");

  type_command (window,
                "for i in 1 2 3; do echo line $i of a text that is rather long; done; sleep 1000");
  display_run_until (can_see (page_part (window, "view")) && output_has (window, "line 3"));
  display_run_until (!can_see (part (window, "command")));
  take_picture (window, "narrow");
  g_assert_cmpint (gtk_widget_get_width (GTK_WIDGET (window)), <, 400);

  do_action (window, "win.back");
  display_run_until (can_see (part (window, "command")));
  take_picture (window, "narrow-list");
  close_window (window);
}

static void
test_shortcuts (void)
{
  MonitorWindow *window = open_window ();
  GtkShortcutsWindow *shortcuts =
    gtk_application_window_get_help_overlay (GTK_APPLICATION_WINDOW (window));

  g_assert_nonnull (shortcuts);
  do_action (window, "win.show-help-overlay");
  display_run_until (gtk_widget_get_mapped (GTK_WIDGET (shortcuts)));
  take_picture (shortcuts, "shortcuts");
  g_assert_nonnull (
    find_widget (GTK_WIDGET (shortcuts), g_type_from_name ("GtkShortcutsShortcut"), "action-name",
                 "win.find"));
  close_window (window);
}

static gpointer
find_window (GType type)
{
  g_autoptr(GListModel) windows = g_object_ref (gtk_window_get_toplevels ());

  for (guint i = 0; i < g_list_model_get_n_items (windows); i++)
    {
      g_autoptr(GtkWindow) window = g_list_model_get_item (windows, i);

      if (G_TYPE_CHECK_INSTANCE_TYPE (window, type))
        return window;
    }
  return NULL;
}

static void
test_about (void)
{
  MonitorWindow *window = open_window ();

  g_action_group_activate_action (G_ACTION_GROUP (application), "about", NULL);
  display_run_until (find_window (ADW_TYPE_ABOUT_WINDOW) != NULL);
  gtk_window_destroy (find_window (ADW_TYPE_ABOUT_WINDOW));
  close_window (window);
}

/* It asks before it ends what runs. The last test, since nothing can be started any more. */
static void
test_close (void)
{
  MonitorWindow *window = open_window ();
  MonitorJob *running = type_command (window, "sleep 1000");
  MonitorJob *left = type_command (window, "sleep 1000 & true");
  gpointer gone = window;
  GPid pid;
  GPid pid_left;

  display_run_until (monitor_job_get_process (running) != NULL);
  display_run_until (monitor_job_get_n_left (left) == 1);
  pid = proctor_process_get_pid (monitor_job_get_process (running));
  pid_left = ((MonitorUsageEntry *) monitor_job_get_usage (left)->entries->pdata[0])->pid;
  g_object_add_weak_pointer (gone, &gone);

  gtk_window_close (GTK_WINDOW (window));
  display_run_until (find_window (ADW_TYPE_MESSAGE_DIALOG) != NULL);
  take_picture (find_window (ADW_TYPE_MESSAGE_DIALOG), "close");
  g_assert_cmpstr (
    adw_message_dialog_get_heading (find_window (ADW_TYPE_MESSAGE_DIALOG)), ==,
    "Stop 2 Running Commands?");
  adw_message_dialog_response (find_window (ADW_TYPE_MESSAGE_DIALOG), "cancel");
  let_time_pass (0.1);
  g_assert_nonnull (gone);
  g_assert_true (is_alive (pid));

  gtk_window_close (GTK_WINDOW (window));
  display_run_until (find_window (ADW_TYPE_MESSAGE_DIALOG) != NULL);
  adw_message_dialog_response (find_window (ADW_TYPE_MESSAGE_DIALOG), "stop");
  display_run_until (gone == NULL);
  g_assert_false (is_alive (pid));
  g_assert_false (is_alive (pid_left));
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
  deadline_start ("test-monitor", TEST_DEADLINE_SECONDS);

  application = GTK_APPLICATION (monitor_application_new ());
  g_application_set_flags (G_APPLICATION (application), G_APPLICATION_NON_UNIQUE);
  g_assert_true (g_application_register (G_APPLICATION (application), NULL, NULL));

  g_test_add_func ("/monitor/empty", test_empty);
  g_test_add_func ("/monitor/run", test_run);
  g_test_add_func ("/monitor/exit-status", test_exit_status);
  g_test_add_func ("/monitor/cannot-start", test_cannot_start);
  g_test_add_func ("/monitor/run-again", test_run_again);
  g_test_add_func ("/monitor/many", test_many);
  g_test_add_func ("/monitor/select", test_select);
  g_test_add_func ("/monitor/input", test_input);
  g_test_add_func ("/monitor/suspend", test_suspend);
  g_test_add_func ("/monitor/stop", test_stop);
  g_test_add_func ("/monitor/stop-at-once", test_stop_at_once);
  g_test_add_func ("/monitor/tree", test_tree);
  g_test_add_func ("/monitor/left", test_left);
  g_test_add_func ("/monitor/any-bytes", test_any_bytes);
  g_test_add_func ("/monitor/flood", test_flood);
  g_test_add_func ("/monitor/endless", test_endless);
  g_test_add_func ("/monitor/search", test_search);
  g_test_add_func ("/monitor/pictures", test_pictures);
  g_test_add_func ("/monitor/narrow", test_narrow);
  g_test_add_func ("/monitor/shortcuts", test_shortcuts);
  g_test_add_func ("/monitor/about", test_about);
  g_test_add_func ("/monitor/close", test_close);

  return g_test_run ();
}
