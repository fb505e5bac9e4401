/* Workers, actors, the runtime as a whole, and the spawners beside it.
 *
 * SPDX-License-Identifier: LGPL-2.1-or-later
 */

#include "config.h"

#include "runtime/runtime.h"

#include <fcntl.h>
#include <pthread.h>
#include <stdatomic.h>

#include "runtime/spawner.h"

#include "test-leaks.h"
#include "worker-testing.h"

#define N_POSTERS 4

/* ---- an actor that counts */

typedef struct
{
  Actor actor;

  /* worker only */
  guint next[N_POSTERS];
  guint handled; /* of `note`s */

  /* atomic */
  atomic_uint n_handled;
  atomic_int *freed;
} Counter;

typedef struct
{
  Message message;
  guint poster;
  guint number;
} Note;

static void
counter_free (Actor *actor)
{
  Counter *self = (Counter *) actor;

  g_assert_cmpint (atomic_fetch_add (self->freed, 1), ==, 0);
  g_free (self);
}

static Counter *
counter_new (Worker     *worker,
             atomic_int *freed)
{
  Counter *self = g_new0 (Counter, 1);

  atomic_store (freed, 0);
  self->freed = freed;
  actor_init (&self->actor, worker, counter_free);
  return self;
}

static void
count_in_worker (Actor   *actor,
                 Message *message)
{
  Counter *self = (Counter *) actor;
  Note *note = (Note *) message;

  g_assert_true (worker_is_current (actor->worker));
  g_assert_cmpuint (note->number, ==, self->next[note->poster]);
  self->next[note->poster]++;
  atomic_fetch_add (&self->n_handled, 1);
  g_free (note);
}

static void
post_note (Counter *counter,
           guint    poster,
           guint    number)
{
  Note *note = g_new0 (Note, 1);

  note->poster = poster;
  note->number = number;
  actor_post (&counter->actor, &note->message, count_in_worker);
}

static void
await_freed (atomic_int *freed)
{
  while (!atomic_load (freed))
    g_thread_yield ();
}

/* ---- messages */

typedef struct
{
  Counter **counters;
  guint n_counters;
  guint index;
  guint n_notes;
} Poster;

static gpointer
poster_thread (gpointer data)
{
  Poster *self = data;

  g_assert_false (worker_is_current (NULL));
  for (guint i = 0; i < self->n_notes; i++)
    {
      for (guint c = 0; c < self->n_counters; c++)
        post_note (self->counters[c], self->index, i);
    }
  return NULL;
}

/* Floods of posts from several threads to several actors; each gets all, and each thread's in
 * their order.
 */
static void
test_flood (void)
{
  Counter *counters[6];
  atomic_int freed[6];
  Poster posters[N_POSTERS];
  GThread *threads[N_POSTERS];
  guint each = scaled (5000);

  for (guint c = 0; c < G_N_ELEMENTS (counters); c++)
    counters[c] = counter_new (pick_worker (), &freed[c]);
  for (guint i = 0; i < N_POSTERS; i++)
    {
      posters[i] = (Poster){ counters, G_N_ELEMENTS (counters), i, each };
      threads[i] = g_thread_new ("poster", poster_thread, &posters[i]);
    }
  for (guint i = 0; i < N_POSTERS; i++)
    g_thread_join (threads[i]);

  for (guint c = 0; c < G_N_ELEMENTS (counters); c++)
    {
      while (atomic_load (&counters[c]->n_handled) < each * N_POSTERS)
        g_thread_yield ();
      g_assert_false (atomic_load (&freed[c]));
      actor_unref (&counters[c]->actor);
    }
  for (guint c = 0; c < G_N_ELEMENTS (counters); c++)
    await_freed (&freed[c]);
}

/* The messages hold the actor: none is missed, whoever has the last reference. */
static void
test_messages_hold_actor (void)
{
  guint n_rounds = scaled (2000);

  for (guint round = 0; round < n_rounds; round++)
    {
      atomic_int freed;
      Counter *counter = counter_new (pick_worker (), &freed);

      for (guint i = 0; i < round % 20; i++)
        post_note (counter, 0, i);
      actor_unref (&counter->actor);
      await_freed (&freed);
    }
}

