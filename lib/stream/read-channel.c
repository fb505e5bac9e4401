/* SPDX-License-Identifier: LGPL-2.1-or-later */

/* Thread: the worker's side WORKER, the reader's side ANY. */

#include "config.h"

#include "stream/read-channel.h"

#include <errno.h>

#include "base/base-macros.h"
#include "base/base-thread.h"
#include "trace/trace.h"

/* From this size on a read goes into a chunk of its own, and is not copied. */
#define OWN_CHUNK_FROM (32 * 1024)

/* With less room than this it is better to have the worker read ahead. */
#define PULL_FROM (32 * 1024)

/* The pipe is read until more than twice the limit is held, and again when it is the limit or less.
 * A reader that waits lets it flow anyway (`waiter` is set): else it would wait for ever for a line
 * that is longer.
 *
 * `paused` is set by the worker and means that it waits for a message; whoever finds that there is
 * room again, or waits, posts it. Both look under the lock, so that the message is neither lost nor
 * sent twice.
 */
struct _ReadChannel
{
  gatomicrefcount ref_count;

  /* immutable after construction */
  Actor *actor; /* borrowed */
  gsize limit;
  void (*ended_func) (Actor *actor);

  /* worker only */
  PipeSource *source; /* borrowed; NULL while it is away or closed */
  PipeSource *away;   /* to somebody else */
  ByteChunk *spare;   /* what the present read goes to, if not to the worker's scratch memory */
  gboolean reads_were_large;
  gboolean finishing; /* read_channel_finish() was called */

  /* guarded by channel_lock */
  GMutex channel_lock;
  ByteQueue held;
  gboolean ended;
  int error_number;
  gboolean closed; /* by the reader */
  gboolean held_back;
  gboolean paused;
  gboolean pulled; /* and that because a thread reads by itself, see read_channel_pull() */
  gint64 paused_since; /* monotonic; only if it is. With `pulled`, when that thread came last */
  gboolean resume_posted;
  const ReadRequest *waiting_for; /* borrowed from who waits */
  StreamWaiter *waiter;             /* borrowed */
  GSList *sources;                /* of owned GSource */

  /* atomic; grows under channel_lock only, together with what `held` loses */
  gsize lent;

  /* posted once at a time */
  Message resume_message; /* guarded by resume_posted */
  Message close_message;  /* once */
};

ReadChannel *
read_channel_new (Actor *actor,
                  gsize  limit,
                  void (*ended_func) (Actor *actor))
{
  ReadChannel *self = g_new0 (ReadChannel, 1);

  g_atomic_ref_count_init (&self->ref_count);
  self->actor = actor;
  self->limit = limit;
  self->ended_func = ended_func;
  g_mutex_init (&self->channel_lock);
  return self;
}

ReadChannel *
read_channel_ref (ReadChannel *self)
{
  g_atomic_ref_count_inc (&self->ref_count);
  return self;
}

void
read_channel_unref (ReadChannel *self)
{
  if (!g_atomic_ref_count_dec (&self->ref_count))
    return;

  byte_queue_clear (&self->held);
  g_clear_pointer (&self->spare, byte_chunk_free);
  g_mutex_clear (&self->channel_lock);
  g_free (self);
}

/* ---- both sides */

/* More than this is not held, unless somebody waits for it. */
static gsize
high_mark (ReadChannel *self)
{
  return self->limit > G_MAXSIZE / 4 ? G_MAXSIZE / 2 : self->limit * 2;
}

static gboolean
must_pause_locked (ReadChannel *self)
{
  return self->held_back || (self->waiter == NULL && self->held.length > high_mark (self));
}

static void
set_paused_locked (ReadChannel *self,
                   gboolean     paused)
{
  if (paused && !self->paused)
    self->paused_since = g_get_monotonic_time ();
  self->paused = paused;
}

static gsize
get_lent (ReadChannel *self)
{
  return __atomic_load_n (&self->lent, __ATOMIC_ACQUIRE);
}

static gboolean
is_readable_locked (ReadChannel *self)
{
  return self->ended || self->held.length > 0 || get_lent (self) > 0;
}

static void
wake_waiter_locked (ReadChannel *self)
{
  StreamWaiter *waiter = g_steal_pointer (&self->waiter);

  self->waiting_for = NULL;
  if (waiter != NULL)
    waiter->wake (waiter);
}

