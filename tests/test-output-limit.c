/* Output that is too much: refused, or only a part of it kept.
 *
 * SPDX-License-Identifier: LGPL-2.1-or-later
 */

#include "config.h"

#include "api-testing.h"

typedef struct
{
  gint64 limit;
  ProctorOutputPolicy policy;
  gsize length;
} Row;

static const Row rows[] = {
  { 1000, PROCTOR_OUTPUT_POLICY_KEEP_HEAD, 1000 },
  { 1000, PROCTOR_OUTPUT_POLICY_KEEP_TAIL, 1000 },
  { 1000, PROCTOR_OUTPUT_POLICY_FAIL, 1000 },
  { 999, PROCTOR_OUTPUT_POLICY_KEEP_HEAD, 100000 },
  { 999, PROCTOR_OUTPUT_POLICY_KEEP_TAIL, 100000 },
  { 0, PROCTOR_OUTPUT_POLICY_KEEP_HEAD, 5000 },
  { 0, PROCTOR_OUTPUT_POLICY_KEEP_TAIL, 5000 },
  { 3000001, PROCTOR_OUTPUT_POLICY_KEEP_HEAD, 10000000 },
  { 3000001, PROCTOR_OUTPUT_POLICY_KEEP_TAIL, 10000000 },
  { -1, PROCTOR_OUTPUT_POLICY_FAIL, 3000000 },
};

/* Both outputs, each with a limit of its own. */
static void
check_part (GBytes    *actual,
            const Row *row,
            guint64    seed)
{
  gsize length = row->length / 8 * 8;
  gsize kept = row->limit < 0 ? length : MIN (length, (gsize) row->limit);
  gboolean tail = row->policy == PROCTOR_OUTPUT_POLICY_KEEP_TAIL;
  g_autoptr(GBytes) all = make_pattern (length, seed);
  g_autoptr(GBytes) expected = g_bytes_new_from_bytes (all, tail ? length - kept : 0, kept);

  assert_same_bytes (actual, expected);
}

static void
check_row (const Row *row,
           gboolean   communicate)
{
  gsize length = row->length / 8 * 8;
  g_autofree char *words = g_strdup_printf ("%" G_GSIZE_FORMAT, length);
  g_autoptr(ProctorCommand) command = child_command ("patterns", words, NULL);
  guint64 cut = row->limit < 0 || length <= (gsize) row->limit ? 0 : length - (gsize) row->limit;
  g_autoptr(ProctorProcess) process = NULL;
  g_autoptr(ProctorResult) result = NULL;
  g_autoptr(GError) error = NULL;

  proctor_command_set_output_limit (command, row->limit, row->policy);
  if (communicate)
    {
      proctor_command_set_stdout (command, PROCTOR_STDIO_PIPE);
      proctor_command_set_stderr (command, PROCTOR_STDIO_PIPE);
      process = spawn_or_abort (command);
      result = communicate_or_abort (process, NULL);
    }
  else
    {
      result = run_or_abort (command, NULL);
    }

  check_part (proctor_result_get_stdout (result), row, 1);
  check_part (proctor_result_get_stderr (result), row, 2);
  g_assert_cmpuint (proctor_result_get_stdout_cut (result), ==, cut);
  g_assert_cmpuint (proctor_result_get_stderr_cut (result), ==, cut);
  g_assert_cmpint (proctor_result_is_truncated (result), ==, cut > 0);
  g_assert_true (proctor_result_check (result, &error));
  g_assert_no_error (error);
}

static void
test_kept (void)
{
  for (guint i = 0; i < G_N_ELEMENTS (rows); i++)
    {
      check_row (&rows[i], FALSE);
      check_row (&rows[i], TRUE);
    }
}

/* One that would never end by itself. */
static void
check_failing (ProctorCommand *command)
{
  g_autoptr(GBytes) all = make_pattern (5000, 0);
  g_autoptr(GBytes) expected = g_bytes_new_from_bytes (all, 0, 4321);
  g_autoptr(ProctorResult) result = NULL;
  g_autoptr(GError) error = NULL;

  proctor_command_set_output_limit (command, 4321, PROCTOR_OUTPUT_POLICY_FAIL);
  result = run_or_abort (command, NULL);
  assert_same_bytes (proctor_result_get_stdout (result), expected);
  g_assert_true (proctor_result_is_truncated (result));
  g_assert_cmpuint (proctor_result_get_stdout_cut (result), >, 0);
  g_assert_false (proctor_result_is_timed_out (result));
  g_assert_cmpint (proctor_result_get_returncode (result), ==, -SIGTERM);
  g_assert_false (proctor_result_check (result, &error));
  g_assert_error (error, PROCTOR_ERROR, PROCTOR_ERROR_OUTPUT_LIMIT);
}

