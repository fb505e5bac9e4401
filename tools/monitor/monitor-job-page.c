/* SPDX-License-Identifier: LGPL-2.1-or-later */

/* Thread: MAIN. */

#include "config.h"

#include "monitor-job-page.h"

#include <glib/gi18n.h>

#include "monitor-tree-graph.h"

struct _MonitorJobPage
{
  GtkBox parent_instance;

  MonitorJob *job;
  guint scrolling; /* the callback of the next frame, or 0 */
  GtkLabel *status;
  GtkLabel *details;
  GtkToggleButton *follow;
  GtkRevealer *error_revealer;
  GtkLabel *error;
  GtkRevealer *dropped_revealer;
  GtkLabel *dropped;
  GtkSearchBar *search_bar;
  GtkSearchEntry *search_entry;
  AdwViewStack *stack;
  GtkScrolledWindow *scroller;
  GtkTextView *view;
  GtkStack *graph_stack;
  MonitorTreeGraph *graph;
  GtkWidget *no_processes;
  GtkWidget *input_box;
  GtkEntry *input;
  GtkWidget *end_input;
};

G_DEFINE_FINAL_TYPE (MonitorJobPage, monitor_job_page, GTK_TYPE_BOX)

/* ---- the output: following and searching */

static gboolean
scroll_to_end_cb (GtkWidget     *widget,
                  GdkFrameClock *clock,
                  gpointer       data)
{
  MonitorJobPage *self = MONITOR_JOB_PAGE (widget);
  GtkAdjustment *adjustment = gtk_scrolled_window_get_vadjustment (self->scroller);

  self->scrolling = 0;
  if (gtk_toggle_button_get_active (self->follow))
    gtk_adjustment_set_value (adjustment, gtk_adjustment_get_upper (adjustment) -
                                            gtk_adjustment_get_page_size (adjustment));
  return G_SOURCE_REMOVE;
}

/* Once in a frame, however often the text becomes longer. */
static void
scroll_to_end (MonitorJobPage *self)
{
  if (self->scrolling == 0)
    self->scrolling =
      gtk_widget_add_tick_callback (GTK_WIDGET (self), scroll_to_end_cb, NULL, NULL);
}

/* Whoever scrolls up wants to read, and not to be taken away; at the end it goes on. */
static void
stop_following (MonitorJobPage *self)
{
  gtk_toggle_button_set_active (self->follow, FALSE);
}

static gboolean
scrolled_cb (MonitorJobPage *self,
             double          dx,
             double          dy)
{
  if (dy < 0)
    stop_following (self);
  return GDK_EVENT_PROPAGATE;
}

static void
edge_reached_cb (MonitorJobPage  *self,
                 GtkPositionType  edge)
{
  if (edge == GTK_POS_BOTTOM)
    gtk_toggle_button_set_active (self->follow, TRUE);
}

static void
find (MonitorJobPage *self,
      gboolean        forward,
      gboolean        from_selection)
{
  const char *text = gtk_editable_get_text (GTK_EDITABLE (self->search_entry));
  GtkTextBuffer *buffer = gtk_text_view_get_buffer (self->view);
  GtkTextIter start;
  GtkTextIter end;
  GtkTextIter from;
  gboolean found;

  gtk_widget_remove_css_class (GTK_WIDGET (self->search_entry), "error");
  gtk_text_buffer_get_bounds (buffer, &start, &end);
  gtk_text_buffer_remove_tag_by_name (buffer, MONITOR_OUTPUT_MATCH, &start, &end);
  if (*text == '\0')
    return;

  gtk_text_buffer_get_selection_bounds (buffer, &start, &end);
  from = forward && from_selection ? end : start;
  for (guint turn = 0; turn < 2; turn++)
    {
      found = forward ? gtk_text_iter_forward_search (&from, text, GTK_TEXT_SEARCH_CASE_INSENSITIVE,
                                                      &start, &end, NULL)
                      : gtk_text_iter_backward_search (
                          &from, text, GTK_TEXT_SEARCH_CASE_INSENSITIVE, &start, &end, NULL);
      if (found)
        {
          stop_following (self);
          gtk_text_buffer_select_range (buffer, &start, &end);
          gtk_text_buffer_apply_tag_by_name (buffer, MONITOR_OUTPUT_MATCH, &start, &end);
          gtk_text_view_scroll_to_iter (self->view, &start, 0.1, FALSE, 0, 0);
          return;
        }
      /* Once more around from the other end. */
      if (forward)
        gtk_text_buffer_get_start_iter (buffer, &from);
      else
        gtk_text_buffer_get_end_iter (buffer, &from);
    }
  gtk_widget_add_css_class (GTK_WIDGET (self->search_entry), "error");
}

