/* The program that tests start: what it does is chosen by its first argument. Plain C library, so
 * that it starts fast and runs under every tool. A new behaviour is one small function and one row
 * of `modes`.
 *
 * SPDX-License-Identifier: LGPL-2.1-or-later
 */

#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <limits.h>
#include <pthread.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/ioctl.h>
#include <sys/mman.h>
#include <sys/ptrace.h>
#include <sys/stat.h>
#include <sys/wait.h>
#include <termios.h>
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

/* kill-self SIGNAL: ends by this signal, by its number. */
static int
mode_kill_self (int argc, char **argv)
{
  int signum = argc > 1 ? atoi (argv[1]) : SIGKILL;

  signal (signum, SIG_DFL);
  raise (signum);

  return 1;
}

/* A child that waits for something ends all the same, long after every test. */
static void
live_at_most (unsigned int seconds)
{
  alarm (seconds);
}

/* The file appears with its content, in one step. */
static int
make_file (const char *path, const char *text)
{
  char temporary[PATH_MAX + 16];
  FILE *file;

  snprintf (temporary, sizeof temporary, "%s.%d", path, (int) getpid ());
  file = fopen (temporary, "we");
  if (file == NULL)
    return 1;
  fputs (text, file);
  if (fclose (file) != 0)
    return 1;

  return rename (temporary, path) != 0;
}

static int
make_pid_file (const char *path)
{
  char text[32];

  snprintf (text, sizeof text, "%d\n", (int) getpid ());
  return make_file (path, text);
}

static void
nap (void)
{
  nanosleep (&(struct timespec) { .tv_nsec = 1000 * 1000 }, NULL);
}

