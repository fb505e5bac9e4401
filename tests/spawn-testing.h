/* For tests of spawn_child(): a request that is easy to fill in, what must be the same before and
 * after, and a main() that runs every test in every way of making a child that can be had here.
 *
 * SPDX-License-Identifier: LGPL-2.1-or-later
 */

#pragma once

#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <signal.h>
#include <stdlib.h>
#include <string.h>
#include <sys/prctl.h>
#include <sys/stat.h>
#include <sys/wait.h>
#include <unistd.h>

#include "spawn/spawn-features.h"
#include "spawn/spawn-kernel.h"
#include "spawn/spawn.h"

#include "test-deadline.h"
#include "test-scale.h"

#define MAX_FDS 8
#define DEADLINE_MSEC 20000

/* A request with room for what the tests change, and what came of it. */
typedef struct
{
  SpawnRequest request;
  const char *argv[6];
  const char *candidates[6];
  FdMapping fds[MAX_FDS];
  SpawnOpen opens[3];

  SpawnedChild child;
  SpawnFailure failure;
} Run;

static const char *test_envp[] = { "LC_ALL=C", "PROCTOR_TEST=1", NULL };
static const char *child_path;
static char *work_directory;

static inline void
run_init (Run        *self,
          const char *mode,
          const char *argument)
{
  *self = (Run) { .argv = { "test-child", mode, argument }, .candidates = { child_path } };
  self->request = (SpawnRequest) {
    .argv = self->argv,
    .envp = test_envp,
    .candidates = self->candidates,
    .fds = self->fds,
    .opens = self->opens,
    .process_group = -1,
  };
}

static inline void
run_map (Run *self,
         int  source,
         int  target)
{
  g_assert_cmpuint (self->request.n_fds, <, MAX_FDS);
  self->fds[self->request.n_fds++] = (FdMapping) { .source = source, .target = target };
}

static inline void
run_open (Run        *self,
          const char *path,
          int         flags,
          int         target)
{
  self->opens[self->request.n_opens++] = (SpawnOpen) {
    .path = path,
    .flags = flags,
    .target = target,
  };
}

static inline gboolean
run_start (Run *self)
{
  return spawn_child (&self->request, &self->child, &self->failure);
}

static inline void
run_start_or_abort (Run *self)
{
  if (!run_start (self))
    {
      g_autoptr(GError) error = spawn_failure_to_error (&self->failure, &self->request);

      g_error ("step %d, index %d: %s", self->failure.step, self->failure.index, error->message);
    }
  g_assert_cmpint (self->child.pid, >, 1);
  if (spawn_features_get ()->pidfd)
    {
      g_assert_cmpint (self->child.pidfd, >, 2);
      g_assert_cmpint (fcntl (self->child.pidfd, F_GETFD), ==, FD_CLOEXEC);
    }
  else
    {
      g_assert_cmpint (self->child.pidfd, ==, -1);
    }
}

/* Reaps the child; its exit code, or minus the signal. */
static inline int
run_finish (Run *self)
{
  int status;

  while (waitpid (self->child.pid, &status, 0) != self->child.pid)
    g_assert_cmpint (errno, ==, EINTR);
  if (self->child.pidfd >= 0)
    close (self->child.pidfd);

  return WIFEXITED (status) ? WEXITSTATUS (status) : -WTERMSIG (status);
}

static inline char *
read_all (int fd)
{
  GString *text = g_string_new (NULL);
  char buffer[4096];
  ssize_t length;

  while ((length = read (fd, buffer, sizeof buffer)) != 0)
    {
      g_assert_cmpint (length, >, 0);
      g_string_append_len (text, buffer, length);
    }
  close (fd);

  return g_string_free (text, FALSE);
}

/* Runs it with a pipe as stdout and nothing else, and expects it to exit with 0. */
static inline char *
run_for_output (Run *self)
{
  int fds[2];
  char *output;

  g_assert_cmpint (pipe2 (fds, O_CLOEXEC), ==, 0);
  run_map (self, fds[1], 1);
  run_start_or_abort (self);
  close (fds[1]);
  output = read_all (fds[0]);
  g_assert_cmpint (run_finish (self), ==, 0);

  return output;
}

/* What must be the same before and after. */

typedef struct
{
  guint n_fds;
  guint n_threads;
  KernelSigset mask;
  int dumpable;
} Resources;

static inline guint
count_entries (const char *path)
{
  DIR *directory = opendir (path);
  guint n = 0;

  g_assert_nonnull (directory);
  while (readdir (directory) != NULL)
    n++;
  closedir (directory);

  return n;
}

static inline void
resources_take (Resources *self)
{
  self->n_fds = count_entries ("/proc/self/fd");
  self->n_threads = count_entries ("/proc/self/task");
  self->dumpable = prctl (PR_GET_DUMPABLE);
  syscall (SYS_rt_sigprocmask, SIG_BLOCK, NULL, &self->mask, KERNEL_SIGSET_BYTES);
}

static inline void
resources_check (const Resources *before)
{
  gint64 deadline = g_get_monotonic_time () + DEADLINE_MSEC * 1000;
  Resources now;

  resources_take (&now);
  g_assert_cmpuint (now.n_fds, ==, before->n_fds);
  g_assert_cmpint (now.dumpable, ==, before->dumpable);
  g_assert_cmpmem (&now.mask, sizeof now.mask, &before->mask, sizeof before->mask);
  g_assert_cmpint (waitpid (-1, NULL, WNOHANG), ==, -1);
  g_assert_cmpint (errno, ==, ECHILD);

  /* A joined thread may be listed a moment longer. */
  while (now.n_threads != before->n_threads && g_get_monotonic_time () < deadline)
    {
      g_thread_yield ();
      now.n_threads = count_entries ("/proc/self/task");
    }
  g_assert_cmpuint (now.n_threads, ==, before->n_threads);
}

