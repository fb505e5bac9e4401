/* Proctor: subprocesses for C programs on GLib
 *
 * SPDX-License-Identifier: LGPL-2.1-or-later
 */

#pragma once

#include <gio/gio.h>

#include <proctor/proctor-enums.h>
#include <proctor/proctor-macros.h>
#include <proctor/proctor-types.h>

G_BEGIN_DECLS

PROCTOR_AVAILABLE_IN_1_0
gboolean proctor_init (GError **error);
PROCTOR_AVAILABLE_IN_1_0
ProctorChildWatcher *proctor_dup_child_watcher (GError **error);
PROCTOR_AVAILABLE_IN_1_0
gboolean proctor_set_child_watcher (ProctorChildWatcher  *watcher,
                                    GError              **error);

PROCTOR_AVAILABLE_IN_1_0
gboolean proctor_shutdown (ProctorShutdownMode   mode,
                           GCancellable         *cancellable,
                           GError              **error);
PROCTOR_AVAILABLE_IN_1_0
void proctor_shutdown_async (ProctorShutdownMode  mode,
                             GCancellable        *cancellable,
                             GAsyncReadyCallback  callback,
                             gpointer             user_data);
PROCTOR_AVAILABLE_IN_1_0
gboolean proctor_shutdown_finish (GAsyncResult  *result,
                                  GError       **error);

G_END_DECLS
