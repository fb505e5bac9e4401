/* Attributes that cannot be, that the system refuses, and that a child can do without: the error
 * says which, and nothing is started and nothing left.
 *
 * SPDX-License-Identifier: LGPL-2.1-or-later
 */

#include "config.h"

#include "api-testing.h"
#include "report-testing.h"

#include <grp.h>
#include <linux/filter.h>
#include <linux/seccomp.h>
#include <pwd.h>
#include <stddef.h>
#include <sys/prctl.h>

#include "spawn/spawn-features.h"
#include "spawn/spawn-kernel.h"

static ProctorCommand *
new_command (void)
{
  return proctor_command_new (g_getenv ("PROCTOR_TEST_REPORT"), NULL);
}

/* The file that a child would have made. */
static ProctorCommand *
new_marking_command (char **mark)
{
  *mark = work_path ("mark");

  return child_command ("mark", *mark, "echo", "started", NULL);
}

/* ---- what cannot be */

static void
bad_user (ProctorCommand *command)
{
  proctor_command_set_user (command, "no-such-user");
}

static void
bad_user_number (ProctorCommand *command)
{
  proctor_command_set_user (command, "4294967295");
}

static void
bad_user_digits (ProctorCommand *command)
{
  proctor_command_set_user (command, "123456789012345678901234567890");
}

static void
empty_user (ProctorCommand *command)
{
  proctor_command_set_user (command, "");
}

static void
user_without_group (ProctorCommand *command)
{
  proctor_command_set_user (command, "424242");
}

static void
user_not_utf8 (ProctorCommand *command)
{
  proctor_command_set_user (command, "u\xff");
}

static void
bad_group (ProctorCommand *command)
{
  proctor_command_set_group (command, "no-such-group");
}

static void
negative_group (ProctorCommand *command)
{
  proctor_command_set_group (command, "-1");
}

static void
bad_group_number (ProctorCommand *command)
{
  proctor_command_set_group (command, "4294967296");
}

static void
empty_group (ProctorCommand *command)
{
  proctor_command_set_group (command, "");
}

static void
bad_extra_group (ProctorCommand *command)
{
  const char * const groups[] = { "0", "no-such-extra-group", NULL };

  proctor_command_set_extra_groups (command, groups);
}

static void
empty_extra_group (ProctorCommand *command)
{
  const char * const groups[] = { "0", "", NULL };

  proctor_command_set_extra_groups (command, groups);
}

static void
bad_umask (ProctorCommand *command)
{
  proctor_command_set_umask (command, 01000);
}

static void
negative_umask (ProctorCommand *command)
{
  proctor_command_set_umask (command, -2);
}

static void
bad_resource (ProctorCommand *command)
{
  proctor_command_set_rlimit (command, 99, 1, 1);
}

static void
soft_above_hard (ProctorCommand *command)
{
  proctor_command_set_rlimit (command, RLIMIT_NOFILE, 21, 20);
}

static void
infinite_above_hard (ProctorCommand *command)
{
  proctor_command_set_rlimit (command, RLIMIT_FSIZE, PROCTOR_RLIMIT_INFINITY, 7);
}

static void
bad_nice (ProctorCommand *command)
{
  proctor_command_set_nice (command, 20);
}

static void
bad_cpu (ProctorCommand *command)
{
  const guint cpus[] = { 0, 123456 };

  proctor_command_set_cpu_affinity (command, cpus, 2);
}

static void
bad_io_class (ProctorCommand *command)
{
  proctor_command_set_io_priority (command, (ProctorIoClass) 9, 0);
}

static void
bad_io_level (ProctorCommand *command)
{
  proctor_command_set_io_priority (command, PROCTOR_IO_CLASS_BEST_EFFORT, 8);
}

static void
idle_io_level (ProctorCommand *command)
{
  proctor_command_set_io_priority (command, PROCTOR_IO_CLASS_IDLE, 3);
}

static void
bad_oom_score_adj (ProctorCommand *command)
{
  proctor_command_set_oom_score_adj (command, 1001);
}

static void
empty_cgroup (ProctorCommand *command)
{
  proctor_command_set_cgroup (command, "");
}

static void
bad_death_signal (ProctorCommand *command)
{
  proctor_command_set_parent_death_signal (command, 65);
}

