/* For AddressSanitizer of gcc 12, which searches for leaks at exit. It finds the stack of a thread by
 * the thread's number, and among the finished threads too: where a thread has got the number of
 * a finished one its stack is not looked at, and what nothing else knows is taken for lost. Numbers
 * come round while a test starts thousands of children. There is no search then.
 *
 * SPDX-License-Identifier: LGPL-2.1-or-later
 */

/* Thread: ANY. */

#include "config.h"

#include <dlfcn.h>
#include <pthread.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/syscall.h>
#include <unistd.h>

#include <glib.h>

#define MAX_THREADS (1 << 22) /* PID_MAX_LIMIT of the kernel */

typedef struct
{
  void *(*func) (void *data);
  void *data;
} Start;

int __lsan_is_turned_off (void);

static guint finished[MAX_THREADS / 32]; /* atomic; a bit each */
static pthread_key_t finish_key;

static guint
own_number (void)
{
  return (guint) syscall (SYS_gettid) % MAX_THREADS;
}

static void
note_finish (void *data)
{
  guint number = own_number ();

  g_atomic_int_or (&finished[number / 32], 1u << number % 32);
}

static gboolean
has_finished (guint number)
{
  return (g_atomic_int_get (&finished[number / 32]) & 1u << number % 32) != 0;
}

static void *
run_thread (void *data)
{
  Start start = *(Start *) data;

  free (data);
  pthread_setspecific (finish_key, &finish_key);
  return start.func (start.data);
}

static void __attribute__ ((constructor))
make_key (void)
{
  pthread_key_create (&finish_key, note_finish);
}

/* In place of AddressSanitizer's, which it calls. */
int
pthread_create (pthread_t            *thread,
                const pthread_attr_t *attr,
                void *(*func) (void *data),
                void *data)
{
  int (*next) (pthread_t *, const pthread_attr_t *, void *(*) (void *), void *) =
    dlsym (RTLD_NEXT, "pthread_create");
  Start *start = malloc (sizeof *start);
  int result;

  *start = (Start){ func, data };
  result = next (thread, attr, run_thread, start);
  if (result != 0)
    free (start);
  return result;
}

/* Asked before the search. The first thread is never a finished one's successor. */
int
__lsan_is_turned_off (void)
{
  g_autoptr(GDir) threads = g_dir_open ("/proc/self/task", 0, NULL);
  const char *name;

  while (threads != NULL && (name = g_dir_read_name (threads)) != NULL)
    {
      guint number = (guint) atoi (name) % MAX_THREADS;

      if (has_finished (number))
        {
          fprintf (stderr, "No search for leaks: thread %u has the number of a finished one\n",
                   number);
          return 1;
        }
    }
  return 0;
}
