/* Proctor: subprocesses for C programs on GLib
 *
 * SPDX-License-Identifier: LGPL-2.1-or-later
 */

#pragma once

#include <proctor/proctor-macros.h>
#include <proctor/proctor-types.h>

G_BEGIN_DECLS

PROCTOR_AVAILABLE_IN_1_0
gboolean proctor_init (GError **error);
PROCTOR_AVAILABLE_IN_1_0
ProctorChildWatcher *proctor_dup_child_watcher (GError **error);

G_END_DECLS