static void
ignored_kill (ProctorCommand *command)
{
  proctor_command_ignore_signal (command, SIGHUP);
  proctor_command_ignore_signal (command, SIGKILL);
}

static void
ignored_signal_of_libc (ProctorCommand *command)
{
  proctor_command_ignore_signal (command, 33);
}

static void
bad_optional (ProctorCommand *command)
{
  proctor_command_set_optional (command, (ProctorAttributes) (1 << 20));
}

static void
terminal_and_group (ProctorCommand *command)
{
  proctor_command_set_flags (command, PROCTOR_COMMAND_CONTROLLING_TERMINAL);
  proctor_command_set_process_group (command, 77);
}

typedef struct
{
  void (*apply) (ProctorCommand *command);
  const char *message;
} BadInput;

static const BadInput bad_inputs[] = {
  { bad_user, "There is no user “no-such-user”" },
  { bad_user_number, "The user number 4294967295 is out of range" },
  { bad_user_digits, "The user number 123456789012345678901234567890 is out of range" },
  { empty_user, "The user “” has an empty name" },
  { user_without_group,
    "User 424242 is not in the user database, so a group must be set, too" },
  { user_not_utf8, "There is no user “u\xef\xbf\xbd”" },
  { bad_group, "There is no group “no-such-group”" },
  { negative_group, "There is no group “-1”" },
  { bad_group_number, "The group number 4294967296 is out of range" },
  { empty_group, "The group “” has an empty name" },
  { bad_extra_group, "There is no group “no-such-extra-group”" },
  { empty_extra_group, "Extra group 1 (from 0) has the empty name “”" },
  { bad_umask, "512 is not a umask; it must be between 0 and 0777 (octal)" },
  { negative_umask, "-2 is not a umask; it must be between 0 and 0777 (octal)" },
  { bad_resource, "99 is not a resource that can be limited" },
  { soft_above_hard, "The soft limit 21 of NOFILE is above the hard limit 20" },
  { infinite_above_hard,
    "The soft limit 18446744073709551615 of FSIZE is above the hard limit 7" },
  { bad_nice, "20 is not a niceness; it must be between -20 and 19" },
  { bad_cpu, "123456 is not a processor" },
  { bad_io_class, "9 is not a ProctorIoClass" },
  { bad_io_level, "8 is not a level of an I/O priority; it must be between 0 and 7" },
  { idle_io_level, "The I/O priority 3 is of a class that has the level 0 only" },
  { bad_oom_score_adj,
    "1001 is not an OOM score adjustment; it must be between -1000 and 1000" },
  { empty_cgroup, "The cgroup “” has an empty path" },
  { bad_death_signal, "65 is not a signal; it was given for the parent’s death" },
  { ignored_kill, "9 is not a signal that can be ignored" },
  { ignored_signal_of_libc, "33 is not a signal that can be ignored" },
  { bad_optional, "The optional attributes 0x100000 are not known" },
  { terminal_and_group,
    "PROCTOR_COMMAND_CONTROLLING_TERMINAL makes a session of its own and cannot be combined with "
    "the process group 77" },
};

static void
test_bad_input (void)
{
  for (guint i = 0; i < G_N_ELEMENTS (bad_inputs); i++)
    {
      g_autofree char *mark = NULL;
      g_autoptr(ProctorCommand) command = new_marking_command (&mark);
      g_autoptr(GError) error = NULL;
      Leaks before;

      bad_inputs[i].apply (command);
      /* An attribute that the child can do without still has to make sense. */
      if (bad_inputs[i].apply != bad_optional)
        proctor_command_set_optional (command, PROCTOR_ATTRIBUTE_RLIMITS | PROCTOR_ATTRIBUTE_NICE
                                                 | PROCTOR_ATTRIBUTE_CGROUP);
      leaks_take (&before);
      if (i % 2 == 0)
        g_assert_null (way_run (command, NULL, NULL, &error));
      else
        g_assert_null (way_spawn (command, NULL, &error));
      g_assert_error (error, PROCTOR_ERROR, PROCTOR_ERROR_INVALID_COMMAND);
      g_assert_cmpstr (error->message, ==, bad_inputs[i].message);
      if (!way->in_thread)
        leaks_check (&before);
      g_assert_false (g_file_test (mark, G_FILE_TEST_EXISTS));
    }
}

/* ---- what the system refuses */

