/* Who waits for a process, and who is told of its exit: with signals, properties and answers, in
 * the right thread and the right order.
 *
 * SPDX-License-Identifier: LGPL-2.1-or-later
 */

#include "config.h"

#include "process-testing.h"

/* ---- being told */

typedef struct
{
  ProctorProcess *process;
  GMainContext *context;
  GThread *thread;
  int expected;
  guint n_state;
  guint n_returncode;
  guint n_exited; /* atomic */
} Listener;

static void
check_listener (Listener       *self,
                ProctorProcess *process)
{
  int returncode = G_MAXINT;

  g_assert_true (process == self->process);
  g_assert_true (g_thread_self () == self->thread);
  g_assert_true (g_main_context_is_owner (self->context));
  g_assert_cmpint (proctor_process_get_state (process), ==, PROCTOR_PROCESS_EXITED);
  g_assert_true (proctor_process_get_returncode (process, &returncode));
  g_assert_cmpint (returncode, ==, self->expected);
}

static void
state_notified (ProctorProcess *process,
                GParamSpec     *pspec,
                Listener       *self)
{
  check_listener (self, process);
  g_assert_cmpuint (self->n_exited, ==, 0);
  self->n_state++;
}

static void
returncode_notified (ProctorProcess *process,
                     GParamSpec     *pspec,
                     Listener       *self)
{
  check_listener (self, process);
  g_assert_cmpuint (self->n_exited, ==, 0);
  self->n_returncode++;
}

static void
exited (ProctorProcess *process,
        Listener       *self)
{
  check_listener (self, process);
  g_atomic_int_inc (&self->n_exited);
}

static void
listen_to (Listener       *self,
           ProctorProcess *process,
           int             expected)
{
  *self = (Listener){ .process = process, .thread = g_thread_self (), .expected = expected };
  self->context = g_main_context_ref_thread_default ();
  g_signal_connect (process, "notify::state", G_CALLBACK (state_notified), self);
  g_signal_connect (process, "notify::returncode", G_CALLBACK (returncode_notified), self);
  g_signal_connect (process, "exited", G_CALLBACK (exited), self);
}

/* Each came once, and does not come again. */
static void
finish_listening (Listener *self)
{
  while (self->n_exited == 0)
    g_main_context_iteration (self->context, TRUE);
  g_usleep (2000);
  while (g_main_context_iteration (self->context, FALSE))
    ;
  g_assert_cmpuint (self->n_exited, ==, 1);
  g_assert_cmpuint (self->n_state, ==, 1);
  g_assert_cmpuint (self->n_returncode, ==, 1);
  g_signal_handlers_disconnect_by_data (self->process, self);
  g_main_context_unref (self->context);
}

static void
test_exited_signal (void)
{
  g_autoptr(ProctorProcess) process = spawn_cat (PROCTOR_COMMAND_NONE);
  Listener listener;

  listen_to (&listener, process, -SIGTERM);
  while (g_main_context_iteration (listener.context, FALSE))
    ;
  g_assert_cmpuint (listener.n_exited, ==, 0);
  g_assert_true (proctor_process_terminate (process, NULL));
  finish_listening (&listener);
}

/* What was before somebody listened is told all the same, if the context was not run meanwhile. */
static void
test_exited_before_listening (void)
{
  g_autoptr(ProctorProcess) polled = spawn_exit ("5");
  g_autoptr(ProctorProcess) waited = NULL;
  Listener listener;

  await_state (polled, PROCTOR_PROCESS_EXITED);
  listen_to (&listener, polled, 5);
  finish_listening (&listener);

  waited = spawn_exit ("6");
  g_assert_true (proctor_process_wait (waited, NULL, NULL, NULL));
  listen_to (&listener, waited, 6);
  finish_listening (&listener);
}

/* The completion of a wait and the signal are independent; both come, in the same context. */
static void
test_exited_and_wait (void)
{
  for (guint i = 0; i < scaled (20); i++)
    {
      g_autoptr(ProctorProcess) process = spawn_exit ("7");
      Listener listener;

      listen_to (&listener, process, 7);
      assert_returncode (process, 7);
      finish_listening (&listener);
    }
}

/* Other threads may wait; signals come where the process was spawned. */
static void
test_exited_in_the_owners_context (void)
{
  g_autoptr(ProctorProcess) process = spawn_cat (PROCTOR_COMMAND_NONE);
  GThread *thread;
  Listener listener;

  listen_to (&listener, process, -SIGKILL);
  thread = g_thread_new ("waits", wait_in_thread, process);
  g_assert_true (proctor_process_kill (process, NULL));
  finish_listening (&listener);
  g_assert_cmpint (GPOINTER_TO_INT (g_thread_join (thread)), ==, -SIGKILL);
}

static void
must_not_be_called (void)
{
  g_assert_not_reached ();
}

