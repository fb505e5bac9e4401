/* Pipelines: every stage's result, what the last one wrote, ends and failures of the stages.
 *
 * SPDX-License-Identifier: LGPL-2.1-or-later
 */

#include "config.h"

#include "api-testing.h"

static ProctorPipelineResult *
way_run_pipeline (ProctorPipeline  *pipeline,
                  GBytes           *input,
                  GCancellable     *cancellable,
                  GError          **error)
{
  g_auto(Reply) reply = { 0 };

  if (!way->is_async)
    return proctor_pipeline_run (pipeline, input, cancellable, error);

  reply_init (&reply);
  proctor_pipeline_run_async (pipeline, input, cancellable, reply_arrived, &reply);
  g_assert_null (reply.result);
  return proctor_pipeline_run_finish (pipeline, reply_wait (&reply), error);
}

/* Takes the commands, up to a NULL. */
static ProctorPipeline * G_GNUC_NULL_TERMINATED
pipeline_of (ProctorCommand *first,
             ...)
{
  ProctorPipeline *pipeline = proctor_pipeline_new ();
  va_list args;

  va_start (args, first);
  for (ProctorCommand *command = first; command != NULL; command = va_arg (args, ProctorCommand *))
    {
      proctor_pipeline_add (pipeline, command);
      g_object_unref (command);
    }
  va_end (args);

  return pipeline;
}

static ProctorPipelineResult *
run_pipeline_or_abort (ProctorPipeline *pipeline,
                       GBytes          *input)
{
  g_autoptr(GError) error = NULL;
  ProctorPipelineResult *result = way_run_pipeline (pipeline, input, NULL, &error);

  g_assert_no_error (error);
  g_assert_true (PROCTOR_IS_PIPELINE_RESULT (result));
  g_assert_cmpuint (proctor_pipeline_result_get_n_stages (result), ==,
                    proctor_pipeline_get_n_stages (pipeline));
  return result;
}

static int
returncode_of (ProctorPipelineResult *result,
               guint                  stage)
{
  return proctor_result_get_returncode (proctor_pipeline_result_get_stage (result, stage));
}

static void
test_stages (void)
{
  g_autoptr(ProctorPipeline) pipeline =
    pipeline_of (proctor_command_new_shell ("cat; echo one >&2"),
                 proctor_command_new_shell ("tr a-z A-Z; echo two >&2; exit 4"),
                 proctor_command_new_shell ("sort -r; echo three >&2"), NULL);
  g_autoptr(GBytes) input = g_bytes_new_static ("b\nc\na\n", 6);
  static const char * const messages[] = { "one\n", "two\n", "three\n" };
  g_autofree char *text = NULL;

  for (guint round = 0; round < 2; round++)
    {
      g_autoptr(ProctorPipelineResult) result = run_pipeline_or_abort (pipeline, input);

      assert_bytes (proctor_pipeline_result_get_stdout (result), "C\nB\nA\n");
      for (guint i = 0; i < 3; i++)
        {
          ProctorResult *stage = proctor_pipeline_result_get_stage (result, i);

          assert_bytes (proctor_result_get_stderr (stage), messages[i]);
          if (i < 2)
            g_assert_null (proctor_result_get_stdout (stage));
          g_assert_cmpint (proctor_result_get_returncode (stage), ==, i == 1 ? 4 : 0);
        }
      g_assert_cmpint (proctor_pipeline_result_get_returncode (result), ==, 0);
      g_assert_true (proctor_pipeline_result_check (result, NULL));
      g_assert_false (proctor_pipeline_result_is_timed_out (result));
      g_clear_pointer (&text, g_free);
      text = proctor_pipeline_result_dup_stdout_utf8 (result, NULL);
      g_assert_cmpstr (text, ==, "C\nB\nA\n");
    }
}

