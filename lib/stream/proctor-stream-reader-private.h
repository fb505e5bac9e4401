/* SPDX-License-Identifier: LGPL-2.1-or-later */

#pragma once

#include <proctor/proctor.h>

#include "stream/read-channel.h"

G_BEGIN_DECLS

/* The reader's end of a channel. @watcher is what a blocking read on the main thread looks after meanwhile. */
ProctorStreamReader *proctor_stream_reader_new (ReadChannel         *channel,
                                                Actor               *actor,
                                                ProctorChildWatcher *watcher);

/* Before somebody else takes what is held: what proctor_stream_reader_next_line() has lent goes back. */
void proctor_stream_reader_give_back (ProctorStreamReader *self);

G_END_DECLS
