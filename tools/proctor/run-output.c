/* SPDX-License-Identifier: LGPL-2.1-or-later */

/* Thread: MAIN. */

#include "config.h"

#include "run-output.h"

#include <errno.h>
#include <poll.h>
#include <string.h>
#include <unistd.h>

#include <gio/gio.h>
#include <glib/gi18n.h>

#include "run-json.h"

#define PROGRESS_DELAY_MS 1000
#define PROGRESS_PERIOD_MS 500
#define CHUNK_SIZE (64 * 1024)

struct _RunOutput
{
  /* immutable after construction */
  const RunOptions *options;
  GPtrArray *jobs; /* of RunJob, in the order of the commands */

  /* main thread only */
  guint n_written; /* JSON: the jobs before this one have been written */
  guint progress_source;
  gboolean progress_shown;
};

typedef struct
{
  guint failed;
  guint timed_out;
  guint stopped;
  guint not_started;
  guint running;
  guint done;
} JobCounts;

static JobCounts
count_jobs (GPtrArray *jobs)
{
  JobCounts counts = { 0 };

  for (guint i = 0; i < jobs->len; i++)
    {
      RunJob *job = g_ptr_array_index (jobs, i);

      if (!run_job_is_started (job))
        counts.not_started++;
      else if (!run_job_is_done (job))
        counts.running++;
      else
        {
          counts.done++;
          counts.failed += run_job_is_failed (job);
          counts.timed_out += run_job_get_stop_reason (job) == RUN_STOP_TIMED_OUT;
          counts.stopped += run_job_get_stop_reason (job) == RUN_STOP_INTERRUPTED;
        }
    }

  return counts;
}

static gboolean
write_all (int          fd,
           gconstpointer data,
           gsize         length,
           GError      **error)
{
  const char *rest = data;

  while (length > 0)
    {
      gssize written = write (fd, rest, length);

      if (written >= 0)
        {
          rest += written;
          length -= written;
        }
      else if (errno == EAGAIN)
        {
          /* The other holder of this file has made it nonblocking. */
          struct pollfd writable = { .fd = fd, .events = POLLOUT };

          poll (&writable, 1, -1);
        }
      else if (errno != EINTR)
        {
          int saved_errno = errno;

          g_set_error (error, G_IO_ERROR, g_io_error_from_errno (saved_errno),
                       _("cannot write the output: %s"), g_strerror (saved_errno));
          return FALSE;
        }
    }

  return TRUE;
}

static void
wipe_progress (RunOutput *self)
{
  if (self->progress_shown)
    write_all (STDERR_FILENO, "\r\033[K", 4, NULL);
  self->progress_shown = FALSE;
}

static gboolean
show_progress_cb (gpointer user_data)
{
  RunOutput *self = user_data;
  JobCounts counts = count_jobs (self->jobs);
  g_autoptr(GString) line = g_string_new ("\r\033[K");
  g_autofree char *text = NULL;

  /* Translators: shown while commands run; all four count commands. */
  g_string_append_printf (line, _("%u of %u done, %u failed, %u running"), counts.done,
                          self->jobs->len, counts.failed, counts.running);
  text = g_locale_from_utf8 (line->str, line->len, NULL, NULL, NULL);
  if (text == NULL)
    return G_SOURCE_REMOVE;
  write_all (STDERR_FILENO, text, strlen (text), NULL);
  self->progress_shown = TRUE;

  if (self->progress_source != 0)
    g_source_remove (self->progress_source);
  self->progress_source = g_timeout_add (PROGRESS_PERIOD_MS, show_progress_cb, self);

  return G_SOURCE_REMOVE;
}

RunOutput *
run_output_new (const RunOptions *options,
                GPtrArray        *jobs)
{
  RunOutput *self = g_new0 (RunOutput, 1);
  const char *terminal = g_getenv ("TERM");

  self->options = options;
  self->jobs = g_ptr_array_ref (jobs);
  if (jobs->len > 1 && !options->files->pipe &&
      isatty (STDERR_FILENO) && terminal != NULL && strcmp (terminal, "dumb") != 0)
    self->progress_source = g_timeout_add (PROGRESS_DELAY_MS, show_progress_cb, self);

  return self;
}

void
run_output_free (RunOutput *self)
{
  g_clear_handle_id (&self->progress_source, g_source_remove);
  g_ptr_array_unref (self->jobs);
  g_free (self);
}

/* Each line with @label before it, the last one ended. */
static gboolean
write_labelled (int           fd,
                const char   *data,
                gsize         length,
                const char   *label,
                GError      **error)
{
  g_autoptr(GString) chunk = g_string_new (NULL);
  const char *line = data;
  const char *end = data + length;

  while (line < end)
    {
      const char *newline = memchr (line, '\n', end - line);
      const char *stop = newline != NULL ? newline : end;

      g_string_append (chunk, label);
      g_string_append_len (chunk, line, stop - line);
      g_string_append_c (chunk, '\n');
      line = stop + 1;
      if (chunk->len >= CHUNK_SIZE || line >= end)
        {
          if (!write_all (fd, chunk->str, chunk->len, error))
            return FALSE;
          g_string_truncate (chunk, 0);
        }
    }

  return TRUE;
}

