/* SPDX-License-Identifier: LGPL-2.1-or-later */

/* Every child watcher: the library's, and some from outside. */

#include "config.h"

#include <proctor/proctor.h>

#include <sys/wait.h>

#include "tree-testing.h"

/* ---- watchers from outside the library */

typedef struct
{
  ProctorChildWatcher parent_instance;
  GHashTable *pids; /* guint64 → pid */
  GThread *thread;  /* in which alone it may be called */
  gboolean fails;
  gboolean is_late;   /* keeps what it has reaped to itself */
  guint64 late_token; /* that */
  int late_status;
} PollingWatcher;

typedef ProctorChildWatcherClass PollingWatcherClass;
typedef PollingWatcher BlindWatcher;
typedef ProctorChildWatcherClass BlindWatcherClass;

GType polling_watcher_get_type (void);
GType blind_watcher_get_type (void);
G_DEFINE_TYPE (PollingWatcher, polling_watcher, PROCTOR_TYPE_CHILD_WATCHER)
/* The same, but it does not let itself be asked. */
G_DEFINE_TYPE (BlindWatcher, blind_watcher, polling_watcher_get_type ())

static void
look_at (PollingWatcher *self,
         guint64         token)
{
  pid_t pid = GPOINTER_TO_INT (g_hash_table_lookup (self->pids, &token));
  int wait_status;
  pid_t waited;

  if (pid == 0)
    return;
  waited = waitpid (pid, &wait_status, WNOHANG);
  if (waited == 0)
    return;

  if (self->is_late)
    {
      self->late_token = token;
      self->late_status = wait_status;
      g_hash_table_remove (self->pids, &token);
      return;
    }

  g_hash_table_remove (self->pids, &token);
  proctor_child_watcher_report (PROCTOR_CHILD_WATCHER (self), token,
                                waited == pid ? wait_status : -1);
}

static gboolean
look_at_all (gpointer data)
{
  PollingWatcher *self = data;
  g_autoptr(GList) tokens = g_hash_table_get_keys (self->pids);

  for (GList *link = tokens; link != NULL; link = link->next)
    look_at (self, *(guint64 *) link->data);
  return g_hash_table_size (self->pids) > 0;
}

static gboolean
polling_watcher_watch (ProctorChildWatcher  *watcher,
                       guint64               token,
                       GPid                  pid,
                       GError              **error)
{
  PollingWatcher *self = (PollingWatcher *) watcher;

  g_assert_true (self->thread == g_thread_self ());
  if (self->fails)
    {
      g_set_error_literal (error, G_IO_ERROR, G_IO_ERROR_FAILED, "It is not in the mood");
      return FALSE;
    }

  if (g_hash_table_size (self->pids) == 0)
    g_timeout_add (1, look_at_all, self);
  g_hash_table_insert (self->pids, g_memdup2 (&token, sizeof token), GINT_TO_POINTER (pid));
  return TRUE;
}

static void
polling_watcher_reap_now (ProctorChildWatcher *watcher,
                          guint64              token)
{
  g_assert_true (((PollingWatcher *) watcher)->thread == g_thread_self ());
  look_at ((PollingWatcher *) watcher, token);
}

static void
polling_watcher_unwatch (ProctorChildWatcher *watcher,
                         guint64              token)
{
  g_assert_true (((PollingWatcher *) watcher)->thread == g_thread_self ());
  g_assert_true (g_hash_table_remove (((PollingWatcher *) watcher)->pids, &token));
}

static void
polling_watcher_finalize (GObject *object)
{
  PollingWatcher *self = (PollingWatcher *) object;

  g_assert_true (self->thread == g_thread_self ());
  while (g_source_remove_by_user_data (self))
    ;
  g_hash_table_unref (self->pids);
  G_OBJECT_CLASS (polling_watcher_parent_class)->finalize (object);
}

static void
polling_watcher_class_init (PollingWatcherClass *klass)
{
  G_OBJECT_CLASS (klass)->finalize = polling_watcher_finalize;
  klass->watch = polling_watcher_watch;
  klass->unwatch = polling_watcher_unwatch;
  klass->reap_now = polling_watcher_reap_now;
}

