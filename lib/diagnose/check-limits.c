/* What there is only so much of: file descriptors, processes, memory of pipes.
 *
 * SPDX-License-Identifier: LGPL-2.1-or-later
 */

/* Thread: ANY. */

#include "config.h"

#include "diagnose/diagnosis.h"

#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <glib/gi18n-lib.h>
#include <stdio.h>
#include <string.h>
#include <sys/resource.h>
#include <unistd.h>

#include "spawn/tree-cgroup.h"

/* A start with three pipes has six ends of them, a pidfd and, with fork, a pipe for the report. */
#define FDS_OF_A_START 10
#define FEW_FDS 64
#define FDS_TO_TRY 256

#define FEW_PROCESSES 64

/* What the library grows, at most (pipe-size.c). */
#define PIPES_TO_TRY 64
#define GROWN_SIZE (256 * 1024)
#define PIPE_SIZE (64 * 1024)
#define FDS_TO_LEAVE 8

/* ---- file descriptors */

/* Where there is no /proc, the numbers are asked for one by one, if those are not too many. */
static guint
count_used_fds (rlim_t limit)
{
  DIR *directory = opendir ("/proc/self/fd");
  guint n = 0;

  if (directory == NULL)
    {
      for (int fd = 0; fd < (int) MIN (limit, 65536); fd++)
        n += fcntl (fd, F_GETFD) >= 0;
      return n;
    }

  while (readdir (directory) != NULL)
    n++;
  closedir (directory);

  /* Without ".", ".." and the directory's own. */
  return n - 3;
}

ProctorFinding *
check_fds (Diagnosis *self)
{
  ProctorFinding *finding = finding_new ("file-descriptors");
  struct rlimit limit = { RLIM_INFINITY, RLIM_INFINITY };
  FdTrial trial = { .wanted = FDS_TO_TRY };
  g_autoptr(GError) error = NULL;
  g_autofree char *soft = NULL;
  g_autofree char *hard = NULL;
  char *way_out;
  guint used;

  getrlimit (RLIMIT_NOFILE, &limit);
  used = count_used_fds (limit.rlim_cur);
  soft = diagnosis_dup_limit (limit.rlim_cur);
  hard = diagnosis_dup_limit (limit.rlim_max);
  finding_set (finding, "used", g_variant_new_uint32 (used));
  finding_set (finding, "soft-limit", diagnosis_limit_to_variant (limit.rlim_cur));
  finding_set (finding, "hard-limit", diagnosis_limit_to_variant (limit.rlim_max));
  finding_set (finding, "needed-by-a-start", g_variant_new_uint32 (FDS_OF_A_START));

  if (!trial_run (trial_fds, &trial, sizeof trial, &error))
    {
      finding_say (
        finding, PROCTOR_FINDING_LIMITED, NULL,
        _("%u file descriptors of %s are in use; whether more can be had cannot be tried: %s"),
        used, soft, error->message);
      return finding;
    }

  finding_set (finding, "opened", g_variant_new_uint32 (trial.opened));
  way_out =
    limit.rlim_cur < limit.rlim_max
      ? g_strdup_printf (_("Raise the limit (ulimit -n; LimitNOFILE= of a service), which may "
                           "be up to %s"),
                         hard)
      : g_strdup (_("Close files that are not needed, or have an administrator raise the limit"));
  if (trial.opened < FDS_OF_A_START)
    finding_say (
      finding, PROCTOR_FINDING_BROKEN, way_out,
      g_dngettext (GETTEXT_PACKAGE,
                   "Only %u file descriptor is left (%u of %s are in use), and a start "
                   "with three pipes needs %u",
                   "Only %u file descriptors are left (%u of %s are in use), and a start "
                   "with three pipes needs %u",
                   trial.opened),
      trial.opened, used, soft, FDS_OF_A_START);
  else if (trial.opened < FEW_FDS)
    finding_say (finding, PROCTOR_FINDING_LIMITED, way_out,
                 g_dngettext (GETTEXT_PACKAGE, "%u file descriptor is left (%u of %s are in use)",
                              "%u file descriptors are left (%u of %s are in use)", trial.opened),
                 trial.opened, used, soft);
  else
    {
      g_free (way_out);
      finding_say (finding, PROCTOR_FINDING_GOOD, NULL,
                   _("%u file descriptors of %s are in use"), used, soft);
    }
  return finding;
}

