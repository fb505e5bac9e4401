/* SPDX-License-Identifier: LGPL-2.1-or-later */

/* Thread: methods ANY; the protocol is called in the transport's context. */

#include "config.h"

#include <proctor/proctor.h>

#include "base/base-thread.h"
#include "process/launch.h"
#include "process/proctor-process-private.h"
#include "transport/protocol-calls.h"
#include "transport/pump.h"
#include "transport/read-transport-private.h"
#include "transport/write-transport-private.h"

/**
 * ProctorSubprocessTransport:
 *
 * A process whose protocol is told what it writes, which of its pipes are closed, and when it
 * exits: asyncio's SubprocessTransport.
 *
 * The protocol is called in the context that was thread-default when the transport was opened:
 * `connection_made` first; data, losses of pipes and `process_exited` as they happen, each in order
 * for its pipe; `connection_lost` last, when the process has exited and all its pipes are closed.
 * Transport and protocol live until then, whoever holds them.
 *
 * Thread safety: any thread.
 *
 * Since: 1.0
 */
struct _ProctorSubprocessTransport
{
  GObject parent_instance;

  /* immutable after construction */
  CallerContext *caller;   /* owned */
  ProctorProcess *process; /* owned */
  GObject *pipes[3];       /* owned transports; NULL: no pipe */

  /* atomic */
  int closing;

  /* guarded by protocol_lock */
  GMutex protocol_lock;
  ProctorSubprocessProtocol *protocol; /* owned until the connection is lost */

  /* context only */
  guint n_open; /* pipes, and one for the process that has not exited */
};

G_DEFINE_FINAL_TYPE (ProctorSubprocessTransport, proctor_subprocess_transport, G_TYPE_OBJECT)

/* ---- telling the protocol */

static ProctorSubprocessProtocol *
dup_protocol (ProctorSubprocessTransport *self)
{
  ProctorSubprocessProtocol *protocol = NULL;

  g_mutex_lock (&self->protocol_lock);
  if (self->protocol != NULL)
    protocol = g_object_ref (self->protocol);
  g_mutex_unlock (&self->protocol_lock);

  return protocol;
}

/* One of the things that the connection consists of has ended. With the last one goes the reference
 * that it holds to itself.
 */
static void
note_end (ProctorSubprocessTransport *self)
{
  ProctorSubprocessProtocol *protocol;

  self->n_open--;
  if (self->n_open > 0)
    return;

  g_atomic_int_set (&self->closing, TRUE);
  g_mutex_lock (&self->protocol_lock);
  protocol = g_steal_pointer (&self->protocol);
  g_mutex_unlock (&self->protocol_lock);

  base_protocol_connection_lost (PROCTOR_BASE_PROTOCOL (protocol), NULL);
  g_object_unref (protocol);
  g_object_unref (self);
}

static void
tell_data (gpointer user,
           int      fd,
           GBytes  *data)
{
  g_autoptr(ProctorSubprocessProtocol) protocol = dup_protocol (user);

  subprocess_protocol_pipe_data_received (protocol, fd, data);
}

static void
tell_pipe_lost (gpointer      user,
                int           fd,
                const GError *error)
{
  g_autoptr(ProctorSubprocessProtocol) protocol = dup_protocol (user);

  subprocess_protocol_pipe_connection_lost (protocol, fd, error);
  note_end (user);
}

static void
tell_stdin_lost (gpointer      user,
                 const GError *error)
{
  tell_pipe_lost (user, 0, error);
}

static void
tell_pause (gpointer user)
{
  g_autoptr(ProctorSubprocessProtocol) protocol = dup_protocol (user);

  base_protocol_pause_writing (PROCTOR_BASE_PROTOCOL (protocol));
}

static void
tell_resume (gpointer user)
{
  g_autoptr(ProctorSubprocessProtocol) protocol = dup_protocol (user);

  base_protocol_resume_writing (PROCTOR_BASE_PROTOCOL (protocol));
}

