/* Many threads and many processes at once. Everything must come out right, in the right context,
 * and nothing be left.
 *
 * SPDX-License-Identifier: LGPL-2.1-or-later
 */

#include "config.h"

#include "../api-testing.h"
#include "crew.h"

/* ---- runs whose results cannot be mistaken for each other's */

typedef struct
{
  Member *member;
  guint *n_left; /* of those that are under way */
  guint number;
  GBytes *input; /* of a cat */
} Ask;

static ProctorCommand *
ask_command (Ask *self)
{
  g_autofree char *out = g_strdup_printf ("out %u %u\n", self->member->index, self->number);
  g_autofree char *err = g_strdup_printf ("err %u %u\n", self->member->index, self->number);
  g_autofree char *code = g_strdup_printf ("%u", self->number % 100);

  if (self->number % 4 == 3)
    {
      self->input = make_pattern (1 + self->number * 37 % 100000,
                                  self->member->index * 1000003 + self->number);
      return child_command ("cat", NULL);
    }
  return child_command ("say", out, err, code, NULL);
}

/* Takes @result. */
static void
ask_check (Ask           *self,
           ProctorResult *result)
{
  g_assert_nonnull (result);
  g_assert_false (proctor_result_is_incomplete (result));
  if (self->input != NULL)
    {
      g_assert_cmpint (proctor_result_get_returncode (result), ==, 0);
      assert_same_bytes (proctor_result_get_stdout (result), self->input);
    }
  else
    {
      g_autofree char *out = g_strdup_printf ("out %u %u\n", self->member->index, self->number);
      g_autofree char *err = g_strdup_printf ("err %u %u\n", self->member->index, self->number);

      g_assert_cmpint (proctor_result_get_returncode (result), ==, (int) (self->number % 100));
      assert_bytes (proctor_result_get_stdout (result), out);
      assert_bytes (proctor_result_get_stderr (result), err);
    }
  g_object_unref (result);
}

static void
ask_free (Ask *self)
{
  g_clear_pointer (&self->input, g_bytes_unref);
  g_free (self);
}

static void
ask_answered (GObject      *source,
              GAsyncResult *result,
              gpointer      data)
{
  Ask *self = data;
  g_autoptr(GError) error = NULL;
  ProctorResult *answer = proctor_command_run_finish (PROCTOR_COMMAND (source), result, &error);

  g_assert_no_error (error);
  g_assert_true (g_main_context_is_owner (self->member->context));
  g_assert_true (g_main_context_get_thread_default () == self->member->context);
  ask_check (self, answer);
  (*self->n_left)--;
  ask_free (self);
}

static Ask *
ask_new (Member *member,
         guint  *n_left,
         guint   number)
{
  Ask *self = g_new0 (Ask, 1);

  self->member = member;
  self->n_left = n_left;
  self->number = number;
  return self;
}

static void
ask_async (Member *member,
           guint  *n_left,
           guint   number)
{
  Ask *ask = ask_new (member, n_left, number);
  g_autoptr(ProctorCommand) command = ask_command (ask);

  (*n_left)++;
  proctor_command_run_async (command, ask->input, NULL, ask_answered, ask);
}

static void
ask_blocking (Member *member,
              guint   number)
{
  Ask *ask = ask_new (member, NULL, number);
  g_autoptr(ProctorCommand) command = ask_command (ask);
  g_autoptr(GError) error = NULL;
  ProctorResult *result = proctor_command_run (command, ask->input, NULL, &error);

  g_assert_no_error (error);
  ask_check (ask, result);
  ask_free (ask);
}

/* ---- 32 threads, each with a context of its own, 10,000 runs */

#define N_ASKERS 32
#define N_IN_FLIGHT 4

static void
ask_many (Member *member)
{
  guint n_runs = MAX (2, scaled (10000) / N_ASKERS + 1);
  guint n_left = 0;

  for (guint number = 0; number < n_runs; number++)
    {
      if (number % 50 == 49)
        ask_blocking (member, number);
      else
        ask_async (member, &n_left, number);
      while (n_left >= N_IN_FLIGHT)
        g_main_context_iteration (member->context, TRUE);
    }
  while (n_left > 0)
    g_main_context_iteration (member->context, TRUE);
}

