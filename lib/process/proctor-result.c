/* SPDX-License-Identifier: LGPL-2.1-or-later */

/* Thread: ANY. A result never changes. */

#include "config.h"

#include "process/result-data.h"

#include <glib/gi18n-lib.h>
#include <string.h>

/**
 * ProctorResult:
 *
 * How a process ended, and what it wrote.
 *
 * A non-zero exit, a timeout or output that could not be read to its end is a result and not an
 * error; [method@Result.check] makes it one.
 *
 * Thread safety: any thread; a result never changes.
 *
 * Since: 1.0
 */
struct _ProctorResult
{
  GObject parent_instance;

  /* immutable after construction */
  ResultData *data; /* owned */
};

enum
{
  PROP_0,
  PROP_RETURNCODE,
  PROP_STDOUT,
  PROP_STDERR,
  PROP_TIMED_OUT,
  PROP_INCOMPLETE,
  PROP_TRUNCATED,
  N_PROPERTIES
};

static GParamSpec *properties[N_PROPERTIES];

G_DEFINE_FINAL_TYPE (ProctorResult, proctor_result, G_TYPE_OBJECT)

/* ---- the data */

ResultData *
result_data_new (void)
{
  return g_new0 (ResultData, 1);
}

void
result_data_free (ResultData *self)
{
  g_free (self->description);
  g_clear_error (&self->error);
  for (guint i = 0; i < G_N_ELEMENTS (self->captured); i++)
    g_clear_pointer (&self->captured[i], g_bytes_unref);
  g_free (self);
}

ProctorResult *
proctor_result_new (ResultData *data)
{
  ProctorResult *self = g_object_new (PROCTOR_TYPE_RESULT, NULL);

  self->data = data;
  return self;
}

/* ---- getters */

/**
 * proctor_result_get_returncode:
 * @self: a result
 *
 * How the process ended: its exit code, or -N if signal N ended it.
 *
 * Thread safety: any thread.
 *
 * Returns: the returncode, or %PROCTOR_RETURNCODE_NONE if there was no process or its status is
 * lost
 *
 * Since: 1.0
 */
int
proctor_result_get_returncode (ProctorResult *self)
{
  g_return_val_if_fail (PROCTOR_IS_RESULT (self), PROCTOR_RETURNCODE_NONE);

  if (self->data->error != NULL || self->data->outcome.lost)
    return PROCTOR_RETURNCODE_NONE;
  return returncode_from_wait_status (self->data->outcome.wait_status);
}

/**
 * proctor_result_get_stdout:
 * @self: a result
 *
 * What the process wrote to its stdout.
 *
 * Thread safety: any thread.
 *
 * Returns: (transfer none) (nullable): the bytes; %NULL if stdout was not captured
 *
 * Since: 1.0
 */
GBytes *
proctor_result_get_stdout (ProctorResult *self)
{
  g_return_val_if_fail (PROCTOR_IS_RESULT (self), NULL);

  return self->data->captured[0];
}

/**
 * proctor_result_get_stderr:
 * @self: a result
 *
 * What the process wrote to its stderr.
 *
 * Thread safety: any thread.
 *
 * Returns: (transfer none) (nullable): the bytes; %NULL if stderr was not captured
 *
 * Since: 1.0
 */
GBytes *
proctor_result_get_stderr (ProctorResult *self)
{
  g_return_val_if_fail (PROCTOR_IS_RESULT (self), NULL);

  return self->data->captured[1];
}

static char *
dup_utf8 (GBytes      *bytes,
          const char  *stream,
          GError     **error)
{
  gsize length;
  const char *data;
  const char *end;

  if (bytes == NULL)
    return NULL;

  data = g_bytes_get_data (bytes, &length);
  if (data == NULL)
    return g_strdup ("");
  if (!g_utf8_validate_len (data, length, &end))
    {
      g_set_error (error, G_IO_ERROR, G_IO_ERROR_INVALID_DATA,
                   /* Translators: the first one is stdout or stderr, which stay as they are. */
                   _("%s is not valid UTF-8 at byte %lu"), stream, (gulong) (end - data));
      return NULL;
    }
  return g_strndup (data, length);
}

/**
 * proctor_result_dup_stdout_utf8:
 * @self: a result
 * @error: return location for an error
 *
 * What the process wrote to its stdout, as text.
 *
 * Errors: %G_IO_ERROR_INVALID_DATA if it is not valid UTF-8, or has a NUL byte.
 *
 * Thread safety: any thread.
 *
 * Returns: (transfer full) (nullable): the text; %NULL without an error if stdout was not captured
 *
 * Since: 1.0
 */
