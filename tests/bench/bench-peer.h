/* What the programs that `proctor bench` measures have in common: their parameters, the state of
 * the parent that is asked for, the clocks, and the one line of JSON that they print.
 *
 *   bench-PEER MODE [NAME=NUMBER]…  [path=FILE] [child=FILE]
 *
 * No GLib here: the floor is to be bare.
 *
 * SPDX-License-Identifier: LGPL-2.1-or-later
 */

#pragma once

#include <stdbool.h>
#include <stddef.h>

#define BENCH_TRUE "/bin/true"
#define BENCH_ECHO "/bin/echo"
#define BENCH_CAT "/bin/cat"

#define BENCH_BUFFER_SIZE (256 * 1024)

/* What is not started by then is not done; where a run takes a tenth of a second, fewer will do. */
#define BENCH_LIMIT_SECONDS 3

typedef struct
{
  const char *mode;  /* "spawn", "read", "capture", "cat", "lines", "latency", "held" or "post" */
  const char *path;  /* a file of lines */
  const char *child; /* bench-child */
  long count;        /* of runs, or of messages */
  long in_flight;
  long capture; /* runs of echo whose output is read, else of true */
  long async;   /* from a loop, else by blocking calls */
  long memory;  /* of the parent, in MiB */
  long live;    /* children that are watched and do nothing */
  long threads;     /* that call, each with a loop of its own where the peer needs one */
  bool has_threads; /* whether the request says how many */
  long fds;     /* open in the parent */
  long small_pipes; /* of 8 KiB, as an ordinary user gets them whose budget is used up */
  long allocations; /* are counted */
  long size;    /* of what is read, in bytes */
  char size_text[32];
} BenchRequest;

typedef struct
{
  double wall;
  double cpu;
  double thread_cpu;
  long wakeups;     /* how often a thread of ours had to wait */
  long allocations; /* or -1 */
} BenchMeter;

/* Ends the program where the words make no sense. Brings the parent into the state that is asked
 * for; stdin is then a pipe whose other end is ours, so that a cat ends with us.
 */
void bench_prepare (BenchRequest *request,
                    int           argc,
                    char        **argv);

/* How many processes with that many fds each there can be. */
long bench_fit (long count,
                long fds_each);

/* Never given back. */
char *bench_map_huge (size_t size);

/* In seconds. */
double bench_now (void);

void bench_meter_start (BenchMeter *self);
void bench_meter_stop (BenchMeter *self);

/* Bytes of memory of this process that are in use. */
double bench_get_memory (void);

/* From now on, which is before there are threads. */
void bench_count_allocations (void);

/* -1 where they are not counted. */
long bench_get_allocations (void);

/* Orders them. */
double bench_median (double *values,
                     size_t  n_values);

/* The answers, one per program. `gap` is the longest time the loop was not there, or negative. */
void bench_report_runs (const BenchMeter *meter,
                        long              count,
                        double            gap);
void bench_report (const char *name,
                   double      value);
/* `count` of `wanted` processes, where the system had no room for more. */
void bench_report_memory (double bytes,
                          long   count,
                          long   wanted);

/* Ends the program. */
void bench_leave_out (const char *reason) __attribute__ ((noreturn));
void bench_fail (const char *what) __attribute__ ((noreturn));
