/* SPDX-License-Identifier: LGPL-2.1-or-later */

/* Thread: ANY; the thread `proctor-inspect` is called INSPECT in this room. */

#include "config.h"

#include "inspect/inspect-service.h"

#include <glib/gi18n-lib.h>
#include <pthread.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "base/base-fd.h"
#include "base/base-thread.h"
#include "inspect/inspect-bus.h"
#include "inspect/inspect-calls.h"
#include "inspect/inspect-socket.h"
#include "runtime/runtime.h"
#include "runtime/worker.h"

typedef enum
{
  WAY_ANY, /* the bus; where there is none, the socket */
  WAY_BUS,
  WAY_SOCKET,
} Way;

typedef enum
{
  STAGE_STARTING,
  STAGE_READY,
  STAGE_FAILED,
  STAGE_CLOSED, /* it has been stopped, and nobody can reach it any more */
} Stage;

/* One run of the thread. It has a main context of its own and waits for nothing but that, so that
 * it answers whatever the rest of the program does.
 *
 * When it is stopped it closes what is open, and stays until its last call is answered or given up
 * (`n_pending`), which may take as long as a worker likes, and until GDBus has let go of what it
 * had.
 */
typedef struct
{
  gatomicrefcount ref_count; /* its thread's, and that of `service` */

  /* immutable after construction */
  GMainContext *context; /* owned */
  char *bus_address;     /* owned; NULL: there is no bus, or it is not wanted */
  char *socket_path;     /* owned; NULL: it is not wanted */
  gboolean warns;        /* nobody waits for the error */

  /* guarded by service_lock */
  GThread *thread; /* owned; NULL once somebody has taken it */
  Stage stage;
  GError *error;   /* of a failure */

  /* INSPECT only */
  GCancellable *cancellable; /* owned */
  guint n_pending;
  InspectCalls calls;
  InspectBus *bus;       /* owned; NULL: none */
  InspectSocket *socket; /* owned; NULL: none */
  gboolean ends;
} Service;

static GMutex service_lock;
static GCond service_changed;      /* with service_lock */
static Service *service;           /* owned; guarded by service_lock */
static guint n_closing;            /* guarded by service_lock; those on their way to STAGE_CLOSED */
static gboolean is_wanted;         /* guarded by service_lock */
static gboolean environment_read;  /* guarded by service_lock */
static Way wanted_way;             /* guarded by service_lock */

/* Taken alone. A socket is opened with it, so that a program that ends meanwhile leaves none. */
static GMutex socket_lock;
static char *path_to_remove;  /* of the socket that is open; guarded by socket_lock */
static gboolean program_ends; /* guarded by socket_lock */

static Service *
service_ref (Service *self)
{
  g_atomic_ref_count_inc (&self->ref_count);
  return self;
}

static void
service_unref (Service *self)
{
  if (!g_atomic_ref_count_dec (&self->ref_count))
    return;

  g_main_context_unref (self->context);
  g_free (self->bus_address);
  g_free (self->socket_path);
  g_clear_pointer (&self->thread, g_thread_unref);
  g_clear_error (&self->error);
  g_free (self);
}

static void
set_stage (Service      *self,
           Stage         stage,
           const GError *error)
{
  g_mutex_lock (&service_lock);
  self->stage = stage;
  if (error != NULL && self->error == NULL)
    self->error = g_error_copy (error);
  g_cond_broadcast (&service_changed);
  g_mutex_unlock (&service_lock);

  if (stage == STAGE_FAILED && self->warns)
    g_warning ("Nobody can look into this program: %s", error->message);
}

/* ---- in its thread */

/* FALSE: the program ends, and nobody waits for the answer. */
static gboolean
open_socket_in_service (Service  *self,
                        GError  **error)
{
  gboolean may_open;

  g_mutex_lock (&socket_lock);
  may_open = !program_ends;
  if (may_open)
    self->socket = inspect_socket_open (self->socket_path, &self->calls, error);
  if (self->socket != NULL)
    path_to_remove = g_strdup (self->socket_path);
  g_mutex_unlock (&socket_lock);

  return may_open;
}