static void
await_file (const char *path)
{
  live_at_most (100);
  while (access (path, F_OK) < 0)
    nap ();
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

/* say OUT ERR [CODE]: writes to stdout and to stderr, and exits. */
static int
mode_say (int argc, char **argv)
{
  if (argc < 3)
    return 125;
  if (write_all (STDOUT_FILENO, argv[1], strlen (argv[1])) < 0)
    return 124;
  if (write_all (STDERR_FILENO, argv[2], strlen (argv[2])) < 0)
    return 123;

  return argc > 3 ? atoi (argv[3]) : 0;
}

/* flood OUT ERR: so many bytes to stdout and to stderr, in turns; they are `o` and `e`. */
static int
mode_flood (int argc, char **argv)
{
  static char buffer[2][10000];
  long left[2];

  if (argc < 3)
    return 125;
  memset (buffer[0], 'o', sizeof buffer[0]);
  memset (buffer[1], 'e', sizeof buffer[1]);
  left[0] = atol (argv[1]);
  left[1] = atol (argv[2]);
  while (left[0] > 0 || left[1] > 0)
    {
      for (int i = 0; i < 2; i++)
        {
          long now = left[i] < (long) sizeof buffer[i] ? left[i] : (long) sizeof buffer[i];

          if (write_all (STDOUT_FILENO + i, buffer[i], (size_t) now) < 0)
            return 1;
          left[i] -= now;
        }
    }

  return 0;
}

/* lines COUNT: so many numbered lines, one write each. */
static int
mode_lines (int argc, char **argv)
{
  int count = argc > 1 ? atoi (argv[1]) : 0;

  for (int i = 0; i < count; i++)
    {
      char line[32];
      int length = snprintf (line, sizeof line, "line %d\n", i);

      if (write_all (STDOUT_FILENO, line, (size_t) length) < 0)
        return 1;
    }

  return 0;
}

static int run_mode (int argc, char **argv);

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

/* close-stdin TEXT: closes stdin without reading it, writes the text, exits. */
static int
mode_close_stdin (int argc, char **argv)
{
  close (STDIN_FILENO);

  return argc > 1 && write_all (STDOUT_FILENO, argv[1], strlen (argv[1])) < 0;
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

/* nonblocking: a digit for each of stdin, stdout and stderr: 1 if O_NONBLOCK is set. */
static int
mode_nonblocking (int argc, char **argv)
{
  for (int fd = 0; fd < 3; fd++)
    putchar ((fcntl (fd, F_GETFL) & O_NONBLOCK) != 0 ? '1' : '0');
  putchar ('\n');

  return 0;
}

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
  for (;;)
    pause ();
}

/* ignore-term FILE: ignores SIGTERM, writes `ready` to stdout, makes the file, and stays. */
static int
mode_ignore_term (int argc, char **argv)
{
  live_at_most (100);
  signal (SIGTERM, SIG_IGN);
  if (write_all (STDOUT_FILENO, "ready\n", 6) < 0 || argc < 2 || make_pid_file (argv[1]) != 0)
    return 1;
  for (;;)
    pause ();
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
  for (;;)
    pause ();
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

/* The same bytes as make_pattern() of the tests. */
static unsigned long long
pattern_word (unsigned long long i, unsigned long long seed)
{
  return (i + seed) * 0x9E3779B97F4A7C15ULL;
}

/* pattern LENGTH [SEED]: so many bytes in which every piece differs from all others. */
static int
mode_pattern (int argc, char **argv)
{
  static unsigned long long words[4096];
  unsigned long long left = argc > 1 ? strtoull (argv[1], NULL, 10) : 0;
  unsigned long long seed = argc > 2 ? strtoull (argv[2], NULL, 10) : 0;

  for (unsigned long long done = 0; left > 0; done += 4096)
    {
      size_t now = left < sizeof words ? (size_t) left : sizeof words;

      for (unsigned long long i = 0; i < 4096; i++)
        words[i] = pattern_word (done + i, seed);
      if (write_all (STDOUT_FILENO, (const char *) words, now) < 0)
        return 1;
      left -= now;
    }

  return 0;
}

/* patterns LENGTH: the pattern of seed 1 to stdout and that of seed 2 to stderr, in turns. */
static int
mode_patterns (int argc, char **argv)
{
  static unsigned long long words[2048];
  unsigned long long left = argc > 1 ? strtoull (argv[1], NULL, 10) : 0;

  for (unsigned long long done = 0; left > 0; done += 2048)
    {
      size_t now = left < sizeof words ? (size_t) left : sizeof words;

      for (unsigned long long seed = 1; seed <= 2; seed++)
        {
          for (unsigned long long i = 0; i < 2048; i++)
            words[i] = pattern_word (done + i, seed);
          if (write_all ((int) seed, (const char *) words, now) < 0)
            return 1;
        }
      left -= now;
    }

  return 0;
}

/* digest: reads stdin to its end and says how much it was, and its FNV-1a. */
static int
mode_digest (int argc, char **argv)
{
  static unsigned char buffer[65536];
  unsigned long long digest = 14695981039346656037ULL;
  unsigned long long total = 0;
  ssize_t length;

  while ((length = read (STDIN_FILENO, buffer, sizeof buffer)) > 0)
    {
      for (ssize_t i = 0; i < length; i++)
        digest = (digest ^ buffer[i]) * 1099511628211ULL;
      total += (unsigned long long) length;
    }
  printf ("%llu %016llx\n", total, digest);

  return length < 0;
}

/* pump FILE: writes the pattern for ever; the file has the number of bytes that the pipe has taken,
 * as 8 bytes of memory.
 */
static int
mode_pump (int argc, char **argv)
{
  int fd = argc > 1 ? open (argv[1], O_RDWR | O_CLOEXEC) : -1;
  volatile unsigned long long *counter;
  unsigned long long words[512];

  live_at_most (200);
  if (fd < 0)
    return 125;
  counter = mmap (NULL, sizeof *counter, PROT_READ | PROT_WRITE, MAP_SHARED, fd, 0);
  if (counter == MAP_FAILED)
    return 124;
  for (;;)
    {
      for (unsigned long long i = 0; i < 512; i++)
        words[i] = pattern_word (*counter / 8 + i, 0);
      if (write_all (STDOUT_FILENO, (const char *) words, sizeof words) < 0)
        return 1;
      *counter += sizeof words;
    }
}

/* deaf FILE: closes stdin, makes the file with its pid, and stays. */
static int
mode_deaf (int argc, char **argv)
{
  live_at_most (100);
  close (STDIN_FILENO);
  if (argc < 2 || make_pid_file (argv[1]) != 0)
    return 125;
  for (;;)
    pause ();
}

static unsigned int
random_below (unsigned int *seed, unsigned int n)
{
  *seed = *seed * 1664525u + 1013904223u;
  return (*seed >> 8) % n;
}

/* Mostly not at all; a moment at most. */
static void
random_pause (unsigned int *seed)
{
  if (random_below (seed, 8) == 0)
    nanosleep (&(struct timespec) { .tv_nsec = (long) random_below (seed, 300) * 1000 }, NULL);
}

/* chop SEED: a cat that reads and writes in pieces of all sizes, with pauses. */
static int
mode_chop (int argc, char **argv)
{
  static char buffer[70000];
  unsigned int seed = argc > 1 ? (unsigned int) strtoul (argv[1], NULL, 10) : 0;
  ssize_t length;

  for (;;)
    {
      unsigned int largest = random_below (&seed, 4) == 0 ? (unsigned int) sizeof buffer : 200;

      length = read (STDIN_FILENO, buffer, 1 + random_below (&seed, largest));
      if (length <= 0)
        return length < 0;
      random_pause (&seed);
      for (ssize_t done = 0; done < length;)
        {
          size_t now = 1 + random_below (&seed, (unsigned int) (length - done));

          if (write_all (STDOUT_FILENO, buffer + done, now) < 0)
            return 1;
          done += (ssize_t) now;
          random_pause (&seed);
        }
    }
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
      for (;;)
        pause ();
    }
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

static void
stay (void)
{
  for (;;)
    pause ();
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
  return 0;
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
  return 0;
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
  return 0;
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
  return 0;
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
  return 0;
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
  { "open-fds", mode_open_fds },
  { "signals", mode_signals },
  { "ids", mode_ids },
  { "env", mode_env },
  { "kill-self", mode_kill_self },
  { "args", mode_args },
  { "say", mode_say },
  { "flood", mode_flood },
  { "lines", mode_lines },
  { "gate", mode_gate },
  { "mark", mode_mark },
  { "close-stdin", mode_close_stdin },
  { "leader-ends", mode_leader_ends },
  { "block-all", mode_block_all },
  { "nonblocking", mode_nonblocking },
  { "hold", mode_hold },
  { "ignore-term", mode_ignore_term },
  { "on-term", mode_on_term },
  { "meet", mode_meet },
  { "trace", mode_trace },
  { "vfork", mode_vfork },
  { "pattern", mode_pattern },
  { "patterns", mode_patterns },
  { "digest", mode_digest },
  { "pump", mode_pump },
  { "deaf", mode_deaf },
  { "chop", mode_chop },
  { "stdio", mode_stdio },
  { "terminal", mode_terminal },
  { "raw-read", mode_raw_read },
  { "brood", mode_brood },
  { "fork-on-term", mode_fork_on_term },
  { "daemon", mode_daemon },
  { "leave-group", mode_leave_group },
  { "log-signals", mode_log_signals },
};

/* argv[0] is the mode's name. */
static int
run_mode (int argc, char **argv)
{
  for (size_t i = 0; argc > 0 && i < sizeof modes / sizeof modes[0]; i++)
    {
      if (strcmp (argv[0], modes[i].name) == 0)
        {
          int code = modes[i].run (argc, argv);

          if (fflush (stdout) != 0 && code == 0)
            code = 1;
          return code;
        }
    }

  fprintf (stderr, "test-child: no such mode: %s\n", argc > 0 ? argv[0] : "(none)");
  return 125;
}

int
main (int argc, char **argv)
{
  return run_mode (argc - 1, argv + 1);
}
