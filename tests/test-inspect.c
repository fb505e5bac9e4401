/* Looking into a program: on the bus and at the socket, while it is allowed and not otherwise;
 * peers that say nothing, or nonsense, or are another user's; and under load.
 *
 * SPDX-License-Identifier: LGPL-2.1-or-later
 */

/* Thread: MAIN, and those of the tests. */

#include "config.h"

#include <sys/socket.h>
#include <sys/un.h>

#include "inspect-testing.h"
#include "runtime/runtime.h"
#include "runtime/worker.h"

#define DEADLINE (20 * G_TIME_SPAN_SECOND)

#define NOBODY 65534

/* ---- as a client */

static GDBusConnection *
connect_to (const char              *address,
            GDBusConnectionFlags     flags)
{
  g_autoptr(GError) error = NULL;
  GDBusConnection *connection = g_dbus_connection_new_for_address_sync (
    address, flags | G_DBUS_CONNECTION_FLAGS_AUTHENTICATION_CLIENT, NULL, NULL, &error);

  g_assert_no_error (error);
  return connection;
}

static GDBusConnection *
connect_to_socket (void)
{
  g_autofree char *path = inspect_socket_dup_path ();
  g_autofree char *address = g_strconcat ("unix:path=", path, NULL);

  return connect_to (address, 0);
}

static void
close_connection (GDBusConnection *connection)
{
  g_dbus_connection_close_sync (connection, NULL, NULL);
  g_object_unref (connection);
}

static GVariant *
look (GDBusConnection  *connection,
      const char       *name,
      GError          **error)
{
  g_autoptr(GVariant) reply =
    g_dbus_connection_call_sync (connection, name, INSPECT_PATH, INSPECT_INTERFACE, "Look", NULL,
                                 G_VARIANT_TYPE ("(a{sv})"), G_DBUS_CALL_FLAGS_NONE, 20000, NULL,
                                 error);

  return reply != NULL ? g_variant_get_child_value (reply, 0) : NULL;
}

static GVariant *
look_or_abort (GDBusConnection *connection,
               const char      *name)
{
  g_autoptr(GError) error = NULL;
  GVariant *report = look (connection, name, &error);

  g_assert_no_error (error);
  return report;
}

static GVariant *
find_process (GVariant *report,
              int       pid)
{
  g_autoptr(GVariant) processes =
    g_variant_lookup_value (report, "processes", G_VARIANT_TYPE ("aa{sv}"));

  g_assert_nonnull (processes);
  for (gsize i = 0; i < g_variant_n_children (processes); i++)
    {
      g_autoptr(GVariant) process = g_variant_get_child_value (processes, i);
      gint64 found;

      if (g_variant_lookup (process, "pid", "x", &found) && found == pid)
        return g_steal_pointer (&process);
    }
  return NULL;
}

#define assert_number(dict, name, expected) \
  G_STMT_START \
  { \
    gint64 number_ = -1; \
    g_assert_true (g_variant_lookup ((dict), (name), "x", &number_)); \
    g_assert_cmpint (number_, ==, (expected)); \
  } \
  G_STMT_END

#define assert_string(dict, name, expected) \
  G_STMT_START \
  { \
    const char *string_ = NULL; \
    g_assert_true (g_variant_lookup ((dict), (name), "&s", &string_)); \
    g_assert_cmpstr (string_, ==, (expected)); \
  } \
  G_STMT_END

static void
await_socket (gboolean is_there)
{
  gint64 deadline = g_get_monotonic_time () + DEADLINE;

  while (have_socket () != is_there)
    {
      g_assert_cmpint (g_get_monotonic_time (), <, deadline);
      g_main_context_iteration (NULL, FALSE);
      g_usleep (1000);
    }
}

static int
connect_raw (void)
{
  g_autofree char *path = inspect_socket_dup_path ();
  struct sockaddr_un address = { .sun_family = AF_UNIX };
  int fd = socket (AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0);

  g_assert_cmpint (fd, >=, 0);
  g_strlcpy (address.sun_path, path, sizeof address.sun_path);
  g_assert_cmpint (connect (fd, (struct sockaddr *) &address, sizeof address), ==, 0);
  return fd;
}

