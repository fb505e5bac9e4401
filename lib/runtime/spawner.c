/* SPDX-License-Identifier: LGPL-2.1-or-later */

/* Thread: posting ANY; jobs run on spawner threads. */

#include "config.h"

#include "runtime/spawner.h"

#include <pthread.h>
#include <signal.h>

#include "base/base-thread.h"

#define MIN_THREADS 2
#define MAX_THREADS 4

/* When this long no job was taken although one waits, all threads are stuck in children that do not
 * get to their exec; or the machine is just slow. As threads that were added stay, patience grows
 * with their number, up to the second value.
 */
#define STUCK_AFTER_US (10 * G_TIME_SPAN_MILLISECOND)
#define STUCK_AFTER_MAX_US (100 * G_TIME_SPAN_MILLISECOND)

/* A thread that waits for a job. Each has one for ever: who calls it may still do so when it has
 * gone on already.
 */
typedef struct _Idler Idler;
struct _Idler
{
  GCond called; /* with spawner_lock */

  /* guarded by spawner_lock */
  gboolean is_called; /* and not in the list any more */
  Idler *next;
};

/* The threads are started when there is work for them and then stay: PR_SET_PDEATHSIG sends its
 * signal when the thread ends that made the child, not the program. They outlive a shutdown of the
 * service, too.
 *
 * The watchman is one more thread. It sleeps until somebody found all others busy, and then looks
 * every few milliseconds whether jobs still get taken, as long as any waits. If they do not it adds
 * a thread.
 */
typedef struct
{
  /* guarded by spawner_lock */
  SpawnerJob *first; /* oldest */
  SpawnerJob *last;
  guint n_jobs;    /* from first to last */
  guint n_threads; /* without the watchman */
  Idler *idlers;   /* not called yet; first who has worked last, whose memory is in the caches */
  guint n_idle;    /* who wait, even if they were called already: each takes one job */
  guint64 n_taken;
  gboolean has_watchman;
  gboolean watchman_sleeps;
} Spawner;

static GMutex spawner_lock;
static GCond congestion; /* with spawner_lock: for the watchman */
static Spawner spawner;

static void
wait_locked (Idler *self)
{
  self->is_called = FALSE;
  self->next = spawner.idlers;
  spawner.idlers = self;
  spawner.n_idle++;
  while (!self->is_called)
    g_cond_wait (&self->called, &spawner_lock);
  spawner.n_idle--;
}

/* Whom to signal when the lock is free, since it would have to wait for that; NULL: all are at
 * work.
 */
static Idler *
call_idler_locked (void)
{
  Idler *idler = spawner.idlers;

  if (idler == NULL)
    return NULL;

  spawner.idlers = idler->next;
  idler->is_called = TRUE;
  return idler;
}

static gpointer
spawner_thread (gpointer data)
{
  Idler *self = g_new0 (Idler, 1);

  g_mutex_lock (&spawner_lock);
  for (;;)
    {
      SpawnerJob *job;

      while (spawner.first == NULL)
        wait_locked (self);

      job = spawner.first;
      spawner.first = job->next;
      if (spawner.first == NULL)
        spawner.last = NULL;
      spawner.n_jobs--;
      spawner.n_taken++;
      g_mutex_unlock (&spawner_lock);

      job->next = NULL;
      job->func (job);

      g_mutex_lock (&spawner_lock);
    }

  return NULL;
}

static gboolean
start_thread (const char   *name,
              GThreadFunc   func,
              GError      **error)
{
  GThread *thread;
  sigset_t mask;

  pthread_sigmask (SIG_SETMASK, NULL, &mask);
  thread_block_signals ();
  thread = g_thread_try_new (name, func, NULL, error);
  pthread_sigmask (SIG_SETMASK, &mask, NULL);

  if (thread == NULL)
    return FALSE;
  g_thread_unref (thread);
  return TRUE;
}

static gboolean
add_thread_locked (GError **error)
{
  if (!start_thread ("proctor-spawn", spawner_thread, error))
    return FALSE;

  spawner.n_threads++;
  return TRUE;
}

static guint
usual_number_of_threads (void)
{
  static gsize number;

  if (g_once_init_enter (&number))
    g_once_init_leave (&number, CLAMP (g_get_num_processors (), MIN_THREADS, MAX_THREADS));
  return number;
}

static gulong
patience_locked (void)
{
  guint usual = usual_number_of_threads ();
  guint n_added = spawner.n_threads > usual ? spawner.n_threads - usual : 0;

  return MIN (STUCK_AFTER_US * (n_added + 1), STUCK_AFTER_MAX_US);
}

static gpointer
watchman_thread (gpointer data)
{
  g_mutex_lock (&spawner_lock);
  for (;;)
    {
      guint64 n_taken = spawner.n_taken;
      gulong patience;

      if (spawner.first == NULL)
        {
          spawner.watchman_sleeps = TRUE;
          g_cond_wait (&congestion, &spawner_lock);
          spawner.watchman_sleeps = FALSE;
          continue;
        }

      patience = patience_locked ();
      g_mutex_unlock (&spawner_lock);
      g_usleep (patience);
      g_mutex_lock (&spawner_lock);

      /* Failing to add one is not the end: the next look tries again. */
      if (spawner.first != NULL && spawner.n_taken == n_taken)
        add_thread_locked (NULL);
    }

  return NULL;
}

static void
call_watchman_locked (void)
{
  if (!spawner.has_watchman)
    spawner.has_watchman = start_thread ("proctor-watch", watchman_thread, NULL);
  else if (spawner.watchman_sleeps)
    g_cond_signal (&congestion);
}

gboolean
spawner_post (SpawnerJob   *job,
              SpawnerFunc   func,
              GError      **error)
{
  gboolean started = FALSE;
  Idler *idler;

  job->func = func;
  job->next = NULL;

  g_mutex_lock (&spawner_lock);
  if (spawner.n_jobs >= spawner.n_idle && spawner.n_threads < usual_number_of_threads ())
    {
      g_autoptr(GError) local_error = NULL;

      started = add_thread_locked (&local_error);
      if (spawner.n_threads == 0)
        {
          g_mutex_unlock (&spawner_lock);
          g_propagate_error (error, g_steal_pointer (&local_error));
          return FALSE;
        }
    }

  if (spawner.last != NULL)
    spawner.last->next = job;
  else
    spawner.first = job;
  spawner.last = job;
  spawner.n_jobs++;

  idler = call_idler_locked ();
  if (!started && spawner.n_jobs > spawner.n_idle)
    call_watchman_locked ();
  g_mutex_unlock (&spawner_lock);

  if (idler != NULL)
    g_cond_signal (&idler->called);
  return TRUE;
}

guint
spawner_count_threads (void)
{
  guint n_threads;

  g_mutex_lock (&spawner_lock);
  n_threads = spawner.n_threads;
  g_mutex_unlock (&spawner_lock);

  return n_threads;
}
