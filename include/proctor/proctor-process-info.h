/* Proctor: subprocesses for C programs on GLib
 *
 * SPDX-License-Identifier: LGPL-2.1-or-later
 */

#pragma once

#include <glib-object.h>

#include <proctor/proctor-macros.h>
#include <proctor/proctor-types.h>

G_BEGIN_DECLS

#define PROCTOR_TYPE_PROCESS_INFO (proctor_process_info_get_type ())

PROCTOR_AVAILABLE_IN_1_0
GType proctor_process_info_get_type (void);

PROCTOR_AVAILABLE_IN_1_0
ProctorProcessInfo *proctor_process_info_copy (const ProctorProcessInfo *self);
PROCTOR_AVAILABLE_IN_1_0
void proctor_process_info_free (ProctorProcessInfo *self);

PROCTOR_AVAILABLE_IN_1_0
GPid proctor_process_info_get_pid (const ProctorProcessInfo *self);
PROCTOR_AVAILABLE_IN_1_0
GPid proctor_process_info_get_parent_pid (const ProctorProcessInfo *self);
PROCTOR_AVAILABLE_IN_1_0
const char *proctor_process_info_get_name (const ProctorProcessInfo *self);

G_DEFINE_AUTOPTR_CLEANUP_FUNC (ProctorProcessInfo, proctor_process_info_free)

G_END_DECLS
