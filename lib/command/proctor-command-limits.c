/* The builder of a command: how much the child may use of the system.
 *
 * SPDX-License-Identifier: LGPL-2.1-or-later
 */

/* Thread: the one that sets the command. */

#include "config.h"

#include "command/proctor-command-private.h"

static CommandAttributes *
edit_attributes (ProctorCommand *self)
{
  return &proctor_command_edit_spec (self)->attributes;
}

/**
 * proctor_command_set_rlimit:
 * @self: a command
 * @resource: what is limited, as setrlimit(2) numbers it (`RLIMIT_NOFILE` …)
 * @soft: the limit that counts, or %PROCTOR_RLIMIT_INFINITY
 * @hard: what the child may raise it to, or %PROCTOR_RLIMIT_INFINITY
 *
 * Limits what the child may use of a resource; a new command has the limits of this program.
 *
 * May be called for any number of resources; the last call for each counts.
 *
 * Errors: at the spawn, %PROCTOR_ERROR_INVALID_COMMAND for an unknown resource and for a soft limit
 * above the hard one, and what the system says where this program may not raise a hard limit.
 *
 * Thread safety: the thread that the command belongs to.
 *
 * Since: 1.0
 */
void
proctor_command_set_rlimit (ProctorCommand *self,
                            int             resource,
                            guint64         soft,
                            guint64         hard)
{
  CommandRlimit rlimit = { .resource = resource, .soft = soft, .hard = hard };

  g_return_if_fail (PROCTOR_IS_COMMAND (self));

  command_attributes_set_rlimit (edit_attributes (self), rlimit);
}

/**
 * proctor_command_set_nice:
 * @self: a command
 * @nice: from -20 (served first) to 19 (served last)
 *
 * Sets the niceness of the child; a new command has that of this program.
 *
 * It is the niceness itself, not what is added to that of this program.
 *
 * Errors: at the spawn, %PROCTOR_ERROR_INVALID_COMMAND for other values, and what the system says
 * where this program may not lower its niceness.
 *
 * Thread safety: the thread that the command belongs to.
 *
 * Since: 1.0
 */
void
proctor_command_set_nice (ProctorCommand *self,
                          int             nice)
{
  CommandAttributes *attributes;

  g_return_if_fail (PROCTOR_IS_COMMAND (self));

  attributes = edit_attributes (self);
  attributes->nice = nice;
  attributes->set |= PROCTOR_ATTRIBUTE_NICE;
}

/**
 * proctor_command_set_cpu_affinity:
 * @self: a command
 * @cpus: (array length=n_cpus) (nullable): numbers of processors, from 0
 * @n_cpus: how many there are in @cpus; 0 for the processors of this program
 *
 * Sets the processors that the child may run on; a new command has those of this program.
 *
 * Processors that do not exist are not counted.
 *
 * Errors: at the spawn, %PROCTOR_ERROR_INVALID_COMMAND for a number that no processor has, and
 * %G_IO_ERROR_INVALID_ARGUMENT where none of @cpus exists or may be used.
 *
 * Thread safety: the thread that the command belongs to.
 *
 * Since: 1.0
 */
void
proctor_command_set_cpu_affinity (ProctorCommand *self,
                                  const guint    *cpus,
                                  gsize           n_cpus)
{
  CommandAttributes *attributes;

  g_return_if_fail (PROCTOR_IS_COMMAND (self));
  g_return_if_fail (cpus != NULL || n_cpus == 0);
  g_return_if_fail (n_cpus <= G_MAXUINT);

  attributes = edit_attributes (self);
  command_attributes_unset (attributes, PROCTOR_ATTRIBUTE_CPU_AFFINITY);
  if (n_cpus == 0)
    return;

  attributes->cpus = g_memdup2 (cpus, n_cpus * sizeof cpus[0]);
  attributes->n_cpus = (guint) n_cpus;
  attributes->set |= PROCTOR_ATTRIBUTE_CPU_AFFINITY;
}

/**
 * proctor_command_set_io_priority:
 * @self: a command
 * @io_class: the class of the priority
 * @level: from 0 (served first) to 7 in the classes %PROCTOR_IO_CLASS_REALTIME and
 *   %PROCTOR_IO_CLASS_BEST_EFFORT, else 0
 *
 * Sets how the child's use of disks is served; a new command has the priority of this program.
 *
 * Errors: at the spawn, %PROCTOR_ERROR_INVALID_COMMAND for other values, and what the system says
 * where this program may not have that priority.
 *
 * Thread safety: the thread that the command belongs to.
 *
 * Since: 1.0
 */
