/* Signals, and how exits are noticed.
 *
 * SPDX-License-Identifier: LGPL-2.1-or-later
 */

/* Thread: ANY. */

#include "config.h"

#include "diagnose/diagnosis.h"

#include <glib/gi18n-lib.h>
#include <signal.h>

#include "base/signal-name.h"

static const char *
name_disposition (const struct sigaction *action)
{
  if (action->sa_handler == SIG_IGN)
    return "ignored";
  return action->sa_handler == SIG_DFL ? "default" : "handled";
}

ProctorFinding *
check_sigchld (Diagnosis *self)
{
  ProctorFinding *finding = finding_new ("sigchld");
  const ShellTrial *shell = &self->shell;
  struct sigaction action = { 0 };
  const char *disposition;
  gboolean is_ignored;
  char *way_out;

  sigaction (SIGCHLD, NULL, &action);
  disposition = name_disposition (&action);
  is_ignored = action.sa_handler == SIG_IGN || (action.sa_flags & SA_NOCLDWAIT) != 0;

  finding_set (finding, "disposition", g_variant_new_string (disposition));
  finding_set (finding, "no-child-wait",
               g_variant_new_boolean ((action.sa_flags & SA_NOCLDWAIT) != 0));
  finding_set (finding, "status-kept", g_variant_new_boolean (shell->kept));
  finding_set (finding, "status-told", g_variant_new_boolean (shell->told));

  way_out = is_ignored
              ? g_strdup (_("Do not ignore SIGCHLD, and call signal (SIGCHLD, SIG_DFL) early where "
                            "it was inherited"))
              : g_strdup (_("Let nothing in the program wait for all children (waitpid with -1)"));
  if (shell->error != NULL && is_ignored)
    finding_say (finding, PROCTOR_FINDING_BROKEN, way_out,
                 _("SIGCHLD is ignored, so the kernel does not keep how processes end"));
  else if (shell->error != NULL || shell->kept)
    {
      g_free (way_out);
      finding_say (finding, PROCTOR_FINDING_GOOD, NULL,
                   shell->kept ? _("How a process ended is kept for who waits for it")
                               : _("SIGCHLD is not ignored"));
    }
  else if (shell->told)
    finding_say (
      finding, PROCTOR_FINDING_LIMITED, way_out,
      is_ignored
        ? _("SIGCHLD is ignored; how a process ended is known only as this kernel tells it later")
        : _("Something else waits for our processes; how they ended is known only as this kernel "
            "tells it later"));
  else
    finding_say (finding, PROCTOR_FINDING_BROKEN, way_out,
                 is_ignored
                   ? _("SIGCHLD is ignored, so how a process ended is lost")
                   : _("Something else waits for our processes, so how they ended is lost"));
  return finding;
}

static void
add_signal (GVariantBuilder *names,
            GString         *text,
            int              signum)
{
  g_autofree char *name = dup_signal_name (signum);

  g_variant_builder_add (names, "s", name);
  g_string_append_printf (text, "%s%s", text->len > 0 ? ", " : "", name);
}

/* Those that children do not get back: the others that are ignored stay ignored in them. */
static gboolean
is_ignored_for_children (int signum)
{
  struct sigaction action = { 0 };

  return signum != SIGPIPE && signum != SIGXFSZ && signum != SIGCHLD &&
         sigaction (signum, NULL, &action) == 0 && action.sa_handler == SIG_IGN;
}

ProctorFinding *
check_signals (Diagnosis *self)
{
  ProctorFinding *finding = finding_new ("signals");
  g_autoptr(GString) blocked = g_string_new (NULL);
  g_autoptr(GString) ignored = g_string_new (NULL);
  GVariantBuilder blocked_names = G_VARIANT_BUILDER_INIT (G_VARIANT_TYPE ("as"));
  GVariantBuilder ignored_names = G_VARIANT_BUILDER_INIT (G_VARIANT_TYPE ("as"));
  gboolean term_reaches = self->shell.obeyed;

  for (int signum = 1; signum <= SIGRTMAX; signum++)
    {
      if (sigismember (&self->blocked, signum) == 1)
        add_signal (&blocked_names, blocked, signum);
      if (is_ignored_for_children (signum))
        add_signal (&ignored_names, ignored, signum);
    }
  finding_set (finding, "blocked", g_variant_builder_end (&blocked_names));
  finding_set (finding, "ignored", g_variant_builder_end (&ignored_names));
  finding_set (finding, "term-reaches-children", g_variant_new_boolean (term_reaches));

  if (ignored->len > 0)
    finding_say (finding, PROCTOR_FINDING_LIMITED,
                 g_strdup (_("Give them their default action before the first process is started; "
                             "nohup and background jobs of scripts ignore some")),
                 _("Ignored, and so in every process that is started: %s"), ignored->str);
  else if (blocked->len > 0)
    finding_say (finding, PROCTOR_FINDING_LIMITED,
                 g_strdup (_("Unblock them early in the program if it did not block them itself")),
                 _("Blocked in this thread, and not in processes that are started: %s"),
                 blocked->str);
  else if ((self->shell.kept || self->shell.told) && !term_reaches)
    finding_say (finding, PROCTOR_FINDING_LIMITED, NULL,
                 _("A SIGTERM did not end a process that was started"));
  else
    finding_say (finding, PROCTOR_FINDING_GOOD, NULL, _("No signal is blocked or ignored"));
  return finding;
}

ProctorFinding *
check_parent_death (Diagnosis *self)
{
  ProctorFinding *finding = finding_new ("parent-death");
  ParentDeathTrial trial = { .set = TRIAL_NOT_REACHED };
  g_autofree char *reason = NULL;
  g_autoptr(GError) error = NULL;

  if (!trial_run (trial_parent_death, &trial, sizeof trial, &error))
    diagnosis_say_untried (finding, error);
  else if (trial.set != 0)
    {
      reason = diagnosis_dup_reason (trial.set);
      finding_say (finding, PROCTOR_FINDING_LIMITED,
                   g_strdup (_("Allow prctl with PR_SET_PDEATHSIG in the sandbox’s filter")),
                   _("A process cannot ask for a signal at its parent’s death: %s"), reason);
    }
  else if (!trial.died)
    finding_say (finding, PROCTOR_FINDING_LIMITED,
                 g_strdup (_("Do not rely on processes that die with their parent")),
                 _("A process did not get the signal that it had asked for at its parent’s death"));
  else
    finding_say (finding, PROCTOR_FINDING_GOOD, NULL, _("A process can die with its parent"));

  diagnosis_set_result (finding, "set", trial.set);
  finding_set (finding, "died", g_variant_new_boolean (trial.died));
  return finding;
}
