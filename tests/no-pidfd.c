/* Runs a program in a world without pidfds, as in an old kernel or a strict sandbox: a wrapper for
 * the test setup `no_pidfd_seccomp`. waitid is left alone.
 *
 * SPDX-License-Identifier: LGPL-2.1-or-later
 */

#include <errno.h>
#include <linux/filter.h>
#include <linux/seccomp.h>
#include <sched.h>
#include <stddef.h>
#include <stdio.h>
#include <string.h>
#include <sys/prctl.h>
#include <sys/syscall.h>
#include <unistd.h>

#ifndef SYS_pidfd_send_signal
#define SYS_pidfd_send_signal 424
#endif
#ifndef SYS_pidfd_open
#define SYS_pidfd_open 434
#endif
#ifndef SYS_clone3
#define SYS_clone3 435
#endif
#ifndef CLONE_PIDFD
#define CLONE_PIDFD 0x00001000
#endif

#if __BYTE_ORDER__ == __ORDER_LITTLE_ENDIAN__
#define LOW_HALF 0
#else
#define LOW_HALF 4
#endif

#define LOAD(offset) BPF_STMT (BPF_LD | BPF_W | BPF_ABS, (offset))
#define ANSWER(value) BPF_STMT (BPF_RET | BPF_K, (value))
#define SKIP_UNLESS(value, n) BPF_JUMP (BPF_JMP | BPF_JEQ | BPF_K, (value), 0, (n))
#define NO_SUCH_CALL (SECCOMP_RET_ERRNO | ENOSYS)

int
main (int argc, char **argv)
{
  /* The flags are the first argument of clone on every architecture but s390 and cris. */
  struct sock_filter rules[] = {
    LOAD (offsetof (struct seccomp_data, nr)),
    SKIP_UNLESS (SYS_pidfd_open, 1),
    ANSWER (NO_SUCH_CALL),
    SKIP_UNLESS (SYS_pidfd_send_signal, 1),
    ANSWER (NO_SUCH_CALL),
    SKIP_UNLESS (SYS_clone3, 1),
    ANSWER (NO_SUCH_CALL),
    SKIP_UNLESS (SYS_clone, 3),
    LOAD (offsetof (struct seccomp_data, args[0]) + LOW_HALF),
    BPF_JUMP (BPF_JMP | BPF_JSET | BPF_K, CLONE_PIDFD, 0, 1),
    ANSWER (NO_SUCH_CALL),
    ANSWER (SECCOMP_RET_ALLOW),
  };
  struct sock_fprog program = { .len = sizeof rules / sizeof rules[0], .filter = rules };

  if (argc < 2)
    {
      fprintf (stderr, "usage: %s PROGRAM [ARGUMENT]…\n", argv[0]);
      return 125;
    }

  if (prctl (PR_SET_NO_NEW_PRIVS, 1, 0, 0, 0) < 0
      || prctl (PR_SET_SECCOMP, SECCOMP_MODE_FILTER, &program, 0, 0) < 0)
    {
      fprintf (stderr, "%s: %s\n", argv[0], strerror (errno));
      return 125;
    }

  execvp (argv[1], argv + 1);
  fprintf (stderr, "%s: %s: %s\n", argv[0], argv[1], strerror (errno));
  return 127;
}
