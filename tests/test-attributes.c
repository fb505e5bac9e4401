/* Whom a child runs as, and with which limits, as the child itself sees it: every pair of
 * attributes together, the same whichever way the child is made.
 *
 * SPDX-License-Identifier: LGPL-2.1-or-later
 */

#include "config.h"

#include "api-testing.h"
#include "report-testing.h"

#include <grp.h>
#include <linux/capability.h>
#include <pwd.h>
#include <sched.h>
#include <sys/mman.h>
#include <sys/prctl.h>

#include "spawn/spawn-features.h"
#include "spawn/spawn-kernel.h"

#define OTHER_GROUP 12345

/* ---- the child that reports */

/* Somewhere that any user can execute it. */
static char *
copy_report (void)
{
  g_autofree char *content = NULL;
  char *path = work_path ("report");
  gsize length;

  g_assert_cmpint (chmod (work_directory, 0755), ==, 0);
  g_assert_true (g_file_get_contents (g_getenv ("PROCTOR_TEST_REPORT"), &content, &length, NULL));
  g_assert_true (g_file_set_contents (path, content, (gssize) length, NULL));
  g_assert_cmpint (chmod (path, 0755), ==, 0);

  return path;
}

static char *
run_report (ProctorCommand *command)
{
  g_autoptr(ProctorResult) result = run_or_abort (command, NULL);
  g_autoptr(GError) error = NULL;
  char *report;

  if (!proctor_result_check (result, &error))
    g_error ("%s", error->message);
  report = proctor_result_dup_stdout_utf8 (result, &error);
  g_assert_no_error (error);
  g_assert_cmpint (prctl (PR_GET_DUMPABLE), ==, 1);

  return report;
}

/* Runs it by clone, where that is to be had, and by fork, and both children must be the same. */
static char *
run_report_both_ways (ProctorCommand *command)
{
  SpawnFeatures *features = (SpawnFeatures *) spawn_features_get ();
  SpawnFeatures real_features = *features;
  g_autofree char *by_clone = run_report (command);
  g_autofree char *by_fork = NULL;
  g_autofree char *first = NULL;
  g_autofree char *second = NULL;

  features->clone_vm = features->clone_files = FALSE;
  by_fork = run_report (command);
  *features = real_features;

  first = report_normalize (by_clone);
  second = report_normalize (by_fork);
  g_assert_cmpstr (first, ==, second);

  return g_steal_pointer (&by_clone);
}

static gboolean
skip_unless_root (void)
{
  if (geteuid () == 0)
    return FALSE;

  g_test_skip ("only root can become another user");
  return TRUE;
}

/* ---- a cgroup of our own */

/* Where version 2 is mounted. */
static char *
find_cgroup_mount (void)
{
  g_autofree char *content = NULL;
  g_auto(GStrv) lines = NULL;

  if (!g_file_get_contents ("/proc/self/mountinfo", &content, NULL, NULL))
    return NULL;

  lines = g_strsplit (content, "\n", -1);
  for (guint i = 0; lines[i] != NULL; i++)
    {
      g_auto(GStrv) words = g_strsplit (lines[i], " ", -1);

      if (strstr (lines[i], " - cgroup2 ") != NULL && g_strv_length (words) > 5)
        return g_strdup (words[4]);
    }

  return NULL;
}

/* The cgroup of this program, as "/…". */
static char *
get_own_cgroup (void)
{
  g_autofree char *content = NULL;
  const char *line;

  if (!g_file_get_contents ("/proc/self/cgroup", &content, NULL, NULL))
    return NULL;

  line = g_str_has_prefix (content, "0::") ? content : strstr (content, "\n0::");
  if (line == NULL)
    return NULL;
  line = strstr (line, "0::") + strlen ("0::");

  return g_strndup (line, strcspn (line, "\n"));
}

/* A new cgroup below our own, which must be removed; NULL where that is not allowed. @name is its
 * path as the kernel names it.
 */
static char *
make_cgroup (const char  *suffix,
             char       **name)
{
  g_autofree char *mount = find_cgroup_mount ();
  g_autofree char *own = get_own_cgroup ();
  g_autofree char *path = NULL;
  g_autofree char *procs = NULL;

  if (mount == NULL || own == NULL)
    return NULL;

  *name = g_strdup_printf ("%s/proctor-test-%d%s", strcmp (own, "/") == 0 ? "" : own,
                           (int) getpid (), suffix);
  path = g_strconcat (mount, *name, NULL);
  procs = g_build_filename (path, "cgroup.procs", NULL);
  if (mkdir (path, 0755) == 0)
    {
      if (access (procs, W_OK) == 0)
        return g_steal_pointer (&path);
      rmdir (path);
    }
  g_clear_pointer (name, g_free);

  return NULL;
}

