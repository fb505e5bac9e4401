/* SPDX-License-Identifier: LGPL-2.1-or-later */

#pragma once

#include <proctor/proctor.h>

#include "command/command-spec.h"

G_BEGIN_DECLS

/* The snapshot of what @self says now. Later changes of @self do not reach it. */
CommandSpec *proctor_command_dup_spec (ProctorCommand *self);

G_END_DECLS
