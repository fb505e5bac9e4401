/* SPDX-License-Identifier: LGPL-2.1-or-later */

/* Thread: MAIN. */

#include "config.h"

#include "run-json.h"

#include <glib/gi18n.h>
#include <json-glib/json-glib.h>

#include "base/signal-name.h"
#include "tool.h"

/* The objects are put together here, and only strings by json-glib: it writes every number with 17
 * digits, so that 1386 µs would read 0.0013860000000000001.
 */

static void
append_name (GString    *line,
             const char *name)
{
  g_string_append_printf (line, "%s\"%s\":", line->len > 1 ? "," : "", name);
}

static void
append_null (GString    *line,
             const char *name)
{
  append_name (line, name);
  g_string_append (line, "null");
}

/* @value is UTF-8, or NULL for null. */
static void
append_string (GString    *line,
               const char *name,
               const char *value)
{
  g_autoptr(JsonNode) node = json_node_new (value != NULL ? JSON_NODE_VALUE : JSON_NODE_NULL);
  g_autofree char *text = NULL;

  if (value != NULL)
    json_node_set_string (node, value);
  text = json_to_string (node, FALSE);
  append_name (line, name);
  g_string_append (line, text);
}

static void
append_boolean (GString    *line,
                const char *name,
                gboolean    value)
{
  append_name (line, name);
  g_string_append (line, value ? "true" : "false");
}

/* Negative: not known. */
static void
append_seconds (GString    *line,
                const char *name,
                GTimeSpan   microseconds)
{
  if (microseconds < 0)
    {
      append_null (line, name);
      return;
    }

  append_name (line, name);
  g_string_append_printf (line, "%" G_GINT64_FORMAT ".%06" G_GINT64_FORMAT,
                          microseconds / G_USEC_PER_SEC, microseconds % G_USEC_PER_SEC);
}

static void
append_bytes (GString    *line,
              const char *name,
              GBytes     *bytes)
{
  gconstpointer data;
  gsize length;
  g_autofree char *text = NULL;
  g_autofree char *base64_name = NULL;

  if (bytes == NULL)
    {
      append_null (line, name);
      return;
    }

  data = g_bytes_get_data (bytes, &length);
  /* A NUL is no UTF-8 for GLib: such output goes as base64, too. */
  if (length == 0 || g_utf8_validate_len (data, length, NULL))
    {
      text = length > 0 ? g_strndup (data, length) : g_strdup ("");
      append_string (line, name, text);
      return;
    }

  base64_name = g_strconcat (name, "_base64", NULL);
  text = g_base64_encode (data, length);
  append_string (line, base64_name, text);
}

static void
append_count (GString    *line,
              const char *name,
              guint64     n)
{
  append_name (line, name);
  g_string_append_printf (line, "%" G_GUINT64_FORMAT, n);
}

static char *
dup_iso8601 (gint64 microseconds)
{
  g_autoptr(GDateTime) whole = g_date_time_new_from_unix_utc (microseconds / G_USEC_PER_SEC);
  g_autoptr(GDateTime) moment = g_date_time_add (whole, microseconds % G_USEC_PER_SEC);

  return g_date_time_format_iso8601 (moment);
}

static void
append_returncode (GString       *line,
                   ProctorResult *result)
{
  int returncode = PROCTOR_RETURNCODE_NONE;
  g_autofree char *signal_name = NULL;

  if (result != NULL)
    returncode = proctor_result_get_returncode (result);

  if (returncode == PROCTOR_RETURNCODE_NONE)
    {
      append_null (line, "returncode");
    }
  else
    {
      append_name (line, "returncode");
      g_string_append_printf (line, "%d", returncode);
      if (returncode < 0)
        signal_name = dup_signal_name (-returncode);
    }

  append_string (line, "signal", signal_name);
}

static void
append_times (GString       *line,
              ProctorResult *result)
{
  static const char * const names[] = { "start_time", "wall_time", "user_time", "system_time" };
  g_autofree char *start_time = NULL;

  if (result == NULL)
    {
      for (gsize i = 0; i < G_N_ELEMENTS (names); i++)
        append_null (line, names[i]);
      return;
    }

  start_time = dup_iso8601 (proctor_result_get_start_time (result));
  append_string (line, names[0], start_time);
  append_seconds (line, names[1], proctor_result_get_wall_time (result));
  append_seconds (line, names[2], proctor_result_get_user_time (result));
  append_seconds (line, names[3], proctor_result_get_system_time (result));
}

static const char *
get_error_message (RunJob *job)
{
  const GError *error = run_job_get_error (job);

  if (!run_job_is_started (job))
    return _("not started");
  if (run_job_get_stop_reason (job) == RUN_STOP_INTERRUPTED)
    return _("stopped");
  if (run_job_get_stop_reason (job) == RUN_STOP_TIMED_OUT)
    return NULL;

  if (run_job_is_over_limit (job))
    return _("it wrote more than it may and was stopped");

  return error != NULL ? error->message : NULL;
}

char *
run_json_dup_line (RunJob *job)
{
  GString *line = g_string_new ("{");
  ProctorResult *result = run_job_get_result (job);
  g_autofree char *command = g_utf8_make_valid (run_job_get_text (job), -1);

  append_name (line, "index");
  g_string_append_printf (line, "%u", run_job_get_number (job));
  append_string (line, "command", command);
  append_returncode (line, result);
  append_bytes (line, "stdout", result != NULL ? proctor_result_get_stdout (result) : NULL);
  append_bytes (line, "stderr", result != NULL ? proctor_result_get_stderr (result) : NULL);
  append_count (line, "stdout_cut", result != NULL ? proctor_result_get_stdout_cut (result) : 0);
  append_count (line, "stderr_cut", result != NULL ? proctor_result_get_stderr_cut (result) : 0);
  append_boolean (line, "timed_out", run_job_get_stop_reason (job) == RUN_STOP_TIMED_OUT);
  append_boolean (line, "incomplete", result != NULL && proctor_result_is_incomplete (result));
  append_times (line, result);
  append_string (line, "error", get_error_message (job));
  g_string_append (line, "}\n");

  return g_string_free (line, FALSE);
}