static char *
dup_label (RunOutput *self,
           RunJob    *job)
{
  return self->options->label ? g_strdup_printf ("[%u] ", run_job_get_number (job)) : g_strdup ("");
}

static gboolean
write_output (RunOutput  *self,
              RunJob     *job,
              int         fd,
              GBytes     *output,
              GError    **error)
{
  g_autofree char *label = dup_label (self, job);
  gconstpointer data;
  gsize length;

  if (output == NULL)
    return TRUE;

  data = g_bytes_get_data (output, &length);
  if (self->options->label)
    return write_labelled (fd, data, length, label, error);

  return write_all (fd, data, length, error);
}

/* The commands of a pipe are one. */
static gboolean
is_many (RunOutput *self)
{
  return self->jobs->len > 1 && !self->options->files->pipe;
}

/* One command alone that fails has said why itself. */
static gboolean
wants_complaint (RunOutput *self,
                 RunJob    *job)
{
  ProctorResult *result = run_job_get_result (job);

  return is_many (self) || run_job_get_stop_reason (job) != RUN_STOP_NONE ||
         run_job_get_error (job) != NULL ||
         (result != NULL && (proctor_result_is_incomplete (result) ||
                             proctor_result_is_truncated (result)));
}

static gboolean
write_text (RunOutput  *self,
            RunJob     *job,
            GError    **error)
{
  ProctorResult *result = run_job_get_result (job);
  g_autofree char *label = dup_label (self, job);
  g_autofree char *complaint = NULL;

  if (result != NULL)
    {
      if (!write_output (self, job, STDOUT_FILENO, proctor_result_get_stdout (result), error))
        return FALSE;
      /* There is nobody to tell that stderr cannot be written. */
      write_output (self, job, STDERR_FILENO, proctor_result_get_stderr (result), NULL);
    }
  complaint = wants_complaint (self, job) ? run_job_dup_complaint (job) : NULL;
  if (complaint != NULL)
    g_printerr ("%sproctor: %s\n", label, complaint);

  return TRUE;
}

static gboolean
write_json (RunOutput  *self,
            gboolean    all,
            GError    **error)
{
  while (self->n_written < self->jobs->len)
    {
      RunJob *job = g_ptr_array_index (self->jobs, self->n_written);
      g_autofree char *line = NULL;

      if (!all && !run_job_is_done (job))
        break;
      self->n_written++;
      line = run_json_dup_line (job);
      if (!write_all (STDOUT_FILENO, line, strlen (line), error))
        return FALSE;
    }

  return TRUE;
}

gboolean
run_output_job_done (RunOutput  *self,
                     RunJob     *job,
                     GError    **error)
{
  wipe_progress (self);

  return self->options->json ? write_json (self, FALSE, error) : write_text (self, job, error);
}

static void
append_detail (GString    *details,
               const char *format,
               guint       number)
{
  if (number == 0)
    return;

  if (details->len > 0)
    /* Translators: between what is told of the commands, as in “2 failed, 1 not started”. */
    g_string_append (details, C_("list of counts", ", "));
#pragma GCC diagnostic push
#pragma GCC diagnostic ignored "-Wformat-nonliteral"
  g_string_append_printf (details, format, number);
#pragma GCC diagnostic pop
}

static void
print_closing_line (RunOutput *self)
{
  JobCounts counts = count_jobs (self->jobs);
  guint total = self->jobs->len;
  g_autoptr(GString) details = g_string_new (NULL);
  g_autofree char *subject = g_strdup_printf (ngettext ("%u command", "%u commands", total), total);
  g_autofree char *line = NULL;

  /* Translators: each of these counts commands; those that timed out or were stopped are among
   * those that failed.
   */
  append_detail (details, ngettext ("%u failed", "%u failed", counts.failed), counts.failed);
  append_detail (details,
                 ngettext ("%u of them timed out", "%u of them timed out", counts.timed_out),
                 counts.timed_out);
  append_detail (details, ngettext ("%u of them stopped", "%u of them stopped", counts.stopped),
                 counts.stopped);
  append_detail (details, ngettext ("%u not started", "%u not started", counts.not_started),
                 counts.not_started);
  if (details->len == 0)
    g_string_append (details, _("none failed"));
  /* Translators: as in “3 commands: 1 failed, 1 of them timed out”. */
  line = g_strdup_printf (C_("summary", "%s: %s"), subject, details->str);
  g_printerr ("%s\n", line);
}

gboolean
run_output_close (RunOutput  *self,
                  GError    **error)
{
  gboolean written;

  g_clear_handle_id (&self->progress_source, g_source_remove);
  wipe_progress (self);
  written = !self->options->json || write_json (self, TRUE, error);
  if (is_many (self))
    print_closing_line (self);

  return written;
}
