/* What the kernel does when it is asked to: no version is taken for an answer.
 *
 * SPDX-License-Identifier: LGPL-2.1-or-later
 */

/* Thread: ANY. */

#include "config.h"

#include "diagnose/diagnosis.h"

#include <errno.h>
#include <glib/gi18n-lib.h>
#include <sys/utsname.h>

static gboolean
environment_says (const char *name,
                  const char *value)
{
  return g_strcmp0 (g_getenv (name), value) == 0;
}

ProctorFinding *
check_kernel (Diagnosis *self)
{
  ProctorFinding *finding = finding_new ("kernel");
  struct utsname name;

  if (uname (&name) < 0)
    {
      finding_say (finding, PROCTOR_FINDING_LIMITED, NULL,
                   _("The kernel does not say its name: %s"), g_strerror (errno));
      return finding;
    }

  finding_set (finding, "system", g_variant_new_string (name.sysname));
  finding_set (finding, "release", g_variant_new_string (name.release));
  finding_set (finding, "machine", g_variant_new_string (name.machine));
  finding_say (finding, PROCTOR_FINDING_GOOD, NULL, _("%s %s on %s"), name.sysname, name.release,
               name.machine);
  return finding;
}

ProctorFinding *
check_glib (Diagnosis *self)
{
  ProctorFinding *finding = finding_new ("glib");
  g_autofree char *running =
    g_strdup_printf ("%u.%u.%u", glib_major_version, glib_minor_version, glib_micro_version);
  g_autofree char *built =
    g_strdup_printf ("%d.%d.%d", GLIB_MAJOR_VERSION, GLIB_MINOR_VERSION, GLIB_MICRO_VERSION);
  /* GLib itself compares the version that runs with what it was built against. */
  const char *mismatch = glib_check_version (2, 74, 0);

  finding_set (finding, "running", g_variant_new_string (running));
  finding_set (finding, "built-against", g_variant_new_string (built));
  if (mismatch != NULL)
    finding_say (finding, PROCTOR_FINDING_BROKEN, g_strdup (_("Install GLib 2.74 or newer")),
                 _("GLib %s is too old"), running);
  else
    finding_say (finding, PROCTOR_FINDING_GOOD, NULL, _("GLib %s, built against %s"), running,
                 built);
  return finding;
}

/* The first step that did not work, and its result; NULL if all did. */
static const char *
find_failed_pidfd_step (Diagnosis *self,
                        int       *ret_result)
{
  const struct
  {
    const char *name;
    int result;
  } steps[] = {
    { "clone (CLONE_PIDFD)", self->clone.pidfd },
    { "pidfd_open", self->pidfd.open },
    { "pidfd_send_signal", self->pidfd.send_signal },
    { "poll", self->pidfd.poll },
    { "waitid (P_PIDFD)", self->pidfd.wait },
  };

  for (gsize i = 0; i < G_N_ELEMENTS (steps); i++)
    if (steps[i].result != 0)
      {
        *ret_result = steps[i].result;
        return steps[i].name;
      }

  return NULL;
}

ProctorFinding *
check_pidfd (Diagnosis *self)
{
  ProctorFinding *finding = finding_new ("pidfd");
  int result;
  const char *failed = find_failed_pidfd_step (self, &result);
  g_autofree char *reason = failed != NULL ? diagnosis_dup_reason (result) : NULL;

  diagnosis_set_result (finding, "clone", self->clone.pidfd);
  diagnosis_set_result (finding, "open", self->pidfd.open);
  diagnosis_set_result (finding, "send-signal", self->pidfd.send_signal);
  diagnosis_set_result (finding, "poll", self->pidfd.poll);
  diagnosis_set_result (finding, "wait", self->pidfd.wait);

  if (failed != NULL && self->pidfd_error != NULL)
    diagnosis_say_untried (finding, self->pidfd_error);
  else if (failed != NULL && self->clone_error != NULL)
    diagnosis_say_untried (finding, self->clone_error);
  else if (failed != NULL)
    finding_say (finding, PROCTOR_FINDING_LIMITED,
                 g_strdup (_("Use Linux 5.4 or newer, and allow clone, pidfd_open, "
                             "pidfd_send_signal and waitid in the sandbox’s filter")),
                 _("There are no pidfds: %s does not work (%s)"), failed, reason);
  else if (environment_says ("PROCTOR_NO_PIDFD", "1"))
    finding_say (finding, PROCTOR_FINDING_LIMITED, g_strdup (_("Unset PROCTOR_NO_PIDFD")),
                 _("Pidfds work, and PROCTOR_NO_PIDFD=1 says to do without"));
  else
    finding_say (finding, PROCTOR_FINDING_GOOD, NULL,
                 _("Processes have pidfds, so a signal cannot reach another one"));
  return finding;
}

