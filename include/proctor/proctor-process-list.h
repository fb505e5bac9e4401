/* Proctor: subprocesses for C programs on GLib
 *
 * SPDX-License-Identifier: LGPL-2.1-or-later
 */

#pragma once

#if !defined(PROCTOR_INSIDE) && !defined(PROCTOR_COMPILATION)
#error "Only <proctor/proctor.h> can be included directly."
#endif

#include <gio/gio.h>

#include <proctor/proctor-macros.h>
#include <proctor/proctor-types.h>

G_BEGIN_DECLS

#define PROCTOR_TYPE_PROCESS_LIST (proctor_process_list_get_type ())

PROCTOR_AVAILABLE_IN_1_0
G_DECLARE_FINAL_TYPE (ProctorProcessList, proctor_process_list, PROCTOR, PROCESS_LIST, GObject)

PROCTOR_AVAILABLE_IN_1_0
ProctorProcessList *proctor_process_list_new (GError **error);

PROCTOR_AVAILABLE_IN_1_0
void proctor_process_list_set_keep_finished (ProctorProcessList *self,
                                             guint               milliseconds);
PROCTOR_AVAILABLE_IN_1_0
guint proctor_process_list_get_keep_finished (ProctorProcessList *self);
PROCTOR_AVAILABLE_IN_1_0
void proctor_process_list_clear_finished (ProctorProcessList *self);

G_END_DECLS