static void
remove_cgroup (const char *path)
{
  gint64 deadline = g_get_monotonic_time () + 10 * G_TIME_SPAN_SECOND;

  /* A process that was reaped leaves its cgroup a moment later. */
  while (rmdir (path) != 0)
    {
      g_assert_cmpint (errno, ==, EBUSY);
      g_assert_cmpint (g_get_monotonic_time (), <, deadline);
      g_usleep (1000);
    }
}

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

static guint
find_first_cpu (void)
{
  cpu_set_t set;
  guint cpu = 0;

  CPU_ZERO (&set);
  g_assert_cmpint (sched_getaffinity (0, sizeof set, &set), ==, 0);
  while (!CPU_ISSET (cpu, &set))
    cpu++;

  return cpu;
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

/* ---- privileges */

static void
test_dropping_to_nobody (void)
{
  g_autofree char *path = NULL;
  g_autofree char *report = NULL;
  g_autofree char *uids = NULL;
  g_autofree char *groups = NULL;
  g_autoptr(ProctorCommand) command = NULL;
  struct passwd *nobody = getpwnam ("nobody");

  if (skip_unless_root ())
    return;

  path = copy_report ();
  command = proctor_command_new (path, NULL);
  proctor_command_set_user (command, "nobody");
  report = run_report_both_ways (command);

  uids = g_strdup_printf ("[%u, %u, %u]", nobody->pw_uid, nobody->pw_uid, nobody->pw_uid);
  groups = g_strdup_printf ("[%u]", nobody->pw_gid);
  assert_report (report, "uid", uids);
  assert_report (report, "groups", groups);
  assert_report (report, "way_back", "false");
}

/* All users that the system has: each gets what initgroups (3) would give. */
static void
test_groups_of_users (void)
{
  g_autofree char *path = NULL;
  guint n_users = 0;
  struct passwd *user;

  if (skip_unless_root ())
    return;

  path = copy_report ();
  setpwent ();
  while ((user = getpwent ()) != NULL && n_users < 40)
    {
      g_autoptr(ProctorCommand) command = proctor_command_new (path, NULL);
      g_autofree char *report = NULL;
      gid_t groups[64];
      int n = G_N_ELEMENTS (groups);

      if (getgrouplist (user->pw_name, user->pw_gid, groups, &n) < 0)
        continue;
      n_users++;
      proctor_command_set_user (command, user->pw_name);
      report = run_report (command);
      for (int i = 0; i < n; i++)
        g_assert_true (report_has_number (report, "groups", (int) groups[i]));
      g_assert_cmpint (g_ascii_strtoll (strchr (strstr (report, "\"gid\": "), '[') + 1, NULL, 10),
                       ==, user->pw_gid);
    }
  endpwent ();
  g_assert_cmpuint (n_users, >, 0);
}

/* Whether this program is in the groups that its user is in, and no others. */
static gboolean
has_own_groups (const struct passwd *user)
{
  gid_t groups[64];
  gid_t ours[64];
  int n_groups = G_N_ELEMENTS (groups);
  int n_ours = getgroups (G_N_ELEMENTS (ours), ours);

  if (user->pw_gid != getgid () || n_ours < 0
      || getgrouplist (user->pw_name, user->pw_gid, groups, &n_groups) != n_ours)
    return FALSE;
  for (int i = 0; i < n_ours; i++)
    {
      int j = 0;

      while (j < n_ours && groups[j] != ours[i])
        j++;
      if (j == n_ours)
        return FALSE;
    }

  return TRUE;
}

/* Also who may not change any id can name his own. */
static void
test_own_identity (void)
{
  g_autofree char *path = NULL;
  g_autoptr(ProctorCommand) command = NULL;
  g_autofree char *plain = NULL;
  g_autofree char *report = NULL;
  g_autofree char *first = NULL;
  g_autofree char *second = NULL;
  struct passwd *user = getpwnam ("nobody");

  if (geteuid () == 0 && !g_test_subprocess ())
    {
      g_test_trap_subprocess (NULL, 0, G_TEST_SUBPROCESS_INHERIT_STDERR);
      g_test_trap_assert_passed ();
      return;
    }

  path = copy_report ();
  if (geteuid () == 0)
    {
      g_assert_cmpint (initgroups (user->pw_name, user->pw_gid), ==, 0);
      g_assert_cmpint (setresgid (user->pw_gid, user->pw_gid, user->pw_gid), ==, 0);
      g_assert_cmpint (setresuid (user->pw_uid, user->pw_uid, user->pw_uid), ==, 0);
      g_assert_cmpint (prctl (PR_SET_DUMPABLE, 1), ==, 0);
    }
  user = getpwuid (getuid ());
  if (user == NULL || !has_own_groups (user))
    {
      g_test_skip ("this program is not in the groups of its user");
      return;
    }

  command = proctor_command_new (path, NULL);
  plain = run_report (command);
  proctor_command_set_user (command, user->pw_name);
  report = run_report_both_ways (command);
  first = report_normalize (plain);
  second = report_normalize (report);
  g_assert_cmpstr (first, ==, second);
}

/* Makes this program, root's, one of nobody's that may still change ids, and whose children may,
 * too: ambient capabilities survive execve whoever executes.
 */
static void
become_capable_nobody (void)
{
  const guint32 wanted = 1U << CAP_SETUID | 1U << CAP_SETGID;
  const struct passwd *nobody = getpwnam ("nobody");
  struct __user_cap_header_struct header = { .version = _LINUX_CAPABILITY_VERSION_3 };
  struct __user_cap_data_struct data[2] = {
    { .effective = wanted, .permitted = wanted, .inheritable = wanted },
  };

  g_assert_cmpint (prctl (PR_SET_KEEPCAPS, 1), ==, 0);
  g_assert_cmpint (setresgid (nobody->pw_gid, nobody->pw_gid, nobody->pw_gid), ==, 0);
  g_assert_cmpint (setresuid (nobody->pw_uid, nobody->pw_uid, nobody->pw_uid), ==, 0);
  g_assert_cmpint (syscall (SYS_capset, &header, data), ==, 0);
  g_assert_cmpint (prctl (PR_CAP_AMBIENT, PR_CAP_AMBIENT_RAISE, CAP_SETUID, 0, 0), ==, 0);
  g_assert_cmpint (prctl (PR_CAP_AMBIENT, PR_CAP_AMBIENT_RAISE, CAP_SETGID, 0, 0), ==, 0);
  g_assert_cmpint (prctl (PR_SET_DUMPABLE, 1), ==, 0);
}

static void
test_ambient_capabilities (void)
{
  g_autofree char *path = NULL;
  g_autofree char *report = NULL;
  g_autoptr(ProctorCommand) command = NULL;

  if (skip_unless_root ())
    return;
  if (!g_test_subprocess ())
    {
      g_test_trap_subprocess (NULL, 0, G_TEST_SUBPROCESS_INHERIT_STDERR);
      g_test_trap_assert_passed ();
      return;
    }

  path = copy_report ();
  become_capable_nobody ();
  command = proctor_command_new (path, NULL);
  report = run_report_both_ways (command);
  assert_report (report, "cap_ambient", "\"00000000000000c0\"");

  proctor_command_set_user (command, "4242");
  proctor_command_set_group (command, "4242");
  g_free (report);
  report = run_report_both_ways (command);
  assert_report (report, "uid", "[4242, 4242, 4242]");
  assert_report (report, "groups", "[4242]");
  assert_report (report, "cap_ambient", "\"0000000000000000\"");
  assert_report (report, "cap_effective", "\"0000000000000000\"");
  assert_report (report, "way_back", "false");
}

/* ---- places */

static void
test_cgroup (void)
{
  g_autofree char *name = NULL;
  g_autofree char *cgroup = make_cgroup ("-\xff", &name);
  g_autofree char *path = copy_report ();
  g_autofree char *expected = NULL;
  g_autofree char *report = NULL;
  g_autofree char *relative = NULL;
  g_autofree char *in_directory = NULL;
  g_autofree char *old_directory = g_get_current_dir ();
  g_autoptr(ProctorCommand) command = proctor_command_new (path, NULL);

  if (cgroup == NULL)
    {
      g_test_skip ("no cgroup can be made here");
      return;
    }

  proctor_command_set_cgroup (command, cgroup);
  proctor_command_set_cwd (command, "/");
  report = run_report_both_ways (command);
  expected = report_get (report, "cgroup");
  g_assert_nonnull (strstr (expected, "\\u00ff"));

  /* A relative path is not meant as seen from the child's directory. */
  in_directory = g_path_get_dirname (cgroup);
  relative = g_path_get_basename (cgroup);
  g_assert_cmpint (g_chdir (in_directory), ==, 0);
  proctor_command_set_cgroup (command, relative);
  g_free (report);
  report = run_report_both_ways (command);
  assert_report (report, "cgroup", expected);
  g_assert_cmpint (g_chdir (old_directory), ==, 0);

  proctor_command_set_cgroup (command, NULL);
  g_free (report);
  report = run_report_both_ways (command);
  g_assert_null (strstr (report, "\\u00ff"));

  remove_cgroup (cgroup);
}

/* Bytes that are no text, wherever there can be some. */
static void
test_not_utf8 (void)
{
  g_autofree char *report_path = copy_report ();
  g_autofree char *directory = work_path ("d\xff");
  g_autofree char *program = g_build_filename (directory, "p\xfe", NULL);
  g_autofree char *expected = g_strdup_printf ("\"%s/d\\u00ff\"", work_directory);
  g_autoptr(ProctorCommand) command = proctor_command_new ("a\xfd", "b\xfc", NULL);
  g_autofree char *report = NULL;

  g_assert_cmpint (g_mkdir (directory, 0755), ==, 0);
  g_assert_cmpint (symlink (report_path, program), ==, 0);
  proctor_command_set_executable (command, "./p\xfe");
  proctor_command_set_cwd (command, directory);
  proctor_command_clear_environ (command);
  proctor_command_setenv (command, "v\xfb", "x\xfa");
  report = run_report_both_ways (command);

  assert_report (report, "cwd", expected);
  assert_report (report, "argv", "[\"a\\u00fd\", \"b\\u00fc\"]");
  assert_report (report, "environ", "[\"v\\u00fb\"]");
}

/* A child joins the group of another one. */
static void
test_joined_group (void)
{
  g_autofree char *path = copy_report ();
  g_autoptr(ProctorCommand) leader_command = child_command ("cat", NULL);
  g_autoptr(ProctorCommand) command = proctor_command_new (path, NULL);
  g_autoptr(ProctorProcess) leader = NULL;
  g_autofree char *report = NULL;

  proctor_command_set_process_group (leader_command, 0);
  proctor_command_set_stdin (leader_command, PROCTOR_STDIO_PIPE);
  leader = spawn_or_abort (leader_command);
  proctor_command_set_process_group (command, (int) proctor_process_get_pid (leader));
  report = run_report_both_ways (command);
  g_assert_cmpint (report_get_number (report, "pgid"), ==, proctor_process_get_pid (leader));

  g_assert_true (proctor_process_kill (leader, NULL));
  assert_returncode (leader, -SIGKILL);
}

/* ---- programs by file descriptor */

static void
check_executed_fd (int         fd,
                   const char *argv0)
{
  g_autoptr(ProctorCommand) command = proctor_command_new (argv0, "argument", NULL);
  g_autofree char *expected = g_strdup_printf ("[\"%s\", \"argument\"]", argv0);
  g_autofree char *report = NULL;

  proctor_command_set_executable_fd (command, fd);
  close (fd);
  report = run_report_both_ways (command);
  assert_report (report, "argv", expected);
  assert_report (report, "fds", "[0, 1, 2]");

  if (geteuid () != 0)
    return;

  /* Nothing is looked up any more, so it does not matter who may. */
  proctor_command_set_user (command, "nobody");
  g_free (report);
  report = run_report (command);
  assert_report (report, "way_back", "false");
}

static void
test_executable_fd (void)
{
  const char *path = g_getenv ("PROCTOR_TEST_REPORT");
  g_autofree char *content = NULL;
  gsize length;
  int memory = memfd_create ("program", MFD_CLOEXEC);

  g_assert_true (g_file_get_contents (path, &content, &length, NULL));
  g_assert_cmpint (write (memory, content, length), ==, (gssize) length);
  g_assert_cmpint (fchmod (memory, 0755), ==, 0);

  check_executed_fd (open (path, O_RDONLY | O_CLOEXEC), "a name");
  check_executed_fd (open (path, O_PATH), "");
  /* valgrind executes the path of an fd, and this one has none. */
  if (is_in_valgrind ())
    close (memory);
  else
    check_executed_fd (memory, "memory");
}

static void
test_script_fd (void)
{
  g_autofree char *script = work_file ("script", "#!/bin/sh\ncat $0; echo \"$@\"\n");
  g_autoptr(ProctorCommand) command = proctor_command_new ("script", "a", "b", NULL);
  g_autoptr(ProctorResult) result = NULL;
  g_autoptr(GError) error = NULL;

  g_assert_cmpint (chmod (script, 0755), ==, 0);
  proctor_command_take_executable_fd (command, open (script, O_RDONLY));
  for (guint i = 0; i < 2; i++)
    {
      g_clear_object (&result);
      result = run_or_abort (command, NULL);
      assert_bytes (proctor_result_get_stdout (result), "#!/bin/sh\ncat $0; echo \"$@\"\na b\n");
    }

  proctor_command_release_fds (command);
  g_assert_null (way_run (command, NULL, NULL, &error));
  g_assert_error (error, G_IO_ERROR, G_IO_ERROR_CLOSED);

  /* The later call counts. */
  proctor_command_set_executable (command, "true");
  g_clear_object (&result);
  result = run_or_abort (command, NULL);
  assert_bytes (proctor_result_get_stdout (result), "");
}

static void
test_bad_executable_fd (void)
{
  g_autofree char *file = work_file ("file", "no program");
  g_autoptr(ProctorCommand) command = proctor_command_new ("x", NULL);
  g_autoptr(GError) error = NULL;
  g_autofree char *message = NULL;
  int fd = open (file, O_RDONLY | O_CLOEXEC);

  proctor_command_set_executable_fd (command, 9999);
  g_assert_null (way_run (command, NULL, NULL, &error));
  g_assert_error (error, PROCTOR_ERROR, PROCTOR_ERROR_INVALID_COMMAND);
  g_assert_cmpstr (error->message, ==,
                   "File descriptor 9999, given for the executable, is not open");
  g_clear_error (&error);

  message = g_strdup_printf ("Could not execute “/dev/fd/%d”: Permission denied", fd);
  proctor_command_set_executable_fd (command, fd);
  g_assert_null (way_run (command, NULL, NULL, &error));
  g_assert_error (error, G_IO_ERROR, G_IO_ERROR_PERMISSION_DENIED);
  g_assert_cmpstr (error->message, ==, message);
  close (fd);
}

/* ---- setting again */

static void
test_unset (void)
{
  g_autofree char *path = copy_report ();
  g_autoptr(ProctorCommand) command = proctor_command_new (path, NULL);
  g_autofree char *plain = run_report (command);
  g_autofree char *first = report_normalize (plain);
  g_autofree char *second = NULL;
  g_autofree char *report = NULL;
  const guint cpu = find_first_cpu ();

  proctor_command_set_rlimit (command, RLIMIT_FSIZE, 1000, 2000);
  proctor_command_set_rlimit (command, RLIMIT_CORE, 0, 0);
  proctor_command_set_rlimit (command, RLIMIT_FSIZE, 3000, 4000);
  proctor_command_set_nice (command, 19);
  proctor_command_set_cpu_affinity (command, &cpu, 1);
  proctor_command_set_io_priority (command, PROCTOR_IO_CLASS_IDLE, 0);
  proctor_command_set_oom_score_adj (command, 500);
  proctor_command_set_umask (command, 0);
  proctor_command_set_parent_death_signal (command, SIGHUP);
  report = run_report (command);
  assert_report (report, "rlimit_FSIZE", "[3000, 4000]");
  assert_report (report, "umask", "0");

  proctor_command_set_flags (command, PROCTOR_COMMAND_CONTROLLING_TERMINAL);
  proctor_command_set_cgroup (command, "/nowhere");
  proctor_command_unset_attributes (
    command, PROCTOR_ATTRIBUTE_RLIMITS | PROCTOR_ATTRIBUTE_NICE | PROCTOR_ATTRIBUTE_CPU_AFFINITY
               | PROCTOR_ATTRIBUTE_IO_PRIORITY | PROCTOR_ATTRIBUTE_OOM_SCORE_ADJ
               | PROCTOR_ATTRIBUTE_CGROUP | PROCTOR_ATTRIBUTE_CONTROLLING_TERMINAL);
  proctor_command_set_umask (command, -1);
  proctor_command_set_parent_death_signal (command, 0);
  g_free (report);
  report = run_report (command);
  second = report_normalize (report);
  g_assert_cmpstr (first, ==, second);
}

static const ApiTest tests[] = {
  { "pairs", test_pairs, ONE_WAY },
  { "dropping-to-nobody", test_dropping_to_nobody },
  { "groups-of-users", test_groups_of_users, ONE_WAY },
  { "own-identity", test_own_identity, ONE_WAY },
  { "ambient-capabilities", test_ambient_capabilities, ONE_WAY },
  { "cgroup", test_cgroup },
  { "not-utf8", test_not_utf8 },
  { "joined-group", test_joined_group },
  { "executable-fd", test_executable_fd },
  { "script-fd", test_script_fd },
  { "bad-executable-fd", test_bad_executable_fd },
  { "unset", test_unset },
};

int
main (int    argc,
      char **argv)
{
  return RUN_API_TESTS (argc, argv, "attributes", tests);
}
