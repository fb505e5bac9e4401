/* For tests of the public interface: every test runs with blocking calls and with asynchronous
 * ones, on the main thread and on another one with a context of its own, and leaves nothing behind.
 *
 * SPDX-License-Identifier: LGPL-2.1-or-later
 */

#pragma once

#include <fcntl.h>
#include <sys/resource.h>
#include <sys/stat.h>

#include <glib/gstdio.h>

#include <proctor/proctor.h>

#include "test-leaks.h"

typedef struct
{
  const char *name;
  gboolean is_async;
  gboolean in_thread;
} Way;

static const Way *way;
static const char *child_path;
static char *work_directory; /* of the current test, empty at its start */

/* ---- the operations, in the current way */

typedef struct
{
  GMainContext *context;
  GThread *thread;
  GAsyncResult *result;
} Reply;

static inline void
reply_init (Reply *self)
{
  *self = (Reply){ .context = g_main_context_ref_thread_default (), .thread = g_thread_self () };
}

/* The GAsyncReadyCallback of every asynchronous call; the data is the Reply. */
static inline void
reply_arrived (GObject      *source,
               GAsyncResult *result,
               gpointer      data)
{
  Reply *self = data;

  g_assert_true (self->thread == g_thread_self ());
  g_assert_true (g_main_context_is_owner (self->context));
  g_assert_null (self->result);
  self->result = g_object_ref (result);
}

static inline GAsyncResult *
reply_wait (Reply *self)
{
  while (self->result == NULL)
    g_main_context_iteration (self->context, TRUE);

  return self->result;
}

static inline void
reply_clear (Reply *self)
{
  g_clear_object (&self->result);
  g_clear_pointer (&self->context, g_main_context_unref);
}

G_DEFINE_AUTO_CLEANUP_CLEAR_FUNC (Reply, reply_clear)

static inline ProctorResult *
way_run (ProctorCommand  *command,
         GBytes          *input,
         GCancellable    *cancellable,
         GError         **error)
{
  g_auto(Reply) reply = { 0 };

  if (!way->is_async)
    return proctor_command_run (command, input, cancellable, error);

  reply_init (&reply);
  proctor_command_run_async (command, input, cancellable, reply_arrived, &reply);
  g_assert_null (reply.result);
  return proctor_command_run_finish (command, reply_wait (&reply), error);
}

static inline ProctorResult *
way_run_check (ProctorCommand  *command,
               GBytes          *input,
               GCancellable    *cancellable,
               GError         **error)
{
  g_auto(Reply) reply = { 0 };

  if (!way->is_async)
    return proctor_command_run_check (command, input, cancellable, error);

  reply_init (&reply);
  proctor_command_run_check_async (command, input, cancellable, reply_arrived, &reply);
  return proctor_command_run_check_finish (command, reply_wait (&reply), error);
}

static inline ProctorProcess *
way_spawn (ProctorCommand  *command,
           GCancellable    *cancellable,
           GError         **error)
{
  g_auto(Reply) reply = { 0 };

  if (!way->is_async)
    return proctor_command_spawn (command, cancellable, error);

  reply_init (&reply);
  proctor_command_spawn_async (command, cancellable, reply_arrived, &reply);
  g_assert_null (reply.result);
  return proctor_command_spawn_finish (command, reply_wait (&reply), error);
}

static inline gboolean
way_wait (ProctorProcess  *process,
          GCancellable    *cancellable,
          int             *returncode,
          GError         **error)
{
  g_auto(Reply) reply = { 0 };

  if (!way->is_async)
    return proctor_process_wait (process, cancellable, returncode, error);

  reply_init (&reply);
  proctor_process_wait_async (process, cancellable, reply_arrived, &reply);
  return proctor_process_wait_finish (process, reply_wait (&reply), returncode, error);
}

