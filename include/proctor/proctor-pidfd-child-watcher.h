/* Proctor: subprocesses for C programs on GLib
 *
 * SPDX-License-Identifier: LGPL-2.1-or-later
 */

#pragma once

#include <proctor/proctor-child-watcher.h>

G_BEGIN_DECLS

#define PROCTOR_TYPE_PIDFD_CHILD_WATCHER (proctor_pidfd_child_watcher_get_type ())

PROCTOR_AVAILABLE_IN_1_0
G_DECLARE_FINAL_TYPE (ProctorPidfdChildWatcher,
                      proctor_pidfd_child_watcher,
                      PROCTOR,
                      PIDFD_CHILD_WATCHER,
                      ProctorChildWatcher)

PROCTOR_AVAILABLE_IN_1_0
ProctorChildWatcher *proctor_pidfd_child_watcher_new (GError **error);

G_END_DECLS
