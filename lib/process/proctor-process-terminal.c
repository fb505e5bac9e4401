/* SPDX-License-Identifier: LGPL-2.1-or-later */

/* Thread: ANY. */

#include "config.h"

#include "process/proctor-process-private.h"

#include <errno.h>
#include <glib/gi18n-lib.h>

#include "base/base-thread.h"

/**
 * proctor_process_set_window_size:
 * @self: a process
 * @rows: the height of the window in lines of text
 * @columns: its width in characters
 * @error: return location for an error
 *
 * Resizes the window of the pseudo-terminal of the process. If that changes its size, what is in
 * the terminal's foreground gets SIGWINCH.
 *
 * Errors: %G_IO_ERROR_NOT_SUPPORTED for a process without a pseudo-terminal of ours
 * (%PROCTOR_STDIO_PTY); %G_IO_ERROR_INVALID_ARGUMENT for 0, and for more than 65535;
 * %PROCTOR_ERROR_PROCESS_LOOKUP when the process has ended; %PROCTOR_ERROR_FORKED.
 *
 * Thread safety: any thread.
 *
 * Returns: whether it was done
 *
 * Since: 1.0
 */
gboolean
proctor_process_set_window_size (ProctorProcess  *self,
                                 guint            rows,
                                 guint            columns,
                                 GError         **error)
{
  int error_number;

  g_return_val_if_fail (PROCTOR_IS_PROCESS (self), FALSE);

  if (!program_check_not_forked (error))
    return FALSE;
  if (self->parts->terminal == NULL)
    {
      g_set_error_literal (error, G_IO_ERROR, G_IO_ERROR_NOT_SUPPORTED,
                           _("The process has no pseudo-terminal"));
      return FALSE;
    }
  if (rows == 0 || rows > G_MAXUINT16 || columns == 0 || columns > G_MAXUINT16)
    {
      g_set_error (error, G_IO_ERROR, G_IO_ERROR_INVALID_ARGUMENT,
                   _("A terminal cannot have %u rows and %u columns"), rows, columns);
      return FALSE;
    }
  if (child_id_get_outcome (self->parts->child, NULL))
    {
      g_set_error_literal (error, PROCTOR_ERROR, PROCTOR_ERROR_PROCESS_LOOKUP,
                           _("The process has ended"));
      return FALSE;
    }
  if (terminal_set_window_size (self->parts->terminal, rows, columns))
    return TRUE;

  /* EIO: the process has ended a moment ago. */
  error_number = errno;
  if (error_number == EIO)
    g_set_error_literal (error, PROCTOR_ERROR, PROCTOR_ERROR_PROCESS_LOOKUP,
                         _("The process has ended"));
  else
    g_set_error (error, G_IO_ERROR, g_io_error_from_errno (error_number),
                 _("Could not resize the terminal of the process: %s"), g_strerror (error_number));
  return FALSE;
}
