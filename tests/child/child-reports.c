/* What a child finds: its fds, signals, ids, environment, arguments and terminal.
 *
 * SPDX-License-Identifier: LGPL-2.1-or-later
 */

#include <dirent.h>
#include <fcntl.h>
#include <limits.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/ioctl.h>
#include <sys/stat.h>
#include <sys/wait.h>
#include <termios.h>
#include <unistd.h>

#include "child.h"

/* Where the reports below go: the file that is named, since stdout may be what is under test.
 * Opened only after the facts were gathered.
 */
static int
report (int argc, char **argv, const char *text)
{
  FILE *file = argc > 1 ? fopen (argv[1], "we") : stdout;
  int failed;

  if (file == NULL)
    return 1;
  failed = fputs (text, file) < 0;
  if (fflush (file) != 0)
    failed = 1;
  if (file != stdout)
    fclose (file);

  return failed;
}

/* fds [FILE]: a line `FD LINK-TARGET` for each open fd, in ascending order. */
static int
mode_fds (int argc, char **argv)
{
  static char text[1 << 20];
  size_t used = 0;
  DIR *directory = opendir ("/proc/self/fd");
  struct dirent *entry;

  if (directory == NULL)
    return 1;
  while ((entry = readdir (directory)) != NULL)
    {
      char target[PATH_MAX];
      ssize_t length;

      if (entry->d_name[0] == '.' || atoi (entry->d_name) == dirfd (directory))
        continue;
      length = readlinkat (dirfd (directory), entry->d_name, target, sizeof target);
      if (length < 0 || used + (size_t) length + 32 > sizeof text)
        return 1;
      used += (size_t) snprintf (text + used, sizeof text - used, "%s %.*s\n", entry->d_name,
                                 (int) length, target);
    }
  closedir (directory);

  return report (argc, argv, text);
}

/* open-fds: the numbers of all open fds below the limit, found without listing them. */
static int
mode_open_fds (int argc, char **argv)
{
  char text[4096] = "";
  size_t used = 0;
  long limit = sysconf (_SC_OPEN_MAX);

  for (int fd = 0; fd < limit && fd < 100000; fd++)
    {
      if (fcntl (fd, F_GETFD) >= 0 && used + 16 < sizeof text)
        used += (size_t) snprintf (text + used, sizeof text - used, "%d ", fd);
    }

  return report (argc, argv, text);
}

/* signals [FILE]: the lines SigBlk, SigIgn and SigCgt of /proc/self/status. */
static int
mode_signals (int argc, char **argv)
{
  char text[1024] = "";
  char line[256];
  FILE *status = fopen ("/proc/self/status", "re");

  if (status == NULL)
    return 1;
  while (fgets (line, sizeof line, status) != NULL)
    {
      if (strncmp (line, "SigBlk", 6) == 0 || strncmp (line, "SigIgn", 6) == 0 ||
          strncmp (line, "SigCgt", 6) == 0)
        strncat (text, line, sizeof text - strlen (text) - 1);
    }
  fclose (status);

  return report (argc, argv, text);
}

/* ids [FILE]: pid, parent's pid, session, process group and working directory, a line `NAME VALUE`
 * each.
 */
static int
mode_ids (int argc, char **argv)
{
  char text[PATH_MAX + 256];
  char cwd[PATH_MAX];

  if (getcwd (cwd, sizeof cwd) == NULL)
    strcpy (cwd, "?");
  snprintf (text, sizeof text, "pid %d\nppid %d\nsid %d\npgid %d\ncwd %s\n",
            (int) getpid (), (int) getppid (), (int) getsid (0), (int) getpgrp (), cwd);

  return report (argc, argv, text);
}

/* env [NAME]…: the values of these variables, a line `NAME=VALUE` each for those that are set; all
 * without a name.
 */
static int
mode_env (int argc, char **argv)
{
  

  if (argc == 1)
    {
      for (char **variable = environ; *variable != NULL; variable++)
        puts (*variable);
    }
  for (int i = 1; i < argc; i++)
    {
      const char *value = getenv (argv[i]);

      if (value != NULL)
        printf ("%s=%s\n", argv[i], value);
    }

  return 0;
}

/* args ARG…: the whole argument vector, from argv[0] on, each with a NUL after it. */
static int
mode_args (int argc, char **argv)
{
  for (int i = -1; i < argc; i++)
    {
      fputs (argv[i], stdout);
      putchar ('\0');
    }

  return 0;
}