/* Until the other side closes it. */
static void
await_end (int fd)
{
  struct timeval patience = { .tv_sec = 20 };
  char buffer[512];
  ssize_t length;

  setsockopt (fd, SOL_SOCKET, SO_RCVTIMEO, &patience, sizeof patience);
  while ((length = read (fd, buffer, sizeof buffer)) > 0)
    ;
  g_assert_true (length == 0 || errno == ECONNRESET || errno == EPIPE);
  close (fd);
}

/* ---- what is told */

static void
check_cat (GVariant       *report,
           ProctorProcess *process)
{
  g_autoptr(GVariant) found = find_process (report, proctor_process_get_pid (process));
  g_autoptr(GVariant) input = NULL;
  g_autoptr(GVariant) output = NULL;
  g_autofree char *text = g_variant_print (report, FALSE);
  const char *command = NULL;

  g_assert_nonnull (found);
  assert_string (found, "state", "running");
  assert_string (found, "kind", "spawn");
  assert_number (found, "waits", 0);
  assert_number (found, "mailbox", 0);
  g_assert_true (g_variant_lookup (found, "command", "&s", &command));
  g_assert_nonnull (strstr (command, "cat an-argument"));

  input = g_variant_lookup_value (found, "stdin", G_VARIANT_TYPE_VARDICT);
  output = g_variant_lookup_value (found, "stdout", G_VARIANT_TYPE_VARDICT);
  g_assert_nonnull (input);
  g_assert_nonnull (output);
  assert_number (input, "bytes", 6);
  assert_number (input, "held", 0);
  assert_number (output, "bytes", 6);
  assert_number (output, "held", 0);
  assert_string (output, "kind", "pipe");
  g_assert_null (g_variant_lookup_value (found, "stderr", NULL));
  g_assert_null (strstr (text, "very-secret"));
}

static ProctorProcess *
spawn_cat (void)
{
  g_autoptr(ProctorCommand) command = child_command ("cat", "an-argument", NULL);
  ProctorProcess *process;
  g_autoptr(GBytes) line = NULL;

  proctor_command_set_stdin (command, PROCTOR_STDIO_PIPE);
  proctor_command_set_stdout (command, PROCTOR_STDIO_PIPE);
  proctor_command_setenv (command, "A_VARIABLE", "very-secret");
  process = spawn_or_abort (command);
  proctor_stream_writer_queue (proctor_process_get_stdin (process), "hello\n", 6);
  line = proctor_stream_reader_read_line (proctor_process_get_stdout (process), NULL, NULL);
  g_assert_nonnull (line);
  g_assert_cmpuint (g_bytes_get_size (line), ==, 6);
  return process;
}

static void
test_socket (void)
{
  g_autoptr(ProctorProcess) process = spawn_cat ();
  g_autoptr(GVariant) report = NULL;
  GDBusConnection *connection;

  start_or_abort ();
  start_or_abort ();
  g_assert_true (have_socket ());
  connection = connect_to_socket ();
  report = look_or_abort (connection, NULL);
  assert_number (report, "pid", getpid ());
  check_cat (report, process);

  close_connection (connection);
  kill_and_wait (process);
  proctor_inspect_stop ();
  proctor_inspect_stop ();
  g_assert_false (have_socket ());
}

/* And when it goes, the socket takes its place. */
static void
test_bus (void)
{
  GSubprocess *bus = start_bus ();
  g_autoptr(ProctorProcess) process = NULL;
  g_autoptr(GVariant) report = NULL;
  g_autoptr(GVariant) other_report = NULL;
  g_autofree char *name = g_strdup_printf (INSPECT_BUS_NAME_PREFIX "%d", (int) getpid ());
  GDBusConnection *connection;

  if (bus == NULL)
    return;

  process = spawn_cat ();
  start_or_abort ();
  g_assert_false (have_socket ());
  connection = connect_to (g_getenv ("DBUS_SESSION_BUS_ADDRESS"),
                           G_DBUS_CONNECTION_FLAGS_MESSAGE_BUS_CONNECTION);
  report = look_or_abort (connection, name);
  check_cat (report, process);
  close_connection (connection);

  stop_bus (bus);
  await_socket (TRUE);
  connection = connect_to_socket ();
  other_report = look_or_abort (connection, NULL);
  check_cat (other_report, process);
  close_connection (connection);

  proctor_inspect_stop ();
  g_assert_false (have_socket ());
  kill_and_wait (process);
}

