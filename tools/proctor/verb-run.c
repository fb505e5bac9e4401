/* `proctor run`: starts the commands, minds how many run at once, signals and the end.
 *
 * SPDX-License-Identifier: LGPL-2.1-or-later
 */

/* Thread: MAIN. */

#include "config.h"

#include <errno.h>
#include <signal.h>
#include <sys/signalfd.h>
#include <sys/stat.h>
#include <unistd.h>

#include <gio/gio.h>
#include <glib-unix.h>
#include <glib/gi18n.h>

#include <proctor/proctor.h>

#include "run-commands.h"
#include "run-job.h"
#include "run-options.h"
#include "run-orphans.h"
#include "run-output.h"
#include "run-terminal.h"
#include "tool.h"

#define SWEEP_PERIOD_MS 20

/* The main loop runs until every job is done, or will never be started, and nothing that was
 * stopped has left anything behind.
 */
typedef struct
{
  /* immutable after construction */
  const RunOptions *options;
  GPtrArray *jobs; /* of owned RunJob */
  GMainLoop *loop;
  RunOutput *output;
  RunOrphans *orphans;
  int signal_fd; /* or -1 */
  RunTerminal terminal;

  /* main thread only */
  guint max_running;
  GQueue put_back; /* of borrowed RunJob: there was no room for them */
  guint n_started; /* without regard to those */
  guint n_running;
  guint sweep_source;
  int interrupted_by; /* a signal, or 0 */
  gboolean ended_early;
  gboolean terminal_disturbed;
  int output_exit_code; /* 0: stdout took everything */
} Run;

static void
end_if_all_done (Run *self)
{
  gboolean all_started =
    (self->n_started == self->jobs->len && self->put_back.length == 0) || self->ended_early;

  if (all_started && self->n_running == 0 && self->sweep_source == 0)
    g_main_loop_quit (self->loop);
}

static gboolean
is_stopping (Run *self)
{
  for (guint i = 0; i < self->n_started; i++)
    {
      RunJob *job = g_ptr_array_index (self->jobs, i);

      if (!run_job_is_done (job) && run_job_get_stop_reason (job) != RUN_STOP_NONE)
        return TRUE;
    }

  return FALSE;
}

/* Whether whatever is orphaned now has been left behind by something that is being stopped. */
static gboolean
takes_all_orphans (Run *self)
{
  return self->ended_early || self->jobs->len == 1;
}

static gboolean
sweep_cb (gpointer user_data)
{
  Run *self = user_data;
  guint left = run_orphans_sweep (self->orphans, self->jobs, takes_all_orphans (self));

  if (is_stopping (self) || (left > 0 && !run_orphans_is_hopeless (self->orphans)))
    return G_SOURCE_CONTINUE;

  if (left > 0)
    tool_message (ngettext ("%u process cannot be killed", "%u processes cannot be killed", left),
                  left);
  self->sweep_source = 0;
  end_if_all_done (self);

  return G_SOURCE_REMOVE;
}

static void
job_stopping_cb (RunJob   *job,
                 gpointer  user_data)
{
  Run *self = user_data;

  run_orphans_adopt (self->orphans);
  if (!takes_all_orphans (self) && run_job_get_pid (job) != 0)
    run_orphans_note_descendants (self->orphans, job);
  if (self->sweep_source == 0)
    self->sweep_source = g_timeout_add (SWEEP_PERIOD_MS, sweep_cb, self);
}

static void
end_early (Run *self)
{
  self->ended_early = TRUE;
  for (guint i = 0; i < self->n_started; i++)
    run_job_stop (g_ptr_array_index (self->jobs, i), RUN_STOP_INTERRUPTED);
  end_if_all_done (self);
}

/* The reader of our output has gone, or the disk is full: what runs is of no use any more. */
static void
note_output_failure (Run          *self,
                     const GError *error)
{
  if (self->output_exit_code != 0)
    return;

  if (g_error_matches (error, G_IO_ERROR, G_IO_ERROR_BROKEN_PIPE))
    {
      self->output_exit_code = TOOL_EXIT_SIGNAL_BASE + SIGPIPE;
    }
  else
    {
      self->output_exit_code = TOOL_EXIT_TROUBLE;
      tool_message ("%s", error->message);
    }
  end_early (self);
}

