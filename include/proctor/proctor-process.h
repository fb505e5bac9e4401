/* Proctor: subprocesses for C programs on GLib
 *
 * SPDX-License-Identifier: LGPL-2.1-or-later
 */

#pragma once

#include <sys/resource.h>

#include <gio/gio.h>

#include <proctor/proctor-enums.h>
#include <proctor/proctor-macros.h>
#include <proctor/proctor-types.h>

G_BEGIN_DECLS

#define PROCTOR_TYPE_PROCESS (proctor_process_get_type ())

PROCTOR_AVAILABLE_IN_1_0
G_DECLARE_FINAL_TYPE (ProctorProcess, proctor_process, PROCTOR, PROCESS, GObject)

PROCTOR_AVAILABLE_IN_1_0
GPid proctor_process_get_pid (ProctorProcess *self);
PROCTOR_AVAILABLE_IN_1_0
guint64 proctor_process_get_serial (ProctorProcess *self);
PROCTOR_AVAILABLE_IN_1_0
ProctorProcessState proctor_process_get_state (ProctorProcess *self);
PROCTOR_AVAILABLE_IN_1_0
gboolean proctor_process_get_returncode (ProctorProcess *self,
                                         int            *returncode);

PROCTOR_AVAILABLE_IN_1_0
ProctorStreamWriter *proctor_process_get_stdin (ProctorProcess *self);
PROCTOR_AVAILABLE_IN_1_0
ProctorStreamReader *proctor_process_get_stdout (ProctorProcess *self);
PROCTOR_AVAILABLE_IN_1_0
ProctorStreamReader *proctor_process_get_stderr (ProctorProcess *self);

PROCTOR_AVAILABLE_IN_1_0
gboolean proctor_process_set_window_size (ProctorProcess  *self,
                                          guint            rows,
                                          guint            columns,
                                          GError         **error);

PROCTOR_AVAILABLE_IN_1_0
gboolean proctor_process_send_signal (ProctorProcess  *self,
                                      int              signum,
                                      GError         **error);
PROCTOR_AVAILABLE_IN_1_0
gboolean proctor_process_terminate (ProctorProcess  *self,
                                    GError         **error);
PROCTOR_AVAILABLE_IN_1_0
gboolean proctor_process_kill (ProctorProcess  *self,
                               GError         **error);
PROCTOR_AVAILABLE_IN_1_0
gboolean proctor_process_suspend (ProctorProcess  *self,
                                  GError         **error);
PROCTOR_AVAILABLE_IN_1_0
gboolean proctor_process_resume (ProctorProcess  *self,
                                 GError         **error);

PROCTOR_AVAILABLE_IN_1_0
gboolean proctor_process_wait (ProctorProcess  *self,
                               GCancellable    *cancellable,
                               int             *returncode,
                               GError         **error);
PROCTOR_AVAILABLE_IN_1_0
void proctor_process_wait_async (ProctorProcess      *self,
                                 GCancellable        *cancellable,
                                 GAsyncReadyCallback  callback,
                                 gpointer             user_data);
PROCTOR_AVAILABLE_IN_1_0
gboolean proctor_process_wait_finish (ProctorProcess  *self,
                                      GAsyncResult    *result,
                                      int             *returncode,
                                      GError         **error);

PROCTOR_AVAILABLE_IN_1_0
gboolean proctor_process_wait_check (ProctorProcess  *self,
                                     GCancellable    *cancellable,
                                     GError         **error);
PROCTOR_AVAILABLE_IN_1_0
void proctor_process_wait_check_async (ProctorProcess      *self,
                                       GCancellable        *cancellable,
                                       GAsyncReadyCallback  callback,
                                       gpointer             user_data);
PROCTOR_AVAILABLE_IN_1_0
gboolean proctor_process_wait_check_finish (ProctorProcess  *self,
                                            GAsyncResult    *result,
                                            GError         **error);

PROCTOR_AVAILABLE_IN_1_0
ProctorResult *proctor_process_communicate (ProctorProcess  *self,
                                            GBytes          *input,
                                            GCancellable    *cancellable,
                                            GError         **error);
PROCTOR_AVAILABLE_IN_1_0
void proctor_process_communicate_async (ProctorProcess      *self,
                                        GBytes              *input,
                                        GCancellable        *cancellable,
                                        GAsyncReadyCallback  callback,
                                        gpointer             user_data);
PROCTOR_AVAILABLE_IN_1_0
ProctorResult *proctor_process_communicate_finish (ProctorProcess  *self,
                                                   GAsyncResult    *result,
                                                   GError         **error);

PROCTOR_AVAILABLE_IN_1_0
gboolean proctor_process_stop (ProctorProcess  *self,
                               GTimeSpan        grace,
                               GCancellable    *cancellable,
                               GError         **error);
PROCTOR_AVAILABLE_IN_1_0
void proctor_process_stop_async (ProctorProcess      *self,
                                 GTimeSpan            grace,
                                 GCancellable        *cancellable,
                                 GAsyncReadyCallback  callback,
                                 gpointer             user_data);
PROCTOR_AVAILABLE_IN_1_0
gboolean proctor_process_stop_finish (ProctorProcess  *self,
                                      GAsyncResult    *result,
                                      GError         **error);

PROCTOR_AVAILABLE_IN_1_0
gboolean proctor_process_stop_with_plan (ProctorProcess         *self,
                                         const ProctorStopPlan  *plan,
                                         GCancellable           *cancellable,
                                         GError                **error);
PROCTOR_AVAILABLE_IN_1_0
void proctor_process_stop_with_plan_async (ProctorProcess        *self,
                                           const ProctorStopPlan *plan,
                                           GCancellable          *cancellable,
                                           GAsyncReadyCallback    callback,
                                           gpointer               user_data);
PROCTOR_AVAILABLE_IN_1_0
gboolean proctor_process_stop_with_plan_finish (ProctorProcess  *self,
                                                GAsyncResult    *result,
                                                GError         **error);

PROCTOR_AVAILABLE_IN_1_0
GPtrArray *proctor_process_list_descendants (ProctorProcess  *self,
                                             GError         **error);

PROCTOR_AVAILABLE_IN_1_0
gint64 proctor_process_get_start_time (ProctorProcess *self);
PROCTOR_AVAILABLE_IN_1_0
GTimeSpan proctor_process_get_wall_time (ProctorProcess *self);
PROCTOR_AVAILABLE_IN_1_0
GTimeSpan proctor_process_get_user_time (ProctorProcess *self);
PROCTOR_AVAILABLE_IN_1_0
GTimeSpan proctor_process_get_system_time (ProctorProcess *self);
PROCTOR_AVAILABLE_IN_1_0
gboolean proctor_process_get_peak_memory (ProctorProcess *self,
                                          guint64        *bytes);
PROCTOR_AVAILABLE_IN_1_0
gboolean proctor_process_get_rusage (ProctorProcess *self,
                                     struct rusage  *rusage);

G_END_DECLS