static void
test_contexts (void)
{
  Crew crew;

  crew_start (&crew, N_ASKERS, ask_many, NULL);
  crew_attend (&crew);
}

/* ---- blocking calls everywhere */

static void
ask_many_blocking (Member *member)
{
  guint n_runs = scaled (150);

  for (guint number = 0; number < n_runs; number++)
    ask_blocking (member, number);
}

static void
test_blocking_beside_main_loop (void)
{
  Crew crew;

  crew_start (&crew, 8, ask_many_blocking, NULL);
  crew_attend (&crew);
}

/* The main thread does not run its main loop: it reaps for all while it is blocked itself. */
static void
test_blocking_beside_blocked_main (void)
{
  Crew crew;
  Member here = { .index = 1000 };

  crew_start (&crew, 8, ask_many_blocking, NULL);
  for (guint number = 0; !crew_has_ended (&crew); number++)
    ask_blocking (&here, number);
  crew_join (&crew);
}

/* ---- a thousand children at once */

typedef struct
{
  GPtrArray *processes;
  guint n_expected;
  guint n_ended;
} Crowd;

static void
crowd_spawned (GObject      *source,
               GAsyncResult *result,
               gpointer      data)
{
  Crowd *self = data;
  g_autoptr(GError) error = NULL;
  ProctorProcess *process = proctor_command_spawn_finish (PROCTOR_COMMAND (source), result, &error);

  g_assert_no_error (error);
  g_ptr_array_add (self->processes, process);
}

static void
crowd_one_ended (GObject      *source,
                 GAsyncResult *result,
                 gpointer      data)
{
  Crowd *self = data;
  g_autoptr(GError) error = NULL;
  int returncode = 0;

  g_assert_true (proctor_process_wait_finish (PROCTOR_PROCESS (source), result, &returncode,
                                              &error));
  g_assert_no_error (error);
  g_assert_cmpint (returncode, ==, -SIGKILL);
  self->n_ended++;
}

static void
test_thousand_children (void)
{
  g_autoptr(ProctorCommand) command = child_command ("sleep", "1000", NULL);
  Crowd crowd = { .n_expected = scaled (1000) };

  crowd.processes = g_ptr_array_new_with_free_func (g_object_unref);
  for (guint i = 0; i < crowd.n_expected; i++)
    proctor_command_spawn_async (command, NULL, crowd_spawned, &crowd);
  while (crowd.processes->len < crowd.n_expected)
    g_main_context_iteration (NULL, TRUE);

  for (guint i = 0; i < crowd.n_expected; i++)
    {
      ProctorProcess *process = crowd.processes->pdata[i];

      g_assert_cmpint (proctor_process_get_state (process), ==, PROCTOR_PROCESS_RUNNING);
      proctor_process_wait_async (process, NULL, crowd_one_ended, &crowd);
    }
  for (guint i = 0; i < crowd.n_expected; i++)
    {
      g_autoptr(GError) error = NULL;

      g_assert_true (proctor_process_kill (crowd.processes->pdata[i], &error));
      g_assert_no_error (error);
    }
  while (crowd.n_ended < crowd.n_expected)
    g_main_context_iteration (NULL, TRUE);
  g_ptr_array_unref (crowd.processes);
}

/* ---- one process, many threads */

static void
use_shared (Member *member)
{
  ProctorProcess *process = member->crew->data;
  g_autoptr(GError) error = NULL;
  int returncode = 0;

  if (member->index % 4 == 0)
    {
      g_autoptr(ProctorResult) result = proctor_process_communicate (process, NULL, NULL, &error);

      if (result == NULL)
        g_assert_error (error, G_IO_ERROR, G_IO_ERROR_PENDING);
      else
        g_assert_cmpint (proctor_result_get_returncode (result), ==, -SIGTERM);
      g_clear_error (&error);
    }
  else if (member->index % 4 == 1)
    {
      if (!proctor_process_terminate (process, &error))
        g_assert_error (error, PROCTOR_ERROR, PROCTOR_ERROR_PROCESS_LOOKUP);
      g_clear_error (&error);
    }
  else if (member->index % 4 == 2)
    {
      g_assert_true (proctor_process_stop (process, 60 * G_TIME_SPAN_SECOND, NULL, &error));
      g_assert_no_error (error);
    }

  g_assert_true (proctor_process_wait (process, NULL, &returncode, &error));
  g_assert_no_error (error);
  g_assert_cmpint (returncode, ==, -SIGTERM);
  g_assert_cmpint (proctor_process_get_state (process), ==, PROCTOR_PROCESS_EXITED);
  g_assert_false (proctor_process_kill (process, &error));
  g_assert_error (error, PROCTOR_ERROR, PROCTOR_ERROR_PROCESS_LOOKUP);
}

