/* SPDX-License-Identifier: LGPL-2.1-or-later */

/* Thread: the worker's side WORKER, the writer's side ANY. */

#include "config.h"

#include "stream/write-channel.h"

#include <errno.h>
#include <glib/gi18n-lib.h>

#include "base/base-macros.h"
#include "base/base-thread.h"
#include "runtime/caller-context.h"

/* The user's own bytes, which no worker may let go of. They are kept until what was sent has passed
 * their end.
 */
typedef struct
{
  GBytes *bytes;
  guint64 end; /* of all bytes that were ever queued or pushed */
} KeptBytes;

/* What is left of them when the writer goes, on its way back to a thread of the user's. */
typedef struct
{
  Delivery delivery;
  CallerContext *caller; /* owned */
  GQueue kept;           /* of KeptBytes */
} KeptForLater;

/* `outgoing` is what the writer has queued and the worker has not taken over into its sink; one
 * message asks for all of it. `queued` counts both. Above the high mark `full` is set, and stays
 * until the low one is reached.
 */
struct _WriteChannel
{
  gatomicrefcount ref_count;

  /* immutable after construction */
  Actor *actor; /* borrowed */
  void (*changed_func) (Actor *actor);

  /* worker only */
  PipeSink *sink; /* borrowed; NULL when it is closed */

  /* guarded by channel_lock */
  GMutex channel_lock;
  GQueue outgoing;      /* of owned GBytes */
  gsize outgoing_bytes;
  gsize sink_bytes;     /* in the sink, unsent */
  guint64 total;        /* ever queued or pushed */
  gsize low;
  gsize high;
  gboolean full;
  gboolean started;     /* there is a sink, or was one */
  gboolean closing;     /* nothing more is queued */
  gboolean closed;
  gboolean send_posted;
  gboolean gave_up;     /* something could not be sent */
  int error_number;     /* why the pipe was lost; 0: it was not */
  GQueue kept;          /* of KeptBytes */
  GQueue sent;          /* of GBytes: kept ones to be let go of */
  KeptForLater *later;  /* owned; what was kept, when the writer has gone */
  GQueue waiters;       /* of borrowed WriteWaiter, linked through themselves */
  GSList *sources;      /* of owned GSource */

  gboolean abort_posted;

  /* posted once at a time, as send_posted says, and once */
  Message send_message;
  Message abort_message;
};

static void
kept_bytes_free (KeptBytes *self)
{
  g_bytes_unref (self->bytes);
  g_free (self);
}

WriteChannel *
write_channel_new (Actor *actor,
                   void (*changed_func) (Actor *actor))
{
  WriteChannel *self = g_new0 (WriteChannel, 1);

  g_atomic_ref_count_init (&self->ref_count);
  self->actor = actor;
  self->changed_func = changed_func;
  self->low = WRITE_CHANNEL_LOW_WATER;
  self->high = WRITE_CHANNEL_HIGH_WATER;
  g_mutex_init (&self->channel_lock);
  return self;
}

WriteChannel *
write_channel_ref (WriteChannel *self)
{
  g_atomic_ref_count_inc (&self->ref_count);
  return self;
}

void
write_channel_unref (WriteChannel *self)
{
  if (!g_atomic_ref_count_dec (&self->ref_count))
    return;

  g_queue_clear_full (&self->outgoing, (GDestroyNotify) g_bytes_unref);
  g_queue_clear_full (&self->kept, (GDestroyNotify) kept_bytes_free);
  g_queue_clear_full (&self->sent, (GDestroyNotify) g_bytes_unref);
  g_mutex_clear (&self->channel_lock);
  g_free (self);
}

/* ---- both sides */

static gsize
queued_locked (WriteChannel *self)
{
  return self->outgoing_bytes + self->sink_bytes;
}

