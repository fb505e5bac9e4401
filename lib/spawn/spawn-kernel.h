/* Numbers of the kernel's interface that the C library's headers may be too old for. They are the
 * same on every architecture that has been given a system call since Linux 5.1.
 *
 * SPDX-License-Identifier: LGPL-2.1-or-later
 */

#pragma once

#include <sched.h>
#include <signal.h>
#include <sys/syscall.h>
#include <sys/wait.h>
#include <unistd.h>

#ifndef SYS_pidfd_send_signal
#define SYS_pidfd_send_signal 424
#endif
#ifndef SYS_pidfd_open
#define SYS_pidfd_open 434
#endif
#ifndef SYS_close_range
#define SYS_close_range 436
#endif
#ifndef CLONE_PIDFD
#define CLONE_PIDFD 0x00001000
#endif
#ifndef CLOSE_RANGE_UNSHARE
#define CLOSE_RANGE_UNSHARE (1U << 1)
#endif
#ifndef CLOSE_RANGE_CLOEXEC
#define CLOSE_RANGE_CLOEXEC (1U << 2)
#endif

/* An enumerator in newer C libraries, absent in older ones, so it goes by another name here. */
#define KERNEL_P_PIDFD ((idtype_t) 3)

/* The kernel's signal set, which is not the C library's: 64 signals (128 on MIPS), and the two that
 * the C library keeps for itself are in it.
 */
#define KERNEL_SIGSET_BYTES ((_NSIG - 1) / 8)
#define KERNEL_SIGSET_WORDS (KERNEL_SIGSET_BYTES / sizeof (unsigned long))

typedef struct
{
  unsigned long words[KERNEL_SIGSET_WORDS];
} KernelSigset;
