/* SPDX-License-Identifier: LGPL-2.1-or-later */

#pragma once

#include "process/process-actor.h"

G_BEGIN_DECLS

/* The handle of a process, which is told of the exit in @owner. Takes both. */
ProctorProcess *proctor_process_new (ProcessParts  *parts,
                                     CallerContext *owner);

G_END_DECLS
