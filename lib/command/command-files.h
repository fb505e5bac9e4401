/* What a command says of the child's file descriptors, as plain data.
 *
 * SPDX-License-Identifier: LGPL-2.1-or-later
 */

#pragma once

#include <gio/gio.h>

#include <proctor/proctor-enums.h>

#include "command/shared-fd.h"

G_BEGIN_DECLS

/* One of stdin, stdout and stderr. At most one of `path`, `fd`, `fd_released` and `streamed` is
 * set, and then `kind` does not count.
 */
typedef struct
{
  ProctorStdio kind;
  char *path;           /* this file */
  gboolean append;      /* for an output path */
  SharedFd *fd;         /* owned; this open file */
  gboolean fd_released; /* there was one, and the command has given it back */
  gboolean streamed;    /* a pipe that the library feeds from, or empties into, a stream of GIO */
} CommandStdio;

/* One of the fds beyond them; its target may also be 0, 1 or 2 and then stands for that stdio. */
typedef struct
{
  SharedFd *fd; /* owned; NULL: the command has given it back */
  int target;
} CommandFd;

#define COMMAND_DEFAULT_ROWS 24
#define COMMAND_DEFAULT_COLUMNS 80

/* Part of a CommandSpec; the same rules hold. */
typedef struct
{
  CommandStdio stdio[3];
  GArray *fds; /* of CommandFd; NULL: none */
  gsize pipe_size; /* bytes; 0: the library's choice */
  guint rows;    /* of a terminal's window */
  guint columns;
} CommandFiles;

void command_files_init (CommandFiles *self);
void command_files_copy (CommandFiles       *self,
                         const CommandFiles *other);
void command_files_clear (CommandFiles *self);

/* For the setters: a stdio that is as if it had never been set, and whether it is. */
void command_stdio_reset (CommandStdio *self);
gboolean command_stdio_is_set (const CommandStdio *self);

/* Takes @fd. A target that was released before is given anew. */
void command_files_add_fd (CommandFiles *self,
                           SharedFd     *fd,
                           int           target);

/* Gives up all fds; what had one is marked. */
void command_files_release_fds (CommandFiles *self);
gboolean command_files_have_fds (const CommandFiles *self);
gboolean command_files_have_released_fds (const CommandFiles *self);
gboolean command_files_have_streams (const CommandFiles *self);

/* The fd that stands for a stdio, by either way; borrowed; NULL: none. */
SharedFd *command_files_get_stdio_fd (const CommandFiles *self,
                                      int                 target);

/* Whether a stdio can be an end of ours, so that input can be sent and output captured. */
gboolean command_files_stdio_may_be_ours (const CommandFiles *self,
                                          int                 target);

/* Whether a stdio was set to anything, by either way. */
gboolean command_files_stdio_is_set (const CommandFiles *self,
                                     int                 target);
gboolean command_files_want_terminal (const CommandFiles *self);

/* INVALID_COMMAND, or CLOSED for fds that were given back. */
gboolean command_files_validate (const CommandFiles  *self,
                                 GError             **error);

G_END_DECLS
