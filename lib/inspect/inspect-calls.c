/* SPDX-License-Identifier: LGPL-2.1-or-later */

/* Thread: INSPECT. */

#include "config.h"

#include "inspect/inspect-calls.h"

#include <glib/gi18n-lib.h>
#include <string.h>
#include <unistd.h>

#include <proctor/proctor.h>

#include "inspect/inspect-protocol.h"
#include "inspect/inspect-report.h"
#include "process/operation.h"
#include "process/process-actor.h"
#include "runtime/runtime.h"

/* How long the bus may take to say who is calling. */
#define SENDER_TIMEOUT_MS 2000

/* How many answers may be on their way to somebody who does not read them. */
#define MAX_UNREAD 16

static GMutex connections_lock;

/* A call on its way to an answer. */
typedef struct
{
  InspectCalls *calls;
  GDBusMethodInvocation *invocation; /* owned until it is answered */
} Call;

/* ---- processes by their pid */

/* One that runs; else one that has exited, whose number may be another's by now. */
static ProcessActor *
dup_process (pid_t     pid,
             ChildId **ret_child)
{
  g_autoptr(GPtrArray) workers = g_ptr_array_new_with_free_func ((GDestroyNotify) worker_unref);
  g_autoptr(GPtrArray) actors = g_ptr_array_new_with_free_func ((GDestroyNotify) actor_unref);
  g_autoptr(ProcessActor) found = NULL;
  g_autoptr(ChildId) found_child = NULL;

  runtime_list (workers, actors);
  for (guint i = 0; i < actors->len; i++)
    {
      ProcessActor *process = process_actor_from_actor (actors->pdata[i]);
      g_autoptr(ChildId) child = process != NULL ? process_actor_dup_child (process) : NULL;

      if (child == NULL || child_id_get_pid (child) != pid ||
          (found != NULL && child_id_get_outcome (child, NULL)))
        continue;
      g_clear_pointer (&found, process_actor_unref);
      g_clear_pointer (&found_child, child_id_unref);
      found = process_actor_ref (process);
      found_child = g_steal_pointer (&child);
    }

  *ret_child = g_steal_pointer (&found_child);
  return g_steal_pointer (&found);
}

static ProcessActor *
dup_process_or_error (pid_t     pid,
                      ChildId **ret_child,
                      GError  **error)
{
  ProcessActor *process = dup_process (pid, ret_child);

  if (process == NULL)
    g_set_error (error, PROCTOR_ERROR, PROCTOR_ERROR_PROCESS_LOOKUP,
                 _("This program has no process %d"), (int) pid);
  return process;
}

/* ---- the calls */

static void
call_look (Call *call)
{
  GVariant *report = inspect_report_new (call->calls->looker, call->calls->loop);

  g_dbus_method_invocation_return_value (g_steal_pointer (&call->invocation),
                                         g_variant_new_tuple (&report, 1));
}

static void
call_signal (Call     *call,
             GVariant *parameters)
{
  g_autoptr(ProcessActor) process = NULL;
  g_autoptr(ChildId) child = NULL;
  GError *error = NULL;
  int pid;
  int signum;

  g_variant_get (parameters, "(ii)", &pid, &signum);
  process = dup_process_or_error (pid, &child, &error);
  if (process != NULL && child_id_signal (child, signum, &error))
    g_dbus_method_invocation_return_value (g_steal_pointer (&call->invocation), NULL);
  else
    g_dbus_method_invocation_take_error (g_steal_pointer (&call->invocation), error);
}

/* Nothing that is wrong with an ending is an error here: it was to end. */
static char *
dup_ending (const ResultData *result)
{
  g_autoptr(GError) error = outcome_to_error (&result->outcome, result->description, NULL);

  return error != NULL ? g_strdup (error->message)
                       : g_strdup_printf (_("“%s” has ended"), result->description);
}

