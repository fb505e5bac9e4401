/* What is recorded in a trace, and how a record is read.
 *
 * SPDX-License-Identifier: LGPL-2.1-or-later
 */

#pragma once

#include <glib.h>
#include <sys/types.h>
#include <time.h>

G_BEGIN_DECLS

typedef enum
{
  TRACE_COMMAND,       /* the snapshot; the text is the command */
  TRACE_QUEUED,        /* for a spawner; sent */
  TRACE_SPAWN_BEGIN,   /* received */
  TRACE_FDS,           /* the value is of trace_fds_value() */
  TRACE_SPAWN_END,     /* the value is the pid */
  TRACE_SPAWN_FAILED,  /* the text says why */
  TRACE_FIRST_INPUT,   /* the value is a pipe's, with the bytes of the first write */
  TRACE_FIRST_OUTPUT,  /* the same with the first read */
  TRACE_PAUSE,         /* a pipe's: it is not read */
  TRACE_RESUME,        /* a pipe's */
  TRACE_EOF,           /* a pipe's, with an errno; of stdin: it was closed */
  TRACE_SIGNAL,        /* the value is the signal */
  TRACE_EXITED,        /* the watcher has noticed */
  TRACE_REAPED,        /* the value is the wait status, or TRACE_STATUS_LOST */
  TRACE_ANSWERED,      /* what was asked for is done; sent */
  TRACE_DELIVERED,     /* received by who has asked */
  TRACE_RETURNED,      /* from the callback */
  TRACE_RELEASED,      /* the actor has nothing left to do */
  TRACE_MESSAGE_SENT,  /* to an actor; sent */
  TRACE_MESSAGE_BEGIN, /* received */
  TRACE_MESSAGE_END,
  TRACE_READ,          /* a pipe's, with the bytes; only logged, as the next */
  TRACE_WRITTEN,       /* a pipe's, with the bytes */
  TRACE_LOST,          /* the value counts the records for which the ring had no room */
  TRACE_N_STEPS,
} TraceStep;

#define TRACE_STATUS_LOST (-1)

#define TRACE_PIPE_VALUE(stdio, value) (((gint64) (value) << 2) | (stdio))

/* One slot of a ring. Text lies in as many slots after it as it needs. */
typedef struct
{
  gint64 time;  /* CLOCK_MONOTONIC, in nanoseconds */
  guint64 flow; /* 0: none */
  gint64 value;
  guint32 process; /* 0: none */
  guint16 step;
  guint16 n_text; /* bytes */
} TraceRecord;

/* The time of a record that is made now. */
static inline gint64
trace_now (void)
{
  struct timespec time;

  clock_gettime (CLOCK_MONOTONIC, &time);
  return time.tv_sec * G_GINT64_CONSTANT (1000000000) + time.tv_nsec;
}

#define TRACE_TEXT_SLOTS 5
#define TRACE_TEXT_SIZE (TRACE_TEXT_SLOTS * sizeof (TraceRecord))

/* The numbers of our ends of the pipes, each -1 for none, in one value. */
gint64 trace_fds_value (int stdin_fd,
                        int stdout_fd,
                        int stderr_fd);

/* The step's name, not translated: it stands in files for machines, too. */
const char *trace_step_get_name (TraceStep step);

/* Where the steps go, as bits: into the rings, and into the log by what they are about. */
#define TRACE_TO_RINGS (1U << 0)
#define TRACE_LOG_SPAWN (1U << 1)
#define TRACE_LOG_IO (1U << 2)
#define TRACE_LOG_WATCH (1U << 3)
#define TRACE_LOG_ACTOR (1U << 4)
#define TRACE_LOG_ALL (TRACE_LOG_SPAWN | TRACE_LOG_IO | TRACE_LOG_WATCH | TRACE_LOG_ACTOR)

/* The one that lets it be logged, or 0. */
guint trace_step_get_log_bit (TraceStep step);

/* Whether it is one of a process's steps, and not of the messages between threads. */
gboolean trace_step_is_of_process (TraceStep step);

/* What the value or the text says, or NULL; to be freed. */
char *trace_record_describe (const TraceRecord *record,
                             const char        *text);

G_END_DECLS
