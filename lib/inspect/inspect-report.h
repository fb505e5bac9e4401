/* A look at the program as one value, for whoever asks over D-Bus.
 *
 * SPDX-License-Identifier: LGPL-2.1-or-later
 */

#pragma once

#include "inspect/inspect-look.h"
#include "inspect/inspect-loop.h"

G_BEGIN_DECLS

/* Thread: INSPECT. Looks, and tells it as a{sv}; a floating reference. */
GVariant *inspect_report_new (InspectLooker *looker,
                              InspectLoop   *loop);

G_END_DECLS
