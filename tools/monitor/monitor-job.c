/* SPDX-License-Identifier: LGPL-2.1-or-later */

/* Thread: MAIN. All that a GTK program does with the library is in this file: a command, its
 * process, what it is told, and how it ends. No call here blocks, and each answer comes in the main
 * loop.
 */

#include "config.h"

#include "monitor-job.h"

#include <glib/gi18n.h>
#include <string.h>

/* What a command has, after it was asked to stop, until it is killed. */
#define STOP_GRACE (5 * G_TIME_SPAN_SECOND)

struct _MonitorJob
{
  GObject parent_instance;

  char *command_line;
  char *cwd; /* or NULL */
  MonitorJobState state;
  ProctorProcess *process; /* of the last run */
  GCancellable *spawning;  /* until there is a process */
  MonitorOutput *output;
  char *error;
  MonitorUsage *usage; /* of the last second */
  double cpu;          /* since the second before, in processors */
  gint64 sampled;      /* monotonic */
};

enum
{
  PROP_0,
  PROP_COMMAND_LINE,
  PROP_STATUS,
  PROP_DETAILS,
  PROP_ICON_NAME,
  N_PROPERTIES
};

enum
{
  SIGNAL_PROBLEM,
  SIGNAL_SECOND,
  N_SIGNALS
};

static GParamSpec *properties[N_PROPERTIES];
static guint signals[N_SIGNALS];

G_DEFINE_FINAL_TYPE (MonitorJob, monitor_job, G_TYPE_OBJECT)

/* ---- what is shown */

static const char *
get_icon_name (MonitorJob *self)
{
  switch (self->state)
    {
    case MONITOR_JOB_SUSPENDED:
      return "media-playback-pause-symbolic";
    case MONITOR_JOB_SUCCEEDED:
      return "emblem-ok-symbolic";
    case MONITOR_JOB_FAILED:
      return "dialog-error-symbolic";
    default:
      return "media-playback-start-symbolic";
    }
}

static char *
dup_status (MonitorJob *self)
{
  guint left = monitor_job_get_n_left (self);

  if (left > 0)
    return g_strdup_printf (
      /* Translators: the command itself has ended, but not all that it has started */
      ngettext ("Ended, %u process left", "Ended, %u processes left", left), left);

  switch (self->state)
    {
    case MONITOR_JOB_STARTING:
      return g_strdup (_("Starting"));
    case MONITOR_JOB_RUNNING:
      return g_strdup (_("Running"));
    case MONITOR_JOB_SUSPENDED:
      return g_strdup (_("Suspended"));
    case MONITOR_JOB_STOPPING:
      return g_strdup (_("Stopping"));
    case MONITOR_JOB_SUCCEEDED:
      return g_strdup (_("Succeeded"));
    default:
      return g_strdup (_("Failed"));
    }
}

static char *
format_time (GTimeSpan span)
{
  int seconds = (int) (MAX (0, span) / G_TIME_SPAN_SECOND);

  if (seconds >= 3600)
    return g_strdup_printf ("%d:%02d:%02d", seconds / 3600, seconds / 60 % 60, seconds % 60);
  return g_strdup_printf ("%d:%02d", seconds / 60, seconds % 60);
}

static char *
dup_details (MonitorJob *self)
{
  g_autofree char *time = NULL;
  g_autofree char *memory = NULL;
  int pid;

  if (self->process == NULL)
    return g_strdup ("");
  pid = (int) proctor_process_get_pid (self->process);
  time = format_time (proctor_process_get_wall_time (self->process));
  if (!monitor_job_is_running (self) || self->usage == NULL)
    /* Translators: process id and running time of a command that has ended or has just begun */
    return g_strdup_printf (_("PID %d · %s"), pid, time);

  memory = g_format_size_full (self->usage->memory, G_FORMAT_SIZE_IEC_UNITS);
  /* Translators: of a running command: process id, use of processors, memory, running time */
  return g_strdup_printf (_("PID %d · %.0f %% · %s · %s"), pid, self->cpu * 100, memory, time);
}

static void
set_state (MonitorJob      *self,
           MonitorJobState  state)
{
  self->state = state;
  for (guint i = PROP_STATUS; i < N_PROPERTIES; i++)
    g_object_notify_by_pspec (G_OBJECT (self), properties[i]);
}