static void
tell_exited (ProctorProcess             *process,
             ProctorSubprocessTransport *self)
{
  g_autoptr(ProctorSubprocessProtocol) protocol = dup_protocol (self);

  subprocess_protocol_process_exited (protocol);
  note_end (self);
}

static const ReadTransportUser read_user = { .data_received = tell_data, .closed = tell_pipe_lost };

static const WriteTransportUser write_user = {
  .pause_writing = tell_pause,
  .resume_writing = tell_resume,
  .closed = tell_stdin_lost,
};

/* ---- opening */

static void
make_pipes (ProctorSubprocessTransport *self,
            ProcessParts               *parts)
{
  Actor *actor = process_actor_get_actor (parts->actor);

  if (parts->writer != NULL)
    self->pipes[0] = G_OBJECT (proctor_write_transport_new (parts->writer, actor, self->caller,
                                                            parts->fds[0], &write_user, self));
  g_clear_pointer (&parts->writer, write_channel_unref);

  for (int fd = 1; fd <= 2; fd++)
    {
      ReadChannel **channel = &parts->readers[fd - 1];

      if (*channel != NULL)
        self->pipes[fd] =
          G_OBJECT (proctor_read_transport_new (*channel, actor, self->caller, parts->fds[fd],
                                                &read_user, self, fd));
      g_clear_pointer (channel, read_channel_unref);
    }
}

/* Nothing else is told before connection_made has returned, though it may run a main loop. */
static void
begin_in_context (gpointer transport)
{
  ProctorSubprocessTransport *self = transport;
  g_autoptr(ProctorSubprocessProtocol) protocol = dup_protocol (self);

  base_protocol_connection_made (PROCTOR_BASE_PROTOCOL (protocol), self);

  self->n_open = 1;
  for (guint i = 0; i < G_N_ELEMENTS (self->pipes); i++)
    self->n_open += self->pipes[i] != NULL;

  /* The reference that note_end() drops. */
  g_signal_connect (self->process, "exited", G_CALLBACK (tell_exited), g_object_ref (self));
  proctor_process_set_owner (self->process, caller_context_ref (self->caller));
  if (self->pipes[0] != NULL)
    proctor_write_transport_begin (PROCTOR_WRITE_TRANSPORT (self->pipes[0]));
  for (guint i = 1; i < G_N_ELEMENTS (self->pipes); i++)
    {
      if (self->pipes[i] != NULL)
        proctor_read_transport_begin (PROCTOR_READ_TRANSPORT (self->pipes[i]));
    }
}

/* Takes @parts and @caller. */
static ProctorSubprocessTransport *
make_transport (ProcessParts              *parts,
                CallerContext             *caller,
                ProctorSubprocessProtocol *protocol)
{
  ProctorSubprocessTransport *self = g_object_new (PROCTOR_TYPE_SUBPROCESS_TRANSPORT, NULL);

  self->caller = caller;
  self->protocol = g_object_ref (protocol);
  make_pipes (self, parts);
  self->process = proctor_process_new (parts, NULL);
  pump_begin_in_context (caller, self, begin_in_context);
  return self;
}

/**
 * proctor_command_open_transport:
 * @self: a command
 * @protocol: what is told of the process
 * @cancellable: (nullable): a cancellable
 * @error: return location for an error
 *
 * Starts a process and tells @protocol of it, in the context that is thread-default now.
 * `connection_made` is called before this returns, unless that context is another thread's.
 *
 * Where the command does not say otherwise, stdin, stdout and stderr are pipes.
 *
 * Errors: those of [method@Command.spawn].
 *
 * Thread safety: the thread that sets up @self, which may be any.
 *
 * Returns: (transfer full): the transport
 *
 * Since: 1.0
 */
ProctorSubprocessTransport *
proctor_command_open_transport (ProctorCommand             *self,
                                ProctorSubprocessProtocol  *protocol,
                                GCancellable               *cancellable,
                                GError                    **error)
{
  g_autoptr(Operation) operation = NULL;

  g_return_val_if_fail (PROCTOR_IS_COMMAND (self), NULL);
  g_return_val_if_fail (PROCTOR_IS_SUBPROCESS_PROTOCOL (protocol), NULL);

  operation = launch_blocking (self, LAUNCH_SPAWN_WITH_PIPES, NULL, cancellable, error);
  if (operation == NULL)
    return NULL;
  return make_transport (g_steal_pointer (&operation->payload),
                         caller_context_ref_thread_default (), protocol);
}

