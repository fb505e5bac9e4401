/* SPDX-License-Identifier: LGPL-2.1-or-later */

#pragma once

#include <proctor/proctor.h>

#include "stream/read-channel.h"

G_BEGIN_DECLS

struct _ProctorStreamReader
{
  GInputStream parent_instance;

  /* immutable after construction */
  ReadChannel *channel;         /* owned */
  Actor *actor;                 /* owned: it is posted to by the channel */
  ProctorChildWatcher *watcher; /* owned */
  gsize *lent;                  /* the channel's, see read_channel_get_lent_place() */
  gsize limit;

  /* atomic */
  int long_lines;

  /* reading thread only */
  gsize consumed;
  ByteQueue lines;  /* what the channel has lent to next_line */
  GByteArray *line; /* one that did not lie in one piece */
};

/* The reader's end of a channel. @watcher is what a blocking read on the main thread looks after
 * meanwhile.
 */
ProctorStreamReader *proctor_stream_reader_new (ReadChannel         *channel,
                                                Actor               *actor,
                                                ProctorChildWatcher *watcher);

/* Before somebody else takes what is held: what proctor_stream_reader_next_line() has lent goes
 * back.
 */
void proctor_stream_reader_give_back (ProctorStreamReader *self);

/* ---- for its own files */

ReadRequest proctor_stream_reader_new_request (ProctorStreamReader *self,
                                               ReadKind             kind);

/* The answer, or NULL with an error. Clears @request. */
GBytes *proctor_stream_reader_read_blocking (ProctorStreamReader  *self,
                                             ReadRequest          *request,
                                             GCancellable         *cancellable,
                                             GError              **error);

G_END_DECLS
