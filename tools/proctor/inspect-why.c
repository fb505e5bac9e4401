/* SPDX-License-Identifier: LGPL-2.1-or-later */

/* Thread: MAIN. */

#include "config.h"

#include "inspect-why.h"

#include <string.h>

#include <glib/gi18n.h>

#include "inspect-holders.h"
#include "inspect-text.h"

/* What a healthy program does takes less than this, or is not waited for. */
#define PATIENCE (1 * G_TIME_SPAN_SECOND)

/* A process that reads from a disk is in the kernel for moments, again and again. */
#define KERNEL_LOOKS 10
#define KERNEL_LOOK_USEC 50000

typedef struct
{
  GVariant *report;
  GVariant *process;
  GPtrArray *causes;
  int program_pid;
  int pid;
} Search;

void
inspect_cause_free (InspectCause *self)
{
  g_free (self->text);
  g_free (self);
}

/* Takes @text. */
static void
add (Search     *search,
     const char *kind,
     char       *text)
{
  InspectCause *cause = g_new (InspectCause, 1);

  cause->kind = kind;
  cause->text = text;
  g_ptr_array_add (search->causes, cause);
}

static gboolean
is_in_state (Search     *search,
             const char *state)
{
  return strcmp (report_get_string (search->process, "state"), state) == 0;
}

static char
get_system_state (Search *search)
{
  return *report_get_string (search->process, "system_state");
}

/* ---- the library's own threads */

static void
look_at_worker (Search *search)
{
  gint64 index = report_get_number (search->process, "worker");
  g_autoptr(GPtrArray) workers = report_dup_dicts (search->report, "workers");

  if (report_get_boolean (search->process, "answered"))
    return;

  for (guint i = 0; i < workers->len; i++)
    {
      g_autofree char *silence = NULL;

      if (report_get_number (workers->pdata[i], "index") != index)
        continue;
      silence = inspect_dup_duration (report_get_number (workers->pdata[i], "silent_us"));
      add (search, "worker",
           g_strdup_printf (_("waiting for worker %d, which has not answered for %s"), (int) index,
                            silence));
    }
}

static void
look_at_start (Search *search)
{
  gint64 age = report_get_number (search->process, "age_us");
  g_autofree char *duration = inspect_dup_duration (age);

  if (age < PATIENCE)
    return;

  if (is_in_state (search, "queued"))
    add (search, "start",
         g_strdup_printf (_("waiting to be started for %s: its worker has not come to it"),
                          duration));
  else if (is_in_state (search, "starting"))
    add (search, "start",
         g_strdup_printf (_("being started for %s: the child has not come to its program, as when "
                            "a file or folder that it needs does not answer"),
                          duration));
}

/* ---- the exit */

/* Until it is let go of, there is nothing to reap. */
static gboolean
is_traced (int pid)
{
  g_autofree char *path = g_strdup_printf ("/proc/%d/status", pid);
  g_autofree char *status = NULL;
  const char *tracer;

  if (!g_file_get_contents (path, &status, NULL, NULL))
    return FALSE;
  tracer = strstr (status, "\nTracerPid:");
  return tracer != NULL && g_ascii_strtoll (tracer + strlen ("\nTracerPid:"), NULL, 10) != 0;
}

/* It has exited, nobody knows of it, and whose work that is does not run, or cannot do it. */
static void
look_at_watcher (Search *search)
{
  g_autoptr(GVariant) loop = report_dup_dict (search->report, "main_loop");
  const char *watcher = report_get_string (search->process, "watcher");
  gint64 silence = loop != NULL ? report_get_number (loop, "silent_us") : 0;
  g_autofree char *duration = inspect_dup_duration (silence);

  if (get_system_state (search) != 'Z' && !report_get_boolean (search->process, "gone"))
    return;

  if (is_traced (search->pid))
    {
      add (search, "traced", g_strdup (_("exited, but a debugger has not let go of it")));
      return;
    }

  if (strcmp (watcher, "ProctorMainChildWatcher") == 0)
    {
      if (silence >= PATIENCE)
        add (search, "main-loop",
             g_strdup_printf (_("exited, and waiting for the main loop: the watcher’s context has "
                                "not run for %s"),
                              duration));
      return;
    }

  /* There is no telling since when. */
  g_usleep (PATIENCE / 2);
  if (holders_get_state (search->pid) == 'Z')
    add (search, "watcher",
         g_strdup_printf (_("exited, but its child watcher (%s) has not noticed it"), watcher));
}