static void
return_transport (Operation *operation,
                  GTask     *task)
{
  if (operation->error != NULL)
    {
      g_task_return_error (task, g_steal_pointer (&operation->error));
      return;
    }

  g_task_return_pointer (task,
                         make_transport (g_steal_pointer (&operation->payload),
                                         caller_context_ref_for (g_task_get_context (task)),
                                         g_task_get_task_data (task)),
                         g_object_unref);
}

/**
 * proctor_command_open_transport_async:
 * @self: a command
 * @protocol: what is told of the process
 * @cancellable: (nullable): a cancellable
 * @callback: (scope async): called when the program runs, in the context that is thread-default now
 * @user_data: data for @callback
 *
 * Starts a process and tells @protocol of it. See [method@Command.open_transport];
 * `connection_made` is called before @callback.
 *
 * Thread safety: the thread that sets up @self, which may be any.
 *
 * Since: 1.0
 */
void
proctor_command_open_transport_async (ProctorCommand            *self,
                                      ProctorSubprocessProtocol *protocol,
                                      GCancellable              *cancellable,
                                      GAsyncReadyCallback        callback,
                                      gpointer                   user_data)
{
  GTask *task;

  g_return_if_fail (PROCTOR_IS_COMMAND (self));
  g_return_if_fail (PROCTOR_IS_SUBPROCESS_PROTOCOL (protocol));

  task = operation_task_new (self, cancellable, callback, user_data,
                             proctor_command_open_transport_async);
  g_task_set_task_data (task, g_object_ref (protocol), g_object_unref);
  launch_async (self, LAUNCH_SPAWN_WITH_PIPES, NULL, task, return_transport);
}

/**
 * proctor_command_open_transport_finish:
 * @self: a command
 * @result: what the callback was given
 * @error: return location for an error
 *
 * Takes the result of [method@Command.open_transport_async].
 *
 * Errors: see [method@Command.open_transport].
 *
 * Thread safety: the callback's thread.
 *
 * Returns: (transfer full): the transport
 *
 * Since: 1.0
 */
ProctorSubprocessTransport *
proctor_command_open_transport_finish (ProctorCommand  *self,
                                       GAsyncResult    *result,
                                       GError         **error)
{
  g_return_val_if_fail (g_task_is_valid (result, self), NULL);
  g_return_val_if_fail (g_async_result_is_tagged (result, proctor_command_open_transport_async),
                        NULL);

  return g_task_propagate_pointer (G_TASK (result), error);
}

/* ---- methods */

/**
 * proctor_subprocess_transport_get_pid:
 * @self: a transport
 *
 * The process id. See [method@Process.get_pid].
 *
 * Thread safety: any thread.
 *
 * Returns: the pid
 *
 * Since: 1.0
 */
GPid
proctor_subprocess_transport_get_pid (ProctorSubprocessTransport *self)
{
  g_return_val_if_fail (PROCTOR_IS_SUBPROCESS_TRANSPORT (self), 0);

  return proctor_process_get_pid (self->process);
}

/**
 * proctor_subprocess_transport_get_returncode:
 * @self: a transport
 * @returncode: (out) (optional): return location for the exit code, or -N if signal N ended the
 *   process
 *
 * How the process has ended. See [method@Process.get_returncode].
 *
 * Thread safety: any thread.
 *
 * Returns: %FALSE, with @returncode untouched, while it runs, and if its status is lost
 *
 * Since: 1.0
 */
gboolean
proctor_subprocess_transport_get_returncode (ProctorSubprocessTransport *self,
                                             int                        *returncode)
{
  g_return_val_if_fail (PROCTOR_IS_SUBPROCESS_TRANSPORT (self), FALSE);

  return proctor_process_get_returncode (self->process, returncode);
}

