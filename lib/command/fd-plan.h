/* Which fd operations give a child exactly the descriptors it shall have: a pure function.
 *
 * SPDX-License-Identifier: LGPL-2.1-or-later
 */

#pragma once

#include <glib.h>

G_BEGIN_DECLS

/* The child's fd @target shall be this program's fd @source. Targets are unique; a source may be
 * used many times and may itself be a target of another mapping.
 */
typedef struct
{
  int source;
  int target;
  gboolean is_open; /* the source is known to be */
} FdMapping;

typedef enum
{
  FD_OP_MOVE,          /* moved[index] = fcntl (fd, F_DUPFD_CLOEXEC, floor) */
  FD_OP_CLEAR_CLOEXEC, /* fd is its own target: clear FD_CLOEXEC */
  FD_OP_DUP,           /* dup2 (fd, target); where fd is -1, dup2 (moved[index], target) */
} FdOpKind;

typedef struct
{
  FdOpKind kind;
  int fd;
  int target;
  guint index;      /* which moved fd is made or used */
  gboolean is_open; /* `fd` is known to be */
} FdOp;

typedef struct
{
  int floor;     /* above all targets and 2: moved fds and the child's own live from here on */
  guint n_moved; /* how many slots the moves fill */
  guint n_ops;
  FdOp *ops;     /* to be done in order */
} FdPlan;

void fd_plan_init (FdPlan          *self,
                   const FdMapping *mappings,
                   guint            n_mappings);
void fd_plan_clear (FdPlan *self);

G_END_DECLS
