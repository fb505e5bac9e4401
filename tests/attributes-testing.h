/* For tests of a child's attributes: a child that reports, and a cgroup of our own for it.
 *
 * SPDX-License-Identifier: LGPL-2.1-or-later
 */

#pragma once

#include <sched.h>
#include <sys/prctl.h>

#include "api-testing.h"
#include "report-testing.h"
#include "spawn/spawn-features.h"

#define OTHER_GROUP 12345

/* Somewhere that any user can execute it. */
static inline char *
copy_report (void)
{
  g_autofree char *content = NULL;
  char *path = work_path ("report");
  gsize length;

  g_assert_cmpint (chmod (work_directory, 0755), ==, 0);
  g_assert_true (g_file_get_contents (g_getenv ("PROCTOR_TEST_REPORT"), &content, &length, NULL));
  g_assert_true (g_file_set_contents (path, content, (gssize) length, NULL));
  g_assert_cmpint (chmod (path, 0755), ==, 0);

  return path;
}

static inline char *
run_report (ProctorCommand *command)
{
  g_autoptr(ProctorResult) result = run_or_abort (command, NULL);
  g_autoptr(GError) error = NULL;
  char *report;

  if (!proctor_result_check (result, &error))
    g_error ("%s", error->message);
  report = proctor_result_dup_stdout_utf8 (result, &error);
  g_assert_no_error (error);
  g_assert_cmpint (prctl (PR_GET_DUMPABLE), ==, 1);

  return report;
}

/* Runs it by clone, where that is to be had, and by fork, and both children must be the same. */
static inline char *
run_report_both_ways (ProctorCommand *command)
{
  SpawnFeatures *features = (SpawnFeatures *) spawn_features_get ();
  SpawnFeatures real_features = *features;
  g_autofree char *by_clone = run_report (command);
  g_autofree char *by_fork = NULL;
  g_autofree char *first = NULL;
  g_autofree char *second = NULL;

  features->clone_vm = features->clone_files = FALSE;
  by_fork = run_report (command);
  *features = real_features;

  first = report_normalize (by_clone);
  second = report_normalize (by_fork);
  g_assert_cmpstr (first, ==, second);

  return g_steal_pointer (&by_clone);
}

static inline gboolean
skip_unless_root (void)
{
  if (geteuid () == 0)
    return FALSE;

  g_test_skip ("only root can become another user");
  return TRUE;
}

/* Where version 2 is mounted. */
static inline char *
find_cgroup_mount (void)
{
  g_autofree char *content = NULL;
  g_auto(GStrv) lines = NULL;

  if (!g_file_get_contents ("/proc/self/mountinfo", &content, NULL, NULL))
    return NULL;

  lines = g_strsplit (content, "\n", -1);
  for (guint i = 0; lines[i] != NULL; i++)
    {
      g_auto(GStrv) words = g_strsplit (lines[i], " ", -1);

      if (strstr (lines[i], " - cgroup2 ") != NULL && g_strv_length (words) > 5)
        return g_strdup (words[4]);
    }

  return NULL;
}

/* The cgroup of this program, as "/…". */
static inline char *
get_own_cgroup (void)
{
  g_autofree char *content = NULL;
  const char *line;

  if (!g_file_get_contents ("/proc/self/cgroup", &content, NULL, NULL))
    return NULL;

  line = g_str_has_prefix (content, "0::") ? content : strstr (content, "\n0::");
  if (line == NULL)
    return NULL;
  line = strstr (line, "0::") + strlen ("0::");

  return g_strndup (line, strcspn (line, "\n"));
}

/* A new cgroup below our own, which must be removed; NULL where that is not allowed. @name is its
 * path as the kernel names it.
 */
static inline char *
make_cgroup (const char  *suffix,
             char       **name)
{
  g_autofree char *mount = find_cgroup_mount ();
  g_autofree char *own = get_own_cgroup ();
  g_autofree char *path = NULL;
  g_autofree char *procs = NULL;

  if (mount == NULL || own == NULL)
    return NULL;

  *name = g_strdup_printf ("%s/proctor-test-%d%s", strcmp (own, "/") == 0 ? "" : own,
                           (int) getpid (), suffix);
  path = g_strconcat (mount, *name, NULL);
  procs = g_build_filename (path, "cgroup.procs", NULL);
  if (mkdir (path, 0755) == 0)
    {
      if (access (procs, W_OK) == 0)
        return g_steal_pointer (&path);
      rmdir (path);
    }
  g_clear_pointer (name, g_free);

  return NULL;
}

static inline void
remove_cgroup (const char *path)
{
  gint64 deadline = g_get_monotonic_time () + 10 * G_TIME_SPAN_SECOND;

  /* A process that was reaped leaves its cgroup a moment later. */
  while (rmdir (path) != 0)
    {
      g_assert_cmpint (errno, ==, EBUSY);
      g_assert_cmpint (g_get_monotonic_time (), <, deadline);
      g_usleep (1000);
    }
}

static inline guint
find_first_cpu (void)
{
  cpu_set_t set;
  guint cpu = 0;

  CPU_ZERO (&set);
  g_assert_cmpint (sched_getaffinity (0, sizeof set, &set), ==, 0);
  while (!CPU_ISSET (cpu, &set))
    cpu++;

  return cpu;
}
