/* What a spawn needs of a command, computed before the clone: argument vectors, ids, and the
 * files to try.
 *
 * SPDX-License-Identifier: LGPL-2.1-or-later
 */

#pragma once

#include "command/child-environ.h"
#include "command/command-spec.h"
#include "command/identity-plan.h"

G_BEGIN_DECLS

/* Thread: ANY. Immutable once made. Not used beyond the spec and the environment that it is made
 * of.
 */
typedef struct
{
  const char * const *argv; /* at least one; the spec's, or `shell_argv` */
  ChildEnviron environ;

  /* Paths for execve, at least one; the next while ENOENT, ENOTDIR, EACCES. */
  const char * const *candidates;

  IdentityPlan identity;

  /* By file descriptor: then the one candidate is for messages only. */
  gboolean has_executable_fd;
  gboolean executable_is_script;
  int executable_fd; /* the spec's */

  /* As sched_setaffinity (2) takes it; NULL: the program's own. */
  gulong *cpu_mask;
  gsize cpu_mask_bytes;

  /* What `argv` and `candidates` may be. */
  const char *shell_argv[COMMAND_SHELL_ARGV_LENGTH];
  const char *path[2];  /* the program was named by its path */
  GStrv own_candidates; /* nullable */
} LaunchPlan;

/* Validates, composes the environment, looks users and groups up, and the program in the child's
 * PATH as seen from the child's working directory. @own_environ is the program's environment as it
 * was when the caller asked; NULL: as it is now. Errors: INVALID_COMMAND; the system's own word
 * where the program or the working directory cannot be used.
 */
LaunchPlan *launch_plan_new (const CommandSpec  *spec,
                             OwnEnviron         *own_environ,
                             GError            **error);
void launch_plan_free (LaunchPlan *self);

G_DEFINE_AUTOPTR_CLEANUP_FUNC (LaunchPlan, launch_plan_free)

G_END_DECLS
