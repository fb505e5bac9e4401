/* A child that tells, as JSON on its stdout, how it was started: one member on each line.
 *
 * What it opens itself is not in it. With arguments "hold FD" it waits afterwards until there is an
 * end of file on FD.
 *
 * SPDX-License-Identifier: LGPL-2.1-or-later
 */

#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <grp.h>
#include <limits.h>
#include <sched.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/ioctl.h>
#include <sys/prctl.h>
#include <sys/resource.h>
#include <sys/stat.h>
#include <sys/syscall.h>
#include <unistd.h>

#define MAX_CPUS 8192
#define MAX_GROUPS 65536
#define IOPRIO_WHO_PROCESS 1
#define IOPRIO_CLASS_SHIFT 13

extern char **environ;

static FILE *out;

static void
print_string (const char *bytes,
              size_t      length)
{
  fputc ('"', out);
  for (size_t i = 0; i < length; i++)
    {
      unsigned char byte = (unsigned char) bytes[i];

      /* Not UTF-8, perhaps: every byte above ASCII is shown as a character of Latin-1. */
      if (byte == '"' || byte == '\\')
        fprintf (out, "\\%c", byte);
      else if (byte < 0x20 || byte > 0x7e)
        fprintf (out, "\\u%04x", byte);
      else
        fputc (byte, out);
    }
  fputc ('"', out);
}

static void
begin (const char *key)
{
  fprintf (out, ",\n\"%s\": ", key);
}

static void
print_number (const char *key,
              long        value)
{
  begin (key);
  fprintf (out, "%ld", value);
}

static void
print_strings (const char  *key,
               char       **strings,
               int          names_only)
{
  begin (key);
  fputc ('[', out);
  for (char **string = strings; *string != NULL; string++)
    {
      if (string != strings)
        fputs (", ", out);
      print_string (*string, names_only ? strcspn (*string, "=") : strlen (*string));
    }
  fputc (']', out);
}

static int
compare_numbers (const void *a,
                 const void *b)
{
  unsigned left = *(const unsigned *) a;
  unsigned right = *(const unsigned *) b;

  return (left > right) - (left < right);
}

static void
print_numbers (const char *key,
               unsigned   *numbers,
               size_t      n)
{
  qsort (numbers, n, sizeof numbers[0], compare_numbers);
  begin (key);
  fputc ('[', out);
  for (size_t i = 0; i < n; i++)
    fprintf (out, "%s%u", i > 0 ? ", " : "", numbers[i]);
  fputc (']', out);
}

static void
print_fds (unsigned *fds,
           size_t    n_fds)
{
  print_numbers ("fds", fds, n_fds);
}

/* Before anything is opened here. */
static size_t
list_fds (unsigned *fds,
          size_t    max)
{
  DIR *directory = opendir ("/proc/self/fd");
  struct dirent *entry;
  size_t n = 0;

  if (directory == NULL)
    return 0;
  while ((entry = readdir (directory)) != NULL && n < max)
    {
      if (entry->d_name[0] != '.' && atoi (entry->d_name) != dirfd (directory))
        fds[n++] = (unsigned) atoi (entry->d_name);
    }
  closedir (directory);

  return n;
}

static void
print_ids (void)
{
  static gid_t groups[MAX_GROUPS];
  uid_t uid[3] = { 0 };
  gid_t gid[3] = { 0 };
  int n = getgroups (MAX_GROUPS, groups);

  getresuid (&uid[0], &uid[1], &uid[2]);
  getresgid (&gid[0], &gid[1], &gid[2]);
  begin ("uid");
  fprintf (out, "[%u, %u, %u]", uid[0], uid[1], uid[2]);
  begin ("gid");
  fprintf (out, "[%u, %u, %u]", gid[0], gid[1], gid[2]);
  print_numbers ("groups", groups, n > 0 ? (size_t) n : 0);
}

/* What a child that has given up its rights would try to have them back. */
static void
print_way_back (void)
{
  gid_t root = 0;

  begin ("way_back");
  fprintf (out, "%s",
           setresuid (-1, 0, -1) == 0 || setresgid (-1, 0, -1) == 0 || setgroups (1, &root) == 0
               || setuid (0) == 0
             ? "true"
             : "false");
}

static void
print_rlimits (void)
{
  static const char * const names[RLIM_NLIMITS] = {
    [RLIMIT_CPU] = "CPU",           [RLIMIT_FSIZE] = "FSIZE",
    [RLIMIT_DATA] = "DATA",         [RLIMIT_STACK] = "STACK",
    [RLIMIT_CORE] = "CORE",         [RLIMIT_RSS] = "RSS",
    [RLIMIT_NPROC] = "NPROC",       [RLIMIT_NOFILE] = "NOFILE",
    [RLIMIT_MEMLOCK] = "MEMLOCK",   [RLIMIT_AS] = "AS",
    [RLIMIT_LOCKS] = "LOCKS",       [RLIMIT_SIGPENDING] = "SIGPENDING",
    [RLIMIT_MSGQUEUE] = "MSGQUEUE", [RLIMIT_NICE] = "NICE",
    [RLIMIT_RTPRIO] = "RTPRIO",     [RLIMIT_RTTIME] = "RTTIME",
  };

  for (int resource = 0; resource < RLIM_NLIMITS; resource++)
    {
      struct rlimit limit = { 0 };

      getrlimit (resource, &limit);
      fprintf (out, ",\n\"rlimit_%s\": [", names[resource]);
      for (int i = 0; i < 2; i++)
        {
          rlim_t value = i == 0 ? limit.rlim_cur : limit.rlim_max;

          if (value == RLIM_INFINITY)
            fputs ("null", out);
          else
            fprintf (out, "%llu", (unsigned long long) value);
          fputs (i == 0 ? ", " : "]", out);
        }
    }
}

