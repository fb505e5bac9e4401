/* SPDX-License-Identifier: LGPL-2.1-or-later */

/* Thread: WORKER. Only the functions of stall-guard.h may be called from others. */

#include "config.h"

#include "watch/stall-guard.h"

#include <poll.h>
#include <stdatomic.h>

#include "base/base-fd.h"
#include "base/base-macros.h"
#include "runtime/runtime.h"

#define PATIENCE_SECONDS 5

/* Costs nothing while nothing waits: the epoll set of the main watcher is watched itself. When it
 * becomes readable it is left alone for five seconds, so that a main loop that does its work causes
 * two wake-ups of a worker in that time and not one for each exit.
 */
struct _StallGuard
{
  Actor actor;

  /* immutable after construction */
  gconstpointer watcher; /* borrowed, and never looked into */

  /* atomic */
  atomic_uint n_turns;
  atomic_bool closed;

  /* the making thread's, then worker only */
  int fd; /* owned */
  EventWatch watch;
  Timer timer;
  guint n_turns_before;
  Message start_message;
  Message close_message;
};

static void
close_in_worker (Actor   *actor,
                 Message *message)
{
  StallGuard *self = (StallGuard *) actor;

  if (!atomic_exchange (&self->closed, TRUE))
    {
      event_queue_remove (worker_get_event_queue (actor->worker), &self->watch);
      worker_disarm_timer (actor->worker, &self->timer);
      fd_clear (&self->fd);
    }
  runtime_actor_ended (actor);
}

static void watch_in_worker (StallGuard *self);

static void
patience_is_over_in_worker (Timer *timer)
{
  StallGuard *self = CONTAINER_OF (timer, StallGuard, timer);
  struct pollfd waiting = { .fd = self->fd, .events = POLLIN };
  pid_t pid;

  if (atomic_load (&self->n_turns) == self->n_turns_before && poll (&waiting, 1, 0) > 0 &&
      (pid = child_watcher_find_zombie ((gpointer) self->watcher)) != 0)
    {
      g_warning (
        "Process %d has exited, but nobody is told of it: the main context has not run for "
        "%d seconds, and the main child watcher works only there. Run a main loop on the "
        "main thread, or use ProctorPidfdChildWatcher (PROCTOR_WATCHER=pidfd)",
        (int) pid, PATIENCE_SECONDS);
      return;
    }

  watch_in_worker (self);
}

static void
readable_in_worker (EventWatch *watch,
                    EventMask   events)
{
  StallGuard *self = CONTAINER_OF (watch, StallGuard, watch);
  Worker *worker = self->actor.worker;

  event_queue_remove (worker_get_event_queue (worker), watch);
  self->n_turns_before = atomic_load (&self->n_turns);
  worker_arm_timer (worker, &self->timer,
                    g_get_monotonic_time () + PATIENCE_SECONDS * G_TIME_SPAN_SECOND,
                    patience_is_over_in_worker);
}

/* Where the system refuses there is no warning, and nothing else is missing. */
static void
watch_in_worker (StallGuard *self)
{
  event_queue_add (worker_get_event_queue (self->actor.worker), &self->watch, self->fd, EVENT_IN,
                   readable_in_worker);
}

static void
start_in_worker (Actor   *actor,
                 Message *message)
{
  StallGuard *self = (StallGuard *) actor;

  if (!atomic_load (&self->closed))
    watch_in_worker (self);
}

static void
stall_guard_free_memory (Actor *actor)
{
  StallGuard *self = (StallGuard *) actor;

  fd_clear (&self->fd);
  g_free (self);
}

StallGuard *
stall_guard_new (ProctorChildWatcher *watcher,
                 EventQueue          *queue)
{
  StallGuard *self = g_new0 (StallGuard, 1);

  actor_init (&self->actor, NULL, stall_guard_free_memory);
  self->watcher = watcher;
  self->fd = event_queue_dup_fd (queue);
  if (self->fd < 0 || !runtime_add_actor (&self->actor, close_in_worker, NULL))
    {
      stall_guard_free_memory (&self->actor);
      return NULL;
    }

  actor_post (&self->actor, &self->start_message, start_in_worker);
  return self;
}

void
stall_guard_free (StallGuard *self)
{
  actor_post (&self->actor, &self->close_message, close_in_worker);
  actor_unref (&self->actor);
}

gboolean
stall_guard_is_closed (StallGuard *self)
{
  return atomic_load (&self->closed);
}

void
stall_guard_note_turn (StallGuard *self)
{
  atomic_fetch_add (&self->n_turns, 1);
}
