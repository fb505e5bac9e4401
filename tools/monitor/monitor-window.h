/* The window: a command line, the jobs, and the one that is selected.
 *
 * SPDX-License-Identifier: LGPL-2.1-or-later
 */

#pragma once

#include <adwaita.h>

#include "monitor-job.h"

G_BEGIN_DECLS

#define MONITOR_TYPE_WINDOW (monitor_window_get_type ())
G_DECLARE_FINAL_TYPE (MonitorWindow, monitor_window, MONITOR, WINDOW, AdwApplicationWindow)

MonitorWindow *monitor_window_new (GtkApplication *application);

/* Starts a command, selects it, and lends its job. */
MonitorJob *monitor_window_run (MonitorWindow *self,
                                const char    *command_line,
                                const char    *cwd); /* or NULL: the program's own */

/* Asks nobody. Whatever runs is stopped; after that nothing can be run any more. */
void monitor_window_stop_and_close (MonitorWindow *self);

GListModel *monitor_window_get_jobs (MonitorWindow *self); /* of MonitorJob */

G_END_DECLS
