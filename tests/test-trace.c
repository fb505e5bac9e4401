/* Recording: the rings, what is lost and that it is counted, forked copies, files that cannot be
 * written, and the steps of processes that no program of ours makes by itself.
 *
 * SPDX-License-Identifier: LGPL-2.1-or-later
 */

#include "config.h"

#include <fcntl.h>
#include <signal.h>
#include <sys/file.h>

#include <glib/gstdio.h>

#include <proctor/proctor.h>

#include "test-leaks.h"
#include "trace/trace-rings.h"
#include "trace/trace-session.h"
#include "trace/trace-step.h"
#include "trace/trace.h"

#define N_THREADS 8
#define DEADLINE (30 * G_TIME_SPAN_SECOND)

static const char *child_path;

typedef struct
{
  char *folder;
  char *path;
} Fixture;

static void
set_up (Fixture       *fixture,
        gconstpointer  data)
{
  g_autoptr(GError) error = NULL;

  deadline_start (g_test_get_path (), TEST_DEADLINE_SECONDS);
  fixture->folder = g_dir_make_tmp ("proctor-trace-XXXXXX", &error);
  g_assert_no_error (error);
  fixture->path = g_build_filename (fixture->folder, "trace", NULL);
}

static void
tear_down (Fixture       *fixture,
           gconstpointer  data)
{
  g_remove (fixture->path);
  g_assert_cmpint (g_rmdir (fixture->folder), ==, 0);
  g_free (fixture->folder);
  g_free (fixture->path);
  alarm (0);
}

static char *
read_trace (Fixture *fixture)
{
  g_autoptr(GError) error = NULL;
  char *content = NULL;

  g_file_get_contents (fixture->path, &content, NULL, &error);
  g_assert_no_error (error);
  return content;
}

static void
start (Fixture            *fixture,
       ProctorTraceFormat  format)
{
  g_autoptr(GError) error = NULL;

  proctor_trace_start (fixture->path, format, &error);
  g_assert_no_error (error);
}

static void
stop (void)
{
  g_autoptr(GError) error = NULL;

  proctor_trace_stop (&error);
  g_assert_no_error (error);
}

/* Until the trace, which is text, has it. */
static void
await (Fixture    *fixture,
       const char *part)
{
  gint64 deadline = g_get_monotonic_time () + DEADLINE;

  for (;;)
    {
      g_autofree char *content = NULL;

      trace_session_drain ();
      content = read_trace (fixture);
      if (strstr (content, part) != NULL)
        return;
      if (g_get_monotonic_time () > deadline)
        g_error ("“%s” is not in: %s", part, content);
      g_usleep (1000);
    }
}

/* ---- rings */

static void
test_ring_keeps_order_and_text (void)
{
  g_autofree TraceRing *ring = trace_ring_new (1);
  char text[TRACE_TEXT_SIZE + 1];
  TraceRecord record;

  /* Several times round, with texts that lie across the end. */
  for (guint i = 0; i < 5 * TRACE_RING_SLOTS; i++)
    {
      g_autofree char *wanted = g_strnfill (i % TRACE_TEXT_SIZE, (char) ('a' + i % 26));

      g_assert_true (trace_ring_push (ring, &(TraceRecord) { .value = i, .step = TRACE_COMMAND },
                                      wanted));
      g_assert_true (trace_ring_pop (ring, &record, text));
      g_assert_cmpint (record.value, ==, i);
      g_assert_cmpstr (text, ==, wanted);
      g_assert_false (trace_ring_pop (ring, &record, text));
    }
}

