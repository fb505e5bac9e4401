/* What others have set up around this program: cgroups, filters, containers.
 *
 * SPDX-License-Identifier: LGPL-2.1-or-later
 */

/* Thread: ANY. */

#include "config.h"

#include "diagnose/diagnosis.h"

#include <errno.h>
#include <glib/gi18n-lib.h>
#include <stdio.h>
#include <string.h>
#include <sys/prctl.h>
#include <unistd.h>

#include "base/proc-table.h"
#include "spawn/tree-cgroup.h"

/* How long the first process may take to reap an orphan. */
#define REAPING_USEC (50 * 1000)

/* ---- cgroups */

/* Whether a process went into the group and was killed there. */
static gboolean
try_cgroup (TreeCgroup   *cgroup,
            CgroupTrial  *trial,
            GError      **error)
{
  g_autoptr(GError) end = NULL;

  g_snprintf (trial->directory, sizeof trial->directory, "%s", tree_cgroup_get_path (cgroup));
  g_snprintf (trial->procs, sizeof trial->procs, "%s/cgroup.procs", tree_cgroup_get_path (cgroup));
  g_snprintf (trial->kill_file, sizeof trial->kill_file, "%s/cgroup.kill",
              tree_cgroup_get_path (cgroup));
  if (trial_run (trial_cgroup, trial, sizeof *trial, &end))
    return FALSE;
  if (trial->join == 0 && trial->kill == TRIAL_NOT_REACHED)
    return TRUE;

  g_propagate_error (error, g_steal_pointer (&end));
  return FALSE;
}

ProctorFinding *
check_cgroup (Diagnosis *self)
{
  ProctorFinding *finding = finding_new ("cgroup");
  char *way_out =
    g_strdup (_("Run it in a cgroup that is delegated to it: systemd-run --user --scope "
                "-p Delegate=yes, or Delegate=yes in the service"));
  g_autofree char *reason = NULL;
  g_autoptr(GError) error = NULL;
  CgroupTrial trial = {
    .memory_shared = self->clone.memory_shared,
    .birth = TRIAL_NOT_REACHED,
    .join = TRIAL_NOT_REACHED,
    .kill = TRIAL_NOT_REACHED,
  };
  TreeCgroup *cgroup = tree_cgroup_new (&error);
  gboolean killed = FALSE;

  if (cgroup != NULL)
    {
      killed = try_cgroup (cgroup, &trial, &error);
      tree_cgroup_free (cgroup);
    }

  finding_set (finding, "made", g_variant_new_boolean (cgroup != NULL));
  diagnosis_set_result (finding, "birth", trial.birth);
  diagnosis_set_result (finding, "join", trial.join);
  finding_set (finding, "killed", g_variant_new_boolean (killed));
  if (error != NULL)
    finding_say (finding, PROCTOR_FINDING_LIMITED, way_out,
                 _("A tree of processes cannot have a cgroup, so a daemon may escape from it: %s"),
                 error->message);
  else if (!killed)
    {
      reason = diagnosis_dup_reason (trial.join != 0 ? trial.join : trial.kill);
      finding_say (
        finding, PROCTOR_FINDING_LIMITED, way_out,
        _("A cgroup can be made, but a process cannot be put into it and killed there: %s"),
        reason);
    }
  else
    {
      g_free (way_out);
      finding_say (finding, PROCTOR_FINDING_GOOD, NULL,
                   _("A tree of processes can have a cgroup, from which nothing escapes"));
    }
  return finding;
}

/* ---- filters of system calls */

/* Also a kernel without seccomp, or a filter that refuses the question, gives no number. */
static int
get_seccomp_mode (void)
{
  int mode = prctl (PR_GET_SECCOMP, 0, 0, 0, 0);

  return MAX (mode, 0);
}

static char *
list_refused (Diagnosis *self)
{
  GString *list = g_string_new (NULL);
  const struct
  {
    const char *name;
    int result;
  } calls[] = {
    { "clone", self->clone.clone },
    { "clone (CLONE_PIDFD)", self->clone.pidfd },
    { "clone3", self->clone.clone3 },
    { "pidfd_open", self->pidfd.open },
    { "pidfd_send_signal", self->pidfd.send_signal },
    { "waitid (P_PIDFD)", self->pidfd.wait },
  };

  for (gsize i = 0; i < G_N_ELEMENTS (calls); i++)
    if (calls[i].result == ENOSYS || calls[i].result == EPERM || calls[i].result == EACCES)
      g_string_append_printf (list, "%s%s", list->len > 0 ? ", " : "", calls[i].name);

  return g_string_free (list, FALSE);
}

