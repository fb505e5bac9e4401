/* SPDX-License-Identifier: LGPL-2.1-or-later */

/* Thread: WORKER. Only the functions of pipe-actor.h may be called from others. */

#include "config.h"

#include "transport/pipe-actor.h"

#include <errno.h>
#include <fcntl.h>
#include <glib/gi18n-lib.h>
#include <sys/epoll.h>
#include <sys/stat.h>
#include <unistd.h>

#include "base/base-fd.h"
#include "base/base-thread.h"
#include "runtime/caller-context.h"
#include "runtime/runtime.h"

/* Holds a reference to itself from the start until the pipe is closed. */
struct _PipeActor
{
  Actor actor;

  /* immutable after construction */
  ReadChannel *reader;  /* owned; one of the two */
  WriteChannel *writer;

  /* the starting thread's, then worker only */
  int fd; /* owned until it is in the source or sink */
  Message start_message;
  Message release_message;
  PipeSource source;
  PipeSink sink;
  gboolean started;
  gboolean shutting_down; /* the service ends */
  gboolean released;
};

static void
released_in_worker (Actor   *actor,
                    Message *message)
{
  actor_unref (actor);
}

static void
pipe_changed_in_worker (Actor *actor)
{
  PipeActor *self = (PipeActor *) actor;

  if (self->released || pipe_source_is_open (&self->source) || pipe_sink_is_open (&self->sink))
    return;

  /* Later, by a message: the caller is in the middle of the pipe's event. */
  self->released = TRUE;
  actor_post (actor, &self->release_message, released_in_worker);
}

static void
end_in_worker (PipeActor *self)
{
  if (self->reader != NULL)
    {
      pipe_source_close (&self->source);
      read_channel_end (self->reader, 0);
    }
  else
    {
      write_channel_abort (self->writer);
    }
  runtime_actor_ended (&self->actor);
}

/* One that is being made will be started, and ends then. */
static void
shut_down_in_worker (Actor   *actor,
                     Message *message)
{
  PipeActor *self = (PipeActor *) actor;

  self->shutting_down = TRUE;
  if (self->started)
    end_in_worker (self);
}

static void
start_in_worker (Actor   *actor,
                 Message *message)
{
  PipeActor *self = (PipeActor *) actor;
  int fd = self->fd;

  self->fd = -1;
  self->started = TRUE;
  if (self->reader != NULL)
    {
      pipe_source_init (&self->source, actor->worker, fd);
      read_channel_start (self->reader, &self->source);
    }
  else
    {
      pipe_sink_init (&self->sink, actor->worker, fd, NULL, NULL);
      write_channel_start (self->writer, &self->sink);
    }

  if (self->shutting_down)
    end_in_worker (self);
}

static void
pipe_actor_free (Actor *actor)
{
  PipeActor *self = (PipeActor *) actor;

  fd_clear (&self->fd);
  g_clear_pointer (&self->reader, read_channel_unref);
  g_clear_pointer (&self->writer, write_channel_unref);
  g_free (self);
}

/* Devices like /dev/null cannot be waited for either. epoll_ctl(2) knows: EPERM. */
static gboolean
device_can_be_polled (int fd)
{
  struct epoll_event event = { 0 };
  int epoll_fd = epoll_create1 (EPOLL_CLOEXEC);
  gboolean refused;

  if (epoll_fd < 0)
    return TRUE;

  refused = epoll_ctl (epoll_fd, EPOLL_CTL_ADD, fd, &event) < 0 && errno == EPERM;
  close (epoll_fd);
  return !refused;
}

static gboolean
check_kind (int                 fd,
            const struct stat  *status,
            GError            **error)
{
  if (!S_ISREG (status->st_mode) && !S_ISDIR (status->st_mode) &&
      (!S_ISCHR (status->st_mode) || device_can_be_polled (fd)))
    return TRUE;

  g_set_error (error, G_IO_ERROR, G_IO_ERROR_NOT_SUPPORTED,
               S_ISCHR (status->st_mode)
                 ? _("File descriptor %d is a device that cannot be waited for")
                 : _("File descriptor %d is a regular file or a directory: there is nothing to "
                     "wait for"),
               fd);
  return FALSE;
}

static gboolean
check_mode (int       fd,
            int       flags,
            int       wanted_mode,
            GError  **error)
{
  int mode = flags & O_ACCMODE;

  if (mode == O_RDWR || mode == wanted_mode)
    return TRUE;

  g_set_error (error, G_IO_ERROR, G_IO_ERROR_INVALID_ARGUMENT,
               wanted_mode == O_RDONLY ? _("File descriptor %d is not open for reading")
                                       : _("File descriptor %d is not open for writing"),
               fd);
  return FALSE;
}