static gboolean
goal_is_reached_locked (WriteChannel *self,
                        WriteGoal     goal)
{
  if (self->closed)
    return TRUE;

  switch (goal)
    {
    case WRITE_ROOM:
      return !self->full;
    case WRITE_SENT:
      return queued_locked (self) == 0;
    case WRITE_STARTED:
      return self->started;
    case WRITE_CLOSED:
    default:
      return FALSE;
    }
}

/* After anything has changed. */
static void
update_locked (WriteChannel *self)
{
  gsize queued = queued_locked (self);
  GList *next;

  if (queued > self->high)
    self->full = TRUE;
  else if (queued <= self->low)
    self->full = FALSE;

  for (GList *link = self->waiters.head; link != NULL; link = next)
    {
      WriteWaiter *waiter = link->data;

      next = link->next;
      if (goal_is_reached_locked (self, waiter->goal))
        {
          g_queue_unlink (&self->waiters, link);
          waiter->link.data = NULL;
          waiter->woken->wake (waiter->woken);
        }
    }

  if (goal_is_reached_locked (self, WRITE_ROOM))
    for (GSList *link = self->sources; link != NULL; link = link->next)
      g_source_set_ready_time (link->data, 0);
}

static void
let_go_in_caller (Delivery *delivery)
{
  KeptForLater *later = (KeptForLater *) delivery;

  g_queue_clear_full (&later->kept, (GDestroyNotify) kept_bytes_free);
  caller_context_unref (later->caller);
  g_free (later);
}

static void
move_sent_locked (WriteChannel *self)
{
  guint64 passed = self->total - queued_locked (self);
  KeptBytes *kept;

  while ((kept = g_queue_peek_head (&self->kept)) != NULL && (kept->end <= passed || self->closed))
    {
      g_queue_push_tail (&self->sent, g_bytes_ref (kept->bytes));
      kept_bytes_free (g_queue_pop_head (&self->kept));
    }
}

/* ---- the worker's side */

static void
sink_changed (PipeSink *sink,
              gpointer  data)
{
  WriteChannel *self = data;
  gboolean open = pipe_sink_is_open (sink);
  KeptForLater *later = NULL;

  g_mutex_lock (&self->channel_lock);
  self->gave_up |= !open && queued_locked (self) > 0 && sink->error_number != 0;
  self->sink_bytes = sink->unsent;
  if (!open)
    {
      g_queue_clear_full (&self->outgoing, (GDestroyNotify) g_bytes_unref);
      self->outgoing_bytes = 0;
      self->sink_bytes = 0;
      self->error_number = sink->error_number;
      self->closed = TRUE;
      later = g_steal_pointer (&self->later);
    }
  move_sent_locked (self);
  update_locked (self);
  g_mutex_unlock (&self->channel_lock);

  if (later != NULL)
    caller_context_post (later->caller, &later->delivery, let_go_in_caller);
  if (!open)
    self->sink = NULL;
  if (!open || sink->unsent == 0)
    self->changed_func (self->actor);
}

/* What the writer has queued goes to the sink. */
static void
take_over (WriteChannel *self)
{
  GQueue outgoing;
  gboolean closing;
  GBytes *bytes;

  g_mutex_lock (&self->channel_lock);
  outgoing = self->outgoing;
  g_queue_init (&self->outgoing);
  self->sink_bytes += self->outgoing_bytes;
  self->outgoing_bytes = 0;
  closing = self->closing;
  g_mutex_unlock (&self->channel_lock);

  while ((bytes = g_queue_pop_head (&outgoing)) != NULL)
    {
      if (self->sink != NULL)
        pipe_sink_queue (self->sink, bytes);
      g_bytes_unref (bytes);
    }
  if (closing && self->sink != NULL)
    pipe_sink_queue_eof (self->sink);
}

static void
send_in_worker (Actor   *actor,
                Message *message)
{
  WriteChannel *self = CONTAINER_OF (message, WriteChannel, send_message);

  g_mutex_lock (&self->channel_lock);
  self->send_posted = FALSE;
  g_mutex_unlock (&self->channel_lock);

  take_over (self);
  if (self->sink != NULL)
    pipe_sink_flush (self->sink);
  write_channel_unref (self);
}

