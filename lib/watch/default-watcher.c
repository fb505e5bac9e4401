/* SPDX-License-Identifier: LGPL-2.1-or-later */

/* Thread: ANY. */

#include "config.h"

#include "watch/default-watcher.h"

#include <glib/gi18n-lib.h>

#include "base/base-thread.h"

static GMutex watcher_lock;
static ProctorChildWatcher *default_watcher; /* guarded by watcher_lock */

static ProctorChildWatcher *
make_main (GError **error)
{
  if (thread_is_main ())
    return proctor_main_child_watcher_new (error);

  g_set_error_literal (
    error, PROCTOR_ERROR, PROCTOR_ERROR_NO_CHILD_WATCHER,
    _("There is no child watcher yet: call proctor_init() in the main thread before other "
      "threads start processes"));
  return NULL;
}

GType
default_watcher_get_wanted_type (void)
{
  const char *wanted = g_getenv ("PROCTOR_WATCHER");

  if (wanted == NULL || *wanted == '\0' || g_str_equal (wanted, "main"))
    return PROCTOR_TYPE_MAIN_CHILD_WATCHER;
  if (g_str_equal (wanted, "pidfd"))
    return PROCTOR_TYPE_PIDFD_CHILD_WATCHER;
  if (g_str_equal (wanted, "threaded"))
    return PROCTOR_TYPE_THREADED_CHILD_WATCHER;

  return G_TYPE_NONE;
}

static ProctorChildWatcher *
make (GError **error)
{
  GType wanted = default_watcher_get_wanted_type ();

  if (wanted == PROCTOR_TYPE_MAIN_CHILD_WATCHER)
    return make_main (error);
  if (wanted == PROCTOR_TYPE_PIDFD_CHILD_WATCHER)
    return proctor_pidfd_child_watcher_new (error);
  if (wanted == PROCTOR_TYPE_THREADED_CHILD_WATCHER)
    return proctor_threaded_child_watcher_new (error);

  g_set_error (error, PROCTOR_ERROR, PROCTOR_ERROR_NO_CHILD_WATCHER,
               _("PROCTOR_WATCHER is “%s”, and has to be “main”, “pidfd” or “threaded”"),
               g_getenv ("PROCTOR_WATCHER"));
  return NULL;
}

ProctorChildWatcher *
default_watcher_dup (GError **error)
{
  g_autoptr(ProctorChildWatcher) watcher = NULL;

  g_mutex_lock (&watcher_lock);
  if (default_watcher == NULL)
    default_watcher = make (error);
  if (default_watcher != NULL)
    watcher = g_object_ref (default_watcher);
  g_mutex_unlock (&watcher_lock);

  return g_steal_pointer (&watcher);
}

ProctorChildWatcher *
default_watcher_dup_active (GError **error)
{
  g_autoptr(ProctorChildWatcher) watcher = default_watcher_dup (error);

  if (watcher == NULL || proctor_child_watcher_is_active (watcher))
    return g_steal_pointer (&watcher);

  g_set_error (error, PROCTOR_ERROR, PROCTOR_ERROR_NO_CHILD_WATCHER,
               _("The child watcher (%s) is closed, or not attached to a context"),
               G_OBJECT_TYPE_NAME (watcher));
  return NULL;
}

ProctorChildWatcher *
default_watcher_dup_existing (void)
{
  g_autoptr(ProctorChildWatcher) watcher = NULL;

  g_mutex_lock (&watcher_lock);
  g_set_object (&watcher, default_watcher);
  g_mutex_unlock (&watcher_lock);

  return g_steal_pointer (&watcher);
}

const char *
default_watcher_get_type_name (void)
{
  const char *name;

  g_mutex_lock (&watcher_lock);
  name = default_watcher != NULL ? G_OBJECT_TYPE_NAME (default_watcher) : NULL;
  g_mutex_unlock (&watcher_lock);

  return name;
}

/* A main watcher ends on the main thread, which may be using it at this moment. */
static gboolean
unref_in_main (gpointer watcher)
{
  return G_SOURCE_REMOVE;
}

void
default_watcher_set (ProctorChildWatcher *watcher)
{
  ProctorChildWatcher *former;

  g_mutex_lock (&watcher_lock);
  former = default_watcher;
  default_watcher = watcher != NULL ? g_object_ref (watcher) : NULL;
  g_mutex_unlock (&watcher_lock);

  if (PROCTOR_IS_MAIN_CHILD_WATCHER (former) && !thread_is_main ())
    {
      g_autoptr(GSource) source = g_idle_source_new ();

      g_source_set_callback (source, unref_in_main, former, g_object_unref);
      g_source_attach (source, NULL);
    }
  else
    {
      g_clear_object (&former);
    }
}
