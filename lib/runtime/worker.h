/* A thread with a GMainContext that runs actors, watches their fds and keeps their timers.
 *
 * SPDX-License-Identifier: LGPL-2.1-or-later
 */

#pragma once

#include <signal.h>

#include "runtime/actor.h"
#include "runtime/event-queue.h"
#include "runtime/timer-heap.h"

G_BEGIN_DECLS

/* NULL with errno's text in @error if the thread cannot be started. */
Worker *worker_new (guint    index,
                    GError **error);

Worker *worker_ref (Worker *self);
void worker_unref (Worker *self);

/* Ends the thread and joins it, and drops the reference. Messages that are still under way are
 * handled first. What actors are left have no fds and timers any more; their messages are handled
 * in the threads that post them from now on. Not from a worker.
 */
void worker_stop (Worker *self);

/* Whether the calling thread is @self's, or does its work; NULL: any worker's. */
gboolean worker_is_current (Worker *self);

/* Which of the workers it is, as worker_new() was told. */
guint worker_get_index (Worker *self);

/* WOULD_DEADLOCK on a worker: a blocking call there waits for what this thread would have to do. */
gboolean worker_check_may_block (GError **error);

/* Any thread. */
void worker_post (Worker  *self,
                  Message *message);

/* Calls @func as if on the worker, whose thread sleeps, and is kept from waking up meanwhile.
 * FALSE: it does not sleep, or this is a worker's thread; then nothing was called. By a thread that
 * holds no lock of the library's.
 */
gboolean worker_act_for (Worker    *self,
                         void     (*func) (gpointer data),
                         gpointer   data);

/* Posts, but where the worker sleeps the calling thread does its work, so that nobody has to be
 * woken up. By a thread that holds no lock of the library's.
 */
void worker_post_and_help (Worker  *self,
                           Message *message);

/* event_queue_add() to the worker's queue from any thread, as long as the worker does not stop. */
gboolean worker_watch_fd (Worker     *self,
                          EventWatch *watch,
                          int         fd,
                          EventMask   wanted,
                          EventFunc   func);

typedef struct
{
  gboolean is_held;
  gboolean was_pending;
  sigset_t old_mask;
} HeldSigpipe;

/* Worker only, around a write that may fail with EPIPE: the signal that comes with it does not
 * reach the program.
 */
void worker_hold_sigpipe (Worker      *self,
                          HeldSigpipe *held);
void worker_release_sigpipe (const HeldSigpipe *held,
                             gboolean           was_raised);

/* ---- how busy it is */

/* From now on the turns of all workers are counted and timed, or not any more; counting begins at
 * 0. Any thread.
 */
void worker_count_turns (gboolean count);

/* All times are monotonic microseconds. */
typedef struct
{
  guint index;
  gint64 turn_began;   /* 0: it sleeps, or that turn is not counted */
  gint64 since;        /* when counting began; 0: nobody counts */
  gint64 busy;
  gint64 longest_turn;
  guint64 n_turns;
} WorkerLoad;

/* Any thread that keeps it alive: as it is at this moment, also while it is stuck. */
void worker_get_load (Worker     *self,
                      WorkerLoad *load);

/* Worker only. */
EventQueue *worker_get_event_queue (Worker *self);
void worker_arm_timer (Worker    *self,
                       Timer     *timer,
                       gint64     deadline,
                       TimerFunc  func);
void worker_disarm_timer (Worker *self,
                          Timer  *timer);

#define WORKER_SCRATCH_SIZE (256 * 1024)

/* A buffer of WORKER_SCRATCH_SIZE bytes for a read; it is anybody's on this worker again after the
 * caller returns.
 */
guint8 *worker_get_scratch (Worker *self);

G_END_DECLS