static void
tell_problem (MonitorJob   *self,
              const GError *error)
{
  g_signal_emit (self, signals[SIGNAL_PROBLEM], 0, error->message);
}

/* ---- its life */

static void
fail (MonitorJob   *self,
      const GError *error)
{
  g_free (self->error);
  self->error = g_strdup (error->message);
  set_state (self, MONITOR_JOB_FAILED);
}

static void
waited_cb (GObject      *object,
           GAsyncResult *result,
           gpointer      data)
{
  g_autoptr(MonitorJob) self = data;
  g_autoptr(GError) error = NULL;

  /* Of an earlier run. */
  if (PROCTOR_PROCESS (object) != self->process)
    return;

  /* What is left of its processes is not known yet. */
  g_clear_pointer (&self->usage, monitor_usage_free);
  if (proctor_process_wait_check_finish (self->process, result, &error))
    set_state (self, MONITOR_JOB_SUCCEEDED);
  else
    fail (self, error);
}

/* It may also be suspended and resumed by others. */
static void
process_state_cb (MonitorJob *self)
{
  ProctorProcessState state = proctor_process_get_state (self->process);

  if (state == PROCTOR_PROCESS_SUSPENDED && self->state == MONITOR_JOB_RUNNING)
    set_state (self, MONITOR_JOB_SUSPENDED);
  else if (state == PROCTOR_PROCESS_RUNNING && self->state == MONITOR_JOB_SUSPENDED)
    set_state (self, MONITOR_JOB_RUNNING);
}

static void
stopped_cb (GObject      *process,
            GAsyncResult *result,
            gpointer      data)
{
  g_autoptr(MonitorJob) self = data;
  g_autoptr(GError) error = NULL;

  /* That it has ended is told by whoever waits for it. */
  if (!proctor_process_stop_finish (PROCTOR_PROCESS (process), result, &error))
    tell_problem (self, error);
}

/* With all that it has started, also what is left of that after its end. */
static void
stop_process (MonitorJob *self,
              GTimeSpan   grace)
{
  if (monitor_job_is_running (self))
    set_state (self, MONITOR_JOB_STOPPING);
  proctor_process_stop_async (self->process, grace, NULL, stopped_cb, g_object_ref (self));
}

static void
spawned_cb (GObject      *command,
            GAsyncResult *result,
            gpointer      data)
{
  g_autoptr(MonitorJob) self = data;
  g_autoptr(GCancellable) spawning = g_steal_pointer (&self->spawning);
  g_autoptr(GError) error = NULL;
  ProctorProcess *process =
    proctor_command_spawn_finish (PROCTOR_COMMAND (command), result, &error);

  if (process == NULL)
    {
      fail (self, error);
      if (!g_error_matches (error, G_IO_ERROR, G_IO_ERROR_CANCELLED))
        tell_problem (self, error);
      return;
    }

  self->process = process;
  self->sampled = g_get_monotonic_time ();
  set_state (self, MONITOR_JOB_RUNNING);
  monitor_output_follow (self->output, G_INPUT_STREAM (proctor_process_get_stdout (process)));
  g_signal_connect_object (process, "notify::state", G_CALLBACK (process_state_cb), self,
                           G_CONNECT_SWAPPED);
  proctor_process_wait_check_async (process, NULL, waited_cb, g_object_ref (self));

  /* It had started already when it was cancelled. */
  if (g_cancellable_is_cancelled (spawning))
    stop_process (self, STOP_GRACE);
}

/* The shell that runs the line, and all that it starts: stopping, killing and suspending reach the
 * whole tree.
 */
static ProctorCommand *
create_command (MonitorJob *self)
{
  ProctorCommand *command = proctor_command_new_shell (self->command_line);

  if (self->cwd != NULL)
    proctor_command_set_cwd (command, self->cwd);
  proctor_command_set_stdin (command, PROCTOR_STDIO_PIPE);
  proctor_command_set_stdout (command, PROCTOR_STDIO_PIPE);
  proctor_command_set_stderr (command, PROCTOR_STDIO_STDOUT);
  proctor_command_set_flags (command, PROCTOR_COMMAND_OWN_TREE | PROCTOR_COMMAND_KILL_ON_DROP |
                                        PROCTOR_COMMAND_TRACK_SUSPEND);
  return command;
}

