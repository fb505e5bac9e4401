/* What goes through a child's pipes, or does not.
 *
 * SPDX-License-Identifier: LGPL-2.1-or-later
 */

#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <time.h>
#include <unistd.h>

#include "child.h"

/* echo WORD…: the words, joined by spaces, and a newline. */
static int
mode_echo (int argc, char **argv)
{
  for (int i = 1; i < argc; i++)
    printf ("%s%s", i > 1 ? " " : "", argv[i]);
  putchar ('\n');

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

/* close-stdin TEXT: closes stdin without reading it, writes the text, exits. */
static int
mode_close_stdin (int argc, char **argv)
{
  close (STDIN_FILENO);

  return argc > 1 && write_all (STDOUT_FILENO, argv[1], strlen (argv[1])) < 0;
}

/* deaf FILE: closes stdin, makes the file with its pid, and stays. */
static int
mode_deaf (int argc, char **argv)
{
  live_at_most (100);
  close (STDIN_FILENO);
  if (argc < 2 || make_pid_file (argv[1]) != 0)
    return 125;
  stay ();
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

const ChildMode data_modes[] = {
  { "echo", mode_echo },
  { "cat", mode_cat },
  { "say", mode_say },
  { "flood", mode_flood },
  { "lines", mode_lines },
  { "close-stdin", mode_close_stdin },
  { "deaf", mode_deaf },
  { "pattern", mode_pattern },
  { "patterns", mode_patterns },
  { "digest", mode_digest },
  { "pump", mode_pump },
  { "chop", mode_chop },
  { NULL, NULL },
};
