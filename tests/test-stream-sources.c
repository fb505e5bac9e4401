/* The sources of pollable streams, in many contexts at once: all of them wake, each time, whether
 * they were made before the stream became ready or after it; and while they come and go.
 *
 * SPDX-License-Identifier: LGPL-2.1-or-later
 */

#include "config.h"

#include "stream-testing.h"

#define N_WATCHERS 4

/* ---- a stream that can be made ready and not ready */

typedef struct
{
  Talk talk;
  gboolean writes;
  guint n_rounds;
  GCancellable *never; /* is never cancelled */

  /* atomic */
  int n_ready;     /* rounds whose readiness was made */
  int n_woken;     /* watchers that saw it, in all rounds */
  int n_not_ready; /* rounds that are over */
} Stage;

static gboolean
is_ready (Stage *self)
{
  return self->writes
           ? g_pollable_output_stream_is_writable (G_POLLABLE_OUTPUT_STREAM (self->talk.in))
           : g_pollable_input_stream_is_readable (G_POLLABLE_INPUT_STREAM (self->talk.out));
}

static GSource *
create_source (Stage        *self,
               GCancellable *cancellable)
{
  return self->writes ? g_pollable_output_stream_create_source (
                          G_POLLABLE_OUTPUT_STREAM (self->talk.in), cancellable)
                      : g_pollable_input_stream_create_source (
                          G_POLLABLE_INPUT_STREAM (self->talk.out), cancellable);
}

static void
make_ready (Stage *self)
{
  if (self->writes)
    proctor_stream_writer_set_write_buffer_limits (self->talk.in, 2 * MIB, 2 * MIB);
  else
    queue_text (self->talk.in, "x");
}

static void
make_not_ready (Stage *self)
{
  g_autoptr(GError) error = NULL;

  if (self->writes)
    proctor_stream_writer_set_write_buffer_limits (self->talk.in, 0, 0);
  else
    assert_takes_bytes (
      proctor_stream_reader_read_exactly (self->talk.out, 1, NULL, &error), "x");
  g_assert_no_error (error);
}

/* The writer's child does not read, and is given more than its pipe takes. */
static void
stage_start (Stage    *self,
             gboolean  writes,
             guint     n_rounds)
{
  g_autofree char *gate = work_path ("gate");
  g_autoptr(GBytes) bytes = make_pattern (2 * MIB, 0);

  *self = (Stage){ .writes = writes, .n_rounds = n_rounds, .never = g_cancellable_new () };
  if (writes)
    {
      talk_start (&self->talk, child_command ("gate", gate, "digest", NULL), 0);
      proctor_stream_writer_set_write_buffer_limits (self->talk.in, 0, 0);
      proctor_stream_writer_queue_bytes (self->talk.in, bytes);
      await_no_room (self->talk.in);
    }
  else
    {
      talk_start (&self->talk, child_command ("cat", NULL), 0);
    }
  g_assert_false (is_ready (self));
}

static void
stage_end (Stage *self)
{
  talk_kill (&self->talk);
  talk_clear (&self->talk);
  g_object_unref (self->never);
}

/* ---- who watches it */

typedef struct
{
  Stage *stage;
  GRand *random;
  GMainContext *context;
  gboolean woken;
} Watcher;

static gboolean
watcher_ready (GObject  *stream,
               gpointer  data)
{
  Watcher *self = data;

  /* Not for nothing: it is taken back only when all have seen it. */
  g_assert_true (is_ready (self->stage));
  self->woken = TRUE;
  return G_SOURCE_REMOVE;
}

static GSource *
watcher_new_source (Watcher      *self,
                    GCancellable *cancellable)
{
  GSource *source = create_source (self->stage, cancellable);

  g_source_set_callback (source, (GSourceFunc) (void (*) (void)) watcher_ready, self, NULL);
  return source;
}

/* Sources that nobody waits for: never attached, destroyed before or after they were looked at,
 * cancelled, or left behind in a context that ends.
 */
static void
make_and_drop (Watcher *self)
{
  g_autoptr(GCancellable) cancellable = g_cancellable_new ();
  g_autoptr(GMainContext) other = g_main_context_new ();
  gint32 kind = g_rand_int_range (self->random, 0, 6);
  GSource *source = create_source (self->stage, kind % 2 == 0 ? cancellable : NULL);

  g_source_set_dummy_callback (source);
  if (kind >= 2)
    g_source_attach (source, kind >= 4 ? other : self->context);
  if (kind >= 3)
    g_main_context_iteration (kind >= 4 ? other : self->context, FALSE);
  if (kind == 4)
    g_cancellable_cancel (cancellable);
  if (kind == 2 || kind == 3)
    g_source_destroy (source);
  g_source_unref (source);
}

static void
await_count (int *count,
             int  wanted)
{
  while (g_atomic_int_get (count) < wanted)
    g_thread_yield ();
}

