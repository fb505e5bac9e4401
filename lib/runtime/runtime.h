/* The workers of the program and the actors that live on them: started when first needed, ended in
 * an orderly way.
 *
 * SPDX-License-Identifier: LGPL-2.1-or-later
 */

#pragma once

#include "runtime/worker.h"

G_BEGIN_DECLS

/* Starts the workers if there are none. Errors: SHUT_DOWN while the service ends; the system's own
 * where no thread can be started.
 */
gboolean runtime_start (GError **error);

/* Makes a new actor live on a worker, each in turn. Starts the workers if there are none. Errors as
 * above, and then the actor is as it was, without a worker: who made it frees it.
 *
 * @shutdown_func runs on the worker if the service ends, which another thread may begin before this
 * returns: so this is the last step of making an actor. From then on the actor starts nothing more,
 * ends what it has there, and says so with runtime_actor_ended().
 */
gboolean runtime_add_actor (Actor        *actor,
                            MessageFunc   shutdown_func,
                            GError      **error);

/* For actor_unref(), with the last reference: whether that is still the last one. */
gboolean runtime_drop_actor (Actor *actor);

/* All actors with this function that have not ended, each with a reference. */
GPtrArray *runtime_list_actors (MessageFunc shutdown_func);

/* ---- looking at all of it */

/* Calls @func when workers have been started, in the thread that wanted them, without a lock. To be
 * said once, before any thread can start any.
 */
void runtime_set_started_func (void (*func) (void));

/* Adds all workers and all actors that live at this moment, each with a reference. */
void runtime_list (GPtrArray *workers,
                   GPtrArray *actors);

/* ---- the end */

typedef enum
{
  RUNTIME_STOP_CHILDREN,
  RUNTIME_DETACH_CHILDREN,
} RuntimeEnd;

/* Somebody who waits for the end. */
typedef struct _RuntimeWaiter RuntimeWaiter;
struct _RuntimeWaiter
{
  GList link;
  /* Called once, in any thread, under runtime_lock: wakes up and nothing else. */
  void (*wake) (RuntimeWaiter *self);
};

/* Begins to end the service, unless it is ending already. Nothing can be started until
 * runtime_finish_end().
 */
void runtime_begin_end (RuntimeEnd how);

typedef enum
{
  RUNTIME_ENDING,         /* the waiter is woken when there is more to say */
  RUNTIME_TO_BE_FINISHED, /* all actors have ended: this caller has to call runtime_finish_end() */
  RUNTIME_ENDED,          /* or never begun */
} RuntimeEndState;

/* How far the end is. A waiter that waits already goes on doing so. */
RuntimeEndState runtime_await_end (RuntimeWaiter *waiter);
void runtime_stop_waiting (RuntimeWaiter *waiter);

/* How the end was begun; worker only, for shutdown functions. */
RuntimeEnd runtime_get_end (void);

/* Worker only: the actor has nothing on the worker any more, and will have nothing again. Without
 * effect when it was said before.
 */
void runtime_actor_ended (Actor *actor);

/* For the one that was told to: joins the workers, and takes the last step of the service. A new
 * one can start then.
 */
void runtime_finish_end (void (*last_step) (void));

/* ---- for tests */

/* A worker, without an actor; each time the next one. NULL where no thread can be started. */
Worker *runtime_pick_worker (GError **error);

/* Ends all workers and joins them, after the messages that are under way. The caller makes sure
 * that no actor lives and none is made meanwhile. Not from a worker. Without effect when nothing
 * was started.
 */
void runtime_stop (void);

guint runtime_count_workers (void);

G_END_DECLS