static void
post_again_in_worker (Actor   *actor,
                      Message *message)
{
  Counter *self = (Counter *) actor;

  if (++self->handled < 100)
    actor_post (actor, message, post_again_in_worker);
  else
    g_free (message);
}

static void
test_post_again (void)
{
  atomic_int freed;
  Counter *counter = counter_new (pick_worker (), &freed);

  actor_post (&counter->actor, (Message *) g_new0 (Note, 1), post_again_in_worker);
  actor_unref (&counter->actor);
  await_freed (&freed);
}

/* ---- fairness */

typedef struct
{
  Counter *busy;
  atomic_int stop;
  Timer timer;
  EventWatch watch;
  int fds[2];
  atomic_int timer_called;
  atomic_int watch_called;
  Worker *worker;
} Crowd;

typedef struct
{
  Message message;
  Crowd *crowd;
} BusyMessage;

/* Never has nothing to do. */
static void
keep_busy_in_worker (Actor   *actor,
                     Message *message)
{
  BusyMessage *self = (BusyMessage *) message;

  if (atomic_load (&self->crowd->stop))
    g_free (self);
  else
    actor_post (actor, message, keep_busy_in_worker);
}

static void
note_timer (Timer *timer)
{
  Crowd *self = (Crowd *) (gpointer) ((char *) timer - G_STRUCT_OFFSET (Crowd, timer));

  g_assert_cmpint (g_get_monotonic_time (), >=, timer->deadline);
  atomic_store (&self->timer_called, TRUE);
}

static void
note_watch (EventWatch *watch,
            EventMask   events)
{
  Crowd *self = (Crowd *) (gpointer) ((char *) watch - G_STRUCT_OFFSET (Crowd, watch));

  event_queue_remove (worker_get_event_queue (self->worker), watch);
  atomic_store (&self->watch_called, TRUE);
}

static void
add_to_crowd (gpointer data)
{
  Crowd *self = data;

  worker_arm_timer (self->worker, &self->timer, g_get_monotonic_time () + 2000, note_timer);
  g_assert_true (event_queue_add (worker_get_event_queue (self->worker), &self->watch,
                                  self->fds[0], EVENT_IN, note_watch));
}

/* Beside actors that always have messages waiting another one, a timer and a fd of the same worker
 * get their turn.
 */
static void
test_fairness (void)
{
  Crowd crowd = { .worker = pick_worker () };
  atomic_int busy_freed;
  atomic_int freed;
  Counter *counter = counter_new (crowd.worker, &freed);

  g_assert_cmpint (pipe2 (crowd.fds, O_CLOEXEC | O_NONBLOCK), ==, 0);
  crowd.busy = counter_new (crowd.worker, &busy_freed);
  for (guint i = 0; i < 2000; i++)
    {
      BusyMessage *message = g_new0 (BusyMessage, 1);

      message->crowd = &crowd;
      actor_post (&crowd.busy->actor, &message->message, keep_busy_in_worker);
    }

  for (guint i = 0; i < 100; i++)
    post_note (counter, 0, i);
  while (atomic_load (&counter->n_handled) < 100)
    g_thread_yield ();

  call_in_worker (crowd.worker, add_to_crowd, &crowd);
  g_assert_cmpint (write (crowd.fds[1], "x", 1), ==, 1);
  while (!atomic_load (&crowd.timer_called) || !atomic_load (&crowd.watch_called))
    g_thread_yield ();

  atomic_store (&crowd.stop, TRUE);
  actor_unref (&crowd.busy->actor);
  actor_unref (&counter->actor);
  await_freed (&busy_freed);
  await_freed (&freed);
  close (crowd.fds[0]);
  close (crowd.fds[1]);
}

/* The worker is kept from its work until many messages wait for one actor and then one for another.
 */
