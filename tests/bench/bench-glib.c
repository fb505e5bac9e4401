/* SPDX-License-Identifier: LGPL-2.1-or-later */

/* Thread: MAIN, but for the callers of measure_threads() and the writer of measure_cat(). */

#include "bench-glib.h"

#include <signal.h>
#include <string.h>

/* So long a child lives before it is ended: it is in its read(2) then. */
#define VICTIM_MS 2

void
bench_check (gboolean      ok,
             const GError *error)
{
  if (ok)
    return;
  g_printerr ("%s\n", error != NULL ? error->message : "failed");
  exit (1);
}

static void
start_more (BenchLoop *self)
{
  if (self->left > 0 && bench_now () > self->limit)
    self->left = 0;
  while (self->left > 0 && self->running < self->request->in_flight)
    {
      self->left--;
      self->running++;
      self->peer->start_run (self);
    }
}

void
bench_loop_done (BenchLoop *self)
{
  self->running--;
  self->done++;
  start_more (self);
  if (self->left == 0 && self->running == 0)
    g_main_loop_quit (self->loop);
}

static gboolean
tick_cb (gpointer user_data)
{
  BenchLoop *self = user_data;
  gint64 now = g_get_monotonic_time ();

  self->longest_gap = MAX (self->longest_gap, now - self->last_tick);
  self->last_tick = now;

  return G_SOURCE_CONTINUE;
}

static gboolean
first_runs_cb (gpointer user_data)
{
  start_more (user_data);
  return G_SOURCE_REMOVE;
}

/* One stretch of the loop; the runs begin inside it. */
static void
loop_runs (BenchLoop *self,
           long       count)
{
  guint ticker = self->request->in_flight > 1 ? g_timeout_add (1, tick_cb, self) : 0;

  self->left = count;
  self->running = 0;
  self->done = 0;
  self->limit = bench_now () + BENCH_LIMIT_SECONDS;
  self->longest_gap = 0;
  self->last_tick = g_get_monotonic_time ();
  g_idle_add (first_runs_cb, self);
  g_main_loop_run (self->loop);
  if (ticker != 0)
    {
      tick_cb (self);
      g_source_remove (ticker);
    }
}

/* For one operation that ends with bench_loop_done(). */
static void
loop_one (BenchLoop *self)
{
  self->left = 0;
  self->running = 1;
  g_main_loop_run (self->loop);
}

static void
start_live (BenchLoop *self,
            long       count)
{
  static const char * const argv[] = { BENCH_CAT, NULL };

  for (long i = 0; i < count; i++)
    self->peer->spawn (argv, FALSE, FALSE, FALSE);
}

/* ---- threads */

typedef struct
{
  BenchLoop *loop;
  long count;
} Caller;

static gboolean
caller_done_cb (gpointer user_data)
{
  bench_loop_done (user_data);
  return G_SOURCE_REMOVE;
}

static gpointer
caller_thread (gpointer data)
{
  Caller *caller = data;

  caller->loop->peer->run_blocking (caller->loop->request, caller->count);
  g_idle_add (caller_done_cb, caller->loop);

  return NULL;
}

/* The main thread is in its loop meanwhile, as an application's is. */
static void
run_in_threads (BenchLoop *self,
                long       count)
{
  long n_threads = self->request->threads;
  g_autofree GThread **threads = g_new (GThread *, n_threads);
  Caller caller = { self, count / n_threads };

  self->left = 0;
  self->running = n_threads;
  for (long i = 0; i < n_threads; i++)
    threads[i] = g_thread_new ("caller", caller_thread, &caller);
  g_main_loop_run (self->loop);
  for (long i = 0; i < n_threads; i++)
    g_thread_join (threads[i]);
}

/* ---- the modes */

static void
run_many (BenchLoop *self,
          long       count)
{
  if (self->request->async)
    loop_runs (self, count);
  else if (self->request->threads > 1)
    run_in_threads (self, count);
  else
    self->peer->run_blocking (self->request, count);
}

