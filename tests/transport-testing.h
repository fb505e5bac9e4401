/* For tests of transports: protocols that keep a log, and each way to open a transport.
 *
 * SPDX-License-Identifier: LGPL-2.1-or-later
 */

#pragma once

#include "api-testing.h"

#define KIB ((gsize) 1024)
#define MIB ((gsize) 1024 * 1024)

/* ---- a protocol that writes down what it is told */

typedef struct _Log Log;
typedef struct _Recorder Recorder;

typedef enum
{
  EVENT_MADE,
  EVENT_DATA,
  EVENT_PIPE_LOST,
  EVENT_EXITED,
  EVENT_PAUSE,
  EVENT_RESUME,
  EVENT_EOF,
  EVENT_LOST,
} Event;

/* Called after the event was written down. */
typedef void (*LogHook) (Log      *self,
                         Recorder *recorder,
                         Event     event,
                         int       fd);

/* It is the test's, so that it is still there when the protocol has gone. For a pipe's protocol
 * `fd` is always 0.
 */
struct _Log
{
  GMainContext *context;
  GThread *thread;
  GObject *transport; /* borrowed */
  GString *text;      /* one letter for each event, several data of one pipe as one */
  GByteArray *data[3];
  gsize received[3];
  gint64 seeds[3];    /* of the pattern that is expected and not kept, or -1 */
  GError *errors[3];  /* of lost pipes */
  GError *error;      /* of the connection */
  guint n_pauses;
  guint n_resumes;
  gboolean paused;
  gboolean made;
  gboolean pipe_lost[3];
  gboolean exited;
  gboolean eof;
  gboolean lost;
  LogHook hook;
  gpointer hook_data;
};

static inline void
log_init (Log *self)
{
  *self = (Log){
    .context = g_main_context_ref_thread_default (),
    .thread = g_thread_self (),
    .text = g_string_new (NULL),
    .seeds = { -1, -1, -1 },
  };
  for (guint i = 0; i < 3; i++)
    self->data[i] = g_byte_array_new ();
}

static inline void
log_clear (Log *self)
{
  for (guint i = 0; i < 3; i++)
    {
      g_byte_array_unref (self->data[i]);
      g_clear_error (&self->errors[i]);
    }
  g_clear_error (&self->error);
  g_string_free (self->text, TRUE);
  g_main_context_unref (self->context);
}

G_DEFINE_AUTO_CLEANUP_CLEAR_FUNC (Log, log_clear)

/* Letters: m(ade) 1 2 (data of fd 1 and 2) d(ata of a pipe) A B C (losses of fd 0, 1, 2) x (exited)
 * e(of) l(ost). Flow control is only counted: it depends on how fast the others are.
 */
static inline void
log_letter (Log  *self,
            char  letter)
{
  if (self->text->len == 0 || self->text->str[self->text->len - 1] != letter || letter > '2')
    g_string_append_c (self->text, letter);
}

static inline void
log_event (Log      *self,
           Recorder *recorder,
           Event     event,
           int       fd)
{
  g_assert_true (self->thread == g_thread_self ());
  /* Those may come out of the call that causes them. */
  if (event != EVENT_MADE && event != EVENT_PAUSE && event != EVENT_RESUME)
    g_assert_true (g_main_context_is_owner (self->context));
  g_assert_false (self->lost);
  g_assert_true (self->made == (event != EVENT_MADE));
  if (event == EVENT_MADE)
    self->made = TRUE;
  if (event == EVENT_LOST)
    self->lost = TRUE;
  if (self->hook != NULL)
    self->hook (self, recorder, event, fd);
}

/* Iterates until the condition holds. */
#define AWAIT(log, condition) \
  G_STMT_START \
  { \
    while (!(condition)) \
      g_main_context_iteration ((log)->context, TRUE); \
  } \
  G_STMT_END

static inline gboolean
wake_up_cb (gpointer data)
{
  *(gboolean *) data = TRUE;
  return G_SOURCE_REMOVE;
}

/* Iterates for a while: for what must not happen. */
static inline void
iterate_for (Log       *log,
             GTimeSpan  duration)
{
  g_autoptr(GSource) timeout = g_timeout_source_new ((guint) (duration / 1000));
  gboolean over = FALSE;

  g_source_set_callback (timeout, wake_up_cb, &over, NULL);
  g_source_attach (timeout, log->context);
  AWAIT (log, over);
}

