/* SPDX-License-Identifier: LGPL-2.1-or-later */

/* Thread: ANY. */

#include "bench-peer.h"

#include <errno.h>
#include <fcntl.h>
#include <grp.h>
#include <malloc.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/prctl.h>
#include <sys/resource.h>
#include <time.h>
#include <unistd.h>

#define MIB (1024 * 1024)
#define PAGE 4096
#define HUGE_PAGE (2 * MIB)

/* The most that a peer takes for so much output: one that moves it when it grows. */
#define CAPTURE_FACTOR 3

/* Fds that are neither a child's nor among those asked for. */
#define OWN_FDS 128

#define NOBODY 65534

/* Pipes that are more than any user's budget. */
#define MAX_FILLERS 4096

void
bench_fail (const char *what)
{
  fprintf (stderr, "%s: %s\n", what, strerror (errno));
  exit (1);
}

void
bench_leave_out (const char *reason)
{
  printf ("{\"left_out\": \"%s\"}\n", reason);
  exit (0);
}

static double
read_clock (clockid_t clock)
{
  struct timespec time;

  if (clock_gettime (clock, &time) < 0)
    bench_fail ("clock_gettime");

  return (double) time.tv_sec + (double) time.tv_nsec / 1e9;
}

double
bench_now (void)
{
  return read_clock (CLOCK_MONOTONIC);
}

/* Of all threads, also of those that have ended. */
static long
get_wakeups (void)
{
  struct rusage usage;

  if (getrusage (RUSAGE_SELF, &usage) < 0)
    bench_fail ("getrusage");

  return usage.ru_nvcsw;
}

void
bench_meter_start (BenchMeter *self)
{
  self->wakeups = get_wakeups ();
  self->allocations = bench_get_allocations ();
  self->cpu = read_clock (CLOCK_PROCESS_CPUTIME_ID);
  self->thread_cpu = read_clock (CLOCK_THREAD_CPUTIME_ID);
  self->wall = bench_now ();
}

void
bench_meter_stop (BenchMeter *self)
{
  self->wall = bench_now () - self->wall;
  self->cpu = read_clock (CLOCK_PROCESS_CPUTIME_ID) - self->cpu;
  self->thread_cpu = read_clock (CLOCK_THREAD_CPUTIME_ID) - self->thread_cpu;
  self->wakeups = get_wakeups () - self->wakeups;
  if (self->allocations >= 0)
    self->allocations = bench_get_allocations () - self->allocations;
}

double
bench_get_memory (void)
{
  FILE *file = fopen ("/proc/self/statm", "re");
  long all, resident, shared;

  if (file == NULL || fscanf (file, "%ld %ld %ld", &all, &resident, &shared) != 3)
    bench_fail ("/proc/self/statm");
  fclose (file);

  return (double) (resident - shared) * (double) sysconf (_SC_PAGESIZE);
}

static long
get_fd_limit (void)
{
  struct rlimit limit;

  if (getrlimit (RLIMIT_NOFILE, &limit) < 0)
    bench_fail ("getrlimit");

  return limit.rlim_cur > 1000000 ? 1000000 : (long) limit.rlim_cur;
}

static int
compare_values (const void *a,
                const void *b)
{
  double left = *(const double *) a;
  double right = *(const double *) b;

  return (left > right) - (left < right);
}

double
bench_median (double *values,
              size_t  n_values)
{
  qsort (values, n_values, sizeof *values, compare_values);

  return n_values % 2 == 1 ? values[n_values / 2]
                           : (values[n_values / 2 - 1] + values[n_values / 2]) / 2;
}

void
bench_report (const char *name,
              double      value)
{
  printf ("{\"%s\": %.9g}\n", name, value);
  fflush (stdout);
}

void
bench_report_memory (double bytes,
                     long   count,
                     long   wanted)
{
  printf ("{\"memory\": %.9g", bytes / (double) count);
  if (count < wanted)
    printf (", \"note\": \"%ld processes, of %ld; the limit of open files is %ld\"", count, wanted,
            get_fd_limit ());
  printf ("}\n");
  fflush (stdout);
}

void
bench_report_runs (const BenchMeter *meter,
                   long              count,
                   double            gap)
{
  double runs = (double) count;

  printf ("{\"rate\": %.9g, \"cpu\": %.9g, \"main_cpu\": %.9g, \"wakeups\": %.9g",
          runs / meter->wall, meter->cpu / runs * 1e6, meter->thread_cpu / runs * 1e6,
          (double) meter->wakeups / runs);
  if (meter->allocations >= 0)
    printf (", \"allocations\": %.9g", (double) meter->allocations / runs);
  if (gap >= 0)
    printf (", \"gap\": %.9g", gap * 1e3);
  printf ("}\n");
  fflush (stdout);
}

/* Small pages, as most programs have: their tables are what a fork copies. */
static void
touch_memory (size_t size)
{
  char *memory = mmap (NULL, size, PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);

  if (memory == MAP_FAILED)
    bench_leave_out ("there is not that much memory");
  madvise (memory, size, MADV_NOHUGEPAGE);
  for (size_t i = 0; i < size; i += PAGE)
    memory[i] = 1;
}

/* Aligned, so that every page of it can be a huge one. */
char *
bench_map_huge (size_t size)
{
  size_t mapped = size + HUGE_PAGE;
  char *memory = mmap (NULL, mapped, PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);

  if (memory == MAP_FAILED)
    bench_fail ("mmap");
  madvise (memory, mapped, MADV_HUGEPAGE);

  return memory + (HUGE_PAGE - (uintptr_t) memory % HUGE_PAGE) % HUGE_PAGE;
}