#define N_WAITING 20000

typedef struct
{
  Worker *worker;
  Counter *busy;
  Timer timer;
  atomic_int held;
  atomic_int posted;
  guint handled_before_timer;
  guint handled_before_other;
  atomic_int done;
} Turns;

static void
timer_has_turn (Timer *timer)
{
  Turns *self = (Turns *) (gpointer) ((char *) timer - G_STRUCT_OFFSET (Turns, timer));

  self->handled_before_timer = atomic_load (&self->busy->n_handled);
}

static void
hold_worker (gpointer data)
{
  Turns *self = data;

  worker_arm_timer (self->worker, &self->timer, g_get_monotonic_time (), timer_has_turn);
  atomic_store (&self->held, TRUE);
  while (!atomic_load (&self->posted))
    g_usleep (100);
}

typedef struct
{
  Message message;
  Turns *turns;
} TurnMessage;

static void
other_has_turn (Actor   *actor,
                Message *message)
{
  Turns *turns = ((TurnMessage *) message)->turns;

  turns->handled_before_other = atomic_load (&turns->busy->n_handled);
  g_free (message);
  atomic_store (&turns->done, TRUE);
}

static gpointer
hold_worker_thread (gpointer data)
{
  Turns *self = data;

  call_in_worker (self->worker, hold_worker, self);
  return NULL;
}

static void
test_turns (void)
{
  Turns turns = { .worker = pick_worker () };
  TurnMessage *message = g_new0 (TurnMessage, 1);
  atomic_int busy_freed;
  atomic_int other_freed;
  Counter *other = counter_new (turns.worker, &other_freed);
  GThread *thread;

  turns.busy = counter_new (turns.worker, &busy_freed);
  thread = g_thread_new ("holder", hold_worker_thread, &turns);
  while (!atomic_load (&turns.held))
    g_usleep (100);
  for (guint i = 0; i < N_WAITING; i++)
    post_note (turns.busy, 0, i);
  message->turns = &turns;
  actor_post (&other->actor, &message->message, other_has_turn);
  atomic_store (&turns.posted, TRUE);
  g_thread_join (thread);

  while (!atomic_load (&turns.done) || atomic_load (&turns.busy->n_handled) < N_WAITING)
    g_usleep (100);
  g_assert_cmpuint (turns.handled_before_timer, <, N_WAITING);
  g_assert_cmpuint (turns.handled_before_other, <, N_WAITING);
  actor_unref (&turns.busy->actor);
  actor_unref (&other->actor);
  await_freed (&busy_freed);
  await_freed (&other_freed);
}

/* ---- timers */

#define N_ALARMS 50

typedef struct
{
  Timer timer;
  Timer never;
  struct _Alarms *owner;
} Alarm;

typedef struct _Alarms
{
  Worker *worker;
  Alarm alarms[N_ALARMS];
  gint64 last;
  atomic_uint n_called;
} Alarms;

static void
not_called (Timer *timer)
{
  g_assert_not_reached ();
}

static void
alarm_called (Timer *timer)
{
  Alarm *self = (Alarm *) timer;

  g_assert_true (worker_is_current (self->owner->worker));
  g_assert_cmpint (timer->deadline, >=, self->owner->last);
  g_assert_cmpint (g_get_monotonic_time (), >=, timer->deadline);
  self->owner->last = timer->deadline;
  worker_disarm_timer (self->owner->worker, &self->never);
  atomic_fetch_add (&self->owner->n_called, 1);
}

static void
arm_alarms (gpointer data)
{
  Alarms *self = data;
  gint64 now = g_get_monotonic_time ();

  for (guint i = 0; i < N_ALARMS; i++)
    {
      gint64 deadline = now + g_test_rand_int_range (0, 20000);

      self->alarms[i].owner = self;
      worker_arm_timer (self->worker, &self->alarms[i].never, deadline + 1, not_called);
      worker_arm_timer (self->worker, &self->alarms[i].timer, deadline, alarm_called);
      /* Each takes its companion away in time. */
      worker_arm_timer (self->worker, &self->alarms[i].never, deadline + 60 * G_USEC_PER_SEC,
                        not_called);
    }
}