/* Of those bytes that make_pattern() makes. */
static inline void
check_pattern (const guint8 *data,
               gsize         length,
               gsize         position,
               guint64       seed)
{
  while (length > 0)
    {
      guint64 word = (position / 8 + seed) * G_GUINT64_CONSTANT (0x9E3779B97F4A7C15);
      gsize offset = position % 8;
      gsize now = MIN (length, 8 - offset);

      g_assert_true (memcmp (data, (const char *) &word + offset, now) == 0);
      data += now;
      position += now;
      length -= now;
    }
}

struct _Recorder
{
  GObject parent_instance;
  Log *log;
};

#define TEST_TYPE_RECORDER (recorder_get_type ())
G_DECLARE_FINAL_TYPE (Recorder, recorder, TEST, RECORDER, GObject)

static inline void
recorder_connection_made (ProctorBaseProtocol *protocol,
                          GObject             *transport)
{
  Recorder *self = TEST_RECORDER (protocol);

  g_assert_null (self->log->transport);
  self->log->transport = transport;
  log_letter (self->log, 'm');
  log_event (self->log, self, EVENT_MADE, 0);
}

static inline void
recorder_connection_lost (ProctorBaseProtocol *protocol,
                          const GError        *error)
{
  Recorder *self = TEST_RECORDER (protocol);

  if (error != NULL)
    self->log->error = g_error_copy (error);
  log_letter (self->log, 'l');
  log_event (self->log, self, EVENT_LOST, 0);
}

static inline void
recorder_pause_writing (ProctorBaseProtocol *protocol)
{
  Recorder *self = TEST_RECORDER (protocol);

  g_assert_false (self->log->paused);
  self->log->paused = TRUE;
  self->log->n_pauses++;
  log_event (self->log, self, EVENT_PAUSE, 0);
}

static inline void
recorder_resume_writing (ProctorBaseProtocol *protocol)
{
  Recorder *self = TEST_RECORDER (protocol);

  g_assert_true (self->log->paused);
  self->log->paused = FALSE;
  self->log->n_resumes++;
  log_event (self->log, self, EVENT_RESUME, 0);
}

static inline void
recorder_take (Recorder *self,
               int       fd,
               GBytes   *bytes)
{
  Log *log = self->log;
  gsize length;
  const guint8 *data = g_bytes_get_data (bytes, &length);

  g_assert_cmpuint (length, >, 0);
  g_assert_false (log->pipe_lost[fd]);
  if (log->seeds[fd] >= 0)
    check_pattern (data, length, log->received[fd], (guint64) log->seeds[fd]);
  else
    g_byte_array_append (log->data[fd], data, (guint) length);
  log->received[fd] += length;
  log_event (log, self, EVENT_DATA, fd);
}

static inline void
recorder_data_received (ProctorPipeProtocol *protocol,
                        GBytes              *data)
{
  Recorder *self = TEST_RECORDER (protocol);

  g_assert_false (self->log->eof);
  if (self->log->text->str[self->log->text->len - 1] != 'd')
    log_letter (self->log, 'd');
  recorder_take (self, 0, data);
}

static inline void
recorder_eof_received (ProctorPipeProtocol *protocol)
{
  Recorder *self = TEST_RECORDER (protocol);

  self->log->eof = TRUE;
  log_letter (self->log, 'e');
  log_event (self->log, self, EVENT_EOF, 0);
}

static inline void
recorder_pipe_data_received (ProctorSubprocessProtocol *protocol,
                             int                        fd,
                             GBytes                    *data)
{
  Recorder *self = TEST_RECORDER (protocol);

  g_assert_true (fd == 1 || fd == 2);
  log_letter (self->log, fd == 1 ? '1' : '2');
  recorder_take (self, fd, data);
}

static inline void
recorder_pipe_connection_lost (ProctorSubprocessProtocol *protocol,
                               int                        fd,
                               const GError              *error)
{
  Recorder *self = TEST_RECORDER (protocol);
  Log *log = self->log;

  g_assert_true (fd >= 0 && fd <= 2);
  g_assert_false (log->pipe_lost[fd]);
  log->pipe_lost[fd] = TRUE;
  if (error != NULL)
    log->errors[fd] = g_error_copy (error);
  log_letter (log, "ABC"[fd]);
  log_event (log, self, EVENT_PIPE_LOST, fd);
}

static inline void
recorder_process_exited (ProctorSubprocessProtocol *protocol)
{
  Recorder *self = TEST_RECORDER (protocol);

  g_assert_false (self->log->exited);
  self->log->exited = TRUE;
  log_letter (self->log, 'x');
  log_event (self->log, self, EVENT_EXITED, 0);
}