/* Also when the search ends, with an empty text. */
static void
search_changed_cb (MonitorJobPage *self)
{
  find (self, TRUE, FALSE);
}

static void
find_next_cb (MonitorJobPage *self)
{
  find (self, TRUE, TRUE);
}

static void
find_previous_cb (MonitorJobPage *self)
{
  find (self, FALSE, TRUE);
}

void
monitor_job_page_start_search (MonitorJobPage *self)
{
  gtk_search_bar_set_search_mode (self->search_bar, TRUE);
  gtk_widget_grab_focus (GTK_WIDGET (self->search_entry));
}

/* ---- what it is sent */

static void
send_cb (MonitorJobPage *self)
{
  g_autofree char *line =
    g_strconcat (gtk_editable_get_text (GTK_EDITABLE (self->input)), "\n", NULL);

  monitor_job_send (self->job, line);
  gtk_editable_set_text (GTK_EDITABLE (self->input), "");
}

static void
end_input_cb (MonitorJobPage *self)
{
  monitor_job_end_input (self->job);
}

/* ---- how it is */

static void
update_state (MonitorJobPage *self)
{
  const char *error = monitor_job_get_error (self->job);
  g_autofree char *status = NULL;

  g_object_get (self->job, "status", &status, NULL);
  gtk_label_set_label (self->status, status);
  if (error != NULL)
    gtk_label_set_label (self->error, error);
  gtk_revealer_set_reveal_child (self->error_revealer, error != NULL);
  gtk_widget_set_visible (self->input_box, monitor_job_takes_input (self->job));
}

static void
update_details (MonitorJobPage *self)
{
  MonitorUsage *usage = monitor_job_get_usage (self->job);
  gboolean empty = usage == NULL || usage->entries->len == 0;
  g_autofree char *details = NULL;

  gtk_stack_set_visible_child (self->graph_stack,
                               empty ? self->no_processes : GTK_WIDGET (self->graph));
  g_object_get (self->job, "details", &details, NULL);
  gtk_label_set_label (self->details, details);
}

static void
update_dropped (MonitorJobPage *self)
{
  guint64 dropped = monitor_output_get_dropped (monitor_job_get_output (self->job));
  g_autofree char *text = NULL;

  if (dropped > 0)
    {
      text = g_strdup_printf (
        /* Translators: of a command's output only the last lines are kept */
        ngettext ("%'lu earlier line is not kept", "%'lu earlier lines are not kept",
                  (gulong) dropped),
        (gulong) dropped);
      gtk_label_set_label (self->dropped, text);
    }
  gtk_revealer_set_reveal_child (self->dropped_revealer, dropped > 0);
}

static void
let_job_go (MonitorJobPage *self)
{
  if (self->job == NULL)
    return;

  g_signal_handlers_disconnect_by_data (self->job, self);
  g_signal_handlers_disconnect_by_data (monitor_job_get_output (self->job), self);
  g_clear_object (&self->job);
}

void
monitor_job_page_set_job (MonitorJobPage *self,
                          MonitorJob     *job)
{
  MonitorOutput *output;

  if (job == self->job)
    return;

  let_job_go (self);
  monitor_tree_graph_set_job (self->graph, job);
  if (job == NULL)
    {
      gtk_text_view_set_buffer (self->view, NULL);
      return;
    }

  self->job = g_object_ref (job);
  output = monitor_job_get_output (job);
  gtk_toggle_button_set_active (self->follow, TRUE);
  gtk_text_view_set_buffer (self->view, monitor_output_get_buffer (output));
  g_signal_connect_swapped (job, "notify::status", G_CALLBACK (update_state), self);
  g_signal_connect_swapped (job, "notify::details", G_CALLBACK (update_details), self);
  g_signal_connect_swapped (output, "notify::dropped", G_CALLBACK (update_dropped), self);
  update_state (self);
  update_details (self);
  update_dropped (self);
}