static void
test_not_told_when_gone (void)
{
  g_autoptr(GMainContext) context = g_main_context_ref_thread_default ();

  for (guint i = 0; i < scaled (50); i++)
    {
      ProctorProcess *process = spawn_exit ("0");
      GWeakRef weak;

      g_weak_ref_init (&weak, process);
      g_signal_connect (process, "exited", G_CALLBACK (must_not_be_called), NULL);
      g_signal_connect (process, "notify", G_CALLBACK (must_not_be_called), NULL);
      if (i % 2 == 0)
        await_state (process, PROCTOR_PROCESS_EXITED);
      g_object_unref (process);
      g_assert_null (g_weak_ref_get (&weak));
      g_weak_ref_clear (&weak);
      while (g_main_context_iteration (context, FALSE))
        ;
    }
}

static void
drop_handle (ProctorProcess  *process,
             ProctorProcess **handle)
{
  g_clear_object (handle);
}

/* The last reference goes in the very callback that tells of the end. */
static void
test_dropped_when_told (void)
{
  g_autoptr(GMainContext) context = g_main_context_ref_thread_default ();
  ProctorProcess *process = spawn_exit ("0");

  g_signal_connect (process, "exited", G_CALLBACK (drop_handle), &process);
  while (process != NULL)
    g_main_context_iteration (context, TRUE);
}

/* ---- waiting */

static void
test_wait_check (void)
{
  g_autoptr(ProctorProcess) good = spawn_exit ("0");
  g_autoptr(ProctorProcess) bad = spawn_exit ("8");
  g_autoptr(ProctorProcess) killed = spawn_cat (PROCTOR_COMMAND_NONE);
  g_autofree char *wanted = g_strdup_printf ("“%s exit 8” exited with 8", child_path);
  g_autoptr(GError) error = NULL;

  g_assert_true (way_wait_check (good, NULL, &error));
  g_assert_no_error (error);
  g_assert_true (way_wait (good, NULL, NULL, &error));
  g_assert_no_error (error);

  g_assert_false (way_wait_check (bad, NULL, &error));
  g_assert_error (error, PROCTOR_ERROR, PROCTOR_ERROR_EXIT_STATUS);
  g_assert_cmpstr (error->message, ==, wanted);
  g_clear_error (&error);

  g_assert_true (proctor_process_terminate (killed, &error));
  g_assert_false (way_wait_check (killed, NULL, &error));
  g_assert_error (error, PROCTOR_ERROR, PROCTOR_ERROR_SIGNALLED);
}

static void
test_wait_again (void)
{
  g_autoptr(ProctorProcess) process = spawn_exit ("9");

  for (guint i = 0; i < 10; i++)
    assert_returncode (process, 9);
}

/* Many threads, blocking and not, and this one. */
static void
test_many_waiters (void)
{
  g_autofree char *gate = work_path ("gate");
  g_autoptr(ProctorCommand) command = child_command ("gate", gate, "exit", "11", NULL);
  g_autoptr(ProctorProcess) process = spawn_or_abort (command);
  GThread *threads[16];
  Reply replies[16];

  for (guint i = 0; i < G_N_ELEMENTS (threads); i++)
    {
      threads[i] = g_thread_new ("waits", wait_in_thread, process);
      reply_init (&replies[i]);
      proctor_process_wait_async (process, NULL, reply_arrived, &replies[i]);
    }
  g_free (work_file ("gate", ""));
  assert_returncode (process, 11);
  for (guint i = 0; i < G_N_ELEMENTS (threads); i++)
    {
      int returncode = -1;

      g_assert_cmpint (GPOINTER_TO_INT (g_thread_join (threads[i])), ==, 11);
      g_assert_true (proctor_process_wait_finish (process, reply_wait (&replies[i]), &returncode,
                                                  NULL));
      g_assert_cmpint (returncode, ==, 11);
      reply_clear (&replies[i]);
    }
}

static void
test_wait_needs_no_pipes (void)
{
  g_autofree char *mark = work_path ("mark");
  g_autoptr(ProctorCommand) command = child_command ("hold", mark, "012", "", NULL);
  g_autoptr(ProctorProcess) process = NULL;
  pid_t holder;

  proctor_command_set_stdin (command, PROCTOR_STDIO_PIPE);
  proctor_command_set_stdout (command, PROCTOR_STDIO_PIPE);
  proctor_command_set_stderr (command, PROCTOR_STDIO_PIPE);
  process = spawn_or_abort (command);
  assert_returncode (process, 0);
  holder = await_pid (mark);
  g_assert_cmpint (kill (holder, 0), ==, 0);
  kill (holder, SIGKILL);
}

