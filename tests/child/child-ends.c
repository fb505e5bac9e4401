/* How a child lives on and how it ends: exit codes, signals, files that it makes and awaits.
 *
 * SPDX-License-Identifier: LGPL-2.1-or-later
 */

#include <dirent.h>
#include <errno.h>
#include <limits.h>
#include <pthread.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/ptrace.h>
#include <sys/wait.h>
#include <time.h>
#include <unistd.h>

#include "child.h"

/* exit CODE */
static int
mode_exit (int argc, char **argv)
{
  return argc > 1 ? atoi (argv[1]) : 0;
}

/* sleep SECONDS: may have a fraction. */
static int
mode_sleep (int argc, char **argv)
{
  double seconds = argc > 1 ? strtod (argv[1], NULL) : 0;
  struct timespec left;

  left.tv_sec = (time_t) seconds;
  left.tv_nsec = (long) ((seconds - (double) left.tv_sec) * 1e9);
  while (nanosleep (&left, &left) < 0 && errno == EINTR)
    ;

  return 0;
}

/* kill-self SIGNAL: ends by this signal, by its number. */
static int
mode_kill_self (int argc, char **argv)
{
  int signum = argc > 1 ? atoi (argv[1]) : SIGKILL;

  signal (signum, SIG_DFL);
  raise (signum);

  return 1;
}

/* gate FILE MODE…: waits until the file exists, then does what the mode says. */
static int
mode_gate (int argc, char **argv)
{
  if (argc < 3)
    return 125;
  await_file (argv[1]);

  return run_mode (argc - 2, argv + 2);
}

/* mark FILE MODE…: makes the file with its pid, then does what the mode says. */
static int
mode_mark (int argc, char **argv)
{
  if (argc < 3)
    return 125;
  if (make_pid_file (argv[1]) != 0)
    return 124;

  return run_mode (argc - 2, argv + 2);
}

/* block-all FILE: ignores and blocks every signal, makes the file with its pid, and stays. */
static int
mode_block_all (int argc, char **argv)
{
  struct timespec long_enough = { .tv_sec = 100 };
  sigset_t all;

  for (int signum = 1; signum < NSIG; signum++)
    signal (signum, SIG_IGN);
  sigfillset (&all);
  sigprocmask (SIG_BLOCK, &all, NULL);
  if (argc < 2 || make_pid_file (argv[1]) != 0)
    return 125;
  nanosleep (&long_enough, NULL);

  return 0;
}

/* ignore-term FILE: ignores SIGTERM, writes `ready` to stdout, makes the file, and stays. */
static int
mode_ignore_term (int argc, char **argv)
{
  live_at_most (100);
  signal (SIGTERM, SIG_IGN);
  if (write_all (STDOUT_FILENO, "ready\n", 6) < 0 || argc < 2 || make_pid_file (argv[1]) != 0)
    return 1;
  stay ();
}

static void
exit_on_signal (int signum)
{
  write_all (STDOUT_FILENO, "bye\n", 4);
  _exit (signum);
}

/* on-term FILE: writes `ready`, makes the file, and stays; on SIGTERM it writes `bye` and exits
 * with the signal's number.
 */
static int
mode_on_term (int argc, char **argv)
{
  live_at_most (100);
  signal (SIGTERM, exit_on_signal);
  if (write_all (STDOUT_FILENO, "ready\n", 6) < 0 || argc < 2 || make_pid_file (argv[1]) != 0)
    return 1;
  stay ();
}

static void
log_signal (int signum)
{
  const char *name = signum == SIGINT ? "INT\n" : signum == SIGTERM ? "TERM\n" : "USR1\n";

  write_all (STDOUT_FILENO, name, strlen (name));
}

