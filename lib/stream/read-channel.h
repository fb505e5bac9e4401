/* Between a pipe source on a worker and the reader in any thread: what was read and not yet asked
 * for.
 *
 * SPDX-License-Identifier: LGPL-2.1-or-later
 */

#pragma once

#include "io/collector.h"
#include "io/pipe-source.h"
#include "stream/read-request.h"
#include "stream/stream-wait.h"

G_BEGIN_DECLS

typedef struct _ReadChannel ReadChannel;

/* @actor is borrowed: who uses the reader's side holds a reference to it. @ended_func is called on
 * the worker when the source has been closed, whoever did it.
 */
ReadChannel *read_channel_new (Actor *actor,
                               gsize  limit,
                               void (*ended_func) (Actor *actor));
ReadChannel *read_channel_ref (ReadChannel *self);
void read_channel_unref (ReadChannel *self);

/* ---- the worker's side */

/* Begins to fill the channel from @source, which is the owner's and stays open as long as it is
 * started.
 */
void read_channel_start (ReadChannel *self,
                         PipeSource  *source);

/* No more is to be expected although the pipe is open: what is in it at this moment still comes,
 * then the end.
 */
void read_channel_finish (ReadChannel *self);

/* Lends the source to somebody else: it is stopped, and what is held goes to @collector. Whether
 * there is memory for it.
 */
gboolean read_channel_detach (ReadChannel *self,
                              Collector   *collector);

/* Takes it back, with what was collected meanwhile. */
void read_channel_attach (ReadChannel *self,
                          Collector   *collector);

/* The source was closed while it was lent. */
void read_channel_end (ReadChannel *self,
                       int          error_number);

/* ---- the reader's side: any thread */

/* Answers @request from what is held, or has @waiter woken when that may have changed. While it
 * waits the pipe flows, whatever the limit. Without @waiter it is only a look.
 */
gboolean read_channel_try (ReadChannel  *self,
                           ReadRequest  *request,
                           StreamWaiter *waiter);

/* For a thread that would block: where nothing is held and the request has room for much, it reads
 * the pipe by itself, without a copy and without waking anybody. Then the worker leaves the pipe
 * alone until somebody waits or has a look. Whether the request is answered. With @only_if_much,
 * for a thread that would not block, only where the read before this one has brought much.
 */
gboolean read_channel_pull (ReadChannel *self,
                            ReadRequest *request,
                            gboolean     only_if_much);

/* After this the waiter is not woken any more. */
void read_channel_forget (ReadChannel  *self,
                          StreamWaiter *waiter);

/* Lends all that is held to who reads it without the lock, and tells how much of that is left. It
 * still counts as held, but makes room for more from the pipe.
 */
void read_channel_lend_all (ReadChannel *self,
                            ByteQueue   *queue);
void read_channel_set_lent (ReadChannel *self,
                            gsize        lent);

/* Where that is kept, to be set atomically: for whom the call is too much. */
gsize *read_channel_get_lent_place (ReadChannel *self);
void read_channel_give_back (ReadChannel *self,
                             ByteQueue   *queue);

/* Holds the pipe back: nothing is read from it, whoever waits, until it is let flow again. */
void read_channel_hold_back (ReadChannel *self,
                             gboolean     hold_back);

gsize read_channel_get_held (ReadChannel *self);
gsize read_channel_get_limit (ReadChannel *self);
gboolean read_channel_at_eof (ReadChannel *self);
gboolean read_channel_is_paused (ReadChannel *self);

/* How things stand. Any thread, at any time: nobody is called under the channel's lock. */
typedef struct
{
  gsize held;
  gsize limit;
  gboolean paused;
  gboolean pulled;     /* that is because a thread reads by itself */
  gint64 paused_since; /* monotonic; with `pulled`, when that thread came last */
  gboolean held_back;
  gboolean awaited;    /* a read waits for more */
  gboolean closed;     /* by the reader */
} ReadChannelLook;

void read_channel_look (ReadChannel     *self,
                        ReadChannelLook *look);

/* Something to read, or the end. */
gboolean read_channel_is_readable (ReadChannel *self);

/* The errno of a pipe that broke, once all that was held has been read; 0: it ended. */
int read_channel_get_error (ReadChannel *self);

/* Nobody will read any more: closes the pipe, and the writer gets SIGPIPE. */
void read_channel_close (ReadChannel *self);

/* Sources that are woken when there is something to read, or the end. The channel holds a
 * reference to them until they are removed.
 */
void read_channel_add_source (ReadChannel *self,
                              GSource     *source);
void read_channel_remove_source (ReadChannel *self,
                                 GSource     *source);
void read_channel_wake_source (ReadChannel *self,
                               GSource     *source);

G_END_DECLS