static void
print_priorities (void)
{
  static unsigned cpus[MAX_CPUS];
  size_t size = CPU_ALLOC_SIZE (MAX_CPUS);
  cpu_set_t *set = CPU_ALLOC (MAX_CPUS);
  int io = (int) syscall (SYS_ioprio_get, IOPRIO_WHO_PROCESS, 0);
  size_t n = 0;

  print_number ("nice", getpriority (PRIO_PROCESS, 0));
  begin ("io_priority");
  fprintf (out, "[%d, %d]", io >> IOPRIO_CLASS_SHIFT, io & 7);

  CPU_ZERO_S (size, set);
  sched_getaffinity (0, size, set);
  for (unsigned cpu = 0; cpu < MAX_CPUS; cpu++)
    {
      if (CPU_ISSET_S (cpu, size, set))
        cpus[n++] = cpu;
    }
  CPU_FREE (set);
  print_numbers ("cpus", cpus, n);
}

/* The rest of the line that begins with @prefix, or of the first one. */
static void
print_line (const char *key,
            const char *path,
            const char *prefix)
{
  FILE *file = fopen (path, "re");
  char line[4096];

  begin (key);
  while (file != NULL && fgets (line, sizeof line, file) != NULL)
    {
      const char *value = line + strlen (prefix);

      if (strncmp (line, prefix, strlen (prefix)) != 0)
        continue;
      value += strspn (value, " \t");
      print_string (value, strcspn (value, "\n"));
      fclose (file);
      return;
    }
  if (file != NULL)
    fclose (file);
  fputs ("null", out);
}

static void
print_signals (void)
{
  unsigned ignored[_NSIG];
  unsigned handled[_NSIG];
  unsigned blocked[_NSIG];
  size_t n_ignored = 0;
  size_t n_handled = 0;
  size_t n_blocked = 0;
  sigset_t mask;

  sigprocmask (SIG_BLOCK, NULL, &mask);
  for (int signum = 1; signum < _NSIG; signum++)
    {
      struct sigaction action;

      if (sigismember (&mask, signum) == 1)
        blocked[n_blocked++] = (unsigned) signum;
      if (sigaction (signum, NULL, &action) != 0)
        continue;
      if (action.sa_handler == SIG_IGN)
        ignored[n_ignored++] = (unsigned) signum;
      else if (action.sa_handler != SIG_DFL)
        handled[n_handled++] = (unsigned) signum;
    }

  print_numbers ("ignored_signals", ignored, n_ignored);
  print_numbers ("handled_signals", handled, n_handled);
  print_numbers ("blocked_signals", blocked, n_blocked);
}

static void
print_place (void)
{
  char cwd[PATH_MAX];
  mode_t mask = umask (0);
  pid_t terminal_session = -1;
  int terminal = open ("/dev/tty", O_RDWR | O_NOCTTY | O_CLOEXEC);

  print_number ("pid", getpid ());
  print_number ("ppid", getppid ());
  print_number ("sid", getsid (0));
  print_number ("pgid", getpgid (0));
  print_number ("umask", (long) mask);
  begin ("cwd");
  if (getcwd (cwd, sizeof cwd) != NULL)
    print_string (cwd, strlen (cwd));
  else
    fputs ("null", out);

  /* The session of the controlling terminal, or -1 where there is none. */
  if (terminal >= 0)
    {
      ioctl (terminal, TIOCGSID, &terminal_session);
      close (terminal);
    }
  print_number ("terminal_session", terminal_session);
}

static void
print_bonds (void)
{
  int death_signal = -1;

  prctl (PR_GET_PDEATHSIG, &death_signal);
  print_number ("parent_death_signal", death_signal);
  print_number ("no_new_privs", prctl (PR_GET_NO_NEW_PRIVS, 0, 0, 0, 0));
  print_line ("oom_score_adj", "/proc/self/oom_score_adj", "");
  print_line ("cgroup", "/proc/self/cgroup", "0::");
  print_line ("cap_effective", "/proc/self/status", "CapEff:");
  print_line ("cap_ambient", "/proc/self/status", "CapAmb:");
}

int
main (int    argc,
      char **argv)
{
  unsigned fds[1024];
  size_t n_fds = list_fds (fds, 1024);
  size_t length;
  char *text;

  out = open_memstream (&text, &length);
  if (out == NULL)
    return 1;

  fputs ("{\n\"report\": 1", out);
  print_strings ("argv", argv, 0);
  print_strings ("environ", environ, 1);
  print_fds (fds, n_fds);
  print_place ();
  print_ids ();
  print_rlimits ();
  print_priorities ();
  print_signals ();
  print_bonds ();
  print_way_back ();
  fputs ("\n}\n", out);
  fclose (out);

  for (size_t done = 0; done < length;)
    {
      ssize_t n = write (STDOUT_FILENO, text + done, length - done);

      if (n < 0 && errno != EINTR)
        return 1;
      done += n > 0 ? (size_t) n : 0;
    }
  free (text);

  if (argc == 3 && strcmp (argv[1], "hold") == 0)
    {
      char byte;

      while (read (atoi (argv[2]), &byte, 1) > 0)
        ;
    }

  return 0;
}
