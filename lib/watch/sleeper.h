/* A thread that sleeps in a blocking call until another one wakes it up.
 *
 * SPDX-License-Identifier: LGPL-2.1-or-later
 */

#pragma once

#include <proctor/proctor.h>

G_BEGIN_DECLS

/* On the main thread, with the main watcher, children are reaped during the sleep, and nothing else
 * of the main context runs. The same goes for a watcher from outside the library in the thread that
 * runs its context.
 */
typedef struct
{
  /* immutable after construction */
  GThread *thread;                  /* not referenced: the one that sleeps */
  ProctorMainChildWatcher *watcher; /* owned; NULL: not on the main thread, or another one */
  ProctorChildWatcher *foreign;     /* owned; NULL: none whose work is to be done meanwhile */
  GSource *source;                  /* owned; of sleeper_attach() */

  /* guarded by woken_lock */
  GMutex woken_lock;
  GCond woken_cond;
  gboolean woken;
} Sleeper;

/* In the thread that will sleep. */
void sleeper_init (Sleeper             *self,
                   ProctorChildWatcher *watcher);
void sleeper_clear (Sleeper *self);

/* For a thread that iterates a context of its own instead of sleeping: what a sleep would do
 * meanwhile is done there.
 */
void sleeper_attach (Sleeper      *self,
                     GMainContext *context);

/* Returns at once if it was woken before. */
void sleeper_sleep (Sleeper *self);

/* Any thread that keeps it alive during the call. */
void sleeper_wake (Sleeper *self);

G_END_DECLS
