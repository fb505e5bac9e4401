/* What programs are found with: /proc, PATH, the shell.
 *
 * SPDX-License-Identifier: LGPL-2.1-or-later
 */

/* Thread: ANY. */

#include "config.h"

#include "diagnose/diagnosis.h"

#include <errno.h>
#include <glib/gi18n-lib.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "base/proc-table.h"

/* ---- /proc */

ProctorFinding *
check_proc (Diagnosis *self)
{
  ProctorFinding *finding = finding_new ("proc");
  g_autoptr(GArray) table = proc_table_read ();
  int error_number = errno;
  gboolean own = FALSE;
  gboolean others = FALSE;
  ProcEntry entry;

  for (guint i = 0; table != NULL && i < table->len; i++)
    {
      own = own || g_array_index (table, ProcEntry, i).pid == getpid ();
      others = others || g_array_index (table, ProcEntry, i).pid == 1;
    }
  own = own && proc_entry_read (getpid (), &entry) && entry.parent == getppid ();

  finding_set (finding, "own-process", g_variant_new_boolean (own));
  finding_set (finding, "init", g_variant_new_boolean (others));
  if (table == NULL || table->len == 0)
    finding_say (
      finding, PROCTOR_FINDING_LIMITED, g_strdup (_("Mount it: mount -t proc proc /proc")),
      _("There is no /proc, so descendants are found only by their cgroup or process group: %s"),
      g_strerror (table == NULL ? error_number : ENOENT));
  else if (!own)
    finding_say (finding, PROCTOR_FINDING_LIMITED,
                 g_strdup (_("Mount the one of this namespace: mount -t proc proc /proc")),
                 _("/proc shows the processes of another namespace, so descendants are not found"));
  else if (!others)
    finding_say (finding, PROCTOR_FINDING_LIMITED,
                 g_strdup (_("Mount /proc without hidepid where processes of other users matter")),
                 _("/proc hides the processes of other users"));
  else
    finding_say (finding, PROCTOR_FINDING_GOOD, NULL, _("/proc shows all processes"));
  return finding;
}

/* ---- PATH */

typedef enum
{
  ENTRY_GOOD,
  ENTRY_MISSING,
  ENTRY_UNSAFE,
} EntryState;

/* The directory itself; who may write to one above it is not looked at. A sticky bit keeps others
 * from replacing a program, not from adding one.
 */
static EntryState
judge_entry (const char *directory)
{
  struct stat st;

  /* Found from wherever the program happens to be; an empty entry means the same, and is skipped by
   * the library, but not by others.
   */
  if (directory[0] != '/')
    return ENTRY_UNSAFE;
  if (stat (directory, &st) < 0 || !S_ISDIR (st.st_mode) || access (directory, X_OK) < 0)
    return ENTRY_MISSING;
  if ((st.st_mode & S_IWOTH) != 0 || (st.st_uid != 0 && st.st_uid != geteuid ()))
    return ENTRY_UNSAFE;

  return ENTRY_GOOD;
}

typedef struct
{
  GString *text;
  GVariantBuilder names;
  guint n;
} EntryList;

static void
entry_list_add (EntryList  *self,
                const char *directory)
{
  g_autofree char *shown = *directory != '\0' ? g_utf8_make_valid (directory, -1)
                                              : g_strdup (_("(empty)"));
  g_autofree char *name = g_utf8_make_valid (directory, -1);

  g_string_append_printf (self->text, "%s%s", self->n > 0 ? ", " : "", shown);
  g_variant_builder_add (&self->names, "s", name);
  self->n++;
}

