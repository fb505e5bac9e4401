/* Proctor: subprocesses for C programs on GLib
 *
 * SPDX-License-Identifier: LGPL-2.1-or-later
 */

#pragma once

#include <gio/gio.h>

#include <proctor/proctor-enums.h>
#include <proctor/proctor-macros.h>

G_BEGIN_DECLS

PROCTOR_AVAILABLE_IN_1_0
gboolean proctor_trace_start (const char          *path,
                              ProctorTraceFormat   format,
                              GError             **error);
PROCTOR_AVAILABLE_IN_1_0
gboolean proctor_trace_stop (GError **error);

G_END_DECLS
