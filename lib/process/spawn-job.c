/* SPDX-License-Identifier: LGPL-2.1-or-later */

/* Thread: SPAWNER, but for making, posting and freeing. */

#include "config.h"

#include "process/spawn-job.h"

#include <errno.h>
#include <fcntl.h>
#include <glib/gi18n-lib.h>
#include <signal.h>
#include <sys/wait.h>
#include <unistd.h>

#include "base/base-fd.h"
#include "command/launch-plan.h"
#include "spawn/tree-cgroup.h"
#include "watch/child-watcher-private.h"
#include "watch/suspend-tracker.h"

/* Everything that spawn_child() wants of the stdios, and what has to be closed afterwards. */
typedef struct
{
  FdMapping fds[3];
  guint n_fds;
  SpawnOpen opens[3];
  guint n_opens;
  int childs_ends[3]; /* of pipes, or -1 */
} StdioPlan;

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
      self->pipes[i] = -1;
      self->stdio[i] = spec->stdio[i].kind;
      if (self->stdio[i] != PROCTOR_STDIO_DEFAULT || defaults == STDIO_DEFAULTS_INHERIT)
        continue;
      self->stdio[i] =
        i == 0 && defaults == STDIO_DEFAULTS_CAPTURE ? PROCTOR_STDIO_DEVNULL : PROCTOR_STDIO_PIPE;
    }
  return self;
}

void
spawn_job_free (SpawnJob *self)
{
  command_spec_unref (self->spec);
  own_environ_unref (self->own_environ);
  child_watcher_unref (self->watcher);
  process_link_unref (self->link);
  actor_unref (self->actor);
  spawn_birth_unref (self->birth);
  g_clear_error (&self->error);
  g_clear_pointer (&self->child, child_id_unref);
  for (guint i = 0; i < 3; i++)
    fd_clear (&self->pipes[i]);
  g_free (self);
}

/* ---- stdio */

/* One /dev/null for all children, opened when it is first needed and then kept. */
static int
get_devnull (void)
{
  static GMutex devnull_lock;
  static int devnull = -1; /* guarded by devnull_lock */
  int fd;

  g_mutex_lock (&devnull_lock);
  if (devnull < 0)
    devnull = fd_above_stdio (open ("/dev/null", O_RDWR | O_CLOEXEC));
  fd = devnull;
  g_mutex_unlock (&devnull_lock);

  return fd;
}

static void
map_fd (StdioPlan *plan,
        int        source,
        int        target)
{
  plan->fds[plan->n_fds++] = (FdMapping){ .source = source, .target = target };
}

/* Only our end is nonblocking: the flag belongs to the open file, which the child shares. */
static gboolean
make_pipe (SpawnJob  *self,
           StdioPlan *plan,
           int        target)
{
  int ends[2];
  int ours = target == STDIN_FILENO ? 1 : 0;

  if (!fd_pipe (ends))
    return FALSE;

  self->pipes[target] = ends[ours];
  plan->childs_ends[target] = ends[1 - ours];
  map_fd (plan, ends[1 - ours], target);
  return fcntl (ends[ours], F_SETFL, O_NONBLOCK) == 0;
}

static void
open_path (SpawnJob  *self,
           StdioPlan *plan,
           int        target)
{
  const CommandStdio *stdio = &self->spec->stdio[target];
  int flags =
    target == STDIN_FILENO ? O_RDONLY : O_WRONLY | O_CREAT | (stdio->append ? O_APPEND : O_TRUNC);

  plan->opens[plan->n_opens++] =
    (SpawnOpen){ .path = stdio->path, .flags = flags, .target = target };
}

static gboolean
plan_one_stdio (SpawnJob  *self,
                StdioPlan *plan,
                int        target)
{
  if (self->spec->stdio[target].path != NULL)
    {
      open_path (self, plan, target);
      return TRUE;
    }

  switch (self->stdio[target])
    {
    case PROCTOR_STDIO_PIPE:
      return make_pipe (self, plan, target);

    case PROCTOR_STDIO_DEVNULL:
      map_fd (plan, get_devnull (), target);
      return plan->fds[plan->n_fds - 1].source >= 0;

    case PROCTOR_STDIO_STDOUT:
      /* A file that stdout is opened to exists in the child only; there stderr is made a copy of
       * it.
       */
      if (self->spec->stdio[STDOUT_FILENO].path != NULL)
        plan->opens[plan->n_opens++] = (SpawnOpen){ .path = NULL, .target = target };
      else if (plan->childs_ends[STDOUT_FILENO] >= 0)
        map_fd (plan, plan->childs_ends[STDOUT_FILENO], target);
      else if (self->stdio[STDOUT_FILENO] == PROCTOR_STDIO_DEVNULL)
        map_fd (plan, get_devnull (), target);
      else if (fcntl (STDOUT_FILENO, F_GETFD) >= 0)
        map_fd (plan, STDOUT_FILENO, target);
      return TRUE;

    case PROCTOR_STDIO_DEFAULT:
    case PROCTOR_STDIO_INHERIT:
    default:
      /* A stdio that this program has closed is closed in the child, too. */
      if (fcntl (target, F_GETFD) >= 0)
        map_fd (plan, target, target);
      return TRUE;
    }
}

