/* SPDX-License-Identifier: LGPL-2.1-or-later */

/* Thread: ANY. */

#include "config.h"

#include <proctor/proctor.h>

/**
 * proctor_error_quark:
 *
 * Gives the domain of the library's own errors, which is %PROCTOR_ERROR in C.
 *
 * Thread safety: any thread.
 *
 * Returns: the domain
 *
 * Since: 1.0
 */
/* Not G_DEFINE_QUARK: what that keeps is written by every thread that comes first. */
GQuark
proctor_error_quark (void)
{
  static gsize quark;

  if (g_once_init_enter (&quark))
    g_once_init_leave (&quark, g_quark_from_static_string ("proctor-error-quark"));

  return (GQuark) quark;
}
