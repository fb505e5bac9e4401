/* The actor of one process: it owns our ends of the pipes, and everything that is wanted of the
 * process passes through it.
 *
 * SPDX-License-Identifier: LGPL-2.1-or-later
 */

#pragma once

#include "command/command-spec.h"
#include "command/own-environ.h"
#include "process/operation.h"
#include "process/process-link.h"
#include "process/terminal.h"
#include "stream/read-channel.h"
#include "stream/write-channel.h"

G_BEGIN_DECLS

/* Of a run whose command says nothing of it. */
#define DEFAULT_RUN_DRAIN_GRACE (2 * G_TIME_SPAN_SECOND)

typedef struct _ProcessActor ProcessActor;
typedef struct _StreamPumps StreamPumps;

/* What a handle is made of, and all that it needs later. */
typedef struct
{
  ProcessActor *actor;          /* owned */
  ProcessLink *link;            /* owned */
  ChildId *child;               /* owned */
  ProctorChildWatcher *watcher; /* owned */
  WriteChannel *writer;         /* owned; NULL: stdin is no pipe, or its stream has it */
  ReadChannel *readers[2];      /* owned; the same for stdout and stderr */
  Terminal *terminal;           /* owned; NULL: no stdio is one */
  StreamPumps *pumps;           /* owned; NULL: no stdio is a stream of GIO */
  gint64 start_time;            /* real time */
  gint64 start_monotonic;
  int fds[3];                   /* the numbers of our ends of the pipes, or -1 */
} ProcessParts;

typedef enum
{
  LAUNCH_SPAWN,
  LAUNCH_SPAWN_WITH_PIPES, /* the stdios are pipes unless the command says otherwise */
  LAUNCH_RUN,
} LaunchKind;

void process_parts_free (ProcessParts *self);

/* Thread: ANY. Makes an actor for a command; nothing is started yet. */
ProcessActor *process_actor_new (CommandSpec          *spec,
                                 OwnEnviron           *own_environ,
                                 ProctorChildWatcher  *watcher,
                                 GError              **error);
ProcessActor *process_actor_ref (ProcessActor *self);
void process_actor_unref (ProcessActor *self);

Actor *process_actor_get_actor (ProcessActor *self);

/* Before the launch: the other end of a channel to the child's stdin, or from one of its outputs,
 * which is not the handle's. The caller gets a reference.
 */
WriteChannel *process_actor_add_writer (ProcessActor *self);
ReadChannel *process_actor_add_reader (ProcessActor *self,
                                       int           output);

/* The operations. The first starts the process, and is the first that is made: a spawn answers with
 * a ProcessParts as payload, a run with a result. The others come from the handle.
 */
Operation *process_actor_new_launch (ProcessActor *self,
                                     LaunchKind    kind,
                                     GBytes       *input);
Operation *process_actor_new_wait (ProcessActor *self);
Operation *process_actor_new_communicate (ProcessActor *self,
                                          GBytes       *input);
/* @plan is copied; NULL: the command's. */
Operation *process_actor_new_stop (ProcessActor          *self,
                                   const ProctorStopPlan *plan);

/* Thread: ANY. The handle's last word. */
void process_actor_drop (ProcessActor *self);

/* Thread: ANY. Records, for lists, of all processes of the service that run; in no order. */
GPtrArray *process_actor_list_records (void);

/* The command's text, for messages. */
char *process_actor_describe (ProcessActor *self);

G_DEFINE_AUTOPTR_CLEANUP_FUNC (ProcessActor, process_actor_unref)

G_END_DECLS
