/* SPDX-License-Identifier: LGPL-2.1-or-later */

/* Thread: MAIN. */

#include "config.h"

#include "monitor-sparkline.h"

#include <glib/gi18n.h>

struct _MonitorSparkline
{
  GtkWidget parent_instance;

  MonitorOutput *output;
};

G_DEFINE_FINAL_TYPE (MonitorSparkline, monitor_sparkline, GTK_TYPE_WIDGET)

static void
second_cb (MonitorSparkline *self)
{
  guint64 rate = monitor_output_get_rates (self->output)[MONITOR_OUTPUT_RATES - 1];
  g_autofree char *size = g_format_size (rate);
  /* Translators: how fast a command writes: a size, a second */
  g_autofree char *text = g_strdup_printf (_("Output: %s/s"), size);

  gtk_widget_set_tooltip_text (GTK_WIDGET (self), text);
  gtk_accessible_update_property (GTK_ACCESSIBLE (self), GTK_ACCESSIBLE_PROPERTY_LABEL, text, -1);
  gtk_widget_queue_draw (GTK_WIDGET (self));
}

void
monitor_sparkline_set_output (MonitorSparkline *self,
                              MonitorOutput    *output)
{
  if (self->output != NULL)
    g_signal_handlers_disconnect_by_data (self->output, self);
  g_set_object (&self->output, output);
  if (output == NULL)
    return;

  g_signal_connect_swapped (output, "second", G_CALLBACK (second_cb), self);
  second_cb (self);
}

static void
monitor_sparkline_measure (GtkWidget      *widget,
                           GtkOrientation  orientation,
                           int             for_size,
                           int            *minimum,
                           int            *natural,
                           int            *minimum_baseline,
                           int            *natural_baseline)
{
  *minimum = *natural = orientation == GTK_ORIENTATION_HORIZONTAL ? MONITOR_OUTPUT_RATES : 16;
}

static void
monitor_sparkline_snapshot (GtkWidget   *widget,
                            GtkSnapshot *snapshot)
{
  MonitorSparkline *self = MONITOR_SPARKLINE (widget);
  float width = (float) gtk_widget_get_width (widget);
  float height = (float) gtk_widget_get_height (widget);
  float bar = width / MONITOR_OUTPUT_RATES;
  const guint64 *rates;
  guint64 most = 1;
  GdkRGBA color;

  if (self->output == NULL)
    return;

  rates = monitor_output_get_rates (self->output);
  for (guint i = 0; i < MONITOR_OUTPUT_RATES; i++)
    most = MAX (most, rates[i]);

  gtk_style_context_get_color (gtk_widget_get_style_context (widget), &color);
  for (guint i = 0; i < MONITOR_OUTPUT_RATES; i++)
    {
      /* What is not nothing is seen. */
      float share = rates[i] > 0 ? MAX (0.08f, (float) rates[i] / (float) most) : 0;

      if (share > 0)
        gtk_snapshot_append_color (snapshot, &color,
                                   &GRAPHENE_RECT_INIT ((float) i * bar, height * (1 - share), bar,
                                                        height * share));
    }
  color.alpha *= 0.3f;
  gtk_snapshot_append_color (snapshot, &color, &GRAPHENE_RECT_INIT (0, height - 1, width, 1));
}

static void
monitor_sparkline_dispose (GObject *object)
{
  monitor_sparkline_set_output (MONITOR_SPARKLINE (object), NULL);

  G_OBJECT_CLASS (monitor_sparkline_parent_class)->dispose (object);
}

static void
monitor_sparkline_class_init (MonitorSparklineClass *klass)
{
  GtkWidgetClass *widget_class = GTK_WIDGET_CLASS (klass);

  G_OBJECT_CLASS (klass)->dispose = monitor_sparkline_dispose;
  widget_class->measure = monitor_sparkline_measure;
  widget_class->snapshot = monitor_sparkline_snapshot;
  gtk_widget_class_set_css_name (widget_class, "sparkline");
  gtk_widget_class_set_accessible_role (widget_class, GTK_ACCESSIBLE_ROLE_IMG);
}

static void
monitor_sparkline_init (MonitorSparkline *self)
{
}
