/* How a process stands, for who looks at it from outside: a copy of what its actor knows.
 *
 * SPDX-License-Identifier: LGPL-2.1-or-later
 */

#pragma once

#include "io/pipe-kind.h"
#include "process/process-actor.h"

G_BEGIN_DECLS

/* One of the child's stdios that is, or was, a pipe of ours. All times are monotonic. */
typedef struct
{
  gboolean is_ours; /* else nothing else counts */
  gboolean is_open;
  PipeKind kind;
  char name[64];     /* as /proc names it in whoever has it open: "pipe:[12345]", "/dev/pts/3" */
  guint64 n_bytes;   /* that have passed */
  gint64 in_pipe;    /* bytes; -1: not known */
  gint64 pipe_size;  /* -1: not known */
  gboolean is_pumped; /* for a stream of the user's */
  gsize held;         /* stdin: not sent yet. An output: read, and not asked for yet */
  guint n_waiting;    /* calls that wait for it */

  /* of stdin */
  gboolean is_ending;   /* it is closed when all is sent */
  gint64 blocked_since; /* it has taken nothing since; 0: nothing is left to be sent */

  /* of an output */
  gsize limit;
  gboolean is_collected; /* for a run or communicate, as a whole */
  gboolean is_paused;
  gboolean is_held_back; /* by the program's wish */
  gint64 paused_since;
} PipeLook;

typedef enum
{
  PROCESS_STAGE_QUEUED,   /* nobody has begun to start it */
  PROCESS_STAGE_STARTING, /* a spawner has it, or it has not come to its exec */
  PROCESS_STAGE_RUNNING,
  PROCESS_STAGE_EXITED,
  PROCESS_STAGE_FAILED, /* it could not be started */
} ProcessStage;

typedef struct
{
  ProcessStage stage;
  gboolean is_run;
  gboolean has_handle;
  gboolean is_reported;   /* the actor has been told of the exit */
  gboolean communicates;  /* or runs: it waits for the end of the outputs */
  gboolean is_detached;
  gboolean shuts_down;
  gboolean tree_ends;     /* it has exited, and what is left of its tree is being stopped */
  guint n_waits;
  guint n_stops;
  gboolean stops;         /* somebody stops it */
  gint64 next_step;       /* of that; monotonic. 0: SIGKILL has been sent, or nobody stops it */
  gint64 timeout_at;      /* of a run; 0: none */
  gint64 give_up_at;      /* the drain grace ends; 0: none has begun */
  guint n_messages;       /* that wait for it */
  PipeLook pipes[3];
} ProcessLook;

/* WORKER. FALSE: there is nothing left to be seen. */
gboolean process_look (ProcessActor *self,
                       ProcessLook  *look);

/* ---- what is known in any thread, also while the worker does not answer */

/* The process actor that this is, or NULL. */
ProcessActor *process_actor_from_actor (Actor *actor);

/* The child, or NULL while there is none. */
ChildId *process_actor_dup_child (ProcessActor *self);

/* When it was made; monotonic. */
gint64 process_actor_get_birth (ProcessActor *self);

/* The watcher that notices the exit; borrowed. */
ProctorChildWatcher *process_actor_get_watcher (ProcessActor *self);

G_END_DECLS