static void
measure_spawn (BenchLoop *self)
{
  long threads = self->request->threads;
  long count = self->request->count / threads * threads;
  BenchMeter meter;

  start_live (self, self->request->live);
  run_many (self, self->request->in_flight * threads);
  bench_meter_start (&meter);
  run_many (self, count);
  bench_meter_stop (&meter);
  bench_report_runs (&meter, self->request->async ? self->done : count,
                     self->request->async && self->request->in_flight > 1
                       ? (double) self->longest_gap / G_USEC_PER_SEC
                       : -1);
}

typedef struct
{
  GPid pid;
  double killed_at;
} Victim;

static gboolean
kill_cb (gpointer user_data)
{
  Victim *victim = user_data;

  victim->killed_at = bench_now ();
  kill (victim->pid, SIGKILL);

  return G_SOURCE_REMOVE;
}

static void
measure_latency (BenchLoop *self)
{
  static const char * const argv[] = { BENCH_CAT, NULL };
  long count = self->request->count;
  g_autofree double *times = g_new (double, count);

  start_live (self, self->request->live - 1);
  for (long i = 0; i < count; i++)
    {
      g_autoptr(GObject) process = self->peer->spawn (argv, FALSE, FALSE, FALSE);
      Victim victim = { self->peer->get_pid (process), 0 };

      self->peer->wait_async (process, self);
      g_timeout_add (VICTIM_MS, kill_cb, &victim);
      loop_one (self);
      times[i] = bench_now () - victim.killed_at;
    }
  bench_report ("latency", bench_median (times, count) * 1e6);
}

static void
measure_held (BenchLoop *self)
{
  static const char * const argv[] = { BENCH_CAT, NULL };
  long count = bench_fit (self->request->count, 4);
  g_autoptr(GPtrArray) held = g_ptr_array_new ();
  double before;

  g_ptr_array_add (held, self->peer->spawn (argv, TRUE, TRUE, TRUE));
  before = bench_get_memory ();
  for (long i = 0; i < count; i++)
    g_ptr_array_add (held, self->peer->spawn (argv, TRUE, TRUE, TRUE));
  bench_report_memory (bench_get_memory () - before, count, self->request->count);
}

typedef struct
{
  BenchLoop *loop;
  char *buffer;
} Reading;

static void
read_cb (GObject      *source,
         GAsyncResult *result,
         gpointer      user_data)
{
  Reading *reading = user_data;
  g_autoptr(GError) error = NULL;
  gssize n = g_input_stream_read_finish (G_INPUT_STREAM (source), result, &error);

  bench_check (n >= 0, error);
  if (n > 0)
    g_input_stream_read_async (G_INPUT_STREAM (source), reading->buffer, BENCH_BUFFER_SIZE,
                               G_PRIORITY_DEFAULT, NULL, read_cb, reading);
  else
    bench_loop_done (reading->loop);
}

static void
read_away (BenchLoop    *self,
           GInputStream *stream)
{
  g_autofree char *buffer = g_malloc (BENCH_BUFFER_SIZE);
  Reading reading = { self, buffer };
  g_autoptr(GError) error = NULL;
  gssize n = 1;

  if (self->request->async)
    {
      g_input_stream_read_async (stream, buffer, BENCH_BUFFER_SIZE, G_PRIORITY_DEFAULT, NULL,
                                 read_cb, &reading);
      loop_one (self);
      return;
    }
  while (n > 0)
    {
      n = g_input_stream_read (stream, buffer, BENCH_BUFFER_SIZE, NULL, &error);
      bench_check (n >= 0, error);
    }
}

static void
report_throughput (BenchLoop *self,
                   double     start)
{
  bench_report ("throughput", (double) self->request->size / (bench_now () - start));
}

static void
measure_read (BenchLoop *self)
{
  const char * const argv[] = { self->request->child, self->request->size_text, NULL };
  double start = bench_now ();
  g_autoptr(GObject) process = self->peer->spawn (argv, FALSE, TRUE, FALSE);

  read_away (self, self->peer->get_stdout (process));
  self->peer->wait (process);
  report_throughput (self, start);
}