static void
test_timers (void)
{
  Alarms alarms = { .worker = pick_worker () };

  call_in_worker (alarms.worker, arm_alarms, &alarms);
  while (atomic_load (&alarms.n_called) < N_ALARMS)
    g_thread_yield ();
}

/* ---- the threads */

static void
check_signal_mask (gpointer data)
{
  static const int synchronous[] = { SIGSEGV, SIGBUS, SIGFPE, SIGILL, SIGTRAP, SIGSYS, SIGABRT };
  sigset_t mask;

  pthread_sigmask (SIG_SETMASK, NULL, &mask);
  for (guint i = 0; i < G_N_ELEMENTS (synchronous); i++)
    g_assert_false (sigismember (&mask, synchronous[i]));
  g_assert_true (sigismember (&mask, SIGCHLD));
  g_assert_true (sigismember (&mask, SIGINT));
  g_assert_true (sigismember (&mask, SIGPIPE));
  g_assert_true (sigismember (&mask, SIGALRM));
}

static void
test_signal_mask (void)
{
  sigset_t before;
  sigset_t after;

  /* The kernel fills in the beginning only. */
  memset (&before, 0, sizeof before);
  memset (&after, 0, sizeof after);
  pthread_sigmask (SIG_SETMASK, NULL, &before);
  call_in_worker (pick_worker (), check_signal_mask, NULL);
  pthread_sigmask (SIG_SETMASK, NULL, &after);
  g_assert_cmpmem (&before, sizeof before, &after, sizeof after);
  g_assert_false (worker_is_current (NULL));
}

static void
nothing_in_worker (Actor   *actor,
                   Message *message)
{
}

static Actor *
listed_actor_new (void)
{
  Actor *actor = g_new0 (Actor, 1);
  g_autoptr(GError) error = NULL;

  actor_init (actor, NULL, (ActorFunc) g_free);
  g_assert_true (runtime_add_actor (actor, nothing_in_worker, &error));
  g_assert_no_error (error);
  return actor;
}

static guint
count_actors_of (const GPtrArray *actors,
                 const Worker    *worker)
{
  guint n = 0;

  for (guint i = 0; i < actors->len; i++)
    n += ((const Actor *) actors->pdata[i])->worker == worker;
  return n;
}

/* An actor comes to the worker that has the fewest. */
static void
test_all_workers_get_actors (void)
{
  g_autoptr(GPtrArray) actors = g_ptr_array_new_with_free_func ((GDestroyNotify) actor_unref);
  Worker *first;
  guint n_workers;

  g_ptr_array_add (actors, listed_actor_new ());
  first = ((Actor *) actors->pdata[0])->worker;
  n_workers = runtime_count_workers ();
  while (actors->len < 4 * n_workers)
    g_ptr_array_add (actors, listed_actor_new ());
  for (guint i = 0; i < actors->len; i++)
    g_assert_cmpuint (count_actors_of (actors, ((Actor *) actors->pdata[i])->worker), ==, 4);

  for (guint i = 0; i < actors->len;)
    {
      if (((Actor *) actors->pdata[i])->worker == first)
        g_ptr_array_remove_index_fast (actors, i);
      else
        i++;
    }
  g_assert_cmpuint (actors->len, ==, 4 * (n_workers - 1));
  while (actors->len < 4 * n_workers)
    g_ptr_array_add (actors, listed_actor_new ());
  g_assert_cmpuint (count_actors_of (actors, first), ==, 4);

  g_ptr_array_set_size (actors, 0);
  for (guint i = 0; i < 4; i++)
    {
      Actor *actor = listed_actor_new ();

      g_assert_true (actor->worker == first);
      actor_unref (actor);
    }
}

static void
unref_in_worker (Actor   *actor,
                 Message *message)
{
  g_free (message);
  actor_unref (actor);
}

