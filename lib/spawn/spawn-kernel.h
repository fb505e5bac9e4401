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

#include <glib.h>

#ifndef SYS_pidfd_send_signal
#define SYS_pidfd_send_signal 424
#endif
#ifndef SYS_pidfd_open
#define SYS_pidfd_open 434
#endif
#ifndef SYS_close_range
#define SYS_close_range 436
#endif
#ifndef SYS_clone3
#define SYS_clone3 435
#endif
#ifndef CLONE_CLEAR_SIGHAND
#define CLONE_CLEAR_SIGHAND 0x100000000ULL
#endif
#ifndef CLONE_INTO_CGROUP
#define CLONE_INTO_CGROUP 0x200000000ULL
#endif

/* Some architectures have had user IDs of 16 bits; the calls for those of 32 bits have other names
 * there.
 */
#ifdef SYS_setresuid32
#define KERNEL_SETRESUID SYS_setresuid32
#define KERNEL_SETRESGID SYS_setresgid32
#define KERNEL_GETRESUID SYS_getresuid32
#define KERNEL_GETRESGID SYS_getresgid32
#define KERNEL_SETGROUPS SYS_setgroups32
#else
#define KERNEL_SETRESUID SYS_setresuid
#define KERNEL_SETRESGID SYS_setresgid
#define KERNEL_GETRESUID SYS_getresuid
#define KERNEL_GETRESGID SYS_getresgid
#define KERNEL_SETGROUPS SYS_setgroups
#endif

/* For ioprio_set (2), which the C library does not have. */
#define KERNEL_IOPRIO_WHO_PROCESS 1
#define KERNEL_IOPRIO_CLASS_SHIFT 13

#ifndef CLONE_PIDFD
#define CLONE_PIDFD 0x00001000
#endif
#ifndef CLOSE_RANGE_UNSHARE
#define CLOSE_RANGE_UNSHARE (1U << 1)
#endif
#ifndef CLOSE_RANGE_CLOEXEC
#define CLOSE_RANGE_CLOEXEC (1U << 2)
#endif

/* What clone3 (2) takes, up to what Linux 5.7 knows of it. */
typedef struct
{
  guint64 flags;
  guint64 pidfd;
  guint64 child_tid;
  guint64 parent_tid;
  guint64 exit_signal;
  guint64 stack;
  guint64 stack_size;
  guint64 tls;
  guint64 set_tid;
  guint64 set_tid_size;
  guint64 cgroup;
} KernelCloneArgs;

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
