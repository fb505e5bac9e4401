/* SPDX-License-Identifier: LGPL-2.1-or-later */

/* Thread: ANY; the rings are emptied by whoever holds session_lock. */

#include "config.h"

#include "trace/trace-session.h"

#include <errno.h>
#include <fcntl.h>
#include <glib/gi18n-lib.h>
#include <signal.h>
#include <stdlib.h>
#include <string.h>
#include <sys/file.h>
#include <sys/stat.h>
#include <time.h>
#include <unistd.h>

#include "base/base-fd.h"
#include "base/base-thread.h"
#include "trace/trace-log.h"
#include "trace/trace-rings.h"
#include "trace/trace-writer.h"
#include "trace/trace.h"

/* How often the rings are emptied. Where a ring was found this full, there is more to come. */
#define CALM_PERIOD (50 * G_TIME_SPAN_MILLISECOND)
#define BUSY_PERIOD (5 * G_TIME_SPAN_MILLISECOND)
#define BUSY_FROM (TRACE_RING_SLOTS / 8)

/* A record that is older than the beginning of a look at the rings is complete with all that it
 * follows from. This much later, one of a thread that was stopped between its clock and its ring
 * is most likely there as well, and everything is in the order of time.
 */
#define SLACK (20 * G_GINT64_CONSTANT (1000000))

typedef struct
{
  gatomicrefcount ref_count; /* one is its thread's */

  /* immutable after construction */
  gint64 start;
  int fd; /* owned */
  gboolean from_environment;

  /* guarded by session_lock */
  TraceWriter *writer; /* owned */
  GString *out;
  GArray *events;      /* of TraceEvent: taken from the rings and not written yet */
  GHashTable *threads; /* id → owned TraceThread */
  guint64 n_events;
  guint64 n_lost;
  GError *error; /* of a write; nothing more is written then */
  gboolean warned;
  gboolean finished;
  GThread *thread;
  gboolean thread_shall_end;
} TraceSession;

static GMutex session_lock;
static GCond session_changed; /* with session_lock */
static TraceSession *session; /* guarded by session_lock */
static gboolean environment_read; /* guarded by session_lock */

static void
event_clear (gpointer data)
{
  g_free (((TraceEvent *) data)->text);
}

static void
trace_thread_free (gpointer data)
{
  TraceThread *thread = data;

  g_free (thread->name);
  g_free (thread);
}

static TraceSession *
session_ref (TraceSession *self)
{
  g_atomic_ref_count_inc (&self->ref_count);
  return self;
}

static void
session_unref (TraceSession *self)
{
  if (!g_atomic_ref_count_dec (&self->ref_count))
    return;

  self->writer->free (self->writer);
  g_string_free (self->out, TRUE);
  g_array_unref (self->events);
  g_hash_table_unref (self->threads);
  g_clear_error (&self->error);
  fd_clear (&self->fd);
  g_free (self);
}

/* ---- from the rings */

typedef struct
{
  TraceSession *session;
  gboolean is_last; /* nothing is recorded any more */
  gboolean busy;
} Look;

/* A number that a later thread has got keeps what is known; the events come by time. */
static TraceThread *
get_thread (TraceSession    *self,
            const TraceRing *ring)
{
  gpointer key = GINT_TO_POINTER (ring->thread_id);
  TraceThread *thread = g_hash_table_lookup (self->threads, key);

  if (thread == NULL)
    {
      thread = g_new0 (TraceThread, 1);
      thread->id = ring->thread_id;
      g_hash_table_insert (self->threads, key, thread);
    }
  if (g_strcmp0 (thread->name, ring->thread_name) != 0)
    {
      g_free (thread->name);
      thread->name = g_utf8_make_valid (ring->thread_name, -1);
    }
  return thread;
}

static void
add_event (TraceSession      *self,
           const TraceRecord *record,
           TraceThread       *thread,
           const char        *text)
{
  TraceEvent event = { .record = *record, .sequence = self->n_events++, .thread = thread };

  if (record->step == TRACE_LOST)
    self->n_lost += (guint64) record->value;
  if (record->n_text > 0)
    event.text = g_utf8_make_valid (text, -1);
  g_array_append_val (self->events, event);
}

static void
add_lost (TraceSession *self,
          TraceThread  *thread,
          guint64       n_lost)
{
  TraceRecord record = { .time = trace_now (), .value = (gint64) n_lost, .step = TRACE_LOST };

  if (n_lost > 0)
    add_event (self, &record, thread, NULL);
}

