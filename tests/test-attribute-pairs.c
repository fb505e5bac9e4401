/* Whom a child runs as, and with which limits, as the child itself sees it: every pair of
 * attributes together, the same whichever way the child is made.
 *
 * SPDX-License-Identifier: LGPL-2.1-or-later
 */

#include "config.h"

#include "attributes-testing.h"

#include <pwd.h>

/* ---- every pair */

/* What the rows of the table need to know. */
typedef struct
{
  struct passwd *nobody;
  char *report_path;
  char *terminal; /* the path of a pseudo-terminal, or NULL */
  char *cgroup;   /* or NULL */
  char *cgroup_name;
  guint first_cpu;
} Surroundings;

static Surroundings here;

typedef enum
{
  USER,
  GROUP,
  EXTRA_GROUPS,
  UMASK,
  FILES_LIMIT,
  CORE_LIMIT,
  NICE,
  AFFINITY,
  IO_PRIORITY,
  OOM_SCORE_ADJ,
  NO_NEW_PRIVS,
  PARENT_DEATH,
  IGNORED,
  CGROUP,
  PLACE,
  DIRECTORY,
  EXECUTABLE,
  ENVIRONMENT,
  INHERITED,
  N_COLUMNS,
} Column;

/* How many settings a column has; 0 is always that of a new command. */
static const guint n_levels[N_COLUMNS] = {
  [USER] = 3,
  [GROUP] = 2,
  [EXTRA_GROUPS] = 3,
  [UMASK] = 2,
  [FILES_LIMIT] = 2,
  [CORE_LIMIT] = 2,
  [NICE] = 2,
  [AFFINITY] = 2,
  [IO_PRIORITY] = 3,
  [OOM_SCORE_ADJ] = 2,
  [NO_NEW_PRIVS] = 2,
  [PARENT_DEATH] = 2,
  [IGNORED] = 2,
  [CGROUP] = 2,
  [PLACE] = 4,
  [DIRECTORY] = 2,
  [EXECUTABLE] = 2,
  [ENVIRONMENT] = 2,
  [INHERITED] = 2,
};

#define MAX_LEVELS 4

typedef struct
{
  guint level[N_COLUMNS];
} Row;

static guint
get_n_levels (Column column)
{
  if (geteuid () != 0 && (column == USER || column == GROUP || column == EXTRA_GROUPS))
    return 1;
  if (column == CGROUP && here.cgroup == NULL)
    return 1;
  /* valgrind keeps this limit by itself, also in a child. */
  if (column == FILES_LIMIT && is_in_valgrind ())
    return 1;
  if (column == PLACE && here.terminal == NULL)
    return 3;

  return n_levels[column];
}

static void
apply_identity (ProctorCommand *command,
                const Row      *row)
{
  const char * const no_groups[] = { NULL };
  const char * const groups[] = { "12345", "54321", NULL };
  g_autofree char *number = g_strdup_printf ("%u", here.nobody->pw_uid);

  if (row->level[USER] > 0)
    proctor_command_set_user (command, row->level[USER] == 1 ? "nobody" : number);
  if (row->level[GROUP] > 0)
    proctor_command_set_group (command, G_STRINGIFY (OTHER_GROUP));
  if (row->level[EXTRA_GROUPS] > 0)
    proctor_command_set_extra_groups (command, row->level[EXTRA_GROUPS] == 1 ? groups : no_groups);
}