static void
wake_sources_locked (ReadChannel *self)
{
  for (GSList *link = self->sources; link != NULL; link = link->next)
    g_source_set_ready_time (link->data, 0);
}

static void
wake_all_locked (ReadChannel *self)
{
  wake_waiter_locked (self);
  wake_sources_locked (self);
}

/* ---- the worker's side: as the consumer of its source */

/* How much the next read may bring: what fills the channel to one byte beyond the mark, which is
 * what pauses it, or more if somebody waits for more, but then no more than that, so that what is
 * left over is bounded by the limit.
 */
static gsize
room_locked (ReadChannel *self)
{
  const ReadRequest *wanted = self->waiting_for;
  gsize room = high_mark (self) + 1 - MIN (self->held.length, high_mark (self));

  if (wanted != NULL && wanted->kind == READ_TO_END)
    return WORKER_SCRATCH_SIZE;
  if (wanted != NULL && (wanted->kind == READ_EXACTLY || wanted->kind == READ_SOME) &&
      wanted->length > self->held.length)
    return MAX (room, wanted->length - self->held.length);
  return room;
}

static guint8 *
reserve (gpointer consumer,
         gsize   *ret_size)
{
  ReadChannel *self = consumer;
  gsize room;

  g_mutex_lock (&self->channel_lock);
  room = room_locked (self);
  g_mutex_unlock (&self->channel_lock);

  *ret_size = MIN (room, WORKER_SCRATCH_SIZE);
  if (!self->reads_were_large || *ret_size < OWN_CHUNK_FROM)
    return worker_get_scratch (self->actor->worker);

  if (self->spare != NULL && self->spare->size < *ret_size)
    g_clear_pointer (&self->spare, byte_chunk_free);
  if (self->spare == NULL)
    self->spare = byte_chunk_new (*ret_size);
  return self->spare->data;
}

static void
hold_locked (ReadChannel  *self,
             const guint8 *data,
             gsize         length)
{
  if (self->spare != NULL && data == self->spare->data && length >= self->spare->size / 2)
    {
      self->spare->end = length;
      byte_queue_append_chunk (&self->held, g_steal_pointer (&self->spare));
    }
  else
    {
      byte_queue_append (&self->held, data, length);
    }
}

static gboolean
take (gpointer      consumer,
      const guint8 *data,
      gsize         length)
{
  ReadChannel *self = consumer;
  gboolean pause;

  self->reads_were_large = length >= OWN_CHUNK_FROM;

  g_mutex_lock (&self->channel_lock);
  if (!self->closed)
    hold_locked (self, data, length);
  if (self->waiting_for == NULL ||
      read_request_is_worth_a_try (self->waiting_for, data, length, self->held.length))
    wake_waiter_locked (self);
  /* Whoever waits for more than has come may give up. */
  wake_sources_locked (self);
  pause = must_pause_locked (self);
  set_paused_locked (self, pause);
  g_mutex_unlock (&self->channel_lock);

  if (pause)
    {
      trace_step_pipe (TRACE_PAUSE, self->source->trace_number, self->source->trace_stdio, 0);
      pipe_source_stop (self->source);
    }
  return TRUE;
}

static void
end (gpointer consumer,
     int      error_number)
{
  read_channel_end (consumer, error_number);
}

static const PipeConsumer channel_consumer = {
  .reserve = reserve,
  .take = take,
  .ended = end,
};

static void
resume_in_worker (Actor   *actor,
                  Message *message)
{
  ReadChannel *self = CONTAINER_OF (message, ReadChannel, resume_message);
  gboolean pause;

  g_mutex_lock (&self->channel_lock);
  self->resume_posted = FALSE;
  pause = self->held_back;
  set_paused_locked (self, pause);
  self->pulled = FALSE;
  g_mutex_unlock (&self->channel_lock);

  if (self->source != NULL && pause)
    {
      trace_step_pipe (TRACE_PAUSE, self->source->trace_number, self->source->trace_stdio, 0);
      pipe_source_stop (self->source);
    }
  else if (self->source != NULL && !pipe_source_is_reading (self->source))
    {
      trace_step_pipe (TRACE_RESUME, self->source->trace_number, self->source->trace_stdio, 0);
      pipe_source_start (self->source, &channel_consumer, self);
      if (self->finishing)
        read_channel_finish (self);
    }
  read_channel_unref (self);
}

