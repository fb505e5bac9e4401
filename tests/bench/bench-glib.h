/* What the two peers on GLib share: the main loop, the timer that looks for its stalls, the
 * threads, and what is the same job on any GIO stream. A peer says how it starts, waits and
 * captures.
 *
 * SPDX-License-Identifier: LGPL-2.1-or-later
 */

#pragma once

#include <gio/gio.h>

#include "bench-peer.h"

G_BEGIN_DECLS

typedef struct _BenchLoop BenchLoop;

typedef struct
{
  /* Starts one run of true, or of echo with its output; ends with bench_loop_done(). */
  void (*start_run) (BenchLoop *loop);
  /* The same by blocking calls, with so many in flight, in any thread. */
  void (*run_blocking) (const BenchRequest *request,
                        long                count);
  /* With pipes at stdin (perhaps), stdout, stderr (perhaps); else inherited. */
  GObject *(*spawn) (const char * const *argv,
                     gboolean            with_stdin,
                     gboolean            with_stdout,
                     gboolean            with_stderr);
  GOutputStream *(*get_stdin) (GObject *process,
                               gboolean is_async);
  GInputStream *(*get_stdout) (GObject *process);
  GPid (*get_pid) (GObject *process);
  void (*wait) (GObject *process);
  /* Ends with bench_loop_done(). */
  void (*wait_async) (GObject   *process,
                      BenchLoop *loop);
  void (*capture) (const char * const *argv);
  void (*capture_async) (const char * const *argv,
                         BenchLoop          *loop);
  long (*count_lines) (GInputStream *stream);
  /* Ends with bench_loop_done(). */
  void (*count_lines_async) (GInputStream *stream,
                             long         *n_lines,
                             BenchLoop    *loop);
} BenchPeer;

struct _BenchLoop
{
  const BenchPeer *peer;
  const BenchRequest *request;
  GMainLoop *loop;
  long left; /* to start */
  long running;
  long done;
  double limit; /* nothing is started later */
  gint64 last_tick;
  gint64 longest_gap;
};

void bench_loop_done (BenchLoop *self);

void bench_check (gboolean      ok,
                  const GError *error);

int bench_glib_main (int              argc,
                     char           **argv,
                     const BenchPeer *peer);

G_END_DECLS
