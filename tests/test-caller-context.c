/* SPDX-License-Identifier: LGPL-2.1-or-later */

#include "config.h"

#include "runtime/caller-context.h"

#include <stdatomic.h>

#include "test-leaks.h"

typedef struct
{
  Delivery delivery;
  GMainContext *context;
  guint number;
  guint *next;
  void (*then) (gpointer data);
  gpointer then_data;
} Parcel;

static void
parcel_arrived (Delivery *delivery)
{
  Parcel *self = (Parcel *) delivery;

  g_assert_true (g_main_context_is_owner (self->context));
  g_assert_cmpuint (self->number, ==, (*self->next)++);
  if (self->then != NULL)
    self->then (self->then_data);
  g_free (self);
}

static Parcel *
parcel_new (GMainContext *context,
            guint        *next,
            guint         number)
{
  Parcel *self = g_new0 (Parcel, 1);

  self->context = context;
  self->next = next;
  self->number = number;
  return self;
}

static void
post_parcel (CallerContext *caller,
             guint         *next,
             guint          number)
{
  Parcel *parcel = parcel_new (caller_context_get_context (caller), next, number);

  caller_context_post (caller, &parcel->delivery, parcel_arrived);
}

/* A context that tells when it ends: its last source is destroyed then. */

static gboolean
never_run (gpointer data)
{
  g_assert_not_reached ();
}

static void
note_end (gpointer data)
{
  atomic_store ((atomic_int *) data, TRUE);
}

static GMainContext *
watched_context_new (atomic_int *ended)
{
  GMainContext *context = g_main_context_new ();
  GSource *source = g_timeout_source_new_seconds (100000);

  atomic_store (ended, FALSE);
  g_source_set_callback (source, never_run, ended, note_end);
  g_source_attach (source, context);
  g_source_unref (source);
  return context;
}

/* ---- one per context */

static void
test_shared (void)
{
  atomic_int ended;
  GMainContext *context = watched_context_new (&ended);
  g_autoptr(CallerContext) of_default = caller_context_ref_thread_default ();
  CallerContext *first;
  CallerContext *second;

  g_assert_true (caller_context_get_context (of_default) == g_main_context_default ());
  g_main_context_push_thread_default (context);
  first = caller_context_ref_thread_default ();
  second = caller_context_ref_thread_default ();
  g_main_context_pop_thread_default (context);

  g_assert_true (first == second);
  g_assert_true (first != of_default);
  g_assert_true (caller_context_get_context (first) == context);
  caller_context_unref (second);

  second = caller_context_ref_for (context);
  g_assert_true (first == second);
  caller_context_unref (second);
  caller_context_unref (first);

  g_assert_false (atomic_load (&ended));
  g_main_context_unref (context);
  g_assert_true (atomic_load (&ended));
}

static void
test_default_stays (void)
{
  CallerContext *first = caller_context_ref_for (g_main_context_default ());
  CallerContext *second;
  guint next = 0;

  caller_context_unref (first);
  second = caller_context_ref_for (g_main_context_default ());
  g_assert_true (first == second);
  post_parcel (second, &next, 0);
  caller_context_unref (second);
  while (next == 0)
    g_main_context_iteration (NULL, TRUE);
}

/* ---- deliveries */

typedef struct
{
  CallerContext *caller;
  guint n_parcels;
  guint next;
} Sender;

static gpointer
sender_thread (gpointer data)
{
  Sender *self = data;

  for (guint i = 0; i < self->n_parcels; i++)
    post_parcel (self->caller, &self->next, i);
  return NULL;
}

/* From several threads, each in order. */
static void
test_deliveries (void)
{
  atomic_int ended;
  GMainContext *context = watched_context_new (&ended);
  CallerContext *caller = caller_context_ref_for (context);
  Sender senders[4];
  GThread *threads[4];
  guint each = scaled (20000);
  guint n_done;

  for (guint i = 0; i < G_N_ELEMENTS (senders); i++)
    {
      senders[i] = (Sender){ caller, each, 0 };
      threads[i] = g_thread_new ("sender", sender_thread, &senders[i]);
    }
  do
    {
      g_main_context_iteration (context, TRUE);
      n_done = 0;
      for (guint i = 0; i < G_N_ELEMENTS (senders); i++)
        n_done += senders[i].next;
    }
  while (n_done < each * G_N_ELEMENTS (senders));
  for (guint i = 0; i < G_N_ELEMENTS (senders); i++)
    g_thread_join (threads[i]);

  caller_context_unref (caller);
  g_main_context_unref (context);
  g_assert_true (atomic_load (&ended));
}

