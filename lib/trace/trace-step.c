/* SPDX-License-Identifier: LGPL-2.1-or-later */

/* Thread: ANY. Pure. */

#include "config.h"

#include "trace/trace-step.h"

#include <sys/wait.h>

#include "base/signal-name.h"

/* Enough for what RLIMIT_NOFILE may be, and one more. */
#define FD_BITS 21
#define FD_MASK ((G_GINT64_CONSTANT (1) << FD_BITS) - 1)

static const char *const step_names[TRACE_N_STEPS] = {
  [TRACE_COMMAND] = "command",
  [TRACE_QUEUED] = "queued",
  [TRACE_SPAWN_BEGIN] = "spawn begins",
  [TRACE_FDS] = "fds",
  [TRACE_SPAWN_END] = "spawned",
  [TRACE_SPAWN_FAILED] = "spawn failed",
  [TRACE_FIRST_INPUT] = "first byte in",
  [TRACE_FIRST_OUTPUT] = "first byte out",
  [TRACE_PAUSE] = "paused",
  [TRACE_RESUME] = "resumed",
  [TRACE_EOF] = "eof",
  [TRACE_SIGNAL] = "signal",
  [TRACE_EXITED] = "exited",
  [TRACE_REAPED] = "reaped",
  [TRACE_ANSWERED] = "answered",
  [TRACE_DELIVERED] = "delivered",
  [TRACE_RETURNED] = "returned",
  [TRACE_RELEASED] = "released",
  [TRACE_MESSAGE_SENT] = "message sent",
  [TRACE_MESSAGE_BEGIN] = "message",
  [TRACE_MESSAGE_END] = "message handled",
  [TRACE_READ] = "read",
  [TRACE_WRITTEN] = "written",
  [TRACE_LOST] = "lost",
};

static const guint step_log_bits[TRACE_N_STEPS] = {
  [TRACE_COMMAND] = TRACE_LOG_SPAWN,
  [TRACE_QUEUED] = TRACE_LOG_SPAWN,
  [TRACE_SPAWN_BEGIN] = TRACE_LOG_SPAWN,
  [TRACE_FDS] = TRACE_LOG_SPAWN,
  [TRACE_SPAWN_END] = TRACE_LOG_SPAWN,
  [TRACE_SPAWN_FAILED] = TRACE_LOG_SPAWN,
  [TRACE_FIRST_INPUT] = 0, /* it is a TRACE_WRITTEN as well */
  [TRACE_FIRST_OUTPUT] = 0,
  [TRACE_PAUSE] = TRACE_LOG_IO,
  [TRACE_RESUME] = TRACE_LOG_IO,
  [TRACE_EOF] = TRACE_LOG_IO,
  [TRACE_SIGNAL] = TRACE_LOG_WATCH,
  [TRACE_EXITED] = TRACE_LOG_WATCH,
  [TRACE_REAPED] = TRACE_LOG_WATCH,
  [TRACE_ANSWERED] = TRACE_LOG_ACTOR,
  [TRACE_DELIVERED] = TRACE_LOG_ACTOR,
  [TRACE_RETURNED] = TRACE_LOG_ACTOR,
  [TRACE_RELEASED] = TRACE_LOG_ACTOR,
  [TRACE_MESSAGE_SENT] = TRACE_LOG_ACTOR,
  [TRACE_MESSAGE_BEGIN] = TRACE_LOG_ACTOR,
  [TRACE_MESSAGE_END] = TRACE_LOG_ACTOR,
  [TRACE_READ] = TRACE_LOG_IO,
  [TRACE_WRITTEN] = TRACE_LOG_IO,
  [TRACE_LOST] = 0,
};

static const char *const stdio_names[] = { "stdin", "stdout", "stderr", "fd" };

gint64
trace_fds_value (int stdin_fd,
                 int stdout_fd,
                 int stderr_fd)
{
  return ((stderr_fd + 1) & FD_MASK) << (2 * FD_BITS) | ((stdout_fd + 1) & FD_MASK) << FD_BITS |
         ((stdin_fd + 1) & FD_MASK);
}

const char *
trace_step_get_name (TraceStep step)
{
  return step < TRACE_N_STEPS ? step_names[step] : "?";
}

guint
trace_step_get_log_bit (TraceStep step)
{
  return step < TRACE_N_STEPS ? step_log_bits[step] : 0;
}

gboolean
trace_step_is_of_process (TraceStep step)
{
  return step < TRACE_MESSAGE_SENT && step != TRACE_RETURNED;
}

static char *
describe_fds (gint64 value)
{
  GString *text = g_string_new (NULL);

  for (guint i = 0; i < 3; i++)
    {
      int fd = (int) (value >> (i * FD_BITS) & FD_MASK) - 1;

      if (fd >= 0)
        g_string_append_printf (text, "%s%s %d", text->len > 0 ? ", " : "", stdio_names[i], fd);
    }
  if (text->len == 0)
    g_string_append (text, "no pipes");
  return g_string_free (text, FALSE);
}

static char *
describe_status (gint64 value)
{
  int status = (int) value;

  if (value == TRACE_STATUS_LOST)
    return g_strdup ("status lost");
  if (WIFSIGNALED (status))
    return dup_signal_name (WTERMSIG (status));
  return g_strdup_printf ("code %d", WEXITSTATUS (status));
}

char *
trace_record_describe (const TraceRecord *record,
                       const char        *text)
{
  const char *stdio = stdio_names[record->value & 3];
  gint64 pipe_value = record->value >> 2;

  switch ((TraceStep) record->step)
    {
    case TRACE_COMMAND:
    case TRACE_SPAWN_FAILED:
      return g_strdup (text);
    case TRACE_FDS:
      return describe_fds (record->value);
    case TRACE_SPAWN_END:
      return g_strdup_printf ("pid %d", (int) record->value);
    case TRACE_FIRST_INPUT:
    case TRACE_FIRST_OUTPUT:
    case TRACE_READ:
    case TRACE_WRITTEN:
      return g_strdup_printf ("%s, %d bytes", stdio, (int) pipe_value);
    case TRACE_PAUSE:
    case TRACE_RESUME:
      return g_strdup (stdio);
    case TRACE_EOF:
      return pipe_value == 0 ? g_strdup (stdio)
                             : g_strdup_printf ("%s: %s", stdio, g_strerror ((int) pipe_value));
    case TRACE_SIGNAL:
      return dup_signal_name ((int) record->value);
    case TRACE_REAPED:
      return describe_status (record->value);
    case TRACE_LOST:
      return g_strdup_printf ("%" G_GINT64_FORMAT " records", record->value);
    case TRACE_QUEUED:
    case TRACE_SPAWN_BEGIN:
    case TRACE_EXITED:
    case TRACE_ANSWERED:
    case TRACE_DELIVERED:
    case TRACE_RETURNED:
    case TRACE_RELEASED:
    case TRACE_MESSAGE_SENT:
    case TRACE_MESSAGE_BEGIN:
    case TRACE_MESSAGE_END:
    case TRACE_N_STEPS:
    default:
      return NULL;
    }
}
