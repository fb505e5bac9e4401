/* Many commands at once.
 *
 * SPDX-License-Identifier: LGPL-2.1-or-later
 */

#include "config.h"

#include "api-testing.h"

static GPtrArray *
new_commands (void)
{
  return g_ptr_array_new_with_free_func (g_object_unref);
}

static GPtrArray *
gather_or_abort (GPtrArray *commands,
                 guint      max_running)
{
  g_autoptr(GError) error = NULL;
  GPtrArray *results = way_gather (commands, max_running, NULL, &error);

  g_assert_no_error (error);
  g_assert_nonnull (results);
  g_assert_cmpuint (results->len, ==, commands->len);
  return results;
}

static void
assert_echoed (GPtrArray *results,
               guint      index)
{
  g_autofree char *wanted = g_strdup_printf ("number %u\n", index);
  g_autoptr(GError) error = NULL;

  g_assert_true (proctor_result_check (results->pdata[index], &error));
  g_assert_no_error (error);
  g_assert_null (proctor_result_get_error (results->pdata[index]));
  assert_bytes (proctor_result_get_stdout (results->pdata[index]), wanted);
}

static ProctorCommand *
echo_command (guint index)
{
  g_autofree char *number = g_strdup_printf ("%u", index);

  return child_command ("echo", "number", number, NULL);
}

static void
test_none (void)
{
  g_autoptr(GPtrArray) commands = new_commands ();
  g_autoptr(GPtrArray) unbounded = gather_or_abort (commands, 0);
  g_autoptr(GPtrArray) bounded = gather_or_abort (commands, 4);
  g_autoptr(GPtrArray) none = NULL;
  g_autoptr(GError) error = NULL;

  none = proctor_gather (NULL, 0, 0, NULL, &error);
  g_assert_no_error (error);
  g_assert_cmpuint (none->len, ==, 0);
}

/* The results are in the order of the commands, not of their ends. */
static void
test_order (void)
{
  static const guint bounds[] = { 0, 1, 2, 7, 100 };

  for (guint i = 0; i < G_N_ELEMENTS (bounds); i++)
    {
      g_autoptr(GPtrArray) commands = new_commands ();
      g_autoptr(GPtrArray) results = NULL;

      for (guint j = 0; j < 12; j++)
        {
          g_autofree char *code = g_strdup_printf ("%u", j);
          g_autofree char *script =
            g_strdup_printf ("sleep 0.%u; echo %u; exit %u", (12 - j) / 2, j, j);

          g_ptr_array_add (commands, j % 2 == 0 ? proctor_command_new_shell (script)
                                                : child_command ("say", code, "", code, NULL));
        }
      results = gather_or_abort (commands, bounds[i]);
      for (guint j = 0; j < 12; j++)
        {
          g_autofree char *wanted = g_strdup_printf (j % 2 == 0 ? "%u\n" : "%u", j);

          g_assert_cmpint (proctor_result_get_returncode (results->pdata[j]), ==, j);
          assert_bytes (proctor_result_get_stdout (results->pdata[j]), wanted);
        }
    }
}

/* Each waits until as many as the bound have come, so the bound is reached; and each counts those
 * that are there with it, so it is not passed.
 */
static void
test_bound (void)
{
  static const guint bounds[] = { 1, 2, 5, 16 };

  for (guint i = 0; i < G_N_ELEMENTS (bounds); i++)
    {
      g_autofree char *bound = g_strdup_printf ("%u", bounds[i]);
      g_autofree char *folder = work_path (bound);
      g_autofree char *come = g_build_filename (folder, "come", NULL);
      g_autofree char *alive = g_build_filename (folder, "alive", NULL);
      g_autoptr(GPtrArray) commands = new_commands ();
      g_autoptr(GPtrArray) results = NULL;
      guint most = 0;

      g_assert_cmpint (g_mkdir_with_parents (come, 0700), ==, 0);
      g_assert_cmpint (g_mkdir_with_parents (alive, 0700), ==, 0);
      for (guint j = 0; j < 24; j++)
        g_ptr_array_add (commands, child_command ("meet", folder, bound, NULL));

      results = gather_or_abort (commands, bounds[i]);
      for (guint j = 0; j < results->len; j++)
        {
          g_autofree char *out = proctor_result_dup_stdout_utf8 (results->pdata[j], NULL);
          guint together = (guint) g_ascii_strtoull (out, NULL, 10);

          g_assert_cmpint (proctor_result_get_returncode (results->pdata[j]), ==, 0);
          g_assert_cmpuint (together, >=, 1);
          g_assert_cmpuint (together, <=, bounds[i]);
          most = MAX (most, together);
        }
      g_test_message ("at most %u of %u were seen together", most, bounds[i]);
    }
}

