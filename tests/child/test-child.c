/* Chooses the mode; what several modes do.
 *
 * SPDX-License-Identifier: LGPL-2.1-or-later
 */

#include <errno.h>
#include <limits.h>
#include <stdio.h>
#include <string.h>
#include <time.h>
#include <unistd.h>

#include "child.h"

int
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

/* A child that waits for something ends all the same, long after every test. */
void
live_at_most (unsigned int seconds)
{
  alarm (seconds);
}

/* The file appears with its content, in one step. */
int
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

int
make_pid_file (const char *path)
{
  char text[32];

  snprintf (text, sizeof text, "%d\n", (int) getpid ());
  return make_file (path, text);
}

void
nap (void)
{
  nanosleep (&(struct timespec) { .tv_nsec = 1000 * 1000 }, NULL);
}

void
await_file (const char *path)
{
  live_at_most (100);
  while (access (path, F_OK) < 0)
    nap ();
}

void
stay (void)
{
  for (;;)
    pause ();
}

static int
run (const ChildMode *mode, int argc, char **argv)
{
  int code = mode->run (argc, argv);

  if (fflush (stdout) != 0 && code == 0)
    code = 1;
  return code;
}

/* argv[0] is the mode's name. */
int
run_mode (int argc, char **argv)
{
  static const ChildMode *const tables[] = { report_modes, data_modes, end_modes,
                                             descendant_modes };

  for (size_t i = 0; argc > 0 && i < sizeof tables / sizeof tables[0]; i++)
    {
      for (const ChildMode *mode = tables[i]; mode->name != NULL; mode++)
        {
          if (strcmp (argv[0], mode->name) == 0)
            return run (mode, argc, argv);
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
