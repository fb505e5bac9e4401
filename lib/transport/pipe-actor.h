/* The actor of one file descriptor that the user has handed over.
 *
 * SPDX-License-Identifier: LGPL-2.1-or-later
 */

#pragma once

#include <gio/gio.h>

#include "stream/read-channel.h"
#include "stream/write-channel.h"

G_BEGIN_DECLS

typedef struct _PipeActor PipeActor;

/* Makes an actor that reads from @fd, or writes to it, through a channel. @fd is taken in any case:
 * on failure it is closed. It may be anything that can be polled; what cannot, as a regular file,
 * is NOT_SUPPORTED.
 * Thread: ANY.
 */
PipeActor *pipe_actor_new_reader (int       fd,
                                  gsize     limit,
                                  GError  **error);
PipeActor *pipe_actor_new_writer (int      fd,
                                  GError **error);

Actor *pipe_actor_get_actor (PipeActor *self);
ReadChannel *pipe_actor_get_read_channel (PipeActor *self);
WriteChannel *pipe_actor_get_write_channel (PipeActor *self);

/* Begins. Until the pipe is closed the actor lives by itself. */
void pipe_actor_start (PipeActor *self);

void pipe_actor_unref (PipeActor *self);

/* For a caller who has given the fd away, and whose call ends before there is an actor. */
void pipe_actor_close_fd (int fd);

/* Connects in the context that is thread-default now, when it is iterated: @connect_func gives the
 * task its result. The task's data is @protocol. @fd is taken.
 */
void pipe_actor_connect_later (int                   fd,
                               GObject              *protocol,
                               GCancellable         *cancellable,
                               GAsyncReadyCallback   callback,
                               gpointer              user_data,
                               gpointer              source_tag,
                               void                (*connect_func) (GTask *task,
                                                                    int    fd));

G_DEFINE_AUTOPTR_CLEANUP_FUNC (PipeActor, pipe_actor_unref)

G_END_DECLS