/* Lets go of the last run, with what it has left behind. */
static void
forget_process (MonitorJob *self)
{
  monitor_output_stop_following (self->output);
  if (self->process != NULL)
    {
      g_signal_handlers_disconnect_by_data (self->process, self);
      if (!monitor_job_is_running (self) && monitor_job_wants_usage (self))
        proctor_process_stop_async (self->process, 0, NULL, NULL, NULL);
    }
  g_clear_object (&self->process);
  g_clear_pointer (&self->usage, monitor_usage_free);
  g_clear_pointer (&self->error, g_free);
  self->cpu = 0;
}

void
monitor_job_start (MonitorJob *self)
{
  g_autoptr(ProctorCommand) command = NULL;

  if (monitor_job_is_alive (self))
    return;

  forget_process (self);
  monitor_output_clear (self->output);
  self->spawning = g_cancellable_new ();
  set_state (self, MONITOR_JOB_STARTING);

  command = create_command (self);
  proctor_command_spawn_async (command, self->spawning, spawned_cb, g_object_ref (self));
}

static void
stop (MonitorJob *self,
      GTimeSpan   grace)
{
  if (self->process != NULL)
    stop_process (self, grace);
  else if (self->spawning != NULL)
    g_cancellable_cancel (self->spawning);
}

void
monitor_job_stop (MonitorJob *self)
{
  stop (self, STOP_GRACE);
}

void
monitor_job_kill (MonitorJob *self)
{
  stop (self, 0);
}

/* What is asked of a process and done at once. */
static void
ask (MonitorJob *self,
     gboolean (*request) (ProctorProcess *process, GError **error))
{
  g_autoptr(GError) error = NULL;

  if (self->process != NULL && !request (self->process, &error))
    tell_problem (self, error);
}

void
monitor_job_suspend (MonitorJob *self)
{
  ask (self, proctor_process_suspend);
}

void
monitor_job_resume (MonitorJob *self)
{
  ask (self, proctor_process_resume);
}

/* Queued, and sent when the command reads; this never waits. */
void
monitor_job_send (MonitorJob *self,
                  const char *text)
{
  if (monitor_job_takes_input (self))
    proctor_stream_writer_queue (proctor_process_get_stdin (self->process), text, strlen (text));
}

void
monitor_job_end_input (MonitorJob *self)
{
  if (!monitor_job_takes_input (self))
    return;
  proctor_stream_writer_write_eof (proctor_process_get_stdin (self->process));
  g_object_notify_by_pspec (G_OBJECT (self), properties[PROP_STATUS]);
}

gboolean
monitor_job_wants_usage (MonitorJob *self)
{
  if (self->process == NULL)
    return FALSE;
  /* One more look after the end, and then for as long as there is something. */
  return monitor_job_is_running (self) || self->usage == NULL || self->usage->entries->len > 0;
}

void
monitor_job_end_second (MonitorJob   *self,
                        MonitorUsage *usage)
{
  gint64 now = g_get_monotonic_time ();

  if (usage != NULL)
    {
      double before = self->usage != NULL ? self->usage->cpu_seconds : 0;
      double seconds = (double) (now - self->sampled) / G_TIME_SPAN_SECOND;

      /* Processes that end without being waited for take their share with them. */
      self->cpu = seconds > 0 ? MAX (0, usage->cpu_seconds - before) / seconds : 0;
      self->sampled = now;
      g_clear_pointer (&self->usage, monitor_usage_free);
      self->usage = usage;
      if (!monitor_job_is_running (self))
        g_object_notify_by_pspec (G_OBJECT (self), properties[PROP_STATUS]);
    }
  monitor_output_end_second (self->output);
  g_object_notify_by_pspec (G_OBJECT (self), properties[PROP_DETAILS]);
  g_signal_emit (self, signals[SIGNAL_SECOND], 0);
}

/* ---- what others ask */

const char *
monitor_job_get_command_line (MonitorJob *self)
{
  return self->command_line;
}

MonitorJobState
monitor_job_get_state (MonitorJob *self)
{
  return self->state;
}

