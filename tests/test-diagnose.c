/* What the library says of the system that it runs on, and that looking leaves nothing behind.
 *
 * SPDX-License-Identifier: LGPL-2.1-or-later
 */

#include "config.h"

#include <sys/resource.h>

#include <proctor/proctor.h>

#include "test-leaks.h"

static const ProctorFinding *
find (GPtrArray  *findings,
      const char *name)
{
  for (guint i = 0; i < findings->len; i++)
    if (strcmp (proctor_finding_get_name (findings->pdata[i]), name) == 0)
      return findings->pdata[i];

  g_error ("there is no finding %s", name);
}

static ProctorFindingState
state_of (GPtrArray  *findings,
          const char *name)
{
  const ProctorFinding *finding = find (findings, name);

  g_test_message ("%s: %d, %s", name, proctor_finding_get_state (finding),
                  proctor_finding_get_sentence (finding));
  return proctor_finding_get_state (finding);
}

static GPtrArray *
diagnose_or_abort (void)
{
  g_autoptr(GError) error = NULL;
  GPtrArray *findings = proctor_diagnose (NULL, &error);

  g_assert_no_error (error);
  g_assert_nonnull (findings);
  return findings;
}

static void
assert_well_formed (GPtrArray *findings)
{
  g_autoptr(GHashTable) names = g_hash_table_new (g_str_hash, g_str_equal);

  for (guint i = 0; i < findings->len; i++)
    {
      const ProctorFinding *finding = findings->pdata[i];
      const char *sentence = proctor_finding_get_sentence (finding);

      g_assert_true (g_hash_table_add (names, (gpointer) proctor_finding_get_name (finding)));
      g_assert_cmpstr (sentence, !=, "");
      g_assert_true (g_utf8_validate (sentence, -1, NULL));
      g_assert_true (
        g_variant_is_of_type (proctor_finding_get_values (finding), G_VARIANT_TYPE_VARDICT));
      if (proctor_finding_get_state (finding) == PROCTOR_FINDING_GOOD)
        g_assert_null (proctor_finding_get_way_out (finding));
    }
  g_assert_cmpuint (findings->len, >=, 20);
}

static void
test_findings (void)
{
  g_autoptr(GPtrArray) findings = diagnose_or_abort ();
  const char *method;
  gboolean has_pidfd;
  guint used;

  assert_well_formed (findings);
  g_assert_cmpint (state_of (findings, "spawn"), !=, PROCTOR_FINDING_BROKEN);
  g_assert_cmpint (state_of (findings, "sigchld"), ==, PROCTOR_FINDING_GOOD);
  g_assert_cmpint (state_of (findings, "shell"), ==, PROCTOR_FINDING_GOOD);
  g_assert_true (g_variant_lookup (proctor_finding_get_values (find (findings, "spawn")), "method",
                                   "&s", &method));
  g_assert_true (g_variant_lookup (proctor_finding_get_values (find (findings, "spawn")), "pidfd",
                                   "b", &has_pidfd));
  if (g_strcmp0 (g_getenv ("PROCTOR_SPAWN"), "fork") == 0)
    g_assert_cmpstr (method, ==, "fork");
  if (g_strcmp0 (g_getenv ("PROCTOR_NO_PIDFD"), "1") == 0)
    g_assert_false (has_pidfd);
  g_assert_true (g_variant_lookup (proctor_finding_get_values (find (findings, "file-descriptors")),
                                   "used", "u", &used));
  g_assert_cmpuint (used, ==, count_fds (FALSE));
}

static void
test_copy (void)
{
  g_autoptr(GPtrArray) findings = diagnose_or_abort ();

  for (guint i = 0; i < findings->len; i++)
    {
      const ProctorFinding *finding = findings->pdata[i];
      g_autoptr(ProctorFinding) copy = g_boxed_copy (PROCTOR_TYPE_FINDING, finding);

      g_assert_true (copy != finding);
      g_assert_cmpstr (proctor_finding_get_sentence (copy), ==,
                       proctor_finding_get_sentence (finding));
      g_assert_cmpstr (proctor_finding_get_way_out (copy), ==,
                       proctor_finding_get_way_out (finding));
      g_assert_cmpint (proctor_finding_get_state (copy), ==, proctor_finding_get_state (finding));
      g_assert_cmpvariant (proctor_finding_get_values (copy), proctor_finding_get_values (finding));
    }
}

static void
test_cancelled (void)
{
  g_autoptr(GCancellable) cancellable = g_cancellable_new ();
  g_autoptr(GError) error = NULL;

  g_cancellable_cancel (cancellable);
  g_assert_null (proctor_diagnose (cancellable, &error));
  g_assert_error (error, G_IO_ERROR, G_IO_ERROR_CANCELLED);
}

static gpointer
diagnose_in_thread (gpointer data)
{
  g_autoptr(GPtrArray) findings = diagnose_or_abort ();

  assert_well_formed (findings);
  g_assert_cmpint (state_of (findings, "spawn"), !=, PROCTOR_FINDING_BROKEN);
  return NULL;
}