char *
proctor_result_dup_stdout_utf8 (ProctorResult  *self,
                                GError        **error)
{
  g_return_val_if_fail (PROCTOR_IS_RESULT (self), NULL);

  return dup_utf8 (self->data->captured[0], "stdout", error);
}

/**
 * proctor_result_dup_stderr_utf8:
 * @self: a result
 * @error: return location for an error
 *
 * What the process wrote to its stderr, as text.
 *
 * Errors: %G_IO_ERROR_INVALID_DATA if it is not valid UTF-8, or has a NUL byte.
 *
 * Thread safety: any thread.
 *
 * Returns: (transfer full) (nullable): the text; %NULL without an error if stderr was not captured
 *
 * Since: 1.0
 */
char *
proctor_result_dup_stderr_utf8 (ProctorResult  *self,
                                GError        **error)
{
  g_return_val_if_fail (PROCTOR_IS_RESULT (self), NULL);

  return dup_utf8 (self->data->captured[1], "stderr", error);
}

/**
 * proctor_result_is_timed_out:
 * @self: a result
 *
 * Whether the process was stopped because the command's timeout had passed. The output so far is
 * there.
 *
 * Thread safety: any thread.
 *
 * Returns: whether it timed out
 *
 * Since: 1.0
 */
gboolean
proctor_result_is_timed_out (ProctorResult *self)
{
  g_return_val_if_fail (PROCTOR_IS_RESULT (self), FALSE);

  return self->data->timed_out;
}

/**
 * proctor_result_is_incomplete:
 * @self: a result
 *
 * Whether an output was still open when the drain grace after the exit had passed, because a
 * descendant of the process holds it. What had been written until then is there.
 *
 * Thread safety: any thread.
 *
 * Returns: whether output may be missing
 *
 * Since: 1.0
 */
gboolean
proctor_result_is_incomplete (ProctorResult *self)
{
  g_return_val_if_fail (PROCTOR_IS_RESULT (self), FALSE);

  return self->data->incomplete;
}

/**
 * proctor_result_get_start_time:
 * @self: a result
 *
 * When the process was started.
 *
 * Thread safety: any thread.
 *
 * Returns: microseconds since 1970-01-01 00:00 UTC, as of [func@GLib.get_real_time]
 *
 * Since: 1.0
 */
gint64
proctor_result_get_start_time (ProctorResult *self)
{
  g_return_val_if_fail (PROCTOR_IS_RESULT (self), 0);

  return self->data->start_time;
}

/**
 * proctor_result_get_wall_time:
 * @self: a result
 *
 * How long the process ran.
 *
 * Thread safety: any thread.
 *
 * Returns: microseconds from its start until its exit was noticed
 *
 * Since: 1.0
 */
GTimeSpan
proctor_result_get_wall_time (ProctorResult *self)
{
  g_return_val_if_fail (PROCTOR_IS_RESULT (self), 0);

  return self->data->wall_time;
}

/**
 * proctor_result_get_user_time:
 * @self: a result
 *
 * How long the process and its reaped descendants computed in user mode.
 *
 * Thread safety: any thread.
 *
 * Returns: microseconds, or -1 if the system did not say
 *
 * Since: 1.0
 */
GTimeSpan
proctor_result_get_user_time (ProctorResult *self)
{
  g_return_val_if_fail (PROCTOR_IS_RESULT (self), -1);

  return outcome_get_user_time (&self->data->outcome);
}

/**
 * proctor_result_get_system_time:
 * @self: a result
 *
 * How long the kernel computed for the process and its reaped descendants.
 *
 * Thread safety: any thread.
 *
 * Returns: microseconds, or -1 if the system did not say
 *
 * Since: 1.0
 */
GTimeSpan
proctor_result_get_system_time (ProctorResult *self)
{
  g_return_val_if_fail (PROCTOR_IS_RESULT (self), -1);

  return outcome_get_system_time (&self->data->outcome);
}

/**
 * proctor_result_get_rusage: (skip)
 * @self: a result
 * @rusage: (out): return location for the resources used
 *
 * The resources that the process and its reaped descendants used, as of getrusage(2).
 *
 * `ru_maxrss` is not the child's own: the kernel carries the size of this program over vfork and
 * exec. It is 0 here.
 *
 * Thread safety: any thread.
 *
 * Returns: %FALSE, with @rusage untouched, if the system did not say: where GLib has reaped the
 * child, or the status is lost
 *
 * Since: 1.0
 */
