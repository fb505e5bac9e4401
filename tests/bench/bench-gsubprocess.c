/* GLib's own subprocesses.
 *
 * SPDX-License-Identifier: LGPL-2.1-or-later
 */

/* Thread: MAIN, but for run_blocking(). */

#include <gio/gunixoutputstream.h>
#include <glib-unix.h>

#include "bench-glib.h"

static const char * const true_argv[] = { BENCH_TRUE, NULL };
static const char * const echo_argv[] = { BENCH_ECHO, "hello", NULL };

static GSubprocess *
start (const char * const *argv,
       GSubprocessFlags    flags)
{
  g_autoptr(GError) error = NULL;
  GSubprocess *process = g_subprocess_newv (argv, flags, &error);

  bench_check (process != NULL, error);
  return process;
}

/* ---- runs */

static void
capture (const char * const *argv)
{
  g_autoptr(GSubprocess) process = start (argv, G_SUBPROCESS_FLAGS_STDOUT_PIPE);
  g_autoptr(GBytes) output = NULL;
  g_autoptr(GError) error = NULL;

  bench_check (g_subprocess_communicate (process, NULL, NULL, &output, NULL, &error), error);
}

static void
run_true (void)
{
  g_autoptr(GSubprocess) process = start (true_argv, G_SUBPROCESS_FLAGS_STDIN_INHERIT);
  g_autoptr(GError) error = NULL;

  bench_check (g_subprocess_wait_check (process, NULL, &error), error);
}

static void
run_blocking (const BenchRequest *request,
              long                count)
{
  if (request->in_flight > 1)
    bench_leave_out ("there is no blocking call for several");
  for (long i = 0; i < count; i++)
    {
      if (request->capture)
        capture (echo_argv);
      else
        run_true ();
    }
}

static void
wait_cb (GObject      *source,
         GAsyncResult *result,
         gpointer      user_data)
{
  g_autoptr(GError) error = NULL;

  bench_check (g_subprocess_wait_finish (G_SUBPROCESS (source), result, &error), error);
  bench_loop_done (user_data);
}

static void
wait_async (GObject   *process,
            BenchLoop *loop)
{
  g_subprocess_wait_async (G_SUBPROCESS (process), NULL, wait_cb, loop);
}

static void
captured_cb (GObject      *source,
             GAsyncResult *result,
             gpointer      user_data)
{
  g_autoptr(GBytes) output = NULL;
  g_autoptr(GError) error = NULL;

  gboolean ok =
    g_subprocess_communicate_finish (G_SUBPROCESS (source), result, &output, NULL, &error);

  bench_check (ok, error);
  bench_loop_done (user_data);
}

static void
capture_async (const char * const *argv,
               BenchLoop          *loop)
{
  g_autoptr(GSubprocess) process = start (argv, G_SUBPROCESS_FLAGS_STDOUT_PIPE);

  g_subprocess_communicate_async (process, NULL, NULL, captured_cb, loop);
}

static void
start_run (BenchLoop *loop)
{
  g_autoptr(GSubprocess) process = NULL;

  if (loop->request->capture)
    {
      capture_async (echo_argv, loop);
      return;
    }
  process = start (true_argv, G_SUBPROCESS_FLAGS_STDIN_INHERIT);
  wait_async (G_OBJECT (process), loop);
}

/* ---- one process */

static GObject *
spawn (const char * const *argv,
       gboolean            with_stdin,
       gboolean            with_stdout,
       gboolean            with_stderr)
{
  GSubprocessFlags flags =
    with_stdin ? G_SUBPROCESS_FLAGS_STDIN_PIPE : G_SUBPROCESS_FLAGS_STDIN_INHERIT;

  if (with_stdout)
    flags |= G_SUBPROCESS_FLAGS_STDOUT_PIPE;
  if (with_stderr)
    flags |= G_SUBPROCESS_FLAGS_STDERR_PIPE;

  return G_OBJECT (start (argv, flags));
}

/* GLib leaves the fd as it is, and an asynchronous write of more than there is room for would
 * block the main loop.
 */
static GOutputStream *
get_stdin (GObject *process,
           gboolean is_async)
{
  GOutputStream *stream = g_subprocess_get_stdin_pipe (G_SUBPROCESS (process));
  int fd = g_unix_output_stream_get_fd (G_UNIX_OUTPUT_STREAM (stream));
  g_autoptr(GError) error = NULL;

  if (is_async)
    bench_check (g_unix_set_fd_nonblocking (fd, TRUE, &error), error);

  return stream;
}

static GInputStream *
get_stdout (GObject *process)
{
  return g_subprocess_get_stdout_pipe (G_SUBPROCESS (process));
}

static GPid
get_pid (GObject *process)
{
  return (GPid) g_ascii_strtoll (g_subprocess_get_identifier (G_SUBPROCESS (process)), NULL, 10);
}

static void
wait_blocking (GObject *process)
{
  g_autoptr(GError) error = NULL;

  bench_check (g_subprocess_wait (G_SUBPROCESS (process), NULL, &error), error);
}

static GDataInputStream *
new_line_reader (GInputStream *stream)
{
  GDataInputStream *reader = g_data_input_stream_new (stream);

  g_buffered_input_stream_set_buffer_size (G_BUFFERED_INPUT_STREAM (reader), 65536);
  return reader;
}

static long
count_lines (GInputStream *stream)
{
  g_autoptr(GDataInputStream) reader = new_line_reader (stream);
  g_autoptr(GError) error = NULL;
  long n_lines = 0;
  char *line;

  while ((line = g_data_input_stream_read_line (reader, NULL, NULL, &error)) != NULL)
    {
      g_free (line);
      n_lines++;
    }
  bench_check (error == NULL, error);

  return n_lines;
}

typedef struct
{
  BenchLoop *loop;
  long *n_lines;
} Counting;

static void
line_cb (GObject      *source,
         GAsyncResult *result,
         gpointer      user_data)
{
  GDataInputStream *reader = G_DATA_INPUT_STREAM (source);
  Counting *counting = user_data;
  g_autoptr(GError) error = NULL;
  g_autofree char *line = g_data_input_stream_read_line_finish (reader, result, NULL, &error);

  bench_check (error == NULL, error);
  if (line != NULL)
    {
      *counting->n_lines += 1;
      g_data_input_stream_read_line_async (reader, G_PRIORITY_DEFAULT, NULL, line_cb, counting);
      return;
    }
  bench_loop_done (counting->loop);
  g_free (counting);
}

static void
count_lines_async (GInputStream *stream,
                   long         *n_lines,
                   BenchLoop    *loop)
{
  g_autoptr(GDataInputStream) reader = new_line_reader (stream);
  Counting *counting = g_new (Counting, 1);

  *counting = (Counting) { loop, n_lines };
  g_data_input_stream_read_line_async (reader, G_PRIORITY_DEFAULT, NULL, line_cb, counting);
}

int
main (int    argc,
      char **argv)
{
  static const BenchPeer peer = {
    start_run, run_blocking, spawn,   get_stdin,     get_stdout,  get_pid,
    wait_blocking, wait_async, capture, capture_async, count_lines, count_lines_async,
  };

  return bench_glib_main (argc, argv, &peer);
}
