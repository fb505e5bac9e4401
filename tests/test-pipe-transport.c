/* Pipes of the user's own, read and written in the background.
 *
 * SPDX-License-Identifier: LGPL-2.1-or-later
 */

#include "config.h"

#include "pipe-transport-testing.h"

/* ---- two connected ends: what is written to the second can be read from the first */

static gboolean
is_open (int fd)
{
  return fcntl (fd, F_GETFD) >= 0;
}

/* Makes a file with this number, and says which one it is. */
static ino_t
occupy (int fd)
{
  struct stat status;
  int temporary;

  g_assert_false (is_open (fd));
  temporary = open ("/", O_PATH | O_CLOEXEC);
  if (temporary != fd)
    {
      g_assert_cmpint (dup3 (temporary, fd, O_CLOEXEC), ==, fd);
      close (temporary);
    }
  g_assert_cmpint (fstat (fd, &status), ==, 0);
  return status.st_ino;
}

/* Nobody has closed it in the meantime. */
static void
vacate (int   fd,
        ino_t expected)
{
  struct stat status;

  g_assert_cmpint (fstat (fd, &status), ==, 0);
  g_assert_cmpuint (status.st_ino, ==, expected);
  g_assert_cmpint (close (fd), ==, 0);
}

static void
test_read (void)
{
  for (Kind kind = 0; kind < N_KINDS; kind++)
    {
      g_auto(Log) log = { 0 };
      g_autoptr(ProctorReadTransport) transport = NULL;
      int ends[2];
      ino_t other;

      make_ends (kind, ends);
      log_init (&log);
      transport = connect_read_or_abort (ends[0], &log);
      g_assert_cmpint (proctor_read_transport_get_fd (transport), ==, ends[0]);
      g_assert_true ((fcntl (ends[0], F_GETFL) & O_NONBLOCK) != 0);
      g_assert_true (proctor_read_transport_is_reading (transport));
      put (ends[1], "hello ");
      AWAIT (&log, log.received[0] == 6);
      put (ends[1], "there");
      AWAIT (&log, log.received[0] == 11);
      g_assert_cmpmem (log.data[0]->data, log.data[0]->len, "hello there", 11);
      close (ends[1]);
      AWAIT (&log, log.lost);
      if (kind == KIND_TERMINAL)
        {
          /* There is no end of a terminal. */
          g_assert_cmpstr (log.text->str, ==, "mdl");
          g_assert_nonnull (log.error);
        }
      else if (kind == KIND_TYPED && log.error != NULL)
        {
          /* A program that looks while its master is being closed gets EIO, and later the end. */
          g_assert_cmpstr (log.text->str, ==, "mdl");
        }
      else
        {
          g_assert_cmpstr (log.text->str, ==, "mdel");
          g_assert_no_error (log.error);
        }
      g_assert_true (proctor_read_transport_is_closing (transport));
      g_assert_false (proctor_read_transport_is_reading (transport));
      g_assert_cmpint (proctor_read_transport_get_fd (transport), ==, -1);

      /* All of it is allowed still, and does nothing. */
      other = occupy (ends[0]);
      for (guint i = 0; i < 2; i++)
        proctor_read_transport_pause_reading (transport);
      for (guint i = 0; i < 2; i++)
        proctor_read_transport_resume_reading (transport);
      g_assert_false (proctor_read_transport_is_reading (transport));
      proctor_read_transport_shut (transport);
      g_clear_object (&transport);
      iterate_for (&log, 2 * G_TIME_SPAN_MILLISECOND);
      vacate (ends[0], other);
    }
}