/* Nobody there; somebody who is no bus; one that says nothing. */
static void
test_broken_bus (void)
{
  g_autofree char *path = g_build_filename (runtime_dir, "silent", NULL);
  g_autofree char *address = g_strconcat ("unix:path=", path, NULL);
  struct sockaddr_un name = { .sun_family = AF_UNIX };
  int fd = socket (AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0);

  g_setenv ("DBUS_SESSION_BUS_ADDRESS", "unix:path=/nonexistent/bus", TRUE);
  start_or_abort ();
  g_assert_true (have_socket ());
  proctor_inspect_stop ();

  g_setenv ("DBUS_SESSION_BUS_ADDRESS", "nonsense", TRUE);
  start_or_abort ();
  g_assert_true (have_socket ());
  proctor_inspect_stop ();

  g_strlcpy (name.sun_path, path, sizeof name.sun_path);
  g_assert_cmpint (bind (fd, (struct sockaddr *) &name, sizeof name), ==, 0);
  g_assert_cmpint (listen (fd, 8), ==, 0);
  g_setenv ("DBUS_SESSION_BUS_ADDRESS", address, TRUE);
  start_or_abort ();
  g_assert_true (have_socket ());
  proctor_inspect_stop ();

  close (fd);
  g_unlink (path);
  g_unsetenv ("DBUS_SESSION_BUS_ADDRESS");
}

/* ---- when it is not allowed, or cannot be */

static gboolean
have_thread (void)
{
  g_autoptr(GDir) dir = g_dir_open ("/proc/self/task", 0, NULL);
  const char *name;

  while ((name = g_dir_read_name (dir)) != NULL)
    {
      g_autofree char *path = g_strdup_printf ("/proc/self/task/%s/comm", name);
      g_autofree char *comm = NULL;

      if (g_file_get_contents (path, &comm, NULL, NULL) &&
          g_str_has_prefix (comm, "proctor-inspec"))
        return TRUE;
    }
  return FALSE;
}

static void
test_off (void)
{
  if (g_test_subprocess ())
    {
      g_autoptr(ProctorProcess) process = spawn_cat ();

      g_assert_false (have_socket ());
      g_assert_false (have_thread ());
      kill_and_wait (process);
      return;
    }

  g_test_trap_subprocess (NULL, 0, 0);
  g_test_trap_assert_passed ();
}

static void
run_with_environment (const char *value)
{
  g_setenv ("PROCTOR_INSPECT", value, TRUE);
  g_test_trap_subprocess (NULL, 0, 0);
  g_unsetenv ("PROCTOR_INSPECT");
}

/* From the first process on; after a shutdown, from the next one on. What is left at exit is
 * removed.
 */
static void
test_environment (void)
{
  if (g_test_subprocess ())
    {
      const char *value = g_getenv ("PROCTOR_INSPECT");
      gboolean is_off = g_strcmp0 (value, "0") == 0;

      for (guint i = 0; i < 2; i++)
        {
          g_autoptr(ProctorProcess) process = NULL;
          g_autoptr(GError) error = NULL;

          g_assert_false (have_socket ());
          process = spawn_cat ();
          if (!is_off)
            await_socket (TRUE);
          g_assert_cmpint (have_thread (), ==, !is_off);
          kill_and_wait (process);
          if (i > 0)
            break;
          g_assert_true (proctor_shutdown (PROCTOR_SHUTDOWN_STOP, NULL, &error));
          g_assert_no_error (error);
          g_assert_false (have_socket ());
        }
      return;
    }

  run_with_environment ("1");
  g_test_trap_assert_passed ();
  run_with_environment ("socket");
  g_test_trap_assert_passed ();
  run_with_environment ("0");
  g_test_trap_assert_passed ();
}

