/* SPDX-License-Identifier: LGPL-2.1-or-later */

/* Thread: INSPECT. */

#include "config.h"

#include "inspect/inspect-report.h"

#include <string.h>
#include <unistd.h>

#include <proctor/proctor.h>

#include "base/proc-table.h"
#include "process/result-data.h"
#include "watch/child-id.h"
#include "watch/default-watcher.h"

/* What is not known, or does not apply, is left out. Names that a reader does not know are to be
 * passed over, so that more can be told later.
 */

static void
add_string (GVariantBuilder *builder,
            const char      *name,
            const char      *value)
{
  g_autofree char *valid = g_utf8_make_valid (value, -1);

  g_variant_builder_add (builder, "{sv}", name, g_variant_new_string (valid));
}

static void
add_boolean (GVariantBuilder *builder,
             const char      *name,
             gboolean         value)
{
  g_variant_builder_add (builder, "{sv}", name, g_variant_new_boolean (value));
}

static void
add_number (GVariantBuilder *builder,
            const char      *name,
            guint64          value)
{
  g_variant_builder_add (builder, "{sv}", name,
                         g_variant_new_int64 ((gint64) MIN (value, (guint64) G_MAXINT64)));
}

static void
add_signed (GVariantBuilder *builder,
            const char      *name,
            gint64           value)
{
  g_variant_builder_add (builder, "{sv}", name, g_variant_new_int64 (value));
}

/* How long ago a monotonic time was. */
static void
add_age (GVariantBuilder *builder,
         const char      *name,
         gint64           since)
{
  add_signed (builder, name, MAX (0, g_get_monotonic_time () - since));
}

/* ---- pipes */

static const char *
name_kind (PipeKind kind)
{
  switch (kind)
    {
    case PIPE_KIND_SOCKET:
      return "socket";
    case PIPE_KIND_TERMINAL:
      return "terminal";
    case PIPE_KIND_PIPE:
    default:
      return "pipe";
    }
}

static void
add_pipe (GVariantBuilder *process,
          const char      *name,
          const PipeLook  *look,
          gboolean         is_input)
{
  GVariantBuilder builder;

  if (!look->is_ours)
    return;

  g_variant_builder_init (&builder, G_VARIANT_TYPE_VARDICT);
  add_string (&builder, "kind", name_kind (look->kind));
  add_boolean (&builder, "open", look->is_open);
  add_number (&builder, "bytes", look->n_bytes);
  add_number (&builder, "held", look->held);
  add_number (&builder, "waiting", look->n_waiting);
  add_boolean (&builder, "stream", look->is_pumped);
  if (look->name[0] != '\0')
    add_string (&builder, "file", look->name);
  if (look->in_pipe >= 0)
    add_signed (&builder, "in_pipe", look->in_pipe);
  if (look->pipe_size >= 0)
    add_signed (&builder, "pipe_size", look->pipe_size);

  if (is_input)
    {
      add_boolean (&builder, "ending", look->is_ending);
      if (look->blocked_since != 0)
        add_age (&builder, "blocked_us", look->blocked_since);
    }
  else
    {
      add_boolean (&builder, "collected", look->is_collected);
      add_boolean (&builder, "held_back", look->is_held_back);
      if (look->limit > 0)
        add_number (&builder, "limit", look->limit);
      if (look->is_paused)
        add_age (&builder, "paused_us", look->paused_since);
    }
  g_variant_builder_add (process, "{sv}", name, g_variant_builder_end (&builder));
}

/* ---- processes */

static const char *
name_stage (ProcessStage stage)
{
  switch (stage)
    {
    case PROCESS_STAGE_QUEUED:
      return "queued";
    case PROCESS_STAGE_STARTING:
      return "starting";
    case PROCESS_STAGE_EXITED:
      return "exited";
    case PROCESS_STAGE_FAILED:
      return "failed";
    case PROCESS_STAGE_RUNNING:
    default:
      return "running";
    }
}

/* What the system says of one whose exit has not been noticed. Without pidfds GLib may have reaped
 * it, and tell that when the main loop runs.
 */
static void
add_system_state (GVariantBuilder *builder,
                  pid_t            pid)
{
  ProcEntry entry;
  char state[2] = "";

  if (!proc_entry_read (pid, &entry))
    {
      add_boolean (builder, "gone", proc_entry_read (getpid (), &entry));
      return;
    }

  state[0] = entry.state;
  add_string (builder, "system_state", state);
  add_string (builder, "name", entry.name);
}

static void
add_child (GVariantBuilder *builder,
           ChildId         *child,
           gboolean         looked)
{
  ChildOutcome outcome;
  pid_t pid = child_id_get_pid (child);

  add_signed (builder, "pid", pid);
  if (!child_id_get_outcome (child, &outcome))
    {
      add_boolean (builder, "suspended", child_id_is_suspended (child));
      add_system_state (builder, pid);
      return;
    }

  if (!looked)
    add_string (builder, "state", "exited");
  add_age (builder, "exited_us", outcome.exit_time);
  if (!outcome.lost)
    add_signed (builder, "returncode", returncode_from_wait_status (outcome.wait_status));
}