static void
look_at_system_state (Search *search)
{
  char state = get_system_state (search);

  if (state == 'T' || (state != 't' && report_get_boolean (search->process, "suspended")))
    {
      add (search, "suspended", g_strdup (_("suspended by a signal; SIGCONT lets it go on")));
    }
  else if (state == 't')
    {
      add (search, "traced", g_strdup (_("held by a debugger")));
    }
  else if (state == 'D')
    {
      for (guint i = 0; i < KERNEL_LOOKS; i++)
        {
          if (holders_get_state (search->pid) != 'D')
            return;
          g_usleep (KERNEL_LOOK_USEC);
        }
      add (search, "kernel",
           g_strdup (_("stuck in the kernel (state D), as when a disk does not answer")));
    }
}

static void
look_at_stop (Search *search)
{
  g_autofree char *left = NULL;

  if (!report_get_boolean (search->process, "stops"))
    return;

  left = inspect_dup_duration (report_get_number (search->process, "next_signal_us"));
  if (report_get_boolean (search->process, "tree_ends"))
    add (search, "tree",
         g_strdup (_("exited, and what is left of its tree of processes has not ended")));
  else if (is_in_state (search, "exited"))
    return;
  else if (report_has (search->process, "next_signal_us"))
    add (search, "stopping",
         g_strdup_printf (_("being stopped, and not ended yet: the next signal comes in %s"),
                          left));
  else
    add (search, "stopping",
         g_strdup (_("being stopped, and not ended yet although it was killed")));
}

/* ---- pipes */

static void
look_at_input (Search *search)
{
  g_autoptr(GVariant) pipe = report_dup_dict (search->process, "stdin");
  gint64 blocked = pipe != NULL ? report_get_number (pipe, "blocked_us") : 0;
  g_autofree char *duration = inspect_dup_duration (blocked);
  g_autofree char *held = NULL;
  int kibibytes;

  if (pipe == NULL || !report_get_boolean (pipe, "open") || blocked < PATIENCE)
    return;

  held = inspect_dup_count (report_get_number (pipe, "held"));
  kibibytes = (int) MIN (G_MAXINT, report_get_number (pipe, "pipe_size") / 1024);
  if (kibibytes > 0)
    add (search, "stdin",
         g_strdup_printf (_("blocked for %s: the child does not read its stdin (%d KiB pipe full, "
                            "%s more bytes to be sent)"),
                          duration, kibibytes, held));
  else
    add (search, "stdin",
         g_strdup_printf (_("blocked for %s: the child does not read its stdin "
                            "(%s bytes to be sent)"),
                          duration, held));
}

static void
look_at_pause (Search     *search,
               const char *name,
               GVariant   *pipe)
{
  gint64 paused = report_get_number (pipe, "paused_us");
  g_autofree char *duration = inspect_dup_duration (paused);
  gint64 n_held = report_get_number (pipe, "held");
  g_autofree char *held =
    inspect_dup_count (n_held > 0 ? n_held : report_get_number (pipe, "in_pipe"));

  if (paused < PATIENCE)
    return;

  if (report_get_boolean (pipe, "held_back"))
    add (search, "held-back",
         g_strdup_printf (_("paused because the program itself has paused %s %s ago "
                            "(%s bytes held)"),
                          name, duration, held));
  else if (report_get_boolean (pipe, "stream"))
    add (search, "paused",
         g_strdup_printf (_("paused because the stream that gets its %s has taken nothing for %s "
                            "(%s bytes held)"),
                          name, duration, held));
  else
    add (search, "paused",
         g_strdup_printf (_("paused because nobody has read %s for %s (%s bytes held)"), name,
                          duration, held));
}

