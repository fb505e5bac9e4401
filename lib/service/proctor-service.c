/* SPDX-License-Identifier: LGPL-2.1-or-later */

/* Thread: ANY. */

#include "config.h"

#include <proctor/proctor.h>

#include "base/base-thread.h"
#include "process/stdio-plan.h"
#include "runtime/runtime.h"
#include "watch/default-watcher.h"

/**
 * proctor_init:
 * @error: return location for an error
 *
 * Starts the service: makes the default child watcher and the worker threads.
 *
 * To be called on the main thread before other threads start processes. A program that starts its
 * first process on the main thread need not call it: that does the same. Calling it again does
 * nothing.
 *
 * Errors: %PROCTOR_ERROR_NO_CHILD_WATCHER on another thread, if there is no watcher yet;
 * %PROCTOR_ERROR_FORKED; the system's own where it has no thread or file descriptor for us.
 *
 * Thread safety: the main thread; any other one afterwards.
 *
 * Returns: whether processes can be started now
 *
 * Since: 1.0
 */
gboolean
proctor_init (GError **error)
{
  g_autoptr(ProctorChildWatcher) watcher = proctor_dup_child_watcher (error);

  if (watcher == NULL || !runtime_start (error))
    return FALSE;

  stdio_plan_prepare ();
  return TRUE;
}

/**
 * proctor_dup_child_watcher:
 * @error: return location for an error
 *
 * Gets the child watcher that notices the exits of new processes. If there is none, makes the
 * default one: what the environment variable `PROCTOR_WATCHER` names (`main`, `pidfd` or
 * `threaded`), else a [class@MainChildWatcher], which can be made on the main thread only.
 *
 * Errors: %PROCTOR_ERROR_NO_CHILD_WATCHER on another thread, if there is none, and if
 * `PROCTOR_WATCHER` names none; %PROCTOR_ERROR_FORKED; what making the watcher says.
 *
 * Thread safety: the main thread; any other one afterwards.
 *
 * Returns: (transfer full): the watcher
 *
 * Since: 1.0
 */
ProctorChildWatcher *
proctor_dup_child_watcher (GError **error)
{
  if (!program_check_not_forked (error))
    return NULL;

  return default_watcher_dup (error);
}

/**
 * proctor_set_child_watcher:
 * @watcher: (nullable): a child watcher; %NULL: the default one is made when it is needed
 * @error: return location for an error
 *
 * Has @watcher notice the exits of processes that are started from now on. Those that run keep the
 * watcher that they have. Processes cannot be started while it is closed, or not attached to the
 * context that it needs.
 *
 * Errors: %PROCTOR_ERROR_FORKED.
 *
 * Thread safety: any thread.
 *
 * Returns: whether it was set
 *
 * Since: 1.0
 */
gboolean
proctor_set_child_watcher (ProctorChildWatcher  *watcher,
                           GError              **error)
{
  g_return_val_if_fail (watcher == NULL || PROCTOR_IS_CHILD_WATCHER (watcher), FALSE);

  if (!program_check_not_forked (error))
    return FALSE;

  default_watcher_set (watcher);
  return TRUE;
}
