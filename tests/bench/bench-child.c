/* Writes so many bytes to stdout, 64 KiB at a time: bench-child BYTES
 *
 * SPDX-License-Identifier: LGPL-2.1-or-later
 */

#include <stdlib.h>
#include <unistd.h>

static char buffer[64 * 1024];

int
main (int    argc,
      char **argv)
{
  long left = argc > 1 ? strtol (argv[1], NULL, 10) : 0;

  while (left > 0)
    {
      size_t piece = left < (long) sizeof buffer ? (size_t) left : sizeof buffer;
      ssize_t n = write (STDOUT_FILENO, buffer, piece);

      if (n < 0)
        return 1;
      left -= n;
    }

  return 0;
}