typedef struct
{
  GMainContext *context;
  guint *next;
  guint n_expected;
} Nesting;

static void
run_nested (gpointer data)
{
  Nesting *self = data;

  while (*self->next < self->n_expected)
    g_main_context_iteration (self->context, TRUE);
}

/* A delivery that runs a nested main loop gets the deliveries behind it, and is not delivered
 * again.
 */
static void
test_nested (void)
{
  atomic_int ended;
  GMainContext *context = watched_context_new (&ended);
  CallerContext *caller = caller_context_ref_for (context);
  guint next = 0;
  Nesting nestings[3] = { { context, &next, 100 }, { context, &next, 80 }, { context, &next, 60 } };

  for (guint i = 0; i < 100; i++)
    {
      Parcel *parcel = parcel_new (context, &next, i);

      if (i < G_N_ELEMENTS (nestings))
        {
          parcel->then = run_nested;
          parcel->then_data = &nestings[i];
        }
      caller_context_post (caller, &parcel->delivery, parcel_arrived);
    }
  caller_context_unref (caller);

  g_main_context_iteration (context, TRUE);
  g_assert_cmpuint (next, ==, 100);
  g_main_context_unref (context);
  g_assert_true (atomic_load (&ended));
}

/* Other sources of the context get their turn while each delivery brings one more. */
typedef struct
{
  CallerContext *caller;
  guint next;
  guint number;
  gboolean stop;
} Spring;

static void
post_next (gpointer data)
{
  Spring *self = data;
  Parcel *parcel;

  if (self->stop)
    return;

  parcel = parcel_new (caller_context_get_context (self->caller), &self->next, self->number++);
  parcel->then = post_next;
  parcel->then_data = self;
  caller_context_post (self->caller, &parcel->delivery, parcel_arrived);
}

static gboolean
set_flag (gpointer data)
{
  *(gboolean *) data = TRUE;
  return G_SOURCE_REMOVE;
}

static void
test_others_get_their_turn (void)
{
  g_autoptr(GMainContext) context = g_main_context_new ();
  Spring spring = { .caller = caller_context_ref_for (context) };
  GSource *source = g_timeout_source_new (1);

  g_source_set_callback (source, set_flag, &spring.stop, NULL);
  g_source_attach (source, context);
  g_source_unref (source);
  post_next (&spring);
  while (!spring.stop || spring.next < spring.number)
    g_main_context_iteration (context, TRUE);
  caller_context_unref (spring.caller);
}

/* ---- notices */

typedef struct
{
  Notice notice;
  atomic_uint n_told;
} Tell;

static void
told (Notice *notice)
{
  atomic_fetch_add (&((Tell *) notice)->n_told, 1);
}

static void
test_notices (void)
{
  g_autoptr(GMainContext) context = g_main_context_new ();
  g_autoptr(CallerContext) caller = caller_context_ref_for (context);
  Tell tells[3] = { { { { 0 } } } };

  for (guint i = 0; i < 3; i++)
    {
      g_assert_false (caller_context_take_back (caller, &tells[i].notice));
      caller_context_notify (caller, &tells[i].notice, told);
      caller_context_notify (caller, &tells[i].notice, told);
    }
  g_assert_true (caller_context_take_back (caller, &tells[1].notice));
  g_assert_false (caller_context_take_back (caller, &tells[1].notice));

  while (g_main_context_iteration (context, FALSE))
    ;
  g_assert_cmpuint (tells[0].n_told, ==, 1);
  g_assert_cmpuint (tells[1].n_told, ==, 0);
  g_assert_cmpuint (tells[2].n_told, ==, 1);
  g_assert_false (caller_context_take_back (caller, &tells[0].notice));

  caller_context_notify (caller, &tells[1].notice, told);
  g_assert_true (g_main_context_iteration (context, TRUE));
  g_assert_cmpuint (tells[1].n_told, ==, 1);
}

