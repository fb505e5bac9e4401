/* SPDX-License-Identifier: LGPL-2.1-or-later */

/* Thread: MAIN. */

#include "config.h"

#include "run-job.h"

#include <string.h>

#include <glib/gi18n.h>

#include "base/signal-name.h"
#include "run-pty.h"
#include "tool.h"

/* How long output is still read after the exit while some descendant holds the pipe: what
 * proctor_command_run does.
 */
#define DRAIN_GRACE (2 * G_TIME_SPAN_SECOND)

/* In characters. */
#define TITLE_LENGTH 60

/* A job waits, spawns, runs and is done. A stop while it spawns is carried out when the spawn's
 * answer comes, so that also a program which has just begun gets its SIGTERM. Only if there is no
 * answer within the grace, because the child is stuck before it could execute the program, the
 * spawn is cancelled; the library then kills and reaps the child. Each operation under way holds a
 * reference.
 */
struct _RunJob
{
  /* immutable after construction */
  const RunOptions *options;
  const RunCommand *what;
  guint number;
  RunJobFunc stopping_func;
  RunJobFunc done_func;
  gpointer user_data;
  ProctorCommand *command;
  GCancellable *spawn_cancellable;

  /* main thread only */
  gboolean started;
  gboolean spawning;
  gboolean done;
  RunStopReason stop_reason;
  guint timeout_source;
  guint cancel_source;
  ProctorProcess *process;
  ProctorResult *result;
  GError *error;
  RunPty *terminal; /* where we are its other side */
};

/* Its name may be another one than that of the file to run. */
static ProctorCommand *
new_program (const char  *argv0,
             char       **argv)
{
  ProctorCommand *command;
  g_auto(GStrv) renamed = NULL;

  if (argv0 == NULL)
    return proctor_command_newv ((const char * const *) argv);

  renamed = g_strdupv (argv);
  g_free (renamed[0]);
  renamed[0] = g_strdup (argv0);
  command = proctor_command_newv ((const char * const *) renamed);
  proctor_command_set_executable (command, argv[0]);

  return command;
}

static ProctorCommand *
new_command (const RunOptions *options,
             const RunCommand *what,
             guint             number)
{
  gboolean is_first = number == 1 || !options->files->pipe;
  gboolean is_last = number == options->commands->len || !options->files->pipe;
  ProctorCommand *command;
  ProctorStdio output = run_options_captures (options) ? PROCTOR_STDIO_PIPE : PROCTOR_STDIO_INHERIT;

  if (what->argv != NULL)
    command = new_program (run_attributes_get_argv0 (options->attributes), what->argv);
  else
    command = proctor_command_new_shell (what->text);

  if (options->cwd != NULL)
    proctor_command_set_cwd (command, options->cwd);
  for (char **variable = options->variables; variable != NULL && *variable != NULL; variable++)
    {
      const char *equals = strchr (*variable, '=');
      g_autofree char *name = g_strndup (*variable, equals - *variable);

      proctor_command_setenv (command, name, equals + 1);
    }

  if (options->input != NULL && is_first)
    proctor_command_set_stdin (command, PROCTOR_STDIO_PIPE);
  else if (options->commands->len == 1 || options->files->pipe)
    proctor_command_set_stdin (command, PROCTOR_STDIO_INHERIT);
  else
    proctor_command_set_stdin (command, PROCTOR_STDIO_DEVNULL);
  proctor_command_set_stdout (command, output);
  proctor_command_set_stderr (command, output);
  proctor_command_set_drain_grace (command, DRAIN_GRACE);
  run_attributes_apply (options->attributes, command);
  run_ending_apply (&options->ending, command);
  run_files_apply (options->files, command, is_first, is_last);

  return command;
}

