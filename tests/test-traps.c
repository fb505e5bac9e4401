/* What other libraries of the kind have got wrong, and the tests of the other files do not come
 * across.
 *
 * SPDX-License-Identifier: LGPL-2.1-or-later
 */

#include "config.h"

#include "api-testing.h"

static void
open_gate (const char *path)
{
  g_assert_true (g_file_set_contents (path, "", 0, NULL));
}

/* ---- exits */

/* The first thread of the child ends long before the others: it is a zombie to some who ask. */
static void
test_leader_ends_first (void)
{
  g_autofree char *ready = work_path ("ready");
  g_autofree char *gate = work_path ("gate");
  g_autofree char *pid = NULL;
  g_autoptr(ProctorCommand) command = child_command ("leader-ends", ready, gate, "7", NULL);
  g_autoptr(ProctorProcess) process = spawn_or_abort (command);
  gint64 until;

  pid = await_file (ready);
  g_assert_cmpint (atoi (pid), ==, proctor_process_get_pid (process));
  until = g_get_monotonic_time () + 20 * G_TIME_SPAN_MILLISECOND;
  while (g_get_monotonic_time () < until)
    {
      g_assert_cmpint (proctor_process_get_state (process), ==, PROCTOR_PROCESS_RUNNING);
      if (!way->in_thread)
        g_main_context_iteration (NULL, FALSE);
    }
  open_gate (gate);
  assert_returncode (process, 7);
}

/* They end in another order than they were started and are waited for. */
static void
test_exits_side_by_side (void)
{
  ProctorProcess *processes[8];
  char *gates[8];
  Reply replies[8];
  const guint n = G_N_ELEMENTS (processes);

  for (guint i = 0; i < n; i++)
    {
      g_autofree char *name = g_strdup_printf ("gate%u", i);
      g_autofree char *code = g_strdup_printf ("%u", i);
      g_autoptr(ProctorCommand) command = NULL;

      gates[i] = work_path (name);
      command = child_command ("gate", gates[i], "exit", code, NULL);
      processes[i] = spawn_or_abort (command);
      reply_init (&replies[i]);
      proctor_process_wait_async (processes[i], NULL, reply_arrived, &replies[i]);
    }

  for (guint i = n; i-- > 0;)
    {
      g_autoptr(GError) error = NULL;
      int returncode = -1;

      open_gate (gates[i]);
      g_assert_true (proctor_process_wait_finish (processes[i], reply_wait (&replies[i]),
                                                  &returncode, &error));
      g_assert_no_error (error);
      g_assert_cmpint (returncode, ==, i);
      for (guint j = 0; j < i; j++)
        g_assert_null (replies[j].result);
      reply_clear (&replies[i]);
      g_object_unref (processes[i]);
      g_free (gates[i]);
    }
}

/* Blocks every signal and ignores every signal: only SIGKILL is left. */
static void
test_deaf_to_all (void)
{
  g_autofree char *ready = work_path ("ready");
  g_autofree char *pid = NULL;
  g_autoptr(ProctorCommand) command = child_command ("block-all", ready, NULL);
  g_autoptr(ProctorProcess) process = spawn_or_abort (command);
  g_autoptr(GError) error = NULL;

  pid = await_file (ready);
  g_assert_true (proctor_process_terminate (process, &error));
  g_assert_true (proctor_process_send_signal (process, SIGINT, &error));
  g_assert_true (way_stop (process, 20 * G_TIME_SPAN_MILLISECOND, NULL, &error));
  g_assert_no_error (error);
  assert_returncode (process, -SIGKILL);
}

/* Writes for ever: the time-out ends it, and what it has written is there. */
static void
test_runaway (void)
{
  g_autoptr(ProctorCommand) command = child_command ("lines", "2000000000", NULL);

  for (GTimeSpan timeout = 50 * G_TIME_SPAN_MILLISECOND;; timeout *= 4)
    {
      g_autoptr(ProctorResult) result = run_until_timed_out (command, timeout);
      gsize length;
      const char *text;

      if (result == NULL)
        continue;
      text = g_bytes_get_data (proctor_result_get_stdout (result), &length);
      if (length == 0)
        continue;
      g_assert_true (g_str_has_prefix (text, "line 0\n"));
      return;
    }
}

/* ---- input that nobody reads */

static void
test_unread_input (void)
{
  g_autoptr(ProctorCommand) command = child_command ("exit", "0", NULL);
  g_autoptr(GBytes) input = make_pattern (10 * 1000 * 1000, 3);

  for (guint i = 0; i < scaled (20); i++)
    {
      g_autoptr(ProctorResult) result = run_or_abort (command, input);

      g_assert_true (proctor_result_check (result, NULL));
      g_assert_false (proctor_result_is_incomplete (result));
    }
}

/* ---- fds */

static void
assert_stdout (ProctorCommand *command,
               const char     *expected)
{
  g_autoptr(ProctorResult) result = run_or_abort (command, NULL);

  g_assert_cmpint (proctor_result_get_returncode (result), ==, 0);
  assert_bytes (proctor_result_get_stdout (result), expected);
}

static void
test_high_fds (void)
{
  static const int highs[] = { 300, 511, 1000, 4000 };
  g_autoptr(ProctorCommand) command = child_command ("open-fds", NULL);
  struct rlimit limit;
  int opened[G_N_ELEMENTS (highs) + 1];
  guint n = 0;

  g_assert_cmpint (getrlimit (RLIMIT_NOFILE, &limit), ==, 0);
  for (guint i = 0; i < G_N_ELEMENTS (highs); i++)
    {
      opened[n] = (rlim_t) highs[i] < limit.rlim_cur ? dup2 (STDERR_FILENO, highs[i]) : -1;
      n += opened[n] >= 0;
    }
  /* The last of all, where that is not too far. */
  if (limit.rlim_cur <= 100000)
    {
      opened[n] = dup2 (STDERR_FILENO, (int) limit.rlim_cur - 1);
      n += opened[n] >= 0;
    }
  assert_stdout (command, "0 1 2 ");
  while (n > 0)
    close (opened[--n]);
}

