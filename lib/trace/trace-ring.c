/* SPDX-License-Identifier: LGPL-2.1-or-later */

/* Thread: each function says its own. */

#include "config.h"

#include "trace/trace-ring.h"

#include <pthread.h>
#include <string.h>
#include <sys/syscall.h>
#include <unistd.h>

#include "base/base-thread.h"

#define SLOT_MASK (TRACE_RING_SLOTS - 1)

TraceRing *
trace_ring_new (guint32 number)
{
  TraceRing *self = g_try_malloc (sizeof (TraceRing));

  if (self == NULL)
    return NULL;

  self->number = number;
  self->thread_id = (pid_t) syscall (SYS_gettid);
  if (thread_is_main ())
    g_strlcpy (self->thread_name, "main", sizeof self->thread_name);
  else if (pthread_getname_np (pthread_self (), self->thread_name, sizeof self->thread_name) != 0)
    g_strlcpy (self->thread_name, "thread", sizeof self->thread_name);
  self->n_flows = 0;
  atomic_init (&self->head, 0);
  atomic_init (&self->tail, 0);
  atomic_init (&self->n_lost, 0);
  atomic_init (&self->abandoned, FALSE);
  return self;
}

void
trace_ring_free (TraceRing *self)
{
  g_free (self);
}

/* A character of UTF-8 is not cut in two. */
static guint
length_that_fits (const char *text)
{
  gsize length = strnlen (text, TRACE_TEXT_SIZE + 1);

  if (length <= TRACE_TEXT_SIZE)
    return (guint) length;

  length = TRACE_TEXT_SIZE;
  while (length > 0 && ((guint8) text[length] & 0xC0) == 0x80)
    length--;
  return (guint) length;
}

static guint
slots_for_text (guint length)
{
  return (guint) ((length + sizeof (TraceRecord) - 1) / sizeof (TraceRecord));
}

static void
put_text (TraceRing  *self,
          guint       head,
          const char *text,
          guint       length)
{
  for (guint done = 0; done < length; done += sizeof (TraceRecord), head++)
    memcpy (&self->slots[head & SLOT_MASK], text + done,
            MIN (length - done, sizeof (TraceRecord)));
}

gboolean
trace_ring_push (TraceRing         *self,
                 const TraceRecord *record,
                 const char        *text)
{
  guint head = atomic_load_explicit (&self->head, memory_order_relaxed);
  guint tail = atomic_load_explicit (&self->tail, memory_order_acquire);
  unsigned long long n_lost = atomic_load_explicit (&self->n_lost, memory_order_relaxed);
  guint n_text = text != NULL ? length_that_fits (text) : 0;
  guint n_slots = 1 + slots_for_text (n_text) + (n_lost > 0 ? 1 : 0);

  if (TRACE_RING_SLOTS - (head - tail) < n_slots)
    {
      atomic_store_explicit (&self->n_lost, n_lost + 1, memory_order_relaxed);
      return FALSE;
    }

  if (n_lost > 0)
    {
      self->slots[head++ & SLOT_MASK] = (TraceRecord) {
        .time = record->time, .value = (gint64) n_lost, .step = TRACE_LOST,
      };
      atomic_store_explicit (&self->n_lost, 0, memory_order_relaxed);
    }
  self->slots[head & SLOT_MASK] = *record;
  self->slots[head++ & SLOT_MASK].n_text = (guint16) n_text;
  if (n_text > 0)
    {
      put_text (self, head, text, n_text);
      head += slots_for_text (n_text);
    }
  atomic_store_explicit (&self->head, head, memory_order_release);
  return TRUE;
}

gboolean
trace_ring_pop (TraceRing   *self,
                TraceRecord *record,
                char         text[TRACE_TEXT_SIZE + 1])
{
  guint tail = atomic_load_explicit (&self->tail, memory_order_relaxed);

  if (tail == atomic_load_explicit (&self->head, memory_order_acquire))
    return FALSE;

  *record = self->slots[tail++ & SLOT_MASK];
  for (guint done = 0; done < record->n_text; done += sizeof (TraceRecord), tail++)
    memcpy (text + done, &self->slots[tail & SLOT_MASK],
            MIN (record->n_text - done, sizeof (TraceRecord)));
  text[record->n_text] = '\0';
  atomic_store_explicit (&self->tail, tail, memory_order_release);
  return TRUE;
}
