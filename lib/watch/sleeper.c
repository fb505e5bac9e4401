/* SPDX-License-Identifier: LGPL-2.1-or-later */

/* Thread: waking ANY; everything else in the thread that sleeps. */

#include "config.h"

#include "watch/sleeper.h"

#include "base/base-thread.h"
#include "watch/child-watcher-private.h"
#include "watch/main-child-watcher-private.h"

#define MIN_PAUSE (G_TIME_SPAN_MILLISECOND)
#define FOREIGN_WORK_MS 5
#define MAX_PAUSE (16 * G_TIME_SPAN_MILLISECOND)

void
sleeper_init (Sleeper             *self,
              ProctorChildWatcher *watcher)
{
  *self = (Sleeper){ .thread = g_thread_self () };
  g_mutex_init (&self->woken_lock);
  g_cond_init (&self->woken_cond);
  if (PROCTOR_IS_MAIN_CHILD_WATCHER (watcher) && thread_is_main ())
    self->watcher = g_object_ref (PROCTOR_MAIN_CHILD_WATCHER (watcher));
  else if (watcher != NULL && child_watcher_works_here (watcher))
    self->foreign = g_object_ref (watcher);
}

static gboolean
foreign_work_cb (gpointer watcher)
{
  child_watcher_work (watcher);
  return G_SOURCE_CONTINUE;
}

void
sleeper_attach (Sleeper      *self,
                GMainContext *context)
{
  if (self->watcher != NULL)
    {
      self->source = main_child_watcher_new_work_source (self->watcher);
    }
  else if (self->foreign != NULL)
    {
      /* It cannot say when a look is worth it. */
      self->source = g_timeout_source_new (FOREIGN_WORK_MS);
      g_source_set_callback (self->source, foreign_work_cb, self->foreign, NULL);
    }
  if (self->source != NULL)
    g_source_attach (self->source, context);
}

void
sleeper_clear (Sleeper *self)
{
  if (self->source != NULL)
    {
      g_source_destroy (self->source);
      g_source_unref (self->source);
    }
  g_clear_object (&self->watcher);
  g_clear_object (&self->foreign);
  g_mutex_clear (&self->woken_lock);
  g_cond_clear (&self->woken_cond);
}

static gboolean
take_woken (gpointer data)
{
  Sleeper *self = data;
  gboolean woken;

  g_mutex_lock (&self->woken_lock);
  woken = self->woken;
  self->woken = FALSE;
  g_mutex_unlock (&self->woken_lock);

  return woken;
}

/* Such a watcher cannot say when a look is worth it. */
static void
sleep_and_work (Sleeper *self)
{
  gint64 pause = MIN_PAUSE;

  for (;;)
    {
      gint64 end = g_get_monotonic_time () + pause;

      child_watcher_work (self->foreign);
      g_mutex_lock (&self->woken_lock);
      while (!self->woken && g_cond_wait_until (&self->woken_cond, &self->woken_lock, end))
        ;
      g_mutex_unlock (&self->woken_lock);
      if (take_woken (self))
        return;
      pause = MIN (pause * 2, MAX_PAUSE);
    }
}

void
sleeper_sleep (Sleeper *self)
{
  if (self->foreign != NULL)
    {
      sleep_and_work (self);
      return;
    }

  if (self->watcher != NULL)
    {
      main_child_watcher_sleep (self->watcher, take_woken, self);
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
  /* All under the lock: the sleeper may end as soon as it can see that it was woken. What this very
   * thread does, maybe in a worker's place, it notices by itself.
   */
  g_mutex_lock (&self->woken_lock);
  self->woken = TRUE;
  if (self->thread == g_thread_self ())
    ;
  else if (self->watcher != NULL)
    main_child_watcher_wake (self->watcher);
  else
    g_cond_signal (&self->woken_cond);
  g_mutex_unlock (&self->woken_lock);
}
