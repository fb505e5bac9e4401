/* SPDX-License-Identifier: LGPL-2.1-or-later */

/* Thread: ANY; messages are logged by a thread of their own. */

#include "config.h"

#include "trace/trace-log.h"

#include <pthread.h>
#include <signal.h>
#include <stdlib.h>
#include <string.h>
#include <sys/syscall.h>
#include <unistd.h>

#include "base/base-thread.h"
#include "trace/trace-ring.h"
#include "trace/trace.h"

/* Where the log is written this much more slowly than there are messages, newer ones are counted
 * instead.
 */
#define MOST_QUEUED 65536

/* How long the end of a program waits for its last messages: their writer is the program's, and may
 * hang.
 */
#define EXIT_TIME G_TIME_SPAN_SECOND

#define MOST_FIELDS 12

/* The writer of the log is the program's own: it may block, or call the library. Most trace points
 * are where neither may happen, under locks and on workers, so they only queue what is to be
 * logged.
 */
typedef struct
{
  TraceRecord record;
  pid_t thread_id;
  char thread_name[TRACE_THREAD_NAME_SIZE];
  guint worker; /* 0: none */
  char *text;   /* owned; nullable */
} Entry;

static GMutex log_lock;
static GCond log_changed; /* with log_lock */

/* guarded by log_lock */
static GQueue entries; /* of owned Entry */
static guint64 n_dropped;
static GThread *log_thread;
static gboolean thread_shall_end;
static gboolean logging; /* what was taken out is not all logged yet */
static gboolean environment_read;

/* What is known of a process whose steps are logged. */
typedef struct
{
  pid_t pid;
  guint n_answers_due;
  gboolean reaped;
  gboolean released;
} LoggedProcess;

/* only by who has set `logging` */
static GHashTable *processes; /* number → owned LoggedProcess */

/* What the writer of the log makes the library do is not logged: that would never end. */
static _Thread_local gboolean is_logging_thread;

static const struct
{
  const char *name;
  guint bits;
} categories[] = {
  { "spawn", TRACE_LOG_SPAWN }, { "io", TRACE_LOG_IO },   { "watch", TRACE_LOG_WATCH },
  { "actor", TRACE_LOG_ACTOR }, { "all", TRACE_LOG_ALL },
};

static void
entry_free (gpointer data)
{
  Entry *self = data;

  g_free (self->text);
  g_free (self);
}

/* ---- queueing */

static Entry *
entry_new (TraceStep   step,
           guint32     process,
           gint64      value,
           const char *text)
{
  Entry *self = g_new0 (Entry, 1);

  self->record.time = trace_now ();
  self->record.process = process;
  self->record.step = (guint16) step;
  self->record.value = value;
  self->text = g_strdup (text);
  self->thread_id = (pid_t) syscall (SYS_gettid);
  self->worker = trace_worker_number;
  if (thread_is_main ())
    g_strlcpy (self->thread_name, "main", sizeof self->thread_name);
  else if (pthread_getname_np (pthread_self (), self->thread_name, sizeof self->thread_name) != 0)
    g_strlcpy (self->thread_name, "thread", sizeof self->thread_name);
  return self;
}

void
trace_log_add (TraceStep   step,
               guint32     process,
               gint64      value,
               const char *text)
{
  Entry *entry;

  if (is_logging_thread)
    return;

  entry = entry_new (step, process, value, text);
  g_mutex_lock (&log_lock);
  if (entries.length < MOST_QUEUED)
    {
      g_queue_push_tail (&entries, g_steal_pointer (&entry));
      g_cond_broadcast (&log_changed);
    }
  else
    {
      n_dropped++;
    }
  g_mutex_unlock (&log_lock);

  if (entry != NULL)
    entry_free (entry);
}

/* ---- logging */

static const char *
find_category (TraceStep step)
{
  guint bit = trace_step_get_log_bit (step);

  for (gsize i = 0; i < G_N_ELEMENTS (categories); i++)
    if (categories[i].bits == bit)
      return categories[i].name;

  return "all";
}

/* Before the entry is logged. The process, if its child has a pid. */
static LoggedProcess *
note_entry (const TraceRecord *record)
{
  gpointer key = GUINT_TO_POINTER (record->process);
  LoggedProcess *process = g_hash_table_lookup (processes, key);

  if (process == NULL && record->step == TRACE_SPAWN_END)
    {
      process = g_new0 (LoggedProcess, 1);
      process->pid = (pid_t) record->value;
      g_hash_table_insert (processes, key, process);
    }
  if (process == NULL)
    return NULL;

  if (record->step == TRACE_ANSWERED)
    process->n_answers_due++;
  else if (record->step == TRACE_DELIVERED && process->n_answers_due > 0)
    process->n_answers_due--;
  else if (record->step == TRACE_REAPED)
    process->reaped = TRUE;
  else if (record->step == TRACE_RELEASED)
    process->released = TRUE;
  return process;
}

