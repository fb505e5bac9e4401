/* The settings of the terminal, for when a command could not put them back itself.
 *
 * SPDX-License-Identifier: LGPL-2.1-or-later
 */

#pragma once

#include <glib.h>
#include <termios.h>

G_BEGIN_DECLS

typedef struct
{
  gboolean is_known; /* we were started in a terminal, and in its foreground */
  struct termios settings;
} RunTerminal;

void run_terminal_remember (RunTerminal *self);
/* What a shell does when a job of its foreground was killed. */
void run_terminal_restore (const RunTerminal *self);

G_END_DECLS