static void
test_environment_wrong (void)
{
  if (g_test_subprocess ())
    {
      g_autoptr(ProctorProcess) process = NULL;

      g_test_expect_message ("Proctor", G_LOG_LEVEL_WARNING, "PROCTOR_INSPECT is*“1”*");
      process = spawn_cat ();
      g_test_assert_expected_messages ();
      kill_and_wait (process);
      return;
    }

  run_with_environment ("often");
  g_test_trap_assert_passed ();
}

/* It may end while it begins to be open to others. */
static void
test_short_lived (void)
{
  g_autofree char *folder = g_build_filename (runtime_dir, INSPECT_FOLDER, NULL);

  if (g_test_subprocess ())
    {
      g_autoptr(ProctorProcess) process = spawn_cat ();

      kill_and_wait (process);
      return;
    }

  for (guint i = 0; i < scaled (20); i++)
    {
      run_with_environment ("socket");
      g_test_trap_assert_passed ();
      g_assert_true (g_rmdir (folder) == 0 || errno == ENOENT);
    }
}

/* Others could put something there, or look. */
static void
test_open_folder (void)
{
  g_autofree char *folder = g_build_filename (runtime_dir, INSPECT_FOLDER, NULL);
  g_autoptr(GError) error = NULL;

  g_assert_cmpint (g_mkdir_with_parents (folder, 0700), ==, 0);
  g_assert_cmpint (chmod (folder, 0755), ==, 0);
  g_assert_false (proctor_inspect_start (&error));
  g_assert_error (error, G_IO_ERROR, G_IO_ERROR_PERMISSION_DENIED);
  g_assert_nonnull (strstr (error->message, folder));
  g_assert_false (have_socket ());

  /* It is tried again. */
  g_assert_cmpint (chmod (folder, 0700), ==, 0);
  start_or_abort ();
  proctor_inspect_stop ();
}

static void
test_symbolic_link (void)
{
  g_autofree char *folder = g_build_filename (runtime_dir, INSPECT_FOLDER, NULL);
  g_autoptr(GError) error = NULL;

  g_rmdir (folder);
  g_assert_cmpint (symlink ("/tmp", folder), ==, 0);
  g_assert_false (proctor_inspect_start (&error));
  g_assert_error (error, G_IO_ERROR, G_IO_ERROR_PERMISSION_DENIED);
  proctor_inspect_stop ();
  g_assert_cmpint (g_unlink (folder), ==, 0);
}

/* What a program with this pid has left behind. */
static void
test_stale_socket (void)
{
  g_autofree char *path = inspect_socket_dup_path ();
  g_autofree char *folder = g_path_get_dirname (path);
  GDBusConnection *connection;

  g_assert_cmpint (g_mkdir_with_parents (folder, 0700), ==, 0);
  g_assert_true (g_file_set_contents (path, "", 0, NULL));
  start_or_abort ();
  connection = connect_to_socket ();
  g_variant_unref (look_or_abort (connection, NULL));
  close_connection (connection);
  proctor_inspect_stop ();
}

/* With 0 all is well. At an orderly end valgrind would take for lost what the other threads had. */
static void G_GNUC_NORETURN
end_copy (int code)
{
  if (code == 0)
    kill (getpid (), SIGKILL);
  _exit (code);
}

static void
assert_ended_well (pid_t pid)
{
  int status;

  g_assert_cmpint (waitpid (pid, &status, 0), ==, pid);
  g_assert_true (WIFSIGNALED (status));
  g_assert_cmpint (WTERMSIG (status), ==, SIGKILL);
}

static void
test_forked_copy (void)
{
  pid_t pid;

  start_or_abort ();
  pid = fork ();
  if (pid == 0)
    {
      g_autoptr(GError) error = NULL;
      gboolean refused = !proctor_inspect_start (&error) &&
                         g_error_matches (error, PROCTOR_ERROR, PROCTOR_ERROR_FORKED);

      proctor_inspect_stop ();
      end_copy (refused ? 0 : 1);
    }

  assert_ended_well (pid);
  g_assert_true (have_socket ());
  proctor_inspect_stop ();
}

/* ---- peers */

