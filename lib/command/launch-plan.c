/* What a spawn needs of a command, computed before the clone: vectors and the files to try.
 *
 * SPDX-License-Identifier: LGPL-2.1-or-later
 */

/* Thread: ANY, but the search may block on a slow file system: a spawner thread in practice. */

#include "config.h"

#include "command/launch-plan.h"

#include <errno.h>
#include <fcntl.h>
#include <glib/gi18n-lib.h>
#include <sys/stat.h>
#include <unistd.h>

/* What execvp (3) and CPython's subprocess use where PATH is unset. The working directory is not
 * in it, on purpose.
 */
#define DEFAULT_PATH "/bin:/usr/bin"

/* 0, or what is wrong with the file for execve. A relative @path is meant as seen from the
 * child's directory @cwd.
 */
static int
check_executable (const char *path,
                  const char *cwd)
{
  g_autofree char *in_cwd = NULL;
  struct stat st;

  if (cwd != NULL && path[0] != '/')
    path = in_cwd = g_strconcat (cwd, "/", path, NULL);

  if (stat (path, &st) < 0)
    return errno;

  if (!S_ISREG (st.st_mode))
    return EACCES;

  /* The kernel asks for the effective ids. Any other error, such as the EPERM of an old seccomp
   * filter for faccessat2, leaves the answer to execve.
   */
  if (faccessat (AT_FDCWD, path, X_OK, AT_EACCESS) < 0 && errno == EACCES)
    return EACCES;

  return 0;
}

/* What chdir to @cwd would say, nearly: 0 or an errno. */
static int
check_cwd (const char *cwd)
{
  struct stat st;

  if (stat (cwd, &st) < 0)
    return errno;

  if (!S_ISDIR (st.st_mode))
    return ENOTDIR;

  if (faccessat (AT_FDCWD, cwd, X_OK, AT_EACCESS) < 0 && errno == EACCES)
    return EACCES;

  return 0;
}

static void
set_not_found_error (GError     **error,
                     const char  *program,
                     const char  *cwd,
                     int          program_errno)
{
  int cwd_errno = cwd != NULL ? check_cwd (cwd) : 0;
  g_autofree char *shown = g_utf8_make_valid (cwd_errno != 0 ? cwd : program, -1);

  /* Where the directory is missing, programs looked up from it are missing, too, and are not to
   * blame.
   */
  if (cwd_errno != 0)
    g_set_error (error, G_IO_ERROR, g_io_error_from_errno (cwd_errno),
                 _("Could not change to the working directory “%s”: %s"), shown,
                 g_strerror (cwd_errno));
  else if (program_errno == EACCES)
    g_set_error (error, G_IO_ERROR, g_io_error_from_errno (program_errno),
                 _("Could not execute “%s”: %s"), shown, g_strerror (program_errno));
  else
    g_set_error (error, G_IO_ERROR, g_io_error_from_errno (program_errno),
                 _("Could not find “%s” in PATH: %s"), shown, g_strerror (program_errno));
}

/* The files that execve may be tried with, in PATH order. An error of one directory does not end
 * the search; when nothing is found, EACCES is told rather than other errors, and those rather than
 * ENOENT.
 */
static gboolean
search_path (LaunchPlan  *self,
             const char  *program,
             const char  *search,
             const char  *cwd,
             GError     **error)
{
  g_autoptr(GStrvBuilder) candidates = g_strv_builder_new ();
  g_auto(GStrv) directories = g_strsplit (search, ":", -1);
  gboolean found = FALSE;
  int worst = ENOENT;

  for (gsize i = 0; directories[i] != NULL; i++)
    {
      g_autofree char *candidate = NULL;
      int errnum;

      /* An empty entry means the working directory to execvp (3): a trap, so it is skipped. */
      if (directories[i][0] == '\0')
        continue;

      candidate = g_strconcat (directories[i], "/", program, NULL);
      errnum = check_executable (candidate, cwd);
      if (errnum == 0)
        {
          g_strv_builder_add (candidates, candidate);
          found = TRUE;
        }
      else if (errnum == EACCES || (worst == ENOENT && errnum != ENOTDIR))
        {
          worst = errnum;
        }
    }

  if (!found)
    {
      set_not_found_error (error, program, cwd, worst);
      return FALSE;
    }

  self->own_candidates = g_strv_builder_end (candidates);
  self->candidates = (gpointer) self->own_candidates;
  return TRUE;
}

/* The interpreter of a script opens the fd by its path, so it must be left open. What cannot be
 * read is not known to be one.
 */
static gboolean
is_script (int fd)
{
  char begin[2];

  return pread (fd, begin, sizeof begin, 0) == sizeof begin && begin[0] == '#' && begin[1] == '!';
}

static void
use_executable_fd (LaunchPlan *self,
                   SharedFd   *shared)
{
  gboolean is_ours;

  self->has_executable_fd = TRUE;
  self->executable_fd = shared_fd_claim (shared, &is_ours);
  self->executable_is_script = is_script (self->executable_fd);
  self->own_candidates = g_new0 (char *, 2);
  self->own_candidates[0] = g_strdup_printf ("/dev/fd/%d", shared_fd_get_given (shared));
  self->candidates = (gpointer) self->own_candidates;
}

static gboolean
find_candidates (LaunchPlan         *self,
                 const CommandSpec  *spec,
                 GError            **error)
{
  const char *program = spec->executable != NULL ? spec->executable : self->argv[0];
  const char *search;

  /* A path is not checked: the child says which step failed, and whether that was chdir. */
  if (strchr (program, '/') != NULL)
    {
      self->path[0] = program;
      self->candidates = self->path;
      return TRUE;
    }

  search = g_environ_getenv ((GStrv) self->environ.variables, "PATH");

  return search_path (self, program, search != NULL ? search : DEFAULT_PATH, spec->cwd, error);
}

static void
make_cpu_mask (LaunchPlan  *self,
               const guint *cpus,
               guint        n_cpus)
{
  const guint word_bits = 8 * sizeof (gulong);
  guint last = 0;

  if (n_cpus == 0)
    return;

  for (guint i = 0; i < n_cpus; i++)
    last = MAX (last, cpus[i]);
  self->cpu_mask = g_new0 (gulong, last / word_bits + 1);
  self->cpu_mask_bytes = (last / word_bits + 1) * sizeof (gulong);
  for (guint i = 0; i < n_cpus; i++)
    self->cpu_mask[cpus[i] / word_bits] |= 1UL << cpus[i] % word_bits;
}

LaunchPlan *
launch_plan_new (const CommandSpec  *spec,
                 OwnEnviron         *own_environ,
                 GError            **error)
{
  g_autoptr(LaunchPlan) self = NULL;

  if (!command_spec_validate (spec, error))
    return NULL;

  self = g_new0 (LaunchPlan, 1);
  self->argv = command_spec_get_argv (spec, self->shell_argv);
  child_environ_init (&self->environ, spec, own_environ);
  make_cpu_mask (self, spec->attributes.cpus, spec->attributes.n_cpus);
  if (!identity_plan_init (&self->identity, &spec->attributes, error))
    return NULL;
  if (spec->executable_fd != NULL)
    use_executable_fd (self, spec->executable_fd);
  else if (!find_candidates (self, spec, error))
    return NULL;

  return g_steal_pointer (&self);
}

void
launch_plan_free (LaunchPlan *self)
{
  child_environ_clear (&self->environ);
  g_strfreev (self->own_candidates);
  identity_plan_clear (&self->identity);
  g_free (self->cpu_mask);
  g_free (self);
}
