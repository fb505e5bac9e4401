/* SPDX-License-Identifier: LGPL-2.1-or-later */

#include "config.h"

#include "runtime/mailbox.h"

#include <stdatomic.h>

#include "test-leaks.h"

#define N_PRODUCERS 8

typedef struct
{
  MailboxItem item;
  guint producer;
  guint number;
} Letter;

typedef struct
{
  GMainContext *context;
  Mailbox *mailbox;
  guint budget; /* letters per call; 0: all */
  guint n_calls;
  guint n_letters;
  guint next[N_PRODUCERS];
  atomic_uint n_handled; /* n_letters, for other threads */
} Consumer;

static void
take_letter (Consumer    *self,
             MailboxItem *item)
{
  Letter *letter = (Letter *) item;

  g_assert_cmpuint (letter->number, ==, self->next[letter->producer]);
  self->next[letter->producer]++;
  self->n_letters++;
  atomic_fetch_add (&self->n_handled, 1);
  g_free (letter);
}

static gboolean
take_letters (Mailbox  *mailbox,
              gpointer  owner)
{
  Consumer *self = owner;
  guint budget = self->budget > 0 ? self->budget : G_MAXUINT;
  MailboxItem *item;

  g_assert_true (g_main_context_is_owner (self->context));
  self->n_calls++;
  for (guint n = 0; n < budget && (item = mailbox_pop (mailbox)) != NULL; n++)
    take_letter (self, item);
  return FALSE;
}

static void
consumer_init (Consumer    *self,
               MailboxFunc  func)
{
  *self = (Consumer){ .context = g_main_context_new () };
  self->mailbox = mailbox_new (self->context, "test", func, self, NULL);
}

static void
consumer_clear (Consumer *self)
{
  mailbox_destroy (self->mailbox);
  g_main_context_unref (self->context);
}

static void
post_letter (Consumer *consumer,
             guint     producer,
             guint     number)
{
  Letter *letter = g_new0 (Letter, 1);

  letter->producer = producer;
  letter->number = number;
  mailbox_post (consumer->mailbox, &letter->item);
}

/* ---- many producers */

typedef struct
{
  Consumer *consumer;
  guint index;
  guint n_letters;
} Producer;

static gpointer
producer_thread (gpointer data)
{
  Producer *self = data;

  for (guint i = 0; i < self->n_letters; i++)
    {
      post_letter (self->consumer, self->index, i);
      if (i % 1000 == self->index)
        g_thread_yield ();
    }
  return NULL;
}

static void
check_flood (guint budget)
{
  Consumer consumer;
  Producer producers[N_PRODUCERS];
  GThread *threads[N_PRODUCERS];
  guint each = scaled (50000);

  consumer_init (&consumer, take_letters);
  consumer.budget = budget;
  for (guint i = 0; i < N_PRODUCERS; i++)
    {
      producers[i] = (Producer){ &consumer, i, each };
      threads[i] = g_thread_new ("producer", producer_thread, &producers[i]);
    }

  while (consumer.n_letters < each * N_PRODUCERS)
    g_main_context_iteration (consumer.context, TRUE);
  for (guint i = 0; i < N_PRODUCERS; i++)
    {
      g_thread_join (threads[i]);
      g_assert_cmpuint (consumer.next[i], ==, each);
    }

  g_assert_true (mailbox_is_empty (consumer.mailbox));
  while (g_main_context_iteration (consumer.context, FALSE))
    ;
  g_assert_cmpuint (consumer.n_letters, ==, each * N_PRODUCERS);
  consumer_clear (&consumer);
}

static void
test_flood (void)
{
  check_flood (0);
}

/* What a call leaves inside brings the next call. */
static void
test_flood_with_budget (void)
{
  check_flood (3);
}

/* ---- no lost wake-up: the consumer is about to sleep at each post */

static gpointer
paced_producer_thread (gpointer data)
{
  Producer *self = data;

  for (guint i = 0; i < self->n_letters; i++)
    {
      while (atomic_load (&self->consumer->n_handled) < i)
        g_thread_yield ();
      post_letter (self->consumer, 0, i);
    }
  return NULL;
}

static void
test_no_lost_wake_up (void)
{
  Consumer consumer;
  Producer producer = { &consumer, 0, scaled (50000) };
  GThread *thread;

  consumer_init (&consumer, take_letters);
  thread = g_thread_new ("producer", paced_producer_thread, &producer);
  while (consumer.n_letters < producer.n_letters)
    g_main_context_iteration (consumer.context, TRUE);
  g_thread_join (thread);
  consumer_clear (&consumer);
}

static gpointer
paced_nudger_thread (gpointer data)
{
  Producer *self = data;

  for (guint i = 0; i < self->n_letters; i++)
    {
      while (atomic_load (&self->consumer->n_handled) < i)
        g_thread_yield ();
      mailbox_nudge (self->consumer->mailbox);
    }
  return NULL;
}

static gboolean
count_nudge (Mailbox  *mailbox,
             gpointer  owner)
{
  Consumer *self = owner;

  g_assert_null (mailbox_pop (mailbox));
  self->n_calls++;
  atomic_fetch_add (&self->n_handled, 1);
  return FALSE;
}

static void
test_no_lost_nudge (void)
{
  Consumer consumer;
  Producer producer = { &consumer, 0, scaled (50000) };
  GThread *thread;

  consumer_init (&consumer, count_nudge);
  thread = g_thread_new ("nudger", paced_nudger_thread, &producer);
  while (consumer.n_calls < producer.n_letters)
    g_main_context_iteration (consumer.context, TRUE);
  g_thread_join (thread);
  while (g_main_context_iteration (consumer.context, FALSE))
    ;
  g_assert_cmpuint (consumer.n_calls, ==, producer.n_letters);
  consumer_clear (&consumer);
}

