/* What is known of a process that this program has not started itself.
 *
 * SPDX-License-Identifier: LGPL-2.1-or-later
 */

#pragma once

#include <proctor/proctor.h>

#include "base/proc-table.h"

G_BEGIN_DECLS

ProctorDescendant *descendant_new (const ProcEntry *entry);

G_END_DECLS
