/* SPDX-License-Identifier: LGPL-2.1-or-later */

/* Thread: ANY for a shared snapshot; what changes one belongs to the thread that sets the command.
 */

#include "config.h"

#include "command/command-attributes.h"

#include <errno.h>
#include <glib/gi18n-lib.h>
#include <signal.h>
#include <sys/resource.h>

#include "command/command-validate.h"

#define KNOWN_ATTRIBUTES \
  (PROCTOR_ATTRIBUTE_RLIMITS | PROCTOR_ATTRIBUTE_NICE | PROCTOR_ATTRIBUTE_CPU_AFFINITY \
   | PROCTOR_ATTRIBUTE_IO_PRIORITY | PROCTOR_ATTRIBUTE_OOM_SCORE_ADJ | PROCTOR_ATTRIBUTE_CGROUP \
   | PROCTOR_ATTRIBUTE_CONTROLLING_TERMINAL)

/* Far more than any kernel is built for; it bounds the mask that is made of them. */
#define MAX_CPU 65535

#define LAST_UMASK 0777
#define LOWEST_NICE (-20)
#define HIGHEST_NICE 19
#define LAST_IO_LEVEL 7
#define OOM_SCORE_ADJ_BOUND 1000

void
command_attributes_init (CommandAttributes *self)
{
  *self = (CommandAttributes) { .umask = COMMAND_KEEP_UMASK };
}

void
command_attributes_clear (CommandAttributes *self)
{
  g_free (self->user);
  g_free (self->group);
  g_strfreev (self->extra_groups);
  g_free (self->ignored_signals);
  g_free (self->rlimits);
  g_free (self->cpus);
  g_free (self->cgroup);
}

void
command_attributes_copy (CommandAttributes       *self,
                         const CommandAttributes *other)
{
  /* Members that own nothing come with this; every pointer is replaced below. */
  *self = *other;
  self->user = g_strdup (other->user);
  self->group = g_strdup (other->group);
  self->extra_groups = g_strdupv (other->extra_groups);
  self->ignored_signals =
    g_memdup2 (other->ignored_signals, other->n_ignored_signals * sizeof (int));
  self->rlimits = g_memdup2 (other->rlimits, other->n_rlimits * sizeof (CommandRlimit));
  self->cpus = g_memdup2 (other->cpus, other->n_cpus * sizeof (guint));
  self->cgroup = g_strdup (other->cgroup);
}

void
command_attributes_unset (CommandAttributes *self,
                          ProctorAttributes  attributes)
{
  if ((attributes & PROCTOR_ATTRIBUTE_RLIMITS) != 0)
    {
      g_clear_pointer (&self->rlimits, g_free);
      self->n_rlimits = 0;
    }
  if ((attributes & PROCTOR_ATTRIBUTE_CPU_AFFINITY) != 0)
    {
      g_clear_pointer (&self->cpus, g_free);
      self->n_cpus = 0;
    }
  if ((attributes & PROCTOR_ATTRIBUTE_CGROUP) != 0)
    g_clear_pointer (&self->cgroup, g_free);

  self->set &= ~attributes;
}

void
command_attributes_set_rlimit (CommandAttributes *self,
                               CommandRlimit      rlimit)
{
  guint i = 0;

  while (i < self->n_rlimits && self->rlimits[i].resource != rlimit.resource)
    i++;
  if (i == self->n_rlimits)
    self->rlimits = g_renew (CommandRlimit, self->rlimits, ++self->n_rlimits);

  self->rlimits[i] = rlimit;
  self->set |= PROCTOR_ATTRIBUTE_RLIMITS;
}

const char *
command_rlimit_get_name (int resource)
{
  static const char * const names[] = {
    [RLIMIT_CPU] = "CPU",           [RLIMIT_FSIZE] = "FSIZE",
    [RLIMIT_DATA] = "DATA",         [RLIMIT_STACK] = "STACK",
    [RLIMIT_CORE] = "CORE",         [RLIMIT_RSS] = "RSS",
    [RLIMIT_NPROC] = "NPROC",       [RLIMIT_NOFILE] = "NOFILE",
    [RLIMIT_MEMLOCK] = "MEMLOCK",   [RLIMIT_AS] = "AS",
    [RLIMIT_LOCKS] = "LOCKS",       [RLIMIT_SIGPENDING] = "SIGPENDING",
    [RLIMIT_MSGQUEUE] = "MSGQUEUE", [RLIMIT_NICE] = "NICE",
    [RLIMIT_RTPRIO] = "RTPRIO",     [RLIMIT_RTTIME] = "RTTIME",
  };

  return resource >= 0 && resource < (int) G_N_ELEMENTS (names) ? names[resource] : NULL;
}

