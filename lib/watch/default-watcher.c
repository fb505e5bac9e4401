/* SPDX-License-Identifier: LGPL-2.1-or-later */

/* Thread: ANY. */

#include "config.h"

#include "watch/default-watcher.h"

#include <glib/gi18n-lib.h>

#include "base/base-thread.h"

static GMutex watcher_lock;
static ProctorChildWatcher *default_watcher; /* guarded by watcher_lock */

ProctorChildWatcher *
default_watcher_dup (GError **error)
{
  g_autoptr(ProctorChildWatcher) watcher = NULL;

  g_mutex_lock (&watcher_lock);
  if (default_watcher == NULL && thread_is_main ())
    default_watcher = proctor_main_child_watcher_new (error);
  else if (default_watcher == NULL)
    g_set_error_literal (
      error, PROCTOR_ERROR, PROCTOR_ERROR_NO_CHILD_WATCHER,
      _("There is no child watcher yet: call proctor_init() in the main thread before other "
         "threads start processes"));
  if (default_watcher != NULL)
    watcher = g_object_ref (default_watcher);
  g_mutex_unlock (&watcher_lock);

  return g_steal_pointer (&watcher);
}