/* ---- what brings the next call */

static gboolean
nudge_once_more (Mailbox  *mailbox,
                 gpointer  owner)
{
  Consumer *self = owner;

  if (++self->n_calls == 1)
    mailbox_nudge (mailbox);
  return FALSE;
}

static void
test_nudge_from_within (void)
{
  Consumer consumer;

  consumer_init (&consumer, nudge_once_more);
  g_assert_false (g_main_context_iteration (consumer.context, FALSE));
  g_assert_cmpuint (consumer.n_calls, ==, 0);

  mailbox_nudge (consumer.mailbox);
  mailbox_nudge (consumer.mailbox);
  g_assert_true (g_main_context_iteration (consumer.context, FALSE));
  g_assert_cmpuint (consumer.n_calls, ==, 1);
  g_assert_true (g_main_context_iteration (consumer.context, FALSE));
  g_assert_cmpuint (consumer.n_calls, ==, 2);
  g_assert_false (g_main_context_iteration (consumer.context, FALSE));
  consumer_clear (&consumer);
}

static gboolean
work_for_three_calls (Mailbox  *mailbox,
                      gpointer  owner)
{
  Consumer *self = owner;

  return ++self->n_calls < 3;
}

static void
test_owner_has_work (void)
{
  Consumer consumer;

  consumer_init (&consumer, work_for_three_calls);
  mailbox_nudge (consumer.mailbox);
  for (guint i = 1; i <= 3; i++)
    {
      g_assert_true (g_main_context_iteration (consumer.context, FALSE));
      g_assert_cmpuint (consumer.n_calls, ==, i);
    }
  g_assert_false (g_main_context_iteration (consumer.context, FALSE));
  consumer_clear (&consumer);
}

/* ---- a nested main loop */

static gboolean
take_one_and_nest (Mailbox  *mailbox,
                   gpointer  owner)
{
  Consumer *self = owner;
  MailboxItem *item = mailbox_pop (mailbox);

  self->n_calls++;
  if (item != NULL)
    take_letter (self, item);
  if (self->n_calls == 1)
    {
      while (g_main_context_iteration (self->context, FALSE))
        ;
      g_assert_cmpuint (self->n_letters, ==, 5);
    }
  return FALSE;
}

static void
test_nested (void)
{
  Consumer consumer;

  consumer_init (&consumer, take_one_and_nest);
  for (guint i = 0; i < 5; i++)
    post_letter (&consumer, 0, i);
  g_assert_true (g_main_context_iteration (consumer.context, FALSE));
  g_assert_cmpuint (consumer.n_letters, ==, 5);
  g_assert_true (mailbox_is_empty (consumer.mailbox));
  consumer_clear (&consumer);
}

/* ---- the end, from another thread, while the function runs */

typedef struct
{
  Mailbox *mailbox;
  atomic_int running;
  atomic_int destroyed;
  atomic_int freed;
} Ending;

static void
note_freed (gpointer owner)
{
  Ending *self = owner;

  g_assert_true (atomic_load (&self->destroyed));
  g_assert_false (atomic_load (&self->running));
  g_assert_cmpint (atomic_fetch_add (&self->freed, 1), ==, 0);
}

static gboolean
run_until_destroyed (Mailbox  *mailbox,
                     gpointer  owner)
{
  Ending *self = owner;

  atomic_store (&self->running, TRUE);
  while (!atomic_load (&self->destroyed))
    g_thread_yield ();
  g_assert_true (g_source_is_destroyed ((GSource *) mailbox));
  g_assert_false (atomic_load (&self->freed));
  atomic_store (&self->running, FALSE);
  return FALSE;
}

static gpointer
destroyer_thread (gpointer data)
{
  Ending *self = data;

  while (!atomic_load (&self->running))
    g_thread_yield ();
  mailbox_destroy (self->mailbox);
  atomic_store (&self->destroyed, TRUE);
  return NULL;
}

static void
test_destroyed_while_running (void)
{
  g_autoptr(GMainContext) context = g_main_context_new ();
  Ending ending = { NULL };
  GThread *thread;

  ending.mailbox = mailbox_new (context, "test", run_until_destroyed, &ending, note_freed);
  thread = g_thread_new ("destroyer", destroyer_thread, &ending);
  mailbox_nudge (ending.mailbox);
  g_assert_true (g_main_context_iteration (context, FALSE));
  g_thread_join (thread);
  g_assert_cmpint (atomic_load (&ending.freed), ==, 1);
}

int
main (int argc, char **argv)
{
  g_test_init (&argc, &argv, NULL);
  deadline_start ("test-mailbox", TEST_DEADLINE_SECONDS);

  g_test_add_func ("/mailbox/flood", test_flood);
  g_test_add_func ("/mailbox/flood-with-budget", test_flood_with_budget);
  g_test_add_func ("/mailbox/no-lost-wake-up", test_no_lost_wake_up);
  g_test_add_func ("/mailbox/no-lost-nudge", test_no_lost_nudge);
  g_test_add_func ("/mailbox/nudge-from-within", test_nudge_from_within);
  g_test_add_func ("/mailbox/owner-has-work", test_owner_has_work);
  g_test_add_func ("/mailbox/nested", test_nested);
  g_test_add_func ("/mailbox/destroyed-while-running", test_destroyed_while_running);

  return g_test_run ();
}
