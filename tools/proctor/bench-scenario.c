/* SPDX-License-Identifier: LGPL-2.1-or-later */

/* Thread: ANY. */

#include "config.h"

#include "bench-scenario.h"

#include <string.h>

#include <glib/gi18n.h>

#define KIB 1024.0
#define GIB (1024.0 * 1024 * 1024)
#define GIB_BYTES ((gint64) 1024 * 1024 * 1024)

/* The smallest that still runs all the code. */
#define QUICK_COUNT 8
#define QUICK_COUNT_DIVISOR 100
#define QUICK_SIZE_DIVISOR 256

const BenchPeerInfo bench_peers[N_BENCH_PEERS] = {
  { "floor", "floor", "bench-floor", 0.35, 0.35, 0.35 },
  { "libuv", "libuv", "bench-libuv", 0.80, 0.47, 0.13 },
  { "asyncio", "asyncio", "bench-asyncio.py", 0.58, 0.40, 0.74 },
  { "gsubprocess", "GSubprocess", "bench-gsubprocess", 0.17, 0.63, 0.17 },
  { "proctor", "Proctor", "bench-proctor", 0.12, 0.47, 0.71 },
};

const BenchScenario bench_scenarios[] = {
  { .name = "true", .summary = N_("true, one after another, waited for; blocking"),
    .mode = "spawn", .words = "", .metric = "rate", .unit = "1/s",
    .scale = 1, .count = 1000, .goal = 0.93, .goal_is_ratio = TRUE },
  { .name = "true-async", .summary = N_("the same from a main loop"),
    .mode = "spawn", .words = "async=1", .metric = "rate", .unit = "1/s",
    .scale = 1, .count = 1000, .goal = 0.88, .goal_is_ratio = TRUE },
  { .name = "echo", .summary = N_("echo and its output, one at a time; blocking"),
    .mode = "spawn", .words = "capture=1", .metric = "rate", .unit = "1/s",
    .scale = 1, .count = 1000, .goal = 0.93, .goal_is_ratio = TRUE },
  { .name = "echo-async", .summary = N_("the same from a main loop"),
    .mode = "spawn", .words = "capture=1 async=1", .metric = "rate", .unit = "1/s",
    .scale = 1, .count = 1000, .goal = 0.88, .goal_is_ratio = TRUE },
  { .name = "echo-32", .summary = N_("echo and its output, 32 in flight; blocking"),
    .mode = "spawn", .words = "capture=1 in_flight=32", .metric = "rate", .unit = "1/s",
    .scale = 1, .count = 2000, .goal = 1.15, .goal_is_ratio = TRUE },
  { .name = "echo-32-async", .summary = N_("the same from a main loop"),
    .mode = "spawn", .words = "capture=1 in_flight=32 async=1", .metric = "rate", .unit = "1/s",
    .scale = 1, .count = 2000, .goal = 1.15, .goal_is_ratio = TRUE },
  { .name = "parent", .summary = N_("8 in flight from a main loop, by MiB of the parent’s memory"),
    .mode = "spawn", .words = "capture=1 in_flight=8 async=1", .metric = "rate", .unit = "1/s",
    .scale = 1, .count = 1000, .parameter = "memory",
    .points = { 10, 256, 1024, 4096, -1 }, .quick_point = 64,
    .of_first = TRUE, .goal = 0.95, .goal_is_ratio = TRUE },
  { .name = "live", .summary = N_("one at a time from a main loop, by other live children"),
    .mode = "spawn", .words = "capture=1 async=1", .metric = "rate", .unit = "1/s",
    .scale = 1, .count = 500, .parameter = "live",
    .points = { 0, 10, 100, 1000, 3000, 5000, 10000, -1 }, .quick_point = 10,
    .of_first = TRUE, .goal = 0.90, .goal_is_ratio = TRUE },
  { .name = "threads", .summary = N_("echo and its output, by threads that call"),
    .mode = "spawn", .words = "capture=1", .metric = "rate", .unit = "1/s",
    .scale = 1, .count = 800, .parameter = "threads",
    .points = { 1, 2, 4, 8, -1 }, .quick_point = 2 },
  { .name = "fds", .summary = N_("one at a time from a main loop, by open fds of the parent"),
    .mode = "spawn", .words = "capture=1 async=1", .metric = "rate", .unit = "1/s",
    .scale = 1, .count = 500, .parameter = "fds",
    .points = { 10, 15000, -1 }, .quick_point = 10,
    .of_first = TRUE },
  { .name = "read", .summary = N_("4 GiB read from a child and thrown away; blocking"),
    .mode = "read", .words = "", .metric = "throughput", .unit = "GiB/s",
    .scale = 1 / GIB, .size = 4 * GIB_BYTES, .goal = 0.90, .goal_is_ratio = TRUE },
  { .name = "read-async", .summary = N_("the same from a main loop"),
    .mode = "read", .words = "async=1", .metric = "throughput", .unit = "GiB/s",
    .scale = 1 / GIB, .size = 4 * GIB_BYTES, .goal = 0.90, .goal_is_ratio = TRUE },
  { .name = "capture", .summary = N_("1 GiB captured in memory; blocking"),
    .mode = "capture", .words = "", .metric = "throughput", .unit = "GiB/s",
    .scale = 1 / GIB, .size = GIB_BYTES, .goal = 0.80, .goal_is_ratio = TRUE },
  { .name = "capture-async", .summary = N_("the same from a main loop"),
    .mode = "capture", .words = "async=1", .metric = "throughput", .unit = "GiB/s",
    .scale = 1 / GIB, .size = GIB_BYTES, .goal = 0.80, .goal_is_ratio = TRUE },
  { .name = "cat", .summary = N_("1 GiB through cat’s stdin and stdout; blocking, two threads"),
    .mode = "cat", .words = "", .metric = "throughput", .unit = "GiB/s",
    .scale = 1 / GIB, .size = GIB_BYTES, .goal = 0.80, .goal_is_ratio = TRUE },
  { .name = "cat-async", .summary = N_("the same from a main loop"),
    .mode = "cat", .words = "async=1", .metric = "throughput", .unit = "GiB/s",
    .scale = 1 / GIB, .size = GIB_BYTES, .goal = 0.80, .goal_is_ratio = TRUE },
  { .name = "lines", .summary = N_("20 million short lines; blocking"),
    .mode = "lines", .words = "", .metric = "lines", .unit = "M/s",
    .scale = 1e-6, .size = 20000000, .goal = 0.60, .goal_is_ratio = TRUE },
  { .name = "lines-async", .summary = N_("4 million short lines from a main loop"),
    .mode = "lines", .words = "async=1", .metric = "lines", .unit = "M/s",
    .scale = 1e-6, .size = 4000000 },
  { .name = "main-cpu",
    .summary = N_("CPU of the main thread per run, by MiB of the parent’s memory"),
    .mode = "spawn", .words = "capture=1 in_flight=8 async=1", .metric = "main_cpu", .unit = "us",
    .scale = 1, .less_is_better = TRUE, .count = 1000, .parameter = "memory",
    .points = { 10, 1024, -1 }, .quick_point = 10, .goal = 25 },
  { .name = "stall", .summary = N_("longest stall of the main loop, by MiB of the parent’s memory"),
    .mode = "spawn", .words = "capture=1 in_flight=32 async=1", .metric = "gap", .unit = "ms",
    .scale = 1, .less_is_better = TRUE, .count = 1000, .parameter = "memory",
    .points = { 10, 1024, -1 }, .quick_point = 10, .goal = 2 },
  { .name = "cpu", .summary = N_("own CPU per captured run, one at a time, from a main loop"),
    .mode = "spawn", .words = "capture=1 async=1", .metric = "cpu", .unit = "us",
    .scale = 1, .less_is_better = TRUE, .count = 1000, .goal = 100 },
  { .name = "wakeups", .summary = N_("how often a thread waits per captured run; blocking"),
    .mode = "spawn", .words = "capture=1", .metric = "wakeups", .unit = "/run",
    .scale = 1, .less_is_better = TRUE, .count = 1000 },
  { .name = "wakeups-async", .summary = N_("the same from a main loop"),
    .mode = "spawn", .words = "capture=1 async=1", .metric = "wakeups", .unit = "/run",
    .scale = 1, .less_is_better = TRUE, .count = 1000 },
  { .name = "allocs", .summary = N_("allocations per captured run; blocking"),
    .mode = "spawn", .words = "capture=1 allocations=1", .metric = "allocations", .unit = "/run",
    .scale = 1, .less_is_better = TRUE, .count = 1000 },
  { .name = "allocs-async", .summary = N_("the same from a main loop"),
    .mode = "spawn", .words = "capture=1 async=1 allocations=1", .metric = "allocations",
    .unit = "/run", .scale = 1, .less_is_better = TRUE, .count = 1000 },
  { .name = "8k-echo", .summary = N_("32 in flight from a main loop, all pipes of 8 KiB"),
    .mode = "spawn", .words = "capture=1 in_flight=32 async=1 small_pipes=1", .metric = "rate",
    .unit = "1/s", .scale = 1, .count = 2000 },
  { .name = "8k-read", .summary = N_("256 MiB read from a main loop, all pipes of 8 KiB"),
    .mode = "read", .words = "async=1 small_pipes=1", .metric = "throughput", .unit = "GiB/s",
    .scale = 1 / GIB, .size = GIB_BYTES / 4 },
  { .name = "8k-cat", .summary = N_("64 MiB through cat from a main loop, all pipes of 8 KiB"),
    .mode = "cat", .words = "async=1 small_pipes=1", .metric = "throughput", .unit = "GiB/s",
    .scale = 1 / GIB, .size = GIB_BYTES / 16 },
  { .name = "held", .summary = N_("memory per live process with three pipes"),
    .mode = "held", .words = "async=1", .metric = "memory", .unit = "KiB",
    .scale = 1 / KIB, .less_is_better = TRUE, .count = 10000, .goal = 4 },
  { .name = "post", .summary = N_("messages from 4 threads to one; beside g_main_context_invoke()"),
    .mode = "post", .words = "threads=4", .metric = "rate", .unit = "M/s",
    .scale = 1e-6, .count = 4000000, .goal = 10 },
  { .name = "latency", .summary = N_("from a child’s death to the callback, by live children"),
    .mode = "latency", .words = "async=1", .metric = "latency", .unit = "us",
    .scale = 1, .less_is_better = TRUE, .count = 200, .parameter = "live",
    .points = { 1, 5000, -1 }, .quick_point = 1, .goal = 150, .first_goal = 100 },
};
const gsize bench_n_scenarios = G_N_ELEMENTS (bench_scenarios);

const BenchScenario *
bench_scenario_find (const char *name)
{
  for (gsize i = 0; i < bench_n_scenarios; i++)
    if (strcmp (bench_scenarios[i].name, name) == 0)
      return &bench_scenarios[i];

  return NULL;
}

gint64
bench_scenario_get_count (const BenchScenario *self,
                          gboolean             quick)
{
  if (!quick)
    return self->count;

  return MIN (self->count, MAX (QUICK_COUNT, self->count / QUICK_COUNT_DIVISOR));
}

gint64
bench_scenario_get_size (const BenchScenario *self,
                         gboolean             quick)
{
  return quick ? self->size / QUICK_SIZE_DIVISOR : self->size;
}