static void
polling_watcher_init (PollingWatcher *self)
{
  self->pids = g_hash_table_new_full (g_int64_hash, g_int64_equal, g_free, NULL);
  self->thread = g_thread_self ();
}

static void
blind_watcher_class_init (BlindWatcherClass *klass)
{
  klass->reap_now =
    PROCTOR_CHILD_WATCHER_CLASS (g_type_class_peek_static (PROCTOR_TYPE_CHILD_WATCHER))->reap_now;
}

static void
blind_watcher_init (BlindWatcher *self)
{
}

/* ---- each watcher */

static ProctorChildWatcher *
make_foreign (GError **error)
{
  ProctorChildWatcher *watcher = g_object_new (polling_watcher_get_type (), NULL);

  g_assert_false (proctor_child_watcher_is_active (watcher));
  g_assert_true (proctor_child_watcher_attach (watcher, g_main_context_default (), error));
  return watcher;
}

typedef struct
{
  const char *name;
  ProctorChildWatcher *(*make) (GError **error);
  gboolean needs_main_loop;
} Kind;

static const Kind kinds[] = {
  { "main", proctor_main_child_watcher_new, TRUE },
  { "pidfd", proctor_pidfd_child_watcher_new, FALSE },
  { "threaded", proctor_threaded_child_watcher_new, FALSE },
  { "foreign", make_foreign, TRUE },
};

/* NULL where the system has not what it needs. */
static ProctorChildWatcher *
set_kind (const Kind *kind)
{
  g_autoptr(GError) error = NULL;
  ProctorChildWatcher *watcher = kind->make (&error);

  if (g_error_matches (error, G_IO_ERROR, G_IO_ERROR_NOT_SUPPORTED))
    return NULL;
  g_assert_no_error (error);
  g_assert_true (proctor_child_watcher_is_active (watcher));
  g_assert_true (proctor_set_child_watcher (watcher, &error));
  g_assert_no_error (error);
  return watcher;
}

/* Back to the default one, with all that belongs to it. */
static void
set_default (void)
{
  g_assert_true (proctor_set_child_watcher (NULL, NULL));
  warm_up ();
}

static void
unset (ProctorChildWatcher **watcher)
{
  set_default ();
  g_clear_object (watcher);
}

static ProctorProcess *
spawn_mode (const char *mode,
            const char *argument)
{
  g_autoptr(ProctorCommand) command = child_command (mode, argument, NULL);
  g_autoptr(GError) error = NULL;
  ProctorProcess *process = proctor_command_spawn (command, NULL, &error);

  g_assert_no_error (error);
  return process;
}

static gpointer
run_some (gpointer data)
{
  for (guint i = 0; i < scaled (40); i++)
    {
      g_autofree char *code = g_strdup_printf ("%u", i % 200);
      g_autoptr(ProctorCommand) command = child_command ("say", "out", "err", code, NULL);
      g_autoptr(GError) error = NULL;
      g_autoptr(ProctorResult) result = proctor_command_run (command, NULL, NULL, &error);

      g_assert_no_error (error);
      g_assert_cmpint (proctor_result_get_returncode (result), ==, i % 200);
      assert_bytes (proctor_result_get_stdout (result), "out");
    }
  g_atomic_int_inc ((int *) data);
  g_main_context_wakeup (NULL);
  return NULL;
}

static void
check_from_threads (const Kind *kind)
{
  GThread *threads[4];
  int n_ended = 0;

  for (guint i = 0; i < G_N_ELEMENTS (threads); i++)
    threads[i] = g_thread_new ("runs", run_some, &n_ended);
  while (kind->needs_main_loop && g_atomic_int_get (&n_ended) < (int) G_N_ELEMENTS (threads))
    g_main_context_iteration (NULL, TRUE);
  for (guint i = 0; i < G_N_ELEMENTS (threads); i++)
    g_thread_join (threads[i]);
}