static void
test_pipefail (void)
{
  static const struct
  {
    const char *codes[3];
    int plain;
    int pipefail;
  } cases[] = {
    { { "0", "0", "0" }, 0, 0 }, { { "3", "0", "0" }, 0, 3 }, { { "3", "4", "0" }, 0, 4 },
    { { "3", "0", "5" }, 5, 5 }, { { "0", "0", "6" }, 6, 6 },
  };

  for (guint i = 0; i < G_N_ELEMENTS (cases); i++)
    {
      g_autoptr(ProctorPipeline) pipeline =
        pipeline_of (child_command ("exit", cases[i].codes[0], NULL),
                     child_command ("exit", cases[i].codes[1], NULL),
                     child_command ("exit", cases[i].codes[2], NULL), NULL);
      g_autoptr(ProctorPipelineResult) plain = run_pipeline_or_abort (pipeline, NULL);
      g_autoptr(ProctorPipelineResult) failing = NULL;
      g_autoptr(GError) error = NULL;

      g_assert_false (proctor_pipeline_get_pipefail (pipeline));
      g_assert_cmpint (proctor_pipeline_result_get_returncode (plain), ==, cases[i].plain);
      proctor_pipeline_set_pipefail (pipeline, TRUE);
      g_assert_true (proctor_pipeline_get_pipefail (pipeline));
      failing = run_pipeline_or_abort (pipeline, NULL);
      g_assert_cmpint (proctor_pipeline_result_get_returncode (failing), ==, cases[i].pipefail);
      g_assert_cmpint (proctor_pipeline_result_check (failing, &error), ==,
                       cases[i].pipefail == 0);
      if (cases[i].pipefail != 0)
        g_assert_error (error, PROCTOR_ERROR, PROCTOR_ERROR_EXIT_STATUS);
    }
}

/* `yes | head -1` ends at once. */
static void
test_broken_pipe (void)
{
  g_autoptr(ProctorPipeline) pipeline = pipeline_of (proctor_command_new ("yes", NULL),
                                                     child_command ("cat", NULL),
                                                     proctor_command_new ("head", "-n1", NULL),
                                                     NULL);
  g_autoptr(ProctorPipelineResult) result = run_pipeline_or_abort (pipeline, NULL);
  g_autoptr(ProctorPipelineResult) failing = NULL;
  g_autoptr(GError) error = NULL;

  assert_bytes (proctor_pipeline_result_get_stdout (result), "y\n");
  g_assert_cmpint (returncode_of (result, 0), ==, -SIGPIPE);
  g_assert_cmpint (returncode_of (result, 1), ==, -SIGPIPE);
  g_assert_cmpint (returncode_of (result, 2), ==, 0);
  g_assert_true (proctor_pipeline_result_check (result, &error));

  proctor_pipeline_set_pipefail (pipeline, TRUE);
  failing = run_pipeline_or_abort (pipeline, NULL);
  g_assert_false (proctor_pipeline_result_check (failing, &error));
  g_assert_error (error, PROCTOR_ERROR, PROCTOR_ERROR_SIGNALLED);
}

static void
test_one_stage (void)
{
  g_autoptr(ProctorPipeline) pipeline = pipeline_of (child_command ("cat", NULL), NULL);
  g_autoptr(GBytes) input = make_pattern (500000, 3);
  g_autoptr(ProctorPipelineResult) result = run_pipeline_or_abort (pipeline, input);

  assert_same_bytes (proctor_pipeline_result_get_stdout (result), input);
}

/* Through thirty stages, which are one command. */
static void
test_long (void)
{
  g_autoptr(ProctorPipeline) pipeline = proctor_pipeline_new ();
  g_autoptr(ProctorCommand) command = child_command ("cat", NULL);
  g_autoptr(GBytes) input = make_pattern (3000000, 9);
  g_autoptr(ProctorPipelineResult) result = NULL;

  for (guint i = 0; i < 30; i++)
    proctor_pipeline_add (pipeline, command);
  result = run_pipeline_or_abort (pipeline, input);
  assert_same_bytes (proctor_pipeline_result_get_stdout (result), input);
}

/* What a stage has is its stdio and nothing of the other pipes. */
static void
test_fds (void)
{
  for (guint i = 0; i < 3; i++)
    {
      g_autofree char *path = work_path ("fds");
      g_autoptr(ProctorPipeline) pipeline = proctor_pipeline_new ();
      g_autoptr(ProctorPipelineResult) result = NULL;
      g_autofree char *seen = NULL;
      g_auto(GStrv) lines = NULL;

      for (guint j = 0; j < 3; j++)
        {
          g_autoptr(ProctorCommand) command =
            j == i ? child_command ("fds", path, NULL) : child_command ("cat", NULL);

          proctor_pipeline_add (pipeline, command);
        }
      result = run_pipeline_or_abort (pipeline, NULL);
      g_assert_true (g_file_get_contents (path, &seen, NULL, NULL));
      lines = g_strsplit (seen, "\n", -1);
      g_assert_cmpuint (g_strv_length (lines), ==, 4);
      g_assert_true (g_str_has_prefix (lines[2], "2 pipe:"));
    }
}

