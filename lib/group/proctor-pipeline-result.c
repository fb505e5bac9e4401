/* SPDX-License-Identifier: LGPL-2.1-or-later */

/* Thread: ANY. A result never changes. */

#include "config.h"

#include "group/pipeline-private.h"

/**
 * ProctorPipelineResult:
 *
 * How the stages of a [class@Pipeline] ended, and what the last one wrote.
 *
 * Thread safety: any thread; a result never changes.
 *
 * Since: 1.0
 */
struct _ProctorPipelineResult
{
  GObject parent_instance;

  /* immutable after construction */
  GPtrArray *stages; /* of ProctorResult, at least one */
  gboolean pipefail;
};

G_DEFINE_FINAL_TYPE (ProctorPipelineResult, proctor_pipeline_result, G_TYPE_OBJECT)

ProctorPipelineResult *
proctor_pipeline_result_new (GPtrArray *stages,
                             gboolean   pipefail)
{
  ProctorPipelineResult *self = g_object_new (PROCTOR_TYPE_PIPELINE_RESULT, NULL);

  self->stages = stages;
  self->pipefail = pipefail;
  return self;
}

static void
proctor_pipeline_result_finalize (GObject *object)
{
  ProctorPipelineResult *self = PROCTOR_PIPELINE_RESULT (object);

  g_ptr_array_unref (self->stages);

  G_OBJECT_CLASS (proctor_pipeline_result_parent_class)->finalize (object);
}

static void
proctor_pipeline_result_class_init (ProctorPipelineResultClass *klass)
{
  G_OBJECT_CLASS (klass)->finalize = proctor_pipeline_result_finalize;
}

static void
proctor_pipeline_result_init (ProctorPipelineResult *self)
{
}

static ProctorResult *
get_last (ProctorPipelineResult *self)
{
  return g_ptr_array_index (self->stages, self->stages->len - 1);
}

/* The stage that speaks for the whole, as in a shell: the last one, or with pipefail the last one
 * that has failed.
 */
static ProctorResult *
get_speaker (ProctorPipelineResult *self)
{
  for (guint i = self->stages->len; self->pipefail && i > 0; i--)
    {
      ProctorResult *stage = g_ptr_array_index (self->stages, i - 1);

      if (!proctor_result_check (stage, NULL))
        return stage;
    }
  return get_last (self);
}

/**
 * proctor_pipeline_result_get_n_stages:
 * @self: a result
 *
 * How many stages there were.
 *
 * Thread safety: any thread.
 *
 * Returns: their number
 *
 * Since: 1.0
 */
guint
proctor_pipeline_result_get_n_stages (ProctorPipelineResult *self)
{
  g_return_val_if_fail (PROCTOR_IS_PIPELINE_RESULT (self), 0);

  return self->stages->len;
}

/**
 * proctor_pipeline_result_get_stage:
 * @self: a result
 * @index: which stage, from 0
 *
 * How one stage ended, and what it wrote to its stderr.
 *
 * Thread safety: any thread.
 *
 * Returns: (transfer none): its result
 *
 * Since: 1.0
 */
ProctorResult *
proctor_pipeline_result_get_stage (ProctorPipelineResult *self,
                                   guint                  index)
{
  g_return_val_if_fail (PROCTOR_IS_PIPELINE_RESULT (self), NULL);
  g_return_val_if_fail (index < self->stages->len, NULL);

  return g_ptr_array_index (self->stages, index);
}

/**
 * proctor_pipeline_result_get_returncode:
 * @self: a result
 *
 * How the whole ended, as in a shell: the returncode of the last stage; with pipefail that of the
 * last stage that has failed, or 0.
 *
 * Thread safety: any thread.
 *
 * Returns: the returncode; %PROCTOR_RETURNCODE_NONE if the status of that stage is lost
 *
 * Since: 1.0
 */
int
proctor_pipeline_result_get_returncode (ProctorPipelineResult *self)
{
  g_return_val_if_fail (PROCTOR_IS_PIPELINE_RESULT (self), PROCTOR_RETURNCODE_NONE);

  return proctor_result_get_returncode (get_speaker (self));
}

/**
 * proctor_pipeline_result_get_stdout:
 * @self: a result
 *
 * What the last stage wrote to its stdout.
 *
 * Thread safety: any thread.
 *
 * Returns: (transfer none) (nullable): the bytes; %NULL if they were not captured
 *
 * Since: 1.0
 */
GBytes *
proctor_pipeline_result_get_stdout (ProctorPipelineResult *self)
{
  g_return_val_if_fail (PROCTOR_IS_PIPELINE_RESULT (self), NULL);

  return proctor_result_get_stdout (get_last (self));
}

/**
 * proctor_pipeline_result_dup_stdout_utf8:
 * @self: a result
 * @error: return location for an error
 *
 * What the last stage wrote to its stdout, as text.
 *
 * Errors: %G_IO_ERROR_INVALID_DATA if it is not valid UTF-8, or has a NUL byte.
 *
 * Thread safety: any thread.
 *
 * Returns: (transfer full) (nullable): the text; %NULL without an error if it was not captured
 *
 * Since: 1.0
 */
char *
proctor_pipeline_result_dup_stdout_utf8 (ProctorPipelineResult  *self,
                                         GError                **error)
{
  g_return_val_if_fail (PROCTOR_IS_PIPELINE_RESULT (self), NULL);

  return proctor_result_dup_stdout_utf8 (get_last (self), error);
}

/**
 * proctor_pipeline_result_is_timed_out:
 * @self: a result
 *
 * Whether a stage was stopped because it took too long.
 *
 * Thread safety: any thread.
 *
 * Returns: whether one was
 *
 * Since: 1.0
 */
gboolean
proctor_pipeline_result_is_timed_out (ProctorPipelineResult *self)
{
  g_return_val_if_fail (PROCTOR_IS_PIPELINE_RESULT (self), FALSE);

  for (guint i = 0; i < self->stages->len; i++)
    {
      if (proctor_result_is_timed_out (g_ptr_array_index (self->stages, i)))
        return TRUE;
    }
  return FALSE;
}

/**
 * proctor_pipeline_result_check:
 * @self: a result
 * @error: return location for an error
 *
 * Makes an error of what went wrong with the last stage; with pipefail, with the last stage that
 * has failed.
 *
 * With pipefail, as in a shell, a stage that SIGPIPE ended since the next one did not want to read
 * more has failed, too.
 *
 * Errors: see [method@Result.check].
 *
 * Thread safety: any thread.
 *
 * Returns: %TRUE if it exited with 0
 *
 * Since: 1.0
 */
gboolean
proctor_pipeline_result_check (ProctorPipelineResult  *self,
                               GError                **error)
{
  g_return_val_if_fail (PROCTOR_IS_PIPELINE_RESULT (self), FALSE);

  return proctor_result_check (get_speaker (self), error);
}
