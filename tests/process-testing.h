/* For tests of handles of processes: processes that stay or exit, and their ends.
 *
 * SPDX-License-Identifier: LGPL-2.1-or-later
 */

#pragma once

#include "api-testing.h"

/* A process that stays until it is ended or its stdin is closed. */
static inline ProctorProcess *
spawn_cat (ProctorCommandFlags flags)
{
  g_autoptr(ProctorCommand) command = child_command ("cat", NULL);

  proctor_command_set_stdin (command, PROCTOR_STDIO_PIPE);
  proctor_command_set_stdout (command, PROCTOR_STDIO_DEVNULL);
  proctor_command_set_flags (command, flags);
  return spawn_or_abort (command);
}

static inline ProctorProcess *
spawn_exit (const char *code)
{
  g_autoptr(ProctorCommand) command = child_command ("exit", code, NULL);

  return spawn_or_abort (command);
}

static inline void
kill_and_wait (ProctorProcess *process)
{
  g_autoptr(GError) error = NULL;

  g_assert_true (proctor_process_kill (process, &error));
  g_assert_no_error (error);
  assert_returncode (process, -SIGKILL);
}

/* Waits for what the library learns by itself. On the main thread without running the main context.
 */
static inline void
await_state (ProctorProcess      *process,
             ProctorProcessState  state)
{
  gint64 deadline = g_get_monotonic_time () + 20 * G_TIME_SPAN_SECOND;

  while (proctor_process_get_state (process) != state)
    {
      g_assert_cmpint (g_get_monotonic_time (), <, deadline);
      g_usleep (200);
    }
}

static inline gpointer
wait_in_thread (gpointer data)
{
  g_autoptr(GError) error = NULL;
  int returncode = G_MAXINT;

  g_assert_true (proctor_process_wait (data, NULL, &returncode, &error));
  g_assert_no_error (error);
  return GINT_TO_POINTER (returncode);
}