/* Nobody iterates the context: the notice keeps nothing alive, and goes with its owner. */
static void
test_notice_keeps_nothing (void)
{
  atomic_int ended;
  GMainContext *context = watched_context_new (&ended);
  CallerContext *caller = caller_context_ref_for (context);
  Tell tell = { { { 0 } } };

  caller_context_notify (caller, &tell.notice, told);
  g_assert_true (caller_context_take_back (caller, &tell.notice));
  caller_context_unref (caller);
  g_main_context_unref (context);
  g_assert_true (atomic_load (&ended));
  g_assert_cmpuint (tell.n_told, ==, 0);
}

/* ---- the last reference goes while the context's thread is just about to look */

typedef struct
{
  GMainContext *context;
  atomic_int stop;
  atomic_uint n_turns;
} Looper;

static gpointer
looper_thread (gpointer data)
{
  Looper *self = data;

  while (!atomic_load (&self->stop))
    {
      g_main_context_iteration (self->context, TRUE);
      atomic_fetch_add (&self->n_turns, 1);
    }
  return NULL;
}

static void
test_last_reference_elsewhere (void)
{
  Looper looper = { .context = g_main_context_new () };
  GThread *thread = g_thread_new ("looper", looper_thread, &looper);
  guint n_rounds = scaled (30000);

  for (guint round = 0; round < n_rounds; round++)
    {
      CallerContext *caller = caller_context_ref_for (looper.context);
      Tell *tell = g_new0 (Tell, 1);

      caller_context_notify (caller, &tell->notice, told);
      for (guint pause = round % 50; pause > 0; pause--)
        atomic_load (&looper.n_turns);
      if (caller_context_take_back (caller, &tell->notice))
        {
          g_assert_cmpuint (tell->n_told, ==, 0);
          g_free (tell);
        }
      else
        {
          /* Its function was called, or is about to be. */
          while (tell->n_told == 0)
            g_thread_yield ();
          g_free (tell);
        }
      caller_context_unref (caller);
    }

  atomic_store (&looper.stop, TRUE);
  g_main_context_wakeup (looper.context);
  g_thread_join (thread);
  g_main_context_unref (looper.context);
}

/* The parcel's receiver drops the last reference, and the context, while the sender is still in its
 * post: the context ends in the receiver's thread, never in the sender's.
 */
typedef struct
{
  Delivery delivery;
  CallerContext *caller;
  gboolean arrived;
} LastParcel;

static void
last_parcel_arrived (Delivery *delivery)
{
  LastParcel *self = (LastParcel *) delivery;

  self->arrived = TRUE;
  g_clear_pointer (&self->caller, caller_context_unref);
}

static gpointer
last_sender_thread (gpointer data)
{
  LastParcel *parcel = data;

  caller_context_post (parcel->caller, &parcel->delivery, last_parcel_arrived);
  return NULL;
}

static void
test_context_ends_with_its_thread (void)
{
  guint n_rounds = scaled (3000);

  for (guint round = 0; round < n_rounds; round++)
    {
      atomic_int ended;
      GMainContext *context = watched_context_new (&ended);
      LastParcel parcel = { .caller = caller_context_ref_for (context) };
      GThread *thread = g_thread_new ("sender", last_sender_thread, &parcel);

      while (!parcel.arrived)
        {
          g_main_context_iteration (context, round % 2 == 0);
          g_thread_yield ();
        }
      g_main_context_unref (context);
      g_assert_true (atomic_load (&ended));
      g_thread_join (thread);
    }
}

int
main (int argc, char **argv)
{
  Leaks before;
  int result;

  g_test_init (&argc, &argv, NULL);
  deadline_start ("test-caller-context", TEST_DEADLINE_SECONDS);

  g_test_add_func ("/caller-context/shared", test_shared);
  g_test_add_func ("/caller-context/default-stays", test_default_stays);
  g_test_add_func ("/caller-context/deliveries", test_deliveries);
  g_test_add_func ("/caller-context/nested", test_nested);
  g_test_add_func ("/caller-context/others-get-their-turn", test_others_get_their_turn);
  g_test_add_func ("/caller-context/notices", test_notices);
  g_test_add_func ("/caller-context/notice-keeps-nothing", test_notice_keeps_nothing);
  g_test_add_func ("/caller-context/last-reference-elsewhere", test_last_reference_elsewhere);
  g_test_add_func ("/caller-context/ends-with-its-thread", test_context_ends_with_its_thread);

  g_main_context_default ();
  leaks_take (&before);
  result = g_test_run ();
  leaks_check (&before);
  return result;
}