/* What each of these needs is a privilege. */
static void
wants_user (ProctorCommand *command)
{
  proctor_command_set_user (command, "0");
  proctor_command_set_group (command, "0");
  proctor_command_set_extra_groups (command, NULL);
}

static void
wants_group (ProctorCommand *command)
{
  proctor_command_set_group (command, "0");
}

static void
wants_extra_groups (ProctorCommand *command)
{
  const char * const groups[] = { "0", "1", NULL };

  proctor_command_set_extra_groups (command, groups);
}

static void
wants_rlimit (ProctorCommand *command)
{
  struct rlimit limit;

  getrlimit (RLIMIT_NOFILE, &limit);
  proctor_command_set_rlimit (command, RLIMIT_CORE, 0, 0);
  proctor_command_set_rlimit (command, RLIMIT_NOFILE, limit.rlim_cur, limit.rlim_max + 1);
}

static void
wants_nice (ProctorCommand *command)
{
  proctor_command_set_nice (command, -5);
}

static void
wants_io_priority (ProctorCommand *command)
{
  proctor_command_set_io_priority (command, PROCTOR_IO_CLASS_REALTIME, 2);
}

static void
wants_oom_score_adj (ProctorCommand *command)
{
  proctor_command_set_oom_score_adj (command, -999);
}

static void
wants_cpu (ProctorCommand *command)
{
  const guint cpus[] = { 60000 };

  proctor_command_set_cpu_affinity (command, cpus, 1);
}

static void
wants_cgroup (ProctorCommand *command)
{
  proctor_command_set_cgroup (command, "/nowhere/to/be/found");
}

static void
wants_terminal (ProctorCommand *command)
{
  proctor_command_set_flags (command, PROCTOR_COMMAND_CONTROLLING_TERMINAL);
}

typedef struct
{
  void (*apply) (ProctorCommand *command);
  ProctorAttributes attribute; /* NONE: it is never optional */
  GIOErrorEnum code;
  const char *message;
} Refusal;

static const Refusal refusals[] = {
  { wants_user, PROCTOR_ATTRIBUTE_NONE, G_IO_ERROR_PERMISSION_DENIED,
    "Could not set the child’s extra groups (1 group): Operation not permitted" },
  { wants_group, PROCTOR_ATTRIBUTE_NONE, G_IO_ERROR_PERMISSION_DENIED,
    "Could not set the child’s group to “0”: Operation not permitted" },
  { wants_extra_groups, PROCTOR_ATTRIBUTE_NONE, G_IO_ERROR_PERMISSION_DENIED,
    "Could not set the child’s extra groups (2 groups): Operation not permitted" },
  { wants_rlimit, PROCTOR_ATTRIBUTE_RLIMITS, G_IO_ERROR_PERMISSION_DENIED,
    "Could not set the child’s limit of NOFILE to * (at most *): Operation not permitted" },
  { wants_nice, PROCTOR_ATTRIBUTE_NICE, G_IO_ERROR_PERMISSION_DENIED,
    "Could not set the child’s niceness to -5: Permission denied" },
  { wants_io_priority, PROCTOR_ATTRIBUTE_IO_PRIORITY, G_IO_ERROR_PERMISSION_DENIED,
    "Could not set the child’s I/O priority to class 1, level 2: Operation not permitted" },
  { wants_oom_score_adj, PROCTOR_ATTRIBUTE_OOM_SCORE_ADJ, G_IO_ERROR_PERMISSION_DENIED,
    "Could not set the child’s OOM score adjustment to -999: Permission denied" },
  { wants_cpu, PROCTOR_ATTRIBUTE_CPU_AFFINITY, G_IO_ERROR_INVALID_ARGUMENT,
    "Could not bind the child to processor 60000: Invalid argument" },
  { wants_cgroup, PROCTOR_ATTRIBUTE_CGROUP, G_IO_ERROR_NOT_FOUND,
    "Could not put the child into the cgroup “/nowhere/to/be/found”: No such file or directory" },
  { wants_terminal, PROCTOR_ATTRIBUTE_CONTROLLING_TERMINAL, G_IO_ERROR_FAILED,
    "Could not make the child’s stdin its controlling terminal: Inappropriate ioctl for device" },
};

