/* SPDX-License-Identifier: LGPL-2.1-or-later */

/* Thread: ANY. */

#include "config.h"

#include "diagnose/diagnosis.h"

#include "base/base-thread.h"

/* Between two checks it can be cancelled: each of them takes little time, or ends by itself. */
static GPtrArray *
run_checks (Diagnosis     *diagnosis,
            GCancellable  *cancellable,
            GError       **error)
{
  g_autoptr(GPtrArray) findings =
    g_ptr_array_new_with_free_func ((GDestroyNotify) proctor_finding_free);

  if (g_cancellable_set_error_if_cancelled (cancellable, error))
    return NULL;

  diagnosis_try (diagnosis);
  for (guint i = 0; i < diagnosis_n_checks; i++)
    {
      if (g_cancellable_set_error_if_cancelled (cancellable, error))
        return NULL;
      g_ptr_array_add (findings, diagnosis_checks[i] (diagnosis));
    }

  return g_steal_pointer (&findings);
}

/**
 * proctor_diagnose:
 * @cancellable: (nullable): a cancellable
 * @error: return location for an error
 *
 * Looks at what this system lets this program do with processes, and what is in its way: the
 * kernel's features, signals, limits, PATH, sandboxes, and which ways the library goes because of
 * all that.
 *
 * Everything is tried out: processes are started and killed, pipes made, files read; nothing is
 * concluded from a version. What may harm is tried in a forked copy of the program. Each of these
 * takes milliseconds, and longer in a program that uses much memory, so a thread that draws a
 * window had better call [func@diagnose_async]. Child processes of the program, and the child
 * watcher, are left alone, and nothing is left behind.
 *
 * That something is broken is not an error, but a [struct@Finding].
 *
 * Errors: %G_IO_ERROR_CANCELLED; %PROCTOR_ERROR_FORKED.
 *
 * Returns: (transfer container) (element-type ProctorFinding): what was found, always in the same
 *   order
 *
 * Thread safety: any thread.
 *
 * Since: 1.0
 */
GPtrArray *
proctor_diagnose (GCancellable  *cancellable,
                  GError       **error)
{
  GPtrArray *findings;
  Diagnosis diagnosis;

  if (!program_check_not_forked (error))
    return NULL;

  diagnosis_init (&diagnosis);
  findings = run_checks (&diagnosis, cancellable, error);
  diagnosis_clear (&diagnosis);
  return findings;
}

static void
diagnosis_free (gpointer data)
{
  diagnosis_clear (data);
  g_free (data);
}

static void
diagnose_in_thread (GTask        *task,
                    gpointer      source_object,
                    gpointer      task_data,
                    GCancellable *cancellable)
{
  GError *error = NULL;
  GPtrArray *findings = run_checks (task_data, cancellable, &error);

  if (findings != NULL)
    g_task_return_pointer (task, findings, (GDestroyNotify) g_ptr_array_unref);
  else
    g_task_return_error (task, error);
}

/**
 * proctor_diagnose_async:
 * @cancellable: (nullable): a cancellable
 * @callback: (scope async): called when it is done
 * @user_data: data for @callback
 *
 * Looks at what this system lets this program do, in a thread of its own; see [func@diagnose]. What
 * depends on the thread is said of the one that calls this.
 *
 * Thread safety: any thread.
 *
 * Since: 1.0
 */
void
proctor_diagnose_async (GCancellable        *cancellable,
                        GAsyncReadyCallback  callback,
                        gpointer             user_data)
{
  g_autoptr(GTask) task = g_task_new (NULL, cancellable, callback, user_data);
  g_autoptr(GError) error = NULL;
  Diagnosis *diagnosis;

  g_task_set_source_tag (task, proctor_diagnose_async);
  g_task_set_check_cancellable (task, FALSE);
  if (!program_check_not_forked (&error))
    {
      g_task_return_error (task, g_steal_pointer (&error));
      return;
    }

  diagnosis = g_new (Diagnosis, 1);
  diagnosis_init (diagnosis);
  g_task_set_task_data (task, diagnosis, diagnosis_free);
  g_task_run_in_thread (task, diagnose_in_thread);
}

/**
 * proctor_diagnose_finish:
 * @result: what the callback was given
 * @error: return location for an error
 *
 * Ends [func@diagnose_async].
 *
 * Errors: those of [func@diagnose].
 *
 * Returns: (transfer container) (element-type ProctorFinding): what was found
 *
 * Thread safety: any thread.
 *
 * Since: 1.0
 */
GPtrArray *
proctor_diagnose_finish (GAsyncResult  *result,
                         GError       **error)
{
  g_return_val_if_fail (g_task_is_valid (result, NULL), NULL);
  g_return_val_if_fail (g_async_result_is_tagged (result, proctor_diagnose_async), NULL);

  return g_task_propagate_pointer (G_TASK (result), error);
}
