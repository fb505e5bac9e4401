/* SPDX-License-Identifier: LGPL-2.1-or-later */

/* Thread: ANY. */

#include "config.h"

#include "base/base-thread.h"

#include <signal.h>
#include <stdlib.h>
#include <sys/mman.h>
#include <sys/syscall.h>
#include <unistd.h>

#include <proctor/proctor.h>

/* Enough for a system call and a message; there may be thousands of these threads. */
#define SMALL_STACK_SIZE (128 * 1024)

/* A forked copy's only thread is its main one, but may be remembered as another: the copy must not
 * come here, and need not.
 */
gboolean
thread_is_main (void)
{
  static _Thread_local enum { UNKNOWN, MAIN, OTHER } answer;

  if (G_UNLIKELY (answer == UNKNOWN))
    answer = (pid_t) syscall (SYS_gettid) == getpid () ? MAIN : OTHER;
  return answer == MAIN;
}

/* The mark lies on a page that the kernel empties in a forked copy (MADV_WIPEONFORK, Linux 4.14),
 * so that asking costs no system call. Where that cannot be had, the pid is compared.
 */
static const guint32 *
program_mark (pid_t *ret_pid)
{
  static gsize initialized;
  static guint32 *mark;
  static pid_t pid;

  if (g_once_init_enter (&initialized))
    {
      gsize size = (gsize) sysconf (_SC_PAGESIZE);
      void *page = mmap (NULL, size, PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);

      pid = getpid ();
      if (page != MAP_FAILED)
        {
          if (madvise (page, size, MADV_WIPEONFORK) == 0)
            {
              mark = page;
              *mark = 1;
            }
          else
            {
              munmap (page, size);
            }
        }
      g_once_init_leave (&initialized, 1);
    }

  *ret_pid = pid;
  return mark;
}

gboolean
program_is_forked_copy (void)
{
  pid_t pid;
  const guint32 *mark = program_mark (&pid);

  if (mark != NULL)
    return *mark == 0;

  return getpid () != pid;
}

/* The mark must be set before anything else can fork the program, so when the library is loaded. So
 * must the number of the error that copies get: g_once_init_enter() would wait in a copy for ever,
 * if another thread of the original was in it.
 */
static void __attribute__ ((constructor))
program_mark_at_load (void)
{
  (void) program_is_forked_copy ();
  (void) PROCTOR_ERROR;
}

gboolean
program_check_not_forked (GError **error)
{
  if (G_LIKELY (!program_is_forked_copy ()))
    return TRUE;

  /* Not translated: gettext and its wrapper in GLib have locks, too. */
  g_set_error_literal (
    error, PROCTOR_ERROR, PROCTOR_ERROR_FORKED,
    "This is a forked copy of the program that loaded Proctor; call exec before using it");
  return FALSE;
}

void
thread_block_signals (void)
{
  static const int synchronous[] = { SIGSEGV, SIGBUS, SIGFPE, SIGILL, SIGTRAP, SIGSYS, SIGABRT };
  sigset_t mask;

  sigfillset (&mask);
  for (gsize i = 0; i < G_N_ELEMENTS (synchronous); i++)
    sigdelset (&mask, synchronous[i]);
  pthread_sigmask (SIG_BLOCK, &mask, NULL);
}

int
thread_start_small (void   *(*function) (void *),
                    void    *data)
{
  pthread_attr_t attributes;
  pthread_t thread;
  sigset_t mask;
  int result;

  pthread_attr_init (&attributes);
  pthread_attr_setstacksize (&attributes, SMALL_STACK_SIZE);
  pthread_attr_setdetachstate (&attributes, PTHREAD_CREATE_DETACHED);

  /* It starts with its creator's mask, so there is no moment in which it could take a signal. */
  pthread_sigmask (SIG_SETMASK, NULL, &mask);
  thread_block_signals ();
  result = pthread_create (&thread, &attributes, function, data);
  pthread_sigmask (SIG_SETMASK, &mask, NULL);

  pthread_attr_destroy (&attributes);
  return result;
}
