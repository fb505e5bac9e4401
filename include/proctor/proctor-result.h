/* Proctor: subprocesses for C programs on GLib
 *
 * SPDX-License-Identifier: LGPL-2.1-or-later
 */

#pragma once

#include <sys/resource.h>

#include <gio/gio.h>

#include <proctor/proctor-macros.h>
#include <proctor/proctor-types.h>

G_BEGIN_DECLS

/**
 * PROCTOR_RETURNCODE_NONE:
 *
 * What [method@Result.get_returncode] says where there is no returncode: the spawn failed or the
 * status was lost.
 *
 * Since: 1.0
 */
#define PROCTOR_RETURNCODE_NONE (G_MININT)

#define PROCTOR_TYPE_RESULT (proctor_result_get_type ())

PROCTOR_AVAILABLE_IN_1_0
G_DECLARE_FINAL_TYPE (ProctorResult, proctor_result, PROCTOR, RESULT, GObject)

PROCTOR_AVAILABLE_IN_1_0
int proctor_result_get_returncode (ProctorResult *self);
PROCTOR_AVAILABLE_IN_1_0
GBytes *proctor_result_get_stdout (ProctorResult *self);
PROCTOR_AVAILABLE_IN_1_0
GBytes *proctor_result_get_stderr (ProctorResult *self);
PROCTOR_AVAILABLE_IN_1_0
char *proctor_result_dup_stdout_utf8 (ProctorResult  *self,
                                      GError        **error);
PROCTOR_AVAILABLE_IN_1_0
char *proctor_result_dup_stderr_utf8 (ProctorResult  *self,
                                      GError        **error);
PROCTOR_AVAILABLE_IN_1_0
gboolean proctor_result_is_timed_out (ProctorResult *self);
PROCTOR_AVAILABLE_IN_1_0
gboolean proctor_result_is_incomplete (ProctorResult *self);
PROCTOR_AVAILABLE_IN_1_0
gint64 proctor_result_get_start_time (ProctorResult *self);
PROCTOR_AVAILABLE_IN_1_0
GTimeSpan proctor_result_get_wall_time (ProctorResult *self);
PROCTOR_AVAILABLE_IN_1_0
GTimeSpan proctor_result_get_user_time (ProctorResult *self);
PROCTOR_AVAILABLE_IN_1_0
GTimeSpan proctor_result_get_system_time (ProctorResult *self);
PROCTOR_AVAILABLE_IN_1_0
gboolean proctor_result_get_rusage (ProctorResult *self,
                                    struct rusage *rusage);
PROCTOR_AVAILABLE_IN_1_0
gboolean proctor_result_get_peak_memory (ProctorResult *self,
                                         guint64       *bytes);
PROCTOR_AVAILABLE_IN_1_0
gboolean proctor_result_is_truncated (ProctorResult *self);
PROCTOR_AVAILABLE_IN_1_0
guint64 proctor_result_get_stdout_cut (ProctorResult *self);
PROCTOR_AVAILABLE_IN_1_0
guint64 proctor_result_get_stderr_cut (ProctorResult *self);
PROCTOR_AVAILABLE_IN_1_0
const GError *proctor_result_get_error (ProctorResult *self);
PROCTOR_AVAILABLE_IN_1_0
gboolean proctor_result_check (ProctorResult  *self,
                               GError        **error);

G_END_DECLS