static void
return_ending (Operation *operation,
               GTask     *task)
{
  if (operation->error != NULL)
    g_task_return_error (task, g_steal_pointer (&operation->error));
  else
    g_task_return_pointer (task, dup_ending (operation->result), g_free);
}

static void
stopped_cb (GObject      *source,
            GAsyncResult *result,
            gpointer      data)
{
  Call *call = data;
  GError *error = NULL;
  g_autofree char *ending = g_task_propagate_pointer (G_TASK (result), &error);

  if (ending != NULL)
    g_dbus_method_invocation_return_value (call->invocation, g_variant_new ("(s)", ending));
  else
    g_dbus_method_invocation_take_error (call->invocation, error);

  (*call->calls->n_pending)--;
  g_free (call);
}

static void
call_stop (Call     *call,
           GVariant *parameters)
{
  g_autoptr(ProcessActor) process = NULL;
  g_autoptr(ChildId) child = NULL;
  g_autoptr(Operation) stop = NULL;
  GError *error = NULL;
  Call *later;
  int pid;

  g_variant_get (parameters, "(i)", &pid);
  process = dup_process_or_error (pid, &child, &error);
  if (process == NULL)
    {
      g_dbus_method_invocation_take_error (g_steal_pointer (&call->invocation), error);
      return;
    }

  later = g_new (Call, 1);
  *later = (Call){ call->calls, g_steal_pointer (&call->invocation) };
  (*later->calls->n_pending)++;
  stop = process_actor_new_stop (process, NULL);
  operation_start_async (stop, later->calls->cancellable,
                         operation_task_new (NULL, later->calls->cancellable, stopped_cb, later,
                                             call_stop),
                         return_ending);
}

static void
perform (Call *call)
{
  const char *method = g_dbus_method_invocation_get_method_name (call->invocation);
  GVariant *parameters = g_dbus_method_invocation_get_parameters (call->invocation);

  if (strcmp (method, "Look") == 0)
    call_look (call);
  else if (strcmp (method, "Signal") == 0)
    call_signal (call, parameters);
  else
    call_stop (call, parameters);
}

/* ---- who is calling */

/* A session bus lets nobody else in as a rule, but that is its own affair. */
static void
sender_known_cb (GObject      *source,
                 GAsyncResult *result,
                 gpointer      data)
{
  Call *call = data;
  g_autoptr(GVariant) reply =
    g_dbus_connection_call_finish (G_DBUS_CONNECTION (source), result, NULL);
  guint32 uid = 0;

  if (reply != NULL)
    g_variant_get (reply, "(u)", &uid);
  if (reply != NULL && uid == geteuid ())
    perform (call);
  else
    g_dbus_method_invocation_return_error (call->invocation, G_DBUS_ERROR,
                                           G_DBUS_ERROR_ACCESS_DENIED,
                                           _("Only the user who runs this program may look into it"));

  (*call->calls->n_pending)--;
  g_free (call);
}

static void
ask_for_sender (Call            *call,
                GDBusConnection *connection,
                const char      *sender)
{
  (*call->calls->n_pending)++;
  g_dbus_connection_call (connection, "org.freedesktop.DBus", "/org/freedesktop/DBus",
                          "org.freedesktop.DBus", "GetConnectionUnixUser",
                          g_variant_new ("(s)", sender), G_VARIANT_TYPE ("(u)"),
                          G_DBUS_CALL_FLAGS_NONE, SENDER_TIMEOUT_MS, call->calls->cancellable,
                          sender_known_cb, call);
}

/* ---- answers that nobody reads */

typedef struct
{
  InspectCalls *calls;
  guint *n_unread; /* the connection's */
} Flush;

static guint *
get_n_unread (GDBusConnection *connection)
{
  static const char key[] = "proctor-inspect-unread";
  guint *n_unread = g_object_get_data (G_OBJECT (connection), key);

  if (n_unread == NULL)
    {
      n_unread = g_new0 (guint, 1);
      g_object_set_data_full (G_OBJECT (connection), key, n_unread, g_free);
    }
  return n_unread;
}

