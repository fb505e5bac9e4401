/* Waiting for something of a stream: blocking in the calling thread, or with a task.
 *
 * SPDX-License-Identifier: LGPL-2.1-or-later
 */

#pragma once

#include <proctor/proctor.h>

G_BEGIN_DECLS

typedef struct _StreamWaiter StreamWaiter;

/* Who waits at a channel. Its function is called once for each time that it is left there, in
 * whatever thread, under the channel's lock: it wakes or posts and nothing else.
 */
struct _StreamWaiter
{
  void (*wake) (StreamWaiter *self);
};

/* What is waited for. The functions are called on the waiting side only. */
typedef struct
{
  /* Whether there is an answer; if not, @waiter has been left to be woken when there may be one. */
  gboolean (*try_again) (gpointer      question,
                         StreamWaiter *waiter);

  /* @waiter will not be woken any more. */
  void (*forget) (gpointer      question,
                  StreamWaiter *waiter);

  /* For a task: returns the answer, or CANCELLED. */
  void (*return_answer) (gpointer  question,
                         GTask    *task,
                         gboolean  cancelled);
  void (*free_question) (gpointer question);
} StreamQuestion;

/* FALSE: cancelled, or this thread could never be woken up. An answer is never given up because of
 * a cancellation.
 */
gboolean stream_wait_blocking (const StreamQuestion  *kind,
                               gpointer               question,
                               ProctorChildWatcher   *watcher,
                               GCancellable          *cancellable,
                               GError               **error);

/* Takes @question and @task, and answers in the context that is thread-default now, never before
 * this returns.
 */
void stream_wait_async (const StreamQuestion *kind,
                        gpointer              question,
                        GTask                *task);

G_END_DECLS
