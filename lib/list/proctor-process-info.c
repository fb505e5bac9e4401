/* SPDX-License-Identifier: LGPL-2.1-or-later */

/* Thread: MAIN. What never changes may be read in any thread. */

#include "config.h"

#include "list/process-info-private.h"

#include "command/proctor-command-private.h"
#include "process/result-data.h"

/**
 * ProctorProcessInfo:
 *
 * What a [class@ProcessList] knows of a process: an item for a list in a user interface.
 *
 * It is no handle. It keeps nothing alive, and dropping the last reference to the
 * [class@Process] does what it does without a list. What belongs to a handle is found by
 * [method@Process.get_serial].
 *
 * Properties that change do so on the main thread, and are notified there. They tell what was true
 * when they were notified last, which may be some milliseconds ago.
 *
 * Thread safety: the main thread; getters of what never changes: any thread.
 *
 * Since: 1.0
 */
struct _ProctorProcessInfo
{
  GObject parent_instance;

  /* immutable after construction */
  guint64 serial;
  GPid pid;
  GStrv argv;
  char *command_line;
  gint64 start_time;

  /* main only */
  ProctorProcessState state;
  gboolean has_returncode;
  int returncode;
  gint64 end_time;
  gint64 ended_at; /* monotonic */
  gint64 over_since;
};

enum
{
  PROP_0,
  PROP_SERIAL,
  PROP_PID,
  PROP_ARGV,
  PROP_COMMAND_LINE,
  PROP_STATE,
  PROP_RETURNCODE,
  PROP_START_TIME,
  PROP_END_TIME,
  N_PROPERTIES
};

static GParamSpec *properties[N_PROPERTIES];

G_DEFINE_FINAL_TYPE (ProctorProcessInfo, proctor_process_info, G_TYPE_OBJECT)

ProctorProcessInfo *
process_info_new (const ProcessRecord *record)
{
  ProctorProcessInfo *self = g_object_new (PROCTOR_TYPE_PROCESS_INFO, NULL);
  const char *shell_argv[COMMAND_SHELL_ARGV_LENGTH];

  self->serial = child_id_get_serial (record->child);
  self->pid = child_id_get_pid (record->child);
  self->argv = g_strdupv ((GStrv) command_spec_get_argv (record->spec, shell_argv));
  self->command_line = words_to_string ((const char * const *) self->argv);
  self->start_time = record->start_time;
  return self;
}

int
process_info_compare (gconstpointer a,
                      gconstpointer b)
{
  guint64 serial_a = proctor_process_info_get_serial (*(ProctorProcessInfo * const *) a);
  guint64 serial_b = proctor_process_info_get_serial (*(ProctorProcessInfo * const *) b);

  return serial_a < serial_b ? -1 : serial_a > serial_b;
}

gboolean
process_info_has_ended (ProctorProcessInfo *self)
{
  return self->state == PROCTOR_PROCESS_EXITED || self->state == PROCTOR_PROCESS_STATUS_LOST;
}

void
process_info_set_over (ProctorProcessInfo *self,
                       gboolean            let_go)
{
  self->over_since = let_go ? PROCESS_INFO_LET_GO : g_get_monotonic_time ();
}

gint64
process_info_get_over_since (ProctorProcessInfo *self)
{
  return self->over_since;
}

gboolean
process_info_ended_before (ProctorProcessInfo *self,
                           gint64              moment)
{
  return process_info_has_ended (self) && self->ended_at < moment;
}

static void
set_state (ProctorProcessInfo  *self,
           ProctorProcessState  state)
{
  if (self->state == state)
    return;

  self->state = state;
  g_object_notify_by_pspec (G_OBJECT (self), properties[PROP_STATE]);
}

static void
set_outcome (ProctorProcessInfo  *self,
             const ProcessRecord *record,
             const ChildOutcome  *outcome)
{
  if (process_info_has_ended (self))
    return;

  self->ended_at = outcome->exit_time;
  self->end_time = record->start_time + (outcome->exit_time - record->start_monotonic);
  g_object_notify_by_pspec (G_OBJECT (self), properties[PROP_END_TIME]);
  if (!outcome->lost)
    {
      self->has_returncode = TRUE;
      self->returncode = returncode_from_wait_status (outcome->wait_status);
      g_object_notify_by_pspec (G_OBJECT (self), properties[PROP_RETURNCODE]);
    }
  set_state (self, outcome->lost ? PROCTOR_PROCESS_STATUS_LOST : PROCTOR_PROCESS_EXITED);
}

