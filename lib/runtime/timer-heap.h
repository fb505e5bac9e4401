/* Deadlines in a binary heap: arming, disarming and the next one cost O(log n), however many there
 * are. Pure data.
 *
 * SPDX-License-Identifier: LGPL-2.1-or-later
 */

#pragma once

#include <glib.h>

G_BEGIN_DECLS

typedef struct _Timer Timer;
typedef void (*TimerFunc) (Timer *timer);

/* Embedded in its owner; all zero is a timer that is not armed. */
struct _Timer
{
  gint64 deadline; /* monotonic microseconds */
  TimerFunc func;
  guint position;  /* in the heap, counted from 1; 0: not armed */
};

typedef struct
{
  GPtrArray *timers; /* of borrowed Timer; each is due no later than its two children */
} TimerHeap;

void timer_heap_init (TimerHeap *self);
void timer_heap_clear (TimerHeap *self);
void timer_heap_arm (TimerHeap *self,
                     Timer     *timer,
                     gint64     deadline,
                     TimerFunc  func);
void timer_heap_disarm (TimerHeap *self,
                        Timer     *timer);

/* The timer that is due first, or NULL. */
Timer *timer_heap_peek (const TimerHeap *self);

G_END_DECLS
