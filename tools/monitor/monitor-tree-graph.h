/* The processes of a job, as a tree of boxes.
 *
 * SPDX-License-Identifier: LGPL-2.1-or-later
 */

#pragma once

#include "monitor-job.h"

G_BEGIN_DECLS

#define MONITOR_TYPE_TREE_GRAPH (monitor_tree_graph_get_type ())
G_DECLARE_FINAL_TYPE (MonitorTreeGraph, monitor_tree_graph, MONITOR, TREE_GRAPH, GtkWidget)

void monitor_tree_graph_set_job (MonitorTreeGraph *self,
                                 MonitorJob       *job); /* or NULL */
guint monitor_tree_graph_get_n_processes (MonitorTreeGraph *self);

G_END_DECLS
