/* Transports whose protocols hold the data back, and do things in their callbacks.
 *
 * SPDX-License-Identifier: LGPL-2.1-or-later
 */

#include "config.h"

#include <sys/mman.h>

#include "transport-testing.h"

/* ---- holding the output back */

typedef struct
{
  Log log;
  ProctorSubprocessTransport *transport;
  volatile guint64 *counter; /* what the child's pipe has taken */
  ProctorReadTransport *out;
} Pumped;

/* A terminal is made raw first, so that it changes none of the bytes. */
static void
pumped_start (Pumped       *self,
              ProctorStdio  kind)
{
  g_autofree char *file = work_path ("counter");
  g_autoptr(ProctorCommand) command =
    kind == PROCTOR_STDIO_PTY
      ? proctor_command_new ("/bin/sh", "-c", "stty raw <&1; exec \"$0\" pump \"$1\"", child_path,
                             file, NULL)
      : child_command ("pump", file, NULL);
  int fd;

  g_assert_true (g_file_set_contents (file, "\0\0\0\0\0\0\0\0", 8, NULL));
  fd = open (file, O_RDWR | O_CLOEXEC);
  self->counter = mmap (NULL, sizeof *self->counter, PROT_READ, MAP_SHARED, fd, 0);
  g_assert_true (self->counter != MAP_FAILED);
  close (fd);

  proctor_command_set_stdout (command, kind);
  log_init (&self->log);
  self->log.seeds[1] = 0;
  self->transport = open_or_abort (command, &self->log);
  self->out = get_output (self->transport, 1);
}

static void
pumped_end (Pumped *self)
{
  proctor_subprocess_transport_shut (self->transport);
  AWAIT (&self->log, self->log.lost);
  assert_ended_with (self->transport, -SIGKILL);
  munmap ((void *) self->counter, sizeof *self->counter);
  g_object_unref (self->transport);
  log_clear (&self->log);
}

/* Until the child has not got on for a while: it would for ever, if it could. */
static void
await_blocked (Pumped *self)
{
  guint64 before;

  do
    {
      before = *self->counter;
      iterate_for (&self->log, 100 * G_TIME_SPAN_MILLISECOND);
    }
  while (*self->counter != before || before == 0);
}

static void
pause_some_times (ProctorStdio kind)
{
  Pumped pumped = { 0 };

  pumped_start (&pumped, kind);
  for (guint i = 0; i < 3; i++)
    {
      gsize received = pumped.log.received[1];

      AWAIT (&pumped.log, pumped.log.received[1] > received + 2 * MIB);
      g_assert_true (proctor_read_transport_is_reading (pumped.out));
      proctor_read_transport_pause_reading (pumped.out);
      proctor_read_transport_pause_reading (pumped.out);
      g_assert_false (proctor_read_transport_is_reading (pumped.out));
      received = pumped.log.received[1];
      await_blocked (&pumped);
      g_assert_cmpuint (pumped.log.received[1], ==, received);
      /* What the pipe holds, and twice the limit; less than that, if the child was only late. */
      g_assert_cmpuint (*pumped.counter, <, received + MIB);
      proctor_read_transport_resume_reading (pumped.out);
      g_assert_true (proctor_read_transport_is_reading (pumped.out));
    }
  pumped_end (&pumped);
}

static void
test_pause (void)
{
  pause_some_times (PROCTOR_STDIO_PIPE);
  pause_some_times (PROCTOR_STDIO_SOCKET);
  pause_some_times (PROCTOR_STDIO_PTY);
}

/* A protocol that only wants one piece at a time. */
static void
pause_hook (Log      *self,
            Recorder *recorder,
            Event     event,
            int       fd)
{
  ProctorSubprocessTransport *transport = PROCTOR_SUBPROCESS_TRANSPORT (self->transport);
  gboolean *held = self->hook_data;

  if (event != EVENT_DATA)
    return;
  g_assert_false (held[fd]);
  held[fd] = TRUE;
  proctor_read_transport_pause_reading (get_output (transport, fd));
}

static void
test_pause_in_callback (void)
{
  g_auto(Log) log = { 0 };
  g_autoptr(ProctorCommand) command = child_command ("patterns", "1000000", NULL);
  g_autoptr(ProctorSubprocessTransport) transport = NULL;
  gboolean held[3] = { FALSE };

  log_init (&log);
  log.seeds[1] = 1;
  log.seeds[2] = 2;
  log.hook = pause_hook;
  log.hook_data = held;
  transport = open_or_abort (command, &log);
  while (!log.lost)
    {
      for (int fd = 1; fd <= 2; fd++)
        {
          if (held[fd])
            proctor_read_transport_resume_reading (get_output (transport, fd));
          held[fd] = FALSE;
        }
      g_main_context_iteration (log.context, TRUE);
    }
  g_assert_cmpuint (log.received[1], ==, 1000000);
  g_assert_cmpuint (log.received[2], ==, 1000000);
}

