/* libuv, as its guide does it: everything in the loop, and the streams' callbacks.
 *
 * SPDX-License-Identifier: LGPL-2.1-or-later
 */

/* Thread: a loop is its thread's own. */

#include <errno.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include <uv.h>

#include "bench-peer.h"

typedef struct
{
  uv_loop_t loop;
  uv_timer_t ticker;
  const BenchRequest *request;
  long left; /* to start */
  long running;
  long done;
  double limit; /* nothing is started later */
  double last_tick;
  double longest_gap;
} Driver;

/* Which of its stdio a child has pipes at. */
enum
{
  WITH_STDIN = 1 << 0,
  WITH_STDOUT = 1 << 1,
  WITH_STDERR = 1 << 2,
};

typedef struct
{
  Driver *driver;
  uv_process_t process;
  uv_pipe_t pipes[3];
  int open_handles;
  int is_run; /* freed when it is over */
  /* What becomes of the output: it is thrown away, kept, or its lines are counted. */
  int keeps;
  int counts_lines;
  char *kept;
  size_t n_kept;
  size_t kept_size;
  long n_lines;
  /* Of the input. */
  long left;
  char *buffer;
  uv_write_t write;
  double exited_at;
} Child;

static void start_more (Driver *driver);

static void
check (int         status,
       const char *what)
{
  if (status >= 0)
    return;
  errno = -status;
  bench_fail (what);
}

static void
child_closed_cb (uv_handle_t *handle)
{
  Child *child = handle->data;
  Driver *driver = child->driver;

  if (--child->open_handles > 0)
    return;
  if (child->is_run)
    free (child);
  driver->running--;
  driver->done++;
  start_more (driver);
  if (driver->running == 0)
    uv_stop (&driver->loop);
}

static void
exit_cb (uv_process_t *process,
         int64_t       status,
         int           signum)
{
  Child *child = process->data;

  child->exited_at = bench_now ();
  uv_close ((uv_handle_t *) process, child_closed_cb);
}

static void
alloc_cb (uv_handle_t *handle,
          size_t       suggested,
          uv_buf_t    *buffer)
{
  static _Thread_local char memory[BENCH_BUFFER_SIZE];
  Child *child = handle->data;

  if (!child->keeps)
    {
      *buffer = uv_buf_init (memory, sizeof memory);
      return;
    }
  if (child->kept_size - child->n_kept < suggested)
    {
      child->kept_size = child->kept_size * 2 + suggested;
      child->kept = realloc (child->kept, child->kept_size);
      if (child->kept == NULL)
        bench_fail ("realloc");
    }
  *buffer = uv_buf_init (child->kept + child->n_kept, (unsigned int) suggested);
}

static void
count_lines (Child      *child,
             const char *data,
             size_t      length)
{
  const char *end = data + length;

  for (; (data = memchr (data, '\n', (size_t) (end - data))) != NULL; data++)
    child->n_lines++;
}

static void
read_cb (uv_stream_t    *stream,
         ssize_t         n,
         const uv_buf_t *buffer)
{
  Child *child = stream->data;

  if (n < 0)
    uv_close ((uv_handle_t *) stream, child_closed_cb);
  else if (child->keeps)
    child->n_kept += (size_t) n;
  else if (child->counts_lines)
    count_lines (child, buffer->base, (size_t) n);
}

static void
written_cb (uv_write_t *write,
            int         status)
{
  Child *child = write->data;
  uv_buf_t buffer;

  check (status, "write");
  if (child->left == 0)
    {
      uv_close ((uv_handle_t *) &child->pipes[0], child_closed_cb);
      return;
    }
  buffer = uv_buf_init (child->buffer, child->left < BENCH_BUFFER_SIZE ? (unsigned int) child->left
                                                                         : BENCH_BUFFER_SIZE);
  child->left -= (long) buffer.len;
  check (uv_write (write, (uv_stream_t *) &child->pipes[0], &buffer, 1, written_cb), "write");
}