static void
say_path (ProctorFinding *finding,
          guint           n_good,
          EntryList      *lists)
{
  const EntryList *missing = &lists[ENTRY_MISSING];
  const EntryList *dangerous = &lists[ENTRY_UNSAFE];

  if (n_good + dangerous->n == 0)
    finding_say (finding, PROCTOR_FINDING_BROKEN,
                 g_strdup (_("Set PATH, for example to /usr/bin:/bin")),
                 _("PATH has no folder in which programs could be found"));
  else if (dangerous->n > 0)
    finding_say (finding, PROCTOR_FINDING_LIMITED,
                 g_strdup (_("Take them out of PATH, or have them belong to root or to you and be "
                             "writable for nobody else")),
                 _("Others may put programs into folders of PATH, or it depends on the working "
                   "directory: %s"), dangerous->text->str);
  else if (missing->n > 0)
    finding_say (finding, PROCTOR_FINDING_LIMITED,
                 g_strdup (_("Take them out of PATH, or make them")),
                 _("Folders of PATH are missing or cannot be entered: %s"), missing->text->str);
  else
    finding_say (finding, PROCTOR_FINDING_GOOD, NULL,
                 g_dngettext (GETTEXT_PACKAGE, "The %u folder of PATH is there and safe",
                              "All %u folders of PATH are there and safe", n_good), n_good);
}

ProctorFinding *
check_path (Diagnosis *self)
{
  ProctorFinding *finding = finding_new ("path");
  const char *path = g_getenv ("PATH");
  g_auto(GStrv) directories = NULL;
  EntryList lists[3];

  if (path == NULL)
    {
      finding_say (finding, PROCTOR_FINDING_LIMITED, g_strdup (_("Set PATH")),
                   _("PATH is not set, so programs are looked up in /bin and /usr/bin only"));
      return finding;
    }

  for (gsize i = 0; i < G_N_ELEMENTS (lists); i++)
    {
      lists[i].text = g_string_new (NULL);
      lists[i].n = 0;
      g_variant_builder_init (&lists[i].names, G_VARIANT_TYPE ("as"));
    }
  /* As programs read it: an empty PATH is one empty entry. */
  directories =
    *path == '\0' ? g_strdupv ((char *[]){ (char *) "", NULL }) : g_strsplit (path, ":", -1);
  for (gsize i = 0; directories[i] != NULL; i++)
    entry_list_add (&lists[judge_entry (directories[i])], directories[i]);

  finding_set (finding, "good", g_variant_builder_end (&lists[ENTRY_GOOD].names));
  finding_set (finding, "missing", g_variant_builder_end (&lists[ENTRY_MISSING].names));
  finding_set (finding, "unsafe", g_variant_builder_end (&lists[ENTRY_UNSAFE].names));
  say_path (finding, lists[ENTRY_GOOD].n, lists);
  for (gsize i = 0; i < G_N_ELEMENTS (lists); i++)
    g_string_free (lists[i].text, TRUE);
  return finding;
}

/* ---- the shell */

ProctorFinding *
check_shell (Diagnosis *self)
{
  ProctorFinding *finding = finding_new ("shell");
  const ShellTrial *shell = &self->shell;
  g_autofree char *real = realpath (SHELL_TRIAL_PATH, NULL);
  g_autofree char *shown = g_utf8_make_valid (real != NULL ? real : SHELL_TRIAL_PATH, -1);
  char *way_out = g_strdup (_("Install a shell as /bin/sh, or start programs without one"));

  finding_set (finding, "path", g_variant_new_string (SHELL_TRIAL_PATH));
  finding_set (finding, "file", g_variant_new_string (shown));
  finding_set (finding, "works", g_variant_new_boolean (shell->spoke));
  if (shell->error != NULL)
    finding_say (finding, PROCTOR_FINDING_BROKEN, way_out, _("The shell cannot be started: %s"),
                 shell->error->message);
  else if (!shell->spoke)
    finding_say (finding, PROCTOR_FINDING_BROKEN, way_out,
                 _("The shell, %s, does not do what it is told"), shown);
  else
    {
      g_free (way_out);
      finding_say (finding, PROCTOR_FINDING_GOOD, NULL, _("Scripts are run by %s, which is %s"),
                   SHELL_TRIAL_PATH, shown);
    }
  return finding;
}