static void
close_socket_in_service (Service *self)
{
  if (self->socket == NULL)
    return;

  g_mutex_lock (&socket_lock);
  g_clear_pointer (&path_to_remove, g_free);
  g_mutex_unlock (&socket_lock);
  g_clear_pointer (&self->socket, inspect_socket_close);
}

static void
close_in_service (Service *self)
{
  self->ends = TRUE;
  worker_count_turns (FALSE);
  g_cancellable_cancel (self->cancellable);
  g_clear_pointer (&self->bus, inspect_bus_close);
  close_socket_in_service (self);
}

static void
listen_in_service (Service      *self,
                   const GError *bus_error)
{
  g_autoptr(GError) error = NULL;

  if (self->socket_path == NULL)
    {
      set_stage (self, STAGE_FAILED, bus_error);
      return;
    }

  if (open_socket_in_service (self, &error))
    set_stage (self, self->socket != NULL ? STAGE_READY : STAGE_FAILED, error);
}

static void
bus_answered_in_service (const GError *error,
                         gpointer      data)
{
  Service *self = data;

  if (error == NULL)
    {
      set_stage (self, STAGE_READY, NULL);
      return;
    }

  g_debug ("This program cannot be found on the session bus: %s", error->message);
  g_clear_pointer (&self->bus, inspect_bus_close);
  listen_in_service (self, error);
}

static void
open_in_service (Service *self)
{
  g_autoptr(GError) error = NULL;

  if (self->bus_address != NULL)
    {
      self->bus =
        inspect_bus_open (self->bus_address, &self->calls, bus_answered_in_service, self);
      return;
    }

  error = g_error_new_literal (G_IO_ERROR, G_IO_ERROR_NOT_FOUND, _("There is no session bus"));
  listen_in_service (self, error);
}

static gpointer
service_thread (gpointer data)
{
  Service *self = data;

  g_main_context_push_thread_default (self->context);
  self->cancellable = g_cancellable_new ();
  inspect_calls_init (&self->calls, self->context, self->cancellable, &self->n_pending);
  worker_count_turns (TRUE);

  open_in_service (self);
  while (!self->ends)
    g_main_context_iteration (self->context, TRUE);
  set_stage (self, STAGE_CLOSED, NULL);
  while (self->n_pending > 0 || !inspect_calls_are_alone (&self->calls) ||
         g_main_context_pending (self->context))
    g_main_context_iteration (self->context, TRUE);

  inspect_calls_clear (&self->calls);
  g_object_unref (self->cancellable);
  g_main_context_pop_thread_default (self->context);
  service_unref (self);
  return NULL;
}

static gboolean
end_cb (gpointer data)
{
  close_in_service (data);
  return G_SOURCE_REMOVE;
}

/* ---- from outside */

static void
begin_locked (gboolean warns)
{
  Service *self = g_new0 (Service, 1);
  StdioFilling filling;
  sigset_t mask;

  g_atomic_ref_count_init (&self->ref_count);
  fd_fill_stdio (&filling);
  self->context = g_main_context_new ();
  fd_leave_stdio (&filling);
  self->warns = warns;
  if (wanted_way != WAY_SOCKET)
    self->bus_address = inspect_bus_dup_address ();
  if (wanted_way != WAY_BUS)
    self->socket_path = inspect_socket_dup_path ();

  /* It starts with its creator's mask, so there is no moment in which it could take a signal. */
  pthread_sigmask (SIG_SETMASK, NULL, &mask);
  thread_block_signals ();
  self->thread =
    g_thread_try_new ("proctor-inspect", service_thread, service_ref (self), &self->error);
  pthread_sigmask (SIG_SETMASK, &mask, NULL);
  if (self->thread == NULL)
    {
      self->stage = STAGE_FAILED;
      service_unref (self);
    }

  service = self;
}

/* Nobody can reach it when this returns. The thread is joined if nothing is left that could keep
 * it, or with @joins, when nothing can any more.
 */
