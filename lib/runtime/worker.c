/* SPDX-License-Identifier: LGPL-2.1-or-later */

/* Thread: worker_new, worker_stop, worker_post, worker_post_and_help, worker_act_for,
 * worker_is_current, worker_get_index, worker_count_turns and worker_get_load ANY; everything else
 * WORKER: the thread that holds turn_lock.
 */

#include "config.h"

#include "runtime/worker.h"

#include <errno.h>
#include <glib/gi18n-lib.h>
#include <pthread.h>
#include <signal.h>
#include <stdatomic.h>

#include <proctor/proctor.h>

#include "base/base-fd.h"
#include "base/base-macros.h"
#include "base/base-thread.h"
#include "trace/trace.h"

/* How many messages an actor, and all actors together, may handle before others get their turn; and
 * how many are sorted at most before any is handled, so that a flood of posts cannot keep the
 * worker from its work.
 */
#define ACTOR_BATCH 16
#define WORKER_BATCH 256
#define SORT_BATCH 1024

/* How many messages a thread that helps handles at most: it may be the one that draws. */
#define HELPER_BATCH 16

/* The mailbox holds the messages of all actors of the worker. They are sorted into the actors' own
 * queues, and the actors that have any stand in a line: each handles a batch and goes to the end of
 * it.
 *
 * The thread lets go of turn_lock while it polls. Then another thread that posts may take it and do
 * the work itself (worker_post_and_help()): waking up a thread costs more than most messages do.
 * Nobody waits for the lock but the thread, and nobody holds another one of the library's when
 * taking it.
 */
struct _Worker
{
  gatomicrefcount ref_count; /* the runtime's, and one of each actor */

  /* immutable after construction */
  guint number; /* from 1, for the log */
  Mailbox *mailbox;
  gboolean can_be_helped;

  /* immutable until the thread has ended */
  GThread *thread;
  GMainContext *context;
  EventQueue *events;
  GSource *timer_source;

  /* atomic */
  atomic_uint n_posting; /* threads that post or begin to help */
  atomic_bool stopped;   /* the thread has ended */

  /* atomic; written by whoever holds turn_lock */
  _Atomic gint64 turn_began; /* 0: nobody is at it, or that turn is not counted */
  _Atomic gint64 counted_since;
  _Atomic gint64 busy;
  _Atomic gint64 longest_turn;
  atomic_ullong n_turns;

  /* guarded by turn_lock */
  GMutex turn_lock;
  gboolean is_helped;      /* another thread is at it */
  gboolean must_wake;      /* meanwhile something was changed that the worker's own must know */
  Actor *first_to_run;
  Actor *last_to_run;
  TimerHeap timers;
  guint8 *scratch;
  gboolean stopping;
  Message stop_message; /* posted by worker_stop, once */
};

typedef struct
{
  GSource source;
  Worker *worker;
} TimerSource;

static _Thread_local Worker *current_worker;

static void
set_current_worker (Worker *self)
{
  current_worker = self;
  trace_worker_number = self != NULL ? self->number : 0;
}

static _Atomic gint64 counting_since; /* 0: nobody counts */

/* ---- counting turns */

void
worker_count_turns (gboolean count)
{
  atomic_store (&counting_since, count ? g_get_monotonic_time () : 0);
}

static void
begin_turn (Worker *self)
{
  gint64 since = atomic_load_explicit (&counting_since, memory_order_relaxed);

  if (G_LIKELY (since == 0))
    return;

  if (atomic_load_explicit (&self->counted_since, memory_order_relaxed) != since)
    {
      atomic_store_explicit (&self->busy, 0, memory_order_relaxed);
      atomic_store_explicit (&self->longest_turn, 0, memory_order_relaxed);
      atomic_store_explicit (&self->n_turns, 0, memory_order_relaxed);
      atomic_store_explicit (&self->counted_since, since, memory_order_relaxed);
    }
  atomic_store_explicit (&self->turn_began, g_get_monotonic_time (), memory_order_relaxed);
}

