/* Between the writer in any thread and a pipe sink on a worker: what is to be sent, and who waits
 * for it.
 *
 * SPDX-License-Identifier: LGPL-2.1-or-later
 */

#pragma once

#include <gio/gio.h>

#include "io/pipe-sink.h"
#include "stream/stream-wait.h"

G_BEGIN_DECLS

typedef struct _WriteChannel WriteChannel;
typedef struct _WriteWaiter WriteWaiter;

#define WRITE_CHANNEL_HIGH_WATER (64 * 1024)
#define WRITE_CHANNEL_LOW_WATER (16 * 1024)

typedef enum
{
  WRITE_ROOM,   /* not above the high mark, or down to the low one again */
  WRITE_SENT,   /* nothing is left to be sent */
  WRITE_CLOSED, /* and the pipe is closed */
  WRITE_STARTED, /* there is a pipe, or there will never be one */
} WriteGoal;

/* Somebody who waits for a goal; woken when it is reached or cannot be any more. */
struct _WriteWaiter
{
  /* guarded by the channel's lock */
  GList link; /* .data is NULL while it does not wait */
  WriteGoal goal;
  StreamWaiter *woken;
};

/* @actor is borrowed: who uses the writer's side holds a reference to it. @changed_func is called
 * on the worker when the sink has been closed or lost, or everything is sent.
 */
WriteChannel *write_channel_new (Actor *actor,
                                 void (*changed_func) (Actor *actor));
WriteChannel *write_channel_ref (WriteChannel *self);
void write_channel_unref (WriteChannel *self);

/* ---- the worker's side */

/* Takes over @sink, which is open and the owner's, and stays as long as it is open. */
void write_channel_start (WriteChannel *self,
                          PipeSink     *sink);

/* Hands over what was queued, and after it @input, if there is any, and the end. */
void write_channel_send_last (WriteChannel *self,
                              GBytes       *input);

/* There will never be a pipe: it is as one that was lost. */
void write_channel_fail (WriteChannel *self);

/* Gives up what is not sent yet. */
void write_channel_abort (WriteChannel *self);

/* ---- the writer's side: any thread */

/* Sends @pieces after what was queued before, with nothing in between. Where they are the user's
 * own, they are given back on the writer's side. Dropped when the pipe is lost or closing.
 */
void write_channel_queue (WriteChannel   *self,
                          GBytes * const *pieces,
                          gsize           n_pieces,
                          gboolean        is_users);

/* Writes @data in the worker's place, where that sleeps and nothing is queued: what the pipe takes
 * is not copied, and nobody is woken. Sends a copy of the rest. FALSE when nothing was done.
 * @ret_lost tells whether the pipe was lost before all was sent or taken.
 */
gboolean write_channel_push (WriteChannel *self,
                             const guint8 *data,
                             gsize         length,
                             gboolean     *ret_lost);

/* Closes the pipe when everything is sent. */
void write_channel_queue_eof (WriteChannel *self);

/* Gives up what is not sent yet, and closes the pipe. */
void write_channel_queue_abort (WriteChannel *self);

/* Whether the goal is reached, or the pipe is lost; if not, @waiter, unless it is NULL, waits, and
 * @woken is woken when it is.
 */
gboolean write_channel_try (WriteChannel *self,
                            WriteGoal     goal,
                            WriteWaiter  *waiter,
                            StreamWaiter *woken);
void write_channel_forget (WriteChannel *self,
                           WriteWaiter  *waiter);

/* Whether the pipe is lost; with @only_if_unsent, and something could not be sent. BROKEN_PIPE, or
 * the system's own.
 */
gboolean write_channel_check (WriteChannel  *self,
                              gboolean       only_if_unsent,
                              GError       **error);

/* Nothing can be queued any more. */
gboolean write_channel_is_closing (WriteChannel *self);

/* The same, and it is our own doing: the pipe was not lost. */
gboolean write_channel_has_eof (WriteChannel *self);
gsize write_channel_get_queued (WriteChannel *self);
/* How many bytes of them are not sent yet, and how many calls wait. Any thread, at any time. */
void write_channel_look (WriteChannel *self,
                         gsize        *ret_queued,
                         guint        *ret_n_waiters,
                         gboolean     *ret_closing);
void write_channel_set_limits (WriteChannel *self,
                               gsize         low,
                               gsize         high);
void write_channel_get_limits (WriteChannel *self,
                               gsize        *ret_low,
                               gsize        *ret_high);

/* Lets go of the user's own bytes that were sent. In a thread of the user's. */
void write_channel_let_go_of_sent (WriteChannel *self);

/* The same, when the writer goes: those that are not sent yet are let go of in the global default
 * main context, when the pipe has been closed.
 */
void write_channel_let_go_later (WriteChannel *self);

/* Sources that become ready when there is room, or no sense in waiting for it. The channel holds a
 * reference to them until they are removed.
 */
void write_channel_add_source (WriteChannel *self,
                               GSource      *source);
void write_channel_remove_source (WriteChannel *self,
                                  GSource      *source);
void write_channel_wake_source (WriteChannel *self,
                                GSource      *source);

G_END_DECLS
