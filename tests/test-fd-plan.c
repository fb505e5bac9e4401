/* The fd plan against a simulation of a process's table, and against real children.
 *
 * SPDX-License-Identifier: LGPL-2.1-or-later
 */

#include "config.h"

#include <errno.h>
#include <fcntl.h>
#include <signal.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/stat.h>
#include <sys/wait.h>
#include <unistd.h>

#include "command/fd-plan.h"
#include "spawn/spawn.h"
#include "test-deadline.h"

#define TABLE_SIZE 256
#define MAX_FD 20 /* sources and targets of random maps lie below */
#define MAX_MAPPINGS 12

static guint
scaled (guint n)
{
  const char *scale = g_getenv ("PROCTOR_TEST_SCALE");

  return MAX (1, (guint) (n * (scale != NULL ? g_ascii_strtod (scale, NULL) : 1.0)));
}

/* The simulation: which file each fd is, 0 if it is closed. */

typedef struct
{
  int file[TABLE_SIZE];
  gboolean cloexec[TABLE_SIZE];
} Table;

static int
sim_dup_from (Table *table,
              int    fd,
              int    floor)
{
  g_assert_cmpint (table->file[fd], !=, 0);
  for (int candidate = floor; candidate < TABLE_SIZE; candidate++)
    {
      if (table->file[candidate] == 0)
        {
          table->file[candidate] = table->file[fd];
          table->cloexec[candidate] = TRUE;
          return candidate;
        }
    }
  g_assert_not_reached ();
}

static void
sim_dup2 (Table *table,
          int    fd,
          int    target)
{
  g_assert_cmpint (fd, !=, target);
  g_assert_cmpint (table->file[fd], !=, 0);
  table->file[target] = table->file[fd];
  table->cloexec[target] = FALSE;
}

/* What the mappings say of a source: half of them are. */
static gboolean
is_known_to_be_open (int source)
{
  return source % 2 == 0;
}

static void
sim_run (Table        *table,
         const FdPlan *plan)
{
  int moved[MAX_MAPPINGS];

  for (guint i = 0; i < MAX_MAPPINGS; i++)
    moved[i] = -1;

  for (guint i = 0; i < plan->n_ops; i++)
    {
      const FdOp *op = &plan->ops[i];

      if (op->fd >= 0)
        g_assert_cmpint (op->is_open, ==, is_known_to_be_open (op->fd));

      switch (op->kind)
        {
        case FD_OP_MOVE:
          g_assert_cmpuint (op->index, <, plan->n_moved);
          g_assert_cmpint (moved[op->index], ==, -1);
          moved[op->index] = sim_dup_from (table, op->fd, plan->floor);
          break;

        case FD_OP_CLEAR_CLOEXEC:
          g_assert_cmpint (table->file[op->fd], !=, 0);
          table->cloexec[op->fd] = FALSE;
          break;

        case FD_OP_DUP:
          sim_dup2 (table, op->fd >= 0 ? op->fd : moved[op->index], op->target);
          break;

        default:
          g_assert_not_reached ();
        }
    }
}

static void
sim_exec (Table *table)
{
  for (int fd = 0; fd < TABLE_SIZE; fd++)
    {
      if (table->cloexec[fd])
        table->file[fd] = 0;
    }
}

static int
find_target (const FdMapping *mappings,
             guint            n_mappings,
             int              fd)
{
  for (guint i = 0; i < n_mappings; i++)
    {
      if (mappings[i].target == fd)
        return (int) i;
    }

  return -1;
}

/* Files are numbered from 100. Above 2 everything is CLOEXEC when the plan begins. */
static void
check_plan (const Table     *before,
            const FdMapping *mappings,
            guint            n_mappings)
{
  Table table = *before;
  FdPlan plan;

  fd_plan_init (&plan, mappings, n_mappings);
  g_assert_cmpint (plan.floor, >=, 3);
  for (guint i = 0; i < n_mappings; i++)
    g_assert_cmpint (plan.floor, >, mappings[i].target);

  for (int fd = 3; fd < TABLE_SIZE; fd++)
    table.cloexec[fd] = TRUE;
  sim_run (&table, &plan);
  sim_exec (&table);

  for (int fd = 0; fd < TABLE_SIZE; fd++)
    {
      int index = find_target (mappings, n_mappings, fd);

      if (index >= 0)
        g_assert_cmpint (table.file[fd], ==, before->file[mappings[index].source]);
      else if (fd < 3)
        g_assert_cmpint (table.file[fd], ==, before->file[fd]);
      else
        g_assert_cmpint (table.file[fd], ==, 0);
    }
  fd_plan_clear (&plan);
}

