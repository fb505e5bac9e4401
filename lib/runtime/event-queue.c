/* SPDX-License-Identifier: LGPL-2.1-or-later */

/* Thread: adding ANY; everything else only in the thread that runs the queue's context. */

#include "config.h"

#include "runtime/event-queue.h"

#include <errno.h>
#include <fcntl.h>
#include <glib-unix.h>
#include <poll.h>
#include <sys/epoll.h>
#include <unistd.h>

#include "base/base-fd.h"
#include "base/base-thread.h"

#define BATCH_SIZE 64

/* An event names a slot and the generation that the slot had when the watch was added, never a
 * pointer: what was removed while a batch is being worked off is recognised, even if its memory is
 * used again by then.
 */
typedef struct
{
  EventWatch *watch; /* NULL: free */
  guint32 generation;
} EventSlot;

/* A forked copy of the program that runs its main loop shares the epoll set, and whatever it took
 * out of it would be missing in the original. So there the source removes itself without a look at
 * the events.
 */
struct _EventQueue
{
  /* immutable after construction */
  GMainContext *context; /* not referenced: its thread owns the queue */
  GSource *source;
  int epoll_fd; /* -1: poll */

  /* owner only */
  void (*batch_func) (gpointer data);
  gpointer batch_data;
  void (*turn_func) (void);

  /* guarded by slots_lock */
  GMutex slots_lock;
  GArray *slots;      /* of EventSlot */
  GArray *free_slots; /* of guint, slots counted from 1 */
  gboolean has_unpolled; /* fallback: a watch was added that the source does not poll yet */
};

/* The fallback's source: every watch is a GPollFD of its own. */
typedef struct
{
  GSource source;
  EventQueue *queue;
} PollSource;

static guint
claim_slot_locked (EventQueue *self,
                   EventWatch *watch)
{
  guint slot;

  if (self->free_slots->len > 0)
    {
      slot = g_array_index (self->free_slots, guint, self->free_slots->len - 1);
      g_array_set_size (self->free_slots, self->free_slots->len - 1);
    }
  else
    {
      g_array_set_size (self->slots, self->slots->len + 1);
      slot = self->slots->len;
    }

  g_array_index (self->slots, EventSlot, slot - 1).watch = watch;
  watch->slot = slot;
  return slot;
}

static void
release_slot_locked (EventQueue *self,
                     EventWatch *watch)
{
  EventSlot *slot = &g_array_index (self->slots, EventSlot, watch->slot - 1);

  slot->watch = NULL;
  slot->generation++;
  g_array_append_val (self->free_slots, watch->slot);
  watch->slot = 0;
}

static EventWatch *
find_watch (EventQueue *self,
            guint       slot,
            guint32     generation)
{
  EventWatch *watch = NULL;
  EventSlot *entry;

  g_mutex_lock (&self->slots_lock);
  entry = &g_array_index (self->slots, EventSlot, slot - 1);
  if (entry->generation == generation)
    watch = entry->watch;
  g_mutex_unlock (&self->slots_lock);

  return watch;
}

static void
finish_batch (EventQueue *self)
{
  if (self->batch_func != NULL)
    self->batch_func (self->batch_data);
}

/* For a dispatch by the context. The queue may go with its last event. */
static void
take_turn (EventQueue *self,
           gboolean  (*dispatch) (EventQueue *self))
{
  void (*turn_func) (void) = self->turn_func;

  if (dispatch (self) && turn_func != NULL)
    turn_func ();
}

/* ---- epoll */

static guint32
epoll_mask (EventMask wanted)
{
  return ((wanted & EVENT_IN) ? EPOLLIN : 0) | ((wanted & EVENT_OUT) ? EPOLLOUT : 0) |
         ((wanted & EVENT_EDGE) ? EPOLLET : 0);
}

static EventMask
events_from_epoll (guint32 events)
{
  return ((events & EPOLLIN) ? EVENT_IN : 0) | ((events & EPOLLOUT) ? EVENT_OUT : 0) |
         ((events & EPOLLHUP) ? EVENT_HANG_UP : 0) | ((events & EPOLLERR) ? EVENT_ERROR : 0);
}