/* Only this thread writes them, so no addition has to be one step. */
static void
end_turn (Worker *self)
{
  gint64 began = atomic_load_explicit (&self->turn_began, memory_order_relaxed);
  gint64 took;

  if (G_LIKELY (began == 0))
    return;

  took = g_get_monotonic_time () - began;
  atomic_store_explicit (&self->busy,
                         atomic_load_explicit (&self->busy, memory_order_relaxed) + took,
                         memory_order_relaxed);
  if (took > atomic_load_explicit (&self->longest_turn, memory_order_relaxed))
    atomic_store_explicit (&self->longest_turn, took, memory_order_relaxed);
  atomic_store_explicit (&self->n_turns,
                         atomic_load_explicit (&self->n_turns, memory_order_relaxed) + 1,
                         memory_order_relaxed);
  atomic_store_explicit (&self->turn_began, 0, memory_order_relaxed);
}

void
worker_get_load (Worker     *self,
                 WorkerLoad *load)
{
  gint64 since = atomic_load (&counting_since);
  gboolean has_counted = atomic_load (&self->counted_since) == since;

  *load = (WorkerLoad) {
    .index = self->number - 1,
    .turn_began = atomic_load (&self->turn_began),
    .since = since,
  };
  if (!has_counted)
    return;

  load->busy = atomic_load (&self->busy);
  load->longest_turn = atomic_load (&self->longest_turn);
  load->n_turns = atomic_load (&self->n_turns);
}

/* ---- timers */

static gboolean
timers_due (Worker *self)
{
  Timer *next = timer_heap_peek (&self->timers);

  return next != NULL && next->deadline <= g_get_monotonic_time ();
}

/* A timeout computed here, and not g_source_set_ready_time(), which wakes the context up with a
 * system call each time.
 */
static gboolean
timer_source_prepare (GSource *source,
                      int     *timeout)
{
  Timer *next = timer_heap_peek (&((TimerSource *) source)->worker->timers);
  gint64 left;

  *timeout = -1;
  if (next == NULL)
    return FALSE;

  left = next->deadline - g_get_monotonic_time ();
  if (left <= 0)
    return TRUE;

  *timeout = (int) MIN (G_MAXINT, (left + 999) / 1000);
  return FALSE;
}

static gboolean
timer_source_check (GSource *source)
{
  return timers_due (((TimerSource *) source)->worker);
}

static gboolean
timer_source_dispatch (GSource     *source,
                       GSourceFunc  callback,
                       gpointer     user_data)
{
  Worker *self = ((TimerSource *) source)->worker;

  while (timers_due (self))
    {
      Timer *timer = timer_heap_peek (&self->timers);

      timer_heap_disarm (&self->timers, timer);
      timer->func (timer);
    }
  return G_SOURCE_CONTINUE;
}

static GSourceFuncs timer_source_funcs = {
  .prepare = timer_source_prepare,
  .check = timer_source_check,
  .dispatch = timer_source_dispatch,
};

void
worker_arm_timer (Worker    *self,
                  Timer     *timer,
                  gint64     deadline,
                  TimerFunc  func)
{
  g_return_if_fail (worker_is_current (self));

  if (atomic_load (&self->stopped))
    return;

  timer_heap_arm (&self->timers, timer, deadline, func);
  if (self->is_helped && timer_heap_peek (&self->timers) == timer)
    self->must_wake = TRUE;
}

void
worker_disarm_timer (Worker *self,
                     Timer  *timer)
{
  g_return_if_fail (worker_is_current (self));

  timer_heap_disarm (&self->timers, timer);
}

/* ---- actors */

static void
line_up (Worker *self,
         Actor  *actor)
{
  if (actor->is_to_run)
    return;

  actor->is_to_run = TRUE;
  actor->next_to_run = NULL;
  if (self->last_to_run != NULL)
    self->last_to_run->next_to_run = actor;
  else
    self->first_to_run = actor;
  self->last_to_run = actor;
}

static Actor *
next_actor (Worker *self)
{
  Actor *actor = self->first_to_run;

  if (actor != NULL)
    {
      self->first_to_run = actor->next_to_run;
      if (self->first_to_run == NULL)
        self->last_to_run = NULL;
      actor->is_to_run = FALSE;
    }
  return actor;
}

static void
sort_mailbox (Worker *self)
{
  MailboxItem *item;

  for (guint n = 0; n < SORT_BATCH && (item = mailbox_pop (self->mailbox)) != NULL; n++)
    {
      Message *message = (Message *) item;
      Actor *actor = message->actor;

      if (actor == NULL)
        {
          message->func (NULL, message);
          continue;
        }

      if (actor->last != NULL)
        actor->last->item.next = item;
      else
        actor->first = message;
      actor->last = message;
      line_up (self, actor);
    }
}

