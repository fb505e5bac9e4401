/* What the checks of a command share.
 *
 * SPDX-License-Identifier: LGPL-2.1-or-later
 */

#pragma once

#include "command/command-spec.h"

G_BEGIN_DECLS

/* Sets INVALID_COMMAND. FALSE, so that a check can return it. */
gboolean command_fail (GError     **error,
                       const char  *format,
                       ...) G_GNUC_PRINTF (2, 3);

G_END_DECLS