static void
test_write (void)
{
  for (Kind kind = 0; kind < N_KINDS; kind++)
    {
      g_auto(Log) log = { 0 };
      g_autoptr(ProctorWriteTransport) transport = NULL;
      char buffer[32];
      int ends[2];
      ino_t other;

      make_ends (kind, ends);
      log_init (&log);
      transport = connect_write_or_abort (ends[1], &log);
      g_assert_cmpint (proctor_write_transport_get_fd (transport), ==, ends[1]);
      g_assert_true ((fcntl (ends[1], F_GETFL) & O_NONBLOCK) != 0);
      write_text (transport, "hello");
      g_assert_cmpint (read (ends[0], buffer, sizeof buffer), ==, 5);
      write_text (transport, " there");
      /* A terminal that hangs up takes with it what was typed. */
      if (kind == KIND_TYPED)
        g_assert_cmpint (read (ends[0], buffer, sizeof buffer), ==, 6);
      proctor_write_transport_shut (transport);
      g_assert_true (proctor_write_transport_is_closing (transport));
      AWAIT (&log, log.lost);
      if (kind != KIND_TYPED)
        g_assert_cmpint (read (ends[0], buffer, sizeof buffer), ==, 6);
      g_assert_cmpmem (buffer, 6, " there", 6);
      g_assert_cmpstr (log.text->str, ==, "ml");
      g_assert_no_error (log.error);
      g_assert_cmpint (proctor_write_transport_get_fd (transport), ==, -1);

      other = occupy (ends[1]);
      write_text (transport, "too late");
      proctor_write_transport_write_eof (transport);
      proctor_write_transport_set_write_buffer_limits (transport, 0, 0);
      g_assert_cmpuint (proctor_write_transport_get_write_buffer_size (transport), ==, 0);
      proctor_write_transport_shut (transport);
      proctor_write_transport_abort (transport);
      g_clear_object (&transport);
      iterate_for (&log, 2 * G_TIME_SPAN_MILLISECOND);
      vacate (ends[1], other);
      close (ends[0]);
    }
}

/* ---- what cannot be connected */

static void
assert_refused (int           fd,
                GCancellable *cancellable,
                int           code)
{
  g_auto(Log) log = { 0 };
  Recorder *recorder;

  log_init (&log);
  recorder = recorder_new (&log);
  for (guint i = 0; i < 2; i++)
    {
      g_autoptr(GError) error = NULL;
      int copy = is_open (fd) ? fcntl (fd, F_DUPFD_CLOEXEC, 3) : fd;

      if (i == 0)
        g_assert_null (way_connect_read (copy, recorder, cancellable, &error));
      else
        g_assert_null (way_connect_write (copy, recorder, cancellable, &error));
      g_assert_error (error, G_IO_ERROR, code);
      g_assert_false (is_open (copy));
    }
  g_assert_false (log.made);
  g_assert_cmpuint (G_OBJECT (recorder)->ref_count, ==, 1);
  g_object_unref (recorder);
}

static void
test_refused (void)
{
  g_autofree char *path = work_file ("file", "content");
  int file = open (path, O_RDWR | O_CLOEXEC);
  int directory = open ("/", O_RDONLY | O_DIRECTORY | O_CLOEXEC);
  int closed = dup (file);

  close (closed);
  assert_refused (file, NULL, G_IO_ERROR_NOT_SUPPORTED);
  assert_refused (directory, NULL, G_IO_ERROR_NOT_SUPPORTED);
  assert_refused (closed, NULL, g_io_error_from_errno (EBADF));
  assert_refused (-1, NULL, g_io_error_from_errno (EBADF));
  close (file);
  close (directory);
}

/* Nobody can say when there is something in them. */
static void
test_refused_devices (void)
{
  const char *paths[] = { "/dev/null", "/dev/zero", "/dev/full" };

  for (guint i = 0; i < G_N_ELEMENTS (paths); i++)
    {
      int device = open (paths[i], O_RDWR | O_CLOEXEC);

      g_assert_cmpint (device, >=, 0);
      assert_refused (device, NULL, G_IO_ERROR_NOT_SUPPORTED);
      close (device);
    }
}

