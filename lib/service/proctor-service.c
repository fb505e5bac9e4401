/* SPDX-License-Identifier: LGPL-2.1-or-later */

/* Thread: ANY. */

#include "config.h"

#include <proctor/proctor.h>

#include "base/base-thread.h"
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
 * Returns: whether processes can be started now
 *
 * Thread safety: the main thread; any other one afterwards. Since: 1.0
 */
gboolean
proctor_init (GError **error)
{
  g_autoptr(ProctorChildWatcher) watcher = proctor_dup_child_watcher (error);

  return watcher != NULL && runtime_pick_worker (error) != NULL;
}

/**
 * proctor_dup_child_watcher:
 * @error: return location for an error
 *
 * Gets the child watcher that notices the exits of new processes. Makes the default one, a
 * [class@MainChildWatcher], if there is none and this is the main thread.
 *
 * Errors: %PROCTOR_ERROR_NO_CHILD_WATCHER on another thread, if there is none;
 * %PROCTOR_ERROR_FORKED.
 *
 * Returns: (transfer full): the watcher
 *
 * Thread safety: the main thread; any other one afterwards. Since: 1.0
 */
ProctorChildWatcher *
proctor_dup_child_watcher (GError **error)
{
  if (!program_check_not_forked (error))
    return NULL;

  return default_watcher_dup (error);
}
