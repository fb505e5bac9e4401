/* Looking into a program: on the bus and at the socket, while it is allowed and not otherwise.
 *
 * SPDX-License-Identifier: LGPL-2.1-or-later
 */

/* Thread: MAIN. */

#include "config.h"

#include <sys/socket.h>
#include <sys/un.h>

#include "inspect-client-testing.h"

/* ---- what is told */

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
  start_at_bus_or_abort ();
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

static void
test_shutdown (void)
{
  g_autoptr(ProctorProcess) process = spawn_cat ();
  g_autoptr(GError) error = NULL;

  start_or_abort ();
  g_assert_true (proctor_shutdown (PROCTOR_SHUTDOWN_STOP, NULL, &error));
  g_assert_no_error (error);
  g_assert_false (have_socket ());
  await_no_thread ();

  /* It was wanted, and is again with the next process. */
  g_clear_object (&process);
  process = spawn_cat ();
  await_socket (TRUE);
  kill_and_wait (process);
  proctor_inspect_stop ();
}

int
main (int    argc,
      char **argv)
{
  static const InspectTest tests[] = {
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
    { "shutdown", test_shutdown },
  };

  return run_inspect_tests (argc, argv, "inspect", tests, G_N_ELEMENTS (tests));
}
