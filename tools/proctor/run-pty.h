/* Our own standard input and output, on the other side of a command's pseudo-terminal.
 *
 * SPDX-License-Identifier: LGPL-2.1-or-later
 */

#pragma once

#include <proctor/proctor.h>

G_BEGIN_DECLS

typedef struct _RunPty RunPty;

/* Called in the main loop when the command's terminal is at its end, or nobody reads our output any
 * more; @error is NULL in the first case.
 */
typedef void (*RunPtyFunc) (const GError *error,
                                 gpointer      user_data);

/* Puts our terminal, if we have one, into raw mode until the end. */
RunPty *run_pty_start (ProctorProcess  *process,
                                 RunPtyFunc  ended_func,
                                 gpointer         user_data);
void run_pty_free (RunPty *self);

G_END_DECLS
