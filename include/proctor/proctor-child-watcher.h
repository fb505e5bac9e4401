/* Proctor: subprocesses for C programs on GLib
 *
 * SPDX-License-Identifier: LGPL-2.1-or-later
 */

#pragma once

#include <gio/gio.h>

#include <proctor/proctor-macros.h>
#include <proctor/proctor-types.h>

G_BEGIN_DECLS

#define PROCTOR_TYPE_CHILD_WATCHER (proctor_child_watcher_get_type ())

PROCTOR_AVAILABLE_IN_1_0
G_DECLARE_DERIVABLE_TYPE (ProctorChildWatcher,
                          proctor_child_watcher,
                          PROCTOR,
                          CHILD_WATCHER,
                          GObject)

/**
 * ProctorChildWatcherClass:
 * @watch: starts to watch the child @pid under the name @token, and reports its exit once with
 *   [method@ChildWatcher.report]
 * @unwatch: forgets @token; nothing is reported for it any more
 * @reap_now: looks at once whether the child of @token has exited, and if so reports it before
 *   returning
 * @attach: ties the watcher to a context; %NULL detaches it
 * @close: stops watching altogether
 * @is_active: whether children can be watched now
 *
 * The class of a child watcher.
 *
 * Since: 1.0
 */
struct _ProctorChildWatcherClass
{
  GObjectClass parent_class;

  gboolean (* watch)     (ProctorChildWatcher  *self,
                          guint64               token,
                          GPid                  pid,
                          GError              **error);
  void     (* unwatch)   (ProctorChildWatcher  *self,
                          guint64               token);
  void     (* reap_now)  (ProctorChildWatcher  *self,
                          guint64               token);
  gboolean (* attach)    (ProctorChildWatcher  *self,
                          GMainContext         *context,
                          GError              **error);
  void     (* close)     (ProctorChildWatcher  *self);
  gboolean (* is_active) (ProctorChildWatcher  *self);

  /*< private >*/
  gpointer padding[8];
};

PROCTOR_AVAILABLE_IN_1_0
void proctor_child_watcher_report (ProctorChildWatcher *self,
                                   guint64              token,
                                   int                  wait_status);
PROCTOR_AVAILABLE_IN_1_0
gboolean proctor_child_watcher_attach (ProctorChildWatcher  *self,
                                       GMainContext         *context,
                                       GError              **error);
PROCTOR_AVAILABLE_IN_1_0
void proctor_child_watcher_close (ProctorChildWatcher *self);
PROCTOR_AVAILABLE_IN_1_0
gboolean proctor_child_watcher_is_active (ProctorChildWatcher *self);

G_END_DECLS
