/* SPDX-License-Identifier: LGPL-2.1-or-later */

/* Thread: ANY. What a process is sent: signals. */

#include "config.h"

#include "process/proctor-process-private.h"

#include <signal.h>

#include "base/base-thread.h"

/**
 * proctor_process_send_signal:
 * @self: a process
 * @signum: the number of a signal
 * @error: return location for an error
 *
 * Sends a signal to this process, at once, from the calling thread. It never reaches another
 * process.
 *
 * Errors: %PROCTOR_ERROR_PROCESS_LOOKUP when the process has been reaped; %G_IO_ERROR with the
 * system's reason, for example
 * %G_IO_ERROR_INVALID_ARGUMENT for a signal that does not exist or %G_IO_ERROR_PERMISSION_DENIED;
 * %PROCTOR_ERROR_FORKED.
 *
 * Thread safety: any thread.
 *
 * Returns: whether it was sent
 *
 * Since: 1.0
 */
gboolean
proctor_process_send_signal (ProctorProcess  *self,
                             int              signum,
                             GError         **error)
{
  g_return_val_if_fail (PROCTOR_IS_PROCESS (self), FALSE);

  return program_check_not_forked (error) && child_id_signal (self->parts->child, signum, error);
}

static gboolean
send_to_tree (ProctorProcess  *self,
              int              signum,
              GError         **error)
{
  g_return_val_if_fail (PROCTOR_IS_PROCESS (self), FALSE);

  return program_check_not_forked (error) &&
         child_id_signal_tree (self->parts->child, signum, error);
}

/**
 * proctor_process_terminate:
 * @self: a process
 * @error: return location for an error
 *
 * Asks the process to end: sends SIGTERM and nothing else. With %PROCTOR_COMMAND_OWN_TREE it goes
 * to all of its tree.
 *
 * Errors: see [method@Process.send_signal].
 *
 * Thread safety: any thread.
 *
 * Returns: whether it was sent
 *
 * Since: 1.0
 */
gboolean
proctor_process_terminate (ProctorProcess  *self,
                           GError         **error)
{
  return send_to_tree (self, SIGTERM, error);
}

/**
 * proctor_process_kill:
 * @self: a process
 * @error: return location for an error
 *
 * Ends the process: sends SIGKILL, which it can neither ignore nor see. With
 * %PROCTOR_COMMAND_OWN_TREE it goes to all of its tree.
 *
 * Errors: see [method@Process.send_signal].
 *
 * Thread safety: any thread.
 *
 * Returns: whether it was sent
 *
 * Since: 1.0
 */
gboolean
proctor_process_kill (ProctorProcess  *self,
                      GError         **error)
{
  return send_to_tree (self, SIGKILL, error);
}

/* The state says so at once, also where the system needs a moment. */
static gboolean
set_suspended (ProctorProcess  *self,
               gboolean         suspended,
               GError         **error)
{
  gboolean changed = FALSE;

  if (!program_check_not_forked (error) ||
      !child_id_set_suspended (self->parts->child, suspended, &changed, error))
    return FALSE;

  if (changed)
    process_link_state_changed (self->parts->link);
  else
    process_link_tell_lists (self->parts->link);
  return TRUE;
}

/**
 * proctor_process_suspend:
 * @self: a process
 * @error: return location for an error
 *
 * Suspends the process: sends SIGSTOP, which it can neither ignore nor see. With
 * %PROCTOR_COMMAND_OWN_TREE all of its tree is suspended.
 *
 * When this returns, [method@Process.get_state] says %PROCTOR_PROCESS_SUSPENDED. A suspended
 * process can still be stopped and killed.
 *
 * Errors: see [method@Process.send_signal].
 *
 * Thread safety: any thread.
 *
 * Returns: whether the signal was sent
 *
 * Since: 1.0
 */
gboolean
proctor_process_suspend (ProctorProcess  *self,
                         GError         **error)
{
  g_return_val_if_fail (PROCTOR_IS_PROCESS (self), FALSE);

  return set_suspended (self, TRUE, error);
}

/**
 * proctor_process_resume:
 * @self: a process
 * @error: return location for an error
 *
 * Lets a suspended process go on: sends SIGCONT. With %PROCTOR_COMMAND_OWN_TREE all of its tree
 * goes on. Without effect on a process that runs, unless it handles that signal.
 *
 * Errors: see [method@Process.send_signal].
 *
 * Thread safety: any thread.
 *
 * Returns: whether the signal was sent
 *
 * Since: 1.0
 */
gboolean
proctor_process_resume (ProctorProcess  *self,
                        GError         **error)
{
  g_return_val_if_fail (PROCTOR_IS_PROCESS (self), FALSE);

  return set_suspended (self, FALSE, error);
}