/* What has no pipe is inherited. */
static void
start (Child  *child,
       char  **argv,
       int     with)
{
  uv_loop_t *loop = &child->driver->loop;
  uv_stdio_container_t stdio[3];
  uv_process_options_t options = { .file = argv[0], .args = argv, .exit_cb = exit_cb };

  for (int i = 0; i < 3; i++)
    {
      stdio[i].flags = UV_INHERIT_FD;
      stdio[i].data.fd = i;
      if ((with & 1 << i) == 0)
        continue;
      uv_pipe_init (loop, &child->pipes[i], 0);
      child->pipes[i].data = child;
      stdio[i].flags = UV_CREATE_PIPE | (i == 0 ? UV_READABLE_PIPE : UV_WRITABLE_PIPE);
      stdio[i].data.stream = (uv_stream_t *) &child->pipes[i];
      child->open_handles++;
    }
  options.stdio = stdio;
  options.stdio_count = 3;
  child->process.data = child;
  child->open_handles++;
  check (uv_spawn (loop, &child->process, &options), "uv_spawn");
  for (int i = 1; i < 3; i++)
    if ((with & 1 << i) != 0)
      check (uv_read_start ((uv_stream_t *) &child->pipes[i], alloc_cb, read_cb), "uv_read_start");
}

static Child *
new_child (Driver *driver)
{
  Child *child = calloc (1, sizeof *child);

  if (child == NULL)
    bench_fail ("calloc");
  child->driver = driver;
  return child;
}

/* ---- runs */

static void
start_run (Driver *driver)
{
  static char *true_argv[] = { BENCH_TRUE, NULL };
  static char *echo_argv[] = { BENCH_ECHO, "hello", NULL };
  Child *child = new_child (driver);

  child->is_run = 1;
  if (driver->request->capture)
    start (child, echo_argv, WITH_STDOUT);
  else
    start (child, true_argv, 0);
}

static void
start_more (Driver *driver)
{
  if (driver->left > 0 && bench_now () > driver->limit)
    driver->left = 0;
  while (driver->left > 0 && driver->running < driver->request->in_flight)
    {
      driver->left--;
      driver->running++;
      start_run (driver);
    }
}

static void
tick_cb (uv_timer_t *timer)
{
  Driver *driver = timer->data;
  double now = bench_now ();

  if (now - driver->last_tick > driver->longest_gap)
    driver->longest_gap = now - driver->last_tick;
  driver->last_tick = now;
}

static void
driver_init (Driver             *driver,
             const BenchRequest *request)
{
  memset (driver, 0, sizeof *driver);
  driver->request = request;
  check (uv_loop_init (&driver->loop), "uv_loop_init");
  uv_timer_init (&driver->loop, &driver->ticker);
  driver->ticker.data = driver;
}

/* Returns how many there have been. */
static long
run_many (Driver *driver,
          long    count)
{
  driver->left = count;
  driver->done = 0;
  driver->limit = bench_now () + BENCH_LIMIT_SECONDS;
  driver->longest_gap = 0;
  driver->last_tick = bench_now ();
  if (driver->request->in_flight > 1)
    uv_timer_start (&driver->ticker, tick_cb, 1, 1);
  start_more (driver);
  uv_run (&driver->loop, UV_RUN_DEFAULT);
  if (driver->request->in_flight > 1)
    tick_cb (&driver->ticker);
  uv_timer_stop (&driver->ticker);

  return driver->done;
}

typedef struct
{
  const BenchRequest *request;
  uv_thread_t thread;
  long done;
} Caller;

static void
caller_thread (void *data)
{
  Caller *caller = data;
  Driver driver;

  driver_init (&driver, caller->request);
  caller->done = run_many (&driver, caller->request->count / caller->request->threads);
}

static long
run_in_threads (const BenchRequest *request)
{
  Caller *callers = calloc ((size_t) request->threads, sizeof *callers);
  long done = 0;

  for (long i = 0; i < request->threads; i++)
    {
      callers[i].request = request;
      check (uv_thread_create (&callers[i].thread, caller_thread, &callers[i]), "uv_thread_create");
    }
  for (long i = 0; i < request->threads; i++)
    {
      uv_thread_join (&callers[i].thread);
      done += callers[i].done;
    }
  free (callers);

  return done;
}

static void
start_live (Driver *driver,
            long    count)
{
  static char *argv[] = { BENCH_CAT, NULL };

  for (long i = 0; i < count; i++)
    start (new_child (driver), argv, 0);
}