void
write_channel_start (WriteChannel *self,
                     PipeSink     *sink)
{
  self->sink = sink;
  sink->func = sink_changed;
  sink->func_data = self;

  g_mutex_lock (&self->channel_lock);
  self->started = TRUE;
  update_locked (self);
  g_mutex_unlock (&self->channel_lock);

  /* What was queued before there was a pipe. */
  take_over (self);
  /* Watched from the beginning, so that its loss is noticed without a write. */
  pipe_sink_flush (sink);
}

void
write_channel_fail (WriteChannel *self)
{
  g_mutex_lock (&self->channel_lock);
  self->closed = TRUE;
  self->error_number = EPIPE;
  update_locked (self);
  g_mutex_unlock (&self->channel_lock);
}

void
write_channel_send_last (WriteChannel *self,
                         GBytes       *input)
{
  g_mutex_lock (&self->channel_lock);
  self->closing = TRUE;
  g_mutex_unlock (&self->channel_lock);

  take_over (self);
  if (self->sink == NULL)
    return;

  if (input != NULL)
    {
      pipe_sink_queue (self->sink, input);
      g_mutex_lock (&self->channel_lock);
      self->sink_bytes += g_bytes_get_size (input);
      self->total += g_bytes_get_size (input);
      g_mutex_unlock (&self->channel_lock);
    }
  pipe_sink_flush (self->sink);
}

void
write_channel_abort (WriteChannel *self)
{
  PipeSink *sink = self->sink;

  if (sink == NULL)
    return;

  /* Who still waits for what was given up is told so, as if the process had closed the pipe. */
  sink->error_number = EPIPE;
  pipe_sink_close (sink);
  sink_changed (sink, self);
}

static void
abort_in_worker (Actor   *actor,
                 Message *message)
{
  WriteChannel *self = CONTAINER_OF (message, WriteChannel, abort_message);

  write_channel_abort (self);
  write_channel_unref (self);
}

/* ---- the writer's side */

void
write_channel_queue_abort (WriteChannel *self)
{
  g_mutex_lock (&self->channel_lock);
  self->closing = TRUE;
  if (!self->abort_posted && !self->closed)
    {
      self->abort_posted = TRUE;
      write_channel_ref (self);
      actor_post (self->actor, &self->abort_message, abort_in_worker);
    }
  g_mutex_unlock (&self->channel_lock);
}

static void
post_send_locked (WriteChannel *self)
{
  if (self->send_posted)
    return;

  self->send_posted = TRUE;
  write_channel_ref (self);
  actor_post (self->actor, &self->send_message, send_in_worker);
}

static void
keep_locked (WriteChannel *self,
             GBytes       *bytes)
{
  KeptBytes *kept = g_new (KeptBytes, 1);

  kept->bytes = g_bytes_ref (bytes);
  kept->end = self->total;
  g_queue_push_tail (&self->kept, kept);
}

/* How many bytes. */
static gsize
push_locked (WriteChannel *self,
             GBytes       *bytes,
             gboolean      is_users)
{
  gsize length = g_bytes_get_size (bytes);

  if (length == 0)
    return 0;

  g_queue_push_tail (&self->outgoing, g_bytes_ref (bytes));
  self->outgoing_bytes += length;
  self->total += length;
  if (is_users)
    keep_locked (self, bytes);
  return length;
}

void
write_channel_queue (WriteChannel   *self,
                     GBytes * const *pieces,
                     gsize           n_pieces,
                     gboolean        is_users)
{
  gsize length = 0;

  g_mutex_lock (&self->channel_lock);
  if (!self->closing && !self->closed)
    {
      for (gsize i = 0; i < n_pieces; i++)
        length += push_locked (self, pieces[i], is_users);
      if (length > 0)
        {
          update_locked (self);
          post_send_locked (self);
        }
    }
  else if (self->error_number != 0)
    {
      for (gsize i = 0; i < n_pieces; i++)
        self->gave_up |= g_bytes_get_size (pieces[i]) > 0;
    }
  g_mutex_unlock (&self->channel_lock);
}

