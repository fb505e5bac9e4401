/* SPDX-License-Identifier: LGPL-2.1-or-later */

/* Thread: MAIN. */

#include "config.h"

#include "monitor-job-row.h"

#include "monitor-sparkline.h"

struct _MonitorJobRow
{
  GtkBox parent_instance;

  MonitorJob *job;
  GtkImage *icon;
  GtkLabel *command_line;
  GtkLabel *details;
  MonitorSparkline *sparkline;
};

G_DEFINE_FINAL_TYPE (MonitorJobRow, monitor_job_row, GTK_TYPE_BOX)

static void
update_state (MonitorJobRow *self)
{
  static const char *const classes[] = {
    [MONITOR_JOB_STARTING] = "dim-label", [MONITOR_JOB_RUNNING] = "accent",
    [MONITOR_JOB_SUSPENDED] = "warning",  [MONITOR_JOB_STOPPING] = "warning",
    [MONITOR_JOB_SUCCEEDED] = "success",  [MONITOR_JOB_FAILED] = "error",
  };
  const char *const css_classes[] = { classes[monitor_job_get_state (self->job)], NULL };
  g_autofree char *status = NULL;

  g_object_get (self->job, "status", &status, NULL);
  gtk_widget_set_css_classes (GTK_WIDGET (self->icon), (const char **) css_classes);
  gtk_widget_set_tooltip_text (GTK_WIDGET (self->icon), status);
}

static void
update_details (MonitorJobRow *self)
{
  g_autofree char *details = NULL;
  g_autofree char *icon_name = NULL;

  g_object_get (self->job, "details", &details, "icon-name", &icon_name, NULL);
  gtk_label_set_label (self->details, details);
  gtk_image_set_from_icon_name (self->icon, icon_name);
}

void
monitor_job_row_set_job (MonitorJobRow *self,
                         MonitorJob    *job)
{
  if (self->job != NULL)
    g_signal_handlers_disconnect_by_data (self->job, self);
  g_set_object (&self->job, job);
  monitor_sparkline_set_output (self->sparkline,
                                job != NULL ? monitor_job_get_output (job) : NULL);
  if (job == NULL)
    return;

  gtk_label_set_label (self->command_line, monitor_job_get_command_line (job));
  gtk_widget_set_tooltip_text (GTK_WIDGET (self->command_line),
                               monitor_job_get_command_line (job));
  g_signal_connect_swapped (job, "notify::status", G_CALLBACK (update_state), self);
  g_signal_connect_swapped (job, "notify::details", G_CALLBACK (update_details), self);
  update_state (self);
  update_details (self);
}

static void
monitor_job_row_dispose (GObject *object)
{
  MonitorJobRow *self = MONITOR_JOB_ROW (object);

  if (self->job != NULL)
    g_signal_handlers_disconnect_by_data (self->job, self);
  g_clear_object (&self->job);

  G_OBJECT_CLASS (monitor_job_row_parent_class)->dispose (object);
}

static void
monitor_job_row_class_init (MonitorJobRowClass *klass)
{
  GtkWidgetClass *widget_class = GTK_WIDGET_CLASS (klass);

  G_OBJECT_CLASS (klass)->dispose = monitor_job_row_dispose;
  g_type_ensure (MONITOR_TYPE_SPARKLINE);
  gtk_widget_class_set_template_from_resource (
    widget_class, "/io/github/proctor/Monitor/monitor-job-row.ui");
  gtk_widget_class_bind_template_child (widget_class, MonitorJobRow, icon);
  gtk_widget_class_bind_template_child (widget_class, MonitorJobRow, command_line);
  gtk_widget_class_bind_template_child (widget_class, MonitorJobRow, details);
  gtk_widget_class_bind_template_child (widget_class, MonitorJobRow, sparkline);
}

static void
monitor_job_row_init (MonitorJobRow *self)
{
  gtk_widget_init_template (GTK_WIDGET (self));
}
