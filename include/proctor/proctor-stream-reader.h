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

#define PROCTOR_TYPE_STREAM_READER (proctor_stream_reader_get_type ())

PROCTOR_AVAILABLE_IN_1_0
G_DECLARE_FINAL_TYPE (ProctorStreamReader,
                      proctor_stream_reader,
                      PROCTOR,
                      STREAM_READER,
                      GInputStream)

PROCTOR_AVAILABLE_IN_1_0
gboolean proctor_stream_reader_at_eof (ProctorStreamReader *self);
PROCTOR_AVAILABLE_IN_1_0
gsize proctor_stream_reader_get_buffered (ProctorStreamReader *self);
PROCTOR_AVAILABLE_IN_1_0
gsize proctor_stream_reader_get_consumed (ProctorStreamReader *self);
PROCTOR_AVAILABLE_IN_1_0
gsize proctor_stream_reader_get_limit (ProctorStreamReader *self);
PROCTOR_AVAILABLE_IN_1_0
void proctor_stream_reader_set_long_lines (ProctorStreamReader *self,
                                           ProctorLongLines     long_lines);
PROCTOR_AVAILABLE_IN_1_0
ProctorLongLines proctor_stream_reader_get_long_lines (ProctorStreamReader *self);

PROCTOR_AVAILABLE_IN_1_0
gboolean proctor_stream_reader_next_line (ProctorStreamReader  *self,
                                          const char          **line,
                                          gsize                *length,
                                          GCancellable         *cancellable,
                                          GError              **error);

PROCTOR_AVAILABLE_IN_1_0
GBytes *proctor_stream_reader_read_line (ProctorStreamReader  *self,
                                         GCancellable         *cancellable,
                                         GError              **error);
PROCTOR_AVAILABLE_IN_1_0
void proctor_stream_reader_read_line_async (ProctorStreamReader *self,
                                            GCancellable        *cancellable,
                                            GAsyncReadyCallback  callback,
                                            gpointer             user_data);
PROCTOR_AVAILABLE_IN_1_0
GBytes *proctor_stream_reader_read_line_finish (ProctorStreamReader  *self,
                                                GAsyncResult         *result,
                                                GError              **error);

PROCTOR_AVAILABLE_IN_1_0
char *proctor_stream_reader_read_line_utf8 (ProctorStreamReader  *self,
                                            GCancellable         *cancellable,
                                            GError              **error);
PROCTOR_AVAILABLE_IN_1_0
void proctor_stream_reader_read_line_utf8_async (ProctorStreamReader *self,
                                                 GCancellable        *cancellable,
                                                 GAsyncReadyCallback  callback,
                                                 gpointer             user_data);
PROCTOR_AVAILABLE_IN_1_0
char *proctor_stream_reader_read_line_utf8_finish (ProctorStreamReader  *self,
                                                   GAsyncResult         *result,
                                                   GError              **error);

PROCTOR_AVAILABLE_IN_1_0
GPtrArray *proctor_stream_reader_read_lines (ProctorStreamReader  *self,
                                             GCancellable         *cancellable,
                                             GError              **error);
PROCTOR_AVAILABLE_IN_1_0
void proctor_stream_reader_read_lines_async (ProctorStreamReader *self,
                                             GCancellable        *cancellable,
                                             GAsyncReadyCallback  callback,
                                             gpointer             user_data);
PROCTOR_AVAILABLE_IN_1_0
GPtrArray *proctor_stream_reader_read_lines_finish (ProctorStreamReader  *self,
                                                    GAsyncResult         *result,
                                                    GError              **error);

PROCTOR_AVAILABLE_IN_1_0
GStrv proctor_stream_reader_read_lines_utf8 (ProctorStreamReader  *self,
                                             GCancellable         *cancellable,
                                             GError              **error);
PROCTOR_AVAILABLE_IN_1_0
void proctor_stream_reader_read_lines_utf8_async (ProctorStreamReader *self,
                                                  GCancellable        *cancellable,
                                                  GAsyncReadyCallback  callback,
                                                  gpointer             user_data);
PROCTOR_AVAILABLE_IN_1_0
GStrv proctor_stream_reader_read_lines_utf8_finish (ProctorStreamReader  *self,
                                                    GAsyncResult         *result,
                                                    GError              **error);

PROCTOR_AVAILABLE_IN_1_0
GBytes *proctor_stream_reader_read_until (ProctorStreamReader  *self,
                                          gconstpointer         separator,
                                          gsize                 separator_length,
                                          GCancellable         *cancellable,
                                          GError              **error);
PROCTOR_AVAILABLE_IN_1_0
void proctor_stream_reader_read_until_async (ProctorStreamReader *self,
                                             gconstpointer        separator,
                                             gsize                separator_length,
                                             GCancellable        *cancellable,
                                             GAsyncReadyCallback  callback,
                                             gpointer             user_data);
PROCTOR_AVAILABLE_IN_1_0
GBytes *proctor_stream_reader_read_until_finish (ProctorStreamReader  *self,
                                                 GAsyncResult         *result,
                                                 GError              **error);

PROCTOR_AVAILABLE_IN_1_0
GBytes *proctor_stream_reader_read_exactly (ProctorStreamReader  *self,
                                            gsize                 length,
                                            GCancellable         *cancellable,
                                            GError              **error);
PROCTOR_AVAILABLE_IN_1_0
void proctor_stream_reader_read_exactly_async (ProctorStreamReader *self,
                                               gsize                length,
                                               GCancellable        *cancellable,
                                               GAsyncReadyCallback  callback,
                                               gpointer             user_data);
PROCTOR_AVAILABLE_IN_1_0
GBytes *proctor_stream_reader_read_exactly_finish (ProctorStreamReader  *self,
                                                   GAsyncResult         *result,
                                                   GError              **error);

PROCTOR_AVAILABLE_IN_1_0
GBytes *proctor_stream_reader_read_to_end (ProctorStreamReader  *self,
                                           GCancellable         *cancellable,
                                           GError              **error);
PROCTOR_AVAILABLE_IN_1_0
void proctor_stream_reader_read_to_end_async (ProctorStreamReader *self,
                                              GCancellable        *cancellable,
                                              GAsyncReadyCallback  callback,
                                              gpointer             user_data);
PROCTOR_AVAILABLE_IN_1_0
GBytes *proctor_stream_reader_read_to_end_finish (ProctorStreamReader  *self,
                                                  GAsyncResult         *result,
                                                  GError              **error);

G_END_DECLS
