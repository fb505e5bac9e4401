/* SPDX-License-Identifier: LGPL-2.1-or-later */

#pragma once

#include "process/process-actor.h"

G_BEGIN_DECLS

/* The handle of a process. Takes @parts. In the owner's thread. */
ProctorProcess *proctor_process_new (ProcessParts *parts);

G_END_DECLS
