/* SPDX-License-Identifier: LGPL-2.1-or-later */

#pragma once

#include "process/process-actor.h"

G_BEGIN_DECLS

struct _ProctorProcess
{
  GObject parent_instance;

  /* immutable after construction */
  ProcessParts *parts;             /* owned */
  ProctorStreamWriter *writer;     /* owned; NULL: stdin is no pipe */
  ProctorStreamReader *readers[2]; /* owned; the same for stdout and stderr */
};

/* The handle of a process, which is told of the exit in @owner. Takes both. Where it shall be told
 * later @owner is NULL.
 */
ProctorProcess *proctor_process_new (ProcessParts  *parts,
                                     CallerContext *owner);

/* From now on it is told in @owner, also of an exit that was before. Takes @owner. */
void proctor_process_set_owner (ProctorProcess *self,
                                CallerContext  *owner);

/* ---- what all calls share that are operations */

/* Runs an operation to its end in this thread; its error, if it has one, goes to @error. Takes
 * @operation.
 */
Operation *handle_run_blocking (ProctorProcess  *self,
                                Operation       *operation,
                                GCancellable    *cancellable,
                                GError         **error);

gboolean handle_may_block (ProctorProcess  *self,
                           GError         **error);

/* Takes @operation and @task. */
void handle_start_async (Operation           *operation,
                         GCancellable        *cancellable,
                         GTask               *task,
                         OperationReturnFunc  return_func);

/* In a forked copy there is nobody who could do it. Whether it is one; @task has been answered then,
 * and is taken.
 */
gboolean handle_refuse_if_forked (GTask *task);

/* An OperationReturnFunc: the task returns a ResultData. */
void handle_return_data (Operation *operation,
                         GTask     *task);

G_END_DECLS
