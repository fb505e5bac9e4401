/* Proctor: subprocesses for C programs on GLib
 *
 * SPDX-License-Identifier: LGPL-2.1-or-later
 */

#pragma once

#include <gio/gio.h>

#include <proctor/proctor-enums.h>
#include <proctor/proctor-macros.h>
#include <proctor/proctor-types.h>

G_BEGIN_DECLS

#define PROCTOR_TYPE_COMMAND (proctor_command_get_type ())

PROCTOR_AVAILABLE_IN_1_0
G_DECLARE_FINAL_TYPE (ProctorCommand, proctor_command, PROCTOR, COMMAND, GObject)

PROCTOR_AVAILABLE_IN_1_0
ProctorCommand *proctor_command_new (const char *program,
                                     ...) G_GNUC_NULL_TERMINATED;
PROCTOR_AVAILABLE_IN_1_0
ProctorCommand *proctor_command_newv (const char * const *argv);
PROCTOR_AVAILABLE_IN_1_0
ProctorCommand *proctor_command_new_shell (const char *script);

PROCTOR_AVAILABLE_IN_1_0
void proctor_command_set_executable (ProctorCommand *self,
                                     const char     *executable);
PROCTOR_AVAILABLE_IN_1_0
void proctor_command_set_executable_fd (ProctorCommand *self,
                                        int             fd);
PROCTOR_AVAILABLE_IN_1_0
void proctor_command_take_executable_fd (ProctorCommand *self,
                                         int             fd);
PROCTOR_AVAILABLE_IN_1_0
void proctor_command_set_cwd (ProctorCommand *self,
                              const char     *cwd);
PROCTOR_AVAILABLE_IN_1_0
void proctor_command_set_environ (ProctorCommand     *self,
                                  const char * const *environ_);
PROCTOR_AVAILABLE_IN_1_0
void proctor_command_setenv (ProctorCommand *self,
                             const char     *name,
                             const char     *value);
PROCTOR_AVAILABLE_IN_1_0
void proctor_command_unsetenv (ProctorCommand *self,
                               const char     *name);
PROCTOR_AVAILABLE_IN_1_0
void proctor_command_clear_environ (ProctorCommand *self);

PROCTOR_AVAILABLE_IN_1_0
void proctor_command_set_stdin (ProctorCommand *self,
                                ProctorStdio    stdio);
PROCTOR_AVAILABLE_IN_1_0
void proctor_command_set_stdout (ProctorCommand *self,
                                 ProctorStdio    stdio);
PROCTOR_AVAILABLE_IN_1_0
void proctor_command_set_stderr (ProctorCommand *self,
                                 ProctorStdio    stdio);
PROCTOR_AVAILABLE_IN_1_0
void proctor_command_set_stdin_path (ProctorCommand *self,
                                     const char     *path);
PROCTOR_AVAILABLE_IN_1_0
void proctor_command_set_stdout_path (ProctorCommand *self,
                                      const char     *path,
                                      gboolean        append);
PROCTOR_AVAILABLE_IN_1_0
void proctor_command_set_stderr_path (ProctorCommand *self,
                                      const char     *path,
                                      gboolean        append);
PROCTOR_AVAILABLE_IN_1_0
void proctor_command_set_stdin_stream (ProctorCommand *self,
                                       GInputStream   *stream);
PROCTOR_AVAILABLE_IN_1_0
void proctor_command_set_stdout_stream (ProctorCommand *self,
                                        GOutputStream  *stream);
PROCTOR_AVAILABLE_IN_1_0
void proctor_command_set_stderr_stream (ProctorCommand *self,
                                        GOutputStream  *stream);
PROCTOR_AVAILABLE_IN_1_0
void proctor_command_set_pipe_size (ProctorCommand *self,
                                    gsize           size);
PROCTOR_AVAILABLE_IN_1_0
void proctor_command_set_window_size (ProctorCommand *self,
                                      guint           rows,
                                      guint           columns);