/* Unique targets, of which some are 0–2; sources among the open fds, often used twice or targets
 * themselves.
 */
static guint
random_mappings (FdMapping *mappings,
                 const int *open_fds,
                 guint      n_open)
{
  guint n = (guint) g_test_rand_int_range (0, MAX_MAPPINGS + 1);
  int targets[MAX_FD];

  for (int i = 0; i < MAX_FD; i++)
    targets[i] = i;
  for (guint i = 0; i < n; i++)
    {
      int other = g_test_rand_int_range ((int) i, MAX_FD);
      int target = targets[other];

      targets[other] = targets[i];
      targets[i] = target;
      mappings[i].source = open_fds[g_test_rand_int_range (0, (int) n_open)];
      mappings[i].target = target;
      mappings[i].is_open = is_known_to_be_open (mappings[i].source);
    }

  return n;
}

static void
test_random (void)
{
  for (guint round = 0; round < scaled (20000); round++)
    {
      FdMapping mappings[MAX_MAPPINGS];
      int open_fds[MAX_FD];
      guint n_open = 0;
      Table table = { { 0 }, { FALSE } };

      for (int fd = 0; fd < MAX_FD; fd++)
        {
          if (n_open > 0 && g_test_rand_int_range (0, 4) == 0)
            continue;
          table.file[fd] = 100 + fd;
          table.cloexec[fd] = fd > 2 && g_test_rand_bit ();
          open_fds[n_open++] = fd;
        }
      check_plan (&table, mappings, random_mappings (mappings, open_fds, n_open));
    }
}

/* Every way of mapping up to four fds onto four fds. */
static void
test_exhaustive (void)
{
  Table table = { { 0 }, { FALSE } };

  for (int fd = 0; fd < 4; fd++)
    table.file[fd] = 100 + fd;

  for (guint code = 0; code < 5 * 5 * 5 * 5; code++)
    {
      FdMapping mappings[4];
      guint n = 0;
      guint rest = code;

      for (int target = 0; target < 4; target++)
        {
          int source = (int) (rest % 5);

          if (source < 4)
            mappings[n++] = (FdMapping) { source, target, is_known_to_be_open (source) };
          rest /= 5;
        }
      check_plan (&table, mappings, n);
    }
}

static void
assert_shape (const FdMapping *mappings,
              guint            n_mappings,
              int              floor,
              guint            n_moved,
              guint            n_ops)
{
  FdPlan plan;

  fd_plan_init (&plan, mappings, n_mappings);
  g_assert_cmpint (plan.floor, ==, floor);
  g_assert_cmpuint (plan.n_moved, ==, n_moved);
  g_assert_cmpuint (plan.n_ops, ==, n_ops);
  fd_plan_clear (&plan);
}

/* The usual cases must not cost more system calls than they need. */
static void
test_shapes (void)
{
  const FdMapping pipes[] = { { 10, 0 }, { 11, 1 }, { 12, 2 } };
  const FdMapping inherited[] = { { 0, 0 }, { 1, 1 }, { 2, 2 } };
  const FdMapping swapped[] = { { 2, 1 }, { 1, 2 } };
  const FdMapping merged[] = { { 10, 1 }, { 10, 2 } };
  const FdMapping cycle[] = { { 5, 4 }, { 4, 3 }, { 3, 5 } };
  const FdMapping shared[] = { { 4, 7 }, { 4, 8 }, { 9, 4 } };

  assert_shape (NULL, 0, 3, 0, 0);
  assert_shape (pipes, 3, 3, 0, 3);
  assert_shape (inherited, 3, 3, 0, 3);
  assert_shape (swapped, 2, 3, 2, 4);
  assert_shape (merged, 2, 3, 0, 2);
  assert_shape (cycle, 3, 6, 3, 6);
  assert_shape (shared, 3, 9, 1, 4);
}

/* Real children */

/* Fills fds 3 to MAX_FD, some of them left closed, with files that can be told apart by their
 * names. The lowest three are closed or left as they are according to @closed_low.
 */
