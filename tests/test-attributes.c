/* Whom a child runs as, and with which limits, as the child itself sees it: users and groups,
 * privileges, cgroups, programs by file descriptor.
 *
 * SPDX-License-Identifier: LGPL-2.1-or-later
 */

#include "config.h"

#include "attributes-testing.h"

#include <grp.h>
#include <linux/capability.h>
#include <pwd.h>
#include <sys/mman.h>
#include <sys/syscall.h>

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