static void
flushed_cb (GObject      *source,
            GAsyncResult *result,
            gpointer      data)
{
  Flush *flush = data;

  g_dbus_connection_flush_finish (G_DBUS_CONNECTION (source), result, NULL);
  (*flush->n_unread)--;
  (*flush->calls->n_pending)--;
  g_free (flush);
}

/* GDBus keeps what a peer has asked for and does not read, without end. Whoever asks for that much
 * is not answered any more.
 */
static gboolean
may_be_answered (InspectCalls    *self,
                 GDBusConnection *connection,
                 gboolean         is_bus)
{
  guint *n_unread = get_n_unread (connection);
  Flush *flush;

  if (*n_unread >= MAX_UNREAD)
    {
      if (!is_bus)
        g_dbus_connection_close (connection, NULL, NULL, NULL);
      return FALSE;
    }

  flush = g_new (Flush, 1);
  *flush = (Flush){ self, n_unread };
  (*n_unread)++;
  (*self->n_pending)++;
  g_dbus_connection_flush (connection, self->cancellable, flushed_cb, flush);
  return TRUE;
}

/* A peer at the socket has no name, and has been looked at when it came. */
static void
method_call (GDBusConnection       *connection,
             const char            *sender,
             const char            *path,
             const char            *interface,
             const char            *method,
             GVariant              *parameters,
             GDBusMethodInvocation *invocation,
             gpointer               data)
{
  Call call = { .calls = data, .invocation = invocation };

  if (!may_be_answered (call.calls, connection, sender != NULL))
    g_dbus_method_invocation_return_error (invocation, G_DBUS_ERROR, G_DBUS_ERROR_LIMITS_EXCEEDED,
                                           _("Too much is asked for at once"));
  else if (sender == NULL)
    perform (&call);
  else
    ask_for_sender (g_memdup2 (&call, sizeof call), connection, sender);
}

static const GDBusInterfaceVTable vtable = { .method_call = method_call };

guint
inspect_calls_register (InspectCalls     *self,
                        GDBusConnection  *connection,
                        GError          **error)
{
  g_autoptr(GDBusNodeInfo) node = g_dbus_node_info_new_for_xml (INSPECT_INTERFACE_XML, error);

  g_return_val_if_fail (node != NULL, 0);

  return g_dbus_connection_register_object (connection, INSPECT_PATH, node->interfaces[0], &vtable,
                                            self, NULL, error);
}

/* In whatever thread drops the last reference. */
static void
connection_gone (gpointer  data,
                 GObject  *where_it_was)
{
  InspectCalls *self = data;

  g_mutex_lock (&connections_lock);
  self->n_connections--;
  g_main_context_wakeup (self->context);
  g_mutex_unlock (&connections_lock);
}

void
inspect_calls_track (InspectCalls    *self,
                     GDBusConnection *connection)
{
  g_mutex_lock (&connections_lock);
  self->n_connections++;
  g_mutex_unlock (&connections_lock);

  g_object_weak_ref (G_OBJECT (connection), connection_gone, self);
}

gboolean
inspect_calls_are_alone (InspectCalls *self)
{
  gboolean alone;

  g_mutex_lock (&connections_lock);
  alone = self->n_connections == 0;
  g_mutex_unlock (&connections_lock);

  return alone;
}

void
inspect_calls_init (InspectCalls *self,
                    GMainContext *context,
                    GCancellable *cancellable,
                    guint        *n_pending)
{
  *self = (InspectCalls) {
    .looker = inspect_looker_new (),
    .loop = inspect_loop_new (),
    .context = context,
    .cancellable = cancellable,
    .n_pending = n_pending,
  };
}

void
inspect_calls_clear (InspectCalls *self)
{
  g_clear_pointer (&self->looker, inspect_looker_free);
  g_clear_pointer (&self->loop, inspect_loop_free);
}
