/* SPDX-License-Identifier: LGPL-2.1-or-later */

#include "config.h"

#include "runtime/timer-heap.h"

#include "test-leaks.h"

#define N_TIMERS 300

static void
never_called (Timer *timer)
{
  g_assert_not_reached ();
}

static void
other_func (Timer *timer)
{
  g_assert_not_reached ();
}

/* The invariant of the heap, and that each timer knows its place. */
static void
check_heap (const TimerHeap *heap)
{
  for (guint position = 1; position <= heap->timers->len; position++)
    {
      Timer *timer = g_ptr_array_index (heap->timers, position - 1);

      g_assert_cmpuint (timer->position, ==, position);
      if (position > 1)
        {
          Timer *parent = g_ptr_array_index (heap->timers, position / 2 - 1);

          g_assert_cmpint (parent->deadline, <=, timer->deadline);
        }
    }
}

/* The heap must have the same timers as a plain look at all of them says. */
static void
check_against_all (const TimerHeap *heap,
                   const Timer     *timers,
                   const gint64    *deadlines)
{
  gint64 earliest = G_MAXINT64;
  guint n_armed = 0;

  for (guint i = 0; i < N_TIMERS; i++)
    {
      g_assert_cmpint (timers[i].position != 0, ==, deadlines[i] >= 0);
      if (deadlines[i] < 0)
        continue;
      g_assert_cmpint (timers[i].deadline, ==, deadlines[i]);
      earliest = MIN (earliest, deadlines[i]);
      n_armed++;
    }

  g_assert_cmpuint (heap->timers->len, ==, n_armed);
  if (n_armed == 0)
    g_assert_null (timer_heap_peek (heap));
  else
    g_assert_cmpint (timer_heap_peek (heap)->deadline, ==, earliest);
}

static void
check_random (guint n_deadlines)
{
  TimerHeap heap;
  Timer timers[N_TIMERS] = { { 0 } };
  gint64 deadlines[N_TIMERS];
  guint n_steps = scaled (20000);

  for (guint i = 0; i < N_TIMERS; i++)
    deadlines[i] = -1;
  timer_heap_init (&heap);

  for (guint step = 0; step < n_steps; step++)
    {
      guint index = (guint) g_test_rand_int_range (0, N_TIMERS);
      int what = g_test_rand_int_range (0, 10);

      if (what < 6)
        {
          deadlines[index] = g_test_rand_int_range (0, (gint32) n_deadlines);
          timer_heap_arm (&heap, &timers[index], deadlines[index], never_called);
        }
      else if (what < 8)
        {
          deadlines[index] = -1;
          timer_heap_disarm (&heap, &timers[index]);
        }
      else if (timer_heap_peek (&heap) != NULL)
        {
          Timer *first = timer_heap_peek (&heap);

          deadlines[first - timers] = -1;
          timer_heap_disarm (&heap, first);
        }

      check_heap (&heap);
      check_against_all (&heap, timers, deadlines);
    }

  for (gint64 last = -1; timer_heap_peek (&heap) != NULL;)
    {
      Timer *first = timer_heap_peek (&heap);

      g_assert_cmpint (first->deadline, >=, last);
      last = first->deadline;
      timer_heap_disarm (&heap, first);
      check_heap (&heap);
    }
  timer_heap_clear (&heap);
}

static void
test_random (void)
{
  check_random (1000000);
}

static void
test_random_with_equal_deadlines (void)
{
  check_random (7);
}

static void
test_arm_again (void)
{
  TimerHeap heap;
  Timer a = { 0 };
  Timer b = { 0 };

  timer_heap_init (&heap);
  g_assert_null (timer_heap_peek (&heap));
  timer_heap_disarm (&heap, &a);

  timer_heap_arm (&heap, &a, 10, never_called);
  timer_heap_arm (&heap, &b, 20, never_called);
  g_assert_true (timer_heap_peek (&heap) == &a);

  timer_heap_arm (&heap, &a, 30, other_func);
  g_assert_true (timer_heap_peek (&heap) == &b);
  g_assert_true (a.func == other_func);
  timer_heap_arm (&heap, &a, 5, never_called);
  g_assert_true (timer_heap_peek (&heap) == &a);
  g_assert_cmpuint (heap.timers->len, ==, 2);

  timer_heap_disarm (&heap, &a);
  timer_heap_disarm (&heap, &a);
  g_assert_true (timer_heap_peek (&heap) == &b);
  timer_heap_disarm (&heap, &b);
  g_assert_null (timer_heap_peek (&heap));
  timer_heap_clear (&heap);
}

int
main (int argc, char **argv)
{
  g_test_init (&argc, &argv, NULL);
  deadline_start ("test-timer-heap", TEST_DEADLINE_SECONDS);

  g_test_add_func ("/timer-heap/arm-again", test_arm_again);
  g_test_add_func ("/timer-heap/random", test_random);
  g_test_add_func ("/timer-heap/random-with-equal-deadlines", test_random_with_equal_deadlines);

  return g_test_run ();
}
