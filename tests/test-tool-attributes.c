/* The options of `proctor run` for the commands' processes, as the processes see them.
 *
 * SPDX-License-Identifier: LGPL-2.1-or-later
 */

/* Thread: MAIN. */

#include "config.h"

#include <pwd.h>
#include <signal.h>
#include <stdlib.h>
#include <unistd.h>

#include <gio/gio.h>

#include "report-testing.h"
#include "test-deadline.h"

#define MAX_WORDS 24

typedef struct
{
  int exit_code;
  char *out;
  char *err;
} Outcome;

static void
outcome_clear (Outcome *outcome)
{
  g_free (outcome->out);
  g_free (outcome->err);
}

G_DEFINE_AUTO_CLEANUP_CLEAR_FUNC (Outcome, outcome_clear)

/* proctor run OPTIONS… COMMAND */
static void
run_tool (const char * const *options,
          const char         *command,
          Outcome            *outcome)
{
  const char *words[MAX_WORDS] = { g_getenv ("PROCTOR_TEST_TOOL"), "run" };
  g_autoptr(GError) error = NULL;
  guint n = 2;
  int status;

  while (*options != NULL && n < MAX_WORDS - 2)
    words[n++] = *options++;
  words[n++] = command;

  g_assert_true (g_spawn_sync (NULL, (char **) words, NULL, G_SPAWN_DEFAULT, NULL, NULL,
                               &outcome->out, &outcome->err, &status, &error));
  g_assert_no_error (error);
  g_assert_true (WIFEXITED (status));
  outcome->exit_code = WEXITSTATUS (status);
}

static void
test_seen (void)
{
  const char * const options[] = {
    "--umask=027",
    "--rlimit",
    "nofile=20:30",
    "--rlimit=CORE=0",
    "--nice=19",
    "--io-priority",
    "best-effort:6",
    "--no-new-privs",
    "--die-with-parent",
    "--ignore-signal",
    "hup",
    "--ignore-signal=SIGUSR1",
    "--ignore-signal=12",
    "--argv0",
    "another name",
    "--oom-score-adj=300",
    "--cpus=0-65535",
    NULL,
  };
  g_auto(Outcome) outcome = { 0 };

  run_tool (options, g_getenv ("PROCTOR_TEST_REPORT"), &outcome);
  g_assert_cmpstr (outcome.err, ==, "");
  g_assert_cmpint (outcome.exit_code, ==, 0);
  assert_report (outcome.out, "umask", "23");
  assert_report (outcome.out, "rlimit_NOFILE", "[20, 30]");
  assert_report (outcome.out, "rlimit_CORE", "[0, 0]");
  assert_report (outcome.out, "nice", "19");
  assert_report (outcome.out, "io_priority", "[2, 6]");
  assert_report (outcome.out, "no_new_privs", "1");
  assert_report (outcome.out, "parent_death_signal", "9");
  assert_report (outcome.out, "oom_score_adj", "\"300\"");
  assert_report (outcome.out, "argv", "[\"another name\"]");
  g_assert_true (report_has_number (outcome.out, "ignored_signals", SIGHUP));
  g_assert_true (report_has_number (outcome.out, "ignored_signals", SIGUSR1));
  g_assert_true (report_has_number (outcome.out, "ignored_signals", SIGUSR2));
}

static void
test_user (void)
{
  const char * const options[] = {
    "--user=nobody", "--group", "12345", "--extra-groups=7,9", NULL,
  };
  const char * const no_groups[] = { "--group=12345", "--extra-groups=", NULL };
  const struct passwd *nobody = getpwnam ("nobody");
  g_autofree char *uid = NULL;
  g_auto(Outcome) outcome = { 0 };
  g_auto(Outcome) second = { 0 };

  if (geteuid () != 0)
    {
      g_test_skip ("only root can become another user");
      return;
    }

  /* A program that anybody can execute. */
  run_tool (options, "id", &outcome);
  g_assert_cmpint (outcome.exit_code, ==, 0);
  uid = g_strdup_printf ("uid=%u(nobody) gid=12345 groups=12345,7", nobody->pw_uid);
  g_assert_true (g_str_has_prefix (outcome.out, uid));

  run_tool (no_groups, g_getenv ("PROCTOR_TEST_REPORT"), &second);
  assert_report (second.out, "gid", "[12345, 12345, 12345]");
  assert_report (second.out, "groups", "[]");
}

static void
test_refused (void)
{
  static const struct
  {
    const char *options[4];
    int exit_code;
    const char *message;
  } cases[] = {
    { { "--user=no-such-user" }, 125, "There is no user “no-such-user”" },
    { { "--cgroup=/nowhere" }, 125, "Could not put the child into the cgroup “/nowhere”" },
    { { "--cgroup=/nowhere", "--optional=nice,cgroup" }, 0, "" },
    { { "--rlimit=NOFILE" }, 2, "“NOFILE”" },
    { { "--rlimit=FILES=1" }, 2, "“FILES=1”" },
    { { "--rlimit=NOFILE=2:1" }, 2, "“NOFILE=2:1”" },
    { { "--rlimit=NOFILE=many" }, 2, "“NOFILE=many”" },
    { { "--rlimit=CORE=unlimited:0" }, 2, "“CORE=unlimited:0”" },
    { { "--umask=8" }, 2, "“8”" },
    { { "--umask=1000" }, 2, "“1000”" },
    { { "--nice=20" }, 2, "“20”" },
    { { "--cpus=" }, 2, "“”" },
    { { "--cpus=3-1" }, 2, "“3-1”" },
    { { "--cpus=0,x" }, 2, "“0,x”" },
    { { "--io-priority=best" }, 2, "“best”" },
    { { "--io-priority=realtime:8" }, 2, "“realtime:8”" },
    { { "--io-priority=idle:3" }, 125, "level 0 only" },
    { { "--oom-score-adj=1001" }, 2, "“1001”" },
    { { "--ignore-signal=KILL" }, 2, "“KILL”" },
    { { "--ignore-signal=NOTHING" }, 2, "“NOTHING”" },
    { { "--optional=user" }, 2, "“user”" },
    { { "--argv0=x", "--shell" }, 2, "--argv0" },
  };

  for (guint i = 0; i < G_N_ELEMENTS (cases); i++)
    {
      g_auto(Outcome) outcome = { 0 };

      run_tool (cases[i].options, "true", &outcome);
      if (strstr (outcome.err, cases[i].message) == NULL)
        g_error ("“%s” is not in: %s", cases[i].message, outcome.err);
      g_assert_cmpint (outcome.exit_code, ==, cases[i].exit_code);
    }
}

static void
test_help (void)
{
  const char * const options[] = { "--help-process", NULL };
  g_auto(Outcome) outcome = { 0 };

  run_tool (options, "true", &outcome);
  g_assert_cmpint (outcome.exit_code, ==, 0);
  g_assert_nonnull (strstr (outcome.out, "--rlimit=NAME=SOFT[:HARD]"));
  g_assert_nonnull (strstr (outcome.out, "--die-with-parent"));
}

int
main (int    argc,
      char **argv)
{
  g_test_init (&argc, &argv, NULL);
  g_assert_nonnull (g_getenv ("PROCTOR_TEST_TOOL"));
  deadline_start ("test-tool-attributes", TEST_DEADLINE_SECONDS);

  g_test_add_func ("/tool-attributes/seen", test_seen);
  g_test_add_func ("/tool-attributes/user", test_user);
  g_test_add_func ("/tool-attributes/refused", test_refused);
  g_test_add_func ("/tool-attributes/help", test_help);

  return g_test_run ();
}
