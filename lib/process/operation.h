/* What a caller wants of an actor: the message that asks, the way to cancel it, and the answer's
 * way back.
 *
 * SPDX-License-Identifier: LGPL-2.1-or-later
 */

#pragma once

#include <proctor/proctor.h>

#include "command/stop-plan.h"
#include "process/result-data.h"
#include "runtime/actor.h"
#include "runtime/caller-context.h"
#include "watch/sleeper.h"

G_BEGIN_DECLS

typedef struct _Operation Operation;

/* Runs on the actor's worker. */
typedef void (*OperationFunc) (Actor     *actor,
                               Operation *operation);

/* Runs in the caller's thread, which blocks until the operation is finished. */
typedef void (*OperationErrandFunc) (gpointer data);

/* Takes the answer of an operation that another actor has asked for, on that actor's worker. Takes
 * the reference, too.
 */
typedef void (*OperationReplyFunc) (Actor     *asker,
                                    Operation *operation);

/* Turns the answer into what the task returns; runs in the caller's context and gives @task its
 * result.
 */
typedef void (*OperationReturnFunc) (Operation *operation,
                                     GTask     *task);

/* A caller is a task, a thread that sleeps, or another actor.
 *
 * Life: the caller's side makes it and starts it; the actor finishes it exactly once; then the
 * caller's side takes the answer. The actor's references end with finishing. A cancellation may
 * arrive at any time, also after the end; it finds `finished`.
 *
 * Everything of the user's (task, cancellable, input) is let go on the caller's side.
 */
struct _Operation
{
  Message message;        /* asks; owned by the actor once posted */
  Message cancel_message; /* posted once at most */
  Delivery delivery;
  gatomicrefcount ref_count;
  guint64 trace_flow; /* of the answer */

  /* immutable after start */
  Actor *actor; /* owned */
  OperationFunc start_func;
  OperationFunc cancel_func;
  GBytes *input;   /* nullable; given back on the caller's side */
  ProctorStopPlan *plan; /* of a stop; NULL: the command's. Owned; the actor's once it is posted */

  /* caller only */
  GTask *task; /* NULL: a blocking call */
  OperationReturnFunc return_func;
  CallerContext *caller; /* of a task */
  Actor *asker;          /* an actor that has asked, owned */
  OperationReplyFunc reply_func;
  gpointer asker_data;   /* whatever the asker wants to find again */
  Sleeper *sleeper; /* of a blocking call; the actor wakes it, once */
  GCancellable *cancellable;
  gulong cancelled_id;

  /* atomic */
  GThread *errand_thread; /* the blocking caller, while it takes an errand; not referenced */

  /* that thread's only, which is then in the worker's place */
  OperationErrandFunc errand_func;
  gpointer errand_data;

  /* atomic */
  int cancel_posted;

  /* worker only */
  gboolean started;   /* start_func has been called; it looks at `cancelled` */
  gboolean cancelled; /* wanted by the caller */
  gboolean finished;
  StopProgress progress; /* of a stop that has begun */

  /* the answer: worker only until it is finished, then caller only */
  GError *error;
  ResultData *result;
  gpointer payload; /* of operations whose answer is no result: what they say, owned */
  GDestroyNotify payload_free;
};

Operation *operation_new (Actor         *actor,
                          OperationFunc  start_func,
                          OperationFunc  cancel_func,
                          GBytes        *input);
Operation *operation_ref (Operation *self);
void operation_unref (Operation *self);

/* Posts the operation to its actor. The task's answer comes in the context that is thread-default
 * now. Takes @task.
 */
void operation_start_async (Operation           *self,
                            GCancellable        *cancellable,
                            GTask               *task,
                            OperationReturnFunc  return_func);

/* Posts the operation to its actor for another actor. On the asker's worker. */
void operation_start_for_actor (Operation          *self,
                                Actor              *asker,
                                OperationReplyFunc  reply_func,
                                gpointer            asker_data);

/* Asks the operation's actor to give up. Any thread that holds a reference; has an effect once. */
void operation_cancel (Operation *self);

/* A task for operation_start_async(): the actor alone decides whether it was cancelled. */
GTask *operation_task_new (gpointer             source_object,
                           GCancellable        *cancellable,
                           GAsyncReadyCallback  callback,
                           gpointer             user_data,
                           gpointer             source_tag);

/* An OperationReturnFunc: the task returns a ProctorResult. */
void operation_return_result (Operation *self,
                              GTask     *task);

/* Posts the operation to its actor and sleeps until it is finished. On the main thread, children
 * are reaped meanwhile if
 * @watcher is the main one.
 */
void operation_run_blocking (Operation           *self,
                             GCancellable        *cancellable,
                             ProctorChildWatcher *watcher);

/* Worker only, in start_func: has the caller do something before it sleeps, if it blocks and it is
 * the calling thread that does the worker's work. Whether it will.
 */
gboolean operation_give_errand (Operation           *self,
                                OperationErrandFunc  func,
                                gpointer             data);

/* Worker only: gives the answer, which was put into the operation before, to the caller. Takes the
 * actor's reference.
 */
void operation_finish (Operation *self);

/* Worker only: finishes it with an error, which is taken. */
void operation_fail (Operation *self,
                     GError    *error);
void operation_fail_cancelled (Operation *self);
void operation_fail_shut_down (Operation *self);

G_DEFINE_AUTOPTR_CLEANUP_FUNC (Operation, operation_unref)

G_END_DECLS