static void
test_fail (void)
{
  g_autofree char *counter = work_file ("counter", "\0\0\0\0\0\0\0");
  g_autoptr(ProctorCommand) command = NULL;

  g_assert_true (g_file_set_contents (counter, "\0\0\0\0\0\0\0\0", 8, NULL));
  command = child_command ("pump", counter, NULL);
  check_failing (command);
}

/* stderr alone is too much; the rest of the results is as ever. */
static void
test_fail_by_stderr (void)
{
  g_autoptr(ProctorCommand) command = proctor_command_new_shell (
    "echo out; echo message >&2; while :; do echo errors and errors >&2; done");
  g_autoptr(ProctorResult) result = NULL;
  g_autoptr(GError) error = NULL;

  proctor_command_set_output_limit (command, 8, PROCTOR_OUTPUT_POLICY_FAIL);
  result = run_or_abort (command, NULL);
  assert_bytes (proctor_result_get_stdout (result), "out\n");
  assert_bytes (proctor_result_get_stderr (result), "message\n");
  g_assert_cmpuint (proctor_result_get_stdout_cut (result), ==, 0);
  g_assert_false (proctor_result_check (result, &error));
  g_assert_error (error, PROCTOR_ERROR, PROCTOR_ERROR_OUTPUT_LIMIT);
  g_assert_true (g_str_has_suffix (error->message, "was stopped:\nmessage"));
}

/* A stubborn one is killed, by the plan, and does not fill a pipe for ever before that. */
static void
test_fail_stubborn (void)
{
  g_autoptr(ProctorCommand) command = proctor_command_new_shell ("trap '' TERM; exec yes");
  g_autoptr(ProctorStopPlan) plan = proctor_stop_plan_new ();
  g_autoptr(ProctorResult) result = NULL;

  proctor_stop_plan_add_step (plan, SIGTERM, 50 * G_TIME_SPAN_MILLISECOND);
  proctor_command_set_stop_plan (command, plan);
  proctor_command_set_output_limit (command, 4, PROCTOR_OUTPUT_POLICY_FAIL);
  result = run_or_abort (command, NULL);
  g_assert_cmpint (proctor_result_get_returncode (result), ==, -SIGKILL);
  assert_bytes (proctor_result_get_stdout (result), "y\ny\n");
}

/* What the readers hold already counts, too. */
static void
test_held_by_readers (void)
{
  g_autoptr(ProctorCommand) command = child_command ("say", "abcdefghij", "klm", NULL);
  g_autoptr(ProctorProcess) process = NULL;
  g_autoptr(ProctorResult) result = NULL;
  gint64 deadline = g_get_monotonic_time () + 20 * G_TIME_SPAN_SECOND;

  proctor_command_set_stdout (command, PROCTOR_STDIO_PIPE);
  proctor_command_set_stderr (command, PROCTOR_STDIO_PIPE);
  proctor_command_set_output_limit (command, 4, PROCTOR_OUTPUT_POLICY_KEEP_TAIL);
  process = spawn_or_abort (command);
  assert_returncode (process, 0);
  while (proctor_stream_reader_get_buffered (proctor_process_get_stdout (process)) < 10)
    {
      g_assert_cmpint (g_get_monotonic_time (), <, deadline);
      g_usleep (500);
    }
  result = communicate_or_abort (process, NULL);
  assert_bytes (proctor_result_get_stdout (result), "ghij");
  assert_bytes (proctor_result_get_stderr (result), "klm");
  g_assert_cmpuint (proctor_result_get_stdout_cut (result), ==, 6);
}

static void
test_invalid_policy (void)
{
  g_autoptr(ProctorCommand) command = child_command ("exit", "0", NULL);
  g_autoptr(GError) error = NULL;

  proctor_command_set_output_limit (command, 1, (ProctorOutputPolicy) 78);
  g_assert_null (way_spawn (command, NULL, &error));
  g_assert_error (error, PROCTOR_ERROR, PROCTOR_ERROR_INVALID_COMMAND);
  g_assert_nonnull (strstr (error->message, "78"));
}

static const ApiTest tests[] = {
  { "kept", test_kept, TWO_WAYS },
  { "fail", test_fail },
  { "fail-by-stderr", test_fail_by_stderr },
  { "fail-stubborn", test_fail_stubborn },
  { "held-by-readers", test_held_by_readers },
  { "invalid-policy", test_invalid_policy },
};

int
main (int    argc,
      char **argv)
{
  return RUN_API_TESTS (argc, argv, "output-limit", tests);
}