/* ---- processes */

/* What RLIMIT_NPROC counts: the threads of all processes of this user. FALSE without /proc. */
static gboolean
count_own_threads (guint *ret_threads)
{
  g_autoptr(GDir) proc = g_dir_open ("/proc", 0, NULL);
  gboolean found = FALSE;
  const char *name;

  if (proc == NULL)
    return FALSE;

  *ret_threads = 0;
  while ((name = g_dir_read_name (proc)) != NULL)
    {
      g_autofree char *path = g_build_filename ("/proc", name, "status", NULL);
      g_autofree char *content = NULL;
      const char *uid_line;
      const char *threads_line;
      guint uid;
      guint n;

      if (!g_ascii_isdigit (*name) || !g_file_get_contents (path, &content, NULL, NULL))
        continue;
      uid_line = strstr (content, "\nUid:");
      threads_line = strstr (content, "\nThreads:");
      if (uid_line == NULL || threads_line == NULL ||
          sscanf (uid_line, "\nUid: %u", &uid) != 1 || uid != getuid () ||
          sscanf (threads_line, "\nThreads: %u", &n) != 1)
        continue;
      *ret_threads += n;
      found = TRUE;
    }

  return found;
}

static gpointer
do_nothing (gpointer data)
{
  return NULL;
}

/* A process was made by the other trials; a thread is made here. */
static gboolean
try_thread (GError **error)
{
  GThread *thread = g_thread_try_new ("proctor-try", do_nothing, NULL, error);

  if (thread == NULL)
    return FALSE;
  g_thread_join (thread);
  return TRUE;
}

/* What is left below the lowest limit of the cgroups that this program is in. */
static guint64
get_left_in_cgroups (ProctorFinding *finding)
{
  g_autofree char *directory = tree_cgroup_dup_own_directory ();
  guint64 left = G_MAXUINT64;

  while (directory != NULL && strlen (directory) > strlen ("/sys/fs"))
    {
      g_autofree char *max_path = g_build_filename (directory, "pids.max", NULL);
      g_autofree char *current_path = g_build_filename (directory, "pids.current", NULL);
      guint64 max;
      guint64 current;
      char *parent;

      if (diagnosis_read_number (max_path, &max) && max != G_MAXUINT64 &&
          diagnosis_read_number (current_path, &current) && max - MIN (current, max) < left)
        {
          left = max - MIN (current, max);
          finding_set (finding, "cgroup-used", diagnosis_limit_to_variant (current));
          finding_set (finding, "cgroup-limit", diagnosis_limit_to_variant (max));
        }
      parent = g_path_get_dirname (directory);
      g_free (directory);
      directory = parent;
    }

  return left;
}

static void
say_processes (ProctorFinding *finding,
               guint64         left,
               gboolean        has_used,
               guint           used,
               const char     *limit)
{
  if (left < FEW_PROCESSES)
    finding_say (finding, PROCTOR_FINDING_LIMITED,
                 g_strdup (_("End processes that are not needed, or raise the limit (ulimit -u; "
                             "TasksMax= of a service)")),
                 g_dngettext (GETTEXT_PACKAGE, "At most %u more process or thread can be made",
                              "At most %u more processes or threads can be made", (gulong) left),
                 (guint) left);
  else if (has_used)
    finding_say (finding, PROCTOR_FINDING_GOOD, NULL,
                 g_dngettext (GETTEXT_PACKAGE,
                              "This user has %u process or thread; the limit is %s",
                              "This user has %u processes and threads; the limit is %s", used),
                 used, limit);
  else
    finding_say (finding, PROCTOR_FINDING_GOOD, NULL,
                 _("Processes and threads can be made; the limit is %s"), limit);
}

