/* Proctor: subprocesses for C programs on GLib
 *
 * SPDX-License-Identifier: LGPL-2.1-or-later
 */

#pragma once

#define PROCTOR_INSIDE

#include <proctor/proctor-macros.h>
#include <proctor/proctor-types.h>
#include <proctor/proctor-enums.h>
#include <proctor/proctor-enum-types.h>
#include <proctor/proctor-error.h>
#include <proctor/proctor-stop-plan.h>
#include <proctor/proctor-command.h>
#include <proctor/proctor-descendant.h>
#include <proctor/proctor-process.h>
#include <proctor/proctor-process-info.h>
#include <proctor/proctor-process-list.h>
#include <proctor/proctor-result.h>
#include <proctor/proctor-stream-reader.h>
#include <proctor/proctor-stream-writer.h>
#include <proctor/proctor-gather.h>
#include <proctor/proctor-pipeline.h>
#include <proctor/proctor-shell.h>
#include <proctor/proctor-child-watcher.h>
#include <proctor/proctor-main-child-watcher.h>
#include <proctor/proctor-pidfd-child-watcher.h>
#include <proctor/proctor-threaded-child-watcher.h>
#include <proctor/proctor-protocol.h>
#include <proctor/proctor-transport.h>
#include <proctor/proctor-subprocess-transport.h>
#include <proctor/proctor-service.h>
#include <proctor/proctor-trace.h>
#include <proctor/proctor-diagnose.h>
#include <proctor/proctor-inspect.h>

#undef PROCTOR_INSIDE