RunJob *
run_job_new (const RunOptions *options,
             guint             number,
             RunJobFunc        stopping_func,
             RunJobFunc        done_func,
             gpointer          user_data)
{
  RunJob *self = g_rc_box_new0 (RunJob);

  self->options = options;
  self->what = g_ptr_array_index (options->commands, number - 1);
  self->number = number;
  self->stopping_func = stopping_func;
  self->done_func = done_func;
  self->user_data = user_data;
  self->command = new_command (options, self->what, number);
  self->spawn_cancellable = g_cancellable_new ();

  return self;
}

RunJob *
run_job_ref (RunJob *self)
{
  return g_rc_box_acquire (self);
}

static void
run_job_clear (gpointer data)
{
  RunJob *self = data;

  g_clear_handle_id (&self->timeout_source, g_source_remove);
  g_clear_handle_id (&self->cancel_source, g_source_remove);
  g_clear_object (&self->command);
  g_clear_object (&self->spawn_cancellable);
  g_clear_pointer (&self->terminal, run_pty_free);
  g_clear_object (&self->process);
  g_clear_object (&self->result);
  g_clear_error (&self->error);
}

void
run_job_unref (RunJob *self)
{
  g_rc_box_release_full (self, run_job_clear);
}

static void
finish (RunJob *self)
{
  g_clear_handle_id (&self->timeout_source, g_source_remove);
  g_clear_pointer (&self->terminal, run_pty_free);
  self->spawning = FALSE;
  self->done = TRUE;
  self->done_func (self, self->user_data);
}

static void
communicated_cb (GObject      *source,
                 GAsyncResult *async_result,
                 gpointer      user_data)
{
  g_autoptr(RunJob) self = user_data;

  self->result = proctor_process_communicate_finish (self->process, async_result, &self->error);
  if (self->result != NULL &&
      proctor_result_get_returncode (self->result) == PROCTOR_RETURNCODE_NONE)
    proctor_result_check (self->result, &self->error);
  finish (self);
}

/* In a pipe the input is the first one's. */
static void
communicate (RunJob *self)
{
  gboolean has_input =
    self->terminal == NULL && (self->number == 1 || !self->options->files->pipe);

  proctor_process_communicate_async (self->process, has_input ? self->options->input : NULL, NULL,
                                     communicated_cb, run_job_ref (self));
}

/* A terminal that nobody sees any more ends the command. */
static void
terminal_ended_cb (const GError *error,
                   gpointer      user_data)
{
  RunJob *self = user_data;

  if (error != NULL)
    {
      tool_message ("%s", error->message);
      run_job_stop (self, RUN_STOP_INTERRUPTED);
    }
  communicate (self);
}

static void
stopped_cb (GObject      *source,
            GAsyncResult *async_result,
            gpointer      user_data)
{
  g_autoptr(RunJob) self = user_data;

  /* It fails only where there is nothing left to stop, and communicate tells of that. */
  proctor_process_stop_finish (self->process, async_result, NULL);
}

static void
stop_process (RunJob *self)
{
  proctor_process_stop_async (self->process, -1, NULL, stopped_cb,
                              run_job_ref (self));
}

static void
spawned_cb (GObject      *source,
            GAsyncResult *async_result,
            gpointer      user_data)
{
  g_autoptr(RunJob) self = user_data;

  g_clear_handle_id (&self->cancel_source, g_source_remove);
  self->process = proctor_command_spawn_finish (self->command, async_result, &self->error);
  if (self->process == NULL)
    {
      finish (self);
      return;
    }

  self->spawning = FALSE;
  if (run_options_is_interactive (self->options))
    self->terminal = run_pty_start (self->process, terminal_ended_cb, self);
  else
    communicate (self);
  if (self->stop_reason != RUN_STOP_NONE)
    stop_process (self);
}

static gboolean
spawn_is_stuck_cb (gpointer user_data)
{
  RunJob *self = user_data;

  self->cancel_source = 0;
  g_cancellable_cancel (self->spawn_cancellable);

  return G_SOURCE_REMOVE;
}