static RunJob *
next_job (Run *self)
{
  if (self->put_back.length > 0)
    return g_queue_pop_head (&self->put_back);
  if (self->n_started < self->jobs->len)
    return g_ptr_array_index (self->jobs, self->n_started++);

  return NULL;
}

static void
start_jobs (Run *self)
{
  while (!self->ended_early && self->n_running < self->max_running)
    {
      RunJob *job = next_job (self);

      if (job == NULL)
        break;
      self->n_running++;
      run_job_start (job);
    }
}

/* Where the system has no room for one more while others run, it waits for one of them to end. */
static gboolean
put_back (Run    *self,
          RunJob *job)
{
  /* The pipes of the one that could not be started are gone. */
  if (self->options->files->pipe)
    return FALSE;
  if (self->ended_early || self->n_running == 0 || !run_job_lacks_room (job))
    return FALSE;

  run_job_put_back (job);
  g_queue_push_tail (&self->put_back, job);
  self->max_running = self->n_running;
  return TRUE;
}

static void
handle_signal (Run *self,
               int  signum)
{
  if (self->interrupted_by == 0)
    {
      self->interrupted_by = signum;
      end_early (self);
      return;
    }

  for (guint i = 0; i < self->n_started; i++)
    run_job_kill (g_ptr_array_index (self->jobs, i));
  run_orphans_end_grace (self->orphans);
}

/* Those that have come since. */
static void
take_signals (Run *self)
{
  struct signalfd_siginfo info;

  while (self->signal_fd >= 0 && read (self->signal_fd, &info, sizeof info) == sizeof info)
    handle_signal (self, (int) info.ssi_signo);
}

static gboolean
signals_cb (int          fd,
            GIOCondition condition,
            gpointer     user_data)
{
  take_signals (user_data);
  return G_SOURCE_CONTINUE;
}

/* Before there is any other thread. A signal that was ignored when we were started stays so:
 * nohup(1) and background jobs of a script want that.
 *
 * A Ctrl-C at the terminal ends the commands as well, and their exits may be seen first. So the
 * signals wait in a fd where everybody can look, rather than on another thread on their way to
 * here. The library gives the commands an empty mask.
 */
static gboolean
handle_signals (Run     *self,
                GError **error)
{
  static const int signums[] = { SIGINT, SIGTERM, SIGHUP };
  sigset_t mask;

  sigemptyset (&mask);
  for (gsize i = 0; i < G_N_ELEMENTS (signums); i++)
    {
      struct sigaction old;

      if (sigaction (signums[i], NULL, &old) < 0 || old.sa_handler != SIG_IGN)
        sigaddset (&mask, signums[i]);
    }

  self->signal_fd = signalfd (-1, &mask, SFD_CLOEXEC | SFD_NONBLOCK);
  if (self->signal_fd < 0)
    {
      int saved_errno = errno;

      g_set_error (error, G_IO_ERROR, g_io_error_from_errno (saved_errno),
                   _("cannot wait for signals: %s"), g_strerror (saved_errno));
      return FALSE;
    }
  sigprocmask (SIG_BLOCK, &mask, NULL);
  g_unix_fd_add_full (G_PRIORITY_HIGH, self->signal_fd, G_IO_IN, signals_cb, self, NULL);

  /* A reader that goes away must not end us before the commands are stopped. The commands get the
   * default again.
   */
  signal (SIGPIPE, SIG_IGN);
  return TRUE;
}

/* A command that was killed, or stopped by us, may have left the terminal without echo or worse.
 * One that ended by itself wanted what it did. Another command that uses the terminal is not
 * disturbed.
 */
static void
restore_terminal (Run *self)
{
  if (self->terminal_disturbed && self->n_running == 0)
    run_terminal_restore (&self->terminal);
}

static gboolean
may_have_disturbed_terminal (RunJob *job)
{
  ProctorResult *result = run_job_get_result (job);

  return run_job_get_stop_reason (job) != RUN_STOP_NONE ||
         (result != NULL && proctor_result_get_returncode (result) < 0);
}

static void
job_done_cb (RunJob   *job,
             gpointer  user_data)
{
  Run *self = user_data;
  g_autoptr(GError) error = NULL;

  take_signals (self);
  self->n_running--;
  if (put_back (self, job))
    return;

  self->terminal_disturbed |= may_have_disturbed_terminal (job);
  restore_terminal (self);
  if (self->output_exit_code == 0 && !run_output_job_done (self->output, job, &error))
    note_output_failure (self, error);
  start_jobs (self);
  end_if_all_done (self);
}