/* Handles up to @limit messages of the actor. How many they were. */
static guint
run_actor (Worker *self,
           Actor  *actor,
           guint   limit)
{
  guint n_handled = 0;

  while (actor->first != NULL && n_handled < limit)
    {
      Message *message = actor->first;
      gboolean was_last = message->item.next == NULL;

      actor->first = (Message *) message->item.next;
      if (was_last)
        actor->last = NULL;
      message->item.next = NULL;

      trace_receive (TRACE_MESSAGE_BEGIN, actor->trace_number, message->trace_flow);
      message->func (actor, message);
      trace_step (TRACE_MESSAGE_END, 0, 0);
      n_handled++;
      /* The message's reference; the actor may be gone after it, but not while another message
       * waits.
       */
      actor_unref (actor);
      if (was_last)
        return n_handled;
    }

  if (actor->first != NULL)
    line_up (self, actor);
  return n_handled;
}

static gboolean
handle_mail (Mailbox *mailbox,
             gpointer data)
{
  Worker *self = data;
  guint n_left = self->is_helped ? HELPER_BATCH : WORKER_BATCH;
  Actor *actor;

  g_return_val_if_fail (worker_is_current (self), FALSE);

  do
    {
      sort_mailbox (self);
      while (n_left > 0 && (actor = next_actor (self)) != NULL)
        n_left -= run_actor (self, actor, MIN (ACTOR_BATCH, n_left));
    }
  while (n_left > 0 && !mailbox_is_empty (mailbox));

  return self->first_to_run != NULL;
}

/* All that there is to do, whether it was sorted already or not. */
static void
do_all_work (Worker *self)
{
  Worker *outer = current_worker;

  set_current_worker (self);
  while (self->first_to_run != NULL || !mailbox_is_empty (self->mailbox))
    {
      Actor *actor;

      sort_mailbox (self);
      if ((actor = next_actor (self)) != NULL)
        run_actor (self, actor, ACTOR_BATCH);
    }
  set_current_worker (outer);
}

/* Does what the thread would do, if it were still there. Whoever finds another one at it leaves it
 * to that one, which looks again before it goes; or, if that one helped, to worker_stop().
 */
static void
work_without_thread (Worker *self)
{
  while (mailbox_was_posted_to (self->mailbox) && g_mutex_trylock (&self->turn_lock))
    {
      do_all_work (self);
      g_mutex_unlock (&self->turn_lock);
    }
}

/* ---- helping */

/* On the worker's thread signals are blocked; a thread that helps is somebody's, who must not get a
 * SIGPIPE of ours.
 */
void
worker_hold_sigpipe (Worker      *self,
                     HeldSigpipe *held)
{
  sigset_t mask;

  held->is_held = self->is_helped;
  if (!held->is_held)
    return;

  sigemptyset (&mask);
  sigaddset (&mask, SIGPIPE);
  pthread_sigmask (SIG_BLOCK, &mask, &held->old_mask);

  /* What is not blocked does not wait. */
  held->was_pending = FALSE;
  if (sigismember (&held->old_mask, SIGPIPE))
    {
      sigpending (&mask);
      held->was_pending = sigismember (&mask, SIGPIPE) == 1;
    }
}

void
worker_release_sigpipe (const HeldSigpipe *held,
                        gboolean           was_raised)
{
  static const struct timespec no_time = { 0, 0 };
  sigset_t mask;

  if (!held->is_held)
    return;

  sigemptyset (&mask);
  sigaddset (&mask, SIGPIPE);
  if (was_raised && !held->was_pending)
    {
      while (sigtimedwait (&mask, NULL, &no_time) < 0 && errno == EINTR)
        ;
    }
  pthread_sigmask (SIG_SETMASK, &held->old_mask, NULL);
}

/* Whoever has the turn is the worker. */
static void
act (Worker    *self,
     void     (*func) (gpointer data),
     gpointer   data)
{
  set_current_worker (self);
  self->is_helped = TRUE;
  self->must_wake = FALSE;
  begin_turn (self);

  func (data);
  if (self->must_wake)
    mailbox_nudge (self->mailbox);

  end_turn (self);
  self->is_helped = FALSE;
  set_current_worker (NULL);
}

