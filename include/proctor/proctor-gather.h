/* Proctor: subprocesses for C programs on GLib
 *
 * SPDX-License-Identifier: LGPL-2.1-or-later
 */

#pragma once

#include <gio/gio.h>

#include <proctor/proctor-macros.h>
#include <proctor/proctor-types.h>

G_BEGIN_DECLS

PROCTOR_AVAILABLE_IN_1_0
GPtrArray *proctor_gather (ProctorCommand * const  *commands,
                           gsize                    n_commands,
                           guint                    max_running,
                           GCancellable            *cancellable,
                           GError                 **error);
PROCTOR_AVAILABLE_IN_1_0
void proctor_gather_async (ProctorCommand * const *commands,
                           gsize                   n_commands,
                           guint                   max_running,
                           GCancellable           *cancellable,
                           GAsyncReadyCallback     callback,
                           gpointer                user_data);
PROCTOR_AVAILABLE_IN_1_0
GPtrArray *proctor_gather_finish (GAsyncResult  *result,
                                  GError       **error);

G_END_DECLS