ProctorFinding *
check_exit_info (Diagnosis *self)
{
  ProctorFinding *finding = finding_new ("exit-info");
  g_autofree char *reason = diagnosis_dup_reason (self->pidfd.exit_info);

  diagnosis_set_result (finding, "get-info", self->pidfd.exit_info);
  if (self->pidfd.exit_info == TRIAL_NOT_REACHED && self->pidfd_error != NULL)
    diagnosis_say_untried (finding, self->pidfd_error);
  else if (self->pidfd.exit_info == 0)
    finding_say (
      finding, PROCTOR_FINDING_GOOD, NULL,
      _("The kernel tells how a process ended also when somebody else has waited for it"));
  else
    finding_say (
      finding, PROCTOR_FINDING_LIMITED,
      g_strdup (
        _("Use Linux 6.15 or newer, or let nothing else in the program wait for its children")),
      _("How a process ended is lost if somebody else waits for it: PIDFD_GET_INFO does not work "
        "(%s)"),
      reason);
  return finding;
}

ProctorFinding *
check_clone_vm (Diagnosis *self)
{
  ProctorFinding *finding = finding_new ("shared-memory");
  g_autofree char *reason = diagnosis_dup_reason (self->clone.clone);

  diagnosis_set_result (finding, "clone", self->clone.clone);
  finding_set (finding, "shared", g_variant_new_boolean (self->clone.memory_shared));
  if (self->clone.clone == TRIAL_NOT_REACHED && self->clone_error != NULL)
    diagnosis_say_untried (finding, self->clone_error);
  else if (self->clone.clone != 0)
    finding_say (finding, PROCTOR_FINDING_LIMITED,
                 g_strdup (_("Allow clone with CLONE_VM and CLONE_VFORK in the sandbox’s filter")),
                 _("Clone with shared memory does not work: %s"), reason);
  else if (!self->clone.memory_shared)
    finding_say (finding, PROCTOR_FINDING_LIMITED,
                 g_strdup (_("Expect that a start takes longer the larger the program is, or leave "
                             "valgrind or the emulator")),
                 _("A new process gets a copy of the memory instead of sharing it"));
  else
    finding_say (finding, PROCTOR_FINDING_GOOD, NULL,
                 _("A new process shares the memory until it executes its program"));
  return finding;
}

ProctorFinding *
check_clone3 (Diagnosis *self)
{
  ProctorFinding *finding = finding_new ("clone3");
  g_autofree char *reason = diagnosis_dup_reason (self->clone.clone3);

  diagnosis_set_result (finding, "clone3", self->clone.clone3);
  if (self->clone.clone3 == TRIAL_NOT_REACHED && self->clone_error != NULL)
    diagnosis_say_untried (finding, self->clone_error);
  else if (self->clone.clone3 == 0)
    finding_say (finding, PROCTOR_FINDING_GOOD, NULL,
                 _("A new process is rid of the program’s handlers of signals in one step"));
  else
    finding_say (finding, PROCTOR_FINDING_LIMITED,
                 g_strdup (_("Use Linux 5.5 or newer, and allow clone3 in the sandbox’s filter")),
                 _("A new process looks at each signal, and joins a cgroup by itself, which takes "
                   "longer: clone3 does not work (%s)"),
                 reason);
  return finding;
}

ProctorFinding *
check_close_range (Diagnosis *self)
{
  ProctorFinding *finding = finding_new ("close-range");
  CloseRangeTrial trial = { self->clone.memory_shared, -1, -1, -1 };
  g_autofree char *reason = NULL;
  g_autoptr(GError) error = NULL;

  if (!trial_run (trial_close_range, &trial, sizeof trial, &error))
    diagnosis_say_untried (finding, error);
  else if (trial.close != 0)
    {
      reason = diagnosis_dup_reason (trial.close);
      finding_say (finding, PROCTOR_FINDING_LIMITED,
                   g_strdup (
                     _("Use Linux 5.11 or newer, and allow close_range in the sandbox’s filter")),
                   _("File descriptors are closed one by one: close_range does not work (%s)"),
                   reason);
    }
  else if (trial.cloexec != 0 || trial.unshare != 0)
    {
      reason = diagnosis_dup_reason (trial.cloexec != 0 ? trial.cloexec : trial.unshare);
      finding_say (finding, PROCTOR_FINDING_LIMITED,
                   g_strdup (
                     _("Use Linux 5.11 or newer; in a program with few files it does not matter")),
                   _("close_range closes, but cannot do all that makes starts cheap (%s)"),
                   reason);
    }
  else
    {
      finding_say (finding, PROCTOR_FINDING_GOOD, NULL,
                   _("File descriptors are kept from new processes in one step"));
    }

  diagnosis_set_result (finding, "close", trial.close);
  diagnosis_set_result (finding, "cloexec", trial.cloexec);
  diagnosis_set_result (finding, "unshare", trial.unshare);
  return finding;
}