static void
end_locked (gboolean joins)
{
  Service *self = g_steal_pointer (&service);
  GThread *thread;

  if (self == NULL)
    return;

  thread = g_steal_pointer (&self->thread);
  if (thread != NULL)
    {
      GSource *source = g_idle_source_new ();

      g_source_set_priority (source, G_PRIORITY_HIGH);
      g_source_set_callback (source, end_cb, self, NULL);
      g_source_attach (source, self->context);
      /* Not later: letting go of a source locks its context, which may have ended by then. */
      g_source_unref (source);
      n_closing++;
      while (self->stage != STAGE_CLOSED)
        g_cond_wait (&service_changed, &service_lock);
      n_closing--;
      g_cond_broadcast (&service_changed);

      g_mutex_unlock (&service_lock);
      if (joins)
        g_thread_join (thread);
      else
        g_thread_unref (thread);
      g_mutex_lock (&service_lock);
    }
  service_unref (self);
}

static gboolean
await_locked (GError **error)
{
  Service *self = service_ref (service);
  gboolean is_ready;

  while (self->stage == STAGE_STARTING)
    g_cond_wait (&service_changed, &service_lock);

  is_ready = self->stage == STAGE_READY;
  if (!is_ready && self->error != NULL)
    g_propagate_error (error, g_error_copy (self->error));
  else if (!is_ready)
    g_set_error_literal (error, G_IO_ERROR, G_IO_ERROR_CANCELLED,
                         _("Another thread has stopped it meanwhile"));
  service_unref (self);
  return is_ready;
}

/* A program with more rights than its user is not opened by a variable of that user's. */
static void
read_environment_locked (void)
{
  const char *setting = secure_getenv ("PROCTOR_INSPECT");

  environment_read = TRUE;
  if (setting == NULL || *setting == '\0' || strcmp (setting, "0") == 0)
    return;

  if (strcmp (setting, "bus") == 0)
    wanted_way = WAY_BUS;
  else if (strcmp (setting, "socket") == 0)
    wanted_way = WAY_SOCKET;
  else if (strcmp (setting, "1") != 0)
    g_warning ("PROCTOR_INSPECT is “%s”, and has to be “1”, “bus”, “socket” or “0”", setting);
  is_wanted = TRUE;
}

/* The name on the bus and the socket's path are those of the one before; that has to be away. */
static void
ensure_locked (gboolean warns)
{
  while (service == NULL)
    {
      if (n_closing == 0)
        begin_locked (warns);
      else
        g_cond_wait (&service_changed, &service_lock);
    }
}

/* A failed one is tried again. */
gboolean
inspect_service_start (GError **error)
{
  gboolean is_ready;

  g_mutex_lock (&service_lock);
  if (!environment_read)
    read_environment_locked ();
  is_wanted = TRUE;
  if (service != NULL && service->stage == STAGE_FAILED)
    end_locked (FALSE);
  ensure_locked (FALSE);
  is_ready = await_locked (error);
  g_mutex_unlock (&service_lock);

  return is_ready;
}

void
inspect_service_stop (void)
{
  g_mutex_lock (&service_lock);
  environment_read = TRUE;
  is_wanted = FALSE;
  end_locked (FALSE);
  g_mutex_unlock (&service_lock);
}

void
inspect_service_rest (void)
{
  g_mutex_lock (&service_lock);
  end_locked (TRUE);
  g_mutex_unlock (&service_lock);
}

/* In the thread that has started the first process, which does not wait for it. */
static void
service_started (void)
{
  g_mutex_lock (&service_lock);
  if (!environment_read)
    read_environment_locked ();
  if (is_wanted)
    ensure_locked (TRUE);
  g_mutex_unlock (&service_lock);
}

static void __attribute__ ((constructor))
wait_for_start (void)
{
  runtime_set_started_func (service_started);
}

/* The program ends, and nobody can look into it any more. */
static void __attribute__ ((destructor))
remove_socket_at_exit (void)
{
  if (program_is_forked_copy ())
    return;

  g_mutex_lock (&socket_lock);
  program_ends = TRUE;
  if (path_to_remove != NULL)
    unlink (path_to_remove);
  g_clear_pointer (&path_to_remove, g_free);
  g_mutex_unlock (&socket_lock);
}
