/* To be preloaded: clone as in Linux 5.1, which ignores CLONE_PIDFD without a word. For the test
 * setup `no_clone_pidfd`.
 *
 * SPDX-License-Identifier: LGPL-2.1-or-later
 */

#include <dlfcn.h>
#include <sched.h>
#include <stdarg.h>
#include <stdlib.h>

#ifndef CLONE_PIDFD
#define CLONE_PIDFD 0x00001000
#endif

typedef int (*CloneFunc) (int (*function) (void *), void *stack, int flags, void *data, ...);

int __clone (int (*function) (void *), void *stack, int flags, void *data, ...);

static CloneFunc real_clone;

/* Not in __clone(): a look-up takes locks. */
static void __attribute__ ((constructor))
find_clone (void)
{
  real_clone = (CloneFunc) dlsym (RTLD_NEXT, "__clone");
  if (real_clone == NULL)
    abort ();
}

int
__clone (int (*function) (void *),
         void *stack,
         int   flags,
         void *data,
         ...)
{
  va_list args;
  int *id_location;

  va_start (args, data);
  id_location = va_arg (args, int *);
  va_end (args);

  return real_clone (function, stack, flags & ~CLONE_PIDFD, data, id_location, NULL, NULL);
}