static inline char *
work_path (const char *name)
{
  return g_build_filename (work_directory, name, NULL);
}

static inline char *
work_file (const char *name,
           const char *content,
           int         mode)
{
  char *path = work_path (name);

  g_assert_true (g_file_set_contents (path, content, -1, NULL));
  g_assert_cmpint (chmod (path, (mode_t) mode), ==, 0);

  return path;
}

static inline void
remove_work_directory (void)
{
  DIR *directory = opendir (work_directory);
  struct dirent *entry;

  while ((entry = readdir (directory)) != NULL)
    unlinkat (dirfd (directory), entry->d_name, 0);
  closedir (directory);
  rmdir (work_directory);
  g_clear_pointer (&work_directory, g_free);
}

/* Every way of making a child */

typedef void (*SpawnTestFunc) (void);

typedef struct
{
  const char *name;
  SpawnTestFunc run;
} SpawnTest;

typedef struct
{
  const char *name;
  SpawnFeatures allowed;
} SpawnWay;

typedef struct
{
  const SpawnWay *way;
  const SpawnTest *test;
} SpawnTestInWay;

static SpawnFeatures real_features;

static inline void
run_in_way (gconstpointer data)
{
  const SpawnTestInWay *self = data;
  const SpawnFeatures *allowed = &self->way->allowed;
  /* Nobody else asks at this time, and the library keeps them in writable memory. */
  SpawnFeatures *features = (SpawnFeatures *) spawn_features_get ();

  deadline_start (g_test_get_path (), TEST_DEADLINE_SECONDS);
  features->clone_vm = real_features.clone_vm && allowed->clone_vm;
  features->clone_files = real_features.clone_files && allowed->clone_files;
  features->pidfd = real_features.pidfd && allowed->pidfd;
  features->clone3 = real_features.clone3 && allowed->clone3;
  features->close_range = real_features.close_range && allowed->close_range;
  features->many_fds = allowed->many_fds;
  self->test->run ();
  *features = real_features;
}

/* As if there were always many fds, which tests have no need for. */
static inline void
always_share_the_table (void)
{
  ((SpawnFeatures *) spawn_features_get ())->many_fds = 0;
}

static inline gpointer
get_number (gpointer data)
{
  return GINT_TO_POINTER ((int) syscall (SYS_gettid));
}

/* With the first thread ThreadSanitizer starts one of its own, which would be taken for a leak. A
 * joined thread may be listed a moment longer, and would be missed later.
 */
static inline void
start_threads (void)
{
  int number = GPOINTER_TO_INT (g_thread_join (g_thread_new ("nothing", get_number, NULL)));
  g_autofree char *path = g_strdup_printf ("/proc/self/task/%d", number);

  while (access (path, F_OK) == 0)
    g_thread_yield ();
}

static inline int
run_in_all_ways (int              *argc,
                 char           ***argv,
                 const char       *prefix,
                 const SpawnTest  *tests,
                 guint             n_tests)
{
  static const SpawnWay ways[] = {
    { "shared-table", { .clone_vm = TRUE, .clone_files = TRUE, .clone3 = TRUE, .pidfd = TRUE,
                        .close_range = TRUE } },
    { "own-table", { .clone_vm = TRUE, .clone_files = TRUE, .clone3 = TRUE, .pidfd = TRUE,
                     .close_range = TRUE, .many_fds = G_MAXINT } },
    { "old-clone", { .clone_vm = TRUE, .clone_files = TRUE, .pidfd = TRUE, .close_range = TRUE } },
    { "no-close-range", { .clone_vm = TRUE, .clone3 = TRUE, .pidfd = TRUE } },
    { "no-pidfd", { .clone_vm = TRUE, .clone_files = TRUE, .clone3 = TRUE, .close_range = TRUE } },
    { "fork", { .pidfd = TRUE, .close_range = TRUE } },
    { "plainest", { FALSE } },
  };
  g_autofree SpawnTestInWay *all = g_new (SpawnTestInWay, G_N_ELEMENTS (ways) * n_tests);
  int result;

  g_test_init (argc, argv, NULL);
  deadline_start ("The start", TEST_DEADLINE_SECONDS);
  child_path = g_getenv ("PROCTOR_TEST_CHILD");
  g_assert_nonnull (child_path);
  work_directory = g_dir_make_tmp ("proctor-spawn-XXXXXX", NULL);
  g_assert_nonnull (work_directory);
  real_features = *spawn_features_get ();
  start_threads ();
  g_test_message ("clone_vm %d, clone_files %d, pidfd %d, close_range %d, its CLOEXEC %d",
                  real_features.clone_vm, real_features.clone_files, real_features.pidfd,
                  real_features.close_range, real_features.close_range_cloexec);

  for (guint i = 0; i < G_N_ELEMENTS (ways) * n_tests; i++)
    {
      g_autofree char *path = NULL;

      all[i] = (SpawnTestInWay) { .way = &ways[i / n_tests], .test = &tests[i % n_tests] };
      path = g_strdup_printf ("/%s/%s/%s", prefix, all[i].way->name, all[i].test->name);
      g_test_add_data_func (path, &all[i], run_in_way);
    }

  result = g_test_run ();
  remove_work_directory ();
  return result;
}