static void
check_refusal (const Refusal *refusal)
{
  g_autofree char *mark = NULL;
  g_autoptr(ProctorCommand) command = new_marking_command (&mark);
  g_autoptr(ProctorResult) result = NULL;
  g_autoptr(GError) error = NULL;
  Leaks before;

  refusal->apply (command);
  /* Others being optional changes nothing. */
  proctor_command_set_optional (command, (PROCTOR_ATTRIBUTE_CONTROLLING_TERMINAL * 2 - 1)
                                           & ~refusal->attribute);
  leaks_take (&before);
  g_assert_null (way_run (command, NULL, NULL, &error));
  g_assert_cmpint (error->domain, ==, G_IO_ERROR);
  if (!g_pattern_match_simple (refusal->message, error->message))
    g_error ("“%s” instead of “%s”", error->message, refusal->message);
  if (refusal->code != G_IO_ERROR_FAILED)
    g_assert_cmpint (error->code, ==, refusal->code);
  leaks_check (&before);
  g_assert_false (g_file_test (mark, G_FILE_TEST_EXISTS));

  if (refusal->attribute == PROCTOR_ATTRIBUTE_NONE)
    return;

  proctor_command_set_optional (command, refusal->attribute);
  result = run_or_abort (command, NULL);
  g_clear_error (&error);
  g_assert_true (proctor_result_check (result, &error));
  g_assert_no_error (error);
  g_assert_true (g_file_test (mark, G_FILE_TEST_EXISTS));
}

static void
become_nobody (void)
{
  const struct passwd *nobody = getpwnam ("nobody");

  if (geteuid () != 0)
    return;

  g_assert_cmpint (chown (work_directory, nobody->pw_uid, nobody->pw_gid), ==, 0);
  g_assert_cmpint (chdir ("/"), ==, 0);
  g_assert_cmpint (setgroups (0, NULL), ==, 0);
  g_assert_cmpint (setresgid (nobody->pw_gid, nobody->pw_gid, nobody->pw_gid), ==, 0);
  g_assert_cmpint (setresuid (nobody->pw_uid, nobody->pw_uid, nobody->pw_uid), ==, 0);
  /* Otherwise its own files in /proc are root's. */
  g_assert_cmpint (prctl (PR_SET_DUMPABLE, 1), ==, 0);
}

/* Somewhere that nobody can execute it. */
static void
copy_child (void)
{
  g_autofree char *content = NULL;
  g_autofree char *path = work_path ("child");
  gsize length;

  g_assert_true (g_file_get_contents (child_path, &content, &length, NULL));
  g_assert_true (g_file_set_contents (path, content, (gssize) length, NULL));
  g_assert_cmpint (chmod (path, 0755), ==, 0);
  child_path = g_steal_pointer (&path);
}

static void
test_refused (void)
{
  SpawnFeatures *features;
  SpawnFeatures real_features;

  /* Nobody may look the names of functions up in its files, by which GLib's own races are known. */
  if (SANITIZER_HAS_THREAD)
    {
      g_test_skip ("under ThreadSanitizer, which could not say what it finds");
      return;
    }
  if (!g_test_subprocess ())
    {
      g_test_trap_subprocess (NULL, 0, G_TEST_SUBPROCESS_INHERIT_STDERR);
      g_test_trap_assert_passed ();
      return;
    }

  copy_child ();
  become_nobody ();
  warm_up ();
  features = (SpawnFeatures *) spawn_features_get ();
  real_features = *features;
  for (guint i = 0; i < 2; i++)
    {
      for (guint j = 0; j < G_N_ELEMENTS (refusals); j++)
        {
          g_autofree char *mark = work_path ("mark");

          check_refusal (&refusals[j]);
          g_unlink (mark);
        }
      features->clone_vm = features->clone_files = FALSE;
    }
  *features = real_features;
}

/* ---- what lies */

/* Makes a system call fail with @errnum, or do nothing if that is 0, in all threads to come. */
static void
break_system_call (guint number,
                   guint errnum)
{
  struct sock_filter code[] = {
    BPF_STMT (BPF_LD | BPF_W | BPF_ABS, offsetof (struct seccomp_data, nr)),
    BPF_JUMP (BPF_JMP | BPF_JEQ | BPF_K, number, 0, 1),
    BPF_STMT (BPF_RET | BPF_K, SECCOMP_RET_ERRNO | errnum),
    BPF_STMT (BPF_RET | BPF_K, SECCOMP_RET_ALLOW),
  };
  const struct sock_fprog program = { .len = G_N_ELEMENTS (code), .filter = code };

  g_assert_cmpint (prctl (PR_SET_NO_NEW_PRIVS, 1, 0, 0, 0), ==, 0);
  g_assert_cmpint (prctl (PR_SET_SECCOMP, SECCOMP_MODE_FILTER, &program), ==, 0);
}