static void
apply_limits (ProctorCommand *command,
              const Row      *row)
{
  if (row->level[UMASK] > 0)
    proctor_command_set_umask (command, 0027);
  if (row->level[FILES_LIMIT] > 0)
    proctor_command_set_rlimit (command, RLIMIT_NOFILE, 16, 64);
  if (row->level[CORE_LIMIT] > 0)
    proctor_command_set_rlimit (command, RLIMIT_CORE, 0, 0);
  if (row->level[NICE] > 0)
    proctor_command_set_nice (command, 19);
  if (row->level[AFFINITY] > 0)
    proctor_command_set_cpu_affinity (command, &here.first_cpu, 1);
  if (row->level[IO_PRIORITY] == 1)
    proctor_command_set_io_priority (command, PROCTOR_IO_CLASS_BEST_EFFORT, 6);
  if (row->level[IO_PRIORITY] == 2)
    proctor_command_set_io_priority (command, PROCTOR_IO_CLASS_IDLE, 0);
  if (row->level[OOM_SCORE_ADJ] > 0)
    proctor_command_set_oom_score_adj (command, 300);
  if (row->level[CGROUP] > 0)
    proctor_command_set_cgroup (command, here.cgroup);
}

static void
apply_rest (ProctorCommand *command,
            const Row      *row)
{
  ProctorCommandFlags flags = PROCTOR_COMMAND_NONE;

  if (row->level[NO_NEW_PRIVS] > 0)
    flags |= PROCTOR_COMMAND_NO_NEW_PRIVS;
  if (row->level[PARENT_DEATH] > 0)
    proctor_command_set_parent_death_signal (command, SIGTERM);
  if (row->level[IGNORED] > 0)
    {
      proctor_command_ignore_signal (command, SIGHUP);
      proctor_command_ignore_signal (command, SIGPIPE);
      proctor_command_ignore_signal (command, SIGRTMIN + 3);
    }
  if (row->level[PLACE] == 1)
    flags |= PROCTOR_COMMAND_NEW_SESSION;
  if (row->level[PLACE] == 2)
    proctor_command_set_process_group (command, 0);
  if (row->level[PLACE] == 3)
    {
      flags |= PROCTOR_COMMAND_CONTROLLING_TERMINAL;
      proctor_command_set_stdin_path (command, here.terminal);
    }
  if (row->level[DIRECTORY] > 0)
    proctor_command_set_cwd (command, "/usr");
  if (row->level[ENVIRONMENT] > 0)
    {
      proctor_command_clear_environ (command);
      proctor_command_setenv (command, "ONLY", "this");
    }
  if (row->level[INHERITED] > 0)
    flags |= PROCTOR_COMMAND_INHERIT_FDS;
  proctor_command_set_flags (command, flags);
}

static ProctorCommand *
make_command (const Row *row)
{
  ProctorCommand *command;

  if (row->level[EXECUTABLE] > 0)
    {
      command = proctor_command_new ("another name", "argument", NULL);
      proctor_command_set_executable (command, here.report_path);
    }
  else
    {
      command = proctor_command_new (here.report_path, "argument", NULL);
    }
  apply_identity (command, row);
  apply_limits (command, row);
  apply_rest (command, row);

  return command;
}

static void
check_identity (const char *report,
                const Row  *row,
                const char *plain)
{
  gboolean is_nobody = row->level[USER] > 0;
  guint gid = row->level[GROUP] > 0 ? OTHER_GROUP : is_nobody ? here.nobody->pw_gid : getegid ();
  guint uid = is_nobody ? here.nobody->pw_uid : geteuid ();
  g_autofree char *uids = g_strdup_printf ("[%u, %u, %u]", uid, uid, uid);
  g_autofree char *gids = g_strdup_printf ("[%u, %u, %u]", gid, gid, gid);
  g_autofree char *own_group = g_strdup_printf ("[%u]", gid);
  g_autofree char *groups = report_get (plain, "groups");

  assert_report (report, "uid", uids);
  assert_report (report, "gid", gids);
  if (row->level[EXTRA_GROUPS] > 0)
    assert_report (report, "groups", row->level[EXTRA_GROUPS] == 1 ? "[12345, 54321]" : "[]");
  else
    assert_report (report, "groups", is_nobody ? own_group : groups);
  if (is_nobody)
    {
      assert_report (report, "way_back", "false");
      assert_report (report, "cap_effective", "\"0000000000000000\"");
    }
}

