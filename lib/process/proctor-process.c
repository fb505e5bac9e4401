/* SPDX-License-Identifier: LGPL-2.1-or-later */

/* Thread: ANY. `exited` and notify are emitted in the owner's context. */

#include "config.h"

#include "process/proctor-process-private.h"

#include <glib/gi18n-lib.h>

#include "base/base-thread.h"
#include "stream/proctor-stream-reader-private.h"
#include "stream/proctor-stream-writer-private.h"
#include "runtime/worker.h"
#include "watch/child-watcher-private.h"

enum
{
  PROP_0,
  PROP_PID,
  PROP_STATE,
  PROP_RETURNCODE,
  N_PROPERTIES
};

enum
{
  SIGNAL_EXITED,
  N_SIGNALS
};

static GParamSpec *properties[N_PROPERTIES];
static guint signals[N_SIGNALS];

/**
 * ProctorProcess:
 *
 * A process that was started with [method@Command.spawn].
 *
 * All methods may be called in any thread at any time. The `exited` signal and notifications of
 * properties come only in the main context that was thread-default where the process was spawned.
 *
 * A process whose stdin, stdout or stderr is a pipe is written and read through streams
 * ([method@Process.get_stdin], [method@Process.get_stdout], [method@Process.get_stderr]), or all at
 * once with [method@Process.communicate]. What nobody reads is held up to a limit; then the process
 * waits.
 *
 * Dropping the last reference leaves a running process alone, unless %PROCTOR_COMMAND_KILL_ON_DROP
 * is set: it goes on, it is still reaped, and its streams are closed unless somebody else holds
 * them.
 *
 * [Streams and backpressure](streams.html), [Stopping things](stopping.html) and
 * [Threads and the main loop](threads.html) show how all this is used.
 *
 * Thread safety: any thread.
 *
 * Since: 1.0
 */
G_DEFINE_FINAL_TYPE (ProctorProcess, proctor_process, G_TYPE_OBJECT)

static void
tell_exited (ProctorProcess *self)
{
  g_object_freeze_notify (G_OBJECT (self));
  g_object_notify_by_pspec (G_OBJECT (self), properties[PROP_STATE]);
  g_object_notify_by_pspec (G_OBJECT (self), properties[PROP_RETURNCODE]);
  g_object_thaw_notify (G_OBJECT (self));
  g_signal_emit (self, signals[SIGNAL_EXITED], 0);
}

static void
tell_state (ProctorProcess *self)
{
  g_object_notify_by_pspec (G_OBJECT (self), properties[PROP_STATE]);
}

/* From here on the streams have the channels. */
static void
open_streams (ProctorProcess *self)
{
  ProcessParts *parts = self->parts;
  Actor *actor = process_actor_get_actor (parts->actor);

  if (parts->writer != NULL)
    self->writer = proctor_stream_writer_new (parts->writer, actor, parts->watcher);
  g_clear_pointer (&parts->writer, write_channel_unref);

  for (guint i = 0; i < G_N_ELEMENTS (self->readers); i++)
    {
      if (parts->readers[i] != NULL)
        self->readers[i] = proctor_stream_reader_new (parts->readers[i], actor, parts->watcher);
      g_clear_pointer (&parts->readers[i], read_channel_unref);
    }
}

ProctorProcess *
proctor_process_new (ProcessParts  *parts,
                     CallerContext *owner)
{
  ProctorProcess *self = g_object_new (PROCTOR_TYPE_PROCESS, NULL);

  self->parts = parts;
  open_streams (self);
  if (owner != NULL)
    proctor_process_set_owner (self, owner);
  return self;
}

void
proctor_process_set_owner (ProctorProcess *self,
                           CallerContext  *owner)
{
  process_link_set_handle (self->parts->link, self, owner, tell_exited, tell_state);
}

/* ---- asking */

/**
 * proctor_process_get_pid:
 * @self: a process
 *
 * The process id. It belongs to this process until that has been reaped; after that it may be
 * another's.
 *
 * For a shell command this is the pid of the shell.
 *
 * Thread safety: any thread.
 *
 * Returns: the pid
 *
 * Since: 1.0
 */
