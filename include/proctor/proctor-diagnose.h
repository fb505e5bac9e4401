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

#define PROCTOR_TYPE_FINDING (proctor_finding_get_type ())

PROCTOR_AVAILABLE_IN_1_0
GType proctor_finding_get_type (void);

PROCTOR_AVAILABLE_IN_1_0
ProctorFinding *proctor_finding_copy (const ProctorFinding *self);
PROCTOR_AVAILABLE_IN_1_0
void proctor_finding_free (ProctorFinding *self);

PROCTOR_AVAILABLE_IN_1_0
const char *proctor_finding_get_name (const ProctorFinding *self);
PROCTOR_AVAILABLE_IN_1_0
ProctorFindingState proctor_finding_get_state (const ProctorFinding *self);
PROCTOR_AVAILABLE_IN_1_0
const char *proctor_finding_get_sentence (const ProctorFinding *self);
PROCTOR_AVAILABLE_IN_1_0
const char *proctor_finding_get_way_out (const ProctorFinding *self);
PROCTOR_AVAILABLE_IN_1_0
GVariant *proctor_finding_get_values (const ProctorFinding *self);

PROCTOR_AVAILABLE_IN_1_0
GPtrArray *proctor_diagnose (GCancellable  *cancellable,
                             GError       **error);
PROCTOR_AVAILABLE_IN_1_0
void proctor_diagnose_async (GCancellable        *cancellable,
                             GAsyncReadyCallback  callback,
                             gpointer             user_data);
PROCTOR_AVAILABLE_IN_1_0
GPtrArray *proctor_diagnose_finish (GAsyncResult  *result,
                                    GError       **error);

G_DEFINE_AUTOPTR_CLEANUP_FUNC (ProctorFinding, proctor_finding_free)

G_END_DECLS