static void
test_wrong_end (void)
{
  g_auto(Log) log = { 0 };
  g_autoptr(Recorder) recorder = NULL;
  g_autoptr(GError) error = NULL;
  int ends[2];

  make_ends (KIND_PIPE, ends);
  log_init (&log);
  recorder = recorder_new (&log);
  g_assert_null (way_connect_read (ends[1], recorder, NULL, &error));
  g_assert_error (error, G_IO_ERROR, G_IO_ERROR_INVALID_ARGUMENT);
  g_clear_error (&error);
  g_assert_null (way_connect_write (ends[0], recorder, NULL, &error));
  g_assert_error (error, G_IO_ERROR, G_IO_ERROR_INVALID_ARGUMENT);
  g_assert_false (is_open (ends[0]) || is_open (ends[1]));
  g_assert_false (log.made);
}

/* The copy has no part in the pipes that are connected, and connects none; what it is given it
 * closes, as ever.
 */
static void
test_forked_copy (void)
{
  g_auto(Log) log = { 0 };
  g_auto(Log) writer_log = { 0 };
  g_autoptr(ProctorReadTransport) reader = NULL;
  g_autoptr(ProctorWriteTransport) writer = NULL;
  int ends[2];
  int spare[2];
  int status;
  pid_t pid;

  make_ends (KIND_PIPE, ends);
  make_ends (KIND_PIPE, spare);
  log_init (&log);
  log_init (&writer_log);
  reader = connect_read_or_abort (ends[0], &log);
  writer = connect_write_or_abort (ends[1], &writer_log);
  pid = fork ();
  if (pid == 0)
    {
      Recorder *recorder = recorder_new (&log);
      GError *error = NULL;
      gboolean refused;

      refused = way_connect_read (spare[0], recorder, NULL, &error) == NULL &&
                g_error_matches (error, PROCTOR_ERROR, PROCTOR_ERROR_FORKED);
      g_clear_error (&error);
      refused = refused && way_connect_write (spare[1], recorder, NULL, &error) == NULL &&
                g_error_matches (error, PROCTOR_ERROR, PROCTOR_ERROR_FORKED);
      write_text (writer, "not sent");
      proctor_write_transport_write_eof (writer);
      proctor_write_transport_abort (writer);
      proctor_read_transport_pause_reading (reader);
      proctor_read_transport_shut (reader);
      /* An end in which no tool that looks for leaks has a say. */
      if (refused && !is_open (spare[0]) && !is_open (spare[1]) && is_open (ends[0]) &&
          is_open (ends[1]))
        kill (getpid (), SIGKILL);
      _exit (1);
    }
  g_assert_cmpint (waitpid (pid, &status, 0), ==, pid);
  g_assert_true (WIFSIGNALED (status) && WTERMSIG (status) == SIGKILL);

  g_assert_true (is_open (spare[0]) && is_open (spare[1]));
  close (spare[0]);
  close (spare[1]);
  write_text (writer, "sent");
  proctor_write_transport_shut (writer);
  AWAIT (&log, log.lost && writer_log.lost);
  g_assert_cmpstr (log.text->str, ==, "mdel");
  g_assert_cmpmem (log.data[0]->data, log.data[0]->len, "sent", 4);
}

/* What is queued goes out in one call, whatever the number of its pieces: here that makes one
 * packet of them.
 */
static void
test_pieces_in_one_write (void)
{
  g_auto(Log) log = { 0 };
  g_autoptr(ProctorWriteTransport) transport = NULL;
  GBytes *pieces[] = {
    g_bytes_new_static ("one ", 4),
    g_bytes_new_static ("two ", 4),
    g_bytes_new_static ("three", 5),
  };
  char buffer[32];
  int ends[2];

  g_assert_no_errno (socketpair (AF_UNIX, SOCK_SEQPACKET | SOCK_CLOEXEC, 0, ends));
  log_init (&log);
  transport = connect_write_or_abort (ends[1], &log);
  proctor_write_transport_write_all (transport, pieces, G_N_ELEMENTS (pieces));
  for (guint i = 0; i < G_N_ELEMENTS (pieces); i++)
    g_bytes_unref (pieces[i]);
  proctor_write_transport_shut (transport);
  AWAIT (&log, log.lost);
  g_assert_cmpint (read (ends[0], buffer, sizeof buffer), ==, 13);
  g_assert_cmpmem (buffer, 13, "one two three", 13);
  close (ends[0]);
}

