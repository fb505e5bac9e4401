/* SPDX-License-Identifier: LGPL-2.1-or-later */

/* Thread: MAIN. How to show a command's output in GTK without ever being slower than its reader.
 *
 * It reads what is at hand, once in a frame, and only when all that came before has been laid out
 * and drawn. Meanwhile nothing is read: the library's buffer fills up, then the pipe, and then the
 * command waits in its write. So a command that writes faster than a text view can show is slowed
 * down, and the window is not.
 */

#include "config.h"

#include "monitor-output.h"

#include <string.h>

#include "monitor-text-filter.h"

#define FRAME_MILLISECONDS 16
#define READ_SIZE (16 * 1024)

struct _MonitorOutput
{
  GObject parent_instance;

  GtkTextBuffer *buffer;
  GCancellable *cancellable; /* of the read; NULL when nothing is followed */
  GInputStream *stream;
  guint next_read;   /* the timer until then, or 0 */
  MonitorTextFilter filter;
  guint64 dropped;
  guint64 received;
  guint64 received_before; /* this second */
  guint64 rates[MONITOR_OUTPUT_RATES];
};

enum
{
  PROP_0,
  PROP_DROPPED,
  N_PROPERTIES
};

enum
{
  SIGNAL_SECOND,
  N_SIGNALS
};

static GParamSpec *properties[N_PROPERTIES];
static guint signals[N_SIGNALS];

G_DEFINE_FINAL_TYPE (MonitorOutput, monitor_output, G_TYPE_OBJECT)

static void read_more (MonitorOutput *self);

/* Keeps the bounds. */
static void
drop_old_lines (MonitorOutput *self)
{
  int lines = gtk_text_buffer_get_line_count (self->buffer);
  int characters = gtk_text_buffer_get_char_count (self->buffer);
  int too_many = MAX (0, lines - MONITOR_OUTPUT_MAX_LINES - 1);
  GtkTextIter start;
  GtkTextIter end;

  gtk_text_buffer_get_start_iter (self->buffer, &start);
  gtk_text_buffer_get_iter_at_line (self->buffer, &end, too_many);
  if (characters - gtk_text_iter_get_offset (&end) > MONITOR_OUTPUT_MAX_CHARACTERS)
    {
      /* Long lines; one that is cut counts as dropped. */
      gtk_text_buffer_get_iter_at_offset (self->buffer, &end,
                                          characters - MONITOR_OUTPUT_MAX_CHARACTERS);
      gtk_text_iter_forward_line (&end);
      too_many = MAX (1, gtk_text_iter_get_line (&end));
    }
  if (too_many == 0)
    return;

  gtk_text_buffer_delete (self->buffer, &start, &end);
  self->dropped += (guint) too_many;
  g_object_notify_by_pspec (G_OBJECT (self), properties[PROP_DROPPED]);
}

static void
append (MonitorOutput *self,
        const char    *data,
        gsize          length)
{
  gboolean erase_line;
  g_autoptr(GString) text = monitor_text_filter_feed (&self->filter, data, length, &erase_line);
  GtkTextIter start;
  GtkTextIter end;

  gtk_text_buffer_get_end_iter (self->buffer, &end);
  if (erase_line)
    {
      start = end;
      gtk_text_iter_set_line_offset (&start, 0);
      gtk_text_buffer_delete (self->buffer, &start, &end);
    }
  gtk_text_buffer_insert (self->buffer, &end, text->str, (int) text->len);
  drop_old_lines (self);
}

static gboolean
read_time_cb (gpointer data)
{
  MonitorOutput *self = data;

  self->next_read = 0;
  read_more (self);
  return G_SOURCE_REMOVE;
}

static void
read_cb (GObject      *stream,
         GAsyncResult *result,
         gpointer      data)
{
  g_autoptr(MonitorOutput) self = data;
  g_autoptr(GError) error = NULL;
  g_autoptr(GBytes) bytes = NULL;

  bytes = g_input_stream_read_bytes_finish (G_INPUT_STREAM (stream), result, &error);
  if (G_INPUT_STREAM (stream) != self->stream)
    return;
  if (bytes == NULL || g_bytes_get_size (bytes) == 0)
    {
      append (self, NULL, 0);
      monitor_output_stop_following (self);
      return;
    }

  self->received += g_bytes_get_size (bytes);
  append (self, g_bytes_get_data (bytes, NULL), g_bytes_get_size (bytes));

  /* GTK's layout and drawing have a higher priority. */
  self->next_read = g_timeout_add_full (G_PRIORITY_DEFAULT_IDLE, FRAME_MILLISECONDS, read_time_cb,
                                        self, NULL);
}