typedef struct
{
  guint number;
  guint errnum;
  const char *message;
} Broken;

static const Broken broken[] = {
  { KERNEL_SETGROUPS, EPERM, "Could not set the child’s extra groups (1 group): *not permitted" },
  { KERNEL_SETRESGID, EPERM, "Could not set the child’s group to “*”: Operation not permitted" },
  { KERNEL_SETRESUID, EAGAIN, "Could not set the child’s user to “nobody”: *temporarily*" },
  { KERNEL_SETRESGID, 0, "Could not set the child’s user to “nobody”: Operation not permitted" },
  { KERNEL_SETRESUID, 0, "Could not set the child’s user to “nobody”: Operation not permitted" },
};

/* A child that did not become what it should is not started. */
static void
test_broken (gconstpointer data)
{
  const Broken *call = data;
  g_autofree char *mark = NULL;
  g_autoptr(ProctorCommand) command = NULL;
  g_autoptr(GError) error = NULL;
  Leaks before;

  warm_up ();
  command = new_marking_command (&mark);
  proctor_command_set_user (command, "nobody");
  leaks_take (&before);
  g_assert_null (way_run (command, NULL, NULL, &error));
  if (error == NULL || !g_pattern_match_simple (call->message, error->message))
    g_error ("“%s” instead of “%s”", error->message, call->message);
  leaks_check (&before);
  g_assert_false (g_file_test (mark, G_FILE_TEST_EXISTS));
  g_assert_cmpint (prctl (PR_GET_DUMPABLE), ==, 1);
}

static void
test_broken_in_subprocess (guint index)
{
  if (geteuid () != 0)
    {
      g_test_skip ("only root can become another user");
      return;
    }
  if (!g_test_subprocess ())
    {
      g_test_trap_subprocess (NULL, 0, G_TEST_SUBPROCESS_INHERIT_STDERR);
      g_test_trap_assert_passed ();
      return;
    }

  break_system_call (broken[index].number, broken[index].errnum);
  test_broken (&broken[index]);
}

static void
test_setgroups_fails (void)
{
  test_broken_in_subprocess (0);
}

static void
test_setgid_fails (void)
{
  test_broken_in_subprocess (1);
}

static void
test_setuid_fails (void)
{
  test_broken_in_subprocess (2);
}

static void
test_setgid_does_nothing (void)
{
  test_broken_in_subprocess (3);
}

static void
test_setuid_does_nothing (void)
{
  test_broken_in_subprocess (4);
}

/* Without clone3 a child gets into its cgroup all the same, and the error is the same. */
static void
test_no_clone3 (void)
{
  g_autoptr(ProctorCommand) command = NULL;
  g_autoptr(GError) error = NULL;

  if (!g_test_subprocess ())
    {
      g_test_trap_subprocess (NULL, 0, G_TEST_SUBPROCESS_INHERIT_STDERR);
      g_test_trap_assert_passed ();
      return;
    }

  break_system_call (SYS_clone3, ENOSYS);
  command = new_command ();
  wants_cgroup (command);
  g_assert_null (way_run (command, NULL, NULL, &error));
  g_assert_error (error, G_IO_ERROR, G_IO_ERROR_NOT_FOUND);
}

static const ApiTest tests[] = {
  { "bad-input", test_bad_input },
  { "refused", test_refused, ONE_WAY },
  { "setgroups-fails", test_setgroups_fails, ONE_WAY },
  { "setgid-fails", test_setgid_fails, ONE_WAY },
  { "setuid-fails", test_setuid_fails, ONE_WAY },
  { "setgid-does-nothing", test_setgid_does_nothing, ONE_WAY },
  { "setuid-does-nothing", test_setuid_does_nothing, ONE_WAY },
  { "no-clone3", test_no_clone3, ONE_WAY },
};

int
main (int    argc,
      char **argv)
{
  return RUN_API_TESTS (argc, argv, "attributes-refused", tests);
}