static void
test_ring_cuts_text_between_characters (void)
{
  g_autofree TraceRing *ring = trace_ring_new (1);
  g_autoptr(GString) longer = g_string_new ("x");
  char text[TRACE_TEXT_SIZE + 1];
  TraceRecord record;

  while (longer->len <= TRACE_TEXT_SIZE)
    g_string_append (longer, "ä");
  trace_ring_push (ring, &(TraceRecord) { .step = TRACE_COMMAND }, longer->str);
  g_assert_true (trace_ring_pop (ring, &record, text));
  g_assert_true (g_utf8_validate (text, -1, NULL));
  g_assert_cmpuint (strlen (text), ==, TRACE_TEXT_SIZE - 1);
}

/* The count stands where the records would have stood. */
static void
test_full_ring_counts_lost (void)
{
  g_autofree TraceRing *ring = trace_ring_new (1);
  char text[TRACE_TEXT_SIZE + 1];
  TraceRecord record;
  guint n = 0;

  for (guint i = 0; i < TRACE_RING_SLOTS; i++)
    g_assert_true (trace_ring_push (ring, &(TraceRecord) { .value = i }, NULL));
  for (guint i = 0; i < 3; i++)
    g_assert_false (trace_ring_push (ring, &(TraceRecord) { .value = -1 }, NULL));
  /* There must be room for the count, too. */
  g_assert_true (trace_ring_pop (ring, &record, text));
  g_assert_false (trace_ring_push (ring, &(TraceRecord) { .value = -1 }, NULL));
  g_assert_true (trace_ring_pop (ring, &record, text));
  g_assert_true (trace_ring_push (ring, &(TraceRecord) { .value = 77 }, NULL));

  while (n < TRACE_RING_SLOTS - 2 && trace_ring_pop (ring, &record, text))
    n++;
  g_assert_cmpuint (n, ==, TRACE_RING_SLOTS - 2);
  g_assert_true (trace_ring_pop (ring, &record, text));
  g_assert_cmpint (record.step, ==, TRACE_LOST);
  g_assert_cmpint (record.value, ==, 4);
  g_assert_true (trace_ring_pop (ring, &record, text));
  g_assert_cmpint (record.value, ==, 77);
  g_assert_false (trace_ring_pop (ring, &record, text));
}

typedef struct
{
  TraceRing *ring;
  guint n_records;
} RingProducer;

static gpointer
produce (gpointer data)
{
  RingProducer *self = data;

  for (guint i = 1; i <= self->n_records; i++)
    trace_ring_push (self->ring, &(TraceRecord) { .value = i, .step = TRACE_SIGNAL }, NULL);
  return NULL;
}

/* Each record comes once and in order, or is in a count at its place. */
static void
test_ring_between_threads (void)
{
  g_autofree TraceRing *ring = trace_ring_new (1);
  RingProducer producer = { ring, 2000 * 1000 * test_scale () + 1000 };
  GThread *thread = g_thread_new ("producer", produce, &producer);
  char text[TRACE_TEXT_SIZE + 1];
  TraceRecord record;
  gint64 seen = 0;

  while (seen + (gint64) atomic_load (&ring->n_lost) < producer.n_records)
    {
      if (!trace_ring_pop (ring, &record, text))
        g_thread_yield ();
      else if (record.step == TRACE_LOST)
        seen += record.value;
      else
        g_assert_cmpint (record.value, ==, ++seen);
    }
  g_thread_join (thread);
  while (trace_ring_pop (ring, &record, text))
    seen += record.step == TRACE_LOST ? record.value : 1;
  g_assert_cmpint (seen + (gint64) atomic_load (&ring->n_lost), ==, producer.n_records);
}

/* ---- recording */

static gpointer
record_many (gpointer data)
{
  for (guint i = 0; i < GPOINTER_TO_UINT (data); i++)
    trace_step (TRACE_SIGNAL, 0, SIGURG);
  return NULL;
}

static guint
count_lines_with (const char *content,
                  const char *part)
{
  const char *end = content + strlen (content);
  const gsize length = strlen (part);
  guint n = 0;

  /* Not strstr(), with which ThreadSanitizer looks at all the rest each time. */
  while ((content = g_strstr_len (content, end - content, part)) != NULL)
    {
      content += length;
      n++;
    }
  return n;
}