static void
post_unref_in_worker (Actor   *actor,
                      Message *message)
{
  actor_post (actor, message, unref_in_worker);
}

static gpointer
pick_and_post_thread (gpointer data)
{
  atomic_int freed;
  Counter *counter = counter_new (pick_worker (), &freed);

  post_note (counter, 0, 0);
  actor_unref (&counter->actor);
  await_freed (&freed);
  return NULL;
}

/* What is under way when the workers end is handled, also what that posts in turn; and all can
 * start again, with many threads that are the first.
 */
static void
test_stop_and_restart (void)
{
  guint n_rounds = scaled (200);

  for (guint round = 0; round < n_rounds; round++)
    {
      atomic_int freed[8];
      GThread *threads[8];

      for (guint i = 0; i < G_N_ELEMENTS (threads); i++)
        threads[i] = g_thread_new ("first", pick_and_post_thread, NULL);
      for (guint i = 0; i < G_N_ELEMENTS (threads); i++)
        g_thread_join (threads[i]);

      for (guint i = 0; i < G_N_ELEMENTS (freed); i++)
        {
          Counter *counter = counter_new (pick_worker (), &freed[i]);

          for (guint n = 0; n < 300; n++)
            post_note (counter, 0, n);
          actor_post (&counter->actor, (Message *) g_new0 (Note, 1), post_unref_in_worker);
        }
      g_assert_cmpuint (runtime_count_workers (), >=, 1);
      runtime_stop ();
      g_assert_cmpuint (runtime_count_workers (), ==, 0);
      for (guint i = 0; i < G_N_ELEMENTS (freed); i++)
        g_assert_true (atomic_load (&freed[i]));
    }
  runtime_stop ();
}

/* A setting that makes no sense is ignored. */
static void
test_number_of_workers (void)
{
  static const struct
  {
    const char *setting;
    guint number; /* 0: as without */
  } rows[] = { { "1", 1 }, { "3", 3 }, { "0", 0 }, { "x", 0 }, { "65", 0 }, { "", 0 } };
  g_autofree char *own = g_strdup (g_getenv ("PROCTOR_WORKERS"));

  for (guint i = 0; i < G_N_ELEMENTS (rows); i++)
    {
      guint expected = rows[i].number > 0 ? rows[i].number : MIN (g_get_num_processors (), 4);

      runtime_stop ();
      setenv ("PROCTOR_WORKERS", rows[i].setting, TRUE);
      pick_worker ();
      g_assert_cmpuint (runtime_count_workers (), ==, expected);
    }

  runtime_stop ();
  if (own != NULL)
    setenv ("PROCTOR_WORKERS", own, TRUE);
  else
    unsetenv ("PROCTOR_WORKERS");
}

/* ---- spawners */

typedef struct
{
  GMutex lock;
  GCond cond;
  gboolean open;
  guint n_inside;
} Gate;

typedef struct
{
  SpawnerJob job;
  atomic_uint *n_done;
  Gate *gate;
} Job;

static void
count_job (SpawnerJob *job)
{
  Job *self = (Job *) job;
  sigset_t mask;

  g_assert_false (worker_is_current (NULL));
  pthread_sigmask (SIG_SETMASK, NULL, &mask);
  g_assert_true (sigismember (&mask, SIGCHLD));
  atomic_fetch_add (self->n_done, 1);
  g_free (self);
}

static void
post_count (atomic_uint *n_done)
{
  g_autoptr(GError) error = NULL;
  Job *job = g_new0 (Job, 1);

  job->n_done = n_done;
  g_assert_true (spawner_post (&job->job, count_job, &error));
  g_assert_no_error (error);
}

static gpointer
spawn_poster_thread (gpointer data)
{
  for (guint i = 0; i < scaled (5000); i++)
    post_count (data);
  return NULL;
}

