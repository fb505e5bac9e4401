/* Which of its ways the library goes here, and why.
 *
 * SPDX-License-Identifier: LGPL-2.1-or-later
 */

/* Thread: ANY. */

#include "config.h"

#include "diagnose/diagnosis.h"

#include <glib/gi18n-lib.h>

#include "spawn/spawn-features.h"
#include "watch/default-watcher.h"

/* ---- starting */

static const char * const method_names[] = {
  [SPAWN_METHOD_CLONE_FILES] = "clone-files",
  [SPAWN_METHOD_CLONE] = "clone",
  [SPAWN_METHOD_FORK] = "fork",
};

static void
say_way (ProctorFinding   *finding,
         const ShellTrial *shell)
{
  gboolean by_variable = g_strcmp0 (g_getenv ("PROCTOR_SPAWN"), "fork") == 0;

  if (shell->method == SPAWN_METHOD_FORK)
    finding_say (finding, PROCTOR_FINDING_LIMITED,
                 by_variable ? g_strdup (_("Unset PROCTOR_SPAWN"))
                             : g_strdup (_("See shared-memory")),
                 by_variable ? _("Processes are started with fork, since PROCTOR_SPAWN says so; "
                                 "the larger the program the slower")
                             : _("Processes are started with fork, since memory cannot be shared; "
                                 "the larger the program the slower"));
  else if (!shell->pidfd)
    finding_say (finding, PROCTOR_FINDING_LIMITED, g_strdup (_("See pidfd")),
                 _("Processes are started with clone that shares the memory, but without pidfds"));
  else if (shell->method == SPAWN_METHOD_CLONE)
    finding_say (finding, PROCTOR_FINDING_LIMITED, g_strdup (_("See close-range")),
                 _("Processes are started with clone that shares the memory, but they copy the "
                   "table of files"));
  else if (!shell->clone3 && g_strcmp0 (g_getenv ("PROCTOR_SPAWN"), "clone") == 0)
    finding_say (
      finding, PROCTOR_FINDING_LIMITED, g_strdup (_("Unset PROCTOR_SPAWN")),
      _("Processes are started with clone instead of clone3, since PROCTOR_SPAWN says so"));
  else if (!shell->clone3)
    finding_say (
      finding, PROCTOR_FINDING_LIMITED, g_strdup (_("See clone3")),
      _("Processes are started with clone that shares memory and files, but not with clone3"));
  else
    finding_say (
      finding, PROCTOR_FINDING_GOOD, NULL,
      _("Processes are started with clone3, share memory and files until they execute their "
        "program, and have pidfds"));
}

ProctorFinding *
check_spawn (Diagnosis *self)
{
  ProctorFinding *finding = finding_new ("spawn");
  const ShellTrial *shell = &self->shell;

  if (shell->error != NULL)
    {
      finding_say (finding, PROCTOR_FINDING_BROKEN, g_strdup (_("See what else is broken")),
                   _("A process could not be started: %s"), shell->error->message);
      return finding;
    }

  finding_set (finding, "method", g_variant_new_string (method_names[shell->method]));
  finding_set (finding, "clone3", g_variant_new_boolean (shell->clone3));
  finding_set (finding, "pidfd", g_variant_new_boolean (shell->pidfd));
  if (shell->hung)
    finding_say (finding, PROCTOR_FINDING_BROKEN, g_strdup (_("See shell")),
                 _("A process that was started did not end"));
  else
    say_way (finding, shell);
  return finding;
}

/* ---- noticing exits */

static void
say_main_watcher (ProctorFinding *finding,
                  gboolean        exists,
                  gboolean        on_main_thread,
                  gboolean        has_pidfd)
{
  if (!exists && !on_main_thread)
    finding_say (finding, PROCTOR_FINDING_LIMITED,
                 g_strdup (_ (
                   "Call proctor_init() on the main thread first, or set PROCTOR_WATCHER=pidfd")),
                 _("There is no child watcher yet, and this thread cannot make the default one"));
  else if (has_pidfd)
    finding_say (finding, PROCTOR_FINDING_GOOD, NULL,
                 _("Exits are noticed by the main loop of the main thread, by pidfds"));
  else
    finding_say (
      finding, PROCTOR_FINDING_LIMITED,
      g_strdup (_("Set PROCTOR_WATCHER=threaded, which excludes that")),
      _("Exits are noticed by GLib in the main loop, without pidfds: a signal that is sent "
        "at the moment of an exit may reach a process that has got the same number"));
}

static void
say_watcher (ProctorFinding *finding,
             GType           type,
             gboolean        exists,
             gboolean        on_main_thread,
             gboolean        has_pidfd)
{
  if (g_type_is_a (type, PROCTOR_TYPE_MAIN_CHILD_WATCHER))
    say_main_watcher (finding, exists, on_main_thread, has_pidfd);
  else if (g_type_is_a (type, PROCTOR_TYPE_PIDFD_CHILD_WATCHER) && !has_pidfd)
    finding_say (finding, PROCTOR_FINDING_BROKEN, g_strdup (_("Set PROCTOR_WATCHER=threaded")),
                 _("The pidfd child watcher is wanted, and there are no pidfds"));
  else if (g_type_is_a (type, PROCTOR_TYPE_PIDFD_CHILD_WATCHER))
    finding_say (finding, PROCTOR_FINDING_GOOD, NULL,
                 _("Exits are noticed by the library’s own threads, by pidfds"));
  else if (g_type_is_a (type, PROCTOR_TYPE_THREADED_CHILD_WATCHER))
    finding_say (finding, PROCTOR_FINDING_GOOD, NULL,
                 _("Exits are noticed by a thread for each process"));
  else
    finding_say (finding, PROCTOR_FINDING_GOOD, NULL,
                 _("Exits are noticed by a %s of the program’s"), g_type_name (type));
}

/* The one there is, else the one that would be made. */
ProctorFinding *
check_watcher (Diagnosis *self)
{
  ProctorFinding *finding = finding_new ("watcher");
  g_autoptr(ProctorChildWatcher) watcher = default_watcher_dup_existing ();
  const char *wanted = g_getenv ("PROCTOR_WATCHER");
  gboolean has_pidfd =
    self->shell.error == NULL ? self->shell.pidfd : spawn_features_get ()->pidfd;
  GType type = watcher != NULL ? G_OBJECT_TYPE (watcher) : default_watcher_get_wanted_type ();

  finding_set (finding, "exists", g_variant_new_boolean (watcher != NULL));
  finding_set (finding, "wanted", g_variant_new_string (wanted != NULL ? wanted : ""));
  if (type == G_TYPE_NONE)
    {
      g_autofree char *shown = g_utf8_make_valid (wanted, -1);

      finding_say (finding, PROCTOR_FINDING_BROKEN,
                   g_strdup (_("Set it to main, pidfd or threaded, or unset it")),
                   _("PROCTOR_WATCHER is “%s”, which names no child watcher"), shown);
      return finding;
    }

  finding_set (finding, "type", g_variant_new_string (g_type_name (type)));
  if (watcher != NULL && !proctor_child_watcher_is_active (watcher))
    finding_say (finding, PROCTOR_FINDING_BROKEN,
                 g_strdup (_("Set another one with proctor_set_child_watcher()")),
                 _("The child watcher (%s) is closed, or not attached to a context"),
                 g_type_name (type));
  else
    say_watcher (finding, type, watcher != NULL, self->asked_on_main_thread, has_pidfd);
  return finding;
}
