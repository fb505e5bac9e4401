/* SPDX-License-Identifier: LGPL-2.1-or-later */

/* Thread: ANY; deliveries are made in their context. */

#include "config.h"

#include "runtime/caller-context.h"

#include <stdatomic.h>

#include "base/base-thread.h"

/* How many deliveries are made before other sources of the context get their turn. */
#define DELIVERY_BATCH 32

/* One per GMainContext that somebody waits in. It goes when nobody does any more, so that a
 * thread's own context can end with the thread; the global default context's stays, as it is asked
 * for all the time.
 *
 * A delivery that is under way holds a reference. Who posts it does not: the last reference must
 * not be a worker's. Instead whoever drops the last one waits for the few instructions of a post
 * that is not through yet.
 *
 * The memory outlives the last reference by a dispatch that runs at that moment, see mailbox_new().
 */
struct _CallerContext
{
  /* atomic; becomes 0 only under contexts_lock, and stays 0 */
  atomic_int ref_count;

  /* atomic */
  atomic_int n_posting;

  /* immutable after construction */
  GMainContext *context;
  Mailbox *mailbox;

  /* guarded by notices_lock */
  GMutex notices_lock;
  GQueue notices; /* of borrowed Notice, linked through themselves */
};

static GMutex contexts_lock;
static GHashTable *contexts; /* GMainContext → borrowed CallerContext; guarded by contexts_lock */

/* The global default context's, which stays. */
static _Atomic (CallerContext *) default_caller;

static Notice *
pop_notice (CallerContext *self)
{
  GList *link;
  Notice *notice = NULL;

  g_mutex_lock (&self->notices_lock);
  link = g_queue_pop_head_link (&self->notices);
  if (link != NULL)
    notice = g_steal_pointer (&link->data);
  g_mutex_unlock (&self->notices_lock);

  return notice;
}

static gboolean
try_ref (CallerContext *self)
{
  int count = atomic_load (&self->ref_count);

  while (count > 0)
    {
      if (atomic_compare_exchange_weak (&self->ref_count, &count, count + 1))
        return TRUE;
    }
  return FALSE;
}

static gboolean
deliver (Mailbox *mailbox,
         gpointer data)
{
  CallerContext *self = data;
  Notice *notice;

  /* There may be nothing to do: a notice was taken back, or a nested main loop was faster. Then
   * another thread may drop the last reference right now.
   */
  if (!try_ref (self))
    return FALSE;

  while ((notice = pop_notice (self)) != NULL)
    notice->func (notice);

  for (guint i = 0; i < DELIVERY_BATCH; i++)
    {
      Delivery *delivery = (Delivery *) mailbox_pop (mailbox);

      if (delivery == NULL)
        break;
      delivery->func (delivery);
      caller_context_unref (self);
    }

  caller_context_unref (self);
  return FALSE;
}

static void
caller_context_free (gpointer data)
{
  CallerContext *self = data;

  g_mutex_clear (&self->notices_lock);
  g_free (self);
}

static CallerContext *
caller_context_new (GMainContext *context)
{
  CallerContext *self = g_new0 (CallerContext, 1);

  atomic_init (&self->ref_count, context == g_main_context_default () ? 2 : 1);
  self->context = g_main_context_ref (context);
  g_mutex_init (&self->notices_lock);
  g_queue_init (&self->notices);
  self->mailbox =
    mailbox_new (context, "[Proctor] completions", deliver, self, caller_context_free);
  if (context == g_main_context_default ())
    atomic_store (&default_caller, self);
  return self;
}

CallerContext *
caller_context_ref_thread_default (void)
{
  g_autoptr(GMainContext) context = g_main_context_ref_thread_default ();

  return caller_context_ref_for (context);
}

CallerContext *
caller_context_ref_for (GMainContext *context)
{
  CallerContext *self;

  g_mutex_lock (&contexts_lock);
  if (contexts == NULL)
    contexts = g_hash_table_new (NULL, NULL);
  self = g_hash_table_lookup (contexts, context);
  if (self != NULL)
    {
      caller_context_ref (self);
    }
  else
    {
      self = caller_context_new (context);
      g_hash_table_insert (contexts, context, self);
    }
  g_mutex_unlock (&contexts_lock);

  return self;
}

CallerContext *
caller_context_ref (CallerContext *self)
{
  atomic_fetch_add (&self->ref_count, 1);
  return self;
}

void
caller_context_unref (CallerContext *self)
{
  int count = atomic_load (&self->ref_count);
  GMainContext *context;
  gboolean is_last;

  /* Its locks may be held for ever, and the mailbox is the original's. */
  if (program_is_forked_copy ())
    return;

  while (count > 1)
    {
      if (atomic_compare_exchange_weak (&self->ref_count, &count, count - 1))
        return;
    }

  g_mutex_lock (&contexts_lock);
  is_last = atomic_fetch_sub (&self->ref_count, 1) == 1;
  if (is_last)
    g_hash_table_remove (contexts, self->context);
  g_mutex_unlock (&contexts_lock);

  if (is_last)
    {
      while (atomic_load (&self->n_posting) > 0)
        g_thread_yield ();
      context = self->context;
      mailbox_destroy (self->mailbox);
      g_main_context_unref (context);
    }
}

GMainContext *
caller_context_get_context (CallerContext *self)
{
  return self->context;
}

void
caller_context_post (CallerContext *self,
                     Delivery      *delivery,
                     DeliveryFunc   func)
{
  /* The delivery, and with it the last reference, may be gone before the post returns. */
  atomic_fetch_add (&self->n_posting, 1);
  atomic_fetch_add (&self->ref_count, 1);
  delivery->func = func;
  mailbox_post (self->mailbox, &delivery->item);
  atomic_fetch_sub (&self->n_posting, 1);
}

void
caller_context_deliver_in_default (void)
{
  CallerContext *self = atomic_load (&default_caller);

  if (self != NULL && mailbox_was_posted_to (self->mailbox))
    deliver (self->mailbox, self);
}

void
caller_context_notify (CallerContext *self,
                       Notice        *notice,
                       NoticeFunc     func)
{
  g_mutex_lock (&self->notices_lock);
  if (notice->link.data == NULL)
    {
      notice->func = func;
      notice->link = (GList){ .data = notice };
      g_queue_push_tail_link (&self->notices, &notice->link);
    }
  g_mutex_unlock (&self->notices_lock);

  mailbox_nudge (self->mailbox);
}

gboolean
caller_context_take_back (CallerContext *self,
                          Notice        *notice)
{
  gboolean was_pending;

  g_mutex_lock (&self->notices_lock);
  was_pending = notice->link.data != NULL;
  if (was_pending)
    {
      g_queue_unlink (&self->notices, &notice->link);
      notice->link.data = NULL;
    }
  g_mutex_unlock (&self->notices_lock);

  return was_pending;
}
