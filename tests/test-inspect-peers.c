/* Looking into a program: peers that say nothing, or nonsense, or are another user's; workers that do
 * not answer; again and again, and under load.
 *
 * SPDX-License-Identifier: LGPL-2.1-or-later
 */

/* Thread: MAIN, and those of the tests. */

#include "config.h"

#include <sys/socket.h>
#include <sys/un.h>

#include "inspect-client-testing.h"
#include "runtime/runtime.h"
#include "runtime/worker.h"

#define NOBODY 65534

/* ---- peers */

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

/* All of the handshake, as it should be. */
static GString *
new_handshake (void)
{
  GString *hello = g_string_new_len ("\0", 1);
  g_autofree char *uid = g_strdup_printf ("%d", (int) geteuid ());

  g_string_append (hello, "AUTH EXTERNAL ");
  for (const char *digit = uid; *digit != '\0'; digit++)
    g_string_append_printf (hello, "%02x", *digit);
  g_string_append (hello, "\r\nBEGIN\r\n");
  return hello;
}

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
  g_autoptr(GString) hello = new_handshake ();
  GLogLevelFlags fatal;
  GDBusConnection *connection;
  int fd;

  start_or_abort ();
  g_string_append_len (hello, (const char *) nonsense, sizeof nonsense);

  /* GDBus warns of it. */
  fatal = g_log_set_always_fatal (G_LOG_LEVEL_ERROR | G_LOG_LEVEL_CRITICAL);
  fd = connect_raw ();
  g_assert_cmpint (write (fd, hello->str, hello->len), ==, (gssize) hello->len);
  await_end (fd);

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
  g_autoptr(GString) hello = new_handshake ();
  struct timeval patience = { .tv_sec = 20 };
  g_autofree guchar *blob = NULL;
  gsize length;
  ssize_t sent = 0;
  int fd;

  start_or_abort ();
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

int
main (int    argc,
      char **argv)
{
  static const InspectTest tests[] = {
    { "bad-peers", test_bad_peers },
    { "bad-messages", test_bad_messages },
    { "too-many-peers", test_too_many_peers },
    { "peer-that-does-not-read", test_peer_that_does_not_read },
    { "other-user", test_other_user },
    { "stuck-worker", test_stuck_worker },
    { "start-and-stop", test_start_and_stop },
    { "start-and-stop-in-threads", test_start_and_stop_in_threads },
    { "under-load", test_under_load },
  };

  return run_inspect_tests (argc, argv, "inspect-peers", tests, G_N_ELEMENTS (tests));
}
