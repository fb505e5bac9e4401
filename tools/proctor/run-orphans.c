/* SPDX-License-Identifier: LGPL-2.1-or-later */

/* Thread: MAIN. */

#include "config.h"

#include "run-orphans.h"

#include <signal.h>
#include <unistd.h>

#include <sys/prctl.h>
#include <sys/wait.h>

#include "base/proc-table.h"

/* A shell that is stopped leaves the program behind that it was waiting for. A process group would
 * reach it, but would also take the commands out of the terminal's foreground, so this program
 * becomes a subreaper (prctl(2), Linux 3.4) when it begins to stop: such orphans are then its own
 * children. That makes it safe to signal them: a child's pid is not given to another process before
 * its parent has reaped it, and the parent is this thread.
 *
 * Where only some jobs are stopped, an orphan belongs to one of them if it was seen below it, or
 * below another such orphan, while its parent was alive.
 */
struct _RunOrphans
{
  /* immutable after construction */
  GTimeSpan grace;

  /* main thread only */
  gint64 deadline;   /* monotonic; 0: nothing is being stopped */
  GHashTable *doomed; /* pid → start time, as guint64 */
  GHashTable *told;   /* pids that have had their SIGTERM */
};

/* Longer than this after the deadline a process is stuck in the kernel. */
#define PATIENCE (5 * G_TIME_SPAN_SECOND)

RunOrphans *
run_orphans_new (GTimeSpan grace)
{
  RunOrphans *self = g_new0 (RunOrphans, 1);

  self->grace = grace;
  self->doomed = g_hash_table_new_full (NULL, NULL, NULL, g_free);
  self->told = g_hash_table_new (NULL, NULL);

  return self;
}

void
run_orphans_free (RunOrphans *self)
{
  g_hash_table_unref (self->doomed);
  g_hash_table_unref (self->told);
  g_free (self);
}

void
run_orphans_adopt (RunOrphans *self)
{
  if (self->deadline == 0)
    prctl (PR_SET_CHILD_SUBREAPER, 1, 0, 0, 0);
  self->deadline = g_get_monotonic_time () + self->grace;
}

void
run_orphans_end_grace (RunOrphans *self)
{
  self->deadline = MIN (self->deadline, g_get_monotonic_time ());
}

gboolean
run_orphans_is_hopeless (RunOrphans *self)
{
  return g_get_monotonic_time () > self->deadline + PATIENCE;
}

static gboolean
is_doomed (RunOrphans      *self,
           const ProcEntry *entry)
{
  const guint64 *start_time = g_hash_table_lookup (self->doomed, GINT_TO_POINTER (entry->pid));

  return start_time != NULL && *start_time == entry->start_time;
}

/* Marks all that is below a job that is being stopped, or below an orphan of one. The table is in
 * no order, so it is gone through until nothing new is found: once per generation.
 */
static void
doom_descendants (RunOrphans *self,
                  GArray     *table,
                  GHashTable *stopping)
{
  gboolean found;

  do
    {
      found = FALSE;
      for (guint i = 0; table != NULL && i < table->len; i++)
        {
          const ProcEntry *entry = &g_array_index (table, ProcEntry, i);
          gpointer parent = GINT_TO_POINTER (entry->parent);

          if (is_doomed (self, entry))
            continue;
          if (!g_hash_table_contains (stopping, parent) &&
              !g_hash_table_contains (self->doomed, parent))
            continue;
          g_hash_table_insert (self->doomed, GINT_TO_POINTER (entry->pid),
                               g_memdup2 (&entry->start_time, sizeof entry->start_time));
          found = TRUE;
        }
    }
  while (found);
}

static void
signal_orphan (RunOrphans *self,
               GPid        pid)
{
  gpointer key = GINT_TO_POINTER (pid);

  if (g_get_monotonic_time () >= self->deadline)
    {
      kill (pid, SIGKILL);
    }
  else if (g_hash_table_add (self->told, key))
    {
      kill (pid, SIGTERM);
      kill (pid, SIGCONT);
    }
}

static gboolean
reap (pid_t pid)
{
  siginfo_t info = { 0 };

  return waitid (P_PID, pid, &info, WEXITED | WNOHANG) == 0 && info.si_pid == pid;
}

void
run_orphans_note_descendants (RunOrphans *self,
                              RunJob     *job)
{
  g_autoptr(GHashTable) stopping = g_hash_table_new (NULL, NULL);
  g_autoptr(GArray) table = proc_table_read ();

  g_hash_table_add (stopping, GINT_TO_POINTER (run_job_get_pid (job)));
  doom_descendants (self, table, stopping);
}

guint
run_orphans_sweep (RunOrphans *self,
                   GPtrArray  *jobs,
                   gboolean    all)
{
  g_autoptr(GHashTable) leaders = g_hash_table_new (NULL, NULL);
  g_autoptr(GHashTable) stopping = g_hash_table_new (NULL, NULL);
  g_autoptr(GArray) table = NULL;
  guint left = 0;

  for (guint i = 0; i < jobs->len; i++)
    {
      RunJob *job = g_ptr_array_index (jobs, i);
      gpointer pid = GINT_TO_POINTER (run_job_get_pid (job));

      /* One of our children may be its, and is the library's to reap; but we do not know which. */
      if (run_job_is_spawning (job))
        return 1;
      if (pid == NULL)
        continue;
      g_hash_table_add (leaders, pid);
      if (run_job_get_stop_reason (job) != RUN_STOP_NONE)
        g_hash_table_add (stopping, pid);
    }

  table = proc_table_read ();
  doom_descendants (self, table, stopping);
  for (guint i = 0; table != NULL && i < table->len; i++)
    {
      const ProcEntry *entry = &g_array_index (table, ProcEntry, i);

      if (entry->parent != getpid () ||
          g_hash_table_contains (leaders, GINT_TO_POINTER (entry->pid)))
        continue;
      if (reap (entry->pid) || (!all && !is_doomed (self, entry)))
        continue;
      signal_orphan (self, entry->pid);
      left++;
    }

  return left;
}