static gboolean
plan_stdio (SpawnJob  *self,
            StdioPlan *plan)
{
  *plan = (StdioPlan){ .childs_ends = { -1, -1, -1 } };

  for (int target = 0; target < 3; target++)
    {
      if (!plan_one_stdio (self, plan, target))
        {
          int error_number = errno;

          g_set_error (&self->error, G_IO_ERROR, g_io_error_from_errno (error_number),
                       _("Could not set up the standard files of a process: %s"),
                       g_strerror (error_number));
          return FALSE;
        }
    }
  return TRUE;
}

/* ---- the spawn */

/* A child that nobody watches must not stay. */
static void
kill_unwatched (const SpawnedChild *spawned)
{
  int status;

  kill (spawned->pid, SIGKILL);
  while (waitpid (spawned->pid, &status, 0) < 0 && errno == EINTR)
    ;
}

static gboolean
wants_session (const CommandSpec *spec)
{
  return (spec->flags &
          (PROCTOR_COMMAND_NEW_SESSION | PROCTOR_COMMAND_CONTROLLING_TERMINAL)) != 0;
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
    own_tree && self->spec->attributes.cgroup == NULL ? tree_cgroup_new () : NULL;
  g_autofree char *procs =
    cgroup != NULL ? g_build_filename (tree_cgroup_get_path (cgroup), "cgroup.procs", NULL) : NULL;
  SpawnRequest request = {
    .argv = (const char * const *) launch->argv,
    .envp = (const char * const *) launch->envp,
    .candidates = (const char * const *) launch->candidates,
    .has_executable_fd = launch->has_executable_fd,
    .executable_is_script = launch->executable_is_script,
    .executable_fd = launch->executable_fd,
    .cwd = self->spec->cwd,
    .fds = plan->fds,
    .n_fds = plan->n_fds,
    .opens = plan->opens,
    .n_opens = plan->n_opens,
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
    .birth = self->birth,
  };
  SpawnedChild spawned;
  SpawnFailure failure;

  self->start_time = g_get_real_time ();
  self->start_monotonic = g_get_monotonic_time ();
  if (!spawn_child (&request, &spawned, &failure))
    {
      self->error = spawn_failure_to_error (&failure, &request);
      g_clear_pointer (&cgroup, tree_cgroup_free);
      return;
    }

  self->child = child_id_new (spawned.pid, spawned.pidfd, process_link_child_exited,
                              process_link_ref (self->link), (GDestroyNotify) process_link_unref);
  if (own_tree)
    child_id_set_tree (self->child, child_tree_new (spawned.pid, cgroup));
  if (!track_suspend (self) ||
      !child_watcher_watch (self->watcher, self->child, self->actor->worker, &self->error))
    {
      kill_unwatched (&spawned);
      g_clear_pointer (&self->child, child_id_unref);
    }
}

static void
spawn_on_spawner (SpawnerJob *job)
{
  SpawnJob *self = (SpawnJob *) job;
  g_autoptr(LaunchPlan) launch = NULL;
  StdioPlan plan = { .childs_ends = { -1, -1, -1 } };

  launch =
    launch_plan_new (self->spec, (const char *const *) self->own_environ->variables, &self->error);
  if (launch != NULL && plan_stdio (self, &plan))
    start_child (self, launch, &plan);

  for (guint i = 0; i < 3; i++)
    {
      fd_clear (&plan.childs_ends[i]);
      if (self->error != NULL)
        fd_clear (&self->pipes[i]);
    }

  actor_post (self->actor, &self->message, self->done_func);
}

gboolean
spawn_job_post (SpawnJob     *self,
                MessageFunc   done_func,
                GError      **error)
{
  self->done_func = done_func;
  return spawner_post (&self->job, spawn_on_spawner, error);
}
