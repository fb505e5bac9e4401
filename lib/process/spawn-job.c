/* SPDX-License-Identifier: LGPL-2.1-or-later */

/* Thread: SPAWNER, or a blocking caller's; but for making, posting and freeing. */

#include "config.h"

#include "process/spawn-job.h"

#include <glib/gi18n-lib.h>
#include <signal.h>

#include "base/base-fd.h"
#include "command/launch-plan.h"
#include "spawn/tree-cgroup.h"
#include "trace/trace.h"
#include "watch/child-watcher-private.h"
#include "watch/suspend-tracker.h"

SpawnJob *
spawn_job_new (CommandSpec         *spec,
               OwnEnviron          *own_environ,
               StdioDefaults        defaults,
               ProctorChildWatcher *watcher,
               ProcessLink         *link,
               Actor               *actor)
{
  SpawnJob *self = g_new0 (SpawnJob, 1);

  self->spec = command_spec_ref (spec);
  self->own_environ = own_environ_ref (own_environ);
  self->watcher = g_object_ref (watcher);
  self->link = process_link_ref (link);
  self->actor = actor_ref (actor);
  self->birth = spawn_birth_new ();

  for (guint i = 0; i < 3; i++)
    {
      self->ends[i].fd = -1;
      self->stdio[i] = spec->files.stdio[i].streamed ? PROCTOR_STDIO_PIPE
                                                     : spec->files.stdio[i].kind;
      if (self->stdio[i] != PROCTOR_STDIO_DEFAULT || defaults == STDIO_DEFAULTS_INHERIT)
        continue;
      self->stdio[i] =
        i == 0 && defaults == STDIO_DEFAULTS_CAPTURE ? PROCTOR_STDIO_DEVNULL : PROCTOR_STDIO_PIPE;
    }
  return self;
}

void
spawn_job_let_go_of_spec (SpawnJob *self)
{
  g_clear_pointer (&self->spec, command_spec_unref);
}

void
spawn_job_free (SpawnJob *self)
{
  spawn_job_let_go_of_spec (self);
  own_environ_unref (self->own_environ);
  child_watcher_unref (self->watcher);
  process_link_unref (self->link);
  actor_unref (self->actor);
  spawn_birth_unref (self->birth);
  g_clear_error (&self->error);
  g_clear_pointer (&self->child, child_id_unref);
  for (guint i = 0; i < 3; i++)
    fd_clear (&self->ends[i].fd);
  g_clear_pointer (&self->terminal, terminal_unref);
  g_free (self);
}

/* ---- the spawn */

/* A child that nobody watches must not stay, nor what it may have started already. Where its status
 * is lost nobody wants to know that.
 */
static void
kill_unwatched (ChildId *child)
{
  child_id_let_go (child);
  child_id_signal_tree (child, SIGKILL, NULL);
  do
    child_id_await_exit (child);
  while (!child_id_reap (child));
}

static gboolean
wants_session (const CommandSpec *spec)
{
  return (spec->flags &
          (PROCTOR_COMMAND_NEW_SESSION | PROCTOR_COMMAND_CONTROLLING_TERMINAL)) != 0 ||
         command_files_want_terminal (&spec->files);
}

/* The group in which the tree is, if it is to have one of its own. */
static pid_t
get_process_group (const CommandSpec *spec)
{
  gboolean own = (spec->flags & PROCTOR_COMMAND_OWN_TREE) != 0 && !wants_session (spec);

  return own ? 0 : spec->process_group;
}

/* If that is wanted. */
static gboolean
track_suspend (SpawnJob *self)
{
  if ((self->spec->flags & PROCTOR_COMMAND_TRACK_SUSPEND) == 0)
    return TRUE;

  return suspend_tracker_start (self->child, (SuspendFunc) process_link_state_changed,
                                process_link_ref (self->link), (GDestroyNotify) process_link_unref,
                                &self->error);
}

