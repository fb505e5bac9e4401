/* The low numbers that are kept for spawns: what is moved there, and that nothing else is touched.
 *
 * SPDX-License-Identifier: LGPL-2.1-or-later
 */

#include "config.h"

#include <errno.h>
#include <fcntl.h>
#include <gio/gio.h>
#include <sys/resource.h>
#include <sys/stat.h>
#include <unistd.h>

#include "process/low-fds.h"

#define HIGH 300
#define OTHER_HIGH 301

static int placeholder;
static int ends[2];

static gboolean
is_same_file (int a,
              int b)
{
  struct stat left, right;

  g_assert_cmpint (fstat (a, &left), ==, 0);
  g_assert_cmpint (fstat (b, &right), ==, 0);
  return left.st_dev == right.st_dev && left.st_ino == right.st_ino;
}

static void
test_equal_sources (void)
{
  FdMapping mappings[] = { { HIGH, 1 }, { OTHER_HIGH, 5 }, { HIGH, 2 }, { 4, 6 } };
  int other = HIGH;
  LowFds low = { 0 };

  low_fds_take (&low, mappings, G_N_ELEMENTS (mappings), &other, placeholder);
  g_assert_cmpuint (low.n_fds, ==, 2);
  g_assert_cmpint (mappings[0].source, <, HIGH);
  g_assert_cmpint (mappings[2].source, ==, mappings[0].source);
  g_assert_cmpint (other, ==, mappings[0].source);
  g_assert_cmpint (mappings[1].source, !=, mappings[0].source);
  g_assert_cmpint (mappings[3].source, ==, 4);
  g_assert_true (is_same_file (mappings[0].source, HIGH));
  g_assert_true (is_same_file (mappings[1].source, OTHER_HIGH));

  low_fds_give_back (&low, placeholder);
  g_assert_true (is_same_file (mappings[0].source, placeholder));
  g_assert_true (is_same_file (mappings[1].source, placeholder));
}

static void
test_no_open_source (void)
{
  FdMapping mappings[] = { { HIGH + 50, 1 }, { HIGH + 50, 2 } };
  int other = -1;
  LowFds low = { 0 };

  low_fds_take (&low, mappings, G_N_ELEMENTS (mappings), &other, placeholder);
  g_assert_cmpint (mappings[0].source, ==, HIGH + 50);
  g_assert_cmpint (mappings[1].source, ==, HIGH + 50);
  low_fds_give_back (&low, placeholder);
}

/* The numbers that were reserved are beyond the limit now, so that nothing can be moved there; and
 * nothing is moved to stdin instead.
 */
static void
test_lowered_limit (void)
{
  FdMapping mappings[] = { { HIGH, 1 }, { HIGH, 2 } };
  int other = -1;
  LowFds low = { 0 };
  struct rlimit limit, lowered;
  int saved_stdin = fcntl (STDIN_FILENO, F_DUPFD_CLOEXEC, HIGH + 10);

  g_assert_cmpint (saved_stdin, >=, 0);
  g_assert_cmpint (getrlimit (RLIMIT_NOFILE, &limit), ==, 0);
  lowered = (struct rlimit){ .rlim_cur = 16, .rlim_max = limit.rlim_max };
  g_assert_cmpint (setrlimit (RLIMIT_NOFILE, &lowered), ==, 0);
  low_fds_take (&low, mappings, G_N_ELEMENTS (mappings), &other, placeholder);
  low_fds_give_back (&low, placeholder);
  g_assert_cmpint (setrlimit (RLIMIT_NOFILE, &limit), ==, 0);

  g_assert_true (is_same_file (STDIN_FILENO, saved_stdin));
  g_assert_cmpint (mappings[0].source, ==, HIGH);
  g_assert_cmpint (mappings[1].source, ==, HIGH);
  close (saved_stdin);
}

int
main (int    argc,
      char **argv)
{
  int fd;

  g_test_init (&argc, &argv, NULL);

  /* So that the numbers are not too low for the test. */
  do
    fd = open ("/dev/null", O_RDWR | O_CLOEXEC);
  while (fd >= 0 && fd < 40);
  placeholder = fd;
  g_assert_cmpint (pipe2 (ends, O_CLOEXEC), ==, 0);
  g_assert_cmpint (dup3 (ends[0], HIGH, O_CLOEXEC), ==, HIGH);
  g_assert_cmpint (dup3 (STDERR_FILENO, OTHER_HIGH, O_CLOEXEC), ==, OTHER_HIGH);
  low_fds_reserve (placeholder);

  g_test_add_func ("/low-fds/equal-sources", test_equal_sources);
  g_test_add_func ("/low-fds/no-open-source", test_no_open_source);
  g_test_add_func ("/low-fds/lowered-limit", test_lowered_limit);

  return g_test_run ();
}