gboolean
monitor_job_is_running (MonitorJob *self)
{
  return self->spawning != NULL ||
         (self->process != NULL && self->state < MONITOR_JOB_SUCCEEDED);
}

guint
monitor_job_get_n_left (MonitorJob *self)
{
  return !monitor_job_is_running (self) && self->usage != NULL ? self->usage->entries->len : 0;
}

gboolean
monitor_job_is_alive (MonitorJob *self)
{
  return monitor_job_is_running (self) || monitor_job_get_n_left (self) > 0;
}

gboolean
monitor_job_takes_input (MonitorJob *self)
{
  return self->process != NULL && monitor_job_is_running (self) &&
         !proctor_stream_writer_get_closing (proctor_process_get_stdin (self->process));
}

MonitorOutput *
monitor_job_get_output (MonitorJob *self)
{
  return self->output;
}

ProctorProcess *
monitor_job_get_process (MonitorJob *self)
{
  return self->process;
}

const char *
monitor_job_get_error (MonitorJob *self)
{
  return self->error;
}

MonitorUsage *
monitor_job_get_usage (MonitorJob *self)
{
  return self->usage;
}

/* ---- the object */

static void
monitor_job_get_property (GObject    *object,
                          guint       property_id,
                          GValue     *value,
                          GParamSpec *pspec)
{
  MonitorJob *self = MONITOR_JOB (object);

  switch (property_id)
    {
    case PROP_COMMAND_LINE:
      g_value_set_string (value, self->command_line);
      break;
    case PROP_STATUS:
      g_value_take_string (value, dup_status (self));
      break;
    case PROP_DETAILS:
      g_value_take_string (value, dup_details (self));
      break;
    case PROP_ICON_NAME:
      g_value_set_string (value, get_icon_name (self));
      break;
    default:
      G_OBJECT_WARN_INVALID_PROPERTY_ID (object, property_id, pspec);
    }
}

static void
monitor_job_dispose (GObject *object)
{
  MonitorJob *self = MONITOR_JOB (object);

  if (self->output != NULL)
    forget_process (self);
  g_clear_object (&self->output);

  G_OBJECT_CLASS (monitor_job_parent_class)->dispose (object);
}

static void
monitor_job_finalize (GObject *object)
{
  MonitorJob *self = MONITOR_JOB (object);

  g_free (self->command_line);
  g_free (self->cwd);

  G_OBJECT_CLASS (monitor_job_parent_class)->finalize (object);
}

static void
monitor_job_class_init (MonitorJobClass *klass)
{
  GObjectClass *object_class = G_OBJECT_CLASS (klass);
  GParamFlags flags = G_PARAM_READABLE | G_PARAM_STATIC_STRINGS;

  object_class->get_property = monitor_job_get_property;
  object_class->dispose = monitor_job_dispose;
  object_class->finalize = monitor_job_finalize;

  properties[PROP_COMMAND_LINE] = g_param_spec_string ("command-line", NULL, NULL, NULL, flags);
  properties[PROP_STATUS] = g_param_spec_string ("status", NULL, NULL, NULL, flags);
  properties[PROP_DETAILS] = g_param_spec_string ("details", NULL, NULL, NULL, flags);
  properties[PROP_ICON_NAME] = g_param_spec_string ("icon-name", NULL, NULL, NULL, flags);
  g_object_class_install_properties (object_class, N_PROPERTIES, properties);

  signals[SIGNAL_PROBLEM] = g_signal_new ("problem", MONITOR_TYPE_JOB, G_SIGNAL_RUN_LAST, 0, NULL,
                                          NULL, NULL, G_TYPE_NONE, 1, G_TYPE_STRING);
  signals[SIGNAL_SECOND] = g_signal_new ("second", MONITOR_TYPE_JOB, G_SIGNAL_RUN_LAST, 0, NULL,
                                         NULL, NULL, G_TYPE_NONE, 0);
}

static void
monitor_job_init (MonitorJob *self)
{
  self->output = monitor_output_new ();
}

MonitorJob *
monitor_job_new (const char *command_line,
                 const char *cwd)
{
  MonitorJob *self = g_object_new (MONITOR_TYPE_JOB, NULL);

  self->command_line = g_strdup (command_line);
  self->cwd = g_strdup (cwd);
  return self;
}