static void
measure_spawn (Driver *driver)
{
  const BenchRequest *request = driver->request;
  BenchMeter meter;
  long done;

  start_live (driver, request->live);
  run_many (driver, request->in_flight);
  bench_meter_start (&meter);
  if (request->has_threads)
    done = run_in_threads (request);
  else
    done = run_many (driver, request->count);
  bench_meter_stop (&meter);
  bench_report_runs (&meter, done, request->in_flight > 1 ? driver->longest_gap : -1);
}

/* ---- one process */

static void
run_one (Driver *driver)
{
  driver->left = 0;
  driver->running = 1;
  uv_run (&driver->loop, UV_RUN_DEFAULT);
}

static void
kill_cb (uv_timer_t *timer)
{
  Child *child = timer->data;

  child->driver->last_tick = bench_now ();
  uv_process_kill (&child->process, SIGKILL);
}

static void
measure_latency (Driver *driver)
{
  static char *argv[] = { BENCH_CAT, NULL };
  long count = driver->request->count;
  double *times = calloc ((size_t) count, sizeof *times);

  start_live (driver, driver->request->live - 1);
  for (long i = 0; i < count; i++)
    {
      Child *child = new_child (driver);

      start (child, argv, 0);
      driver->ticker.data = child;
      uv_timer_start (&driver->ticker, kill_cb, 2, 0);
      run_one (driver);
      times[i] = child->exited_at - driver->last_tick;
      free (child);
    }
  bench_report ("latency", bench_median (times, (size_t) count) * 1e6);
  free (times);
}

static void
measure_held (Driver *driver)
{
  static char *argv[] = { BENCH_CAT, NULL };
  long count = bench_fit (driver->request->count, 3);
  double before;

  start (new_child (driver), argv, WITH_STDIN | WITH_STDOUT | WITH_STDERR);
  before = bench_get_memory ();
  for (long i = 0; i < count; i++)
    start (new_child (driver), argv, WITH_STDIN | WITH_STDOUT | WITH_STDERR);
  bench_report_memory (bench_get_memory () - before, count, driver->request->count);
}

static void
measure_output (Driver *driver,
                int     keeps)
{
  char *argv[] = { (char *) driver->request->child, (char *) driver->request->size_text, NULL };
  double start_time = bench_now ();
  Child *child = new_child (driver);

  child->keeps = keeps;
  start (child, argv, WITH_STDOUT);
  run_one (driver);
  bench_report ("throughput", (double) driver->request->size / (bench_now () - start_time));
}

static void
measure_cat (Driver *driver)
{
  static char *argv[] = { BENCH_CAT, NULL };
  static char buffer[BENCH_BUFFER_SIZE];
  double start_time = bench_now ();
  Child *child = new_child (driver);

  child->left = driver->request->size;
  child->buffer = buffer;
  child->write.data = child;
  start (child, argv, WITH_STDIN | WITH_STDOUT);
  written_cb (&child->write, 0);
  run_one (driver);
  bench_report ("throughput", (double) driver->request->size / (bench_now () - start_time));
}

static void
measure_lines (Driver *driver)
{
  char *argv[] = { BENCH_CAT, (char *) driver->request->path, NULL };
  double start_time = bench_now ();
  Child *child = new_child (driver);

  child->counts_lines = 1;
  start (child, argv, WITH_STDOUT);
  run_one (driver);
  bench_report ("lines", (double) child->n_lines / (bench_now () - start_time));
}

int
main (int    argc,
      char **argv)
{
  BenchRequest request;
  Driver driver;

  bench_prepare (&request, argc, argv);
  if (request.async == 0 && !request.has_threads)
    bench_leave_out ("there are no blocking calls");
  driver_init (&driver, &request);
  if (strcmp (request.mode, "spawn") == 0)
    measure_spawn (&driver);
  else if (strcmp (request.mode, "latency") == 0)
    measure_latency (&driver);
  else if (strcmp (request.mode, "held") == 0)
    measure_held (&driver);
  else if (strcmp (request.mode, "read") == 0)
    measure_output (&driver, 0);
  else if (strcmp (request.mode, "capture") == 0)
    measure_output (&driver, 1);
  else if (strcmp (request.mode, "cat") == 0)
    measure_cat (&driver);
  else if (strcmp (request.mode, "lines") == 0)
    measure_lines (&driver);
  else
    bench_leave_out ("this is not done");

  return 0;
}