static void
check_ends (void)
{
  g_autoptr(ProctorProcess) killed = spawn_mode ("sleep", "1000");
  g_autoptr(ProctorProcess) exited = spawn_mode ("exit", "7");
  g_autoptr(ProctorProcess) asked = spawn_mode ("exit", "9");
  g_autoptr(GError) error = NULL;

  assert_returncode (exited, 7);
  g_assert_cmpint (proctor_process_get_state (killed), ==, PROCTOR_PROCESS_RUNNING);
  g_assert_true (proctor_process_kill (killed, &error));
  assert_returncode (killed, -SIGKILL);
  g_assert_false (proctor_process_kill (killed, &error));
  g_assert_error (error, PROCTOR_ERROR, PROCTOR_ERROR_PROCESS_LOOKUP);
  /* Who only asks sees the end as well. */
  while (proctor_process_get_state (asked) == PROCTOR_PROCESS_RUNNING)
    g_usleep (100);
  assert_returncode (asked, 9);
}

static void
check_closed (ProctorChildWatcher *watcher)
{
  g_autoptr(ProctorProcess) process = spawn_mode ("sleep", "1000");
  g_autoptr(ProctorCommand) command = child_command ("exit", "0", NULL);
  g_autoptr(GError) error = NULL;

  proctor_child_watcher_close (watcher);
  g_assert_false (proctor_child_watcher_is_active (watcher));
  g_assert_null (proctor_command_run (command, NULL, NULL, &error));
  g_assert_error (error, PROCTOR_ERROR, PROCTOR_ERROR_NO_CHILD_WATCHER);
  /* What it has it keeps. */
  g_assert_true (proctor_process_kill (process, NULL));
  assert_returncode (process, -SIGKILL);
}

static void
test_each (void)
{
  for (guint i = 0; i < G_N_ELEMENTS (kinds); i++)
    {
      g_autoptr(ProctorChildWatcher) watcher = set_kind (&kinds[i]);

      if (watcher == NULL)
        continue;
      check_ends ();
      check_from_threads (&kinds[i]);
      check_closed (watcher);
      unset (&watcher);
    }
}

/* ---- blocking where the library has called */

static void
run_blocking (int *n_done)
{
  g_autoptr(ProctorCommand) command = child_command ("echo", "from a callback", NULL);
  g_autoptr(GError) error = NULL;
  g_autoptr(ProctorResult) result = proctor_command_run (command, NULL, NULL, &error);

  g_assert_no_error (error);
  assert_bytes (proctor_result_get_stdout (result), "from a callback\n");
  (*n_done)++;
}

static void
exited_cb (ProctorProcess *process,
           gpointer        data)
{
  run_blocking (data);
}

static void
notified_cb (GObject    *object,
             GParamSpec *pspec,
             gpointer    data)
{
  run_blocking (data);
}

static void
waited_cb (GObject      *source,
           GAsyncResult *result,
           gpointer      data)
{
  g_assert_true (proctor_process_wait_finish (PROCTOR_PROCESS (source), result, NULL, NULL));
  run_blocking (data);
}

static void
test_blocking_in_callbacks (void)
{
  for (guint i = 0; i < G_N_ELEMENTS (kinds); i++)
    {
      g_autoptr(ProctorChildWatcher) watcher = set_kind (&kinds[i]);
      ProctorProcess *processes[3];
      int n_done = 0;

      if (watcher == NULL)
        continue;
      for (guint n = 0; n < G_N_ELEMENTS (processes); n++)
        {
          processes[n] = spawn_mode ("sleep", "0.01");
          g_signal_connect (processes[n], "exited", G_CALLBACK (exited_cb), &n_done);
          g_signal_connect (processes[n], "notify::returncode", G_CALLBACK (notified_cb), &n_done);
          proctor_process_wait_async (processes[n], NULL, waited_cb, &n_done);
        }
      while (n_done < 3 * (int) G_N_ELEMENTS (processes))
        g_main_context_iteration (NULL, TRUE);
      for (guint n = 0; n < G_N_ELEMENTS (processes); n++)
        g_clear_object (&processes[n]);
      unset (&watcher);
    }
}

/* ---- several at once */