ProctorFinding *
check_processes (Diagnosis *self)
{
  ProctorFinding *finding = finding_new ("processes");
  const GError *trouble =
    self->pidfd_error != NULL && self->clone_error != NULL ? self->pidfd_error : NULL;
  struct rlimit limit = { RLIM_INFINITY, RLIM_INFINITY };
  g_autoptr(GError) error = NULL;
  g_autofree char *soft = NULL;
  gboolean has_used;
  guint used = 0;
  guint64 left;

  getrlimit (RLIMIT_NPROC, &limit);
  has_used = count_own_threads (&used);
  soft = diagnosis_dup_limit (limit.rlim_cur);
  if (has_used)
    finding_set (finding, "used", g_variant_new_uint32 (used));
  finding_set (finding, "soft-limit", diagnosis_limit_to_variant (limit.rlim_cur));
  finding_set (finding, "hard-limit", diagnosis_limit_to_variant (limit.rlim_max));
  left = get_left_in_cgroups (finding);
  /* The kernel does not hold root to it. */
  if (has_used && limit.rlim_cur != RLIM_INFINITY && getuid () != 0)
    left = MIN (left, limit.rlim_cur - MIN (used, limit.rlim_cur));

  if (trouble == NULL && !try_thread (&error))
    trouble = error;
  if (trouble != NULL)
    finding_say (finding, PROCTOR_FINDING_BROKEN,
                 g_strdup (_("End processes that are not needed, or raise the limit (ulimit -u; "
                             "TasksMax= of a service)")),
                 "%s", trouble->message);
  else
    say_processes (finding, left, has_used, used, soft);
  return finding;
}

/* ---- pipes */

static void
say_pipes (ProctorFinding  *finding,
           const PipeTrial *trial)
{
  g_autofree char *reason = diagnosis_dup_reason (trial->error);

  if (trial->born_size == 0)
    finding_say (finding, PROCTOR_FINDING_BROKEN, g_strdup (_("Close files that are not needed")),
                 _("No pipe can be made: %s"), reason);
  else if (trial->born_size < PIPE_SIZE)
    finding_say (
      finding, PROCTOR_FINDING_LIMITED,
      g_strdup (
        _("Close pipes in this user’s programs, or raise /proc/sys/fs/pipe-user-pages-soft")),
      _("This user’s memory for pipes is used up: a new one holds %d bytes only, which is slow"),
      trial->born_size);
  else if (trial->grown < trial->wanted)
    finding_say (
      finding, PROCTOR_FINDING_LIMITED,
      g_strdup (_("Large outputs are read more slowly; close pipes or files, or raise "
                  "/proc/sys/fs/pipe-user-pages-soft or the limit of files")),
      _("Of %u pipes %u could be made to hold 256 KiB: %s"), trial->wanted, trial->grown, reason);
  else
    finding_say (finding, PROCTOR_FINDING_GOOD, NULL,
                 g_dngettext (GETTEXT_PACKAGE, "The %u pipe that was tried can hold 256 KiB",
                              "All %u pipes that the library makes larger can hold 256 KiB",
                              trial->wanted),
                 trial->wanted);
}

/* As many as the fds allow: that there are few of those is another finding. */
ProctorFinding *
check_pipes (Diagnosis *self)
{
  ProctorFinding *finding = finding_new ("pipes");
  PipeTrial trial = { .wanted = PIPES_TO_TRY, .wanted_size = GROWN_SIZE };
  g_autoptr(GError) error = NULL;
  struct rlimit limit;
  guint64 number;

  if (getrlimit (RLIMIT_NOFILE, &limit) == 0 && limit.rlim_cur != RLIM_INFINITY)
    {
      guint used = count_used_fds (limit.rlim_cur);
      rlim_t left = limit.rlim_cur - MIN (limit.rlim_cur, used + FDS_TO_LEAVE);

      trial.wanted = (guint) CLAMP (left / 2, 1, PIPES_TO_TRY);
    }
  if (diagnosis_read_number ("/proc/sys/fs/pipe-user-pages-soft", &number))
    finding_set (finding, "user-pages-soft", diagnosis_limit_to_variant (number));
  if (diagnosis_read_number ("/proc/sys/fs/pipe-max-size", &number))
    finding_set (finding, "max-size", diagnosis_limit_to_variant (number));

  if (trial_run (trial_pipes, &trial, sizeof trial, &error))
    say_pipes (finding, &trial);
  else
    diagnosis_say_untried (finding, error);

  finding_set (finding, "size", g_variant_new_int32 (trial.born_size));
  finding_set (finding, "tried", g_variant_new_uint32 (trial.wanted));
  finding_set (finding, "grown", g_variant_new_uint32 (trial.grown));
  return finding;
}
