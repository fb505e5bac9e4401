/* Our end of a pipe that a child reads from, with what is still to be sent.
 *
 * SPDX-License-Identifier: LGPL-2.1-or-later
 */

#pragma once

#include "io/pipe-kind.h"
#include "runtime/worker.h"

G_BEGIN_DECLS

typedef struct _PipeSink PipeSink;

/* Something was sent, or all is sent that was queued, or the pipe is closed, or it is lost. */
typedef void (*PipeSinkFunc) (PipeSink *sink,
                              gpointer  data);

/* Embedded in its owner, which holds it until it is closed. Thread: WORKER. */
struct _PipeSink
{
  EventWatch watch;
  Worker *worker;
  int fd; /* -1: none, closed or lost */
  GQueue queue;      /* of owned GBytes */
  gsize head_offset; /* how much of the first one is sent */
  gsize unsent;      /* bytes in the queue */
  guint64 n_sent;
  gint64 blocked_since; /* monotonic: the pipe has taken nothing since; 0: nothing is to be sent */
  guint32 trace_number; /* set by the owner: its process */
  gboolean eof_queued;
  PipeKind kind; /* set by the owner before anything is queued, if it is no pipe */
  gboolean in_line;        /* terminal only: what was queued last did not end a line */
  gboolean eof_characters; /* terminal only: they have been queued */
  gboolean fixed_size;     /* set by the owner: it is not made larger */
  gboolean grown;
  int error_number;  /* why it was lost; 0: it was not */
  PipeSinkFunc func;
  gpointer func_data;
};

/* Adopts @fd, which is nonblocking; -1 makes a sink that is closed already. */
void pipe_sink_init (PipeSink     *self,
                     Worker       *worker,
                     int           fd,
                     PipeSinkFunc  func,
                     gpointer      func_data);

gboolean pipe_sink_is_open (const PipeSink *self);

/* Sends @bytes after what is queued; keeps a reference until they are sent or given up. */
void pipe_sink_queue (PipeSink *self,
                      GBytes   *bytes);

/* Writes what the pipe takes now, while nothing is queued; how much that was. May call the
 * function, when the pipe is lost. Not for a terminal.
 */
gsize pipe_sink_write (PipeSink     *self,
                       const guint8 *data,
                       gsize         length);

/* Closes the pipe when all that is queued is sent. A terminal gets the character for the end of
 * input before (twice, where a line has been begun: the first one sends that), since its other
 * copies keep it open.
 */
void pipe_sink_queue_eof (PipeSink *self);

/* Writes what the pipe takes now, and the rest when it takes more. May call the function before it
 * returns.
 */
void pipe_sink_flush (PipeSink *self);

/* Replaces what is not sent yet by a copy, so that no memory of the caller's is held any more. */
void pipe_sink_copy_unsent (PipeSink *self);

/* Closes at once, without a call of the function; what was queued is given up. */
void pipe_sink_close (PipeSink *self);

G_END_DECLS