/* Each child keeps the watcher under which it was started. */
static void
test_change (void)
{
  ProctorChildWatcher *watchers[G_N_ELEMENTS (kinds)];
  ProctorProcess *processes[G_N_ELEMENTS (kinds)][3];

  for (guint i = 0; i < G_N_ELEMENTS (kinds); i++)
    {
      watchers[i] = set_kind (&kinds[i]);
      for (guint n = 0; watchers[i] != NULL && n < 3; n++)
        processes[i][n] = spawn_mode ("sleep", "1000");
    }
  set_default ();

  for (guint n = 0; n < 3; n++)
    for (guint i = 0; i < G_N_ELEMENTS (kinds); i++)
      {
        if (watchers[i] == NULL)
          continue;
        g_assert_true (proctor_process_terminate (processes[i][n], NULL));
        /* Its own reference is not needed any more. */
        if (n == 1)
          g_clear_object (&watchers[i]);
        assert_returncode (processes[i][n], -SIGTERM);
        g_object_unref (processes[i][n]);
        if (n == 1)
          watchers[i] = (gpointer) processes;
      }
}

/* ---- statuses that others take */

static void
assert_right_or_lost (ProctorProcess *process,
                      int             expected)
{
  g_autoptr(GError) error = NULL;
  int returncode = 0;

  if (proctor_process_wait (process, NULL, &returncode, &error))
    g_assert_cmpint (returncode, ==, expected);
  else
    g_assert_error (error, PROCTOR_ERROR, PROCTOR_ERROR_STATUS_LOST);
}

static void
test_stolen (void)
{
  /* The library warns of a lost status, if one is lost. */
  GLogLevelFlags fatal = g_log_set_always_fatal (G_LOG_LEVEL_ERROR | G_LOG_LEVEL_CRITICAL);

  for (guint i = 0; i < G_N_ELEMENTS (kinds); i++)
    {
      g_autoptr(ProctorChildWatcher) watcher = NULL;

      /* GLib without pidfds cannot tell. */
      if (i == 0 && !library_uses_pidfds ())
        continue;
      watcher = set_kind (&kinds[i]);
      if (watcher == NULL)
        continue;
      for (guint n = 0; n < scaled (20); n++)
        {
          g_autoptr(ProctorProcess) process = spawn_mode ("exit", "5");
          pid_t pid = proctor_process_get_pid (process);

          /* Or the watcher has been faster. */
          waitpid (pid, NULL, 0);
          assert_right_or_lost (process, 5);
        }
      unset (&watcher);
    }
  g_log_set_always_fatal (fatal);
}

static void
lose_statuses (void)
{
  for (guint i = 0; i < G_N_ELEMENTS (kinds); i++)
    {
      g_autoptr(ProctorChildWatcher) watcher = set_kind (&kinds[i]);

      if (watcher == NULL)
        continue;
      for (guint n = 0; n < 5; n++)
        {
          g_autoptr(ProctorProcess) process = spawn_mode ("exit", "5");

          assert_right_or_lost (process, 5);
        }
      g_assert_true (proctor_set_child_watcher (NULL, NULL));
    }
}

static void
test_nobody_keeps_statuses (void)
{
  struct sigaction action = { .sa_handler = SIG_IGN };

  if (!g_test_subprocess ())
    {
      g_test_trap_subprocess (NULL, 100 * G_USEC_PER_SEC, G_TEST_SUBPROCESS_DEFAULT);
      g_test_trap_assert_passed ();
      return;
    }

  g_log_set_always_fatal (G_LOG_LEVEL_ERROR);
  sigaction (SIGCHLD, &action, NULL);
  lose_statuses ();
  action = (struct sigaction){ .sa_handler = SIG_DFL, .sa_flags = SA_NOCLDWAIT };
  sigaction (SIGCHLD, &action, NULL);
  lose_statuses ();
}

/* ---- from outside the library */

static void
test_foreign_fails (void)
{
  g_autoptr(ProctorChildWatcher) watcher = set_kind (&kinds[3]);
  g_autoptr(ProctorProcess) process = NULL;

  ((PollingWatcher *) watcher)->fails = TRUE;
  g_test_expect_message ("Proctor", G_LOG_LEVEL_WARNING,
                         "PollingWatcher cannot watch process * (It is not in the mood)*");
  process = spawn_mode ("exit", "4");
  assert_returncode (process, 4);
  g_test_assert_expected_messages ();
  unset (&watcher);
}

