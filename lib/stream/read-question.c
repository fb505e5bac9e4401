/* SPDX-License-Identifier: LGPL-2.1-or-later */

/* Thread: ANY: the reading thread, and for a task the thread that runs its context. */

#include "config.h"

#include "stream/read-question.h"

#include <glib/gi18n-lib.h>

#include "base/base-thread.h"

typedef struct
{
  ReadChannel *channel; /* owned */
  ReadRequest request;
  ReadReturnFunc return_func;
} ReadQuestion;

static gboolean
is_without_bytes (const ReadRequest *request)
{
  if (request->error != NULL)
    return g_error_matches (request->error, PROCTOR_ERROR, PROCTOR_ERROR_INCOMPLETE_READ);
  return request->n_read == 0 && (request->bytes == NULL || g_bytes_get_size (request->bytes) == 0);
}

/* A pipe that broke is an error once everything that had come was read. */
static GError *
take_error (ReadChannel *channel,
            ReadRequest *request)
{
  int error_number = is_without_bytes (request) ? read_channel_get_error (channel) : 0;

  if (error_number == 0)
    return g_steal_pointer (&request->error);
  return g_error_new (G_IO_ERROR, g_io_error_from_errno (error_number),
                      _("Could not read from the pipe: %s"), g_strerror (error_number));
}

static gboolean
try_again (gpointer      data,
           StreamWaiter *waiter)
{
  ReadQuestion *self = data;

  /* Before it waits: waiting has the worker read. */
  if (self->request.kind == READ_SOME &&
      (read_channel_try (self->channel, &self->request, NULL) ||
       read_channel_pull (self->channel, &self->request, TRUE)))
    return TRUE;

  return read_channel_try (self->channel, &self->request, waiter);
}

static void
forget (gpointer      data,
        StreamWaiter *waiter)
{
  read_channel_forget (((ReadQuestion *) data)->channel, waiter);
}

static void
return_answer (gpointer  data,
               GTask    *task,
               gboolean  cancelled)
{
  ReadQuestion *self = data;
  GError *error = cancelled ? g_error_new_literal (G_IO_ERROR, G_IO_ERROR_CANCELLED,
                                                   _("Operation was cancelled"))
                            : take_error (self->channel, &self->request);

  self->return_func (task, &self->request, error);
}

static void
free_question (gpointer data)
{
  ReadQuestion *self = data;

  read_request_clear (&self->request);
  read_channel_unref (self->channel);
  g_free (self);
}

static const StreamQuestion read_question = {
  .try_again = try_again,
  .forget = forget,
  .return_answer = return_answer,
  .free_question = free_question,
};

gboolean
read_question_ask_blocking (ReadChannel          *channel,
                            ReadRequest          *request,
                            ProctorChildWatcher  *watcher,
                            GCancellable         *cancellable,
                            GError              **error)
{
  ReadQuestion question = { .channel = channel, .request = *request };
  gboolean answered;
  GError *wrong;

  if (!program_check_not_forked (error) ||
      g_cancellable_set_error_if_cancelled (cancellable, error))
    return FALSE;

  /* Mostly it is there already. */
  answered = read_channel_try (channel, &question.request, NULL) ||
             read_channel_pull (channel, &question.request, FALSE) ||
             stream_wait_blocking (&read_question, &question, watcher, cancellable, error);
  *request = question.request;
  if (!answered)
    return FALSE;

  wrong = take_error (channel, request);
  if (wrong == NULL)
    return TRUE;

  g_propagate_error (error, wrong);
  return FALSE;
}

void
read_question_ask_async (ReadChannel    *channel,
                         ReadRequest    *request,
                         GTask          *task,
                         ReadReturnFunc  return_func)
{
  ReadQuestion *self = g_new0 (ReadQuestion, 1);

  self->channel = read_channel_ref (channel);
  self->request = *request;
  self->return_func = return_func;
  *request = (ReadRequest){ 0 };
  stream_wait_async (&read_question, self, task);
}