static void
monitor_job_page_dispose (GObject *object)
{
  let_job_go (MONITOR_JOB_PAGE (object));

  G_OBJECT_CLASS (monitor_job_page_parent_class)->dispose (object);
}

static void
monitor_job_page_class_init (MonitorJobPageClass *klass)
{
  GtkWidgetClass *widget_class = GTK_WIDGET_CLASS (klass);

  G_OBJECT_CLASS (klass)->dispose = monitor_job_page_dispose;
  g_type_ensure (MONITOR_TYPE_TREE_GRAPH);
  gtk_widget_class_set_template_from_resource (
    widget_class, "/io/github/proctor/Monitor/monitor-job-page.ui");
  gtk_widget_class_bind_template_child (widget_class, MonitorJobPage, status);
  gtk_widget_class_bind_template_child (widget_class, MonitorJobPage, details);
  gtk_widget_class_bind_template_child (widget_class, MonitorJobPage, follow);
  gtk_widget_class_bind_template_child (widget_class, MonitorJobPage, error_revealer);
  gtk_widget_class_bind_template_child (widget_class, MonitorJobPage, error);
  gtk_widget_class_bind_template_child (widget_class, MonitorJobPage, dropped_revealer);
  gtk_widget_class_bind_template_child (widget_class, MonitorJobPage, dropped);
  gtk_widget_class_bind_template_child (widget_class, MonitorJobPage, search_bar);
  gtk_widget_class_bind_template_child (widget_class, MonitorJobPage, search_entry);
  gtk_widget_class_bind_template_child (widget_class, MonitorJobPage, stack);
  gtk_widget_class_bind_template_child (widget_class, MonitorJobPage, scroller);
  gtk_widget_class_bind_template_child (widget_class, MonitorJobPage, view);
  gtk_widget_class_bind_template_child (widget_class, MonitorJobPage, graph_stack);
  gtk_widget_class_bind_template_child (widget_class, MonitorJobPage, graph);
  gtk_widget_class_bind_template_child (widget_class, MonitorJobPage, no_processes);
  gtk_widget_class_bind_template_child (widget_class, MonitorJobPage, input_box);
  gtk_widget_class_bind_template_child (widget_class, MonitorJobPage, input);
  gtk_widget_class_bind_template_child (widget_class, MonitorJobPage, end_input);
  gtk_widget_class_bind_template_callback (widget_class, stop_following);
  gtk_widget_class_bind_template_callback (widget_class, edge_reached_cb);
  gtk_widget_class_bind_template_callback (widget_class, search_changed_cb);
  gtk_widget_class_bind_template_callback (widget_class, find_next_cb);
  gtk_widget_class_bind_template_callback (widget_class, find_previous_cb);
  gtk_widget_class_bind_template_callback (widget_class, send_cb);
  gtk_widget_class_bind_template_callback (widget_class, end_input_cb);
}

static void
monitor_job_page_init (MonitorJobPage *self)
{
  GtkEventController *scrolling;
  GtkGesture *dragging;

  gtk_widget_init_template (GTK_WIDGET (self));
  gtk_search_bar_connect_entry (self->search_bar, GTK_EDITABLE (self->search_entry));

  scrolling = gtk_event_controller_scroll_new (GTK_EVENT_CONTROLLER_SCROLL_VERTICAL);
  gtk_event_controller_set_propagation_phase (scrolling, GTK_PHASE_CAPTURE);
  g_signal_connect_swapped (scrolling, "scroll", G_CALLBACK (scrolled_cb), self);
  gtk_widget_add_controller (GTK_WIDGET (self->scroller), scrolling);

  dragging = gtk_gesture_click_new ();
  gtk_event_controller_set_propagation_phase (GTK_EVENT_CONTROLLER (dragging), GTK_PHASE_CAPTURE);
  g_signal_connect_swapped (dragging, "pressed", G_CALLBACK (stop_following), self);
  gtk_widget_add_controller (gtk_scrolled_window_get_vscrollbar (self->scroller),
                             GTK_EVENT_CONTROLLER (dragging));

  g_signal_connect_swapped (gtk_scrolled_window_get_vadjustment (self->scroller), "changed",
                            G_CALLBACK (scroll_to_end), self);
  g_signal_connect_swapped (self->follow, "toggled", G_CALLBACK (scroll_to_end), self);
}