/* The others are stopped, also one that would never end by itself. */
static void
test_failing_stage (void)
{
  for (guint i = 0; i < 3; i++)
    {
      g_autoptr(ProctorPipeline) pipeline = proctor_pipeline_new ();
      g_autoptr(GError) error = NULL;

      for (guint j = 0; j < 3; j++)
        {
          g_autoptr(ProctorCommand) command =
            j == i ? proctor_command_new ("/no/such/program", NULL)
                   : child_command ("sleep", "1000", NULL);

          proctor_pipeline_add (pipeline, command);
        }
      g_assert_null (way_run_pipeline (pipeline, NULL, NULL, &error));
      g_assert_error (error, G_IO_ERROR, G_IO_ERROR_NOT_FOUND);
      g_assert_nonnull (strstr (error->message, "/no/such/program"));
    }
}

static void
test_cancel (void)
{
  g_autoptr(ProctorPipeline) pipeline =
    pipeline_of (child_command ("sleep", "1000", NULL), child_command ("cat", NULL),
                 child_command ("sleep", "1000", NULL), NULL);
  g_autoptr(GCancellable) early = g_cancellable_new ();
  g_autoptr(GError) error = NULL;

  g_cancellable_cancel (early);
  g_assert_null (way_run_pipeline (pipeline, NULL, early, &error));
  g_assert_error (error, G_IO_ERROR, G_IO_ERROR_CANCELLED);

  for (guint i = 0; i < 10; i++)
    {
      g_autoptr(GCancellable) cancellable = g_cancellable_new ();
      Canceller canceller;

      g_clear_error (&error);
      canceller_start (&canceller, cancellable, (GTimeSpan) (i * i * 500));
      g_assert_null (way_run_pipeline (pipeline, NULL, cancellable, &error));
      g_assert_error (error, G_IO_ERROR, G_IO_ERROR_CANCELLED);
      canceller_join (&canceller);
    }
}

/* NULL: the time was not enough for all to begin, or for the first one to have ended. */
static ProctorPipelineResult *
run_slow_pipeline (GTimeSpan timeout)
{
  g_autoptr(ProctorPipeline) pipeline =
    pipeline_of (child_command ("echo", "before", NULL),
                 proctor_command_new_shell ("cat; exec sleep 1000"), child_command ("cat", NULL),
                 NULL);
  g_autoptr(ProctorPipelineResult) result = NULL;
  g_autoptr(GError) error = NULL;

  proctor_pipeline_set_timeout (pipeline, timeout);
  proctor_pipeline_set_pipefail (pipeline, TRUE);
  result = way_run_pipeline (pipeline, NULL, NULL, &error);
  if (result == NULL)
    {
      g_assert_error (error, G_IO_ERROR, G_IO_ERROR_TIMED_OUT);
      return NULL;
    }

  g_assert_true (proctor_pipeline_result_is_timed_out (result));
  if (g_bytes_get_size (proctor_pipeline_result_get_stdout (result)) == 0 ||
      proctor_result_is_timed_out (proctor_pipeline_result_get_stage (result, 0)))
    return NULL;
  return g_steal_pointer (&result);
}

static void
test_timeout (void)
{
  g_autoptr(ProctorPipelineResult) result = NULL;
  g_autoptr(GError) error = NULL;

  for (GTimeSpan timeout = 300 * G_TIME_SPAN_MILLISECOND; result == NULL; timeout *= 4)
    result = run_slow_pipeline (timeout);

  assert_bytes (proctor_pipeline_result_get_stdout (result), "before\n");
  g_assert_false (proctor_result_is_timed_out (proctor_pipeline_result_get_stage (result, 0)));
  g_assert_true (proctor_result_is_timed_out (proctor_pipeline_result_get_stage (result, 1)));
  g_assert_false (proctor_pipeline_result_check (result, &error));
}

static void
test_refusals (void)
{
  g_autoptr(ProctorPipeline) empty = proctor_pipeline_new ();
  g_autoptr(GInputStream) stream = g_memory_input_stream_new ();
  g_autoptr(GError) error = NULL;

  g_assert_null (way_run_pipeline (empty, NULL, NULL, &error));
  g_assert_error (error, PROCTOR_ERROR, PROCTOR_ERROR_INVALID_COMMAND);

  for (guint i = 0; i < 5; i++)
    {
      ProctorCommand *first = child_command ("cat", NULL);
      ProctorCommand *second = child_command ("cat", NULL);
      g_autoptr(ProctorPipeline) pipeline = NULL;

      if (i == 0)
        proctor_command_set_stdout (first, PROCTOR_STDIO_PIPE);
      else if (i == 1)
        proctor_command_set_stdin_path (second, "/dev/null");
      else if (i == 2)
        proctor_command_set_fd (second, 1, 0);
      else if (i == 3)
        proctor_command_set_stdin_stream (first, stream);
      else
        proctor_command_set_limit (second, 0);
      pipeline = pipeline_of (first, second, NULL);
      g_clear_error (&error);
      g_assert_null (way_run_pipeline (pipeline, NULL, NULL, &error));
      g_assert_error (error, PROCTOR_ERROR, PROCTOR_ERROR_INVALID_COMMAND);
      if (i < 4)
        g_assert_nonnull (strstr (error->message, i == 0 || i == 3 ? "tage 0" : "tage 1"));
    }
}

