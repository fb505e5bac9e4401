/* How much a pipe holds. Large pipes are fast, but a user has only so much memory for all pipes
 * together (64 MiB, see pipe(7), "/proc files"), and beyond it every new pipe is tiny. So only some
 * pipes of a program are grown.
 *
 * SPDX-License-Identifier: LGPL-2.1-or-later
 */

#pragma once

#include <glib.h>

G_BEGIN_DECLS

/* A transfer of this many bytes says that the pipe was full. */
#define PIPE_FULL_READ (32 * 1024)

/* Any thread. Grows the pipe if the program has still budget for it; whether it did. */
gboolean pipe_size_grow (int fd);

/* Gives the budget back, when a grown pipe is closed. */
void pipe_size_release (void);

G_END_DECLS
