/* SPDX-License-Identifier: LGPL-2.1-or-later */

/* Thread: ANY. */

#include "config.h"

#include "runtime/runtime.h"

#include <glib/gi18n-lib.h>
#include <stdatomic.h>

#include <proctor/proctor.h>

#define DEFAULT_MAX_WORKERS 4
#define MAX_WORKERS 64

/* Starting, adding actors and ending exclude each other, so an actor either is in the list when the
 * end begins, or is not made.
 */
typedef struct
{
  Worker *workers[MAX_WORKERS];
  guint n_workers;
  guint n_actors[MAX_WORKERS]; /* of each worker; those in the list */
  guint n_picked;              /* by runtime_pick_worker() */
  GQueue actors;    /* of borrowed Actor, linked through themselves, until they have ended */
  gboolean ending;  /* until runtime_finish_end() */
  gboolean claimed; /* somebody is about to call that */
  RuntimeEnd how;   /* not changed while ending */
  guint n_left;     /* actors that have not ended yet */
  GQueue waiters;   /* of borrowed RuntimeWaiter, linked through themselves */
} Runtime;

static GMutex runtime_lock;
static Runtime runtime; /* guarded by runtime_lock */

static void (*started_func) (void);       /* immutable after the library's start */
static atomic_bool start_is_to_be_told;

static guint
wanted_workers (void)
{
  const char *setting = g_getenv ("PROCTOR_WORKERS");
  guint64 number;

  if (setting != NULL && g_ascii_string_to_unsigned (setting, 10, 1, MAX_WORKERS, &number, NULL))
    return (guint) number;

  return MIN (g_get_num_processors (), DEFAULT_MAX_WORKERS);
}

/* One worker is enough to go on with; only when not even that can be had it is an error. */
static gboolean
start_locked (GError **error)
{
  g_autoptr(GError) local_error = NULL;
  guint wanted;

  if (runtime.ending)
    {
      g_set_error_literal (error, PROCTOR_ERROR, PROCTOR_ERROR_SHUT_DOWN,
                           _("Proctor is being shut down"));
      return FALSE;
    }
  if (runtime.n_workers > 0)
    return TRUE;

  wanted = wanted_workers ();
  while (runtime.n_workers < wanted)
    {
      Worker *worker = worker_new (runtime.n_workers, &local_error);

      if (worker == NULL)
        break;
      runtime.workers[runtime.n_workers++] = worker;
    }

  if (runtime.n_workers == 0)
    g_propagate_error (error, g_steal_pointer (&local_error));
  else
    atomic_store (&start_is_to_be_told, TRUE);
  return runtime.n_workers > 0;
}

void
runtime_set_started_func (void (*func) (void))
{
  started_func = func;
}

/* After any start, without the lock. */
static void
tell_start (void)
{
  if (G_UNLIKELY (atomic_load_explicit (&start_is_to_be_told, memory_order_relaxed)) &&
      atomic_exchange (&start_is_to_be_told, FALSE) && started_func != NULL)
    started_func ();
}

/* The one with the fewest actors. Of several the first: while there is little to do the same
 * threads do it, whose memory is in the caches.
 */
static Worker *
pick_worker_locked (void)
{
  guint best = 0;

  for (guint i = 1; i < runtime.n_workers; i++)
    {
      if (runtime.n_actors[i] < runtime.n_actors[best])
        best = i;
    }

  return runtime.workers[best];
}

gboolean
runtime_start (GError **error)
{
  gboolean started;

  g_mutex_lock (&runtime_lock);
  started = start_locked (error);
  g_mutex_unlock (&runtime_lock);

  tell_start ();
  return started;
}

Worker *
runtime_pick_worker (GError **error)
{
  Worker *worker = NULL;

  g_mutex_lock (&runtime_lock);
  if (start_locked (error))
    worker = runtime.workers[runtime.n_picked++ % runtime.n_workers];
  g_mutex_unlock (&runtime_lock);

  tell_start ();
  return worker;
}

/* ---- actors */

gboolean
runtime_add_actor (Actor        *actor,
                   MessageFunc   shutdown_func,
                   GError      **error)
{
  gboolean started;

  g_mutex_lock (&runtime_lock);
  started = start_locked (error);
  if (started)
    {
      actor->worker = worker_ref (pick_worker_locked ());
      runtime.n_actors[worker_get_index (actor->worker)]++;
      actor->shutdown_func = shutdown_func;
      actor->live_link.data = actor;
      g_queue_push_tail_link (&runtime.actors, &actor->live_link);
    }
  g_mutex_unlock (&runtime_lock);

  tell_start ();
  return started;
}

void
runtime_list (GPtrArray *workers,
              GPtrArray *actors)
{
  g_mutex_lock (&runtime_lock);
  for (guint i = 0; i < runtime.n_workers; i++)
    g_ptr_array_add (workers, worker_ref (runtime.workers[i]));
  for (GList *link = runtime.actors.head; link != NULL; link = link->next)
    g_ptr_array_add (actors, actor_ref (link->data));
  g_mutex_unlock (&runtime_lock);
}

