/* SPDX-License-Identifier: LGPL-2.1-or-later */

#pragma once

#include <proctor/proctor.h>

G_BEGIN_DECLS

/* @stages (of ProctorResult) is taken. */
ProctorPipelineResult *proctor_pipeline_result_new (GPtrArray *stages,
                                                    gboolean   pipefail);

G_END_DECLS
