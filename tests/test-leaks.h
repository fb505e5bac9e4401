/* For tests: what must be the same before and after.
 *
 * SPDX-License-Identifier: LGPL-2.1-or-later
 */

#pragma once

#include <dirent.h>
#include <errno.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/types.h>
#include <sys/wait.h>
#include <unistd.h>

#include <glib.h>

#include "test-deadline.h"
#include "test-scale.h"

/* ---- AddressSanitizer's search for leaks, at the end of a program */

/* What ASAN_OPTIONS must be for programs whose leaks are not looked for. */
G_GNUC_UNUSED static char *
asan_options_without_leaks (void)
{
  const char *options = g_getenv ("ASAN_OPTIONS");

  return g_strconcat (options != NULL ? options : "", ":detect_leaks=0", NULL);
}

/* ---- what must be the same before and after */

/* Threads that spawn are never ended and become more when all of them are stuck, so they are
 * counted apart.
 */
typedef struct
{
  guint n_fds;
  guint n_threads;
  guint n_spawners;
} Leaks;

static inline guint
count_fds (gboolean print)
{
  DIR *directory = opendir ("/proc/self/fd");
  struct dirent *entry;
  guint n = 0;

  g_assert_nonnull (directory);
  while ((entry = readdir (directory)) != NULL)
    {
      char target[256] = "?";

      if (entry->d_name[0] == '.')
        continue;
      n++;
      if (print && readlinkat (dirfd (directory), entry->d_name, target, sizeof target - 1) >= 0)
        g_test_message ("open: %s %.*s", entry->d_name, (int) strnlen (target, sizeof target),
                        target);
    }
  closedir (directory);

  /* Without the directory's own. */
  return n - 1;
}

/* ThreadSanitizer has a thread of its own, from the moment at which the program starts its first.
 * It bears the main thread's name.
 */
#ifdef __SANITIZE_THREAD__
#define SANITIZER_HAS_THREAD 1
#elif defined(__has_feature)
#if __has_feature(thread_sanitizer)
#define SANITIZER_HAS_THREAD 1
#endif
#endif
#ifndef SANITIZER_HAS_THREAD
#define SANITIZER_HAS_THREAD 0
#endif

static inline gpointer
thread_that_does_nothing (gpointer data)
{
  return NULL;
}

/* Whether there is that thread; if so it has been started. */
static inline gboolean
have_thread_of_sanitizer (void)
{
  static gsize started;

  if (SANITIZER_HAS_THREAD && g_once_init_enter (&started))
    {
      g_thread_join (g_thread_new (NULL, thread_that_does_nothing, NULL));
      g_once_init_leave (&started, TRUE);
    }
  return SANITIZER_HAS_THREAD;
}

/* Whether it is a name that only one thread has: the main thread's, or a worker's. */
static inline gboolean
is_unique_name (const char *name)
{
  g_autofree char *own = NULL;

  return (g_str_has_prefix (name, "proctor-") && g_ascii_isdigit (name[strlen ("proctor-")])) ||
         (g_file_get_contents ("/proc/self/comm", &own, NULL, NULL) && strcmp (name, own) == 0);
}

/* A child that lives, or one that nobody has reaped. Leaves it as it is. */
static inline gboolean
have_children (void)
{
  siginfo_t info;

  return waitid (P_ALL, 0, &info, WEXITED | WNOHANG | WNOWAIT) == 0 || errno != ECHILD;
}

/* FALSE if one has just been born: it bears its creator's name until it has set its own; or if one
 * is about to end: it has waited for a child, and there is none.
 */
static inline gboolean
count_threads (guint    *ret_threads,
               guint    *ret_spawners,
               gboolean  print)
{
  g_autoptr(GHashTable) names = g_hash_table_new_full (g_str_hash, g_str_equal, g_free, NULL);
  DIR *directory = opendir ("/proc/self/task");
  gboolean all_named = TRUE;
  gboolean may_be_doubled = have_thread_of_sanitizer ();
  struct dirent *entry;

  *ret_threads = 0;
  *ret_spawners = 0;
  g_assert_nonnull (directory);
  while ((entry = readdir (directory)) != NULL)
    {
      g_autofree char *path = g_strdup_printf ("/proc/self/task/%s/comm", entry->d_name);
      char *name = NULL;

      if (entry->d_name[0] == '.' || !g_file_get_contents (path, &name, NULL, NULL))
        continue;
      if (print)
        g_test_message ("thread: %s %.*s", entry->d_name, (int) strcspn (name, "\n"), name);
      /* Those of GTask come and go as GLib likes. */
      if (g_str_has_prefix (name, "pool-"))
        {
          g_free (name);
          continue;
        }
      if (g_str_has_prefix (name, "proctor-spawn") || g_str_has_prefix (name, "proctor-watch"))
        (*ret_spawners)++;
      else
        (*ret_threads)++;
      if (g_hash_table_contains (names, name) && is_unique_name (name))
        {
          all_named = all_named && may_be_doubled && !g_str_has_prefix (name, "proctor-");
          may_be_doubled = FALSE;
        }
      if (g_str_has_prefix (name, "proctor-child") && !have_children ())
        all_named = FALSE;
      g_hash_table_add (names, name);
    }
  closedir (directory);

  return all_named;
}

/* Those of all threads, with what the system says of them. */
static inline void
print_children (void)
{
  DIR *directory = opendir ("/proc");
  struct dirent *entry;

  while ((entry = readdir (directory)) != NULL)
    {
      g_autofree char *path = g_strdup_printf ("/proc/%s/stat", entry->d_name);
      g_autofree char *stat = NULL;
      const char *end;
      int parent;

      if (!g_ascii_isdigit (entry->d_name[0]) || !g_file_get_contents (path, &stat, NULL, NULL))
        continue;
      end = strrchr (stat, ')');
      if (end != NULL && sscanf (end + 1, " %*c %d", &parent) == 1 && parent == getpid ())
        g_test_message ("child: %.*s", (int) (end + 3 - stat), stat);
    }
  closedir (directory);
}

static inline void
leaks_take (Leaks *self)
{
  self->n_fds = count_fds (FALSE);
  for (guint i = 0; i < 200 && !count_threads (&self->n_threads, &self->n_spawners, FALSE); i++)
    g_usleep (1000);
}

/* Some things end a moment after what they were for: a thread that was joined is still listed, a
 * handle is dropped by a message. So it is looked at until it is as it was, for ten seconds. On the
 * main thread, which reaps meanwhile.
 */
static inline void
leaks_check (const Leaks *before)
{
  gint64 deadline = g_get_monotonic_time () + 10 * G_TIME_SPAN_SECOND;
  Leaks now;

  for (;;)
    {
      leaks_take (&now);
      if (now.n_fds == before->n_fds && now.n_threads <= before->n_threads && !have_children ())
        return;
      if (g_get_monotonic_time () > deadline)
        break;
      while (g_main_context_iteration (NULL, FALSE))
        ;
      g_usleep (1000);
    }

  count_fds (TRUE);
  count_threads (&now.n_threads, &now.n_spawners, TRUE);
  print_children ();
  g_assert_false (have_children ());
  g_assert_cmpuint (now.n_fds, ==, before->n_fds);
  /* One of GTask's may have been counted before it had its name. */
  g_assert_cmpuint (now.n_threads, <=, before->n_threads);
}