static gpointer
watcher_thread (gpointer data)
{
  Watcher *self = data;
  Stage *stage = self->stage;

  self->context = g_main_context_new ();
  for (int round = 1; round <= (int) stage->n_rounds; round++)
    {
      g_autoptr(GSource) source = NULL;

      self->woken = FALSE;
      if (g_rand_boolean (self->random))
        make_and_drop (self);
      /* Made after it is ready, or attached then, or neither. */
      if (g_rand_int_range (self->random, 0, 4) == 0)
        await_count (&stage->n_ready, round);
      source = watcher_new_source (self, g_rand_boolean (self->random) ? stage->never : NULL);
      if (g_rand_int_range (self->random, 0, 4) == 0)
        await_count (&stage->n_ready, round);
      g_source_attach (source, self->context);
      while (!self->woken)
        g_main_context_iteration (self->context, TRUE);
      g_atomic_int_inc (&stage->n_woken);
      if (g_rand_boolean (self->random))
        make_and_drop (self);
      await_count (&stage->n_not_ready, round);
    }
  g_main_context_unref (self->context);
  return NULL;
}

static void
test_all_wake (gboolean writes)
{
  Stage stage;
  Watcher watchers[N_WATCHERS];
  GThread *threads[N_WATCHERS];

  stage_start (&stage, writes, scaled (1500));
  for (guint i = 0; i < N_WATCHERS; i++)
    {
      watchers[i] = (Watcher){
        .stage = &stage, .random = g_rand_new_with_seed ((guint32) g_test_rand_int ())
      };
      threads[i] = g_thread_new ("watcher", watcher_thread, &watchers[i]);
    }
  for (int round = 1; round <= (int) stage.n_rounds; round++)
    {
      if (round % 3 == 0)
        g_usleep (100);
      make_ready (&stage);
      g_atomic_int_set (&stage.n_ready, round);
      await_count (&stage.n_woken, round * N_WATCHERS);
      make_not_ready (&stage);
      g_assert_false (is_ready (&stage));
      g_atomic_int_set (&stage.n_not_ready, round);
    }
  for (guint i = 0; i < N_WATCHERS; i++)
    {
      g_thread_join (threads[i]);
      g_rand_free (watchers[i].random);
    }
  stage_end (&stage);
}

static void
test_readers_wake (void)
{
  test_all_wake (FALSE);
}

static void
test_writers_wake (void)
{
  test_all_wake (TRUE);
}

/* ---- one source, for ever */

typedef struct
{
  Stage *stage;
  guint n_seen;
} Steady;

static gboolean
steady_ready (GObject  *stream,
              gpointer  data)
{
  Steady *self = data;

  g_assert_true (is_ready (self->stage));
  make_not_ready (self->stage);
  self->n_seen++;
  return G_SOURCE_CONTINUE;
}

static gpointer
make_ready_thread (gpointer data)
{
  Stage *self = data;

  for (guint i = 0; i < self->n_rounds; i++)
    {
      make_ready (self);
      g_atomic_int_inc (&self->n_ready);
      /* A writer is ready once, however often that is said. */
      if (self->writes)
        await_count (&self->n_not_ready, (int) i + 1);
      else if (i % 50 == 0)
        g_usleep (200);
    }
  return NULL;
}

/* It is called as long as the stream is ready, and not once more. */
static void
test_steady (void)
{
  GMainContext *context = g_main_context_get_thread_default ();

  for (guint writes = 0; writes < 2; writes++)
    {
      Stage stage;
      Steady steady = { .stage = &stage };
      g_autoptr(GSource) source = NULL;
      GThread *thread;

      stage_start (&stage, writes == 1, scaled (5000));
      source = create_source (&stage, NULL);
      g_source_set_callback (source, (GSourceFunc) (void (*) (void)) steady_ready, &steady, NULL);
      g_source_attach (source, context);
      thread = g_thread_new ("maker", make_ready_thread, &stage);
      while (steady.n_seen < stage.n_rounds)
        {
          g_main_context_iteration (context, TRUE);
          g_atomic_int_set (&stage.n_not_ready, (int) steady.n_seen);
        }
      g_thread_join (thread);
      for (guint i = 0; i < 20; i++)
        g_main_context_iteration (context, FALSE);
      g_assert_cmpuint (steady.n_seen, ==, stage.n_rounds);
      g_source_destroy (source);
      stage_end (&stage);
    }
}

/* ---- cancelling */

static gboolean
count_call (GObject  *stream,
            gpointer  data)
{
  ++*(guint *) data;
  return G_SOURCE_REMOVE;
}

