/* SPDX-License-Identifier: LGPL-2.1-or-later */

/* Thread: ANY. */

#include "config.h"

#include "runtime/runtime.h"

#include <stdatomic.h>
#include <stdlib.h>

#define DEFAULT_MAX_WORKERS 4
#define MAX_WORKERS 64

static GMutex workers_lock;
static Worker *workers
  [MAX_WORKERS]; /* guarded by workers_lock while they change; complete before n_workers says so */
static atomic_uint n_workers;
static atomic_uint next_worker;

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
start_workers_locked (GError **error)
{
  g_autoptr(GError) local_error = NULL;
  guint wanted = wanted_workers ();
  guint started = 0;

  while (started < wanted)
    {
      workers[started] = worker_new (started, &local_error);
      if (workers[started] == NULL)
        break;
      started++;
    }

  if (started == 0)
    {
      g_propagate_error (error, g_steal_pointer (&local_error));
      return FALSE;
    }

  atomic_store (&n_workers, started);
  return TRUE;
}

Worker *
runtime_pick_worker (GError **error)
{
  guint count = atomic_load (&n_workers);

  if (G_UNLIKELY (count == 0))
    {
      gboolean started;

      g_mutex_lock (&workers_lock);
      started = atomic_load (&n_workers) > 0 || start_workers_locked (error);
      g_mutex_unlock (&workers_lock);
      if (!started)
        return NULL;
      count = atomic_load (&n_workers);
    }

  return workers[atomic_fetch_add_explicit (&next_worker, 1, memory_order_relaxed) % count];
}

void
runtime_stop (void)
{
  g_mutex_lock (&workers_lock);
  for (guint i = 0; i < atomic_load (&n_workers); i++)
    worker_stop (g_steal_pointer (&workers[i]));
  atomic_store (&n_workers, 0);
  g_mutex_unlock (&workers_lock);
}

guint
runtime_count_workers (void)
{
  return atomic_load (&n_workers);
}