/* What was recorded before the session belongs to an earlier one. */
static void
take_from_ring (TraceRing *ring,
                gpointer   data)
{
  Look *look = data;
  TraceSession *self = look->session;
  TraceThread *thread = get_thread (self, ring);
  char text[TRACE_TEXT_SIZE + 1];
  TraceRecord record;
  guint n_taken = 0;

  while (n_taken < TRACE_RING_SLOTS && trace_ring_pop (ring, &record, text))
    {
      n_taken++;
      if (record.time >= self->start)
        add_event (self, &record, thread, text);
    }
  look->busy |= n_taken > BUSY_FROM;
  if (look->is_last || atomic_load_explicit (&ring->abandoned, memory_order_acquire))
    add_lost (self, thread, atomic_exchange (&ring->n_lost, 0));
}

static int
compare_events (gconstpointer a,
                gconstpointer b)
{
  const TraceEvent *left = a;
  const TraceEvent *right = b;

  if (left->record.time != right->record.time)
    return left->record.time < right->record.time ? -1 : 1;
  return left->sequence < right->sequence ? -1 : 1;
}

/* ---- to the file */

/* The signal of it waits for this thread alone. */
static void
forget_broken_pipe (void)
{
  const struct timespec at_once = { 0, 0 };
  sigset_t broken_pipe;

  sigemptyset (&broken_pipe);
  sigaddset (&broken_pipe, SIGPIPE);
  sigtimedwait (&broken_pipe, NULL, &at_once);
}

static void
flush_locked (TraceSession *self)
{
  gsize done = 0;
  sigset_t mask;

  /* A reader that has gone is an error, and nothing else. */
  pthread_sigmask (SIG_SETMASK, NULL, &mask);
  thread_block_signals ();
  while (self->error == NULL && done < self->out->len)
    {
      gssize n = write (self->fd, self->out->str + done, self->out->len - done);

      if (n >= 0)
        done += (gsize) n;
      else if (errno != EINTR)
        {
          int error_number = errno;

          atomic_fetch_and (&trace_on, ~TRACE_TO_RINGS);
          g_set_error (&self->error, G_IO_ERROR, g_io_error_from_errno (error_number),
                       _("Could not write the trace: %s"), g_strerror (error_number));
        }
    }
  g_string_truncate (self->out, 0);
  if (self->error != NULL && !sigismember (&mask, SIGPIPE))
    forget_broken_pipe ();
  pthread_sigmask (SIG_SETMASK, &mask, NULL);
}

/* What is older than @until goes to the file. Whether there is most likely more soon. */
static gboolean
drain_locked (TraceSession *self,
              gint64        until,
              gboolean      is_last)
{
  Look look = { .session = self, .is_last = is_last };
  guint n_written = 0;

  if (self->finished)
    return FALSE;

  trace_rings_visit (take_from_ring, &look);
  add_lost (self, NULL, trace_rings_take_lost ());
  g_array_sort (self->events, compare_events);

  while (n_written < self->events->len)
    {
      const TraceEvent *event = &g_array_index (self->events, TraceEvent, n_written);

      if (event->record.time >= until)
        break;
      self->writer->event (self->writer, event);
      n_written++;
    }
  if (n_written > 0)
    g_array_remove_range (self->events, 0, n_written);
  flush_locked (self);
  return look.busy;
}

/* ---- the thread */

static GError *
take_error_to_warn_of_locked (TraceSession *self)
{
  if (self->error == NULL || !self->from_environment || self->warned)
    return NULL;

  self->warned = TRUE;
  return g_error_copy (self->error);
}

static void
warn (const GError *error)
{
  if (error != NULL)
    g_warning ("PROCTOR_TRACE: %s", error->message);
}

static gpointer
drainer_thread (gpointer data)
{
  TraceSession *self = data;
  g_autoptr(GError) error = NULL;

  g_mutex_lock (&session_lock);
  while (!self->thread_shall_end && self->error == NULL)
    {
      gboolean busy = drain_locked (self, trace_now () - SLACK, FALSE);
      gint64 next = g_get_monotonic_time () + (busy ? BUSY_PERIOD : CALM_PERIOD);

      while (!self->thread_shall_end && self->error == NULL &&
             g_cond_wait_until (&session_changed, &session_lock, next))
        ;
    }
  error = take_error_to_warn_of_locked (self);
  /* It ends by itself, and nobody comes to join it. */
  if (!self->thread_shall_end)
    g_clear_pointer (&self->thread, g_thread_unref);
  g_mutex_unlock (&session_lock);

  warn (error);
  session_unref (self);
  return NULL;
}

/* Without it the rings are emptied at the end; what they had no room for is counted. */
static void
start_thread_locked (TraceSession *self)
{
  sigset_t mask;

  self->thread_shall_end = FALSE;
  pthread_sigmask (SIG_SETMASK, NULL, &mask);
  thread_block_signals ();
  self->thread = g_thread_try_new ("proctor-trace", drainer_thread, session_ref (self), NULL);
  pthread_sigmask (SIG_SETMASK, &mask, NULL);
  if (self->thread == NULL)
    session_unref (self);
}

