/* Small helpers for file descriptors.
 *
 * SPDX-License-Identifier: LGPL-2.1-or-later
 */

#pragma once

#include <glib.h>

G_BEGIN_DECLS

/* "stdin", "stdout", "stderr": in no language another word. */
extern const char * const fd_stdio_names[3];

/* @fd itself, or, where it is 0, 1 or 2 because the program has closed its stdio, a close-on-exec
 * copy above them; the original is closed then. -1 with errno stays -1.
 */
int fd_above_stdio (int fd);

/* A close-on-exec pipe, both ends above 2. FALSE with errno. */
gboolean fd_pipe (int fds[2]);

/* The same for a pair of connected stream sockets. */
gboolean fd_socket_pair (int fds[2]);

/* For the making of what has fds that it chooses itself (a GMainContext): until fd_leave_stdio(),
 * those of 0, 1 and 2 that the program has closed are open, and no new fd gets their number.
 */
typedef struct
{
  gboolean filled[3];
} StdioFilling;

void fd_fill_stdio (StdioFilling *self);
void fd_leave_stdio (const StdioFilling *self);

/* Closes @fd if it is one, and forgets it. Never retried: on Linux an interrupted close has closed.
 */
void fd_clear (int *fd);

G_END_DECLS
