/* SPDX-License-Identifier: LGPL-2.1-or-later */

/* Thread: ANY. */

#include "config.h"

#include "spawn/spawn.h"

#include <errno.h>
#include <glib/gi18n-lib.h>
#include <unistd.h>

/* The fd of the program's that operation @index of the plan is about, or -1. */
static int
find_source (const SpawnRequest *request,
             int                 index)
{
  int source = -1;
  FdPlan plan;

  if (index < 0)
    return -1;

  fd_plan_init (&plan, request->fds, request->n_fds);
  if ((guint) index < plan.n_ops)
    {
      const FdOp *op = &plan.ops[index];

      source = op->fd;
      for (guint i = 0; source < 0 && i < plan.n_ops; i++)
        {
          if (plan.ops[i].kind == FD_OP_MOVE && plan.ops[i].index == op->index)
            source = plan.ops[i].fd;
        }
    }
  fd_plan_clear (&plan);

  return source;
}

static char *
describe_exec (const char *path,
               int         errnum)
{
  g_autofree char *name = g_filename_display_name (path);

  if (errnum == ENOEXEC)
    return g_strdup_printf (_("Could not execute “%s” (a script needs a “#!” line)"), name);

  /* The file is there, so it is the program named in its first line, or its dynamic linker, that is
   * not. A relative path would have to be looked at from the child's working directory.
   */
  if (errnum == ENOENT && g_path_is_absolute (path) && access (path, F_OK) == 0)
    return g_strdup_printf (_("Could not execute “%s” (its interpreter is missing)"), name);

  return g_strdup_printf (_("Could not execute “%s”"), name);
}

static char *
describe_fds (const SpawnRequest *request,
              int                 index)
{
  int source = find_source (request, index);

  if (source < 0)
    return g_strdup (_("Could not set up the child’s file descriptors"));

  return g_strdup_printf (_("Could not pass file descriptor %d to the child"), source);
}

static char *
describe_setpgid (pid_t group)
{
  if (group == 0)
    return g_strdup (_("Could not make a process group for the child"));

  return g_strdup_printf (_("Could not put the child into process group %d"), (int) group);
}

static char *
describe_ignored_signal (const SpawnRequest *request,
                         int                 index)
{
  if (index < 0 || request->attributes == NULL)
    return g_strdup (_("Could not set up the child’s signals"));

  return g_strdup_printf (_("Could not make the child ignore signal %d"),
                          request->attributes->ignored_signals[index]);
}

static char *
describe_limit_value (guint64 value)
{
  if (value == PROCTOR_RLIMIT_INFINITY)
    /* Translators: stands where a number would, in “the child’s limit of NOFILE to unlimited”. */
    return g_strdup (_("unlimited"));

  return g_strdup_printf ("%llu", (unsigned long long) value);
}

static char *
describe_rlimit (const CommandRlimit *rlimit)
{
  g_autofree char *soft = describe_limit_value (rlimit->soft);
  g_autofree char *hard = describe_limit_value (rlimit->hard);

  /* Translators: the resource, as NOFILE; the soft limit; the hard limit. */
  return g_strdup_printf (_("Could not set the child’s limit of %s to %s (at most %s)"),
                          command_rlimit_get_name (rlimit->resource), soft, hard);
}

/* Steps that set an attribute of the command. */
static char *
describe_attribute (const SpawnFailure      *failure,
                    const CommandAttributes *attributes)
{
  g_autofree char *name = NULL;

  switch (failure->step)
    {
    case SPAWN_STEP_CGROUP:
      name = g_filename_display_name (attributes->cgroup);
      return g_strdup_printf (_("Could not put the child into the cgroup “%s”"), name);

    case SPAWN_STEP_OOM_SCORE_ADJ:
      return g_strdup_printf (_("Could not set the child’s OOM score adjustment to %d"),
                              attributes->oom_score_adj);

    case SPAWN_STEP_RLIMIT:
      return describe_rlimit (&attributes->rlimits[failure->index]);

    case SPAWN_STEP_NICE:
      return g_strdup_printf (_("Could not set the child’s niceness to %d"), attributes->nice);

    case SPAWN_STEP_IO_PRIORITY:
      return g_strdup_printf (_("Could not set the child’s I/O priority to class %d, level %d"),
                              (int) attributes->io_class, attributes->io_level);

    case SPAWN_STEP_CPU_AFFINITY:
      return g_strdup_printf (attributes->n_cpus == 1
                                ? _("Could not bind the child to processor %u")
                                : _("Could not bind the child to processor %u and others"),
                              attributes->cpus[0]);

    case SPAWN_STEP_PARENT_DEATH_SIGNAL:
      return g_strdup_printf (_("Could not bind the child’s life to this program’s with signal %d"),
                              attributes->parent_death_signal);

    default:
      g_assert_not_reached ();
    }
}