static void
measure_capture (BenchLoop *self)
{
  const char * const argv[] = { self->request->child, self->request->size_text, NULL };
  double start = bench_now ();

  if (self->request->async)
    {
      self->peer->capture_async (argv, self);
      loop_one (self);
    }
  else
    {
      self->peer->capture (argv);
    }
  report_throughput (self, start);
}

typedef struct
{
  GOutputStream *stream;
  long left;
  char *buffer;
} Writing;

static gsize
get_piece (Writing *writing)
{
  return (gsize) MIN (writing->left, BENCH_BUFFER_SIZE);
}

static gpointer
writer_thread (gpointer data)
{
  Writing *writing = data;
  g_autoptr(GError) error = NULL;

  for (; writing->left > 0; writing->left -= (long) get_piece (writing))
    bench_check (g_output_stream_write_all (writing->stream, writing->buffer, get_piece (writing),
                                            NULL, NULL, &error), error);
  bench_check (g_output_stream_close (writing->stream, NULL, &error), error);

  return NULL;
}

static void
written_cb (GObject      *source,
            GAsyncResult *result,
            gpointer      user_data)
{
  Writing *writing = user_data;
  g_autoptr(GError) error = NULL;
  gsize n;

  if (result != NULL)
    {
      bench_check (g_output_stream_write_all_finish (writing->stream, result, &n, &error), error);
      writing->left -= (long) n;
    }
  if (writing->left > 0)
    g_output_stream_write_all_async (writing->stream, writing->buffer, get_piece (writing),
                                     G_PRIORITY_DEFAULT, NULL, written_cb, writing);
  else
    g_output_stream_close_async (writing->stream, G_PRIORITY_DEFAULT, NULL, NULL, NULL);
}

static void
measure_cat (BenchLoop *self)
{
  static const char * const argv[] = { BENCH_CAT, NULL };
  double start = bench_now ();
  g_autoptr(GObject) process = self->peer->spawn (argv, TRUE, TRUE, FALSE);
  g_autofree char *buffer = g_malloc0 (BENCH_BUFFER_SIZE);
  gboolean is_async = self->request->async != 0;
  Writing writing = { self->peer->get_stdin (process, is_async), self->request->size, buffer };
  GThread *thread = NULL;

  if (is_async)
    written_cb (NULL, NULL, &writing);
  else
    thread = g_thread_new ("writer", writer_thread, &writing);
  read_away (self, self->peer->get_stdout (process));
  if (thread != NULL)
    g_thread_join (thread);
  self->peer->wait (process);
  report_throughput (self, start);
}

static void
measure_lines (BenchLoop *self)
{
  const char * const argv[] = { BENCH_CAT, self->request->path, NULL };
  double start = bench_now ();
  g_autoptr(GObject) process = self->peer->spawn (argv, FALSE, TRUE, FALSE);
  long n_lines = 0;

  if (self->request->async)
    {
      self->peer->count_lines_async (self->peer->get_stdout (process), &n_lines, self);
      loop_one (self);
    }
  else
    {
      n_lines = self->peer->count_lines (self->peer->get_stdout (process));
    }
  self->peer->wait (process);
  bench_report ("lines", (double) n_lines / (bench_now () - start));
}

int
bench_glib_main (int              argc,
                 char           **argv,
                 const BenchPeer *peer)
{
  static const struct
  {
    const char *mode;
    void (*measure) (BenchLoop *self);
  } modes[] = {
    { "spawn", measure_spawn },     { "latency", measure_latency }, { "held", measure_held },
    { "read", measure_read },       { "capture", measure_capture }, { "cat", measure_cat },
    { "lines", measure_lines },
  };
  BenchRequest request;
  BenchLoop loop = { .peer = peer, .request = &request };

  bench_prepare (&request, argc, argv);
  loop.loop = g_main_loop_new (NULL, FALSE);
  for (gsize i = 0; i < G_N_ELEMENTS (modes); i++)
    if (strcmp (modes[i].mode, request.mode) == 0)
      {
        modes[i].measure (&loop);
        return 0;
      }

  bench_leave_out ("this is not done");
}