/* A few at once, of every kind; then an honest one is answered as before. */
static void
test_bad_peers (void)
{
  static const char garbage[] = "GET / HTTP/1.1\r\n\r\n";
  static const char begun[] = "\0AUTH EXTERNAL";
  int silent = -1;
  int half = -1;
  int vanished;
  int talker;
  GDBusConnection *connection;

  start_or_abort ();
  silent = connect_raw ();
  half = connect_raw ();
  g_assert_cmpint (write (half, begun, sizeof begun - 1), ==, sizeof begun - 1);
  talker = connect_raw ();
  g_assert_cmpint (write (talker, garbage, sizeof garbage), ==, sizeof garbage);
  vanished = connect_raw ();
  g_assert_cmpint (write (vanished, begun, sizeof begun - 1), ==, sizeof begun - 1);
  close (vanished);

  connection = connect_to_socket ();
  g_variant_unref (look_or_abort (connection, NULL));
  await_end (talker);
  await_end (silent);
  await_end (half);
  g_variant_unref (look_or_abort (connection, NULL));
  close_connection (connection);
  proctor_inspect_stop ();
}

/* After a handshake as it should be. */
static void
test_bad_messages (void)
{
  static const guint8 nonsense[64] = { 0xff, 0xff, 0xff };
  g_autofree char *uid = g_strdup_printf ("%d", (int) geteuid ());
  GString *hello = g_string_new_len ("\0", 1);
  GLogLevelFlags fatal;
  GDBusConnection *connection;
  int fd;

  start_or_abort ();
  g_string_append (hello, "AUTH EXTERNAL ");
  for (const char *digit = uid; *digit != '\0'; digit++)
    g_string_append_printf (hello, "%02x", *digit);
  g_string_append (hello, "\r\nBEGIN\r\n");
  g_string_append_len (hello, (const char *) nonsense, sizeof nonsense);

  /* GDBus warns of it. */
  fatal = g_log_set_always_fatal (G_LOG_LEVEL_ERROR | G_LOG_LEVEL_CRITICAL);
  fd = connect_raw ();
  g_assert_cmpint (write (fd, hello->str, hello->len), ==, (gssize) hello->len);
  await_end (fd);
  g_string_free (hello, TRUE);

  connection = connect_to_socket ();
  g_variant_unref (look_or_abort (connection, NULL));
  close_connection (connection);
  proctor_inspect_stop ();
  g_log_set_always_fatal (fatal);
}

/* No more at once than anybody needs; there is room again when they are gone. */
static void
test_too_many_peers (void)
{
  int fds[40];
  char byte;
  guint n_refused = 0;
  GDBusConnection *connection;

  start_or_abort ();
  for (guint i = 0; i < G_N_ELEMENTS (fds); i++)
    fds[i] = connect_raw ();
  for (guint i = 0; i < G_N_ELEMENTS (fds); i++)
    {
      struct timeval patience = { .tv_usec = 1000 };

      setsockopt (fds[i], SOL_SOCKET, SO_RCVTIMEO, &patience, sizeof patience);
    }
  /* The last ones were looked at last. */
  while (n_refused == 0)
    n_refused += read (fds[G_N_ELEMENTS (fds) - 1], &byte, 1) == 0;
  for (guint i = 0; i < G_N_ELEMENTS (fds); i++)
    close (fds[i]);

  for (;;)
    {
      g_autofree char *path = inspect_socket_dup_path ();
      g_autofree char *address = g_strconcat ("unix:path=", path, NULL);

      connection = g_dbus_connection_new_for_address_sync (
        address, G_DBUS_CONNECTION_FLAGS_AUTHENTICATION_CLIENT, NULL, NULL, NULL);
      if (connection != NULL)
        break;
      g_usleep (1000);
    }
  g_variant_unref (look_or_abort (connection, NULL));
  close_connection (connection);
  proctor_inspect_stop ();
}