static void
close_in_worker (Actor   *actor,
                 Message *message)
{
  ReadChannel *self = CONTAINER_OF (message, ReadChannel, close_message);

  /* While it is away somebody else reads it, and closes it. */
  if (self->source != NULL)
    {
      pipe_source_close (self->source);
      read_channel_end (self, 0);
    }
  read_channel_unref (self);
}

void
read_channel_start (ReadChannel *self,
                    PipeSource  *source)
{
  gboolean closed;

  g_mutex_lock (&self->channel_lock);
  closed = self->closed;
  g_mutex_unlock (&self->channel_lock);

  self->source = source;
  if (!closed)
    {
      pipe_source_start (source, &channel_consumer, self);
      return;
    }

  /* The reader has gone before there was a pipe. */
  pipe_source_close (source);
  read_channel_end (self, 0);
}

void
read_channel_end (ReadChannel *self,
                  int          error_number)
{
  self->source = NULL;
  self->away = NULL;
  g_clear_pointer (&self->spare, byte_chunk_free);

  g_mutex_lock (&self->channel_lock);
  if (!self->ended)
    {
      self->ended = TRUE;
      self->error_number = error_number;
      wake_all_locked (self);
    }
  g_mutex_unlock (&self->channel_lock);

  self->ended_func (self->actor);
}

void
read_channel_finish (ReadChannel *self)
{
  if (self->source == NULL)
    return;

  /* While it is paused what is in the pipe is not given up: it ends when the reader has made room
   * and the pipe is empty.
   */
  self->finishing = TRUE;
  if (!pipe_source_is_reading (self->source))
    return;

  pipe_source_drain (self->source, PIPE_SOURCE_ALL);
  if (self->source != NULL && pipe_source_is_reading (self->source))
    {
      pipe_source_close (self->source);
      read_channel_end (self, 0);
    }
}

/* Into one piece. FALSE when there is no memory; what was not copied is still held. */
static gboolean
collect_locked (ReadChannel *self,
                Collector   *collector)
{
  while (self->held.first != NULL)
    {
      ByteChunk *chunk = self->held.first;

      if (!collector_append (collector, chunk->data + chunk->start, chunk->end - chunk->start))
        return FALSE;
      byte_chunk_free (byte_queue_pop_chunk (&self->held));
    }
  return TRUE;
}

gboolean
read_channel_detach (ReadChannel *self,
                     Collector   *collector)
{
  gboolean collected;

  if (self->source != NULL)
    pipe_source_stop (self->source);
  self->away = g_steal_pointer (&self->source);

  g_mutex_lock (&self->channel_lock);
  set_paused_locked (self, FALSE);
  self->pulled = FALSE;
  collected = collect_locked (self, collector);
  g_mutex_unlock (&self->channel_lock);

  return collected;
}

void
read_channel_attach (ReadChannel *self,
                     Collector   *collector)
{
  PipeSource *source = g_steal_pointer (&self->away);
  gboolean closed;
  gboolean pause;

  if (source != NULL)
    pipe_source_stop (source);

  g_mutex_lock (&self->channel_lock);
  if (collector->length > 0)
    {
      ByteQueue collected = { 0 };

      byte_queue_append_chunk (&collected, byte_chunk_new_from_bytes (collector_steal (collector)));
      byte_queue_prepend_queue (&self->held, &collected);
    }
  closed = self->closed;
  pause = must_pause_locked (self);
  set_paused_locked (self, pause && source != NULL);
  if (closed)
    byte_queue_clear (&self->held);
  wake_all_locked (self);
  g_mutex_unlock (&self->channel_lock);

  if (source == NULL)
    return;

  self->source = source;
  if (closed || !pipe_source_is_open (source))
    {
      pipe_source_close (source);
      read_channel_end (self, 0);
    }
  else if (!pause)
    {
      pipe_source_start (source, &channel_consumer, self);
    }
}

/* ---- the reader's side */

/* Whether the caller has to post the message, once it has let go of the lock. */
static gboolean
claim_resume_locked (ReadChannel *self)
{
  if (self->resume_posted)
    return FALSE;

  self->resume_posted = TRUE;
  read_channel_ref (self);
  return TRUE;
}

/* The same, to have the pipe flow again, if it is paused and either there is room or somebody
 * waits.
 */