static gboolean
check_identity (const CommandAttributes  *self,
                GError                  **error)
{
  if (self->user != NULL && self->user[0] == '\0')
    return command_fail (error, _("The user “” has an empty name"));
  if (self->group != NULL && self->group[0] == '\0')
    return command_fail (error, _("The group “” has an empty name"));

  for (guint i = 0; self->extra_groups != NULL && self->extra_groups[i] != NULL; i++)
    {
      if (self->extra_groups[i][0] == '\0')
        return command_fail (error, _("Extra group %u (from 0) has the empty name “”"), i);
    }

  if (self->umask != COMMAND_KEEP_UMASK && (self->umask < 0 || self->umask > LAST_UMASK))
    return command_fail (error, _("%d is not a umask; it must be between 0 and 0777 (octal)"),
                         self->umask);

  return TRUE;
}

/* The C library keeps the signals between the last classic one and SIGRTMIN for itself, and threads
 * of a child that ignores them could not be cancelled.
 */
static gboolean
is_ignorable (int signum)
{
  if (signum == SIGKILL || signum == SIGSTOP || signum <= 0 || signum > SIGRTMAX)
    return FALSE;

  return signum <= SIGSYS || signum >= SIGRTMIN;
}

static gboolean
check_signals (const CommandAttributes  *self,
               GError                  **error)
{
  for (guint i = 0; i < self->n_ignored_signals; i++)
    {
      if (!is_ignorable (self->ignored_signals[i]))
        return command_fail (error, _("%d is not a signal that can be ignored"),
                             self->ignored_signals[i]);
    }

  if (self->parent_death_signal < 0 || self->parent_death_signal > SIGRTMAX)
    return command_fail (error, _("%d is not a signal; it was given for the parent’s death"),
                         self->parent_death_signal);

  return TRUE;
}

static gboolean
check_rlimits (const CommandAttributes  *self,
               GError                  **error)
{
  for (guint i = 0; i < self->n_rlimits; i++)
    {
      const CommandRlimit *rlimit = &self->rlimits[i];
      const char *name = command_rlimit_get_name (rlimit->resource);

      if (name == NULL)
        return command_fail (error, _("%d is not a resource that can be limited"),
                             rlimit->resource);
      if (rlimit->soft > rlimit->hard)
        return command_fail (error,
                             _("The soft limit %llu of %s is above the hard limit %llu"),
                             (unsigned long long) rlimit->soft, name,
                             (unsigned long long) rlimit->hard);
    }

  return TRUE;
}

static gboolean
check_io_priority (const CommandAttributes  *self,
                   GError                  **error)
{
  switch (self->io_class)
    {
    case PROCTOR_IO_CLASS_REALTIME:
    case PROCTOR_IO_CLASS_BEST_EFFORT:
      if (self->io_level >= 0 && self->io_level <= LAST_IO_LEVEL)
        return TRUE;
      return command_fail (error,
                           _("%d is not a level of an I/O priority; it must be between 0 and 7"),
                           self->io_level);

    case PROCTOR_IO_CLASS_NONE:
    case PROCTOR_IO_CLASS_IDLE:
      if (self->io_level == 0)
        return TRUE;
      return command_fail (error, _("The I/O priority %d is of a class that has the level 0 only"),
                           self->io_level);

    default:
      return command_fail (error, _("%d is not a ProctorIoClass"), (int) self->io_class);
    }
}

static gboolean
check_scheduling (const CommandAttributes  *self,
                  GError                  **error)
{
  if ((self->set & PROCTOR_ATTRIBUTE_NICE) != 0
      && (self->nice < LOWEST_NICE || self->nice > HIGHEST_NICE))
    return command_fail (error, _("%d is not a niceness; it must be between -20 and 19"),
                         self->nice);

  for (guint i = 0; i < self->n_cpus; i++)
    {
      if (self->cpus[i] > MAX_CPU)
        return command_fail (error, _("%u is not a processor"), self->cpus[i]);
    }

  if ((self->set & PROCTOR_ATTRIBUTE_IO_PRIORITY) != 0 && !check_io_priority (self, error))
    return FALSE;

  if ((self->set & PROCTOR_ATTRIBUTE_OOM_SCORE_ADJ) != 0
      && (self->oom_score_adj < -OOM_SCORE_ADJ_BOUND || self->oom_score_adj > OOM_SCORE_ADJ_BOUND))
    return command_fail (error,
                         _("%d is not an OOM score adjustment; it must be between -1000 and 1000"),
                         self->oom_score_adj);

  return TRUE;
}

gboolean
command_attributes_validate (const CommandAttributes  *self,
                             GError                  **error)
{
  guint unknown = (guint) self->optional & ~(guint) KNOWN_ATTRIBUTES;

  if (unknown != 0)
    return command_fail (error, _("The optional attributes 0x%x are not known"), unknown);
  if (self->cgroup != NULL && self->cgroup[0] == '\0')
    return command_fail (error, _("The cgroup “” has an empty path"));

  return check_identity (self, error) && check_signals (self, error) && check_rlimits (self, error)
         && check_scheduling (self, error);
}
