/* SPDX-License-Identifier: LGPL-2.1-or-later */

/* Thread: the owner's. Pure data, no lock, no I/O. */

#include "config.h"

#include "runtime/timer-heap.h"

void
timer_heap_init (TimerHeap *self)
{
  self->timers = g_ptr_array_new ();
}

void
timer_heap_clear (TimerHeap *self)
{
  g_clear_pointer (&self->timers, g_ptr_array_unref);
}

static Timer *
timer_at (const TimerHeap *self,
          guint            position)
{
  return g_ptr_array_index (self->timers, position - 1);
}

static void
place (TimerHeap *self,
       Timer     *timer,
       guint      position)
{
  g_ptr_array_index (self->timers, position - 1) = timer;
  timer->position = position;
}

static void
sift_up (TimerHeap *self,
         Timer     *timer)
{
  guint position = timer->position;

  while (position > 1 && timer_at (self, position / 2)->deadline > timer->deadline)
    {
      place (self, timer_at (self, position / 2), position);
      position /= 2;
    }
  place (self, timer, position);
}

static void
sift_down (TimerHeap *self,
           Timer     *timer)
{
  guint position = timer->position;

  for (;;)
    {
      guint child = position * 2;

      if (child > self->timers->len)
        break;
      if (child < self->timers->len &&
          timer_at (self, child + 1)->deadline < timer_at (self, child)->deadline)
        child++;
      if (timer_at (self, child)->deadline >= timer->deadline)
        break;
      place (self, timer_at (self, child), position);
      position = child;
    }
  place (self, timer, position);
}

void
timer_heap_arm (TimerHeap *self,
                Timer     *timer,
                gint64     deadline,
                TimerFunc  func)
{
  timer_heap_disarm (self, timer);

  timer->deadline = deadline;
  timer->func = func;
  g_ptr_array_add (self->timers, timer);
  timer->position = self->timers->len;
  sift_up (self, timer);
}

void
timer_heap_disarm (TimerHeap *self,
                   Timer     *timer)
{
  Timer *last;
  guint position = timer->position;

  if (position == 0)
    return;

  last = timer_at (self, self->timers->len);
  g_ptr_array_set_size (self->timers, (int) self->timers->len - 1);
  timer->position = 0;
  if (last == timer)
    return;

  place (self, last, position);
  sift_up (self, last);
  sift_down (self, last);
}

Timer *
timer_heap_peek (const TimerHeap *self)
{
  return self->timers->len == 0 ? NULL : timer_at (self, 1);
}
