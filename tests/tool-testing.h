/* For tests of the tool's verbs: what one of them says, and the places in which it may be run.
 *
 * SPDX-License-Identifier: LGPL-2.1-or-later
 */

#pragma once

#include <sched.h>
#include <sys/mount.h>
#include <sys/types.h>
#include <sys/wait.h>
#include <unistd.h>

#include <gio/gio.h>
#include <json-glib/json-glib.h>

#define NOBODY 65534

typedef struct
{
  int exit_code;
  char *out;
  char *err;
  JsonParser *parser; /* of `out`; NULL: outcome_parse() was not called */
} Outcome;

static inline void
outcome_clear (Outcome *self)
{
  g_free (self->out);
  g_free (self->err);
  g_clear_object (&self->parser);
}

G_DEFINE_AUTO_CLEANUP_CLEAR_FUNC (Outcome, outcome_clear)

/* @environment may be NULL: ours; @setup, too: it runs in the child before its exec. */
static inline void
outcome_run (Outcome              *self,
             const char * const   *words,
             GStrv                 environment,
             GSpawnChildSetupFunc  setup)
{
  g_autoptr(GError) error = NULL;
  int status;

  *self = (Outcome) { 0 };
  g_assert_true (g_spawn_sync (NULL, (char **) words, environment, G_SPAWN_DEFAULT, setup, NULL,
                               &self->out, &self->err, &status, &error));
  g_assert_no_error (error);
  g_test_message ("%s%s", self->out, self->err);
  g_assert_true (WIFEXITED (status));
  self->exit_code = WEXITSTATUS (status);
}

static inline void
outcome_parse (Outcome *self)
{
  g_autoptr(GError) error = NULL;

  self->parser = json_parser_new ();
  json_parser_load_from_data (self->parser, self->out, -1, &error);
  g_assert_no_error (error);
}

/* ---- places */

/* Whether that is so in a process of its own. */
static inline gboolean
can (gboolean (*function) (void))
{
  pid_t pid = fork ();
  int status;

  g_assert_cmpint (pid, >=, 0);
  if (pid == 0)
    _exit (function () ? 0 : 1);
  g_assert_cmpint (waitpid (pid, &status, 0), ==, pid);
  return status == 0;
}

static inline gboolean
become_nobody (void)
{
  return geteuid () == 0 && setgid (NOBODY) == 0 && setuid (NOBODY) == 0;
}

static inline gboolean
nobody_can_run_it (void)
{
  return become_nobody () && access (g_getenv ("PROCTOR_TEST_TOOL"), X_OK) == 0;
}

static inline void
become_nobody_in_child (gpointer data)
{
  if (!become_nobody ())
    _exit (99);
}

/* In a namespace of its own, so that nobody else misses it. */
static inline gboolean
unmount_proc (void)
{
  return unshare (CLONE_NEWNS) == 0 && mount (NULL, "/", NULL, MS_REC | MS_PRIVATE, NULL) == 0 &&
         umount2 ("/proc", MNT_DETACH) == 0;
}

static inline void
unmount_proc_in_child (gpointer data)
{
  if (!unmount_proc ())
    _exit (99);
}

/* Without /proc the dynamic linker does not know where the tool lies, and so not where the library
 * does. Until LD_LIBRARY_PATH is unset.
 */
static inline void
show_library (void)
{
  g_autofree char *folder = g_path_get_dirname (g_getenv ("PROCTOR_TEST_TOOL"));
  g_autofree char *lib = g_build_filename (folder, "..", "lib", NULL);

  g_setenv ("LD_LIBRARY_PATH", lib, TRUE);
}