/**
 * proctor_subprocess_transport_get_pipe_transport:
 * @self: a transport
 * @fd: 0 for stdin, 1 for stdout, 2 for stderr
 *
 * The transport of one of the pipes: a [class@WriteTransport] for 0, a [class@ReadTransport] for 1
 * and 2.
 *
 * Thread safety: any thread.
 *
 * Returns: (transfer none) (nullable): the transport; %NULL if that is no pipe
 *
 * Since: 1.0
 */
GObject *
proctor_subprocess_transport_get_pipe_transport (ProctorSubprocessTransport *self,
                                                 int                         fd)
{
  g_return_val_if_fail (PROCTOR_IS_SUBPROCESS_TRANSPORT (self), NULL);

  return fd >= 0 && fd <= 2 ? self->pipes[fd] : NULL;
}

/**
 * proctor_subprocess_transport_send_signal:
 * @self: a transport
 * @signum: the number of a signal
 * @error: return location for an error
 *
 * Sends a signal to the process. See [method@Process.send_signal].
 *
 * Errors: see there.
 *
 * Thread safety: any thread.
 *
 * Returns: whether it was sent
 *
 * Since: 1.0
 */
gboolean
proctor_subprocess_transport_send_signal (ProctorSubprocessTransport  *self,
                                          int                          signum,
                                          GError                     **error)
{
  g_return_val_if_fail (PROCTOR_IS_SUBPROCESS_TRANSPORT (self), FALSE);

  return proctor_process_send_signal (self->process, signum, error);
}

/**
 * proctor_subprocess_transport_terminate:
 * @self: a transport
 * @error: return location for an error
 *
 * Asks the process to end. See [method@Process.terminate].
 *
 * Errors: see [method@Process.send_signal].
 *
 * Thread safety: any thread.
 *
 * Returns: whether it was sent
 *
 * Since: 1.0
 */
gboolean
proctor_subprocess_transport_terminate (ProctorSubprocessTransport  *self,
                                        GError                     **error)
{
  g_return_val_if_fail (PROCTOR_IS_SUBPROCESS_TRANSPORT (self), FALSE);

  return proctor_process_terminate (self->process, error);
}

/**
 * proctor_subprocess_transport_kill:
 * @self: a transport
 * @error: return location for an error
 *
 * Ends the process. See [method@Process.kill].
 *
 * Errors: see [method@Process.send_signal].
 *
 * Thread safety: any thread.
 *
 * Returns: whether it was sent
 *
 * Since: 1.0
 */
gboolean
proctor_subprocess_transport_kill (ProctorSubprocessTransport  *self,
                                   GError                     **error)
{
  g_return_val_if_fail (PROCTOR_IS_SUBPROCESS_TRANSPORT (self), FALSE);

  return proctor_process_kill (self->process, error);
}

/**
 * proctor_subprocess_transport_shut:
 * @self: a transport
 *
 * Closes all pipes, and kills the process if it still runs: asyncio's close. `connection_lost`
 * follows when it has been reaped and what was written to its stdin is sent or lost, which a
 * descendant that holds stdin can delay; see [method@WriteTransport.abort].
 *
 * Thread safety: any thread.
 *
 * Since: 1.0
 */
void
proctor_subprocess_transport_shut (ProctorSubprocessTransport *self)
{
  g_return_if_fail (PROCTOR_IS_SUBPROCESS_TRANSPORT (self));

  if (program_is_forked_copy () || !g_atomic_int_compare_and_exchange (&self->closing, FALSE, TRUE))
    return;

  /* First, or a broken pipe may end it. A process that has ended is not hit: it is PROCESS_LOOKUP.
   */
  proctor_process_kill (self->process, NULL);
  if (self->pipes[0] != NULL)
    proctor_write_transport_shut (PROCTOR_WRITE_TRANSPORT (self->pipes[0]));
  for (guint i = 1; i < G_N_ELEMENTS (self->pipes); i++)
    {
      if (self->pipes[i] != NULL)
        proctor_read_transport_shut (PROCTOR_READ_TRANSPORT (self->pipes[i]));
    }
}

