/* For tests of failures, which leave nothing: no byte either.
 *
 * SPDX-License-Identifier: LGPL-2.1-or-later
 */

#pragma once

#include <malloc.h>

#include "api-testing.h"

/* The memory that malloc() has given out, to all threads. It is exact where nothing keeps freed
 * memory for itself (G_SLICE, GLIBC_TUNABLES: tests/meson.build), and always the same where
 * malloc() is a sanitizer's or valgrind's, which look for leaks themselves.
 */
static inline gsize
count_bytes (void)
{
  return mallinfo2 ().uordblks;
}

/* After it was done @n times there is less than the smallest leak would be; a few times say
 * nothing. A message may be on its way still, so it is looked at for a while.
 */
static inline void
assert_no_bytes (gsize before,
                 guint n)
{
  gint64 deadline = g_get_monotonic_time () + 10 * G_TIME_SPAN_SECOND;
  GMainContext *context = g_main_context_get_thread_default ();

  if (g_getenv ("GLIBC_TUNABLES") == NULL || n < 500)
    return;
  while (count_bytes () > before + n * 4 && g_get_monotonic_time () < deadline)
    {
      while (g_main_context_iteration (context, FALSE))
        ;
      g_usleep (1000);
    }
  g_assert_cmpuint (count_bytes (), <=, before + n * 4);
}

static inline ProctorResult *
fail_to_run (ProctorCommand  *command,
             GError         **error)
{
  ProctorResult *result = way_run (command, NULL, NULL, error);

  g_assert_null (result);
  g_assert_nonnull (*error);
  return result;
}