/* Who asks without end and reads nothing is not remembered without end. */
static void
test_peer_that_does_not_read (void)
{
  g_autoptr(GDBusMessage) message =
    g_dbus_message_new_method_call (NULL, INSPECT_PATH, INSPECT_INTERFACE, "Look");
  g_autofree char *uid = g_strdup_printf ("%d", (int) geteuid ());
  g_autoptr(GString) hello = g_string_new_len ("\0", 1);
  struct timeval patience = { .tv_sec = 20 };
  g_autofree guchar *blob = NULL;
  gsize length;
  ssize_t sent = 0;
  int fd;

  start_or_abort ();
  g_string_append (hello, "AUTH EXTERNAL ");
  for (const char *digit = uid; *digit != '\0'; digit++)
    g_string_append_printf (hello, "%02x", *digit);
  g_string_append (hello, "\r\nBEGIN\r\n");
  fd = connect_raw ();
  setsockopt (fd, SOL_SOCKET, SO_SNDTIMEO, &patience, sizeof patience);
  g_assert_cmpint (write (fd, hello->str, hello->len), ==, (gssize) hello->len);

  g_dbus_message_set_serial (message, 1);
  blob = g_dbus_message_to_blob (message, &length, G_DBUS_CAPABILITY_FLAGS_NONE, NULL);
  for (guint i = 0; i < 100000 && sent >= 0; i++)
    sent = send (fd, blob, length, MSG_NOSIGNAL);
  g_assert_cmpint (sent, <, 0);
  g_assert_true (errno == EPIPE || errno == ECONNRESET);
  close (fd);
  proctor_inspect_stop ();
}

/* As if the folder had been opened after it was looked at. */
static void
test_other_user (void)
{
  g_autofree char *path = inspect_socket_dup_path ();
  g_autofree char *folder = g_path_get_dirname (path);
  pid_t pid;

  if (geteuid () != 0)
    {
      g_test_skip ("Only root can be somebody else");
      return;
    }

  start_or_abort ();
  g_assert_cmpint (chmod (runtime_dir, 0711), ==, 0);
  g_assert_cmpint (chmod (folder, 0711), ==, 0);
  g_assert_cmpint (chmod (path, 0777), ==, 0);
  pid = fork ();
  if (pid == 0)
    {
      struct sockaddr_un address = { .sun_family = AF_UNIX };
      int fd = socket (AF_UNIX, SOCK_STREAM, 0);
      char byte;

      g_strlcpy (address.sun_path, path, sizeof address.sun_path);
      alarm (20);
      if (setgid (NOBODY) != 0 || setuid (NOBODY) != 0)
        end_copy (2);
      if (connect (fd, (struct sockaddr *) &address, sizeof address) != 0)
        end_copy (3);
      /* The end, before anything was said. */
      end_copy (read (fd, &byte, 1) <= 0 ? 0 : 4);
    }
  assert_ended_well (pid);
  proctor_inspect_stop ();
  g_assert_cmpint (chmod (runtime_dir, 0700), ==, 0);
  g_assert_cmpint (chmod (folder, 0700), ==, 0);
}

/* ---- workers that do not answer */

static GMutex stuck_lock;
static GCond stuck_cond;
static gboolean is_stuck; /* guarded by stuck_lock */
static gboolean is_free;  /* guarded by stuck_lock */

static void
hang_in_worker (Actor   *actor,
                Message *message)
{
  g_mutex_lock (&stuck_lock);
  is_stuck = TRUE;
  g_cond_broadcast (&stuck_cond);
  while (!is_free)
    g_cond_wait (&stuck_cond, &stuck_lock);
  is_stuck = FALSE;
  g_cond_broadcast (&stuck_cond);
  g_mutex_unlock (&stuck_lock);
}

static gint64
get_silence (GVariant *report,
             guint     index)
{
  g_autoptr(GVariant) workers =
    g_variant_lookup_value (report, "workers", G_VARIANT_TYPE ("aa{sv}"));

  for (gsize i = 0; i < g_variant_n_children (workers); i++)
    {
      g_autoptr(GVariant) worker = g_variant_get_child_value (workers, i);
      gint64 number = -1;
      gint64 silence = 0;

      g_variant_lookup (worker, "index", "x", &number);
      g_variant_lookup (worker, "silent_us", "x", &silence);
      if (number == (gint64) index)
        return silence;
    }
  g_assert_not_reached ();
}