static inline void
recorder_base_init (ProctorBaseProtocolInterface *iface)
{
  iface->connection_made = recorder_connection_made;
  iface->connection_lost = recorder_connection_lost;
  iface->pause_writing = recorder_pause_writing;
  iface->resume_writing = recorder_resume_writing;
}

static inline void
recorder_pipe_init (ProctorPipeProtocolInterface *iface)
{
  iface->data_received = recorder_data_received;
  iface->eof_received = recorder_eof_received;
}

static inline void
recorder_subprocess_init (ProctorSubprocessProtocolInterface *iface)
{
  iface->pipe_data_received = recorder_pipe_data_received;
  iface->pipe_connection_lost = recorder_pipe_connection_lost;
  iface->process_exited = recorder_process_exited;
}

G_DEFINE_FINAL_TYPE_WITH_CODE (Recorder, recorder, G_TYPE_OBJECT,
                               G_IMPLEMENT_INTERFACE (PROCTOR_TYPE_BASE_PROTOCOL,
                                                      recorder_base_init)
                               G_IMPLEMENT_INTERFACE (PROCTOR_TYPE_PIPE_PROTOCOL,
                                                      recorder_pipe_init)
                               G_IMPLEMENT_INTERFACE (PROCTOR_TYPE_SUBPROCESS_PROTOCOL,
                                                      recorder_subprocess_init))

static inline void
recorder_class_init (RecorderClass *klass)
{
}

static inline void
recorder_init (Recorder *self)
{
}

static inline Recorder *
recorder_new (Log *log)
{
  Recorder *self = g_object_new (TEST_TYPE_RECORDER, NULL);

  self->log = log;
  return self;
}

/* ---- one that wants to know nothing */

typedef struct
{
  GObject parent_instance;
} Bare;

typedef struct
{
  GObjectClass parent_class;
} BareClass;

GType bare_get_type (void);

G_DEFINE_FINAL_TYPE_WITH_CODE (Bare, bare, G_TYPE_OBJECT,
                               G_IMPLEMENT_INTERFACE (PROCTOR_TYPE_BASE_PROTOCOL, NULL)
                               G_IMPLEMENT_INTERFACE (PROCTOR_TYPE_PIPE_PROTOCOL, NULL)
                               G_IMPLEMENT_INTERFACE (PROCTOR_TYPE_SUBPROCESS_PROTOCOL, NULL))

static inline void
bare_class_init (BareClass *klass)
{
}

static inline void
bare_init (Bare *self)
{
}

/* ---- bytes whose owner wants them back in a thread of its own */

static int n_lent_bytes; /* atomic */

static inline void
take_back (gpointer data)
{
  g_autofree char *name = NULL;

  g_assert_true (g_file_get_contents ("/proc/thread-self/comm", &name, NULL, NULL));
  g_assert_false (g_str_has_prefix (name, "proctor-"));
  g_atomic_int_dec_and_test (&n_lent_bytes);
  g_free (data);
}

/* The pattern's. */
static inline GBytes *
lend_bytes (gsize   length,
            guint64 seed)
{
  g_autoptr(GBytes) pattern = make_pattern (length, seed);
  gpointer copy = g_memdup2 (g_bytes_get_data (pattern, NULL), length);

  g_atomic_int_inc (&n_lent_bytes);
  return g_bytes_new_with_free_func (copy, length, take_back, copy);
}

static inline void
write_pattern (ProctorWriteTransport *transport,
               gsize                  length,
               guint64                seed)
{
  g_autoptr(GBytes) bytes = lend_bytes (length, seed);

  proctor_write_transport_write (transport, bytes);
}

static inline void
write_text (ProctorWriteTransport *transport,
            const char            *text)
{
  g_autoptr(GBytes) bytes = g_bytes_new (text, strlen (text));

  proctor_write_transport_write (transport, bytes);
}

#define assert_all_bytes_back() g_assert_cmpint (g_atomic_int_get (&n_lent_bytes), ==, 0)

/* ---- opening, in the current way */

static inline ProctorSubprocessTransport *
way_open (ProctorCommand  *command,
          gpointer         protocol,
          GCancellable    *cancellable,
          GError         **error)
{
  g_auto(Reply) reply = { 0 };

  if (!way->is_async)
    return proctor_command_open_transport (command, protocol, cancellable, error);

  reply_init (&reply);
  proctor_command_open_transport_async (command, protocol, cancellable, reply_arrived, &reply);
  g_assert_null (reply.result);
  return proctor_command_open_transport_finish (command, reply_wait (&reply), error);
}

