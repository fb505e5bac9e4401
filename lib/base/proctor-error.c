/* SPDX-License-Identifier: LGPL-2.1-or-later */

/* Thread: ANY. */

#include "config.h"

#include <proctor/proctor.h>

/* Not G_DEFINE_QUARK: what that keeps is written by every thread that comes first. */
GQuark
proctor_error_quark (void)
{
  static gsize quark;

  if (g_once_init_enter (&quark))
    g_once_init_leave (&quark, g_quark_from_static_string ("proctor-error-quark"));

  return (GQuark) quark;
}
