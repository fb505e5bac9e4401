/* SPDX-License-Identifier: LGPL-2.1-or-later */

/* Thread: the context's that it is attached to; destroying it ANY. */

#include "config.h"

#include "stream/stream-source.h"

/* The source is added to the channel when it is prepared for the first time, and removed when it is
 * destroyed. Between the two the channel holds a reference, since a source whose last reference is
 * just being dropped must not be touched, not even to be made ready. A source that was never
 * attached is never destroyed, but was not added either. A context that ends destroys its sources
 * before itself: removing one waits until the channel, which has its lock then, has woken it.
 * Whoever wakes one has that lock, since the context's own does not guard it any more by then.
 *
 * The callback's data tells of the destruction. It may go before the source or after it, so that
 * what both need is apart.
 *
 * A cancellable is looked at with the channel. GLib 2.74's own source for it is lost when it is let
 * go of while the cancelling thread, which has woken it, is not through yet.
 */
typedef struct
{
  /* immutable after construction */
  const StreamSourceChannel *kind;
  gpointer channel;          /* owned */
  GSource *source;           /* borrowed; there as long as it is added */
  GCancellable *cancellable; /* owned, or NULL */
  gulong cancelled_id;

  /* guarded by added_lock, which is taken before the channel's */
  GMutex added_lock;
  gboolean added;
  gboolean destroyed;
} SharedState;

typedef struct
{
  GSource source;
  SharedState *state; /* owned */
} StreamSource;

static void
shared_state_clear (gpointer data)
{
  SharedState *self = data;

  self->kind->unref (self->channel);
  g_clear_object (&self->cancellable);
  g_mutex_clear (&self->added_lock);
}

static void
shared_state_unref (SharedState *self)
{
  g_atomic_rc_box_release_full (self, shared_state_clear);
}

static gboolean
is_ready (SharedState *self)
{
  return g_cancellable_is_cancelled (self->cancellable) || self->kind->is_ready (self->channel);
}

/* In whatever thread cancels. One that is not added yet looks by itself. */
static void
cancelled (GCancellable *cancellable,
           gpointer      data)
{
  SharedState *self = data;

  g_mutex_lock (&self->added_lock);
  if (self->added && !self->destroyed)
    self->kind->wake (self->channel, self->source);
  g_mutex_unlock (&self->added_lock);
}

/* Ready as long as the channel is, as a file descriptor would be. The ready time only wakes the
 * context up: it is set aside before the channel is looked at, so that it neither gets lost nor
 * makes the source ready when all has been taken already.
 */
static gboolean
stream_source_prepare (GSource *source,
                       int     *timeout)
{
  SharedState *state = ((StreamSource *) source)->state;

  g_mutex_lock (&state->added_lock);
  if (!state->added && !state->destroyed)
    {
      state->added = TRUE;
      state->kind->add (state->channel, source);
    }
  g_mutex_unlock (&state->added_lock);

  *timeout = -1;
  g_source_set_ready_time (source, -1);
  return is_ready (state);
}

static gboolean
stream_source_check (GSource *source)
{
  return is_ready (((StreamSource *) source)->state);
}

/* It only makes its parent ready. */
static gboolean
stream_source_dispatch (GSource     *source,
                        GSourceFunc  callback,
                        gpointer     user_data)
{
  return G_SOURCE_CONTINUE;
}

static void
stream_source_finalize (GSource *source)
{
  shared_state_unref (((StreamSource *) source)->state);
}

static gboolean
never_called (gpointer data)
{
  return G_SOURCE_CONTINUE;
}

static GSourceFuncs stream_source_funcs = {
  .prepare = stream_source_prepare,
  .check = stream_source_check,
  .dispatch = stream_source_dispatch,
  .finalize = stream_source_finalize,
};

/* When a source is destroyed, GLib lets go of its callback. */
static void
stream_source_destroyed (gpointer data)
{
  SharedState *state = data;
  gboolean added;

  g_mutex_lock (&state->added_lock);
  added = state->added;
  state->destroyed = TRUE;
  g_mutex_unlock (&state->added_lock);

  if (added)
    state->kind->remove (state->channel, state->source);
  /* Does not wait for who is cancelling: that may be this very thread. */
  if (state->cancelled_id != 0)
    g_signal_handler_disconnect (state->cancellable, state->cancelled_id);
  shared_state_unref (state);
}

GSource *
stream_source_new (gpointer                   stream,
                   const StreamSourceChannel *kind,
                   gpointer                   channel,
                   const char                *name,
                   GCancellable              *cancellable)
{
  g_autoptr(GSource) source = g_source_new (&stream_source_funcs, sizeof (StreamSource));
  SharedState *state = g_atomic_rc_box_new0 (SharedState);
  GSource *pollable = g_pollable_source_new (stream);

  state->kind = kind;
  state->channel = channel;
  state->source = source;
  g_mutex_init (&state->added_lock);
  if (cancellable != NULL)
    {
      state->cancellable = g_object_ref (cancellable);
      state->cancelled_id = g_signal_connect_data (
        cancellable, "cancelled", G_CALLBACK (cancelled), g_atomic_rc_box_acquire (state),
        (GClosureNotify) (void (*) (void)) shared_state_unref, 0);
    }
  ((StreamSource *) source)->state = state;
  g_source_set_name (source, name);
  g_source_set_callback (source, never_called, g_atomic_rc_box_acquire (state),
                         stream_source_destroyed);

  /* Not g_pollable_source_new_full(): it sets a closure, and replacing that destroys the source. */
  g_source_add_child_source (pollable, source);
  return pollable;
}