static void
test_spawner_flood (void)
{
  atomic_uint n_done = 0;
  GThread *threads[N_POSTERS];

  for (guint i = 0; i < N_POSTERS; i++)
    threads[i] = g_thread_new ("poster", spawn_poster_thread, &n_done);
  for (guint i = 0; i < N_POSTERS; i++)
    g_thread_join (threads[i]);
  while (atomic_load (&n_done) < N_POSTERS * scaled (5000))
    g_thread_yield ();
  g_assert_cmpuint (spawner_count_threads (), >=, 1);
}

static void
wait_at_gate (SpawnerJob *job)
{
  Job *self = (Job *) job;
  Gate *gate = self->gate;

  g_mutex_lock (&gate->lock);
  gate->n_inside++;
  g_cond_broadcast (&gate->cond);
  while (!gate->open)
    g_cond_wait (&gate->cond, &gate->lock);
  gate->n_inside--;
  g_cond_broadcast (&gate->cond);
  g_mutex_unlock (&gate->lock);
  g_free (self);
}

static void
post_to_gate (Gate *gate)
{
  g_autoptr(GError) error = NULL;
  Job *job = g_new0 (Job, 1);

  job->gate = gate;
  g_assert_true (spawner_post (&job->job, wait_at_gate, &error));
}

static void
await_inside (Gate  *gate,
              guint  number)
{
  g_mutex_lock (&gate->lock);
  while (gate->n_inside != number)
    g_cond_wait (&gate->cond, &gate->lock);
  g_mutex_unlock (&gate->lock);
}

/* However many jobs are stuck, the next one is done. */
static void
test_spawner_stuck (void)
{
  Gate gate = { .open = FALSE };
  atomic_uint n_done = 0;

  g_mutex_init (&gate.lock);
  g_cond_init (&gate.cond);
  for (guint n_stuck = 1; n_stuck <= 8; n_stuck++)
    {
      post_to_gate (&gate);
      await_inside (&gate, n_stuck);
      post_count (&n_done);
      while (atomic_load (&n_done) < n_stuck)
        g_thread_yield ();
      g_assert_cmpuint (spawner_count_threads (), >, n_stuck);
    }

  /* Many at once. */
  for (guint i = 0; i < 8; i++)
    post_to_gate (&gate);
  await_inside (&gate, 16);
  g_assert_cmpuint (spawner_count_threads (), >=, 16);

  g_mutex_lock (&gate.lock);
  gate.open = TRUE;
  g_cond_broadcast (&gate.cond);
  g_mutex_unlock (&gate.lock);
  await_inside (&gate, 0);

  /* They stay, and are enough from now on. */
  g_assert_cmpuint (spawner_count_threads (), >=, 16);
  post_count (&n_done);
  while (atomic_load (&n_done) < 9)
    g_thread_yield ();

  g_mutex_clear (&gate.lock);
  g_cond_clear (&gate.cond);
}

int
main (int argc, char **argv)
{
  Leaks before;
  int result;

  g_test_init (&argc, &argv, NULL);
  deadline_start ("test-worker", TEST_DEADLINE_SECONDS);

  g_test_add_func ("/worker/flood", test_flood);
  g_test_add_func ("/worker/messages-hold-actor", test_messages_hold_actor);
  g_test_add_func ("/worker/post-again", test_post_again);
  g_test_add_func ("/worker/fairness", test_fairness);
  g_test_add_func ("/worker/turns", test_turns);
  g_test_add_func ("/worker/timers", test_timers);
  g_test_add_func ("/worker/signal-mask", test_signal_mask);
  g_test_add_func ("/worker/all-get-actors", test_all_workers_get_actors);
  g_test_add_func ("/worker/stop-and-restart", test_stop_and_restart);
  g_test_add_func ("/worker/number", test_number_of_workers);
  g_test_add_func ("/worker/spawner-flood", test_spawner_flood);
  g_test_add_func ("/worker/spawner-stuck", test_spawner_stuck);

  /* Which has an eventfd of its own. */
  g_main_context_default ();
  leaks_take (&before);
  result = g_test_run ();
  runtime_stop ();
  leaks_check (&before);
  return result;
}