/* A command that cannot be started, or is none at all, is a result; the others go on. */
static void
test_failed_spawns (void)
{
  g_autoptr(GPtrArray) commands = new_commands ();
  g_autoptr(GPtrArray) results = NULL;
  g_autoptr(GPtrArray) one_by_one = NULL;
  ProctorCommand *invalid = echo_command (5);

  for (guint i = 0; i < 5; i++)
    g_ptr_array_add (commands, i == 2 ? proctor_command_new ("/nowhere/to/be/found", NULL)
                                      : echo_command (i));
  proctor_command_set_stdout (invalid, PROCTOR_STDIO_STDOUT);
  g_ptr_array_add (commands, invalid);
  g_ptr_array_add (commands, echo_command (6));

  results = gather_or_abort (commands, 0);
  one_by_one = gather_or_abort (commands, 1);
  for (guint i = 0; i < results->len; i++)
    {
      if (i == 2 || i == 5)
        {
          g_autoptr(GError) error = NULL;
          const GError *reason = proctor_result_get_error (results->pdata[i]);

          if (i == 2)
            g_assert_error (reason, G_IO_ERROR, G_IO_ERROR_NOT_FOUND);
          else
            g_assert_error (reason, PROCTOR_ERROR, PROCTOR_ERROR_INVALID_COMMAND);
          g_assert_false (proctor_result_check (results->pdata[i], &error));
          g_assert_error (error, reason->domain, reason->code);
          g_assert_cmpstr (error->message, ==, reason->message);
          g_assert_cmpint (proctor_result_get_returncode (results->pdata[i]), ==,
                           PROCTOR_RETURNCODE_NONE);
          g_assert_null (proctor_result_get_stdout (results->pdata[i]));
          g_assert_null (proctor_result_get_stderr (results->pdata[i]));
          g_assert_nonnull (proctor_result_get_error (one_by_one->pdata[i]));
        }
      else
        {
          assert_echoed (results, i);
          assert_echoed (one_by_one, i);
        }
    }
}

static void
test_all_fail (void)
{
  g_autoptr(GPtrArray) commands = new_commands ();
  g_autoptr(GPtrArray) results = NULL;

  for (guint i = 0; i < 10; i++)
    g_ptr_array_add (commands, proctor_command_new ("/nowhere/to/be/found", NULL));
  results = gather_or_abort (commands, 3);
  for (guint i = 0; i < 10; i++)
    g_assert_error (proctor_result_get_error (results->pdata[i]), G_IO_ERROR, G_IO_ERROR_NOT_FOUND);
}

/* Each command's own settings hold. */
static void
test_settings (void)
{
  g_autoptr(GPtrArray) commands = new_commands ();
  g_autoptr(GPtrArray) results = NULL;
  ProctorCommand *slow = child_command ("sleep", "100", NULL);
  ProctorCommand *silent = echo_command (1);

  proctor_command_set_timeout (slow, 50 * G_TIME_SPAN_MILLISECOND);
  proctor_command_set_stdout (silent, PROCTOR_STDIO_DEVNULL);
  g_ptr_array_add (commands, slow);
  g_ptr_array_add (commands, silent);
  g_ptr_array_add (commands, echo_command (2));
  results = gather_or_abort (commands, 0);
  if (proctor_result_get_error (results->pdata[0]) != NULL)
    g_assert_error (proctor_result_get_error (results->pdata[0]), G_IO_ERROR, G_IO_ERROR_TIMED_OUT);
  else
    g_assert_true (proctor_result_is_timed_out (results->pdata[0]));
  g_assert_true (proctor_result_check (results->pdata[1], NULL));
  g_assert_null (proctor_result_get_stdout (results->pdata[1]));
  assert_echoed (results, 2);
}

/* The same command may stand there many times. */
static void
test_one_command (void)
{
  g_autoptr(GPtrArray) commands = new_commands ();
  g_autoptr(GPtrArray) results = NULL;
  ProctorCommand *command = child_command ("echo", "same", NULL);

  g_ptr_array_add (commands, command);
  for (guint i = 0; i < 9; i++)
    g_ptr_array_add (commands, g_object_ref (command));
  results = gather_or_abort (commands, 4);
  for (guint i = 0; i < 10; i++)
    assert_bytes (proctor_result_get_stdout (results->pdata[i]), "same\n");
}

static void
test_many (void)
{
  g_autoptr(GPtrArray) commands = new_commands ();
  g_autoptr(GPtrArray) results = NULL;
  guint n = scaled (200);

  for (guint i = 0; i < n; i++)
    g_ptr_array_add (commands, echo_command (i));
  results = gather_or_abort (commands, 0);
  for (guint i = 0; i < n; i++)
    assert_echoed (results, i);
}

/* There is room for a few pipes only, and all succeed. */
static void
test_few_fds (void)
{
  g_autoptr(GPtrArray) commands = new_commands ();
  g_autoptr(GPtrArray) results = NULL;
  struct rlimit limit, old_limit;
  guint n = scaled (100);
  int highest = open ("/dev/null", O_RDONLY | O_CLOEXEC);

  for (guint i = 0; i < n; i++)
    g_ptr_array_add (commands, echo_command (i));

  g_assert_cmpint (getrlimit (RLIMIT_NOFILE, &old_limit), ==, 0);
  limit = old_limit;
  limit.rlim_cur = (rlim_t) highest + 24;
  close (highest);
  g_assert_cmpint (setrlimit (RLIMIT_NOFILE, &limit), ==, 0);
  results = gather_or_abort (commands, 0);
  g_assert_cmpint (setrlimit (RLIMIT_NOFILE, &old_limit), ==, 0);
  for (guint i = 0; i < n; i++)
    assert_echoed (results, i);
}

