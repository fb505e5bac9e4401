/* One spawn, as a spawner thread or a caller that blocks does it: looks the program up, makes the
 * pipes, starts the child and has it watched.
 *
 * SPDX-License-Identifier: LGPL-2.1-or-later
 */

#pragma once

#include "command/command-spec.h"
#include "command/own-environ.h"
#include "process/process-link.h"
#include "process/stdio-plan.h"
#include "runtime/spawner.h"
#include "spawn/spawn.h"

G_BEGIN_DECLS

typedef struct _SpawnJob SpawnJob;

/* Made by the actor, done by another thread, read by the actor when the message comes. */
struct _SpawnJob
{
  SpawnerJob job;
  Message message; /* to the actor when it is done */
  MessageFunc done_func;

  /* immutable after construction */
  CommandSpec *spec;            /* owned */
  OwnEnviron *own_environ;      /* owned */
  ProctorChildWatcher *watcher; /* owned */
  ProcessLink *link;            /* owned */
  Actor *actor;                 /* owned */
  SpawnBirth *birth;            /* owned */
  ProctorStdio stdio[3];        /* with the defaults filled in */

  /* that thread only, then actor only */
  GError *error;
  ChildId *child; /* owned; NULL if there is an error */
  OurEnd ends[3]; /* owned */
  Terminal *terminal; /* owned; NULL: none of them is one */
  gint64 start_time;      /* real time */
  gint64 start_monotonic;
};

/* What a stdio is that the command says nothing of. */
typedef enum
{
  STDIO_DEFAULTS_INHERIT,
  STDIO_DEFAULTS_CAPTURE, /* pipes for stdout and stderr, /dev/null as stdin */
  STDIO_DEFAULTS_PIPES,
} StdioDefaults;

SpawnJob *spawn_job_new (CommandSpec         *spec,
                         OwnEnviron          *own_environ,
                         StdioDefaults        defaults,
                         ProctorChildWatcher *watcher,
                         ProcessLink         *link,
                         Actor               *actor);
/* When it is done: the command's fds are not needed any more. */
void spawn_job_let_go_of_spec (SpawnJob *self);
void spawn_job_free (SpawnJob *self);

/* Does it, in this thread; @done_func is then the actor's message. */
void spawn_job_do (SpawnJob    *self,
                   MessageFunc  done_func);

/* Has a spawner do it. WORKER. */
gboolean spawn_job_post (SpawnJob     *self,
                         MessageFunc   done_func,
                         GError      **error);

G_DEFINE_AUTOPTR_CLEANUP_FUNC (SpawnJob, spawn_job_free)

G_END_DECLS