static void
test_cancelled (void)
{
  g_autoptr(GCancellable) cancellable = g_cancellable_new ();
  int ends[2];

  make_ends (KIND_PIPE, ends);
  g_cancellable_cancel (cancellable);
  assert_refused (ends[0], cancellable, G_IO_ERROR_CANCELLED);
  close (ends[0]);
  close (ends[1]);
}

/* Before the context has run. */
static void
test_cancelled_meanwhile (void)
{
  g_auto(Log) log = { 0 };
  g_auto(Reply) reply = { 0 };
  g_autoptr(GCancellable) cancellable = g_cancellable_new ();
  g_autoptr(GError) error = NULL;
  Recorder *recorder;
  int ends[2];

  make_ends (KIND_PIPE, ends);
  log_init (&log);
  reply_init (&reply);
  recorder = recorder_new (&log);
  proctor_connect_read_pipe_async (ends[0], PROCTOR_PIPE_PROTOCOL (recorder), cancellable,
                                   reply_arrived, &reply);
  g_cancellable_cancel (cancellable);
  g_assert_null (proctor_connect_read_pipe_finish (reply_wait (&reply), &error));
  g_assert_error (error, G_IO_ERROR, G_IO_ERROR_CANCELLED);
  reply_clear (&reply);
  g_assert_false (is_open (ends[0]));
  g_assert_false (log.made);
  g_assert_cmpuint (G_OBJECT (recorder)->ref_count, ==, 1);
  g_object_unref (recorder);
  close (ends[1]);
}

/* ---- the other end goes, or this one */

static void
test_reader_goes (void)
{
  for (Kind kind = 0; kind < N_KINDS; kind++)
    {
      g_auto(Log) log = { 0 };
      g_autoptr(ProctorWriteTransport) transport = NULL;
      int ends[2];

      make_ends (kind, ends);
      log_init (&log);
      transport = connect_write_or_abort (ends[1], &log);
      iterate_for (&log, 2 * G_TIME_SPAN_MILLISECOND);
      g_assert_false (log.lost);
      close (ends[0]);
      /* Without a write. */
      AWAIT (&log, log.lost);
      g_assert_no_error (log.error);
      g_assert_false (is_open (ends[1]));
    }
}

static void
test_reader_goes_with_data (void)
{
  for (Kind kind = 0; kind < N_KINDS; kind++)
    {
      g_auto(Log) log = { 0 };
      g_autoptr(ProctorWriteTransport) transport = NULL;
      int ends[2];

      make_ends (kind, ends);
      log_init (&log);
      transport = connect_write_or_abort (ends[1], &log);
      write_pattern (transport, MIB, 0);
      g_assert_true (log.paused);
      close (ends[0]);
      AWAIT (&log, log.lost);
      if (kind != KIND_TERMINAL && kind != KIND_TYPED)
        g_assert_error (log.error, G_IO_ERROR, G_IO_ERROR_BROKEN_PIPE);
      g_assert_nonnull (log.error);
      g_assert_cmpuint (proctor_write_transport_get_write_buffer_size (transport), ==, 0);
      write_pattern (transport, MIB, 0);
      g_clear_object (&transport);
      assert_all_bytes_back ();
    }
}