static int stop_flickering; /* atomic */

static gpointer
flicker (gpointer data)
{
  while (!g_atomic_int_get (&stop_flickering))
    {
      proctor_read_transport_pause_reading (data);
      g_thread_yield ();
      proctor_read_transport_resume_reading (data);
    }
  return NULL;
}

/* Two threads at once; afterwards it reads. */
static void
test_pause_from_other_threads (void)
{
  Pumped pumped = { 0 };
  GThread *threads[2];
  gsize received;

  g_atomic_int_set (&stop_flickering, FALSE);
  pumped_start (&pumped, PROCTOR_STDIO_PIPE);
  for (guint i = 0; i < G_N_ELEMENTS (threads); i++)
    threads[i] = g_thread_new ("flicker", flicker, pumped.out);
  iterate_for (&pumped.log, (GTimeSpan) scaled (200) * G_TIME_SPAN_MILLISECOND);
  g_atomic_int_set (&stop_flickering, TRUE);
  for (guint i = 0; i < G_N_ELEMENTS (threads); i++)
    g_thread_join (threads[i]);

  g_assert_true (proctor_read_transport_is_reading (pumped.out));
  received = pumped.log.received[1];
  AWAIT (&pumped.log, pumped.log.received[1] > received + MIB);
  pumped_end (&pumped);
}

/* ---- what callbacks do */

/* In every callback a main loop runs in which all the others come, if they may. */
static void
nested_hook (Log      *self,
             Recorder *recorder,
             Event     event,
             int       fd)
{
  Event wanted = GPOINTER_TO_INT (self->hook_data);

  if (event != wanted)
    return;
  self->hook = NULL;
  iterate_for (self, 50 * G_TIME_SPAN_MILLISECOND);
}

static void
test_nested_loops (void)
{
  const Event events[] = { EVENT_MADE, EVENT_DATA, EVENT_PIPE_LOST, EVENT_EXITED, EVENT_LOST };

  for (guint i = 0; i < G_N_ELEMENTS (events); i++)
    {
      g_auto(Log) log = { 0 };
      g_autoptr(ProctorCommand) command = child_command ("say", "out", "err", NULL);

      log_init (&log);
      log.hook = nested_hook;
      log.hook_data = GINT_TO_POINTER (events[i]);
      g_object_unref (open_or_abort (command, &log));
      AWAIT (&log, log.lost);
      g_assert_cmpuint (log.text->len, ==, strlen ("m12ABCxl"));
      assert_data (&log, 1, "out");
      assert_data (&log, 2, "err");
    }
}

static void
shut_hook (Log      *self,
           Recorder *recorder,
           Event     event,
           int       fd)
{
  if (event == (Event) GPOINTER_TO_INT (self->hook_data))
    proctor_subprocess_transport_shut (PROCTOR_SUBPROCESS_TRANSPORT (self->transport));
}

static void
test_shut_in_callbacks (void)
{
  const Event events[] = {
    EVENT_MADE, EVENT_DATA, EVENT_PIPE_LOST, EVENT_EXITED, EVENT_LOST, EVENT_PAUSE,
  };

  for (guint i = 0; i < G_N_ELEMENTS (events); i++)
    {
      g_auto(Log) log = { 0 };
      g_autoptr(ProctorCommand) command = child_command ("cat", NULL);
      g_autoptr(ProctorSubprocessTransport) transport = NULL;

      log_init (&log);
      log.hook = shut_hook;
      log.hook_data = GINT_TO_POINTER (events[i]);
      transport = open_or_abort (command, &log);
      write_pattern (get_stdin (transport), MIB, 0);
      if (events[i] > EVENT_DATA)
        proctor_write_transport_write_eof (get_stdin (transport));
      AWAIT (&log, log.lost);
      g_clear_object (&transport);
      assert_all_bytes_back ();
    }
}

static void
chain_hook (Log      *self,
            Recorder *recorder,
            Event     event,
            int       fd)
{
  guint *n_left = self->hook_data;
  g_autoptr(ProctorCommand) command = NULL;
  g_autoptr(ProctorSubprocessTransport) transport = NULL;
  g_autoptr(Recorder) next = NULL;
  g_autoptr(GError) error = NULL;

  if (event != EVENT_LOST || *n_left == 0)
    return;

  --*n_left;
  self->made = self->lost = self->exited = FALSE;
  for (guint i = 0; i < 3; i++)
    self->pipe_lost[i] = FALSE;
  self->transport = NULL;
  command = child_command ("echo", "again", NULL);
  next = recorder_new (self);
  transport = proctor_command_open_transport (command, PROCTOR_SUBPROCESS_PROTOCOL (next), NULL,
                                              &error);
  g_assert_no_error (error);
}

