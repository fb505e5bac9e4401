/* Proctor: subprocesses for C programs on GLib
 *
 * SPDX-License-Identifier: LGPL-2.1-or-later
 */

#pragma once

#include <gio/gio.h>

#include <proctor/proctor-macros.h>
#include <proctor/proctor-types.h>

G_BEGIN_DECLS

#define PROCTOR_TYPE_PIPELINE (proctor_pipeline_get_type ())

PROCTOR_AVAILABLE_IN_1_0
G_DECLARE_FINAL_TYPE (ProctorPipeline, proctor_pipeline, PROCTOR, PIPELINE, GObject)

PROCTOR_AVAILABLE_IN_1_0
ProctorPipeline *proctor_pipeline_new (void);
PROCTOR_AVAILABLE_IN_1_0
void proctor_pipeline_add (ProctorPipeline *self,
                           ProctorCommand  *command);
PROCTOR_AVAILABLE_IN_1_0
guint proctor_pipeline_get_n_stages (ProctorPipeline *self);
PROCTOR_AVAILABLE_IN_1_0
void proctor_pipeline_set_pipefail (ProctorPipeline *self,
                                    gboolean         pipefail);
PROCTOR_AVAILABLE_IN_1_0
gboolean proctor_pipeline_get_pipefail (ProctorPipeline *self);
PROCTOR_AVAILABLE_IN_1_0
void proctor_pipeline_set_timeout (ProctorPipeline *self,
                                   GTimeSpan        timeout);

PROCTOR_AVAILABLE_IN_1_0
ProctorPipelineResult *proctor_pipeline_run (ProctorPipeline  *self,
                                             GBytes           *input,
                                             GCancellable     *cancellable,
                                             GError          **error);
PROCTOR_AVAILABLE_IN_1_0
void proctor_pipeline_run_async (ProctorPipeline     *self,
                                 GBytes              *input,
                                 GCancellable        *cancellable,
                                 GAsyncReadyCallback  callback,
                                 gpointer             user_data);
PROCTOR_AVAILABLE_IN_1_0
ProctorPipelineResult *proctor_pipeline_run_finish (ProctorPipeline  *self,
                                                    GAsyncResult     *result,
                                                    GError          **error);

#define PROCTOR_TYPE_PIPELINE_RESULT (proctor_pipeline_result_get_type ())

PROCTOR_AVAILABLE_IN_1_0
G_DECLARE_FINAL_TYPE (ProctorPipelineResult, proctor_pipeline_result, PROCTOR, PIPELINE_RESULT,
                      GObject)

PROCTOR_AVAILABLE_IN_1_0
guint proctor_pipeline_result_get_n_stages (ProctorPipelineResult *self);
PROCTOR_AVAILABLE_IN_1_0
ProctorResult *proctor_pipeline_result_get_stage (ProctorPipelineResult *self,
                                                  guint                  index);
PROCTOR_AVAILABLE_IN_1_0
int proctor_pipeline_result_get_returncode (ProctorPipelineResult *self);
PROCTOR_AVAILABLE_IN_1_0
GBytes *proctor_pipeline_result_get_stdout (ProctorPipelineResult *self);
PROCTOR_AVAILABLE_IN_1_0
char *proctor_pipeline_result_dup_stdout_utf8 (ProctorPipelineResult  *self,
                                               GError                **error);
PROCTOR_AVAILABLE_IN_1_0
gboolean proctor_pipeline_result_is_timed_out (ProctorPipelineResult *self);
PROCTOR_AVAILABLE_IN_1_0
gboolean proctor_pipeline_result_check (ProctorPipelineResult  *self,
                                        GError                **error);

G_END_DECLS