GPid
proctor_process_get_pid (ProctorProcess *self)
{
  g_return_val_if_fail (PROCTOR_IS_PROCESS (self), 0);

  return child_id_get_pid (self->parts->child);
}

/**
 * proctor_process_get_serial:
 * @self: a process
 *
 * A number that no other process of this program has or had, unlike the pid. A process that was
 * started later has a greater one. In a [class@ProcessList] it is [property@ProcessInfo:serial].
 *
 * Returns: the number
 *
 * Thread safety: any thread.
 *
 * Since: 1.0
 */
guint64
proctor_process_get_serial (ProctorProcess *self)
{
  g_return_val_if_fail (PROCTOR_IS_PROCESS (self), 0);

  return child_id_get_serial (self->parts->child);
}

/* On the main thread the watcher is asked first, so that a loop that only asks sees the exit. */
static gboolean
get_outcome (ProctorProcess *self,
             ChildOutcome   *outcome)
{
  if (child_id_get_outcome (self->parts->child, outcome))
    return TRUE;
  if (program_is_forked_copy ())
    return FALSE;

  child_watcher_reap_now (self->parts->watcher, self->parts->child);
  return child_id_get_outcome (self->parts->child, outcome);
}

/**
 * proctor_process_get_state:
 * @self: a process
 *
 * What the process does at this moment. With the main child watcher an exit is seen by the main
 * thread at once, and by other threads when it has been reported.
 *
 * Thread safety: any thread.
 *
 * Returns: the state
 *
 * Since: 1.0
 */
ProctorProcessState
proctor_process_get_state (ProctorProcess *self)
{
  ChildOutcome outcome;

  g_return_val_if_fail (PROCTOR_IS_PROCESS (self), PROCTOR_PROCESS_STATUS_LOST);

  if (get_outcome (self, &outcome))
    return outcome.lost ? PROCTOR_PROCESS_STATUS_LOST : PROCTOR_PROCESS_EXITED;
  /* In a forked copy the lock of the child may be held, for ever. */
  if (!program_is_forked_copy () && child_id_is_suspended (self->parts->child))
    return PROCTOR_PROCESS_SUSPENDED;
  return PROCTOR_PROCESS_RUNNING;
}

/**
 * proctor_process_get_returncode:
 * @self: a process
 * @returncode: (out) (optional): return location for the exit code, or -N if signal N ended the
 *   process
 *
 * How the process has ended, without waiting.
 *
 * Thread safety: any thread.
 *
 * Returns: %FALSE, with @returncode untouched, while it runs, and if its status is lost
 *
 * Since: 1.0
 */
gboolean
proctor_process_get_returncode (ProctorProcess *self,
                                int            *returncode)
{
  ChildOutcome outcome;

  g_return_val_if_fail (PROCTOR_IS_PROCESS (self), FALSE);

  if (!get_outcome (self, &outcome) || outcome.lost)
    return FALSE;

  if (returncode != NULL)
    *returncode = returncode_from_wait_status (outcome.wait_status);
  return TRUE;
}

/* ---- streams */

/**
 * proctor_process_get_stdin:
 * @self: a process
 *
 * The stream that writes to the stdin of the process.
 *
 * Thread safety: any thread.
 *
 * Returns: (transfer none) (nullable): the stream; %NULL if stdin is no pipe
 *
 * Since: 1.0
 */
ProctorStreamWriter *
proctor_process_get_stdin (ProctorProcess *self)
{
  g_return_val_if_fail (PROCTOR_IS_PROCESS (self), NULL);

  return self->writer;
}

/**
 * proctor_process_get_stdout:
 * @self: a process
 *
 * The stream that reads what the process writes to its stdout.
 *
 * Thread safety: any thread.
 *
 * Returns: (transfer none) (nullable): the stream; %NULL if stdout is no pipe
 *
 * Since: 1.0
 */
ProctorStreamReader *
proctor_process_get_stdout (ProctorProcess *self)
{
  g_return_val_if_fail (PROCTOR_IS_PROCESS (self), NULL);

  return self->readers[0];
}

