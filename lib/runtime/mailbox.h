/* A lock-free queue from many threads into one GMainContext.
 *
 * SPDX-License-Identifier: LGPL-2.1-or-later
 */

#pragma once

#include <glib.h>

G_BEGIN_DECLS

typedef struct _Mailbox Mailbox;
typedef struct _MailboxItem MailboxItem;

/* Embedded in what is sent. Belongs to the mailbox from the post until it is popped. */
struct _MailboxItem
{
  MailboxItem *next;
};

/* Handles some items (mailbox_pop()) in the mailbox's context. Whether the owner still has work
 * that it took out of the mailbox but has not done: then it is called again in the next iteration.
 * What is still in the mailbox brings it back anyway. May be entered again from within, when what
 * it calls runs a nested main loop.
 */
typedef gboolean (*MailboxFunc) (Mailbox  *mailbox,
                                 gpointer  owner);

/* @owner_free (nullable) is called after mailbox_destroy(), as soon as the function is not running
 * and will not be called.
 */
Mailbox *mailbox_new (GMainContext   *context,
                      const char     *name,
                      MailboxFunc     func,
                      gpointer        owner,
                      GDestroyNotify  owner_free);

/* Any thread, but nobody may post any more. Where it is not the consumer's, the function may be
 * running, or be called for a last time, while this returns. Items that are still inside stay with
 * whoever posted them.
 */
void mailbox_destroy (Mailbox *self);

/* Takes it out of its context, which then may end: nobody calls the function any more. It still
 * takes items, which whoever is the consumer now pops. In the context's thread, or after that.
 */
void mailbox_detach (Mailbox *self);

/* Any thread that keeps the mailbox alive: whether something was posted and not looked at yet. */
gboolean mailbox_was_posted_to (Mailbox *self);

/* Consumer only: whether nothing is inside. */
gboolean mailbox_is_empty (Mailbox *self);

/* Any thread that keeps the mailbox alive during the call. */
void mailbox_post (Mailbox     *self,
                   MailboxItem *item);

/* The same without a wake-up, by a thread that keeps the consumer from running, and then helps. */
void mailbox_push (Mailbox     *self,
                   MailboxItem *item);

/* Calls the function in the consumer's place. By a thread that keeps the consumer from running, and
 * runs where that could: between its prepare and its check.
 */
void mailbox_help (Mailbox *self,
                   gpointer owner);

/* Has the function called, with no item. Any thread that keeps the mailbox alive during the call.
 */
void mailbox_nudge (Mailbox *self);

/* Consumer only: the oldest item, or NULL. */
MailboxItem *mailbox_pop (Mailbox *self);

G_END_DECLS
