/* SPDX-License-Identifier: LGPL-2.1-or-later */

/* Thread: waking ANY; everything else in the thread that sleeps. */

#include "config.h"

#include "watch/sleeper.h"

#include "base/base-thread.h"
#include "watch/main-child-watcher-private.h"

void
sleeper_init (Sleeper             *self,
              ProctorChildWatcher *watcher)
{
  *self = (Sleeper){ 0 };
  g_mutex_init (&self->woken_lock);
  g_cond_init (&self->woken_cond);
  if (PROCTOR_IS_MAIN_CHILD_WATCHER (watcher) && thread_is_main ())
    self->watcher = g_object_ref (PROCTOR_MAIN_CHILD_WATCHER (watcher));
}

void
sleeper_clear (Sleeper *self)
{
  g_clear_object (&self->watcher);
  g_mutex_clear (&self->woken_lock);
  g_cond_clear (&self->woken_cond);
}

static gboolean
take_woken (Sleeper *self)
{
  gboolean woken;

  g_mutex_lock (&self->woken_lock);
  woken = self->woken;
  self->woken = FALSE;
  g_mutex_unlock (&self->woken_lock);

  return woken;
}

void
sleeper_sleep (Sleeper *self)
{
  if (self->watcher != NULL)
    {
      while (!take_woken (self))
        main_child_watcher_sleep (self->watcher);
      return;
    }

  g_mutex_lock (&self->woken_lock);
  while (!self->woken)
    g_cond_wait (&self->woken_cond, &self->woken_lock);
  self->woken = FALSE;
  g_mutex_unlock (&self->woken_lock);
}

void
sleeper_wake (Sleeper *self)
{
  /* All under the lock: the sleeper may end as soon as it can see that it was woken. */
  g_mutex_lock (&self->woken_lock);
  self->woken = TRUE;
  if (self->watcher != NULL)
    main_child_watcher_wake (self->watcher);
  else
    g_cond_signal (&self->woken_cond);
  g_mutex_unlock (&self->woken_lock);
}