/* That it is seen is what PROCTOR_DEBUG is for, and GLib shows debug messages only to those who ask
 * for them by G_MESSAGES_DEBUG.
 */
static GLogLevelFlags
choose_level (void)
{
  return g_log_writer_default_would_drop (G_LOG_LEVEL_DEBUG, G_LOG_DOMAIN) ? G_LOG_LEVEL_MESSAGE
                                                                           : G_LOG_LEVEL_DEBUG;
}

typedef struct
{
  GLogField fields[MOST_FIELDS];
  char *owned[MOST_FIELDS];
  gsize n;
} Fields;

/* Takes @value, and does nothing if that is NULL. */
static void
add_field (Fields     *self,
           const char *key,
           char       *value)
{
  if (value == NULL)
    return;

  self->owned[self->n] = value;
  self->fields[self->n++] = (GLogField) { .key = key, .value = value, .length = -1 };
}

static char *
describe_entry (const Entry         *entry,
                const LoggedProcess *process,
                const char          *detail)
{
  GString *text = g_string_new (NULL);

  if (entry->record.process != 0)
    g_string_append_printf (text, "#%u ", entry->record.process);
  if (process != NULL)
    g_string_append_printf (text, "(%d) ", (int) process->pid);
  g_string_append (text, trace_step_get_name (entry->record.step));
  if (detail != NULL)
    g_string_append_printf (text, ": %s", detail);
  g_string_append_printf (text, " [%s]", entry->thread_name);
  return g_string_free (text, FALSE);
}

static void
log_entry (const Entry *entry)
{
  const TraceRecord *record = &entry->record;
  LoggedProcess *process = note_entry (record);
  GLogLevelFlags level = choose_level ();
  char *detail = trace_record_describe (record, entry->text);
  Fields fields = { .n = 0 };

  add_field (&fields, "MESSAGE", describe_entry (entry, process, detail));
  add_field (&fields, "PRIORITY", g_strdup (level == G_LOG_LEVEL_DEBUG ? "7" : "5"));
  add_field (&fields, "GLIB_DOMAIN", g_strdup (G_LOG_DOMAIN));
  add_field (&fields, "PROCTOR_CATEGORY", g_strdup (find_category (record->step)));
  add_field (&fields, "PROCTOR_STEP", g_strdup (trace_step_get_name (record->step)));
  add_field (&fields, "PROCTOR_DETAIL", detail);
  if (record->process != 0)
    add_field (&fields, "PROCTOR_PROCESS", g_strdup_printf ("%u", record->process));
  if (process != NULL)
    add_field (&fields, "PROCTOR_PID", g_strdup_printf ("%d", (int) process->pid));
  if (entry->worker != 0)
    add_field (&fields, "PROCTOR_WORKER", g_strdup_printf ("%u", entry->worker - 1));
  add_field (&fields, "PROCTOR_THREAD", g_strdup (entry->thread_name));
  add_field (&fields, "PROCTOR_THREAD_ID", g_strdup_printf ("%d", (int) entry->thread_id));
  add_field (&fields, "PROCTOR_MONOTONIC_USEC",
             g_strdup_printf ("%" G_GINT64_FORMAT, record->time / 1000));
  g_log_structured_array (level, fields.fields, fields.n);
  for (gsize i = 0; i < fields.n; i++)
    g_free (fields.owned[i]);

  if (process != NULL && process->reaped && process->released && process->n_answers_due == 0)
    g_hash_table_remove (processes, GUINT_TO_POINTER (record->process));
}

/* Takes all that waits out and logs it without the lock. Only one thread at a time does that. */
static void
log_all_locked (void)
{
  if (processes == NULL)
    processes = g_hash_table_new_full (NULL, NULL, NULL, g_free);

  logging = TRUE;
  while (entries.length > 0 || n_dropped > 0)
    {
      GQueue taken = entries;
      Entry *lost = NULL;
      Entry *entry;

      if (n_dropped > 0)
        lost = entry_new (TRACE_LOST, 0, (gint64) n_dropped, NULL);
      n_dropped = 0;
      g_queue_init (&entries);
      g_mutex_unlock (&log_lock);

      if (lost != NULL)
        g_queue_push_tail (&taken, lost);
      while ((entry = g_queue_pop_head (&taken)) != NULL)
        {
          log_entry (entry);
          entry_free (entry);
        }

      g_mutex_lock (&log_lock);
    }
  logging = FALSE;
  g_cond_broadcast (&log_changed);
}

