/* Proctor: subprocesses for C programs on GLib
 *
 * SPDX-License-Identifier: LGPL-2.1-or-later
 */

#pragma once

#include <gio/gio.h>

#include <proctor/proctor-macros.h>
#include <proctor/proctor-types.h>

G_BEGIN_DECLS

#define PROCTOR_TYPE_STREAM_WRITER (proctor_stream_writer_get_type ())

PROCTOR_AVAILABLE_IN_1_0
G_DECLARE_FINAL_TYPE (ProctorStreamWriter,
                      proctor_stream_writer,
                      PROCTOR,
                      STREAM_WRITER,
                      GOutputStream)

PROCTOR_AVAILABLE_IN_1_0
void proctor_stream_writer_queue (ProctorStreamWriter *self,
                                  gconstpointer        data,
                                  gsize                length);
PROCTOR_AVAILABLE_IN_1_0
void proctor_stream_writer_queue_bytes (ProctorStreamWriter *self,
                                        GBytes              *bytes);
PROCTOR_AVAILABLE_IN_1_0
void proctor_stream_writer_queue_all (ProctorStreamWriter *self,
                                      GBytes * const      *pieces,
                                      gsize                n_pieces);

PROCTOR_AVAILABLE_IN_1_0
gboolean proctor_stream_writer_drain (ProctorStreamWriter  *self,
                                      GCancellable         *cancellable,
                                      GError              **error);
PROCTOR_AVAILABLE_IN_1_0
void proctor_stream_writer_drain_async (ProctorStreamWriter *self,
                                        GCancellable        *cancellable,
                                        GAsyncReadyCallback  callback,
                                        gpointer             user_data);
PROCTOR_AVAILABLE_IN_1_0
gboolean proctor_stream_writer_drain_finish (ProctorStreamWriter  *self,
                                             GAsyncResult         *result,
                                             GError              **error);

PROCTOR_AVAILABLE_IN_1_0
void proctor_stream_writer_write_eof (ProctorStreamWriter *self);
PROCTOR_AVAILABLE_IN_1_0
gboolean proctor_stream_writer_can_write_eof (ProctorStreamWriter *self);
PROCTOR_AVAILABLE_IN_1_0
gboolean proctor_stream_writer_get_closing (ProctorStreamWriter *self);

PROCTOR_AVAILABLE_IN_1_0
void proctor_stream_writer_set_write_buffer_limits (ProctorStreamWriter *self,
                                                    gsize                low,
                                                    gsize                high);
PROCTOR_AVAILABLE_IN_1_0
void proctor_stream_writer_get_write_buffer_limits (ProctorStreamWriter *self,
                                                    gsize               *low,
                                                    gsize               *high);
PROCTOR_AVAILABLE_IN_1_0
gsize proctor_stream_writer_get_write_buffer_size (ProctorStreamWriter *self);

G_END_DECLS
