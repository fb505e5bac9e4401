/* The way back: answers for callers, delivered in the GMainContext in which they called.
 *
 * SPDX-License-Identifier: LGPL-2.1-or-later
 */

#pragma once

#include "runtime/mailbox.h"

G_BEGIN_DECLS

typedef struct _CallerContext CallerContext;
typedef struct _Delivery Delivery;
typedef struct _Notice Notice;
typedef void (*DeliveryFunc) (Delivery *delivery);
typedef void (*NoticeFunc) (Notice *notice);

/* Embedded in what is delivered. */
struct _Delivery
{
  MailboxItem item;
  DeliveryFunc func;
};

/* Embedded in what something is to be told about, if it is still there by then. Unlike a delivery
 * it can be taken back, and keeps nothing alive: a context that nobody iterates any more does not
 * collect them.
 */
struct _Notice
{
  GList link; /* .data is the notice while it is pending */
  NoticeFunc func;
};

/* The one of the calling thread's thread-default context, made when needed and shared by all who
 * ask while it is in use.
 */
CallerContext *caller_context_ref_thread_default (void);
CallerContext *caller_context_ref_for (GMainContext *context);
CallerContext *caller_context_ref (CallerContext *self);
void caller_context_unref (CallerContext *self);
GMainContext *caller_context_get_context (CallerContext *self);

/* Calls @func in the context, once. Any thread, as long as somebody holds a reference who lets go
 * of it in the delivery or later: a worker does not hold one, since with the last one the context
 * itself may end, and things of the user's with it. Deliveries of one thread arrive in the order of
 * their posts, one at a time: each may run a nested main loop.
 */
void caller_context_post (CallerContext *self,
                          Delivery      *delivery,
                          DeliveryFunc   func);

/* Thread: MAIN, in a dispatch of the global default context, as the last thing there. Delivers what
 * has been posted there already, instead of an iteration later.
 */
void caller_context_deliver_in_default (void);

/* Calls @func in the context, unless the notice is taken back before. Any thread; a notice can be
 * pending once only.
 */
void caller_context_notify (CallerContext *self,
                            Notice        *notice,
                            NoticeFunc     func);

/* Any thread. Whether it was pending; if not, its function has been called, or is about to be. */
gboolean caller_context_take_back (CallerContext *self,
                                   Notice        *notice);

G_DEFINE_AUTOPTR_CLEANUP_FUNC (CallerContext, caller_context_unref)

G_END_DECLS