/* Threads record faster than a file can be written, and end. */
static void
test_every_record_is_there_or_counted (Fixture       *fixture,
                                       gconstpointer  data)
{
  const guint n_records = 100 * 1000 * test_scale () + 100;
  g_autofree char *content = NULL;
  GThread *threads[N_THREADS];
  guint64 n_lost;

  start (fixture, PROCTOR_TRACE_FORMAT_TEXT);
  for (guint i = 0; i < N_THREADS; i++)
    threads[i] = g_thread_new ("recorder", record_many, GUINT_TO_POINTER (n_records));
  for (guint i = 0; i < N_THREADS; i++)
    g_thread_join (threads[i]);
  trace_session_drain ();
  n_lost = trace_session_count_lost ();
  stop ();

  content = read_trace (fixture);
  g_test_message ("%" G_GUINT64_FORMAT " lost", n_lost);
  g_assert_cmpuint (count_lines_with (content, "SIGURG") + n_lost, ==, N_THREADS * n_records);
  g_assert_cmpint (n_lost > 0, ==, strstr (content, "lost") != NULL);
}

static void
test_rings_of_ended_threads_go (Fixture       *fixture,
                                gconstpointer  data)
{
  guint n_rings;

  start (fixture, PROCTOR_TRACE_FORMAT_TEXT);
  trace_step (TRACE_SIGNAL, 0, SIGURG);
  trace_session_drain ();
  n_rings = trace_rings_count ();
  for (guint i = 0; i < 100; i++)
    g_thread_join (g_thread_new ("recorder", record_many, GUINT_TO_POINTER (1)));
  trace_session_drain ();
  g_assert_cmpuint (trace_rings_count (), ==, n_rings);
  stop ();
}

static void
test_off_records_nothing (Fixture       *fixture,
                          gconstpointer  data)
{
  g_autofree char *content = NULL;

  trace_step (TRACE_SIGNAL, 0, SIGUSR1);
  g_assert_cmpuint (trace_send (TRACE_MESSAGE_SENT, 0), ==, 0);
  start (fixture, PROCTOR_TRACE_FORMAT_TEXT);
  stop ();
  trace_step (TRACE_SIGNAL, 0, SIGUSR2);
  start (fixture, PROCTOR_TRACE_FORMAT_TEXT);
  stop ();
  content = read_trace (fixture);
  g_assert_cmpstr (content, ==, "");
}

/* Also at its end, by exit(). */
static void
test_forked_copy_writes_nothing (Fixture       *fixture,
                                 gconstpointer  data)
{
  g_autofree char *content = NULL;
  g_autoptr(GError) error = NULL;
  int status;
  pid_t pid;

  start (fixture, PROCTOR_TRACE_FORMAT_TEXT);
  trace_step (TRACE_SIGNAL, 0, SIGUSR1);
  pid = fork ();
  if (pid == 0)
    {
      trace_step (TRACE_SIGNAL, 0, SIGUSR2);
      if (proctor_trace_stop (&error) || error->code != PROCTOR_ERROR_FORKED)
        _exit (1);
      exit (0);
    }
  g_assert_cmpint (waitpid (pid, &status, 0), ==, pid);
  g_assert_cmpint (status, ==, 0);
  trace_step (TRACE_SIGNAL, 0, SIGURG);
  stop ();

  content = read_trace (fixture);
  g_assert_cmpuint (count_lines_with (content, "SIGUSR1"), ==, 1);
  g_assert_cmpuint (count_lines_with (content, "SIGUSR2"), ==, 0);
  g_assert_cmpuint (count_lines_with (content, "SIGURG"), ==, 1);
}

/* ---- files */