static guint
open_random_fds (guint  closed_low,
                 int   *open_fds)
{
  guint n_open = 0;

  for (int fd = 3; fd < MAX_FD; fd++)
    {
      g_autofree char *name = g_strdup_printf ("file-%d", fd);
      int memfd;

      close (fd);
      if (g_test_rand_int_range (0, 4) == 0)
        continue;
      memfd = memfd_create (name, g_test_rand_bit () ? MFD_CLOEXEC : 0);
      g_assert_cmpint (memfd, >=, 0);
      if (memfd != fd)
        {
          g_assert_cmpint (dup2 (memfd, fd), ==, fd);
          close (memfd);
        }
      open_fds[n_open++] = fd;
    }

  for (int fd = 0; fd < 3; fd++)
    {
      g_autofree char *name = g_strdup_printf ("file-%d", fd);
      int memfd = memfd_create (name, MFD_CLOEXEC);

      g_assert_cmpint (dup2 (memfd, fd), ==, fd);
      close (memfd);
    }
  for (int fd = 0; fd < 3; fd++)
    {
      if (closed_low & (1U << fd))
        close (fd);
      else
        open_fds[n_open++] = fd;
    }

  return n_open;
}

static void
expect_fd (GString    *expected,
           int         fd,
           int         source)
{
  g_string_append_printf (expected, "%d /memfd:file-%d (deleted)\n", fd, source);
}

/* In a process of its own, since it has no stdio left. Failures are seen by the exit status; the
 * reason goes to @report.
 */
static int
run_real_child (const char *report,
                guint32     seed)
{
  const char *argv[] = { "test-child", "fds", report, NULL };
  const char *envp[] = { "A=b", NULL };
  const char *candidates[] = { g_getenv ("PROCTOR_TEST_CHILD"), NULL };
  g_autoptr(GString) expected = g_string_new (NULL);
  g_autofree char *seen = NULL;
  guint closed_low = seed % 8;
  FdMapping mappings[MAX_MAPPINGS];
  int open_fds[MAX_FD];
  guint n_open = open_random_fds (closed_low, open_fds);
  guint n = n_open > 0 ? random_mappings (mappings, open_fds, n_open) : 0;
  SpawnRequest request = {
    .argv = argv,
    .envp = envp,
    .candidates = candidates,
    .fds = mappings,
    .n_fds = n,
    .process_group = -1,
  };
  SpawnedChild child;
  SpawnFailure failure;
  int status;

  if (!spawn_child (&request, &child, &failure))
    return 10 + (int) failure.step;
  if (child.pidfd >= 0 && child.pidfd < 3)
    return 2;
  if (waitpid (child.pid, &status, 0) != child.pid || status != 0)
    return 3;

  for (int fd = 0; fd < MAX_FD; fd++)
    {
      int index = find_target (mappings, n, fd);

      if (index >= 0)
        expect_fd (expected, fd, mappings[index].source);
      else if (fd < 3 && !(closed_low & (1U << fd)))
        expect_fd (expected, fd, fd);
    }
  if (!g_file_get_contents (report, &seen, NULL, NULL))
    return 4;

  return strcmp (seen, expected->str) == 0 ? 0 : 5;
}

static void
test_real_children (void)
{
  g_autofree char *directory = g_dir_make_tmp ("proctor-fd-plan-XXXXXX", NULL);
  g_autofree char *report = g_build_filename (directory, "report", NULL);

  for (guint round = 0; round < scaled (400); round++)
    {
      guint32 seed = (guint32) g_test_rand_int ();
      pid_t pid = fork ();
      int status;

      if (pid == 0)
        _exit (run_real_child (report, seed));

      g_assert_cmpint (waitpid (pid, &status, 0), ==, pid);
      g_assert_cmpint (status, ==, 0);
    }

  unlink (report);
  rmdir (directory);
}

int
main (int    argc,
      char **argv)
{
  g_test_init (&argc, &argv, NULL);
  deadline_start ("test-fd-plan", TEST_DEADLINE_SECONDS);

  g_test_add_func ("/fd-plan/shapes", test_shapes);
  g_test_add_func ("/fd-plan/exhaustive", test_exhaustive);
  g_test_add_func ("/fd-plan/random", test_random);
  g_test_add_func ("/fd-plan/real-children", test_real_children);

  return g_test_run ();
}