static gpointer
wait_in_thread (gpointer process)
{
  assert_returncode (process, 6);
  g_main_context_wakeup (NULL);
  return NULL;
}

/* It cannot be asked, so whoever runs its context must not block. */
static void
test_foreign_blind (void)
{
  g_autoptr(ProctorChildWatcher) watcher = g_object_new (blind_watcher_get_type (), NULL);
  g_autoptr(ProctorCommand) command = child_command ("exit", "6", NULL);
  g_autoptr(ProctorProcess) process = NULL;
  g_autoptr(GError) error = NULL;
  g_auto(Reply) reply = { 0 };
  GThread *thread;

  g_assert_true (proctor_child_watcher_attach (watcher, g_main_context_default (), &error));
  g_assert_true (proctor_set_child_watcher (watcher, &error));
  g_assert_null (proctor_command_run (command, NULL, NULL, &error));
  g_assert_error (error, PROCTOR_ERROR, PROCTOR_ERROR_WOULD_DEADLOCK);
  g_clear_error (&error);

  reply_init (&reply);
  proctor_command_spawn_async (command, NULL, reply_arrived, &reply);
  process = proctor_command_spawn_finish (command, reply_wait (&reply), &error);
  g_assert_no_error (error);
  g_assert_false (proctor_process_wait (process, NULL, NULL, &error));
  g_assert_error (error, PROCTOR_ERROR, PROCTOR_ERROR_WOULD_DEADLOCK);

  thread = g_thread_new ("waits", wait_in_thread, process);
  while (proctor_process_get_state (process) == PROCTOR_PROCESS_RUNNING)
    g_main_context_iteration (NULL, TRUE);
  g_thread_join (thread);
  unset (&watcher);
}

/* Whoever drops the last reference: it ends in its own context. */
static void
test_foreign_dropped (void)
{
  g_autoptr(ProctorChildWatcher) watcher = set_kind (&kinds[3]);
  g_autoptr(ProctorProcess) process = spawn_mode ("sleep", "1000");
  gpointer pointer = watcher;

  g_object_add_weak_pointer (G_OBJECT (watcher), &pointer);
  unset (&watcher);
  g_assert_nonnull (pointer);
  g_assert_true (proctor_process_kill (process, NULL));
  assert_returncode (process, -SIGKILL);
  g_clear_object (&process);
  while (pointer != NULL)
    if (!g_main_context_iteration (NULL, FALSE))
      g_usleep (1000);
}

static ProctorProcess *
spawn_brood (const char *name,
             const char *leader,
             const char *others,
             pid_t       pids[BROOD_SIZE])
{
  g_autofree char *mark = work_path (name);
  g_autoptr(ProctorCommand) command = brood_command (mark, leader, others);
  ProctorProcess *process = spawn_or_abort (command);

  await_brood (mark, pids);
  return process;
}

static void
kill_and_await (const pid_t pids[BROOD_SIZE])
{
  for (guint i = 0; i < BROOD_SIZE; i++)
    kill (pids[i], SIGKILL);
  await_gone (pids, BROOD_SIZE);
}

/* It reaps by itself, so that nobody looks at what the child leaves behind at that moment. Who was
 * seen before is known, and in a cgroup everybody is.
 */
static void
test_foreign_tree (void)
{
  g_autoptr(ProctorChildWatcher) watcher = set_kind (&kinds[3]);
  g_autoptr(ProctorProcess) killed = NULL;
  g_autoptr(ProctorProcess) stopped = NULL;
  g_autoptr(ProctorProcess) left = NULL;
  pid_t pids[BROOD_SIZE];
  gboolean has_cgroup;

  killed = spawn_brood ("killed", "ignore", "ignore", pids);
  has_cgroup = has_own_cgroup (proctor_process_get_pid (killed));
  g_assert_true (proctor_process_kill (killed, NULL));
  assert_returncode (killed, -SIGKILL);
  await_gone (pids, BROOD_SIZE);

  /* The leader goes at once, the others only when they are killed, after it was reaped. */
  stopped = spawn_brood ("stopped", "obey", "ignore", pids);
  g_assert_true (way_stop (stopped, 200 * G_TIME_SPAN_MILLISECOND, NULL, NULL));
  assert_gone (pids, BROOD_SIZE);
  assert_returncode (stopped, -SIGTERM);

  left = spawn_brood ("left", "exit", "ignore", pids);
  assert_returncode (left, 0);
  g_assert_true (way_stop (left, 0, NULL, NULL));
  if (has_cgroup)
    assert_gone (pids, BROOD_SIZE);
  kill_and_await (pids);
  g_assert_true (way_stop (left, -1, NULL, NULL));

  g_clear_object (&killed);
  g_clear_object (&stopped);
  g_clear_object (&left);
  unset (&watcher);
}