static gboolean
claim_resume_if_due_locked (ReadChannel *self)
{
  /* Who reads by itself comes again, unless it waits. */
  if (self->pulled && self->waiter == NULL)
    return FALSE;
  if (!self->paused || self->held_back || (self->waiter == NULL && self->held.length > self->limit))
    return FALSE;

  return claim_resume_locked (self);
}

/* Mostly the worker has nothing else to do, and need not be woken for that. */
static void
post_resume (ReadChannel *self)
{
  actor_post_and_help (self->actor, &self->resume_message, resume_in_worker);
}

static gboolean
may_pull (const ReadRequest *request)
{
  return request->kind == READ_SOME && request->length >= PULL_FROM;
}

gboolean
read_channel_try (ReadChannel  *self,
                  ReadRequest  *request,
                  StreamWaiter *waiter)
{
  gboolean answered;
  gboolean resume;

  g_mutex_lock (&self->channel_lock);
  answered = read_request_try (request, &self->held, self->ended);
  if (!answered && waiter != NULL)
    {
      self->waiter = waiter;
      self->waiting_for = request;
    }
  /* A thread that has got all that was held comes again, and reads the rest by itself. */
  if (answered && waiter == NULL && may_pull (request) && self->held.length == 0)
    {
      self->pulled = self->paused && !self->held_back;
      self->paused_since = g_get_monotonic_time ();
    }
  resume = claim_resume_if_due_locked (self);
  g_mutex_unlock (&self->channel_lock);

  if (resume)
    post_resume (self);
  return answered;
}

typedef struct
{
  ReadChannel *channel;
  ReadRequest *request;
  gboolean only_if_much;
} Pull;

/* What is held only the worker can make more, which this is, and only the reader less. */
static void
pull_for_worker (gpointer data)
{
  ReadChannel *self = ((Pull *) data)->channel;
  ReadRequest *request = ((Pull *) data)->request;
  gboolean only_if_much = ((Pull *) data)->only_if_much;
  gboolean may_read;
  gssize length;

  g_mutex_lock (&self->channel_lock);
  may_read = !self->closed && !self->held_back && self->held.length == 0 && get_lent (self) == 0;
  if (self->pulled)
    self->paused_since = g_get_monotonic_time ();
  g_mutex_unlock (&self->channel_lock);

  if (!may_read || self->source == NULL || (only_if_much && !self->reads_were_large))
    return;

  length = pipe_source_read (self->source, request->buffer, request->length);
  if (length < 0)
    return;

  request->n_read = (gsize) length;
  self->reads_were_large = length >= OWN_CHUNK_FROM;
  if (pipe_source_is_reading (self->source))
    {
      pipe_source_stop (self->source);
      g_mutex_lock (&self->channel_lock);
      set_paused_locked (self, TRUE);
      self->pulled = TRUE;
      g_mutex_unlock (&self->channel_lock);
    }
}

gboolean
read_channel_pull (ReadChannel *self,
                   ReadRequest *request,
                   gboolean     only_if_much)
{
  Pull pull = { self, request, only_if_much };

  return may_pull (request) &&
         worker_act_for (self->actor->worker, pull_for_worker, &pull) && request->n_read > 0;
}

void
read_channel_forget (ReadChannel  *self,
                     StreamWaiter *waiter)
{
  g_mutex_lock (&self->channel_lock);
  if (self->waiter == waiter)
    {
      self->waiter = NULL;
      self->waiting_for = NULL;
    }
  g_mutex_unlock (&self->channel_lock);
}

void
read_channel_lend_all (ReadChannel *self,
                       ByteQueue   *queue)
{
  gboolean resume;

  g_mutex_lock (&self->channel_lock);
  byte_queue_append_queue (queue, &self->held);
  read_channel_set_lent (self, queue->length);
  resume = claim_resume_if_due_locked (self);
  g_mutex_unlock (&self->channel_lock);

  if (resume)
    post_resume (self);
}

void
read_channel_set_lent (ReadChannel *self,
                       gsize        lent)
{
  __atomic_store_n (&self->lent, lent, __ATOMIC_RELEASE);
}

gsize *
read_channel_get_lent_place (ReadChannel *self)
{
  return &self->lent;
}