/**
 * proctor_subprocess_transport_is_closing:
 * @self: a transport
 *
 * Whether it was shut, or its connection is lost.
 *
 * Thread safety: any thread.
 *
 * Returns: whether it is closing
 *
 * Since: 1.0
 */
gboolean
proctor_subprocess_transport_is_closing (ProctorSubprocessTransport *self)
{
  g_return_val_if_fail (PROCTOR_IS_SUBPROCESS_TRANSPORT (self), TRUE);

  return g_atomic_int_get (&self->closing);
}

/**
 * proctor_subprocess_transport_get_protocol:
 * @self: a transport
 *
 * The protocol that is told of the process.
 *
 * Thread safety: the transport's context.
 *
 * Returns: (transfer none) (nullable): the protocol; %NULL when the connection is lost
 *
 * Since: 1.0
 */
ProctorSubprocessProtocol *
proctor_subprocess_transport_get_protocol (ProctorSubprocessTransport *self)
{
  ProctorSubprocessProtocol *protocol;

  g_return_val_if_fail (PROCTOR_IS_SUBPROCESS_TRANSPORT (self), NULL);

  program_lock (&self->protocol_lock);
  protocol = self->protocol;
  program_unlock (&self->protocol_lock);

  return protocol;
}

/**
 * proctor_subprocess_transport_set_protocol:
 * @self: a transport
 * @protocol: another protocol
 *
 * Has another protocol told from now on. Its `connection_made` is not called. Without effect when
 * the connection is lost.
 *
 * Thread safety: the transport's context.
 *
 * Since: 1.0
 */
void
proctor_subprocess_transport_set_protocol (ProctorSubprocessTransport *self,
                                           ProctorSubprocessProtocol  *protocol)
{
  g_autoptr(ProctorSubprocessProtocol) old = NULL;

  g_return_if_fail (PROCTOR_IS_SUBPROCESS_TRANSPORT (self));
  g_return_if_fail (PROCTOR_IS_SUBPROCESS_PROTOCOL (protocol));

  if (program_is_forked_copy ())
    return;

  g_mutex_lock (&self->protocol_lock);
  if (self->protocol != NULL)
    {
      old = g_steal_pointer (&self->protocol);
      self->protocol = g_object_ref (protocol);
    }
  g_mutex_unlock (&self->protocol_lock);
}

/**
 * proctor_subprocess_transport_get_process:
 * @self: a transport
 *
 * The process. Its streams are the transport's: [method@Process.get_stdin] and its siblings give
 * %NULL.
 *
 * Thread safety: any thread.
 *
 * Returns: (transfer none): the process
 *
 * Since: 1.0
 */
ProctorProcess *
proctor_subprocess_transport_get_process (ProctorSubprocessTransport *self)
{
  g_return_val_if_fail (PROCTOR_IS_SUBPROCESS_TRANSPORT (self), NULL);

  return self->process;
}

/* ---- the class */

static void
proctor_subprocess_transport_finalize (GObject *object)
{
  ProctorSubprocessTransport *self = PROCTOR_SUBPROCESS_TRANSPORT (object);

  g_clear_object (&self->protocol);
  g_clear_object (&self->process);
  for (guint i = 0; i < G_N_ELEMENTS (self->pipes); i++)
    g_clear_object (&self->pipes[i]);
  g_clear_pointer (&self->caller, caller_context_unref);
  program_clear_lock (&self->protocol_lock);

  G_OBJECT_CLASS (proctor_subprocess_transport_parent_class)->finalize (object);
}

static void
proctor_subprocess_transport_class_init (ProctorSubprocessTransportClass *klass)
{
  G_OBJECT_CLASS (klass)->finalize = proctor_subprocess_transport_finalize;
}

static void
proctor_subprocess_transport_init (ProctorSubprocessTransport *self)
{
  g_mutex_init (&self->protocol_lock);
}