typedef struct
{
  WriteChannel *channel;
  const guint8 *data;
  gsize length;
  gboolean done;
  gboolean lost;
} Push;

/* The rest of what was not sent at once goes behind it, before anybody can queue something else. */
static void
queue_rest_in_worker (WriteChannel *self,
                      const guint8 *data,
                      gsize         length)
{
  GBytes *bytes = g_bytes_new (data, length);

  pipe_sink_queue (self->sink, bytes);
  g_bytes_unref (bytes);

  g_mutex_lock (&self->channel_lock);
  self->sink_bytes += length;
  update_locked (self);
  g_mutex_unlock (&self->channel_lock);

  pipe_sink_flush (self->sink);
}

static void
push_for_worker (gpointer data)
{
  Push *push = data;
  WriteChannel *self = push->channel;
  gboolean may_write;
  gsize sent;

  if (self->sink == NULL || self->sink->kind == PIPE_KIND_TERMINAL)
    return;

  g_mutex_lock (&self->channel_lock);
  may_write = !self->closing && !self->closed && queued_locked (self) == 0;
  if (may_write)
    self->total += push->length;
  g_mutex_unlock (&self->channel_lock);

  if (!may_write)
    return;

  push->done = TRUE;
  sent = pipe_sink_write (self->sink, push->data, push->length);
  if (sent == push->length)
    return;

  if (self->sink != NULL)
    queue_rest_in_worker (self, push->data + sent, push->length - sent);
  /* Looked at here and now: what is lost after all was taken is not this write's to tell. */
  if (self->sink == NULL)
    {
      push->lost = TRUE;
      g_mutex_lock (&self->channel_lock);
      self->gave_up = TRUE;
      g_mutex_unlock (&self->channel_lock);
    }
}

gboolean
write_channel_push (WriteChannel *self,
                    const guint8 *data,
                    gsize         length,
                    gboolean     *ret_lost)
{
  Push push = { .channel = self, .data = data, .length = length };
  gboolean acted = length > 0 && worker_act_for (self->actor->worker, push_for_worker, &push);

  *ret_lost = push.lost;
  return acted && push.done;
}

void
write_channel_queue_eof (WriteChannel *self)
{
  g_mutex_lock (&self->channel_lock);
  if (!self->closing && !self->closed)
    {
      self->closing = TRUE;
      post_send_locked (self);
    }
  g_mutex_unlock (&self->channel_lock);
}

gboolean
write_channel_try (WriteChannel *self,
                   WriteGoal     goal,
                   WriteWaiter  *waiter,
                   StreamWaiter *woken)
{
  gboolean reached;

  g_mutex_lock (&self->channel_lock);
  reached = goal_is_reached_locked (self, goal);
  if (!reached && waiter != NULL && waiter->link.data == NULL)
    {
      waiter->goal = goal;
      waiter->woken = woken;
      waiter->link = (GList){ .data = waiter };
      g_queue_push_tail_link (&self->waiters, &waiter->link);
    }
  g_mutex_unlock (&self->channel_lock);

  return reached;
}

void
write_channel_forget (WriteChannel *self,
                      WriteWaiter  *waiter)
{
  g_mutex_lock (&self->channel_lock);
  if (waiter->link.data != NULL)
    g_queue_unlink (&self->waiters, &waiter->link);
  waiter->link.data = NULL;
  g_mutex_unlock (&self->channel_lock);
}