/* Members that are changed have the new value, all others what they are in @plain. */
static void
check_member (const char *report,
              const char *plain,
              const char *key,
              gboolean    changed,
              const char *expected)
{
  g_autofree char *old = report_get (plain, key);

  assert_report (report, key, changed ? expected : old);
}

static void
check_limits (const char *report,
              const Row  *row,
              const char *plain)
{
  g_autofree char *cpu = g_strdup_printf ("[%u]", here.first_cpu);
  g_autofree char *cgroup = g_strdup_printf ("\"%s\"", here.cgroup_name);

  check_member (report, plain, "umask", row->level[UMASK] > 0, "23");
  check_member (report, plain, "rlimit_NOFILE", row->level[FILES_LIMIT] > 0, "[16, 64]");
  check_member (report, plain, "rlimit_CORE", row->level[CORE_LIMIT] > 0, "[0, 0]");
  check_member (report, plain, "nice", row->level[NICE] > 0, "19");
  check_member (report, plain, "cpus", row->level[AFFINITY] > 0, cpu);
  check_member (report, plain, "io_priority", row->level[IO_PRIORITY] > 0,
                row->level[IO_PRIORITY] == 1 ? "[2, 6]" : "[3, 0]");
  check_member (report, plain, "oom_score_adj", row->level[OOM_SCORE_ADJ] > 0, "\"300\"");
  check_member (report, plain, "cgroup", row->level[CGROUP] > 0, cgroup);
  check_member (report, plain, "no_new_privs", row->level[NO_NEW_PRIVS] > 0, "1");
  check_member (report, plain, "parent_death_signal", row->level[PARENT_DEATH] > 0, "15");
}

static void
check_rest (const char *report,
            const Row  *row,
            const char *plain)
{
  const int ignored[] = { SIGHUP, SIGPIPE, SIGRTMIN + 3 };
  gint64 pid = report_get_number (report, "pid");
  g_autofree char *name =
    g_strdup_printf ("[\"%s\", \"argument\"]",
                     row->level[EXECUTABLE] > 0 ? "another name" : here.report_path);

  assert_report (report, "argv", name);
  check_member (report, plain, "cwd", row->level[DIRECTORY] > 0, "\"/usr\"");
  check_member (report, plain, "environ", row->level[ENVIRONMENT] > 0, "[\"ONLY\"]");
  if (row->level[INHERITED] == 0)
    assert_report (report, "fds", "[0, 1, 2]");

  assert_report (report, "blocked_signals", "[]");
  assert_report (report, "handled_signals", "[]");
  for (guint i = 0; i < G_N_ELEMENTS (ignored); i++)
    g_assert_true (report_has_number (report, "ignored_signals", ignored[i])
                   == (row->level[IGNORED] > 0));

  g_assert_true ((report_get_number (report, "pgid") == pid) == (row->level[PLACE] > 0));
  g_assert_true ((report_get_number (report, "sid") == pid)
                 == (row->level[PLACE] == 1 || row->level[PLACE] == 3));
  if (row->level[PLACE] == 3)
    g_assert_cmpint (report_get_number (report, "terminal_session"), ==, pid);
  if (row->level[PLACE] == 1)
    assert_report (report, "terminal_session", "-1");
}

/* Which pairs of settings have been in a row together. */
typedef struct
{
  guint8 seen[N_COLUMNS][MAX_LEVELS][N_COLUMNS][MAX_LEVELS];
} Pairs;

static guint
count_new_pairs (const Pairs *pairs,
                 const Row   *row)
{
  guint n = 0;

  for (guint i = 0; i < N_COLUMNS; i++)
    for (guint j = i + 1; j < N_COLUMNS; j++)
      n += !pairs->seen[i][row->level[i]][j][row->level[j]];

  return n;
}