/* nonblocking: a digit for each of stdin, stdout and stderr: 1 if O_NONBLOCK is set. */
static int
mode_nonblocking (int argc, char **argv)
{
  for (int fd = 0; fd < 3; fd++)
    putchar ((fcntl (fd, F_GETFL) & O_NONBLOCK) != 0 ? '1' : '0');
  putchar ('\n');

  return 0;
}

/* stdio [FILE]: a line for each of stdin, stdout and stderr: what it is, how it is open, and how
 * much a pipe holds.
 */
static int
mode_stdio (int argc, char **argv)
{
  char text[512] = "";
  size_t used = 0;

  for (int fd = 0; fd < 3; fd++)
    {
      static const char * const access_modes[] = { "r", "w", "rw", "?" };
      struct stat status;
      int flags = fcntl (fd, F_GETFL);
      const char *kind = "other";

      if (fstat (fd, &status) < 0)
        {
          used += (size_t) snprintf (text + used, sizeof text - used, "closed\n");
          continue;
        }
      if (S_ISFIFO (status.st_mode))
        kind = "pipe";
      else if (S_ISSOCK (status.st_mode))
        kind = "socket";
      else if (S_ISREG (status.st_mode))
        kind = "file";
      else if (isatty (fd))
        kind = "tty";
      used += (size_t) snprintf (text + used, sizeof text - used, "%s %s%s%s %d\n", kind,
                                 access_modes[flags & O_ACCMODE],
                                 flags & O_APPEND ? " append" : "",
                                 flags & O_NONBLOCK ? " nonblock" : "",
                                 S_ISFIFO (status.st_mode) ? fcntl (fd, F_GETPIPE_SZ) : 0);
    }

  return report (argc, argv, text);
}

static int
describe_terminal (char *text, size_t size)
{
  struct winsize window = { 0 };
  int terminal = open ("/dev/tty", O_RDWR | O_CLOEXEC);
  int length;

  if (terminal < 0)
    return snprintf (text, size, "none\n");
  ioctl (terminal, TIOCGWINSZ, &window);
  length = snprintf (text, size, "%s %s %d %d\n", getsid (0) == getpid () ? "leader" : "member",
                     tcgetpgrp (terminal) == getpgrp () ? "foreground" : "background",
                     window.ws_row, window.ws_col);
  close (terminal);

  return length;
}

/* terminal [CHANGES]: a line to stdout on the controlling terminal: the session, the
 * foreground, rows and columns; and one more for each of so many SIGWINCH.
 */
static int
mode_terminal (int argc, char **argv)
{
  int n_changes = argc > 1 ? atoi (argv[1]) : 0;
  sigset_t set;

  sigemptyset (&set);
  sigaddset (&set, SIGWINCH);
  sigprocmask (SIG_BLOCK, &set, NULL);
  for (int i = 0; i <= n_changes; i++)
    {
      char text[128];
      int signum;
      int length = describe_terminal (text, sizeof text);

      if (write_all (STDOUT_FILENO, text, (size_t) length) < 0)
        return 1;
      if (i < n_changes)
        sigwait (&set, &signum);
    }

  return 0;
}

/* raw-read N: puts the terminal at stdin into raw mode, says "raw", reads N bytes and prints their
 * numbers.
 */
static int
mode_raw_read (int argc, char **argv)
{
  int n = argc > 1 ? atoi (argv[1]) : 1;
  struct termios modes;

  if (tcgetattr (STDIN_FILENO, &modes) < 0)
    return 1;
  cfmakeraw (&modes);
  if (tcsetattr (STDIN_FILENO, TCSANOW, &modes) < 0)
    return 1;
  printf ("raw\n");
  fflush (stdout);
  for (int i = 0; i < n; i++)
    {
      unsigned char byte;

      if (read (STDIN_FILENO, &byte, 1) != 1)
        return 2;
      printf ("%d\n", byte);
      fflush (stdout);
    }

  return 0;
}

const ChildMode report_modes[] = {
  { "fds", mode_fds },
  { "open-fds", mode_open_fds },
  { "signals", mode_signals },
  { "ids", mode_ids },
  { "env", mode_env },
  { "args", mode_args },
  { "nonblocking", mode_nonblocking },
  { "stdio", mode_stdio },
  { "terminal", mode_terminal },
  { "raw-read", mode_raw_read },
  { NULL, NULL },
};
