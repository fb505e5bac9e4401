/* Between a child's pipes and streams of GIO that the user gave to a command: asynchronous
 * operations on those, in the context of the caller, with no more under way than a block or two.
 *
 * SPDX-License-Identifier: LGPL-2.1-or-later
 */

#pragma once

#include <proctor/proctor.h>

#include "process/process-actor.h"
#include "process/result-data.h"

G_BEGIN_DECLS

/* Called in the context of the pumps when all have ended. */
typedef void (*StreamPumpsFunc) (gpointer data);

/* INVALID_COMMAND for one stream in two places. */
gboolean stream_pumps_check (ProctorCommand  *command,
                             GError         **error);

/* NULL if @command has no streams. Otherwise pumps for them, for the context that is thread-default
 * now; @actor, which is not started yet, is given the other ends of their channels.
 */
StreamPumps *stream_pumps_new (ProctorCommand      *command,
                               ProcessActor        *actor,
                               ProctorChildWatcher *watcher);
StreamPumps *stream_pumps_ref (StreamPumps *self);
void stream_pumps_unref (StreamPumps *self);

/* ---- in the context of the pumps */

/* They hold themselves until they have ended. */
void stream_pumps_begin (StreamPumps *self);

/* Gives up what is under way. */
void stream_pumps_cancel (StreamPumps *self);

/* The same, but that it was given up is no error. */
void stream_pumps_give_up (StreamPumps *self);

/* To be cancelled by whoever wants the outputs given up, in any thread. */
GCancellable *stream_pumps_get_cancellable (StreamPumps *self);

/* The process has ended: no more input is wanted. */
void stream_pumps_end_input (StreamPumps *self);

/* When a run whose process has ended shall give them up, in monotonic time; -1: never. It began at
 * @begin, and @timed_out says that its timeout has ended the process.
 */
gint64 stream_pumps_get_deadline (StreamPumps *self,
                                  gint64       begin,
                                  gboolean     timed_out);

GMainContext *stream_pumps_get_context (StreamPumps *self);

/* Calls @func when they have ended; at once if they have. */
void stream_pumps_set_func (StreamPumps     *self,
                            StreamPumpsFunc  func,
                            gpointer         data);

/* ---- ANY thread */

gboolean stream_pumps_have_ended (StreamPumps *self);

/* WOULD_DEADLOCK where this thread is the one that would have to iterate their context. */
gboolean stream_pumps_check_may_block (StreamPumps  *self,
                                       GError      **error);

/* A copy of what went wrong with a stream; NULL: nothing yet. */
GError *stream_pumps_dup_error (StreamPumps *self);

/* Calls @func in @caller's context when they have ended. Both are the caller's until then. */
void stream_pumps_notify_end (StreamPumps   *self,
                              CallerContext *caller,
                              Delivery      *delivery,
                              DeliveryFunc   func);

/* Whether it was taken back: then it is not delivered. */
gboolean stream_pumps_take_back (StreamPumps *self,
                                 Delivery    *delivery);

/* Sleeps until they have ended, or it is cancelled. */
gboolean stream_pumps_wait (StreamPumps          *self,
                            ProctorChildWatcher  *watcher,
                            GCancellable         *cancellable,
                            GError              **error);

/* Of a communicate that was cancelled when only the streams had not ended: what was captured is
 * kept here for the next one. Takes @result, and the other way round.
 */
void stream_pumps_keep_result (StreamPumps *self,
                               ResultData  *result);
ResultData *stream_pumps_steal_result (StreamPumps *self);

G_DEFINE_AUTOPTR_CLEANUP_FUNC (StreamPumps, stream_pumps_unref)

G_END_DECLS
