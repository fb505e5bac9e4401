/* SPDX-License-Identifier: LGPL-2.1-or-later */

/* Thread: ANY. */

#include "config.h"

#include "diagnose/diagnosis.h"

#include <errno.h>
#include <glib/gi18n-lib.h>
#include <string.h>

#include "base/base-thread.h"
#include "spawn/spawn-clone.h"

const DiagnosisCheck diagnosis_checks[] = {
  check_spawn,        check_watcher,     check_kernel,    check_glib,  check_pidfd,
  check_exit_info,    check_clone_vm,    check_clone3,    check_close_range,
  check_sigchld,      check_signals,     check_parent_death,
  check_fds,          check_processes,   check_pipes,
  check_shell,        check_path,        check_proc,
  check_cgroup,       check_seccomp,     check_container,
};
const guint diagnosis_n_checks = G_N_ELEMENTS (diagnosis_checks);

void
diagnosis_init (Diagnosis *self)
{
  *self = (Diagnosis) {
    .asked_on_main_thread = thread_is_main (),
    .pidfd = { -1, -1, -1, -1, -1 },
    .clone = { .clone = -1, .pidfd = -1, .clone3 = -1 },
  };
  pthread_sigmask (SIG_SETMASK, NULL, &self->blocked);
}

void
diagnosis_try (Diagnosis *self)
{
  trial_run (trial_pidfd, &self->pidfd, sizeof self->pidfd, &self->pidfd_error);
  if (spawn_stack_prepare ())
    trial_run (trial_clone, &self->clone, sizeof self->clone, &self->clone_error);
  else
    g_set_error (&self->clone_error, G_IO_ERROR, g_io_error_from_errno (errno),
                 _("There is no memory for a child’s stack: %s"), g_strerror (errno));
  shell_trial_run (&self->shell);
}

void
diagnosis_clear (Diagnosis *self)
{
  g_clear_error (&self->pidfd_error);
  g_clear_error (&self->clone_error);
  shell_trial_clear (&self->shell);
}

char *
diagnosis_dup_reason (int result)
{
  switch (result)
    {
    case TRIAL_NOT_REACHED:
      return g_strdup (_("it could not be tried"));
    case EBADMSG:
      return g_strdup (_("it does something else than it should"));
    default:
      return g_strdup (g_strerror (result));
    }
}

/* What kills a trial kills the library, too. */
void
diagnosis_say_untried (ProctorFinding *finding,
                       const GError   *error)
{
  if (g_error_matches (error, G_IO_ERROR, G_IO_ERROR_FAILED) ||
      g_error_matches (error, G_IO_ERROR, G_IO_ERROR_TIMED_OUT))
    finding_say (finding, PROCTOR_FINDING_BROKEN,
                 g_strdup (_("Let the sandbox refuse such a system call with ENOSYS")),
                 _("Trying this goes wrong: %s"), error->message);
  else
    finding_say (finding, PROCTOR_FINDING_LIMITED, g_strdup (_("See processes")),
                 _("This cannot be tried: %s"), error->message);
}

void
diagnosis_set_result (ProctorFinding *finding,
                      const char     *key,
                      int             result)
{
  const char *name = result == 0 ? "ok" : result < 0 ? "not-tried" : strerrorname_np (result);

  finding_set (finding, key, g_variant_new_string (name != NULL ? name : "unknown"));
}

gboolean
diagnosis_read_number (const char *path,
                       guint64    *ret_number)
{
  g_autofree char *content = NULL;

  if (!g_file_get_contents (path, &content, NULL, NULL))
    return FALSE;

  g_strstrip (content);
  if (strcmp (content, "max") == 0)
    {
      *ret_number = G_MAXUINT64;
      return TRUE;
    }
  return g_ascii_string_to_unsigned (content, 10, 0, G_MAXUINT64, ret_number, NULL);
}

char *
diagnosis_dup_limit (guint64 limit)
{
  return limit >= G_MAXINT64 ? g_strdup (_("unlimited"))
                             : g_strdup_printf ("%" G_GUINT64_FORMAT, limit);
}

GVariant *
diagnosis_limit_to_variant (guint64 limit)
{
  return g_variant_new_int64 (limit >= G_MAXINT64 ? -1 : (gint64) limit);
}
