/* A read as something to wait for.
 *
 * SPDX-License-Identifier: LGPL-2.1-or-later
 */

#pragma once

#include "stream/read-channel.h"

G_BEGIN_DECLS

/* Called with the answer in the request, or with an error, which is taken; gives the task its
 * result.
 */
typedef void (*ReadReturnFunc) (GTask       *task,
                                ReadRequest *request,
                                GError      *error);

/* Answers @request, sleeping if need be. FALSE: an error, and nothing was taken out. */
gboolean read_question_ask_blocking (ReadChannel          *channel,
                                     ReadRequest          *request,
                                     ProctorChildWatcher  *watcher,
                                     GCancellable         *cancellable,
                                     GError              **error);

/* Takes @task, and what *@request owns. */
void read_question_ask_async (ReadChannel    *channel,
                              ReadRequest    *request,
                              GTask          *task,
                              ReadReturnFunc  return_func);

G_END_DECLS