static void
test_twice_is_refused (Fixture       *fixture,
                       gconstpointer  data)
{
  g_autoptr(GError) error = NULL;

  start (fixture, PROCTOR_TRACE_FORMAT_TEXT);
  g_assert_false (proctor_trace_start (fixture->path, PROCTOR_TRACE_FORMAT_TEXT, &error));
  g_assert_error (error, G_IO_ERROR, G_IO_ERROR_PENDING);
  stop ();
  stop ();
}

static void
test_cannot_open (Fixture       *fixture,
                  gconstpointer  data)
{
  g_autofree char *path = g_build_filename (fixture->folder, "none", "trace", NULL);
  g_autoptr(GError) error = NULL;
  Leaks before;

  leaks_take (&before);
  g_assert_false (proctor_trace_start (path, PROCTOR_TRACE_FORMAT_AUTO, &error));
  g_assert_error (error, G_IO_ERROR, G_IO_ERROR_NOT_FOUND);
  g_assert_nonnull (strstr (error->message, path));
  leaks_check (&before);
}

static void
test_another_program_writes_it (Fixture       *fixture,
                                gconstpointer  data)
{
  int fd = open (fixture->path, O_WRONLY | O_CREAT | O_CLOEXEC, 0600);
  g_autofree char *content = NULL;
  g_autoptr(GError) error = NULL;
  Leaks before;

  g_assert_cmpint (write (fd, "theirs", 6), ==, 6);
  g_assert_cmpint (flock (fd, LOCK_EX), ==, 0);
  leaks_take (&before);
  g_assert_false (proctor_trace_start (fixture->path, PROCTOR_TRACE_FORMAT_TEXT, &error));
  g_assert_error (error, G_IO_ERROR, G_IO_ERROR_BUSY);
  leaks_check (&before);
  content = read_trace (fixture);
  g_assert_cmpstr (content, ==, "theirs");
  close (fd);
}

static void
test_disk_full (void)
{
  g_autoptr(GError) error = NULL;
  Leaks before;

  if (!g_file_test ("/dev/full", G_FILE_TEST_EXISTS))
    {
      g_test_skip ("no /dev/full");
      return;
    }

  leaks_take (&before);
  g_assert_true (proctor_trace_start ("/dev/full", PROCTOR_TRACE_FORMAT_TEXT, &error));
  trace_step (TRACE_SIGNAL, 0, SIGURG);
  g_assert_false (proctor_trace_stop (&error));
  g_assert_error (error, G_IO_ERROR, G_IO_ERROR_NO_SPACE);
  leaks_check (&before);
}

/* A pipe whose reader has gone is an error, and no SIGPIPE. */
static void
test_reader_gone (Fixture       *fixture,
                  gconstpointer  data)
{
  g_autoptr(GError) error = NULL;
  int reader;

  g_assert_cmpint (mkfifo (fixture->path, 0600), ==, 0);
  reader = open (fixture->path, O_RDONLY | O_NONBLOCK | O_CLOEXEC);
  start (fixture, PROCTOR_TRACE_FORMAT_TEXT);
  close (reader);
  trace_step (TRACE_SIGNAL, 0, SIGURG);
  g_assert_false (proctor_trace_stop (&error));
  g_assert_error (error, G_IO_ERROR, G_IO_ERROR_BROKEN_PIPE);
}

/* ---- records */

/* What has no name of its own in the C library has one as well. */
static void
test_record_names_signals (void)
{
  const TraceRecord sent = { .step = TRACE_SIGNAL, .value = SIGRTMIN + 3 };
  const TraceRecord ended_by_it = { .step = TRACE_REAPED, .value = SIGRTMIN + 3 };
  g_autofree char *signal_text = trace_record_describe (&sent, NULL);
  g_autofree char *status_text = trace_record_describe (&ended_by_it, NULL);

  g_assert_cmpstr (signal_text, ==, "SIGRTMIN+3");
  g_assert_cmpstr (status_text, ==, "SIGRTMIN+3");
}

/* ---- processes */