PROCTOR_AVAILABLE_IN_1_0
void proctor_command_set_stdin_fd (ProctorCommand *self,
                                   int             fd);
PROCTOR_AVAILABLE_IN_1_0
void proctor_command_take_stdin_fd (ProctorCommand *self,
                                    int             fd);
PROCTOR_AVAILABLE_IN_1_0
void proctor_command_set_stdout_fd (ProctorCommand *self,
                                    int             fd);
PROCTOR_AVAILABLE_IN_1_0
void proctor_command_take_stdout_fd (ProctorCommand *self,
                                     int             fd);
PROCTOR_AVAILABLE_IN_1_0
void proctor_command_set_stderr_fd (ProctorCommand *self,
                                    int             fd);
PROCTOR_AVAILABLE_IN_1_0
void proctor_command_take_stderr_fd (ProctorCommand *self,
                                     int             fd);
PROCTOR_AVAILABLE_IN_1_0
void proctor_command_set_fd (ProctorCommand *self,
                             int             source_fd,
                             int             target_fd);
PROCTOR_AVAILABLE_IN_1_0
void proctor_command_take_fd (ProctorCommand *self,
                              int             source_fd,
                              int             target_fd);
PROCTOR_AVAILABLE_IN_1_0
void proctor_command_release_fds (ProctorCommand *self);
PROCTOR_AVAILABLE_IN_1_0
gboolean proctor_command_pipe_to (ProctorCommand  *self,
                                  ProctorCommand  *next,
                                  GError         **error);

PROCTOR_AVAILABLE_IN_1_0
void proctor_command_set_flags (ProctorCommand      *self,
                                ProctorCommandFlags  flags);
PROCTOR_AVAILABLE_IN_1_0
ProctorCommandFlags proctor_command_get_flags (ProctorCommand *self);
PROCTOR_AVAILABLE_IN_1_0
void proctor_command_set_process_group (ProctorCommand *self,
                                        int             process_group);
PROCTOR_AVAILABLE_IN_1_0
void proctor_command_set_user (ProctorCommand *self,
                               const char     *user);
PROCTOR_AVAILABLE_IN_1_0
void proctor_command_set_group (ProctorCommand *self,
                                const char     *group);
PROCTOR_AVAILABLE_IN_1_0
void proctor_command_set_extra_groups (ProctorCommand     *self,
                                       const char * const *groups);
PROCTOR_AVAILABLE_IN_1_0
void proctor_command_set_umask (ProctorCommand *self,
                                int             mask);
PROCTOR_AVAILABLE_IN_1_0
void proctor_command_ignore_signal (ProctorCommand *self,
                                    int             signum);
PROCTOR_AVAILABLE_IN_1_0
void proctor_command_set_parent_death_signal (ProctorCommand *self,
                                              int             signum);

PROCTOR_AVAILABLE_IN_1_0
void proctor_command_set_rlimit (ProctorCommand *self,
                                 int             resource,
                                 guint64         soft,
                                 guint64         hard);
PROCTOR_AVAILABLE_IN_1_0
void proctor_command_set_nice (ProctorCommand *self,
                               int             nice);
PROCTOR_AVAILABLE_IN_1_0
void proctor_command_set_cpu_affinity (ProctorCommand *self,
                                       const guint    *cpus,
                                       gsize           n_cpus);
PROCTOR_AVAILABLE_IN_1_0
void proctor_command_set_io_priority (ProctorCommand *self,
                                      ProctorIoClass  io_class,
                                      int             level);
PROCTOR_AVAILABLE_IN_1_0
void proctor_command_set_oom_score_adj (ProctorCommand *self,
                                        int             adjustment);
PROCTOR_AVAILABLE_IN_1_0
void proctor_command_set_cgroup (ProctorCommand *self,
                                 const char     *path);
PROCTOR_AVAILABLE_IN_1_0
void proctor_command_set_optional (ProctorCommand    *self,
                                   ProctorAttributes  attributes);
PROCTOR_AVAILABLE_IN_1_0
void proctor_command_unset_attributes (ProctorCommand    *self,
                                       ProctorAttributes  attributes);

