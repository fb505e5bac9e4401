/* For tests that look into a program: themselves.
 *
 * SPDX-License-Identifier: LGPL-2.1-or-later
 */

#pragma once

#include <gio/gio.h>
#include <glib/gstdio.h>

#include <proctor/proctor.h>

#include "inspect/inspect-protocol.h"
#include "inspect/inspect-socket.h"
#include "api-testing.h"

static char *runtime_dir; /* XDG_RUNTIME_DIR of these tests */

/* Before anything asks where that is: GLib remembers it. Its path has to be short. A test in a
 * process of its own shares it.
 */
static inline void
inspect_testing_init (void)
{
  static const Way blocking = { "blocking", FALSE, FALSE };

  way = &blocking;
  child_path = g_getenv ("PROCTOR_TEST_CHILD");
  g_assert_nonnull (child_path);
  if (g_test_subprocess ())
    {
      runtime_dir = g_strdup (g_getenv ("XDG_RUNTIME_DIR"));
      return;
    }

  runtime_dir = g_strdup ("/tmp/proctor-XXXXXX");
  g_assert_nonnull (g_mkdtemp (runtime_dir));
  g_setenv ("XDG_RUNTIME_DIR", runtime_dir, TRUE);
  g_assert_cmpstr (g_get_user_runtime_dir (), ==, runtime_dir);
  g_unsetenv ("DBUS_SESSION_BUS_ADDRESS");
  g_unsetenv ("PROCTOR_INSPECT");
}

static inline void
inspect_testing_clear (void)
{
  if (!g_test_subprocess ())
    remove_tree (runtime_dir);
  g_clear_pointer (&runtime_dir, g_free);
}

typedef struct
{
  const char *name;
  void (*run) (void);
} InspectTest;

/* The last that main() does. Paths are /PREFIX/NAME; @run_test gets each test as its data. */
static inline int
inspect_testing_run (const char        *prefix,
                     const InspectTest *tests,
                     guint              n_tests,
                     GTestDataFunc      run_test)
{
  int result;

  for (guint i = 0; i < n_tests; i++)
    {
      g_autofree char *path = g_strdup_printf ("/%s/%s", prefix, tests[i].name);

      g_test_add_data_func (path, &tests[i], run_test);
    }
  result = g_test_run ();
  inspect_testing_clear ();
  return result;
}

static inline void
start_or_abort (void)
{
  g_autoptr(GError) error = NULL;

  proctor_inspect_start (&error);
  g_assert_no_error (error);
}

/* Not GTestDBus, which leaves a process behind. NULL, and the test is skipped, where there is none.
 */
static inline GSubprocess *
start_bus (void)
{
  g_autofree char *daemon = g_find_program_in_path ("dbus-daemon");
  g_autofree char *own = g_strdup_printf ("--address=unix:path=%s/test-bus", runtime_dir);
  g_autoptr(GDataInputStream) output = NULL;
  g_autofree char *address = NULL;
  g_autoptr(GError) error = NULL;
  GSubprocess *bus;

  if (daemon == NULL)
    {
      g_test_skip ("There is no dbus-daemon");
      return NULL;
    }

  bus = g_subprocess_new (G_SUBPROCESS_FLAGS_STDOUT_PIPE | G_SUBPROCESS_FLAGS_STDERR_SILENCE,
                          &error, daemon, "--session", "--nofork", "--nopidfile",
                          "--print-address=1", own, NULL);
  g_assert_no_error (error);
  output = g_data_input_stream_new (g_subprocess_get_stdout_pipe (bus));
  address = g_data_input_stream_read_line (output, NULL, NULL, &error);
  g_assert_no_error (error);
  g_assert_nonnull (address);
  g_setenv ("DBUS_SESSION_BUS_ADDRESS", address, TRUE);
  return bus;
}

static inline void
stop_bus (GSubprocess *bus)
{
  g_autofree char *path = g_build_filename (runtime_dir, "test-bus", NULL);

  g_subprocess_force_exit (bus);
  g_assert_true (g_subprocess_wait (bus, NULL, NULL));
  g_object_unref (bus);
  g_unlink (path);
  g_unsetenv ("DBUS_SESSION_BUS_ADDRESS");
}

static inline gboolean
have_socket (void)
{
  g_autofree char *path = inspect_socket_dup_path ();

  return g_file_test (path, G_FILE_TEST_EXISTS);
}

/* The library waits for two seconds for a bus, which may have less than that of a busy machine. */
static inline void
start_at_bus_or_abort (void)
{
  for (guint i = 0; i < 5; i++)
    {
      start_or_abort ();
      if (!have_socket ())
        return;
      g_test_message ("the bus was too slow");
      proctor_inspect_stop ();
    }
  g_error ("It is not at the bus");
}

static inline void
kill_and_wait (ProctorProcess *process)
{
  g_autoptr(GError) error = NULL;

  proctor_process_kill (process, NULL);
  g_assert_true (proctor_process_wait (process, NULL, NULL, &error));
  g_assert_no_error (error);
}