/* To be joined without the lock. */
static GThread *
end_thread_locked (TraceSession *self)
{
  self->thread_shall_end = TRUE;
  g_cond_broadcast (&session_changed);
  return g_steal_pointer (&self->thread);
}

/* ---- beginning and ending */

/* Another program that writes the same file, most likely a child with our environment, would
 * destroy it.
 */
static gboolean
claim_file (int          fd,
            const char  *path,
            GError     **error)
{
  struct stat status;
  int error_number;

  if (fstat (fd, &status) < 0 || !S_ISREG (status.st_mode))
    return TRUE;
  if (flock (fd, LOCK_EX | LOCK_NB) < 0 && errno == EWOULDBLOCK)
    {
      g_set_error (error, G_IO_ERROR, G_IO_ERROR_BUSY,
                   _("Another program is writing its trace to “%s”; %%p in the name stands for the "
                     "process’s number"),
                   path);
      return FALSE;
    }
  if (ftruncate (fd, 0) == 0)
    return TRUE;

  error_number = errno;
  g_set_error (error, G_IO_ERROR, g_io_error_from_errno (error_number),
               _("Could not write the trace to “%s”: %s"), path, g_strerror (error_number));
  return FALSE;
}

static int
open_file (const char  *path,
           GError     **error)
{
  int fd = strcmp (path, "-") == 0
             ? fcntl (STDERR_FILENO, F_DUPFD_CLOEXEC, STDERR_FILENO + 1)
             : fd_above_stdio (open (path, O_WRONLY | O_CREAT | O_CLOEXEC | O_NOCTTY, 0666));

  if (fd < 0)
    {
      int error_number = errno;

      g_set_error (error, G_IO_ERROR, g_io_error_from_errno (error_number),
                   _("Could not write the trace to “%s”: %s"), path, g_strerror (error_number));
    }
  else if (strcmp (path, "-") != 0 && !claim_file (fd, path, error))
    {
      fd_clear (&fd);
    }
  return fd;
}

static ProctorTraceFormat
format_from_name (const char *path)
{
  if (g_str_has_suffix (path, ".json"))
    return PROCTOR_TRACE_FORMAT_CHROME;
  if (g_str_has_suffix (path, ".svg"))
    return PROCTOR_TRACE_FORMAT_SVG;
  return PROCTOR_TRACE_FORMAT_TEXT;
}

static TraceWriter *
make_writer (ProctorTraceFormat format,
             int                fd)
{
  const char *no_colour = g_getenv ("NO_COLOR");

  switch (format)
    {
    case PROCTOR_TRACE_FORMAT_CHROME:
      return trace_chrome_new ();
    case PROCTOR_TRACE_FORMAT_SVG:
      return trace_svg_new ();
    case PROCTOR_TRACE_FORMAT_AUTO:
    case PROCTOR_TRACE_FORMAT_TEXT:
    default:
      return trace_text_new (isatty (fd) && (no_colour == NULL || *no_colour == '\0'));
    }
}

static gboolean
start_locked (const char          *path,
              ProctorTraceFormat   format,
              gboolean             from_environment,
              GError             **error)
{
  TraceSession *self;
  int fd;

  if (session != NULL)
    {
      g_set_error_literal (error, G_IO_ERROR, G_IO_ERROR_PENDING,
                           _("This program is being traced already"));
      return FALSE;
    }
  fd = open_file (path, error);
  if (fd < 0)
    return FALSE;

  if (format == PROCTOR_TRACE_FORMAT_AUTO)
    format = format_from_name (path);
  self = g_new0 (TraceSession, 1);
  g_atomic_ref_count_init (&self->ref_count);
  self->start = trace_now ();
  self->fd = fd;
  self->from_environment = from_environment;
  self->out = g_string_new (NULL);
  self->writer = make_writer (format, fd);
  self->writer->out = self->out;
  self->writer->start = self->start;
  self->events = g_array_new (FALSE, FALSE, sizeof (TraceEvent));
  g_array_set_clear_func (self->events, event_clear);
  self->threads = g_hash_table_new_full (NULL, NULL, NULL, trace_thread_free);
  session = self;
  start_thread_locked (self);
  atomic_fetch_or (&trace_on, TRACE_TO_RINGS);
  return TRUE;
}

gboolean
trace_session_start (const char          *path,
                     ProctorTraceFormat   format,
                     GError             **error)
{
  gboolean started;

  g_mutex_lock (&session_lock);
  started = start_locked (path, format, FALSE, error);
  g_mutex_unlock (&session_lock);

  return started;
}

