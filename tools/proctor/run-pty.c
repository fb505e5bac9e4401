/* SPDX-License-Identifier: LGPL-2.1-or-later */

/* Thread: MAIN. */

#include "config.h"

#include "run-pty.h"

#include <errno.h>
#include <poll.h>
#include <signal.h>
#include <sys/ioctl.h>
#include <termios.h>
#include <unistd.h>

#include <gio/gunixinputstream.h>
#include <glib-unix.h>
#include <glib/gi18n.h>

#define BLOCK_SIZE (64 * 1024)

/* Each operation under way holds a reference, and does nothing any more once it is freed. */
struct _RunPty
{
  ProctorProcess *process;
  RunPtyFunc ended_func;
  gpointer user_data;
  GInputStream *input;
  GCancellable *cancellable;
  guint resize_source;
  gboolean freed;
  gboolean is_raw;
  struct termios modes; /* of our terminal, before */
};

static void read_input (RunPty *self);
static void read_output (RunPty *self);

static void
restore (RunPty *self)
{
  if (self->is_raw)
    tcsetattr (STDIN_FILENO, TCSADRAIN, &self->modes);
  self->is_raw = FALSE;
}

static void
terminal_clear (gpointer data)
{
  RunPty *self = data;

  g_object_unref (self->cancellable);
  g_object_unref (self->input);
  g_object_unref (self->process);
}

static void
terminal_unref (RunPty *self)
{
  g_rc_box_release_full (self, terminal_clear);
}

G_DEFINE_AUTOPTR_CLEANUP_FUNC (RunPty, terminal_unref)

/* ---- from us to the command */

static void
drained_cb (GObject      *source,
            GAsyncResult *result,
            gpointer      user_data)
{
  g_autoptr(RunPty) self = user_data;

  if (proctor_stream_writer_drain_finish (PROCTOR_STREAM_WRITER (source), result, NULL) &&
      !self->freed)
    read_input (self);
}

static void
input_read_cb (GObject      *source,
               GAsyncResult *result,
               gpointer      user_data)
{
  g_autoptr(RunPty) self = user_data;
  g_autoptr(GBytes) bytes =
    g_input_stream_read_bytes_finish (G_INPUT_STREAM (source), result, NULL);
  ProctorStreamWriter *writer;

  if (self->freed)
    return;

  writer = proctor_process_get_stdin (self->process);
  if (bytes == NULL || g_bytes_get_size (bytes) == 0)
    {
      proctor_stream_writer_write_eof (writer);
      return;
    }
  proctor_stream_writer_queue_bytes (writer, bytes);
  proctor_stream_writer_drain_async (writer, self->cancellable, drained_cb,
                                     g_rc_box_acquire (self));
}

static void
read_input (RunPty *self)
{
  g_input_stream_read_bytes_async (self->input, BLOCK_SIZE, G_PRIORITY_DEFAULT, self->cancellable,
                                   input_read_cb, g_rc_box_acquire (self));
}

/* ---- from the command to us */

static gboolean
write_out (const char  *data,
           gsize        length,
           GError     **error)
{
  while (length > 0)
    {
      gssize written = write (STDOUT_FILENO, data, length);
      int saved_errno = errno;

      if (written >= 0)
        {
          data += written;
          length -= (gsize) written;
        }
      else if (saved_errno == EAGAIN)
        {
          struct pollfd writable = { .fd = STDOUT_FILENO, .events = POLLOUT };

          poll (&writable, 1, -1);
        }
      else if (saved_errno != EINTR)
        {
          g_set_error (error, G_IO_ERROR, g_io_error_from_errno (saved_errno),
                       _("cannot write the output: %s"), g_strerror (saved_errno));
          return FALSE;
        }
    }
  return TRUE;
}

static void
output_read_cb (GObject      *source,
                GAsyncResult *result,
                gpointer      user_data)
{
  g_autoptr(RunPty) self = user_data;
  g_autoptr(GError) error = NULL;
  g_autoptr(GBytes) bytes =
    g_input_stream_read_bytes_finish (G_INPUT_STREAM (source), result, &error);
  gconstpointer data;
  gsize length = 0;

  if (self->freed)
    return;

  data = bytes != NULL ? g_bytes_get_data (bytes, &length) : NULL;
  if (data != NULL && length > 0 && write_out (data, length, &error))
    {
      read_output (self);
      return;
    }

  restore (self);
  self->ended_func (error, self->user_data);
}

static void
read_output (RunPty *self)
{
  g_input_stream_read_bytes_async (
    G_INPUT_STREAM (proctor_process_get_stdout (self->process)), BLOCK_SIZE, G_PRIORITY_DEFAULT,
    self->cancellable, output_read_cb, g_rc_box_acquire (self));
}

/* ---- the whole */

static gboolean
resized_cb (gpointer user_data)
{
  RunPty *self = user_data;
  struct winsize size;

  if (ioctl (STDIN_FILENO, TIOCGWINSZ, &size) == 0 && size.ws_row > 0 && size.ws_col > 0)
    proctor_process_set_window_size (self->process, size.ws_row, size.ws_col, NULL);
  return G_SOURCE_CONTINUE;
}

/* What is typed is the command's terminal's to make sense of, and to echo. */
static void
make_raw (RunPty *self)
{
  struct termios raw;

  if (tcgetpgrp (STDIN_FILENO) != getpgrp () || tcgetattr (STDIN_FILENO, &self->modes) < 0)
    return;

  raw = self->modes;
  cfmakeraw (&raw);
  self->is_raw = tcsetattr (STDIN_FILENO, TCSADRAIN, &raw) == 0;
  self->resize_source = g_unix_signal_add (SIGWINCH, resized_cb, self);
  /* It may have been resized since the command was given its size. */
  resized_cb (self);
}

RunPty *
run_pty_start (ProctorProcess  *process,
                    RunPtyFunc  ended_func,
                    gpointer         user_data)
{
  RunPty *self = g_rc_box_new0 (RunPty);

  self->process = g_object_ref (process);
  self->ended_func = ended_func;
  self->user_data = user_data;
  self->cancellable = g_cancellable_new ();
  self->input = g_unix_input_stream_new (STDIN_FILENO, FALSE);
  make_raw (self);
  read_output (self);
  read_input (self);

  return self;
}

void
run_pty_free (RunPty *self)
{
  self->freed = TRUE;
  g_cancellable_cancel (self->cancellable);
  restore (self);
  g_clear_handle_id (&self->resize_source, g_source_remove);
  terminal_unref (self);
}