PROCTOR_AVAILABLE_IN_1_0
void proctor_command_set_limit (ProctorCommand *self,
                                gsize           limit);
PROCTOR_AVAILABLE_IN_1_0
void proctor_command_set_timeout (ProctorCommand *self,
                                  GTimeSpan       timeout);
PROCTOR_AVAILABLE_IN_1_0
void proctor_command_set_drain_grace (ProctorCommand *self,
                                      GTimeSpan       drain_grace);
PROCTOR_AVAILABLE_IN_1_0
void proctor_command_set_stop_plan (ProctorCommand        *self,
                                    const ProctorStopPlan *plan);
PROCTOR_AVAILABLE_IN_1_0
void proctor_command_set_cancel_policy (ProctorCommand      *self,
                                        ProctorCancelPolicy  policy);
PROCTOR_AVAILABLE_IN_1_0
void proctor_command_set_output_limit (ProctorCommand      *self,
                                       gint64               limit,
                                       ProctorOutputPolicy  policy);

PROCTOR_AVAILABLE_IN_1_0
char *proctor_command_to_string (ProctorCommand *self);

PROCTOR_AVAILABLE_IN_1_0
ProctorProcess *proctor_command_spawn (ProctorCommand  *self,
                                       GCancellable    *cancellable,
                                       GError         **error);
PROCTOR_AVAILABLE_IN_1_0
void proctor_command_spawn_async (ProctorCommand      *self,
                                  GCancellable        *cancellable,
                                  GAsyncReadyCallback  callback,
                                  gpointer             user_data);
PROCTOR_AVAILABLE_IN_1_0
ProctorProcess *proctor_command_spawn_finish (ProctorCommand  *self,
                                              GAsyncResult    *result,
                                              GError         **error);

PROCTOR_AVAILABLE_IN_1_0
ProctorResult *proctor_command_run (ProctorCommand  *self,
                                    GBytes          *input,
                                    GCancellable    *cancellable,
                                    GError         **error);
PROCTOR_AVAILABLE_IN_1_0
void proctor_command_run_async (ProctorCommand      *self,
                                GBytes              *input,
                                GCancellable        *cancellable,
                                GAsyncReadyCallback  callback,
                                gpointer             user_data);
PROCTOR_AVAILABLE_IN_1_0
ProctorResult *proctor_command_run_finish (ProctorCommand  *self,
                                           GAsyncResult    *result,
                                           GError         **error);

PROCTOR_AVAILABLE_IN_1_0
ProctorResult *proctor_command_run_with_timeout (ProctorCommand  *self,
                                                 GBytes          *input,
                                                 GTimeSpan        timeout,
                                                 GCancellable    *cancellable,
                                                 GError         **error);
PROCTOR_AVAILABLE_IN_1_0
void proctor_command_run_with_timeout_async (ProctorCommand      *self,
                                             GBytes              *input,
                                             GTimeSpan            timeout,
                                             GCancellable        *cancellable,
                                             GAsyncReadyCallback  callback,
                                             gpointer             user_data);
PROCTOR_AVAILABLE_IN_1_0
ProctorResult *proctor_command_run_with_timeout_finish (ProctorCommand  *self,
                                                        GAsyncResult    *result,
                                                        GError         **error);

PROCTOR_AVAILABLE_IN_1_0
ProctorResult *proctor_command_run_check (ProctorCommand  *self,
                                          GBytes          *input,
                                          GCancellable    *cancellable,
                                          GError         **error);
PROCTOR_AVAILABLE_IN_1_0
void proctor_command_run_check_async (ProctorCommand      *self,
                                      GBytes              *input,
                                      GCancellable        *cancellable,
                                      GAsyncReadyCallback  callback,
                                      gpointer             user_data);
PROCTOR_AVAILABLE_IN_1_0
ProctorResult *proctor_command_run_check_finish (ProctorCommand  *self,
                                                 GAsyncResult    *result,
                                                 GError         **error);

G_END_DECLS