/* Whether there were any events. */
static gboolean
dispatch_epoll (EventQueue *self)
{
  struct epoll_event events[BATCH_SIZE];
  int n_events = epoll_wait (self->epoll_fd, events, BATCH_SIZE, 0);

  for (int i = 0; i < n_events; i++)
    {
      EventWatch *watch = find_watch (self, (guint) (events[i].data.u64 & G_MAXUINT32),
                                      (guint32) (events[i].data.u64 >> 32));

      if (watch != NULL)
        watch->func (watch, events_from_epoll (events[i].events));
    }

  if (n_events > 0)
    finish_batch (self);
  return n_events > 0;
}

static gboolean
epoll_ready_cb (int          fd,
                GIOCondition condition,
                gpointer     data)
{
  if (G_UNLIKELY (program_is_forked_copy ()))
    return G_SOURCE_REMOVE;

  take_turn (data, dispatch_epoll);
  return G_SOURCE_CONTINUE;
}

static gboolean
epoll_control_locked (EventQueue *self,
                      int         operation,
                      EventWatch *watch)
{
  guint32 generation = g_array_index (self->slots, EventSlot, watch->slot - 1).generation;
  struct epoll_event event = {
    .events = epoll_mask (watch->wanted),
    .data.u64 = ((guint64) generation << 32) | watch->slot,
  };

  return epoll_ctl (self->epoll_fd, operation, watch->fd, &event) == 0;
}

/* ---- poll */

static gushort
poll_mask (EventMask wanted)
{
  return ((wanted & EVENT_IN) ? G_IO_IN : 0) | ((wanted & EVENT_OUT) ? G_IO_OUT : 0);
}

static EventMask
events_from_poll (gushort revents)
{
  return ((revents & G_IO_IN) ? EVENT_IN : 0) | ((revents & G_IO_OUT) ? EVENT_OUT : 0) |
         ((revents & G_IO_HUP) ? EVENT_HANG_UP : 0) |
         ((revents & (G_IO_ERR | G_IO_NVAL)) ? EVENT_ERROR : 0);
}

/* Only the owner may add to the polled set: from another thread it would throw away the result of
 * the poll that runs.
 */
static void
poll_what_was_added (EventQueue *self)
{
  g_mutex_lock (&self->slots_lock);
  for (guint i = 0; self->has_unpolled && i < self->slots->len; i++)
    {
      EventWatch *watch = g_array_index (self->slots, EventSlot, i).watch;

      if (watch != NULL && !watch->polled)
        {
          watch->polled = TRUE;
          g_source_add_poll (self->source, &watch->poll_fd);
        }
    }
  self->has_unpolled = FALSE;
  g_mutex_unlock (&self->slots_lock);
}

static gboolean
poll_source_prepare (GSource *source,
                     int     *timeout)
{
  *timeout = -1;
  poll_what_was_added (((PollSource *) source)->queue);
  return FALSE;
}

static gboolean
any_polled_ready (EventQueue *self)
{
  gboolean ready = FALSE;

  g_mutex_lock (&self->slots_lock);
  for (guint i = 0; !ready && i < self->slots->len; i++)
    {
      EventWatch *watch = g_array_index (self->slots, EventSlot, i).watch;

      ready = watch != NULL && watch->polled && watch->poll_fd.revents != 0;
    }
  g_mutex_unlock (&self->slots_lock);

  return ready;
}

static gboolean
poll_source_check (GSource *source)
{
  return any_polled_ready (((PollSource *) source)->queue);
}

/* The watch of slot number @index if it has events, which are taken from it. */
static EventWatch *
take_polled_events (EventQueue *self,
                    guint       index,
                    EventMask  *ret_events)
{
  EventWatch *watch = NULL;

  g_mutex_lock (&self->slots_lock);
  if (index < self->slots->len)
    watch = g_array_index (self->slots, EventSlot, index).watch;
  if (watch != NULL && watch->polled && watch->poll_fd.revents != 0)
    {
      *ret_events = events_from_poll (watch->poll_fd.revents);
      watch->poll_fd.revents = 0;
    }
  else
    {
      watch = NULL;
    }
  g_mutex_unlock (&self->slots_lock);

  return watch;
}

