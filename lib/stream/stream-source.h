/* The source of a pollable stream: ready as long as its channel is.
 *
 * SPDX-License-Identifier: LGPL-2.1-or-later
 */

#pragma once

#include <gio/gio.h>

G_BEGIN_DECLS

/* A channel, as its sources see it. */
typedef struct
{
  gboolean (* is_ready) (gpointer channel);

  /* The channel keeps a reference to the source until it is removed, and sets its ready time to 0
   * whenever it has become ready since: that wakes the source's context up, which looks itself.
   */
  void (* add) (gpointer channel,
                GSource *source);
  void (* remove) (gpointer channel,
                   GSource *source);
  /* Sets the ready time of one that was added, as the channel would. */
  void (* wake) (gpointer channel,
                 GSource *source);
  void (* unref) (gpointer channel);
} StreamSourceChannel;

/* Takes @channel. For the create_source of GPollableInputStream and GPollableOutputStream. */
GSource *stream_source_new (gpointer                   stream,
                            const StreamSourceChannel *kind,
                            gpointer                   channel,
                            const char                *name,
                            GCancellable              *cancellable);

G_END_DECLS
