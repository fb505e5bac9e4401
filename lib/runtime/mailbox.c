/* SPDX-License-Identifier: LGPL-2.1-or-later */

/* Thread: posting ANY; everything else only in the mailbox's context. */

#include "config.h"

#include "runtime/mailbox.h"

#include <stdatomic.h>

/* Producers push to a stack with one compare-and-swap. The consumer takes the whole stack at once
 * and turns it round, so that items of one producer come out in the order in which they were
 * posted.
 *
 * A wake-up costs a system call on both sides, so it is sent only to a consumer that said that it
 * goes to sleep. prepare sets `sleeping` and looks at the stack again; a producer pushes and then
 * looks at `sleeping`. With sequentially consistent operations one of the two always sees the
 * other.
 */
struct _Mailbox
{
  GSource source;

  /* immutable after construction */
  GMainContext *context; /* not referenced: it owns the source */
  MailboxFunc func;

  /* atomic */
  _Atomic (MailboxItem *) pushed; /* newest first */
  atomic_int sleeping;
  atomic_int nudged;

  /* consumer only */
  MailboxItem *taken; /* oldest first */
  gboolean owner_has_work;
};

static gboolean
mailbox_has_items (Mailbox *self)
{
  return self->taken != NULL || self->owner_has_work || atomic_load (&self->pushed) != NULL ||
         atomic_load (&self->nudged);
}

static gboolean
mailbox_prepare (GSource *source,
                 int     *timeout)
{
  Mailbox *self = (Mailbox *) source;

  *timeout = -1;
  if (mailbox_has_items (self))
    return TRUE;

  atomic_store (&self->sleeping, 1);
  if (!mailbox_has_items (self))
    return FALSE;

  atomic_store (&self->sleeping, 0);
  return TRUE;
}

static gboolean
mailbox_check (GSource *source)
{
  Mailbox *self = (Mailbox *) source;

  atomic_store (&self->sleeping, 0);
  return mailbox_has_items (self);
}

static gboolean
mailbox_dispatch (GSource     *source,
                  GSourceFunc  callback,
                  gpointer     user_data)
{
  Mailbox *self = (Mailbox *) source;

  /* The owner is the callback's data: GLib holds that during the dispatch, also when another thread
   * destroys the source.
   */
  atomic_store (&self->nudged, 0);
  self->owner_has_work = self->func (self, user_data);
  return G_SOURCE_CONTINUE;
}

static GSourceFuncs mailbox_funcs = { .prepare = mailbox_prepare,
                                      .check = mailbox_check,
                                      .dispatch = mailbox_dispatch };

Mailbox *
mailbox_new (GMainContext   *context,
             const char     *name,
             MailboxFunc     func,
             gpointer        owner,
             GDestroyNotify  owner_free)
{
  Mailbox *self = (Mailbox *) g_source_new (&mailbox_funcs, sizeof (Mailbox));

  self->context = context;
  self->func = func;
  g_source_set_callback (&self->source, G_SOURCE_FUNC (func), owner, owner_free);
  g_source_set_static_name (&self->source, name);
  /* A source that may not recurse is blocked and unblocked around every dispatch. */
  g_source_set_can_recurse (&self->source, TRUE);
  g_source_attach (&self->source, context);
  return self;
}

void
mailbox_destroy (Mailbox *self)
{
  g_source_destroy (&self->source);
  g_source_unref (&self->source);
}

void
mailbox_detach (Mailbox *self)
{
  g_source_destroy (&self->source);
}

gboolean
mailbox_was_posted_to (Mailbox *self)
{
  return atomic_load (&self->pushed) != NULL;
}

static void
wake_up (Mailbox *self)
{
  if (atomic_load (&self->sleeping) && atomic_exchange (&self->sleeping, 0))
    g_main_context_wakeup (self->context);
}

void
mailbox_push (Mailbox     *self,
              MailboxItem *item)
{
  MailboxItem *newest = atomic_load_explicit (&self->pushed, memory_order_relaxed);

  do
    item->next = newest;
  while (!atomic_compare_exchange_weak (&self->pushed, &newest, item));
}

void
mailbox_post (Mailbox     *self,
              MailboxItem *item)
{
  mailbox_push (self, item);
  /* From here on the item may be gone already. */
  wake_up (self);
}

/* A consumer that sleeps goes on to do so, unless something is left. What is posted meanwhile needs
 * no wake-up: it is looked at before the end.
 */
void
mailbox_help (Mailbox *self,
              gpointer owner)
{
  gboolean slept = atomic_exchange (&self->sleeping, 0);

  atomic_store (&self->nudged, 0);
  self->owner_has_work = self->func (self, owner);
  if (!slept)
    return;

  atomic_store (&self->sleeping, 1);
  if (mailbox_has_items (self))
    wake_up (self);
}

void
mailbox_nudge (Mailbox *self)
{
  atomic_store (&self->nudged, 1);
  wake_up (self);
}

gboolean
mailbox_is_empty (Mailbox *self)
{
  return self->taken == NULL && atomic_load (&self->pushed) == NULL;
}

MailboxItem *
mailbox_pop (Mailbox *self)
{
  MailboxItem *item;

  if (self->taken == NULL)
    {
      MailboxItem *newest = atomic_exchange (&self->pushed, NULL);

      while (newest != NULL)
        {
          MailboxItem *older = newest->next;

          newest->next = self->taken;
          self->taken = newest;
          newest = older;
        }
    }

  item = self->taken;
  if (item != NULL)
    {
      self->taken = item->next;
      item->next = NULL;
    }
  return item;
}