/* What is not read pauses the pipe, and a read lets it flow; a signal tells its thread. */
static void
test_pause_resume_signal (Fixture       *fixture,
                          gconstpointer  data)
{
  g_autoptr(ProctorCommand) command =
    proctor_command_new (child_path, "flood", "4000000", "0", NULL);
  g_autoptr(ProctorProcess) process = NULL;
  g_autoptr(GBytes) bytes = NULL;
  g_autoptr(GError) error = NULL;

  start (fixture, PROCTOR_TRACE_FORMAT_TEXT);
  proctor_command_set_stdout (command, PROCTOR_STDIO_PIPE);
  process = proctor_command_spawn (command, NULL, &error);
  g_assert_no_error (error);
  await (fixture, "paused         stdout");

  bytes = proctor_stream_reader_read_exactly (proctor_process_get_stdout (process), 500000, NULL,
                                              &error);
  g_assert_no_error (error);
  await (fixture, "resumed        stdout");

  proctor_process_kill (process, &error);
  g_assert_no_error (error);
  proctor_process_wait (process, NULL, NULL, &error);
  g_assert_no_error (error);
  await (fixture, "signal         SIGKILL");
  await (fixture, "reaped         SIGKILL");
  stop ();
}

/* The thread that writes is not left behind, what there is is written, and a new service goes on.
 */
static void
test_shutdown (Fixture       *fixture,
               gconstpointer  data)
{
  g_autoptr(ProctorCommand) command = proctor_command_new ("true", NULL);
  g_autofree char *content = NULL;
  g_autoptr(GError) error = NULL;
  Leaks before;

  proctor_shutdown (PROCTOR_SHUTDOWN_STOP, NULL, &error);
  g_assert_no_error (error);
  leaks_take (&before);
  before.n_fds++; /* the file */
  start (fixture, PROCTOR_TRACE_FORMAT_TEXT);
  for (guint i = 1; i <= 2; i++)
    {
      ProctorResult *result = proctor_command_run (command, NULL, NULL, &error);

      g_assert_no_error (error);
      g_object_unref (result);
      proctor_shutdown (PROCTOR_SHUTDOWN_STOP, NULL, &error);
      g_assert_no_error (error);
      leaks_check (&before);
      g_clear_pointer (&content, g_free);
      content = read_trace (fixture);
      g_assert_cmpuint (count_lines_with (content, "released"), ==, i);
    }
  stop ();
}

int
main (int    argc,
      char **argv)
{
  g_test_init (&argc, &argv, NULL);
  child_path = g_getenv ("PROCTOR_TEST_CHILD");
  /* What a variable of whoever runs the tests asks for would be in our way. */
  g_unsetenv ("PROCTOR_TRACE");

#define ADD(name, function) \
  g_test_add ("/trace/" name, Fixture, NULL, set_up, function, tear_down)
  g_test_add_func ("/trace/ring/order-and-text", test_ring_keeps_order_and_text);
  g_test_add_func ("/trace/ring/cut-text", test_ring_cuts_text_between_characters);
  g_test_add_func ("/trace/ring/full", test_full_ring_counts_lost);
  g_test_add_func ("/trace/ring/threads", test_ring_between_threads);
  g_test_add_func ("/trace/record/signals", test_record_names_signals);
  ADD ("every-record", test_every_record_is_there_or_counted);
  ADD ("ended-threads", test_rings_of_ended_threads_go);
  ADD ("off", test_off_records_nothing);
  ADD ("forked-copy", test_forked_copy_writes_nothing);
  ADD ("twice", test_twice_is_refused);
  ADD ("cannot-open", test_cannot_open);
  ADD ("another-program", test_another_program_writes_it);
  g_test_add_func ("/trace/disk-full", test_disk_full);
  ADD ("reader-gone", test_reader_gone);
  ADD ("pause-resume-signal", test_pause_resume_signal);
  ADD ("shutdown", test_shutdown);
#undef ADD

  return g_test_run ();
}
