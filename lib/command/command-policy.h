/* What a command says of how its process is ended, and how much of its output is kept. Plain data.
 *
 * SPDX-License-Identifier: LGPL-2.1-or-later
 */

#pragma once

#include "command/stop-plan.h"

G_BEGIN_DECLS

/* Thread: as the CommandSpec that it is a part of. */
typedef struct
{
  ProctorStopPlan *stop_plan; /* owned; NULL: the default */
  ProctorCancelPolicy cancel;
  gint64 output_limit; /* bytes of each output; -1: none */
  ProctorOutputPolicy output;
} CommandPolicy;

void command_policy_init (CommandPolicy *self);
void command_policy_clear (CommandPolicy *self);

/* Makes @self, which holds nothing yet, a copy. */
void command_policy_copy (CommandPolicy       *self,
                          const CommandPolicy *other);

/* What the process is to be stopped by. */
ProctorStopPlan *command_policy_dup_stop_plan (const CommandPolicy *self);

/* INVALID_COMMAND names the value that cannot be. */
gboolean command_policy_validate (const CommandPolicy  *self,
                                  GError              **error);

/* The same for a plan by itself. */
gboolean stop_plan_validate (const ProctorStopPlan  *self,
                             GError                **error);

G_END_DECLS
