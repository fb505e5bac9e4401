/* Proctor: subprocesses for C programs on GLib
 *
 * SPDX-License-Identifier: LGPL-2.1-or-later
 */

#pragma once

#include <glib-object.h>

#include <proctor/proctor-macros.h>
#include <proctor/proctor-types.h>

G_BEGIN_DECLS

#define PROCTOR_TYPE_DESCENDANT (proctor_descendant_get_type ())

PROCTOR_AVAILABLE_IN_1_0
GType proctor_descendant_get_type (void);

PROCTOR_AVAILABLE_IN_1_0
ProctorDescendant *proctor_descendant_copy (const ProctorDescendant *self);
PROCTOR_AVAILABLE_IN_1_0
void proctor_descendant_free (ProctorDescendant *self);

PROCTOR_AVAILABLE_IN_1_0
GPid proctor_descendant_get_pid (const ProctorDescendant *self);
PROCTOR_AVAILABLE_IN_1_0
GPid proctor_descendant_get_parent_pid (const ProctorDescendant *self);
PROCTOR_AVAILABLE_IN_1_0
const char *proctor_descendant_get_name (const ProctorDescendant *self);

G_DEFINE_AUTOPTR_CLEANUP_FUNC (ProctorDescendant, proctor_descendant_free)

G_END_DECLS