gboolean
write_channel_check (WriteChannel  *self,
                     gboolean       only_if_unsent,
                     GError       **error)
{
  int error_number;

  g_mutex_lock (&self->channel_lock);
  error_number = !only_if_unsent || self->gave_up ? self->error_number : 0;
  g_mutex_unlock (&self->channel_lock);

  if (error_number == 0)
    return TRUE;

  g_set_error (error, G_IO_ERROR, g_io_error_from_errno (error_number),
               _("Could not write to the pipe: %s"), g_strerror (error_number));
  return FALSE;
}

gboolean
write_channel_is_closing (WriteChannel *self)
{
  gboolean closing;

  program_lock (&self->channel_lock);
  closing = self->closing || self->closed;
  program_unlock (&self->channel_lock);

  return closing;
}

gboolean
write_channel_has_eof (WriteChannel *self)
{
  gboolean has_eof;

  program_lock (&self->channel_lock);
  has_eof = self->closing;
  program_unlock (&self->channel_lock);

  return has_eof;
}

gsize
write_channel_get_queued (WriteChannel *self)
{
  gsize queued;

  program_lock (&self->channel_lock);
  queued = queued_locked (self);
  program_unlock (&self->channel_lock);

  return queued;
}

void
write_channel_look (WriteChannel *self,
                    gsize        *ret_queued,
                    guint        *ret_n_waiters,
                    gboolean     *ret_closing)
{
  g_mutex_lock (&self->channel_lock);
  *ret_queued = queued_locked (self);
  *ret_n_waiters = self->waiters.length;
  *ret_closing = self->closing || self->closed;
  g_mutex_unlock (&self->channel_lock);
}

void
write_channel_set_limits (WriteChannel *self,
                          gsize         low,
                          gsize         high)
{
  g_mutex_lock (&self->channel_lock);
  self->low = low;
  self->high = high;
  update_locked (self);
  g_mutex_unlock (&self->channel_lock);
}

void
write_channel_get_limits (WriteChannel *self,
                          gsize        *ret_low,
                          gsize        *ret_high)
{
  program_lock (&self->channel_lock);
  *ret_low = self->low;
  *ret_high = self->high;
  program_unlock (&self->channel_lock);
}

void
write_channel_let_go_of_sent (WriteChannel *self)
{
  GQueue sent;

  g_mutex_lock (&self->channel_lock);
  sent = self->sent;
  g_queue_init (&self->sent);
  g_mutex_unlock (&self->channel_lock);

  /* Without the lock: the last reference may run a function of the user's. */
  g_queue_clear_full (&sent, (GDestroyNotify) g_bytes_unref);
}

void
write_channel_let_go_later (WriteChannel *self)
{
  KeptForLater *later = NULL;

  write_channel_let_go_of_sent (self);

  g_mutex_lock (&self->channel_lock);
  if (!self->closed && !g_queue_is_empty (&self->kept))
    {
      later = g_new0 (KeptForLater, 1);
      /* Not this thread's own context, which may end with the thread, before the pipe is closed. */
      later->caller = caller_context_ref_for (g_main_context_default ());
      later->kept = self->kept;
      g_queue_init (&self->kept);
      self->later = later;
    }
  g_mutex_unlock (&self->channel_lock);

  /* Closed in the meantime: all that was kept is sent now. */
  write_channel_let_go_of_sent (self);
}

void
write_channel_add_source (WriteChannel *self,
                          GSource      *source)
{
  g_mutex_lock (&self->channel_lock);
  self->sources = g_slist_prepend (self->sources, g_source_ref (source));
  g_mutex_unlock (&self->channel_lock);
}

void
write_channel_remove_source (WriteChannel *self,
                             GSource      *source)
{
  g_mutex_lock (&self->channel_lock);
  self->sources = g_slist_remove (self->sources, source);
  g_mutex_unlock (&self->channel_lock);
  g_source_unref (source);
}

void
write_channel_wake_source (WriteChannel *self,
                           GSource      *source)
{
  g_mutex_lock (&self->channel_lock);
  g_source_set_ready_time (source, 0);
  g_mutex_unlock (&self->channel_lock);
}
