/* The date again, with the low-level interface: an object that is told what the process writes and
 * when it has ended.
 *
 * SPDX-License-Identifier: LGPL-2.1-or-later
 */

#include <proctor/proctor.h>

typedef struct
{
  GObject parent_instance;
  GMainLoop *loop;
  GByteArray *output;
} DateProtocol;

typedef struct
{
  GObjectClass parent_class;
} DateProtocolClass;

static GType date_protocol_get_type (void);

static void
date_protocol_pipe_data_received (ProctorSubprocessProtocol *protocol,
                                  int                        fd,
                                  GBytes                    *data)
{
  DateProtocol *self = (DateProtocol *) protocol;
  gsize length;
  const guint8 *bytes = g_bytes_get_data (data, &length);

  g_byte_array_append (self->output, bytes, (guint) length);
}

/* The process has exited, and all that it wrote has been received. Either may come first; who wants
 * to hear of them one by one has pipe_connection_lost and process_exited.
 */
static void
date_protocol_connection_lost (ProctorBaseProtocol *protocol,
                               const GError        *error)
{
  DateProtocol *self = (DateProtocol *) protocol;

  g_main_loop_quit (self->loop);
}

static void
date_protocol_base_init (ProctorBaseProtocolInterface *iface)
{
  iface->connection_lost = date_protocol_connection_lost;
}

static void
date_protocol_subprocess_init (ProctorSubprocessProtocolInterface *iface)
{
  iface->pipe_data_received = date_protocol_pipe_data_received;
}

G_DEFINE_FINAL_TYPE_WITH_CODE (DateProtocol, date_protocol, G_TYPE_OBJECT,
                               G_IMPLEMENT_INTERFACE (PROCTOR_TYPE_BASE_PROTOCOL,
                                                      date_protocol_base_init)
                               G_IMPLEMENT_INTERFACE (PROCTOR_TYPE_SUBPROCESS_PROTOCOL,
                                                      date_protocol_subprocess_init))

static void
date_protocol_finalize (GObject *object)
{
  DateProtocol *self = (DateProtocol *) object;

  g_byte_array_unref (self->output);
  g_main_loop_unref (self->loop);
  G_OBJECT_CLASS (date_protocol_parent_class)->finalize (object);
}

static void
date_protocol_class_init (DateProtocolClass *klass)
{
  G_OBJECT_CLASS (klass)->finalize = date_protocol_finalize;
}

static void
date_protocol_init (DateProtocol *self)
{
  self->output = g_byte_array_new ();
  self->loop = g_main_loop_new (NULL, FALSE);
}

static char *
get_date (GError **error)
{
  g_autoptr(ProctorCommand) command = proctor_command_new ("date", "+%Y-%m-%d", NULL);
  g_autoptr(ProctorSubprocessTransport) transport = NULL;
  DateProtocol *protocol = g_object_new (date_protocol_get_type (), NULL);
  char *date = NULL;

  proctor_command_set_stdin (command, PROCTOR_STDIO_DEVNULL);
  proctor_command_set_stderr (command, PROCTOR_STDIO_INHERIT);
  transport = proctor_command_open_transport (command, PROCTOR_SUBPROCESS_PROTOCOL (protocol), NULL,
                                              error);
  if (transport != NULL)
    {
      g_main_loop_run (protocol->loop);
      date = g_strchomp (g_strndup ((const char *) protocol->output->data, protocol->output->len));
    }

  g_object_unref (protocol);
  return date;
}

int
main (void)
{
  g_autoptr(GError) error = NULL;
  g_autofree char *date = get_date (&error);

  if (date == NULL)
    {
      g_printerr ("%s\n", error->message);
      return 1;
    }
  g_print ("Current date: %s\n", date);
  return 0;
}