void
read_channel_give_back (ReadChannel *self,
                        ByteQueue   *queue)
{
  g_mutex_lock (&self->channel_lock);
  byte_queue_prepend_queue (&self->held, queue);
  read_channel_set_lent (self, 0);
  g_mutex_unlock (&self->channel_lock);
}

void
read_channel_hold_back (ReadChannel *self,
                        gboolean     hold_back)
{
  gboolean post;

  g_mutex_lock (&self->channel_lock);
  post = self->held_back != hold_back && claim_resume_locked (self);
  self->held_back = hold_back;
  g_mutex_unlock (&self->channel_lock);

  /* The caller may hold a lock. */
  if (post)
    actor_post (self->actor, &self->resume_message, resume_in_worker);
}

/* For a look: what a thread that reads by itself has not seen yet, that would not show either, so
 * the worker reads again. Returns what unlock_and_post() needs to know.
 */
static gboolean
lock_and_let_flow (ReadChannel *self)
{
  gboolean post;

  program_lock (&self->channel_lock);
  if (program_is_forked_copy ())
    return FALSE;

  post = self->pulled && claim_resume_locked (self);
  self->pulled = FALSE;
  return post;
}

static void
unlock_and_post (ReadChannel *self,
                 gboolean     post)
{
  program_unlock (&self->channel_lock);

  /* The caller may hold a lock. */
  if (post)
    actor_post (self->actor, &self->resume_message, resume_in_worker);
}

gsize
read_channel_get_held (ReadChannel *self)
{
  gboolean post = lock_and_let_flow (self);
  gsize held = self->held.length + get_lent (self);

  unlock_and_post (self, post);
  return held;
}

gsize
read_channel_get_limit (ReadChannel *self)
{
  return self->limit;
}

gboolean
read_channel_at_eof (ReadChannel *self)
{
  gboolean post = lock_and_let_flow (self);
  gboolean at_eof = self->ended && self->held.length == 0 && get_lent (self) == 0;

  unlock_and_post (self, post);
  return at_eof;
}

gboolean
read_channel_is_paused (ReadChannel *self)
{
  gboolean paused;

  program_lock (&self->channel_lock);
  paused = self->paused && !self->pulled;
  program_unlock (&self->channel_lock);

  return paused;
}

void
read_channel_look (ReadChannel     *self,
                   ReadChannelLook *look)
{
  g_mutex_lock (&self->channel_lock);
  *look = (ReadChannelLook) {
    .held = self->held.length + get_lent (self),
    .limit = self->limit,
    .paused = self->paused,
    .pulled = self->pulled,
    .paused_since = self->paused_since,
    .held_back = self->held_back,
    .awaited = self->waiter != NULL,
    .closed = self->closed,
  };
  g_mutex_unlock (&self->channel_lock);
}

gboolean
read_channel_is_readable (ReadChannel *self)
{
  gboolean post = lock_and_let_flow (self);
  gboolean readable = is_readable_locked (self);

  unlock_and_post (self, post);
  return readable;
}

int
read_channel_get_error (ReadChannel *self)
{
  int error_number;

  program_lock (&self->channel_lock);
  error_number = self->held.length == 0 ? self->error_number : 0;
  program_unlock (&self->channel_lock);

  return error_number;
}

void
read_channel_close (ReadChannel *self)
{
  gboolean was_closed;

  g_mutex_lock (&self->channel_lock);
  was_closed = self->closed;
  self->closed = TRUE;
  byte_queue_clear (&self->held);
  read_channel_set_lent (self, 0);
  g_mutex_unlock (&self->channel_lock);

  if (was_closed)
    return;

  read_channel_ref (self);
  actor_post (self->actor, &self->close_message, close_in_worker);
}

void
read_channel_add_source (ReadChannel *self,
                         GSource     *source)
{
  gboolean post = lock_and_let_flow (self);

  self->sources = g_slist_prepend (self->sources, g_source_ref (source));
  unlock_and_post (self, post);
}

void
read_channel_remove_source (ReadChannel *self,
                            GSource     *source)
{
  g_mutex_lock (&self->channel_lock);
  self->sources = g_slist_remove (self->sources, source);
  g_mutex_unlock (&self->channel_lock);
  g_source_unref (source);
}

void
read_channel_wake_source (ReadChannel *self,
                          GSource     *source)
{
  g_mutex_lock (&self->channel_lock);
  g_source_set_ready_time (source, 0);
  g_mutex_unlock (&self->channel_lock);
}
