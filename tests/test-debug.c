/* What is logged with PROCTOR_DEBUG, and its fields. The library reads that once, so each test is a
 * program of its own: this one, started again.
 *
 * SPDX-License-Identifier: LGPL-2.1-or-later
 */

#include "config.h"

#include <stdlib.h>

#include <proctor/proctor.h>

#include "test-leaks.h"

#define N_PROCESSES 20

/* ---- the program that is started again */

/* A message, with the fields that are looked at; all owned. */
typedef struct
{
  GLogLevelFlags level;
  char *domain;
  char *message;
  char *category;
  char *step;
  char *process;
  char *pid;
  char *worker;
  char *thread;
  char *thread_id;
} Logged;

static GMutex logged_lock;
static GPtrArray *logged; /* of owned Logged; guarded by logged_lock */

static void
logged_free (gpointer data)
{
  Logged *self = data;

  g_free (self->domain);
  g_free (self->message);
  g_free (self->category);
  g_free (self->step);
  g_free (self->process);
  g_free (self->pid);
  g_free (self->worker);
  g_free (self->thread);
  g_free (self->thread_id);
  g_free (self);
}

static Logged *
logged_new (GLogLevelFlags   level,
            const GLogField *fields,
            gsize            n_fields)
{
  Logged *self = g_new0 (Logged, 1);
  const struct
  {
    const char *key;
    char **location;
  } wanted[] = {
    { "GLIB_DOMAIN", &self->domain },       { "MESSAGE", &self->message },
    { "PROCTOR_CATEGORY", &self->category }, { "PROCTOR_STEP", &self->step },
    { "PROCTOR_PROCESS", &self->process },  { "PROCTOR_PID", &self->pid },
    { "PROCTOR_WORKER", &self->worker },    { "PROCTOR_THREAD", &self->thread },
    { "PROCTOR_THREAD_ID", &self->thread_id },
  };

  self->level = level;
  for (gsize i = 0; i < n_fields; i++)
    for (gsize j = 0; j < G_N_ELEMENTS (wanted); j++)
      if (strcmp (fields[i].key, wanted[j].key) == 0)
        *wanted[j].location = g_strdup (fields[i].value);

  return self;
}

static GLogWriterOutput
collect (GLogLevelFlags   level,
         const GLogField *fields,
         gsize            n_fields,
         gpointer         data)
{
  Logged *message = logged_new (level, fields, n_fields);

  /* GLib has things of its own to say. */
  if (g_strcmp0 (message->domain, "Proctor") != 0)
    {
      logged_free (message);
      return G_LOG_WRITER_HANDLED;
    }

  g_mutex_lock (&logged_lock);
  g_ptr_array_add (logged, message);
  g_mutex_unlock (&logged_lock);

  return G_LOG_WRITER_HANDLED;
}

static void
collect_logged (void)
{
  logged = g_ptr_array_new_with_free_func (logged_free);
  g_log_set_writer_func (collect, NULL, NULL);
}

/* How many messages of the category there are; NULL: of any. */
static guint
count_logged (const char *category)
{
  guint n = 0;

  for (guint i = 0; i < logged->len; i++)
    n += category == NULL || g_strcmp0 (((Logged *) logged->pdata[i])->category, category) == 0;

  return n;
}

static const Logged *
find_logged (const char *step)
{
  for (guint i = 0; i < logged->len; i++)
    if (g_strcmp0 (((Logged *) logged->pdata[i])->step, step) == 0)
      return logged->pdata[i];

  g_error ("“%s” was not logged", step);
}

static void
run (const char *input)
{
  g_autoptr(ProctorCommand) command = proctor_command_new ("cat", NULL);
  g_autoptr(GBytes) bytes = g_bytes_new (input, strlen (input));
  g_autoptr(ProctorResult) result = NULL;
  g_autoptr(GError) error = NULL;

  result = proctor_command_run (command, bytes, NULL, &error);
  g_assert_no_error (error);
  g_assert_cmpint (proctor_result_get_returncode (result), ==, 0);
}

static void
shut_down (void)
{
  g_autoptr(GError) error = NULL;

  g_assert_true (proctor_shutdown (PROCTOR_SHUTDOWN_STOP, NULL, &error));
  g_assert_no_error (error);
}

