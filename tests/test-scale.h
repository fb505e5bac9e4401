/* For tests: how much to do, and where.
 *
 * SPDX-License-Identifier: LGPL-2.1-or-later
 */

#pragma once

#include <string.h>

#include <glib.h>

/* PROCTOR_TEST_SCALE: how much a test does, where it repeats something; 1 where it is not set. */
static inline double
test_scale (void)
{
  const char *scale = g_getenv ("PROCTOR_TEST_SCALE");

  return scale != NULL ? g_ascii_strtod (scale, NULL) : 1.0;
}

static inline guint
scaled (guint n)
{
  return MAX (1, (guint) (n * test_scale ()));
}

static inline gboolean
is_in_valgrind (void)
{
  const char *preload = g_getenv ("LD_PRELOAD");

  return preload != NULL && strstr (preload, "vgpreload") != NULL;
}
