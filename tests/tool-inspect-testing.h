/* For tests of `proctor inspect`, which looks into the test.
 *
 * SPDX-License-Identifier: LGPL-2.1-or-later
 */

#pragma once

#include <json-glib/json-glib.h>

#include "inspect-testing.h"

#define DEADLINE (60 * G_TIME_SPAN_SECOND)

static const char *tool_path;

typedef struct
{
  char *out;
  char *err;
  int exit_code;
} Answer;

static inline void
answer_clear (Answer *self)
{
  g_clear_pointer (&self->out, g_free);
  g_clear_pointer (&self->err, g_free);
}

G_DEFINE_AUTO_CLEANUP_CLEAR_FUNC (Answer, answer_clear)

static inline void
tool_ended_cb (GObject      *source,
               GAsyncResult *result,
               gpointer      data)
{
  *(GAsyncResult **) data = g_object_ref (result);
}

/* Whether the main loop runs meanwhile. */
static gboolean main_loop_runs = TRUE;

static inline Answer G_GNUC_NULL_TERMINATED
run_tool (const char *first,
          ...)
{
  g_autoptr(GPtrArray) argv = g_ptr_array_new ();
  g_autoptr(GSubprocess) process = NULL;
  g_autoptr(GAsyncResult) result = NULL;
  g_autoptr(GError) error = NULL;
  Answer answer = { NULL };
  va_list args;

  g_ptr_array_add (argv, (gpointer) tool_path);
  g_ptr_array_add (argv, (gpointer) "inspect");
  va_start (args, first);
  for (const char *word = first; word != NULL; word = va_arg (args, const char *))
    g_ptr_array_add (argv, (gpointer) word);
  va_end (args);
  g_ptr_array_add (argv, NULL);

  process = g_subprocess_newv ((const char * const *) argv->pdata,
                               G_SUBPROCESS_FLAGS_STDOUT_PIPE | G_SUBPROCESS_FLAGS_STDERR_PIPE,
                               &error);
  g_assert_no_error (error);
  if (main_loop_runs)
    {
      g_subprocess_communicate_utf8_async (process, NULL, NULL, tool_ended_cb, &result);
      while (result == NULL)
        g_main_context_iteration (NULL, TRUE);
      g_subprocess_communicate_utf8_finish (process, result, &answer.out, &answer.err, &error);
    }
  else
    {
      g_subprocess_communicate_utf8 (process, NULL, NULL, &answer.out, &answer.err, &error);
    }
  g_assert_no_error (error);
  answer.exit_code =
    g_subprocess_get_if_exited (process) ? g_subprocess_get_exit_status (process)
                                         : -g_subprocess_get_term_sig (process);
  return answer;
}

/* The causes of a process; NULL: there is no such one. */
static inline JsonNode *
ask_why (int pid)
{
  g_autofree char *number = g_strdup_printf ("%d", pid);
  g_auto(Answer) answer = run_tool ("--json", "--why", number, NULL);
  g_autoptr(GError) error = NULL;
  JsonNode *root;

  if (answer.exit_code > 1)
    {
      g_test_message ("%s", answer.err);
      return NULL;
    }
  root = json_from_string (answer.out, &error);
  g_assert_no_error (error);
  return root;
}

static inline JsonArray *
get_causes (JsonNode *root)
{
  JsonArray *processes = json_node_get_array (root);

  g_assert_cmpuint (json_array_get_length (processes), ==, 1);
  return json_object_get_array_member (json_array_get_object_element (processes, 0), "causes");
}

/* Whether its worker has not answered within half a second, and nothing else is known of it. That
 * may be the machine's fault.
 */
static inline gboolean
worker_is_late (JsonArray *causes)
{
  return json_array_get_length (causes) > 0 &&
         g_str_equal (json_object_get_string_member (json_array_get_object_element (causes, 0),
                                                     "kind"),
                      "worker");
}

/* A hang has to have lasted for a second. */
static inline void
assert_why (int         pid,
            const char *kind,
            const char *text)
{
  gint64 deadline = g_get_monotonic_time () + DEADLINE;

  for (;;)
    {
      g_autoptr(JsonNode) root = ask_why (pid);
      JsonArray *causes = root != NULL ? get_causes (root) : NULL;
      JsonObject *cause;

      g_assert_cmpint (g_get_monotonic_time (), <, deadline);
      if (causes == NULL || json_array_get_length (causes) == 0 ||
          (worker_is_late (causes) && !g_str_equal (kind, "worker")))
        continue;

      cause = json_array_get_object_element (causes, 0);
      g_test_message ("%s", json_object_get_string_member (cause, "text"));
      g_assert_cmpstr (json_object_get_string_member (cause, "kind"), ==, kind);
      g_assert_nonnull (strstr (json_object_get_string_member (cause, "text"), text));
      g_assert_cmpuint (json_array_get_length (causes), ==, 1);
      return;
    }
}

static inline void
assert_healthy (int pid)
{
  gint64 deadline = g_get_monotonic_time () + DEADLINE;

  for (;;)
    {
      g_autoptr(JsonNode) root = ask_why (pid);
      g_autofree char *text = NULL;

      g_assert_nonnull (root);
      if (json_array_get_length (get_causes (root)) == 0)
        return;

      text = json_to_string (root, TRUE);
      if (!worker_is_late (get_causes (root)) || g_get_monotonic_time () > deadline)
        g_error ("It is healthy: %s", text);
      g_test_message ("%s", text);
    }
}

static inline void
run_inspect_test (gconstpointer data)
{
  const InspectTest *test = data;

  deadline_start (g_test_get_path (), TEST_DEADLINE_SECONDS);
  work_directory = g_dir_make_tmp ("proctor-test-XXXXXX", NULL);
  start_or_abort ();
  test->run ();
  proctor_inspect_stop ();
  remove_tree (work_directory);
  g_clear_pointer (&work_directory, g_free);
}

static inline int
run_inspect_tests (int                *argc,
                   char             ***argv,
                   const char         *prefix,
                   const InspectTest  *tests,
                   guint               n_tests)
{
  g_test_init (argc, argv, NULL);
  deadline_start ("The start", TEST_DEADLINE_SECONDS);
  tool_path = g_getenv ("PROCTOR_TEST_TOOL");
  g_assert_nonnull (tool_path);
  reset_ignored_signals ();
  inspect_testing_init ();
  return inspect_testing_run (prefix, tests, n_tests, run_inspect_test);
}