/* What the thread does in a turn, but for the events of its fds. */
static void
take_helpers_turn (gpointer data)
{
  Worker *self = data;

  mailbox_help (self->mailbox, self);
}

gboolean
worker_act_for (Worker    *self,
                void     (*func) (gpointer data),
                gpointer   data)
{
  gboolean acted;

  if (current_worker != NULL || !self->can_be_helped)
    return FALSE;

  atomic_fetch_add (&self->n_posting, 1);
  acted = !atomic_load (&self->stopped) && g_mutex_trylock (&self->turn_lock);
  if (acted)
    {
      act (self, func, data);
      g_mutex_unlock (&self->turn_lock);
    }
  atomic_fetch_sub (&self->n_posting, 1);
  return acted;
}

/* With poll the thread has handed the kernel a list of its fds, which could not be changed. */
void
worker_post_and_help (Worker  *self,
                      Message *message)
{
  gboolean helped;

  if (current_worker != NULL || !self->can_be_helped)
    {
      worker_post (self, message);
      return;
    }

  atomic_fetch_add (&self->n_posting, 1);
  helped = !atomic_load (&self->stopped) && g_mutex_trylock (&self->turn_lock);
  if (helped)
    {
      mailbox_push (self->mailbox, &message->item);
      act (self, take_helpers_turn, self);
      g_mutex_unlock (&self->turn_lock);
    }
  atomic_fetch_sub (&self->n_posting, 1);

  if (!helped)
    worker_post (self, message);
}

/* Where the thread ends at this moment, either its last look at the mailbox or the second look at
 * `stopped` sees the other. The reference is there to be taken: before the post the message's actor
 * has one, and worker_stop() keeps its own until nobody is posting.
 */
void
worker_post (Worker  *self,
             Message *message)
{
  gboolean stopped;

  atomic_fetch_add (&self->n_posting, 1);
  stopped = atomic_load (&self->stopped);
  if (G_UNLIKELY (stopped))
    worker_ref (self);

  mailbox_post (self->mailbox, &message->item);

  if (!stopped && G_UNLIKELY (atomic_load (&self->stopped)))
    {
      stopped = TRUE;
      worker_ref (self);
    }
  atomic_fetch_sub (&self->n_posting, 1);

  if (G_UNLIKELY (stopped))
    {
      work_without_thread (self);
      worker_unref (self);
    }
}

/* ---- the thread */

/* Nobody can help before the thread is here for the first time, nor after its end. */
static int
poll_without_turn (GPollFD *fds,
                   guint    n_fds,
                   int      timeout)
{
  Worker *self = current_worker;
  int error_number;
  int n_ready;

  end_turn (self);
  if (timeout == 0)
    {
      begin_turn (self);
      return g_poll (fds, n_fds, 0);
    }

  g_mutex_unlock (&self->turn_lock);
  n_ready = g_poll (fds, n_fds, timeout);
  error_number = errno;
  g_mutex_lock (&self->turn_lock);
  begin_turn (self);
  errno = error_number;
  return n_ready;
}

static gpointer
worker_thread (gpointer data)
{
  Worker *self = data;

  g_mutex_lock (&self->turn_lock);
  set_current_worker (self);
  begin_turn (self);
  g_main_context_push_thread_default (self->context);
  /* What is handled last may have posted once more, for example the message that frees an actor. */
  while (!self->stopping || self->first_to_run != NULL || !mailbox_is_empty (self->mailbox))
    g_main_context_iteration (self->context, TRUE);
  g_main_context_pop_thread_default (self->context);
  end_turn (self);
  set_current_worker (NULL);
  g_mutex_unlock (&self->turn_lock);

  return NULL;
}

static void
stop_in_worker (Actor   *actor,
                Message *message)
{
  Worker *self = CONTAINER_OF (message, Worker, stop_message);

  self->stopping = TRUE;
  self->must_wake = TRUE;
}

/* All that the thread needed. The mailbox stays, since actors may be left; nobody ever sleeps over
 * it again, so that it does not need its context.
 */
static void
close_context (Worker *self)
{
  g_source_destroy (self->timer_source);
  g_clear_pointer (&self->timer_source, g_source_unref);
  g_clear_pointer (&self->events, event_queue_free);
  mailbox_detach (self->mailbox);
  g_clear_pointer (&self->context, g_main_context_unref);
}

