/* The application: its options, and the actions that are no window's.
 *
 * SPDX-License-Identifier: LGPL-2.1-or-later
 */

#pragma once

#include <adwaita.h>

G_BEGIN_DECLS

#define MONITOR_APPLICATION_ID "io.github.proctor.Monitor"

#define MONITOR_TYPE_APPLICATION (monitor_application_get_type ())
G_DECLARE_FINAL_TYPE (MonitorApplication, monitor_application, MONITOR, APPLICATION, AdwApplication)

MonitorApplication *monitor_application_new (void);

G_END_DECLS