static void
test_stuck_worker (void)
{
  g_autoptr(GPtrArray) workers = g_ptr_array_new_with_free_func ((GDestroyNotify) worker_unref);
  g_autoptr(GPtrArray) actors = g_ptr_array_new_with_free_func ((GDestroyNotify) actor_unref);
  g_autoptr(ProctorProcess) process = NULL;
  Message message = { .actor = NULL, .func = hang_in_worker };
  GDBusConnection *connection;
  WorkerLoad load;
  gint64 silence = 0;

  start_or_abort ();
  connection = connect_to_socket ();
  process = spawn_cat ();
  runtime_list (workers, actors);
  g_ptr_array_set_size (actors, 0);
  g_assert_cmpuint (workers->len, >, 0);
  worker_get_load (workers->pdata[0], &load);
  is_free = FALSE;
  worker_post (workers->pdata[0], &message);

  /* The later, the longer. */
  for (guint i = 0; i < 3; i++)
    {
      g_autoptr(GVariant) report = look_or_abort (connection, NULL);
      gint64 now_silent = get_silence (report, load.index);

      g_assert_cmpint (now_silent, >, silence);
      silence = now_silent;
      /* It is told of also where its worker is the one. */
      g_variant_unref (find_process (report, proctor_process_get_pid (process)));
    }

  g_mutex_lock (&stuck_lock);
  is_free = TRUE;
  g_cond_broadcast (&stuck_cond);
  while (is_stuck)
    g_cond_wait (&stuck_cond, &stuck_lock);
  g_mutex_unlock (&stuck_lock);

  while (silence != 0)
    {
      g_autoptr(GVariant) report = look_or_abort (connection, NULL);

      silence = get_silence (report, load.index);
    }
  close_connection (connection);
  kill_and_wait (process);
  proctor_inspect_stop ();
}

/* ---- again and again, and under load */

static void
test_start_and_stop (void)
{
  for (guint i = 0; i < scaled (50); i++)
    {
      GDBusConnection *connection;

      start_or_abort ();
      if (i % 3 == 0)
        {
          connection = connect_to_socket ();
          g_variant_unref (look_or_abort (connection, NULL));
          if (i % 2 == 0)
            close_connection (connection);
          proctor_inspect_stop ();
          if (i % 2 != 0)
            close_connection (connection);
        }
      else
        {
          proctor_inspect_stop ();
        }
      g_assert_false (have_socket ());
    }
}

static gpointer
start_and_stop_thread (gpointer data)
{
  for (guint i = 0; i < scaled (50); i++)
    {
      g_autoptr(GError) error = NULL;

      if (!proctor_inspect_start (&error))
        g_assert_error (error, G_IO_ERROR, G_IO_ERROR_CANCELLED);
      proctor_inspect_stop ();
    }
  return NULL;
}

static void
test_start_and_stop_in_threads (void)
{
  GThread *threads[8];

  for (guint i = 0; i < G_N_ELEMENTS (threads); i++)
    threads[i] = g_thread_new ("starts", start_and_stop_thread, NULL);
  for (guint i = 0; i < G_N_ELEMENTS (threads); i++)
    g_thread_join (threads[i]);
  g_assert_false (have_socket ());
}

static int n_busy; /* atomic */

static gpointer
busy_thread (gpointer data)
{
  for (guint i = 0; i < scaled (20); i++)
    {
      g_autoptr(ProctorCommand) command = child_command ("pattern", "100000", "1", NULL);
      g_autoptr(ProctorResult) result = NULL;
      g_autoptr(GError) error = NULL;

      result = proctor_command_run (command, NULL, NULL, &error);
      g_assert_no_error (error);
      g_assert_cmpuint (g_bytes_get_size (proctor_result_get_stdout (result)), ==, 100000);
    }
  if (g_atomic_int_dec_and_test (&n_busy))
    g_main_context_wakeup (NULL);
  return NULL;
}

static gpointer
looking_thread (gpointer data)
{
  GDBusConnection *connection = connect_to_socket ();

  while (g_atomic_int_get (&n_busy) > 0)
    g_variant_unref (look_or_abort (connection, NULL));
  close_connection (connection);
  return NULL;
}

