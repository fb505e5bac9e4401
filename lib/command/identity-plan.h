/* Users and groups of a command as the numbers that the kernel knows, looked up before the clone.
 *
 * SPDX-License-Identifier: LGPL-2.1-or-later
 */

#pragma once

#include <sys/types.h>

#include "command/command-attributes.h"

G_BEGIN_DECLS

/* Thread: ANY. Immutable once made; read by the child. */
typedef struct
{
  gboolean set_user;
  gboolean set_group;
  gboolean set_extra_groups;

  uid_t uid;
  gid_t gid;
  gid_t *extra_groups;
  guint n_extra_groups;
} IdentityPlan;

/* Asks the user database, which may block. Errors: INVALID_COMMAND for names that it does not know
 * and numbers out of range; what the system says where it cannot be asked. Makes an empty plan
 * where nothing changes; *@self has to be cleared also after an error.
 */
gboolean identity_plan_init (IdentityPlan             *self,
                             const CommandAttributes  *attributes,
                             GError                  **error);
void identity_plan_clear (IdentityPlan *self);

/* Whether the child's ids differ in kind: it must not share this program's memory then. */
gboolean identity_plan_is_empty (const IdentityPlan *self);

G_END_DECLS