/* Rounded up: no time is over too early. */
static guint
milliseconds (GTimeSpan microseconds)
{
  return MIN ((microseconds + 999) / 1000, G_MAXINT);
}

static gboolean
timed_out_cb (gpointer user_data)
{
  RunJob *self = user_data;

  self->timeout_source = 0;
  run_job_stop (self, RUN_STOP_TIMED_OUT);

  return G_SOURCE_REMOVE;
}

void
run_job_start (RunJob *self)
{
  self->started = TRUE;
  self->spawning = TRUE;
  if (self->options->timeout > 0)
    self->timeout_source =
      g_timeout_add (milliseconds (self->options->timeout), timed_out_cb, self);
  proctor_command_spawn_async (self->command, self->spawn_cancellable, spawned_cb,
                               run_job_ref (self));
}

void
run_job_stop (RunJob        *self,
              RunStopReason  reason)
{
  if (!self->started || self->done || self->stop_reason != RUN_STOP_NONE)
    return;

  self->stop_reason = reason;
  self->stopping_func (self, self->user_data);
  if (self->spawning)
    self->cancel_source = g_timeout_add (milliseconds (self->options->grace), spawn_is_stuck_cb,
                                         self);
  else
    stop_process (self);
}

void
run_job_kill (RunJob *self)
{
  if (self->spawning)
    g_cancellable_cancel (self->spawn_cancellable);
  else if (self->process != NULL && !self->done)
    proctor_process_kill (self->process, NULL);
}

gboolean
run_job_lacks_room (RunJob *self)
{
  return self->done && self->process == NULL && self->stop_reason == RUN_STOP_NONE &&
         (g_error_matches (self->error, G_IO_ERROR, G_IO_ERROR_TOO_MANY_OPEN_FILES) ||
          g_error_matches (self->error, G_IO_ERROR, G_IO_ERROR_WOULD_BLOCK));
}

void
run_job_put_back (RunJob *self)
{
  self->started = FALSE;
  self->done = FALSE;
  g_clear_error (&self->error);
}

guint
run_job_get_number (RunJob *self)
{
  return self->number;
}

const char *
run_job_get_text (RunJob *self)
{
  return self->what->text;
}

gboolean
run_job_is_started (RunJob *self)
{
  return self->started;
}

gboolean
run_job_is_done (RunJob *self)
{
  return self->done;
}

gboolean
run_job_is_spawning (RunJob *self)
{
  return self->spawning;
}

GPid
run_job_get_pid (RunJob *self)
{
  return self->process != NULL && !self->done ? proctor_process_get_pid (self->process) : 0;
}

RunStopReason
run_job_get_stop_reason (RunJob *self)
{
  return self->stop_reason;
}

ProctorResult *
run_job_get_result (RunJob *self)
{
  return self->result;
}

const GError *
run_job_get_error (RunJob *self)
{
  return self->error;
}

gboolean
run_job_is_over_limit (RunJob *self)
{
  return self->result != NULL && self->options->ending.policy == PROCTOR_OUTPUT_POLICY_FAIL &&
         proctor_result_is_truncated (self->result);
}

gboolean
run_job_pipe_to (RunJob  *self,
                 RunJob  *next,
                 GError **error)
{
  return proctor_command_pipe_to (self->command, next->command, error);
}

gboolean
run_job_is_failed (RunJob *self)
{
  return self->stop_reason != RUN_STOP_NONE || self->result == NULL ||
         run_job_is_over_limit (self) ||
         proctor_result_get_returncode (self->result) != 0;
}

/* The command's first line, and of that no more than a message can carry. */
static char *
dup_title (RunJob *self)
{
  g_autofree char *valid = g_utf8_make_valid (self->what->text, -1);
  gsize first_line = strcspn (valid, "\n");
  gboolean cut = valid[first_line] != '\0';

  valid[first_line] = '\0';
  if (g_utf8_strlen (valid, -1) > TITLE_LENGTH)
    {
      *g_utf8_offset_to_pointer (valid, TITLE_LENGTH) = '\0';
      cut = TRUE;
    }

  return cut ? g_strconcat (valid, "...", NULL) : g_steal_pointer (&valid);
}