static gpointer
logging_thread (gpointer data)
{
  is_logging_thread = TRUE;
  g_mutex_lock (&log_lock);
  while (!thread_shall_end || entries.length > 0)
    {
      if (entries.length > 0)
        log_all_locked ();
      else
        g_cond_wait (&log_changed, &log_lock);
    }
  g_mutex_unlock (&log_lock);

  return NULL;
}

/* Without it all is logged at the end. */
static void
start_thread_locked (void)
{
  sigset_t mask;

  thread_shall_end = FALSE;
  pthread_sigmask (SIG_SETMASK, NULL, &mask);
  thread_block_signals ();
  log_thread = g_thread_try_new ("proctor-debug", logging_thread, NULL, NULL);
  pthread_sigmask (SIG_SETMASK, &mask, NULL);
}

/* ---- the environment */

/* The bits of the names in @list; what is none of them goes to @ret_unknown. */
static guint
parse_categories (const char  *list,
                  char       **ret_unknown)
{
  g_auto(GStrv) names = g_strsplit_set (list, ",: ", -1);
  guint bits = 0;

  for (gsize i = 0; names[i] != NULL; i++)
    {
      guint found = 0;

      for (gsize j = 0; j < G_N_ELEMENTS (categories); j++)
        if (g_ascii_strcasecmp (names[i], categories[j].name) == 0)
          found = categories[j].bits;
      if (found == 0 && *names[i] != '\0' && *ret_unknown == NULL)
        *ret_unknown = g_utf8_make_valid (names[i], -1);
      bits |= found;
    }

  return bits;
}

/* A program with more rights than its user tells nothing that the user did not start it for. */
static guint
read_environment (char **ret_unknown)
{
  const char *list = secure_getenv ("PROCTOR_DEBUG");

  if (list != NULL && *list != '\0')
    return parse_categories (list, ret_unknown);
  if (secure_getenv ("G_MESSAGES_DEBUG") != NULL &&
      !g_log_writer_default_would_drop (G_LOG_LEVEL_DEBUG, G_LOG_DOMAIN))
    return TRACE_LOG_SPAWN | TRACE_LOG_WATCH;

  return 0;
}

void
trace_log_begin (void)
{
  g_autofree char *unknown = NULL;

  g_mutex_lock (&log_lock);
  if (!environment_read)
    atomic_fetch_or (&trace_on, read_environment (&unknown));
  environment_read = TRUE;
  if ((atomic_load (&trace_on) & TRACE_LOG_ALL) != 0 && log_thread == NULL)
    start_thread_locked ();
  g_mutex_unlock (&log_lock);

  if (unknown != NULL)
    g_warning ("PROCTOR_DEBUG: “%s” is none of spawn, io, watch, actor and all", unknown);
}

/* ---- the end */

void
trace_log_rest (void)
{
  GThread *thread;

  /* It is the writer of the log that ends the service: its thread stays. */
  if (is_logging_thread)
    return;

  g_mutex_lock (&log_lock);
  thread = g_steal_pointer (&log_thread);
  thread_shall_end = TRUE;
  g_cond_broadcast (&log_changed);
  g_mutex_unlock (&log_lock);

  if (thread != NULL)
    g_thread_join (thread);
}

/* The program ends, and other threads may still run. */
static void __attribute__ ((destructor))
log_rest_at_exit (void)
{
  gint64 deadline = g_get_monotonic_time () + EXIT_TIME;

  if (program_is_forked_copy () || (atomic_load (&trace_on) & TRACE_LOG_ALL) == 0)
    return;

  atomic_fetch_and (&trace_on, ~(guint) TRACE_LOG_ALL);
  if (is_logging_thread)
    return;

  g_mutex_lock (&log_lock);
  while ((entries.length > 0 || logging) && log_thread != NULL &&
         g_cond_wait_until (&log_changed, &log_lock, deadline))
    ;
  if (!logging && entries.length > 0)
    {
      is_logging_thread = TRUE;
      log_all_locked ();
    }
  g_mutex_unlock (&log_lock);
}
