/* SPDX-License-Identifier: LGPL-2.1-or-later */

/* Thread: ANY: the thread that asks, and for a task the thread that runs its context. */

#include "config.h"

#include "stream/stream-wait.h"

#include <glib/gi18n-lib.h>

#include "base/base-macros.h"
#include "base/base-thread.h"
#include "runtime/caller-context.h"
#include "runtime/worker.h"
#include "watch/sleeper.h"

/* Whether something was cancelled is decided by the side that waits, and only when there is no
 * answer: what was taken out of a channel is never thrown away. Being woken is only an invitation
 * to try again.
 */

/* ---- blocking */

typedef struct
{
  StreamWaiter waiter;
  Sleeper sleeper;
} BlockedWaiter;

static void
wake_blocked (StreamWaiter *waiter)
{
  sleeper_wake (&((BlockedWaiter *) waiter)->sleeper);
}

static void
cancel_blocked (GCancellable *cancellable,
                gpointer      data)
{
  sleeper_wake (&((BlockedWaiter *) data)->sleeper);
}

gboolean
stream_wait_blocking (const StreamQuestion  *kind,
                      gpointer               question,
                      ProctorChildWatcher   *watcher,
                      GCancellable          *cancellable,
                      GError               **error)
{
  BlockedWaiter blocked = { .waiter.wake = wake_blocked };
  gulong cancelled_id = 0;
  gboolean answered;

  if (!program_check_not_forked (error) || !worker_check_may_block (error))
    return FALSE;

  sleeper_init (&blocked.sleeper, watcher);
  if (cancellable != NULL)
    cancelled_id = g_cancellable_connect (cancellable, G_CALLBACK (cancel_blocked), &blocked, NULL);

  while (!(answered = kind->try_again (question, &blocked.waiter)) &&
         !g_cancellable_is_cancelled (cancellable))
    sleeper_sleep (&blocked.sleeper);

  if (cancellable != NULL)
    g_cancellable_disconnect (cancellable, cancelled_id);
  kind->forget (question, &blocked.waiter);
  sleeper_clear (&blocked.sleeper);

  if (!answered)
    g_set_error_literal (error, G_IO_ERROR, G_IO_ERROR_CANCELLED, _("Operation was cancelled"));
  return answered;
}

/* ---- with a task */

/* Each post holds a reference; so does the waiting itself, until it is over. */
typedef struct
{
  StreamWaiter waiter;
  Delivery delivery;
  gatomicrefcount ref_count;

  /* immutable after construction */
  const StreamQuestion *kind;
  CallerContext *caller;     /* owned */
  gboolean cancelled_before; /* then nothing is done at all */

  /* atomic */
  int posted;

  /* caller only */
  gpointer question; /* owned */
  GTask *task;       /* NULL when it is over */
  gulong cancelled_id;
} TaskWaiter;

static void
task_waiter_unref (TaskWaiter *self)
{
  if (!g_atomic_ref_count_dec (&self->ref_count))
    return;

  self->kind->free_question (self->question);
  caller_context_unref (self->caller);
  g_free (self);
}

static void
finish (TaskWaiter *self,
        gboolean    cancelled)
{
  GTask *task = g_steal_pointer (&self->task);
  GCancellable *cancellable = g_task_get_cancellable (task);

  if (cancellable != NULL)
    g_cancellable_disconnect (cancellable, self->cancelled_id);
  self->kind->forget (self->question, &self->waiter);
  self->kind->return_answer (self->question, task, cancelled);
  g_object_unref (task);
  task_waiter_unref (self);
}

static void
try_in_caller (Delivery *delivery)
{
  TaskWaiter *self = CONTAINER_OF (delivery, TaskWaiter, delivery);

  g_atomic_int_set (&self->posted, FALSE);
  if (self->task != NULL)
    {
      if (self->cancelled_before)
        finish (self, TRUE);
      else if (self->kind->try_again (self->question, &self->waiter))
        finish (self, FALSE);
      else if (g_cancellable_is_cancelled (g_task_get_cancellable (self->task)))
        finish (self, TRUE);
    }
  task_waiter_unref (self);
}

/* `posted` is set already. */
static void
post_first_try (TaskWaiter *self)
{
  g_atomic_ref_count_inc (&self->ref_count);
  caller_context_post (self->caller, &self->delivery, try_in_caller);
}

static void
post_try (TaskWaiter *self)
{
  if (g_atomic_int_compare_and_exchange (&self->posted, FALSE, TRUE))
    post_first_try (self);
}

static void
wake_task (StreamWaiter *waiter)
{
  post_try ((TaskWaiter *) waiter);
}

static void
cancel_task (GCancellable *cancellable,
             gpointer      data)
{
  post_try (data);
}

void
stream_wait_async (const StreamQuestion *kind,
                   gpointer              question,
                   GTask                *task)
{
  TaskWaiter *self = g_new0 (TaskWaiter, 1);
  GCancellable *cancellable = g_task_get_cancellable (task);

  g_atomic_ref_count_init (&self->ref_count);
  self->waiter.wake = wake_task;
  self->kind = kind;
  self->caller = caller_context_ref_thread_default ();
  self->question = question;
  self->task = task;
  self->cancelled_before = g_cancellable_is_cancelled (cancellable);
  /* Being cancelled in the meantime posts nothing: the caller's context may run in another thread,
   * where all could be over before this is complete.
   */
  self->posted = TRUE;

  if (cancellable != NULL)
    {
      g_atomic_ref_count_inc (&self->ref_count);
      self->cancelled_id = g_cancellable_connect (cancellable, G_CALLBACK (cancel_task), self,
                                                  (GDestroyNotify) task_waiter_unref);
    }
  post_first_try (self);
}