/* It waits for a process that waits for its reader, until somebody reads. */
static void
test_wait_does_not_read (void)
{
  g_autoptr(ProctorCommand) command = child_command ("flood", "3000000", "0", NULL);
  g_autoptr(ProctorProcess) process = NULL;
  g_autoptr(ProctorResult) result = NULL;
  g_autoptr(GCancellable) cancellable = g_cancellable_new ();
  g_autoptr(GError) error = NULL;
  Canceller canceller;
  int returncode;

  proctor_command_set_stdout (command, PROCTOR_STDIO_PIPE);
  process = spawn_or_abort (command);
  canceller_start (&canceller, cancellable, 20 * G_TIME_SPAN_MILLISECOND);
  g_assert_false (way_wait (process, cancellable, &returncode, &error));
  g_assert_error (error, G_IO_ERROR, G_IO_ERROR_CANCELLED);
  g_clear_error (&error);
  canceller_join (&canceller);
  g_assert_cmpint (proctor_process_get_state (process), ==, PROCTOR_PROCESS_RUNNING);

  result = way_communicate (process, NULL, NULL, &error);
  g_assert_no_error (error);
  g_assert_cmpuint (g_bytes_get_size (proctor_result_get_stdout (result)), ==, 3000000);
  assert_returncode (process, 0);
}

static void
test_wait_cancelled (void)
{
  g_autoptr(ProctorProcess) process = spawn_cat (PROCTOR_COMMAND_NONE);

  for (int delay = -1; delay < 10; delay++)
    {
      g_autoptr(GCancellable) cancellable = g_cancellable_new ();
      g_autoptr(GError) error = NULL;
      Canceller canceller;
      int returncode = 77;

      if (delay < 0)
        g_cancellable_cancel (cancellable);
      else
        canceller_start (&canceller, cancellable, delay * 50);
      g_assert_false (way_wait (process, cancellable, &returncode, &error));
      g_assert_error (error, G_IO_ERROR, G_IO_ERROR_CANCELLED);
      g_assert_cmpint (returncode, ==, 77);
      if (delay >= 0)
        canceller_join (&canceller);
      g_assert_cmpint (proctor_process_get_state (process), ==, PROCTOR_PROCESS_RUNNING);
    }
  kill_and_wait (process);
}

/* One of many is cancelled; the others go on. */
static void
test_one_wait_of_two_cancelled (void)
{
  g_autoptr(ProctorProcess) process = spawn_cat (PROCTOR_COMMAND_NONE);
  g_autoptr(GCancellable) cancellable = g_cancellable_new ();
  g_autoptr(GError) error = NULL;
  g_auto(Reply) stays = { 0 };
  g_auto(Reply) goes = { 0 };
  int returncode = 0;

  reply_init (&stays);
  reply_init (&goes);
  proctor_process_wait_async (process, NULL, reply_arrived, &stays);
  proctor_process_wait_async (process, cancellable, reply_arrived, &goes);
  g_cancellable_cancel (cancellable);
  g_assert_false (proctor_process_wait_finish (process, reply_wait (&goes), NULL, &error));
  g_assert_error (error, G_IO_ERROR, G_IO_ERROR_CANCELLED);
  g_assert_null (stays.result);

  g_assert_true (proctor_process_kill (process, NULL));
  g_assert_true (proctor_process_wait_finish (process, reply_wait (&stays), &returncode, NULL));
  g_assert_cmpint (returncode, ==, -SIGKILL);
}

/* A wait that is answered stays answered. */
static void
test_cancelled_after_the_wait (void)
{
  g_autoptr(ProctorProcess) process = spawn_exit ("12");
  g_autoptr(GCancellable) cancellable = g_cancellable_new ();
  g_auto(Reply) reply = { 0 };
  int returncode = -1;

  reply_init (&reply);
  proctor_process_wait_async (process, cancellable, reply_arrived, &reply);
  reply_wait (&reply);
  g_cancellable_cancel (cancellable);
  g_assert_true (proctor_process_wait_finish (process, reply.result, &returncode, NULL));
  g_assert_cmpint (returncode, ==, 12);
}

static const ApiTest tests[] = {
  { "exited-signal", test_exited_signal },
  { "exited-before-listening", test_exited_before_listening },
  { "exited-and-wait", test_exited_and_wait },
  { "exited-in-the-owners-context", test_exited_in_the_owners_context },
  { "not-told-when-gone", test_not_told_when_gone },
  { "dropped-when-told", test_dropped_when_told },
  { "wait-check", test_wait_check },
  { "wait-again", test_wait_again },
  { "many-waiters", test_many_waiters },
  { "wait-needs-no-pipes", test_wait_needs_no_pipes },
  { "wait-does-not-read", test_wait_does_not_read },
  { "wait-cancelled", test_wait_cancelled },
  { "one-wait-of-two-cancelled", test_one_wait_of_two_cancelled, TWO_WAYS },
  { "cancelled-after-the-wait", test_cancelled_after_the_wait, TWO_WAYS },
};

int
main (int    argc,
      char **argv)
{
  return RUN_API_TESTS (argc, argv, "process-wait", tests);
}
