/* Proctor: subprocesses for C programs on GLib
 *
 * SPDX-License-Identifier: LGPL-2.1-or-later
 */

#pragma once

#include <gio/gio.h>

#include <proctor/proctor-macros.h>

G_BEGIN_DECLS

PROCTOR_AVAILABLE_IN_1_0
gboolean proctor_inspect_start (GError **error);
PROCTOR_AVAILABLE_IN_1_0
void proctor_inspect_stop (void);

G_END_DECLS