/* Also while others start processes. */
static void
test_threads (void)
{
  GThread *threads[4];

  for (guint i = 0; i < G_N_ELEMENTS (threads); i++)
    threads[i] = g_thread_new ("diagnose", diagnose_in_thread, NULL);
  for (guint i = 0; i < 20; i++)
    {
      g_autoptr(ProctorCommand) command = proctor_command_new ("true", NULL);
      g_autoptr(ProctorResult) result = NULL;
      g_autoptr(GError) error = NULL;

      result = proctor_command_run (command, NULL, NULL, &error);
      g_assert_no_error (error);
      g_assert_cmpint (proctor_result_get_returncode (result), ==, 0);
    }
  for (guint i = 0; i < G_N_ELEMENTS (threads); i++)
    g_thread_join (threads[i]);
}

static void
diagnosed (GObject      *source,
           GAsyncResult *result,
           gpointer      data)
{
  g_autoptr(GError) error = NULL;
  GPtrArray **findings = data;

  *findings = proctor_diagnose_finish (result, &error);
  g_assert_no_error (error);
}

static void
test_async (void)
{
  g_autoptr(GPtrArray) findings = NULL;

  proctor_diagnose_async (NULL, diagnosed, &findings);
  g_assert_null (findings);
  while (findings == NULL)
    g_main_context_iteration (NULL, TRUE);
  assert_well_formed (findings);
  g_assert_cmpint (state_of (findings, "watcher"), !=, PROCTOR_FINDING_BROKEN);
}

/* As many as are there already, so that not one more can be had. */
static void
test_without_fds (void)
{
  struct rlimit before;
  struct rlimit none;
  g_autoptr(GPtrArray) findings = NULL;

  g_assert_cmpint (getrlimit (RLIMIT_NOFILE, &before), ==, 0);
  none = before;
  none.rlim_cur = 3;
  g_assert_cmpint (setrlimit (RLIMIT_NOFILE, &none), ==, 0);
  findings = diagnose_or_abort ();
  g_assert_cmpint (setrlimit (RLIMIT_NOFILE, &before), ==, 0);

  assert_well_formed (findings);
  g_assert_cmpint (state_of (findings, "file-descriptors"), ==, PROCTOR_FINDING_BROKEN);
  g_assert_cmpint (state_of (findings, "pipes"), ==, PROCTOR_FINDING_BROKEN);
  g_assert_cmpint (state_of (findings, "spawn"), ==, PROCTOR_FINDING_BROKEN);
}

static void
test_forked_copy (void)
{
  pid_t pid = fork ();
  int status;

  g_assert_cmpint (pid, >=, 0);
  if (pid == 0)
    {
      g_autoptr(GError) error = NULL;
      GPtrArray *findings = proctor_diagnose (NULL, &error);

      /* An exit code would be valgrind's, which counts what the copy does not free as lost. */
      if (findings == NULL && g_error_matches (error, PROCTOR_ERROR, PROCTOR_ERROR_FORKED))
        kill (getpid (), SIGKILL);
      _exit (1);
    }
  g_assert_cmpint (waitpid (pid, &status, 0), ==, pid);
  g_assert_true (WIFSIGNALED (status));
  g_assert_cmpint (WTERMSIG (status), ==, SIGKILL);
}

/* GTask keeps the threads of its pool for a while, so what uses them is not counted. */
static void
run_and_check (gconstpointer data)
{
  void (*test) (void) = (void (*) (void)) data;
  Leaks leaks;

  deadline_start ("This test", TEST_DEADLINE_SECONDS);
  leaks_take (&leaks);
  test ();
  leaks_check (&leaks);
  alarm (0);
}

int
main (int    argc,
      char **argv)
{
  g_autoptr(GError) error = NULL;

  g_test_init (&argc, &argv, NULL);
  /* So that what the service keeps is there in every test. */
  g_assert_true (proctor_init (&error));
  {
    g_autoptr(GPtrArray) first = diagnose_or_abort ();
    g_autoptr(ProctorCommand) command = proctor_command_new ("true", NULL);
    g_autoptr(ProctorResult) result = proctor_command_run (command, NULL, NULL, &error);

    g_assert_no_error (error);
  }

  g_test_add_data_func ("/diagnose/findings", test_findings, run_and_check);
  g_test_add_data_func ("/diagnose/copy", test_copy, run_and_check);
  g_test_add_data_func ("/diagnose/cancelled", test_cancelled, run_and_check);
  g_test_add_data_func ("/diagnose/threads", test_threads, run_and_check);
  g_test_add_data_func ("/diagnose/without-fds", test_without_fds, run_and_check);
  g_test_add_data_func ("/diagnose/forked-copy", test_forked_copy, run_and_check);
  g_test_add_func ("/diagnose/async", test_async);

  return g_test_run ();
}