static void
wake_waiters_locked (void)
{
  GList *link;

  while ((link = g_queue_pop_head_link (&runtime.waiters)) != NULL)
    {
      RuntimeWaiter *waiter = g_steal_pointer (&link->data);

      waiter->wake (waiter);
    }
}

/* The list is empty when the workers end: an actor without a thread is handled in the thread that
 * posts, which must not be one that holds runtime_lock.
 */
static void
leave_locked (Actor *actor)
{
  if (actor->live_link.data == NULL)
    return;

  g_queue_unlink (&runtime.actors, &actor->live_link);
  actor->live_link.data = NULL;
  runtime.n_actors[worker_get_index (actor->worker)]--;
  if (!actor->owes_end)
    return;

  actor->owes_end = FALSE;
  runtime.n_left--;
  if (runtime.n_left == 0)
    wake_waiters_locked ();
}

gboolean
runtime_drop_actor (Actor *actor)
{
  gboolean is_last;

  /* One of its own is in no list, and nobody can find it there. */
  if (actor->shutdown_func == NULL)
    return g_atomic_int_dec_and_test (&actor->ref_count);

  g_mutex_lock (&runtime_lock);
  is_last = g_atomic_int_dec_and_test (&actor->ref_count);
  if (is_last)
    leave_locked (actor);
  g_mutex_unlock (&runtime_lock);

  return is_last;
}

GPtrArray *
runtime_list_actors (MessageFunc shutdown_func)
{
  GPtrArray *actors = g_ptr_array_new_with_free_func ((GDestroyNotify) actor_unref);

  g_mutex_lock (&runtime_lock);
  for (GList *link = runtime.actors.head; link != NULL; link = link->next)
    {
      Actor *actor = link->data;

      if (actor->shutdown_func == shutdown_func)
        g_ptr_array_add (actors, actor_ref (actor));
    }
  g_mutex_unlock (&runtime_lock);

  return actors;
}

/* ---- the end */

void
runtime_begin_end (RuntimeEnd how)
{
  g_mutex_lock (&runtime_lock);
  if (!runtime.ending)
    {
      runtime.ending = TRUE;
      runtime.how = how;
      for (GList *link = runtime.actors.head; link != NULL; link = link->next)
        {
          Actor *actor = link->data;

          actor->owes_end = TRUE;
          runtime.n_left++;
          actor_post (actor, &actor->shutdown_message, actor->shutdown_func);
        }
    }
  g_mutex_unlock (&runtime_lock);
}

RuntimeEndState
runtime_await_end (RuntimeWaiter *waiter)
{
  RuntimeEndState state = RUNTIME_ENDING;

  g_mutex_lock (&runtime_lock);
  if (!runtime.ending)
    {
      state = RUNTIME_ENDED;
    }
  else if (runtime.n_left == 0 && !runtime.claimed)
    {
      state = RUNTIME_TO_BE_FINISHED;
      runtime.claimed = TRUE;
    }
  else if (waiter->link.data == NULL)
    {
      waiter->link = (GList){ .data = waiter };
      g_queue_push_tail_link (&runtime.waiters, &waiter->link);
    }
  g_mutex_unlock (&runtime_lock);

  return state;
}

void
runtime_stop_waiting (RuntimeWaiter *waiter)
{
  g_mutex_lock (&runtime_lock);
  if (waiter->link.data != NULL)
    g_queue_unlink (&runtime.waiters, &waiter->link);
  waiter->link.data = NULL;
  g_mutex_unlock (&runtime_lock);
}

RuntimeEnd
runtime_get_end (void)
{
  RuntimeEnd how;

  g_mutex_lock (&runtime_lock);
  how = runtime.how;
  g_mutex_unlock (&runtime_lock);

  return how;
}

void
runtime_actor_ended (Actor *actor)
{
  g_return_if_fail (worker_is_current (actor->worker));

  g_mutex_lock (&runtime_lock);
  leave_locked (actor);
  g_mutex_unlock (&runtime_lock);
}

/* Workers are joined without the lock, which their last messages may want. */
static void
join_workers (void)
{
  Worker *workers[MAX_WORKERS];
  guint n_workers;

  g_mutex_lock (&runtime_lock);
  n_workers = runtime.n_workers;
  memcpy (workers, runtime.workers, n_workers * sizeof (Worker *));
  runtime.n_workers = 0;
  g_mutex_unlock (&runtime_lock);

  for (guint i = 0; i < n_workers; i++)
    worker_stop (workers[i]);
}

void
runtime_finish_end (void (*last_step) (void))
{
  join_workers ();
  last_step ();

  g_mutex_lock (&runtime_lock);
  runtime.ending = FALSE;
  runtime.claimed = FALSE;
  wake_waiters_locked ();
  g_mutex_unlock (&runtime_lock);
}

/* ---- for tests */

void
runtime_stop (void)
{
  join_workers ();
}

guint
runtime_count_workers (void)
{
  guint n_workers;

  g_mutex_lock (&runtime_lock);
  n_workers = runtime.n_workers;
  g_mutex_unlock (&runtime_lock);

  return n_workers;
}
