/* The floor: what the kernel itself takes for the job, with vfork, execve, read and waitpid, and
 * nothing around them.
 *
 * SPDX-License-Identifier: LGPL-2.1-or-later
 */

/* Thread: ANY. */

#include <errno.h>
#include <fcntl.h>
#include <poll.h>
#include <pthread.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/wait.h>
#include <unistd.h>

#include "bench-peer.h"

static char *const true_argv[] = { "true", NULL };
static char *const echo_argv[] = { "echo", "hello", NULL };
static char *const cat_argv[] = { "cat", NULL };

/* The longest vfork: that long a loop would stand still. */
static double longest_spawn;

static pid_t
spawn (const char  *path,
       char *const *argv,
       int          in,
       int          out)
{
  extern char **environ;
  pid_t pid = vfork ();

  if (pid == 0)
    {
      if (in >= 0)
        dup2 (in, STDIN_FILENO);
      if (out >= 0)
        dup2 (out, STDOUT_FILENO);
      execve (path, argv, environ);
      _exit (127);
    }
  if (pid < 0)
    bench_fail ("vfork");

  return pid;
}

static void
reap (pid_t pid)
{
  while (waitpid (pid, NULL, 0) < 0)
    if (errno != EINTR)
      bench_fail ("waitpid");
}

/* Of the kernel's own size, or of `size` bytes. */
static void
make_pipe (int  fds[2],
           long size)
{
  if (pipe2 (fds, O_CLOEXEC) < 0)
    bench_fail ("pipe2");
  if (size > 0)
    fcntl (fds[0], F_SETPIPE_SZ, size);
}

/* Returns the pid; the end to read from in `fd`. */
static pid_t
spawn_with_pipe (const char  *path,
                 char *const *argv,
                 long         pipe_size,
                 int         *fd)
{
  int fds[2];
  pid_t pid;

  make_pipe (fds, pipe_size);
  pid = spawn (path, argv, -1, fds[1]);
  close (fds[1]);
  *fd = fds[0];

  return pid;
}

static void
run_one (const BenchRequest *request)
{
  char buffer[4096];
  pid_t pid;
  int fd;

  if (request->capture == 0)
    {
      reap (spawn (BENCH_TRUE, true_argv, -1, -1));
      return;
    }
  pid = spawn_with_pipe (BENCH_ECHO, echo_argv, 0, &fd);
  while (read (fd, buffer, sizeof buffer) > 0)
    ;
  close (fd);
  reap (pid);
}

static void
run_in_flight (const BenchRequest *request,
               long                count)
{
  long n_slots = request->in_flight, started = 0, done = 0;
  struct pollfd *slots = calloc ((size_t) n_slots, sizeof *slots);
  pid_t *pids = calloc ((size_t) n_slots, sizeof *pids);
  char buffer[4096];

  for (long i = 0; i < n_slots; i++)
    slots[i] = (struct pollfd) { .fd = -1, .events = POLLIN };
  while (done < count)
    {
      for (long i = 0; i < n_slots && started < count; i++)
        if (slots[i].fd < 0)
          {
            double start = bench_now (), taken;

            pids[i] = spawn_with_pipe (BENCH_ECHO, echo_argv, 0, &slots[i].fd);
            taken = bench_now () - start;
            longest_spawn = taken > longest_spawn ? taken : longest_spawn;
            started++;
          }
      if (poll (slots, (nfds_t) n_slots, -1) < 0)
        bench_fail ("poll");
      for (long i = 0; i < n_slots; i++)
        if (slots[i].fd >= 0 && slots[i].revents != 0 &&
            read (slots[i].fd, buffer, sizeof buffer) == 0)
          {
            close (slots[i].fd);
            slots[i].fd = -1;
            reap (pids[i]);
            done++;
          }
    }
  free (slots);
  free (pids);
}

static void
run_many (const BenchRequest *request,
          long                count)
{
  if (request->in_flight > 1)
    run_in_flight (request, count);
  else
    for (long i = 0; i < count; i++)
      run_one (request);
}

static void *
caller (void *data)
{
  const BenchRequest *request = data;

  run_many (request, request->count / request->threads);
  return NULL;
}

static void
run_in_threads (BenchRequest *request)
{
  pthread_t *threads = calloc ((size_t) request->threads, sizeof *threads);

  for (long i = 0; i < request->threads; i++)
    if (pthread_create (&threads[i], NULL, caller, request) != 0)
      bench_fail ("pthread_create");
  for (long i = 0; i < request->threads; i++)
    pthread_join (threads[i], NULL);
  free (threads);
}

static void
measure_spawn (BenchRequest *request)
{
  long count = request->count / request->threads * request->threads;
  BenchMeter meter;

  for (long i = 0; i < request->live; i++)
    spawn (BENCH_CAT, cat_argv, -1, -1);
  run_many (request, request->in_flight);
  longest_spawn = 0;
  bench_meter_start (&meter);
  if (request->threads > 1)
    run_in_threads (request);
  else
    run_many (request, count);
  bench_meter_stop (&meter);
  bench_report_runs (&meter, count, request->in_flight > 1 ? longest_spawn : -1);
}