/* Handlers see all of it or nothing. */
void
process_info_update (ProctorProcessInfo  *self,
                     const ProcessRecord *record)
{
  ChildOutcome outcome;

  g_object_freeze_notify (G_OBJECT (self));
  if (child_id_get_outcome (record->child, &outcome))
    set_outcome (self, record, &outcome);
  else
    set_state (self, child_id_is_suspended (record->child) ? PROCTOR_PROCESS_SUSPENDED
                                                           : PROCTOR_PROCESS_RUNNING);
  g_object_thaw_notify (G_OBJECT (self));
}

/**
 * proctor_process_info_get_serial:
 * @self: a process in a list
 *
 * A number that no other process of this program has or had; see [method@Process.get_serial].
 *
 * Returns: the number
 *
 * Thread safety: any thread.
 *
 * Since: 1.0
 */
guint64
proctor_process_info_get_serial (ProctorProcessInfo *self)
{
  g_return_val_if_fail (PROCTOR_IS_PROCESS_INFO (self), 0);

  return self->serial;
}

/**
 * proctor_process_info_get_pid:
 * @self: a process in a list
 *
 * The process id. When the process has ended it may be another's.
 *
 * Returns: the pid
 *
 * Thread safety: any thread.
 *
 * Since: 1.0
 */
GPid
proctor_process_info_get_pid (ProctorProcessInfo *self)
{
  g_return_val_if_fail (PROCTOR_IS_PROCESS_INFO (self), 0);

  return self->pid;
}

/**
 * proctor_process_info_get_argv:
 * @self: a process in a list
 *
 * The arguments that the process was started with, its own name first; those of the shell for a
 * shell command.
 *
 * Returns: (transfer none) (array zero-terminated=1) (element-type filename): the arguments, in the
 *   encoding of file names
 *
 * Thread safety: any thread.
 *
 * Since: 1.0
 */
const char * const *
proctor_process_info_get_argv (ProctorProcessInfo *self)
{
  g_return_val_if_fail (PROCTOR_IS_PROCESS_INFO (self), NULL);

  return (const char * const *) self->argv;
}

/**
 * proctor_process_info_get_command_line:
 * @self: a process in a list
 *
 * The arguments as one line for people, quoted as a shell would need it. What is not UTF-8, and
 * control characters, are shown in `$'…'`.
 *
 * Returns: (transfer none): a text in UTF-8
 *
 * Thread safety: any thread.
 *
 * Since: 1.0
 */
const char *
proctor_process_info_get_command_line (ProctorProcessInfo *self)
{
  g_return_val_if_fail (PROCTOR_IS_PROCESS_INFO (self), NULL);

  return self->command_line;
}

/**
 * proctor_process_info_get_state:
 * @self: a process in a list
 *
 * What the process does. That it was suspended by others than [method@Process.suspend] is known
 * only with %PROCTOR_COMMAND_TRACK_SUSPEND.
 *
 * Returns: the state
 *
 * Thread safety: the main thread.
 *
 * Since: 1.0
 */
ProctorProcessState
proctor_process_info_get_state (ProctorProcessInfo *self)
{
  g_return_val_if_fail (PROCTOR_IS_PROCESS_INFO (self), PROCTOR_PROCESS_STATUS_LOST);

  return self->state;
}

/**
 * proctor_process_info_get_returncode:
 * @self: a process in a list
 * @returncode: (out) (optional): return location for the exit code, or -N if signal N ended the
 *   process
 *
 * How the process has ended.
 *
 * Returns: %FALSE, with @returncode untouched, while it runs, and if its status is lost
 *
 * Thread safety: the main thread.
 *
 * Since: 1.0
 */
gboolean
proctor_process_info_get_returncode (ProctorProcessInfo *self,
                                     int                *returncode)
{
  g_return_val_if_fail (PROCTOR_IS_PROCESS_INFO (self), FALSE);

  if (self->has_returncode && returncode != NULL)
    *returncode = self->returncode;
  return self->has_returncode;
}

/**
 * proctor_process_info_get_start_time:
 * @self: a process in a list
 *
 * When the process was started.
 *
 * Returns: microseconds since 1970, in UTC
 *
 * Thread safety: any thread.
 *
 * Since: 1.0
 */
gint64
proctor_process_info_get_start_time (ProctorProcessInfo *self)
{
  g_return_val_if_fail (PROCTOR_IS_PROCESS_INFO (self), 0);

  return self->start_time;
}

/**
 * proctor_process_info_get_end_time:
 * @self: a process in a list
 *
 * When the end of the process was noticed: its start time and for how long it ran. A clock that was
 * set meanwhile does not change that.
 *
 * Returns: microseconds since 1970, in UTC; 0 while it runs
 *
 * Thread safety: the main thread.
 *
 * Since: 1.0
 */
gint64
proctor_process_info_get_end_time (ProctorProcessInfo *self)
{
  g_return_val_if_fail (PROCTOR_IS_PROCESS_INFO (self), 0);

  return self->end_time;
}