/* A pipe's own end is nonblocking on our side only, and what the child shares with us stays as it
 * is.
 */
static void
test_blocking_mode (void)
{
  g_autoptr(ProctorCommand) piped = child_command ("nonblocking", NULL);
  g_autoptr(ProctorCommand) shared = child_command ("nonblocking", NULL);
  g_autoptr(GBytes) input = g_bytes_new_static ("x", 1);
  g_autoptr(ProctorResult) result = run_or_abort (piped, input);
  int flags[3];

  assert_bytes (proctor_result_get_stdout (result), "000\n");
  for (int fd = 0; fd < 3; fd++)
    flags[fd] = fcntl (fd, F_GETFL);
  proctor_command_set_stdin (shared, PROCTOR_STDIO_INHERIT);
  proctor_command_set_stderr (shared, PROCTOR_STDIO_INHERIT);
  g_clear_object (&result);
  result = run_or_abort (shared, NULL);
  for (int fd = 0; fd < 3; fd++)
    g_assert_cmpint (fcntl (fd, F_GETFL), ==, flags[fd]);
}

static void
test_closed_stdio (void)
{
  if (!library_uses_pidfds ())
    {
      g_test_skip ("the fds of GLib's child watches come and go in their places");
      return;
    }

  g_test_trap_subprocess ("/traps/subprocess/closed-stdio/blocking", 100 * G_TIME_SPAN_SECOND, 0);
  g_test_trap_assert_passed ();
}

static void
subprocess_closed_stdio (void)
{
  g_autoptr(ProctorCommand) cat = child_command ("cat", NULL);
  g_autoptr(ProctorCommand) inherits = child_command ("exit", "9", NULL);
  g_autoptr(GBytes) input = make_pattern (200000, 5);

  warm_up ();
  proctor_command_set_stdin (cat, PROCTOR_STDIO_PIPE);
  proctor_command_set_stdout (cat, PROCTOR_STDIO_PIPE);
  for (guint closed = 1; closed < 8; closed++)
    {
      int saved[3];

      for (int fd = 0; fd < 3; fd++)
        {
          saved[fd] = fcntl (fd, F_DUPFD_CLOEXEC, 10);
          if (closed & (1U << fd))
            close (fd);
        }
      for (guint i = 0; i < 10; i++)
        {
          g_autoptr(ProctorProcess) process = spawn_or_abort (cat);
          g_autoptr(ProctorProcess) other = spawn_or_abort (inherits);
          g_autoptr(ProctorResult) result = NULL;

          /* Nothing of ours has taken their places. */
          for (int fd = 0; fd < 3; fd++)
            if (closed & (1U << fd))
              g_assert_cmpint (fcntl (fd, F_GETFD), <, 0);
          result = communicate_or_abort (process, input);
          assert_same_bytes (proctor_result_get_stdout (result), input);
          assert_returncode (other, 9);
        }
      for (int fd = 0; fd < 3; fd++)
        {
          dup2 (saved[fd], fd);
          close (saved[fd]);
        }
    }
  _exit (0);
}

/* ---- failures beside a life */

static void
test_failing_beside_living (void)
{
  g_autoptr(ProctorCommand) cat = child_command ("cat", NULL);
  g_autoptr(ProctorCommand) missing = proctor_command_new ("/nowhere/to/be/found", NULL);
  g_autoptr(ProctorProcess) process = NULL;
  g_autoptr(ProctorResult) result = NULL;
  g_autoptr(GBytes) input = make_pattern (500000, 9);

  proctor_command_set_stdin (cat, PROCTOR_STDIO_PIPE);
  proctor_command_set_stdout (cat, PROCTOR_STDIO_PIPE);
  process = spawn_or_abort (cat);
  for (guint i = 0; i < 100; i++)
    {
      g_autoptr(GError) error = NULL;

      g_assert_null (way_spawn (missing, NULL, &error));
      g_assert_error (error, G_IO_ERROR, G_IO_ERROR_NOT_FOUND);
      g_assert_cmpint (proctor_process_get_state (process), ==, PROCTOR_PROCESS_RUNNING);
    }
  result = communicate_or_abort (process, input);
  assert_same_bytes (proctor_result_get_stdout (result), input);
  g_assert_true (proctor_result_check (result, NULL));
}

int
main (int    argc,
      char **argv)
{
  static const ApiTest tests[] = {
    { "leader-ends-first", test_leader_ends_first, ALL_WAYS },
    { "exits-side-by-side", test_exits_side_by_side, TWO_WAYS },
    { "deaf-to-all", test_deaf_to_all, ALL_WAYS },
    { "runaway", test_runaway, TWO_WAYS },
    { "unread-input", test_unread_input, ALL_WAYS },
    { "high-fds", test_high_fds, TWO_WAYS },
    { "blocking-mode", test_blocking_mode, TWO_WAYS },
    { "closed-stdio", test_closed_stdio, ONE_WAY },
    { "failing-beside-living", test_failing_beside_living, ALL_WAYS },
    { "subprocess/closed-stdio", subprocess_closed_stdio, ONE_WAY },
  };

  return RUN_API_TESTS (argc, argv, "traps", tests);
}