/* Where this is a virtual machine, memory that nobody has used for a while is the host's until it
 * is touched: who came first would pay for all.
 */
static void
warm_up_memory (size_t size)
{
  char *memory = bench_map_huge (size);

  for (size_t i = 0; i < size; i += PAGE)
    memory[i] = 1;
  munmap (memory, size);
}

long
bench_fit (long count,
           long fds_each)
{
  long room = (get_fd_limit () - OWN_FDS) / fds_each;

  return count < room ? count : room;
}

static void
open_fds (long count)
{
  if (bench_fit (count, 1) < count)
    bench_leave_out ("the limit of open files is too low");
  for (long i = 0; i < count; i++)
    if (open ("/dev/null", O_RDONLY | O_CLOEXEC) < 0)
      bench_fail ("/dev/null");
}

static void
make_stdin_a_pipe (void)
{
  int fds[2];

  if (pipe2 (fds, O_CLOEXEC) < 0 || dup2 (fds[0], STDIN_FILENO) < 0)
    bench_fail ("pipe");
  close (fds[0]);
}

/* root's pipes are not limited. */
static void
become_nobody (void)
{
  if (geteuid () != 0)
    return;
  if (setgroups (0, NULL) < 0 || setgid (NOBODY) < 0 || setuid (NOBODY) < 0)
    bench_leave_out ("root cannot become nobody here");

  /* Else /proc/self is still root's. */
  prctl (PR_SET_DUMPABLE, 1);
}

/* Takes all that the user may have of pipe buffers: from then on a pipe has two pages (pipe(7),
 * pipe-user-pages-soft).
 */
static void
use_up_pipes (const BenchRequest *request)
{
  become_nobody ();
  if (strcmp (request->mode, "read") == 0 && access (request->child, X_OK) < 0)
    bench_leave_out ("nobody cannot start bench-child where it is");
  for (int i = 0; i < MAX_FILLERS; i++)
    {
      int fds[2];

      if (pipe2 (fds, O_CLOEXEC) < 0)
        bench_fail ("pipe2");
      if (fcntl (fds[0], F_GETPIPE_SZ) <= 2 * PAGE)
        return;
      fcntl (fds[0], F_SETPIPE_SZ, MIB);
    }
  bench_leave_out ("pipes are not limited here");
}

static void
take_word (BenchRequest *request,
           const char   *word)
{
  static const struct
  {
    const char *name;
    size_t offset;
  } numbers[] = {
    { "count", offsetof (BenchRequest, count) },
    { "in_flight", offsetof (BenchRequest, in_flight) },
    { "capture", offsetof (BenchRequest, capture) },
    { "async", offsetof (BenchRequest, async) },
    { "memory", offsetof (BenchRequest, memory) },
    { "live", offsetof (BenchRequest, live) },
    { "threads", offsetof (BenchRequest, threads) },
    { "fds", offsetof (BenchRequest, fds) },
    { "size", offsetof (BenchRequest, size) },
    { "small_pipes", offsetof (BenchRequest, small_pipes) },
    { "allocations", offsetof (BenchRequest, allocations) },
  };
  const char *value = strchr (word, '=');
  size_t length = value != NULL ? (size_t) (value - word) : 0;

  if (strncmp (word, "path=", 5) == 0)
    request->path = value + 1;
  else if (strncmp (word, "child=", 6) == 0)
    request->child = value + 1;
  else
    for (size_t i = 0; i < sizeof numbers / sizeof numbers[0]; i++)
      if (strlen (numbers[i].name) == length && strncmp (numbers[i].name, word, length) == 0)
        *(long *) (void *) ((char *) request + numbers[i].offset) = strtol (value + 1, NULL, 10);
}

void
bench_prepare (BenchRequest *request,
               int           argc,
               char        **argv)
{
  struct rlimit limit;

  *request = (BenchRequest) { .count = 1, .in_flight = 1, .child = "" };
  if (argc < 2)
    {
      fprintf (stderr, "usage: %s MODE [NAME=VALUE]...\n", argv[0]);
      exit (2);
    }
  request->mode = argv[1];
  for (int i = 2; i < argc; i++)
    take_word (request, argv[i]);
  request->has_threads = request->threads != 0;
  if (!request->has_threads)
    request->threads = 1;
  if (request->count < 1 || request->in_flight < 1 || request->threads < 1)
    {
      fprintf (stderr, "%s: less than one\n", argv[0]);
      exit (2);
    }
  snprintf (request->size_text, sizeof request->size_text, "%ld", request->size);

  if (getrlimit (RLIMIT_NOFILE, &limit) == 0)
    {
      limit.rlim_cur = limit.rlim_max;
      setrlimit (RLIMIT_NOFILE, &limit);
    }
  make_stdin_a_pipe ();
  if (request->memory > 0)
    touch_memory ((size_t) request->memory * MIB);
  if (strcmp (request->mode, "capture") == 0)
    warm_up_memory ((size_t) request->size * CAPTURE_FACTOR);
  open_fds (request->fds);
  if (request->small_pipes != 0)
    use_up_pipes (request);
  if (request->allocations != 0)
    bench_count_allocations ();
  if (bench_fit (request->live, 1) < request->live)
    bench_leave_out ("the limit of open files is too low");
}
