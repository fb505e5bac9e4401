/* SPDX-License-Identifier: LGPL-2.1-or-later */

/* Thread: WORKER, but for what process-look.h says otherwise of. */

#include "config.h"

#include "process/process-look.h"

#include <fcntl.h>
#include <stdlib.h>
#include <sys/ioctl.h>
#include <sys/stat.h>

#include "process/process-actor-private.h"
#include "runtime/worker.h"

/* ---- pipes */

static void
name_file (PipeLook *look,
           int       fd)
{
  struct stat file;

  if (look->kind == PIPE_KIND_TERMINAL)
    {
      if (ptsname_r (fd, look->name, sizeof look->name) != 0)
        look->name[0] = '\0';
    }
  else if (look->kind == PIPE_KIND_PIPE && fstat (fd, &file) == 0 && S_ISFIFO (file.st_mode))
    {
      g_snprintf (look->name, sizeof look->name, "pipe:[%" G_GUINT64_FORMAT "]",
                  (guint64) file.st_ino);
    }
}

/* What is in the kernel's hands. Of a pipe both ends tell it. */
static void
look_at_fd (PipeLook *look,
            int       fd)
{
  int n_unread;

  look->is_open = fd >= 0;
  look->in_pipe = look->pipe_size = -1;
  if (fd < 0)
    return;

  name_file (look, fd);
  if (look->kind != PIPE_KIND_PIPE)
    return;
  if (ioctl (fd, FIONREAD, &n_unread) == 0)
    look->in_pipe = n_unread;
  look->pipe_size = fcntl (fd, F_GETPIPE_SZ);
}

static void
look_at_input (ProcessActor *self,
               PipeLook     *look)
{
  gboolean closing = FALSE;

  look->is_ours = self->has_input || self->input_pumped;
  if (!look->is_ours)
    return;

  look->kind = self->input.kind;
  look_at_fd (look, self->input.fd);
  look->is_pumped = self->input_pumped;
  look->n_bytes = self->input.n_sent;
  look->held = self->input.unsent;
  look->is_ending = self->input.eof_queued;
  look->blocked_since = self->input.blocked_since;
  if (self->writer != NULL)
    {
      write_channel_look (self->writer, &look->held, &look->n_waiting, &closing);
      look->is_ending |= closing;
    }
}

static void
look_at_output (ProcessActor *self,
                Output       *output,
                PipeLook     *look)
{
  ReadChannelLook channel;

  look->is_ours = output->captured || output->pumped;
  if (!look->is_ours)
    return;

  look->kind = output->source.kind;
  look_at_fd (look, output->source.fd);
  look->is_pumped = output->pumped;
  look->n_bytes = output->source.n_read;
  look->is_collected = self->communication != NULL && !output->pumped;
  look->held = output->collector.kept.length;
  if (output->channel == NULL)
    return;

  read_channel_look (output->channel, &channel);
  look->limit = channel.limit;
  look->n_waiting = channel.awaited ? 1 : 0;
  look->held += channel.held;
  look->is_held_back = channel.held_back;
  /* A thread that reads by itself is missed only where there is something to be read. */
  look->is_paused = channel.paused && !look->is_collected && look->is_open &&
                    (!channel.pulled || look->in_pipe > 0);
  look->paused_since = channel.paused_since;
}

/* ---- the process */

static ProcessStage
find_stage (ProcessActor *self)
{
  if (self->job != NULL)
    return PROCESS_STAGE_STARTING;
  if (!self->started)
    return PROCESS_STAGE_QUEUED;
  if (self->child == NULL)
    return PROCESS_STAGE_FAILED;
  return self->exited ? PROCESS_STAGE_EXITED : PROCESS_STAGE_RUNNING;
}

static guint
count_messages (const Actor *actor)
{
  guint n_messages = 0;

  for (const Message *message = actor->first; message != NULL;
       message = (const Message *) message->item.next)
    n_messages++;

  return n_messages;
}

static gint64
find_next_step (ProcessActor *self)
{
  gint64 next = G_MAXINT64;

  if (self->own_plan != NULL)
    next = self->own_progress.deadline;
  for (GList *link = self->stops.head; link != NULL; link = link->next)
    next = MIN (next, ((Operation *) link->data)->progress.deadline);

  return next < G_MAXINT64 ? next : 0;
}

static gint64
get_deadline (const Timer *timer)
{
  return timer->position != 0 ? timer->deadline : 0;
}

gboolean
process_look (ProcessActor *self,
              ProcessLook  *look)
{
  g_return_val_if_fail (worker_is_current (self->actor.worker), FALSE);

  *look = (ProcessLook){ 0 };
  if (self->released)
    return FALSE;

  look->stage = find_stage (self);
  look->is_run = self->launch_kind == LAUNCH_RUN;
  look->has_handle = self->has_handle;
  look->is_reported = self->exit_reported;
  look->communicates = self->communication != NULL;
  look->is_detached = self->detached;
  look->shuts_down = self->shutting_down;
  look->tree_ends = self->tree_ends;
  look->n_waits = self->waits.length;
  look->n_stops = self->stops.length;
  look->stops = self->own_plan != NULL || self->stops.length > 0;
  look->next_step = find_next_step (self);
  look->timeout_at = get_deadline (&self->timeout_timer);
  look->give_up_at = get_deadline (&self->drain_timer);
  look->n_messages = count_messages (&self->actor);

  look_at_input (self, &look->pipes[0]);
  for (guint i = 0; i < G_N_ELEMENTS (self->outputs); i++)
    look_at_output (self, &self->outputs[i], &look->pipes[i + 1]);
  return TRUE;
}
