/* The program that tests start: what it does is chosen by its first argument. Plain C library, so that it starts fast and
 * runs under every tool. A new behaviour is one small function and one row of `modes`.
 *
 * SPDX-License-Identifier: LGPL-2.1-or-later
 */

#include <dirent.h>
#include <errno.h>
#include <limits.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>
#include <unistd.h>

/* argv[0] is the mode's name; what it returns is the exit code. */
typedef int (*ModeFunc) (int argc, char **argv);

/* exit CODE */
static int
mode_exit (int argc, char **argv)
{
  return argc > 1 ? atoi (argv[1]) : 0;
}

/* echo WORD…: the words, joined by spaces, and a newline. */
static int
mode_echo (int argc, char **argv)
{
  for (int i = 1; i < argc; i++)
    printf ("%s%s", i > 1 ? " " : "", argv[i]);
  putchar ('\n');

  return 0;
}

static int
write_all (int fd, const char *data, size_t length)
{
  while (length > 0)
    {
      ssize_t written = write (fd, data, length);

      if (written < 0 && errno == EINTR)
        continue;
      if (written < 0)
        return -1;
      data += written;
      length -= (size_t) written;
    }

  return 0;
}

/* cat: stdin to stdout, until the end. */
static int
mode_cat (int argc, char **argv)
{
  static char buffer[65536];

  for (;;)
    {
      ssize_t length = read (STDIN_FILENO, buffer, sizeof buffer);

      if (length < 0 && errno == EINTR)
        continue;
      if (length <= 0)
        return length < 0;
      if (write_all (STDOUT_FILENO, buffer, (size_t) length) < 0)
        return 1;
    }
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

/* Where the reports below go: the file that is named, since stdout may be what is under test. Opened only after the facts
 * were gathered.
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
      used += (size_t) snprintf (text + used, sizeof text - used, "%s %.*s\n", entry->d_name, (int) length, target);
    }
  closedir (directory);

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
      if (strncmp (line, "SigBlk", 6) == 0 || strncmp (line, "SigIgn", 6) == 0 || strncmp (line, "SigCgt", 6) == 0)
        strncat (text, line, sizeof text - strlen (text) - 1);
    }
  fclose (status);

  return report (argc, argv, text);
}

/* ids [FILE]: pid, parent's pid, session, process group and working directory, a line `NAME VALUE` each. */
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

/* env [NAME]…: the values of these variables, a line `NAME=VALUE` each for those that are set; all without a name. */
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

/* kill-self SIGNAL: ends by this signal, by its number. */
static int
mode_kill_self (int argc, char **argv)
{
  int signum = argc > 1 ? atoi (argv[1]) : SIGKILL;

  signal (signum, SIG_DFL);
  raise (signum);

  return 1;
}

static const struct
{
  const char *name;
  ModeFunc run;
} modes[] = {
  { "exit", mode_exit },
  { "echo", mode_echo },
  { "cat", mode_cat },
  { "sleep", mode_sleep },
  { "fds", mode_fds },
  { "signals", mode_signals },
  { "ids", mode_ids },
  { "env", mode_env },
  { "kill-self", mode_kill_self },
};

int
main (int argc, char **argv)
{
  for (size_t i = 0; argc > 1 && i < sizeof modes / sizeof modes[0]; i++)
    {
      if (strcmp (argv[1], modes[i].name) == 0)
        {
          int code = modes[i].run (argc - 1, argv + 1);

          if (fflush (stdout) != 0 && code == 0)
            code = 1;
          return code;
        }
    }

  fprintf (stderr, "test-child: no such mode: %s\n", argc > 1 ? argv[1] : "(none)");
  return 125;
}