static void
test_shared_handle (void)
{
  g_autoptr(ProctorCommand) command = child_command ("sleep", "1000", NULL);
  guint n_rounds = scaled (100);

  proctor_command_set_stdin (command, PROCTOR_STDIO_PIPE);
  proctor_command_set_stdout (command, PROCTOR_STDIO_PIPE);
  for (guint round = 0; round < n_rounds; round++)
    {
      g_autoptr(ProctorProcess) process = spawn_or_abort (command);
      Crew crew;

      crew_start (&crew, 12, use_shared, process);
      crew_attend (&crew);
    }
}

/* ---- at random */

#define N_WANDERERS 64
#define MAX_HELD 3

typedef struct
{
  Member *member;
  GPtrArray *held;
  gint64 deadline;
} Wanderer;

static gboolean
cancel_late_cb (gpointer data)
{
  g_cancellable_cancel (data);
  return G_SOURCE_REMOVE;
}

/* From the main thread, a little later or much too late, or not at all. */
static GCancellable *
wanderer_cancellable (Wanderer *self)
{
  GCancellable *cancellable;
  GSource *source;
  int what = g_rand_int_range (self->member->random, 0, 10);

  if (what < 4)
    return NULL;

  cancellable = g_cancellable_new ();
  if (what == 4)
    {
      g_cancellable_cancel (cancellable);
      return cancellable;
    }

  source = g_timeout_source_new ((guint) g_rand_int_range (self->member->random, 0, 8));
  g_source_set_callback (source, cancel_late_cb, g_object_ref (cancellable), g_object_unref);
  g_source_attach (source, NULL);
  g_source_unref (source);
  return cancellable;
}

/* It ends by itself, or when nobody has it any more. */
static ProctorCommand *
wanderer_command (Wanderer *self)
{
  ProctorCommand *command;

  switch (g_rand_int_range (self->member->random, 0, 6))
    {
    case 0:
      command = child_command ("cat", NULL);
      proctor_command_set_stdin (command, PROCTOR_STDIO_PIPE);
      break;
    case 1:
      command = child_command ("flood", "100000", "30000", NULL);
      break;
    case 2:
      command = child_command ("exit", "5", NULL);
      break;
    case 3:
      command = child_command ("sleep", "0.005", NULL);
      break;
    case 4:
      command = child_command ("nonsense", NULL);
      break;
    default:
      command = child_command ("sleep", "1000", NULL);
      proctor_command_set_flags (command, PROCTOR_COMMAND_KILL_ON_DROP);
      proctor_command_set_timeout (command, g_rand_int_range (self->member->random, 0, 5000));
    }
  if (g_rand_int_range (self->member->random, 0, 20) == 0)
    proctor_command_set_cwd (command, "/there/is/no/such/directory");

  proctor_command_set_stdout (command, PROCTOR_STDIO_PIPE);
  proctor_command_set_stderr (command, PROCTOR_STDIO_PIPE);
  return command;
}

static void
expect_usual_error (GError *error)
{
  if (error != NULL && !g_error_matches (error, G_IO_ERROR, G_IO_ERROR_CANCELLED) &&
      !g_error_matches (error, G_IO_ERROR, G_IO_ERROR_NOT_FOUND) &&
      !g_error_matches (error, G_IO_ERROR, G_IO_ERROR_TIMED_OUT) &&
      !g_error_matches (error, G_IO_ERROR, G_IO_ERROR_INVALID_ARGUMENT) &&
      !g_error_matches (error, G_IO_ERROR, G_IO_ERROR_CLOSED) &&
      !g_error_matches (error, PROCTOR_ERROR, PROCTOR_ERROR_PROCESS_LOOKUP))
    g_assert_no_error (error);
}

static Reply *
wanderer_reply (Reply *reply)
{
  reply_init (reply);
  return reply;
}

