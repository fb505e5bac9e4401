/* For tests that look into themselves, as a client at the bus or at the socket, and count what is
 * left.
 *
 * SPDX-License-Identifier: LGPL-2.1-or-later
 */

#pragma once

#include "inspect-testing.h"

#define DEADLINE (20 * G_TIME_SPAN_SECOND)

/* ---- as a client */

static inline GDBusConnection *
connect_to (const char              *address,
            GDBusConnectionFlags     flags)
{
  g_autoptr(GError) error = NULL;
  GDBusConnection *connection = g_dbus_connection_new_for_address_sync (
    address, flags | G_DBUS_CONNECTION_FLAGS_AUTHENTICATION_CLIENT, NULL, NULL, &error);

  g_assert_no_error (error);
  return connection;
}

static inline GDBusConnection *
connect_to_socket (void)
{
  g_autofree char *path = inspect_socket_dup_path ();
  g_autofree char *address = g_strconcat ("unix:path=", path, NULL);

  return connect_to (address, 0);
}

static inline void
close_connection (GDBusConnection *connection)
{
  g_dbus_connection_close_sync (connection, NULL, NULL);
  g_object_unref (connection);
}

static inline GVariant *
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

static inline GVariant *
look_or_abort (GDBusConnection *connection,
               const char      *name)
{
  g_autoptr(GError) error = NULL;
  GVariant *report = look (connection, name, &error);

  g_assert_no_error (error);
  return report;
}

static inline GVariant *
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

static inline void
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

/* ---- what is looked at */

static inline ProctorProcess *
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

static inline gboolean
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

/* For one that was joined: it is listed until the kernel has done with it. */
static inline void
await_no_thread (void)
{
  gint64 deadline = g_get_monotonic_time () + DEADLINE;

  while (have_thread ())
    {
      g_assert_cmpint (g_get_monotonic_time (), <, deadline);
      g_usleep (1000);
    }
}

/* ---- copies */

/* With 0 all is well. At an orderly end valgrind would take for lost what the other threads had. */
static inline void G_GNUC_NORETURN
end_copy (int code)
{
  if (code == 0)
    kill (getpid (), SIGKILL);
  _exit (code);
}

static inline void
assert_ended_well (pid_t pid)
{
  int status;

  g_assert_cmpint (waitpid (pid, &status, 0), ==, pid);
  g_assert_true (WIFSIGNALED (status));
  g_assert_cmpint (WTERMSIG (status), ==, SIGKILL);
}

/* ---- all of them */

static inline void
run_inspect_test (gconstpointer data)
{
  const InspectTest *test = data;
  Leaks before;

  deadline_start (g_test_get_path (), TEST_DEADLINE_SECONDS);
  leaks_take (&before);
  test->run ();
  if (!g_test_subprocess ())
    leaks_check (&before);
}

/* What a test has let go of may end a moment later. */
static inline void
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
static inline void
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

static inline int
run_inspect_tests (int                argc,
                   char             **argv,
                   const char        *group,
                   const InspectTest *tests,
                   guint              n_tests)
{
  g_test_init (&argc, &argv, NULL);
  deadline_start ("The start", TEST_DEADLINE_SECONDS);
  signal (SIGPIPE, SIG_IGN);
  inspect_testing_init ();
  if (!g_test_subprocess ())
    {
      warm_up_inspection ();
      await_calm ();
    }

  return inspect_testing_run (group, tests, n_tests, run_inspect_test);
}
