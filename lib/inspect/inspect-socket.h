/* The socket at which a program is looked into where there is no session bus, and its peers.
 *
 * SPDX-License-Identifier: LGPL-2.1-or-later
 */

#pragma once

#include "inspect/inspect-calls.h"

G_BEGIN_DECLS

/* Thread: INSPECT. */
typedef struct _InspectSocket InspectSocket;

/* Its path, to be freed. Thread: ANY. */
char *inspect_socket_dup_path (void);

/* Listens there, in a folder that must be the user's alone; what lies there of a program that had
 * this pid is taken away.
 */
InspectSocket *inspect_socket_open (const char    *path,
                                    InspectCalls  *calls,
                                    GError       **error);

/* Ends it, with all peers, and lets go of it; what is left to be done counts as pending of the
 * calls.
 */
void inspect_socket_close (InspectSocket *self);

G_END_DECLS