static inline gboolean
way_wait_check (ProctorProcess  *process,
                GCancellable    *cancellable,
                GError         **error)
{
  g_auto(Reply) reply = { 0 };

  if (!way->is_async)
    return proctor_process_wait_check (process, cancellable, error);

  reply_init (&reply);
  proctor_process_wait_check_async (process, cancellable, reply_arrived, &reply);
  return proctor_process_wait_check_finish (process, reply_wait (&reply), error);
}

static inline ProctorResult *
way_communicate (ProctorProcess  *process,
                 GBytes          *input,
                 GCancellable    *cancellable,
                 GError         **error)
{
  g_auto(Reply) reply = { 0 };

  if (!way->is_async)
    return proctor_process_communicate (process, input, cancellable, error);

  reply_init (&reply);
  proctor_process_communicate_async (process, input, cancellable, reply_arrived, &reply);
  return proctor_process_communicate_finish (process, reply_wait (&reply), error);
}

static inline gboolean
way_stop (ProctorProcess  *process,
          GTimeSpan        grace,
          GCancellable    *cancellable,
          GError         **error)
{
  g_auto(Reply) reply = { 0 };

  if (!way->is_async)
    return proctor_process_stop (process, grace, cancellable, error);

  reply_init (&reply);
  proctor_process_stop_async (process, grace, cancellable, reply_arrived, &reply);
  return proctor_process_stop_finish (process, reply_wait (&reply), error);
}

static inline GPtrArray *
way_gather (GPtrArray     *commands,
            guint          max_running,
            GCancellable  *cancellable,
            GError       **error)
{
  ProctorCommand * const *array = (ProctorCommand * const *) commands->pdata;
  g_auto(Reply) reply = { 0 };

  if (!way->is_async)
    return proctor_gather (array, commands->len, max_running, cancellable, error);

  reply_init (&reply);
  proctor_gather_async (array, commands->len, max_running, cancellable, reply_arrived, &reply);
  return proctor_gather_finish (reply_wait (&reply), error);
}

/* ---- what tests say often */

/* A command that runs the test child; arguments are its mode and what that wants. */
static inline ProctorCommand * G_GNUC_NULL_TERMINATED
child_command (const char *mode,
               ...)
{
  g_autoptr(GPtrArray) argv = g_ptr_array_new ();
  va_list args;

  g_ptr_array_add (argv, (gpointer) child_path);
  va_start (args, mode);
  for (const char *arg = mode; arg != NULL; arg = va_arg (args, const char *))
    g_ptr_array_add (argv, (gpointer) arg);
  va_end (args);
  g_ptr_array_add (argv, NULL);

  return proctor_command_newv ((const char * const *) argv->pdata);
}

static inline ProctorProcess *
spawn_or_abort (ProctorCommand *command)
{
  g_autoptr(GError) error = NULL;
  ProctorProcess *process = way_spawn (command, NULL, &error);

  g_assert_no_error (error);
  g_assert_true (PROCTOR_IS_PROCESS (process));
  return process;
}

static inline ProctorResult *
run_or_abort (ProctorCommand *command,
              GBytes         *input)
{
  g_autoptr(GError) error = NULL;
  ProctorResult *result = way_run (command, input, NULL, &error);

  g_assert_no_error (error);
  g_assert_true (PROCTOR_IS_RESULT (result));
  return result;
}

static inline ProctorResult *
communicate_or_abort (ProctorProcess *process,
                      GBytes         *input)
{
  g_autoptr(GError) error = NULL;
  ProctorResult *result = way_communicate (process, input, NULL, &error);

  g_assert_no_error (error);
  g_assert_true (PROCTOR_IS_RESULT (result));
  return result;
}

static inline int
returncode_or_abort (ProctorProcess *process)
{
  g_autoptr(GError) error = NULL;
  int returncode = G_MAXINT;

  g_assert_true (way_wait (process, NULL, &returncode, &error));
  g_assert_no_error (error);
  return returncode;
}