static void
add_pairs (Pairs     *pairs,
           const Row *row)
{
  for (guint i = 0; i < N_COLUMNS; i++)
    for (guint j = i + 1; j < N_COLUMNS; j++)
      pairs->seen[i][row->level[i]][j][row->level[j]] = TRUE;
}

static gboolean
find_missing_pair (const Pairs *pairs,
                   Row         *row)
{
  for (guint i = 0; i < N_COLUMNS; i++)
    for (guint j = i + 1; j < N_COLUMNS; j++)
      for (guint a = 0; a < get_n_levels (i); a++)
        for (guint b = 0; b < get_n_levels (j); b++)
          {
            if (pairs->seen[i][a][j][b])
              continue;
            row->level[i] = a;
            row->level[j] = b;
            return TRUE;
          }

  return FALSE;
}

/* A row with a pair that is still missing and as many others as a few throws of the dice give. */
static gboolean
find_row (const Pairs *pairs,
          GRand       *rand,
          Row         *best)
{
  guint most = 0;

  for (guint attempt = 0; attempt < 30; attempt++)
    {
      Row row;
      guint n;

      for (guint i = 0; i < N_COLUMNS; i++)
        row.level[i] = (guint) g_rand_int_range (rand, 0, (gint32) get_n_levels (i));
      if (!find_missing_pair (pairs, &row))
        return FALSE;

      n = count_new_pairs (pairs, &row);
      if (n > most)
        {
          most = n;
          *best = row;
        }
    }

  return TRUE;
}

static void
check_row (const Row  *row,
           const char *plain)
{
  g_autoptr(ProctorCommand) command = make_command (row);
  g_autoptr(GString) levels = g_string_new (NULL);
  g_autofree char *report = NULL;

  for (guint i = 0; i < N_COLUMNS; i++)
    g_string_append_printf (levels, " %u", row->level[i]);
  g_test_message ("row%s", levels->str);

  report = run_report_both_ways (command);
  check_identity (report, row, plain);
  check_limits (report, row, plain);
  check_rest (report, row, plain);
}

static void
test_pairs (void)
{
  g_autoptr(GRand) rand = g_rand_new_with_seed (1);
  g_autofree Pairs *pairs = g_new0 (Pairs, 1);
  g_autofree char *plain = NULL;
  int terminal = posix_openpt (O_RDWR | O_NOCTTY | O_CLOEXEC);
  guint n_rows = 0;
  Row row = { 0 };

  here = (Surroundings) {
    .nobody = getpwnam ("nobody"),
    .report_path = copy_report (),
    .cgroup = make_cgroup ("", &here.cgroup_name),
    .cgroup_name = here.cgroup_name,
    .first_cpu = find_first_cpu (),
  };
  if (terminal >= 0 && grantpt (terminal) == 0 && unlockpt (terminal) == 0)
    here.terminal = g_strdup (ptsname (terminal));
  g_assert_nonnull (here.nobody);

  {
    g_autoptr(ProctorCommand) command = make_command (&row);

    plain = run_report_both_ways (command);
  }
  check_row (&row, plain);
  add_pairs (pairs, &row);
  for (guint i = 0; i < N_COLUMNS; i++)
    row.level[i] = get_n_levels (i) - 1;
  do
    {
      check_row (&row, plain);
      add_pairs (pairs, &row);
      n_rows++;
    }
  while (find_row (pairs, rand, &row));
  g_test_message ("%u rows; cgroup %s, terminal %s", n_rows, here.cgroup, here.terminal);

  if (here.cgroup != NULL)
    remove_cgroup (here.cgroup);
  if (terminal >= 0)
    close (terminal);
  g_free (here.report_path);
  g_free (here.terminal);
  g_free (here.cgroup);
  g_free (here.cgroup_name);
}

static const ApiTest tests[] = {
  { "pairs", test_pairs, ONE_WAY },
};

int
main (int    argc,
      char **argv)
{
  return RUN_API_TESTS (argc, argv, "attribute-pairs", tests);
}