static void
read_more (MonitorOutput *self)
{
  g_input_stream_read_bytes_async (self->stream, READ_SIZE, G_PRIORITY_DEFAULT, self->cancellable,
                                   read_cb, g_object_ref (self));
}

void
monitor_output_follow (MonitorOutput *self,
                       GInputStream  *stream)
{
  monitor_output_stop_following (self);
  self->stream = g_object_ref (stream);
  self->cancellable = g_cancellable_new ();
  read_more (self);
}

void
monitor_output_stop_following (MonitorOutput *self)
{
  g_clear_handle_id (&self->next_read, g_source_remove);
  g_cancellable_cancel (self->cancellable);
  g_clear_object (&self->cancellable);
  g_clear_object (&self->stream);
}

void
monitor_output_clear (MonitorOutput *self)
{
  gtk_text_buffer_set_text (self->buffer, "", 0);
  self->filter = (MonitorTextFilter){ 0 };
  self->dropped = 0;
  g_object_notify_by_pspec (G_OBJECT (self), properties[PROP_DROPPED]);
}

GtkTextBuffer *
monitor_output_get_buffer (MonitorOutput *self)
{
  return self->buffer;
}

guint64
monitor_output_get_dropped (MonitorOutput *self)
{
  return self->dropped;
}

guint64
monitor_output_get_received (MonitorOutput *self)
{
  return self->received;
}

const guint64 *
monitor_output_get_rates (MonitorOutput *self)
{
  return self->rates;
}

void
monitor_output_end_second (MonitorOutput *self)
{
  memmove (self->rates, self->rates + 1, sizeof self->rates - sizeof self->rates[0]);
  self->rates[MONITOR_OUTPUT_RATES - 1] = self->received - self->received_before;
  self->received_before = self->received;
  g_signal_emit (self, signals[SIGNAL_SECOND], 0);
}

static void
monitor_output_get_property (GObject    *object,
                             guint       property_id,
                             GValue     *value,
                             GParamSpec *pspec)
{
  MonitorOutput *self = MONITOR_OUTPUT (object);

  if (property_id == PROP_DROPPED)
    g_value_set_uint64 (value, self->dropped);
  else
    G_OBJECT_WARN_INVALID_PROPERTY_ID (object, property_id, pspec);
}

static void
monitor_output_dispose (GObject *object)
{
  monitor_output_stop_following (MONITOR_OUTPUT (object));

  G_OBJECT_CLASS (monitor_output_parent_class)->dispose (object);
}

static void
monitor_output_finalize (GObject *object)
{
  g_object_unref (MONITOR_OUTPUT (object)->buffer);

  G_OBJECT_CLASS (monitor_output_parent_class)->finalize (object);
}

static void
monitor_output_class_init (MonitorOutputClass *klass)
{
  GObjectClass *object_class = G_OBJECT_CLASS (klass);

  object_class->get_property = monitor_output_get_property;
  object_class->dispose = monitor_output_dispose;
  object_class->finalize = monitor_output_finalize;

  properties[PROP_DROPPED] = g_param_spec_uint64 ("dropped", NULL, NULL, 0, G_MAXUINT64, 0,
                                                  G_PARAM_READABLE | G_PARAM_STATIC_STRINGS);
  g_object_class_install_properties (object_class, N_PROPERTIES, properties);

  signals[SIGNAL_SECOND] = g_signal_new ("second", MONITOR_TYPE_OUTPUT, G_SIGNAL_RUN_LAST, 0, NULL,
                                         NULL, NULL, G_TYPE_NONE, 0);
}

static void
monitor_output_init (MonitorOutput *self)
{
  self->buffer = gtk_text_buffer_new (NULL);
  gtk_text_buffer_create_tag (self->buffer, MONITOR_OUTPUT_MATCH, "background", "#f8e45c",
                              "foreground", "#241f31", NULL);
}

MonitorOutput *
monitor_output_new (void)
{
  return g_object_new (MONITOR_TYPE_OUTPUT, NULL);
}
