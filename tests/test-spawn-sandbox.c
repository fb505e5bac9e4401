/* spawn_child() where a sandbox refuses system calls, from the start of the program or later, when
 * the library has already found them to be there: what it falls back to does the same.
 *
 * SPDX-License-Identifier: LGPL-2.1-or-later
 */

#include "config.h"

#include "spawn-testing.h"

#include <linux/filter.h>
#include <linux/seccomp.h>
#include <stddef.h>
#include <sys/resource.h>

#define MAX_CALLS 4
#define FD_LIMIT 300

typedef struct
{
  const char *name;
  int errnum;
  int calls[MAX_CALLS]; /* up to a 0 */
  unsigned clone_flag;  /* clone with this one is refused, too */
} Sandbox;

/* Threads are made with CLONE_VM as well, but without CLONE_VFORK. */
static const Sandbox sandboxes[] = {
  { "no-close-range", ENOSYS, { SYS_close_range } },
  { "close-range-forbidden", EPERM, { SYS_close_range } },
  { "no-list-of-fds", ENOSYS, { SYS_close_range, SYS_getdents64 } },
  { "no-vfork", EPERM, { 0 }, CLONE_VFORK },
  { "no-shared-table", EINVAL, { 0 }, CLONE_FILES },
  { "no-pidfd", EINVAL, { SYS_pidfd_open, SYS_pidfd_send_signal }, CLONE_PIDFD },
  { "nothing", ENOSYS,
    { SYS_close_range, SYS_getdents64, SYS_pidfd_open, SYS_pidfd_send_signal }, CLONE_VFORK },
};

typedef struct
{
  const Sandbox *sandbox;
  gboolean late;
} Case;

#if G_BYTE_ORDER == G_LITTLE_ENDIAN
#define LOW_HALF 0
#else
#define LOW_HALF 4
#endif

static void
add_rule (struct sock_filter *rules,
          unsigned short     *n_rules,
          struct sock_filter  rule)
{
  rules[(*n_rules)++] = rule;
}

/* FALSE if this system has no seccomp. */
static gboolean
enter_sandbox (const Sandbox *sandbox)
{
  const unsigned refusal = SECCOMP_RET_ERRNO | (unsigned) sandbox->errnum;
  struct sock_filter rules[4 + 2 * MAX_CALLS + 4];
  struct sock_fprog program = { .filter = rules };
  unsigned short n = 0;

#define RULE(...) add_rule (rules, &n, (struct sock_filter) __VA_ARGS__)
  RULE (BPF_STMT (BPF_LD | BPF_W | BPF_ABS, offsetof (struct seccomp_data, nr)));
  for (guint i = 0; i < MAX_CALLS && sandbox->calls[i] != 0; i++)
    {
      RULE (BPF_JUMP (BPF_JMP | BPF_JEQ | BPF_K, (unsigned) sandbox->calls[i], 0, 1));
      RULE (BPF_STMT (BPF_RET | BPF_K, refusal));
    }
  RULE (BPF_JUMP (BPF_JMP | BPF_JEQ | BPF_K, SYS_clone, 0, 3));
  RULE (BPF_STMT (BPF_LD | BPF_W | BPF_ABS, offsetof (struct seccomp_data, args[0]) + LOW_HALF));
  RULE (BPF_JUMP (BPF_JMP | BPF_JSET | BPF_K, sandbox->clone_flag, 0, 1));
  RULE (BPF_STMT (BPF_RET | BPF_K, refusal));
  RULE (BPF_STMT (BPF_RET | BPF_K, SECCOMP_RET_ALLOW));
#undef RULE
  program.len = n;

  return prctl (PR_SET_NO_NEW_PRIVS, 1, 0, 0, 0) == 0 &&
         prctl (PR_SET_SECCOMP, SECCOMP_MODE_FILTER, &program, 0, 0) == 0;
}

static guint
count_open (void)
{
  guint n = 0;

  for (int fd = 0; fd < FD_LIMIT; fd++)
    n += fcntl (fd, F_GETFD) >= 0;
  return n;
}

static void
assert_no_children (void)
{
  g_assert_cmpint (waitpid (-1, NULL, WNOHANG), ==, -1);
  g_assert_cmpint (errno, ==, ECHILD);
}

/* The child has what it was given and nothing else. */
static void
check_fds (void)
{
  g_autofree char *output = NULL;
  int fds[2];
  Run run;

  g_assert_cmpint (pipe2 (fds, O_CLOEXEC), ==, 0);
  run_init (&run, "open-fds", NULL);
  run_map (&run, fds[1], 1);
  run_map (&run, fds[1], 7);
  run_map (&run, 50, 50);
  run_open (&run, "/dev/null", O_RDONLY, 0);
  g_assert_true (run_start (&run));
  close (fds[1]);
  output = read_all (fds[0]);
  g_assert_cmpint (run_finish (&run), ==, 0);
  g_assert_cmpstr (output, ==, "0 1 2 7 50 ");
}