/* Whether there were any events. */
static gboolean
dispatch_poll (EventQueue *self)
{
  gboolean any = FALSE;
  guint n_slots;

  g_mutex_lock (&self->slots_lock);
  n_slots = self->slots->len;
  g_mutex_unlock (&self->slots_lock);

  for (guint i = 0; i < n_slots; i++)
    {
      EventMask events;
      EventWatch *watch = take_polled_events (self, i, &events);

      if (watch != NULL)
        {
          watch->func (watch, events);
          any = TRUE;
        }
    }

  if (any)
    finish_batch (self);
  return any;
}

static gboolean
poll_source_dispatch (GSource     *source,
                      GSourceFunc  callback,
                      gpointer     user_data)
{
  if (G_UNLIKELY (program_is_forked_copy ()))
    return G_SOURCE_REMOVE;

  take_turn (((PollSource *) source)->queue, dispatch_poll);
  return G_SOURCE_CONTINUE;
}

static GSourceFuncs poll_source_funcs = {
  .prepare = poll_source_prepare,
  .check = poll_source_check,
  .dispatch = poll_source_dispatch,
};

/* Polls all watches of the fallback and @wake_fd without the context. Free slots are left out: poll
 * takes no more entries than the program may have files open (poll(2), EINVAL).
 */
static gboolean
wait_by_poll (EventQueue *self,
              int         wake_fd,
              int         timeout_ms)
{
  g_autoptr(GArray) fds = g_array_new (FALSE, FALSE, sizeof (GPollFD));
  g_autoptr(GArray) slots = g_array_new (FALSE, FALSE, sizeof (guint));
  GPollFD wake = { .fd = wake_fd, .events = G_IO_IN };
  gboolean woken;

  poll_what_was_added (self);

  g_array_append_val (fds, wake);
  g_mutex_lock (&self->slots_lock);
  for (guint i = 0; i < self->slots->len; i++)
    {
      EventWatch *watch = g_array_index (self->slots, EventSlot, i).watch;

      if (watch == NULL || !watch->polled)
        continue;
      g_array_append_val (fds, watch->poll_fd);
      g_array_append_val (slots, i);
    }
  g_mutex_unlock (&self->slots_lock);

  if (g_poll ((gpointer) fds->data, fds->len, timeout_ms) <= 0)
    return FALSE;

  woken = g_array_index (fds, GPollFD, 0).revents != 0;
  g_mutex_lock (&self->slots_lock);
  for (guint i = 1; i < fds->len; i++)
    {
      GPollFD *result = &g_array_index (fds, GPollFD, i);
      guint slot = g_array_index (slots, guint, i - 1);
      EventWatch *watch = g_array_index (self->slots, EventSlot, slot).watch;

      if (watch != NULL && result->fd >= 0 && watch->fd == result->fd)
        watch->poll_fd.revents = result->revents;
    }
  g_mutex_unlock (&self->slots_lock);

  dispatch_poll (self);
  return woken;
}

/* ---- both */

EventQueue *
event_queue_new (GMainContext *context,
                 const char   *name)
{
  EventQueue *self = g_new0 (EventQueue, 1);

  g_mutex_init (&self->slots_lock);
  self->slots = g_array_new (FALSE, TRUE, sizeof (EventSlot));
  self->free_slots = g_array_new (FALSE, FALSE, sizeof (guint));
  self->context = context;

  self->epoll_fd = -1;
  if (g_strcmp0 (g_getenv ("PROCTOR_EVENT_QUEUE"), "poll") != 0)
    self->epoll_fd = fd_above_stdio (epoll_create1 (EPOLL_CLOEXEC));

  if (self->epoll_fd >= 0)
    {
      self->source = g_unix_fd_source_new (self->epoll_fd, G_IO_IN);
      g_source_set_callback (self->source, G_SOURCE_FUNC (epoll_ready_cb), self, NULL);
    }
  else
    {
      self->source = g_source_new (&poll_source_funcs, sizeof (PollSource));
      ((PollSource *) self->source)->queue = self;
    }

  g_source_set_name (self->source, name);
  /* Not blocked around each dispatch: that would take its fd out of the poll and put it back, with
   * four system calls.
   */
  g_source_set_can_recurse (self->source, TRUE);
  g_source_attach (self->source, context);
  return self;
}