/**
 * proctor_process_get_stderr:
 * @self: a process
 *
 * The stream that reads what the process writes to its stderr.
 *
 * Thread safety: any thread.
 *
 * Returns: (transfer none) (nullable): the stream; %NULL if stderr is no pipe
 *
 * Since: 1.0
 */
ProctorStreamReader *
proctor_process_get_stderr (ProctorProcess *self)
{
  g_return_val_if_fail (PROCTOR_IS_PROCESS (self), NULL);

  return self->readers[1];
}

/* ---- the class */

static void
proctor_process_get_property (GObject    *object,
                              guint       property_id,
                              GValue     *value,
                              GParamSpec *pspec)
{
  ProctorProcess *self = PROCTOR_PROCESS (object);
  int returncode = 0;

  switch (property_id)
    {
    case PROP_PID:
      g_value_set_int (value, proctor_process_get_pid (self));
      break;
    case PROP_STATE:
      g_value_set_enum (value, proctor_process_get_state (self));
      break;
    case PROP_RETURNCODE:
      g_value_set_int (value, proctor_process_get_returncode (self, &returncode)
                                ? returncode
                                : PROCTOR_RETURNCODE_NONE);
      break;
    default:
      G_OBJECT_WARN_INVALID_PROPERTY_ID (object, property_id, pspec);
    }
}

/* The copy of a handle in a forked program has no part in the process, and no worker to post to. */
static void
proctor_process_finalize (GObject *object)
{
  ProctorProcess *self = PROCTOR_PROCESS (object);

  if (!program_is_forked_copy ())
    {
      process_link_clear_handle (self->parts->link);
      g_clear_pointer (&self->parts, process_parts_free);
    }

  g_clear_object (&self->writer);
  for (guint i = 0; i < G_N_ELEMENTS (self->readers); i++)
    g_clear_object (&self->readers[i]);

  G_OBJECT_CLASS (proctor_process_parent_class)->finalize (object);
}

static void
proctor_process_class_init (ProctorProcessClass *klass)
{
  GObjectClass *object_class = G_OBJECT_CLASS (klass);
  const GParamFlags flags = G_PARAM_READABLE | G_PARAM_STATIC_STRINGS | G_PARAM_EXPLICIT_NOTIFY;

  object_class->get_property = proctor_process_get_property;
  object_class->finalize = proctor_process_finalize;

  /**
   * ProctorProcess:pid: (getter get_pid)
   *
   * The process id.
   *
   * Since: 1.0
   */
  properties[PROP_PID] = g_param_spec_int ("pid", NULL, NULL, 0, G_MAXINT, 0, flags);

  /**
   * ProctorProcess:state: (getter get_state)
   *
   * What the process does. Notified when it has ended; with %PROCTOR_COMMAND_TRACK_SUSPEND also
   * when it is suspended or goes on.
   *
   * Since: 1.0
   */
  properties[PROP_STATE] = g_param_spec_enum ("state", NULL, NULL, PROCTOR_TYPE_PROCESS_STATE,
                                              PROCTOR_PROCESS_RUNNING, flags);

  /**
   * ProctorProcess:returncode:
   *
   * The exit code, or -N for signal N; %PROCTOR_RETURNCODE_NONE while it runs, and if its status is
   * lost. Notified when it has ended.
   *
   * Since: 1.0
   */
  properties[PROP_RETURNCODE] = g_param_spec_int ("returncode", NULL, NULL, G_MININT, G_MAXINT,
                                                  PROCTOR_RETURNCODE_NONE, flags);

  g_object_class_install_properties (object_class, N_PROPERTIES, properties);

  /**
   * ProctorProcess::exited:
   * @self: a process
   *
   * The process has exited. Emitted once, in the context that was thread-default at the spawn, and
   * also for a process that had exited before the handler was connected, if that is done before the
   * context is iterated again.
   *
   * Since: 1.0
   */
  signals[SIGNAL_EXITED] = g_signal_new ("exited", G_TYPE_FROM_CLASS (klass), G_SIGNAL_RUN_LAST, 0,
                                         NULL, NULL, NULL, G_TYPE_NONE, 0);
}

static void
proctor_process_init (ProctorProcess *self)
{
}