/* The leader was reaped, and nobody knows yet. Its tree is killed all the same. */
static void
test_foreign_tree_late (void)
{
  g_autoptr(ProctorChildWatcher) watcher = set_kind (&kinds[3]);
  PollingWatcher *polling = (PollingWatcher *) watcher;
  g_autoptr(ProctorProcess) process = NULL;
  g_auto(Reply) reply = { 0 };
  pid_t pids[BROOD_SIZE];

  polling->is_late = TRUE;
  process = spawn_brood ("brood", "obey", "ignore", pids);
  g_assert_true (proctor_process_terminate (process, NULL));
  while (polling->late_token == 0)
    g_main_context_iteration (NULL, TRUE);
  g_assert_cmpint (proctor_process_get_state (process), ==, PROCTOR_PROCESS_RUNNING);
  g_assert_true (is_alive (pids[0]));

  reply_init (&reply);
  proctor_process_stop_async (process, 0, NULL, reply_arrived, &reply);
  await_gone (pids, BROOD_SIZE);
  proctor_child_watcher_report (watcher, polling->late_token, polling->late_status);
  g_assert_true (proctor_process_stop_finish (process, reply_wait (&reply), NULL));
  assert_returncode (process, -SIGTERM);
  g_clear_object (&process);
  unset (&watcher);
}

/* It could not watch: a thread of the library does, and looks. */
static void
test_foreign_tree_fails (void)
{
  g_autoptr(ProctorChildWatcher) watcher = set_kind (&kinds[3]);
  g_autoptr(ProctorProcess) process = NULL;
  pid_t pids[BROOD_SIZE];

  ((PollingWatcher *) watcher)->fails = TRUE;
  g_test_expect_message ("Proctor", G_LOG_LEVEL_WARNING,
                         "PollingWatcher cannot watch process * (It is not in the mood)*");
  process = spawn_brood ("brood", "exit", "ignore", pids);
  assert_returncode (process, 0);
  g_test_assert_expected_messages ();
  g_assert_true (way_stop (process, 0, NULL, NULL));
  g_assert_false (is_alive (pids[0]));
  g_assert_false (is_alive (pids[2]));
  kill_and_await (pids);
  g_clear_object (&process);
  unset (&watcher);
}

static gpointer
spawn_in_thread (gpointer data)
{
  return spawn_mode ("sleep", "1000");
}

static gpointer
detach_in_thread (gpointer data)
{
  g_autoptr(GError) error = NULL;

  g_assert_true (proctor_shutdown (PROCTOR_SHUTDOWN_DETACH, NULL, &error));
  g_assert_no_error (error);
  return NULL;
}

/* Two children are let go: one that it watches, and one of which it has not been told yet. */
static void
test_foreign_detached (void)
{
  g_autoptr(ProctorChildWatcher) watcher = set_kind (&kinds[3]);
  g_autoptr(ProctorProcess) watched = spawn_mode ("sleep", "1000");
  g_autoptr(ProctorProcess) untold = NULL;
  PollingWatcher *polling = (PollingWatcher *) watcher;

  while (g_hash_table_size (polling->pids) == 0)
    g_main_context_iteration (NULL, TRUE);
  untold = g_thread_join (g_thread_new ("spawns", spawn_in_thread, NULL));
  g_thread_join (g_thread_new ("detaches", detach_in_thread, NULL));
  while (g_hash_table_size (polling->pids) > 0)
    g_main_context_iteration (NULL, TRUE);

  kill (proctor_process_get_pid (watched), SIGKILL);
  kill (proctor_process_get_pid (untold), SIGKILL);
  g_assert_cmpint (waitpid (proctor_process_get_pid (watched), NULL, 0), >, 0);
  g_assert_cmpint (waitpid (proctor_process_get_pid (untold), NULL, 0), >, 0);
  g_clear_object (&watched);
  g_clear_object (&untold);
  unset (&watcher);
}