gboolean
proctor_result_get_rusage (ProctorResult *self,
                           struct rusage *rusage)
{
  g_return_val_if_fail (PROCTOR_IS_RESULT (self), FALSE);
  g_return_val_if_fail (rusage != NULL, FALSE);

  return outcome_get_rusage (&self->data->outcome, rusage);
}

/**
 * proctor_result_get_peak_memory:
 * @self: a result
 * @bytes: (out): return location for a number of bytes
 *
 * The most memory that the process and its descendants had at once.
 *
 * Only a cgroup counts that, so it is known for commands with %PROCTOR_COMMAND_OWN_TREE where one
 * was delegated to this program with the memory controller, and absent else.
 *
 * Thread safety: any thread.
 *
 * Returns: %FALSE, with @bytes untouched, if it is not known
 *
 * Since: 1.0
 */
gboolean
proctor_result_get_peak_memory (ProctorResult *self,
                                guint64       *bytes)
{
  g_return_val_if_fail (PROCTOR_IS_RESULT (self), FALSE);
  g_return_val_if_fail (bytes != NULL, FALSE);

  if (self->data->outcome.peak_memory == 0)
    return FALSE;

  *bytes = self->data->outcome.peak_memory;
  return TRUE;
}

/**
 * proctor_result_is_truncated:
 * @self: a result
 *
 * Whether output was thrown away because of [method@Command.set_output_limit]. What was kept is in
 * the result.
 *
 * Thread safety: any thread.
 *
 * Returns: whether it was
 *
 * Since: 1.0
 */
gboolean
proctor_result_is_truncated (ProctorResult *self)
{
  g_return_val_if_fail (PROCTOR_IS_RESULT (self), FALSE);

  return self->data->n_cut[0] > 0 || self->data->n_cut[1] > 0;
}

/**
 * proctor_result_get_stdout_cut:
 * @self: a result
 *
 * How much of the output to stdout was thrown away: what came after that which was kept, or before
 * it with %PROCTOR_OUTPUT_POLICY_KEEP_TAIL.
 *
 * Thread safety: any thread.
 *
 * Returns: a number of bytes
 *
 * Since: 1.0
 */
guint64
proctor_result_get_stdout_cut (ProctorResult *self)
{
  g_return_val_if_fail (PROCTOR_IS_RESULT (self), 0);

  return self->data->n_cut[0];
}

/**
 * proctor_result_get_stderr_cut:
 * @self: a result
 *
 * The same as [method@Result.get_stdout_cut] for stderr.
 *
 * Thread safety: any thread.
 *
 * Returns: a number of bytes
 *
 * Since: 1.0
 */
guint64
proctor_result_get_stderr_cut (ProctorResult *self)
{
  g_return_val_if_fail (PROCTOR_IS_RESULT (self), 0);

  return self->data->n_cut[1];
}

/**
 * proctor_result_get_error:
 * @self: a result
 *
 * Why there was no process, in a result of [func@gather].
 *
 * Thread safety: any thread.
 *
 * Returns: (transfer none) (nullable): the error of the spawn; %NULL if the process was started
 *
 * Since: 1.0
 */
const GError *
proctor_result_get_error (ProctorResult *self)
{
  g_return_val_if_fail (PROCTOR_IS_RESULT (self), NULL);

  return self->data->error;
}

static GError *
find_wrong (const ResultData *data)
{
  g_autofree char *said = NULL;
  GError *wrong;

  if (data->error != NULL)
    return g_error_copy (data->error);
  if (!data->over_limit && !data->timed_out)
    return outcome_to_error (&data->outcome, data->description, data->captured[1]);

  if (data->over_limit)
    wrong = g_error_new (PROCTOR_ERROR, PROCTOR_ERROR_OUTPUT_LIMIT,
                         _("“%s” wrote more than it may and was stopped"), data->description);
  else
    wrong = g_error_new (G_IO_ERROR, G_IO_ERROR_TIMED_OUT,
                         _("“%s” did not end in time and was stopped"), data->description);
  said = dup_last_lines (data->captured[1]);
  error_add_last_lines (wrong, said);
  return wrong;
}

