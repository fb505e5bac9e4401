/* A file descriptor that was given to a command: shared by the command and its snapshots, and
 * closed once, with the last of them.
 *
 * SPDX-License-Identifier: LGPL-2.1-or-later
 */

#pragma once

#include <gio/gio.h>

G_BEGIN_DECLS

typedef struct _SharedFd SharedFd;

/* Thread: ANY. A fd that cannot be shared (it is not open, there is no room for one more) is
 * remembered with its number and the reason, for shared_fd_check().
 */
SharedFd *shared_fd_new_dup (int fd);
SharedFd *shared_fd_new_take (int fd);

/* For one spawn only, whichever claims it first. Takes @fd, which is one of ours. */
SharedFd *shared_fd_new_once (int fd);

SharedFd *shared_fd_ref (SharedFd *self);
void shared_fd_unref (SharedFd *self);

/* The number that was given. */
int shared_fd_get_given (const SharedFd *self);

/* No number in the child: the program itself. */
#define SHARED_FD_EXECUTABLE (-1)

/* INVALID_COMMAND for a number that was no open fd, and what it was meant as: the number in the
 * child, or SHARED_FD_EXECUTABLE; else the system's own word.
 */
gboolean shared_fd_check (const SharedFd  *self,
                          int              target,
                          GError         **error);

/* The fd for a spawn. Where it is for one spawn only it is the caller's to close, which
 * @ret_is_callers says. -1: another spawn had it.
 */
int shared_fd_claim (SharedFd *self,
                     gboolean *ret_is_callers);

G_DEFINE_AUTOPTR_CLEANUP_FUNC (SharedFd, shared_fd_unref)

G_END_DECLS
