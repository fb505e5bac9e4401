/* How much a command has written in each of the last seconds, as a small curve.
 *
 * SPDX-License-Identifier: LGPL-2.1-or-later
 */

#pragma once

#include "monitor-output.h"

G_BEGIN_DECLS

#define MONITOR_TYPE_SPARKLINE (monitor_sparkline_get_type ())
G_DECLARE_FINAL_TYPE (MonitorSparkline, monitor_sparkline, MONITOR, SPARKLINE, GtkWidget)

void monitor_sparkline_set_output (MonitorSparkline *self,
                                   MonitorOutput    *output); /* or NULL */

G_END_DECLS
