/* SPDX-License-Identifier: LGPL-2.1-or-later */

#pragma once

#include <proctor/proctor.h>

#include "stream/write-channel.h"

G_BEGIN_DECLS

/* The writer's end of a channel. @watcher is what a blocking call on the main thread looks after
 * meanwhile.
 */
ProctorStreamWriter *proctor_stream_writer_new (WriteChannel        *channel,
                                                Actor               *actor,
                                                ProctorChildWatcher *watcher);

G_END_DECLS
