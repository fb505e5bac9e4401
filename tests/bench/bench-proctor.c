/* Proctor's own part of the benchmark.
 *
 * SPDX-License-Identifier: LGPL-2.1-or-later
 */

/* Thread: MAIN, but for run_blocking(). */

#include <proctor/proctor.h>

#include "bench-glib.h"

static const char * const true_argv[] = { BENCH_TRUE, NULL };
static const char * const echo_argv[] = { BENCH_ECHO, "hello", NULL };

static ProctorCommand *
new_capture (const char * const *argv)
{
  ProctorCommand *command = proctor_command_newv (argv);

  proctor_command_set_stderr (command, PROCTOR_STDIO_INHERIT);
  return command;
}

/* ---- runs */

static void
run_true (void)
{
  g_autoptr(ProctorCommand) command = proctor_command_newv (true_argv);
  g_autoptr(GError) error = NULL;
  g_autoptr(ProctorProcess) process = proctor_command_spawn (command, NULL, &error);

  bench_check (process != NULL, error);
  bench_check (proctor_process_wait_check (process, NULL, &error), error);
}

static void
run_echo (void)
{
  g_autoptr(ProctorCommand) command = new_capture (echo_argv);
  g_autoptr(GError) error = NULL;
  g_autoptr(ProctorResult) result = proctor_command_run_check (command, NULL, NULL, &error);

  bench_check (result != NULL, error);
}

static void
gather (const BenchRequest *request,
        long                count)
{
  g_autoptr(GPtrArray) commands = g_ptr_array_new_with_free_func (g_object_unref);
  g_autoptr(GPtrArray) results = NULL;
  g_autoptr(GError) error = NULL;

  for (long i = 0; i < count; i++)
    g_ptr_array_add (commands, new_capture (echo_argv));
  results = proctor_gather ((ProctorCommand * const *) commands->pdata, commands->len,
                            (guint) request->in_flight, NULL, &error);
  bench_check (results != NULL, error);
}

static void
run_blocking (const BenchRequest *request,
              long                count)
{
  if (request->in_flight > 1)
    gather (request, count);
  else
    for (long i = 0; i < count; i++)
      {
        if (request->capture)
          run_echo ();
        else
          run_true ();
      }
}

static void
run_cb (GObject      *source,
        GAsyncResult *result,
        gpointer      user_data)
{
  g_autoptr(GError) error = NULL;
  g_autoptr(ProctorResult) done =
    proctor_command_run_check_finish (PROCTOR_COMMAND (source), result, &error);

  bench_check (done != NULL, error);
  bench_loop_done (user_data);
}

static void
wait_cb (GObject      *source,
         GAsyncResult *result,
         gpointer      user_data)
{
  g_autoptr(GError) error = NULL;

  bench_check (proctor_process_wait_finish (PROCTOR_PROCESS (source), result, NULL, &error), error);
  bench_loop_done (user_data);
}

static void
wait_async (GObject   *process,
            BenchLoop *loop)
{
  proctor_process_wait_async (PROCTOR_PROCESS (process), NULL, wait_cb, loop);
}

static void
spawned_cb (GObject      *source,
            GAsyncResult *result,
            gpointer      user_data)
{
  g_autoptr(GError) error = NULL;
  g_autoptr(ProctorProcess) process =
    proctor_command_spawn_finish (PROCTOR_COMMAND (source), result, &error);

  bench_check (process != NULL, error);
  wait_async (G_OBJECT (process), user_data);
}

static void
start_run (BenchLoop *loop)
{
  g_autoptr(ProctorCommand) command = NULL;

  if (loop->request->capture)
    {
      command = new_capture (echo_argv);
      proctor_command_run_check_async (command, NULL, NULL, run_cb, loop);
    }
  else
    {
      command = proctor_command_newv (true_argv);
      proctor_command_spawn_async (command, NULL, spawned_cb, loop);
    }
}

/* ---- one process */

static GObject *
spawn (const char * const *argv,
       gboolean            with_stdin,
       gboolean            with_stdout,
       gboolean            with_stderr)
{
  g_autoptr(ProctorCommand) command = proctor_command_newv (argv);
  g_autoptr(GError) error = NULL;
  ProctorProcess *process;

  if (with_stdin)
    proctor_command_set_stdin (command, PROCTOR_STDIO_PIPE);
  if (with_stdout)
    proctor_command_set_stdout (command, PROCTOR_STDIO_PIPE);
  if (with_stderr)
    proctor_command_set_stderr (command, PROCTOR_STDIO_PIPE);
  process = proctor_command_spawn (command, NULL, &error);
  bench_check (process != NULL, error);

  return G_OBJECT (process);
}

static GOutputStream *
get_stdin (GObject *process,
           gboolean is_async)
{
  return G_OUTPUT_STREAM (proctor_process_get_stdin (PROCTOR_PROCESS (process)));
}

static GInputStream *
get_stdout (GObject *process)
{
  return G_INPUT_STREAM (proctor_process_get_stdout (PROCTOR_PROCESS (process)));
}

static GPid
get_pid (GObject *process)
{
  return proctor_process_get_pid (PROCTOR_PROCESS (process));
}

static void
wait_blocking (GObject *process)
{
  g_autoptr(GError) error = NULL;

  bench_check (proctor_process_wait (PROCTOR_PROCESS (process), NULL, NULL, &error), error);
}

static void
capture (const char * const *argv)
{
  g_autoptr(ProctorCommand) command = new_capture (argv);
  g_autoptr(GError) error = NULL;
  g_autoptr(ProctorResult) result = proctor_command_run_check (command, NULL, NULL, &error);

  bench_check (result != NULL, error);
}

static void
capture_async (const char * const *argv,
               BenchLoop          *loop)
{
  g_autoptr(ProctorCommand) command = new_capture (argv);

  proctor_command_run_check_async (command, NULL, NULL, run_cb, loop);
}

static long
count_lines (GInputStream *stream)
{
  ProctorStreamReader *reader = PROCTOR_STREAM_READER (stream);
  g_autoptr(GError) error = NULL;
  const char *line;
  gsize length;
  long n_lines = 0;

  while (proctor_stream_reader_next_line (reader, &line, &length, NULL, &error) && line != NULL)
    n_lines++;
  bench_check (error == NULL, error);

  return n_lines;
}

typedef struct
{
  BenchLoop *loop;
  long *n_lines;
} Counting;

static void
lines_cb (GObject      *source,
          GAsyncResult *result,
          gpointer      user_data)
{
  ProctorStreamReader *reader = PROCTOR_STREAM_READER (source);
  Counting *counting = user_data;
  g_autoptr(GError) error = NULL;
  g_autoptr(GPtrArray) lines = proctor_stream_reader_read_lines_finish (reader, result, &error);

  bench_check (lines != NULL, error);
  *counting->n_lines += lines->len;
  if (lines->len > 0)
    {
      proctor_stream_reader_read_lines_async (reader, NULL, lines_cb, counting);
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
  Counting *counting = g_new (Counting, 1);

  *counting = (Counting) { loop, n_lines };
  proctor_stream_reader_read_lines_async (PROCTOR_STREAM_READER (stream), NULL, lines_cb, counting);
}

int
main (int    argc,
      char **argv)
{
  static const BenchPeer peer = {
    start_run, run_blocking, spawn,   get_stdin,     get_stdout,  get_pid,
    wait_blocking, wait_async, capture, capture_async, count_lines, count_lines_async,
  };
  g_autoptr(GError) error = NULL;

  bench_check (proctor_init (&error), error);
  return bench_glib_main (argc, argv, &peer);
}