static void
test_spawn_in_callback (void)
{
  g_auto(Log) log = { 0 };
  g_autoptr(ProctorCommand) command = child_command ("echo", "once", NULL);
  g_autoptr(Recorder) recorder = recorder_new (&log);
  g_autoptr(ProctorSubprocessTransport) transport = NULL;
  g_autoptr(GError) error = NULL;
  guint n_left = scaled (20);

  log_init (&log);
  log.hook = chain_hook;
  log.hook_data = &n_left;
  /* Not open_or_abort(): by the time the first is handed over the log may be another one's. */
  transport = way_open (command, recorder, NULL, &error);
  g_assert_no_error (error);
  AWAIT (&log, log.lost && n_left == 0);
  g_assert_true (g_str_has_prefix ((char *) log.data[1]->data, "once\nagain\n"));
}

/* ---- contexts */

/* The context is thread-default at the call only, and nobody says so while it is iterated. */
static void
test_context_of_the_call (void)
{
  g_autoptr(GMainContext) context = g_main_context_new ();
  g_auto(Log) log = { 0 };
  g_autoptr(ProctorCommand) command = child_command ("say", "out", "err", NULL);
  g_autoptr(Recorder) recorder = NULL;
  g_autoptr(ProctorSubprocessTransport) transport = NULL;
  g_autoptr(GError) error = NULL;
  GAsyncResult *result = NULL;
  Reply reply;

  g_main_context_push_thread_default (context);
  log_init (&log);
  reply_init (&reply);
  recorder = recorder_new (&log);
  proctor_command_open_transport_async (command, PROCTOR_SUBPROCESS_PROTOCOL (recorder), NULL,
                                        reply_arrived, &reply);
  g_main_context_pop_thread_default (context);

  result = reply_wait (&reply);
  transport = proctor_command_open_transport_finish (command, result, &error);
  g_assert_no_error (error);
  while (!log.lost)
    {
      /* The main watcher's. */
      g_main_context_iteration (NULL, FALSE);
      g_main_context_iteration (context, FALSE);
    }
  assert_data (&log, 1, "out");
  reply_clear (&reply);
}

static gpointer
open_in_thread (gpointer data)
{
  Log *log = data;

  for (guint i = 0; i < 50; i++)
    {
      g_autoptr(ProctorCommand) command = child_command ("exit", NULL);
      g_autoptr(Recorder) recorder = recorder_new (&log[i]);
      g_autoptr(ProctorSubprocessTransport) transport = NULL;
      g_autoptr(GError) error = NULL;

      transport = proctor_command_open_transport (command, PROCTOR_SUBPROCESS_PROTOCOL (recorder),
                                                  NULL, &error);
      g_assert_no_error (error);
    }
  return NULL;
}

/* A thread without a context of its own has the main thread's, where everything is told. */
static void
test_thread_without_context (void)
{
  Log logs[50];
  GThread *thread;

  for (guint i = 0; i < G_N_ELEMENTS (logs); i++)
    log_init (&logs[i]);
  thread = g_thread_new ("opener", open_in_thread, logs);
  for (guint i = 0; i < G_N_ELEMENTS (logs); i++)
    {
      AWAIT (&logs[i], logs[i].lost);
      g_assert_cmpuint (logs[i].text->len, ==, strlen ("mABCxl"));
    }
  g_thread_join (thread);
  for (guint i = 0; i < G_N_ELEMENTS (logs); i++)
    log_clear (&logs[i]);
}

int
main (int    argc,
      char **argv)
{
  static const ApiTest tests[] = {
    { "pause", test_pause, TWO_WAYS },
    { "pause-in-callback", test_pause_in_callback, TWO_WAYS },
    { "pause-from-other-threads", test_pause_from_other_threads, TWO_WAYS },
    { "nested-loops", test_nested_loops, ALL_WAYS },
    { "shut-in-callbacks", test_shut_in_callbacks, ALL_WAYS },
    { "spawn-in-callback", test_spawn_in_callback, ALL_WAYS },
    { "context-of-the-call", test_context_of_the_call, ONE_WAY },
    { "thread-without-context", test_thread_without_context, ONE_WAY },
  };

  return RUN_API_TESTS (argc, argv, "transport-callbacks", tests);
}