/* What was not read is dropped, and that is no end of file. */
static void
test_shut_of_reader (void)
{
  for (guint i = 0; i < 2 * N_KINDS; i++)
    {
      g_auto(Log) log = { 0 };
      g_autoptr(ProctorReadTransport) transport = NULL;
      int ends[2];

      make_ends (i / 2, ends);
      log_init (&log);
      transport = connect_read_or_abort (ends[0], &log);
      if (i % 2 == 1)
        {
          proctor_read_transport_pause_reading (transport);
          put (ends[1], "not wanted");
        }
      proctor_read_transport_shut (transport);
      g_assert_true (proctor_read_transport_is_closing (transport));
      g_assert_false (proctor_read_transport_is_reading (transport));
      AWAIT (&log, log.lost);
      g_assert_cmpstr (log.text->str, ==, "ml");
      g_assert_no_error (log.error);
      g_assert_false (is_open (ends[0]));
      close (ends[1]);
    }
}

static void
test_abort (void)
{
  for (Kind kind = 0; kind < N_KINDS; kind++)
    {
      g_auto(Log) log = { 0 };
      g_autoptr(ProctorWriteTransport) transport = NULL;
      int ends[2];

      make_ends (kind, ends);
      log_init (&log);
      transport = connect_write_or_abort (ends[1], &log);
      write_pattern (transport, MIB, 0);
      proctor_write_transport_abort (transport);
      AWAIT (&log, log.lost);
      g_assert_no_error (log.error);
      g_assert_false (is_open (ends[1]));
      close (ends[0]);
      g_clear_object (&transport);
      assert_all_bytes_back ();
    }
}

/* One that never ends, and one into which everything fits. */
static void
test_endless_device (void)
{
  g_auto(Log) log = { 0 };
  g_auto(Log) writer_log = { 0 };
  g_autoptr(ProctorReadTransport) reader = NULL;
  g_autoptr(ProctorWriteTransport) writer = NULL;
  int in = open ("/dev/random", O_RDONLY | O_CLOEXEC);
  int out = open ("/dev/random", O_WRONLY | O_CLOEXEC);

  if (in < 0 || out < 0)
    {
      g_test_skip ("/dev/random cannot be opened");
      g_assert_false (in >= 0 && close (in) < 0);
      g_assert_false (out >= 0 && close (out) < 0);
      return;
    }

  log_init (&log);
  log_init (&writer_log);
  reader = connect_read_or_abort (in, &log);
  writer = connect_write_or_abort (out, &writer_log);
  write_pattern (writer, MIB, 0);
  proctor_write_transport_shut (writer);
  AWAIT (&log, log.received[0] > 100 * KIB && writer_log.lost);
  g_assert_no_error (writer_log.error);
  proctor_read_transport_shut (reader);
  AWAIT (&log, log.lost);
  g_assert_cmpstr (log.text->str, ==, "mdl");
  g_assert_no_error (log.error);
  g_assert_false (is_open (in) || is_open (out));
}

int
main (int    argc,
      char **argv)
{
  static const ApiTest tests[] = {
    { "read", test_read, ALL_WAYS },
    { "write", test_write, ALL_WAYS },
    { "refused", test_refused, ALL_WAYS },
    { "refused-devices", test_refused_devices, ALL_WAYS },
    { "wrong-end", test_wrong_end, ALL_WAYS },
    { "forked-copy", test_forked_copy, TWO_WAYS },
    { "pieces-in-one-write", test_pieces_in_one_write, TWO_WAYS },
    { "cancelled", test_cancelled, ALL_WAYS },
    { "cancelled-meanwhile", test_cancelled_meanwhile, TWO_WAYS },
    { "reader-goes", test_reader_goes, ALL_WAYS },
    { "reader-goes-with-data", test_reader_goes_with_data, ALL_WAYS },
    { "shut-of-reader", test_shut_of_reader, ALL_WAYS },
    { "abort", test_abort, ALL_WAYS },
    { "endless-device", test_endless_device, ALL_WAYS },
  };

  return RUN_API_TESTS (argc, argv, "pipe-transport", tests);
}