Worker *
worker_ref (Worker *self)
{
  g_atomic_ref_count_inc (&self->ref_count);
  return self;
}

void
worker_unref (Worker *self)
{
  if (!g_atomic_ref_count_dec (&self->ref_count))
    return;

  /* A post of the last actor's last message may not be through yet. */
  while (atomic_load (&self->n_posting) > 0)
    g_thread_yield ();
  mailbox_destroy (self->mailbox);
  timer_heap_clear (&self->timers);
  g_mutex_clear (&self->turn_lock);
  g_free (self->scratch);
  g_free (self);
}

Worker *
worker_new (guint    index,
            GError **error)
{
  Worker *self = g_new0 (Worker, 1);
  g_autofree char *name = g_strdup_printf ("proctor-%u", index);
  StdioFilling filling;
  sigset_t mask;

  g_atomic_ref_count_init (&self->ref_count);
  self->number = index + 1;
  g_mutex_init (&self->turn_lock);
  fd_fill_stdio (&filling);
  self->context = g_main_context_new ();
  g_main_context_set_poll_func (self->context, poll_without_turn);
  fd_leave_stdio (&filling);
  self->mailbox = mailbox_new (self->context, "[Proctor] mailbox", handle_mail, self, NULL);
  self->events = event_queue_new (self->context, "[Proctor] pipes");
  self->can_be_helped = event_queue_uses_epoll (self->events);
  timer_heap_init (&self->timers);
  self->timer_source = g_source_new (&timer_source_funcs, sizeof (TimerSource));
  ((TimerSource *) self->timer_source)->worker = self;
  g_source_set_static_name (self->timer_source, "[Proctor] timers");
  g_source_set_can_recurse (self->timer_source, TRUE);
  g_source_attach (self->timer_source, self->context);

  /* A thread starts with its creator's mask, so there is no moment in which it could take one of
   * the program's signals.
   */
  pthread_sigmask (SIG_SETMASK, NULL, &mask);
  thread_block_signals ();
  self->thread = g_thread_try_new (name, worker_thread, self, error);
  pthread_sigmask (SIG_SETMASK, &mask, NULL);

  if (self->thread == NULL)
    {
      close_context (self);
      g_clear_pointer (&self, worker_unref);
    }
  return self;
}

void
worker_stop (Worker *self)
{
  g_return_if_fail (!worker_is_current (NULL));

  self->stop_message.actor = NULL;
  self->stop_message.func = stop_in_worker;
  worker_post (self, &self->stop_message);
  g_thread_join (self->thread);

  atomic_store (&self->stopped, TRUE);
  work_without_thread (self);
  /* What was posted last may have been handled before its post is through, and with that the
   * wake-up of the context.
   */
  while (atomic_load (&self->n_posting) > 0)
    g_thread_yield ();
  /* Whoever still helped when the thread had ended kept others from the work, and may have left
   * some that was sorted already. Nobody begins to help any more; who has the turn does it all.
   */
  if (g_mutex_trylock (&self->turn_lock))
    {
      do_all_work (self);
      g_mutex_unlock (&self->turn_lock);
    }
  work_without_thread (self);
  close_context (self);
  worker_unref (self);
}

gboolean
worker_is_current (Worker *self)
{
  return self == NULL ? current_worker != NULL : current_worker == self;
}

guint
worker_get_index (Worker *self)
{
  return self->number - 1;
}

gboolean
worker_check_may_block (GError **error)
{
  if (current_worker == NULL)
    return TRUE;

  g_set_error_literal (error, PROCTOR_ERROR, PROCTOR_ERROR_WOULD_DEADLOCK,
                       _("A blocking call on one of Proctor’s own threads would never end"));
  return FALSE;
}

gboolean
worker_watch_fd (Worker     *self,
                 EventWatch *watch,
                 int         fd,
                 EventMask   wanted,
                 EventFunc   func)
{
  return event_queue_add (self->events, watch, fd, wanted, func);
}

EventQueue *
worker_get_event_queue (Worker *self)
{
  g_return_val_if_fail (worker_is_current (self), NULL);

  return self->events;
}

guint8 *
worker_get_scratch (Worker *self)
{
  g_return_val_if_fail (worker_is_current (self), NULL);

  if (self->scratch == NULL)
    self->scratch = g_malloc (WORKER_SCRATCH_SIZE);
  return self->scratch;
}