void
proctor_command_set_io_priority (ProctorCommand *self,
                                 ProctorIoClass  io_class,
                                 int             level)
{
  CommandAttributes *attributes;

  g_return_if_fail (PROCTOR_IS_COMMAND (self));

  attributes = edit_attributes (self);
  attributes->io_class = io_class;
  attributes->io_level = level;
  attributes->set |= PROCTOR_ATTRIBUTE_IO_PRIORITY;
}

/**
 * proctor_command_set_oom_score_adj:
 * @self: a command
 * @adjustment: from -1000 (never) to 1000 (first)
 *
 * Sets how readily the kernel kills the child when memory runs out; a new command has the
 * adjustment of this program.
 *
 * Errors: at the spawn, %PROCTOR_ERROR_INVALID_COMMAND for other values, and what the system says
 * where this program may not lower its adjustment.
 *
 * Thread safety: the thread that the command belongs to.
 *
 * Since: 1.0
 */
void
proctor_command_set_oom_score_adj (ProctorCommand *self,
                                   int             adjustment)
{
  CommandAttributes *attributes;

  g_return_if_fail (PROCTOR_IS_COMMAND (self));

  attributes = edit_attributes (self);
  attributes->oom_score_adj = adjustment;
  attributes->set |= PROCTOR_ATTRIBUTE_OOM_SCORE_ADJ;
}

/**
 * proctor_command_set_cgroup:
 * @self: a command
 * @path: (type filename) (nullable): the directory of a cgroup (version 2), or %NULL for the cgroup
 *   of this program
 *
 * Sets the cgroup that the child begins its life in.
 *
 * It must exist and be one that this program may put processes into: the system administrator or a
 * service manager has delegated it. A relative path is meant as seen from this program's working
 * directory at the time of the spawn.
 *
 * Errors: at the spawn, %PROCTOR_ERROR_INVALID_COMMAND for an empty path, and what the system says
 * of a cgroup that the child cannot be put into.
 *
 * Thread safety: the thread that the command belongs to.
 *
 * Since: 1.0
 */
void
proctor_command_set_cgroup (ProctorCommand *self,
                            const char     *path)
{
  CommandAttributes *attributes;

  g_return_if_fail (PROCTOR_IS_COMMAND (self));

  attributes = edit_attributes (self);
  command_attributes_unset (attributes, PROCTOR_ATTRIBUTE_CGROUP);
  if (path == NULL)
    return;

  attributes->cgroup = g_strdup (path);
  attributes->set |= PROCTOR_ATTRIBUTE_CGROUP;
}

/**
 * proctor_command_set_optional:
 * @self: a command
 * @attributes: all the attributes that the child can do without
 *
 * Says which attributes are left out where the system refuses them, for want of permission or
 * because it does not have them, instead of making the spawn fail; a new command has none.
 *
 * A value that cannot be is an error in any case. Whom the child runs as, and what it may not do
 * (%PROCTOR_COMMAND_NO_NEW_PRIVS), is never optional.
 *
 * Errors: %PROCTOR_ERROR_INVALID_COMMAND at the spawn for unknown attributes.
 *
 * Thread safety: the thread that the command belongs to.
 *
 * Since: 1.0
 */
void
proctor_command_set_optional (ProctorCommand    *self,
                              ProctorAttributes  attributes)
{
  g_return_if_fail (PROCTOR_IS_COMMAND (self));

  edit_attributes (self)->optional = attributes;
}

/**
 * proctor_command_unset_attributes:
 * @self: a command
 * @attributes: attributes
 *
 * Makes these attributes what they are in a new command.
 *
 * Thread safety: the thread that the command belongs to.
 *
 * Since: 1.0
 */
void
proctor_command_unset_attributes (ProctorCommand    *self,
                                  ProctorAttributes  attributes)
{
  g_return_if_fail (PROCTOR_IS_COMMAND (self));

  command_attributes_unset (edit_attributes (self), attributes);
  if ((attributes & PROCTOR_ATTRIBUTE_CONTROLLING_TERMINAL) != 0)
    proctor_command_edit_spec (self)->flags &= ~PROCTOR_COMMAND_CONTROLLING_TERMINAL;
}