static gboolean
reader_gone_cb (int          fd,
                GIOCondition condition,
                gpointer     user_data)
{
  g_autoptr(GError) error = g_error_new_literal (G_IO_ERROR, G_IO_ERROR_BROKEN_PIPE, "");

  note_output_failure (user_data, error);
  return G_SOURCE_REMOVE;
}

/* What we hold back is not written for a while, perhaps never: without this a command that never
 * ends would run on for nobody.
 */
static void
watch_reader (Run *self)
{
  struct stat status;

  if (run_options_captures (self->options) && fstat (STDOUT_FILENO, &status) == 0 &&
      S_ISFIFO (status.st_mode))
    g_unix_fd_add (STDOUT_FILENO, G_IO_ERR, reader_gone_cb, self);
}

/* That of the last command; with --pipefail, of the last one that has failed. */
static int
get_exit_code_of_pipe (Run *self)
{
  for (guint i = self->jobs->len; self->options->files->pipefail && i > 0; i--)
    {
      RunJob *job = g_ptr_array_index (self->jobs, i - 1);

      if (run_job_is_failed (job))
        return run_job_get_exit_code (job);
    }

  return run_job_get_exit_code (g_ptr_array_index (self->jobs, self->jobs->len - 1));
}

static int
get_exit_code (Run *self)
{
  if (self->interrupted_by != 0)
    return TOOL_EXIT_SIGNAL_BASE + self->interrupted_by;
  if (self->output_exit_code != 0)
    return self->output_exit_code;
  if (self->jobs->len == 1)
    return run_job_get_exit_code (g_ptr_array_index (self->jobs, 0));
  if (self->options->files->pipe)
    return get_exit_code_of_pipe (self);

  for (guint i = 0; i < self->jobs->len; i++)
    if (run_job_is_failed (g_ptr_array_index (self->jobs, i)))
      return 1;

  return 0;
}

int
run_commands (const RunOptions *options)
{
  g_autoptr(GPtrArray) jobs = g_ptr_array_new_with_free_func ((GDestroyNotify) run_job_unref);
  g_autoptr(GMainLoop) loop = g_main_loop_new (NULL, FALSE);
  g_autoptr(RunOrphans) orphans = run_orphans_new (options->grace);
  g_autoptr(RunOutput) output = NULL;
  g_autoptr(GError) error = NULL;
  Run self = {
    .options = options,
    .jobs = jobs,
    .loop = loop,
    .orphans = orphans,
    .signal_fd = -1,
    .max_running = options->jobs,
    .put_back = G_QUEUE_INIT,
  };

  /* The default watcher is made here, on the main thread, whose loop it needs. */
  if (!handle_signals (&self, &error) || !proctor_init (&error))
    {
      tool_message ("%s", error->message);
      return TOOL_EXIT_TROUBLE;
    }

  for (guint i = 0; i < options->commands->len; i++)
    g_ptr_array_add (jobs, run_job_new (options, i + 1, job_stopping_cb, job_done_cb, &self));
  for (guint i = 0; options->files->pipe && i + 1 < jobs->len; i++)
    {
      if (!run_job_pipe_to (jobs->pdata[i], jobs->pdata[i + 1], &error))
        {
          tool_message ("%s", error->message);
          return TOOL_EXIT_TROUBLE;
        }
    }
  self.output = output = run_output_new (options, jobs);

  watch_reader (&self);
  run_terminal_remember (&self.terminal);
  start_jobs (&self);
  g_main_loop_run (loop);
  /* Once more, after what the commands have left behind. */
  restore_terminal (&self);
  if (self.output_exit_code == 0 && !run_output_close (output, &error))
    note_output_failure (&self, error);
  g_queue_clear (&self.put_back);

  return get_exit_code (&self);
}

int
verb_run (int    argc,
          char **argv)
{
  const RunVerb verb = { .name = "run", .summary = _("Runs a command, or several in parallel.") };
  g_autoptr(RunOptions) options = NULL;
  int exit_code = 0;

  options = run_options_parse (&verb, argc, argv, &exit_code);
  if (options == NULL)
    return exit_code;
  if (options->commands->len == 0)
    return 0;

  return run_commands (options);
}