static inline ProctorReadTransport *
way_connect_read (int            fd,
                  gpointer       protocol,
                  GCancellable  *cancellable,
                  GError       **error)
{
  g_auto(Reply) reply = { 0 };

  if (!way->is_async)
    return proctor_connect_read_pipe (fd, protocol, cancellable, error);

  reply_init (&reply);
  proctor_connect_read_pipe_async (fd, protocol, cancellable, reply_arrived, &reply);
  g_assert_null (reply.result);
  return proctor_connect_read_pipe_finish (reply_wait (&reply), error);
}

static inline ProctorWriteTransport *
way_connect_write (int            fd,
                   gpointer       protocol,
                   GCancellable  *cancellable,
                   GError       **error)
{
  g_auto(Reply) reply = { 0 };

  if (!way->is_async)
    return proctor_connect_write_pipe (fd, protocol, cancellable, error);

  reply_init (&reply);
  proctor_connect_write_pipe_async (fd, protocol, cancellable, reply_arrived, &reply);
  g_assert_null (reply.result);
  return proctor_connect_write_pipe_finish (reply_wait (&reply), error);
}

/* With a recorder that only the library holds. */
static inline ProctorSubprocessTransport *
open_or_abort (ProctorCommand *command,
               Log            *log)
{
  g_autoptr(Recorder) recorder = recorder_new (log);
  g_autoptr(GError) error = NULL;
  ProctorSubprocessTransport *transport = way_open (command, recorder, NULL, &error);

  g_assert_no_error (error);
  g_assert_true (PROCTOR_IS_SUBPROCESS_TRANSPORT (transport));
  g_assert_true (log->transport == G_OBJECT (transport));
  return transport;
}

static inline ProctorReadTransport *
connect_read_or_abort (int  fd,
                       Log *log)
{
  g_autoptr(Recorder) recorder = recorder_new (log);
  g_autoptr(GError) error = NULL;
  ProctorReadTransport *transport = way_connect_read (fd, recorder, NULL, &error);

  g_assert_no_error (error);
  g_assert_true (PROCTOR_IS_READ_TRANSPORT (transport));
  g_assert_true (log->transport == G_OBJECT (transport));
  return transport;
}

static inline ProctorWriteTransport *
connect_write_or_abort (int  fd,
                        Log *log)
{
  g_autoptr(Recorder) recorder = recorder_new (log);
  g_autoptr(GError) error = NULL;
  ProctorWriteTransport *transport = way_connect_write (fd, recorder, NULL, &error);

  g_assert_no_error (error);
  g_assert_true (PROCTOR_IS_WRITE_TRANSPORT (transport));
  g_assert_true (log->transport == G_OBJECT (transport));
  return transport;
}

/* ---- looking at a transport */

static inline ProctorWriteTransport *
get_stdin (ProctorSubprocessTransport *transport)
{
  return PROCTOR_WRITE_TRANSPORT (proctor_subprocess_transport_get_pipe_transport (transport, 0));
}

static inline ProctorReadTransport *
get_output (ProctorSubprocessTransport *transport,
            int                         fd)
{
  return PROCTOR_READ_TRANSPORT (proctor_subprocess_transport_get_pipe_transport (transport, fd));
}

static inline void
assert_ended_with (ProctorSubprocessTransport *transport,
                   int                         expected)
{
  int returncode = G_MAXINT;

  g_assert_true (proctor_subprocess_transport_get_returncode (transport, &returncode));
  g_assert_cmpint (returncode, ==, expected);
}

static inline void
assert_data (Log        *log,
             int         fd,
             const char *expected)
{
  g_assert_cmpmem (log->data[fd]->data, log->data[fd]->len, expected, strlen (expected));
}

/* Says how much it was and what, when it has read all. */
static inline char *
digest_line (gsize   length,
             guint64 seed)
{
  g_autoptr(GBytes) bytes = make_pattern (length, seed);
  const guint8 *data = g_bytes_get_data (bytes, NULL);
  guint64 digest = G_GUINT64_CONSTANT (14695981039346656037);

  for (gsize i = 0; i < length; i++)
    digest = (digest ^ data[i]) * G_GUINT64_CONSTANT (1099511628211);
  return g_strdup_printf ("%" G_GSIZE_FORMAT " %016" G_GINT64_MODIFIER "x\n", length, digest);
}

/* A child that does nothing before open_gate(). */
static inline ProctorCommand *
gated_command (const char *mode)
{
  g_autofree char *gate = work_path ("gate");

  g_unlink (gate);
  return child_command ("gate", gate, mode, NULL);
}

static inline void
open_gate (void)
{
  g_free (work_file ("gate", ""));
}
