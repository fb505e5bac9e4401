/* Proctor: subprocesses for C programs on GLib
 *
 * SPDX-License-Identifier: LGPL-2.1-or-later
 */

#pragma once

#include <glib-object.h>

#include <proctor/proctor-macros.h>
#include <proctor/proctor-types.h>

G_BEGIN_DECLS

#define PROCTOR_TYPE_STOP_PLAN (proctor_stop_plan_get_type ())

PROCTOR_AVAILABLE_IN_1_0
GType proctor_stop_plan_get_type (void);

PROCTOR_AVAILABLE_IN_1_0
ProctorStopPlan *proctor_stop_plan_new (void);
PROCTOR_AVAILABLE_IN_1_0
ProctorStopPlan *proctor_stop_plan_copy (const ProctorStopPlan *self);
PROCTOR_AVAILABLE_IN_1_0
void proctor_stop_plan_free (ProctorStopPlan *self);

PROCTOR_AVAILABLE_IN_1_0
void proctor_stop_plan_add_step (ProctorStopPlan *self,
                                 int              signum,
                                 GTimeSpan        time);
PROCTOR_AVAILABLE_IN_1_0
guint proctor_stop_plan_get_n_steps (const ProctorStopPlan *self);
PROCTOR_AVAILABLE_IN_1_0
gboolean proctor_stop_plan_get_step (const ProctorStopPlan *self,
                                     guint                  index,
                                     int                   *signum,
                                     GTimeSpan             *time);

G_DEFINE_AUTOPTR_CLEANUP_FUNC (ProctorStopPlan, proctor_stop_plan_free)

G_END_DECLS