static char *
dup_holder (const Holder *holder)
{
  if (holder->kin == HOLDER_CHILD)
    return g_strdup_printf (_("pid %d (%s, another child of the program)"), holder->pid,
                            holder->name);
  return g_strdup_printf (_("pid %d (%s, a grandchild)"), holder->pid, holder->name);
}

/* The end of an output is waited for, and somebody has inherited it. */
static void
look_at_holders (Search     *search,
                 const char *name,
                 GVariant   *pipe)
{
  const char *file = report_get_string (pipe, "file");
  gint64 exited = report_get_number (search->process, "exited_us");
  g_autofree char *duration = inspect_dup_duration (exited);
  g_autoptr(GArray) holders = NULL;
  g_autofree char *first = NULL;

  if (!is_in_state (search, "exited") || exited < PATIENCE || report_has (pipe, "paused_us") ||
      !(report_get_boolean (search->process, "communicates") ||
        report_get_number (pipe, "waiting") > 0))
    return;

  holders = holders_find (file, FALSE, search->program_pid, search->pid);
  if (holders->len == 0)
    {
      add (search, "descendant",
           g_strdup_printf (_("exited %s ago, but somebody still holds its %s"), duration, name));
      return;
    }

  first = dup_holder (&g_array_index (holders, Holder, 0));
  if (holders->len == 1)
    add (search, "descendant",
         g_strdup_printf (_("exited %s ago, %s still holds its %s"), duration, first, name));
  else
    add (search, "descendant",
         g_strdup_printf (ngettext ("exited %s ago, %s and %d more process still hold its %s",
                                    "exited %s ago, %s and %d more processes still hold its %s",
                                    holders->len - 1),
                          duration, first, (int) holders->len - 1, name));
}

static void
look_at_output (Search     *search,
                const char *name)
{
  g_autoptr(GVariant) pipe = report_dup_dict (search->process, name);

  if (pipe == NULL || !report_get_boolean (pipe, "open"))
    return;

  look_at_pause (search, name, pipe);
  look_at_holders (search, name, pipe);
}

GPtrArray *
inspect_find_causes (GVariant *report,
                     GVariant *process)
{
  Search search = {
    .report = report,
    .process = process,
    .causes = g_ptr_array_new_with_free_func ((GDestroyNotify) inspect_cause_free),
    .program_pid = (int) report_get_number (report, "pid"),
    .pid = (int) report_get_number (process, "pid"),
  };

  look_at_worker (&search);
  look_at_start (&search);
  look_at_watcher (&search);
  look_at_system_state (&search);
  look_at_stop (&search);
  look_at_input (&search);
  look_at_output (&search, "stdout");
  look_at_output (&search, "stderr");
  return search.causes;
}

/* ---- where nothing is wrong */

static gboolean
reads_from_empty_stdin (GVariant *process)
{
  g_autoptr(GVariant) pipe = report_dup_dict (process, "stdin");

  return pipe != NULL && report_get_boolean (pipe, "open") &&
         report_get_number (pipe, "held") == 0 && report_get_number (pipe, "in_pipe") == 0 &&
         !report_get_boolean (pipe, "ending") &&
         *report_get_string (process, "system_state") == 'S';
}

char *
inspect_dup_activity (GVariant *process)
{
  const char *state = report_get_string (process, "state");
  gboolean is_waited_for = report_get_number (process, "waits") > 0 ||
                           report_get_boolean (process, "communicates");

  if (strcmp (state, "exited") == 0)
    return g_strdup (_("nothing holds it up; it has exited"));
  if (strcmp (state, "failed") == 0)
    return g_strdup (_("nothing holds it up; it could not be started"));
  if (strcmp (state, "running") != 0)
    return g_strdup (_("nothing holds it up; it is being started"));
  if (reads_from_empty_stdin (process))
    return g_strdup (_("nothing holds it up; it sleeps, and may wait for its stdin, which is open "
                       "and empty"));
  if (is_waited_for)
    return g_strdup (_("nothing holds it up; it runs, and its end is waited for"));

  return g_strdup (_("nothing holds it up; it runs"));
}