/**
 * proctor_result_check:
 * @self: a result
 * @error: return location for an error
 *
 * Makes an error of whatever went wrong.
 *
 * Errors: the error of the spawn; %G_IO_ERROR_TIMED_OUT; %PROCTOR_ERROR_OUTPUT_LIMIT
 * with %PROCTOR_OUTPUT_POLICY_FAIL; %PROCTOR_ERROR_STATUS_LOST; %PROCTOR_ERROR_SIGNALLED;
 * %PROCTOR_ERROR_EXIT_STATUS. An incomplete output is none, and neither is one that was cut.
 *
 * The message names the command, the returncode or the signal, and quotes the last lines of stderr
 * if that was captured: at most five lines and 600 bytes.
 *
 * Thread safety: any thread.
 *
 * Returns: %TRUE if the process exited with 0
 *
 * Since: 1.0
 */
gboolean
proctor_result_check (ProctorResult  *self,
                      GError        **error)
{
  GError *wrong;

  g_return_val_if_fail (PROCTOR_IS_RESULT (self), FALSE);

  wrong = find_wrong (self->data);
  if (wrong == NULL)
    return TRUE;

  g_propagate_error (error, wrong);
  return FALSE;
}

/* ---- the class */

static void
proctor_result_get_property (GObject    *object,
                             guint       property_id,
                             GValue     *value,
                             GParamSpec *pspec)
{
  ProctorResult *self = PROCTOR_RESULT (object);

  switch (property_id)
    {
    case PROP_RETURNCODE:
      g_value_set_int (value, proctor_result_get_returncode (self));
      break;
    case PROP_STDOUT:
      g_value_set_boxed (value, proctor_result_get_stdout (self));
      break;
    case PROP_STDERR:
      g_value_set_boxed (value, proctor_result_get_stderr (self));
      break;
    case PROP_TIMED_OUT:
      g_value_set_boolean (value, proctor_result_is_timed_out (self));
      break;
    case PROP_INCOMPLETE:
      g_value_set_boolean (value, proctor_result_is_incomplete (self));
      break;
    case PROP_TRUNCATED:
      g_value_set_boolean (value, proctor_result_is_truncated (self));
      break;
    default:
      G_OBJECT_WARN_INVALID_PROPERTY_ID (object, property_id, pspec);
    }
}

static void
proctor_result_finalize (GObject *object)
{
  ProctorResult *self = PROCTOR_RESULT (object);

  g_clear_pointer (&self->data, result_data_free);

  G_OBJECT_CLASS (proctor_result_parent_class)->finalize (object);
}

static void
proctor_result_class_init (ProctorResultClass *klass)
{
  GObjectClass *object_class = G_OBJECT_CLASS (klass);
  const GParamFlags flags = G_PARAM_READABLE | G_PARAM_STATIC_STRINGS;

  object_class->get_property = proctor_result_get_property;
  object_class->finalize = proctor_result_finalize;

  /**
   * ProctorResult:returncode: (getter get_returncode)
   *
   * The exit code, or -N for signal N; %PROCTOR_RETURNCODE_NONE if there is none.
   *
   * Since: 1.0
   */
  properties[PROP_RETURNCODE] =
    g_param_spec_int ("returncode", NULL, NULL, G_MININT, G_MAXINT, 0, flags);

  /**
   * ProctorResult:stdout: (getter get_stdout)
   *
   * What was written to stdout, if it was captured.
   *
   * Since: 1.0
   */
  properties[PROP_STDOUT] = g_param_spec_boxed ("stdout", NULL, NULL, G_TYPE_BYTES, flags);

  /**
   * ProctorResult:stderr: (getter get_stderr)
   *
   * What was written to stderr, if it was captured.
   *
   * Since: 1.0
   */
  properties[PROP_STDERR] = g_param_spec_boxed ("stderr", NULL, NULL, G_TYPE_BYTES, flags);

  /**
   * ProctorResult:timed-out: (getter is_timed_out)
   *
   * Whether the process was stopped because its timeout had passed.
   *
   * Since: 1.0
   */
  properties[PROP_TIMED_OUT] = g_param_spec_boolean ("timed-out", NULL, NULL, FALSE, flags);

  /**
   * ProctorResult:incomplete: (getter is_incomplete)
   *
   * Whether output may be missing because a descendant held a pipe open.
   *
   * Since: 1.0
   */
  properties[PROP_INCOMPLETE] = g_param_spec_boolean ("incomplete", NULL, NULL, FALSE, flags);

  /**
   * ProctorResult:truncated: (getter is_truncated)
   *
   * Whether output was thrown away because there was too much of it.
   *
   * Since: 1.0
   */
  properties[PROP_TRUNCATED] = g_param_spec_boolean ("truncated", NULL, NULL, FALSE, flags);

  g_object_class_install_properties (object_class, N_PROPERTIES, properties);
}

static void
proctor_result_init (ProctorResult *self)
{
}
