/* Proctor: subprocesses for C programs on GLib
 *
 * SPDX-License-Identifier: LGPL-2.1-or-later
 */

#pragma once

#include <glib-object.h>

G_BEGIN_DECLS

typedef struct _ProctorCommand ProctorCommand;
typedef struct _ProctorPipeline ProctorPipeline;
typedef struct _ProctorPipelineResult ProctorPipelineResult;
typedef struct _ProctorProcess ProctorProcess;
typedef struct _ProctorProcessInfo ProctorProcessInfo;
typedef struct _ProctorProcessList ProctorProcessList;
typedef struct _ProctorDescendant ProctorDescendant;
typedef struct _ProctorFinding ProctorFinding;
typedef struct _ProctorResult ProctorResult;
typedef struct _ProctorStopPlan ProctorStopPlan;
typedef struct _ProctorBaseProtocol ProctorBaseProtocol;
typedef struct _ProctorPipeProtocol ProctorPipeProtocol;
typedef struct _ProctorReadTransport ProctorReadTransport;
typedef struct _ProctorSubprocessProtocol ProctorSubprocessProtocol;
typedef struct _ProctorSubprocessTransport ProctorSubprocessTransport;
typedef struct _ProctorWriteTransport ProctorWriteTransport;
typedef struct _ProctorStreamReader ProctorStreamReader;
typedef struct _ProctorStreamWriter ProctorStreamWriter;
typedef struct _ProctorChildWatcher ProctorChildWatcher;
typedef struct _ProctorMainChildWatcher ProctorMainChildWatcher;
typedef struct _ProctorPidfdChildWatcher ProctorPidfdChildWatcher;
typedef struct _ProctorThreadedChildWatcher ProctorThreadedChildWatcher;

G_END_DECLS
