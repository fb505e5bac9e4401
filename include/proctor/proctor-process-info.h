/* Proctor: subprocesses for C programs on GLib
 *
 * SPDX-License-Identifier: LGPL-2.1-or-later
 */

#pragma once

#if !defined(PROCTOR_INSIDE) && !defined(PROCTOR_COMPILATION)
#error "Only <proctor/proctor.h> can be included directly."
#endif

#include <glib-object.h>

#include <proctor/proctor-enums.h>
#include <proctor/proctor-macros.h>
#include <proctor/proctor-types.h>

G_BEGIN_DECLS

#define PROCTOR_TYPE_PROCESS_INFO (proctor_process_info_get_type ())

PROCTOR_AVAILABLE_IN_1_0
G_DECLARE_FINAL_TYPE (ProctorProcessInfo, proctor_process_info, PROCTOR, PROCESS_INFO, GObject)

PROCTOR_AVAILABLE_IN_1_0
guint64 proctor_process_info_get_serial (ProctorProcessInfo *self);
PROCTOR_AVAILABLE_IN_1_0
GPid proctor_process_info_get_pid (ProctorProcessInfo *self);
PROCTOR_AVAILABLE_IN_1_0
const char * const *proctor_process_info_get_argv (ProctorProcessInfo *self);
PROCTOR_AVAILABLE_IN_1_0
const char *proctor_process_info_get_command_line (ProctorProcessInfo *self);
PROCTOR_AVAILABLE_IN_1_0
ProctorProcessState proctor_process_info_get_state (ProctorProcessInfo *self);
PROCTOR_AVAILABLE_IN_1_0
gboolean proctor_process_info_get_returncode (ProctorProcessInfo *self,
                                              int                *returncode);
PROCTOR_AVAILABLE_IN_1_0
gint64 proctor_process_info_get_start_time (ProctorProcessInfo *self);
PROCTOR_AVAILABLE_IN_1_0
gint64 proctor_process_info_get_end_time (ProctorProcessInfo *self);

G_END_DECLS