static void
add_look (GVariantBuilder   *builder,
          const ProcessLook *look)
{
  gint64 now = g_get_monotonic_time ();

  add_string (builder, "state", name_stage (look->stage));
  add_string (builder, "kind", look->is_run ? "run" : "spawn");
  add_boolean (builder, "handle", look->has_handle);
  add_boolean (builder, "communicates", look->communicates);
  add_boolean (builder, "detached", look->is_detached);
  add_boolean (builder, "shuts_down", look->shuts_down);
  add_boolean (builder, "tree_ends", look->tree_ends);
  add_boolean (builder, "stops", look->stops);
  add_number (builder, "waits", look->n_waits);
  add_number (builder, "stop_calls", look->n_stops);
  add_number (builder, "mailbox", look->n_messages);
  if (look->next_step != 0)
    add_signed (builder, "next_signal_us", MAX (0, look->next_step - now));
  if (look->timeout_at != 0)
    add_signed (builder, "timeout_us", MAX (0, look->timeout_at - now));
  if (look->give_up_at != 0)
    add_signed (builder, "give_up_us", MAX (0, look->give_up_at - now));
  add_pipe (builder, "stdin", &look->pipes[0], TRUE);
  add_pipe (builder, "stdout", &look->pipes[1], FALSE);
  add_pipe (builder, "stderr", &look->pipes[2], FALSE);
}

static GVariant *
report_process (const InspectedProcess *process)
{
  Actor *actor = process_actor_get_actor (process->actor);
  g_autofree char *command = process_actor_describe (process->actor);
  g_autoptr(ChildId) child = process_actor_dup_child (process->actor);
  GVariantBuilder builder;

  g_variant_builder_init (&builder, G_VARIANT_TYPE_VARDICT);
  add_number (&builder, "number", actor->trace_number);
  add_string (&builder, "command", command);
  add_age (&builder, "age_us", process_actor_get_birth (process->actor));
  add_number (&builder, "worker", process->worker);
  add_boolean (&builder, "answered", process->looked);
  add_string (&builder, "watcher",
              G_OBJECT_TYPE_NAME (process_actor_get_watcher (process->actor)));
  if (process->looked)
    add_look (&builder, &process->look);
  if (child != NULL)
    add_child (&builder, child, process->looked);

  return g_variant_builder_end (&builder);
}

/* ---- the program */

static GVariant *
report_worker (const InspectedWorker *worker)
{
  GVariantBuilder builder;

  g_variant_builder_init (&builder, G_VARIANT_TYPE_VARDICT);
  add_number (&builder, "index", worker->load.index);
  add_boolean (&builder, "answered", worker->answered);
  add_signed (&builder, "silent_us", worker->silence);
  add_number (&builder, "processes", worker->n_actors);
  add_number (&builder, "turns", worker->load.n_turns);
  add_signed (&builder, "busy_us", worker->load.busy);
  add_signed (&builder, "longest_turn_us", worker->load.longest_turn);
  if (worker->load.since != 0)
    add_age (&builder, "counted_us", worker->load.since);

  return g_variant_builder_end (&builder);
}

static GVariant *
report_loop (InspectLoop *loop)
{
  GVariantBuilder builder;
  gboolean has_run;
  GTimeSpan silence = inspect_loop_get_silence (loop, &has_run);

  g_variant_builder_init (&builder, G_VARIANT_TYPE_VARDICT);
  add_boolean (&builder, "has_run", has_run);
  add_signed (&builder, "silent_us", silence);
  return g_variant_builder_end (&builder);
}

static void
add_program (GVariantBuilder *builder)
{
  const char *watcher = default_watcher_get_type_name ();
  const char *name = g_get_prgname ();
  ProcEntry entry;

  add_signed (builder, "pid", getpid ());
  if (name != NULL)
    add_string (builder, "name", strrchr (name, '/') != NULL ? strrchr (name, '/') + 1 : name);
  else if (proc_entry_read (getpid (), &entry))
    add_string (builder, "name", entry.name);
  add_string (builder, "version", PROCTOR_VERSION);
  if (watcher != NULL)
    add_string (builder, "watcher", watcher);
}

GVariant *
inspect_report_new (InspectLooker *looker,
                    InspectLoop   *loop)
{
  g_autoptr(GPtrArray) workers = g_ptr_array_new_with_free_func (g_free);
  g_autoptr(GPtrArray) processes =
    g_ptr_array_new_with_free_func ((GDestroyNotify) inspected_process_free);
  GVariantBuilder builder;
  GVariantBuilder list;

  inspect_looker_look (looker, workers, processes);

  g_variant_builder_init (&builder, G_VARIANT_TYPE_VARDICT);
  add_program (&builder);
  g_variant_builder_add (&builder, "{sv}", "main_loop", report_loop (loop));

  g_variant_builder_init (&list, G_VARIANT_TYPE ("aa{sv}"));
  for (guint i = 0; i < workers->len; i++)
    g_variant_builder_add_value (&list, report_worker (workers->pdata[i]));
  g_variant_builder_add (&builder, "{sv}", "workers", g_variant_builder_end (&list));

  g_variant_builder_init (&list, G_VARIANT_TYPE ("aa{sv}"));
  for (guint i = 0; i < processes->len; i++)
    g_variant_builder_add_value (&list, report_process (processes->pdata[i]));
  g_variant_builder_add (&builder, "{sv}", "processes", g_variant_builder_end (&list));

  return g_variant_builder_end (&builder);
}
