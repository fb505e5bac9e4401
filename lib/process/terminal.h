/* The pseudo-terminal of a child, on our side: it is kept open while the child runs, whichever of
 * its stdios are on it, and its window can be resized by any thread.
 *
 * SPDX-License-Identifier: LGPL-2.1-or-later
 */

#pragma once

#include <glib.h>

G_BEGIN_DECLS

typedef struct _Terminal Terminal;

/* Thread: ANY. NULL with errno. @ret_slave, the child's side, is the caller's. The master's open
 * file is nonblocking; the slave's is another one.
 */
Terminal *terminal_new (guint  rows,
                        guint  columns,
                        int   *ret_slave);
Terminal *terminal_ref (Terminal *self);
void terminal_unref (Terminal *self);

/* A copy of the master for a source or a sink; -1 with errno. */
int terminal_dup_master (Terminal *self);

/* Lets go of the master. Where it was the last copy the child's session gets SIGHUP. */
void terminal_close (Terminal *self);

/* FALSE with errno; EIO after terminal_close(). */
gboolean terminal_set_window_size (Terminal *self,
                                   guint     rows,
                                   guint     columns);

G_DEFINE_AUTOPTR_CLEANUP_FUNC (Terminal, terminal_unref)

G_END_DECLS
