/* SPDX-License-Identifier: LGPL-2.1-or-later */

#pragma once

#include <proctor/proctor.h>

G_BEGIN_DECLS

/* Thread: MAIN. @started and @finished hold ProctorProcessInfo, the first by serial; the list may
 * know some of them. Takes out what was kept long enough. Returns when (monotonic) the next one
 * will have been, or G_MAXINT64.
 */
gint64 process_list_update (ProctorProcessList *self,
                            GPtrArray          *started,
                            GPtrArray          *finished);

G_END_DECLS
