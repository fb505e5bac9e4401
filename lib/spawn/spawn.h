/* Starting a child process.
 *
 * SPDX-License-Identifier: LGPL-2.1-or-later
 */

#pragma once

#include <sys/types.h>

#include <gio/gio.h>

#include "command/command-attributes.h"
#include "command/fd-plan.h"
#include "command/identity-plan.h"

G_BEGIN_DECLS

typedef enum
{
  SPAWN_STEP_NONE,    /* nothing was tried yet */
  SPAWN_STEP_PREPARE, /* in the parent, before the clone: stack, error pipe, fd limit */
  SPAWN_STEP_CLONE,   /* clone or fork itself: EAGAIN, ENOMEM */
  SPAWN_STEP_SIGNALS, /* index: which of `ignored_signals`, or -1 */
  SPAWN_STEP_CGROUP,
  SPAWN_STEP_SETSID,
  SPAWN_STEP_SETPGID,
  SPAWN_STEP_TERMINAL,
  SPAWN_STEP_CHDIR,
  SPAWN_STEP_OPEN, /* index: which of `opens` */
  SPAWN_STEP_FDS,  /* file descriptors; index: the fd plan's operation, or -1 */
  SPAWN_STEP_CONTROLLING_TERMINAL,
  SPAWN_STEP_OOM_SCORE_ADJ,
  SPAWN_STEP_RLIMIT, /* index: which of `rlimits` */
  SPAWN_STEP_NICE,
  SPAWN_STEP_IO_PRIORITY,
  SPAWN_STEP_CPU_AFFINITY,
  SPAWN_STEP_SETGROUPS,
  SPAWN_STEP_SETGID,
  SPAWN_STEP_SETUID,
  SPAWN_STEP_NO_NEW_PRIVS,
  SPAWN_STEP_PARENT_DEATH_SIGNAL,
  SPAWN_STEP_EXEC, /* index: which of `candidates` */
} SpawnStep;

/* A file that the child opens itself, after chdir, for one of its stdios. They are placed in order,
 * after the fds.
 */
typedef struct
{
  const char *path; /* NULL: not opened, the target becomes a copy of what fd 1 is by then */
  int flags; /* of open; O_CLOEXEC and O_NOCTTY are added */
  int target;
} SpawnOpen;

/* All pointers are borrowed for the duration of spawn_child(). */
typedef struct
{
  const char * const *argv;
  const char * const *envp;
  const char * const *candidates;

  /* This fd is executed, and `candidates` is only what it is called. A script's fd stays open. */
  gboolean has_executable_fd;
  gboolean executable_is_script;
  int executable_fd;

  const char *cwd; /* nullable */

  const FdMapping *fds;
  guint n_fds;
  const SpawnOpen *opens;
  guint n_opens;
  gboolean without_stderr; /* fd 2 is closed although the program has one */

  gboolean inherit_fds;
  gboolean new_session;
  gboolean controlling_terminal; /* fd 0 becomes it; wants a new session */
  gboolean no_new_privs;
  const char *tree_procs; /* cgroup.procs of the child's tree; it goes there if it may. Nullable */
  pid_t process_group; /* 0: its own; -1: the parent's */

  /* The child leads a session, and has this fd's file, one of the sources, as its controlling
   * terminal.
   */
  gboolean has_terminal;
  int terminal;

  /* Whom it runs as, and with which limits. NULL: as this program. */
  const CommandAttributes *attributes;
  const IdentityPlan *identity;
  const gulong *cpu_mask; /* with PROCTOR_ATTRIBUTE_CPU_AFFINITY */
  gsize cpu_mask_bytes;

  /* Shared with whoever may want to kill a child that is stuck before exec. */
  struct _SpawnBirth *birth;
} SpawnRequest;

/* What is known of a child while its spawner still sleeps in clone. Another thread may use it to
 * end a child that is stuck before exec (a FIFO, a hung mount). Thread: ANY.
 */
typedef struct _SpawnBirth SpawnBirth;

SpawnBirth *spawn_birth_new (void);
SpawnBirth *spawn_birth_ref (SpawnBirth *self);
void spawn_birth_unref (SpawnBirth *self);

/* Kills the child if it is between clone and exec, and makes a spawn that has not begun yet fail
 * with ECANCELED. Without effect once spawn_child() has returned.
 */
void spawn_birth_abort (SpawnBirth *self);

/* How a child was made, from the best to the plainest. */
typedef enum
{
  SPAWN_METHOD_CLONE_FILES, /* clone that shares the memory, and the fds until the child cuts them
                             * off */
  SPAWN_METHOD_CLONE,       /* clone that shares the memory */
  SPAWN_METHOD_FORK,
} SpawnMethod;

typedef struct
{
  pid_t pid;
  int pidfd; /* or -1. CLOEXEC, above 2, owned by the caller */
  SpawnMethod method;
  gboolean clone3; /* without the parent's handlers from birth */
} SpawnedChild;

typedef struct
{
  SpawnStep step;
  int index; /* what `step` says, or -1 */
  int errnum;
} SpawnFailure;

/* Starts a child and returns when it has called execve, or failed to and has been reaped. On
 * failure nothing is left: no process, no zombie, no fd. A child that was killed before exec is a
 * failure, too, with ECANCELED.
 *
 * Thread: ANY, but the calling thread sleeps until exec: a spawner thread in practice.
 */
gboolean spawn_child (const SpawnRequest *request,
                      SpawnedChild       *child,
                      SpawnFailure       *failure);

/* The GError of a failure: the step, the path or argument it concerns, and errno's text. */
GError *spawn_failure_to_error (const SpawnFailure *failure,
                                const SpawnRequest *request);

G_DEFINE_AUTOPTR_CLEANUP_FUNC (SpawnBirth, spawn_birth_unref)

G_END_DECLS