static void
wander_spawn (Wanderer     *self,
              GCancellable *cancellable)
{
  g_autoptr(ProctorCommand) command = wanderer_command (self);
  g_autoptr(GError) error = NULL;
  g_auto(Reply) reply = { 0 };
  ProctorProcess *process;

  if (g_rand_boolean (self->member->random))
    {
      process = proctor_command_spawn (command, cancellable, &error);
    }
  else
    {
      proctor_command_spawn_async (command, cancellable, reply_arrived, wanderer_reply (&reply));
      process = proctor_command_spawn_finish (command, reply_wait (&reply), &error);
    }
  expect_usual_error (error);
  g_assert_cmpint (process != NULL, ==, error == NULL);
  if (process != NULL)
    g_ptr_array_add (self->held, process);
}

static void
wander_run (Wanderer     *self,
            GCancellable *cancellable)
{
  g_autoptr(ProctorCommand) command = wanderer_command (self);
  g_autoptr(ProctorResult) result = NULL;
  g_autoptr(GError) error = NULL;
  g_auto(Reply) reply = { 0 };

  /* What is killed when it is dropped has a timeout, and all others end. */
  if (g_rand_boolean (self->member->random))
    {
      result = proctor_command_run (command, NULL, cancellable, &error);
    }
  else
    {
      proctor_command_run_async (command, NULL, cancellable, reply_arrived,
                                 wanderer_reply (&reply));
      result = proctor_command_run_finish (command, reply_wait (&reply), &error);
    }
  expect_usual_error (error);
  g_assert_cmpint (result != NULL, ==, error == NULL);
}

static void
wander_gather (Wanderer     *self,
               GCancellable *cancellable)
{
  ProctorCommand *commands[3];
  g_autoptr(GPtrArray) results = NULL;
  g_autoptr(GError) error = NULL;
  g_auto(Reply) reply = { 0 };

  for (guint i = 0; i < G_N_ELEMENTS (commands); i++)
    commands[i] = wanderer_command (self);
  proctor_gather_async (commands, G_N_ELEMENTS (commands), 2, cancellable, reply_arrived,
                        wanderer_reply (&reply));
  results = proctor_gather_finish (reply_wait (&reply), &error);
  expect_usual_error (error);
  g_assert_true (results == NULL || results->len == G_N_ELEMENTS (commands));
  for (guint i = 0; i < G_N_ELEMENTS (commands); i++)
    g_object_unref (commands[i]);
}

static ProctorProcess *
wanderer_pick (Wanderer *self)
{
  if (self->held->len == 0)
    return NULL;
  return self->held->pdata[g_rand_int_range (self->member->random, 0, (gint32) self->held->len)];
}

/* Bounded by a cancellation: what is asked for may never come. */
static void
wander_communicate (Wanderer     *self,
                    GCancellable *cancellable)
{
  ProctorProcess *process = wanderer_pick (self);
  g_autoptr(GBytes) input = make_pattern (g_rand_boolean (self->member->random) ? 0 : 200000, 1);
  g_autoptr(ProctorResult) result = NULL;
  g_autoptr(GError) error = NULL;
  g_auto(Reply) reply = { 0 };

  if (process == NULL || cancellable == NULL)
    return;

  if (g_rand_boolean (self->member->random))
    {
      result = proctor_process_communicate (process, input, cancellable, &error);
    }
  else
    {
      proctor_process_communicate_async (process, input, cancellable, reply_arrived,
                                         wanderer_reply (&reply));
      result = proctor_process_communicate_finish (process, reply_wait (&reply), &error);
    }
  expect_usual_error (error);
}

static void
wander_wait (Wanderer     *self,
             GCancellable *cancellable)
{
  ProctorProcess *process = wanderer_pick (self);
  g_autoptr(GError) error = NULL;
  g_auto(Reply) reply = { 0 };
  int returncode;

  if (process == NULL || cancellable == NULL)
    return;

  if (g_rand_boolean (self->member->random))
    {
      proctor_process_wait (process, cancellable, &returncode, &error);
    }
  else
    {
      proctor_process_wait_async (process, cancellable, reply_arrived, wanderer_reply (&reply));
      proctor_process_wait_finish (process, reply_wait (&reply), &returncode, &error);
    }
  expect_usual_error (error);
}