/* A source whose cancellable is cancelled is called, before it is attached or while it waits. */
static void
test_cancelled (void)
{
  GMainContext *context = g_main_context_get_thread_default ();

  for (guint writes = 0; writes < 2; writes++)
    {
      Stage stage;

      stage_start (&stage, writes == 1, 1);
      for (guint i = 0; i < scaled (300); i++)
        {
          g_autoptr(GCancellable) cancellable = g_cancellable_new ();
          g_autoptr(GSource) source = create_source (&stage, cancellable);
          Canceller canceller;
          guint n_calls = 0;

          g_source_set_callback (source, (GSourceFunc) (void (*) (void)) count_call, &n_calls,
                                 NULL);
          if (i % 3 == 0)
            g_cancellable_cancel (cancellable);
          else
            canceller_start (&canceller, cancellable, i % 3 == 1 ? 0 : 100);
          g_source_attach (source, context);
          while (n_calls == 0)
            g_main_context_iteration (context, TRUE);
          if (i % 3 != 0)
            canceller_join (&canceller);
          g_assert_true (g_source_is_destroyed (source));
          g_assert_false (is_ready (&stage));
        }
      stage_end (&stage);
    }
}

/* ---- a context that ends while its source is woken */

typedef struct
{
  Stage *stage;
  GCancellable *cancellable; /* of this round */

  /* atomic */
  int n_begun;
  int n_cancelled;
} EndingContexts;

static gpointer
cancel_thread (gpointer data)
{
  EndingContexts *self = data;

  for (int round = 1; round <= (int) self->stage->n_rounds; round++)
    {
      await_count (&self->n_begun, round);
      g_cancellable_cancel (self->cancellable);
      g_atomic_int_set (&self->n_cancelled, round);
    }
  return NULL;
}

static gpointer
ready_thread (gpointer data)
{
  EndingContexts *self = data;

  for (int round = 1; round <= (int) self->stage->n_rounds; round++)
    {
      await_count (&self->n_begun, round);
      make_ready (self->stage);
      g_atomic_int_set (&self->stage->n_ready, round);
    }
  return NULL;
}

/* By its cancellable and by its channel, at once. */
static void
test_context_ends (void)
{
  for (guint writes = 0; writes < 2; writes++)
    {
      Stage stage;
      EndingContexts ending = { .stage = &stage };
      GThread *canceller;
      GThread *maker;

      stage_start (&stage, writes == 1, scaled (1500));
      canceller = g_thread_new ("canceller", cancel_thread, &ending);
      maker = g_thread_new ("maker", ready_thread, &ending);
      for (int round = 1; round <= (int) stage.n_rounds; round++)
        {
          g_autoptr(GCancellable) cancellable = g_cancellable_new ();
          GMainContext *context = g_main_context_new ();
          g_autoptr(GSource) source = create_source (&stage, cancellable);

          g_source_set_dummy_callback (source);
          g_source_attach (source, context);
          g_main_context_iteration (context, FALSE);
          /* It takes itself from all of them before it destroys the first. */
          for (guint i = 0; i < 50; i++)
            {
              g_autoptr(GSource) other = g_idle_source_new ();

              g_source_attach (other, context);
            }
          ending.cancellable = cancellable;
          g_atomic_int_set (&ending.n_begun, round);
          for (gint32 n = g_test_rand_int_range (0, 200); n > 0; n--)
            g_atomic_int_get (&ending.n_begun);
          g_main_context_unref (context);
          g_assert_true (g_source_is_destroyed (source));
          await_count (&ending.n_cancelled, round);
          await_count (&stage.n_ready, round);
          make_not_ready (&stage);
        }
      g_thread_join (canceller);
      g_thread_join (maker);
      stage_end (&stage);
    }
}

/* ---- the end of the stream is a readiness that stays */

static void
test_after_the_end (void)
{
  GMainContext *context = g_main_context_get_thread_default ();

  for (guint writes = 0; writes < 2; writes++)
    {
      Stage stage;
      g_autoptr(GSource) before = NULL;
      g_autoptr(GSource) after = NULL;
      guint n_before = 0;
      guint n_after = 0;

      stage_start (&stage, writes == 1, 1);
      before = create_source (&stage, NULL);
      g_source_set_callback (before, (GSourceFunc) (void (*) (void)) count_call, &n_before, NULL);
      g_source_attach (before, context);
      g_main_context_iteration (context, FALSE);
      g_assert_cmpuint (n_before, ==, 0);
      g_assert_true (proctor_process_kill (stage.talk.process, NULL));
      while (n_before == 0)
        g_main_context_iteration (context, TRUE);
      g_assert_true (is_ready (&stage));

      after = create_source (&stage, NULL);
      g_source_set_callback (after, (GSourceFunc) (void (*) (void)) count_call, &n_after, NULL);
      assert_returncode (stage.talk.process, -SIGKILL);
      talk_clear (&stage.talk);
      g_source_attach (after, context);
      while (n_after == 0)
        g_main_context_iteration (context, TRUE);
      g_object_unref (stage.never);
    }
}

int
main (int    argc,
      char **argv)
{
  static const ApiTest tests[] = {
    { "readers-wake", test_readers_wake, TWO_WAYS },
    { "writers-wake", test_writers_wake, TWO_WAYS },
    { "steady", test_steady, TWO_WAYS },
    { "cancelled", test_cancelled, TWO_WAYS },
    { "context-ends", test_context_ends, ONE_WAY },
    { "after-the-end", test_after_the_end, TWO_WAYS },
  };

  return RUN_API_TESTS (argc, argv, "stream-sources", tests);
}