/* log-signals FILE: writes INT, TERM and USR1 to stdout, a line each time, and stays. */
static int
mode_log_signals (int argc, char **argv)
{
  live_at_most (100);
  signal (SIGINT, log_signal);
  signal (SIGTERM, log_signal);
  signal (SIGUSR1, log_signal);
  if (argc < 2 || make_pid_file (argv[1]) != 0)
    return 125;
  stay ();
}

static int
count_files (const char *path)
{
  DIR *directory = opendir (path);
  struct dirent *entry;
  int n = 0;

  while (directory != NULL && (entry = readdir (directory)) != NULL)
    n += entry->d_name[0] != '.';
  if (directory != NULL)
    closedir (directory);

  return n;
}

/* meet DIRECTORY N: comes in, waits until N have come so far, writes how many are in now, and
 * leaves.
 */
static int
mode_meet (int argc, char **argv)
{
  char come[PATH_MAX];
  char alive[PATH_MAX];
  char mine[PATH_MAX + 32];
  FILE *file;

  if (argc < 3)
    return 125;
  live_at_most (100);
  snprintf (come, sizeof come, "%s/come", argv[1]);
  snprintf (alive, sizeof alive, "%s/alive", argv[1]);

  snprintf (mine, sizeof mine, "%s/%d", come, (int) getpid ());
  file = fopen (mine, "we");
  if (file == NULL || fclose (file) != 0)
    return 124;
  snprintf (mine, sizeof mine, "%s/%d", alive, (int) getpid ());
  file = fopen (mine, "we");
  if (file == NULL || fclose (file) != 0)
    return 123;

  while (count_files (come) < atoi (argv[2]))
    nap ();
  printf ("%d", count_files (alive));

  return unlink (mine) != 0;
}

static char **leader_words;

static void *
outlive_leader (void *data)
{
  /* Until the first thread has ended: it is a zombie then. */
  for (;;)
    {
      FILE *stat_file = fopen ("/proc/self/stat", "re");
      char state = '?';

      if (stat_file == NULL || fscanf (stat_file, "%*d (%*[^)]) %c", &state) != 1)
        _exit (125);
      fclose (stat_file);
      if (state == 'Z')
        break;
      nap ();
    }
  if (make_pid_file (leader_words[1]) != 0)
    _exit (124);
  await_file (leader_words[2]);
  _exit (atoi (leader_words[3]));
}

/* leader-ends READY GATE CODE: the first thread ends, then there is the first file; when the second
 * is there the other thread exits with the code.
 */
static int
mode_leader_ends (int argc, char **argv)
{
  pthread_t thread;

  leader_words = argv;
  if (argc < 4 || pthread_create (&thread, NULL, outlive_leader, NULL) != 0)
    return 125;
  pthread_exit (NULL);
}

/* trace PID READY GATE [stop]: traces the process, and stops it if told so, makes the first file,
 * and lets go of it, by its own exit, when the second one is there. 1 if it may not.
 */
static int
mode_trace (int argc, char **argv)
{
  pid_t pid = argc > 1 ? (pid_t) atoi (argv[1]) : 0;

  if (argc < 4)
    return 125;
  if (ptrace (PTRACE_SEIZE, pid, NULL, NULL) < 0)
    return 1;
  if (argc > 4 && (ptrace (PTRACE_INTERRUPT, pid, NULL, NULL) < 0 || waitpid (pid, NULL, 0) != pid))
    return 124;
  if (make_file (argv[2], "traced") != 0)
    return 125;
  await_file (argv[3]);

  return 0;
}

const ChildMode end_modes[] = {
  { "exit", mode_exit },
  { "sleep", mode_sleep },
  { "kill-self", mode_kill_self },
  { "gate", mode_gate },
  { "mark", mode_mark },
  { "block-all", mode_block_all },
  { "ignore-term", mode_ignore_term },
  { "on-term", mode_on_term },
  { "log-signals", mode_log_signals },
  { "meet", mode_meet },
  { "leader-ends", mode_leader_ends },
  { "trace", mode_trace },
  { NULL, NULL },
};
