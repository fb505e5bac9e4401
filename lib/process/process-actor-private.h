/* The inside of a process's actor, for the files that it consists of.
 *
 * SPDX-License-Identifier: LGPL-2.1-or-later
 */

#pragma once

#include "io/capped-collector.h"
#include "io/pipe-sink.h"
#include "io/pipe-source.h"
#include "process/process-actor.h"
#include "process/spawn-job.h"

G_BEGIN_DECLS

/* One of the child's outputs. */
typedef struct
{
  PipeSource source;
  ReadChannel *channel; /* owned; NULL: a run's, which nobody reads but the run */
  CappedCollector collector;
  ProcessActor *actor;
  guint64 n_due;     /* pumped: how many bytes had come when the drain grace was over */
  gboolean captured; /* it is, or was, a pipe */
  gboolean pumped;   /* the pipe is a stream's, and neither the handle's nor communicate's */
} Output;

/* The life of a process, as its actor sees it:
 *
 *   made → starting (a spawner has the job) → running → exited → released
 *
 * `starting` ends with the job's message. The exit may be reported before that message comes; it is
 * then handled after it.
 *
 * The actor holds a reference to itself from the start until it is released: the child has been
 * reaped, nobody can ask for anything any more (the handle is gone, or there never was one), and
 * the pipes are closed.
 *
 * The pipes of a spawned process are read and written through channels, by its streams.
 * `communication` is the operation that has taken them over: a communicate, or a run from its
 * beginning, which needs no channels. What was read for one that was cancelled goes back to the
 * channels.
 */
struct _ProcessActor
{
  Actor actor;

  /* immutable after construction */
  CommandSpec *spec; /* the worker may exchange it, until the process is born */
  ProctorChildWatcher *watcher;
  ProcessLink *link;
  char *description;
  LaunchKind launch_kind;
  gint64 birth; /* monotonic */

  /* atomic */
  ChildId *child; /* owned; NULL until it runs. Written once, by the worker */
  int drop_posted;
  int born; /* the child and its start time are there, and do not change any more */
  Message drop_message;
  Message release_message;

  /* worker only */
  OwnEnviron *own_environ; /* owned until it is started */
  SpawnJob *job;           /* owned while starting */
  gboolean started;      /* the job has come back */
  gboolean exit_reported;
  gboolean exited;       /* the exit has been handled */
  gboolean has_handle;
  gboolean released;
  gboolean timed_out;
  gboolean over_limit; /* it is stopped because it has written too much */
  gboolean counted_due; /* in the outputs */
  gboolean shutting_down; /* the service ends */
  gboolean detached;      /* by that; the exit will not be reported */
  gint64 start_time;
  gint64 start_monotonic;

  Operation *launch;        /* the spawn or run until it is finished */
  Operation *communication; /* see above; a run is both */
  GQueue waits;             /* of Operation, finished by the exit */
  GQueue stops;             /* of Operation, finished by the exit and the end of the tree */
  GError *transfer_error;   /* why an output could not be read on */

  Terminal *terminal;   /* owned; NULL: no stdio is one */
  PipeSink input;
  WriteChannel *writer; /* owned; NULL: a run's */
  gboolean has_input;   /* stdin is, or was, a pipe */
  gboolean input_pumped;
  Output outputs[2];

  Timer timeout_timer;
  Timer drain_timer;
  Timer stop_timer; /* for the next step of a stop; before there is a child, for its birth */

  /* See process-stop.c. */
  ProctorStopPlan *own_plan; /* owned; not NULL: the process is stopped for a reason of its own */
  StopProgress own_progress;
  gboolean tree_ends;        /* it has exited, and what is left of its tree is being stopped */
  gint64 tree_patience_ends; /* 0: SIGKILL has not been sent yet */
  GTimeSpan tree_period;
  Timer tree_timer;
};

/* ---- process-pipes.c */

/* Takes the pipes of a spawn that has succeeded. */
void process_adopt_pipes (ProcessActor *self,
                          SpawnJob     *job);

/* For a process that is not a run: its streams read and write through channels. */
void process_open_channels (ProcessActor *self);
void process_pipes_changed_in_worker (Actor *actor);

/* There will be no process: those who wait at a channel that was made before are told. */
void process_fail_channels (ProcessActor *self);

/* The streams, if there are any, find the end. */
void process_close_pipes (ProcessActor *self);
gboolean process_pipes_are_closed (ProcessActor *self);

/* A communicate, or a run whose process was started, takes the pipes over. */
void process_begin_communication (ProcessActor *self,
                                  Operation    *operation);

/* Finishes the communication if all its parts have come to their end, or (@gave_up) if nothing more
 * is to be waited for.
 */
void process_check_communication (ProcessActor *self,
                                  gboolean      gave_up);

/* Whoever takes it finishes it. The end of a run is the end of its launch, too. */
Operation *process_steal_communication (ProcessActor *self);

void process_start_communicate (Actor     *actor,
                                Operation *operation);
void process_cancel_communicate (Actor     *actor,
                                 Operation *operation);
GError *process_error_no_pipe_for_input (void);

/* After the exit: what a communicate reads at once. Not much, since the thread that reports the
 * exit may be here.
 */
void process_read_after_exit (ProcessActor *self);
/* After the exit somebody else may hold the pipes open. */
void process_arm_drain_timer (ProcessActor *self);
void process_drain_grace_passed (Timer *timer);

/* ---- process-shutdown.c */

/* The service ends. */
void process_shut_down_in_worker (Actor   *actor,
                                  Message *message);

/* Whether the launch's answer is an error in any case. */
gboolean process_launch_is_given_up (ProcessActor *self);

/* Finishes such a launch; it has been taken out of the actor. */
void process_fail_given_up (ProcessActor *self,
                            Operation    *launch);

/* After the exit nobody waits for the end of the pipes. */
void process_give_up_pipes (ProcessActor *self);

/* Tells the runtime when nothing is left that it waits for. */
void process_check_shutdown (ProcessActor *self);

/* ---- process-stop.c */

/* Begins to stop the process, or what is left of its tree, as its command says. Nobody takes that
 * back. Without effect when there is nothing to be stopped, or it is stopped already.
 */
void process_begin_stop (ProcessActor *self);

/* The same with SIGKILL at once. */
void process_begin_kill (ProcessActor *self);

/* What the cancel policy says; somebody has cancelled a call. */
void process_apply_cancel_policy (ProcessActor *self);

/* The process has exited: the stops are over, or go on with its tree. */
void process_stop_after_exit (ProcessActor *self);

/* No stop goes on. */
void process_give_up_stops (ProcessActor *self);

/* The same for those of a process that has exited: what is left of its tree stays. */
void process_give_up_tree (ProcessActor *self);

void process_start_stop (Actor     *actor,
                         Operation *operation);
void process_cancel_stop (Actor     *actor,
                          Operation *operation);

/* ---- process-actor.c */

/* Answers a wait, or a stop. */
void process_finish_wait (ProcessActor *self,
                          Operation    *operation);

/* The exit, and all that waited for it, when nothing of the tree is to be waited for. */
void process_finish_end (ProcessActor *self);

/* A child that has not come to its exec is killed, after a moment. */
void process_give_up_birth (ProcessActor *self);

/* A handle that is still there can ask for more, and a stream that is still there can be read or
 * written.
 */
void process_release_if_done (ProcessActor *self);

G_END_DECLS
