/* What a child leaves behind or has below it.
 *
 * SPDX-License-Identifier: LGPL-2.1-or-later
 */

#include <errno.h>
#include <limits.h>
#include <signal.h>
#include <stdio.h>
#include <string.h>
#include <sys/wait.h>
#include <unistd.h>

#include "child.h"

/* hold FILE FDS TEXT [LATE]: starts a descendant that keeps these of the stdios, given as digits,
 * and exits when it is there; the file has the descendant's pid. Before the exit the text is
 * written to stdout; the late text comes from the descendant, when its parent has gone, and after
 * that FILE.late.
 */
static int
mode_hold (int argc, char **argv)
{
  char late[PATH_MAX];
  int alive[2];
  char end;

  if (argc < 4 || pipe (alive) < 0)
    return 125;
  if (write_all (STDOUT_FILENO, argv[3], strlen (argv[3])) < 0)
    return 124;

  switch (fork ())
    {
    case -1:
      return 123;
    case 0:
      break;
    default:
      await_file (argv[1]);
      return 0;
    }

  live_at_most (100);
  close (alive[1]);
  for (int fd = 0; fd < 3; fd++)
    {
      if (strchr (argv[2], '0' + fd) == NULL)
        close (fd);
    }
  if (make_pid_file (argv[1]) != 0)
    _exit (1);
  while (read (alive[0], &end, 1) < 0 && errno == EINTR)
    ;
  if (argc > 4)
    write_all (STDOUT_FILENO, argv[4], strlen (argv[4]));
  snprintf (late, sizeof late, "%s.late", argv[1]);
  make_pid_file (late);
  stay ();
}

/* vfork FILE: is held in the kernel, in state D, by a child that shares its memory, makes the file
 * with its pid, and stays.
 */
static int
mode_vfork (int argc, char **argv)
{
  if (argc < 2)
    return 125;
  live_at_most (100);
  if (vfork () == 0)
    {
      live_at_most (100);
      make_pid_file (argv[1]);
      stay ();
    }
  return 0;
}

static int
make_numbered_pid_file (const char *path, int number)
{
  char numbered[PATH_MAX];

  snprintf (numbered, sizeof numbered, "%s.%d", path, number);
  return make_pid_file (numbered);
}

static void
await_numbered_file (const char *path, int number)
{
  char numbered[PATH_MAX];

  snprintf (numbered, sizeof numbered, "%s.%d", path, number);
  await_file (numbered);
}

/* One of a brood, with a child of its own, in a process group of its own if it is the second
 * one.
 */
static void
be_brood (const char *path, int number, int grouped)
{
  live_at_most (100);
  if (grouped)
    setpgid (0, 0);
  if (fork () == 0)
    {
      live_at_most (100);
      number += 2;
    }
  make_numbered_pid_file (path, number);
  stay ();
}

/* brood FILE LEADER OTHERS: two children and a grandchild by each, with pid files FILE.0 to FILE.3,
 * then FILE; all stay. LEADER and OTHERS `ignore` SIGTERM or `obey`; a LEADER can also `exit`.
 */
static int
mode_brood (int argc, char **argv)
{
  if (argc < 4)
    return 125;
  live_at_most (100);
  if (strcmp (argv[3], "ignore") == 0)
    signal (SIGTERM, SIG_IGN);
  for (int i = 0; i < 2; i++)
    {
      if (fork () == 0)
        be_brood (argv[1], i, i == 1);
    }
  for (int i = 0; i < 4; i++)
    await_numbered_file (argv[1], i);
  signal (SIGTERM, strcmp (argv[2], "ignore") == 0 ? SIG_IGN : SIG_DFL);
  if (make_pid_file (argv[1]) != 0)
    return 124;
  if (strcmp (argv[2], "exit") == 0)
    return 0;
  stay ();
}

static const char *fork_path;

static void
fork_on_signal (int signum)
{
  if (fork () == 0)
    {
      signal (SIGTERM, SIG_IGN);
      make_numbered_pid_file (fork_path, 0);
      stay ();
    }
  await_numbered_file (fork_path, 0);
  _exit (signum);
}

/* fork-on-term FILE: on SIGTERM it leaves a child behind that ignores it, with the pid file FILE.0,
 * and exits with the signal's number.
 */
static int
mode_fork_on_term (int argc, char **argv)
{
  if (argc < 2)
    return 125;
  live_at_most (100);
  fork_path = argv[1];
  signal (SIGTERM, fork_on_signal);
  if (make_pid_file (argv[1]) != 0)
    return 124;
  stay ();
}

/* daemon FILE: a daemon as of old, forked twice and with a session of its own, with the pid file
 * FILE.0; it ignores SIGTERM. Then FILE, and it stays itself, too.
 */
static int
mode_daemon (int argc, char **argv)
{
  pid_t first;

  if (argc < 2)
    return 125;
  live_at_most (100);
  first = fork ();
  if (first == 0)
    {
      setsid ();
      if (fork () != 0)
        _exit (0);
      live_at_most (100);
      signal (SIGTERM, SIG_IGN);
      make_numbered_pid_file (argv[1], 0);
      stay ();
    }
  waitpid (first, NULL, 0);
  await_numbered_file (argv[1], 0);
  if (make_pid_file (argv[1]) != 0)
    return 124;
  stay ();
}

static const char *leave_path;

static void
leave_group (int signum)
{
  setsid ();
  make_numbered_pid_file (leave_path, 1);
}

/* leave-group FILE: a child with the pid file FILE.0 that leaves the process group on SIGTERM, and
 * then makes FILE.1; then FILE. It ignores SIGTERM itself, and stays.
 */
static int
mode_leave_group (int argc, char **argv)
{
  if (argc < 2)
    return 125;
  live_at_most (100);
  signal (SIGTERM, SIG_IGN);
  if (fork () == 0)
    {
      live_at_most (100);
      leave_path = argv[1];
      signal (SIGTERM, leave_group);
      make_numbered_pid_file (argv[1], 0);
      stay ();
    }
  await_numbered_file (argv[1], 0);
  if (make_pid_file (argv[1]) != 0)
    return 124;
  stay ();
}

const ChildMode descendant_modes[] = {
  { "hold", mode_hold },
  { "vfork", mode_vfork },
  { "brood", mode_brood },
  { "fork-on-term", mode_fork_on_term },
  { "daemon", mode_daemon },
  { "leave-group", mode_leave_group },
  { NULL, NULL },
};