static inline void
assert_returncode (ProctorProcess *process,
                   int             expected)
{
  g_assert_cmpint (returncode_or_abort (process), ==, expected);
}

#define assert_bytes(bytes, text) \
  G_STMT_START \
  { \
    GBytes *bytes_ = (bytes); \
    const char *text_ = (text); \
    g_assert_nonnull (bytes_); \
    g_assert_cmpmem (g_bytes_get_data (bytes_, NULL), g_bytes_get_size (bytes_), \
                     text_, strlen (text_)); \
  } \
  G_STMT_END

static inline char *
work_path (const char *name)
{
  return g_build_filename (work_directory, name, NULL);
}

static inline char *
work_file (const char *name,
           const char *content)
{
  char *path = work_path (name);

  g_assert_true (g_file_set_contents (path, content, -1, NULL));
  return path;
}

static inline void
assert_file (const char *path,
             const char *expected)
{
  g_autofree char *content = NULL;

  g_assert_true (g_file_get_contents (path, &content, NULL, NULL));
  g_assert_cmpstr (content, ==, expected);
}

/* Where it does not, GLib or a thread of the child waits for it. */
static inline gboolean
library_uses_pidfds (void)
{
  g_autoptr(ProctorChildWatcher) watcher = proctor_pidfd_child_watcher_new (NULL);

  return watcher != NULL;
}

/* Waits until a child of the test has made this file, which it does in one step; what it says. */
static inline char *
await_file (const char *path)
{
  gint64 deadline = g_get_monotonic_time () + 20 * G_TIME_SPAN_SECOND;
  char *content = NULL;

  while (!g_file_get_contents (path, &content, NULL, NULL))
    {
      g_assert_cmpint (g_get_monotonic_time (), <, deadline);
      g_usleep (500);
    }
  return content;
}

static inline pid_t
await_pid (const char *path)
{
  g_autofree char *content = await_file (path);
  pid_t pid = (pid_t) g_ascii_strtoll (content, NULL, 10);

  g_assert_cmpint (pid, >, 1);
  return pid;
}

/* For a descendant of a child in mode `hold`: it has noticed that the child has exited, and has
 * written all that it writes.
 */
static inline void
await_late (const char *mark)
{
  g_autofree char *path = g_strconcat (mark, ".late", NULL);

  await_pid (path);
}

/* Bytes in which every piece differs from all others, so that what is lost, doubled or swapped is
 * noticed.
 */
static inline GBytes *
make_pattern (gsize  length,
              guint64 seed)
{
  gsize n_words = (length + 7) / 8;
  guint64 *words = g_new (guint64, n_words + 1);

  for (gsize i = 0; i < n_words; i++)
    words[i] = (i + seed) * G_GUINT64_CONSTANT (0x9E3779B97F4A7C15);
  return g_bytes_new_take (words, length);
}

/* Not g_assert_cmpmem: it would print all of it. */
static inline void
assert_same_bytes (GBytes *actual,
                   GBytes *expected)
{
  g_assert_nonnull (actual);
  g_assert_cmpuint (g_bytes_get_size (actual), ==, g_bytes_get_size (expected));
  g_assert_true (g_bytes_equal (actual, expected));
}

/* Cancels after a while, from a thread of its own. */
typedef struct
{
  GCancellable *cancellable;
  GTimeSpan delay;
  GThread *thread;
} Canceller;

static inline gpointer
canceller_thread (gpointer data)
{
  Canceller *self = data;

  g_usleep ((gulong) self->delay);
  g_cancellable_cancel (self->cancellable);
  return NULL;
}

static inline void
canceller_start (Canceller    *self,
                 GCancellable *cancellable,
                 GTimeSpan     delay)
{
  self->cancellable = cancellable;
  self->delay = delay;
  self->thread = g_thread_new ("canceller", canceller_thread, self);
}

static inline void
canceller_join (Canceller *self)
{
  g_thread_join (self->thread);
}

