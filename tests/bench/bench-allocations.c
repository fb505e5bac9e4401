/* Counts what a peer allocates, for those who ask: the program's own malloc() and siblings, which
 * come before the C library's in all that it is linked with.
 *
 * SPDX-License-Identifier: LGPL-2.1-or-later
 */

/* Thread: ANY. */

#include "bench-peer.h"

#include <stdatomic.h>
#include <stdlib.h>

#if defined(__has_feature)
#if __has_feature(address_sanitizer) || __has_feature(thread_sanitizer)
#define IS_SANITIZED 1
#endif
#elif defined(__SANITIZE_ADDRESS__) || defined(__SANITIZE_THREAD__)
#define IS_SANITIZED 1
#endif

#if defined(__GLIBC__) && !defined(IS_SANITIZED)

/* What those of the C library are called when the names are somebody else's. */
extern void *__libc_malloc (size_t size);
extern void *__libc_calloc (size_t n_members,
                            size_t size);
extern void *__libc_realloc (void  *memory,
                             size_t size);

/* Set before there are threads. */
static bool is_counting;

/* atomic */
static atomic_long n_allocations;

static void
count_one (void)
{
  if (is_counting)
    atomic_fetch_add_explicit (&n_allocations, 1, memory_order_relaxed);
}

void *
malloc (size_t size)
{
  count_one ();
  return __libc_malloc (size);
}

void *
calloc (size_t n_members,
        size_t size)
{
  count_one ();
  return __libc_calloc (n_members, size);
}

void *
realloc (void  *memory,
         size_t size)
{
  count_one ();
  return __libc_realloc (memory, size);
}

void
bench_count_allocations (void)
{
  is_counting = true;
}

long
bench_get_allocations (void)
{
  return is_counting ? atomic_load (&n_allocations) : -1;
}

#else

void
bench_count_allocations (void)
{
}

long
bench_get_allocations (void)
{
  return -1;
}

#endif