static void
measure_latency (const BenchRequest *request)
{
  double *times = calloc ((size_t) request->count, sizeof *times);

  for (long i = 1; i < request->live; i++)
    spawn (BENCH_CAT, cat_argv, -1, -1);
  for (long i = 0; i < request->count; i++)
    {
      pid_t pid = spawn (BENCH_CAT, cat_argv, -1, -1);

      usleep (2000);
      times[i] = bench_now ();
      kill (pid, SIGKILL);
      reap (pid);
      times[i] = bench_now () - times[i];
    }
  bench_report ("latency", bench_median (times, (size_t) request->count) * 1e6);
  free (times);
}

/* Reads what bench-child writes: over and over into `memory`, or one behind the other. */
static void
read_child (const BenchRequest *request,
            char               *memory,
            size_t              step)
{
  char *const argv[] = { "bench-child", (char *) request->size_text, NULL };
  double start = bench_now ();
  ssize_t n;
  int fd;
  pid_t pid = spawn_with_pipe (request->child, argv, BENCH_BUFFER_SIZE, &fd);

  while ((n = read (fd, memory, BENCH_BUFFER_SIZE)) > 0)
    memory += (size_t) n * step;
  reap (pid);
  bench_report ("throughput", (double) request->size / (bench_now () - start));
}

static void
measure_read (const BenchRequest *request)
{
  static char buffer[BENCH_BUFFER_SIZE];

  read_child (request, buffer, 0);
}

/* Straight to where it stays, in huge pages all of it: what begins or ends inside of one would
 * get small ones there.
 */
static void
measure_capture (const BenchRequest *request)
{
  size_t size = (size_t) request->size + BENCH_BUFFER_SIZE;

  read_child (request, bench_map_huge (size), 1);
}

/* Returns how much is left to write. */
static long
write_some (int  fd,
            long left)
{
  static char buffer[BENCH_BUFFER_SIZE];
  ssize_t n = write (fd, buffer, left < BENCH_BUFFER_SIZE ? (size_t) left : BENCH_BUFFER_SIZE);

  if (n < 0 && errno != EAGAIN)
    bench_fail ("write");
  return n > 0 ? left - n : left;
}

static void
measure_cat (const BenchRequest *request)
{
  static char buffer[BENCH_BUFFER_SIZE];
  double start = bench_now ();
  long to_write = request->size;
  struct pollfd ends[2];
  int in[2], out[2];
  ssize_t n = 1;
  pid_t pid;

  make_pipe (in, BENCH_BUFFER_SIZE);
  make_pipe (out, BENCH_BUFFER_SIZE);
  fcntl (in[1], F_SETFL, O_NONBLOCK);
  pid = spawn (BENCH_CAT, cat_argv, in[0], out[1]);
  close (in[0]);
  close (out[1]);
  ends[0] = (struct pollfd) { .fd = out[0], .events = POLLIN };
  ends[1] = (struct pollfd) { .fd = in[1], .events = POLLOUT };

  while (n > 0)
    {
      if (poll (ends, 2, -1) < 0)
        bench_fail ("poll");
      if (ends[1].fd >= 0 && ends[1].revents != 0)
        {
          to_write = write_some (in[1], to_write);
          if (to_write == 0)
            {
              close (in[1]);
              ends[1].fd = -1;
            }
        }
      if (ends[0].revents != 0)
        n = read (out[0], buffer, sizeof buffer);
    }
  reap (pid);
  bench_report ("throughput", (double) request->size / (bench_now () - start));
}

static void
measure_lines (const BenchRequest *request)
{
  static char buffer[BENCH_BUFFER_SIZE];
  char *const argv[] = { "cat", (char *) request->path, NULL };
  double start = bench_now ();
  long n_lines = 0;
  ssize_t n;
  int fd;
  pid_t pid = spawn_with_pipe (BENCH_CAT, argv, BENCH_BUFFER_SIZE, &fd);

  while ((n = read (fd, buffer, sizeof buffer)) > 0)
    for (const char *at = buffer, *end = buffer + n;
         (at = memchr (at, '\n', (size_t) (end - at))) != NULL; at++)
      n_lines++;
  reap (pid);
  bench_report ("lines", (double) n_lines / (bench_now () - start));
}

int
main (int    argc,
      char **argv)
{
  BenchRequest request;

  bench_prepare (&request, argc, argv);
  if (strcmp (request.mode, "spawn") == 0)
    measure_spawn (&request);
  else if (strcmp (request.mode, "latency") == 0)
    measure_latency (&request);
  else if (strcmp (request.mode, "read") == 0)
    measure_read (&request);
  else if (strcmp (request.mode, "capture") == 0)
    measure_capture (&request);
  else if (strcmp (request.mode, "cat") == 0)
    measure_cat (&request);
  else if (strcmp (request.mode, "lines") == 0)
    measure_lines (&request);
  else
    bench_leave_out ("the floor does not do this");

  return 0;
}