static void
wander_stop (Wanderer     *self,
             GCancellable *cancellable)
{
  ProctorProcess *process = wanderer_pick (self);
  g_autoptr(GError) error = NULL;

  if (process == NULL)
    return;

  proctor_process_stop (process, g_rand_int_range (self->member->random, 0, 3000), cancellable,
                        &error);
  expect_usual_error (error);
}

static void
wander_signal (Wanderer     *self,
               GCancellable *cancellable)
{
  static const int signals[] = { 0, SIGSTOP, SIGCONT, SIGTERM, SIGKILL, SIGUSR1 };
  gint32 index = g_rand_int_range (self->member->random, 0, G_N_ELEMENTS (signals));
  ProctorProcess *process = wanderer_pick (self);
  g_autoptr(GError) error = NULL;

  if (process == NULL)
    return;

  proctor_process_send_signal (process, signals[index], &error);
  expect_usual_error (error);
  proctor_process_get_state (process);
}

/* It may be stopped, and then it would never end by itself. */
static void
wander_drop (Wanderer     *self,
             GCancellable *cancellable)
{
  ProctorProcess *process = wanderer_pick (self);

  if (process == NULL)
    return;

  if (!proctor_process_send_signal (process, SIGCONT, NULL))
    g_assert_cmpint (proctor_process_get_state (process), !=, PROCTOR_PROCESS_SUSPENDED);
  g_ptr_array_remove_fast (self->held, process);
}

static void
wander (Member *member)
{
  static void (*const steps[]) (Wanderer *self, GCancellable *cancellable) = {
    wander_spawn,       wander_spawn, wander_run,  wander_gather, wander_communicate,
    wander_communicate, wander_wait,  wander_stop, wander_signal, wander_signal,
    wander_drop,
  };
  Wanderer self = { .member = member, .held = g_ptr_array_new_with_free_func (g_object_unref) };

  self.deadline = g_get_monotonic_time () + (gint64) (3 * test_scale () * G_TIME_SPAN_SECOND);
  while (g_get_monotonic_time () < self.deadline)
    {
      g_autoptr(GCancellable) cancellable = wanderer_cancellable (&self);
      guint step = (guint) g_rand_int_range (member->random, 0, G_N_ELEMENTS (steps));

      while (self.held->len >= MAX_HELD)
        wander_drop (&self, NULL);
      steps[step](&self, cancellable);
    }
  while (self.held->len > 0)
    wander_drop (&self, NULL);
  g_ptr_array_unref (self.held);
}

static void
test_random (void)
{
  Crew crew;

  crew_start (&crew, N_WANDERERS, wander, NULL);
  crew_attend (&crew);
}

/* ---- */

typedef struct
{
  const char *name;
  void (*run) (void);
} StressTest;

static void
run_stress_test (gconstpointer data)
{
  Leaks before;
  Leaks after;

  deadline_start (g_test_get_path (), TEST_DEADLINE_SECONDS);
  leaks_take (&before);
  ((const StressTest *) data)->run ();
  leaks_check (&before);

  leaks_take (&after);
  g_test_message ("spawner threads: %u before, %u after", before.n_spawners, after.n_spawners);
}

int
main (int argc, char **argv)
{
  static const Way main_thread = { "blocking", FALSE, FALSE };
  static const StressTest tests[] = {
    { "contexts", test_contexts },
    { "blocking-beside-main-loop", test_blocking_beside_main_loop },
    { "blocking-beside-blocked-main", test_blocking_beside_blocked_main },
    { "thousand-children", test_thousand_children },
    { "shared-handle", test_shared_handle },
    { "random", test_random },
  };

  g_test_init (&argc, &argv, NULL);
  deadline_start ("The start", TEST_DEADLINE_SECONDS);
  child_path = g_getenv ("PROCTOR_TEST_CHILD");
  g_assert_nonnull (child_path);
  way = &main_thread;
  raise_fd_limit ();
  warm_up ();

  for (guint i = 0; i < G_N_ELEMENTS (tests); i++)
    {
      g_autofree char *path = g_strconcat ("/stress/", tests[i].name, NULL);

      g_test_add_data_func (path, &tests[i], run_stress_test);
    }

  return g_test_run ();
}
