/* SPDX-License-Identifier: LGPL-2.1-or-later */

/* Thread: ANY. How long a process has run, and what it used. */

#include "config.h"

#include "process/proctor-process-private.h"

#include "process/result-data.h"

/**
 * proctor_process_get_start_time:
 * @self: a process
 *
 * When the process was started.
 *
 * Thread safety: any thread.
 *
 * Returns: microseconds since 1970, in UTC
 *
 * Since: 1.0
 */
gint64
proctor_process_get_start_time (ProctorProcess *self)
{
  g_return_val_if_fail (PROCTOR_IS_PROCESS (self), 0);

  return self->parts->start_time;
}

/**
 * proctor_process_get_wall_time:
 * @self: a process
 *
 * How long the process has run: from its start until now, or until its exit was noticed.
 *
 * Thread safety: any thread.
 *
 * Returns: microseconds
 *
 * Since: 1.0
 */
GTimeSpan
proctor_process_get_wall_time (ProctorProcess *self)
{
  ChildOutcome outcome;

  g_return_val_if_fail (PROCTOR_IS_PROCESS (self), 0);

  if (child_id_get_outcome (self->parts->child, &outcome))
    return outcome.exit_time - self->parts->start_monotonic;
  return g_get_monotonic_time () - self->parts->start_monotonic;
}

/**
 * proctor_process_get_user_time:
 * @self: a process
 *
 * How much processor time the process and its reaped descendants used in user mode.
 *
 * Thread safety: any thread.
 *
 * Returns: microseconds, or -1 while it runs, and if the system did not say
 *
 * Since: 1.0
 */
GTimeSpan
proctor_process_get_user_time (ProctorProcess *self)
{
  ChildOutcome outcome;

  g_return_val_if_fail (PROCTOR_IS_PROCESS (self), -1);

  return child_id_get_outcome (self->parts->child, &outcome) ? outcome_get_user_time (&outcome)
                                                             : -1;
}

/**
 * proctor_process_get_system_time:
 * @self: a process
 *
 * How much processor time the system spent for the process and its reaped descendants.
 *
 * Thread safety: any thread.
 *
 * Returns: microseconds, or -1 while it runs, and if the system did not say
 *
 * Since: 1.0
 */
GTimeSpan
proctor_process_get_system_time (ProctorProcess *self)
{
  ChildOutcome outcome;

  g_return_val_if_fail (PROCTOR_IS_PROCESS (self), -1);

  return child_id_get_outcome (self->parts->child, &outcome) ? outcome_get_system_time (&outcome)
                                                             : -1;
}

/**
 * proctor_process_get_peak_memory:
 * @self: a process
 * @bytes: (out): return location for a number of bytes
 *
 * The most memory that the process and its descendants had at once, until it exited. See
 * [method@Result.get_peak_memory] for where it is known.
 *
 * Thread safety: any thread.
 *
 * Returns: %FALSE, with @bytes untouched, while it runs, and if it is not known
 *
 * Since: 1.0
 */
gboolean
proctor_process_get_peak_memory (ProctorProcess *self,
                                 guint64        *bytes)
{
  ChildOutcome outcome;

  g_return_val_if_fail (PROCTOR_IS_PROCESS (self), FALSE);
  g_return_val_if_fail (bytes != NULL, FALSE);

  if (!child_id_get_outcome (self->parts->child, &outcome) || outcome.peak_memory == 0)
    return FALSE;

  *bytes = outcome.peak_memory;
  return TRUE;
}

/**
 * proctor_process_get_rusage: (skip)
 * @self: a process
 * @rusage: (out): return location for the resources used
 *
 * The resources that the process and its reaped descendants used, as of getrusage(2). `ru_maxrss`
 * is 0, see [method@Result.get_rusage].
 *
 * Thread safety: any thread.
 *
 * Returns: %FALSE, with @rusage untouched, while it runs, and if the system did not say
 *
 * Since: 1.0
 */
gboolean
proctor_process_get_rusage (ProctorProcess *self,
                            struct rusage  *rusage)
{
  ChildOutcome outcome;

  g_return_val_if_fail (PROCTOR_IS_PROCESS (self), FALSE);
  g_return_val_if_fail (rusage != NULL, FALSE);

  return child_id_get_outcome (self->parts->child, &outcome) &&
         outcome_get_rusage (&outcome, rusage);
}