static void
child_all (void)
{
  const Logged *spawned;
  const Logged *reaped;
  Leaks leaks;

  collect_logged ();
  /* What the library keeps is there from now on. */
  run ("hello");
  shut_down ();
  leaks_take (&leaks);
  run ("hello");
  shut_down ();
  leaks_check (&leaks);

  for (guint i = 0; i < logged->len; i++)
    {
      const Logged *message = logged->pdata[i];

      g_test_message ("%s", message->message);
      g_assert_nonnull (message->category);
      g_assert_cmpint (atoi (message->thread_id), >, 0);
      g_assert_cmpstr (message->thread, !=, "");
      /* Nobody has asked for debug messages by G_MESSAGES_DEBUG. */
      g_assert_cmpint (message->level, ==, G_LOG_LEVEL_MESSAGE);
    }

  spawned = find_logged ("spawned");
  reaped = find_logged ("reaped");
  g_assert_cmpstr (spawned->category, ==, "spawn");
  g_assert_cmpstr (spawned->process, ==, "1");
  g_assert_cmpint (atoi (spawned->pid), >, 1);
  g_assert_cmpstr (reaped->category, ==, "watch");
  g_assert_cmpstr (reaped->pid, ==, spawned->pid);
  g_assert_cmpstr (find_logged ("command")->category, ==, "spawn");
  g_assert_nonnull (strstr (find_logged ("command")->message, "cat"));
  g_assert_cmpstr (find_logged ("read")->category, ==, "io");
  g_assert_cmpstr (find_logged ("read")->pid, ==, spawned->pid);
  g_assert_nonnull (find_logged ("read")->worker);
  g_assert_nonnull (strstr (find_logged ("written")->message, "stdin, 5 bytes"));
  g_assert_nonnull (find_logged ("message")->worker);
  g_assert_cmpstr (find_logged ("delivered")->category, ==, "actor");
}

static void
child_spawn_only (void)
{
  collect_logged ();
  run ("hello");
  shut_down ();
  g_assert_cmpuint (count_logged ("spawn"), >, 0);
  g_assert_cmpuint (count_logged (NULL), ==, count_logged ("spawn"));
}

/* Names may be written in any case, and what is empty is nothing. */
static void
child_two (void)
{
  collect_logged ();
  run ("hello");
  shut_down ();
  g_assert_cmpuint (count_logged ("io"), >, 0);
  g_assert_cmpuint (count_logged ("watch"), >, 0);
  g_assert_cmpuint (count_logged (NULL), ==, count_logged ("io") + count_logged ("watch"));
}

static void
child_nothing (void)
{
  collect_logged ();
  run ("hello");
  shut_down ();
  g_assert_cmpuint (count_logged (NULL), ==, 0);
}

static void
child_glib (void)
{
  collect_logged ();
  run ("hello");
  shut_down ();
  g_assert_cmpuint (count_logged ("spawn"), >, 0);
  g_assert_cmpuint (count_logged ("watch"), >, 0);
  g_assert_cmpuint (count_logged (NULL), ==, count_logged ("spawn") + count_logged ("watch"));
  g_assert_cmpint (find_logged ("reaped")->level, ==, G_LOG_LEVEL_DEBUG);
}

static void
child_unknown (void)
{
  const Logged *warning;

  collect_logged ();
  run ("hello");
  shut_down ();
  warning = logged->pdata[0];
  g_assert_cmpint (warning->level, ==, G_LOG_LEVEL_WARNING);
  g_assert_nonnull (strstr (warning->message, "nonesuch"));
  g_assert_cmpuint (count_logged ("watch"), >, 0);
}

/* The service begins again, and so does its log. */
static void
child_twice (void)
{
  guint n;

  collect_logged ();
  run ("hello");
  shut_down ();
  n = count_logged ("watch");
  run ("hello");
  shut_down ();
  g_assert_cmpuint (count_logged ("watch"), ==, 2 * n);
}

/* What this starts is not logged; and it may be overtaken by the end of the service, after which
 * this is no thread that can make a child watcher.
 */
static GLogWriterOutput
run_in_writer (GLogLevelFlags   level,
               const GLogField *fields,
               gsize            n_fields,
               gpointer         data)
{
  guint *n_written = data;
  Logged *message = logged_new (level, fields, n_fields);
  gboolean is_step = message->step != NULL;
  g_autoptr(ProctorCommand) command = proctor_command_new ("true", NULL);
  g_autoptr(ProctorResult) result = NULL;
  g_autoptr(GError) error = NULL;

  logged_free (message);
  if (is_step && (*n_written)++ < 3)
    result = proctor_command_run (command, NULL, NULL, &error);
  if (error != NULL && !g_error_matches (error, PROCTOR_ERROR, PROCTOR_ERROR_NO_CHILD_WATCHER))
    g_assert_error (error, PROCTOR_ERROR, PROCTOR_ERROR_SHUT_DOWN);
  return G_LOG_WRITER_HANDLED;
}

static void
child_writer_runs (void)
{
  guint n_written = 0;

  g_log_set_writer_func (run_in_writer, &n_written, NULL);
  for (guint i = 0; i < 3; i++)
    run ("hello");
  shut_down ();
  g_assert_cmpuint (n_written, >, 3);
}

static gpointer
run_in_thread (gpointer n_running)
{
  for (guint i = 0; i < N_PROCESSES; i++)
    run ("hello");
  g_atomic_int_add ((gint *) n_running, -1);
  g_main_context_wakeup (NULL);
  return NULL;
}