void
event_queue_free (EventQueue *self)
{
  g_source_destroy (self->source);
  g_source_unref (self->source);
  if (self->epoll_fd >= 0)
    close (self->epoll_fd);
  g_array_unref (self->slots);
  g_array_unref (self->free_slots);
  g_mutex_clear (&self->slots_lock);
  g_free (self);
}

gboolean
event_queue_uses_epoll (EventQueue *self)
{
  return self->epoll_fd >= 0;
}

int
event_queue_dup_fd (EventQueue *self)
{
  return self->epoll_fd >= 0 ? fcntl (self->epoll_fd, F_DUPFD_CLOEXEC, 3) : -1;
}

void
event_queue_set_batch_func (EventQueue *self,
                            void      (*func) (gpointer data),
                            gpointer    data)
{
  self->batch_func = func;
  self->batch_data = data;
}

void
event_queue_set_turn_func (EventQueue *self,
                           void      (*func) (void))
{
  self->turn_func = func;
}

gboolean
event_queue_add (EventQueue *self,
                 EventWatch *watch,
                 int         fd,
                 EventMask   wanted,
                 EventFunc   func)
{
  gboolean added = TRUE;
  int error_number = 0;

  watch->fd = fd;
  watch->wanted = wanted;
  watch->func = func;
  watch->polled = FALSE;
  watch->poll_fd = (GPollFD){ .fd = fd, .events = poll_mask (wanted) };

  g_mutex_lock (&self->slots_lock);
  claim_slot_locked (self, watch);
  if (self->epoll_fd < 0)
    {
      self->has_unpolled = TRUE;
    }
  else if (!epoll_control_locked (self, EPOLL_CTL_ADD, watch))
    {
      error_number = errno;
      release_slot_locked (self, watch);
      added = FALSE;
    }
  g_mutex_unlock (&self->slots_lock);

  if (self->epoll_fd < 0 && !g_main_context_is_owner (self->context))
    g_main_context_wakeup (self->context);

  if (!added)
    errno = error_number;
  return added;
}

void
event_queue_modify (EventQueue *self,
                    EventWatch *watch,
                    EventMask   wanted)
{
  g_return_if_fail (watch->slot != 0);

  if (watch->wanted == wanted)
    return;

  g_mutex_lock (&self->slots_lock);
  watch->wanted = wanted;
  watch->poll_fd.events = poll_mask (wanted);
  if (self->epoll_fd >= 0 && !epoll_control_locked (self, EPOLL_CTL_MOD, watch))
    g_critical ("Cannot change what is watched of fd %d: %s", watch->fd, g_strerror (errno));
  g_mutex_unlock (&self->slots_lock);
}

void
event_queue_remove (EventQueue *self,
                    EventWatch *watch)
{
  gboolean polled;

  if (watch->slot == 0)
    return;

  g_mutex_lock (&self->slots_lock);
  if (self->epoll_fd >= 0 && !epoll_control_locked (self, EPOLL_CTL_DEL, watch))
    g_critical ("Cannot stop watching fd %d: %s", watch->fd, g_strerror (errno));
  release_slot_locked (self, watch);
  polled = watch->polled;
  watch->polled = FALSE;
  g_mutex_unlock (&self->slots_lock);

  if (polled)
    g_source_remove_poll (self->source, &watch->poll_fd);
}

gboolean
event_queue_wait (EventQueue *self,
                  int         wake_fd,
                  int         timeout_ms)
{
  struct pollfd fds[2] = {
    { .fd = wake_fd, .events = POLLIN },
    { .fd = self->epoll_fd, .events = POLLIN },
  };

  if (self->epoll_fd < 0)
    return wait_by_poll (self, wake_fd, timeout_ms);

  if (poll (fds, G_N_ELEMENTS (fds), timeout_ms) <= 0)
    return FALSE;

  if (fds[1].revents != 0)
    dispatch_epoll (self);
  return fds[0].revents != 0;
}