static void
start_child (SpawnJob         *self,
             const LaunchPlan *launch,
             const StdioPlan  *plan)
{
  gboolean own_tree = (self->spec->flags & PROCTOR_COMMAND_OWN_TREE) != 0;
  /* Where the caller has named a cgroup the child stays in that one. */
  TreeCgroup *cgroup =
    own_tree && self->spec->attributes.cgroup == NULL ? tree_cgroup_new (NULL) : NULL;
  g_autofree char *procs =
    cgroup != NULL ? g_build_filename (tree_cgroup_get_path (cgroup), "cgroup.procs", NULL) : NULL;
  SpawnRequest request = {
    .argv = launch->argv,
    .envp = launch->environ.variables,
    .candidates = launch->candidates,
    .has_executable_fd = launch->has_executable_fd,
    .executable_is_script = launch->executable_is_script,
    .executable_fd = launch->executable_fd,
    .cwd = self->spec->cwd,
    .fds = plan->fds,
    .n_fds = plan->n_fds,
    .opens = plan->opens,
    .n_opens = plan->n_opens,
    .without_stderr = plan->without_stderr,
    .inherit_fds = (self->spec->flags & PROCTOR_COMMAND_INHERIT_FDS) != 0,
    .new_session = wants_session (self->spec),
    .controlling_terminal = (self->spec->flags & PROCTOR_COMMAND_CONTROLLING_TERMINAL) != 0,
    .no_new_privs = (self->spec->flags & PROCTOR_COMMAND_NO_NEW_PRIVS) != 0,
    .tree_procs = procs,
    .process_group = get_process_group (self->spec),
    .attributes = &self->spec->attributes,
    .identity = &launch->identity,
    .cpu_mask = launch->cpu_mask,
    .cpu_mask_bytes = launch->cpu_mask_bytes,
    .has_terminal = plan->terminal != NULL,
    .terminal = plan->slave,
    .birth = self->birth,
  };
  SpawnedChild spawned;
  SpawnFailure failure;

  trace_step (TRACE_FDS, self->actor->trace_number,
              trace_fds_value (plan->ours[0].fd, plan->ours[1].fd, plan->ours[2].fd));
  self->start_time = g_get_real_time ();
  self->start_monotonic = g_get_monotonic_time ();
  if (!spawn_child (&request, &spawned, &failure))
    {
      self->error = spawn_failure_to_error (&failure, &request);
      g_clear_pointer (&cgroup, tree_cgroup_free);
      return;
    }

  trace_step (TRACE_SPAWN_END, self->actor->trace_number, spawned.pid);
  self->child = child_id_new (spawned.pid, spawned.pidfd, process_link_child_exited,
                              process_link_ref (self->link), (GDestroyNotify) process_link_unref);
  child_id_set_trace_number (self->child, self->actor->trace_number);
  if (own_tree)
    child_id_set_tree (self->child, child_tree_new (spawned.pid, cgroup));
  if (!track_suspend (self) ||
      !child_watcher_watch (self->watcher, self->child, self->actor->worker, &self->error))
    {
      kill_unwatched (self->child);
      g_clear_pointer (&self->child, child_id_unref);
    }
}

static void
take_our_ends (SpawnJob  *self,
               StdioPlan *plan)
{
  for (guint i = 0; i < G_N_ELEMENTS (self->ends); i++)
    {
      self->ends[i] = plan->ours[i];
      plan->ours[i].fd = -1;
    }
  self->terminal = g_steal_pointer (&plan->terminal);
}

void
spawn_job_do (SpawnJob    *self,
              MessageFunc  done_func)
{
  g_autoptr(LaunchPlan) launch = NULL;
  StdioPlan plan = { NULL };

  trace_receive (TRACE_SPAWN_BEGIN, self->actor->trace_number, self->message.trace_flow);
  launch = launch_plan_new (self->spec, self->own_environ, &self->error);
  if (launch != NULL &&
      stdio_plan_init (&plan, &self->spec->files, self->stdio, &self->error))
    start_child (self, launch, &plan);

  if (self->child != NULL)
    take_our_ends (self, &plan);
  else
    trace_step_text (TRACE_SPAWN_FAILED, self->actor->trace_number, self->error->message);
  stdio_plan_clear (&plan);

  actor_post_and_help (self->actor, &self->message, done_func);
}

static void
spawn_on_spawner (SpawnerJob *job)
{
  SpawnJob *self = (SpawnJob *) job;

  spawn_job_do (self, self->done_func);
}

gboolean
spawn_job_post (SpawnJob     *self,
                MessageFunc   done_func,
                GError      **error)
{
  self->done_func = done_func;
  return spawner_post (&self->job, spawn_on_spawner, error);
}
