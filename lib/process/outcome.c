/* How a process ended, for people and for programs.
 *
 * SPDX-License-Identifier: LGPL-2.1-or-later
 */

/* Thread: ANY. Pure. */

#include "config.h"

#include "process/result-data.h"

#include <glib/gi18n-lib.h>
#include <sys/wait.h>

#include "base/signal-name.h"

/* Of stderr in a message. */
#define TAIL_MAX_LINES 5
#define TAIL_MAX_BYTES 600

int
returncode_from_wait_status (int wait_status)
{
  return WIFSIGNALED (wait_status) ? -WTERMSIG (wait_status) : WEXITSTATUS (wait_status);
}

/* Where the last lines begin that fit; a longer line is cut, at a character's beginning. */
static gsize
find_tail (const char *data,
           gsize       length)
{
  gsize start = length;
  guint n_lines = 0;

  while (start > 0 && length - start < TAIL_MAX_BYTES)
    {
      if (data[start - 1] == '\n' && ++n_lines == TAIL_MAX_LINES)
        break;
      start--;
    }
  while (start > 0 && start < length && data[start - 1] != '\n' &&
         ((guchar) data[start] & 0xC0) == 0x80)
    start++;

  return start;
}

char *
dup_last_lines (GBytes *bytes)
{
  gsize length = 0;
  const char *data = bytes != NULL ? g_bytes_get_data (bytes, &length) : NULL;
  g_autofree char *valid = NULL;
  gboolean cut;
  gsize start;

  while (length > 0 && g_ascii_isspace (data[length - 1]))
    length--;
  if (length == 0)
    return NULL;

  start = find_tail (data, length);
  cut = start > 0 && data[start - 1] != '\n';
  valid = g_utf8_make_valid (data + start, (gssize) (length - start));
  return g_strconcat (cut ? "…" : "", valid, NULL);
}

GError *
outcome_to_error (const ChildOutcome *outcome,
                  const char         *description,
                  GBytes             *standard_error)
{
  int returncode = outcome->lost ? 0 : returncode_from_wait_status (outcome->wait_status);
  g_autofree char *signal_name = NULL;
  g_autofree char *said = NULL;
  GError *error = NULL;

  if (outcome->lost)
    return g_error_new (PROCTOR_ERROR, PROCTOR_ERROR_STATUS_LOST,
                        _("The exit status of “%s” was taken away by another part of the program"),
                        description);
  if (returncode == 0)
    return NULL;

  if (returncode < 0)
    {
      signal_name = dup_signal_name (-returncode);
      error = g_error_new (PROCTOR_ERROR, PROCTOR_ERROR_SIGNALLED, _("“%s” was ended by %s"),
                           description, signal_name);
    }
  else
    {
      error = g_error_new (PROCTOR_ERROR, PROCTOR_ERROR_EXIT_STATUS, _("“%s” exited with %d"),
                           description, returncode);
    }

  said = dup_last_lines (standard_error);
  error_add_last_lines (error, said);
  return error;
}

void
error_add_last_lines (GError     *error,
                      const char *last_lines)
{
  char *longer;

  if (last_lines == NULL)
    return;

  longer = g_strdup_printf ("%s:\n%s", error->message, last_lines);
  g_free (error->message);
  error->message = longer;
}

/* ---- what it used */

static GTimeSpan
time_span_from_timeval (const ChildOutcome   *outcome,
                        const struct timeval *time)
{
  if (!outcome->has_rusage)
    return -1;
  return (GTimeSpan) time->tv_sec * G_TIME_SPAN_SECOND + (GTimeSpan) time->tv_usec;
}

GTimeSpan
outcome_get_user_time (const ChildOutcome *outcome)
{
  return time_span_from_timeval (outcome, &outcome->rusage.ru_utime);
}

GTimeSpan
outcome_get_system_time (const ChildOutcome *outcome)
{
  return time_span_from_timeval (outcome, &outcome->rusage.ru_stime);
}

/* The kernel carries the largest size of whoever has called vfork over the exec, so ru_maxrss is
 * not the child's.
 */
gboolean
outcome_get_rusage (const ChildOutcome *outcome,
                    struct rusage      *rusage)
{
  if (!outcome->has_rusage)
    return FALSE;

  *rusage = outcome->rusage;
  rusage->ru_maxrss = 0;
  return TRUE;
}
