/* SPDX-License-Identifier: LGPL-2.1-or-later */

/* Thread: ANY. */

#include "config.h"

#include "spawn/spawn-clone.h"

#include <errno.h>
#include <pthread.h>
#include <string.h>
#include <sys/mman.h>

/* The child needs a few KiB: a buffer for directory entries, and, in programs that bind symbols
 * lazily, what the dynamic linker saves of the vector registers.
 */
#define STACK_SIZE (64 * 1024)

/* ThreadSanitizer replaces clone() by a version that takes the child for a new thread of this
 * process. The C library's own name for it is not replaced.
 */
#ifdef __GLIBC__
extern int __clone (int (*function) (void *), void *stack, int flags, void *data, ...);
#define plain_clone __clone
#else
#define plain_clone clone
#endif

static void
stack_free (gpointer base)
{
  munmap (base, STACK_SIZE + (gsize) sysconf (_SC_PAGESIZE));
}

/* One per thread that spawns: a thread has at most one child on its stack, since it sleeps until
 * that child has left it.
 */
static GPrivate thread_stack = G_PRIVATE_INIT (stack_free);

gboolean
spawn_stack_prepare (void)
{
  gsize page_size = (gsize) sysconf (_SC_PAGESIZE);
  void *base;

  if (g_private_get (&thread_stack) != NULL)
    return TRUE;

  base = mmap (NULL, STACK_SIZE + page_size, PROT_READ | PROT_WRITE,
               MAP_PRIVATE | MAP_ANONYMOUS | MAP_STACK, -1, 0);
  if (base == MAP_FAILED)
    return FALSE;

  /* Stacks grow down: an overflow shall end the child and not change the parent's memory. */
  if (mprotect (base, page_size, PROT_NONE) < 0)
    {
      int saved_errno = errno;

      munmap (base, STACK_SIZE + page_size);
      errno = saved_errno;
      return FALSE;
    }

  g_private_set (&thread_stack, base);
  return TRUE;
}

pid_t
spawn_clone (int   (*function) (void *),
             void   *data,
             int     flags,
             int    *id_location)
{
  char *base = g_private_get (&thread_stack);
  char *top = base + sysconf (_SC_PAGESIZE) + STACK_SIZE;

  return plain_clone (function, top, CLONE_VM | CLONE_VFORK | SIGCHLD | flags, data,
                      id_location, NULL, NULL);
}

/* Runs @function on the stack that @args says, in a child that shares this program's memory. There
 * is no function for it in the C library, and a function written in C could not return twice from
 * the system call on two stacks. Registers are all that the child has of its parent's frame.
 */
#if defined (__x86_64__) && defined (__LP64__)
static long
call_clone3 (KernelCloneArgs  *args,
             int             (*function) (void *),
             void             *data)
{
  register void *child_data __asm__ ("r8") = data;
  register void *child_function __asm__ ("r9") = (void *) function;
  long result = SYS_clone3;

  __asm__ volatile ("syscall\n\t"
                    "testq %%rax, %%rax\n\t"
                    "jnz 1f\n\t"
                    "xorl %%ebp, %%ebp\n\t"
                    "movq %%r8, %%rdi\n\t"
                    "callq *%%r9\n\t"
                    "hlt\n"
                    "1:"
                    : "+a"(result)
                    : "D"(args), "S"(sizeof *args), "r"(child_data), "r"(child_function)
                    : "rcx", "r11", "cc", "memory");

  return result;
}
#elif defined (__aarch64__) && defined (__LP64__)
static long
call_clone3 (KernelCloneArgs  *args,
             int             (*function) (void *),
             void             *data)
{
  register long number __asm__ ("x8") = SYS_clone3;
  register long result __asm__ ("x0") = (long) args;
  register long size __asm__ ("x1") = sizeof *args;
  register void *child_data __asm__ ("x9") = data;
  register void *child_function __asm__ ("x10") = (void *) function;

  __asm__ volatile ("svc #0\n\t"
                    "cbnz x0, 1f\n\t"
                    "mov x29, #0\n\t"
                    "mov x0, x9\n\t"
                    "blr x10\n\t"
                    "brk #0\n"
                    "1:"
                    : "+r"(result)
                    : "r"(number), "r"(size), "r"(child_data), "r"(child_function)
                    : "cc", "memory");

  return result;
}
#else
static long
call_clone3 (KernelCloneArgs  *args,
             int             (*function) (void *),
             void             *data)
{
  return -ENOSYS;
}
#endif

pid_t
spawn_clone3 (int   (*function) (void *),
              void   *data,
              int     flags,
              int    *id_location,
              int     cgroup)
{
  gsize page_size = (gsize) sysconf (_SC_PAGESIZE);
  char *base = g_private_get (&thread_stack);
  KernelCloneArgs args = {
    .flags = (guint32) (CLONE_VM | CLONE_VFORK | flags) | CLONE_CLEAR_SIGHAND,
    .exit_signal = SIGCHLD,
    .stack = (gsize) base + page_size,
    .stack_size = STACK_SIZE,
  };
  long result;

  if (cgroup >= 0)
    {
      args.flags |= CLONE_INTO_CGROUP;
      args.cgroup = (guint64) cgroup;
    }

  if ((flags & CLONE_PIDFD) != 0)
    args.pidfd = (gsize) id_location;
  else if ((flags & CLONE_PARENT_SETTID) != 0)
    args.parent_tid = (gsize) id_location;

  result = call_clone3 (&args, function, data);
  if (result >= 0)
    return (pid_t) result;

  errno = (int) -result;
  return -1;
}

/* The mask goes through the raw system call: the C library's wrapper leaves the two signals out
 * that it uses itself (thread cancellation, setuid in all threads), and their handlers must not run
 * in the child either.
 */
void
spawn_guard_enter (SpawnGuard *guard)
{
  KernelSigset all;

  memset (&all, 0xff, sizeof all);
  pthread_setcancelstate (PTHREAD_CANCEL_DISABLE, &guard->old_cancel_state);
  syscall (SYS_rt_sigprocmask, SIG_SETMASK, &all, &guard->old_mask, KERNEL_SIGSET_BYTES);
}

void
spawn_guard_leave (const SpawnGuard *guard)
{
  int ignored;

  syscall (SYS_rt_sigprocmask, SIG_SETMASK, &guard->old_mask, NULL, KERNEL_SIGSET_BYTES);
  pthread_setcancelstate (guard->old_cancel_state, &ignored);
}

void
spawn_reap (pid_t pid,
            int   pidfd)
{
  int result;

  do
    {
      siginfo_t info;

      if (pidfd >= 0)
        result = waitid (KERNEL_P_PIDFD, (id_t) pidfd, &info, WEXITED);
      else
        result = waitpid (pid, NULL, 0);
    }
  while (result < 0 && errno == EINTR);
}
