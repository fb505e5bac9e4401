/* For tests of whole trees of processes: who is there, who has gone.
 *
 * SPDX-License-Identifier: LGPL-2.1-or-later
 */

#pragma once

#include "api-testing.h"

/* The kernel's PF_EXITING. */
#define FLAG_EXITING 4

typedef enum
{
  STAGE_ALIVE,
  STAGE_EXITING, /* runs nothing any more and has perhaps left its cgroup, but is no zombie yet */
  STAGE_GONE,    /* or a zombie that nobody reaps, because init does not */
} Stage;

static inline Stage
get_stage (pid_t pid)
{
  g_autofree char *path = g_strdup_printf ("/proc/%d/stat", (int) pid);
  g_autofree char *stat = NULL;
  const char *end;
  unsigned flags;
  char state;

  if (!g_file_get_contents (path, &stat, NULL, NULL))
    return STAGE_GONE;
  end = strrchr (stat, ')');
  g_assert_nonnull (end);
  g_assert_cmpint (sscanf (end, ") %c %*d %*d %*d %*d %*d %u", &state, &flags), ==, 2);
  if (state == 'Z' || state == 'X')
    return STAGE_GONE;
  return (flags & FLAG_EXITING) != 0 ? STAGE_EXITING : STAGE_ALIVE;
}

static inline gboolean
is_alive (pid_t pid)
{
  return get_stage (pid) == STAGE_ALIVE;
}

static inline void
assert_gone (const pid_t *pids,
             guint        n_pids)
{
  for (guint i = 0; i < n_pids; i++)
    g_assert_false (is_alive (pids[i]));
}

/* Where nothing says that it has gone, only that it was told to. */
static inline void
await_gone (const pid_t *pids,
            guint        n_pids)
{
  gint64 deadline = g_get_monotonic_time () + 20 * G_TIME_SPAN_SECOND;

  for (guint i = 0; i < n_pids; i++)
    {
      while (get_stage (pids[i]) != STAGE_GONE)
        {
          g_assert_cmpint (g_get_monotonic_time (), <, deadline);
          g_usleep (500);
        }
    }
}

/* Whether the child was given a cgroup of its own. */
static inline gboolean
has_own_cgroup (pid_t pid)
{
  g_autofree char *path = g_strdup_printf ("/proc/%d/cgroup", (int) pid);
  g_autofree char *content = NULL;

  return g_file_get_contents (path, &content, NULL, NULL) && strstr (content, "/proctor-") != NULL;
}

#define BROOD_SIZE 4

static inline ProctorCommand *
brood_command (const char *mark,
               const char *leader,
               const char *others)
{
  ProctorCommand *command = child_command ("brood", mark, leader, others, NULL);

  proctor_command_set_flags (command, PROCTOR_COMMAND_OWN_TREE);
  proctor_command_set_stdout (command, PROCTOR_STDIO_DEVNULL);
  return command;
}

static inline pid_t
await_numbered_pid (const char *mark,
                    guint       number)
{
  g_autofree char *path = g_strdup_printf ("%s.%u", mark, number);

  return await_pid (path);
}

static inline void
await_brood (const char *mark,
             pid_t       pids[BROOD_SIZE])
{
  await_pid (mark);
  for (guint i = 0; i < BROOD_SIZE; i++)
    pids[i] = await_numbered_pid (mark, i);
}
