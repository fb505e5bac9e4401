/* Proctor: subprocesses for C programs on GLib
 *
 * SPDX-License-Identifier: LGPL-2.1-or-later
 */

#pragma once

#include <proctor/proctor-macros.h>

G_BEGIN_DECLS

PROCTOR_AVAILABLE_IN_1_0
char *proctor_shell_quote (const char *argument);
PROCTOR_AVAILABLE_IN_1_0
char *proctor_shell_join (const char * const *argv);

G_END_DECLS