ProctorFinding *
check_seccomp (Diagnosis *self)
{
  ProctorFinding *finding = finding_new ("seccomp");
  int mode = get_seccomp_mode ();
  gboolean no_new_privs = prctl (PR_GET_NO_NEW_PRIVS, 0, 0, 0, 0) == 1;
  g_autofree char *refused = list_refused (self);

  finding_set (finding, "mode", g_variant_new_int32 (mode));
  finding_set (finding, "no-new-privileges", g_variant_new_boolean (no_new_privs));
  finding_set (finding, "refused", g_variant_new_string (refused));
  if (mode != 0 && *refused != '\0')
    finding_say (finding, PROCTOR_FINDING_LIMITED,
                 g_strdup (
                   _("Allow these calls in the filter; the library does without them, less well")),
                 _("A filter of system calls is at work, and these are refused: %s"), refused);
  else if (no_new_privs)
    finding_say (
      finding, PROCTOR_FINDING_LIMITED,
      g_strdup (_("Start this program without NoNewPrivileges= where such programs are needed")),
      _("Set-user-ID programs, such as sudo, gain nothing in processes of this program"));
  else if (mode != 0)
    finding_say (finding, PROCTOR_FINDING_GOOD, NULL,
                 _("A filter of system calls is at work, and allows all that the library uses"));
  else
    finding_say (finding, PROCTOR_FINDING_GOOD, NULL, _("No filter of system calls is at work"));
  return finding;
}

/* ---- containers */

/* Whether every user ID of the outside has one in here. Without /proc it is not known. */
static gboolean
is_in_user_namespace (void)
{
  g_autofree char *map = NULL;
  guint inside;
  guint outside;
  guint n;

  return g_file_get_contents ("/proc/self/uid_map", &map, NULL, NULL) &&
         (sscanf (map, "%u %u %u", &inside, &outside, &n) != 3 || inside != 0 || outside != 0 ||
          n != G_MAXUINT32);
}

static const char *
find_container (void)
{
  const char *said = g_getenv ("container");

  if (said != NULL && *said != '\0')
    return said;
  if (access ("/.dockerenv", F_OK) == 0)
    return "docker";
  if (access ("/run/.containerenv", F_OK) == 0)
    return "podman";
  if (is_in_user_namespace ())
    return "user namespace";

  return NULL;
}

/* Those whose parent is the first process, which adopts orphans and has to reap them. */
static GHashTable *
find_dead_orphans (void)
{
  GHashTable *pids = g_hash_table_new (NULL, NULL);
  g_autoptr(GArray) table = proc_table_read ();

  for (guint i = 0; table != NULL && i < table->len; i++)
    {
      const ProcEntry *entry = &g_array_index (table, ProcEntry, i);

      if (entry->parent == 1 && proc_entry_is_dead (entry))
        g_hash_table_add (pids, GINT_TO_POINTER (entry->pid));
    }

  return pids;
}

static guint
count_unreaped_orphans (void)
{
  g_autoptr(GHashTable) before = find_dead_orphans ();
  g_autoptr(GHashTable) after = NULL;
  GHashTableIter iter;
  gpointer pid;
  guint n = 0;

  if (g_hash_table_size (before) == 0)
    return 0;

  g_usleep (REAPING_USEC);
  after = find_dead_orphans ();
  g_hash_table_iter_init (&iter, before);
  while (g_hash_table_iter_next (&iter, &pid, NULL))
    n += g_hash_table_contains (after, pid);
  return n;
}

/* The least memory that a cgroup which this program is in may have. */
static guint64
get_memory_limit (void)
{
  g_autofree char *directory = tree_cgroup_dup_own_directory ();
  guint64 least = G_MAXUINT64;

  while (directory != NULL && strlen (directory) > strlen ("/sys/fs"))
    {
      g_autofree char *path = g_build_filename (directory, "memory.max", NULL);
      guint64 max;
      char *parent;

      if (diagnosis_read_number (path, &max))
        least = MIN (least, max);
      parent = g_path_get_dirname (directory);
      g_free (directory);
      directory = parent;
    }

  return least;
}

ProctorFinding *
check_container (Diagnosis *self)
{
  ProctorFinding *finding = finding_new ("container");
  const char *container = find_container ();
  g_autofree char *shown = g_utf8_make_valid (container != NULL ? container : "", -1);
  guint n_orphans = count_unreaped_orphans ();
  guint64 memory_limit = get_memory_limit ();
  g_autofree char *memory = memory_limit < G_MAXINT64
                            ? g_format_size_full (memory_limit, G_FORMAT_SIZE_IEC_UNITS)
                            : g_strdup (_("unlimited"));

  finding_set (finding, "kind", g_variant_new_string (shown));
  finding_set (finding, "first-process", g_variant_new_boolean (getpid () == 1));
  finding_set (finding, "unreaped-orphans", g_variant_new_uint32 (n_orphans));
  finding_set (finding, "memory-limit", diagnosis_limit_to_variant (memory_limit));
  if (n_orphans > 0)
    finding_say (
      finding, PROCTOR_FINDING_LIMITED,
      g_strdup (_("Have an init in the container (docker run --init)")),
      g_dngettext (GETTEXT_PACKAGE,
                   "The first process does not reap the orphans that it adopts: %u is left "
                   "as a zombie",
                   "The first process does not reap the orphans that it adopts: %u are left "
                   "as zombies",
                   n_orphans),
      n_orphans);
  else if (getpid () == 1)
    finding_say (finding, PROCTOR_FINDING_LIMITED,
                 g_strdup (_("Have an init in the container (docker run --init)")),
                 _("This is the first process: nobody reaps the orphans that it adopts"));
  else if (container != NULL)
    finding_say (finding, PROCTOR_FINDING_GOOD, NULL,
                 _("This is a container (%s); the limit of its memory is %s"), shown, memory);
  else
    finding_say (finding, PROCTOR_FINDING_GOOD, NULL,
                 _("This is no container that shows itself; the limit of its memory is %s"),
                 memory);
  return finding;
}