/* ---- the class */

static void
proctor_process_info_get_property (GObject    *object,
                                   guint       property_id,
                                   GValue     *value,
                                   GParamSpec *pspec)
{
  ProctorProcessInfo *self = PROCTOR_PROCESS_INFO (object);

  switch (property_id)
    {
    case PROP_SERIAL:
      g_value_set_uint64 (value, self->serial);
      break;
    case PROP_PID:
      g_value_set_int (value, self->pid);
      break;
    case PROP_ARGV:
      g_value_set_boxed (value, self->argv);
      break;
    case PROP_COMMAND_LINE:
      g_value_set_string (value, self->command_line);
      break;
    case PROP_STATE:
      g_value_set_enum (value, self->state);
      break;
    case PROP_RETURNCODE:
      g_value_set_int (value, self->has_returncode ? self->returncode : PROCTOR_RETURNCODE_NONE);
      break;
    case PROP_START_TIME:
      g_value_set_int64 (value, self->start_time);
      break;
    case PROP_END_TIME:
      g_value_set_int64 (value, self->end_time);
      break;
    default:
      G_OBJECT_WARN_INVALID_PROPERTY_ID (object, property_id, pspec);
    }
}

static void
proctor_process_info_finalize (GObject *object)
{
  ProctorProcessInfo *self = PROCTOR_PROCESS_INFO (object);

  g_strfreev (self->argv);
  g_free (self->command_line);

  G_OBJECT_CLASS (proctor_process_info_parent_class)->finalize (object);
}

static void
proctor_process_info_class_init (ProctorProcessInfoClass *klass)
{
  GObjectClass *object_class = G_OBJECT_CLASS (klass);
  const GParamFlags flags = G_PARAM_READABLE | G_PARAM_STATIC_STRINGS | G_PARAM_EXPLICIT_NOTIFY;

  object_class->get_property = proctor_process_info_get_property;
  object_class->finalize = proctor_process_info_finalize;

  /**
   * ProctorProcessInfo:serial: (getter get_serial)
   *
   * A number that no other process of this program has or had.
   *
   * Since: 1.0
   */
  properties[PROP_SERIAL] =
    g_param_spec_uint64 ("serial", NULL, NULL, 0, G_MAXUINT64, 0, flags);

  /**
   * ProctorProcessInfo:pid: (getter get_pid)
   *
   * The process id.
   *
   * Since: 1.0
   */
  properties[PROP_PID] = g_param_spec_int ("pid", NULL, NULL, 0, G_MAXINT, 0, flags);

  /**
   * ProctorProcessInfo:argv: (getter get_argv)
   *
   * The arguments that the process was started with, in the encoding of file names.
   *
   * Since: 1.0
   */
  properties[PROP_ARGV] = g_param_spec_boxed ("argv", NULL, NULL, G_TYPE_STRV, flags);

  /**
   * ProctorProcessInfo:command-line: (getter get_command_line)
   *
   * The arguments as one line for people.
   *
   * Since: 1.0
   */
  properties[PROP_COMMAND_LINE] = g_param_spec_string ("command-line", NULL, NULL, NULL, flags);

  /**
   * ProctorProcessInfo:state: (getter get_state)
   *
   * What the process does.
   *
   * Since: 1.0
   */
  properties[PROP_STATE] = g_param_spec_enum ("state", NULL, NULL, PROCTOR_TYPE_PROCESS_STATE,
                                              PROCTOR_PROCESS_RUNNING, flags);

  /**
   * ProctorProcessInfo:returncode:
   *
   * The exit code, or -N for signal N; %PROCTOR_RETURNCODE_NONE while it runs, and if its status is
   * lost.
   *
   * Since: 1.0
   */
  properties[PROP_RETURNCODE] = g_param_spec_int ("returncode", NULL, NULL, G_MININT, G_MAXINT,
                                                  PROCTOR_RETURNCODE_NONE, flags);

  /**
   * ProctorProcessInfo:start-time: (getter get_start_time)
   *
   * When the process was started, in microseconds since 1970.
   *
   * Since: 1.0
   */
  properties[PROP_START_TIME] =
    g_param_spec_int64 ("start-time", NULL, NULL, 0, G_MAXINT64, 0, flags);

  /**
   * ProctorProcessInfo:end-time: (getter get_end_time)
   *
   * When its end was noticed, in microseconds since 1970; 0 while it runs.
   *
   * Since: 1.0
   */
  properties[PROP_END_TIME] =
    g_param_spec_int64 ("end-time", NULL, NULL, 0, G_MAXINT64, 0, flags);

  g_object_class_install_properties (object_class, N_PROPERTIES, properties);
}

static void
proctor_process_info_init (ProctorProcessInfo *self)
{
}