/* The fds run out at each step in turn. */
static void
test_no_more_fds (void)
{
  g_autoptr(ProctorPipeline) pipeline =
    pipeline_of (child_command ("echo", "text", NULL), child_command ("cat", NULL),
                 child_command ("cat", NULL), NULL);
  gboolean succeeded = FALSE;
  struct rlimit old;
  struct rlimit few;
  int highest = open ("/dev/null", O_RDONLY | O_CLOEXEC);

  close (highest);
  g_assert_cmpint (getrlimit (RLIMIT_NOFILE, &old), ==, 0);
  few = old;
  for (rlim_t room = 0; room < 24; room++)
    {
      g_autoptr(ProctorPipelineResult) result = NULL;
      g_autoptr(GError) error = NULL;

      few.rlim_cur = (rlim_t) highest + room;
      g_assert_cmpint (setrlimit (RLIMIT_NOFILE, &few), ==, 0);
      result = way_run_pipeline (pipeline, NULL, NULL, &error);
      g_assert_cmpint (setrlimit (RLIMIT_NOFILE, &old), ==, 0);
      succeeded = result != NULL;
      if (!succeeded)
        g_assert_error (error, G_IO_ERROR, G_IO_ERROR_TOO_MANY_OPEN_FILES);
      else
        assert_bytes (proctor_pipeline_result_get_stdout (result), "text\n");
    }
  g_assert_true (succeeded);
}

/* A group whose commands are connected through this program's fds: each gives them up when it runs.
 */
static void
test_gather_with_fds (void)
{
  g_autoptr(GPtrArray) commands = g_ptr_array_new_with_free_func (g_object_unref);
  g_autoptr(GPtrArray) results = NULL;
  g_autoptr(GInputStream) stream = g_memory_input_stream_new ();
  g_autoptr(GError) error = NULL;
  int ends[2];

  g_assert_cmpint (pipe2 (ends, O_CLOEXEC), ==, 0);
  for (guint i = 0; i < 3; i++)
    g_ptr_array_add (commands, i == 0 ? child_command ("echo", "grouped", NULL)
                                      : child_command ("cat", NULL));
  proctor_command_take_stdout_fd (commands->pdata[0], ends[1]);
  proctor_command_take_stdin_fd (commands->pdata[1], ends[0]);
  proctor_command_set_stdin_stream (commands->pdata[2], stream);
  if (way->is_async)
    {
      g_auto(Reply) reply = { 0 };

      reply_init (&reply);
      proctor_gather_async ((ProctorCommand **) commands->pdata, commands->len, 0, NULL,
                            reply_arrived, &reply);
      for (guint i = 0; i < 2; i++)
        proctor_command_release_fds (commands->pdata[i]);
      results = proctor_gather_finish (reply_wait (&reply), &error);
    }
  else
    {
      /* A blocked caller cannot release; here the reader's end is enough. */
      proctor_command_release_fds (commands->pdata[0]);
      proctor_command_release_fds (commands->pdata[1]);
      g_assert_true (proctor_command_pipe_to (commands->pdata[0], commands->pdata[1], &error));
      results = way_gather (commands, 0, NULL, &error);
    }
  g_assert_no_error (error);
  assert_bytes (proctor_result_get_stdout (results->pdata[1]), "grouped\n");
  g_assert_error (proctor_result_get_error (results->pdata[2]), PROCTOR_ERROR,
                  PROCTOR_ERROR_INVALID_COMMAND);
}

static const ApiTest tests[] = {
  { "stages", test_stages, ALL_WAYS },
  { "pipefail", test_pipefail, ALL_WAYS },
  { "broken-pipe", test_broken_pipe, ALL_WAYS },
  { "one-stage", test_one_stage, ALL_WAYS },
  { "long", test_long, TWO_WAYS },
  { "fds", test_fds, ALL_WAYS },
  { "failing-stage", test_failing_stage, ALL_WAYS },
  { "cancel", test_cancel, ALL_WAYS },
  { "timeout", test_timeout, TWO_WAYS },
  { "refusals", test_refusals, ALL_WAYS },
  { "no-more-fds", test_no_more_fds, ONE_WAY },
  { "gather-with-fds", test_gather_with_fds, ALL_WAYS },
};

int
main (int    argc,
      char **argv)
{
  return RUN_API_TESTS (argc, argv, "pipeline", tests);
}