static char *
dup_cut_complaint (RunJob     *self,
                   const char *text)
{
  guint64 cut = proctor_result_get_stdout_cut (self->result) +
                proctor_result_get_stderr_cut (self->result);
  g_autofree char *n_bytes = g_strdup_printf ("%" G_GUINT64_FORMAT, cut);

  return g_strdup_printf (ngettext ("“%s” wrote more than is kept; %s byte is not shown",
                                    "“%s” wrote more than is kept; %s bytes are not shown",
                                    (gulong) cut),
                          text, n_bytes);
}

char *
run_job_dup_complaint (RunJob *self)
{
  g_autofree char *text = dup_title (self);
  g_autofree char *signal_name = NULL;
  int returncode;

  if (self->stop_reason == RUN_STOP_TIMED_OUT)
    return g_strdup_printf (_("“%s” has timed out and was stopped"), text);
  if (self->stop_reason == RUN_STOP_INTERRUPTED)
    return g_strdup_printf (_("“%s” was stopped"), text);
  if (self->error != NULL)
    return g_strdup_printf ("“%s”: %s", text, self->error->message);

  if (run_job_is_over_limit (self))
    return g_strdup_printf (_("“%s” wrote more than it may and was stopped"), text);

  returncode = proctor_result_get_returncode (self->result);
  if (returncode > 0)
    return g_strdup_printf (_("“%s” exited with %d"), text, returncode);
  if (returncode < 0)
    {
      signal_name = dup_signal_name (-returncode);
      return g_strdup_printf (_("“%s” was ended by %s"), text, signal_name);
    }
  if (proctor_result_is_truncated (self->result))
    return dup_cut_complaint (self, text);
  if (proctor_result_is_incomplete (self->result))
    return g_strdup_printf (_("“%s” has left a process behind that holds its output; "
                              "what that writes is not shown"), text);

  return NULL;
}

/* The shells' 127 and 126 speak of the program; all else that goes wrong before it runs is 125, as
 * for env(1).
 */
static int
exit_code_for_error (RunJob *self)
{
  const char *cwd = self->options->cwd;

  if ((cwd != NULL && !g_file_test (cwd, G_FILE_TEST_IS_DIR)) ||
      run_attributes_misses_file (self->options->attributes) ||
      run_files_miss_file (self->options->files))
    return TOOL_EXIT_TROUBLE;
  if (g_error_matches (self->error, G_IO_ERROR, G_IO_ERROR_NOT_FOUND) ||
      (self->what->argv != NULL && self->what->argv[0][0] == '\0'))
    return TOOL_EXIT_NOT_FOUND;
  if (g_error_matches (self->error, G_IO_ERROR, G_IO_ERROR_PERMISSION_DENIED) ||
      g_error_matches (self->error, G_IO_ERROR, G_IO_ERROR_IS_DIRECTORY) ||
      g_error_matches (self->error, G_IO_ERROR, G_IO_ERROR_NOT_SUPPORTED) ||
      g_error_matches (self->error, G_IO_ERROR, G_IO_ERROR_FAILED))
    return TOOL_EXIT_NOT_EXECUTABLE;

  return TOOL_EXIT_TROUBLE;
}

int
run_job_get_exit_code (RunJob *self)
{
  int returncode;

  if (self->stop_reason == RUN_STOP_TIMED_OUT)
    return TOOL_EXIT_TIMED_OUT;
  if (self->error != NULL)
    return exit_code_for_error (self);
  if (run_job_is_over_limit (self))
    return TOOL_EXIT_TROUBLE;

  returncode = proctor_result_get_returncode (self->result);

  return returncode >= 0 ? returncode : TOOL_EXIT_SIGNAL_BASE - returncode;
}