/* Not even one can be started: that is told, after a few more tries. */
static void
test_no_fds (void)
{
  g_autoptr(GPtrArray) commands = new_commands ();
  g_autoptr(GPtrArray) results = NULL;
  g_auto(Reply) reply = { 0 };
  g_autoptr(GError) error = NULL;
  struct rlimit limit, old_limit;
  int highest;

  for (guint i = 0; i < 3; i++)
    g_ptr_array_add (commands, echo_command (i));

  reply_init (&reply);
  highest = open ("/dev/null", O_RDONLY | O_CLOEXEC);
  g_assert_cmpint (getrlimit (RLIMIT_NOFILE, &old_limit), ==, 0);
  limit = old_limit;
  limit.rlim_cur = (rlim_t) highest + 1;
  g_assert_cmpint (setrlimit (RLIMIT_NOFILE, &limit), ==, 0);
  proctor_gather_async ((ProctorCommand **) commands->pdata, commands->len, 0, NULL,
                        reply_arrived, &reply);
  results = proctor_gather_finish (reply_wait (&reply), &error);
  g_assert_cmpint (setrlimit (RLIMIT_NOFILE, &old_limit), ==, 0);
  close (highest);

  g_assert_no_error (error);
  for (guint i = 0; i < 3; i++)
    g_assert_error (proctor_result_get_error (results->pdata[i]), G_IO_ERROR,
                    G_IO_ERROR_TOO_MANY_OPEN_FILES);
}

static void
assert_gather_cancelled (GPtrArray    *commands,
                         guint         max_running,
                         GCancellable *cancellable)
{
  g_autoptr(GError) error = NULL;

  g_assert_null (way_gather (commands, max_running, cancellable, &error));
  g_assert_error (error, G_IO_ERROR, G_IO_ERROR_CANCELLED);
  if (!way->in_thread)
    g_assert_false (have_children ());
}

static void
test_cancelled (void)
{
  g_autoptr(GPtrArray) commands = new_commands ();

  for (guint i = 0; i < 10; i++)
    g_ptr_array_add (commands, child_command ("sleep", "100", NULL));

  for (int delay = -1; delay < (int) scaled (10); delay++)
    {
      g_autoptr(GCancellable) cancellable = g_cancellable_new ();
      Canceller canceller;

      if (delay < 0)
        g_cancellable_cancel (cancellable);
      else
        canceller_start (&canceller, cancellable, delay * 400);
      assert_gather_cancelled (commands, (guint) (delay + 1) % 4, cancellable);
      if (delay >= 0)
        canceller_join (&canceller);
    }
}

/* Either all the results or CANCELLED. */
static void
test_cancelled_at_the_end (void)
{
  g_autoptr(GPtrArray) commands = new_commands ();

  for (guint i = 0; i < 4; i++)
    g_ptr_array_add (commands, echo_command (i));

  for (guint i = 0; i < scaled (50); i++)
    {
      g_autoptr(GCancellable) cancellable = g_cancellable_new ();
      g_autoptr(GPtrArray) results = NULL;
      g_autoptr(GError) error = NULL;
      Canceller canceller;

      canceller_start (&canceller, cancellable, i * 100);
      results = way_gather (commands, 0, cancellable, &error);
      if (results == NULL)
        g_assert_error (error, G_IO_ERROR, G_IO_ERROR_CANCELLED);
      for (guint j = 0; results != NULL && j < 4; j++)
        assert_echoed (results, j);
      canceller_join (&canceller);
    }
}

static void
test_two_gathers (void)
{
  g_autoptr(GPtrArray) commands = new_commands ();
  g_autoptr(GPtrArray) results = NULL;
  g_autoptr(GPtrArray) others = NULL;
  g_auto(Reply) reply = { 0 };

  for (guint i = 0; i < 20; i++)
    g_ptr_array_add (commands, echo_command (i));
  reply_init (&reply);
  proctor_gather_async ((ProctorCommand **) commands->pdata, commands->len, 3, NULL,
                        reply_arrived, &reply);
  results = gather_or_abort (commands, 5);
  others = proctor_gather_finish (reply_wait (&reply), NULL);
  for (guint i = 0; i < 20; i++)
    {
      assert_echoed (results, i);
      assert_echoed (others, i);
    }
}

static const ApiTest tests[] = {
  { "none", test_none },
  { "order", test_order },
  { "bound", test_bound },
  { "failed-spawns", test_failed_spawns },
  { "all-fail", test_all_fail },
  { "settings", test_settings },
  { "one-command", test_one_command },
  { "many", test_many },
  { "few-fds", test_few_fds },
  { "no-fds", test_no_fds, TWO_WAYS },
  { "cancelled", test_cancelled },
  { "cancelled-at-the-end", test_cancelled_at_the_end },
  { "two-gathers", test_two_gathers },
};

int
main (int    argc,
      char **argv)
{
  return RUN_API_TESTS (argc, argv, "gather", tests);
}
