/* A look at all workers and processes: each worker is asked, and none is waited for.
 *
 * SPDX-License-Identifier: LGPL-2.1-or-later
 */

#pragma once

#include "process/process-look.h"
#include "runtime/worker.h"

G_BEGIN_DECLS

/* A process that has not been looked at is known by what every thread may know of it. */
typedef struct
{
  ProcessActor *actor; /* owned */
  guint worker;        /* its index */
  gboolean looked;
  ProcessLook look;
} InspectedProcess;

typedef struct
{
  WorkerLoad load;
  gboolean answered;
  GTimeSpan silence; /* for how long it has not answered; 0: it did */
  guint n_actors;
} InspectedWorker;

/* Thread: one, which may be any. */
typedef struct _InspectLooker InspectLooker;

InspectLooker *inspect_looker_new (void);
void inspect_looker_free (InspectLooker *self);

/* Fills both arrays, of owned InspectedWorker and InspectedProcess; in half a second at most. */
void inspect_looker_look (InspectLooker *self,
                          GPtrArray     *workers,
                          GPtrArray     *processes);

void inspected_process_free (InspectedProcess *self);

G_END_DECLS