/* The names are those that the command has; the numbers are what the kernel was asked for. */
static char *
describe_identity (SpawnStep           step,
                   const SpawnRequest *request)
{
  const CommandAttributes *attributes = request->attributes;
  const char *user = attributes != NULL ? attributes->user : NULL;
  const char *group = attributes != NULL ? attributes->group : NULL;
  g_autofree char *name = NULL;

  switch (step)
    {
    case SPAWN_STEP_SETGROUPS:
      return g_strdup_printf (g_dngettext (GETTEXT_PACKAGE,
                                           "Could not set the child’s extra groups (%u group)",
                                           "Could not set the child’s extra groups (%u groups)",
                                           request->identity->n_extra_groups),
                              request->identity->n_extra_groups);

    case SPAWN_STEP_SETGID:
      name = group != NULL ? g_filename_display_name (group)
                           : g_strdup_printf ("%u", (guint) request->identity->gid);
      return g_strdup_printf (_("Could not set the child’s group to “%s”"), name);

    default:
      name = user != NULL ? g_filename_display_name (user)
                          : g_strdup_printf ("%u", (guint) request->identity->uid);
      return g_strdup_printf (_("Could not set the child’s user to “%s”"), name);
    }
}

static char *
describe_step (const SpawnFailure *failure,
               const SpawnRequest *request)
{
  g_autofree char *name = NULL;

  switch (failure->step)
    {
    case SPAWN_STEP_PREPARE:
      return g_strdup (_("Could not prepare to start a child process"));

    case SPAWN_STEP_CLONE:
      return g_strdup (_("Could not create a child process"));

    case SPAWN_STEP_SIGNALS:
      return describe_ignored_signal (request, failure->index);

    case SPAWN_STEP_SETSID:
      return g_strdup (_("Could not make a session for the child"));

    case SPAWN_STEP_SETPGID:
      return describe_setpgid (request->process_group);

    case SPAWN_STEP_TERMINAL:
      return g_strdup (_("Could not give the child its controlling terminal"));

    case SPAWN_STEP_CHDIR:
      name = g_filename_display_name (request->cwd);
      return g_strdup_printf (_("Could not change to the working directory “%s”"), name);

    case SPAWN_STEP_OPEN:
      name = request->opens[failure->index].path != NULL
               ? g_filename_display_name (request->opens[failure->index].path)
               : g_strdup ("stdout");
      return g_strdup_printf (_("Could not open “%s”"), name);

    case SPAWN_STEP_FDS:
      return describe_fds (request, failure->index);

    case SPAWN_STEP_CONTROLLING_TERMINAL:
      return g_strdup (_("Could not make the child’s stdin its controlling terminal"));

    case SPAWN_STEP_SETGROUPS:
    case SPAWN_STEP_SETGID:
    case SPAWN_STEP_SETUID:
      return describe_identity (failure->step, request);

    case SPAWN_STEP_NO_NEW_PRIVS:
      return g_strdup (_("Could not keep the child from gaining privileges"));

    case SPAWN_STEP_CGROUP:
    case SPAWN_STEP_OOM_SCORE_ADJ:
    case SPAWN_STEP_RLIMIT:
    case SPAWN_STEP_NICE:
    case SPAWN_STEP_IO_PRIORITY:
    case SPAWN_STEP_CPU_AFFINITY:
    case SPAWN_STEP_PARENT_DEATH_SIGNAL:
      return describe_attribute (failure, request->attributes);

    case SPAWN_STEP_EXEC:
      return describe_exec (request->candidates[failure->index], failure->errnum);

    case SPAWN_STEP_NONE:
    default:
      return g_strdup (_("Could not start a child process"));
    }
}

GError *
spawn_failure_to_error (const SpawnFailure *failure,
                        const SpawnRequest *request)
{
  g_autofree char *what = describe_step (failure, request);

  return g_error_new (G_IO_ERROR, g_io_error_from_errno (failure->errnum), "%s: %s", what,
                      g_strerror (failure->errnum));
}