/* ---- the environment */

static gpointer
run_first_in_thread (gpointer data)
{
  int n_ended = 0;

  run_some (&n_ended);
  return NULL;
}

static void
test_environment (void)
{
  static const char *const names[] = { "pidfd", "threaded" };
  g_autoptr(GError) error = NULL;

  if (!g_test_subprocess ())
    {
      g_test_trap_subprocess (NULL, 100 * G_USEC_PER_SEC, G_TEST_SUBPROCESS_INHERIT_STDERR);
      g_test_trap_assert_passed ();
      return;
    }

  g_setenv ("PROCTOR_WATCHER", "eagle", TRUE);
  g_assert_false (proctor_init (&error));
  g_assert_error (error, PROCTOR_ERROR, PROCTOR_ERROR_NO_CHILD_WATCHER);
  g_assert_nonnull (strstr (error->message, "eagle"));

  for (guint i = 0; i < G_N_ELEMENTS (names); i++)
    {
      g_autoptr(GError) local_error = NULL;

      /* Nothing is ever done on the main thread, and there is no main loop. */
      g_setenv ("PROCTOR_WATCHER", names[i], TRUE);
      if (!proctor_init (&local_error))
        {
          g_assert_error (local_error, G_IO_ERROR, G_IO_ERROR_NOT_SUPPORTED);
          continue;
        }
      proctor_set_child_watcher (NULL, NULL);
      g_thread_join (g_thread_new ("first", run_first_in_thread, NULL));
      proctor_set_child_watcher (NULL, NULL);
    }
}

/* ---- a main loop that does not run */

static void
test_stall (void)
{
  g_autoptr(ProctorProcess) process = NULL;

  if (!g_test_subprocess ())
    {
      g_autoptr(ProctorChildWatcher) pidfd = proctor_pidfd_child_watcher_new (NULL);

      g_test_trap_subprocess (NULL, 100 * G_USEC_PER_SEC, G_TEST_SUBPROCESS_DEFAULT);
      g_test_trap_assert_passed ();
      if (pidfd != NULL && g_strcmp0 (g_getenv ("PROCTOR_EVENT_QUEUE"), "poll") != 0)
        g_test_trap_assert_stderr ("*Process * has exited*main context has not run*pidfd*");
      return;
    }

  g_log_set_always_fatal (G_LOG_LEVEL_ERROR);
  process = spawn_mode ("sleep", "0.5");
  g_usleep (7 * G_USEC_PER_SEC);
  assert_returncode (process, 0);
}

int
main (int    argc,
      char **argv)
{
  static const ApiTest tests[] = {
    { "each", test_each, ONE_WAY },
    { "blocking-in-callbacks", test_blocking_in_callbacks, ONE_WAY },
    { "change", test_change, ONE_WAY },
    { "stolen", test_stolen, ONE_WAY },
    { "nobody-keeps-statuses", test_nobody_keeps_statuses, ONE_WAY },
    { "foreign-fails", test_foreign_fails, ONE_WAY },
    { "foreign-blind", test_foreign_blind, ONE_WAY },
    { "foreign-dropped", test_foreign_dropped, ONE_WAY },
    { "foreign-tree", test_foreign_tree, ONE_WAY },
    { "foreign-tree-late", test_foreign_tree_late, ONE_WAY },
    { "foreign-tree-fails", test_foreign_tree_fails, ONE_WAY },
    { "foreign-detached", test_foreign_detached, ONE_WAY },
    { "environment", test_environment, ONE_WAY },
    { "stall", test_stall, ONE_WAY },
  };

  g_unsetenv ("PROCTOR_WATCHER");
  return RUN_API_TESTS (argc, argv, "watchers", tests);
}
