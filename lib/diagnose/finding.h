/* The making of a ProctorFinding.
 *
 * SPDX-License-Identifier: LGPL-2.1-or-later
 */

#pragma once

#include <proctor/proctor.h>

G_BEGIN_DECLS

/* A good one that says nothing yet. @name is static, and for machines. */
ProctorFinding *finding_new (const char *name);

/* Replaces what it says. @way_out, which may be NULL, is taken. */
void finding_say (ProctorFinding      *self,
                  ProctorFindingState  state,
                  char                *way_out,
                  const char          *format,
                  ...) G_GNUC_PRINTF (4, 5);

/* A value for machines; a floating one is taken. */
void finding_set (ProctorFinding *self,
                  const char     *key,
                  GVariant       *value);

G_END_DECLS
