/* The thread that answers whoever looks into this program, while that is allowed.
 *
 * SPDX-License-Identifier: LGPL-2.1-or-later
 */

#pragma once

#include <gio/gio.h>

G_BEGIN_DECLS

/* Thread: ANY. From now on until it is stopped, with a pause from each shutdown of the service to
 * the next start. Returns when the program can be found, in some seconds at most.
 */
gboolean inspect_service_start (GError **error);
void inspect_service_stop (void);

/* The service has ended. Nobody asks an actor for anything any more. */
void inspect_service_rest (void);

G_END_DECLS