/* What other threads record at this moment may be missing; it is after the end. */
static void
finish_locked (TraceSession *self)
{
  atomic_fetch_and (&trace_on, ~TRACE_TO_RINGS);
  drain_locked (self, G_MAXINT64, TRUE);
  self->writer->finish (self->writer, trace_now ());
  flush_locked (self);
  self->finished = TRUE;
}

gboolean
trace_session_stop (GError **error)
{
  TraceSession *self;
  GThread *thread = NULL;
  gboolean written;

  g_mutex_lock (&session_lock);
  self = g_steal_pointer (&session);
  if (self != NULL)
    {
      finish_locked (self);
      thread = end_thread_locked (self);
    }
  g_mutex_unlock (&session_lock);

  if (thread != NULL)
    g_thread_join (thread);
  if (self == NULL)
    return TRUE;

  written = self->error == NULL;
  if (!written)
    g_propagate_error (error, g_steal_pointer (&self->error));
  session_unref (self);
  return written;
}

void
trace_session_rest (void)
{
  GThread *thread = NULL;

  trace_log_rest ();
  g_mutex_lock (&session_lock);
  if (session != NULL)
    {
      drain_locked (session, G_MAXINT64, FALSE);
      thread = end_thread_locked (session);
    }
  atomic_store (&trace_session_is_due, TRUE);
  g_mutex_unlock (&session_lock);

  if (thread != NULL)
    g_thread_join (thread);
}

void
trace_session_drain (void)
{
  g_mutex_lock (&session_lock);
  if (session != NULL)
    drain_locked (session, G_MAXINT64, FALSE);
  g_mutex_unlock (&session_lock);
}

guint64
trace_session_count_lost (void)
{
  guint64 n_lost;

  g_mutex_lock (&session_lock);
  n_lost = session != NULL ? session->n_lost : 0;
  g_mutex_unlock (&session_lock);

  return n_lost;
}

/* ---- the environment */

/* %p is the pid, %% a percent sign. */
static char *
expand_name (const char *name)
{
  GString *path = g_string_new (NULL);

  for (const char *c = name; *c != '\0'; c++)
    {
      if (c[0] == '%' && c[1] == 'p')
        g_string_append_printf (path, "%d", (int) getpid ());
      else
        g_string_append_c (path, *c);
      if (c[0] == '%' && (c[1] == 'p' || c[1] == '%'))
        c++;
    }
  return g_string_free (path, FALSE);
}

static ProctorTraceFormat
format_from_environment (GError **error)
{
  const char *name = g_getenv ("PROCTOR_TRACE_FORMAT");

  if (name == NULL || *name == '\0')
    return PROCTOR_TRACE_FORMAT_AUTO;
  if (strcmp (name, "text") == 0)
    return PROCTOR_TRACE_FORMAT_TEXT;
  if (strcmp (name, "chrome") == 0)
    return PROCTOR_TRACE_FORMAT_CHROME;
  if (strcmp (name, "svg") == 0)
    return PROCTOR_TRACE_FORMAT_SVG;

  g_set_error (error, G_IO_ERROR, G_IO_ERROR_INVALID_ARGUMENT,
               _("“%s” is no format for a trace; there are text, chrome and svg"), name);
  return PROCTOR_TRACE_FORMAT_AUTO;
}

/* A program with more rights than its user writes no file that the user names. */
static void
start_from_environment_locked (GError **error)
{
  const char *name = secure_getenv ("PROCTOR_TRACE");
  g_autofree char *path = NULL;
  ProctorTraceFormat format;

  environment_read = TRUE;
  if (session != NULL || name == NULL || *name == '\0')
    return;

  path = expand_name (name);
  format = format_from_environment (error);
  if (*error == NULL)
    start_locked (path, format, TRUE, error);
}

void
trace_session_begin_if_due (void)
{
  g_autoptr(GError) error = NULL;

  trace_log_begin ();
  g_mutex_lock (&session_lock);
  if (!environment_read)
    start_from_environment_locked (&error);
  if (session != NULL && session->thread == NULL && session->error == NULL)
    start_thread_locked (session);
  atomic_store (&trace_session_is_due, FALSE);
  g_mutex_unlock (&session_lock);

  warn (error);
}

/* The program ends. Other threads may still run, and record: their rings stay. */
static void __attribute__ ((destructor))
write_rest_at_exit (void)
{
  g_autoptr(GError) error = NULL;

  if (program_is_forked_copy ())
    return;

  g_mutex_lock (&session_lock);
  if (session != NULL && session->error == NULL)
    {
      finish_locked (session);
      error = take_error_to_warn_of_locked (session);
    }
  g_mutex_unlock (&session_lock);

  warn (error);
}
