/* Our end of a pipe that a child writes to.
 *
 * SPDX-License-Identifier: LGPL-2.1-or-later
 */

#pragma once

#include "io/pipe-kind.h"
#include "runtime/worker.h"

G_BEGIN_DECLS

typedef struct _PipeSource PipeSource;

/* What takes the bytes. All functions are called on the worker and may stop or close the source. */
typedef struct
{
  /* Memory for the next read and its size; NULL: the worker's scratch memory. */
  guint8 *(* reserve) (gpointer consumer,
                       gsize   *ret_size);

  /* @length > 0 bytes were read to @data, which is what reserve gave or the scratch memory. FALSE
   * with errno: they cannot be taken, and the pipe ends here.
   */
  gboolean (* take) (gpointer      consumer,
                     const guint8 *data,
                     gsize         length);

  /* The pipe is at its end (0) or broken (an errno); it has been closed. The last call. */
  void (* ended) (gpointer consumer,
                  int      error_number);
} PipeConsumer;

/* Embedded in its owner, which holds it until it is closed. Thread: WORKER. */
struct _PipeSource
{
  EventWatch watch;
  Worker *worker;
  int fd; /* -1: none, or closed */
  const PipeConsumer *consumer;
  gpointer consumer_data;
  PipeKind kind; /* set by the owner before the start, if it is no pipe */
  guint64 n_read;
  guint n_full_reads;
  gboolean fixed_size; /* set by the owner: it is not made larger */
  gboolean grown;
  guint32 trace_number; /* set by the owner: its process, and which of the child's fds it is */
  guint8 trace_stdio;
};

/* Adopts @fd, which is nonblocking; -1 makes a source that is closed already. Nothing is read
 * before pipe_source_start().
 */
void pipe_source_init (PipeSource *self,
                       Worker     *worker,
                       int         fd);

gboolean pipe_source_is_open (const PipeSource *self);
gboolean pipe_source_is_reading (const PipeSource *self);

/* How many bytes have come so far: `n_read`, and what is in the pipe at this moment. */
guint64 pipe_source_count_arrived (const PipeSource *self);

/* Reads and hands over what comes until the end or pipe_source_stop(); nothing before this
 * returns.
 */
void pipe_source_start (PipeSource         *self,
                        const PipeConsumer *consumer,
                        gpointer            consumer_data);

/* Reads into @room, up to @size bytes, instead of handing over; the source must have been started
 * once. -1: nothing is there, or it has ended by that.
 */
gssize pipe_source_read (PipeSource *self,
                         guint8     *room,
                         gsize       size);

/* More reads than empty any pipe, even one in small pieces of memory; a writer that never rests
 * must not keep the worker.
 */
#define PIPE_SOURCE_ALL 256

/* Hands over what is in the pipe at this moment, without waiting and with @n_most reads; the source
 * must have been started. May end it.
 */
void pipe_source_drain (PipeSource *self,
                        guint       n_most);

/* For one that is stopped: ends it if there is nothing in the pipe and nobody any more who could
 * write to it. That is what it would find when it is started again.
 */
void pipe_source_end_if_empty (PipeSource *self);

/* Leaves what comes in the pipe. */
void pipe_source_stop (PipeSource *self);

/* Without a call of ended. */
void pipe_source_close (PipeSource *self);

G_END_DECLS