/* ---- times that have to be waited for */

/* Each attempt of a test wants files of its own. */
static inline char *
new_mark (void)
{
  static guint n_marks;
  g_autofree char *name = g_strdup_printf ("mark-%u", ++n_marks);

  return work_path (name);
}

/* So that they are short; a machine that is too busy for what is to happen meanwhile gets a longer
 * one. @attempt tells whether it was long enough.
 */
static inline void
try_with_longer_times (GTimeSpan   shortest,
                       gboolean (*attempt) (GTimeSpan time))
{
  if (!attempt (shortest) && !attempt (10 * shortest))
    g_assert_true (attempt (100 * shortest));
}

/* NULL: not even the spawn was through in time. */
static inline ProctorResult *
run_until_timed_out (ProctorCommand *command,
                     GTimeSpan       timeout)
{
  g_autoptr(GError) error = NULL;
  ProctorResult *result;

  proctor_command_set_timeout (command, timeout);
  result = way_run (command, NULL, NULL, &error);
  if (result == NULL)
    g_assert_error (error, G_IO_ERROR, G_IO_ERROR_TIMED_OUT);
  else
    g_assert_true (proctor_result_is_timed_out (result));
  return result;
}

/* ---- running the tests */

typedef void (*ApiTestFunc) (void);

typedef enum
{
  ALL_WAYS,
  TWO_WAYS,    /* for slow ones: blocking on the main thread, asynchronous on another */
  MAIN_WAYS,   /* both on the main thread */
  THREAD_WAYS, /* both on another thread */
  ONE_WAY,     /* blocking on the main thread; or nothing depends on the way */
} ApiTestWays;

typedef struct
{
  const char *name;
  ApiTestFunc run;
  ApiTestWays ways;
} ApiTest;

typedef struct
{
  const Way *way;
  const ApiTest *test;
  int ended; /* atomic: of a thread */
} ApiTestInWay;

static inline gpointer
api_test_thread (gpointer data)
{
  ApiTestInWay *self = data;
  g_autoptr(GMainContext) context = g_main_context_new ();

  g_main_context_push_thread_default (context);
  self->test->run ();
  while (g_main_context_iteration (context, FALSE))
    ;
  g_main_context_pop_thread_default (context);

  g_atomic_int_set (&self->ended, TRUE);
  g_main_context_wakeup (NULL);
  return NULL;
}

/* Meanwhile the main thread does what a program with the main child watcher has to do: it runs the
 * main context.
 */
static inline void
run_test_in_thread (ApiTestInWay *self)
{
  GThread *thread;

  g_atomic_int_set (&self->ended, FALSE);
  thread = g_thread_new ("test", api_test_thread, self);
  while (!g_atomic_int_get (&self->ended))
    g_main_context_iteration (NULL, TRUE);
  g_thread_join (thread);
}

static inline void
remove_tree (const char *path)
{
  GDir *directory = g_dir_open (path, 0, NULL);
  const char *name;

  while (directory != NULL && (name = g_dir_read_name (directory)) != NULL)
    {
      g_autofree char *inner = g_build_filename (path, name, NULL);

      if (g_file_test (inner, G_FILE_TEST_IS_DIR) && !g_file_test (inner, G_FILE_TEST_IS_SYMLINK))
        remove_tree (inner);
      else
        g_unlink (inner);
    }
  g_clear_pointer (&directory, g_dir_close);
  g_rmdir (path);
}

static inline void
run_api_test (gconstpointer data)
{
  ApiTestInWay *self = (ApiTestInWay *) data;
  Leaks before;

  deadline_start (g_test_get_path (), TEST_DEADLINE_SECONDS);
  way = self->way;
  work_directory = g_dir_make_tmp ("proctor-test-XXXXXX", NULL);
  g_assert_nonnull (work_directory);

  leaks_take (&before);
  if (way->in_thread)
    run_test_in_thread (self);
  else
    self->test->run ();
  /* One of its own has started what is started once. */
  if (!g_test_subprocess ())
    leaks_check (&before);

  remove_tree (work_directory);
  g_clear_pointer (&work_directory, g_free);
}

