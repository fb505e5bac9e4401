/* Many file descriptors behind one source of a GMainContext: an epoll set, or poll where there is
 * none.
 *
 * SPDX-License-Identifier: LGPL-2.1-or-later
 */

#pragma once

#include <glib.h>

G_BEGIN_DECLS

typedef struct _EventQueue EventQueue;
typedef struct _EventWatch EventWatch;

/* What can be wanted of, and reported for, a file descriptor. HANG_UP and ERROR are reported
 * whether wanted or not.
 */
typedef enum
{
  EVENT_IN = 1 << 0,
  EVENT_OUT = 1 << 1,
  EVENT_HANG_UP = 1 << 2,
  EVENT_ERROR = 1 << 3,
  EVENT_EDGE = 1 << 4, /* wanted only: report changes, not states; the poll fallback does not */
} EventMask;

typedef void (*EventFunc) (EventWatch *watch,
                           EventMask   events);

/* Embedded in its owner; all zero is a watch that is not in a queue. */
struct _EventWatch
{
  int fd;
  EventMask wanted;
  EventFunc func;
  guint slot;    /* in the queue's table, counted from 1; 0: in no queue */
  gboolean polled; /* fallback: `poll_fd` is among the source's */
  GPollFD poll_fd;
};

/* Attaches to @context. The owner is whatever thread runs that context. */
EventQueue *event_queue_new (GMainContext *context,
                             const char   *name);
void event_queue_free (EventQueue *self);

/* Without epoll a thread that sleeps in event_queue_wait() does not see what is added meanwhile. */
gboolean event_queue_uses_epoll (EventQueue *self);

/* A new fd that is readable when an event waits, for somebody else to watch; -1 without epoll, or
 * with errno set.
 */
int event_queue_dup_fd (EventQueue *self);

/* Called once after each batch of events, in the owner's thread. */
void event_queue_set_batch_func (EventQueue *self,
                                 void      (*func) (gpointer data),
                                 gpointer    data);

/* Called last of all after a batch that the context has dispatched, and not after one of
 * event_queue_wait(). It may run anything, also what frees the queue.
 */
void event_queue_set_turn_func (EventQueue *self,
                                void      (*func) (void));

/* Starts to watch @fd. Any thread. FALSE with errno set where the system refuses: EPERM for a
 * regular file, ENOSPC, ENOMEM.
 */
gboolean event_queue_add (EventQueue *self,
                          EventWatch *watch,
                          int         fd,
                          EventMask   wanted,
                          EventFunc   func);

/* Owner only. */
void event_queue_modify (EventQueue *self,
                         EventWatch *watch,
                         EventMask   wanted);

/* Owner only, and always before the fd is closed: a child between clone and exec holds a copy of
 * it, and a closed fd would go on reporting. After this no event of the watch is delivered, not
 * even one that the system had reported already. Without effect on a watch that is in no queue.
 */
void event_queue_remove (EventQueue *self,
                         EventWatch *watch);

/* Owner only, for a thread that must not run its context: sleeps until @wake_fd is readable,
 * something was dispatched, or
 * @timeout_ms have passed (-1: for ever). Whether @wake_fd is readable.
 */
gboolean event_queue_wait (EventQueue *self,
                           int         wake_fd,
                           int         timeout_ms);

G_END_DECLS