/* The steps of each process come in order. */
static void
child_threads (void)
{
  GThread *threads[8];
  gint n_running = G_N_ELEMENTS (threads);
  g_autoptr(GHashTable) pids = g_hash_table_new (g_str_hash, g_str_equal);
  guint n_spawned = 0;
  guint n_reaped = 0;

  collect_logged ();
  g_assert_true (proctor_init (NULL));
  for (guint i = 0; i < G_N_ELEMENTS (threads); i++)
    threads[i] = g_thread_new ("runs", run_in_thread, &n_running);
  while (g_atomic_int_get (&n_running) > 0)
    g_main_context_iteration (NULL, TRUE);
  for (guint i = 0; i < G_N_ELEMENTS (threads); i++)
    g_thread_join (threads[i]);
  shut_down ();

  for (guint i = 0; i < logged->len; i++)
    {
      const Logged *message = logged->pdata[i];

      if (g_strcmp0 (message->step, "spawned") == 0)
        {
          n_spawned++;
          g_hash_table_add (pids, message->process);
        }
      if (g_strcmp0 (message->step, "reaped") == 0)
        {
          n_reaped++;
          g_assert_true (g_hash_table_contains (pids, message->process));
          g_assert_nonnull (message->pid);
        }
    }
  g_assert_cmpuint (n_spawned, ==, G_N_ELEMENTS (threads) * N_PROCESSES);
  g_assert_cmpuint (n_reaped, ==, n_spawned);
}

/* GLib's own writer; and a program that just ends, and a copy of it that does nothing. In the copy
 * a sanitizer's search for leaks would wait for what another thread had locked.
 */
static void
child_plain (void)
{
  pid_t pid;

  run ("hello");
  pid = fork ();
  if (pid == 0)
    {
      alarm (TEST_DEADLINE_SECONDS);
      exit (0);
    }
  waitpid (pid, NULL, 0);
}

static const struct
{
  const char *name;
  const char *proctor_debug; /* NULL: not set */
  const char *g_messages_debug;
  void (* main) (void);
  const char *wanted; /* on stderr, if it is not NULL */
  gboolean forks;
} children[] = {
  { "all", "all", NULL, child_all, NULL },
  { "spawn-only", "spawn", NULL, child_spawn_only, NULL },
  { "two", ",IO: watch,", NULL, child_two, NULL },
  { "nothing", NULL, NULL, child_nothing, NULL },
  { "empty", "", NULL, child_nothing, NULL },
  { "glib", NULL, "Proctor", child_glib, NULL },
  { "glib-all", NULL, "all", child_glib, NULL },
  { "glib-other", NULL, "Other", child_nothing, NULL },
  { "unknown", "watch,nonesuch", NULL, child_unknown, NULL },
  { "twice", "watch", NULL, child_twice, NULL },
  { "writer-runs", "all", NULL, child_writer_runs, NULL },
  { "threads", "all", NULL, child_threads, NULL },
  { "plain", "all", NULL, child_plain, "reaped", TRUE },
};

/* ---- the tests */

static const char *own_path;

static guint
count_parts (const char *text,
             const char *part)
{
  guint n = 0;

  for (const char *found = strstr (text, part); found != NULL; found = strstr (found + 1, part))
    n++;

  return n;
}

static void
test_child (gconstpointer data)
{
  guint i = GPOINTER_TO_UINT (data);
  const char * const argv[] = { own_path, "--child", children[i].name, NULL };
  g_auto(GStrv) environment = g_get_environ ();
  g_autofree char *out = NULL;
  g_autofree char *err = NULL;
  g_autoptr(GError) error = NULL;
  int status;

  environment = g_environ_unsetenv (environment, "PROCTOR_DEBUG");
  environment = g_environ_unsetenv (environment, "G_MESSAGES_DEBUG");
  if (children[i].proctor_debug != NULL)
    environment = g_environ_setenv (environment, "PROCTOR_DEBUG", children[i].proctor_debug, TRUE);
  if (children[i].g_messages_debug != NULL)
    environment =
      g_environ_setenv (environment, "G_MESSAGES_DEBUG", children[i].g_messages_debug, TRUE);
  if (children[i].forks)
    {
      g_autofree char *options = asan_options_without_leaks ();

      environment = g_environ_setenv (environment, "ASAN_OPTIONS", options, TRUE);
    }
  g_assert_true (g_spawn_sync (NULL, (char **) argv, environment, G_SPAWN_DEFAULT, NULL, NULL, &out,
                               &err, &status, &error));
  g_assert_no_error (error);
  g_test_message ("%s%s", out, err);
  g_assert_cmpint (status, ==, 0);
  if (children[i].wanted != NULL)
    g_assert_cmpuint (count_parts (err, children[i].wanted), ==, 1);
}

int
main (int    argc,
      char **argv)
{
  if (argc == 3 && strcmp (argv[1], "--child") == 0)
    {
      alarm (TEST_DEADLINE_SECONDS);
      for (gsize i = 0; i < G_N_ELEMENTS (children); i++)
        if (strcmp (argv[2], children[i].name) == 0)
          children[i].main ();
      return 0;
    }

  g_test_init (&argc, &argv, NULL);
  own_path = argv[0];
  for (gsize i = 0; i < G_N_ELEMENTS (children); i++)
    {
      g_autofree char *path = g_strconcat ("/debug/", children[i].name, NULL);

      g_test_add_data_func (path, GUINT_TO_POINTER (i), test_child);
    }

  return g_test_run ();
}