static void
test_under_load (void)
{
  GThread *threads[64];
  GThread *lookers[2];

  start_or_abort ();
  g_atomic_int_set (&n_busy, G_N_ELEMENTS (threads));
  for (guint i = 0; i < G_N_ELEMENTS (threads); i++)
    threads[i] = g_thread_new ("busy", busy_thread, NULL);
  for (guint i = 0; i < G_N_ELEMENTS (lookers); i++)
    lookers[i] = g_thread_new ("looks", looking_thread, NULL);
  while (g_atomic_int_get (&n_busy) > 0)
    g_main_context_iteration (NULL, TRUE);
  for (guint i = 0; i < G_N_ELEMENTS (threads); i++)
    g_thread_join (threads[i]);
  for (guint i = 0; i < G_N_ELEMENTS (lookers); i++)
    g_thread_join (lookers[i]);
  proctor_inspect_stop ();
}

static void
test_shutdown (void)
{
  g_autoptr(ProctorProcess) process = spawn_cat ();
  g_autoptr(GError) error = NULL;

  start_or_abort ();
  g_assert_true (proctor_shutdown (PROCTOR_SHUTDOWN_STOP, NULL, &error));
  g_assert_no_error (error);
  g_assert_false (have_socket ());
  g_assert_false (have_thread ());

  /* It was wanted, and is again with the next process. */
  g_clear_object (&process);
  process = spawn_cat ();
  await_socket (TRUE);
  kill_and_wait (process);
  proctor_inspect_stop ();
}

/* ---- all of them */

typedef struct
{
  const char *name;
  void (*run) (void);
} Test;

static void
run_test (gconstpointer data)
{
  const Test *test = data;
  Leaks before;

  deadline_start (g_test_get_path (), TEST_DEADLINE_SECONDS);
  leaks_take (&before);
  test->run ();
  if (!g_test_subprocess ())
    leaks_check (&before);
}

/* What a test has let go of may end a moment later. */
static void
await_calm (void)
{
  Leaks before;
  Leaks now;

  leaks_take (&now);
  do
    {
      before = now;
      g_usleep (200000);
      leaks_take (&now);
    }
  while (now.n_fds != before.n_fds || now.n_threads != before.n_threads || have_thread ());
}

/* What is made once and then kept: workers, GDBus's thread and GTask's. */
static void
warm_up_inspection (void)
{
  g_autoptr(ProctorProcess) process = spawn_cat ();
  GSubprocess *bus = start_bus ();
  GDBusConnection *connection;

  if (bus != NULL)
    {
      start_or_abort ();
      proctor_inspect_stop ();
      stop_bus (bus);
    }
  start_or_abort ();
  connection = connect_to_socket ();
  g_variant_unref (look_or_abort (connection, NULL));
  close_connection (connection);
  proctor_inspect_stop ();
  kill_and_wait (process);
}

int
main (int    argc,
      char **argv)
{
  static const Test tests[] = {
    { "socket", test_socket },
    { "bus", test_bus },
    { "broken-bus", test_broken_bus },
    { "off", test_off },
    { "environment", test_environment },
    { "environment-wrong", test_environment_wrong },
    { "short-lived", test_short_lived },
    { "open-folder", test_open_folder },
    { "symbolic-link", test_symbolic_link },
    { "stale-socket", test_stale_socket },
    { "forked-copy", test_forked_copy },
    { "bad-peers", test_bad_peers },
    { "bad-messages", test_bad_messages },
    { "too-many-peers", test_too_many_peers },
    { "peer-that-does-not-read", test_peer_that_does_not_read },
    { "other-user", test_other_user },
    { "stuck-worker", test_stuck_worker },
    { "start-and-stop", test_start_and_stop },
    { "start-and-stop-in-threads", test_start_and_stop_in_threads },
    { "under-load", test_under_load },
    { "shutdown", test_shutdown },
  };
  int result;

  g_test_init (&argc, &argv, NULL);
  deadline_start ("The start", TEST_DEADLINE_SECONDS);
  signal (SIGPIPE, SIG_IGN);
  inspect_testing_init ();
  if (!g_test_subprocess ())
    {
      warm_up_inspection ();
      await_calm ();
    }

  for (guint i = 0; i < G_N_ELEMENTS (tests); i++)
    {
      g_autofree char *path = g_strconcat ("/inspect/", tests[i].name, NULL);

      g_test_add_data_func (path, &tests[i], run_test);
    }
  result = g_test_run ();
  inspect_testing_clear ();
  return result;
}
