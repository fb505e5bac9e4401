/* Stepping through stop plans, by table.
 *
 * SPDX-License-Identifier: LGPL-2.1-or-later
 */

#include "config.h"

#include <signal.h>
#include <string.h>

#include "command/command-policy.h"

typedef struct
{
  const char *name;
  const char *plan;  /* SIGNAL:TIME… */
  const char *steps; /* TIME:SIGNAL… as they are due when it is looked at every unit of time */
} Row;

static const Row rows[] = {
  { "default-like", "15:5", "0:15 5:9" },
  { "empty", "", "0:9" },
  { "two", "2:2 15:5", "0:2 2:15 7:9" },
  { "kill-added", "15:3 9:4", "0:15 3:9" },
  { "nothing-after-kill", "9:1 15:1", "0:9" },
  { "no-time", "2:0 15:0", "0:2 0:15 0:9" },
  { "endless", "2:1 15:-1 10:1", "0:2 1:15" },
  { "the-same-twice", "15:1 15:1", "0:15 1:15 2:9" },
};

static ProctorStopPlan *
parse_plan (const char *text)
{
  ProctorStopPlan *plan = proctor_stop_plan_new ();
  g_auto(GStrv) words = g_strsplit (text, " ", -1);

  for (guint i = 0; words[i] != NULL && *words[i] != '\0'; i++)
    {
      const char *colon = strchr (words[i], ':');

      proctor_stop_plan_add_step (plan, atoi (words[i]), atoi (colon + 1));
    }
  return plan;
}

static void
test_row (gconstpointer data)
{
  const Row *row = data;
  g_autoptr(ProctorStopPlan) plan = parse_plan (row->plan);
  g_autoptr(GString) taken = g_string_new (NULL);
  StopProgress progress;
  int signum;

  stop_progress_begin (&progress, plan, 1000);
  g_assert_cmpint (progress.deadline, ==, 1000);
  for (gint64 now = 0; now < 30; now++)
    {
      while ((signum = stop_progress_take_step (&progress, 1000 + now)) != 0)
        g_string_append_printf (taken, "%s%d:%d", taken->len > 0 ? " " : "", (int) now, signum);
      g_assert_cmpint (progress.deadline, >, 1000 + now);
    }
  g_assert_cmpstr (taken->str, ==, row->steps);
  g_assert_cmpint (stop_progress_is_over (&progress), ==, g_str_has_suffix (row->steps, ":9"));
}

/* The time of a step counts from when it was taken. */
static void
test_late (void)
{
  g_autoptr(ProctorStopPlan) plan = parse_plan ("2:2 15:5");
  StopProgress progress;

  stop_progress_begin (&progress, plan, 0);
  g_assert_cmpint (stop_progress_take_step (&progress, 100), ==, 2);
  g_assert_cmpint (stop_progress_take_step (&progress, 101), ==, 0);
  g_assert_cmpint (stop_progress_take_step (&progress, 102), ==, 15);
  g_assert_cmpint (progress.deadline, ==, 107);
}

static void
test_count_and_skip (void)
{
  g_autoptr(ProctorStopPlan) plan = parse_plan ("15:1 2:1 15:1");
  StopProgress progress;

  stop_progress_begin (&progress, plan, 0);
  g_assert_cmpuint (stop_progress_count (&progress, 15), ==, 0);
  stop_progress_take_step (&progress, 0);
  stop_progress_take_step (&progress, 1);
  g_assert_cmpuint (stop_progress_count (&progress, 15), ==, 1);
  g_assert_cmpuint (stop_progress_count (&progress, 2), ==, 1);
  stop_progress_skip_to_kill (&progress, 1);
  g_assert_cmpint (stop_progress_take_step (&progress, 1), ==, SIGKILL);
  g_assert_true (stop_progress_is_over (&progress));
  g_assert_cmpuint (stop_progress_count (&progress, 15), ==, 2);
  stop_progress_skip_to_kill (&progress, 2);
  g_assert_cmpint (stop_progress_take_step (&progress, 2), ==, 0);
}

static void
test_longest (void)
{
  g_autoptr(ProctorStopPlan) plan = proctor_stop_plan_new ();
  StopProgress progress;

  proctor_stop_plan_add_step (plan, SIGTERM, G_MAXINT64);
  stop_progress_begin (&progress, plan, 1000);
  g_assert_cmpint (stop_progress_take_step (&progress, 1000), ==, SIGTERM);
  g_assert_cmpint (progress.deadline, >, 1000);
}

static void
test_data (void)
{
  g_autoptr(ProctorStopPlan) plan = parse_plan ("2:2 15:-7");
  g_autoptr(ProctorStopPlan) copy = proctor_stop_plan_copy (plan);
  int signum = 77;
  GTimeSpan time = 77;

  proctor_stop_plan_add_step (plan, SIGHUP, 1);
  g_assert_cmpuint (proctor_stop_plan_get_n_steps (plan), ==, 3);
  g_assert_cmpuint (proctor_stop_plan_get_n_steps (copy), ==, 2);
  g_assert_false (proctor_stop_plan_get_step (copy, 2, &signum, &time));
  g_assert_cmpint (signum, ==, 77);
  g_assert_cmpint (time, ==, 77);
  g_assert_true (proctor_stop_plan_get_step (copy, 1, &signum, &time));
  g_assert_cmpint (signum, ==, SIGTERM);
  g_assert_cmpint (time, ==, -1);
  g_assert_true (proctor_stop_plan_get_step (copy, 0, NULL, NULL));
}

static void
test_invalid (void)
{
  static const int signums[] = { 0, -1, 100, G_MAXINT, G_MININT };

  for (guint i = 0; i < G_N_ELEMENTS (signums); i++)
    {
      g_autoptr(ProctorStopPlan) plan = parse_plan ("15:1");
      g_autofree char *named = g_strdup_printf ("%d is not a signal", signums[i]);
      g_autoptr(GError) error = NULL;

      g_assert_true (stop_plan_validate (plan, NULL));
      proctor_stop_plan_add_step (plan, signums[i], 1);
      g_assert_false (stop_plan_validate (plan, &error));
      g_assert_error (error, PROCTOR_ERROR, PROCTOR_ERROR_INVALID_COMMAND);
      g_assert_true (g_str_has_prefix (error->message, named));
    }
}

int
main (int    argc,
      char **argv)
{
  g_test_init (&argc, &argv, NULL);
  for (guint i = 0; i < G_N_ELEMENTS (rows); i++)
    {
      g_autofree char *path = g_strconcat ("/stop-plan/", rows[i].name, NULL);

      g_test_add_data_func (path, &rows[i], test_row);
    }
  g_test_add_func ("/stop-plan/late", test_late);
  g_test_add_func ("/stop-plan/count-and-skip", test_count_and_skip);
  g_test_add_func ("/stop-plan/longest", test_longest);
  g_test_add_func ("/stop-plan/data", test_data);
  g_test_add_func ("/stop-plan/invalid", test_invalid);
  return g_test_run ();
}
