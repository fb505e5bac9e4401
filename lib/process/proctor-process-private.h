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

G_END_DECLS