/* Its stdout is our stderr and the other way round, which comes out only if it is done once. */
static void
check_swapped_stdio (void)
{
  int saved[2] = { dup (STDOUT_FILENO), dup (STDERR_FILENO) };
  g_autofree char *first = NULL;
  g_autofree char *second = NULL;
  int fds[2][2];
  gboolean started;
  Run run;

  for (int i = 0; i < 2; i++)
    {
      g_assert_cmpint (pipe2 (fds[i], O_CLOEXEC), ==, 0);
      dup2 (fds[i][1], STDOUT_FILENO + i);
      close (fds[i][1]);
    }
  run_init (&run, "say", "out");
  run.argv[3] = "err";
  run_map (&run, STDIN_FILENO, STDIN_FILENO);
  run_map (&run, STDOUT_FILENO, STDERR_FILENO);
  run_map (&run, STDERR_FILENO, STDOUT_FILENO);
  started = run_start (&run);
  for (int i = 0; i < 2; i++)
    {
      dup2 (saved[i], STDOUT_FILENO + i);
      close (saved[i]);
    }

  g_assert_true (started);
  first = read_all (fds[0][0]);
  second = read_all (fds[1][0]);
  g_assert_cmpint (run_finish (&run), ==, 0);
  g_assert_cmpstr (first, ==, "err");
  g_assert_cmpstr (second, ==, "out");
}

static void
check_failure (void)
{
  Run run;

  run_init (&run, "exit", "0");
  run.candidates[0] = "/nonexistent/program";
  g_assert_false (run_start (&run));
  g_assert_cmpint (run.failure.step, ==, SPAWN_STEP_EXEC);
  g_assert_cmpint (run.failure.errnum, ==, ENOENT);
}

static void
check_all (void)
{
  guint n_open;

  /* To be closed in the child: a few between those that it gets, a lonely one far above. */
  for (int fd = 40; fd < 60; fd++)
    g_assert_cmpint (dup2 (STDERR_FILENO, fd), ==, fd);
  g_assert_cmpint (dup2 (STDERR_FILENO, FD_LIMIT - 1), ==, FD_LIMIT - 1);

  n_open = count_open ();
  for (guint i = 0; i < scaled (100); i++)
    {
      check_fds ();
      check_swapped_stdio ();
      check_failure ();
    }
  g_assert_cmpuint (count_open (), ==, n_open);
  assert_no_children ();
}

#define EXIT_WITHOUT_SECCOMP 77

/* In a process of its own: what the library has found out about the system cannot be forgotten. So
 * the process that forks these never asks.
 */
static void
run_case (gconstpointer data)
{
  const Case *self = data;
  int status;
  pid_t pid;

  if (is_in_valgrind ())
    {
      g_test_skip ("valgrind needs system calls of its own, and keeps the limit for itself");
      return;
    }

  pid = fork ();
  if (pid == 0)
    {
      const struct rlimit limit = { FD_LIMIT, FD_LIMIT };

      deadline_start ("The sandbox", TEST_DEADLINE_SECONDS / 4);
      g_assert_cmpint (setrlimit (RLIMIT_NOFILE, &limit), ==, 0);
      if (self->late)
        spawn_features_get ();
      if (!enter_sandbox (self->sandbox))
        _exit (EXIT_WITHOUT_SECCOMP);
      always_share_the_table ();
      check_all ();
      kill (getpid (), SIGKILL);
    }

  g_assert_cmpint (pid, >, 0);
  g_assert_cmpint (waitpid (pid, &status, 0), ==, pid);
  if (WIFEXITED (status) && WEXITSTATUS (status) == EXIT_WITHOUT_SECCOMP)
    {
      g_test_skip ("There is no seccomp here");
      return;
    }
  g_assert_true (WIFSIGNALED (status));
  g_assert_cmpint (WTERMSIG (status), ==, SIGKILL);
}

int
main (int    argc,
      char **argv)
{
  static Case cases[2 * G_N_ELEMENTS (sandboxes)];

  g_test_init (&argc, &argv, NULL);
  deadline_start ("test-spawn-sandbox", TEST_DEADLINE_SECONDS);
  child_path = g_getenv ("PROCTOR_TEST_CHILD");
  g_assert_nonnull (child_path);
  for (guint i = 0; i < G_N_ELEMENTS (cases); i++)
    {
      g_autofree char *path = NULL;

      cases[i] = (Case) { .sandbox = &sandboxes[i / 2], .late = i % 2 == 1 };
      path = g_strdup_printf ("/spawn-sandbox/%s/%s", cases[i].sandbox->name,
                              cases[i].late ? "later" : "from-the-start");
      g_test_add_data_func (path, &cases[i], run_case);
    }

  return g_test_run ();
}
