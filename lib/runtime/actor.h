/* An object that lives on one worker thread and is reached by messages only.
 *
 * SPDX-License-Identifier: LGPL-2.1-or-later
 */

#pragma once

#include "runtime/mailbox.h"

G_BEGIN_DECLS

typedef struct _Worker Worker;
typedef struct _Actor Actor;
typedef struct _Message Message;

/* Runs on the actor's worker. The message is the function's from here on: it frees it, or its owner
 * does.
 */
typedef void (*MessageFunc) (Actor   *actor,
                             Message *message);
typedef void (*ActorFunc) (Actor *self);

/* Embedded in what is sent; owns all that it carries. May be posted again once its function has
 * been called.
 */
struct _Message
{
  MailboxItem item;
  Actor *actor;
  MessageFunc func;
  guint64 trace_flow;
};

/* Embedded first in its type. A message that is under way holds a reference, so an actor never
 * misses one. The last reference may be dropped in any thread and frees memory only: what belongs
 * to the worker (fds, watches, timers) has to be given up there before, for which an actor holds a
 * reference to itself as long as it has any of it.
 *
 * An actor may outlive its worker's thread, when the service is shut down while the user still has
 * a handle. Then its messages are handled in whatever thread posts them, one at a time; it has no
 * fds and timers any more.
 */
struct _Actor
{
  /* atomic; while it is in the runtime's list it becomes 0 only under runtime_lock */
  int ref_count;

  /* immutable after construction */
  Worker *worker; /* owned */
  guint32 trace_number; /* of its process, or 0 */
  ActorFunc free_func;
  MessageFunc shutdown_func; /* of one in the runtime's list */

  /* worker only */
  Message *first; /* oldest */
  Message *last;
  Actor *next_to_run;
  gboolean is_to_run;

  /* guarded by runtime_lock */
  GList live_link; /* .data is the actor while it is in the list */
  gboolean owes_end;
  Message shutdown_message;
};

/* Without a worker the actor is one for runtime_add_actor(), which chooses one. */
void actor_init (Actor     *self,
                 Worker    *worker,
                 ActorFunc  free_func);
Actor *actor_ref (Actor *self);
void actor_unref (Actor *self);

/* Any thread that holds a reference. Messages of one thread are handled in the order of their
 * posts.
 */
void actor_post (Actor       *self,
                 Message     *message,
                 MessageFunc  func);

/* See worker_post_and_help(). */
void actor_post_and_help (Actor       *self,
                          Message     *message,
                          MessageFunc  func);

G_END_DECLS