static gboolean
check_fd (int      fd,
          int      wanted_mode,
          GError **error)
{
  struct stat status;
  int flags = fcntl (fd, F_GETFL);
  int error_number;

  if (flags >= 0 && fstat (fd, &status) == 0)
    {
      if (!check_kind (fd, &status, error) || !check_mode (fd, flags, wanted_mode, error))
        return FALSE;
      if (fcntl (fd, F_SETFL, flags | O_NONBLOCK) == 0)
        return TRUE;
    }

  error_number = errno;
  g_set_error (error, G_IO_ERROR, g_io_error_from_errno (error_number),
               _("Could not use file descriptor %d: %s"), fd, g_strerror (error_number));
  return FALSE;
}

/* Takes over @fd, also when it fails. */
static PipeActor *
pipe_actor_new (int fd)
{
  PipeActor *self = g_new0 (PipeActor, 1);

  actor_init (&self->actor, NULL, pipe_actor_free);
  /* What is not open may be another thread's soon. */
  self->fd = fcntl (fd, F_GETFD) >= 0 ? fd : -1;
  pipe_source_init (&self->source, NULL, -1);
  pipe_sink_init (&self->sink, NULL, -1, NULL, NULL);
  return self;
}

/* The last step of making one. */
static PipeActor *
add_or_free (PipeActor  *self,
             int         fd,
             int         wanted_mode,
             GError    **error)
{
  if (program_check_not_forked (error) && check_fd (fd, wanted_mode, error) &&
      runtime_add_actor (&self->actor, shut_down_in_worker, error))
    return self;

  pipe_actor_free (&self->actor);
  return NULL;
}

PipeActor *
pipe_actor_new_reader (int      fd,
                       gsize    limit,
                       GError **error)
{
  PipeActor *self = pipe_actor_new (fd);

  self->reader = read_channel_new (&self->actor, limit, pipe_changed_in_worker);
  return add_or_free (self, fd, O_RDONLY, error);
}

PipeActor *
pipe_actor_new_writer (int      fd,
                       GError **error)
{
  PipeActor *self = pipe_actor_new (fd);

  self->writer = write_channel_new (&self->actor, pipe_changed_in_worker);
  return add_or_free (self, fd, O_WRONLY, error);
}

Actor *
pipe_actor_get_actor (PipeActor *self)
{
  return &self->actor;
}

ReadChannel *
pipe_actor_get_read_channel (PipeActor *self)
{
  return self->reader;
}

WriteChannel *
pipe_actor_get_write_channel (PipeActor *self)
{
  return self->writer;
}

void
pipe_actor_start (PipeActor *self)
{
  actor_ref (&self->actor);
  actor_post (&self->actor, &self->start_message, start_in_worker);
}

void
pipe_actor_unref (PipeActor *self)
{
  actor_unref (&self->actor);
}

void
pipe_actor_close_fd (int fd)
{
  fd_clear (&fd);
}

/* ---- connecting in a context */

typedef struct
{
  Delivery delivery;
  CallerContext *caller; /* owned */
  GTask *task;           /* owned */
  int fd;
  void (*connect_func) (GTask *task,
                        int    fd);
} LateConnect;

static void
connect_in_context (Delivery *delivery)
{
  LateConnect *self = (LateConnect *) delivery;

  if (g_task_return_error_if_cancelled (self->task))
    pipe_actor_close_fd (self->fd);
  else
    self->connect_func (self->task, self->fd);

  g_object_unref (self->task);
  caller_context_unref (self->caller);
  g_free (self);
}

void
pipe_actor_connect_later (int                   fd,
                          GObject              *protocol,
                          GCancellable         *cancellable,
                          GAsyncReadyCallback   callback,
                          gpointer              user_data,
                          gpointer              source_tag,
                          void                (*connect_func) (GTask *task,
                                                               int    fd))
{
  g_autoptr(GTask) task = g_task_new (NULL, cancellable, callback, user_data);
  LateConnect *self;
  GError *error = NULL;

  g_task_set_source_tag (task, source_tag);
  g_task_set_check_cancellable (task, FALSE);
  if (!program_check_not_forked (&error))
    {
      pipe_actor_close_fd (fd);
      g_task_return_error (task, error);
      return;
    }

  g_task_set_task_data (task, g_object_ref (protocol), g_object_unref);
  self = g_new0 (LateConnect, 1);
  self->caller = caller_context_ref_thread_default ();
  self->task = g_steal_pointer (&task);
  self->fd = fd;
  self->connect_func = connect_func;
  caller_context_post (self->caller, &self->delivery, connect_in_context);
}