/* What the library and GLib start once and then keep: workers, spawners, a file; GTask's thread,
 * and that for SIGCHLD. On the main thread, also in an iteration of its context.
 */
static inline void
warm_up (void)
{
  g_auto(Reply) reply = { 0 };
  g_autoptr(GPtrArray) commands = g_ptr_array_new_with_free_func (g_object_unref);
  g_autoptr(GPtrArray) results = NULL;
  g_autoptr(GError) error = NULL;

  for (guint i = 0; i < 8; i++)
    g_ptr_array_add (commands, child_command ("echo", "warm", NULL));
  reply_init (&reply);
  proctor_gather_async ((ProctorCommand **) commands->pdata, commands->len, 0, NULL,
                        reply_arrived, &reply);
  results = proctor_gather_finish (reply_wait (&reply), &error);
  g_assert_no_error (error);
  for (guint i = 0; i < 8; i++)
    g_assert_true (proctor_result_check (results->pdata[i], &error));
}

static inline gboolean
test_runs_in (const ApiTest *test,
              guint          way_number)
{
  switch (test->ways)
    {
    case TWO_WAYS:
      return way_number == 0 || way_number == 3;
    case MAIN_WAYS:
      return way_number < 2;
    case THREAD_WAYS:
      return way_number >= 2;
    case ONE_WAY:
      return way_number == 0;
    case ALL_WAYS:
    default:
      return TRUE;
    }
}

/* A child inherits what is ignored; whoever starts the tests (nohup, a shell's "&") must not decide
 * which of its signals end it.
 */
static inline void
reset_ignored_signals (void)
{
  static const int signums[] = { SIGHUP, SIGINT, SIGQUIT, SIGTERM, SIGUSR1, SIGUSR2, SIGALRM };

  for (guint i = 0; i < G_N_ELEMENTS (signums); i++)
    signal (signums[i], SIG_DFL);
}

static inline int
run_api_tests (int            *argc,
               char         ***argv,
               const char     *prefix,
               const ApiTest  *tests,
               guint           n_tests)
{
  static const Way ways[] = {
    { "blocking", FALSE, FALSE },
    { "async", TRUE, FALSE },
    { "thread-blocking", FALSE, TRUE },
    { "thread-async", TRUE, TRUE },
  };
  g_autofree ApiTestInWay *all = g_new0 (ApiTestInWay, G_N_ELEMENTS (ways) * n_tests);

  g_test_init (argc, argv, NULL);
  deadline_start ("The start", TEST_DEADLINE_SECONDS);
  reset_ignored_signals ();
  child_path = g_getenv ("PROCTOR_TEST_CHILD");
  g_assert_nonnull (child_path);
  /* A test that wants a process of its own may want one that has done nothing yet. */
  if (!g_test_subprocess ())
    warm_up ();

  for (guint i = 0; i < G_N_ELEMENTS (ways) * n_tests; i++)
    {
      const ApiTest *test = &tests[i / G_N_ELEMENTS (ways)];
      g_autofree char *path = NULL;

      if (!test_runs_in (test, i % G_N_ELEMENTS (ways)))
        continue;
      all[i] = (ApiTestInWay){ .way = &ways[i % G_N_ELEMENTS (ways)], .test = test };
      path = g_strdup_printf ("/%s/%s/%s", prefix, test->name, all[i].way->name);
      g_test_add_data_func (path, &all[i], run_api_test);
    }

  return g_test_run ();
}

#define RUN_API_TESTS(argc, argv, prefix, tests) \
  run_api_tests (&(argc), &(argv), prefix, tests, G_N_ELEMENTS (tests))
